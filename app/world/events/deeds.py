"""Notes what the learner does that changes nothing, as the servers see it: `app.flow.build.deeds` says what counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from app.flow.build.deeds import Deed, of_command, of_log

if TYPE_CHECKING:
    from app.world.apiserver.request.request_info import RequestInfo
    from app.world.aws.account import Account
    from app.world.world import World

_DISCOVERY = "/.well-known/openid-configuration"
_DESCRIBE_CLUSTER = re.compile(r"GET /clusters/[^/]+")
_BY_A_POD = "Botocore/"
"""What the user agent of the programs in Pods begins with. Other tools begin with their own name."""


def is_persons(authorization: str) -> bool:
    """Whether these are no ServiceAccount's credentials. Its token is a JWT, which begins so; the learner's and EKS's
    are none."""
    return not authorization.startswith("Bearer eyJ")


def note_request(world: World, info: RequestInfo, query: QueryParams) -> None:
    """A request of a person to the API server, which was granted."""
    deeds = world.usage.deeds
    if info.path.rstrip("/") == _DISCOVERY:
        deeds.add(Deed.ISSUER)
    if info.resource != "pods" or info.subresource not in ("log", "exec"):
        return
    stored = world.cluster.find("pods", info.namespace, info.name)
    if stored is None:
        return
    if info.subresource == "exec":
        deeds.update(of_command(stored.object, query.getlist("command")))
    elif deed := of_log(stored.object):
        deeds.add(deed)


def note_call(account: Account, service: str, action: str, user_agent: str) -> None:
    """A call of AWS that was granted, by none of this app's clients."""
    if service == "sts" and action == "AssumeRoleWithWebIdentity" and not user_agent.startswith(_BY_A_POD):
        account.usage.deeds.add(Deed.ASSUMED)
    elif service == "eks" and _DESCRIBE_CLUSTER.fullmatch(action):
        account.usage.deeds.add(Deed.ISSUER)
