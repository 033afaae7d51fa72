"""What a container's variables make of the request to STS: the name of the session, and where it is sent.

Sources: AssumeRoleWithWebIdentity (API reference, `RoleSessionName`); AWS SDKs and Tools Reference Guide, "Assume role
credential provider" and "Service-specific endpoints".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from app.flow.doctor.reading.variables import ENDPOINT_VARIABLES, IGNORES_ENDPOINTS, SESSION_NAME, Variables
from app.flow.json_access import get_object
from app.flow.model import JsonValue, Status
from app.flow.names import SIMULATED_AWS
from app.flow.partitions import is_endpoint
from app.flow.steps.findings import Findings
from app.flow.verdict.error_messages import by_other_server
from app.flow.verdict.refusals import APPLICATION

REQUEST = "pod.request"
OF_SESSION, OF_ENDPOINT = "RoleSessionName", "endpoint"
"""How the `where` of the check ends if the variable is about the session's name, or about the endpoint."""
_STS = {"sts", "sts-fips"}
"""Each of STS's endpoints has one of these in its host name; that of a VPC endpoint has more before it."""
_WHERE = "sts:AssumeRoleWithWebIdentity"
_NAME = r"[\w+=,.@-]{2,64}"


def of_variables(findings: Findings, pod: JsonValue, variables: Sequence[Variables], said: str) -> None:
    """Decides `pod.request` where the variables show that STS will refuse the request, or that another server gets it.

    An SDK sends `AWS_ROLE_SESSION_NAME` as it is; an empty one counts as not set. Another server may pass the request
    on, so this is no more than a warning, unless `said`, the program's own error, names it or is no answer of STS; and
    none at all where it is the AWS that we simulate beside the cluster.
    """
    names = [(it.container, it.value(SESSION_NAME)) for it in variables]
    if wrong := [f"{box}: {SESSION_NAME}={name}" for box, name in names if name and not is_session_name(name)]:
        otherwise = Status.WARNING if findings.passed(APPLICATION) else Status.FAILED
        findings.judge(REQUEST, False, got=wrong, expected=_NAME, where=f"{_WHERE} {OF_SESSION}", otherwise=otherwise)
        return
    beside = SIMULATED_AWS in get_object(pod, "metadata", "annotations")
    if beside or (findings.decided(REQUEST) and not findings.is_unknown(REQUEST)):
        return
    found = [(it.container, name, host) for it in variables for name, host in _endpoint(it) if host]
    if found:
        got, where = [f"{box}: {name}={host}" for box, name, host in found], f"{_WHERE} {OF_ENDPOINT}"
        named = by_other_server(said) or any(_names(said, host) for *_, host in found)
        from_there = not findings.passed(APPLICATION) and named
        otherwise = Status.FAILED if from_there else Status.WARNING
        findings.judge(REQUEST, False, got=got, expected="sts.*", where=where, otherwise=otherwise)


def is_session_name(name: str) -> bool:
    """Whether STS accepts the text as `RoleSessionName`."""
    return re.fullmatch(_NAME, name, re.ASCII) is not None


def _names(said: str, host: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", said) is not None


def _endpoint(variables: Variables) -> list[tuple[str, str]]:
    """The variable by which requests to STS go to another host, and that host; no host where it is AWS's own for
    STS."""
    if variables.value(IGNORES_ENDPOINTS).lower() == "true":
        return []
    found = [(name, variables.value(name)) for name in ENDPOINT_VARIABLES if variables.has(name)]
    try:
        hosts = [(name, urlsplit(url).hostname or "") for name, url in found[:1]]
    except ValueError:
        return []
    return [(name, "" if is_endpoint(host) and _STS & {*host.split(".")} else host) for name, host in hosts]
