"""The prompt: which reference audio conditions the model, and the voice that it makes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import TRAINING, Corpus
from vago.paths import Paths
from vago.synthesis import synthesizer
from vago.synthesis.params import SampleParams, SpeechParams
from vago.synthesis.reference import reference_file

READ_SECONDS = 30.0  # of a reference file; the speaker embedding needs no more
LOUDNESS_LUFS = -23.0  # of a corpus's clips, where corpus.json does not say


@dataclass(frozen=True)
class Prompt:
    """Reference audio.

    Attributes:
        names: ids of the clips, or the file's name.
        wavs: (samples,) float32 at 22,050 Hz of each.
        sha256: of each, as `io.sha256` gives it.
    """

    names: list[str]
    wavs: list[np.ndarray]
    sha256: list[str]

    def sounds(self) -> list[tuple[str, np.ndarray, int]]:
        """(name, wav, rate) each, for players."""
        return [(name, wav, io.SAMPLE_RATE) for name, wav in zip(self.names, self.wavs)]


def voice_of(model, corpus: Corpus | None, prompt: Prompt, p: SpeechParams) -> synthesizer.Voice:
    """The prompt's voice for `model`; what speaking rates are usual is known from the corpus."""
    pace = corpus.seconds_per_character() if corpus else None
    return synthesizer.voice_from(model, prompt.wavs, p.prompt_seconds, pace)


def chosen_prompt(p: SampleParams, corpus: Corpus | None, paths: Paths) -> Prompt:
    """The prompt that `p.reference` names: a clip of the corpus, an audio file, None: the corpus's.

    Args:
        corpus: None: there is none, and the reference has to be a file.

    Raises:
        VagoError: it is neither, or the file cannot be read.
    """
    if corpus and p.reference is None:
        return corpus_prompt(corpus, p)
    if corpus and p.reference in set(corpus.clips.clip_id):
        return _of_clips(corpus, [p.reference])

    file = reference_file(p, paths)
    if file is None or not file.is_file():
        raise VagoError(_unknown(p.reference, corpus, paths))
    wav = read_reference(file, corpus)
    return Prompt([file.name], [wav], [io.sha256(wav)])


def corpus_prompt(corpus: Corpus, p: SpeechParams) -> Prompt:
    """The prompt of training clips, see `reference_clips`."""
    return _of_clips(corpus, reference_clips(corpus, p))


def reference_clips(corpus: Corpus, p: SpeechParams) -> list[str]:
    """Training clips for the prompt, `prompt_seconds` in all.

    From the first source and its most frequent speaker; the clips nearest to the median speaking
    rate come first, since a prompt should show the usual way of speaking.
    """
    clips = corpus.clips[corpus.clips.part == TRAINING]
    clips = clips[clips.source == clips.source.iloc[0]]
    clips = clips[clips.speaker == clips.speaker.mode()[0]]
    rate = clips.seconds / clips.text.str.len()
    order = (rate - rate.median()).abs().sort_values(kind="stable").index

    chosen, have = [], 0.0
    for row in clips.loc[order].itertuples():
        chosen.append(row.clip_id)
        have += row.seconds
        if have >= p.prompt_seconds:
            break
    return chosen


def read_reference(file: Path, corpus: Corpus | None) -> np.ndarray:
    """(samples,) float32 at 22,050 Hz: the first seconds of a file, as loud as the corpus's clips.

    Raises:
        VagoError: the file cannot be read as audio.
    """
    parts: list[np.ndarray] = []
    for block, rate in io.blocks(file, READ_SECONDS):
        parts.append(block)
        if sum(map(len, parts)) >= READ_SECONDS * rate:
            break

    wav = np.concatenate(parts)[: int(READ_SECONDS * rate)]
    wav = io.resample(wav, rate, io.SAMPLE_RATE)
    settings = corpus.summary.get("parameters", {}) if corpus else {}
    lufs = settings.get("loudness_lufs", LOUDNESS_LUFS)
    return io.set_loudness(wav, io.SAMPLE_RATE, lufs)


def _of_clips(corpus: Corpus, clip_ids: list[str]) -> Prompt:
    known = corpus.clips.set_index("clip_id").sha256
    wavs = [corpus.audio(clip_id)[0] for clip_id in clip_ids]
    return Prompt(clip_ids, wavs, [known[clip_id] for clip_id in clip_ids])


def _unknown(reference: str, corpus: Corpus | None, paths: Paths) -> str:
    known = corpus.clips.clip_id if corpus else []
    near = difflib.get_close_matches(reference, known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    clips = paths.shown(paths.corpus / "clips.csv")
    return (
        f"reference is {reference!r}, which is neither a clip of the corpus{hint} nor a file that "
        f"is there: give a clip_id out of {clips}, or the path of a {io.FORMATS} file"
    )
