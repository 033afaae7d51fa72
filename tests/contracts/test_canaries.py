"""No secret leaves: planted in every place that is read, looked for in everything that comes out."""

from __future__ import annotations

import dataclasses
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.clients.aws.account import BotoAws
from app.clients.aws.calls import static_identity
from app.clients.aws.login import AwsLogin
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.commands import doctor_sources
from app.commands.main import command_line
from app.commands.walk import as_json, as_text
from app.content import LANGUAGES, load
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import Diagnosis, diagnose, examine
from app.flow.doctor.survey import survey
from app.flow.errors import FlowError
from app.flow.model import Exchange, Status
from app.flow.ports import Credentials, Ports
from app.settings import Settings
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests import canaries
from tests.canaries import API_TOKEN, MARK, STS_TOKEN
from tests.contracts.conftest import SUBJECT
from tests.contracts.scripted import scripted
from tests.contracts.test_aws_login import Shell
from tests.contracts.test_kubeconfig import PLUGIN, connect, document, plugin, write
from tests.contracts.test_walk_in_a_world import Learner
from tests.waiting import eventually

APPLICATION = {
    "DB_PASSWORD": f'{MARK}-"quoted\\ password',
    "API_KEY": f"{MARK}-of-an-application",
    "AWS_ACCESS_KEY_ID": "AKIASTATICEXAMPLE000",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}/static+secret/access/key",
    "AWS_SESSION_TOKEN": f"{MARK}//static+session+token==",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{MARK}-pod-identity",
}
"""Variables of the examined Pod: literal values, as they should not be and often are."""
SECRETS = {name: value for name, value in APPLICATION.items() if MARK in value}


@pytest.fixture
def learner(simulation: Simulation, world: World, tmp_path: Path) -> Learner:
    return Learner(simulation, world, tmp_path)


def tokens(ports: Ports) -> list[str]:
    """Both tokens of the Pod."""
    read = [
        ports.cluster.execute(SUBJECT.namespace, SUBJECT.pod, "aws-cli", ["cat", path])
        for path in (STS_TOKEN, API_TOKEN)
    ]
    return [execution.stdout for execution in read if execution.exit_code == 0]


def everything(found: Diagnosis) -> Iterator[tuple[str, str]]:
    """All that can be made of a diagnosis, by name."""
    yield "value", json.dumps(dataclasses.asdict(found), ensure_ascii=False, default=str)
    yield "repr", repr(found)
    yield "snapshot", diagnosis_file.save(found)
    yield "opened", repr(diagnosis_file.load(diagnosis_file.save(found)))
    for language in LANGUAGES:
        words = load(language)
        yield f"walk --output json, {language}", json.dumps(as_json(found, (), words), ensure_ascii=False)
        yield f"walk --output text, {language}", "\n".join(as_text(found, (), words))


def reports(found: Diagnosis, monkeypatch: pytest.MonkeyPatch, directory: Path) -> Iterator[tuple[str, str]]:
    """What the command prints of it, in every shape, and the file that it saves."""
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: found)
    for language in LANGUAGES:
        for output in ("text", "json", "html"):
            file = directory / f"{language}.{output}.snapshot"
            command = [
                "doctor",
                "-n",
                "default",
                "-s",
                "my-sa",
                "--output",
                output,
                "--lang",
                language,
                "--save",
                str(file),
            ]
            result = CliRunner().invoke(command_line(Settings(), load("en")), command)
            assert result.exit_code in (0, 1), result.output
            yield f"doctor --output {output}, {language}", result.output + result.stderr
            yield f"doctor --save, {language}", file.read_text()


