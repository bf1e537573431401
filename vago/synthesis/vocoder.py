"""Latents -> samples through XTTS's HiFi-GAN, without what adds nothing: weight norms are folded, channels, taps and blocks of
zeros left out.

The embedded base's decoder is a narrow one padded with zeros into stock's shape (`vago.model.widen`); here it is as narrow as before.
In the published XTTS-v2 there are no such zeros, and its decoder keeps its shape.
"""

from __future__ import annotations

import copy
import math
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HOP = 256  # samples at 24,000 Hz per frame
_SLIM: WeakKeyDictionary[nn.Module, tuple[tuple, nn.Module]] = WeakKeyDictionary()


@torch.inference_mode()
def vocode(model, latents: torch.Tensor, speaker_embedding: torch.Tensor) -> np.ndarray:
    """(T, D) latents -> float32 (samples,) at 24,000 Hz, equal to stock's decoder to 1e-5."""
    return samples(model, frames(model, latents), speaker_embedding)


@torch.inference_mode()
def samples(model, z: torch.Tensor, speaker_embedding: torch.Tensor) -> np.ndarray:
    """(1, D, F) frames -> float32 (HOP F,) samples at 24,000 Hz."""
    return slim_decoder(model)(z, g=speaker_embedding)[0, 0].float().cpu().numpy()


def frames(model, latents: torch.Tensor) -> torch.Tensor:
    """(T, D) latents -> (1, D, F) at 93.75 Hz, as `HifiDecoder.forward` does before its network."""
    decoder = model.hifigan_decoder
    z = latents.T[None].float()
    for scale in frame_scales(decoder):
        z = F.interpolate(z, scale_factor=[scale], mode="linear")
    return z


def frame_scales(decoder: nn.Module) -> tuple[float, float]:
    """Frames of mel per latent, then frames at the output's rate per frame at the input's."""
    per_latent = decoder.ar_mel_length_compression / decoder.output_hop_length
    return per_latent, decoder.output_sample_rate / decoder.input_sample_rate


def slim_decoder(model) -> nn.Module:
    """The model's waveform decoder, slimmed; made once and again when its weights have changed."""
    decoder = model.hifigan_decoder.waveform_decoder
    state = tuple((p.data_ptr(), p._version) for p in decoder.parameters())
    if decoder not in _SLIM or _SLIM[decoder][0] != state:
        _SLIM[decoder] = state, slim(decoder)
    return _SLIM[decoder][1]


def slim(generator: nn.Module) -> nn.Module:
    """A copy of a `HifiganGenerator` that computes the same with less: no weight norm, no silent channels, no taps of zero,
    and one block for several that are equal.

    A channel is silent where everything that feeds it is exactly zero. The copy cannot be trained.
    """
    with torch.inference_mode(False), torch.no_grad():
        slimmed = copy.deepcopy(generator).eval()
        for name, module in generator.named_modules():
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                # not by remove_parametrizations, which changes the class that a copy shares with its original
                slimmed.set_submodule(name, _plain(module))
        return _slim(slimmed)


def _slim(slimmed: nn.Module) -> nn.Module:
    conditioned = hasattr(slimmed, "cond_layer")
    heard = _heard(slimmed.conv_pre, *([slimmed.cond_layer] if conditioned else []))
    for conv in [slimmed.conv_pre, *([slimmed.cond_layer] if conditioned else [])]:
        _keep_outputs(conv, heard)
    count = slimmed.num_kernels
    for level, up in enumerate(slimmed.ups):
        up.weight = _parameter(up.weight[heard])
        up.in_channels = len(heard)
        blocks = slimmed.resblocks[level * count : (level + 1) * count]
        inner = [conv for block in blocks for conv in _convs(block)]
        fed = [up, *inner, *([slimmed.conds[level]] if slimmed.cond_in_each_up_layer else [])]
        heard = _heard(*fed)
        for conv in fed:
            _keep_outputs(conv, heard)
        for conv in inner:
            _keep_inputs(conv, heard)
            _trim_taps(conv)
    _keep_inputs(slimmed.conv_post, heard)
    groups = [slimmed.resblocks[at : at + count] for at in range(0, len(slimmed.resblocks), count)]
    if all(_equal(group[0], other) for group in groups for other in group[1:]):
        slimmed.resblocks = nn.ModuleList(group[0] for group in groups)
        slimmed.num_kernels = 1
    return slimmed


