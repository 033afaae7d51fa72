"""What a learner's Pods may cost: variables that double, volumes that repeat, files printed a thousand times, junk."""

import asyncio
import logging

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.types.errors import ApiError
from app.world.node import node_limits
from app.world.node.container_log import LOG_LIMIT
from app.world.node.container_runtime import MOUNTS_LIMIT
from app.world.node.programs.environment import PROCESS_LIMIT, ConfigError, Entries, arguments, expand, sub_path
from app.world.node.volumes import disk, token_manager, volumes
from app.world.node.volumes.atomic_writer import FileProjection
from app.world.node.volumes.disk import VOLUMES_LIMIT
from tests.examples import examples
from tests.world.helpers import TOKEN_FILE, events_of, pod_of
from tests.world.test_kubernetes_caps import calls

SIZE = 200_000


@pytest.fixture
def config_map(simulation, world):
    async def put():
        metadata = {"name": "large", "namespace": "default"}
        world.cluster.put("configmaps", {"metadata": metadata, "data": {"k": "x" * SIZE}})

    simulation.run(put())


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "a"),
        ("$$(A)", "$(A)"),
        ("$(NOPE)", "$(NOPE)"),
        ("$", "$"),
        ("$A $(A", "$A $(A"),
        ("$(A)$(A)-$$$$", "aa-$$"),
        ("", ""),
        ("$(echo $(A))", "$(echo $(A))"),  # the name goes to the first end: `echo $(A`
        ("$(()$(A)", "$(()a"),
        ("$($(A) $(A)", "$($(A) a"),
        ("$(A) $($$ $(A", "a $($ $(A"),
    ],
)
def test_references(text, expanded):
    assert expand(text, {"A": "a"}) == expanded


def test_a_reference_may_not_grow_without_end():
    with pytest.raises(ConfigError, match="argument list too long"):
        expand("$(A)" * 100_000, {"A": "x" * 100_000})


def test_a_long_sub_path_is_not_searched_for_references():
    with pytest.raises(ConfigError, match="argument list too long"):
        sub_path({"subPathExpr": "$(A)" * 20_000}, {})


def waiting(pod):
    return pod["status"]["containerStatuses"][0]["state"]["waiting"]


def test_variables_that_double(run_pod):
    doubling = [{"name": "V0", "value": "x" * 1000}]
    doubling += [{"name": f"V{n + 1}", "value": f"$(V{n})$(V{n})"} for n in range(40)]
    assert waiting(run_pod(container={"env": doubling})) == {
        "reason": "CreateContainerConfigError",
        "message": "argument list too long",
    }


def test_variables_that_repeat(run_pod, config_map):
    source = [{"prefix": f"P{n}_", "configMapRef": {"name": "large"}} for n in range(50)]
    assert waiting(run_pod(container={"envFrom": source}))["message"] == "argument list too long"


@pytest.mark.parametrize("words", [["$$" * PROCESS_LIMIT], ["$(E)" * 10_000] * 2, ["x"] * 7000], ids=len)
def test_arguments_are_bounded_by_what_is_read_and_what_is_made(words):
    with pytest.raises(ConfigError, match="argument list too long"):
        arguments(words, {"E": ""})
    assert arguments(["a", "$(A)", "$$"], {"A": "b"}) == ("a", "b", "$")


def test_many_empty_variables_are_too_many(simulation, world, run_pod):
    data = {f"k{n}": "" for n in range(1500)}

    async def put():
        world.cluster.put("configmaps", {"metadata": {"name": "many", "namespace": "default"}, "data": data})

    simulation.run(put())
    source = [{"prefix": f"P{n}_", "configMapRef": {"name": "many"}} for n in range(5)]
    assert waiting(run_pod(container={"envFrom": source}))["message"] == "argument list too long"


def test_one_key_costs_the_same_however_many_a_config_map_has():
    def steps(count):
        entries = Entries("configmaps", {"data": {f"k{n}": "x" for n in range(count)}})
        return calls(entries.__getitem__, "k1")

    assert steps(10) == steps(2000)


@pytest.mark.parametrize("member", ["volumes", "containers", "initContainers"])
def test_others_get_their_turn_between_the_parts_of_a_pod(simulation, world, member):
    parts = {
        "volumes": [{"name": f"v{n}", "emptyDir": {}} for n in range(40)],
        "containers": [{"name": f"c{n}", "image": "busybox", "command": ["sleep", "9"]} for n in range(1, 12)],
        "initContainers": [{"name": f"c{n}", "image": "busybox", "command": ["sh"]} for n in range(1, 12)],
    }[member]
    first = {"name": "c0", "image": "busybox", "command": ["sleep", "9"]}
    spec = {"containers": [first], "automountServiceAccountToken": False}
    spec[member] = [*spec.get(member, []), *parts]

    async def turns():
        await operations.create(world, ADMIN, "pods", "default", {"metadata": {"name": "many"}, "spec": spec})
        count = 0
        while pod_of(world, "many")["status"]["phase"] == "Pending":
            count += 1
            await asyncio.sleep(0)
        return count

    assert simulation.run(turns()) >= len(parts)


