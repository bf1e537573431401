"""Durations that are usual for a voice, and those that are not."""

from __future__ import annotations

import pytest

from vago.synthesis import durations

TEXT = "Tíz betű ez"  # 11 characters: 0.55 to 1.1 s are usual
USUAL = (0.05, 0.10)


@pytest.mark.parametrize(
    "seconds, ended, usual, verdict",
    [
        (1.0, True, USUAL, "ok"),
        (0.5, True, USUAL, "too short"),
        (1.2, True, USUAL, "too long"),
        (1.0, False, USUAL, "cut"),
        (9.0, True, None, "ok"),
    ],
)
def test_a_verdict_and_its_oddness_agree(seconds, ended, usual, verdict):
    assert durations.judged(seconds, TEXT, ended, usual) == verdict
    odd = durations.oddness(seconds, TEXT, ended, usual) > (False, 0)
    assert odd == bool(durations.remark(verdict, takes=1)) == (verdict != "ok")


def test_the_gravest_sentence_is_the_lines():
    assert durations.of_line(["ok", "too short", "too long"]) == "too long"
    assert durations.of_line(["cut", "too long"]) == "cut"
    assert durations.of_line(["ok"]) == "ok"
    assert durations.remark("cut", takes=3).endswith("(the best of 3 takes)")
