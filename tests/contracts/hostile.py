"""A shell whose kubeconfig and configuration of AWS name what never ends, and the walk's way to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import wiring
from app.clients.aws import login as aws_login
from app.flow.ports import Aws
from app.wiring import Choice
from tests.contracts.test_aws_login import REGION, Shell

ROLE = "role_arn = arn:aws:iam::111122223333:role/r\n"
KEYS = "aws_access_key_id = A\naws_secret_access_key = s\n"
BY_SOURCE = f"[profile a]\n{ROLE}source_profile = b\n"


def hostile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose kubeconfig leads nowhere; credentials are waited for as long as it takes to read to a limit."""
    monkeypatch.setattr(aws_login, "TIMEOUT", 60.0)
    return kubeconfig(Shell(folder, monkeypatch), folder, {"token": "t"})


def kubeconfig(shell: Shell, folder: Path, user: object) -> Shell:
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": user}],
    }
    (folder / "kubeconfig").write_text(json.dumps(config))
    return shell.set(KUBECONFIG=str(folder / "kubeconfig"))


def aws(profile: str = "") -> Aws:
    return wiring.live(Choice(profile=profile, region=REGION), seconds=300).aws


def large(path: Path) -> Path:
    """A file of a gigabyte that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as opened:
        opened.truncate(1024**3)
    return path
