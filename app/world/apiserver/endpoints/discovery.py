"""The server's description of itself: version, API groups and resources, OIDC documents.

Source of the OIDC part: `pkg/serviceaccount/openidmetadata.go`: the API server's own document, not the public one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types.resources import GROUPS, RESOURCES, REVIEWS
from app.world.apiserver.version import GIT_VERSION, MAJOR, MINOR

if TYPE_CHECKING:
    from app.world.world import World


VERSION: JsonObject = {
    "major": str(MAJOR),
    "minor": str(MINOR),
    "emulationMajor": str(MAJOR),
    "emulationMinor": str(MINOR),
    "minCompatibilityMajor": str(MAJOR),
    "minCompatibilityMinor": str(MINOR - 1),
    "gitVersion": GIT_VERSION,
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-11-24T00:00:00Z",
    "goVersion": "go1.24.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def api_versions(host: str) -> JsonObject:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
    }


def _group(name: str) -> JsonObject:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def api_group_list() -> JsonObject:
    """`/apis`."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in GROUPS]}


def api_group(name: str) -> JsonObject | None:
    """`/apis/{group}`; None where there is no such group."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)} if name in GROUPS else None


def api_resource_list(group: str, version: str) -> JsonObject | None:
    """`/api/v1` or `/apis/{group}/{version}`; None where there is no such group and version."""
    resources = []
    for resource in (*RESOURCES.values(), *REVIEWS.values()):
        if (resource.group, resource.version) != (group, version):
            continue
        entry: JsonObject = {
            "name": resource.plural,
            "singularName": resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        resources.append(entry)
        for name, sub in resource.subresources.items():
            entry = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
            if sub.group:
                entry |= {"group": sub.group, "version": sub.version}
            resources.append({**entry, "kind": sub.kind or resource.kind, "verbs": list(sub.verbs)})
    if not resources:
        return None
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def openid_configuration(world: World) -> JsonObject:
    """`/.well-known/openid-configuration`. The JWKS URI is an address inside the cluster's network, as on EKS."""
    return {
        "issuer": world.issuer,
        "jwks_uri": f"https://ip-192-168-{_octets(world.issuer_id)}.{world.region}.compute.internal:443/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _octets(issuer_id: str) -> str:
    """Two octets of a control plane address, which stay the same for the lifetime of the world."""
    return f"{int(issuer_id[:2], 16)}-{int(issuer_id[2:4], 16)}"


def jwks(world: World) -> JsonObject:
    """`/openid/v1/jwks`: the keys that verify ServiceAccount tokens, members in the API server's order."""
    order = ("use", "kty", "kid", "alg", "n", "e")
    return {"keys": [{member: key.jwk()[member] for member in order} for key in world.keys.published]}
