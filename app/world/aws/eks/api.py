"""The REST protocol that EKS speaks (restJson1): paths and JSON.

Source: botocore's service model `eks/2017-11-01` and the EKS API reference.
"""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import unquote

from starlette.responses import Response

from app.flow.model import JsonValue
from app.world.aws import protocols
from app.world.aws.account import Account
from app.world.aws.authentication import Caller, authenticate
from app.world.aws.authorization import authorize, authorize_to_pass
from app.world.aws.directory import Directory
from app.world.aws.eks import associations
from app.world.aws.eks.cluster import Cluster
from app.world.aws.eks.parameters import TAGS, body_of, invalid, string, tags_of
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.iam import limits
from app.world.aws.incoming import Incoming
from app.world.aws.protocols import Protocol, answer
from app.world.aws.sigv4 import Signature

SERVICE = "eks"


def respond(directory: Directory, request: Incoming, signature: Signature) -> Response:
    """Answers one call. Raises `AwsError`."""
    caller = authenticate(directory, request, signature)
    parts = [unquote(part) for part in request.raw_path.split("/")[1:] if part]
    if parts[:1] == ["tags"] and len(parts) > 1:
        return answer(Protocol.REST_JSON, _tags(caller, request, "/".join(parts[1:])))
    if parts == ["clusters"] and request.method == "GET":
        authorize(caller, "eks:ListClusters")
        return answer(Protocol.REST_JSON, {"clusters": list(_clusters(caller))})
    if parts[:1] == ["clusters"] and len(parts) > 1:
        return answer(Protocol.REST_JSON, _of_cluster(caller, request, parts[1], parts[2:]))
    return _unknown(request)


def refusal(error: AwsError) -> Response:
    """An error in the shape of EKS."""
    if error.code == "LimitExceeded":
        error = AwsError(400, "ResourceLimitExceededException", error.message)
    return protocols.refusal(Protocol.REST_JSON, error)


def _of_cluster(caller: Caller, request: Incoming, name: str, rest: list[str]) -> JsonValue:
    arn = f"arn:aws:eks:{caller.region}:{caller.account.account_id}:cluster/{name}"

    def cluster(action: str) -> Cluster:
        authorize(caller, f"eks:{action}", arn, named=arn)
        found = _clusters(caller).get(name)
        if found is None:
            message = f"No cluster found for name: {name}."
            raise AwsError(404, "ResourceNotFoundException", message, {"clusterName": name})
        return found

    match request.method, rest:
        case "GET", []:
            return {"cluster": cluster("DescribeCluster").describe()}
        case "GET", ["addons"]:
            cluster("ListAddons")
            return {"addons": []}
        case "GET", ["addons", addon]:
            cluster("DescribeAddon")
            details = {"clusterName": name, "addonName": addon}
            message = f"No addon: {addon} found in cluster: {name}"
            raise AwsError(404, "ResourceNotFoundException", message, details)
        case "GET", ["pod-identity-associations"]:
            found = cluster("ListPodIdentityAssociations")
            namespace, account = (request.argument(it) or "" for it in ("namespace", "serviceAccount"))
            return associations.list_all(found, namespace, account)
        case "POST", ["pod-identity-associations"]:
            found, asked = cluster("CreatePodIdentityAssociation"), body_of(request.body)
            authorize_to_pass(caller, string(asked, "roleArn"), associations.PRINCIPAL)
            _room(caller.account, request)
            return associations.create(caller.account, found, asked)
        case "GET", ["pod-identity-associations", one]:
            found = cluster("DescribePodIdentityAssociation")
            return {"association": associations.describe(found, associations.find(found, one))}
        case "POST", ["pod-identity-associations", one]:
            found, asked = cluster("UpdatePodIdentityAssociation"), body_of(request.body)
            if role_arn := string(asked, "roleArn", required=False):
                authorize_to_pass(caller, role_arn, associations.PRINCIPAL)
            return associations.update(caller.account, found, associations.find(found, one), asked)
        case "DELETE", ["pod-identity-associations", one]:
            found = cluster("DeletePodIdentityAssociation")
            return associations.delete(found, associations.find(found, one))
    return _unknown(request)


def _tags(caller: Caller, request: Incoming, arn: str) -> JsonValue:
    """TagResource, UntagResource, ListTagsForResource: of a cluster or of an association."""
    actions = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
    if request.method not in actions:
        _unknown(request)
    authorize(caller, f"eks:{actions[request.method]}", arn, named=arn)
    tags: dict[str, str] | None = None
    for cluster in _clusters(caller).values():
        held = {cluster.arn: cluster.tags} | {it.arn: it.tags for it in cluster.associations.values()}
        tags = held.get(arn, tags)
    if tags is None:
        raise AwsError(404, "NotFoundException", f"Resource {arn[:200]} was not found.")
    if request.method == "GET":
        return {"tags": dict(tags)}
    if request.method == "DELETE":
        for gone in [value for key, value in request.query if key == "tagKeys"]:
            tags.pop(gone, None)
        return {}
    given = tags_of(body_of(request.body))
    if len(tags | given) > TAGS:
        raise invalid(f"a resource has at most {TAGS} tags.")
    _room(caller.account, request)
    tags.update(given)
    return {}


def _clusters(caller: Caller) -> dict[str, Cluster]:
    """The account's clusters in the region that was called."""
    return caller.account.clusters if caller.region == caller.account.region else {}


def _room(account: Account, request: Incoming) -> None:
    limits.room_for(account, len(request.body))


def _unknown(request: Incoming) -> NoReturn:
    raise not_simulated(SERVICE, f"{request.method} {request.raw_path}")
