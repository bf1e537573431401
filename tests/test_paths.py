"""Where a run keeps things."""

import pytest

from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.paths import Paths, project_root


def test_the_project_is_found_from_below_or_named(tmp_path, monkeypatch):
    monkeypatch.delenv("VAGO_HOME", raising=False)
    for name in ("notebooks", "params", "outputs/demo"):
        (tmp_path / name).mkdir(parents=True)
    assert project_root(tmp_path / "outputs" / "demo") == tmp_path
    with pytest.raises(VagoError, match="no vago project at or above"):
        project_root(tmp_path.parent)
    assert Paths.of(CorpusParams(), tmp_path).base == tmp_path / "outputs" / "demo" / "base"
