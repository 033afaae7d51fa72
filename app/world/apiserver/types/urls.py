"""The rule for a webhook's URL (k8s.io/apiserver `pkg/util/webhook/validation.go`)."""

from __future__ import annotations

from urllib.parse import urlsplit

_FORM = "; desired format: https://host[/path]"


def url_errors(url: str) -> list[str]:
    """What is wrong with a webhook's URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return [f"url must be a valid URL: {error}{_FORM}"]
    wrong = []
    if parts.scheme != "https":
        wrong.append(f"'https' is the only allowed URL scheme{_FORM}")
    if not host:
        wrong.append(f"host must be specified{_FORM}")
    if parts.username is not None:
        wrong.append("user information is not permitted in the URL")
    if parts.fragment:
        wrong.append("fragments are not permitted in the URL")
    if parts.query:
        wrong.append("query parameters are not permitted in the URL")
    return wrong
