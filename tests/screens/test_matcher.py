"""The matcher and what stands around it on both of its pages, as the script draws them; typing is in tests/browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content import LANGUAGES, load
from app.flow.matching.policy_edits import EDITS
from app.flow.model import Exchange, Step, StepReport, Walk
from app.ui.figures.lifetimes import lives, session_of
from app.ui.step.evidence.sts_assume import request
from app.ui.step.instruments.matcher import Sides, drawing
from app.ui.text import prose

HOST = "oidc.eks.us-east-1.amazonaws.com/id/E"
ARN = f"arn:aws:iam::111122223333:oidc-provider/{HOST}"
SUBJECT = "system:serviceaccount:default:my-sa"
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Federated": ARN},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {f"{HOST}:sub": SUBJECT, f"{HOST}:aud": "sts.amazonaws.com"}},
}
SIDES = Sides(
    claims={"iss": f"https://{HOST}", "sub": SUBJECT, "aud": ["sts.amazonaws.com"]},
    provider={"Url": HOST, "ClientIDList": ["sts.amazonaws.com"]},
    provider_arn=ARN,
    policy={"Version": "2012-10-17", "Statement": [STATEMENT]},
    mounted=True,
)
EN = load("en")
VERSION = drawing(SIDES, None, EN)["version"]


def typed(text, *, edit="", version=VERSION, sides=SIDES, content=EN):
    edited = {"version": version, "sequence": 7, "text": text, "edit": edit}
    return drawing(sides, edited, content)


# --- on the pages ----------------------------------------------------------------------------------------------------


def drawn(shown, key):
    return json.loads(shown.data(key)["drawing"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "key"), [("service_account", "matcher_to_come"), ("sts_assume", "matcher_mounted")])
def test_all_meets_on_both_pages(reader, language, page, key):
    shown = reader(language).open(page)
    assert not shown.test.exception
    data = drawn(shown, key)
    content = load(language)
    assert {link["status"] for link in data["links"]} == {"passed"}
    assert sorted(anchor["claim"] for anchor in data["anchors"]) == ["aud", "iss", "sub"]
    assert prose(content.message("matcher.verdicts.allowed")).split("<code>")[0] in data["verdict"]
    assert json.loads(data["text"])["Version"] == "2012-10-17"
    assert "https:" in data["token"]
    assert "https:" not in data["provider"]
    assert data["words"]["harmless"] == content.message("matcher.harmless")


def test_the_mounted_token_has_more_claims_than_the_one_to_come(reader):
    assert "kubernetes.io" not in drawn(reader("en").open("service_account"), "matcher_to_come")["token"]
    assert "kubernetes.io" in drawn(reader("en").open("sts_assume"), "matcher_mounted")["token"]


def test_the_request_to_sts_has_no_signature_and_its_answer_is_quoted(reader):
    html = reader("en").open("sts_assume").html("found_sts_assume")
    assert "<s>Authorization:</s>" in html
    assert "RoleSessionName</b>=" in html
    assert "HTTP 200" in html
    assert re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]{20}", html.replace("<wbr>", "")) is None


@pytest.mark.parametrize(
    ("url", "noted"),
    [("http://127.0.0.1:8080/", True), ("http://[::1]:8080/", True), ("https://sts.us-east-1.amazonaws.com/", False)],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_loopback_address_of_sts_is_said_to_be_this_world_s(language, url, noted):
    content = load(language)
    call = Exchange(caller="pod", callee="sts", method="POST", url=url, request_body="Action=AssumeRoleWithWebIdentity")
    report = StepReport(step=Step.STS_ASSUME, checks=(), exchanges=(call,))
    assert (prose(content.message("sts.loopback")) in request(report, content)) is noted


def test_what_the_app_itself_checks_is_reported_below_the_checks(reader):
    html = reader("ja").open("sts_assume").html("found_sts_assume")
    assert load("ja").message("sts.about.keys") in html.partition("</ol>")[2]


def test_both_lives_stand_on_the_page_in_a_tab_of_their_own(reader):
    shown = reader("ja").open("sts_assume")
    assert [tab.label for tab in shown.test.tabs] == [
        load("ja").message(f"{part}.title") for part in ("matcher", "lives")
    ]
    html = shown.html("lives")
    assert html.count("<li>") == 8
    assert load("ja").message("lives.with_session").split("`")[0] in html


def test_without_credentials_the_token_lives_alone_and_without_a_token_nothing_does(reader):
    walk: Walk = reader("en").test.session_state["walk_view"].walk
    alone = tuple(replace(report, evidence={}) if report.step is Step.STS_ASSUME else report for report in walk)
    html = lives(replace(walk, reports=alone), 0.0, EN)
    assert html.count("<li>") == 4
    assert EN.message("lives.without_session") in html
    assert lives(replace(walk, reports=tuple(replace(r, evidence={}) for r in walk)), 0.0, EN) == ""


@pytest.mark.parametrize("text", ["", "soon", "9999-99-99T00:00:00Z"])
def test_no_session_without_a_time(text):
    assert session_of(text) is None


# --- what is typed ---------------------------------------------------------------------------------------------------


def test_what_is_typed_is_evaluated_and_handed_back():
    text = SIDES.own.replace("my-sa", "other")
    found = typed(text)
    assert (found["sequence"], found["text"], found["applied"]) == (7, text, False)
    assert "STS would refuse" in found["verdict"]
    start, end = next((a["start"], a["end"]) for a in found["anchors"] if a["claim"] == "sub")
    assert text[start:end] == f'"{HOST}:sub": "system:serviceaccount:default:other"'


def test_broken_json_keeps_what_was_drawn_and_says_where_it_breaks():
    found = typed(SIDES.own.replace('"Statement":', '"Statement"'))
    assert "Line 3, column 15" in found["problem"]
    assert "verdict" not in found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("text", "key"), [('{"Version": ]', "at"), ('{"Version":', "at_end")])
def test_where_json_breaks_is_one_sentence(language, text, key):
    content = load(language)
    found = (
        typed(text, content=content)["problem"].replace("<code>", "`").replace("</code>", "`").replace("\u00a0", " ")
    )
    assert content.message(f"matcher.problems.{key}", line=1, column=13 if key == "at" else 12, found="]") in found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("sid", "name"), [({}, ""), ({"Sid": "NotYou"}, "NotYou")])
def test_a_deny_is_called_by_its_sid_or_its_place_from_1(language, sid, name):
    content = load(language)
    found = typed(written({**STATEMENT, **sid, "Effect": "Deny"}), content=content)["verdict"]
    called = name or content.message("access.statement", number=1)
    sentence = content.message("matcher.obstacles.deny", statement=called)
    assert prose(sentence) in found


@pytest.mark.parametrize("count", [51, 6_500])
def test_too_many_statements_are_counted_and_not_evaluated(monkeypatch, count):
    evaluated = []
    monkeypatch.setattr("app.ui.step.instruments.matcher.compare", lambda *_: evaluated.append(1))
    found = typed('{"Version":"2012-10-17","Statement":[' + ",".join(["{}"] * count) + "]}")
    assert "more than 50 statements" in found["problem"]
    assert evaluated == []


def test_who_else_gets_in_is_one_line_while_nobody_does():
    assert "<details><summary>" in typed(SIDES.own)["who"]


ORDINARY = [
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringLike": {"sts:RoleSessionName": "batch-*"}},
    {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
]
"""Conditions that many roles have, on keys that STS takes from the request and not from the token."""


def with_condition(more, **statement):
    condition = {**STATEMENT["Condition"]}
    for operator, line in more.items():
        condition[operator] = {**condition.get(operator, {}), **line}
    return {**STATEMENT, "Condition": condition, **statement}


def written(*found):
    return json.dumps({"Version": "2012-10-17", "Statement": list(found)})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", ORDINARY, ids=str)
def test_a_condition_on_the_request_is_open_and_no_refusal(language, more):
    content = load(language)
    found = typed(written(with_condition(more)), content=content)
    ((operator, line),) = more.items()
    (key,) = line
    assert content.message("matcher.verdicts.depends")[:20] in found["verdict"]
    assert operator in found["verdict"]
    assert key.rpartition(":")[2] in found["verdict"]
    assert '<li class="failed"' not in found["verdict"]
    assert found["who"] == ""


def test_a_deny_on_the_request_is_open_and_another_fault_beside_it_is_a_refusal():
    unless = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    deny = {**STATEMENT, "Effect": "Deny", "Condition": unless}
    assert "It depends on the request" in typed(written(STATEMENT, deny))["verdict"]
    wrong = with_condition({"StringEquals": {f"{HOST}:sub": "system:serviceaccount:a:b"}, **ORDINARY[0]})
    assert "STS would refuse" in typed(written(wrong))["verdict"]


def test_a_claim_that_the_token_lacks_does_not_hold():
    found = typed(written(with_condition({"StringEquals": {f"{HOST}:amr": "authenticated"}})))
    assert EN.message("matcher.verdicts.refused")[:10] in found["verdict"]
    assert ":amr</code> is not met" in found["verdict"].replace("<wbr>", "")


@pytest.mark.parametrize("edit", [*EDITS, "own"])
def test_a_button_changes_the_text_and_the_way_back_is_the_roles_own(edit):
    found = typed(SIDES.own, edit=edit)
    assert found["applied"]
    assert (found["text"] == SIDES.own) == (edit == "own")
    assert typed(found["text"], edit="own")["text"] == SIDES.own


def test_only_buttons_that_would_change_something_can_be_pressed():
    assert typed(SIDES.own)["useful"] == list(EDITS)
    assert typed(SIDES.own, edit="open")["useful"] == ["swap", "own"]
    assert typed("{")["useful"] == ["own"]


def test_a_button_does_nothing_to_what_cannot_be_read_but_the_way_back_does():
    assert typed("{", edit="star")["text"] == "{"
    assert typed("{", edit="own")["text"] == SIDES.own


def test_what_was_typed_over_another_policy_is_dropped():
    assert typed("{}", version="older")["text"] == SIDES.own


def test_without_sub_everybody_is_said_to_get_in():
    found = typed(SIDES.own, edit="open")
    assert EN.message("matcher.who.widest_all") in found["who"]
    assert "<details open>" in found["who"]
    assert "It would accept tokens of other ServiceAccounts as well" in found["verdict"]
    assert {"way": ("token-sub", "provider-sub", "policy-sub"), "status": "warning", "sign": "!"} in found["links"]


def test_two_service_accounts_in_a_list_get_in_and_no_other():
    found = typed(SIDES.own, edit="second")
    assert EN.message("matcher.verdicts.allowed_named") in found["verdict"]
    assert '<li class="passed" data-row="sub-policy">' in found["verdict"]
    assert "<details open>" in found["who"]
    lines = [line.replace("<wbr>", "") for line in found["who"].split("<tr")[1:]]
    _, second = [line for line in lines if EN.message("matcher.who.in") in line]
    assert "kube-system:my-sa" in second
    assert 'class="warning"' not in second


@pytest.mark.parametrize("subject", ["system:serviceaccount:default:*", "*"])
def test_too_wide_a_pattern_is_marked_in_the_row_and_on_the_line_as_in_the_headline(subject):
    found = typed(SIDES.own.replace("StringEquals", "StringLike").replace(SUBJECT, subject))
    assert prose(EN.message("matcher.rows.sub_policy.wide")) in found["verdict"]
    assert '<div class="outcome warning">' in found["verdict"]
    assert '<li class="warning" data-row="sub-policy">' in found["verdict"]
    assert {"way": ("token-sub", "provider-sub", "policy-sub"), "status": "warning", "sign": "!"} in found["links"]
    assert {anchor["claim"]: anchor["status"] for anchor in found["anchors"]}["sub"] == "warning"


def test_invisible_characters_are_made_visible_and_markup_is_escaped():
    policy = SIDES.own.replace(SUBJECT, f"{SUBJECT} \\n").replace("sts.amazonaws.com", "<img src=x onerror=alert(1)>")
    found = typed(policy)
    assert '<mark class="right">␣⏎</mark>' in found["verdict"]
    drawn = json.dumps({key: value for key, value in found.items() if key != "text"})
    assert "<img" not in drawn


def test_what_iam_would_not_store_is_reported_and_evaluated():
    long = json.dumps({**SIDES.policy, "Id": "x" * 2048})
    found = typed(long)
    assert "ACLSizePerRole: 2048" in found["refusals"].replace("<wbr>", "")
    assert "STS would accept this token" in found["verdict"]


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    st.text(max_size=300) | st.sampled_from([SIDES.own[:n] for n in range(0, len(SIDES.own), 7)]), st.text(max_size=5)
)
def test_nothing_that_is_typed_raises(language, text, edit):
    json.dumps(typed(text, edit=edit, content=load(language))).encode()


def test_half_a_character_is_not_sent_back():
    assert typed('{"a": "\udfff"}')["text"] == '{"a": "?"}'


@given(
    st.none()
    | st.integers()
    | st.text()
    | st.dictionaries(
        st.sampled_from(["version", "sequence", "text", "edit"]), st.none() | st.integers() | st.just(VERSION)
    )
)
def test_nothing_that_a_browser_sends_raises(edited):
    json.dumps(drawing(SIDES, edited, EN))


@pytest.mark.parametrize("text", ["\ud800", "x" * 1_000_000, "[" * 19_999, '{"a":' * 3000])
def test_junk_is_reported_in_words(text):
    assert typed(text)["problem"]
