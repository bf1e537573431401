"""Text -> audio: many lines decoded at once with a key-value cache, the latents taken on the way, each line vocoded once.

Stock `Xtts.inference` decodes one line at a time and then runs the whole GPT again over what it decoded to get the latents
that the decoder needs; those are the hidden states that decoding went through, so here they are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import (
    DynamicCache,
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from vago import VagoError, text
from vago.audio import OUTPUT_RATE, SAMPLE_RATE
from vago.base import CODE_SAMPLES
from vago.params import SpeechParams

CHARACTER_LIMIT = 224  # XTTS-v2's soft limit for Hungarian
MAX_LINES = 16  # decoded at once
CODES_PER_SECOND = SAMPLE_RATE / CODE_SAMPLES


@dataclass(frozen=True)
class Voice:
    """What makes the model sound like somebody: `gpt_cond_latents` (1, 32, D) and `speaker_embedding` (1, 512, 1)."""

    gpt_cond_latents: torch.Tensor
    speaker_embedding: torch.Tensor


@dataclass(frozen=True)
class Decoded:
    """codes: (T,) int64 with the stop code last where `ended`; latents: (T, D), one per code as stock counts them."""

    codes: torch.Tensor
    latents: torch.Tensor
    ended: bool


@dataclass(frozen=True)
class Speech:
    """One spoken line: `wav` float32 (samples,) at 24,000 Hz, the seconds it took to make, and whether every sentence
    came to its own end (False: cut at the limit of `max_seconds_per_char`)."""

    wav: np.ndarray
    took: float
    ended: bool

    @property
    def seconds(self) -> float:
        return len(self.wav) / OUTPUT_RATE


def voice_from(model, wavs: Sequence[np.ndarray], seconds: float = 6.0) -> Voice:
    """The voice of reference recordings (float32 mono at 22,050 Hz), `seconds` of them for the GPT's prompt.

    Uses stock's two encoders but not its file reading, which needs FFmpeg's libraries.
    """
    audio = [torch.from_numpy(np.ascontiguousarray(wav))[None] for wav in wavs]
    whole = torch.cat(audio, dim=1)[:, : int(seconds * SAMPLE_RATE)]
    if whole.shape[1] < SAMPLE_RATE:
        raise VagoError(f"the reference audio is {whole.shape[1] / SAMPLE_RATE:.2f} s long: give at least one second")
    latents = model.get_gpt_cond_latents(whole.to(model.device), SAMPLE_RATE, length=-1, chunk_length=6)
    embeddings = [model.get_speaker_embedding(wav.to(model.device), SAMPLE_RATE) for wav in audio]
    return Voice(latents, torch.stack(embeddings).mean(dim=0))


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

    The random numbers of a sentence come from the seed and its place alone, so a line sounds the same whatever is
    spoken beside it.
    """
    pieces = [(i, j, piece) for i, line in enumerate(lines) for j, piece in enumerate(sentences(line))]
    tokens = [torch.tensor(encode(piece)) for *_, piece in pieces]
    for (*_, piece), ids in zip(pieces, tokens):
        if len(ids) >= model.args.gpt_max_text_tokens:
            raise VagoError(
                f"{len(ids)} tokens are too many for one sentence, the model takes {model.args.gpt_max_text_tokens}: {piece!r}"
            )
    wavs: list[list[np.ndarray]] = [[] for _ in lines]
    took, ended = [0.0] * len(lines), [True] * len(lines)
    for at in range(0, len(pieces), MAX_LINES):
        part = slice(at, at + MAX_LINES)
        limits = [int(len(piece) * p.max_seconds_per_char * CODES_PER_SECOND) + 12 for *_, piece in pieces[part]]
        seeds = [p.seed * 1_000_003 + i * 101 + j for i, j, _ in pieces[part]]
        started = time.perf_counter()
        decoded = decode(model.gpt, voice.gpt_cond_latents, tokens[part], p, limits, seeds)
        share = (time.perf_counter() - started) / len(decoded)
        for (i, _, _), line in zip(pieces[part], decoded):
            started = time.perf_counter()
            wavs[i].append(vocode(model, line.latents, voice.speaker_embedding))
            took[i] += share + time.perf_counter() - started
            ended[i] &= line.ended
            if on_progress:
                on_progress(sum(map(len, wavs)), len(pieces))
    pause = np.zeros(int(pause_seconds * OUTPUT_RATE), dtype=np.float32)
    joined = [np.concatenate([part for k, wav in enumerate(line) for part in ((pause, wav) if k else (wav,))]) for line in wavs]
    return [Speech(wav, took[i], ended[i]) for i, wav in enumerate(joined)]


