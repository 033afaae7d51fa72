"""A pasted token as HTML: what is wrong with which part, each field with its source, its times, its signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.content import Content
from app.flow.json_access import shown
from app.flow.model import JsonValue, Status
from app.flow.token import LEEWAY
from app.flow.tokens.claim_sources import TIMES, leaves, source
from app.flow.tokens.inspection import Oddity, beginning, oddities, renewal, repeated, whole_seconds
from app.flow.tokens.pasted import Pasted, Problem
from app.flow.tokens.signature import SignatureCheck, TriedKey
from app.flow.visible import visible
from app.report.durations import duration
from app.ui.draw.checks import mark, warned
from app.ui.marks import claim
from app.ui.text import breakable, escape, prose, readable, utc, value

MOST_FIELDS = 200
"""How many header fields and claims are listed at most."""
_MILD = frozenset({"two_parts", "no_signature"})
"""Problems of a text whose header and payload are complete."""
_OF_SIGNATURE = {"verified": Status.PASSED, "wrong": Status.FAILED, "no_key": Status.FAILED}


def who_could_see(content: Content, *, here: bool) -> str:
    """Where the text goes, and who could see it there."""
    if here:
        return f'<p class="caption">{prose(_words(content, "who.here"))}</p>'
    words = prose(_words(content, "who.hosted"))
    return warned(f"<p>{words}</p>", content, role="note")


def explained(pasted: Pasted, signature: SignatureCheck | None, content: Content, *, now: float, zone: str) -> str:
    """Everything that follows from the text itself. `now` in Unix seconds, `zone` the reader's time zone, such as
    `Asia/Tokyo`."""
    if [problem.code for problem in pasted.problems] == ["empty"]:
        return f'<p class="quiet">{escape(content.message("inspect_token.nothing"))}</p>'
    is_readable = pasted.header is not None or pasted.claims is not None
    around_it = pasted.removed if is_readable else ()
    removed = "".join(f"<li>{prose(_words(content, f'removed.{key}'))}</li>" for key in around_it)
    around = f'<p>{escape(_words(content, "removed.title"))}</p><ul class="removed">{removed}</ul>' if removed else ""
    problems = "".join(_problem(problem, content) for problem in pasted.problems)
    listed = f'<ul class="problems">{problems}</ul>' if problems else ""
    parts = ""
    if pasted.is_token:
        parts += f'<p class="ok">{mark(Status.PASSED, content)} {prose(_words(content, "decoded"))}</p>'
    for name, values in (("header", pasted.header), ("payload", pasted.claims)):
        if values is not None:
            parts += _fields(name, values, content, now=now, zone=zone)
    if pasted.claims is not None:
        parts += _life(pasted.claims, content, now=now, zone=zone)
    if is_readable:
        parts += _odd(_oddities(pasted, now), content, whole=pasted.is_token)
    if pasted.is_token:
        parts += _signature(pasted, signature, content)
    return f'<div class="inspected" role="status">{around}{listed}{parts}</div>'


def _words(content: Content, key: str, **values: object) -> str:
    return content.message(f"inspect_token.{key}", **values)


def _problem(problem: Problem, content: Content) -> str:
    status = Status.WARNING if problem.code in _MILD else Status.FAILED
    part = f"<b>{escape(content.message(f'ui.token_{problem.part}'))}</b> " if problem.part else ""
    found, expected = (f"`{text}`" if text else "" for text in (problem.found, problem.expected))
    words = prose(
        _words(content, f"problems.{problem.code}", place=problem.place, found=found or "–", expected=expected or "–")
    )
    return f'<li class="{status}" data-problem="{problem.code}">{mark(status, content)}<span>{part}{words}</span></li>'


def _fields(part: str, values: Mapping[str, Any], content: Content, *, now: float, zone: str) -> str:
    found = list(leaves(values))
    rows = "".join(_field(name, it, content, now=now, zone=zone) for name, it in found[:MOST_FIELDS])
    left = len(found) - MOST_FIELDS
    more = f'<p class="caption">{escape(_words(content, "more_fields", count=left))}</p>' if left > 0 else ""
    title = escape(content.message(f"ui.token_{part}"))
    heads = "".join(f'<th scope="col">{escape(_words(content, f"columns.{key}"))}</th>' for key in _COLUMNS)
    return f'<h3>{title}</h3><table class="fields"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{more}'


_COLUMNS = ("name", "value", "meaning")


def _field(name: str, it: JsonValue, content: Content, *, now: float, zone: str) -> str:
    seconds, seen = whole_seconds(it) if name in TIMES else None, visible(name)
    when = (
        f'<br><span class="quiet">{escape(_moment(seconds, content, now=now, zone=zone))}</span>'
        if seconds is not None
        else ""
    )
    known = source(name)
    meaning = content.claim(name) if known else _words(content, "unknown_claim")
    of = f' <a class="source" href="{escape(known[1])}" rel="noreferrer">{escape(known[0])}</a>' if known else ""
    return (
        f'<tr data-claim="{escape(seen)}"><th scope="row" class="{claim(name)}"><code>{breakable(seen)}</code></th>'
        f"<td>{value(shown(it))}{when}</td><td>{prose(meaning)}{of}</td></tr>"
    )


def _moment(seconds: int, content: Content, *, now: float, zone: str) -> str:
    """A time in UTC and in the reader's own zone, and how far it is from now."""
    local = _local(seconds, zone)
    far = duration(abs(seconds - now), content)
    relative = _words(content, "times.in" if seconds > now else "times.ago", duration=far)
    return " · ".join(filter(None, (utc(seconds), local, relative)))


def _local(seconds: int, zone: str) -> str:
    if not zone or zone == "UTC":
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"
    except (KeyError, ValueError, OSError, OverflowError):  # the browser may name any zone
        return ""


