"""The first page: a way in for every kind of reader, the verdict, and the analogy with where it breaks."""

import json
import re
from html import unescape

import boto3
import pytest
from botocore.exceptions import ClientError

from app.content import LANGUAGES, load
from app.flow.model import Step
from app.ui.frame.navigation import icons
from app.ui.state import session
from app.wiring import simulated
from tests.screens.test_broken_worlds import no_provider, spoil


def links(html):
    """(Page, its parameters) of every link."""
    found = re.findall(r'<a href="([^"]*)" data-page="(\w+)"(?: data-params="([^"]*)")?', html)
    return [(page, json.loads(unescape(params)) if params else {}) for _, page, params in found]


def test_each_reader_has_a_way_in(reader):
    html = reader("en").open("home").html("paths")
    assert links(html) == [
        ("home", {"present": "1", "deck": "10"}),
        ("home", {"present": "1", "deck": "20"}),
        ("workshop", {}),
        ("doctor", {}),
    ]
    assert html.count("<li>") == 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_way_in_is_an_address_too(reader, language):
    html = unescape(reader(language).open("home").html("paths"))
    assert re.findall(r'href="([^"]*)"', html) == [
        f"./?lang={language}&present=1&deck=10",
        f"./?lang={language}&present=1&deck=20",
        f"./workshop?lang={language}",
        f"./doctor?lang={language}",
    ]


def test_one_button_begins_the_story_at_the_story_s_depth(screen):
    shown = screen(lang="en").open("home").click("begin")
    assert shown.title == load("en").lesson("why").title
    assert shown.test.session_state["depth"] == 1


def test_a_tick_means_read_and_a_broken_step_has_another_sign(screen, simulation):
    shown = screen(lang="en", asked=True).open("home")
    names = ("radio_button_unchecked", "check_circle", "cancel", "do_not_disturb_on")
    unread, read, failed, not_reached = (f":material/{name}:" for name in names)

    def signs():
        state = shown.test.session_state
        found = icons(state["walk_view"].walk, state["pages_read"] if "pages_read" in state else frozenset())
        return {step: icon for step, icon in found.items() if icon != unread}

    shown.open("access")
    assert signs() == {}, "its question is open"
    shown.click("predict_show")
    assert signs() == {Step.ACCESS: read}
    spoil(shown, simulation, no_provider)
    assert signs()[Step.OIDC_PROVIDER] == failed
    assert signs()[Step.ACCESS] == not_reached


def test_home_says_the_verdict_and_counts_what_passed(reader):
    shown = reader("en").open("home")
    html, walk = unescape(shown.html("verdict")), shown.test.session_state["walk_view"].walk
    assert load("en").message("verdict.passed") in html
    assert str(sum(len(report.checks) for report in walk)) in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_its_counterpart_and_where_it_breaks(reader, language):
    shown, content = reader(language).open("home"), load(language)
    rows = unescape(shown.html("passport")).split("<tr>")[2:]
    assert [page for page, _ in links(shown.html("passport"))] == [step.value for step in Step]
    for step, row in zip(Step, rows, strict=True):
        for part in ("travel", "irsa", "breaks"):
            assert content.message(f"home.passport.{step}.{part}") in row


def test_what_the_thiefs_page_was_refused_is_no_evidence(screen):
    shown = screen(lang="en").open("thief").click("thief_steal").click("run_again").open("home")
    assert any("errorCode" in record for record in shown.world.account.management_events)
    assert load("en").message("verdict.passed") in unescape(shown.html("verdict"))


def test_a_refusal_that_others_got_leads_to_the_doctor_who_shows_it(screen):
    shown = screen(lang="en")
    ports = simulated(session.simulation(), shown.world)
    token = ports.cluster.request_token("default", "my-sa", "sts.amazonaws.com", 600)
    sts = boto3.client("sts", endpoint_url=session.simulation().aws_url, region_name="ap-northeast-1")
    arn = f"arn:aws:iam::{shown.world.account_id}:role/no-such-role"
    with pytest.raises(ClientError):
        sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="other", WebIdentityToken=token)
    html = shown.click("run_again").open("home").html("verdict")
    assert "warning" in html
    assert links(html) == [("doctor", {})]
