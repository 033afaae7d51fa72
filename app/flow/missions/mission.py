"""What a mission is. `assets/missions/README.md` says how to write one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.flow.model import JsonObject, JsonValue

ACCOUNT, OTHER_ACCOUNT = "own", "other"
"""Whose account a step is about: the learner's, or another one of the same company."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Whether a ServiceAccount, a role or a session may do something in AWS. Exactly one of these three is given."""

    wanted: bool
    """Whether they should be able to."""
    action: str
    """Such as `s3:GetObject`."""
    resource: str = "*"
    """An ARN, or `*` for an action that knows no resources."""
    context: Mapping[str, str]
    """Condition keys of the request, such as `s3:prefix`."""
    service_account: str = ""
    """`NAMESPACE/NAME`."""
    role: str = ""
    """The name of a role."""
    session: str = ""
    """Credentials that a step of the start took, by their name."""
    by: str = ""
    """The ARN of the role by which a ServiceAccount has to be able to; empty where any may be made for it."""

    @property
    def who(self) -> str:
        """Who asks, by name."""
        return self.service_account or self.role or self.session


@dataclass(frozen=True, kw_only=True)
class PodLog:
    """The goal that a Pod of a ServiceAccount says something in its log."""

    service_account: str
    """`NAMESPACE/NAME`."""
    contains: str


@dataclass(frozen=True, kw_only=True)
class Passes:
    """The goal that the chain of a ServiceAccount is whole with each of its Pods that has not ended, or with the newest
    where all have; that STS gives it credentials; and that nothing in the Pod comes before these."""

    service_account: str
    """`NAMESPACE/NAME`."""


Goal = Permission | PodLog | Passes


@dataclass(frozen=True, kw_only=True)
class NearMiss:
    """Something that looks like a solution and is none."""

    name: str
    steps: tuple[JsonObject, ...]
    fails: tuple[int, ...]
    """The numbers of the goals, from 1, that are not reached after it."""


@dataclass(frozen=True, kw_only=True)
class Mission:
    """One task. Its words are in the message files of each language, under `missions.<id>`."""

    id: str
    """The name of its file."""
    number: int
    """Its place in the order of the missions."""
    best: int
    """The least number of commands that reaches all goals, as far as its author knows."""
    hints: int
    start: tuple[JsonObject, ...]
    """Steps (`steps.requests`) that change a finished world."""
    goals: tuple[Goal, ...]
    solution: tuple[str, ...]
    """Commands for a POSIX shell."""
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one world, which a mission writes as `${account}`."""

    account: str
    other_account: str
    issuer: str
    issuer_host: str
    """The issuer without `https://`."""
    node_role: str
    cluster: str
    now: str
    """The world's time, as a policy has it."""

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))


NAMES = frozenset(Names.__dataclass_fields__)
_PLACE = re.compile(r"\$\{([a-z_]+)\}")


def unknown_names(text: str) -> list[str]:
    """The placeholders of a text that no world has a name for."""
    return [name for name in _PLACE.findall(text) if name not in NAMES]


def filled(value: JsonValue, names: Names) -> JsonValue:
    """The same document with the names of a world."""
    return _everywhere(value, lambda text: _PLACE.sub(lambda found: names[found[1]], text))


def _everywhere(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _everywhere(inner, change) for key, inner in value.items()}
    return [_everywhere(inner, change) for inner in value] if isinstance(value, list) else value
