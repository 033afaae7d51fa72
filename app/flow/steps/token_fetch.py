"""How step 4 comes by the token.

The file is read where the application reads it, in the container. Where we cannot see it there, since no Pod was
chosen, or we may not look or were not asked to, a TokenRequest brings one that says the same of everything but the
Pod; never where the Pod is seen to have none.
"""

from __future__ import annotations

import contextlib
import posixpath
from dataclasses import dataclass, field

from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_list, get_str
from app.flow.model import NOT_OBSERVABLE, JsonValue, Subject
from app.flow.names import API_TOKEN, TOKEN_PATH
from app.flow.ports import Ports
from app.flow.redaction import MASK
from app.flow.steps import kubelet_status
from app.flow.steps.findings import NO_PERMISSION, NO_POD, Findings, unseen
from app.flow.steps.injection import token_container, token_source
from app.flow.steps.program_output import parse_heads, parse_listings
from app.flow.steps.step_context import StepContext
from app.flow.token import MalformedToken, decode
from app.flow.tokens.token_anatomy import anatomy
from app.flow.webhook import VOLUME

TOKEN_LIMIT = 20_000
"""Characters: the longest `WebIdentityToken` that STS takes."""
NOT_RUNNING, NO_PROGRAM = "not_running", "no_program"
"""The reasons of a check that only a command in a container decides: the container does not run, or its image has no
such program."""
STAND_IN = "stand_in"
"""The reason of a check that only the mounted token decides, where another token stands in for it."""
STAND_IN_SECONDS = 600
"""How long that one lives: the shortest that a TokenRequest may ask for."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The token, if there is one."""

    token: str | None = field(repr=False)
    where: str
    """Where it is from, or was looked for."""
    instead: str
    """The reason of what only the mounted token shows, where another one stands in for it; else empty."""


def fetch(findings: Findings, ports: Ports, subject: Subject, step_context: StepContext) -> Fetched:
    """Decides `token.file`. Never raises."""
    # (1) The file, and its neighbours.
    pod = step_context.pod
    mounted = token_container(pod)
    token, where, instead = None, "", ""
    sidecar = mounted is not None and kubelet_status.runs(kubelet_status.status_of(pod, mounted[0]))
    if mounted is not None and kubelet_status.never_started(pod) and not sidecar:
        _not_mounted(findings, ports, subject, mounted)
    elif mounted is not None:
        container, where = mounted
        token = _read(findings, ports, subject, container, where, pod)
    elif step_context.pod_unseen:
        token = _at_its_usual_place(findings, ports, subject, step_context.pod_unseen)
        where = TOKEN_PATH
    else:
        findings.unreached_by_earlier_step()

    # (2) Or the one that stands in for it.
    if findings.is_unknown("token.file"):
        token, where = _request(findings, ports, subject, step_context)
        instead = STAND_IN if subject.pod else NO_POD
    return Fetched(token=token, where=where, instead=instead)


def token_document(token: str) -> JsonValue:
    """A token as evidence, its signature masked. Raises `MalformedToken`."""
    decoded = decode(token)
    parts = anatomy(token)
    compact = ".".join((*(part.base64url for part in parts[:2]), MASK))
    return {
        "compact": compact,
        "header": decoded.header,
        "claims": decoded.claims,
        "parts": parts,
    }


def _read(findings: Findings, ports: Ports, subject: Subject, container: str, path: str, pod: JsonValue) -> str | None:
    """The file's content, untouched: an SDK sends it as it is. Beside it, the links that the kubelet made for it, and
    the token for the API server, which is so often mistaken for it.

    `head` names each file above its content, so that the two tokens do not run together as with `cat`.
    """
    where = f"{subject.namespace}/{subject.pod} {container} {path}"
    try:
        directory = _directory(path)
        data = posixpath.join(directory, "..data/")  # the slash follows the link
        listing = ports.cluster.execute(subject.namespace, subject.pod, container, ["ls", "-la", directory, data])
        files, data_files = parse_listings(listing.stdout, data)
        findings.show("files", files)
        findings.show("data_files", data_files)
        content = ports.cluster.execute(subject.namespace, subject.pod, container, ["head", path, API_TOKEN])
    except FlowError as error:
        if unseen(error) or isinstance(error, NotFound):
            findings.refused("token.file", error, expected=path, where=where)
        else:  # Its file may be in perfect order.
            reason = _not_executed(error.server_message, pod, container)
            findings.unknown("token.file", reason, expected=path, where=where, error=error.server_message)
        return None
    if content.exit_code in (126, 127):
        findings.unknown(
            "token.file", NO_PROGRAM, expected=path, where=where, error=(content.stderr or content.stdout).strip()
        )
        return None
    read = parse_heads(content.stdout, (path, API_TOKEN))
    token = read.get(path, "")
    readable = 0 < len(token) <= TOKEN_LIMIT
    complaint = "" if readable else _about(path, content.stderr)
    got = path if readable else f"{len(token)}" if path in read and not complaint else f"exit {content.exit_code}"
    findings.judge("token.file", readable, got=got, expected=path, where=where, error=complaint)
    if not readable:
        return None
    _show_other_token(findings, read.get(API_TOKEN, ""))
    return token


