"""LoRA through `peft`: small matrices beside the GPT's big ones learn, everything else keeps still, and what is saved is plain.

Hu et al. 2021. The adapters sit on the attention and MLP matrices of the GPT's blocks, 3 % of its parameters at rank 16.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from vago import VagoError

TARGETS = [
    "c_attn",
    "c_proj",
    "c_fc",
]  # the attention's and the MLP's matrices of transformers' GPT2Block
BASE = ".base_layer."


def add(gpt: nn.Module, rank: int, seed: int) -> None:
    """Freeze `gpt` and lay adapters of `rank` on its blocks, in place. They start as nothing, so the loss is what it was.

    Raises VagoError where peft is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise VagoError(
            "lora_rank needs the package peft: pip install 'vago[memory]', or set lora_rank to 0"
        ) from None
    torch.manual_seed(seed)
    # alpha twice the rank is common: updates are as large whatever the rank
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=TARGETS, fan_in_fan_out=True)
    inject_adapter_in_model(config, gpt.gpt)
    for name, parameter in gpt.named_parameters():
        parameter.requires_grad_(".lora_" in name)


def plain(gpt: nn.Module) -> dict[str, torch.Tensor]:
    """The weights under the names of stock's `GPT`, adapters added in, so that they go into any XTTS unchanged."""
    state = {
        name.replace(BASE, "."): t for name, t in gpt.state_dict().items() if ".lora_" not in name
    }
    for name, layer in _layers(gpt):
        key = f"{name}.weight"
        state[key] = state[key] + layer.get_delta_weight("default").to(state[key])
    return state


def load_plain(gpt: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put plain weights into `gpt`, with adapters that add nothing where it has any."""
    layers = dict(_layers(gpt))
    names = {
        f"{name}.{kind}": f"{name}{BASE}{kind}" for name in layers for kind in ("weight", "bias")
    }
    own = {name: t for name, t in gpt.state_dict().items() if ".lora_" in name}
    gpt.load_state_dict({names.get(name, name): t for name, t in tensors.items()} | own)
    for layer in layers.values():
        nn.init.zeros_(layer.lora_B["default"].weight)


def learning(gpt: nn.Module) -> dict[str, torch.Tensor]:
    """The weights a resume needs beside those the phase started from: the adapters, or all where there are none."""
    state = gpt.state_dict()
    return {name: t for name, t in state.items() if ".lora_" in name} or dict(state)


def restore(gpt: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """The inverse of `learning`, into a `gpt` that is as the phase started."""
    gpt.load_state_dict({**gpt.state_dict(), **tensors})


def _layers(gpt: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, module) for name, module in gpt.named_modules() if hasattr(module, "lora_B")]
