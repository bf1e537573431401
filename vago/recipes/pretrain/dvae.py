"""Training the DVAE, whose codebook turns mels into audio codes: XTTS's class, 64 wide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

CODES = 1024
WIDTH = 64
SEGMENT = 128  # mel frames per training example, 1.5 s
BATCH = 16
REPORT = 50  # steps between two reports, and between two revivals of unused codes


def mel_statistics(wavs: Iterable[np.ndarray]) -> torch.Tensor:
    """(80,) mean absolute log-mel per channel: dividing by it scales all channels alike."""
    from TTS.tts.layers.xtts.dvae import dvae_wav_to_mel

    means = [
        dvae_wav_to_mel(torch.from_numpy(wav)[None], mel_norms=torch.ones(80))[0].abs().mean(dim=1)
        for wav in wavs
    ]
    return torch.stack(means).mean(dim=0).clamp(min=0.1)


def train_dvae(
    wavs: Iterable[np.ndarray],
    stats: torch.Tensor,
    seed: int = 1,
    steps: int = 400,
    log: Callable[[str], None] = print,
    device: str = "cpu",
):
    """XTTS's DiscreteVAE trained on (samples,) wavs at 22,050 Hz, in eval mode on the CPU.

    A random codebook collapses to a single code. So the autoencoder is first trained without it for
    `steps`; k-means on the encoder's outputs then gives the codebook. Both are trained for `steps`
    more, and codes that nothing uses are moved onto outputs that exist.
    """
    from sklearn.cluster import MiniBatchKMeans
    from TTS.tts.layers.xtts.dvae import dvae_wav_to_mel

    torch.manual_seed(seed)
    mels = [dvae_wav_to_mel(torch.from_numpy(wav)[None], mel_norms=stats)[0] for wav in wavs]
    dvae = _new_dvae().to(device)
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(dvae.parameters(), lr=1e-3, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1e-3, total_steps=2 * steps, pct_start=0.05, final_div_factor=10
    )

    def step(reconstruct, number: int) -> None:
        mel = _segments(mels, rng, BATCH).to(device)
        out, commitment = reconstruct(mel)
        loss = torch.nn.functional.l1_loss(out, mel) + 0.25 * commitment
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

        if number % REPORT == REPORT - 1:
            in_use = _perplexity(dvae, mel)
            log(
                f"DVAE step {number + 1}/{2 * steps}, loss {loss.item():.4f}, "
                f"{in_use:.0f} codes in effective use"
            )

    # without the codebook
    dvae.train()
    for number in range(steps):
        step(lambda mel: (dvae.decoder(dvae.encoder(mel)), 0.0), number)

    outputs = _encoder_outputs(dvae, _segments(mels, rng, 800).to(device))
    kmeans = MiniBatchKMeans(CODES, random_state=seed, batch_size=4096, n_init=1, max_iter=20)
    kmeans.fit(outputs)
    _set_codebook(dvae, torch.from_numpy(kmeans.cluster_centers_).float())

    # with it; a code that was moved needs steps to settle, so none is moved at the very end
    for number in range(steps, 2 * steps):
        step(lambda mel: dvae(mel)[2:0:-1], number)
        if number % REPORT == REPORT - 1 and number < 2 * steps - REPORT:
            outputs = _encoder_outputs(dvae, _segments(mels, rng, 50).to(device))
            _revive_codes(dvae, outputs, rng)

    return dvae.eval().cpu()


def _new_dvae():
    from TTS.tts.layers.xtts.dvae import DiscreteVAE

    return DiscreteVAE(
        channels=80,
        normalization=None,
        positional_dims=1,
        num_tokens=CODES,
        codebook_dim=WIDTH,
        hidden_dim=WIDTH,
        num_resnet_blocks=2,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )


def _perplexity(dvae, mel: torch.Tensor) -> float:
    """Perplexity of the codes of one batch: the number in use, weighted by how evenly they are."""
    with torch.no_grad():
        counts = torch.bincount(dvae.get_codebook_indices(mel).flatten(), minlength=CODES)
        shares = counts / (mel.shape[0] * mel.shape[2] // 4)
    return float(torch.exp(-(shares * shares.clamp(min=1e-9).log()).sum()))


def _segments(mels: Sequence[torch.Tensor], rng: np.random.Generator, count: int) -> torch.Tensor:
    """(count, 80, SEGMENT) cut at random, longer recordings more often."""
    lengths = np.array([mel.shape[1] - SEGMENT for mel in mels])
    weights = np.maximum(lengths, 0)
    picks = rng.choice(len(mels), size=count, p=weights / weights.sum())
    starts = [int(rng.integers(0, lengths[i])) for i in picks]
    return torch.stack([mels[i][:, start : start + SEGMENT] for i, start in zip(picks, starts)])


@torch.no_grad()
def _encoder_outputs(dvae, mel: torch.Tensor) -> np.ndarray:
    """(B, 80, F) -> (B * F / 4, WIDTH)."""
    return dvae.encoder(mel).transpose(1, 2).reshape(-1, WIDTH).cpu().numpy()


def _set_codebook(dvae, centres: torch.Tensor) -> None:
    """`centres`: (CODES, WIDTH)."""
    book = dvae.codebook
    book.embed.copy_(centres.T)
    book.embed_avg.copy_(centres.T)
    book.cluster_size.fill_(1.0)


def _revive_codes(dvae, outputs: np.ndarray, rng: np.random.Generator) -> None:
    """Move codes that are hardly used onto encoder outputs drawn at random."""
    book = dvae.codebook
    unused = (book.cluster_size < 0.02).nonzero()[:, 0]
    if not len(unused):
        return

    drawn = outputs[rng.integers(0, len(outputs), len(unused))]
    fresh = torch.from_numpy(drawn).T.to(book.embed.device)
    book.embed[:, unused] = fresh
    book.embed_avg[:, unused] = fresh
    book.cluster_size[unused] = 1.0
