"""Character error rate: what counts as an error."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.text.error_rate import character_error_rate, words_only


@pytest.mark.parametrize(
    ("reference", "hypothesis", "rate"),
    [
        ("Jó estét!", "jó estét", 0),
        ("Jó estét!", "jó este", 2 / 8),
        ("A tét 12 500 Ft.", "a tét tizenkétezer ötszáz forint", 1 / 31),  # a space for a hyphen
        ("Két alma.", "", 1),
        ("Nem.", "nem, nem, nem, nem", 12 / 3),
        ("Ég a ház", "ég-a ház...", 1 / 8),
    ],
)
def test_errors_per_character_of_the_reference(reference, hypothesis, rate):
    assert character_error_rate(reference, hypothesis) == pytest.approx(rate)


references = st.text(alphabet="aábeékxz 0123456789.,!?-", min_size=1)


@settings(deadline=None)
@given(references.filter(lambda text: any(map(str.isalnum, text))), st.text())
def test_bounds_for_any_text(reference, hypothesis):
    assert character_error_rate(reference, f" {reference} ") == 0

    length, other = len(words_only(reference)), len(words_only(hypothesis))
    rate = character_error_rate(reference, hypothesis)
    assert abs(length - other) / length <= rate <= max(length, other) / length


def test_a_reference_without_words_is_refused():
    with pytest.raises(VagoError, match="'...' has no words"):
        character_error_rate("...", "valami")


def test_a_missing_package_is_reported_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(VagoError, match=r"not installed .*pip install -e '\.\[evaluation\]'"):
        character_error_rate("egy", "két")
