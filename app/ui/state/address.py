"""What an address contains from page to page: how the reader looks at the pages, and what they are about. Names, and no
secret.

So a reload, a link that is opened in a tab of its own and a link that is passed on show the same. The reader's consent
to more than reading is not in it: a link must not send anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlencode

import streamlit as st

from app.ui.state.live_selection import LiveSelection

LOOK = ("lang", "depth", "mode", "present")
CLUSTER = ("context", "in_cluster", "profile", "region")
SUBJECT = ("namespace", "service_account", "pod")
NOTHING = dict.fromkeys((*CLUSTER, *SUBJECT))
"""No choice."""
LONGEST = 512
"""Characters of a value. A longer one is no name, and a page would repeat it in a hundred links."""
_YES = "1"


def kept() -> dict[str, str]:
    """The parameters of the present address that are repeated in the addresses of other pages."""
    return {name: text for name, text in _given(*LOOK, *CLUSTER, *SUBJECT).items() if len(text) <= LONGEST}


def subject() -> dict[str, str]:
    """The subject in the present address, as far as it contains one."""
    return _given(*SUBJECT)


def query(language: str, **params: str) -> str:
    """The query of a link to another page of ours; `params` are that page's own."""
    return _encoded(tuple({**kept(), "lang": language, **params}.items()))


@lru_cache(maxsize=1024)
def _encoded(params: tuple[tuple[str, str], ...]) -> str:
    """Many links of a page, and those of its next runs, have the same."""
    return urlencode(params)


def read(chosen: LiveSelection) -> None:
    """Takes the choice from the address. What the address does not contain stays as it was chosen.

    An address that is still the one that we wrote says nothing new: the reader may have chosen since.
    """
    asked = _given(*CLUSTER, *SUBJECT)
    if asked == chosen.written:
        return

    # (1) The cluster, and the identity: with another one everything begins again.
    choice = replace(
        chosen.choice,
        profile=asked.get("profile", chosen.choice.profile),
        region=asked.get("region", chosen.choice.region),
    )
    if "context" in asked or "in_cluster" in asked:
        in_cluster = asked.get("in_cluster") == _YES
        choice = replace(choice, in_cluster=in_cluster, context="" if in_cluster else asked.get("context", ""))
    if choice != chosen.choice:
        chosen.turn_to(choice)

    # (2) The subject: choices that depend on it are made again. An address that names no Pod means the newest.
    for name in SUBJECT:
        if name in asked and asked[name] != getattr(chosen, name):
            chosen.pick(name, asked[name])
    if "service_account" in asked and "pod" not in asked and chosen.pod is not None:
        chosen.pick("pod", None)


def put(changes: Mapping[str, str | None]) -> None:
    """Changes the address; None removes a parameter.

    All at once, and always in one order: every change is an entry in the browser's history. The sidebar's links drop
    the query; if exactly the same one is put back, the browser sees no change.
    """
    given = st.query_params.to_dict()
    changed = {**given, **changes}
    wanted = {name: text for name in (*LOOK, *NOTHING, *changed) if (text := changed.get(name)) is not None}
    if wanted != given:
        st.query_params.from_dict(wanted)


def write(chosen: LiveSelection, look: Mapping[str, str | None]) -> None:
    """Puts the choice into the address, as far as it is known, and how the reader looks at it."""
    choice = chosen.choice
    named = {
        "context": choice.context or None,
        "in_cluster": _YES if choice.in_cluster else None,
        "profile": choice.profile or None,
        "region": choice.region or None,
        "namespace": chosen.namespace or None,
        "service_account": chosen.service_account or None,
        "pod": chosen.pod,  # empty: no Pod is chosen; None: the newest is meant
    }
    put({**look, **named})
    chosen.written = {name: text for name, text in named.items() if text is not None}


def _given(*names: str) -> dict[str, str]:
    given = st.query_params.to_dict()  # once: a page has hundreds of links
    return {name: given[name] for name in names if name in given}
