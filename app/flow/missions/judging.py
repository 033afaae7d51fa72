"""Whether the goals of a mission are reached: by what the servers answer, not by what was typed.

STS's response to a token says which role its ServiceAccount may assume. S3's response to ListBuckets says what
that role may do with the account's buckets. For every other action IAM is asked (SimulatePrincipalPolicy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.flow.doctor.pod import inspect
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused
from app.flow.json_access import get, get_object, get_str, strings
from app.flow.missions.mission import Goal, Names, Passes, Permission, PodLog, filled
from app.flow.model import ConditionKeys, JsonValue, Status, Subject
from app.flow.names import (
    annotated_audience,
    annotated_role_arn,
    provider_arn,
    provider_in,
    role_in,
    role_name,
    role_of,
)
from app.flow.permissions.asked import LIST_BUCKETS
from app.flow.ports import Credentials, Ports
from app.flow.steps.kubelet_status import ENDED
from app.flow.steps.walk import walk
from app.flow.token import decode
from app.flow.trust import evaluate, request_facts, session_keys, web_identity_context

SESSION = "botocore-session-1"
"""The name of the sessions that are taken to judge a goal. boto3 and the AWS CLI name theirs so, with the time as the
number: a trust policy may ask for that by `sts:RoleSessionName`."""
TOKEN_SECONDS = 600
"""How long their tokens are valid: the shortest that the API server gives."""
ROLES_TRIED = 10
"""How many roles are tried for one ServiceAccount. If more of them trust it, the goal counts as not reached."""
_LONGEST = 500
"""Characters of a log's line that a goal shows: the longest error message of AWS here has less than 400."""
_REFUSALS = (NotPermitted, NotFound, Refused)
"""The errors by which a server refuses. One that is silent, or fails, has refused nothing."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One goal as the world is now."""

    goal: Goal
    reached: bool
    got: str
    """What was found, as a key of the page's words: `allowed`, `refused`, `no_role`, ..."""
    detail: str = ""
    """A role, a server's error message, or the end of a log."""
    role: str = ""
    """The name of the role that gives the permission, or that was asked for it."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    allowed: bool
    got: str
    detail: str = ""
    role: str = ""


def judged(
    ports: Ports, goals: Sequence[Goal], names: Names, sessions: Mapping[str, Credentials]
) -> tuple[Result, ...]:
    """Every goal of a mission in that world. Raises nothing: a refusal is a result as well."""
    return tuple(_judged(ports, goal, names, sessions) for goal in goals)


def _judged(ports: Ports, goal: Goal, names: Names, sessions: Mapping[str, Credentials]) -> Result:
    try:
        match goal:
            case Permission():
                answer = _ask(ports, goal, names, sessions)
                return Result(
                    goal=goal,
                    reached=answer.allowed is goal.wanted and answer.got != "too_many_roles",
                    got=answer.got,
                    detail=answer.detail,
                    role=answer.role,
                )
            case PodLog():
                return _log(ports, goal, str(filled(goal.contains, names)))
            case Passes():
                return _passes(ports, goal)
    except FlowError as error:
        return Result(goal=goal, reached=False, got="not_answered", detail=f"{error.code}: {error.server_message}")


def _ask(ports: Ports, goal: Permission, names: Names, sessions: Mapping[str, Credentials]) -> _Answer:
    if goal.session:
        return _list_buckets(ports, sessions[goal.session])
    if goal.role:
        role = str(filled(goal.role, names))
        return _simulated(ports, goal, names, role_in(names.account, role), {})
    namespace, _, name = goal.service_account.partition("/")
    try:
        stored = ports.cluster.service_account(namespace, name)
    except NotFound:
        return _Answer(allowed=False, got="no_service_account")
    annotated = annotated_role_arn(stored)
    if goal.wanted:
        if role_of(annotated) is None:
            return _Answer(allowed=False, got="no_role", detail=annotated)
        if goal.by and annotated != str(filled(goal.by, names)):
            return _Answer(allowed=False, got="other_role", detail=annotated)
        token = ports.cluster.request_token(namespace, name, annotated_audience(stored), TOKEN_SECONDS)
        return _with_role(ports, goal, names, annotated, token)
    # What must not be possible must not be possible by any role, nor with any audience that AWS accepts: who writes a
    # Pod may write another role and another audience into it than the annotations do.
    usual = annotated_audience(stored)
    tokens = {usual: ports.cluster.request_token(namespace, name, usual, TOKEN_SECONDS)}
    ways = list(_trusting(ports, names, tokens[usual]))
    if role_of(annotated) and (annotated, usual) not in ways:
        ways.append((annotated, usual))
    roles = {role_arn for role_arn, _ in ways}
    if len(roles) > ROLES_TRIED:
        return _Answer(allowed=True, got="too_many_roles", detail=str(len(roles)))
    refused = _Answer(allowed=False, got="no_role")
    for role_arn, audience in ways:
        if audience not in tokens:
            tokens[audience] = ports.cluster.request_token(namespace, name, audience, TOKEN_SECONDS)
        answer = _with_role(ports, goal, names, role_arn, tokens[audience])
        if answer.allowed:
            return answer
        refused = answer
    return refused


def _trusting(ports: Ports, names: Names, token: str) -> Iterator[tuple[str, str]]:
    """The roles of the account whose trust policies let this token in, or one like it for another audience that AWS
    accepts (a client id of the provider); each with the audience."""
    claims = decode(token).claims
    facts = {**request_facts(datetime.fromisoformat(names.now).timestamp()), "sts:RoleSessionName": SESSION}
    provider = provider_in(names.account, names.issuer)
    try:
        audiences = strings(get(ports.aws.oidc_provider(provider), "ClientIDList"))
    except NotFound:
        return
    for role in ports.aws.roles():
        arn, document = get_str(role, "Arn"), get(role, "AssumeRolePolicyDocument")
        for audience in audiences:
            context = web_identity_context(names.issuer, {**claims, "aud": [audience]}, provider, facts)
            if evaluate(document, context).allowed:
                yield arn, audience


def _with_role(ports: Ports, goal: Permission, names: Names, role_arn: str, token: str) -> _Answer:
    name = role_name(role_arn)
    try:
        assumed = ports.aws.assume_role_with_web_identity(role_arn, SESSION, token)
    except _REFUSALS as error:
        return _Answer(allowed=False, got="not_assumed", detail=f"{error.code}: {error.server_message}", role=name)
    if goal.action == LIST_BUCKETS:
        answer = _list_buckets(ports, assumed.credentials)
    else:
        keys = session_keys(names.issuer, decode(token).claims, provider_arn(role_arn, names.issuer))
        answer = _simulated(ports, goal, names, role_arn, keys)
    return _Answer(allowed=answer.allowed, got=answer.got, detail=answer.detail, role=name)


def _list_buckets(ports: Ports, credentials: Credentials) -> _Answer:
    try:
        ports.aws.list_buckets(credentials)
    except _REFUSALS as error:
        return _Answer(allowed=False, got="refused", detail=f"{error.code}: {error.server_message}")
    return _Answer(allowed=True, got="allowed")


def _simulated(ports: Ports, goal: Permission, names: Names, role_arn: str, keys: ConditionKeys) -> _Answer:
    context = get_object(filled(dict(goal.context), names))
    resource = str(filled(goal.resource, names))
    [result] = ports.aws.simulate(role_arn, [goal.action], resource, {**keys, **context})
    decision = get_str(result, "EvalDecision")
    name = role_name(role_arn)
    if decision == "allowed":
        return _Answer(allowed=True, got="allowed", role=name)
    return _Answer(allowed=False, got="refused", detail=decision, role=name)


def _log(ports: Ports, goal: PodLog, contains: str) -> Result:
    """Reached if every Pod that is not being deleted has it in its log: a Pod from before the fix may still serve
    requests."""
    namespace, found = goal.service_account.partition("/")[0], ""
    for pod in _pods(ports, goal.service_account):
        try:
            log = ports.cluster.pod_log(namespace, get_str(pod, "metadata", "name"))
        except _REFUSALS as error:  # its container has not started
            return Result(goal=goal, reached=False, got="no_log", detail=error.server_message)
        if contains not in log:
            said = _last_line(log)
            return Result(goal=goal, reached=False, got="log" if said else "no_log", detail=said)
        found = _line_with(log, contains)
    return Result(goal=goal, reached=bool(found), got="log" if found else "no_log", detail=found)


def newest_pod(ports: Ports, service_account: str) -> str:
    """The name of the newest Pod of a ServiceAccount (`NAMESPACE/NAME`) that is there to stay; empty where none is.

    Raises `FlowError`.
    """
    return _newest(_pods(ports, service_account))


def _newest(pods: Sequence[JsonValue]) -> str:
    newest = max(pods, key=lambda pod: get_str(pod, "metadata", "creationTimestamp"), default=None)
    return get_str(newest, "metadata", "name")


def _pods(ports: Ports, service_account: str) -> list[JsonValue]:
    """Its Pods that are not being deleted."""
    namespace, _, name = service_account.partition("/")
    return [pod for pod in ports.cluster.pods(namespace, name) if not get(pod, "metadata", "deletionTimestamp")]


def _passes(ports: Ports, goal: Passes) -> Result:
    """Reached if it is so with every Pod that has not ended, or with the newest one where all have."""
    namespace, _, name = goal.service_account.partition("/")
    pods = _pods(ports, goal.service_account)
    if not pods:
        return Result(goal=goal, reached=False, got="no_pod")
    going_on = [get_str(it, "metadata", "name") for it in pods if get_str(it, "status", "phase") not in ENDED]
    judged_by = going_on or [_newest(pods)]
    for pod in judged_by:
        walked = walk(ports, Subject(namespace=namespace, service_account=name, pod=pod))
        checks = (*walked.checks, *inspect(ports, walked).checks)
        if wrong := next((check for check in checks if check.status is Status.FAILED), None):
            return Result(goal=goal, reached=False, got="check", detail=wrong.id)
        if not any(check.id == "sts.credentials" and check.status is Status.PASSED for check in checks):
            return Result(goal=goal, reached=False, got="no_pod", detail=pod)
    return Result(goal=goal, reached=True, got="passes", detail=judged_by[-1])


def _line_with(log: str, contains: str) -> str:
    return _cut(next((line for line in log.splitlines() if contains in line), contains))


def _last_line(log: str) -> str:
    return _cut(next((line for line in reversed(log.splitlines()) if line.strip()), ""))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
