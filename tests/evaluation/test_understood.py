"""A phase with a lower loss that is understood less well gets a warning in words."""

from __future__ import annotations

import pandas as pd
import pytest

from vago.evaluation import tables, understood
from vago.evaluation.params import EvaluateParams
from vago.files import write_json
from vago.paths import Paths

WEIGHTS = {"base": "b", "baseline": "c"}
PAIRS = [("baseline", "base")]
CLEAR = [0.1, 0.2, 0.1, 0.2, 0.1, 0.2]


def report(rise: list[float], loss: tuple[float, float, float] = (-0.3, -0.4, -0.2)) -> dict:
    """A report in which the CER of each line rises by `rise`."""
    errors = {"base": [0.3] * len(rise), "baseline": [0.3 + one for one in rise]}
    value, low, high = loss
    return {
        "paired": {"baseline - base": {"loss": {"value": value, "low": low, "high": high}}},
        "understood": understood.compare(errors, PAIRS, f"{len(rise)} test sentences"),
        "not_transcribed": "",
    }


def test_a_clear_rise_is_a_warning_that_says_what_to_do():
    rates, warning = understood.verdict(report(CLEAR)).split("\n\n")
    assert rates.startswith("Character error rate over 6 test sentences: base 0.30 [0.30, 0.30], ")
    assert warning.startswith("Warning: baseline predicts the test clips better than base (loss")
    assert "rises from 0.30 to 0.45 (+0.15 [" in warning and "over 6 test sentences" in warning
    assert "`phase: base`" in warning


def test_a_rise_that_may_be_chance_is_called_so():
    said = understood.verdict(report([0.5, -0.3, 0.2, -0.2, 0.1, 0.0]))
    assert "Warning" not in said
    assert "within chance: baseline - base. `vago evaluate-speech`" in said


@pytest.mark.parametrize(
    ("rise", "loss"),
    [
        ([-0.1, -0.2, 0.0], (-0.3, -0.4, -0.2)),  # understood better
        ([0.001, 0.002, 0.001], (-0.3, -0.4, -0.2)),  # as well as before
        (CLEAR, (0.3, 0.2, 0.4)),  # the loss says it, too
        (CLEAR, (-0.1, -0.3, 0.1)),  # the loss has not clearly fallen
    ],
)
def test_no_warning_where_they_agree(rise, loss):
    rates, rest = understood.verdict(report(rise, loss)).split("\n\n")
    assert rest == "No phase has a clearly lower loss and a higher character error rate."


def test_what_was_not_measured_is_said():
    missing = {"understood": None, "not_transcribed": "no recogniser is installed: pip install x"}
    assert understood.verdict(missing) == "Not measured: no recogniser is installed: pip install x"


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths.of(EvaluateParams(profile="mini"), tmp_path)


def test_the_lines_of_evaluate_speech_count_while_the_weights_are_the_same(paths):
    assert understood.of_listening(paths, WEIGHTS) == {}

    rows = [
        {"row": name, "weights_sha256": digest, "lines": [{"cer": 0.4}, {"cer": 0.5}]}
        for name, digest in {"target": "", **WEIGHTS}.items()
    ]
    paths.listening.mkdir(parents=True)
    write_json(paths.listening / "report.json", {"rows": rows})
    measured = {"base": [0.4, 0.5], "baseline": [0.4, 0.5]}
    assert understood.of_listening(paths, WEIGHTS) == measured
    assert understood.of_listening(paths, WEIGHTS | {"baseline": "trained again"}) == {}
    assert understood.of_listening(paths, WEIGHTS | {"combined": "d"}) == {}

    (paths.listening / "report.json").write_text("{")
    assert understood.of_listening(paths, WEIGHTS) == {}


def test_what_asr_heard_stands_below_the_text(paths):
    paths.evaluation.mkdir(parents=True)
    file = paths.evaluation / "speech.csv"
    pd.DataFrame().to_csv(file, index=False)
    assert tables.heard_table(paths).empty

    speech = pd.DataFrame(
        [("base", "Jó estét!", "", 1.0), ("baseline", "Jó estét!", "jó este", 0.25)],
        columns=["phase", "text", "heard", "cer"],
    )
    speech.drop(columns=["heard", "cer"]).to_csv(file, index=False)
    assert tables.heard_table(paths).empty

    speech.to_csv(file, index=False)
    table = tables.heard_table(paths)
    assert list(table.index) == ["text", "base", "baseline"]
    assert list(table.sentence) == ["Jó estét!", "", "jó este"]
    assert list(table.CER) == ["", "1.00", "0.25"]
