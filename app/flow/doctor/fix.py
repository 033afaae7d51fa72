"""What fixes a broken link: lines for a shell, and what they make of the object."""

from __future__ import annotations

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
    """None where it is not there."""
    after: JsonValue
    adds: JsonValue = None
    """Where the part is `Policies`: the document of the policy that is added. `after` has its name alone."""
    pod: JsonValue = None
    """Where it makes other Pods: the manifest of such a Pod, before the webhook adds to it. It is not shown."""

    @property
    def object(self) -> str:
        """Which one, for a heading, such as `ServiceAccount default/my-sa`."""
        return " ".join(filter(None, (self.kind, self.name, self.part)))


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What to do, as lines for a shell."""

    id: str
    """The key of the sentence that stands before the commands."""
    commands: tuple[str, ...] = ()
    """In this order. Empty where no command does it."""
    choices: tuple[str, ...] = ()
    """What a placeholder of the commands may stand for, where that is more than one thing."""
    change: Change | None = None
    """What becomes of the object; None where nothing that was read says it."""
    recreates: bool = False
    """Whether a command recreates the Pod from its manifest: the webhook edits it again, and it gets a new token."""
    then: str = ""
    """The key of a second sentence, on what the last command adds to it; empty without one."""
