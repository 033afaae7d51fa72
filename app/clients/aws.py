"""The `Aws` port over boto3: IAM, STS and S3 as one identity, each call asked once and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from botocore.credentials import Credentials as Identity
from botocore.exceptions import BotoCoreError, ClientError

from app.clients import aws_sdk
from app.clients.errors import from_aws, unexpected
from app.clients.recorder import Recorder
from app.flow import strict_json
from app.flow.errors import FlowError
from app.flow.model import Exchange, JsonValue
from app.flow.ports import AssumedRole, Credentials, FailedAssumptions

NOBODY = Identity("", "")
"""Whose calls are not signed."""
_UNSIGNED = ("AssumeRoleWithWebIdentity",)
EVENT_PAGES = 2
"""Pages of 50 events that are read: CloudTrail answers two requests a second."""
FAILURE_LIMIT = 20
"""Refused requests that are handed on."""
PAGE_LIMIT = 20
"""Pages of a list that are read: a role has far fewer policies than they hold."""


class BotoAws:
    """One account, seen by one identity."""

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None,
        identity: Callable[[], Identity],
        sdk: aws_sdk.Sdk = aws_sdk.shared,
    ) -> None:
        """`endpoint_url`: one endpoint for all services; None for those of the SDK's Session.

        `identity` is asked at each call, and may fail at each: who has no credentials can still read a cluster.
        """
        self.region = region
        self._endpoint_url = endpoint_url
        self._identity = identity
        self._sdk = sdk
        self._recorder = Recorder()

    def oidc_providers(self) -> Sequence[str]:
        return list(
            self._call(
                "iam",
                "ListOpenIDConnectProviders",
                lambda iam: [
                    entry["Arn"] for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
                ],
            )
        )

    def oidc_provider(self, arn: str) -> JsonValue:
        return self._call(
            "iam",
            "GetOpenIDConnectProvider",
            lambda iam: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn),
        )

    def role(self, name: str) -> JsonValue:
        role = self._call("iam", "GetRole", lambda iam: iam.get_role(RoleName=name)["Role"])
        return {**role, "AssumeRolePolicyDocument": _document(role.get("AssumeRolePolicyDocument"))}

    def role_policies(self, name: str) -> Sequence[tuple[str, JsonValue]]:
        """Managed policies by their default version; both lists are read to their end."""
        attached = self._all(
            "ListAttachedRolePolicies",
            "AttachedPolicies",
            lambda iam, **more: iam.list_attached_role_policies(RoleName=name, **more),
        )
        inline = self._all(
            "ListRolePolicies", "PolicyNames", lambda iam, **more: iam.list_role_policies(RoleName=name, **more)
        )
        return [
            *((arn, self._managed_policy(arn)) for arn in (policy.get("PolicyArn", "") for policy in attached)),
            *((policy, self._inline_policy(name, policy)) for policy in inline),
        ]

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        role: AssumedRole = self._call(
            "sts",
            "AssumeRoleWithWebIdentity",
            lambda sts: _assumed_role(
                sts.assume_role_with_web_identity(
                    RoleArn=role_arn, RoleSessionName=session_name, WebIdentityToken=token
                )
            ),
        )
        return role

    def caller_identity(self, credentials: Credentials | None = None) -> JsonValue:
        return self._call("sts", "GetCallerIdentity", lambda sts: sts.get_caller_identity(), credentials)

    def list_buckets(self, credentials: Credentials) -> Sequence[str]:
        return list(
            self._call(
                "s3",
                "ListBuckets",
                lambda s3: [bucket["Name"] for bucket in s3.list_buckets().get("Buckets", [])],
                credentials,
            )
        )

    def failed_assumptions(self, role_arn: str, subject: str) -> FailedAssumptions:
        records: list[JsonValue] = []
        since = ""
        more: dict[str, str] = {}
        for _ in range(EVENT_PAGES):
            page = self._call("cloudtrail", "LookupEvents", partial(_assumptions, **more))
            records += (record for record in page["records"] if _is_failure(record, role_arn, subject))
            since = page["oldest"] if page["next"] else ""
            if not since:
                break
            more = {"NextToken": page["next"]}
        return FailedAssumptions(records=tuple(records[:FAILURE_LIMIT]), since=since)

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._recorder.exchanges()

    def _all(self, operation: str, field: str, call: Callable[..., Any]) -> list[Any]:
        """All pages of a list. (boto3's own paginators build a class with its documentation at every use.)"""
        found: list[Any] = []
        more: dict[str, str] = {}
        for _ in range(PAGE_LIMIT):
            page = self._call("iam", operation, partial(call, **more))
            found += page.get(field, [])
            if not page.get("IsTruncated"):
                break
            more = {"Marker": str(page.get("Marker", ""))}
        return found

    def _managed_policy(self, arn: str) -> JsonValue:
        version = self._call(
            "iam", "GetPolicy", lambda iam: iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        )
        return self._call(
            "iam",
            "GetPolicyVersion",
            lambda iam: _document(
                iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            ),
        )

    def _inline_policy(self, role: str, policy: str) -> JsonValue:
        return self._call(
            "iam",
            "GetRolePolicy",
            lambda iam: _document(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]),
        )

    def _call(
        self,
        service: aws_sdk.Service,
        operation: str,
        call: Callable[[Any], Any],
        credentials: Credentials | None = None,
    ) -> Any:
        """What `call` makes of the service's client. Junk makes botocore's parsers, or `call`, raise anything."""
        try:
            identity = NOBODY if operation in _UNSIGNED else self._identity_of(credentials)
            with aws_sdk.calling(service, identity, self._recorder):
                return _plain(call(self._sdk.client(service, self.region, self._endpoint_url)))
        except (ClientError, BotoCoreError, OSError) as error:
            raise from_aws(error, operation) from None
        except FlowError:
            raise
        except Exception as error:
            raise unexpected(error, operation) from None

    def _identity_of(self, credentials: Credentials | None) -> Identity:
        return self._identity() if credentials is None else _identity(credentials)


