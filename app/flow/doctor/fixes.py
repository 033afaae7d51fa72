"""The commands that fix a broken link, with the names that the walk has found. The doctor never runs them.

A name that the walk could not find stays a word in capitals, for the reader to replace. A command never removes what
others may be using, except where the sentence before it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from app.flow.doctor import aws_fixes, issuer_fixes, pod_fixes, program_fixes
from app.flow.doctor.containers import container_fixes
from app.flow.doctor.fix import Fix
from app.flow.doctor.log import error_fixes, permission_fixes
from app.flow.doctor.names import Names
from app.flow.doctor.pods import sibling_fixes
from app.flow.doctor.webhook import webhook_fixes
from app.flow.doctor.webhook.refused_pod import refused_pod
from app.flow.doctor.without_exec import running_fixes
from app.flow.doctor.workload import MANAGED, is_managed
from app.flow.json_access import strings
from app.flow.model import JsonValue, Status, Walk
from app.flow.steps.findings import ISSUER_ASSUMED, NO_REGION
from app.flow.steps.injection import token_source
from app.flow.steps.service_account import WEBHOOKS_OWN
from app.flow.steps.sts_assume import OWN_REQUEST
from app.flow.steps.token_fetch import NO_PROGRAM
from app.flow.steps.trust_policy import OF_CALLER
from app.flow.steps.webhook import NEXT_POD
from app.flow.verdict.judge import Verdict
from app.flow.verdict.refusals import (
    ANSWER,
    APPLICATION,
    BY_WHICH_SERVER,
    COMES_AND_GOES,
    ENCODED,
    TRUSTS_ANOTHER,
)

Make = Callable[[Names], Fix | None]


def fix_for(verdict: Verdict, walk: Walk, documents: Mapping[str, JsonValue]) -> Fix | None:
    """How to fix the check that the verdict points to, or how to find out more about it. None where neither is
    known."""
    check = verdict.check
    if check is None:
        return None
    if check.status not in (Status.FAILED, Status.WARNING):
        look = _LOOKS.get(check.reason)
        return look(Names(check, walk, documents)) if look is not None else None
    make = _FIXES.get(check.id)
    if check.id in (ANSWER, APPLICATION) or check.status is Status.WARNING:  # the fix is for the first remaining cause
        make = next((_CAUSES[cause] for cause in verdict.remaining if cause in _CAUSES), make)
    names = Names(check, walk, documents)
    annotation = names.check_of("service_account.annotation")
    if check.id in _WITHOUT_ANNOTATION and annotation is not None and annotation.reason == WEBHOOKS_OWN:
        make = aws_fixes.annotate  # no webhook adds a role that no annotation names
    make = _first_to_read(names, verdict) or make
    fix = make(names) if make is not None else None
    return _complete(fix, names) if fix is not None else None


def _first_to_read(names: Names, verdict: Verdict) -> Make | None:
    """What shows something that could not be read and without which any fix would be a guess: the ServiceAccount, where
    it may lack its annotation; the issuer, where the role may trust another cluster. None where nothing is of that
    kind."""
    check, account = names.check, names.check_of("service_account.exists")
    if check.id in _WITHOUT_ANNOTATION and account is not None and account.status is Status.UNKNOWN:
        shown = (names.documents.get("pod_after"), names.documents.get("pod"))
        return aws_fixes.read_annotation if all(token_source(pod) is None for pod in shown) else None
    read = names.documents.get("cluster_discovery") is not None
    if check.reason == ISSUER_ASSUMED or (TRUSTS_ANOTHER in verdict.remaining and not read):
        return issuer_fixes.name_issuer
    return None


def _complete(fix: Fix, names: Names) -> Fix:
    """Adds whether the Pod is recreated, and the commands for a Pod that has failed and would stay so whatever is
    fixed."""
    if names.check.reason == NEXT_POD:  # to recreate a working Pod before the webhook works would break it
        left = tuple(command for command in fix.commands if not names.recreates((command,)))
        return replace(fix, commands=left, then="works_as_it_is")
    if then := names.resumes(fix.commands):
        fix = replace(fix, then=then)
    elif names.left_to_owner:
        fix = replace(fix, then="left_to_owner")
    elif _is_managed(fix, names):
        fix = replace(fix, then=MANAGED)
    if names.recreates(fix.commands):
        return replace(fix, recreates=True)
    again = names.run_again() if fix.change is not None and fix.change.pod is None else ()
    return replace(fix, commands=(*fix.commands, *again), recreates=True, then="run_again") if again else fix


def _is_managed(fix: Fix, names: Names) -> bool:
    """Whether a tool may undo what the fix changes in the cluster."""
    if fix.change is None:
        return False
    if fix.change.kind == "ServiceAccount":
        return is_managed(names.documents.get("service_account"))
    name = f"{fix.change.kind}/{fix.change.name.rpartition('/')[2]}".lower()
    return name in strings(names.documents.get(MANAGED))


_WITHOUT_ANNOTATION = ("webhook.volume", "pod.injected", "pod.environment", "pod.volume")
"""The checks that fail where the webhook has added nothing."""
_LOOKS: Mapping[str, Make] = {
    NO_PROGRAM: running_fixes.look_in,
    **dict.fromkeys(BY_WHICH_SERVER, error_fixes.who_denied),
    ENCODED: error_fixes.decode,
    COMES_AND_GOES: error_fixes.application,
    NO_REGION: aws_fixes.name_region,
    "unreachable": running_fixes.connect,
    **dict.fromkeys((OWN_REQUEST, OF_CALLER), running_fixes.own_request),
}
"""What shows more about a check that is open, by the check's reason."""
_CAUSES: Mapping[str, Make] = {
    "role_missing": aws_fixes.look_for_role,
    "other_statement": aws_fixes.conditions,
    "corrected_since": error_fixes.try_again,
    "other_token": error_fixes.other_token,
    "thumbprint": issuer_fixes.register_refused,
    "organization": permission_fixes.organization,
    "provider_missing": issuer_fixes.create_provider,
    "audience_not_accepted": issuer_fixes.accept_audience,
    "region_disabled": aws_fixes.activate_region,
}
"""The fix by cause of a refusal, where no check has failed for that cause."""
_FIXES: Mapping[str, Make] = {
    "issuer.discovery": issuer_fixes.publish,
    "issuer.jwks": issuer_fixes.publish,
    "issuer.cluster_keys": issuer_fixes.compare_keys,
    "provider.exists": issuer_fixes.create_provider,
    "provider.audience": issuer_fixes.accept_audience,
    "provider.thumbprint": issuer_fixes.register_thumbprint,
    "service_account.exists": aws_fixes.create_service_account,
    "service_account.annotation": aws_fixes.annotate,
    "service_account.role_arn": aws_fixes.correct_arn,
    "service_account.account": aws_fixes.correct_account,
    "role.exists": aws_fixes.role,
    **dict.fromkeys(("trust.provider", "trust.action", "trust.audience", "trust.subject"), aws_fixes.trust),
    "trust.decision": aws_fixes.trust,
    "trust.scope": aws_fixes.narrow,
    "pod.running": running_fixes.running,
    "pod.service_account": pod_fixes.run_as,
    "webhook.registered": webhook_fixes.register,
    "webhook.selector": webhook_fixes.call_webhook,
    "webhook.reachable": webhook_fixes.reach,
    "webhook.dry_run": refused_pod,
    "webhook.volume": webhook_fixes.unanswered,
    "webhook.mount": pod_fixes.handwritten,
    "webhook.environment": pod_fixes.handwritten,
    "pod.exists": pod_fixes.find_pods,
    "pod.skipped": pod_fixes.unskip,
    "pod.handwritten": pod_fixes.handwritten,
    **dict.fromkeys(("pod.injected", "pod.environment", "pod.volume"), webhook_fixes.not_edited),
    "pod.age": pod_fixes.recreate,
    "pod.siblings": sibling_fixes.siblings,
    "pod.pod_identity": aws_fixes.pod_identity,
    "pod.region": container_fixes.region,
    "pod.static_keys": container_fixes.static_keys,
    "token.file": pod_fixes.token_file,
    "token.contents": pod_fixes.empty_token,
    **dict.fromkeys((f"token.{name}" for name in ("format", "algorithm", "issuer", "subject")), pod_fixes.recreate),
    "token.audience": pod_fixes.token,
    **dict.fromkeys((f"token.{name}" for name in ("bound_pod", "signature")), pod_fixes.recreate),
    **dict.fromkeys(("token.key", "sts.key"), issuer_fixes.unknown_key),
    "token.lifetime": pod_fixes.lifetime,
    "pod.token_readable": pod_fixes.readable,
    "pod.token_used": program_fixes.use_token,
    "sts.provider": issuer_fixes.create_provider,
    "sts.audience": issuer_fixes.accept_audience,
    **dict.fromkeys((f"sts.{name}" for name in ("format", "expiration", "signature")), pod_fixes.recreate),
    "sts.trust": aws_fixes.trust,
    ANSWER: aws_fixes.read_answer,
    **dict.fromkeys(("sts.recent_failures", "sts.recent_successes"), program_fixes.refused),
    "pod.sdk": program_fixes.newer_sdk,
    "pod.request": program_fixes.request,
    APPLICATION: error_fixes.application,
    "pod.hop_limit": pod_fixes.host_network,
    "access.identity": aws_fixes.read_answer,
    "access.policy": permission_fixes.permit,
    "access.list_buckets": permission_fixes.permit,
}
