"""What the tests of the API server share: a plain HTTP client for one world, and small objects."""

import base64
import json
import ssl
from collections import namedtuple

import httpx

Answer = namedtuple("Answer", "status body headers")
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class Api:
    """Speaks to one world's API server as curl would."""

    def __init__(self, simulation, world, token=None):
        self.world = world
        context = ssl.create_default_context(cadata=simulation.ca_pem.decode())
        token = world.admin_token if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.client = httpx.Client(
            base_url=f"{simulation.kubernetes_url}/k8s/{world.path}", verify=context, headers=headers, trust_env=False
        )

    def ask(self, method, path, body=None, *, content_type="application/json", headers=None, **query):
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {**({"content-type": content_type} if content is not None else {}), **(headers or {})}
        response = self.client.request(method, path, content=content, headers=sent, params=query or None)
        try:
            document = response.json()
        except ValueError:
            document = response.text
        return Answer(response.status_code, document, response.headers)

    def get(self, path, **query):
        return self.ask("GET", path, **query)

    def post(self, path, body, **options):
        return self.ask("POST", path, body, **options)

    def put(self, path, body, **options):
        return self.ask("PUT", path, body, **options)

    def patch(self, path, body, content_type=STRATEGIC, **options):
        return self.ask("PATCH", path, body, content_type=content_type, **options)

    def delete(self, path, body=None, **options):
        return self.ask("DELETE", path, body, **options)

    def close(self):
        self.client.close()


ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
PODS = "/api/v1/namespaces/default/pods"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
SECRETS = "/api/v1/namespaces/default/secrets"
EVENTS = "/api/v1/namespaces/default/events"
NAMESPACES = "/api/v1/namespaces"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RBAC_GROUP = "rbac.authorization.k8s.io"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def account(name="x", **metadata):
    return {"metadata": {"name": name, **metadata}}


def pod(name="x", *, container=None, metadata=None, **spec):
    app = {"name": "app", "image": "busybox", "command": ["sleep", "3600"], **(container or {})}
    return {"metadata": {"name": name, **(metadata or {})}, "spec": {"containers": [app], **spec}}


def configuration(name="other", *, hook="other.example.com", **settings):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    webhook = {
        "name": hook,
        "clientConfig": {"url": "https://127.0.0.1:1/mutate"},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **settings,
    }
    return {"metadata": {"name": name}, "webhooks": [webhook]}


def grant(api, name, *, namespace="", subject=None, **rule):
    """Binds a role with one rule: by default to my-sa, and for the whole cluster where no namespace is named."""
    path, kind = (f"{RBAC}/namespaces/{namespace}", "Role") if namespace else (RBAC, "ClusterRole")
    subject = subject or {"kind": "ServiceAccount", "name": "my-sa", "namespace": "default"}
    role = {"metadata": {"name": name}, "rules": [{"apiGroups": [""], **rule}]}
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": name},
        "subjects": [subject],
    }
    for plural, body in ((f"{kind.lower()}s", role), (f"{kind.lower()}bindings", binding)):
        assert api.post(f"{path}/{plural}", body).status == 201


def review(request, *, allowed=True, patch=None, **response):
    """A webhook's answer to an AdmissionReview."""
    answer = {"uid": request["request"]["uid"], "allowed": allowed, **response}
    if patch is not None:
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}


def causes(answer):
    """Field and message of each cause of a 422."""
    return [(cause["field"], cause["message"]) for cause in answer.body["details"]["causes"]]
