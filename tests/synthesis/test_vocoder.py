"""The slim vocoder: the same samples as stock's, and a receptive field no larger than it claims."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vago.model.bundled import stock_blocks, widen
from vago.recipes.pretrain.decoder import new_generator
from vago.synthesis import vocoder


def weights_of(module) -> int:
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def assert_same_samples(slim, generator, z: torch.Tensor, speaker: torch.Tensor) -> None:
    ours, expected = slim(z, g=speaker), generator(z, g=speaker)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def stock():
    """XTTS's decoder at stock's width for latents of 24, with random weights."""
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

    torch.manual_seed(3)
    return HifiDecoder(decoder_input_dim=24).eval()


def test_a_real_decoder_keeps_its_shape_and_its_samples(stock):
    generator = stock.waveform_decoder
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    slim = vocoder.slim(generator)

    assert_same_samples(slim, generator, torch.randn(1, 24, 3), torch.randn(1, 512, 1))
    assert slim.num_kernels == 3
    assert [len(up.weight) for up in slim.ups] == [512, 256, 128, 64]
    folded = not any(hasattr(module, "parametrizations") for module in slim.modules())
    assert folded, "weight norms are folded"

    after = generator.state_dict()
    assert before.keys() == after.keys()
    unchanged = all(torch.equal(before[name], after[name]) for name in before)
    assert unchanged, "only the copy is slimmed"


def test_a_widened_decoder_is_narrow_again(stock):
    narrow = new_generator(24, 32).eval()
    blocks = stock_blocks(narrow.state_dict())
    stock.waveform_decoder.load_state_dict(widen(blocks, stock.waveform_decoder.state_dict()))
    slim = vocoder.slim(stock.waveform_decoder)

    z, speaker = torch.randn(1, 24, 12), torch.randn(1, 512, 1)
    assert_same_samples(slim, narrow, z, speaker)
    assert slim(z, g=speaker).abs().max() > 0.01
    assert weights_of(slim) < weights_of(narrow), "and its weight norms are folded"


def test_frames_are_stocks(stock, monkeypatch):
    """By stock's own forward, its network replaced by one that returns its input."""
    model, latents = torch.nn.Module(), torch.randn(7, 24)
    model.hifigan_decoder = stock

    through = torch.nn.Module()
    through.forward = lambda z, g: z
    monkeypatch.setattr(stock, "waveform_decoder", through)
    given_frames = stock(latents[None], g=None)
    expected = given_frames.reshape(given_frames.shape[-2:])
    assert torch.equal(vocoder.frames(model, latents)[0], expected)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.3, 0.9, 1.0]))
def test_zeros_anywhere_can_be_left_out(seed, share):
    """Channels of zeros anywhere, not only at the end, and kernels whose outer taps are zero."""
    torch.manual_seed(seed)
    generator = new_generator(6, 32).eval()
    with torch.no_grad():
        for name, p in generator.named_parameters():
            silent = torch.rand(p.shape[0]) < share
            if name.endswith(("original0", "bias")) or name.startswith("cond"):
                p[silent] = 0
            elif "resblocks" in name and p.shape[-1] == 3 and seed % 2:
                p[:, :, [0, 2]] = 0

    z, speaker = torch.randn(1, 6, 5), torch.randn(1, 512, 1)
    assert_same_samples(vocoder.slim(generator), generator, z, speaker)


def test_a_change_of_weights_makes_a_new_slim_decoder():
    model = torch.nn.Module()
    model.hifigan_decoder = torch.nn.Module()
    model.hifigan_decoder.waveform_decoder = new_generator(6, 16).eval()
    first = vocoder.slim_decoder(model)
    assert vocoder.slim_decoder(model) is first

    with torch.no_grad():
        model.hifigan_decoder.waveform_decoder.conv_post.weight.mul_(2)
    again = vocoder.slim_decoder(model)
    torch.testing.assert_close(again.conv_post.weight, 2 * first.conv_post.weight)


@pytest.mark.parametrize("kernels", [[3], [3, 7, 11]])
def test_samples_depend_on_no_frame_beyond_the_receptive_radius(kernels):
    from TTS.vocoder.models.hifigan_generator import HifiganGenerator

    torch.manual_seed(5)
    shape = ([[1, 3, 5]] * len(kernels), kernels, [16, 16, 4, 4], 16, [8, 8, 2, 2])
    options = {"inference_padding": 0, "cond_channels": 4, "cond_in_each_up_layer": True}
    plain = {"conv_pre_weight_norm": False, "conv_post_weight_norm": False}
    generator = HifiganGenerator(6, 1, "1", *shape, **options, **plain, conv_post_bias=False)
    generator = vocoder.slim(generator).double()

    radius, frames, at = vocoder.receptive_radius(generator), 60, 30
    z, speaker = torch.randn(1, 6, frames).double(), torch.randn(1, 4, 1).double()
    other = z.clone()
    other[:, :, at] += 100
    with torch.no_grad():
        differs = (generator(z, g=speaker) != generator(other, g=speaker))[0, 0]

    changed = differs.reshape(frames, 256).any(dim=1).nonzero()[:, 0]
    assert at - radius <= changed.min()
    assert changed.max() <= at + radius
    width = (changed.max() - changed.min()).item()
    assert radius <= width / 2 + 3, "and the radius is not much larger"
