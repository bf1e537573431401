"""The training loss of XTTS's GPT: equal to stock `GPT.forward` where stock is right, without its device syncs.

Where it differs from coqui-tts 0.28's `GPT.forward`, and why:

* the prompt is masked per clip and in codes (stock masks only the last clip of a batch, in units of 256 samples, and
  can mask the stop target, which is how a model learns not to stop);
* masks come from comparing an index with a length, not from Python loops over device scalars;
* padding stands behind each clip, not between its text and its codes: a causal model cannot look there, so attention needs
  no mask and takes the fast kernels (positions are counted apart for text and codes, so nothing else moves);
* sums and token counts are returned per clip, so that averages are per token over any set of batches.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from vago.model import layout

# stock adds three positions to every clip's codes and one target more: each clip has four stop targets
STOP_TARGETS = 4


@dataclass(frozen=True)
class Batch:
    """Padded clips. Lengths are also kept on the CPU (`tokens_in`) so that no step waits for the device.

    text: (B, N) int64; text_lengths: (B,); codes: (B, T) int64; code_lengths: (B,)
    cond_mels: (B, 80, F) float32, all prompts of one batch equally long, so none is padded; or (B / k, 80, F), each for k clips
    prompt_spans: (B, 2) int64, [first, last) code of the clip's own prompt; equal where the prompt is another clip
    """

    text: torch.Tensor
    text_lengths: torch.Tensor
    codes: torch.Tensor
    code_lengths: torch.Tensor
    cond_mels: torch.Tensor
    prompt_spans: torch.Tensor
    clip_ids: tuple[str, ...]
    longest: int = 0  # text and code positions of the clip that has most, counted on the CPU; 0: as if all were that long

    def to(self, device) -> Batch:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if (
            torch.device(device).type == "cuda"
        ):  # a copy from memory that may be paged out would wait for the GPU's queue
            values = {
                k: v.pin_memory() if isinstance(v, torch.Tensor) and not v.is_cuda else v
                for k, v in values.items()
            }
        return Batch(
            **{
                k: v.to(device, non_blocking=True) if isinstance(v, torch.Tensor) else v
                for k, v in values.items()
            }
        )

    def targets(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(mel, text) targets of each clip, (B,) int64: codes outside its own prompt and four stops; tokens and one stop."""
        own_prompt = self.prompt_spans[:, 1] - self.prompt_spans[:, 0]
        return self.code_lengths + STOP_TARGETS - own_prompt, self.text_lengths + 1

    def target_counts(self) -> tuple[int, int]:
        """`targets` summed over the batch; call it before the batch goes to the device."""
        mel, text = self.targets()
        return int(mel.sum()), int(text.sum())


