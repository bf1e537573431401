"""Recordings become a corpus: clips, ledger, timeline, validation and test set."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from helpers.tones import RATE, encode, questions, room, tone, write_recording
from vago import VagoError
from vago.audio import io
from vago.corpus import writer
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import Correction, write_corrections
from vago.corpus.fixes import BY_HAND
from vago.corpus.params import CorpusParams
from vago.corpus.prepare import prepare
from vago.paths import Paths

# Tones are narrow, and nobody hears a text in them
P = CorpusParams(
    sources=["quiz"],
    held_out_min_clips=2,
    max_tokens=60,
    min_bandwidth_hz=0,
    verify_transcripts="off",
)
GOOD = 8  # clips of `questions()`
CLIPPED = np.clip(tone(1, 300, level=3), -1, 1)


@pytest.fixture
def paths(tmp_path):
    return Paths.of(P, tmp_path)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "outputs" / "demo" / "recordings" / "quiz"


def files(root) -> dict[str, bytes]:
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_recordings_become_a_corpus(paths, folder):
    write_recording(folder, "Első műsor", *questions(rate=44_100), rate=44_100)
    seen = []
    made = prepare(P, paths, encode, lambda *progress: seen.append(progress))
    assert seen == [(GOOD, GOOD, "quiz/Első műsor.wav")]

    clips = made.clips
    assert list(clips["clip_id"]) == [f"quiz-Elso_musor-{k:04d}" for k in range(1, GOOD + 1)]
    assert clips["text"][2] == "A harmadik kérdés a"
    assert clips["written"][2] == "A 3. kérdés a"
    assert clips["part"].value_counts().to_dict() == {
        "training": GOOD - 4,
        "validation": 2,
        "test": 2,
    }
    assert set(clips["category"]) == {"short"}
    assert set(clips["speaker"]) == {"speaker"}
    assert clips["seconds"].between(1.18, 1.24).all()

    for clip in clips.itertuples():
        wav, rate = made.audio(clip.clip_id)
        assert rate == RATE
        assert len(wav) / RATE == pytest.approx(clip.seconds, abs=1e-4)
        assert io.sha256(wav) == clip.sha256
        assert np.abs(wav).max() < 0.9
        assert np.abs(wav[RATE // 20 : RATE // 10]).max() < 0.01  # the padding is still silence

    before = files(paths.corpus)
    assert prepare(P, paths, encode).digest == made.digest
    assert files(paths.corpus) == before


# (start, end) and text of cues, what sounds there, and the reason in the ledger
ODD = [
    (21, 22, "Kétszer.", tone(1, 700), ""),
    (23, 35, "Hosszú.", tone(12), "too long"),
    (37, 37.2, "Rövid.", tone(0.2), "too short"),
    (39, 40, "☃ hó", tone(1), "unknown token"),
    (41, 42, "a" * 61, tone(1), "text over 200 tokens"),
    (43, 44, "...", tone(1), "empty text"),
    (45, 46, "Recseg.", CLIPPED, "clipped"),
    (47, 48, "Csend.", None, "silent"),
    (49, 50, "Kétszer.", tone(1, 700), "duplicate"),
    (51, 52, "Kétszer.", tone(1, 900), ""),
    (60, 61, "Későn.", None, "too short"),
]


def test_every_reason_reaches_the_ledger(paths, folder, tmp_path):
    cues, wav = questions()
    sounds = [(start, sound) for start, _, _, sound, _ in ODD if sound is not None]
    whole = room(*sounds, seconds=55, noise=1e-4)
    whole[: len(wav)] = wav
    odd_cues = [(start, end, text) for start, end, text, _, _ in ODD]
    write_recording(folder, "a", [*cues, *odd_cues], np.clip(whole, -1, 1))

    (folder / "b.wav").write_bytes(b"RIFF, but not really")
    (folder / "b.srt").write_text("1\n00:01 --> 00:02\nSzia!\n\n2\n00:03 --> 00:04\nSzevasz!\n")
    made = prepare(P, paths, encode)

    ledger = made.ledger
    assert len(ledger) == GOOD + len(ODD) + 2
    assert ledger["candidate"].is_unique
    reasons = dict(zip(ledger["candidate"], ledger["reason"], strict=True))
    first = GOOD + 1
    found = [reasons[f"quiz-a-{first + k:04d}"] for k in range(len(ODD))]
    assert found == [reason for *_, reason in ODD]
    assert reasons["quiz-b-0001"] == reasons["quiz-b-0002"] == "unreadable"

    kept = ledger[ledger["fate"] == "kept"]
    assert set(kept["clip_id"]) == set(made.clips["clip_id"])
    assert len(kept) == GOOD + 2

    details = dict(zip(ledger["reason"], ledger["detail"], strict=True))
    assert details["unknown token"] == "☃"
    assert details["duplicate"] == f"sounds like quiz-a-{first:04d}"
    assert "b.wav" in details["unreadable"] and str(tmp_path) not in details["unreadable"]
    assert made.summary["rejected"]["unreadable"] == 2
    assert sum(made.summary["rejected"].values()) == 11


def test_validation_and_test_set_stay_as_they_are(paths, folder):
    write_recording(folder, "m", *questions(seed=1))
    chosen = prepare(P, paths, encode)

    # More recordings, and the first one under another name
    write_recording(folder, "a", *questions(seed=2))
    write_recording(folder, "z", *questions(seed=3))
    for ending in ("wav", "srt"):
        (folder / f"m.{ending}").rename(folder / f"renamed.{ending}")
    after = prepare(P, paths, encode)
    assert len(after.clips) == 3 * GOOD
    assert list(after.validation_clips["sha256"]) == list(chosen.validation_clips["sha256"])
    assert list(after.test_clips["sha256"]) == list(chosen.test_clips["sha256"])
    clip_files = {path.stem for path in (paths.corpus / "clips").iterdir()}
    assert clip_files == set(after.clips["clip_id"])  # none of m's is left

    # Without that recording there are no such sets; the corpus stays as it was
    before = files(paths.corpus)
    for ending in ("wav", "srt"):
        (folder / f"renamed.{ending}").unlink()
    message = "leave no validation clip in these recordings.*delete it to draw a new one"
    with pytest.raises(VagoError, match=message):
        prepare(P, paths, encode)
    assert files(paths.corpus) == before

    (paths.corpus / "held_out.json").unlink()
    assert len(prepare(P, paths, encode).test_clips) == 2


def test_a_crash_leaves_the_old_corpus_or_none(paths, folder, monkeypatch):
    write_recording(folder, "a", *questions())
    made = prepare(P, paths, encode)
    write_recording(folder, "b", *questions(seed=1))

    def crash(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(P, paths, encode, crash)
    assert Corpus.load(paths.corpus).digest == made.digest

    with monkeypatch.context() as patch:
        patch.setattr(writer, "write_table", crash)
        with pytest.raises(TypeError):
            prepare(P, paths, encode)
    with pytest.raises(VagoError, match="no corpus"):
        Corpus.load(paths.corpus)

    assert len(prepare(P, paths, encode).clips) == 2 * GOOD


@pytest.mark.parametrize("layout", ["coqui", "ljspeech"])
def test_folders_of_clips(paths, folder, layout):
    coqui = layout == "coqui"
    wavs = folder if coqui else folder / "wavs"
    wavs.mkdir(parents=True)
    for k in range(8):
        wav = room((0.5, tone(1, 200 + 50 * k)), seconds=2, seed=k)
        soundfile.write(wavs / f"c{k}.wav", wav, RATE)
    (wavs / "bad.wav").write_bytes(b"no sound")

    names = [*(f"c{k}" for k in range(8)), "bad", "gone"]
    ending = ".wav" if coqui else ""
    rows = [
        f"{name}{ending}|{name[0]} a szöveg {letter}|{'Anna' if coqui else f'a szöveg {letter}'}"
        for name, letter in zip(names, "abcdefghij")
    ]
    if coqui:
        rows = ["audio_file|text|speaker_name", *rows]
    (folder / "metadata.csv").write_text("\r\n".join(rows))

    made = prepare(P, paths, encode)
    assert list(made.ledger["reason"]) == [""] * 8 + ["unreadable"] * 2
    assert set(made.clips["speaker"]) == {"Anna" if coqui else "speaker"}
    assert made.clips["text"][1] == "c a szöveg b"
    assert (made.clips["part"] != "training").sum() == 4
    assert made.clips["seconds"].between(1.18, 1.24).all()  # silence is cut down to the padding

    (folder / "a.srt").write_text("1\n00:01 --> 00:02\nSzia!\n")
    with pytest.raises(VagoError, match="both metadata.csv and the transcript a.srt"):
        prepare(P, paths, encode)


def test_nothing_kept(paths, folder):
    write_recording(folder, "a", [(1, 2, "Szia!"), (3, 4, "Szevasz!")], room(seconds=5))
    message = r"none of the 2 cues in outputs/demo/recordings can be used \(silent 2\)"
    with pytest.raises(VagoError, match=message) as error:
        prepare(P, paths, encode)
    assert "The first, in a.wav at 0.73 s: silent (" in str(error.value)
    assert not (paths.corpus / "corpus.json").exists()


def test_the_same_text_in_most_cues_is_refused(paths, folder):
    cues, wav = questions()
    write_recording(folder, "a", [(start, end, "Anna") for start, end, _ in cues], wav)
    with pytest.raises(VagoError, match="8 of 8 texts in outputs/demo/recordings/quiz are 'Anna'"):
        prepare(P, paths, encode)


def test_a_uniformly_wrong_source_has_rows_with_reasons(paths, folder):
    """Each text is one word on seconds of sound: relative to each other no rate is odd."""
    cues = [(4.0 * k + 0.5, 4.0 * k + 3.5, f"Szó {letter}") for k, letter in enumerate("abcdefgh")]
    sound = np.tile(np.concatenate([tone(0.9), np.zeros(round(0.1 * RATE), np.float32)]), 3)
    wav = room(*((start, sound) for start, *_ in cues), seconds=33)
    write_recording(folder, "a", cues, wav)
    with pytest.raises(VagoError, match="text unlike sound 8.*5 characters in [23].* s of speech"):
        prepare(P, paths, encode)


def test_corrections_by_hand_are_applied(paths, folder):
    cues, wav = questions()
    wav = np.concatenate([wav, room((0.5, CLIPPED), seconds=2)])
    write_recording(folder, "a", [*cues, (17.5, 18.5, "Recseg.")], np.clip(wav, -1, 1))
    first = prepare(P, paths, encode)
    rows = first.ledger.set_index("candidate")
    assert rows.loc["quiz-a-0009", "reason"] == "clipped"

    def correction(number: int, action: str, **words: str) -> Correction:
        start, end = rows.loc[f"quiz-a-{number:04d}", ["start", "end"]]
        return Correction("quiz", "a.wav", start, end, action, **words)

    decided = [
        correction(1, "reject", reason="köhög"),
        correction(2, "text", text="A 22. kérdés"),
        correction(9, "restore"),
    ]
    write_corrections(paths.corrections, decided)
    made = prepare(P, paths, encode)

    ledger, clips = made.ledger.set_index("candidate"), made.clips.set_index("clip_id")
    rejected = ledger.loc["quiz-a-0001", ["fate", "reason", "detail"]]
    assert tuple(rejected) == ("rejected", BY_HAND, "köhög")
    corrected = clips.loc["quiz-a-0002", ["text", "written"]]
    assert tuple(corrected) == ("A huszonkettedik kérdés", "A 22. kérdés")
    assert ledger.loc["quiz-a-0009", "fate"] == "kept"
    assert clips.loc["quiz-a-0009", "clipped"] > 0.1

    paths.corrections.unlink()
    assert prepare(P, paths, encode).digest == first.digest


def test_every_second_of_a_recording_has_its_fate(paths, folder):
    cues, wav = questions(12)
    write_recording(folder, "a", cues[:-1], wav)  # the last tone has no cue
    made = prepare(P, paths, encode)

    seconds = made.timeline.groupby("fate")["seconds"].sum()
    assert set(seconds.index) == {"kept", "unused", "pause"}
    assert seconds.sum() == pytest.approx(len(wav) / RATE, abs=0.001)
    assert seconds["kept"] == pytest.approx(made.clips["seconds"].sum(), abs=0.001)
    assert seconds["unused"] == pytest.approx(1.0, abs=0.05)


def test_a_rate_unlike_the_others_is_rejected(paths, folder):
    cues, wav = questions(24)
    texts = [f"Ez a {'bdfgklmn'[k % 8]}a{'bkt'[k // 8]}a nem kérdés." for k in range(24)]
    texts[20] = "Ezt a mondatot senki sem mondja ki."
    cues = [(start, end, text) for (start, end, _), text in zip(cues, texts)]
    write_recording(folder, "a", cues, wav)

    made = prepare(P, paths, encode)
    rejected = made.ledger[made.ledger["fate"] == "rejected"]
    assert rejected["candidate"].tolist() == ["quiz-a-0021"]
    assert rejected["reason"].tolist() == ["odd rate"]
    assert len(list((paths.corpus / "clips").iterdir())) == 23
