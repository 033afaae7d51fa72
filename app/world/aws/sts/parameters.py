"""What STS asks of each parameter: the limits and patterns of its API reference."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.world.aws.errors import validation_error
from app.world.aws.parameters import Constraint, Number, Text, text

_ARN = Text(
    minimum=20,
    maximum=2048,
    pattern=r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    # Characters beyond U+FFFF are refused in practice, whatever the pattern says.
    expression=re.compile("[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd]+"),
)
CONSTRAINTS: Mapping[str, Constraint] = {
    "RoleArn": _ARN,
    "RoleSessionName": text(2, 64, r"[\w+=,.@-]*"),
    "WebIdentityToken": text(4, 20000, sensitive=True),
    "ProviderId": text(4, 2048),
    "Policy": text(1, 2048, r"[\u0009\u000A\u000D\u0020-\u00FF]+"),
    "DurationSeconds": Number(minimum=900, maximum=43200),
    "ExternalId": text(2, 1224, r"[\w+=,.@:\/-]*"),
    "AccessKeyId": text(16, 128, r"[\w]*"),
}
USER_SESSION: Mapping[str, Constraint] = {"DurationSeconds": Number(minimum=900, maximum=129600)}
"""GetSessionToken's own bounds."""

_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::([0-9]{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})", re.ASCII)


def parse_role_arn(arn: str) -> tuple[str, str]:
    """Account id and role name of a role's ARN. Raises `ValidationError` for anything else."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise validation_error("Request ARN is invalid")
    return match[1], match[2]
