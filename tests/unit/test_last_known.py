"""What was learnt is kept when a server falls silent, and says from when it is."""

from __future__ import annotations

import dataclasses

from app.flow.errors import FlowError, NotFound, Unreachable
from app.flow.model import Status, Step, Subject, Walk
from app.flow.port_wrappers.last_known import remember
from app.flow.steps.walk import walk
from tests.unit.fake_ports import SUBJECT, Fakes

SILENT = Unreachable(code="timed_out", server_message="timed out")
OF_CLUSTER = ("cluster_discovery", "service_account", "pod", "mutating_webhooks", "dry_run_pod", "request_token")


def walked(*methods: str, error: FlowError = SILENT, subject: Subject = SUBJECT) -> Walk:
    return walk(Fakes(errors=dict.fromkeys(methods, error)).ports(), subject)


def test_a_first_walk_is_as_it_is() -> None:
    found = walked(*OF_CLUSTER)
    remembered = remember(None, found, 100.0)
    assert remembered.walk is found
    assert set(remembered.read_at.values()) == {100.0}
    assert not any(remembered.is_old(step) for step in Step)


def test_without_an_answer_the_last_one_is_kept() -> None:
    before = remember(None, walked(), 100.0)
    remembered = remember(before, walked(*OF_CLUSTER), 200.0)
    assert {step for step in Step if remembered.is_old(step)} == set(Step)
    assert remembered.walk.reports == before.walk.reports


def test_what_was_answered_again_is_new() -> None:
    before = remember(None, walked(), 100.0)
    remembered = remember(before, walked("pod", "mutating_webhooks", "dry_run_pod", "request_token"), 200.0)
    assert {step for step in Step if remembered.is_old(step)} == set(Step) - {
        Step.OIDC_PROVIDER,
        Step.SERVICE_ACCOUNT,
    }
    assert remembered.walk.report(Step.WEBHOOK).status is Status.PASSED
    again = remember(remembered, walked(*OF_CLUSTER), 300.0)
    assert again.read_at[Step.WEBHOOK] == 100.0
    assert again.read_at[Step.OIDC_PROVIDER] == 200.0


def test_a_broken_chain_says_nothing_old() -> None:
    gone = NotFound(code="NotFound", server_message="not found")
    before = remember(None, walked(), 100.0)
    found = walked("service_account", "pod", error=gone)
    assert remember(before, found, 200.0).walk == found


def test_behind_a_broken_link_nothing_old_is_said() -> None:
    """Neither where another server was silent before."""
    gone = NotFound(code="NotFound", server_message="not found")
    before = remember(None, walked(), 100.0)
    found = walk(Fakes(errors={"discovery": SILENT, "service_account": gone, "pod": gone}).ports(), SUBJECT)
    assert remember(before, found, 200.0).walk == found


def test_another_subject_has_nothing_to_do_with_it() -> None:
    before = remember(None, walked(), 100.0)
    found = walked(*OF_CLUSTER, subject=dataclasses.replace(SUBJECT, pod=""))
    assert remember(before, found, 200.0).walk is found
