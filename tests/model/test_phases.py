"""Which phase is the best one."""

from __future__ import annotations

import pytest

from vago import VagoError
from vago.model.phases import chosen_phase


def test_the_best_phase_is_the_reports(project):
    with pytest.raises(VagoError, match="run 05_evaluate first"):
        chosen_phase("best", project)

    report = project.evaluation / "report.json"
    report.parent.mkdir()
    report.write_text('{"best": "combined"}')
    assert chosen_phase("best", project) == "combined"
    assert chosen_phase("base", project) == "base"

    report.write_text("{")
    with pytest.raises(VagoError, match="is not a report of 05_evaluate"):
        chosen_phase("best", project)
