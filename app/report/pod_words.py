"""The Pods of a ServiceAccount in words, newest first, each in one line: the same ones wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.pods.listed import DEFAULT
from app.flow.doctor.pods.rows import PodRow, PodStand, rows
from app.flow.doctor.workload import NO_PODS, NOT_CREATED
from app.flow.json_access import get_str
from app.flow.model import Status

SHOWN = 20
"""Lines on a terminal or a page; the JSON has all of them."""
COLUMNS = ("pod", "workload", "state", "created", "stand")
"""The columns of a table: each is the last part of the key of its heading."""


@dataclass(frozen=True, kw_only=True)
class PodLine:
    """One Pod."""

    status: Status
    name: str
    workload: str
    """As kubectl takes it, such as `deployment/web`; or the words for a Pod without an owner."""
    state: str
    created: str
    stand: str
    """How it stands to the ServiceAccount, in words; and whether it is the examined one."""

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        return self.name, self.workload, self.state, self.created, self.stand


def also(found: Diagnosis, words: Content) -> list[str]:
    """What a reader has to know of the examined Pod: that it is being deleted, or why its workload has none."""
    sentences = []
    if found.is_being_deleted:
        sentences.append(words.message("doctor.being_deleted", pod=found.subject.pod))
        if found.successor:
            sentences.append(words.message("doctor.successor", pod=found.successor))
    for key in NO_PODS:
        if workload := found.evidence.get(key):
            said = words.message(f"doctor.{key}", workload=workload, namespace=found.subject.namespace)
            sentences.append(found.options.quoted(said))
    if refused := get_str(found.evidence, NOT_CREATED):
        said = " ".join(refused.replace("`", "'").split())  # a policy's message has lines and quotations of its own
        sentences.append(words.message("doctor.not_created", said=said))
    return sentences


def intro(found: Diagnosis, words: Content) -> str:
    """That the ServiceAccount has no Pods, and whose are listed instead; empty if it has some, or no list was read."""
    if _own(found) or found.evidence.get("pods") is None:
        return ""
    others = [words.message("doctor.pods.of_default")] if _default(found) else []
    return words.facts.sentences(words.message("doctor.pods.none"), *others)


def lines(found: Diagnosis, words: Content) -> list[PodLine]:
    """The Pods of the ServiceAccount, or those of `default` where it has none."""
    return [_line(pod, found, words) for pod in _shown(_own(found) or _default(found))]


def more(found: Diagnosis, words: Content) -> str:
    """How many others there are; empty where all are shown."""
    count = len(_own(found) or _default(found)) - SHOWN
    return words.message("doctor.pods.more", count=count) if count > 0 else ""


def _own(found: Diagnosis) -> tuple[PodRow, ...]:
    return rows(found.evidence.get("pods"))


def _default(found: Diagnosis) -> tuple[PodRow, ...]:
    return rows(found.evidence.get("default_pods"))


def _shown(pods: Sequence[PodRow]) -> list[PodRow]:
    """The Pods that are shown. Where there are too many, stale ones come before the others."""
    chosen = sorted(pods, key=lambda pod: not pod.stale)[:SHOWN]
    return [pod for pod in pods if pod in chosen]


def _line(pod: PodRow, found: Diagnosis, words: Content) -> PodLine:
    stand = _stand(pod, words)
    if pod.name == found.subject.pod:
        stand = words.message("doctor.pods.examined", stand=stand)
    return PodLine(
        status=_status(pod),
        name=pod.name,
        workload=_owner(pod) or words.message("doctor.pods.no_owner"),
        state=_state(pod, words),
        created=pod.created,
        stand=stand,
    )


def _runs_as_default(pod: PodRow) -> bool:
    return pod.stand is PodStand.UNKNOWN and pod.service_account == DEFAULT


def _owner(pod: PodRow) -> str:
    kind, name = get_str(pod.workload, "kind"), get_str(pod.workload, "name")
    return "" if kind in ("", "pod") else f"{kind}/{name}"


def _state(pod: PodRow, words: Content) -> str:
    if pod.deleting:
        return words.message("doctor.pods.deleting")
    return words.message("doctor.pods.ended", phase=pod.phase) if pod.ended else pod.phase


def _status(pod: PodRow) -> Status:
    if pod.stand is PodStand.CURRENT:
        return Status.PASSED
    if pod.deleting or pod.ended or _runs_as_default(pod):
        return Status.NOT_REACHED  # what is wrong with it harms no one any more
    return Status.WARNING if pod.stale else Status.UNKNOWN


def _stand(pod: PodRow, words: Content) -> str:
    if _runs_as_default(pod):
        return words.message("doctor.pods.as_default")
    return words.message(f"doctor.pods.{pod.stand}", role=pod.role, audience=pod.audience)
