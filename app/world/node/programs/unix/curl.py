"""`curl`, for the servers of a world: instance metadata, AWS, the API server, the issuer. There are no others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from app.world.node.programs.unix.inputs import whole
from app.world.node.programs.unix.options import UsageProblem
from app.world.node.shell.limits import OUTPUT, Killed
from app.world.node.shell.process import HttpRequest, HttpResponse, NoAnswer, Process
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
    **{"--connect-timeout": "time", "--cacert": "cacert", "-A": "agent", "--user-agent": "agent", "--url": "url"},
    **{"--noproxy": "noproxy", "--retry": "retry"},
}
HEADERS_LIMIT = 20
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_CONTENT = re.compile(r"[\t -~]{0,8192}")


@dataclass(kw_only=True)
class _Asked:
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)


async def curl(process: Process) -> int:
    """Sends one request for each URL."""
    if process.arguments[1:2] in (["--version"], ["-V"]):
        await process.stdout.write("curl 8.3.0 (this simulated image's curl)\nProtocols: http https\n")
        return 0
    asked = await _read(process)
    if not asked.urls:
        await process.stderr.write("curl: try 'curl --help' or 'curl --manual' for more information\n")
        return 2
    status = 0
    for url in asked.urls[:10]:
        try:
            status = await _one(process, asked, url)
        except NoAnswer as error:
            status = await _fail(process, asked, error.code, str(error))
            await _write_out(process, asked, 0, url)
    return status


async def _fail(process: Process, asked: _Asked, code: int, why: str) -> int:
    """Prints the reason, and returns curl's exit status."""
    if "silent" not in asked.flags or "errors" in asked.flags:
        await process.stderr.write(f"curl: ({code}) {why}\n")
    return code


async def _one(process: Process, asked: _Asked, url: str) -> int:
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
    request = HttpRequest(
        method=method,
        url=url,
        headers=tuple(headers),
        body=encoded(body),
        insecure="insecure" in asked.flags,
        ca=ca,
    )
    if "verbose" in asked.flags:
        path = urlsplit(url).path or "/"
        shown = "".join(f"> {name}: {value}\n" for name, value in headers)
        await process.stderr.write(f"> {method} {path} HTTP/1.1\n> Host: {urlsplit(url).netloc}\n{shown}>\n")
    response = await process.system.fetch(request, process.own_container)
    head = f"HTTP/1.1 {response.status} {response.reason}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in response.headers) + "\r\n"
    if "verbose" in asked.flags:
        await process.stderr.write("".join(f"< {line}\n" for line in head.split("\r\n")[:-1]))
    if "fail" in asked.flags and response.status >= 400:
        await _write_out(process, asked, response.status, url)
        return await _fail(process, asked, 22, f"The requested URL returned error: {response.status}")
    return await _give(process, asked, url, head, response)


async def _give(process: Process, asked: _Asked, url: str, head: str, response: HttpResponse) -> int:
    out = process.stdout
    target = asked.values.get("output")
    if target is not None and target != "-":
        try:
            path = process.path(target)
            out = open_to_write(process.files, path, process.limits, append=False)
        except OSError as error:
            raise NoAnswer(23, f"Failure writing output to destination: {error.strerror}") from None
    if asked.flags & {"include", "head"}:
        await out.write(head)
    if "head" not in asked.flags:
        await out.write(decoded(response.body))
    await _write_out(process, asked, response.status, url)
    return 0


async def _write_out(process: Process, asked: _Asked, status: int, url: str) -> None:
    """Prints the values that `-w` asks for; the status is 0 where no response came."""
    text = asked.values.get("write", "")
    if len(text) + text.count("%{url_effective}") * len(url) > OUTPUT:
        raise Killed
    for name, value in (("http_code", f"{status:03}"), ("response_code", f"{status:03}"), ("url_effective", url)):
        text = text.replace(f"%{{{name}}}", value)
    await process.stdout.write(text.replace("\\n", "\n").replace("\\t", "\t"))


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
            await _take(process, asked, kind, value)
            break
    return asked


async def _take(process: Process, asked: _Asked, kind: str, value: str) -> None:
    match kind:
        case "header":
            name, found, content = value.partition(":")
            if found and len(asked.headers) < HEADERS_LIMIT and _HEADER.fullmatch(name) and _CONTENT.fullmatch(content):
                asked.headers.append((name, content.strip()))
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
            name, found, content = value.partition("=")
            if not found and "@" in value:
                name, _, path = value.partition("@")
                content = await _content(process, path)
                process.memory.take(3 * len(content))
                await process.limits.step(1 + len(content) // 20)
                found = "=" if name else ""
            elif not found:
                name, content = "", value
            asked.data.append(f"{name}{found if name else ''}{quote(content, safe='-_.~')}")
        case _:
            asked.values[kind] = value


async def _content(process: Process, path: str) -> str:
    try:
        return decoded(process.files.read(process.path(path)))
    except OSError:
        raise UsageProblem(f"option -d: error encountered when reading a file ('{path}')") from None
