"""The time machine: landmarks, what is asked at each stop, acts and what they discard; the two wordings."""

import json
import re

import pytest

from app.content import LANGUAGES, load
from app.flow.errors import Refused
from app.flow.model import Step
from app.ui.draw import sts_wording
from app.ui.state import session
from app.ui.text import prose
from app.ui.time_machine import page
from app.wiring import simulated
from app.world.aws.iam import actions as iam
from app.world.lifecycle import experiments
from app.world.lifecycle.advance_clock import move_clock
from app.world.lifecycle.world_operations import role_arn
from tests.by_turns import by_turns
from tests.screens.conftest import Screen, spaced


@pytest.fixture
def machine(simulation):
    """Each with a new world: the stops are minutes of its token's life."""

    def opened(lang="en"):
        return Screen(lang=lang).open("time_machine")

    return opened


def history(shown):
    return session.simulation().page_state(shown.world)["time_machine"].history


def slider(shown):
    return shown.test.select_slider(key="time_machine_place")


def to(shown, name):
    """Goes to a landmark by the buttons, as a reader does."""
    label = load(shown.language).message(f"time_machine.marks.{name}")
    while (
        label
        not in spaced(shown.html("landmarks")).partition(load(shown.language).message("time_machine.here"))[0][-100:]
    ):
        assert not shown.test.button(key="moment_later").disabled
        shown.click("moment_later")
        assert not shown.test.exception
    return shown


def answers(shown):
    """What was accepted, in the page's order: STS, the API server, S3."""
    return re.findall(r'<li class="(passed|failed)">', shown.html("moment_answers"))


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_it_opens_with_all_that_the_first_token_and_session_can_do(machine, language):
    shown = machine(language)
    assert not shown.test.exception
    assert answers(shown) == ["passed"] * 3
    assert load(language).message("time_machine.same_token") in spaced(shown.html("moment_file"))
    claims = shown.claims
    assert claims["jti"] in spaced(shown.html("moment_file"))
    assert f"irsa-reports-{shown.world.account_id}" in spaced(shown.html("moment_pod"))


def test_the_landmarks_follow_from_the_token_and_the_session(machine):
    shown = machine()
    places = re.findall(r'<li class="ahead"><code>(\+\d+:\d\d)</code>', shown.html("landmarks"))
    assert places == ["+0:45", "+0:50", "+1:00", "+19:12", "+24:01", "+24:05"]
    assert set(places) <= set(slider(shown).options)
    groups = re.findall(r'<span class="numbers"[^>]*>(.*?)</span>', shown.html("line"))
    assert [re.findall(r"\d", group) for group in groups] == [["1", "2", "3"], ["4"], ["5", "6"]]
    assert slider(shown).options[-1] == "+36:00"
    for part in ("drawn", "stop", "later"):
        assert load("en").message(f"time_machine.legend.{part}") in spaced(shown.html("line"))


def test_the_session_ends_first_then_the_file_changes_and_sts_waits_for_five_minutes(machine):
    shown, content = machine(), load("en")
    to(shown, "mandatory")
    assert answers(shown) == ["passed", "passed", "passed"]
    to(shown, "ends")
    assert answers(shown) == ["passed", "passed", "failed"]
    assert "ExpiredToken: The provided token has expired." in spaced(shown.html("moment_answers"))
    to(shown, "due")
    assert prose(content.message("time_machine.other_token")) in shown.html("moment_file")
    assert answers(shown) == ["passed", "passed", "failed"]
    to(shown, "refused")
    assert answers(shown) == ["passed", "failed", "failed"]
    assert "[invalid bearer token, service account token has expired]" in spaced(shown.html("moment_answers"))
    assert content.message("time_machine.disagree.expired") in spaced(shown.html("moment_answers"))
    to(shown, "grace")
    assert answers(shown) == ["failed"] * 3
    assert "ExpiredTokenException: Token expired: current date/time" in spaced(shown.html("moment_answers"))
    # The Pod's own program reads the file, and works at any time.
    assert f"irsa-reports-{shown.world.account_id}" in spaced(shown.html("moment_pod"))


