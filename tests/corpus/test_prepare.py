from __future__ import annotations

import csv
import shutil
from io import StringIO

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.audio import io
from vago.corpus import corpus, corrections
from vago.corpus.params import CorpusParams
from vago.corpus.prepare import find_sources, prepare
from vago.corpus.segmentation import cut
from vago.corpus.transcripts import read_cues, read_metadata
from vago.paths import Paths

RATE = io.SAMPLE_RATE
KNOWN = set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyzAÁBCDEÉFGHIJKLMNOÓPQRSTUÚVWXYZ .,:;!?-'")
NOISE = 10 ** (-65 / 20)


def encode(written: str) -> list[int]:
    return [2 if c in KNOWN else 1 for c in written]


def burst(seconds: float, hertz: float = 300.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def room(
    *spoken: tuple[float, np.ndarray],
    seconds: float,
    rate: int = RATE,
    noise: float = NOISE,
    seed: int = 0,
) -> np.ndarray:
    """A quiet room in which each sound starts at its second."""
    wav = noise * np.random.default_rng(seed).standard_normal(round(seconds * rate)).astype(
        np.float32
    )
    for start, sound in spoken:
        wav[round(start * rate) : round(start * rate) + len(sound)] += sound
    return wav


# Transcripts


def clock(seconds: float, mark: str = ",") -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


words = st.lists(st.text("aáőűAB42.,?!;\"'&-", min_size=1, max_size=8), min_size=1, max_size=6).map(
    " ".join
)
cue_lists = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), words).map(
        lambda c: (c[0] / 1000, (c[0] + c[1]) / 1000, c[2])
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda cue: cue[0],
).map(sorted)
not_a_comment = cue_lists.filter(lambda cues: not any("--" in text for *_, text in cues))


