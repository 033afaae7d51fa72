"""What helps with what the Pod's own program was refused, by the error message in its log."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PureWindowsPath

from app.flow.doctor import changes
from app.flow.doctor.application import FAILED_IN
from app.flow.doctor.aws_fixes import activate_region
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.log.permission_fixes import denied_by, organization, permit_denied
from app.flow.doctor.log.role_chaining import chained
from app.flow.doctor.log.way_to_aws import has_region, way_to_aws
from app.flow.doctor.names import Names
from app.flow.doctor.pod_fixes import kubelet, readable
from app.flow.doctor.workload_commands import ALL
from app.flow.json_access import get, get_list, get_str
from app.flow.model import JsonObject, JsonValue, Step
from app.flow.names import TOKEN_DIRECTORY, boundary_of, host_and_path, is_session_of
from app.flow.permissions.asked import AskedAction
from app.flow.permissions.decision import Role, evaluate_in_part
from app.flow.steps.injection import TOKEN_VARIABLE, containers, environment, written_roles
from app.flow.trust import session_keys
from app.flow.verdict.error_messages import (
    CHAIN_LIMIT,
    REGION_OFF,
    ROLE_LIMIT,
    asks_too_long,
    by_opensearch,
    denied_action,
    denying_policy,
    encoded_message,
    ended_session,
    expired_token,
    is_refusal,
    is_throttled,
    lacks_claim,
    lacks_region,
    named_issuer,
    principal_of,
    shows_in,
)
from app.flow.verdict.refusals import ANSWER

SECONDS_HERE = "SECONDS"
"""A placeholder, which the reader replaces."""
_DENIED_FILE = re.compile(
    rf"(?i)(?:permission denied.*|\.AccessDeniedException: ){TOKEN_DIRECTORY}"
    rf"|{TOKEN_DIRECTORY}\S*(?:: .*permission denied| is denied)"
)
"""How Python, JavaScript, Java, Go, Ruby, PHP, .NET and a shell report that they may not read a token's file."""
_NO_FILE = re.compile(rf"(?i)no such file.*{TOKEN_DIRECTORY}|{TOKEN_DIRECTORY}.*no such file")
_NO_CACHE = re.compile(r"\[Errno (?:13|30)\] .+: '\S*/\.aws\b")
"""How the AWS CLI reports that it may not make the folder for the sessions that it keeps (run as a user whose home is
`/`, and with a home that is read-only)."""
_NO_DRIVE = "webIdentityTokenFile must be an absolute path"
"""The message of the SDK for .NET, on Windows, for a path without a drive."""
_NO_SPOT_ROLE = "permission to create the service-linked role for EC2 Spot Instances"
"""What EC2 says where the account has never had a Spot Instance (Karpenter, "Troubleshooting")."""
_WINDOWS = {"kubernetes.io/os": "windows"}
_AGAIN = (
    ("Not authorized", Fix(id="try_again")),
    ("thumbprint", Fix(id="try_again_certificate")),
    ("verification key", Fix(id="try_again_keys")),
    ("Incorrect token audience", Fix(id="try_again_token")),
    ("is not a valid JWT", Fix(id="try_again_token")),
    ("Request ARN is invalid", Fix(id="try_again_role")),
    ("at 'roleArn'", Fix(id="try_again_role")),
    ("IDPCommunicationError", Fix(id="try_again_keys")),
    ("", Fix(id="try_again_elsewhere")),
)
"""The error messages of STS by which a new attempt may succeed where all that was read is right."""


def try_again(names: Names) -> Fix:
    """What the program was refused may be allowed by now. A new attempt shows whether it is that or something that
    cannot be read."""
    words, fix = next(it for it in _AGAIN if it[0] in names.check.error)
    issuer = named_issuer(names.check.error)
    if issuer and names.issuer and host_and_path(issuer) != host_and_path(names.issuer):
        fix = Fix(id="try_again_issuer")
    look = () if words == "thumbprint" else names.show_workload()
    policies = organization(names).commands if words == "Not authorized" else ()
    return replace(fix, commands=(*names.recreate(), *look, *policies))


def other_token(names: Names) -> Fix:
    """The manifest, or the program's own settings, say which token the program sends. Only where that lacks a claim it
    is known to be another one than the kubelet's."""
    if not lacks_claim(names.check.error):
        return try_again(names)
    return Fix(id="other_token", commands=names.show_workload())


def application(names: Names) -> Fix:
    """All that was read is right except the way to AWS, or the clock; or the program has not tried again since."""
    said = names.check.error
    found = way_to_aws(names, said) or _own_files(names, said) or _refusal(names, said)
    return found or Fix(id="read_log", commands=(_logs(names), *names.recreate()))


def _logs(names: Names) -> str:
    """Of the container that failed: without its name kubectl takes the Pod's main one."""
    box = get_str(names.documents, FAILED_IN)
    main = get_list(names.documents.get("pod"), "spec", "containers")
    alone = len(main) == 1 and get_str(main[0], "name") == box
    return names.kubectl("logs", names.pod, *(("-c", box) if box and not alone else ()))


def _own_files(names: Names, said: str) -> Fix | None:
    """The program could not use a file of its container."""
    if _DENIED_FILE.search(said):
        return readable(names)
    if _NO_CACHE.search(said):
        box = get_str(names.documents, FAILED_IN) or ALL
        return Fix(id="writable_home", commands=names.set_env({box: ("HOME=/tmp",)}))
    if _NO_DRIVE in said and not any(map(_drive, containers(names.documents.get("pod")))):
        return _on_windows(names)
    if _NO_FILE.search(said) and names.found("token.file"):
        return Fix(id="stale_path", commands=(names.kubectl("exec", names.pod, "--", "ls", "-la", TOKEN_DIRECTORY),))
    return None


