"""`aws` in a Pod: whose credentials it finds, and in which words it fails."""

import re

import pytest

from app.world.aws.entities import NodeKind
from app.world.node.container import knows_web_identity, lists_with_colons
from app.world.node.programs.aws_cli.configure import listing
from app.world.node.programs.aws_cli.s3_transfers import S3Transfers
from app.world.node.programs.aws_clients import GivenUp
from tests.world.helpers import AWS_ERROR, TOKEN_FILE, aws_failure, log_of, pod_of

pytestmark = pytest.mark.one_world

CLI = {"image": "amazon/aws-cli:latest", "command": ["sleep", "3600"]}
NOT_AUTHORIZED = (
    "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform "
    "sts:AssumeRoleWithWebIdentity"
)


def variables(**values):
    return {**CLI, "env": [{"name": name, "value": value} for name, value in values.items()]}


@pytest.fixture
def aws_in(run_pod, execute):
    """Runs `aws` in a new Pod; returns what it left."""

    def run(*arguments, spec=None, container=None, name="probe"):
        return execute(run_pod(name, container=container or CLI, spec=spec), "aws", *arguments)

    return run


# (1) The two commands


def test_caller_identity_is_the_role(world, aws_in):
    result = aws_in("sts", "get-caller-identity")
    assert result.exit_code == 0
    assert f'"Arn": "arn:aws:sts::{world.account_id}:assumed-role/s3-reader/botocore-session-' in result.stdout
    assert result.stdout.startswith('{\n    "UserId": "AROA')


def test_objects_are_listed_as_the_cli_does(world, aws_in):
    assert aws_in("s3", "ls", f"s3://irsa-reports-{world.account_id}").stdout == f"{'PRE':>30} 2026/\n"


def test_objects_below_a_prefix(world, execute):
    bucket = f"irsa-reports-{world.account_id}"
    listed = execute(pod_of(world, "pod-after"), "aws", "s3", "ls", f"s3://{bucket}/2026/").stdout
    date, time, size, name = listed.split()
    assert (size, name) == ("31", "summary.csv")
    assert listed == f"{date} {time} {size:>10} {name}\n"
    assert execute(pod_of(world, "pod-after"), "aws", "s3", "ls", f"s3://{bucket}/nope").exit_code == 1


def test_a_bucket_that_is_not_there(aws_in):
    result = aws_in("s3", "ls", "s3://nope-nope-nope")
    assert result.exit_code == 254
    assert "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["s4"], "argument command: Found invalid choice 's4'"),
        (["ec2"], "ec2 is not in the AWS CLI of this simulated image, which has s3 (cp, ls"),
        (["help"], "help is not in the AWS CLI of this simulated image"),
        (["s3", "presign", "a"], "s3 presign is not in the AWS CLI of this simulated image"),
        (["s3", "sl"], "argument subcommand: Found invalid choice 'sl'"),
        (["eks", "get-token", "--cluster-name", "irsa"], "eks get-token is not in the AWS CLI of this simulated image"),
        (["s3", "cp", "a", "b"], "usage: aws s3 cp <LocalPath> <S3Uri> or "),
        (["sts", "get-caller-identity", "--output", "xml"], "argument --output: Found invalid choice 'xml'"),
        (["sts", "get-caller-identity", "--query", "a["], "Bad value for --query a["),
        (["configure", "set", "region", "x"], "of `aws configure` this simulated CLI has `list` alone"),
        (["sts", "nope"], "argument operation: Found invalid choice 'nope'"),
        (["s3", "ls", "--nope"], "Unknown options: --nope"),
        (["s3", "ls", "--debug"], "--debug is not in the AWS CLI of this simulated image; `aws configure list` shows"),
        (["--endpoint-url=https://a", "s3", "ls"], "--endpoint-url is not in the AWS CLI of this simulated image\n"),
        (["s3", "sync", "a", "s3://b", "--exclude", "*"], "--exclude is not in the AWS CLI of this simulated image\n"),
        (["sts", "get-caller-identity", "--generate-cli-skeleton"], "--generate-cli-skeleton is not in the AWS CLI"),
        ([], "the following arguments are required: command"),
        (["s3"], "the following arguments are required: command"),
    ],
)
def test_usage_errors(world, execute, arguments, text):
    result = execute(pod_of(world, "pod-after"), "aws", *arguments)
    assert result.exit_code == 252
    assert result.stderr.startswith(f"{AWS_ERROR}An error occurred (ParamValidation): {text}")


