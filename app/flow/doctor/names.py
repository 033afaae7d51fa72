"""The names that a command about the walk has to contain, and the commands that are about them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping

from app.flow.annotations import AUDIENCE, ROLE_ARN, is_role_arn
from app.flow.doctor.account import ADMITTING
from app.flow.doctor.evidence import OWN_TOKEN, usual_audience, webhooks_audience
from app.flow.doctor.fix import line
from app.flow.doctor.pods.rows import PodRow
from app.flow.doctor.trust_fix import Bearer
from app.flow.doctor.workload_commands import WorkloadCommands
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import Check, JsonValue, Status, Walk
from app.flow.names import DEFAULT_AUDIENCE, account_of, provider_arn, role_name, role_of, subject_claim
from app.flow.partitions import partition_of, region_of
from app.flow.steps.findings import OTHER_ACCOUNT, ROLE_UNKNOWN
from app.flow.steps.injection import ROLE_VARIABLE, containers, environment
from app.flow.steps.service_account import KEPT_ROLE

OUR_ACCOUNT = "our_account"
"""The document with the id of the account in which we look, where no provider of it shows it."""
ROLE_HERE, NAME_HERE, ACCOUNT_HERE = "ROLE_ARN", "ROLE_NAME", "ACCOUNT_ID"
PROVIDER_HERE, PROFILE_HERE = "PROVIDER_ARN", "PROFILE"
RESOURCE_HERE, REGION_HERE, SERVICE_ACCOUNT_HERE = "RESOURCE_ARN", "REGION", "SERVICE_ACCOUNT"
"""Placeholders for names that the walk did not find. The reader replaces them."""
_FARGATE = "eks.amazonaws.com/fargate-profile"


class Names(WorkloadCommands):
    """The names of one walk, and the commands for them and for its workload."""

    def __init__(self, check: Check, walk: Walk, documents: Mapping[str, JsonValue]) -> None:
        super().__init__(walk.subject, documents)
        self.check = check
        self._checks = {it.id: it for it in walk.checks}

        # (1) The ServiceAccount and its role.
        self.annotations = get_object(documents.get("service_account"), "metadata", "annotations")
        self.exists = bool(get_object(documents.get("service_account")))
        self.own_token = get_object(documents.get(OWN_TOKEN))
        """As `OwnToken`; empty where the token is the webhook's work."""
        annotated = get_str(self.annotations, ROLE_ARN) or get_str(documents, KEPT_ROLE)
        self.role_arn = get_str(self.own_token, "role_arn") or annotated
        self.role_name = role_name(self.role_arn) or NAME_HERE
        path = self.role_arn.partition(":role/")[2].rpartition("/")[0]
        self.role_path = f"/{path}/" if path else "/"
        read = documents.get(ADMITTING)
        listed = get_list(read)
        own = [get_str(role, "Arn") for role in listed if get(role, "wide") is not True]
        self.likely_role = own[0] if len(own) == 1 else ROLE_HERE
        """The one role that lets in this ServiceAccount alone, by ARN; else the placeholder for it."""
        self.admitting = None if read is None else tuple(own or [get_str(role, "Arn") for role in listed])
        """The roles that may be meant; None where they were not read."""

        # (2) The issuer and its provider.
        self.issuer = (
            get_str(documents.get("cluster_discovery"), "issuer")
            or get_str(documents.get("token"), "claims", "iss")
            or get_str(documents, "assumed_issuer")
        )
        self.provider_arn = self.found("provider.exists")
        self.region = region_of(self.issuer)
        self.partition = partition_of(self.issuer, self.role_arn, self.provider_arn)
        named = account_of(self.role_arn) if role_of(self.role_arn) else ""
        self.account = account_of(self.provider_arn) or named or get_str(documents, OUR_ACCOUNT) or ACCOUNT_HERE
        self.bearer = Bearer(
            issuer=self.issuer,
            provider_arn=provider_arn(self.role_arn, self.issuer) or self.provider_arn or PROVIDER_HERE,
            subject=subject_claim(walk.subject),
            audience=get_str(self.own_token, "audience") or webhooks_audience(walk),
        )
        self.usual_audience = usual_audience(walk)

        # (3) What the Pod has from the webhook.
        arns = (environment(box).get(ROLE_VARIABLE, "") for box in containers(documents.get("pod")))
        self.role_of_pod = next((arn for arn in arns if is_role_arn(arn)), "")

    @property
    def asks_for_audience(self) -> bool:
        """Whether the ServiceAccount or the manifest asks for an audience of its own, instead of the webhook."""
        own = bool(self.own_token) or AUDIENCE in self.annotations
        return own and self.bearer.audience != DEFAULT_AUDIENCE

    def of(self, pod: PodRow) -> Names:
        """The same names with another Pod, of which only its row is known."""
        found = copy.copy(self)
        found.documents = {**self.documents, "pod": pod.document}
        found._take_pod(pod.name, pod.workload)
        return found

    def check_of(self, check_id: str) -> Check | None:
        """A check of the walk; None where it has none of that id."""
        return self._checks.get(check_id)

    def found(self, check_id: str) -> str:
        """The value that a check has found; empty where the check did not pass."""
        check = self._checks.get(check_id)
        return check.got if check is not None and check.status is Status.PASSED else ""

    def near(self, kind: str) -> str:
        """The existing name that is nearest to the one that leads nowhere; empty where none is near."""
        return next(iter(strings(get(self.documents.get("near"), kind))), "")

    def doctor(
        self,
        *,
        namespace: str = "",
        service_account: str = "",
        pod: str = "",
        region: str = "",
        issuer: str = "",
        profile: str = "",
    ) -> str:
        """Examines another subject, asks another region or account, or is given the issuer. A new namespace or
        ServiceAccount drops the Pod."""
        kept = "" if namespace or service_account else self.pod
        named = ("--pod", pod or kept) if pod or kept else ()
        given = ("-n", namespace or self.namespace, "-s", service_account or self.service_account)
        options = {"--profile": profile, "--region": region, "--issuer": issuer}
        asked = [word for option, wanted in options.items() if wanted for word in (option, wanted)]
        return line("python", "-m", "app", "doctor", *given, *named, *asked)

    def error_of(self, check_id: str) -> str:
        """What a server said at a check of the walk; empty where it said nothing."""
        check = self._checks.get(check_id)
        return check.error if check is not None else ""

    @property
    def in_region(self) -> tuple[str, ...]:
        """The option of a command of AWS for the cluster's region, where that is known: the reader's may be another."""
        return ("--region", self.region) if self.region else ()

    @property
    def on_fargate(self) -> bool:
        """Whether the Pod runs on a node of Fargate, by the label that EKS gives it."""
        return _FARGATE in get_object(self.documents.get("pod"), "metadata", "labels")

    def on_node(self, *words: str) -> str:
        """A command in a Pod on the Pod's node, from which the node's own files can be reached below `/host`."""
        node = get_str(self.documents.get("pod"), "spec", "nodeName") or "NODE"
        return line("kubectl", "debug", f"node/{node}", "-it", "--image=busybox", *words)

    def annotate(self, *words: str) -> str:
        """Annotates the ServiceAccount."""
        return self.kubectl("annotate", "serviceaccount", self.service_account, *words)

    def update_trust(self, policy: JsonValue) -> str:
        """Stores a trust policy."""
        document = json.dumps(policy, ensure_ascii=False)
        return self.iam("update-assume-role-policy", "--role-name", self.role_name, "--policy-document", document)

    def iam(self, *words: str) -> str:
        """A command for IAM: in the role's account, where it is about the role and that is known to be another one."""
        of_role = ("--role-name", self.role_name) == words[1:3]
        return line("aws", "iam", *words, *(self.there if of_role else ()))

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether the role is not known, nor whether it belongs to the account in which we look."""
        provider = self._checks.get("provider.exists")
        return provider is not None and provider.reason == ROLE_UNKNOWN

    @property
    def there(self) -> tuple[str, ...]:
        """The option of a command for the role's account, where that is not the one in which we look, or may not be."""
        role = self._checks.get("role.exists")
        of_other = (role is not None and role.reason == OTHER_ACCOUNT) or self.may_be_elsewhere
        elsewhere = of_other or self.provider_arn not in ("", self.bearer.provider_arn)
        return ("--profile", PROFILE_HERE) if elsewhere else ()
