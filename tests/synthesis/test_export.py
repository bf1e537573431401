"""A voice that leaves the house: stock loads it and says the same, and what lay in its place is safe."""

from __future__ import annotations

import json
import re
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from vago import VagoError, files
from vago.cli import main
from vago.files import sha256_of
from vago.model import checkpoint, phases, pickles
from vago.synthesis import export, samples, synthesizer
from vago.synthesis.params import SampleParams

P = SampleParams(
    profile="mini",
    phase="baseline",
    temperature=0.6,
    repetition_penalty=1.5,
    top_k=40,
    top_p=0.8,
    prompt_seconds=2,
)
GREEDY = P.model_copy(update={"temperature": 0.0, "repetition_penalty": 1.0})
NAME = "Vágó István"


def interval(value: float) -> dict:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, session_project):
    """A project with weights of a phase that are not the base's, and their scores."""
    from vago.paths import Paths

    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(session_project.root, root, symlinks=True)
    paths = Paths.of(P, root)
    weights = pickles.load_weights(paths.base / "model.pth")
    gpt = {
        name.removeprefix("gpt."): tensor.clone()
        for name, tensor in weights.items()
        if name.startswith("gpt.")
    }
    gpt["mel_head.weight"] *= 2  # greedy choices far from ties
    gpt["mel_head.bias"][:1024] += 0.01
    paths.phase("baseline").mkdir(parents=True)
    sha256 = checkpoint.save_tensors(paths.phase("baseline") / "best.safetensors", gpt, {})
    files.write_json(
        paths.phase("baseline") / "phase.json", {"best_step": 7, "lineage": {"phase": "baseline"}}
    )
    held = {"mel_ce": interval(2.5), "text_ce": interval(3.25), "loss": interval(2.6)}
    scored = {"held_out": held, "per_source": {"quiz": held}, "weights_sha256": sha256}
    paths.evaluation.mkdir()
    files.write_json(
        paths.evaluation / "report.json",
        {"best": "baseline", "held_out_clips": 4, "phases": {"baseline": scored}},
    )
    return paths


@pytest.fixture(scope="module")
def exported(trained):
    return export.export(P, trained, name=NAME)


