"""Speech of the teachers, espeak-ng's voices, as files: clips, their audio codes and prompts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vago.audio import espeak, io
from vago.files import replacing
from vago.recipes.demo.composition import room_noise
from vago.training import features
from vago.training.features import Features

# Natural timbres of espeak-ng. The demo's own (composition.VARIANT) and Mike, which has the same
# formants, are not among them.
FIRST_VARIANTS = ("m1", "f2", "m4", "Andy", "f5", "m7")  # they speak the short texts
OTHER_VARIANTS = (
    "m2 m5 m6 m8 f1 f3 f4 Alex Annie Denis Diogo Gene Henrique Hugo Jacky Lee Marco Mario Michael "
    "Reed adam anika antonio aunty belinda benjamin boris caleb david ed edward gustave iven john "
    "linda max michel miguel pablo paul pedro quincy rob robert sandro shelby steph travis victor "
    "zac"
).split()

LEVEL_LUFS = -23.0  # the loudness of a corpus's clips
MARGIN = 0.1  # seconds kept before and after the speech, as segmentation does
SOUND = 0.003  # amplitude above which a sample is sound
PROMPTS = 40  # clips per teacher whose mels are kept as prompts
HELD_OUT = 20  # clips per teacher that are never trained on
SPOKEN_AT_ONCE = 250  # texts whose speech is in memory at the same time


@dataclass(frozen=True)
class Teacher:
    """A timbre with a rate and pitch of its own; the fields are EspeakVoice's parameters."""

    variant: str
    words_per_minute: int
    pitch: int
    pitch_range: int

    @property
    def name(self) -> str:
        return f"{self.variant}-{self.words_per_minute}-{self.pitch}-{self.pitch_range}"

    def voice(self) -> espeak.EspeakVoice:
        return espeak.EspeakVoice(self.variant, self.words_per_minute, self.pitch, self.pitch_range)


def teachers(count: int, seed: int = 1) -> list[Teacher]:
    """The first `count` teachers, FIRST_VARIANTS first.

    Each timbre comes once, with a rate and pitch drawn for it; where there are too few timbres,
    they come again with other rates and pitches.
    """
    rng = random.Random(f"speakers {seed}")
    found: list[Teacher] = []
    while len(found) < count:
        for variant in (*FIRST_VARIANTS, *OTHER_VARIANTS):
            words_per_minute = rng.randrange(142, 180)
            pitch = rng.randrange(38, 66)
            found.append(Teacher(variant, words_per_minute, pitch, rng.randrange(30, 90)))
    return found[:count]


def write_speech(teacher: Teacher, texts: Sequence[str], path: Path, seed: int = 1) -> None:
    """Speak `texts` into `path`: int16 samples at 22,050 Hz end to end, the starts, the texts."""
    clips = read_aloud(teacher, texts, [seed, *teacher.name.encode()])
    starts = np.cumsum([0, *map(len, clips)])
    tensors = {
        "samples": torch.from_numpy(io.pcm16(np.concatenate(clips))),
        "starts": torch.from_numpy(starts),
    }
    _save(path, tensors, texts)


def read_aloud(
    teacher: Teacher, texts: Sequence[str], noise_seed: Sequence[int]
) -> list[np.ndarray]:
    """Float32 (samples,) at 22,050 Hz of each text, with the room noise of the demo's recordings.

    All clips have one gain, as those of one recording have.
    """
    voice = teacher.voice()
    clips = [_trimmed(voice.speak(text)) for text in texts]

    sample = np.concatenate(clips[:30])
    gain = np.abs(io.set_loudness(sample, espeak.RATE, LEVEL_LUFS)).max() / np.abs(sample).max()
    whole = np.concatenate(clips) * gain
    whole = (whole + room_noise(len(whole), noise_seed)).astype(np.float32)

    return np.split(whole, np.cumsum([len(clip) for clip in clips])[:-1])


def _trimmed(wav: np.ndarray) -> np.ndarray:
    """From MARGIN before the first sound to MARGIN after the last."""
    loud = np.flatnonzero(np.abs(wav) > SOUND)
    margin = round(MARGIN * espeak.RATE)
    if not len(loud):
        return np.zeros(2 * margin, np.float32)
    return np.pad(wav[loud[0] : loud[-1] + 1], margin)


def write_codes(
    teacher: Teacher,
    speech: Path,
    more: Sequence[str],
    path: Path,
    dvae,
    mel_stats: torch.Tensor,
    seed: int = 1,
) -> None:
    """Write the codes of every clip in `speech` and of `more` texts, and mels for prompts.

    The prompts are the mels of the first PROMPTS clips. The speech of `more` is not kept: it is a
    thousand times as large as its codes.
    """
    codes, prompts = [], []
    for wav in read_wavs(speech):
        codes.append(features.audio_codes(torch.from_numpy(wav)[None], dvae, mel_stats))
        if len(prompts) < PROMPTS:
            prompts.append(features.conditioning_mel(torch.from_numpy(wav)[None], mel_stats))

    for at in range(0, len(more), SPOKEN_AT_ONCE):
        part = more[at : at + SPOKEN_AT_ONCE]
        for wav in read_aloud(teacher, part, [seed, at, *teacher.name.encode()]):
            codes.append(features.audio_codes(torch.from_numpy(wav)[None], dvae, mel_stats))

    tensors = {
        "codes": torch.cat(codes).to(torch.int16),
        "starts": torch.tensor(np.cumsum([0, *map(len, codes)])),
        "prompts": torch.cat(prompts, dim=1).to(torch.float16).contiguous(),
    }
    _save(path, tensors, [*read_texts(speech), *more])


def _save(path: Path, tensors: dict[str, torch.Tensor], texts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"texts": json.dumps(list(texts), ensure_ascii=False)}
    with replacing(path) as partial:
        save_file(tensors, partial, metadata=header)


def read_texts(path: Path) -> list[str]:
    """The texts of a file of speech or codes."""
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["texts"])


def read_wavs(path: Path) -> Iterator[np.ndarray]:
    """Float32 (samples,) at 22,050 Hz of each clip."""
    with safe_open(path, "pt") as file:
        samples = file.get_tensor("samples").numpy()
        starts = file.get_tensor("starts").tolist()

    for start, end in zip(starts, starts[1:]):
        yield samples[start:end].astype(np.float32) / 32768


@dataclass(frozen=True)
class TeacherClips:
    """What the GPT learns from one teacher. `prompts`: (80, F), mels of its clips end to end."""

    clips: list[Features]
    prompts: torch.Tensor

    @staticmethod
    def read(path: Path, encode) -> TeacherClips:
        """A file of `write_codes`; `encode(text) -> list[int]` gives the text tokens."""
        with safe_open(path, "pt") as file:
            codes = file.get_tensor("codes").long()
            starts = file.get_tensor("starts").tolist()
            prompts = file.get_tensor("prompts").float()

        name, no_mel = path.stem, torch.zeros(80, 0)
        clips = []
        for i, (text, start, end) in enumerate(zip(read_texts(path), starts, starts[1:])):
            tokens = torch.tensor(encode(text))
            clips.append(
                Features(f"{name}-{i}", "pretrain", name, tokens, codes[start:end], no_mel)
            )
        return TeacherClips(clips, prompts)