@pytest.mark.parametrize("trouble", ["none", "refused by STS", "static keys in the Pod"])
def test_nothing_that_is_made_of_a_world_holds_a_secret(
    learner: Learner, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], tmp_path: Path,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    ports = simulated(learner.simulation, learner.world)
    assert ports.aws.assume_role_with_web_identity(
        f"arn:aws:iam::{learner.world.account_id}:role/s3-reader", "before", tokens(ports)[0]
    )
    before = tokens(ports)
    if trouble == "refused by STS":
        learner.condition("StringEquals", sub="system:serviceaccount:prod:my-sa")
        with pytest.raises(FlowError):
            ports.aws.assume_role_with_web_identity(
                f"arn:aws:iam::{learner.world.account_id}:role/s3-reader", "botocore-session-1", before[0]
            )
    elif trouble == "static keys in the Pod":
        with_variables(learner)
    found = examine(ports, SUBJECT)
    after = diagnose(ports, found.walk)
    secrets = canaries.of_world(learner.world, {*before, *tokens(ports)}) | SECRETS
    places = [*everything(found), *everything(after), *reports(found, monkeypatch, tmp_path)]
    places.append(("survey", repr(survey(ports))))
    places.append(("servers", repr(learner.world.log.exchanges())))
    output = capfd.readouterr()
    places += [("stdout", output.out), ("stderr", output.err), ("logs", caplog.text)]
    assert {name: canaries.found(secrets, text) for name, text in places if canaries.found(secrets, text)} == {}
    urls = [exchange.url for exchange in exchanges(found)]
    assert urls
    assert canaries.found(secrets, *urls) == []
    if trouble == "none":
        assert "ASIA" in diagnosis_file.save(found)  # what is no secret is shown
    else:
        assert found.verdict.status is not Status.PASSED


def with_variables(learner: Learner) -> None:
    """Recreates the Pod with the application's variables, as `kubectl apply` does."""
    learner.core.delete_namespaced_pod("pod-after", "default")
    learner.gone("pod-after")
    env = [{"name": name, "value": value} for name, value in APPLICATION.items()]
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"], "env": env}
    spec = {"serviceAccountName": "my-sa", "restartPolicy": "Never", "containers": [container]}
    applied = json.dumps({"kind": "Pod", "spec": spec})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    learner.core.create_namespaced_pod(
        "default", {"metadata": {"name": "pod-after", "annotations": annotations}, "spec": spec}
    )
    eventually(lambda: learner.phase("pod-after") in ("Succeeded", "Failed"))


def exchanges(found: Diagnosis) -> list[Exchange]:
    return [*(exchange for report in found.walk for exchange in report.exchanges), *found.exchanges]


# What the clients raise: the error, its values and all that it came from

OPAQUE = {
    "token": f"{MARK}.opaque-token",
    "password": f"{MARK}-password",
    "client-key-data": f"{MARK}-no-key-at-all",
    "plugin": f"{MARK}-from-a-plugin",
    "variable": f"{MARK}-of-a-plugin",
}
_PLUGIN_ENV = [{"name": "PASSWORD", "value": OPAQUE["variable"]}]


def raised(call: Callable[[], object]) -> str:
    """All that a traceback in a log, or a page, would show of the refusal; empty where there was none."""
    try:
        return repr(call())
    except FlowError as error:
        words = "".join(traceback.format_exception(error))
        texts = [load(language).error(error.words, **error.values) for language in LANGUAGES]
        return "\n".join([words, repr(error), repr(vars(error)), *map(repr, texts)])


KUBECONFIGS: dict[str, Any] = {
    "in order": document(token=OPAQUE["token"]),
    "no YAML at the token": f"users:\n- name: me\n  user:\n    token: '{OPAQUE['token']}\n  a: b: c\n",
    "no YAML beside the token": f"users: [{{user: {{token: {OPAQUE['token']}, password: {OPAQUE['password']}}}\n",
    "a tab before the token": f"users:\n- user:\n\ttoken: {OPAQUE['token']}\n",
    "a token that is a list": document(token=[OPAQUE["token"]]),
    "users that are a text": document(top={"users": OPAQUE["token"]}),
    "a user that is a text": document(top={"users": [OPAQUE["token"]]}),
    "a key that is none": document(**{"client-key-data": OPAQUE["client-key-data"], "client-certificate-data": "x"}),
    "a password": document(username="me", password=OPAQUE["password"]),
    "a CA that is none": document(token=OPAQUE["token"], cluster={"certificate-authority-data": "x"}),
    "a server that is none": document(token=OPAQUE["token"], cluster={"server": "nowhere"}),
    "a context of nobody": document(token=OPAQUE["token"], top={"users": []}),
    "a plugin that is not there": document(exec={**PLUGIN, "command": "ghost", "env": _PLUGIN_ENV}),
    "a plugin that is malformed": document(exec={**PLUGIN, "command": 5, "env": _PLUGIN_ENV}),
}


