"""What a survey reads, several requests at a time: a cluster may have some hundreds of roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.survey.mistyped import mistyped
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get, get_object, get_str
from app.flow.model import NOT_OBSERVABLE, JsonValue
from app.flow.names import account_of, host_and_path, provider_url, role_name, role_of
from app.flow.port_wrappers.side_by_side import answers
from app.flow.ports import Ports
from app.flow.steps.findings import OTHER_ACCOUNT, unseen


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The trust policy of a role."""

    document: JsonValue = None
    """None where there is no such role, or it could not be read."""
    arn: str = ""
    """The ARN of the account's role of that name. It differs from the annotation where that lacks the role's path."""
    reason: str = ""
    """The key of the reason why it could not be read; empty where it was."""
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the cluster and the account showed."""

    issuer: str
    service_accounts: tuple[JsonValue, ...]
    """In the order of their namespaces and names."""
    policies: Mapping[str, Policy]
    """By the ARN in an annotation, in the order of the ARNs."""
    account: str = ""
    """Our own account's id, where we may know it."""
    providers: tuple[str, ...] = ()
    """The ARNs of its IAM OIDC providers."""
    providers_error: FlowError | None = None
    """Why the providers could not be listed; None where they were."""
    pods: tuple[JsonValue, ...] = ()
    pods_error: FlowError | None = None
    """Why the Pods could not be listed; None where they were."""

    def lacks_provider(self, role_arn: str) -> bool:
        """Whether that role is in our account, which has no provider for the issuer: STS then refuses every token.

        An account is in one partition, so an ARN of another one is wrong in that alone.
        """
        ours = bool(self.account) and role_of(role_arn) is not None and account_of(role_arn) == self.account
        known = map(provider_url, self.providers)
        return ours and not self.providers_error and host_and_path(self.issuer) not in known


def read(ports: Ports, namespace: str) -> Read:
    """Reads all that a survey needs, of one namespace or of all. Raises `FlowError` without issuer or ServiceAccounts.

    The first question to each server is put alone, so that one that is silent is asked once.
    """
    # (1) The cluster: the issuer that signs its tokens, its ServiceAccounts; whose account it is, and its providers.
    discovery, identity, providers = answers(
        ports.cluster.discovery, ports.aws.caller_identity, ports.aws.oidc_providers
    )
    issuer = get_str(_or_raise(discovery), "issuer")
    accounts = sorted(ports.cluster.service_accounts(namespace), key=_place)

    # (2) Each role, once.
    annotations = [get_object(it, "metadata", "annotations") for it in accounts]
    annotated = {get_str(it, ROLE_ARN) for it in annotations}
    arns = sorted(arn for arn in annotated if role_of(arn))
    asked = [_asking_for(ports, arn) for arn in arns]
    roles = (*answers(*asked[:1]), *answers(*asked[1:]))
    account = _account(identity, providers, roles)
    unsaid = not account and isinstance(identity, FlowError)
    hidden = (unseen(identity) or NOT_OBSERVABLE) if unsaid else OTHER_ACCOUNT
    policies = {arn: _policy(role, arn, account, hidden) for arn, role in zip(arns, roles, strict=True)}

    # (3) The Pods, last: so long a list may come too late, and then nothing else is lost with it.
    (pods,) = (
        answers(lambda: ports.cluster.pods(namespace))
        if any(annotated) or any(mistyped(it)[0] for it in annotations)
        else ((),)
    )
    return Read(
        issuer=issuer,
        service_accounts=tuple(accounts),
        policies=policies,
        account=account,
        providers=() if isinstance(providers, FlowError) else tuple(providers),
        providers_error=providers if isinstance(providers, FlowError) else None,
        pods=() if isinstance(pods, FlowError) else tuple(pods),
        pods_error=pods if isinstance(pods, FlowError) else None,
    )


def _or_raise(answer: JsonValue) -> JsonValue:
    if isinstance(answer, FlowError):
        raise answer
    return answer


def _account(
    identity: JsonValue | FlowError, providers: Sequence[str] | FlowError, roles: Iterable[JsonValue | FlowError]
) -> str:
    """Our own account's id: as AWS says it, else that of what IAM has shown of the account."""
    if not isinstance(identity, FlowError):
        return get_str(identity, "Account")
    listed = () if isinstance(providers, FlowError) else providers
    read = (get_str(role, "Arn") for role in roles if not isinstance(role, FlowError))
    return next(filter(None, map(account_of, (*listed, *read))), "")


def _place(service_account: JsonValue) -> tuple[str, str]:
    return get_str(service_account, "metadata", "namespace"), get_str(service_account, "metadata", "name")


def _asking_for(ports: Ports, arn: str) -> Callable[[], JsonValue]:
    return lambda: ports.aws.role(role_name(arn))


def _policy(role: JsonValue | FlowError, arn: str, account: str, hidden: str) -> Policy:
    """The trust policy. A role of another account cannot be read by us, even if our account has a role of that name."""
    ours = account_of(arn) == account
    if isinstance(role, NotFound):
        return Policy() if ours else Policy(reason=hidden, said=role.server_message)
    if isinstance(role, FlowError):
        return Policy(reason=unseen(role) or NOT_OBSERVABLE, said=role.server_message)
    if (found := get_str(role, "Arn")) != arn:
        return Policy(arn=found) if ours else Policy(reason=hidden)
    return Policy(document=get(role, "AssumeRolePolicyDocument"), arn=found)
