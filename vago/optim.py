"""How fast weights move: the learning-rate schedule, and which of them decay."""

from __future__ import annotations

import math

from torch import nn

from vago.params import TrainParams


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
    embeddings = {f"{name}.weight" for name, module in gpt.named_modules() if isinstance(module, nn.Embedding)}
    named = [(name, parameter) for name, parameter in gpt.named_parameters() if parameter.requires_grad]
    decayed = [(n, t) for n, t in named if t.ndim >= 2 and n not in embeddings and not n.endswith("latents")]
    kept = {name for name, _ in decayed}
    plain = [(n, t) for n, t in named if n not in kept]
    groups = [
        {"params": [t for _, t in decayed], "weight_decay": weight_decay},
        {"params": [t for _, t in plain], "weight_decay": 0.0},
    ]
    return groups, [n for n, _ in decayed + plain]
