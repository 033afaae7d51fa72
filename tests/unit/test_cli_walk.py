"""`python -m app walk`: the shape of its JSON, what its text tells, the faults it takes, and its exit status."""

import json

import pytest
from click.testing import CliRunner

from app.commands import walk as walk_command
from app.commands.main import command_line
from app.commands.walk import as_json, as_text
from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis
from app.flow.model import Check, Exchange, Status, Step, StepReport, Subject, Walk
from app.settings import Settings
from app.world.faults import names
from app.world.setup.scenario import ARTICLE

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
EXCHANGE = Exchange(
    caller="explorer", callee="sts", method="POST", url="http://127.0.0.1:1/", request_headers=(("host", "127.0.0.1"),)
)
CHECK_KEYS = ["id", "status", "got", "expected", "where", "title", "why", "fix"]
VERDICT_KEYS = [
    *("status", "outcome", "step", "check", "message"),
    *("seen", "later", "refusal", "remaining", "ruled_out", "fix"),
]
FIRST_CHECKS = {
    Step.OIDC_PROVIDER: ("issuer.discovery",),
    Step.SERVICE_ACCOUNT: ("trust.subject",),
    Step.WEBHOOK: ("webhook.registered", "pod.exists"),
    Step.TOKEN_MOUNT: ("token.file",),
    Step.STS_ASSUME: ("sts.credentials",),
    Step.ACCESS: ("access.list_buckets",),
}
HOP_LIMIT = Check(id="pod.hop_limit", status=Status.UNKNOWN, reason="not_observable")


def diagnosis_with(status=Status.PASSED, *, also=(), **details):
    """A diagnosis in which everything passed but one check of `service_account`."""
    reports = []
    for step, check_ids in FIRST_CHECKS.items():
        changed = {"status": status, **details} if step is Step.SERVICE_ACCOUNT else {"status": Status.PASSED}
        checks = tuple(
            Check(id=check_id, **{"got": "found", "expected": "wanted", "where": "here", **changed})
            for check_id in check_ids
        )
        reports.append(StepReport(step=step, checks=checks, exchanges=(EXCHANGE,)))
    return Diagnosis(walk=Walk(subject=SUBJECT, reports=tuple(reports)), checks=tuple(also), read_at=0.0)


def run(*arguments, language="en"):
    return CliRunner().invoke(command_line(Settings(), load(language)), ["walk", *arguments])


@pytest.mark.parametrize("language", LANGUAGES)
def test_json_has_exactly_the_keys_that_scripts_rely_on(language):
    document = json.loads(json.dumps(as_json(diagnosis_with(), ("F21",), load(language))))
    assert list(document) == ["mode", "subject", "faults", "steps", "verdict"]
    assert document["mode"] == "simulated"
    assert document["subject"] == {"namespace": "default", "service_account": "my-sa", "pod": "pod-after"}
    assert [list(fault) for fault in document["faults"]] == [["id", "title", "change"]]
    assert [step["step"] for step in document["steps"]] == [step.value for step in Step]
    for step in document["steps"]:
        assert list(step) == ["step", "status", "checks", "exchanges"]
        assert all(list(check) == CHECK_KEYS for check in step["checks"])
        assert step["checks"]
        assert step["exchanges"][0]["request_headers"] == [["host", "127.0.0.1"]]
    assert list(document["verdict"]) == VERDICT_KEYS


def test_the_languages_differ_in_words_alone():
    japanese, english = (as_json(diagnosis_with(Status.FAILED), ("F21",), load(language)) for language in ("ja", "en"))
    assert japanese != english
    for document in (japanese, english):
        del document["verdict"]["message"]
        for step in document["steps"]:
            for check in step["checks"]:
                for name in ("title", "why", "fix"):
                    assert check.pop(name)
        for fault in document["faults"]:
            assert fault.pop("title")
            assert fault.pop("change")
    assert japanese == english


def test_the_verdict_names_the_broken_link():
    words = load("en")
    passed = as_json(diagnosis_with(), (), words)["verdict"]
    assert {key: passed[key] for key in ("status", "outcome", "step", "check", "seen", "later", "fix", "message")} == {
        "status": "passed", "outcome": "works", "step": None, "check": None, "seen": None, "later": [], "fix": None,
        "message": words.message("verdict.passed"),
    }  # fmt: skip
    failed = as_json(diagnosis_with(Status.FAILED), (), words)["verdict"]
    assert (failed["status"], failed["step"], failed["check"]) == ("failed", "service_account", "trust.subject")
    assert words.message("steps.service_account.title") in failed["message"]


