"""The one exception of the simulated AWS: a status, AWS's code and AWS's words."""

from __future__ import annotations

from collections.abc import Mapping

SIMULATED = ("iam", "sts", "s3", "eks", "cloudtrail")
"""The services that there are, as credential scopes name them."""
_NAME_LIMIT = 200
"""Characters of a name that an error repeats."""


class AwsError(Exception):
    """A refusal. The endpoint writes it in the shape of the service that was asked."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        """Further elements of S3's error document, such as `BucketName`."""


def validation_error(message: str) -> AwsError:
    """`ValidationError`, the code of IAM and STS for input they do not accept."""
    return AwsError(400, "ValidationError", message)


def throttled() -> AwsError:
    """`Throttling` of IAM and STS, as their callers see it reported."""
    return AwsError(400, "Throttling", "Rate exceeded")


def access_denied(message: str) -> AwsError:
    """`AccessDenied`, the same code in IAM, STS and S3."""
    return AwsError(403, "AccessDenied", message)


def not_simulated(service: str, operation: str) -> AwsError:
    """`NotSimulated`, a code that AWS does not have, with status 400: no SDK sends the request again."""
    asked = f"{service} {operation[:_NAME_LIMIT]}".rstrip()
    message = f"This simulated AWS does not have {asked}. It has what IRSA needs of {', '.join(SIMULATED)}."
    return AwsError(400, "NotSimulated", message)
