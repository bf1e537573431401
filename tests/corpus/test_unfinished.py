"""Recordings that make no corpus leave a ledger and a report of what was cut."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.tones import encode, questions, room, write_recording
from vago import VagoError
from vago.corpus.corrections import Correction, put
from vago.corpus.params import CorpusParams
from vago.corpus.prepare import prepare
from vago.paths import Paths

GOOD = 8  # clips of `questions()`
FEW = CorpusParams(  # 24 are held out
    sources=["quiz"], max_tokens=60, min_bandwidth_hz=0, verify_transcripts="off"
)
ENOUGH = FEW.model_copy(update={"held_out_min_clips": 2})


@pytest.fixture
def paths(tmp_path):
    return Paths.of(FEW, tmp_path)


def fails(paths: Paths, p: CorpusParams = FEW) -> tuple[str, pd.DataFrame, str]:
    """The sentence, the ledger and the page of a run that makes no corpus."""
    with pytest.raises(VagoError) as error:
        prepare(p, paths, encode)

    ledger = pd.read_csv(paths.unfinished / "ledger.csv", keep_default_na=False)
    page = (paths.unfinished / "corpus.html").read_text(encoding="utf-8")
    return str(error.value), ledger, page


def test_too_few_clips_can_be_looked_at_and_listened_to(paths):
    folder = paths.recordings() / "quiz"
    cues, wav = questions()
    write_recording(folder, "a", [*cues, (16.2, 16.3, "Rövid.")], wav)
    put(paths.corrections, Correction("quiz", "a.wav", 1.0, 2.0, "reject", reason="köhög"))

    sentence, ledger, page = fails(paths)
    assert sentence.startswith(f"{GOOD - 1} clips are too few")
    assert "outputs/demo/report/unfinished/corpus.html" in sentence
    assert list(ledger["fate"]).count("kept") == GOOD - 1
    reasons = dict(zip(ledger["candidate"], ledger["reason"]))
    assert reasons["quiz-a-0001"] == "rejected by hand" and reasons["quiz-a-0009"]

    assert "7 of 9 candidates would be kept" in page and "12" in page
    assert "köhög" in page and "Rövid." in page and "1 of 1 corrections" in page
    assert page.count("data:audio/mpeg") == 6 and page.count("data:image/png") == 3
    assert not (paths.corpus / "corpus.json").exists()

    made = prepare(ENOUGH, paths, encode)
    assert len(made.clips) == GOOD - 1 and not paths.unfinished.exists()


def test_an_older_corpus_stays(paths):
    folder = paths.recordings() / "quiz"
    write_recording(folder, "a", *questions())
    made = prepare(ENOUGH, paths, encode)

    # its held-out set belongs to the recording that is gone
    for ending in ("wav", "srt"):
        (folder / f"a.{ending}").unlink()
    write_recording(folder, "b", *questions(seed=1))
    sentence, ledger, _ = fails(paths, ENOUGH)
    assert "delete it to draw a new one" in sentence and set(ledger["recording"]) == {"b.wav"}
    assert (made.root / "clips.csv").exists() and made.audio("quiz-a-0001")


@pytest.mark.parametrize("readable", [True, False])
def test_without_any_clip_the_reasons_are_there(paths, readable):
    folder = paths.recordings() / "quiz"
    write_recording(folder, "a", [(1, 2, "Szia!"), (3, 4, "Szevasz!")], room(seconds=5))
    if not readable:
        (folder / "a.wav").write_bytes(b"RIFF, but not really")

    sentence, ledger, page = fails(paths)
    reason = "silent" if readable else "unreadable"
    assert f"({reason} 2)" in sentence and list(ledger["reason"]) == [reason] * 2
    assert page.count(f">{reason}<") == 2 and "Szevasz!" in page
    assert page.count("data:image/png") == readable, "the timeline of what can be read"
