"""The limits and requests of containers that a `resourceFieldRef` names.

Source: `pkg/api/v1/resource/helpers.go`, `pkg/kubelet/kubelet_resources.go`; quantities:
k8s.io/apimachinery `pkg/api/resource/quantity.go`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types.defaults import containers_of

if TYPE_CHECKING:
    from app.world.apiserver.storage.state import ClusterState

_QUANTITY = re.compile(r"(.*?)([numkMGTPE]|[KMGTPE]i)?")
_SCALES = {
    **{letter: Fraction(1, 1000**power) for power, letter in enumerate("mun", start=1)},
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
}
_LARGEST = 2**63 - 1
_OF_THE_NODE = ("cpu", "memory", "ephemeral-storage")
"""What a container may use of the node as far as it has no limit of its own."""


def resource_value(cluster: ClusterState, pod: JsonObject, container: JsonObject | None, reference: JsonObject) -> str:
    """The value in units of the divisor, rounded up. `container`: the one that is meant where none is named. Raises
    `ValueError` with the kubelet's text."""
    if name := reference.get("containerName"):
        container = next((each for each in containers_of(pod["spec"]) if each["name"] == name), None)
    if container is None:
        raise ValueError(f"container {name or ''} not found")
    kind, _, resource = (reference.get("resource") or "").partition(".")
    found = quantity((container.get("resources") or {}).get(kind, {}).get(resource, "0"))
    if kind == "limits" and found == 0 and resource in _OF_THE_NODE:
        found = quantity(_allocatable(cluster, pod).get(resource, "0"))
    per = 1000 if resource == "cpu" else 1  # processors are counted in thousandths
    divisor = quantity(reference.get("divisor") or "0") or Fraction(1)
    return str(math.ceil(Fraction(_whole(found * per), _whole(divisor * per) or 1)))


def quantity(text: str) -> Fraction:
    """The number that a valid quantity such as `250m` or `64Mi` stands for."""
    number, suffix = _QUANTITY.fullmatch(text).groups()  # type: ignore[union-attr]  # it matches any text
    return Fraction(Decimal(number)) * _SCALES.get(suffix, 1)


def _whole(number: Fraction) -> int:
    return min(math.ceil(number), _LARGEST)


def _allocatable(cluster: ClusterState, pod: JsonObject) -> Mapping[str, str]:
    node = cluster.find("nodes", "", pod["spec"].get("nodeName") or "")
    return (node.object.get("status") or {}).get("allocatable") or {} if node is not None else {}
