"""YAML: what is read, as what, and what is refused before it is built."""

import contextlib
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.flow.bounded_yaml import ALIASED_LIMIT, DEPTH_LIMIT, BrokenYaml, load


def read(text):
    return load(text, limit=1000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: [1, 0x1f, 1.5, true, no, null, 'x']", {"a": [1, 31, 1.5, True, False, None, "x"]}),
        ("when: 2026-11-24", {"when": "2026-11-24"}),
        ("when: !!timestamp 2026-11-24", {"when": "2026-11-24"}),
        ("text: !!binary aGk=", {"text": "hi"}),
        ("port: 22:22", {"port": "22:22"}),
        ("ratio: 1:30.5", {"ratio": "1:30.5"}),
        ("m: 18446744073709551616", {"m": 2.0**64}),
        ("[<<, =]", ["<<", "="]),
        ("base: &b {x: 1}\nall: [*b, {<<: *b, w: 2}, {<<: [*b, {z: 3}]}]", None),
    ],
)
def test_values(text, value):
    expected = yaml.safe_load(text) if value is None else value
    assert read(text) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "y Y yes Yes YES true True TRUE on On ON"),
        (False, "n N no No NO false False FALSE off Off OFF"),
        (None, "null Null NULL ~"),
        (9, "9 +9 09 011 0o11 0O11 0x9 0X9 0b1001 0B1001 0b10_01 9_ 9. 09. 9e0 .9e1 90e-1 0.9E+1 +9."),
        (-9, "-9 -011 -0x9 -0b1001 -9e0"),
        (0.5, ".5 0.5 +.5 5e-1 0_.5"),
        (2**64 - 1, "18446744073709551615 0xFFFFFFFFFFFFFFFF"),
        (-(2.0**63) * 2, "-18446744073709551616"),
    ],
)
def test_a_word_is_what_kubectl_takes_it_for(value, words):
    """As `kubectl config view` 1.32 reads it, and reports for a value that should have been a text."""
    assert [(type(read(word)) in (int, float), read(word)) for word in words.split()] == [
        (type(value) in (int, float), value) for _ in words.split()
    ]


@pytest.mark.parametrize(
    "word",
    "yEs tRUE nULL _1 1e 1e3x 0b12 0b 0x 0x1p4 0x10000000000000000 +-5 5+ . + 1:30 1:30:00 190:20:30.15 1e400 inf nan "
    "Infinity 2026-12-02 2001-01-01T00:00:00Z".split(),
)
def test_a_word_that_is_a_text_for_kubectl_is_one(word):
    assert read(word) == word


def test_what_json_has_not():
    value = read("{2: .nan, true: .inf}")
    assert math.isnan(value[2])
    assert value[True] == math.inf


def merges(count):
    """Each mapping takes over all of the one before."""
    return "\n".join(["m0: &m0 {k0: 0}", *(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 0}}" for n in range(1, count))])


def bomb(levels):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    return "\n".join([*lines, *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, levels))])


def test_a_few_aliases_and_merges_are_read():
    assert read(merges(10)) == yaml.safe_load(merges(10))
    assert read(bomb(2)) == yaml.safe_load(bomb(2))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (bomb(12), "document contains excessive aliasing"),
        (merges(100), "document contains excessive aliasing"),
        (f"a: &a {'x' * 1000}\nb: [{', '.join(['*a'] * 900)}, {'y' * ALIASED_LIMIT}]", None),
        (f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 900)}]", "document contains excessive aliasing"),
        ("- a\n" * 1000, "document holds too many values"),
        ("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT, None),
        ("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1), "exceeded max depth"),
        ("[" * 100_000, "exceeded max"),
        (f"a: &a {'[' * 60}{']' * 60}\nb: {'[' * 60}*a{']' * 60}", "exceeded max depth"),
        ("".join(f"%TAG !{n}! x\n" for n in range(101)) + "--- a", "too many %TAG directives"),
        ("%TAG !e! tag:yaml.org,2002:\n--- !e!str 1", None),
        ("a: \0", "control characters are not allowed"),
        ("a: &a [*a]", "anchor 'a' value contains itself"),
        ("a: *b", "found undefined alias"),
        ("a: [", "did not find expected node content"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
        ("{[a]: b}", "found unhashable key"),
        ("9" * 5000, None),
        ("!!int x", None),
        ("!!bool x", "ValueError"),
        ("a\n---\nb", "but found another document"),
    ],
)
def test_what_is_refused_before_it_is_built(text, problem):
    if problem is None:
        read(text)
        return
    with pytest.raises(BrokenYaml) as raised:
        read(text)
    assert problem in raised.value.problem


@pytest.mark.parametrize("text", ["!!set {a}", "!!omap [a: 1]", "!!pairs [a: 1]"])
def test_what_json_has_no_value_for_is_refused(text):
    for own_tags in (False, True):
        with pytest.raises(BrokenYaml):
            load(text, limit=10, own_tags=own_tags)


def test_where_it_is_broken():
    with pytest.raises(BrokenYaml) as raised:
        read("a: 1\nb: [1, 2\nc: 3\n")
    assert (raised.value.line, raised.value.column) == (3, 2)
    assert str(raised.value).startswith("yaml: line 3: ")


@given(text=st.text(alphabet="ab:-[]{}&*<>!?|#'\"\n 0.", max_size=60) | st.text(max_size=20))
def test_any_text_is_a_document_or_broken(text):
    with contextlib.suppress(BrokenYaml):
        read(text)
