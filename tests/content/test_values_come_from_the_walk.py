"""No value of a world is typed into what readers see: ids, tokens and documents come from the walk."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "assets" / "examples"

VALUES = {
    "an account id": r"(?<![\d.])\d{12}(?!\d)",
    "an ARN with an account": r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:\d",
    "an issuer's id": r"/id/(?!\.|EXAMPLE\b)\w{3,}",
    "a key id, an issuer's id, a thumbprint or a digest": r"(?<![0-9A-Fa-f])(?=[A-Fa-f]*\d)[0-9A-Fa-f]{16,}",
    "a UUID": r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "a token": r"eyJ[\w-]",
    "an access key id or a role's unique id": r"\bA(?:KIA|SIA|ROA|IDA|IPA)[A-Z0-9]{4}",
    "key material": r"(?<![\w/+-])(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])(?=[\w+-]*\d[\w+-]*\d)[\w+-]{24,}",
    "a time of the world": r"\b20\d\d-\d\d-\d\dT\d\d:|(?<![\d.])\d{9,10}(?!\d)",
    "a loopback port of the world": r"127\.0\.0\.1:\d",
    "a measured time": r"\d ?(?:ms\b|ミリ秒|milliseconds)",
    "a count of checks": r"(?<!\w)(?<![Ss]tep )\d+ (?:checks|requests)\b|\d+ ?(?:個|件)の?(?:チェック|リクエスト|検証)",
}
"""What a value of a world looks like. Names that people give, such as `my-sa`, are the story and not among them."""


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Everything from which pages are made, by where it stands; of a module its strings, but not its docstrings."""
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    for path in (path for path in (ROOT / "assets").rglob("*") if path.is_file()):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in chain((ROOT / "app" / "ui").rglob("*.py"), (ROOT / "pages").glob("*.py"), [ROOT / "app" / "frame.py"]):
        for line, text in strings(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}:{line}", text


def strings(module: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of a module that can reach a page. A string that is a statement is a docstring."""
    said = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


@pytest.mark.parametrize("kind", VALUES)
def test_no_value_of_a_world_is_typed_in(kind: str) -> None:
    found = {place: hits for place, text in texts() if (hits := re.findall(VALUES[kind], text))}
    assert found == {}


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("an account id", "in account 512345678901 there"),
        ("an ARN with an account", "arn:aws-cn:iam::512345678901:role/x"),
        ("an issuer's id", "https://oidc.eks.ap-northeast-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"),
        ("a key id, an issuer's id, a thumbprint or a digest", "kid 9e99a48a9960b14926bb7f3b02e22da2b0ab7280"),
        ("a UUID", "3f1c9a52-0e57-4c5f-9d1c-5a0a4b7f9e21"),
        ("a token", "eyJhbGciOiJSUzI1NiJ9.e30.x"),
        ("an access key id or a role's unique id", "AROA2XAMPLEID4KXQQQQQ:botocore-session"),
        ("key material", "kid q7Xl0Yw3mS5dQe9aZt1vB8nKcR2uHf6jTgPiLoMsEwU"),
        ("a time of the world", '"exp": 1795559699'),
        ("a time of the world", "2026-11-25T02:43:47Z"),
        ("a loopback port of the world", "http://127.0.0.1:38211/"),
        ("a measured time", "the walk took 38 ms"),
        ("a count of checks", "29 個のチェック"),
    ],
)
def test_a_value_that_is_typed_in_is_seen(kind: str, example: str) -> None:
    assert re.search(VALUES[kind], example)


def test_all_that_pages_are_made_of_is_read() -> None:
    read = {place.partition(":")[0] for place, _ in texts()}
    folders = (
        "assets/content/ja/",
        "assets/content/en/",
        "assets/content/ja/diagrams/",
        "assets/scripts/",
        "app/ui/step/evidence/",
    )
    assert [folder for folder in folders if not any(place.startswith(folder) for place in read)] == []


def test_every_example_file_is_run_by_a_test() -> None:
    """An example may hold what it likes, because a test runs it and compares what it says with the walk."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    examples = [path for path in EXAMPLES.rglob("*") if path.is_file()]
    assert examples
    calls = {path.name: (f'"{path.name}"', f'Step.{path.stem.upper()}, "{path.suffix[1:]}"') for path in examples}
    assert [name for name, ways in calls.items() if not any(way in tests for way in ways)] == []
