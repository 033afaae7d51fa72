"""What fixes a broken link: lines for a shell, and what they make of the object."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from app.flow.model import JsonValue


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object as it is and as it would be, for a diff."""

    kind: str
    """`ServiceAccount`, `Pod`, a workload such as `Deployment`, `Role` or `OpenIDConnectProvider`."""
    name: str
    """`NAMESPACE/NAME` in the cluster; a role's name, a provider's ARN."""
    part: str = ""
    """The part of a role that it is about, where that is not all of it: `AssumeRolePolicyDocument` or `Policies`."""
    before: JsonValue
    """None where the object does not exist yet."""
    after: JsonValue
    adds: JsonValue = None
    """The document of the policy that is added, where the part is `Policies`. `after` contains only the policy's
    name."""
    pod: JsonValue = None
    """The manifest of a Pod of the changed workload, before the webhook edits it, where the fix makes other Pods. It is
    not shown."""

    @property
    def object(self) -> str:
        """The kind and the name, for a heading, such as `ServiceAccount default/my-sa`."""
        return " ".join(filter(None, (self.kind, self.name, self.part)))


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What to do, as lines for a shell."""

    id: str
    """The key of the sentence that stands before the commands."""
    commands: tuple[str, ...] = ()
    """In the order in which to run them. Empty where no command fixes it."""
    choices: tuple[str, ...] = ()
    """The values that a placeholder of the commands may be replaced by, where there are several."""
    change: Change | None = None
    """How the object changes; None where that does not follow from what was read."""
    recreates: bool = False
    """Whether a command recreates the Pod from its manifest: the webhook edits it again, and it gets a new token."""
    then: str = ""
    """The key of a second sentence, on what else the last command does; empty without one."""


def line(*words: str) -> str:
    """One command, its words quoted for a POSIX shell."""
    return shlex.join(words)


def patched(patch: JsonValue) -> str:
    """A filter that applies a strategic merge patch to a manifest."""
    return line("kubectl", "patch", "--local", "-f", "-", "-p", json.dumps(patch), "-o", "yaml")
