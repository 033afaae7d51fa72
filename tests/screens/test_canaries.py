"""No secret of a reader's world is in what a page draws, hands to a component, keeps or puts in its URL."""

from __future__ import annotations

import logging

import pytest

from app.content import PAGES
from app.flow.model import Step
from tests import canaries
from tests.canaries import API_TOKEN, MARK, STS_TOKEN
from tests.screens.live import reality


def tokens(screen, world=None) -> list[str]:
    from app.ui.state import session
    from app.wiring import simulated

    ports = simulated(session.simulation(), world or screen.world)
    return [
        ports.cluster.execute("default", "pod-after", "aws-cli", ["cat", path]).stdout
        for path in (STS_TOKEN, API_TOKEN)
    ]


def leaks(screen, secrets: dict[str, str], log: str) -> list[str]:
    state = repr(screen.test.session_state._state.filtered_state)
    return canaries.found(secrets, screen.sent, screen.everything, state, repr(screen.test.query_params), log)


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_no_page_holds_a_secret(screen, language, caplog, capfd):
    """At full depth; the steps, which are cut short there, at the first one as well."""
    caplog.set_level(logging.INFO)
    session = screen(lang=language)
    before = tokens(session)
    found = {}
    for page, depth in (*((page, "3") for page in PAGES), *((step, "1") for step in Step)):
        session.open(page, depth=depth)
        assert not session.test.exception
        secrets = canaries.of_world(session.world, {*before, *tokens(session)})
        output = capfd.readouterr()
        found[page, depth] = leaks(session, secrets, caplog.text + output.out + output.err)
        assert len(session.sent) > 1000
    assert {place: names for place, names in found.items() if names} == {}
    assert session.world.account_id in session.open("sts_assume").sent  # what is no secret is shown


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


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_no_page_of_live_mode_holds_a_secret(screen, simulation, language, tmp_path, monkeypatch, caplog, capfd):
    """With everything granted, then with a login that has expired and keys that are not known."""
    caplog.set_level(logging.INFO)
    real = reality(simulation, f"secret {language}", tmp_path, monkeypatch)
    try:
        session = screen(lang=language, live="doctor", depth="3")
        for action in ("dry_run", "read_token", "exchange", "s3"):
            session.click(f"do_doctor_{action}")
        session.click("do_survey")
        secrets = canaries.of_world(real.world, tokens(session, real.world))
        found = {}
        for round_ in ("granted", "expired"):
            for page in ("home", *Step, "doctor"):
                session.open(page)
                assert not session.test.exception
                output = capfd.readouterr()
                secrets = canaries.of_world(real.world, tokens(session, real.world)) | secrets
                found[round_, page] = leaks(session, secrets, caplog.text + output.out + output.err)
                assert len(session.sent) > 1000
            real.log_in_as(expired := f"{MARK}-bearer-token-of-nobody")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", unknown := f"{MARK}/secret/access/key/of/nobody")
            secrets |= {"an expired token": expired, "an unknown key": unknown}
            session.click("run_again")
        assert {place: names for place, names in found.items() if names} == {}
    finally:
        simulation.store.discard(f"secret {language}")
