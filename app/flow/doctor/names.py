"""What the walk calls the things that a command has to name, and the commands that come up more than once."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Iterable, Mapping

from app.flow.annotations import AUDIENCE, ROLE_ARN, is_role_arn
from app.flow.doctor.account import ADMITTING
from app.flow.doctor.evidence import OWN_TOKEN, usual_audience, webhooks_audience
from app.flow.doctor.pods.rows import PodRow
from app.flow.doctor.trust_fix import Bearer
from app.flow.doctor.workload import HELD_BACK, ON_DELETE, PARTITION, PAUSED, new_job, why_kept_back
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import Check, JsonValue, Status, Walk
from app.flow.names import DEFAULT_AUDIENCE, account_of, provider_arn, role_of, subject_claim
from app.flow.partitions import partition_of, region_of
from app.flow.steps.findings import OTHER_ACCOUNT
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE, containers, environment, token_source
from app.flow.steps.service_account import KEPT_ROLE
from app.flow.webhook import VOLUME

OUR_ACCOUNT = "our_account"
"""The document with the id of the account in which we look, where no provider of it shows it."""
ROLE_HERE, NAME_HERE, ACCOUNT_HERE = "ROLE_ARN", "ROLE_NAME", "ACCOUNT_ID"
PROVIDER_HERE, PROFILE_HERE = "PROVIDER_ARN", "PROFILE"
RESOURCE_HERE, REGION_HERE = "RESOURCE_ARN", "REGION"
"""Placeholders for names that the walk did not find. The reader replaces them."""
_INJECTED = (f"{ROLE_VARIABLE}-", f"{TOKEN_VARIABLE}-")
"""The arguments by which `kubectl set env` removes the webhook's variables."""
_TEMPLATE: Mapping[str, tuple[str, ...]] = {"cronjob": ("spec", "jobTemplate", "spec", "template")}
"""The place of the Pod template in a workload, by its kind, where that is not the usual place."""


def line(*words: str) -> str:
    """One command, its words quoted for a POSIX shell."""
    return shlex.join(words)


