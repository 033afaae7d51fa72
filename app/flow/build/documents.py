"""The documents of the article's chain: what eksctl and a developer write, whatever the names."""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.model import JsonObject
from app.flow.names import DEFAULT_AUDIENCE, SUBJECT_PREFIX, host_and_path, provider_in

IMAGE = "amazon/aws-cli:latest"
LIST_BUCKETS = ("s3", "ls")
"""The arguments of the article's Pods."""


def trust_policy(issuer: str, account_id: str, accounts: Sequence[tuple[str, str]]) -> JsonObject:
    """The trust policy that eksctl writes for ServiceAccounts, by namespace and name: the issuer, `sub`, `aud`."""
    policy = trust_policy_without_subject(issuer, account_id)
    conditions = policy["Statement"][0]["Condition"]["StringEquals"]
    subjects = [f"{SUBJECT_PREFIX}{namespace}:{name}" for namespace, name in accounts]
    subject = {f"{host_and_path(issuer)}:sub": subjects if len(subjects) > 1 else subjects[0]}
    policy["Statement"][0]["Condition"]["StringEquals"] = subject | conditions
    return policy


def trust_policy_without_subject(issuer: str, account_id: str) -> JsonObject:
    """The one that eksctl writes when it gets no ServiceAccount: it takes a token of any in the cluster."""
    host = host_and_path(issuer)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRoleWithWebIdentity"],
                "Principal": {"Federated": provider_in(account_id, issuer)},
                "Condition": {"StringEquals": {f"{host}:aud": DEFAULT_AUDIENCE}},
            }
        ],
    }


def run_pod(name: str, *, service_account: str = "", sleeps: bool = False) -> JsonObject:
    """The Pod that `kubectl run` makes of the image: it lists the buckets once, or sleeps for an hour.

    Source: kubectl, `pkg/generate/versioned/run.go` (`BasicPod`): the label `run`, the container's name.
    """
    program = {"command": ["sleep", "3600"]} if sleeps else {"args": list(LIST_BUCKETS)}
    container = {"name": name, "image": IMAGE, **program}
    spec: JsonObject = {"containers": [container], "restartPolicy": "Always" if sleeps else "Never"}
    if service_account:
        spec["serviceAccountName"] = service_account
    return {"metadata": {"name": name, "labels": {"run": name}}, "spec": spec}
