"""Step 6: the identity of the Pod at AWS, its permissions, and S3's response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from app.content import Content
from app.flow.json_access import get, get_list, get_object, get_str, shown, strings
from app.flow.model import JsonObject, JsonValue, Step, StepReport, Walk
from app.flow.policy.patterns import glob
from app.ui.draw.documents import statement_name
from app.ui.marks import unspoken
from app.ui.step.evidence.parts import collapsible, comparison, join, json_document, notes, part
from app.ui.text import escape, prose, value

_ASSUMED = re.compile(
    r"arn:[^:]+:(?P<service>sts)::(?P<account>\d+):(?P<kind>assumed-role)/(?P<role>[^/]+)/(?P<session>.+)"
)
_SHOWN = 6
"""How many patterns of a statement are shown; the one that matches is always among them."""


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The ARN of the session that sent the request."""
    return [("Arn", get_str(report.evidence.get("identity"), "Arn"))]


def identity(walk: Walk, content: Content) -> str:
    """The identity of the Pod at AWS."""
    found = walk.report(Step.ACCESS).evidence.get("identity")
    return part(content, "identity", _identity(found, content)) if found else ""


def evidence(report: StepReport, content: Content) -> str:
    """The policies and their evaluation, the buckets."""
    found = report.evidence
    statement = ("Statement", "*")
    return join(
        [
            part(content, "permission_decision", _decision(get_object(found.get("permission_decision")), content))
            if found.get("permission_decision")
            else "",
            part(content, "buckets", buckets(strings(found.get("buckets")), content)) if "buckets" in found else "",
            collapsible(
                content,
                "policies",
                "".join(
                    f"<h4>{value(get_str(policy, 'name'))}</h4>"
                    + json_document(
                        content,
                        get(policy, "document"),
                        notes(content, ((*statement, "Action"), "permitted"), ((*statement, "Resource"), "resource")),
                    )
                    for policy in get_list(found, "policies")
                ),
            )
            if get_list(found, "policies")
            else "",
        ]
    )


def _identity(identity: JsonValue, content: Content) -> str:
    """The ARN, and below it the meaning of each of its parts; an identity of another kind as a document."""
    found = _ASSUMED.fullmatch(get_str(identity, "Arn"))
    if not found:
        return json_document(content, identity, notes(content, (("Arn",), "assumed_role")))
    parts = found.groupdict()
    arn = value(found[0])
    rows = "".join(
        f"<dt>{value(words)}</dt><dd>{prose(content.message(f'access.parts.{name}'))}</dd>"
        for name, words in parts.items()
    )
    return f'<p class="arn">{arn}</p><dl class="arn-parts">{rows}</dl>'


def _decision(decision: Mapping[str, Any], content: Content) -> str:
    """The action of the request, whether each statement applies to it, and the decision that follows."""
    trace = [get_object(entry) for entry in get_list(decision, "trace")]
    asked, action = escape(content.message("access.asked")), get_str(decision, "action")
    statements = "".join(
        _statement(policy, number, list(entries), content)
        for (policy, number), entries in groupby(
            trace, lambda entry: (shown(entry.get("policy") or ""), entry.get("statement"))
        )
    )
    allowed = decision.get("allowed") is True
    reason = get_str(decision, "reason").replace("-", "_")
    sentence = content.messages.get(f"ui.decision_{reason}", "")
    return (
        f'<p><span class="label">{asked}</span> <code>{value(action)}</code></p>{statements}'
        f'<p class="{"passed" if allowed else "failed"}">{unspoken("✓" if allowed else "✕")} '
        f"<strong>{prose(sentence)}</strong></p>"
    )


def _statement(policy: str, number: JsonValue, entries: list[JsonObject], content: Content) -> str:
    """One statement: its elements as a table, and whether all of them match."""
    applies = all(entry.get("matched") is True for entry in entries)
    name = statement_name(number, content)
    effect = shown(entries[0].get("effect") or "")
    rows = "".join(_element(entry, content) for entry in entries)
    word = content.message("access.applies" if applies else "access.does_not_apply")
    return (
        f'<section class="statement"><h4>{value(policy)} · {escape(name)} · {escape(effect)}</h4>'
        f"<table>{rows}</table>"
        f'<p class="quiet">{escape(word)}</p></section>'
    )


def _element(entry: Mapping[str, Any], content: Content) -> str:
    """One element of a statement: its values, first those that match; for a condition also the value of the request."""
    where = " · ".join(shown(entry[key]) for key in ("element", "operator", "key") if entry.get(key))
    got = shown(entry.get("got") or "–")
    wanted = strings(entry.get("wanted")) or [shown(entry.get("wanted") or "–")]
    label = escape(content.message("ui.got"))
    seen = f'<p><span class="label">{label}</span> {value(got)}</p>' if entry.get("element") == "Condition" else ""
    matched = entry.get("matched") is True
    return comparison(content, value(where), f"{_patterns(wanted, got, content)}{seen}", matched=matched)


def _patterns(wanted: list[str], got: str, content: Content) -> str:
    """The patterns of an element, first those that match the value of the request."""
    hits = [pattern for pattern in wanted if glob(pattern.lower(), None)(got.lower())]
    ordered = [*hits, *(pattern for pattern in wanted if pattern not in hits)]
    listed = "".join(
        f'<li class="hit"><strong>{value(pattern)}</strong></li>' if pattern in hits else f"<li>{value(pattern)}</li>"
        for pattern in ordered[:_SHOWN]
    )
    rest = len(ordered) - _SHOWN
    more = f'<li class="quiet">{escape(content.message("access.more", count=rest))}</li>' if rest > 0 else ""
    return f'<ul class="patterns">{listed}{more}</ul>'


def buckets(names: list[str], content: Content) -> str:
    """The list of buckets in S3's response."""
    if not names:
        return f'<p class="quiet">{escape(content.message("ui.buckets_none"))}</p>'
    return f'<ul class="buckets">{"".join(f"<li>{value(name)}</li>" for name in names)}</ul>'
