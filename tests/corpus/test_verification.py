"""Given texts are compared with what is heard: a wrong transcript stops, a wrong text is found."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.projects import INTERVIEW, QUIZ
from helpers.recordings import spoken
from helpers.speech import needs
from helpers.tones import room, tone, write_recording
from vago import VagoError
from vago.audio import asr, asr_model, espeak
from vago.corpus import verification
from vago.corpus.candidates import Candidate, ClipText, Place
from vago.corpus.corrections import Correction, put
from vago.corpus.params import CorpusParams
from vago.corpus.preflight import missing_things
from vago.corpus.prepare import prepare
from vago.corpus.review.comparison import comparison_html
from vago.corpus.sources import Recording
from vago.corpus.verification import DIFFERENT_TEXT, TextComparison, sample_of_each_source
from vago.paths import Paths

LINES = [*QUIZ, *INTERVIEW]
# Tones are narrow, and take themselves for noise
P = CorpusParams(sources=["quiz"], held_out_min_clips=2, min_bandwidth_hz=0, min_snr_db=-100)
ALL = P.model_copy(update={"verify_transcripts": "all"})
FIRST_HERTZ, STEP_HERTZ = 200, 40


def encode(text: str) -> list[int]:
    return [2] * len(text)


def write_tones(folder, texts, first: int = 0, name: str = "a") -> None:
    """Tones that stand for LINES[first:], each of its own pitch, with `texts` as their cues."""
    cues, sounds = [], []
    for k, text in enumerate(texts):
        start = 1 + 4.0 * k
        cues.append((start, start + 2.6, text))
        sounds.append((start, tone(2.6, FIRST_HERTZ + STEP_HERTZ * (first + k))))
    write_recording(folder, name, cues, room(*sounds, seconds=4.0 * len(texts) + 1))


class PitchReader:
    """Stands in for the transcriber: hears of each tone the line that it stands for."""

    name = "pitch reader"
    asked = 0

    def __init__(self, model, folder, device):
        self.model = model

    def transcribe(self, wav: np.ndarray) -> str:
        PitchReader.asked += 1
        spectrum = np.abs(np.fft.rfft(wav))
        hertz = np.argmax(spectrum) * asr.ASR_RATE / len(wav)
        return LINES[round((hertz - FIRST_HERTZ) / STEP_HERTZ)].lower()


@pytest.fixture
def paths(tmp_path):
    return Paths.of(P, tmp_path)


@pytest.fixture
def folder(paths):
    return paths.recordings() / "quiz"


@pytest.fixture(autouse=True)
def reader(monkeypatch):
    monkeypatch.setattr(PitchReader, "asked", 0)
    monkeypatch.setattr(verification, "Transcriber", PitchReader)
    monkeypatch.setattr(verification, "model_on_this_machine", lambda wanted: wanted)
    return PitchReader


def test_right_texts_pass_and_the_comparison_is_shown(paths, folder, reader):
    write_tones(folder, LINES)
    seen = []
    made = prepare(P, paths, encode, lambda *progress: seen.append(progress))

    assert len(made.clips) == len(LINES) and made.clips["heard_cer"].isna().all()
    assert reader.asked == 10
    assert (10, 10, "clips compared with their texts") in seen

    compared = TextComparison.load(paths.comparison)
    assert len(compared.clips) == 10 and {clip.cer for clip in compared.clips} == {0}
    assert {clip.transcript for clip in compared.clips} == {"outputs/demo/recordings/quiz/a.srt"}
    page = comparison_html(paths)
    assert "10 given texts compared with what ASR (pitch reader) hears" in page
    assert "Jó estét kívánok, hölgyeim és uraim!" in page and "differ from" not in page


def test_a_shifted_transcript_stops_with_both_texts_side_by_side(paths, folder):
    write_tones(folder, [*LINES[1:], LINES[0]])
    with pytest.raises(VagoError) as caught:
        prepare(P, paths, encode)

    sentence, head, *rows = str(caught.value).splitlines()
    for expected in (
        "the texts of source 'quiz' (in outputs/demo/recordings/quiz/a.srt) are not what is said",
        "the median character error rate between 10 of them and what ASR hears is 0.",
        "its times are not shifted",
        "set verify_transcripts: off",
        "outputs/demo/report/unfinished/corpus.html",
    ):
        assert expected in sentence
    assert head.split() == ["CER", "given", "heard"] and len(rows) == 4
    assert QUIZ[1] in rows[0] and QUIZ[0].lower() in rows[0]

    page = (paths.unfinished / "corpus.html").read_text(encoding="utf-8")
    assert "Given texts and the sound" in page and QUIZ[0].lower() in page
    assert not (paths.corpus / "corpus.json").exists()


def test_every_wrong_source_is_named(tmp_path, folder):
    p = P.model_copy(update={"sources": ["quiz", "right", "talk"]})
    paths = Paths.of(p, tmp_path)
    write_tones(folder, QUIZ[::-1])
    write_tones(folder.parent / "right", INTERVIEW, first=12)
    write_tones(folder.parent / "talk", INTERVIEW[::-1], first=12)
    with pytest.raises(VagoError) as caught:
        prepare(p, paths, encode)

    message = str(caught.value)
    assert "source 'quiz' (in " in message and "source 'talk' (in " in message
    assert "source 'right'" not in message and len(message.splitlines()) == 1 + 1 + 8


def test_single_wrong_texts_are_shown_by_a_sample_and_rejected_by_all(paths, folder):
    write_tones(folder, [QUIZ[1], QUIZ[0], *LINES[2:]])
    assert len(prepare(P, paths, encode).clips) == len(LINES)
    assert "<b>1 of them differ from what is heard</b>" in comparison_html(paths), "the first"

    made = prepare(ALL, paths, encode)
    rejected = made.ledger[made.ledger["fate"] == "rejected"]
    assert list(rejected["candidate"]) == ["quiz-a-0001", "quiz-a-0002"]
    assert set(rejected["reason"]) == {DIFFERENT_TEXT}
    assert rejected["text"].iloc[0] == QUIZ[1]
    assert repr(QUIZ[0].lower()) in rejected["detail"].iloc[0]
    assert rejected["heard_cer"].min() > 0.7 and made.clips["heard_cer"].max() == 0
    assert len(list((paths.corpus / "clips").iterdir())) == len(LINES) - 2
    assert "The 20 that differ most" in comparison_html(paths)


def test_all_stops_where_most_texts_differ(paths, folder):
    write_tones(folder, [*LINES[:4], *LINES[5:], LINES[4]])
    with pytest.raises(VagoError, match="rate between 24 of them"):
        prepare(ALL, paths, encode)


def test_a_text_corrected_by_hand_is_believed(paths, folder, reader):
    write_tones(folder, LINES)
    put(
        paths.corrections,
        Correction(
            "quiz", "a.wav", 1.0, 3.6, "text", "Egy egész más mondat áll most ezen a helyen."
        ),
    )
    made = prepare(ALL, paths, encode)

    assert reader.asked == len(LINES) - 1
    assert "Egy egész más mondat áll most ezen a helyen." in set(made.clips["text"])


def test_what_is_restored_by_hand_stays(paths, folder):
    write_tones(folder, [QUIZ[1], QUIZ[0], *LINES[2:]])
    put(paths.corrections, Correction("quiz", "a.wav", 1.0, 3.6, "restore"))
    made = prepare(ALL, paths, encode)
    assert list(made.ledger["reason"][:3]) == ["", DIFFERENT_TEXT, ""]


def test_few_clips_of_a_source_say_nothing(paths, folder, tmp_path):
    p = P.model_copy(update={"sources": ["quiz", "talk"]})
    write_tones(folder, QUIZ)
    write_tones(folder.parent / "talk", [QUIZ[0], QUIZ[2]], first=12)
    assert len(prepare(p, Paths.of(p, tmp_path), encode).clips) == len(QUIZ) + 2
    assert "<b>2 of them differ" in comparison_html(paths)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"verify_transcripts": "off"}, "verify_transcripts is off in the settings"),
        ({"demo_voice": True}, "espeak-ng has spoken the recordings of the demo from them"),
    ],
)
def test_where_nothing_is_compared_a_line_says_why(paths, folder, reader, settings, why):
    write_tones(folder, [*LINES[1:], LINES[0]])
    prepare(P.model_copy(update=settings), paths, encode)
    assert reader.asked == 0
    line = comparison_html(paths)
    assert line == f"<p>Given texts were not compared with the sound: {why}.</p>"


def test_without_a_recogniser_a_sample_is_left_out_and_all_is_refused(paths, folder, monkeypatch):
    def missing(wanted):
        raise VagoError("no recogniser is installed: pip install it")

    monkeypatch.setattr(verification, "model_on_this_machine", missing)
    write_tones(folder, LINES)
    prepare(P, paths, encode)
    assert "sound: no recogniser is installed: pip install it." in comparison_html(paths)

    with pytest.raises(VagoError, match="no recogniser is installed"):
        prepare(ALL, paths, encode)
    (sentence, *_) = [line for line in missing_things(ALL, paths) if "verify" in line]
    assert sentence == "verify_transcripts is all, and no recogniser is installed: pip install it"
    assert not [line for line in missing_things(P, paths) if "verify" in line]


def test_a_plain_off_in_yaml_is_the_word():
    assert CorpusParams(verify_transcripts=False).verify_transcripts == "off"
    with pytest.raises(VagoError, match="verify_transcripts = True is not valid"):
        CorpusParams.checked({"verify_transcripts": True}, "a.yaml")


# The sample


def candidates(source: str, texts: list[str]) -> list[Candidate]:
    recording = Recording(None, source)
    place = Place(recording, 0.0, 1.0)
    return [
        Candidate(f"{source}-{k:04d}", place, ClipText(text, text)) for k, text in enumerate(texts)
    ]


def test_the_sample_is_spread_over_each_source_and_always_the_same():
    given = candidates("quiz", [f"Ez itt a mondat {k:03d}." for k in range(200)])
    given += candidates("talk", ["Igen."] * 4)
    chosen = sample_of_each_source(given)
    numbers = [int(one.clip_id[-4:]) for one in chosen if one.clip_id.startswith("quiz")]

    assert numbers == [0, 22, 44, 66, 88, 110, 132, 154, 176, 199]
    assert len(chosen) == 14, "all of a small source, however short its texts are"
    assert sample_of_each_source(given) == chosen


def test_short_texts_are_left_out_where_there_are_enough_longer_ones():
    texts = ["Igen.", "Ez egy hosszabb mondat."] * 10
    assert {one.text.spoken for one in sample_of_each_source(candidates("a", texts))} == {texts[1]}
    few = sample_of_each_source(candidates("a", texts[:18]))
    assert {one.text.spoken for one in few} == set(texts[:2])


def test_an_earlier_corpus_has_no_comparison(tmp_path):
    assert TextComparison.load(tmp_path / "comparison.json") == TextComparison()
    assert comparison_html(Paths.of(P, tmp_path)) == ""


# With Whisper


@pytest.mark.slow
@needs("faster_whisper", "rapidfuzz", *asr_model.WHEELS)
def test_whisper_lets_right_texts_pass_and_stops_shifted_ones(paths, folder, monkeypatch):
    monkeypatch.undo()
    cues, wav = spoken(espeak.EspeakVoice("m3", words_per_minute=150), LINES)
    write_recording(folder, "a", cues, wav, espeak.RATE)
    made = prepare(P, paths, encode)
    compared = TextComparison.load(paths.comparison)
    assert len(compared.clips) == 10 and compared.recogniser.startswith("whisper-base")
    assert max(clip.cer for clip in compared.clips) < 0.6

    # The same sound again: nothing is transcribed a second time
    def no_asr(*args, **settings):
        pytest.fail("recognised again")

    texts = [text for *_, text in cues]
    shifted = [(start, end, text) for (start, end, _), text in zip(cues, [*texts[1:], texts[0]])]
    write_recording(folder, "a", shifted, wav, espeak.RATE)
    monkeypatch.setattr(asr.SpeechRecogniser, "open", no_asr)
    with pytest.raises(VagoError, match="are not what is said .* 10 of them .* is 0[.][789]"):
        prepare(P, paths, encode)
    assert made.root.joinpath("clips.csv").exists(), "the corpus of before stays"
