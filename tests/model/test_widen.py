"""Narrow networks in stock's wide shapes say the same, sample for sample."""

from __future__ import annotations

import pytest
import torch

from vago import VagoError
from vago.model.bundled import widen


@pytest.fixture(scope="module")
def stock():
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

    return HifiDecoder(decoder_input_dim=24).eval()


def test_a_narrow_decoder_widened_to_stock_gives_the_same_samples(stock):
    from vago.model.bundled import stock_shape
    from vago.recipes.pretrain.decoder import new_generator, upsample

    torch.manual_seed(3)
    narrow = new_generator(24, 32).eval()
    wide = stock.waveform_decoder
    wide.load_state_dict(widen(stock_shape(narrow.state_dict()), wide.state_dict()))
    latents, speaker = torch.randn(1, 9, 24), torch.randn(1, 512, 1)
    with torch.no_grad():
        expected = narrow(upsample(latents), g=speaker)
        found = stock(latents, g=speaker)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_a_narrow_speaker_encoder_widened_to_stock_gives_the_same_embedding(stock):
    from vago.recipes.pretrain.speaker_encoder import new_encoder

    torch.manual_seed(4)
    narrow = new_encoder().train()
    for _ in range(3):
        narrow(torch.randn(4, 16_000))  # batch norms with statistics of their own
    narrow.eval()
    stock.speaker_encoder.load_state_dict(
        widen(narrow.state_dict(), stock.speaker_encoder.state_dict())
    )
    wav = torch.randn(2, 24_000)
    with torch.no_grad():
        expected = narrow(wav.clone(), l2_norm=True)
        found = stock.speaker_encoder(wav.clone(), l2_norm=True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (expected[0] - expected[1]).abs().max() > 1e-4


def test_what_does_not_fit_is_refused_by_name():
    with pytest.raises(VagoError, match="a.weight"):
        widen({"a.weight": torch.ones(3, 2)}, {"a.weight": torch.ones(2, 2)})
