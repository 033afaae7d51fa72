"""What the containers of a Pod can read, and what an SDK in them takes before the token.

Rules: botocore's credential chain (static keys before the web identity) and its variables (it reads AWS_DEFAULT_REGION
and not AWS_REGION); the kubelet's modes of projected tokens.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue, Status, Walk
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.steps.injection import TOKEN_VARIABLE, containers, environment, mount_path, token_container
from app.flow.verdict.error_messages import lacks_region

REGION_VARIABLES = ("AWS_DEFAULT_REGION", "AWS_REGION")
"""botocore reads the first one only; other SDKs read the second."""
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Every SDK takes these before anything else."""
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
"""Some SDKs, or some profiles, come before the web identity by these."""
_CREDENTIALS_MOUNT = re.compile(r"/\.aws(/|$)")
_DENIED = "ermission denied"
_NO_CHARACTERS = "0"
"""What the walk says that it got of an empty file."""


@dataclass(frozen=True, kw_only=True)
class _Variables:
    """The names of one container's variables that are not empty, as far as they can be seen."""

    container: str
    names: frozenset[str]
    hidden: FlowError | None = None
    """Why the rest cannot be."""


def judge_containers(findings: Findings, ports: Ports, walk: Walk, pod: JsonValue, said: str) -> None:
    """Decides `token.contents`, `pod.token_readable`, `pod.region`, `pod.static_keys` and `pod.hop_limit`.

    `said` is what the program was refused with.
    """
    where = f"Pod {walk.subject.namespace}/{walk.subject.pod}"
    _token_contents(findings, walk)
    _token_readable(findings, ports, walk, pod)
    variables = [_variables_of(ports, walk, box) for box in containers(pod)]
    _region(findings, variables, where, said)
    _static_keys(findings, pod, variables, where)
    _hop_limit(findings, pod, where)


def _token_contents(findings: Findings, walk: Walk) -> None:
    """A file that is there and empty: an SDK sends what it reads, or stops before it sends nothing."""
    read = check_of(walk, "token.file")
    if read is None or read.status is Status.NOT_REACHED:
        return
    if read.status is Status.UNKNOWN:
        findings.unknown("token.contents", read.reason, where=read.where, error=read.error)
    elif read.status is Status.PASSED or read.got == _NO_CHARACTERS:
        findings.judge(
            "token.contents",
            read.status is Status.PASSED,
            got=read.got,
            expected=read.expected,
            where=read.where,
        )


def _token_readable(findings: Findings, ports: Ports, walk: Walk, pod: JsonValue) -> None:
    """The walk has read the file in one container that has it; here it is read in all others, each as its own user."""
    first = check_of(walk, "token.file")
    if first is None or first.status is Status.NOT_REACHED:
        return
    if first.status is Status.UNKNOWN:
        findings.unknown("pod.token_readable", first.reason, where=first.where, error=first.error)
        return
    denied, error = ([first.where], first.error) if _DENIED in first.error else ([], "")
    if first.status is Status.FAILED and not denied:
        return
    already_read, _ = token_container(pod) or ("", "")
    for box in containers(pod):
        path = environment(box).get(TOKEN_VARIABLE, "")
        if not path or not mount_path(box) or get_str(box, "name") == already_read:
            continue
        try:
            read = ports.cluster.execute(walk.subject.namespace, walk.subject.pod, get_str(box, "name"), ["cat", path])
        except FlowError:  # an init container that has ended: nothing reads there any more
            continue
        if _DENIED in read.stderr:
            denied, error = [*denied, f"{get_str(box, 'name')} {path}"], read.stderr.strip()
    modes = [
        f"{get_str(entry, 'mode')} {get_str(entry, 'owner')}:{get_str(entry, 'group')}"
        for entry in evidence_of(walk, "data_files") or ()
        if get_str(entry, "name") == posixpath.basename(first.expected)
    ]
    findings.judge(
        "pod.token_readable",
        not denied,
        got=denied or modes or first.got,
        expected=first.expected,
        where=first.where,
        error=error,
    )


def _variables_of(ports: Ports, walk: Walk, box: JsonValue) -> _Variables:
    name = get_str(box, "name")
    written = frozenset(
        get_str(item, "name")
        for item in get_list(box, "env")
        if get_str(item, "value") or get_object(item, "valueFrom")
    )
    if not get_list(box, "envFrom"):
        return _Variables(container=name, names=written)
    try:
        output = ports.cluster.execute(walk.subject.namespace, walk.subject.pod, name, ["env"])
    except FlowError as error:
        return _Variables(container=name, names=written, hidden=error)
    seen = {name for line in output.stdout.splitlines() for name, _, value in [line.partition("=")] if value}
    return _Variables(container=name, names=written | seen)


def _named(variables: Sequence[_Variables], wanted: Sequence[str]) -> list[str]:
    return [f"{box.container}: {name}" for box in variables for name in wanted if name in box.names]


def _region(findings: Findings, variables: Sequence[_Variables], where: str, said: str) -> None:
    """A lacking region breaks nothing as long as the program knows better, and does not say that it does not."""
    lacking = [box for box in variables if REGION_VARIABLES[0] not in box.names]
    hidden = next((box.hidden for box in lacking if box.hidden), None)
    if hidden:
        _unseen(findings, "pod.region", hidden, f"{where} .spec.containers[].envFrom")
        return
    findings.judge(
        "pod.region",
        not lacking,
        got=_named(variables, REGION_VARIABLES),
        expected=REGION_VARIABLES,
        where=f"{where} .spec.containers[].env",
        otherwise=Status.FAILED if lacks_region(said) else Status.WARNING,
        error=said if lacking and lacks_region(said) else "",
    )


def _static_keys(findings: Findings, pod: JsonValue, variables: Sequence[_Variables], where: str) -> None:
    keys = _named(variables, KEY_VARIABLES)
    hidden = next((box.hidden for box in variables if box.hidden), None)
    if hidden and not keys:
        _unseen(findings, "pod.static_keys", hidden, f"{where} .spec.containers[].envFrom")
        return
    profiles = _named(variables, PROFILE_VARIABLES) + _credential_mounts(pod)
    findings.judge(
        "pod.static_keys",
        not keys and not profiles,
        got=keys or profiles,
        expected=TOKEN_VARIABLE,
        where=f"{where} .spec.containers[].env",
        otherwise=Status.FAILED if keys else Status.WARNING,
    )


def _credential_mounts(pod: JsonValue) -> list[str]:
    """Files that an SDK takes for its own configuration."""
    return [
        f"{get_str(box, 'name')}: {get_str(mount, 'mountPath')}"
        for box in containers(pod)
        for mount in get_list(box, "volumeMounts")
        if _CREDENTIALS_MOUNT.search(get_str(mount, "mountPath"))
    ]


def _unseen(findings: Findings, check_id: str, error: FlowError, where: str) -> None:
    """A container that has ended, or has no `env`, hides its variables as well as one that we may not enter."""
    findings.unknown(check_id, unseen(error) or "not_observable", where=where, error=error.server_message)


def _hop_limit(findings: Findings, pod: JsonValue, where: str) -> None:
    """The instance's hop limit is EC2's affair; but a Pod on the host's network always reaches the metadata service."""
    if get(pod, "spec", "hostNetwork") is True:
        where += " .spec.hostNetwork"
        findings.judge("pod.hop_limit", False, got="true", expected="false", where=where, otherwise=Status.WARNING)
        return
    node = get_str(pod, "spec", "nodeName")
    findings.unknown("pod.hop_limit", "not_observable", where=f"Node {node}" if node else where, expected="1")