class Names:
    """The names of one walk."""

    def __init__(self, check: Check, walk: Walk, documents: Mapping[str, JsonValue]) -> None:
        self.check = check
        self.namespace = walk.subject.namespace
        self.documents = documents
        self.service_account = walk.subject.service_account
        self._checks = {it.id: it for report in walk for it in report.checks}
        self._kubectl = ("kubectl", "-n", self.namespace)

        # (1) The ServiceAccount and its role.
        self.annotations = get_object(documents.get("service_account"), "metadata", "annotations")
        self.exists = bool(get_object(documents.get("service_account")))
        self.own_token = get_object(documents.get(OWN_TOKEN))
        """As `OwnToken`; empty where the token is the webhook's work."""
        annotated = get_str(self.annotations, ROLE_ARN) or get_str(documents, KEPT_ROLE)
        self.role_arn = get_str(self.own_token, "role_arn") or annotated
        self.role_name = (role_of(self.role_arn) or ("", "", NAME_HERE))[2]
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

        # (3) What the Pod has from the webhook, and which workload has made the Pod.
        arns = (environment(box).get(ROLE_VARIABLE, "") for box in containers(documents.get("pod")))
        self.role_of_pod = next((arn for arn in arns if is_role_arn(arn)), "")
        self._take_pod(walk.subject.pod, documents.get("workload"))
        self._recreating: set[str] = set()

    def _take_pod(self, pod: str, workload: JsonValue) -> None:
        self.pod = pod
        self.kind = get_str(workload, "kind")
        """The kind of the workload, in lower case as kubectl takes it; empty without a Pod."""
        self.owner = get_str(workload, "name")
        self.workload = f"{self.kind}/{self.owner}"
        self.again = get_str(workload, "again")
        """How the Pod is recreated, as `workload_of` says it; empty without a Pod."""
        self._held_back = why_kept_back(get_str(self.documents.get(HELD_BACK), self.workload), pod)

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

    def doctor(self, *, namespace: str = "", service_account: str = "", pod: str = "", region: str = "") -> str:
        """Examines another subject, or asks another region. A new namespace or ServiceAccount drops the Pod."""
        kept = "" if namespace or service_account else self.pod
        named = ("--pod", pod or kept) if pod or kept else ()
        given = ("-n", namespace or self.namespace, "-s", service_account or self.service_account)
        asked = ("--region", region) if region else ()
        return line("python", "-m", "app", "doctor", *given, *named, *asked)

    def error_of(self, check_id: str) -> str:
        """What a server said at a check of the walk; empty where it said nothing."""
        check = self._checks.get(check_id)
        return check.error if check is not None else ""

    def kubectl(self, *words: str) -> str:
        """A command of kubectl in the namespace."""
        return line(*self._kubectl, *words)

    def on_node(self, *words: str) -> str:
        """A command in a Pod on the Pod's node, from which the node's own files can be reached below `/host`."""
        node = get_str(self.documents.get("pod"), "spec", "nodeName") or "NODE"
        return line("kubectl", "debug", f"node/{node}", "-it", "--image=busybox", *words)

    def annotate(self, *words: str) -> str:
        """Annotates the ServiceAccount."""
        return self.kubectl("annotate", "serviceaccount", self.service_account, *words)

    def recreate(self, audience: str = "") -> tuple[str, ...]:
        """Recreates the Pod, with a token for this audience, or else for the annotated one; nothing without a Pod.

        A workload's new Pod has another name. A Job whose last Pod has failed makes no other one by itself, and a
        workload that is updated `OnDelete` none before its Pod is deleted.
        """
        ended = get_str(self.documents.get("pod"), "status", "phase") in ("Failed", "Succeeded")
        match self.again:
            case "restart" if self._held_back not in (ON_DELETE, PARTITION):
                return self._makes_a_pod(*self._resume(), self.kubectl("rollout", "restart", self.workload))
            case "delete" if ended and self.kind == "job":
                return self._makes_a_pod(self._new_job(get_str(self.documents["pod"], "spec", "serviceAccountName")))
            case "delete" if ended and self.kind == "cronjob":
                return self._makes_a_pod(
                    self.kubectl("create", "job", f"{self.owner}-again", f"--from={self.workload}")
                )
            case "restart" | "delete":
                return self._makes_a_pod(self.kubectl("delete", "pod", self.pod))
        return self._replace(audience=audience)

    def recreates(self, commands: Iterable[str]) -> bool:
        """Whether one of these commands makes a new Pod of the same manifest."""
        return not self._recreating.isdisjoint(commands)

    def run_again(self) -> tuple[str, ...]:
        """Recreates a Pod that has failed, or of which a program has, and that nothing else runs again; nothing in any
        other case."""
        pod = self.documents.get("pod")
        never = (
            get_str(pod, "spec", "restartPolicy") == "Never"
        )  # then the phase is that of the programs that still run
        ended = [get(it, "state", "terminated", "exitCode") for it in get_list(pod, "status", "containerStatuses")]
        failed = get_str(pod, "status", "phase") == "Failed" or (never and any(ended))
        return self.recreate() if failed and self.again in ("apply", "replace", "reset") else ()

    def _makes_a_pod(self, *commands: str) -> tuple[str, ...]:
        self._recreating.update(commands)
        return commands

    def _resume(self) -> tuple[str, ...]:
        if self._held_back == PARTITION:
            patch = {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}
            return (self.kubectl("patch", self.workload, "-p", json.dumps(patch)),)
        return (self.kubectl("rollout", "resume", self.workload),) if self._held_back == PAUSED else ()

    def resumes(self, commands: Iterable[str]) -> str:
        """The key of the sentence on what else a rollout does that one of these commands resumes; empty without one."""
        return "" if set(self._resume()).isdisjoint(commands) else self._held_back

    def set_env(self, *words: str) -> tuple[str, ...]:
        """Sets variables of the workload's Pods (`NAME=value`), or removes them (`NAME-`)."""
        return self._edit("set", "env", *words)

    def leave_to_webhook(self) -> tuple[str, ...]:
        """Removes the two variables because of which the webhook skips a container."""
        return self.recreate() if self.again == "reset" else self.set_env(*_INJECTED)

    def set_image(self, *words: str) -> tuple[str, ...]:
        """Gives containers of the workload's Pods other images (`CONTAINER=IMAGE`)."""
        return self._edit("set", "image", *words)

    def set_service_account(self, name: str = "") -> tuple[str, ...]:
        """Has the workload's Pods run under the ServiceAccount, or another one; a Job is made again for it."""
        account = name or self.service_account
        return (self._new_job(account),) if self.kind == "job" else self._edit("set", "serviceaccount", account)

    def _new_job(self, account: str) -> str:
        """Makes the Job again under this ServiceAccount, because a Job's template cannot be changed."""
        patch = json.dumps(new_job({"serviceAccountName": account}))
        get, make = self.kubectl("get", self.workload, "-o", "yaml"), self.kubectl("replace", "--force", "-f", "-")
        return " | ".join((get, line("kubectl", "patch", "--local", "-f", "-", "-p", patch, "-o", "yaml"), make))

    @property
    def template(self) -> tuple[str, ...]:
        """The place of its Pods' manifest in the workload; empty where the Pod's own manifest is the one to change."""
        rolled_out = self.again == "restart" or self.kind in _TEMPLATE
        return _TEMPLATE.get(self.kind, ("spec", "template")) if rolled_out else ()

    def merge(self, pod: JsonValue) -> tuple[str, ...]:
        """Applies a strategic merge patch to the manifest of the workload's Pods."""
        for key in reversed(self.template):
            pod = {key: pod}
        return self._edit("patch", "-p", json.dumps(pod))

    def remove(self, kind: str, key: str) -> tuple[str, ...]:
        """Removes a label or an annotation (`labels`, `annotations`) from the workload's Pods."""
        path = "/".join(("", *self.template, "metadata", kind, key.replace("/", "~1")))
        return self._edit("patch", "--type", "json", "-p", json.dumps([{"op": "remove", "path": path}]))

    def show_workload(self) -> tuple[str, ...]:
        """Prints the workload, because no command can change it. Nothing where there is no Pod."""
        return (self.kubectl("get", self.workload, "-o", "yaml"),) if self.again else ()

    def _edit(self, *words: str) -> tuple[str, ...]:
        """Changes the workload, which restarts by itself, or the manifest of a Pod without a workload."""
        verb = words[:2] if words[0] == "set" else words[:1]
        rest = words[len(verb) :]
        if self.template:
            again = (self.kubectl("delete", "pod", self.pod),) if self._held_back == ON_DELETE else self._resume()
            return (self.kubectl(*verb, self.workload, *rest), *again)
        if self.again in ("apply", "replace", "reset"):
            return self._replace(line("kubectl", *verb, "--local", "-f", "-", *rest, "-o", "yaml"))
        return self.show_workload()

    def _replace(self, *edits: str, audience: str = "") -> tuple[str, ...]:
        """Replaces the Pod by one of its manifest after these filters. Nothing where there is no Pod."""
        match self.again:
            case "apply":
                filters = [self.kubectl("apply", "view-last-applied", self.workload)]
            case "replace" | "reset":
                filters = [self.kubectl("get", self.workload, "-o", "yaml")]
            case _:
                return ()
        if self.again == "reset":
            filters.append(line("kubectl", "set", "env", "--local", "-f", "-", *_INJECTED, "-o", "yaml"))
            if not self.keeps_volume(audience):
                patch = json.dumps({"spec": {"volumes": [{"name": VOLUME, "$patch": "delete"}]}})
                filters.append(line("kubectl", "patch", "--local", "-f", "-", "-p", patch, "-o", "yaml"))
        command = " | ".join((*filters, *edits, self.kubectl("replace", "--force", "-f", "-")))
        return (command,) if edits else self._makes_a_pod(command)

    def keeps_volume(self, audience: str = "") -> bool:
        """Whether the volume of the stored Pod asks for the right audience. If not, the new Pod goes without it."""
        asked = get_str(token_source(self.documents.get("pod")), "audience")
        return asked == (audience or self.bearer.audience)

    def update_trust(self, policy: JsonValue) -> str:
        """Stores a trust policy."""
        document = json.dumps(policy, ensure_ascii=False)
        return self.iam("update-assume-role-policy", "--role-name", self.role_name, "--policy-document", document)

    def iam(self, *words: str) -> str:
        """A command for IAM: in the role's account, where it is about the role and that is known to be another one."""
        of_role = ("--role-name", self.role_name) == words[1:3]
        return line("aws", "iam", *words, *(self.there if of_role else ()))

    @property
    def there(self) -> tuple[str, ...]:
        """The option of a command for the role's account, where that is not the one in which we look."""
        role = self._checks.get("role.exists")
        of_other = role is not None and role.reason == OTHER_ACCOUNT
        elsewhere = of_other or self.provider_arn not in ("", self.bearer.provider_arn)
        return ("--profile", PROFILE_HERE) if elsewhere else ()
