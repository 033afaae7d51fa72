"""The two wordings of STS's error messages: the switch between them, and both texts of each refusal, side by side, from
real requests."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.content import Content
from app.flow.json_access import get_str
from app.flow.names import DEFAULT_AUDIENCE, role_in
from app.flow.ports import Ports
from app.flow.verdict.refusals import REFUSALS
from app.ui.draw import components
from app.ui.draw.cached_parts import kept
from app.ui.draw.sections import unfolding
from app.ui.draw.server_answers import Answer, ask
from app.ui.state import session
from app.ui.state.depth import WIRE, depth
from app.ui.text import escape, prose
from app.world.aws.errors import AwsError
from app.world.lifecycle.experiments import DEFAULT
from app.world.setup.scenario import NAMESPACE
from app.world.setup.sts_wordings import Wording, ask_sts
from app.world.world import World

WORDINGS: tuple[Wording, ...] = ("current", "classic")
_KEY = "sts_wording"
_SESSION = "irsa-explorer-wording"
_NO_TOKEN = "irsa-explorer"
_SECONDS = 600
_MEANT = {
    "no_provider": "no_provider",
    "audience": "wrong_audience",
    "trust": "not_authorized",
    "not_a_jwt": "not_a_token",
}
"""By case: the id of the refusal that it is about."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One refusal in both wordings."""

    case: str
    current: Answer
    classic: Answer

    @property
    def differs(self) -> bool:
        """Whether STS has changed its words for it."""
        return self.current.server_message != self.classic.server_message


def fold(content: Content) -> None:
    """The switch and the texts, folded unless the reader wants all details: STS is asked once the fold is opened."""
    opened = depth() == WIRE
    within = unfolding(
        content.message("wording.heading"), icon="translate", opened=opened, key=f"wording_fold_{opened}"
    )
    if within is not None:
        with within:
            switch(content)
            side_by_side(content)


def switch(content: Content) -> None:
    """The control that says in which words STS refuses, in the simulated world."""
    st.session_state[_KEY] = session.world().account.sts_wording
    st.segmented_control(
        content.message("wording.switch"),
        WORDINGS,
        key=_KEY,
        format_func=lambda wording: content.message(f"wording.{wording}"),
        help=content.message("wording.help"),
        required=True,
        on_change=_chosen,
    )


def side_by_side(content: Content) -> None:
    """STS's messages in both wordings, when and where each was seen, and how sure that is."""
    pairs = kept("wordings", lambda: compare(session.simulated_ports(), session.world()), session.simulated_walk_view())
    components.block(_drawn(pairs, content), key="wordings")


def compare(ports: Ports, world: World) -> tuple[Pair, ...]:
    """Asks STS for each refusal in both wordings. The world's own wording stays the same for all its other users.

    Where the world is broken, or its chain is not built yet, STS may refuse for another reason: then that refusal is
    left out.
    """
    accounts = (world.account, world.other_account)
    own, other = (role_in(account.account_id, world.seeded.role) for account in accounts)

    def pair(case: str, role_arn: str, audience: str) -> Pair:
        def token() -> str:
            return ports.cluster.request_token(NAMESPACE, DEFAULT, audience, _SECONDS) if audience else _NO_TOKEN

        untold, sent = ask(token, str)
        current, classic = (_asked(world, wording, role_arn, sent) if sent else untold for wording in WORDINGS)
        return Pair(case=case, current=current, classic=classic)

    asked = (
        pair("no_provider", other, DEFAULT_AUDIENCE),
        pair("audience", own, world.api_audience),
        pair("trust", own, DEFAULT_AUDIENCE),
        pair("not_a_jwt", own, ""),
    )
    return tuple(each for each in asked if _is_meant(each))


def _is_meant(pair: Pair) -> bool:
    meant = next(refusal for refusal in REFUSALS if refusal.id == _MEANT[pair.case])
    return pair.classic.code == meant.code and meant.words in pair.classic.server_message


def _asked(world: World, wording: Wording, role_arn: str, token: str) -> Answer:
    try:
        answer = session.simulation().run(ask_sts(world, wording, role_arn, _SESSION, token))
    except AwsError as error:
        return Answer(taken=False, code=error.code, server_message=error.message)
    return Answer(taken=True, got=get_str(answer, "AssumedRoleUser", "Arn"))


def set_wording(world: World, wording: Wording) -> None:
    """Sets the wording in which STS refuses from now on, whichever account the role is in."""
    world.account.sts_wording = world.other_account.sts_wording = wording


def _chosen() -> None:
    if (wording := st.session_state[_KEY]) in WORDINGS:  # a forged message can leave the control without a value
        set_wording(session.world(), wording)
        session.run_again()


def _drawn(pairs: tuple[Pair, ...], content: Content) -> str:
    changed = "".join(_pair(pair, content) for pair in pairs if pair.differs)
    same = "".join(
        f"<li>{prose(content.message(f'wording.cases.{pair.case}.title'))}"
        f"<blockquote>{_words(pair.current)}</blockquote></li>"
        for pair in pairs
        if not pair.differs
    )
    unchanged = f"<h3>{escape(content.message('wording.unchanged'))}</h3><ul>{same}</ul>" if same else ""
    return (
        f'<div class="wordings"><p>{prose(content.message("wording.lead"))}</p>{changed}'
        f"{unchanged}<p>{prose(content.message('wording.sources'))}</p></div>"
    )


def _pair(pair: Pair, content: Content) -> str:
    texts = "".join(
        f"<div><h4>{escape(content.message(f'wording.{wording}'))}</h4><blockquote>{_words(answer)}</blockquote></div>"
        for wording, answer in zip(WORDINGS, (pair.current, pair.classic), strict=True)
    )
    title, seen, sure = (
        prose(content.message(f"wording.cases.{pair.case}.{part}")) for part in ("title", "seen", "sure")
    )
    return f'<section><h3>{title}</h3><div class="beside">{texts}</div><p>{seen}</p><p>{sure}</p></section>'


def _words(answer: Answer) -> str:
    return escape(f"{answer.code}: {answer.server_message}" if answer.server_message else answer.got)
