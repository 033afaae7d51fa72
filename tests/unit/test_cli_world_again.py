"""`python -m app world --dir` a second time: what was acknowledged is there, and why it does not start."""

import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path

import boto3
import pytest
import urllib3
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from click.testing import CliRunner

from app.commands.main import command_line
from app.commands.world import open_state
from app.content import LANGUAGES, load
from app.settings import Settings
from app.world.saved.state_directory import StateDirectory
from tests.unit.test_cli_world import RunningWorld


class Client:
    """A learner's own tools, with the files of a folder."""

    def __init__(self, folder, variables):
        config = yaml.safe_load((folder / "kubeconfig").read_text())
        self.server = config["clusters"][0]["cluster"]["server"]
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.pool = urllib3.PoolManager(ca_certs=str(folder / "ca.pem"), retries=False)
        session = boto3.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            region_name=variables["AWS_REGION"],
        )
        self.iam = session.client("iam", endpoint_url=variables["AWS_ENDPOINT_URL"])
        self.s3 = session.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"])

    def ask(self, method, path, body=None, headers=None):
        return self.pool.request(
            method, f"{self.server}/api/v1/{path}", headers=headers or self.headers, json=body, timeout=20
        )


def write_until_killed(client, acknowledged, first, kill):
    """Writes to the API server, to IAM and to S3 by turns; notes what was acknowledged."""
    bucket = client.s3.list_buckets()["Buckets"][0]["Name"]
    try:
        for number in range(200):
            body = {"metadata": {"name": f"{first}-{number}"}}
            if client.ask("POST", "namespaces/default/configmaps", body).status == 201:
                acknowledged.append(("configmaps", f"{first}-{number}"))
            client.iam.create_user(UserName=f"{first}-{number}")
            acknowledged.append(("users", f"{first}-{number}"))
            client.s3.put_object(Bucket=bucket, Key=f"{first}-{number}", Body=b"x")
            acknowledged.append(("objects", f"{first}-{number}"))
            if len(acknowledged) > 40:
                kill()
    except (OSError, urllib3.exceptions.HTTPError, BotoCoreError, ClientError):
        return  # it is gone


def there(client):
    """What there is of what was written."""
    bucket = client.s3.list_buckets()["Buckets"][0]["Name"]
    listed = client.ask("GET", "namespaces/default/configmaps").json()["items"]
    return {
        *(("configmaps", item["metadata"]["name"]) for item in listed),
        *(("users", user["UserName"]) for user in client.iam.list_users()["Users"]),
        *(("objects", item["Key"]) for item in client.s3.list_objects_v2(Bucket=bucket)["Contents"]),
    }


def test_all_that_was_acknowledged_survives_sigkill(tmp_path):
    with RunningWorld(tmp_path) as world:
        client = Client(tmp_path, world.environment())
        token = client.ask("POST", "namespaces/default/serviceaccounts/my-sa/token", {}).json()["status"]["token"]
        acknowledged = []
        kill = threading.Event()
        writers = [
            threading.Thread(
                target=write_until_killed, args=(Client(tmp_path, world.environment()), acknowledged, name, kill.set)
            )
            for name in ("a", "b")
        ]
        for writer in writers:
            writer.start()
        assert kill.wait(60)
        world.stop(signal.SIGKILL)
        for writer in writers:
            writer.join()
        before = {name: (tmp_path / name).read_bytes() for name in ("kubeconfig", "ca.pem", "aws.env")}
        files = Path((tmp_path / "state" / "lock").read_text().splitlines()[1])
    with RunningWorld(tmp_path) as world:
        assert world.first_line == load("en").message("cli.world.back")
        assert {name: (tmp_path / name).read_bytes() for name in before} == before
        assert set(acknowledged) <= there(client)
        review = {"spec": {"token": token}}
        path = client.server + "/apis/authentication.k8s.io/v1/tokenreviews"
        answer = client.pool.request("POST", path, headers=client.headers, json=review)
        assert answer.json()["status"]["user"]["username"] == "system:serviceaccount:default:my-sa"
        assert client.ask("GET", "namespaces/default/pods/pod-after/log").data
        assert not files.exists()
        refused = invoke(tmp_path)
        assert load("en").message("errors.state_in_use.title") in refused.stderr
        assert str(world.process.pid) in refused.stderr
        assert client.ask("GET", "namespaces").status == 200
        assert world.stop(signal.SIGINT) == 0