def _about(path: str, stderr: str) -> str:
    """What was said of this file, and not of the token for the API server."""
    lines = stderr.strip().splitlines()
    return "\n".join(line for line in lines if path == API_TOKEN or API_TOKEN not in line)


def _at_its_usual_place(findings: Findings, ports: Ports, subject: Subject, reason: str) -> str | None:
    """The token of a Pod that may not be read, but in which we may look; that it is not there would prove nothing."""
    findings.unknown("token.file", reason, where=f"Pod {subject.namespace}/{subject.pod or '*'}")
    if reason != NO_PERMISSION:
        return None
    try:
        content = ports.cluster.execute(subject.namespace, subject.pod, "", ["cat", TOKEN_PATH])
    except FlowError:
        return None
    if content.exit_code != 0 or not 0 < len(content.stdout) <= TOKEN_LIMIT:
        return None
    where = f"{subject.namespace}/{subject.pod} {TOKEN_PATH}"
    findings.judge("token.file", True, got=TOKEN_PATH, expected=TOKEN_PATH, where=where)
    return content.stdout


def _not_executed(said: str, pod: JsonValue, container: str) -> str:
    """Why nothing was executed in a container, as the reason of a check."""
    if kubelet_status.lacks_program(said):
        return NO_PROGRAM
    status = kubelet_status.status_of(pod, container)
    stands = get_str(pod, "status", "phase") == "Pending" or (status is not None and not kubelet_status.runs(status))
    return NOT_RUNNING if stands else NOT_OBSERVABLE


def _not_mounted(findings: Findings, ports: Ports, subject: Subject, mounted: tuple[str, str]) -> None:
    """What the kubelet says of a container that it never started, because it could not mount the token."""
    container, path = mounted
    said = ""
    with contextlib.suppress(FlowError):
        events = ports.cluster.pod_events(subject.namespace, subject.pod)
        findings.show("pod_events", events)
        said = kubelet_status.mount_failure(events)
    if said:
        where = f"Pod {subject.namespace}/{subject.pod} Events"
        findings.judge("token.file", False, got=kubelet_status.FAILED_MOUNT, expected=VOLUME, where=where, error=said)
    else:
        where = f"{subject.namespace}/{subject.pod} {container} {path}"
        findings.unknown("token.file", NOT_RUNNING, expected=path, where=where)


def _request(findings: Findings, ports: Ports, subject: Subject, step_context: StepContext) -> tuple[str | None, str]:
    """A token as the kubelet would request it for this Pod, as short-lived as can be; and where it is from.

    The API server binds none to a Pod of another ServiceAccount. Without a Pod the audience is that of the webhook.
    """
    own = get_str(step_context.pod, "spec", "serviceAccountName") == subject.service_account
    pod = step_context.pod if own else None
    asked = "" if step_context.own_token else get_str(token_source(pod), "audience")
    audience = asked or step_context.audience
    where = f"TokenRequest {subject.namespace}/{subject.service_account}"
    accepted = get_list(step_context.provider, "ClientIDList")
    if not asked and step_context.audience_unseen and accepted != [audience]:
        # STS may refuse a token for the audience that is only usual, which says nothing of the Pods' own.
        findings.unknown("token.format", step_context.audience_unseen, where=where, expected="header.payload.signature")
        return None, where
    try:
        token = ports.cluster.request_token(
            subject.namespace, subject.service_account, audience, STAND_IN_SECONDS, pod=pod
        )
    except FlowError as error:
        findings.unread("token.format", error, where=where, expected="header.payload.signature")
        return None, where
    findings.show("token_request", {"audiences": [audience], "expirationSeconds": STAND_IN_SECONDS})
    return token, where


def _directory(path: str) -> str:
    """A Windows path is taken as it is: there is no `ls` that would know better."""
    return posixpath.dirname(path) or path


def _show_other_token(findings: Findings, token: str) -> None:
    try:
        findings.show("other_token", token_document(token))
    except MalformedToken:
        findings.show("other_token", None)
