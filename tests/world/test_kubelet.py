"""The kubelet: volumes and their modes, rotation, Pod statuses, events, what happens when something is missing."""

import json
import re

import pytest

from app.flow.token import decode
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.node.container import ContainerNotFound
from app.world.node.pod_status import BACK_OFF_SECONDS
from app.world.node.volumes.token_manager import KeptToken
from tests.waiting import eventually
from tests.world.helpers import TOKEN_DIRECTORY, TOKEN_FILE, events_of, log_of, pod_of

pytestmark = pytest.mark.one_world

KUBERNETES_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"


def delete(simulation, world, resource, name):
    """Deletes an object of namespace default."""

    async def run():
        world.cluster.delete(resource, "default", name)

    simulation.run(run())


# (1) Volumes


def test_a_pod_has_two_tokens_that_differ(world, execute):
    pod = pod_of(world, "pod-after")
    aws = decode(execute(pod, "cat", TOKEN_FILE).stdout).claims
    own = decode(execute(pod, "cat", f"{KUBERNETES_DIRECTORY}/token").stdout).claims
    assert (aws["aud"], own["aud"]) == (["sts.amazonaws.com"], [world.api_audience])
    assert aws["jti"] != own["jti"]


def test_the_other_files_of_the_kubernetes_volume(world, execute):
    pod = pod_of(world, "pod-after")
    assert execute(pod, "cat", f"{KUBERNETES_DIRECTORY}/ca.crt").stdout.encode() == world.root_ca_pem
    assert execute(pod, "cat", f"{KUBERNETES_DIRECTORY}/namespace").stdout == "default"


def test_kubelet_asks_for_a_token_bound_to_the_pod(world):
    pod = pod_of(world, "pod-after")
    asked = [json.loads(e.request_body) for e in world.log.exchanges() if e.caller == "kubelet"]
    [spec] = [body["spec"] for body in asked if body["spec"]["audiences"] == ["sts.amazonaws.com"]]
    assert spec == {
        "audiences": ["sts.amazonaws.com"],
        "expirationSeconds": 86400,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "pod-after", "uid": pod["metadata"]["uid"]},
    }


@pytest.mark.parametrize(
    ("security", "container", "mode", "owner", "group"),
    [
        ({}, {}, "-rw-r--r--", "0", "0"),
        ({"runAsUser": 1000}, {}, "-rw-------", "1000", "0"),
        ({}, {"runAsUser": 1000}, "-rw-------", "1000", "0"),
        ({"fsGroup": 2000}, {}, "-rw-r-----", "0", "2000"),
        ({"runAsUser": 1000, "fsGroup": 2000}, {}, "-rw-r-----", "1000", "2000"),
    ],
)
def test_modes_and_owners_of_the_token(run_pod, execute, security, container, mode, owner, group):
    pod = run_pod(spec={"securityContext": security}, container={"securityContext": container})
    listed = execute(pod, "ls", "-lLn", TOKEN_FILE).stdout.split()
    assert [listed[0], *listed[2:4]] == [mode, owner, group]
    assert execute(pod, "cat", TOKEN_FILE).exit_code == 0
    assert execute(pod, "printenv", "HOME").stdout == ("/root\n" if owner == "0" else "/\n")


@pytest.mark.parametrize(
    ("volume", "security", "shown"),
    [
        ({"configMap": {"name": "kube-root-ca.crt"}}, {}, "777 0"),
        ({"secret": {"secretName": "no", "optional": True}}, {}, "1777 0"),
        ({"emptyDir": {"medium": "Memory"}}, {}, "1777 0"),
        ({"emptyDir": {}}, {}, "777 0\n755 0\n644 0"),
        ({"emptyDir": {}}, {"fsGroup": 2000}, "2777 2000\n2755 2000\n644 2000"),
        ({"hostPath": {"path": "/x"}}, {"fsGroup": 2000}, "777 0\n755 0\n644 0"),
    ],
)
def test_modes_and_groups_of_a_volume(run_pod, execute, volume, security, shown):
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    pod = run_pod(spec={"volumes": [{"name": "v", **volume}], "securityContext": security}, container=mount)
    script = "(mkdir /v/d && echo x > /v/d/f) 2> /dev/null; cd /v; stat -c '%a %g' . * */*"
    assert execute(pod, "sh", "-c", script).stdout.startswith(f"{shown}\n")