def test_processes_share_the_memory_of_their_node(run_pod, monkeypatch):
    env = [{"name": "BIG", "value": "x" * 40_000}]
    assert run_pod("first", container={"env": env})["status"]["phase"] == "Running"
    monkeypatch.setattr(node_limits, "PROCESSES_LIMIT", 60_000)
    assert waiting(run_pod("second", container={"env": env})) == {
        "reason": "CreateContainerConfigError",
        "message": "cannot allocate memory",
    }


def test_mounted_parts_share_the_memory_of_their_node(run_pod, config_map, monkeypatch):
    monkeypatch.setattr(disk, "VOLUMES_LIMIT", 4 * SIZE)
    monkeypatch.setattr(node_limits, "PROCESSES_LIMIT", int(2.5 * SIZE))
    mounts = [{"name": "v", "mountPath": f"/{name}", "subPath": "k"} for name in "abc"]
    volumes = {"volumes": [{"name": "v", "configMap": {"name": "large"}}]}
    assert run_pod("two", spec=volumes, container={"volumeMounts": mounts[:2]})["status"]["phase"] == "Running"
    assert waiting(run_pod("one", spec=volumes, container={"volumeMounts": mounts[:1]})) == {
        "reason": "CreateContainerConfigError",
        "message": "cannot allocate memory",
    }


@pytest.mark.parametrize(
    ("field", "path", "message"),
    [
        ("mountPath", "/a" * 2049, "file name too long"),
        ("mountPath", "/a" * 2000, "no space left on device"),
        ("workingDir", "/a" * 2049, "file name too long"),
        ("workingDir", "/a" * 2000, "no space left on device"),
        ("terminationMessagePath", "/a" * 2049, "file name too long"),
        ("terminationMessagePath", "/a" * 2000, "no space left on device"),
        ("subPath", "a/" * 2049, 'failed to create subPath directory for volumeMount "v" of container "app"'),
    ],
)
def test_a_long_path_is_refused_where_the_container_is_made(run_pod, field, path, message):
    mount = {"name": "v", "mountPath": "/v"} | ({field: path} if field in ("mountPath", "subPath") else {})
    container = {"volumeMounts": [mount]} | ({} if field in mount else {field: path})
    pod = run_pod(spec={"volumes": [{"name": "v", "emptyDir": {}}]}, container=container)
    assert waiting(pod) == {"reason": "CreateContainerConfigError", "message": message}
    assert run_pod("next")["status"]["phase"] == "Running"


def test_a_container_has_so_many_mounts(run_pod):
    mounts = [{"name": "v", "mountPath": f"/v{number}"} for number in range(MOUNTS_LIMIT)]
    volumes = {"volumes": [{"name": "v", "emptyDir": {}}], "automountServiceAccountToken": False}
    plain = {"metadata": None, "spec": {**volumes, "serviceAccountName": "default"}}
    assert run_pod("few", **plain, container={"volumeMounts": mounts})["status"]["phase"] == "Running"
    one_more = [*mounts, {"name": "v", "mountPath": "/v"}]
    message = f"this simulated node takes at most {MOUNTS_LIMIT} mounts in a container"
    assert waiting(run_pod("many", **plain, container={"volumeMounts": one_more}))["message"] == message


