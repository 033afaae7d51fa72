"""Ephemeral containers: what the API server takes, what the kubelet makes of them, what they see of others."""

import pytest

from tests.world.helpers import TOKEN_FILE, pod_of
from tests.world.kubernetes_world import (
    MERGE,
    PODS,
    STRATEGIC,
    WEBHOOKS,
    Api,
    causes,
    configuration,
    grant,
    pod,
)

pytestmark = pytest.mark.one_world

SUBRESOURCE = f"{PODS}/x/ephemeralcontainers"
DEBUGGER = {"name": "d", "image": "busybox", "command": ["sleep", "infinity"]}


def spec_of(*containers):
    return {"spec": {"ephemeralContainers": [*containers]}}


@pytest.fixture
def debug(simulation, world, api):
    """Adds a container to the Pod `x`, and returns the Pod once the kubelet has done what it does."""

    def add(**more):
        assert api.patch(SUBRESOURCE, spec_of({**DEBUGGER, **more})).status == 200
        simulation.run(world.kubelet.settle(20))
        return pod_of(world, "x")

    return add


@pytest.fixture
def look(simulation, world):
    """Runs a script in the container `d` of the Pod `x`."""
    return lambda script: simulation.run(world.kubelet.execute(pod_of(world, "x"), "d", ["sh", "-c", script]))


def test_the_subresource_adds_them_and_changes_nothing_else(api):
    api.post(PODS, pod(nodeName="another-node"))
    before = api.get(SUBRESOURCE).body
    asked = {**before, "metadata": {**before["metadata"], "labels": {"a": "b"}}, "status": {"phase": "Failed"}}
    asked["spec"] = {**before["spec"], "activeDeadlineSeconds": 5, **spec_of({**DEBUGGER, "stdin": False})["spec"]}
    answer = api.put(SUBRESOURCE, asked)
    assert answer.status == 200, answer.body
    found = answer.body
    assert found["spec"] == {
        **before["spec"],
        "ephemeralContainers": [
            {
                **DEBUGGER,
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
    }
    assert "labels" not in found["metadata"]
    assert found["status"]["phase"] != "Failed"
    assert api.patch(PODS + "/x", spec_of({**DEBUGGER, "name": "e"})).status == 422
    assert api.ask("DELETE", SUBRESOURCE).status == 405


@pytest.mark.parametrize(
    ("container", "field", "message"),
    [
        ({"name": "app"}, ".name", 'Duplicate value: "app"'),
        ({"image": ""}, ".image", "Required value"),
        ({"targetContainerName": "d"}, ".targetContainerName", 'Not found: "d"'),
        ({"ports": [{"containerPort": 80}]}, ".ports", "Forbidden: cannot be set for an Ephemeral Container"),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "s"}]},
            ".volumeMounts[0].subPath",
            "Forbidden: cannot be set for an Ephemeral Container",
        ),
    ],
)
def test_what_they_may_not_be(api, container, field, message):
    api.post(PODS, pod(volumes=[{"name": "v", "emptyDir": {}}]))
    answer = api.patch(SUBRESOURCE, spec_of({**DEBUGGER, **container}))
    assert causes(answer) == [(f"spec.ephemeralContainers[0]{field}", message)]


def test_they_are_neither_changed_nor_removed_nor_part_of_a_template(api):
    api.post(PODS, pod())
    assert api.patch(SUBRESOURCE, spec_of(DEBUGGER)).status == 200
    for patch, verb in (({"$patch": "delete", "name": "d"}, "removed"), ({"name": "d", "image": "other"}, "changed")):
        why = f'Forbidden: existing ephemeral containers "d" may not be {verb}\n'
        assert causes(api.patch(SUBRESOURCE, spec_of(patch), STRATEGIC)) == [("spec.ephemeralContainers", why)]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {**pod()["spec"], **spec_of(DEBUGGER)["spec"]}}
    body = {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    answer = api.post("/apis/apps/v1/namespaces/default/deployments", body)
    assert causes(answer) == [
        ("spec.template.spec.ephemeralContainers", "Forbidden: ephemeral containers not allowed in pod template")
    ]


def test_they_need_a_permission_of_their_own(api, world, simulation):
    api.post(PODS, pod())
    token = api.post("/api/v1/namespaces/default/serviceaccounts/my-sa/token", {"spec": {}}).body["status"]["token"]
    limited = Api(simulation, world, token)
    grant(api, "edits", verbs=["get", "patch", "update"], resources=["pods"])
    refused = limited.patch(SUBRESOURCE, spec_of(DEBUGGER))
    assert (refused.status, 'cannot patch resource "pods/ephemeralcontainers"' in refused.body["message"]) == (
        403,
        True,
    )
    grant(api, "debugs", verbs=["patch"], resources=["pods/ephemeralcontainers"])
    assert limited.patch(SUBRESOURCE, spec_of(DEBUGGER)).status == 200
    limited.close()


def test_a_webhook_for_new_pods_is_not_called_for_them(api):
    """Its failure would stop the request; one that is registered for the subresource is called."""
    api.post(PODS, pod())
    assert api.post(WEBHOOKS, configuration(failurePolicy="Fail")).status == 201
    assert api.patch(SUBRESOURCE, spec_of(DEBUGGER)).status == 200
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["pods/ephemeralcontainers"],
    }
    api.patch(f"{WEBHOOKS}/other", {"webhooks": [{**configuration()["webhooks"][0], "rules": [rule]}]}, MERGE)
    assert api.patch(SUBRESOURCE, spec_of({**DEBUGGER, "name": "e"})).status == 500


