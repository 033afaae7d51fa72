"""`aws sts assume-role` and `assume-role-with-web-identity` in a Pod: options, output, words, what no log may hold."""

import json

import pytest

from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import examine
from app.flow.model import Subject
from app.flow.redaction import MASK, mask_text
from app.wiring import simulated
from app.world.setup.roles import create_role
from tests import canaries
from tests.world.helpers import AWS_ERROR, TOKEN_FILE, aws_failure, log_of

pytestmark = pytest.mark.one_world

CLI = {"image": "amazon/aws-cli:latest", "command": ["sleep", "3600"]}
IDENTITY = ("sts", "assume-role-with-web-identity")


@pytest.fixture
def role(world):
    return f"arn:aws:iam::{world.account_id}:role/s3-reader"


@pytest.fixture
def aws_in(run_pod, execute):
    pod = run_pod(container=CLI)
    return lambda *arguments: execute(pod, "aws", *arguments)


def options(role, token, **others):
    given = {"role-arn": role, "role-session-name": "app", "web-identity-token": token, **others}
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def test_a_token_file_becomes_a_session(world, role, aws_in):
    answer = json.loads(aws_in(*IDENTITY, *options(role, f"file://{TOKEN_FILE}")).stdout)
    assert list(answer) == ["Credentials", "SubjectFromWebIdentityToken", "AssumedRoleUser", "Provider", "Audience"]
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{world.account_id}:assumed-role/s3-reader/app"
    assert answer["Credentials"]["Expiration"].endswith("+00:00")


def test_the_path_for_the_token_is_no_jwt(role, aws_in):
    text = (
        "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: The ID Token provided is not a "
    )
    result = aws_in(*IDENTITY, *options(role, TOKEN_FILE))
    assert result.exit_code == 254
    assert (
        f"{AWS_ERROR}An error occurred {text}valid JWT. (You may see this error if you sent an Access Token)"
        in result.stderr
    )


def test_the_kubernetes_token_has_the_wrong_audience(role, aws_in):
    mine = "file:///var/run/secrets/kubernetes.io/serviceaccount/token"
    assert "(InvalidIdentityToken)" in aws_in(*IDENTITY, *options(role, mine)).stderr


def test_a_duration_beyond_the_roles(role, aws_in):
    assert aws_in(*IDENTITY, *options(role, f"file://{TOKEN_FILE}", duration_seconds="43200")) == aws_failure(
        254,
        "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: "
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_a_chain_without_permission(world, aws_in):
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{world.account_id}:role/s3-reader"},
    }]}  # fmt: skip
    target = f"arn:aws:iam::{world.account_id}:role/target"
    refused = aws_in("sts", "assume-role", "--role-arn", target, "--role-session-name", "chain")
    assert "(AccessDenied) when calling the AssumeRole operation: User: arn:aws:sts::" in refused.stderr
    assert f"is not authorized to perform: sts:AssumeRole on resource: {target}" in refused.stderr
    create_role(world, "target", trust)
    allowed = aws_in("sts", "assume-role", "--role-arn", target, "--role-session-name", "chain")
    assert "assumed-role/target/chain" in allowed.stdout, allowed.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (
            IDENTITY,
            252,
            "An error occurred (ParamValidation): the following arguments are required: --role-arn, "
            "--role-session-name, --web-identity-token\n\nusage: aws [options]",
        ),
        (
            (*IDENTITY, *options("x", "y"), "--nope", "1"),
            252,
            "An error occurred (ParamValidation): Unknown options: --nope, 1",
        ),
        (
            (*IDENTITY, *options("x", "file:///nope")),
            252,
            "An error occurred (ParamValidation): Error parsing parameter '--web-identity-token': Unable to load "
            "paramfile file:///nope: [Errno 2] No such file or directory: '/nope'\n",
        ),
        (
            (*IDENTITY, *options("x", "y", duration_seconds="long")),
            255,
            "invalid literal for int() with base 10: 'long'\n",
        ),
        (
            (*IDENTITY, *options("x", "y", duration_seconds="1")),
            252,
            "An error occurred (ParamValidation): Parameter validation failed:\n"
            "Invalid length for parameter RoleArn, value: 1, valid min length: 20\n"
            "Invalid length for parameter WebIdentityToken, value: 1, valid min length: 4\n"
            "Invalid value for parameter DurationSeconds, value: 1, valid min value: 900\n",
        ),
    ],
)
def test_what_the_cli_does_not_take(aws_in, arguments, code, text):
    result = aws_in(*arguments)
    assert result.exit_code == code
    assert result.stderr.startswith(AWS_ERROR + text)


def test_a_unique_beginning_of_an_option_will_do(role, aws_in):
    words = ["--role-a", role, "--role-s=app", "--web", f"file://{TOKEN_FILE}"]
    assert "AssumedRoleUser" in aws_in(*IDENTITY, *words).stdout


def test_no_exchange_no_document_and_no_shown_log_holds_a_secret(simulation, world, role, run_pod, execute):
    """The token is a literal in the Pod's arguments, and the program prints credentials."""
    token = execute(run_pod("donor"), "cat", TOKEN_FILE).stdout
    arguments = [*IDENTITY, *options(role, token)]
    run_pod("hoarder", container={"image": "amazon/aws-cli", "command": None, "args": arguments})
    shown = mask_text(log_of(world, "hoarder"))
    assert list(json.loads(shown)["Credentials"].values())[1:3] == [MASK, MASK]
    diagnosis = examine(
        simulated(simulation, world), Subject(namespace="default", service_account="my-sa", pod="hoarder")
    )
    places = (shown, repr(world.log.exchanges()), repr(diagnosis), diagnosis_file.save(diagnosis))
    assert not canaries.found(canaries.of_world(world, [token]), *places)
