"""What STS would say of a token: each point changes with its input, and the words are those of the simulated STS."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow.model import Status
from app.flow.tokens.signature import SignatureCheck
from app.flow.verdict.refusals import REFUSALS
from app.flow.verdict.sts_forecast import Entered, Forecast, entered_url, forecast
from app.world.aws.errors import AwsError
from app.world.aws.sts import refusals
from app.world.aws.sts.token import read_token
from tests.examples import examples

NOW = 1_795_000_000
HOST = "oidc.eks.us-east-1.amazonaws.com/id/E"
ARN = f"arn:aws:iam::111122223333:oidc-provider/{HOST}"
SUBJECT = "system:serviceaccount:default:my-sa"
HEADER = {"alg": "RS256", "kid": "key-1"}
CLAIMS = {
    **{"iss": f"https://{HOST}", "sub": SUBJECT, "aud": ["sts.amazonaws.com"]},
    **{"iat": NOW - 600, "nbf": NOW - 600, "exp": NOW + 85_800},
}


def policy(**statement: Any) -> dict[str, Any]:
    own = {
        "Effect": "Allow",
        "Principal": {"Federated": ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{HOST}:sub": SUBJECT, f"{HOST}:aud": "sts.amazonaws.com"}},
    }
    return {"Version": "2012-10-17", "Statement": [own | statement]}


ENTERED = Entered(provider=f"https://{HOST}", audiences=("sts.amazonaws.com",), policy=policy())
VERIFIED = SignatureCheck(code="verified", got="key-1", expected="key-1")


def foreseen(
    claims: Any = CLAIMS, *, entered: Entered = ENTERED, header: Any = HEADER, signature: SignatureCheck | None = None
) -> Forecast:
    return forecast(header, claims, entered, signature, now=NOW)


def failed(found: Forecast) -> list[str]:
    return [point.id for point in found.points if point.status is Status.FAILED]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


# --- all that fits ---------------------------------------------------------------------------------------------------


def test_what_only_aws_can_see_is_not_confirmed():
    found = foreseen()
    assert found.outcome == "open"
    unknown = [point.id for point in found.points if point.status is Status.UNKNOWN]
    assert unknown == ["thumbprint", "key", "signature"]
    passed = {point.id: point.note for point in found.points if point.status is Status.PASSED and point.note}
    assert passed == dict.fromkeys(("provider", "audience", "trust"), "entered")
    found = foreseen(signature=VERIFIED)
    assert found.outcome == "accepted"
    assert [point.id for point in found.points if point.status is Status.UNKNOWN] == ["thumbprint"]


@pytest.mark.parametrize("entered", [HOST, f"https://{HOST}", f" {ARN} "])
def test_a_provider_is_entered_by_url_or_arn(entered):
    assert entered_url(entered) == HOST
    found = foreseen(entered=Entered(provider=entered, audiences=ENTERED.audiences, policy=ENTERED.policy))
    assert found.outcome == "open"


@pytest.mark.parametrize(
    ("entered", "missing"),
    [
        (Entered(), ["provider", "audience", "trust"]),
        (Entered(provider=HOST, audiences=ENTERED.audiences), ["trust"]),
        (Entered(policy=policy()), ["provider", "audience"]),
    ],
)
def test_what_was_not_entered_is_not_judged(entered, missing):
    found = foreseen(entered=entered)
    assert found.outcome == "incomplete"
    assert [point.id for point in found.points if point.note == "not_entered"] == missing
    rows = found.comparison.rows if found.comparison else ()
    assert all(row.status is Status.UNKNOWN for row in rows if row.record == "provider")


# --- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "point"),
    [
        ({"provider": f"{HOST}/"}, "provider"),
        ({"provider": HOST.replace("/E", "/F")}, "provider"),
        ({"audiences": ("sts.amazonaws.com ",)}, "audience"),
        ({"audiences": ("other",)}, "audience"),
        ({"policy": policy(Condition={"StringEquals": {f"{HOST}:sub": f"{SUBJECT}2"}})}, "trust"),
        ({"policy": policy(Condition={"StringEquals": {f"https://{HOST}:sub": SUBJECT}})}, "trust"),
        ({"policy": policy(Condition={"StringEquals": {f"{HOST}:sub": "system:serviceaccount:default:*"}})}, "trust"),
        ({"policy": policy(Action="sts:AssumeRole")}, "trust"),
        ({"policy": policy(Effect="Deny")}, "trust"),
        ({"policy": policy(Principal={"Federated": ARN.replace("/E", "/F")})}, "trust"),
        ({"policy": {}}, "trust"),
        ({"provider": ARN.replace("1111", "9999")}, "trust"),
    ],
)
def test_a_record_that_does_not_fit_is_the_one_that_fails(change, point):
    parts = {"provider": HOST, "audiences": ENTERED.audiences, "policy": ENTERED.policy} | change
    found = foreseen(entered=Entered(**parts))
    assert failed(found) == [point]
    assert found.outcome == "refused"


def test_an_issuer_without_its_scheme_is_another_one():
    assert failed(foreseen({**CLAIMS, "iss": HOST}))[0] == "provider"


def test_a_condition_on_the_request_leaves_it_open():
    conditions = {"StringEquals": {f"{HOST}:sub": SUBJECT}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    found = foreseen(entered=Entered(provider=HOST, audiences=ENTERED.audiences, policy=policy(Condition=conditions)))
    assert (found.outcome, failed(found)) == ("depends", [])


def test_an_account_without_a_provider_is_refused_and_no_comparison_claims_otherwise():
    found = foreseen(entered=Entered(has_none=True, policy=policy()))
    assert found.outcome == "refused"
    assert failed(found) == ["provider"]
    assert found.refusal
    assert any("No OpenIDConnect provider found" in it for it in found.refusal.messages)
    assert found.comparison is None


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_an_issuer_that_aws_knows_itself_is_not_judged(issuer):
    of_google = policy(Principal={"Federated": "accounts.google.com"}, Condition={})
    found = foreseen(CLAIMS | {"iss": issuer}, entered=Entered(policy=of_google))
    assert found.outcome == "built_in"
    assert not failed(found)
    assert [point.id for point in found.points if point.note == "built_in"] == ["provider", "audience", "trust"]
    assert foreseen(CLAIMS | {"iss": issuer, "exp": NOW - 900}).outcome == "refused", "it has expired"


def test_an_expired_token_is_held_against_the_records_as_well():
    found = foreseen({**CLAIMS, "iat": NOW - 9000, "exp": NOW - 300})
    assert failed(found) == ["expiration"]
    assert found.comparison is not None
    assert [point.status for point in found.points if point.id == "trust"] == [Status.PASSED]
    assert failed(foreseen({**CLAIMS, "exp": NOW - 299})) == []


@pytest.mark.parametrize(
    ("signature", "points"),
    [
        (SignatureCheck(code="wrong", got="key-1", expected="key-1"), ["signature"]),
        (SignatureCheck(code="no_key", got="key-1", expected="key-2"), ["key"]),
        (SignatureCheck(code="jwks_json"), []),
    ],
)
def test_a_pasted_jwks_decides_key_and_signature(signature, points):
    assert failed(foreseen(signature=signature)) == points


def test_a_verified_token_without_a_kid_leaves_the_key_open():
    found = foreseen(header={"alg": "RS256"}, signature=SignatureCheck(code="verified", by_kid=False))
    assert [(point.status, point.note) for point in found.points if point.id == "key"] == [(Status.UNKNOWN, "no_kid")]


# --- the words -------------------------------------------------------------------------------------------------------


def compact(header: Any, claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2ln"])


@pytest.mark.parametrize(
    ("header", "claims", "point"),
    [
        *((HEADER, without(name), "claims") for name in ("iss", "sub", "aud", "iat", "exp")),
        (HEADER, {**CLAIMS, "aud": []}, "claims"),
        (HEADER, {**CLAIMS, "aud": ["a", "b"]}, "audience_count"),
        (HEADER, {**CLAIMS, "sub": 7}, "types"),
        (HEADER, {**CLAIMS, "aud": [7]}, "types"),
        (HEADER, {**CLAIMS, "exp": float(NOW)}, "types"),
        (HEADER, {**CLAIMS, "nbf": "now"}, "types"),
        (HEADER, {**CLAIMS, "iat": True}, "types"),
        (HEADER, {**CLAIMS, "exp": 2**63}, "types"),
        (HEADER, {**CLAIMS, "exp": NOW - 300}, "expiration"),
        (HEADER, {**CLAIMS, "iat": NOW - 86_701}, "age"),
        (HEADER, {**CLAIMS, "nbf": NOW + 301}, "begun"),
    ],
)
def test_the_first_refusal_is_in_the_words_of_the_simulated_sts(header, claims, point):
    with pytest.raises(AwsError) as raised:
        read_token(compact(header, claims), NOW)
    refusal = foreseen(claims, header=header).refusal
    assert refusal is not None
    assert (refusal.id, refusal.code) == (point, raised.value.code)
    assert raised.value.message in refusal.messages
    compared = "provider" in [it.id for it in foreseen(claims, header=header).points]
    assert compared is (point not in ("claims", "types"))


@pytest.mark.parametrize(
    ("change", "got", "expected", "note"),
    [
        ({"iat": None}, "iss, sub, aud, exp", "iss, sub, aud, iat, exp", ""),
        ({"aud": [], "sub": None}, "iss, iat, exp", "iss, sub, aud, iat, exp", ""),
        ({"sub": 7, "nbf": "now"}, "sub 7, nbf now", "", ""),
        ({"exp": NOW - 300}, str(NOW - 300), f"> {NOW - 300}", ""),
        ({"iat": NOW - 86_701}, "86701", "≤ 86700", "age"),
        ({"nbf": NOW + 301}, str(NOW + 301), f"≤ {NOW + 300}", "begun"),
    ],
)
def test_a_refusal_shows_what_was_found_and_the_bound(change, got, expected, note):
    refusal = foreseen(CLAIMS | change).refusal
    assert refusal is not None
    assert (refusal.got, refusal.expected, refusal.note) == (got, expected, note)


@pytest.mark.parametrize(("nbf", "note"), [(NOW, ""), (NOW + 1, "early"), (NOW + 300, "early")])
def test_that_a_token_may_begin_early_is_called_an_assumption(nbf, note):
    (begun,) = (it for it in foreseen({**CLAIMS, "nbf": nbf}).points if it.id == "begun")
    assert (begun.status, begun.note) == (Status.PASSED, note)


def test_what_the_simulated_sts_takes_fails_no_point():
    changes = [
        {"aud": "sts.amazonaws.com"},
        {"exp": NOW - 299},
        {"exp": 2**63 - 1},
        {"iat": NOW - 86_700},
        {"nbf": NOW + 300},
    ]
    for claims in (CLAIMS, without("nbf"), *({**CLAIMS, **change} for change in changes)):
        read_token(compact(HEADER, claims), NOW)
        assert failed(foreseen(claims)) == []
    both = {**CLAIMS, "aud": ["a", "b"], "azp": "sts.amazonaws.com"}
    assert read_token(compact(HEADER, both), NOW).audience == "sts.amazonaws.com"
    assert failed(foreseen(both)) == []


def test_the_records_refusals_are_in_the_words_of_the_simulated_sts_and_known_to_the_doctor():
    wrong = [
        (Entered(provider="example.com"), refusals.no_provider(None, CLAIMS["iss"])),
        (Entered(policy={}), refusals.not_authorized()),
    ]
    for entered, answer in wrong:
        refusal = foreseen(entered=entered).refusal
        assert refusal is not None
        assert refusal.code == answer.code
        assert answer.message in refusal.messages
        assert all(any(known.words in message for known in REFUSALS if known.words) for message in refusal.messages)
    lost = foreseen(signature=SignatureCheck(code="no_key", got="key-1")).refusal
    assert lost is not None
    assert lost.messages == (refusals.no_key().message,)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256", "EdDSA", "", None, 7, ["RS256"]])
def test_an_algorithm_that_sts_does_not_take_is_refused(algorithm):
    assert failed(foreseen(header={"alg": algorithm}))[0] == "form"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*CLAIMS, "azp", "amr"]), JSON | st.just("sts.amazonaws.com")),
    st.dictionaries(st.sampled_from(["alg", "kid"]), JSON),
    JSON,
    st.text(),
)
@settings(max_examples=examples(60))
def test_whatever_is_entered_is_judged(claims, header, document, provider):
    entered = Entered(provider=provider, audiences=(provider,), policy=document)
    found = foreseen({**CLAIMS, **claims}, header={**HEADER, **header}, entered=entered)
    assert found.outcome in ("refused", "depends", "incomplete", "open", "accepted")
