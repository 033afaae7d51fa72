"""How a task can be done from where the world is now: the commands to type, and for each the requests that it sends."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.flow.annotations import ROLE_ARN
from app.flow.build import documents
from app.flow.build.tasks import TRUST, Progress, TaskId
from app.flow.model import Chain, JsonObject
from app.flow.names import DEFAULT_AUDIENCE, TOKEN_PATH, provider_in, role_in

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
"""The managed policy of the article."""
BEFORE, INSIDE = "pod-before", "look-inside"
"""The names of the Pods that are made beside the chain's."""
SESSION = "by-hand"
"""The name of the session of the role that is taken without a Pod."""


@dataclass(frozen=True, kw_only=True)
class ToCluster:
    """A request to the API server."""

    method: str
    path: str
    body: JsonObject | None = None
    shows: bool = False
    """Whether its answer is what the command is typed for."""


@dataclass(frozen=True, kw_only=True)
class ToIam:
    """A call of IAM."""

    action: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class InPod:
    """A command in a container of a Pod: `exec`."""

    namespace: str
    pod: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settle:
    """Waits until the Pods have run."""


@dataclass(frozen=True, kw_only=True)
class AssumeWithToken:
    """A TokenRequest for a ServiceAccount, and AssumeRoleWithWebIdentity with that token."""

    namespace: str
    service_account: str
    role_arn: str


Request = ToCluster | ToIam | InPod | Settle | AssumeWithToken


@dataclass(frozen=True, kw_only=True)
class Act:
    """One command, and the requests that do the same."""

    command: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """The names that the commands are about."""

    chain: Chain
    account_id: str
    issuer: str
    taken: frozenset[tuple[str, str]]
    """Namespace and name of the Pods that exist."""
    namespaces: frozenset[str]

    @property
    def role_arn(self) -> str:
        """The ARN of the chain's role."""
        return role_in(self.account_id, self.chain.role, path=self.chain.role_path)

    @property
    def provider_arn(self) -> str:
        """The ARN of the provider of the cluster's issuer."""
        return provider_in(self.account_id, self.issuer)


def plan(task: Progress, place: Place) -> tuple[Act, ...]:
    """The acts that complete that task from here on. Acts whose result exists already are left out. For a task that is
    done, all of its acts."""
    held = {goal.id for goal in task.goals if goal.done} if not task.done else set()
    return tuple(_PLANS[task.task.id](place, held))


def _look_around(place: Place, held: set[str]) -> Iterator[Act]:
    yield Act(command="kubectl get pods --all-namespaces", requests=(ToCluster(method="GET", path="/api/v1/pods"),))
    yield Act(
        command="kubectl get serviceaccounts",
        requests=(ToCluster(method="GET", path="/api/v1/namespaces/default/serviceaccounts"),),
    )
    yield from _run(place, "default", BEFORE, ends="Failed")
    yield _log("default", BEFORE)


def _issuer(place: Place, held: set[str]) -> Iterator[Act]:
    path = "/.well-known/openid-configuration"
    yield Act(command=f"kubectl get --raw {path}", requests=(ToCluster(method="GET", path=path, shows=True),))


def _provider(place: Place, held: set[str]) -> Iterator[Act]:
    if "provider.exists" in held:
        arn = {"OpenIDConnectProviderArn": place.provider_arn, "ClientID": DEFAULT_AUDIENCE}
        yield Act(
            command="aws iam add-client-id-to-open-id-connect-provider"
            f" --open-id-connect-provider-arn {place.provider_arn} --client-id {DEFAULT_AUDIENCE}",
            requests=(ToIam(action="AddClientIDToOpenIDConnectProvider", parameters=arn),),
        )
        return
    yield Act(
        command=f"aws iam create-open-id-connect-provider --url {place.issuer} --client-id-list {DEFAULT_AUDIENCE}",
        requests=(
            ToIam(
                action="CreateOpenIDConnectProvider",
                parameters={"Url": place.issuer, "ClientIDList.member.1": DEFAULT_AUDIENCE},
            ),
        ),
    )


def _role(place: Place, held: set[str]) -> Iterator[Act]:
    name = place.chain.role
    document = json.dumps(
        documents.trust_policy(place.issuer, place.account_id, [(place.chain.namespace, place.chain.service_account)])
    )
    if "role.exists" not in held:
        yield Act(
            command=f"aws iam create-role --role-name {name} --assume-role-policy-document {shlex.quote(document)}",
            requests=(ToIam(action="CreateRole", parameters={"RoleName": name, "AssumeRolePolicyDocument": document}),),
        )
    elif not held.issuperset(TRUST):
        yield Act(
            command=f"aws iam update-assume-role-policy --role-name {name} --policy-document {shlex.quote(document)}",
            requests=(
                ToIam(action="UpdateAssumeRolePolicy", parameters={"RoleName": name, "PolicyDocument": document}),
            ),
        )
    if "access.policy" not in held:
        attached = {"RoleName": name, "PolicyArn": READ_ONLY}
        yield Act(
            command=f"aws iam attach-role-policy --role-name {name} --policy-arn {READ_ONLY}",
            requests=(ToIam(action="AttachRolePolicy", parameters=attached),),
        )


