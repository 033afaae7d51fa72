"""What the Pod's program asked of STS, and with which token: by its command line, its variables, and its requests.

Its requests are seen only where the servers let us listen. Elsewhere the program's own error shows something: it names
the identity that was refused, and if that is one that no web identity gives, STS was never asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from app.flow.annotations import is_role_arn
from app.flow.doctor.evidence import audience_of, check_of, evidence_of, role_arn_of
from app.flow.doctor.reading.request_variables import of_variables
from app.flow.doctor.reading.variables import Variables
from app.flow.json_access import get, get_object, get_str, strings, whole_number
from app.flow.model import HOLDS, NOT_OBSERVABLE, Exchange, JsonValue, Status, Step, Walk
from app.flow.names import API_TOKEN, TOKEN_PATH, subject_claim
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.injection import containers, named_file
from app.flow.token import claims_of
from app.flow.verdict.error_messages import (
    ROLE_LIMIT,
    expired_token,
    is_refusal,
    lacks_credentials,
    lacks_module,
    lacks_profile,
    principal_of,
    shows_in,
)
from app.flow.verdict.log_sentences import web_identity_reason
from app.flow.verdict.refusals import ANSWER

TOKEN_USED, REQUEST = "pod.token_used", "pod.request"
ACTION = "AssumeRoleWithWebIdentity"
WHERE = f"sts:{ACTION}"
OF_ROLE, ROLE_OPTION = "RoleArn", "--role-arn"
DEFAULT_MAXIMUM = 3600
"""A role's MaxSessionDuration, unless it says otherwise."""
_COMMAND = "assume-role-with-web-identity"
_OTHERS = re.compile(r":user/|/i-[0-9a-f]+$")
"""Identities that a Pod never gets by a web identity: an IAM user, or the role of an instance (the instance's id is the
session's name)."""
_CREDENTIALS = "/security-credentials/"
"""The path at which the metadata service has the credentials of the node's role."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The last known request of the program."""

    token: str
    """`WebIdentityToken` as it was sent, the signature masked; on a command line maybe `file://PATH`."""
    duration: str
    answer: str = ""
    """STS's response; empty where the app could not listen."""

    @property
    def file(self) -> str:
        """The file that the command line names; empty where it names none."""
        return self.token.removeprefix("file://") if self.token.startswith("file://") else ""

    @property
    def is_path(self) -> bool:
        """Whether the program sent the path instead of the content of the file."""
        return self.token.startswith("/")


def judge_requests(
    findings: Findings, ports: Ports, walk: Walk, pod: JsonValue, concerned: Sequence[Variables], said: str
) -> None:
    """Decides `pod.token_used` and `pod.request`; `concerned` are the variables of the containers that may use AWS,
    `said` is the program's own error."""
    sent = _sent(ports, pod)
    asked = _of_wire(sent) or _of_command(pod)
    _token_used(findings, walk, pod, asked, said)
    if not _asks_for_other_role(findings, walk, pod, said):
        _request(findings, walk, sent, asked, said)
    of_variables(findings, pod, concerned, said)


def _sent(ports: Ports, pod: JsonValue) -> list[Exchange]:
    """The requests from the Pod's address, where the Pod has an address of its own."""
    address = get_str(pod, "status", "podIP")
    if not address or get(pod, "spec", "hostNetwork") is True:
        return []
    return [it for it in ports.server_log.exchanges() if it.caller == "pod" and it.source == address]


def _of_wire(sent: list[Exchange]) -> _Asked | None:
    for exchange in reversed(sent):
        form = dict(parse_qsl(exchange.request_body, keep_blank_values=True))
        if form.get("Action") == ACTION:
            return _Asked(
                token=form.get("WebIdentityToken", ""),
                duration=form.get("DurationSeconds", ""),
                answer=exchange.response_body,
            )
    return None


def _of_command(pod: JsonValue) -> _Asked | None:
    for box in containers(pod):
        words = strings(box.get("command")) + strings(box.get("args"))
        if _COMMAND in words:
            return _Asked(token=_option(words, "--web-identity-token"), duration=_option(words, "--duration-seconds"))
    return None


