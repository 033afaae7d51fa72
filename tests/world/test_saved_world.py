"""A world's state as JSON and back: all of it, strictly, and what comes of it in another process."""

import errno
import json
import math
import os
import shutil
import threading
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.content import LANGUAGES, load
from app.flow.model import Exchange
from app.world.apiserver.storage.state import ClusterState
from app.world.apiserver.storage.stored import Stored
from app.world.aws.access_keys import AccessKey
from app.world.aws.account import Account
from app.world.aws.eks.cluster import Association, Cluster
from app.world.aws.entities import InstanceProfile, Node, OidcProvider, Policy, Role, StoredObject
from app.world.aws.entities import User as IamUser
from app.world.clock import WorldClock
from app.world.lifecycle.simulation import Simulation
from app.world.lifecycle.world_store import Loss
from app.world.node.kubelet import Kubelet
from app.world.node.volumes.scratch import Written
from app.world.node.volumes.token_manager import KeptToken
from app.world.saved import sections
from app.world.saved.codec import _CUSTOM, StateError, decode, encode, required
from app.world.saved.journal import SNAPSHOT, Journal
from app.world.saved.records import AccountSettings, BucketSettings, KeptKubelet, KeptPod, Origin, Settings
from app.world.saved.state_directory import ServersRecord, StateDirectory
from app.world.servers.network import Network
from tests.waiting import eventually

KEY = "hands-on"
NAN = math.nan
UID = "00000000-0000-0000-0000-000000000000"
_KEPT_OTHERWISE = {
    # What comes with the process, what is made again of what is kept, and what is history.
    ClusterState: {"clock", "changes", "_objects", "bytes", "values"},
    Account: {
        *("account_id", "region", "clock", "issuer_client", "log", "usage", "buckets", "_user_keys", "_sessions"),
        "management_events",
        *(sections._TABLES.keys() - {"sessions", "user_access_keys"}),
    },
    Network: {"_loopback", "_log", "root_ca_pem", "aws_url", "webhook_url"},
    Kubelet: {
        *("_world", "runtime", "tokens", "disk", "_workers", "_tasks", "_addresses", "_wake_up", "woke", "_renewed"),
        *("_rests_until", "_planning", "_cancel_watch"),
    },
    WorldClock: {"_apart"},
}
_OF_WORLD = {
    *("identity", "account_id", "region", "cluster_name", "path", "issuer_id", "issuer", "api_audience", "node_name"),
    *("node_uid", "node_role_name", "instance_id", "api_url", "webhook_url", "admin_token", "explorer_token"),
    *("node_token", "usage", "start", "seeded", "clock", "log", "network", "root_ca_pem", "cluster", "account"),
    *("other_account", "find_service_account", "before_faults", "changing", "directory", "_kubelet", "_controllers"),
}


def all_of(world):
    objects = {name: stored.object for name, stored in sections.of_objects(world)}
    return json.loads(json.dumps(dict(sections.of_origin(world)) | objects | dict(sections.of_world(world))))


@pytest.fixture(scope="module")
def kept(simulation):
    world = simulation.world("kept")

    async def look():
        return all_of(world)

    yield simulation.run(look())
    simulation.store.discard("kept")


def test_a_world_that_is_read_and_loaded_is_the_same(simulation, kept):
    world = simulation.kept("kept")

    async def again():
        sections.load(world, sections.read(json.loads(json.dumps(kept))))
        return all_of(world)

    assert simulation.run(again()) == kept


