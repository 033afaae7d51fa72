"""`token`: decodes and explains a token, offline. What it prints never holds the signature."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping

import click

from app.commands.failure import CannotRun
from app.commands.help import command_of, output_options
from app.commands.rendering import heading, labelled, marked, print_json, print_lines
from app.commands.streams import read_bounded, text_in, why
from app.content import Content, load
from app.flow.model import JsonValue, Status
from app.flow.times import timestamp
from app.flow.token import DecodedToken, MalformedToken, decode
from app.flow.tokens.claim_sources import TIMES, leaves
from app.flow.tokens.inspection import Oddity, beginning, oddities, of_signature, renewal, repeated, whole_seconds
from app.report.durations import duration
from app.settings import Settings

LIMIT = 64 * 1024
"""Bytes. STS accepts 20000 characters at most, so a much larger file is no token."""


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    @command_of("token", words)
    @click.argument("file", metavar="FILE|-")
    @output_options(settings, words)
    @click.pass_context
    def token(context: click.Context, file: str, output: str, lang: str) -> None:
        words = load(lang)
        # (1) Read and decode.
        compact = read(file, words)
        try:
            decoded = decode(compact)
        except MalformedToken as error:
            raise malformed(error, file, words) from error

        # (2) Look for oddities, and print.
        now = time.time()
        of_claims = oddities(decoded.header, decoded.claims, now)
        found = (*repeated(compact), *of_claims, *of_signature(compact, decoded.header))
        if output == "json":
            print_json(as_json(decoded, found, now, words))
        else:
            print_lines(as_text(compact, decoded, found, now, words))
        context.exit(1 if any(oddity.serious for oddity in found) else 0)

    return token


def read(file: str, words: Content) -> str:
    """The text in `file` (`-`: standard input), without the white space around it. Raises `CannotRun`."""
    try:
        content = read_bounded(file, LIMIT)
    except (OSError, ValueError) as error:
        raise CannotRun(words, "file_unreadable", path=file, said=why(error)) from error
    if len(content) > LIMIT:
        raise CannotRun(words, "file_too_large", path=file, limit=LIMIT)
    if not (text := text_in(content, "replace").strip()):
        raise CannotRun(words, "file_unreadable", path=file, said=words.message("cli.token.empty"))
    return text


def malformed(error: MalformedToken, file: str, words: Content) -> CannotRun:
    """The error that says what is wrong with the text."""
    got = words.message(f"ui.token_{error.got}") if error.code != "parts" else error.got
    return CannotRun(
        words,
        "malformed_token",
        got=words.message(f"cli.malformed.got.{error.code}", got=got, path=file),
        expected=words.message(f"cli.malformed.expected.{error.code}", expected=error.expected),
    )


def as_json(decoded: DecodedToken, found: tuple[Oddity, ...], now: float, words: Content) -> JsonValue:
    """The token as JSON; only `meaning` and `message` depend on the language."""
    issued, expires = (whole_seconds(decoded.claims.get(name)) for name in ("iat", "exp"))
    return {
        "header": decoded.header,
        "claims": decoded.claims,
        "fields": [
            {"part": part, "name": name, "value": value, "meaning": words.claim(name)}
            for part, values in (("header", decoded.header), ("payload", decoded.claims))
            for name, value in leaves(values)
        ],
        "lifetime": {
            "issued": None if issued is None else timestamp(issued),
            "expires": None if expires is None else timestamp(expires),
            "seconds": None if issued is None or expires is None else expires - issued,
            "seconds_left": None if expires is None else int(expires - now),
        },
        "oddities": [
            {
                "code": oddity.code,
                "status": status_of(oddity),
                "name": oddity.name,
                "got": oddity.got,
                "expected": oddity.expected,
                "message": words.message(f"cli.oddities.{oddity.code}"),
            }
            for oddity in found
        ],
    }


def as_text(
    compact: str, decoded: DecodedToken, found: tuple[Oddity, ...], now: float, words: Content
) -> Iterator[str]:
    """The token for a reader: header, claims one by one, lifetime, oddities."""
    yield heading(words.message("cli.token.title", characters=len(compact)))
    yield f"  {words.message('cli.token.unverified')}"
    for title, values in (("ui.token_header", decoded.header), ("ui.token_payload", decoded.claims)):
        yield ""
        yield heading(words.message(title))
        yield from labelled(
            {name: f"{_shown(name, value)}\n{words.claim(name)}" for name, value in leaves(values)}, indent=2
        )
    yield ""
    yield heading(words.message("ui.token_signature"))
    yield f"  {words.message('cli.token.masked')}"
    if lines := list(_lifetime(decoded.claims, now, words)):
        yield ""
        yield heading(words.message("cli.token.lifetime"))
        yield from (f"  {line}" for line in lines)
    yield ""
    yield heading(words.message("cli.token.odd"))
    for oddity in found:
        yield f"  {marked(status_of(oddity), f'{oddity.name}: ' + words.message(f'cli.oddities.{oddity.code}'))}"
        values = {"got": oddity.got, "expected": oddity.expected}
        yield from labelled({words.message(f"ui.{name}"): value for name, value in values.items()}, indent=6)
    if not found:
        yield f"  {marked(Status.PASSED, words.message('cli.token.nothing_odd'))}"


def status_of(oddity: Oddity) -> Status:
    """`FAILED` for what STS would refuse, else `WARNING`."""
    return Status.FAILED if oddity.serious else Status.WARNING


def _shown(name: str, value: JsonValue) -> str:
    text = value if isinstance(value, str) and "\n" not in value else json.dumps(value, ensure_ascii=False)
    seconds = whole_seconds(value) if name in TIMES else None
    return text if seconds is None else f"{text} ({timestamp(seconds)})"


def _lifetime(claims: Mapping[str, JsonValue], now: float, words: Content) -> Iterator[str]:
    issued, expires = (whole_seconds(claims.get(name)) for name in ("iat", "exp"))
    if issued is not None:
        yield words.message("cli.token.issued", time=timestamp(issued))
    if (start := beginning(claims)[0]) > now:
        yield words.message("cli.token.not_yet", duration=duration(start - now, words))
    if expires is None:
        return
    yield words.message("cli.token.expires", time=timestamp(expires))
    code, seconds = ("remaining", expires - now) if expires > now else ("expired", now - expires)
    yield words.message(f"cli.token.{code}", duration=duration(seconds, words))
    if issued is not None and expires > issued:
        yield words.message("cli.token.lives", duration=duration(expires - issued, words))
    if renewed := renewal(claims):
        requested = duration(renewed.requested, words)
        yield words.message("cli.token.refresh", time=timestamp(renewed.at), requested=requested)
