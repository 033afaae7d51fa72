"""Turns what the client libraries raise into `app.flow.errors`, keeping the server's words, code and request id.

Nothing here imports the libraries: an error is known by the attributes that it carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.clients.no_answer import ANSWER_TOO_LARGE, code_of, cut, is_unsendable
from app.flow import strict_json
from app.flow.errors import (
    UNKNOWN_LOGIN,
    FlowError,
    NotFound,
    NotPermitted,
    NotUnderstood,
    Refused,
    ServerFailed,
    TooLarge,
    Unreachable,
)
from app.flow.model import JsonObject

UNEXPECTED_ANSWER = "unexpected_answer"
"""Our code for: an answer came that its protocol does not know."""
_SAID_LIMIT = 1000

_FAILED = (429, 500, 502, 503, 504)
"""The statuses by which a server says that it has too much to do, or failed itself."""
_ABOUT_THE_POD = (
    "failed calling webhook",
    "admission webhook ",
    "container not found",
    "error executing command in container",
)
"""What is in the words of those 500s of an API server that are about the Pod in question and not about the server."""
_THROTTLED = ("RequestLimitExceeded", "TooManyRequestsException", "SlowDown")
"""Codes of AWS for a caller that asks too often, besides those with `Throttl` in them: their status is often 400."""
_AWS_NOT_PERMITTED = UNKNOWN_LOGIN | {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_OWN_CODES: Mapping[str, tuple[type[FlowError], str]] = {
    "NoCredentialsError": (NotPermitted, "aws_no_credentials"),
    "PartialCredentialsError": (NotPermitted, "aws_credentials_incomplete"),
    "SSOTokenLoadError": (NotPermitted, "aws_sso_expired"),
    "UnauthorizedSSOTokenError": (NotPermitted, "aws_sso_expired"),
    "TokenRetrievalError": (NotPermitted, "aws_sso_expired"),
    "CredentialRetrievalError": (NotPermitted, "aws_credentials_failed"),
    "RefreshWithMFAUnsupportedError": (NotPermitted, "aws_mfa_needed"),
    "InvalidConfigError": (NotPermitted, "aws_config_broken"),
    "ConfigParseError": (NotPermitted, "aws_config_broken"),
    "ConfigNotFound": (NotPermitted, "aws_config_broken"),
    "ProfileNotFound": (NotPermitted, "aws_no_such_profile"),
    "NoRegionError": (Unreachable, "aws_no_region"),
    "InvalidRegionError": (Unreachable, "aws_bad_region"),
    "EndpointProviderError": (NotPermitted, "aws_config_broken"),
    "BaseEndpointResolverError": (NotPermitted, "aws_config_broken"),
}
"""botocore's own errors where it has nothing to sign with or nowhere to send it; the most derived class counts."""


def from_status(status: int, body: bytes | bytearray | None, *, request_id: str = "", operation: str) -> FlowError:
    """An HTTP answer that is no success: a Kubernetes `Status` where the body is one, plain words otherwise."""
    words = body.decode("utf-8", "replace") if body else ""
    document = _object(words)
    code = document.get("reason") or str(status)
    said = document.get("message") or words.strip() or str(status)
    kind = _kind(status, str(said))
    return kind(
        code=str(code),
        server_message=str(said)[:_SAID_LIMIT],
        status=status,
        request_id=request_id,
        operation=operation,
    )


def _kind(status: int, said: str) -> type[FlowError]:
    """403 has two meanings in Kubernetes: RBAC says who `cannot` do what; admission forbids the object itself."""
    if status == 403 and "denied the request" in said:  # an admission webhook (k8s.io/apiserver, `ToStatusErr`)
        return Refused
    if status == 401 or (status == 403 and ("cannot " in said or "is forbidden: " not in said)):
        return NotPermitted
    if status in _FAILED and not any(words in said for words in _ABOUT_THE_POD):
        return ServerFailed
    return NotFound if status == 404 else Refused


def from_kubernetes(error: Exception, operation: str) -> FlowError:
    """For an `ApiException` with an answer, by its status; for any other error, which came instead of an answer (an SSL
    error has status 0), as `no_answer`."""
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        headers: Mapping[str, str] = getattr(error, "headers", None) or {}
        return from_status(
            status, getattr(error, "body", None), request_id=headers.get("Audit-Id", ""), operation=operation
        )
    return no_answer(error, operation)


