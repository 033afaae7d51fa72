"""Events of the AWS endpoint: what was asked of IAM, STS, S3 and the rest, by which tool, and about what."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.flow.model import Step
from app.world.aws.access_keys import account_of
from app.world.aws.account import Account
from app.world.aws.directory import Directory
from app.world.aws.incoming import Incoming, fields
from app.world.events.deeds import note_call
from app.world.events.tool import is_developer, is_this_app, tool_of

_SCOPE = re.compile(r"(?<!\w)(\w{16,128})/\d{8}/[\w-]*/([\w-]{1,40})/aws4_request")
"""Key id and service of a credential scope (AWS Signature Version 4), in the header or the query string."""
_WRITES = re.compile("Create|Delete|Put|Attach|Detach|Update|Add|Remove|Set|Tag|Untag|AssumeRole")
"""The beginnings of the actions that change something in IAM, or that request credentials from STS."""
_OBJECTS = (
    ("RoleName", "Role"),
    ("PolicyName", "Policy"),
    ("PolicyArn", "Policy"),
    ("OpenIDConnectProviderArn", "OIDCProvider"),
    ("Url", "OIDCProvider"),
    ("UserName", "User"),
    ("InstanceProfileName", "InstanceProfile"),
    ("RoleArn", "Role"),
)
"""Which field names the object, and its kind; the first that is there counts."""


def notice(account: Account, call: Incoming, status: int) -> None:
    """Adds the event of a request about an account that was answered, unless this app sent it."""
    headers = dict(call.headers)
    if is_this_app(headers) and not is_developer(headers):
        return
    key_id, service = _scope(call)
    if key_id == account.explorer.access_key_id:
        return
    asked = {} if service == "s3" else _fields(call)
    tool = tool_of(headers)
    kind, name, action = _s3(call) if service == "s3" else _object(call, asked)
    is_new = status == 200 and note_call(account, service, action, headers.get("user-agent", ""))
    if is_developer(headers):
        return
    account.log.events.record(
        tool=tool.name,
        command=tool.command,
        verb=action,
        kind=kind,
        name=name,
        step=_step(service, kind, action),
        status=status,
        changes=is_new or (_writes(call, service, action) and (status < 300 or service == "sts")),
        learners=key_id == account.admin.access_key_id,
    )


def changes_account(call: Incoming) -> bool:
    """Whether a call is to change something in its account. The credentials that STS issues are nothing in it."""
    service = _scope(call)[1]
    action = "" if service == "s3" else _object(call, _fields(call))[2]
    return service != "sts" and _writes(call, service, action)


def _writes(call: Incoming, service: str, action: str) -> bool:
    if service in ("s3", "eks"):
        return call.method not in ("GET", "HEAD")
    return bool(_WRITES.match(action))


def account_of_call(directory: Directory, call: Incoming) -> Account | None:
    """The account of a request's key, or without a key that of the role it asks for; None where there is none."""
    key_id, _ = _scope(call)
    parts = [] if key_id else _fields(call).get("RoleArn", "").split(":")
    number = account_of(key_id) if key_id else parts[4] if len(parts) > 5 else ""
    return directory.account(number) if number else None


def _scope(call: Incoming) -> tuple[str, str]:
    """The key id and the service; without a signature none, and STS."""
    found = _SCOPE.search(call.header("authorization") or call.argument("X-Amz-Credential") or "")
    return (found[1], found[2]) if found else ("", "sts")


def _fields(call: Incoming) -> Mapping[str, str]:
    try:
        return dict([*fields(call.body), *call.query]) if call.method == "POST" else dict(call.query)
    except ValueError:
        return {}


def _object(call: Incoming, asked: Mapping[str, str]) -> tuple[str, str, str]:
    """Kind, name and action; of a service that has no form, its target, or method and path."""
    target = (call.header("x-amz-target") or "").rpartition(".")[2]
    action = asked.get("Action", "") or target or f"{call.method} {call.raw_path}"
    for field, kind in _OBJECTS:
        if name := asked.get(field, ""):
            return kind, name if kind == "OIDCProvider" else name.rpartition("/")[2], action
    return "", "", action


def _s3(call: Incoming) -> tuple[str, str, str]:
    """Verb, kind and name of a call of S3, whose action is the method and what the path leads to."""
    bucket, _, key = call.raw_path.lstrip("/").partition("/")
    if not bucket:
        return "", "", "ListBuckets"
    verb = {"GET": "Get", "HEAD": "Head", "PUT": "Put", "DELETE": "Delete"}.get(call.method, call.method.title())
    if key:
        return "Bucket", bucket, f"{verb}Object"
    listing = "ListObjectsV2" if call.argument("list-type") == "2" else "ListObjects"
    actions = {"GET": listing, "PUT": "CreateBucket"}
    if call.method == "POST" and call.argument("delete") is not None:
        return "Bucket", bucket, "DeleteObjects"
    return "Bucket", bucket, actions.get(call.method, f"{verb}Bucket")


def _step(service: str, kind: str, action: str) -> Step | None:
    if service == "iam" and kind == "OIDCProvider":
        return Step.OIDC_PROVIDER
    if service == "iam" and "Policy" in action and "AssumeRolePolicy" not in action:
        return Step.ACCESS
    if service == "iam" and kind == "Role":
        return Step.SERVICE_ACCOUNT
    return {"eks": Step.OIDC_PROVIDER, "sts": Step.STS_ASSUME, "s3": Step.ACCESS}.get(service)
