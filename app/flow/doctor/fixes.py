"""The commands that mend a broken link, with the names that the walk has found. Nothing here is ever run.

What the walk could not find stays a word in capitals, for the reader to replace. A command never takes away what
others may be using, except where the sentence before it says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.flow.annotations import AUDIENCE, ROLE_ARN, SKIP_CONTAINERS, is_role_arn
from app.flow.doctor.names import ROLE_HERE, Names, line
from app.flow.doctor.trust_fix import admitting, narrowed
from app.flow.model import JsonValue, Status, Verdict, Walk
from app.flow.steps.documents import dig, items, mapping, strings
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE
from app.flow.steps.mutation import SKIP_LABEL
from app.flow.steps.names import DEFAULT_AUDIENCE

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
_DENY = "explicit-deny"
_NOBODY = 65534
"""The group that the webhook's documentation gives to Pods whose user may not read the token."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object as it is and as it would be, for a diff."""

    object: str
    """Which one, such as `ServiceAccount default/my-sa`."""
    before: JsonValue
    """None where it is not there."""
    after: JsonValue


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What to do, as lines for a shell."""

    id: str
    """The key of the sentence that stands before the commands."""
    commands: tuple[str, ...] = ()
    """In this order. Empty where no command does it."""
    change: Change | None = None
    """What becomes of the object; None where nothing that was read says it."""


def fix_for(verdict: Verdict, walk: Walk, documents: Mapping[str, JsonValue]) -> Fix | None:
    """What to do about the check that the verdict names. None where nothing is known to be wrong."""
    check = verdict.check
    if check is None or check.status not in (Status.FAILED, Status.WARNING):
        return None
    make = _FIXES.get(check.id)
    return make(Names(check, walk, documents)) if make is not None else None


# --- 1 OIDC provider -------------------------------------------------------------------------------------------------


def _publish(names: Names) -> Fix:
    issuer = names.issuer
    if not issuer:
        return Fix(id="read_issuer", commands=(line("kubectl", "get", "--raw", "/.well-known/openid-configuration"),))
    return Fix(id="publish", commands=(line("curl", "-fsS", f"{issuer}/.well-known/openid-configuration"),))


def _compare_keys(names: Names) -> Fix:
    return Fix(
        id="compare_keys", commands=(line("kubectl", "get", "--raw", "/openid/v1/jwks"), *_publish(names).commands)
    )


def _create_provider(names: Names) -> Fix:
    wanted = ("--url", names.issuer, "--client-id-list", names.bearer.audience)
    return Fix(id="create_provider", commands=(names.iam("create-open-id-connect-provider", *wanted),))


def _accept_audience(names: Names) -> Fix:
    arn = names.provider_arn or names.bearer.provider_arn
    wanted = ("--open-id-connect-provider-arn", arn, "--client-id", names.bearer.audience)
    return Fix(id="accept_audience", commands=(names.iam("add-client-id-to-open-id-connect-provider", *wanted),))


def _register_thumbprint(names: Names) -> Fix:
    known = strings(mapping(names.documents.get("thumbprint")).get("registered"))
    thumbprints = ("--thumbprint-list", *known[:4], names.check.expected)
    wanted = ("--open-id-connect-provider-arn", names.provider_arn, *thumbprints)
    return Fix(id="thumbprint", commands=(names.iam("update-open-id-connect-provider-thumbprint", *wanted),))


# --- 2 ServiceAccount ------------------------------------------------------------------------------------------------


def _create_service_account(names: Names) -> Fix:
    return Fix(
        id="create_service_account", commands=(names.kubectl("create", "serviceaccount", names.service_account),)
    )


def _annotate(names: Names) -> Fix:
    """The role may stand under a key that nobody reads."""
    astray = next((value for value in names.annotations.values() if is_role_arn(str(value))), ROLE_HERE)
    return Fix(id="annotate", commands=(names.annotate(f"{ROLE_ARN}={astray}"), *names.recreate()))


def _correct_arn(names: Names) -> Fix:
    """A bare name lacks nothing but the account; of any other text the role is asked for."""
    arn = f"arn:aws:iam::{names.account}:role/{names.role_arn.removeprefix('role/')}"
    arn = arn if is_role_arn(arn) else ROLE_HERE
    return Fix(id="correct_arn", commands=(names.annotate("--overwrite", f"{ROLE_ARN}={arn}"), *names.recreate()))


def _role(names: Names) -> Fix:
    """IAM knows a role of that name under another ARN (its path is missing), or none at all."""
    if is_role_arn(names.check.got):
        arn = names.check.got
        return Fix(id="correct_arn", commands=(names.annotate("--overwrite", f"{ROLE_ARN}={arn}"), *names.recreate()))
    if not names.issuer:
        return Fix(id="look_for_role", commands=(names.iam("get-role", "--role-name", names.role_name),))
    policy = json.dumps(admitting(None, names.bearer))
    wanted = ("--role-name", names.role_name, "--assume-role-policy-document", policy)
    return Fix(id="create_role", commands=(names.iam("create-role", *wanted),))


def _trust(names: Names) -> Fix:
    """An audience of one's own is more often a slip than meant; else one statement more lets the ServiceAccount in."""
    if names.check.id == "trust.audience" and names.bearer.audience != DEFAULT_AUDIENCE:
        return Fix(id="default_audience", commands=(names.annotate(f"{AUDIENCE}-"), *names.recreate()))
    policy = admitting(names.documents.get("trust_policy"), names.bearer)
    if policy is None:
        return _show_trust(names)
    return Fix(id="trust", commands=(names.update_trust(policy),))


