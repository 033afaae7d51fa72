"""Pages follow their world: one walk for a change, the film from the beat that changed, and the feed."""

import pytest

from app.content import load
from app.serving import request_facts
from app.ui.frame import page_setup
from app.ui.state import session, shared_walks
from tests.screens.live import LAUNCHED, asked_as
from tests.world.kubernetes_world import ACCOUNTS, MERGE, Api

ROLE = "eks.amazonaws.com/role-arn"


@pytest.fixture
def annotate(simulation):
    """Changes an annotation of the world's ServiceAccount, as a learner's terminal does."""

    def annotated(world, key, value):
        api = Api(simulation, world)
        api.client.headers["user-agent"] = "kubectl/v1.32.3 (linux/amd64)"
        assert api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"annotations": {key: value}}}, MERGE).status == 200
        api.close()

    return annotated


@pytest.fixture
def tabs(screen):
    """Two tabs of one browser."""
    first = screen(lang="en").open("service_account")
    second = screen(lang="ja")
    second.test.session_state["browser"] = first.test.session_state["browser"]
    return first, second.open("service_account")


def walk_of(shown):
    return shown.test.session_state["walk_view"]


def film_of(shown):
    found = shown.data("film")
    return found["plays"], found["opens"]


def test_a_change_brings_one_walk_for_both_tabs_and_the_film_from_what_changed(tabs, annotate, monkeypatch):
    first, second = tabs
    before = walk_of(first)
    annotate(first.world, ROLE, None)
    assert film_of(first) != ("on", "annotate")

    walks = []
    made = shared_walks.walk_through
    monkeypatch.setattr(shared_walks, "walk_through", lambda *given: walks.append(given) or made(*given))
    doctors = []
    diagnose = session.diagnose
    monkeypatch.setattr(session, "diagnose", lambda *given: doctors.append(given) or diagnose(*given))
    first.test.run()
    second.test.run()

    assert walk_of(first) is walk_of(second) is not before
    assert (len(walks), len(doctors)) == (1, 1)
    assert film_of(first) == film_of(second) == ("on", "annotate")
    first.test.run()
    assert film_of(first) == ("", ""), "it plays once"
    assert len(walks) == 1, "nothing has happened since"


def test_what_one_tab_does_to_the_world_is_followed_by_the_other_with_the_same_walk(tabs, simulation):
    first, second = tabs
    events = first.world.log.events
    for act in ("clock_sidebar_1", "run_again"):
        changed = events.changed
        first.click(act)
        assert changed < events.changed == walk_of(first).change, "the tab itself has nothing to follow"
        second.test.run()
        assert walk_of(second) is walk_of(first)
    first.open("break_it", fault="F01").click("lab_run_unguessed")
    assert events.changed == walk_of(first).change
    second.test.run()
    assert walk_of(second) is walk_of(first)
    assert "lab_strip" in second.keys
    first.click("lab_revert")
    changed = events.changed
    first.open("service_account", namespace="default", service_account="default")
    assert changed < events.changed == walk_of(first).change
    first.test.run()
    assert events.changed == walk_of(first).change, "the address says nothing new"
    second.test.run()
    assert walk_of(second).walk.subject == walk_of(first).walk.subject


def test_a_page_whose_beats_did_not_change_plays_nothing_and_keeps_what_was_chosen(screen, annotate):
    shown = screen(lang="en", asked=True).open("service_account")
    shown.test.radio[0].set_value(shown.test.radio[0].options[0]).run()
    chosen, before = shown.test.radio[0].value, walk_of(shown)
    annotate(shown.world, "example.com/note", "x")
    shown.test.run()
    assert walk_of(shown) is not before
    assert shown.test.radio[0].value == chosen
    assert film_of(shown) == ("", "")


def test_a_world_without_cpu_time_leaves_the_page_as_it_is_until_there_is_some(screen, annotate, monkeypatch):
    shown = screen(lang="en").open("service_account")
    before = walk_of(shown)
    annotate(shown.world, ROLE, None)
    with monkeypatch.context() as busy:
        busy.setattr(shown.world.usage, "wait", lambda **_: 1.0)
        shown.test.run()
    assert walk_of(shown) is before
    assert shown.title.endswith(load("en").lesson("service_account").title)
    shown.test.run()
    assert walk_of(shown) is not before


def test_a_change_while_the_page_is_drawn_is_for_the_next_run(screen, annotate, monkeypatch):
    """The feed says to the browser which change the page shows: with a later one no run would come for it."""
    asked_as(monkeypatch)
    shown = screen(lang="en").open("service_account")
    before, show_notices = walk_of(shown), page_setup.show_notices
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(
            page_setup, "show_notices", lambda *given: (annotate(shown.world, ROLE, None), show_notices(*given))
        )
        shown.test.run()
    assert not shown.test.exception
    assert walk_of(shown) is before
    assert shown.data("feed")["changed"] == before.change < shown.world.log.events.changed
    shown.test.run()
    assert walk_of(shown).change == shown.data("feed")["changed"] == shown.world.log.events.changed


def test_a_fault_that_another_tab_causes_during_a_walk_is_walked_through(screen, simulation, monkeypatch):
    shown = screen(lang="en").open("service_account")
    walk, through = shared_walks.walk, []

    def walk_and_inject(*given):
        through.append(shown.world.faults)
        found = walk(*given)
        simulation.inject(shown.world, "F01")
        return found

    monkeypatch.setattr(shared_walks, "walk", walk_and_inject)
    shown.click("run_again")
    assert through == [(), ("F01",)]


def test_a_read_brings_no_walk(screen, simulation):
    shown = screen(lang="en").open("webhook")
    before = walk_of(shown)
    api = Api(simulation, shown.world)
    api.get(f"{ACCOUNTS}/my-sa")
    api.close()
    shown.test.run()
    assert walk_of(shown) is before


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_feed_has_what_the_script_needs(screen, monkeypatch, language):
    monkeypatch.setattr(request_facts, "read", lambda _: LAUNCHED)
    shown = screen(lang=language).open("webhook")
    events = shown.world.log.events
    words = load(language).messages
    assert shown.data("feed") == {
        **{"stream": events.name, "number": events.number, "changed": walk_of(shown).change, "language": language},
        **{name: words[f"feed.{name}"] for name in ("heading", "empty", "step")},
    }


def test_where_no_terminal_reaches_the_world_nothing_speaks_of_one(screen, monkeypatch):
    asked_as(monkeypatch, forwarded_by="x-forwarded-for")
    assert screen(lang="en").open("webhook").data("feed")["empty"] == ""


def test_under_another_server_there_is_no_feed(reader):
    assert "feed" not in reader("ja").open("webhook").keys
