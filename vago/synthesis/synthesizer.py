"""Text -> audio: many lines decoded at once and each vocoded once, or one line streamed while it is being decoded."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vago import VagoError
from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.model.xtts import CODE_SAMPLES
from vago.synthesis import vocoder
from vago.synthesis.decoding import Decoded, decode, steps
from vago.synthesis.params import SpeechParams
from vago.text import normalize

MAX_LINES = 16  # decoded at once
CODES_PER_SECOND = SAMPLE_RATE / CODE_SAMPLES
CHUNKS = (
    8,
    32,
)  # codes in the first chunk of a stream, and in the longest; each is twice the one before
FADE = vocoder.HOP  # samples over which neighbouring chunks are cross-faded, whole frames


@dataclass(frozen=True)
class Voice:
    """What makes the model sound like somebody: `gpt_cond_latents` (1, 32, D) and `speaker_embedding` (1, 512, 1); and the
    least and the most seconds that he takes for a character, where that is known."""

    gpt_cond_latents: torch.Tensor
    speaker_embedding: torch.Tensor
    seconds_per_character: tuple[float, float] | None = None


@dataclass(frozen=True)
class Speech:
    """One spoken line: `wav` float32 (samples,) at 24,000 Hz, the seconds it took to make, whether every sentence came to
    its own end (False: cut at the limit of `max_seconds_per_char`), and how many takes its sentences had."""

    wav: np.ndarray
    took: float
    ended: bool
    takes: int = 1

    @property
    def seconds(self) -> float:
        return len(self.wav) / OUTPUT_RATE


def voice_from(
    model,
    wavs: Sequence[np.ndarray],
    seconds: float = 6.0,
    seconds_per_character: tuple[float, float] | None = None,
) -> Voice:
    """The voice of reference recordings (float32 mono at 22,050 Hz), `seconds` of them for the GPT's prompt.

    Uses stock's two encoders but not its file reading, which needs FFmpeg's libraries.
    """
    audio = [torch.from_numpy(np.ascontiguousarray(wav))[None] for wav in wavs]
    whole = torch.cat(audio, dim=1)[:, : int(seconds * SAMPLE_RATE)]
    if whole.shape[1] < SAMPLE_RATE:
        raise VagoError(
            f"the reference audio is {whole.shape[1] / SAMPLE_RATE:.2f} s long: give at least one second"
        )
    latents = model.get_gpt_cond_latents(
        whole.to(model.device), SAMPLE_RATE, length=-1, chunk_length=6
    )
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
) -> list[Speech]:
    """Speak each line. Long lines are split at sentence ends and joined with pauses.

    A sentence that babbles on, breaks off or does not end has an odd length; where the voice's pace is known such a one is
    drawn again, `p.max_resamples` times at most, and the least odd take is kept.

    The random numbers of a sentence come from the seed and its place alone, so a line sounds the same whatever is
    spoken beside it.
    """
    split = [
        (i, j, piece)
        for i, line in enumerate(lines)
        for j, piece in enumerate(sentences(line, p.max_characters))
    ]
    pieces = [(i, j, piece, _tokens(model, piece, encode)) for i, j, piece in split]
    # a batch takes as many steps as its longest line, so lines of like lengths go together
    pieces.sort(key=lambda piece: len(piece[2]))
    wavs: list[dict[int, np.ndarray]] = [{} for _ in lines]
    took, ended, takes = [0.0] * len(lines), [True] * len(lines), [1] * len(lines)
    for at in range(0, len(pieces), MAX_LINES):
        part = pieces[at : at + MAX_LINES]
        started = time.perf_counter()
        decoded = _takes(model.gpt, voice, part, p)
        share = (time.perf_counter() - started) / len(decoded)
        for (i, j, *_), (line, count) in zip(part, decoded):
            started = time.perf_counter()
            wavs[i][j] = vocoder.vocode(model, line.latents, voice.speaker_embedding)
            took[i] += share + time.perf_counter() - started
            ended[i] &= line.ended
            takes[i] = max(takes[i], count)
            if on_progress:
                on_progress(sum(map(len, wavs)), len(pieces))
    pause = _pause(pause_seconds)
    ordered = [[wav for _, wav in sorted(line.items())] for line in wavs]
    joined = [
        np.concatenate([part for wav in line for part in (pause, wav)][1:]) for line in ordered
    ]
    return [Speech(wav, took[i], ended[i], takes[i]) for i, wav in enumerate(joined)]


def _takes(
    gpt, voice: Voice, part: Sequence[tuple[int, int, str, torch.Tensor]], p: SpeechParams
) -> list[tuple[Decoded, int]]:
    """Each sentence (line, place in it, text, tokens) decoded, and how many takes it had."""

    def oddness(line: Decoded, piece: str) -> tuple[bool, float]:
        """Whether it was cut, and by how many seconds per character it leaves the voice's pace."""
        low, high = voice.seconds_per_character or (0, math.inf)
        pace = len(line.codes) / CODES_PER_SECOND / len(piece)
        return not line.ended, max(low - pace, pace - high, 0)

    takes: list[list[Decoded]] = [[] for _ in part]
    left = list(range(len(part)))
    for take in range(1 + p.max_resamples * bool(voice.seconds_per_character and p.temperature)):
        tokens, limits = [part[k][3] for k in left], [code_limit(part[k][2], p) for k in left]
        seeds = [seed_of(p, *part[k][:2], take) for k in left]
        for k, line in zip(left, decode(gpt, voice.gpt_cond_latents, tokens, p, limits, seeds)):
            takes[k].append(line)
        left = [k for k in left if oddness(takes[k][-1], part[k][2]) > (False, 0)]
        if not left:
            break
    return [
        (min(lines, key=lambda line: oddness(line, piece)), len(lines))
        for lines, (_, _, piece, _) in zip(takes, part)
    ]


