"""What the walk calls the things that a command has to name, and the commands that come up more than once."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.trust_fix import Bearer
from app.flow.model import Check, JsonValue, Status, Walk
from app.flow.steps.documents import mapping, text
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE
from app.flow.steps.names import account_of, annotated_audience, provider_arn, role_of, subject_claim

ROLE_HERE, NAME_HERE, ACCOUNT_HERE, PROVIDER_HERE = "ROLE_ARN", "ROLE_NAME", "ACCOUNT_ID", "PROVIDER_ARN"
"""What stands for a name that the walk could not find: the reader replaces it."""
_EKS_ISSUER = re.compile(r"https://oidc\.eks\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/")


def line(*words: str) -> str:
    """One command, quoted for a POSIX shell."""
    return shlex.join(words)


class Names:
    """The names of one walk."""

    def __init__(self, check: Check, walk: Walk, documents: Mapping[str, JsonValue]) -> None:
        self.check = check
        self.namespace = walk.subject.namespace
        self.documents = documents
        self.pod = walk.subject.pod
        self.service_account = walk.subject.service_account
        self._checks = {it.id: it for report in walk for it in report.checks}
        self._kubectl = ("kubectl", "-n", self.namespace)

        # (1) The ServiceAccount and its role.
        self.annotations = mapping(documents.get("service_account"), "metadata", "annotations")
        self.role_arn = text(self.annotations, ROLE_ARN)
        self.role_name = (role_of(self.role_arn) or ("", "", NAME_HERE))[2]

        # (2) The issuer and its provider.
        self.issuer = text(documents.get("cluster_discovery"), "issuer")
        self.provider_arn = self.found("provider.exists")
        self.region = _region_of(self.issuer)
        self.account = account_of(self.provider_arn) or account_of(self.role_arn) or ACCOUNT_HERE
        self.bearer = Bearer(
            issuer=self.issuer,
            provider_arn=provider_arn(self.role_arn, self.issuer) or self.provider_arn or PROVIDER_HERE,
            subject=subject_claim(walk.subject),
            audience=annotated_audience(documents.get("service_account")),
        )

        # (3) Who has made the Pod.
        workload = documents.get("workload")
        self._again = text(workload, "again")
        self._workload = f"{text(workload, 'kind')}/{text(workload, 'name')}"

    def found(self, check_id: str) -> str:
        """What a check that passed has found; empty where it did not pass."""
        check = self._checks.get(check_id)
        return check.got if check is not None and check.status is Status.PASSED else ""

    def kubectl(self, *words: str) -> str:
        """A command in the namespace."""
        return line(*self._kubectl, *words)

    def annotate(self, *words: str) -> str:
        """Annotates the ServiceAccount."""
        return self.kubectl("annotate", "serviceaccount", self.service_account, *words)

    def recreate(self) -> tuple[str, ...]:
        """Has the Pod made anew; nothing where there is none. A workload's new Pod has another name."""
        replace = self.kubectl("replace", "--force", "-f", "-")
        match self._again:
            case "restart":
                return (self.kubectl("rollout", "restart", self._workload),)
            case "apply":
                return (f"{self.kubectl('apply', 'view-last-applied', self._workload)} | {replace}",)
            case "replace":
                return (f"{self.kubectl('get', self._workload, '-o', 'yaml')} | {replace}",)
            case "reset":
                stored = self.kubectl("get", self._workload, "-o", "yaml")
                removed = (f"{ROLE_VARIABLE}-", f"{TOKEN_VARIABLE}-")
                bare = line("kubectl", "set", "env", "--local", "-f", "-", *removed, "-o", "yaml")
                return (f"{stored} | {bare} | {replace}",)
            case "delete":
                return (self.kubectl("delete", "pod", self.pod),)
        return ()

    def set_env(self, *words: str) -> tuple[str, ...]:
        """Sets variables of the workload (`NAME=value`), or takes them out (`NAME-`). It restarts by itself."""
        return self._edit("set", "env", self._workload, *words)

    def set_image(self, *words: str) -> tuple[str, ...]:
        """Gives containers of the workload other images (`CONTAINER=IMAGE`)."""
        return self._edit("set", "image", self._workload, *words)

    def set_service_account(self) -> tuple[str, ...]:
        """Has the workload's Pods run under the ServiceAccount."""
        return self._edit("set", "serviceaccount", self._workload, self.service_account)

    def patch(self, *words: str) -> tuple[str, ...]:
        """Patches the workload."""
        return self._edit("patch", self._workload, *words)

    def show_workload(self) -> tuple[str, ...]:
        """What has no Pod template is changed by hand, in its manifest. Nothing where there is no Pod."""
        return (self.kubectl("get", self._workload, "-o", "yaml"),) if self._again else ()

    def _edit(self, *words: str) -> tuple[str, ...]:
        return (self.kubectl(*words),) if self._again == "restart" else self.show_workload()

    def update_trust(self, policy: JsonValue) -> str:
        """Stores a trust policy."""
        document = json.dumps(policy, ensure_ascii=False)
        return self.iam("update-assume-role-policy", "--role-name", self.role_name, "--policy-document", document)

    @staticmethod
    def iam(*words: str) -> str:
        """A command for IAM."""
        return line("aws", "iam", *words)


def _region_of(issuer: str) -> str:
    """The region in the name of an EKS issuer (`oidc.eks.REGION.amazonaws.com`); empty for any other."""
    found = _EKS_ISSUER.match(issuer)
    return found[1] if found else ""
