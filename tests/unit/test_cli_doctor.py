"""`python -m app doctor`: what it prints, in which shapes, with which status, and what it refuses to do."""

from __future__ import annotations

import dataclasses
import json
import re
import stat
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from app import wiring
from app.commands import doctor_sources, verdict_text
from app.commands.main import EXPLORER, KUBECTL, Program, command_line
from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.survey import survey
from app.flow.errors import NotFound, NotPermitted, Refused
from app.flow.model import Status, Subject
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.flow.ports import Access
from app.settings import Settings
from tests.unit.fake_ports import HOST, ROLE, SECRETS, SUB, SUBJECT, Fakes, trust_policy
from tests.unit.test_doctor import healthy

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
FORBIDDEN = NotPermitted(code="Forbidden", server_message='User "x" cannot get resource', status=403)
both = pytest.mark.parametrize("language", LANGUAGES)


def works() -> Diagnosis:
    return examine(healthy().ports(), SUBJECT)


def broken() -> Diagnosis:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(
        StringEquals={f"{HOST}:sub": "system:serviceaccount:<b>prod</b>:my-sa\x1b[2J"}
    )
    fakes.errors["assume_role"] = Refused(code="AccessDenied", server_message=NOT_AUTHORIZED, status=403)
    return examine(fakes.ports(), SUBJECT)


def ambiguous() -> Diagnosis:
    fakes = healthy()
    fakes.errors["role"] = NotPermitted(code="AccessDenied", server_message="iam:GetRole", status=403)
    fakes.errors["assume_role"] = Refused(code="AccessDenied", server_message=NOT_AUTHORIZED, status=403)
    return examine(fakes.ports(), SUBJECT)


def should_work() -> Diagnosis:
    return examine(consented(healthy().ports(), frozenset()), SUBJECT)


def unknown() -> Diagnosis:
    fakes = healthy()
    fakes.errors["mutating_webhooks"] = FORBIDDEN
    return examine(consented(fakes.ports(), frozenset()), SUBJECT)


def run(*words: str, settings: Settings | None = None) -> Result:
    return CliRunner().invoke(command_line(settings or Settings(), load("en")), ["doctor", *words])


def reported(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, *words: str) -> Result:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: found)
    return run("-s", "my-sa", "--verbose", *words)


@pytest.mark.parametrize("output", ["text", "json", "html"])
@pytest.mark.parametrize(("make", "status"), [(works, 0), (broken, 1), (ambiguous, 1), (unknown, 2), (should_work, 3)])
def test_the_status_tells_how_it_went(monkeypatch: pytest.MonkeyPatch, make: Any, status: int, output: str) -> None:
    result = reported(monkeypatch, make(), "--output", output)
    assert result.exit_code == status, result.output


