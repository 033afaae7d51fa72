"""`curl`, for the servers of a world: instance metadata, AWS, the API server, the issuer. There are no others."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from app.world.node.programs.unix.curl_report import Transfer, next_url, show_failure, show_request, write_out
from app.world.node.programs.unix.inputs import whole
from app.world.node.programs.unix.options import UsageProblem
from app.world.node.shell.process import HttpRequest, NoAnswer, Process
from app.world.node.shell.redirections import open_to_write
from app.world.node.shell.streams import Text, decoded, encoded

_FLAGS = {
    **{"-s": "silent", "--silent": "silent", "-S": "errors", "--show-error": "errors", "-i": "include"},
    **{"--include": "include", "-I": "head", "--head": "head", "-f": "fail", "--fail": "fail", "-v": "verbose"},
    **{"--verbose": "verbose", "-L": "location", "--location": "location", "-k": "insecure", "--insecure": "insecure"},
    **{
        "-G": "get",
        "--get": "get",
        "-4": "four",
        "--compressed": "compressed",
        "-g": "globoff",
        "--globoff": "globoff",
    },
}
_VALUES = {
    **{"-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data"},
    **{"--data-raw": "raw", "--data-binary": "binary", "--data-urlencode": "urlencode", "-o": "output"},
    **{"--output": "output", "-w": "write", "--write-out": "write", "-m": "time", "--max-time": "time"},
    **{"--connect-timeout": "connect", "--cacert": "cacert", "-A": "agent", "--user-agent": "agent", "--url": "url"},
    **{"--noproxy": "noproxy", "--retry": "retry"},
}
HEADERS_LIMIT = 20
REDIRECTS_LIMIT = 50
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{0,9})?")
_CONTENT = re.compile(r"[\t -~]{0,8192}")


@dataclass(kw_only=True)
class _Asked:
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)


class _Unreadable(UsageProblem):
    """A file of an option cannot be read."""


async def curl(process: Process) -> int:
    """Sends one request for each URL."""
    if process.arguments[1:2] in (["--version"], ["-V"]):
        await process.stdout.write("curl 8.3.0 (this simulated image's curl)\nProtocols: http https\n")
        return 0
    try:
        asked = await _read(process)
        if not asked.urls:
            raise UsageProblem("(2) no URL specified" if process.arguments[1:] else "")
    except UsageProblem as problem:
        if str(problem):
            await process.complain(str(problem))
        await process.complain("try 'curl --help' or 'curl --manual' for more information")
        return 26 if isinstance(problem, _Unreadable) else 2
    status = 0
    for url in asked.urls[:10]:
        done = await _transfer(process, asked, url)
        if done.code and ("silent" not in asked.flags or "errors" in asked.flags):
            await process.complain(f"({done.code}) {done.error}")
        await write_out(process, asked.values.get("write", ""), done)
        status = done.code
    return status


async def _transfer(process: Process, asked: _Asked, url: str) -> Transfer:
    """Sends the request for a URL and those that `-L` asks for, and gives out what came."""
    started, verbose = time.perf_counter(), "verbose" in asked.flags
    done = Transfer(url=url, request=HttpRequest(method="GET", url=url, headers=(), body=b""))
    try:
        done = replace(done, request=_request(process, asked, url))
        while True:
            response = await process.system.fetch(done.request, process.own_container)
            head = f"HTTP/1.1 {response.status} {response.reason}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in response.headers) + "\r\n"
            if verbose:
                await show_request(process, done.request)
                await process.stderr.write("".join(f"< {line}\n" for line in head.split("\r\n")[:-1]))
            done = replace(done, response=response)
            following = next_url(done.request, response) if "location" in asked.flags else ""
            failed = "fail" in asked.flags and response.status >= 400
            if failed:
                raise NoAnswer(22, f"The requested URL returned error: {response.status}", sent=True)
            given = await _give(process, asked, head, b"" if following else response.body)
            if not following:
                done = replace(done, downloaded=given, seconds=time.perf_counter() - started)
                break
            if done.redirects >= REDIRECTS_LIMIT:
                raise NoAnswer(47, f"Maximum ({REDIRECTS_LIMIT}) redirects followed", sent=True)
            request = _redirected(asked, done.request, response.status, following)
            done = replace(done, request=request, redirects=done.redirects + 1)
    except NoAnswer as error:
        if verbose and error.seconds and error.sent:
            await show_request(process, done.request)
        if verbose:
            await show_failure(process, str(error))
        seconds = error.seconds or time.perf_counter() - started
        done = replace(done, code=error.code, error=str(error), seconds=seconds)
    return done


def _request(process: Process, asked: _Asked, url: str) -> HttpRequest:
    """The request for a URL. Raises `NoAnswer`."""
    if "://" not in url:
        url = f"http://{url}"
    body = "&".join(asked.data)
    if body and "get" in asked.flags:
        url += ("&" if "?" in url else "?") + body
        body = ""
    posts = bool(asked.data) and "get" not in asked.flags  # empty data is sent as well
    method = asked.values.get("method") or ("HEAD" if "head" in asked.flags else "POST" if posts else "GET")
    own = [("User-Agent", asked.values.get("agent", "curl/8.3.0")), ("Accept", "*/*")]
    own += [("Content-Type", "application/x-www-form-urlencoded")] if posts else []
    given = {name.lower() for name, _ in asked.headers}  # each replaces curl's own header; an empty one removes it
    headers = [header for header in own if header[0].lower() not in given]
    headers += [(name, content) for name, content in asked.headers if content]
    ca = None
    if (path := asked.values.get("cacert")) is not None:
        try:
            ca = process.files.read(process.path(path))
        except OSError:
            raise NoAnswer(77, f"error setting certificate verify locations:  CAfile: {path}") from None
    return HttpRequest(
        method=method,
        url=url,
        headers=tuple(headers),
        body=encoded(body),
        insecure="insecure" in asked.flags,
        ca=ca,
        seconds=float(asked.values.get("time", "0")),
        connect_seconds=float(asked.values.get("connect", "0")),
    )


def _redirected(asked: _Asked, request: HttpRequest, status: int, url: str) -> HttpRequest:
    """The request that follows a redirect: a POST becomes a GET unless `-X` or the status says otherwise, and another
    host gets no credentials (curl's manual, `--location`)."""
    method, body, left_out = request.method, request.body, set[str]()
    if status in (301, 302, 303) and method != "HEAD" and "method" not in asked.values:
        method, body, left_out = "GET", b"", {"content-type"}
    if urlsplit(url).netloc != urlsplit(request.url).netloc:
        left_out |= {"authorization", "cookie"}
    headers = tuple(each for each in request.headers if each[0].lower() not in left_out)
    return replace(request, method=method, url=url, body=body, headers=headers)


async def _give(process: Process, asked: _Asked, head: str, body: bytes) -> int:
    """Gives out a response, and returns how many bytes of its body. Raises `NoAnswer`."""
    out = process.stdout
    target = asked.values.get("output")
    if target is not None and target != "-":
        try:
            path = process.path(target)
            out = open_to_write(process.files, path, process.limits, append=False)
        except OSError as error:
            raise NoAnswer(23, f"Failure writing output to destination: {error.strerror}", sent=True) from None
    if asked.flags & {"include", "head"}:
        await out.write(head)
    if "head" in asked.flags:
        return 0
    await out.write(decoded(body))
    return len(body)


async def _read(process: Process) -> _Asked:
    """The options and URLs of the command line. Raises `UsageProblem`."""
    asked = _Asked()
    words = process.arguments[1:]
    while words:
        word, words = words[0], words[1:]
        if not word.startswith("-") or word == "-":
            asked.urls.append(word)
            continue
        names = [word] if word.startswith("--") else [f"-{letter}" for letter in word[1:]]
        for place, name in enumerate(names):
            if name in _FLAGS:
                asked.flags.add(_FLAGS[name])
                continue
            kind = _VALUES.get(name)
            if kind is None:
                raise UsageProblem(f"option {name}: is unknown to this simulated image's curl")
            value = "" if word.startswith("--") else word[place + 2 :]
            if not value:
                if not words:
                    raise UsageProblem(f"option {name}: requires parameter")
                value, words = words[0], words[1:]
            await _take(process, asked, name, kind, value)
            break
    return asked


async def _take(process: Process, asked: _Asked, name: str, kind: str, value: str) -> None:
    match kind:
        case "header":
            field_name, found, content = value.partition(":")
            is_one = found and _HEADER.fullmatch(field_name) and _CONTENT.fullmatch(content)
            if is_one and len(asked.headers) < HEADERS_LIMIT:
                asked.headers.append((field_name, content.strip()))
        case "agent" if not _CONTENT.fullmatch(value):
            pass  # as a header that is none
        case "url":
            asked.urls.append(value)
        case "data" | "binary" if value.startswith("@"):
            stream = process.stdin if value == "@-" else Text(await _content(process, value[1:]))
            text = await whole(process, stream)
            asked.data.append(text if kind == "binary" else text.replace("\n", "").replace("\r", ""))
        case "data" | "binary" | "raw":
            asked.data.append(value)
        case "urlencode":
            key, found, content = value.partition("=")
            if not found and "@" in value:
                key, _, path = value.partition("@")
                content = await _content(process, path)
                process.memory.take(3 * len(content))
                await process.limits.step(1 + len(content) // 20)
                found = "=" if key else ""
            elif not found:
                key, content = "", value
            asked.data.append(f"{key}{found if key else ''}{quote(content, safe='-_.~')}")
        case "time" | "connect" if not _SECONDS.fullmatch(value):
            raise UsageProblem(f"option {name}: expected a proper numerical parameter")
        case _:
            asked.values[kind] = value


async def _content(process: Process, path: str) -> str:
    try:
        return decoded(process.files.read(process.path(path)))
    except OSError:
        await process.complain(f"Failed to open {path}")
        raise _Unreadable("option -d: error encountered when reading a file") from None