def test_containers_of_different_users_share_no_owner(run_pod, execute):
    sidecar = {"name": "b", "image": "busybox", "command": ["sleep", "1"], "securityContext": {"runAsUser": 2}}
    first = {"name": "a", "image": "busybox", "command": ["sleep", "1"], "securityContext": {"runAsUser": 1}}
    pod = run_pod(spec={"containers": [first, sidecar]})
    assert execute(pod, "ls", "-lLn", TOKEN_FILE).stdout.startswith("-rw-r--r--")


def test_default_mode_shuts_others_out(run_pod, execute):
    token = {"serviceAccountToken": {"audience": "x", "path": "token"}}
    spec = {
        "volumes": [{"name": "mine", "projected": {"defaultMode": 0o400, "sources": [token]}}],
        "containers": [
            {"name": name, "image": "busybox", "command": ["sleep", "1"], "securityContext": {"runAsUser": user},
             "volumeMounts": [{"name": "mine", "mountPath": "/mine"}]}
            for name, user in (("a", 1000), ("b", 1001))
        ],
    }  # fmt: skip
    refused = execute(run_pod(spec=spec), "cat", "/mine/token")
    assert refused.stderr == "cat: can't open '/mine/token': Permission denied\n"


def test_config_maps_and_secrets_as_files_and_variables(simulation, world, run_pod, execute):
    metadata = {"name": "settings", "namespace": "default"}
    world_run = simulation.run

    async def put():
        data = {"data": {"COLOUR": "blue", "b.txt": "text"}, "binaryData": {"RAW": "AQ=="}}
        world.cluster.put("configmaps", {"metadata": metadata, **data})
        ports = [{"port": 53, "protocol": "UDP", "name": "a-b"}, {"port": 80, "name": "web"}]
        for name, spec in (
            ("my-dns", {"clusterIP": "10.100.0.9", "ports": ports}),
            ("none", {"clusterIP": "None", "ports": ports}),
        ):
            world.cluster.put("services", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})

    world_run(put())
    items = [{"key": "b.txt", "path": "d/f"}, {"key": "COLOUR", "path": "shut", "mode": 0}]
    sizes = [
        {"path": path, "resourceFieldRef": {"containerName": "app", "resource": resource, "divisor": divisor}}
        for path, resource, divisor in (("memory", "requests.memory", "1Mi"), ("node", "limits.ephemeral-storage", "0"))
    ]
    downward = {"items": [{"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}]}
    pod = run_pod(
        spec={
            "volumes": [
                {"name": "v", "configMap": {"name": "settings", "items": items}},
                {"name": "own", "downwardAPI": downward},
                {"name": "sizes", "downwardAPI": {"items": sizes}},
            ]
        },
        metadata={"annotations": {"b": '{"a\\b": "é\t\x01\u200b\U000e0001"}', "a": "x"}},
        container={
            "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "P_"}],
            "env": [
                {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "COLOUR"}}},
                {"name": "TWO", "value": "$(ONE)-$(NOPE)-$$(ONE)"},
                {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "MILLI", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
                {"name": "API", "value": "$(KUBERNETES_SERVICE_HOST)"},
                {"name": "MY_DNS_PORT", "value": "mine"},
            ],
            "command": ["echo", "$(API) $(MY_DNS_PORT) $(MY_DNS_PORT_53_UDP)"],
            "resources": {"requests": {"memory": "64.5Mi"}, "limits": {"cpu": "1500m"}},
            "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in ("v", "own", "sizes")],
        },
    )
    assert execute(pod, "cat", "/v/d/f").stdout == "text"
    assert execute(pod, "stat", "-L", "-c", "%a", "/v/d/f", "/v/shut").stdout == "644\n0\n"
    assert (
        execute(pod, "cat", "/own/annotations").stdout == 'a="x"\nb="{\\"a\\\\b\\": \\"é\\t\\x01\\u200b\\U000e0001\\"}"'
    )
    wanted = {
        "P_COLOUR": "blue", "ONE": "blue", "TWO": "blue-$(NOPE)-$(ONE)", "ME": "probe", "NODE": world.node_name,
        "CPU": "2", "MILLI": "1500", "API": "10.100.0.1", "P_RAW": None, "NONE_SERVICE_HOST": None,
        "MY_DNS_SERVICE_HOST": "10.100.0.9",
        "MY_DNS_SERVICE_PORT": "53", "MY_DNS_SERVICE_PORT_A_B": "53", "MY_DNS_SERVICE_PORT_WEB": "80",
        "MY_DNS_PORT": "mine", "MY_DNS_PORT_80_TCP": "tcp://10.100.0.9:80", "MY_DNS_PORT_53_UDP_PROTO": "udp",
    }  # fmt: skip
    printed = dict(line.split("=", 1) for line in execute(pod, "env").stdout.splitlines())
    assert {name: printed.get(name) for name in wanted} == wanted
    assert execute(pod, "cat", "/sizes/memory", "/sizes/node").stdout == "6576224326324"
    assert log_of(world, "probe") == "10.100.0.1 mine udp://10.100.0.9:53\n"
    other = run_pod("other", spec={"enableServiceLinks": False})
    names = {line.partition("=")[0] for line in execute(other, "env").stdout.splitlines()}
    assert {"KUBERNETES_PORT", "MY_DNS_PORT_80_TCP"} & names == {"KUBERNETES_PORT"}


@pytest.mark.parametrize(
    ("name", "spec", "shown"),
    [
        ("p", {}, "p"),
        ("p", {"hostname": "own"}, "own"),
        (f"{'p' * 62}-{'q' * 9}", {}, "p" * 62),
        ("p", {"hostNetwork": True, "hostname": "own"}, None),
    ],
)
def test_the_name_of_the_host(world, run_pod, execute, name, spec, shown):
    assert execute(run_pod(name, spec=spec), "hostname").stdout == f"{shown or world.node_name}\n"


# (2) Rotation


def test_nothing_is_renewed_before_its_time(simulation, world, execute):
    pod = pod_of(world, "pod-after")
    before = execute(pod, "cat", TOKEN_FILE).stdout
    simulation.move_clock(world, 69_000)
    assert execute(pod, "cat", TOKEN_FILE).stdout == before


def test_the_token_is_renewed_at_80_percent_of_its_life(simulation, world, execute, aws):
    pod = pod_of(world, "pod-after")
    before = execute(pod, "cat", TOKEN_FILE).stdout
    listing = execute(pod, "ls", "-la", TOKEN_DIRECTORY).stdout
    simulation.move_clock(world, 69_130)
    after = execute(pod, "cat", TOKEN_FILE).stdout
    assert after != before
    assert decode(after).claims["iat"] - decode(before).claims["iat"] >= 69_120
    data = re.compile(r"\.\.data -> (\S+)")
    assert data.search(execute(pod, "ls", "-la", TOKEN_DIRECTORY).stdout)[1] != data.search(listing)[1]
    # STS knows nothing of the renewal: the old token is good until its own end.
    role = f"arn:aws:iam::{world.account_id}:role/s3-reader"
    assert aws("sts").assume_role_with_web_identity(RoleArn=role, RoleSessionName="old", WebIdentityToken=before)


def test_a_token_mounted_by_its_sub_path_stays_the_old_one_until_the_container_starts_again(
    simulation, world, run_pod, execute
):
    token = {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}
    own = {"volumes": [{"name": "own", "projected": {"sources": [token]}}], "restartPolicy": "Always"}
    mounts = [{"name": "own", "mountPath": "/own"}, {"name": "own", "mountPath": "/part/token", "subPath": "token"}]
    pod = run_pod(spec=own, container={"volumeMounts": mounts, "command": ["sleep", "500"]})

    def read():
        return [execute(pod, "cat", path).stdout for path in ("/own/token", "/part/token")]

    first, same = read()
    assert same == first != ""
    simulation.move_clock(world, 490)
    renewed, old = read()
    assert old == first != renewed
    assert execute(pod, "ls", "/part").stdout == "token\n"
    for seconds in (11, 11):  # its process ends, and so does the back-off
        simulation.move_clock(world, seconds)
    assert read() == [renewed, renewed]


@pytest.mark.parametrize("days", [1, 30])
def test_a_long_jump_renews_each_token_when_it_is_due(simulation, world, execute, days):
    pod = pod_of(world, "pod-after")
    first = decode(execute(pod, "cat", TOKEN_FILE).stdout).claims["iat"]
    simulation.move_clock(world, days * 86_400)
    mounted = decode(execute(pod, "cat", TOKEN_FILE).stdout).claims
    other = decode(execute(pod, "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token").stdout).claims
    now = world.clock.now()
    assert now < mounted["exp"] - 17_280
    assert now < other["iat"] + 2_886 + 5
    if days == 1:  # at 80 % of its life, not at the end of the jump
        assert 69_115 <= mounted["iat"] - first <= 69_125


@pytest.mark.parametrize(
    ("age", "jitter", "due"),
    [(69_120, 0, False), (69_121, 0, True), (69_116, 5, True), (0, 9, False), (-1, 0, True), (86_500, 0, True)],
)
def test_the_rule_of_renewal(age, jitter, due):
    token = KeptToken(token="", expires=1_000_000 + 86_400, seconds=86_400)
    assert token.requires_refresh(1_000_000 + age, jitter) is due


def test_a_long_lived_token_is_renewed_after_a_day():
    token = KeptToken(token="", expires=1_000_000 + 7 * 86_400, seconds=7 * 86_400)
    assert not token.requires_refresh(1_000_000 + 86_400, 0)
    assert token.requires_refresh(1_000_000 + 86_401, 0)


def _problems_of_the_token(world, pod, volume="aws-iam-token"):
    return [text for _, text in events_of(world, pod) if f'volume "{volume}' in text]


def test_without_the_service_account_the_old_token_serves_until_it_has_expired(simulation, world, execute):
    pod = pod_of(world, "pod-after")
    before = execute(pod, "cat", TOKEN_FILE).stdout
    delete(simulation, world, "serviceaccounts", "my-sa")
    simulation.move_clock(world, 70_000)
    assert execute(pod, "cat", TOKEN_FILE).stdout == before
    assert not _problems_of_the_token(world, pod)
    simulation.move_clock(world, 20_000)
    [message] = _problems_of_the_token(world, pod)
    uid = pod["metadata"]["uid"]
    assert message == (
        'MountVolume.SetUp failed for volume "aws-iam-token" : token "my-sa"/"default"/[]string{"sts.amazonaws.com"}/'
        f'86400/v1.BoundObjectReference{{Kind:"Pod", APIVersion:"v1", Name:"pod-after", UID:"{uid}"}} expired and '
        'refresh failed: serviceaccounts "my-sa" not found'
    )
    [other] = _problems_of_the_token(world, pod, "kube-api-access-")
    assert '"my-sa"/"default"/[]string(nil)/3607/v1.' in other, "it has no audience of its own"
    assert execute(pod, "cat", TOKEN_FILE).stdout == before


# (3) What goes wrong


def test_no_token_no_container(simulation, world, core):
    """The ServiceAccount goes between the creation of the Pod and the kubelet's request."""

    async def run():
        await operations.create(world, ADMIN, "serviceaccounts", "default", {"metadata": {"name": "brief"}})
        spec = {"serviceAccountName": "brief", "containers": [{"name": "app", "image": "busybox"}]}
        await operations.create(world, ADMIN, "pods", "default", {"metadata": {"name": "stuck"}, "spec": spec})
        world.cluster.delete("serviceaccounts", "default", "brief")
        await world.kubelet.settle(20)

    simulation.run(run())
    pod = pod_of(world, "stuck")
    assert pod["status"]["phase"] == "Pending"
    assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    volume = pod["spec"]["volumes"][0]["name"]
    expected = (
        f'MountVolume.SetUp failed for volume "{volume}" : failed to fetch token: serviceaccounts "brief" not found'
    )
    assert ("FailedMount", expected) in events_of(world, pod)
    with pytest.raises(ContainerNotFound):
        simulation.run(world.kubelet.execute(pod, "app", ["env"]))
    # It comes back, and the kubelet tries again.
    core.create_namespaced_service_account("default", {"metadata": {"name": "brief"}})
    eventually(lambda: pod_of(world, "stuck")["status"]["phase"] == "Running")


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ({"configMap": {"name": "nope"}}, 'configmap "nope" not found'),
        (
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "k", "path": "k"}]}},
            "configmap references non-existent config key: k",
        ),
        (
            {"secret": {"secretName": "full", "items": [{"key": "k", "path": "k"}]}},
            "references non-existent secret key: k",
        ),
        (
            {"projected": {"sources": [{kind: {"name": "nope"}} for kind in ("configMap", "secret", "secret")]}},
            '[configmap "nope" not found, secret "nope" not found]',
        ),
    ],
)
def test_a_missing_object_or_key(world, core, run_pod, volume, said):
    core.create_namespaced_secret("default", {"metadata": {"name": "full"}})
    pod = run_pod(spec={"volumes": [{"name": "v", **volume}]})
    expected = f'MountVolume.SetUp failed for volume "v" : {said}'
    assert ("FailedMount", expected) in events_of(world, pod)
    assert pod["status"]["phase"] == "Pending"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "k"}}}]},
            'secret "nope" not found',
        ),
        (
            {
                "env": [
                    {"name": "X", "valueFrom": {"resourceFieldRef": {"containerName": "b", "resource": "limits.cpu"}}}
                ]
            },
            "container b not found",
        ),
        ({"volumeMounts": [{"name": "v", "mountPath": "/m", "subPathExpr": "$(B)/$(A)"}]}, "missing value for A, B"),
        (
            {
                "env": [{"name": "A", "value": "/x"}],
                "volumeMounts": [{"name": "v", "mountPath": "/m", "subPathExpr": "$(A)"}],
            },
            "error SubPath `/x` must not be an absolute path",
        ),
        (
            {
                "env": [{"name": "A", "value": ".."}],
                "volumeMounts": [{"name": "v", "mountPath": "/m", "subPathExpr": "$(A)"}],
            },
            "unable to provision SubPath `..`: must not contain '..'",
        ),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/m", "subPath": "x" * 256}]},
            'failed to create subPath directory for volumeMount "v" of container "app"',
        ),
    ],
)
def test_what_a_container_cannot_be_created_with(world, run_pod, container, message):
    pod = run_pod(spec={"volumes": [{"name": "v", "emptyDir": {}}]}, container=container)
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": message}
    assert ("Failed", f"Error: {message}") in events_of(world, pod)


