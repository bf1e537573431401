"""Training the HiFi-GAN decoder on the GPT's latents: XTTS's class, narrower, kernels of 3 only.

`vago.model.bundled.widen` gives it the stock shape: narrow channels come first, and stock's blocks
with kernels of 7 and 11 hold the same three taps in the middle, so their mean is the narrow block.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from vago.audio import io
from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.model import checkpoint, layout
from vago.model.xtts import CODE_SAMPLES
from vago.recipes.pretrain import speaker_encoder
from vago.recipes.pretrain.adversary import Adversary
from vago.recipes.pretrain.gpt import PROMPT_SECONDS
from vago.recipes.pretrain.speech import TeacherClips
from vago.training.batches import FRAMES_PER_SECOND

LAST = "generator.safetensors"
SAMPLES_PER_CODE = CODE_SAMPLES * OUTPUT_RATE / SAMPLE_RATE  # 1114.56 at 24,000 Hz
SEGMENT = 16  # latents per example, 0.74 s
HOP = 256  # output samples per frame of the generator's input
EDGE = 1500  # output samples left out of the loss at both ends of a segment: they lack context
FFT_SIZES = (256, 512, 1024, 2048)  # of the spectral loss; hops are a quarter
WARM_UP = 100  # steps
PEAK_RATE = 1e-3  # learning rate


@dataclass(frozen=True)
class Pair:
    """One clip: latents (T, D), its sound (samples,) at 24,000 Hz, its speaker embedding (512,)."""

    latents: torch.Tensor
    wav: torch.Tensor
    speaker: torch.Tensor


def new_generator(latent_width: int, width: int):
    """XTTS's HiFi-GAN with `width` first channels (stock 512) and kernels of 3.

    (B, latent_width, frames) -> (B, 1, samples).
    """
    from TTS.vocoder.models.hifigan_generator import HifiganGenerator

    return HifiganGenerator(
        in_channels=latent_width,
        out_channels=1,
        resblock_type="1",
        resblock_dilation_sizes=[[1, 3, 5]],
        resblock_kernel_sizes=[3],
        upsample_kernel_sizes=[16, 16, 4, 4],
        upsample_initial_channel=width,
        upsample_factors=[8, 8, 2, 2],
        inference_padding=0,
        cond_channels=512,
        conv_pre_weight_norm=False,
        conv_post_weight_norm=False,
        conv_post_bias=False,
        cond_in_each_up_layer=True,
    )


def upsample(latents: torch.Tensor) -> torch.Tensor:
    """(B, T, D) latents -> (B, D, frames) at 93.75 Hz, as `HifiDecoder.forward` does."""
    z = F.interpolate(latents.transpose(1, 2), scale_factor=[4.0], mode="linear")
    return F.interpolate(z, scale_factor=[OUTPUT_RATE / SAMPLE_RATE], mode="linear")


def spectral_loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Spectral convergence and L1 of log magnitudes at several resolutions; (B, samples) each.

    Yamamoto et al. 2020, Parallel WaveGAN.
    """
    total = out.new_zeros(())
    for size in FFT_SIZES:
        window = torch.hann_window(size, device=out.device)
        a, b = (
            torch.stft(x, size, size // 4, window=window, return_complex=True).abs().clamp(min=1e-5)
            for x in (out, target)
        )
        total = total + (b - a).norm() / b.norm() + F.l1_loss(a.log(), b.log())
    return total / len(FFT_SIZES)


class MelLoss(nn.Module):
    """L1 of log-mels, 80 bands."""

    def __init__(self):
        super().__init__()
        from torchaudio.transforms import MelSpectrogram

        self.mel = MelSpectrogram(
            OUTPUT_RATE, 1024, hop_length=256, n_mels=80, norm="slaney", mel_scale="slaney", power=1
        )

    def forward(self, out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(B, samples) each -> a scalar."""
        a, b = (self.mel(x).clamp(min=1e-5).log() for x in (out, target))
        return F.l1_loss(a, b)


@torch.no_grad()
def latents_of(
    gpt: nn.Module,
    prompts: torch.Tensor,
    texts: Sequence[torch.Tensor],
    codes: Sequence[torch.Tensor],
) -> list[torch.Tensor]:
    """The latents of given codes, laid out as at inference: the text's stop token is visible.

    Args:
        prompts: (B, 80, F) mels.
        texts, codes: B tensors each, (N,) and (T,).

    Returns:
        B tensors (T, D).
    """
    cond_latents = gpt.get_style_emb(prompts).transpose(1, 2)
    rows = [
        layout.synthesis_sequence(gpt, latents, text, code[:-1])
        for latents, text, code in zip(cond_latents, texts, codes)
    ]

    # the model is causal, so padding at the end changes nothing before it
    padded = pad_sequence(rows, batch_first=True)
    out = gpt.gpt(inputs_embeds=padded, return_dict=True).last_hidden_state
    return [
        gpt.final_norm(out[i, len(row) - len(code) : len(row)]).cpu()
        for i, (row, code) in enumerate(zip(rows, codes))
    ]


def pairs_of(
    numbers: Sequence[int],
    teacher: TeacherClips,
    wavs: Sequence[np.ndarray],
    gpt: nn.Module,
    encoder: nn.Module,
    rng: np.random.Generator,
    device: str,
) -> list[Pair]:
    """Pairs of a teacher's clips with these numbers, as one batch.

    Prompts are random stretches of the teacher's; the speaker embedding is that of another clip.

    Args:
        wavs: the teacher's clips, (samples,) at 22,050 Hz.
        encoder: the speaker encoder in eval mode.
    """
    frames = int(PROMPT_SECONDS * FRAMES_PER_SECOND)
    starts = rng.integers(0, teacher.prompts.shape[1] - frames, len(numbers))
    prompts = torch.stack([teacher.prompts[:, start : start + frames] for start in starts])
    clips = [teacher.clips[k] for k in numbers]
    latents = latents_of(
        gpt, prompts.to(device), [clip.tokens for clip in clips], [clip.codes for clip in clips]
    )

    pairs = []
    for k, latent in zip(numbers, latents):
        other = io.resample(
            wavs[int(rng.integers(len(wavs)))], io.SAMPLE_RATE, speaker_encoder.RATE
        )
        with torch.no_grad():
            speaker = encoder(torch.from_numpy(other)[None], l2_norm=True)[0]
        wav = torch.from_numpy(io.resample(wavs[k], io.SAMPLE_RATE, io.OUTPUT_RATE))
        pairs.append(Pair(latent.half(), wav.half(), speaker))
    return pairs


def random_segments(
    pairs: Sequence[Pair], batch: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Segments cut at random from clips that are long enough.

    Returns:
        latents (B, SEGMENT, D), target (B, samples), speaker embeddings (B, 512, 1).
    """
    drawn = [pairs[int(i)] for i in rng.integers(0, len(pairs), 3 * batch)]
    long = [pair for pair in drawn if len(pair.latents) > SEGMENT][:batch]
    samples = int(SEGMENT * 4 * OUTPUT_RATE / SAMPLE_RATE) * HOP

    latents, wavs = [], []
    for pair in long:
        start = int(rng.integers(0, len(pair.latents) - SEGMENT + 1))
        latents.append(pair.latents[start : start + SEGMENT].float())

        first = round(start * SAMPLES_PER_CODE)
        wav = pair.wav[first : first + samples].float()
        wavs.append(F.pad(wav, (0, samples - len(wav))))

    speakers = torch.stack([pair.speaker for pair in long])[:, :, None]
    return torch.stack(latents), torch.stack(wavs), speakers


def steps_done(folder: Path) -> int:
    """Steps of the training whose checkpoint is in `folder`; 0 without one."""
    last = folder / LAST
    return checkpoint.read_meta(last)["step"] if last.exists() else 0


def train_decoder(
    generator: nn.Module,
    pairs: Sequence[Pair],
    steps: int,
    folder: Path,
    batch: int = 12,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
    every: int = 100,
    adversarial: int = 0,
) -> nn.Module:
    """Train `generator` on `pairs`, resuming from `folder`'s checkpoint; returns it in eval mode.

    Args:
        every: steps between checkpoints.
        adversarial: the last so many of the `steps` have discriminators too, many times the work
            of a step, so for a GPU.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / LAST
    names = [name for name, _ in generator.named_parameters()]
    generator.to(device).train()
    optimizer = torch.optim.AdamW(
        generator.parameters(), lr=PEAK_RATE, betas=(0.8, 0.99), weight_decay=0.0
    )
    step = 0
    if last.exists():
        step = checkpoint.restore_training(last, generator, optimizer, names)["step"]

    mel = MelLoss().to(device)
    adversary = None
    started, since, losses = time.perf_counter(), step, []
    while step < steps:
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, steps)

        segments = random_segments(pairs, batch, np.random.default_rng([seed, step]))
        latents, target, speaker = (t.to(device) for t in segments)
        out = generator(upsample(latents), g=speaker)[:, 0]
        out, target = out[:, EDGE:-EDGE], target[:, EDGE : out.shape[1] - EDGE]
        value = spectral_loss(out, target) + 2 * mel(out, target)
        if step >= steps - adversarial:
            adversary = adversary or Adversary(folder / "adversary.safetensors", device)
            value = value + adversary.loss(out, target)

        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(generator.parameters(), 10.0)
        optimizer.step()
        losses.append(value.item())
        step += 1

        if step % every == 0 or step == steps:
            seconds = (time.perf_counter() - started) / (step - since)
            if adversary:
                adversary.save(step)
            weights = generator.state_dict()
            checkpoint.save_training(last, weights, optimizer, names, {"step": step})

            loss = float(np.mean(losses[-every:]))
            with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, "loss": loss}) + "\n")
            log(f"decoder step {step}/{steps}, {seconds:.2f} s a step, loss {loss:.3f}")

    return generator.eval()


def _rate(step: int, steps: int) -> float:
    """Linear over the first WARM_UP steps, times a half cosine down to a twentieth."""
    cosine = 0.05 + 0.95 * (0.5 + 0.5 * np.cos(np.pi * step / steps))
    return PEAK_RATE * min(1, (step + 1) / WARM_UP) * cosine
