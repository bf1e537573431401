"""`vago text`: arguments, standard input line by line, and what changed."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from vago import VagoError
from vago.text import command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def feed(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_arguments_are_texts(capsys):
    command.text(["A fődíj 5 Ft!", "IV. Béla"])
    assert capsys.readouterr().out == "A fődíj öt forint!\nnegyedik Béla\n"


def test_what_has_no_reading_is_named(capsys):
    command.text(["Gratulálok! 🎉🎉", "Jó."])
    said = capsys.readouterr()
    assert said.out.splitlines()[1] == "Jó."
    assert said.err == "no reading for 🎉 in 'Gratulálok! 🎉🎉'\n"


def test_standard_input_line_by_line(monkeypatch, capsys):
    feed(monkeypatch, "\ufeffA 3. kérdés\r\n\n5 Ft".encode())
    command.text([])
    assert capsys.readouterr().out == "A harmadik kérdés\n\nöt forint\n"


def test_a_line_is_answered_before_the_next_is_read(monkeypatch):
    """So that it can sit in a pipe that stays open."""
    answers = io.StringIO()

    class Patient:
        @property
        def buffer(self):
            yield b"1 alma\n"
            assert answers.getvalue() == "egy alma\n"
            yield b"2 alma\n"

    monkeypatch.setattr(sys, "stdin", Patient())
    command.text([], stream=answers)
    assert answers.getvalue() == "egy alma\nkét alma\n"


def test_text_that_is_not_utf8_is_named_with_its_line(monkeypatch):
    feed(monkeypatch, "jó\n".encode() + "két óra\n".encode("iso-8859-2"))
    message = r"line 2 of standard input is not UTF-8 \(byte 0xe9\).*iconv"
    with pytest.raises(VagoError, match=message):
        command.text([], stream=io.StringIO())


def test_diff_marks_what_changed(capsys):
    command.text(["A díj 40 000 Ft volt.", "Semmi új."], diff=True)
    assert capsys.readouterr().out == "A díj [-40 000 Ft-]{+negyvenezer forint+} volt.\nSemmi új.\n"


def test_diff_is_coloured_on_a_terminal_without_no_color(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    command.text(["A 3. kérdés"], diff=True, stream=screen)
    assert screen.getvalue() == "A \033[31;9m3.\033[0m\033[32mharmadik\033[0m kérdés\n"
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    command.text(["A 3. kérdés"], diff=True, stream=plain)
    assert "\033" not in plain.getvalue()


def test_diff_shows_what_is_not_read():
    assert command.diff_line([("a", "a"), ("™", ""), ("b", "b")], coloured=False) == "a [-™-] b"


def test_a_closed_pipe_is_no_error():
    """`vago text < book.txt | head -1` ends quietly."""
    code = "from vago.text.command import text; text([])"
    reading = f'{sys.executable} -c "{code}"'
    pipe = f'yes "1 alma" | head -c 400000 | {reading} | head -1; echo ${{PIPESTATUS[2]}}'
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, timeout=60)
    assert done.stdout == "egy alma\n0\n" and done.stderr == ""
