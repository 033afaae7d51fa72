"""Which other ServiceAccount can assume the role, where a fault breaks nothing and lets others in: it really asks
STS."""

from __future__ import annotations

import secrets

import streamlit as st

from app.content import Content
from app.flow.errors import FlowError
from app.flow.model import Status, Step
from app.flow.names import DEFAULT_AUDIENCE, annotated_role_arn
from app.ui.draw import components
from app.ui.draw.checks import mark, said
from app.ui.state import session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose, value
from app.world.faults import Fault

OTHER = "default"
"""The ServiceAccount that exists in every namespace. A Pod whose manifest names no ServiceAccount has a token of this
one."""
_SECONDS = 3600


def offer(fault: Fault, walk_view: WalkView, content: Content) -> None:
    """A button that lets the other ServiceAccount try, and what STS answered; nothing for other faults."""
    if not fault.harmless or fault.changes != "trust_policy":
        return
    role_arn = annotated_role_arn(walk_view.walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account"))
    lead = content.message("lab.other_lead", other=f"{session.subject().namespace}/{OTHER}")
    components.block(
        f'<h2 class="heading">{escape(content.message("lab.other_heading"))}</h2><p>{prose(lead)}</p>', key="lab_other"
    )
    if st.button(content.message("lab.other_try"), key="lab_other_try", icon=":material/send:"):
        components.block(f'<div role="status">{_tried(role_arn, content)}</div>', key="lab_other_answer")


def _tried(role_arn: str, content: Content) -> str:
    """STS's answer to a token of the other ServiceAccount."""
    ports = session.simulated_ports()
    try:
        token = ports.cluster.request_token(session.subject().namespace, OTHER, DEFAULT_AUDIENCE, _SECONDS)
        answer = ports.aws.assume_role_with_web_identity(role_arn, f"other-{secrets.token_hex(4)}", token)
    except FlowError as error:
        return f"<p>{prose(content.message('lab.other_refused'))}</p>{said(error.server_message, content)}"
    rows = (("SubjectFromWebIdentityToken", answer.subject), ("AssumedRoleUser.Arn", answer.arn))
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{value(found)}</dd>" for name, found in rows)
    sentence = prose(content.message("lab.other_allowed"))
    warned = mark(Status.WARNING, content)
    return f'<div class="outcome warning">{warned}<div><p>{sentence}</p><dl>{facts}</dl></div></div>'
