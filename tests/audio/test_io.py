from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
import soundfile

from vago import VagoError
from vago.audio import io

RATE = io.SAMPLE_RATE


def tone(seconds: float, level: float = 0.5, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def test_written_samples_come_back_as_they_were_hashed(tmp_path):
    wav = np.random.default_rng(0).uniform(-0.9, 0.9, 5000).astype(np.float32)
    io.write(tmp_path / "a.wav", wav, RATE)
    soundfile.write(tmp_path / "b.flac", io.pcm16(wav), RATE, subtype="PCM_16")
    back, rate = io.load(tmp_path / "a.wav")
    assert (rate, back.dtype, back.shape) == (RATE, np.float32, (5000,))
    assert np.abs(back - wav).max() <= 0.51 / 32768
    assert io.sha256(back) == io.sha256(wav) == io.sha256(io.load(tmp_path / "b.flac")[0])
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert io.sha256(np.concatenate([wav[:-1], [0.95]]).astype(np.float32)) != io.sha256(wav)


def test_stereo_becomes_mono(tmp_path):
    soundfile.write(tmp_path / "s.wav", np.stack([tone(0.1), -tone(0.1)], axis=1), RATE)
    assert np.abs(io.load(tmp_path / "s.wav")[0]).max() < 1e-4


@pytest.mark.parametrize("content", [b"", b"no sound at all", b"RIFF\x10\0\0\0WAVEfmt "])
def test_bad_files_get_one_sentence(tmp_path, content):
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(VagoError, match="bad.wav cannot be read as sound"):
        io.load(tmp_path / "bad.wav")


def test_missing_empty_and_unfinite_files(tmp_path):
    with pytest.raises(VagoError, match="no.wav does not exist"):
        io.load(tmp_path / "no.wav")
    soundfile.write(tmp_path / "short.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(VagoError, match="holds no samples"):
        io.load(tmp_path / "short.wav")
    soundfile.write(
        tmp_path / "nan.wav", np.array([0.0, np.nan], np.float32), RATE, subtype="FLOAT"
    )
    with pytest.raises(VagoError, match="not finite"):
        io.load(tmp_path / "nan.wav")


def test_resampling_keeps_length_and_pitch():
    wav = io.resample(tone(1, rate=44_100), 44_100, RATE)
    assert len(wav) == RATE and wav.dtype == np.float32
    assert np.argmax(np.abs(np.fft.rfft(wav))) == 440


@pytest.mark.parametrize("seconds", [0.1, 0.39, 2.0])
def test_loudness_is_met(seconds):
    wav = io.set_loudness(tone(seconds, 0.01, hertz=1000), RATE, -23.0)
    again = np.tile(wav, int(np.ceil(1 / seconds)))
    assert pyloudnorm.Meter(RATE).integrated_loudness(again.astype(float)) == pytest.approx(
        -23, abs=0.3
    )


def test_peaks_stay_under_minus_one_dbfs_and_keep_their_shape():
    wav = 0.001 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    wav[5000] = 0.5  # a click that -23 LUFS would lift far over full scale
    loud = io.set_loudness(wav, RATE, -23.0)
    assert np.abs(loud).max() == pytest.approx(io.PEAK, rel=1e-5)
    assert np.allclose(loud / loud[5000], wav / wav[5000], atol=1e-6)
    assert not io.set_loudness(np.zeros(RATE, np.float32), RATE, -23.0).any()


def test_measures():
    assert io.clipped_fraction(np.array([0, 1, -1, 0.5], np.float32)) == 0.5
    wav = np.concatenate([np.zeros(RATE), tone(0.2, 0.1), np.zeros(RATE)]).astype(np.float32)
    assert io.loudest_dbfs(wav, RATE) == pytest.approx(
        -23.0, abs=0.2
    )  # a sine's RMS is 3 dB under its peak
    assert io.loudest_dbfs(np.zeros(100, np.float32), RATE) == float("-inf")
    assert io.loudest_dbfs(np.zeros(0, np.float32), RATE) == float("-inf")


@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.01])
def test_speech_is_found_over_any_floor(noise):
    wav = np.concatenate(
        [np.zeros(RATE), tone(0.5), np.zeros(RATE // 2), tone(0.3, 0.2), np.zeros(RATE)]
    ).astype(np.float32)
    wav += noise * np.random.default_rng(0).standard_normal(len(wav)).astype(np.float32)
    assert io.find_speech(wav, RATE).segments == pytest.approx(
        np.array([[1.0, 1.5], [2.0, 2.3]]), abs=0.016
    )


def test_short_holes_are_no_pauses_and_silence_has_no_speech():
    wav = np.concatenate([tone(0.5), np.zeros(round(0.05 * RATE)), tone(0.5)]).astype(np.float32)
    assert len(io.find_speech(np.pad(wav, RATE), RATE).segments) == 1
    assert len(io.find_speech(np.zeros(RATE, np.float32), RATE).segments) == 0
