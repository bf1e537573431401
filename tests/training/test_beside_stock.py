"""For the same weights, clips and prompts our loss is that of stock's GPTTrainer: its dataset, collator, mels, codes and
train_step, nothing of it replaced but the loader of audio where there is no FFmpeg.

Left out is what stock does wrong: the masking of the prompt (the last clip of a batch only, in units of 256 samples), so its
dataset is asked for prompts without masking.
"""

import math
import os

import pytest
import soundfile
import torch

from helpers.projects import QUIZ
from vago.recipes.benchmark.stock import readable_audio, recipe, trainer_model
from vago.training.loss import Batch, Objective, loss


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three clips of different lengths as files."""
    from vago.recipes.demo.recordings import Voice

    folder, voice = (
        tmp_path_factory.mktemp("clips"),
        Voice("m3", words_per_minute=150, pitch=60, pitch_range=80),
    )
    texts = [QUIZ[0], QUIZ[4], f"{QUIZ[1]} {QUIZ[6]}"]
    for number, text in enumerate(texts):
        soundfile.write(folder / f"{number}.wav", voice.speak(text), 22050, subtype="PCM_16")
    return [
        {"text": t.lower(), "audio_file": str(folder / f"{n}.wav"), "language": "hu"}
        for n, t in enumerate(texts)
    ]


def losses(base_dir, clips, tmp_path):
    """(stock's loss parts, ours) of one batch that stock's own dataset, collator and device formatting made."""
    threads = torch.get_num_threads()  # importing the dataset sets one for the whole process
    from TTS.tts.layers.xtts.trainer.dataset import XTTSDataset

    readable_audio(clips[0]["audio_file"])
    config = recipe(tmp_path, base_dir, batch_size=3, loader_workers=0)
    config.model_args.gpt_use_masking_gt_prompt_approach = False
    model = trainer_model(config, base_dir).eval()
    dataset = XTTSDataset(config, clips, model.xtts.tokenizer, 22050, is_eval=True)
    torch.set_num_threads(threads)
    batch = model.format_batch_on_device(
        dataset.collate_fn([dataset[i] for i in range(len(clips))])
    )
    assert batch["cond_idxs"] is None and len(dataset) == len(clips)
    lengths = torch.tensor([math.ceil(n / 1024) for n in batch["wav_lengths"].tolist()])
    ours = Batch(
        text=batch["text_inputs"].long(),
        text_lengths=batch["text_lengths"],
        codes=batch["audio_codes"][:, : lengths.max()].clone(),
        code_lengths=lengths,
        cond_mels=batch["cond_mels"][:, 0],
        prompt_spans=torch.zeros(len(clips), 2, dtype=torch.long),
        clip_ids=tuple("abc"[: len(clips)]),
    )
    with torch.no_grad():
        stock = {name: value.item() for name, value in model.train_step(batch, None)[1].items()}
        mel, text = Objective(model.xtts.gpt)(ours)
        counts = ours.target_counts()
        own = loss(mel, text, counts)
    return stock, {
        "loss": own.item(), "loss_mel_ce": mel.sum().item() / counts[0], "loss_text_ce": 0.01 * text.sum().item() / counts[1],
    }  # fmt: skip


def test_our_loss_is_stocks_train_step(tiny_base, clips, tmp_path):
    stock, ours = losses(tiny_base, clips, tmp_path)
    assert ours == pytest.approx(stock, abs=1e-5) and stock["loss"] > 1


@pytest.mark.skipif(
    not os.environ.get("VAGO_FULL_SIZE"),
    reason="set VAGO_FULL_SIZE=1: 441 million parameters, 5 GB, minutes",
)
def test_the_same_at_full_size(tiny_base, clips, tmp_path):
    from vago.recipes.benchmark.benchmark import full_size_base

    stock, ours = losses(full_size_base(tmp_path / "base", tiny_base), clips[:2], tmp_path)
    print(f"stock {stock}, ours {ours}")
    assert ours == pytest.approx(stock, abs=1e-5)
