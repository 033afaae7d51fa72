"""The doctor's JSON. Its keys are the same in every language; `message` and `title` are in the reader's.

format       "irsa-explorer doctor"
read_at      when it was read, RFC 3339
subject      namespace, ServiceAccount and Pod that were examined
outcome      works, broken, unknown or should_work: exit status 0, 1, 2 or 3
verdict      message; step, check and status of the broken link; how it shows (step, text, where; or null); what else is
             broken, by step and check; refusal of STS; causes that remain, that are ruled out; ids of the checks that
             could not be made; the check that warns although it should work
fix          id, message, choices for a placeholder, commands, what the last one adds (then), lines of a unified diff of
             the object; null where there is nothing to do
prediction   what the fix leads to: outcome (works, should_work, unknown, or broken), message; step, check, got,
             expected and error of the next broken link; dry_run: what of the fix the API server accepted or refused in
             one; the steps that hold; what is not known before it runs; null where none of it can be worked out
pods         all Pods of the ServiceAccount, newest first, each with what its manifest has of the webhook's work;
             null where they were not listed
default_pods where there are none: the namespace's Pods that run as `default`; else null
siblings_fix as fix, about the Pods that do not use the role, and about a ServiceAccount without any
checks       every check: step, id, status, got, expected, where, reason, error, title; help: the URL of its
             explanation; would_allow: the RBAC rules and the IAM policy, as texts to paste, without which we may not
             make it

Of a survey ("irsa-explorer survey", with `read_at` and `outcome` too):
service_accounts  the annotated ones; `stand`: how the role stands to it; `problems`: what is wrong, the worst first
roles        those that an annotation names, with who gets in; `absent`: in the trust policy, but not in the cluster
pods         `reason`: why they could not be read, null where they were; `said`: what the server said
provider     the same of the IAM OIDC providers
would_allow  the RBAC rules and the IAM policy, as texts to paste, without which we may not read all of it

Several clusters are "irsa-explorer clusters": a list `clusters` of such documents, each with its `context`. The
permissions that are lacking (`--rbac`) are "irsa-explorer permissions": manifests, iam_policy, and what is unknown.
What stopped the command is "irsa-explorer error": id, message, got, expected, fix, and texts to paste.
"""

from __future__ import annotations

import dataclasses

from app.content import Content
from app.flow.doctor import Diagnosis, Fix
from app.flow.doctor.reading.lacking import Lacking
from app.flow.doctor.survey import Survey, Tie
from app.flow.model import JsonObject, JsonValue
from app.flow.verdict.judge import Verdict
from app.report import help_links, permission_words, prediction_words, survey_words, unified_diff, verdict_words


def of_diagnosis(found: Diagnosis, words: Content) -> JsonValue:
    """A diagnosis as JSON."""
    judged = found.verdict
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
            "warning": judged.warning[1].id if judged.warning else None,
        },
        "fix": _fix(found.fix, words),
        "prediction": _prediction(found, words),
        "pods": found.evidence.get("pods"),
        "default_pods": found.evidence.get("default_pods"),
        "siblings_fix": _fix(found.siblings_fix, words),
        "checks": [
            {
                "step": step,
                **dataclasses.asdict(check),
                "title": verdict_words.title(check, found, words),
                "help": help_links.link(check.id, words),
                "would_allow": [text for _, text in permission_words.would_allow(check, words)],
            }
            for step, checks in found.steps()
            for check in checks
        ],
    }


def _fix(fix: Fix | None, words: Content) -> JsonValue:
    if fix is None:
        return None
    return {
        "id": fix.id,
        "message": words.message(f"doctor.fixes.{fix.id}"),
        "choices": list(fix.choices),
        "commands": list(fix.commands),
        "then": words.message(f"doctor.then.{fix.then}") if fix.then else "",
        "diff": list(unified_diff.lines(fix.change)),
    }


def _prediction(found: Diagnosis, words: Content) -> JsonValue:
    shown = prediction_words.prediction(found, words)
    if shown is None:
        return None
    return {
        "outcome": shown.prediction.outcome,
        "message": shown.sentence,
        "step": shown.prediction.step if shown.next else None,
        "check": shown.next.id if shown.next else None,
        "got": shown.next.got if shown.next else "",
        "expected": shown.next.expected if shown.next else "",
        "error": shown.prediction.server_message,
        "dry_run": {"accepted": list(shown.prediction.accepted), "refused": shown.prediction.refused or None},
        "holds": list(shown.prediction.holds),
        "unknown": shown.unknown,
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


def of_lacking(found: Lacking) -> JsonValue:
    """The permissions that are lacking, as JSON."""
    return {
        "format": "irsa-explorer permissions",
        "manifests": found.manifests,
        "iam_policy": found.policy,
        "unknown": [*map(permission_words.access, found.unanswered), *found.untried],
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
