"""Training the speaker encoder, so that voices are told apart: XTTS's class, a quarter as wide and with one block per layer.

`vago.model.widen` puts it into the stock shape without changing what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from vago.audio import io

RATE = 16_000  # Hz, what the encoder hears
WIDTHS, LAYERS = [8, 16, 32, 64], [1, 1, 1, 1]
SECONDS = (1.5, 3.0)
SCALE, MARGIN = 30.0, 0.2  # additive angular margin softmax (Deng et al. 2019), on cosines


def new_encoder():
    """The narrow encoder at random. `forward((B, samples) at 16 kHz, l2_norm=True) -> (B, 512)`."""
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
    batch: int = 32,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
):
    """An encoder trained to name the speaker of a stretch of speech.

    Args:
        speakers: for each the clips, float32 (samples,) at 22,050 Hz.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    heard = [
        np.concatenate([io.resample(clip, io.SAMPLE_RATE, RATE) for clip in clips])
        for clips in speakers
    ]
    encoder = new_encoder().to(device).train()
    directions = torch.nn.Parameter(
        torch.nn.functional.normalize(torch.randn(len(heard), 512, device=device))
    )
    optimizer = torch.optim.AdamW([*encoder.parameters(), directions], lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2e-3, total_steps=steps, pct_start=0.1
    )
    right = []
    for step in range(steps):
        who = rng.integers(0, len(heard), batch)
        length = int(rng.uniform(*SECONDS) * RATE)
        starts = [int(rng.integers(0, len(heard[i]) - length)) for i in who]
        wavs = np.stack([heard[i][start : start + length] for i, start in zip(who, starts)])
        wavs = wavs * rng.uniform(0.3, 1.5, (batch, 1)) + rng.normal(
            size=wavs.shape
        ) * 10 ** rng.uniform(-4.5, -2.5, (batch, 1))
        target = torch.from_numpy(who).to(device)
        cosines = (
            encoder(torch.from_numpy(wavs).float().to(device), l2_norm=True)
            @ F.normalize(directions, dim=1).T
        )
        angles = torch.acos(cosines.clamp(-1 + 1e-6, 1 - 1e-6)) + MARGIN * F.one_hot(
            target, len(heard)
        )
        value = F.cross_entropy(SCALE * torch.cos(angles), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        right.append((cosines.argmax(dim=1) == target).float().mean().item())
        if step % 50 == 49:
            log(
                f"speaker encoder step {step + 1}/{steps}, loss {value.item():.3f}, {np.mean(right[-50:]):.0%} named right"
            )
    return encoder.eval().cpu()
