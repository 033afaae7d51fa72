"""Permissions as knowledge: the files in deploy/ are what the data says, and each refusal has the rule that helps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from app.content import load
from app.flow.errors import NotPermitted, Unreachable
from app.flow.model import JsonValue, Status, Subject
from app.flow.port_wrappers.consent import Action
from app.flow.port_wrappers.permissions_needed import (
    NEEDS,
    ROLE_NAME,
    foresee,
    iam_policy,
    need,
    rules,
    rules_as_yaml,
)
from app.flow.ports import Access
from app.flow.steps.walk import walk
from app.flow.verdict.check_dependencies import PLACES
from app.report.permission_words import allowing
from tests.unit.fake_ports import SUBJECT, Fakes
from tests.unit.test_walk import CHECKS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
REFUSALS = {
    # the port's method: (the check that is unknown when it is refused, what would allow it)
    "cluster_discovery": ("issuer.discovery", "/.well-known/openid-configuration"),
    "cluster_jwks": ("issuer.cluster_keys", "/openid/v1/jwks"),
    "oidc_providers": ("provider.exists", "iam:ListOpenIDConnectProviders"),
    "oidc_provider": ("provider.exists", "iam:GetOpenIDConnectProvider"),
    "service_account": ("service_account.exists", "serviceaccounts"),
    "role": ("role.exists", "iam:GetRole"),
    "mutating_webhooks": ("webhook.registered", "mutatingwebhookconfigurations"),
    "dry_run_pod": ("webhook.dry_run", '"create"'),
    "pod": ("pod.exists", "pods"),
    "execute": ("token.file", "pods/exec"),
    "role_policies": ("access.policy", "iam:ListAttachedRolePolicies"),
}


def cluster_roles() -> list[JsonValue]:
    """The least ClusterRoles: one that reads, and one for each action that takes something of the cluster."""
    by_action: dict[Action | None, list[Access]] = {None: [], **{action: [] for action in Action}}
    for found in NEEDS.values():
        by_action[found.action] += found.accesses
    reads = set(by_action[None])
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "-".join(filter(None, (ROLE_NAME, (action or "").replace("_", "-"))))},
            "rules": rules(access for access in accesses if action is None or access not in reads),
        }
        for action, accesses in by_action.items()
        if accesses
    ]


def least_iam_policy() -> JsonValue:
    """The least IAM policy of the person who runs the explorer: for everything in `NEEDS`."""
    return iam_policy(action for found in NEEDS.values() for action in found.iam)


def test_the_cluster_roles_are_what_is_needed_and_no_more() -> None:
    assert list(yaml.safe_load_all((DEPLOY / "clusterrole.yaml").read_text())) == cluster_roles()


def test_the_iam_policy_is_what_is_needed_and_no_more() -> None:
    assert json.loads((DEPLOY / "iam-policy.json").read_text()) == least_iam_policy()


def test_what_reads_is_apart_from_what_an_action_takes() -> None:
    reads, *actions = cluster_roles()
    assert {verb for rule in reads["rules"] for verb in rule["verbs"]} == {"get", "list"}
    assert {role["metadata"]["name"] for role in actions} == {
        f"irsa-explorer-{name}" for name in ("dry-run", "token-request", "read-token")
    }
    assert "secrets" not in json.dumps([reads, *actions])


@pytest.mark.parametrize("method", REFUSALS)
def test_a_check_that_was_refused_has_the_rule_that_would_allow_it(method: str) -> None:
    check_id, rule = REFUSALS[method]
    fakes = Fakes(errors={method: NotPermitted(code="Forbidden", server_message="no", status=403)})
    found = walk(fakes.ports(), SUBJECT)
    refused = {c.id: c.status for report in found for c in report.checks if c.reason == "no_permission"}
    assert check_id in refused
    assert set(refused.values()) == {Status.UNKNOWN}
    for needed in map(need, refused):
        assert rule in rules_as_yaml(rules(needed.accesses)) + json.dumps(iam_policy(needed.iam))


@pytest.mark.parametrize(
    ("use", "leads"),
    [
        ("pod.exists", ["rbac"]),
        ("token.file", ["rbac_all"]),
        ("role.exists", ["iam"]),
        ("access.policy", ["iam_all"]),
    ],
)
def test_where_a_use_takes_several_permissions_it_is_said_that_some_may_be_there(use: str, leads: list[str]) -> None:
    words = load("en")
    assert [lead for lead, _ in allowing([use], words)] == [words.message(f"actions.allow_{lead}") for lead in leads]


def test_every_refusal_is_accounted_for() -> None:
    """Each use of the walk is a check of it, each other one of the doctor; choosing and events apart."""
    of_walk = {check_id for checks in CHECKS.values() for check_id in checks}
    elsewhere = {use for use in NEEDS if use.startswith(("choose.", "near."))} | set(PLACES)
    elsewhere |= {"pod.events", "pod.config_maps", "issuer.described"}
    assert set(NEEDS) - of_walk <= elsewhere
    assert {check_id for check_id, _ in REFUSALS.values()} <= set(NEEDS)
    assert {found.action for found in NEEDS.values()} == {None, *Action}


def test_accesses_are_those_of_the_subject() -> None:
    subject = Subject(namespace="prod", service_account="app")
    assert need("token.format").of(subject) == (
        Access(verb="create", resource="serviceaccounts", subresource="token", namespace="prod", name="app"),
    )
    assert need("pod.exists").of(subject) == (Access(verb="get", resource="pods", namespace="prod"),)
    assert need("trust.subject").of(subject) == ()


def test_a_forecast_knows_yes_no_and_not_known() -> None:
    fakes = Fakes()
    fakes.denied = {Access(verb="create", resource="pods", namespace="default")}
    forecast = foresee(fakes.ports().cluster, SUBJECT)
    assert forecast.of("webhook.dry_run") is False
    assert forecast.of("pod.exists") is True
    assert forecast.of("role.exists") is True  # nothing of the cluster
    fakes.errors["allowed"] = Unreachable(code="timed_out", server_message="")
    assert foresee(fakes.ports().cluster, SUBJECT).of("pod.exists") is None


def test_a_forecast_asks_about_each_access_once() -> None:
    ports = Fakes().ports()
    foresee(ports.cluster, SUBJECT)
    accesses = {access for found in NEEDS.values() for access in found.of(SUBJECT)}
    assert len(ports.cluster.exchanges()) == len(accesses)
    assert foresee(ports.cluster, SUBJECT, ["role.exists"]).answers == {}


def test_rules_put_together_what_belongs_together() -> None:
    pods = [Access(verb=verb, resource="pods") for verb in ("get", "list")]
    accounts = [Access(verb=verb, resource="serviceaccounts") for verb in ("list", "get")]
    found = rules([*pods, *accounts, Access(verb="get", path="/openid/v1/jwks"), Access(verb="get", resource="nodes")])
    assert found == [
        {"apiGroups": [""], "resources": ["pods", "serviceaccounts"], "verbs": ["get", "list"]},
        {"nonResourceURLs": ["/openid/v1/jwks"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
    ]
    assert yaml.safe_load(rules_as_yaml(found)) == found
    assert rules([]) == []
    assert rules_as_yaml([]) == ""