def test_every_attribute_is_kept_or_known_not_to_be(simulation, kept):
    world = simulation.kept("kept")
    settings_of = {field.name for field in fields(Settings)} | {"clock_offset"}
    account = {field.name for field in fields(AccountSettings)}
    assert vars(world).keys() - settings_of == _OF_WORLD
    for part, own in (
        (world.cluster, settings_of),
        (world.account, account),
        (world.network, settings_of),
        (world.kubelet, set()),
        (world.clock, {"offset"}),
    ):
        assert vars(part).keys() - own == _KEPT_OTHERWISE[type(part)]
    assert {field.name for field in fields(BucketSettings)} == {"name", "region", "created"}


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("settings", lambda it: it | {"more": 1}),
        ("settings", lambda it: {name: value for name, value in it.items() if name != "faults"}),
        ("settings", lambda it: it | {"clock_offset": "1"}),
        ("settings", lambda it: it | {"clock_offset": NAN}),
        ("settings", lambda it: it | {"clock_offset": -math.inf}),
        ("settings", lambda it: it | {"clock_offset": 1e9}),
        ("settings", lambda it: it | {"node_clock_skew": 1e12}),
        ("settings", lambda it: it | {"webhook_delay": 10**400}),
        ("version", lambda it: 10**400),
        ("settings", lambda it: it | {"keys": [{"kid": "a", "private_key": 1}]}),
        ("settings", lambda it: it | {"issuer_published": 1}),
        ("settings", lambda it: it | {"keys": [{"kid": "a", "private_key": "b"}]}),
        ("kubelet", lambda it: None),
        ("origin", lambda it: it | {"start": "half"}),
        ("origin", lambda it: it | {"account_id": "x"}),
        ("something/else", lambda it: {}),
        ("object/unknown/a/b", lambda it: {}),
        ("object/pods/default/x", lambda it: {"metadata": {"name": "x"}}),
        ("object/pods/default/x", lambda it: {"metadata": {"name": "x", "uid": "../../x", "resourceVersion": "1"}}),
        (
            "object/pods/default/x",
            lambda it: {"metadata": {"name": "x", "uid": UID, "resourceVersion": "1"}, "a": NAN},
        ),
        ("pod/..%2F..%2Fx", lambda it: {}),
        ("account/000000000000/roles/x", lambda it: {}),
    ],
    ids=map(str, range(22)),
)
def test_what_is_not_declared_is_refused_by_its_place(kept, where, change):
    changed = kept | {where: change(kept.get(where))}
    with pytest.raises(StateError) as refused:
        sections.read(changed)
    assert where.split("/")[0] in str(refused.value)


@pytest.mark.parametrize("missing", ["origin", "settings", "version", "setup", "kubelet"])
def test_a_missing_part_is_refused(kept, missing):
    with pytest.raises(StateError, match=missing):
        sections.read({name: value for name, value in kept.items() if name != missing})


def test_what_an_earlier_version_did_not_know_has_its_default(kept):
    where = next(name for name in kept if name.startswith("pod/"))
    state = {name: value for name, value in kept[where]["state"].items() if name != "exceeded_deadline"}
    pods = sections.read(kept | {where: kept[where] | {"state": state}}).pods
    assert pods[where.removeprefix("pod/")].state.exceeded_deadline is False


_FIRST = """
Origin account_id seeded start identity; Chain namespace service_account pod role role_path; Identity path issuer_id
node_name node_uid node_role_name instance_id admin_token explorer_token node_token; Settings chain chain_is_chosen
clock_offset webhook_settings issuer_published webhook_delay faults node_egress_blocked node_clock_skew closed
private_ca keys acted deeds; WebhookSettings region sts_regional_endpoint audience token_expiration mount_path;
AccountSettings created admin explorer sts_wording disabled_sts_regions service_control_policies
resource_control_policies node metadata_tokens instance_key_id; AccessKey access_key_id secret_access_key arn user_id
session_token expiration role_name session_policies context_keys; Node role_name instance_id kind availability_zone;
BucketSettings name region created; KeptKubelet addresses tokens; KeptToken token expires seconds; KeptPod pod state
looked changed containers volumes; PodState started pod_ip host_ip qos_class restart_policy containers init_containers
sandbox conditions; ContainerState name image container_id started finished exit_code message
waiting waiting_message pulls pull_failed restarts log previous_log last_state; KeptContainer environment written;
Written mode uid gid modified content; StoredObject body content_type etag modified; Exchange caller callee method url
request_headers request_body status response_headers response_body seconds error started source; ServersRecord
aws_port kubernetes_port root_ca_pem server_pem; OidcProvider url arn created client_ids thumbprints tags; Role name
path arn role_id created trust_policy description max_session_duration inline_policies attached permissions_boundary
tags last_used last_region; InstanceProfile name path arn profile_id created role_name tags; User name arn user_id
created; Policy name path arn policy_id created updated versions default_version_id next_version description tags;
PolicyVersion version_id document created; Cluster name arn endpoint certificate_authority issuer version created
associations tags; Association association_id arn namespace service_account role_arn target_role_arn
disables_session_tags created modified tags; PublishedKeys url fetched keys
"""
"""The kept types with the fields that all worlds on disks have."""


