"""The scripts: they load, hold the lines they promise, and every line can be spoken."""

from __future__ import annotations

import re

import pytest

from helpers.projects import SCRIPTS
from vago import VagoError
from vago.recipes.demo.templates import QUIZ_CATEGORIES
from vago.synthesis.script import Script, read_script, with_names

SHOW = (
    "opening question easy correct wrong medium confirm lifeline audience million bigwin tension "
    "countdown outro closing"
).split()
LIMIT = 224  # characters XTTS takes at once in Hungarian


def test_quiz_show_has_its_fifteen_lines_in_order():
    assert [line.name for line in Script.load(SCRIPTS / "quiz_show.yaml").lines] == SHOW


def test_quiz_show_says_sums_and_has_lines_that_must_be_split():
    texts = [line.text for line in Script.load(SCRIPTS / "quiz_show.yaml").lines]
    for expected in ("40 000 000 Ft", "500 000 forint", "50:50"):
        assert any(expected in text for text in texts), expected
    assert 1 <= sum(len(text) > LIMIT for text in texts) <= 2


def test_extra_scenarios_and_categories():
    extra = Script.load(SCRIPTS / "quiz_extra.yaml").lines
    assert len(extra) == 20 and not {line.name for line in extra} & set(SHOW)
    categories = Script.load(SCRIPTS / "categories.yaml").lines
    assert [line.name for line in categories] == ["question", "long", "medium", "short"]
    assert categories[0].text.endswith("?")
    assert len(categories[1].text) > len(categories[2].text) > len(categories[3].text)


@pytest.mark.parametrize("name", ["quiz_show", "quiz_extra", "categories"])
def test_every_line_can_be_spoken(name):
    for line in Script.load(SCRIPTS / f"{name}.yaml").lines:
        assert re.fullmatch(r"[a-záéíóöőúüű0-9 .,:!?-]+", line.text.lower()), line.text
        assert line.text == " ".join(line.text.split()) and line.text[-1] in ".!?"

        sentences = re.split(r"(?<=[.!?]) ", line.text)
        assert max(map(len, sentences)) <= LIMIT
        assert 1 <= len(sentences) <= 4 + (len(line.text) > LIMIT)
        assert name == "categories" or line.category in QUIZ_CATEGORIES


def written(tmp_path, name: str, content: str):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def test_a_text_file_is_a_script(tmp_path):
    text = "\ufeff# the opening\nJó estét kívánok!\n\n  Kérdés: melyik?  \n#no\nJó estét kívánok!\n"
    script = Script.load(written(tmp_path, "my_evening.txt", text))
    assert script.title == "my evening"
    assert [(line.name, line.text) for line in script.lines] == [
        ("jo_estet_kivanok", "Jó estét kívánok!"),
        ("kerdes_melyik", "Kérdés: melyik?"),
        ("jo_estet_kivanok_2", "Jó estét kívánok!"),
    ]


PLAIN = "- Jó estét!\n- {text: Nyert 40 000 Ft-ot., category: question}\n- {name: a, text: A.}\n"


@pytest.mark.parametrize("content", [PLAIN, f"lines:\n{PLAIN}"])
def test_lines_may_be_plain_texts_without_title_and_names(tmp_path, content):
    script = Script.load(written(tmp_path, "s.yaml", content))
    assert [line.name for line in script.lines] == ["jo_estet", "nyert_40_000_ft_ot", "a"]
    assert (script.title, script.lines[1].category) == ("s", "question")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Legmegszentségteleníthetetlenebb!", "legmegszentsegtelenithet"),
        ("A legmegbízhatatlanabb vetélkedő", "a_legmegbizhatatlanabb"),
        ("Привет", "line"),
        ("a", "a_2"),
    ],
)
def test_a_line_is_named_after_its_first_words(text, name):
    assert with_names([text, {"name": "a", "text": "Más."}])[0]["name"] == name


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("s.yaml", "lines:\n- {name: a, text: E.}\n- {name: a, text: K.}\n", "1: .* twice: a"),
        ("s.yaml", "lines:\n- Egy.\n- 42\n", "line 3: 42 is no text: put it in quotes"),
        ("s.yaml", "- Egy.\n- Kérdés: mi?\n", "line 2: 'Kérdés' is not one of .* quotes"),
        ("s.yaml", "lines:\n- Egy.\ntitel: x\n", "line 3: 'titel' is not one of title and lines"),
        ("s.yaml", "lines:\n- name: a\n", "line 2: text is missing"),
        ("s.yaml", "lines:\n- name: Á\n  text: Egy.\n", "line 2: name = 'Á' is not valid"),
        ("s.yaml", "lines:\n- 'Egy.\n", "s.yaml, line 3 is not valid YAML"),
        ("s.yaml", "title: t\n", "no line to speak"),
        ("s.yaml", "", "no line to speak"),
        ("s.yaml", "just a text", "no line to speak"),
        ("s.txt", "# Egy.\n\n", "no line to speak: write one sentence a line"),
        ("s.txt", "Egy.\n\n***\n", "s.txt, line 3: nothing is left to be spoken of '[*]{3}'"),
        ("s.txt", "Egy.\n...\n", "s.txt, line 2: nothing is left to be spoken of '...'"),
        ("s.txt", "Egy.\n-\n", "s.txt, line 2: nothing is left to be spoken of '-'"),
        ("s.txt", "Gratulálok! 🎉🎉\n", r"s.txt, line 1: .* cannot read \(🎉\)"),
        ("s.yaml", "lines:\n- Egy.\n- Привет, мир\n", r"s.yaml, line 3: .* cannot read \(Привет"),
        ("s.yaml", "lines:\n- 你好世界\n", r"s.yaml, line 2: .* cannot read \(你好世界\)"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path, file, content, said):
    with pytest.raises(VagoError, match=said) as error:
        Script.load(written(tmp_path, file, content))
    assert "\n" not in str(error.value) and file in str(error.value)


def test_files_that_are_no_text_are_named(tmp_path):
    (tmp_path / "s.txt").write_bytes("Jó estét!".encode("latin2"))
    with pytest.raises(VagoError, match="s.txt is not a text in UTF-8"):
        Script.load(tmp_path / "s.txt")

    with pytest.raises(VagoError, match="opera.yaml does not exist: there are s; a .txt file"):
        Script.load(tmp_path / "opera.yaml")


def test_a_scripts_file_is_found_by_its_name(project):
    folder = project.script("x").parent
    folder.mkdir(parents=True)
    assert project.script("x") == folder / "x.yaml"

    (folder / "x.txt").write_text("Jó estét!\n", encoding="utf-8")
    assert project.script("x") == folder / "x.txt"
    assert read_script("x", project).lines[0].text == "Jó estét!"

    (folder / "x.yaml").write_text("- Jó estét!\n", encoding="utf-8")
    with pytest.raises(VagoError, match="params/scripts/x.yaml and x.txt are two scripts"):
        read_script("x", project)
