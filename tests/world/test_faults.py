"""Every fault, caused for real and walked: where its cause lies, where it shows, and in which words."""

import re

import pytest

from app.flow.doctor import examine
from app.flow.model import Status, Step, Subject
from app.flow.verdict.judge import Outcome
from app.wiring import simulated
from app.world.faults import FAULTS, LEFT_OUT, CannotBeCaused
from app.world.setup.manifest import written
from tests.world.helpers import aws_client, pod_of

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
PROVIDER, ACCOUNT, WEBHOOK, TOKEN, STS, ACCESS = Step

# The catalogue's texts. Placeholders: {account}, {issuer}, {region}, {node} (the node role's session) are a world's
# own; {session} and {seconds} are botocore's and the clock's.
CALL = "An error occurred ({}) when calling the AssumeRoleWithWebIdentity operation: {}".format
NOT_AUTHORIZED = CALL("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
GENERIC = CALL(
    "InvalidIdentityToken",
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements.",
)
NO_PROVIDER = CALL("InvalidIdentityToken", "No OpenIDConnect provider found in your account for {issuer}")
WRONG_AUDIENCE = CALL("InvalidIdentityToken", "Incorrect token audience")
NOT_A_JWT = CALL(
    "InvalidIdentityToken",
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
)
EXPIRED = CALL(
    "ExpiredTokenException",
    "Token expired: current date/time {seconds} must be before the expiration date/time {seconds}",
)
LIST = (
    "An error occurred (AccessDenied) when calling the ListBuckets operation: User: {} is not authorized to perform: "
)
LIST += "s3:ListAllMyBuckets {}"
NO_POLICY = "because no identity-based policy allows the s3:ListAllMyBuckets action"
ROLE = "arn:aws:sts::{account}:assumed-role/s3-reader/{session}"
NODE = LIST.format("arn:aws:sts::{account}:assumed-role/{node}", NO_POLICY)
DENIED = LIST.format(ROLE, NO_POLICY)
TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
NOT_MOUNTED = 'MountVolume.SetUp failed for volume "aws-iam-token" : failed to fetch token: {}'

CATALOGUE = {
    "F01": (ACCOUNT, ACCESS, NODE),
    "F02": (ACCOUNT, ACCESS, NODE),
    "F03": (ACCOUNT, ACCESS, NODE),
    "F04": (WEBHOOK, ACCESS, NODE),
    "F05": (WEBHOOK, ACCESS, NODE),
    "F05b": (WEBHOOK, ACCESS, NODE),
    "F06": (WEBHOOK, ACCESS, NODE),
    "F07": (WEBHOOK, ACCESS, NODE),
    "F08": (WEBHOOK, ACCESS, NODE),
    "F09": (WEBHOOK, TOKEN, f"[Errno 2] No such file or directory: '{TOKEN_FILE}'"),
    "F10": (WEBHOOK, ACCESS, LIST.format("arn:aws:iam::{account}:user/{user}", NO_POLICY)),
    "F11": (STS, ACCESS, NODE),
    "F13": (STS, ACCESS, NODE),
    "F14": (PROVIDER, STS, GENERIC),
    "F15": (PROVIDER, STS, GENERIC),
    "F15b": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F16": (PROVIDER, STS, GENERIC),
    "F17": (ACCOUNT, STS, GENERIC),
    "F18": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F18b": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F19": (ACCOUNT, STS, CALL("ValidationError", "Request ARN is invalid")),
    "F20": (
        ACCOUNT,
        STS,
        "An error occurred (ParamValidation): Parameter validation failed:\n"
        "Invalid length for parameter RoleArn, value: 9, valid min length: 20",
    ),
    "F21": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F22": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F23": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F24": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F25": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F26": (PROVIDER, STS, GENERIC),
    "F27": (ACCOUNT, STS, GENERIC),
    "F27b": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F28": (TOKEN, STS, GENERIC),
    "F29": (STS, STS, NOT_A_JWT),
    "F30": (TOKEN, STS, NOT_A_JWT),
    "F31": (TOKEN, STS, EXPIRED),
    "F32": (TOKEN, STS, EXPIRED),
    "F33": (
        TOKEN,
        ACCESS,
        "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: "
        "The difference between the request time and the current time is too large.",
    ),
    "F34": (TOKEN, TOKEN, f"[Errno 13] Permission denied: '{TOKEN_FILE}'"),
    "F35": (TOKEN, TOKEN, NOT_MOUNTED.format('Post "{url}": dial tcp {address}: connect: connection refused')),
    "F35b": (ACCOUNT, TOKEN, NOT_MOUNTED.format('serviceaccounts "my-sa" not found')),
    "F36": (TOKEN, None, ""),
    "F37": (
        STS,
        STS,
        CALL(
            "RegionDisabledException",
            "STS is not activated in this region for account:{account}. "
            "Your account administrator can activate STS in this region using the IAM Console.",
        ),
    ),
    "F39": (WEBHOOK, STS, "Invalid endpoint: https://s3..amazonaws.com"),
    "F41": (STS, STS, 'Connect timeout on endpoint URL: "https://sts.{region}.amazonaws.com/"'),
    "F42": (
        PROVIDER,
        STS,
        CALL(
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  "
            "please reference AssumeRoleWithWebIdentity documentation for requirements",
        ),
    ),
    "F43": (
        PROVIDER,
        STS,
        CALL(
            "InvalidIdentityToken",
            "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
        ),
    ),
    "F44": (ACCOUNT, STS, NOT_AUTHORIZED),
    "F45": (ACCESS, ACCESS, LIST.format(ROLE, "with an explicit deny in a service control policy")),
    "F46": (ACCESS, ACCESS, DENIED),
    "F47": (ACCESS, ACCESS, DENIED),
    "F48": (PROVIDER, STS, GENERIC),
    "F49": (
        ACCESS,
        ACCESS,
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        f"User: {ROLE} is not authorized to perform: sts:AssumeRole "
        "on resource: arn:aws:iam::{account}:role/{role}",
    ),
    "F50": (
        STS,
        STS,
        CALL("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ),
    # The catalogue leaves the words open: they are those of a recent botocore that meets no agent.
    "F51": (
        WEBHOOK,
        ACCESS,
        "Error when retrieving credentials from container-role: Error retrieving metadata: "
        "Received error when attempting to retrieve container metadata: "
        'Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"',
    ),
    "F52": (ACCOUNT, None, ""),
}
"""Where the cause lies, where it shows, and the words. The catalogue's step 1 has two halves here: the provider, and
the trust policy beside the annotation."""
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
        simulation.cause(world, *fault_ids)
        return examine(simulated(simulation, world), SUBJECT)

    return examine_under


def matches(text, template, world):
    """Whether the text is the template with a world's names in it."""
    own = {
        "account": world.account_id,
        "issuer": world.issuer,
        "region": world.region,
        "node": f"{world.node_role_name}/{world.instance_id}",
    }
    patterns = {
        "session": r"botocore-session-\d+",
        "seconds": r"\d{10}",
        "user": r"[\w-]+",
        "role": r"[\w-]+",
        "url": re.escape(f"{world.api_url}/api/v1/namespaces/default/serviceaccounts/my-sa/token"),
        "address": r"127\.0\.0\.1:\d+",
    }
    pieces = re.split(r"\{(\w+)\}", template)
    for place in range(0, len(pieces), 2):
        pieces[place] = re.escape(pieces[place])
    for place in range(1, len(pieces), 2):
        name = pieces[place]
        pieces[place] = re.escape(own[name]) if name in own else patterns[name]
    return re.fullmatch("".join(pieces), text) is not None


def told(verdict):
    """What the product said, without what the CLI puts before it."""
    return verdict.seen.text.strip().removeprefix("aws: [ERROR]: ")


def test_every_number_is_a_fault_or_left_out_for_a_reason():
    numbers = {fault.number for fault in FAULTS.values()}
    assert numbers | LEFT_OUT.keys() == set(range(1, 53))
    assert not numbers & LEFT_OUT.keys()
    assert len(numbers) >= 45


def test_the_faults_are_those_of_the_catalogue_in_its_order():
    assert list(FAULTS) == list(CATALOGUE)
    for fault_id, fault in FAULTS.items():
        assert fault.id == fault_id
        assert re.fullmatch(rf"F{fault.number:02}[b-z]?", fault_id)
        assert (fault.cause, fault.seen) == CATALOGUE[fault_id][:2]


def test_the_words_can_be_told_before_anything_is_broken(world):
    for fault_id, fault in FAULTS.items():
        assert matches(fault.text(world), CATALOGUE[fault_id][2], world), fault_id


@pytest.mark.parametrize("fault_id", FAULTS)
def test_a_walk_names_the_step_and_the_words(world, examined, fault_id):
    fault, (cause, seen, words) = FAULTS[fault_id], CATALOGUE[fault_id]
    verdict = examined(fault_id).verdict
    assert verdict.step is cause, verdict
    assert matches(fault.text(world), words, world)
    if fault.harmless:
        assert (verdict.outcome, verdict.status, seen) == (Outcome.WORKS, Status.WARNING, None)
        return
    assert (verdict.outcome, verdict.status) == (Outcome.BROKEN, Status.FAILED)
    assert verdict.seen.step is seen, verdict.seen
    assert told(verdict) == fault.text(world)


@pytest.mark.parametrize(
    ("fault_id", "fix", "command"),
    [
        ("F28", "handwritten", "get pod/pod-after"),
        ("F44", "organization", "aws organizations"),
        ("F45", "organization", "aws organizations"),
        ("F46", "permit", "AmazonS3ReadOnlyAccess"),
        ("F49", "permit", "sts:AssumeRole"),
    ],
)
def test_the_fix_is_one_for_the_cause_and_not_for_its_consequence(examined, fault_id, fix, command):
    found = examined(fault_id).fix
    assert found.id == fix
    assert command in " ".join(found.commands)


@pytest.mark.parametrize("fault_id", CLASSIC)
def test_the_classic_words_lead_to_the_same_step(world, examined, monkeypatch, fault_id):
    for account in (world.account, world.other_account):
        monkeypatch.setattr(account, "sts_wording", "classic")
    verdict = examined(fault_id).verdict
    assert (verdict.step, verdict.seen.step) == (FAULTS[fault_id].cause, STS)
    assert told(verdict) == FAULTS[fault_id].text(world)
    assert matches(told(verdict), CLASSIC[fault_id], world)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
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
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned round"])
def test_of_two_faults_the_earlier_is_named_and_the_later_not_reached(examined, earlier, later, turned):
    verdict = examined(*((later, earlier) if turned else (earlier, later))).verdict
    assert verdict.step is FAULTS[earlier].cause, verdict
    assert FAULTS[later].cause in {step for step, _ in verdict.later}, verdict


def test_without_a_condition_on_sub_another_service_account_takes_the_role(simulation, world, core):
    """What F52 is about: nothing fails, and whoever can get a token of the cluster gets in."""
    sts = aws_client(simulation, world, "sts")
    spec = {"audiences": ["sts.amazonaws.com"], "expirationSeconds": 600}
    token = core.create_namespaced_service_account_token("default", "default", {"spec": spec}).status.token

    def take_the_role():
        arn = f"arn:aws:iam::{world.account_id}:role/s3-reader"
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="other", WebIdentityToken=token)

    with pytest.raises(sts.exceptions.ClientError, match="Not authorized to perform"):
        take_the_role()
    simulation.cause(world, "F52")
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
    """A Pod is created anew from what its owner wrote, not from what the webhook made of it."""
    simulation.cause(world, "F08", "F46")
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
    with pytest.raises(CannotBeCaused, match=first):
        simulation.cause(world, first, second)
    assert world.faults == ()


@pytest.mark.parametrize("fault_id", ["F26", "F43"])
def test_what_is_not_there_cannot_be_changed(simulation, world, fault_id):
    simulation.cause(world, "F14")
    with pytest.raises(CannotBeCaused, match="not found"):
        simulation.cause(world, fault_id)


def test_a_fault_of_the_running_pod_outlives_those_that_create_the_pod_anew(simulation, world, examined):
    simulation.cause(world, "F30")
    verdict = examined("F46").verdict
    assert world.faults == ("F46", "F30")
    assert verdict.check.id == "token.format"
    assert Step.ACCESS in {step for step, _ in verdict.later}, verdict
    simulation.mend(world)
    assert examine(simulated(simulation, world), SUBJECT).verdict.status is Status.PASSED


def test_a_new_pod_is_not_taken_for_one_of_before_the_mending(simulation, world, examined):
    """What the log holds of a Pod that is gone is not told of the next one, which must not have its address."""
    simulation.cause(world, "F31")
    simulation.mend(world)
    assert examined("F13").verdict.check.id == "pod.request"
