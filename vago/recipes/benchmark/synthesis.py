"""Synthesis beside stock's `inference` and `inference_stream`: same sentences, same seeds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vago.audio.io import OUTPUT_RATE
from vago.model.xtts import LANGUAGE
from vago.synthesis import synthesizer
from vago.synthesis.params import SpeechParams

STOCK, STOCK_STREAM = "stock inference", "stock inference_stream"
OURS, OURS_STREAM = "vago, all lines at once", "vago, streamed"
WAYS = (STOCK, STOCK_STREAM, OURS, OURS_STREAM)


@dataclass(frozen=True)
class SpeechRun:
    """One pass over the sentences.

    Attributes:
        seconds: time it took.
        audio: seconds of audio.
        first_audio: seconds until the first audio of each sentence.
    """

    seconds: float
    audio: float
    first_audio: list[float]


def speech_rows(
    model,
    voice: synthesizer.Voice,
    lines: Sequence[str],
    encode: Callable[[str], list[int]],
    p: SpeechParams,
    warm_ups: int = 1,
    rounds: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    on_progress: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
    """Let stock and vago speak `lines` in turn, `rounds` times.

    All speak the same sentences (normalized and split by vago) with the same settings, the same
    limit of codes and the same seeds, so nearly the same codes: stock's repetition penalty also
    counts the placeholders of the prompt, and rounding may change a draw.

    Args:
        model: an open XTTS; it is unchanged afterwards.
        warm_ups: passes over one sentence that are not measured.
        clock: seconds; `time.process_time` where other programs compete for a CPU.

    Returns:
        One row per way: `what`; `seconds` for all sentences, the median of the rounds;
        `audio_seconds` spoken in them; `real_time_factor`, seconds per second of audio;
        `first_audio_seconds`, the median over sentences of the time until something can be played
        (without streaming, all of it); `codes_per_second`.
    """
    pieces = [piece for line in lines for piece in synthesizer.sentences(line, p.max_characters)]
    runs: dict[str, list[SpeechRun]] = {what: [] for what in WAYS}

    with _stock_decoding(model):
        for number in range(warm_ups + rounds):
            is_warm_up = number < warm_ups
            spoken = pieces[:1] if is_warm_up else pieces
            for what in WAYS:
                run = _run(what, model, voice, spoken, encode, p, clock)
                if on_progress:
                    on_progress(f"{what}: {run.seconds:.2f} s for {run.audio:.1f} s of audio")
                if not is_warm_up:
                    runs[what].append(run)

    return [_row(what, measured) for what, measured in runs.items()]


def _row(what: str, runs: Sequence[SpeechRun]) -> dict[str, Any]:
    codes_per_second = synthesizer.CODES_PER_SECOND
    first_audio = [first for run in runs for first in run.first_audio]
    return {
        "what": what,
        "seconds": statistics.median(run.seconds for run in runs),
        "audio_seconds": statistics.median(run.audio for run in runs),
        "real_time_factor": statistics.median(run.seconds / run.audio for run in runs),
        "first_audio_seconds": statistics.median(first_audio),
        "codes_per_second": statistics.median(
            run.audio * codes_per_second / run.seconds for run in runs
        ),
    }


def _run(
    what: str, model, voice, pieces: Sequence[str], encode, p: SpeechParams, clock
) -> SpeechRun:
    started = clock()
    if what == OURS:
        spoken = synthesizer.speak(model, voice, pieces, encode, p, pause_seconds=0)
        took = clock() - started
        return SpeechRun(took, sum(utterance.seconds for utterance in spoken), [took])

    samples, first_audio = 0, []
    for number, piece in enumerate(pieces):
        asked = clock()
        first = None
        for chunk in _chunks(what, model, voice, number, piece, encode, p):
            samples += len(chunk)
            first = first or clock()
        first_audio.append(first - asked)
    return SpeechRun(clock() - started, samples / OUTPUT_RATE, first_audio)


def _chunks(
    what: str, model, voice, number: int, piece: str, encode, p: SpeechParams
) -> Iterator[np.ndarray]:
    """The audio of a sentence, chunk by chunk as it becomes playable."""
    if what == OURS_STREAM:
        yield from synthesizer.stream(model, voice, piece, encode, p, number=number)
        return

    seed = synthesizer.seed_of(p, number, 0)
    settings = {
        **p.sampling(),
        # stock refuses a temperature of 0; without sampling it has no effect
        "do_sample": p.temperature > 0,
        "temperature": p.temperature or 1.0,
        "max_new_tokens": synthesizer.code_limit(piece, p),
    }
    speaker = (voice.gpt_cond_latents, voice.speaker_embedding)
    if what == STOCK:
        torch.manual_seed(seed)
        yield model.inference(piece, LANGUAGE, *speaker, **settings)["wav"]
    else:
        for chunk in model.inference_stream(piece, LANGUAGE, *speaker, seed=seed, **settings):
            yield chunk.cpu().numpy()


@contextmanager
def _stock_decoding(model) -> Iterator[None]:
    """Set up stock's own decoding; afterwards the model and the random state are as before."""
    gpt = model.gpt
    before = set(gpt.state_dict())
    deterministic = torch.backends.cudnn.deterministic
    was_prepared = hasattr(gpt, "gpt_inference")

    with torch.random.fork_rng():
        if not was_prepared:
            gpt.init_gpt_for_inference()
            gpt.eval()
        try:
            yield
        finally:
            torch.backends.cudnn.deterministic = deterministic  # inference_stream sets it
            if not was_prepared:
                del gpt.gpt_inference, gpt.gpt.wte

    assert set(gpt.state_dict()) == before
