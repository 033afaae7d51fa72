"""With the ClusterRoles of deploy/ and a real API server's RBAC: all of them, one rule less, none; and the forecast."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from app import wiring
from app.commands.main import command_line
from app.content import load
from app.flow.model import NO_ACTION, JsonValue, Status, Walk
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.port_wrappers.permissions_needed import NEEDS, foresee, need, rules
from app.flow.steps.walk import walk
from app.settings import Settings
from app.wiring import Choice
from tests.live.eks import SUBJECT, Eks
from tests.waiting import eventually

ROLES: Mapping[str, Sequence[JsonValue]] = {
    role["metadata"]["name"]: role["rules"]
    for role in yaml.safe_load_all((Path(__file__).resolve().parents[2] / "deploy" / "clusterrole.yaml").read_text())
}
READS = ROLES["irsa-explorer"]
EVERYTHING = [rule for found in ROLES.values() for rule in found]
FIRSTS = [EVERYTHING.index(rules[0]) for rules in ROLES.values()]
"""The places of each ClusterRole's first rule."""
USES = [use for use, found in NEEDS.items() if found.accesses]


@contextmanager
def reader(eks: Eks, *granted: JsonValue) -> Iterator[None]:
    """Within, the user `reader` may do this and no more: waits until the API server's authorizer has heard of it."""
    expected = {use: _allows(granted, use) for use in USES}
    with eks.granted(*granted):
        eventually(lambda: forecast(eks) == expected)
        yield
    eventually(lambda: not any(forecast(eks).values()))


def forecast(eks: Eks) -> dict[str, bool | None]:
    found = foresee(eks.ports("reader").cluster, SUBJECT)
    return {use: found.of(use) for use in USES}


def _allows(granted: Sequence[JsonValue], use: str) -> bool:
    """Whether these rules hold all that a use takes."""
    held = {
        (group, thing, verb)
        for rule in granted
        for group in rule.get("apiGroups", [None])
        for thing in rule.get("resources") or rule["nonResourceURLs"]
        for verb in rule["verbs"]
    }
    wanted = {
        (rule.get("apiGroups", [None])[0], thing, verb)
        for rule in rules(need(use).accesses)
        for thing in rule.get("resources") or rule["nonResourceURLs"]
        for verb in rule["verbs"]
    }
    return wanted <= held


def reasons(found: Walk) -> dict[str, str]:
    """Why each check is open that is."""
    assert not [check for check in found.checks if check.status is Status.FAILED]
    return {check.id: check.reason for check in found.checks if check.status is Status.UNKNOWN}


def test_what_reads_is_enough_until_somebody_asks_for_more(here: Eks) -> None:
    with reader(here, *READS):
        found = walk(consented(here.ports("reader"), NOTHING), SUBJECT)
        cluster = here.ports("reader").cluster
        assert "default" in cluster.namespaces()
        assert cluster.service_accounts()
        assert cluster.pods(SUBJECT.namespace, SUBJECT.service_account)
    assert set(reasons(found).values()) == {"not_asked"}


def test_all_roles_are_enough_for_all_actions(here: Eks) -> None:
    """What stays open is what no node shows."""
    with reader(here, *EVERYTHING):
        found = walk(here.ports("reader"), SUBJECT)
    assert reasons(found) == {
        "token.file": "not_running",
        "token.bound_pod": "stand_in",
        "token.lifetime": "stand_in",
    }


@pytest.mark.parametrize(
    "left_out",
    [pytest.param(at, marks=() if at in FIRSTS else pytest.mark.large) for at in range(len(EVERYTHING))],
)
def test_without_one_rule_what_needs_it_is_open_and_was_foreseen(here: Eks, left_out: int) -> None:
    """One of each ClusterRole; `make test-all` leaves out each."""
    granted = [rule for number, rule in enumerate(EVERYTHING) if number != left_out]
    with reader(here, *granted):
        foreseen = forecast(here)
        found = walk(here.ports("reader"), SUBJECT)
    refused = {check_id for check_id, reason in reasons(found).items() if reason == "no_permission"}
    assert all(foreseen[check_id] is False for check_id in refused)
    assert [use for use in USES if not foreseen[use]]


