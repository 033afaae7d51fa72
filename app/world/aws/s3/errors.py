"""S3's own refusals."""

from __future__ import annotations

from app.world.aws.errors import AwsError


def no_such_bucket(bucket: str) -> AwsError:
    """`NoSuchBucket`. Another account's bucket is not found either: here each account has its own S3."""
    return AwsError(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": bucket})


def no_such_key(key: str) -> AwsError:
    """`NoSuchKey`."""
    return AwsError(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})


def slow_down() -> AwsError:
    """`SlowDown`."""
    return AwsError(503, "SlowDown", "Please reduce your request rate.")


def no_such_bucket_policy(bucket: str) -> AwsError:
    """`NoSuchBucketPolicy`."""
    return AwsError(404, "NoSuchBucketPolicy", "The bucket policy does not exist", {"BucketName": bucket})


def not_implemented(header: str) -> AwsError:
    """`NotImplemented`: a header that this S3 does not understand."""
    message = "A header you provided implies functionality that is not implemented"
    return AwsError(501, "NotImplemented", message, {"Header": header})


def method_not_allowed(method: str) -> AwsError:
    """`MethodNotAllowed`."""
    message = "The specified method is not allowed against this resource."
    return AwsError(405, "MethodNotAllowed", message, {"Method": method})


def invalid_argument(message: str, name: str, value: str) -> AwsError:
    """`InvalidArgument`."""
    return AwsError(400, "InvalidArgument", message, {"ArgumentName": name, "ArgumentValue": value})


def too_large(proposed: int, limit: int) -> AwsError:
    """`EntityTooLarge`."""
    message = "Your proposed upload exceeds the maximum allowed size"
    return AwsError(400, "EntityTooLarge", message, {"ProposedSize": str(proposed), "MaxSizeAllowed": str(limit)})


def invalid_request(message: str) -> AwsError:
    """`InvalidRequest`."""
    return AwsError(400, "InvalidRequest", message)


def malformed_xml() -> AwsError:
    """`MalformedXML`."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError(400, "MalformedXML", message)


def precondition_failed(condition: str) -> AwsError:
    """`PreconditionFailed`."""
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError(412, "PreconditionFailed", message, {"Condition": condition})


def invalid_range(requested: str, size: int) -> AwsError:
    """`InvalidRange`."""
    details = {"RangeRequested": requested, "ActualObjectSize": str(size)}
    return AwsError(416, "InvalidRange", "The requested range is not satisfiable", details)


def metadata_too_large(size: int, limit: int) -> AwsError:
    """`MetadataTooLarge`."""
    message = "Your metadata headers exceed the maximum allowed metadata size"
    return AwsError(400, "MetadataTooLarge", message, {"Size": str(size), "MaxSizeAllowed": str(limit)})


def not_latin_1(name: str, value: str) -> AwsError:
    """`InvalidArgument` for a value that no header of an answer can have."""
    return invalid_argument("Header value cannot be represented using ISO-8859-1.", name, value)
