"""The thief: a token out of a Pod used elsewhere, what stops it, and who a wide trust policy lets in."""

import json
import re
from functools import cache

import pytest

from app.content import LANGUAGES, load
from app.ui.state import session
from app.ui.text import prose
from app.ui.thief import actions
from app.ui.thief.actions import DEFENCES, PATTERNS
from app.ui.thief.views import ATTEMPTS
from tests.by_turns import by_turns
from tests.screens.conftest import Screen, spaced
from tests.screens.live import reality

NEW = {"token_over", "retire_keys", "trust_nobody", "both"}
"""The measures after which STS gives the thief no new session."""
RUNNING = {"session_over", "token_over", "detach_policies", "revoke_sessions", "both"}
"""Those after which the session that the thief has is over."""
REVIEW = {"delete_pod", "delete_service_account", "token_over", "retire_keys"}
"""Those after which the API server refuses the token."""


def steal(lang="en"):
    """The session of a reader who has stolen the token."""
    shown = Screen(lang=lang).open("thief").click("thief_steal")
    assert not shown.test.exception
    return shown


@pytest.fixture
def stolen(simulation):
    return steal


@pytest.fixture(scope="module")
def thief(simulation):
    """The same, one of each language for the tests that only read."""
    return cache(steal)


def theft(shown):
    return session.simulation().page_state(shown.world)["thief"]


def choose(shown, key, name):
    shown.test.pills(key=key).set_value(name).run()
    assert not shown.test.exception
    return shown


def standings(shown):
    """Each row's cells: `taken` where it still works for the thief."""
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', shown.html("thief_defences"))
    return [re.findall(r'<td class="(taken|refused)"', row) for row in rows]


def trust_policy(shown):
    return json.loads(shown.world.account.roles["s3-reader"].trust_policy)


def test_it_begins_with_a_token_that_nobody_has_copied_yet(screen):
    shown = screen(lang="en").open("thief")
    assert not shown.test.exception
    assert "thief_loot" not in shown.keys
    listed = shown.html("thief_attempts")
    assert listed.count("<li>") == len(ATTEMPTS) >= 5  # none of them has an answer
    for name in ATTEMPTS:
        for part in ("title", "proves"):
            assert prose(load("en").message(f"thief.attempts.{name}.{part}")) in listed
    assert shown.test.button(key="thief_steal").label == "Steal the token"
    assert shown.stands_out == ["thief_steal"]
    assert "thief_sought" not in shown.keys
    shown.open("thief", section="limits")
    heading = load("en").lesson("thief").section("limits").heading
    said = load("en").message("thief.sought", section=heading, steal="Steal the token")
    assert said in shown.html("thief_sought"), "the section that the address asks for comes later"
    assert "thief_sought" not in shown.click("thief_steal").keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_token_works_outside_the_cluster_and_its_signature_stays_hidden(thief, language):
    shown = thief(language)
    found = theft(shown)
    assert shown.stands_out == ["next"]
    signature = found.loot.token.rpartition(".")[2]
    assert signature
    assert signature not in shown.everything
    assert signature not in repr(found)
    html = shown.html("thief_attempts")
    assert f"irsa-reports-{shown.world.account_id}" in spaced(html)
    assert f"arn:aws:sts::{shown.world.account_id}:assumed-role/s3-reader/thief" in spaced(html)
    assert found.used.credentials.secret_access_key not in shown.everything
    assert "system:serviceaccount:default:my-sa" in spaced(shown.html("thief_loot"))
    assert '<p class="caption" role="status">' in shown.html("thief_loot"), "what a press brought is read out"
    assert load(language).message("thief.attempts.heading") in html


def test_what_could_not_be_tried_says_so_and_has_no_answer(screen):
    shown = screen(lang="en").open("thief")
    shown.world.account.roles["s3-reader"].trust_policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    html = shown.click("thief_steal").html("thief_attempts")
    assert not shown.test.exception
    assert html.count(load("en").message("thief.attempts.not_tried")) == 2  # no session, so no identity and no S3
    assert html.count('<li class="failed"><div class="name">') == 4
    assert html.count('<li class="passed"><div class="name">') == 2


def test_the_request_to_sts_has_no_signature(thief):
    exchange = theft(thief("en")).used.exchanges[0]
    assert exchange.callee == "sts"
    assert "authorization" not in {name.lower() for name, _ in exchange.request_headers}