def _refusal(names: Names, said: str) -> Fix | None:
    """AWS has refused a request, or the SDK did before it sent one."""
    if _NO_SPOT_ROLE in said:
        create = names.iam("create-service-linked-role", "--aws-service-name", "spot.amazonaws.com", *names.there)
        return Fix(id="spot_role", commands=(create,))
    if is_throttled(said):
        return Fix(id="throttled", commands=names.show_workload())
    if "at 'roleSessionName' failed to satisfy" in said:
        return Fix(id="own_session_name", commands=names.show_workload())
    if asks_too_long(said):
        return Fix(id="shorter_session", commands=names.show_workload())
    if ROLE_LIMIT in said:
        shown = names.iam("get-role", "--role-name", names.role_name, "--query", "Role.MaxSessionDuration")
        asked = ("--role-name", names.role_name, "--max-session-duration", SECONDS_HERE)
        return Fix(id="session_of_role", commands=(shown, names.iam("update-role", *asked)))
    if lacks_region(said) and has_region(names):
        return Fix(id="own_region", commands=names.show_workload())
    if CHAIN_LIMIT in said:
        return Fix(id="session_of_chain", commands=names.show_workload())
    if REGION_OFF in said:
        return activate_region(names)
    if ended_session(said):
        return Fix(id="renew_session", commands=names.recreate())
    if expired_token(said):
        look = names.recreate() if names.on_fargate else kubelet(names).commands
        return Fix(id="expired_token", commands=(*names.show_workload(), *look))
    roles = (names.role_arn, *written_roles(names.documents.get("pod")))  # a container may have one of its own
    who = principal_of(said) if names.role_arn else ""
    if who and not any(is_session_of(role_arn, who) for role_arn in roles):
        return Fix(id="another_identity", commands=names.show_workload())
    if fix := lacking_permission(names, said):
        return fix
    action, resource = denied_action(said)
    if action and _is_own(names, said):
        again = Fix(id="read_log", commands=names.recreate())
        if fix := chained(names, said, [(action, resource)], again, may=True):
            return fix
    if by_opensearch(said):
        return Fix(id="opensearch", commands=names.show_workload())
    if lacks_claim(said):
        return other_token(names)
    if shows_in(said) is Step.STS_ASSUME:
        if fix := denied_by(names, said):
            return fix
        if names.found(ANSWER) and is_refusal(said):
            return Fix(id="accepted_by_now", commands=names.recreate())
    return None


def lacking_permission(names: Names, said: str) -> Fix | None:
    """What gives the Pod's role the permission that it was refused; None for another error, and where its policies, as
    they were read, allow it by now."""
    action, resource = denied_action(said)
    if not action or not _is_own(names, said) or _may_by_now(names, action, resource):
        return None
    return permit_denied(names, said, [(action, resource)])


def _is_own(names: Names, said: str) -> bool:
    return is_session_of(names.role_arn, principal_of(said))


def _drive(container: JsonValue) -> str:
    return PureWindowsPath(environment(container).get(TOKEN_VARIABLE, "")).drive


def _on_windows(names: Names) -> Fix:
    """The webhook's README, "Usage with Windows container workloads"."""

    def edit(pod: JsonObject) -> None:
        pod["spec"]["nodeSelector"] = {**pod["spec"].get("nodeSelector", {}), **_WINDOWS}

    commands = names.merge({"spec": {"nodeSelector": _WINDOWS}})
    return Fix(id="on_windows", commands=commands, change=changes.workload(names, edit))


def who_denied(names: Names) -> Fix:
    """The manifest, or the program's own settings, say which server the program calls."""
    return Fix(id="who_denied", commands=(_logs(names), *names.show_workload()))


def decode(names: Names) -> Fix:
    """The identity that was refused is in the message that EC2 has encoded."""
    asked = ("--encoded-message", encoded_message(names.check.error), "--query", "DecodedMessage", "--output", "text")
    return Fix(id="decode", commands=(line("aws", "sts", "decode-authorization-message", *asked),))


def _may_by_now(names: Names, action: str, resource: str) -> bool:
    """Whether the policies, as they were read, allow what the Pod was refused before.

    What a policy of another kind denied is allowed only where that kind is seen to allow it, or where the role no
    longer has its permissions boundary.
    """
    kind, decision = denying_policy(names.check.error), names.documents.get("permission_decision")
    if kind not in ("", "identity-based policy"):
        of_kind = {"service control policy": "organization_allows", "permissions boundary": "boundary_allows"}
        same = get_str(decision, "action") == action and get(decision, "allowed") is True
        role = names.documents.get("role")
        removed = kind == "permissions boundary" and role is not None and not boundary_of(role)
        return same and (removed or get(decision, of_kind.get(kind, "")) is True)
    policies = [
        (get_str(policy, "name"), get(policy, "document")) for policy in get_list(names.documents.get("policies"))
    ]
    bearer = names.bearer
    kept = session_keys(bearer.issuer, {"sub": bearer.subject, "aud": bearer.audience}, bearer.provider_arn)
    role = Role(arn=names.role_arn, keys=kept | {"aws:PrincipalArn": names.role_arn})
    decided = evaluate_in_part(role, policies, AskedAction(action=action, resource=resource))
    return decided.allowed and not decided.open
