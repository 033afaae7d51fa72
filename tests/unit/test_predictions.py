"""Predictions: the right option follows from what the walk saw, and another world has another one."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.lessons.predictions import QUESTIONS, RightAnswer, outcome
from app.flow.model import Exchange, Status, Step, Walk
from app.flow.ports import Execution
from app.flow.steps.walk import walk
from app.flow.webhook import WebhookSettings
from tests.placeholders import placeholders
from tests.private_keys import KEY, OTHER_KEY
from tests.unit.fake_ports import ACCOUNT, HOST, SUB, SUBJECT, Fakes, jwk, token, trust_policy

API_TOKEN = "cat /var/run/secrets/kubernetes.io/serviceaccount/token"
API_SERVER = "https://kubernetes.default.svc"
CALL = Exchange(caller="explorer", callee="sts", method="POST", url="https://sts.ap-northeast-1.amazonaws.com/")
FETCH = Exchange(caller="sts", callee="issuer", method="GET", url="https://issuer/keys")
REVIEW = Exchange(caller="sts", callee="kube-apiserver", method="POST", url="https://cluster/tokenreviews")
KUBELET = Exchange(caller="kubelet", callee="kube-apiserver", method="POST", url="https://cluster/token")


def healthy(**spoilt: Any) -> Fakes:
    """A healthy world that also has the Pod's other token; `spoilt` are other documents of its servers."""
    fakes = Fakes(**spoilt)
    fakes.files.setdefault(API_TOKEN, other())
    return fakes


def other(*, key: Any = KEY, **claims: Any) -> Execution:
    return Execution(stdout=token(key, **{"aud": [API_SERVER]} | claims), stderr="", exit_code=0)


def walked(fakes: Fakes | None = None, **exchanges: tuple[Exchange, ...]) -> Walk:
    """A walk, with the exchanges of some steps put in the place of what the fakes note."""
    found = walk((fakes or healthy()).ports(), SUBJECT)
    given: dict[str, tuple[Exchange, ...]] = {"sts_assume": (CALL,), "token_mount": (KUBELET,)} | exchanges
    reports = tuple(dataclasses.replace(report, exchanges=given.get(report.step, ())) for report in found)
    return dataclasses.replace(found, reports=reports)


def outcome_of(step: Step, found: Walk) -> RightAnswer:
    found_outcome = outcome(step, found)
    assert found_outcome is not None
    assert found_outcome.answer in QUESTIONS[step].options
    assert found_outcome.happened in QUESTIONS[step].happened
    for language in LANGUAGES:
        content = load(language)
        content.message(f"predictions.{step}.question", **found_outcome.values)
        for option in QUESTIONS[step].options:
            content.message(f"predictions.{step}.options.{option}", **found_outcome.values)
        content.message(f"predictions.{step}.happened.{found_outcome.happened}", **found_outcome.values)
        if found_outcome.partly:
            content.message(f"predictions.{step}.missing.{found_outcome.partly}", **found_outcome.values)
    assert not found_outcome.partly or found_outcome.partly in set(QUESTIONS[step].partly) - {found_outcome.answer}
    return found_outcome


@pytest.mark.parametrize("step", Step)
def test_a_healthy_world_has_exactly_one_right_option(step: Step) -> None:
    options = QUESTIONS[step].options
    assert 3 <= len(options) <= 4
    assert len(set(options)) == len(options)
    assert options.count(outcome_of(step, walked()).answer) == 1


@pytest.mark.parametrize("step", Step)
def test_the_options_read_differently(step: Step) -> None:
    for language in LANGUAGES:
        values = outcome_of(step, walked()).values
        texts = [
            load(language).message(f"predictions.{step}.options.{option}", **values)
            for option in QUESTIONS[step].options
        ]
        assert len(set(texts)) == len(texts)