# (2) The chain


def test_static_keys_win_and_sts_is_not_asked(world, aws_in):
    admin = world.account.admin
    keys = variables(AWS_ACCESS_KEY_ID=admin.access_key_id, AWS_SECRET_ACCESS_KEY=admin.secret_access_key)
    assert f'"Arn": "{admin.arn}"' in aws_in("sts", "get-caller-identity", container=keys).stdout


def test_half_a_key_is_an_error(aws_in):
    result = aws_in("sts", "get-caller-identity", container=variables(AWS_ACCESS_KEY_ID="AKIAX"))
    assert result == aws_failure(255, "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY")


def test_a_lone_role_variable_switches_irsa_off_and_the_node_steps_in(world, aws_in):
    result = aws_in("sts", "get-caller-identity", container=variables(AWS_ROLE_ARN="arn:aws:iam::1:role/x"))
    assert f"assumed-role/{world.node_role_name}/{world.instance_id}" in result.stdout


def test_a_lone_token_variable_is_an_error(aws_in):
    result = aws_in("s3", "ls", container=variables(AWS_WEB_IDENTITY_TOKEN_FILE=TOKEN_FILE))
    assert result == aws_failure(
        255,
        "The provided profile or the current environment is configured to assume role with web identity but has no "
        "role ARN configured. Ensure that the profile has the role_arnconfiguration set or the AWS_ROLE_ARN env var is "
        "set.",
    )


def test_all_variables_by_hand_and_no_mount(world, aws_in):
    by_hand = variables(
        AWS_ROLE_ARN=f"arn:aws:iam::{world.account_id}:role/s3-reader",
        AWS_WEB_IDENTITY_TOKEN_FILE=TOKEN_FILE,
        AWS_REGION=world.region,
        AWS_STS_REGIONAL_ENDPOINTS="regional",
    )
    result = aws_in("s3", "ls", container=by_hand)
    assert result == aws_failure(255, f"[Errno 2] No such file or directory: '{TOKEN_FILE}'")


def test_a_token_that_the_process_may_not_read(run_pod, execute):
    token = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}
    mine = {
        "name": "aws-iam-token",
        "projected": {"defaultMode": 0o400, "sources": [token]},
    }
    other = {"name": "b", "image": "busybox", "securityContext": {"runAsUser": 1001}}
    first = {"name": "a", **CLI, "securityContext": {"runAsUser": 1000}}
    pod = run_pod(spec={"volumes": [mine], "containers": [first, other]})
    result = execute(pod, "aws", "s3", "ls")
    assert result == aws_failure(255, f"[Errno 13] Permission denied: '{TOKEN_FILE}'")


@pytest.mark.parametrize("profile", ["mine", ""])
def test_a_profile_that_is_not_there(aws_in, profile):
    result = aws_in("s3", "ls", container=variables(AWS_PROFILE=profile, AWS_DEFAULT_PROFILE="default"))
    assert result == aws_failure(255, f"The config profile ({profile}) could not be found")


def test_a_bare_role_name_is_refused_before_sts(world, simulation, aws_in):
    annotate(simulation, world, "s3-reader")
    result = aws_in("s3", "ls")
    assert result.exit_code == 252
    assert result.stderr == (
        f"{AWS_ERROR}An error occurred (ParamValidation): Parameter validation failed:\n"
        "Invalid length for parameter RoleArn, value: 9, valid min length: 20\n"
    )
    assert not [e for e in world.log.exchanges() if e.callee == "sts" and "RoleArn=s3-reader" in e.request_body]