def _option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _token_used(findings: Findings, walk: Walk, pod: JsonValue, asked: _Asked | None, said: str) -> None:
    # (1) Which file the program is set to read.
    files = [asked.file] if asked and asked.file else []
    files += map(named_file, containers(pod))
    if API_TOKEN in files:
        findings.judge(TOKEN_USED, False, got=API_TOKEN, expected=TOKEN_PATH, where=WHERE)
        return

    # (2) Which token it sent.
    current = get_object(evidence_of(walk, "token"), "claims")
    refusal = asked.answer if asked and asked.answer else said if shows_in(said) is Step.STS_ASSUME else ""
    stale = current and _is_live(walk) and ("ExpiredToken" in refusal or expired_token(refusal))
    claims = claims_of(asked.token) if asked else {}
    if claims:
        wanted = audience_of(walk)  # where the annotation is empty, the API server chooses the audience
        of_audience = not wanted or wanted in strings(claims.get("aud"))
        ours = of_audience and claims.get("sub") == subject_claim(walk.subject)
        same = get(claims, "iat") == get(current, "iat")
        findings.judge(
            TOKEN_USED,
            ours and (same or not stale),
            got=_shown(claims),
            expected=_shown(current) if ours and current else f"aud {wanted}",
            where=WHERE,
        )
    elif asked and asked.answer and not asked.is_path:
        got = f"{len(asked.token)}"
        findings.judge(TOKEN_USED, False, got=got, expected="header.payload.signature", where=WHERE)
    elif stale:
        findings.judge(
            TOKEN_USED, False, got="ExpiredTokenException", expected=_shown(current), where=WHERE, error=said
        )
    else:
        findings.unknown(TOKEN_USED, NOT_OBSERVABLE, where=WHERE)


def _is_live(walk: Walk) -> bool:
    """Whether STS would still accept the token in the file; where it was sent, STS's own response decides."""
    lifetime, answer = check_of(walk, "token.lifetime"), check_of(walk, ANSWER)
    refused = answer is not None and answer.status is Status.FAILED and "ExpiredToken" in answer.got
    return lifetime is not None and lifetime.status in HOLDS and not refused


def _asks_for_other_role(findings: Findings, walk: Walk, pod: JsonValue, said: str) -> bool:
    """Whether STS has refused a program whose command line names another role than the one that the Pod is to have.
    Where STS lets it in, that role may be intended."""
    named, wanted = _role_of_command(pod), role_arn_of(walk)
    differs = is_role_arn(named) and is_role_arn(wanted) and named != wanted
    if differs and (is_refusal(said) or ROLE_LIMIT in said):
        findings.judge(REQUEST, False, got=named, expected=wanted, where=f"{WHERE} {OF_ROLE}", error=said)
        return True
    return False


def _role_of_command(pod: JsonValue) -> str:
    lines = (strings(box.get("command")) + strings(box.get("args")) for box in containers(pod))
    return next((_option(words, ROLE_OPTION) for words in lines if _COMMAND in words), "")


def _request(findings: Findings, walk: Walk, sent: list[Exchange], asked: _Asked | None, said: str) -> None:
    # (1) Another identity, or none: the program did not ask STS.
    other = principal_of(said)
    own = lacks_credentials(said) or lacks_profile(said) or lacks_module(said)
    if (other and _OTHERS.search(other)) or own:
        got = other or web_identity_reason(said) or said
        findings.judge(REQUEST, False, got=got, expected=ACTION, where=WHERE, error=said)
        return
    if asked is None:
        elsewhere = next((it.callee for it in sent if _CREDENTIALS in it.url), "")
        if elsewhere:
            findings.judge(REQUEST, False, got=elsewhere, expected=ACTION, where=WHERE)
        else:
            findings.unknown(REQUEST, NOT_OBSERVABLE, where=WHERE)
        return

    # (2) A path instead of a token; a session longer than the role's sessions may be.
    if asked.is_path:
        got, expected = asked.token, "header.payload.signature"
        findings.judge(REQUEST, False, got=got, expected=expected, where=f"{WHERE} WebIdentityToken")
        return
    maximum = get(evidence_of(walk, "role"), "MaxSessionDuration")
    longest = maximum if isinstance(maximum, int) else DEFAULT_MAXIMUM
    unread = evidence_of(walk, "role") is None and ROLE_LIMIT not in (asked.answer or said)
    duration = whole_number(asked.duration)
    if duration is not None and not (unread and duration > longest):
        fits = duration <= longest
        where = f"{WHERE} DurationSeconds"
        findings.judge(REQUEST, fits, got=asked.duration, expected=f"<= {longest}", where=where)
    elif asked.answer:
        findings.judge(REQUEST, True, got=ACTION, expected=ACTION, where=WHERE)
    else:
        findings.unknown(REQUEST, NOT_OBSERVABLE, where=WHERE)


def _shown(claims: Mapping[str, Any]) -> str:
    """The claims in which tokens of one ServiceAccount differ, as a text."""
    return f"aud {', '.join(strings(claims.get('aud')))}, iat {claims.get('iat')}, exp {claims.get('exp')}"
