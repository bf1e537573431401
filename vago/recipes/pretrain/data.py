"""TODO: what recipes.pretrain.data is for."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from vago import VagoError
from vago.audio import espeak, io
from vago.recipes.demo import recordings
from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.words import INTERVIEW_KINDS, PANGRAMS, QUIZ_CATEGORIES
from vago.text import normalize
from vago.text.hungarian.characters import HUNGARIAN
from vago.training import features
from vago.training.features import Features

WORDS = 30_000


_WORD = re.compile(f"[{HUNGARIAN}]{{1,16}}")


_NOUNS = "forint kérdés válasz pont nap év perc ember ház könyv város kilométer játékos út szó óra lépés tanuló asztal".split()


_ENDS = ".", ".", ".", "!", "?"


# few words are learned first, so that the alignment of text and sound is found; sentences follow
KINDS = {
    "short": {"words": 0.7, "numbers": 0.15, "sentences": 0.15},
    "long": {"words": 0.3, "numbers": 0.1, "sentences": 0.6},
    "read": {
        "words": 0.5,
        "numbers": 0.12,
        "sentences": 0.38,
    },  # what the GPT alone reads, by the thousand
}


LENGTHS = {"short": (6, 38), "long": (20, 110), "read": (10, 110)}  # characters


COUNTS = {"short": (2, 5), "long": (4, 12), "read": (2, 12)}  # words in a row


def utterances(kind: str, seed: object, barred: frozenset[str] = frozenset()) -> Iterator[str]:
    """An endless row of distinct texts, normalised as synthesis will see them; the same for the same seed.

    Args:
        kind: `short` (two to five words), `long` (mostly sentences) or `read` (all lengths, mostly words in a row).
        barred: texts never to be given, as `key` makes them: what the base will be listened to on.
    """
    rng, said = random.Random(f"{kind} {seed}"), set(barred)
    words, weights = _vocabulary()
    makers = {
        "words": lambda: _words(rng, words, weights, COUNTS[kind]),
        "numbers": lambda: _number(rng),
        "sentences": lambda: _sentences(rng, 1 if kind == "short" else rng.choice((1, 1, 2))),
    }
    shares = KINDS[kind]
    low, high = LENGTHS[kind]
    while True:
        found = normalize.normalise(makers[rng.choices(list(shares), shares.values())[0]]())
        if low <= len(found) <= high and key(found) not in said:
            said.add(key(found))
            yield found


def key(written: str) -> str:
    """Letters and single spaces only: two texts with the same key are the same words."""
    return " ".join(re.findall(r"[^\W\d_]+", normalize.normalise(written).lower()))


def barred_lines(scripts: Path) -> frozenset[str]:
    """Keys of every line of every script in the folder, and of its single sentences: none of them is ever trained on."""
    import yaml

    lines = [
        line["text"]
        for path in sorted(scripts.glob("*.yaml"))
        for line in yaml.safe_load(path.read_text("utf-8"))["lines"]
    ]
    return frozenset(
        key(part) for line in lines for part in [line, *re.split(r"(?<=[.!?]) ", line)]
    )


def _vocabulary() -> tuple[list[str], list[float]]:
    """Words and their weights: the square root of their frequency's rank, so that rare ones are heard as well."""
    try:
        from wordfreq import top_n_list
    except ImportError:
        raise VagoError(
            "the package wordfreq is not installed: pip install -e '.[pretrain]'"
        ) from None
    words = [word for word in top_n_list("hu", WORDS) if _WORD.fullmatch(word)]
    return words, [rank**-0.5 for rank in range(1, len(words) + 1)]


def _words(
    rng: random.Random, words: list[str], weights: list[float], counts: tuple[int, int]
) -> str:
    chosen = rng.choices(words, weights, k=rng.randint(*counts))
    if len(chosen) > 3 and rng.random() < 0.6:
        comma = rng.randrange(1, len(chosen) - 1)
        chosen[comma] += ","
    return (" ".join(chosen)).capitalize() + rng.choice(_ENDS)


def _number(rng: random.Random) -> str:
    digits = rng.choice((1, 2, 2, 3, 3, 4, 5, 6))
    number = rng.randrange(10 ** (digits - 1), 10**digits)
    number = number * 10 ** rng.choice((0, 0, 3)) if digits <= 3 else number
    return f"{normalize.cardinal(number)} {rng.choice(_NOUNS)}".capitalize() + rng.choice(_ENDS)


def _sentences(rng: random.Random, count: int) -> str:
    if rng.random() < 0.03:
        return rng.choice(PANGRAMS)
    clip = (
        quiz_clip(rng.choice(QUIZ_CATEGORIES), rng)
        if rng.random() < 0.4
        else interview_clip(rng.choice(INTERVIEW_KINDS), rng)
    )
    return " ".join(clip[:count]) if rng.random() < 0.7 else " ".join(clip[-count:])


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