def stream(
    model,
    voice: Voice,
    line: str,
    encode: Callable[[str], list[int]],
    p: SpeechParams,
    pause_seconds: float = 0.35,
    number: int = 0,
) -> Iterator[np.ndarray]:
    """Speak one line while it is being decoded: float32 chunks at 24,000 Hz that, joined, are what `speak` gives to 1e-5
    where it needs no second take: what has been heard cannot be drawn again.

    The first chunk is there after eight codes. Each chunk is vocoded with as many frames around it as its samples hang on, so
    it is what vocoding the whole line would give; neighbours are cross-faded all the same, for machines that round otherwise.

    Args:
        number: the line's place in its script, on which its random numbers hang.
    """
    for j, piece in enumerate(sentences(line, p.max_characters)):
        if j:
            yield _pause(pause_seconds)
        tokens, limit, seed = (
            _tokens(model, piece, encode),
            code_limit(piece, p),
            seed_of(p, number, j),
        )
        drawn = steps(model.gpt, voice.gpt_cond_latents, [tokens], p, [limit], [seed])
        yield from _chunks(model, (latent[0] for *_, latent in drawn), voice.speaker_embedding)


def _chunks(
    model, latents: Iterator[torch.Tensor], speaker_embedding: torch.Tensor
) -> Iterator[np.ndarray]:
    """Latents (D,) as they come -> chunks of samples."""
    per_latent, to_output = vocoder.frame_scales(model.hifigan_decoder)
    reach = vocoder.reach(vocoder.slim_decoder(model))
    had, done = [], 0  # latents, and the frames whose samples were given out
    chunk, longest = CHUNKS
    wanted = chunk  # so many latents before the next chunk
    tail = np.zeros(0, dtype=np.float32)

    def until(sure: int, end: int) -> np.ndarray:
        """Samples of the frames from `done` to `end`, `sure` of them known, behind the last chunk's tail faded into them."""
        hop, fade = vocoder.HOP, len(tail) // vocoder.HOP
        start = max(done - fade - reach, 0)
        z = vocoder.frames(model, torch.stack(had))[:, :, start:sure]
        wav = vocoder.samples(model, z, speaker_embedding)[
            (done - fade - start) * hop : (end - start) * hop
        ]
        rise = np.linspace(0, 1, len(tail), dtype=np.float32)
        wav[: len(tail)] = wav[: len(tail)] * rise + tail * (1 - rise)
        return wav

    for latent in latents:
        had.append(latent)
        if len(had) < wanted:
            continue
        # a frame hangs on the latents beside it: of the last one's frames none is sure yet
        sure = int((len(had) - 1) * per_latent * to_output)
        end = sure - reach
        if end > done:
            wav = until(sure, end)
            tail, done = wav[-FADE:].copy(), end
            yield wav[:-FADE]
        chunk = min(2 * chunk, longest)
        wanted += chunk
    whole = vocoder.frames(model, torch.stack(had)).shape[2]
    yield until(whole, whole)


def code_limit(piece: str, p: SpeechParams) -> int:
    """The most codes that are drawn for a sentence."""
    return int(len(piece) * p.max_seconds_per_char * CODES_PER_SECOND) + 12


def seed_of(p: SpeechParams, line: int, sentence: int, take: int = 0) -> int:
    """Of a sentence's random numbers."""
    return p.seed * 1_000_003 + line * 101 + sentence + take * 500_009


def _tokens(model, piece: str, encode: Callable[[str], list[int]]) -> torch.Tensor:
    ids = encode(piece)
    if len(ids) >= model.args.gpt_max_text_tokens:
        raise VagoError(
            f"{len(ids)} tokens are too many for one sentence, the model takes {model.args.gpt_max_text_tokens}: {piece!r}"
        )
    return torch.tensor(ids)


def _pause(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * OUTPUT_RATE), dtype=np.float32)


def sentences(line: str, limit: int) -> list[str]:
    """What is spoken in one go: the normalised line, where it has more than `limit` characters in pieces, at sentence ends."""
    spoken = normalize.normalise(line)
    if not spoken:
        raise VagoError(f"nothing is left to be spoken of {line!r}: give the line some words")
    return normalize.split_sentences(spoken, limit)
