"""The pages of live mode against a real API server: as its admin, as somebody without rights, inside its own Pod."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app import wiring
from app.clients.kubernetes import connection, own_pod
from app.content import load
from app.flow.model import Status, Step
from app.flow.port_wrappers.consent import Action
from app.flow.ports import Access, Execution
from app.flow.verdict.judge import Outcome
from app.ui.state import session
from app.ui.state.walk_view import WalkView
from tests.live.eks import SUBJECT, Eks
from tests.live.test_doctor_live import RULES
from tests.live.test_walk_live import WithKubelet
from tests.screens.conftest import Screen
from tests.screens.live import asked_as
from tests.waiting import eventually

EN = load("en")
PAGES = ("home", *Step, "doctor")
GET_PODS = Access(verb="get", resource="pods", namespace=SUBJECT.namespace)
Open = Callable[..., Screen]


@pytest.fixture
def opened(here: Eks, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A reader in live mode; its issuer is found where the simulated AWS finds it."""
    asked_as(monkeypatch)
    live = wiring.live
    monkeypatch.setattr(
        wiring, "live", lambda choice, **more: dataclasses.replace(live(choice, **more), issuer=here.issuer())
    )
    yield lambda page="doctor", **query: Screen(lang="en").open(page, mode="live", **query)
    session.simulation.clear()


def walk_view(shown: Screen) -> WalkView:
    found: WalkView = shown.test.session_state["live"].walk_view
    return found


def outcome(shown: Screen) -> Outcome:
    assert walk_view(shown).diagnosis is not None
    return walk_view(shown).diagnosis.verdict.outcome  # type: ignore[union-attr]


def through_all(shown: Screen) -> Screen:
    for page in PAGES:
        shown.open(page)
        assert not shown.test.exception, page
    return shown


def with_a_kubelet(here: Eks, monkeypatch: pytest.MonkeyPatch) -> None:
    live = wiring.live

    def running(choice: wiring.Choice, **more: Any) -> Any:
        ports = live(choice, **more)
        return dataclasses.replace(ports, cluster=WithKubelet(ports.cluster, here.projected_token()))

    monkeypatch.setattr(wiring, "live", running)


