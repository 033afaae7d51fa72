"""Programs whose credentials a configuration file, or their own code, chooses."""

import json

import pytest

from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws.entities import NodeKind
from app.world.setup.roles import create_role
from tests.world.helpers import TOKEN_FILE, aws_failure, log_of

pytestmark = pytest.mark.one_world

CLI = {"image": "amazon/aws-cli", "command": ["sleep", "3600"]}


@pytest.fixture
def configured(simulation, world, run_pod, execute):
    """Runs `aws` in a Pod with files in `~/.aws`, mounted from a ConfigMap."""

    def run(*arguments, variables=(), spec=None, **files):
        body = {"metadata": {"name": "aws"}, "data": files}
        simulation.run(operations.create(world, ADMIN, "configmaps", "default", body))
        mount = {"name": "aws", "mountPath": "/root/.aws", "readOnly": True}
        environment = [{"name": name, "value": value} for name, value in dict(variables).items()]
        volumes = [{"name": "aws", "configMap": {"name": "aws"}}]
        container = {**CLI, "volumeMounts": [mount], "env": environment}
        return execute(run_pod(container=container, spec={"volumes": volumes, **(spec or {})}), "aws", *arguments)

    return run


def arn(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["Arn"]


WHO = ("sts", "get-caller-identity")


def test_a_program_that_names_a_profile_becomes_the_node(simulation, world, run_pod):
    """The profile has no credentials, the environment's do not count any more, and the node is next in the chain."""
    body = {"metadata": {"name": "aws"}, "data": {"config": "[profile app]\nregion = ap-northeast-1\n"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", body))
    pod = run_pod(
        container={
            "image": "amazon/aws-cli",
            "command": None,
            "args": ["--profile", "app", "s3", "ls"],
            "env": [{"name": "AWS_CONFIG_FILE", "value": "/etc/aws/config"}],
            "volumeMounts": [{"name": "aws", "mountPath": "/etc/aws"}],
        },
        spec={"volumes": [{"name": "aws", "configMap": {"name": "aws"}}]},
    )
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in {variable["name"] for variable in pod["spec"]["containers"][0]["env"]}
    assert (
        f"User: arn:aws:sts::{world.account_id}:assumed-role/{world.node_role_name}/{world.instance_id} is not "
        "authorized to perform: s3:ListAllMyBuckets"
    ) in log_of(world, "probe")
    assert not [e for e in world.log.exchanges() if e.callee == "sts" and e.source == pod["status"]["podIP"]]


def test_a_profile_of_the_environment_leaves_web_identity_in_force(configured):
    config, variables = "[profile app]\nregion = ap-northeast-1\n", {"AWS_PROFILE": "app", "AWS_DEFAULT_PROFILE": "x"}
    assert "assumed-role/s3-reader/" in arn(configured(*WHO, config=config, variables=variables))


def test_a_role_of_the_instance_goes_before_web_identity(world, configured):
    target = f"arn:aws:iam::{world.account_id}:role/target"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    node = f"arn:aws:iam::{world.account_id}:role/{world.node_role_name}"
    document = {"Version": "2012-10-17", "Statement": [{**trust, "Principal": {"AWS": node}}]}
    create_role(world, "target", document)
    config = f"[default]\nrole_arn = {target}\ncredential_source = Ec2InstanceMetadata\nrole_session_name = wired\n"
    assert arn(configured(*WHO, config=config)).endswith(":assumed-role/target/wired")


def test_a_role_that_the_node_may_not_have(world, configured):
    target = f"arn:aws:iam::{world.account_id}:role/s3-reader"
    config = f"[default]\nrole_arn = {target}\ncredential_source = Ec2InstanceMetadata\n"
    result = configured(*WHO, config=config)
    assert f"assumed-role/{world.node_role_name}/{world.instance_id} is not authorized to perform: sts:AssumeRole" in (
        result.stderr
    )


def test_a_source_profile_with_keys(world, configured):
    """The learner's key is allowed everything: it is the trust policy that refuses it."""
    admin = world.account.admin
    keys = f"[base]\naws_access_key_id = {admin.access_key_id}\naws_secret_access_key = {admin.secret_access_key}\n"
    config = f"[profile app]\nrole_arn = arn:aws:iam::{world.account_id}:role/s3-reader\nsource_profile = base\n"
    result = configured("--profile", "app", *WHO, config=config, credentials=keys)
    assert f"User: {admin.arn} is not authorized to perform: sts:AssumeRole" in result.stderr


def test_keys_of_the_default_profile_come_after_web_identity(world, configured):
    admin = world.account.admin
    keys = f"[default]\naws_access_key_id = {admin.access_key_id}\naws_secret_access_key = {admin.secret_access_key}\n"
    assert "assumed-role/s3-reader/" in arn(configured(*WHO, credentials=keys))


def test_keys_of_the_default_profile_come_before_the_node(world, configured):
    admin = world.account.admin
    keys = f"[default]\naws_access_key_id = {admin.access_key_id}\naws_secret_access_key = {admin.secret_access_key}\n"
    assert arn(configured(*WHO, credentials=keys, spec={"serviceAccountName": "default"})) == admin.arn


def test_web_identity_may_be_a_profiles(world, configured):
    role = f"arn:aws:iam::{world.account_id}:role/s3-reader"
    config = f"[profile app]\nrole_arn={role}\nweb_identity_token_file={TOKEN_FILE}\nrole_session_name=mine\n"
    assert arn(configured("--profile", "app", *WHO, config=config)).endswith("assumed-role/s3-reader/mine")


def test_what_starts_a_program_or_asks_a_person_is_left_alone(world, configured, tmp_path):
    proof = tmp_path / "started"
    config = f"[default]\ncredential_process = /bin/touch {proof}\n"
    assert world.node_role_name in arn(configured(*WHO, config=config, spec={"serviceAccountName": "default"}))
    assert not proof.exists()


def test_a_code_that_nobody_can_type(world, configured):
    mfa = "source_profile=default\nmfa_serial=arn:aws:iam::1:mfa/me\naws_access_key_id=a\naws_secret_access_key=b\n"
    config = f"[default]\nrole_arn=arn:aws:iam::{world.account_id}:role/s3-reader\n{mfa}"
    assert configured(*WHO, config=config) == aws_failure(255, "EOF when reading a line")


@pytest.mark.parametrize(
    ("config", "arguments", "variables", "text"),
    [
        ("[profile app]\n", ("--profile", "nope"), {}, "The config profile (nope) could not be found"),
        ("[profile app]\n", (), {"AWS_PROFILE": ""}, "The config profile () could not be found"),
        (
            "[profile app]\n",
            ("--profile", "app"),
            {"AWS_CONFIG_FILE": ""},
            "The config profile (app) could not be found",
        ),
        ("region = x\n", (), {}, "Unable to parse config file: /root/.aws/config"),
        ("[default]\ns3 =\n  nope\n", (), {}, "Unable to parse config file: /root/.aws/config"),
    ],
)
def test_what_cannot_be_read(configured, config, arguments, variables, text):
    assert configured(*arguments, *WHO, config=config, variables=variables) == aws_failure(255, text)


@pytest.mark.parametrize(
    ("arguments", "variables", "region"),
    [
        ((), {}, "eu-west-1"),
        (("--region", "us-west-2"), {}, "us-west-2"),
        (("--region", "", "--profile", ""), {}, "eu-west-1"),  # as of an empty variable of the shell: none is given
        ((), {"AWS_CONFIG_FILE": "${HOME}/.aws/$NAME", "NAME": "config"}, "eu-west-1"),
    ],
)
def test_the_region_of_a_profile_and_of_the_command_line(world, configured, arguments, variables, region):
    world.webhook_settings = type(world.webhook_settings)()
    world.account.node.kind = NodeKind.AL2023
    configured(*WHO, *arguments, variables=variables, config="[default]\nregion = eu-west-1\n")
    signed = [e for e in world.log.exchanges() if e.callee == "sts" and "GetCallerIdentity" in e.request_body][-1]
    assert f"/{region}/sts/" in dict(signed.request_headers)["Authorization"]


def test_no_region_anywhere_in_a_pod(world, run_pod):
    world.webhook_settings = type(world.webhook_settings)()
    world.account.node.kind = NodeKind.AL2023
    run_pod(container={"image": "amazon/aws-cli", "command": None, "args": ["s3", "ls"]})
    assert log_of(world, "probe") == (
        "\naws: [ERROR]: An error occurred (NoRegion): You must specify a region. You can also configure your region "
        'by running "aws configure".\n'
    )
