"""The ports over a copy. They repeat a recorded answer, or work it out where a published rule says it.

Everything else raises `NotKnown`, also each method of a port that is missing here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from app.flow.doctor.containers.regions import REGIONS
from app.flow.doctor.prediction import container_files, new_pod, sts_answer
from app.flow.doctor.prediction.copied import Copy, NotKnown, refusal, refused, role_document
from app.flow.doctor.prediction.stand_in_tokens import published
from app.flow.doctor.recent_failures import READ_IN_PART
from app.flow.errors import Refused
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import HOLDS, ConditionKeys, Exchange, JsonObject, JsonValue, Status
from app.flow.names import account_of, boundary_of, role_name
from app.flow.permissions.asked import LISTING
from app.flow.permissions.decision import Role, evaluate_in_part
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.ports import (
    AssumedRole,
    Assumptions,
    Aws,
    Clock,
    Cluster,
    Credentials,
    Execution,
    Issuer,
    Ports,
    ServerLog,
)
from app.flow.steps import kubelet_status
from app.flow.steps.missing_provider import OF_CLUSTER
from app.flow.trust import request_facts, session_keys
from app.flow.webhook import VOLUME


def ports_of(copy: Copy) -> Ports:
    """The ports of a copy."""
    return Ports(
        cluster=cast(Cluster, _Cluster(copy)),
        aws=cast(Aws, _Aws(copy)),
        issuer=cast(Issuer, _Issuer(copy)),
        clock=cast(Clock, _Answers(copy)),
        server_log=cast(ServerLog, _Answers(copy)),
        cluster_account=lambda: get_str(copy.documents, OF_CLUSTER),
    )


class _Answers:
    region = ""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)

        def unknown(*_: Any, **__: Any) -> Any:
            raise NotKnown

        return unknown

    def now(self) -> float:
        return self._copy.now

    def exchanges(self) -> tuple[Exchange, ...]:
        return ()

    def setup(self) -> tuple[Exchange, ...]:
        return ()


_DECISIONS = {"allow": "allowed", "explicit-deny": "explicitDeny", "implicit-deny": "implicitDeny"}
"""The decisions, as IAM's simulator calls them."""


class _Cluster(_Answers):
    def discovery(self) -> JsonValue:
        return self._copy.document("cluster_discovery", "issuer.discovery")

    def jwks(self) -> JsonValue:
        """The keys that are published, or other keys where the comparison with the cluster's keys had failed."""
        found = self._copy.check("issuer.cluster_keys")
        if found.status not in (Status.PASSED, Status.WARNING):
            raise refusal(found)
        if found.status is Status.PASSED:
            return _published(self._copy)
        return {"keys": [{"kid": key_id, "kty": "EC"} for key_id in found.expected.split(", ")]}

    def service_account(self, namespace: str, name: str) -> JsonValue:
        return self._copy.document("service_account", "service_account.exists")

    def pod(self, namespace: str, name: str) -> JsonValue:
        return self._copy.document("pod", "pod.exists")

    def pod_log(self, namespace: str, name: str, container: str = "", **_: Any) -> str:
        """The product's last error message, because no more of the log was kept. A program that did not try again has
        written no other."""
        found = self._copy.check("pod.application")
        if self._copy.waits or found.status is not Status.FAILED or (container and f" {container} " not in found.where):
            raise NotKnown
        return found.error

    def pod_events(self, namespace: str, name: str) -> Sequence[JsonValue]:
        """The events that were read. Of a new Pod there is only that the kubelet still cannot mount a volume."""
        if "service_account" in self._copy.changed:  # the kubelet tries again, and what it said before is past
            return []
        if not self._copy.renewed:
            return get_list({"read": self._copy.document("pod_events", "pod.running")}, "read")
        found = self._copy.check("token.file")
        message = {"type": "Warning", "reason": kubelet_status.FAILED_MOUNT, "message": found.error}
        return [message] if found.got == kubelet_status.FAILED_MOUNT and f'"{VOLUME}"' in found.error else []

    def pods(self, namespace: str = "", service_account: str = "") -> Sequence[JsonValue]:
        """No Pods: the evidence has only the manifest of the examined one."""
        of_others = self._copy.renewed or service_account != self._copy.subject.service_account
        if of_others or self._copy.documents.get("pods") != []:
            raise NotKnown
        return []

    def namespace(self, name: str) -> JsonValue:
        return {"metadata": {"name": name, "labels": self._copy.document("namespace_labels", "webhook.selector")}}

    def endpoints(self, namespace: str, name: str) -> JsonValue:
        """Endpoints without an address, where the check found none."""
        found = self._copy.check("webhook.reachable")
        if found.status is not Status.FAILED:
            raise NotKnown
        if found.error or not found.where.startswith("Endpoints "):
            raise refusal(found)
        return {"subsets": []}

    def service(self, namespace: str, name: str) -> JsonValue:
        return self._copy.document("webhook_service", "webhook.reachable")

    def mutating_webhooks(self) -> Sequence[JsonValue]:
        if self._copy.failed("webhook.registered"):
            return []
        return [self._copy.document("configuration", "webhook.registered")]

    def dry_run_pod(self, namespace: str, pod: JsonValue) -> JsonValue:
        """The Pod as the API server stores it. An admission rule that refused it refuses it again, unless the
        ServiceAccount was missing and the fix has made it."""
        if self._copy.failed("webhook.dry_run") and "service_account" not in self._copy.changed:
            raise refused(self._copy.check("webhook.dry_run"))
        return new_pod.admitted(self._copy, get_object(pod))

    def request_token(self, namespace: str, service_account: str, audience: str, seconds: int, **_: Any) -> str:
        return container_files.issued(self._copy, None, service_account, audience, seconds)

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution:
        return container_files.execute(self._copy, container, list(command))


