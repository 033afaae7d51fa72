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
from click.testing import CliRunner, Result

from app import wiring
from app.commands import doctor_sources
from app.commands.main import command_line
from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotPermitted, Refused
from app.flow.model import Subject
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.settings import Settings
from tests.unit.fake_ports import HOST, SECRETS, SUBJECT, Fakes, trust_policy
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


def unknown() -> Diagnosis:
    return examine(consented(healthy().ports(), frozenset()), SUBJECT)


def run(*words: str, settings: Settings | None = None) -> Result:
    return CliRunner().invoke(command_line(settings or Settings(), load("en")), ["doctor", *words])


def reported(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, *words: str) -> Result:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_: found)
    return run("-s", "my-sa", *words)


@pytest.mark.parametrize("output", ["text", "json", "html"])
@pytest.mark.parametrize(("make", "status"), [(works, 0), (broken, 1), (ambiguous, 1), (unknown, 2)])
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
        == f"✗ {words.message('doctor.broken', check=title, step=words.message('steps.service_account.short'))}"
    )
    text = "\n".join(lines)
    assert "aws iam update-assume-role-policy --role-name s3-reader" in text
    assert words.message("doctor.causes.subject_condition") in text
    assert words.message("doctor.causes.role_missing") in text
    assert "\\x1b[2J" in text
    assert "\x1b" not in text


def test_every_check_is_a_line_with_mark_and_word_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    found, words = works(), load("en")
    lines = reported(monkeypatch, found).output.splitlines()
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


def test_what_keeps_the_verdict_open_is_reported_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = healthy()
    fakes.errors["cluster_discovery"] = NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401)
    lines = reported(monkeypatch, examine(consented(fakes.ports(), frozenset()), SUBJECT)).output.splitlines()
    assert f"  {load('en').message('reasons.login')}" in lines[:8]


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(doctor_sources, "examined", lambda *_: broken())
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", "-s", "my-sa"], color=True)
    assert ("\x1b[" in result.output) is coloured


JSON_KEYS = ["format", "read_at", "subject", "outcome", "verdict", "fix", "checks"]
VERDICT_KEYS = ["message", "status", "step", "check", "seen", "later", "refusal", "remaining", "ruled_out", "open"]
CHECK_KEYS = ["step", "id", "status", "got", "expected", "where", "reason", "error", "title", "would_allow"]


@both
def test_the_json_has_exactly_the_keys_that_scripts_rely_on(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    found = json.loads(reported(monkeypatch, broken(), "--output", "json", "--lang", language).stdout)
    assert list(found) == JSON_KEYS
    assert list(found["verdict"]) == VERDICT_KEYS
    assert list(found["fix"]) == ["id", "message", "choices", "commands", "then", "diff", "prediction"]
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
@pytest.mark.parametrize("make", [works, broken, ambiguous, unknown])
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
@pytest.mark.parametrize("make", [works, broken, ambiguous, unknown])
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
    read = run("--from", str(path), "--output", output)
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


# --- what it is asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--from", "x", "-s", "my-sa"],
        ["--from", "x", "--all"],
        ["--from", "x", "--save", "y"],
        ["--from", "x", "--do", "s3"],
        ["--all", "-s", "my-sa"],
        ["--all", "--pod", "p"],
        ["--all", "--do", "exchange"],
        ["--all", "--save", "y"],
    ],
)
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert load("en").message("errors.options_exclude.title") in result.output


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

    def examined(*arguments: Any) -> Diagnosis:
        asked.append(arguments)
        return works()

    monkeypatch.setattr(doctor_sources, "examined", examined)
    result = run(
        "-n", "shop", "-s", "orders", "--pod", "web", "--context", "c", "--profile", "p", "--region", "r", *words
    )
    assert result.exit_code == 0
    ((choice, subject, actions, _),) = asked
    assert (choice.context, choice.profile, choice.region, choice.in_cluster) == ("c", "p", "r", False)
    assert subject == Subject(namespace="shop", service_account="orders", pod="web")
    assert actions == granted


def test_looking_for_the_pod_takes_of_the_walks_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def live(choice: Any) -> Any:
        made.append(choice)
        return healthy().ports()

    monkeypatch.setattr(wiring, "live", live)
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    assert run("-s", "my-sa").exit_code == 2
    assert len(made) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-s", "a/b"], "not_a_name"),
        (["--pod", "A_B"], "not_a_name"),
        (["-s", "my-sa", "-n", "x y"], "not_a_namespace_name"),
        (["--all", "-n", "a.b"], "not_a_namespace_name"),
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
        (["--all"], "cluster_discovery", ["/.well-known/openid-configuration", '"serviceaccounts"']),
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
    assert load("en").message("actions.allow_rbac") not in run(*words).output  # no rule helps who is not known


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


def test_an_action_that_there_is_not_is_refused() -> None:
    assert run("-s", "my-sa", "--do", "delete_everything").exit_code == 2


def test_where_live_mode_is_off_no_cluster_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_: pytest.fail("it was asked"))
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
