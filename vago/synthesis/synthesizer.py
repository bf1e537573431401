"""Text -> audio: many lines decoded in batches, or one line streamed while it is being decoded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from vago import VagoError
from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.synthesis import durations, vocoder
from vago.synthesis.decoding import CODES_PER_SECOND, Decoded, decode, steps
from vago.synthesis.params import SpeechParams
from vago.text import normalize

MAX_SENTENCES = 16  # decoded in one batch

# Codes in a stream's chunks: each chunk has twice as many as the one before, up to the longest.
FIRST_CHUNK, LONGEST_CHUNK = 8, 32
FADE = vocoder.HOP  # samples of cross-fade between chunks; a multiple of HOP


@dataclass(frozen=True)
class Voice:
    """What conditions the model on a speaker.

    Attributes:
        gpt_cond_latents: (1, 32, D), the GPT's prompt.
        speaker_embedding: (1, 512, 1), for the vocoder.
        seconds_per_character: the speaker's lowest and highest usual value, where known.
    """

    gpt_cond_latents: torch.Tensor
    speaker_embedding: torch.Tensor
    seconds_per_character: tuple[float, float] | None = None


@dataclass(frozen=True)
class Utterance:
    """One spoken line.

    Attributes:
        wav: (samples,) float32 at 24,000 Hz.
        took_seconds: time of its synthesis.
        ended: False where a sentence was cut at the limit of `max_seconds_per_char`.
        takes: samplings of its most often resampled sentence.
        duration: whether it is usual for the voice, see `durations.judged`; of the kept takes.
    """

    wav: np.ndarray
    took_seconds: float
    ended: bool
    takes: int = 1
    duration: str = durations.OK

    @property
    def seconds(self) -> float:
        return len(self.wav) / OUTPUT_RATE


class Sentence(NamedTuple):
    """The `number`th sentence of a line, normalized, and its token ids."""

    line: int
    number: int
    text: str
    tokens: torch.Tensor


def voice_from(
    model,
    wavs: Sequence[np.ndarray],
    seconds: float = 6.0,
    seconds_per_character: tuple[float, float] | None = None,
) -> Voice:
    """The voice of reference recordings (float32 mono at 22,050 Hz), `seconds` of them as prompt.

    Uses stock's two encoders but not its file reading, which needs FFmpeg's libraries.

    Raises:
        VagoError: the recordings are shorter than one second.
    """
    audio = [torch.from_numpy(np.ascontiguousarray(wav))[None] for wav in wavs]
    prompt = torch.cat(audio, dim=1)[:, : int(seconds * SAMPLE_RATE)]
    if prompt.shape[1] < SAMPLE_RATE:
        length = prompt.shape[1] / SAMPLE_RATE
        raise VagoError(f"the reference audio is {length:.2f} s long: give at least one second")

    prompt = prompt.to(model.device)
    latents = model.get_gpt_cond_latents(prompt, SAMPLE_RATE, length=-1, chunk_length=6)
    embeddings = [model.get_speaker_embedding(wav.to(model.device), SAMPLE_RATE) for wav in audio]
    return Voice(latents, torch.stack(embeddings).mean(dim=0), seconds_per_character)


def speak(
    model,
    voice: Voice,
    lines: Sequence[str],
    encode: Callable[[str], list[int]],
    p: SpeechParams,
    pause_seconds: float = 0.35,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Utterance]:
    """Speak each line. Long lines are split at sentence ends and joined with pauses.

    A sentence that babbles, breaks off or does not end is a duration outlier. Where the voice's
    seconds per character are known, such a sentence is sampled again, at most `p.max_resamples`
    times, and the least odd take is kept.

    The random numbers of a sentence depend on the seed and its place alone, so a line sounds the
    same whatever else is in the batch.
    """
    todo = [
        Sentence(i, j, text, _tokens(model, text, encode))
        for i, line in enumerate(lines)
        for j, text in enumerate(sentences(line, p.max_characters))
    ]
    # A batch takes as many steps as its longest sentence, so similar lengths go together.
    todo.sort(key=lambda sentence: len(sentence.text))

    usual = voice.seconds_per_character
    spoken: dict[tuple[int, int], Utterance] = {}
    for at in range(0, len(todo), MAX_SENTENCES):
        batch = todo[at : at + MAX_SENTENCES]
        started = time.perf_counter()
        decoded = _decode_with_resamples(model.gpt, voice, batch, p)
        share = (time.perf_counter() - started) / len(batch)

        for sentence, (take, takes) in zip(batch, decoded):
            started = time.perf_counter()
            wav = vocoder.vocode(model, take.latents, voice.speaker_embedding)
            took = share + time.perf_counter() - started
            duration = durations.judged(take.seconds, sentence.text, take.ended, usual)
            place = sentence.line, sentence.number
            spoken[place] = Utterance(wav, took, take.ended, takes, duration)
            if on_progress:
                on_progress(len(spoken), len(todo))

    of_line: list[list[Utterance]] = [[] for _ in lines]
    for (line, _), utterance in sorted(spoken.items(), key=lambda item: item[0]):
        of_line[line].append(utterance)
    return [_joined(parts, _pause(pause_seconds)) for parts in of_line]


def stream(
    model,
    voice: Voice,
    line: str,
    encode: Callable[[str], list[int]],
    p: SpeechParams,
    pause_seconds: float = 0.35,
    number: int = 0,
) -> Iterator[np.ndarray]:
    """Speak one line while it is being decoded: float32 chunks at 24,000 Hz.

    The first chunk is ready after eight codes. Joined, the chunks equal what `speak` gives to 1e-5,
    unless `speak` resamples: a stream cannot, its audio is already playing. Each chunk is vocoded
    with all the frames around it that its samples depend on. The cross-fade between neighbours is
    for machines that round differently.

    Args:
        number: the line's place in its script, part of the seed of its random numbers.
    """
    for j, text in enumerate(sentences(line, p.max_characters)):
        if j:
            yield _pause(pause_seconds)

        tokens = _tokens(model, text, encode)
        limit = code_limit(text, p)
        seed = seed_of(p, number, j)
        drawn = steps(model.gpt, voice.gpt_cond_latents, [tokens], p, [limit], [seed])
        yield from _chunks(model, (latent[0] for *_, latent in drawn), voice.speaker_embedding)


def code_limit(text: str, p: SpeechParams) -> int:
    """Maximum number of codes of a sentence."""
    return int(len(text) * p.max_seconds_per_char * CODES_PER_SECOND) + 12


def seed_of(p: SpeechParams, line: int, sentence: int, take: int = 0) -> int:
    """Seed of a take's random numbers."""
    return p.seed * 1_000_003 + line * 101 + sentence + take * 500_009


