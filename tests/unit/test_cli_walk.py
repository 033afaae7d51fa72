"""`python -m app walk`: the shape of its JSON, what its text tells, and the status with which it leaves."""

import json

import pytest
from click.testing import CliRunner

from app.commands import walk as walk_command
from app.commands.main import command_line
from app.commands.walk import as_json, as_text
from app.content import load
from app.flow.model import Check, Exchange, Status, Step, StepReport, Subject, Walk
from app.settings import Settings

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
EXCHANGE = Exchange(
    caller="explorer", callee="sts", method="POST", url="http://127.0.0.1:1/", request_headers=(("host", "127.0.0.1"),)
)
CHECK_KEYS = ["id", "status", "got", "expected", "where", "title", "why", "fix"]
FIRST_CHECKS = {
    Step.OIDC_PROVIDER: "issuer.discovery",
    Step.SERVICE_ACCOUNT: "trust.subject",
    Step.WEBHOOK: "webhook.registered",
    Step.TOKEN_MOUNT: "token.file",
    Step.STS_ASSUME: "sts.trust",
    Step.ACCESS: "access.list_buckets",
}


def walk_with(status=Status.PASSED, **details):
    """A walk in which everything passed but one check of `service_account`."""
    reports = []
    for step, check_id in FIRST_CHECKS.items():
        changed = {"status": status, **details} if step is Step.SERVICE_ACCOUNT else {"status": Status.PASSED}
        check = Check(id=check_id, **{"got": "found", "expected": "wanted", "where": "here", **changed})
        reports.append(StepReport(step=step, checks=(check,), exchanges=(EXCHANGE,)))
    return Walk(subject=SUBJECT, reports=tuple(reports))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_json_has_exactly_the_keys_that_scripts_rely_on(language):
    document = json.loads(json.dumps(as_json(walk_with(), load(language))))
    assert list(document) == ["mode", "subject", "steps", "verdict"]
    assert document["mode"] == "simulated"
    assert document["subject"] == {"namespace": "default", "service_account": "my-sa", "pod": "pod-after"}
    assert [step["step"] for step in document["steps"]] == [step.value for step in Step]
    for step in document["steps"]:
        assert list(step) == ["step", "status", "checks", "exchanges"]
        assert [list(check) for check in step["checks"]] == [CHECK_KEYS]
        assert step["exchanges"][0]["request_headers"] == [["host", "127.0.0.1"]]
    assert list(document["verdict"]) == ["status", "step", "check", "message"]


def test_the_languages_differ_in_words_alone():
    japanese, english = (as_json(walk_with(Status.FAILED), load(language)) for language in ("ja", "en"))
    assert japanese != english
    for document in (japanese, english):
        del document["verdict"]["message"]
        for step in document["steps"]:
            for check in step["checks"]:
                for name in ("title", "why", "fix"):
                    assert check.pop(name)
    assert japanese == english


def test_the_verdict_names_the_broken_link():
    passed = as_json(walk_with(), load("en"))["verdict"]
    assert passed == {"status": "passed", "step": None, "check": None, "message": load("en").message("verdict.passed")}
    failed = as_json(walk_with(Status.FAILED), load("en"))["verdict"]
    assert (failed["status"], failed["step"], failed["check"]) == ("failed", "service_account", "trust.subject")
    assert load("en").message("steps.service_account.title") in failed["message"]


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [
        (Status.PASSED, 0),
        (Status.WARNING, 0),
        (Status.FAILED, 1),
        (Status.UNKNOWN, 1),
        (Status.NOT_REACHED, 1),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_the_status_tells_how_it_went(monkeypatch, status, exit_status, output):
    monkeypatch.setattr(walk_command, "walk_once", lambda: walk_with(status, reason="earlier_step"))
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["walk", "--output", output])
    assert result.exit_code == exit_status, result.output


@pytest.mark.parametrize("language", ["ja", "en"])
def test_text_shows_what_passed_shortly_and_what_did_not_in_full(language):
    words = load(language)
    refused = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    text = "\n".join(as_text(walk_with(Status.FAILED, error=refused, got="\x1b[2Jmine"), words))
    check = words.check("trust.subject").fill(walk_with().reports[1].checks[0], SUBJECT)
    for part in (check.title, refused, "wanted", "here", "\\x1b[2Jmine", words.message("ui.fix")):
        assert part in text
    assert "\x1b[2J" not in text
    assert text.count(words.message("ui.expected")) == 1, "what passed needs no second value"
    assert all(words.message(f"steps.{step}.title") in text for step in Step)


def test_text_has_no_colour_where_it_is_no_terminal(monkeypatch):
    monkeypatch.setattr(walk_command, "walk_once", lambda: walk_with(Status.FAILED))
    result = CliRunner().invoke(command_line(Settings(), load("ja")), ["walk"])
    assert "\x1b" not in result.output
    assert "✓" in result.output
    assert "✗" in result.output


def test_a_reason_is_told_in_words():
    words = load("en")
    text = "\n".join(as_text(walk_with(Status.NOT_REACHED, reason="earlier_step"), words))
    assert words.message("reasons.earlier_step") in text


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_real_walk_passes(language):
    group = command_line(Settings(), load(language))
    result = CliRunner().invoke(group, ["walk", "--output", "json", "--lang", language])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert {step["status"] for step in document["steps"]} <= {"passed", "warning"}
    assert all(step["checks"] for step in document["steps"])
    assert all(step["exchanges"] for step in document["steps"])
    assert document["verdict"]["status"] in {"passed", "warning"}