def test_a_role_that_is_not_there(world, simulation, aws_in):
    annotate(simulation, world, f"arn:aws:iam::{world.account_id}:role/nope")
    assert aws_in("s3", "ls") == aws_failure(254, NOT_AUTHORIZED)


def test_web_identity_that_fails_does_not_fall_back_to_the_node(world, aws, aws_in):
    aws("iam").delete_open_id_connect_provider(
        OpenIDConnectProviderArn=f"arn:aws:iam::{world.account_id}:oidc-provider/{world.issuer.removeprefix('https://')}"
    )
    result = aws_in("s3", "ls")
    assert result.exit_code == 254
    assert "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation" in result.stderr


def test_hop_limit_1_and_required_tokens_leave_a_pod_without_credentials(world, aws_in):
    world.account.node.kind = NodeKind.AL2023
    result = aws_in("s3", "ls", spec={"serviceAccountName": "default"})
    assert result == aws_failure(
        253,
        "An error occurred (NoCredentials): Unable to locate credentials. You can configure credentials by running "
        '"aws login".',
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("s3", "ls"), 'Unable to locate credentials. You can configure credentials by running "aws configure".\n'),
        (("s3", "nothing"), "\n"),
    ],
)
def test_version_1_prints_errors_in_its_own_form(world, aws_in, arguments, expected):
    world.account.node.kind = NodeKind.AL2023
    image = {"image": "registry.example.com/aws-cli:1.16.100"}
    result = aws_in(*arguments, spec={"serviceAccountName": "default"}, container=image)
    assert (result.stdout, result.exit_code) == ("", 255)
    assert result.stderr.startswith(expected)
    assert "An error occurred" not in result.stderr
    assert "[ERROR]" not in result.stderr


def test_hop_limit_1_alone_stops_no_pod(world, aws_in):
    """It ends the answer of IMDSv2, and botocore goes on with IMDSv1."""
    world.account.node.kind = NodeKind.LAUNCH_TEMPLATE
    result = aws_in("sts", "get-caller-identity", spec={"serviceAccountName": "default"})
    assert world.node_role_name in result.stdout


def test_fargate_has_no_metadata_for_any_pod(world, aws_in):
    world.account.node.kind = NodeKind.FARGATE
    result = aws_in("s3", "ls", spec={"serviceAccountName": "default", "hostNetwork": True})
    assert "(NoCredentials)" in result.stderr


def test_hop_limit_1_does_not_stop_a_pod_on_the_hosts_network(world, aws_in):
    world.account.node.kind = NodeKind.AL2023
    result = aws_in("sts", "get-caller-identity", spec={"serviceAccountName": "default", "hostNetwork": True})
    assert world.node_role_name in result.stdout


def test_metadata_switched_off(aws_in):
    off = variables(AWS_EC2_METADATA_DISABLED="true", AWS_REGION="ap-northeast-1")
    result = aws_in("s3", "ls", spec={"serviceAccountName": "default"}, container=off)
    assert "(NoCredentials)" in result.stderr


def test_no_region_anywhere(world, aws_in):
    keys = variables(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ACCESS_KEY_ID=world.account.admin.access_key_id,
        AWS_SECRET_ACCESS_KEY=world.account.admin.secret_access_key,
    )
    result = aws_in("sts", "get-caller-identity", spec={"serviceAccountName": "default"}, container=keys)
    assert result == aws_failure(
        253,
        "An error occurred (NoRegion): You must specify a region. You can also configure your region by running "
        '"aws configure".',
    )


