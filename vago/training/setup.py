"""A phase made ready: features, model, optimizer and accelerator put together."""

from __future__ import annotations

from collections.abc import Callable

from accelerate import Accelerator
from torch import nn

from vago import VagoError, first_line
from vago.corpus.corpus import Corpus
from vago.model import checkpoint, lora, xtts
from vago.model.phases import BEST
from vago.paths import Paths
from vago.training import batches, features, optim
from vago.training.batches import Batch
from vago.training.checkpoints import need_room_for, sizes
from vago.training.features import Features
from vago.training.loss import GPTLoss, training_loss
from vago.training.params import TrainParams
from vago.training.state import Phase

Log = Callable[[str], None]


def set_up(p: TrainParams, paths: Paths, corpus: Corpus, lineage: dict, log: Log) -> Phase:
    """The phase that resolved settings `p` describe; only the cache of features is written."""
    training, validation = corpus.training(p.sources), corpus.validation_clips
    if len(training) < 2:
        raise VagoError(
            f"sources {', '.join(p.sources)} hold {len(training)} training clips in "
            f"{paths.corpus}: name sources of the corpus"
        )

    accelerator = open_accelerator(p)
    ids = [*training.clip_id, *validation.clip_id]
    with accelerator.main_process_first():  # the other processes find them in the cache
        clips = features.compute(
            corpus,
            ids,
            paths.base,
            paths.features,
            str(accelerator.device),
            _progress(log, "features"),
        )

    return assemble(
        p,
        paths,
        lineage,
        {clip_id: clips[clip_id] for clip_id in training.clip_id},
        {clip_id: clips[clip_id] for clip_id in validation.clip_id},
        start_weights(p, paths),
        accelerator,
        log,
    )


def open_accelerator(p: TrainParams) -> Accelerator:
    """On the GPU where there is one, in the precision of `p`."""
    device = xtts.device()
    precision = "bf16" if xtts.is_bf16(p.precision, device) else "no"
    return Accelerator(mixed_precision=precision, cpu=device == "cpu")


def start_weights(p: TrainParams, paths: Paths) -> nn.Module:
    """coqui's `GPT` as the phase starts: the base's, or with the parent's best weights in it."""
    gpt = xtts.open_base(paths.base).gpt
    if p.parent:
        gpt.load_state_dict(checkpoint.load_tensors(paths.phase(p.parent) / BEST)[0])
    return gpt


def assemble(
    p: TrainParams,
    paths: Paths,
    lineage: dict,
    training: dict[str, Features],
    validation: dict[str, Features],
    gpt: nn.Module,
    accelerator: Accelerator,
    log: Log,
) -> Phase:
    """A phase that trains `gpt` on clips whose features are there.

    Raises:
        VagoError: the disk could not hold the phase's files.
    """
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = p.dropout

    parameters = sum(parameter.numel() for parameter in gpt.parameters())
    if p.lora_rank:
        lora.add_adapters(gpt, p.lora_rank, p.seed)

    compiled = p.torch_compile != "none"
    gpt_loss = GPTLoss(gpt, recompute=p.gradient_checkpointing, multiple=64 if compiled else 1)
    gpt_loss.train().to(accelerator.device)
    optimizer, names = optim.build(gpt, p)

    trained = sum(t.numel() for t in gpt.parameters() if t.requires_grad)
    need_room_for(p, paths.phase(p.phase), sizes(parameters, trained, p))

    validation_batches = batches.fixed_batches(validation, p.eval_batch_size)
    if compiled:
        with accelerator.autocast():
            _compile(gpt_loss, p, validation_batches[-1], log)

    gpt_loss, optimizer = accelerator.prepare(gpt_loss, optimizer)
    return Phase(
        p=p,
        paths=paths,
        lineage=lineage,
        clips=training,
        validation=validation_batches,
        sources={clip_id: clip.source for clip_id, clip in validation.items()},
        gpt_loss=gpt_loss,
        accelerator=accelerator,
        optimizer=optimizer,
        names=names,
        lag=1 if accelerator.device.type == "cuda" else 0,
    )


def _compile(gpt_loss: GPTLoss, p: TrainParams, batch: Batch, log: Log) -> None:
    """torch.compile of the GPT's blocks, which are all alike; undone where a trial batch fails."""
    mode = "reduce-overhead" if p.torch_compile == "graphs" else None
    blocks = gpt_loss.gpt.gpt.h
    for block in blocks:
        block.compile(dynamic=False, mode=mode)

    try:
        device = next(gpt_loss.parameters()).device
        training_loss(*gpt_loss(batch.to(device)), batch.target_counts()).backward()
    except Exception as error:  # whatever a compiler raises
        for block in blocks:
            block._compiled_call_impl = None
        why = first_line(error)[:120]
        log(f"torch_compile = {p.torch_compile} does not work here ({why}): training without it")
    gpt_loss.zero_grad(set_to_none=True)


def _progress(log: Log, what: str) -> Callable[[int, int], None]:
    """A progress callback that logs four times."""

    def progress(done: int, total: int) -> None:
        if done == total or done % max(-(-total // 4), 1) == 0:
            log(f"{what}: {done} of {total} clips")

    return progress
