"""The examples that the lessons hand out: each is run as a reader runs it, and says what the walk found."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.flow.model import Step, Subject
from app.flow.steps.walk import walk
from app.ui.step.recompute import expected
from app.wiring import simulated
from app.world.lifecycle.world_operations import set_trust_policy
from app.world.setup.roles import trust_policy
from app.world.setup.tool_files import files

pytestmark = pytest.mark.one_world

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
_LONGEST = 15
"""Lines of Python that a reader is asked to read."""


@pytest.fixture
def run(simulation, world, tmp_path):
    """Runs an example with the environment of `python -m app world`, and nothing else; its output."""
    for name, content in files(simulation, world).items():
        (tmp_path / name).write_bytes(content)
    variables = dict(line.split("=", 1) for line in (tmp_path / "aws.env").read_text().splitlines())
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        **variables,
    }

    def run(name, status=0):
        program = sys.executable if name.endswith(".py") else "bash"
        done = subprocess.run(
            [program, EXAMPLES / name], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    return run


@pytest.fixture
def walked(simulation, world):
    return walk(simulated(simulation, world), SUBJECT)


def needs(*programs):
    """Marks a test of a shell example; where a program is missing it is skipped, and the reason names it."""
    missing = [program for program in programs if shutil.which(program) is None]

    def mark(test):
        skip = pytest.mark.skipif(bool(missing), reason=f"not on the PATH: {', '.join(missing)}")
        return pytest.mark.cli(skip(test))

    return mark


def evidence(walked, step, *path):
    found = walked.report(step).evidence
    for name in path:
        found = found[name]
    return found


@pytest.fixture
def said(run, walked):
    """What an example prints, in which is all that its page says it prints."""

    def said_by(name, status=0):
        found = run(name, status)
        step, _, kind = name.partition(".")
        promised = list(expected(Step(step), kind, walked))
        assert promised
        assert [value for value in promised if value not in found] == []
        return found

    return said_by


def additions(walked):
    """The names and values that the webhook added in the walk's dry run."""
    [volume] = [
        v for v in evidence(walked, Step.WEBHOOK, "pod_after", "spec", "volumes") if v["name"] == "aws-iam-token"
    ]
    [source] = volume["projected"]["sources"]
    variables = evidence(walked, Step.WEBHOOK, "environment")
    return [
        *(f"name: {variable['name']}" for variable in variables),
        *(f"value: {variable['value']}" for variable in variables),
        *(f"{key}: {value}" for key, value in source["serviceAccountToken"].items()),
        "mountPath: /var/run/secrets/eks.amazonaws.com/serviceaccount",
        "readOnly: true",
        "name: aws-iam-token",
    ]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_python_is_short(path):
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= _LONGEST


@pytest.mark.parametrize("step", Step)
def test_every_step_has_both(step):
    assert {path.suffix for path in EXAMPLES.glob(f"{step}.*")} == {".py", ".sh"}


def test_the_key_of_a_token_is_found_by_its_name_at_the_issuer(run, simulation, world):
    """Among several: the newest key signs. The API server's own list of keys has no part in it."""
    world.keys.rotate()
    newest, old = (key.kid for key in world.keys.published)
    before = len(world.log.exchanges())
    assert run("oidc_provider.py").splitlines() == [f"{newest} is the key of this token", f"{old} "]
    asked = [exchange.url for exchange in world.log.exchanges()[before:]]
    assert not [url for url in asked if "/openid/v1/jwks" in url]
    walked = walk(simulated(simulation, world), SUBJECT)
    assert list(expected(Step.OIDC_PROVIDER, "py", walked)) == [newest, old], "what the page says is printed"


@needs("bash", "kubectl", "openssl")
def test_the_thumbprint(said, walked):
    assert said("oidc_provider.sh").strip() == evidence(walked, Step.OIDC_PROVIDER, "thumbprint", "served")


def test_the_annotation_and_the_subject(said, walked):
    role = evidence(walked, Step.SERVICE_ACCOUNT, "role", "Arn")
    subject = "system:serviceaccount:default:my-sa"
    assert said("service_account.py").splitlines() == [f"{role} = {role}", f"{subject} StringEquals {subject}"]


@needs("bash", "kubectl", "aws")
def test_the_annotation_and_the_condition(said, walked):
    found = said("service_account.sh")
    assert found.splitlines()[0] == evidence(walked, Step.SERVICE_ACCOUNT, "role", "Arn")
    [statement] = evidence(walked, Step.SERVICE_ACCOUNT, "trust_policy", "Statement")
    for key, value in statement["Condition"]["StringEquals"].items():
        assert f'"{key}": "{value}"' in found


def test_the_dry_run(said, walked):
    added = said("webhook.py").splitlines()
    assert all(line.startswith("+ ") for line in added)
    assert {line.removeprefix("+").strip() for line in added} >= set(additions(walked))


@needs("bash", "kubectl", "diff")
def test_the_dry_run_as_a_diff(said, walked):
    lines = said("webhook.sh", status=1).splitlines()  # `diff` tells by 1 that there are differences
    assert not [line for line in lines if line.startswith("<")]
    assert {line.removeprefix(">").strip() for line in lines} >= set(additions(walked))


def test_the_mounted_token_verified(said, walked):
    _, kid, *claims = said("token_mount.py").splitlines()
    assert kid == evidence(walked, Step.TOKEN_MOUNT, "token", "header", "kid")
    assert json.loads("\n".join(claims)) == evidence(walked, Step.TOKEN_MOUNT, "token", "claims")


@needs("bash", "kubectl", "base64")
def test_the_mounted_token_decoded(said, walked):
    claims = json.loads(said("token_mount.sh"))
    found = evidence(walked, Step.TOKEN_MOUNT, "token", "claims")
    for name in ("iss", "sub", "aud"):
        assert claims[name] == found[name]
    assert claims["kubernetes.io"]["serviceaccount"] == found["kubernetes.io"]["serviceaccount"]


def test_the_exchange_at_sts(said, walked):
    answer = evidence(walked, Step.STS_ASSUME, "answer")
    subject_and_role = f"{answer['SubjectFromWebIdentityToken']} → {answer['AssumedRoleUser']['Arn']}"
    assert said("sts_assume.py").strip() == subject_and_role


@needs("bash", "kubectl", "curl")
def test_the_exchange_at_sts_with_curl_alone(said, walked):
    assert (
        said("sts_assume.sh").strip() == f"<Arn>{evidence(walked, Step.STS_ASSUME, 'answer', 'AssumedRoleUser', 'Arn')}"
    )


def who_and_what(walked):
    return [evidence(walked, Step.ACCESS, "identity", "Arn"), *evidence(walked, Step.ACCESS, "buckets")]


def test_who_we_are_and_what_we_see(said, walked):
    assert said("access.py").split() == who_and_what(walked)


@needs("bash", "kubectl", "aws")
def test_who_we_are_and_what_we_see_by_the_cli_and_nothing_from_its_cache(run, said, walked, world):
    """It keeps sessions in `~/.aws/cli/cache`, and many releases take one again whatever token they are given."""
    arn, *buckets = said("access.sh").split()
    who, *what = who_and_what(walked)
    assert (arn.startswith(f"{who}-"), buckets) == (True, what)
    set_trust_policy(world, trust_policy(world, "default", "nobody"))
    assert run("access.sh") == ""


def test_nothing_is_promised_where_the_walk_found_nothing(walked):
    empty = replace(walked, reports=tuple(replace(report, evidence={}) for report in walked.reports))
    assert [list(expected(step, kind, empty)) for step in Step for kind in ("sh", "py")] == [[]] * 12
