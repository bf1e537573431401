import pytest
import torch

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


def test_round_trip(tmp_path, tensors):
    digest = checkpoint.save(tmp_path / "best.safetensors", tensors, {"step": 3})
    loaded, meta = checkpoint.load(tmp_path / "best.safetensors")
    assert meta == {"step": 3, "content_sha256": digest}
    assert all(torch.equal(loaded[k], v) for k, v in tensors.items())
    assert [p.name for p in tmp_path.iterdir()] == ["best.safetensors"], (
        "no temporary file stays behind"
    )
    (tmp_path / "plain").touch()
    assert (tmp_path / "best.safetensors").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_digest_tells_values_names_and_shapes_apart(tensors):
    digest = checkpoint.content_digest(tensors)
    assert digest == checkpoint.content_digest(dict(reversed(tensors.items())))
    assert digest != checkpoint.content_digest({**tensors, "b": tensors["b"] + 1e-6})
    assert digest != checkpoint.content_digest({**tensors, "b": tensors["b"].reshape(5, 4)})
    assert digest != checkpoint.content_digest(
        {("d" if k == "b" else k): v for k, v in tensors.items()}
    )


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_a_torn_file_is_named(tmp_path, tensors, keep):
    path = tmp_path / "best.safetensors"
    checkpoint.save(path, tensors, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(VagoError, match="best.safetensors is torn.*delete it"):
        checkpoint.load(path)


def test_a_flipped_bit_is_noticed(tmp_path, tensors):
    path = tmp_path / "best.safetensors"
    checkpoint.save(path, tensors, {})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(VagoError, match="damaged"):
        checkpoint.load(path)


def test_non_finite_weights_are_never_saved(tmp_path, tensors):
    path = tmp_path / "best.safetensors"
    checkpoint.save(path, tensors, {"step": 1})
    tensors["b"][0, 0] = float("nan")
    with pytest.raises(VagoError, match="not finite.*b"):
        checkpoint.save(path, tensors, {"step": 2})
    assert checkpoint.load(path)[1]["step"] == 1


def test_what_does_not_read_back_does_not_replace_the_old_one(tmp_path, tensors, monkeypatch):
    path = tmp_path / "best.safetensors"
    checkpoint.save(path, tensors, {"step": 1})
    write = checkpoint.save_file

    def torn(content, target, metadata):
        write(content, target, metadata)
        with open(target, "r+b") as file:
            file.truncate(100)

    monkeypatch.setattr(checkpoint, "save_file", torn)
    with pytest.raises(VagoError, match="previous one is untouched"):
        checkpoint.save(path, tensors, {"step": 2})
    assert checkpoint.load(path)[1]["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["best.safetensors"]


def test_full_disk_is_seen_before_writing(tmp_path, tensors, monkeypatch):
    monkeypatch.setattr(
        files.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10 * 2**20})
    )
    with pytest.raises(VagoError, match=r"needs \d+ MiB.*10 MiB are free"):
        checkpoint.save(tmp_path / "last.safetensors", tensors, {})


@pytest.mark.parametrize("small_disk", ["8m"], indirect=True)
def test_a_disk_that_fills_up_while_writing_loses_nothing(small_disk, monkeypatch):
    monkeypatch.setattr(files, "SPARE_BYTES", 0)
    path = small_disk / "best.safetensors"
    checkpoint.save(path, {"w": torch.zeros(2**19)}, {"step": 1})  # 2 MiB
    monkeypatch.setattr(
        checkpoint, "need_room", lambda *a: None
    )  # somebody else takes the space after the check
    with pytest.raises(VagoError, match="could not be written"):
        checkpoint.save(path, {"w": torch.zeros(2 * 2**20)}, {"step": 2})  # 8 MiB beside 2
    assert checkpoint.load(path)[1]["step"] == 1
    assert [p.name for p in small_disk.iterdir()] == ["best.safetensors"]


def test_optimizer_state_goes_through_a_file_unchanged(tmp_path):
    model = torch.nn.Linear(3, 2)
    names = ["weight", "bias"]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
    checkpoint.save(
        tmp_path / "last.safetensors", checkpoint.optimizer_tensors(optimizer, names), {}
    )
    twin = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    checkpoint.restore_optimizer(twin, names, checkpoint.load(tmp_path / "last.safetensors")[0])
    for parameter in model.parameters():
        a, b = optimizer.state[parameter], twin.state[parameter]
        assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)
