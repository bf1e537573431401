"""What is said in a recording without a transcript: the recogniser's words, heard once and kept by the sound's hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vago import VagoError
from vago.audio.asr import Ear, Word, base_model, model_name
from vago.audio.reader import EAR_RATE
from vago.paths import write_whole

WINDOW_SECONDS = 28.0  # Whisper listens to 30 at a time
_ASIDE = 0.25  # silence on both sides of a window: words hard against its edge are heard badly
_RECIPE = (
    1  # raise it when the same sound is heard differently, so that what was kept is heard again
)


class Transcriber:
    """A recogniser that remembers. It is opened when something new is to be heard, and not before.

    Args:
        model: folder of a CTranslate2 Whisper model or a name that faster-whisper knows; empty: the base model of the wheels
        folder: where what was heard is kept
        device: "cpu" or "cuda"
    """

    def __init__(self, model: str, folder: Path, device: str = "cpu"):
        self._model, self._folder, self._device = model or base_model(), Path(folder), device
        self.name, self._ear = model_name(self._model), None

    def words(self, wav: np.ndarray) -> list[Word]:
        """The words in (samples,) at 16 kHz, at most WINDOW_SECONDS long; times in seconds from its start."""
        still = np.zeros(round(_ASIDE * EAR_RATE), np.float32)
        heard = self._kept(
            "words",
            wav,
            lambda ear: [vars(w) for w in ear.words(np.concatenate([still, wav, still]), EAR_RATE)],
        )
        seconds = len(wav) / EAR_RATE
        inside = lambda at: min(max(at - _ASIDE, 0.0), seconds)  # noqa: E731
        return [
            Word(inside(w["start"]), inside(w["end"]), w["text"], w["probability"]) for w in heard
        ]

    def hear(self, wav: np.ndarray) -> str:
        """What is heard in (samples,) at 16 kHz alone."""
        return self._kept("alone", wav, lambda ear: ear.hear(wav, EAR_RATE))

    def _kept(self, kind: str, wav: np.ndarray, listen: Callable[[Ear], Any]) -> Any:
        what = f"{_RECIPE} {kind} {self.name} {hashlib.sha256(wav.tobytes()).hexdigest()}"
        path = self._folder / f"{hashlib.sha256(what.encode()).hexdigest()[:32]}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            pass  # not heard yet, or torn
        if self._ear is None:
            self._ear = Ear.open(self._model, device=self._device)
        heard = listen(self._ear)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VagoError(
                f"{path.parent} cannot be made ({error}): see that the folder is writable"
            ) from None
        write_whole(path, json.dumps(heard, ensure_ascii=False))
        return heard


def windows(
    stretches: np.ndarray, longest: float = WINDOW_SECONDS, apart: float = 2.0
) -> list[tuple[int, int]]:
    """Neighbouring stretches of speech that are heard together: (first, last + 1) of (N, 2) seconds.

    A window ends where a pause of `apart` seconds comes, else at the longest pause in its second half.
    """
    found, first = [], 0
    while first < len(stretches):
        last = first + 1
        while last < len(stretches) and stretches[last, 1] - stretches[first, 0] <= longest:
            if stretches[last, 0] - stretches[last - 1, 1] >= apart:
                break
            last += 1
        full = last < len(stretches) and stretches[last, 0] - stretches[last - 1, 1] < apart
        if full and last - first > 1:
            middle = (stretches[first, 0] + stretches[last - 1, 1]) / 2
            ends = [k for k in range(first + 1, last + 1) if stretches[k - 1, 1] >= middle]
            last = max(ends, key=lambda k: stretches[k, 0] - stretches[k - 1, 1])
        found.append((first, last))
        first = last
    return found


def assign(words: Sequence[Word], stretches: np.ndarray) -> list[int]:
    """Which stretch of (N, 2) seconds each word is said in: the one it shares most time with, else the nearest.

    Never an earlier one than the word before it, for words come in order.
    """
    found, least = [], 0
    for word in words:
        shared = np.minimum(stretches[:, 1], word.end) - np.maximum(stretches[:, 0], word.start)
        least = max(
            least, int(np.argmax(shared))
        )  # negative where they are apart: the nearest is the largest
        found.append(least)
    return found
