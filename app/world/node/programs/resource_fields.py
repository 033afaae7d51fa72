"""The limits and requests of containers that a `resourceFieldRef` names.

Source: `pkg/api/v1/resource/helpers.go`, `pkg/kubelet/kubelet_resources.go`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types.defaults import containers_of
from app.world.apiserver.types.pod_validation import NODE_RESOURCES
from app.world.apiserver.types.quantities import quantity

if TYPE_CHECKING:
    from app.world.apiserver.storage.state import ClusterState

_LARGEST = 2**63 - 1
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
    if kind == "limits" and found == 0 and resource in NODE_RESOURCES:
        found = quantity(_allocatable(cluster, pod).get(resource, "0"))
    per = 1000 if resource == "cpu" else 1  # processors are counted in thousandths
    divisor = quantity(reference.get("divisor") or "0") or Fraction(1)
    return str(math.ceil(Fraction(_whole(found * per), _whole(divisor * per) or 1)))


def _whole(number: Fraction) -> int:
    return min(math.ceil(number), _LARGEST)


def _allocatable(cluster: ClusterState, pod: JsonObject) -> Mapping[str, str]:
    node = cluster.find("nodes", "", pod["spec"].get("nodeName") or "")
    return (node.object.get("status") or {}).get("allocatable") or {} if node is not None else {}
