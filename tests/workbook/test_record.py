"""run.json and the digests of files."""

from __future__ import annotations

import json

from helpers.workbooks import reasons, refused
from vago.workbook.record import CACHED_BYTES, FileDigests


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


def test_digests_of_large_files_are_kept_on_disk(tmp_path, monkeypatch):
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(bytes(CACHED_BYTES))
    small.write_bytes(b"a")
    monkeypatch.setattr("vago.workbook.record.SETTLED_NS", 0)

    digests = FileDigests(tmp_path / ".digests.json")
    expected = [digests.of(large), digests.of(small)]
    digests.save()
    assert list(json.loads((tmp_path / ".digests.json").read_text())) == [str(large)]

    again = FileDigests(tmp_path / ".digests.json")
    monkeypatch.setattr("vago.workbook.record.sha256_of", lambda path: path.name)
    assert [again.of(large), again.of(small)] == [expected[0], "small"]

    assert again.of(tmp_path / "gone") == ""

    large.write_bytes(bytes(CACHED_BYTES) + b"b")
    assert FileDigests(tmp_path / ".digests.json").of(large) == "large"

    (tmp_path / ".digests.json").write_text('{"a": 3}')
    assert FileDigests(tmp_path / ".digests.json").known == {}


def test_a_file_that_was_just_written_is_not_kept(tmp_path):
    (tmp_path / "large").write_bytes(bytes(CACHED_BYTES))
    digests = FileDigests(tmp_path / ".digests.json")
    digests.of(tmp_path / "large")
    digests.save()
    assert json.loads((tmp_path / ".digests.json").read_text()) == {}
