"""The base model that comes with vago: small, in safetensors, written out in the stock layout.

Its decoder and speaker encoder were trained narrower than stock's. They are widened here to stock's
sizes: what is added has zero weights, so the networks compute the same.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vago import VagoError
from vago.files import replacing_folder, sha256_of, write_json
from vago.model import xtts

if TYPE_CHECKING:
    import torch  # takes a second, and a base that is opened already needs none of it

FOLDER = Path(__file__).parents[1] / "assets" / "base"
WEIGHTS, MANIFEST = "weights.safetensors", "manifest.json"
TEXTS = ("config.json", "vocab.json")
MARK = ".embedded"  # in an opened folder: SHA-256 of the weights it was opened from

DECODER, SPEAKER_ENCODER = "hifigan_decoder.waveform_decoder.", "hifigan_decoder.speaker_encoder."
# the codebook and the mel statistics decide on the audio codes, so they keep full precision
FULL_PRECISION = ("mel_stats", "dvae.codebook.embed")
KERNELS = (3, 7, 11)  # of stock's three residual blocks per level of the HiFi-GAN


def open_into(folder: Path, assets: Path = FOLDER) -> Path:
    """Write the bundled base into `folder` in the published XTTS-v2's layout; returns `folder`.

    It takes 110 MB. A folder that is complete already is kept: one opened from the same weights, or
    one without the mark, which is a base of the user's own.

    Raises:
        VagoError: the assets are missing or altered, or the folder cannot be written.
    """
    folder = Path(folder)
    sha256 = check_assets(assets)["files"][WEIGHTS]["sha256"]
    mark = folder / MARK
    complete = all((folder / name).is_file() for name in xtts.FILES)
    if complete and (not mark.exists() or mark.read_text() == sha256):
        return folder

    import torch
    from TTS.tts.models.xtts import Xtts

    xtts.quiet()
    weights = read_weights(assets)
    with replacing_folder(folder) as partial:
        for name in TEXTS:
            shutil.copyfile(assets / name, partial / name)
        stock = Xtts(xtts.read_config(partial)).state_dict()
        torch.save({"model": stock_state(weights, stock)}, partial / "model.pth")
        torch.save(without_prefix(weights, "dvae."), partial / "dvae.pth")
        torch.save(weights["mel_stats"], partial / "mel_stats.pth")
        torch.save({}, partial / "speakers_xtts.pth")
        (partial / MARK).write_text(sha256)
    return folder


def check_assets(assets: Path = FOLDER) -> dict:
    """The manifest, after checking the files' hashes. Raises VagoError naming an altered file."""
    try:
        manifest = json.loads((assets / MANIFEST).read_text(encoding="utf-8"))
        for name, known in manifest["files"].items():
            if sha256_of(assets / name) != known["sha256"]:
                raise VagoError(
                    f"{assets / name} is not the file that the manifest beside it lists: "
                    "install vago again (git checkout)"
                )
    except (OSError, ValueError, KeyError) as error:
        raise VagoError(
            f"the bundled base in {assets} is not complete ({error}): install vago again"
        ) from None
    return manifest


def read_weights(assets: Path = FOLDER) -> dict[str, torch.Tensor]:
    """The weights under the names that `write_assets` was given, in float32."""
    from safetensors.torch import load_file

    weights = load_file(assets / WEIGHTS)
    return {name: t.float() if t.is_floating_point() else t for name, t in weights.items()}


