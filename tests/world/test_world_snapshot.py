"""What is saved comes back exactly, whatever happened in between; what goes on goes on."""

import asyncio
import threading

import kubernetes
import pytest

from app.flow.webhook import WebhookSettings
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.request.options import DeleteOptions
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.resources import RESOURCES
from app.world.aws import iam
from app.world.aws.entities import NodeKind
from app.world.lifecycle import world_snapshot
from app.world.node.programs.runner import AwsCli
from app.world.setup import roles, scenario
from tests.waiting import SECONDS
from tests.world.helpers import TOKEN_FILE, aws_client, events_of, log_of, pod_of
from tests.world.state import COPIED, classes_in, state_of


def change_everything(simulation, world):
    """A bit of all that can happen to a world."""
    account = world.account
    role = account.roles[scenario.ARTICLE.role]

    async def change():
        # AWS
        iam.call(account, "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": provider_arn(world)})
        roles.create_role(world, "another", roles.NODE_TRUST, managed=["AmazonS3ReadOnlyAccess"])
        role.trust_policy = "{}"
        role.attached.clear()
        account.buckets.clear()
        account.node.kind = NodeKind.AL2023
        account.disabled_sts_regions.add(world.region)
        account.service_control_policies.append("{}")
        account.published_keys.clear()
        account.open_session(role, "somebody", 3600)
        account.open_user_session(account.admin, 900)
        world.other_account.roles["elsewhere"] = role
        # Objects, and with them what the kubelet has
        await delete(world, "pods", scenario.ARTICLE.pod)
        await operations.create(world, ADMIN, "pods", "default", scenario.pod(scenario.ARTICLE.pod, "my-sa"))
        await operations.create(world, ADMIN, "pods", "default", scenario.pod("one-more", "my-sa"))
        await delete(world, "pods", scenario.POD_BEFORE)
        await delete(world, "serviceaccounts", "my-sa")
        await operations.create(world, ADMIN, "namespaces", None, {"metadata": {"name": "new"}})
        await delete(world, "mutatingwebhookconfigurations", "pod-identity-webhook")
        await world.kubelet.settle(20)
        # The cluster's parts beside its objects
        world.network.closed.add("/nowhere")
        world.network.private_ca = True
        world.issuer_published = False
        world.webhook_settings = WebhookSettings(token_expiration=600)
        world.webhook_delay = 3.0
        world.find_service_account = lambda namespace, name: None
        world.keys.rotate()

    simulation.run(change())
    simulation.move_clock(world, 90000)
    for file in world.directory.rglob("token"):
        if not file.is_symlink():
            file.write_bytes(b"short")


async def delete(world, plural, name):
    resource = RESOURCES[plural]
    namespace = "default" if resource.namespaced else ""
    await operations.delete_object(RequestScope(world, ADMIN, resource, namespace), name, DeleteOptions())


def provider_arn(world):
    return next(iter(world.account.oidc_providers.values())).arn


def cat(simulation, world, name, path=TOKEN_FILE):
    return simulation.run(world.kubelet.execute(pod_of(world, name), "aws-cli", ["cat", path])).stdout


def test_everything_comes_back(simulation, world):
    before, saved = state_of(world), simulation.save(world)
    change_everything(simulation, world)
    changed = state_of(world)
    assert changed != before
    assert changed["world"].keys() == before["world"].keys()
    simulation.restore(world, saved)
    assert state_of(world) == before


def test_the_wording_stays_as_it_was_chosen(simulation, world):
    saved = simulation.save(world)
    world.account.sts_wording = world.other_account.sts_wording = "classic"
    simulation.restore(world, saved)
    assert (world.account.sts_wording, world.other_account.sts_wording) == ("classic", "classic")


def test_saving_changes_nothing(simulation, world):
    before = state_of(world)
    simulation.restore(world, simulation.save(world))
    assert state_of(world) == before


def test_a_snapshot_may_be_restored_again(simulation, world):
    before, saved = state_of(world), simulation.save(world)
    for _ in range(2):
        change_everything(simulation, world)
        simulation.restore(world, saved)
        assert state_of(world) == before


def test_of_two_moments_the_later_can_follow_the_earlier(simulation, world):
    first, first_state = simulation.save(world), state_of(world)
    change_everything(simulation, world)
    second, second_state = simulation.save(world), state_of(world)
    simulation.restore(world, first)
    assert state_of(world) == first_state
    simulation.restore(world, second)
    assert state_of(world) == second_state