def _service_account(place: Place, held: set[str]) -> Iterator[Act]:
    namespace, name = place.chain.namespace, place.chain.service_account
    where = _in(namespace)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    if namespace not in place.namespaces:
        body: JsonObject = {"metadata": {"name": namespace}}
        yield Act(
            command=f"kubectl create namespace {namespace}",
            requests=(ToCluster(method="POST", path="/api/v1/namespaces", body=_of("Namespace", body)),),
        )
    if "service_account.exists" not in held:
        body = {"metadata": {"name": name, "namespace": namespace}}
        yield Act(
            command=f"kubectl create serviceaccount {name}{where}",
            requests=(ToCluster(method="POST", path=path, body=_of("ServiceAccount", body)),),
        )
    body = {"metadata": {"annotations": {ROLE_ARN: place.role_arn}}}
    yield Act(
        command=f"kubectl annotate serviceaccount {name}{where} --overwrite {ROLE_ARN}={place.role_arn}",
        requests=(ToCluster(method="PATCH", path=f"{path}/{name}", body=body),),
    )


def _pod_after(place: Place, held: set[str]) -> Iterator[Act]:
    chain = place.chain
    yield from _run(place, chain.namespace, chain.pod, chain.service_account, ends="Succeeded")


def _buckets(place: Place, held: set[str]) -> Iterator[Act]:
    chain = place.chain
    is_taken = (chain.namespace, chain.pod) in place.taken
    if "log_lists_buckets" not in held or ("access.list_buckets" not in held and not is_taken):
        yield from _run(place, chain.namespace, chain.pod, chain.service_account, ends="Succeeded")
    yield _log(chain.namespace, chain.pod)


def _look_inside(place: Place, held: set[str]) -> Iterator[Act]:
    namespace, account = place.chain.namespace, place.chain.service_account
    where = _in(namespace)
    yield from _run(place, namespace, INSIDE, account, ends="")
    for command in (("env",), ("cat", TOKEN_PATH)):
        yield Act(
            command=f"kubectl exec {INSIDE}{where} -- {' '.join(command)}",
            requests=(InPod(namespace=namespace, pod=INSIDE, command=command),),
        )


def _by_hand(place: Place, held: set[str]) -> Iterator[Act]:
    chain = place.chain
    account = f"{chain.service_account}{_in(chain.namespace)}"
    # Without the line feed that kubectl adds: no shell takes it away on the way to the AWS CLI, and some have no `$()`.
    only = "-o jsonpath='{.status.token}'"
    yield Act(
        command=f"kubectl create token {account} --audience {DEFAULT_AUDIENCE} {only} > token",
        requests=(),  # the token is asked for where it is used
    )
    yield Act(
        command=f"aws sts assume-role-with-web-identity --role-arn {place.role_arn} --role-session-name {SESSION}"
        " --web-identity-token file://token",
        requests=(
            AssumeWithToken(namespace=chain.namespace, service_account=chain.service_account, role_arn=place.role_arn),
        ),
    )


_PLANS: Mapping[TaskId, Callable[[Place, set[str]], Iterator[Act]]] = {
    TaskId.LOOK_AROUND: _look_around,
    TaskId.ISSUER: _issuer,
    TaskId.PROVIDER: _provider,
    TaskId.ROLE: _role,
    TaskId.SERVICE_ACCOUNT: _service_account,
    TaskId.POD_AFTER: _pod_after,
    TaskId.BUCKETS: _buckets,
    TaskId.LOOK_INSIDE: _look_inside,
    TaskId.BY_HAND: _by_hand,
}


def _run(place: Place, namespace: str, name: str, service_account: str = "", *, ends: str) -> Iterator[Act]:
    """`kubectl run`, after the Pod of that name has made room. `ends` is the phase that it comes to; it stays where
    that is empty."""
    where, path = _in(namespace), f"/api/v1/namespaces/{namespace}/pods"
    if (namespace, name) in place.taken:
        yield Act(
            command=f"kubectl delete pod {name}{where}",
            requests=(ToCluster(method="DELETE", path=f"{path}/{name}"), Settle()),
        )
    spec = json.dumps({"spec": {"serviceAccountName": service_account}}, separators=(",", ":"))
    under = f" --overrides='{spec}'" if service_account else ""
    program = "--command -- sleep 3600" if not ends else f"--restart=Never -- {' '.join(documents.LIST_BUCKETS)}"
    body = documents.run_pod(name, service_account=service_account, sleeps=not ends)
    yield Act(
        command=f"kubectl run {name}{where} --image={documents.IMAGE}{under} {program}",
        requests=(ToCluster(method="POST", path=path, body=_of("Pod", body)), Settle()),
    )
    until = f"jsonpath='{{.status.phase}}'={ends}" if ends else "condition=Ready"
    yield Act(command=f"kubectl wait pod/{name}{where} --for={until}", requests=(Settle(),))


def _log(namespace: str, pod: str) -> Act:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
    return Act(
        command=f"kubectl logs {pod}{_in(namespace)}", requests=(ToCluster(method="GET", path=path, shows=True),)
    )


def _of(kind: str, body: JsonObject) -> JsonObject:
    return {"apiVersion": "v1", "kind": kind, **body}


def _in(namespace: str) -> str:
    return "" if namespace == "default" else f" --namespace {namespace}"
