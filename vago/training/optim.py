"""How weights move: the optimizer, the learning-rate schedule, and which weights decay."""

from __future__ import annotations

import math

import torch
from torch import nn

from vago import VagoError
from vago.training.params import TrainParams

BETAS = (0.9, 0.96)  # XTTS's recipe


def build(gpt: nn.Module, p: TrainParams) -> tuple[torch.optim.Optimizer, list[str]]:
    """(optimizer over what learns in `gpt`, names of its parameters in its order).

    Raises VagoError where `p.optimizer` needs bitsandbytes and it is not installed.
    """
    groups, names = parameter_groups(gpt, p.weight_decay)
    if p.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=p.learning_rate, betas=BETAS, fused=True), names
    try:
        from bitsandbytes import optim
    except ImportError:
        raise VagoError(
            f"optimizer {p.optimizer} needs the package bitsandbytes: pip install 'vago[memory]', or set optimizer to adamw"
        ) from None
    kind = optim.PagedAdamW8bit if p.optimizer == "adamw_8bit_paged" else optim.AdamW8bit
    return kind(groups, lr=p.learning_rate, betas=BETAS), names


def step(optimizer: torch.optim.Optimizer, numbers: torch.Tensor) -> None:
    """A step, unless one of `numbers` (loss, gradient norm) is not finite: then weights and state stay as they are.

    The fused AdamW asks the device itself, so the host does not wait for it; others have to be asked.
    """
    inner = getattr(
        optimizer, "optimizer", optimizer
    )  # accelerate's wrapper passes attributes on in one direction only
    finite = torch.isfinite(numbers).all()
    if any(group.get("fused") for group in inner.param_groups):
        inner.found_inf = (~finite).float()
        optimizer.step()
    elif finite.item():
        optimizer.step()


def learning_rate(p: TrainParams, step: int, steps: int) -> float:
    """Linear warm-up over `warmup_steps` (at most a tenth of the run), then constant or a cosine down to a tenth."""
    warmup = min(p.warmup_steps, steps // 10)
    if step < warmup:
        return p.learning_rate * (step + 1) / (warmup + 1)
    if p.schedule == "constant":
        return p.learning_rate
    done = (step - warmup) / max(steps - warmup, 1)
    return p.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))


def parameter_groups(gpt: nn.Module, weight_decay: float) -> tuple[list[dict], list[str]]:
    """(AdamW groups, names in the groups' order): decay on matrices and convolutions only, none on norms, biases,
    embeddings and the perceiver's latents, which it would pull towards a meaning they do not have."""
    embeddings = {
        f"{name}.weight" for name, module in gpt.named_modules() if isinstance(module, nn.Embedding)
    }
    named = [
        (name, parameter) for name, parameter in gpt.named_parameters() if parameter.requires_grad
    ]
    decayed = [
        (n, t)
        for n, t in named
        if t.ndim >= 2 and n not in embeddings and not n.endswith("latents")
    ]
    kept = {name for name, _ in decayed}
    plain = [(n, t) for n, t in named if n not in kept]
    groups = [
        {"params": [t for _, t in decayed], "weight_decay": weight_decay},
        {"params": [t for _, t in plain], "weight_decay": 0.0},
    ]
    return groups, [n for n, _ in decayed + plain]
