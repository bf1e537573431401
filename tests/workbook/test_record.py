"""run.json and the digests of files."""

from __future__ import annotations

from helpers.workbooks import reasons, refused
from vago.workbook.record import FileDigests


def test_a_broken_record_is_never_overwritten(project):
    reasons()
    (project / "outputs/demo/run.json").write_text('{"format": 1, "st')
    assert "outputs/demo/run.json is not a record" in refused()


def test_each_file_is_read_once_and_again_when_it_changes(tmp_path, monkeypatch):
    file, digests, opened = tmp_path / "weights", FileDigests(), []
    file.write_bytes(b"a")

    def counting(*arguments, real=open, **options):
        opened.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr("builtins.open", counting)
    first = digests.of(file)
    assert digests.of(file) == first and len(opened) == 1

    file.write_bytes(b"ab")
    assert digests.of(file) != first
