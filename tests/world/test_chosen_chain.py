"""A reader's own ServiceAccount, role and Pod in their world: what the pages, the faults and the edits then act on."""

import json

import pytest

from app.flow.annotations import ROLE_ARN
from app.flow.doctor import examine
from app.flow.model import Chain, Status
from app.flow.names import role_in
from app.flow.verdict.judge import Outcome
from app.wiring import simulated
from app.world import edits
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws import iam
from app.world.faults import FAULTS, names
from app.world.lifecycle import chain_choice
from app.world.lifecycle.world_operations import annotate, delete
from app.world.setup import roles, scenario
from tests.content.test_faults_words import PARTS
from tests.world.test_faults import WORKS_ANYWAY

pytestmark = pytest.mark.one_world

OWN = Chain(
    namespace="production", service_account="reports.v2", pod="reports-0", role="Reports_role", role_path="/apps/"
)
"""Whatever the article's names are not: another namespace, a dot, an underscore, a path."""


@pytest.fixture
def chosen(simulation, world):
    """The world with a chain of the reader's own, which is the chosen one."""

    async def create():
        await operations.create(world, ADMIN, "namespaces", None, {"metadata": {"name": OWN.namespace}})
        trust = roles.trust_policy(world, OWN.namespace, OWN.service_account)
        role = {"RoleName": OWN.role, "Path": OWN.role_path, "AssumeRolePolicyDocument": json.dumps(trust)}
        arn = iam.call(world.account, "CreateRole", role)["Role"]["Arn"]
        policy = {"RoleName": OWN.role, "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
        iam.call(world.account, "AttachRolePolicy", policy)
        metadata = {"name": OWN.service_account, "annotations": {ROLE_ARN: arn}}
        await operations.create(world, ADMIN, "serviceaccounts", OWN.namespace, {"metadata": metadata})
        pod = scenario.pod(OWN.pod, OWN.service_account)
        await operations.create(world, ADMIN, "pods", OWN.namespace, pod)
        await world.kubelet.settle(20)

    simulation.run(create())
    simulation.choose(world, namespace=OWN.namespace, service_account=OWN.service_account)
    return world


def diagnosed(simulation, world, chain):
    return examine(simulated(simulation, world), chain.subject)


def test_the_role_follows_from_the_annotation_and_the_pod_from_the_service_account(simulation, chosen):
    assert chosen.chain == OWN
    verdict = diagnosed(simulation, chosen, OWN).verdict
    assert (verdict.outcome, verdict.status) == (Outcome.WORKS, Status.PASSED)


OF_EACH_STEP = {(fault.step, fault.harmless): fault_id for fault_id, fault in FAULTS.items()}.values()


@pytest.mark.parametrize(
    "fault_id", [pytest.param(it, marks=() if it in OF_EACH_STEP else pytest.mark.large) for it in FAULTS]
)
def test_a_fault_breaks_the_chosen_chain_and_says_its_names(simulation, chosen, fault_id):
    fault = FAULTS[fault_id]
    simulation.inject(chosen, fault_id)
    verdict = diagnosed(simulation, chosen, OWN).verdict
    assert verdict.step is (None if fault_id in WORKS_ANYWAY else fault.step), verdict
    assert (verdict.outcome is Outcome.WORKS) is fault.harmless
    if not fault.harmless:
        assert verdict.seen.step is fault.seen
        assert verdict.seen.text.strip().removeprefix("aws: [ERROR]: ") == fault.text(chosen)


@pytest.mark.parametrize("fault_id", ["F01", "F18", "F18b", "F21", "F28", "F35b", "F46", "F51"])
def test_the_articles_chain_stays_as_it_was(simulation, chosen, fault_id):
    simulation.inject(chosen, fault_id)
    verdict = diagnosed(simulation, chosen, scenario.ARTICLE).verdict
    assert (verdict.outcome, verdict.status) == (Outcome.WORKS, Status.PASSED)


def test_edits_are_of_the_chosen_objects(simulation, chosen):
    shown = {kind: json.loads(edits.editable(chosen, kind)) for kind in ("role", "service_account", "pod")}
    assert shown["role"]["RoleName"] == OWN.role
    for kind, name in (("service_account", OWN.service_account), ("pod", OWN.pod)):
        metadata = shown[kind]["metadata"]
        assert (metadata["namespace"], metadata["name"]) == (OWN.namespace, name)
    for kind, document in shown.items():
        simulation.run(edits.apply(chosen, kind, json.dumps(document)))
    del chosen.account.roles[OWN.role]
    trust = json.dumps(roles.trust_policy(chosen, OWN.namespace, OWN.service_account))
    simulation.run(edits.apply(chosen, "trust_policy", trust))
    assert chosen.account.roles[OWN.role].path == OWN.role_path


def test_while_a_fault_is_in_force_the_chain_stays_the_broken_one(simulation, chosen):
    simulation.inject(chosen, "F01")
    simulation.choose(chosen, namespace="default")
    other = role_in(chosen.account_id, scenario.ARTICLE.role, path=scenario.ARTICLE.role_path)
    simulation.run(annotate(chosen, {ROLE_ARN: other}))
    simulation.follow(chosen)
    assert chosen.chain == OWN  # although its annotation refers to another role
    simulation.revert(chosen)
    simulation.choose(chosen, namespace="default")
    assert chosen.chain == scenario.ARTICLE


def test_what_is_deleted_is_gone_and_what_was_seeded_never_is(simulation, chosen):
    assert simulation.follow(chosen) is False
    simulation.run(delete(chosen, "pods", OWN.namespace, OWN.pod))
    assert simulation.follow(chosen) is True
    simulation.choose(chosen, namespace="nowhere")
    assert (chosen.chain.service_account, simulation.follow(chosen)) == ("default", True)
    simulation.choose(chosen, namespace="default", service_account="my-sa")
    simulation.run(delete(chosen, "pods", "default", "pod-after"))
    assert simulation.follow(chosen) is False


def test_a_service_account_without_a_pod_takes_the_first_one_that_comes(simulation, world):
    simulation.choose(world, service_account="default", pod="")
    world.chain = Chain(namespace="default", service_account="default", pod="", role="")
    simulation.follow(world)
    assert world.chain.pod == "pod-before"


def test_the_choices_are_what_is_there(simulation, chosen):
    found = simulation.choices(chosen)
    assert OWN.namespace in found.namespaces
    assert dict(zip(found.service_accounts, found.role_arns, strict=True)) == {
        "default": "",
        OWN.service_account: f"arn:aws:iam::{chosen.account_id}:role{OWN.role_path}{OWN.role}",
    }
    assert found.pods == (OWN.pod,)


def test_an_annotation_that_refers_to_no_role_leaves_the_role_as_it_was(simulation, chosen):
    for arn in ("reports", "arn:aws:iam::111122223333:role/orders", f"arn:aws:iam::{chosen.account_id}:role/none"):
        account = chosen.cluster.get("serviceaccounts", OWN.namespace, OWN.service_account)
        account["metadata"]["annotations"][ROLE_ARN] = arn
        chosen.cluster.put("serviceaccounts", account)
        assert chain_choice.followed(chosen, chosen.chain).role == OWN.role


def test_the_words_of_every_fault_have_all_names():
    from app.content import LANGUAGES, load

    for language in LANGUAGES:
        content = load(language)
        for fault_id in FAULTS:
            for part in PARTS:
                said = content.message(f"faults.{fault_id}.{part}", without_irsa="", **names(OWN))
                for name in ("my-sa", "pod-after", "s3-reader"):
                    assert name not in said
