"""Reads the file of a mission, strictly: of what is wrong it says file and line, what it got and what it expected."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from app.flow.bounded_yaml import BrokenYaml, load
from app.flow.json_access import get_str
from app.flow.missions.mission import (
    ACCOUNT,
    OTHER_ACCOUNT,
    Goal,
    Mission,
    NearMiss,
    Passes,
    Permission,
    PodLog,
    unknown_names,
)
from app.flow.missions.steps import CALL, STEPS
from app.flow.model import JsonObject
from app.flow.permissions.asked import LIST_BUCKETS

VALUES_LIMIT = 5_000
"""Values of one file; the largest of ours has 300."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9.-]+/[a-z0-9.-]+")
_SERVICE_ACCOUNT_WORDS = "NAMESPACE/NAME"
_ROLE_ARN = re.compile(r"arn:aws:iam::\$\{(?:other_)?account\}:role/[\w+=,.@/-]+", re.ASCII)
_ROLE_ARN_WORDS = "arn:aws:iam::${account}:role/NAME"
_ACTION = re.compile(r"[\w-]+:\w+", re.ASCII)
_WHO = ("service_account", "role", "session")


class MalformedMission(ValueError):
    """A file is no mission. The text says where, what was got and what was expected."""

    def __init__(self, path: str, line: int, key: str, *, got: str, expected: str) -> None:
        super().__init__(f"{path}:{line}: {key}: got {got}, expected {expected}")
        self.path, self.line, self.key, self.got, self.expected = path, line, key, got, expected


def read(text: str, path: str, mission_id: str) -> Mission:
    """The mission in a file. Raises `MalformedMission`."""
    if not _ID.fullmatch(mission_id):
        raise MalformedMission(path, 1, "file name", got=mission_id, expected=f"{_ID.pattern} and .yaml")
    try:
        value = load(text, limit=VALUES_LIMIT)
        node = yaml.compose(text, yaml.CSafeLoader)
    except BrokenYaml as error:
        raise MalformedMission(path, error.line or 1, "yaml", got=error.problem, expected="one document") from None
    place = _Place(value, node, path, "mission")
    fields = place.fields(required=("number", "best", "hints", "start", "goals", "solution"), optional=("near_misses",))
    start = tuple(_step(it) for it in fields["start"].items())
    sessions = [get_str(it, "session", "name") for it in start if "session" in it]
    goals = tuple(_goal(it, sessions) for it in fields["goals"].items())
    return Mission(
        id=mission_id,
        number=fields["number"].count(),
        best=fields["best"].count(),
        hints=fields["hints"].count(most=9),
        start=start,
        goals=goals,
        solution=tuple(it.text().strip() for it in fields["solution"].items()),
        near_misses=tuple(
            _near_miss(it, len(goals)) for it in (fields["near_misses"].items() if "near_misses" in fields else ())
        ),
    )