def test_a_deleted_pod_comes_back_without_being_run_again(simulation, world):
    pod, log, token = (
        pod_of(world, scenario.ARTICLE.pod),
        log_of(world, scenario.ARTICLE.pod),
        cat(simulation, world, scenario.ARTICLE.pod),
    )
    saved = simulation.save(world)
    simulation.run(delete(world, "pods", scenario.ARTICLE.pod))
    asked = len(world.log.exchanges())
    simulation.restore(world, saved)
    simulation.run(world.kubelet.settle(20))
    assert pod_of(world, scenario.ARTICLE.pod) == pod
    assert log_of(world, scenario.ARTICLE.pod) == log
    assert cat(simulation, world, scenario.ARTICLE.pod) == token
    assert len(world.log.exchanges()) == asked


def test_the_restored_world_lives_on(simulation, world):
    saved = simulation.save(world)
    change_everything(simulation, world)
    simulation.restore(world, saved)
    # The kubelet watches again, STS still knows the provider, S3 its buckets.
    simulation.run(operations.create(world, ADMIN, "pods", "default", scenario.pod("later", "my-sa")))
    simulation.run(world.kubelet.settle(20))
    assert pod_of(world, "later")["status"]["phase"] == "Succeeded"
    assert f"irsa-reports-{world.account_id}" in log_of(world, "later")
    # It renews the tokens of the Pods that came back, in their files.
    old = cat(simulation, world, scenario.ARTICLE.pod)
    simulation.move_clock(world, 80000)
    assert cat(simulation, world, scenario.ARTICLE.pod) not in ("", old)
    # And it forgets those that go.
    uid = pod_of(world, scenario.ARTICLE.pod)["metadata"]["uid"]
    simulation.run(delete(world, "pods", scenario.ARTICLE.pod))
    assert not (world.directory / "pods" / uid).exists()


