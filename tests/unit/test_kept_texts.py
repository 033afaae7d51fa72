"""A reader's own text at an address that nobody can guess, for as long as the session keeps it, and in no cache."""

import gc

import pytest

from app.serving.kept_texts import KEPT_TEXTS, PREFIX
from tests.unit.whole_server import ask

TEXT = '{"say": "ServiceAccount を直す"}'


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_browser_gets_the_text_and_no_cache_keeps_it(encoding):
    kept = KEPT_TEXTS.keep(TEXT)
    answer = ask(kept.address, **{"accept-encoding": encoding})
    assert (answer.status_code, answer.text) == (200, TEXT)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_same_text_has_another_address_for_another_reader():
    one, other = KEPT_TEXTS.keep(TEXT), KEPT_TEXTS.keep(TEXT)
    assert one.address != other.address
    assert len(one.address.removeprefix(PREFIX)) * 4 >= 128, "fewer random bits than nobody can guess"


def test_it_is_gone_with_the_session_that_kept_it():
    kept = KEPT_TEXTS.keep(TEXT)
    address = kept.address
    del kept
    gc.collect()
    answer = ask(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize("refused", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_another_page_may_not_ask(refused):
    assert ask(KEPT_TEXTS.keep(TEXT).address, **refused).status_code in (403, 421)


def test_it_is_only_read():
    kept = KEPT_TEXTS.keep(TEXT)
    assert ask(kept.address, "HEAD").status_code == 200
    assert ask(kept.address, "POST").status_code == 405
