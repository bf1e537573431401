"""Takes of a script without a model: tones as speech."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from helpers.tones import tone
from vago.audio import io
from vago.paths import Paths
from vago.synthesis import durations, takes
from vago.synthesis.params import SampleParams

TEXTS = ("Jó estét!", "Ön nyert!")


def write_take(
    paths: Paths,
    p: SampleParams,
    *,
    made: str = "",
    texts: Sequence[str] = TEXTS,
    verdicts: Sequence[str] = (),
    **changes,
) -> takes.Take:
    """Write a take with a second of sound for each text.

    Args:
        made: when; empty: now.
        verdicts: of the durations, see `durations`; empty: all usual.
        changes: of what `takes.take_record` is given.
    """
    given = {
        "phase": p.phase,
        "texts": texts,
        "prompt": {"quiz-0001": "ab", "quiz-0002": "cd"},
        "made_by": {"weights_sha256": "0123456789", "seconds_per_character": [0.05, 0.1]},
    }
    record = takes.take_record(p, **{**given, **changes})
    if made:
        record["made"] = made

    with takes.writing_take(paths, record) as folder:
        rows = []
        for number, text in enumerate(texts, start=1):
            file = f"{number:02d}_line.wav"
            io.write(folder / file, tone(1.0, 200.0 * number, rate=io.OUTPUT_RATE), io.OUTPUT_RATE)
            row = {"line": str(number), "file": file, "category": "", "text": text, "seconds": 1.0}
            verdict = verdicts[number - 1] if verdicts else durations.OK
            rows.append(row | {"takes": 1, "duration": verdict, "prompt": "quiz-0001"})
        pd.DataFrame(rows).to_csv(folder / takes.TABLE, index=False)
    return takes.Take(paths.take(p.script, takes.take_name(record)), record)
