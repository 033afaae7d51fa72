"""No learner reaches another's world, whatever they know of it."""

import botocore.exceptions
import httpx
import pytest

from app.own_file import write
from tests.world.helpers import TOKEN_FILE, aws_client, pod_of


def test_nothing_is_shared(world, other_world):
    for name in ("account_id", "path", "issuer", "node_name", "admin_token", "node_token", "directory"):
        assert getattr(world, name) != getattr(other_world, name)
    assert {key.kid for key in world.keys.published}.isdisjoint({key.kid for key in other_world.keys.published})


@pytest.mark.parametrize("token", ["admin_token", "node_token"])
def test_a_token_opens_its_own_api_server_alone(https, world, other_world, token):
    def ask(where):
        headers = {"authorization": f"Bearer {getattr(world, token)}"}
        return https.get(f"{where.api_url}/api/v1/namespaces/default/pods", headers=headers).status_code

    assert ask(world) == 200
    assert ask(other_world) == 401


def test_a_service_accounts_token_is_no_users_of_another_cluster(https, world, other_world, execute):
    token = execute(pod_of(world, "pod-after"), "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token").stdout
    for where, status in ((world, 200), (other_world, 401)):
        answer = https.get(f"{where.api_url}/version", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status


def test_keys_of_one_account_see_no_other(simulation, world, other_world):
    assert (
        aws_client(simulation, world, "sts").get_caller_identity()["Account"]
        != aws_client(simulation, other_world, "sts").get_caller_identity()["Account"]
    )
    mine = {bucket["Name"] for bucket in aws_client(simulation, world, "s3").list_buckets()["Buckets"]}
    theirs = next(iter(other_world.account.buckets))
    assert theirs not in mine
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchBucket"):
        aws_client(simulation, world, "s3").list_objects_v2(Bucket=theirs)


def test_a_projected_token_assumes_no_role_of_another_account(simulation, world, other_world, execute):
    token = execute(pod_of(world, "pod-after"), "cat", TOKEN_FILE).stdout
    sts = aws_client(simulation, world, "sts")
    role = f"arn:aws:iam::{other_world.account_id}:role/s3-reader"
    with pytest.raises(sts.exceptions.InvalidIdentityTokenException):
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="mine", WebIdentityToken=token)


def test_a_clock_moves_alone(simulation, world, other_world):
    simulation.move_clock(world, 3600)
    assert other_world.clock.offset == 0


def test_files_of_a_world_are_its_process_owners_alone(world):
    assert world.directory.stat().st_mode & 0o077 == 0
    assert world.directory.parent.stat().st_mode & 0o077 == 0


def test_the_files_of_tools_are_written_through_no_link(tmp_path):
    victim = tmp_path / "precious"
    victim.write_text("precious")
    for name in ("aws.env", ".aws.env.draft"):
        (tmp_path / name).symlink_to(victim)
    write(tmp_path / "aws.env", b"new")
    assert (victim.read_text(), (tmp_path / "aws.env").read_text()) == ("precious", "new")
    assert not (tmp_path / "aws.env").is_symlink()


@pytest.mark.parametrize("path", ["", "0" * 32, "../", "%00", "é", "k8s"])
def test_an_unknown_prefix_leads_nowhere(https, simulation, path):
    for prefix in ("k8s", "webhook", "id"):
        for suffix in ("api/v1/namespaces", "mutate", "keys"):
            answer = https.get(f"{simulation.kubernetes_url}/{prefix}/{path}/{suffix}")
            assert answer.status_code in (401, 404, 405), (prefix, suffix)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.169.254"])
def test_a_foreign_host_name_is_refused(https, simulation, world, host):
    asked = [
        ("GET", f"{world.api_url}/version"),
        ("POST", world.webhook_url),
        ("GET", f"{simulation.kubernetes_url}/id/{world.issuer_id}/keys"),
    ]
    headers = {"host": host, "authorization": f"Bearer {world.admin_token}"}
    for method, url in asked:
        assert https.request(method, url, headers=headers).status_code in (400, 403, 421)
    assert httpx.get(simulation.aws_url, headers={"host": host}, trust_env=False).status_code == 403
