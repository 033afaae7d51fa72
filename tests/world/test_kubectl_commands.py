"""What learners type, line by line, with the real kubectl in one world: each line leads to the next.

A line is a command and what its output has to contain; `!` before it says that it fails. Expectations are kubectl's own
words, as it says them to a real API server.
"""

import shlex

import pytest

from tests.waiting import eventually
from tests.world.kubectl import KUBECTL, Kubectl

pytestmark = [pytest.mark.cli, pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH")]

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: reader}
spec:
  replicas: 2
  selector: {matchLabels: {app: reader}}
  template:
    metadata: {labels: {app: reader}}
    spec:
      serviceAccountName: my-sa
      containers: [{name: app, image: amazon/aws-cli, command: [sleep, infinity]}]
"""
LINES = {
    "nodes and what is there": """
        get nodes | Ready    <none>
        get nodes -o wide | Amazon Linux 2023
        describe node | Non-terminated Pods:
        get all | service/kubernetes   ClusterIP   10.100.0.1
        get pods -A -o wide | NOMINATED NODE
        get pods --sort-by=.metadata.creationTimestamp | pod-after
        get pods --field-selector=status.phase=Succeeded | pod-after
        get pods --show-labels | <none>
        get events --sort-by=.lastTimestamp | Successfully assigned default/pod-after
        get svc kubernetes -o jsonpath={.spec.clusterIP} | 10.100.0.1
        api-resources --api-group=apps | deployments           deploy       apps/v1      true         Deployment
        api-versions | rbac.authorization.k8s.io/v1
        auth can-i --list | *.*
        cluster-info | Kubernetes control plane
        ! get deploy ghost | deployments.apps "ghost" not found
        ! get nonsense | the server doesn't have a resource type "nonsense"
        ! top nodes | Metrics API not available
    """,
    "explain": """
        explain pod.spec.serviceAccountName | FIELD: serviceAccountName <string>
        explain deployment.spec.strategy | rollingUpdate\t<RollingUpdateDeployment>
        explain serviceaccount | An identity for processes in Pods.
        explain pod --recursive | serviceAccountName\t<string>
        explain deploy.spec --output=plaintext-openapiv2 | How old Pods are replaced by new ones.
        ! explain pod.spec.nope | field "nope" does not exist
    """,
    "a Deployment": """
        create deployment web --image=nginx --replicas=2 | deployment.apps/web created
        rollout status deploy/web --timeout=30s | successfully rolled out
        get deploy web | 2/2     2            2
        get rs -l app=web | 2         2         2
        describe deploy web | NewReplicaSet:   web-
        set image deploy/web nginx=nginx:1.27 | deployment.apps/web image updated
        rollout status deploy/web --timeout=30s | successfully rolled out
        rollout history deploy/web | 2         <none>
        rollout history deploy/web --revision=2 | nginx:1.27
        rollout undo deploy/web | deployment.apps/web rolled back
        rollout status deploy/web --timeout=30s | successfully rolled out
        get deploy web -o jsonpath={..image} | nginx
        rollout restart deploy/web | deployment.apps/web restarted
        rollout status deploy/web --timeout=30s | successfully rolled out
        rollout pause deploy/web | deployment.apps/web paused
        ! rollout restart deploy/web | can't restart paused deployment
        rollout resume deploy/web | deployment.apps/web resumed
        scale deploy/web --replicas=3 | deployment.apps/web scaled
        wait deploy/web --for=jsonpath={.status.readyReplicas}=3 --timeout=30s | condition met
        ! scale deploy/web --replicas=1 --current-replicas=7 | Expected replicas to be 7, was 3
        set env deploy/web A=b | deployment.apps/web env updated
        set serviceaccount deploy/web my-sa | deployment.apps/web serviceaccount updated
        rollout status deploy/web --timeout=30s | successfully rolled out
        expose deploy web --port=80 | service/web exposed
        get svc web | ClusterIP
        describe svc web | TargetPort:               80/TCP
        logs deploy/web |
        exec deploy/web -- printenv A | b
        label deploy web a=b | deployment.apps/web labeled
        annotate deploy web a=b | deployment.apps/web annotated
        patch deploy web -p {"spec":{"replicas":1}} | deployment.apps/web patched
        delete deploy web --cascade=foreground | deployment.apps "web" deleted
        get pods -l app=web | No resources found
        delete svc web | service "web" deleted
    """,
    "a file": """
        apply -f reader.yaml | deployment.apps/reader created
        apply -f reader.yaml | deployment.apps/reader unchanged
        diff -f reader.yaml |
        rollout status -f reader.yaml --timeout=30s | successfully rolled out
        get -f reader.yaml -o yaml | serviceAccountName: my-sa
        apply --server-side --force-conflicts -f reader.yaml | serverside-applied
        replace -f reader.yaml | deployment.apps/reader replaced
        ! create -f reader.yaml | already exists
        ! apply -f pode.yaml | no matches for kind "Pode" in version "v1"
        ! apply -f typo.yaml | unknown field "spec.replica"
        delete -f reader.yaml | deployment.apps "reader" deleted
    """,
    "Jobs": """
        create job once --image=busybox -- env | job.batch/once created
        wait --for=condition=complete job/once --timeout=30s | condition met
        logs job/once | HOSTNAME=once-
        get jobs | 1/1
        describe job once | Job completed
        delete job once | job.batch "once" deleted
        get cronjobs | No resources found in default namespace.
    """,
    "permissions": """
        create role reads --verb=get,list,watch --resource=pods | role.rbac.authorization.k8s.io/reads created
        create rolebinding reads --role=reads --serviceaccount=default:my-sa | rolebinding.rbac
        auth can-i list pods --as=system:serviceaccount:default:my-sa | yes
        ! auth can-i delete pods --as=system:serviceaccount:default:my-sa | no
        get pods --as=system:serviceaccount:default:my-sa | pod-after
        ! get secrets --as=system:serviceaccount:default:my-sa | cannot list resource "secrets"
        describe rolebinding reads | ServiceAccount  my-sa  default
        create clusterrolebinding views --clusterrole=view --serviceaccount=default:my-sa | created
        get deploy -n kube-system --as=system:serviceaccount:default:my-sa | No resources found
        create clusterrole all --aggregation-rule=a=b -o jsonpath={.aggregationRule} | [{"matchLabels":{"a":"b"}}]
        get clusterroles | cluster-admin
        create token my-sa --duration=10m | ey
    """,
    "a mistyped image": """
        run typo --image=amazon/aws-clii --restart=Never --command -- sleep infinity | pod/typo created
        wait pod/typo --for=jsonpath={.status..waiting.reason}=ImagePullBackOff --timeout=30s | condition met
        get pod typo | ImagePullBackOff
        describe pod typo | pull access denied, repository does not exist
        set image pod/typo typo=amazon/aws-cli | pod/typo image updated
        wait pod/typo --for=condition=Ready --timeout=30s | condition met
        set image pod/typo typo=amazon/aws-cli:2.15.0 | pod/typo image updated
        wait pod/typo --for=jsonpath={.status..restartCount}=1 --timeout=30s | condition met
        delete pod typo | pod "typo" deleted
    """,
}


@pytest.fixture(scope="module")
def kubectl(simulation, tmp_path_factory):
    world = simulation.world("kubectl-commands")
    kubectl = Kubectl(simulation, world, tmp_path_factory.mktemp("kubectl"))
    (kubectl.directory / "reader.yaml").write_text(DEPLOYMENT)
    (kubectl.directory / "pode.yaml").write_text("apiVersion: v1\nkind: Pode\nmetadata: {name: x}\n")
    (kubectl.directory / "typo.yaml").write_text(DEPLOYMENT.replace("replicas", "replica"))
    yield kubectl
    simulation.store.discard("kubectl-commands")


# Jobs and permissions are tried without kubectl as well (test_workloads.py), a mistyped image too (test_images.py), and
# files by kubectl itself (test_kubectl.py).
LARGE = ("Jobs", "permissions", "a mistyped image", "a file")


@pytest.mark.parametrize(
    "topic", [pytest.param(topic, marks=[pytest.mark.large] if topic in LARGE else []) for topic in LINES]
)
def test_what_learners_type(kubectl, topic):
    for line in LINES[topic].strip().splitlines():
        command, _, expected = line.strip().partition(" |")
        fails = command.startswith("! ")
        done = kubectl.run(*shlex.split(command.removeprefix("! "), posix="{" not in command))
        shown = done.stdout + done.stderr
        assert (done.returncode != 0, expected.strip() in shown) == (fails, True), f"{line.strip()}\n{shown}"


def test_describe_has_events_in_the_order_in_which_they_came(kubectl):
    kubectl("run", "ordered", "--image=busybox", "--command", "--", "sleep", "3600")
    kubectl("wait", "pod/ordered", "--for=condition=Ready", "--timeout=30s")
    events = kubectl("describe", "pod", "ordered").partition("Events:")[2].splitlines()[3:]
    assert [line.split()[1] for line in events] == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]


def test_a_watch_sees_a_rollout(kubectl):
    kubectl("create", "deployment", "seen", "--image=nginx")
    eventually(lambda: "1/1" in kubectl("get", "deploy", "seen"))
    listed = kubectl("get", "pods", "-l", "app=seen", "--watch", "--request-timeout=1s", "-o", "name", status=0)
    assert listed.startswith("pod/seen-")
