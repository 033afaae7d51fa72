"""SigV4 against botocore, which signs as AWS checks."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.world.aws.access_keys import AccessKey
from app.world.aws.incoming import Incoming, fields
from app.world.aws.sigv4 import read_signature, sign, verify

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = AccessKey(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key=SECRET, arn="-", user_id="-")
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def arrived(request: AWSRequest, body: bytes) -> Incoming:
    """A request of botocore's as the server reads it."""
    sent = request.prepare()
    parts = urlsplit(sent.url)
    headers = {name.lower(): value for name, value in sent.headers.items()} | {"host": parts.netloc}
    return Incoming(
        method=sent.method,
        raw_path=parts.path,
        query=tuple(fields(parts.query.encode())) if parts.query else (),
        headers=tuple(headers.items()),
        body=body,
    )


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE//////////+a/b=="])
@pytest.mark.parametrize(
    ("signer", "service", "method", "path", "body"),
    [
        (SigV4Auth, "iam", "POST", "/", b"Action=GetRole&RoleName=a%20b"),
        (SigV4Auth, "sts", "GET", "/?Version=2011-06-15&Action=GetCallerIdentity&A=b%20c%2Fd~e&A=%E3%81%82", b""),
        (SigV4Auth, "eks", "GET", "/clusters/a%20b/./pod-identity-associations//x%2Fy/..", b""),
        (SigV4QueryAuth, "sts", "GET", "/?Action=GetCallerIdentity", b""),
        (S3SigV4Auth, "s3", "PUT", "/bucket/a%20b/../c//d~%C3%A9?uploads=&partNumber=2", b"\x00\xff"),
        (S3SigV4QueryAuth, "s3", "GET", "/bucket/key?versionId=1", b""),
    ],
)
def test_what_botocore_signs_is_right_and_nothing_else(
    signer: type[SigV4Auth], service: str, method: str, path: str, body: bytes, token: str | None
) -> None:
    headers = {**FORM, "X-Amz-Meta": "  two   words ", "User-Agent": "a/1"}
    request = AWSRequest(method, f"http://127.0.0.1:8080{path}", headers=headers, data=body)
    signer(Credentials(KEY.access_key_id, SECRET, token), service, "eu-north-1").add_auth(request)
    came = arrived(request, body)
    signature = read_signature(came)
    assert signature is not None
    assert signature.session_token == token
    assert verify(signature, SECRET, came).matches
    assert not verify(signature, SECRET[::-1], came).matches
    assert not verify(replace(signature, region="eu-north-2"), SECRET, came).matches
    assert not verify(signature, SECRET, replace(came, query=(*came.query, ("more", "")))).matches
    assert not verify(signature, SECRET, replace(came, raw_path=f"{came.raw_path}x")).matches
    changed = tuple((name, "evil" if name == "host" else value) for name, value in came.headers)
    assert not verify(signature, SECRET, replace(came, headers=changed)).matches
    is_in_header = "x-amz-content-sha256" in dict(came.headers)  # `authentication` holds the body against that
    signs_body = not is_in_header and not (service == "s3" and signature.presigned)
    assert verify(signature, SECRET, replace(came, body=b"other")).matches is not signs_body


def test_botocore_finds_what_is_signed_here_right() -> None:
    url, body = "http://127.0.0.1:8080/", b"Action=CreateRole&Version=2010-05-08"
    headers = sign(KEY, "iam", "us-east-1", url, {"Content-Type": "a  b", "User-Agent": "a/1"}, body)
    signer = SigV4Auth(Credentials(KEY.access_key_id, SECRET), "iam", "us-east-1")
    unsigned = {name: value for name, value in headers.items() if name != "Authorization"}
    request = AWSRequest("POST", url, headers=unsigned, data=body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert headers["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={KEY.access_key_id}/{headers['X-Amz-Date'][:8]}/us-east-1/iam/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={expected}"
    )
