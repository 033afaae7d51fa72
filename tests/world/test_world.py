"""The scenario of a new world, as a learner's clients see it."""

import gc
import json
import re
import time
import weakref
from urllib.parse import unquote

import pytest

from app.flow.steps.walk import walk
from app.flow.token import decode, verify
from app.wiring import simulated
from app.world.setup.roles import trust_policy
from tests.world.helpers import TOKEN_FILE, log_of, pod_of


def test_ids_are_of_the_form_of_eks(world):
    assert re.fullmatch(r"\d{12}", world.account_id)
    assert re.fullmatch(r"[0-9a-f]{32}", world.path)
    assert re.fullmatch(r"https://oidc\.eks\.ap-northeast-1\.amazonaws\.com/id/[0-9A-F]{32}", world.issuer)
    assert re.fullmatch(r"ip-192-168-\d+-\d+\.ap-northeast-1\.compute\.internal", world.node_name)
    assert re.fullmatch(r"i-[0-9a-f]{17}", world.instance_id)


def test_pod_before_is_the_node_and_may_not_list(world):
    pod = pod_of(world, "pod-before")
    assert pod["status"]["phase"] == "Failed"
    terminated = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (terminated["exitCode"], terminated["reason"]) == (254, "Error")
    who = f"arn:aws:sts::{world.account_id}:assumed-role/{world.node_role_name}/{world.instance_id}"
    assert log_of(world, "pod-before") == (
        f"\naws: [ERROR]: An error occurred (AccessDenied) when calling the ListBuckets operation: User: {who} is not "
        "authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets "
        "action\n"
    )


def test_pod_after_lists_the_buckets(world, aws):
    pod = pod_of(world, "pod-after")
    assert pod["status"]["phase"] == "Succeeded"
    buckets = aws("s3").list_buckets()["Buckets"]
    lines = [f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}" for bucket in buckets]
    assert len(lines) == 2
    assert log_of(world, "pod-after").splitlines() == lines


def test_the_mounted_token_is_one_of_this_cluster(world, execute):
    pod = pod_of(world, "pod-after")
    token = execute(pod, "cat", TOKEN_FILE).stdout
    claims = decode(token).claims
    assert claims["iss"] == world.issuer
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["sub"] == "system:serviceaccount:default:my-sa"
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["kubernetes.io"]["pod"] == {"name": "pod-after", "uid": pod["metadata"]["uid"]}
    assert claims["kubernetes.io"]["node"] == {"name": world.node_name, "uid": world.node_uid}
    jwks = {"keys": [key.jwk() for key in world.keys.published]}
    assert verify(token, jwks, now=world.clock.now(), audience="sts.amazonaws.com").valid


def test_role_and_provider_are_set_up_as_eksctl_does(world, aws):
    iam = aws("iam")
    role = iam.get_role(RoleName="s3-reader")["Role"]
    assert role["AssumeRolePolicyDocument"] == trust_policy(world, "default", "my-sa")
    [attached] = iam.list_attached_role_policies(RoleName="s3-reader")["AttachedPolicies"]
    assert attached["PolicyName"] == "AmazonS3ReadOnlyAccess"
    [listed] = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=listed["Arn"])
    assert "https://" + provider["Url"] == world.issuer
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]
    assert len(provider["ThumbprintList"]) == 1


def test_webhook_is_registered_at_the_address_where_it_listens(world):
    configuration = world.cluster.get("mutatingwebhookconfigurations", None, "pod-identity-webhook")
    [webhook] = configuration["webhooks"]
    assert webhook["name"] == "iam-for-pods.amazonaws.com"
    assert webhook["clientConfig"]["url"] == world.webhook_url
    assert (webhook["failurePolicy"], webhook["reinvocationPolicy"]) == ("Ignore", "IfNeeded")


def test_the_log_shows_who_talked_to_which_server_and_no_secret(world):
    exchanges = world.log.exchanges()
    pairs = {(exchange.caller, exchange.callee) for exchange in exchanges}
    assert pairs == {
        ("kube-apiserver", "pod-identity-webhook"),
        ("kubelet", "kube-apiserver"),
        ("pod", "instance-metadata"),
        ("pod", "sts"),
        ("pod", "s3"),
        ("sts", "issuer"),
    }
    all_text = unquote(json.dumps([vars(exchange) for exchange in exchanges]))
    assert world.node_token not in all_text
    for key in [world.account.admin, *world.account._sessions.values()]:
        assert key.secret_access_key not in all_text
        assert not key.session_token or key.session_token not in all_text
    for token in re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.([\w-]*)", all_text):
        assert token == ""
    for metadata_token in world.account.metadata_tokens:
        assert metadata_token not in all_text


def test_the_learner_and_the_node_are_known_by_their_tokens(world):
    assert world.user_of(world.admin_token).name == "kubernetes-admin"
    assert world.user_of(world.node_token).groups == ("system:nodes", "system:authenticated")
    for token in ("", "x", world.admin_token[:-1], "\ud800", world.admin_token + "é"):
        assert world.user_of(token) is None


def test_a_reset_makes_everything_new(simulation, world, aws):
    simulation.reset("to-reset")
    old = simulation.world("to-reset")
    old.clock.move(5)
    new = simulation.reset("to-reset")
    assert simulation.world("to-reset") is new
    assert new is not old
    assert (new.path, new.account_id, new.issuer_id) != (old.path, old.account_id, old.issuer_id)
    assert new.clock.offset == 0
    assert simulation.store.by_path(old.path) is None
    simulation.store.discard("to-reset")


@pytest.mark.parametrize("seconds", [float("inf"), float("-inf"), float("nan"), 1e12, -1e12])
def test_the_clock_has_its_limits(simulation, world, seconds):
    with pytest.raises(ValueError, match="the clock stays within"):
        simulation.move_clock(world, seconds)
    assert world.clock.offset == 0


def test_a_world_goes_at_once_with_all_that_was_in_it(simulation, monkeypatch):
    """No search for garbage has to find it: the more there is, the longer everybody waits for that."""
    monkeypatch.setattr("app.world.world.REMAINS_SECONDS", 0.0)
    gc.collect()
    gc.disable()
    try:
        world = simulation.world("to be reset")
        ports, walked = simulated(simulation, world), world.chain.subject
        walk(ports, walked)
        simulation.inject(world, "F45")  # of one that STS refuses, pytest keeps what botocore logs, with its frames
        walk(ports, walked)
        simulation.revert(world)
        simulation.move_clock(world, 3600.0)
        simulation.page_state(world)["kept"] = simulation.save(world)
        key, given = world.keys.current.private_key, []
        monkeypatch.setattr(simulation._keys, "give_back", given.append)
        workers = world.kubelet._workers.values()
        assert workers
        node = world.kubelet, world.kubelet.disk, *workers
        parts = [weakref.ref(part) for part in (world, *node, world.cluster, world.account)]
        del world, ports, workers, node
        simulation.reset("to be reset")
        deadline = time.monotonic() + 10
        while any(part() is not None for part in parts) and time.monotonic() < deadline:
            simulation.reset("to be reset")  # what the servers' loop has at hand goes with the next that it does
        assert [type(part()).__name__ for part in parts if part() is not None] == []
        assert key in [it.private_key for it in given]
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [it for it in gc.garbage if type(it).__name__ in ("MeteredHttp", "MeteredWebSocket")] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        simulation.store.discard("to be reset")
