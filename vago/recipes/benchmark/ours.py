"""vago as a side of the benchmark: a phase held in the middle of its training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import soundfile

from vago.audio.io import SAMPLE_RATE
from vago.model import xtts
from vago.paths import Paths
from vago.recipes.benchmark.params import BenchmarkParams
from vago.training import batches, checkpoints, features, setup, validation
from vago.training.features import Features
from vago.training.loss import GPTLoss
from vago.training.params import TrainParams
from vago.training.processes import StopRequest
from vago.training.step import optimizer_step

PROMPT_LATENTS = 32
EXTRA_POSITIONS = 5  # of a clip: start and stops of text and codes
MANY_EPOCHS = 10_000  # more than any benchmark runs


class Ours:
    """A phase whose steps and saves are those of a real training, one by one."""

    def __init__(
        self,
        p: BenchmarkParams,
        folder: Path,
        base_dir: Path,
        clips: list[dict[str, str]],
        batch_size: int,
        held_out: int = 0,
    ):
        """held_out: the last so many clips are not trained on; 0: `score` is over all clips."""
        changes = {"batch_size": batch_size, "accumulation": 1, "epochs": MANY_EPOCHS}
        self.p = train_settings(p, changes)
        self.notes: list[str] = []

        ready = self._features(base_dir, clips)
        names = list(ready)
        training = {name: ready[name] for name in names[: len(names) - held_out]}
        test = {name: ready[name] for name in names[-held_out:]}

        paths = Paths(folder, folder, base_dir)
        paths.phase(self.p.phase).mkdir(parents=True, exist_ok=True)
        gpt = xtts.open_base(base_dir).gpt
        accelerator = setup.open_accelerator(self.p)
        self.phase = setup.assemble(
            self.p, paths, {}, training, test, gpt, accelerator, self.notes.append
        )
        self.number = 0
        self.waiting = []  # results that may still be on their way from the GPU
        self.stop = StopRequest()

    def _features(self, base_dir: Path, clips: list[dict[str, str]]) -> dict[str, Features]:
        """The clips' features by name, and a note on the time that computing them takes."""
        dvae = xtts.open_dvae(base_dir, xtts.device())
        mel_stats, encode = xtts.load_mel_stats(base_dir), xtts.text_encoder(base_dir)

        started = time.process_time()
        ready = {}
        for number, clip in enumerate(clips):
            name = f"clip{number:03d}"
            wav = soundfile.read(clip["path"], dtype="float32")[0]
            tensors = features.of_clip(wav, clip["text"], dvae, mel_stats, encode)
            long = {key: t if key == "mel" else t.long() for key, t in tensors.items()}
            ready[name] = Features(name, "quiz", "speaker", **long)

        took = time.process_time() - started
        self.notes.append(
            f"vago computes codes, mels and tokens once: {took:.1f} CPU seconds for "
            f"{len(clips)} clips"
        )
        return ready

    def step(self) -> dict[str, Any]:
        """One optimizer step: its clips, their seconds and the transformer's positions."""
        epoch, index = divmod(self.number, self.phase.steps_per_epoch)
        order = batches.epoch_order(self.phase.clips, self.p.batch_size, self.p.seed, epoch)
        clips = [self.phase.clips[name] for name in order[index]]

        self.waiting.append(optimizer_step(self.phase, self.number, self.stop))
        self.number += 1
        while len(self.waiting) > self.phase.lag:
            self.waiting.pop(0).read()

        codes = sum(len(clip.codes) for clip in clips)
        tokens = sum(len(clip.tokens) for clip in clips)
        return {
            "clips": len(clips),
            "audio_seconds": codes * xtts.CODE_SAMPLES / SAMPLE_RATE,
            "positions": codes + tokens + len(clips) * (PROMPT_LATENTS + EXTRA_POSITIONS),
        }

    def score(self) -> float:
        """The held-out loss as training computes it: in fp32, whatever it trains in."""
        gpt_loss, device = GPTLoss(self.phase.gpt), self.phase.accelerator.device
        table = validation.per_clip(gpt_loss, self.phase.validation, device)
        return validation.means(table)["loss"]

    def close(self) -> None:
        """Reset accelerate, which keeps one precision for the whole process."""
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)

    def save(self) -> None:
        checkpoints.save_last(self.phase)
        checkpoints.save_best(self.phase, {})


def train_settings(p: BenchmarkParams, changes: dict[str, Any]) -> TrainParams:
    """The benchmark's settings as a phase's, resolved."""
    given = {
        name: value
        for name, value in p.model_dump().items()
        if name in TrainParams.model_fields and value is not None
    }
    return TrainParams(**{**given, **changes}).inherit(None)