@dataclass(frozen=True)
class _Place:
    """One value of the file, and where it is."""

    value: Any
    node: Any
    path: str
    key: str

    def wrong(self, expected: str) -> MalformedMission:
        got = "nothing" if self.value is None else json.dumps(self.value, ensure_ascii=False, default=str)[:60]
        line = self.node.start_mark.line + 1 if self.node else 1
        return MalformedMission(self.path, line, self.key, got=got, expected=expected)

    def fields(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> dict[str, _Place]:
        """The members of an object with these keys and no others."""
        found = self.members()
        known = ", ".join((*required, *optional))
        for key in found:
            if key not in required and key not in optional:
                raise MalformedMission(self.path, self._line_of(key), self.key, got=key, expected=known)
        if missing := [key for key in required if key not in found]:
            raise self.wrong(f"{', '.join(missing)} (required)")
        return found

    def _line_of(self, key: str) -> int:
        """Where the key stands, whose value may begin below it."""
        return 1 + next(int(node.start_mark.line) for node, _ in self.node.value if node.value == key)

    def members(self) -> dict[str, _Place]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        SafeConstructor().flatten_mapping(self.node)  # what YAML merges in (`<<`) has a node as well
        nodes = {key.value: value for key, value in self.node.value if isinstance(key, yaml.ScalarNode)}
        if not self.value.keys() <= nodes.keys():  # a key that is no text
            raise self.wrong("an object")
        return {key: _Place(inner, nodes[key], self.path, f"{self.key}.{key}") for key, inner in self.value.items()}

    def items(self) -> list[_Place]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [
            _Place(inner, node, self.path, f"{self.key}[{number}]")
            for number, (inner, node) in enumerate(zip(self.value, self.node.value, strict=True), 1)
        ]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong("a text")
        if unknown := unknown_names(self.value):
            raise self.wrong(f"names of a world, not ${{{unknown[0]}}}")
        return self.value

    def matching(self, form: re.Pattern[str], words: str) -> str:
        if not form.fullmatch(self.text()):
            raise self.wrong(words)
        return str(self.value)

    def count(self, *, most: int = 999) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not 1 <= self.value <= most:
            raise self.wrong(f"a number from 1 to {most}")
        return self.value

    def leaves(self) -> Iterator[_Place]:
        """Every text in it."""
        if isinstance(self.value, dict):
            for inner in self.members().values():
                yield from inner.leaves()
        elif isinstance(self.value, list):
            for inner in self.items():
                yield from inner.leaves()
        elif isinstance(self.value, str) and self.value:
            yield self


def _one(place: _Place, kinds: Collection[str]) -> tuple[str, _Place]:
    """The kind of a step or a goal: its only key."""
    found = place.fields(optional=kinds)
    if len(found) != 1:
        raise place.wrong(f"one of {', '.join(kinds)}")
    return next(iter(found.items()))


def _step(place: _Place) -> JsonObject:
    kind, inner = _one(place, STEPS)
    required, optional = STEPS[kind]
    if kind == CALL:  # what else a call has depends on its action
        inner.fields(required=required, optional=inner.members())
    elif optional is None:
        inner.fields(required=required, optional=inner.members())
        inner.members()["metadata"].fields(required=("name",), optional=inner.members()["metadata"].members())
    else:
        inner.fields(required=required, optional=optional)
        _check_fields(inner.members())
    for leaf in inner.leaves():
        leaf.text()
    return {kind: inner.value}


def _check_fields(fields: Mapping[str, _Place]) -> None:
    """Checks the fields that have a form of their own, in steps that are neither a manifest nor a call."""
    for key, place in fields.items():
        if key == "trusts":
            for it in place.items():
                it.matching(_SERVICE_ACCOUNT, _SERVICE_ACCOUNT_WORDS)
        elif key in ("allows", "statements"):
            for it in place.items():
                it.fields(required=("Action",), optional=it.members())
        elif key == "condition":
            place.members()
        elif key == "service_account":
            place.matching(_SERVICE_ACCOUNT, _SERVICE_ACCOUNT_WORDS)
        elif key == "account" and place.value not in (ACCOUNT, OTHER_ACCOUNT):
            raise place.wrong(f"{ACCOUNT} or {OTHER_ACCOUNT}")
        elif key in ("name", "role", "policy"):
            place.text()


def _goal(place: _Place, sessions: Collection[str]) -> Goal:
    kind, inner = _one(place, ("can", "cannot", "pod", "passes"))
    if kind in ("can", "cannot"):
        return _permission(inner, sessions, wanted=kind == "can")
    required = ("service_account", "log_contains") if kind == "pod" else ("service_account",)
    fields = inner.fields(required=required)
    service_account = fields["service_account"].matching(_SERVICE_ACCOUNT, _SERVICE_ACCOUNT_WORDS)
    if kind == "pod":
        return PodLog(service_account=service_account, contains=fields["log_contains"].text())
    return Passes(service_account=service_account)


def _permission(place: _Place, sessions: Collection[str], *, wanted: bool) -> Permission:
    fields = place.fields(required=("action",), optional=(*_WHO, "resource", "context", *(("by",) if wanted else ())))
    named = [key for key in _WHO if key in fields]
    if len(named) != 1:
        raise place.wrong(f"one of {', '.join(_WHO)}")
    if "service_account" in fields:
        fields["service_account"].matching(_SERVICE_ACCOUNT, _SERVICE_ACCOUNT_WORDS)
    if "session" in fields and fields["session"].text() not in sessions:
        raise fields["session"].wrong("the name of a session that a step of start takes")
    if "session" in fields and fields["action"].value != LIST_BUCKETS:
        raise fields["action"].wrong(f"{LIST_BUCKETS}, the only action that is tried with a session")
    if "by" in fields and "service_account" not in fields:
        raise fields["by"].wrong("a service_account beside it")
    context = {key: it.text() for key, it in fields["context"].members().items()} if "context" in fields else {}
    return Permission(
        wanted=wanted,
        action=fields["action"].matching(_ACTION, "SERVICE:ACTION"),
        resource=fields["resource"].text() if "resource" in fields else "*",
        context=context,
        by=fields["by"].matching(_ROLE_ARN, _ROLE_ARN_WORDS) if "by" in fields else "",
        **{key: fields[key].text() for key in named},
    )


def _near_miss(place: _Place, goals: int) -> NearMiss:
    fields = place.fields(required=("name", "steps", "fails"))
    return NearMiss(
        name=fields["name"].text(),
        steps=tuple(_step(it) for it in fields["steps"].items()),
        fails=tuple(it.count(most=goals) for it in fields["fails"].items()),
    )
