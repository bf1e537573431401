"""What it means for training that texts were written by ASR, and ten of them to check."""

from __future__ import annotations

from html import escape

import pandas as pd

from vago.audio.asr_model import BASE
from vago.corpus.corpus import Corpus
from vago.corpus.fixes import TEXT_CORRECTED
from vago.display import html

CHECKED_CLIPS = 10
BETTER = "large-v3-turbo"

# Whisper base on real Hungarian speech, see README, "Recordings without transcripts"
BASE_CER = "0.12 to 0.13"
BASE_ERRORS = "one letter in eight"


def asr_note(corpus: Corpus) -> str:
    """HTML: the note and players of the least certain texts; empty where no text is the ASR's."""
    clips = corpus.clips[corpus.clips["transcribed"]]
    clips = clips[~clips["clip_id"].isin(_corrected(corpus))]
    if clips.empty:
        return ""

    parameters = corpus.summary["parameters"]
    model = parameters.get("recogniser") or BASE
    profile = escape(parameters.get("profile", "<profile>"))
    note = (
        f"{len(clips)} of {len(corpus.clips)} texts were written by ASR (Whisper {escape(model)})."
    )
    if model == BASE:
        note += (
            f" On real Hungarian speech the character error rate of this small model is {BASE_CER}:"
            f" about {BASE_ERRORS} is wrong, and the voice learns to mispronounce what is written "
            f"wrongly. Before you train a voice in earnest, write <code>recogniser: {BETTER}</code>"
            f" into the settings in <code>params/{profile}/</code> (it is downloaded once, "
            "1.6 GB; a folder with such a model will do as well) and run this notebook again."
        )
    note += " Compare these texts with the sound, and correct them in the table below."

    least = least_certain(clips)
    sounds = [
        (f"{row.text} ({row.clip_id}, confidence {row.confidence:.2f})", *corpus.audio(row.clip_id))
        for row in least.itertuples()
    ]
    return f"<p>{note}</p>" + html.players_html(sounds, "The least certain texts", small=True)


def least_certain(clips: pd.DataFrame, count: int = CHECKED_CLIPS) -> pd.DataFrame:
    """The clips whose words the ASR was least sure of, in the mean, the least certain first."""
    return clips.sort_values("confidence", kind="stable").head(count)


def _corrected(corpus: Corpus) -> list[str]:
    """clip_id of each clip whose text a person has corrected."""
    ledger = corpus.ledger
    return list(ledger.loc[ledger["detail"].str.contains(TEXT_CORRECTED, regex=False), "clip_id"])
