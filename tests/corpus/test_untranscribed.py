"""Recordings without a transcript: cut in pauses, the right speaker, text and sound that begin and end together."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.audio import asr, espeak, io, speakers, vad
from vago.audio.asr import Word
from vago.corpus import prepare, segmentation, sources, untranscribed
from vago.corpus.params import CorpusParams
from vago.model import speaker_encoder
from vago.paths import Paths
from vago.text import error_rate

RATE = espeak.RATE
P = CorpusParams(sources=["quiz"], held_out_min_clips=2)
TEXTS = [
    "Holnap reggel hazajön a nagymama a faluból.", "Az iskola előtt áll a piros autóbusz.", "Kérek egy pohár vizet és két almát.",
    "Melyik folyó szeli ketté Budapestet?", "A kíváncsiság viszi előre az embert.", "Gyerekkoromban sokat olvastam a kertben.",
    "Szeretem a csendes reggeleket a hegyekben.", "Három, kettő, egy, lejárt az idő, kérem!",
]  # fmt: skip


def needs(*packages: str):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def glued(turns, pause=(0.5, 0.9), noise_db=-55.0, seed=1):
    """(wav, [(start, end, who, text)]): turns of (voice, who, text) in a room, with pauses between them."""
    rng, parts, spoken = np.random.default_rng(seed), [np.zeros(RATE // 2, np.float32)], []
    for voice, who, text in turns:
        said = np.trim_zeros(voice.speak(text))
        start = sum(map(len, parts)) / RATE
        spoken.append((start, start + len(said) / RATE, who, text))
        parts += [
            0.5 * said / np.abs(said).max(),
            np.zeros(round(rng.uniform(*pause) * RATE), np.float32),
        ]
    wav = np.concatenate(parts).astype(np.float32)
    return wav + (10 ** (noise_db / 20) * rng.standard_normal(len(wav))).astype(np.float32), spoken


class Deaf:
    """A recogniser that hears a sentence in every window, and the same in every clip."""

    def words(self, wav):
        return [Word(0.1, 0.3, "szia.", 0.9)]

    def hear(self, wav):
        return "szia."


# Cutting

pauses = st.lists(
    st.tuples(st.floats(0.1, 14), st.floats(0.1, 3), st.booleans(), st.booleans()),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(pauses)
def test_clips_take_every_stretch_once_and_keep_their_limits(drawn):
    at, spans = 0.0, []
    for seconds, pause, *_ in drawn:
        spans.append((at, at + seconds))
        at += seconds + pause
    spans, joined = np.array(spans), [one[3] for one in drawn]
    clips = segmentation.build(spans, [one[2] for one in drawn], joined, 0.15, 2.0, 11.6)
    assert [k for first, last in clips for k in range(first, last)] == list(range(len(spans)))
    for first, last in clips:
        seconds = spans[last - 1, 1] - spans[first, 0] + 0.3
        assert seconds <= 11.6 or last == first + 1
    cuts = [last - 1 for _, last in clips[:-1]]
    # a word is cut only where what it holds together is longer than a clip may be
    for k in (k for k in cuts if joined[k]):
        first = next(k2 for k2 in range(k, -1, -1) if k2 == 0 or not joined[k2 - 1])
        last = next(k2 for k2 in range(k, len(spans)) if k2 == len(spans) - 1 or not joined[k2])
        assert spans[last, 1] - spans[first, 0] + 0.3 > 11.6


def test_short_sentences_are_joined_and_cut_where_a_sentence_ends():
    spans = np.array([(0, 1.5), (1.8, 3.2), (3.6, 6.0), (6.4, 8.0), (8.4, 10.0), (10.5, 14.0)])
    clips = segmentation.build(
        spans, [False, True, False, True, True, True], [False] * 6, 0.15, 2.0, 11.6
    )
    ends = [last - 1 for _, last in clips]
    assert set(ends) <= {1, 3, 4, 5} and len(clips) == 2
    apart = np.array([(0, 3.0), (5, 8.0)])
    assert (
        len(segmentation.build(apart, [True, True], [False, False], 0.15, 2.0, 11.6)) == 2
    )  # a silence of 2 s is no part of a clip


def test_speech_without_a_pause_for_voice_activity_is_split_where_it_is_quiet():
    tone = (0.3 * np.sin(2 * np.pi * 200 * np.arange(RATE * 16) / RATE)).astype(np.float32)
    tone[RATE * 7 : round(RATE * 7.12)] = 0
    quiet = io.find_speech(tone, RATE)
    pieces = segmentation.split_long(np.array([(0.0, 5.0), (5.0, 16.0)]), quiet, 10.0)
    assert pieces == pytest.approx(np.array([(0, 5), (5, 7.0), (7.12, 16)]), abs=0.02)
    assert len(segmentation.split_long(np.array([(0.0, 6.0)]), quiet, 4.0)) == 1  # no pause, no cut


# Voice activity


@pytest.fixture(scope="module")
def monologue():
    return glued([(espeak.Voice("m3"), "a", text) for text in TEXTS[:4]])


def test_voice_activity_finds_each_sentence_and_no_noise(monologue):
    import torch

    wav, spoken = monologue
    threads = torch.get_num_threads()
    found = vad.find(io.resample(wav, RATE, 16_000))
    assert torch.get_num_threads() == threads
    assert all(any(a < end and b > start for a, b in found) for start, end, *_ in spoken)
    between = [(one[1] + 0.25, other[0] - 0.1) for one, other in zip(spoken, spoken[1:])]
    assert not any(a < high and b > low for a, b in found for low, high in between)
    assert (
        len(vad.find(np.zeros(16_000, np.float32))) == len(vad.find(np.zeros(0, np.float32))) == 0
    )


# Words


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.2, 20), st.floats(0.1, 4)), min_size=1, max_size=30))
def test_windows_hold_every_stretch_once(drawn):
    at, spans = 0.0, []
    for seconds, pause in drawn:
        spans.append((at, at + seconds))
        at += seconds + pause
    found = asr.windows(np.array(spans))
    assert [k for first, last in found for k in range(first, last)] == list(range(len(spans)))
    for first, last in found:
        assert last - first == 1 or spans[last - 1][1] - spans[first][0] <= asr.WINDOW_SECONDS
        assert all(spans[k][0] - spans[k - 1][1] < 2.0 for k in range(first + 1, last))


def test_words_go_to_the_stretch_they_are_said_in_and_never_back():
    spans = np.array([(0.0, 1.0), (1.5, 2.5), (3.0, 4.0)])
    times = [(0.1, 0.4), (0.8, 1.6), (1.3, 1.9), (1.2, 1.25), (2.55, 2.7), (4.1, 4.4)]
    words = [Word(a, b, "szó", 1.0) for a, b in times]
    assert asr.assign(words, spans) == [0, 0, 1, 1, 1, 2]


class Ear(Deaf):
    def __init__(self):
        self.heard = 0

    def words(self, wav, rate):
        self.heard += 1
        return [Word(0.25, 0.5, "igen", 0.5), Word(0.5, 99.0, "nem", 0.75)]

    def hear(self, wav, rate):
        self.heard += 1
        return "igen"


@pytest.fixture
def listening(monkeypatch, tmp_path):
    opened = Ear()
    monkeypatch.setattr(asr, "base_model", lambda: tmp_path)
    monkeypatch.setattr(asr.Ear, "open", lambda model, device: opened)
    return opened, lambda: asr.Transcriber("", tmp_path / "heard")


def test_what_was_heard_is_not_heard_again(listening):
    opened, make = listening
    wav = np.arange(16_000, dtype=np.float32) / 16_000
    first = make()
    assert first.words(wav) == [
        Word(0.0, 0.25, "igen", 0.5),
        Word(0.25, 1.0, "nem", 0.75),
    ]  # within the sound
    assert first.hear(wav) == "igen" and opened.heard == 2
    again = make()
    assert again.words(wav) == first.words(wav) and again.hear(wav) == "igen" and opened.heard == 2
    again.hear(wav[:-1])
    assert opened.heard == 3
    for kept in (again._folder).iterdir():
        kept.write_text("torn")
    assert again.hear(wav) == "igen" and opened.heard == 4


def test_a_word_at_the_edge_stays_only_where_it_is_heard():
    track = SimpleNamespace(wav=lambda *span: np.zeros(16_000, np.float32))
    said = [Word(0.9, 1.3, "Nem", 0.5), Word(1.4, 2.0, "jó.", 0.9)]
    cue = untranscribed.HeardCue(1.0, 2.2, "")
    after = [Word(2.1, 2.5, "Igen", 0.9)]

    def text(heard):
        return untranscribed._heard_again(
            cue, said, [[], after], track, SimpleNamespace(hear=lambda wav: heard)
        )

    assert text("nem jó").text == "Nem jó." and text("nem jó").heard_cer == 0
    assert text("jó").text == "jó." and text("jó").confidence == pytest.approx(0.9)
    assert text("nem jó igen").text == "Nem jó. Igen"
    assert text("valami egészen más").heard_cer > 0.5


# Speakers


def near(middle: np.ndarray, count: int, spread: float, rng) -> np.ndarray:
    vectors = middle + spread * rng.standard_normal((count, len(middle))) / np.sqrt(len(middle))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_target_is_who_speaks_most_or_who_sounds_like_the_sample():
    rng = np.random.default_rng(0)
    one, two = np.eye(32)[0], 0.6 * np.eye(32)[0] + 0.8 * np.eye(32)[1]
    vectors = np.concatenate([near(one, 30, 0.3, rng), near(two, 12, 0.3, rng)])
    seconds = np.full(42, 3.0)
    spans = np.stack([np.arange(42) * 4.0, np.arange(42) * 4.0 + 3], axis=1)
    majority = speakers.tell_apart(vectors, seconds)
    assert speakers.whose(majority, vectors, spans, 0.5).tolist() == [True] * 30 + [False] * 12
    sampled = speakers.tell_apart(vectors, seconds, two)
    assert speakers.whose(sampled, vectors, spans, 0.5).tolist() == [False] * 30 + [True] * 12
    nobody = speakers.tell_apart(vectors, seconds, np.eye(32)[9])
    assert not speakers.whose(nobody, vectors, spans, 0.65).any()
    spans[5, 1] = spans[5, 0] + 0.4  # too short to tell: it goes with its neighbour
    vectors[5] = two
    assert speakers.whose(majority, vectors, spans, 0.5)[5]


@needs("resemblyzer")
def test_a_second_speaker_is_left_out(tmp_path):
    """Two of espeak-ng's voices in turns: at least 95 % of the wrong one's clips go, at most 5 % of the right one's."""
    host, guest = espeak.Voice("m3", 150, 50), espeak.Voice("f2", 165, 60)
    turns = [(host, "host", text) for text in TEXTS] + [
        (guest, "guest", text) for text in TEXTS[::-1]
    ]
    turns = [turns[k] for k in (0, 1, 8, 2, 9, 3, 4, 10, 11, 5, 12, 6, 7, 13, 0, 2)]
    wav, spoken = glued(turns, pause=(0.35, 0.7))
    soundfile.write(tmp_path / "long.wav", wav, RATE)
    embed = speaker_encoder.open_encoder(tmp_path)[0]
    with untranscribed.read(tmp_path / "long.wav", tmp_path / "scratch") as track:
        heard = untranscribed.listen(track, P.max_seconds, embed)
        soundfile.write(tmp_path / "sample.wav", guest.speak(TEXTS[2] + " " + TEXTS[5]), RATE)
        by_majority = untranscribed.cues_of(
            P, track, heard, untranscribed.voices_of([heard], embed, None), Deaf()
        )
        by_sample = untranscribed.cues_of(
            P,
            track,
            heard,
            untranscribed.voices_of([heard], embed, tmp_path / "sample.wav"),
            Deaf(),
        )
    for cues, target in ((by_majority, "host"), (by_sample, "guest")):
        assert cues[0].start >= 0 and all(a.end <= b.start + 1e-9 for a, b in zip(cues, cues[1:]))
        right, similar = {True: [0, 0], False: [0, 0]}, {True: [], False: []}  # kept, all
        for cue in cues:
            shares = [min(cue.end, end) - max(cue.start, start) for start, end, *_ in spoken]
            mine = spoken[int(np.argmax(shares))][2] == target
            right[mine][0] += not cue.reason
            right[mine][1] += 1
            similar[mine].append(cue.similarity)
        assert min(similar[True]) > max(similar[False]), similar
        assert (
            right[False][0] == 0
            and right[True][0] >= 0.95 * right[True][1]
            and min(right[True][1], right[False][1]) >= 4
        )


