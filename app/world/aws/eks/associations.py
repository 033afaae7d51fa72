"""The associations of EKS Pod Identity.

Sources: EKS API reference (`CreatePodIdentityAssociation` and its siblings); the messages of a role that is missing, of
one with another trust policy and of a second association are those that users reported
(hashicorp/terraform-provider-aws#34717 and #41483, awslabs/crossplane-on-eks#168). What exactly EKS asks of the trust
policy is an assumption: a statement that allows `pods.eks.amazonaws.com`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

from app.flow.matching.nearest import statements
from app.flow.model import JsonObject, JsonValue
from app.world.aws.account import Account
from app.world.aws.eks.cluster import Association, Cluster
from app.world.aws.eks.parameters import boolean, string, tags_of
from app.world.aws.errors import AwsError, not_simulated

PRINCIPAL = "pods.eks.amazonaws.com"
"""The service that a role for Pod Identity trusts."""
ASSOCIATIONS = 100
"""Per cluster; 1,000 on EKS."""
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def create(account: Account, cluster: Cluster, asked: JsonObject) -> JsonValue:
    """CreatePodIdentityAssociation. Raises `AwsError`."""
    namespace, name = string(asked, "namespace"), string(asked, "serviceAccount")
    role_arn, target = string(asked, "roleArn"), string(asked, "targetRoleArn", required=False)
    _refuse_policy(asked, "CreatePodIdentityAssociation")
    _check_role(account, role_arn)
    if (existing := cluster.association_of(namespace, name)) is not None:
        raise AwsError(409, "ResourceInUseException", f"Association already exists: {existing.association_id}")
    if len(cluster.associations) >= ASSOCIATIONS:
        raise AwsError(
            400, "ResourceLimitExceededException", f"A cluster here has at most {ASSOCIATIONS} associations."
        )
    association_id = "a-" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(17))
    now = account.clock.now()
    kept = cluster.associations[association_id] = Association(
        association_id=association_id,
        arn=f"arn:aws:eks:{account.region}:{account.account_id}:podidentityassociation/{cluster.name}/{association_id}",
        namespace=namespace,
        service_account=name,
        role_arn=role_arn,
        target_role_arn=target,
        disables_session_tags=boolean(asked, "disableSessionTags"),
        created=now,
        modified=now,
        tags=tags_of(asked),
    )
    return {"association": describe(cluster, kept)}


def update(account: Account, cluster: Cluster, association: Association, asked: JsonObject) -> JsonValue:
    """UpdatePodIdentityAssociation: other roles, or whether sessions get tags. Raises `AwsError`."""
    role_arn = string(asked, "roleArn", required=False) or association.role_arn
    target = string(asked, "targetRoleArn", required=False) or association.target_role_arn
    _refuse_policy(asked, "UpdatePodIdentityAssociation")
    _check_role(account, role_arn)
    is_said = asked.get("disableSessionTags") is not None
    tagless = boolean(asked, "disableSessionTags") if is_said else association.disables_session_tags
    kept = replace(
        association,
        role_arn=role_arn,
        target_role_arn=target,
        disables_session_tags=tagless,
        modified=account.clock.now(),
    )
    cluster.associations[kept.association_id] = kept
    return {"association": describe(cluster, kept)}


def delete(cluster: Cluster, association: Association) -> JsonValue:
    """DeletePodIdentityAssociation. Pods that run keep what they have."""
    del cluster.associations[association.association_id]
    return {"association": describe(cluster, association)}


def find(cluster: Cluster, association_id: str) -> Association:
    """The association of that id. Raises `ResourceNotFoundException`."""
    try:
        return cluster.associations[association_id]
    except KeyError:
        message = f"Failed to find association with association ID: {association_id}"
        raise AwsError(404, "ResourceNotFoundException", message) from None


def list_all(cluster: Cluster, namespace: str, service_account: str) -> JsonValue:
    """ListPodIdentityAssociations, of one namespace and ServiceAccount where they are given. Roles are not listed."""
    found = [
        {
            "clusterName": cluster.name,
            "namespace": it.namespace,
            "serviceAccount": it.service_account,
            "associationArn": it.arn,
            "associationId": it.association_id,
        }
        for it in cluster.associations.values()
        if namespace in ("", it.namespace) and service_account in ("", it.service_account)
    ]
    return {"associations": found}


def describe(cluster: Cluster, association: Association) -> JsonObject:
    """An association with its role, as all actions but the list show it."""
    shown: JsonObject = {
        "clusterName": cluster.name,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "roleArn": association.role_arn,
        "associationArn": association.arn,
        "associationId": association.association_id,
        "tags": dict(association.tags),
        "createdAt": association.created,
        "modifiedAt": association.modified,
        "disableSessionTags": association.disables_session_tags,
    }
    return shown | ({"targetRoleArn": association.target_role_arn} if association.target_role_arn else {})


def _refuse_policy(asked: JsonObject, operation: str) -> None:
    """Raises `NotSimulated` for an association's own session policy."""
    if asked.get("policy"):
        raise not_simulated("eks", f"{operation} with a policy")


def _check_role(account: Account, role_arn: str) -> None:
    """Raises `InvalidParameterException` for a role that is missing, and for one that does not trust Pod Identity."""
    role = next((it for it in account.roles.values() if it.arn == role_arn), None)
    if role is None:
        raise AwsError(400, "InvalidParameterException", "Role provided in the request does not exist.")
    for statement in statements(json.loads(role.trust_policy)):
        principal = statement.get("Principal")
        services = principal.get("Service") if isinstance(principal, dict) else principal
        if statement.get("Effect") == "Allow" and PRINCIPAL in (services if isinstance(services, list) else [services]):
            return
    raise AwsError(400, "InvalidParameterException", "Trust policy of the role provided is invalid")