def write_assets(
    weights: Mapping[str, torch.Tensor],
    config: str,
    vocabulary: str,
    recipe: Mapping,
    assets: Path = FOLDER,
) -> dict:
    """Write a newly trained base into the package; returns the manifest.

    Args:
        weights: named `gpt.*`, `decoder.*`, `speaker.*`, `dvae.*` and `mel_stats`; saved in fp16
            but for `FULL_PRECISION` and integers.
        config, vocabulary: the content of config.json and vocab.json.
        recipe: how the weights were trained (steps, losses), kept in the manifest.
    """
    from safetensors.torch import save_file

    assets.mkdir(parents=True, exist_ok=True)
    saved = {}
    for name, t in weights.items():
        to_half = t.is_floating_point() and name not in FULL_PRECISION
        saved[name] = (t.half() if to_half else t).contiguous()
    save_file(saved, assets / WEIGHTS)
    (assets / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner can read
    (assets / "config.json").write_text(config, encoding="utf-8")
    (assets / "vocab.json").write_text(vocabulary, encoding="utf-8")

    files = {
        name: {"bytes": (assets / name).stat().st_size, "sha256": sha256_of(assets / name)}
        for name in (*TEXTS, WEIGHTS)
    }
    manifest = {"files": files, "recipe": dict(recipe)}
    write_json(assets / MANIFEST, manifest)
    return manifest


def stock_state(
    weights: Mapping[str, torch.Tensor], stock: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The whole model's weights in the names and shapes of `stock`, an `Xtts`'s state dict."""
    decoder = stock_blocks(without_prefix(weights, "decoder."))
    decoder = widen(decoder, without_prefix(stock, DECODER))
    speaker = widen(without_prefix(weights, "speaker."), without_prefix(stock, SPEAKER_ENCODER))

    state = {f"gpt.{name}": t for name, t in without_prefix(weights, "gpt.").items()}
    state["mel_stats"] = weights["mel_stats"]
    state |= {DECODER + name: t for name, t in decoder.items()}
    state |= {SPEAKER_ENCODER + name: t for name, t in speaker.items()}
    if missing := sorted(set(stock) - set(state)):
        raise VagoError(
            f"the bundled base lacks {len(missing)} tensors, first {missing[0]}: install vago again"
        )
    return {name: state[name] for name in stock}


def without_prefix(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `prefix`, under the rest of their names."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def stock_blocks(narrow: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A HiFi-GAN's weights with stock's three residual blocks per level instead of one.

    All three hold the taps of the one block, zero-padded to kernels of 3, 7 and 11. Stock averages
    over them, which gives the one block's output.
    """
    from torch.nn.functional import pad

    blocks = {}
    for name, t in narrow.items():
        if not name.startswith("resblocks."):
            blocks[name] = t
            continue

        _, level, rest = name.split(".", 2)
        is_kernel = t.ndim == 3 and t.shape[-1] == 3
        for number, kernel in enumerate(KERNELS):
            padded = pad(t, ((kernel - 3) // 2,) * 2) if is_kernel else t
            blocks[f"resblocks.{int(level) * 3 + number}.{rest}"] = padded
    return blocks


def widen(
    narrow: Mapping[str, torch.Tensor], wide: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The weights of `narrow` in the names and shapes of the state dict `wide`, zeros around them.

    Only the shapes of `wide` are used, so it may be on PyTorch's meta device. A block that only
    `wide` has outputs zero, so it must stand in a residual branch.

    Raises:
        VagoError: a tensor of `narrow` does not fit into `wide`.
    """
    unfitting = [name for name, t in narrow.items() if not _fits(t, wide.get(name))]
    if unfitting:
        raise VagoError(
            f"{len(unfitting)} tensors do not fit the wider network, first {unfitting[0]}: "
            "build both from the same classes"
        )
    return {name: _widen_tensor(name, narrow.get(name), like) for name, like in wide.items()}


def _fits(t: torch.Tensor, like: torch.Tensor | None) -> bool:
    return like is not None and all(n <= w for n, w in zip(t.shape, like.shape))


def _widen_tensor(name: str, t: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    """`t` in the leading corner of a tensor shaped like `like`."""
    import torch

    if t is not None and t.shape == like.shape:
        return t.clone()

    # a variance or a weight-norm direction is divided by, so it must not be zero
    is_divisor = name.endswith(("running_var", "parametrizations.weight.original1"))
    wide = torch.full(like.shape, float(is_divisor)).to(like.dtype)
    if t is None:
        return wide

    if name == "fc.weight":
        # its input is the mean of every channel, then the deviation of every channel
        for half, columns in enumerate(t.chunk(2, dim=1)):
            start = half * like.shape[1] // 2
            wide[:, start : start + columns.shape[1]] = columns
        return wide

    if name.endswith("original1"):
        # the added inputs of a narrow channel must not count towards its norm
        wide[: t.shape[0]] = 0.0
    wide[tuple(slice(n) for n in t.shape)] = t
    return wide