@both
def test_the_text_has_the_verdict_first_and_last(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    words = load(language)
    lines = reported(monkeypatch, broken(), "--lang", language).output.splitlines()
    title = words.check("trust.subject").title
    assert (
        lines[0]
        == lines[-1]
        == f"✗ {words.message('verdict.failed', check=title, step=words.message('steps.service_account.short'))}"
    )
    text = "\n".join(lines)
    assert "aws iam update-assume-role-policy --role-name s3-reader" in text
    assert words.message("doctor.causes.subject_condition") in text
    assert words.message("doctor.causes.role_missing") in text
    assert "\\x1b[2J" in text
    assert "\x1b" not in text


def test_every_check_is_a_line_with_mark_and_word_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    found, words = works(), load("en")
    lines = reported(monkeypatch, found).output.partition(words.message("doctor.pods.title"))[0].splitlines()
    titles = [words.check(check.id).fill(check, SUBJECT).title for _, checks in found.steps() for check in checks]
    shown = [line for line in lines if re.match(r"  [✓!✗?·] ", line)]
    assert [line[line.index("  ", 4) :].strip() for line in shown] == titles
    assert len({line.index(title) for line, title in zip(shown, titles, strict=True)}) == 1


@both
def test_what_is_still_possible_is_listed(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    words = load(language)
    text = reported(monkeypatch, ambiguous(), "--lang", language).output
    for cause in ("role_missing", "principal", "action", "audience_condition", "subject_condition", "organization"):
        assert words.message(f"doctor.causes.{cause}") in text
    assert words.message("doctor.ruled_out") not in text


def test_what_would_settle_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--do read_token --do exchange" in reported(monkeypatch, unknown()).output
    assert "--do read_token --do exchange" in reported(monkeypatch, should_work()).output
    assert "--do " not in reported(monkeypatch, works()).output


def test_nothing_is_said_to_settle_it_where_nobody_knows_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["service_account"] = FORBIDDEN
    found = examine(consented(fakes.ports(), frozenset()), SUBJECT)
    assert "--do " not in reported(monkeypatch, found).output


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_what_may_not_be_read_comes_with_what_would_allow_it(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    fakes = healthy()
    fakes.errors |= {"pod": FORBIDDEN, "role": NotPermitted(code="AccessDenied", server_message="no", status=403)}
    found = examine(consented(fakes.ports(), frozenset()), SUBJECT)
    text = unescape(reported(monkeypatch, found, "--output", output).output)
    if output == "json":
        text = "\n".join(text for check in json.loads(text)["checks"] for text in check["would_allow"])
    assert re.search(r'resources: \["pods"\]\n *verbs: \["get"\]', text)
    assert '"iam:GetRole"' in text
    assert "secrets" not in text
    if output == "text":
        assert text.count('"iam:GetRole"') == 1  # which two checks need


def test_who_may_not_read_the_issuer_can_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["cluster_discovery"] = FORBIDDEN
    result = reported(monkeypatch, examine(consented(fakes.ports(), frozenset()), SUBJECT))
    assert "--issuer ISSUER_URL" in result.output
    assert "--issuer ISSUER_URL" not in reported(monkeypatch, works()).output


def test_who_may_not_list_the_pods_can_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["pods"] = FORBIDDEN
    found = examine(consented(fakes.ports(), frozenset()), dataclasses.replace(SUBJECT, pod=""))
    assert "pod/POD" in reported(monkeypatch, found).output
    assert "pod/POD" in "\n".join(verdict_text.briefly(found, load("en")))
    named = examine(consented(fakes.ports(), frozenset()), SUBJECT)
    assert "pod/POD" not in reported(monkeypatch, named).output


def test_what_keeps_the_verdict_open_is_reported_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["cluster_discovery"] = NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401)
    lines = reported(monkeypatch, examine(consented(fakes.ports(), frozenset()), SUBJECT)).output.splitlines()
    assert f"  {load('en').message('reasons.login')}" in lines[:8]


@pytest.mark.parametrize(
    ("no_color", "terminal", "coloured"), [("", "xterm", True), ("1", "xterm", False), ("", "dumb", False)]
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, no_color: str, terminal: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: broken())
    for words in (["doctor", "-s", "my-sa", "-v"], ["token", "/no/such/file"]):
        result = CliRunner().invoke(command_line(Settings(), load("en")), words, color=True)
        assert ("\x1b[" in result.output) is coloured


JSON_KEYS = [
    *["format", "read_at", "subject", "outcome", "verdict", "fix"],
    *["prediction", "pods", "default_pods", "siblings_fix", "checks"],
]
VERDICT_KEYS = [
    "message",
    "status",
    "step",
    "check",
    "seen",
    "later",
    "refusal",
    "remaining",
    "ruled_out",
    "open",
    "warning",
]
CHECK_KEYS = ["step", "id", "status", "got", "expected", "where", "reason", "error", "title", "help", "would_allow"]


@both
def test_the_json_has_exactly_the_keys_that_scripts_rely_on(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    found = json.loads(reported(monkeypatch, broken(), "--output", "json", "--lang", language).stdout)
    assert list(found) == JSON_KEYS
    assert list(found["verdict"]) == VERDICT_KEYS
    assert list(found["fix"]) == ["id", "message", "choices", "commands", "then", "diff"]
    assert {tuple(check) for check in found["checks"]} == {tuple(CHECK_KEYS)}
    assert (found["outcome"], found["verdict"]["check"], found["verdict"]["refusal"]) == (
        *("broken", "trust.subject"),
        "not_authorized",
    )
    assert found["verdict"]["remaining"] == ["subject_condition"]
    assert found["read_at"] == "2026-11-25T09:46:40Z"
    assert json.loads(reported(monkeypatch, works(), "--output", "json").stdout)["fix"] is None


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@both
@pytest.mark.parametrize("make", [works, broken, ambiguous, unknown, should_work])
def test_the_page_is_one_file_without_script_or_network(
    monkeypatch: pytest.MonkeyPatch, make: Any, language: str
) -> None:
    found = make()
    html = reported(monkeypatch, found, "--output", "html", "--lang", language).output
    page = Page(html)
    assert page.attributes["lang"] == [language]
    assert not {"script", "link", "img", "iframe", "form", "b"} & set(page.tags)
    assert not {"src", "href", "action"} & page.attributes.keys()
    assert not [name for name in page.attributes if name.startswith("on")]
    assert any(value.startswith("default-src 'none'") for value in page.attributes["content"])
    assert "url(" not in html
    for command in found.fix.commands if found.fix else ():
        assert command in page.text
    for check in found.checks:
        assert load(language).check(check.id).title.replace("`", "") in page.text


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_the_text_says_how_it_shows_what_else_is_broken_and_what_a_fix_changes(
    monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(Action="sts:AssumeRole")
    fakes.errors["assume_role"] = Refused(code="AccessDenied", server_message=NOT_AUTHORIZED, status=403)
    fakes.policies.clear()
    text = unescape(reported(monkeypatch, examine(fakes.ports(), SUBJECT), "--output", output, "--lang", "en").output)
    assert NOT_AUTHORIZED in text
    assert ("access.policy" if output == "json" else load("en").check("access.policy").title) in text
    assert re.search(r'^ *\+ +"Action": "sts:AssumeRoleWithWebIdentity"', text, re.MULTILINE) or output == "json"
    if output == "json":
        verdict, fix = (json.loads(text)[key] for key in ("verdict", "fix"))
        assert verdict["seen"] == {
            "step": "sts_assume",
            "text": NOT_AUTHORIZED,
            "where": "sts:AssumeRoleWithWebIdentity",
        }
        assert verdict["later"] == [{"step": "access", "check": "access.policy"}]
        assert fix["diff"][:2] == [f"{sign} Role s3-reader AssumeRolePolicyDocument" for sign in ("---", "+++")]


@pytest.mark.parametrize("output", ["text", "json", "html"])
@pytest.mark.parametrize("make", [works, broken, ambiguous, unknown, should_work])
def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch, make: Any, output: str) -> None:
    text = reported(monkeypatch, make(), "--output", output).output
    signature = Fakes().token.rpartition(".")[2]
    assert [secret for secret in (*SECRETS, signature) if secret in text] == []


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_what_was_saved_tells_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str) -> None:
    path = tmp_path / "diagnosis.json"
    written = reported(monkeypatch, ambiguous(), "--save", str(path), "--output", output)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = run("--from", str(path), "--verbose", "--output", output)
    assert (read.output, read.exit_code) == (written.output, written.exit_code)


def test_what_was_saved_is_also_read_from_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "diagnosis.json"
    written = reported(monkeypatch, ambiguous(), "--save", str(path))
    program = command_line(Settings(), load("en"))
    read = CliRunner().invoke(program, ["doctor", "--from", "-", "--verbose"], input=path.read_bytes())
    assert (read.output, read.exit_code) == (written.output, written.exit_code)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff", b'{"format": 1}', b"[" * 5000])
def test_a_file_that_is_none_of_ours_is_refused_in_words(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "snapshot"
    if content is not None:
        path.write_bytes(content)
    result = run("--from", str(path))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert load("en").message("ui.fix") in result.output


def test_an_endless_file_is_refused() -> None:
    result = run("--from", "/dev/zero")
    assert result.exit_code == 2
    assert load("en").message("errors.snapshot_too_large.title") in result.output


def test_a_path_that_cannot_be_written_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = reported(monkeypatch, works(), "--save", str(tmp_path / "missing" / "file"))
    assert result.exit_code == 2
    assert load("en").message("errors.cannot_save.title") in result.output
    assert ".draft" not in result.output, "the path that was given is named, and no other"


# --- what it is asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--from", "x", "-s", "my-sa"],
        ["--from", "x", "--all-namespaces"],
        ["--from", "x", "--save", "y"],
        ["--from", "x", "--do", "s3"],
        ["--all-namespaces", "-s", "my-sa"],
        ["--all-namespaces", "--pod", "p"],
        ["--all-namespaces", "--do", "exchange"],
        ["--all-namespaces", "--save", "y"],
        ["--all-namespaces", "-n", "shop"],
        ["--all-namespaces", "deploy/web"],
        ["--all-namespaces", "--watch"],
        ["deploy/web", "-s", "my-sa"],
        ["sa/web", "--pod", "p"],
        ["sa/web", "--context", "a", "--context", "b", "--save", "y"],
        ["sa/web", "--context", "a", "--context", "b", "-o", "html"],
        ["sa/web", "--watch", "-o", "sarif"],
        ["sa/web", "--until-fixed", "--save", "y"],
        ["--all-namespaces", "--rbac"],
        ["--from", "x", "--issuer", "https://x.example"],
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert load("en").message("errors.options_exclude.title") in result.output
    assert "--rbac" in words or "--fail-on, --strict, --lang" in result.output, "what goes together is listed in full"


@pytest.mark.parametrize(
    ("words", "granted"),
    [
        ([], frozenset()),
        (["--do", "dry_run"], {Action.DRY_RUN}),
        (["--do", "read_token", "--do", "exchange"], {Action.READ_TOKEN, Action.EXCHANGE}),
        (["--do", "all"], ALL),
    ],
)
def test_only_what_is_asked_for_is_granted(
    monkeypatch: pytest.MonkeyPatch, words: list[str], granted: frozenset[Action]
) -> None:
    asked: list[Any] = []

    def examined(*arguments: Any, **_: Any) -> Diagnosis:
        asked.append(arguments)
        return works()

    monkeypatch.setattr(doctor_sources, "examined", examined)
    result = run(
        "-n", "shop", "-s", "orders", "--pod", "web", "--context", "c", "--profile", "p", "--region", "r", *words
    )
    assert result.exit_code == 0
    ((choice, subject, actions, _, needed),) = asked
    assert needed == ()
    assert (choice.context, choice.profile, choice.region, choice.in_cluster) == ("c", "p", "r", False)
    assert subject == Subject(namespace="shop", service_account="orders", pod="web")
    assert actions == granted


@pytest.mark.parametrize(("program", "name"), [(EXPLORER, "irsa-explorer"), (KUBECTL, "kubectl-irsa")])
def test_the_servers_learn_which_program_asks(monkeypatch: pytest.MonkeyPatch, program: Program, name: str) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(doctor_sources, "examined", lambda choice, *_, **__: asked.append(choice) or works())
    CliRunner().invoke(command_line(Settings(), load("en"), program), ["doctor", "sa/my-sa"])
    assert [choice.program for choice in asked] == [name]


def test_what_the_pod_needs_is_said_in_actions_and_one_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def examined(*arguments: Any, **_: Any) -> Diagnosis:
        asked.append(arguments[4])
        return works()

    monkeypatch.setattr(doctor_sources, "examined", examined)
    names = ("--action", "dynamodb:GetItem", "--action", "dynamodb:Query")
    table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
    assert run("-s", "orders", *names, "--resource", table).exit_code == 0
    assert asked == [tuple(AskedAction(action=name, resource=table) for name in names[1::2])]
    for code, wrong in (
        ("not_an_action", ("--action", "GetItem")),
        ("action_missing", ("--resource", table)),
        ("not_an_arn", ("--action", "s3:GetObject", "--resource", "orders")),
        ("not_an_arn", ("--action", "s3:GetObject", "--resource", "arn:aws:s3")),
    ):
        result = run("-s", "orders", *wrong)
        assert result.exit_code == 2
        assert load("en").error(code, got="").title in result.stderr


def test_looking_for_the_pod_takes_of_the_walks_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def live(choice: Any, **_: Any) -> Any:
        made.append(choice)
        return healthy().ports()

    monkeypatch.setattr(wiring, "live", live)
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    assert run("-s", "my-sa").exit_code == 3
    assert len(made) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-s", "a/b"], "not_a_name"),
        (["--pod", "A_B"], "not_a_name"),
        (["-s", "my-sa", "-n", "x y"], "not_a_namespace_name"),
        (["sa", "-n", "a.b"], "not_a_namespace_name"),
    ],
)
def test_for_a_name_that_there_cannot_be_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, words: list[str], code: str
) -> None:
    monkeypatch.setattr(wiring, "live", lambda *_, **__: pytest.fail("it was asked"))
    result = run(*words)
    assert result.exit_code == 2
    assert load("en").message(f"errors.{code}.title") in result.output
    assert words[-1] in result.output


@pytest.mark.parametrize(
    ("words", "method", "rules"),
    [
        (["--all-namespaces"], "cluster_discovery", ["/.well-known/openid-configuration", '"serviceaccounts"']),
        (["--pod", "web"], "pod", ['"pods"']),
    ],
)
def test_what_ends_the_command_for_lack_of_a_right_comes_with_the_rule(
    monkeypatch: pytest.MonkeyPatch, words: list[str], method: str, rules: list[str]
) -> None:
    fakes = healthy()
    fakes.errors[method] = FORBIDDEN
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    result = run(*words)
    assert result.exit_code == 2
    assert [rule for rule in rules if rule not in result.output] == []
    fakes.errors[method] = NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401)
    assert "apiGroups" not in run(*words).output  # no rule helps who is not known


