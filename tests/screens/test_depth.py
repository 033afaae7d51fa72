"""How deep a reader goes: from the address, by the control, by the button at the end, and what each depth shows."""

import re
from functools import cache

import pytest

from app.content import LANGUAGES, load
from app.flow.model import Step
from app.world.faults import FAULTS
from tests.screens.conftest import Screen, plain

STEPS = [step.value for step in Step]
FOLDED = '<details class="folded"'
UNFOLDED = re.compile(f"{FOLDED}[^>]* open>")


ARTEFACTS = {
    "oidc_provider": "ClientIDList",
    "service_account": "eks.amazonaws.com/role-arn",
    "webhook": "AWS_WEB_IDENTITY_TOKEN_FILE",
    "token_mount": "system:serviceaccount:",
    "sts_assume": "AssumeRoleWithWebIdentity",
    "access": "buckets",
}


@pytest.fixture(scope="module")
def deep(simulation):
    """The session of a reader of that language, for the tests that only read; its address keeps the last depth."""
    return cache(lambda language: Screen(lang=language))


@pytest.mark.parametrize("step", STEPS)
def test_every_step_shows_what_it_is_about_at_every_depth(deep, step):
    for depth, key in (("1", f"artefact_{step}"), ("2", f"found_{step}")):
        html = deep("en").open(step, depth=depth).html(key)
        assert ARTEFACTS[step] in html.replace("<wbr>", ""), depth


def test_the_variables_stand_in_the_order_in_which_the_webhook_adds_them(deep):
    """The lesson says: first the settings for STS and the region, then the role and the token's file."""
    shown = deep("en").open("webhook", depth="1")
    evidence = shown.test.session_state["walk_view"].walk.report(Step.WEBHOOK).evidence
    names = [variable["name"] for variable in evidence["environment"]]
    assert names != sorted(names)
    assert re.findall(r"AWS_\w+(?=:)", plain(shown.html("artefact_webhook"))) == names


@pytest.mark.parametrize("depth", ["1", "3"])
def test_the_links_to_the_faults_keep_the_depth(deep, depth):
    links = re.findall(r'href="([^"]*fault=[^"]*)"', deep("en").open("break_it", depth=depth).html("lookup"))
    assert len(links) > len(FAULTS)
    assert {f"depth={depth}" in link for link in links} == {True}


@pytest.mark.parametrize("step", STEPS)
def test_the_story_tells_and_hides_the_machinery(deep, step):
    shown = deep("en").open(step, depth="1")
    assert {f"outcome_{step}", f"story_{step}", f"recap_{step}"} <= shown.keys
    assert f"found_{step}" not in shown.keys
    assert 'class="exchange"' not in shown.everything


def test_the_wire_opens_everything(deep):
    shown = deep("en").open("sts_assume", depth="3")
    html = shown.html("behind_sts_assume_3")
    assert 'class="exchange"' in html
    assert html.count(FOLDED) == len(UNFOLDED.findall(html)) == 4
    assert shown.test.main.expander
    assert all(expander.proto.expanded for expander in shown.test.main.expander)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_tells_how_to_see_what_the_misconceptions_point_at(deep, language):
    html_at = {}
    for depth in ("1", "2"):
        shown = deep(language).open("sts_assume", depth=depth)
        html_at[depth] = shown.html(f"behind_sts_assume_{depth}"), shown.open("misconceptions").html("lookup")
    for name in ("depth.label", "depth.detail", "myths.see"):
        words = load(language).message(name)
        assert words in html_at["1"][0].partition('<div class="myths">')[0].rpartition(FOLDED)[2]
        assert words in html_at["1"][1]
    assert not any('class="caption"' in html for html in html_at["2"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", ["service_account", "webhook", "sts_assume"])
def test_only_the_story_tells_what_the_detail_has_to_try(deep, language, step):
    content = load(language)
    names = {name: content.message(f"depth.{name}") for name in ("label", "detail")}
    hint = content.message(f"depth.beyond.{step}", **names).partition("`")[0]
    assert hint in deep(language).open(step, depth="1").html(f"story_{step}")
    assert hint not in deep(language).open(step, depth="2").everything
    sections = content.lesson(step).sections.values()
    assert [it.anchor for it in sections if names["detail"] in it.body and names["label"] in it.body] == []


@pytest.mark.parametrize("asked", ["", "0", "4", "-1", "2.0", "x", "１", "1" * 5000, None])
def test_whatever_else_an_address_says_means_the_detail(screen, deep, asked):
    if asked is not None:
        shown = deep("en").open("webhook", depth=asked)
    else:
        shown = screen(lang="en").open("webhook")
    assert not shown.test.exception
    assert "found_webhook" in shown.keys


def test_the_depth_goes_along(screen):
    shown = screen(lang="en").open("webhook", depth="1").click("next")
    assert "recap_token_mount" in shown.keys
    assert "found_token_mount" not in shown.keys
    assert shown.test.query_params["depth"] in ("1", ["1"])


def test_the_button_leads_down_to_the_last(screen):
    shown = screen(lang="en").open("webhook", depth="1").click("deeper")
    assert "found_webhook" in shown.keys
    assert "depth" not in shown.test.query_params
    shown.click("deeper")
    assert 'class="exchange"' in shown.html("behind_webhook_3")
    assert shown.test.main.expander
    assert all(expander.proto.expanded for expander in shown.test.main.expander)
    assert not [button for button in shown.test.button if button.key == "deeper"]


@pytest.mark.parametrize(("asked", "opened"), [("2", False), ("3", True)])
def test_the_review_and_the_comparison_with_people_are_folded_but_for_the_wire(deep, asked, opened):
    shown = deep("en").open("webhook", depth=asked)
    html = shown.html("instrument_admission_review")
    assert html.index('<details class="more"') < html.index('class="review"')
    assert shown.html("found_webhook").index('class="limits"') < shown.html("found_webhook").index('class="evidence"')
    assert ('<details class="more" open>' in html) is opened
    shown.open("why", depth=asked)
    html = shown.html(f"behind_why_{asked}")
    assert (html.count(FOLDED), len(UNFOLDED.findall(html))) == (1, int(opened))
