"""Instance metadata: tokens, the node's credentials, and which Pods each kind of node answers."""

import json
from datetime import datetime, timedelta

import httpx
import pytest
from botocore.utils import InstanceMetadataFetcher

from app.world.aws import metadata
from app.world.aws.entities import Node, NodeKind
from tests.waiting import SECONDS
from tests.world.aws_world import ACCOUNT, REGION, aws_fixture, aws_server, refused  # noqa: F401

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
INSTANCE = "i-0123456789abcdef0"


@pytest.fixture(name="base")
def base_url(aws):
    return f"{aws.url}/instance-metadata/the-path/pod/latest"


def token(base, seconds="21600"):
    answer = httpx.put(f"{base}/api/token", headers={TTL: seconds})
    assert (answer.status_code, answer.headers[TTL]) == (200, seconds)
    return answer.text


def look_up(base, path, given):
    return httpx.get(f"{base}/{path}", headers={TOKEN: given})


def fetch(aws, network="pod", timeout=SECONDS):
    base = f"{aws.url}/instance-metadata/the-path/{network}/"
    fetcher = InstanceMetadataFetcher(timeout=timeout, num_attempts=1, base_url=base)
    return fetcher.retrieve_iam_role_credentials()


def test_botocore_gets_the_nodes_credentials(aws):
    found = fetch(aws)
    assert found["role_name"] == "NodeInstanceRole"
    credentials = {
        "AccessKeyId": found["access_key"],
        "SecretAccessKey": found["secret_key"],
        "SessionToken": found["token"],
    }
    identity = aws.client("sts", credentials).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/NodeInstanceRole/{INSTANCE}"
    message = (
        f"User: {identity['Arn']} is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    with refused("AccessDenied", message, 403):
        aws.client("s3", credentials).list_buckets()


def test_the_session_stays_until_shortly_before_its_end(aws):
    first = fetch(aws)
    assert fetch(aws)["access_key"] == first["access_key"]
    aws.clock.move(metadata.SESSION_SECONDS - metadata.RENEWAL_SECONDS + 1)
    assert fetch(aws)["access_key"] != first["access_key"]


def test_another_role_is_another_session(aws):
    first = fetch(aws)
    aws.mine.node.role_name = "s3-reader"
    second = fetch(aws)
    assert second["role_name"] == "s3-reader"
    assert second["access_key"] != first["access_key"]


def test_a_role_that_is_created_again_is_another_one(aws):
    first = fetch(aws)
    policy = json.loads(aws.mine.roles.pop("NodeInstanceRole").trust_policy)
    aws.role("NodeInstanceRole", policy)
    assert fetch(aws)["access_key"] != first["access_key"]


KINDS = {
    # (hop limit, whether a token is required), who gets the node's role
    "eksctl": ((2, True), {"pod", "host"}),
    "launch-template": ((1, False), {"pod", "host"}),
    "al2023": ((1, True), {"host"}),
    "karpenter": ((1, True), {"host"}),
    "auto-mode": ((1, True), {"host"}),
    "fargate": (None, set()),
}


@pytest.mark.parametrize("network", ["pod", "host"])
@pytest.mark.parametrize("kind", NodeKind)
def test_who_gets_the_nodes_role(aws, kind, network):
    options, reaching = KINDS[kind]
    found = kind.metadata
    assert (found and (found.hop_limit, found.tokens_required)) == options
    assert kind.pods_reach_role is ("pod" in reaching)
    aws.mine.node.kind = kind
    answers = network in reaching
    # A Pod on a launch template's node waits for a token that does not come, and then asks without one.
    waits = kind is NodeKind.LAUNCH_TEMPLATE and network == "pod"
    assert bool(fetch(aws, network, timeout=0.3 if not answers else 1.0 if waits else SECONDS)) is answers


def test_the_hop_limit_is_none_of_version_1(aws, base):
    aws.mine.node.kind = NodeKind.LAUNCH_TEMPLATE
    assert httpx.get(f"{base}/meta-data/instance-id").text == INSTANCE
    assert look_up(base, "meta-data/instance-id", "x").status_code == 401


def test_a_node_is_one_that_eksctl_made_unless_it_is_another():
    assert Node(role_name="", instance_id="").kind is NodeKind.EKSCTL


def test_a_client_that_waits_for_ever_is_let_go(aws, base, monkeypatch):
    monkeypatch.setattr(metadata, "SILENCE_SECONDS", 0.1)
    aws.mine.node.kind = NodeKind.AL2023
    assert httpx.put(f"{base}/api/token", headers={TTL: "60"}).status_code == 504


@pytest.mark.parametrize("seconds", ["0", "21601", "-1", "1.5", "", "x", "٣", "9" * 30])
def test_a_token_for_no_reasonable_time(base, seconds):
    answer = httpx.put(f"{base}/api/token", headers={TTL: seconds.encode()})
    assert answer.status_code == 400


def test_a_token_request_without_the_header_or_through_a_proxy(base):
    assert httpx.put(f"{base}/api/token").status_code == 400
    assert httpx.put(f"{base}/api/token", headers={TTL: "60", "X-Forwarded-For": "10.0.0.1"}).status_code == 403
    assert httpx.get(f"{base}/api/token").status_code == 405
    assert httpx.post(f"{base}/meta-data/").status_code == 405


def test_version_1_is_off_where_tokens_are_required(aws):
    aws.mine.node.kind = NodeKind.AL2023
    base = f"{aws.url}/instance-metadata/the-path/host/latest"
    assert httpx.get(f"{base}/meta-data/instance-id").status_code == 401
    assert look_up(base, "meta-data/instance-id", token(base)).text == INSTANCE


def test_a_token_that_is_none_or_over(aws, base):
    given = token(base, "60")
    assert look_up(base, "meta-data/instance-id", given).text == INSTANCE
    for wrong in ("", "x", given + "x"):
        answer = look_up(base, "meta-data/instance-id", wrong)
        assert (answer.status_code, "401 - Unauthorized" in answer.text) == (401, True)
    aws.clock.move(61)
    assert look_up(base, "meta-data/instance-id", given).status_code == 401


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("meta-data/", "iam/\ninstance-id\nplacement/\nservices/"),
        ("meta-data/placement/region", REGION),
        ("meta-data/placement/availability-zone", f"{REGION}a"),
        ("meta-data/placement", "availability-zone\nregion"),
        ("meta-data/services/", "domain\npartition"),
        ("meta-data/services/domain", "amazonaws.com"),
        ("meta-data/services/partition", "aws"),
        ("meta-data/iam/", "info\nsecurity-credentials/"),
        ("meta-data/iam/security-credentials/", "NodeInstanceRole"),
    ],
)
def test_what_it_knows(base, path, text):
    answer = look_up(base, path, token(base))
    assert (answer.status_code, answer.text) == (200, text)