def reach(generator: nn.Module) -> int:
    """How many frames to either side of a frame its samples hang on: the radius of the network's receptive field, rounded up."""
    total, rate = _radius(generator.conv_pre), 1.0
    count = generator.num_kernels
    for level, up in enumerate(generator.ups):
        total += (up.kernel_size[0] / up.stride[0] + 1) / rate
        rate *= up.stride[0]
        blocks = generator.resblocks[level * count : (level + 1) * count]
        total += max(sum(map(_radius, _convs(block))) for block in blocks) / rate
    return math.ceil(total + _radius(generator.conv_post) / rate)


def _convs(block: nn.Module) -> list[nn.Conv1d]:
    return [module for module in block.modules() if isinstance(module, nn.Conv1d)]


def _radius(conv: nn.Conv1d) -> float:
    return conv.dilation[0] * (conv.kernel_size[0] - 1) / 2


def _heard(*convs: nn.Module) -> torch.Tensor:
    """Indices of the output channels that at least one of `convs`, which all end in the same channels, does not leave at zero."""
    alive = torch.zeros(convs[0].out_channels, dtype=torch.bool, device=convs[0].weight.device)
    for conv in convs:
        outputs = 1 if isinstance(conv, nn.ConvTranspose1d) else 0
        alive |= (conv.weight != 0).transpose(0, outputs).flatten(1).any(dim=1)
        if conv.bias is not None:
            alive |= conv.bias != 0
    alive[0] |= not alive.any()  # a network of zeros keeps one channel
    return alive.nonzero()[:, 0]


def _keep_outputs(conv: nn.Module, channels: torch.Tensor) -> None:
    conv.weight = _parameter(
        conv.weight[:, channels] if isinstance(conv, nn.ConvTranspose1d) else conv.weight[channels]
    )
    if conv.bias is not None:
        conv.bias = _parameter(conv.bias[channels])
    conv.out_channels = len(channels)


def _keep_inputs(conv: nn.Conv1d, channels: torch.Tensor) -> None:
    conv.weight, conv.in_channels = _parameter(conv.weight[:, channels]), len(channels)


def _trim_taps(conv: nn.Conv1d) -> None:
    """Leave out the kernel's outer taps where they are zero on both sides; the padding shrinks with them."""
    middle = conv.kernel_size[0] // 2
    taps = (conv.weight != 0).any(dim=0).any(dim=0).nonzero()[:, 0]
    radius = int((taps - middle).abs().max()) if len(taps) else 0
    conv.weight = _parameter(conv.weight[:, :, middle - radius : middle + radius + 1])
    conv.kernel_size, conv.padding = (2 * radius + 1,), (conv.dilation[0] * radius,)


def _equal(a: nn.Module, b: nn.Module) -> bool:
    """Whether two blocks compute the same; folding a weight norm rounds a little differently for a longer kernel."""

    def same(x: nn.Conv1d, y: nn.Conv1d) -> bool:
        if (x.kernel_size, x.dilation) != (y.kernel_size, y.dilation):
            return False
        return torch.allclose(x.weight, y.weight, rtol=1e-5, atol=1e-8) and torch.equal(
            x.bias, y.bias
        )

    return all(same(x, y) for x, y in zip(_convs(a), _convs(b), strict=True))


def _plain(conv: nn.Module) -> nn.Module:
    """The same convolution with its weight norm folded into its weight."""
    kind = nn.ConvTranspose1d if isinstance(conv, nn.ConvTranspose1d) else nn.Conv1d
    sizes = (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)
    plain = kind(*sizes, dilation=conv.dilation, bias=conv.bias is not None, device="meta")
    plain.weight = _parameter(conv.weight.detach().clone())
    if conv.bias is not None:
        plain.bias = _parameter(conv.bias.detach().clone())
    return plain


def _parameter(tensor: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.contiguous(), requires_grad=False)
