"""A Pod's program that runs more than once: what it finds in the token's file each time, and what its log says."""

import asyncio

import pytest

from tests.world.helpers import TOKEN_FILE, events_of, log_of, pod_of

pytestmark = pytest.mark.one_world

LOOP = {"image": "amazon/aws-cli", "command": None, "args": ["s3", "ls"]}
ALWAYS = {"restartPolicy": "Always"}
VOLUME = "aws-iam-token"
DAY = 86_400


@pytest.fixture
def looping(run_pod):
    return run_pod(spec=ALWAYS, container=LOOP)


@pytest.fixture
def again(simulation, world):
    """Lets the back-off pass and starts the container again; the kubelet has not looked at the volumes."""

    async def restart():
        world.clock.move(301)
        await world.kubelet.restart_containers()

    return lambda: simulation.run(restart())


def token_request(world):
    return f"/k8s/{world.path}/api/v1/namespaces/default/serviceaccounts/my-sa/token"


def restarts(world):
    return pod_of(world, "probe")["status"]["containerStatuses"][0]["restartCount"]


def failed_mounts(world, pod):
    """Events about the volume. (That of the Kubernetes API has an older token, and events of its own.)"""
    return [
        message for reason, message in events_of(world, pod) if reason == "FailedMount" and f'"{VOLUME}"' in message
    ]


def test_each_process_has_a_log_of_its_own(world, looping, again):
    first = log_of(world, "probe")
    assert len(first.splitlines()) == 2
    again()
    assert log_of(world, "probe") == first
    assert restarts(world) == 1


def test_who_looks_at_the_same_time_starts_the_program_once(simulation, world, run_pod):
    run_pod(spec=ALWAYS, container={"command": ["cat", "/nope"]})

    async def look_twice():
        world.clock.move(301)
        await asyncio.gather(world.kubelet.restart_containers(), world.kubelet.restart_containers())

    simulation.run(look_twice())
    assert restarts(world) == 1


def test_before_the_back_off_is_over_nothing_starts(simulation, world, looping):
    simulation.run(world.kubelet.restart_containers())
    assert restarts(world) == 0


def test_a_truncated_token_is_no_jwt_until_kubelet_looks(simulation, world, looping, again):
    file = world.kubelet.volume(looping, VOLUME) / "token"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 3])
    again()
    assert log_of(world, "probe") == (
        "\naws: [ERROR]: An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity "
        "operation: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)\n"
    )
    simulation.move_clock(world, 301)
    assert len(log_of(world, "probe").splitlines()) == 2
    assert file.read_bytes() == whole


def test_a_volume_that_is_not_there(world, looping):
    with pytest.raises(LookupError):
        world.kubelet.volume(looping, "nope")


def test_without_token_requests_the_token_gets_old(simulation, world, looping, execute):
    world.network.closed.add(token_request(world))
    before = execute(looping, "cat", TOKEN_FILE).stdout
    simulation.move_clock(world, 20 * 3600)  # it is due, and stays
    assert execute(looping, "cat", TOKEN_FILE).stdout == before
    assert len(log_of(world, "probe").splitlines()) == 2
    assert not failed_mounts(world, looping)
    simulation.move_clock(world, 5 * 3600)
    assert execute(looping, "cat", TOKEN_FILE).stdout == before
    assert log_of(world, "probe").startswith(
        "\naws: [ERROR]: An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity "
        "operation: Token expired: current date/time "
    )
    failed = failed_mounts(world, looping)
    assert failed[0].startswith(f'MountVolume.SetUp failed for volume "{VOLUME}" : token "my-sa"/"default"/')
    assert "expired and refresh failed: Post " in failed[0]
    assert failed[0].endswith("connect: connection refused")
    world.network.closed.clear()
    simulation.move_clock(world, 301)
    assert len(log_of(world, "probe").splitlines()) == 2


def test_a_kept_token_string_expires_while_the_file_is_renewed(simulation, world, run_pod, execute):
    token = execute(run_pod("donor"), "cat", TOKEN_FILE).stdout
    arguments = ["sts", "assume-role-with-web-identity", "--role-session-name", "app", "--role-arn", "$(AWS_ROLE_ARN)"]
    kept = {"image": "amazon/aws-cli", "command": None, "args": [*arguments, "--web-identity-token", token]}
    pod = run_pod("hoarder", spec=ALWAYS, container={**kept, "name": "hoarder"})
    assert "AssumedRoleUser" in log_of(world, "hoarder")
    simulation.move_clock(world, DAY + 600)
    assert "Token expired: current date/time" in log_of(world, "hoarder")
    assert execute(pod, "cat", TOKEN_FILE).stdout != token
    assert token.rpartition(".")[2] not in repr(world.log.exchanges())


def test_a_token_that_is_roots_alone(world, run_pod):
    """Kubernetes gives it to everybody, or to the one user of all containers: so both must be taken away by hand."""
    token = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}
    mine = {"name": VOLUME, "projected": {"defaultMode": 0o400, "sources": [token]}}
    other = {"name": "sidecar", "image": "busybox", "command": ["sleep", "9"], "securityContext": {"runAsUser": 1001}}
    app = {"name": "app", **LOOP, "securityContext": {"runAsUser": 1000}}
    run_pod(spec={"volumes": [mine], "containers": [app, other]})
    assert log_of(world, "probe") == f"\naws: [ERROR]: [Errno 13] Permission denied: '{TOKEN_FILE}'\n"
