"""Spans for rough cues, and clips of neighbouring segments of speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.tones import RATE, ROOM_NOISE, room, tone
from vago.audio.vad import energy_segments
from vago.corpus.segmentation import cut_cues, join_segments, split_long


def speech_of(*sounds, seconds):
    return energy_segments(room(*sounds, seconds=seconds), RATE)


# Cues of a transcript


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    noise=st.sampled_from([0.0, ROOM_NOISE, 10 ** (-50 / 20)]),
    gap=st.floats(0.35, 0.8),
)
def test_jittered_cues_lose_no_sample_and_take_none_of_the_neighbours(seed, noise, gap):
    # Five sentences of words with short gaps between them
    rng = np.random.default_rng(seed)
    sounds, sentences, at = [], [], gap
    for _ in range(5):
        start = at
        for _ in range(rng.integers(1, 4)):
            word = tone(rng.uniform(0.5, 1.2), level=rng.uniform(0.1, 0.4))
            sounds.append((at, word))
            end = at + len(word) / RATE
            at = end + rng.uniform(0.03, 0.2)
        sentences.append((start, end))
        at = end + gap
    wav = room(*sounds, seconds=at, noise=noise, seed=seed)

    jitter = rng.uniform(-0.3, 0.3, (5, 2))
    cues = sorted((a + i, b + j) for (a, b), (i, j) in zip(sentences, jitter, strict=True))
    spans = cut_cues(cues, energy_segments(wav, RATE), 0.4, 0.1, at)

    # Tolerances: the padding and the resolution of the levels
    for k, ((start, end), span) in enumerate(zip(sentences, spans, strict=True)):
        assert span is not None
        assert start - 0.13 <= span[0] <= start + 0.001
        assert end - 0.001 <= span[1] <= end + 0.13
        assert k == 0 or span[0] > sentences[k - 1][1]
        assert k == 4 or span[1] < sentences[k + 1][0]


def test_padding_stops_halfway_to_the_neighbour():
    speech = speech_of((1, tone(1)), (2.1, tone(1)), seconds=4)
    (_, end), (start, _) = cut_cues([(1, 2), (2.1, 3.1)], speech, 0.4, 0.5, 4)
    assert end == pytest.approx(2.05, abs=0.01) == start


def test_speech_without_a_pause_is_cut_at_its_quietest_moment():
    dip = tone(2)
    dip[round(0.9 * RATE) : round(0.94 * RATE)] *= 0.01
    speech = speech_of((1, dip), seconds=4)
    (_, end), (start, _) = cut_cues([(1, 2), (2.05, 3)], speech, 0.3, 0.1, 4)
    assert end == start == pytest.approx(1.92, abs=0.02)

    # What follows the only cue belongs to none
    (only,) = cut_cues([(1, 1.7)], speech, 0.3, 0.1, 4)
    assert only[1] == pytest.approx(1.92, abs=0.02)


@pytest.mark.parametrize("cue_end", [1.95, 3.2])
def test_a_missed_syllable_is_added_and_foreign_speech_is_not(cue_end):
    speech = speech_of((1, tone(1)), (2.1, tone(0.15)), (3.1, tone(2)), seconds=6)
    assert cut_cues([(1, cue_end)], speech, 0.4, 0.05, 6)[0] == pytest.approx((0.95, 2.3), abs=0.02)


def test_the_same_cue_twice_is_cut_twice_and_silence_not_at_all():
    speech = speech_of((1, tone(1)), seconds=6)
    first, second, silence = cut_cues([(1, 2), (1, 2), (4, 5)], speech, 0.4, 0.1, 6)
    assert first == second == pytest.approx((0.9, 2.1), abs=0.02)
    assert silence is None


# Segments of a recording without a transcript

drawn_segments = st.lists(
    st.tuples(st.floats(0.1, 14), st.floats(0.1, 3), st.booleans(), st.booleans()),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(drawn_segments)
def test_clips_hold_every_segment_once_and_keep_their_limits(drawn):
    lengths, pauses, ends, joined = zip(*drawn)
    at, spans = 0.0, []
    for seconds, pause in zip(lengths, pauses):
        spans.append((at, at + seconds))
        at += seconds + pause
    spans = np.array(spans)
    clips = join_segments(spans, ends, joined, 0.15, 2.0, 11.6)

    assert [k for first, last in clips for k in range(first, last)] == list(range(len(spans)))
    for first, last in clips:
        seconds = spans[last - 1, 1] - spans[first, 0] + 0.3
        assert seconds <= 11.6 or last == first + 1

    # A word is cut only if the segments that words join are longer than a clip may be
    count = len(spans)
    for k in (last - 1 for _, last in clips[:-1]):
        if joined[k]:
            first = next(i for i in range(k, -1, -1) if i == 0 or not joined[i - 1])
            last = next(i for i in range(k, count) if i == count - 1 or not joined[i])
            assert spans[last, 1] - spans[first, 0] + 0.3 > 11.6


def test_short_sentences_are_joined_and_cut_where_a_sentence_ends():
    spans = np.array([(0, 1.5), (1.8, 3.2), (3.6, 6.0), (6.4, 8.0), (8.4, 10.0), (10.5, 14.0)])
    ends = [False, True, False, True, True, True]
    clips = join_segments(spans, ends, [False] * 6, 0.15, 2.0, 11.6)
    assert len(clips) == 2
    assert {last - 1 for _, last in clips} <= {1, 3, 4, 5}


def test_a_long_pause_is_not_part_of_a_clip():
    spans = np.array([(0, 3.0), (5, 8.0)])
    assert len(join_segments(spans, [True, True], [False, False], 0.15, 2.0, 11.6)) == 2


def test_long_segments_are_split_at_pauses_of_energy():
    wav = tone(16, 200)
    wav[RATE * 7 : round(RATE * 7.12)] = 0
    energy = energy_segments(wav, RATE)

    pieces = split_long(np.array([(0.0, 5.0), (5.0, 16.0)]), energy, 10.0)
    assert pieces == pytest.approx(np.array([(0, 5), (5, 7.0), (7.12, 16)]), abs=0.02)
    assert len(split_long(np.array([(0.0, 6.0)]), energy, 4.0)) == 1  # no pause, no split
