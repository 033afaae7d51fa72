"""What one step has found so far. Every step fills a `Findings` and returns its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.flow.errors import FlowError, NotPermitted, ServerFailed, Unreachable
from app.flow.json_access import masked, shown
from app.flow.model import NOT_OBSERVABLE, Check, Exchange, JsonValue, Status, Step, StepReport
from app.flow.port_wrappers.consent import NOT_ASKED, NotAsked
from app.flow.port_wrappers.deadline import OUT_OF_TIME
from app.flow.ports import Ports

NO_POD = "no_pod"
"""The reason of a check that only a Pod can decide, where none was chosen."""
NO_VOLUME = "no_volume"
"""The reason of a check of the audience, where the webhook has not edited the Pod that would show it."""
ISSUER_ASSUMED = "issuer_assumed"
"""The reason of a check against the cluster's issuer, where we know only the issuer that the role trusts."""
BY_POD_IDENTITY = "by_pod_identity"
"""The reason of what IRSA needs and lacks where the Pod has its role from EKS Pod Identity."""
BY_HAND = "by_hand"
"""The reason of a check of the webhook's part, where the Pod's manifest mounts the token itself."""
NO_PERMISSION = "no_permission"
"""The reason of a check for which we may not read something, although the server knows who we are."""
LOGIN = "login"
"""The reason of a check for which a server does not accept our login, or for which there is none."""
OTHER_ACCOUNT = "other_account"
"""The reason of a check that only the role's account can decide, where ours is another account."""
ROLE_UNKNOWN = "role_unknown"
"""The reason of a missing provider where nothing shows a role, and ours may not be the account of the cluster."""
NO_REGION = "no_region"
"""The reason of a check for which AWS was not asked, because no region is set, or one that does not exist."""
NO_CONFIGURATION = "no_configuration"
"""The reason of a check for which AWS was not asked, because our profile does not exist or cannot be read."""
OWN_CLOCK = "own_clock"
"""The reason of a check for which AWS refused our signature, because our clock is wrong."""
_OWN_CONFIGURATION = ("aws_config_broken", "aws_no_such_profile")
_WITHOUT_ANSWER = {OUT_OF_TIME: "out_of_time", "aws_no_region": NO_REGION, "aws_bad_region": NO_REGION}
"""The reasons of checks for which no server was asked, by the code of the error. With another code one was silent."""


