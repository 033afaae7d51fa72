"""The real kubectl, unchanged, against the simulated API server."""

import json
import subprocess

import pytest

from tests.world.kubectl import KUBECTL, Kubectl

pytestmark = [
    pytest.mark.one_world,
    pytest.mark.cli,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH"),
]


@pytest.fixture
def kubectl(simulation, world, tmp_path):
    return Kubectl(simulation, world, tmp_path)


POD = """
apiVersion: v1
kind: Pod
metadata: {name: x}
spec:
  serviceAccountName: my-sa
  containers: [{name: app, image: busybox, command: [sleep, "3600"]}]
"""


def rows(table):
    return [line.split() for line in table.splitlines()]


def test_version_and_resources(kubectl):
    assert "Server Version: v1.33.5-eks-irsa-explorer" in kubectl("version")
    named = {row[0] for row in rows(kubectl("api-resources"))}
    assert {"serviceaccounts", "pods", "mutatingwebhookconfigurations"} <= named


def test_get_in_every_form(kubectl):
    assert [row[:4] for row in rows(kubectl("get", "pods"))] == [
        ["NAME", "READY", "STATUS", "RESTARTS"],
        ["pod-after", "0/1", "Completed", "0"],
        ["pod-before", "0/1", "Error", "0"],
    ]
    assert "NAMESPACE" in kubectl("get", "sa", "-A")
    assert "NODE" in kubectl("get", "pods", "-o", "wide")
    assert "eks.amazonaws.com/role-arn: arn:aws:iam::" in kubectl("get", "sa", "my-sa", "-o", "yaml")
    assert json.loads(kubectl("get", "ns", "default", "-o", "json"))["status"] == {"phase": "Active"}
    names = "jsonpath={.items[*].metadata.name}"
    assert kubectl("get", "sa", "-o", names) == "default my-sa"
    assert kubectl("get", "pods", "-l", "a=b", "-o", "name") == ""
    assert 'pods "ghost" not found' in kubectl("get", "pod", "ghost", status=1)
    assert rows(kubectl("get", "mutatingwebhookconfigurations"))[1][:2] == ["pod-identity-webhook", "1"]
    assert "Scheduled" in kubectl("get", "events")


def test_describe(kubectl):
    pod = kubectl("describe", "pod", "pod-after")
    assert "AWS_WEB_IDENTITY_TOKEN_FILE:" in pod
    assert "Successfully assigned default/pod-after" in pod
    assert "eks.amazonaws.com/role-arn" in kubectl("describe", "sa", "my-sa")


def test_create_with_typed_commands(kubectl):
    """These send protobuf."""
    assert kubectl("create", "ns", "team") == "namespace/team created\n"
    assert kubectl("create", "sa", "x", "-n", "team") == "serviceaccount/x created\n"
    assert kubectl("create", "cm", "c", "--from-literal=a=b") == "configmap/c created\n"
    assert kubectl("create", "secret", "generic", "s", "--from-literal=a=b") == "secret/s created\n"
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.a}") == "Yg=="
    assert kubectl("create", "token", "x", "-n", "team").count(".") == 2
    assert (
        kubectl("create", "token", "my-sa", "--bound-object-kind=Pod", "--bound-object-name=pod-after").count(".") == 2
    )
    request = json.loads(kubectl("create", "token", "my-sa", "--audience=a", "--duration=10m", "-o", "json"))
    assert request["spec"] == {"audiences": ["a"], "expirationSeconds": 600, "boundObjectRef": None}
    assert "may not specify a duration less than 10 minutes" in kubectl(
        "create", "token", "my-sa", "--duration=1m", status=1
    )
    kubectl("create", "service", "clusterip", "web", "--tcp=80:8080")
    port = {"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080}
    assert json.loads(kubectl("get", "svc", "web", "-o", "jsonpath={.spec.ports}")) == [port]
    assert "already exists" in kubectl("create", "ns", "team", status=1)
    assert kubectl("delete", "ns", "team") == 'namespace "team" deleted\n'


def test_create_what_no_controller_acts_upon_with_typed_commands(kubectl):
    """These send protobuf, too."""

    def spec(name):
        return json.loads(kubectl("get", name, "-o", "jsonpath={.spec}"))

    kubectl("create", "deployment", "web", "--image=nginx")
    autoscaled = kubectl("autoscale", "deployment", "web", "--min=2", "--max=3", "--cpu-percent=70")
    assert autoscaled == "horizontalpodautoscaler.autoscaling/web autoscaled\n"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    bounds = {"minReplicas": 2, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}
    assert spec("hpa/web") == {"scaleTargetRef": target, **bounds}

    kubectl("create", "cronjob", "tick", "--image=busybox", "--schedule=*/5 * * * *", "--restart=Never", "--", "date")
    assert spec("cronjob/tick")["schedule"] == "*/5 * * * *"
    template = spec("cronjob/tick")["jobTemplate"]["spec"]["template"]
    assert template["spec"]["containers"] == [{"command": ["date"], "image": "busybox", "name": "tick"}]

    rule = "--rule=a.example.com/b*=web:http,tls=key"
    kubectl("create", "ingress", "door", rule, "--class=alb", "--default-backend=web:80")
    path = {"path": "/b", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"name": "http"}}}}
    assert spec("ingress/door") == {
        "ingressClassName": "alb",
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
        "rules": [{"host": "a.example.com", "http": {"paths": [path]}}],
        "tls": [{"hosts": ["a.example.com"], "secretName": "key"}],
    }


