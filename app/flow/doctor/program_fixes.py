"""What fixes the Pod's own program: the token that it sends, its SDK, its command line, and its way to AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise

from app.flow.doctor import changes
from app.flow.doctor.application import FAILED_IN
from app.flow.doctor.fix import Change, Fix, line
from app.flow.doctor.names import REGION_HERE, Names
from app.flow.doctor.pod_fixes import handwritten, names_api_token
from app.flow.doctor.reading.request_variables import OF_ENDPOINT, OF_SESSION, is_session_name
from app.flow.doctor.reading.variables import ENDPOINT_VARIABLES, SESSION_NAME
from app.flow.doctor.requests import OF_ROLE, ROLE_OPTION
from app.flow.doctor.webhook import predicted
from app.flow.doctor.webhook.webhook_fixes import came_later
from app.flow.doctor.without_exec.grants import LONGEST_SESSION
from app.flow.json_access import get, get_list, whole_number
from app.flow.model import JsonObject, JsonValue
from app.flow.names import API_TOKEN, TOKEN_PATH
from app.flow.partitions import endpoint
from app.flow.redaction import MASK
from app.flow.steps.injection import added_later
from app.flow.verdict.error_messages import AMBIENT, lacks_module
from app.flow.verdict.log_sentences import web_identity_reason

_LONGEST_NAME = 64
"""Characters of a session's name."""
_TOKEN_OPTION = "--web-identity-token"


def use_token(names: Names) -> Fix:
    """A program that still has a token which is no longer in the file loses it in a new Pod, unless the manifest says
    where the token comes from."""
    if names.check.got != API_TOKEN:
        commands, change = _reworded(names, _from_file)
        return Fix(id="read_each_time", commands=commands or names.recreate(), change=change)
    if names_api_token(names):
        return handwritten(names)
    commands, change = _reworded(names, lambda words: [it.replace(API_TOKEN, TOKEN_PATH) for it in words])
    return Fix(id="use_token", commands=commands or names.show_workload(), change=change)


def newer_sdk(names: Names) -> Fix:
    old = names.check.got.split(", ")

    def edit(pod: JsonObject) -> None:
        for box in changes.boxes_of(pod):
            if box.get("image") in old:
                box["image"] = _latest(box["image"])

    images = [
        f"{box['name']}={_latest(box['image'])}"
        for box in get_list(names.documents.get("pod"), "spec", "containers")
        if get(box, "image") in old and get(box, "name")
    ]
    return Fix(
        id="newer_sdk",
        commands=names.set_image(*images) if images else names.show_workload(),
        change=changes.workload(names, edit),
    )


def _latest(image: str) -> str:
    return f"{image.partition('@')[0].rpartition(':')[0]}:latest"


def request(names: Names) -> Fix:
    """A program that sends a path instead of the token, asks for too long a session, or gets its credentials
    elsewhere."""
    duration = whole_number(names.check.got)
    if names.check.where.endswith("DurationSeconds") and duration is not None:
        if duration > LONGEST_SESSION:
            return _shorter_session(names)
        asked = ("--role-name", names.role_name, "--max-session-duration", names.check.got)
        return Fix(
            id="longer_sessions",
            commands=(names.iam("update-role", *asked),),
            change=changes.session(names, duration),
        )
    if names.check.where.endswith(OF_ROLE):
        commands, change = _reworded(names, lambda words: _with_option(words, ROLE_OPTION, names.check.expected))
        return Fix(id="asked_role", commands=commands or names.show_workload(), change=change)
    if names.check.where.endswith(OF_SESSION):
        return _session_name(names)
    if names.check.where.endswith(OF_ENDPOINT):
        return _endpoint(names)
    if names.check.where.endswith("WebIdentityToken"):
        commands, change = _reworded(names, _from_file)
        return Fix(id="pass_contents", commands=commands or names.show_workload(), change=change)
    if AMBIENT in names.check.error:
        return Fix(id="ambient_credentials", commands=names.show_workload())
    if names.documents.get(FAILED_IN) in added_later(names.documents.get("pod")):
        return came_later()
    if lacks_module(names.check.error):
        return Fix(id="sts_module", commands=names.show_workload())
    if web_identity_reason(names.check.error):
        return Fix(id="web_identity_reason", commands=names.show_workload())
    commands, change = _reworded(names, lambda words: _without_option(words, "--profile"))
    return Fix(id="default_chain", commands=commands or names.show_workload(), change=change)


def _session_name(names: Names) -> Fix:
    """Sets the session's name in `env`, which takes precedence over the place where the name is set now."""
    box, _, name = names.check.got.partition(", ")[0].partition(f": {SESSION_NAME}=")
    clean = re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)[:_LONGEST_NAME]
    value = clean if is_session_name(clean) else f"session-{clean}"
    return changes.variables(names, "session_name", {box: (f"{SESSION_NAME}={value}",)})


def _endpoint(names: Names) -> Fix:
    """Sends only requests to STS back to AWS: the variable may be meant for other services."""
    box = names.check.got.partition(": ")[0]
    url = endpoint("sts", names.region or REGION_HERE, names.partition)
    return changes.variables(names, "endpoint", {box: (f"{ENDPOINT_VARIABLES[0]}={url}",)})


def _shorter_session(names: Names) -> Fix:
    longest = names.check.expected.removeprefix("<= ")
    commands, change = _reworded(names, lambda words: _with_option(words, "--duration-seconds", longest))
    return Fix(id="shorter_session", commands=commands or names.show_workload(), change=change)


def _reworded(names: Names, words: Callable[[list[str]], list[str]]) -> tuple[tuple[str, ...], Change | None]:
    """Another command line in the manifest. No command where the line stays the same, or where a word of it is
    masked."""
    edit = changes.with_words(words)
    change = changes.pod(names, edit)
    spec = {} if change is None else _changed_lines(change.before, change.after)
    if not spec:
        return (), None
    commands = () if MASK in json.dumps(spec, ensure_ascii=False) else names.merge({"spec": spec})
    return commands, changes.workload(names, edit)


def _changed_lines(before: JsonValue, after: JsonValue) -> JsonObject:
    """The command lines that differ. A container that another webhook has added is not in the workload, and a patch
    with its name would add one without an image."""
    found = {}
    for kind in predicted.KINDS:
        old, new = ([_line_of(box) for box in get_list(pod, "spec", kind)] for pod in (before, after))
        if changed := [it for it in new if it not in old]:
            found[kind] = changed
    return found


def _line_of(box: JsonValue) -> JsonObject:
    return {key: get(box, key) for key in ("name", *changes.COMMAND_LINE) if get(box, key) is not None}


def _from_file(words: list[str]) -> list[str]:
    """Has the AWS CLI read the token's file."""
    return _with_option(words, _TOKEN_OPTION, f"file://{TOKEN_PATH}")


def _with_option(words: list[str], name: str, value: str) -> list[str]:
    return [value if before == name else it for before, it in pairwise(("", *words))]


def _without_option(words: list[str], name: str) -> list[str]:
    return [it for before, it in pairwise(("", *words)) if name not in (before, it)]


def refused(names: Names) -> Fix:
    """Only CloudTrail's record says more. The examined Pod has the annotated role, and Pods that have another one are
    the matter of `pod.siblings`: a program that requests another role here has it from its own settings."""
    wanted = "AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity"
    words = ("aws", "cloudtrail", "lookup-events", "--max-results", "20", "--lookup-attributes", wanted)
    return Fix(id="look_up", commands=(line(*words, "--query", "Events[].CloudTrailEvent", "--output", "text"),))