def test_the_newest_logs_are_kept(world, run_pod, config_map, monkeypatch):
    monkeypatch.setattr(node_limits, "LOGS_LIMIT", LOG_LIMIT + 1000)
    volumes = {"volumes": [{"name": "v", "configMap": {"name": "large"}}]}
    mount = {"command": ["cat", "/v/k"], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    monkeypatch.setattr(disk, "VOLUMES_LIMIT", 4 * SIZE)
    pods = [run_pod(name, spec=volumes, container=mount) for name in ("first", "second")]
    sizes = [len(world.kubelet.logs(pod, "app").text) for pod in pods]
    assert sizes[1] == LOG_LIMIT
    assert sizes[0] <= 1000
    monkeypatch.setattr(disk, "VOLUMES_LIMIT", 8 * SIZE)
    stays = run_pod("third", spec=volumes, container={**mount, "command": ["sh", "-c", "cat /v/k; sleep 1000"]})
    run_pod("fourth", spec=volumes, container=mount)
    assert len(world.kubelet.logs(stays, "app").text) == LOG_LIMIT, "what runs is the newest"


def test_a_node_has_so_many_volumes(world, run_pod, monkeypatch):
    present = sum(map(len, world.kubelet.disk._sizes.values()))
    monkeypatch.setattr(disk, "VOLUMES_COUNT", present + 3)
    empty = [{"name": f"v{n}", "emptyDir": {}} for n in range(4)]
    pod = run_pod(spec={"volumes": empty, "automountServiceAccountToken": False, "serviceAccountName": "default"})
    failed = [text for reason, text in events_of(world, pod) if reason == "FailedMount"]
    assert failed == ['MountVolume.SetUp failed for volume "v3" : no space left on device']


def test_a_node_keeps_so_many_tokens(world, run_pod, monkeypatch):
    monkeypatch.setattr(token_manager, "TOKENS_LIMIT", len(world.kubelet.tokens._kept))
    pod = run_pod()
    expected = f"failed to fetch token: this simulated node keeps at most {token_manager.TOKENS_LIMIT} tokens"
    assert any(expected in text for _, text in events_of(world, pod))


def test_volumes_that_repeat(world, run_pod, config_map):
    sources = [
        {"configMap": {"name": "large", "items": [{"key": "k", "path": f"f{number}"}]}}
        for number in range(VOLUMES_LIMIT // SIZE + 1)
    ]
    pod = run_pod(spec={"volumes": [{"name": "v", "projected": {"sources": sources}}]})
    expected = 'MountVolume.SetUp failed for volume "v" : no space left on device'
    assert ("FailedMount", expected) in events_of(world, pod)


@pytest.mark.parametrize("kind", ["configMap", "downwardAPI"])
def test_one_text_in_many_files_is_read_until_the_disk_is_full(world, run_pod, config_map, monkeypatch, kind):
    texts = []

    def made(**fields):
        texts.extend([fields["data"]] if len(fields["data"]) >= SIZE else [])
        return FileProjection(**fields)

    monkeypatch.setattr(volumes, "FileProjection", made)
    field = {"fieldPath": "metadata.annotations"}
    items = [
        {"key": "k", "path": f"f{n}", **({"fieldRef": field} if kind == "downwardAPI" else {})} for n in range(200)
    ]
    source = {"name": "large", "items": items} if kind == "configMap" else {"items": items}
    pod = run_pod(
        spec={"volumes": [{"name": "v", kind: source}], "automountServiceAccountToken": False},
        metadata={"annotations": {"a": "x" * SIZE}},
    )
    expected = 'MountVolume.SetUp failed for volume "v" : no space left on device'
    assert ("FailedMount", expected) in events_of(world, pod)
    assert 2 <= len(texts) <= 8


def test_tokens_that_repeat(world, run_pod):
    sources = [{"serviceAccountToken": {"path": f"t{number}"}} for number in range(101)]
    pod = run_pod(spec={"volumes": [{"name": "v", "projected": {"sources": sources}}]})
    assert any(reason == "FailedMount" and "at most 100" in text for reason, text in events_of(world, pod))


def test_a_file_printed_very_often(world, execute, run_pod, config_map):
    pod = run_pod(
        spec={"volumes": [{"name": "v", "configMap": {"name": "large"}}]},
        container={"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    )
    assert len(execute(pod, "cat", *["/v/k"] * 1000).stdout) < 2_000_000


def test_paths_that_exclude_each_other(world, run_pod):
    sources = [{"serviceAccountToken": {"path": path}} for path in ("a", "a/b")]
    pod = run_pod(spec={"volumes": [{"name": "v", "projected": {"sources": sources}}]})
    assert any(reason in ("FailedMount",) and 'volume "v"' in text for reason, text in events_of(world, pod))


TEXT = st.text(max_size=12)
NUMBER = st.integers(0, 2**31 - 1)
PATH = st.sampled_from(["token", "a/b", "../x", "..data", "", "/abs", "a", "."]) | TEXT
VALUE_FROM = st.fixed_dictionaries(
    {},
    optional={
        "fieldRef": st.fixed_dictionaries(
            {"fieldPath": st.sampled_from(["metadata.name", "status.podIP", "metadata.labels"]) | TEXT}
        ),
        "configMapKeyRef": st.fixed_dictionaries({"key": TEXT}, optional={"name": TEXT, "optional": st.booleans()}),
        "secretKeyRef": st.fixed_dictionaries({"key": TEXT}, optional={"name": TEXT, "optional": st.booleans()}),
    },
)
SOURCE = st.fixed_dictionaries(
    {},
    optional={
        "serviceAccountToken": st.fixed_dictionaries(
            {"path": PATH}, optional={"audience": TEXT, "expirationSeconds": NUMBER}
        ),
        "configMap": st.fixed_dictionaries(
            {"name": st.just("kube-root-ca.crt") | TEXT},
            optional={
                "optional": st.booleans(),
                "items": st.lists(
                    st.fixed_dictionaries({"key": st.just("ca.crt") | TEXT, "path": PATH}, optional={"mode": NUMBER}),
                    max_size=2,
                ),
            },
        ),
        "downwardAPI": st.fixed_dictionaries(
            {
                "items": st.lists(
                    st.fixed_dictionaries(
                        {
                            "path": PATH,
                            "fieldRef": st.fixed_dictionaries({"fieldPath": st.just("metadata.namespace") | TEXT}),
                        }
                    ),
                    max_size=2,
                )
            }
        ),
    },
)
SECURITY = st.fixed_dictionaries({}, optional={"runAsUser": NUMBER, "runAsGroup": NUMBER})
CONTAINER = st.fixed_dictionaries(
    {"image": st.sampled_from(["busybox", "x", "amazon/aws-cli"])},
    optional={
        "command": st.lists(st.sampled_from(["cat", "ls", "env", "-la", TOKEN_FILE, "$(X)"]) | TEXT, max_size=3),
        "args": st.lists(TEXT, max_size=2),
        "workingDir": TEXT,
        "env": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["X", "AWS_REGION"])}, optional={"value": TEXT})
            | st.fixed_dictionaries({"name": st.just("Y"), "valueFrom": VALUE_FROM}),
            max_size=3,
        ),
        "securityContext": SECURITY,
        "volumeMounts": st.lists(
            st.fixed_dictionaries(
                {"name": st.just("v"), "mountPath": st.sampled_from(["/v", "/v/w", "v", "/"]) | TEXT}
            ),
            max_size=1,
        ),
    },
)
SPEC = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINER, min_size=1, max_size=2)},
    optional={
        "initContainers": st.lists(CONTAINER, max_size=1),
        "securityContext": st.fixed_dictionaries({}, optional={"runAsUser": NUMBER, "fsGroup": NUMBER}),
        "restartPolicy": st.sampled_from(["Always", "Never", "OnFailure"]),
        "serviceAccountName": st.sampled_from(["default", "my-sa"]),
        "hostNetwork": st.booleans(),
        "volumes": st.just([])
        | st.lists(SOURCE, max_size=3).map(lambda sources: [{"name": "v", "projected": {"sources": sources}}]),
    },
)


