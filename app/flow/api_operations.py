"""The names that the questions of the ports have in the APIs, for every text that refers to them."""

from __future__ import annotations

from collections.abc import Mapping

CLUSTER: Mapping[str, str] = {
    "version": "get version",
    "discovery": "get openid-configuration",
    "jwks": "get jwks",
    "namespaces": "list namespaces",
    "namespace": "get namespaces",
    "service": "get services",
    "endpoints": "get endpoints",
    "service_accounts": "list serviceaccounts",
    "pods": "list pods",
    "workload": "get workloads",
    "workloads": "list workloads",
    "allowed": "create selfsubjectaccessreviews",
    "service_account": "get serviceaccounts",
    "pod": "get pods",
    "pod_log": "get pods/log",
    "pod_events": "list events",
    "config_map": "get configmaps",
    "mutating_webhooks": "list mutatingwebhookconfigurations",
    "dry_run_pod": "create pods",
    "dry_run_patch": "patch objects",
    "dry_run_service_account": "create serviceaccounts",
    "request_token": "create serviceaccounts/token",
    "execute": "get pods/exec",
}
AWS: Mapping[str, str] = {
    "oidc_providers": "iam:ListOpenIDConnectProviders",
    "oidc_provider": "iam:GetOpenIDConnectProvider",
    "role": "iam:GetRole",
    "roles": "iam:ListRoles",
    "cluster": "eks:DescribeCluster",
    "role_policies": "iam:ListAttachedRolePolicies",
    "managed_policy": "iam:GetPolicy",
    "simulate": "iam:SimulatePrincipalPolicy",
    "assume_role_with_web_identity": "sts:AssumeRoleWithWebIdentity",
    "caller_identity": "sts:GetCallerIdentity",
    "list_buckets": "s3:ListBuckets",
    "assumptions": "cloudtrail:LookupEvents",
}
"""Behind the service, each of which is a server of its own; of several requests the first."""
ISSUER: Mapping[str, str] = {
    "discovery": "get openid-configuration",
    "jwks": "get jwks",
    "thumbprint": "get certificate chain",
}
"""By method of the port."""