def read_back(
    folder, name: str, content: str, newline: str, bom: bool
) -> list[tuple[float, float, str]]:
    path = folder / name
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + content.replace("\n", newline).encode())
    return [(cue.start, cue.end, cue.text) for cue in read_cues(path)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("transcripts")


ends = st.sampled_from(["\n", "\r\n"])


@settings(max_examples=60, deadline=None)
@given(not_a_comment, ends, st.booleans(), st.booleans(), st.sampled_from(",."))
def test_srt_is_read_as_written(folder, cues, newline, bom, numbered, mark):
    blocks = [
        f"{n}\n" * numbered + f"{clock(a, mark)} --> {clock(b, mark)}\n{text}\n"
        for n, (a, b, text) in enumerate(cues, 1)
    ]
    assert read_back(folder, "a.srt", "\n".join(blocks), newline, bom) == cues
    assert read_back(folder, "a.srt", "\n".join(blocks).rstrip("\n"), newline, bom) == cues


@settings(max_examples=60, deadline=None)
@given(not_a_comment, ends, st.booleans())
def test_vtt_is_read_as_written(folder, cues, newline, bom):
    blocks = [
        f"{clock(a, '.')} --> {clock(b, '.')} align:start\n{text.replace('&', '&amp;')}\n"
        for a, b, text in cues
    ]
    head = "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE\n00:01 is only a remark\n\n"
    assert read_back(folder, "a.vtt", head + "\n".join(blocks), newline, bom) == cues


@settings(max_examples=60, deadline=None)
@given(cue_lists, ends, st.booleans(), st.sampled_from(",;\t"), st.booleans(), st.booleans())
def test_csv_is_read_as_written(folder, cues, newline, bom, delimiter, clocks, header):
    file = StringIO()
    table = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    table.writerows([["start", "end", "text"]] * header)
    for a, b, text in cues:
        times = [
            clock(t, ".") if clocks else str(t).replace(".", "," if delimiter == ";" else ".")
            for t in (a, b)
        ]
        table.writerow([*times, text])
    if header or delimiter != "," or not clocks:
        assert read_back(folder, "a.csv", file.getvalue(), newline, bom) == cues


def test_what_real_transcripts_hold(tmp_path):
    srt = "2\n00:00:05.000 --> 0:00:06,5\n{\\an8}<i>Második</i>\nsor < 3\n\n\n1\n0:01,5 --> 0:02\n- Első\n"
    (tmp_path / "a.srt").write_text(srt)
    assert [(c.start, c.end, c.text, c.line) for c in read_cues(tmp_path / "a.srt")] == [
        (1.5, 2.0, "- Első", 8),
        (5.0, 6.5, "Második sor < 3", 2),
    ]
    vtt = "WEBVTT\n\nname of a cue\n00:01.000 --> 00:02.000\n<v Anna>Szia <00:01.500><c.x>te</c>!\n\nstray\n"
    (tmp_path / "a.vtt").write_text(vtt)
    assert [cue.text for cue in read_cues(tmp_path / "a.vtt")] == ["Szia te!"]
    (tmp_path / "a.csv").write_text(
        'Category,Text,End,Start\nopening,"Jó estét,\nkívánok!",1:02.5,61\n\n,Igen.,1:00:00,63\n'
    )
    assert [
        (c.start, c.end, c.text, c.line, c.category) for c in read_cues(tmp_path / "a.csv")
    ] == [
        (61.0, 62.5, "Jó estét, kívánok!", 2, "opening"),
        (63.0, 3600.0, "Igen.", 5, ""),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.srt", "", "a.srt holds no cues"),
        ("a.vtt", "WEBVTT\n", "a.vtt holds no cues"),
        ("a.csv", "start,end,text\n", "a.csv holds no cues"),
        ("a.srt", "1\n00:00:01,000 -> 00:00:02,000\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:xx\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:75,000\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "csak szöveg", "a.srt holds no timing line"),
        ("a.srt", "1\n00:00:02,000 --> 00:00:02,000\nszia\n", "a.srt, line 2: .* not after"),
        ("a.vtt", "WEBVTT\n\n00:01 --> \nszia\n", "a.vtt, line 3: .* is no timing"),
        ("a.csv", "start,end,text\n1,2,jó\nx,3,szia\n", "a.csv, line 3: .* are no times"),
        ("a.csv", "start,end,text\n1,nan,szia\n", "a.csv, line 2: .* are no times"),
        ("a.csv", "start,end,text\n3,2,szia\n", "a.csv, line 2: .* not after"),
        ("a.csv", "start,end,text\n3,4\n", "a.csv, line 2: found 2 field"),
    ],
)
def test_bad_transcripts_name_file_and_line(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(VagoError, match=said):
        read_cues(tmp_path / name)


def test_a_transcript_in_another_encoding(tmp_path):
    (tmp_path / "a.srt").write_bytes("1\n00:01 --> 00:02\nő\n".encode("cp1250"))
    with pytest.raises(VagoError, match="not UTF-8"):
        read_cues(tmp_path / "a.srt")


# Cutting


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([0.0, NOISE, 10 ** (-50 / 20)]), st.floats(0.35, 0.8)
)
def test_jittered_cues_lose_no_sample_and_take_none_of_the_neighbours(seed, noise, gap):
    rng = np.random.default_rng(seed)
    spoken, true, at = [], [], gap
    for _ in range(5):
        start = at
        for _ in range(rng.integers(1, 4)):  # words with short holes between them
            sound = burst(rng.uniform(0.5, 1.2), level=rng.uniform(0.1, 0.4))
            spoken.append((at, sound))
            end = at + len(sound) / RATE
            at = end + rng.uniform(0.03, 0.2)
        true.append((start, end))
        at = end + gap
    wav = room(*spoken, seconds=at, noise=noise, seed=seed)
    jitter = rng.uniform(-0.3, 0.3, (5, 2))
    cues = sorted((a + i, b + j) for (a, b), (i, j) in zip(true, jitter, strict=True))
    spans = cut(cues, io.find_speech(wav, RATE), 0.4, 0.1, at)
    for k, ((a, b), span) in enumerate(zip(true, spans, strict=True)):
        assert span is not None
        assert span[0] <= a + 0.001 and span[1] >= b - 0.001
        assert (
            span[0] >= a - 0.13 and span[1] <= b + 0.13
        )  # padding and the resolution of the levels
        assert k == 0 or span[0] > true[k - 1][1]
        assert k == 4 or span[1] < true[k + 1][0]


def speech_of(*sounds, seconds):
    return io.find_speech(room(*sounds, seconds=seconds), RATE)


def test_padding_stops_halfway_to_the_neighbour():
    speech = speech_of((1, burst(1)), (2.1, burst(1)), seconds=4)
    (_, end), (start, _) = cut([(1, 2), (2.1, 3.1)], speech, 0.4, 0.5, 4)
    assert end == pytest.approx(2.05, abs=0.01) == start


def test_speech_without_a_pause_is_cut_at_its_quietest_moment():
    dip = burst(2)
    dip[round(0.9 * RATE) : round(0.94 * RATE)] *= 0.01
    (_, end), (start, _) = cut([(1, 2), (2.05, 3)], speech_of((1, dip), seconds=4), 0.3, 0.1, 4)
    assert end == start == pytest.approx(1.92, abs=0.02)
    (first,) = cut(
        [(1, 1.7)], speech_of((1, dip), seconds=4), 0.3, 0.1, 4
    )  # the rest is nobody's cue
    assert first[1] == pytest.approx(1.92, abs=0.02)


def test_a_missed_syllable_is_fetched_and_a_foreign_one_left():
    speech = speech_of((1, burst(1)), (2.1, burst(0.15)), (3.1, burst(2)), seconds=6)
    assert cut([(1, 1.95)], speech, 0.4, 0.05, 6)[0] == pytest.approx((0.95, 2.3), abs=0.02)
    assert cut([(1, 3.2)], speech, 0.4, 0.05, 6)[0] == pytest.approx((0.95, 2.3), abs=0.02)


def test_the_same_cue_twice_is_cut_twice_and_silence_not_at_all():
    speech = speech_of((1, burst(1)), seconds=6)
    spans = cut([(1, 2), (1, 2), (4, 5)], speech, 0.4, 0.1, 6)
    assert spans[0] == spans[1] == pytest.approx((0.9, 2.1), abs=0.02) and spans[2] is None


# The whole


P = CorpusParams(
    sources=["quiz"], held_out_min_clips=2, max_tokens=60, min_bandwidth_hz=0
)  # tones are narrow
GOOD = 8


def write_recording(folder, name: str, cues, wav, rate: int = RATE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", wav, rate, subtype="PCM_16")
    blocks = (f"{n}\n{clock(a)} --> {clock(b)}\n{text}\n" for n, (a, b, text) in enumerate(cues, 1))
    (folder / f"{name}.srt").write_text("\n".join(blocks))


def good(count: int = GOOD, seed: int = 0, rate: int = RATE):
    """Bursts of a second, each at another pitch, and their cues."""
    cues = [
        (2 * k + 1.1, 2 * k + 1.9, f"A {k + 1}. kérdés {'abcdefghij'[seed]}") for k in range(count)
    ]
    sounds = [(2 * k + 1, burst(1, 200 + 20 * k + seed, rate=rate)) for k in range(count)]
    return cues, room(*sounds, seconds=2 * count + 1, rate=rate, seed=seed)


def home(tmp_path):
    return Paths.of(P, tmp_path), tmp_path / "outputs" / "demo" / "recordings" / "quiz"


def files(root) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_recordings_become_a_corpus(tmp_path):
    paths, folder = home(tmp_path)
    write_recording(folder, "Első műsor", *good(rate=44_100), rate=44_100)
    seen = []
    made = prepare(P, paths, encode, lambda *progress: seen.append(progress))
    assert seen == [(GOOD, GOOD, "quiz/Első műsor.wav")]
    assert list(made.clips["clip_id"]) == [f"quiz-Elso_musor-{k:04d}" for k in range(1, GOOD + 1)]
    assert (
        made.clips["text"][2] == "A harmadik kérdés a"
        and made.clips["written"][2] == "A 3. kérdés a"
    )
    assert made.clips["held_out"].sum() == 2 and set(made.clips["category"]) == {"short"}
    assert made.clips["seconds"].between(1.18, 1.24).all() and set(made.clips["speaker"]) == {
        "speaker"
    }
    for clip in made.clips.itertuples():
        wav, rate = made.audio(clip.clip_id)
        assert (
            rate == RATE
            and len(wav) / RATE == pytest.approx(clip.seconds, abs=1e-4)
            and io.sha256(wav) == clip.sha256
        )
        assert (
            np.abs(wav).max() < 0.9 and np.abs(wav[RATE // 20 : RATE // 10]).max() < 0.01
        )  # the padding is still silence

    before = files(paths.corpus)
    assert prepare(P, paths, encode).digest == made.digest
    assert files(paths.corpus) == before


def test_every_reason_reaches_the_ledger(tmp_path):
    paths, folder = home(tmp_path)
    cues, wav = good()
    twin = (21, burst(1, 700))
    loud = np.clip(burst(1, 300, level=3), -1, 1)
    odd = [
        (21, 22, "Kétszer."), (23, 35, "Hosszú."), (37, 37.2, "Rövid."), (39, 40, "☃ hó"), (41, 42, "a" * 61), (43, 44, "..."),
        (45, 46, "Recseg."), (47, 48, "Csend."), (49, 50, "Kétszer."), (60, 61, "Későn."), (51, 52, "Kétszer."),
    ]  # fmt: skip
    sounds = [
        twin,
        (23, burst(12)),
        (37, burst(0.2)),
        (39, burst(1)),
        (41, burst(1)),
        (43, burst(1)),
        (45, loud),
        (49, twin[1]),
    ]
    rest = room(*sounds, (51, burst(1, 900)), seconds=55, noise=1e-4)
    rest[: len(wav)] = wav
    write_recording(folder, "a", [*cues, *odd], np.clip(rest, -1, 1))
    (folder / "b.wav").write_bytes(b"RIFF, but not really")
    (folder / "b.srt").write_text("1\n00:01 --> 00:02\nSzia!\n\n2\n00:03 --> 00:04\nSzevasz!\n")
    made = prepare(P, paths, encode)
    assert len(made.ledger) == GOOD + len(odd) + 2 and made.ledger["candidate"].is_unique
    fates = dict(zip(made.ledger["candidate"], made.ledger["reason"], strict=True))
    first = GOOD + 1
    assert [fates[f"quiz-a-{first + k:04d}"] for k in range(len(odd))] == [
        "", "too long", "too short", "unknown token", "text over 200 tokens", "empty text", "clipped", "silent", "duplicate", "",
        "too short",
    ]  # fmt: skip
    assert fates["quiz-b-0001"] == fates["quiz-b-0002"] == "unreadable"
    kept = made.ledger[made.ledger["fate"] == "kept"]
    assert set(kept["clip_id"]) == set(made.clips["clip_id"]) and len(kept) == GOOD + 2
    details = dict(zip(made.ledger["reason"], made.ledger["detail"], strict=True))
    assert (
        details["unknown token"] == "☃"
        and details["duplicate"] == f"sounds like quiz-a-{first:04d}"
    )
    assert "b.wav" in details["unreadable"] and str(tmp_path) not in details["unreadable"]
    assert (
        made.summary["rejected"]["unreadable"] == 2 and sum(made.summary["rejected"].values()) == 11
    )


def test_what_is_held_out_stays_so(tmp_path):
    paths, folder = home(tmp_path)
    write_recording(folder, "m", *good(seed=1))
    chosen = prepare(P, paths, encode).held_out_clips
    write_recording(folder, "a", *good(seed=2))
    write_recording(folder, "z", *good(seed=3))
    for ending in ("wav", "srt"):
        (folder / f"m.{ending}").rename(folder / f"renamed.{ending}")
    after = prepare(P, paths, encode)
    assert len(after.clips) == 3 * GOOD
    assert list(after.held_out_clips["sha256"]) == list(chosen["sha256"])
    assert {path.stem for path in (paths.corpus / "clips").iterdir()} == set(
        after.clips["clip_id"]
    )  # none of m's is left

    before = files(paths.corpus)
    for ending in ("wav", "srt"):
        (folder / f"renamed.{ending}").unlink()
    with pytest.raises(
        VagoError, match="covers no clip of these recordings.*delete it to draw a new one"
    ):
        prepare(P, paths, encode)
    assert files(paths.corpus) == before  # what cannot be replaced is left as it was
    (paths.corpus / "held_out.json").unlink()
    assert len(prepare(P, paths, encode).held_out_clips) == 2


def test_a_crash_leaves_the_old_corpus_or_none(tmp_path, monkeypatch):
    paths, folder = home(tmp_path)
    write_recording(folder, "a", *good())
    made = prepare(P, paths, encode)
    write_recording(folder, "b", *good(seed=1))

    def crash(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(P, paths, encode, crash)
    assert corpus.Corpus.load(paths.corpus).digest == made.digest

    monkeypatch.setattr(corpus, "_csv", crash)
    with pytest.raises(TypeError):
        prepare(P, paths, encode)
    with pytest.raises(VagoError, match="no corpus"):
        corpus.Corpus.load(paths.corpus)
    monkeypatch.undo()
    assert len(prepare(P, paths, encode).clips) == 2 * GOOD


@pytest.mark.parametrize("layout", ["coqui", "ljspeech"])
def test_folders_of_clips(tmp_path, layout):
    paths, folder = home(tmp_path)
    wavs = folder / "wavs" if layout == "ljspeech" else folder
    wavs.mkdir(parents=True)
    for k in range(6):
        soundfile.write(
            wavs / f"c{k}.wav", room((0.5, burst(1, 200 + 50 * k)), seconds=2, seed=k), RATE
        )
    (wavs / "bad.wav").write_bytes(b"no sound")
    names = [*(f"c{k}" for k in range(6)), "bad", "gone"]
    rows = [f"{name}.wav|{name[0]} a szöveg {'abcdefgh'[k]}|Anna" for k, name in enumerate(names)]
    if layout == "ljspeech":
        rows = [row.replace(".wav", "").replace("Anna", "normalised") for row in rows]
    (folder / "metadata.csv").write_text(
        "\r\n".join((["audio_file|text|speaker_name"] if layout == "coqui" else []) + rows)
    )
    made = prepare(P, paths, encode)
    assert list(made.ledger["reason"]) == [""] * 6 + ["unreadable"] * 2
    assert set(made.clips["speaker"]) == {"Anna" if layout == "coqui" else "speaker"}
    assert list(made.clips["text"])[1] == "c a szöveg b" and made.clips["held_out"].sum() == 2
    assert made.clips["seconds"].between(1.18, 1.24).all()  # trimmed down to the padding
    (folder / "a.srt").write_text("1\n00:01 --> 00:02\nSzia!\n")
    with pytest.raises(VagoError, match="both metadata.csv and the transcript a.srt"):
        prepare(P, paths, encode)


def test_a_bad_metadata_line_is_named(tmp_path):
    (tmp_path / "metadata.csv").write_text("audio_file|text|speaker_name\na.wav|szia|x\nb.wav\n")
    with pytest.raises(VagoError, match="metadata.csv, line 3"):
        read_metadata(tmp_path / "metadata.csv")
    (tmp_path / "metadata.csv").write_text("audio_file|text|speaker_name\n")
    with pytest.raises(VagoError, match="lists no clips"):
        read_metadata(tmp_path / "metadata.csv")


def test_what_is_missing_is_said_in_one_sentence(tmp_path):
    shown = Paths.of(P, tmp_path).shown
    with pytest.raises(VagoError) as caught:
        find_sources(tmp_path / "recordings" / "vago", ["milliomos"], shown)
    assert str(caught.value) == (
        "no recordings of source 'milliomos': put them in recordings/vago/milliomos/ as WAV, FLAC, OGG, MP3 or M4A, "
        "with or without a transcript of the same name (.srt, .vtt or .csv with start,end,text), or clips with a metadata.csv"
    )
    folder = tmp_path / "quiz"
    folder.mkdir()
    with pytest.raises(VagoError, match="no recordings of source 'quiz'"):
        find_sources(tmp_path, ["quiz"])
    write_recording(folder, "a", *good(2))
    (folder / "._a.wav").write_bytes(b"a Mac was here")
    assert [len(source.recordings[0].cues) for source in find_sources(tmp_path, ["quiz"])] == [2]
    shutil.copy(folder / "a.wav", folder / "b.wav")
    assert [len(one.cues) for one in find_sources(tmp_path, ["quiz"])[0].recordings] == [2, 0], (
        "b.wav is to be transcribed"
    )
    (folder / "b.wav").rename(folder / "a.FLAC")
    with pytest.raises(VagoError, match=r"quiz/a.srt has more than one recording"):
        find_sources(tmp_path, ["quiz"], shown)
    (folder / "a.FLAC").unlink()
    (folder / "a.wav").unlink()
    with pytest.raises(VagoError, match=r"quiz/a.srt has no recording"):
        find_sources(tmp_path, ["quiz"], shown)


def test_nothing_kept(tmp_path):
    paths, folder = home(tmp_path)
    write_recording(folder, "a", [(1, 2, "Szia!"), (3, 4, "Szevasz!")], room(seconds=5))
    with pytest.raises(
        VagoError, match=r"none of the 2 cues in outputs/demo/recordings can be used \(silent 2\)"
    ):
        prepare(P, paths, encode)
    assert not (paths.corpus / "corpus.json").exists()


def test_what_was_decided_by_hand_holds(tmp_path):
    paths, folder = home(tmp_path)
    cues, wav = good()
    loud = np.clip(burst(1, 300, level=3), -1, 1)
    wav = np.concatenate([wav, room((0.5, loud), seconds=2)])
    write_recording(folder, "a", [*cues, (17.5, 18.5, "Recseg.")], np.clip(wav, -1, 1))
    first = prepare(P, paths, encode)
    rows = first.ledger.set_index("candidate")
    assert rows.loc["quiz-a-0009", "reason"] == "clipped"
    place = lambda k: tuple(rows.loc[f"quiz-a-{k:04d}", ["start", "end"]])  # noqa: E731
    corrections.write(paths.corrections, [
        corrections.Correction("quiz", "a.wav", *place(1), "reject", reason="köhög"),
        corrections.Correction("quiz", "a.wav", *place(2), "text", "A 22. kérdés"),
        corrections.Correction("quiz", "a.wav", *place(9), "restore"),
    ])  # fmt: skip
    made = prepare(P, paths, encode)
    rows = made.ledger.set_index("candidate")
    assert tuple(rows.loc["quiz-a-0001", ["fate", "reason", "detail"]]) == (
        "rejected",
        corrections.BY_HAND,
        "köhög",
    )
    clips = made.clips.set_index("clip_id")
    assert tuple(clips.loc["quiz-a-0002", ["text", "written"]]) == (
        "A huszonkettedik kérdés",
        "A 22. kérdés",
    )
    assert clips.loc["quiz-a-0009", "clipped"] > 0.1 and rows.loc["quiz-a-0009", "fate"] == "kept"
    paths.corrections.unlink()
    assert prepare(P, paths, encode).digest == first.digest


def test_every_second_of_a_recording_has_its_fate(tmp_path):
    paths, folder = home(tmp_path)
    cues, wav = good()
    write_recording(
        folder, "a", cues[:-1], wav
    )  # the last one is spoken and stands in no transcript
    made = prepare(P, paths, encode)
    seconds = made.timeline.groupby("fate")["seconds"].sum()
    assert made.timeline["seconds"].sum() == pytest.approx(len(wav) / RATE, abs=0.001)
    assert seconds["kept"] == pytest.approx(made.clips["seconds"].sum(), abs=0.001)
    assert seconds["unused"] == pytest.approx(1.0, abs=0.05) and set(seconds.index) == {
        "kept",
        "unused",
        "pause",
    }


def test_a_rate_unlike_the_others_is_refused(tmp_path):
    paths, folder = home(tmp_path)
    cues, wav = good(24)
    cues = [
        (*cue[:2], f"Ez a {'bdfgklmn'[k % 8]}a{'bkt'[k // 8]}a nem kérdés.")
        for k, cue in enumerate(cues)
    ]
    start, end, _ = cues[20]
    cues[20] = (start, end, "Ezt a hosszú mondatot senki sem mondja el ilyen gyorsan.")
    write_recording(folder, "a", cues, wav)
    made = prepare(P, paths, encode)
    assert made.ledger[made.ledger["reason"] != ""]["candidate"].tolist() == ["quiz-a-0021"]
    assert (
        made.ledger["reason"][20] == "odd rate"
        and len(list((paths.corpus / "clips").iterdir())) == 23
    )
