"""TODO: what training.setup is for."""

from __future__ import annotations

from collections.abc import Callable

from accelerate import Accelerator
from torch import nn

from vago import VagoError
from vago.corpus.corpus import Corpus
from vago.files import need_room
from vago.model import checkpoint, lora, xtts
from vago.model.phases import BEST, LAST
from vago.paths import Paths
from vago.training import batches, checkpoints, features, optim
from vago.training.checkpoints import Sizes
from vago.training.features import Features
from vago.training.loss import Batch, Objective, loss
from vago.training.params import TrainParams
from vago.training.state import Phase


def open_accelerator(p: TrainParams) -> Accelerator:
    """On the GPU where there is one, in the precision that `p` asks for."""
    device = xtts.device()
    return Accelerator(
        mixed_precision="bf16" if xtts.is_bf16(p.precision, device) else "no", cpu=device == "cpu"
    )


def set_up(p: TrainParams, paths: Paths, corpus: Corpus, ancestry: dict, log) -> Phase:
    """Features, model, optimizer; nothing is written but the features' cache."""
    training, held_out = corpus.training(p.sources), corpus.held_out_clips
    if len(training) < 2:
        raise VagoError(
            f"sources {', '.join(p.sources)} hold {len(training)} training clips in {paths.corpus}: name sources of the corpus"
        )
    accelerator = open_accelerator(p)
    ids = [*training.clip_id, *held_out.clip_id]
    with accelerator.main_process_first():  # the others find them in the cache
        clips = features.compute(
            corpus, ids, paths.base, paths.features, str(accelerator.device), _told(log, "features")
        )
    test = {i: clips[i] for i in held_out.clip_id}
    return assemble(
        p,
        paths,
        ancestry,
        {i: clips[i] for i in training.clip_id},
        test,
        start_weights(p, paths),
        accelerator,
        log,
    )


def assemble(
    p: TrainParams,
    paths: Paths,
    ancestry: dict,
    training: dict[str, Features],
    held_out: dict[str, Features],
    gpt: nn.Module,
    accelerator: Accelerator,
    log: Callable[[str], None],
) -> Phase:
    """A phase that trains `gpt` on clips that are there. Raises VagoError where the disk could not hold its files."""
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = p.dropout
    size = sum(parameter.numel() for parameter in gpt.parameters())
    if p.lora_rank:
        lora.add(gpt, p.lora_rank, p.seed)
    objective = Objective(
        gpt, recompute=p.gradient_checkpointing, width=64 if p.torch_compile != "none" else 1
    ).train()
    objective.to(accelerator.device)
    optimizer, names = optim.build(gpt, p)
    _need_room(
        p,
        paths,
        checkpoints.sizes(size, sum(t.numel() for t in gpt.parameters() if t.requires_grad), p),
    )
    test = batches.held_out_batches(held_out, p.eval_batch_size)
    if p.torch_compile != "none":
        with accelerator.autocast():
            _compile(objective, p, test[-1], log)
    objective, optimizer = accelerator.prepare(objective, optimizer)
    return Phase(
        p=p,
        paths=paths,
        lineage=ancestry,
        clips=training,
        held_out=test,
        sources={i: clip.source for i, clip in held_out.items()},
        objective=objective,
        accelerator=accelerator,
        optimizer=optimizer,
        names=names,
        lag=1 if accelerator.device.type == "cuda" else 0,
    )


def _compile(
    objective: Objective, p: TrainParams, batch: Batch, log: Callable[[str], None]
) -> None:
    """torch.compile on the GPT's blocks, which are all alike; where it fails on a trial batch, on without it."""
    blocks = objective.gpt.gpt.h
    for block in blocks:
        block.compile(
            dynamic=False, mode="reduce-overhead" if p.torch_compile == "graphs" else None
        )
    try:
        device = next(objective.parameters()).device
        loss(*objective(batch.to(device)), batch.target_counts()).backward()
    except Exception as error:  # whatever a compiler throws
        for block in blocks:
            block._compiled_call_impl = None
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        log(f"torch_compile = {p.torch_compile} does not work here ({why}): training without it")
    objective.zero_grad(set_to_none=True)


def _told(log: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    """A progress callback that speaks four times."""

    def tell(done: int, total: int) -> None:
        if done == total or done % max(-(-total // 4), 1) == 0:
            log(f"{what}: {done} of {total} clips")

    return tell


def _need_room(p: TrainParams, paths: Paths, needed: Sizes) -> None:
    """Raise VagoError where the disk cannot hold the phase's files at their most, a new last beside the old one."""
    folder = paths.phase(p.phase)
    there = sum(path.stat().st_size for path in (folder / BEST, folder / LAST) if path.exists())
    try:
        need_room(folder, needed.peak - there, f"training {p.phase}")
    except VagoError as error:
        smaller = (
            ""
            if p.last_precision == "compact"
            else "; last_precision: compact takes a third, lora_rank: 16 a tenth"
        )
        raise VagoError(f"{error}{smaller}") from None


def start_weights(p: TrainParams, paths: Paths) -> nn.Module:
    """coqui's `GPT` as the phase starts: the base's, or with the parent's best weights in it."""
    gpt = xtts.open_base(paths.base).gpt
    if p.parent:
        gpt.load_state_dict(checkpoint.load(paths.phase(p.parent) / BEST)[0])
    return gpt
