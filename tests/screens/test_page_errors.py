"""An error of ours on a page: one sentence with an id that the log has, and the rest of the page stays."""

from __future__ import annotations

import logging
import re

import pytest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from app.content import LANGUAGES, load
from app.ui.draw import page_errors

SECRET = "what only the log may say"


def broken(*_, **__):
    raise RuntimeError(SECRET)  # in the place of our code, which has called it


def sentence(screen, language):
    """The ids of the errors that the page shows."""
    words = re.escape(load(language).message("page_errors.sentence", id="WHICH")).replace("WHICH", "([0-9a-f]{8})")
    shown = [screen.html(key) for key in screen.keys if key.startswith("page_error_")]
    return re.findall(words, " ".join(shown).replace("<code>", "`").replace("</code>", "`").replace("&#x27;", "'"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("page", "part", "stays"),
    [
        ("sts_assume", "app.ui.step.instruments.claims_table.verdict", "found_sts_assume"),  # in a fragment
        ("sts_assume", "app.ui.step.page.checks", "matcher_mounted"),
        ("sts_assume", "app.ui.step.page.glossary", "found_sts_assume"),
        ("webhook", "app.ui.step.page.wire", "found_webhook"),
        ("why", "app.ui.story.blast_radius.result", "page"),
    ],
)
def test_a_part_that_fails_takes_nothing_else_away(screen, monkeypatch, caplog, language, page, part, stays):
    shown = screen(lang=language)
    monkeypatch.setattr(part, broken)
    with caplog.at_level(logging.ERROR, "irsa_explorer"):
        shown.open(page, depth="3")
    assert not shown.test.exception
    assert SECRET not in shown.everything
    ids = sentence(shown, language)
    assert len(ids) == 1
    assert stays in shown.keys
    assert any(button.key == "reset" for button in shown.test.sidebar.button)
    (record,) = (record for record in caplog.records if record.name == "irsa_explorer")
    assert ids[0] in record.getMessage()
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == SECRET


@pytest.fixture
def as_the_server_does(monkeypatch):
    """An error that ends a run goes where our server's go."""
    start = LocalScriptRunner.__init__

    def begin(self, *args, **kwargs):
        start(self, *args, **kwargs)
        self._on_script_error = page_errors.on_script_error

    monkeypatch.setattr(LocalScriptRunner, "__init__", begin)


@pytest.mark.usefixtures("as_the_server_does")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_whose_action_fails_leaves_the_page(screen, monkeypatch, language):
    shown = screen(lang=language).open("webhook")
    monkeypatch.setattr("app.ui.state.session.run_again", broken)
    shown.test.run()
    shown.click("run_again")
    assert not shown.test.exception
    assert len(sentence(shown, language)) == 1
    assert "journey" in shown.keys
    assert sentence(shown.open("webhook"), language) == []


@pytest.mark.usefixtures("as_the_server_does")
def test_what_is_asked_of_a_world_that_another_tab_has_replaced_ends_in_the_next_one(screen, simulation, monkeypatch):
    shown = screen(lang="en").open("webhook")
    old, move_clock = shown.world, simulation.move_clock

    def too_late(world, seconds):
        monkeypatch.setattr(simulation, "move_clock", move_clock)
        simulation.reset(shown.test.session_state["browser"])
        move_clock(world, seconds)

    monkeypatch.setattr(simulation, "move_clock", too_late)
    shown.click("clock_sidebar_1")
    assert shown.world is not old
    assert sentence(shown, "en") == []
    assert "lost" in shown.keys


def test_what_fails_again_and_again_ends_in_one_sentence(screen, monkeypatch):
    shown = screen(lang="en").open("webhook")
    state = {}
    monkeypatch.setattr(page_errors.st, "session_state", state)
    monkeypatch.setattr(page_errors.st, "rerun", lambda: None)
    drawn = []
    monkeypatch.setattr(page_errors, "_draw", lambda error_id, content: drawn.append(error_id))
    monkeypatch.setattr(page_errors.language, "content", lambda: load("en"))
    assert page_errors.on_script_error(RuntimeError("first"))
    assert not drawn
    assert page_errors.on_script_error(RuntimeError("second"))
    assert len(drawn) == 1
    assert state == {}
    assert shown.title


def test_what_only_streamlit_could_not_read_is_one_line_of_the_log(caplog):
    with caplog.at_level(logging.WARNING, "irsa_explorer"):
        try:
            int("junk")
        except ValueError as error:
            error_id = page_errors._record(error)
    (record,) = caplog.records
    assert error_id in record.getMessage()
    assert record.exc_info is None


@pytest.mark.parametrize(
    ("page", "key", "forged"),
    [
        ("why", "depth", None),
        ("one_minute", "one_minute_choice", None),
        ("why", "node_kind", "x"),
        ("sts_assume", "sts_wording", None),
    ],
)
def test_a_value_that_no_page_sends_is_none(screen, caplog, page, key, forged):
    shown = screen(lang="en").open(page, depth="3")
    node, wording = shown.world.account.node, shown.world.account.sts_wording
    if forged:
        control = shown.test.selectbox(key=key)
        control.options.append(forged)
        control.set_value(forged).run()
    else:
        shown.test.segmented_control(key=key).set_value(forged).run()
    assert not shown.test.exception
    assert not sentence(shown, "en")
    assert not [record for record in caplog.records if record.name == "irsa_explorer"]
    assert (shown.world.account.node, shown.world.account.sts_wording) == (node, wording)
