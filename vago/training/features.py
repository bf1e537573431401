"""What the GPT is trained on, per clip: tokens, audio codes, conditioning mel. Computed once, kept by content hash."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vago.audio.io import SAMPLE_RATE
from vago.corpus.corpus import Corpus
from vago.model import xtts


@dataclass(frozen=True)
class Features:
    """One clip.

    tokens: (N,) int64 text tokens, `[hu]` first, without start and stop.
    codes: (T,) int64 audio codes at 21.5 Hz, T = ceil(samples / 1024).
    mel: (80, F) float32 conditioning mel, hop 256 at 22,050 Hz, so about 4 frames per code.
    """

    clip_id: str
    source: str
    speaker: str
    tokens: torch.Tensor
    codes: torch.Tensor
    mel: torch.Tensor


def conditioning_mel(wav: torch.Tensor, mel_stats: torch.Tensor) -> torch.Tensor:
    """(1, samples) at 22,050 Hz -> (80, F): the prompt mel exactly as stock `get_gpt_cond_latents` makes it."""
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
    """(1, samples) at 22,050 Hz -> (T,) codes, T = ceil(samples / 1024), as `GPT.forward` counts them.

    The DVAE yields one code more when the length is a multiple of 1024 (its mel is centred); stock overwrites
    that one with the stop token, here it is cut.
    """
    from TTS.tts.layers.xtts.dvae import dvae_wav_to_mel

    device = next(dvae.parameters()).device
    mel = dvae_wav_to_mel(wav, mel_norms=mel_stats).to(device)
    return dvae.get_codebook_indices(mel)[0, : math.ceil(wav.shape[-1] / xtts.CODE_SAMPLES)].cpu()


def compute(
    corpus: Corpus,
    clip_ids: Sequence[str],
    base_dir: Path,
    cache_dir: Path,
    device: str = "cpu",
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Features]:
    """Features of the clips, from `cache_dir` where audio, text and base are the same, else computed and kept there."""
    key = xtts.fingerprint(base_dir, ("dvae.pth", "mel_stats.pth", "vocab.json"))
    folder = Path(cache_dir) / key[:16]
    folder.mkdir(parents=True, exist_ok=True)
    rows = corpus.clips.set_index("clip_id").loc[list(clip_ids)]
    found: dict[str, Features] = {}
    tools = None  # the DVAE and the tokenizer are opened only when something is missing
    for done, (clip_id, row) in enumerate(rows.iterrows(), start=1):
        path = (
            folder
            / f"{hashlib.sha256(f'{row.sha256} {row.text}'.encode()).hexdigest()[:24]}.safetensors"
        )
        tensors = _cached(path)
        if tensors is None:
            tools = tools or (
                xtts.open_dvae(base_dir, device),
                xtts.load_mel_stats(base_dir),
                xtts.encoder(base_dir),
            )
            tensors = of_clip(corpus.audio(clip_id)[0], row.text, *tools)
            partial = path.with_suffix(".tmp")
            save_file(tensors, partial)
            os.replace(partial, path)
        found[clip_id] = Features(
            clip_id,
            row.source,
            row.speaker,
            **{k: v.long() if k != "mel" else v for k, v in tensors.items()},
        )
        if on_progress:
            on_progress(done, len(rows))
    return found


def of_clip(wav, written: str, dvae, mel_stats: torch.Tensor, encode) -> dict[str, torch.Tensor]:
    """`tokens`, `codes` (both int32) and `mel` of (samples,) float32 at 22,050 Hz and its text."""
    wav = torch.from_numpy(wav)[None]
    return {
        "tokens": torch.tensor(encode(written), dtype=torch.int32),
        "codes": audio_codes(wav, dvae, mel_stats).to(torch.int32),
        "mel": conditioning_mel(wav, mel_stats).contiguous(),
    }


def _cached(path: Path) -> dict[str, torch.Tensor] | None:
    try:
        return load_file(path)
    except (FileNotFoundError, SafetensorError):  # missing, or torn by a crash: compute it again
        return None
