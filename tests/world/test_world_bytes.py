"""What one world takes in memory at most: driven to all its limits at once, by what a request can do."""

import gc
import itertools
import json
import tracemalloc
from pathlib import Path

import pytest

from app.flow.model import Exchange
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.endpoints.watch import WATCH_LIMIT, Watch
from app.world.apiserver.registry import operations
from app.world.apiserver.storage import state
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.resources import RESOURCES
from app.world.apiserver.types.selectors import everything
from app.world.aws import iam
from app.world.aws.account import EVENT_LIMIT, SESSION_LIMIT
from app.world.aws.entities import StoredObject
from app.world.aws.errors import AwsError
from app.world.aws.s3 import objects as s3
from app.world.lifecycle.history import STOPS_BYTES, History
from app.world.lifecycle.world_snapshot import bytes_of
from app.world.lifecycle.world_weight import weight
from app.world.node.node_limits import LOGS_LIMIT, PROCESSES_LIMIT
from tests.world.aws_world import trust_policy

MEBIBYTE = 1024 * 1024
WORLD_BYTES = 48 * MEBIBYTE
"""As docs/threat-model.md says."""
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def put(world, name, data, resource="configmaps"):
    world.cluster.put(resource, {"metadata": {"name": name, "namespace": "default"}, "data": data})


def until_refused(work):
    for number in itertools.count():
        try:
            work(number)
        except (ApiError, AwsError):
            return number


def fill_cluster(world, mark):
    """Few long values, then many short ones, then events; each object another than with the last mark."""
    for stored in world.cluster.list("configmaps", "default"):
        if stored["metadata"]["name"] != "kube-root-ca.crt":
            world.cluster.delete("configmaps", "default", stored["metadata"]["name"])
    for number in itertools.count():
        if world.cluster.bytes > state.BYTES_LIMIT - 500_000:
            break
        put(world, f"bytes-{number}", {"k": mark + "x" * 100_000})
    assert until_refused(lambda n: put(world, f"values-{n}", {f"{mark}k{m}": "" for m in range(1900)})) > 1
    for number in range(state.EVENT_LIMIT):
        annotations = {f"m{n}": "" for n in range(90)}
        metadata = {"name": f"{mark}{number}", "namespace": "default", "annotations": annotations}
        world.cluster.put("events", {"metadata": metadata})


