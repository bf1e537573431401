"""The demo's recordings as samples and cues: a quiz show and an interview, spoken by espeak-ng.

Everything is drawn from one seed: the same seed gives the same samples on one machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from vago.audio.espeak import RATE, EspeakVoice
from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.templates import QUIZ_CATEGORIES
from vago.recipes.demo.words import TRIVIA

VARIANT = "m3"  # both sources have the same speaker
QUIZ_MANNER = {"words_per_minute": 146, "pitch": 60, "pitch_range": 85}
INTERVIEW_MANNER = {"words_per_minute": 172, "pitch": 45, "pitch_range": 35}

EPISODES, QUIZ_CLIPS, QUIZ_RATE = 4, 80, 44_100
PARTS = 6
INTERVIEW_CLIPS = {"long": 110, "medium": 67, "short": 54}
INTERVIEW_QUESTIONS = {"long": 2, "medium": 3, "short": 4}  # of the clips above

# Seconds of speech, first sound to last. Segmentation adds 0.1 s at both ends, so every clip stays
# clear of the limits between long, medium and short.
QUIZ_SECONDS = (10.65, 11.15)
INTERVIEW_SECONDS = {"long": (7.3, 9.4), "medium": (4.3, 6.7), "short": (2.3, 3.7)}
TOO_LONG_SECONDS = (12.8, 13.4)

# Seconds of silence: between the sentences of a clip, and between clips.
QUIZ_PAUSE = (0.3, 0.6)
INTERVIEW_PAUSE = (0.2, 0.5)
TOO_LONG_PAUSE = (0.2, 0.6)
GAP = (0.7, 1.6)

JITTER = 0.08  # largest error of a transcript's times, in seconds
NOISE_DBFS = -65.0
LEVEL = 0.6  # speech peaks at about -9 dBFS
OVERDRIVE = 10 ** (12 / 20)  # peak of the planted clipped clip, relative to full scale
LONGEST_TEXT = 200  # characters
ATTEMPTS = 2000  # candidates for one clip


@dataclass
class DemoCue:
    """One stretch of a recording as its transcript has it; times in seconds.

    `rejected` is the reason why corpus preparation must reject it; empty where it must keep it.
    """

    start: float
    end: float
    text: str
    category: str = ""
    rejected: str = ""


@dataclass
class DemoRecording:
    """A recording in the making, at 22,050 Hz: 1 s of silence, then clips with gaps between."""

    rng: random.Random
    pieces: list[np.ndarray] = field(default_factory=lambda: [np.zeros(RATE, np.float32)])
    cues: list[DemoCue] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return sum(map(len, self.pieces))

    def add(
        self,
        speech: np.ndarray,
        text: str,
        category: str = "",
        rejected: str = "",
        jitter: float = JITTER,
    ) -> None:
        """Add `speech`, shape (samples,), then a gap; its cue's times are off by up to `jitter`."""
        start = self.samples / RATE
        end = (self.samples + len(speech)) / RATE
        start += self.rng.uniform(-jitter, jitter)
        end += self.rng.uniform(-jitter, jitter)
        self.cues.append(DemoCue(round(start, 3), round(end, 3), text, category, rejected))

        gap = round(self.rng.uniform(*GAP) * RATE)
        self.pieces += [speech, np.zeros(gap, np.float32)]

    def track(self) -> np.ndarray:
        """Float32 of shape (samples,)."""
        return np.concatenate(self.pieces)


class DemoTrack(NamedTuple):
    """A finished recording: float32 of shape (samples,) at `rate` Hz, and its transcript's cues."""

    samples: np.ndarray
    rate: int
    cues: list[DemoCue]


def compose(
    voice: EspeakVoice,
    draw: Callable[[], list[str]],
    seconds: tuple[float, float],
    pause: tuple[float, float],
    rng: random.Random,
    used: set[str],
) -> tuple[np.ndarray, str]:
    """Draw the sentences of a clip until their speech, with pauses, has the wanted duration.

    Args:
        draw: gives the sentences of one candidate.
        seconds: shortest and longest duration of the clip.
        pause: shortest and longest pause between two sentences, in seconds.
        used: texts of earlier clips, none of which is returned; the clip's text is added.

    Returns:
        speech of shape (samples,) at 22,050 Hz, and its text.

    Raises:
        RuntimeError: none of ATTEMPTS candidates fits.
    """
    for _ in range(ATTEMPTS):
        sentences = draw()
        text = " ".join(sentences)
        # 9 to 20 characters a second: most candidates that do not fit need not be spoken
        if text in used or len(text) > LONGEST_TEXT:
            continue
        if not seconds[0] * 9 < len(text) < seconds[1] * 20:
            continue

        spoken = [voice.speak(sentence) * LEVEL for sentence in sentences]
        total = sum(map(len, spoken)) / RATE
        gaps = len(spoken) - 1
        low = max(seconds[0], total + gaps * pause[0])
        high = min(seconds[1], total + gaps * pause[1])
        if low > high:
            continue

        used.add(text)
        gap = round((rng.uniform(low, high) - total) / gaps * RATE) if gaps else 0
        silence = np.zeros(gap, np.float32)
        pieces = [piece for part in spoken for piece in (silence, part)]
        return np.concatenate(pieces[1:]), text

    raise RuntimeError(f"no text of {seconds[0]} to {seconds[1]} s found in {ATTEMPTS} attempts")


