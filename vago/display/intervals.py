"""A mean with its interval as text, in the one format that every table and page has."""

from __future__ import annotations

from collections.abc import Mapping


def with_interval(value: Mapping[str, float], form: str = ".2f") -> str:
    """{"value": 1.8, "low": 1.67, "high": 1.91} -> 1.80 [1.67, 1.91].

    Args:
        form: the format of each number, "+.3f" for a difference
    """
    return f"{value['value']:{form}} [{value['low']:{form}}, {value['high']:{form}}]"
