"""Vocoder: latents -> samples through XTTS's HiFi-GAN, without computing what is zero.

Weight norms are folded into weights; channels, kernel taps and blocks of zeros are left out. The
bundled base's decoder is a narrow one padded with zeros to stock's shape (`bundled.widen`); here it
is narrow again. The published XTTS-v2 has no such zeros, and its decoder keeps its shape.
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

# {stock's waveform decoder: (state of its weights, slim copy)}
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
    z = latents.T[None].float()
    for scale in frame_scales(model.hifigan_decoder):
        z = F.interpolate(z, scale_factor=[scale], mode="linear")
    return z


def frame_scales(decoder: nn.Module) -> tuple[float, float]:
    """(mel frames per latent, frames at the output's rate per frame at the input's)."""
    per_latent = decoder.ar_mel_length_compression / decoder.output_hop_length
    return per_latent, decoder.output_sample_rate / decoder.input_sample_rate


def slim_decoder(model) -> nn.Module:
    """The model's waveform decoder, slimmed; made again only when its weights have changed."""
    decoder = model.hifigan_decoder.waveform_decoder
    state = tuple((p.data_ptr(), p._version) for p in decoder.parameters())
    if decoder not in _SLIM or _SLIM[decoder][0] != state:
        _SLIM[decoder] = state, slim(decoder)
    return _SLIM[decoder][1]


def slim(generator: nn.Module) -> nn.Module:
    """A copy of a `HifiganGenerator` that computes the same with less work. It cannot be trained.

    It has no weight norms, no silent channels (those whose inputs are all exactly zero), no outer
    kernel taps of zeros, and one residual block in place of several equal ones.
    """
    with torch.inference_mode(False), torch.no_grad():
        slimmed = copy.deepcopy(generator).eval()
        for name, module in generator.named_modules():
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d):
                # remove_parametrizations would change the class that copy and original share
                slimmed.set_submodule(name, _without_weight_norm(module))

        _leave_out_zeros(slimmed)
        _merge_equal_blocks(slimmed)
        return slimmed


def receptive_radius(generator: nn.Module) -> int:
    """How many frames to either side a frame's samples depend on, rounded up."""
    total, rate = _radius(generator.conv_pre), 1.0
    count = generator.num_kernels
    for level, up in enumerate(generator.ups):
        total += (up.kernel_size[0] / up.stride[0] + 1) / rate
        rate *= up.stride[0]
        blocks = generator.resblocks[level * count : (level + 1) * count]
        total += max(sum(map(_radius, _convs(block))) for block in blocks) / rate
    return math.ceil(total + _radius(generator.conv_post) / rate)


def _leave_out_zeros(slimmed: nn.Module) -> None:
    """Remove silent channels, level by level, from the layers before and after them."""
    inputs = [slimmed.conv_pre]
    if hasattr(slimmed, "cond_layer"):
        inputs.append(slimmed.cond_layer)
    live = _live_channels(*inputs)
    for conv in inputs:
        _keep_outputs(conv, live)

    count = slimmed.num_kernels
    for level, up in enumerate(slimmed.ups):
        up.weight = _parameter(up.weight[live])
        up.in_channels = len(live)

        blocks = slimmed.resblocks[level * count : (level + 1) * count]
        inner = [conv for block in blocks for conv in _convs(block)]
        fed = [up, *inner]
        if slimmed.cond_in_each_up_layer:
            fed.append(slimmed.conds[level])

        live = _live_channels(*fed)
        for conv in fed:
            _keep_outputs(conv, live)
        for conv in inner:
            _keep_inputs(conv, live)
            _trim_taps(conv)
    _keep_inputs(slimmed.conv_post, live)


def _merge_equal_blocks(slimmed: nn.Module) -> None:
    """The network averages the residual blocks of a level: of equal ones, one is enough."""
    blocks, count = slimmed.resblocks, slimmed.num_kernels
    groups = [blocks[at : at + count] for at in range(0, len(blocks), count)]
    if all(_equal(group[0], other) for group in groups for other in group[1:]):
        slimmed.resblocks = nn.ModuleList(group[0] for group in groups)
        slimmed.num_kernels = 1


def _convs(block: nn.Module) -> list[nn.Conv1d]:
    return [module for module in block.modules() if isinstance(module, nn.Conv1d)]


def _radius(conv: nn.Conv1d) -> float:
    return conv.dilation[0] * (conv.kernel_size[0] - 1) / 2


def _live_channels(*convs: nn.Module) -> torch.Tensor:
    """Indices of output channels, the same in all `convs`, that at least one can make non-zero."""
    live = torch.zeros(convs[0].out_channels, dtype=torch.bool, device=convs[0].weight.device)
    for conv in convs:
        outputs = int(isinstance(conv, nn.ConvTranspose1d))  # the weight's axis of output channels
        live |= (conv.weight != 0).transpose(0, outputs).flatten(1).any(dim=1)
        if conv.bias is not None:
            live |= conv.bias != 0

    live[0] |= not live.any()  # a network of zeros keeps one channel
    return live.nonzero()[:, 0]


def _keep_outputs(conv: nn.Module, channels: torch.Tensor) -> None:
    if isinstance(conv, nn.ConvTranspose1d):
        conv.weight = _parameter(conv.weight[:, channels])
    else:
        conv.weight = _parameter(conv.weight[channels])
    if conv.bias is not None:
        conv.bias = _parameter(conv.bias[channels])
    conv.out_channels = len(channels)


def _keep_inputs(conv: nn.Conv1d, channels: torch.Tensor) -> None:
    conv.weight = _parameter(conv.weight[:, channels])
    conv.in_channels = len(channels)


def _trim_taps(conv: nn.Conv1d) -> None:
    """Leave out the kernel's outer taps where they are zero on both sides, and as much padding."""
    middle = conv.kernel_size[0] // 2
    taps = (conv.weight != 0).any(dim=0).any(dim=0).nonzero()[:, 0]
    radius = int((taps - middle).abs().max()) if len(taps) else 0

    conv.weight = _parameter(conv.weight[:, :, middle - radius : middle + radius + 1])
    conv.kernel_size = (2 * radius + 1,)
    conv.padding = (conv.dilation[0] * radius,)


def _equal(a: nn.Module, b: nn.Module) -> bool:
    """Whether two blocks compute the same, up to the rounding of folded weight norms."""

    def same(x: nn.Conv1d, y: nn.Conv1d) -> bool:
        if (x.kernel_size, x.dilation) != (y.kernel_size, y.dilation):
            return False
        close = torch.allclose(x.weight, y.weight, rtol=1e-5, atol=1e-8)
        return close and torch.equal(x.bias, y.bias)

    return all(same(x, y) for x, y in zip(_convs(a), _convs(b), strict=True))


def _without_weight_norm(conv: nn.Module) -> nn.Module:
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
