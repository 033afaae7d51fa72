"""Junk for AWS from somebody who may do everything there: signed calls of IAM, STS, S3 and CloudTrail."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials

from tests.attack.server import Keys

REGION = "ap-northeast-1"
_ACTIONS = {
    "iam": (
        *("CreateRole", "CreatePolicy", "CreateOpenIDConnectProvider", "PutRolePolicy", "TagRole", "CreateUser"),
        *("UpdateAssumeRolePolicy", "ListRoles", "GetRole", "ListPolicies", "DeleteRole", "AttachRolePolicy"),
    ),
    "sts": ("AssumeRole", "GetCallerIdentity", "GetSessionToken", "AssumeRoleWithWebIdentity"),
}
_SOUND = {"RoleName": "s3-reader", "PolicyName": "junk", "RoleSessionName": "junk", "Url": "https://junk.example"}
"""Parameters that are sent in most calls, so that these get as far as the others."""
_PARAMETERS = (
    *("RoleName", "PolicyName", "AssumeRolePolicyDocument", "PolicyDocument", "Path", "Description", "Url", "RoleArn"),
    *("PolicyArn", "MaxItems", "Marker", "Policy", "RoleSessionName", "DurationSeconds", "Tags.member.1.Key"),
    *(
        "Tags.member.1.Key",
        "Tags.member.1.Value",
        "Tags.member.999999999.Key",
        "Tags.member.x",
        "ClientIDList.member.1",
    ),
    *("ThumbprintList.member.0", "PolicyArns.member.1.arn", "PolicyArns.member.1.arn.member.1", "TagKeys.member.1"),
)
_QUERIES = ("list-type=2", "prefix=", "delimiter=", "max-keys=", "continuation-token=", "encoding-type=url", "acl", "x")
_NAMES = ("/", "/s3-reader", "/irsa-demo", "/irsa-demo/a", "/irsa-demo/", "/new-bucket")
_DOCUMENTS = (
    '{"Version":"2012-10-17","Statement":[',
    '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "[" * 3000,
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["**?"],"Resource":"${","Condition":{"X":{"":[]}}}}',
)


def signed_junk(keys: Keys, rng: random.Random, text: Callable[[int], str], value: object) -> AWSPreparedRequest:
    """One call. `text` makes junk up to a length, `value` is JSON of any shape."""
    service = rng.choice(("iam", "iam", "sts", "s3", "s3", "cloudtrail"))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if service == "s3":
        query = "&".join(rng.choice(_QUERIES) + quote(text(12), safe="") for _ in range(rng.randrange(3)))
        url = f"{keys.aws_url}{rng.choice(_NAMES)}{quote(text(12), safe='')}?{query}"
        body = rng.choice((rng.randbytes(60), b"<CreateBucketConfiguration><LocationConstraint>" * 20, b""))
        request = AWSRequest(rng.choice(("GET", "PUT", "DELETE", "HEAD", "POST")), url, {}, body)
    elif service == "cloudtrail":
        headers["X-Amz-Target"] = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
        body = rng.choice((json.dumps(value).encode(), rng.randbytes(40), b'{"LookupAttributes":' * 300))
        request = AWSRequest("POST", f"{keys.aws_url}/", headers, body)
    else:
        names = [rng.choice(_PARAMETERS) for _ in range(rng.randrange(8))]
        given = [(name, rng.choice((text(40), json.dumps(value), *_DOCUMENTS))) for name in names]
        version = "2010-05-08" if service == "iam" else "2011-06-15"
        sound = [pair for pair in _SOUND.items() if rng.randrange(4)]
        form = [("Action", rng.choice(_ACTIONS[service])), ("Version", version), *sound, *given]
        request = AWSRequest("POST", f"{keys.aws_url}/", headers, urlencode(form, errors="replace").encode())
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(keys.access_key_id, keys.secret_access_key), service, REGION).add_auth(request)
    return request.prepare()
