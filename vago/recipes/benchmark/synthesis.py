"""Synthesis measured: stock's `inference` and `inference_stream` and ours, over the same sentences with the same seeds."""

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
class Run:
    """One pass over the sentences: seconds it took, seconds of audio, seconds until each sentence could first be heard."""

    seconds: float
    audio: float
    first: list[float]


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
    """Let stock and ours speak `lines` in turn, `rounds` times after `warm_ups` of one sentence that do not count.

    Each of four ways speaks the same sentences (read out and split by vago) with the same settings, the same most codes and the
    same seeds, so nearly the same codes: stock's penalty also holds its stand-ins for said, and rounding may turn a draw.

    Args:
        model: an open XTTS; it is as it was afterwards.
        clock: seconds; `time.process_time` where other programs compete for a CPU.

    Returns:
        One row per way: `what`; `seconds` for all sentences, the median of the rounds; `audio_seconds` spoken in them;
        `real_time_factor`, seconds per second of audio; `first_audio_seconds` until something can be played, the median of the
        sentences (what is not streamed is there when all of it is); `codes_per_second`.
    """
    pieces = [piece for line in lines for piece in synthesizer.sentences(line, p.max_characters)]
    runs: dict[str, list[Run]] = {what: [] for what in WAYS}
    with _stock_ready(model):
        for number in range(warm_ups + rounds):
            for what in WAYS:
                run = _run(
                    what,
                    model,
                    voice,
                    pieces if number >= warm_ups else pieces[:1],
                    encode,
                    p,
                    clock,
                )
                if on_progress:
                    on_progress(f"{what}: {run.seconds:.2f} s for {run.audio:.1f} s of audio")
                if number >= warm_ups:
                    runs[what].append(run)
    return [_row(what, done) for what, done in runs.items()]


def _row(what: str, runs: Sequence[Run]) -> dict[str, Any]:
    seconds, spoken = (
        statistics.median(run.seconds for run in runs),
        statistics.median(run.audio for run in runs),
    )
    return {
        "what": what,
        "seconds": seconds,
        "audio_seconds": spoken,
        "real_time_factor": statistics.median(run.seconds / run.audio for run in runs),
        "first_audio_seconds": statistics.median(first for run in runs for first in run.first),
        "codes_per_second": statistics.median(
            run.audio * synthesizer.CODES_PER_SECOND / run.seconds for run in runs
        ),
    }


def _run(what: str, model, voice, pieces: Sequence[str], encode, p: SpeechParams, clock) -> Run:
    started = clock()
    if what == OURS:
        spoken = synthesizer.speak(model, voice, pieces, encode, p, pause_seconds=0)
        took = clock() - started
        return Run(took, sum(speech.seconds for speech in spoken), [took])
    samples, first = 0, []
    for number, piece in enumerate(pieces):
        asked, heard = clock(), None
        for chunk in _chunks(what, model, voice, number, piece, encode, p):
            samples += len(chunk)
            heard = heard or clock()
        first.append(heard - asked)
    return Run(clock() - started, samples / OUTPUT_RATE, first)


def _chunks(
    what: str, model, voice, number: int, piece: str, encode, p: SpeechParams
) -> Iterator[np.ndarray]:
    """A sentence's sound as it becomes playable."""
    if what == OURS_STREAM:
        yield from synthesizer.stream(model, voice, piece, encode, p, number=number)
        return
    seed = synthesizer.seed_of(p, number, 0)
    settings = {name: getattr(p, name) for name in ("top_k", "top_p", "repetition_penalty")}
    # stock has no temperature of nought; without sampling it is not used
    settings |= {"do_sample": p.temperature > 0, "temperature": p.temperature or 1.0}
    settings |= {"max_new_tokens": synthesizer.code_limit(piece, p)}
    if what == STOCK:
        torch.manual_seed(seed)
        said = model.inference(
            piece, LANGUAGE, voice.gpt_cond_latents, voice.speaker_embedding, **settings
        )
        yield said["wav"]
    else:
        said = model.inference_stream(
            piece, LANGUAGE, voice.gpt_cond_latents, voice.speaker_embedding, seed=seed, **settings
        )
        for chunk in said:
            yield chunk.cpu().numpy()


@contextmanager
def _stock_ready(model) -> Iterator[None]:
    """Inside, stock's own decoding is set up; afterwards the random numbers and the model's tensors have their names again."""
    gpt, before, deterministic = (
        model.gpt,
        set(model.gpt.state_dict()),
        torch.backends.cudnn.deterministic,
    )
    prepared = hasattr(gpt, "gpt_inference")
    with torch.random.fork_rng():
        if not prepared:
            gpt.init_gpt_for_inference()
            gpt.eval()
        try:
            yield
        finally:
            torch.backends.cudnn.deterministic = deterministic  # stock's stream sets it
            if not prepared:
                del gpt.gpt_inference, gpt.gpt.wte
    assert set(gpt.state_dict()) == before
