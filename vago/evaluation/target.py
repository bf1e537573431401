"""The target of the speech evaluation: its speech of the lines, its voice, and other voices.

The demo's target is the espeak-ng voice that made its recordings; a real voice's is its test
clips.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import numpy as np

from vago.audio import espeak
from vago.audio.speakers import SpeakerEncoder
from vago.corpus.corpus import Corpus
from vago.evaluation.metrics import LineRecording, Reference
from vago.recipes.demo.composition import QUIZ_MANNER, VARIANT
from vago.synthesis.script import Script
from vago.text import normalize

# Voices to compare the target's with; without Mike, which has the formants of the demo's m3.
OTHERS = "m1 m2 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Andy Annie Gene Jacky Lee Mario Michael".split()
REFERENCE_CLIPS = 8  # make up the target's voice; each of the others speaks their texts


def reference_of(corpus: Corpus, speaker_encoder: SpeakerEncoder) -> Reference:
    """The target's voice, other voices, and the recordings' bounds of seconds per character.

    The target's voice comes from test clips, which no prompt and no training used, of the
    source that prompts come from. The other voices speak the same texts, because equal words make
    embeddings more similar.
    """
    clips = corpus.test_clips
    first = clips[clips.source == corpus.clips.source.iloc[0]]
    clips = (first if len(first) else clips).head(REFERENCE_CLIPS)

    def other(variant: str) -> np.ndarray:
        voice = espeak.EspeakVoice(variant, **QUIZ_MANNER)
        recordings = ((voice.speak(text), espeak.RATE) for text in clips.text)
        return speaker_encoder.speaker_embedding(recordings)

    target = speaker_encoder.speaker_embedding(corpus.audio(clip_id) for clip_id in clips.clip_id)
    others = {variant: other(variant) for variant in OTHERS}
    return Reference(target, others, corpus.seconds_per_character())


def title(demo: bool) -> str:
    """Who speaks the lines, for a table."""
    return f"espeak-ng {VARIANT}" if demo else "test recordings"


def identity(demo: bool) -> dict[str, Any]:
    """All that the target's speech depends on beside corpus and script, for cache keys."""
    version = metadata.version("espeakng-loader")
    return {"target": title(demo), "manner": QUIZ_MANNER, "espeak": version}


def lines(corpus: Corpus, script: Script, demo: bool) -> Iterator[LineRecording]:
    """The target's speech: the script's lines in the demo, otherwise the test clips."""
    return _demo_lines(script) if demo else _test_lines(corpus)


def _demo_lines(script: Script) -> Iterator[LineRecording]:
    """The lines by the demo's own voice, normalized first: espeak-ng reads numbers its own way."""
    voice = espeak.EspeakVoice(VARIANT, **QUIZ_MANNER)
    for line in script.lines:
        started = time.perf_counter()
        wav = voice.speak(normalize.normalize_text(line.text))
        took = time.perf_counter() - started
        yield LineRecording(line.name, line.text, wav, espeak.RATE, took)


def _test_lines(corpus: Corpus) -> Iterator[LineRecording]:
    """The test clips with their own texts, since a real speaker has not recorded the lines."""
    for clip in corpus.test_clips.itertuples():
        yield LineRecording(clip.clip_id, clip.text, *corpus.audio(clip.clip_id))