@pytest.fixture(scope="module")
def stock(exported):
    """The export opened by coqui-tts alone."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(exported / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(exported), eval=True, strict=True)
    return model


def test_both_files_hold_the_whole_model_with_the_phases_gpt(exported, trained):
    weights = torch.load(exported / "model.pth", weights_only=True)["model"]
    other = load_file(exported / "model.safetensors")
    base, gpt = (
        pickles.load_weights(trained.base / "model.pth"),
        checkpoint.load_tensors(trained.phase("baseline") / "best.safetensors")[0],
    )
    expected = base | {f"gpt.{name}": tensor for name, tensor in gpt.items()}
    assert weights.keys() == other.keys() == expected.keys()
    assert all(
        torch.equal(weights[name], tensor) and torch.equal(other[name], tensor)
        for name, tensor in expected.items()
    )


def test_stock_speaks_it_by_name_with_its_settings(stock):
    assert stock.speaker_manager.speaker_names == [NAME]
    config = stock.config
    assert (config.temperature, config.repetition_penalty, config.top_k, config.top_p) == (
        0.6,
        1.5,
        40,
        0.8,
    )
    said = stock.synthesize("jó estét!", speaker=NAME, language="hu", max_new_tokens=6)
    assert (
        len(said["wav"]) > 4000
        and np.isfinite(said["wav"]).all()
        and np.abs(said["wav"]).max() > 1e-3
    )


def test_the_api_of_coqui_tts_speaks_it(exported):
    from TTS.api import TTS

    tts = TTS(
        model_path=str(exported), config_path=str(exported / "config.json"), progress_bar=False
    )
    wav = tts.tts("Jó estét!", speaker=NAME, language="hu", max_new_tokens=6, split_sentences=False)
    assert len(wav) > 4000 and np.isfinite(wav).all()


def test_same_codes_through_ours_and_stocks_greedy_decoding(stock, exported):
    model, voice, encode = export.load(exported)
    ids = torch.tensor(encode("jó estét kívánok!"))
    latents, embedding = stock.speaker_manager.speakers[NAME].values()
    assert 0 < voice.seconds_per_character[0] < voice.seconds_per_character[1] < 1
    assert torch.equal(latents, voice.gpt_cond_latents) and torch.equal(
        embedding, voice.speaker_embedding
    )
    (ours,) = synthesizer.decode(model.gpt, voice.gpt_cond_latents, [ids], GREEDY, [30], [1])
    with torch.inference_mode():
        codes = stock.gpt.generate(
            latents,
            ids[None],
            do_sample=False,
            num_beams=1,
            max_new_tokens=30,
            repetition_penalty=1.0,
        )
    assert ours.codes.tolist() == codes[0].tolist() and len(set(codes[0].tolist())) > 3


def test_the_voice_is_the_prompts_behind_the_phases_weights(exported, trained):
    from vago.corpus.corpus import Corpus

    model, _ = phases.open_phase("baseline", trained)
    corpus = Corpus.load(trained.corpus)
    prompt = samples.reference_clips(corpus, P)
    expected = synthesizer.voice_from(model, [corpus.audio(i)[0] for i in prompt], P.prompt_seconds)
    voice = torch.load(exported / "speakers_xtts.pth", weights_only=True)[NAME]
    torch.testing.assert_close(voice["gpt_cond_latent"], expected.gpt_cond_latents)
    assert list(json.loads((exported / "export.json").read_text())["prompt"]) == prompt


def test_the_card_says_what_a_stranger_must_know(exported, trained):
    text = (exported / "README.md").read_text()
    head, page = text.removeprefix("---\n").split("\n---\n", 1)
    assert (
        yaml.safe_load(head)["license"] == "apache-2.0" and yaml.safe_load(head)["language"] == "hu"
    )
    record = json.loads((exported / "export.json").read_text())
    for key in ("corpus_sha256", "held_out_sha256", "base_sha256", "weights_sha256"):
        assert record[key] in page and len(record[key]) == 64
    assert "| all | 2.50 [2.40, 2.60] | 3.25 [3.15, 3.35] |" in page and "4 held-out clips" in page
    assert f'speaker="{NAME}", language="hu"' in page and "Apache License 2.0" in page
    for name, known in record["files"].items():
        assert known == {
            "bytes": (exported / name).stat().st_size,
            "sha256": sha256_of(exported / name),
        }
    assert set(record["files"]) | {"export.json"} == {path.name for path in exported.iterdir()}
    assert str(trained.root) not in text + json.dumps(record), "no place of this machine"
    code = re.search(r"p = params.SpeechParams\((.*)\)", page)[1]
    assert code == "temperature=0.6, top_k=40, top_p=0.8, repetition_penalty=1.5"


def test_scores_of_other_weights_are_not_claimed(trained):
    assert export.scores_of(trained, "baseline", "0" * 64) is None
    assert export.scores_of(trained, "combined", "0" * 64) is None
    assert "not been evaluated" in "".join(export._scores(None))


def test_licences(tmp_path, tiny_base):
    assert export.licence_of(tiny_base)["id"] == "apache-2.0"
    shutil.copy(tiny_base / "vocab.json", tmp_path)
    assert export.licence_of(tmp_path)["id"] == "unknown"
    (tmp_path / "base_manifest.json").write_text(
        json.dumps({"licence": {"name": "Coqui Public Model License 1.0.0"}})
    )
    licence = export.licence_of(tmp_path)
    assert (
        licence["id"] == "other"
        and "Coqui Public Model License" in licence["name"]
        and "commercial" in licence["note"]
    )


def test_an_earlier_export_is_replaced_and_anything_else_left_alone(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "read_back", lambda *args: None)
    folder = tmp_path / "voices" / "mine"
    base_p = P.model_copy(update={"phase": "base"})
    speaker = samples.open_speaker(base_p, trained)
    monkeypatch.setattr(samples, "open_speaker", lambda *args: speaker)
    export.export(base_p, trained, folder)
    first = sha256_of(folder / "export.json")
    assert list(torch.load(folder / "speakers_xtts.pth", weights_only=True)) == ["mini"], (
        "the profile's name"
    )

    def full(*args, **more):
        raise RuntimeError(
            "PytorchStreamWriter failed writing file model/data/3: file write failed"
        )

    with monkeypatch.context() as patched:
        patched.setattr(export.torch, "save", full)
        with pytest.raises(VagoError, match="mine could not be written.*file write failed"):
            export.export(P, trained, folder)
    assert sha256_of(folder / "export.json") == first and [
        path.name for path in folder.parent.iterdir()
    ] == ["mine"]

    export.export(base_p, trained, folder, name="other")
    assert json.loads((folder / "export.json").read_text())["voice"] == "other"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]
    (folder / "diary.txt").write_text("dear diary")
    with pytest.raises(VagoError, match="holds diary.txt, which is not part of an export"):
        export.export(P, trained, folder)
    assert (folder / "diary.txt").read_text() == "dear diary"


def test_what_cannot_be_exported_is_said_before_anything_is_opened(trained, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(samples, "open_phase", lambda *args: opened.append(args))
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 10**6, 10**6))
        with pytest.raises(VagoError, match="exporting to new needs .* MiB"):
            export.export(P, trained, tmp_path / "new")
    with pytest.raises(VagoError, match="temperature 0"):
        export.export(GREEDY, trained, tmp_path / "new")
    with pytest.raises(VagoError, match="will not do as a voice's name"):
        export.export(P, trained, tmp_path / "new", name="a/b")
    (tmp_path / "file").touch()
    with pytest.raises(VagoError, match="is a file"):
        export.export(P, trained, tmp_path / "file")
    assert not opened and [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_unknown_voice_is_named(exported):
    with pytest.raises(VagoError, match="has no voice 'Nobody'; it has 'Vágó István'"):
        export.load(exported, "Nobody")


def test_the_command(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VAGO_HOME", str(trained.root))
    monkeypatch.setattr(
        export,
        "export",
        lambda p, paths, to, name, tell: f"{p.phase} {p.top_k} {paths.home.name} {to} {name}",
    )
    (trained.root / "params" / "mini").mkdir(exist_ok=True)
    (trained.root / "params" / "mini" / "06_generate_samples.yaml").write_text(
        "profile: mini\ntop_k: 7\nphase: base\n"
    )
    assert main(["export", "mini", "--to", "there", "--name", "Mine"]) == 0
    assert main(["export", "mini", "--phase", "combined"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "best 7 mini there Mine",
        "combined 7 mini None ",
    ]
    assert main(["export", "mini", "--phase", "third"]) == 1
    assert "phase = 'third' will not do" in capsys.readouterr().err
