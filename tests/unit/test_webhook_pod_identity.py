"""The webhook's patch where an association of EKS Pod Identity names the Pod's ServiceAccount."""

from __future__ import annotations

import json

import jsonpatch
import pytest

from app.flow.webhook import POD_IDENTITY_JITTER, WebhookSettings, mutate, mutate_for_pod_identity
from tests.unit.test_webhook import EKS, container, pod, service_account, values

DIRECTORY = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
FILE = f"{DIRECTORY}/eks-pod-identity-token"
MOUNT = {"name": "eks-pod-identity-token", "readOnly": True, "mountPath": DIRECTORY}
VARIABLES = [
    {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1/credentials"},
    {"name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "value": FILE},
]


def patch(given, account=None, settings=WebhookSettings(), **jitter):  # noqa: B008 (frozen)
    return mutate_for_pod_identity(given, account, settings, **jitter)


def expiration(given, account=None, **jitter):
    (volume,) = values(patch(given, account, **jitter))["/spec/volumes"]
    return volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"]


def test_the_patch_to_the_letter():
    assert json.dumps(patch(pod()), separators=(",", ":")) == (
        '[{"op":"add","path":"/metadata/labels","value":{"eks.amazonaws.com/pod-identity":"enabled"}},'
        '{"op":"add","path":"/spec/volumes","value":[{"name":"eks-pod-identity-token","projected":{"sources":['
        '{"serviceAccountToken":{"audience":"pods.eks.amazonaws.com","expirationSeconds":86400,'
        '"path":"eks-pod-identity-token"}}]}}]},{"op":"add","path":"/spec/containers","value":[{"name":"app",'
        '"image":"amazonlinux","env":[{"name":"AWS_CONTAINER_CREDENTIALS_FULL_URI",'
        '"value":"http://169.254.170.23/v1/credentials"},{"name":"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",'
        f'"value":"{FILE}"}}],"resources":{{}},"volumeMounts":[{{"name":"eks-pod-identity-token","readOnly":true,'
        f'"mountPath":"{DIRECTORY}"}}]}}]}}]'
    )


def test_the_role_of_the_annotation_is_not_injected():
    after = jsonpatch.apply_patch(pod(), patch(pod(), service_account(), EKS))
    names = [variable["name"] for variable in after["spec"]["containers"][0]["env"]]
    region = ["AWS_STS_REGIONAL_ENDPOINTS", "AWS_DEFAULT_REGION", "AWS_REGION"]
    assert names == [*region, *(variable["name"] for variable in VARIABLES)]


def test_labels_that_are_there_stay():
    labelled = pod()
    labelled["metadata"]["labels"] = {"app": "web"}
    first = patch(labelled)[0]
    assert first == {"op": "add", "path": "/metadata/labels/eks.amazonaws.com~1pod-identity", "value": "enabled"}
    after = jsonpatch.apply_patch(labelled, [first])
    assert after["metadata"]["labels"] == {"app": "web", "eks.amazonaws.com/pod-identity": "enabled"}


@pytest.mark.parametrize("name", [variable["name"] for variable in VARIABLES])
def test_one_variable_of_its_own_keeps_both_away_and_the_mount_comes(name):
    own = {"name": name, "value": "x"}
    (given,) = values(patch(pod(container(env=[own]))))["/spec/containers"]
    assert (given["env"], given["volumeMounts"]) == ([own], [MOUNT])


def test_variables_of_web_identity_are_another_matter():
    own = {"name": "AWS_ROLE_ARN", "value": "x"}
    (given,) = values(patch(pod(container(env=[own]))))["/spec/containers"]
    assert given["env"] == [own, *VARIABLES]


def test_only_the_default_life_of_a_token_is_shortened():
    assert expiration(pod(), jitter=POD_IDENTITY_JITTER) == 79200
    assert expiration(pod(), jitter=1) == 86399
    assert expiration(pod(), service_account(token_expiration="10000"), jitter=1) == 10000
    assert expiration(pod(annotations={"token-expiration": "3600"}), service_account(), jitter=1) == 3600


def test_skipped_containers_and_windows():
    skipping = pod(container("sidecar"), container(), annotations={"skip-containers": "sidecar"})
    sidecar, app = values(patch(skipping))["/spec/containers"]
    assert "env" not in sidecar
    assert app["env"] == VARIABLES
    windows = pod(nodeSelector={"kubernetes.io/os": "windows"})
    (given,) = values(patch(windows))["/spec/containers"]
    assert given["env"][1]["value"] == "C:" + FILE.replace("/", "\\")


def test_what_is_no_pod_is_left_alone():
    assert patch({"spec": {"containers": 7}}) == []
    assert patch([]) == []
    assert patch(pod(), {"metadata": {"annotations": 7}}) == []
    assert mutate(pod(), service_account(role_arn=None), EKS) == []
