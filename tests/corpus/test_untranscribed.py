"""Recordings without a transcript: cuts in pauses, the right speaker, text that fits its clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from helpers.speech import SENTENCES, conversation, needs
from vago.audio import asr, asr_model, espeak, io, speakers
from vago.audio.asr import Word
from vago.audio.reader import open_recording
from vago.corpus import untranscribed
from vago.corpus.params import CorpusParams
from vago.corpus.prepare import prepare
from vago.corpus.transcripts.cue import Cue
from vago.model.speaker_encoder import open_speaker_encoder
from vago.paths import Paths
from vago.text.error_rate import character_error_rate

RATE = espeak.RATE
P = CorpusParams(sources=["quiz"], held_out_min_clips=2)


class StubTranscriber:
    """Recognises the same word in every window and clip."""

    def words(self, wav):
        return [Word(0.1, 0.3, "szia.", 0.9)]

    def transcribe(self, wav):
        return "szia."


@pytest.mark.parametrize(
    ("hypothesis", "text"),
    [("nem jó", "Nem jó."), ("jó", "jó."), ("nem jó igen", "Nem jó. Igen")],
)
def test_a_word_at_the_edge_is_kept_if_it_is_recognised_in_the_clip(hypothesis, text):
    own = [Word(0.9, 1.3, "Nem", 0.5), Word(1.4, 2.0, "jó.", 0.9)]
    cue = Cue(1.0, 2.2, "")
    texts = untranscribed._possible_texts(cue, own, [], [Word(2.1, 2.5, "Igen", 0.9)])
    found = untranscribed._with_text(cue, texts, hypothesis)
    assert (found.text, found.hypothesis, found.measured.heard_cer) == (text, hypothesis, 0)

    probabilities = {"Nem": 0.5, "jó.": 0.9, "Igen": 0.9}
    confidence = np.mean([probabilities[word] for word in text.split()])
    assert found.measured.confidence == pytest.approx(confidence)
    assert untranscribed._with_text(cue, texts, "valami egészen más").measured.heard_cer > 0.5


@pytest.mark.slow
@needs("resemblyzer")
@pytest.mark.parametrize("target", ["host", "guest"])
def test_a_second_speaker_is_rejected(tmp_path, target):
    """Two espeak-ng voices in turns: none of the other's clips stays, 95 % of the target's do."""
    host, guest = espeak.EspeakVoice("m3", 150, 50), espeak.EspeakVoice("f2", 165, 60)
    turns = [(host, "host", text) for text in SENTENCES]
    turns += [(guest, "guest", text) for text in SENTENCES[::-1]]
    turns = [turns[k] for k in (0, 1, 8, 2, 9, 3, 4, 10, 11, 5, 12, 6, 7, 13, 0, 2)]
    wav, spoken = conversation(turns, pause=(0.35, 0.7))
    soundfile.write(tmp_path / "long.wav", wav, RATE)

    # The host speaks most; the guest is found by a sample
    sample = None
    if target == "guest":
        sample = tmp_path / "sample.wav"
        soundfile.write(sample, guest.speak(f"{SENTENCES[2]} {SENTENCES[5]}"), RATE)

    embed = open_speaker_encoder(tmp_path)[0]
    rates = untranscribed.RATES
    with open_recording(tmp_path / "long.wav", tmp_path / "scratch", rates) as track:
        segments = untranscribed.find_segments(track, P.max_seconds, embed)
        voices = untranscribed.diarize([segments], embed, sample)
        cues = untranscribed.transcribe(P, track, segments, voices, StubTranscriber())
    assert cues[0].start >= 0
    assert all(one.end <= other.start + 1e-9 for one, other in zip(cues, cues[1:]))

    own, others = [], []
    for cue in cues:
        shared = [min(cue.end, end) - max(cue.start, start) for start, end, *_ in spoken]
        speaker = spoken[int(np.argmax(shared))][2]
        (own if speaker == target else others).append(cue)
    assert min(len(own), len(others)) >= 4
    assert not any(not cue.verdict.reason for cue in others)
    assert sum(not cue.verdict.reason for cue in own) >= 0.95 * len(own)

    similarity = [[cue.measured.speaker_similarity for cue in side] for side in (own, others)]
    assert min(similarity[0]) > max(similarity[1]), similarity


@pytest.mark.slow
@needs("resemblyzer")
def test_two_speakers_at_once_are_an_overlap():
    def spoken(voice: str) -> list[np.ndarray]:
        wavs = [np.trim_zeros(espeak.EspeakVoice(voice).speak(text)) for text in SENTENCES]
        return [io.resample(wav, RATE, 16_000) for wav in wavs]

    host, guest = spoken("m3"), spoken("f2")
    embed = open_speaker_encoder(Path())[0]
    vectors = np.stack([speakers.mean_embedding(embed(wav)) for wav in host + guest[:5]])
    voices = speakers.cluster_speakers(vectors, np.full(13, 3.0))

    both = host[0].copy()
    both[-24_000:] += guest[5][8_000:32_000]
    cue = Cue(0.0, 3.0, "szöveg")
    alone, overlap = (
        untranscribed._with_speaker(cue, [embed(wav)], voices, P.min_similarity)
        for wav in (host[0], both)
    )
    assert (alone.verdict.reason, overlap.verdict.reason) == ("", "another speaker")


@pytest.mark.slow
@needs("faster_whisper", "rapidfuzz", *asr_model.WHEELS)
def test_a_long_recording_becomes_a_corpus_and_asr_results_are_cached(tmp_path, monkeypatch):
    folder = tmp_path / "outputs" / "demo" / "recordings" / "quiz"
    folder.mkdir(parents=True)
    turns = [(espeak.EspeakVoice("m3", 146, 60, 85), "a", text) for text in SENTENCES]
    turns += [(espeak.EspeakVoice("m3", 138, 55, 85), "a", text) for text in SENTENCES]
    wav, spoken = conversation(turns, pause=(1.1, 1.4))
    soundfile.write(folder / "show.flac", np.stack([wav, wav], axis=1), RATE)

    p = P.model_copy(update={"check_speaker": False, "max_heard_cer": 1.0, "min_confidence": 0.0})
    paths = Paths.of(p, tmp_path)
    seen = []

    def encode(text: str) -> list[int]:
        return [2] * len(text)

    made = prepare(p, paths, encode, lambda *progress: seen.append(progress))
    count = len(made.ledger)
    assert seen[-1] == (count, count, "quiz/show.flac")
    assert any("transcribed" in what and 0 < done <= total for done, total, what in seen)

    clips = made.clips
    assert clips["transcribed"].all() and clips["heard_cer"].notna().all()
    assert clips["confidence"].between(0, 1).all()
    assert clips["seconds"].between(2, 11.6).all()

    # Cut in pauses: no sentence is in two clips
    for clip in clips.itertuples():
        for start, end, *_ in spoken:
            inside = min(end, clip.end) - max(start, clip.start)
            assert inside <= 0 or inside >= end - start - 0.1

    # ASR gets a third of espeak-ng's characters wrong
    assert character_error_rate(" ".join(SENTENCES * 2), " ".join(clips["text"])) < 0.5

    timeline = made.timeline
    assert timeline["seconds"].sum() == pytest.approx(len(wav) / RATE, abs=0.01)
    assert list(timeline["start"][1:]) == pytest.approx(list(timeline["end"][:-1]))
    assert set(timeline["fate"]) <= {"kept", "rejected", "pause"}

    def no_asr(*args, **settings):
        pytest.fail("recognised again")

    monkeypatch.setattr(asr.SpeechRecogniser, "open", no_asr)
    assert prepare(p, paths, encode).digest == made.digest


@pytest.mark.slow
def test_without_resemblyzer_the_base_embeds(tiny_base, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    embed, name = open_speaker_encoder(tiny_base)
    assert "base" in name

    def windows(voice: str) -> list[np.ndarray]:
        wavs = [espeak.EspeakVoice(voice).speak(text) for text in SENTENCES[:3]]
        return [embed(io.resample(wav, RATE, 16_000)) for wav in wavs]

    host, guest = windows("m3"), windows("f2")
    norms = np.linalg.norm(np.concatenate(host + guest), axis=1)
    assert norms == pytest.approx(1, abs=1e-4)

    one, *others = map(speakers.mean_embedding, host)
    foreign = map(speakers.mean_embedding, guest)
    assert min(one @ other for other in others) > max(one @ other for other in foreign)
    assert len(embed(np.zeros(100, np.float32))) == 1