def test_where_the_pod_is_gone_the_token_is_refused_for_two_reasons(machine):
    shown = machine().click("act_delete_pod")
    to(shown, "refused")
    assert answers(shown) == ["passed", "failed", "failed"]
    assert load("en").message("time_machine.disagree.expired_gone") in spaced(shown.html("moment_answers"))


def test_the_slider_goes_back_to_the_state_of_then(machine):
    shown = machine()
    first = spaced(shown.html("moment_file"))
    to(shown, "due")
    assert spaced(shown.html("moment_file")) != first
    place = shown.test.session_state["time_machine_place"]
    slider(shown).set_value(0.0).run()
    assert spaced(shown.html("moment_file")) == first
    assert answers(shown) == ["passed"] * 3
    slider(shown).set_value(place).run()
    assert spaced(shown.html("moment_file")) != first
    assert not shown.test.exception


def test_in_the_past_it_says_beforehand_what_an_act_discards_and_then_discards_it(machine):
    shown, content = machine(), load("en")
    to(shown, "ends")
    assert content.message("time_machine.acts.discards_nothing") in spaced(shown.html("acts"))
    shown.click("moment_earlier").click("moment_earlier")
    assert len(history(shown).later) == 2
    assert prose(content.message("time_machine.acts.discards", count=2)) in shown.html("acts")
    shown.click("act_delete_pod")
    assert history(shown).later == ()
    assert content.message("time_machine.acts.discards_nothing") in spaced(shown.html("acts"))


def test_sts_takes_the_token_of_the_deleted_pod_that_the_api_server_refuses(machine):
    shown, content = machine(), load("en")
    shown.click("act_delete_pod")
    assert answers(shown) == ["passed", "failed", "passed"]
    html = spaced(shown.html("moment_answers"))
    assert "[invalid bearer token, service account token has been invalidated]" in html
    assert content.message("time_machine.disagree.revoked") in html
    assert 'pods "pod-after" not found' in spaced(shown.html("moment_pod"))
    assert shown.test.button(key="act_delete_pod").disabled
    note = prose(content.message("time_machine.gone_marks", pod="pod-after"))
    assert shown.html("landmarks").startswith(f'<p class="caption">{note}</p>')
    drawn = json.loads(shown.data("film")["film"])
    assert {"pod", "mount", "assume", "call"} <= {*drawn["ghosts"]}
    assert "The Pod has been deleted" in film(shown)[-1]["plain"]
    # The other pages say that it is gone, and lead back to where that can be undone.
    assert content.message("mode.deleted_link") in shown.open("token_mount").html("deleted")
    shown.open("time_machine").click("act_undo")
    assert note not in shown.html("landmarks")
    assert json.loads(shown.data("film")["film"])["ghosts"] == []
    assert answers(shown) == ["passed"] * 3
    assert "acts_done" not in shown.keys
    assert not shown.test.exception
    assert "deleted" not in shown.open("token_mount").keys


def test_a_pod_older_than_the_annotation_is_the_nodes_role_until_it_is_recreated(machine):
    shown, content = machine("ja"), load("ja")
    assert shown.test.button(key="act_recreate").disabled
    to(shown, "ends").click("act_annotate")
    late = shown.html("late_pod")
    assert 'class="failed" data-check="pod.age"' in late
    assert shown.world.node_role_name in late
    assert content.message("time_machine.late.older") in spaced(late)
    shown.click("act_recreate")
    late = shown.html("late_pod")
    assert 'class="passed" data-check="pod.age"' in late
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in late
    assert re.findall("<li><code>(.*?)</code>", shown.html("acts_done")) == ["+1:00"] * 2, "where each can be undone"
    assert not shown.test.exception


ACTS = ("annotate", "recreate", "delete_pod", "undo")


def not_now(shown):
    """What cannot be pressed, and the reasons that stand below it as text."""
    disabled = {name for name in ACTS if shown.test.button(key=f"act_{name}").disabled}
    return disabled, re.findall("<p[^>]*>(.*?)</p>", shown.html("acts_not_now"))


def reasons(*keys):
    return {key.split(".")[0] for key in keys}, [
        prose(load("en").message(f"time_machine.acts.{'undo_nothing' if key == 'undo' else key}", pod="pod-after"))
        for key in keys
    ]