def test_worlds_that_were_kept_before_are_still_read():
    """A new field needs a default, and an old one stays."""
    kinds = {}
    for kind in (*_ROOTS, *(kind for kind, _ in sections._TABLES.values())):
        find_dataclasses(kind, kinds)
    for name, *before in map(str.split, _FIRST.split(";")):
        assert (name, required(kinds[name]) - set(before)) == (name, set())
        assert (name, set(before) - {field.name for field in fields(kinds[name])}) == (name, set())


def find_dataclasses(declared, found):
    for inner in get_args(declared):
        find_dataclasses(inner, found)
    if is_dataclass(declared) and declared not in _CUSTOM and declared.__name__ not in found:
        found[declared.__name__] = declared
        for hint in get_type_hints(declared).values():
            find_dataclasses(hint, found)


_ROOTS = (
    Origin,
    Settings,
    AccountSettings,
    BucketSettings,
    KeptKubelet,
    KeptPod,
    StoredObject,
    Exchange,
    ServersRecord,
)
_KINDS = (
    *(OidcProvider, Role, InstanceProfile, IamUser, Policy, StoredObject, AccessKey, Node, Association, Cluster),
    *(KeptToken, Written),
)


@pytest.mark.parametrize("kind", _KINDS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_comes_back(kind, data):
    value = data.draw(st.from_type(kind))
    text = json.dumps(encode(kind, value))
    try:
        again = decode(kind, json.loads(text), "here")
    except StateError as refused:
        assume("at most" not in refused.expected)  # a number that no world has
        raise
    assert json.dumps(encode(kind, again)) == text


# Another process, as far as the state is concerned


def test_a_kept_world_comes_back(tmp_path):
    folder = tmp_path / "state"
    with Simulation(state=StateDirectory(folder)) as first:
        world = first.world(KEY)
        ports, ca = (first.aws_url, first.kubernetes_url), first.ca_pem
        first.move_clock(world, 3600.0)
        first.inject(world, "F21")
        before = world.before_faults
        assert before is not None
        token, keys = world.admin_token, world.keys.published[0].kid
        objects = {name: stored.text for name, stored in sections.of_objects(world)}
        secret = world.account.admin.secret_access_key
        sessions = set(world.account.sessions)
    with Simulation(state=StateDirectory(folder)) as second:
        back = second.kept(KEY)
        assert (second.aws_url, second.kubernetes_url, second.ca_pem) == (*ports, ca)
        assert (back.admin_token, back.keys.published[0].kid) == (token, keys)
        assert back.account.admin.secret_access_key == secret
        assert set(back.account.sessions) == sessions
        assert back.faults == ("F21",)
        assert back.clock.offset == 3600.0
        names = {name: Stored(text).object for name, text in objects.items() if "/events/" not in name}
        assert {n: s.object for n, s in sections.of_objects(back) if "/events/" not in n} == names
        assert len(list(back.directory.rglob("token"))) >= 2
        second.revert(back)
        assert back.faults == ()
        assert len(list(back.directory.rglob("token"))) >= 2
    with Simulation(state=StateDirectory(folder)) as third:
        assert third.kept(KEY).faults == ()
    with StateDirectory(folder, fresh=True) as state:
        assert (state.servers, state.worlds) == (None, [])


def test_a_kept_world_comes_back_where_the_disk_is_full_and_is_kept_once_there_is_room(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    with Simulation(state=StateDirectory(folder)) as first:
        first.move_clock(first.world(KEY), 60.0)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Journal, "begin", full)
        second = Simulation(state=StateDirectory(folder))
        second.start()
        assert second.kept(KEY).clock.offset == 60.0
        second.move_clock(second.kept(KEY), 60.0)
        assert second.not_kept(second.kept(KEY)).strerror == "No space left on device"
    second.move_clock(second.kept(KEY), 60.0)
    assert second.not_kept(second.kept(KEY)) is None
    second.stop()
    with Simulation(state=StateDirectory(folder)) as third:
        assert third.kept(KEY).clock.offset == 180.0


def test_who_has_lost_a_world_that_cannot_be_read_gets_a_new_one_and_learns_why(tmp_path):
    with Simulation(state=StateDirectory(tmp_path)) as first:
        first.world("one", start="empty")
        lost = first.world("two", start="empty")
    os.truncate(tmp_path / "worlds" / f"two--{lost.path}" / SNAPSHOT, 1000)
    with Simulation(state=StateDirectory(tmp_path)) as second:
        assert (second.kept("one") is not None, second.kept("two")) == (True, None)
        assert [it.name for it in second.set_aside] == [f"two--{lost.path}.unreadable"]
        assert second.keeps(second.world("two", start="empty"))
        assert (second.store.why_gone("two"), second.store.why_gone("two")) == ("unreadable", None)
    with Simulation(state=StateDirectory(tmp_path)) as third:
        assert third.kept("two") is not None
        assert [it.name for it in third.set_aside] == [f"two--{lost.path}.unreadable"]
    assert all(load(language).message(f"limits.lost_{loss}") for language in LANGUAGES for loss in get_args(Loss))


@pytest.mark.parametrize(
    ("section", "place", "value"),
    [
        ("object/services/default/kubernetes", ("spec",), "x"),  # not made
        ("pod/", ("pod", "spec", "volumes", 0, "projected"), "x"),  # made, and its files are not
    ],
)
def test_a_world_whose_parts_do_not_fit_together_keeps_no_other_from_starting(tmp_path, section, place, value):
    with Simulation(state=StateDirectory(tmp_path)) as first:
        first.world("one", start="empty")
        first.world("two")
    folder = next((tmp_path / "worlds").glob("two--*"))
    snapshot = json.loads((folder / SNAPSHOT).read_text())
    damaged = snapshot["sections"][next(it for it in snapshot["sections"] if it.startswith(section))]
    for key in place[:-1]:
        damaged = damaged[key]
    damaged[place[-1]] = value
    (folder / SNAPSHOT).write_text(json.dumps(snapshot))
    with Simulation(state=StateDirectory(tmp_path)) as second:
        assert (second.kept("one") is not None, second.kept("two")) == (True, None)
        assert [it.name for it in second.set_aside] == [f"{folder.name}.unreadable"]
        assert second.store.why_gone("two") == "unreadable"
    assert (second.set_aside[0] / SNAPSHOT).exists()
    shutil.rmtree(next((tmp_path / "worlds").glob("one--*")))
    second.set_aside[0].rename(folder)
    with pytest.raises(RuntimeError), Simulation(state=StateDirectory(tmp_path, alone=True), own="two"):
        pass


def test_kept_worlds_come_back_at_once_and_the_last_used_one_stays_where_there_is_room_for_one(tmp_path, monkeypatch):
    with Simulation(state=StateDirectory(tmp_path)) as first:
        for key in ("old", "new"):
            folder = tmp_path / "worlds" / f"{key}--{first.world(key, start='empty').path}"
            os.utime(folder / SNAPSHOT, (0, key == "new"))
    begin, both = Journal.begin, threading.Barrier(2, timeout=10)

    def slow(journal, found):
        both.wait()
        begin(journal, found)

    monkeypatch.setattr(Journal, "begin", slow)
    with Simulation(state=StateDirectory(tmp_path), capacity=1) as second:
        assert (second.kept("old"), second.kept("new") is not None) == (None, True)


def test_a_dropped_world_leaves_nothing_on_the_disk(tmp_path):
    with Simulation(state=StateDirectory(tmp_path)) as simulation:
        simulation.world("one", start="empty")
        simulation.reset("one", start="empty")
        again = simulation.kept("one")

        async def folders():
            return [path.name for path in (tmp_path / "worlds").iterdir()]

        eventually(lambda: simulation.run(folders()) == [f"one--{again.path}"])
