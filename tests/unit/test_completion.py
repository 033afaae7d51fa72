"""What a shell may offer after `kubectl irsa`, in the form that kubectl reads, and that no silent cluster delays it."""

from __future__ import annotations

from typing import Any

import pytest
from click.shell_completion import ShellComplete

from app import wiring
from app.commands.examining import completion, kubectl_complete
from app.commands.examining.kubectl_complete import NO_FILES, NO_SPACE
from app.commands.main import EXPLORER, command_line
from app.content import LANGUAGES, load
from app.flow.errors import NotPermitted, Unreachable
from app.settings import Settings
from tests.unit.fake_ports import Fakes


def offered(*typed: str) -> tuple[list[str], int]:
    *lines, directive = kubectl_complete.lines(typed)
    assert directive.startswith(":")
    return [line.partition("\t")[0] for line in lines], int(directive[1:])


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()
    monkeypatch.setattr(wiring, "cluster", lambda _: fakes.ports().cluster)
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    return fakes


def test_commands_and_options_need_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "cluster", lambda _: pytest.fail("it was asked"))
    assert offered("d") == (["doctor"], NO_FILES)
    assert set(offered("")[0]) == {"check", "doctor", "token"}
    names, directive = offered("doctor", "--un")
    assert (names, directive) == (["--until-fixed"], NO_FILES)
    assert offered("doctor", "--output", "s") == (["sarif"], NO_FILES)
    assert offered("doctor", "--do", "ex") == (["exchange"], NO_FILES)


def test_a_wrong_setting_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    right = offered("doctor", "--")
    monkeypatch.setenv("IRSA_PORT", "many")
    assert offered("doctor", "--") == right


def test_types_come_first_and_no_space_after_them(fakes: Fakes) -> None:
    assert offered("doctor", "d") == (["deploy/", "ds/"], NO_FILES | NO_SPACE)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (["doctor", "deploy/"], ["deploy/web"]),
        (["doctor", "deploy/x"], []),
        (["doctor", "deployment", "w"], ["web"]),
        (["doctor", "sts/"], ["sts/web"]),
        (["doctor", "pod/"], ["pod/pod-after"]),
        (["doctor", "pods", "pod"], ["pod-after"]),
        (["doctor", "po/x"], []),
        (["doctor", "--pod", ""], ["pod-after"]),
        (["doctor", "-s", "my-sa", "--pod", "pod"], ["pod-after"]),
        (["doctor", "sa/"], ["sa/my-sa"]),
        (["doctor", "sa", ""], ["my-sa"]),
        (["doctor", "-s", "my"], ["my-sa"]),
        (["doctor", "-n", ""], ["default"]),
        (["doctor", "svc/"], []),
    ],
)
def test_names_are_those_of_the_cluster(fakes: Fakes, typed: list[str], names: list[str]) -> None:
    assert offered(*typed)[0] == names


def test_contexts_are_those_of_the_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "config").write_text("contexts: [{name: blue, context: {}}, {name: green, context: {}}]\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert offered("doctor", "--context", "")[0] == ["blue", "green"]
    assert offered("doctor", "--context", "blue", "--context", "g")[0] == ["green"]


def test_pods_are_those_of_the_service_account(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    cluster = fakes.ports().cluster
    monkeypatch.setattr(cluster, "pods", lambda *of: asked.append(of) or [], raising=False)
    monkeypatch.setattr(wiring, "cluster", lambda _: cluster)
    offered("doctor", "-n", "shop", "-s", "web", "--pod", "")
    offered("doctor", "-n", "shop", "pod/")
    assert asked == [("shop", "web"), ("shop", "")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_faults_of_a_walk_are_offered_with_their_titles(language: str) -> None:
    words = load(language)
    shell = ShellComplete(command_line(Settings(), words, EXPLORER), {}, EXPLORER.usage, "_COMPLETE")
    found = shell.get_completions(["walk", "--fault", "F01", "--fault"], "f2")
    assert [it.value for it in found][:2] == ["F20", "F21"]
    assert found[1].help == words.message("faults.F21.title")


@pytest.mark.parametrize("typed", ["doctor --from", "doctor -f", "check -f", "check --trust-policy"])
def test_a_file_is_for_the_shell_to_complete(typed: str) -> None:
    assert offered(*typed.split(), "") == ([], 0)


@pytest.mark.parametrize(
    "error",
    [
        NotPermitted(code="Forbidden", server_message="no", status=403),
        Unreachable(code="timed_out", server_message="timed out"),
    ],
)
def test_what_cannot_be_read_offers_nothing(fakes: Fakes, error: Any) -> None:
    fakes.errors |= {"workloads": error, "namespaces": error, "pods": error}
    assert offered("doctor", "pod/") == ([], NO_FILES)
    assert offered("doctor", "deploy/") == ([], NO_FILES)
    assert offered("doctor", "-n", "d") == ([], NO_FILES)


def test_a_silent_cluster_is_not_waited_for(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(completion, "in_a_thread", late)
    assert offered("doctor", "deploy/") == ([], NO_FILES)
