"""The choice of the node's kind in this browser's world: how its instance metadata is set, and what a Pod then got."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.verdict.error_messages import lacks_credentials, principal_of
from app.ui.draw import components
from app.ui.state import session
from app.ui.text import prose
from app.world.aws.entities import POD_HOPS, NodeKind

_KEY = "node_kind"


def choose(content: Content) -> None:
    """The choice, and what it means for Pods. A fault may be in a Pod that a new node would create again."""
    here = session.world()
    if here.account.node is None:
        return
    kind = here.account.node.kind
    st.session_state[_KEY] = kind
    st.selectbox(
        content.message("why.node.kind"),
        list(NodeKind),
        key=_KEY,
        format_func=lambda option: content.message(f"why.node.kinds.{option}"),
        disabled=bool(here.faults),
        help=content.message("why.node.broken" if here.faults else "why.node.help"),
        on_change=_chosen,
    )
    components.block(f'<p class="caption">{prose(_about(kind, content))}</p>', key="node_about")


def outcome(log: str, node_role: str, content: Content) -> str:
    """What the log of a Pod without IRSA shows, in a sentence; empty where it shows neither of the two."""
    if f":assumed-role/{node_role}/" in principal_of(log):
        return content.message("why.without_irsa.node_role")
    return content.message("why.without_irsa.nothing") if lacks_credentials(log) else ""


def _about(kind: NodeKind, content: Content) -> str:
    options = kind.metadata
    if options is None:
        return content.message("why.node.none")
    case = "unreached"
    if kind.pods_reach_role:
        case = "reached" if options.hop_limit >= POD_HOPS else "version_1"
    tokens = "required" if options.tokens_required else "optional"
    return content.message(f"why.node.{case}", hops=options.hop_limit, tokens=tokens)


def _chosen() -> None:
    if (kind := st.session_state[_KEY]) in set(NodeKind):  # a forged message may contain any text
        session.replace_node(NodeKind(kind))
