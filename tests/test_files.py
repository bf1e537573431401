"""Files and folders are whole or as they were."""

from __future__ import annotations

import pytest

from vago import VagoError
from vago.files import replacing, replacing_folder, sha256_of, sha256_of_text, write_whole


def full_disk(handle):
    raise OSError(28, "No space left on device")


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    write_whole(path, "old")

    monkeypatch.setattr("vago.files.os.fsync", full_disk)
    with pytest.raises(VagoError, match="report.json cannot be written.*No space left.*has room"):
        write_whole(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_what_is_being_written_is_found_by_no_pattern(tmp_path):
    path = tmp_path / "clip.wav"
    with replacing(path) as partial:
        partial.write_bytes(b"half")
        assert not list(tmp_path.glob("*.wav"))
    assert path.read_bytes() == b"half"


def test_an_exception_while_writing_removes_what_was_written(tmp_path):
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "export"
    for content in ("one", "two"):
        with replacing_folder(folder) as partial:
            (partial / content).write_text(content)
        assert [path.name for path in folder.iterdir()] == [content]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_folder_that_cannot_be_built_leaves_the_earlier_one(tmp_path, error):
    folder = tmp_path / "export"
    with replacing_folder(folder) as partial:
        (partial / "kept").touch()

    with pytest.raises((VagoError, KeyboardInterrupt)), replacing_folder(folder) as partial:
        (partial / "half").touch()
        raise error
    assert [path.name for path in folder.iterdir()] == ["kept"]
    assert list(tmp_path.iterdir()) == [folder]


def test_hashes(tmp_path):
    (tmp_path / "a").write_text("Jó estét!")
    assert sha256_of(tmp_path / "a") == sha256_of_text("Jó estét!")
    assert sha256_of(tmp_path / "none") == ""
