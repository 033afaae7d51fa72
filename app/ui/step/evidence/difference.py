"""Two versions of an object as one document: added lines with a plus, removed ones with a minus, the rest folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from app.content import Content
from app.flow.json_access import get, get_object, get_str
from app.flow.matching.differences import common_ends
from app.flow.model import JsonValue
from app.ui.draw.documents import Line, explained_line, fold, json_lines, render_line, yaml_lines
from app.ui.step.evidence.added_lines import explanation, group

_NOISE = ("name", "generateName", "managedFields", "uid", "creationTimestamp", "resourceVersion")
"""Members of the metadata that differ between any two Pods, with or without the webhook."""
_LONGEST = 2000
"""Lines between the first and the last change that are aligned; of more, all count as changed. The work may be the
square of them."""
_CONTEXT = 1
"""How many unchanged lines are shown beside a change."""


def difference(before: JsonValue, after: JsonValue, content: Content) -> str:
    """The difference as HTML. Each added line opens its explanation; the first of a run says what the run is for."""
    before, after = relevant(before), relevant(after)
    old, new = yaml_lines(before), yaml_lines(after)
    rendered: list[str] = []
    for operation, old_lines, new_lines in changes(old, new, before, after):
        if operation == "equal":
            at_end = new_lines[-1:] == new[-1:]
            rendered.extend(_unchanged(new_lines, content, first=not rendered, last=at_end))
            continue
        rendered.extend(render_line(line, kind="removed", sign="−") for line in old_lines)
        rendered.extend(_added(new_lines, after, content))
    return f'<div class="document difference">{"".join(rendered)}</div>'


def change(before: JsonValue, after: JsonValue, content: Content) -> str:
    """The change of any object: Kubernetes' own as YAML, all others as JSON. None: the object does not exist."""
    lines = yaml_lines if any("metadata" in get_object(it) for it in (before, after)) else json_lines
    old, new = ([] if it is None else lines(it) for it in (before, after))
    rendered: list[str] = []
    for operation, old_lines, new_lines in changes(old, new, before, after):
        if operation == "equal":
            rendered.extend(_unchanged(new_lines, content, first=not rendered, last=new_lines[-1:] == new[-1:]))
            continue
        rendered.extend(render_line(line, kind="removed", sign="−") for line in old_lines)
        rendered.extend(render_line(line, kind="added", sign="+") for line in new_lines)
    return f'<div class="document difference">{"".join(rendered)}</div>'


def changes(
    old: Sequence[Line], new: Sequence[Line], before: JsonValue, after: JsonValue
) -> Iterator[tuple[str, Sequence[Line], Sequence[Line]]]:
    """How the lines of `before` become those of `after`: `equal`, or else lines to remove and lines to add."""
    one, other = _keys(old, before), _keys(new, after)
    head, tail = common_ends(one, other)
    middles = one[head : len(one) - tail], other[head : len(other) - tail]
    if head:
        yield "equal", old[:head], new[:head]
    if max(map(len, middles)) > _LONGEST:
        yield "replace", old[head : len(old) - tail], new[head : len(new) - tail]
    else:
        for operation, *at in SequenceMatcher(None, *middles, autojunk=False).get_opcodes():
            yield operation, old[head + at[0] : head + at[1]], new[head + at[2] : head + at[3]]
    if tail:
        yield "equal", old[-tail:], new[-tail:]


def relevant(pod: JsonValue) -> JsonValue:
    """The Pod without its status, and without what differs between any two Pods."""
    metadata = {name: member for name, member in get_object(pod, "metadata").items() if name not in _NOISE}
    return {name: member for name, member in get_object(pod).items() if name != "status"} | {"metadata": metadata}


def _keys(lines: Sequence[Line], pod: JsonValue) -> list[tuple[str | int, ...]]:
    """A key for each line, and no two alike: of thousands that are, `SequenceMatcher` compares each with each."""
    seen = Counter[tuple[str, ...]]()
    keys: list[tuple[str | int, ...]] = []
    for line in lines:
        key = _key(line, pod)
        seen[key] += 1
        keys.append((*key, seen[key]))
    return keys


def _key(line: Line, pod: JsonValue) -> tuple[str, ...]:
    """The values by which a line counts as the same in both Pods: its text and its place, members of lists by their
    names.

    The dash of a list's member does not count: it moves where the member gets a new first line.
    """
    place: list[str] = []
    for step in line.path:
        pod = pod[int(step)] if isinstance(pod, list) else get(pod, step)
        place.append(get_str(pod, "name") or step)
    return (*place, line.text.removeprefix("- "))


def _added(lines: Sequence[Line], pod: JsonValue, content: Content) -> Iterator[str]:
    previous = ""
    for line in lines:
        name = group(line.path, pod)
        note = content.message(f"webhook.groups.{name}") if name not in ("", previous) else ""
        previous = name or previous
        words = explanation(line.path, pod, content)
        yield explained_line(line, words, kind="added", sign="+", word=content.message("webhook.added"), note=note)


def _unchanged(lines: Sequence[Line], content: Content, *, first: bool, last: bool) -> Iterator[str]:
    """A run of unchanged lines, folded except for the lines beside a change."""
    head = 0 if first else _CONTEXT
    tail = len(lines) if last else len(lines) - _CONTEXT
    if tail <= head:
        yield from (render_line(line, sign=" ") for line in lines)
        return
    yield from (render_line(line, sign=" ") for line in lines[:head])
    yield fold(content, [render_line(line, sign=" ") for line in lines[head:tail]])
    yield from (render_line(line, sign=" ") for line in lines[tail:])
