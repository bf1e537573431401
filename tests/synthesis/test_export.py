"""Export: stock loads the folder and speaks the same, and what the folder held before is safe."""

from __future__ import annotations

import json
import re
import shutil

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
from vago.synthesis.prompt import reference_clips

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
    names = [name for name in weights if name.startswith("gpt.")]
    gpt = {name.removeprefix("gpt."): weights[name].clone() for name in names}
    gpt["mel_head.weight"] *= 2  # greedy choices far from ties
    gpt["mel_head.bias"][:1024] += 0.01

    folder = paths.phase("baseline")
    folder.mkdir(parents=True)
    sha256 = checkpoint.save_tensors(folder / "best.safetensors", gpt, {})
    files.write_json(folder / "phase.json", {"best_step": 7, "lineage": {"phase": "baseline"}})

    losses = {"mel_ce": interval(2.5), "text_ce": interval(3.25), "loss": interval(2.6)}
    scored = {"test": losses, "per_source": {"quiz": losses}, "weights_sha256": sha256}
    report = {"best": "baseline", "test_clips": 4, "phases": {"baseline": scored}}
    paths.evaluation.mkdir()
    files.write_json(paths.evaluation / "report.json", report)
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


@pytest.mark.slow
def test_both_files_hold_the_whole_model_with_the_phases_gpt(exported, trained):
    weights = torch.load(exported / "model.pth", weights_only=True)["model"]
    other = load_file(exported / "model.safetensors")
    base = pickles.load_weights(trained.base / "model.pth")
    gpt, _ = checkpoint.load_tensors(trained.phase("baseline") / "best.safetensors")

    expected = base | {f"gpt.{name}": tensor for name, tensor in gpt.items()}
    assert weights.keys() == other.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(weights[name], tensor)
        assert torch.equal(other[name], tensor)


@pytest.mark.slow
def test_stock_speaks_it_by_name_with_its_settings(stock):
    assert stock.speaker_manager.speaker_names == [NAME]
    assert {name: getattr(stock.config, name) for name in P.sampling()} == P.sampling()

    wav = stock.synthesize("jó estét!", speaker=NAME, language="hu", max_new_tokens=6)["wav"]
    assert len(wav) > 4000
    assert np.isfinite(wav).all()
    assert np.abs(wav).max() > 1e-3


@pytest.mark.slow
def test_the_api_of_coqui_tts_speaks_it(exported):
    from TTS.api import TTS

    config = str(exported / "config.json")
    tts = TTS(model_path=str(exported), config_path=config, progress_bar=False)
    options = {"max_new_tokens": 6, "split_sentences": False}
    wav = tts.tts("Jó estét!", speaker=NAME, language="hu", **options)
    assert len(wav) > 4000
    assert np.isfinite(wav).all()


@pytest.mark.slow
def test_same_codes_through_ours_and_stocks_greedy_decoding(stock, exported):
    model, voice, encode = export.open_export(exported)
    ids = torch.tensor(encode("jó estét kívánok!"))
    low, high = voice.seconds_per_character
    assert 0 < low < high < 1

    latents, embedding = stock.speaker_manager.speakers[NAME].values()
    assert torch.equal(latents, voice.gpt_cond_latents)
    assert torch.equal(embedding, voice.speaker_embedding)

    (ours,) = synthesizer.decode(model.gpt, voice.gpt_cond_latents, [ids], GREEDY, [30], [1])
    greedy = {"do_sample": False, "num_beams": 1, "repetition_penalty": 1.0}
    with torch.inference_mode():
        codes = stock.gpt.generate(latents, ids[None], max_new_tokens=30, **greedy)[0].tolist()
    assert ours.codes.tolist() == codes
    assert len(set(codes)) > 3


@pytest.mark.slow
def test_the_voice_is_the_prompts_behind_the_phases_weights(exported, trained):
    from vago.corpus.corpus import Corpus

    model, _ = phases.open_phase("baseline", trained)
    corpus = Corpus.load(trained.corpus)
    prompt = reference_clips(corpus, P)
    wavs = [corpus.audio(clip_id)[0] for clip_id in prompt]
    expected = synthesizer.voice_from(model, wavs, P.prompt_seconds)

    voice = torch.load(exported / "speakers_xtts.pth", weights_only=True)[NAME]
    torch.testing.assert_close(voice["gpt_cond_latent"], expected.gpt_cond_latents)
    assert list(json.loads((exported / "export.json").read_text())["prompt"]) == prompt


