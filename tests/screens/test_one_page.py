"""IRSA on one page: the values of this walk, the three claims marked, and where to look first."""

import re
from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.flow.model import Step
from app.report import verdict_words
from app.ui.review.one_page import COMMANDS
from app.ui.state import session
from tests.screens.conftest import plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_holds_the_chain_with_the_values_of_this_walk(reader, language):
    shown = reader(language).open("one_page")
    html, walk = plain(shown.html("sheet")), shown.test.session_state["walk_view"].walk
    seen = {step: walk.report(step).evidence for step in Step}
    claims = seen[Step.TOKEN_MOUNT]["token"]["claims"]
    annotations = seen[Step.SERVICE_ACCOUNT]["service_account"]["metadata"]["annotations"]
    for text in (
        *(claims["iss"], claims["sub"], claims["aud"][0], seen[Step.OIDC_PROVIDER]["provider"]["Url"]),
        *annotations.values(),
        *(f"{variable['name']} {variable['value']}" for variable in seen[Step.WEBHOOK]["environment"]),
        *(seen[Step.STS_ASSUME]["answer"]["Credentials"]["Expiration"], seen[Step.ACCESS]["identity"]["Arn"]),
        *seen[Step.ACCESS]["buckets"],
    ):
        assert text.replace(" ", "") in html.replace(" ", "")
    assert len(seen[Step.WEBHOOK]["environment"]) == 5
    for number, command in enumerate(COMMANDS.values(), 1):
        assert command.split(" ", 1)[0] in html, number
    assert "aws sts assume-role-with-web-identity" in html


def test_each_of_the_three_claims_is_marked_wherever_it_stands(reader):
    shown = reader("en").open("one_page")
    html = shown.html("sheet").replace("<wbr>", "")
    claims = shown.claims
    for name, value in (
        ("iss", claims["iss"].removeprefix("https://")),
        ("sub", claims["sub"]),
        ("aud", claims["aud"][0]),
    ):
        marked = html.count(f'<span class="claim-{name}">')
        assert marked >= 3
        policy = html.partition("<pre>")[2].partition("</pre>")[0]
        assert f'<span class="claim-{name}">{value}</span>' in policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_a_broken_world_it_says_so_and_shows_no_value_that_was_not_seen(screen, language):
    shown = screen(lang=language).open("one_page")
    arn = shown.test.session_state["walk_view"].walk.report(Step.ACCESS).evidence["identity"]["Arn"]
    session.simulation().inject(shown.world, "F14")
    shown.test.run()
    html = shown.html("sheet")
    verdict = verdict_words.verdict(shown.test.session_state["diagnosis_of_walk"][1], load(language))
    assert '<div class="outcome failed"' in html
    assert verdict.replace("`", "") in plain(html)
    assert arn not in plain(html)
    assert "–" in plain(html)


def test_no_signature_is_on_it(reader):
    shown = reader("en").open("one_page")
    assert shown.world.account.admin.secret_access_key not in shown.html("sheet")
    assert not re.search(r"eyJ[\w-]{30,}", shown.html("sheet"))


def test_a_command_to_paste_runs_nothing_that_a_value_says(screen, simulation):
    shown = screen(lang="en")

    async def annotate():
        account = shown.world.cluster.get("serviceaccounts", "default", "my-sa")
        account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = "$(touch pwned)"
        shown.world.cluster.put("serviceaccounts", account)

    simulation.run(annotate())
    text = unescape(re.sub("<[^>]+>", "", shown.click("run_again").open("one_page").everything))
    assert "--role-arn '$(touch pwned)'" in text
