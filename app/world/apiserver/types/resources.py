"""What this API server serves: the resources, their verbs and their subresources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, kw_only=True)
class Subresource:
    """A path below an object, such as `pods/log`."""

    kind: str
    """Empty for the object's own."""
    group: str = ""
    version: str = "v1"
    verbs: tuple[str, ...] = ("get",)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource type, as discovery describes it."""

    group: str = ""
    """The API group; empty for the core group."""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    returns_deleted: bool = False
    """Whether DELETE answers with the object rather than with a `Status` (`ReturnDeletedObject` in the registry)."""

    @property
    def counts_generations(self) -> bool:
        """Whether each change of what is wanted counts up `metadata.generation`."""
        has_wishes = self.plural != "controllerrevisions"
        return has_wishes and self.group in ("admissionregistration.k8s.io", "apps", "batch", "networking.k8s.io")

    @property
    def api_version(self) -> str:
        """`v1` or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`pods`, or `mutatingwebhookconfigurations.admissionregistration.k8s.io`: how errors name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where the objects of a namespace are served, or those that are in none; with a name, where that one is."""
        root = "apis" if self.group else "api"
        scope = ("namespaces", namespace) if namespace else ()
        return "/".join(("", root, self.api_version, *scope, self.plural, *filter(None, (name,))))


_STATUS = ("get", "patch", "update")

_STATUS_ALONE = {"status": Subresource(kind="", verbs=_STATUS)}
_SCALED = {**_STATUS_ALONE, "scale": Subresource(kind="Scale", group="autoscaling", verbs=_STATUS)}

RESOURCES: Mapping[str, Resource] = {
    resource.plural: resource
    for resource in (
        Resource(
            plural="namespaces",
            kind="Namespace",
            namespaced=False,
            short_names=("ns",),
            verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
            returns_deleted=True,
            subresources=_STATUS_ALONE,
        ),
        Resource(
            plural="serviceaccounts",
            kind="ServiceAccount",
            short_names=("sa",),
            returns_deleted=True,
            subresources={
                "token": Subresource(kind="TokenRequest", group="authentication.k8s.io", verbs=("create",)),
            },
        ),
        Resource(
            plural="pods",
            kind="Pod",
            short_names=("po",),
            categories=("all",),
            returns_deleted=True,
            subresources={
                "attach": Subresource(kind="PodAttachOptions", verbs=("create", "get")),
                "ephemeralcontainers": Subresource(kind="Pod", verbs=_STATUS),
                "exec": Subresource(kind="PodExecOptions", verbs=("create", "get")),
                "log": Subresource(kind="Pod"),
                "portforward": Subresource(kind="PodPortForwardOptions", verbs=("create", "get")),
                "status": Subresource(kind="Pod", verbs=_STATUS),
            },
        ),
        Resource(plural="configmaps", kind="ConfigMap", short_names=("cm",)),
        Resource(plural="secrets", kind="Secret"),
        Resource(plural="events", kind="Event", short_names=("ev",)),
        Resource(plural="nodes", kind="Node", namespaced=False, short_names=("no",), subresources=_STATUS_ALONE),
        Resource(
            plural="services",
            kind="Service",
            short_names=("svc",),
            categories=("all",),
            returns_deleted=True,
            subresources=_STATUS_ALONE,
        ),
        *(
            Resource(
                group="apps",
                plural=f"{kind.lower()}s",
                kind=kind,
                short_names=(short,),
                categories=("all",),
                subresources=_SCALED if kind != "DaemonSet" else _STATUS_ALONE,
            )
            for kind, short in (
                ("DaemonSet", "ds"),
                ("Deployment", "deploy"),
                ("ReplicaSet", "rs"),
                ("StatefulSet", "sts"),
            )
        ),
        Resource(group="apps", plural="controllerrevisions", kind="ControllerRevision"),
        Resource(group="batch", plural="jobs", kind="Job", categories=("all",), subresources=_STATUS_ALONE),
        Resource(group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice"),
        # No controller acts upon these (`stored_kinds`).
        Resource(plural="endpoints", kind="Endpoints", short_names=("ep",)),
        Resource(
            plural="persistentvolumeclaims",
            kind="PersistentVolumeClaim",
            short_names=("pvc",),
            subresources=_STATUS_ALONE,
        ),
        Resource(
            group="autoscaling",
            plural="horizontalpodautoscalers",
            kind="HorizontalPodAutoscaler",
            short_names=("hpa",),
            categories=("all",),
            subresources=_STATUS_ALONE,
        ),
        Resource(
            group="batch",
            plural="cronjobs",
            kind="CronJob",
            short_names=("cj",),
            categories=("all",),
            subresources=_STATUS_ALONE,
        ),
        Resource(group="coordination.k8s.io", plural="leases", kind="Lease"),
        Resource(
            group="networking.k8s.io",
            plural="ingresses",
            kind="Ingress",
            short_names=("ing",),
            subresources=_STATUS_ALONE,
        ),
        *(
            Resource(group="rbac.authorization.k8s.io", plural=f"{kind.lower()}s", kind=kind, namespaced=namespaced)
            for kind, namespaced in (
                ("ClusterRoleBinding", False),
                ("ClusterRole", False),
                ("RoleBinding", True),
                ("Role", True),
            )
        ),
        Resource(
            group="admissionregistration.k8s.io",
            plural="mutatingwebhookconfigurations",
            kind="MutatingWebhookConfiguration",
            namespaced=False,
            categories=("api-extensions",),
        ),
    )
}
"""Stored resources by plural name; no two groups share one."""

REVIEWS: Mapping[str, Resource] = {
    resource.plural: resource
    for resource in (
        Resource(
            group="authentication.k8s.io",
            plural="selfsubjectreviews",
            kind="SelfSubjectReview",
            namespaced=False,
            verbs=("create",),
        ),
        Resource(
            group="authentication.k8s.io",
            plural="tokenreviews",
            kind="TokenReview",
            namespaced=False,
            verbs=("create",),
        ),
        *(
            Resource(
                group="authorization.k8s.io",
                plural=f"{kind.lower()}s",
                kind=kind,
                namespaced=namespaced,
                verbs=("create",),
            )
            for kind, namespaced in (
                ("LocalSubjectAccessReview", True),
                ("SelfSubjectAccessReview", False),
                ("SelfSubjectRulesReview", False),
                ("SubjectAccessReview", False),
            )
        ),
    )
}
"""Questions that are answered and never stored."""


def find_resource(group: str, version: str, plural: str) -> Resource | None:
    """The resource at `/apis/{group}/{version}/{plural}` (`/api/{version}/{plural}` for the core group)."""
    resource = RESOURCES.get(plural) or REVIEWS.get(plural)
    return resource if resource and (resource.group, resource.version) == (group, version) else None


GROUPS = tuple(sorted({resource.group for resource in (*RESOURCES.values(), *REVIEWS.values()) if resource.group}))
"""The named groups. All of them serve v1 alone."""
