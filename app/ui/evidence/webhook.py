"""Step 3: the Pod before and after the webhook, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from app.content import Content
from app.flow.model import JsonValue, StepReport
from app.flow.steps.documents import dig, items, mapping, text
from app.ui.documents import Line, Path, fold, matches, render_line, yaml_lines
from app.ui.evidence.parts import folded, join, json_document, notes, part, yaml_document
from app.ui.text import escape

_NOISE = ("name", "generateName", "managedFields", "uid", "creationTimestamp", "resourceVersion")
"""Members of the metadata that differ between any two Pods, webhook or none."""
_CONTEXT = 1
"""Unchanged lines shown beside a change."""


def facts(report: StepReport, content: Content) -> list[tuple[str, str]]:
    """The names of the variables that were added."""
    names = [str(dig(variable, "name")) for variable in items(report.evidence, "environment")]
    return [(content.message("evidence.environment.title"), ", ".join(names))]


def evidence(report: StepReport, content: Content) -> str:
    """The difference, then what was asked, what was answered and who was asked."""
    found = report.evidence
    before, after = found.get("pod_before"), found.get("pod_after")
    review = found.get("admission_review")
    webhook: Path = ("webhooks", "*")
    configuration = notes(
        content,
        ((*webhook, "clientConfig", "url"), "webhook_url"),
        ((*webhook, "rules"), "webhook_rules"),
        ((*webhook, "failurePolicy"), "failure_policy"),
        ((*webhook, "objectSelector"), "object_selector"),
    )
    return join(
        [
            part(content, "pod_after", difference(before, after, content)) if before and after else "",
            folded(content, "admission_review", _review(review, content)) if review else "",
            folded(content, "configuration", yaml_document(content, found["configuration"], configuration))
            if found.get("configuration")
            else "",
        ]
    )


def _review(review: JsonValue, content: Content) -> str:
    parts = (("admission_request", "request"), ("admission_response", "response"), ("patch", "patch"))
    return "".join(
        f"<h4>{escape(content.message(f'ui.{label}'))}</h4>{json_document(content, dig(review, name))}"
        for label, name in parts
        if dig(review, name)
    )


def difference(before: JsonValue, after: JsonValue, content: Content) -> str:
    """Two Pods as one document: added lines with a plus and a note, removed ones with a minus, the rest folded."""
    explained = notes(content, *_injected(after))
    told: set[str] = set()
    before, after = _relevant(before), _relevant(after)
    old, new = yaml_lines(before), yaml_lines(after)
    old_keys, new_keys = [_key(line, before) for line in old], [_key(line, after) for line in new]
    matcher = SequenceMatcher(None, old_keys, new_keys, autojunk=False)
    rendered: list[str] = []
    for operation, old_start, old_stop, new_start, new_stop in matcher.get_opcodes():
        if operation == "equal":
            rendered.extend(_unchanged(new[new_start:new_stop], content, first=not rendered, last=new_stop == len(new)))
            continue
        rendered.extend(render_line(line, kind="removed", sign="−") for line in old[old_start:old_stop])
        for line in new[new_start:new_stop]:
            note = next((words for path, words in explained.items() if matches(line.path, path)), "")
            rendered.append(render_line(line, kind="added", sign="+", note="" if note in told else note))
            told.add(note)
    return f'<div class="document difference">{"".join(rendered)}</div>'


def _relevant(pod: JsonValue) -> JsonValue:
    """The Pod without its status, and without what differs between any two Pods."""
    metadata = {name: member for name, member in mapping(pod, "metadata").items() if name not in _NOISE}
    return {name: member for name, member in mapping(pod).items() if name != "status"} | {"metadata": metadata}


def _key(line: Line, pod: JsonValue) -> tuple[str, ...]:
    """What makes a line the same in both Pods: its text and its place, members of lists taken by their names.

    The dash does not count: it moves on where a member gets a new first line.
    """
    place: list[str] = []
    for step in line.path:
        pod = pod[int(step)] if isinstance(pod, list) else dig(pod, step)
        place.append(text(pod, "name") or step)
    return (*place, line.text.removeprefix("- "))


def _unchanged(lines: Sequence[Line], content: Content, *, first: bool, last: bool) -> Iterator[str]:
    """A run of unchanged lines, folded but for its ends that touch a change."""
    head = 0 if first else _CONTEXT
    tail = len(lines) if last else len(lines) - _CONTEXT
    if tail <= head:
        yield from (render_line(line, sign=" ") for line in lines)
        return
    yield from (render_line(line, sign=" ") for line in lines[:head])
    yield fold(content, [render_line(line, sign=" ") for line in lines[head:tail]])
    yield from (render_line(line, sign=" ") for line in lines[tail:])


def _injected(pod: JsonValue) -> Iterator[tuple[Path, str]]:
    """Where in `pod` the webhook's additions are, with the key of the words for each."""
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(items(pod, "spec", kind)):
            place: Path = ("spec", kind, str(index))
            for position, variable in enumerate(items(container, "env")):
                if dig(variable, "name") in _VARIABLES:
                    yield (*place, "env", str(position)), _VARIABLES[str(dig(variable, "name"))]
            yield (*place, "volumeMounts"), "volume_mount"
    for position, _ in enumerate(items(pod, "spec", "volumes")):
        source: Path = ("spec", "volumes", str(position), "projected", "sources", "*", "serviceAccountToken")
        yield (*source, "audience"), "volume_audience"
        yield (*source, "expirationSeconds"), "volume_expiration"
        yield ("spec", "volumes", str(position)), "volume"


_VARIABLES = {
    "AWS_STS_REGIONAL_ENDPOINTS": "sts_regional_endpoints",
    "AWS_DEFAULT_REGION": "region_variable",
    "AWS_REGION": "region_variable",
    "AWS_ROLE_ARN": "role_variable",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "token_variable",
}
