"""Each page in each language: it draws, says what it is, shows what was checked, and can be opened by its address."""

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import local_script_runner

from app.content import JOURNEY, LANGUAGES, PAGES, STORY, load
from app.flow.model import Step
from app.ui.draw.prose import markdown
from app.ui.draw.sections import places
from app.ui.map import player
from app.ui.marks import NUMBERS
from app.ui.reference.glossary import TERMS
from app.ui.state import session
from app.ui.step.lesson_parts import FIRST, parts
from app.ui.text import prose
from tests.by_turns import by_turns

STEPS = [step.value for step in Step]
EXCHANGE = '<details class="exchange">'


# In `make test` in the language in which no browser opens that page (`tests/browser/test_accessibility.py`).
@pytest.mark.parametrize(("page", "language"), by_turns(PAGES, LANGUAGES[::-1]))
def test_page_draws_in_the_language_of_its_address(reader, page, language):
    shown = reader(language).open(page)
    assert not shown.test.exception
    assert shown.language == language
    assert load(language).lesson(page).title in shown.title


def plain(html):
    """Its text, without tags and white space."""
    return "".join(unescape(re.sub("<[^>]+>", "", html)).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_draw_every_section_of_their_lessons_and_say_where_it_is(screen, language):
    shown, content = screen(lang=language), load(language)
    shown.test.session_state["analogy_on"] = True
    missing = []
    for page in PAGES:
        shown.open(page)
        if page == "thief":
            shown.click("thief_steal")
        blocks = [shown.data(key).get("html", "") for key in shown.keys]
        drawn = "".join(map(plain, [*blocks, *(element.proto.body for element in shown.test.get("html"))]))
        for anchor, section in content.lesson(page).sections.items():
            paragraphs = re.split(r"\n\n|\n(?=- )", section.body)
            if not all(plain(markdown(paragraph, content)) in drawn for paragraph in paragraphs):
                missing.append(f"{page}#{anchor}")
        missing += [f"{page}?section={it}" for it in places(page) if f'data-section="{it}"' not in "".join(blocks)]
    assert missing == []


def test_an_address_that_leads_to_the_analogy_switches_it_on_once(screen):
    shown = screen(lang="en").open("webhook", section="analogy")
    assert "analogy_webhook" in shown.keys
    shown.test.toggle(key="switch_analogy_webhook").set_value(False).run().run()
    assert "analogy_webhook" not in shown.keys


@pytest.mark.parametrize(("step", "language"), by_turns(STEPS, LANGUAGES))
def test_step_shows_every_check_and_its_outcome(reader, step, language):
    shown, content = reader(language).open(step), load(language)
    report = shown.test.session_state["walk_view"].walk.report(Step(step))
    html = shown.html(f"found_{step}")
    assert [check.status for check in report.checks] == ["passed"] * len(report.checks)
    for check in report.checks:
        assert f'data-check="{check.id}"' in html
    assert html.partition("</ol>")[0].count("✓") == len(report.checks)
    outcome = shown.html(f"outcome_{step}")
    assert "✓" in outcome
    assert prose(content.message(f"outcomes.{step}")).replace("\u00a0", " ") in outcome
    assert shown.title.startswith(NUMBERS[Step(step)])


@pytest.mark.parametrize("step", STEPS)
def test_step_plays_its_part_of_the_film_and_says_it_in_words(reader, step):
    drawn = reader("en").open(step).data("film")
    assert (drawn["part"], drawn["answered"]) == (step, "yes")
    own = [beat for beat in json.loads(drawn["film"])["beats"] if beat["step"] == step and beat["edge"]]
    assert own
    assert all(beat["plain"] for beat in own)


@pytest.mark.parametrize("step", STEPS)
def test_step_explains_its_words(reader, step):
    html = unescape(reader("en").open(step).html(f"story_{step}"))
    assert TERMS[Step(step)]
    for key in TERMS[Step(step)]:
        assert load("en").message(f"glossary.{key}.term") in html


@pytest.mark.parametrize("step", STEPS)
def test_step_shows_what_went_over_the_wire(screen, step):
    shown = screen(lang="en").open(step, depth="3")
    report = shown.test.session_state["walk_view"].walk.report(Step(step))
    assert report.exchanges
    assert shown.html(f"behind_{step}_3").count(EXCHANGE) == len(report.exchanges)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_wire_is_drawn_once_it_is_unfolded_and_stays_so(reader, language):
    shown = reader(language).open("webhook")
    report = shown.test.session_state["walk_view"].walk.report(Step.WEBHOOK)
    heading = f"{load(language).message('ui.wire')} · {len(report.exchanges)}"
    assert heading in [expander.label for expander in shown.test.expander]
    assert EXCHANGE not in shown.everything
    shown.test.session_state["wire_webhook"] = True  # as a click on its heading does
    shown.test.run()
    assert shown.html("exchanges_webhook").count(EXCHANGE) == len(report.exchanges)
    assert EXCHANGE not in shown.open("token_mount").everything
    assert EXCHANGE in shown.open("webhook").html("exchanges_webhook")


@pytest.mark.parametrize("page", JOURNEY)
def test_page_leads_to_its_neighbours_by_name(reader, page):
    shown, content = reader("en"), load("en")
    place = JOURNEY.index(page)
    for key, neighbour in (("previous", place - 1), ("next", place + 1)):
        shown.open(page)
        if 0 <= neighbour < len(JOURNEY):
            shown.click(key)
            assert content.lesson(JOURNEY[neighbour]).title in shown.title
            assert shown.test.query_params["lang"] in ("en", ["en"])
        else:
            assert not [button for button in shown.test.button if button.key == key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_after_the_story_says_why_to_go_on(reader, language):
    shown, content = reader(language), load(language)
    bridges = [plain(prose(content.message(f"bridges.{page}"))) for page in JOURNEY[len(STORY) :]]
    for page, bridge in zip(JOURNEY[len(STORY) - 1 :], bridges, strict=False):
        if page in ("build", "missions", "time_machine", "thief"):
            continue  # they say so once something is done there
        assert bridge in "".join(plain(element.proto.body) for element in shown.open(page).test.get("html"))
    assert len([key for key in content.messages if key.startswith("bridges.")]) == len(bridges)


@pytest.mark.parametrize("page", [STORY[-1], JOURNEY[-1]])
def test_who_has_seen_all_six_steps_may_also_go_back_to_the_whole_picture(reader, page):
    shown, content = reader("en").open(page), load("en")
    back = next(button for button in shown.test.button if button.key == "back_home")
    assert back.proto.type == "tertiary"
    assert content.lesson("home").title in shown.click("back_home").title


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_closes_with_what_this_walk_has_shown_and_nothing_else(screen, language):
    shown, content = screen(lang=language).open(STEPS[-1]), load(language)
    arn = shown.test.session_state["walk_view"].walk.report(Step.ACCESS).evidence["identity"]["Arn"]
    assert plain(arn) in plain(shown.html("close"))
    session.simulation().inject(shown.world, "F21")
    shown.test.run()
    step = content.message("steps.service_account.short")
    assert plain(prose(content.message("close.open", step=step))) in plain(shown.html("close"))
    assert plain(arn) not in plain(shown.html("close"))


@pytest.mark.parametrize(("step", "language"), by_turns(STEPS, LANGUAGES))
def test_what_everybody_meets_first_stands_before_the_rest(reader, language, step):
    content = load(language)
    html = reader(language).open(step).html(f"behind_{step}_2")
    _, items, _ = parts(content.lesson(step).section("what-can-go-wrong").body)
    assert len(items) > FIRST
    heading = content.lesson(step).section("what-can-go-wrong").heading
    open_, _, folded = unescape(html).partition(f"{heading}</summary>")[2].partition('<details class="more">')
    assert [open_.count("<li>"), folded.count("<li>")] == [FIRST, len(items) - FIRST]


def test_the_same_three_stand_first_in_every_language():
    for step in STEPS:
        first, *others = (
            re.findall(r"\[\[(F\w+)\]\]", "".join(items[:FIRST]))
            for items in (parts(load(one).lesson(step).section("what-can-go-wrong").body)[1] for one in LANGUAGES)
        )
        assert all(sorted(also) == sorted(first) for also in others), step


def test_the_story_and_what_to_keep_stand_open_and_the_rest_is_folded(reader):
    shown, lesson = reader("en").open("sts_assume"), load("en").lesson("sts_assume")
    for anchor, key in (("what-happens", "story"), ("recap", "recap")):
        assert f"<h2>{lesson.section(anchor).heading}</h2>" in shown.html(f"{key}_sts_assume")
    folds = shown.html("behind_sts_assume_2")
    for anchor in ("why", "what-can-go-wrong"):
        assert f"{lesson.section(anchor).heading}</summary>" in folds
    assert '<details class="folded" open>' not in folds
    assert not [expander for expander in shown.test.expander if expander.proto.expanded]


def test_the_analogy_is_a_thread_that_stays_on_from_step_to_step(screen):
    shown, content = screen(lang="en").open("oidc_provider"), load("en")
    words = content.lesson("sts_assume").section("analogy").body.split(".")[0]
    assert words not in unescape(shown.open("sts_assume").everything)
    shown.test.toggle(key="switch_analogy_sts_assume").set_value(True).run()
    assert words in unescape(shown.everything)
    assert "analogy_access" in shown.open("access").keys


def test_the_journey_shows_where_the_reader_is_and_fills_the_steps_that_the_navigation_ticks(screen):
    shown = screen(lang="en").open("oidc_provider")
    shown.open("webhook").test.run()
    line = re.findall(r'<li class="(\w+) passed".*?<span class="dot"[^>]*>(.?)</span>', shown.html("journey"))
    new = ("ahead", "")
    assert line == [("done", "✓"), new, ("now", "✓"), new, new, new]
    assert shown.html("journey").count(load("en").message("ui.not_read")) == line.count(new)
    assert shown.test.session_state["pages_read"] == {"oidc_provider", "webhook"}


def test_why_shows_what_the_two_pods_really_said(reader):
    shown = reader("en").open("why")
    before, after = shown.html("log_pod-before"), shown.html("log_pod-after")
    assert "AccessDenied" in before
    assert "NodeInstanceRole" in before
    assert "irsa-" in after
    assert shown.world.account_id in after
    assert "AccessDenied" not in after


def test_nothing_of_a_secret_reaches_a_page(reader):
    shown = reader("en")
    world = shown.world
    secrets = [world.admin_token, world.account.admin.secret_access_key, shown.test.session_state["browser"]]
    for page in PAGES:
        drawn = shown.open(page).everything
        assert not [secret for secret in secrets if secret in drawn]


def test_the_next_step_takes_over_the_head_of_a_step_and_no_other_page_does(screen, monkeypatch):
    sent = []
    parse = local_script_runner.parse_tree_from_messages
    monkeypatch.setattr(local_script_runner, "parse_tree_from_messages", lambda said: sent.append(said) or parse(said))
    drawn = player._component
    monkeypatch.setattr(player, "_component", lambda **given: (drawn(**given), SimpleNamespace(opened="review"))[1])
    shown = screen(lang="en")
    bodies = {}
    for page in ("oidc_provider", "webhook", "why"):
        assert ("film_exchange" in shown.open(page).keys) is (page != "why")
        parts = [(list(said.metadata.delta_path), said) for said in sent[-1] if said.WhichOneof("type") == "delta"]
        whole = next(said.metadata.active_script_hash for path, said in parts if path[:1] == [1])
        body = next(path for path, said in parts if said.delta.add_block.id.endswith("-body"))
        kept = [path for path, said in parts if said.metadata.active_script_hash == whole and path[:1] == [0]]
        bodies[page] = body, [path for path in kept if path[: len(body)] == body]
    body, head = bodies["oidc_provider"]
    # Up to the map, in its fragment; what is open below the map is of its own step.
    assert head == [body, *([*body, place] for place in range(5)), [*body, 4, 0]]
    assert bodies["webhook"] == bodies["oidc_provider"]
    assert bodies["why"] == ([*body[:-1], body[-1] + 1], [])