class Objective(nn.Module):
    """Wraps coqui's `GPT` so that `forward(batch)` gives each clip's negative log-likelihoods.

    A module and not a function because accelerate's wrappers (DDP) hook `forward`.

    Args:
        recompute: keep only what goes into each of the GPT's blocks and compute the rest again on the way back: less memory,
            a third more time.
        width: round the length of each batch up to a multiple of this, so that compiled kernels meet few shapes.
    """

    def __init__(self, gpt: nn.Module, recompute: bool = False, width: int = 1):
        super().__init__()
        self.gpt, self.recompute, self.width = gpt, recompute, width
        for block in gpt.gpt.h:
            # transformers' gelu_new takes eight kernels for what is one here: a fifth of a step on a CPU
            block.mlp.act = nn.GELU(approximate="tanh")
        self.train(
            gpt.training
        )  # a new module says it is training; put back after scoring, that would switch dropout on

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(mel_nll, text_nll), each (B,) float32: sums over the clip's targets, in nats."""
        gpt = self.gpt
        text_in, text_target = _text(batch, gpt.start_text_token, gpt.stop_text_token)
        mel_in, mel_target = _codes(batch, gpt.start_audio_token, gpt.stop_audio_token)

        prompt = layout.latents(gpt, batch.cond_mels)  # (B, 32, D)
        prompt = prompt.repeat_interleave(len(batch.text) // len(prompt), dim=0)
        text_emb = gpt.text_embedding(text_in) + gpt.text_pos_embedding(text_in)
        mel_emb = gpt.mel_embedding(mel_in) + gpt.mel_pos_embedding(mel_in)

        # (B, L): each clip's prompt, text and codes with nothing between them
        ahead = prompt.shape[1] + batch.text_lengths[:, None] + 1  # positions before the codes
        gap = batch.text.shape[1] - batch.text_lengths[:, None]
        whole = prompt.shape[1] + text_in.shape[1] + mel_in.shape[1]
        length = prompt.shape[1] + batch.longest if batch.longest else whole
        index = torch.arange(-(-length // self.width) * self.width, device=prompt.device)[None]
        source = torch.where(index < ahead, index, index + gap).clamp(max=whole - 1)
        hidden = self._blocks(_take(torch.cat([prompt, text_emb, mel_emb], dim=1), source))

        text_hidden = hidden[:, prompt.shape[1] : prompt.shape[1] + text_in.shape[1]]
        mel_hidden = _take(
            hidden,
            (ahead + torch.arange(mel_in.shape[1], device=prompt.device)).clamp(
                max=hidden.shape[1] - 1
            ),
        )
        mel_logits, text_logits = (
            gpt.mel_head(gpt.final_norm(mel_hidden)),
            gpt.text_head(gpt.final_norm(text_hidden)),
        )
        return _nll(mel_logits, mel_target), _nll(text_logits, text_target)

    def _blocks(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, L, D) through the transformer. Its own `forward` would keep keys and values for decoding and ask the device
        whether its positions are packed, which makes every step wait."""
        trunk = self.gpt.gpt
        hidden = trunk.drop(hidden)
        for block in trunk.h:
            if self.recompute and torch.is_grad_enabled():
                hidden = checkpoint(block, hidden, use_reentrant=False)
            else:
                hidden = block(hidden)
        return trunk.ln_f(hidden)


def loss(
    mel_nll: torch.Tensor,
    text_nll: torch.Tensor,
    counts: tuple[int, int],
    text_weight: float = 0.01,
) -> torch.Tensor:
    """mel CE + text_weight * text CE, per token. `counts` are those of the whole accumulation group, so that the
    micro-batches' gradients add up to the gradient of the group's mean whatever their sizes are."""
    return mel_nll.sum() / counts[0] + text_weight * text_nll.sum() / counts[1]


def _text(batch: Batch, start: int, stop: int):
    """Inputs [start, tokens], targets [tokens, stop] (stock feeds the stop as well, and hides it from all that follows)."""
    index = torch.arange(batch.text.shape[1] + 1, device=batch.text.device)[None]
    lengths = batch.text_lengths[:, None]
    tokens = torch.where(index[:, :-1] < lengths, batch.text, stop)
    return F.pad(tokens, (1, 0), value=start), F.pad(tokens, (0, 1), value=stop).masked_fill(
        index > lengths, -1
    )


def _codes(batch: Batch, start: int, stop: int):
    """Inputs [start, codes, 3 stops], targets [codes, 4 stops], the clip's own prompt masked from the targets."""
    lengths = batch.code_lengths[:, None]
    codes = F.pad(batch.codes, (0, STOP_TARGETS - 1), value=stop)
    index = torch.arange(codes.shape[1] + 1, device=codes.device)[None]
    codes = torch.where(index[:, :-1] < lengths, codes, stop)
    first, last = batch.prompt_spans[:, :1], batch.prompt_spans[:, 1:]
    hidden = (index >= first) & (index < torch.minimum(last, lengths))
    target = F.pad(codes, (0, 1), value=stop).masked_fill(
        (index >= lengths + STOP_TARGETS) | hidden, -1
    )
    return F.pad(codes, (1, 0), value=start), target


def _take(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """(B, L, D), (B, M) -> (B, M, D): each clip's positions in the order of its index."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))


def _nll(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """(B, L, V), (B, L) with -1 to ignore -> (B,) summed in float32 whatever autocast does."""
    each = F.cross_entropy(
        logits.float().flatten(0, 1), target.flatten(), ignore_index=-1, reduction="none"
    )
    return each.view_as(target).sum(dim=1)