def test_what_cannot_be_done_now_says_why_in_a_text(machine):
    shown = machine()
    assert not_now(shown) == reasons("recreate.too_early", "undo")
    assert shown.test.button(key="moment_earlier").label == load("en").message("time_machine.no_earlier")
    shown.click("act_annotate")
    assert not_now(shown) == reasons("annotate.already")
    shown.click("act_recreate").click("act_delete_pod")
    assert not_now(shown) == reasons("annotate.already", "recreate.already", "delete_pod.already")
    shown.click("moment_later")
    assert not_now(shown)[0] == {*ACTS}
    assert not shown.test.button(key="moment_earlier").disabled


def test_pod_before_can_be_recreated_where_somebody_has_deleted_it(machine):
    shown = machine()
    shown.click("act_annotate")
    shown.world.cluster.delete("pods", "default", "pod-before")
    shown.open("time_machine")
    assert not_now(shown) == reasons("annotate.already")
    shown.click("act_recreate")
    assert not shown.test.exception
    assert 'class="passed" data-check="pod.age"' in shown.html("late_pod")
    assert not_now(shown) == reasons("annotate.already", "recreate.already")


def test_a_change_elsewhere_is_noticed_and_said(machine):
    shown, content = machine(), load("en")
    to(shown, "ends").click("moment_earlier")
    iam.call(shown.world.account, "DeleteRole", {"RoleName": "frontend"})
    shown.test.run()
    for _ in range(2):  # the page may run again by itself before anyone has read it
        assert [info.value for info in shown.test.info] == [content.message("time_machine.elsewhere")]
        shown.test.run()
    shown.click("moment_earlier")
    assert not shown.test.info


@pytest.mark.parametrize("language", LANGUAGES)
def test_beyond_the_line_a_new_journey_says_that_nothing_before_can_be_undone(machine, language):
    shown, content = machine(language), load(language)
    shown.click("act_annotate")
    session.simulation().run(move_clock(shown.world, 40 * 3600.0))
    shown.test.run()
    assert not history(shown).stops[1:]
    assert [info.value for info in shown.test.info] == [content.message("time_machine.begun_again", hours=37)]


def test_two_tabs_have_one_journey_and_what_the_other_did_before_is_said(machine):
    shown = machine()
    session.simulation().run(history(shown).act("delete_pod", experiments.delete_pod))
    shown.click("act_delete_pod")
    assert 'pods "pod-after" not found' in spaced(shown.html("act_failed"))
    shown.test.run()
    assert 'pods "pod-after" not found' in spaced(shown.html("act_failed"))
    shown.click("act_undo")
    assert answers(shown) == ["passed"] * 3
    assert "act_failed" not in shown.keys
    assert not shown.test.exception


def test_a_reset_starts_over(machine):
    shown = machine()
    to(shown, "ends").click("reset")
    assert not shown.test.exception
    assert shown.test.session_state["time_machine_place"] == 0.0
    assert answers(shown) == ["passed"] * 3
    assert history(shown).world is shown.world


def test_without_a_token_to_begin_with_it_says_so_in_the_servers_words(screen):
    shown = screen(lang="en")
    shown.world.cluster.delete("pods", "default", "pod-after")
    shown.open("time_machine")
    assert not shown.test.exception
    assert load("en").message("simulated_only.no_token") in spaced(shown.html("no_token"))
    assert 'pods "pod-after" not found' in spaced(shown.html("no_token"))


@pytest.mark.parametrize(("place", "language"), by_turns([("time_machine", ""), ("thief", "thief_steal")], LANGUAGES))
def test_half_a_token_is_reported_as_what_it_is_and_not_as_somebodys_words(screen, simulation, place, language):
    page, key = place
    shown = screen(lang=language)
    simulation.inject(shown.world, "F30")
    shown.open(page)
    if key:
        shown.click(key)
    content, html = load(language), shown.html("no_token")
    assert 'class="failed" data-check="token.format"' in html
    assert content.check("token.format").fix in spaced(html)
    assert content.message("ui.server_said") not in html


