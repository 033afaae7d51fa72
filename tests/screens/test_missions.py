"""The page of the missions: start one, see what is got, do it over the world's doors, and see that it is done."""

import json
from html import unescape

from app.content import load
from app.content.missions import offered
from app.flow.steps.walk import walk
from app.ui.state import shared_walks
from app.world.setup.mission import carry_out

SAFE = "safe_policy"
SOLVES_IT = {"trust": {"role": "shared-reports", "trusts": ["team-a/web", "team-b/batch"]}}


def test_a_mission_is_started_judged_and_done(screen, simulation, monkeypatch):
    content = load("ja")
    shown = screen(lang="ja").open("missions", mission=SAFE)
    before = shown.world
    assert shown.stands_out == ["mission_start"]
    [chosen] = [it for it in offered() if it.mission.id == SAFE]
    words = chosen.words_in(content)
    for it in offered():
        assert it.words_in(content).title in unescape(shown.html("missions_list"))
    walked = []
    monkeypatch.setattr(shared_walks, "walk", lambda *about: walked.append(about) or walk(*about))
    shown.click("mission_start")
    assert shown.world is not before
    assert len(walked) == 1, "the new world is walked through once it is as the mission wants it"
    assert shown.stands_out == [], "what there is to do is typed"
    # (1) Two who need the role have it, and three who do not.
    goals = shown.html("mission_goals")
    assert [goals.count(f'<li class="{how}"') for how in ("reached", "not_reached")] == [2, 3]
    assert content.message("mission_page.got.allowed_by", role="shared-reports").split("`")[0] in goals
    film = json.loads(shown.data("mission_map")["film"])
    assert {part for part, change in film["changes"].items() if change == "goes"} == {"assume", "call"}
    assert content.message("map.changes.goes", named="Pod → STS、Pod → S3") == film["ghosts_said"]
    assert not [add for beat in film["beats"] for add in beat["adds"] if add["at"] == "pod"], "there is no Pod"
    assert {"pod", "mount"} <= {*film["ghosts"]}, "nothing is mounted in it"
    assert '<li class="goes">' in shown.html("mission_legend")
    assert content.message("mission_page.unmarked") not in shown.html("mission_legend"), "there is nothing to mark"
    assert shown.html("mission_others").count("<li ") == 4, "who is not on the map"
    assert shown.click("mission_hint").html("mission_hints").count("<li>") == 1
    assert f"arn:aws:iam::{shown.world.account_id}:oidc-provider/" in unescape(shown.everything), "the solution"
    # (2) What solves it is a change of the world, by any tool.
    simulation.run(carry_out(shown.world, [SOLVES_IT]))
    shown.click("mission_check")
    assert words.learned.split("`")[0] in unescape(shown.html("mission_reached"))
    drawn = [component.proto.id.split("-", 2)[-1] for component in shown.test.get("bidi_component")]
    assert drawn.index("mission_goals") < drawn.index("mission_reached") < drawn.index("mission_others")
    assert '<li class="goes">' not in shown.html("mission_legend")
    assert '<li class="done">' in shown.html("missions_list")
    assert shown.stands_out == ["next"]
    # (3) The next one is prepared in a new world, and what was done is kept.
    shown.open("missions", mission="stale_pod").click("mission_start")
    assert '<li class="done">' in shown.html("missions_list")
    assert '<li class="running next">' in shown.html("missions_list")
    assert shown.html("mission_goals").count('<li class="not_reached"') == 2
    # (4) The map says what was got. What has to be changed, it marks with the first hint.
    film = json.loads(shown.data("mission_map")["film"])
    assert film["changes"] == {"assume": "comes", "call": "comes"}
    assert not [add for beat in film["beats"] for add in beat["adds"] if add["at"] == "pod"], (
        "only a dry run was edited"
    )
    assert content.message("mission_page.unmarked") in shown.html("mission_legend")
    shown.click("mission_hint")
    assert "wrong" in json.loads(shown.data("mission_map")["film"])["changes"].values()
    assert content.message("mission_page.unmarked") not in shown.html("mission_legend")


def test_who_cannot_type_reads_so_before_the_mission_replaces_the_world(screen):
    shown = screen(lang="en").open("missions", mission=SAFE)
    assert load("en").error("console_other_server").title in unescape(shown.html("mission_console_refused"))


def test_a_malformed_file_of_a_teacher_is_named(screen, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("number: 1\nbest: none\n")
    monkeypatch.setenv("IRSA_MISSIONS_DIR", str(tmp_path))
    shown = screen(lang="en").open("missions")
    assert f"{tmp_path}/mine.yaml:1: mission: got" in unescape(shown.html("missions_malformed"))