def test_a_user_who_may_not_read_the_pod_can_give_its_service_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fakes = healthy()
    fakes.errors["pod"] = FORBIDDEN
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    refused = run("--pod", "pod-after")
    assert load("en").message("doctor.name_service_account") in refused.output
    option = refused.output.split()[-2:]
    assert option == ["-s", "SERVICE_ACCOUNT"]
    found = run("--pod", "pod-after", "-s", "my-sa", "--output", "json")
    assert json.loads(found.output)["subject"]["pod"] == "pod-after"
    fakes.errors["pod"] = NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401)
    assert load("en").message("doctor.name_service_account") not in run("--pod", "pod-after").output


def test_a_pod_that_is_gone_leads_to_the_one_that_its_workload_has_now(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, gone = healthy(), "web-7c9d8bf5d4-bbbbb"
    fakes.errors["pod"] = NotFound(code="NotFound", server_message=f'pods "{gone}" not found', status=404)
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    result = run("--pod", gone)
    assert result.exit_code == 2
    assert load("en").message("doctor.in_its_place") in result.output
    assert result.output.split()[-2:] == ["--pod", "pod-after"]
    assert f"pod/{gone}" in result.output
    assert "kubectl -n default get pods" in result.output
    named = json.loads(run("--pod", gone, "-s", "my-sa", "--output", "json").output)
    assert named["fix"]["commands"][0].endswith("--pod pod-after")
    assert load("en").message("doctor.in_its_place") not in run("--pod", "by-hand").output


def test_where_no_pod_is_named_each_examination_looks_for_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, found = healthy(), []
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    for name in ("pod-after", "newer"):
        fakes.pod["metadata"]["name"] = name
        subject = Subject(namespace="default", service_account="my-sa")
        found.append(doctor_sources.examined(wiring.Choice(), subject, frozenset(), load("en")).subject.pod)
    assert found == ["pod-after", "newer"]


@pytest.mark.parametrize("output", ["text", "html", "github", "junit"])
def test_a_blank_at_the_end_of_a_value_is_visible(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = f"{ROLE} "
    result = reported(monkeypatch, examine(fakes.ports(), SUBJECT), "--output", output)
    assert f"{ROLE}\\x20" in unescape(result.output)


@pytest.mark.parametrize(
    ("namespaces", "wanted"), [(["default"], "-n default --pod pod-aftre"), (["defalut"], "-n defalut\n")]
)
def test_for_a_pod_that_is_not_there_the_near_one_is_proposed(
    monkeypatch: pytest.MonkeyPatch, namespaces: list[str], wanted: str
) -> None:
    fakes = healthy()
    fakes.errors["pod"] = NotFound(code="NotFound", server_message="pods not found", status=404)
    fakes.namespaces, fakes.others = namespaces, ["pod-aftre"]
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    result = run("-n", "default", "--pod", "pod-after")
    assert result.exit_code == 2
    assert wanted in result.output


def test_a_survey_of_a_namespace_that_is_not_there_proposes_the_near_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"].clear()
    fakes.namespaces = ["default"]
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    result = run("sa", "-n", "defualt")
    assert result.exit_code == 2
    assert load("en").message("errors.no_such_namespace.title") in result.output
    assert "-n default" in result.output
    assert load("en").message("errors.no_such_namespace.title") not in run("sa", "-n", "default").output


def test_for_a_context_that_is_not_there_the_near_one_is_proposed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contexts = [{"name": name, "context": {"cluster": "c"}} for name in ("staging", "production")]
    (tmp_path / "config").write_text(json.dumps({"contexts": contexts}))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert "--context staging" in run("-s", "my-sa", "--context", "stagign").output


def test_what_a_user_lacks_is_printed_to_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors |= {
        "cluster_jwks": FORBIDDEN,
        "role": NotPermitted(code="AccessDenied", server_message="no", status=403),
    }
    fakes.denied = {Access(verb="get", path="/openid/v1/jwks")}
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    result = run("-s", "my-sa", "--rbac", "--lang", "en")
    manifests, _, rest = result.output.partition(load("en").message("doctor.rbac.policy"))
    role, binding = yaml.safe_load_all(manifests.rpartition("#")[0])
    assert role["rules"] == [{"nonResourceURLs": ["/openid/v1/jwks"], "verbs": ["get"]}]
    assert (binding["kind"], binding["subjects"][0]["name"]) == ("ClusterRoleBinding", "x")
    policy, _ = json.JSONDecoder().raw_decode(rest.strip())
    assert policy["Statement"][0]["Action"][0] == "iam:GetRole"
    as_json = json.loads(run("-s", "my-sa", "--rbac", "--output", "json").stdout)
    assert (as_json["manifests"], as_json["iam_policy"]) == ([role, binding], policy)
    assert result.exit_code == 2  # what comes after the role is not known
    fakes.errors.clear()
    fakes.denied.clear()
    allowed = run("-s", "my-sa", "--rbac", "--lang", "en")
    assert (allowed.exit_code, load("en").message("doctor.rbac.nothing") in allowed.output) == (0, True)
    assert run("-s", "my-sa", "--rbac", "--output", "html").exit_code == 2


def test_an_action_that_there_is_not_is_refused() -> None:
    assert run("-s", "my-sa", "--do", "delete_everything").exit_code == 2


def test_where_live_mode_is_off_no_cluster_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: pytest.fail("it was asked"))
    result = run("-s", "my-sa", settings=Settings(live=False))
    assert result.exit_code == 2
    assert load("en").message("errors.live_switched_off.title") in result.output


@both
def test_the_help_names_every_action(language: str) -> None:
    result = CliRunner().invoke(command_line(Settings(), load(language)), ["doctor", "--help"])
    text = re.sub(r"\s", "", result.output)
    assert [action for action in Action if action not in text] == []


def test_the_diagnosis_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        works().read_at = 0  # type: ignore[misc]


def test_a_survey_is_also_a_table_for_a_spreadsheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_sources, "surveyed", lambda *_: survey(healthy().ports()))
    result = run("-A", "-o", "csv")
    assert result.exit_code == 0, result.output
    header, line = result.stdout.splitlines()
    assert header.split(",")[:4] == ["namespace", "service_account", "role_arn", "status"]
    assert line.startswith("default,my-sa,")
    alone = run("-s", "my-sa", "-o", "csv")
    assert (alone.exit_code, "--all-namespaces" in alone.output) == (2, True)


