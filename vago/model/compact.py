"""Weights and optimizer state in fewer bytes: half precision, and eight bits per number for Adam's moments.

441 million parameters with their two moments are 5.3 GB in float32; the moments in blocks of 256 with one scale each
(Dettmers et al. 2022, dynamic quantisation as in bitsandbytes) and the weights in fp16 are 1.8 GB.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from vago import VagoError

BLOCK = 256  # numbers that share a scale
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
MOMENTS = (".exp_avg", ".exp_avg_sq")


def rounded(tensors: Mapping[str, torch.Tensor], precision: str) -> dict[str, torch.Tensor]:
    """Floating-point weights in `precision`; a tensor that would overflow there stays as it is."""
    dtype, found = DTYPES[precision], {}
    for name, t in tensors.items():
        narrow = t.to(dtype) if t.dtype == torch.float32 else t
        # what is not finite before is for the checkpoint to refuse, not to be hidden here
        found[name] = t if torch.isfinite(t).all() and not torch.isfinite(narrow).all() else narrow
    return found


def pack(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights to fp16, Adam's moments to eight bits with `<name>.absmax` beside them; the rest as it is."""
    found = {}
    for name, t in tensors.items():
        if name.endswith(MOMENTS) and t.numel() >= BLOCK:
            found[name], found[f"{name}.absmax"] = _quantized(t, signed=name.endswith(MOMENTS[0]))
        elif name.startswith("optimizer."):
            found[name] = t
        else:
            found |= rounded({name: t}, "fp16")
    return found


def unpack(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inverse of `pack`, to rounding; what was not packed comes back as it is."""
    found = {}
    for name, t in tensors.items():
        if name.endswith(".absmax") and name.removesuffix(".absmax").endswith(MOMENTS):
            continue
        scale = tensors.get(f"{name}.absmax")
        if scale is not None and name.endswith(MOMENTS):
            found[name] = _code(name.endswith(MOMENTS[0]))[t.long()].flatten()
            found[name] = (found[name] * scale.repeat_interleave(BLOCK)[: t.numel()]).view(t.shape)
        else:
            found[name] = (
                t.float() if t.is_floating_point() and not name.startswith("optimizer.") else t
            )
    return found


def _quantized(t: torch.Tensor, signed: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """(uint8 of the same shape, one float32 scale per block)."""
    functional = _bitsandbytes().functional
    codes, state = functional.quantize_blockwise(
        t.float().contiguous(), code=_code(signed).to(t.device), blocksize=BLOCK
    )
    return codes, state.absmax


def _code(signed: bool) -> torch.Tensor:
    """(256,) float32: what each of the eight-bit numbers stands for, in units of its block's largest."""
    return _bitsandbytes().functional.create_dynamic_map(signed=signed)


def _bitsandbytes():
    try:
        import bitsandbytes
    except ImportError:
        raise VagoError(
            "eight-bit optimizer state needs the package bitsandbytes: pip install 'vago[memory]', or choose "
            "optimizer: adamw and last_precision: full"
        ) from None
    return bitsandbytes
