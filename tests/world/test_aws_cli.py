"""The real `aws` and `kubectl`, as a learner uses them: with the files that `python -m app world` writes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.ui.review.one_page import COMMANDS
from tests.aws_cli import AWS, version_2
from tests.waiting import SECONDS

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = shutil.which("kubectl")
REFUSED = 255
"""The exit status of the AWS CLI, version 1, where a service says no. (Version 2 has 254.)"""

pytestmark = [
    pytest.mark.cli,
    pytest.mark.one_world,
    pytest.mark.skipif(not AWS.exists(), reason="no .venv-aws/bin/aws: `make setup` installs it"),
]
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a running world."""
    path = tmp_path_factory.mktemp("world")
    command = [sys.executable, "-m", "app", "world", "--dir", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline(), "the world did not start"
        yield path
        process.terminate()
        process.communicate(timeout=SECONDS)
        assert process.returncode == 0


@pytest.fixture(scope="module")
def learner(folder, tmp_path_factory, aws_on_path):
    """The environment after `set -a; . aws.env; set +a`, without anything of this machine's own AWS set-up."""
    home = tmp_path_factory.mktemp("home")
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    written = dict(line.split("=", 1) for line in (folder / "aws.env").read_text().splitlines())
    mine |= {"PATH": f"{aws_on_path}:{os.environ['PATH']}", "HOME": str(home)}
    return {**mine, **written, "KUBECONFIG": str(folder / "kubeconfig"), "AWS_PAGER": ""}


def run(command, environment, *, status=0):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stderr


def aws(environment, *words, status=0):
    return run(["aws", *words], environment, status=status)


def account_of(learner):
    return json.loads(aws(learner, "sts", "get-caller-identity"))["Account"]


@pytest.fixture(scope="module")
def role_arn(learner):
    return json.loads(aws(learner, "iam", "get-role", "--role-name", "s3-reader"))["Role"]["Arn"]


@pytest.fixture
def pod(learner, role_arn, tmp_path):
    """The environment of a Pod: a role, a token file, no key."""

    def with_token(token):
        path = tmp_path / "token"
        path.write_text(token)
        secrets = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        rest = {name: value for name, value in learner.items() if name not in secrets}
        return {**rest, "AWS_ROLE_ARN": role_arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(path)}

    return with_token


def token_for(learner, audience="sts.amazonaws.com", account="my-sa"):
    return run([KUBECTL, "create", "token", account, "--audience", audience], learner).strip()


def test_the_learner_is_known(learner):
    identity = json.loads(aws(learner, "sts", "get-caller-identity"))
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:user/learner"


@pytest.mark.parametrize(
    ("words", "status"), [(("sts", "get-caller-identity"), 0), (("iam", "get-role", "--role-name", "x"), REFUSED)]
)
def test_the_imported_program_says_what_the_program_says(learner, words, status):
    assert aws(learner, *words, status=status) == run([AWS, *words], learner, status=status)


def test_a_wrong_secret_is_refused_in_awss_words(learner):
    wrong = {**learner, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert "SignatureDoesNotMatch" in aws(wrong, "sts", "get-caller-identity", status=REFUSED)


def test_the_buckets_are_listed(learner):
    assert len(aws(learner, "s3", "ls").splitlines()) >= 2


def test_the_role_trusts_the_provider(learner):
    role = json.loads(aws(learner, "iam", "get-role", "--role-name", "s3-reader"))["Role"]
    provider = json.loads(aws(learner, "iam", "list-open-id-connect-providers"))["OpenIDConnectProviderList"]
    federated = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Federated"]
    assert federated in {entry["Arn"] for entry in provider}


@needs_kubectl
def test_a_token_of_kubectl_is_exchanged_at_sts(learner, role_arn):
    answer = json.loads(
        aws(
            learner,
            *("sts", "assume-role-with-web-identity", "--role-arn", role_arn),
            *("--role-session-name", "by-hand", "--web-identity-token", token_for(learner)),
        )
    )
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:default:my-sa"
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/s3-reader/by-hand")
    session = {
        **learner,
        "AWS_ACCESS_KEY_ID": answer["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["Credentials"]["SessionToken"],
    }
    assert aws(session, "s3", "ls") == aws(learner, "s3", "ls")


@needs_kubectl
def test_the_command_line_finds_the_token_by_itself(learner, pod):
    environment = pod(token_for(learner))
    identity = json.loads(aws(environment, "sts", "get-caller-identity"))
    assert identity["Arn"].startswith(f"arn:aws:sts::{account_of(learner)}:assumed-role/s3-reader/")
    assert len(aws(environment, "s3", "ls").splitlines()) >= 2
    assert "AccessDenied" in aws(environment, "iam", "list-roles", status=REFUSED)


@needs_kubectl
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"audience": "https://kubernetes.default.svc"}, "InvalidIdentityToken"),
        ({"account": "default"}, "AccessDenied"),
    ],
)
def test_another_token_is_refused(learner, pod, change, code):
    refused = aws(pod(token_for(learner, **change)), "sts", "get-caller-identity", status=REFUSED)
    assert f"({code}) when calling the AssumeRoleWithWebIdentity operation" in refused