def test_what_cannot_be_seen_of_a_pod_leaves_the_step_as_it_is_and_what_is_broken_does_not():
    def status_of_access(check):
        steps = as_json(diagnosis_with(also=(check,)), (), load("en"))["steps"]
        return next(step["status"] for step in steps if step["step"] == Step.ACCESS)

    assert status_of_access(HOP_LIMIT) == "passed"
    assert status_of_access(Check(id="pod.hop_limit", status=Status.WARNING)) == "warning"
    assert status_of_access(Check(id="pod.application", status=Status.FAILED, error="no")) == "failed"


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [
        (Status.PASSED, 0),
        (Status.WARNING, 0),
        (Status.FAILED, 1),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_the_status_tells_how_it_went(monkeypatch, status, exit_status, output):
    monkeypatch.setattr(walk_command, "walk_once", lambda *_: diagnosis_with(status))
    result = run("--output", output)
    assert result.exit_code == exit_status, result.output


@pytest.mark.parametrize("output", ["text", "json"])
def test_what_nobody_has_seen_work_does_not_pass(monkeypatch, output):
    unasked = Diagnosis(walk=Walk(subject=SUBJECT, reports=()), checks=(), read_at=0.0)
    monkeypatch.setattr(walk_command, "walk_once", lambda *_: unasked)
    assert run("--output", output).exit_code == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_shows_what_passed_shortly_and_what_did_not_in_full(language):
    words = load(language)
    found = diagnosis_with(Status.FAILED, error="said so", got="\x1b[2Jmine")
    text = "\n".join(as_text(found, ("F21", "F46"), words))
    check = words.check("trust.subject").fill(found.walk.reports[1].checks[0], SUBJECT)
    for part in (check.title, "said so", "wanted", "here", "\\x1b[2Jmine", words.message("ui.fix")):
        assert part in text
    for fault in ("F21", "F46"):
        assert words.message(f"faults.{fault}.title") in text
        assert words.message(f"faults.{fault}.change", **names(ARTICLE)) in text
    assert words.message("cli.verdict.seen", step=words.message("steps.service_account.short")) in text
    assert "\x1b[2J" not in text
    checks = text.partition(words.message("cli.verdict.seen", step=words.message("steps.service_account.short")))[0]
    assert checks.count(words.message("ui.expected")) == 1, "what passed needs no second value"
    assert all(words.message(f"steps.{step}.title") in text for step in Step)


def test_text_has_no_colour_where_it_is_no_terminal(monkeypatch):
    monkeypatch.setattr(walk_command, "walk_once", lambda *_: diagnosis_with(Status.FAILED))
    result = run(language="ja")
    assert "\x1b" not in result.output
    assert "✓" in result.output
    assert "✗" in result.output


def test_a_reason_is_reported_in_words():
    words = load("en")
    text = "\n".join(as_text(diagnosis_with(Status.NOT_REACHED, reason="earlier_step"), (), words))
    assert words.message("reasons.earlier_step") in text


@pytest.mark.parametrize("name", ["F99", "f", "", "F21 ", "\x1b[2J", "ロール"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_fault_is_answered_with_the_nearest(name, language):
    result = run("--fault", name, "--lang", language)
    words = load(language)
    assert result.exit_code == 2
    assert words.message("errors.unknown_fault.title") in result.stderr
    assert "python -m app faults" in result.stderr
    assert "\x1b" not in result.stderr
    assert not result.stdout


def test_the_nearest_is_named():
    assert "F21" in run("--fault", "F21x").stderr
    assert "F05b" in run("--fault", "5b").stderr


@pytest.mark.parametrize("name", ["F12", "f12"])
def test_a_fault_that_is_left_out_says_why(name):
    result = run("--fault", name)
    assert result.exit_code == 2
    assert load("en").message("faults.left_out.no_java") in result.stderr


def test_faults_are_taken_once_and_in_any_case(monkeypatch):
    asked = []
    monkeypatch.setattr(walk_command, "walk_once", lambda faults, _: asked.append(faults) or diagnosis_with())
    assert run("--fault", "f46", "--fault", "F05B", "--fault", "F46").exit_code == 0
    assert asked == [("F46", "F05b")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_real_walk_passes(language):
    result = run("--output", "json", "--lang", language)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["faults"] == []
    assert {step["status"] for step in document["steps"]} <= {"passed", "warning"}
    assert all(step["checks"] for step in document["steps"])
    assert all(step["exchanges"] for step in document["steps"])
    assert document["verdict"]["status"] in {"passed", "warning"}


def test_a_real_walk_under_two_faults():
    result = run("--fault", "F46", "--fault", "F21", "--output", "json")
    assert result.exit_code == 1, result.output
    verdict = json.loads(result.stdout)["verdict"]
    assert (verdict["status"], verdict["outcome"], verdict["step"]) == ("failed", "broken", "service_account")
    assert verdict["seen"]["step"] == "sts_assume"
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in verdict["seen"]["text"]
    assert "access" in {later["step"] for later in verdict["later"]}
    assert (verdict["refusal"], verdict["remaining"]) == ("not_authorized", ["subject_condition"])
    assert verdict["fix"]["commands"]
    assert any(
        line.startswith("+") and "system:serviceaccount:default:my-sa" in line for line in verdict["fix"]["diff"]
    )


def test_faults_that_exclude_one_another_are_refused():
    result = run("--fault", "F14", "--fault", "F26")
    assert result.exit_code == 2
    assert load("en").message("errors.faults_exclude.title") in result.stderr
    assert "F26" in result.stderr


def test_a_real_walk_under_a_harmless_fault_is_a_warning():
    result = run("--fault", "F52", "--output", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["verdict"]["status"] == "warning"