def test_audience_and_subject_limit_where_else_it_works(thief):
    used = theft(thief("en")).used
    assert {name: answer.taken for name, answer in used.others} == {
        "api_server": False,
        "other_token": False,
        "other_role": False,
        "role_without_sub": True,
    }
    said = dict(used.others)
    assert (said["api_server"].code, said["api_server"].server_message) == ("401", "Unauthorized")
    assert said["other_token"].code == "InvalidIdentityToken"
    assert said["other_role"].server_message == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def test_every_measure_stops_what_it_stops_and_the_world_is_put_back(stolen):
    shown = stolen()
    before = (trust_policy(shown), shown.world.clock.offset, shown.world.keys.published)
    shown.click("thief_try_all")
    assert not shown.test.exception
    expected = [["refused" if name in stops else "taken" for stops in (NEW, RUNNING, REVIEW)] for name in DEFENCES]
    assert standings(shown) == expected
    assert trust_policy(shown) == before[0]
    assert shown.world.clock.offset == pytest.approx(before[1], abs=60)
    assert shown.world.keys.published == before[2]
    assert shown.world.cluster.find("pods", "default", "pod-after") is not None
    assert shown.test.button(key="thief_back").disabled
    nothing = load("en").message("thief.nothing_in_force")
    assert [caption.value for caption in shown.test.caption].count(nothing) == 2  # one below each of the two buttons
    choose(shown, "thief_defence", "rotate_keys")
    assert nothing not in {caption.value for caption in shown.test.caption}


def test_what_was_read_is_folded_once_something_is_tried(stolen):
    shown, folded = stolen(), f"<summary>{load('en').message('thief.attempts.heading')}</summary>"
    assert folded not in shown.html("thief_attempts")
    choose(shown, "thief_defence", "rotate_keys")
    assert folded in shown.html("thief_attempts")
    assert f"irsa-reports-{shown.world.account_id}" in spaced(shown.html("thief_attempts"))
    shown.click("thief_steal")
    assert folded not in shown.html("thief_attempts")


def test_one_measure_takes_the_place_of_the_one_before(stolen):
    shown = choose(stolen(), "thief_defence", "delete_pod")
    assert shown.world.cluster.find("pods", "default", "pod-after") is None
    choose(shown, "thief_defence", "trust_nobody")
    assert shown.world.cluster.find("pods", "default", "pod-after") is not None
    assert "nobody" in json.dumps(trust_policy(shown))
    assert len(standings(shown)) == 2
    shown.click("thief_back")
    assert "my-sa" in json.dumps(trust_policy(shown))
    assert len(standings(shown)) == 2  # what was learnt stays


def test_a_measure_that_cannot_be_taken_says_why_and_changes_nothing(stolen, monkeypatch):
    shown = stolen()
    shown.world.cluster.delete("pods", "default", "pod-after")
    choose(shown, "thief_defence", "delete_pod")
    assert 'pods "pod-after" not found' in spaced(shown.html("thief_failed"))
    assert shown.test.button(key="thief_back").disabled
    monkeypatch.setattr(actions, "DEFENCES", {name: DEFENCES[name] for name in ("delete_pod", "detach_policies")})
    shown.click("thief_try_all")
    assert len(standings(shown)) == 1
    assert 'pods "pod-after" not found' in spaced(shown.html("thief_failed")), "although a later one was taken"


SUBJECTS = {
    "exact": {"default:my-sa"},
    "namespace": {"default:my-sa", "default:default", "default:attacker"},
    "name": {"default:my-sa", "sandbox:my-sa"},
    "literal": set(),
}


def test_the_subjects_that_a_pattern_matches_get_in(stolen):
    shown = stolen()
    shown.test.checkbox(key="thief_made_up").check().run()
    for pattern in PATTERNS:
        choose(shown, "thief_pattern", pattern)
        those_of_the_pattern_get_in(shown, pattern)


def those_of_the_pattern_get_in(shown, pattern):
    attempts = theft(shown).attempts
    everybody = {attempt.subject.removeprefix("system:serviceaccount:") for attempt in attempts}
    assert everybody == {
        f"{account['metadata']['namespace']}:{account['metadata']['name']}"
        for account in shown.world.cluster.list("serviceaccounts", "")
    }
    assert {"sandbox:my-sa", "default:attacker", "shop:orders"} <= everybody
    inside = {attempt.subject.removeprefix("system:serviceaccount:") for attempt in attempts if attempt.answer.taken}
    assert inside == SUBJECTS.get(pattern, everybody), pattern
    html = shown.html("thief_everybody")
    assert load("en").message("thief.inside", inside=len(inside), total=len(everybody)) in spaced(html)
    assert html.count('<tr class="taken') == len(inside)


def test_the_trust_policy_is_put_back_and_what_the_attacker_created_is_gone(stolen):
    shown = stolen()
    before = trust_policy(shown)
    shown.test.checkbox(key="thief_made_up").check().run()
    choose(shown, "thief_pattern", "all")
    assert trust_policy(shown) != before
    assert shown.world.cluster.find("namespaces", "", "sandbox") is not None
    shown.click("thief_back_wide")
    assert trust_policy(shown) == before
    assert shown.world.cluster.find("namespaces", "", "sandbox") is None
    assert not shown.test.exception


def test_without_the_attackers_only_those_of_the_cluster_ask(stolen):
    shown = choose(stolen(), "thief_pattern", "name")
    attempts = theft(shown).attempts
    assert [attempt.subject for attempt in attempts if attempt.answer.taken] == ["system:serviceaccount:default:my-sa"]
    shown.test.checkbox(key="thief_made_up").check().run()
    attempts = theft(shown).attempts
    assert [attempt.made_up for attempt in attempts if attempt.answer.taken] == [False, True]