def test_a_file_that_is_cut_off_on_the_way_is_reported_as_what_it_is(machine):
    shown = machine()
    for token in shown.world.directory.rglob("token"):
        if not token.is_symlink():
            token.write_bytes(token.read_bytes()[:100])
    shown.click("act_annotate")  # asks all again, and the clock stands: once it moves, the kubelet repairs its volumes
    assert 'class="failed" data-check="token.format"' in shown.html("moment_file")


# The two wordings


def unfold(shown):
    shown.test.session_state["wording_fold_False"] = True
    shown.test.run()
    assert not shown.test.exception
    return shown


def test_both_wordings_are_asked_and_what_differs_stands_side_by_side(machine):
    shown = machine()
    assert "wordings" not in shown.keys
    unfold(shown)
    html = spaced(shown.html("wordings"))
    assert html.count("The web identity token provided could not be validated.") == 2
    assert f"No OpenIDConnect provider found in your account for {shown.world.issuer}" in html
    assert "Incorrect token audience" in html
    assert html.count("Not authorized to perform sts:AssumeRoleWithWebIdentity") == 1
    assert shown.html("wordings").count("<section>") == 2
    assert shown.world.account.sts_wording == "current"


def test_the_switch_changes_the_words_of_the_world(machine):
    shown = unfold(machine())
    shown.test.segmented_control(key="sts_wording").set_value("classic").run()
    assert not shown.test.exception
    assert shown.world.account.sts_wording == shown.world.other_account.sts_wording == "classic"
    assert shown.html("wordings").count("<section>") == 2
    assert shown.world.account.sts_wording == "classic"


@pytest.mark.parametrize("spoken", sts_wording.WORDINGS)
def test_asking_in_both_wordings_leaves_the_world_as_it_was(simulation, screen, monkeypatch, spoken):
    shown = screen()
    sts_wording.set_wording(shown.world, spoken)
    set_ = []  # every wording that the world was given meanwhile
    own = type(shown.world.account)

    def noted(account, name, value):
        if name == "sts_wording" and account in (shown.world.account, shown.world.other_account):
            set_.append(value)
        object.__setattr__(account, name, value)

    monkeypatch.setattr(own, "__setattr__", noted)
    pairs = sts_wording.compare(simulated(simulation, shown.world), shown.world)
    assert [pair.case for pair in pairs if pair.differs] == ["no_provider", "audience"]
    assert all(not answer.taken for pair in pairs for answer in (pair.current, pair.classic))
    assert all(pair.current.code == pair.classic.code for pair in pairs)
    assert set_ == []
    assert shown.world.account.sts_wording == spoken


def test_both_wordings_are_those_that_sts_gives_over_the_wire(simulation, screen):
    world = screen().world
    ports = simulated(simulation, world)
    pair = next(pair for pair in sts_wording.compare(ports, world) if pair.case == "audience")
    for spoken, answer in zip(sts_wording.WORDINGS, (pair.current, pair.classic), strict=True):
        sts_wording.set_wording(world, spoken)
        token = ports.cluster.request_token("default", "default", world.api_audience, 600)
        with pytest.raises(Refused) as refusal:
            ports.aws.assume_role_with_web_identity(role_arn(world), "me", token)
        assert (refusal.value.code, refusal.value.server_message) == (answer.code, answer.server_message)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("F14", ["no_provider", "not_a_jwt"]),  # there is no provider
        ("F26", ["no_provider", "audience", "not_a_jwt"]),  # it does not take the audience of AWS
        ("F37", ["no_provider"]),  # the region is not activated
        ("F52", ["no_provider", "audience", "not_a_jwt"]),  # the trust policy lets everyone in
    ],
)
def test_a_message_that_sts_does_not_give_in_a_broken_world_is_left_out(simulation, screen, fault, expected):
    shown = screen(lang="en")
    simulation.inject(shown.world, fault)
    assert [pair.case for pair in sts_wording.compare(simulated(simulation, shown.world), shown.world)] == expected
    shown.open("sts_assume", depth="3")
    assert "wordings" in shown.keys
    assert not [key for key in shown.keys if key.startswith("page_error")]


