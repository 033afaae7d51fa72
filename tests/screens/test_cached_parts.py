"""The large parts of a page at addresses of their own: which page makes one, and when it is another."""

from collections import Counter, OrderedDict

import pytest

from app.ui.draw import cached_parts, components
from app.ui.state import session
from app.ui.step import page
from tests.screens.conftest import fetched, kept_text

PARTS = ("story_webhook", "found_webhook", "behind_webhook_2", "instrument_admission_review")
FAULT = "F04"


@pytest.fixture
def ours(monkeypatch):
    monkeypatch.setattr(components, "is_ours", lambda: True)


def parts(shown):
    return {key: shown.data(key)["html"] for key in PARTS}


def test_our_own_server_names_the_address_of_each_part_and_has_there_what_another_one_sends(screen, monkeypatch):
    shown = screen(lang="en")
    inline = parts(shown.open("webhook", depth="2"))
    monkeypatch.setattr(components, "is_ours", lambda: True)
    addresses = parts(shown.open("webhook"))
    assert {key: fetched(address) for key, address in addresses.items()} == inline
    assert max(map(len, addresses.values())) < 100 < min(map(len, inline.values()))


def test_a_part_is_made_once_for_a_walk_and_again_for_another(screen, ours, monkeypatch):
    made = Counter()
    found = page._found

    def counted(step, *given):
        made[step] += 1
        return found(step, *given)

    monkeypatch.setattr(page, "_found", counted)
    shown, other = screen(lang="en"), screen(lang="en")
    first = parts(shown.open("webhook", depth="2"))
    shown.open("access")
    assert parts(shown.open("webhook")) == first
    assert made == {"webhook": 1, "access": 1}
    others = parts(other.open("webhook", depth="2"))
    assert {key for key in PARTS if others[key] == first[key]} == {"story_webhook", "behind_webhook_2"}, "for all"

    whole = fetched(first["found_webhook"])
    session.simulation().inject(shown.world, FAULT)
    broken = parts(shown.open("webhook"))
    assert fetched(broken["found_webhook"]) != whole
    assert broken["story_webhook"] == first["story_webhook"], "its words say nothing of the world"
    assert broken["behind_webhook_2"] == first["behind_webhook_2"]


def test_what_is_the_same_for_all_is_made_once_for_each_language_depth_and_link(screen, ours, monkeypatch):
    made, story, folds = Counter(), page._story, page._folds
    monkeypatch.setattr(cached_parts, "_for_all", OrderedDict())
    monkeypatch.setattr(page, "_story", lambda *given: made.update(["story"]) or story(*given))
    monkeypatch.setattr(page, "_folds", lambda *given: made.update(["folds"]) or folds(*given))
    one, other = screen(lang="en"), screen(lang="en")
    for shown in (one, other):
        shown.open("webhook", depth="2")
        shown.click("run_again")
    assert made == {"story": 1, "folds": 1}
    one.open("webhook", depth="3")
    assert made == {"story": 2, "folds": 2}, "the links carry the depth on"
    one.click("run_again")
    assert made == {"story": 2, "folds": 3}, "at the greatest depth the wire is in it"
    other.open("webhook", lang="ja")
    assert made == {"story": 3, "folds": 4}


def test_what_is_kept_for_all_is_bounded_and_stays_for_those_who_see_it(screen, ours, monkeypatch):
    monkeypatch.setattr(cached_parts, "_for_all", OrderedDict())
    monkeypatch.setattr(cached_parts, "FOR_ALL", 2)
    shown = screen(lang="en").open("webhook", depth="2")
    seen = parts(shown)
    screen(lang="en").open("access", depth="2")
    assert {part for part, _ in cached_parts._for_all} == {"story_access", "behind_access"}
    assert all(map(fetched, seen.values()))


def test_another_language_and_what_a_link_carries_on_are_other_parts(screen, ours):
    shown = screen(lang="en")
    english = fetched(parts(shown.open("webhook", depth="2"))["story_webhook"])
    japanese = fetched(parts(shown.open("webhook", lang="ja"))["story_webhook"])
    assert "lang=ja" in japanese
    assert "lang=ja" not in english


def test_a_session_keeps_one_text_of_each_part(screen, ours):
    shown = screen(lang="en")
    kept = []
    for language in ("en", "ja"):
        for name in ("webhook", "access"):
            shown.open(name, depth="2", lang=language)
        kept.append(dict(shown.test.session_state["kept_parts"]))
    assert kept[0].keys() == kept[1].keys()
    addresses = [{getattr(made, "address", made) for _, made in parts.values()} for parts in kept]
    assert not addresses[0] & addresses[1]


def test_what_a_run_named_stays_there_while_the_browser_may_still_ask_for_it(screen, ours):
    """A button that was pressed twice quickly left a 404 in the browser's console."""
    shown = screen(lang="en")

    def named():
        return {*parts(shown).values(), shown.data("film")["film"]}

    shown.open("webhook", depth="2")
    first = named()
    shown.click("run_again")
    shown.click("run_again")
    replaced = first - named()
    assert len(replaced) == 3, "the other two are for all"
    assert all(map(kept_text, replaced))
    for _ in range(cached_parts.LATEST):
        shown.click("run_again")
    with pytest.raises(LookupError):
        kept_text(replaced.pop())
