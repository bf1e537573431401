"""Many espeak-ng voices read the base's training texts: one file of speech per speaker, then one of codes and prompts."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vago.audio import espeak, io
from vago.recipes.demo import recordings
from vago.training import features
from vago.training.features import Features

# natural timbres of espeak-ng; the demo's own (demo.VARIANT) and Mike, which has its formants, are not among them
TEACHERS = ("m1", "f2", "m4", "Andy", "f5", "m7")  # the short texts are learned from these
OTHERS = (
    "m2 m5 m6 m8 f1 f3 f4 Alex Annie Denis Diogo Gene Henrique Hugo Jacky Lee Marco Mario Michael Reed adam anika antonio aunty "
    "belinda benjamin boris caleb david ed edward gustave iven john linda max michel miguel pablo paul pedro quincy rob robert "
    "sandro shelby steph travis victor zac"
).split()
LEVEL_LUFS = -23.0  # what the corpus brings its clips to
MARGIN = 0.1  # seconds kept on both sides, as the cutter does
PROMPTS = 40  # clips per speaker whose mel is kept to prompt the others
HELD_OUT = 20  # clips per speaker that are never trained on


@dataclass(frozen=True)
class Speaker:
    """A timbre with its own rate and melody; settings are espeak.Voice's."""

    variant: str
    words_per_minute: int
    pitch: int
    pitch_range: int

    @property
    def name(self) -> str:
        return f"{self.variant}-{self.words_per_minute}-{self.pitch}-{self.pitch_range}"


def speakers(count: int, seed: int = 1) -> list[Speaker]:
    """The first `count` speakers, teachers first; each timbre with a rate and a melody of its own, then with others."""
    rng, found = random.Random(f"speakers {seed}"), []
    while len(found) < count:
        for variant in (*TEACHERS, *OTHERS):
            found.append(
                Speaker(
                    variant, rng.randrange(142, 180), rng.randrange(38, 66), rng.randrange(30, 90)
                )
            )
    return found[:count]


def speak(speaker: Speaker, texts: Sequence[str], path: Path, seed: int = 1) -> None:
    """Read `texts` into `path`: int16 at 22,050 Hz one after another, where each starts, and the texts."""
    clips = read_aloud(speaker, texts, [seed, *speaker.name.encode()])
    starts = np.cumsum([0, *map(len, clips)])
    tensors = {
        "samples": torch.from_numpy(io.pcm16(np.concatenate(clips))),
        "starts": torch.from_numpy(starts),
    }
    _save(path, tensors, texts)


def read_aloud(
    speaker: Speaker, texts: Sequence[str], noise_seed: Sequence[int]
) -> list[np.ndarray]:
    """float32 (samples,) at 22,050 Hz of each text, all at one gain, in the room the demo's recordings have."""
    voice = espeak.Voice(
        speaker.variant, speaker.words_per_minute, speaker.pitch, speaker.pitch_range
    )
    clips = [_trimmed(voice.speak(text)) for text in texts]
    sample = np.concatenate(clips[:30])  # one gain for the speaker, as one recording has one
    gain = np.abs(io.set_loudness(sample, espeak.RATE, LEVEL_LUFS)).max() / np.abs(sample).max()
    whole = np.concatenate(clips) * gain
    whole = (whole + recordings.room_noise(len(whole), noise_seed)).astype(np.float32)
    return np.split(whole, np.cumsum([len(clip) for clip in clips])[:-1])


def _trimmed(wav: np.ndarray) -> np.ndarray:
    """From MARGIN before the first sound to MARGIN after the last."""
    loud = np.flatnonzero(np.abs(wav) > 0.003)
    margin = round(MARGIN * espeak.RATE)
    return (
        np.pad(wav[loud[0] : loud[-1] + 1], margin)
        if len(loud)
        else np.zeros(2 * margin, np.float32)
    )


def encode(
    speaker: Speaker,
    speech: Path,
    more: Sequence[str],
    path: Path,
    dvae,
    mel_stats: torch.Tensor,
    seed: int = 1,
) -> None:
    """The codes of every clip in `speech` and of `more` texts, and the mels of the first PROMPTS clips, into `path`.

    `more` is spoken and forgotten: of thousands of texts the codes are a thousandth of the sound's size.
    """
    codes, prompts = [], []
    for wav in read_wavs(speech):
        codes.append(features.audio_codes(torch.from_numpy(wav)[None], dvae, mel_stats))
        if len(prompts) < PROMPTS:
            prompts.append(features.conditioning_mel(torch.from_numpy(wav)[None], mel_stats))
    for at in range(0, len(more), 250):  # what is in memory at once
        wavs = read_aloud(speaker, more[at : at + 250], [seed, at, *speaker.name.encode()])
        codes += [
            features.audio_codes(torch.from_numpy(wav)[None], dvae, mel_stats) for wav in wavs
        ]
    tensors = {
        "codes": torch.cat(codes).to(torch.int16),
        "starts": torch.tensor(np.cumsum([0, *map(len, codes)])),
        "prompts": torch.cat(prompts, dim=1).to(torch.float16).contiguous(),
    }
    _save(path, tensors, [*read_texts(speech), *more])


def _save(path: Path, tensors: dict[str, torch.Tensor], texts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".tmp")
    save_file(tensors, partial, metadata={"texts": json.dumps(list(texts), ensure_ascii=False)})
    os.replace(partial, path)


def read_texts(path: Path) -> list[str]:
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["texts"])


def read_wavs(path: Path) -> Iterator[np.ndarray]:
    """float32 (samples,) at 22,050 Hz of each clip."""
    with safe_open(path, "pt") as file:
        samples, starts = file.get_tensor("samples").numpy(), file.get_tensor("starts").tolist()
    for start, end in zip(starts, starts[1:]):
        yield samples[start:end].astype(np.float32) / 32768


@dataclass(frozen=True)
class Taught:
    """One speaker's clips as the GPT is taught them. `prompts`: (80, F) mel of clips of this speaker, end to end."""

    clips: list[Features]
    prompts: torch.Tensor

    @staticmethod
    def load(path: Path, tokens) -> Taught:
        """`tokens(text) -> list[int]`."""
        with safe_open(path, "pt") as file:
            codes, starts = file.get_tensor("codes").long(), file.get_tensor("starts").tolist()
            prompts = file.get_tensor("prompts").float()
        name, empty = path.stem, torch.zeros(80, 0)
        clips = [
            Features(
                f"{name}-{i}", "pretrain", name, torch.tensor(tokens(text)), codes[start:end], empty
            )
            for i, (text, start, end) in enumerate(zip(read_texts(path), starts, starts[1:]))
        ]
        return Taught(clips, prompts)
