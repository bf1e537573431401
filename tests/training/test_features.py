import math

import torch

from vago.corpus.corpus import Corpus
from vago.model import xtts
from vago.training import features


def test_lengths_and_kinds(mini_features, session_project):
    corpus = Corpus.load(session_project.corpus)
    for row in corpus.clips.itertuples():
        clip = mini_features[0][row.clip_id]
        samples = len(corpus.audio(row.clip_id)[0])
        assert len(clip.codes) == math.ceil(samples / 1024) and clip.codes.max() < 1024
        assert clip.mel.shape == (80, 1 + samples // 256)
        assert len(clip.tokens) == row.tokens and clip.tokens.dtype == torch.int64


def test_codes_and_mel_equal_what_stock_computes_for_the_clip(session_project, mini_features):
    """Stock's GPTTrainer: TorchMelSpectrogram -> DVAE, and the style encoder's mel."""
    from TTS.tts.layers.tortoise.arch_utils import TorchMelSpectrogram

    corpus = Corpus.load(session_project.corpus)
    norms = str(session_project.base / "mel_stats.pth")
    clip_id = corpus.clips.clip_id[3]
    wav = torch.from_numpy(corpus.audio(clip_id)[0])[None]
    codes = xtts.open_dvae(session_project.base).get_codebook_indices(
        TorchMelSpectrogram(mel_norm_file=norms, sampling_rate=22050)(wav)
    )
    clip = mini_features[0][clip_id]
    assert torch.equal(codes[0, : len(clip.codes)], clip.codes)
    style = TorchMelSpectrogram(
        filter_length=2048,
        hop_length=256,
        win_length=1024,
        mel_norm_file=norms,
        sampling_rate=22050,
    )
    torch.testing.assert_close(style(wav)[0], clip.mel)


def test_second_time_comes_from_the_cache(session_project, mini_features, monkeypatch):
    corpus = Corpus.load(session_project.corpus)
    monkeypatch.setattr(
        features, "of_clip", lambda *a: (_ for _ in ()).throw(AssertionError("computed again"))
    )
    again = features.compute(
        corpus, list(corpus.clips.clip_id), session_project.base, session_project.features
    )
    assert all(
        torch.equal(again[i].mel, clip.mel) and torch.equal(again[i].codes, clip.codes)
        for i, clip in mini_features[0].items()
    )


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
    assert after.tokens.tolist() != before.tokens.tolist() and torch.equal(
        after.codes, before.codes
    )
