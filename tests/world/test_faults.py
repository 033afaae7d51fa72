"""Every fault, caused for real and walked: where its cause lies, where it shows, and in which words."""

import re

import pytest

from app.flow.doctor import examine
from app.flow.model import Status, Step, Subject
from app.flow.verdict.judge import Outcome
from app.wiring import simulated
from app.world.aws.entities import NodeKind
from app.world.faults import FAULTS, LEFT_OUT, CannotBeInjected
from app.world.node.programs import instance_metadata
from app.world.setup.owner_manifest import written
from tests.world.helpers import aws_client, pod_of

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
STS = Step.STS_ASSUME

CALL = "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: {}".format
NO_PROVIDER = CALL("No OpenIDConnect provider found in your account for {issuer}")
WRONG_AUDIENCE = CALL("Incorrect token audience")
CLASSIC = {
    "F14": NO_PROVIDER,
    "F15": NO_PROVIDER,
    "F16": NO_PROVIDER,
    "F17": NO_PROVIDER,
    "F26": WRONG_AUDIENCE,
    "F27": WRONG_AUDIENCE,
    "F28": WRONG_AUDIENCE,
    "F48": NO_PROVIDER,
}
"""What STS said before 2026."""


@pytest.fixture
def examined(simulation, world):
    """Causes faults and examines the Pod as the command line does."""

    def examine_under(*fault_ids):
        simulation.inject(world, *fault_ids)
        return examine(simulated(simulation, world), SUBJECT)

    return examine_under


def shown_text(verdict):
    """What the product said, without what the CLI puts before it."""
    return verdict.seen.text.strip().removeprefix("aws: [ERROR]: ")


def test_every_number_is_a_fault_or_left_out_for_a_reason():
    numbers = {fault.number for fault in FAULTS.values()}
    assert numbers | LEFT_OUT.keys() == set(range(1, max(numbers) + 1))
    assert not numbers & LEFT_OUT.keys()


def test_an_id_is_a_number_and_for_another_story_of_it_a_letter():
    for fault_id, fault in FAULTS.items():
        assert fault.id == fault_id
        assert re.fullmatch(rf"F{fault.number:02}[b-z]?", fault_id)


def test_the_words_are_known_before_anything_is_broken(world):
    for fault in FAULTS.values():
        assert bool(fault.text(world)) is (fault.seen is not None), fault.id


WORKS_ANYWAY = ("F36",)
"""What is believed to break IRSA, and does not."""


@pytest.mark.parametrize("fault_id", ["F01", "F08", "F11", "F13"])
def test_where_the_nodes_role_is_out_of_reach_the_same_fault_shows_as_no_credentials(
    simulation, world, examined, monkeypatch, fault_id
):
    monkeypatch.setattr(instance_metadata, "METADATA_SECONDS", 0.2)
    simulation.replace_node(world, NodeKind.AL2023)
    verdict = examined(fault_id).verdict
    assert (verdict.step, verdict.outcome) == (FAULTS[fault_id].step, Outcome.BROKEN)
    assert verdict.seen.step is FAULTS[fault_id].seen
    assert "Unable to locate credentials" in shown_text(verdict)
    assert shown_text(verdict) == FAULTS[fault_id].text(world)


@pytest.mark.parametrize(
    ("fault_id", "fix", "command"),
    [
        ("F28", "handwritten", "get pod/pod-after"),
        ("F44", "organization", "aws organizations"),
        ("F45", "control_policy", "aws organizations describe-policy --policy-id p-"),
        ("F46", "permit", "s3:ListAllMyBuckets"),
        ("F49", "second_role_trusts", "sts:AssumeRole"),
    ],
)
def test_the_fix_is_one_for_the_cause_and_not_for_its_consequence(examined, fault_id, fix, command):
    found = examined(fault_id).fix
    assert found.id == fix
    assert command in " ".join(found.commands)


@pytest.mark.parametrize(
    "fault_id", [pytest.param(it, marks=() if it in ("F14", "F26") else pytest.mark.large) for it in CLASSIC]
)
def test_the_classic_words_lead_to_the_same_step(world, examined, monkeypatch, fault_id):
    for account in (world.account, world.other_account):
        monkeypatch.setattr(account, "sts_wording", "classic")
    verdict = examined(fault_id).verdict
    assert (verdict.step, verdict.seen.step) == (FAULTS[fault_id].step, STS)
    assert shown_text(verdict) == FAULTS[fault_id].text(world)
    assert shown_text(verdict) == CLASSIC[fault_id].format(issuer=world.issuer)


TWO_FAULTS = [
    ("F14", "F46"),
    ("F26", "F21"),
    ("F42", "F05"),
    ("F01", "F05b"),
    ("F14", "F01"),
    ("F21", "F46"),
    ("F25", "F08"),
    ("F05b", "F47"),
    ("F07", "F46"),
    ("F10", "F28"),
    ("F34", "F46"),
    ("F37", "F46"),
    ("F43", "F21"),
    ("F33", "F46"),
    ("F41", "F46"),
    ("F13", "F47"),
    ("F27", "F41"),
]
"""The first one's cause lies before the second one's."""