# --- three lines -----------------------------------------------------------------------------------------------------


def brief(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, *words: str) -> list[str]:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: found)
    return run("-s", "my-sa", *words).output.splitlines()


@both
def test_three_lines_say_what_is_broken_why_and_what_fixes_it(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    words = load(language)
    verdict, cause, fix, *commands = brief(monkeypatch, broken(), "--lang", language)
    assert verdict.startswith("✗ default/my-sa: ")
    assert words.check("trust.subject").title in verdict
    assert cause.startswith(
        f"  {words.message('cli.brief.cause')}  {words.message('doctor.causes.subject_condition')} · "
    )
    assert "<b>prod</b>:my-sa\\x1b[2J" in cause
    assert fix == f"  {words.message('doctor.fix')}  {words.message('doctor.fixes.trust')}"
    assert commands[0].startswith("    aws iam update-assume-role-policy --role-name s3-reader")
    assert "\x1b" not in "".join((verdict, cause, fix, *commands))


def test_reading_alone_names_the_cause_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"})
    _, cause, *_ = brief(monkeypatch, examine(consented(fakes.ports(), frozenset()), SUBJECT))
    words = load("en")
    named = words.message("doctor.causes.subject_condition")
    assert cause.startswith(f"  {words.message('cli.brief.cause')}  {named} · ")


def test_what_works_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(brief(monkeypatch, works())) == 1


def test_what_should_work_says_how_to_be_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _, options = brief(monkeypatch, should_work())
    assert verdict == f"? default/my-sa: {load('en').message('doctor.should_work')}"
    assert options == "    --do read_token --do exchange"


def test_several_possible_causes_are_all_in_the_second_line(monkeypatch: pytest.MonkeyPatch) -> None:
    cause = brief(monkeypatch, ambiguous())[1]
    for one in ("role_missing", "principal", "audience_condition", "organization"):
        assert load("en").message(f"doctor.causes.{one}") in cause


def test_what_may_not_be_read_comes_with_the_rule_in_brief_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = brief(monkeypatch, unknown())
    assert load("en").message("reasons.no_permission") in lines[1]
    assert '    - apiGroups: ["admissionregistration.k8s.io"]' in lines


@both
def test_who_lacks_several_permissions_is_led_to_all_of_them_at_once(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    words, fakes = load(language), healthy()
    one = examine(consented(fakes.ports(), frozenset()), SUBJECT)
    fakes.errors |= {"cluster_discovery": FORBIDDEN, "service_account": FORBIDDEN, "pod": FORBIDDEN}
    several = examine(consented(fakes.ports(), frozenset()), SUBJECT)
    more = words.message("doctor.rbac.more")
    for found, said in ((one, False), (unknown(), False), (several, True)):
        monkeypatch.setattr(doctor_sources, "examined", lambda *_, found=found, **__: found)
        shown = run("-s", "my-sa", "--lang", language).output
        assert (more in shown) is said
        assert shown.rstrip().endswith("--rbac") is said


def test_no_rule_is_proposed_for_those_who_sent_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    said = 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group ""'
    fakes = healthy()
    error = NotPermitted(code="Forbidden", server_message=said, status=403)
    fakes.errors |= dict.fromkeys(("cluster_discovery", "service_account", "pod", "pods"), error)
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    result = run("-n", "default", "-s", "my-sa")
    assert result.exit_code == 2
    assert load("en").message("errors.no_login.title") in result.output
    assert "apiGroups" not in result.output


def test_a_recent_refusal_warns_although_it_should_work(monkeypatch: pytest.MonkeyPatch) -> None:
    found = should_work()
    refused = dataclasses.replace(
        next(check for check in found.checks if check.id == "sts.recent_failures"),
        status=Status.WARNING,
        got="AccessDenied",
    )
    others = tuple(check for check in found.checks if check.id != refused.id)
    warned = dataclasses.replace(found, checks=(*others, refused))
    verdict, cause, *_ = brief(monkeypatch, warned)
    assert verdict.startswith("! default/my-sa: IRSA should work")
    assert "AccessDenied" in cause
    for options, status in (([], 3), (["--fail-on", "warning"], 1), (["--strict"], 1)):
        assert reported(monkeypatch, warned, *options).exit_code == status


@pytest.mark.parametrize(
    ("make", "options", "status"),
    [
        (works, ["--strict"], 0),
        (works, ["--fail-on", "warning"], 0),
        (should_work, ["--strict"], 2),
        (should_work, ["--fail-on", "warning"], 3),
        (unknown, ["--strict"], 2),
        (unknown, ["--fail-on", "warning"], 2),
        (broken, ["--strict"], 1),
    ],
)
def test_what_is_good_enough_is_the_callers_choice(
    monkeypatch: pytest.MonkeyPatch, make: Any, options: list[str], status: int
) -> None:
    assert reported(monkeypatch, make(), *options).exit_code == status


# --- errors as JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-s", "a/b", "--output", "json"], "not_a_name"),
        (["-o", "json", "--pods", "x"], "no_such_option"),
        (["-ojson", "--from", "/no/such/file"], "snapshot_unreadable"),
        (["--output=json", "web"], "kind_missing"),
        (["-o", "json", "-s", "my-sa", "--context", "ghost"], "no_such_context"),
    ],
)
def test_whatever_stops_it_is_json_where_json_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], code: str
) -> None:
    (tmp_path / "config").write_text("contexts: [{name: other}]\n")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    result = run(*words)
    found = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (2, "")
    assert list(found) == ["format", "id", "message", "got", "expected", "fix", "to_paste"]
    assert (found["format"], found["id"]) == ("irsa-explorer error", code)
    assert found["message"] == load("en").message(f"errors.{code}.title")
    assert found["got"]
    assert found["expected"]


def test_a_missing_right_is_in_the_json_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["pod"] = FORBIDDEN
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    found = json.loads(run("--pod", "web", "-o", "json").stdout)
    assert found["id"] == "not_permitted"
    assert any('resources: ["pods"]' in it["text"] for it in found["to_paste"])
