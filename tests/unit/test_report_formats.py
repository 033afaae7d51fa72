"""The doctor for other tools: JUnit, SARIF, GitHub's annotations; of a diagnosis, a survey and several clusters."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from html import unescape
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit
from xml.dom.minidom import parseString

import pytest
from click.testing import CliRunner, Result

from app import wiring
from app.commands import doctor_sources
from app.commands.failure import CannotRun
from app.commands.main import command_line
from app.content import load
from app.flow.doctor import Change, Diagnosis, examine
from app.flow.model import Status
from app.locations import CHECKS
from app.report import help_links, unified_diff
from app.settings import Settings
from tests.unit.fake_ports import ROLE, SUBJECT, bare_pod, trust_policy
from tests.unit.test_cli_doctor import broken, should_work, unknown, works
from tests.unit.test_doctor import healthy
from tests.unit.test_prediction import role
from tools import checks_page
from tools.written_pages import pages

FORMATS = ("junit", "sarif", "github")


def run(*words: str) -> Result:
    return CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", *words])


def reported(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, output: str, *words: str) -> Result:
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: found)
    return run("-s", "my-sa", "-o", output, *words)


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize(("make", "status"), [(works, 0), (broken, 1), (unknown, 2), (should_work, 3)])
def test_the_status_is_that_of_the_verdict(
    monkeypatch: pytest.MonkeyPatch, make: Any, status: int, output: str
) -> None:
    assert reported(monkeypatch, make(), output).exit_code == status


# --- JUnit -----------------------------------------------------------------------------------------------------------


def test_junit_has_a_test_for_each_check(monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken()
    document = parseString(reported(monkeypatch, found, "junit").stdout)  # noqa: S318 (our own)
    (suite,) = document.getElementsByTagName("testsuite")
    cases = {case.getAttribute("name"): case for case in suite.getElementsByTagName("testcase")}
    checks = [check for _, of_step in found.steps() for check in of_step]
    assert list(cases) == [check.id for check in checks]
    kinds = {Status.FAILED: "failure", Status.UNKNOWN: "skipped", Status.NOT_REACHED: "skipped"}
    for check in checks:
        tags = [node.tagName for node in cases[check.id].childNodes if node.nodeType == node.ELEMENT_NODE]
        assert tags == ([kinds[check.status]] if check.status in kinds else [])
    assert suite.getAttribute("tests") == str(len(checks))
    assert suite.getAttribute("failures") == str(sum(check.status is Status.FAILED for check in checks))
    (failure,) = cases["trust.subject"].getElementsByTagName("failure")
    assert "aws iam update-assume-role-policy" in failure.firstChild.data
    assert "<b>prod</b>" in failure.getAttribute("message")


# --- SARIF -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [works, broken, unknown, should_work])
def test_sarif_has_what_its_standard_requires(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """SARIF 2.1.0: 3.13 (log), 3.14 (run), 3.18 and 3.19 (tool), 3.27 (result), 3.33 (location), 3.49 (rule)."""
    found = make()
    log = json.loads(reported(monkeypatch, found, "sarif").stdout)
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] == "irsa-explorer"
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert urlsplit(rule["helpUri"]).scheme in ("https", "file")
        assert urlsplit(rule["helpUri"]).fragment == rule["id"]
    checks = {check.id: check for _, of_step in found.steps() for check in of_step}
    assert [result["ruleId"] for result in run_["results"]] == list(checks)
    for result in run_["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["kind"] in ("pass", "open", "notApplicable", "fail")
        assert (result["level"] in ("warning", "error")) == (result["kind"] == "fail")
        assert (result["level"] == "error") == (checks[result["ruleId"]].status is Status.FAILED)
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["logicalLocations"][0] == {"fullyQualifiedName": "default/my-sa", "kind": "serviceAccount"}
        assert all(it["fullyQualifiedName"] for it in location["logicalLocations"])


# --- GitHub ----------------------------------------------------------------------------------------------------------


def test_github_annotates_what_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken()
    lines = reported(monkeypatch, found, "github").stdout.splitlines()
    assert all(re.fullmatch(r"::(error|warning|notice) title=[^:,]+::.+", line) for line in lines)
    failed = [check.id for _, of_step in found.steps() for check in of_step if check.status is Status.FAILED]
    assert [line for line in lines if line.startswith("::error")] == [
        line for check_id in failed for line in lines if f"%3A {check_id}::" in line
    ]
    (subject,) = [line for line in lines if "trust.subject::" in line]
    assert subject.startswith("::error title=default/my-sa%3A trust.subject::")
    assert "%0Aaws iam update-assume-role-policy" in subject


def test_nothing_steers_a_runner_from_within_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken()
    check = next(check for _, of_step in found.steps() for check in of_step if check.id == "trust.subject")
    evil = dataclasses.replace(check, got="x\n::error::pwned\r%0A::add-mask::y")
    reports = tuple(
        dataclasses.replace(report, checks=tuple(evil if it is check else it for it in report.checks))
        for report in found.walk
    )
    spoilt = dataclasses.replace(found, walk=dataclasses.replace(found.walk, reports=reports))
    lines = reported(monkeypatch, spoilt, "github").stdout.splitlines()
    assert all(re.match(r"::(error|warning|notice) title=", line) for line in lines)
    assert "%250A" in "\n".join(lines)


# --- a survey, and several clusters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["text", "json", "html", *FORMATS])
def test_a_survey_has_every_format(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition")
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    result = run("--all-namespaces", "-o", output)
    assert result.exit_code == 1, result.output
    assert "my-sa" in result.stdout
    if output in FORMATS:
        assert "default/my-sa" in result.stdout
        assert "trust.scope" in result.stdout


def test_each_problem_of_a_survey_is_that_of_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that accepts the ServiceAccount is no failure, whatever else is wrong."""
    fakes = healthy()
    fakes.providers = []
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    suite = parseString(run("--all-namespaces", "-o", "junit").stdout)  # noqa: S318 (our own)
    assert [it.getAttribute("name") for it in suite.getElementsByTagName("testcase")] == [
        "trust.decision",
        "provider.exists",
    ]
    (failure,) = suite.getElementsByTagName("failure")
    assert failure.getAttribute("type") == "provider.exists"
    assert "has no provider for this issuer" in failure.getAttribute("message")
    assert failure.firstChild.data.startswith("aws iam create-open-id-connect-provider --url https://")


