"""The error messages that people look for, each with the check to begin with: what a page says of one that is pasted.

A message that contains a more exact one comes after it. In a text, `…` stands for what differs each time. What such a
message means is in `error_messages.toml`; the tables in `docs/diagnose.md` have the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownMessage:
    """One meaning, and the messages that have it."""

    texts: tuple[str, ...]
    check: str
    """The id of the check to begin with."""
    in_log: bool
    """Whether a Pod's program logs it; else it is from an event, the API server's log or a tool."""


def _begin(check: str, *texts: str, in_log: bool = True) -> KnownMessage:
    return KnownMessage(texts, check, in_log)


KNOWN_MESSAGES: Mapping[str, KnownMessage] = {
    # (1) STS refuses.
    "not_authorized": _begin("trust.subject", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    "not_validated": _begin("provider.exists", "The web identity token provided could not be validated"),
    "no_provider": _begin("provider.exists", "No OpenIDConnect provider found in your account"),
    "wrong_audience": _begin("provider.audience", "Incorrect token audience"),
    "no_key": _begin(
        "issuer.jwks",
        "Couldn't retrieve verification key from your identity provider",
        "IDPCommunicationError",
    ),
    "thumbprint": _begin(
        "provider.thumbprint",
        "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
    ),
    "missing_claim": _begin("pod.token_used", "Missing a required claim: aud"),
    "not_a_token": _begin("token.format", "The ID Token provided is not a valid JWT"),
    "expired": _begin("token.lifetime", "Token expired: current date/time"),
    "invalid_arn": _begin(
        "service_account.role_arn",
        "Request ARN is invalid",
        "at 'roleArn' failed to satisfy constraint",
        "Invalid length for parameter RoleArn",
    ),
    "session_name": _begin("pod.request", "at 'roleSessionName' failed to satisfy constraint"),
    "too_long": _begin("pod.request", "exceeds the MaxSessionDuration set for this role"),
    "throttled": _begin("pod.application", "calling the AssumeRoleWithWebIdentity operation: Rate exceeded"),
    "region_disabled": _begin("sts.credentials", "STS is not activated in this region for account"),
    # (2) The token's file cannot be used.
    "token_unreadable": _begin(
        "pod.token_readable",
        "serviceaccount/token': Permission denied",
        "serviceaccount/token: permission denied",
        "EACCES: permission denied",
    ),
    "token_missing": _begin(
        "pod.volume",
        "No such file or directory: '/var/run/secrets/eks.amazonaws.com",
        "eks.amazonaws.com/serviceaccount/token: no such file or directory",
    ),
    "half_set": _begin("pod.environment", "assume role with web identity but has no role ARN configured"),
    # (3) The program uses other credentials, or none.
    "node_role": _begin("pod.injected", "assumed-role/…/i-0"),
    "no_module": _begin(
        "pod.request",
        "the 'sts' service module must be on the class path",
        "aws-java-sdk-sts module must be on the class path",
        "AWSSDK.SecurityToken could not be found or loaded",
    ),
    "no_provider_set": _begin("pod.request", "NoAuthWithAWSException: No AWS Credentials provided by"),
    "ambient": _begin("pod.request", "perhaps you meant to enable ambient credentials"),
    "unsigned": _begin("pod.request", "User: anonymous is not authorized to perform"),
    "no_credentials": _begin(
        "pod.environment",
        "Unable to locate credentials",
        "NoCredentialProviders",
        "no EC2 IMDS role found",
        "EC2RoleRequestError",
        "Could not load credentials from any providers",
        "credentials from any provider in the chain",
        "credentials from any of the providers in the chain",
        "Failed to resolve AWS credentials",
        "static credentials are empty",
        "Credential is missing",
        "No handler was ready to authenticate",
        "no providers in chain provided credentials",
        "No signing credentials available",
    ),
    "no_region": _begin(
        "pod.region",
        "Missing Region",
        "Unable to load region from any of the providers",
        "You must specify a region",
        "https://sts..amazonaws.com",
        "MissingRegion: could not find region configuration",
        "Missing region in config",
        "Region is missing",
    ),
    "no_profile": _begin(
        "pod.static_keys",
        "The config profile (…) could not be found",
        "failed to get shared config profile",
    ),
    "pod_identity": _begin(
        "pod.pod_identity",
        "Error when retrieving credentials from container-role",
        "http://169.254.170.23/v1/credentials",
    ),
    "clock": _begin(
        "pod.application",
        "The difference between the request time and the current time is too large",
        "Signature expired",
    ),
    # (4) The way to AWS.
    "dns": _begin(
        "pod.application",
        "no such host",
        "getaddrinfo ENOTFOUND",
        "Name or service not known",
        "dial tcp: lookup …: i/o timeout",
        "Could not resolve host",
    ),
    "proxy": _begin(
        "pod.application",
        "Failed to connect to proxy URL",
        "proxyconnect tcp",
        "Proxy Authentication Required",
        "Unexpected response code for CONNECT",
        'https://sts.….amazonaws.com/": Forbidden',
    ),
    "certificate": _begin(
        "pod.application",
        "x509: certificate",
        "SSL validation failed for https://",
        "PKIX path building failed",
        "unable to get local issuer certificate",
        "self-signed certificate in certificate chain",
    ),
    "egress": _begin(
        "pod.application",
        "Connect timeout on endpoint URL",
        "443: i/o timeout",
        "context deadline exceeded",
        "connect timed out",
        "connection timed out",
    ),
    "no_connection": _begin("pod.application", "Could not connect to the endpoint URL", "connection refused"),
    "cut_off": _begin("pod.application", "connection reset by peer", "Connection was closed before we received"),
    "gave_up": _begin("pod.application", "get credentials: request canceled"),
    "other_server": _begin(
        "pod.request",
        "SerializationError: failed to unmarshal error message",
        "MethodNotAllowed: The specified method is not allowed",
        "Could not find operation AssumeRole",
    ),
    "instance_metadata": _begin(
        "pod.hop_limit",
        "EC2MetadataError: failed to make EC2Metadata request",
        "operation error ec2imds: GetMetadata",
    ),
    # (5) AWS knows who asks, and refuses.
    "second_role": _begin("pod.application", "is not authorized to perform: sts:AssumeRole on resource"),
    "control_policy": _begin("access.policy", "explicit deny in a service control policy"),
    "boundary": _begin("access.policy", "because no permissions boundary allows"),
    "resource_policy": _begin("access.policy", "because no resource-based policy allows"),
    "encoded": _begin("pod.application", "Encoded authorization failure message"),
    "spot_role": _begin("pod.application", "ServiceLinkedRoleCreationNotPermitted"),
    "no_permission": _begin(
        "access.policy",
        "because no identity-based policy allows",
        "UnauthorizedOperation: You are not authorized to perform this operation",
    ),
    "session_credentials": _begin("pod.application", "Cannot call GetSessionToken with session credentials"),
    "opensearch": _begin("pod.application", "no permissions for […] and User [name=arn:aws"),
    "session_ended": _begin(
        "pod.application",
        "The security token included in the request is expired",
        "The provided token has expired",
    ),
    "session_unknown": _begin(
        "pod.application",
        "The security token included in the request is invalid",
        "The provided token is malformed or otherwise invalid",
        "AWS was not able to validate the provided access credentials",
    ),
    "unknown_key": _begin("pod.application", "Access Key Id you provided does not exist in our records"),
    "names_no_one": _begin(
        "pod.application",
        "AccessDenied: Access Denied",
        "Access to the resource https://sqs",
        "Access to KMS is not allowed",
    ),
    # (6) What no program logs: an event of the Pod, the API server's log, tools, and IAM.
    "no_token": _begin("token.file", 'MountVolume.SetUp failed for volume "aws-iam-token"', in_log=False),
    "webhook_failed": _begin(
        "webhook.reachable",
        'failed calling webhook "iam-for-pods.amazonaws.com"',
        'failed calling webhook "pod-identity-webhook.amazonaws.com"',
        in_log=False,
    ),
    "not_associated": _begin(
        "service_account.annotation",
        "IAM role must be associated with service account",
        in_log=False,
    ),
    "eksctl_excluded": _begin(
        "service_account.annotation",
        "was excluded (based on the include/exclude rules)",
        "serviceaccounts that exist in Kubernetes will be excluded",
        in_log=False,
    ),
    "eksctl_no_provider": _begin(
        "provider.exists",
        "no IAM OIDC provider associated with cluster",
        "unable to create iamserviceaccount(s) without IAM OIDC provider enabled",
        in_log=False,
    ),
    "bad_principal": _begin("trust.provider", "Federated principals must be valid domain names", in_log=False),
    "provider_there": _begin("provider.audience", "Provider with url … already exists", in_log=False),
    "policy_too_long": _begin("trust.decision", "Cannot exceed quota for ACLSizePerRole", in_log=False),
}
