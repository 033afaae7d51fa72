"""Records of AssumeRoleWithWebIdentity in the shape in which CloudTrail writes them (event version 1.08).

Sources: the IAM user guide's example of a request that was granted ("Logging IAM and AWS STS API calls with AWS
CloudTrail"), and a record of an `AccessDenied` to a ServiceAccount of EKS that Argo Workflows' documentation shows. The
`errorMessage` of any other refusal is an assumption. `requestID` and `tlsDetails` are left out.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from app.flow.model import JsonObject, JsonValue
from app.world.aws.account import Account
from app.world.aws.entities import OidcProvider
from app.world.aws.errors import AwsError
from app.world.aws.parameters import Parameters
from app.world.aws.sts.token import WebIdentityToken
from app.world.aws.times import american, iso

WEB_IDENTITY = "AssumeRoleWithWebIdentity"
USER_AGENT_LIMIT = 1024
"""Characters of a user agent (CloudTrail user guide, "CloudTrail record contents")."""
_DENIED = "An unknown error occurred"
"""What CloudTrail says of an `AccessDenied`, whatever STS said to the caller."""


def granted(record: JsonObject, answer: JsonValue, *, trusted: bool) -> JsonObject:
    """The record of a request that got credentials. The session token is in it, the secret access key is not.

    `trusted`: whether the certificate of the issuer's host is of a CA that AWS trusts; else it has a known thumbprint.
    """
    issued = answer["Credentials"]
    return record | {
        "responseElements": {
            "credentials": {
                "accessKeyId": issued["AccessKeyId"],
                "sessionToken": issued["SessionToken"],
                "expiration": american(datetime.fromisoformat(issued["Expiration"]).timestamp()),
            },
            "subjectFromWebIdentityToken": answer["SubjectFromWebIdentityToken"],
            "assumedRoleUser": {
                "assumedRoleId": answer["AssumedRoleUser"]["AssumedRoleId"],
                "arn": answer["AssumedRoleUser"]["Arn"],
            },
            "provider": answer["Provider"],
            "audience": answer["Audience"],
        },
        "additionalEventData": {
            "identityProviderConnectionVerificationMethod": "IAMTrustStore" if trusted else "Thumbprint"
        },
    }


def refused(record: JsonObject, error: AwsError) -> JsonObject:
    """The record of a request that was refused."""
    message = _DENIED if error.code == "AccessDenied" else error.message
    return record | {"errorCode": error.code, "errorMessage": message, "responseElements": None}


def requested(
    account: Account,
    provider: OidcProvider,
    token: WebIdentityToken,
    parameters: Parameters,
    *,
    region: str,
    user_agent: str,
) -> JsonObject:
    """Who asked for what, by a token whose signature has been verified."""
    asked: dict[str, JsonValue] = {
        "roleArn": parameters["RoleArn"],
        "roleSessionName": parameters["RoleSessionName"],
    }
    if "DurationSeconds" in parameters:
        asked["durationSeconds"] = int(parameters["DurationSeconds"])
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "WebIdentityUser",
            "principalId": f"{provider.arn}:{token.audience}:{token.subject}",
            "userName": token.subject,
            "identityProvider": provider.arn,
        },
        "eventTime": iso(account.clock.now()),
        "eventSource": "sts.amazonaws.com",
        "eventName": WEB_IDENTITY,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": user_agent[:USER_AGENT_LIMIT],
        "requestParameters": asked,
        "eventID": str(uuid.uuid4()),
        "readOnly": True,
        "resources": [{"accountId": account.account_id, "type": "AWS::IAM::Role", "ARN": parameters["RoleArn"]}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account.account_id,
        "eventCategory": "Management",
    }
