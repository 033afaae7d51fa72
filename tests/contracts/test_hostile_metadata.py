"""Metadata services that give credentials, and the CA bundle: no answer and no file is read without a limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import wiring
from app.clients import bounds, sources
from app.content import load
from app.flow.errors import FlowError, NotPermitted, TooLarge, Unreachable
from app.flow.ports import Aws
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.flood import IN_FLIGHT, flood, head
from tests.contracts.hostile import BY_SOURCE, KEYS, ROLE, aws, hostile, large
from tests.contracts.scripted import scripted
from tests.contracts.test_aws_login import Shell

LIMIT = 64 * 1024
DRIP = (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
"""An answer that never becomes one."""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return hostile(tmp_path, monkeypatch)


CONTAINER = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
INSTANCE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
SOURCES = {CONTAINER: "EcsContainer", INSTANCE: "Ec2InstanceMetadata"}


def metadata(shell: Shell, variable: str, port: int, *, source: bool = False) -> Aws:
    shell.set(**{variable: f"http://127.0.0.1:{port}/", "AWS_EC2_METADATA_DISABLED": "false"})
    shell.file("config", f"[profile a]\n{f'{ROLE}credential_source = {SOURCES[variable]}' if source else ''}\n")
    return aws("a" if source else "")


@pytest.mark.parametrize("source", [False, True], ids=["the last of the chain", "a credential_source"])
@pytest.mark.parametrize("variable", SOURCES)
@pytest.mark.parametrize("first", [head(), head(404), head(200, Content_Length=str(1 << 40))])
def test_a_metadata_service_that_never_stops_answering(
    shell: Shell, variable: str, source: bool, first: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds.BoundedPool, "limit", LIMIT)
    with flood(first, b"x" * 80_000) as server, pytest.raises(TooLarge) as raised:
        metadata(shell, variable, server.port, source=source).caller_identity()
    assert (raised.value.code, raised.value.expected) == ("answer_too_large", str(LIMIT))
    assert server.sent < LIMIT + IN_FLIGHT
    assert server.connections == 1


@pytest.mark.parametrize(("variable", "times"), [(CONTAINER, 1), (INSTANCE, 2)])
def test_a_metadata_service_whose_answer_never_begins(
    shell: Shell, variable: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an instance, the token is asked for first, and then, as of one that has none, the role."""
    monkeypatch.setattr(bounds, "ANSWER_SECONDS", 0.1)
    with flood(*DRIP, most=1 << 50) as server, pytest.raises(NotPermitted):
        metadata(shell, variable, server.port).caller_identity()
    assert server.connections == times


def test_a_container_s_service_that_fails_is_asked_once(shell: Shell) -> None:
    with scripted(500, b"no") as server, pytest.raises(NotPermitted, match="500") as raised:
        metadata(shell, CONTAINER, server.port).caller_identity()
    assert raised.value.code == "aws_credentials_failed"
    assert len(server.received) == 1


def test_a_container_s_token_is_sent_as_its_file_says(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("made-up")
    shell.set(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "token"))
    with scripted(500, b"no") as server, pytest.raises(NotPermitted):
        metadata(shell, CONTAINER, server.port).caller_identity()
    assert server.headers()["authorization"] == "made-up"


def test_no_mode_of_defaults_makes_us_ask_an_instance(shell: Shell) -> None:
    shell.keys().set(AWS_DEFAULTS_MODE="auto", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    with flood(head(), b"x") as server, pytest.raises(Unreachable) as raised:
        metadata(shell, INSTANCE, server.port).caller_identity()
    assert raised.value.code == "connection_refused"
    assert server.connections == 0


BUNDLES = ("a pipe", "a device", "a gigabyte", "a folder", "nothing")


def bundle(folder: Path, kind: str) -> Path:
    path = folder / "bundle"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a gigabyte":
        large(path)
    return Path("/dev/zero") if kind == "a device" else path


@pytest.mark.parametrize("kind", BUNDLES)
@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", ""])
def test_a_ca_bundle_is_a_file_of_a_limited_size(shell: Shell, tmp_path: Path, variable: str, kind: str) -> None:
    path = bundle(tmp_path, kind)
    shell.file("config", f"[profile a]\n{KEYS}{'' if variable else f'ca_bundle = {path}'}\n")
    shell.set(AWS_ENDPOINT_URL="https://127.0.0.1:1", **({variable: str(path)} if variable else {}))
    with pytest.raises(Unreachable) as raised:
        aws("a").caller_identity()
    error = raised.value
    assert (error.code, error.got, error.expected) == ("aws_ca_unusable", str(path), str(sources.FILE_LIMIT))


def test_so_it_is_where_sts_is_asked_for_credentials(shell: Shell, tmp_path: Path) -> None:
    path = bundle(tmp_path, "a pipe")
    shell.file("config", f"{BY_SOURCE}ca_bundle = {path}\n[profile b]\n{KEYS}")
    with pytest.raises(Unreachable) as raised:
        aws("a").caller_identity()
    assert (raised.value.code, raised.value.got) == ("aws_ca_unusable", str(path))


def test_the_simulated_world_needs_no_ca_bundle(
    simulation: Simulation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent")
    assert wiring.simulated(simulation, world).aws.caller_identity()["Account"] == world.account_id


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_words_name_what_it_was_and_what_would_do(shell: Shell, tmp_path: Path, language: str) -> None:
    path = bundle(tmp_path, "a pipe")
    shell.set(AWS_CA_BUNDLE=str(path)).file(
        "config", f"[profile a]\n{KEYS}[profile b]\n{ROLE}web_identity_token_file = /dev/zero\n"
    )
    for profile, got in (("a", str(path)), ("b", "/dev/zero")):
        with pytest.raises(FlowError) as raised:
            aws(profile).caller_identity()
        words = load(language).error(raised.value.words, **raised.value.values)
        assert f"`{got}`" in str(words.got)
        assert str(sources.FILE_LIMIT) in str(words.expected)
