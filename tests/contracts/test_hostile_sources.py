"""Programs and files that a kubeconfig and the configuration of AWS name: each read to a limit, by a walk's way."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

from app import wiring
from app.clients import sources
from app.flow.errors import NotPermitted, Unreachable
from tests.contracts.hostile import BY_SOURCE, ROLE, aws, hostile, kubeconfig, large
from tests.contracts.test_aws_login import Shell

PROFILES = {"direct": "[profile a]\n", "by source_profile": f"{BY_SOURCE}[profile b]\n"}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return hostile(tmp_path, monkeypatch)


def program(folder: Path, after: str) -> Path:
    """A program that writes down its process id and then does something for ever."""
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nimport os, pathlib, time\n")
    with path.open("a") as written:
        written.write(f"pathlib.Path({str(folder / 'pid')!r}).write_text(str(os.getpid()))\nwhile True: {after}\n")
    path.chmod(0o700)
    return path


def has_ended(folder: Path) -> bool:
    try:
        os.kill(int((folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_an_exec_plugin(shell: Shell, tmp_path: Path) -> None:
    path = program(tmp_path, "print('x' * 65536)")
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "interactiveMode": "Never"}
    kubeconfig(shell, tmp_path, {"exec": plugin})
    with pytest.raises(Unreachable) as raised:
        aws()
    error = raised.value
    assert (error.code, error.got, error.expected) == ("exec_plugin_too_large", str(path), str(sources.OUTPUT_LIMIT))
    assert has_ended(tmp_path)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_credential_process_that_never_stops_writing(shell: Shell, tmp_path: Path, profile: str, stream: str) -> None:
    path = program(tmp_path, f"print('x' * 65536, file=__import__('sys').{stream})")
    shell.file("config", f"{PROFILES[profile]}credential_process = {path}\n")
    with pytest.raises(NotPermitted) as raised:
        aws("a").caller_identity()
    error = raised.value
    assert (error.code, error.got, error.expected) == ("aws_source_too_large", str(path), str(sources.OUTPUT_LIMIT))
    assert error.about_login
    assert has_ended(tmp_path)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_credential_process_that_never_ends(
    shell: Shell, tmp_path: Path, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "TIMEOUT", 1.0)
    shell.file("config", f"{PROFILES[profile]}credential_process = {program(tmp_path, 'time.sleep(1)')}\n")
    with pytest.raises(NotPermitted, match="timed out") as raised:
        aws("a").caller_identity()
    assert raised.value.code == "aws_credentials_failed"
    assert has_ended(tmp_path)


WEB_IDENTITY = f"{ROLE}web_identity_token_file = /dev/zero\n"
FILES = {
    # what names a file without end: (the configuration, the variables)
    "a web identity's token": (f"[profile a]\n{WEB_IDENTITY}", {}),
    "one of a source_profile": (f"{BY_SOURCE}[profile b]\n{WEB_IDENTITY}", {}),
    "one of the environment": (
        "[profile a]\n",
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/zero", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/r"},
    ),
    "a container's token": (
        "[profile a]\n",
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/dev/zero",
        },
    ),
    "a container's token, of a credential_source": (
        f"[profile a]\n{ROLE}credential_source = EcsContainer\n",
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/dev/zero",
        },
    ),
    "the file of the first tools for EC2": ("[profile a]\n", {"AWS_CREDENTIAL_FILE": "/dev/zero"}),
    "the file of boto 2": ("[profile a]\n", {"BOTO_CONFIG": "/dev/zero"}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_end(shell: Shell, name: str) -> None:
    config, variables = FILES[name]
    shell.file("config", config).set(**variables)
    with pytest.raises(NotPermitted) as raised:  # a profile that is named goes before the environment
        aws("" if "AWS_WEB_IDENTITY_TOKEN_FILE" in variables else "a").caller_identity()
    error = raised.value
    assert (error.code, error.got, error.expected) == ("aws_source_too_large", "/dev/zero", str(sources.FILE_LIMIT))


def test_configuration_named_by_a_variable_within_its_name(shell: Shell, tmp_path: Path) -> None:
    path = large(tmp_path / "large")
    shell.set(AWS_CONFIG_FILE="$HOME/large")
    with pytest.raises(NotPermitted) as signed:
        aws().caller_identity()
    with pytest.raises(NotPermitted) as unsigned:
        aws().assume_role_with_web_identity("arn:aws:iam::111122223333:role/r", "session", "a.b.c")
    for error in (signed.value, unsigned.value):
        assert (error.code, error.got) == ("aws_source_too_large", str(path))
    assert wiring.profiles() == ()


@pytest.mark.parametrize("session", ["sso_session = s\n", ""])
def test_the_token_of_an_sso_login(shell: Shell, tmp_path: Path, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path / "cache"))
    where = "sso_start_url = https://s.example\nsso_region = eu-west-1\n"
    config = f"[profile a]\n{session or where}sso_account_id = 111122223333\nsso_role_name = r\n"
    shell.file("config", f"{config}[sso-session s]\n{where}")
    key = hashlib.sha1(b"s" if session else b"https://s.example", usedforsecurity=False).hexdigest()
    path = large(tmp_path / "cache" / f"{key}.json")
    with pytest.raises(NotPermitted) as raised:
        aws("a").caller_identity()
    assert (raised.value.code, raised.value.got) == ("aws_source_too_large", str(path))
