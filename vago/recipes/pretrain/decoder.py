"""Training the HiFi-GAN decoder on the GPT's latents: XTTS's class, narrower, with kernels of three samples only.

`vago.model.widen` puts it into the stock shape: narrow channels come first, and stock's blocks with kernels of 7 and 11 samples hold
the same three taps in their middle, so that their mean is the narrow block.
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

from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.model import checkpoint
from vago.model.xtts import CODE_SAMPLES

LAST = "generator.safetensors"
SAMPLES_PER_CODE = CODE_SAMPLES * OUTPUT_RATE / SAMPLE_RATE  # 1114.56 at 24,000 Hz
SEGMENT = 16  # latents per example, 0.74 s
EDGE = 1500  # output samples at both ends of a segment that miss their neighbours, so they are not compared
RESOLUTIONS = (
    256,
    512,
    1024,
    2048,
)  # FFT sizes of the losses (Yamamoto et al. 2020); hops are a quarter


def new_generator(latent_width: int, width: int):
    """XTTS's HiFi-GAN with `width` first channels (stock 512) and kernels of 3. (B, latent_width, frames) -> (B, 1, samples)."""
    from TTS.vocoder.models.hifigan_generator import HifiganGenerator

    return HifiganGenerator(
        latent_width, 1, "1", [[1, 3, 5]], [3], [16, 16, 4, 4], width, [8, 8, 2, 2], inference_padding=0, cond_channels=512,
        conv_pre_weight_norm=False, conv_post_weight_norm=False, conv_post_bias=False, cond_in_each_up_layer=True,
    )  # fmt: skip


def upsample(latents: torch.Tensor) -> torch.Tensor:
    """(B, T, D) latents -> (B, D, frames) at 93.75 Hz, as `HifiDecoder.forward` does."""
    z = F.interpolate(latents.transpose(1, 2), scale_factor=[4.0], mode="linear")
    return F.interpolate(z, scale_factor=[OUTPUT_RATE / SAMPLE_RATE], mode="linear")


def spectral_loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Over several resolutions: spectral convergence and L1 of log magnitudes (Yamamoto et al. 2020). (B, samples) each."""
    total = out.new_zeros(())
    for size in RESOLUTIONS:
        window = torch.hann_window(size, device=out.device)
        a, b = (
            torch.stft(x, size, size // 4, window=window, return_complex=True).abs().clamp(min=1e-5)
            for x in (out, target)
        )
        total = total + (b - a).norm() / b.norm() + F.l1_loss(a.log(), b.log())
    return total / len(RESOLUTIONS)


class MelLoss(nn.Module):
    """L1 of log-mels, 80 bands: what the ear weighs most."""

    def __init__(self):
        super().__init__()
        from torchaudio.transforms import MelSpectrogram

        self.mel = MelSpectrogram(
            OUTPUT_RATE, 1024, hop_length=256, n_mels=80, norm="slaney", mel_scale="slaney", power=1
        )

    def forward(self, out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        a, b = (self.mel(x).clamp(min=1e-5).log() for x in (out, target))
        return F.l1_loss(a, b)


def segments(pairs: Sequence[Pair], batch: int, rng: np.random.Generator):
    """(latents (B, SEGMENT, D), target (B, samples), speakers (B, 512, 1)) cut at random from clips that are long enough."""
    long = [
        p
        for p in (pairs[int(i)] for i in rng.integers(0, len(pairs), 3 * batch))
        if len(p.latents) > SEGMENT
    ][:batch]
    frames = int(SEGMENT * 4 * OUTPUT_RATE / SAMPLE_RATE)
    latents, wavs = [], []
    for pair in long:
        start = int(rng.integers(0, len(pair.latents) - SEGMENT + 1))
        first = round(start * SAMPLES_PER_CODE)
        latents.append(pair.latents[start : start + SEGMENT].float())
        wav = pair.wav[first : first + frames * 256].float()
        wavs.append(F.pad(wav, (0, frames * 256 - len(wav))))
    return (
        torch.stack(latents),
        torch.stack(wavs),
        torch.stack([p.speaker for p in long])[:, :, None],
    )


def steps_done(folder: Path) -> int:
    """Of the training whose checkpoint lies in `folder`; 0 where there is none."""
    last = folder / LAST
    return checkpoint.read_meta(last)["step"] if last.exists() else 0


def train_decoder(
    generator: nn.Module,
    pairs: Sequence[Pair],
    steps: int,
    folder: Path,
    batch: int = 12,
    rate: float = 1e-3,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
    every: int = 100,
    adversarial: int = 0,
) -> nn.Module:
    """Train `generator` on `pairs`, on from `folder`'s last checkpoint if there is one; returns it in eval mode.

    An adversary takes part in the last `adversarial` of the `steps`: many times the work of a step, so for a GPU.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last, names = folder / LAST, [name for name, _ in generator.named_parameters()]
    generator.to(device).train()
    optimizer = torch.optim.AdamW(
        generator.parameters(), lr=rate, betas=(0.8, 0.99), weight_decay=0.0
    )
    step = 0
    if last.exists():
        tensors, meta = checkpoint.load(last)
        generator.load_state_dict(
            {k: v for k, v in tensors.items() if not k.startswith("optimizer.")}
        )
        checkpoint.restore_optimizer(optimizer, names, tensors)
        step = meta["step"]
    mel, adversary = MelLoss().to(device), None
    started, since, losses = time.perf_counter(), step, []
    while step < steps:
        for group in optimizer.param_groups:  # up in 100 steps, then a half cosine to a twentieth
            group["lr"] = (
                rate
                * min(1, (step + 1) / 100)
                * (0.05 + 0.95 * (0.5 + 0.5 * np.cos(np.pi * step / steps)))
            )
        latents, target, speaker = (
            t.to(device) for t in segments(pairs, batch, np.random.default_rng([seed, step]))
        )
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
            pace = (time.perf_counter() - started) / (step - since)
            if adversary:
                adversary.save(step)
            checkpoint.save(
                last,
                generator.state_dict() | checkpoint.optimizer_tensors(optimizer, names),
                {"step": step},
            )
            with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
                file.write(
                    json.dumps({"step": step, "loss": float(np.mean(losses[-every:]))}) + "\n"
                )
            log(
                f"decoder step {step}/{steps}, {pace:.2f} s a step, loss {np.mean(losses[-every:]):.3f}"
            )
    return generator.eval()


