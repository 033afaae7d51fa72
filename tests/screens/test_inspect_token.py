"""The page of a pasted token: what it explains, that it asks no server, and that no signature is kept or drawn."""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.flow.tokens.pasted import DOT, LONGEST, masked, read
from app.flow.tokens.signature import check_signature
from app.flow.verdict.sts_forecast import Entered, forecast
from app.ui.inspect_token import of_sts, of_token
from app.ui.inspect_token.page import Kept, _received, policy_of, verified
from app.ui.state import session
from tests.screens.live import asked_as
from tests.unit.test_pasted_token import HEADER, PROBLEMS, TOKEN, H, P, S, b64, jwk, jwks, signed
from tests.unit.test_sts_forecast import CLAIMS as STS_CLAIMS
from tests.unit.test_sts_forecast import ENTERED, HOST, NOW

KEPT = "inspect_token_kept"
EN = load("en")


def paste(shown, text: str, **more):
    """As the browser sends it: a state of the component, which AppTest cannot set."""
    kept = _received(Kept(), {"pasted": {"sequence": 1, "text": text, "base64": False}})
    shown.test.session_state[KEPT] = Kept(**{**vars_of(kept), **more})
    shown.test.run()
    assert not shown.test.exception
    return shown


def vars_of(kept: Kept) -> dict[str, object]:
    return {name: getattr(kept, name) for name in Kept.__dataclass_fields__}


def explained(text: str, language: str = "en", signature=None, now: float = NOW) -> str:
    return unescape(of_token.explained(read(text), signature, load(language), now=now, zone="Asia/Tokyo"))