def from_aws(error: Exception, operation: str) -> FlowError:
    """For a botocore `ClientError`, which is the service's answer, one of botocore's own errors, or an `OSError`."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        return _from_answer(response, error, operation)
    name = type(error).__name__
    own = next((_OWN_CODES[base.__name__] for base in type(error).__mro__ if base.__name__ in _OWN_CODES), None)
    if own is not None:
        kind, code = own
        return kind(code=code, server_message=str(error)[:_SAID_LIMIT], operation=operation)
    if is_unsendable(error):
        return NotPermitted(code="aws_config_broken", server_message=str(error)[:_SAID_LIMIT], operation=operation)
    if isinstance(error, OSError) or _is_a(error, "HTTPClientError", "ConnectionError", "ConnectionClosedError"):
        return no_answer(error, operation)
    if _is_a(error, "BotoCoreError") and not _is_a(error, "ResponseParserError"):
        return Refused(code=name, server_message=str(error)[:_SAID_LIMIT], operation=operation)
    return not_understood(error, operation)


def from_configuration(error: Exception, operation: str) -> FlowError:
    """For an error that kept botocore from making a client: this machine's files and variables are wrong, and no server
    was asked."""
    found = from_aws(error, operation)
    if not isinstance(found, Refused | NotUnderstood):
        return found
    return NotPermitted(code="aws_config_broken", server_message=found.server_message, operation=operation)


def _from_answer(response: Mapping[str, Any], error: Exception, operation: str) -> FlowError:
    details = response.get("Error") or {}
    metadata = response.get("ResponseMetadata") or {}
    code, status = str(details.get("Code", "")), int(metadata.get("HTTPStatusCode") or 0)
    kind: type[FlowError] = Refused
    if code in _AWS_NOT_PERMITTED:
        kind = NotPermitted
    elif code.startswith("NoSuch"):
        kind = NotFound
    elif status in _FAILED or is_throttling(code):
        kind = ServerFailed
    elif not code or code == str(status):  # AWS's own answers have a code; to others botocore gives the status
        kind, code = NotUnderstood, UNEXPECTED_ANSWER
    return kind(
        code=code,
        server_message=str(details.get("Message") or error)[:_SAID_LIMIT],
        status=status,
        request_id=str(metadata.get("RequestId", "")),
        operation=operation,
    )


def is_throttling(code: str) -> bool:
    """Whether AWS answers a caller that asks too often."""
    return "Throttl" in code or code in _THROTTLED


def no_answer(error: Exception, operation: str) -> FlowError:
    """For an error that came instead of an answer (refused, timed out, not trusted), or because it was too large."""
    if (large := cut(error)) is not None:
        return too_large(large.limit, operation)
    said = str(getattr(error, "reason", "") or error) or type(error).__name__
    return Unreachable(code=code_of(error), server_message=said[:_SAID_LIMIT], operation=operation)


def too_large(limit: int, operation: str) -> TooLarge:
    """An answer has more than `limit` bytes."""
    return TooLarge(
        code=ANSWER_TOO_LARGE, server_message=f"more than {limit} bytes", operation=operation, expected=str(limit)
    )


def unexpected(error: Exception, operation: str, status: int = 0) -> FlowError:
    """For an answer that cannot be read: `Refused`, with our code. Where the HTTP `status` itself says that the server
    failed it is `ServerFailed`, because a proxy in front of the server may respond in prose then."""
    said = f"{type(error).__name__}: {error}"[:_SAID_LIMIT]
    if status in _FAILED:
        return ServerFailed(code=str(status), server_message=said, status=status, operation=operation)
    return Refused(code=UNEXPECTED_ANSWER, server_message=said, operation=operation)


def not_understood(error: Exception, operation: str, status: int = 0) -> FlowError:
    """The same for AWS, with `NotUnderstood` instead of `Refused`: such an answer need not be AWS's, so nothing follows
    from it about what was asked."""
    found = unexpected(error, operation, status)
    if not isinstance(found, Refused):
        return found
    return NotUnderstood(code=found.code, server_message=found.server_message, operation=operation)


def _is_a(error: Exception, *names: str) -> bool:
    return any(base.__name__ in names for base in type(error).__mro__)


def _object(words: str) -> JsonObject:
    try:
        document = strict_json.loads(words)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
