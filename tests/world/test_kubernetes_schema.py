"""The schema is Kubernetes' own: derived again from the models of its Python client, and compared."""

import json
import re
from pathlib import Path

from kubernetes.client import models

from app.world.apiserver.endpoints import openapi
from app.world.apiserver.types import schema

ROOTS = (
    "V1Namespace",
    "V1ServiceAccount",
    "V1Pod",
    "V1ConfigMap",
    "V1Secret",
    "CoreV1Event",
    "V1MutatingWebhookConfiguration",
    "AuthenticationV1TokenRequest",
    "V1SelfSubjectReview",
    "V1SelfSubjectAccessReview",
    "V1SelfSubjectRulesReview",
    "V1SubjectAccessReview",
    "V1LocalSubjectAccessReview",
    "V1TokenReview",
    "V1Node",
    "V1Service",
    "V1EndpointSlice",
    "V1Deployment",
    "V1ReplicaSet",
    "V1DaemonSet",
    "V1StatefulSet",
    "V1ControllerRevision",
    "V1Job",
    "V1CronJob",
    "V1PersistentVolumeClaim",
    "V1Ingress",
    "V1HorizontalPodAutoscaler",
    "V1Lease",
    "V1Endpoints",
    "V1Role",
    "V1RoleBinding",
    "V1ClusterRole",
    "V1ClusterRoleBinding",
    "V1Scale",
    "V1DeleteOptions",
)
SCALARS = {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "datetime": "time"}
# What the models call a string and Kubernetes reads more closely.
QUANTITIES = {
    ("ContainerStatus", "allocatedResources"),
    ("EmptyDirVolumeSource", "sizeLimit"),
    ("NodeStatus", "allocatable"),
    ("NodeStatus", "capacity"),
    ("PersistentVolumeClaimStatus", "allocatedResources"),
    ("PersistentVolumeClaimStatus", "capacity"),
    ("PodSpec", "overhead"),
    ("PodStatus", "allocatedResources"),
    ("ResourceFieldSelector", "divisor"),
    *(
        (kind, field)
        for kind in ("ResourceRequirements", "VolumeResourceRequirements")
        for field in ("limits", "requests")
    ),
}
INT_OR_STRING = {"port", "targetPort", "maxSurge", "maxUnavailable"}
BYTES = {("Secret", "data"), ("ConfigMap", "binaryData"), ("WebhookClientConfig", "caBundle")}


def name_of(model):
    return re.sub(r"^(V1|CoreV1|RbacV1|DiscoveryV1|AuthenticationV1|AdmissionregistrationV1)", "", model)


def derive():
    """`schema.json`, from the client's models."""
    types, left = {}, list(ROOTS)

    def convert(text, owner, field):
        if match := re.fullmatch(r"list\[(.*)\]", text):
            return [convert(match[1], owner, field)]
        if match := re.fullmatch(r"dict\(str, (.*)\)", text):
            return {"*": convert(match[1], owner, field)}
        if text == "str" and (owner, field) in QUANTITIES:
            return "quantity"
        if text == "str" and (owner, field) in BYTES:
            return "bytes"
        if field in ("eventTime", "lastObservedTime", "acquireTime", "renewTime"):
            return "micro-time"
        if text == "object":
            return "int-or-string" if field in INT_OR_STRING else "any"
        if text in SCALARS:
            return SCALARS[text]
        left.append(text)
        return name_of(text)

    while left:
        model = left.pop()
        if name_of(model) not in types:
            described = getattr(models, model)
            types[name_of(model)] = {
                described.attribute_map[field]: convert(text, name_of(model), described.attribute_map[field])
                for field, text in described.openapi_types.items()
            }
    return dict(sorted(types.items()))


def test_the_schema_is_that_of_the_client():
    assert json.loads(Path(schema.__file__).with_name("schema.json").read_text()) == derive()


def test_what_is_said_about_types_is_about_types_that_are():
    assert schema.TYPES.keys() >= schema.ATOMIC_TYPES
    for (owner, field), keys in schema.LIST_KEYS.items():
        (element,) = schema.TYPES[owner][field]
        assert set(keys) <= schema.TYPES[element].keys()
    for name, fields in schema.ZERO_IS_OMITTED.items():
        assert all(schema.TYPES[name][field] in ("boolean", "integer") for field in fields), name


def test_what_is_described_is_there_and_whole_sentences():
    described = json.loads(Path(schema.__file__).with_name("descriptions.json").read_text())
    for name, words in described.items():
        known = {"apiVersion", "kind", "metadata", "spec", "status"} if name == "*" else schema.TYPES[name].keys()
        assert words.keys() - {""} <= known, name
        assert all(text.endswith(".") for text in words.values()), name
    for name, fields in openapi._REQUIRED.items():
        assert set(fields) <= schema.TYPES[name].keys(), name


def test_every_document_says_what_its_kinds_consist_of():
    documents = [json.loads(openapi.document(name)) for name in openapi.paths("")["paths"]]
    swagger = json.loads(openapi.swagger(protobuf=False))
    for schemas in (*(document["components"]["schemas"] for document in documents), swagger["definitions"]):
        text = json.dumps(schemas)
        assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref": "([^"]*)"', text)} <= schemas.keys()
        assert "x-kubernetes-group-version-kind" in text


def test_what_clients_ask_for_and_does_not_exist_is_not_remembered():
    known = openapi.paths("")["paths"]
    for name in (*known, *(f"apis/{number}/v1" for number in range(100))):
        assert (openapi.document(name) is not None) == (name in known)
    assert openapi._document.cache_info().currsize == len(known)
