"""Step 4: the files in the container, and the token in them, claim by claim and byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.content import Content
from app.flow.model import JsonValue, Status, StepReport
from app.flow.steps.documents import dig, items, mapping, shown, text
from app.ui.evidence.parts import folded, join, json_document, part
from app.ui.text import escape, prose, utc, value

_PREFIX_DOTS = "kubernetes.io".count(".")
_TIMES = {"exp", "iat", "nbf"}
_OPEN = {"alg", "kid", "aud", "exp", "iss", "sub"}
"""Members that stand open: what STS and the trust policy look at, and the keys to the signature."""
_POD = "kubernetes.io.pod.name"
"""The member of `kubernetes.io` that stands open with them."""


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """For whom the token is, and until when."""
    claims = dig(report.evidence.get("token"), "claims")
    return [
        ("sub", text(claims, "sub")),
        (content.message("ui.expires_at"), _time(dig(claims, "exp"))),
    ]


def evidence(report: StepReport, content: Content) -> str:
    """The directory, the token, the key that verified it, and the other token beside it."""
    found = report.evidence
    token, other = found.get("token"), found.get("other_token")
    return join(
        [
            part(content, "files", _files(items(found, "files"), content)) if items(found, "files") else "",
            part(content, "token", _token(token, content) + _verified(report, content)) if token else "",
            folded(content, "jwk", json_document(content, found["jwk"])) if found.get("jwk") else "",
            folded(content, "other_token", _token(other, content)) if other else "",
        ]
    )


def _files(rows: list[JsonValue], content: Content) -> str:
    """The directory as `ls -la` lists it, links with their targets."""
    head = "".join(f"<th>{escape(content.message(f'ui.file_{key}'))}</th>" for key in ("mode", "owner", "size", "name"))
    body = "".join(
        f'<tr class="{"key" if text(row, "name") == "token" else ""}"><td><code>{escape(text(row, "mode"))}</code></td>'
        f"<td><code>{escape(text(row, 'owner'))} {escape(text(row, 'group'))}</code></td>"
        f"<td><code>{escape(shown(dig(row, 'size')))}</code></td><td>{_name(row)}</td></tr>"
        for row in rows
        if text(row, "name") not in (".", "..")
    )
    return f'<table class="files"><tr>{head}</tr>{body}</table>'


def _name(row: JsonValue) -> str:
    target = text(row, "target")
    arrow = f' <span class="quiet">→</span> {value(target)}' if target else ""
    return f"<b>{value(text(row, 'name'))}</b>{arrow}"


def _token(token: JsonValue, content: Content) -> str:
    """The compact token in its three colours, and below it what each range of it says."""
    parts = [mapping(piece) for piece in items(token, "parts")]
    compact = '<span class="dot">.</span>'.join(_compact(piece) for piece in parts)
    tables = "".join(_fields(piece, token, content) for piece in parts if piece.get("fields"))
    return (
        f'<div class="token"><p class="compact">{compact}</p>'
        f'<p class="caption">{prose(content.message("ui.token_hint"))}</p>{tables}'
        f'<p class="caption">{prose(content.message("ui.token_signature_masked"))}</p></div>'
    )


def _compact(piece: dict[str, Any]) -> str:
    """One part of the compact token, cut where a field begins or ends."""
    name, encoded, start = str(piece.get("name")), str(piece.get("base64url")), int(piece.get("start") or 0)
    fields = [mapping(field) for field in piece.get("fields") or []]
    spans, position = [], 0
    for field in fields:
        begin = max(int(field["compact_start"]) - start, position)
        stop = min(int(field["compact_stop"]) - start, len(encoded))
        lit = f"{name}.{field['name']}"
        spans.append(escape(encoded[position:begin]))
        spans.append(f'<span data-lit-by="{escape(lit)}">{escape(encoded[begin:stop])}</span>')
        position = max(stop, position)
    return f'<span class="{escape(name)}">{"".join(spans)}{escape(encoded[position:])}</span>'


def _fields(piece: dict[str, Any], token: JsonValue, content: Content) -> str:
    name = str(piece.get("name"))
    members = dig(token, "header" if name == "header" else "claims")
    rows: list[str] = []
    rest: list[str] = []
    for field in (mapping(found) for found in piece["fields"]):
        member = dig(members, str(field["name"]))
        bytes_ = content.message("ui.token_bytes", start=field["compact_start"], stop=field["compact_stop"])
        lights = f"{name}.{field['name']}"
        row = _row(lights, str(field["name"]), member, content, hint=bytes_)
        (rows if field["name"] in _OPEN else rest).append(row)
        for path, below in _nested(str(field["name"]), member):
            if path == _POD:
                rows.append(_row(lights, path, below, content, hint=bytes_))
            else:
                rest.append(_row("", path, below, content, depth=path.count(".") - _PREFIX_DOTS))
    table = f'<table class="claims {escape(name)}">{"".join(rows)}</table>'
    if not rest:
        return table
    more = escape(content.message("screens.more_claims", count=len(rest)))
    return (
        f'{table}<details class="fold"><summary>{more}</summary>'
        f'<table class="claims {escape(name)}">{"".join(rest)}</table></details>'
    )


def _nested(prefix: str, member: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The members of `kubernetes.io` and of what is in it, each after its parent, by their dotted names."""
    if not isinstance(member, dict):
        return
    for name, below in member.items():
        yield f"{prefix}.{name}", below
        yield from _nested(f"{prefix}.{name}", below)


def _row(lights: str, name: str, member: JsonValue, content: Content, *, hint: str = "", depth: int = 0) -> str:
    reach = f' tabindex="0" data-lights="{escape(lights)}" title="{escape(hint)}"' if lights else ""
    said = "" if isinstance(member, dict) else value(member if isinstance(member, str) else json.dumps(member))
    when = f' <span class="quiet">{escape(_time(member))}</span>' if name in _TIMES else ""
    label = name.rpartition(".")[2] if not lights else name
    return (
        f'<tr{reach} style="--depth:{depth}"><th><code>{_parted(label)}</code></th>'
        f'<td>{said}{when}<span class="meaning">{prose(content.claim(name))}</span></td></tr>'
    )


def _parted(name: str) -> str:
    """A dotted name with a place to break where `kubernetes.io` ends."""
    return escape(name).replace("kubernetes.io.", "kubernetes.io.<wbr>")


def _verified(report: StepReport, content: Content) -> str:
    check = report.check("token.signature")
    if check.status not in (Status.PASSED, Status.FAILED):
        return ""
    passed = check.status is Status.PASSED
    sentence = content.message("ui.token_verified" if passed else "ui.token_not_verified")
    return (
        f'<p class="verified {check.status}"><span class="mark">{"✓" if passed else "✕"}</span> {prose(sentence)}</p>'
    )


def _time(seconds: JsonValue) -> str:
    """Unix seconds as UTC; empty for what is no number."""
    return utc(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else ""