class Findings:
    """Collects the checks of one step, its evidence and the exchanges made meanwhile.

    `order` lists the ids of the step's checks. A check that no rule decided is reported as not reached:
    an earlier check (or, after `unreached_by_earlier_step`, an earlier step) stood in its way.
    """

    def __init__(self, step: Step, ports: Ports, order: Sequence[str]) -> None:
        self._step = step
        self._ports = ports
        self._order = tuple(order)
        self._checks: dict[str, Check] = {}
        self._reasons: dict[str, str] = {}
        self._evidence: dict[str, JsonValue] = {}
        self._before = _exchanges(ports)  # kept, so that the identity of an old exchange stays taken

    def judge(
        self,
        check_id: str,
        passed: bool,
        *,
        got: JsonValue,
        expected: JsonValue,
        where: str,
        otherwise: Status = Status.FAILED,
        error: str = "",
    ) -> bool:
        """Records a check that was decided, and says whether it passed; `otherwise` is its status if it did not."""
        self._checks[check_id] = Check(
            id=check_id,
            status=Status.PASSED if passed else otherwise,
            got=shown(got),
            expected=shown(expected),
            where=shown(where),
            error=shown(error),
        )
        return passed

    def judge_as_seen(
        self, check_id: str, passed: bool, *, unseen: str, got: JsonValue, expected: JsonValue, where: str
    ) -> None:
        """Records a check whose expected value is the usual one unless a document says otherwise.

        Where we could not see that document (`unseen`, a reason), another value than the usual one is unknown and not
        failed.
        """
        if passed or not unseen:
            self.judge(check_id, passed, got=got, expected=expected, where=where)
        else:
            self.unknown(check_id, unseen, where=where, expected=shown(expected))

    def refused(self, check_id: str, error: FlowError, *, expected: str = "", where: str) -> None:
        """Records that a question brought no document: unknown where the reason is ours, failed where it is the
        chain's."""
        if reason := unseen(error):
            self.unknown(check_id, reason, where=where, error=error.server_message, expected=expected)
        else:
            self.judge(check_id, False, got=error.code, expected=expected, where=where, error=error.server_message)

    def unknown(self, check_id: str, reason: str, *, where: str, error: str = "", expected: str = "") -> None:
        """Records a check that could not be decided, with the reason's key."""
        self._checks[check_id] = Check(
            id=check_id,
            status=Status.UNKNOWN,
            expected=shown(expected),
            where=shown(where),
            reason=reason,
            error=shown(error),
        )

    def unread(self, check_id: str, error: FlowError, *, where: str, expected: str = "") -> None:
        """Records that a check could not be decided because a question brought no document, for whatever reason."""
        reason = unseen(error) or NOT_OBSERVABLE
        self.unknown(check_id, reason, where=where, error=error.server_message, expected=expected)

    def unreached_by_earlier_step(self, *check_ids: str) -> None:
        """Records that an earlier step kept these checks from being made, or all undecided checks where none is
        named."""
        for check_id in check_ids or self._order:
            self._reasons[check_id] = "earlier_step"

    def passed(self, check_id: str) -> bool:
        """Whether a check was made and passed."""
        check = self._checks.get(check_id)
        return check is not None and check.status is Status.PASSED

    def decided(self, check_id: str) -> bool:
        """Whether a check was made, whatever came of it."""
        return check_id in self._checks

    def is_unknown(self, check_id: str) -> bool:
        """Whether a check was made and could not be decided."""
        check = self._checks.get(check_id)
        return check is not None and check.status is Status.UNKNOWN

    def soften(self, check_id: str, reason: str = "") -> None:
        """Turns a failed check into a warning: the server that decides in the end accepted it."""
        check = self._checks.get(check_id)
        if check is not None and check.status is Status.FAILED:
            self._checks[check_id] = replace(check, status=Status.WARNING, reason=reason or check.reason)

    def explain(self, check_id: str, status: Status, reason: str, *, error: str = "") -> None:
        """Adds to a decided check that the server which decides in the end disagrees: its message and the new
        status."""
        check = self._checks[check_id]
        self._checks[check_id] = replace(check, status=status, reason=reason, error=shown(error) or check.error)

    def show(self, evidence_id: str, document: JsonValue) -> None:
        """Adds evidence, secrets masked."""
        self._evidence[evidence_id] = masked(document)

    def new_exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges since this step began: first those of the explorer, then those between the servers."""
        old = {id(exchange) for exchange in self._before}
        return tuple(exchange for exchange in _exchanges(self._ports) if id(exchange) not in old)

    def report(self, *, also: Sequence[Exchange] = ()) -> StepReport:
        """The report; `also` are exchanges from before the step that belong to its story."""
        new = self.new_exchanges()
        return StepReport(
            step=self._step,
            checks=tuple(self._checks.get(check_id) or self._unreached(check_id) for check_id in self._order),
            evidence=self._evidence,
            exchanges=(*(exchange for exchange in also if exchange not in new), *new),
        )

    def _unreached(self, check_id: str) -> Check:
        reason = self._reasons.get(check_id, "earlier_check")
        return Check(id=check_id, status=Status.NOT_REACHED, reason=reason)


def unseen(error: FlowError) -> str:
    """The key of the reason why we could not see for ourselves; empty where the server's answer is about the chain."""
    if isinstance(error, NotPermitted) and not error.about_login:
        return NO_PERMISSION
    return unanswered(error) or (LOGIN if isinstance(error, NotPermitted) else "")


def unanswered(error: FlowError) -> str:
    """The key of the reason why the question has no answer; empty where it has one, which may be a refusal."""
    if isinstance(error, NotAsked):
        return NOT_ASKED
    if error.about_clock:
        return OWN_CLOCK
    if isinstance(error, NotPermitted) and error.code.islower():  # our own code: nothing was sent
        return NO_CONFIGURATION if error.code in _OWN_CONFIGURATION else LOGIN
    if isinstance(error, Unreachable):
        return _WITHOUT_ANSWER.get(error.code, "unreachable")
    return error.kind if isinstance(error, ServerFailed) else ""


def _exchanges(ports: Ports) -> tuple[Exchange, ...]:
    return (
        *ports.issuer.exchanges(),
        *ports.cluster.exchanges(),
        *ports.aws.exchanges(),
        *ports.server_log.exchanges(),
    )
