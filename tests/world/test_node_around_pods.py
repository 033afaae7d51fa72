"""What a Pod's program finds around it: a network that lets nothing out, a clock that is off."""

import pytest

from tests.world.helpers import aws_failure, log_of, pod_of

LIST = {"image": "amazon/aws-cli", "command": None, "args": ["s3", "ls"]}


# (1) Egress


@pytest.mark.parametrize(
    ("callee", "arguments", "url"),
    [
        ("sts", ["s3", "ls"], "https://sts.ap-northeast-1.amazonaws.com/"),
        ("s3", ["s3", "ls"], "https://s3.ap-northeast-1.amazonaws.com/"),
    ],
)
def test_without_egress_a_connection_times_out(world, execute, callee, arguments, url):
    world.node_egress_blocked.add(callee)
    before = len(world.log.exchanges())
    result = execute(pod_of(world, "pod-after"), "aws", *arguments)
    assert result == aws_failure(255, f'Connect timeout on endpoint URL: "{url}"')
    lost = world.log.exchanges()[-1]
    assert (lost.callee, lost.url, lost.status) == (callee, url, 0)
    assert lost.error == f'Connect timeout on endpoint URL: "{url}"'
    assert len(world.log.exchanges()) == before + (1 if callee == "sts" else 2)
    world.node_egress_blocked.clear()
    assert execute(pod_of(world, "pod-after"), "aws", *arguments).exit_code == 0


def test_the_metadata_service_is_on_the_node(world, execute):
    world.node_egress_blocked |= {"sts", "s3"}
    result = execute(pod_of(world, "pod-before"), "aws", "s3", "ls")
    assert 'Connect timeout on endpoint URL: "https://s3.' in result.stderr
    assert world.log.exchanges()[-2].callee == "instance-metadata"


def test_one_worlds_network_is_not_anothers(world, other_world, simulation, execute):
    world.node_egress_blocked.add("sts")
    assert execute(pod_of(world, "pod-after"), "aws", "s3", "ls").exit_code == 255
    pod = pod_of(other_world, "pod-after")
    assert simulation.run(other_world.kubelet.execute(pod, "aws-cli", ["aws", "s3", "ls"])).exit_code == 0


# (2) The node's clock


@pytest.mark.parametrize("skew", [20 * 60, -20 * 60])
def test_a_clock_that_is_off_is_no_matter_to_sts_and_s3_refuses(world, run_pod, skew):
    world.node_clock_skew = skew
    run_pod(container=LIST)
    assert (
        log_of(world, "probe")
        == aws_failure(
            254,
            "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: The difference between "
            "the request time and the current time is too large.",
        ).stderr
    )
    last = {exchange.callee: exchange.status for exchange in world.log.exchanges() if exchange.caller == "pod"}
    assert (last["sts"], last["s3"]) == (200, 403)


@pytest.mark.parametrize("skew", [14 * 60, -14 * 60])
def test_a_quarter_of_an_hour_is_allowed(world, run_pod, skew):
    world.node_clock_skew = skew
    assert run_pod(container=LIST)["status"]["phase"] == "Succeeded"


def test_signed_calls_of_sts_are_refused_too(world, execute):
    world.node_clock_skew = -3000
    result = execute(pod_of(world, "pod-after"), "aws", "sts", "get-caller-identity")
    assert "(SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired" in result.stderr


def test_a_session_that_is_over_by_the_nodes_clock(world, execute):
    world.node_clock_skew = 2 * 3600
    result = execute(pod_of(world, "pod-after"), "aws", "s3", "ls")
    assert result == aws_failure(255, "Credentials were refreshed, but the refreshed credentials are still expired.")


def test_a_worlds_clock_that_was_put_back_ends_no_session(simulation, world, execute):
    simulation.move_clock(world, -2 * 3600)
    assert execute(pod_of(world, "pod-after"), "aws", "s3", "ls").exit_code == 0