RATE = 2e-4


# what the spectral losses (about 2.7 when they have converged) weigh against the adversary's, and its two halves, as in
# coqui-tts's HifiganConfig: 45 x L1 of mels, 108 x mean feature distance, 1 x least squares
SPECTRAL, FEATURES = 22.5, 108.0


class Adversary:
    """Multi-period and multi-scale discriminators with least-squares losses (Kong, Kim & Bae 2020, coqui-tts's classes).

    `file` is where their weights and optimizer go, and where they come from when it is there.
    """

    def __init__(self, file: Path, device: str = "cpu"):
        from TTS.vocoder.layers.losses import MelganFeatureLoss, MSEDLoss, MSEGLoss
        from TTS.vocoder.models.hifigan_discriminator import HifiganDiscriminator

        self.file = file
        self.module = HifiganDiscriminator().to(device).train()
        self.names = [name for name, _ in self.module.named_parameters()]
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=RATE, betas=(0.8, 0.99))
        self.real_or_made, self.fooled, self.features = MSEDLoss(), MSEGLoss(), MelganFeatureLoss()
        if file.exists():
            tensors, _ = checkpoint.load(file)
            self.module.load_state_dict(
                {k: v for k, v in tensors.items() if not k.startswith("optimizer.")}
            )
            checkpoint.restore_optimizer(self.optimizer, self.names, tensors)

    def loss(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """One step of the discriminators on (B, samples) each, then what `made`'s generator has to lower, a scalar.

        In units of the spectral losses, so that it is simply added to them.
        """
        made, real = made[:, None], real[:, None]
        told_made, told_real = self.module(made.detach())[0], self.module(real)[0]
        wrong = sum(self.real_or_made(a, b)[0] for a, b in zip(told_made, told_real))
        self.optimizer.zero_grad()
        wrong.backward()
        self.optimizer.step()
        self.module.requires_grad_(False)  # only the way through to the generator is needed
        scores, features = self.module(made)
        with torch.no_grad():
            _, wanted = self.module(real)
        self.module.requires_grad_(True)
        return (
            sum(map(self.fooled, scores)) + FEATURES * self.features(features, wanted)
        ) / SPECTRAL

    def save(self, step: int) -> None:
        """Weights and optimizer into `file`, atomically."""
        tensors = self.module.state_dict() | checkpoint.optimizer_tensors(
            self.optimizer, self.names
        )
        checkpoint.save(self.file, tensors, {"step": step})


@torch.no_grad()
def latents_of(
    gpt: nn.Module,
    prompts: torch.Tensor,
    texts: Sequence[torch.Tensor],
    codes: Sequence[torch.Tensor],
):
    """The latents that synthesis would take for given codes, laid out as at inference (the text's stop token in sight).

    Args:
        prompts: (B, 80, F) mels. texts, codes: B tensors each, (N,) and (T,).

    Returns:
        B tensors (T, D).
    """
    device = prompts.device
    cond = gpt.get_style_emb(prompts).transpose(1, 2)
    rows = []
    for i, (text, code) in enumerate(zip(texts, codes)):
        ids = F.pad(
            F.pad(text.to(device), (1, 0), value=gpt.start_text_token),
            (0, 1),
            value=gpt.stop_text_token,
        )[None]
        said = F.pad(code.to(device), (1, 0), value=gpt.start_audio_token)[None, :-1]
        text_emb = gpt.text_embedding(ids) + gpt.text_pos_embedding(ids)
        rows.append(
            torch.cat(
                [cond[i], text_emb[0], (gpt.mel_embedding(said) + gpt.mel_pos_embedding(said))[0]]
            )
        )
    # the model looks back only, so padding at the end changes nothing before it
    out = gpt.gpt(
        inputs_embeds=pad_sequence(rows, batch_first=True), return_dict=True
    ).last_hidden_state
    return [
        gpt.final_norm(out[i, len(row) - len(code) : len(row)]).cpu()
        for i, (row, code) in enumerate(zip(rows, codes))
    ]


@dataclass(frozen=True)
class Pair:
    """One clip: latents (T, D), its sound (samples,) at 24,000 Hz, and its speaker's embedding (512,)."""

    latents: torch.Tensor
    wav: torch.Tensor
    speaker: torch.Tensor
