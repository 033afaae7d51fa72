"""The prediction: before a fault is injected, the reader says at which step and by which error message it will
appear."""

from __future__ import annotations

import re

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.model import HOLDS, Status, Step
from app.ui.draw import components
from app.ui.lab import trial
from app.ui.lab.fault_list import step_name, title
from app.ui.lab.trial import NOTHING, Guess, Trial
from app.ui.state import language, session
from app.ui.text import distinguishing_part, escape, prose
from app.world.faults import FAULTS, Fault, names

_OF_AWS = re.compile(r"`An error occurred \((\w+)\)(?: when calling the (\w+) operation)?: (.+)`")
"""How the AWS CLI prints an error (`botocore.exceptions.ClientError`), as inline code."""
_PROOF = {
    Step.OIDC_PROVIDER: "provider.exists",
    Step.SERVICE_ACCOUNT: "trust.subject",
    Step.WEBHOOK: "pod.injected",
    Step.TOKEN_MOUNT: "token.subject",
    Step.STS_ASSUME: "sts.credentials",
    Step.ACCESS: "access.list_buckets",
}
"""The check of each step whose value says most plainly that the step holds."""


def ask(fault: Fault, content: Content) -> None:
    """Draws the fault and its two questions. The button injects the fault with the answers."""
    suppose = f'<p class="quiet">{prose(content.message("lab.suppose"))}</p>'
    components.block(heading(fault, content, lead=suppose), key="lab_fault")
    own, offered = trial.question(fault)
    step_key, text_key = f"lab_step_{fault.id}", f"lab_text_{fault.id}"
    with st.container(key="lab_predict", border=True):
        # A heading of its own: the label of a radio is its accessible name, in which Markdown would be read out.
        asked = f'<h2 class="heading">{escape(content.message("predict.heading"))}</h2>'
        components.block(asked, key="lab_predict_heading")
        language.keep(step_key)
        step = st.radio(
            content.message("lab.which_step"),
            [*Step, NOTHING],
            index=None,
            horizontal=True,
            key=step_key,
            format_func=lambda option: step_name(option, content),
            on_change="ignore",  # the page waits for the button; in a form it would not see a choice before that
        )
        language.keep(text_key)
        text = st.radio(
            content.message("lab.which_text"),
            offered,
            index=None,
            key=text_key,
            format_func=lambda option: _choice(option, content),
            on_change="ignore",
        )
        with st.container(horizontal=True, gap="small"):
            # As callbacks: a second press ends a run wherever that is, and the new run begins again with the answers.
            answered = st.button(
                content.message("lab.run"),
                key="lab_run",
                type="primary",
                on_click=_inject,
                args=(fault, own, step_key, text_key),
            )
            st.button(
                content.message("lab.run_unguessed"),
                key="lab_run_unguessed",
                type="tertiary",
                on_click=trial.inject,
                args=(fault, None),
            )
            if answered and (step is None or text is None):
                st.warning(content.message("lab.choose_both"))  # beside the button: below it, it may be out of sight


def _inject(fault: Fault, own: str, step_key: str, text_key: str) -> None:
    """Injects the fault with the two answers; where one is missing, the page says so."""
    step, text = st.session_state.get(step_key), st.session_state.get(text_key)
    if step is not None and text is not None:
        trial.inject(fault, Guess(step=str(step), text=str(text), own=own))


def heading(fault: Fault, content: Content, *, lead: str = "") -> str:
    """What is wrong, what the fault changes in the world, and how it happens in practice; `lead` is HTML below the
    title."""
    parts = {part: words(fault, part, content) for part in ("change", "story")}
    return (
        f'<div class="fault"><h2 class="heading"><span class="number">{escape(fault.id)}</span> '
        f"{prose(title(fault, content))}</h2>{lead}<p>{prose(parts['change'])}</p>"
        f'<p class="quiet">{prose(parts["story"])}</p></div>'
    )


def words(fault: Fault, part: str, content: Content) -> str:
    """A text about a fault, with the names of the chain that this browser's world is about."""
    return content.message(f"faults.{fault.id}.{part}", **names(session.world().chain))


def how_it_ended(guess: Guess, cause: Step, seen: str, found: Diagnosis | None, content: Content) -> str:
    """The prediction and what really happened: the step in which the cause lies, and the one at which it appeared.

    `found` says why a wrong step was wrong; None where the world is no longer as the prediction was about it.
    """
    really = content.message("lab.really", what=step_name(seen, content))
    if guess.step == cause:
        later = "lab.really_nowhere" if seen == NOTHING else "lab.really_later"
        really = content.message(later, what=step_name(seen, content))
    elif found and guess.step:
        really = content.facts.sentences(really, *_at_the_guessed(Step(guess.step), found, content))
    step = _line("lab.step", step_name(guess.step, content), guess.step == seen, really, content)
    right = guess.text == guess.own
    shown = content.message("lab.really_text", text=_label(guess.came, content))
    text = _line("lab.text", _label(guess.came if right else guess.text, content), right, shown, content)
    return f'<div role="status"><ul class="guessed">{step}{text}</ul></div>'


def _at_the_guessed(step: Step, found: Diagnosis, content: Content) -> list[str]:
    """What was found at the step that was predicted and that is neither the cause's nor the one where it appeared."""
    status = found.chain.step(step, found.walk)
    if status is Status.NOT_REACHED:
        return [content.message("lab.guess_not_reached")]
    checks = found.walk.report(step).checks
    wanted = _PROOF[step] if status in HOLDS else Status.FAILED
    check = next((check for check in checks if wanted in (check.id, check.status)), None)
    if check is None or (status in HOLDS and check.status is not Status.PASSED):
        return []
    title = content.check(check.id).fill(check, found.subject).title
    ended = "lab.guess_passed" if status in HOLDS else "lab.guess_failed"
    return [content.message(ended, check=title, got=distinguishing_part(check.got))]


def answered(it: Trial, content: Content) -> str:
    """The last answer to a hidden fault: step and cause, each right or wrong. Empty where there was none."""
    if it.tried is None:
        return ""
    step, cause = it.tried[0], FAULTS[it.tried[1]]
    lines = (
        _line("lab.cause_step", step_name(step, content), step == it.fault.step, "", content),
        _line("lab.cause", title(cause, content), trial.is_cause(it, cause), "", content),
    )
    return f'<div role="status"><ul class="guessed">{"".join(lines)}</ul></div>'


def _line(name: str, predicted: str, right: bool, really: str, content: Content) -> str:
    status, sign, word = ("passed", "✓", "right") if right else ("failed", "✕", "wrong")
    correction = "" if right else f' <span class="quiet">{prose(really)}</span>'
    return (
        f'<li class="{status}"><span class="label">{escape(content.message(name))}</span> {prose(predicted)} '
        f'<span class="mark"><span aria-hidden="true">{sign}</span> {escape(content.message(f"predict.{word}"))}</span>'
        f"{correction}</li>"
    )


def _label(text: str, content: Content) -> str:
    """A product's text as inline code, on one line; for an empty text, the words that nothing fails."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`" if text else content.message("lab.no_text")


def _choice(text: str, content: Content) -> str:
    """As `_label`, with what most of the messages have in common in gray, and the error code in bold."""
    label = _label(text, content)
    found = _OF_AWS.fullmatch(label)
    if found is None:
        return label
    code, operation, message = found.groups()
    during = f":gray[`) when calling the `]`{operation}`:gray[` operation:`]" if operation else ":gray[`):`]"
    return f":gray[`An error occurred (`]**`{code}`**{during}` {message}`"
