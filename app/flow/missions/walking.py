"""Walks the chain of a ServiceAccount that a mission is about, for its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.flow.annotations import ROLE_ARN
from app.flow.build.role import role_checks
from app.flow.json_access import get_str
from app.flow.missions.judging import newest_pod
from app.flow.missions.mission import Names, Permission, filled
from app.flow.missions.picture import Chain, Part, Picture, picture
from app.flow.model import Step, Subject, Walk
from app.flow.names import DEFAULT_AUDIENCE, annotated_audience
from app.flow.ports import Ports
from app.flow.steps.walk import walk
from app.flow.verdict.link_states import ChainState, chain_state


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a map shows of a mission."""

    walk: Walk
    chain: ChainState
    picture: Picture
    role: str
    """The name of the role that the chain has to have, or that gives its permission; empty where none is known."""


def draw(ports: Ports, found: Sequence[Part], shown: Part, names: Names) -> Drawn:
    """The chain of `shown`, a ServiceAccount among those that were `found`. Raises `FlowError`."""
    namespace, _, name = shown.who.partition("/")
    about = Subject(namespace=namespace, service_account=name, pod=newest_pod(ports, shown.who))
    known = walk(ports, about)
    wanted = (it.goal.by for it in shown.results if isinstance(it.goal, Permission))
    by = str(filled(next(filter(None, wanted), ""), names))
    read = known.report(Step.SERVICE_ACCOUNT).evidence
    annotated = get_str(read, "service_account", "metadata", "annotations", ROLE_ARN)
    chain = Chain(
        state=chain_state(known),
        checks={check.id: check for check in known.checks},
        role_checks=role_checks(ports, known, by) if by else {},
        is_other_role=bool(by and annotated and annotated != by),
        is_other_audience=annotated_audience(read.get("service_account")) != DEFAULT_AUDIENCE,
        has_pod=bool(about.pod),
    )
    others = [it for it in found if it.who != shown.who]
    let_in = next((it.role for it in shown.results if it.role and it.got == "allowed"), "")
    return Drawn(
        walk=known,
        chain=chain.state,
        picture=picture(shown, others, chain),
        role=by.rpartition("/")[2] or let_in,
    )
