"""The stock recipe as a side of the benchmark: coqui's GPTTrainer and Trainer with its settings.

Only the audio loader is replaced, where torchcodec finds no FFmpeg; `notes` then says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import soundfile
import torch

from vago.audio.io import SAMPLE_RATE
from vago.model import xtts

NARROW = (
    "stock encodes its clips with the small base's narrow DVAE, in its favour: "
    "its own trainer builds XTTS-v2's only"
)
NO_FFMPEG = "stock reads its audio through soundfile here: torchcodec finds no FFmpeg libraries"


class Stock:
    """A Trainer held in the middle of an epoch, so that steps can be timed one by one."""

    def __init__(
        self,
        folder: Path,
        base_dir: Path,
        clips: Sequence[Mapping[str, str]],
        batch_size: int,
        loader_workers: int,
    ):
        """clips: path and text of each; folder: where the trainer writes."""
        from trainer import Trainer, TrainerArgs
        from trainer.generic_utils import KeepAverage

        threads = torch.get_num_threads()
        self.notes = use_readable_audio(Path(clips[0]["path"]))
        torch.set_num_threads(threads)  # importing stock's dataset sets it to 1
        if xtts.open_dvae(base_dir).codebook.embed.shape[0] < 512:
            self.notes.append(NARROW)

        config = stock_config(folder, base_dir, batch_size, loader_workers)
        model = trainer_model(config, base_dir)
        samples = [
            {
                "text": clip["text"],
                "audio_file": clip["path"],
                "speaker_name": "speaker",
                "language": xtts.LANGUAGE,
            }
            for clip in clips
        ]
        args = TrainerArgs(
            restore_path=None, skip_train_epoch=False, start_with_eval=False, grad_accum_steps=1
        )
        self.trainer = Trainer(
            args,
            config,
            output_path=str(folder),
            model=model,
            train_samples=samples,
            eval_samples=samples[:1],
            parse_command_line_args=False,
        )
        self.trainer.keep_avg_train, self.trainer.keep_avg_eval = KeepAverage(), None
        self.trainer.train_loader = self.trainer.get_train_dataloader(samples, verbose=False)
        self.trainer.model.train()
        self.trainer.callbacks.on_train_epoch_start(self.trainer)
        self._batches = self._endless()

    def step(self) -> dict[str, float]:
        """One optimizer step: its clips, their seconds and the loss."""
        started = time.time()
        batch = next(self._batches)
        clips = len(batch["wav_lengths"])
        seconds = float(batch["wav_lengths"].sum()) / SAMPLE_RATE
        _, losses = self.trainer.train_step(batch, len(self.trainer.train_loader), 0, started)
        return {"clips": clips, "audio_seconds": seconds, "loss": losses["loss"]}

    def save(self) -> None:
        """What the trainer writes at save_step, and what it writes for a new best."""
        self.trainer.save_checkpoint()
        self.trainer.best_loss = {"train_loss": float("inf"), "eval_loss": None}
        self.trainer.config.save_best_after = -1
        self.trainer.save_best_model()

    def _endless(self) -> Iterator[dict[str, Any]]:
        while True:
            yield from self.trainer.train_loader


def stock_config(folder: Path, base_dir: Path, batch_size: int, loader_workers: int):
    """coqui's recipes/ljspeech/xtts_v2/train_gpt_xtts.py for the base in `base_dir`."""
    from TTS.tts.configs.xtts_config import XttsAudioConfig
    from TTS.tts.layers.xtts.trainer.gpt_trainer import GPTArgs, GPTTrainerConfig

    args = GPTArgs()
    base_args = xtts.read_config(base_dir).model_args.to_dict()
    args.update({name: value for name, value in base_args.items() if name in args})
    args.update(
        {
            "max_conditioning_length": 132300,
            "min_conditioning_length": 66150,
            "debug_loading_failures": False,
            "max_wav_length": 255995,
            "max_text_length": 200,
            "mel_norm_file": str(base_dir / "mel_stats.pth"),
            "dvae_checkpoint": str(base_dir / "dvae.pth"),
            "xtts_checkpoint": str(base_dir / "model.pth"),
            "tokenizer_file": str(base_dir / "vocab.json"),
            "gpt_use_masking_gt_prompt_approach": True,
            "gpt_use_perceiver_resampler": True,
        }
    )
    return GPTTrainerConfig(
        output_path=str(folder),
        model_args=args,
        run_name="stock",
        project_name="benchmark",
        dashboard_logger="tensorboard",
        audio=XttsAudioConfig(
            sample_rate=SAMPLE_RATE, dvae_sample_rate=SAMPLE_RATE, output_sample_rate=24000
        ),
        batch_size=batch_size,
        batch_group_size=48,
        eval_batch_size=batch_size,
        num_loader_workers=loader_workers,
        print_step=50,
        plot_step=100,
        log_model_step=1000,
        save_step=10000,
        save_n_checkpoints=1,
        save_checkpoints=True,
        print_eval=False,
        optimizer="AdamW",
        optimizer_wd_only_on_weights=True,
        optimizer_params={"betas": [0.9, 0.96], "eps": 1e-8, "weight_decay": 1e-2},
        lr=5e-06,
        lr_scheduler="MultiStepLR",
        lr_scheduler_params={
            "milestones": [50000 * 18, 150000 * 18, 300000 * 18],
            "gamma": 0.5,
            "last_epoch": -1,
        },
    )


def stock_dvae():
    """XTTS-v2's DVAE (51.6 M parameters), random weights: the one size that GPTTrainer builds."""
    from TTS.tts.layers.xtts.dvae import DiscreteVAE

    return DiscreteVAE(
        channels=80,
        normalization=None,
        positional_dims=1,
        num_tokens=1024,
        codebook_dim=512,
        hidden_dim=512,
        num_resnet_blocks=3,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )


def trainer_model(config, base_dir: Path):
    """coqui's GPTTrainer over the base, with the base's own DVAE.

    GPTTrainer's constructor builds XTTS-v2's DVAE only, so it is given an empty checkpoint.
    """
    from TTS.tts.layers.xtts.trainer.gpt_trainer import GPTTrainer

    xtts.quiet()
    own = Path(config.model_args.dvae_checkpoint)
    empty = Path(config.output_path) / "no_dvae.pth"
    empty.parent.mkdir(parents=True, exist_ok=True)
    torch.save({}, empty)

    config.model_args.dvae_checkpoint = str(empty)
    model = GPTTrainer(config)
    config.model_args.dvae_checkpoint = str(own)
    model.dvae = xtts.open_dvae(base_dir)
    empty.unlink()
    return model


def use_readable_audio(path: Path) -> list[str]:
    """Replace the loader of stock's dataset if it cannot read `path`; returns the notes on it."""
    from TTS.tts.layers.xtts.trainer import dataset

    try:
        dataset.load_audio(str(path), SAMPLE_RATE)
        return []
    except Exception:  # torchcodec raises many types without FFmpeg
        dataset.load_audio = _load_audio
        return [NO_FFMPEG]


def _load_audio(path: str, rate: int) -> torch.Tensor:
    """As stock's `load_audio` for a mono file of `rate`: (1, samples) float32."""
    samples, own = soundfile.read(path, dtype="float32")
    assert own == rate and samples.ndim == 1, "the benchmark writes mono clips at stock's rate"
    return torch.from_numpy(samples)[None].clip_(-1, 1)
