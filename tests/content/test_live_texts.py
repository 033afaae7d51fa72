"""Whatever can stand in the way of a real cluster has words of its own, and there are no others."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from app.content import load
from app.flow.errors import NotFound, NotPermitted, Refused, ServerFailed, Unreachable
from app.settings import LiveRefusal

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"title", "got", "expected", "fix"}
ELSEWHERE = {"unreachable", "not_permitted", "not_found", "refused", "other"}
"""Those that other parts of the app need as well: their words are in `messages.toml` and `checks.toml`."""


def codes() -> set[str]:
    """Our own codes in the clients (what `problem` is called with first, `code=`, the constants and the tables), and
    those of the names that no cluster is asked for."""
    found = {
        "unauthorized",
        "aws_login_expired",
        "aws_login_unknown",
        "aws_clock_off",
        "no_login",
    }  # `NotPermitted.words`
    found |= set(get_args(LiveRefusal)) - {""}
    for path in (*(ROOT / "app" / "clients").rglob("*.py"), ROOT / "app" / "flow" / "object_names.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                if getattr(node.func, "id", "") == ("_refused" if path.name == "object_names.py" else "problem"):
                    given += node.args[:1]
                elif getattr(node.func, "id", "") == "_pem":
                    given += node.args[2:3]
            elif isinstance(node, ast.Assign) and path.name in ("no_answer.py", "errors.py"):
                given = [node.value]
            elif isinstance(node, ast.Tuple) and path.name == "errors.py" and len(node.elts) == 2:
                given = [node.elts[1]]
            found |= {text for value in given if isinstance(text := getattr(value, "value", None), str)}
    return found


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_code_has_its_words(language: str) -> None:
    texts = {}
    for name in ("live.toml", "bounds.toml"):
        path = ROOT / "assets" / "content" / language / name
        texts |= tomllib.loads(path.read_text(encoding="utf-8"))["errors"]
    assert set(texts) == codes() - ELSEWHERE
    assert {code: set(parts) for code, parts in texts.items() if set(parts) != PARTS} == {}
    values = NotFound(code="x", server_message="").values
    assert all(load(language).error(code, **values).title for code in texts)


def test_a_refusal_without_a_code_of_ours_is_reported_by_its_kind() -> None:
    kinds = (NotFound, NotPermitted, Refused, ServerFailed, Unreachable)
    assert [kind(code="X", server_message="").words for kind in kinds] == [
        "not_found",
        "not_permitted",
        "refused",
        "server_failed",
        "unreachable",
    ]
    assert NotPermitted(code="Unauthorized", server_message="", status=401).words == "unauthorized"
    assert NotPermitted(code="ExpiredToken", server_message="", status=403).words == "aws_login_expired"
    assert NotPermitted(code="InvalidClientTokenId", server_message="", status=403).words == "aws_login_unknown"
    assert Unreachable(code="timed_out", server_message="").words == "timed_out"


def test_what_a_server_said_is_masked_in_every_error() -> None:
    error = Refused(code="X", server_message="eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl")
    assert "c2lnbmF0dXJl" not in f"{error} {error!r} {error.values}"
