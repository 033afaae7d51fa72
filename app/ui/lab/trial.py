"""What a reader is doing in the lab: which fault, what was predicted, what was changed by hand.

A fault acts on the browser's world, which all of its tabs share; so all of this is kept beside that world. That the
fault is hidden is, too, so that no other tab tells its name.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, field

import streamlit as st

from app.flow.model import Step
from app.ui.lab import score, secrecy
from app.ui.state import session
from app.world.faults import FAULTS, CannotBeInjected, Fault
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.world import World

PARAM = "fault"
"""The name in the address."""
NOTHING = ""
"""In place of a step or of a text: nothing fails."""
_KEY = "lab"
"""Beside the world: the trial."""
_LAST = "lab_last"
"""In the session: the id of the fault that was tried last."""
_WALKED = "lab_walked"
"""In the session: the last change by hand after which it walked; another tab may have made or undone one since."""
_REFUSED = "lab_cannot"
"""In the session: in which world and at which address a fault could not be caused, and why."""
_ASKED = "lab_asked"
"""In the session: which fault is asked about, in which world with which node; its text, and those to choose from."""
_TEXTS = 3
"""Other faults' texts that are offered beside the right one."""
_UNDO = 10
"""Edits that can be taken back."""


@dataclass(kw_only=True)
class Guess:
    """What was predicted before the fault was caused."""

    step: str
    text: str
    own: str
    """The fault's text as it was foretold."""
    came: str = ""
    """The same text as it came, with the times that nobody can foretell."""


@dataclass(kw_only=True)
class Trial:
    """One fault in one world."""

    fault: Fault = field(repr=False)
    guess: Guess | None = None
    """None where the reader did not want to guess, or could not: the fault was hidden."""
    hints: int = 0
    """How many were opened."""
    tried: tuple[str, str] | None = None
    """The last answer to a hidden fault: a step, and a fault's id."""
    revealed: bool = False
    """Whether it was hidden, and is no longer."""
    reverted: bool = False
    """Whether it was taken back."""
    edits: list[WorldSnapshot] = field(default_factory=list, repr=False)
    """The world before each change by hand, the last one last."""


def current() -> Trial | None:
    """What is in force in this browser's world, or was reverted last; None where there is nothing."""
    here, trial = session.world(), _kept()
    if not here.faults:
        return trial if trial and trial.reverted else None
    if trial is None or trial.reverted or trial.fault.id != here.faults[0]:
        trial = _keep(FAULTS[here.faults[0]])  # it was not caused in the lab
    last = trial.edits[-1] if trial.edits else None
    if st.session_state.get(_WALKED) is not last:
        session.run_again()
        st.session_state[_WALKED] = last
    return trial


def refusal() -> str:
    """Why the last fault could not be caused in this world; empty where it could, and where another one is asked about.

    It stays until then: to have tried it changes the world, which lets the page run again by itself.
    """
    about, said = st.session_state.get(_REFUSED, (None, ""))
    return str(said) if about == _asked_about() and not session.world().faults else ""


def _asked_about() -> tuple[str, str]:
    return session.world().path, str(st.query_params.get(PARAM, ""))


def _is_caused(fault: Fault) -> bool:
    """Fixes the world and breaks it again, unless its owner has taken away what the fault would change."""
    st.session_state.pop(_REFUSED, None)
    try:
        session.inject(fault.id)
    except CannotBeInjected as error:
        st.session_state[_REFUSED] = (_asked_about(), error.obstacle)
        return False
    return True


def inject(fault: Fault, guess: Guess | None) -> None:
    """Fixes the world, then breaks it."""
    if not _is_caused(fault):
        return
    secrecy.show(session.world())
    trial = _keep(fault, guess)
    if guess:
        guess.came = fault.text(session.world())
        score.count(fault.id, [guess.text == guess.own, guess.step == seen_at(fault)])
    st.session_state.pop(_ASKED, None)
    st.query_params[PARAM] = trial.fault.id


def surprise() -> None:
    """Breaks the world by a fault that is not named; the last one is not taken again."""
    last = st.session_state.get(_LAST)
    fault = secrets.choice([fault for fault in FAULTS.values() if not fault.harmless and fault.id != last])
    here = session.world()
    secrecy.hide(here)  # before it is caused: another tab may look at any moment
    if not _is_caused(fault):
        secrecy.show(here)
        return
    _keep(fault)
    st.query_params.pop(PARAM, None)


