"""The exercise from a terminal: the block of the page, then the real kubectl and aws, in a reader's own way."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.flow.build.plan import plan
from app.flow.build.tasks import TASKS, TaskId
from app.world.setup import building
from app.world.setup.tool_files import terminal_block
from tests.aws_cli import version_2
from tests.world.test_build import Exercise

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(not (shutil.which("kubectl") and shutil.which("bash")), reason="no kubectl or bash"),
]
ISSUER = "kubectl get --raw /.well-known/openid-configuration | grep -o 'https://oidc[^\"]*' | head -1"


class Terminal(Exercise):
    """A shell into which the block was pasted."""

    def __init__(self, simulation, world, home, aws):
        super().__init__(simulation, world)
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "KUBE"))}
        # What a developer's own shell may have, and what must not take part.
        self.environment = {
            **inherited,
            "HOME": str(home),
            "TMPDIR": str(home),
            "PATH": f"{aws}:{os.environ['PATH']}",
            "AWS_PROFILE": "production",
            "AWS_SESSION_TOKEN": "another",
            "AWS_PAGER": "",
            "no_proxy": "127.0.0.1",
        }

    def type(self, *lines):
        script = "\n".join(("set -e", terminal_block(self.simulation, self.world, "posix"), *lines))
        done = subprocess.run(
            ["bash", "-c", script],
            env=self.environment,
            cwd=self.environment["HOME"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.large)])
def aws(request):
    """The folder of the AWS CLI of each version; `test_learner_commands` runs the second one in `make test`."""
    if request.param == 1:
        return request.getfixturevalue("aws_on_path")
    return Path(version_2() or pytest.skip("no AWS CLI v2")).parent


@pytest.fixture
def terminal(simulation, tmp_path, aws):
    yield Terminal(simulation, simulation.world("terminal", start="empty"), tmp_path, aws)
    simulation.store.discard("terminal")


def test_the_commands_of_the_page_do_each_task(terminal):
    _do_each(terminal)


@pytest.mark.large
def test_they_do_each_task_again_in_a_new_world(terminal):
    _do_each(terminal)
    terminal.world = terminal.simulation.reset("terminal", start="empty")
    _do_each(terminal)


def _do_each(terminal):
    done = []
    for task in TASKS:
        [found] = [it for it in terminal.look() if it.task.id is task.id]
        acts = plan(found, building.place(terminal.world))
        terminal.type(*(act.command for act in acts))
        done.append(task.id)
        assert terminal.done() == done
    # What the buttons do afterwards is the same again.
    assert "AWS_ROLE_ARN=" in terminal.type("kubectl exec look-inside -- env")


@pytest.mark.large
def test_other_names_in_another_order_by_other_means(terminal):
    # (1) The Pod and its ServiceAccount first, in a namespace of their own, by manifests.
    terminal.type(
        "kubectl create namespace team",
        "kubectl apply -f - <<'EOF'\n"
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader, namespace: team}\nEOF",
    )
    assert terminal.done() == []
    assert terminal.world.chain.service_account == "reader"
    # (2) A role with a path and an inline policy, before there is a provider; the annotation by a patch.
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",'
        '"Principal":{"Federated":"arn:aws:iam::$ACCOUNT:oidc-provider/$HOST"},"Condition":{"StringEquals":'
        '{"$HOST:sub":"system:serviceaccount:team:reader","$HOST:aud":"sts.amazonaws.com"}}}]}'
    )
    lists = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}'
    terminal.type(
        "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)",
        f"ISSUER=$({ISSUER}); HOST=${{ISSUER#https://}}",
        f'cat > "$HOME/trust.json" <<EOF\n{trust}\nEOF',
        'aws iam create-role --path /teams/ --role-name bucket-lister --assume-role-policy-document "file://$HOME/trust.json"',
        f"aws iam put-role-policy --role-name bucket-lister --policy-name list --policy-document '{lists}'",
        "kubectl -n team patch serviceaccount reader --type merge -p"
        ' "{\\"metadata\\":{\\"annotations\\":{\\"eks.amazonaws.com/role-arn\\":'
        '\\"arn:aws:iam::$ACCOUNT:role/teams/bucket-lister\\"}}}"',
    )
    assert set(terminal.done()) == {TaskId.ISSUER, TaskId.ROLE, TaskId.SERVICE_ACCOUNT}
    # (3) A Pod that comes too early: it is edited, and refused by STS.
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: lister, namespace: team}\nspec:\n  restartPolicy: Never\n"
        "  serviceAccountName: reader\n"
        "  containers: [{name: main, image: 'amazon/aws-cli:latest', args: [s3, ls]}]"
    )
    wait = "kubectl -n team wait pod/lister --for=jsonpath='{.status.phase}'"
    terminal.type(f"kubectl create -f - <<'EOF'\n{pod}\nEOF", f"{wait}=Failed", "kubectl -n team logs lister")
    assert TaskId.POD_AFTER in terminal.done()
    assert terminal.goals(TaskId.BUCKETS)["sts.credentials"] is False
    # (4) The provider, and the Pod once more.
    terminal.type(
        f"ISSUER=$({ISSUER})",
        'aws iam create-open-id-connect-provider --url "$ISSUER" --client-id-list sts.amazonaws.com',
        "kubectl -n team delete pod lister",
        f"kubectl create -f - <<'EOF'\n{pod}\nEOF",
        f"{wait}=Succeeded",
        "kubectl -n team logs lister",
    )
    left = {TaskId.LOOK_AROUND, TaskId.LOOK_INSIDE, TaskId.BY_HAND}
    assert {it.task.id for it in terminal.look() if not it.done} == left
    # (5) Inside another Pod, and by hand.
    terminal.type(
        'kubectl -n team run sleeper --image=busybox --overrides=\'{"spec":{"serviceAccountName":"reader"}}\''
        " --command -- sleep 1d",
        "kubectl -n team wait pod/sleeper --for=condition=Ready",
        "kubectl -n team exec sleeper -- printenv",
        "kubectl -n team exec sleeper -- cat /var/run/secrets/eks.amazonaws.com/serviceaccount/token > $HOME/token",
        "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)",
        "aws sts assume-role-with-web-identity --role-session-name me --web-identity-token file://$HOME/token"
        " --role-arn arn:aws:iam::$ACCOUNT:role/teams/bucket-lister",
        "kubectl run without --image=amazon/aws-cli --restart=Never -- s3 ls",
        "kubectl wait pod/without --for=jsonpath='{.status.phase}'=Failed",
        "kubectl logs without",
    )
    assert terminal.done() == [task.id for task in TASKS]
    assert terminal.world.chain.pod == "lister"
