import pytest

from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.files import write_whole
from vago.paths import Paths, project_root


def test_the_project_is_found_from_below_or_named(tmp_path, monkeypatch):
    monkeypatch.delenv("VAGO_HOME", raising=False)
    for name in ("notebooks", "params", "outputs/demo"):
        (tmp_path / name).mkdir(parents=True)
    assert project_root(tmp_path / "outputs" / "demo") == tmp_path
    with pytest.raises(VagoError, match="no vago project at or above"):
        project_root(tmp_path.parent)
    assert Paths.of(CorpusParams(), tmp_path).base == tmp_path / "outputs" / "demo" / "base"


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    write_whole(path, "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vago.paths.os.fsync", full)
    with pytest.raises(VagoError, match="report.json cannot be written.*No space left.*has room"):
        write_whole(path, "new")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["report.json"]