@pytest.mark.parametrize(
    ("pods", "own", "image", "reason"),
    [
        ({"runAsNonRoot": True}, {}, "amazon/aws-cli:latest", "container has runAsNonRoot and image will run as root"),
        ({}, {"runAsNonRoot": True, "runAsUser": 0}, "app", "container's runAsUser breaks non-root policy"),
        ({"runAsNonRoot": True}, {"runAsUser": 1000}, "amazon/aws-cli:latest", ""),
        ({"runAsNonRoot": True}, {}, "bitnami/aws-cli", ""),  # has another user than root
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, "busybox", ""),
    ],
)
def test_a_container_that_may_not_run_as_root(run_pod, pods, own, image, reason):
    pod = run_pod(spec={"securityContext": pods}, container={"image": image, "securityContext": own})
    waiting = pod["status"]["containerStatuses"][0]["state"].get("waiting")
    place = f'(pod: "{pod["metadata"]["name"]}_default({pod["metadata"]["uid"]})", container: app)'
    refused = {"reason": "CreateContainerConfigError", "message": f"{reason} {place}"}
    assert waiting == (refused if reason else None)


def test_a_deleted_pod_takes_its_files_along(world, core):
    pod = pod_of(world, "pod-after")
    uid = pod["metadata"]["uid"]
    files = world.directory / "pods" / uid
    assert files.exists()
    assert any(uid in request for request in world.kubelet.tokens.kept)
    core.delete_namespaced_pod("pod-after", "default")
    eventually(lambda: not files.exists())
    assert not any(uid in request for request in world.kubelet.tokens.kept), "no one renews its tokens"
    with pytest.raises(ContainerNotFound):
        world.kubelet.logs(pod, "aws-cli")


