"""Checkpoint files: verified, never half there; a resume gets back what was saved."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError, files
from vago.model import checkpoint


@pytest.fixture
def tensors():
    return {
        "b": torch.randn(4, 5),
        "a": torch.arange(6),
        "c": torch.randn(3).bfloat16(),
        "scalar": torch.tensor(2.0),
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "best.safetensors"


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_round_trip(path, tensors):
    digest = checkpoint.save_tensors(path, tensors, {"step": 3})
    loaded, meta = checkpoint.load_tensors(path)
    assert meta == {"step": 3, "content_sha256": digest} == checkpoint.read_meta(path)
    assert all(torch.equal(loaded[name], t) for name, t in tensors.items())
    assert names_in(path.parent) == [path.name], "no temporary file is left"

    (path.parent / "plain").touch()
    assert path.stat().st_mode == (path.parent / "plain").stat().st_mode


def test_the_digest_depends_on_values_names_and_shapes(tensors):
    digest = checkpoint.content_digest(tensors)
    assert digest == checkpoint.content_digest(dict(reversed(tensors.items())))

    renamed = {("d" if name == "b" else name): t for name, t in tensors.items()}
    assert digest != checkpoint.content_digest({**tensors, "b": tensors["b"] + 1e-6})
    assert digest != checkpoint.content_digest({**tensors, "b": tensors["b"].reshape(5, 4)})
    assert digest != checkpoint.content_digest(renamed)


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_a_torn_file_is_named(path, tensors, keep):
    checkpoint.save_tensors(path, tensors, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(VagoError, match="best.safetensors is torn.*delete it"):
        checkpoint.load_tensors(path)


def test_a_flipped_bit_is_noticed(path, tensors):
    checkpoint.save_tensors(path, tensors, {})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(VagoError, match="damaged"):
        checkpoint.load_tensors(path)


def test_non_finite_weights_are_never_saved(path, tensors):
    checkpoint.save_tensors(path, tensors, {"step": 1})
    tensors["b"][0, 0] = float("nan")
    with pytest.raises(VagoError, match="not finite.*b"):
        checkpoint.save_tensors(path, tensors, {"step": 2})
    assert checkpoint.load_tensors(path)[1]["step"] == 1


def test_a_file_that_reads_back_wrong_does_not_replace_the_old_one(path, tensors, monkeypatch):
    checkpoint.save_tensors(path, tensors, {"step": 1})
    write = checkpoint.save_file

    def torn(content, target, metadata):
        write(content, target, metadata)
        with open(target, "r+b") as file:
            file.truncate(100)

    monkeypatch.setattr(checkpoint, "save_file", torn)
    with pytest.raises(VagoError, match="previous one is untouched"):
        checkpoint.save_tensors(path, tensors, {"step": 2})
    assert checkpoint.load_tensors(path)[1]["step"] == 1
    assert names_in(path.parent) == [path.name]


def test_a_full_disk_is_noticed_before_writing(path, tensors, monkeypatch):
    usage = type("Usage", (), {"free": 10 * 2**20})
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(VagoError, match=r"needs \d+ MiB.*10 MiB are free"):
        checkpoint.save_tensors(path, tensors, {})


@pytest.mark.parametrize("small_disk", ["8m"], indirect=True)
def test_a_disk_that_fills_up_while_writing_loses_nothing(small_disk, monkeypatch):
    monkeypatch.setattr(files, "SPARE_BYTES", 0)
    path = small_disk / "best.safetensors"
    checkpoint.save_tensors(path, {"w": torch.zeros(2**19)}, {"step": 1})  # 2 MiB

    # another process takes the space after the check
    monkeypatch.setattr(checkpoint, "need_room", lambda *arguments: None)
    with pytest.raises(VagoError, match="could not be written"):
        checkpoint.save_tensors(path, {"w": torch.zeros(2 * 2**20)}, {"step": 2})  # 8 MiB beside 2
    assert checkpoint.load_tensors(path)[1]["step"] == 1
    assert names_in(small_disk) == [path.name]


def trained(seed: int):
    """(a small model, its AdamW after three steps)."""
    torch.manual_seed(seed)
    model = torch.nn.Linear(300, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(4, 300)).square().sum().backward()
        optimizer.step()
    return model, optimizer


NAMES = ["weight", "bias"]


@pytest.mark.parametrize("compact", [False, True])
def test_a_training_comes_back_as_it_was_saved(path, compact):
    model, optimizer = trained(seed=1)
    meta = {"step": 3}
    checkpoint.save_training(path, model.state_dict(), optimizer, NAMES, meta, compact)

    twin, its_optimizer = trained(seed=2)
    assert checkpoint.restore_training(path, twin, its_optimizer, NAMES)["step"] == 3
    tolerance = {"rtol": 1e-3, "atol": 0.05} if compact else {"rtol": 0, "atol": 0}
    for ours, theirs in zip(model.parameters(), twin.parameters()):
        torch.testing.assert_close(theirs, ours, **tolerance)
        expected, found = optimizer.state[ours], its_optimizer.state[theirs]
        assert expected.keys() == found.keys()
        assert torch.equal(expected["step"], found["step"])
        for slot in ("exp_avg", "exp_avg_sq"):
            scale = expected[slot].abs().max()
            torch.testing.assert_close(found[slot] / scale, expected[slot] / scale, **tolerance)


def test_only_weights_that_are_not_trained_may_be_missing(path):
    """Under LoRA the file holds the adapters only, and the base's weights keep their values."""
    model, optimizer = trained(seed=1)
    bias_alone = torch.optim.AdamW([model.bias])
    checkpoint.save_training(path, {"bias": model.bias}, bias_alone, ["bias"], {})

    twin, its_optimizer = trained(seed=2)
    weight = twin.weight.clone()
    checkpoint.restore_training(path, twin, torch.optim.AdamW([twin.bias]), ["bias"])
    assert torch.equal(twin.bias, model.bias) and torch.equal(twin.weight, weight)

    with pytest.raises(VagoError, match="lacks 1 trained weights, first weight"):
        checkpoint.restore_training(path, twin, its_optimizer, NAMES)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 3000), scale=st.floats(1e-12, 1e3), seed=st.integers(0, 99))
