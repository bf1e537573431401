"""`vago new`: what is written, what is asked, what is refused; nothing is written for bad input."""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.projects import FIXTURES, ROOT
from vago import VagoError
from vago.cli import main
from vago.model.xtts import FILES
from vago.paths import Paths
from vago.workbook import profile_files
from vago.workbook.new_profile import check_name, names_in, unquoted
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.plans import make_plans


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A project with the profiles that come with vago; recordings lie in its folder `mine`."""
    root = tmp_path / "project"
    shutil.copytree(FIXTURES / "notebooks", root / "notebooks")
    shutil.copytree(ROOT / "params", root / "params")
    for name in ("show/a.wav", "show/a.srt", "talk/b.M4A", "talk/c.wav", ".hidden/d.wav"):
        file = root / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1\n00:00:00,000 --> 00:00:02,000\nJó estét!\n" if ".srt" in name else "")

    monkeypatch.setenv("VAGO_HOME", str(root))
    monkeypatch.chdir(root)
    monkeypatch.setattr("vago.audio.asr_model.check_model", lambda model: None)
    return root


@pytest.fixture
def typed(monkeypatch):
    """`typed(*lines)` lets a person at a terminal answer with these lines."""

    def answer(*lines: str) -> None:
        terminal = io.StringIO("".join(f"{line}\n" for line in lines))
        terminal.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", terminal)

    return answer


def settings(root: Path, name: str = "myvoice"):
    """The checked settings of each notebook."""
    plans = make_plans(name, list(NOTEBOOKS), {}, root)
    return {stem: plan.p for stem, plan in plans.items()}


def refused(capsys, *arguments: str) -> str:
    """The one sentence with which `vago new myvoice` ends, having written nothing."""
    assert main(["new", "myvoice", "--yes", *arguments]) == 1
    assert not Path("params/myvoice").exists()
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("vago: ") and err.count("\n") == 1
    return err.removeprefix("vago: ").strip()


# --- what is written ---


def test_only_what_differs_is_written_with_what_it_means(home, capsys):
    assert main("new myvoice --recordings mine --speaker Éva --yes".split()) == 0

    assert Path("params/myvoice/profile.yaml").read_text() == (
        "# Settings of all notebooks of the profile myvoice; `vago params myvoice` shows more\n"
        "extends: vago                             "
        "# what is not set here; its settings suit XTTS-v2\n"
        "recordings_dir: mine                      # holds one folder for each source\n"
        "sources: [show, talk]                     "
        "# names of these folders; a new source is a new name here\n"
        "speaker: Éva                              # name of the voice\n"
    )
    assert yaml.safe_load(Path("params/myvoice/02_train_baseline.yaml").read_text()) == {
        "sources": ["show"]
    }

    p = settings(home)
    assert p["01_prepare_dataset"].sources == ["show", "talk"]
    assert p["02_train_baseline"].sources == ["show"]
    assert p["03_train_combined"].sources == p["04_train_ultrafine"].sources == ["show", "talk"]
    assert p["06_generate_samples"].base_dir == "models/xtts_v2"

    said = capsys.readouterr().out
    assert "Still missing:\n  - the base model in" in said
    assert "vago run myvoice" in said and "vago lab myvoice" in said


def test_the_bundled_base_comes_with_the_settings_that_suit_it(home, capsys):
    assert main("new myvoice --recordings mine --base vago --yes".split()) == 0
    p = settings(home)
    first = p["01_prepare_dataset"]
    assert first.uses_bundled_base and not first.demo_voice and first.speaker == "myvoice"
    assert p["02_train_baseline"].learning_rate == 3e-4
    assert "missing" not in capsys.readouterr().out


def test_a_folder_with_recordings_in_it_is_one_source(home, capsys):
    assert main(["new", "myvoice", "--recordings", str(home / "mine/show"), "--yes"]) == 0
    p = settings(home)
    first = p["01_prepare_dataset"]
    assert first.sources == ["show"] and first.recordings_dir == "mine"
    assert {p[stem].sources[0] for stem in list(NOTEBOOKS)[1:4]} == {"show"}
    assert not Path("params/myvoice/02_train_baseline.yaml").exists()
    said = capsys.readouterr().out
    assert "With one source all three phases train on the same clips" in said
    assert "`phases: [baseline]` in params/myvoice/profile.yaml leaves the other two out" in said


def test_names_with_blanks_and_accents_and_a_folder_elsewhere(home, tmp_path):
    for name in ("esti beszélgetés", "2024, [a]: b # c"):
        (tmp_path / "fel vétel" / name).mkdir(parents=True)
        (tmp_path / "fel vétel" / name / "ő.flac").touch()

    speaker = "Kovács: \"Éva\" # 'x'"
    given = ["--recordings", str(tmp_path / "fel vétel"), "--speaker", speaker]
    assert main(["new", "myvoice", "--yes", *given]) == 0
    p = settings(home)["01_prepare_dataset"]
    assert p.sources == ["2024, [a]: b # c", "esti beszélgetés"]
    assert (p.recordings_dir, p.speaker) == (str(tmp_path / "fel vétel"), speaker)
    assert Paths.of(p, home).recordings(p.recordings_dir) == tmp_path / "fel vétel"


def test_sources_are_taken_in_the_given_order(home):
    assert main("new myvoice --recordings mine --sources talk,show --yes".split()) == 0
    p = settings(home)
    assert p["01_prepare_dataset"].sources == ["talk", "show"]
    assert p["02_train_baseline"].sources == ["talk"]


def test_a_later_source_is_one_name_in_one_line(home):
    assert main("new myvoice --recordings mine --sources show --yes".split()) == 0
    file = Path("params/myvoice/profile.yaml")
    file.write_text(file.read_text().replace("[show]", "[show, talk]"))
    p = settings(home)
    for stem in list(NOTEBOOKS)[:4]:
        assert p[stem].sources == ["show", "talk"], stem


def test_recordings_may_come_later(home, capsys):
    assert main("new myvoice --base vago --yes".split()) == 0
    p = settings(home)["01_prepare_dataset"]
    assert (p.recordings_dir, p.sources) == ("recordings", ["myvoice"])
    assert "put them in recordings/myvoice/ as WAV" in capsys.readouterr().out


def test_a_base_of_ones_own(home, capsys):
    (home / "other").mkdir()
    assert "is incomplete" in refused(capsys, "--recordings", "mine", "--base", "other")

    for name in FILES:
        (home / "other" / name).touch()
    assert main("new myvoice --recordings mine --base other --yes".split()) == 0
    assert {p.base_dir for p in settings(home).values()} == {"other"}


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--recordings", "gone"], "gone does not exist: name the folder with the recordings"),
        (["--recordings", "mine/show/a.wav"], "a.wav is a file, not a folder"),
        (["--recordings", "params/demo"], "(it has 01_prepare_dataset.yaml, 02_train_baseline"),
        (
            ["--recordings", "mine", "--sources", "shwo"],
            "did you mean 'show'? there are show, talk",
        ),
        (["--recordings", "mine", "--sources", "show,show"], "source 'show' is named twice"),
        (["--recordings", "mine", "--sources", ","], "--sources names none"),
        (["--recordings", "mine", "--base", "gone"], "there is no base 'gone': name xtts, vago or"),
        (["--recordings", "mine", "--speaker", " "], "' ' is no name of a speaker"),
    ],
)
def test_bad_answers_are_refused_with_one_sentence(home, capsys, arguments, expected):
    assert expected in refused(capsys, *arguments)


def test_recordings_beside_folders_of_recordings(home, capsys):
    (home / "mine/loose.wav").touch()
    message = refused(capsys, "--recordings", "mine")
    assert "holds recordings itself and in its folders (show, talk)" in message
    assert main("new myvoice --recordings mine --sources show --yes".split()) == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("demo", "params/demo/ is there already: change it there, or see `vago params demo`"),
        ("VAGO", "params/vago/ is there already"),
        ("Scripts", "'scripts' is a name of vago's own"),
        ("../mine", "a profile cannot be called '../mine': take letters from a to z"),
        ("a/b", "cannot be called"),
        ("évám", "cannot be called"),
        ("", "cannot be called"),
        ("_x", "a letter or digit first"),
        ("x" * 65, "at most 64 characters"),
    ],
)
def test_names_that_cannot_be_used(home, capsys, name, expected):
    before = sorted(path.name for path in Path("params").iterdir())
    assert main(["new", name, "--recordings", "mine", "--yes"]) == 1
    assert expected in capsys.readouterr().err
    assert sorted(path.name for path in Path("params").iterdir()) == before


@given(st.text(max_size=70) | st.from_regex(r"[A-Za-z0-9_./\\-]{0,8}\n?", fullmatch=True))
def test_a_name_that_is_accepted_is_one_plain_new_folder(name):
    try:
        check_name(name, ROOT)
    except VagoError as error:
        assert "\n" not in str(error)
        return
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name)
    assert name.lower() not in {path.name.lower() for path in (ROOT / "params").iterdir()}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXT | st.lists(TEXT, max_size=3) | st.booleans())
@example("\n")
@example(["a\x85b", "\u2028", "#"])
def test_every_value_is_read_back_from_its_line(value):
    line = profile_files._line("speaker", value, "name of the voice")
    assert yaml.safe_load(line) == {"speaker": value}
    assert line.endswith("  # name of the voice") and len(line.splitlines()) == 1


# --- what is asked ---


def test_a_person_is_asked_for_what_no_option_says(home, typed, capsys):
    typed("gone", "'mine'", "talk, shwo", "talk, show", "vago", "", "yes")
    assert main(["new", "myvoice"]) == 0

    said = capsys.readouterr().out
    assert f"folder with the recordings [{home}/recordings/myvoice]: " in said
    assert "gone does not exist" in said and "did you mean 'show'?" in said
    assert "params/myvoice/profile.yaml:\n\n# Settings" in said
    first = settings(home)["01_prepare_dataset"]
    assert first.sources == ["talk", "show"] and first.uses_bundled_base
    assert first.speaker == "myvoice"


def test_options_are_not_asked_for(home, typed, capsys):
    typed("")
    options = "--recordings mine --sources show --base vago --speaker Éva".split()
    assert main(["new", "myvoice", *options]) == 0
    assert capsys.readouterr().out.count("]: ") == 0


@pytest.mark.parametrize("last", [["no"], []])
def test_without_a_yes_nothing_is_written(home, typed, capsys, last):
    typed("mine", "", "", "", *last)
    assert main(["new", "myvoice"]) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert not Path("params/myvoice").exists()


def test_a_settings_file_that_cannot_be_read_leaves_nothing(home, capsys):
    Path("params/vago/05_evaluate.yaml").write_text("temprature: 1\n")
    assert "did you mean 'temperature'?" in refused(capsys, "--recordings", "mine")


def test_what_is_typed():
    assert names_in(" a, b c ,,") == ["a", "b c"]
    assert unquoted("  '/a b' ") == "/a b" and unquoted('"') == '"'
