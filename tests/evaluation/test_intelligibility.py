"""What `vago listen` reports: with stand-in ears, so that what they hear is known, and a real model that speaks."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from helpers.projects import SCRIPTS, drawn_lines
from vago import VagoError
from vago.audio import io
from vago.audio.speakers import SpeakerEar
from vago.corpus.corpus import Corpus
from vago.evaluation import intelligibility
from vago.evaluation.intelligibility import Report, Spoken, Standard
from vago.model import checkpoint, phases, xtts
from vago.recipes.demo import recordings, words
from vago.synthesis.params import Script
from vago.text import normalize

UNHEARD = [line.text for line in Script.load(SCRIPTS / "unheard.yaml").lines]


class StandInEar:
    """Hears what it is told to, in turn, and counts how often it was asked."""

    def __init__(self, *heard: str, name: str = "stand-in"):
        self.heard, self.name, self.asked = heard or ("valami",), name, 0

    def hear(self, wav: np.ndarray, rate: int) -> str:
        self.asked += 1
        return self.heard[(self.asked - 1) % len(self.heard)]


class Bands(SpeakerEar):
    """Takes a voice for the shape of its spectrum."""

    def __init__(self):
        super().__init__(None, None, "bands")

    def embed(self, wav: np.ndarray, rate: int) -> np.ndarray:
        power = np.abs(np.fft.rfft(io.resample(wav, rate, 16_000), n=1 << 17)) ** 2
        bands = np.sqrt([part.sum() for part in np.array_split(power, 256)])
        return (bands / np.linalg.norm(bands)).astype(np.float32)


def words_of(line: str) -> list[str]:
    return re.findall(r"\w+", normalize.normalise(line).lower())


def runs(line: str, length: int = 5) -> set[tuple[str, ...]]:
    spoken = words_of(line)
    return {tuple(spoken[k : k + length]) for k in range(len(spoken) - length + 1)}


@pytest.fixture(scope="module")
def demo_sentences() -> list[str]:
    """Every sentence the demo's templates can give, options in one order, and some of its whole clips."""
    questions, options = zip(*(line.split("|", 1) for line in words.TRIVIA))
    own = {"question": questions, "options": [answers.replace("|", ", ") for answers in options]}
    own |= dict.fromkeys(("sum", "next"), words.LADDER + words.LADDER_IN_WORDS)
    own |= dict.fromkeys(("digits", "next_digits"), words.LADDER)
    pools = [*words.QUIZ_POOLS.values(), *words.TOPICS.values()]
    pools += [words.REFLECTIONS, words.QUESTIONS, words.PANGRAMS]
    found = []
    for template in itertools.chain(*pools):
        slots = re.findall(r"\{(\w+)\}", template)
        for chosen in itertools.product(*(own.get(slot) or words.WORDS[slot] for slot in slots)):
            found.append(template.format(**dict(zip(slots, chosen))))
    return found


def test_the_templates_are_taken_apart_completely(demo_sentences):
    """What the demo draws is among the sentences above, but for the order of options."""
    known = {sentence.lower() for sentence in demo_sentences}
    drawn = [
        line for seed in (1, 2) for line in drawn_lines(seed, 150) if not line.startswith("A: ")
    ]
    assert len(drawn) > 1500 and {line.lower() for line in drawn} <= known


def test_no_line_and_no_five_words_of_it_are_in_the_demos_texts(demo_sentences):
    others = [path for path in SCRIPTS.glob("*.yaml") if path.stem != "unheard"]
    texts = demo_sentences + [line.text for path in others for line in Script.load(path).lines]
    assert len(others) >= 3 and len(texts) > 2500
    assert not {" ".join(words_of(line)) for line in UNHEARD} & {
        " ".join(words_of(line)) for line in texts
    }
    shared = set().union(*map(runs, UNHEARD)) & set().union(*map(runs, texts))
    assert not shared


