"""A base model small enough to be made on the spot: XTTS-v2's classes and files at a hundredth of its size.

The vocabulary and the DVAE learn from the given texts and recordings; the GPT, the HiFi-GAN decoder and the speaker encoder
start at random, so it has to be taught to speak (that is what the phases show) and its voice is noise until then. The decoder
keeps the width of XTTS-v2's: stock `Xtts` cannot be told another.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from vago import audio, base, text

GPT_LAYERS, GPT_WIDTH, GPT_HEADS = 4, 192, 3
CODES = 1024
DVAE_WIDTH = 64
SEGMENT = 128  # mel frames per DVAE training example, 1.5 s
VOCABULARY = 384
LETTERS = "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz"
PUNCTUATION = ".,!?:;-'()"


def ensure_base(
    folder: Path,
    texts: Iterable[str],
    recordings: Sequence[Path],
    seed: int = 1,
    log: Callable[[str], None] = print,
    steps: int = 250,
) -> Path:
    """Build the tiny base in `folder` unless a complete one is there. Built aside and renamed, so never half there.

    Args:
        texts: what the vocabulary learns from.
        recordings: audio files, what the DVAE learns from.
        steps: DVAE training steps before the codebook is fitted, and again after.
    """
    folder = Path(folder)
    if all((folder / name).is_file() for name in base.FILES):
        return folder
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)

    base.quiet()
    torch.manual_seed(seed)
    log("base: vocabulary")
    train_vocabulary(map(text.normalise, texts)).save(str(partial / "vocab.json"))
    log("base: mel statistics")
    wavs = [audio.resample(*audio.load(path), audio.SAMPLE_RATE) for path in recordings]
    stats = mel_statistics(wavs)
    torch.save(stats, partial / "mel_stats.pth")
    dvae = train_dvae(wavs, stats, seed, steps, log)
    torch.save(dvae.state_dict(), partial / "dvae.pth")
    log("base: GPT, decoder and speaker encoder at random")
    torch.manual_seed(seed)
    _write_model(partial)
    torch.save({}, partial / "speakers_xtts.pth")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return folder


def train_vocabulary(texts: Iterable[str]):
    """A Hungarian BPE vocabulary in the form of XTTS-v2's: `[STOP]` 0, `[UNK]` 1, `[SPACE]` 2, then `[START]` and `[hu]`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["[STOP]", "[UNK]", "[SPACE]", "[START]", f"[{base.LANGUAGE}]"],
        initial_alphabet=list(LETTERS + PUNCTUATION),
        show_progress=False,
    )
    allowed = set(LETTERS + PUNCTUATION + " ")
    # a character outside the alphabet stays unknown, so that the corpus can say so instead of learning it from one clip
    tokenizer.train_from_iterator(("".join(c for c in t.lower() if c in allowed) for t in texts), trainer)
    return tokenizer


def mel_statistics(wavs: Sequence[np.ndarray]) -> torch.Tensor:
    """(80,) mean absolute log-mel per channel: dividing by it brings every channel to the same scale."""
    from TTS.tts.layers.xtts.dvae import dvae_wav_to_mel

    sums = [dvae_wav_to_mel(torch.from_numpy(wav)[None], mel_norms=torch.ones(80))[0].abs().mean(dim=1) for wav in wavs]
    return torch.stack(sums).mean(dim=0).clamp(min=0.1)


