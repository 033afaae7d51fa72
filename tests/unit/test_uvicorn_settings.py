"""What `serve` gives uvicorn: how many visitors find room, and what the others read."""

import resource

import pytest

from app.content import LANGUAGES, load
from app.serving import descriptors
from app.serving.operations.open_pages import OPEN_PAGES, room
from app.serving.transport.uvicorn_settings import busy_page, of_pages, page_limits

GIGABYTE = 1 << 30


@pytest.fixture(autouse=True)
def _much_memory(monkeypatch):
    monkeypatch.setattr(OPEN_PAGES, "limit", room(64 * GIGABYTE))


@pytest.mark.parametrize("descriptor_limit", [descriptors.LEAST, 120, 256, 1024, 8192, 1_000_000])
def test_visitors_leave_descriptors_for_the_rest_and_one_address_leaves_room_for_others(descriptor_limit):
    limits = page_limits(descriptor_limit)
    assert 0 < limits.connections < descriptor_limit * 5 / 8
    assert 0 < limits.refusals <= min(64, descriptor_limit / 8), "else the system accepts no probe"
    assert limits.per_address == limits.connections // 2


def test_a_room_behind_one_address_fits():
    assert [page_limits(descriptors.LEAST - fewer).per_address for fewer in (0, 1)] == [7, 6]
    assert page_limits(descriptors.WANTED).per_address > 300 * 7, "a websocket each, six connections while it loads"


def test_where_memory_is_short_there_are_fewer_connections_than_descriptors(monkeypatch):
    monkeypatch.setattr(OPEN_PAGES, "limit", room(2 * GIGABYTE))
    limits = page_limits(1_000_000)
    assert OPEN_PAGES.limit * 3 < limits.connections, "a page has two websockets, and asks for files"
    assert limits.per_address * 600_000 < 1.2 * GIGABYTE, "what they take that do not read"


def test_who_finds_no_room_reads_so_in_every_language():
    head, _, body = busy_page([load(name) for name in LANGUAGES]).decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert "retry-after: 30" in head
    assert "connection: close" in head
    assert f"content-length: {len(body.encode())}" in head
    for name in LANGUAGES:
        assert f'<section lang="{name}"' in body
        assert load(name).message("serving.busy.title") in body


def test_nothing_is_inflated_and_no_header_changes_who_asks():
    options = of_pages(())
    assert options["ws_per_message_deflate"] is False
    assert options["proxy_headers"] is False


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 500_000), (descriptors.WANTED, 500_000)),
        ((1024, 4096), (4096, 4096)),
        ((1024, resource.RLIM_INFINITY), (descriptors.WANTED, resource.RLIM_INFINITY)),
        ((100_000, 500_000), None),
        ((1024, 1024), None),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_the_hard_one_allows(monkeypatch, before, after):
    made = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: made.append(pair))
    descriptors.raise_limit()
    assert made == ([after] if after else [])


def test_where_the_system_refuses_so_many_it_is_asked_for_what_macos_grants(monkeypatch):
    made = []

    def setrlimit(_, pair):
        if pair[0] > 10_240:
            raise ValueError("current limit exceeds maximum limit")
        made.append(pair)

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    descriptors.raise_limit()
    assert made == [(10_240, resource.RLIM_INFINITY)]
