"""What IAM asks of each parameter: the limits and patterns of its API reference."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.world.aws.errors import validation_error
from app.world.aws.parameters import Choice, Constraint, Number, Parameters, Text, member, text

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)

CONSTRAINTS: Mapping[str, Constraint] = {
    "RoleName": text(1, 64),
    "PolicyName": text(1, 128),
    "UserName": text(1, 128),
    "InstanceProfileName": text(1, 128),
    "AccessKeyId": text(16, 128, r"[\w]+"),
    "Path": text(1, 512, r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)"),
    "PathPrefix": text(1, 512, r"\u002F[\u0021-\u007F]*"),
    "AssumeRolePolicyDocument": text(1, 131072, r"[\u0009\u000A\u000D\u0020-\u00FF]+"),
    "PolicyDocument": text(1, 131072, r"[\u0009\u000A\u000D\u0020-\u00FF]+"),
    "Description": text(0, 1000, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"),
    "MaxSessionDuration": Number(minimum=3600, maximum=43200),
    "PolicyArn": text(20, 2048),
    "PermissionsBoundary": text(20, 2048),
    "PolicySourceArn": text(20, 2048),
    "OpenIDConnectProviderArn": text(20, 2048),
    "Url": text(1, 255),
    "ClientID": text(1, 255),
    "VersionId": text(0, None, r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"),
    "Scope": Choice(values=("All", "AWS", "Local")),
    "EntityFilter": Choice(values=("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")),
    "PolicyUsageFilter": Choice(values=("PermissionsPolicy", "PermissionsBoundary")),
    "Marker": text(1, 320, r"[\u0020-\u00FF]+"),
    "MaxItems": Number(minimum=1, maximum=1000),
}
_POLICY_PATH = text(1, 512, r"((/[A-Za-z0-9\.,\+@=_-]+)*)/")
POLICY_CONSTRAINTS: Mapping[str, Constraint] = {
    **CONSTRAINTS,
    "Path": _POLICY_PATH,
    "PathPrefix": _POLICY_PATH,
    "Description": text(0, 1000),
}
"""Where a path or a description is a policy's."""

THUMBPRINT = text(40, 40)
CLIENT_ID = text(1, 255)

# Java's classes \p{L}\p{Z}\p{N}: letters, separators and digits of any script.
_TAG_TEXT = r"[\w\s.:/=+\-@]"
TAG_KEY = Text(
    minimum=1,
    maximum=128,
    pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
    expression=re.compile(_TAG_TEXT + "+"),
)
TAG_VALUE = Text(
    minimum=0,
    maximum=256,
    pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*",
    expression=re.compile(_TAG_TEXT + "*"),
)


def check_names(parameters: Parameters) -> None:
    """Raises `ValidationError` for a name with a character that names do not have, in IAM's own text for it."""
    for name in ("RoleName", "PolicyName", "UserName", "InstanceProfileName"):
        if name in parameters and not _NAME.fullmatch(parameters[name]):
            raise validation_error(
                f"The specified value for {member(name)} is invalid. "
                "It must contain only alphanumeric characters and/or the following: +=,.@_-"
            )
