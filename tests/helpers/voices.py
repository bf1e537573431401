"""A model whose greedy choices are far from ties, and a voice for it."""

from __future__ import annotations

from pathlib import Path

import torch

from vago.audio.espeak import EspeakVoice
from vago.model import xtts
from vago.synthesis import synthesizer


def sharp_model(base: Path):
    """The bundled base with a sharper mel head; it never draws the stop code."""
    model = xtts.open_base(base)
    with torch.no_grad():
        model.gpt.mel_head.weight.mul_(2)
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = -50
    return model


def demo_voice(model) -> synthesizer.Voice:
    wav = EspeakVoice("m3").speak("Jó estét kívánok, hölgyeim és uraim!")
    return synthesizer.voice_from(model, [wav], 3.0)
