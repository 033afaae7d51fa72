"""The `Aws` port over boto3: IAM, STS and S3 as one identity, each call asked once and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials as Identity
from botocore.exceptions import BotoCoreError, ClientError

from app.clients import aws_sdk
from app.clients.errors import from_aws, unexpected
from app.clients.recorder import Recorder
from app.flow import strict_json
from app.flow.model import Exchange, JsonValue
from app.flow.ports import AssumedRole, Credentials

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class BotoAws:
    """One account, seen by one identity."""

    def __init__(self, *, region: str, endpoint_url: str | None, identity: Identity) -> None:
        """`endpoint_url`: one endpoint for all services; None for AWS' own. `identity` may refresh itself."""
        self.region = region
        self._endpoint_url = endpoint_url
        self._identity = identity
        self._recorder = Recorder()

    def oidc_providers(self) -> Sequence[str]:
        answer = self._call("iam", "ListOpenIDConnectProviders", lambda iam: iam.list_open_id_connect_providers())
        return [entry["Arn"] for entry in answer["OpenIDConnectProviderList"] if "Arn" in entry]

    def oidc_provider(self, arn: str) -> JsonValue:
        return self._call(
            "iam",
            "GetOpenIDConnectProvider",
            lambda iam: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn),
        )

    def role(self, name: str) -> JsonValue:
        answer = self._call("iam", "GetRole", lambda iam: iam.get_role(RoleName=name))
        role = answer.get("Role", {})
        return {**role, "AssumeRolePolicyDocument": _document(role.get("AssumeRolePolicyDocument"))}

    def role_policies(self, name: str) -> Sequence[tuple[str, JsonValue]]:
        """Managed policies by their default version; both lists are read to their end."""
        found: list[tuple[str, JsonValue]] = []
        attached = self._call(
            "iam",
            "ListAttachedRolePolicies",
            lambda iam: iam.get_paginator("list_attached_role_policies").paginate(RoleName=name).build_full_result(),
        )
        for arn in (policy["PolicyArn"] for policy in attached["AttachedPolicies"]):
            found.append((arn, self._managed_policy(arn)))
        inline = self._call(
            "iam",
            "ListRolePolicies",
            lambda iam: iam.get_paginator("list_role_policies").paginate(RoleName=name).build_full_result(),
        )
        for policy in inline["PolicyNames"]:
            found.append((policy, self._inline_policy(name, policy)))
        return found

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        answer = self._call(
            "sts",
            "AssumeRoleWithWebIdentity",
            lambda sts: sts.assume_role_with_web_identity(
                RoleArn=role_arn, RoleSessionName=session_name, WebIdentityToken=token
            ),
        )
        try:
            issued, user = answer["Credentials"], answer["AssumedRoleUser"]
            return AssumedRole(
                credentials=Credentials(
                    access_key_id=issued["AccessKeyId"],
                    secret_access_key=issued["SecretAccessKey"],
                    session_token=issued["SessionToken"],
                    expiration=issued["Expiration"],
                ),
                subject=answer.get("SubjectFromWebIdentityToken", ""),
                audience=answer.get("Audience", ""),
                provider=answer.get("Provider", ""),
                arn=user["Arn"],
                assumed_role_id=user["AssumedRoleId"],
            )
        except (KeyError, TypeError) as error:
            raise unexpected(error, "AssumeRoleWithWebIdentity") from error

    def caller_identity(self, credentials: Credentials | None = None) -> JsonValue:
        return self._call("sts", "GetCallerIdentity", lambda sts: sts.get_caller_identity(), credentials)

    def list_buckets(self, credentials: Credentials) -> Sequence[str]:
        answer = self._call("s3", "ListBuckets", lambda s3: s3.list_buckets(), credentials)
        return [bucket["Name"] for bucket in answer.get("Buckets", []) if "Name" in bucket]

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._recorder.exchanges()

    def _managed_policy(self, arn: str) -> JsonValue:
        policy = self._call("iam", "GetPolicy", lambda iam: iam.get_policy(PolicyArn=arn))
        version = policy["Policy"]["DefaultVersionId"]
        answer = self._call(
            "iam", "GetPolicyVersion", lambda iam: iam.get_policy_version(PolicyArn=arn, VersionId=version)
        )
        return _document(answer["PolicyVersion"]["Document"])

    def _inline_policy(self, role: str, policy: str) -> JsonValue:
        def get(iam: IAMClient) -> Any:
            return iam.get_role_policy(RoleName=role, PolicyName=policy)

        return _document(self._call("iam", "GetRolePolicy", get)["PolicyDocument"])

    def _call(
        self,
        service: aws_sdk.Service,
        operation: str,
        call: Callable[[Any], Any],
        credentials: Credentials | None = None,
    ) -> dict[str, Any]:
        """One call's answer as plain JSON values. On junk botocore's parsers raise anything: hence the last clause."""
        identity = self._identity if credentials is None else _identity(credentials)
        client = aws_sdk.client(service, self.region, self._endpoint_url)
        try:
            with aws_sdk.calling(service, identity, self._recorder):
                answer = call(client)
        except (ClientError, BotoCoreError, OSError) as error:
            raise from_aws(error, operation) from error
        except Exception as error:
            raise unexpected(error, operation) from error
        return {key: _plain(value) for key, value in answer.items() if key != "ResponseMetadata"}


def static_identity(access_key_id: str, secret_access_key: str) -> Identity:
    """The identity of a long-lived access key."""
    return Identity(access_key_id, secret_access_key)


def _identity(credentials: Credentials) -> Identity:
    return Identity(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


def _plain(value: Any) -> JsonValue:
    """botocore's times as RFC 3339; everything else is a JSON value already."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
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