def fill_account(account):
    role = json.dumps(trust_policy())
    tags = {}
    for number in range(1, 51):
        tags |= {f"Tags.member.{number}.Key": f"{number}", f"Tags.member.{number}.Value": "\U00020bb7" * 256}
    create = {"AssumeRolePolicyDocument": role, **tags}
    assert until_refused(lambda n: iam.call(account, "CreateRole", {"RoleName": f"full-{n}", **create})) > 5
    until_refused(lambda n: iam.call(account, "CreatePolicy", {"PolicyName": f"p{n}", "PolicyDocument": ALLOW}))
    until_refused(
        lambda n: iam.call(
            account,
            "CreateOpenIDConnectProvider",
            {"Url": f"https://x{n}.example"} | {"ThumbprintList.member.1": "a" * 40},
        )
    )
    for number in range(SESSION_LIMIT + 10):
        document = ALLOW + " " * 1900 + str(number)
        account.open_session(account.roles["full-0"], "s" * 64, 3600, session_policies=(("Policy", document),))
    account.management_events.extend({"userAgent": "x" * 1024, "sub": f"{n}" * 10_000} for n in range(EVENT_LIMIT))
    bucket = account.buckets.get("irsa-demo") or next(iter(account.buckets.values()), None)
    if bucket is not None:
        for number in range(s3.OBJECT_LIMIT):
            body = b"x" * (s3.STORED_LIMIT // s3.OBJECT_LIMIT) + str(number).encode()
            bucket.objects["k" * 1000 + str(number)] = StoredObject(
                body=body, content_type="a", etag="e" * 32, modified=1.0
            )


async def fill_node(world):
    put(world, "print", {"k": "x" * 60_000})
    volumes = [{"name": "v", "configMap": {"name": "print"}}]
    mount = [{"name": "v", "mountPath": "/v"}]
    env = [{"name": f"V{n}", "value": "x" * 40} for n in range(20)]
    for number in range(30):
        each = {"image": "busybox", "command": ["cat", "/v/k"], "volumeMounts": mount, "env": env}
        spec = {
            "containers": [
                {"name": f"c{n}", **each, "env": [*env[:4], {"name": "P", "value": f"{n}" * 30_000}]} for n in range(2)
            ],
            "volumes": [*volumes, *({"name": f"e{n}", "emptyDir": {}} for n in range(20))],
            "automountServiceAccountToken": False,
        }
        try:
            await operations.create(
                world, ADMIN, "pods", "default", {"metadata": {"name": f"full-{number}"}, "spec": spec}
            )
        except ApiError:
            break
        await world.kubelet.settle(20)


def fill_log(world):
    with world.log.setting_up():
        record_more(world)


def record_more(world):
    for number in range(250):
        exchange = Exchange(
            caller="a",
            callee="b",
            method="POST",
            url="https://x",
            request_headers=(),
            request_body="\U0001f600" * 60_000,
            status=200,
            response_headers=(),
            response_body=f"{number}" * 10_000,
            seconds=0.1,
        )
        world.log.record(exchange)


async def watches(world):
    """Clients that read one event and then no more, some from long ago."""
    opened = []
    for number in range(WATCH_LIMIT):
        watch = Watch(world, RESOURCES["configmaps"], "", everything, lambda stored: (stored.text,), initial=True)
        stream = watch.stream("", 3600.0)
        await anext(stream)
        opened.append((watch, stream))
        put(world, "values-0", {f"{number}k{m}": "" for m in range(1500)})
    return opened


@pytest.fixture
def traced(simulation):
    simulation.world("warm")  # whatever is loaded once for all worlds
    tracemalloc.start()
    yield
    tracemalloc.stop()


def held():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.large
def test_a_world_at_all_its_limits(simulation, traced):
    before = held()
    world = simulation.world("full")

    async def fill(mark):
        fill_cluster(world, mark)

    async def everything_else():
        await fill_node(world)
        for account in (world.account, world.other_account):
            fill_account(account)
        fill_log(world)

    simulation.run(everything_else())
    saved = [simulation.save(world)]  # as the lab does, and the thief
    simulation.inject(world, "F01")
    history = simulation.run(History.begin(world))
    acts = 4  # more than are kept
    for number in range(acts):
        simulation.run(history.act(f"act-{number}", lambda _, mark=f"m{number}": fill(mark)))
    saved.append(simulation.save(world))
    assert len(saved) == 2
    opened = simulation.run(watches(world))
    taken = held() - before
    try:
        spare = [stop.world_snapshot for stop in history.stops[1:] if stop is not history.current]
        assert len(history.stops) <= acts
        assert bytes_of(spare) <= STOPS_BYTES
        workers = list(world.kubelet._workers.values())
        assert sum(c.log.size for worker in workers for c in worker.containers) <= LOGS_LIMIT
        assert sum(worker.inside.process_bytes for worker in workers) <= PROCESSES_LIMIT
        assert taken <= WORLD_BYTES
        assert taken / 2 <= weight(world) <= taken, "what the store reckons by"
    finally:

        async def close():
            for _, stream in opened:
                await stream.aclose()

        simulation.run(close())
        simulation.store.discard("full")
        simulation.store.discard("warm")


def test_the_figure_is_documented():
    model = (Path(__file__).parents[2] / "docs" / "threat-model.md").read_text()
    assert f"at most {WORLD_BYTES // MEBIBYTE} MiB" in " ".join(model.split())
