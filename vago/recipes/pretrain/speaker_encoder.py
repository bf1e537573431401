"""Training the speaker encoder: XTTS's class, a quarter as wide and with one block per layer.

`vago.model.bundled.widen` gives it the stock shape without changing its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from vago.audio import io

RATE = 16_000  # Hz, the encoder's input
WIDTHS, LAYERS = [8, 16, 32, 64], [1, 1, 1, 1]
SECONDS = (1.5, 3.0)  # shortest and longest example
SCALE, MARGIN = 30.0, 0.2  # additive angular margin softmax (Deng et al. 2019), on cosines
PEAK_RATE = 2e-3
BATCH = 32
REPORT = 50  # steps between two reports


def new_encoder():
    """A narrow encoder, untrained; `forward((B, samples) at 16 kHz, l2_norm=True) -> (B, 512)`."""
    from TTS.encoder.models.resnet import ResNetSpeakerEncoder

    config = dict(
        fft_size=512,
        win_length=400,
        hop_length=160,
        sample_rate=RATE,
        preemphasis=0.97,
        num_mels=64,
    )
    return ResNetSpeakerEncoder(
        64, 512, LAYERS, WIDTHS, log_input=True, use_torch_spec=True, audio_config=config
    )


def train_speaker_encoder(
    speakers: Sequence[Sequence[np.ndarray]],
    steps: int = 600,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
):
    """An encoder trained to classify the speaker of a stretch of speech.

    Args:
        speakers: the clips of each, float32 (samples,) at 22,050 Hz.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    speech = [
        np.concatenate([io.resample(clip, io.SAMPLE_RATE, RATE) for clip in clips])
        for clips in speakers
    ]

    encoder = new_encoder().to(device).train()
    centres = F.normalize(torch.randn(len(speech), 512, device=device))
    directions = torch.nn.Parameter(centres)
    parameters = [*encoder.parameters(), directions]
    optimizer = torch.optim.AdamW(parameters, lr=PEAK_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=steps, pct_start=0.1
    )

    accuracies = []
    for step in range(steps):
        wavs, labels = _examples(speech, BATCH, rng)
        target = torch.from_numpy(labels).to(device)
        embeddings = encoder(torch.from_numpy(wavs).float().to(device), l2_norm=True)
        cosines = embeddings @ F.normalize(directions, dim=1).T

        angles = torch.acos(cosines.clamp(-1 + 1e-6, 1 - 1e-6))
        angles = angles + MARGIN * F.one_hot(target, len(speech))
        value = F.cross_entropy(SCALE * torch.cos(angles), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()

        accuracies.append((cosines.argmax(dim=1) == target).float().mean().item())
        if step % REPORT == REPORT - 1:
            log(
                f"speaker encoder step {step + 1}/{steps}, loss {value.item():.3f}, "
                f"accuracy {np.mean(accuracies[-REPORT:]):.0%}"
            )

    return encoder.eval().cpu()


def _examples(
    speech: Sequence[np.ndarray], batch: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy stretches of random speakers, equally long: wavs (B, samples) and labels (B,)."""
    labels = rng.integers(0, len(speech), batch)
    length = int(rng.uniform(*SECONDS) * RATE)
    starts = [int(rng.integers(0, len(speech[i]) - length)) for i in labels]
    wavs = np.stack([speech[i][start : start + length] for i, start in zip(labels, starts)])

    levels = rng.uniform(0.3, 1.5, (batch, 1))
    noise = rng.normal(size=wavs.shape)
    noise_levels = 10 ** rng.uniform(-4.5, -2.5, (batch, 1))
    return wavs * levels + noise * noise_levels, labels
