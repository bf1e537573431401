"""Reading, levels and writing of audio files."""

from __future__ import annotations

import tracemalloc

import av
import numpy as np
import pyloudnorm
import pytest
import soundfile

from vago import VagoError
from vago.audio import io
from vago.audio.reader import open_recording

RATE = io.SAMPLE_RATE


def tone(seconds: float, level: float = 0.5, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


# Files


def test_written_samples_are_read_back_with_the_same_hash(tmp_path):
    wav = np.random.default_rng(0).uniform(-0.9, 0.9, 5000).astype(np.float32)
    io.write(tmp_path / "new" / "a.wav", wav, RATE)
    back, rate = io.load(tmp_path / "new" / "a.wav")
    assert (rate, back.dtype, back.shape) == (RATE, np.float32, (5000,))
    assert np.abs(back - wav).max() <= 0.51 / 32768
    assert soundfile.info(tmp_path / "new" / "a.wav").subtype == "PCM_16"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.wav"]

    soundfile.write(tmp_path / "b.flac", io.pcm16(wav), RATE, subtype="PCM_16")
    assert io.sha256(back) == io.sha256(wav) == io.sha256(io.load(tmp_path / "b.flac")[0])
    assert io.sha256(np.concatenate([wav[:-1], [0.95]]).astype(np.float32)) != io.sha256(wav)


def test_a_file_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(VagoError, match="a.wav cannot be written"):
        io.write(tmp_path / "a.wav", tone(0.1), RATE)


def test_stereo_becomes_mono(tmp_path):
    left, right = tone(0.1, hertz=300), tone(0.1, hertz=500)
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], axis=1), RATE)
    mean = (left + right) / 2
    assert np.abs(io.load(tmp_path / "s.wav")[0] - mean).max() < 1e-3


@pytest.mark.parametrize("right", [-1.0, -0.9, -1.1])
def test_of_channels_with_opposed_phases_the_louder_is_taken(tmp_path, right):
    """Their mean would be silence."""
    left = tone(0.1)
    soundfile.write(tmp_path / "s.wav", np.stack([left, right * left], axis=1), RATE, "FLOAT")
    wav = io.load(tmp_path / "s.wav")[0]
    assert np.abs(wav).max() == pytest.approx(np.abs(left).max() * max(1, -right), abs=1e-3)


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.flac"])
def test_a_file_is_read_whatever_its_suffix_says(tmp_path, name):
    write_aac(tmp_path / "a.m4a", tone(1.0, rate=44_100)[None])
    (tmp_path / "a.m4a").rename(tmp_path / name)
    wav, rate = io.load(tmp_path / name)
    assert len(wav) / rate == pytest.approx(1.0, abs=0.1) and np.abs(wav).max() > 0.1


def test_over_full_scale_is_clipped_only_where_full_scale_is_a_limit(tmp_path):
    wav = 1.5 * tone(1.0) / np.abs(tone(1.0)).max()
    soundfile.write(tmp_path / "f.wav", wav, RATE, "FLOAT")
    soundfile.write(tmp_path / "i.wav", wav, RATE, "PCM_16")
    assert io.is_float_file(tmp_path / "f.wav") and not io.is_float_file(tmp_path / "i.wav")
    for name, least, most in (("f.wav", 0.0, 0.01), ("i.wav", 0.4, 0.6)):
        with open_recording(tmp_path / name, tmp_path / "scratch") as recording:
            assert least <= recording.clipped_fraction(0, 1) <= most


@pytest.mark.parametrize("name", ["bad.wav", "bad.m4a"])
@pytest.mark.parametrize("content", [b"", b"no audio at all", b"RIFF\x10\0\0\0WAVEfmt "])
def test_bad_files_get_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    why = "it is empty" if not content else "[^()]+"
    message = rf"{name} cannot be read as audio \({why}\): replace it by a good WAV"
    with pytest.raises(io.Unreadable, match=message):
        io.load(tmp_path / name)


@pytest.mark.parametrize("name", ["no.wav", "no.m4a"])
def test_missing_files_are_reported(tmp_path, name):
    with pytest.raises(io.Unreadable, match=f"{name} does not exist"):
        io.load(tmp_path / name)