@needs("resemblyzer")
def test_two_at_once_are_an_overlap():
    host, guest = espeak.Voice("m3"), espeak.Voice("f2")
    embed = speaker_encoder.open_encoder(Path())[0]
    said = lambda voice: [
        io.resample(np.trim_zeros(voice.speak(text)), RATE, 16_000) for text in TEXTS
    ]  # noqa: E731
    alone = {"h": said(host), "g": said(guest)}
    vectors = np.stack([speakers.mean(embed(wav)) for wav in alone["h"] + alone["g"][:5]])
    voices = speakers.tell_apart(vectors, np.full(13, 3.0))
    both = alone["h"][0].copy()
    both[-24_000:] += alone["g"][5][8_000:32_000]
    cue = untranscribed.HeardCue(0.0, 3.0, "szöveg")
    judged = [
        untranscribed._identified(cue, [embed(wav)], voices, P.min_similarity)
        for wav in (alone["h"][0], both)
    ]
    assert [one.reason for one in judged] == ["", "another speaker"], judged


# The whole


def home(tmp_path):
    folder = tmp_path / "outputs" / "demo" / "recordings" / "quiz"
    folder.mkdir(parents=True)
    return Paths.of(P, tmp_path), folder


def test_without_a_recogniser_a_transcript_is_asked_for(tmp_path, monkeypatch):
    _, folder = home(tmp_path)
    soundfile.write(folder / "a.wav", np.zeros(100), RATE)
    assert sources.find_sources(folder.parent, ["quiz"])[0].recordings[0].untold
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        VagoError, match=r"a.wav has no transcript .*no recogniser is installed .*pip install"
    ):
        sources.find_sources(folder.parent, ["quiz"])


