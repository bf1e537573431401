"""Other people's pickles: their tensors are read, their code is not run."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import types
import warnings
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.model import pickles


class Creates:
    """Unpickled by Python itself, it makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (shutil.copyfile, (__file__, str(self.path)))


class Runs(Creates):
    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


class Evaluates(Creates):
    def __reduce__(self):
        return (eval, (f"open({str(self.path)!r}, 'w')",))


REFUSED = {Creates: "shutil.copyfile", Runs: "posix.system", Evaluates: "eval"}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_code_is_refused_by_name(tmp_path, kind, zipped):
    made, path = tmp_path / "made", tmp_path / "model.pth"
    content = {"model": {"w": torch.ones(2)}, "x": kind(made)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    torch.load(path, weights_only=False)
    assert made.exists(), "the pickle does run code"
    made.unlink()

    message = f"model.pth is refused: it is a pickle with .*{REFUSED[kind]}.* in it"
    for read in (pickles.open_pickle, pickles.load_weights):
        with pytest.raises(VagoError, match=message) as error:
            read(path)
        assert not made.exists() and "\n" not in str(error.value)


def test_what_this_process_allows_elsewhere_is_refused_here(tmp_path):
    torch.save({"x": Creates(tmp_path / "made")}, tmp_path / "a.pth")
    allowed = [shutil.copyfile]
    torch.serialization.add_safe_globals(allowed)
    try:
        with pytest.raises(VagoError, match="refused"):
            pickles.open_pickle(tmp_path / "a.pth")
        restored = torch.serialization.get_safe_globals()
        assert set(restored) >= set(allowed), "allowed again afterwards"
    finally:
        torch.serialization.clear_safe_globals()


def test_allowed_names_do_not_stay_allowed(tmp_path):
    torch.save(torch.ones(1), tmp_path / "a.pth")
    before = torch.serialization.get_safe_globals()
    pickles.open_pickle(tmp_path / "a.pth")
    assert torch.serialization.get_safe_globals() == before


def test_a_config_with_setstate_runs_none_of_its_code(tmp_path, monkeypatch):
    """A class that takes the name of an allowed one is read as a shell all the same."""

    class XttsConfig:
        def __setstate__(self, state):
            (tmp_path / "made").touch()

        def __getstate__(self):
            return {"epochs": 3}

    XttsConfig.__module__, XttsConfig.__qualname__ = "TTS.tts.configs.xtts_config", "XttsConfig"
    fake = types.ModuleType(XttsConfig.__module__)
    fake.XttsConfig = XttsConfig
    monkeypatch.setitem(sys.modules, XttsConfig.__module__, fake)
    torch.save({"config": XttsConfig(), "model": {"w": torch.ones(2)}}, tmp_path / "a.pth")

    config = pickles.open_pickle(tmp_path / "a.pth")["config"]
    assert type(config) is pickles.Shell and config.epochs == 3
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("mmap", [True, False])
def test_plain_content_comes_back_as_it_was(tmp_path, zipped, mmap):
    content = {
        "a": [1, 2.5, None, True, "ő", b"x"],
        "b": OrderedDict(w=torch.arange(6).view(2, 3)),
        "c": (torch.tensor(1.0).bfloat16(), {"d": set()}),
        "p": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    found = pickles.open_pickle(tmp_path / "a.pth", mmap=mmap)

    assert found["a"] == content["a"]
    assert torch.equal(found["b"]["w"], content["b"]["w"])
    assert found["c"][0] == 1 and found["c"][0].dtype == torch.bfloat16
    assert torch.equal(found["p"], content["p"])


def test_other_files_are_one_sentence(tmp_path):
    path = tmp_path / "model.pth"
    with pytest.raises(VagoError, match="model.pth does not exist"):
        pickles.open_pickle(path)

    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)
    script = path.read_bytes()
    plain, with_path = pickle.dumps({"a": 1}, protocol=4), pickle.dumps(Path("x"))
    for content in (b"", b"<html>404</html>", plain, with_path, script):
        path.write_bytes(content)
        with pytest.raises(VagoError, match="model.pth (cannot be read|is refused)") as error:
            pickles.open_pickle(path)
        assert "\n" not in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize(
    "content, held",
    [
        ([1], "list"),
        ({"model": {}}, "model"),
        ({"step": 3, "model": 1}, "model, step"),
        ({}, "nothing"),
    ],
)
def test_a_file_without_weights_is_named_with_what_it_holds(tmp_path, content, held):
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(VagoError, match=f"holds no model weights but {held}:"):
        pickles.load_weights(tmp_path / "model.pth")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bytes of one small checkpoint in both formats."""
    path = tmp_path_factory.mktemp("small") / "a.pth"
    content = {
        "model": OrderedDict(w=torch.arange(6.0).view(2, 3)),
        "step": 3,
        "config": {"lr": 0.1},
    }
    both = []
    for zipped in (True, False):
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        both.append(path.read_bytes())
    return both


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_a_sentence_or_harmless(data, small, tmp_path_factory):
    content = bytearray(data.draw(st.sampled_from(small)))
    for _ in range(data.draw(st.integers(0, 2))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pickles.open_pickle(path)
        except VagoError as error:
            assert "\n" not in str(error)


def stock_model(base: Path):
    """(XttsConfig, Xtts with the weights of `base`), by coqui-tts alone."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    config = XttsConfig()
    config.load_json(str(base / "config.json"))
    model = Xtts(config)
    model.init_models()
    model.load_state_dict(torch.load(base / "model.pth", weights_only=True)["model"])
    return config, model


def test_a_stock_trainers_checkpoint(tiny_base, tmp_path):
    """Written by coqui-tts-trainer from a model laid out like GPTTrainer, with its optimizer."""
    from trainer.io import save_model

    config, xtts = stock_model(tiny_base)
    # as GPTTrainer does for its test sentences: adds second names of the same tensors
    xtts.gpt.init_gpt_for_inference()
    trainer = torch.nn.Module()
    trainer.xtts, trainer.dvae = xtts, torch.nn.Linear(2, 2)
    trainer.torch_mel_spectrogram_dvae = torch.nn.BatchNorm1d(3)
    optimizer = torch.optim.AdamW(xtts.gpt.mel_head.parameters())
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[5, 9])
    xtts.gpt.mel_head(torch.ones(1, xtts.gpt.mel_head.in_features)).sum().backward()
    optimizer.step()
    schedule.step()
    path = tmp_path / "best_model_20.pth"
    save_model(
        config,
        trainer,
        path,
        current_step=20,
        epoch=1,
        optimizer=[optimizer],
        scheduler=[schedule],
        scaler=torch.amp.GradScaler("cpu"),
        model_loss={"train_loss": 1.5, "eval_loss": None},
    )

    held = pickles.open_pickle(path)
    second_names = {"xtts.gpt.gpt.wte.weight", "xtts.gpt.gpt_inference.lm_head.0.weight"}
    assert held["optimizer"][0]["state"][0]["step"] == 1
    assert held["config"]["model_args"]["gpt_layers"] == 4
    assert {*second_names, "dvae.weight"} <= held["model"].keys()

    weights = pickles.load_weights(path)
    fresh = type(xtts)(config)
    fresh.init_models()
    assert weights.keys() == fresh.state_dict().keys()
    fresh.load_state_dict(weights, strict=True)
    trained = xtts.state_dict()
    assert all(torch.equal(tensor, trained[name]) for name, tensor in fresh.state_dict().items())


def test_the_published_layout(tiny_base, tmp_path):
    """model.pth as Coqui published it: a whole XttsConfig beside the weights, under old names."""
    from TTS.tts.models import xtts as stock

    config, model = stock_model(tiny_base)
    path = tmp_path / "model.pth"
    with stock._legacy_safe_globals():  # stock's way of giving the classes their old names
        torch.save({"config": config, "model": model.state_dict()}, path)
    published = path.read_bytes()
    with pytest.raises(pickle.UnpicklingError, match="Xtts"):
        torch.load(path, weights_only=True)

    weights, expected = pickles.load_weights(path), model.state_dict()
    assert path.read_bytes() == published
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())

    # this is why it is not opened through stock
    shutil.copy(tiny_base / "vocab.json", tmp_path)
    model.load_checkpoint(config, checkpoint_dir=str(tmp_path), eval=False)
    assert path.read_bytes() != published, "stock rewrites the file it opens"