def test_documents(aws, base):
    given = token(base)
    document = look_up(base, "dynamic/instance-identity/document", given).json()
    assert (document["accountId"], document["instanceId"], document["region"]) == (ACCOUNT, INSTANCE, REGION)
    info = look_up(base, "meta-data/iam/info", given).json()
    assert info["InstanceProfileArn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/NodeInstanceRole"
    credentials = look_up(base, "meta-data/iam/security-credentials/NodeInstanceRole", given).json()
    assert list(credentials) == [
        "Code",
        "LastUpdated",
        "Type",
        "AccessKeyId",
        "SecretAccessKey",
        "Token",
        "Expiration",
    ]
    times = [datetime.fromisoformat(credentials[name]) for name in ("Expiration", "LastUpdated")]
    assert times[0] - times[1] == timedelta(hours=6)


@pytest.mark.parametrize(
    "path", ["meta-data/iam/security-credentials/other", "meta-data/x", "user-data", "", "//", "a\nb"]
)
def test_what_it_does_not_know(base, path):
    assert look_up(base, path.replace("\n", "%0A"), token(base)).status_code == 404


@pytest.mark.parametrize("path", ["other-path/pod/latest/api/token", "the-path/moon/latest/api/token", "", "the-path"])
def test_a_path_that_is_no_worlds(aws, path):
    assert httpx.put(f"{aws.url}/instance-metadata/{path}", headers={TTL: "60"}).status_code == 404


def test_a_node_without_a_role(aws, base):
    aws.mine.node = Node(role_name="deleted", instance_id=INSTANCE)
    given = token(base)
    assert look_up(base, "meta-data/iam/security-credentials/", given).status_code == 404
    assert fetch(aws) == {}
    aws.mine.node = None
    assert httpx.put(f"{base}/api/token", headers={TTL: "60"}).status_code == 404


def test_tokens_are_bounded(aws, base):
    first = token(base)
    for _ in range(metadata.TOKEN_LIMIT):
        last = token(base)
    assert len(aws.mine.metadata_tokens) == metadata.TOKEN_LIMIT
    assert look_up(base, "meta-data/instance-id", first).status_code == 401
    assert look_up(base, "meta-data/instance-id", last).status_code == 200
