"""The ways in which IRSA breaks, as changes to a world: the numbers F01 to F52 are this project's own.

`Simulation.cause` causes them, `Simulation.mend` takes them back. Nothing else knows of them: what comes of one is what
the servers and clients of the world make of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.world.faults import access, oidc_provider, pod, service_account, sts, token, trust_policy, webhook
from app.world.faults.fault import Fault

__all__ = ["FAULTS", "LEFT_OUT", "Fault"]

_MODULES = (oidc_provider, trust_policy, service_account, webhook, pod, token, sts, access)

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.id: fault
        for fault in sorted((fault for module in _MODULES for fault in module.FAULTS), key=lambda fault: fault.id)
    }
)
"""By id, in the catalogue's order."""

LEFT_OUT: Mapping[int, str] = MappingProxyType({number: f"F{number}" for number in (12, 33, 38, 40)})
"""What this world cannot express, by number: the key of the words that say why.

12: no Java runs here. 33: a node of this world has no clock of its own. 38: there is one region, and no global endpoint
of STS. 40: there is one partition.
"""
