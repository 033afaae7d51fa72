"""The small readers that the steps share: selectors, listings, ARNs, documents of any shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.json_access import TEXT_LIMIT, get, masked, seconds, shown, strings, unix_time
from app.flow.names import account_of, provider_arn, role_of
from app.flow.redaction import MASK
from app.flow.steps import selectors
from app.flow.steps.injection import request_pod
from app.flow.steps.program_output import parse_heads, parse_listing

LABELS = {"app": "web", "tier": ""}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("In", "app", ["web", "api"], True),
        ("In", "app", ["api"], False),
        ("In", "none", ["web"], False),
        ("NotIn", "app", ["api"], True),
        ("NotIn", "app", ["web"], False),
        ("NotIn", "none", ["web"], True),
        ("Exists", "tier", [], True),
        ("Exists", "none", [], False),
        ("DoesNotExist", "none", [], True),
        ("DoesNotExist", "tier", [], False),
        ("Unheard", "app", ["web"], False),
    ],
)
def test_label_selector_operators(operator: str, key: str, values: list[str], holds: bool) -> None:
    selector = {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}
    assert selectors.matches(selector, LABELS) is holds
    assert selectors.keys(selector) == {key}


def test_all_of_a_selector_must_hold() -> None:
    both = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}
    assert not selectors.matches(both, LABELS)
    assert selectors.matches(both, {"app": "web"})
    assert not selectors.matches({"matchLabels": {"app": "api"}}, LABELS)
    assert selectors.keys(both) == {"app", "tier"}


@pytest.mark.parametrize("selector", [None, {}, [], "x", {"matchExpressions": None}])
def test_an_empty_selector_selects_everything(selector: Any) -> None:
    assert selectors.matches(selector, LABELS)
    assert selectors.keys(selector) == set()


def test_a_listing_of_other_modes_and_owners() -> None:
    listing = "-rw-r-----    1 1000     2000           906 Nov 24 22:53 a b -> c\n"
    listing += "-rw-------. 1 root root 5 2026-11-24 22:53:01.5 +0000 token\r\ntotal 4\nls: x: No such file\n\n"
    (first, *_) = parse_listing(listing)
    assert first == {
        "mode": "-rw-r-----",
        "owner": "1000",
        "group": "2000",
        "size": 906,
        "name": "a b",
        "target": "c",
    }


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("==> a <==\nx\n==> b <==\ny\n", {"a": "x", "b": "y\n"}),
        ("==> a <==\nx\n\n==> b <==\n", {"a": "x\n", "b": ""}),
        ("==> b <==\ny", {"b": "y"}),
        ("==> a <==\nx", {"a": "x"}),
        ("x", {}),
    ],
    ids=["both", "empty", "the first is missing", "the second is missing", "no names"],
)
def test_each_file_that_head_was_asked_for_is_as_it_is(output: str, found: dict[str, str]) -> None:
    assert parse_heads(output, ("a", "b")) == found


def test_a_file_that_was_asked_for_twice_is_there_once() -> None:
    assert parse_heads("==> a <==\nx\n\n==> a <==\nx\n", ("a", "a")) == {"a": "x\n"}


@given(st.text())
def test_no_output_breaks_the_listing(output: str) -> None:
    parse_listing(output)


@pytest.mark.parametrize(
    ("arn", "parts"),
    [
        ("arn:aws:iam::111122223333:role/s3-reader", ("aws", "111122223333", "s3-reader")),
        ("arn:aws-cn:iam::111122223333:role/team/a/s3-reader", ("aws-cn", "111122223333", "s3-reader")),
        ("arn:aws:iam::111122223333:role/team/", None),
        ("arn:aws:iam::11112222333:role/x", None),
        ("arn:aws:iam::111122223333:policy/x", None),
        ("arn:aws:iam::111122223333:role/x\n", None),
        ("s3-reader", None),
        ("", None),
    ],
)
def test_the_parts_of_a_role_s_arn(arn: str, parts: tuple[str, str, str] | None) -> None:
    assert role_of(arn) == parts
    expected = f"arn:{parts[0]}:iam::{parts[1]}:oidc-provider/oidc.example/id" if parts else ""
    assert provider_arn(arn, "https://oidc.example/id") == expected
    assert account_of(expected) == (parts[1] if parts else "")


@given(st.text())
def test_no_text_breaks_the_reading_of_arns(text: str) -> None:
    account_of(text)
    role_of(text)


def test_values_are_shown_short_and_printable() -> None:
    assert shown(["a", "b"]) == "a, b"
    assert shown([]) == "[]"
    assert shown({"é": None}) == '{"é": null}'
    assert shown("x" * 3000) == "x" * (TEXT_LIMIT - 1) + "…"
    assert shown("\ud800") == "?"
    assert shown("eyJh.eyJi.c2ln") == f"eyJh.eyJi.{MASK}"


def test_documents_are_masked_wherever_the_secret_lies() -> None:
    document = {"a": ["line\neyJh.eyJi.c2ln"], "SessionToken": "s3cr3t", "b": "\udfff"}
    assert masked(document) == {"a": [f"line\neyJh.eyJi.{MASK}"], "SessionToken": MASK, "b": "?"}


@pytest.mark.parametrize(
    ("value", "expected"), [(5, 5.0), (5.5, 5.5), (True, None), ("5", None), (None, None), (10**400, None)]
)
def test_seconds_are_numbers(value: Any, expected: float | None) -> None:
    assert seconds({"exp": value}, "exp") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T09:00:00+09:00", 0.0),
        *((odd, None) for odd in ("1970-01-01T00:01:00", "1970-01-01", "soon", "", 60, None)),
    ],
)
def test_a_time_has_a_zone(value: Any, expected: float | None) -> None:
    assert unix_time({"at": value}, "at") == expected


def test_missing_keys_and_wrong_types_are_absent() -> None:
    assert get({"a": {"b": 1}}, "a", "b") == 1
    assert get({"a": []}, "a", "b") is None
    assert strings(["a", 1, "b"]) == ["a", "b"]
    assert strings("a") == ["a"]
    assert strings({"a": 1}) == []


def test_variables_written_by_hand_stay_in_the_request() -> None:
    """Only the run that the webhook appended is taken out."""
    mount = {"name": "aws-iam-token", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}
    names = ["AWS_ROLE_ARN", "FOO", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_DEFAULT_REGION", "AWS_REGION"]
    env = [{"name": name, "value": "x"} for name in names]
    pod = {"spec": {"containers": [{"name": "a", "env": env, "volumeMounts": [mount]}], "volumes": [mount]}}
    (container,) = request_pod(pod, "default", "my-sa")["spec"]["containers"]
    assert [item["name"] for item in container["env"]] == ["AWS_ROLE_ARN", "FOO"]
    assert json.dumps(pod).count("AWS_") == 4  # the stored Pod is left as it is


def test_the_pod_is_asked_for_as_its_controller_asks() -> None:
    """A policy that refuses Pods without an owner refused the dry run, and the doctor said that of the Pod."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "1", "controller": True}
    rendered = {"kind": "ReplicaSet", "name": "a", "controller": True}  # the API server refuses one without a uid
    owners = [{**owner, "blockOwnerDeletion": True}, rendered]
    pod = {"metadata": {"ownerReferences": owners}, "spec": {"containers": [{"name": "a"}]}}
    assert request_pod(pod, "default", "my-sa")["metadata"]["ownerReferences"] == [owner]
    assert "ownerReferences" not in request_pod({"spec": pod["spec"]}, "default", "my-sa")["metadata"]
