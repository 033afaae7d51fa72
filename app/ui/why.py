"""The story behind it all: one role for a node against a role per ServiceAccount, told and then shown."""

from __future__ import annotations

import streamlit as st

from app.content import Content, Section
from app.ui import components, diagram, language, navigation, session
from app.ui.figures import NODE_ROLE, POD_ROLE
from app.ui.text import escape, prose
from app.world import scenario

_SIDES = (("node-role", NODE_ROLE, scenario.POD_BEFORE), ("per-service-account", POD_ROLE, scenario.POD_AFTER))
"""The two ways, side by side: the section that tells it, the picture, and the Pod that lives it in this world."""


def why() -> None:
    """Draws the page."""
    content, visit = language.content(), session.visit()
    lesson = content.lesson("why")

    with navigation.onward("why", content):
        # (1) The story.
        st.title(lesson.title, anchor=False)
        components.block(f'<p class="goal">{prose(lesson.section("goal").body)}</p>', key="goal")
        _section(lesson.section("problem"))

        # (2) Both ways: a picture, what really happened in this world, and the words.
        for column, (anchor, figure, pod) in zip(st.columns(2, gap="large"), _SIDES, strict=True):
            section = lesson.section(anchor)
            with column:
                st.subheader(section.heading, anchor=False)
                diagram.draw(figure, content, visit.walk)
                components.block(_log(pod, visit.logs[pod], content), key=f"log_{pod}")
                st.markdown(section.body)

        # (3) What to keep.
        _section(lesson.section("pairing"))
        _section(lesson.section("recap"))


def _section(section: Section) -> None:
    st.subheader(section.heading, anchor=False)
    st.markdown(section.body)


def _log(pod: str, log: str, content: Content) -> str:
    caption = escape(content.message(f"screens.{pod.replace('-', '_')}"))
    return f'<p class="caption">{caption}</p><pre class="log"><b>$ kubectl logs {escape(pod)}</b>\n{escape(log)}</pre>'