@pytest.mark.parametrize("action", [Action.DRY_RUN, Action.TOKEN_REQUEST, Action.READ_TOKEN])
def test_an_action_that_may_not_be_done_is_refused_in_the_servers_words(here: Eks, action: Action) -> None:
    with reader(here, *READS):
        found = walk(consented(here.ports("reader"), frozenset({action})), SUBJECT)
    checks = {check.id: check for check in found.checks if check.reason == "no_permission"}
    assert [need(check_id).action for check_id in checks] == [action]
    assert all('User "reader" cannot ' in check.error for check in checks.values())


def test_what_the_doctor_prints_is_all_that_a_user_lacks(
    here: Eks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`kubectl apply` takes it as it was printed, and then nothing is lacking."""
    live = wiring.live
    monkeypatch.setattr(wiring, "live", lambda it, **more: replace(live(it, **more), issuer=here.issuer()))
    content = load("en")
    asked = ["doctor", "-n", "default", "-s", "my-sa", "--context", "reader", "--do", "all", "--rbac", "--lang", "en"]

    def printed() -> tuple[int, str]:
        result = CliRunner().invoke(command_line(Settings(), content), asked)
        return result.exit_code, result.output

    def kubectl(verb: str, manifests: str) -> None:
        path = f"{os.environ['KUBEBUILDER_ASSETS']}:{os.environ['PATH']}"
        environment = {**here.environment(), "PATH": path, "HOME": str(tmp_path)}
        command = ["kubectl", verb, "-f", "-"]
        done = subprocess.run(command, env=environment, input=manifests, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    status, text = printed()
    assert status in (1, 2)
    manifests = re.split(r"^# .*$", text, flags=re.MULTILINE)[1]
    assert "name: reader" in manifests
    kubectl("apply", manifests)
    try:
        eventually(lambda: printed()[0] == 0)
        assert content.message("doctor.rbac.nothing") in printed()[1]
    finally:
        kubectl("delete", manifests)
    eventually(lambda: not any(forecast(here).values()))


VIEW = "system:aggregate-to-view"
"""The rules of the built-in ClusterRole `view`, which a controller puts together of these (there is none here)."""


def test_with_the_built_in_view_provider_and_trust_policy_are_examined(here: Eks) -> None:
    path = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": VIEW}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}
    here.post(path, metadata={"name": "viewer"}, roleRef=reference, subjects=[subject])
    try:
        eventually(lambda: forecast(here)["service_account.exists"])
        found = walk(consented(here.ports("reader"), NOTHING), SUBJECT)
        given = replace(wiring.live(Choice(context="reader", issuer=here.world.issuer)), issuer=here.issuer())
        with_issuer = walk(consented(given, NOTHING), SUBJECT)
    finally:
        here.request("DELETE", f"{path}/viewer")
    checks = {check.id: check for check in found.checks}
    assert checks["issuer.discovery"].reason == "no_permission"
    assert checks["trust.provider"].reason == "issuer_assumed"
    decided = ("provider.exists", "provider.audience", "role.exists", "trust.action", "trust.audience", "trust.subject")
    assert {checks[check_id].status for check_id in decided} == {Status.PASSED}
    checks = {check.id: check for check in with_issuer.checks}
    assert {checks[check_id].status for check_id in ("issuer.discovery", "trust.provider")} == {Status.PASSED}
    eventually(lambda: not any(forecast(here).values()))


def test_with_nothing_at_all_nothing_passes_of_the_cluster(here: Eks) -> None:
    with reader(here):
        found = walk(consented(here.ports("reader"), ALL), SUBJECT)
    assert set(reasons(found).values()) == {"no_permission", NO_ACTION}
    assert not [c for report in found for c in report.checks if c.status is Status.PASSED]