def test_neither_the_place_nor_the_length_of_an_option_gives_it_away() -> None:
    right = {step: outcome_of(step, walked()) for step in Step}
    places = Counter(QUESTIONS[step].options.index(found.answer) for step, found in right.items())
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= 2
    for language in LANGUAGES:
        for step, found in right.items():
            texts = {
                option: load(language).message(f"predictions.{step}.options.{option}", **found.values)
                for option in QUESTIONS[step].options
            }
            assert max(texts, key=lambda option: len(texts[option])) != found.answer, (language, step)


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("token", "issuer", "audience")), ("ja", ("トークン", "issuer", "宛先"))]
)
def test_the_first_question_explains_its_words(language: str, words: tuple[str, ...]) -> None:
    before = load(language).message(f"predictions.{Step.OIDC_PROVIDER}.before")
    assert [word for word in words if f"**{word}**" not in before] == []


def test_every_text_of_a_prediction_can_be_reached() -> None:
    wanted = {
        *(f"predictions.{step}.{part}" for step in Step for part in ("question", "why")),
        *(f"predictions.{step}.options.{option}" for step in Step for option in QUESTIONS[step].options),
        *(f"predictions.{step}.happened.{key}" for step in Step for key in QUESTIONS[step].happened),
        *(f"predictions.{step}.missing.{option}" for step in Step for option in QUESTIONS[step].partly),
        *(f"predictions.{step}.before" for step in Step if QUESTIONS[step].explained),
    }
    assert {key for key in load("ja").messages if key.startswith("predictions.")} == wanted
    assert not any(placeholders(load("ja").message(f"predictions.{step}.why")) for step in Step)


def test_the_first_sentence_of_what_happened_has_the_same_values_in_both_languages() -> None:
    """A slide of the talk shows no more of it."""
    keys = [f"predictions.{step}.happened.{key}" for step in Step for key in QUESTIONS[step].happened]
    english, japanese = (
        [placeholders(it.messages[key].partition(it.facts.full_stop + it.facts.between_sentences)[0]) for key in keys]
        for it in map(load, ("en", "ja"))
    )
    assert english == japanese


@pytest.mark.parametrize("step", Step)
def test_nothing_is_asked_of_a_step_that_did_not_hold(step: Step) -> None:
    found = walked()
    reports = tuple(
        dataclasses.replace(
            report, checks=tuple(dataclasses.replace(check, status=Status.FAILED) for check in report.checks)
        )
        for report in found
    )
    assert outcome(step, dataclasses.replace(found, reports=reports)) is None


@pytest.mark.parametrize("step", Step)
def test_nothing_is_answered_without_evidence(step: Step) -> None:
    found = walked()
    reports = tuple(dataclasses.replace(report, evidence={}, exchanges=()) for report in found)
    assert outcome(step, dataclasses.replace(found, reports=reports)) is None


# --- (1) -------------------------------------------------------------------------------------------------------------


def test_the_record_holds_an_address_and_audiences() -> None:
    found = outcome_of(Step.OIDC_PROVIDER, walked())
    assert (found.answer, found.values["url"], found.values["keys"]) == ("url", HOST, "1")


def test_a_record_that_holds_a_key_or_a_service_account_is_noticed() -> None:
    fakes = healthy()
    fakes.provider |= {"Keys": [jwk(KEY)["kid"]]}
    assert outcome_of(Step.OIDC_PROVIDER, walked(fakes)).answer == "keys"
    fakes = healthy()
    fakes.provider |= {"Subjects": [SUB]}
    assert outcome_of(Step.OIDC_PROVIDER, walked(fakes)).answer == "service_accounts"


# --- (2) -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "answer"),
    [
        ({}, "sts"),
        ({"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}}, "granted"),
        ({"StringLike": {f"{HOST}:sub": "system:serviceaccount:default:*"}}, "granted"),
        ({"StringLike": {f"{HOST}:sub": "system:serviceaccount:*:my-sa"}}, "sts"),
    ],
)
def test_whether_another_account_gets_the_role_is_up_to_the_trust_policy(
    conditions: dict[str, Any], answer: str
) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(**conditions)
    assert outcome_of(Step.SERVICE_ACCOUNT, walked(fakes)).answer == answer


# --- (3) -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [WebhookSettings(region="ap-northeast-1", sts_regional_endpoint=True), WebhookSettings()]
)
def test_the_webhook_writes_where_to_find_things_whatever_its_settings(
    monkeypatch: pytest.MonkeyPatch, settings: WebhookSettings
) -> None:
    monkeypatch.setattr("tests.unit.fake_ports.SETTINGS", settings)
    found = outcome_of(Step.WEBHOOK, walked(healthy()))
    assert (found.answer, found.partly) == ("pointers", "role")
    assert found.values["file"].endswith("/token")


