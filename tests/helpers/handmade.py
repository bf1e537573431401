"""A small corpus put together by hand: two sources, one recording each, tones for speech; quick, and free of the base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from vago.audio import io
from vago.corpus.corpus import Corpus

RATE = 22050
REJECTED = {
    3: ("too short", "0.31 s, 0.5 s is the least"),
    7: ("silent", "-61.0 dBFS at its loudest"),
}


def corpus(root: Path, each: int = 12) -> tuple[Corpus, Path]:
    """The corpus and the folder of its recordings: `each` candidates a source, 2 s with pauses of 1 s, numbers 3 and 7 rejected.

    Candidate n of a source is a tone of 200 + 10 n Hz. snr_db grows with n in the quiz, and is missing for rejected ones;
    confidence is nowhere.
    """
    clips, ledger, timeline, recordings = [], [], [], []
    (root / "corpus" / "clips").mkdir(parents=True)
    for source in ("quiz", "interview"):
        (root / "recordings" / source).mkdir(parents=True)
        whole = np.zeros(each * 3 * RATE, np.float32)
        for n in range(each):
            start, end = 3.0 * n + 0.5, 3.0 * n + 2.5
            wav = (0.3 * np.sin(2 * np.pi * (200 + 10 * n) * np.arange(2 * RATE) / RATE)).astype(
                np.float32
            )
            whole[round(start * RATE) : round(start * RATE) + len(wav)] = wav
            reason, detail = REJECTED.get(n, ("", "")) if source == "quiz" else ("", "")
            name = f"{source}-one-{n:04d}"
            text = f"Ez a {'páros' if n % 2 == 0 else 'páratlan'} mondat, {n} Ft!"
            row = {
                "source": source,
                "recording": "one.wav",
                "start": start,
                "end": end,
                "seconds": 2.0,
            }
            row |= {
                "text": text.replace(f"{n} Ft", "ennyi forint"),
                "snr_db": np.nan if reason else 20.0 + n,
                "confidence": np.nan,
            }
            fate = {"fate": "rejected" if reason else "kept", "reason": reason, "detail": detail}
            ledger.append({"candidate": name, **row, **fate, "clip_id": "" if reason else name})
            timeline.append(
                {
                    **{k: row[k] for k in ("source", "recording")},
                    "start": start - 0.5,
                    "end": start,
                    "fate": "pause",
                }
            )
            timeline.append(
                {
                    **{k: row[k] for k in ("source", "recording", "start", "end")},
                    **fate,
                    "candidate": name,
                }
            )
            timeline.append(
                {
                    **{k: row[k] for k in ("source", "recording")},
                    "start": end,
                    "end": end + 0.5,
                    "fate": "pause",
                }
            )
            if not reason:
                io.write(root / "corpus" / "clips" / f"{name}.wav", wav, RATE)
                own = {
                    "file": f"clips/{name}.wav",
                    "category": "even" if n % 2 == 0 else "odd",
                    "recording_sha256": source,
                }
                own |= {
                    "written": text,
                    "tokens": 20,
                    "sha256": name,
                    "speaker": "me",
                    "held_out": n == 1,
                    "denoised": False,
                }
                clips.append({"clip_id": name, **row, **own})
        io.write(root / "recordings" / source / "one.wav", whole, RATE)
        recordings.append(
            {"source": source, "recording": "one.wav", "sha256": source, "seconds": each * 3.0}
        )
    timeline = pd.DataFrame(timeline).fillna({"reason": "", "candidate": ""})
    timeline["seconds"] = timeline["end"] - timeline["start"]
    tables = dict(clips=pd.DataFrame(clips), ledger=pd.DataFrame(ledger), timeline=timeline)
    return Corpus(
        root=root / "corpus", **tables, held_out={}, summary={"recordings": recordings}
    ), root / "recordings"
