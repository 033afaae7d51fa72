"""The error messages of products in a log: which sentence is found, where it shows, and what it says of the cause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.model import Step
from app.flow.verdict.error_messages import (
    blames_clock,
    lacks_credentials,
    lacks_region,
    lies_in,
    principal_of,
    shows_in,
)
from app.flow.verdict.log_sentences import last_words

TOKEN, STS, ACCESS = Step.TOKEN_MOUNT, Step.STS_ASSUME, Step.ACCESS
NOT_AUTHORIZED = (
    "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: "
    "Not authorized to perform sts:AssumeRoleWithWebIdentity"
)
FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
NODE = "arn:aws:sts::111122223333:assumed-role/node-NodeInstanceRole-x/i-0d65729d6d09d2540"
LISTED = "is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows it"
DENIED = f"An error occurred (AccessDenied) when calling the ListBuckets operation: User: {NODE} {LISTED}"
SHORT = "Parameter validation failed:\nInvalid length for parameter RoleArn, value: 9, valid min length: 20"

LOGS = {
    # what printed it: (the log, the sentence, where it shows)
    "AWS CLI 2": (f"\naws: [ERROR]: {NOT_AUTHORIZED}\n", f"aws: [ERROR]: {NOT_AUTHORIZED}", STS),
    "AWS CLI 1": (f"\n{NOT_AUTHORIZED}\n", NOT_AUTHORIZED, STS),
    "boto3": (
        f'Traceback (most recent call last):\n  File "x.py"\nbotocore.exceptions.ClientError: {NOT_AUTHORIZED}\n',
        NOT_AUTHORIZED,
        STS,
    ),
    "a logger": (f'2026-11-24T10:00:00Z ERROR app "msg" {NOT_AUTHORIZED}', NOT_AUTHORIZED, STS),
    "the role of the node": (f"aws: [ERROR]: {DENIED}", f"aws: [ERROR]: {DENIED}", ACCESS),
    "no such file": (
        f"aws: [ERROR]: [Errno 2] No such file or directory: '{FILE}'",
        f"aws: [ERROR]: [Errno 2] No such file or directory: '{FILE}'",
        TOKEN,
    ),
    "Python": (
        f"PermissionError: [Errno 13] Permission denied: '{FILE}'",
        f"[Errno 13] Permission denied: '{FILE}'",
        TOKEN,
    ),
    "two lines": (f"botocore.exceptions.ParamValidationError: {SHORT}\n", SHORT, STS),
    "time-out": (
        'aws: [ERROR]: Connect timeout on endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
        'aws: [ERROR]: Connect timeout on endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
        STS,
    ),
    "time-out of S3": (
        'Connect timeout on endpoint URL: "https://s3.us-east-1.amazonaws.com/"',
        'Connect timeout on endpoint URL: "https://s3.us-east-1.amazonaws.com/"',
        ACCESS,
    ),
    "a FIPS endpoint": (
        'Could not connect to the endpoint URL: "https://sts-fips.us-east-1.amazonaws.com/"',
        'Could not connect to the endpoint URL: "https://sts-fips.us-east-1.amazonaws.com/"',
        STS,
    ),
    "Go 1": (
        "WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: Not authorized\n",
        "WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: Not authorized",
        STS,
    ),
    "Go 2": (
        "2026 operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403",
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403",
        STS,
    ),
    "a chained role": (
        f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {NODE} is not authorized",
        f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {NODE} is not authorized",
        ACCESS,
    ),
    "no region": ("You must specify a region.", "You must specify a region.", STS),
    "an empty region": (
        "ValueError: Invalid endpoint: https://s3..amazonaws.com",
        "Invalid endpoint: https://s3..amazonaws.com",
        STS,
    ),
    "the last of several": (f"aws: [ERROR]: {DENIED}\n{NOT_AUTHORIZED}", NOT_AUTHORIZED, STS),
    "Java": (
        "Not authorized (Service: Sts, Status Code: 403, Request ID: 1)",
        "Not authorized (Service: Sts, Status Code: 403, Request ID: 1)",
        STS,
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_the_sentence_is_found_and_placed(name: str) -> None:
    log, said, step = LOGS[name]
    assert last_words(log) == (said, "")
    assert shows_in(said) is step


def test_what_was_printed_after_it_is_shown() -> None:
    assert last_words(f"aws: [ERROR]: {DENIED}\nretrying\nall is well\n")[1] == "retrying\nall is well"


@pytest.mark.parametrize(
    "log",
    [
        "",
        "\n",
        "hello",
        "2026-10-17 00:51:22 irsa-reports",
        "An error occurred",
        "error: no",
        "IOException: Unexpected response code for CONNECT: 403",
    ],
)
def test_other_words_are_none_of_a_product(log: str) -> None:
    assert last_words(log) == ("", "")


@given(log=st.text())
def test_any_log_can_be_read(log: str) -> None:
    said, _ = last_words(log)
    assert shows_in(said) in Step


def test_a_long_line_is_read_in_no_time() -> None:
    """No pattern backtracks: this would take for ever."""
    assert last_words("An error occurred (" * 20_000) == ("", "")
    assert last_words("[Errno 1] " * 20_000) == ("", "")


def test_who_was_refused_is_named() -> None:
    assert principal_of(DENIED) == NODE
    assert principal_of(NOT_AUTHORIZED) == ""


def test_what_the_words_blame() -> None:
    assert lacks_credentials("Unable to locate credentials. You can configure credentials by running")
    assert lacks_region("An error occurred (NoRegion): You must specify a region. You can also")
    skewed = "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: The difference"
    assert blames_clock(skewed)
    assert (shows_in(skewed), lies_in(skewed)) == (ACCESS, TOKEN)
    assert not any(blames(NOT_AUTHORIZED) for blames in (lacks_credentials, lacks_region, blames_clock))
    assert lies_in(NOT_AUTHORIZED) is STS
