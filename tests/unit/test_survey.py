"""The survey: who may assume what, which roles let in too many, and the picture of it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shlex
import shutil
import threading
from html import unescape
from typing import Any, ClassVar

import pytest
from click import unstyle
from hypothesis import given
from hypothesis import strategies as st

from app.commands import doctor_text
from app.content import LANGUAGES, load
from app.flow.doctor.survey import Stand, Survey, survey
from app.flow.errors import NotFound, NotPermitted, ServerFailed, Unreachable
from app.flow.model import Status
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.port_wrappers.deadline import with_deadline
from app.flow.port_wrappers.side_by_side import AT_ONCE
from app.flow.verdict.judge import Outcome
from app.flow.webhook import POD_IDENTITY_LABEL, SKIP_LABEL
from app.report import document, page, picture, survey_csv, survey_words
from app.ui.draw.browser_files import browser_files
from tests.unit.fake_ports import ACCOUNT, HOST, ROLE, Fakes, trust_policy

OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
KEY_OF_PODS = "iam.amazonaws.com/role"
FOREIGN = "arn:aws:iam::444455556666:role/s3-reader"


def account(namespace: str, name: str, role: str = "") -> dict[str, Any]:
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    return {"metadata": {"namespace": namespace, "name": name, "annotations": annotations}}


MINE = account("default", "my-sa", ROLE)


class Cluster:
    """The fake cluster, with several ServiceAccounts and Pods."""

    def __init__(self, cluster: Any, accounts: list[Any], pods: Any = (), specs: Any = None) -> None:
        self._cluster = cluster
        self._accounts = accounts
        self._pods = pods
        self._specs = specs or {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def service_accounts(self, namespace: str = "") -> list[Any]:
        return [it for it in self._accounts if namespace in ("", it["metadata"]["namespace"])]

    def workload(self, namespace: str, kind: Any, name: str) -> Any:
        return {"spec": self._specs.get(name, {})}

    def pods(self, namespace: str = "") -> list[Any]:
        if isinstance(self._pods, Exception):
            raise self._pods
        return [it for it in self._pods if namespace in ("", it["metadata"]["namespace"])]


class Aws:
    """The fake account, with several roles."""

    def __init__(self, aws: Any, roles: dict[str, Any]) -> None:
        self._aws = aws
        self._roles = roles

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def role(self, name: str) -> Any:
        found = self._roles.get(name, NotFound(code="NoSuchEntity", server_message="cannot be found", status=404))
        if isinstance(found, Exception):
            raise found
        return {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "AssumeRolePolicyDocument": found}


def surveyed(
    *accounts: Any, namespace: str = "", pods: Any = (), specs: Any = None, own: str = "", **roles: Any
) -> Survey:
    fakes = Fakes(cluster_discovery={"issuer": f"https://{own}"}) if own else Fakes()
    ports = fakes.ports()
    known = {"s3-reader": trust_policy(), **{name.replace("_", "-"): role for name, role in roles.items()}}
    cluster: Any = Cluster(ports.cluster, list(accounts), pods, specs)
    aws: Any = Aws(ports.aws, known)
    return survey(dataclasses.replace(ports, cluster=cluster, aws=aws), namespace)


def like(pattern: str) -> Any:
    return trust_policy(StringLike={f"{HOST}:sub": pattern})


def test_a_service_account_is_let_in_by_its_role() -> None:
    found = surveyed(MINE, account("default", "default"))
    (tie,) = found.ties
    assert (tie.namespace, tie.service_account, tie.role_arn, tie.stand) == ("default", "my-sa", ROLE, Stand.OWN)
    (role,) = found.roles
    assert (role.arn, role.wide, role.also, role.reason) == (ROLE, False, (), "")
    assert found.outcome is Outcome.WORKS


def test_a_role_that_was_read_shows_whose_account_it_is() -> None:
    """Where AWS does not say it: each role was then called accepting, also without a provider."""
    fakes = Fakes(providers=[])
    fakes.errors["caller_identity"] = Unreachable(code="timed_out", server_message="")
    ports = fakes.ports()
    cluster: Any = Cluster(ports.cluster, [MINE])
    found = survey(dataclasses.replace(ports, cluster=cluster))
    assert (found.ties[0].lacks_provider, found.outcome) == (True, Outcome.BROKEN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_roles_were_not_read_stands_once_below_the_table(language: str) -> None:
    words = load(language)
    found = surveyed(account("shop", "orders", FOREIGN), account("shop", "web", f"{FOREIGN}-2"), MINE)
    text = "\n".join(doctor_text.of_survey(found, words))
    assert text.count(words.message("reasons.other_account")) == 1
    lines = [line.split() for line in unstyle(text).splitlines()]
    assert lines.count(["shop/orders", "-"]) == lines.count(["shop/web", "cannot", "be", "found"]) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operator", ["IpAddress", "NotIpAddress"])
def test_a_role_that_asks_for_the_address_of_the_request_is_not_called_refused(operator: str, language: str) -> None:
    policy = trust_policy()
    policy["Statement"][0]["Condition"][operator] = {"aws:SourceIp": "203.0.113.0/24"}
    found, words = surveyed(MINE, s3_reader=policy), load(language)
    (tie,) = found.ties
    assert (tie.stand, tie.status, found.outcome) == (Stand.DEPENDS, Status.UNKNOWN, Outcome.UNKNOWN)
    (advice,) = survey_words.rows(found, words)[0].advice
    assert "aws:SourceIp" in advice.cause
    assert advice.commands == ("aws iam get-role --role-name s3-reader --query Role.AssumeRolePolicyDocument",)
    assert words.message("doctor.survey.counts.depends", count=1) in survey_words.verdict(found, words)


@pytest.mark.parametrize(
    ("role", "stand"),
    [(ROLE, Stand.REFUSED), (OTHER, Stand.MISSING), ("s3-reader", Stand.MALFORMED), (FOREIGN, Stand.UNREAD)],
)
def test_what_is_wrong_with_a_tie_is_reported(role: str, stand: Stand) -> None:
    found = surveyed(account("shop", "orders", role))
    assert [tie.stand for tie in found.ties] == [stand]
    assert found.outcome is (Outcome.UNKNOWN if stand is Stand.UNREAD else Outcome.BROKEN)


@pytest.mark.parametrize(
    ("pattern", "cluster", "namespaces", "similar"),
    [
        ("system:serviceaccount:*", True, (), False),
        ("*", True, (), False),
        ("system:serviceaccount:default:*", False, ("default",), False),
        ("system:serviceaccount:default:my-sa*", False, (), True),
        ("system:serviceaccount:*:my-sa", False, (), True),
        ("system:serviceaccount:default:my-sa", False, (), False),
    ],
)
def test_a_role_that_lets_in_too_many_is_found(
    pattern: str, cluster: bool, namespaces: tuple[str, ...], similar: bool
) -> None:
    found = surveyed(MINE, account("shop", "orders"), **{"s3-reader": like(pattern)})
    (role,) = found.roles
    assert (role.cluster, role.namespaces, role.similar) == (cluster, namespaces, similar)
    assert role.wide == (found.outcome is Outcome.BROKEN)


def test_a_role_without_a_sub_condition_lets_in_the_whole_cluster_and_names_who_there_is() -> None:
    policy = trust_policy(StringEquals={f"{HOST}:aud": "sts.amazonaws.com"})
    (role,) = surveyed(
        MINE, account("shop", "orders"), account("kube-system", "default"), **{"s3-reader": policy}
    ).roles
    assert role.cluster
    assert role.also == ("kube-system/default", "shop/orders")


def test_a_subject_in_the_policy_without_an_annotation_is_listed_and_is_no_fault() -> None:
    subjects = ["system:serviceaccount:default:my-sa", "system:serviceaccount:shop:orders"]
    found = surveyed(
        MINE, account("shop", "orders"), **{"s3-reader": trust_policy(StringEquals={f"{HOST}:sub": subjects})}
    )
    assert (found.roles[0].also, found.roles[0].wide, found.outcome) == (("shop/orders",), False, Outcome.WORKS)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotPermitted(code="AccessDenied", server_message="iam:GetRole", status=403), "no_permission"),
        (Unreachable(code="timed_out", server_message=""), "unreachable"),
        (ServerFailed(code="Throttling", server_message="Rate exceeded", status=400), "server_failed"),
    ],
)
def test_a_role_that_cannot_be_read_is_unknown(error: Any, reason: str) -> None:
    found = surveyed(MINE, **{"s3-reader": error})
    assert ([tie.stand for tie in found.ties], found.roles[0].reason) == ([Stand.UNREAD], reason)
    assert found.outcome is Outcome.UNKNOWN


def test_whose_account_it_is_may_stay_unknown_for_as_good_a_reason() -> None:
    throttled = ServerFailed(code="Throttling", server_message="Rate exceeded")
    ports = Fakes(providers=[], errors={"caller_identity": throttled}).ports()
    cluster: Any = Cluster(ports.cluster, [account("default", "my-sa", OTHER), account("shop", "orders", FOREIGN)])
    aws: Any = Aws(ports.aws, {})
    found = survey(dataclasses.replace(ports, cluster=cluster, aws=aws))
    assert [role.reason for role in found.roles] == ["server_failed", "server_failed"]


def test_one_namespace_may_be_surveyed_alone() -> None:
    found = surveyed(MINE, account("shop", "orders", OTHER), namespace="shop")
    assert [tie.namespace for tie in found.ties] == ["shop"]


def test_without_annotations_there_is_nothing_to_say() -> None:
    assert surveyed(account("default", "default")).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_it_did_not_look_at(language: str) -> None:
    """A role that is named by nobody may be as wide as it likes."""
    words = load(language)
    for found in (surveyed(MINE, wide=like("*")), surveyed(account("default", "default"), wide=like("*"))):
        assert survey_words.verdict(found, words).endswith(words.message("doctor.survey.named_only"))


def test_no_cluster_no_survey() -> None:
    fakes = Fakes(errors={"cluster_discovery": Unreachable(code="timed_out", server_message="")})
    with pytest.raises(Unreachable):
        survey(fakes.ports())


# --- how it is shown -------------------------------------------------------------------------------------------------


def many() -> Survey:
    return surveyed(
        MINE,
        account("shop", "orders", OTHER),
        account("shop", "broken", "s3-reader"),
        account("shop", "frontend"),
        account('we"ird', "<b>\\N", FOREIGN),
        other=trust_policy(StringEquals={f"{HOST}:aud": "sts.amazonaws.com"}),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_leads_from_each_service_account_to_its_role(language: str) -> None:
    words = load(language)
    source = picture.dot(many(), words)
    assert f'"account default/my-sa" -> "role {ROLE.replace(":", " ")}"' in source
    wide = next(line for line in source.splitlines() if "other" in line and "penwidth=3" in line)
    assert "#b3261e" in wide
    assert words.message("doctor.survey.everybody") in source


def test_a_dark_page_has_a_counterpart_for_each_colour_of_the_picture() -> None:
    drawn = set(re.findall("#[0-9a-f]{6}", picture.dot(many(), load("en"))))
    assert len(drawn) == 4
    rules = browser_files.frame_style_sheet
    assert [colour for colour in sorted(drawn) if f'[stroke="{colour}"]' not in rules] == []


@pytest.mark.skipif(shutil.which("dot") is None, reason="no dot on the PATH")
def test_the_picture_can_be_drawn() -> None:
    drawn = picture.svg(picture.dot(many(), load("en")))
    assert drawn.startswith("<svg")
    assert "&lt;b&gt;\\N" in drawn
    assert "<b>" not in drawn


def test_without_a_dot_binary_the_source_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    html = page.of_survey(many(), load("en"))
    assert "<svg" not in html
    assert "digraph survey" in html
    assert load("en").message("doctor.survey.no_dot").split("`")[0] in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_row_for_each_and_marks_the_wide_one(language: str) -> None:
    html = page.of_survey(many(), load(language))
    assert f'<html lang="{language}">' in html
    assert html.count('<th scope="row">') == 4
    (row,) = re.findall(r'<tr class="wide">.*?</tr>', html)
    assert "shop/orders" in row
    names = [load(language).message(f"doctor.survey.{key}") for key in ("role", "trust", "also")]
    assert (
        re.findall(r'<td data-head="(.*?)"', row) == names
    )  # what a phone shows beside each, having no head of the table
    assert "<b>\\N" not in html


def test_the_json_has_the_keys_that_scripts_rely_on() -> None:
    found = json.loads(json.dumps(document.of_survey(many(), load("en"))))
    extra = ("pods", "provider")
    assert list(found) == ["format", "read_at", "issuer", "outcome", "service_accounts", "roles", *extra, "would_allow"]
    assert list(found["service_accounts"][0]) == [
        *("namespace", "service_account", "role_arn", "stand", "status", "lacks_provider"),
        *("stale_pods", "problems"),
    ]
    (malformed,) = (it["problems"] for it in found["service_accounts"] if it["stand"] == "malformed")
    assert list(malformed[0]) == ["id", "status", "message", "fix"]
    assert {"arn", "reason", "said", "cluster", "namespaces", "similar", "also", "absent"} == set(found["roles"][0])


def shown(found: Survey, output: str) -> str:
    words = load("en")
    match output:
        case "json":
            return "\n".join(document.of_survey(found, words)["would_allow"])
        case "html":
            return unescape(page.of_survey(found, words))
    return "\n".join(doctor_text.of_survey(found, words))


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_the_policy_that_would_show_the_roles_is_there_to_paste(output: str) -> None:
    denied = NotPermitted(code="AccessDenied", server_message="not authorized", status=403)
    assert '"iam:GetRole"' in shown(surveyed(MINE, **{"s3-reader": denied}), output)
    silent = Unreachable(code="timed_out", server_message="")
    assert '"iam:GetRole"' not in shown(surveyed(MINE, **{"s3-reader": silent}), output)


_NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(namespace=_NAME, name=_NAME, role=_NAME | st.just(ROLE))
def test_no_name_breaks_the_picture(namespace: str, name: str, role: str) -> None:
    found = surveyed(account(namespace, name, role))
    assert picture.dot(found, load("en")).startswith("digraph survey {")


# --- what is wrong with each, and what fixes it ----------------------------------------------------------------------


def pod(name: str, *, role: str | None = ROLE, owner: str = "", **metadata: Any) -> Any:
    """A Pod of default/my-sa, injected with that role, or not at all."""
    env = [{"name": "AWS_ROLE_ARN", "value": role}] if role else []
    owners = [{"kind": "ReplicaSet", "name": f"{owner}-abc", "controller": True}] if owner else []
    labels = {"pod-template-hash": "abc"} | metadata.pop("labels", {})
    return {
        "metadata": {"namespace": "default", "name": name, "ownerReferences": owners, "labels": labels, **metadata},
        "spec": {"serviceAccountName": "my-sa", "containers": [{"name": "app", "env": env}]},
        "status": {"phase": "Running"},
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_pods_with_pod_identity_do_not_have_the_annotated_role(language: str) -> None:
    words, other = load(language), pod("a", role=None, labels={POD_IDENTITY_LABEL: "enabled"})
    found = surveyed(MINE, pods=[other])
    (tie,) = found.ties
    assert (tie.stale, tie.by_pod_identity, tie.status, found.outcome) == ((), ("a",), Status.WARNING, Outcome.WORKS)
    assert problem(found)[:2] == ("survey.causes.pod_identity", "pod_identity")
    assert words.message("doctor.survey.works") not in survey_words.verdict(found, words)


def test_a_second_container_with_a_role_of_its_own_makes_no_pod_stale() -> None:
    both = pod("a")
    both["spec"]["containers"].append({"name": "backup", "env": [{"name": "AWS_ROLE_ARN", "value": OTHER}]})
    assert surveyed(MINE, pods=[both]).ties[0].stale == ()


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_what_is_updated_on_delete_makes_a_new_pod_of_each_that_is_deleted(kind: str) -> None:
    """`kubectl rollout restart` says that it has restarted such a workload, and nothing happens."""
    old = [pod(name, role=None) for name in ("vault-0", "vault-1")]
    for it in old:
        it["metadata"]["ownerReferences"] = [{"kind": kind, "name": "vault", "controller": True}]
    deleted = [f"kubectl -n default delete pod {it['metadata']['name']}" for it in old]
    found = surveyed(MINE, pods=old, specs={"vault": {"updateStrategy": {"type": "OnDelete"}}})
    assert problem(found)[2] == deleted
    assert problem(surveyed(MINE, pods=old))[2] == [f"kubectl -n default rollout restart {kind.lower()}/vault"]
    quoted = account("default", "my-sa", f'"{ROLE}"')
    found = surveyed(quoted, pods=old, specs={"vault": {"updateStrategy": {"type": "OnDelete"}}})
    assert problem(found)[2][1:] == deleted


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_paused_rollout_is_resumed_and_the_survey_says_what_that_brings(language: str) -> None:
    words, old = load(language), [pod(name, role=None, owner="web") for name in ("a", "b")]
    (row,) = survey_words.rows(surveyed(MINE, pods=old, specs={"web": {"paused": True}}), words)
    assert row.advice[0].commands == tuple(
        f"kubectl -n default rollout {verb} deployment/web" for verb in ("resume", "restart")
    )
    assert words.message("doctor.then.paused") in row.advice[0].fix


def problem(found: Survey, number: int = 0) -> tuple[str, str, list[str]]:
    """The cause of a problem of the first ServiceAccount, its fix and its commands."""
    wrong = found.ties[0].problems[number]
    assert wrong.fix is not None
    return wrong.cause, wrong.fix.id, list(wrong.fix.commands)


@pytest.mark.parametrize(
    "key",
    [
        "eks.amazonaws.com/role_arn",
        "eks.amazonaw.com/role-arn",
        "eks.amazonaws.com/Role-ARN",
        "eks.amazonaws.com/role",
        "eks.amazonaws.com/iam-role-arn",
        KEY_OF_PODS,
        "iam.amazonaws.com/role-arn",
    ],
)
def test_a_mistyped_key_is_found_and_the_right_one_is_set(key: str) -> None:
    wrong = account("default", "my-sa")
    wrong["metadata"]["annotations"] = {key: ROLE, "note": "x"}
    found = surveyed(wrong, pods=[pod("a", role=None, owner="web")])
    assert [(tie.stand, tie.role_arn) for tie in found.ties] == [(Stand.MISTYPED, ROLE)]
    assert found.outcome is Outcome.BROKEN
    cause, fix, commands = problem(found)
    cause_of = "key_of_pods" if key == KEY_OF_PODS else "mistyped"
    assert (cause, fix) == (f"survey.causes.{cause_of}", "annotate")
    assert commands == [
        f"kubectl -n default annotate serviceaccount my-sa eks.amazonaws.com/role-arn={ROLE}",
        "kubectl -n default rollout restart deployment/web",
    ]
    assert key in survey_words.rows(found, load("en"))[0].advice[0].cause


def test_a_service_account_whose_pods_name_their_role_for_kube2iam_is_not_meant_for_irsa() -> None:
    kept = account("default", "my-sa")
    kept["metadata"]["annotations"] = {KEY_OF_PODS: ROLE}
    assert surveyed(kept, pods=[pod("a", role=None, annotations={KEY_OF_PODS: "s3-reader"})]).ties == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("eks.amazonaws.com/audience", "sts.amazonaws.com"),
        ("eks.amazonaws.com/token-expiration", "86400"),
        ("eks.amazonaws.com/sts-regional-endpoints", "true"),
        ("services.k8s.aws/owner-account-id", ACCOUNT),
        ("example.com/role", "admin"),
        ("kubectl.kubernetes.io/last-applied-configuration", json.dumps({"role-arn": ROLE})),
    ],
)
def test_another_annotation_is_no_mistyped_one(key: str, value: str) -> None:
    other = account("default", "my-sa")
    other["metadata"]["annotations"] = {key: value}
    assert surveyed(other).ties == ()


def test_a_role_that_does_not_exist_is_created_or_named_with_its_path() -> None:
    cause, fix, commands = problem(surveyed(account("default", "my-sa", OTHER)))
    assert (cause, fix) == ("causes.role_missing", "create_role")
    assert commands[0].startswith("aws iam create-role --role-name other ")
    elsewhere = f"arn:aws:iam::{ACCOUNT}:role/team/s3-reader"
    _, fix, commands = problem(surveyed(account("default", "my-sa", elsewhere)))
    assert fix == "correct_arn"
    assert f"eks.amazonaws.com/role-arn={ROLE}" in commands[0]


def test_a_role_that_refuses_says_by_which_condition() -> None:
    found = surveyed(account("shop", "orders", ROLE))
    cause, fix, commands = problem(found)
    assert (cause, fix) == ("causes.subject_condition", "trust")
    assert "system:serviceaccount:shop:orders" in commands[0]
    assert "system:serviceaccount:default:my-sa" in commands[0]  # who is let in today stays so


def test_pods_without_the_annotated_role_are_found_and_each_workload_is_restarted_once() -> None:
    fresh, deleted = pod("fresh"), pod("going", role=None, deletionTimestamp="2026-11-27T00:00:00Z")
    over, skipped = pod("over", role=None), pod("skipped", role=None, labels={SKIP_LABEL: ""})
    over["status"]["phase"] = "Succeeded"
    by_pod_identity = pod("identity", role=None, labels={POD_IDENTITY_LABEL: "enabled"})
    stale = [pod("b", role=None, owner="web"), pod("a", role=None, owner="web"), pod("old", role=OTHER)]
    found = surveyed(MINE, pods=[fresh, deleted, over, skipped, by_pod_identity, *stale])
    (tie,) = found.ties
    assert (tie.stand, tie.stale, tie.status) == (Stand.OWN, ("a", "b", "old"), Status.FAILED)
    assert found.outcome is Outcome.BROKEN
    assert problem(found) == (
        "survey.causes.not_injected",
        "recreate",
        ["kubectl -n default rollout restart deployment/web"],
    )
    cause, _, commands = problem(found, 1)
    assert cause == "survey.causes.other_role"
    assert "pod/old" in commands[0]


def test_pods_that_may_not_be_read_leave_it_open() -> None:
    denied = NotPermitted(code="Forbidden", server_message="cannot list pods", status=403)
    found = surveyed(MINE, pods=denied)
    assert (found.outcome, found.pods_reason) == (Outcome.UNKNOWN, "no_permission")
    assert "cannot list pods" in survey_words.verdict(found, load("en"))
    assert 'resources: ["pods"]' in shown(found, "text")


def test_a_trust_policy_for_who_is_not_there_is_reported_and_breaks_nothing() -> None:
    subjects = [f"system:serviceaccount:{name}" for name in ("default:my-sa", "default:gone", "shop:orders")]
    policy = trust_policy(StringEquals={f"{HOST}:sub": subjects})
    found = surveyed(MINE, account("shop", "orders"), **{"s3-reader": policy})
    assert (found.roles[0].absent, found.ties[0].status, found.outcome) == (
        ("default/gone",),
        Status.WARNING,
        Outcome.WORKS,
    )
    cause, fix, commands = problem(found)
    assert (cause, fix) == ("survey.causes.absent", "absent")
    assert commands == ["aws iam get-role --role-name s3-reader --query Role.AssumeRolePolicyDocument"]
    # Of another namespace nobody knows who is there.
    assert surveyed(MINE, namespace="default", **{"s3-reader": policy}).roles[0].absent == ("default/gone",)


def test_a_wide_role_is_narrowed_for_its_only_user_alone() -> None:
    wide = like("system:serviceaccount:default:*")
    assert problem(surveyed(MINE, **{"s3-reader": wide}))[:2] == ("survey.causes.wide", "narrow")
    for others in (account("default", "other", ROLE), account("default", "other")):
        _, fix, commands = problem(surveyed(MINE, others, **{"s3-reader": wide}))
        assert (fix, commands[0].split()[:3]) == ("narrow_shared", ["aws", "iam", "get-role"])
    wide["Statement"][0]["Condition"]["StringEquals"] = {"aws:SourceVpce": "vpce-1"}  # all Pods there meet it
    assert surveyed(MINE, **{"s3-reader": wide}).roles[0].namespaces == ("default",)


# --- side by side ----------------------------------------------------------------------------------------------------


class Rounds:
    """Answers calls only when as many wait as can: each time is one round trip."""

    def __init__(self, calls: int) -> None:
        self.left, self.waiting, self.inside, self.most, self.rounds = calls, 0, 0, 0, 0
        self._changed = threading.Condition()

    def wait(self, together: int = AT_ONCE) -> None:
        with self._changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.waiting += 1
            turn = self.rounds
            if self.waiting == min(together, self.left):
                self.left -= self.waiting
                self.waiting = 0
                self.rounds += 1
                self._changed.notify_all()
            else:
                assert self._changed.wait_for(lambda: self.rounds > turn, timeout=10), "asked one after the other"
            self.inside -= 1


def test_many_roles_are_read_side_by_side_but_never_too_many_at_a_time() -> None:
    """190 roles at 150 ms a call: fifteen rounds, a little more than two seconds."""
    count = 190
    names = [f"role-{number:03}" for number in range(count)]
    rounds = Rounds(count - 1)

    class Slow(Aws):
        asked: ClassVar[list[str]] = []

        def role(self, name: str) -> Any:
            self.asked.append(name)
            if name != names[0]:  # the first one is asked for alone: is there anybody?
                rounds.wait()
            if name == names[7]:
                raise ServerFailed(code="Throttling", server_message="Rate exceeded", status=400)
            return super().role(name)

    ports = Fakes().ports()
    arns = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in names]
    accounts = [account("shop", f"sa-{number:03}", arn) for number, arn in enumerate(arns)]
    cluster: Any = Cluster(ports.cluster, accounts)
    aws: Any = Slow(ports.aws, {name: trust_policy() for name in names})
    slow = with_deadline(consented(dataclasses.replace(ports, cluster=cluster, aws=aws), NOTHING), seconds=120)
    found = survey(slow)
    assert sorted(Slow.asked) == names
    assert (rounds.most, rounds.rounds) == (AT_ONCE, 12)
    assert [tie.role_arn for tie in found.ties] == arns
    assert [role.arn for role in found.roles if role.reason] == [arns[7]]
    assert found.roles[7].reason == "server_failed"


def test_a_silent_iam_is_asked_once_for_all_roles() -> None:
    silent = Unreachable(code="timed_out", server_message="")
    arns = [f"arn:aws:iam::{ACCOUNT}:role/role-{number}" for number in range(40)]
    ports = Fakes().ports()
    asked: list[str] = []

    class Silent(Aws):
        def role(self, name: str) -> Any:
            asked.append(name)
            raise silent

    cluster: Any = Cluster(ports.cluster, [account("a", f"sa-{n}", arn) for n, arn in enumerate(arns)])
    aws: Any = Silent(ports.aws, {})
    found = survey(with_deadline(dataclasses.replace(ports, cluster=cluster, aws=aws)))
    assert len(asked) == 1
    assert {role.reason for role in found.roles} == {"unreachable"}


# --- rows ------------------------------------------------------------------------------------------------------------


def test_the_worst_come_first_and_a_reader_may_look_at_some() -> None:
    rows = survey_words.rows(many(), load("en"))
    sorted_rows = survey_words.by_severity(rows)
    assert [row.status for row in sorted_rows] == [Status.FAILED, Status.FAILED, Status.UNKNOWN, Status.PASSED]
    assert {row.namespace for row in survey_words.only(rows, namespace="shop")} == {"shop"}
    assert [row.service_account for row in survey_words.only(rows, status=Status.PASSED)] == ["default/my-sa"]
    assert [row.service_account for row in survey_words.only(rows, text="S3-READER")] != []
    assert survey_words.only(rows, text="no such text") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_csv_has_a_line_for_each_problem_and_runs_no_formula(language: str) -> None:
    found = surveyed(MINE, account("shop", "x", "=cmd|' /C calc'!A0"), account("shop", "orders", OTHER))
    lines = list(csv.DictReader(io.StringIO(survey_csv.of_survey(found, load(language)))))
    assert [(line["service_account"], line["status"]) for line in lines] == [
        ("orders", "failed"),
        ("x", "failed"),
        ("my-sa", "passed"),
    ]
    assert lines[1]["role_arn"].startswith("'=")
    assert lines[0]["commands"].startswith("aws iam create-role")
    assert lines[2]["cause"] == lines[2]["commands"] == ""


def test_without_a_provider_nobody_gets_in_whatever_the_trust_policies_say() -> None:
    fakes = Fakes(providers=[])
    found = survey(fakes.ports())
    (tie,) = found.ties
    assert (tie.stand, tie.status, found.outcome) == (Stand.OWN, Status.FAILED, Outcome.BROKEN)
    cause, fix, commands = problem(found)
    assert (cause, fix) == ("causes.provider_missing", "create_provider")
    assert commands[0].startswith("aws iam create-open-id-connect-provider --url https://")
    denied = NotPermitted(code="AccessDenied", server_message="iam:ListOpenIDConnectProviders", status=403)
    unread = survey(Fakes(errors={"oidc_providers": denied}).ports())
    assert (unread.outcome, unread.provider_reason) == (Outcome.UNKNOWN, "no_permission")
    assert "iam:ListOpenIDConnectProviders" in shown(unread, "text")


def test_where_aws_cannot_reach_the_issuer_neither_a_provider_nor_a_trust_policy_nor_a_new_pod_is_advised() -> None:
    typo = {"metadata": {"namespace": "default", "name": "typo", "annotations": {"eks.amazonaws.com/role_arn": ROLE}}}
    old = {"metadata": {"namespace": "default", "name": "old"}, "spec": {"serviceAccountName": "my-sa"}}
    found = surveyed(MINE, typo, pods=[old], own="kubernetes.default.svc.cluster.local")
    assert [tie.stand for tie in found.ties] == [Stand.REFUSED, Stand.MISTYPED]
    advised = [[(it.cause, it.fix.id) for it in tie.problems if it.fix] for tie in found.ties]
    private, key = ("causes.keys_unpublished", "private_issuer"), ("survey.causes.mistyped", "annotate")
    assert advised == [[private], [private, key]]
    assert "In a cluster whose issuer AWS cannot reach: 2." in survey_words.verdict(found, load("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_several_service_accounts_need_is_said_once(language: str) -> None:
    words = load(language)
    other = account("shop", "orders", OTHER)
    found = surveyed(MINE, other, account("shop", "typo", "s3-reader"), own="kubernetes.default.svc.cluster.local")
    fix = words.message("doctor.fixes.private_issuer")
    text = unstyle("\n".join(doctor_text.of_survey(found, words)))
    assert text.count(fix) == text.count("/openid/v1/jwks") == 1
    assert [it.strip() for it in text.splitlines() if it.startswith("  ") and "shop/typo" in it and "arn" not in it][
        -2:
    ] == ["default/my-sa, shop/orders, shop/typo", "shop/typo"]
    html = unescape(page.of_survey(found, words))
    assert html.count("/openid/v1/jwks") == 1
    assert html.count(words.message("doctor.survey.as_above", service_account="default/my-sa").partition("`")[0]) == 2


@pytest.mark.parametrize(
    ("arn", "cause"),
    [(f'"{ROLE}"', "causes.malformed_arn"), (ROLE.replace("arn:aws:", "arn:aws-cn:"), "causes.role_missing")],
)
def test_of_an_arn_that_is_wrong_no_provider_is_missed(arn: str, cause: str) -> None:
    """With the quotes in it, the ARN has no account in which one could lack; an account is in one partition."""
    (tie,) = surveyed(account("shop", "orders", arn)).ties
    assert (tie.lacks_provider, [it.cause for it in tie.problems]) == (False, [cause])


def test_one_command_lets_in_all_that_a_role_refuses() -> None:
    """Pasted one after the other, the command of one would take out the statement of the other."""
    found = surveyed(MINE, account("shop", "orders", ROLE), account("shop", "frontend", ROLE))
    commands = {tie.name: [it.fix.commands for it in tie.problems if it.fix] for tie in found.ties}
    assert commands["default/my-sa"] == []
    assert commands["shop/orders"] == commands["shop/frontend"]
    assert [problem.fix.id for tie in found.ties for problem in tie.problems if problem.fix] == ["trust_together"] * 2
    policy = json.loads(shlex.split(commands["shop/orders"][0][0])[-1])
    subjects = [statement["Condition"]["StringEquals"][f"{HOST}:sub"] for statement in policy["Statement"]]
    assert subjects == [f"system:serviceaccount:{name}" for name in ("default:my-sa", "shop:frontend", "shop:orders")]


def test_one_that_a_deny_keeps_out_takes_nothing_from_the_policy_for_all() -> None:
    """Its own policy cannot be made, and the command began with an empty one."""
    policy = trust_policy()
    keyed = {"StringEquals": {f"{HOST}:sub": "system:serviceaccount:shop:frontend"}}
    deny = {**policy["Statement"][0], "Effect": "Deny", "Condition": keyed}
    policy["Statement"].append(deny)
    found = surveyed(MINE, *(account("shop", name, ROLE) for name in ("frontend", "orders")), s3_reader=policy)
    fixes = {tie.name: [it.fix for it in tie.problems if it.fix] for tie in found.ties}
    (kept_out,), (fix,) = fixes["shop/frontend"], fixes["shop/orders"]
    assert (kept_out.id, fix.id) == ("remove_deny", "trust_together")
    changed = json.loads(shlex.split(fix.commands[0])[-1])["Statement"]
    assert changed[:2] == policy["Statement"]
    assert [it["Condition"]["StringEquals"][f"{HOST}:sub"] for it in changed[2:]] == [
        "system:serviceaccount:shop:orders"
    ]


def test_one_command_for_all_says_where_the_policy_has_no_room_for_them() -> None:
    subjects = [f"system:serviceaccount:team:{'x' * 50}-{number}" for number in range(19)]
    full = trust_policy(StringEquals={f"{HOST}:sub": subjects})
    found = surveyed(account("shop", "orders", ROLE), account("shop", "frontend", ROLE), s3_reader=full)
    fixes = [problem.fix for tie in found.ties for problem in tie.problems if problem.fix]
    ours, others = (fix.commands for fix in fixes if fix.id == "trust_over_quota")
    assert ours == others


def test_of_more_than_a_trust_policy_has_room_for_there_is_no_command_for_all() -> None:
    """Nor one for each: a hundred of them would repeat a hundred statements a hundred times."""
    found = surveyed(*(account("shop", f"sa-{number}", ROLE) for number in range(21)))
    fixes = [problem.fix for tie in found.ties for problem in tie.problems if problem.fix]
    assert {(fix.id, len(fix.commands)) for fix in fixes if fix.id.startswith("trust")} == {("trust_too_many", 1)}
    assert max(len(command) for fix in fixes for command in fix.commands) < 200


OWN, KOPS = "s3.example.com/kops", "amazonaws.com"
"""An issuer outside EKS, and the audience that kOps gives its webhook."""


def trusting(audience: str, subject: str = "default:my-sa") -> Any:
    conditions = {f"{OWN}:sub": f"system:serviceaccount:{subject}", f"{OWN}:aud": audience}
    policy = trust_policy(StringLike=conditions)
    policy["Statement"][0]["Principal"]["Federated"] = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OWN}"
    return policy


def with_token(audience: str) -> Any:
    found = pod("web")
    token = {"serviceAccountToken": {"audience": audience}}
    found["spec"]["volumes"] = [{"name": "aws-iam-token", "projected": {"sources": [token]}}]
    return found


@pytest.mark.parametrize(
    ("expected", "seen", "stand"),
    [
        (KOPS, KOPS, Stand.OWN),
        ("sts.amazonaws.com", KOPS, Stand.REFUSED),
        (KOPS, "sts.amazonaws.com", Stand.REFUSED),
        (KOPS, "", Stand.AUDIENCE),
        ("sts.amazonaws.com", "", Stand.OWN),
    ],
)
def test_outside_eks_a_pod_shows_the_audience_that_the_webhook_asks_for(expected: str, seen: str, stand: Stand) -> None:
    found = surveyed(MINE, own=OWN, pods=[with_token(seen)] if seen else [], s3_reader=trusting(expected))
    assert [tie.stand for tie in found.ties] == [stand]
    # Its account has no provider for this issuer, which gets the same audience.
    fixes = {it.cause: it.fix and it.fix.commands for it in found.ties[0].problems}
    assert f"--client-id-list {seen or expected}" in (fixes["causes.provider_missing"] or ("",))[0]
    if stand is Stand.REFUSED:
        assert f'"{OWN}:aud": "{seen}"' in (fixes["causes.audience_condition"] or ("",))[0]
    for language in LANGUAGES:
        words = load(language)
        assert all(row.stand and expected in row.advice[-1].cause for row in survey_words.rows(found, words)) or (
            stand is not Stand.AUDIENCE
        )
        counted = words.message("doctor.survey.counts.audience", count=1) in survey_words.verdict(found, words)
        assert counted is (stand is Stand.AUDIENCE)


@pytest.mark.parametrize("pods", [[], [with_token(KOPS)]])
def test_outside_eks_a_role_for_everybody_is_found_as_well(pods: Any) -> None:
    found = surveyed(MINE, own=OWN, pods=pods, s3_reader=trusting(KOPS, "*"))
    assert found.roles[0].cluster


def test_the_fix_of_a_role_has_the_annotated_audience() -> None:
    mine = account("default", "my-sa", ROLE)
    mine["metadata"]["annotations"]["eks.amazonaws.com/audience"] = "mine"
    policy = trust_policy(StringEquals={f"{HOST}:sub": "system:serviceaccount:default:other", f"{HOST}:aud": "mine"})
    _, fix, commands = problem(surveyed(mine, s3_reader=policy))
    assert fix == "trust"
    assert f'"{HOST}:aud": "mine"}}' in commands[0].rpartition("default:my-sa")[2]


def test_an_arn_without_its_account_gets_ours() -> None:
    _, fix, commands = problem(surveyed(account("default", "my-sa", "arn:aws:iam::role/s3-reader")))
    assert (fix, commands[0].rpartition(" ")[2]) == ("correct_arn", f"eks.amazonaws.com/role-arn={ROLE}")
