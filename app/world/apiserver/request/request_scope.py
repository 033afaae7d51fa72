"""What a request is about, and whose it is (k8s.io/apiserver `pkg/endpoints/handlers/rest.go`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.world.apiserver.auth.authentication import User
from app.world.apiserver.types.resources import Resource

if TYPE_CHECKING:
    from app.world.world import World


@dataclass(frozen=True)
class RequestScope:
    """Who asks for objects of which kind, and where."""

    world: World
    user: User
    resource: Resource
    namespace: str
    """Empty for a cluster-wide resource."""
    subresource: str = ""
    """Such as `status`; empty for the object itself."""
