"""The base that comes with vago: small, without pickles, opened and spoken by stock's classes."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from vago import VagoError
from vago.model import bundled, xtts


def test_it_is_small_and_holds_no_pickle():
    files = list(bundled.FOLDER.iterdir())
    assert sum(path.stat().st_size for path in files) < 40 * 2**20
    assert {path.suffix for path in files} == {".json", ".safetensors"}


def test_the_manifest_says_how_it_was_made():
    manifest = bundled.check_assets()
    recipe = manifest["recipe"]
    assert set(manifest["files"]) == {"config.json", "vocab.json", "weights.safetensors"}
    assert recipe["parameters"]["speakers"] > 1
    assert recipe["scores"]["gpt"]["held_out_mel_ce"] < 4


def test_an_altered_file_is_named(tmp_path):
    assets = shutil.copytree(bundled.FOLDER, tmp_path / "assets")
    with open(assets / "weights.safetensors", "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(VagoError, match="weights.safetensors is not the file that the manifest"):
        bundled.open_into(tmp_path / "base", assets)
    assert not (tmp_path / "base").exists()


def test_a_complete_folder_is_kept_until_the_weights_change(tiny_base, tmp_path):
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / "speakers_xtts.pth").write_bytes(b"mine")
    bundled.open_into(folder)
    assert (folder / "speakers_xtts.pth").read_bytes() == b"mine"

    (folder / bundled.MARK).write_text("weights of another version")
    bundled.open_into(folder)
    assert (folder / "speakers_xtts.pth").read_bytes() != b"mine"
    xtts.check_files(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_a_base_of_the_users_own_is_never_changed(tiny_base, tmp_path):
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / bundled.MARK).unlink()
    (folder / "config.json").write_text(json.dumps({"mine": True}))
    bundled.open_into(folder)
    assert json.loads((folder / "config.json").read_text()) == {"mine": True}


@pytest.mark.slow
def test_stock_loads_and_speaks_it(tiny_base, tmp_path):
    """`Xtts.load_checkpoint` and `Xtts.inference` alone, on a copy, since stock may rewrite it."""
    from TTS.tts.models.xtts import Xtts

    from vago.audio.espeak import EspeakVoice
    from vago.synthesis.synthesizer import voice_from

    folder = shutil.copytree(tiny_base, tmp_path / "base")
    config = xtts.read_config(folder)
    model = Xtts.init_from_config(config)
    model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)

    prompt = EspeakVoice("m1").speak("Jó napot kívánok mindenkinek, kezdődik a játék!")
    voice = voice_from(model, [prompt])
    torch.manual_seed(1)
    out = model.inference(
        "jó estét kívánok!",
        "hu",
        voice.gpt_cond_latents,
        voice.speaker_embedding,
        temperature=0.6,
        repetition_penalty=1.1,
    )
    seconds = len(out["wav"]) / 24_000
    assert 0.5 < seconds < 6 and abs(out["wav"]).max() > 0.02


def test_the_gpt_depends_on_its_prompt(tiny_base):
    """A voice's clip is likelier behind that voice's prompt than behind another's.

    In one training of the base the prompt's latents became zero.
    """
    from vago.recipes.pretrain import speech
    from vago.training import batches, features
    from vago.training.loss import GPTLoss

    model = xtts.open_base(tiny_base)
    dvae, mel_stats = xtts.open_dvae(tiny_base), xtts.load_mel_stats(tiny_base)
    encode = xtts.text_encoder(tiny_base)
    texts = [
        "Tegnap este későn értünk haza a hegyekből.",
        "Melyik városban született a híres zeneszerző?",
    ]

    clips = []
    for teacher in speech.teachers(2):
        for number, wav in enumerate(speech.read_aloud(teacher, texts, [1])):
            found = features.of_clip(wav, texts[number], dvae, mel_stats, encode)
            tensors = {name: t if name == "mel" else t.long() for name, t in found.items()}
            clips.append(features.Features(teacher.name, "read", teacher.name, **tensors))

    spoken, prompts = clips[::2], [clip.mel[:, :200] for clip in clips[1::2]]
    with torch.no_grad():
        own = GPTLoss(model.gpt)(batches.collate(spoken, prompts))[0]
        other = GPTLoss(model.gpt)(batches.collate(spoken, prompts[::-1]))[0]
    assert (own < other - 2).all(), f"{own.tolist()} behind their own, {other.tolist()} otherwise"


@pytest.fixture(scope="module")
def stock():
    """Stock's decoder and speaker encoder at their full width."""
    from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

    return HifiDecoder(decoder_input_dim=24).eval()


def test_a_narrow_decoder_widened_to_stock_gives_the_same_samples(stock):
    from vago.recipes.pretrain.decoder import new_generator, upsample

    torch.manual_seed(3)
    narrow = new_generator(24, 32).eval()
    wide = stock.waveform_decoder
    blocks = bundled.stock_blocks(narrow.state_dict())
    wide.load_state_dict(bundled.widen(blocks, wide.state_dict()))

    latents, speaker = torch.randn(1, 9, 24), torch.randn(1, 512, 1)
    with torch.no_grad():
        expected = narrow(upsample(latents), g=speaker)
        found = stock(latents, g=speaker)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_a_narrow_speaker_encoder_widened_to_stock_gives_the_same_embedding(stock):
    from vago.recipes.pretrain.speaker_encoder import new_encoder

    torch.manual_seed(4)
    narrow = new_encoder().train()
    for _ in range(3):
        narrow(torch.randn(4, 16_000))  # batch norms with statistics of their own
    narrow.eval()
    wide = stock.speaker_encoder
    wide.load_state_dict(bundled.widen(narrow.state_dict(), wide.state_dict()))

    wav = torch.randn(2, 24_000)
    with torch.no_grad():
        expected = narrow(wav.clone(), l2_norm=True)
        found = wide(wav.clone(), l2_norm=True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert (expected[0] - expected[1]).abs().max() > 1e-4


def test_what_does_not_fit_is_named():
    with pytest.raises(VagoError, match="a.weight"):
        bundled.widen({"a.weight": torch.ones(3, 2)}, {"a.weight": torch.ones(2, 2)})