@pytest.mark.parametrize("name", KUBECONFIGS)
def test_a_kubeconfig_is_reported_without_its_secrets(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environment = write(tmp_path / "config", KUBECONFIGS[name])
    error = raised(lambda: connect(environment))
    assert canaries.found(OPAQUE, error, caplog.text) == []


@pytest.mark.parametrize(
    "script",
    [
        'printf \'{{"kind": "ExecCredential", "status": {{"token": "{plugin}"\'',
        'printf \'{{"kind": "ExecCredential", "status": {{"token": ["{plugin}"]}}}}\'',
        'printf \'{{"kind": "ExecCredential", "status": {{"clientKeyData": "{plugin}"}}}}\'',
        "printf '{plugin}'",
        'printf \'{{"status": {{"token": "{plugin}"}}}}\' >&2; exit 1',
        "printf 'AWS_SESSION_TOKEN={plugin}' >&2; exit 1",
        "sleep 9; printf '{plugin}'",
    ],
)
def test_a_plugin_s_output_is_never_quoted(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.kubernetes.exec_plugin.TIMEOUT", 1.0)
    environment = plugin(tmp_path, script.format(**OPAQUE))
    assert canaries.found(OPAQUE, raised(lambda: connect(environment))) == []


KEYS = {"secret access key": f"{MARK}/secret/access/key", "session token": f"{MARK}/session/token"}
_PROFILE = (
    f"[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {KEYS['secret access key']}\n"
    f"aws_session_token = {KEYS['session token']}\n"
)


def _process(output: str) -> str:
    return f"[default]\ncredential_process = printf '{output}'\n"


AWS_FILES: dict[str, tuple[str, str]] = {
    # what is wrong: (the file's name, its text)
    "nothing": ("credentials", _PROFILE),
    "no section": ("credentials", _PROFILE.partition("\n")[2]),
    "half a profile": ("credentials", _PROFILE.replace("aws_access_key_id = AKIAEXAMPLE\n", "")),
    "a line that is none": ("credentials", _PROFILE + f"{KEYS['session token']}\n"),
    "a process that prints no JSON": ("config", _process(KEYS["secret access key"])),
    "a process of another version": (
        "config",
        _process(f'{{"Version": 9, "SecretAccessKey": "{KEYS["secret access key"]}"}}'),
    ),
    "a process without a key": (
        "config",
        _process(f'{{"Version": 1, "SecretAccessKey": "{KEYS["secret access key"]}"}}'),
    ),
}


@pytest.mark.parametrize("name", AWS_FILES)
def test_a_profile_is_reported_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    Shell(tmp_path, monkeypatch).file(*AWS_FILES[name])

    def ask() -> object:
        login = AwsLogin(region="us-east-1")
        return BotoAws(
            region="us-east-1", endpoint_url="http://127.0.0.1:1", identity=login.identity, sdk=login.sdk
        ).role("r")

    assert canaries.found(KEYS, raised(ask), caplog.text) == []


@contextmanager
def echo(status: int, body: str) -> Iterator[int]:
    """A server, or a proxy before it, that repeats what it was sent."""
    with scripted(status, body.encode(), Content_Type="text/plain") as server:
        yield server.port


BEARER = {"bearer token": f"{MARK}.opaque.bearer.token"}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500, 502])
def test_a_request_that_is_repeated_in_the_answer_is_masked(status: int) -> None:
    body = f"GET /version HTTP/1.1\r\nAuthorization: Bearer {BEARER['bearer token']}\r\n\r\nnot like this"
    with echo(status, body) as port:
        cluster = KubernetesCluster(
            host=f"http://127.0.0.1:{port}", token=BEARER["bearer token"], transport=KubernetesTransport()
        )
        error = raised(cluster.version)
    assert canaries.found(BEARER, error, repr(cluster.exchanges())) == []


NOBODY_IN_PARTICULAR = static_identity("", "")
TEMPORARY = Credentials(
    access_key_id="ASIAEXAMPLE", secret_access_key=KEYS["secret access key"], session_token=KEYS["session token"],
    expiration="",
)  # fmt: skip


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_credentials_that_are_repeated_in_the_answer_are_masked(status: int) -> None:
    echoed = f"<Error><Code>X</Code><Message>x-amz-security-token:{KEYS['session token']}\n</Message></Error>"
    with echo(status, echoed) as port:
        login = BotoAws(region="us-east-1", endpoint_url=f"http://127.0.0.1:{port}", identity=NOBODY_IN_PARTICULAR)
        error = raised(lambda: login.list_buckets(TEMPORARY))
    assert canaries.found(KEYS, error, repr(login.exchanges()), repr(TEMPORARY)) == []
