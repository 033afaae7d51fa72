"""The parts of the chain: their table holds together, and every check convicts one of them."""

from dataclasses import replace

import pytest

from app.flow.doctor import account, pod, recent_failures
from app.flow.film import script
from app.flow.model import Check, Exchange, Status, Step
from app.flow.steps.walk import STEPS
from app.flow.verdict.blame import PART_OF_CHECK, guilty_part
from app.flow.verdict.judge import Outcome, Verdict
from app.flow.verdict.link_states import ChainState, before
from app.flow.verdict.links import LINKS, PARTIES
from app.ui.map.geometry import BOXES, EDGES

PARTS = [part.id for part in (*PARTIES, *LINKS)]
CHECKS = {check_id for step in STEPS for check_id in step.CHECKS}
DOCTORS = {*pod.CHECKS, *account.CHECKS, *recent_failures.CHECKS}


def failed(check_id: str) -> Check:
    return Check(id=check_id, status=Status.FAILED)


def test_every_check_convicts_a_part() -> None:
    assert (CHECKS | DOCTORS) - PART_OF_CHECK.keys() == {"pod.application"}
    assert set(PART_OF_CHECK.values()) <= set(PARTS)
    assert {guilty_part(step, failed("pod.application"), {}) for step in Step} <= set(PARTS)


def test_ids_are_unique_and_every_name_in_the_table_is_one() -> None:
    assert len(PARTS) == len(set(PARTS))
    named = {need for part in (*PARTIES, *LINKS) for need in part.needs} | {
        it for link in LINKS for it in (link.tail, link.head)
    }
    assert named <= set(PARTS)
    assert {check_id for part in (*PARTIES, *LINKS) for check_id in part.checks} <= CHECKS
    assert [part for part in PARTS if part in before(part)] == []


def test_links_are_in_the_order_of_the_steps() -> None:
    assert [link.step for link in LINKS] == sorted((link.step for link in LINKS), key=list(Step).index)


def test_the_map_draws_every_part_and_every_arrow_of_the_film_with_the_same_ends() -> None:
    assert sorted(box.id for box in BOXES) == sorted(["instance_metadata", "thief", *(party.id for party in PARTIES)])
    assert sorted((edge.id, edge.tail.box, edge.head.box) for edge in EDGES) == sorted(
        (edge_id, *ends) for edge_id, ends in script.EDGES.items()
    )


def test_nothing_travels_on_what_is_drawn_as_a_reference() -> None:
    references = {edge.id for edge in EDGES if edge.reference}
    assert references == {"trust", "annotation", "policy"}
    assert references.isdisjoint(cue.edge for cue in script.SCRIPT)


def test_the_documents_of_the_issuer_are_outside_the_cluster_and_the_token_comes_back() -> None:
    zones = {box.id: box.zone for box in BOXES}
    assert (zones["issuer"], zones["api_server"], zones["sts"]) == ("internet", "cluster", "account")
    links = {link.id: (link.tail, link.head) for link in LINKS}
    assert links["token_request"] == ("kubelet", "api_server")
    assert links["token"] == ("api_server", "kubelet")


def test_a_call_that_nobody_answered_is_guilty_itself() -> None:
    silent = Exchange(caller="kube-apiserver", callee="pod-identity-webhook", method="POST", url="")
    check = failed("webhook.volume")
    assert guilty_part(Step.WEBHOOK, check, {"review": [silent]}) == "review"
    assert guilty_part(Step.WEBHOOK, check, {"review": []}) == "webhook"
    assert guilty_part(Step.WEBHOOK, check, {"review": [silent, replace(silent, status=200)]}) == "webhook"


def test_a_refusal_in_an_account_that_we_cannot_read_convicts_what_the_verdict_puts_it_on() -> None:
    check = failed("sts.credentials")
    assert guilty_part(Step.OIDC_PROVIDER, check, {}) == "provider"
    assert guilty_part(Step.STS_ASSUME, check, {}) == "sts"


def test_a_link_is_found_by_its_id() -> None:
    with pytest.raises(KeyError):
        ChainState(parties=(), links=(), verdict=Verdict(outcome=Outcome.WORKS, status=Status.PASSED)).link("none")
