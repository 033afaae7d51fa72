"""The `Cluster` port over the official `kubernetes` client."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from app.clients.errors import unexpected
from app.clients.kubernetes import library as client
from app.clients.kubernetes.calls import RecordingRestClient, read_bytes, read_items, read_json
from app.clients.kubernetes.exec_stream import execute
from app.clients.kubernetes.transport import KubernetesTransport
from app.clients.recorder import Recorder
from app.flow.api_operations import CLUSTER
from app.flow.json_access import get, get_str
from app.flow.model import Exchange, JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.ports import Access, Execution
from app.flow.targets.kinds import SERVICE_ACCOUNT, Kind

LOG_LINES = 200
LOG_BYTES = 256 * 1024
"""How much of a log's end is read."""


class KubernetesCluster:
    """One API server, as one bearer."""

    def __init__(
        self,
        *,
        host: str,
        token: str,
        transport: KubernetesTransport,
        user_agent: str = APPLICATION_ID,
        impersonation: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`host` is the server's URL with its path prefix, if it has one; `token` is empty where none is sent. The
        server writes `user_agent` into its audit log. `impersonation`: headers by which we act as another user."""
        self._recorder = Recorder()
        self._transport = transport
        self._configuration = copy.copy(_configuration())
        self._configuration.host = host.rstrip("/")
        self._configuration.api_key = {"authorization": f"Bearer {token}"} if token else {}
        self._configuration.proxy = None
        self._api = client.ApiClient(self._configuration)
        self._api.user_agent = user_agent
        bearer = [("Authorization", value) for value in self._configuration.api_key.values()]
        self._identity = (("User-Agent", user_agent), *bearer, *impersonation)
        self._api.rest_client = RecordingRestClient(self._configuration, transport.pool, self._recorder, impersonation)
        self._core = client.CoreV1Api(self._api)

    def version(self) -> JsonValue:
        return read_json(CLUSTER["version"], client.VersionApi(self._api).get_code)

    def discovery(self) -> JsonValue:
        well_known = client.WellKnownApi(self._api)
        return read_json(CLUSTER["discovery"], well_known.get_service_account_issuer_open_id_configuration)

    def jwks(self) -> JsonValue:
        openid = client.OpenidApi(self._api)
        return read_json(CLUSTER["jwks"], openid.get_service_account_issuer_open_id_keyset)

    def service_account(self, namespace: str, name: str) -> JsonValue:
        return read_json(CLUSTER["service_account"], self._core.read_namespaced_service_account, name, namespace)

    def pod(self, namespace: str, name: str) -> JsonValue:
        return read_json(CLUSTER["pod"], self._core.read_namespaced_pod, name, namespace)

    def pod_log(self, namespace: str, name: str, container: str = "", *, previous: bool = False) -> str:
        options: dict[str, Any] = {"tail_lines": LOG_LINES, "limit_bytes": LOG_BYTES}
        if previous:
            options["previous"] = True
        if container:
            options["container"] = container
        log = read_bytes(CLUSTER["pod_log"], self._core.read_namespaced_pod_log, name, namespace, **options)
        return log.decode("utf-8", "replace")

    def pod_events(self, namespace: str, name: str) -> Sequence[JsonValue]:
        of = f"involvedObject.kind=Pod,involvedObject.name={name}"
        return read_items(CLUSTER["pod_events"], self._core.list_namespaced_event, namespace, field_selector=of)

    def namespaces(self) -> Sequence[str]:
        found = read_items(CLUSTER["namespaces"], self._core.list_namespace)
        return [get_str(namespace, "metadata", "name") for namespace in found]

    def namespace(self, name: str) -> JsonValue:
        return read_json(CLUSTER["namespace"], self._core.read_namespace, name)

    def service(self, namespace: str, name: str) -> JsonValue:
        return read_json(CLUSTER["service"], self._core.read_namespaced_service, name, namespace)

    def endpoints(self, namespace: str, name: str) -> JsonValue:
        return read_json(CLUSTER["endpoints"], self._core.read_namespaced_endpoints, name, namespace)

    def service_accounts(self, namespace: str = "") -> Sequence[JsonValue]:
        operation = CLUSTER["service_accounts"]
        if not namespace:
            return read_items(operation, self._core.list_service_account_for_all_namespaces)
        return read_items(operation, self._core.list_namespaced_service_account, namespace)

    def pods(self, namespace: str = "", service_account: str = "") -> Sequence[JsonValue]:
        of = {"field_selector": f"spec.serviceAccountName={service_account}"} if service_account else {}
        if not namespace:
            return read_items(CLUSTER["pods"], self._core.list_pod_for_all_namespaces, **of)
        return read_items(CLUSTER["pods"], self._core.list_namespaced_pod, namespace, **of)

    def config_map(self, namespace: str, name: str) -> JsonValue:
        return read_json(CLUSTER["config_map"], self._core.read_namespaced_config_map, name, namespace)

    def workload(self, namespace: str, kind: Kind, name: str) -> JsonValue:
        return read_json(CLUSTER["workload"], self._of_workloads(kind, "read"), name, namespace)

    def workloads(self, namespace: str, kind: Kind) -> Sequence[str]:
        found = read_items(CLUSTER["workloads"], self._of_workloads(kind, "list"), namespace)
        return [get_str(workload, "metadata", "name") for workload in found]

    def _of_workloads(self, kind: Kind, verb: str) -> Callable[..., Any]:
        """The client's method, such as `read_namespaced_stateful_set`."""
        of = client.BatchV1Api(self._api) if kind.group == "batch" else client.AppsV1Api(self._api)
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).lower()
        return getattr(of, f"{verb}_namespaced_{name}")  # type: ignore[no-any-return]

    def mutating_webhooks(self) -> Sequence[JsonValue]:
        admission = client.AdmissionregistrationV1Api(self._api)
        return read_items(CLUSTER["mutating_webhooks"], admission.list_mutating_webhook_configuration)

    def allowed(self, access: Access) -> bool:
        operation = CLUSTER["allowed"]
        reviews = client.AuthorizationV1Api(self._api)
        answer = read_json(operation, reviews.create_self_subject_access_review, _review(access))
        allowed = get(answer, "status", "allowed")
        if not isinstance(allowed, bool):
            raise unexpected(ValueError("status.allowed"), operation)
        return allowed

    def dry_run_pod(self, namespace: str, pod: JsonValue) -> JsonValue:
        """Under a generated name: a dry run under the name of a Pod that exists is a 409."""
        return read_json(
            CLUSTER["dry_run_pod"], self._core.create_namespaced_pod, namespace, _nameless(pod), dry_run="All"
        )

    def dry_run_patch(self, namespace: str, kind: Kind, name: str, patch: JsonValue) -> JsonValue:
        """An object as the body: the client sends it as a strategic merge patch."""
        of_account = self._core.patch_namespaced_service_account
        put = of_account if kind is SERVICE_ACCOUNT else self._of_workloads(kind, "patch")
        return read_json(CLUSTER["dry_run_patch"], put, name, namespace, patch, dry_run="All")

    def dry_run_service_account(self, namespace: str, service_account: JsonValue) -> JsonValue:
        create = self._core.create_namespaced_service_account
        return read_json(CLUSTER["dry_run_service_account"], create, namespace, service_account, dry_run="All")

    def request_token(
        self, namespace: str, service_account: str, audience: str, seconds: int, *, pod: JsonValue = None
    ) -> str:
        operation = CLUSTER["request_token"]
        spec: dict[str, JsonValue] = {"audiences": [audience] if audience else [], "expirationSeconds": seconds}
        if pod is not None:
            named = {key: get_str(pod, "metadata", key) for key in ("name", "uid")}
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", **named}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = read_json(
            operation, self._core.create_namespaced_service_account_token, service_account, namespace, body
        )
        token = get(answer, "status", "token")
        if not isinstance(token, str):
            raise unexpected(ValueError("status.token"), operation)
        return token

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution:
        return execute(
            host=self._configuration.host,
            headers=self._identity,
            dialer=self._transport.dialer,
            recorder=self._recorder,
            path=("api", "v1", "namespaces", namespace, "pods", pod, "exec"),
            container=container,
            command=command,
        )

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._recorder.exchanges()


def _review(access: Access) -> JsonValue:
    if access.path:
        asked: dict[str, JsonValue] = {"nonResourceAttributes": {"verb": access.verb, "path": access.path}}
    else:
        names = ("verb", "group", "resource", "subresource", "namespace", "name")
        given = {name: value for name in names if (value := getattr(access, name))}
        asked = {"resourceAttributes": given}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": asked}


def _nameless(pod: JsonValue) -> JsonValue:
    metadata = dict(pod.get("metadata") or {})
    name = metadata.pop("name", "")
    metadata.pop("uid", None)
    metadata.pop("resourceVersion", None)
    return {**pod, "metadata": {"generateName": f"{name or 'pod'}-", **metadata}}


@cache
def _configuration() -> Any:
    """The library's own, to be copied: to make one sets the levels of its loggers, and so has every logger of the
    process forget which of its messages are wanted."""
    return client.Configuration()