@pytest.mark.parametrize(
    ("arguments", "service"), [(("s3", "ls"), "s3"), (("sts", "get-caller-identity"), "sts")], ids=["s3", "sts"]
)
@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_an_empty_region_is_a_region_and_makes_an_endpoint_that_cannot_be(world, aws_in, name, arguments, service):
    """botocore takes a variable that is there, whatever it holds, and does not go on to the metadata service."""
    before = len(world.log.exchanges())
    result = aws_in(*arguments, container=variables(**{name: ""}))
    assert result == aws_failure(255, f"Invalid endpoint: https://{service}..amazonaws.com")
    callees = {exchange.callee for exchange in world.log.exchanges()[before:]}
    assert not callees & {"sts", "s3", "instance-metadata"}


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "http://127.0.0.1:22/", "http://169.254.170.23/v1/credentials"]
)
def test_container_credentials_reach_nobody(aws_in, url):
    agent = variables(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="/nope")
    result = aws_in("s3", "ls", spec={"serviceAccountName": "default"}, container=agent)
    assert result == aws_failure(255, "[Errno 2] No such file or directory: '/nope'")
    no_token = variables(AWS_CONTAINER_CREDENTIALS_FULL_URI=url)
    result = aws_in("s3", "ls", spec={"serviceAccountName": "default"}, container=no_token, name="again")
    assert result == aws_failure(
        255,
        "Error when retrieving credentials from container-role: Error retrieving metadata: Received error when "
        f'attempting to retrieve container metadata: Connect timeout on endpoint URL: "{url}"',
    )


def test_this_processs_own_environment_takes_no_part(monkeypatch, world, aws_in):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAOUTSIDE",
        "AWS_SECRET_ACCESS_KEY": "outside",
        "AWS_PROFILE": "outside",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "AWS_CONFIG_FILE": "/nope",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    assert "s3-reader" in aws_in("sts", "get-caller-identity").stdout
    with_node = aws_in("sts", "get-caller-identity", spec={"serviceAccountName": "default"}, name="two")
    assert world.node_role_name in with_node.stdout


# (3) Time


def test_an_expired_token(simulation, world, execute):
    pod = pod_of(world, "pod-after")
    world.clock.move(86_400 + 301)  # without the kubelet, which would have renewed the token
    result = execute(pod, "aws", "s3", "ls")
    assert result.exit_code == 254
    assert (
        "(ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token expired" in result.stderr
    )


def test_after_a_day_kubelet_has_renewed_the_token(simulation, world, execute):
    simulation.move_clock(world, 86_400 + 301)
    assert execute(pod_of(world, "pod-after"), "aws", "s3", "ls").exit_code == 0


def test_pods_do_what_their_arguments_say(world, run_pod):
    pod = run_pod(container={"image": "public.ecr.aws/aws-cli/aws-cli", "args": ["s3", "$(WHAT)"], "command": None,
                             "env": [{"name": "WHAT", "value": "ls"}]})  # fmt: skip
    assert pod["status"]["phase"] == "Succeeded"
    assert len(log_of(world, "probe").splitlines()) == 2


def annotate(simulation, world, role_arn):
    async def run():
        account = world.cluster.get("serviceaccounts", "default", "my-sa")
        account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = role_arn
        world.cluster.put("serviceaccounts", account)

    simulation.run(run())


def test_the_log_tells_which_pod_asked(world, aws_in):
    aws_in("sts", "get-caller-identity")
    asked = {e.source for e in world.log.exchanges() if e.caller == "pod" and e.callee == "sts"}
    assert asked == {pod_of(world, name)["status"]["podIP"] for name in ("pod-after", "probe")}
    assert {e.source for e in world.log.exchanges() if e.caller != "pod"} == {""}


@pytest.mark.parametrize(
    ("image", "knows"),
    [
        ("amazon/aws-cli", True),
        ("amazon/aws-cli:latest", True),
        ("amazon/aws-cli:2.0.6", True),
        ("public.ecr.aws/aws-cli/aws-cli:2.31.0-arm64@sha256:0", True),
        ("registry:5000/aws-cli:1.16.232", True),
        ("registry:5000/aws-cli:1.16.231", False),
        ("aws-cli:1.16", True),
        ("aws-cli:1.15", False),
        ("aws-cli:1.16.100-alpine@sha256:0", False),
        ("aws-cli:1.9.99", False),
        ("aws-cli@sha256:1.2.3", True),
    ],
)
def test_which_release_knows_web_identity(image, knows):
    assert knows_web_identity(image) is knows


