"""What the containers of a Pod can read, and what an SDK in them takes before the token.

Rules: botocore's credential chain (static keys before the web identity) and its variables (it reads AWS_DEFAULT_REGION
and not AWS_REGION); the kubelet's modes of projected tokens.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from app.flow.doctor.containers.regions import judge_region
from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.doctor.reading.variables import KEY_VARIABLES, ConfigMaps, Variables, leave_open, variables_of
from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import NOT_OBSERVABLE, JsonValue, Status, Walk
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.injection import (
    TOKEN_VARIABLE,
    containers,
    environment,
    mount_path,
    token_container,
    without_aws,
)
from app.flow.verdict.error_messages import lacks_profile, principal_of

PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
"""The variables by which some SDKs, or some profiles, use other credentials before the web identity."""
OPTIONAL_KEYS = "optional_keys"
"""The reason, and the evidence, for access keys from a Secret that need not exist."""
_MAIN = "kubectl.kubernetes.io/default-container"
"""The annotation of the container that the Pod is for (Kubernetes, "Well-Known Labels, Annotations and Taints")."""
_CREDENTIALS_MOUNT = re.compile(r"/\.aws(/|$)")
DENIED = "ermission denied"
_NO_CHARACTERS = "0"
"""What the walk records as found for an empty file."""


def variables_in(ports: Ports, walk: Walk, pod: JsonValue) -> list[Variables]:
    """The variables of each container of the Pod."""
    maps = ConfigMaps(ports, walk.subject.namespace)
    return [variables_of(ports, walk, pod, box, maps) for box in containers(pod)]


def using_aws(pod: JsonValue, variables: Sequence[Variables]) -> list[Variables]:
    """Those of the containers of which nothing shows that they use no AWS."""
    spared = without_aws(pod)
    return [it for it in variables if it.container not in spared]


def judge_containers(
    findings: Findings,
    ports: Ports,
    walk: Walk,
    pod: JsonValue,
    variables: Sequence[Variables],
    concerned: Sequence[Variables],
    said: str,
) -> None:
    """Decides `token.contents`, `pod.token_readable`, `pod.region`, `pod.static_keys` and `pod.hop_limit`.

    `concerned` are the variables of the containers that may use AWS, `said` is the error message that the program got.
    """
    where = f"Pod {walk.subject.namespace}/{walk.subject.pod}"
    _token_contents(findings, walk)
    _token_readable(findings, ports, walk, pod)
    judge_region(findings, ports, walk, concerned, where, said)
    _static_keys(findings, pod, variables, where, said)
    _hop_limit(findings, pod, where)


def _token_contents(findings: Findings, walk: Walk) -> None:
    """The file may exist and be empty. An SDK then sends an empty token, or stops before it sends one."""
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
        if closed := locked_out(pod):
            got = [f"{name}: {fields}" for name, fields in closed.items()]
            where = f"Pod {walk.subject.namespace}/{walk.subject.pod} .spec"
            findings.judge("pod.token_readable", False, got=got, expected="fsGroup", where=where)
        else:
            findings.unknown("pod.token_readable", first.reason, where=first.where, error=first.error)
        return
    denied, error = ([first.where], first.error) if DENIED in first.error else ([], "")
    if first.status is Status.FAILED and not denied:
        return
    already_read, _ = token_container(pod) or ("", "")
    for box in containers(pod):
        path = environment(box).get(TOKEN_VARIABLE, "")
        if not path or not mount_path(box) or get_str(box, "name") == already_read:
            continue
        try:
            read = ports.cluster.execute(walk.subject.namespace, walk.subject.pod, get_str(box, "name"), ["cat", path])
        except FlowError:  # an init container that has ended: no program reads the file there any more
            continue
        if DENIED in read.stderr:
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


def locked_out(pod: JsonValue) -> dict[str, str]:
    """The containers that may not read the token's file by the manifest alone, each with the fields that show it.

    With `fsGroup`, or with the same user in all containers, the kubelet sets owner and mode; otherwise the file belongs
    to root and has the volume's mode (kubernetes, pkg/volume/projected, `collectData`; pkg/volume/util, `FsUserFrom`).
    An image may put its user into root's group, so a mode that lets the group read leaves the question open.
    """
    shared = get_object(pod, "spec", "securityContext")
    every = [get_object(box) for kind in ("containers", "initContainers") for box in get_list(pod, "spec", kind)]
    contexts = {get_str(box, "name"): {**shared, **get_object(box, "securityContext")} for box in every}
    users = [context.get("runAsUser") for context in contexts.values()]
    if shared.get("fsGroup") is not None or (users[:1] != [None] and users == users[:1] * len(users)):
        return {}
    modes = {get_str(it, "name"): get(it, "projected", "defaultMode") for it in get_list(pod, "spec", "volumes")}
    found = {}
    for box in containers(pod):
        user, file = _not_root(contexts[get_str(box, "name")]), environment(box).get(TOKEN_VARIABLE, "")
        for mount in get_list(box, "volumeMounts") if user and file else ():
            mode = modes.get(get_str(mount, "name"))
            there = f"{file}/".startswith(f"{get_str(mount, 'mountPath').rstrip('/')}/")
            if there and isinstance(mode, int) and not mode & 0o044:
                found[get_str(box, "name")] = f"defaultMode={mode:04o} {user}"
    return found


def _not_root(context: Mapping[str, JsonValue]) -> str:
    """The field by which it is certain that a container does not run as root; empty where its image decides that."""
    user = context.get("runAsUser")
    if isinstance(user, int):
        return f"runAsUser={user}" if user else ""
    return "runAsNonRoot=true" if context.get("runAsNonRoot") is True else ""


def _static_keys(findings: Findings, pod: JsonValue, variables: Sequence[Variables], where: str, said: str) -> None:
    """Decides about the access keys of the container that the Pod is for. The keys of a sidecar or an init container
    may be there on purpose, and keep no other container from using the role.

    A profile that no file has stops the SDK before it looks for the token; an empty variable names such a profile.
    """
    optional = _named(variables, KEY_VARIABLES, optional=True)
    keys = _named(variables, KEY_VARIABLES) or (optional if ":user/" in principal_of(said) else [])
    hidden = next((box for box in variables if box.hidden), None)
    if hidden and not keys:
        leave_open(findings, "pod.static_keys", hidden, where)
        return
    no_profile, mounts = lacks_profile(said), [] if keys else _credential_mounts(pod)
    of_main = any(it["container"] == main_container(pod) for it in keys)
    profiles = _named(variables, PROFILE_VARIABLES, empty=no_profile)
    if others := (profiles or keys) if no_profile and not of_main else (keys or profiles):
        findings.show("other_credentials", others)
    if optional := [] if others or mounts else optional:
        findings.show(OPTIONAL_KEYS, optional)
    named = [
        f"{it['container']}: {it['variable']}" + (f" ({it['source']})" if it["source"] else "")
        for it in others or optional
    ]
    findings.judge(
        "pod.static_keys",
        not named and not mounts,
        got=named + mounts,
        expected=TOKEN_VARIABLE,
        where=f"{where} .spec.containers[]",
        otherwise=Status.FAILED if of_main or (no_profile and (profiles or not keys)) else Status.WARNING,
        error=said if no_profile else "",
    )
    if optional:
        findings.explain("pod.static_keys", Status.WARNING, OPTIONAL_KEYS)


def main_container(pod: JsonValue) -> str:
    """The container that kubectl takes where none is named: the annotated one, else the first."""
    annotated = get_str(pod, "metadata", "annotations", _MAIN)
    return annotated or get_str(next(iter(get_list(pod, "spec", "containers")), None), "name")


def _named(
    variables: Sequence[Variables], wanted: Sequence[str], *, optional: bool = False, empty: bool = False
) -> list[dict[str, JsonValue]]:
    """Which of the `wanted` variables are set to a value (or are `empty`), or may be (`optional`), and where.
    `beneath`: a source sets the variable as well as `env`, or may do so."""
    return [
        {
            "container": box.container,
            "variable": name,
            "source": box.found[name].source,
            "beneath": bool(box.unread) or name in box.of_sources,
        }
        for box in variables
        for name in wanted
        if (box.may_have(name) if optional else box.has(name) or (empty and name in box.found))
    ]


def _credential_mounts(pod: JsonValue) -> list[str]:
    """Mounted files that an SDK reads as its own configuration."""
    return [
        f"{get_str(box, 'name')}: {get_str(mount, 'mountPath')}"
        for box in containers(pod)
        for mount in get_list(box, "volumeMounts")
        if _CREDENTIALS_MOUNT.search(get_str(mount, "mountPath"))
    ]


def _hop_limit(findings: Findings, pod: JsonValue, where: str) -> None:
    """The instance's hop limit can be seen in EC2 alone. But a Pod on the host's network always reaches the metadata
    service."""
    if get(pod, "spec", "hostNetwork") is True:
        where += " .spec.hostNetwork"
        findings.judge("pod.hop_limit", False, got="true", expected="false", where=where, otherwise=Status.WARNING)
        return
    node = get_str(pod, "spec", "nodeName")
    findings.unknown("pod.hop_limit", NOT_OBSERVABLE, where=f"Node {node}" if node else where, expected="1")