@needs_kubectl
def test_a_changed_token_is_refused(learner, pod):
    header, claims, signature = token_for(learner).split(".")
    forged = signature[:40] + signature[40:48].swapcase() + signature[48:]
    assert forged != signature
    refused = aws(pod(f"{header}.{claims}.{forged}"), "sts", "get-caller-identity", status=REFUSED)
    assert "InvalidIdentityToken" in refused


@needs_kubectl
def test_changing_the_trust_policy_changes_the_outcome(learner, pod):
    role = json.loads(aws(learner, "iam", "get-role", "--role-name", "s3-reader"))["Role"]
    policy = role["AssumeRolePolicyDocument"]
    other = json.dumps(policy).replace(":default:my-sa", ":default:somebody-else")
    environment = pod(token_for(learner))

    def set_policy(text):
        aws(learner, "iam", "update-assume-role-policy", "--role-name", "s3-reader", "--policy-document", text)

    set_policy(other)
    try:
        assert "AccessDenied" in aws(environment, "sts", "get-caller-identity", status=REFUSED)
    finally:
        set_policy(json.dumps(policy))
    assert "assumed-role" in aws(environment, "sts", "get-caller-identity")


@needs_kubectl
def test_the_commands_of_the_page_to_print_work_as_they_are_printed(learner):
    account = account_of(learner)
    issuer = aws(learner, "iam", "list-open-id-connect-providers", "--query", "OpenIDConnectProviderList[0].Arn")
    names = {
        "namespace": "default",
        "service_account": "my-sa",
        "pod": "pod-after",
        "role_arn": f"arn:aws:iam::{account}:role/s3-reader",
        "role": "s3-reader",
        "provider_arn": json.loads(issuer),
        "audience": "sts.amazonaws.com",
    }
    printed = {name: run(["bash", "-c", command.format_map(names)], learner) for name, command in COMMANDS.items()}
    assert f"AWS_ROLE_ARN={names['role_arn']}" in printed["variables"], "also of a container that has finished"
    assert names["role_arn"] in printed["annotation"]
    assert printed["sts"].strip() == f"arn:aws:sts::{account}:assumed-role/s3-reader/irsa-explorer"
    assert "sts.amazonaws.com" in printed["provider"]
    assert "PolicyNames" in printed["permissions"], "a role may have inline policies as well"
    assert "system:serviceaccount:default:my-sa" in printed["trust"]
    assert "AmazonS3ReadOnlyAccess" in printed["permissions"]


@needs_kubectl
@pytest.mark.parametrize("version", [1, pytest.param(2, marks=pytest.mark.large)])
def test_kubectl_gets_in_with_the_kubeconfig_and_the_token_of_aws_eks(learner, tmp_path, version):
    program = str(AWS) if version == 1 else version_2()
    if program is None:
        pytest.skip("no AWS CLI of version 2")
    path = f"{Path(program).parent}:{os.environ['PATH']}"
    shell = {**learner, "KUBECONFIG": str(tmp_path / "kubeconfig"), "PATH": path}
    assert "Added new context arn:aws:eks:" in run([program, "eks", "update-kubeconfig", "--name", "irsa"], shell)
    assert "pod-after" in run([KUBECTL, "get", "pods"], shell)
    refused = run([program, "dynamodb", "list-tables"], shell, status=REFUSED if version == 1 else 254)
    assert "(NotSimulated) when calling the ListTables operation: This simulated AWS does not have dynamodb" in refused
