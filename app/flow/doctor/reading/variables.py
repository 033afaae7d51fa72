"""The variables of a container, each with the place in the manifest that sets it, as far as they can be seen.

Rules: Kubernetes' `Container.env` and `Container.envFrom` (a later source takes precedence over an earlier one, `env`
over both; a key has the source's prefix in front; an `optional` one that is not there sets nothing). A Secret is never
read: what it sets shows in the container alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.flow.errors import FlowError, NotFound, Refused
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import NOT_OBSERVABLE, JsonValue, Walk
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.webhook_patch import REGION_VARIABLES

KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""The variables of an access key, which every SDK uses before anything else."""
SESSION_NAME = "AWS_ROLE_SESSION_NAME"
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
"""Where an SDK sends its requests to STS; the first one counts (AWS SDKs and Tools Reference Guide, "Service-specific
endpoints")."""
IGNORES_ENDPOINTS = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_READ = frozenset({*REGION_VARIABLES, SESSION_NAME, *ENDPOINT_VARIABLES, IGNORES_ENDPOINTS})
"""The variables whose values are kept; others may be secrets."""
_OF_AWS = "AWS_"
_LITERAL = "env"
_MAP, _SECRET = "envFrom configMapRef", "envFrom secretRef"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable that is set, maybe to an empty text."""

    source: str
    """Where it stands, by the manifest's own keys: `env`, `env secretKeyRef NAME/KEY`, `envFrom configMapRef NAME`.
    Several, with `|` between them, where it is one of these; empty where the manifest does not set it."""
    value: str | None = None
    """The value of a variable that is read, where it is known; of any other variable only whether it is empty."""
    sure: bool = True
    """Whether the variable is known to be set: the key of an optional source may not exist."""

    @property
    def empty(self) -> bool:
        """Whether the variable is known to be set to an empty text."""
        return self.value == ""

    @property
    def in_env(self) -> bool:
        """Whether the container's own list `env` sets it."""
        return self.source.startswith("env ") or self.source == _LITERAL


@dataclass(frozen=True, kw_only=True)
class Variables:
    """The variables of one container."""

    container: str
    found: Mapping[str, Variable]
    of_sources: frozenset[str] = frozenset()
    """The names that ConfigMaps of `envFrom` set, also where `env` takes precedence."""
    unread: tuple[str, ...] = ()
    """The sources of `envFrom` that may set more: `envFrom secretRef NAME`."""
    hidden: FlowError | None = None
    """Why it is not known what those sources set; None where it is known."""

    def value(self, name: str) -> str:
        """The value of a variable whose value is kept; empty where it is not set, or its value is not known."""
        return (self.found[name].value or "") if name in self.found else ""

    def has(self, name: str) -> bool:
        """Whether the variable is known to be set, and not known to be empty."""
        return name in self.found and self.found[name].sure and not self.found[name].empty

    def may_have(self, name: str) -> bool:
        """Whether it is unknown if the variable is set."""
        return name in self.found and not self.found[name].sure


@dataclass
class ConfigMaps:
    """The ConfigMaps of a namespace, each read once."""

    ports: Ports
    namespace: str
    _read: dict[str, JsonValue | FlowError] = field(default_factory=dict)

    def data(self, name: str) -> Mapping[str, str] | None:
        """The texts of a ConfigMap; empty where it does not exist, None where we may not read it."""
        if name not in self._read:
            try:
                self._read[name] = self.ports.cluster.config_map(self.namespace, name)
            except FlowError as error:
                self._read[name] = error
        found = self._read[name]
        if isinstance(found, FlowError):
            return {} if isinstance(found, NotFound) else None
        return {key: value for key, value in get_object(found, "data").items() if isinstance(value, str)}


