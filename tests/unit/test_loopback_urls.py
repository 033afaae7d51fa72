"""The URLs by which the world's servers ask each other, of which learners write some."""

import pytest

from app.world.servers.loopback import URL_LIMIT, HttpsUrl, NetworkError


@pytest.mark.parametrize(
    ("text", "host", "authority", "port", "path", "target"),
    [
        ("https://EX.com", "ex.com", "ex.com", None, "/", "/"),
        ("https://ex.com:443/x", "ex.com", "ex.com", None, "/x", "/x"),
        ("https://127.0.0.1:8443/a b?q=ä#f", "127.0.0.1", "127.0.0.1:8443", 8443, "/a%20b", "/a%20b?q=%C3%A4"),
        ("https://[::1]:8443/x", "::1", "[::1]:8443", 8443, "/x", "/x"),
        ("https://user:pw@h:80?x=1", "h", "h:80", 80, "/", "/?x=1"),
        ("https://例え.jp/x", "xn--r8jz45g.jp", "xn--r8jz45g.jp", None, "/x", "/x"),
        ("https://h/a\r\nX: y", "h", "h", None, "/a%0D%0AX:%20y", "/a%0D%0AX:%20y"),
    ],
)
def test_what_a_request_needs_of_a_url(text, host, authority, port, path, target):
    url = HttpsUrl.parse(text)
    assert (url.host, url.authority, url.port, url.path, url.target) == (host, authority, port, path, target)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://ex.com/", 'unsupported protocol scheme "http"'),
        ("", 'unsupported protocol scheme ""'),
        ("https:/x", 'unsupported protocol scheme "https"'),
        ("https://" + "x" * URL_LIMIT, "invalid URL"),
        ("https://a b/", "invalid URL"),
        ("https://h\x00/", "invalid URL"),
        ("https://h:99999/", "invalid URL"),
        (443, "invalid URL"),
    ],
)
def test_what_is_no_https_url_is_refused(text, said):
    with pytest.raises(NetworkError, match=said):
        HttpsUrl.parse(text)
