"""A diagnosis in sentences, the same ones wherever it is shown."""

from __future__ import annotations

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.doctor.pods.listed import CHECK
from app.flow.doctor.reading.near_names import EVIDENCE as NEAR
from app.flow.doctor.reading.near_names import NO_NAMESPACE
from app.flow.doctor.reading.on_workload import EVIDENCE as ON_WORKLOAD
from app.flow.json_access import get, get_str
from app.flow.model import Check, Status
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.steps.findings import BY_HAND, ROLE_UNKNOWN
from app.flow.steps.missing_provider import LOOKED_IN, OF_CLUSTER
from app.flow.steps.oidc_provider import NO_KID
from app.flow.steps.standstill import PROGRAM_ENDED
from app.flow.steps.trust_policy import OF_CALLER, OF_REQUEST, OF_TIME, is_of_other_key
from app.flow.steps.webhook import LATER
from app.flow.times import timestamp
from app.flow.verdict.error_messages import blames_clock, lacks_profile
from app.flow.verdict.judge import Outcome
from app.flow.verdict.refusals import ANSWER, CAUSE_OF, LEAVES_OPEN, RUNNING
from app.flow.visible import visible_ends
from app.report import pod_words

STATUS_OF = {
    Outcome.WORKS: Status.PASSED,
    Outcome.SHOULD_WORK: Status.UNKNOWN,
    Outcome.BROKEN: Status.FAILED,
    Outcome.UNKNOWN: Status.UNKNOWN,
}
"""The status that an outcome is marked with."""
PLAINLY = {
    "service_account.annotation": "not_annotated",
    "provider.exists": "no_provider",
    "pod.injected": "not_injected",
    "pod.static_keys": "static_keys",
    "token.audience": "other_audience",
}
"""The cause that a check shows when it fails, where STS's error message is about another cause or about none."""
CONDITION_KEY = "condition_key"
"""The cause of a condition under a key that the token does not have."""
REQUEST_CONDITION = "request_condition"
"""The cause of a trust policy whose condition on the request decides."""
NO_PROFILE = "no_profile"
"""The cause of credentials that are not the role's, where the program is set to a profile that does not exist."""
MORE_EXACTLY = {"explicit-deny": "deny_matches", "implicit-deny": "other_condition", NO_KID: "keys_without_kid"} | {
    OF_TIME: "other_condition"
}
"""A more exact cause: by the decision on a trust policy whose principal, action, audience and subject match, or by a
check's reason."""
_SHOWN_BY = {
    "audience_condition": "trust.audience",
    "subject_condition": "trust.subject",
    "other_statement": "trust.decision",
    "keys_unpublished": "issuer.jwks",
}
"""The causes of which a check shows more, each with that check."""
_IN_A_SENTENCE = (NOT_ASKED, *LEAVES_OPEN)
"""The reasons for an unknown outcome that have a sentence of their own."""
_LINE = 160
"""Characters of a value that a line shows."""


def verdict(found: Diagnosis, words: Content) -> str:
    """The verdict in a sentence, and what else there is to say."""
    return "".join(parts(found, words))


def parts(found: Diagnosis, words: Content) -> tuple[str, str]:
    """The verdict in a sentence, one more where the check is listed under another step than that of its cause; and what
    else there is to say, of the account, the Pod and its workload, with the space before it."""
    also = [*_by_record(found, words), *_looked_in(found, words), *pod_words.also(found, words)]
    first = words.facts.sentences(_verdict(found, words)) if also else _verdict(found, words)
    return first, words.facts.sentences(first, *also).removeprefix(first) if also else ""


def _verdict(found: Diagnosis, words: Content) -> str:
    judged = found.verdict
    if judged.outcome is Outcome.WORKS and not found.subject.pod:
        return _without_pod(found, words)
    if judged.check is None or judged.step is None:
        return words.message(f"doctor.{_works(found)}" if judged.outcome is Outcome.WORKS else "doctor.nothing")
    if judged.check.id == RUNNING and judged.outcome is Outcome.BROKEN:
        ended = judged.check.reason in PROGRAM_ENDED
        return words.message(f"doctor.{'program_ended' if ended else 'not_running'}", got=judged.check.got)
    if judged.outcome is Outcome.BROKEN and judged.check.id == "pod.exists":
        return _gone(found, words)
    if judged.outcome is Outcome.SHOULD_WORK and _accepted_instead(found):
        return words.message("doctor.accepted_instead")
    if sentence := _until_the_next_pod(found, words):
        return sentence
    if judged.outcome is Outcome.SHOULD_WORK:
        return _should_work(found, words)
    if judged.outcome is Outcome.BROKEN:
        key = f"verdict.{judged.key}"
    elif judged.outcome is Outcome.UNKNOWN:
        key = f"doctor.{judged.check.reason if judged.check.reason in _IN_A_SENTENCE else 'unknown'}"
    else:
        key = "doctor.warning"
    step = words.message(f"steps.{judged.step}.short")
    sentence = words.message(key, check=title(judged.check, found, words), step=step)
    if key == "doctor.unknown" and _accepted(found):
        sentence = words.facts.sentences(sentence, words.message("doctor.accepted_so_far"))
    listed = next((at for at, checks in found.steps() if judged.check in checks), judged.step)
    if listed is judged.step:
        return sentence
    why = "listed_clock" if blames_clock(judged.check.error) else "listed"
    values = {"listed": words.message(f"steps.{listed}.short"), "step": step}
    return words.facts.sentences(sentence, words.message(f"doctor.{why}", **values))


