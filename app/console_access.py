"""A simulated world as the programs of the console reach it: as its learner, through the world's two ports."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.console.world_access import Folders, WorldAccess
from app.world.setup import tool_files

if TYPE_CHECKING:
    from app.world.lifecycle.simulation import Simulation
    from app.world.world import World


def console_access(simulation: Simulation, world: World) -> WorldAccess:
    """What the programs get of this world."""
    return WorldAccess(
        directory=folders().of(world),
        kubeconfig=tool_files.kubeconfig(tool_files.server_of(simulation, world), simulation.ca_pem, world).encode(),
        context=world.cluster_name,
        aws=tool_files.aws_environment(simulation, world),
        ports=tuple(port for url in (simulation.kubernetes_url, simulation.aws_url) if (port := urlsplit(url).port)),
    )


@cache
def folders() -> Folders:
    """The consoles' folders of this process. The first call removes those that killed processes have left."""
    return Folders()
