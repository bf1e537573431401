"""For the same weights, clips and prompts our loss is that of stock's GPTTrainer.

Stock's dataset, collator, mels, codes and train_step run as they are; only its loader of audio is
replaced where there is no FFmpeg. Its masking of the prompt is switched off because it is wrong: it
masks the last clip of a batch only, in units of 256 samples.
"""

import math
import os

import pytest
import soundfile
import torch

from helpers.projects import QUIZ
from vago.recipes.benchmark.stock import stock_config, trainer_model, use_readable_audio
from vago.training.batches import Batch
from vago.training.loss import GPTLoss, training_loss


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three clips of different lengths as files, in the form of stock's dataset."""
    from vago.audio.espeak import EspeakVoice

    folder = tmp_path_factory.mktemp("clips")
    voice = EspeakVoice("m3", words_per_minute=150, pitch=60, pitch_range=80)

    samples = []
    for number, text in enumerate((QUIZ[0], QUIZ[4], f"{QUIZ[1]} {QUIZ[6]}")):
        file = folder / f"{number}.wav"
        soundfile.write(file, voice.speak(text), 22050, subtype="PCM_16")
        samples.append({"text": text.lower(), "audio_file": str(file), "language": "hu"})
    return samples


def stock_batch(base_dir, clips, tmp_path):
    """(stock's model, a batch that its own dataset, collator and device formatting made)."""
    # importing the dataset sets one thread for the whole process
    threads = torch.get_num_threads()
    from TTS.tts.layers.xtts.trainer.dataset import XTTSDataset

    torch.set_num_threads(threads)
    use_readable_audio(clips[0]["audio_file"])

    config = stock_config(tmp_path, base_dir, batch_size=3, loader_workers=0)
    config.model_args.gpt_use_masking_gt_prompt_approach = False
    model = trainer_model(config, base_dir).eval()

    dataset = XTTSDataset(config, clips, model.xtts.tokenizer, 22050, is_eval=True)
    assert len(dataset) == len(clips)
    samples = [dataset[i] for i in range(len(clips))]
    batch = model.format_batch_on_device(dataset.collate_fn(samples))
    assert batch["cond_idxs"] is None
    return model, batch


def losses(base_dir, clips, tmp_path):
    """(stock's loss and its parts, ours) of one batch."""
    model, batch = stock_batch(base_dir, clips, tmp_path)
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
        _, stock_parts = model.train_step(batch, None)
        mel, text = GPTLoss(model.xtts.gpt)(ours)

    counts = ours.target_counts()
    our_parts = {
        "loss": training_loss(mel, text, counts).item(),
        "loss_mel_ce": mel.sum().item() / counts[0],
        "loss_text_ce": 0.01 * text.sum().item() / counts[1],
    }
    return {name: value.item() for name, value in stock_parts.items()}, our_parts


def test_our_loss_is_stocks_train_step(tiny_base, clips, tmp_path):
    stock, ours = losses(tiny_base, clips, tmp_path)
    assert ours == pytest.approx(stock, abs=1e-5)
    assert stock["loss"] > 1


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("VAGO_FULL_SIZE"),
    reason="set VAGO_FULL_SIZE=1: 441 million parameters, 5 GB, minutes",
)
def test_the_same_at_full_size(tiny_base, clips, tmp_path):
    from vago.recipes.benchmark.material import full_size_base

    stock, ours = losses(full_size_base(tmp_path / "base", tiny_base), clips[:2], tmp_path)
    print(f"stock {stock}, ours {ours}")
    assert ours == pytest.approx(stock, abs=1e-5)
