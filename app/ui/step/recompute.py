"""Recompute it yourself: a command and a few lines of Python that compute a value on the screen in another way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import streamlit as st

from app.content import Content
from app.flow.json_access import get, get_list, get_str
from app.flow.model import JsonValue, Step, Subject, Walk
from app.flow.names import subject_claim
from app.locations import ASSETS
from app.ui.draw import components
from app.ui.draw.code import code
from app.ui.draw.terminal import terminal
from app.ui.state.walk_view import WalkView
from app.ui.text import breakable, escape, prose
from app.world.setup.scenario import ARTICLE

EXAMPLES = ASSETS / "examples"
_KINDS = {"sh": "bash", "py": "python"}
"""The language of an example, by the end of its file's name."""


def recompute(step: Step, walk_view: WalkView, content: Content) -> None:
    """Draws the step's examples, what each must print in this world, and how to get a terminal for them."""
    names = _names(walk_view.walk.subject, content)
    for kind, tab in zip(_KINDS, st.tabs([content.message(f"recompute.{kind}") for kind in _KINDS]), strict=True):
        with tab:
            path = EXAMPLES / f"{step}.{kind}"
            about = prose(content.message(f"recompute.{step}.{kind}"))
            run = f"{_KINDS[kind]} {path.relative_to(ASSETS.parent)}"
            components.block(
                f"<p>{about}</p><p><code>{escape(run)}</code></p>{code(content, shown(path, content))}{names}"
                f"{_must_print(list(expected(step, kind, walk_view.walk)), content)}",
                key=f"example_{step}_{kind}",
            )
    components.block(f"<h3>{escape(content.message('recompute.terminal'))}</h3>", key="terminal_heading")
    terminal(content, with_issuer=step is Step.OIDC_PROVIDER)


def shown(path: Path, content: Content) -> str:
    """An example with the comment at its beginning in the reader's language."""
    words = content.message(f"recompute.comments.{path.stem}.{path.suffix[1:]}").splitlines()
    body = itertools.dropwhile(lambda line: line.startswith("#"), _read(path).splitlines(keepends=True))
    return "".join((*(f"# {line}\n" for line in words), *body))


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _names(subject: Subject, content: Content) -> str:
    """The names to put into the examples, which have the article's; empty where the walk is about those."""
    if subject == ARTICLE.subject:
        return ""
    account = f"{subject.namespace}/{subject.service_account}"
    pod = subject.pod or "POD"
    return f"<p>{prose(content.message('recompute.names', service_account=account, pod=pod))}</p>"


def _must_print(values: list[str], content: Content) -> str:
    if not values:
        return f'<p class="quiet">{escape(content.message("recompute.not_reached"))}</p>'
    rows = "".join(f"<li><code>{breakable(found)}</code></li>" for found in values)
    return f'<div class="prints"><h3>{escape(content.message("recompute.prints"))}</h3><ul>{rows}</ul></div>'


def expected(step: Step, kind: str, walk: Walk) -> Iterator[str]:
    """The walk's values that the step's example of that kind (`sh`, `py`) prints, run in the same world."""
    found = walk.report(step).evidence
    match step, kind:
        case Step.OIDC_PROVIDER, "py":
            yield from (get_str(key, "kid") for key in get_list(found, "jwks", "keys"))
        case Step.OIDC_PROVIDER, _:
            yield from _present(get(found, "thumbprint", "served"))
        case Step.SERVICE_ACCOUNT, _:
            yield from _present(get(found, "role", "Arn"))
            if found:
                yield subject_claim(walk.subject)
        case Step.WEBHOOK, _:
            for variable in get_list(found, "environment"):
                yield f"name: {get_str(variable, 'name')}"
                yield f"value: {get_str(variable, 'value')}"
        case Step.TOKEN_MOUNT, "py":
            yield from _present(get(found, "token", "header", "kid"), get(found, "token", "claims", "jti"))
        case Step.TOKEN_MOUNT, _:
            yield from _present(get(found, "token", "claims", "iss"), get(found, "token", "claims", "sub"))
        case Step.STS_ASSUME, _:
            yield from _present(get(found, "answer", "AssumedRoleUser", "Arn"))
        case Step.ACCESS, _:
            yield from _present(get(found, "identity", "Arn"), *get_list(found, "buckets"))


def _present(*values: JsonValue) -> Iterator[str]:
    yield from (found for found in values if isinstance(found, str) and found)
