"""exec over SPDY/3.1, byte by byte: what a client sends, and what becomes of one that sends junk."""

import asyncio
import io
import itertools
import json
import socket
import ssl
import struct
import zlib
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from app.world.apiserver.endpoints import remote_command, spdy
from app.world.apiserver.endpoints import spdy_frames as frames
from app.world.apiserver.endpoints.spdy_frames import DICTIONARY, FRAME_LIMIT
from tests.waiting import SECONDS
from tests.world.kubernetes_world import PODS

pytestmark = pytest.mark.one_world

PATH = f"{PODS}/pod-after/exec?command=env&stdout=true&stderr=true"


def syn(compressor, number, kind):
    text = b"".join(struct.pack("!I", len(word)) + word for word in (b"streamtype", kind))
    block = compressor.compress(struct.pack("!I", 1) + text) + compressor.flush(zlib.Z_SYNC_FLUSH)
    content = struct.pack("!IIH", number, 0, 0) + block
    return struct.pack("!HHI", 0x8003, 1, len(content)) + content


def all_streams():
    compressor = zlib.compressobj(zdict=DICTIONARY)
    return b"".join(syn(compressor, 2 * n + 1, kind) for n, kind in enumerate([b"error", b"stdout", b"stderr"]))


@pytest.fixture
def speak(simulation, world):
    """Upgrades a connection, sends bytes, and returns the status line and all that came back until the end."""

    def speak(sent, path=PATH, protocol="v4.channel.k8s.io"):
        at = urlsplit(simulation.kubernetes_url)
        context = ssl.create_default_context(cadata=simulation.ca_pem.decode())
        with (
            socket.create_connection((at.hostname, at.port), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=at.hostname) as connection,
        ):
            lines = [f"POST /k8s/{world.path}{path} HTTP/1.1", f"Host: {at.netloc}", "Connection: Upgrade"]
            lines += ["Upgrade: SPDY/3.1", f"X-Stream-Protocol-Version: {protocol}"]
            lines += [f"Authorization: Bearer {world.admin_token}", "Content-Length: 0", "", ""]
            connection.sendall("\r\n".join(lines).encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1)
            if b" 101 " not in head.partition(b"\r\n")[0]:
                return head.partition(b"\r\n")[0], b""
            connection.sendall(sent)
            received = b""
            try:
                while data := connection.recv(65536):
                    received += data
                    if received.endswith(struct.pack("!II", 5, 1 << 24)):
                        connection.sendall(struct.pack("!HHIII", 0x8003, 7, 8, 0, 0))  # GOAWAY
            except ConnectionError:
                pass
            return head.partition(b"\r\n")[0], received

    return speak


def frames_of(received):
    """(stream, flags, content) of the data frames."""
    at, found = 0, []
    while at < len(received):
        first, rest = struct.unpack_from("!II", received, at)
        content = received[at + 8 : at + 8 + (rest & 0xFFFFFF)]
        at += 8 + len(content)
        if not first & 0x80000000:
            found.append((first, rest >> 24, content))
    return found


def test_the_streams_of_a_command(speak):
    status, received = speak(all_streams())
    assert status == b"HTTP/1.1 101 Switching Protocols"
    frames = frames_of(received)
    output = b"".join(content for stream, _, content in frames if stream == 3)
    assert b"AWS_ROLE_ARN=arn:aws:iam::" in output
    assert json.loads(b"".join(content for stream, _, content in frames if stream == 1)) == {
        "metadata": {},
        "status": "Success",
    }
    assert [(stream, flags) for stream, flags, _ in frames[-3:]] == [(1, 1), (3, 1), (5, 1)]


@pytest.mark.parametrize(
    "junk",
    [
        struct.pack("!II", 1, FRAME_LIMIT + 1),
        struct.pack("!HHI", 0x8002, 1, 0),
        struct.pack("!HHI", 0x8003, 1, 12) + b"x" * 12,
        b"".join(syn(c, 2 * n + 1, b"x%d" % n) for c in [zlib.compressobj(zdict=DICTIONARY)] for n in range(9)),
        syn(zlib.compressobj(zdict=DICTIONARY), 1, b"x" * 200_000),
        struct.pack("!HHIII", 0x8003, 7, 8, 0, 0),
    ],
    ids=["large", "version", "no-zlib", "streams", "bomb", "goaway"],
)
def test_junk_ends_the_connection_and_nothing_else(speak, junk, api):
    speak(junk)
    assert api.get("/version").status == 200


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"path": PATH.replace("pod-after", "ghost")}, b"404"),
        ({"path": PATH.replace("command=env", "")}, b"400"),
        ({"protocol": "v1.channel.k8s.io"}, b"403"),
    ],
)
def test_what_is_refused_before_the_upgrade(speak, arguments, status):
    assert speak(b"", **arguments)[0].split()[1] == status


def test_others_get_their_turn_between_two_frames():
    came, turns, answered = io.BytesIO(frames.control(frames.PING, b"\0\0\0\1") * 50), itertools.count(), []

    class Connection:
        async def read(self, count):
            if len(data := came.read(count)) < count:
                raise EOFError
            return data

        async def write(self, data):
            answered.append(next(turns))

    async def main():
        async def others():
            while True:
                next(turns)
                await asyncio.sleep(0)

        waiting = asyncio.create_task(others())
        with pytest.raises(EOFError):
            await spdy._Session(None, SimpleNamespace(wanted=("stdin",), tty=False), Connection()).run()
        waiting.cancel()

    asyncio.run(main())
    assert all(later - earlier > 1 for earlier, later in pairwise(answered))
    assert len(answered) == 50


def test_a_client_counts_before_it_has_opened_its_streams(speak, world, monkeypatch):
    """Or any number could be let in first, and all be served then."""
    run, attached = spdy._Session.run, []

    async def noted(session):
        attached.append(world.usage.attached)
        await run(session)

    monkeypatch.setattr(spdy._Session, "run", noted)
    speak(all_streams())
    assert attached == [1]
    monkeypatch.setattr(world.usage, "attached", remote_command.SESSIONS_LIMIT)
    assert speak(b"")[0].split()[1] == b"429"
