"""Step 4: which of the published keys the token asks for, and how its signature was verified with that key."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue, Status, StepReport
from app.ui.marks import unspoken
from app.ui.step.evidence.parts import collapsible, join, json_document, part
from app.ui.text import escape, prose, utc, value

_BITS = 6
"""Bits in a character of base64url."""


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The token's audience, and its expiration."""
    claims = get(report.evidence.get("token"), "claims")
    return [
        ("sub", get_str(claims, "sub")),
        (content.message("ui.expires_at"), _time(get(claims, "exp"))),
    ]


def evidence(report: StepReport, content: Content) -> str:
    """The choice of the key, the verification step by step, and the key itself."""
    found = report.evidence
    results = {get_str(result, "name"): get_object(result) for result in get_list(found, "verification")}
    shown = {"key", "signature", "algorithm"} <= results.keys()
    unread = report.check("token.key").status is Status.NOT_REACHED and results.get("key", {}).get("passed") is False
    if unread:  # no key was published to us, which does not prove that none exists
        results["key"] = results["key"] | {"passed": None, "unread": True}
    return join(
        [
            part(
                content,
                "verification",
                ("" if unread else _choice(results["key"], content)) + _steps(results, report, content),
            )
            if shown
            else "",
            collapsible(content, "jwk", json_document(content, found["jwk"])) if found.get("jwk") else "",
        ]
    )


def _choice(key: JsonObject, content: Content) -> str:
    """The header's `kid` beside those of the published keys; the matching key is marked."""
    wanted = get_str(key, "got")
    published = [kid for kid in get_str(key, "expected").split(", ") if kid]
    rows = "".join(
        f'<li class="{"picked" if kid == wanted else "other"}"><span aria-hidden="true">'
        f'{"=" if kid == wanted else "≠"}</span><span class="unseen">'
        f"{escape(content.message('ui.matches' if kid == wanted else 'ui.does_not_match'))}</span> {value(kid)}</li>"
        for kid in published
    )
    count = escape(content.message("anatomy.published", count=len(published)))
    asked = prose(content.message("anatomy.asked"))
    return (
        f'<div class="choice"><div class="box"><small>{asked}</small>{value(wanted or "–")}</div>'
        f'<div class="keys"><small>{count}</small><ul>{rows}</ul></div></div>'
    )


def _steps(results: dict[str, JsonObject], report: StepReport, content: Content) -> str:
    """Signing input, key, algorithm, result: each with its value in this walk."""
    algorithm, key, signature = (results[name] for name in ("algorithm", "key", "signature"))
    parts = get_list(report.evidence.get("token"), "parts")
    signed = get(parts[1], "stop") if len(parts) > 1 else None
    modulus = len(get_str(report.evidence.get("jwk"), "n")) * _BITS // 8 * 8
    steps: tuple[tuple[str, JsonValue, dict[str, object]], ...] = (
        ("signing_input", True, {"characters": signed if isinstance(signed, int) else "–"}),
        ("algorithm", algorithm.get("passed"), {"algorithm": get_str(algorithm, "got") or "–"}),
        ("key", key.get("passed"), {"bits": modulus or "–"}),
        ("result", signature.get("passed"), {}),
    )
    unread = {"key"} if key.get("unread") else set()
    rows = "".join(_step(name, passed, values, content, unread=name in unread) for name, passed, values in steps)
    return f'<ol class="verification">{rows}</ol>'


def _step(name: str, passed: JsonValue, values: dict[str, object], content: Content, *, unread: bool) -> str:
    status, sign = ("passed", "✓") if passed is True else ("failed", "✕") if passed is False else ("unknown", "–")
    key = f"anatomy.verify.{name}" if passed is True else f"anatomy.verify.{name}_{'unread' if unread else status}"
    return f'<li class="{status}">{unspoken(sign)}<span>{prose(content.message(key, **values))}</span></li>'


def _time(seconds: JsonValue) -> str:
    """Unix seconds as UTC; empty for what is no number."""
    return utc(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else ""
