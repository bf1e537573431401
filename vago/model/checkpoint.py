"""Checkpoints: tensors and JSON in one safetensors file, verified before it takes its name.

A phase folder holds at most two: `best.safetensors` (the GPT's weights) and `last.safetensors`
(weights, optimizer state and position: what a resume needs). The old file of a name stays until the
new one has been read back and its hash agrees. There are no pickles, so opening one runs no code.

The compact form keeps weights in fp16 and Adam's moments in 8 bits with one scale per block (8-bit
optimizers, Dettmers et al. 2022), a third of the size. A resume from it is exact to rounding only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from vago import VagoError
from vago.files import flush, need_room, replacing

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

OPTIMIZER = "optimizer."  # optimizer state is named `optimizer.<parameter>.<slot>`
# slots that bitsandbytes' 8-bit optimizers add: lookup tables, equal for all parameters, not saved
LOOKUP_TABLES = {"qmap1": "dynamic", "qmap2": "udynamic"}

# the compact form
MOMENTS = (".exp_avg", ".exp_avg_sq")
SCALES = tuple(f"{moment}.absmax" for moment in MOMENTS)
BLOCK = 256  # values that share a scale


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], meta: dict[str, Any]) -> str:
    """Write `tensors` and `meta` (anything JSON can hold); returns the tensors' `content_digest`.

    Raises:
        VagoError: the disk has no room, a value is not finite, or what was read back differs from
            what was written. The file that was there before is then unchanged.
    """
    path = Path(path)
    tensors = {name: t.detach().cpu().contiguous() for name, t in sorted(tensors.items())}
    _check_finite(tensors, path)
    size = sum(t.numel() * t.element_size() for t in tensors.values())
    need_room(path.parent, size, f"saving {path.name}")

    digest = content_digest(tensors)
    header = {"vago": json.dumps({**meta, "content_sha256": digest})}
    try:
        with replacing(path) as partial:
            # safetensors makes the file readable by its owner only: keep the folder's default mode
            partial.touch()
            mode = partial.stat().st_mode
            save_file(tensors, partial, metadata=header)
            partial.chmod(mode)
            load_tensors(partial)
        flush(path.parent)
    except (OSError, SafetensorError, VagoError) as error:
        raise VagoError(
            f"{path} could not be written ({error}): free some space or check the disk, "
            "then run again; the previous one is untouched"
        ) from error
    return digest


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """(tensors on the CPU, meta). Raises VagoError when the file is missing, torn or altered."""
    path = Path(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            meta = json.loads((file.metadata() or {}).get("vago", "{}"))
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise VagoError(f"{path} does not exist: run the notebook that writes it first") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise _torn(path, error) from None

    if content_digest(tensors) != meta.get("content_sha256"):
        raise VagoError(
            f"{path} is damaged, its content does not match its own hash: "
            "delete it and run that phase again"
        )
    return tensors, meta


def read_meta(path: Path) -> dict[str, Any]:
    """The JSON beside the tensors, without reading them."""
    try:
        with safe_open(Path(path), framework="pt", device="cpu") as file:
            return json.loads((file.metadata() or {}).get("vago", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise _torn(path, error) from None


def content_digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes in the order of names."""
    whole = hashlib.sha256()
    for name in sorted(tensors):
        t = tensors[name].detach().cpu().contiguous()
        whole.update(f"{name} {t.dtype} {tuple(t.shape)}\n".encode())
        whole.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()


