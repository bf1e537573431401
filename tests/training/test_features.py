"""Tokens, codes and mels: their lengths, stock's values, and their cache."""

import math

import pytest
import torch

from vago.corpus.corpus import Corpus
from vago.model import xtts
from vago.training import features


@pytest.fixture
def corpus(session_project):
    return Corpus.load(session_project.corpus)


def test_lengths_and_kinds(mini_features, corpus):
    for row in corpus.clips.itertuples():
        clip = mini_features[0][row.clip_id]
        samples = len(corpus.audio(row.clip_id)[0])

        assert len(clip.codes) == math.ceil(samples / 1024)
        assert clip.codes.max() < 1024
        assert clip.mel.shape == (80, 1 + samples // 256)
        assert len(clip.tokens) == row.tokens
        assert clip.tokens.dtype == torch.int64


def test_codes_and_mel_equal_what_stock_computes_for_the_clip(
    session_project, mini_features, corpus
):
    """Stock's GPTTrainer: TorchMelSpectrogram -> DVAE, and the style encoder's mel."""
    from TTS.tts.layers.tortoise.arch_utils import TorchMelSpectrogram

    clip_id = corpus.clips.clip_id[3]
    clip = mini_features[0][clip_id]
    wav = torch.from_numpy(corpus.audio(clip_id)[0])[None]
    options = {
        "mel_norm_file": str(session_project.base / "mel_stats.pth"),
        "sampling_rate": 22050,
    }

    dvae_mel = TorchMelSpectrogram(**options)(wav)
    codes = xtts.open_dvae(session_project.base).get_codebook_indices(dvae_mel)
    assert torch.equal(codes[0, : len(clip.codes)], clip.codes)

    style = TorchMelSpectrogram(filter_length=2048, hop_length=256, win_length=1024, **options)
    torch.testing.assert_close(style(wav)[0], clip.mel)


def test_the_second_time_comes_from_the_cache(session_project, mini_features, corpus, monkeypatch):
    def fail(*args):
        raise AssertionError("computed again")

    monkeypatch.setattr(features, "of_clip", fail)
    ids = list(corpus.clips.clip_id)
    again = features.compute(corpus, ids, session_project.base, session_project.features)

    for clip_id, clip in mini_features[0].items():
        assert torch.equal(again[clip_id].mel, clip.mel)
        assert torch.equal(again[clip_id].codes, clip.codes)


def test_a_torn_cache_file_is_computed_again(project):
    corpus = Corpus.load(project.corpus)
    ids = list(corpus.clips.clip_id[:2])
    first = features.compute(corpus, ids, project.base, project.features)

    for path in project.features.rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:50])

    again = features.compute(corpus, ids, project.base, project.features)
    assert all(torch.equal(first[i].codes, again[i].codes) for i in ids)


def test_a_corrected_text_gets_new_tokens(project):
    corpus = Corpus.load(project.corpus)
    clip_id = corpus.clips.clip_id[0]
    before = features.compute(corpus, [clip_id], project.base, project.features)[clip_id]

    corpus.clips.loc[0, "text"] = "egészen más szöveg."
    after = features.compute(corpus, [clip_id], project.base, project.features)[clip_id]

    assert after.tokens.tolist() != before.tokens.tolist()
    assert torch.equal(after.codes, before.codes)
