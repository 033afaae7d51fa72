"""Who we are in a Pod of our own, and what is read there without asking anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.clients.kubernetes import own_pod
from app.flow.model import Subject
from app.flow.ports import Execution
from tests.unit.fake_ports import SUBJECT, token

BOUND = {
    "namespace": "default",
    "pod": {"name": "pod-after", "uid": "1"},
    "serviceaccount": {"name": "my-sa", "uid": "2"},
}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (token(**{"kubernetes.io": BOUND}), SUBJECT),
        (token(**{"kubernetes.io": BOUND}) + "\n", SUBJECT),
        (token(**{"kubernetes.io": {"namespace": "default"}}), None),
        ("junk", None),
        ("", None),
        (None, None),
    ],
)
def test_the_pods_token_says_who_we_are(tmp_path: Path, content: str | None, found: Subject | None) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    assert own_pod.subject(tmp_path) == found


class Cluster:
    """A cluster that lets nobody into a Pod."""

    def execute(self, *arguments: Any) -> Execution:
        raise AssertionError(arguments)

    def pod(self, namespace: str, name: str) -> str:
        return f"{namespace}/{name}"


def test_our_own_files_are_read_here_and_no_other_pods(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("words")
    ours: Any = own_pod.within(Cluster(), SUBJECT)  # type: ignore[type-var]
    assert ours.execute("default", "pod-after", "app", ["cat", str(tmp_path / "file")]).stdout == "words"
    assert ours.pod("default", "x") == "default/x"
    with pytest.raises(AssertionError):
        ours.execute("default", "another", "app", ["cat", "file"])


def test_a_command_tells_how_it_ended(tmp_path: Path) -> None:
    assert own_pod.run(["cat", str(tmp_path / "missing")]).exit_code == 1
    assert own_pod.run(["no-such-program"]).exit_code == 127
    assert [own_pod.run(["cat", odd]).exit_code for odd in ("\0", "\ud800")] == [127, 127]
