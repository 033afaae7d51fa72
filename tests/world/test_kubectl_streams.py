"""The real kubectl's streams: exec and attach with input and a terminal, cp, logs by time, and clear refusals."""

import json

import pytest

from tests.world.kubectl import KUBECTL, Kubectl

pytestmark = [
    pytest.mark.one_world,
    pytest.mark.cli,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH"),
]
POD_AFTER = "/api/v1/namespaces/default/pods/pod-after"
SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture(scope="module")
def kubectl(simulation, tmp_path_factory):
    world = simulation.world("kubectl-streams")
    kubectl = Kubectl(simulation, world, tmp_path_factory.mktemp("kubectl"))
    kubectl("run", "keep", "--image=busybox", "--command", "--", "sleep", "3600")
    kubectl("run", "reads", "--image=busybox", "-i", "--attach=false", "--stdin", "--command", "--", "cat")
    kubectl("wait", "--for=condition=Ready", "pod/keep", "pod/reads", "--timeout=20s")
    yield kubectl
    simulation.store.discard("kubectl-streams")


@pytest.mark.parametrize("websockets", ["true", "false"], ids=["websocket", "spdy"])
def test_a_command_reads_its_input_to_the_end(kubectl, websockets):
    carried_by = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": websockets}
    assert kubectl("exec", "-i", "keep", "--", "cat", given="one\ntwo" * 20_000, **carried_by) == "one\ntwo" * 20_000
    assert kubectl("exec", "keep", "--", "cat", **carried_by) == ""
    failed = kubectl.run("exec", "keep", "--", "cat", "/ghost", **carried_by)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "No such file or directory" in failed.stderr
    assert 'pods "ghost" not found' in kubectl("exec", "ghost", "--", "env", status=1, **carried_by)


def test_a_terminal_echoes_edits_and_shows_errors_on_the_one_channel(kubectl):
    status, shown = kubectl.typed(
        ["exec", "-it", "keep", "--", "cat"], [(b"", b"helo\x7flo\r"), (b"lo\r\nhello\r\n", b"\x04")]
    )
    assert (status, shown) == (0, b"helo\b \blo\r\nhello\r\n")
    status, shown = kubectl.typed(["exec", "-it", "keep", "--", "cat", "/ghost"], [])
    assert (status, shown.splitlines()[0]) == (1, b"cat: can't open '/ghost': No such file or directory")


def test_ctrl_c_ends_the_command_and_not_the_pod(kubectl):
    status, shown = kubectl.typed(["exec", "-it", "keep", "--", "cat"], [(b"", b"x\r"), (b"x\r\nx", b"\x03")])
    assert status == 130
    assert b"^C" in shown
    assert kubectl("exec", "keep", "--", "printenv", "HOME") == "/root\n"


@pytest.mark.parametrize("number", range(2))
def test_run_shows_all_that_a_quick_program_prints(kubectl, number):
    shown = kubectl(
        "run", f"quick-{number}", "--rm", "-i", "--image=busybox", "--restart=Never", "--command", "--", "env"
    )
    assert f"HOSTNAME=quick-{number}\n" in shown


def test_attach_gives_and_takes_until_the_process_has_read_all(kubectl):
    assert kubectl("attach", "-i", "reads", given="first\nsecond\n") == "first\nsecond\n"
    assert kubectl("logs", "reads") == "first\nsecond\n"


ROLE, TOKEN = "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"


def test_debug_looks_into_a_pod_without_a_shell_and_has_no_role_of_its_own(kubectl):
    """The webhook edits no ephemeral container, so the SDK in one gets the node's role unless it is given the token."""
    spec = '{"spec":{"serviceAccountName":"my-sa"}}'
    kubectl("run", "bare", "--image=gcr.io/distroless/static", f"--overrides={spec}")
    kubectl("wait", "--for=condition=Ready", "pod/bare", "--timeout=20s")
    debug = ("debug", "bare", "-i", "--profile=general", "--image=amazon/aws-cli", "--target=bare")
    assert "No such file" in kubectl(*debug, "--", "ls", "/var/run/secrets/eks.amazonaws.com")
    variables = kubectl(
        *debug, "--", "sh", "-c", "env | grep -c AWS_; cat /proc/1/environ | tr '\\0' '\\n'"
    ).splitlines()
    assert "0" in variables
    [role, path] = (line.partition("=")[2] for name in (ROLE, TOKEN) for line in variables if line.startswith(name))
    assert "NodeInstanceRole" in kubectl(
        *debug, "--env=AWS_REGION=us-east-1", "--", "aws", "sts", "get-caller-identity"
    )
    given = (f"--env={ROLE}={role}", f"--env={TOKEN}=/proc/1/root{path}", "--env=AWS_REGION=us-east-1")
    assert "assumed-role/s3-reader/" in kubectl(*debug, *given, "--", "aws", "sts", "get-caller-identity")
    assert (
        kubectl("get", "pod", "bare", "-o", "jsonpath={.status.ephemeralContainerStatuses[*].ready}").split()
        == ["false"] * 4
    )