def test_a_reload_finds_what_was_stolen_and_puts_the_world_back(stolen, screen):
    shown = choose(stolen(), "thief_defence", "trust_nobody")
    again = screen(lang="en")
    again.test.session_state["browser"] = shown.test.session_state["browser"]
    again.open("thief")
    assert again.test.pills(key="thief_defence").value == "trust_nobody"
    again.click("thief_back")
    assert "nobody" not in json.dumps(trust_policy(shown))
    assert not again.test.exception


def test_other_pages_say_what_is_in_force_and_take_it_back(stolen):
    shown = choose(stolen(), "thief_defence", "trust_nobody")
    assert "thief_strip_words" not in shown.keys
    shown.open("home")
    assert load("en").message("thief.defences.trust_nobody.name") in spaced(shown.html("thief_strip_words"))
    shown.click("thief_strip_back")
    assert "nobody" not in json.dumps(trust_policy(shown))
    assert "thief_strip_words" not in shown.keys
    assert not shown.test.exception


def test_the_api_server_calls_a_token_valid_that_does_not_get_in(stolen):
    content = load("en")
    html = choose(stolen(), "thief_defence", "delete_pod").html("thief_defences")
    cells = [spaced(cell) for cell in re.findall(r"<td.*?</td>", html)]
    assert content.message("thief.works") in cells[0]
    assert content.message("thief.invalid") in cells[2]
    assert re.search(r'<p role="status">(.*?)</p>', html)[1] == content.message("thief.defences.delete_pod.outcome")


def test_without_a_token_to_copy_there_is_a_way_on(screen):
    shown = screen(lang="en")
    shown.world.cluster.delete("pods", "default", "pod-after")
    shown.open("thief").click("thief_steal")
    assert 'pods "pod-after" not found' in spaced(shown.html("no_token"))
    shown.click("no_token_reset").click("thief_steal")
    assert "thief_loot" in shown.keys
    assert not shown.test.exception


def test_another_world_has_had_no_thief(stolen):
    shown = stolen().click("reset")
    assert not shown.test.exception
    assert "thief_loot" not in shown.keys


@pytest.mark.parametrize(("page", "language"), by_turns(["time_machine", "thief"], LANGUAGES))
def test_live_mode_shows_that_the_page_needs_a_simulated_world(
    screen, simulation, tmp_path, monkeypatch, page, language
):
    reality(simulation, "real", tmp_path, monkeypatch)
    shown = screen(lang=language, live=page)
    assert not shown.test.exception
    assert load(language).message("simulated_only.why") in spaced(shown.html("needs"))
    assert not {button.key for button in shown.test.button} & {"thief_steal", "act_delete_pod"}
    shown.click("simulate")
    assert {button.key for button in shown.test.button} & {"thief_steal", "act_delete_pod"}
    simulation.store.discard("real")


def film(shown):
    """The beats of the map that are played."""
    return [beat for beat in json.loads(shown.data("film")["film"])["beats"] if not beat.get("past")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_map_plays_each_attempt_with_what_the_door_said(stolen, language):
    shown = stolen(language)
    beats, used = film(shown), theft(shown).used
    assert [beat["id"] for beat in beats] == list(ATTEMPTS)
    assert [(beats[0][end]) for end in ("from", "to")] == ["pod", "thief"]
    assert {beat["from"] for beat in beats[1:]} == {"thief"}
    answers = {"copy": True, "sts": used.sts.taken, **{name: it.taken for name, it in (*used.then, *used.others)}}
    assert {beat["id"]: beat["end"] for beat in beats} == {
        name: "let_in" if taken else "refused" for name, taken in answers.items()
    }
    for beat in beats:  # nothing is broken: a refusal is the good end
        assert bool(beat["words"]) == (beat["end"] == "refused")
        assert beat["opens"]
    assert json.loads(shown.data("film")["film"])["guilty"] == []
    assert shown.data("film")["plays"] == "now"
    shown.test.run()
    assert shown.data("film")["plays"] == ""  # once
    signature = theft(shown).loot.token.rpartition(".")[2]
    assert signature not in shown.data("film")["film"]


def test_the_map_plays_what_is_left_after_a_measure(stolen):
    shown, content = stolen(), load("en")
    choose(shown, "thief_defence", "trust_nobody")
    new, running = film(shown)
    assert (new["id"], new["end"], new["to"]) == ("new", "refused", "sts")
    assert (running["id"], running["end"], running["to"]) == ("running", "let_in", "s3")
    name = content.message("thief.defences.trust_nobody.name")
    assert new["say"] == prose(content.message("film.tried.new.refused", measure=name))
    # The token is with the thief already.
    past = [beat for beat in json.loads(shown.data("film")["film"])["beats"] if beat.get("past")]
    assert "stolen_token" in {add["id"] for beat in past for add in beat["adds"]}
    shown.click("thief_try_all")
    beats = film(shown)
    assert len(beats) == 2 * len(DEFENCES)
    assert len({beat["id"] for beat in beats}) == len(beats)
    assert [[beat["end"] == "let_in" for beat in beats[at : at + 2]] for at in range(0, len(beats), 2)] == [
        [cell == "taken" for cell in row[:2]] for row in standings(shown)
    ]
