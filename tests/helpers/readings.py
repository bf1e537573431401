"""The table of reviewed readings: topic, written and spoken of each case."""

from __future__ import annotations

import csv

from helpers.projects import FIXTURES

with open(FIXTURES / "hungarian.csv", encoding="utf-8", newline="") as file:
    READINGS = list(csv.DictReader(file))
