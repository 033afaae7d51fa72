"""The commands that change the workload of a Pod, or the Pod where nothing owns it, and that recreate the Pod."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence

from app.flow.doctor.fix import line, patched
from app.flow.doctor.trust_fix import Bearer
from app.flow.doctor.workload import HELD_BACK, NO_RETRY, ON_DELETE, PARTITION, PAUSED, new_job, why_kept_back
from app.flow.json_access import get, get_list, get_str
from app.flow.model import JsonValue, Subject
from app.flow.names import annotated_role_arn
from app.flow.steps.injection import (
    EPHEMERAL,
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    containers,
    has_identity,
    of_another_role,
    token_source,
)
from app.flow.steps.kubelet_status import ENDED
from app.flow.webhook import POD_IDENTITY_VARIABLES, VOLUME

ALL = "*"
"""Every container, as the option `-c` of `kubectl set env` takes it and has it by default."""
INJECTED = (f"{ROLE_VARIABLE}-", f"{TOKEN_VARIABLE}-")
"""The arguments by which `kubectl set env` removes the webhook's variables."""
_TEMPLATE: Mapping[str, tuple[str, ...]] = {"cronjob": ("spec", "jobTemplate", "spec", "template")}
"""The place of the Pod template in a workload, by its kind, where that is not the usual place."""


