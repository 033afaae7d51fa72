"""The names that the questions of the ports have in the APIs, for every text that refers to them."""

from __future__ import annotations

from collections.abc import Mapping

CLUSTER: Mapping[str, str] = {
    "version": "get version",
    "discovery": "get openid-configuration",
    "jwks": "get jwks",
    "namespaces": "list namespaces",
    "service_accounts": "list serviceaccounts",
    "pods": "list pods",
    "allowed": "create selfsubjectaccessreviews",
    "service_account": "get serviceaccounts",
    "pod": "get pods",
    "pod_log": "get pods/log",
    "pod_events": "list events",
    "mutating_webhooks": "list mutatingwebhookconfigurations",
    "dry_run_pod": "create pods",
    "request_token": "create serviceaccounts/token",
    "execute": "get pods/exec",
}
AWS: Mapping[str, str] = {
    "oidc_providers": "iam:ListOpenIDConnectProviders",
    "oidc_provider": "iam:GetOpenIDConnectProvider",
    "role": "iam:GetRole",
    "roles": "iam:ListRoles",
    "role_policies": "iam:ListAttachedRolePolicies",
    "assume_role_with_web_identity": "sts:AssumeRoleWithWebIdentity",
    "caller_identity": "sts:GetCallerIdentity",
    "list_buckets": "s3:ListBuckets",
    "failed_assumptions": "cloudtrail:LookupEvents",
}
"""Behind the service, each of which is a server of its own; of several requests the first."""
ISSUER: Mapping[str, str] = {
    "discovery": "get openid-configuration",
    "jwks": "get jwks",
    "thumbprint": "get certificate chain",
}
"""By method of the port."""