@settings(max_examples=examples(120), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(spec=SPEC)
def test_any_pod_that_is_stored_is_taken_care_of(simulation, world, caplog, spec):
    for kind in ("containers", "initContainers"):
        spec = {**spec, kind: [{**c, "name": f"{kind[0]}{n}"} for n, c in enumerate(spec.get(kind, []))]}

    async def run():
        try:
            pod = await operations.create(world, ADMIN, "pods", "default", {"metadata": {"name": "fuzz"}, "spec": spec})
        except ApiError:
            return None
        await world.kubelet.settle(20)
        await world.kubelet.sync()
        seen = world.cluster.get("pods", "default", pod["metadata"]["name"])
        world.cluster.delete("pods", "default", "fuzz")
        return seen

    with caplog.at_level(logging.ERROR):
        pod = simulation.run(run())
    assert not caplog.records
    event("stored" if pod is not None else "refused")
    if pod is not None:
        assert pod["spec"]["nodeName"] == world.node_name
        assert events_of(world, pod)
        assert pod_of(world, "pod-after")["status"]["phase"] == "Succeeded"


def test_many_small_files_fill_the_disk_as_well(world, run_pod, simulation):
    async def put():
        data = {f"k{number}": "x" for number in range(VOLUMES_LIMIT // 4096 + 1)}
        world.cluster.put("configmaps", {"metadata": {"name": "small", "namespace": "default"}, "data": data})

    simulation.run(put())
    pod = run_pod(spec={"volumes": [{"name": "v", "configMap": {"name": "small"}}]})
    assert any("no space left on device" in text for reason, text in events_of(world, pod) if reason == "FailedMount")


def test_where_the_shared_disk_is_nearly_full_only_the_lessons_own_pods_run(simulation, monkeypatch):
    monkeypatch.setattr("app.world.node.volumes.disk.free_bytes", lambda path: 0)
    world = simulation.world("nearly full")
    assert pod_of(world, "pod-after")["status"]["phase"] == "Succeeded"
    world.kubelet.disk.check(4096)
    with pytest.raises(OSError, match="no space left on device"):
        world.kubelet.disk.check(64 * 1024)
    simulation.store.discard("nearly full")