def test_debug_opens_a_shell_that_ends_for_good(kubectl):
    status, shown = kubectl.typed(
        ["debug", "-it", "keep", "-c", "shell", "--image=busybox", "--target=keep"],
        [(b"# ", b"cat /proc/1/root/etc/hostname; echo mark > /proc/1/root/tmp/f\r"), (b"keep\r\n", b"exit\r")],
    )
    assert status == 0, shown
    assert kubectl("exec", "keep", "--", "cat", "/tmp/f") == "mark\n"
    state = "jsonpath={.status.ephemeralContainerStatuses[0]}"
    ended = json.loads(kubectl("get", "pod", "keep", "-o", state))
    assert (ended["state"]["terminated"]["exitCode"], ended["restartCount"], "started" in ended) == (0, 0, False)


def test_cp_out_of_a_container(kubectl):
    kubectl("cp", f"keep:{SECRETS}/..data/namespace", "namespace")
    assert (kubectl.directory / "namespace").read_text() == "default"
    # As `cp` runs it, which ends at the end of the archive, and may do so before it has shown what tar said.
    missing = kubectl.run("exec", "keep", "--", "tar", "cf", "-", "/ghost")
    assert "tar: /ghost: Cannot stat: No such file or directory" in missing.stderr
    assert missing.returncode == 2


def test_logs_by_time(kubectl):
    whole = kubectl("logs", "pod-after")
    stamped = kubectl("logs", "pod-after", "--timestamps").splitlines()
    assert [line.partition(" ")[2] for line in stamped] == whole.splitlines()
    assert all(line.partition(" ")[0].endswith("000Z") for line in stamped)
    assert kubectl("logs", "pod-after", "--since=1h", "--tail=1", "-f").splitlines() == whole.splitlines()[-1:]
    assert kubectl("logs", "pod-after", f"--since-time={stamped[0].partition(' ')[0]}") == whole
    assert kubectl("logs", "pod-after", "--since-time=2999-01-01T00:00:00Z") == ""
    assert "at most one of" in kubectl(
        "get", "--raw", f"{kubectl.path}{POD_AFTER}/log?sinceSeconds=1&sinceTime=2999-01-01T00:00:00Z", status=1
    )


def test_logs_of_the_process_before(kubectl):
    kubectl("run", "crash", "--image=busybox", "--command", "--", "cat", "/ghost")
    kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff", "pod/crash")
    assert kubectl("logs", "crash", "--previous") == kubectl("logs", "crash") != ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["top", "pods"], "error: Metrics API not available\n"),
        (["top", "nodes"], "error: Metrics API not available\n"),
        (["port-forward", "pod/keep", "8080:80"], "this simulated API server forwards no ports"),
        (["debug", "keep", "--image=busybox", "--target=no"], 'targetContainerName: Not found: "no"'),
        (
            ["debug", "keep", "--image=busybox", "--copy-to=copy"],
            "this simulated API server reads a Pod in JSON or YAML, not in protobuf, which kubectl debug sends",
        ),
        (["create", "quota", "q", "--hard=pods=1"], "(this simulated API server has no resourcequotas.v1)"),
        (
            ["exec", "keep", "--", "nope"],
            "error: Internal error occurred: error executing command in container: failed",
        ),
        (["exec", "-it", "keep", "--", "nope"], 'exec: "nope": executable file not found in $PATH: unknown (nope is'),
        (["logs", "keep", "--previous"], 'previous terminated container "keep" in pod "keep" not found'),
    ],
)
def test_what_is_refused_says_so(kubectl, words, said):
    done = kubectl.run(*words)
    assert said in done.stderr
    assert done.returncode != 0