def test_reading_alone_decides_nothing_and_the_buttons_decide_it(
    here: Eks, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_kubelet(here, monkeypatch)
    here.world.account.management_events.clear()  # of what other tests were refused
    shown = through_all(opened())
    assert walk_view(shown).walk.subject == SUBJECT
    assert outcome(shown) is Outcome.SHOULD_WORK
    assert EN.message("doctor.should_work") in unescape(shown.html("diagnosis"))
    for action in (Action.DRY_RUN, Action.READ_TOKEN, Action.EXCHANGE):
        shown.click(f"do_doctor_{action}")
        assert not shown.test.exception
    assert outcome(shown) is Outcome.WORKS
    assert walk_view(shown.open("sts_assume")).walk.report(Step.STS_ASSUME).status is Status.PASSED


def test_the_broken_link_is_named_with_its_command(here: Eks, opened: Open) -> None:
    path = f"api/v1/namespaces/{SUBJECT.namespace}/serviceaccounts/{SUBJECT.service_account}"
    pointer = "/metadata/annotations/eks.amazonaws.com~1role-arn"
    arn = f"arn:aws:iam::{here.world.account_id}:role/"
    here.patch(path, {"op": "replace", "path": pointer, "value": f"{arn}s3-raeder"})
    try:
        shown = through_all(opened())
    finally:
        here.patch(path, {"op": "replace", "path": pointer, "value": f"{arn}s3-reader"})
    assert outcome(shown) is Outcome.BROKEN
    assert EN.check("role.exists").title in unescape(shown.html("diagnosis"))
    assert "kubectl" in unescape(shown.html("fix")) or "aws iam" in unescape(shown.html("fix"))


def test_without_rights_every_page_says_which_rule_is_missing(here: Eks, opened: Open) -> None:
    shown = opened(context="stranger")
    assert EN.message("errors.live_not_chosen.title") in unescape(shown.html("notice_problem"))
    shown.test.query_params["service_account"] = SUBJECT.service_account
    through_all(shown)
    assert outcome(shown) is Outcome.UNKNOWN
    reasons = {check.reason for check in walk_view(shown).walk.checks}
    assert "no_permission" in reasons
    assert EN.message("actions.allow_rbac") in unescape(shown.html("diagnosis_checks"))


def test_without_a_login_every_page_says_so(here: Eks, opened: Open) -> None:
    shown = through_all(opened(context="expired", service_account=SUBJECT.service_account))
    assert EN.message("errors.unauthorized.title") in unescape(shown.html("notice_problem"))


def test_in_a_pod_of_its_own_the_projected_token_is_read_without_asking(
    here: Eks, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bound = {"apiVersion": "v1", "kind": "Pod", "name": SUBJECT.pod}
    bound["uid"] = here.admin.pod(SUBJECT.namespace, SUBJECT.pod)["metadata"]["uid"]
    path = f"api/v1/namespaces/{SUBJECT.namespace}/serviceaccounts/{SUBJECT.service_account}/token"
    made: Any = here.post(path, spec={"expirationSeconds": 3600, "boundObjectRef": bound})
    (tmp_path / "token").write_text(made["status"]["token"])
    (tmp_path / "ca.crt").write_bytes(here.control_plane.ca_pem)
    projected = here.projected_token()

    def run(command: list[str]) -> Execution:
        mounted = command[0] in ("head", "cat") and "eks.amazonaws.com" in command[1]
        name = f"==> {command[1]} <==\n" if command[0] == "head" else ""
        shown = f"{name}{projected}" if mounted else ""
        return Execution(stdout=shown, stderr="", exit_code=0 if mounted else 1)

    for name, value in (("HOST", "127.0.0.1"), ("PORT", str(here.control_plane.port))):
        monkeypatch.setenv(f"KUBERNETES_SERVICE_{name}", value)
    monkeypatch.delenv("KUBECONFIG")
    for name in ("in_cluster", "is_in_cluster"):
        monkeypatch.setattr(connection, name, partial(getattr(connection, name), mount=tmp_path))
    monkeypatch.setattr(own_pod, "subject", partial(own_pod.subject, tmp_path))
    monkeypatch.setattr(own_pod, "run", run)

    # (1) Without any rights: it is there, whole, and of this ServiceAccount.
    shown = through_all(opened())
    assert walk_view(shown).walk.subject == SUBJECT
    report = walk_view(shown).walk.report(Step.TOKEN_MOUNT)
    passed = {check.id for check in report.checks if check.status is Status.PASSED}
    assert passed >= {"token.file", "token.format", "token.subject", "token.audience", "token.signature"}
    assert {check.status for check in report.checks} == {Status.PASSED, Status.UNKNOWN}

    # (2) With those to read.
    user = f"system:serviceaccount:{SUBJECT.namespace}:{SUBJECT.service_account}"
    with here.granted(*RULES, user=user):
        eventually(lambda: wiring.live(wiring.Choice(in_cluster=True)).cluster.allowed(GET_PODS))
        shown = through_all(opened())
        assert walk_view(shown).walk.subject == SUBJECT
        assert walk_view(shown).granted == {Action.READ_TOKEN}
        assert walk_view(shown).walk.report(Step.TOKEN_MOUNT).check("token.file").status is Status.PASSED
        assert EN.message("mode.own_pod") in [caption.value for caption in shown.test.caption]
        assert {button.key for button in shown.test.button} & {"only_read", f"do_doctor_{Action.READ_TOKEN}"} == set()
        assert outcome(shown.click(f"do_doctor_{Action.EXCHANGE}")) is Outcome.WORKS