def save_training(
    path: Path,
    weights: Mapping[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    names: list[str],
    meta: dict[str, Any],
    compact: bool = False,
) -> str:
    """`save_tensors` with the optimizer's state; `names` are the names of its parameters."""
    tensors = {**weights, **_optimizer_tensors(optimizer, names)}
    if compact:
        tensors = to_compact(tensors)
    return save_tensors(path, tensors, meta)


def restore_training(
    path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, names: list[str]
) -> dict[str, Any]:
    """Load what `save_training` wrote into `module` and `optimizer`, in place; returns the meta.

    Weights that are not in the file and not trained (the base's under LoRA) keep their values.

    Raises:
        VagoError: the file is missing, torn or altered, or a trained weight is not in it.
    """
    tensors, meta = load_tensors(path)
    tensors = from_compact(tensors)
    weights = {name: t for name, t in tensors.items() if not name.startswith(OPTIMIZER)}
    if lacking := [name for name in names if name not in weights]:
        raise VagoError(
            f"{path} lacks {len(lacking)} trained weights, first {lacking[0]}: "
            "delete it and run that phase again"
        )

    module.load_state_dict({**module.state_dict(), **weights})
    _restore_optimizer(optimizer, names, tensors)
    return meta


def cast_weights(tensors: Mapping[str, torch.Tensor], precision: str) -> dict[str, torch.Tensor]:
    """Float32 tensors in `precision` ("fp32", "fp16", "bf16"), except those that would overflow."""
    dtype = DTYPES[precision]
    cast = dict(tensors)
    for name, t in tensors.items():
        if t.dtype != torch.float32:
            continue

        narrow = t.to(dtype)
        # a tensor with NaN or inf is cast as it is: `save_tensors` refuses it
        overflows = torch.isfinite(t).all() and not torch.isfinite(narrow).all()
        if not overflows:
            cast[name] = narrow
    return cast


def to_compact(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights in fp16, Adam's moments in 8 bits with their scales in `<name>.absmax`."""
    compact = {}
    for name, t in tensors.items():
        if name.endswith(MOMENTS) and t.numel() >= BLOCK:
            codes, scales = _quantize(t, signed=name.endswith(MOMENTS[0]))
            compact |= {name: codes, f"{name}.absmax": scales}
        elif name.startswith(OPTIMIZER):
            compact[name] = t
        else:
            compact |= cast_weights({name: t}, "fp16")
    return compact


def from_compact(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inverse of `to_compact`, to rounding; float32 tensors come back as they are."""
    full = {}
    for name, t in tensors.items():
        if name.endswith(SCALES):
            continue

        scales = tensors.get(f"{name}.absmax")
        if name.endswith(MOMENTS) and scales is not None:
            full[name] = _dequantize(t, scales, signed=name.endswith(MOMENTS[0]))
        elif t.is_floating_point() and not name.startswith(OPTIMIZER):
            full[name] = t.float()
        else:
            full[name] = t
    return full


def _check_finite(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    broken = [
        name for name, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()
    ]
    if broken:
        raise VagoError(
            f"{path.name} was not saved, {len(broken)} tensors are not finite "
            f"(first: {broken[0]}): lower learning_rate"
        )


def _torn(path: Path, error: Exception) -> VagoError:
    return VagoError(
        f"{path} is torn or not a safetensors file ({error}): delete it and run that phase again"
    )


def _optimizer_tensors(
    optimizer: torch.optim.Optimizer, names: list[str]
) -> dict[str, torch.Tensor]:
    """The optimizer's state as flat tensors `optimizer.<parameter>.<slot>`."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    tensors = {}
    for name, parameter in zip(names, parameters, strict=True):
        for slot, value in optimizer.state[parameter].items():
            if slot not in LOOKUP_TABLES:
                # bitsandbytes counts its steps in an int
                tensors[f"{OPTIMIZER}{name}.{slot}"] = torch.as_tensor(value)
    return tensors


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, names: list[str], tensors: Mapping[str, torch.Tensor]
) -> None:
    """The inverse of `_optimizer_tensors`.

    Slots keep their dtype and device: AdamW's step counter stays on the CPU unless it is fused.
    """
    order = {name: index for index, name in enumerate(names)}
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith(OPTIMIZER):
            name, slot = key.removeprefix(OPTIMIZER).rsplit(".", 1)
            is_int = value.dtype == torch.int64 and not value.ndim
            state.setdefault(order[name], {})[slot] = value.item() if is_int else value

    for slots in state.values():
        if "absmax1" in slots:
            eight_bit = getattr(optimizer, "optimizer", optimizer)  # without accelerate's wrapper
            slots |= {slot: eight_bit.name2qmap[name] for slot, name in LOOKUP_TABLES.items()}

    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _quantize(t: torch.Tensor, signed: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """(uint8 of the same shape, one float32 scale per block)."""
    codes, state = _bitsandbytes().functional.quantize_blockwise(
        t.float().contiguous(), code=_code_values(signed).to(t.device), blocksize=BLOCK
    )
    return codes, state.absmax


def _dequantize(codes: torch.Tensor, scales: torch.Tensor, signed: bool) -> torch.Tensor:
    values = _code_values(signed)[codes.long()].flatten()
    return (values * scales.repeat_interleave(BLOCK)[: codes.numel()]).view(codes.shape)


def _code_values(signed: bool) -> torch.Tensor:
    """(256,) float32: the value of each 8-bit code, as a share of its block's scale."""
    return _bitsandbytes().functional.create_dynamic_map(signed=signed)


def _bitsandbytes():
    try:
        import bitsandbytes
    except ImportError:
        raise VagoError(
            "8-bit optimizer state needs the package bitsandbytes: pip install 'vago[memory]', "
            "or choose optimizer: adamw and last_precision: full"
        ) from None
    return bitsandbytes
