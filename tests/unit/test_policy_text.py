"""A policy as it is typed: junk is reported with its place, differences and places are exact, edits edit copies."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow import strict_json
from app.flow.json_access import get
from app.flow.matching.differences import LONGEST, difference, likeness
from app.flow.matching.policy_edits import EDITS, EQUALS, LIKE, uses, with_operator
from app.flow.policy import policy_text
from app.flow.policy.json_places import places

SUB = "oidc.eks.us-east-1.amazonaws.com/id/E:sub"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
CLOSE = st.text(alphabet="ab:/* \n", max_size=30)


# --- differences -----------------------------------------------------------------------------------------------------


@given(st.text() | CLOSE, st.text() | CLOSE)
def test_the_spans_are_both_texts_again(left, right):
    spans = difference(left, right)
    assert "".join(span.left for span in spans) == left
    assert "".join(span.right for span in spans) == right
    assert all(span.same for span in spans) == (left == right)
    assert 0 <= likeness(left, right) <= 1
    assert (likeness(left, right) == 1) == (left == right)


def test_one_character_is_one_difference():
    spans = difference("sts.amazonaws.com", "sts.amazon.com")
    assert [(span.left, span.right) for span in spans if not span.same] == [("aws", "")]


@pytest.mark.parametrize(
    ("left", "right", "spans"),
    [
        ("a-default-z", "a-other-z", [("a-", "a-"), ("default", "other"), ("-z", "-z")]),  # not by the e in both
        ("1abc2", "xabcy", [("1", "x"), ("abc", "abc"), ("2", "y")]),
    ],
)
def test_what_agrees_by_chance_belongs_to_the_difference(left, right, spans):
    assert [(span.left, span.right) for span in difference(left, right)] == spans


def test_what_nobody_would_read_is_one_difference():
    long = "ab" * LONGEST
    assert [span.same for span in difference(f"x{long}y", f"x{long[::-1]}y")] == [True, False, True]


# --- places ----------------------------------------------------------------------------------------------------------


@given(JSON, st.sampled_from([None, 0, 2]))
def test_every_value_stands_where_its_place_says(document, indent):
    text = f" {json.dumps(document, indent=indent, ensure_ascii=False)}\n"
    for path, place in places(text).items():
        value = document
        for name in path:
            value = value[int(name)] if isinstance(value, list) else value[name]
        assert json.loads(text[place.value : place.end]) == value
        written = text[place.start : place.end]
        assert written == text[place.value : place.end] or json.loads(f"{{{written}}}") == {path[-1]: value}


# --- reading ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=400) | JSON.map(json.dumps))
def test_any_text_is_read_or_has_a_problem(text):
    found = policy_text.read(text)
    assert (found.document is None) == (found.problem is not None)
    if found.document is not None:
        assert strict_json.loads(text) == found.document
        assert found.places[()].end <= len(text)


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "found"),
    [
        ("", "empty", 0, 0, ""),
        (" \n\t", "empty", 0, 0, ""),
        ("[]", "not_object", 1, 1, "["),
        ("\n  null ", "not_object", 2, 3, "n"),
        ('"policy"', "not_object", 1, 1, '"'),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", "token", 0, 0, ""),
        ("\n bearer  eyJhbGciOiJSUzI1NiJ9.", "token", 0, 0, ""),
        ('"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln"', "token", 0, 0, ""),
        ("'Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.", "token", 0, 0, ""),
        ("eyJhbGciOiJSUzI1NiJ9", "value", 1, 1, "e"),
        ('{\n  "a": }', "value", 2, 8, "}"),
        ("{\n  'a': 1}", "name", 2, 3, "'"),
        ("{\n  “a”: 1}", "name", 2, 3, "“"),
        ('{"a" 1}', "colon", 1, 6, "1"),
        ('{"a": 1\n "b": 2}', "comma", 2, 2, '"'),
        ('{"a": "b', "quote", 1, 7, '"'),
        ('{"a": "b\nc"}', "line_break", 1, 9, "\\n"),
        ('{"a": "\\x"}', "escape", 1, 8, "\\"),
        ("{} {}", "end", 1, 4, "{"),
        ('{"a":\u00a01}', "value", 1, 6, "\\xa0"),
        ('\ufeff{"a": 1}', "value", 1, 1, "\\ufeff"),
        ('{"a":\n "\x00"}', "control", 2, 3, "\\x00"),
        ("{\x1b}", "control", 1, 2, "\\x1b"),
        ('{"a": NaN}', "number", 0, 0, ""),
        ('{"a": 1e999}', "number", 0, 0, ""),
        ("[" * 100_000, "too_long", 0, 0, "100000"),
        ("[" * 15_000, "number", 0, 0, ""),
        ('{"a": ', "value", 1, 7, ""),
    ],
)
def test_where_the_json_breaks_and_what_was_expected(text, code, line, column, found):
    problem = policy_text.read(text).problem
    assert (problem.code, problem.line, problem.column, problem.found) == (code, line, column, found)


def test_a_trailing_comma_is_reported_on_every_python():
    assert policy_text.read('{"a": 1,}').problem.code in ("name", "trailing_comma")


@pytest.mark.parametrize(
    ("action", "wild"),
    [("*", ""), ("sts:*", "sts:*"), ("sts:AssumeRole", ""), (["sts:TagSession", "sts:A?*"], "sts:A?*")],
)
def test_a_wildcard_of_which_it_is_not_known_whether_iam_stores_it(action, wild):
    policy = {"Version": "2012-10-17", "Statement": {"Action": action}}
    assert policy_text.read(json.dumps(policy)).wild == wild


def test_what_iam_would_not_store_is_said_in_its_words():
    assert policy_text.read('{"Version": "2012-10-17"}').refusals == (
        ("malformed", "Missing required field Statement"),
    )
    around = len("".join(json.dumps({"Version": "2012-10-17", "Id": "", "Statement": []}).split()))
    for size, refused in ((2048, False), (2049, True)):
        long = json.dumps({"Version": "2012-10-17", "Id": "x" * (size - around), "Statement": []})
        quota = ("quota", "Cannot exceed quota for ACLSizePerRole: 2048")
        assert (quota in policy_text.read(long).refusals) is refused
    assert ("characters", "方") in policy_text.read('{"Id": "方"}').refusals


# --- edits -----------------------------------------------------------------------------------------------------------


@given(
    JSON | st.fixed_dictionaries({"Statement": JSON | st.fixed_dictionaries({"Condition": JSON})}),
    st.sampled_from(sorted(EDITS)),
)
def test_an_edit_never_raises_and_leaves_what_it_was_given(document, name):
    before = copy.deepcopy(document)
    json.dumps(EDITS[name](document))
    assert document == before


def conditions(policy):
    return get(policy["Statement"][0], "Condition")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("swap", {"StringLike": {SUB: "system:serviceaccount:a:b", "x:aud": "sts"}}),
        ("star", {"StringEquals": {SUB: "system:serviceaccount:a:*", "x:aud": "sts"}}),
        ("open", {"StringEquals": {"x:aud": "sts"}}),
        ("namespace", {"StringEquals": {SUB: "system:serviceaccount:other-namespace:b", "x:aud": "sts"}}),
        (
            "second",
            {"StringEquals": {SUB: [f"system:serviceaccount:{n}:b" for n in ("a", "kube-system")], "x:aud": "sts"}},
        ),
    ],
)
def test_what_each_edit_does(name, expected):
    block = {"StringEquals": {SUB: "system:serviceaccount:a:b", "x:aud": "sts"}}
    assert conditions(EDITS[name]({"Statement": [{"Condition": block}]})) == expected


def test_a_second_account_is_never_the_first_and_a_list_stays_as_it_is():
    policy = {"Statement": [{"Condition": {"StringEquals": {SUB: "system:serviceaccount:kube-system:b"}}}]}
    both = EDITS["second"](policy)
    subjects = ["system:serviceaccount:kube-system:b", "system:serviceaccount:default:b"]
    assert conditions(both) == {"StringEquals": {SUB: subjects}}
    assert EDITS["second"](both) == both


def test_a_condition_of_which_nothing_is_left_goes():
    policy = {"Statement": {"Effect": "Allow", "Condition": {"StringLike": {SUB: "*"}}}}
    assert EDITS["open"](policy) == {"Statement": {"Effect": "Allow"}}


def test_the_operator_changes_in_all_its_forms_and_back():
    block = {
        "ForAnyValue:StringEqualsIfExists": {"k": "v"},
        "StringNotEquals": {"k": "v"},
        "StringEqualsIgnoreCase": {"k": "v"},
        "ArnEquals": {"k": "v"},
    }
    policy = {"Statement": [{"Condition": block}]}
    like = with_operator(policy, LIKE)
    assert set(conditions(like)) == {
        "ForAnyValue:StringLikeIfExists",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "ArnEquals",
    }
    assert with_operator(like, EQUALS) == policy
    assert uses(policy, EQUALS)
    assert not uses(like, EQUALS)
    assert uses(like, LIKE)


def test_no_condition_is_lost_where_both_operators_are_there():
    apart = {"StringLike": {"a": "1"}, "StringEquals": {"b": "2"}}
    assert conditions(with_operator({"Statement": [{"Condition": apart}]}, LIKE)) == {
        "StringLike": {"a": "1", "b": "2"}
    }
    same = {"StringLike": {"a": "1"}, "StringEquals": {"a": "2"}}
    assert conditions(with_operator({"Statement": [{"Condition": same}]}, LIKE)) == same
