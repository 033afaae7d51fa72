"""Notes what the learner does that changes nothing, as the servers see it: `app.flow.build.deeds` says what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from app.flow.build.deeds import Deed, of_command, of_log
from app.flow.names import APPLICATION_ID
from app.world.apiserver.auth.authentication import User, is_own

if TYPE_CHECKING:
    from app.world.apiserver.request.request_info import RequestInfo
    from app.world.aws.account import Account
    from app.world.world import World

_SERVICE_ACCOUNT = "system:serviceaccount:"
_DISCOVERY = "/.well-known/openid-configuration"
_BY_THE_APP = f"app/{APPLICATION_ID}"
"""In the user agent of the explorer's SDK."""
_BY_A_POD = "Botocore/"
"""What the user agent of the programs in Pods begins with. Other tools begin with their own name."""


def note_request(world: World, authorization: str, user: User, info: RequestInfo, query: QueryParams) -> None:
    """A request to the API server that was let in. Those of walks, of the node and of Pods are no one's deeds."""
    if is_own(world, authorization) or user.name.startswith(_SERVICE_ACCOUNT):
        return
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


def note_session(account: Account, user_agent: str) -> None:
    """Credentials that STS gave for a token."""
    if _BY_THE_APP not in user_agent.split() and not user_agent.startswith(_BY_A_POD):
        account.usage.deeds.add(Deed.ASSUMED)