def test_annotate_label_patch(kubectl):
    assert kubectl("annotate", "sa", "my-sa", "a=b") == "serviceaccount/my-sa annotated\n"
    assert kubectl("annotate", "sa", "my-sa", "eks.amazonaws.com/role-arn-") == "serviceaccount/my-sa annotated\n"
    assert "eks.amazonaws.com" not in kubectl("get", "sa", "my-sa", "-o", "yaml")
    assert kubectl("label", "sa", "my-sa", "a=b") == "serviceaccount/my-sa labeled\n"
    for kind, patch in (
        ("strategic", '{"metadata":{"labels":{"a":"1"}}}'),
        ("merge", '{"metadata":{"labels":{"a":"2"}}}'),
        ("json", '[{"op":"replace","path":"/metadata/labels/a","value":"3"}]'),
    ):
        assert kubectl("patch", "sa", "my-sa", "--type", kind, "-p", patch) == "serviceaccount/my-sa patched\n"
    assert kubectl("get", "sa", "my-sa", "-o", "jsonpath={.metadata.labels.a}") == "3"


def test_apply(kubectl):
    labelled = POD.replace("{name: x}", "{name: x, labels: {a: b}}")
    assert kubectl("apply", "-f", "-", "--dry-run=server", given=POD) == "pod/x created (server dry run)\n"
    assert kubectl("apply", "-f", "-", given=POD) == "pod/x created\n"
    assert kubectl("apply", "-f", "-", given=POD) == "pod/x unchanged\n"
    assert kubectl("apply", "-f", "-", given=labelled) == "pod/x configured\n"
    assert "+    a: c" in kubectl("diff", "-f", "-", given=labelled.replace("a: b", "a: c"), status=1)
    typo = kubectl("apply", "-f", "-", given=POD.replace("image:", "imag:"), status=1)
    assert 'strict decoding error: unknown field "spec.containers[0].imag"' in typo
    frozen = kubectl("apply", "-f", "-", given=POD.replace("my-sa", "default"), status=1)
    assert "pod updates may not change fields other than" in frozen


def test_apply_on_the_server(kubectl):
    assert kubectl("apply", "--server-side", "-f", "-", given=POD) == "pod/x serverside-applied\n"
    kubectl("label", "pod", "x", "a=b")
    taken = POD.replace("{name: x}", "{name: x, labels: {a: c}}")
    conflict = kubectl("apply", "--server-side", "-f", "-", given=taken, status=1)
    assert 'conflict with "kubectl-label" using v1: .metadata.labels.a' in conflict
    assert "serverside-applied" in kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=taken)


def test_run_wait_exec_logs_delete(kubectl):
    assert kubectl("run", "x", "--image=busybox", "--", "sleep", "3600") == "pod/x created\n"
    assert kubectl("wait", "--for=condition=Ready", "pod/x", "--timeout=20s") == "pod/x condition met\n"
    assert "KUBERNETES_SERVICE_HOST=" in kubectl("exec", "x", "--", "env")
    mounted = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert "..data" in kubectl("exec", "x", "--", "ls", "-la", mounted)
    assert kubectl("exec", "x", "--", "cat", f"{mounted}/namespace") == "default"
    assert "exit code 1" in kubectl("exec", "x", "--", "cat", "/ghost", status=1)
    assert kubectl("logs", "x") == ""
    assert len(kubectl("logs", "pod-after").splitlines()) == 2
    assert len(kubectl("logs", "-f", "pod-after", "--tail=1").splitlines()) == 1
    assert "AccessDenied" in kubectl("logs", "pod-before")
    assert "waiting" not in kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/pod-after")
    assert kubectl("delete", "pod", "x") == 'pod "x" deleted\n'


def test_get_watches(kubectl):
    with subprocess.Popen(
        [KUBECTL, "get", "sa", "-w", "-o", "name"], env=kubectl.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert [process.stdout.readline() for _ in range(2)] == ["serviceaccount/default\n", "serviceaccount/my-sa\n"]
        kubectl("create", "sa", "x")
        assert process.stdout.readline() == "serviceaccount/x\n"
        process.terminate()


def test_auth(kubectl):
    assert rows(kubectl("auth", "whoami"))[1] == ["Username", "kubernetes-admin"]
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    token = kubectl("create", "token", "my-sa")
    assert kubectl("auth", "can-i", "create", "pods", f"--token={token}", status=1).startswith("no")
    assert "selfsubjectreviews" in kubectl("auth", "can-i", "--list", f"--token={token}")
    forbidden = kubectl("get", "pods", f"--token={token}", status=1)
    assert 'User "system:serviceaccount:default:my-sa" cannot list resource "pods"' in forbidden
    assert "Unauthorized" in kubectl("get", "pods", "--token=nonsense", status=1)


def test_raw_paths(kubectl, world):
    """kubectl leaves the server's own path out of these."""
    assert json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration"))["issuer"] == world.issuer
    assert json.loads(kubectl("get", "--raw", "/openid/v1/jwks"))["keys"][0]["kid"] == world.keys.current.kid
    assert json.loads(kubectl("get", "--raw", f"/k8s/{world.path}/version"))["major"] == "1"
    assert kubectl("get", "--raw", "/healthz") == "ok"
