"""A broken world on every page: what broke is named, quoted and explained, and nothing falls over."""

import json
import re

import pytest

from app.content import LANGUAGES, PAGES, load
from app.flow.model import Status
from app.flow.verdict.judge import judge
from app.world.aws.iam import actions as iam
from app.world.setup.roles import trust_policy
from tests.by_turns import by_turns


def wrong_subject(world):
    policy = trust_policy(world, "default", "other-sa")
    iam.call(world.account, "UpdateAssumeRolePolicy", {"RoleName": "s3-reader", "PolicyDocument": json.dumps(policy)})


def no_provider(world):
    arn = f"arn:aws:iam::{world.account_id}:oidc-provider/{world.issuer.removeprefix('https://')}"
    iam.call(world.account, "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": arn})


def no_permission(world):
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.call(world.account, "DetachRolePolicy", {"RoleName": "s3-reader", "PolicyArn": arn})


def no_service_account(world):
    world.cluster.delete("serviceaccounts", "default", "my-sa")


def no_pod(world):
    world.cluster.delete("pods", "default", "pod-after")


def no_webhook(world):
    world.cluster.delete("mutatingwebhookconfigurations", "", "pod-identity-webhook")


def spoil(shown, simulation, fault):
    """The session, its world spoilt and walked through again."""

    async def on_the_servers_loop():
        fault(shown.world)

    simulation.run(on_the_servers_loop())
    return shown.click("run_again")


WRONGS = (wrong_subject, no_provider, no_permission, no_service_account, no_pod, no_webhook)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.large)], ids=["third", "every"])
@pytest.mark.parametrize(("fault", "language"), by_turns(WRONGS, LANGUAGES))
def test_every_page_stands_and_home_names_the_broken_link(screen, simulation, fault, language, every):
    """Each page in two of the broken worlds."""
    shown = spoil(screen(lang=language), simulation, fault)
    verdict = judge(shown.test.session_state["walk_view"].walk)
    assert verdict.status is Status.FAILED
    assert f"outcome {Status.FAILED}" in shown.html("verdict")
    for page in PAGES if every else PAGES[WRONGS.index(fault) % 3 :: 3]:
        assert not shown.open(page).test.exception, page
    html = shown.open(verdict.step).html(f"found_{verdict.step}")
    assert f'<li class="failed" data-check="{verdict.check.id}"><details open>' in html
    assert load(language).message("ui.fix") in html


def test_the_outcome_says_what_did_not_fit_and_how_to_fix_it_without_a_look_at_the_checks(screen, simulation):
    content = load("en")
    shown = spoil(screen(lang="en"), simulation, wrong_subject)
    assert 'data-page="service_account"' in shown.html("verdict")
    for depth in ("1", "2"):
        html = shown.open("service_account", depth=depth).html("outcome_service_account")
        drawn = [component.proto.id.split("-", 2)[-1] for component in shown.test.get("bidi_component")]
        assert drawn.index("outcome_service_account") < drawn.index("film"), "the map may fill the window"
        assert html.replace("<wbr>", "").count("system:serviceaccount:default:other-sa") == 1  # what it got
        assert "system:serviceaccount:default:my-sa" in html.replace("<wbr>", "")  # what it expected
        assert content.message("ui.fix") in html


def test_the_outcome_quotes_the_server(screen, simulation):
    html = (
        spoil(screen(lang="ja"), simulation, no_service_account).open("service_account").html("outcome_service_account")
    )
    assert "<blockquote>serviceaccounts &quot;my-sa&quot; not found</blockquote>" in html


def test_the_servers_own_words_are_quoted_letter_by_letter(screen, simulation):
    shown = spoil(screen(lang="ja"), simulation, wrong_subject).open("sts_assume")
    html = shown.html("found_sts_assume")
    assert "<blockquote>Not authorized to perform sts:AssumeRoleWithWebIdentity</blockquote>" in html
    evidence = shown.html("found_sts_assume")
    assert "HTTP 403" in evidence
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in evidence.replace("<wbr>", "")
    matcher = json.loads(shown.data("matcher_mounted")["drawing"])
    assert '<mark class="right">other</mark>-sa' in matcher["verdict"]
    assert {"way": ["token-sub", "provider-sub", "policy-sub"], "status": "failed", "sign": "✕"} in matcher["links"]


def test_what_was_not_reached_is_neither_a_pass_nor_silent(screen, simulation):
    shown = spoil(screen(lang="en"), simulation, wrong_subject).open("access")
    html = shown.html("found_access")
    assert re.findall(r'<li class="(\w+)" data-check="([^"]+)"', html) == [
        ("not_reached", "access.identity"),
        ("passed", "access.policy"),
        ("not_reached", "access.list_buckets"),
    ]
    assert "not reached" in html
    assert load("en").message("reasons.earlier_step") in html


def test_a_step_that_was_not_reached_leads_to_the_broken_one_and_no_step_is_green_that_did_not_hold(screen, simulation):
    shown = spoil(screen(lang="ja"), simulation, no_pod).open("sts_assume")
    outcome = shown.html("outcome_sts_assume")
    assert load("ja").message("reasons.earlier_step") in outcome
    assert re.findall(r'data-page="(\w+)"', outcome) == ["webhook"]
    line = re.findall(r'<li class="(\w+) (\w+)"', shown.html("journey"))
    assert [place for place, status in line if status != "passed"] == ["ahead", "ahead", "now", "ahead"]
    assert "file_tree" not in shown.open("token_mount").keys