def invoke(folder, *options, language="en"):
    group = command_line(Settings(), load(language))
    return CliRunner().invoke(group, ["world", "--dir", str(folder), *options])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The state of a world, made in this process."""
    from app.world.lifecycle.simulation import Simulation

    folder = tmp_path_factory.mktemp("kept")
    with Simulation(state=StateDirectory(folder / "state")) as simulation:
        simulation.world("hands-on", start="empty")
    return folder


def newer(folder):
    path = folder / "state" / "servers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))


def truncated(folder):
    path = next((folder / "state" / "worlds").glob("*/snapshot.json"))
    os.truncate(path, path.stat().st_size // 2)


def of_another_version(folder):
    path = next((folder / "state" / "worlds").glob("*/snapshot.json"))
    snapshot = json.loads(path.read_text())
    snapshot["sections"]["settings"]["unheard_of"] = 1
    path.write_text(json.dumps(snapshot))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("damage", "code", "options", "said"),
    [
        (newer, "state_newer", (), "servers.json"),
        (truncated, "state_unreadable", (), "snapshot.json"),
        (of_another_version, "state_unreadable", (), "/state/worlds/hands-on--"),
        (lambda _: None, "state_differs", ("--start", "finished"), "--start"),
        (lambda _: None, "state_differs", ("--aws-port", "1"), "--aws-port"),
    ],
    ids=["newer", "truncated", "another version", "start", "port"],
)
def test_what_cannot_come_back_is_said_and_left_alone(kept, tmp_path, damage, code, options, said, language):
    copy(kept, tmp_path)
    damage(tmp_path)
    before = contents(tmp_path)
    result = invoke(tmp_path, *options, language=language)
    assert result.exit_code == 2
    assert load(language).message(f"errors.{code}.title") in result.stderr
    assert said in result.stderr
    assert "--fresh" in result.stderr
    assert contents(tmp_path) == before


def test_a_taken_port_of_the_kept_world_is_said(kept, tmp_path):
    copy(kept, tmp_path)
    port = json.loads((tmp_path / "state" / "servers.json").read_text())["servers"]["aws_port"]
    before = contents(tmp_path)
    with socket.create_server(("127.0.0.1", port)):
        result = invoke(tmp_path)
    assert result.exit_code == 2
    assert load("en").message("errors.state_port_in_use.title") in result.stderr
    assert f"127.0.0.1:{port}" in result.stderr
    assert contents(tmp_path) == before


def copy(kept, folder):
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def contents(folder):
    """All files but the lock, which says who holds it."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_torn_line_is_said_with_the_file_that_stays(kept, tmp_path, capsys, language):
    copy(kept, tmp_path)
    path = next((tmp_path / "state" / "worlds").glob("*/journal-*.jsonl"))
    path.write_bytes(path.read_bytes() + b'[{"settings": ')
    before = contents(tmp_path)
    with open_state(tmp_path / "state", load(language), fresh=False, alone=True) as state:
        assert [world.key for world in state.worlds] == ["hands-on"]
    assert capsys.readouterr().err.strip() == load(language).message("cli.state.torn", path=path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("variable", ["IRSA_STATE_DIR", ""])
def test_serve_says_the_same(kept, monkeypatch, variable):
    folder = kept / "state"
    settings = Settings(state_dir=str(folder)) if variable else Settings()
    options = [] if variable else ["--dir", str(kept)]
    monkeypatch.setenv("IRSA_WORLD_DIR", "")
    with StateDirectory(folder):
        result = CliRunner().invoke(command_line(settings, load("en")), ["serve", "--port", "0", *options])
    assert result.exit_code == 2
    assert load("en").message("errors.state_in_use.title") in result.stderr
    assert str(folder) in result.stderr
    assert "`IRSA_STATE_DIR`" in result.stderr


def test_fresh_makes_another_world_of_it(kept, tmp_path):
    copy(kept, tmp_path)
    with open_state(tmp_path / "state", load("en"), fresh=True, alone=True) as state:
        assert (state.servers, state.worlds) == (None, [])
    assert contents(tmp_path) == {}