def _show_trust(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.AssumeRolePolicyDocument")
    return Fix(id="remove_deny", commands=(names.iam("get-role", *asked),))


def _narrow(names: Names) -> Fix | None:
    policy = narrowed(names.documents.get("trust_policy"), names.bearer)
    return None if policy is None else Fix(id="narrow", commands=(names.update_trust(policy),))


# --- 3 Webhook, and the Pod that it edits ----------------------------------------------------------------------------


def _webhook(names: Names) -> Fix:
    return Fix(
        id="webhook",
        commands=(line("kubectl", "get", "mutatingwebhookconfigurations", "pod-identity-webhook", "-o", "yaml"),),
    )


def _call_webhook(names: Names) -> Fix:
    """The label may be in the Pod template; anything else of the selectors is the registration's."""
    if f'"{SKIP_LABEL}"' not in names.check.got:
        return _webhook(names)
    path = f"/spec/template/metadata/labels/{SKIP_LABEL.replace('/', '~1')}"
    patch = json.dumps([{"op": "remove", "path": path}])
    return Fix(id="remove_label", commands=names.patch("--type", "json", "-p", patch))


def _may_create(names: Names) -> Fix:
    return Fix(id="may_create", commands=(names.kubectl("auth", "can-i", "create", "pods"),))


def _handwritten(names: Names) -> Fix:
    """Where the manifest sets one of the two variables itself, the webhook adds neither, or not even the mount."""
    if names.check.got == "[]":
        return _unskip(names)
    return Fix(id="handwritten", commands=names.set_env(f"{ROLE_VARIABLE}-", f"{TOKEN_VARIABLE}-"))


def _unskip(names: Names) -> Fix:
    """No container is left that the webhook looks at."""
    path = f"/spec/template/metadata/annotations/{SKIP_CONTAINERS.replace('/', '~1')}"
    return Fix(id="unskip", commands=names.patch("--type", "json", "-p", json.dumps([{"op": "remove", "path": path}])))


def _pod(names: Names) -> Fix:
    """It is not there, or it runs under another ServiceAccount."""
    if names.check.where.endswith(".spec.serviceAccountName"):
        return Fix(id="set_service_account", commands=names.set_service_account())
    selector = f"spec.serviceAccountName={names.service_account}"
    return Fix(id="find_pods", commands=(names.kubectl("get", "pods", "--field-selector", selector),))


def _recreate(names: Names) -> Fix:
    return Fix(id="recreate", commands=names.recreate())


def _pod_identity(names: Names) -> Fix:
    asked = ("--cluster-name", "CLUSTER", "--namespace", names.namespace, "--service-account", names.service_account)
    return Fix(id="pod_identity", commands=(line("aws", "eks", "list-pod-identity-associations", *asked),))


# --- 4 Token, 5 STS, 6 S3 --------------------------------------------------------------------------------------------


def _token_file(names: Names) -> Fix:
    return Fix(id="describe", commands=(names.kubectl("describe", "pod", names.pod),))


def _readable(names: Names) -> Fix:
    patch = json.dumps({"spec": {"template": {"spec": {"securityContext": {"fsGroup": _NOBODY}}}}})
    return Fix(id="fs_group", commands=names.patch("-p", patch))


def _region(names: Names) -> Fix:
    region = names.region or "REGION"
    return Fix(id="region", commands=names.set_env(f"AWS_DEFAULT_REGION={region}", f"AWS_REGION={region}"))


def _keys(names: Names) -> Fix:
    """Only what is in the Pod's own list of variables can be taken out this way."""
    found = sorted({entry.partition(": ")[2] for entry in names.check.got.split(", ")})
    variables = [f"{name}-" for name in found if name.startswith("AWS_")]
    return Fix(id="static_keys", commands=names.set_env(*variables) if variables else names.show_workload())


def _host_network(names: Names) -> Fix:
    return Fix(id="host_network", commands=names.show_workload())


def _answer(names: Names) -> Fix:
    """What STS said although nothing that can be read is wrong."""
    if names.check.got == "RegionDisabledException":
        return Fix(id="activate_region")
    if names.check.got == "AccessDenied":
        asked = ("--filter", "SERVICE_CONTROL_POLICY")
        return Fix(id="organization", commands=(line("aws", "organizations", "list-policies", *asked),))
    return Fix(id="read_answer")


def _refused(names: Names) -> Fix:
    """A Pod that asks for another role was not made anew; of any other refusal the record says more."""
    newest = next(iter(items(names.documents.get("recent_failures"))), None)
    if names.recreate() and dig(newest, "other_role") is True and dig(newest, "other_subject") is False:
        return _recreate(names)
    wanted = "AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity"
    words = ("aws", "cloudtrail", "lookup-events", "--max-results", "20", "--lookup-attributes", wanted)
    return Fix(id="look_up", commands=(line(*words, "--query", "Events[].CloudTrailEvent", "--output", "text"),))


def _permit(names: Names) -> Fix:
    """A Deny is not helped by one more Allow."""
    if names.check.got == _DENY or "explicit deny" in names.check.error:
        return Fix(
            id="remove_deny_from_role",
            commands=(
                names.iam("list-attached-role-policies", "--role-name", names.role_name),
                names.iam("list-role-policies", "--role-name", names.role_name),
            ),
        )
    wanted = ("--role-name", names.role_name, "--policy-arn", READ_ONLY)
    return Fix(id="permit", commands=(names.iam("attach-role-policy", *wanted),))


_FIXES: Mapping[str, Callable[[Names], Fix | None]] = {
    "issuer.discovery": _publish,
    "issuer.jwks": _publish,
    "issuer.cluster_keys": _compare_keys,
    "provider.exists": _create_provider,
    "provider.audience": _accept_audience,
    "provider.thumbprint": _register_thumbprint,
    "service_account.exists": _create_service_account,
    "service_account.annotation": _annotate,
    "service_account.role_arn": _correct_arn,
    "role.exists": _role,
    **dict.fromkeys(("trust.provider", "trust.action", "trust.audience", "trust.subject"), _trust),
    "trust.decision": _trust,
    "trust.scope": _narrow,
    "webhook.registered": _webhook,
    "webhook.selector": _call_webhook,
    "webhook.dry_run": _may_create,
    "webhook.volume": _webhook,
    "webhook.mount": _handwritten,
    "webhook.environment": _handwritten,
    "pod.exists": _pod,
    **dict.fromkeys(("pod.injected", "pod.environment", "pod.volume", "pod.age"), _recreate),
    "pod.pod_identity": _pod_identity,
    "token.file": _token_file,
    **dict.fromkeys((f"token.{name}" for name in ("format", "algorithm", "issuer", "audience", "subject")), _recreate),
    **dict.fromkeys((f"token.{name}" for name in ("bound_pod", "lifetime", "key", "signature")), _recreate),
    "pod.token_readable": _readable,
    "sts.provider": _create_provider,
    "sts.audience": _accept_audience,
    **dict.fromkeys((f"sts.{name}" for name in ("format", "expiration", "key", "signature")), _recreate),
    "sts.trust": _trust,
    "sts.credentials": _answer,
    "pod.region": _region,
    "pod.static_keys": _keys,
    "pod.hop_limit": _host_network,
    "sts.recent_failures": _refused,
    "access.identity": _answer,
    "access.policy": _permit,
    "access.list_buckets": _permit,
}