def test_the_compact_form_is_close_and_keeps_what_it_does_not_pack(size, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    moment = torch.randn(size, generator=generator) * scale
    tensors = {
        "w": torch.randn(size, generator=generator),
        "ids": torch.arange(size),
        "optimizer.w.step": torch.tensor(7.0),
        "optimizer.w.exp_avg": moment,
        "optimizer.w.exp_avg_sq": moment.square(),
    }
    back = checkpoint.from_compact(checkpoint.to_compact(tensors))

    assert back.keys() == tensors.keys()
    for name, t in tensors.items():
        assert (back[name].shape, back[name].dtype) == (t.shape, t.dtype)
    for name in ("ids", "optimizer.w.step"):
        assert torch.equal(back[name], tensors[name])
    torch.testing.assert_close(back["w"], tensors["w"], rtol=5e-4, atol=1e-7)
    for name in ("optimizer.w.exp_avg", "optimizer.w.exp_avg_sq"):
        assert (back[name] - tensors[name]).abs().max() <= 0.02 * tensors[name].abs().max()
    assert (back["optimizer.w.exp_avg_sq"] >= 0).all()


def test_what_overflows_in_half_precision_is_not_cast():
    tensors = {
        "big": torch.tensor([1e6, 1.0]),
        "broken": torch.tensor([float("nan")]),
        "small": torch.ones(2),
    }
    cast = checkpoint.cast_weights(tensors, "fp16")
    assert torch.equal(cast["big"], tensors["big"])
    assert cast["small"].dtype == torch.float16
    assert cast["broken"].isnan().all()