@needs("faster_whisper", "rapidfuzz", *asr.WHEELS)
def test_a_long_recording_becomes_a_corpus_and_is_heard_once(tmp_path, monkeypatch):
    paths, folder = home(tmp_path)
    wav, spoken = glued(
        [(espeak.Voice("m3", 146, 60, 85), "a", text) for text in TEXTS[:5]], pause=(1.1, 1.4)
    )
    soundfile.write(folder / "show.flac", np.stack([wav, wav], axis=1), RATE)
    told = []
    p = P.model_copy(update={"check_speaker": False, "max_heard_cer": 1.0, "min_confidence": 0.0})
    made = prepare.prepare(
        p, paths, lambda text: [2] * len(text), lambda *told_: told.append(told_)
    )
    assert told[-1] == (len(made.ledger), len(made.ledger), "quiz/show.flac")
    assert any("heard" in what and 0 < done <= total for done, total, what in told)
    assert made.clips["transcribed"].all() and made.clips["heard_cer"].notna().all()
    assert made.clips["confidence"].between(0, 1).all()
    assert made.clips["seconds"].between(2, 11.6).all()
    for clip in made.clips.itertuples():  # cut in pauses: no sentence in two clips
        for start, end, *_ in spoken:
            inside = min(end, clip.end) - max(start, clip.start)
            assert inside <= 0 or inside >= end - start - 0.1
    text = " ".join(made.clips["text"])
    assert (
        error_rate.character_error_rate(" ".join(TEXTS[:5]), text) < 0.5
    )  # a third of espeak-ng's characters are misheard
    timeline = made.timeline
    assert timeline["seconds"].sum() == pytest.approx(len(wav) / RATE, abs=0.01)
    assert list(timeline["start"][1:]) == pytest.approx(list(timeline["end"][:-1]))
    assert set(timeline["fate"]) <= {"kept", "rejected", "pause"}

    monkeypatch.setattr(asr.Ear, "open", lambda *a, **k: pytest.fail("heard again"))
    again = prepare.prepare(p, paths, lambda text: [2] * len(text))
    assert again.digest == made.digest


def test_without_resemblyzer_the_base_judges(tiny_base, monkeypatch):
    monkeypatch.setattr(speakers.importlib.util, "find_spec", lambda name: None)
    embed, name = speaker_encoder.open_encoder(tiny_base)
    assert "base" in name
    voices = map(espeak.Voice, ("m3", "f2"))
    said = [
        [embed(io.resample(voice.speak(text), RATE, 16_000)) for text in TEXTS[:3]]
        for voice in voices
    ]
    assert all(
        np.linalg.norm(one, axis=1) == pytest.approx(1, abs=1e-4) for voice in said for one in voice
    )
    host, guest = ([speakers.mean(one) for one in voice] for voice in said)
    assert min(host[0] @ host[1], host[0] @ host[2]) > max(host[0] @ one for one in guest)
    assert len(embed(np.zeros(100, np.float32))) == 1