COLONS = """\
NAME       : VALUE                    : TYPE             : LOCATION
profile    : <not set>                : None             : None
access_key : <not set>                : None             : None
secret_key : <not set>                : None             : None
region     : eu-west-1                : env              : ['AWS_REGION', 'AWS_DEFAULT_REGION']
"""
BLANKS = """\
      Name                    Value             Type    Location
      ----                    -----             ----    --------
   profile                <not set>             None    None
access_key                <not set>             None    None
secret_key                <not set>             None    None
    region                eu-west-1              env    ['AWS_REGION', 'AWS_DEFAULT_REGION']
"""


@pytest.mark.parametrize(
    ("image", "printed"),
    [("amazon/aws-cli", COLONS), ("aws-cli:2.31.0", COLONS), ("aws-cli:2.30.7", BLANKS), ("aws-cli:1.46.3", BLANKS)],
)
def test_how_a_release_lists_its_configuration(image, printed):
    given = {"AWS_REGION": "eu-west-1"}
    found = listing(given, "", {}, profile_option=None, credentials=None, region=None, colons=lists_with_colons(image))
    assert found == printed


@pytest.mark.parametrize(
    ("kind", "image", "becomes_the_node"),
    [
        (NodeKind.EKSCTL, "mirror/aws-cli:1.16.230", False),
        (NodeKind.LAUNCH_TEMPLATE, "mirror/aws-cli:1.16.230", True),
        (NodeKind.EKSCTL, "mirror/aws-cli:1.16.288", False),
        (NodeKind.EKSCTL, "mirror/aws-cli:1.16.289", True),
    ],
)
def test_an_old_release_becomes_the_node_only_if_the_metadata_service_responds_to_it(
    world, run_pod, monkeypatch, kind, image, becomes_the_node
):
    """It does not use the token, and where IMDSv1 is off only releases that know IMDSv2 get anything."""
    monkeypatch.setattr(world.account.node, "kind", kind)
    spec = {} if not knows_web_identity(image) else {"serviceAccountName": "default"}
    run_pod(container={"image": image, "command": None, "args": ["s3", "ls"]}, spec=spec)
    log = log_of(world, "probe")
    assert ("Unable to locate credentials" in log) is not becomes_the_node
    assert (f"{world.node_role_name}/{world.instance_id} is not authorized" in log) is becomes_the_node


@pytest.mark.parametrize(
    ("error", "shown", "logged"),
    [
        (
            KeyError("Body"),
            r"this simulated CLI failed, not AWS \(error [0-9a-f]{8} in the app's log\): KeyError",
            True,
        ),
        (ValueError("of ours"), r"this simulated CLI failed, .*: ValueError", True),
        (GivenUp(), "", False),
        (OSError(28, "No space left on device"), r"\[Errno 28\] No space left on device", False),
    ],
)
def test_an_error_of_this_app_is_logged_and_not_passed_off_as_the_clis(
    world, execute, monkeypatch, caplog, error, shown, logged
):
    def broken(*_):
        raise error

    monkeypatch.setattr(S3Transfers, "run", broken)
    result = execute(pod_of(world, "pod-after"), "aws", "s3", "mb", "s3://new")
    assert (result.stdout, result.exit_code) == ("", 255)
    assert re.fullmatch(f"\n{re.escape('aws: [ERROR]: ')}{shown}\n", result.stderr)
    assert [record.name for record in caplog.records] == ["irsa_explorer"] * logged
    if logged:
        assert re.search("error [0-9a-f]{8}", result.stderr)[0] in caplog.text
        assert "Traceback" in caplog.text