@pytest.mark.parametrize(
    ("earlier", "later", "turned"),
    [
        pytest.param(*pair, turned, marks=() if place % 4 == turned else pytest.mark.large)
        for place, pair in enumerate(TWO_FAULTS)
        for turned in (False, True)
    ],
)
def test_of_two_faults_the_earlier_is_named_and_the_later_not_reached(examined, earlier, later, turned):
    verdict = examined(*((later, earlier) if turned else (earlier, later))).verdict
    assert verdict.step is FAULTS[earlier].step, verdict
    assert FAULTS[later].step in {step for step, _ in verdict.later}, verdict


def test_without_a_condition_on_sub_another_service_account_takes_the_role(simulation, world, core):
    """What F52 is about: nothing fails, and anyone who can get a token of the cluster gets in."""
    sts = aws_client(simulation, world, "sts")
    spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 600}
    token = core.create_namespaced_service_account_token("default", "default", {"spec": spec}).status.token

    def take_the_role():
        arn = f"arn:aws:iam::{world.account_id}:role/s3-reader"
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="other", WebIdentityToken=token)

    with pytest.raises(sts.exceptions.ClientError, match="Not authorized to perform"):
        take_the_role()
    simulation.inject(world, "F52")
    answer = take_the_role()
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:default:default"
    keys = answer["Credentials"]
    s3 = aws_client(
        simulation,
        world,
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert len(s3.list_buckets()["Buckets"]) == 2


def test_a_fault_keeps_what_an_earlier_one_wrote_into_the_pod(simulation, world):
    """A Pod is recreated from what its owner wrote, not from what the webhook made of it."""
    simulation.inject(world, "F08", "F46")
    container = world.cluster.get("pods", "default", "pod-after")["spec"]["containers"][0]
    assert [entry["name"] for entry in container["env"]].count("AWS_ROLE_ARN") == 1
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" not in {entry["name"] for entry in container["env"]}


def test_the_manifest_of_a_stored_pod_is_what_was_written_and_no_more(world, run_pod):
    """Neither the webhook's part nor the ServiceAccount admission's is in it, though an own one of that name is."""
    token = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "expirationSeconds": 7200, "path": "token"}}
    volume = {"name": "aws-iam-token", "projected": {"sources": [token]}}
    own = [{"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/mine"}]
    port = {"containerPort": 8080}
    metadata = {"labels": {"app": "probe"}, "annotations": {"example.com/note": "kept"}}
    stored = run_pod(spec={"volumes": [volume]}, metadata=metadata, container={"env": own, "ports": [port]})
    manifest = written(stored)
    assert manifest["metadata"] == {"name": "probe", "namespace": "default", **metadata}
    container = manifest["spec"]["containers"][0]
    assert container["env"] == own
    assert "volumeMounts" not in container
    assert container["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]
    assert [it["name"] for it in manifest["spec"]["volumes"]] == ["aws-iam-token"]
    assert manifest["spec"]["serviceAccountName"] == "my-sa"
    assert "nodeName" not in manifest["spec"]
    plain = written(pod_of(world, "pod-after"))["spec"]
    assert "volumes" not in plain
    assert plain["containers"][0]["args"] == ["s3", "ls"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("F21", "F23"), ("F01", "F17"), ("F14", "F16"), ("F15", "F22"), ("F29", "F50"), ("F04", "F30"), ("F46", "F47")],
)
def test_two_that_write_the_same_thing_are_not_both_caused(simulation, world, first, second):
    with pytest.raises(CannotBeInjected, match=first):
        simulation.inject(world, first, second)
    assert world.faults == ()


@pytest.mark.parametrize("fault_id", ["F26", "F43"])
def test_what_is_not_there_cannot_be_changed(simulation, world, fault_id):
    simulation.inject(world, "F14")
    with pytest.raises(CannotBeInjected, match="not found"):
        simulation.inject(world, fault_id)


def test_a_fault_of_the_running_pod_outlives_those_that_recreate_the_pod(simulation, world, examined):
    simulation.inject(world, "F30")
    verdict = examined("F46").verdict
    assert world.faults == ("F46", "F30")
    assert verdict.check.id == "token.format"
    assert Step.ACCESS in {step for step, _ in verdict.later}, verdict
    simulation.revert(world)
    assert examine(simulated(simulation, world), SUBJECT).verdict.status is Status.PASSED


def test_a_new_pod_is_not_taken_for_one_from_before_the_fix(simulation, world, examined):
    """The log's entries of a Pod that is gone do not count for the next one, which must not have its address."""
    simulation.inject(world, "F31")
    simulation.revert(world)
    assert examined("F13").verdict.check.id == "pod.request"
