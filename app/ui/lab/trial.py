"""The reader's trial in the lab: which fault, what was predicted, and what was changed by hand.

A fault changes the browser's world, which all of its tabs share, so all of this is kept beside that world. So is the
fact that the fault is hidden, so that no other tab shows its name.
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
"""The parameter of the address."""
NOTHING = ""
"""The value for “no step” or “no error message”: nothing fails."""
_KEY = "lab"
"""Beside the world: the trial."""
_LAST = "lab_last"
"""In the session: the id of the fault that was tried last."""
_WALKED = "lab_walked"
"""In the session: the last change by hand after which the page walked through the world; another tab may have made or
undone one since."""
_REFUSED = "lab_cannot"
"""In the session: in which world and at which address a fault could not be injected, and why."""
_ASKED = "lab_asked"
"""In the session: the fault that the questions are about, with the world and its kind of node; its message, and the
messages to choose from."""
_TEXTS = 3
"""How many messages of other faults are offered beside the right one."""
_UNDO = 10
"""How many changes by hand can be undone."""


@dataclass(kw_only=True)
class Guess:
    """The prediction before the fault was injected."""

    step: str
    text: str
    own: str
    """The fault's text as it was foretold."""
    came: str = ""
    """The same message as it came, with the times that no one can know beforehand."""


@dataclass(kw_only=True)
class Trial:
    """One fault in one world."""

    fault: Fault = field(repr=False)
    guess: Guess | None = None
    """None where the reader did not want to predict, or could not because the fault was hidden."""
    hints: int = 0
    """How many hints were opened."""
    tried: tuple[str, str] | None = None
    """The last answer to a hidden fault: a step, and a fault's id."""
    revealed: bool = False
    """Whether the fault was hidden, and no longer is."""
    reverted: bool = False
    """Whether the fault was reverted."""
    edits: list[WorldSnapshot] = field(default_factory=list, repr=False)
    """The world before each change by hand, the last one last."""


def current() -> Trial | None:
    """The trial whose fault is in force in this browser's world, or was reverted last; None where there is none."""
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


def _try_to_inject(fault: Fault) -> bool:
    """Reverts the previous fault and injects this one. False where the world lacks what it would change."""
    st.session_state.pop(_REFUSED, None)
    try:
        session.inject(fault.id)
    except CannotBeInjected as error:
        st.session_state[_REFUSED] = (_asked_about(), error.obstacle)
        return False
    return True


def inject(fault: Fault, guess: Guess | None) -> None:
    """Reverts the previous fault, then injects this one."""
    if not _try_to_inject(fault):
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
    if not _try_to_inject(fault):
        secrecy.show(here)
        return
    _keep(fault)
    st.query_params.pop(PARAM, None)


def answer(trial: Trial, step: str, fault_id: str) -> None:
    """Keeps an answer. If it is right, the fault is no longer hidden. The first answer counts."""
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
    """Shows the hidden fault. A reader who has neither answered nor changed anything gets no point."""
    if trial.tried is None and not trial.edits:
        score.count(trial.fault.id, [False, False])
    secrecy.show(session.world())
    trial.revealed = True
    st.query_params[PARAM] = trial.fault.id


def revert() -> None:
    """Reverts the fault, and everything that was done since it was injected."""
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
    """Stores an object as the reader typed it, and recreates the Pod. Raises `EditRefused`.

    Where the API server refuses the Pod, the object stays as it was typed.
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
    """Restores the world as it was before the last change by hand."""
    if trial.edits:
        session.restore(trial.edits.pop())


def reset(trial: Trial) -> None:
    """Restores the world as it was before the first change by hand that is remembered."""
    if trial.edits:
        session.restore(trial.edits[0])
        trial.edits.clear()


def seen_at(fault: Fault) -> str:
    """The step at which the fault appears, or `NOTHING`."""
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
