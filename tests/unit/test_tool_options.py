"""The commands of a fix go to the cluster and the account that the doctor was given, not to those of the shell."""

from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from app import wiring
from app.clients.kubernetes.kubeconfig import Contexts
from app.commands.main import command_line
from app.content import load
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor.tool_options import ToolOptions
from app.flow.errors import FlowError, NotFound, Unreachable
from app.settings import Settings
from app.ui.state import live_selection
from app.wiring import Choice
from tests.unit.fake_ports import Fakes
from tests.unit.test_cli_doctor import broken
from tests.unit.test_doctor import healthy

GIVEN = ToolOptions(context="blue prod", profile="ops", region="cn-north-1")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "kubectl -n shop get pod/web -o yaml | kubectl -n shop replace --force -f -",
            "kubectl --context 'blue prod' -n shop get pod/web -o yaml"
            " | kubectl --context 'blue prod' -n shop replace --force -f -",
        ),
        ("aws iam get-role --role-name r", "aws --profile ops --region cn-north-1 iam get-role --role-name r"),
        (
            'kubectl patch -p "$(aws eks describe-cluster)"',
            "kubectl --context 'blue prod' patch -p \"$(aws --profile ops --region cn-north-1 eks describe-cluster)\"",
        ),
        (
            "python -m app doctor -n a -s b --region eu-west-1",
            "python -m app doctor --context 'blue prod' --profile ops --region cn-north-1 -n a -s b --region eu-west-1",
        ),
        ("curl -fsS https://aws example | kubectl-x", "curl -fsS https://aws example | kubectl-x"),
        ("grep 'it | kubectl get\naws iam x'", "grep 'it | kubectl get\naws iam x'"),
    ],
)
def test_each_program_of_a_command_gets_its_own_options(before: str, after: str) -> None:
    assert GIVEN.command(before) == after
    assert ToolOptions().command(before) == before


def test_a_sentence_gets_them_in_the_commands_that_it_quotes() -> None:
    given = ToolOptions(context="blue")
    said = "List `kubectl get ns`, or with kubectl in `NAME`; `kubectl config get-contexts` lists `a | kubectl x`."
    assert given.quoted(said) == (
        "List `kubectl --context blue get ns`, or with kubectl in `NAME`;"
        " `kubectl config get-contexts` lists `a | kubectl --context blue x`."
    )


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (NotFound(code="NotFound", server_message="gone"), "kubectl {}-n default get pods"),
        (Unreachable(code="connection_refused", server_message="no"), "kubectl {}cluster-info"),
    ],
)
def test_an_error_says_it_for_the_cluster_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, error: FlowError, command: str
) -> None:
    fakes = healthy()
    fakes.errors["pod"] = error
    asked = ("-n", "default", "--pod", "none")
    assert f"`{command.format('')}`" in run(monkeypatch, *asked, fakes=fakes)
    assert f"`{command.format('--context blue ')}`" in run(monkeypatch, *asked, "--context", "blue", fakes=fakes)


def run(monkeypatch: pytest.MonkeyPatch, *words: str, fakes: Fakes | None = None) -> str:
    fakes = fakes or healthy()
    fakes.service_account["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": "no-arn"}
    fakes.namespaces = ["default"]
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    return CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", *words]).output


@pytest.mark.parametrize("words", [["sa/my-sa", "-n", "default"], ["sa", "-n", "default"]], ids=["one", "survey"])
def test_what_the_doctor_was_given_is_in_what_it_prints(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    given = ("--context", "blue", "--profile", "ops")
    assert "kubectl -n default annotate" in run(monkeypatch, *words)
    printed = run(monkeypatch, *words, *given)
    assert "kubectl --context blue -n default annotate" in printed
    assert "aws iam" not in printed
    document = json.loads(run(monkeypatch, *words, *given, "-o", "json"))
    assert "kubectl --context blue -n default" in json.dumps(document)


def test_what_is_saved_for_a_colleague_has_none_of_it() -> None:
    found = dataclasses.replace(broken(), options=GIVEN)
    saved = diagnosis_file.save(found)
    assert "blue prod" not in saved
    assert diagnosis_file.load(saved).options == ToolOptions()


@pytest.mark.parametrize(("current", "named"), [("blue", ""), ("green", "blue")])
def test_in_live_mode_a_context_is_named_where_it_is_not_the_current_one(
    monkeypatch: pytest.MonkeyPatch, current: str, named: str
) -> None:
    chosen = live_selection.LiveSelection(choice=Choice(context="blue", profile="ops"))
    contexts = Contexts(files=(), by_name={}, current=current)
    monkeypatch.setattr(live_selection, "state", lambda: chosen)
    monkeypatch.setattr(wiring, "contexts", lambda: contexts)
    assert live_selection.tool_options() == ToolOptions(context=named, profile="ops")