# --- the words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_and_every_removal_has_words(language):
    for text, code, *_ in PROBLEMS:
        html = explained(text, language)
        assert code == "empty" or f'data-problem="{code}"' in html
        assert not re.search(r"\{\w+\}", re.sub("<code>.*?</code>", "", html))
    for key in ("base64", "bearer", "quotes", "line_breaks", "blanks", "invisible", "text_after"):
        assert load(language).message(f"inspect_token.removed.{key}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_of_a_verification_has_words(language):
    keys = [jwk(kid="key-1"), jwk("P-256"), "text", jwk(kid="key-1", n="!"), jwk(kid="key-1", use="enc")]
    checks = [check_signature(signed(), jwks(*keys)), check_signature(signed(), jwks({"kty": "RSA", "d": "x"}))]
    checks += [check_signature(signed(), text) for text in ("", "[]", "{}", "{", "x" * 70_000)]
    checks += [check_signature(signed(), jwks(*({},) * 51)), check_signature(signed(kid=None), jwks(jwk()))]
    checks += [check_signature(text, "") for text in ("", f"{b64({'alg': 'none'})}.{P}.")]
    checks += [check_signature(f"{b64({'alg': 'RS256', 'crit': ['x']})}.{P}.{S}", "")]
    for check in checks:
        assert f'data-signature="{check.code}"' in explained(signed(), language, check)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_point_has_words(language):
    changes = [{}, {"aud": []}, {"aud": ["a", "b"]}, {"sub": 7}, {"exp": 0}, {"iat": 0}, {"nbf": NOW + 999}]
    drawn = ""
    for change in changes:
        for entered in (ENTERED, Entered(), Entered(provider="x", audiences=("y",), policy={})):
            found = forecast({"alg": "RS256"}, STS_CLAIMS | change, entered, None, now=NOW)
            drawn += of_sts.drawn(found, "", load(language))
    for outcome in ("refused", "incomplete", "open"):
        assert f'data-outcome="{outcome}"' in drawn


def test_fields_have_their_meaning_their_source_and_their_time():
    token = f"{H}.{b64({**STS_CLAIMS, 'kubernetes.io': {'pod': {'name': 'web'}}, 'colour': 'red'})}.{S}"
    html = explained(token)
    assert 'data-claim="kubernetes.io.pod.name"' in html
    assert '<a class="source" href="https://www.rfc-editor.org/rfc/rfc7519#section-4.1"' in html
    row = html.partition('data-claim="colour"')[2].partition("</tr>")[0]
    assert EN.message("inspect_token.unknown_claim") in row
    assert "source" not in row
    row = html.partition('data-claim="exp"')[2].partition("</tr>")[0]
    assert "Asia/Tokyo" in row
    assert "in 23 h 50 min" in row


@pytest.mark.parametrize("zone", ["", "UTC", "../../etc/passwd", "Nowhere/At_All", "\x00", "a" * 500])
def test_a_zone_that_is_none_leaves_utc(zone):
    html = of_token.explained(read(f"{H}.{b64(STS_CLAIMS)}.{S}"), None, EN, now=NOW, zone=zone)
    assert "UTC" in html
    assert "passwd" not in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_that_is_not_valid_yet_is_not_called_valid(language, claim):
    claims = STS_CLAIMS | {claim: NOW + 3600, "exp": NOW + 7200}
    times = explained(f"{H}.{b64(claims)}.{S}", language).partition(load(language).message("inspect_token.times.title"))
    assert '<div class="outcome failed">' in times[2].partition("</div></div>")[0]
    found = of_sts.drawn(forecast({"alg": "RS256"}, claims, ENTERED, None, now=NOW), "", load(language))
    note = load(language).message("inspect_token.notes.begun")
    assert note in unescape(found).replace("\xa0", " ").partition('<ol class="points">')[0], (
        "beside the message that it speaks of"
    )


@pytest.mark.parametrize(("early", "status"), [(300, "warning"), (301, "failed")])
def test_a_token_that_begins_within_the_grace_is_a_warning(early, status):
    html = explained(f"{H}.{b64(STS_CLAIMS | {'nbf': NOW + early})}.{S}")
    times = html.partition(EN.message("inspect_token.times.title"))[2]
    assert f'<div class="outcome {status}">' in times.partition("</div></div>")[0]
    assert f'<li class="{status}" data-odd="not_yet">' in html


def test_what_stands_out_in_one_part_is_said_where_the_other_is_broken():
    assert 'data-odd="unsigned"' in (html := explained(f"{b64({'alg': 'none'})}.e30x.{S}"))
    assert 'data-odd="missing_claim"' not in html
    twice = base64.urlsafe_b64encode(b'{"alg":"none","alg":"RS256"}').decode().rstrip("=")
    assert 'data-odd="repeated"' in explained(f"{twice}.e30.{S}")
    html = explained(f"e.{b64({**STS_CLAIMS, 'exp': NOW - 9})}.{S}")
    assert 'data-odd="expired"' in html
    assert 'data-odd="unsigned"' not in html


def test_junk_in_a_token_is_escaped():
    junk = "<img src=x onerror=alert(1)>"
    html = of_token.explained(
        read(f"{b64({'alg': junk, junk: 1})}.{b64({junk: junk})}.{S}"), None, EN, now=NOW, zone=""
    )
    assert "<img" not in html
    made = check_signature(signed(), jwks({"kid": junk, "kty": junk}))
    assert "<img" not in of_token.explained(read(signed()), made, EN, now=NOW, zone="")


def test_nothing_in_a_token_steers_the_page():
    odd = "a\u202eb\u200b\x1b[2J"
    html = explained(f"{b64({'alg': odd, 'kid': odd, odd: odd})}.{b64({odd: {odd: odd}, 'iss': odd, 'sub': odd})}.{S}")
    found = forecast({"alg": "RS256"}, STS_CLAIMS | {"sub": odd, "aud": odd}, Entered(provider=odd), None, now=NOW)
    html += of_sts.drawn(found, odd, EN) + explained(signed(), "en", check_signature(signed(), jwks({"kid": odd})))
    assert not {"\u202e", "\u200b", "\x1b"} & set(html)


def test_the_result_of_another_token_is_not_shown_as_that_of_this_one():
    check = check_signature(signed(), jwks(jwk(kid="key-1")))
    assert EN.message("inspect_token.signature.verified") in explained(signed(), signature=check)
    html = explained(TOKEN, signature=check)
    assert EN.message("inspect_token.signature.verified") not in html
    assert EN.message("inspect_token.signature.of_other") in html


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_what_the_browser_sends_is_kept_without_its_signature_whatever_it_sends():
    kept = _received(Kept(), {"pasted": {"sequence": 1, "text": TOKEN, "base64": False}})
    assert kept.text == f"{H}.{P}.{DOT * len(S)}"
    token = signed()
    kept = verified(kept, {"token": token, "jwks": jwks(jwk(kid="key-1"))})
    assert kept.signature is not None
    assert kept.signature.code == "verified"
    assert token.rpartition(".")[2] not in repr(kept)
    followed = _received(kept, {"pasted": {"sequence": 2, "text": masked(token), "base64": False}})
    assert followed.signature is kept.signature
    assert _received(kept, {"pasted": {"sequence": 2, "text": f"{H}.{P}", "base64": False}}).signature is None


@pytest.mark.parametrize(
    "sent", [None, {}, {"pasted": 1}, {"pasted": {"sequence": "x"}}, {"token": 1}, {"token": "x", "jwks": []}, "x"]
)
def test_junk_from_a_browser_is_no_error(sent):
    assert _received(Kept(), sent).text == ""
    assert getattr(verified(Kept(), sent).signature, "code", "") == "token"


def test_a_text_that_was_too_long_to_be_sent_is_said():
    kept = _received(Kept(), {"pasted": {"sequence": 1, "length": LONGEST + 5}})
    assert [problem.code for problem in read(kept.text).problems] == ["too_long"]


# --- on the page -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_is_the_worlds_own_token_and_fits(screen, language):
    shown = screen(lang=language).open("inspect_token")
    assert load(language).message("inspect_token.nothing") in shown.html("inspect_explained")
    shown.click("inspect_example")
    assert not shown.test.exception
    html = shown.html("inspect_explained")
    assert "kubernetes.io.pod.name" in html.replace("<wbr>", "")
    assert 'data-odd="' not in html
    assert 'data-problem="' not in html
    assert 'data-outcome="open"' in shown.html("inspect_sts")
    policy = json.loads(shown.test.text_area(key="inspect_policy").value)
    policy["Statement"][0]["Condition"]["StringEquals"] = {"x:sub": "y"}
    shown.test.text_area(key="inspect_policy").set_value(json.dumps(policy)).run()
    assert 'data-outcome="refused"' in shown.html("inspect_sts")
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in shown.html("inspect_sts")
    shown.test.text_area(key="inspect_policy").set_value('{"Statement": [').run()
    assert load(language).message("matcher.problems.heading") in shown.html("inspect_sts")
    assert load(language).message("matcher.stale") not in shown.html("inspect_sts"), "it shows no older verdict"


@pytest.mark.parametrize(
    "around", [{}, {"Role": {"AssumeRolePolicyDocument": None}}, {"AssumeRolePolicyDocument": None}]
)
def test_a_policy_is_found_in_what_get_role_shows(around):
    text = json.dumps(ENTERED.policy)
    found = policy_of(json.dumps(around).replace("null", text) if around else text)
    assert found is not None
    assert found.document == ENTERED.policy
    assert policy_of("  ") is None
    assert policy_of("{").problem


def test_where_the_world_has_no_token_its_button_says_so(screen, monkeypatch):
    shown = screen(lang="en").open("inspect_token")
    button = shown.test.button(key="inspect_example")
    assert (button.disabled, button.help) == (False, EN.message("inspect_token.example_help"))
    monkeypatch.setattr("app.ui.inspect_token.page._own_token", lambda: None)
    button = shown.open("inspect_token").test.button(key="inspect_example")
    assert (button.disabled, button.help) == (True, EN.message("inspect_token.example_none"))


def test_what_the_world_does_not_have_is_not_filled_in(screen):
    shown = screen(lang="en").open("inspect_token")
    shown.world.account.oidc_providers.clear()
    shown.click("run_again").click("inspect_example")
    assert shown.test.text_input(key="inspect_provider").value == ""
    assert shown.test.checkbox(key="inspect_no_provider").value
    assert 'data-outcome="refused"' in shown.html("inspect_sts")
    assert "No OpenIDConnect provider found in your account" in shown.html("inspect_sts")
    shown.test.checkbox(key="inspect_no_provider").uncheck().run()
    assert 'data-outcome="incomplete"' in shown.html("inspect_sts")


def test_the_example_lives_by_the_worlds_clock(screen):
    shown = screen(lang="en").open("inspect_token")
    session.simulation().move_clock(shown.world, 20 * 3600)  # the kubelet has renewed it: it is of tomorrow
    shown.click("run_again").click("inspect_example")
    assert shown.test.session_state[KEPT].by_world
    assert 'data-odd="' not in shown.html("inspect_explained")
    text = shown.test.session_state[KEPT].text
    assert 'data-odd="not_yet"' in paste(shown, text, by_world=False).html("inspect_explained")


def test_nothing_is_sent_to_any_server(screen, monkeypatch):
    shown = screen(lang="en").open("inspect_token")

    def refuse(*_args, **_more):
        raise AssertionError("the page of a token has asked a server")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    shown.test.session_state["inspect_provider"] = f"https://{HOST}"
    shown.test.session_state["inspect_audiences"] = "sts.amazonaws.com"
    shown.test.session_state["inspect_policy"] = json.dumps(ENTERED.policy)
    token = f"{b64(HEADER | {'jku': 'https://example.com/keys', 'x5u': 'https://example.com/x'})}.{b64(STS_CLAIMS)}.{S}"
    paste(shown, token, signature=check_signature(signed(), jwks(jwk(kid="key-1"))))
    assert 'data-claim="jku"' in shown.html("inspect_explained")
    assert "data-outcome" in shown.html("inspect_sts")


def test_no_signature_is_drawn_kept_or_logged(screen, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    shown = screen(lang="en").open("inspect_token")
    token = signed()
    secret = token.rpartition(".")[2]
    kept = _received(Kept(), {"pasted": {"sequence": 1, "text": token}})
    kept = verified(kept, {"token": token, "jwks": jwks(jwk(kid="key-1"))})
    shown.test.session_state[KEPT] = kept
    shown.test.run()
    paste(shown, base64.b64encode(token.encode()).decode())
    output = capfd.readouterr()
    state = repr(shown.test.session_state._state.filtered_state)
    everything = [shown.everything, state, repr(shown.test.query_params), caplog.text, output.out, output.err]
    assert all(secret[:20] not in place and secret[-20:] not in place for place in everything)


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({}, "here"),
        ({"served_on": "192.0.2.1"}, "hosted"),
        ({"forwarded_by": "X-Forwarded-For"}, "hosted"),
    ],
)
def test_a_hosted_instance_says_who_could_see_it(screen, monkeypatch, facts, key):
    asked_as(monkeypatch, **facts)
    html = unescape(re.sub("<wbr>", "", screen(lang="en").open("inspect_token").html("inspect_who")))
    assert EN.message(f"inspect_token.who.{key}") in html