def of_contexts(monkeypatch: pytest.MonkeyPatch, **found: Any) -> None:
    def examined(choice: Any, *_: Any, **__: Any) -> Diagnosis:
        result = found[choice.context]
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(doctor_sources, "examined", examined)


def test_several_clusters_are_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = CannotRun(load("en"), "timed_out", operation="get pods", said="timed out")
    of_contexts(monkeypatch, blue=works(), green=broken(), grey=gone)
    named = ["sa/my-sa", *(word for name in ("blue", "green", "grey") for word in ("--context", name))]
    result = run(*named)
    table, _, below = result.stdout.partition("\n\n")
    assert below.startswith("grey\n")
    assert load("en").message("errors.timed_out.fix") in below
    head, *lines = table.splitlines()
    assert [line[:7].strip() for line in lines] == ["✓ blue", "✗ green", "? grey"]
    assert {line.index(load("en").message("cli.clusters.verdict")) for line in [head]} == {
        lines[0].index(load("en").message("doctor.works"))
    }
    assert result.exit_code == 1

    document = json.loads(run(*named, "-o", "json").stdout)
    assert document["format"] == "irsa-explorer clusters"
    assert [it["context"] for it in document["clusters"]] == ["blue", "green", "grey"]
    assert document["clusters"][1]["outcome"] == "broken"
    assert document["clusters"][2]["id"] == "timed_out"


@pytest.mark.parametrize(
    ("found", "status"),
    [((works, works), 0), ((works, should_work), 3), ((should_work, unknown), 2), ((unknown, broken), 1)],
)
def test_the_worst_cluster_counts(monkeypatch: pytest.MonkeyPatch, found: Any, status: int) -> None:
    of_contexts(monkeypatch, a=found[0](), b=found[1]())
    assert run("sa/my-sa", "--context", "a", "--context", "b").exit_code == status


def test_each_cluster_is_named_in_the_formats_of_other_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    of_contexts(monkeypatch, a=works(), b=broken())
    text = run("sa/my-sa", "--context", "a", "--context", "b", "-o", "junit").stdout
    assert re.findall(r'<testsuite name="([^"]+)"', text) == ["a/default/my-sa", "b/default/my-sa"]


# --- where a check is explained --------------------------------------------------------------------------------------


def test_what_is_the_same_before_and_after_a_change_is_not_compared_line_by_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 50,000 lines, a hundred different ones, that took two seconds."""
    compared: list[int] = []
    monkeypatch.setattr(
        unified_diff,
        "unified_diff",
        lambda *of, **more: compared.append(len(of[0])) or difflib.unified_diff(*of, **more),
    )
    before = {"args": ["a", "b"] * 5000, "name": "x", "z": ["a", "b"] * 5000}
    found = unified_diff.lines(Change(kind="Pod", name="shop/web", before=before, after={**before, "name": "y"}))
    assert found[:3] == ("--- Pod shop/web", "+++ Pod shop/web", "@@ -10001,7 +10001,7 @@")
    assert found[6:8] == ('-  "name": "x",', '+  "name": "y",')
    assert compared == [101]


def test_the_pages_of_the_checks_are_current_and_have_every_check() -> None:
    for name, written in pages("checks_page.file", checks_page.document).items():
        assert (CHECKS / name).read_text(encoding="utf-8") == written, "python -m tools.checks_page"
        assert sorted(re.findall(r'<a id="([^"]+)"></a>', written)) == sorted(load("en").checks)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package's metadata names its documentation."""

    class Metadata:
        def get_all(self, *_: Any) -> list[str]:
            return ["Homepage, https://explorer.test", "Documentation, https://explorer.test/docs/"]

    monkeypatch.setattr(metadata, "metadata", lambda _: Metadata())
    help_links._folder.cache_clear()
    yield
    help_links._folder.cache_clear()


def test_a_published_package_links_to_its_documentation(monkeypatch: pytest.MonkeyPatch, published: Any) -> None:
    url = "https://explorer.test/docs/checks.md#trust.subject"
    assert url in reported(monkeypatch, broken(), "text", "-v").stdout
    assert f'href="{url}"' in unescape(reported(monkeypatch, broken(), "html").stdout)
    checks = json.loads(reported(monkeypatch, broken(), "json").stdout)["checks"]
    assert {check["help"].rpartition("#")[2] for check in checks} == {check["id"] for check in checks}
    assert (
        url.replace("checks.md", "checks.ja.md") in reported(monkeypatch, broken(), "text", "-v", "--lang", "ja").stdout
    )


@pytest.mark.parametrize("output", ["text", *FORMATS])
def test_what_a_placeholder_may_stand_for_is_listed_beside_the_commands(
    monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod = bare_pod()
    fakes.roles = [role("s3-reader", trust_policy()), role("other", trust_policy())]
    printed = unescape(reported(monkeypatch, examine(fakes.ports(), SUBJECT), output).stdout)
    assert "eks.amazonaws.com/role-arn=ROLE_ARN" in printed
    for arn in (ROLE, ROLE.replace("s3-reader", "other")):
        assert arn in printed