# (4) Statuses and events


def conditions(pod):
    return {entry["type"]: (entry["status"], entry.get("reason")) for entry in pod["status"]["conditions"]}


def condition(pod, kind):
    return next(entry for entry in pod["status"]["conditions"] if entry["type"] == kind)


def test_a_pod_that_keeps_running(world, run_pod):
    pod = run_pod()
    assert pod["status"]["phase"] == "Running"
    assert pod["spec"]["nodeName"] == world.node_name
    node = world.node_name.removeprefix("ip-").partition(".")[0].replace("-", ".")
    assert (pod["status"]["hostIP"], pod["status"]["podIP"] != node) == (node, True)
    assert run_pod("near", spec={"hostNetwork": True})["status"]["podIP"] == node
    assert conditions(pod) == {
        "PodReadyToStartContainers": ("True", None),
        "Initialized": ("True", None),
        "Ready": ("True", None),
        "ContainersReady": ("True", None),
        "PodScheduled": ("True", None),
    }
    assert [reason for reason, _ in events_of(world, pod)] == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    pulled = 'Successfully pulled image "busybox:latest" in 0s (0s including waiting). Image size: 0 bytes.'
    assert ("Pulled", pulled) in events_of(world, pod)
    older = run_pod("older", container={"image": "busybox:1.36"})
    assert ("Pulled", 'Container image "busybox:1.36" already present on machine') in events_of(world, older)
    assert "Pulling" not in dict(events_of(world, older))
    never = run_pod("never", container={"image": "bussybox", "imagePullPolicy": "Never"})
    assert never["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImageNeverPull"
    said = 'Container image "bussybox" is not present with pull policy of Never'
    assert events_of(world, never)[1:] == [("ErrImageNeverPull", said), ("Failed", "Error: ErrImageNeverPull")]


FALLS_BACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}


