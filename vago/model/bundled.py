"""The base model that comes with vago: small and without pickles in assets/base, opened into the stock layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F

from vago import VagoError
from vago.files import sha256_of
from vago.model import xtts

FOLDER = Path(__file__).parents[1] / "assets" / "base"
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"
MARK = ".embedded"  # in an opened folder: which weights lie there
PLAIN = ("config.json", "vocab.json")
DECODER, SPEAKER = "hifigan_decoder.waveform_decoder.", "hifigan_decoder.speaker_encoder."


def open_into(folder: Path, assets: Path = FOLDER) -> Path:
    """Lay the embedded base out in `folder` with the names and shapes of the published XTTS-v2; kept where it is complete.

    The narrow decoder and speaker encoder are widened to stock's sizes without changing what they compute. Built aside and
    renamed, so never half there. Returns `folder`.

    Raises:
        VagoError: the assets are missing or are not what their manifest says.
    """
    folder = Path(folder)
    stamp = check(assets)["files"][WEIGHTS]["sha256"]
    mark = folder / MARK
    if all((folder / name).is_file() for name in xtts.FILES) and (
        not mark.exists() or mark.read_text() == stamp
    ):
        return folder  # without the mark it is somebody's own base
    import torch
    from TTS.tts.models.xtts import Xtts

    xtts.quiet()
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name in PLAIN:
            shutil.copyfile(assets / name, partial / name)
        weights = parts(assets)
        config = xtts.read_config(partial)
        torch.save(part(weights, "dvae."), partial / "dvae.pth")
        torch.save(weights["mel_stats"], partial / "mel_stats.pth")
        torch.save({}, partial / "speakers_xtts.pth")
        torch.save(
            {"model": stock_state(weights, Xtts(config).state_dict())}, partial / "model.pth"
        )
        (partial / MARK).write_text(stamp)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    except OSError as error:
        raise VagoError(
            f"the embedded base cannot be opened into {folder} ({error}): it takes 110 MB there"
        ) from error
    return folder


def parts(assets: Path = FOLDER) -> dict:
    """The weights as `pack` took them, in float32."""
    from safetensors.torch import load_file

    return {
        name: t.float() if t.is_floating_point() else t
        for name, t in load_file(assets / WEIGHTS).items()
    }


def stock_state(weights: Mapping, stock: Mapping) -> dict:
    """The whole model's weights in the names and shapes of `stock` (an `Xtts`'s state dict)."""
    pass
    pass

    state = {f"gpt.{name}": t for name, t in part(weights, "gpt.").items()} | {
        "mel_stats": weights["mel_stats"]
    }
    decoder = stock_shape(part(weights, "decoder."))
    state |= {DECODER + k: v for k, v in widen(decoder, part(stock, DECODER)).items()}
    state |= {
        SPEAKER + k: v for k, v in widen(part(weights, "speaker."), part(stock, SPEAKER)).items()
    }
    missing = sorted(set(stock) - set(state))
    if missing:
        raise VagoError(
            f"the embedded base lacks {len(missing)} tensors, first {missing[0]}: install vago again"
        )
    return {name: state[name] for name in stock}


def pack(
    weights: Mapping, config: str, vocabulary: str, recipe: Mapping, assets: Path = FOLDER
) -> dict:
    """Write the assets: `weights` in fp16 (`gpt.`, `decoder.`, `speaker.`, `dvae.`, `mel_stats`), both texts, and a manifest.

    Args:
        recipe: how the weights came about (steps, losses), kept in the manifest, which is returned.
    """
    from safetensors.torch import save_file

    assets.mkdir(parents=True, exist_ok=True)
    # whole numbers stay what they are; the codebook and the mel statistics decide on codes, so they keep their precision
    exact = ("mel_stats", "dvae.codebook.embed")
    kept = {
        k: (t.half() if t.is_floating_point() and k not in exact else t).contiguous()
        for k, t in weights.items()
    }
    save_file(kept, assets / WEIGHTS)
    (assets / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner can read
    (assets / "config.json").write_text(config, encoding="utf-8")
    (assets / "vocab.json").write_text(vocabulary, encoding="utf-8")
    files = {
        name: {"bytes": (assets / name).stat().st_size, "sha256": sha256_of(assets / name)}
        for name in (*PLAIN, WEIGHTS)
    }
    manifest = {"files": files, "recipe": dict(recipe)}
    (assets / MANIFEST).write_text(
        json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return manifest


def check(assets: Path = FOLDER) -> dict:
    """The manifest. Raises VagoError naming the first file that is not what it says."""
    try:
        manifest = json.loads((assets / MANIFEST).read_text(encoding="utf-8"))
        for name, known in manifest["files"].items():
            if sha256_of(assets / name) != known["sha256"]:
                raise VagoError(
                    f"{assets / name} is not the file of the manifest beside it: install vago again (git checkout)"
                )
    except (OSError, ValueError, KeyError) as error:
        raise VagoError(
            f"the embedded base in {assets} is not complete ({error}): install vago again"
        ) from None
    return manifest


def part(tensors: Mapping, prefix: str) -> dict:
    """Those whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def stock_shape(narrow: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A generator's weights with the three blocks per level that stock has: kernels of 3, 7 and 11 with the same taps."""
    out = {}
    for name, t in narrow.items():
        if not name.startswith("resblocks."):
            out[name] = t
            continue
        _, level, rest = name.split(".", 2)
        for block, kernel in enumerate((3, 7, 11)):
            wider = F.pad(t, ((kernel - 3) // 2,) * 2) if t.ndim == 3 and t.shape[-1] == 3 else t
            out[f"resblocks.{int(level) * 3 + block}.{rest}"] = wider
    return out


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