def test_the_kubelet_starts_one_without_variables_and_token_and_never_again(api, run_pod, debug, look):
    run_pod("x")
    found = debug(command=["sh", "-c", f"env | grep AWS_; ls {TOKEN_FILE}; exit 3"])
    [status] = found["status"]["ephemeralContainerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 3
    assert (status["ready"], status["restartCount"], "started" in status) == (False, 0, False)
    assert found["status"]["phase"] == "Running"
    log = api.get(f"{PODS}/x/log", container="d").body
    assert log == f"ls: {TOKEN_FILE}: No such file or directory\n"
    assert look("echo looks").stdout == "looks\n"


def test_a_volume_of_the_pod_can_be_mounted(run_pod, debug, look):
    run_pod("x")
    debug(volumeMounts=[{"name": "aws-iam-token", "mountPath": "/t"}])
    assert look("wc -l < /t/token").stdout == "0\n"


@pytest.mark.parametrize(
    ("security", "more", "sees"),
    [
        ({}, {}, True),
        ({"runAsUser": 1000}, {}, False),
        ({"runAsUser": 1000}, {"capabilities": {"add": ["SYS_PTRACE"]}}, True),
        ({"runAsUser": 1000}, {"runAsUser": 1000}, True),
        ({}, {"runAsUser": 1000, "capabilities": {"add": ["SYS_PTRACE"]}}, False),
    ],
)
def test_it_sees_its_targets_files_and_variables_where_the_kernel_lets_it(run_pod, debug, look, security, more, sees):
    run_pod("x", container={"securityContext": security})
    debug(targetContainerName="app", securityContext=more)
    done = look(f"cat /proc/1/root{TOKEN_FILE} | wc -l; tr '\\0' '\\n' < /proc/1/environ | grep -c AWS_ROLE_ARN")
    if sees:
        assert (done.stdout, done.stderr) == ("0\n1\n", "")
    else:
        assert done.stderr.count("Permission denied") == 2
    assert "root" not in look("ls /proc").stdout


def test_it_ends_with_its_pod_and_comes_back_with_its_world(simulation, world, run_pod, debug, look):
    run_pod("x", container={"command": ["sleep", "60"]})
    debug(targetContainerName="app")
    look("echo kept > /tmp/f; echo there > /proc/1/root/tmp/f")
    saved = simulation.save(world)
    simulation.move_clock(world, 61)
    simulation.run(world.kubelet.settle(20))
    found = pod_of(world, "x")["status"]
    assert found["phase"] == "Succeeded"
    assert found["ephemeralContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    simulation.restore(world, saved)
    assert look("cat /tmp/f /proc/1/root/tmp/f").stdout == "kept\nthere\n"


def test_it_ends_with_its_target_and_keeps_none_of_its_files(simulation, world, api, debug, look):
    api.post(PODS, pod(container={"command": ["sh", "-c", "seq 1 9999 > /tmp/f; sleep 60; exit 1"]}))
    simulation.run(world.kubelet.settle(20))
    debug(targetContainerName="app")
    assert look("tail -n 1 /proc/1/root/tmp/f; echo 1 > /proc/1/root/tmp/f").stdout == "9999\n"
    for seconds in (61, 15):
        simulation.move_clock(world, seconds)
        simulation.run(world.kubelet.settle(20))
    found = pod_of(world, "x")["status"]
    assert found["ephemeralContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert found["containerStatuses"][0]["restartCount"] == 1
    assert look("tail -n 1 /proc/1/root/tmp/f").stdout == "9999\n"  # the new one's


def test_a_target_that_has_not_started_holds_it_back(run_pod, debug):
    run_pod("x", container={"image": "busybux"})
    [status] = debug(targetContainerName="app")["status"]["ephemeralContainerStatuses"]
    assert status["state"]["waiting"] == {
        **{"reason": "CreateContainerConfigError", "message": "unable to find target container app"}
    }
