"""Which address a visitor is counted by."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.serving.visitor import address_of
from app.setting_values import Networks

PROXY = (ipaddress.ip_network("10.0.0.0/24"), ipaddress.ip_network("2001:db8:ffff::1"))


def scope(client, *forwarded):
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return {"type": "http", "client": client and (client, 40000), "headers": headers}


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        (None, (), ""),
        ("2001:db8:0:1:aaaa::1", (), "2001:db8::/48"),
        ("fe80::1%eth0", (), "fe80::/48"),
        ("::ffff:192.0.2.1", (), "192.0.2.1"),
        # Only a proxy's word counts.
        ("192.0.2.1", ("198.51.100.7",), "192.0.2.1"),
        ("10.0.0.5", ("198.51.100.7",), "198.51.100.7"),
        ("2001:db8:ffff::1", ("2001:db8:0:2::9",), "2001:db8::/48"),
        # What stands further left than the visitor's own address was sent by the visitor.
        ("10.0.0.5", ("203.0.113.9, 198.51.100.7, 10.0.0.6",), "198.51.100.7"),
        ("10.0.0.5", ("203.0.113.9", "198.51.100.7"), "198.51.100.7"),
        ("10.0.0.5", ("junk, 198.51.100.7",), "198.51.100.7"),
        ("10.0.0.5", ("10.0.0.9, 10.0.0.6",), "10.0.0.9"),
        # With ports.
        ("10.0.0.5", ("198.51.100.7:1234",), "198.51.100.7"),
        ("10.0.0.5", ("[2001:db8:0:2::9]:1234",), "2001:db8::/48"),
        # No address: the proxy itself.
        ("10.0.0.5", (), "10.0.0.5"),
        ("10.0.0.5", ("",), "10.0.0.5"),
        ("10.0.0.5", ("198.51.100.7, unknown",), "10.0.0.5"),
    ],
)
def test_the_address_is_the_connection_s_or_the_one_that_a_proxy_of_ours_saw(client, forwarded, expected):
    assert address_of(scope(client, *forwarded), PROXY) == expected


def test_where_every_address_is_trusted_no_visitor_says_who_they_are():
    everyone = Networks().read("*")
    assert address_of(scope("10.0.0.5", "203.0.113.9, 198.51.100.7"), everyone) == "198.51.100.7"
    assert address_of(scope("2001:db8:1::5", "203.0.113.9", "198.51.100.7"), everyone) == "198.51.100.7"


def test_without_proxies_what_a_browser_says_is_never_believed():
    assert address_of(scope("127.0.0.1", "198.51.100.7"), ()) == "127.0.0.1"


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=3))
def test_any_header_gives_an_address(lines):
    assert address_of(scope("10.0.0.5", *lines), PROXY)