@pytest.mark.parametrize("page", ["sts_assume", "break_it", "thief"])
def test_the_wordings_are_at_hand_wherever_sts_refuses(screen, page):
    shown = screen(lang="ja").open(page)
    if page == "thief":
        shown.click("thief_steal")
    assert "wordings" in unfold(shown).keys


# The map, and a clock that runs


def film(shown):
    """The beats of the map that are played, and what the map says where nothing travels."""
    beats = json.loads(shown.data("film")["film"])["beats"]
    return [beat for beat in beats if not beat.get("past")]


def test_the_map_begins_with_what_is_in_place_and_plays_nothing(machine):
    shown = machine()
    (whole,) = film(shown)
    assert (whole["id"], whole["edge"]) == ("whole", "")
    assert whole["plain"] == load("en").message("time_machine.map.start")
    past = [beat for beat in json.loads(shown.data("film")["film"])["beats"] if beat.get("past")]
    assert {add["id"] for beat in past for add in beat["adds"]} >= {
        "annotation",
        "token_file",
        "credentials",
        "trust_sub",
    }
    assert not any(beat["opens"] for beat in past)


@pytest.mark.parametrize("language", [LANGUAGES[0], pytest.param(LANGUAGES[1], marks=pytest.mark.large)])
def test_the_map_plays_what_happened_on_the_way_to_a_stop(machine, language):
    shown, content = machine(language), load(language)
    to(shown, "ends")
    refused, *others = film(shown)
    assert (refused["id"], refused["end"]) == ("call", "refused")
    assert refused["words"].startswith("ExpiredToken: ")
    assert refused["say"] == prose(content.message("film.tried.call.refused"))
    assert [beat["to"] for beat in others if beat["chip"]["kind"] == "credentials"] == ["pod"]
    to(shown, "due")
    assert [beat["id"] for beat in film(shown)][:3] == ["token_request", "token", "mount"]
    shown.click("moment_earlier")  # back in time nothing is sent
    assert [beat["id"] for beat in film(shown)] == ["whole"]
    assert not shown.test.exception


def test_a_clock_that_runs_goes_from_stop_to_stop_as_the_browser_asks(machine, monkeypatch):
    ended, drawn = [], page.draw_events

    def browser(*given, on_end, **named):
        if ended:
            ended.pop()
            on_end()
        drawn(*given, on_end=on_end, **named)

    monkeypatch.setattr(page, "draw_events", browser)
    shown = machine()
    assert shown.stands_out == ["moment_run"]
    shown.click("moment_run")
    assert shown.data("film")["runs"] == "+0:00"
    assert shown.stands_out == ["moment_hold"]
    assert history(shown).current.place == 0.0  # by itself nothing goes on
    for place in ("+0:45", "+0:50", "+1:00", "+2:00"):
        ended.append(True)
        shown.test.run()  # the step
        shown.test.run()  # what the page shows of it
        assert shown.data("film")["runs"] == place
    assert answers(shown) == ["passed", "passed", "failed"]
    assert shown.stands_out == ["next"]
    shown.click("moment_hold")
    assert shown.data("film")["runs"] == ""
    ended.append(True)  # too late
    shown.test.run()
    assert history(shown).current.place == 2 * 3600
    # Another page walks through the world as it is now.
    walked = shown.open("sts_assume").test.session_state["walk_view"].walk
    assert not shown.test.exception
    assert walked.report(Step.TOKEN_MOUNT).evidence["token"]["claims"]["jti"]


def test_at_the_end_of_the_line_the_clock_stands_and_begins_at_the_start(machine, monkeypatch):
    drawn = page.draw_events

    def browser(*given, on_end, **named):
        on_end()
        drawn(*given, on_end=on_end, **named)

    shown = machine()
    slider(shown).set_value(35 * 3600.0).run()
    monkeypatch.setattr(page, "draw_events", browser)
    shown.click("moment_run")
    monkeypatch.setattr(page, "draw_events", drawn)
    shown.click("moment_hold")  # it has stopped by itself while this press was on its way
    assert history(shown).current.place == 36 * 3600
    assert shown.data("film")["runs"] == ""
    shown.click("moment_run")
    assert history(shown).current.place == 0.0
    assert shown.data("film")["runs"] == "+0:00"
