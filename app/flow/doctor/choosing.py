"""Which Pod to look at, where the caller gives none."""

from __future__ import annotations

from app.flow.errors import NotPermitted
from app.flow.json_access import get, get_str
from app.flow.model import JsonValue
from app.flow.ports import Ports


def pod_of(ports: Ports, namespace: str, service_account: str) -> str:
    """The youngest running Pod of a ServiceAccount, else its youngest; empty where there is none, or we may not look.

    Raises `FlowError` where the server does not answer, or does not accept our login.
    """
    try:
        pods = ports.cluster.pods(namespace, service_account)
    except NotPermitted as error:
        if error.about_login:
            raise
        return ""
    return get_str(max(pods, key=rank, default=None), "metadata", "name")


def rank(pod: JsonValue) -> tuple[bool, bool, str]:
    """A Pod that is being deleted comes before all others, one that does not run before those that do."""
    living = get(pod, "metadata", "deletionTimestamp") is None
    return living, get_str(pod, "status", "phase") == "Running", get_str(pod, "metadata", "creationTimestamp")
