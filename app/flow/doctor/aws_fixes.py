"""What fixes the links that lie in AWS: the role, and the annotation that points to it."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace

from app.flow.annotations import ROLE_ARN, is_role_arn
from app.flow.doctor import changes, pod_fixes
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.log.permission_fixes import organization
from app.flow.doctor.names import PROFILE_HERE, REGION_HERE, ROLE_HERE, SERVICE_ACCOUNT_HERE, Names
from app.flow.doctor.reading.near_names import ANNOTATED
from app.flow.doctor.trust_fix import (
    admitting,
    exceeds_quota,
    is_for_pod_identity,
    is_refused,
    listing,
    matches_nobody,
    narrowed,
)
from app.flow.json_access import get, get_str, strings
from app.flow.matching.nearest import statements
from app.flow.model import JsonValue, Status
from app.flow.names import annotated_role_arn, host_and_path
from app.flow.steps.findings import LOGIN, NO_PERMISSION
from app.flow.steps.mutation import DRY_RUN
from app.flow.steps.service_account import WEBHOOKS_OWN
from app.flow.steps.trust_policy import OF_CALLER, OF_REQUEST, OF_TIME, is_of_other_key
from app.flow.steps.webhook import NEXT_POD
from app.flow.verdict.refusals import CHANGED

_BLANKS = f"{string.whitespace}\xa0\u200b\u200c\u200d\u2060\ufeff"
"""What an ARN that was copied from a page or a chat may have around it, as well as what cannot be seen at all."""
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
"""The quotation marks that may stand around a value because YAML or a shell took them for a part of it."""
_NAMED_LAST = re.compile(r"(?:^|:)role[/:]([^:]+)$")
"""Finds the role, with its path, at the end of a text."""
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def name_region(names: Names) -> Fix:
    """AWS was not asked: no region is set where the doctor runs."""
    return Fix(id="name_region", commands=(names.doctor(region=names.region or REGION_HERE),))


def lacks_login(names: Names, check_id: str) -> bool:
    """Whether AWS does not know us, so that what the check reads is open, and each command of AWS would be refused."""
    read = names.check_of(check_id)
    return read is not None and read.reason == LOGIN


def log_in(names: Names) -> Fix:
    return Fix(id="log_in", commands=(names.doctor(),))


# --- 2 ServiceAccount and role ---------------------------------------------------------------------------------------


def create_service_account(names: Names) -> Fix:
    """Creates the ServiceAccount, and only where no ServiceAccount has a similar name that may be meant. The Pod may
    still know the role."""
    if namespace := names.near("namespace"):
        return Fix(id="mean_namespace", commands=(names.doctor(namespace=namespace),))
    if account := names.near("service_account"):
        if get_str(names.documents.get("pod"), "spec", "serviceAccountName") == names.service_account:
            return Fix(id="mean_service_account_of_pod", commands=names.set_service_account(account))
        return Fix(id="mean_service_account", commands=(names.doctor(service_account=account),))
    arn = names.role_of_pod or names.likely_role
    missing = (
        (line("kubectl", "create", "namespace", names.namespace),)
        if get(names.documents.get("near"), "namespace") is not None
        else ()
    )
    make = (  # creates it with its annotation: a waiting workload makes its Pods as soon as it exists
        names.kubectl("create", "serviceaccount", names.service_account, "--dry-run=client", "-o", "yaml"),
        line("kubectl", "annotate", "--local", "-f", "-", f"{ROLE_ARN}={arn}", "-o", "yaml"),
        names.kubectl("create", "-f", "-"),
    )
    commands = (*missing, " | ".join(make))
    change = changes.new_account(names, arn)
    return _naming(names, arn, Fix(id="create_service_account", commands=commands, change=change))


def read_annotation(names: Names) -> Fix:
    """Without an annotation the webhook adds nothing; whether there is one could not be read."""
    look = names.kubectl("get", "serviceaccount", names.service_account, "-o", "yaml")
    return Fix(id="read_annotation", commands=(look,))


def annotate(names: Names) -> Fix:
    """Annotates the ServiceAccount. The ARN of the role may be found under a key that nothing reads, or in a Pod that
    was edited before the annotation was removed."""
    on_workload = get_str(names.documents.get("annotated_workload"), "role_arn")
    on_pod = annotated_role_arn(names.documents.get("pod")) or on_workload
    known = (*map(str, names.annotations.values()), on_pod, names.role_of_pod)
    astray = next((value for value in known if is_role_arn(value)), names.likely_role)
    empty = ("--overwrite",) if ROLE_ARN in names.annotations else ()
    if names.check.reason == WEBHOOKS_OWN:
        own = ("--all-namespaces", "--field-selector", "metadata.name=pod-identity-webhook", "-o", "yaml")
        return Fix(id="webhooks_own", commands=(line("kubectl", "get", "configmaps", *own),))
    if names.check.reason == NEXT_POD:
        back = names.annotate(*empty, f"{ROLE_ARN}={names.role_arn}")
        return Fix(id="annotate_again", commands=(back,), change=changes.annotated(names, role_arn=names.role_arn))
    annotated = strings(get(names.documents.get("near"), ANNOTATED))
    if annotated and astray == ROLE_HERE:  # no role is for `default` alone
        account = annotated[0] if len(annotated) == 1 else SERVICE_ACCOUNT_HERE
        return Fix(id="not_default", choices=tuple(annotated), commands=names.set_service_account(account))
    commands = (names.annotate(*empty, f"{ROLE_ARN}={astray}"), *names.recreate())
    change = changes.annotated(names, role_arn=astray)
    fix = Fix(id="annotate_account" if is_role_arn(on_pod) else "annotate", commands=commands, change=change)
    return _naming(names, astray, fix)


def correct_arn(names: Names) -> Fix:
    """Corrects the annotation's value where the role that is meant can be read from it; else asks for the role.

    A bare name lacks only the account, as does an ARN without one. An ARN may have blanks or quotes around it, or
    another ARN before it, such as a copy of itself.
    """
    if names.own_token:
        return pod_fixes.own_role(names, ROLE_HERE)
    written = names.role_arn.strip(_BLANKS)
    if written == ROLE_HERE:  # our own placeholder, pasted as it is
        return annotate(names)
    if is_role_arn(found := written.strip(_QUOTES).strip(_BLANKS)):
        commands, change = _write_arn(names, found), changes.annotated(names, role_arn=found)
        return Fix(id="without_quotes" if found != written else "without_blanks", commands=commands, change=change)
    named, accounts = _NAMED_LAST.search(written), set(_ACCOUNT.findall(written))
    account = accounts.pop() if len(accounts) == 1 else "" if accounts else names.account
    arn = f"arn:{names.partition}:iam::{account}:role/{named[1] if named else written}"
    return _name_role(names, arn if is_role_arn(arn) else names.likely_role)


def correct_account(names: Names) -> Fix | None:
    """A role of another account needs no fix, unless STS refuses it and this account has one of the same name."""
    return _name_role(names, names.check.expected) if names.check.status is Status.FAILED else None


def _name_role(names: Names, arn: str) -> Fix:
    if names.own_token:
        return pod_fixes.own_role(names, arn)
    fix = Fix(id="correct_arn", commands=_write_arn(names, arn), change=changes.annotated(names, role_arn=arn))
    return _naming(names, arn, fix)


def _write_arn(names: Names, arn: str) -> tuple[str, ...]:
    return (names.annotate("--overwrite", f"{ROLE_ARN}={arn}"), *names.recreate())


def _naming(names: Names, arn: str, fix: Fix) -> Fix:
    """The fix unchanged, where the role is known; else with the roles that may be meant as choices, or after a command
    that finds them."""
    if arn != ROLE_HERE:
        return replace(fix, id="found_role") if arn == names.likely_role and names.exists else fix
    if names.admitting is None:
        commands = (_find_role(names), *fix.commands)
        return replace(fix, id="find_role_there" if names.may_be_elsewhere else "find_role", commands=commands)
    return replace(fix, id="choose_role" if names.admitting else "no_role", choices=names.admitting)


def _find_role(names: Names) -> str:
    """Lists the roles whose trust policy names the ServiceAccount, in this cluster where that is known."""
    wanted = [json.dumps(names.bearer.subject), *([f"{host_and_path(names.issuer)}:sub"] if names.issuer else [])]
    policy = "to_string(AssumeRolePolicyDocument)"
    literals = (json.dumps(it).replace("`", "\\`") for it in wanted)
    named = " && ".join(f"contains({policy}, `{literal}`)" for literal in literals)
    return names.iam("list-roles", "--query", f"Roles[?{named}].Arn", "--output", "text", *names.there)


def role(names: Names) -> Fix:
    """IAM has a role of that name under another ARN (the annotation lacks its path), a role with a similar name, or
    neither."""
    if is_role_arn(names.check.got):
        return _name_role(names, names.check.got)
    if (arn := names.near("role")) and not names.own_token:
        change = changes.annotated(names, role_arn=arn)
        return Fix(id="mean_role", commands=_write_arn(names, arn), change=change)
    if not names.issuer:
        return look_for_role(names)
    policy = admitting(None, changes.lasting_bearer(names))
    path = ("--path", names.role_path) if names.role_path != "/" else ()
    wanted = ("--role-name", names.role_name, *path, "--assume-role-policy-document", json.dumps(policy))
    return Fix(
        id="create_role",
        commands=(names.iam("create-role", *wanted),),
        change=changes.trust(names, policy, new=True),
    )


def look_for_role(names: Names) -> Fix:
    """In another account the doctor itself can look, and then compares the trust policy as well."""
    if names.there:
        return Fix(id="look_for_role_there", commands=(names.doctor(profile=PROFILE_HERE),))
    if lacks_login(names, "role.exists"):
        return log_in(names)
    role = names.check_of("role.exists")
    denied = role is not None and role.reason == NO_PERMISSION
    look = names.iam("get-role", "--role-name", names.role_name)
    return Fix(id="look_for_role_permitted" if denied else "look_for_role", commands=(look,))


def trust(names: Names) -> Fix:
    """Adds a statement that lets in the ServiceAccount, unless the trust policy lacks only the audience of its own that
    its token has. A condition under another key fails whatever the audience."""
    if names.check.reason == CHANGED.id:
        return Fix(id="read_again")
    if names.check.id == "trust.audience" and names.asks_for_audience and not is_of_other_key(names.check):
        return pod_fixes.default_audience(names)
    before = names.documents.get("trust_policy")
    if names.check.reason in (OF_REQUEST, OF_CALLER):
        return conditions(names)
    if names.check.reason == OF_TIME:
        return Fix(id="time_condition", commands=_show_trust(names).commands)
    policy = admitting(before, changes.lasting_bearer(names))
    if policy is None or names.check.got.startswith("explicit-deny"):  # a Deny may apply at certain times alone
        return _show_trust(names)
    if exceeds_quota(policy) and not exceeds_quota(before):
        return _within_quota(names, before, policy)
    commands, change = (names.update_trust(policy),), changes.trust(names, policy)
    if any(map(is_refused, statements(before))):
        return Fix(id="trust_refused", commands=commands, change=change)
    if matches_nobody(before, names.bearer):
        return Fix(id="trust_instead", commands=commands, change=change)
    if is_for_pod_identity(before):
        return Fix(id="trust_or_association", commands=(associations(names), *commands), change=change)
    return Fix(id="trust", commands=commands, change=change)


def _within_quota(names: Names, before: JsonValue, policy: JsonValue) -> Fix:
    """A longer list instead of one more statement; where that is too long as well, the quota or the policy has to
    change first."""
    shorter = listing(before, changes.lasting_bearer(names))
    if shorter is None or exceeds_quota(shorter):
        return Fix(id="trust_over_quota", commands=(names.update_trust(policy),))
    return Fix(id="trust_in_list", commands=(names.update_trust(shorter),), change=changes.trust(names, shorter))


def pod_identity(names: Names) -> Fix:
    """Finds the association, which shows in the Pod, or only in the Pod of the dry run."""
    of_next = names.check.where.startswith(DRY_RUN)
    return Fix(id="pod_identity_of_next_pod" if of_next else "pod_identity", commands=(associations(names),))


def associations(names: Names) -> str:
    """What lists the associations of EKS Pod Identity that the ServiceAccount has."""
    asked = ("--cluster-name", "CLUSTER", "--namespace", names.namespace, "--service-account", names.service_account)
    return line("aws", "eks", "list-pod-identity-associations", *asked, *names.in_region)


def conditions(names: Names) -> Fix:
    """A condition on the request is there on purpose, so no command that bypasses it is proposed."""
    decision = names.check_of("trust.decision")
    known = decision is not None and decision.reason in (OF_REQUEST, OF_CALLER)
    return Fix(id="conditions", commands=_show_trust(names).commands) if known else organization(names)


def _show_trust(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.AssumeRolePolicyDocument")
    return Fix(id="remove_deny", commands=(names.iam("get-role", *asked),))


def narrow(names: Names) -> Fix | None:
    policy = narrowed(names.documents.get("trust_policy"), names.bearer)
    if policy is None:
        return None
    return Fix(id="narrow", commands=(names.update_trust(policy),), change=changes.trust(names, policy))


# --- 5 STS, 6 access -------------------------------------------------------------------------------------------------


def activate_region(names: Names) -> Fix:
    return Fix(id="activate_region")


def read_answer(names: Names) -> Fix:
    return Fix(id="read_answer")
