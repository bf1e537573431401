"""The base's files: opened by coqui-tts's own classes, named where they are missing or torn."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from vago import VagoError
from vago.model import xtts


@pytest.fixture
def copy(tiny_base, tmp_path):
    return shutil.copytree(tiny_base, tmp_path / "base")


def test_stock_opens_it_and_its_files_have_stock_names(tiny_base):
    names = [path.name for path in tiny_base.iterdir() if not path.name.startswith(".")]
    assert sorted(names) == sorted(xtts.FILES)

    model = xtts.open_base(tiny_base)
    assert (model.args.gpt_layers, model.args.gpt_n_model_channels) == (4, 192)
    assert model.gpt.num_audio_tokens == 1026 and model.gpt.stop_audio_token == 1025
    assert not model.gpt.training and not model.hifigan_decoder.training
    assert torch.equal(model.mel_stats, xtts.load_mel_stats(tiny_base))


def test_dvae_sizes_are_read_from_its_weights(tiny_base):
    dvae = xtts.open_dvae(tiny_base)
    assert dvae.codebook.embed.shape == (64, 1024)
    saved = torch.load(tiny_base / "dvae.pth", weights_only=True)
    opened = dict(dvae.named_parameters())
    assert len(opened.keys() & saved.keys()) > 20, "the weights are loaded"


def test_dvae_of_published_size_is_opened(tmp_path):
    """XTTS-v2's own DVAE: 512 wide, three residual blocks (sizes from coqui-tts's GPTTrainer)."""
    from TTS.tts.layers.xtts.dvae import DiscreteVAE

    original = DiscreteVAE(
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
    ).eval()
    torch.save(original.state_dict(), tmp_path / "dvae.pth")

    opened = xtts.open_dvae(tmp_path)
    mel = torch.randn(1, 80, 64)
    assert torch.equal(opened.get_codebook_indices(mel), original.get_codebook_indices(mel))


def test_model_pth_may_be_a_stock_trainers_checkpoint(tiny_base, copy):
    weights = torch.load(tiny_base / "model.pth", weights_only=True)["model"]
    trained = {f"xtts.{name}": tensor for name, tensor in weights.items()}
    trained["xtts.gpt.mel_head.bias"] = weights["gpt.mel_head.bias"] + 1
    others = {
        "dvae.codebook.embed": torch.ones(2, 2),
        "torch_mel_spectrogram_dvae.mel_stft.spectrogram.window": torch.ones(4),
    }
    content = {
        "model": trained | others,
        "optimizer": [{"state": {0: {"step": torch.tensor(3.0)}}}],
        "step": 3,
        "config": {},
    }
    torch.save(content, copy / "model.pth")

    opened = xtts.open_base(copy)
    assert torch.equal(opened.gpt.mel_head.bias, trained["xtts.gpt.mel_head.bias"])
    assert not opened.gpt.training and opened.state_dict().keys() == weights.keys()


def test_vocabulary_is_xttss_kind(tiny_base):
    encode = xtts.text_encoder(tiny_base)
    tokenizer = xtts.load_tokenizer(tiny_base).tokenizer
    special = [tokenizer.token_to_id(token) for token in ("[STOP]", "[UNK]", "[SPACE]")]
    assert special == [0, 1, 2]

    ids = encode("Árvíztűrő tükörfúrógép, jó estét!")
    assert ids[0] == tokenizer.token_to_id("[hu]") and not {0, 1} & set(ids)
    assert 1 in encode("szív ☺")


@pytest.mark.parametrize("name", xtts.FILES)
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(VagoError, match=f"incomplete, {name} not found"):
        xtts.open_base(copy)


@pytest.mark.parametrize(
    "name", ["model.pth", "dvae.pth", "mel_stats.pth", "config.json", "vocab.json"]
)
def test_a_torn_file_is_one_sentence(copy, name):
    path = copy / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VagoError) as error:
        xtts.open_base(copy)
        xtts.open_dvae(copy)
        xtts.load_mel_stats(copy)
    assert "again" in str(error.value) and "\n" not in str(error.value)


def test_a_pickle_with_code_in_it_is_refused(copy):
    class Evil:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"weights": Evil()}, copy / "dvae.pth")
    with pytest.raises(VagoError, match="dvae.pth is refused"):
        xtts.open_dvae(copy)


def test_fingerprint_depends_on_the_content(copy):
    before = xtts.fingerprint(copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"temperature": 0.5}))
    assert xtts.fingerprint(copy) != before
    assert xtts.fingerprint(copy, ("dvae.pth",)) != before


def test_codebook_does_not_collapse(tiny_base, mini_features):
    codes = torch.cat([clip.codes for clip in mini_features[0].values()])
    counts = torch.bincount(codes, minlength=1024).float()
    shares = counts[counts > 0] / counts.sum()
    assert (-(shares * shares.log()).sum()).exp() > 100, "codes in effective use (perplexity)"
