"""The built-in filters: as the real ones answer, in a process that can be ended."""

import os
import shutil
import subprocess

import pytest

from app.console.command_line import LineRefused, parse
from app.console.confinement import Reach, filtered
from app.console.filters.arguments import given
from app.console.filters.lines import Ended
from app.console.filters.process import _FILTERS

TEXT = b"NAME         READY\npod-after    0/1\npod-before   0/1\nPod.x        1/1\n"
JSON = b'{"items":[{"name":"a","n":1,"f":1.5,"u":"\xc3\xa9<&"},{"name":"b","n":10,"f":null,"u":""}]}\n'


def ours(text, content):
    (line,) = parse(text)
    flow, status, message = [content[:]], 0, ""
    for words in line.stages:
        lines, out = b"".join(flow).splitlines(keepends=True), []
        try:
            for part in _FILTERS[words[0]](given(words), lines):
                out.append(part)
        except Ended as ended:
            status, message = ended.status, ended.message
        flow = out
    return b"".join(flow), status, message


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("grep pod", TEXT),
        ("grep -i POD", TEXT),
        ("grep -v pod", TEXT),
        ("grep -c pod", TEXT),
        ("grep -ci pod", TEXT),
        ("grep -n pod", TEXT),
        ("grep nothing", TEXT),
        ("grep -E 'before|after'", TEXT),
        ("grep 'before\\|after'", TEXT),
        ("grep 'before|after'", TEXT),
        ("grep -o 'pod-[a-z]*'", TEXT),
        ("grep -oE '[0-9]/[[:digit:]]+'", TEXT),
        ("grep -F .x", TEXT),
        ("grep '[x||y&&z~~]'", b"a\n|\n&\n~\nx\n"),
        ("grep -E '[[:foo:]]'", TEXT),
        ("grep '[+--]'", b"+\n"),
        ("grep '^Pod\\.'", TEXT),
        ("base64", TEXT),
        ("base64 -w 0", TEXT),
        ("base64 -d", b"aGVsbG8=\n"),
        ("base64 -d", b"aGVs\nbG8="),
        ("base64 --decode", b""),
        ("cut -d. -f2", b"a.b.c\nnone\n"),
        ("cut -d ' ' -f 1", TEXT),
        ("cut -s -d. -f1,3-", b"a.b.c.d\nnone\n"),
        ("cut -c1-3", TEXT),
        ("head -1", TEXT),
        ("head -n 2", TEXT),
        ("head -n -1", TEXT),
        ("head -c 5", TEXT),
        ("tail -1", TEXT),
        ("tail -n +2", TEXT),
        ("tail -c 5", TEXT),
        ("wc -l", TEXT),
        ("wc -w", TEXT),
        ("wc -c", TEXT),
        ("sort", TEXT),
        ("sort -r", b"b\na\nc"),
        ("sort -n", b"10\n9\nx\n1\n"),
        ("sort -u", b"b\na\nb\n"),
        ("cat", b"no newline"),
        ("grep pod | sort -r | head -1", TEXT),
        ("jq .", JSON),
        ("jq -c '.items[]'", JSON),
        ("jq -r '.items[].name'", JSON),
        ("jq '.items | length'", JSON),
        ("jq -r --arg n b '.items[] | select(.name == $n).n'", JSON),
        ("jq -S .", b'{"b":1,"a":[{"d":1,"c":2}]}'),
        ("jq -s .", b"1 2\n3"),
        ("jq -n '1+1'", b""),
        ("jq -e .x", b'{"x":false}'),
        ("grep '*b'", b"a*b\nab\n"),
        ("grep '^*b'", b"*b\nb\n"),
        ("grep '[\\.]'", b"a\\b\na.b\nab\n"),
        ("grep '[.[]'", b"a[b\na.b\nab\n"),
        ("grep '[^[:space:][:punct:]]'", b" .\na\n"),
        ("grep '[]a]'", b"]\nb\n"),
        ("grep '\\<foo\\>'", b"a foo\nfoobar\n"),
        ("grep 'a^b$c'", b"a^b$c\n"),
        ("grep '\\(^a\\|b$\\)'", b"ab\nba\n"),
        ("grep 'a\\{2\\}'", b"aa\na{2}\n"),
        ("sort -n", b"1e3\n20\n-5\n 3\n.5\nx\n"),
        ("sort -nu", b"1\n01\nx\ny\n"),
        ("sort -rn", b"1\n01\n10\nx\n"),
        ("jq -e .x", b'{"x":0}'),
        ("jq -e empty", b"{}"),
        ("jq .", b""),
    ],
)
def test_a_filter_answers_as_the_real_program_does(text, content):
    programs = {stage.split()[0] for stage in text.split(" | ")} if "'" not in text else {text.split()[0]}
    if missing := [name for name in programs if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(missing)}")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8" if "jq" in text else "C"}
    real = subprocess.run(["sh", "-c", text], input=content, capture_output=True, env=environment, check=False)
    output, status, _ = ours(text, content)
    assert (output, status) == (real.stdout, real.returncode)


@pytest.mark.parametrize(
    ("text", "content", "output", "status", "message"),
    [
        ("base64 -d", b"aGVsbG8", b"hello", 1, "base64: invalid input"),
        ("base64 -d", b"eyJh-_x", b'{"a', 1, "base64: invalid input"),
        ("grep -E '('", b"x", b"", 2, "grep: missing ), unterminated subpattern at position 0"),
        ("jq -n '[inputs]'", b"1 2", b"", 3, "jq: inputs does not work in this console"),
        ("jq '.a | halt_error'", b"{}", b"", 3, "jq: halt_error does not work in this console"),
        ("jq -c '{input: .halt, b: \"input\"} # halt'", b'{"halt":1}', b'{"input":1,"b":"input"}\n', 0, ""),
        ("jq '.a |'", b"{}", b"", 3, "syntax error"),
        ("jq .a.b", b'{"a":1}', b"", 5, 'jq: error: Cannot index number with string ("b")'),
        ("jq .a", b"nonsense", b"", 2, "jq: parse error: Invalid numeric literal"),
        ("jq --argjson a nonsense .", b"1", b"", 2, "jq: Invalid JSON text passed to --argjson"),
    ],
)
def test_what_is_none_ends_with_a_message(text, content, output, status, message):
    found = ours(text, content)
    assert found[:2] == (output, status)
    assert message in found[2]


def test_a_filter_does_not_know_every_option():
    for text in (
        "grep -P x",
        "jq --rawfile a b .",
        "sort --output=x",
        "head -n 1x",
        "cut -f",
        "cut -f0",
        "base64 --foo",
    ):
        with pytest.raises(LineRefused):
            given(parse(text)[0].stages[0])


def run(stages, folder, content=b""):
    return subprocess.run(
        filtered(stages, Reach(write=(str(folder),))),
        cwd=folder,
        input=content,
        env={},
        capture_output=True,
        check=False,
    )


def test_the_process_reads_the_visitors_files_and_ends_with_the_last_status(tmp_path):
    (tmp_path / "a.json").write_bytes(JSON)
    done = run([["cat", "a.json"], ["jq", "-r", ".items[].name"], ["grep", "c"]], tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 1)
    done = run([["jq", "-c", "[.items[].n]", "a.json"]], tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (b"[1,10]\n", b"", 0)
    done = run([["cat", "ghost"]], tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"cat: ghost: No such file or directory\n", 1)
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert b"Too many levels of symbolic links" in run([["cat", "link"]], tmp_path).stderr
    done = run([["jq", "$ENV"]], tmp_path, b"1")
    assert b"SECRET" not in done.stdout
