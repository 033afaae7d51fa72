"""The ways to do a task: a button that sends the requests, the console, and the reader's own terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

import streamlit as st

from app.content import Content
from app.flow.build.plan import Act
from app.flow.build.tasks import Progress
from app.ui.build import state, views
from app.ui.console import console
from app.ui.draw import components, page_errors, reveal
from app.ui.draw.checks import said
from app.ui.draw.code import code
from app.ui.draw.documents import document, json_lines
from app.ui.figures.wire import indented
from app.ui.marks import CLAIMS
from app.ui.state import mode, session
from app.ui.text import escape, prose, value, whole_words
from app.world.setup.tool_files import Shell, terminal_block

_WAYS = ("do", "console", "terminal")
_OF_STS = ("SubjectFromWebIdentityToken", "Audience", "Provider", "Arn", "AccessKeyId", "Expiration")
"""The elements to read in STS's response, which is one line of XML."""


def ways(shown: Progress, acts: tuple[Act, ...], before: Sequence[Progress], content: Content) -> None:
    """Draws the ways, a tab each. They stay when the task is done, without the button. `before`: the tasks before
    it."""
    task = shown.task.id
    again = f'<p class="caption">{prose(content.message("build.again"))}</p>' if shown.done else ""
    typed = again + code(content, "\n".join(act.command for act in acts))
    by_button, by_console, by_terminal = st.tabs([content.message(f"build.way_{way}") for way in _WAYS])
    with by_button:
        components.block(typed, key=f"build_commands_{task}")
        if not shown.done:
            st.button(
                content.message("build.do"),
                help=content.message("build.do_help"),
                key="build_do",
                icon=":material/send:",
                type="primary",
                on_click=state.do,
                args=(task, acts, state.Press(world=session.world().path)),
            )
        if (found := state.outcome(task)) and (drawn := _came_back(found, before, content)):
            components.block(drawn, key="build_came_back")
    with by_console:
        components.block(f"<p>{prose(content.message('build.in_console'))}</p>{typed}", key=f"build_in_console_{task}")
        console(session.world(), content)
    with by_terminal:
        terminal(content)
        components.block(f"<p>{prose(content.message('build.terminal.copy'))}</p>{typed}", key=f"build_typed_{task}")


def _came_back(found: state.Outcome, before: Sequence[Progress], content: Content) -> str:
    """The output that the commands are for, and below it the decoded token."""
    shown = "".join(_printed(it.command, it.output, content) for it in found.sent if it.output)
    if found.claims:
        lit = document(content, json_lines(found.claims), dict.fromkeys(((name,) for name in CLAIMS), ""))
        shown += f'<p class="caption">{prose(content.message("build.claims"))}</p>{lit}'
    if found.refused:
        shown += f'<p class="failed">{prose(content.message("build.refused"))}</p>{said(found.refused, content)}'
        if links := views.tasks_not_done(before, content):
            shown += f"<p>{prose(content.message('build.refused_before'))}</p>{links}"
    if not shown:
        return ""
    return f'<h4>{escape(content.message("build.sent"))}</h4><div class="came_back">{shown}</div>'


def _printed(command: str, output: str, content: Content) -> str:
    head = f"<b>$ {whole_words(escape(command))}</b>"
    if not output.startswith("<"):
        return f'<pre class="log">{head}\n{escape(output)}</pre>'
    facts = "".join(
        f"<dt>{name}</dt><dd>{value(found[1])}</dd>"
        for name in _OF_STS
        if (found := re.search(f"<{name}>([^<]*)</{name}>", output))
    )
    return (
        f'<pre class="log">{head}</pre><dl>{facts}</dl><p class="caption">{prose(content.message("build.as_json"))}</p>'
        f'<details class="more"><summary>{escape(content.message("build.whole_answer"))}</summary>'
        f'<pre class="log">{escape(indented(output))}</pre></details>'
    )


@page_errors.fragment
def terminal(content: Content) -> None:
    """The lines for a terminal in this browser's world, shown on a click, and only where no one else can see them."""
    if not mode.is_on_this_machine():
        components.block(
            f'<p class="caption">{prose(content.message("build.terminal.elsewhere"))}</p>', key="build_else"
        )
        return
    components.block(f"<p>{prose(content.message('build.terminal.first'))}</p>", key="build_first")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shell = st.segmented_control(
            content.message("build.terminal.shell"),
            get_args(Shell),
            default="posix",
            key="build_shell",
            format_func=lambda name: content.message(f"build.shells.{name}"),
            required=True,
        )
        pressed = st.button(
            content.message("build.terminal.show"),
            help=content.message("build.terminal.help"),
            key="build_block",
            icon=":material/visibility:",
        )
    if pressed and reveal.is_possible():
        lines = terminal_block(session.simulation(), session.world(), shell or "posix")
        note = f'<p class="caption">{prose(content.message("build.terminal.shown"))}</p>'
        components.block(code(content, lines) + note, key="build_shown")
        st.button(content.message("reveal.hide"), key="build_conceal", icon=":material/visibility_off:")
