"""The optimizer: which weights decay, the learning-rate schedule, and a step that skips NaN."""

from __future__ import annotations

import math

import torch
from torch import nn

from vago import VagoError
from vago.training.params import TrainParams

BETAS = (0.9, 0.96)  # XTTS's recipe
BITSANDBYTES = {"adamw_8bit": "AdamW8bit", "adamw_8bit_paged": "PagedAdamW8bit"}


def build(gpt: nn.Module, p: TrainParams) -> tuple[torch.optim.Optimizer, list[str]]:
    """(optimizer over the trainable weights of `gpt`, their names in the optimizer's order).

    Raises:
        VagoError: `p.optimizer` needs bitsandbytes, which is not installed.
    """
    groups, names = parameter_groups(gpt, p.weight_decay)
    if p.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=p.learning_rate, betas=BETAS, fused=True), names

    try:
        from bitsandbytes import optim
    except ImportError:
        raise VagoError(
            f"optimizer {p.optimizer} needs the package bitsandbytes: "
            "pip install 'vago[memory]', or set optimizer to adamw"
        ) from None

    optimizer_class = getattr(optim, BITSANDBYTES[p.optimizer])
    return optimizer_class(groups, lr=p.learning_rate, betas=BETAS), names


def step(optimizer: torch.optim.Optimizer, numbers: torch.Tensor) -> None:
    """One step, unless one of `numbers` (loss, gradient norm) is not finite: then nothing changes.

    The fused AdamW tests this on the device, so the host does not wait; with other optimizers it
    does.
    """
    # accelerate's wrapper passes attributes on in one direction only
    inner = getattr(optimizer, "optimizer", optimizer)
    finite = torch.isfinite(numbers).all()

    if any(group.get("fused") for group in inner.param_groups):
        inner.found_inf = (~finite).float()
        optimizer.step()
    elif finite.item():
        optimizer.step()


def learning_rate(p: TrainParams, step: int, steps: int) -> float:
    """Linear warm-up, then constant or a cosine down to a tenth of `p.learning_rate`.

    The warm-up takes `warmup_steps`, at most a tenth of the run's `steps`.
    """
    warmup = min(p.warmup_steps, steps // 10)
    if step < warmup:
        return p.learning_rate * (step + 1) / (warmup + 1)
    if p.schedule == "constant":
        return p.learning_rate

    done = (step - warmup) / max(steps - warmup, 1)
    return p.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))


def parameter_groups(gpt: nn.Module, weight_decay: float) -> tuple[list[dict], list[str]]:
    """(AdamW's parameter groups, the parameters' names in the groups' order).

    Matrices and convolutions decay. Norms, biases, embeddings and the perceiver's latents do not:
    a zero has no meaning for them.
    """
    modules = gpt.named_modules()
    embeddings = {f"{name}.weight" for name, module in modules if isinstance(module, nn.Embedding)}

    decayed, plain = {}, {}
    for name, parameter in gpt.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.ndim >= 2 and name not in embeddings and not name.endswith("latents"):
            decayed[name] = parameter
        else:
            plain[name] = parameter

    groups = [
        {"params": list(decayed.values()), "weight_decay": weight_decay},
        {"params": list(plain.values()), "weight_decay": 0.0},
    ]
    return groups, [*decayed, *plain]
