"""Unix seconds in the forms in which AWS writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache


def iso(seconds: float) -> str:
    """`2026-11-24T22:40:49Z`. Times before year 1 or after year 9999 stop at that end."""
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_milliseconds(seconds: float) -> str:
    """`2026-11-24T22:40:49.000Z`, as S3 writes it."""
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def american(seconds: float) -> str:
    """`Nov 24, 2026, 10:40:49 PM`, as CloudTrail writes the end of a session."""
    moment = _moment(seconds)
    return f"{moment:%b} {moment.day}, {moment.year}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def http_date(seconds: float) -> str:
    """`Tue, 24 Nov 2026 22:40:49 GMT`. Each answer has one, and a walk gets twenty in a second."""
    return _http_date(int(seconds))


@lru_cache(maxsize=64)
def _http_date(seconds: int) -> str:
    return _moment(seconds).strftime("%a, %d %b %Y %H:%M:%S GMT")


def read_http_date(value: str | None) -> float | None:
    """The moment of an HTTP date; None where it is none. `-0000` is UTC as well (RFC 5322, section 3.3)."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def compact(seconds: float) -> str:
    """`20261124T224049Z`, as SigV4 writes it."""
    return _moment(seconds).strftime("%Y%m%dT%H%M%SZ")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, -62_000_000_000), 253_402_300_799), UTC)
