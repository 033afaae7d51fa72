"""Images that are not there, as the kubelet says so, and what `kubectl set image` does to a Pod that runs."""

import pytest

from app.world.node.image_pulls import find_failure
from app.world.node.pod_status import ContainerState
from tests.waiting import eventually
from tests.world.helpers import events_of, pod_of
from tests.world.kubernetes_world import PODS, pod


@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "nginx:1.27",
        "amazon/aws-cli:latest",
        "public.ecr.aws/aws-cli/aws-cli",
        "i",
        "my-app:v1",
        "ghcr.io/me/app",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:" + "a" * 64,
        "localhost:5000/x",
    ],
)
def test_images_that_are_taken_to_be_there(image):
    assert find_failure(image, "Always") is None


@pytest.mark.parametrize(
    ("image", "policy", "reason", "said"),
    [
        (
            "amazon/aws-clii",
            "Always",
            "ErrImagePull",
            'failed to pull and unpack image "docker.io/amazon/aws-clii:latest": failed to resolve reference '
            '"docker.io/amazon/aws-clii:latest": pull access denied, repository does not exist',
        ),
        ("ngnix", "IfNotPresent", "ErrImagePull", 'reference "docker.io/library/ngnix:latest": pull access denied'),
        ("amazon/aws-cli:latset", "Always", "ErrImagePull", "rpc error: code = NotFound desc = failed to pull"),
        ("registry.invalid/a/b", "Always", "ErrImagePull", "lookup registry.invalid on 192.168.0.2:53: no such host"),
        (
            *("Nginx", "Never", "InvalidImageName"),
            "invalid reference format: repository name (library/Nginx) must be lowercase",
        ),
        ("nginx:", "Always", "InvalidImageName", "invalid reference format"),
        ("ngnix", "Never", "ErrImageNeverPull", 'Container image "ngnix" is not present with pull policy of Never'),
    ],
)
def test_images_that_are_not_there(image, policy, reason, said):
    failure = find_failure(image, policy)
    assert failure is not None
    assert failure.reason == reason
    assert said in failure.message
    assert failure.message.startswith(said) or "failed to" not in said


def state(api, name="x"):
    return api.get(f"{PODS}/{name}").body["status"]["containerStatuses"][0]


def test_a_mistyped_image_backs_off_until_another_one_is_wanted(api, world, simulation, execute):
    api.post(PODS, pod("no-image", container={"image": "Nginx"}))
    api.post(PODS, pod(container={"image": "amazon/aws-clii"}))
    eventually(lambda: state(api)["state"].get("waiting", {}).get("reason") == "ImagePullBackOff")
    simulation.run(world.kubelet.settle(5))
    assert state(api, "no-image")["state"]["waiting"]["reason"] == "InvalidImageName", "no pull, so no back-off"
    assert api.get(f"{PODS}/x").body["status"]["phase"] == "Pending"
    message = state(api)["state"]["waiting"]["message"]
    assert message.startswith(
        'Back-off pulling image "amazon/aws-clii": ErrImagePull: failed to pull and unpack image "'
    )
    refused = api.get(f"{PODS}/x/log").body["message"]
    assert refused == 'container "app" in pod "x" is waiting to start: trying and failing to pull image'
    reasons = [
        (reason, message) for reason, message in events_of(world, pod_of(world, "x")) if "pull" in message.lower()
    ]
    assert [reason for reason, _ in reasons] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    assert reasons[2:] == [
        ("Failed", "Error: ErrImagePull"),
        ("BackOff", 'Back-off pulling image "amazon/aws-clii"'),
        ("Failed", "Error: ImagePullBackOff"),
    ]
    api.patch(f"{PODS}/x", {"spec": {"containers": [{"name": "app", "image": "amazon/aws-cli"}]}})
    eventually(lambda: "running" in state(api)["state"])
    assert state(api)["restartCount"] == 0
    assert execute(pod_of(world, "x"), "aws", "--version").exit_code == 0


def test_a_failed_pull_is_tried_again_after_its_back_off():
    state = ContainerState(name="a", image="ngnix", waiting="ImagePullBackOff", pulls=2, pull_failed=100.0)
    assert (state.restart, state.starts_at(119.0), state.starts_at(120.0)) == (120.0, False, True)
    state.renew("nginx")
    assert state.starts_at(100.0), "the errors of the previous image do not matter"
    for waiting in ("InvalidImageName", "ErrImageNeverPull"):
        state.waiting = waiting
        assert not state.starts_at(1e9)
        state.renew("nginx")
        assert state.starts_at(100.0)
    state.waiting = "CreateContainerConfigError"
    state.renew("nginx")
    assert state.waiting == "CreateContainerConfigError"


def test_another_image_restarts_its_container_alone_whatever_the_policy(api, world):
    sleeps = {"image": "busybox", "command": ["sleep", "3600"]}
    api.post(PODS, pod(restartPolicy="Never", containers=[{"name": name, **sleeps} for name in ("app", "other")]))
    eventually(lambda: api.get(f"{PODS}/x").body["status"]["phase"] == "Running")
    first = state(api)["containerID"]
    api.patch(f"{PODS}/x", {"spec": {"containers": [{"name": "app", "image": "busybox:2"}]}})
    eventually(lambda: state(api)["restartCount"] == 1)
    now, other = api.get(f"{PODS}/x").body["status"]["containerStatuses"]
    assert (now["image"], "running" in now["state"], other["restartCount"]) == ("busybox:2", True, 0)
    assert now["lastState"]["terminated"]["containerID"] == first
    assert ("Killing", "Container app definition changed, will be restarted") in events_of(world, pod_of(world, "x"))


def test_a_process_that_reads_is_ended_for_another_image(api, world, simulation):
    api.post(PODS, pod(container={"command": ["cat"], "stdin": True}))
    eventually(lambda: "running" in state(api).get("state", {}))
    simulation.run(world.kubelet.settle(30))  # it only waits: no reason to wait for it
    api.patch(f"{PODS}/x", {"spec": {"containers": [{"name": "app", "image": "busybox:2"}]}})
    eventually(lambda: state(api)["restartCount"] == 1 and "running" in state(api)["state"])
    api.delete(f"{PODS}/x")
    eventually(lambda: not world.kubelet._tasks)
