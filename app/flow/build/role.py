"""What is still missing in a role that nothing points to yet: the same checks, as if it were annotated already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.flow.annotations import ROLE_ARN
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import Check, Step, Subject, Walk
from app.flow.permissions.asked import LISTING
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.ports import Ports
from app.flow.steps import access, service_account
from app.flow.steps.step_context import StepContext


def role_checks(ports: Ports, walk: Walk, role_arn: str) -> Mapping[str, Check]:
    """The checks of the role and of its policies for the ServiceAccount of the walk, which has to list buckets.

    Asks the account for the role alone, and not even for that where the walk has read it: the ServiceAccount is
    supposed to exist, with this annotation. Never raises.
    """
    evidence = walk.report(Step.OIDC_PROVIDER).evidence
    provider = walk.report(Step.OIDC_PROVIDER).check("provider.exists")
    context = StepContext(
        asked=(LISTING,),
        issuer=get_str(evidence, "cluster_discovery", "issuer"),
        provider_arn=provider.got if "provider" in evidence else "",
        provider=evidence.get("provider"),
    )
    supposed = replace(
        ports,
        cluster=intercepted(ports.cluster, _Supposing(walk, role_arn)),
        aws=intercepted(ports.aws, _Read(walk, role_arn)),
    )
    trusted, context = service_account.inspect(supposed, walk.subject, context)
    permitted, _ = access.inspect(supposed, walk.subject, context)
    return {check.id: check for check in (*trusted.checks, permitted.check(access.POLICY))}


class _Supposing:
    """Answers for the ServiceAccount; everything else is asked as always."""

    def __init__(self, walk: Walk, role_arn: str) -> None:
        stored = get_object(walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account"))
        self._subject: Subject = walk.subject
        self._stored = stored
        self._role_arn = role_arn

    def __call__(self, method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What `port_proxy.Asking` is."""
        if method != "service_account":
            return put(*arguments, **options)
        metadata = get_object(self._stored, "metadata")
        names = {"name": self._subject.service_account, "namespace": self._subject.namespace}
        annotations = {**get_object(metadata, "annotations"), ROLE_ARN: self._role_arn}
        return {**self._stored, "metadata": {**metadata, **names, "annotations": annotations}}


class _Read:
    """Answers with what the walk has read of the role, where that is the one which its ServiceAccount names."""

    def __init__(self, walk: Walk, role_arn: str) -> None:
        self._answers: dict[str, Any] = {}
        found = {name: document for report in walk for name, document in report.evidence.items()}
        if role_arn and get_str(found.get("role"), "Arn") == role_arn:
            self._answers["role"] = {**get_object(found["role"]), "AssumeRolePolicyDocument": found["trust_policy"]}
            if "policies" in found:
                policies = get_list(found["policies"])
                self._answers["role_policies"] = [(get_str(it, "name"), get(it, "document")) for it in policies]

    def __call__(self, method: str, put: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What `port_proxy.Asking` is."""
        return self._answers[method] if method in self._answers else put(*arguments, **options)