@pytest.mark.parametrize(
    ("script", "container", "message"),
    [
        ("echo bye > /dev/termination-log; echo log; exit 3", FALLS_BACK, "bye\n"),
        (
            "echo bye > /x/last",
            {"terminationMessagePath": "/x/last", "securityContext": {"readOnlyRootFilesystem": True, "runAsUser": 7}},
            "bye\n",
        ),
        ("seq 100; exit 3", FALLS_BACK, "".join(f"{number}\n" for number in range(21, 101))),
        ("yes | head -c 5000; exit 3", FALLS_BACK, "y\n" * 80),
        (f"echo {'x' * 3000}; exit 3", FALLS_BACK, "x" * 2047 + "\n"),
        (f"echo {'x' * 5000} > /dev/termination-log", {}, "x" * 4095 + "\n"),
        ("echo log", FALLS_BACK, None),
        ("echo log; exit 3", {}, None),
    ],
)
def test_the_last_words_of_a_container(run_pod, script, container, message):
    pod = run_pod(container={"command": ["sh", "-c", script], **container})
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"].get("message") == message


def test_the_last_words_of_a_process_are_not_those_of_the_next(simulation, world, run_pod):
    script = "echo bye > /dev/termination-log; sleep 40"
    run_pod(spec={"restartPolicy": "Always"}, container={"command": ["sh", "-c", script]})
    simulation.move_clock(world, 60)
    eventually(lambda: pod_of(world, "probe")["status"]["containerStatuses"][0]["state"].get("waiting"))
    simulation.move_clock(world, 20)
    eventually(lambda: pod_of(world, "probe")["status"]["containerStatuses"][0]["state"].get("running"))
    assert pod_of(world, "probe")["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] == "bye\n"


@pytest.mark.parametrize(("name", "reason"), [("pod-after", "PodCompleted"), ("pod-before", "PodFailed")])
def test_a_pod_that_has_ended(world, name, reason):
    found = conditions(pod_of(world, name))
    assert found["Ready"] == found["ContainersReady"] == ("False", reason)
    assert found["PodReadyToStartContainers"] == ("False", None)


def test_init_containers_come_first_and_must_succeed(run_pod):
    good = {"name": "good", "image": "busybox", "command": ["env"]}
    bad = {"name": "bad", "image": "busybox", "command": ["cat", "/nope"]}
    pod = run_pod(spec={"initContainers": [good, bad]})
    assert pod["status"]["phase"] == "Failed"
    codes = [entry["state"]["terminated"]["exitCode"] for entry in pod["status"]["initContainerStatuses"]]
    assert codes == [0, 1]
    assert [entry["ready"] for entry in pod["status"]["initContainerStatuses"]] == [True, False]
    assert conditions(pod)["Initialized"] == ("False", "ContainersNotInitialized")
    assert condition(pod, "Initialized")["message"] == "containers with incomplete status: [bad]"
    assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_a_failed_init_container_backs_off_and_is_tried_until_it_succeeds(simulation, world, run_pod):
    async def later():
        world.clock.move(BACK_OFF_SECONDS + 1)
        await world.kubelet.sync()

    def waiting(status):
        return status["state"].get("waiting", {}).get("reason")

    def statuses():
        status = pod_of(world, pod["metadata"]["name"])["status"]
        return status["initContainerStatuses"][0], status["containerStatuses"][0]

    # (1) It waits for an object that is there later only.
    missing = {"configMapKeyRef": {"name": "settings", "key": "FILE"}}
    first = {"name": "first", "image": "busybox", "command": ["cat", "$(FILE)"]}
    first["env"] = [{"name": "FILE", "valueFrom": missing}]
    pod = run_pod(spec={"restartPolicy": "Always", "initContainers": [first]})
    assert [waiting(status) for status in statuses()] == ["CreateContainerConfigError", "PodInitializing"]
    # (2) Then it runs, and fails twice.
    settings = {"metadata": {"name": "settings"}, "data": {"FILE": "/nope"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", settings))
    for restarts in (0, 1):
        simulation.run(later())
        init, app = statuses()
        assert [waiting(init), waiting(app)] == ["CrashLoopBackOff", "PodInitializing"]
        assert init["restartCount"] == restarts
    # (3) Once it has ended well, the others start.
    world.cluster.put(
        "configmaps",
        {**settings, "metadata": {**settings["metadata"], "namespace": "default"}, "data": {"FILE": TOKEN_FILE}},
    )
    world.clock.move(BACK_OFF_SECONDS * 4)
    simulation.run(later())
    init, app = statuses()
    assert init["state"]["terminated"]["exitCode"] == 0
    assert "running" in app["state"]


def test_an_init_container_whose_program_is_unknown_is_done_at_once(run_pod, execute):
    prepare = [{"name": "default-command", "image": "busybox"}]
    prepare.append({"name": "script", "image": "busybox", "command": ["/app/migrate"]})
    pod = run_pod(spec={"initContainers": prepare})
    assert pod["status"]["phase"] == "Running"
    ended = [entry["state"]["terminated"] for entry in pod["status"]["initContainerStatuses"]]
    assert [(state["exitCode"], state["reason"]) for state in ended] == [(0, "Completed")] * 2
    assert "AWS_ROLE_ARN=" in execute(pod, "env").stdout


def test_events_of_two_containers_are_two(world, run_pod, core):
    event = {"metadata": {"name": "own"}, "involvedObject": {}, "reason": "Pulled"}
    core.create_namespaced_event("default", event)
    twin = {"name": "twin", "image": "busybox:latest", "command": ["true"]}
    pod = run_pod(spec={"initContainers": [twin]})
    uid = pod["metadata"]["uid"]
    pulled = [
        (event["involvedObject"]["fieldPath"], event["count"])
        for event in world.cluster.list("events", "default")
        if event["involvedObject"].get("uid") == uid and event["reason"] == "Pulled"
    ]
    assert sorted(pulled) == [("spec.containers{app}", 1), ("spec.initContainers{twin}", 1)]


def test_sidecars_keep_running_beside_the_others(run_pod):
    sidecar = {"name": "side", "image": "busybox", "command": ["sleep", "9"], "restartPolicy": "Always"}
    pod = run_pod(spec={"initContainers": [sidecar]})
    assert pod["status"]["phase"] == "Running"
    assert "running" in pod["status"]["initContainerStatuses"][0]["state"]


@pytest.mark.parametrize(("program", "exit_code"), [(["sleep", "100"], 137), (["a-server"], 137), (["env"], 0)])
def test_sidecars_end_when_the_other_containers_have_ended(simulation, world, run_pod, program, exit_code):
    sidecar = {"name": "side", "image": "busybox", "restartPolicy": "Always", "command": program}
    pod = run_pod(spec={"initContainers": [sidecar]}, container={"command": ["sleep", "15"]})
    for seconds in (16, 60):
        simulation.move_clock(world, seconds)
        status = pod_of(world, "probe")["status"]
        (side,) = status["initContainerStatuses"]
        assert (status["phase"], side["ready"]) == ("Succeeded", False)
        assert (side["state"]["terminated"]["exitCode"], side["restartCount"]) == (exit_code, 0)
    assert (("Killing", "Stopping container side") in events_of(world, pod)) is (exit_code == 137)


def test_a_sidecar_that_was_never_started_keeps_the_others_waiting(run_pod):
    missing = {"configMapKeyRef": {"name": "settings", "key": "FILE"}}
    env = [{"name": "FILE", "valueFrom": missing}]
    sidecar = {"name": "side", "image": "busybox", "command": ["env"], "env": env, "restartPolicy": "Always"}
    status = run_pod(spec={"initContainers": [sidecar]})["status"]
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_a_sidecar_that_ends_starts_again_whatever_the_pods_policy(simulation, world, run_pod):
    sidecar = {"name": "side", "image": "busybox", "command": ["env"], "restartPolicy": "Always"}
    pod = run_pod(spec={"initContainers": [sidecar]})
    (side,) = pod["status"]["initContainerStatuses"]
    assert (side["state"]["waiting"]["reason"], side["restartCount"]) == ("CrashLoopBackOff", 0)
    assert conditions(pod)["Initialized"] == ("True", None), "it was"
    assert conditions(pod)["Ready"] == conditions(pod)["ContainersReady"] == ("False", "ContainersNotReady")
    assert condition(pod, "Ready")["message"] == "containers with unready status: [side]"
    simulation.move_clock(world, BACK_OFF_SECONDS + 1)
    status = pod_of(world, "probe")["status"]
    restarts = [status[f"{kind}Statuses"][0]["restartCount"] for kind in ("initContainer", "container")]
    assert (status["phase"], restarts) == ("Running", [1, 0])


def test_a_failing_sidecar_keeps_no_init_container_waiting(simulation, world, run_pod):
    sidecar = {"name": "side", "image": "busybox", "command": ["cat", "/nope"], "restartPolicy": "Always"}
    missing = {"configMapKeyRef": {"name": "settings", "key": "FILE"}}
    first = {"name": "first", "image": "busybox", "command": ["env"], "env": [{"name": "FILE", "valueFrom": missing}]}
    assert run_pod(spec={"initContainers": [sidecar, first]})["status"]["phase"] == "Pending"
    settings = {"metadata": {"name": "settings"}, "data": {"FILE": "x"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", settings))
    simulation.run(world.kubelet.sync())
    assert pod_of(world, "probe")["status"]["phase"] == "Running"


def test_a_failing_container_backs_off_and_starts_again(simulation, world, run_pod):
    pod = run_pod(spec={"restartPolicy": "Always"}, container={"command": ["cat", "/nope"]})
    uid = pod["metadata"]["uid"]
    status = pod["status"]["containerStatuses"][0]
    message = f"back-off 10s restarting failed container=app pod=probe_default({uid})"
    assert status["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert ("BackOff", f"Back-off restarting failed container app in pod probe_default({uid})") in events_of(world, pod)
    simulation.move_clock(world, 11)
    status = pod_of(world, "probe")["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert log_of(world, "probe").count("No such file") == 1, "each process has a log of its own"


def test_pods_of_another_node_are_not_ours(world, run_pod):
    pod = run_pod(spec={"nodeName": "elsewhere"})
    assert pod["status"]["phase"] == "Pending"
    assert "containerStatuses" not in pod["status"]
    assert events_of(world, pod) == []
