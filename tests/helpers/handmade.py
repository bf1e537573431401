"""Corpora and clip tables made by hand: quick, and without a base model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import Correction

RATE = 22050
REJECTED = {
    3: ("too short", "0.31 s, 0.5 s is the least"),
    7: ("silent", "-61.0 dBFS at its loudest"),
}


def clip_table(
    recordings: Mapping[str, int],
    seconds: float = 6.0,
    categories: Sequence[str] = ("long", "short", "question"),
) -> pd.DataFrame:
    """Rows of clips.csv without audio: {recording: number of clips}, with pauses of 1 s.

    Recordings up to "l" belong to the source quiz, later ones to interview.
    """
    rows = []
    for name, count in recordings.items():
        for k in range(count):
            start = k * (seconds + 1)
            rows.append(
                {
                    "clip_id": f"quiz-{name}-{k + 1:04d}",
                    "file": f"clips/quiz-{name}-{k + 1:04d}.wav",
                    "source": "quiz" if name < "m" else "interview",
                    "category": categories[k % len(categories)],
                    "recording": f"{name}.wav",
                    "recording_sha256": f"hash of {name}",
                    "start": start,
                    "end": start + seconds,
                    "seconds": seconds,
                    "text": f"szöveg, „{name}” {k}",
                    "written": "NA",
                    "tokens": 5,
                    "sha256": f"{name}{k}",
                    "speaker": "ő",
                }
            )
    return pd.DataFrame(rows)


def correction(
    start: float,
    end: float,
    action: str = "reject",
    text: str = "",
    reason: str = "",
    recording: str = "a.wav",
) -> Correction:
    """A line of corrections.csv about the quiz; action text has a text in any case."""
    if action == "text" and not text:
        text = "Szöveg."
    return Correction("quiz", recording, start, end, action, text, reason)


def corpus(root: Path, each: int = 12) -> tuple[Corpus, Path]:
    """A corpus of two sources with one recording each, and the folder of the recordings.

    Each source has `each` candidates of 2 s with pauses of 1 s; in the quiz, 3 and 7 are rejected.
    Candidate n of a source is a tone of 200 + 10 n Hz instead of speech. snr_db is 20 + n and
    missing for rejected ones; confidence is missing everywhere.
    """
    clips, ledger, timeline, recordings = [], [], [], []
    for source in ("quiz", "interview"):
        whole = np.zeros(each * 3 * RATE, np.float32)
        for n in range(each):
            reason, detail = REJECTED.get(n, ("", "")) if source == "quiz" else ("", "")
            fate = {"fate": "rejected" if reason else "kept", "reason": reason, "detail": detail}
            row = _candidate(source, n)
            name = f"{source}-one-{n:04d}"

            wav = tone(200 + 10 * n)
            first = round(row["start"] * RATE)
            whole[first : first + len(wav)] = wav

            ledger.append({"candidate": name, **row, **fate, "clip_id": "" if reason else name})
            timeline += _intervals(row, {**fate, "candidate": name})
            if reason:
                ledger[-1]["snr_db"] = np.nan
            else:
                io.write(root / "corpus" / "clips" / f"{name}.wav", wav, RATE)
                clips.append({"clip_id": name, **row, **_clip(name, source, n)})

        io.write(root / "recordings" / source / "one.wav", whole, RATE)
        about = {"source": source, "recording": "one.wav", "sha256": source, "seconds": each * 3.0}
        recordings.append(about)

    timeline = pd.DataFrame(timeline).fillna({"reason": "", "candidate": ""})
    timeline["seconds"] = timeline["end"] - timeline["start"]
    made = Corpus(
        root=root / "corpus",
        clips=pd.DataFrame(clips),
        ledger=pd.DataFrame(ledger),
        timeline=timeline,
        held_out={},
        summary={"recordings": recordings},
    )
    return made, root / "recordings"


def tone(hz: float, seconds: float = 2.0) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def text_of(n: int) -> str:
    parity = "páros" if n % 2 == 0 else "páratlan"
    return f"Ez a {parity} mondat, {n} Ft!"


def _candidate(source: str, n: int) -> dict[str, Any]:
    """What the ledger and the clips have in common."""
    return {
        "source": source,
        "recording": "one.wav",
        "start": 3.0 * n + 0.5,
        "end": 3.0 * n + 2.5,
        "seconds": 2.0,
        "text": text_of(n).replace(f"{n} Ft", "ennyi forint"),
        "snr_db": 20.0 + n,
        "confidence": np.nan,
    }


def _clip(name: str, source: str, n: int) -> dict[str, Any]:
    """What only the clips have."""
    return {
        "file": f"clips/{name}.wav",
        "category": "even" if n % 2 == 0 else "odd",
        "recording_sha256": source,
        "written": text_of(n),
        "tokens": 20,
        "sha256": name,
        "speaker": "me",
        "part": {1: "validation", 2: "test"}.get(n, "training"),
        "denoised": False,
    }


def _intervals(row: Mapping[str, Any], fate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The candidate in the timeline, with half a second of pause on both sides."""
    where = {"source": row["source"], "recording": row["recording"]}
    start, end = row["start"], row["end"]
    return [
        {**where, "start": start - 0.5, "end": start, "fate": "pause"},
        {**where, "start": start, "end": end, **fate},
        {**where, "start": end, "end": end + 0.5, "fate": "pause"},
    ]