def train_dvae(wavs: Sequence[np.ndarray], stats: torch.Tensor, seed: int, steps: int, log: Callable[[str], None]):
    """XTTS's DiscreteVAE, 64 wide with 1024 codes.

    A codebook started at random collapses to a single code. So the autoencoder learns first without it, k-means on its
    outputs then gives the codebook, and codes that nothing uses are moved onto outputs that exist.
    """
    from sklearn.cluster import MiniBatchKMeans
    from TTS.tts.layers.xtts.dvae import DiscreteVAE, dvae_wav_to_mel

    mels = [dvae_wav_to_mel(torch.from_numpy(wav)[None], mel_norms=stats)[0] for wav in wavs]
    dvae = DiscreteVAE(
        channels=80,
        normalization=None,
        positional_dims=1,
        num_tokens=CODES,
        codebook_dim=DVAE_WIDTH,
        hidden_dim=DVAE_WIDTH,
        num_resnet_blocks=2,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(dvae.parameters(), lr=1e-3, betas=(0.9, 0.98))

    def step(reconstruct, number: int) -> float:
        mel = _segments(mels, rng, 16)
        out, commitment = reconstruct(mel)
        loss = torch.nn.functional.mse_loss(out, mel) + 0.25 * commitment
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if number % 50 == 0:
            log(f"base: DVAE step {number}/{2 * steps}, loss {loss.item():.4f}")
        return loss.item()

    dvae.train()
    for number in range(steps):
        step(lambda mel: (dvae.decoder(dvae.encoder(mel)), 0.0), number)

    outputs = _encoded(dvae, _segments(mels, rng, 400))
    kmeans = MiniBatchKMeans(CODES, random_state=seed, batch_size=4096, n_init=1, max_iter=20).fit(outputs)
    _set_codebook(dvae, torch.from_numpy(kmeans.cluster_centers_).float())
    for number in range(steps, 2 * steps):
        step(lambda mel: dvae(mel)[2:0:-1], number)
        if number % 50 == 49:
            _revive(dvae, _encoded(dvae, _segments(mels, rng, 50)), rng)
    return dvae.eval()


def _segments(mels: Sequence[torch.Tensor], rng: np.random.Generator, count: int) -> torch.Tensor:
    """(count, 80, SEGMENT) cut at random, longer recordings more often."""
    lengths = np.array([mel.shape[1] - SEGMENT for mel in mels])
    picks = rng.choice(len(mels), size=count, p=np.maximum(lengths, 0) / np.maximum(lengths, 0).sum())
    starts = [int(rng.integers(0, lengths[i])) for i in picks]
    return torch.stack([mels[i][:, start : start + SEGMENT] for i, start in zip(picks, starts)])


@torch.no_grad()
def _encoded(dvae, mel: torch.Tensor) -> np.ndarray:
    return dvae.encoder(mel).transpose(1, 2).reshape(-1, DVAE_WIDTH).numpy()


def _set_codebook(dvae, centres: torch.Tensor) -> None:
    book = dvae.codebook
    book.embed.copy_(centres.T)
    book.embed_avg.copy_(centres.T)
    book.cluster_size.fill_(1.0)


def _revive(dvae, outputs: np.ndarray, rng: np.random.Generator) -> None:
    """Move codes that hardly anything uses onto encoder outputs drawn at random."""
    book = dvae.codebook
    dead = (book.cluster_size < 0.02).nonzero()[:, 0]
    if len(dead):
        fresh = torch.from_numpy(outputs[rng.integers(0, len(outputs), len(dead))]).T
        book.embed[:, dead] = fresh
        book.embed_avg[:, dead] = fresh
        book.cluster_size[dead] = 1.0


def _write_model(folder: Path) -> None:
    """config.json and model.pth of an untrained XTTS with the tiny sizes and the folder's vocabulary."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
    from TTS.tts.models.xtts import Xtts

    tokenizer = base.load_tokenizer(folder)
    config = XttsConfig(
        model_args=XttsArgs(
            gpt_layers=GPT_LAYERS,
            gpt_n_model_channels=GPT_WIDTH,
            gpt_n_heads=GPT_HEADS,
            gpt_number_text_tokens=tokenizer.get_number_tokens(),
            gpt_start_text_token=tokenizer.tokenizer.token_to_id("[START]"),
            gpt_stop_text_token=tokenizer.tokenizer.token_to_id("[STOP]"),
            gpt_num_audio_tokens=CODES + 2,
            gpt_start_audio_token=CODES,
            gpt_stop_audio_token=CODES + 1,
            gpt_use_perceiver_resampler=True,
            decoder_input_dim=GPT_WIDTH,
        ),
        audio=XttsAudioConfig(),
        languages=[base.LANGUAGE],
    )
    model = Xtts(config)
    for embedding in (model.gpt.text_embedding, model.gpt.mel_embedding):
        torch.nn.init.normal_(embedding.weight, std=0.02)  # PyTorch's default of 1 drowns the positions
    model.mel_stats.copy_(base.load_mel_stats(folder))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
