"""The purpose of each line that the webhook adds to a Pod. Source of its rules: amazon-eks-pod-identity-webhook."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, get_list, get_str
from app.flow.model import JsonValue
from app.flow.webhook import VOLUME
from app.ui.draw.documents import Path
from app.ui.text import prose

OTHER = "webhook.lines.other"
"""The key of the text for a line that the webhook, as we know it, does not write."""
_CONTAINER: Path = ("spec", "containers", "*")
_VARIABLE: Path = (*_CONTAINER, "env", "*")
_MOUNT: Path = (*_CONTAINER, "volumeMounts", "*")
_VOLUME: Path = ("spec", "volumes", "*")
_SOURCE: Path = (*_VOLUME, "projected", "sources", "*", "serviceAccountToken")
_WORDS: dict[Path, str] = {
    _VARIABLE[:-1]: "env",
    _MOUNT[:-1]: "mounts",
    _VOLUME[:-1]: "volumes",
}
_WORDS_OF_OURS: dict[Path, str] = {
    (*_MOUNT, "name"): "mount_name",
    (*_MOUNT, "mountPath"): "mount_path",
    (*_MOUNT, "readOnly"): "mount_read_only",
    (*_VOLUME, "name"): "volume_name",
    (*_VOLUME, "projected"): "projected",
    (*_VOLUME, "projected", "defaultMode"): "default_mode",
    (*_VOLUME, "projected", "sources"): "sources",
    _SOURCE: "token_source",
    (*_SOURCE, "audience"): "audience",
    (*_SOURCE, "expirationSeconds"): "expiration",
    (*_SOURCE, "path"): "path",
}
"""Texts that are true only of the token's volume and its mounts."""


def explanation(path: Path, pod: JsonValue, content: Content) -> str:
    """The text for the line at `path` of the Pod as the webhook left it, as HTML."""
    found = _at(pod, path)
    values = {"value": found, "duration": _duration(found, content), "octal": _octal(found)}
    return f"<p>{prose(content.message(explained_by(path, pod, content), **values))}</p>"


def explained_by(path: Path, pod: JsonValue, content: Content) -> str:
    """The key of the text for the line at `path`; `OTHER` where there is none."""
    place = _place(path)
    if place[:-1] == _VARIABLE:
        key = f"webhook.variables.{get_str(_at(pod, path[:-1]), 'name')}.{place[-1]}"
        return key if key in content.messages else OTHER
    member = next((len(start) for start in (_MOUNT, _VOLUME) if place[: len(start)] == start), 0)
    ours = member and get_str(_at(pod, path[:member]), "name") == VOLUME
    name = _WORDS.get(place) or (_WORDS_OF_OURS.get(place) if ours else None)
    return f"webhook.lines.{name}" if name else OTHER


def group(path: Path, pod: JsonValue) -> str:
    """The one of the webhook's three additions to which a line belongs: `env`, `mounts` or `volumes`; empty for no
    addition.

    A list belongs to an addition where it contains the webhook's own member; of its members, only that one belongs to
    it.
    """
    place = _place(path)
    start, name = next(((start, name) for start, name in _WORDS.items() if place[: len(start)] == start), ((), ""))
    if name in ("", "env"):
        return name
    members = enumerate(get_list(_at(pod, path[: len(start)])))
    ours = {str(index) for index, member in members if get_str(member, "name") == VOLUME}
    return name if ours.issuperset(path[len(start) : len(start) + 1]) and ours else ""


def _place(path: Path) -> Path:
    """A path with `*` for every index; init containers are containers too."""
    steps = {"initContainers": "containers"}
    return tuple("*" if step.isdecimal() else steps.get(step, step) for step in path)


def _at(document: JsonValue, path: Path) -> JsonValue:
    """The value at the path of a document's line; None where the path leads nowhere."""
    for step in path:
        if isinstance(document, list):
            document = document[int(step)] if step.isdecimal() and int(step) < len(document) else None
        else:
            document = get(document, step)
    return document


def _duration(seconds: JsonValue, content: Content) -> str:
    """Seconds in the largest unit that divides them; a value that is no number is unchanged."""
    if not isinstance(seconds, int):
        return str(seconds)
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds and seconds % length == 0:
            return content.message(f"webhook.duration.{unit}", count=seconds // length)
    return content.message("webhook.duration.seconds", count=seconds)


def _octal(mode: JsonValue) -> str:
    return f"{mode:04o}" if isinstance(mode, int) else str(mode)
