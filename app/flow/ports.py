"""What the steps need of the outside: a cluster, AWS, the public issuer, a clock and the servers' own talk.

Every method that asks a server raises a subclass of `app.flow.errors.FlowError` and nothing else.
Documents come back as plain JSON values, in the shape of the API that gave them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.flow.model import ConditionKeys, Exchange, JsonValue, Subject
from app.flow.targets.kinds import Kind


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Temporary credentials as STS issued them. `repr` shows the key id alone."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: str
    """RFC 3339, as STS said it."""


@dataclass(frozen=True, kw_only=True)
class AssumedRole:
    """The answer of AssumeRoleWithWebIdentity."""

    credentials: Credentials
    subject: str
    """`SubjectFromWebIdentityToken`."""
    audience: str
    provider: str
    """The IAM OIDC provider's ARN (in practice, though the API reference says the issuer)."""
    arn: str
    """`AssumedRoleUser.Arn`."""
    assumed_role_id: str


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What CloudTrail has of AssumeRoleWithWebIdentity calls."""

    refused: tuple[JsonValue, ...] = ()
    """CloudTrail's records, newest first: `errorCode`, `userIdentity`, `requestParameters`, ..."""
    granted: tuple[JsonValue, ...] = ()
    """The records of calls that got credentials, without what they got, newest first."""
    since: str = ""
    """RFC 3339: how far back the events were read; empty where all that CloudTrail keeps (90 days) were."""
    denied: tuple[JsonValue, ...] = ()
    """The records of what was denied to one of the newest sessions that the subject got of that role, newest first."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What a command in a container left: its streams and its exit code."""

    stdout: str
    stderr: str
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class Access:
    """An access that may be allowed, in RBAC's terms. Either `resource` or `path` is given."""

    verb: str
    """Such as `get`, `list`, `create`."""
    resource: str = ""
    """Plural, such as `serviceaccounts`."""
    group: str = ""
    """The API group; empty for the core group."""
    subresource: str = ""
    """Such as `token`, `exec`."""
    namespace: str = ""
    """Empty for all namespaces, and for what is in none."""
    name: str = ""
    """Empty for all objects."""
    path: str = ""
    """A `nonResourceURL`, such as `/openid/v1/jwks`."""


class Cluster(Protocol):
    """A Kubernetes API server."""

    def version(self) -> JsonValue: ...
    def discovery(self) -> JsonValue:
        """The in-cluster OIDC discovery document (`/.well-known/openid-configuration`)."""
        ...

    def jwks(self) -> JsonValue:
        """The in-cluster JWKS (`/openid/v1/jwks`)."""
        ...

    def namespaces(self) -> Sequence[str]:
        """The names of all namespaces."""
        ...

    def namespace(self, name: str) -> JsonValue:
        """One Namespace, with its labels."""
        ...

    def service(self, namespace: str, name: str) -> JsonValue: ...
    def endpoints(self, namespace: str, name: str) -> JsonValue:
        """The Endpoints of the Service of that name: the addresses of its Pods."""
        ...

    def service_accounts(self, namespace: str = "") -> Sequence[JsonValue]:
        """The ServiceAccounts of a namespace; of all, where none is named."""
        ...

    def pods(self, namespace: str = "", service_account: str = "") -> Sequence[JsonValue]:
        """The Pods that run under a ServiceAccount; under any, and of all namespaces, where none is named."""
        ...

    def workload(self, namespace: str, kind: Kind, name: str) -> JsonValue:
        """What makes Pods from a template: one of `WORKLOADS`."""
        ...

    def workloads(self, namespace: str, kind: Kind) -> Sequence[str]:
        """The names of those of that kind."""
        ...

    def allowed(self, access: Access) -> bool:
        """Whether we ourselves are allowed this: a SelfSubjectAccessReview."""
        ...

    def service_account(self, namespace: str, name: str) -> JsonValue: ...
    def pod(self, namespace: str, name: str) -> JsonValue: ...
    def pod_log(self, namespace: str, name: str, container: str = "", *, previous: bool = False) -> str:
        """The end of a container's log; the container may be left out where there is only one.

        `previous`: of its process before the present one.
        """
        ...

    def pod_events(self, namespace: str, name: str) -> Sequence[JsonValue]:
        """What the kubelet and the scheduler say of a Pod: `type`, `reason`, `message`, ..., in no order."""
        ...

    def config_map(self, namespace: str, name: str) -> JsonValue:
        """A ConfigMap. (No port reads Secrets.)"""
        ...

    def mutating_webhooks(self) -> Sequence[JsonValue]:
        """Every MutatingWebhookConfiguration."""
        ...

    def dry_run_pod(self, namespace: str, pod: JsonValue) -> JsonValue:
        """Create the Pod with `dryRun=All`: what the API server would have stored, webhooks included."""
        ...

    def dry_run_patch(self, namespace: str, kind: Kind, name: str, patch: JsonValue) -> JsonValue:
        """A strategic merge patch of a ServiceAccount or a workload, with `dryRun=All`: what would be stored."""
        ...

    def dry_run_service_account(self, namespace: str, service_account: JsonValue) -> JsonValue:
        """Has the API server try to create a ServiceAccount, without storing it; returns what it would store."""
        ...

    def request_token(
        self, namespace: str, service_account: str, audience: str, seconds: int, *, pod: JsonValue = None
    ) -> str:
        """A TokenRequest, bound to this Pod (as the kubelet's are) or to none. The token is a secret.

        Without an audience the API server writes its own.
        """
        ...

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution: ...
    def exchanges(self) -> tuple[Exchange, ...]:
        """What this port has sent and got since it was made, oldest first."""
        ...


