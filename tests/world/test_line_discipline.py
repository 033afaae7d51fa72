"""The line discipline of a container's terminal: what is typed, what is echoed, what the process reads."""

import pytest

from app.world.node.line_discipline import LINE_LIMIT, LineDiscipline


@pytest.mark.parametrize(
    ("keys", "lines", "echo"),
    [
        (b"ls\r", [b"ls\n"], b"ls\r\n"),
        (b"lx\x7fs\n", [b"ls\n"], b"lx\b \bs\r\n"),
        (b"\x7f\x7fa\r", [b"a\n"], b"a\r\n"),
        (b"one two\x17x\r", [b"one x\n"], b"one two\b \b\b \b\b \bx\r\n"),
        (b"abc\x15d\r", [b"d\n"], b"abc\b \b\b \b\b \bd\r\n"),
        ("あ\x7fb\r".encode(), [b"b\n"], "あ\b \bb\r\n".encode()),
        (b"\x04", [b""], b""),
        (b"a\x04", [b"a"], b"a"),
        (b"\x1b\r", [b"\x1b\n"], b"^[\r\n"),
        (b"a\tb\r", [b"a\tb\n"], b"a\tb\r\n"),
    ],
)
def test_keys_become_lines(keys, lines, echo):
    typed = LineDiscipline().type(keys)
    assert (typed.lines, typed.echo, typed.interrupted) == (lines, echo, False)


def test_ctrl_c_forgets_the_line():
    discipline = LineDiscipline()
    typed = discipline.type(b"rm -rf\x03")
    assert (typed.lines, typed.echo, typed.interrupted) == ([], b"rm -rf^C\r\n", True)
    assert discipline.type(b"ls\r").lines == [b"ls\n"]


def test_a_line_has_an_end():
    (line,) = LineDiscipline().type(b"x" * 10_000 + b"\r").lines
    assert len(line) == LINE_LIMIT + 1
