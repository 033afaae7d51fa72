"""Notes what the learner does without changing anything, as the servers see it.

`app.flow.build.deeds` says what counts.
"""

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
    """Whether these are a person's credentials. A ServiceAccount's token is a JWT, which begins so; the learner's token
    and EKS's are no JWTs."""
    return not authorization.startswith("Bearer eyJ")


def note_request(world: World, info: RequestInfo, query: QueryParams) -> bool:
    """A request of a person to the API server, which was granted. Returns whether a deed was new."""
    if info.path.rstrip("/") == _DISCOVERY:
        return _note(world.account, Deed.ISSUER)
    if info.resource != "pods" or info.subresource not in ("log", "exec"):
        return False
    stored = world.cluster.find("pods", info.namespace, info.name)
    if stored is None:
        return False
    if info.subresource == "exec":
        return _note(world.account, *of_command(stored.object, query.getlist("command")))
    deed = of_log(stored.object)
    return deed is not None and _note(world.account, deed)


def note_call(account: Account, service: str, action: str, user_agent: str) -> bool:
    """A call of AWS that was granted, by none of this app's clients. Returns whether a deed was new."""
    if service == "sts" and action == "AssumeRoleWithWebIdentity" and not user_agent.startswith(_BY_A_POD):
        return _note(account, Deed.ASSUMED)
    return service == "eks" and bool(_DESCRIBE_CLUSTER.fullmatch(action)) and _note(account, Deed.ISSUER)


def _note(account: Account, *deeds: Deed) -> bool:
    new = not account.usage.deeds.issuperset(deeds)
    account.usage.deeds.update(deeds)
    return new
