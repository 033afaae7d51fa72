"""Films that the app makes of simulated worlds: of one that works, and of some that are broken, each in another way."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.film import Film, film, overview
from app.flow.model import Subject
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_json import film_json, names_of
from app.wiring import simulated
from app.world.faults import FAULTS
from app.world.lifecycle.simulation import Simulation

Films = Mapping[str, Mapping[str, dict]]
"""What the browser is given, by language and name."""

BROKEN = {
    "policy": "F21",  # STS refuses at the third claim
    "fallback": "F04",  # the webhook adds nothing, and the Pod gets the node's credentials
    "unsigned": "F32",  # no token, and so none in the request
    "unread": "F09",  # the cause is seen, and shows at the file
    "unasked": "F13",  # the program never asks STS
    "unreachable": "F42",  # the issuer does not respond
    "denied": "F47",  # S3 refuses, in many words
}
"""By name, the fault of a film."""
NAMES = ("normal", "live", "overview", *BROKEN)
_SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


@cache
def films(*names: str) -> Films:
    """Those of `NAMES`."""
    made = dict(_made({BROKEN.get(name, "") for name in names}))
    found: dict[str, dict[str, dict]] = {language: {} for language in LANGUAGES}
    for name in names:
        shown, diagnosis = made[BROKEN.get(name, "")]
        if name == "live":
            shown = _unheard(diagnosis)
        if name == "overview":
            shown = overview(shown)
        for language in LANGUAGES:
            found[language][name] = document(shown, diagnosis, language, ends_whole=name != "overview")
    return found


def overviews() -> Iterator[tuple[str, str, dict]]:
    """That of every fault: its id, the language, and what the browser is given."""
    for fault_id, (shown, diagnosis) in _made(("", *FAULTS)):
        for language in LANGUAGES:
            yield fault_id, language, document(overview(shown), diagnosis, language, ends_whole=False)


def document(shown: Film, found: Diagnosis, language: str, *, ends_whole: bool = True) -> dict:
    """What a page gives to the browser."""
    text = film_json(shown, load(language), _SUBJECT, names_of(found.walk), ends_whole=ends_whole)
    return json.loads(text)


def _made(fault_ids: Collection[str]) -> Iterator[tuple[str, tuple[Film, Diagnosis]]]:
    with Simulation() as simulation:
        world = simulation.world("films")
        saved = simulation.save(world)
        for fault_id in fault_ids:
            if fault_id:
                simulation.inject(world, fault_id)
            found = examine(simulated(simulation, world), _SUBJECT)
            heard = (*world.log.setup(), *world.log.exchanges())
            yield fault_id, (film(found.walk, found.chain, heard), found)
            simulation.restore(world, saved)


def _unheard(found: Diagnosis) -> Film:
    """The same where the servers let nobody listen."""
    reports = tuple(
        replace(report, exchanges=tuple(it for it in report.exchanges if it.caller == "explorer"))
        for report in found.walk
    )
    walk = replace(found.walk, reports=reports)
    return film(walk, chain_state(walk, found.checks))