def with_evidence(step: Step, **evidence: Any) -> Walk:
    found = walked()
    report = found.report(step)
    changed = dataclasses.replace(report, evidence={**report.evidence, **evidence})
    return dataclasses.replace(found, reports=tuple(changed if it is report else it for it in found))


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        ({"pod_after": {"spec": {"env": [token(KEY)]}}}, "token"),
        ({"environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "***"}]}, "credentials"),
    ],
)
def test_a_token_or_credentials_in_the_spec_are_noticed(evidence: dict[str, Any], answer: str) -> None:
    assert outcome_of(Step.WEBHOOK, with_evidence(Step.WEBHOOK, **evidence)).answer == answer


def test_where_the_webhook_added_nothing_nothing_is_asked() -> None:
    assert outcome(Step.WEBHOOK, with_evidence(Step.WEBHOOK, environment=[])) is None


# --- (4) -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "accepted", "conditions", "answer", "happened"),
    [
        (other(), [], {}, "audience", "audience"),
        (other(), [API_SERVER], {}, "audience", "audience_policy"),
        (other(), [API_SERVER], {"StringEquals": {f"{HOST}:sub": SUB}}, "taken", "taken"),
        (other(key=OTHER_KEY), [], {}, "signature", "signature"),
        (other(sub="system:serviceaccount:default:x"), [], {}, "subject", "subject"),
        (other(aud=["a", "b"]), ["a", "b"], {}, "audience", "audience"),
    ],
)
def test_the_other_token_is_held_against_provider_and_policy(
    second: Execution, accepted: list[str], conditions: dict[str, Any], answer: str, happened: str
) -> None:
    fakes = healthy()
    fakes.files[API_TOKEN] = second
    fakes.provider["ClientIDList"] += accepted
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(**conditions)
    found = outcome_of(Step.TOKEN_MOUNT, walked(fakes))
    assert (found.answer, found.happened) == (answer, happened)


def test_without_another_token_nothing_is_asked() -> None:
    fakes = healthy()
    del fakes.files[API_TOKEN]
    assert outcome(Step.TOKEN_MOUNT, walked(fakes)) is None


# --- (5) -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exchanges", "answer", "happened"),
    [
        ((CALL,), "keys", "kept"),
        ((CALL, FETCH), "keys", "fetched"),
        ((CALL, FETCH, REVIEW), "cluster", "cluster"),
        ((dataclasses.replace(CALL, request_headers=(("Authorization", "***"),)),), "caller", "caller"),
    ],
)
def test_the_server_that_sts_asked_is_read_off_the_wire(
    exchanges: tuple[Exchange, ...], answer: str, happened: str
) -> None:
    found = outcome_of(Step.STS_ASSUME, walked(sts_assume=exchanges))
    assert (found.answer, found.happened) == (answer, happened)


def test_silence_says_nothing_where_nobody_may_listen() -> None:
    assert outcome(Step.STS_ASSUME, walked(token_mount=())) is None


# --- (6) -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arn", "answer", "role"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/irsa-explorer", "role", "s3-reader"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/another/irsa-explorer", "role", "another"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/NodeInstanceRole/i-0d65729d6d09d2540", "node", "NodeInstanceRole"),
    ],
)
def test_the_identity_that_aws_sees_is_read_off_the_answer(arn: str, answer: str, role: str) -> None:
    found_outcome = outcome_of(Step.ACCESS, with_evidence(Step.ACCESS, identity={"Arn": arn}))
    assert (found_outcome.answer, found_outcome.values["role"]) == (answer, role)


def test_a_user_is_neither_pod_nor_role() -> None:
    alice = {"Arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
    assert outcome(Step.ACCESS, with_evidence(Step.ACCESS, identity=alice)) is None
