"""One error in the forms of four SDKs: botocore's as botocore itself prints it, Go's by the SDKs' format strings."""

from __future__ import annotations

import boto3
import botocore.exceptions
import pytest

from app.flow.model import Exchange
from app.ui.lab.sdk_forms import forms, plain

STS = "https://sts.ap-northeast-1.amazonaws.com/"


def answer(code: str, message: str, *, status: int = 403, callee: str = "sts", host_id: str = "") -> Exchange:
    host = f"<HostId>{host_id}</HostId>" if host_id else ""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{code}-1</RequestId>{host}"
    return Exchange(caller="pod", callee=callee, method="POST", url=STS, status=status, response_body=body)


def by_sdk(seen: str, *exchanges: Exchange) -> dict[str, str]:
    return {form.sdk: form.text for form in forms(seen, exchanges)}


def client_error(code: str, message: str, operation: str = "AssumeRoleWithWebIdentity") -> str:
    """The text as botocore makes it."""
    response = {"Error": {"Code": code, "Message": message}}
    return str(botocore.exceptions.ClientError(response, operation))


@pytest.fixture(scope="module")
def sts():
    return boto3.client("sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "ValidationError",
        "InvalidIdentityToken",
        "ExpiredTokenException",
        "IDPCommunicationError",
        "RegionDisabledException",
        "PackedPolicyTooLarge",
    ],
)
def test_boto3_raises_the_class_that_botocore_knows_for_the_code(sts, code):
    kind = sts.exceptions.from_code(code)
    text = client_error(code, "no")
    assert by_sdk(text)["boto3"] == f"{kind.__module__}.{kind.__name__}: {text}"


@pytest.mark.parametrize(
    "error",
    [
        botocore.exceptions.NoCredentialsError(),
        botocore.exceptions.NoRegionError(),
        botocore.exceptions.ConnectTimeoutError(endpoint_url=STS),
        botocore.exceptions.EndpointConnectionError(endpoint_url=STS),
        botocore.exceptions.CredentialRetrievalError(provider="container-role", error_msg="no"),
        botocore.exceptions.ParamValidationError(report="Invalid length for parameter RoleArn"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_server_said_is_botocores_own_and_has_no_form_in_go(error):
    kind = type(error)
    name = kind.__name__.removesuffix("Error")
    found = by_sdk(f"\naws: [ERROR]: An error occurred ({name}): {error}\n")
    assert found["boto3"] == f"{kind.__module__}.{kind.__name__}: {error}"
    assert found["cli"] == f"aws: [ERROR]: An error occurred ({name}): {error}"
    assert set(found) == {"cli", "boto3"}


def test_the_cli_adds_advice_that_botocore_does_not_give():
    found = by_sdk(
        'An error occurred (NoRegion): You must specify a region. You can also configure it by "aws configure".'
    )
    assert found["boto3"] == "botocore.exceptions.NoRegionError: You must specify a region."


def test_an_empty_region_is_a_value_error():
    found = by_sdk("aws: [ERROR]: Invalid endpoint: https://s3..amazonaws.com")
    assert found["boto3"] == "ValueError: Invalid endpoint: https://s3..amazonaws.com"


def test_go_names_the_status_and_the_request():
    text = client_error("AccessDenied", "Not authorized")
    found = by_sdk(text, answer("AccessDenied", "Not authorized"))
    assert found["go_v2"] == (
        "failed to refresh cached credentials, failed to retrieve credentials, "
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, "
        "RequestID: AccessDenied-1, api error AccessDenied: Not authorized"
    )
    assert found["go_v1"] == (
        "WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: Not authorized\n"
        "\tstatus code: 403, request id: AccessDenied-1"
    )


def test_go_v2_tries_an_invalid_identity_token_again_and_knows_the_error():
    text = client_error("InvalidIdentityToken", "no &amp; no")
    found = by_sdk(text.replace("&amp;", "&"), answer("InvalidIdentityToken", "no &amp; no", status=400))
    assert found["go_v2"] == (
        "failed to refresh cached credentials, failed to retrieve credentials, "
        "operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https response error "
        "StatusCode: 400, RequestID: InvalidIdentityToken-1, InvalidIdentityToken: no & no"
    )


def test_go_v2_corrects_its_clock_and_does_not_end_with_the_error():
    found = by_sdk(
        client_error("RequestTimeTooSkewed", "no", "ListBuckets"), answer("RequestTimeTooSkewed", "no", callee="s3")
    )
    assert set(found) == {"cli", "boto3", "go_v1"}


def test_s3_has_a_host_id():
    text = client_error("AccessDenied", "no", "ListBuckets")
    found = by_sdk(text, answer("AccessDenied", "no", callee="s3", host_id="h="))
    assert found["go_v2"] == (
        "operation error S3: ListBuckets, https response error StatusCode: 403, RequestID: AccessDenied-1, HostID: h=, "
        "api error AccessDenied: no"
    )
    assert found["go_v1"] == "AccessDenied: no\n\tstatus code: 403, request id: AccessDenied-1, host id: h="


def test_without_the_answer_go_is_left_out():
    other = (answer("AccessDenied", "another"), answer("Other", "no"), answer("AccessDenied", "no", callee="iam"))
    assert set(by_sdk(client_error("AccessDenied", "no"), *other)) == {"cli", "boto3"}


def test_the_newest_answer_counts():
    old, new = answer("AccessDenied", "no", status=400), answer("AccessDenied", "no", status=403)
    assert "StatusCode: 403" in by_sdk(client_error("AccessDenied", "no"), old, new)["go_v2"]


@pytest.mark.parametrize(
    ("said", "go"),
    [
        ("[Errno 13] Permission denied: '/var/t'", "open /var/t: permission denied"),
        ("[Errno 2] No such file or directory: '/var/t'", "open /var/t: no such file or directory"),
    ],
)
def test_a_token_file_that_cannot_be_read_is_reported_by_go_too(said, go):
    found = by_sdk(f"\naws: [ERROR]: {said}\n")
    assert found["go_v2"].startswith("failed to refresh cached credentials, failed to retrieve jwt from provide source")
    assert found["go_v2"].endswith(f"unable to read file at /var/t: {go}")
    assert found["go_v1"] == f"WebIdentityErr: unable to read file at /var/t\ncaused by: {go}"


@pytest.mark.parametrize(
    "seen", ["", 'MountVolume.SetUp failed for volume "aws-iam-token" : no', "An error occurred", "("]
)
def test_what_no_sdk_said_has_no_forms(seen):
    assert by_sdk(seen) == {}


def test_the_text_alone():
    assert plain("\naws: [ERROR]: no\n") == "no"
