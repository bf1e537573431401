"""The quality measures of a clip: one row each, for the tables' columns and the figures' labels.

To add a measure, compute it in `audio.quality` (or where the audio is known) and add a row here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

NAN = float("nan")


def _measure(label: str, better: int | None = None) -> Any:
    """A row: its axis label with the unit, and whether more (1) or less (-1) is better.

    0: closest to the median of the source is best; None: neither end is better.
    """
    return field(default=NAN, metadata={"label": label, "better": better})


@dataclass(frozen=True)
class Measures:
    """What was measured of a clip; NaN, which is empty in the tables, where it was not.

    background          what sounds in the pauses: quiet, noise, music or applause
    confidence          mean probability of the ASR's words, 0 to 1; untranscribed recordings only
    heard_cer           CER between the text and the ASR's output for the clip alone; likewise, and
                        of every given text with `verify_transcripts: all`
    speaker_similarity  cosine between the speaker embeddings of clip and target; untranscribed
                        recordings only
    snr_db              speech over the noise under it
    clipped             share of samples at full scale, as recorded
    loudness_lufs       as recorded, before all clips are set to one loudness (EBU R 128)
    bandwidth_hz        highest frequency with speech in it; 3400 for a telephone
    background_db       loudness in the pauses relative to the speech
    rate                characters of text per second of speech
    """

    background: str = ""
    confidence: float = _measure("ASR confidence", 1)
    heard_cer: float = _measure("character error rate, recognised again", -1)
    speaker_similarity: float = _measure("similarity to the speaker", 1)
    snr_db: float = _measure("signal-to-noise ratio (dB)", 1)
    clipped: float = _measure("clipped share of samples", -1)
    loudness_lufs: float = _measure("loudness as recorded (LUFS)")
    bandwidth_hz: float = _measure("bandwidth (Hz)", 1)
    background_db: float = _measure("background under the speech (dB)", -1)
    rate: float = _measure("rate (characters per second)", 0)


# {column: its label and which end is better}
NUMBERS = {row.name: row.metadata for row in fields(Measures) if row.metadata}
