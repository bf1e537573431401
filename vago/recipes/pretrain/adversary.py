"""Discriminators for the last steps of the decoder's training (HiFi-GAN; Kong, Kim & Bae 2020)."""

from __future__ import annotations

from pathlib import Path

import torch

from vago.model import checkpoint

RATE = 2e-4
# Weights as in coqui-tts's HifiganConfig: 45 x L1 of mels, 108 x mean feature distance, 1 x least
# squares. SPECTRAL is the weight of decoder.spectral_loss, which is about 2.7 at convergence.
SPECTRAL, FEATURES = 22.5, 108.0


class Adversary:
    """coqui-tts's multi-period and multi-scale discriminators with least-squares losses.

    Weights and optimizer are kept in `file`, and read from it where it exists.
    """

    def __init__(self, file: Path, device: str = "cpu"):
        from TTS.vocoder.layers.losses import MelganFeatureLoss, MSEDLoss, MSEGLoss
        from TTS.vocoder.models.hifigan_discriminator import HifiganDiscriminator

        self.file = file
        self.module = HifiganDiscriminator().to(device).train()
        self.names = [name for name, _ in self.module.named_parameters()]
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=RATE, betas=(0.8, 0.99))

        self.discriminator_loss = MSEDLoss()
        self.generator_loss = MSEGLoss()
        self.feature_loss = MelganFeatureLoss()
        if file.exists():
            checkpoint.restore_training(file, self.module, self.optimizer, self.names)

    def loss(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """One step of the discriminators, then the generator's loss for `made`, a scalar.

        The loss is in units of the spectral losses, so that it is simply added to them.

        Args:
            made, real: (B, samples) each.
        """
        made, real = made[:, None], real[:, None]

        scores_made, scores_real = self.module(made.detach())[0], self.module(real)[0]
        value = sum(self.discriminator_loss(a, b)[0] for a, b in zip(scores_made, scores_real))
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()

        # the gradient passes through the discriminators to the generator; they get none themselves
        self.module.requires_grad_(False)
        scores, features = self.module(made)
        with torch.no_grad():
            _, wanted = self.module(real)
        self.module.requires_grad_(True)

        feature_loss = FEATURES * self.feature_loss(features, wanted)
        return (sum(map(self.generator_loss, scores)) + feature_loss) / SPECTRAL

    def save(self, step: int) -> None:
        """Weights and optimizer into `file`, atomically."""
        weights = self.module.state_dict()
        checkpoint.save_training(self.file, weights, self.optimizer, self.names, {"step": step})
