"""Fake ports: a healthy IRSA as plain documents that a test may spoil, and errors that a test may plant."""

from __future__ import annotations

import copy
import posixpath
from dataclasses import dataclass, field
from typing import Any

import jsonpatch
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from app.flow.errors import FlowError, NotFound, NotPermitted
from app.flow.json_access import get_object, get_str
from app.flow.model import Exchange, Subject
from app.flow.names import API_TOKEN
from app.flow.ports import Access, AssumedRole, Assumptions, Credentials, Execution, Ports
from app.flow.targets.kinds import Kind
from app.flow.token import key_id
from app.flow.webhook import RULE, WebhookSettings, mutate, mutate_for_pod_identity
from tests.private_keys import KEY

ACCOUNT = "111122223333"
ISSUER = "https://oidc.eks.ap-northeast-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
HOST = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/s3-reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/irsa-explorer"
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
SUB = "system:serviceaccount:default:my-sa"
NOW = 1_795_600_000
DIRECTORY = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
SECRETS = ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLESESSIONTOKEN")
SETTINGS = WebhookSettings(region="ap-northeast-1", sts_regional_endpoint=True)


def jwk(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    public = key.public_key()
    numbers = RSAAlgorithm.to_jwk(public, as_dict=True)
    return {
        "kty": "RSA",
        "kid": key_id(public),
        "use": "sig",
        "alg": "RS256",
        "n": numbers["n"],
        "e": numbers["e"],
    }


def claims(**changes: Any) -> dict[str, Any]:
    found = {
        "aud": ["sts.amazonaws.com"],
        "exp": NOW + 86_000,
        "iat": NOW - 400,
        "iss": ISSUER,
        "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
        "kubernetes.io": {
            "namespace": "default",
            "pod": {"name": "pod-after", "uid": "5e0bd49b"},
            "serviceaccount": {"name": "my-sa", "uid": "14ee3fa4"},
        },
        "nbf": NOW - 400,
        "sub": SUB,
    } | changes
    return {name: value for name, value in found.items() if value is not None}


def token(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> str:
    """A token that Kubernetes might have signed; a claim of None is left out."""
    return jwt.encode(claims(**changes), key, algorithm="RS256", headers={"kid": key_id(key.public_key()), "typ": None})


def trust_policy(**conditions: Any) -> dict[str, Any]:
    condition = conditions or {"StringEquals": {f"{HOST}:sub": SUB, f"{HOST}:aud": "sts.amazonaws.com"}}
    statement = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Principal": {"Federated": PROVIDER},
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def bare_pod() -> dict[str, Any]:
    """A Pod as the webhook is shown it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod-after", "namespace": "default", "uid": "5e0bd49b", "labels": {"app": "demo"}},
        "spec": {
            "serviceAccountName": "my-sa",
            "containers": [
                {
                    "name": "aws-cli",
                    "image": "amazon/aws-cli:latest",
                    "args": ["s3", "ls"],
                    "volumeMounts": [{"name": "kube-api-access-x2x4z", "mountPath": posixpath.dirname(API_TOKEN)}],
                }
            ],
            "volumes": [
                {
                    "name": "kube-api-access-x2x4z",
                    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]},
                }
            ],
        },
    }


def deployment() -> dict[str, Any]:
    """The Deployment of that Pod."""
    template = {"metadata": {"labels": {"app": "demo"}}, "spec": {"serviceAccountName": "my-sa"}}
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "demo"}}, "template": template},
    }


@dataclass
class Fakes:
    """Everything the servers know. Spoil a document, or plant an error under a method's name in `errors`."""

    errors: dict[str, FlowError] = field(default_factory=dict)
    now: float = NOW
    cluster_discovery: Any = field(default_factory=lambda: {"issuer": ISSUER, "jwks_uri": "https://10.0.0.1/openid"})
    discovery: Any = field(default_factory=lambda: {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
    cluster_jwks: Any = field(default_factory=lambda: {"keys": [jwk(KEY)]})
    jwks: Any = field(default_factory=lambda: {"keys": [jwk(KEY)]})
    thumbprint: Any = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
    providers: Any = field(default_factory=lambda: [PROVIDER])
    provider: Any = field(
        default_factory=lambda: {
            "Url": HOST,
            "ClientIDList": ["sts.amazonaws.com"],
            "ThumbprintList": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        }
    )
    service_account: Any = field(
        default_factory=lambda: {
            "kind": "ServiceAccount",
            "metadata": {
                "name": "my-sa",
                "namespace": "default",
                "annotations": {"eks.amazonaws.com/role-arn": ROLE},
            },
        }
    )
    role: Any = field(
        default_factory=lambda: {"Arn": ROLE, "RoleName": "s3-reader", "AssumeRolePolicyDocument": trust_policy()}
    )
    roles: Any = field(default_factory=list)
    more_roles: dict[str, Any] = field(default_factory=dict)
    """By name, the roles that are read beside the Pod's own."""
    webhooks: Any = field(
        default_factory=lambda: [
            {
                "metadata": {"name": "pod-identity-webhook"},
                "webhooks": [
                    {
                        "name": "iam-for-pods.amazonaws.com",
                        "objectSelector": {
                            "matchExpressions": [
                                {"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}
                            ]
                        },
                        "rules": [dict(RULE)],
                    }
                ],
            }
        ]
    )
    webhook_up: bool = True
    namespace: Any = field(
        default_factory=lambda: {"metadata": {"name": "default", "labels": {"kubernetes.io/metadata.name": "default"}}}
    )
    service: Any = field(default_factory=lambda: {"spec": {"selector": {"app": "pod-identity-webhook"}}})
    endpoints: Any = field(default_factory=lambda: {"subsets": [{"addresses": [{"ip": "10.0.0.9"}]}]})
    pod: Any = None
    siblings: list[Any] = field(default_factory=list)
    """More Pods that a list shows, under whatever ServiceAccount."""
    token: str = field(default_factory=token)
    files: dict[str, Execution] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    previous_logs: dict[str, str] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    policies: Any = field(
        default_factory=lambda: [
            ("ReadOnly", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
        ]
    )
    boundary: Any = None
    simulations: Any = None
    identity: Any = field(default_factory=lambda: {"Arn": SESSION, "Account": ACCOUNT})
    buckets: Any = field(default_factory=lambda: ["irsa-demo"])
    credentials: Credentials = field(
        default_factory=lambda: Credentials(
            access_key_id="ASIAEXAMPLE",
            secret_access_key=SECRETS[0],
            session_token=SECRETS[1],
            expiration="2026-11-25T01:00:00Z",
        )
    )
    workload: Any = field(default_factory=lambda: deployment())
    namespaces: list[str] = field(default_factory=lambda: ["default"])
    others: list[str] = field(default_factory=list)
    """The names of other ServiceAccounts and Pods of the namespace."""
    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    eks: Any = field(
        default_factory=lambda: {
            "endpoint": "https://A.gr7.eks.amazonaws.com",
            "identity": {"oidc": {"issuer": ISSUER}},
        }
    )
    cluster_account: str = ACCOUNT
    associated: bool = False
    """Whether an association of EKS Pod Identity refers to the ServiceAccount."""
    denied: set[Access] = field(default_factory=set)
    assumptions: Assumptions = field(default_factory=Assumptions)
    dry_runs: list[Any] = field(default_factory=list)
    requested: list[tuple[str, str]] = field(default_factory=list)
    """The audience and the bound Pod of each TokenRequest."""
    talk: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.pod is None:
            self.pod = self.mutated(bare_pod())
        self.files.setdefault(f"cat {DIRECTORY}/token", Execution(stdout=self.token, stderr="", exit_code=0))

    def mutated(self, pod: Any) -> Any:
        operations = mutate_for_pod_identity if self.associated else mutate
        patch = operations(pod, self.service_account, SETTINGS) if self.webhook_up else []
        return jsonpatch.apply_patch(pod, patch)

    def ports(self) -> Ports:
        return Ports(
            cluster=FakeCluster(self),
            aws=FakeAws(self),
            issuer=FakeIssuer(self),
            clock=FakeClock(self),
            server_log=FakeLog(self),
            cluster_account=lambda: self.cluster_account,
        )

    def answer(self, method: str, document: Any) -> Any:
        if method in self.errors:
            raise self.errors[method]
        return copy.deepcopy(document)


def named(name: str) -> dict[str, Any]:
    """An object of which a list tells the name."""
    return {"metadata": {"name": name, "namespace": "default"}}


class _Port:
    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._exchanges: list[Exchange] = []

    def _answer(self, method: str, document: Any) -> Any:
        self._exchanges.append(Exchange(caller="explorer", callee=type(self).__name__, method="GET", url=method))
        return self._fakes.answer(method, document)

    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._exchanges)


class FakeCluster(_Port):
    def version(self) -> Any:
        return self._answer("version", {"gitVersion": "v1.33.5"})

    def discovery(self) -> Any:
        return self._answer("cluster_discovery", self._fakes.cluster_discovery)

    def jwks(self) -> Any:
        return self._answer("cluster_jwks", self._fakes.cluster_jwks)

    def namespaces(self) -> Any:
        return self._answer("namespaces", self._fakes.namespaces)

    def namespace(self, name: str) -> Any:
        return self._answer("namespace", self._fakes.namespace)

    def service(self, namespace: str, name: str) -> Any:
        return self._answer("service", self._fakes.service)

    def endpoints(self, namespace: str, name: str) -> Any:
        return self._answer("endpoints", self._fakes.endpoints)

    def service_accounts(self, namespace: str = "") -> Any:
        return self._answer("service_accounts", [self._fakes.service_account, *map(named, self._fakes.others)])

    def pods(self, namespace: str = "", service_account: str = "") -> Any:
        others = list(map(named, self._fakes.others))
        found = [self._fakes.pod, *self._fakes.siblings]
        of = [pod for pod in found if get_str(pod, "spec", "serviceAccountName") == service_account]
        return self._answer("pods", [*(of if service_account else found), *others])

    def config_map(self, namespace: str, name: str) -> Any:
        found = self._answer("config_map", self._fakes.config_maps.get(name))
        if found is None:
            raise NotFound(code="NotFound", server_message=f'configmaps "{name}" not found', status=404)
        return {"data": found}

    def workload(self, namespace: str, kind: Kind, name: str) -> Any:
        return self._answer("workload", self._fakes.workload)

    def workloads(self, namespace: str, kind: Kind) -> Any:
        return self._answer("workloads", [self._fakes.workload["metadata"]["name"]])

    def allowed(self, access: Access) -> bool:
        return self._answer("allowed", access not in self._fakes.denied)

    def service_account(self, namespace: str, name: str) -> Any:
        return self._answer("service_account", self._fakes.service_account)

    def pod(self, namespace: str, name: str) -> Any:
        return self._answer("pod", self._fakes.pod)

    def pod_log(self, namespace: str, name: str, container: str = "", *, previous: bool = False) -> str:
        logs = self._fakes.previous_logs if previous else self._fakes.logs
        return self._answer("pod_log", logs.get(container, ""))

    def pod_events(self, namespace: str, name: str) -> Any:
        return self._answer("pod_events", self._fakes.events)

    def mutating_webhooks(self) -> Any:
        return self._answer("mutating_webhooks", self._fakes.webhooks)

    def dry_run_pod(self, namespace: str, pod: Any) -> Any:
        self._fakes.dry_runs.append(pod)
        skipped = "eks.amazonaws.com/skip-pod-identity-webhook" in pod["metadata"].get("labels", {})
        return self._answer("dry_run_pod", pod if skipped else self._fakes.mutated(pod))

    def dry_run_patch(self, namespace: str, kind: Kind, name: str, patch: Any) -> Any:
        self._fakes.dry_runs.append(patch)
        own = self._fakes.service_account.get("metadata", {}) if kind.name == "ServiceAccount" else {}
        annotations = {**own.get("annotations", {}), **get_object(patch, "metadata", "annotations")}
        kept = {key: value for key, value in annotations.items() if value is not None}
        return self._answer("dry_run_patch", {"kind": kind.name, "metadata": {**own, "annotations": kept}})

    def dry_run_service_account(self, namespace: str, service_account: Any) -> Any:
        self._fakes.dry_runs.append(service_account)
        return self._answer("dry_run_service_account", service_account)

    def request_token(
        self, namespace: str, service_account: str, audience: str, seconds: int, *, pod: Any = None
    ) -> str:
        self._fakes.requested.append((audience, pod["metadata"]["name"] if pod else ""))
        return self._answer("request_token", self._fakes.token)

    def execute(self, namespace: str, pod: str, container: str, command: Any) -> Execution:
        missing = Execution(stdout="", stderr="No such file or directory", exit_code=1)
        files = self._fakes.files
        if command[0] == "head" and " ".join(command) not in files:
            return self._answer("execute", _headed({path: files.get(f"cat {path}", missing) for path in command[1:]}))
        return self._answer("execute", files.get(" ".join(command), missing))


def _headed(files: dict[str, Execution]) -> Execution:
    """What `head` prints of files that `cat` would print like this."""
    shown = [f"==> {path} <==\n{file.stdout}" for path, file in files.items() if not file.exit_code]
    complaints = [f"head: {path}: {file.stderr}" for path, file in files.items() if file.exit_code]
    return Execution(
        stdout="\n".join(shown),
        stderr="\n".join(complaints),
        exit_code=next((file.exit_code for file in files.values() if file.exit_code), 0),
    )


class FakeAws(_Port):
    region = "ap-northeast-1"
    regions = frozenset({"ap-northeast-1", "us-east-1", "cn-north-1", "us-gov-west-1"})

    def cluster(self, name: str, region: str) -> Any:
        return self._answer("cluster", self._fakes.eks)

    def oidc_providers(self) -> Any:
        return self._answer("oidc_providers", self._fakes.providers)

    def oidc_provider(self, arn: str) -> Any:
        return self._answer("oidc_provider", self._fakes.provider)

    def role(self, name: str) -> Any:
        found = self._fakes.more_roles.get(name, self._fakes.role)
        if isinstance(found, FlowError):
            raise found
        return self._answer("role", found)

    def roles(self) -> Any:
        return self._answer("roles", self._fakes.roles)

    def role_policies(self, name: str) -> Any:
        return self._answer("role_policies", self._fakes.policies)

    def managed_policy(self, arn: str) -> Any:
        return self._answer("managed_policy", self._fakes.boundary)

    def simulate(self, role_arn: str, actions: Any, resource: str, keys: Any) -> Any:
        """As for a caller who may not ask it, unless a test gives results."""
        if self._fakes.simulations is None and "simulate" not in self._fakes.errors:
            raise NotPermitted(code="AccessDenied", server_message="iam:SimulatePrincipalPolicy", status=403)
        return self._answer("simulate", [it for it in self._fakes.simulations or [] if it["EvalActionName"] in actions])

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        role = AssumedRole(
            credentials=self._fakes.credentials,
            subject=SUB,
            audience="sts.amazonaws.com",
            provider=PROVIDER,
            arn=SESSION,
            assumed_role_id="AROAEXAMPLE:irsa-explorer",
        )
        return self._answer("assume_role", role)

    def caller_identity(self, credentials: Credentials | None = None) -> Any:
        return self._answer("caller_identity", self._fakes.identity)

    def list_buckets(self, credentials: Credentials) -> Any:
        return self._answer("list_buckets", self._fakes.buckets)

    def assumptions(self, role_arn: str, subject: str) -> Assumptions:
        return self._answer("assumptions", self._fakes.assumptions)


class FakeIssuer(_Port):
    def discovery(self, issuer: str) -> Any:
        return self._answer("discovery", self._fakes.discovery)

    def jwks(self, jwks_uri: str) -> Any:
        return self._answer("jwks", self._fakes.jwks)

    def thumbprint(self, jwks_uri: str) -> str:
        return self._answer("thumbprint", self._fakes.thumbprint)


class FakeClock(_Port):
    def now(self) -> float:
        return self._fakes.now


class FakeLog(_Port):
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._fakes.talk)

    def setup(self) -> tuple[Exchange, ...]:
        return ()
