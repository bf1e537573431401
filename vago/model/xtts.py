"""The base model: its files, their fingerprint, and opening them with coqui-tts's own classes.

Importing this module is cheap; torch and TTS are imported where a model is opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vago import VagoError, first_line
from vago.files import sha256_of, sha256_of_text
from vago.model import pickles

if TYPE_CHECKING:
    import torch
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.layers.xtts.dvae import DiscreteVAE
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

FILES = ("config.json", "vocab.json", "model.pth", "dvae.pth", "mel_stats.pth", "speakers_xtts.pth")
LANGUAGE = "hu"
CODE_SAMPLES = 1024  # samples at 22,050 Hz that one audio code stands for
MEL_HOP = 256  # samples per frame of both mels, so 4 frames per code


def check_files(folder: Path) -> None:
    """Raise VagoError naming the files that `folder` lacks."""
    missing = [name for name in FILES if not (Path(folder) / name).is_file()]
    if missing:
        raise VagoError(
            f"the base model in {folder} is incomplete, {', '.join(missing)} not found: "
            "run `vago fetch-base`, or set base_dir to a folder that has the files of the "
            f"published XTTS-v2 ({', '.join(FILES)})"
        )


def fingerprint(folder: Path, names: tuple[str, ...] = FILES) -> str:
    """SHA-256 over the names and contents of the base's files, which checkpoints record."""
    check_files(folder)
    folder = Path(folder)
    return _fingerprint(folder, tuple((name, (folder / name).stat().st_mtime_ns) for name in names))


@cache
def _fingerprint(folder: Path, names_and_times: tuple[tuple[str, int], ...]) -> str:
    # the times are only part of the cache key: 2 GB are read once per process unless a file changes
    lines = [f"{name} {sha256_of(folder / name)}\n" for name, _ in names_and_times]
    return sha256_of_text("".join(lines))


def quiet() -> None:
    """Silence transformers' warnings about bos/eos ids, which coqui-tts's GPT never uses."""
    from transformers.utils import logging

    logging.set_verbosity_error()


def device() -> str:
    """Where models run: "cuda" where there is a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def is_bf16(precision: str, device: str) -> bool:
    """Whether `precision` means bfloat16 on `device` ("cpu", "cuda").

    "auto" does on a GPU that has bfloat16 arithmetic.
    """
    import torch

    capable = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bf16" or (precision == "auto" and capable)


def load_tokenizer(folder: Path) -> VoiceBpeTokenizer:
    """coqui's tokenizer over the base's vocab.json; `.encode(text, "hu") -> list[int]`."""
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    path = Path(folder) / "vocab.json"
    if not path.is_file():
        check_files(folder)
    try:
        tokenizer = VoiceBpeTokenizer(str(path))
    except Exception as error:  # the Rust tokenizer raises bare Exception
        raise VagoError(
            f"{path} is not a tokenizer file: {error}; fetch the base model again"
        ) from None

    if tokenizer.tokenizer.token_to_id(f"[{LANGUAGE}]") is None:
        raise VagoError(
            f"the vocabulary {path} has no [{LANGUAGE}] token, so this base cannot read "
            "Hungarian; use XTTS-v2"
        )
    return tokenizer


def text_encoder(folder: Path) -> Callable[[str], list[int]]:
    """`encode(text)`: Hungarian text to token ids, the same for training and synthesis."""
    tokenizer = load_tokenizer(folder)
    # stock warns by the number of characters; vago counts tokens and splits lines itself
    tokenizer.check_input_length = lambda text, language: None
    return lambda text: tokenizer.encode(text.strip().lower(), LANGUAGE)


def read_config(folder: Path) -> XttsConfig:
    """config.json as stock's XttsConfig."""
    from TTS.tts.configs.xtts_config import XttsConfig

    config = XttsConfig()
    config.load_json(str(Path(folder) / "config.json"))
    return config


def open_base(folder: Path, device: str = "cpu") -> Xtts:
    """The whole model of a base, in eval mode.

    model.pth may be the published one or a stock trainer's checkpoint under that name. Raises
    VagoError when a file is missing or torn.
    """
    check_files(folder)
    return open_model(folder, device)


def open_model(folder: Path, device: str = "cpu") -> Xtts:
    """The model of a folder that has what synthesis needs, through stock `load_checkpoint`.

    These are config.json, vocab.json and model.pth. Raises VagoError when one is missing or torn.
    """
    from TTS.tts.models.xtts import Xtts

    quiet()
    load_tokenizer(folder)  # VagoError for a torn vocabulary, where stock raises a bare Exception
    try:
        config = read_config(folder)
        model = Xtts(config)
        # stock's own reader would rewrite a published model.pth in place
        model.get_compatible_checkpoint_state_dict = pickles.load_weights
        model.load_checkpoint(config, checkpoint_dir=str(folder), eval=False, strict=True)
    except (RuntimeError, OSError, KeyError, ValueError, EOFError, json.JSONDecodeError) as error:
        raise VagoError(
            f"the base model in {folder} cannot be opened ({first_line(error)}); "
            "fetch or build it again"
        ) from error

    model.hifigan_decoder.eval()
    model.gpt.eval()
    return model.to(device)


def open_dvae(folder: Path, device: str = "cpu") -> DiscreteVAE:
    """The DVAE that turns mels into codes, its sizes read from its weights.

    Stock hard-codes XTTS-v2's sizes (512 wide) in `GPTTrainer`; the bundled base's is narrower.
    """
    from TTS.tts.layers.xtts.dvae import DiscreteVAE

    state = _load(Path(folder) / "dvae.pth")
    codebook_dim, num_tokens = state["codebook.embed"].shape
    hidden_dim, channels, kernel_size = state["encoder.0.0.weight"].shape

    encoder = [name for name in state if name.startswith("encoder.")]
    layers = [name for name in encoder if name.endswith(".0.weight") and name.count(".") == 3]
    resblocks = {name.split(".")[1] for name in encoder if ".net.0." in name}

    dvae = DiscreteVAE(
        channels=channels,
        hidden_dim=hidden_dim,
        kernel_size=kernel_size,
        num_tokens=num_tokens,
        codebook_dim=codebook_dim,
        num_resnet_blocks=len(resblocks),
        num_layers=len(layers),
        positional_dims=1,
        normalization=None,
        use_transposed_convs=False,
    )
    dvae.load_state_dict(state, strict=False)
    return dvae.eval().to(device)


def load_mel_stats(folder: Path) -> torch.Tensor:
    """(80,) float32: what each log-mel channel is divided by."""
    return _load(Path(folder) / "mel_stats.pth")


def _load(path: Path) -> Any:
    if not path.is_file():
        check_files(path.parent)
    return pickles.open_pickle(path)
