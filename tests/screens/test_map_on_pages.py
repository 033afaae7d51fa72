"""The map on the pages: which film each one plays, from where, and what a click on a chip opens."""

import gc
import json
from html import unescape
from types import SimpleNamespace

import pytest

from app.content import LANGUAGES, load
from app.flow.film import film as film_of_walk
from app.flow.model import Step
from app.ui.draw import cached_parts, components
from app.ui.map import film_view, player
from app.ui.state import session
from tests.screens.conftest import kept_text
from tests.screens.live import reality

FAULT = "F23"
"""The trust policy names another ServiceAccount."""


def film(shown, key="film"):
    """The film that the map of a page was given."""
    return json.loads(shown.data(key)["film"])


def ids(played):
    return [beat["id"] for beat in played["beats"]]


def steps(played):
    return [beat["step"] for beat in played["beats"]]


def test_the_film_of_a_walk_is_made_once_for_all_pages(screen, monkeypatch):
    made = []
    monkeypatch.setattr(film_view, "film", lambda *given: made.append(film_of_walk(*given)) or made[-1])
    shown = screen(lang="en")
    for page in ("webhook", "webhook", "access"):
        shown.open(page)
    assert len(made) == 1


def test_our_own_server_sends_a_film_once_and_a_page_names_its_address(screen, monkeypatch):
    inline = film(screen(lang="en").open("webhook"))
    monkeypatch.setattr(components, "is_ours", lambda: True)
    monkeypatch.setattr(cached_parts, "LATEST", 1)
    shown, other = screen(lang="en"), screen(lang="en")
    webhook, access = (shown.open(page).data("film") for page in ("webhook", "access"))
    assert webhook["film"] == access["film"], "another page of the same walk"
    assert player.files()[webhook["words"]], "nothing at the address of the words"
    text = kept(webhook["film"])
    assert ids(text) == ids(inline)
    assert other.open("webhook").data("film")["film"] != webhook["film"], "another reader's"

    session.simulation().inject(shown.world, FAULT)
    broken = shown.open("access").data("film")["film"]
    assert kept(broken)["guilty"] == ["policy"]
    shown.test.run()  # Streamlit keeps what a run has replaced until the next one
    with pytest.raises(LookupError):
        kept(webhook["film"])


def kept(address):
    gc.collect()
    return json.loads(kept_text(address))


@pytest.mark.parametrize("language", LANGUAGES)
def test_home_plays_six_beats_once_and_all_of_it_on_demand(screen, language):
    shown = screen(lang=language).open("home")
    assert steps(film(shown)) == list(Step)
    assert (shown.data("film")["plays"], shown.data("film")["part"]) == ("once", "")

    toggle = shown.test.toggle(key="whole_film")
    assert toggle.label == load(language).message("home.whole_film")
    toggle.set_value(True).run()
    assert shown.data("film")["plays"] == "now"
    assert len(ids(film(shown))) > 2 * len(Step)
    assert ids(film(shown))[-1] == "whole"


def test_a_step_says_nothing_before_the_prediction_and_plays_a_wrong_one_before_the_truth(screen):
    shown = screen(lang="en", asked=True).open("webhook")
    before = shown.data("film")
    assert (before["part"], before["answered"], before["plays"]) == ("webhook", "no", "")
    assert not any(beat["supposed"] for beat in film(shown)["beats"])

    shown.test.radio(key="predict_webhook_option").set_value("token")
    shown.click("predict_answer")
    after = shown.data("film")
    assert (after["part"], after["answered"], after["plays"]) == ("webhook", "yes", "now")
    own = [beat for beat in film(shown)["beats"] if beat["step"] == Step.WEBHOOK]
    assert [beat["id"] for beat in own] == ["imagined_token", "create", "review", "patch"]
    assert [(beat["supposed"], beat["end"], beat["opens"]) for beat in own] == [
        (True, "stop", False),
        *[(False, "", True)] * 3,
    ]

    shown.test.run()
    assert shown.data("film")["plays"] == "", "it plays by itself once"


def test_a_right_prediction_is_not_played(screen):
    shown = screen(lang="en", asked=True).open("access")
    shown.test.radio(key="predict_access_option").set_value("role")
    shown.click("predict_answer")
    assert shown.data("film")["answered"] == "yes"
    assert not any(beat["supposed"] for beat in film(shown)["beats"])


def test_a_click_on_a_chip_draws_its_exchange(screen, monkeypatch):
    shown = screen(lang="en").open("webhook")
    assert "film_exchange" not in shown.keys
    drawn = player._component
    monkeypatch.setattr(player, "_component", lambda **given: (drawn(**given), SimpleNamespace(opened="review"))[1])
    html = unescape(shown.open("webhook").html("film_exchange"))
    report = shown.test.session_state["walk_view"].walk.report(Step.WEBHOOK)
    sent = next(exchange for exchange in report.exchanges if exchange.caller == "kube-apiserver")
    assert "AdmissionReview" in html
    assert str(sent.status) in html


def test_the_lab_opens_at_the_whole_map_and_after_the_fix_plays_both_films(screen):
    shown = screen(lang="en").open("break_it", fault=FAULT)
    assert "film" not in shown.keys, "nothing is broken yet"
    content = load("en")
    press(shown, content.message("lab.run_unguessed"))
    broken = film(shown)
    assert (shown.data("film")["opens"], ids(broken)[-1]) == ("whole", "whole")
    assert broken["guilty"] == ["policy"]

    press(shown, content.message("lab.revert"))
    assert "film" not in shown.keys
    both = shown.data("films")
    assert json.loads(both["before"])["id"] == broken["id"]
    after = json.loads(both["film"])
    assert (after["guilty"], after["shows"], after["path_label"]) == ([], "", "")
    assert ids(after)[-2:] == ["buckets", "whole"]
    parted = [one for one, other in zip(ids(after), ids(broken), strict=False) if one == other].index(both["opens"])
    assert parted > 0, "what is the same in both is not shown first"


def press(shown, label):
    next(button for button in shown.test.button if button.label == label).click().run()
    assert not shown.test.exception


def test_the_doctors_page_opens_at_the_whole_map_of_what_it_found(screen):
    shown = screen(lang="en").open("doctor")
    assert shown.stands_out == ["next"]
    assert (shown.data("film")["opens"], shown.data("film")["part"]) == ("whole", "")
    assert film(shown)["guilty"] == []
    session.simulation().inject(shown.world, FAULT)
    shown.click("examine")
    assert film(shown)["guilty"] == ["policy"]
    assert load("en").message("film.path", lies="②", shows="⑤") in film(shown)["beats"][-1]["plain"]


def test_without_a_walk_the_map_has_no_film(screen, simulation, tmp_path, monkeypatch):
    real = reality(simulation, "map", tmp_path, monkeypatch)
    real.path.unlink()
    shown = screen(lang="en", live="home")
    simulation.store.discard("map")
    assert (film(shown)["beats"], set(film(shown)["names"])) == ([], set())
    assert shown.data("film")["plays"] == ""
    assert "whole_film" not in [toggle.key for toggle in shown.test.toggle]