def test_thirty_varied_lines_that_can_be_spoken():
    assert len(UNHEARD) == len(set(UNHEARD)) == 30
    for line in UNHEARD:
        assert (
            re.fullmatch(r"[a-záéíóöőúüű0-9 .,:!?-]{25,90}", line.lower()) and line[-1] in ".!?"
        ), line
    assert sum(any(c.isdigit() for c in line) for line in UNHEARD) >= 4
    assert (
        sum(line.endswith("?") for line in UNHEARD) >= 5
        and sum(line.endswith("!") for line in UNHEARD) >= 4
    )
    assert not set("abdefghijklmnoprstuvzáéíóöőúüű") - set("".join(UNHEARD).lower())


def test_the_ceiling_speaks_as_the_demos_quiz_show_does(monkeypatch):
    class Seen(Exception):
        pass

    def voice(variant: str, **manner):
        raise Seen(variant, manner)

    monkeypatch.setattr(recordings, "Voice", voice)
    with pytest.raises(Seen) as seen:
        next(recordings.quiz_episodes(1, set()))
    assert seen.value.args == (recordings.VARIANT, recordings.QUIZ_MANNER)


def test_an_interval_holds_the_mean_and_narrows_with_more_lines():
    values = np.random.default_rng(1).normal(0.4, 0.1, size=200)
    few, many = intelligibility.interval(list(values[:20])), intelligibility.interval(list(values))
    assert (
        many["value"] == pytest.approx(values.mean()) and many["low"] < many["value"] < many["high"]
    )
    # percentile bootstrap of a mean: about 1.96 standard errors to each side
    assert many["high"] - many["low"] == pytest.approx(
        2 * 1.96 * values.std() / np.sqrt(200), rel=0.1
    )
    assert few["high"] - few["low"] > 1.5 * (many["high"] - many["low"])
    assert (
        intelligibility.interval([0.5])
        == intelligibility.interval([0.5, 0.5, 0.5])
        == {"value": 0.5, "low": 0.5, "high": 0.5}
    )


def tone(hertz: float, seconds: float, rate: int = 24_000) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def test_a_row_of_four_lines(tmp_path):
    ears = Bands()
    others = {"deep": ears.embed(tone(150, 1), 24_000), "high": ears.embed(tone(2000, 1), 24_000)}
    standard = Standard(ears.embed(tone(500, 1), 24_000), others, (0.05, 0.10))
    said = "Tíz betű ez"  # 11 characters: 0.55 to 1.1 s are nothing odd
    spoken = [
        Spoken("fine", said, tone(2000, 1.0), 24_000, took=2.0),
        Spoken("fast", said, tone(2000, 0.5), 24_000, took=1.0),
        Spoken("slow", said, tone(2000, 1.2), 24_000, took=1.0),
        Spoken("stopped", said, tone(2000, 1.0), 24_000, took=2.0, ended=False),
    ]
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "01_gone.wav").touch()
    ear, told = StandInEar("tíz betű ez!", "tíz betű", "", "tíz betű ez"), []
    row = intelligibility.hear_row(
        spoken, standard, ear, ears, tmp_path / "base", -20.0, told.append
    )
    assert [line["odd"] for line in row["lines"]] == ["", "short", "long", "cut"] and row[
        "odd_lengths"
    ] == 3
    assert [line["cer"] for line in row["lines"]] == pytest.approx([0, 3 / 11, 1, 0])
    assert row["cer"]["value"] == pytest.approx((3 / 11 + 1) / 4)
    assert [line["heard"] for line in row["lines"]] == [
        "tíz betű ez!",
        "tíz betű",
        "",
        "tíz betű ez",
    ]
    assert row["seconds"] == pytest.approx(3.7) and row["real_time_factor"] == pytest.approx(
        6 / 3.7
    )
    assert (
        row["nearest_other"]["voice"] == "high"
        and row["nearest_other"]["similarity"] > 0.9 > row["similarity"]["value"]
    )
    assert sorted(path.name for path in (tmp_path / "base").iterdir()) == [
        "01_fine.wav", "02_fast.wav", "03_slow.wav", "04_stopped.wav",
    ]  # fmt: skip
    wav, rate = io.load(tmp_path / row["lines"][0]["file"])
    assert len(wav) / rate == pytest.approx(1.0)