class _Issuer(_Answers):
    def discovery(self, issuer: str) -> JsonValue:
        return self._copy.document("discovery", "issuer.discovery")

    def jwks(self, jwks_uri: str) -> JsonValue:
        return _published(self._copy)

    def thumbprint(self, jwks_uri: str) -> str:
        served = get_str(self._copy.documents.get("thumbprint"), "served")
        if not served:
            raise refusal(self._copy.check("provider.thumbprint"))
        return served


def _published(copy: Copy) -> JsonObject:
    return published(copy.document("jwks", "issuer.jwks"), container_files.key_id(copy))


class _Aws(_Answers):
    @property
    def regions(self) -> frozenset[str]:
        """The regions that the check found right or has set, and the one that the webhook writes."""
        documents, quoted = self._copy.documents, self._copy.check("pod.region").got.split(", ")
        to_set, written = get_list(documents, REGIONS), get_list(documents, "environment")
        wrong = tuple(f"{get_str(it, 'container')}: {get_str(it, 'variable')}=" for it in to_set)
        right = [it.partition("=")[2] for it in quoted if not it.startswith(wrong)]
        return frozenset(filter(None, (*right, *(get_str(it, "value") for it in (*to_set, *written)))))

    def oidc_providers(self) -> Sequence[str]:
        if self._copy.providers is None:
            raise refusal(self._copy.check("provider.exists"))
        return list(self._copy.providers)

    def oidc_provider(self, arn: str) -> JsonValue:
        found = (self._copy.providers or {}).get(arn)
        if found is None:
            raise refusal(self._copy.check("provider.exists"))
        return found

    def role(self, name: str) -> JsonValue:
        return role_document(self._copy, name)

    def role_policies(self, name: str) -> Sequence[tuple[str, JsonValue]]:
        return _policies(self._copy, name)

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        return sts_answer.assumed(self._copy, role_arn, session_name, token)

    def caller_identity(self, credentials: Credentials | None = None) -> JsonValue:
        """The name of a session, where its credentials are given; else the account that was examined."""
        if credentials is not None:
            return {"Arn": credentials.access_key_id}
        found = self._copy.check("service_account.account")
        account = found.expected if found.status is Status.PASSED else account_of(found.expected)
        if not account:
            raise NotKnown
        return {"Account": account}

    def list_buckets(self, credentials: Credentials) -> Sequence[str]:
        """No buckets. Refused where S3 refused it before for something that is not in the role's policies, or where
        these do not allow it. Raises `NotKnown` where something was not asked for, or where more limits the role."""
        copy, found, role_arn = self._copy, self._copy.check("access.list_buckets"), self._copy.annotated_role
        organization = get(copy.documents.get("permission_decision"), "organization_allows")
        if any(check.reason == NOT_ASKED for check in copy.checks.values()):
            raise NotKnown
        beyond = copy.passed("access.policy") or "policies" not in copy.changed
        if found.status is Status.FAILED and beyond and role_arn == copy.role_arn:
            raise refused(found)
        keys = session_keys(*container_files.claims_of(copy)) | {"aws:PrincipalArn": role_arn}
        role = Role(arn=role_arn, keys=keys, facts=request_facts(copy.now))
        listing = evaluate_in_part(role, _policies(copy, role_name(role_arn)), LISTING)
        if listing.open or organization is False or boundary_of(copy.documents.get("role")):
            raise NotKnown
        if not listing.allowed:
            raise Refused(code="AccessDenied", server_message="")
        return []

    def simulate(
        self, role_arn: str, actions: Sequence[str], resource: str, keys: ConditionKeys
    ) -> Sequence[JsonValue]:
        """The decisions that were recorded for the same role, unless a change of the role's policies may change
        them."""
        copy, found = self._copy, self._copy.check("access.policy")
        decision = copy.documents.get("permission_decision")
        limited = False in (get(decision, "boundary_allows"), get(decision, "organization_allows"))
        if role_arn != copy.role_arn or found.status not in (*HOLDS, Status.FAILED):
            raise NotKnown
        if "policies" in copy.changed and not limited:
            raise NotKnown
        denied = [get_str(it, "action") for it in get_list(decision, "denied")]
        of_all = {action: "implicitDeny" if action in denied else "" for action in actions}
        if found.status in HOLDS:
            of_all = dict.fromkeys(actions, "allowed")
        of_all[get_str(decision, "action")] = _DECISIONS.get(get_str(decision, "reason"), "")
        return [
            {
                "EvalActionName": action,
                "EvalDecision": said,
                "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": get(decision, "boundary_allows")},
                "OrganizationsDecisionDetail": {"AllowedByOrganizations": get(decision, "organization_allows")},
            }
            for action, said in of_all.items()
            if said and action in actions
        ]

    def assumptions(self, role_arn: str, subject: str) -> Assumptions:
        """CloudTrail's records, as far as the evidence has them. What AWS will grant after the fix is not known."""
        found = self._copy.check("sts.recent_failures")
        if found.status is Status.UNKNOWN and found.reason != READ_IN_PART:
            raise refusal(found)
        return Assumptions(
            refused=tuple(map(_record, get_list(self._copy.documents, "recent_failures"))),
            denied=tuple(map(_denial, get_list(self._copy.documents, "denied_calls"))),
        )


def _policies(copy: Copy, name: str) -> Sequence[tuple[str, JsonValue]]:
    """The permission policies of the annotated role. Those of another role were not read."""
    if role_name(get_str(copy.documents.get("role"), "Arn")) != name:
        raise NotKnown
    copy.document("policies", "access.policy")
    found = get_list(copy.documents, "policies")
    return [(get_str(policy, "name"), get(policy, "document")) for policy in found]


def _denial(call: JsonValue) -> JsonObject:
    """A denied call as CloudTrail records it, from what `recent_failures` has made of it."""
    return {"eventTime": get_str(call, "time"), "errorMessage": get_str(call, "said")}


def _record(failure: JsonValue) -> JsonObject:
    """A refused request as CloudTrail records it, from what `recent_failures` has made of it."""
    return {
        "eventTime": get_str(failure, "time"),
        "errorCode": get_str(failure, "code"),
        "userIdentity": {"userName": get_str(failure, "subject")},
        "userAgent": get_str(failure, "agent"),
        "sourceIPAddress": get_str(failure, "address"),
        "requestParameters": {"roleArn": get_str(failure, "role"), "roleSessionName": get_str(failure, "session")},
    }
