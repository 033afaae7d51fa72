"""Condition operators, one by one: IAM user guide, "Condition operators" and "Set operators"."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.policy.conditions import UnreadableValue, holds, parse_operator
from app.flow.policy.patterns import glob, literal


def satisfies(
    operator: str, wanted: str | list[str], got: str | list[str], variables: dict[str, Any] | None = None
) -> bool:
    """Whether `got`, the request's values, satisfy the operator and the policy's values."""
    parsed = parse_operator(operator)
    assert parsed is not None
    keys = None if variables is None else {k: tuple([v] if isinstance(v, str) else v) for k, v in variables.items()}
    return holds(parsed, *(tuple([v] if isinstance(v, str) else v) for v in (wanted, got)), keys)


ABSENT: list[str] = []
ARN = "arn:aws:iam::111122223333:role/team/s3-reader"
EXAMPLES: list[tuple[str, Any, Any, bool]] = [
    # Texts: exact, case-sensitive, wildcards are plain characters.
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "*", "a", False),
    ("StringEquals", "*", "*", True),
    ("StringEquals", "system:serviceaccount:default:*", "system:serviceaccount:default:my-sa", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", [], "a", False),
    ("StringEqualsIgnoreCase", "ÄbC", "äBc", True),
    ("StringEqualsIgnoreCase", "a", "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    # Wildcards: `*` is any run, empty or over any sign; `?` is exactly one.
    ("StringLike", "system:serviceaccount:default:*", "system:serviceaccount:default:my-sa", True),
    ("StringLike", "system:serviceaccount:default:*", "system:serviceaccount:default:", True),
    ("StringLike", "system:serviceaccount:*:app", "system:serviceaccount:any:where:app", True),
    ("StringLike", "system:serviceaccount:prod*:app", "system:serviceaccount:prod-sandbox:app", True),
    ("StringLike", "system:serviceaccount:prod*:app", "system:serviceaccount:test:app", False),
    ("StringLike", "*", "", True),
    ("StringLike", "a*a", "a", False),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "a?c", "abcd", False),
    ("StringLike", "b*", "ab", False),
    ("StringLike", "a?c", "a\nc", True),
    ("StringLike", "A*", "abc", False),
    ("StringLike", "a.c", "abc", False),
    ("StringLike", "*a*b*", "xxbxa", False),
    ("StringLike", "*ab?*d", "zabcabcd", True),
    ("StringLike", "*a?", "xab", True),
    ("StringNotLike", "a*", "b", True),
    ("StringNotLike", "a*", "ab", False),
    # ARNs: six parts, wildcards stay within theirs but for the last; Equals is Like.
    ("ArnLike", "arn:aws:iam::*:role/*", ARN, True),
    ("ArnEquals", "arn:aws:iam::*:role/*", ARN, True),
    ("ArnLike", "arn:*:role/team/s3-reader", ARN, False),
    ("ArnLike", "arn:aws:iam::11112222333?:role/team/s3-reader", ARN, True),
    ("ArnLike", "arn:aws:sns:*:*:topic", "arn:aws:sns:eu-west-1:111122223333:topic:more", False),
    ("ArnLike", "arn:aws:sns:*:*:topic", "arn:aws:sns:eu-west-1:111122223333:topic:topic", False),
    ("ArnLike", "arn:aws:sns:*:*:topic*", "arn:aws:sns:eu-west-1:111122223333:topic:more", True),
    ("ArnLike", "arn:aws:sns:*:*:topic:m*", "arn:aws:sns:eu-west-1:111122223333:topic:more", True),
    ("ArnLike", "arn:aws:sns:*:*:topic:m*", "arn:aws:sns:eu-west-1:111122223333:topic:n:m", False),
    ("ArnLike", "*", ARN, False),
    ("ArnLike", ARN, "no-arn", False),
    ("ArnLike", "*:*:*:*:*:*", "no:arn", False),
    ("ArnNotLike", ARN, "no-arn", True),
    ("ArnNotEquals", "arn:aws:iam::*:role/*", ARN, False),
    # Numbers
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", "10", "ten", False),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "ten", True),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "-1", "0", True),
    ("NumericGreaterThan", "0", "0", False),
    ("NumericGreaterThanEquals", "0", "0", True),
    ("NumericEquals", "0.1", "0.10", True),
    ("NumericEquals", "90071992547409931", "90071992547409930", False),
    # Dates: ISO 8601 or Unix seconds; no zone means UTC.
    ("DateEquals", "2026-11-24T22:50:06Z", "1795560606", True),
    ("DateEquals", "2026-11-24T23:50:06+01:00", "2026-11-24T22:50:06Z", True),
    ("DateEquals", "2026-11-24", "2026-11-24T00:00:00Z", True),
    ("DateEquals", "2026-11", "2026-11-01T00:00:00Z", True),
    ("DateEquals", "2026-11-24T22:50:06.5Z", "1795560606.5", True),
    ("DateNotEquals", "2026-11-24", "2026-11-25", True),
    ("DateLessThan", "2026-11-24T22:50:06Z", "2026-11-24T22:50:05Z", True),
    ("DateLessThan", "2026-11-24T22:50:06Z", "2026-11-24T22:50:06Z", False),
    ("DateLessThanEquals", "2026-11-24T22:50:06Z", "2026-11-24T22:50:06Z", True),
    ("DateGreaterThan", "0", "1970-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", "0", "1970-01-01T00:00:00Z", True),
    ("DateGreaterThan", "0", "yesterday", False),
    # The rest
    ("Bool", "true", "true", True),
    ("Bool", "TRUE", "true", True),
    ("Bool", "true", "false", False),
    ("Bool", "false", "maybe", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWU=", "QmluYXJ5VmFsdWU=", True),
    ("BinaryEquals", "QmluYXJ5VmFsdWU=", "Qm9=", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWU=", "!", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.5/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "0.0.0.0/0", "localhost", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
    ("Null", "true", ABSENT, True),
    ("Null", "true", "a", False),
    ("Null", "false", "a", True),
    ("Null", "false", ABSENT, False),
    ("Null", "False", "", True),
    ("Null", ["false", "true"], ABSENT, True),
    # An absent key
    ("StringEquals", "a", ABSENT, False),
    ("StringNotEquals", "a", ABSENT, True),
    ("StringNotLike", "*", ABSENT, True),
    ("ArnNotLike", ARN, ABSENT, True),
    ("NumericNotEquals", "1", ABSENT, True),
    ("DateNotEquals", "0", ABSENT, True),
    ("NotIpAddress", "0.0.0.0/0", ABSENT, True),
    ("NumericLessThan", "1", ABSENT, False),
    ("StringEqualsIfExists", "a", ABSENT, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEqualsIfExists", "a", "a", False),
    ("BoolIfExists", "true", ABSENT, True),
    ("BoolIfExists", "true", "false", False),
    # Several values without a set operator: one is enough, and a negated operator wants none.
    ("StringEquals", "a", ["x", "a"], True),
    ("StringNotEquals", "a", ["x", "a"], False),
    ("StringNotEquals", "a", ["x", "y"], True),
    # Set operators
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "b"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "y"], False),
    ("ForAnyValue:StringEquals", "a", ABSENT, False),
    ("ForAnyValue:StringEquals", "", "", False),
    ("ForAnyValue:StringEquals", "a", ["", "a"], True),
    ("ForAnyValue:StringNotEquals", "a", ["a", "x"], True),
    ("ForAnyValue:StringNotEquals", "a", ["a", "a"], False),
    ("ForAnyValue:StringNotEquals", "a", ABSENT, False),
    ("ForAllValues:StringEquals", ["a", "b"], ["b", "a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["b", "c"], False),
    ("ForAllValues:StringEquals", "a", ABSENT, True),
    ("ForAllValues:StringEquals", "a", "", True),
    ("ForAllValues:StringEquals", "a", ["", "b"], False),
    ("ForAllValues:StringLike", "a*", ["ab", "ac"], True),
    ("ForAllValues:StringNotEquals", "a", ["x", "y"], True),
    ("ForAllValues:StringNotEquals", "a", ["x", "a"], False),
    ("ForAnyValue:StringLikeIfExists", "a*", ABSENT, True),
    ("ForAnyValue:StringLikeIfExists", "a*", ["b"], False),
]


@pytest.mark.parametrize(("operator", "wanted", "got", "expected"), EXAMPLES)
def test_operator(operator: str, wanted: Any, got: Any, expected: bool) -> None:
    assert satisfies(operator, wanted, got) is expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "stringEquals",
        "StringEqual",
        "StringContains",
        "StringLikeIgnoreCase",
        "IfExists",
        "NullIfExists",
        "ForAllValues:Null",
        "ForAllValues",
        "ForAllValues:",
        "ForSomeValues:StringEquals",
        "forallvalues:StringEquals",
        ":StringEquals",
        "StringEqualsIfExistsIfExists",
        "NotNumericEquals",
        "ForAllValues:ForAnyValue:StringEquals",
        "__doc_comment",
    ],
)
def test_an_operator_that_iam_does_not_have(name: str) -> None:
    assert parse_operator(name) is None


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        ("NumericEquals", "ten"),
        ("NumericEquals", "1e3"),
        ("NumericEquals", "NaN"),
        ("NumericEquals", "٣"),
        ("NumericEquals", ""),
        ("DateEquals", "yesterday"),
        ("DateLessThan", "2026-13-01"),
        ("Bool", "yes"),
        ("Null", "yes"),
        ("BinaryEquals", "not base64"),
        ("BinaryEquals", "Qm9v!"),
        ("IpAddress", "203.0.113.0/33"),
        ("NotIpAddress", "localhost"),
    ],
)
@pytest.mark.parametrize("got", [ABSENT, "1"])
def test_a_wanted_value_that_cannot_be_read_is_no_match_and_no_mismatch(operator: str, wanted: str, got: Any) -> None:
    with pytest.raises(UnreadableValue):
        satisfies(operator, wanted, got)


VARIABLES = {"aws:username": "Ada", "aws:principaltag/team": "blue*", "many": ["a", "b"], "one": ["a"], "empty": ""}


@pytest.mark.parametrize(
    ("operator", "wanted", "got", "expected"),
    [
        ("StringEquals", "${aws:username}", "Ada", True),
        ("StringEquals", "${AWS:UserName}/x", "Ada/x", True),
        ("StringEquals", "*?${aws:username}", "*?Ada", True),
        ("StringEquals", "*?${aws:username}", "xyAda", False),
        ("StringEquals", "a${aws:username}b${aws:username}c", "aAdabAdac", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ADA", True),
        ("StringLike", "home/${aws:username}/*", "home/Ada/x", True),
        ("StringLike", "home/${aws:username}/*", "home/Bob/x", False),
        ("ArnLike", "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:iam::111122223333:user/Ada", True),
        # What a variable brings in is literal, and so are the three escapes.
        ("StringLike", "${aws:PrincipalTag/team}", "blue*", True),
        ("StringLike", "${aws:PrincipalTag/team}", "blue-green", False),
        ("StringLike", "${*}", "*", True),
        ("StringLike", "${*}", "a", False),
        ("StringLike", "a${?}", "ab", False),
        ("StringLike", "a${?}", "a?", True),
        ("StringEquals", "${$}{aws:username}", "${aws:username}", True),
        ("StringEquals", "${empty}", "", True),
        # Defaults
        ("StringEquals", "${missing, 'nobody'}", "nobody", True),
        ("StringEquals", "${missing,'nobody'}", "nobody", True),
        ("StringEquals", "${ aws:username , 'nobody' }", "Ada", True),
        ("StringEquals", "${missing, ''}", "", True),
        ("StringEquals", "${missing, nobody}", "nobody", False),
        ("StringEquals", "${missing, (nobody)}", "nobody", False),
        ("StringEquals", "${missing, 'nobody)}", "nobody", False),
        ("StringEquals", "${missing, '}", "", False),
        ("StringLike", "${missing, '*'}", "x", False),
        # A variable without a single value equals nothing.
        ("StringEquals", "${missing}", "", False),
        ("StringEquals", "${missing}", "${missing}", False),
        ("StringLike", "*${missing}*", "x", False),
        ("ArnLike", "arn:aws:iam::111122223333:user/${missing}", "arn:aws:iam::111122223333:user/", False),
        ("StringNotEquals", "${missing}", "x", True),
        ("StringEquals", "${many}", "a", False),
        ("StringEquals", "${one}", "a", True),
        ("StringEqualsIgnoreCase", "${missing}", "", False),
        # What only looks like one.
        ("StringEquals", "${aws:username", "${aws:username", True),
        ("StringEquals", "$aws:username", "$aws:username", True),
        ("StringEquals", "{aws:username}", "{aws:username}", True),
    ],
)
def test_policy_variables(operator: str, wanted: str, got: str, expected: bool) -> None:
    assert satisfies(operator, wanted, got, VARIABLES) is expected


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
def test_version_2008_knows_no_variables(operator: str) -> None:
    assert satisfies(operator, "${aws:username}", "${aws:username}", None)
    assert not satisfies(operator, "${aws:username}", "Ada", None)


def test_in_version_2008_an_escaped_wildcard_is_still_a_wildcard() -> None:
    assert satisfies("StringLike", "${*}", "${anything}", None)
    assert not satisfies("StringLike", "${*}", "*", None)


def test_variables_are_not_for_other_operators() -> None:
    with pytest.raises(UnreadableValue):
        satisfies("NumericEquals", "${one}", "1", {"one": "1"})


SIGNS = st.text(alphabet="ab:*?.${}\n", max_size=12)


@given(pattern=SIGNS, text=SIGNS)
def test_wildcards_match_as_a_backtracking_regex_does(pattern: str, text: str) -> None:
    regex = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    assert glob(pattern, None)(text) is (re.fullmatch(regex, text, re.DOTALL) is not None)


@given(text=st.text())
def test_a_text_without_a_variable_stands_for_itself(text: str) -> None:
    plain = text.replace("${", "")
    assert literal(plain, {}) == plain
    assert glob(plain.replace("*", "").replace("?", ""), {})(plain.replace("*", "").replace("?", ""))


@pytest.mark.parametrize("pattern", ["*a" * 500 + "b", "*" + "a?" * 500 + "b*", "*" + " ?" * 60_000])
def test_a_pattern_of_many_wildcards_takes_no_time(pattern: str) -> None:
    assert not glob(pattern, None)("a" * 5000)


def test_a_pattern_is_not_made_into_a_regular_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(re, "compile", None)
    assert glob("a*b?c*d", None)("a--b-c--d")
    assert satisfies("ArnLike", "a:b*:?:d:e:f*", "a:b:c:d:e:f")


@pytest.mark.parametrize("operator", ["StringLike", "ArnLike"])
def test_a_variable_that_is_repeated_takes_no_memory(operator: str) -> None:
    tracemalloc.start()
    try:
        assert not satisfies(operator, "a:b:c:d:e:*" + "${one}" * 800, "a:b:c:d:e:" + "f" * 2000, {"one": "x" * 2000})
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


PAIRS = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("ArnLike", "ArnNotLike"),
    ("ArnEquals", "ArnNotEquals"),
]
SEVERAL = st.lists(st.text(alphabet="ab*:", min_size=1, max_size=3), min_size=1, max_size=3)


@given(pair=st.sampled_from(PAIRS), wanted=SEVERAL, got=SEVERAL | st.just([]))
def test_a_negated_operator_is_the_opposite(pair: tuple[str, str], wanted: list[str], got: list[str]) -> None:
    positive, negative = pair
    assert satisfies(positive, wanted, got) is not satisfies(negative, wanted, got)


@given(pair=st.sampled_from(PAIRS), wanted=SEVERAL, got=SEVERAL | st.just([]))
def test_not_any_is_all_not(pair: tuple[str, str], wanted: list[str], got: list[str]) -> None:
    positive, negative = pair
    assert satisfies(f"ForAnyValue:{positive}", wanted, got) is not satisfies(f"ForAllValues:{negative}", wanted, got)
    assert satisfies(f"ForAnyValue:{negative}", wanted, got) is not satisfies(f"ForAllValues:{positive}", wanted, got)


@given(wanted=SEVERAL, got=SEVERAL)
def test_if_exists_changes_nothing_where_the_key_exists(wanted: list[str], got: list[str]) -> None:
    for operator in ("StringEquals", "StringNotLike", "ForAllValues:StringLike", "ForAnyValue:StringNotEquals"):
        assert satisfies(operator, wanted, got) is satisfies(f"{operator}IfExists", wanted, got)
        assert satisfies(f"{operator}IfExists", wanted, []) is True


NAMES = [
    f"{qualifier}{operator}{suffix}"
    for qualifier in ("", "ForAnyValue:", "ForAllValues:")
    for operator in ("StringLike", "ArnLike", "NumericEquals", "DateLessThan", "Bool", "BinaryEquals", "NotIpAddress")
    for suffix in ("", "IfExists")
] + ["Null"]


@given(name=st.sampled_from(NAMES), wanted=st.lists(st.text(), max_size=3), got=st.lists(st.text(), max_size=3))
def test_junk_values_are_read_or_refused(name: str, wanted: list[str], got: list[str]) -> None:
    try:
        assert satisfies(name, wanted, got, {}) in (True, False)
    except UnreadableValue:
        assert not name.startswith(("String", "Arn"))