def variables_of(ports: Ports, walk: Walk, pod: JsonValue, box: JsonValue, maps: ConfigMaps) -> Variables:
    """The variables of a container. Looks into it only where the manifest and the ConfigMaps leave something open."""
    name = get_str(box, "name")
    found, unread = _of_sources(box, maps)
    of_sources, sources = frozenset(found), tuple(source for source, _ in unread)
    found |= _of_list(pod, box, maps)
    unsure = [key for key, it in found.items() if not it.sure]
    if not unread and not unsure:
        return Variables(container=name, found=found, of_sources=of_sources)
    try:
        output = ports.cluster.execute(walk.subject.namespace, walk.subject.pod, name, ["env"])
        if output.exit_code != 0:  # an image without `env`: what it printed says nothing about the variables
            raise Refused(code=f"exit_{output.exit_code}", server_message=output.stderr.strip())
    except FlowError as error:
        hidden = error if unread else None
        return Variables(container=name, found=found, of_sources=of_sources, unread=sources, hidden=hidden)
    for line in output.stdout.splitlines():
        key, equals, value = line.partition("=")
        if not equals:
            continue
        if key in found and found[key].in_env:
            found[key] = found[key] if found[key].sure else replace(found[key], sure=True, value=_kept(key, value))
            continue
        candidates = [source for source, prefix in unread if key.startswith(prefix)]
        known = found[key].source if key in found else ""
        found[key] = Variable(source=" | ".join(filter(None, (known, *candidates))), value=_kept(key, value))
    found = {key: it for key, it in found.items() if it.sure}
    return Variables(container=name, found=found, of_sources=of_sources, unread=sources)


def _of_sources(box: JsonValue, maps: ConfigMaps) -> tuple[dict[str, Variable], list[tuple[str, str]]]:
    """The variables that ConfigMaps set, and the sources that were not read, each with its prefix."""
    found: dict[str, Variable] = {}
    unread: list[tuple[str, str]] = []
    for entry in get_list(box, "envFrom"):
        prefix = get_str(entry, "prefix")
        if secret := get_str(entry, "secretRef", "name"):
            unread.append((f"{_SECRET} {secret}", prefix))
        elif name := get_str(entry, "configMapRef", "name"):
            data = maps.data(name)
            if data is None:
                unread.append((f"{_MAP} {name}", prefix))
            for key, value in (data or {}).items():
                found[prefix + key] = Variable(source=f"{_MAP} {name}", value=_kept(prefix + key, value))
    return found, unread


def _of_list(pod: JsonValue, box: JsonValue, maps: ConfigMaps) -> dict[str, Variable]:
    """The variables that the container's own list `env` sets."""
    found: dict[str, Variable] = {}
    for item in get_list(box, "env"):
        name, origin = get_str(item, "name"), get_object(item, "valueFrom")
        if not name:
            continue
        kind = next(iter(origin), "")
        if not kind:
            value = get_str(item, "value")
            # `$(NAME)` is replaced by the kubelet.
            found[name] = Variable(source=_LITERAL, value=None if "$(" in value else _kept(name, value))
            continue
        named, key = get_str(origin, kind, "name"), get_str(origin, kind, "key")
        data = maps.data(named) if kind == "configMapKeyRef" and name in _READ else None
        source = " ".join(filter(None, (_LITERAL, kind, f"{named}/{key}" if named else "")))
        taken = data.get(key) if data else _of_field(pod, get_str(origin, "fieldRef", "fieldPath"))
        optional = get(origin, kind, "optional") is True and name.startswith(_OF_AWS)
        if optional and data is not None and taken is None:
            continue
        kept = None if taken is None else _kept(name, taken)
        found[name] = Variable(source=source, value=kept, sure=not optional or taken is not None)
    return found


def _of_field(pod: JsonValue, path: str) -> str | None:
    """The value that the kubelet takes from the Pod itself; None unless the path is a plain field that is set."""
    return get_str(pod, *path.split(".")) or None if path else None


def _kept(name: str, value: str) -> str | None:
    """The value of a variable whose value is kept. Any other value may be a secret, so only an empty one is
    returned."""
    return value if name in _READ or not value else None


def leave_open(findings: Findings, check_id: str, box: Variables, where: str) -> None:
    """Records the check as unknown because the variables were not seen: the container has ended, has no program `env`,
    or we may not enter it."""
    error = box.hidden
    reason = (unseen(error) if error else "") or NOT_OBSERVABLE
    where = f"{where} .spec.containers[] {', '.join(box.unread)}"
    findings.unknown(check_id, reason, where=where, error=error.server_message if error else "")
