"""A Pod as its ServiceAccount's list of Pods shows it: the few values by which it is judged, without its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.flow.doctor.workload import workload_of
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.names import DEFAULT_AUDIENCE, annotated_role_arn
from app.flow.steps import selectors
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    containers,
    environment,
    mount_path,
    of_another_role,
    own_token,
    token_source,
)
from app.flow.steps.kubelet_status import ENDED
from app.flow.webhook import SKIP_LABEL, VOLUME
from app.flow.webhook_patch import REGION_VARIABLES, STS_VARIABLE

_BEFORE = {STS_VARIABLE, *REGION_VARIABLES}
"""What the webhook appends before the role and the token's file, unless it is there already."""


class PodStand(StrEnum):
    """How much of what the webhook would write into it today a Pod's manifest has."""

    CURRENT = "current"
    """The token's volume with the annotated audience, and in some container its mount and the annotated role."""
    NOT_EDITED = "not_edited"
    OTHER_ROLE = "other_role"
    OTHER_AUDIENCE = "other_audience"
    UNKNOWN = "unknown"
    """Not known: the ServiceAccount's annotation could not be read, or the Pod runs under another ServiceAccount."""


@dataclass(frozen=True, kw_only=True)
class PodRow:
    """One Pod as the list of Pods shows it."""

    name: str
    created: str
    """RFC 3339, as the API server writes it."""
    phase: str
    deleting: bool
    service_account: str
    role: str
    """The first value of `AWS_ROLE_ARN`; empty where no container has one."""
    audience: str
    """The audience of the token's volume; empty where there is none."""
    stand: PodStand
    restart: bool
    """Whether a new Pod of the same manifest would be current; else its own diagnosis says more."""
    workload: Mapping[str, JsonValue]
    """As `workload_of`."""

    @property
    def ended(self) -> bool:
        """Whether it has completed, well or not."""
        return self.phase in ENDED

    @property
    def stale(self) -> bool:
        """Whether it runs, or is about to run, without the role and the audience of the ServiceAccount's
        annotations."""
        judged = not (self.deleting or self.ended)
        return judged and self.stand not in (PodStand.CURRENT, PodStand.UNKNOWN)

    @property
    def document(self) -> JsonValue:
        """The part of its manifest that a command needs."""
        token = {"serviceAccountToken": {"audience": self.audience}}
        volumes = [{"name": VOLUME, "projected": {"sources": [token]}}] if self.audience else []
        return {
            "metadata": {"name": self.name},
            "spec": {"serviceAccountName": self.service_account, "volumes": volumes},
        }


def row(
    pod: JsonValue, service_account: JsonValue = None, configuration: JsonValue = None, audience: str = DEFAULT_AUDIENCE
) -> PodRow:
    """The row of a Pod, judged by its annotated ServiceAccount where that is given.

    `configuration` is the webhook's MutatingWebhookConfiguration, `audience` what it asks for.
    """
    others = of_another_role(pod, annotated_role_arn(service_account))
    own = [box for box in containers(pod) if get_str(box, "name") not in others]
    arns = [arn for box in own if (arn := environment(box).get(ROLE_VARIABLE))]
    stand = _stand(pod, set(arns), service_account, audience)
    return PodRow(
        name=get_str(pod, "metadata", "name"),
        created=get_str(pod, "metadata", "creationTimestamp"),
        phase=get_str(pod, "status", "phase"),
        deleting=get(pod, "metadata", "deletionTimestamp") is not None,
        service_account=get_str(pod, "spec", "serviceAccountName"),
        role=next(iter(arns), ""),
        audience=get_str(token_source(pod), "audience"),
        stand=stand,
        restart=_restart_helps(pod, stand, configuration),
        workload=get_object(workload_of(pod)),
    )


def rows(document: JsonValue) -> tuple[PodRow, ...]:
    """The rows of a diagnosis, from its evidence. A value that is missing there is empty."""
    return tuple(
        PodRow(
            **{key: get_str(it, key) for key in ("name", "created", "phase", "service_account", "role", "audience")},
            deleting=get(it, "deleting") is True,
            stand=next((stand for stand in PodStand if stand == get_str(it, "stand")), PodStand.UNKNOWN),
            restart=get(it, "restart") is True,
            workload=get_object(it, "workload"),
        )
        for it in get_list({"rows": document}, "rows")
    )


def _stand(pod: JsonValue, roles: set[str], service_account: JsonValue, audience: str) -> PodStand:
    """One container with the variables makes a Pod current: a container that another webhook has added later lacks them
    there as well."""
    wanted = annotated_role_arn(service_account)
    if not wanted:
        return PodStand.UNKNOWN
    if own := own_token(pod):
        return PodStand.CURRENT if own.role_arn == wanted else PodStand.OTHER_ROLE
    source = token_source(pod)
    given = any(mount_path(box) and environment(box).get(TOKEN_VARIABLE) for box in containers(pod))
    if source is None or not roles or not given:
        return PodStand.NOT_EDITED
    if roles != {wanted}:
        return PodStand.OTHER_ROLE
    current = get_str(source, "audience") == audience
    return PodStand.CURRENT if current else PodStand.OTHER_AUDIENCE


def _restart_helps(pod: JsonValue, stand: PodStand, configuration: JsonValue) -> bool:
    """Whether a new Pod would be current: not where the manifest itself keeps the webhook from the Pod, or from a
    container."""
    if stand in (PodStand.CURRENT, PodStand.UNKNOWN):
        return False
    boxes = containers(pod)
    selected = _selected(get_object(pod, "metadata", "labels"), configuration)
    return selected and bool(boxes) and not any(map(_is_by_hand, boxes))


def _is_by_hand(box: JsonValue) -> bool:
    """Whether the manifest sets the webhook's variables in a container.

    The webhook appends both or none, in this order and after all others that it appends, and mounts the volume.
    """
    names = [get_str(item, "name") for item in get_list(box, "env")]
    own = [name for name in names if name in (ROLE_VARIABLE, TOKEN_VARIABLE)]
    if not own:
        return False
    at = names.index(own[0])
    appended = names[at : at + 2] == own == [ROLE_VARIABLE, TOKEN_VARIABLE] and mount_path(box) != ""
    return not appended or bool(_BEFORE & set(names[at:]))


def _selected(labels: Mapping[str, JsonValue], configuration: JsonValue) -> bool:
    """Whether the webhook is called for a Pod of these labels, as far as its registration is known."""
    known = get_list(configuration, "webhooks")
    if not known:
        return SKIP_LABEL not in labels
    return any(selectors.matches(get(webhook, "objectSelector"), labels) for webhook in known)
