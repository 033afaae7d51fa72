"""What is recorded is bounded and held no secret at any time."""

from __future__ import annotations

import pytest

from app.clients import recorder
from app.clients.recorder import Recorder
from app.flow.redaction import MASK


def record(kept: Recorder, **changes: object) -> None:
    kept.record(**({"callee": "sts", "method": "POST", "url": "http://x/", "seconds": 0.1} | changes))  # type: ignore[arg-type]


def test_the_oldest_exchanges_go() -> None:
    kept = Recorder()
    for number in range(recorder.CAPACITY + 3):
        record(kept, url=f"http://x/{number}")
    urls = [exchange.url for exchange in kept.exchanges()]
    assert len(urls) == recorder.CAPACITY
    assert urls[0] == "http://x/3"


def test_a_long_body_is_cut_after_it_was_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "BODY_LIMIT", 30)
    kept = Recorder()
    record(kept, response_body=b"<SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey>" + b"x" * 100)
    (exchange,) = kept.exchanges()
    assert exchange.response_body == f"<SecretAccessKey>{MASK}</Se…"


def test_bytes_that_are_no_text_do_no_harm() -> None:
    kept = Recorder()
    record(kept, request_body=b"\xff\x00", response_body="\ud800")
    (exchange,) = kept.exchanges()
    (exchange.request_body + exchange.response_body).encode()


def test_secrets_in_urls_headers_and_errors_are_masked() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    kept = Recorder()
    record(
        kept,
        url=f"http://x/?token={token}",
        request_headers=[("Authorization", "Bearer s3cr3t"), ("X-Amz-Security-Token", "s3cr3t")],
        response_headers=[("Set-Cookie", "s3cr3t")],
        error=f"could not send {token}",
    )
    for secret in ("s3cr3t", "c2lnbmF0dXJl"):
        assert secret not in repr(kept.exchanges())
