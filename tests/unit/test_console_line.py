"""A typed line, taken apart: POSIX quoting as shlex has it, pipes, files, here-documents, and what needs a shell."""

import shlex
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.console.command_line import LINES, Line, LineRefused, parse
from tests.examples import examples


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("kubectl get pods", [["kubectl", "get", "pods"]]),
        ("  kubectl\tget   pods  # all of them", [["kubectl", "get", "pods"]]),
        ("kubectl get sa a#b", [["kubectl", "get", "sa", "a#b"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("a b'c'\"d\"e", [["a", "bcde"]]),
        ("a '\\n\"$X`'", [["a", '\\n"$X`']]),
        ('a "\\$X \\" \\\\ \\n"', [["a", '$X " \\ \\n']]),
        ("a -o jsonpath={.items[*].metadata.name}", [["a", "-o", "jsonpath={.items[*].metadata.name}"]]),
        ("a 5$ cost$", [["a", "5$", "cost$"]]),
        ("aws iam create-role \\\n  --role-name x", [["aws", "iam", "create-role", "--role-name", "x"]]),
        ("a | b|c", [["a"], ["b"], ["c"]]),
        ("a '|' \"&&\" \\;", [["a", "|", "&&", ";"]]),
        ("a 'one\ntwo'", [["a", "one\ntwo"]]),
        ("a\r\n", [["a"]]),
    ],
)
def test_words_and_pipes(text, stages):
    (line,) = parse(text)
    assert [list(words) for words in line.stages] == stages


def test_several_lines_are_several_commands():
    lines = parse("kubectl get sa\n\n# a comment\nkubectl get pods | wc -l\n")
    assert [line.stages for line in lines] == [(("kubectl", "get", "sa"),), (("kubectl", "get", "pods"), ("wc", "-l"))]
    assert parse(" \n # nothing") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a > f.yaml", Line(stages=(("a",),), to_file="f.yaml")),
        ("a|b>>'f 1'", Line(stages=(("a",), ("b",)), to_file="f 1", appends=True)),
        ("a '2'> f", Line(stages=(("a", "2"),), to_file="f")),
        ("cat <<EOF\nx: 1\n\nEOF\n", Line(stages=(("cat",),), given="x: 1\n\n")),
        ("cat <<'EOF' > t.json\n{$a}\nEOF", Line(stages=(("cat",),), given="{$a}\n", to_file="t.json")),
        ("cat > t <<EOF\nx\nEOF", Line(stages=(("cat",),), given="x\n", to_file="t")),
        ("cat <<E | kubectl apply -f -\n'\nE", Line(stages=(("cat",), ("kubectl", "apply", "-f", "-")), given="'\n")),
    ],
)
def test_files_and_here_documents(text, line):
    assert parse(text) == [line]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kubectl get 'pods", "open_quote"),
        ('kubectl get "pods', "open_quote"),
        ("kubectl get pods \\", "open_backslash"),
        ("kubectl apply -f - <<EOF\nkind: Pod", "open_document"),
        ("cat <<EOF\n$X\nEOF", "expands"),
        ("cat <<EOF\n`id`\nEOF", "expands"),
        ("kubectl get pods $X", "variable"),
        ('kubectl get "$X"', "variable"),
        ("kubectl get ${X}", "variable"),
        ("kubectl get $'x'", "variable"),
        ("kubectl get $(id)", "substitution"),
        ('kubectl get "$(id)"', "substitution"),
        ("kubectl get `id`", "substitution"),
        ("a; b", "operator"),
        ("a && b", "operator"),
        ("a || b", "operator"),
        ("a &", "operator"),
        ("a |& b", "operator"),
        ("(a)", "operator"),
        ("a < /etc/passwd", "stream"),
        ("a 2>/dev/null", "stream"),
        ("a 2>&1", "stream"),
        ("a >& f", "stream"),
        ("a <<< b", "stream"),
        ("a <(b)", "stream"),
        ("a | b <<E\nE", "stream"),
        ("a > f g", "after_target"),
        ("a > f > g", "after_target"),
        ("a >", "empty_command"),
        ("| a", "empty_command"),
        ("a |", "empty_command"),
        ("a > f | b", "empty_command"),
        ("> f", "empty_command"),
        ("kubectl\u3000get pods", "odd_space"),
        ("kubectl get pods -n\u00a0shop", "odd_space"),
        ("a\0b", "unwritable"),
        ("a \ud800", "unwritable"),
        ("a" * 40_000, "too_long"),
        ("a\n" * (LINES + 1), "too_many_lines"),
        ("a" + "|a" * 9, "too_many_stages"),
        ("a " * 501, "too_many_words"),
    ],
)
def test_what_needs_a_shell_or_is_not_complete_is_refused_as_a_whole(text, code):
    with pytest.raises(LineRefused) as refused:
        parse("kubectl get sa\n" + text if "\n" * 5 not in text and len(text) < 1000 else text)
    assert refused.value.code == code


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1), min_size=1))
def test_what_shlex_quotes_comes_back(words):
    (line,) = parse(shlex.join(words))
    assert list(line.stages[0]) == words


def steps(act):
    """How many lines of Python an act takes: the same on every machine."""
    counted = 0

    def trace(*_):
        nonlocal counted
        counted += 1
        return trace

    sys.settrace(trace)
    try:
        act()
    except LineRefused:
        pass
    finally:
        sys.settrace(None)
    return counted


@pytest.mark.parametrize("piece", ["a", "a ", '"a\\', "\a", "''", "$ ", "#\n", "<", "a|"])
def test_twice_the_line_is_twice_the_work(piece):
    once, twice = (steps(lambda count=count: parse(piece * count)) for count in (200, 400))
    assert twice < 2.2 * once + 50


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet="ab '\"\\|><&;$(`#\nE{}", max_size=40))
def test_any_text_is_lines_or_is_refused(text):
    try:
        lines = parse(text)
    except LineRefused:
        return
    assert all(words for line in lines for words in line.stages)