def sentences(line: str, limit: int) -> list[str]:
    """The normalized line; one longer than `limit` characters is split at sentence ends.

    Raises:
        VagoError: nothing is left after normalization.
    """
    text = normalize.normalize_text(line)
    if not text:
        raise VagoError(f"nothing is left to be spoken of {line!r}: give the line some words")
    return normalize.split_sentences(text, limit)


def _decode_with_resamples(
    gpt, voice: Voice, batch: Sequence[Sentence], p: SpeechParams
) -> list[tuple[Decoded, int]]:
    """(the least odd take, number of takes) of each sentence."""
    usual = voice.seconds_per_character

    def oddness(take: Decoded, text: str) -> tuple[bool, float]:
        return durations.oddness(take.seconds, text, take.ended, usual)

    most = 1 + p.max_resamples if usual and p.temperature else 1

    takes: list[list[Decoded]] = [[] for _ in batch]
    left = list(range(len(batch)))
    for take in range(most):
        chosen = [batch[k] for k in left]
        tokens = [sentence.tokens for sentence in chosen]
        limits = [code_limit(sentence.text, p) for sentence in chosen]
        seeds = [seed_of(p, sentence.line, sentence.number, take) for sentence in chosen]
        decoded = decode(gpt, voice.gpt_cond_latents, tokens, p, limits, seeds)
        for k, one in zip(left, decoded):
            takes[k].append(one)

        left = [k for k in left if oddness(takes[k][-1], batch[k].text) > (False, 0)]
        if not left:
            break

    best = [
        min(found, key=lambda take: oddness(take, sentence.text))
        for found, sentence in zip(takes, batch)
    ]
    return list(zip(best, map(len, takes)))


def _joined(parts: Sequence[Utterance], pause: np.ndarray) -> Utterance:
    """A line from its sentences."""
    wavs = [wav for part in parts for wav in (pause, part.wav)]
    return Utterance(
        wav=np.concatenate(wavs[1:]),
        took_seconds=sum(part.took_seconds for part in parts),
        ended=all(part.ended for part in parts),
        takes=max(part.takes for part in parts),
        duration=durations.of_line([part.duration for part in parts]),
    )


def _chunks(
    model, latents: Iterator[torch.Tensor], speaker_embedding: torch.Tensor
) -> Iterator[np.ndarray]:
    """Latents (D,) as they are decoded -> chunks of samples."""
    per_latent, to_output = vocoder.frame_scales(model.hifigan_decoder)
    radius = vocoder.receptive_radius(vocoder.slim_decoder(model))
    had: list[torch.Tensor] = []
    done = 0  # frames whose samples were given out
    tail = np.zeros(0, dtype=np.float32)  # of the last chunk, to be faded into the next
    chunk = wanted = FIRST_CHUNK  # latents of the next chunk, and in all until then

    def vocode(known: int, end: int) -> np.ndarray:
        """Samples from the tail's first frame to frame `end`, of `known` frames that are final."""
        faded = len(tail) // vocoder.HOP
        start = max(done - faded - radius, 0)
        z = vocoder.frames(model, torch.stack(had))[:, :, start:known]
        wav = vocoder.samples(model, z, speaker_embedding)
        wav = wav[(done - faded - start) * vocoder.HOP : (end - start) * vocoder.HOP]

        rise = np.linspace(0, 1, len(tail), dtype=np.float32)
        wav[: len(tail)] = wav[: len(tail)] * rise + tail * (1 - rise)
        return wav

    for latent in latents:
        had.append(latent)
        if len(had) < wanted:
            continue

        # A frame is interpolated between latents: those of the last latent are not final yet.
        known = int((len(had) - 1) * per_latent * to_output)
        end = known - radius
        if end > done:
            wav = vocode(known, end)
            tail = wav[-FADE:].copy()
            done = end
            yield wav[:-FADE]
        chunk = min(2 * chunk, LONGEST_CHUNK)
        wanted += chunk

    whole = vocoder.frames(model, torch.stack(had)).shape[2]
    yield vocode(whole, whole)


def _tokens(model, text: str, encode: Callable[[str], list[int]]) -> torch.Tensor:
    ids = encode(text)
    most = model.args.gpt_max_text_tokens
    if len(ids) >= most:
        raise VagoError(
            f"{text!r} has {len(ids)} tokens, a sentence may have {most - 1}: lower max_characters"
        )
    return torch.tensor(ids)


def _pause(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * OUTPUT_RATE), dtype=np.float32)
