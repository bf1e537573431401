"""One optimizer step: a group's micro-batches, their gradients, stop requests between them."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import torch

from vago.training import batches, optim
from vago.training.batches import Batch
from vago.training.loss import training_loss
from vago.training.processes import StopRequest
from vago.training.state import Phase, StepResult


def optimizer_step(phase: Phase, step: int, stop: StopRequest) -> StepResult | None:
    """One optimizer step, which changes nothing where the loss or the gradient is not finite.

    The gradient is that of the mean over all targets of the group, however it is cut into
    micro-batches and processes.

    Returns:
        None when a stop was requested within the group: the weights are then as they were.
    """
    p, accelerator = phase.p, phase.accelerator
    group = micro_batches(phase, step)
    counts = tuple(sum(values) for values in zip(*(batch.target_counts() for batch in group)))

    # A partial last group may hold fewer micro-batches than there are processes: the idle ones add
    # a gradient of zero.
    rank, world = accelerator.process_index, accelerator.num_processes
    own = list(enumerate(group))[rank::world] or [(0, group[0])]
    weight = 0.0 if rank >= len(group) else 1.0

    phase.optimizer.zero_grad(set_to_none=True)
    sums = torch.zeros(2, device=accelerator.device)
    for position, (index, batch) in enumerate(own):
        torch.manual_seed(_dropout_seed(p.seed, step, index))
        last = position == len(own) - 1

        with nullcontext() if last else accelerator.no_sync(phase.gpt_loss):
            mel_nll, text_nll = phase.gpt_loss(batch.to(accelerator.device))
            group_loss = training_loss(mel_nll, text_nll, counts, p.text_loss_weight)
            # DDP averages over processes, so each adds its share times their number
            accelerator.backward(group_loss * weight * world)

        sums += weight * torch.stack([mel_nll.detach().sum(), text_nll.detach().sum()])
        if stop.requested and world == 1:
            return None

    norm = accelerator.clip_grad_norm_(phase.gpt_loss.parameters(), p.max_grad_norm)
    numbers = torch.cat([accelerator.reduce(sums, "sum"), norm.reshape(1)])

    for parameters in phase.optimizer.param_groups:
        parameters["lr"] = optim.learning_rate(p, step, phase.steps)
    optim.step(phase.optimizer, numbers)
    return StepResult.of(numbers, counts)


def micro_batches(phase: Phase, step: int) -> list[Batch]:
    """The micro-batches of a step's group, drawn from (seed, epoch, step) alone."""
    p = phase.p
    epoch, group_index = divmod(step, phase.steps_per_epoch)
    order = batches.epoch_order(phase.clips, p.batch_size, p.seed, epoch)
    first = group_index * phase.group_size

    seconds = (p.prompt_min_seconds, p.prompt_max_seconds)
    return [
        batches.training_batch(phase.clips, clip_ids, p.prompt, seconds, (p.seed, step, index))
        for index, clip_ids in enumerate(order[first : first + phase.group_size])
    ]


def _dropout_seed(seed: int, step: int, index: int) -> int:
    return int(np.random.SeedSequence((seed, step, index)).generate_state(1)[0])


def stop_requested(phase: Phase, stop: StopRequest) -> bool:
    """Whether any process was asked to stop: several processes must stop at the same step."""
    if phase.accelerator.num_processes == 1:
        return bool(stop.requested)

    requested = torch.tensor(float(stop.requested > 0), device=phase.accelerator.device)
    return phase.accelerator.reduce(requested, "sum").item() > 0