def _works(found: Diagnosis) -> str:
    """The key of the sentence that says how it was seen to work: by the Pod's own token, or by CloudTrail's record."""
    own = (check_of(found.walk, check_id) for check_id in ("token.file", ANSWER))
    return "works" if all(it is not None and it.status is Status.PASSED for it in own) else "works_by_record"


def _by_record(found: Diagnosis, words: Content) -> list[str]:
    """That only CloudTrail's record shows it, where the sentence on a warning does not say so."""
    judged = found.verdict
    warns = judged.outcome is Outcome.WORKS and judged.check is not None and bool(found.subject.pod)
    return [words.message("doctor.by_record")] if warns and _works(found) == "works_by_record" else []


def _looked_in(found: Diagnosis, words: Content) -> list[str]:
    """In which account we found no provider, where nothing shows whether it is the right one."""
    provider, account = check_of(found.walk, "provider.exists"), get_str(evidence_of(found.walk, LOOKED_IN))
    if provider is None or provider.reason != ROLE_UNKNOWN or not account:
        return []
    of_cluster = get_str(evidence_of(found.walk, OF_CLUSTER))
    known = [words.message("doctor.of_cluster", account=of_cluster)] if of_cluster else []
    return [words.message("doctor.looked_in", account=account), *known]


def _accepted_instead(found: Diagnosis) -> bool:
    """Whether STS accepted a token that we requested, while the webhook has edited the Pod, whose own token we have not
    read."""
    injected = check_of(found.walk, "pod.injected")
    holds = injected is not None and (injected.status is Status.PASSED or injected.reason == BY_HAND)
    return holds and _accepted(found)


def _accepted(found: Diagnosis) -> bool:
    """Whether STS accepted the token that we sent."""
    answer = check_of(found.walk, ANSWER)
    return answer is not None and answer.status is Status.PASSED


def _until_the_next_pod(found: Diagnosis, words: Content) -> str:
    """That this Pod works, or should, and the next one will not; empty where nothing is known of that."""
    judged = found.verdict
    warning = judged.warning or (judged.step, judged.check)
    if warning[0] is None or warning[1] is None or warning[1].reason not in LATER:
        return ""
    values = {"check": title(warning[1], found, words), "step": words.message(f"steps.{warning[0]}.short")}
    return words.message(f"doctor.{judged.outcome}_until_the_next_pod", **values)


def _should_work(found: Diagnosis, words: Content) -> str:
    if found.verdict.warning is None:
        return words.message("doctor.should_work")
    step, check = found.verdict.warning
    values = {"check": title(check, found, words), "step": words.message(f"steps.{step}.short")}
    return words.message("doctor.should_work_warning", **values)


def _without_pod(found: Diagnosis, words: Content) -> str:
    """That the role lets the ServiceAccount in, which does not yet mean that IRSA works; and other warnings."""
    judged, none = found.verdict, found.evidence.get("pods") == []
    sentence = words.message("doctor.works_without_pod" if none else "doctor.works_unused")
    if judged.check is None or judged.step is None or judged.check.id == CHECK:
        return sentence
    step = words.message(f"steps.{judged.step}.short")
    also = words.message("doctor.also_warning", check=title(judged.check, found, words), step=step)
    return words.facts.sentences(sentence, also)


def _gone(found: Diagnosis, words: Content) -> str:
    """Says that the Pod does not exist, so that nothing broke in it, and which Pod its workload has now."""
    sentence = words.message("doctor.gone", pod=found.subject.pod)
    if not found.successor:
        return sentence
    return words.facts.sentences(sentence, words.message("doctor.successor", pod=found.successor))


