"""The doctor's JSON. Its keys are the same in every language; `message` and `title` are in the reader's.

format       "irsa-explorer doctor" or "irsa-explorer survey"
read_at      when it was read, RFC 3339
outcome      works, broken or unknown: exit status 0, 1 or 2
verdict      message; step, check and status of the broken link; how it shows (step, text, where; or null); what else is
             broken, by step and check; refusal of STS; causes that remain, that are ruled out; ids of the checks that
             could not be made
fix          id, message, commands, lines of a unified diff of the object; null where there is nothing to do
checks       every check: step, id, status, got, expected, where, reason, error, title; would_allow: the RBAC
             rules and the IAM policy, as texts to paste, without which we may not make it

Of a survey:
service_accounts  the annotated ones; `stand`: how the role stands to it; `problems`: what is wrong, the worst first
roles        those that an annotation names, with who gets in; `absent`: in the trust policy, but not in the cluster
pods         `reason` why they could not be read, null where they were; `provider` the same of the IAM OIDC providers
"""

from __future__ import annotations

import dataclasses

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.survey import Survey, Tie
from app.flow.model import JsonObject, JsonValue
from app.flow.verdict.judge import Verdict
from app.report import difference, survey_words, verdict_words


def of_diagnosis(found: Diagnosis, words: Content) -> JsonValue:
    """A diagnosis as JSON."""
    judged = found.verdict
    fix = found.fix
    return {
        "format": "irsa-explorer doctor",
        "read_at": verdict_words.read_at(found.read_at),
        "subject": dataclasses.asdict(found.subject),
        "outcome": judged.outcome,
        "verdict": {
            "message": verdict_words.verdict(found, words),
            "status": judged.status,
            "step": judged.step,
            "check": judged.check.id if judged.check else None,
            **conclusions(judged),
            "open": [check.id for check in judged.open],
        },
        "fix": None
        if fix is None
        else {
            "id": fix.id,
            "message": words.message(f"doctor.fixes.{fix.id}"),
            "commands": list(fix.commands),
            "diff": list(difference.lines(fix.change)),
        },
        "checks": [
            {
                "step": step,
                **dataclasses.asdict(check),
                "title": verdict_words.title(check, found, words),
                "would_allow": [text for _, text in verdict_words.would_allow(check, words)],
            }
            for step, checks in found.steps()
            for check in checks
        ],
    }


def conclusions(judged: Verdict) -> JsonObject:
    """What follows from a verdict, in ids and the products' own words."""
    return {
        "seen": dataclasses.asdict(judged.seen) if judged.seen else None,
        "later": [{"step": step, "check": check.id} for step, check in judged.later],
        "refusal": judged.refusal or None,
        "remaining": list(judged.remaining),
        "ruled_out": list(judged.ruled_out),
    }


def of_survey(found: Survey, words: Content) -> JsonValue:
    """A survey as JSON."""
    return {
        "format": "irsa-explorer survey",
        "read_at": verdict_words.read_at(found.read_at),
        "issuer": found.issuer,
        "outcome": found.outcome,
        "service_accounts": [_tie(tie, found, words) for tie in found.ties],
        "roles": [dataclasses.asdict(role) for role in found.roles],
        "pods": {"reason": found.pods_reason or None, "said": found.pods_said},
        "provider": {"reason": found.provider_reason or None, "said": found.provider_said},
        "would_allow": [text for _, text in survey_words.would_allow(found, words)],
    }


def _tie(tie: Tie, found: Survey, words: Content) -> JsonObject:
    problems = []
    for problem in tie.problems:
        advice = survey_words.advice(problem, found.role(tie.role_arn), words)
        fix = problem.fix and {"id": problem.fix.id, "message": advice.fix, "commands": list(advice.commands)}
        problems.append({"id": problem.cause, "status": problem.status, "message": advice.cause, "fix": fix})
    return {
        "namespace": tie.namespace,
        "service_account": tie.service_account,
        "role_arn": tie.role_arn,
        "stand": tie.stand,
        "status": tie.status,
        "lacks_provider": tie.lacks_provider,
        "stale_pods": list(tie.stale),
        "problems": problems,
    }
