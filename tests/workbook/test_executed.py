"""Whether a kernel has executed a notebook's own cells, whole and in order."""

from __future__ import annotations

import pytest

from vago.workbook.executed import departures


def cell(name: str, source: str, kind: str = "code", **metadata) -> dict:
    return {"id": name, "cell_type": kind, "source": source, "metadata": metadata}


CELLS = [
    cell("title", "# A title", "markdown"),
    cell("parameters", "epochs = 3", tags=["parameters"]),
    cell("imports", "import json  # for later"),
    cell("train", "result = json.dumps(1)"),
    cell("numbers", "print(result)"),
]
OWN = ["epochs = 3", "import json", "result = json.dumps(1)", "print(result)"]
TRAIN_AGAIN = "result = json.dumps(1)"


@pytest.mark.parametrize(
    ("executed", "expected"),
    [
        (OWN, ""),
        (["# Parameters\nepochs = 4\nseed = 2", *OWN], ""),
        ([*OWN, "# only a remark"], ""),
        (["import json", TRAIN_AGAIN, "import json", TRAIN_AGAIN, "print(result)"], ""),
        ([*OWN[:2], "result = json.dumps(2)", OWN[3]], "with an edited or added cell"),
        ([*OWN, "result += 1", "result.foo("], "with 2 edited or added cells"),
        ([*OWN, "other = 4"], "with an edited or added cell"),
        ([*OWN, "epochs = more()"], "with an edited or added cell"),
        (OWN[:2], "without its cells train, numbers"),
        ([*OWN, TRAIN_AGAIN], "with cells out of order"),
    ],
)
def test_departures_from_the_notebook(executed, expected):
    assert departures(CELLS, [(code, True) for code in executed], {"epochs", "seed"}) == expected


def test_a_cell_that_failed_at_last():
    runs = [(code, code != TRAIN_AGAIN) for code in OWN]
    assert departures(CELLS, runs, {"epochs"}) == "with an error in train"
    runs += [(TRAIN_AGAIN, True), ("print(result)", True)]
    assert departures(CELLS, runs, {"epochs"}) == ""
