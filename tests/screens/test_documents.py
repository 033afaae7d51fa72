"""Documents line by line: nothing lost, what matters lit once, the rest folded."""

import json
import re
from html import unescape

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from app.content import load
from app.ui.draw.code import code
from app.ui.draw.documents import ITSELF, document, json_lines, matches, yaml_lines
from app.ui.step.evidence.difference import difference

PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=15,
)


def joined(lines, indent: int = 2) -> str:
    return "\n".join(" " * (indent * line.depth) + line.text for line in lines)


@given(JSON)
def test_json_lines_are_what_json_dumps_writes(value):
    assert joined(json_lines(value)) == json.dumps(value, indent=2, ensure_ascii=False)


@given(JSON)
@example({"\x7f\x85\x9f\u2028\u2029\ufeff": "\ufffe\uffff"})
def test_yaml_lines_read_back_as_the_same_document(value):
    assert yaml.safe_load(joined(yaml_lines(value))) == value


@pytest.mark.parametrize(
    "text", ["true", "null", "012", "1e3", "a: b", "- x", "#c", "*", "", " ", "0x1", "2026-11-25", "~"]
)
def test_yaml_quotes_what_it_would_read_as_something_else(text):
    assert yaml.safe_load(joined(yaml_lines({"key": text}))) == {"key": text}


def test_noted_lines_are_lit_the_rest_is_folded():
    content = load("en")
    value = {"a": 1, "b": 2, "c": 3, "keys": [{"kid": "x", "n": "y"}, {"kid": "z", "n": "w"}], "d": 4, "e": 5, "f": 6}
    html = document(content, json_lines(value), {("keys", "*", "kid"): "its name"})
    assert html.count("lit") == 2
    assert html.count("its name") == 1
    assert content.message("screens.folded", count=6) in html
    assert document(content, json_lines(value), {}).count("<details") == 0


def test_a_member_itself_is_lit_without_what_is_in_it():
    value = {"object": {"a": 1, "b": 2, "c": 3}, "uid": "x"}
    html = document(load("en"), json_lines(value), {("object", ITSELF): "the Pod"})
    assert html.count('class="line lit"') == 1  # the line that opens it
    assert html.count("the Pod") == 1
    assert load("en").message("screens.folded", count=6) in html  # what is in it, and what follows


def test_patterns_take_what_lies_below_them():
    assert matches(("a", "0", "b"), ("a", "*"))
    assert not matches(("a",), ("a", "*"))
    assert not matches(("b", "0"), ("a", "*"))


def pod(**extra):
    box = {"name": "app", "image": "busybox", "volumeMounts": [{"name": "api", "mountPath": "/a", "readOnly": True}]}
    return {"kind": "Pod", "metadata": {"name": "x", "uid": "1"}, "spec": {"containers": [box | extra]}}


def test_difference_shows_what_was_added_and_nothing_else():
    after = pod(
        env=[{"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/s3-reader"}],
        volumeMounts=[
            {"name": "api", "mountPath": "/a", "readOnly": True},
            {"name": "aws-iam-token", "mountPath": "/b", "readOnly": True},
        ],
    )
    after["metadata"]["uid"] = "2"
    html = difference(pod(), after, load("en"))
    assert html.count('class="line added explained"') == 6  # env, its two lines, three of the mount
    assert "removed" not in html
    assert html.count(load("en").message("webhook.groups.env")) == 1
    assert html.count(load("en").message("webhook.groups.mounts").replace("'", "&#x27;")) == 1


def test_difference_takes_nobody_elses_mount_for_the_webhooks():
    mounts = load("en").message("webhook.groups.mounts").replace("'", "&#x27;")
    before = pod(volumeMounts=[])
    assert mounts not in difference(before, pod(), load("en"))
    ours = {"name": "aws-iam-token", "mountPath": "/b"}
    assert (
        difference(before, pod(volumeMounts=[{"name": "api", "mountPath": "/a"}, ours]), load("en")).count(mounts) == 1
    )


def test_difference_of_equal_pods_has_no_change():
    html = difference(pod(), pod(), load("en"))
    assert "added" not in html
    assert "removed" not in html


def test_difference_shows_what_was_taken_away():
    assert difference(pod(env=[{"name": "A", "value": "b"}]), pod(), load("en")).count('class="line removed"') == 3


def test_a_word_of_a_command_is_not_torn_at_its_hyphens():
    html = code(load("en"), "kubectl run pod-a --image=b/c -n x -- s3 ls | cat -")
    assert re.findall(r'<span class="untorn">(.*?)</span>', html) == ["pod-a", "--image=b/c", "-n", "--"]
    html = code(load("en"), "aws iam x --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert "arn:aws:<wbr>iam::<wbr>aws:<wbr>policy/<wbr>AmazonS3ReadOnlyAccess<" in html, "an address at its separators"
    html = code(load("en"), "cat /var/run/secrets/eks.amazonaws.com/serviceaccount/token")
    assert "secrets/<wbr>eks.amazonaws.com/<wbr>serviceaccount/<wbr>token<" in html
    html = code(load("en"), "kubectl wait --for=jsonpath='{.status.phase}'=Failed")
    assert '<span class="untorn"><span class="untorn">--for=</span>jsonpath' in html, (
        "the value begins a line of its own"
    )


def test_a_document_on_a_line_of_a_command_is_folded_and_copied_whole():
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}] * 4})
    command = f"aws iam update-assume-role-policy --role-name r --policy-document '{policy}'\n# next\necho '{{}}'"
    html = code(load("en"), command)
    copied = re.search(r'data-copy="([^"]*)"', html)
    assert copied
    assert unescape(copied[1]) == command
    shown = re.sub(r"<summary>.*?</summary>", "", html.partition("<pre>")[2])
    assert unescape(re.sub(r"<[^>]+>", "", shown)).strip() == command, "unfolded, it reads as it is copied"
    assert html.count("<details") == 1
    assert load("en").message("ui.folded_text", count=len(policy) - 24) in html
