"""A narrow network inside a wide one: weights padded so that the wide network computes exactly what the narrow one does.

Stock `Xtts` builds its HiFi-GAN decoder and its speaker encoder at one width and cannot be told another. A narrow one that was
trained here fits in all the same: its channels come first, the others get weights of zero, so they stay silent.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from vago import VagoError


def widen(
    narrow: Mapping[str, torch.Tensor], wide: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The weights of `narrow` in the names and shapes of `wide` (a state dict whose values are not used).

    A block that only `wide` has adds nothing (its weights are zero), so it must stand in a residual branch. `wide` is asked for
    its shapes alone, so it may lie on PyTorch's meta device.

    Raises:
        VagoError: a tensor of `narrow` has no place in `wide`.
    """
    lost = [
        name
        for name, t in narrow.items()
        if name not in wide or any(n > w for n, w in zip(t.shape, wide[name].shape))
    ]
    if lost:
        raise VagoError(
            f"{len(lost)} tensors do not fit the wider network, first {lost[0]}: build both from the same classes"
        )
    return {name: _place(name, narrow.get(name), like) for name, like in wide.items()}


def _place(name: str, t: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    if t is not None and t.shape == like.shape:
        return t.clone()
    # a variance or a weight-norm direction of zero would be divided by
    divides = name.endswith(("running_var", "parametrizations.weight.original1"))
    out = torch.full(like.shape, 1.0 if divides else 0.0).to(like.dtype)
    if t is None:
        return out
    if name == "fc.weight":
        # the input is every channel's mean, then every channel's deviation: each half starts anew
        for half, part in enumerate(t.chunk(2, dim=1)):
            start = half * like.shape[1] // 2
            out[:, start : start + part.shape[1]] = part
        return out
    if name.endswith("original1"):
        # within a narrow channel the wide ones must not count towards the norm
        out[tuple(slice(n) for n in t.shape[:1])] = 0.0
    out[tuple(slice(n) for n in t.shape)] = t
    return out
