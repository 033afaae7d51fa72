"""The token in one minute: the walk's own claims in their colours, and a signature that a change breaks."""

from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.ui.marks import claim
from tests.screens.test_broken_worlds import no_pod, spoil


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_claims_of_the_real_token_are_lit_in_their_colours(reader, language):
    shown, content = reader(language).open("one_minute"), load(language)
    html = unescape(shown.html("minute_token"))
    for name in ("iss", "sub", "aud"):
        assert content.message(f"artefacts.claims.{name}") in html
        assert f'class="line lit claim-{name}"' in html
    assert shown.claims["sub"] in html.replace("<wbr>", "")


def test_the_signature_of_the_token_as_issued_matches(reader):
    html = unescape(reader("en").open("one_minute").html("stamp"))
    assert load("en").message("one_minute.found.passed") in html
    assert 'class="looks passed"' in html


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("iss", "The changed <code>iss</code> does not fit the provider"),
        ("sub", "The signature does not match"),
        ("aud", "The changed <code>aud</code> does not fit the provider"),
    ],
)
def test_one_character_changed_breaks_the_signature_and_sts_says_so(reader, name, found):
    shown = reader("en").open("one_minute")
    shown.test.segmented_control(key="one_minute_choice").set_value(name).run()
    html = unescape(shown.html("stamp"))
    assert found in html
    assert 'class="looks failed"' in html
    assert "<blockquote>" in html
    assert f'class="twice claim-{name}"' in html


def test_a_world_without_a_token_says_where_the_chain_stops(screen, simulation):
    shown = spoil(screen(lang="en"), simulation, no_pod).open("one_minute")
    assert load("en").message("one_minute.no_token") in unescape(shown.html("minute_token"))
    assert "stamp" not in shown.keys


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("iss", "claim-iss"),
        ("Federated", "claim-iss"),
        ("oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub", "claim-sub"),
        ("oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud", "claim-aud"),
        ("ClientIDList", "claim-aud"),
        ("Sub", ""),
        ("subject", ""),
        ("", ""),
    ],
)
def test_a_field_that_carries_a_claim_has_its_colour(field, found):
    assert claim(field) == found
