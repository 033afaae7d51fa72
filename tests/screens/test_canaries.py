"""No secret of a reader's world is in what a page draws, hands to a component, keeps or puts in its URL."""

from __future__ import annotations

import logging

import pytest

from app.content import LANGUAGES, PAGES
from tests import canaries
from tests.canaries import API_TOKEN, STS_TOKEN


def sent(screen) -> str:
    """Every element as it goes over the websocket, whatever its kind."""
    return "\n".join(str(node.proto) for node in screen.test._tree if getattr(node, "proto", None) is not None)


def tokens(screen) -> list[str]:
    from app.ui import session
    from app.wiring import simulated

    ports = simulated(session.simulation(), screen.world)
    return [
        ports.cluster.execute("default", "pod-after", "aws-cli", ["cat", path]).stdout
        for path in (STS_TOKEN, API_TOKEN)
    ]


def leaks(screen, secrets: dict[str, str], log: str) -> list[str]:
    state = repr(screen.test.session_state._state.filtered_state)
    return canaries.found(secrets, sent(screen), screen.everything, state, repr(screen.test.query_params), log)


@pytest.mark.parametrize("depth", ["1", "3"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_holds_a_secret(screen, language, depth, caplog, capfd):
    caplog.set_level(logging.INFO)
    session = screen(lang=language)
    before = tokens(session)
    found = {}
    for page in PAGES:
        session.open(page, depth=depth)
        assert not session.test.exception
        secrets = canaries.of_world(session.world, {*before, *tokens(session)})
        output = capfd.readouterr()
        found[page] = leaks(session, secrets, caplog.text + output.out + output.err)
        assert len(sent(session)) > 1000
    assert {page: names for page, names in found.items() if names} == {}
    assert session.world.account_id in sent(session.open("sts_assume"))  # what is no secret is shown


def test_no_interaction_brings_one_to_light(screen, caplog, capfd):
    """Those that send a token, or change what the world answers."""
    caplog.set_level(logging.INFO)
    session = screen(lang="en").open("token_mount", depth="3")
    before = tokens(session)
    found = []

    def look() -> None:
        assert not session.test.exception
        output = capfd.readouterr()
        secrets = canaries.of_world(session.world, {*before, *tokens(session)})
        found.extend(leaks(session, secrets, caplog.text + output.out + output.err))

    session.test.segmented_control(key="anatomy_view").set_value("flip").run()
    look()
    session.test.segmented_control(key="anatomy_view").set_value("other").run()
    session.click("send_other")
    look()
    session.click("run_again")
    look()
    session.world.account.roles.clear()
    session.click("run_again").open("sts_assume", depth="3")
    look()
    assert found == []
