"""The vocabulary of a walk: what was checked, what was seen, what went over the wire.

Everything here is frozen, keyword-only and free of sentences: a `Check` names an id, and the words for
it are looked up in `assets/content/{ja,en}/checks.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

JsonValue = Any
"""A value that `json.dumps` takes: documents keep the shape in which their server gave them."""
JsonObject = dict[str, Any]
"""One that is known to be an object, such as a document of our own."""
ConditionKeys = Mapping[str, str | list[str]]
"""What a request to AWS says by IAM's condition keys, such as `aws:PrincipalArn`; their names in any case."""


class Step(StrEnum):
    """The six steps of IRSA, in the order in which they happen."""

    OIDC_PROVIDER = "oidc_provider"
    SERVICE_ACCOUNT = "service_account"
    WEBHOOK = "webhook"
    TOKEN_MOUNT = "token_mount"
    STS_ASSUME = "sts_assume"
    ACCESS = "access"


class Status(StrEnum):
    """How a check ended. `UNKNOWN` and `NOT_REACHED` always come with a reason, and neither is a pass."""

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_REACHED = "not_reached"


HOLDS = (Status.PASSED, Status.WARNING)
"""How a check or a step ended that breaks nothing."""

NO_ACTION = "no_action_known"
"""The reason of a check of permissions where nothing shows what the Pod needs of AWS. It leaves nothing open."""
NOT_OBSERVABLE = "not_observable"
"""The reason of a check that cannot be made from outside, although a server answered."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whose IRSA is examined: a ServiceAccount, and the Pod that runs under it, if there is one."""

    namespace: str
    service_account: str
    pod: str = ""
    """Empty where no Pod was chosen."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The names of a whole chain: a ServiceAccount, the Pod that runs under it, the role that it is annotated with."""

    namespace: str
    service_account: str
    pod: str
    """Empty where the ServiceAccount has none."""
    role: str
    """Without its path. Empty where the annotation refers to no role of the account."""
    role_path: str = "/"
    """As IAM has it: begins and ends with a slash."""

    @property
    def subject(self) -> Subject:
        """Whose IRSA it is."""
        return Subject(namespace=self.namespace, service_account=self.service_account, pod=self.pod)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold for IRSA to work, with what was found."""

    id: str
    """Such as `trust.subject`; the key of its texts."""
    status: Status
    got: str = ""
    """What was found, as its owner writes it (an ARN, a URL, a claim)."""
    expected: str = ""
    """What would have passed."""
    where: str = ""
    """The object and field that was read, such as `ServiceAccount default/my-sa .metadata.annotations`."""
    reason: str = ""
    """For `UNKNOWN` and `NOT_REACHED`, where STS decided against us, where keys have no `kid`, and where a Pod does not
    run: the key of the text that says why, such as `no_permission` or `earlier_step` (`reasons` in the content has them
    all)."""
    error: str = ""
    """The product's error message, exactly, where a server or a client library refused."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer as they went over the wire, secrets already masked."""

    caller: str
    """Who asked, in the field's words: `explorer`, `developer`, `kubelet`, `kube-apiserver`, `sts`, `pod`."""
    callee: str
    """Who answered: `kube-apiserver`, `pod-identity-webhook`, `issuer`, `iam`, `sts`, `s3`, `cloudtrail`,
    `instance-metadata`."""
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str = ""
    status: int = 0
    """The HTTP status; 0 when no answer came."""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    seconds: float = 0.0
    """From the request's first byte to the answer's last, by the wall clock."""
    error: str = ""
    """Why no answer came, in the client library's words."""
    started: float = 0.0
    """When the request began: Unix seconds by the wall clock; 0 where it is not known."""
    source: str = ""
    """The address it came from where that tells who asked: a Pod's IP, as in its `status.podIP`."""

    @property
    def succeeded(self) -> bool:
        """Whether an answer came that is not an error. (101 opens the streams of an exec.)"""
        return 100 <= self.status < 400


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What one step found."""

    step: Step
    checks: tuple[Check, ...]
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    """Documents by name (`discovery`, `trust_policy`, `token`, ...), secrets masked."""
    exchanges: tuple[Exchange, ...] = ()

    @cached_property
    def status(self) -> Status:
        """The worst of the checks: failed, unknown, not reached, warning, passed.

        A step whose first check was made was reached. So it is unknown, and not “not reached”, where an earlier step
        keeps other checks from being made. Checks of permissions that no Pod is known to need do not count.
        """
        order = (Status.FAILED, Status.UNKNOWN, Status.NOT_REACHED, Status.WARNING)
        found = {check.status for check in self.checks if check.reason != NO_ACTION}
        worst = next((status for status in order if status in found), Status.PASSED)
        got_here = worst is Status.NOT_REACHED and self.checks[0].status is not worst
        return Status.UNKNOWN if got_here else worst

    def check(self, check_id: str) -> Check:
        """The check of that id. Raises `KeyError` where this step has none."""
        for check in self.checks:
            if check.id == check_id:
                return check
        raise KeyError(check_id)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The six reports, in order."""

    subject: Subject
    reports: tuple[StepReport, ...]

    def __iter__(self) -> Iterator[StepReport]:
        return iter(self.reports)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all steps, in order."""
        return tuple(check for report in self.reports for check in report.checks)

    def report(self, step: Step) -> StepReport:
        """The report of one step. Raises `KeyError` where the walk has none."""
        for report in self.reports:
            if report.step is step:
                return report
        raise KeyError(step)
