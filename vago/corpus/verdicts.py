"""What is wrong with a candidate: its text, its audio, its ASR output, its speaking rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vago.audio import io
from vago.audio.quality import AudioMeasures
from vago.corpus.measures import Measures
from vago.corpus.params import CorpusParams
from vago.text import normalize

Encode = Callable[[str], list[int]]  # the base's tokenizer with its language bound

MAX_SAMPLES = 255_995  # at 22,050 Hz, the limit of XTTS
# Median absolute deviation -> standard deviation of a normal distribution
MAD_TO_DEVIATION = 1.4826
MIN_RATES = 20  # of a source, to tell which are odd
MIN_RATE_FACTOR = 1.5  # a rate within this factor of the median is never odd
# Characters a second; 56 real Hungarian sentences have 11 to 15, so nobody speaks outside of this
POSSIBLE_RATES = (4.0, 30.0)
DRAWN_OUT_SECONDS = 2.0  # a drawn-out word may take so long, however short it is


@dataclass(frozen=True)
class Verdict:
    """Why a candidate is rejected, as the ledger has it; without a reason it is kept.

    restored: by hand, so that no later check rejects it.
    """

    reason: str = ""
    detail: str = ""
    restored: bool = False

    def or_else(self, reason: str, detail: str) -> Verdict:
        """The verdict when a later check has failed: the first reason and a restored clip stay."""
        if self.reason or self.restored:
            return self

        return Verdict(reason, detail)


KEPT = Verdict()
ANOTHER_SPEAKER = "another speaker"


def first_fault(verdicts: Sequence[Verdict]) -> Verdict:
    """The first verdict that has a reason; KEPT where none has."""
    return next((verdict for verdict in verdicts if verdict.reason), KEPT)


def of_text(p: CorpusParams, text: str, encode: Encode) -> tuple[Verdict, int]:
    """What is wrong with a normalized text, and its number of tokens."""
    tokens, reason = normalize.check(text, encode, p.max_tokens)
    if not reason:
        return KEPT, len(tokens)

    detail = ""
    if reason == "unknown token":
        detail = normalize.unknown_characters(text, encode)
    elif tokens:
        reason = "text over 200 tokens"  # whatever the limit, so that ledgers compare
        detail = f"{len(tokens)} tokens, {p.max_tokens} is the most"
    return Verdict(reason, detail), len(tokens)


def unusable(p: CorpusParams, seconds: float, of_text: Verdict) -> str:
    """Why a clip cannot be trained on, even if a person restores it; empty if it can.

    Args:
        seconds: its duration.
        of_text: the verdict on its text.
    """
    limit = MAX_SAMPLES / io.SAMPLE_RATE
    if seconds < p.min_seconds:
        least = f"{p.min_seconds:g} s is the least"
        return f"it is {seconds:.2f} s long and {least}: its cue has to be longer"
    if round(seconds * io.SAMPLE_RATE) > MAX_SAMPLES:
        return f"it is {seconds:.2f} s long and XTTS takes {limit:.1f} s: its cue has to be split"
    if of_text.reason:
        fault = f"{of_text.reason}: {of_text.detail}".removesuffix(": ")
        return f"its text cannot be trained on ({fault}): correct the text first"

    return ""


def of_audio(
    p: CorpusParams, wav: np.ndarray, measured: Measures, speechless: bool, min_seconds: float
) -> Verdict:
    """What is wrong with the audio of a clip, (samples,) at 22,050 Hz as recorded.

    Args:
        speechless: no speech was found in its cue.
    """
    seconds = len(wav) / io.SAMPLE_RATE
    loudest = io.loudest_dbfs(wav, io.SAMPLE_RATE)

    if len(wav) and (speechless or loudest < p.silent_dbfs):
        return Verdict("silent", f"{loudest:.1f} dBFS at its loudest")
    if len(wav) > MAX_SAMPLES or seconds > p.max_seconds:
        return Verdict("too long", f"{seconds:.2f} s, {p.max_seconds:g} s is the most")
    if seconds < min_seconds:
        outside = "" if len(wav) else ": it lies past the recording's end"
        return Verdict("too short", f"{seconds:.2f} s, {min_seconds:g} s is the least{outside}")
    if measured.clipped > p.clipped_fraction:
        return Verdict("clipped", f"{100 * measured.clipped:.2f} % of the samples at full scale")

    return of_quality(p, measured)


def of_length(text: str, seconds: float, spoken_seconds: float) -> Verdict:
    """Whether a text cannot be what is said, being far too long or too short for it.

    Args:
        text: normalized.
        seconds: of the clip.
        spoken_seconds: of the speech in it.
    """
    slowest, fastest = POSSIBLE_RATES
    if seconds > 0 and len(text) / seconds > fastest:
        found = f"{len(text)} characters in {seconds:.1f} s"
        return Verdict("text unlike sound", f"{found}: nobody says more than {fastest:g} a second")
    if spoken_seconds > max(DRAWN_OUT_SECONDS, len(text) / slowest):
        found = f"{len(text)} characters in {spoken_seconds:.1f} s of speech"
        return Verdict("text unlike sound", f"{found}: less than {slowest:g} a second")
    return KEPT


def of_quality(p: CorpusParams, measured: Measures | AudioMeasures) -> Verdict:
    """Whether the audio quality is too low to train on; what was not measured (NaN) is no fault."""
    kind, level = measured.background, measured.background_db
    if kind in ("music", "applause") and level > p.max_background_db:
        least = -p.max_background_db
        return Verdict(kind, f"{-level:.0f} dB under the speech, {least:g} dB is the least")
    if measured.snr_db < p.min_snr_db:
        found = f"speech is {measured.snr_db:.0f} dB over the noise"
        return Verdict("noisy", f"{found}, {p.min_snr_db:g} dB is the least")
    if measured.bandwidth_hz < p.min_bandwidth_hz:
        found = f"nothing over {measured.bandwidth_hz:.0f} Hz"
        return Verdict("narrow", f"{found}, {p.min_bandwidth_hz:g} Hz is the least")

    return KEPT


def of_recognition(p: CorpusParams, hypothesis: str, measured: Measures) -> Verdict:
    """Whether the text of the ASR is too uncertain to train on.

    Args:
        hypothesis: what the ASR recognises in the clip alone.
    """
    if measured.heard_cer > p.max_heard_cer:
        differ = f"{measured.heard_cer:.2f} of the characters differ"
        return Verdict("text unsure", f"ASR of the clip alone gives {hypothesis!r}, {differ}")
    if measured.confidence < p.min_confidence:
        least = f"{p.min_confidence:g} is the least"
        return Verdict("text unsure", f"confidence {measured.confidence:.2f}, {least}")

    return KEPT


def odd_rates(rates: np.ndarray, deviations: float) -> np.ndarray:
    """(N,) bool: which clips of a source are spoken at an unusual rate.

    Usual is the median, give or take `deviations` robust standard deviations of the logarithms, and
    never less than a factor of MIN_RATE_FACTOR. Among fewer than MIN_RATES known rates none is odd.
    """
    known = np.isfinite(rates) & (rates > 0)
    if known.sum() < MIN_RATES:
        return np.zeros(len(rates), bool)

    logs = np.log(np.where(known, rates, 1.0))
    middle = np.median(logs[known])
    spread = deviations * MAD_TO_DEVIATION * np.median(np.abs(logs[known] - middle))
    return known & (np.abs(logs - middle) > max(spread, np.log(MIN_RATE_FACTOR)))