def test_a_pod_that_waits_goes_on_waiting(simulation, world, run_pod):
    volume = {"name": "settings", "configMap": {"name": "settings"}}
    run_pod("waiting", spec={"volumes": [volume]})
    before, saved = state_of(world), simulation.save(world)
    simulation.run(delete(world, "pods", "waiting"))
    simulation.restore(world, saved)
    assert state_of(world) == before
    body = {"metadata": {"name": "settings"}, "data": {"a": "b"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", body))
    simulation.run(world.kubelet.settle(20))
    assert pod_of(world, "waiting")["status"]["phase"] == "Running"


def test_sessions_opened_in_between_are_unknown_and_older_ones_live(simulation, world):
    def session():
        granted = aws_client(simulation, world, "sts").get_session_token()["Credentials"]
        keys = {
            "aws_access_key_id": granted["AccessKeyId"],
            "aws_secret_access_key": granted["SecretAccessKey"],
            "aws_session_token": granted["SessionToken"],
        }
        return aws_client(simulation, world, "sts", **keys)

    old, saved = session(), simulation.save(world)
    new = session()
    simulation.restore(world, saved)
    assert old.get_caller_identity()["Account"] == world.account_id
    with pytest.raises(new.exceptions.ClientError, match="InvalidClientTokenId"):
        new.get_caller_identity()


def test_watchers_see_what_comes_back(simulation, world):
    saved = simulation.save(world)
    change_everything(simulation, world)
    version, received = world.cluster.changes.version, []
    old = {stored.object["metadata"]["uid"] for stored in world.cluster.scan("pods")}
    cancel = world.cluster.changes.watch(lambda change: received.append(change) if change.resource == "pods" else None)
    simulation.restore(world, saved)
    cancel()
    names = {(change.type, change.stored.object["metadata"]["name"]) for change in received}
    assert names == {
        ("DELETED", "one-more"),
        ("DELETED", scenario.ARTICLE.pod),
        ("ADDED", scenario.ARTICLE.pod),
        ("ADDED", scenario.POD_BEFORE),
    }
    assert {change.stored.object["metadata"]["uid"] for change in received if change.type == "DELETED"} == old
    versions = [change.version for change in received]
    assert versions == sorted(set(versions))
    assert versions[0] > version


def test_a_client_that_watches_finds_the_pods_that_are_there(simulation, world, core):
    saved = simulation.save(world)
    wanted = {pod.metadata.uid for pod in core.list_namespaced_pod("default").items}
    change_everything(simulation, world)
    seen = core.list_namespaced_pod("default")
    known = {pod.metadata.uid for pod in seen.items}
    assert known != wanted
    simulation.restore(world, saved)
    since = {"resource_version": seen.metadata.resource_version, "timeout_seconds": SECONDS}
    for event in kubernetes.watch.Watch().stream(core.list_namespaced_pod, "default", **since):
        uid = event["object"].metadata.uid
        known = known - {uid} if event["type"] == "DELETED" else known | {uid}
        if known == wanted:
            break
    assert known == wanted


def test_resource_versions_are_never_given_out_twice(simulation, world):
    saved = simulation.save(world)
    change_everything(simulation, world)
    newest = world.cluster.changes.version
    simulation.restore(world, saved)
    assert world.cluster.changes.version >= newest
    assert int(world.cluster.put("configmaps", {"metadata": {"name": "x"}})["metadata"]["resourceVersion"]) > newest


def test_the_exchange_log_is_history(simulation, world):
    saved, before = simulation.save(world), world.log.exchanges()
    change_everything(simulation, world)
    after = world.log.exchanges()
    simulation.restore(world, saved)
    assert world.log.exchanges()[: len(after)] == after != before  # the kubelet may renew a token meanwhile


def test_what_others_add_to_a_part_comes_back(simulation, world):
    parts = [world, world.account, world.network, world.kubelet, world.keys, world.cluster, world.clock]
    for part in parts:
        part.added_later = {"list": [1]}
    saved = simulation.save(world)
    for part in parts:
        part.added_later["list"].append(2)
        part.added_since = True
    simulation.restore(world, saved)
    for part in parts:
        assert part.added_later == {"list": [1]}
        assert not hasattr(part, "added_since")


def test_an_account_that_is_made_later_goes(simulation, world):
    kept = world.other_account
    saved = simulation.save(world)
    world.other_account = None
    kept.roles["x"] = world.account.roles[scenario.ARTICLE.role]
    simulation.restore(world, saved)
    assert world.other_account is kept
    assert kept.roles == {}


def test_only_plain_values_are_copied(simulation, world):
    change_everything(simulation, world)
    assert classes_in(simulation.save(world)) <= COPIED


def test_a_world_takes_its_own_snapshots_only(simulation, world, other_world):
    saved, before = simulation.save(other_world), state_of(world)
    with pytest.raises(ValueError, match="another world"):
        simulation.restore(world, saved)
    assert state_of(world) == before


def test_files_come_back_as_they_were(simulation, world, run_pod):
    pod = run_pod("files", spec={"securityContext": {"fsGroup": 1337}, "serviceAccountName": "my-sa"})
    before, saved = state_of(world), simulation.save(world)
    directory = world.directory / "pods" / pod["metadata"]["uid"]
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    (world.directory / "stray").mkdir()
    (world.directory / "stray" / "link").symlink_to("/etc")
    simulation.restore(world, saved)
    assert state_of(world) == before


def test_a_program_on_its_way_is_waited_for(simulation, world):
    async def create_and_save():
        await operations.create(world, ADMIN, "pods", "default", scenario.pod("running", "my-sa"))
        return await world_snapshot.save(world)

    saved = simulation.run(create_and_save())
    assert pod_of(world, "running")["status"]["phase"] == "Succeeded"
    before = state_of(world)

    async def create_and_restore():
        await operations.create(world, ADMIN, "pods", "default", scenario.pod("running-2", "my-sa"))
        await world_snapshot.restore(world, saved)

    simulation.run(create_and_restore())
    assert state_of(world) == before


def test_a_program_that_does_not_end_is_cancelled(simulation, world, monkeypatch):
    saved, before = simulation.save(world), state_of(world)
    monkeypatch.setattr(world_snapshot, "SETTLE_SECONDS", 0.05)
    started, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def run(*_, **__):
        started.set()
        may_end.wait(SECONDS)
        ended.set()

    monkeypatch.setattr(AwsCli, "run", run)

    async def create_and_restore():
        await operations.create(world, ADMIN, "pods", "default", scenario.pod("slow", "my-sa"))
        while not started.is_set():
            await asyncio.sleep(0.01)
        await world_snapshot.restore(world, saved)

    simulation.run(create_and_restore())
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(SECONDS)
    simulation.run(asyncio.sleep(0.1))  # time to do harm, if it still could
    assert state_of(world) == before


def test_events_of_a_restored_pod_are_its_own(simulation, world):
    pod = pod_of(world, scenario.ARTICLE.pod)
    events, saved = events_of(world, pod), simulation.save(world)
    change_everything(simulation, world)
    simulation.restore(world, saved)
    assert events_of(world, pod) == events
