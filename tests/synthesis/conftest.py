"""A model, its text encoder and a voice, shared by the tests of one module."""

from __future__ import annotations

import pytest

from helpers.voices import demo_voice, sharp_model
from vago.model import xtts


@pytest.fixture(scope="module")
def model(tiny_base):
    return sharp_model(tiny_base)


@pytest.fixture(scope="module")
def encode(tiny_base):
    return xtts.text_encoder(tiny_base)


@pytest.fixture(scope="module")
def voice(model):
    return demo_voice(model)
