"""The instance metadata service of the node that a world's Pods run on; the node's kind decides which Pods it answers.

`/instance-metadata/{path}/{network}/latest/...`: the path is the world's secret, the network says where the request
comes from: a Pod with a network of its own is one hop further away than the host. Source: EC2 user guide, IMDSv2 and
IMDSv1: the hop limit applies to the answer that contains a token, and to no other.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from app.flow.model import JsonValue
from app.world.aws.access_keys import AccessKey
from app.world.aws.account import Account
from app.world.aws.directory import Directory
from app.world.aws.entities import POD_HOPS, Node, Role
from app.world.aws.times import iso

PREFIX = "/instance-metadata/"
HOPS = {"host": 1, "pod": POD_HOPS}
TOKEN_SECONDS = 21600
TOKEN_LIMIT = 100
"""Tokens kept per account; the oldest go first."""
SESSION_SECONDS = 6 * 3600
RENEWAL_SECONDS = 15 * 60
"""Seconds before the end of credentials from which new ones replace them."""
SILENCE_SECONDS = 20.0
"""How long a client whose answer is lost on the way is left waiting before the connection is given up."""

_PATH = re.compile(r"/instance-metadata/([0-9A-Za-z_-]{1,64})/(host|pod)/latest/(.*)", re.DOTALL)
_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"""


async def respond(directory: Directory, request: Request) -> Response:
    """Answers one request to the metadata service."""
    match = _PATH.fullmatch(request.scope["path"])
    account = directory.account_by_path(match[1]) if match else None
    if match is None or account is None or account.node is None:
        return _error(404, "Not Found")
    if account.usage.admit():
        return _error(503, "Service Unavailable")
    options = account.node.kind.metadata
    if options is None:
        return await _silence(request)
    if match[3] == "api/token":
        if request.method != "PUT":
            return _error(405, "Method Not Allowed", {"Allow": "OPTIONS, PUT"})
        if HOPS[match[2]] > options.hop_limit:
            return await _silence(request)
        return _new_token(account, request)
    if request.method not in ("GET", "HEAD"):
        return _error(405, "Method Not Allowed", {"Allow": "GET, HEAD, OPTIONS"})
    if not _may_ask(account, request.headers.get("x-aws-ec2-metadata-token"), tokens_required=options.tokens_required):
        return _error(401, "Unauthorized")
    found = _look_up(account, account.node, match[3])
    return _error(404, "Not Found") if found is None else Response(found, media_type="text/plain")


def _may_ask(account: Account, token: str | None, *, tokens_required: bool) -> bool:
    """A request with an invalid token is refused. One without a token is answered only where IMDSv1 is on."""
    if token is None:
        return not tokens_required
    return account.metadata_tokens.get(token, 0.0) > account.clock.now()


def _new_token(account: Account, request: Request) -> Response:
    asked = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if not re.fullmatch(r"[0-9]{1,6}", asked, re.ASCII) or not 1 <= int(asked) <= TOKEN_SECONDS:
        return _error(400, "Bad Request")
    if "x-forwarded-for" in request.headers:
        return _error(403, "Forbidden")
    while len(account.metadata_tokens) >= TOKEN_LIMIT:
        del account.metadata_tokens[next(iter(account.metadata_tokens))]
    token = secrets.token_urlsafe(40) + "=="
    account.metadata_tokens[token] = account.clock.now() + int(asked)
    headers = {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": asked}
    return Response(token, media_type="text/plain", headers=headers)


async def _silence(request: Request) -> Response:
    """No answer reaches the client, because the hop limit is too low or the node has no metadata service. The client
    waits until it gives up."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
    return Response(status_code=504)


def _look_up(account: Account, node: Node, path: str) -> str | None:
    role = account.roles.get(node.role_name)
    profile = next((it for it in account.instance_profiles.values() if it.role_name == node.role_name), None)
    zone = node.availability_zone or f"{account.region}a"
    match path.removesuffix("/").split("/"):
        case ["meta-data"]:
            return "iam/\ninstance-id\nplacement/\nservices/"
        case ["meta-data", "instance-id"]:
            return node.instance_id
        case ["meta-data", "placement"]:
            return "availability-zone\nregion"
        case ["meta-data", "placement", "region"]:
            return account.region
        case ["meta-data", "placement", "availability-zone"]:
            return zone
        case ["meta-data", "services"]:
            return "domain\npartition"
        case ["meta-data", "services", "domain"]:
            return "amazonaws.com"
        case ["meta-data", "services", "partition"]:
            return "aws"
        case ["meta-data", "iam"] if role:
            return "info\nsecurity-credentials/"
        case ["meta-data", "iam", "info"] if profile:
            return _json(
                {
                    "Code": "Success",
                    "LastUpdated": iso(account.clock.now()),
                    "InstanceProfileArn": profile.arn,
                    "InstanceProfileId": profile.profile_id,
                }
            )
        case ["meta-data", "iam", "security-credentials"] if role:
            return role.name
        case ["meta-data", "iam", "security-credentials", name] if role and name == role.name:
            return _json(_credentials(account, node, role))
        case ["dynamic", "instance-identity", "document"]:
            return _json(
                {
                    "accountId": account.account_id,
                    "availabilityZone": zone,
                    "instanceId": node.instance_id,
                    "region": account.region,
                    "version": "2017-09-30",
                }
            )
    return None


def _credentials(account: Account, node: Node, role: Role) -> JsonValue:
    session = _session(account, node, role)
    end = session.expiration or 0.0
    return {
        "Code": "Success",
        "LastUpdated": iso(end - SESSION_SECONDS),
        "Type": "AWS-HMAC",
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": iso(end),
    }


def _session(account: Account, node: Node, role: Role) -> AccessKey:
    """The instance's session: the same until shortly before its end. The session's name is the instance id."""
    kept = account.credentials(account.instance_key_id)
    arn = f"arn:aws:sts::{account.account_id}:assumed-role/{role.name}/{node.instance_id}"
    if (
        kept is not None
        and account.is_alive(kept)
        and kept.arn == arn
        and (kept.expiration or 0) - account.clock.now() > RENEWAL_SECONDS
    ):
        return kept
    session = account.open_session(role, node.instance_id, SESSION_SECONDS)
    account.instance_key_id = session.access_key_id
    return session


def _json(document: JsonValue) -> str:
    return json.dumps(document, indent=2)


def _error(status: int, title: str, headers: dict[str, str] | None = None) -> Response:
    page = _PAGE.format(title=f"{status} - {title}")
    return Response(page, status, headers=headers, media_type="text/html")
