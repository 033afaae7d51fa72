"""One call to AWS: who signs it, how it is recorded, and which answer or error it brings. Each is asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from botocore.credentials import Credentials as Identity
from botocore.exceptions import BotoCoreError, ClientError

from app.clients.aws import sdk as aws_sdk
from app.clients.errors import from_aws, from_configuration, not_understood
from app.clients.recorder import Recorder
from app.flow import strict_json
from app.flow.errors import FlowError
from app.flow.model import JsonValue
from app.flow.ports import AssumedRole, Credentials
from app.serving.logs import record_error

ANONYMOUS = Identity("", "")
"""The identity of unsigned calls."""
_UNSIGNED = ("AssumeRoleWithWebIdentity",)


class AwsCalls:
    """The calls of one identity to one account."""

    def __init__(
        self, *, region: str, endpoint_url: str | None, identity: Callable[[], Identity], sdk: aws_sdk.Sdk
    ) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._identity = identity
        self._sdk = sdk
        self.recorder = Recorder()
        """Holds every call, answered or not."""

    def ask(
        self,
        service: aws_sdk.Service,
        operation: str,
        call: Callable[[Any], Any],
        credentials: Credentials | None = None,
        region: str = "",
    ) -> Any:
        """Returns what `call` returns, which gets the service's client. Times in it are RFC 3339.

        `region`: the identity's, where it is empty. Raises `FlowError`, whatever botocore or `call` raises: junk makes
        them raise anything. Where AWS itself responded, or nobody did, that was a bug of ours, so it is also logged.
        """
        made: aws_sdk.Call | None = None
        try:
            identity = ANONYMOUS if operation in _UNSIGNED else self._identity_of(credentials)
            with aws_sdk.calling(service, identity, self.recorder) as made:
                return plain(call(self._client(service, operation, region)))
        except (ClientError, BotoCoreError, OSError) as error:
            raise from_aws(error, operation) from None
        except FlowError:
            raise
        except Exception as error:
            if made is None or made.answer is None or _is_from_aws(made.answer):
                record_error(error, f"in the AWS call {operation}")
            raise not_understood(error, operation, made.status if made else 0) from None

    def _client(self, service: aws_sdk.Service, operation: str, region: str) -> Any:
        try:
            return self._sdk.client(service, region or self._region, self._endpoint_url)
        except FlowError:
            raise
        except Exception as error:
            raise from_configuration(error, operation) from None

    def _identity_of(self, credentials: Credentials | None) -> Identity:
        return self._identity() if credentials is None else _identity(credentials)


def _is_from_aws(answer: Mapping[str, Any]) -> bool:
    """Whether a response has a request id, as each of AWS's has, and that of a login page or a proxy has not."""
    headers = {name.lower() for name in answer.get("headers", {})}
    return bool(headers & {"x-amzn-requestid", "x-amz-request-id"})


def static_identity(access_key_id: str, secret_access_key: str) -> Callable[[], Identity]:
    """The identity of a long-lived access key."""
    identity = Identity(access_key_id, secret_access_key)
    return lambda: identity


def _identity(credentials: Credentials) -> Identity:
    return Identity(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


def plain(value: Any) -> Any:
    """botocore's times as RFC 3339, without its metadata; everything else is a JSON value already."""
    if isinstance(value, str):  # nearly all of an answer
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value


def document(value: Any) -> JsonValue:
    """A policy document. botocore decodes it; a text that is no JSON stays a text, as botocore leaves it."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except ValueError:
        return value


def assumed_role(answer: Mapping[str, Any]) -> AssumedRole:
    """STS's response to AssumeRoleWithWebIdentity. Raises `KeyError` where it lacks what STS always sends."""
    issued, user = answer["Credentials"], answer["AssumedRoleUser"]
    return AssumedRole(
        credentials=Credentials(
            access_key_id=issued["AccessKeyId"],
            secret_access_key=issued["SecretAccessKey"],
            session_token=issued["SessionToken"],
            expiration=plain(issued["Expiration"]),
        ),
        subject=answer.get("SubjectFromWebIdentityToken", ""),
        audience=answer.get("Audience", ""),
        provider=answer.get("Provider", ""),
        arn=user["Arn"],
        assumed_role_id=user["AssumedRoleId"],
    )