def _life(claims: Mapping[str, Any], content: Content, *, now: float, zone: str) -> str:
    """How long the token is still valid, and when the kubelet renews it."""
    issued, expires = (whole_seconds(claims.get(name)) for name in ("iat", "exp"))
    if expires is None:
        return ""
    moment, begins = expires, beginning(claims)[0]
    if begins > now:
        status = Status.FAILED if begins > now + LEEWAY else Status.WARNING
        key, moment = "not_yet", begins
    elif expires > now:
        key, status = "valid", Status.PASSED
    elif expires + LEEWAY > now:
        key, status = "in_grace", Status.WARNING
    else:
        key, status = "expired", Status.FAILED
    sentences = [_words(content, f"times.{key}", duration=duration(abs(moment - now), content))]
    if issued is not None and expires > issued:
        sentences.append(_words(content, "times.lives", duration=duration(expires - issued, content)))
    if renewed := renewal(claims):
        at, requested = _moment(renewed.at, content, now=now, zone=zone), duration(renewed.requested, content)
        sentences.append(_words(content, "times.renewed", requested=requested, at=at))
    sentences.append(_words(content, "times.now", now=utc(now)))
    body = "".join(f"<p>{prose(sentence)}</p>" for sentence in sentences)
    return (
        f"<h3>{escape(_words(content, 'times.title'))}</h3>"
        f'<div class="outcome {status}">{mark(status, content)}<div>{body}</div></div>'
    )


def _oddities(pasted: Pasted, now: float) -> tuple[Oddity, ...]:
    """What is unusual in the parts that can be read."""
    found = oddities(pasted.header or {}, pasted.claims or {}, now)
    unread = {"alg", "kid"} if pasted.header is None else set()
    return (
        *repeated(pasted.compact),
        *(it for it in found if it.name not in unread and (pasted.claims is not None or it.name in ("alg", "kid"))),
    )


def _odd(found: tuple[Oddity, ...], content: Content, *, whole: bool) -> str:
    """What is unusual, as HTML. `whole`: whether header and payload could be read; only then does it mean something
    that nothing is unusual."""
    title = f"<h3>{escape(_words(content, 'odd'))}</h3>"
    if not found and not whole:
        return ""
    if not found:
        return f'{title}<p class="passed">{mark(Status.PASSED, content)} {escape(_words(content, "nothing_odd"))}</p>'
    rows = "".join(_oddity(oddity, content) for oddity in found)
    return f'{title}<ul class="problems">{rows}</ul>'


def _oddity(oddity: Oddity, content: Content) -> str:
    status = Status.FAILED if oddity.serious else Status.WARNING
    words = prose(content.message(f"cli.oddities.{oddity.code}"))
    found = got_expected(oddity.got, oddity.expected, content)
    return (
        f'<li class="{status}" data-odd="{oddity.code}">{mark(status, content)}'
        f"<div><code>{escape(oddity.name)}</code><p>{words}</p>{found}</div></li>"
    )


def got_expected(got: str, expected: str, content: Content) -> str:
    """What was found and what was expected; nothing for a value that is empty."""
    rows = ((content.message(f"ui.{key}"), text) for key, text in (("got", got), ("expected", expected)) if text)
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{_found(text)}</dd>" for label, text in rows)
    return f"<dl>{listed}</dl>" if listed else ""


def _found(text: str) -> str:
    """A value; beside Unix seconds the time that they mean."""
    text = visible(text)
    when = readable(text)
    return value(text) if when == text else f'{value(text)} <span class="quiet">{escape(when.lstrip("<>≤≥ "))}</span>'


def _signature(pasted: Pasted, found: SignatureCheck | None, content: Content) -> str:
    title = f"<h3>{escape(content.message('ui.token_signature'))}</h3>"
    count = prose(_words(content, "signature.count", characters=pasted.signature, bytes=pasted.signature * 6 // 8))
    counted = f'<p class="quiet">{count}</p>' if pasted.signature else ""
    if found is None:
        return f"{title}{counted}<p>{prose(_words(content, 'signature.not_verified'))}</p>"
    status = _OF_SIGNATURE.get(found.code, Status.UNKNOWN)
    key = "of_other" if found.signed and not pasted.compact.startswith(f"{found.signed}.") else found.code
    got, expected = (f"`{text}`" if text else "–" for text in (found.got, found.expected))
    words = prose(_words(content, f"signature.{key}", got=got, expected=expected))
    no_kid = "" if found.by_kid else f"<p>{prose(_words(content, 'signature.no_kid'))}</p>"
    private = ""
    if found.has_private:
        private = (
            f'<p class="private">{mark(Status.WARNING, content)} {prose(_words(content, "signature.private"))}</p>'
        )
    keys = "".join(_key(key, content) for key in found.keys)
    return (
        f'{title}{counted}<div class="outcome {status}" data-signature="{found.code}">{mark(status, content)}'
        f"<div><p>{words}</p>{no_kid}{private}</div></div>" + (f'<ul class="problems">{keys}</ul>' if keys else "")
    )


def _key(key: TriedKey, content: Content) -> str:
    status = {"verified": Status.PASSED, "wrong": Status.FAILED}.get(key.code, Status.NOT_REACHED)
    words = prose(_words(content, f"keys.{key.code}"))
    private = f"<p>{prose(_words(content, 'keys.private'))}</p>" if key.has_private else ""
    name = value(key.kid) if key.kid else escape(_words(content, "keys.unnamed"))
    return (
        f'<li class="{status}" data-key="{key.code}">{mark(status, content)}'
        f"<div>{key.place}. {name} {words}{got_expected(key.got, key.expected, content)}{private}</div></li>"
    )
