"""LoRA (Hu et al. 2021) through `peft`: only low-rank adapters of the GPT's matrices are trained.

The adapters sit on the attention and MLP matrices of the GPT's blocks: 3 % of its parameters at
rank 16. The best weights are saved with the adapters merged in, so any XTTS can load them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from vago import VagoError

# the attention's and the MLP's matrices in transformers' GPT2Block
TARGETS = ["c_attn", "c_proj", "c_fc"]
BASE = ".base_layer."  # where peft puts the weights of a layer that has an adapter


def add_adapters(gpt: nn.Module, rank: int, seed: int) -> None:
    """Freeze `gpt` and add adapters of `rank` to its blocks, in place.

    LoRA B is zero-initialised, so the loss stays what it was. Raises VagoError where peft is not
    installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise VagoError(
            "lora_rank needs the package peft: pip install 'vago[memory]', or set lora_rank to 0"
        ) from None

    torch.manual_seed(seed)
    # alpha = 2 * rank, as is common: the size of the updates does not depend on the rank
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=TARGETS, fan_in_fan_out=True)
    inject_adapter_in_model(config, gpt.gpt)
    for name, parameter in gpt.named_parameters():
        parameter.requires_grad_(".lora_" in name)


def merged_weights(gpt: nn.Module) -> dict[str, torch.Tensor]:
    """The weights under the names of stock's `GPT`, adapters merged in; `gpt` is unchanged."""
    state = {
        name.replace(BASE, "."): t for name, t in gpt.state_dict().items() if ".lora_" not in name
    }
    for name, layer in _adapted_layers(gpt):
        key = f"{name}.weight"
        state[key] = state[key] + layer.get_delta_weight("default").to(state[key])
    return state


def load_merged_weights(gpt: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Load what `merged_weights` returned; where `gpt` has adapters, LoRA B becomes zero."""
    layers = dict(_adapted_layers(gpt))
    renamed = {
        f"{name}.{kind}": f"{name}{BASE}{kind}" for name in layers for kind in ("weight", "bias")
    }
    adapters = {name: t for name, t in gpt.state_dict().items() if ".lora_" in name}
    gpt.load_state_dict({renamed.get(name, name): t for name, t in tensors.items()} | adapters)

    for layer in layers.values():
        nn.init.zeros_(layer.lora_B["default"].weight)


def trained_weights(gpt: nn.Module) -> dict[str, torch.Tensor]:
    """The weights that a resume needs: the adapters, or all weights where there are none."""
    state = gpt.state_dict()
    return {name: t for name, t in state.items() if ".lora_" in name} or dict(state)


def _adapted_layers(gpt: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, module) for name, module in gpt.named_modules() if hasattr(module, "lora_B")]
