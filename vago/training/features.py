"""What the GPT is trained on, per clip: text tokens, audio codes and the mel for prompts.

Computed once and cached on disk under the hash of the clip's audio and text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vago.audio.io import SAMPLE_RATE
from vago.corpus.corpus import Corpus
from vago.files import replacing, sha256_of_text
from vago.model import xtts


@dataclass(frozen=True)
class Features:
    """One clip.

    Attributes:
        tokens: (N,) int64 text tokens, `[hu]` first, without start and stop.
        codes: (T,) int64 audio codes at 21.5 Hz, T = ceil(samples / 1024).
        mel: (80, F) float32 conditioning mel, hop 256 at 22,050 Hz: about 4 frames per code.
    """

    clip_id: str
    source: str
    speaker: str
    tokens: torch.Tensor
    codes: torch.Tensor
    mel: torch.Tensor


def conditioning_mel(wav: torch.Tensor, mel_stats: torch.Tensor) -> torch.Tensor:
    """(1, samples) at 22,050 Hz -> (80, F), the prompt mel of stock's `get_gpt_cond_latents`."""
    from TTS.tts.models.xtts import wav_to_mel_cloning

    return wav_to_mel_cloning(
        wav,
        mel_norms=mel_stats,
        n_fft=2048,
        hop_length=xtts.MEL_HOP,
        win_length=1024,
        sample_rate=SAMPLE_RATE,
        f_max=8000,
    )[0]


def audio_codes(wav: torch.Tensor, dvae, mel_stats: torch.Tensor) -> torch.Tensor:
    """(1, samples) at 22,050 Hz -> (T,) codes, T = ceil(samples / 1024) as in `GPT.forward`.

    The DVAE gives one code more when the length is a multiple of 1024, because its mel frames are
    centred. Stock overwrites that code with the stop token; here it is cut off.
    """
    from TTS.tts.layers.xtts.dvae import dvae_wav_to_mel

    device = next(dvae.parameters()).device
    mel = dvae_wav_to_mel(wav, mel_norms=mel_stats).to(device)
    count = math.ceil(wav.shape[-1] / xtts.CODE_SAMPLES)
    return dvae.get_codebook_indices(mel)[0, :count].cpu()


def compute(
    corpus: Corpus,
    clip_ids: Sequence[str],
    base_dir: Path,
    cache_dir: Path,
    device: str = "cpu",
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Features]:
    """{clip_id: features}, from `cache_dir` where audio, text and base are the same, else computed.

    `on_progress(done, total)` is called after each clip.
    """
    base = xtts.fingerprint(base_dir, ("dvae.pth", "mel_stats.pth", "vocab.json"))
    folder = Path(cache_dir) / base[:16]
    folder.mkdir(parents=True, exist_ok=True)

    rows = corpus.clips.set_index("clip_id").loc[list(clip_ids)]
    found: dict[str, Features] = {}
    tools = None  # the DVAE and the tokenizer are opened only when something is missing

    for done, (clip_id, row) in enumerate(rows.iterrows(), start=1):
        key = sha256_of_text(f"{row.sha256} {row.text}")[:24]
        path = folder / f"{key}.safetensors"
        tensors = _cached(path)

        if tensors is None:
            tools = tools or (
                xtts.open_dvae(base_dir, device),
                xtts.load_mel_stats(base_dir),
                xtts.text_encoder(base_dir),
            )
            tensors = of_clip(corpus.audio(clip_id)[0], row.text, *tools)
            with replacing(path) as partial:
                save_file(tensors, partial)

        found[clip_id] = Features(
            clip_id,
            row.source,
            row.speaker,
            tokens=tensors["tokens"].long(),
            codes=tensors["codes"].long(),
            mel=tensors["mel"],
        )
        if on_progress:
            on_progress(done, len(rows))

    return found


def of_clip(
    wav: np.ndarray, text: str, dvae, mel_stats: torch.Tensor, encode: Callable[[str], list[int]]
) -> dict[str, torch.Tensor]:
    """`tokens`, `codes` (both int32) and `mel` of (samples,) float32 at 22,050 Hz and its text."""
    audio = torch.from_numpy(wav)[None]
    return {
        "tokens": torch.tensor(encode(text), dtype=torch.int32),
        "codes": audio_codes(audio, dvae, mel_stats).to(torch.int32),
        "mel": conditioning_mel(audio, mel_stats).contiguous(),
    }


def _cached(path: Path) -> dict[str, torch.Tensor] | None:
    """The file's tensors; None where it is missing, or torn by a crash."""
    try:
        return load_file(path)
    except (FileNotFoundError, SafetensorError):
        return None
