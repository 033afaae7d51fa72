"""How things are called in IRSA: issuers, ARNs, subjects, annotations."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from app.flow.annotations import AUDIENCE, ROLE_ARN, is_role_arn
from app.flow.json_access import get, get_str, strings
from app.flow.model import JsonValue, Subject
from app.flow.webhook import TOKEN_FILE, WebhookSettings

_DEFAULTS = WebhookSettings()
DEFAULT_AUDIENCE = _DEFAULTS.audience
"""What the pod identity webhook asks for unless the ServiceAccount is annotated otherwise."""
TOKEN_DIRECTORY = _DEFAULTS.mount_path
"""Where it mounts the token."""
TOKEN_PATH = f"{TOKEN_DIRECTORY}/{TOKEN_FILE}"
"""The token's file, unless the webhook is set up otherwise."""
APPLICATION_ID = "irsa-explorer"
"""What the app calls itself in the user agent of each of its requests to AWS, which CloudTrail writes down.

Source: AWS SDKs and Tools Reference Guide, "Application ID".
"""
SUBJECT_PREFIX = "system:serviceaccount:"
"""How the `sub` of a ServiceAccount's tokens begins. Its namespace and name follow, with a colon between them."""
SIMULATED_AWS = f"{APPLICATION_ID}/simulated-aws-ca"
"""The annotation of a Pod whose SDKs find the AWS that the app simulates beside its cluster, with that one's CA."""
API_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_PRIVATE = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "svc")
"""The ends of names that no public DNS server has: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`, and the name of
the API server in its own cluster, `kubernetes.default.svc`."""


def is_own_request(user_agent: str) -> bool:
    """Whether this app sent a request to AWS, here or elsewhere, as its user agent says."""
    return f"app/{APPLICATION_ID}" in user_agent.split()


def host_and_path(issuer: str) -> str:
    """The issuer without its scheme: how provider ARNs and condition keys write it."""
    return issuer.removeprefix("https://")


def may_be_registered(issuer: str) -> bool:
    """Whether IAM takes this URL of a provider: https, without port, query or fragment.

    Source: IAM API reference, CreateOpenIDConnectProvider, `Url`.
    """
    try:
        parts = urlsplit(issuer)
        bare = parts.port is None and not parts.query and not parts.fragment
        return parts.scheme == "https" and bool(parts.hostname) and bare
    except ValueError:
        return False


def is_public(issuer: str) -> bool:
    """Whether AWS may reach this issuer, as far as the URL itself tells: https, at no private name or address.

    STS reads the discovery document and the keys from there, so they have to be public
    (amazon-eks-pod-identity-webhook, SELF_HOSTED_SETUP.md).
    """
    try:
        parts = urlsplit(issuer)
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:
        return False
    if parts.scheme != "https":
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(tuple(f".{end}" for end in _PRIVATE))


def subject_claim(subject: Subject) -> str:
    """The `sub` of the ServiceAccount's tokens."""
    return f"{SUBJECT_PREFIX}{subject.namespace}:{subject.service_account}"


def audience_claim(claims: JsonValue) -> list[str]:
    """The audience of a token, as STS reads it: its `azp` where it has one, else each `aud`."""
    return strings(get(claims, "azp")) or strings(get(claims, "aud"))


def runs_as(pod: JsonValue) -> str:
    """The name of the ServiceAccount that a Pod runs as."""
    return get_str(pod, "spec", "serviceAccountName") or "default"


def annotated_role_arn(service_account: JsonValue) -> str:
    """The value of the annotation by which a ServiceAccount names its role; empty where there is none."""
    return get_str(service_account, "metadata", "annotations", ROLE_ARN)


def annotated_audience(service_account: JsonValue, usual: str = DEFAULT_AUDIENCE) -> str:
    """The audience that the webhook will ask for on behalf of this ServiceAccount; `usual` is its own setting.

    An annotation that is there and empty asks for none (its pkg/cache), and the API server then writes its own.
    """
    annotated = get(service_account, "metadata", "annotations", AUDIENCE)
    return annotated if isinstance(annotated, str) else usual


def role_of(role_arn: str) -> tuple[str, str, str] | None:
    """Partition, account and role name (without its path) of a role's ARN; None for any other text."""
    if not is_role_arn(role_arn):
        return None
    _, partition, _, _, account, path = role_arn.split(":")
    name = path.rpartition("/")[2]
    return (partition, account, name) if name else None


def role_name(role_arn: str) -> str:
    """The name in a role's ARN, without the path; empty for any other text."""
    parts = role_of(role_arn)
    return parts[2] if parts else ""


def is_session_of(role_arn: str, principal: str) -> bool:
    """Whether a principal's ARN is that of a session of this role, and not of one of the same name in another account.

    It has the role's name without the path (IAM user guide, "IAM identifiers").
    """
    parts = role_of(role_arn)
    return parts is not None and f":{parts[1]}:assumed-role/{parts[2]}/" in principal


def boundary_of(role: JsonValue) -> str:
    """The ARN of the permissions boundary of a role, as GetRole has it; empty where it has none."""
    return get_str(role, "PermissionsBoundary", "PermissionsBoundaryArn")


def account_of(arn: str) -> str:
    """The account in an ARN; empty if it has none."""
    return (arn.split(":", 5) + [""] * 5)[4]


def provider_arn(role_arn: str, issuer: str) -> str:
    """The provider that STS looks up for a token of `issuer`: in the account of the role. Empty if the ARN is none."""
    parts = role_of(role_arn)
    return provider_in(parts[1], issuer, partition=parts[0]) if parts else ""


def provider_in(account_id: str, issuer: str, *, partition: str = "aws") -> str:
    """The ARN that the provider of an issuer has in an account."""
    return f"arn:{partition}:iam::{account_id}:oidc-provider/{host_and_path(issuer)}"


def provider_url(arn: str) -> str:
    """The URL of the OIDC provider with that ARN, as IAM writes it, without its scheme; empty for any other text."""
    return arn.partition(":oidc-provider/")[2]


def role_in(account_id: str, name: str, *, path: str = "/") -> str:
    """The ARN that a role has in an account of the partition `aws`; `path` begins and ends with a slash."""
    return f"arn:aws:iam::{account_id}:role{path}{name}"
