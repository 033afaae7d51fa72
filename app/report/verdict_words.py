"""A diagnosis in sentences, the same ones wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.prediction.prediction import Prediction, Prospect
from app.flow.errors import FlowError, NotPermitted
from app.flow.model import Check, Status
from app.flow.port_wrappers.consent import Action
from app.flow.port_wrappers.permissions_needed import iam_policy, need, rules, rules_as_yaml
from app.flow.steps.findings import NO_PERMISSION
from app.flow.verdict.error_messages import blames_clock
from app.flow.verdict.judge import Outcome, Verdict

STATUS_OF = {Outcome.WORKS: Status.PASSED, Outcome.BROKEN: Status.FAILED, Outcome.UNKNOWN: Status.UNKNOWN}
"""The mark that an outcome bears."""


def verdict(found: Diagnosis, words: Content) -> str:
    """The verdict in a sentence; one more where the check is listed under another step than that of its cause."""
    judged = found.verdict
    if judged.check is None or judged.step is None:
        key = "works" if judged.outcome is Outcome.WORKS else "nothing"
        return words.message(
            "doctor.works_without_pod" if key == "works" and not found.subject.pod else f"doctor.{key}"
        )
    if judged.outcome is Outcome.UNKNOWN:
        key = "not_asked" if judged.check.reason == "not_asked" else "unknown"
    else:
        key = "broken" if judged.outcome is Outcome.BROKEN else "warning"
    step = words.message(f"steps.{judged.step}.short")
    sentence = words.message(f"doctor.{key}", check=title(judged.check, found, words), step=step)
    listed = next((at for at, checks in found.steps() if judged.check in checks), judged.step)
    if listed is judged.step:
        return sentence
    why = "listed_clock" if blames_clock(judged.check.error) else "listed"
    values = {"listed": words.message(f"steps.{listed}.short"), "step": step}
    return words.facts.sentences(sentence, words.message(f"doctor.{why}", **values))


def mark(found: Diagnosis) -> Status:
    """The status that the verdict is marked with."""
    judged = found.verdict
    return Status.WARNING if judged.status is Status.WARNING else STATUS_OF[judged.outcome]


def title(check: Check, found: Diagnosis, words: Content) -> str:
    """What is true when the check passes."""
    return words.check(check.id).fill(check, found.subject).title


def meanings(judged: Verdict, words: Content) -> list[tuple[str, list[str]]]:
    """What a refusal by STS means: headings, each with its causes. One that is left alone was found."""
    groups = (
        ("found" if len(judged.remaining) == 1 else "possible", judged.remaining),
        ("ruled_out", judged.ruled_out),
    )
    return [
        (words.message(f"doctor.{key}"), [words.message(f"doctor.causes.{cause}") for cause in causes])
        for key, causes in groups
        if causes
    ]


def allowing(uses: Iterable[str], words: Content) -> list[tuple[str, str]]:
    """What would allow these uses: RBAC rules, an IAM policy, each as a text to paste with a sentence before it."""
    wanted = [need(use) for use in uses]
    accesses = [access for found in wanted for access in found.accesses]
    iam = [action for found in wanted for action in found.iam]
    texts = []
    if accesses:
        texts.append((words.message("actions.allow_rbac"), rules_as_yaml(rules(accesses))))
    if iam:
        texts.append((words.message("actions.allow_iam"), json.dumps(iam_policy(iam), indent=2)))
    return texts


def allowing_after(error: FlowError, uses: Iterable[str], words: Content) -> list[tuple[str, str]]:
    """The same where one of the uses was refused; empty where another thing stands in the way than a permission."""
    lacking = isinstance(error, NotPermitted) and not error.about_login
    return allowing(uses, words) if lacking else []


def would_allow(check: Check, words: Content) -> list[tuple[str, str]]:
    """What would let us make a check that we may not make; empty where no permission is missing."""
    return allowing([check.id], words) if check.reason == NO_PERMISSION else []


def later(found: Diagnosis, words: Content) -> list[str]:
    """What else is broken, each with its step."""
    return [
        words.message(
            "doctor_page.later_one", check=title(check, found, words), step=words.message(f"steps.{step}.short")
        )
        for step, check in found.verdict.later
    ]


@dataclass(frozen=True, kw_only=True)
class PredictionWords:
    """What a fix leads to, as it is shown."""

    prediction: Prediction
    sentence: str
    unknown: list[str]
    """What is not known before it runs."""

    @property
    def next(self) -> Check | None:
        """The next broken link; None where none is predicted."""
        return self.prediction.check if self.prediction.prospect is Prospect.NEXT else None


def prediction(found: Diagnosis, words: Content) -> PredictionWords | None:
    """What the fix leads to; None where no prediction is made."""
    foretold = found.prediction
    if foretold is None:
        return None
    sentences = []
    if foretold.prospect is not Prospect.NEXT:
        sentences.append(words.message(f"doctor.prediction.{foretold.prospect}"))
    if foretold.check is not None and foretold.step is not None:
        key = "next" if foretold.prospect is Prospect.NEXT else "warning"
        values = {
            "check": title(foretold.check, found, words),
            "step": words.message(f"steps.{foretold.step}.short"),
        }
        sentences.append(words.message(f"doctor.prediction.{key}", **values))
    if foretold.prospect is Prospect.SHOULD_WORK and foretold.holds:
        steps = " → ".join(words.message(f"steps.{step}.short") for step in foretold.holds)
        sentences.append(words.message("doctor.prediction.holds", steps=steps))
    unknown = [words.message(f"doctor.prediction.{name}") for name in foretold.open]
    for check in foretold.unknown:
        unknown.append(words.message("doctor.prediction.check", check=title(check, found, words)))
    return PredictionWords(prediction=foretold, sentence=words.facts.sentences(*sentences), unknown=unknown)


def to_be_sure(found: Diagnosis) -> tuple[Action, ...]:
    """What would have to be granted to know whether STS agrees; empty where it is known, or was granted already.

    Without the ServiceAccount it is not known which role to ask for.
    """
    judged = found.verdict
    if judged.outcome is not Outcome.UNKNOWN or all(check.reason != "not_asked" for check in judged.open):
        return ()
    if any(check.id == "service_account.exists" for check in judged.open):
        return ()
    token = Action.READ_TOKEN if found.subject.pod else Action.TOKEN_REQUEST
    return (token, Action.EXCHANGE)


def read_at(seconds: float) -> str:
    """The time in UTC, such as `2026-11-24T22:40:49Z`; empty where it is no date."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
