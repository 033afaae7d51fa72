"""Kinds that no controller acts upon: found, refused and shown as by a real server."""

import pytest

pytestmark = pytest.mark.one_world
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
BATCH, AUTOSCALING = "/apis/batch/v1/namespaces/default/cronjobs", "/apis/autoscaling/v1"
CORE, NETWORKING = "/api/v1/namespaces/default", "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
CLAIMS, LEASES = f"{CORE}/persistentvolumeclaims", "/apis/coordination.k8s.io/v1/namespaces/default/leases"
AUTOSCALERS = f"{AUTOSCALING}/namespaces/default/horizontalpodautoscalers"
JOB = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": "Never"}}}}
TARGET = {"kind": "Deployment", "name": "web"}
STORAGE = {"requests": {"storage": "1Gi"}}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
ADDRESSES = [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]
PORTS = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]


def of(spec):
    return {"metadata": {"name": "x"}, "spec": spec}


# Recorded from kube-apiserver 1.20, but for the columns that later versions have: `Timezone`, `VolumeAttributesClass`,
# and the name of the metric.
@pytest.mark.parametrize(
    ("path", "body", "cells", "status"),
    [
        (
            BATCH,
            of({"schedule": "*/5 * * * *", "jobTemplate": JOB}),
            ["x", "*/5 * * * *", "<none>", "False", 0, "<none>", "0s", "c", "busybox", "<none>"],
            {},
        ),
        (
            CLAIMS,
            of({"accessModes": ["ReadWriteOnce"], "resources": STORAGE, "storageClassName": "gp2"}),
            ["x", "Pending", "", "", "", "gp2", "<unset>", "0s", "Filesystem"],
            {"phase": "Pending"},
        ),
        (
            NETWORKING,
            of({"rules": [{"host": "a.example.com"}]}),
            ["x", "<none>", "a.example.com", "", "80", "0s"],
            {"loadBalancer": {}},
        ),
        (
            NETWORKING,
            of({"defaultBackend": BACKEND, "ingressClassName": "alb", "tls": [{"hosts": ["a"]}]}),
            ["x", "alb", "*", "", "80, 443", "0s"],
            {"loadBalancer": {}},
        ),
        (
            AUTOSCALERS,
            of({"scaleTargetRef": TARGET, "maxReplicas": 3}),
            ["x", "Deployment/web", "cpu: <unknown>/80%", "1", 3, 0, "0s"],
            {"currentReplicas": 0, "desiredReplicas": 0},
        ),
        (LEASES, of({"holderIdentity": "me"}), ["x", "me", "0s"], None),
        (
            f"{CORE}/endpoints",
            {"metadata": {"name": "x"}, "subsets": [{"addresses": ADDRESSES, "ports": PORTS}]},
            ["x", "10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...", "0s"],
            None,
        ),
    ],
)
def test_what_is_stored_is_shown(api, path, body, cells, status):
    made = api.post(path, body)
    assert (made.status, made.body.get("status")) == (201, status), made.body
    row = api.ask("GET", f"{path}/x", headers=TABLE).body["rows"][0]["cells"]
    assert [cell if cell != "1s" else "0s" for cell in row] == cells
    assert api.delete(f"{path}/x").status == 200


@pytest.mark.parametrize(
    ("path", "spec", "said"),
    [
        (BATCH, {"schedule": "often", "jobTemplate": JOB}, "expected exactly 5 fields, found 1: [often]"),
        (BATCH, {"jobTemplate": JOB}, 'CronJob.batch "x" is invalid: spec.schedule: Required value'),
        (
            BATCH,
            {"schedule": "@daily"},
            "[spec.jobTemplate.spec.template.spec.containers: Required value, "
            'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"]',
        ),
        (
            CLAIMS,
            {},
            'PersistentVolumeClaim "x" is invalid: [spec.accessModes: Required value: at least 1 access mode is '
            "required, spec.resources[storage]: Required value]",
        ),
        (CLAIMS, {"accessModes": ["X"], "resources": STORAGE}, 'spec.accessModes: Unsupported value: "X"'),
        (NETWORKING, {}, "either `defaultBackend` or `rules` must be specified"),
        (
            NETWORKING,
            {"rules": [{"http": {"paths": [{"path": "/", "backend": BACKEND}]}}]},
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        ),
        (
            AUTOSCALERS,
            {},
            "[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must be "
            "greater than or equal to `minReplicas`, spec.scaleTargetRef.kind: Required value, "
            "spec.scaleTargetRef.name: Required value]",
        ),
        (LEASES, {"leaseDurationSeconds": 0}, "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"),
    ],
)
def test_what_a_real_server_refuses_is_refused(api, path, spec, said):
    answer = api.post(path, of(spec))
    assert (answer.status, said in answer.body["message"]) == (422, True), answer.body["message"]


def test_junk_in_what_is_shown_is_no_server_error(api):
    for path, body in (
        (f"{CORE}/endpoints", {"metadata": {"name": "x"}, "subsets": [{"addresses": [{}], "ports": [{}]}]}),
        (LEASES, {"metadata": {"name": "x"}}),
        (AUTOSCALERS, of({"scaleTargetRef": TARGET, "maxReplicas": 3, "targetCPUUtilizationPercentage": None})),
    ):
        assert api.post(path, body).status == 201
        assert api.ask("GET", path, headers=TABLE).status == 200
        api.delete(f"{path}/x")