def test_a_report_is_a_table_and_comes_back(tmp_path):
    line = {"line": "one", "text": "Jó.", "heard": "jó", "cer": 0.0}
    value = {"value": 0.3275, "low": 0.2, "high": 0.454}
    row = {
        "row": "base",
        "title": "base",
        "cer": value,
        "similarity": {"value": 0.91, "low": 0.9, "high": 0.92},
    }
    row |= {
        "nearest_other": {"voice": "f2", "similarity": 0.7},
        "odd_lengths": 1,
        "seconds": 119.6,
        "real_time_factor": 0.512,
    }
    target = {
        **row,
        "row": "target",
        "title": "target (held-out recordings)",
        "real_time_factor": None,
    }
    report = Report(
        "demo",
        "an ear",
        "another",
        [{**target, "lines": [line] * 30}, {**row, "lines": [line] * 30}],
    )
    report.save(tmp_path)
    assert Report.load(tmp_path) == report
    header, rule, first, second = report.markdown().splitlines()
    assert header.count("|") == rule.count("|") == first.count("|") == second.count("|") == 8
    assert (
        second
        == "| base | 0.33 [0.20, 0.45] | 0.91 [0.90, 0.92] | 0.70 (f2) | 1 of 30 | 120 s | 0.51 |"
    )
    assert first.startswith("| target (held-out recordings) |") and first.endswith("| 120 s |  |")
    assert len((tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines()) == 61
    with pytest.raises(VagoError, match="run `vago listen` first"):
        Report.load(tmp_path / "nowhere")


@pytest.fixture
def listened(project, monkeypatch):
    """The small project with settings, three lines to say, and two other voices; and `listen` on it."""
    (project.root / "params" / "mini").mkdir(parents=True)
    (project.root / "params" / "mini" / "01_prepare_dataset.yaml").write_text(
        "profile: mini\ndemo_voice: true\n"
    )
    (project.root / "params" / "mini" / "06_generate_samples.yaml").write_text(
        "profile: mini\nprompt_seconds: 2\nmax_seconds_per_char: 0.05\n"
    )
    project.script("unheard").parent.mkdir(parents=True)
    three = "".join(
        f"- {{name: l{k}, text: '{line}'}}\n"
        for k, line in enumerate(("Jó estét!", "Kérek 10 almát.", "Miért ne?"))
    )
    project.script("unheard").write_text(f"title: three\nlines:\n{three}", encoding="utf-8")
    monkeypatch.setattr(intelligibility, "OTHERS", ["f2", "m1"])

    def call(ear=None, **options):
        told, ears = [], {"ear": ear or StandInEar(), "speaker_ear": Bands()}
        return intelligibility.listen(
            "mini", project.root, on_progress=told.append, **ears, **options
        ), told

    return call


def finish(project, name: str, shift: float = 0.0) -> None:
    """Leave a finished phase: the base's GPT, a little shifted."""
    gpt = {
        k: t + shift if t.is_floating_point() else t
        for k, t in xtts.open_base(project.base).gpt.state_dict().items()
    }
    project.phase(name).mkdir(parents=True, exist_ok=True)
    checkpoint.save(project.phase(name) / phases.BEST, gpt, {})
    (project.phase(name) / phases.RECORD).write_text('{"complete": true}')


def test_rows_are_heard_once_and_again_only_when_something_changed(project, listened):
    folder = project.home / "listening"
    with pytest.raises(VagoError, match="phase combined has no finished result"):
        listened(phases=["combined"])
    first, second = StandInEar("jó estét", "kérek tíz almát", "miért"), StandInEar()
    report, told = listened(first)
    assert [row["row"] for row in report.rows] == ["target", "base"] and first.asked == 6
    target, spoken = report.rows
    assert target["title"] == "target (espeak-ng m3)" and "weights_sha256" in spoken
    assert [line["cer"] for line in target["lines"]] == pytest.approx([0, 0, 3 / 8]), (
        "10 was read out before it was compared"
    )
    assert (
        spoken["weights_sha256"] == xtts.fingerprint(project.base)
        and spoken["real_time_factor"] > 0
    )
    assert told[0] == "target: speaking and listening" and told[-1].startswith(
        "base: character error rate"
    )
    for row in report.rows:
        assert all(np.abs(io.load(folder / line["file"])[0]).max() > 0.01 for line in row["lines"])
    assert (
        Report.load(folder) == report
        and json.loads((folder / "base" / "row.json").read_text())["key"] == spoken["key"]
    )

    again, told = listened(second)
    assert (
        second.asked == 0 and again == report and not [line for line in told if "speaking" in line]
    )

    finish(project, "baseline")
    with_phase, _ = listened(second)
    assert second.asked == 3 and [row["row"] for row in with_phase.rows] == [
        "target",
        "base",
        "baseline",
    ]
    same = zip(with_phase.rows[1]["lines"], with_phase.rows[2]["lines"], strict=True)
    assert all(a["seconds"] == b["seconds"] for a, b in same), "the same weights say the same"

    finish(project, "baseline", shift=0.01)  # trained again
    (folder / "base" / "02_l1.wav").unlink()
    assert listened(third := StandInEar())[0].rows[0] == report.rows[0] and third.asked == 6
    assert (
        listened(fourth := StandInEar(name="another"), phases=[])[0].ear == "another"
        and fourth.asked == 6
    )


def test_a_real_voice_is_measured_on_its_own_recordings(project, listened):
    (project.root / "params" / "mini" / "01_prepare_dataset.yaml").write_text("profile: mini\n")
    report, _ = listened(phases=[])
    held_out = Corpus.load(project.corpus).held_out_clips
    target = report.rows[0]
    assert target["title"] == "target (held-out recordings)" and target["real_time_factor"] is None
    assert [line["text"] for line in target["lines"]] == list(held_out.text)
    assert target["seconds"] == pytest.approx(held_out.seconds.sum(), abs=0.05)


def test_an_unknown_profile_and_an_unprepared_one_are_said(project, listened):
    with pytest.raises(VagoError, match="no profile 'nobody'"):
        intelligibility.listen("nobody", project.root)
    (project.corpus / "corpus.json").unlink()
    with pytest.raises(VagoError, match="run 01_prepare_dataset first"):
        listened()


def test_the_bounds_are_the_recordings_own(session_project, monkeypatch):
    monkeypatch.setattr(intelligibility, "OTHERS", ["f2"])
    corpus = Corpus.load(session_project.corpus)
    low, high = intelligibility.standard_of(corpus, Bands()).bounds
    pace = corpus.clips.seconds / corpus.clips.text.str.len()
    assert pace.min() < low < pace.median() < high < pace.max()
    assert 0 < (~pace.between(low, high)).sum() <= 2, (
        "all but the extremes of its own 24 clips are within them"
    )


def test_the_target_is_nearer_to_its_recordings_than_to_other_voices(session_project, monkeypatch):
    pytest.importorskip("resemblyzer", reason="not installed: resemblyzer")
    monkeypatch.setattr(intelligibility, "OTHERS", ["f2", "m4", "Mario"])
    speaker_ear = SpeakerEar.open()
    standard = intelligibility.standard_of(Corpus.load(session_project.corpus), speaker_ear)
    lines = itertools.islice(intelligibility.demo_lines(Script.load(SCRIPTS / "unheard.yaml")), 3)
    heard = np.mean([speaker_ear.embed(line.wav, line.rate) for line in lines], axis=0)
    near = {variant: float(heard @ voice) for variant, voice in standard.others.items()}
    assert (
        set(near) == {"f2", "m4", "Mario"} and heard @ standard.target > max(near.values()) > 0
    ), near


def test_no_other_voice_is_the_target():
    assert len(set(intelligibility.OTHERS)) == 20 and not {recordings.VARIANT, "Mike"} & set(
        intelligibility.OTHERS
    )
