"""Clips between cutting and writing: at the corpus's loudness, each only once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.signal import correlate

from vago.audio import denoise, io
from vago.corpus.candidates import Candidate
from vago.corpus.params import CorpusParams
from vago.text.error_rate import words_only

SAME_LENGTH = 0.9  # the least ratio of two duplicates' lengths
SAME_AUDIO = 0.9  # and their least correlation


class ClipStaging:
    """The folder in which kept clips wait until the corpus is written."""

    def __init__(self, p: CorpusParams, folder: Path):
        self.p = p
        self.folder = folder
        self.scratch = folder / ".track"  # for the recording that is open
        self._denoise = denoise.open_filter() if p.denoise else None
        self._by_text: dict[str, list[str]] = {}  # words -> ids of the clips with these words

    def add(self, candidate: Candidate, wav: np.ndarray) -> None:
        """Write a clip, at the corpus's loudness, unless it is a duplicate of an earlier one.

        Args:
            wav: (samples,) at 22,050 Hz as recorded.
        """
        if self._denoise:
            wav = self._denoise(wav, io.SAMPLE_RATE)
        wav = io.set_loudness(wav, io.SAMPLE_RATE, self.p.loudness_lufs)

        same_words = self._by_text.setdefault(words_only(candidate.text.spoken), [])
        for earlier in same_words:
            if alike(wav, io.load(self._path(earlier))[0]):
                candidate.reject("duplicate", f"sounds like {earlier}")
        if not candidate.kept:
            return

        same_words.append(candidate.clip_id)
        io.write(self._path(candidate.clip_id), wav, io.SAMPLE_RATE)
        candidate.audio = replace(candidate.audio, denoised=self.p.denoise, sha256=io.sha256(wav))

    def wav(self, candidate: Candidate) -> np.ndarray:
        """(samples,) float32 at 22,050 Hz of a clip that was added and kept."""
        return io.load(self._path(candidate.clip_id))[0]

    def drop(self, candidate: Candidate) -> None:
        self._path(candidate.clip_id).unlink()

    def move_to(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.iterdir()):
            path.replace(folder / path.name)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, clip_id: str) -> Path:
        return self.folder / f"{clip_id}.wav"


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two clips are the same audio: nearly as long, and correlated at some small shift."""
    if min(len(one), len(other)) < SAME_LENGTH * max(len(one), len(other)):
        return False

    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return scale > 0 and float(np.max(correlate(one, other, method="fft"))) > SAME_AUDIO * scale
