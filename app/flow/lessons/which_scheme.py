"""Which scheme fits: a few questions about clusters and workloads, and the answer that follows, with its reasons.

Sources: “Comparing EKS Pod Identity and IRSA” and “EKS Pod Identity restrictions” of the Amazon EKS User Guide, and
its lists of the SDK versions that support each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CredentialScheme(StrEnum):
    """A way for Pods to get AWS credentials, the oldest first. The values are parts of keys and addresses."""

    NODE_ROLE = "node_role"
    KUBE2IAM = "kube2iam"
    KIAM = "kiam"
    IRSA = "irsa"
    POD_IDENTITY = "pod_identity"


class Question(StrEnum):
    """What decides between the schemes. The values are parts of keys and addresses."""

    PLATFORM = "platform"
    """Whether all clusters are Amazon EKS clusters."""
    NODES = "nodes"
    """Whether all Pods run on Linux EC2 instances."""
    SDK = "sdk"
    """Whether all programs have an SDK that supports EKS Pod Identity."""
    CLUSTERS = "clusters"
    """Whether one role is used in many clusters."""
    TAGS = "tags"
    """Whether one role is to give different permissions, by session tags or session policies."""


ANSWERS: Mapping[Question, tuple[str, ...]] = MappingProxyType(
    {
        Question.PLATFORM: ("eks", "elsewhere"),
        Question.NODES: ("linux_ec2", "others"),
        Question.SDK: ("new", "old"),
        Question.CLUSTERS: ("few", "many"),
        Question.TAGS: ("no", "yes"),
    }
)
"""The answers to each question."""
_PREVENTS = {Question.PLATFORM: "elsewhere", Question.NODES: "others", Question.SDK: "old"}
"""The answers with which EKS Pod Identity cannot be used."""
_FAVOURS = {Question.CLUSTERS: "many", Question.TAGS: "yes"}
"""The answers to which EKS Pod Identity has something that IRSA lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The scheme that fits the answers. Reasons and costs are answers that were given."""

    scheme: CredentialScheme
    reasons: tuple[tuple[Question, str], ...]
    """The answers that speak for the scheme."""
    costs: tuple[tuple[Question, str], ...]
    """The answers that speak for the other scheme, which other answers rule out."""
    undecided: tuple[Question, ...]
    """The questions without an answer that may still change the scheme."""


def advise(answers: Mapping[Question, str]) -> Advice:
    """The scheme for these answers; a question may be left out. Only IRSA and EKS Pod Identity are ever advised.

    What prevents EKS Pod Identity decides. Where nothing does, it is the one: the Amazon EKS User Guide recommends
    it whenever possible. Raises `ValueError` for an answer that the question does not have.
    """
    for question, answer in answers.items():
        if answer not in ANSWERS[question]:
            raise ValueError(f"{question}: got {answer!r}, expected one of {', '.join(ANSWERS[question])}")
    given = tuple((question, answers[question]) for question in Question if question in answers)
    prevented = tuple(found for found in given if found in _PREVENTS.items())
    favoured = tuple(found for found in given if found in _FAVOURS.items())
    if prevented:
        return Advice(scheme=CredentialScheme.IRSA, reasons=prevented, costs=favoured, undecided=())
    possible = tuple(found for found in given if found[0] in _PREVENTS)
    undecided = tuple(question for question in _PREVENTS if question not in answers)
    return Advice(scheme=CredentialScheme.POD_IDENTITY, reasons=possible + favoured, costs=(), undecided=undecided)