def test_files_without_samples_or_with_nan_are_reported(tmp_path):
    soundfile.write(tmp_path / "short.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(io.Unreadable, match="holds no samples"):
        io.load(tmp_path / "short.wav")

    not_finite = np.array([0.0, np.nan], np.float32)
    soundfile.write(tmp_path / "nan.wav", not_finite, RATE, subtype="FLOAT")
    with pytest.raises(io.Unreadable, match="not finite"):
        io.load(tmp_path / "nan.wav")


# M4A through PyAV


def write_aac(path, wav: np.ndarray, rate: int = 44_100) -> None:
    """Encode (channels, samples) as AAC."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout=("mono", "stereo")[len(wav) - 1])
        frame = av.AudioFrame.from_ndarray(wav, format="fltp", layout=stream.layout.name)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4", "a.aac", "A.M4A"])
def test_aac_is_read(tmp_path, name):
    left = tone(1, rate=44_100)
    write_aac(tmp_path / name, np.stack([left, np.zeros_like(left)]))
    wav, rate = io.load(tmp_path / name)
    assert (rate, wav.dtype) == (44_100, np.float32)
    assert len(wav) == pytest.approx(44_100, abs=3000)  # whole frames, and the encoder's delay

    middle = wav[10_000:32_050]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 220
    assert np.abs(middle).max() == pytest.approx(0.25, abs=0.03)  # mean of both channels


def test_long_aac_is_read_in_blocks(tmp_path):
    """Two minutes are 20 MiB of float32 samples; a block is decoded at a time."""
    write_aac(tmp_path / "a.m4a", tone(120, rate=44_100)[None])
    tracemalloc.start()
    lengths = [len(wav) for wav, _ in io.blocks(tmp_path / "a.m4a", 5.0)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(lengths) == pytest.approx(120 * 44_100, abs=3000)
    assert all(length == pytest.approx(220_500, abs=1024) for length in lengths[:-1])
    assert peak < 6 * 2**20


def test_a_file_without_audio_is_reported(tmp_path):
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(io.Unreadable, match=r"film.mp4 cannot be .*\(it has no audio stream\)"):
        io.load(tmp_path / "film.mp4")


# Samples


def test_resampling_keeps_length_and_pitch():
    wav = io.resample(tone(1, rate=44_100), 44_100, RATE)
    assert len(wav) == RATE and wav.dtype == np.float32
    assert np.argmax(np.abs(np.fft.rfft(wav))) == 440


@pytest.mark.parametrize("seconds", [0.1, 0.39, 2.0])
def test_loudness_is_met(seconds):
    wav = io.set_loudness(tone(seconds, 0.01, hertz=1000), RATE, -23.0)
    repeated = np.tile(wav, int(np.ceil(1 / seconds))).astype(float)
    loudness = pyloudnorm.Meter(RATE).integrated_loudness(repeated)
    assert loudness == pytest.approx(-23, abs=0.3)


def test_peaks_stay_under_minus_one_dbfs_and_keep_their_shape():
    wav = 0.001 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    wav[5000] = 0.5  # a click that -23 LUFS would lift far over full scale
    loud = io.set_loudness(wav, RATE, -23.0)
    assert np.abs(loud).max() == pytest.approx(io.PEAK, rel=1e-5)
    assert np.allclose(loud / loud[5000], wav / wav[5000], atol=1e-6)
    assert not io.set_loudness(np.zeros(RATE, np.float32), RATE, -23.0).any()


def test_levels():
    assert io.clipped_fraction(np.array([0, 1, -1, 0.5], np.float32)) == 0.5

    # the RMS of a sine is 3 dB under its peak
    wav = np.pad(tone(0.2, 0.1), RATE)
    assert io.loudest_dbfs(wav, RATE) == pytest.approx(-23.0, abs=0.2)
    assert io.loudest_dbfs(np.zeros(100, np.float32), RATE) == float("-inf")
    assert io.loudest_dbfs(np.zeros(0, np.float32), RATE) == float("-inf")