def sentences(line: str) -> list[str]:
    """What is spoken in one go: the normalised line, split at sentence ends under the character limit."""
    spoken = text.normalise(line)
    if not spoken:
        raise VagoError(f"nothing is left to be spoken of {line!r}: give the line some words")
    return text.split_sentences(spoken, CHARACTER_LIMIT)


@torch.inference_mode()
def decode(
    gpt: nn.Module,
    cond_latents: torch.Tensor,
    texts: Sequence[torch.Tensor],
    p: SpeechParams,
    limits: Sequence[int],
    seeds: Sequence[int],
) -> list[Decoded]:
    """Draw audio codes for several texts at once.

    Args:
        cond_latents: (1, 32, D) the voice's prompt.
        texts: (N,) token ids each, without start and stop.
        p: sampling settings; temperature 0 takes the likeliest code.
        limits: the most codes per text.
    """
    device = cond_latents.device
    hidden, mask, cache = _prefill(gpt, cond_latents, texts)
    processors = sampling(p)
    generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    limits = [min(limit, gpt.max_gen_mel_tokens) for limit in limits]
    codes = torch.empty(len(texts), 0, dtype=torch.long, device=device)
    latents, lengths = [], [0] * len(texts)
    for step in range(max(limits)):
        latent = gpt.final_norm(hidden)
        latents.append(latent)
        code = _draw(processors(codes, gpt.mel_head(latent).float()), p.temperature, generators)
        codes = torch.cat([codes, code], dim=1)
        for i, value in enumerate(code[:, 0].tolist()):
            if not lengths[i] and (value == gpt.stop_audio_token or step + 1 >= limits[i]):
                lengths[i] = step + 1
        if all(lengths):
            break
        emb = gpt.mel_embedding(code) + gpt.mel_pos_embedding.get_fixed_embedding(step + 1, device)
        mask = torch.cat([mask, mask.new_ones(len(texts), 1)], dim=1)
        out = gpt.gpt(inputs_embeds=emb, attention_mask=mask, past_key_values=cache, use_cache=True, return_dict=True)
        hidden = out.last_hidden_state[:, -1]
    stacked = torch.stack(latents, dim=1)
    return [
        Decoded(codes[i, :n], stacked[i, :n], ended=codes[i, n - 1].item() == gpt.stop_audio_token) for i, n in enumerate(lengths)
    ]


def _prefill(gpt: nn.Module, cond_latents: torch.Tensor, texts: Sequence[torch.Tensor]):
    """Run [prompt, start text stop, start of audio] of every line; shorter ones are padded on the left and masked."""
    device = cond_latents.device
    start_audio = torch.tensor([[gpt.start_audio_token]], device=device)
    audio = gpt.mel_embedding(start_audio) + gpt.mel_pos_embedding(start_audio)
    prefixes = []
    for tokens in texts:
        ids = nn.functional.pad(tokens.to(device)[None], (1, 0), value=gpt.start_text_token)
        ids = nn.functional.pad(ids, (0, 1), value=gpt.stop_text_token)
        prefixes.append(torch.cat([cond_latents, gpt.text_embedding(ids) + gpt.text_pos_embedding(ids), audio], dim=1)[0])
    width = max(map(len, prefixes))
    emb = torch.stack([nn.functional.pad(prefix, (0, 0, width - len(prefix), 0)) for prefix in prefixes])
    mask = torch.stack([torch.arange(width, device=device) >= width - len(prefix) for prefix in prefixes]).long()
    cache = DynamicCache()
    out = gpt.gpt(inputs_embeds=emb, attention_mask=mask, past_key_values=cache, use_cache=True, return_dict=True)
    return out.last_hidden_state[:, -1], mask, cache


def sampling(p: SpeechParams) -> LogitsProcessorList:
    """transformers' own processors in the order stock's `generate` applies them."""
    processors = LogitsProcessorList()
    if p.repetition_penalty != 1:
        processors.append(RepetitionPenaltyLogitsProcessor(p.repetition_penalty))
    if p.temperature:
        processors += [TemperatureLogitsWarper(p.temperature), TopKLogitsWarper(p.top_k), TopPLogitsWarper(p.top_p)]
    return processors


def _draw(logits: torch.Tensor, temperature: float, generators: list[torch.Generator]) -> torch.Tensor:
    """(B, V) -> (B, 1); each line draws from its own generator."""
    if not temperature:
        return logits.argmax(dim=-1, keepdim=True)
    shares = logits.softmax(dim=-1)
    return torch.stack([torch.multinomial(row, 1, generator=g) for row, g in zip(shares, generators)])


@torch.inference_mode()
def vocode(model, latents: torch.Tensor, speaker_embedding: torch.Tensor) -> np.ndarray:
    """(T, D) latents -> float32 (samples,) at 24,000 Hz."""
    return model.hifigan_decoder(latents[None], g=speaker_embedding).squeeze().cpu().numpy()
