"""HiFi-GAN's discriminators as a loss: what spectra alone do not teach a decoder, the pulse of a voice above all.

Spectral losses are content with a hum at the rate of the latents' frames; whoever tells real speech from made is not.
"""

from __future__ import annotations

from pathlib import Path

import torch

from vago.model import checkpoint

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