class Aws(Protocol):
    """IAM, STS, S3, EKS and CloudTrail of one account."""

    region: str

    @property
    def regions(self) -> frozenset[str]:
        """All names that the SDK takes for a region. Asks no server."""
        ...

    def oidc_providers(self) -> Sequence[str]:
        """The ARNs of ListOpenIDConnectProviders."""
        ...

    def oidc_provider(self, arn: str) -> JsonValue:
        """GetOpenIDConnectProvider: `Url`, `ClientIDList`, `ThumbprintList`."""
        ...

    def role(self, name: str) -> JsonValue:
        """GetRole: `Arn`, `MaxSessionDuration`, `AssumeRolePolicyDocument` (decoded), ..."""
        ...

    def roles(self) -> Sequence[JsonValue]:
        """ListRoles: of each role `Arn`, `AssumeRolePolicyDocument` (decoded), ..."""
        ...

    def cluster(self, name: str, region: str) -> JsonValue:
        """DescribeCluster of EKS: `name`, `endpoint`, `identity`, ..."""
        ...

    def role_policies(self, name: str) -> Sequence[tuple[str, JsonValue]]:
        """The role's permission policies, managed first and then inline: (ARN or name, document)."""
        ...

    def managed_policy(self, arn: str) -> JsonValue:
        """The document of a managed policy, by its default version: GetPolicy, GetPolicyVersion."""
        ...

    def simulate(
        self, role_arn: str, actions: Sequence[str], resource: str, keys: ConditionKeys
    ) -> Sequence[JsonValue]:
        """SimulatePrincipalPolicy for one resource: an EvaluationResult for each action.

        `keys` are the condition keys of the request as far as they are known.
        """
        ...

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        """The unsigned call."""
        ...

    def caller_identity(self, credentials: Credentials | None = None) -> JsonValue:
        """GetCallerIdentity: `UserId`, `Account`, `Arn`. With no credentials: the explorer's own."""
        ...

    def list_buckets(self, credentials: Credentials) -> Sequence[str]: ...
    def assumptions(self, role_arn: str, subject: str) -> Assumptions:
        """LookupEvents: the newest refused requests for that role, and those of that `sub` for whatever role; of the
        granted ones those of that `sub` for that role.

        Beside them, what was denied to one of the subject's newest sessions of that role.

        Requests of this app itself are not among them.
        """
        ...

    def exchanges(self) -> tuple[Exchange, ...]: ...


class Issuer(Protocol):
    """The issuer's public endpoint, as STS sees it."""

    def discovery(self, issuer: str) -> JsonValue: ...
    def jwks(self, jwks_uri: str) -> JsonValue: ...
    def thumbprint(self, jwks_uri: str) -> str:
        """SHA-1 of the last certificate of the chain that the host serves: 40 hex digits, lower case."""
        ...

    def exchanges(self) -> tuple[Exchange, ...]: ...


class Clock(Protocol):
    """The time by which tokens live."""

    def now(self) -> float:
        """Unix seconds."""
        ...


class ServerLog(Protocol):
    """What the servers said to each other. A real cluster does not let anyone listen: there it stays empty."""

    def exchanges(self) -> tuple[Exchange, ...]: ...
    def setup(self) -> tuple[Exchange, ...]:
        """How the world was set up, by the time at which the requests began: what its developer asked of the API server
        and of IAM, and what that set off."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ports:
    """All that a step may touch."""

    cluster: Cluster
    aws: Aws
    issuer: Issuer
    clock: Clock
    server_log: ServerLog
    reads_private_issuers: bool = False
    """Whether this AWS reads an issuer under a private name: a simulated one beside the cluster does."""
    withheld: frozenset[str] = frozenset()
    """Methods that raise `NotAsked`, because no person has asked for what they send: see `port_wrappers.consent`."""
    cluster_account: Callable[[], str] = lambda: ""
    """The AWS account of the cluster, empty where nothing says it. Never raises."""
    ahead: Callable[[Subject], None] = lambda subject: None
    """Called before a walk of a subject, in which only reads are asked: ports over a slow line begin to ask at once."""
