"""The table of what learners type (`learner_commands.toml`), and a shell that runs its lines."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.waiting import SECONDS
from tools.commands_page import Row

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"ec2.amazonaws.com"}}]}'
)
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}'
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: from-file
spec:
  containers:
  - name: app
    image: busybox
    command: [sleep, infinity]
"""
FILES = {
    "pod.yaml": POD,
    "indented.yaml": POD.replace("kind:", "   kind:"),
    "misspelt.yaml": POD.replace("image:", "imagee:"),
    "pode.yaml": POD.replace("kind: Pod", "kind: Pode"),
    "script.sh": "echo from stdin\nexit 4\n",
    "trust.json": TRUST,
    "policy.json": POLICY,
}
"""What the learner has written."""


def write_files(folder: Path) -> None:
    """Puts the learner's files there."""
    for name, text in FILES.items():
        (folder / name).write_text(text)


def run(line: str, environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The line as bash runs it; errors are in its output, where a terminal shows them."""
    return subprocess.run(
        ["bash", "-c", line],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def wrong(row: Row, done: subprocess.CompletedProcess[Any]) -> Iterable[str]:
    """What the row did not expect, for a person to read; nothing where it came out as it says."""
    if done.returncode != row.status or not re.search(row.shows, done.stdout, re.MULTILINE):
        expected = f"expected {row.status} and {row.shows!r}"
        yield f"{row.line}\n  got {done.returncode}, {expected}\n{done.stdout[:1500]}"