class WorkloadCommands:
    """The commands for one Pod and its workload; `Names` has the other names of the walk."""

    bearer: Bearer
    """Whose token the new Pod is to have."""

    def __init__(self, subject: Subject, documents: Mapping[str, JsonValue]) -> None:
        self.namespace = subject.namespace
        self.service_account = subject.service_account
        self.documents = documents
        self._kubectl = ("kubectl", "-n", self.namespace)
        self._take_pod(subject.pod, documents.get("workload"))
        self._recreating: set[str] = set()
        self.left_to_owner = False
        """Whether a Pod was to be recreated that has ended, and that only its owner can run again."""

    def _take_pod(self, pod: str, workload: JsonValue) -> None:
        self.pod = pod
        self.kind = get_str(workload, "kind")
        """The kind of the workload, in lower case as kubectl takes it; empty without a Pod."""
        self.owner = get_str(workload, "name")
        self.workload = f"{self.kind}/{self.owner}"
        self.again = get_str(workload, "again")
        """How the Pod is recreated, as `workload_of` says it; empty without a Pod."""
        self._held_back = why_kept_back(get_str(self.documents.get(HELD_BACK), self.workload), pod)

    def kubectl(self, *words: str) -> str:
        """A command of kubectl in the namespace."""
        return line(*self._kubectl, *words)

    def recreate(self, audience: str = "") -> tuple[str, ...]:
        """Recreates the Pod, with a token for this audience, or else for the annotated one; nothing without a Pod.

        A workload's new Pod has another name. A Job whose last Pod has failed makes no other one by itself, nor does
        one without a retry for a Pod that is deleted. A workload that is updated `OnDelete` makes none before its Pod
        is deleted. A step of a workflow (Argo, Tekton) stays as it has ended. A Pod whose programs always run again
        has ended only where it was evicted, and is replaced.
        """
        again = self._ended or self._held_back == NO_RETRY
        match self.again:
            case "restart" if self._held_back not in (ON_DELETE, PARTITION):
                return self._makes_a_pod(*self._resume(), self.kubectl("rollout", "restart", self.workload))
            case "delete" if again and self.kind == "job":
                return self._makes_a_pod(self._new_job(get_str(self.documents["pod"], "spec", "serviceAccountName")))
            case "delete" if again and self.kind == "cronjob":
                return self._makes_a_pod(self._run_now())
            case "delete" if self._ended and get(self.documents["pod"], "spec", "restartPolicy") in (
                "Never",
                "OnFailure",
            ):
                self.left_to_owner = True
                return ()
            case "restart" | "delete":
                return self._makes_a_pod(self.kubectl("delete", "pod", self.pod))
        return self._replace(audience=audience)

    @property
    def _ended(self) -> bool:
        return get_str(self.documents.get("pod"), "status", "phase") in ENDED

    def recreates(self, commands: Iterable[str]) -> bool:
        """Whether one of these commands makes a new Pod of the same manifest."""
        return not self._recreating.isdisjoint(commands)

    def run_again(self) -> tuple[str, ...]:
        """Recreates a Pod that has failed, or of which a program has, and that nothing else runs again; nothing in any
        other case."""
        pod = self.documents.get("pod")
        # Where nothing is restarted, the phase is that of the programs that still run.
        never = get_str(pod, "spec", "restartPolicy") == "Never"
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
        """The key of the sentence on what else one of these commands does, a rollout that it resumes or a Job that it
        begins again; empty without one."""
        if self._held_back == NO_RETRY:
            return NO_RETRY if self.recreates(commands) and not self._ended else ""
        return "" if set(self._resume()).isdisjoint(commands) else self._held_back

    def set_env(self, words: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Sets variables of the workload's Pods (`NAME=value`), or removes them (`NAME-`), by container."""
        return self._edit(*(("set", "env", *_in(box), *given) for box, given in words.items()))

    @property
    def apart(self) -> list[str]:
        """The containers with a role of their own, which may be meant."""
        return of_another_role(self.documents.get("pod"), annotated_role_arn(self.documents.get("service_account")))

    @property
    def webhooks_part(self) -> Mapping[str, Sequence[str]]:
        """The arguments by which `kubectl set env` removes the role's variables from all other containers."""
        names = [get_str(box, "name") for box in containers(self.documents.get("pod"))]
        return {name: INJECTED for name in names if name not in self.apart} if self.apart else {ALL: INJECTED}

    def leave_to_webhook(self, words: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Removes the two variables because of which the webhook skips these containers."""
        return self._replace(removed=words) if self.again == "reset" else self.set_env(words)

    def set_image(self, *words: str) -> tuple[str, ...]:
        """Gives containers of the workload's Pods other images (`CONTAINER=IMAGE`)."""
        return self._edit(("set", "image", *words))

    def set_service_account(self, name: str = "") -> tuple[str, ...]:
        """Has the workload's Pods run under the ServiceAccount, or another one; a Job is made again for it."""
        account = name or self.service_account
        return (self._new_job(account),) if self.kind == "job" else self._edit(("set", "serviceaccount", account))

    def _run_now(self) -> str:
        """Makes a Job of the CronJob under a name of its own each time: as in the names of its scheduled runs, eleven
        characters follow, and the name of a CronJob leaves room for these (kubernetes, pkg/apis/batch/validation)."""
        make = self.kubectl("create", "job", f"--from={self.workload}")
        return f"{make} {shlex.quote(self.owner)}-$(date +%s)"

    def _new_job(self, account: str) -> str:
        """Makes the Job again under this ServiceAccount, because a Job's template cannot be changed."""
        get, make = self.kubectl("get", self.workload, "-o", "yaml"), self.kubectl("replace", "--force", "-f", "-")
        return " | ".join((get, patched(new_job({"serviceAccountName": account})), make))

    @property
    def template(self) -> tuple[str, ...]:
        """The place of its Pods' manifest in the workload; empty where the Pod's own manifest is the one to change."""
        rolled_out = self.again == "restart" or self.kind in _TEMPLATE
        return _TEMPLATE.get(self.kind, ("spec", "template")) if rolled_out else ()

    def merge(self, pod: JsonValue) -> tuple[str, ...]:
        """Applies a strategic merge patch to the manifest of the workload's Pods."""
        for key in reversed(self.template):
            pod = {key: pod}
        return self._edit(("patch", "-p", json.dumps(pod)))

    def remove(self, kind: str, key: str) -> tuple[str, ...]:
        """Removes a label or an annotation (`labels`, `annotations`) from the workload's Pods. Where the manifest does
        not have it any more, this changes nothing, whereas a JSON patch would be refused."""
        return self.merge({"metadata": {kind: {key: None}}})

    def show_workload(self) -> tuple[str, ...]:
        """Prints the workload, because no command can change it. Nothing where there is no Pod."""
        return (self.kubectl("get", self.workload, "-o", "yaml"),) if self.again else ()

    def _edit(self, *edits: Sequence[str]) -> tuple[str, ...]:
        """Changes the workload, which restarts by itself, or the manifest of a Pod without a workload."""
        parts = [(words[:verb], words[verb:]) for words in edits for verb in (2 if words[0] == "set" else 1,)]
        if self.template:
            again = (self.kubectl("delete", "pod", self.pod),) if self._held_back == ON_DELETE else self._resume()
            return (*(self.kubectl(*verb, self.workload, *rest) for verb, rest in parts), *again)
        if self.again in ("apply", "replace", "reset"):
            local = ("--local", "-f", "-")
            return self._replace(*(line("kubectl", *verb, *local, *rest, "-o", "yaml") for verb, rest in parts))
        return self.show_workload()

    def _replace(
        self, *edits: str, audience: str = "", removed: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[str, ...]:
        """Replaces the Pod by one of its manifest after these filters. Nothing where there is no Pod.

        `removed`: what is removed from a stored Pod beside the webhook's variables.
        """
        match self.again:
            case "apply":
                filters = [self.kubectl("apply", "view-last-applied", self.workload)]
            case "replace" | "reset":
                filters = [self.kubectl("get", self.workload, "-o", "yaml")]
            case _:
                return ()
        if self.again != "apply" and get_list(self.documents.get("pod"), "spec", EPHEMERAL):
            # A Pod with such containers is refused, and by then `replace --force` has deleted the other one.
            filters.append(patched({"spec": {EPHEMERAL: None}}))
        if self.again == "reset":
            identity = POD_IDENTITY_VARIABLES if has_identity(self.documents.get("pod")) else ()
            for box, names in {**self.webhooks_part, **(removed or {})}.items():
                words = (*_in(box), *names, *(f"{name}-" for name in identity))
                filters.append(line("kubectl", "set", "env", "--local", "-f", "-", *words, "-o", "yaml"))
            if not self.keeps_volume(audience):
                filters.append(patched({"spec": {"volumes": [{"name": VOLUME, "$patch": "delete"}]}}))
        command = " | ".join((*filters, *edits, self.kubectl("replace", "--force", "-f", "-")))
        return (command,) if edits else self._makes_a_pod(command)

    def keeps_volume(self, audience: str = "") -> bool:
        """Whether the volume of the stored Pod, if it has one, asks for the right audience. If not, the new Pod goes
        without it."""
        pod = self.documents.get("pod")
        if all(get_str(volume, "name") != VOLUME for volume in get_list(pod, "spec", "volumes")):
            return True
        return get_str(token_source(pod), "audience") == (audience or self.bearer.audience)


def _in(box: str) -> tuple[str, ...]:
    return () if box == ALL else ("-c", box)