def answer(trial: Trial, step: str, fault_id: str) -> None:
    """Takes an answer; where it is right, the fault is hidden no longer. The first one counts."""
    right_step, right = step == trial.fault.step, is_cause(trial, FAULTS[fault_id])
    if trial.tried is None:
        score.count(trial.fault.id, [right_step, right])
    trial.tried = (step, fault_id)
    if right:
        reveal(trial)


def is_cause(trial: Trial, named: Fault) -> bool:
    """Whether that fault is the one in force, or another case of it."""
    return named.number == trial.fault.number


def repaired(trial: Trial) -> None:
    """Counts a fault that was fixed without its name as found, unless an answer came before."""
    if trial.tried is None:
        score.count(trial.fault.id, [True, True])


def reveal(trial: Trial) -> None:
    """Tells what was hidden. A reader who has neither answered nor changed anything gets no point."""
    if trial.tried is None and not trial.edits:
        score.count(trial.fault.id, [False, False])
    secrecy.show(session.world())
    trial.revealed = True
    st.query_params[PARAM] = trial.fault.id


def revert() -> None:
    """Takes the fault back, and all that was done since."""
    trial = current()
    secrecy.show(session.world())
    session.revert()
    if trial:
        trial.reverted = True
        trial.edits.clear()


def leave() -> None:
    """Goes back to the list."""
    st.query_params.pop(PARAM, None)
    kept = _kept()
    if kept and kept.reverted:
        session.page_state().pop(_KEY, None)


def apply(trial: Trial, kind: str, text: str) -> None:
    """Writes an object as the reader typed it, and lets the Pod run again. Raises `EditRefused`.

    Where it is the Pod that the API server does not take, the object stays as it was typed.
    """
    before = session.save()
    session.edit(before.world, kind, text)
    _remember(trial, before)
    if kind != "pod":
        session.recreate_pod(before.world)


def recreate_pod(trial: Trial) -> None:
    """Recreates the Pod. Raises `EditRefused`; then nothing has changed."""
    before = session.save()
    session.recreate_pod(before.world)
    _remember(trial, before)


def _remember(trial: Trial, before: WorldSnapshot) -> None:
    trial.edits.append(before)
    del trial.edits[:-_UNDO]
    st.session_state[_WALKED] = before


def undo(trial: Trial) -> None:
    """Goes back to before the last change by hand."""
    if trial.edits:
        session.restore(trial.edits.pop())


def reset(trial: Trial) -> None:
    """Goes back to before the first change by hand that is remembered."""
    if trial.edits:
        session.restore(trial.edits[0])
        trial.edits.clear()


def seen_at(fault: Fault) -> str:
    """The step at which it shows, or `NOTHING`."""
    return fault.seen or NOTHING


def question(fault: Fault) -> tuple[str, list[str]]:
    """The fault's text as this world foretells it, and the texts to choose from; the same ones as long as it is asked.

    A text that names a time would be another one with each run of the page.
    """
    here = session.world()
    asked = (here.path, fault.id, here.account.node and here.account.node.kind)
    kept = st.session_state.get(_ASKED)
    if not kept or kept[0] != asked:
        kept = st.session_state[_ASKED] = (asked, fault.text(here), texts(fault, here))
    own, offered = kept[1:]
    return own, offered


def texts(fault: Fault, world: World) -> list[str]:
    """The fault's text among those of others, in this world's names, always in the same order; `NOTHING` comes last."""
    own = fault.text(world)
    others = dict.fromkeys(other.text(world) for other in FAULTS.values())
    mixed = random.Random(fault.id)  # noqa: S311 (an order of choices, no secret)
    offered = mixed.sample([text for text in others if text not in (own, NOTHING)], _TEXTS)
    if own:
        offered.append(own)
        mixed.shuffle(offered)
    return [*offered, NOTHING]


def same_text(fault: Fault, world: World) -> list[Fault]:
    """The other faults with the same text; none where there is no text."""
    own = fault.text(world)
    return [other for other in FAULTS.values() if own and other.id != fault.id and other.text(world) == own]


def of_step(step: Step) -> list[Fault]:
    """The faults whose cause lies in that step."""
    return [fault for fault in FAULTS.values() if fault.step is step]


def _kept() -> Trial | None:
    found = session.page_state().get(_KEY)
    return found if isinstance(found, Trial) else None


def _keep(fault: Fault, guess: Guess | None = None) -> Trial:
    session.page_state()[_KEY] = trial = Trial(fault=fault, guess=guess)
    st.session_state[_LAST], st.session_state[_WALKED] = fault.id, None
    return trial
