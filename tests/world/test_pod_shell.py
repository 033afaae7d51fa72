"""Shells in Pods: what they run, what they reach, what they leave."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from app.flow.redaction import MASK
from app.world.aws.entities import NodeKind
from app.world.lifecycle.world_operations import delete
from app.world.node.shell import limits
from app.world.servers import http_client
from app.world.servers.loopback import NetworkError
from tests.waiting import SECONDS
from tests.world.helpers import TOKEN_FILE, log_of, pod_of

pytestmark = pytest.mark.one_world

ROOT = Path(__file__).resolve().parents[2]
AWS_PYTHON = ROOT / ".venv-aws" / "bin" / "python"
CLI = {"image": "amazon/aws-cli:2.31.0", "command": ["sleep", "infinity"]}
MANY = {"image": "python:3.13", "command": ["sleep", "infinity"]}


def container(script, image="amazon/aws-cli:2.31.0", **more):
    return {"image": image, "command": ["sh", "-c", script], **more}


@pytest.fixture
def sh(run_pod, execute):
    """Runs a script in a new Pod of the AWS CLI."""
    pod = run_pod(container=CLI)
    return lambda script: execute(pod, "sh", "-c", script)


def phase(world, name="probe"):
    return pod_of(world, name)["status"]["phase"]


# (1) A container's own process


def test_a_script_prints_and_goes_on(simulation, world, run_pod):
    pod = run_pod(container=container('aws s3 ls; echo "as $AWS_ROLE_ARN"; sleep 100; echo over; exit 3'))
    assert pod["status"]["phase"] == "Running"
    log = log_of(world, "probe")
    assert f"irsa-reports-{world.account_id}" in log
    assert log.endswith(f"as arn:aws:iam::{world.account_id}:role/s3-reader\n")
    simulation.move_clock(world, 101)
    simulation.run(world.kubelet.settle(20))
    assert log_of(world, "probe").endswith("over\n")
    assert pod_of(world, "probe")["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_an_init_container_that_waits_is_waited_for(simulation, world, run_pod):
    first = {"name": "first", "image": "busybox", "command": ["sh", "-c", "sleep 30"]}
    pod = run_pod(spec={"initContainers": [first]})
    assert pod["status"]["phase"] == "Pending"
    simulation.move_clock(world, 31)
    simulation.run(world.kubelet.settle(20))
    assert phase(world) == "Running"


def test_a_deleted_pods_process_ends(simulation, world, run_pod):
    pod = run_pod(container=container("while sleep 1; do echo x; done"))
    worker = world.kubelet._workers[pod["metadata"]["uid"]]
    running = list(worker.inside._running.values())

    async def gone():
        await delete(world, "pods", "default", "probe")
        await asyncio.wait(running, timeout=SECONDS)

    simulation.run(gone())
    assert [process.cancelled() for process in running] == [True]


def test_a_script_that_never_rests_is_killed(monkeypatch, world, run_pod):
    monkeypatch.setattr(limits, "STEPS", 20_000)
    pod = run_pod(container=container("while :; do :; done"))
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert log_of(world, "probe") == "Killed\n"


def test_a_command_whose_caller_has_gone_ends(simulation, world, run_pod):
    pod = run_pod(container=CLI)

    async def give_up():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await world.kubelet.execute(pod, "app", ["sh", "-c", "sleep 1000 | cat"])

    simulation.run(give_up())


# (2) The AWS CLI in it


def test_the_cli_has_the_shells_variables_and_directory(world, sh):
    done = sh(
        "aws sts get-caller-identity --query Arn --output text; cd /tmp; echo '{}' > p; "
        "AWS_PROFILE=mine aws s3 ls; echo $?; export AWS_REGION=; aws s3 ls; aws --version"
    )
    first, status, version = done.stdout.splitlines()
    assert first.startswith(f"arn:aws:sts::{world.account_id}:assumed-role/s3-reader/")
    assert status == "255"
    assert version.startswith("aws-cli/2.31.0 ")
    assert "The config profile (mine) could not be found" in done.stderr
    assert "Invalid endpoint: https://s3..amazonaws.com" in done.stderr


def test_a_session_by_hand(world, sh):
    done = sh(
        "set -e; answer=$(aws sts assume-role-with-web-identity --role-arn $AWS_ROLE_ARN --role-session-name by-hand "
        f"--web-identity-token file://{TOKEN_FILE} --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' "
        "--output text); set -- $answer; export AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 AWS_SESSION_TOKEN=$3; "
        "aws sts get-caller-identity --query Arn --output text; aws configure list | grep -c env; mkdir ~/.aws; "
        "echo '[profile a]' > ~/.aws/config; AWS_PROFILE=a AWS_DEFAULT_PROFILE=b aws configure list | grep profile"
    )
    arn, number, profile = done.stdout.splitlines()
    assert (arn, number) == (f"arn:aws:sts::{world.account_id}:assumed-role/s3-reader/by-hand", "3")
    assert re.split(" +: ", profile) == ["profile", "a", "env", "['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']"]


def test_what_the_role_may_not_do_is_refused(world, sh):
    done = sh(f"echo x | aws s3 cp - s3://irsa-reports-{world.account_id}/x; echo $?; aws iam list-roles; echo $?")
    assert done.stdout == "1\n254\n"
    assert "(AccessDenied) when calling the PutObject operation" in done.stderr
    assert "(AccessDenied) when calling the ListRoles operation" in done.stderr


AS_THE_REAL_ONE = """\
sts get-caller-identity
sts get-caller-identity --output text
sts get-caller-identity --output table
sts get-caller-identity --query Account
s3 ls
s3 ls s3://irsa-reports-ACCOUNT/2026/ --recursive --human-readable --summarize
s3api list-buckets --query Buckets[].Name --output text
s3api list-buckets --output table
s3api list-objects-v2 --bucket irsa-reports-ACCOUNT --prefix 2026
s3api list-objects-v2 --bucket irsa-reports-ACCOUNT --prefix 2026 --output text
s3api get-bucket-location --bucket irsa-reports-ACCOUNT
s3api get-object --bucket irsa-reports-ACCOUNT --key 2026/summary.csv out.csv --query ETag
iam get-role --role-name s3-reader
iam get-role --role-name s3-reader --output text
iam get-role --role-name s3-reader --output table
iam list-attached-role-policies --role-name s3-reader --output table
iam list-roles --query Roles[].[RoleName,Path] --output text
iam list-roles --max-items 1 --query keys(@)
iam list-open-id-connect-providers --output text
s3api head-object --bucket irsa-reports-ACCOUNT --key 2026/summary.csv
s3 cp s3://irsa-reports-ACCOUNT/2026/summary.csv here.csv --no-progress
s3 cp here.csv s3://irsa-reports-ACCOUNT/copies/ --no-progress
s3 cp s3://irsa-reports-ACCOUNT/copies/here.csv s3://irsa-reports-ACCOUNT/copies/there.csv --no-progress
s3api put-object --bucket irsa-reports-ACCOUNT --key kept --body here.csv --metadata team=a --cache-control no-store
s3api put-object --bucket irsa-reports-ACCOUNT --key kept --body here.csv --if-none-match *
s3api put-object --bucket irsa-reports-ACCOUNT --key kept --body here.csv --acl public-read
s3api get-object --bucket irsa-reports-ACCOUNT --key kept --range bytes=0-4 part.csv
s3api head-object --bucket irsa-reports-ACCOUNT --key kept --checksum-mode ENABLED --output text
s3 sync s3://irsa-reports-ACCOUNT/2026 synced --no-progress
s3 sync synced s3://irsa-reports-ACCOUNT/2026 --no-progress
s3 mv s3://irsa-reports-ACCOUNT/2026/summary.csv s3://irsa-reports-ACCOUNT/copies/ --dryrun
s3 rm s3://irsa-reports-ACCOUNT/2026 --recursive --dryrun
s3 rm s3://irsa-reports-ACCOUNT/20 --recursive --dryrun
s3 cp s3://irsa-reports-ACCOUNT/nope . --no-progress
""".splitlines()
"""Run in this order by both, on the same world; what they change is the same for the other one."""
AGAIN = {"s3 mb s3://irsa-one-ACCOUNT": "s3 rb s3://irsa-one-ACCOUNT"}
"""What is undone before the other one does it."""


@pytest.mark.cli
@pytest.mark.skipif(not AWS_PYTHON.exists(), reason="no .venv-aws: `make setup` installs it")
def test_the_cli_prints_what_the_real_one_prints(simulation, world, run_pod, execute, tmp_path):
    admin = world.account.admin
    keys = {
        **{"AWS_ACCESS_KEY_ID": admin.access_key_id, "AWS_SECRET_ACCESS_KEY": admin.secret_access_key},
        **{"AWS_REGION": world.region, "AWS_DEFAULT_REGION": world.region},
    }
    lines = [line.replace("ACCOUNT", world.account_id).split(" ") for line in AS_THE_REAL_ONE]
    for make, undo in AGAIN.items():
        lines += [line.replace("ACCOUNT", world.account_id).split(" ") for line in (make, undo)]
    # (1) The real one, which prints times as its version 2.
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\ncli_timestamp_format = iso8601\n")
    real = subprocess.run(
        [str(AWS_PYTHON), str(ROOT / "tests" / "world" / "real_aws.py")],
        input=json.dumps(lines),
        cwd=tmp_path,
        env={
            **keys,
            "AWS_ENDPOINT_URL": simulation.aws_url,
            "HOME": str(tmp_path),
            "TZ": "UTC",
            "PATH": os.environ["PATH"],
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    # (2) That of a Pod.
    environment = [{"name": name, "value": value} for name, value in keys.items()]
    pod = run_pod(container={**CLI, "env": environment})
    for words, (status, printed) in zip(lines, json.loads(real.stdout), strict=True):
        world.usage.quota.take(-10)
        ours = execute(pod, "aws", *words)
        assert (without_time(ours.stdout), ours.exit_code in (0, 1)) == (without_time(printed), status in (0, 1)), words


def without_time(text):
    return re.sub(r"\d\d:\d\d:\d\d", "", text)


# (3) The network


def test_curl_reaches_the_metadata_service(world, run_pod, execute):
    pod = run_pod(container=MANY)
    base = "http://169.254.169.254/latest"
    done = execute(
        pod,
        "sh",
        "-c",
        f'token=$(curl -s -X PUT "{base}/api/%74oken?x" -H "X-aws-ec2-metadata-token-ttl-seconds: 60"); '
        f'curl -s -H "X-aws-ec2-metadata-token: $token" {base}/meta-data/iam/security-credentials/; echo; '
        f'curl -s -o /dev/null -w "%{{http_code}}\\n" -H "X-aws-ec2-metadata-token: wrong" {base}/meta-data/',
    )
    assert done.stdout == f"{world.node_role_name}\n401\n"
    asked = [each for each in world.log.exchanges() if each.callee == "instance-metadata"][-3:]
    assert {each.source for each in asked} == {pod["status"]["podIP"]}
    assert (asked[0].method, asked[0].response_body) == ("PUT", MASK), "whatever the URL looks like"
    world.account.node.kind = NodeKind.AL2023
    late = execute(
        pod, "curl", "-sS", "-X", "PUT", f"{base}/api/token", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60"
    )
    assert (late.exit_code, late.stderr[:11]) == (28, "curl: (28) ")


def test_curl_fails_sends_and_names_itself_as_curl_does(run_pod, execute):
    pod = run_pod(container=MANY)
    metadata = "http://169.254.169.254/latest/meta-data/"

    def curl(line):
        done = execute(pod, "sh", "-c", f"curl {line}")
        return done.stdout, done.exit_code, [it for it in done.stderr.splitlines() if it[:2] in ("> ", "cu")][:9]

    error = "curl: (22) The requested URL returned error: 401"
    wrong = f"-H 'X-aws-ec2-metadata-token: wrong' {metadata}"
    assert curl(f"-sSf -w '%{{http_code}}' {wrong}") == ("401", 22, [error])
    assert curl(f"-sf -o f -w '%{{http_code}}' {wrong}") == ("401", 22, [])
    _, _, sent = curl(f"-sv -d '' -H 'accept: text/plain' -H 'User-Agent:' -H 'X-Mine: 1' {metadata}")
    assert sent[0] == "> POST /latest/meta-data/ HTTP/1.1"
    assert sent[2:-1] == ["> Content-Type: application/x-www-form-urlencoded", "> accept: text/plain", "> X-Mine: 1"]
    assert curl(f"-sv -G -d '' {metadata}")[2][0].startswith("> GET ")


def test_curl_exchanges_the_token_at_sts(world, run_pod, execute):
    pod = run_pod(container={**MANY, "env": [{"name": "AWS_REGION", "value": world.region}]})
    tried = execute(pod, "sh", "-c", "curl -si -w '%{http_code}' https://sts.$AWS_REGION.amazonaws.com")
    assert tried.stdout.splitlines() == [
        *("HTTP/1.1 302 Found", "Location: https://aws.amazon.com/iam", "Content-Length: 0", "", "302"),
    ]
    done = execute(
        pod,
        "sh",
        "-c",
        "curl -s -G https://sts.$AWS_REGION.amazonaws.com/ -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 "
        "-d RoleSessionName=curl --data-urlencode RoleArn=$AWS_ROLE_ARN "
        "--data-urlencode WebIdentityToken@$AWS_WEB_IDENTITY_TOKEN_FILE | grep -o '<Arn>.*</Arn>'",
    )
    assert done.stdout == f"<Arn>arn:aws:sts::{world.account_id}:assumed-role/s3-reader/curl</Arn>\n", done.stderr


def test_what_curl_is_given_makes_one_request_at_its_own_world(world, run_pod, execute):
    pod = run_pod(container=MANY)
    api = "https://kubernetes.default.svc"
    second = f"x\r\n\r\nPOST /k8s/{world.path}/api HTTP/1.1\r\ncontent-length: 300"
    sent = execute(pod, "curl", "-skv", "-A", second, f"{api}/version")
    assert "gitVersion" in sent.stdout
    assert sent.stderr.splitlines()[2] == "> User-Agent: curl/8.3.0"
    beside = execute(pod, "curl", "-sk", f"{api}/../{world.path}/version")
    assert json.loads(beside.stdout)["code"] == 403
    # Two readers of such an address find two hosts in it.
    issuer = world.issuer.split("/")[2]
    elsewhere = execute(pod, "curl", "-skS", f"https://127.0.0.1\\@{issuer}/../k8s/{world.path}/version")
    assert (elsewhere.exit_code, elsewhere.stdout) == (3, "")


def test_curl_waits_for_the_answer_itself_and_for_no_body_after_head(world, run_pod, execute):
    pod = run_pod(container=MANY)
    review = "apis/authentication.k8s.io/v1/selfsubjectreviews"
    token = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"
    options = (
        f"-sk -o /dev/null -w '%{{http_code}}' -H 'content-type: application/json' -H \"Authorization: Bearer {token}\""
    )
    post = f"curl {options} -H 'Expect: 100-continue' -d '{{}}' https://kubernetes.default.svc/{review}"
    assert execute(pod, "sh", "-c", post).stdout == "201"
    head = execute(pod, "curl", "-skSI", f"{world.issuer}/keys")
    assert head.stdout.startswith("HTTP/1.1 200 OK\r\n"), head.stderr


def test_curl_takes_no_answer_without_end_and_leaves_the_connections_as_they_are(run_pod, execute, monkeypatch):
    pod = run_pod(container=MANY)
    monkeypatch.setattr(http_client, "ANSWER_LIMIT", 100)
    done = execute(pod, "curl", "-sSk", "https://kubernetes.default.svc/version")
    assert (done.stderr, done.exit_code) == ("curl: (63) Maximum file size exceeded\n", 63)
    monkeypatch.undo()
    token = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"
    options = f"-sk -w '%{{http_code}}' -o /dev/null -H 'Upgrade: SPDY/3.1' -H \"Authorization: Bearer {token}\""
    path = "api/v1/namespaces/default/pods/probe/exec?command=id&stdout=1"
    assert execute(pod, "sh", "-c", f"curl {options} 'https://kubernetes.default.svc/{path}'").stdout in ("400", "403")


def test_curl_says_in_its_own_words_that_no_answer_came_in_time(world, run_pod, execute, monkeypatch):
    async def waits(*_, **__):
        raise NetworkError("context deadline exceeded", kind="timeout")

    pod = run_pod(container=MANY)
    monkeypatch.setattr(world.network, "request", waits)
    done = execute(pod, "curl", "-sSk", "https://kubernetes.default.svc/api/v1/pods?watch=1")
    words = "curl: (28) Operation timed out after 5000 milliseconds with 0 bytes received\n"
    assert (done.stderr, done.exit_code) == (words, 28)


@pytest.mark.parametrize(
    ("line", "status", "printed", "said"),
    [
        ("-m 2 http://192.0.2.1", 28, "000 2.000000", ["(28) Connection timed out after 2000 milliseconds"]),
        ("-m 3 --connect-timeout 0.5 http://192.0.2.1", 28, "000 0.500000", ["(28) Connection timed out after 500 "]),
        ("http://192.0.2.1", 28, "000 5.000000", ["(28) Failed to connect to 192.0.2.1 port 80 after 5000 ms: "]),
        ("-m x http://192.0.2.1", 2, "", ["option -m: expected a proper numerical parameter", "try 'curl --help'"]),
        ("-w '%{url_effective}' http://[", 3, "http://[", ["(3) URL rejected: "]),
        ("--wibble", 2, "", ["option --wibble: is unknown", "try 'curl --help'"]),
        ("", 2, "", ["(2) no URL specified", "try 'curl --help'"]),
        ("-d @/no http://192.0.2.1", 26, "", ["Failed to open /no", "option -d: error encountered when", "try 'curl"]),
    ],
)
def test_curl_takes_the_time_that_it_is_given_and_says_what_the_real_one_says(
    run_pod, execute, line, status, printed, said
):
    done = execute(run_pod(container=MANY), "sh", "-c", f"curl -sS -w '%{{http_code}} %{{time_total}}' {line}")
    assert (done.exit_code, done.stdout) == (status, printed)
    errors = done.stderr.splitlines()
    assert len(errors) == len(said)
    assert all(error.startswith(f"curl: {each}") for error, each in zip(errors, said, strict=True))


def test_curl_follows_a_redirect_and_shows_what_it_sent(world, run_pod, execute):
    pod = run_pod(container=MANY)
    form = "%{num_redirects} %{url_effective} %{nope}%%|"
    sts = f"https://sts.{world.region}.amazonaws.com"
    done = execute(pod, "curl", "-svL", "-w", form, "-H", "Authorization: x", sts)
    assert (done.exit_code, done.stdout) == (6, "1 https://aws.amazon.com/iam %|")
    assert [line for line in done.stderr.splitlines() if line[0] in ">*c"] == [
        *("> GET / HTTP/1.1", f"> Host: {sts[8:]}", "> User-Agent: curl/8.3.0", "> Accept: */*", "> Authorization: x"),
        *("> ", "* Could not resolve host: aws.amazon.com", "* Closing connection"),
        "curl: unknown --write-out variable: 'nope' (in this simulated image's curl)",
    ]


def test_curl_reaches_the_issuer_and_the_api_server_and_nothing_else(world, run_pod, execute):
    pod = run_pod(container=MANY)
    account = "/var/run/secrets/kubernetes.io/serviceaccount"

    def curl(*words):
        return execute(pod, "sh", "-c", " ".join(["curl -sS", *words]))

    assert json.loads(curl(f"{world.issuer}/.well-known/openid-configuration").stdout)["issuer"] == world.issuer
    whole = f"--cacert {account}/ca.crt https://kubernetes.default.svc/version"
    assert "gitVersion" in curl(whole).stdout
    refused = curl(f'-k -H "Authorization: Bearer $(cat {account}/token)" https://kubernetes.default.svc/api/v1/pods')
    assert json.loads(refused.stdout)["code"] == 403
    for words, code in (
        ("https://kubernetes.default.svc/version", 60),
        ("https://example.com/", 6),
        ("http://127.0.0.1/", 7),
        ("localhost:8080", 7),
        ("-sSL https://sts.us-east-1.amazonaws.com", 6),
        ("http://169.254.169.254:22/", 28),
        ("file:///etc/passwd", 1),
        ("-H 'X: a\rb' -X 'GET / HTTP/1.1' https://example.com/", 3),
    ):
        assert curl(words).exit_code == code, words


# (4) Files


def test_the_files_that_the_kubelet_the_runtime_and_the_image_give_a_container(world, run_pod, execute):
    aliases = [{"ip": "192.0.2.7", "hostnames": ["a.test", "b.test"]}]
    config = {"nameservers": ["192.0.2.53"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}
    spec = {"hostname": "web", "subdomain": "shop", "hostAliases": aliases, "dnsConfig": config}
    pod = run_pod(container=CLI, spec=spec)
    hosts = execute(pod, "cat", "/etc/hosts").stdout.splitlines()
    assert hosts[:2] == ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost"]
    assert hosts[-4:] == [
        f"{pod['status']['podIP']}\tweb.shop.default.svc.cluster.local\tweb",
        *("", "# Entries added by HostAliases.", "192.0.2.7\ta.test\tb.test"),
    ]
    assert execute(pod, "cat", "/etc/resolv.conf").stdout == (
        f"search default.svc.cluster.local svc.cluster.local cluster.local {world.region}.compute.internal\n"
        "nameserver 10.100.0.10\nnameserver 192.0.2.53\noptions ndots:2 edns0\n"
    )
    assert execute(pod, "sh", "-c", ". /etc/os-release; echo $ID $VERSION_ID; cat /etc/hostname").stdout == (
        "amzn 2023\nweb\n"
    )
    written = execute(pod, "sh", "-c", "echo 192.0.2.8 c.test >> /etc/hosts; tail -n 2 /etc/hosts; id -un").stdout
    assert written == "192.0.2.7\ta.test\tb.test\n192.0.2.8 c.test\nroot\n"


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["192.0.2.53"]}}, ["nameserver 192.0.2.53"]),
        ({"dnsPolicy": "Default"}, ["search {domain}", "nameserver 192.168.0.2"]),
        ({"hostNetwork": True}, ["search {domain}", "nameserver 192.168.0.2"]),
    ],
)
def test_the_name_server_is_that_of_the_dns_policy(world, run_pod, execute, spec, lines):
    pod = run_pod(spec=spec)
    domain = f"{world.region}.compute.internal"
    assert execute(pod, "cat", "/etc/resolv.conf").stdout.splitlines() == [it.format(domain=domain) for it in lines]
    assert ("(host network)" in execute(pod, "cat", "/etc/hosts").stdout) is ("hostNetwork" in spec)


def test_an_empty_dir_is_shared_and_survives_its_containers(world, run_pod, execute):
    mounted = {"name": "shared", "mountPath": "/data"}
    reader = {
        "name": "b",
        "image": "busybox",
        "command": ["sleep", "infinity"],
        "volumeMounts": [{**mounted, "mountPath": "/in"}],
    }
    first = {"name": "init", "image": "busybox", "volumeMounts": [mounted]}
    pod = run_pod(
        spec={
            "volumes": [{"name": "shared", "emptyDir": {}}],
            "initContainers": [{**first, "command": ["sh", "-c", "mkdir /data/d; echo made > /data/d/f"]}],
            "containers": [
                {"name": "a", "image": "busybox", "command": ["sleep", "infinity"], "volumeMounts": [mounted]},
                reader,
            ],
        }
    )
    assert execute(pod, "cat", "/data/d/f").stdout == "made\n"
    execute(pod, "sh", "-c", "echo more >> /data/d/f")
    worker = world.kubelet._workers[pod["metadata"]["uid"]]
    assert worker.inside._created["b"].files.read("/in/d/f") == b"made\nmore\n"


def test_what_may_not_be_written(run_pod, execute):
    pod = run_pod(container={**CLI, "securityContext": {"readOnlyRootFilesystem": True}})
    done = execute(
        pod, "sh", "-c", f"echo x > /tmp/f; echo x > {TOKEN_FILE}; rm {TOKEN_FILE}; cat {TOKEN_FILE} | wc -l"
    )
    assert done.stderr.count("Read-only file system") == 3
    assert done.stdout == "0\n"


def test_a_world_that_comes_back_has_what_was_written(simulation, world, run_pod, execute):
    pod = run_pod(container=CLI)
    execute(pod, "sh", "-c", "echo kept > /tmp/f")
    saved = simulation.save(world)
    execute(pod, "sh", "-c", "echo lost > /tmp/f; rm -r /tmp/f")
    simulation.restore(world, saved)
    assert execute(pod, "cat", "/tmp/f").stdout == "kept\n"
