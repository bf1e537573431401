"""The base that comes with vago: small, no pickles, whole, and stock's own classes open and speak it."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

from vago import VagoError
from vago.model import bundled, xtts


def test_it_is_small_and_holds_no_pickle():
    files = [path for path in bundled.FOLDER.iterdir()]
    assert sum(path.stat().st_size for path in files) < 40 * 2**20
    assert {path.suffix for path in files} == {".json", ".safetensors"}


def test_the_manifest_says_how_it_was_made():
    manifest = bundled.check()
    assert set(manifest["files"]) == {"config.json", "vocab.json", "weights.safetensors"}
    assert (
        manifest["recipe"]["parameters"]["speakers"] > 1
        and manifest["recipe"]["scores"]["gpt"]["held_out_mel_ce"] < 4
    )


def test_an_altered_file_is_named(tmp_path):
    assets = shutil.copytree(bundled.FOLDER, tmp_path / "assets")
    with open(assets / "weights.safetensors", "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    with pytest.raises(VagoError, match="weights.safetensors is not the file of the manifest"):
        bundled.open_into(tmp_path / "base", assets)
    assert not (tmp_path / "base").exists()


def test_a_complete_folder_is_kept_and_another_weights_base_is_opened_again(tiny_base, tmp_path):
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / "speakers_xtts.pth").write_bytes(b"mine")
    bundled.open_into(folder)
    assert (folder / "speakers_xtts.pth").read_bytes() == b"mine", "opened once, then left alone"
    (folder / ".embedded").write_text("weights of another version")
    bundled.open_into(folder)
    assert (folder / "speakers_xtts.pth").read_bytes() != b"mine"
    xtts.check_files(folder)


def test_a_base_of_ones_own_is_never_touched(tiny_base, tmp_path):
    folder = shutil.copytree(tiny_base, tmp_path / "base")
    (folder / ".embedded").unlink()
    (folder / "config.json").write_text(json.dumps({"mine": True}))
    bundled.open_into(folder)
    assert json.loads((folder / "config.json").read_text()) == {"mine": True}


def test_stock_loads_and_speaks_it(tiny_base, tmp_path):
    """Not a subclass and not our code: `Xtts.load_checkpoint` and `Xtts.inference`, on a copy, since stock may rewrite it."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    from vago.recipes.demo.recordings import Voice
    from vago.synthesis.synthesizer import voice_from

    folder = shutil.copytree(tiny_base, tmp_path / "base")
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Xtts.init_from_config(config)
    model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)
    voice = voice_from(
        model, [Voice("m1").speak("Jó napot kívánok mindenkinek, kezdődik a játék!")]
    )
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


def test_it_hears_its_prompt(tiny_base):
    """What a voice says is likelier behind that voice's prompt than behind another's: the prompt's latents were nought once."""
    from vago.recipes.pretrain import data
    from vago.training import batches, features
    from vago.training.loss import Objective

    model, tools = (
        xtts.open_base(tiny_base),
        (xtts.open_dvae(tiny_base), xtts.load_mel_stats(tiny_base), xtts.encoder(tiny_base)),
    )
    texts = [
        "Tegnap este későn értünk haza a hegyekből.",
        "Melyik városban született a híres zeneszerző?",
    ]
    clips = []
    for speaker in data.speakers(2):
        for number, wav in enumerate(data.read_aloud(speaker, texts, [1])):
            tensors = {
                name: t if name == "mel" else t.long()
                for name, t in features.of_clip(wav, texts[number], *tools).items()
            }
            clips.append(features.Features(speaker.name, "read", speaker.name, **tensors))
    said, prompts = clips[::2], [clip.mel[:, :200] for clip in clips[1::2]]
    with torch.no_grad():
        own, other = (
            Objective(model.gpt)(batches.collate(said, mels))[0]
            for mels in (prompts, prompts[::-1])
        )
    assert (own < other - 2).all(), (
        f"{own.tolist()} behind their own, {other.tolist()} behind the other's"
    )
