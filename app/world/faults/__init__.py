"""The ways in which IRSA breaks, as changes to a world; their numbers are this project's own.

`Simulation.inject` causes them, `Simulation.revert` takes them back. Nothing else knows of them: what comes of one is
what the servers and clients of the world make of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.flow.model import Chain
from app.world.faults import (
    access,
    oidc_provider,
    pod,
    program,
    service_account,
    token,
    trust_policy,
    way_to_aws,
    webhook,
)
from app.world.faults.fault import CannotBeInjected, Fault

__all__ = ["FAULTS", "LEFT_OUT", "CannotBeInjected", "Fault", "find_fault", "left_out", "names"]

_MODULES = (oidc_provider, trust_policy, service_account, webhook, pod, program, token, way_to_aws, access)

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.id: fault
        for fault in sorted((fault for module in _MODULES for fault in module.FAULTS), key=lambda fault: fault.id)
    }
)
"""By id, in the catalogue's order."""

LEFT_OUT: Mapping[int, str] = MappingProxyType(
    {
        12: "no_java",
        38: "one_region",
        40: "one_partition",
    }
)
"""What this world cannot express, by number: the key of the reason's words."""


def left_out(fault_id: str) -> str | None:
    """The key of the reason for which there is no fault of that id, in any case of letters."""
    return next((key for number, key in LEFT_OUT.items() if f"f{number:02}" == fault_id.lower()), None)


def names(chain: Chain) -> Mapping[str, str]:
    """What the words about faults leave out: the names of the chain, and what the faults make of them."""
    return {
        "namespace": chain.namespace,
        "service_account": chain.service_account,
        "pod": chain.pod,
        "role": chain.role,
        "new_path": service_account.new_path(chain),
        "other_namespace": trust_policy.other_namespace(chain),
        "upper_case": chain.service_account.upper(),
    }


def find_fault(fault_id: str) -> Fault | None:
    """The fault of that id, in any case of letters."""
    return next((fault for fault in FAULTS.values() if fault.id.lower() == fault_id.lower()), None)