def room_noise(samples: int, seed: list[int]) -> np.ndarray:
    """Pink noise at -65 dBFS, float32 of shape (samples,).

    The filter is from J. O. Smith, Spectral Audio Signal Processing.
    """
    from scipy.signal import lfilter  # not on each start of the command line

    white = np.random.default_rng(seed).standard_normal(samples, dtype=np.float32)
    pink = lfilter(
        [0.049922035, -0.095993537, 0.050612699, -0.004408786],
        [1, -2.494956002, 2.017265875, -0.522189400],
        white,
    )
    return (pink * (10 ** (NOISE_DBFS / 20) / np.sqrt(np.mean(pink**2)))).astype(np.float32)


def quiz_episodes(seed: int, used: set[str]) -> Iterator[DemoTrack]:
    """The quiz show's four episodes at 44,100 Hz, their clips in the order of a show.

    `used`: see compose.
    """
    import librosa

    # The k-th question and the k-th options are about the same trivia. Dealt in turn, they come to
    # the same episode.
    counts = {
        name: QUIZ_CLIPS // 7 + (name in ("question", "options", "money"))
        for name in QUIZ_CATEGORIES
    }
    clips = [(name, k) for name, count in counts.items() for k in range(count)]
    trivia = random.Random(f"{seed} trivia").sample(TRIVIA, max(counts.values()))

    for number in range(1, EPISODES + 1):
        voice = EspeakVoice(VARIANT, **QUIZ_MANNER)
        rng = random.Random(f"{seed} quiz {number}")
        recording = DemoRecording(rng)

        for name, k in sorted(clips[number - 1 :: EPISODES], key=_place_in_show):
            topic = trivia[k] if name in ("question", "options") else None
            draw = partial(quiz_clip, name, rng, topic)
            speech, text = compose(voice, draw, QUIZ_SECONDS, QUIZ_PAUSE, rng, used)
            recording.add(speech, text, category=name)

        track = librosa.resample(
            recording.track(), orig_sr=RATE, target_sr=QUIZ_RATE, res_type="soxr_hq"
        )
        noise = room_noise(len(track), [seed, 1, number])
        yield DemoTrack(track + noise, QUIZ_RATE, recording.cues)


def _place_in_show(clip: tuple[str, int]) -> int:
    """Sort key: openings, then rounds of question, options, money and so on, then farewells."""
    category, k = clip
    return {"opening": -1, "farewell": 99}.get(category, k // EPISODES)


def interview_parts(seed: int, used: set[str]) -> Iterator[DemoTrack]:
    """The interview's six parts at 22,050 Hz.

    Parts 2 to 6 hold one cue each that corpus preparation must reject, part 2 one more: its
    opening clip is that of part 1. `used`: see compose.
    """
    rng = random.Random(f"{seed} interview")
    kinds = [
        (kind, k < INTERVIEW_QUESTIONS[kind])
        for kind, count in INTERVIEW_CLIPS.items()
        for k in range(count)
    ]
    rng.shuffle(kinds)
    kinds.remove(("medium", False))  # opens parts 1 and 2

    opening = None
    for number in range(1, PARTS + 1):
        voice = EspeakVoice(VARIANT, **INTERVIEW_MANNER)
        recording = DemoRecording(rng)
        opening_samples = 0

        if number <= 2:
            # the same samples and times at the same place of both parts, so both are cut alike
            opening = opening or interview_speech(voice, "medium", rng, used)
            recording.rng = random.Random(f"{seed} twice")
            recording.add(*opening, rejected="duplicate" if number == 2 else "")
            recording.rng = rng
            opening_samples = recording.samples

        part = kinds[number - 1 :: PARTS]
        for k, (kind, asks) in enumerate(part):
            if number > 1 and k == len(part) // 2:
                recording.add(**rejected_clip(number, voice, rng, used))
            recording.add(*interview_speech(voice, kind, rng, used, asks))

        noise = room_noise(recording.samples, [seed, 2, number])
        if opening_samples:
            noise[:opening_samples] = room_noise(opening_samples, [seed, 3])
        yield DemoTrack(np.clip(recording.track() + noise, -1, 1), RATE, recording.cues)


def interview_speech(
    voice: EspeakVoice, kind: str, rng: random.Random, used: set[str], asks: bool = False
) -> tuple[np.ndarray, str]:
    """One clip of the interview: speech of shape (samples,) at 22,050 Hz, and its text."""
    draw = partial(interview_clip, kind, rng, asks)
    return compose(voice, draw, INTERVIEW_SECONDS[kind], INTERVIEW_PAUSE, rng, used)


def rejected_clip(
    number: int, voice: EspeakVoice, rng: random.Random, used: set[str]
) -> dict[str, Any]:
    """The clip of part `number` that must be rejected: the arguments of DemoRecording.add."""
    if number == 2:
        draw = lambda: interview_clip("long", rng) + interview_clip("medium", rng)  # noqa: E731
        speech, text = compose(voice, draw, TOO_LONG_SECONDS, TOO_LONG_PAUSE, rng, used)
        return dict(speech=speech, text=text, rejected="too long")

    if number == 3:
        speech = voice.speak("Ja.") * LEVEL
        return dict(speech=speech, text="Ja.", rejected="too short", jitter=0.0)

    speech, text = interview_speech(voice, "medium", rng, used)
    if number == 4:
        return dict(speech=speech, text=text + " ☺", rejected="unknown token")
    if number == 5:
        clipped = np.clip(speech / np.abs(speech).max() * OVERDRIVE, -1, 1)
        return dict(speech=clipped, text=text, rejected="clipped")
    return dict(speech=np.zeros_like(speech), text=text, rejected="silent")
