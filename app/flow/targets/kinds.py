"""The kinds that lead to a ServiceAccount, and how kubectl lets a person write an object: `TYPE/NAME` or `TYPE NAME`.

Source: kubectl's reference ("Resource types", "Syntax"): types are case-insensitive, singular, plural or short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.flow.errors import FlowError
from app.flow.object_names import check_name


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object."""

    name: str
    """As its owner writes it."""
    short: str
    """kubectl's short name; `job` has none, and stands for itself."""
    group: str = ""
    """The API group; empty for the core group."""

    @property
    def singular(self) -> str:
        """In lower case, as kubectl prints it."""
        return self.name.lower()

    @property
    def plural(self) -> str:
        """The resource's name in the API and in RBAC."""
        return f"{self.singular}s"


POD = Kind(name="Pod", short="po")
SERVICE_ACCOUNT = Kind(name="ServiceAccount", short="sa")
WORKLOADS = (
    Kind(name="Deployment", short="deploy", group="apps"),
    Kind(name="StatefulSet", short="sts", group="apps"),
    Kind(name="DaemonSet", short="ds", group="apps"),
    Kind(name="ReplicaSet", short="rs", group="apps"),
    Kind(name="Job", short="job", group="batch"),
    Kind(name="CronJob", short="cj", group="batch"),
)
"""The kinds that make Pods from a template."""
KINDS = (POD, SERVICE_ACCOUNT, *WORKLOADS)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One object; all of that kind where `name` is empty."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.singular}/{self.name}"


class NoTarget(FlowError):
    """The words name no object, or more than one. `got` is what was typed, `expected` how it is written."""


def kind_of(word: str) -> Kind | None:
    """The kind of that name, with or without a group behind it (`deployments.apps`); None for any other word."""
    name, _, group = word.lower().partition(".")
    found = next((it for it in KINDS if name in (it.singular, it.plural, it.short)), None)
    return found if found and (not group or group.rpartition(".")[2] == found.group) else None


def target_of(words: Sequence[str]) -> Target:
    """The object that these words name. Raises `NoTarget`, and `NotAName` for a name that there cannot be."""
    typed = " ".join(words)
    first, *others = words
    kind_word, slash, name = first.partition("/")
    if slash and others:
        raise _refused("several_targets", typed)
    if not slash and len(others) > 1:
        raise _refused("several_targets", typed)
    kind = kind_of(kind_word)
    if kind is None:
        raise _refused("no_such_kind" if slash or others else "kind_missing", typed, kind_word)
    name = name if slash else next(iter(others), "")
    if not name and (slash or kind is not SERVICE_ACCOUNT):
        raise _refused("name_missing", typed)
    check_name(kind.name, name)
    return Target(kind=kind, name=name)


def _refused(code: str, typed: str, word: str = "") -> NoTarget:
    """`operation` is the word that was taken for a kind, where that is what is wrong."""
    return NoTarget(
        code=code,
        server_message="",
        operation=word,
        got=typed,
        expected=", ".join(f"{kind.short}/NAME" for kind in KINDS),
    )