@pytest.mark.slow
def test_the_card_has_licence_scores_and_hashes(exported, trained):
    text = (exported / "README.md").read_text(encoding="utf-8")
    record = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    head, page = text.removeprefix("---\n").split("\n---\n", 1)
    head = yaml.safe_load(head)

    assert (head["license"], head["language"]) == ("apache-2.0", "hu")
    assert "Apache License 2.0" in page
    for key in ("corpus_sha256", "held_out_sha256", "base_sha256", "weights_sha256"):
        assert record[key] in page
        assert len(record[key]) == 64
    assert "| all | 2.50 [2.40, 2.60] | 3.25 [3.15, 3.35] |" in page
    assert "| quiz | 2.50 [2.40, 2.60] | 3.25 [3.15, 3.35] |" in page
    assert "4 test clips" in page
    assert f'speaker="{NAME}", language="hu"' in page
    assert str(trained.root) not in text + json.dumps(record), "no path of this machine"


@pytest.mark.slow
def test_the_record_lists_every_file(exported):
    record = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    for name, known in record["files"].items():
        size = (exported / name).stat().st_size
        assert known == {"bytes": size, "sha256": sha256_of(exported / name)}
    assert {*record["files"], "export.json"} == {path.name for path in exported.iterdir()}


@pytest.mark.slow
def test_the_cards_snippet_runs(exported, monkeypatch):
    page = (exported / "README.md").read_text(encoding="utf-8")
    ours = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[1]
    settings = "temperature=0.6, top_k=40, top_p=0.8, repetition_penalty=1.5"
    assert f"p = params.SpeechParams({settings})" in ours

    monkeypatch.chdir(exported)
    names: dict = {}
    exec(ours, names)
    chunk = next(names["chunks"])
    assert len(chunk) > 1000
    assert np.isfinite(chunk).all()


def test_scores_of_other_weights_are_not_claimed(trained):
    assert export.scores_of(trained, "baseline", "0" * 64) is None
    assert export.scores_of(trained, "combined", "0" * 64) is None


@pytest.mark.slow
def test_an_earlier_export_is_replaced_and_anything_else_left_alone(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "read_back", lambda *args: None)
    folder = tmp_path / "voices" / "mine"
    p = P.model_copy(update={"phase": "base"})
    speaking = samples.open_speaking_phase(p, trained)
    monkeypatch.setattr(samples, "open_speaking_phase", lambda *args: speaking)

    export.export(p, trained, folder)
    first = sha256_of(folder / "export.json")
    voices = torch.load(folder / "speakers_xtts.pth", weights_only=True)
    assert list(voices) == ["mini"], "the profile's name"

    # a disk that is full leaves the earlier export as it was
    def full(*args, **more):
        raise RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed")

    with monkeypatch.context() as patched:
        patched.setattr(export.torch, "save", full)
        with pytest.raises(VagoError, match="mine could not be written.*file write failed"):
            export.export(p, trained, folder)
    assert sha256_of(folder / "export.json") == first
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]

    export.export(p, trained, folder, name="other")
    assert json.loads((folder / "export.json").read_text())["voice"] == "other"
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]

    (folder / "diary.txt").write_text("dear diary")
    with pytest.raises(VagoError, match="holds diary.txt, which is not part of an export"):
        export.export(p, trained, folder)
    assert (folder / "diary.txt").read_text() == "dear diary"


def test_what_cannot_be_exported_is_refused_before_anything_is_opened(
    trained, tmp_path, monkeypatch
):
    opened = []
    monkeypatch.setattr(samples, "open_phase", lambda *args: opened.append(args))
    new = tmp_path / "new"

    with monkeypatch.context() as patched:
        patched.setattr(files, "free_bytes", lambda folder: 10**6)
        with pytest.raises(VagoError, match="exporting to new needs .* MiB"):
            export.export(P, trained, new)
    with pytest.raises(VagoError, match="temperature 0"):
        export.export(GREEDY, trained, new)
    with pytest.raises(VagoError, match="cannot be a voice's name"):
        export.export(P, trained, new, name="a/b")

    (tmp_path / "file").touch()
    with pytest.raises(VagoError, match="is a file"):
        export.export(P, trained, tmp_path / "file")
    assert not opened
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_an_unknown_voice_is_named(exported):
    with pytest.raises(VagoError, match="has no voice 'Nobody'; it has 'Vágó István'"):
        export.open_export(exported, "Nobody")


def test_the_command(trained, tmp_path, monkeypatch, capsys):
    def stand_in(p, paths, to, name, log):
        return f"{p.phase} {p.top_k} {paths.home.name} {to} {name}"

    monkeypatch.setenv("VAGO_HOME", str(trained.root))
    monkeypatch.setattr(export, "export", stand_in)
    folder = trained.root / "params" / "mini"
    folder.mkdir(exist_ok=True)
    settings = "profile: mini\ntop_k: 7\nphase: base\n"
    (folder / "06_generate_samples.yaml").write_text(settings)

    assert main(["export", "mini", "--to", "there", "--name", "Mine"]) == 0
    assert main(["export", "mini", "--phase", "combined"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["best 7 mini there Mine", "combined 7 mini None "]

    assert main(["export", "mini", "--phase", "third"]) == 1
    assert "phase = 'third' is not valid" in capsys.readouterr().err
