"""What `curl` says about a transfer: the variables of `-w`, and the lines of `-v`.

Source: curl 8, the manual's `--write-out`, and what it prints of transfers that failed (`docs/cmdline-opts`,
`lib/multi.c`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from app.world.node.shell.limits import OUTPUT, Killed
from app.world.node.shell.process import HttpRequest, HttpResponse, Process

_PART = re.compile(r"%\{([^{}]*)\}|%%|\\[nrt]")
_ESCAPES = {"%%": "%", "\\n": "\n", "\\r": "\r", "\\t": "\t"}


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One transfer as it ended, with its last response."""

    url: str
    """As it was given."""
    request: HttpRequest
    response: HttpResponse | None = None
    downloaded: int = 0
    """Bytes of the body that were given out."""
    redirects: int = 0
    seconds: float = 0.0
    code: int = 0
    """The exit status so far."""
    error: str = ""


def header(response: HttpResponse, name: str) -> str:
    """A header of a response; empty where it has none."""
    return next((value for each, value in response.headers if each.lower() == name), "")


def effective(url: str) -> str:
    """A URL with the path that curl asks for where it has none. One that cannot be read stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return url if parts.path else parts._replace(path="/").geturl()


def next_url(request: HttpRequest, response: HttpResponse) -> str:
    """Where a response leads to; empty where it leads nowhere."""
    location = header(response, "location") if response.status in (301, 302, 303, 307, 308) else ""
    return urljoin(request.url, location) if location else ""


async def write_out(process: Process, form: str, transfer: Transfer) -> None:
    """Prints what `-w` asks for."""
    request, response = transfer.request, transfer.response
    status = f"{response.status if response else 0:03}"
    values = {
        "http_code": status,
        "response_code": status,
        "url_effective": effective(request.url),
        "url": transfer.url,
        "method": request.method,
        "scheme": request.url.partition("://")[0] if "://" in request.url else "",
        "http_version": "1.1" if response else "0",
        "content_type": header(response, "content-type") if response else "",
        "redirect_url": next_url(request, response) if response else "",
        "num_redirects": str(transfer.redirects),
        "size_download": str(transfer.downloaded),
        "time_total": f"{transfer.seconds:.6f}",
        "exitcode": str(transfer.code),
        "errormsg": transfer.error,
    }
    pieces: list[str] = []
    size = end = 0
    for part in _PART.finditer(form):
        value = _ESCAPES.get(part[0]) or values.get(part[1])
        if value is None:
            name = part[1]
            await process.complain(f"unknown --write-out variable: '{name}' (in this simulated image's curl)")
        pieces += (form[end : part.start()], value or "")
        size += len(pieces[-2]) + len(pieces[-1])
        end = part.end()
        if size > OUTPUT:
            raise Killed
    await process.stdout.write("".join(pieces) + form[end:])


async def show_request(process: Process, request: HttpRequest) -> None:
    """Prints the lines that `-v` prints of a request that was sent."""
    parts = urlsplit(effective(request.url))
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    shown = "".join(f"> {name}: {value}\n" for name, value in request.headers)
    await process.stderr.write(f"> {request.method} {target} HTTP/1.1\n> Host: {parts.netloc}\n{shown}> \n")


async def show_failure(process: Process, error: str) -> None:
    """Prints the lines that `-v` prints before the error message."""
    await process.stderr.write(f"* {error}\n* Closing connection\n")
