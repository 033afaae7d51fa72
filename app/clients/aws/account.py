"""The `Aws` port over boto3: IAM, STS, S3, EKS and CloudTrail as one identity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from botocore.credentials import Credentials as Identity

from app.clients.aws import cloudtrail
from app.clients.aws import policies as aws_policies
from app.clients.aws import sdk as aws_sdk
from app.clients.aws.calls import AwsCalls, assumed_role, document
from app.flow.model import ConditionKeys, Exchange, JsonValue
from app.flow.ports import AssumedRole, Assumptions, Credentials


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
        self._calls = AwsCalls(region=region, endpoint_url=endpoint_url, identity=identity, sdk=sdk)

    @property
    def regions(self) -> frozenset[str]:
        return aws_sdk.known_regions()

    def oidc_providers(self) -> Sequence[str]:
        return list(
            self._calls.ask(
                "iam",
                "ListOpenIDConnectProviders",
                lambda iam: [
                    entry["Arn"] for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
                ],
            )
        )

    def oidc_provider(self, arn: str) -> JsonValue:
        return self._calls.ask(
            "iam",
            "GetOpenIDConnectProvider",
            lambda iam: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn),
        )

    def role(self, name: str) -> JsonValue:
        role = self._calls.ask("iam", "GetRole", lambda iam: iam.get_role(RoleName=name)["Role"])
        return {**role, "AssumeRolePolicyDocument": document(role.get("AssumeRolePolicyDocument"))}

    def roles(self) -> Sequence[JsonValue]:
        return aws_policies.roles(self._calls)

    def cluster(self, name: str, region: str) -> JsonValue:
        return self._calls.ask(
            "eks", "DescribeCluster", lambda eks: eks.describe_cluster(name=name)["cluster"], region=region
        )

    def role_policies(self, name: str) -> Sequence[tuple[str, JsonValue]]:
        return aws_policies.role_policies(self._calls, name)

    def managed_policy(self, arn: str) -> JsonValue:
        return aws_policies.managed_policy(self._calls, arn)

    def simulate(
        self, role_arn: str, actions: Sequence[str], resource: str, keys: ConditionKeys
    ) -> Sequence[JsonValue]:
        return aws_policies.simulate(self._calls, role_arn, actions, resource, keys)

    def assume_role_with_web_identity(self, role_arn: str, session_name: str, token: str) -> AssumedRole:
        role: AssumedRole = self._calls.ask(
            "sts",
            "AssumeRoleWithWebIdentity",
            lambda sts: assumed_role(
                sts.assume_role_with_web_identity(
                    RoleArn=role_arn, RoleSessionName=session_name, WebIdentityToken=token
                )
            ),
        )
        return role

    def caller_identity(self, credentials: Credentials | None = None) -> JsonValue:
        return self._calls.ask("sts", "GetCallerIdentity", lambda sts: sts.get_caller_identity(), credentials)

    def list_buckets(self, credentials: Credentials) -> Sequence[str]:
        return list(
            self._calls.ask(
                "s3",
                "ListBuckets",
                lambda s3: [bucket["Name"] for bucket in s3.list_buckets().get("Buckets", [])],
                credentials,
            )
        )

    def assumptions(self, role_arn: str, subject: str) -> Assumptions:
        return cloudtrail.assumptions(self._calls, role_arn, subject)

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._calls.recorder.exchanges()