def cause(found: Diagnosis, words: Content) -> str:
    """Why, in a line: the cause that was found or those that are possible, and the evidence. Empty where it works."""
    judged = found.verdict
    check = judged.warning[1] if judged.warning else judged.check
    if check is None or (judged.outcome is Outcome.SHOULD_WORK and not judged.warning):
        return ""
    meant = () if _is_of_another(check, found) else judged.remaining
    causes = [_cause(one, found, words) for one in meant] or plainly(check, found, words)
    if len(causes) > 1:
        return words.message("doctor.labelled", label=words.message("doctor.possible"), value=" / ".join(causes))
    return " · ".join(filter(None, [*causes, evidence(check, words)]))


def _is_of_another(check: Check, found: Diagnosis) -> bool:
    """Whether STS's message is about another cause than this check's: of two causes STS reports one, and the verdict
    may name the other."""
    judged = found.verdict
    if of_check := CAUSE_OF.get(check.id):
        return of_check not in judged.remaining
    return any(CAUSE_OF.get(other.id) in judged.remaining for _, other in judged.later)


def plainly(check: Check, found: Diagnosis, words: Content) -> list[str]:
    """What a failed check means, in one sentence; none where its reason says it, or its title does."""
    if check.id == "service_account.annotation" and (there := get_str(found.evidence.get(ON_WORKLOAD), "object")):
        return [words.message(f"doctor.causes.{ON_WORKLOAD}", object=there)]
    if check.id == "service_account.exists" and get(found.evidence.get(NEAR), "namespace") is not None:
        return [words.message(f"doctor.causes.{NO_NAMESPACE}", namespace=found.subject.namespace)]
    named = NO_PROFILE if lacks_profile(check.error) else CAUSE_OF.get(check.id) or PLAINLY.get(check.id)
    if named is None or check.reason or check.status is not Status.FAILED:
        return []
    return [_cause(named, found, words)]


def _cause(named: str, found: Diagnosis, words: Content) -> str:
    """The sentence on one cause of STS's refusal, or of a failed check: a more exact one where a check shows more.

    Where the key of a condition is wrong, the sentence is about the key, because another value would not help.
    """
    check = check_of(found.walk, _SHOWN_BY.get(named, ""))
    key = named
    if check is not None and check.status is Status.UNKNOWN and check.reason in (OF_REQUEST, OF_CALLER):
        return words.message(f"doctor.causes.{REQUEST_CONDITION}", conditions=check.expected)
    if check is not None and check.status is Status.FAILED:
        key = CONDITION_KEY if is_of_other_key(check) else MORE_EXACTLY.get(check.reason or check.got, named)
    return words.message(f"doctor.causes.{key}")


def evidence(check: Check, words: Content) -> str:
    """What was found, in a line; empty where nothing was."""
    reason = [words.message(f"reasons.{check.reason}")] if check.reason else []
    values = {"where": check.where, "got": visible_ends(check.got), "expected": visible_ends(check.expected)}
    values |= {"server_said": check.error}
    shown = {f"ui.{key}": _line(value) for key, value in values.items() if value}
    labelled = (words.message("doctor.labelled", label=words.message(key), value=line) for key, line in shown.items())
    return " · ".join((*reason, *labelled))


def _line(text: str) -> str:
    """A value in one line, its end left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def mark(found: Diagnosis) -> Status:
    """The status that the verdict is marked with. What only should work is not marked as passed."""
    judged = found.verdict
    warns = judged.status is Status.WARNING or judged.warning is not None
    return Status.WARNING if warns else STATUS_OF[judged.outcome]


def title(check: Check, found: Diagnosis, words: Content) -> str:
    """What is true when the check passes."""
    return words.check(check.id).fill(check, found.subject).title


def meanings(found: Diagnosis, words: Content) -> list[tuple[str, list[str]]]:
    """What a refusal by STS means: headings, each with its causes. If only one cause remains, it counts as found."""
    judged = found.verdict
    groups = (
        ("found" if len(judged.remaining) == 1 else "possible", judged.remaining),
        ("ruled_out", judged.ruled_out),
    )
    return [
        (words.message(f"doctor.{key}"), [_cause(cause, found, words) for cause in causes])
        for key, causes in groups
        if causes
    ]


def later(found: Diagnosis, words: Content) -> list[str]:
    """What else is broken, each with its step."""
    return [
        words.message(
            "doctor_page.later_one", check=title(check, found, words), step=words.message(f"steps.{step}.short")
        )
        for step, check in found.verdict.later
    ]


def fix_heading(found: Diagnosis) -> str:
    """The key of the heading above the commands: they fix what is broken or warns, or show more where nothing is."""
    named = found.verdict.warning[1] if found.verdict.warning else found.verdict.check
    return "fix" if named is not None and named.status in (Status.FAILED, Status.WARNING) else "see_more"


def read_at(seconds: float) -> str:
    """The time in UTC, such as `2026-11-24T22:40:49Z`; empty where it is no date."""
    try:
        return timestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return ""