def static_identity(access_key_id: str, secret_access_key: str) -> Callable[[], Identity]:
    """The identity of a long-lived access key."""
    identity = Identity(access_key_id, secret_access_key)
    return lambda: identity


def _identity(credentials: Credentials) -> Identity:
    return Identity(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


def _assumed_role(answer: Mapping[str, Any]) -> AssumedRole:
    issued, user = answer["Credentials"], answer["AssumedRoleUser"]
    return AssumedRole(
        credentials=Credentials(
            access_key_id=issued["AccessKeyId"],
            secret_access_key=issued["SecretAccessKey"],
            session_token=issued["SessionToken"],
            expiration=_plain(issued["Expiration"]),
        ),
        subject=answer.get("SubjectFromWebIdentityToken", ""),
        audience=answer.get("Audience", ""),
        provider=answer.get("Provider", ""),
        arn=user["Arn"],
        assumed_role_id=user["AssumedRoleId"],
    )


def _assumptions(cloudtrail: Any, **more: str) -> Mapping[str, Any]:
    """One page of events: CloudTrail's own records, each a text of JSON within its event, and what comes next."""
    attribute = {"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithWebIdentity"}
    answer = cloudtrail.lookup_events(LookupAttributes=[attribute], MaxResults=50, **more)
    events = answer.get("Events", [])
    records = [_document(event.get("CloudTrailEvent")) for event in events]
    return {
        "records": [record for record in records if isinstance(record, Mapping)],
        "oldest": events[-1]["EventTime"] if events else "",
        "next": answer.get("NextToken", ""),
    }


def _is_failure(record: Mapping[str, Any], role_arn: str, subject: str) -> bool:
    identity, asked = record.get("userIdentity"), record.get("requestParameters")
    by_subject = isinstance(identity, Mapping) and identity.get("userName") == subject
    for_role = isinstance(asked, Mapping) and asked.get("roleArn") == role_arn
    return bool(record.get("errorCode")) and (by_subject or for_role)


def _plain(value: Any) -> Any:
    """botocore's times as RFC 3339, without its metadata; everything else is a JSON value already."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value


def _document(value: Any) -> JsonValue:
    """botocore decodes policy documents; one that it could not read stays a text, and so it does here."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except ValueError:
        return value
