"""Files that are whole or not there: weights as safetensors, written aside, flushed, read back, then renamed.

A phase folder holds at most two: `best.safetensors` (the GPT's weights) and `last.safetensors` (weights, optimizer
state and position: everything for a resume). The older one of a name gives way only to a verified newer one.
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

from vago import VagoError
from vago.files import flush, need_room, replacing

# what bitsandbytes' eight-bit numbers stand for: the same two tables for all parameters, so they are not kept
EIGHT_BIT_CODES = {"qmap1": "dynamic", "qmap2": "udynamic"}


def save(path: Path, tensors: Mapping[str, torch.Tensor], meta: dict[str, Any]) -> str:
    """Write `tensors` and `meta` (anything JSON can hold) to `path`; returns the SHA-256 of the tensors' content.

    Raises VagoError when the disk has no room, when a weight is not finite, or when what reads back is not what was
    written; the file that was there before is then still there.
    """
    path = Path(path)
    tensors = {name: t.detach().cpu().contiguous() for name, t in sorted(tensors.items())}
    broken = [
        name for name, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()
    ]
    if broken:
        raise VagoError(
            f"{path.name} was not saved, {len(broken)} tensors are not finite (first: {broken[0]}): lower learning_rate"
        )
    need_room(
        path.parent,
        sum(t.numel() * t.element_size() for t in tensors.values()),
        f"saving {path.name}",
    )

    digest = content_digest(tensors)
    try:
        with replacing(path) as partial:
            # safetensors makes files that only their owner can read; the folder's own rule should hold
            partial.touch()
            mode = partial.stat().st_mode
            save_file(
                tensors, partial, metadata={"vago": json.dumps({**meta, "content_sha256": digest})}
            )
            partial.chmod(mode)
            load(partial)
        flush(path.parent)
    except (OSError, SafetensorError, VagoError) as error:
        raise VagoError(
            f"{path} could not be written ({error}): free some space or check the disk, "
            "then run again; the previous one is untouched"
        ) from error
    return digest


def load(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """(tensors on the CPU, meta). Raises VagoError when the file is missing, torn or altered."""
    path = Path(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            meta = json.loads((file.metadata() or {}).get("vago", "{}"))
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise VagoError(f"{path} does not exist: run the notebook that writes it first") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise VagoError(
            f"{path} is torn or not a safetensors file ({error}): delete it and run that phase again"
        ) from None
    if content_digest(tensors) != meta.get("content_sha256"):
        raise VagoError(
            f"{path} is damaged, its content does not match its own hash: delete it and run that phase again"
        )
    return tensors, meta


def read_meta(path: Path) -> dict[str, Any]:
    """The JSON beside the tensors, without reading them."""
    try:
        with safe_open(Path(path), framework="pt", device="cpu") as file:
            return json.loads((file.metadata() or {}).get("vago", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise VagoError(
            f"{path} is torn or not a safetensors file ({error}): delete it and run that phase again"
        ) from None


def content_digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes in the order of names."""
    whole = hashlib.sha256()
    for name in sorted(tensors):
        t = tensors[name].detach().cpu().contiguous()
        whole.update(f"{name} {t.dtype} {tuple(t.shape)}\n".encode())
        whole.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, names: list[str]
) -> dict[str, torch.Tensor]:
    """Optimizer state as flat tensors `optimizer.<parameter>.<slot>`: no pickles, so a file can be opened safely."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    return {
        f"optimizer.{name}.{slot}": torch.as_tensor(
            value
        )  # bitsandbytes counts its steps in an int
        for name, parameter in zip(names, parameters, strict=True)
        for slot, value in optimizer.state[parameter].items()
        if slot not in EIGHT_BIT_CODES
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, names: list[str], tensors: Mapping[str, torch.Tensor]
) -> None:
    """The inverse of `optimizer_tensors`; slots keep their dtype (AdamW's step counter stays on the CPU unless fused)."""
    order = {name: index for index, name in enumerate(names)}
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            name, slot = key.removeprefix("optimizer.").rsplit(".", 1)
            state.setdefault(order[name], {})[slot] = (
                value.item() if value.dtype == torch.int64 and not value.ndim else value
            )
    for slots in state.values():
        if "absmax1" in slots:
            inner = getattr(optimizer, "optimizer", optimizer)
            slots |= {slot: inner.name2qmap[name] for slot, name in EIGHT_BIT_CODES.items()}
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )


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
