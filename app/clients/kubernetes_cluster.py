"""The `Cluster` port over the official `kubernetes` client.

Documents stay in the server's shape: answers are taken as bytes (`_preload_content=False`), since the client's
models rename, reformat and, for the OIDC documents, return a Python repr. Nothing is retried: a walk shows what
one request brought.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTClientObject

from app.clients.dial import Dialer
from app.clients.errors import from_kubernetes, unexpected
from app.clients.exec_stream import execute
from app.clients.recorder import Recorder, wire_headers
from app.flow import strict_json
from app.flow.errors import Refused
from app.flow.model import Exchange, JsonValue
from app.flow.ports import Access, Execution
from app.flow.redaction import MASK
from app.flow.steps.documents import dig, text

TIMEOUT = (3.0, 7.0)
"""Seconds to connect, and between two reads: nothing is waited for longer than ten."""
PAGE_SIZE = 500
PAGE_LIMIT = 20
"""Pages of a list that are read: ten thousand objects."""
LOG_LINES = 200
LOG_BYTES = 256 * 1024
"""How much of a log's end is read."""
LOG = "/log"
"""How the path of a log ends. It may hold anything, so it is not written down."""
CALLEE = "kube-apiserver"


class KubernetesTransport:
    """Connections to API servers behind one CA. It knows no bearer, so every world of a process may share it."""

    def __init__(
        self,
        ca_pem: bytes | None = None,
        *,
        context: ssl.SSLContext | None = None,
        server_name: str = "",
        proxy_url: str = "",
    ) -> None:
        """`ca_pem`: the CA as data; without it, the system's own. `context`: a TLS context that knows it all.

        `server_name`: whose certificate is asked for, where it is not the host's. `proxy_url`: an http proxy, with
        user and password where it wants them.
        """
        context = context or ssl.create_default_context(cadata=ca_pem.decode("ascii") if ca_pem else None)
        options: dict[str, Any] = {"ssl_context": context, "retries": False, "maxsize": 16}
        if server_name:
            options["server_hostname"] = server_name
        if not proxy_url:
            self.pool = urllib3.PoolManager(**options)
            self.dialer = Dialer(context, server_name)
            return
        proxy = urlsplit(proxy_url)
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy.username else None
        headers = urllib3.make_headers(proxy_basic_auth=login)
        address = (proxy.hostname or "", proxy.port or 80)
        self.pool = urllib3.ProxyManager(f"http://{proxy.netloc.rpartition('@')[2]}", proxy_headers=headers, **options)
        self.dialer = Dialer(context, server_name, address, headers)


class KubernetesCluster:
    """One API server, as one bearer."""

    def __init__(self, *, host: str, token: str, transport: KubernetesTransport) -> None:
        """`host` is the server's URL with its path prefix, if it has one; `token` is empty where none is sent."""
        self._recorder = Recorder()
        self._transport = transport
        self._configuration = client.Configuration(host=host.rstrip("/"))
        self._configuration.api_key = {"authorization": f"Bearer {token}"} if token else {}
        self._configuration.proxy = None
        self._api = client.ApiClient(self._configuration)
        self._api.rest_client = _RecordingRestClient(self._configuration, transport.pool, self._recorder)
        self._core = client.CoreV1Api(self._api)

    def version(self) -> JsonValue:
        return self._json("get version", client.VersionApi(self._api).get_code)

    def discovery(self) -> JsonValue:
        well_known = client.WellKnownApi(self._api)
        return self._json("get openid-configuration", well_known.get_service_account_issuer_open_id_configuration)

    def jwks(self) -> JsonValue:
        openid = client.OpenidApi(self._api)
        return self._json("get jwks", openid.get_service_account_issuer_open_id_keyset)

    def service_account(self, namespace: str, name: str) -> JsonValue:
        return self._json("get serviceaccounts", self._core.read_namespaced_service_account, name, namespace)

    def pod(self, namespace: str, name: str) -> JsonValue:
        return self._json("get pods", self._core.read_namespaced_pod, name, namespace)

    def pod_log(self, namespace: str, name: str, container: str = "") -> str:
        options: dict[str, Any] = {"tail_lines": LOG_LINES, "limit_bytes": LOG_BYTES}
        if container:
            options["container"] = container
        log = self._bytes("get pods/log", self._core.read_namespaced_pod_log, name, namespace, **options)
        return log.decode("utf-8", "replace")

    def pod_events(self, namespace: str, name: str) -> Sequence[JsonValue]:
        of = f"involvedObject.kind=Pod,involvedObject.name={name}"
        return self._list("list events", self._core.list_namespaced_event, namespace, field_selector=of)

    def namespaces(self) -> Sequence[str]:
        found = self._list("list namespaces", self._core.list_namespace)
        return [text(namespace, "metadata", "name") for namespace in found]

    def service_accounts(self, namespace: str = "") -> Sequence[JsonValue]:
        operation = "list serviceaccounts"
        if not namespace:
            return self._list(operation, self._core.list_service_account_for_all_namespaces)
        return self._list(operation, self._core.list_namespaced_service_account, namespace)

    def pods(self, namespace: str, service_account: str) -> Sequence[JsonValue]:
        of = f"spec.serviceAccountName={service_account}"
        return self._list("list pods", self._core.list_namespaced_pod, namespace, field_selector=of)

    def mutating_webhooks(self) -> Sequence[JsonValue]:
        admission = client.AdmissionregistrationV1Api(self._api)
        return self._list("list mutatingwebhookconfigurations", admission.list_mutating_webhook_configuration)

    def allowed(self, access: Access) -> bool:
        operation = "create selfsubjectaccessreviews"
        reviews = client.AuthorizationV1Api(self._api)
        answer = self._json(operation, reviews.create_self_subject_access_review, _review(access))
        allowed = dig(answer, "status", "allowed")
        if not isinstance(allowed, bool):
            raise unexpected(ValueError("status.allowed"), operation)
        return allowed

    def dry_run_pod(self, namespace: str, pod: JsonValue) -> JsonValue:
        """Under a generated name: a dry run under the name of a Pod that exists is a 409."""
        return self._json("create pods", self._core.create_namespaced_pod, namespace, _nameless(pod), dry_run="All")

    def request_token(self, namespace: str, service_account: str, audience: str, seconds: int) -> str:
        operation = "create serviceaccounts/token"
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [audience], "expirationSeconds": seconds},
        }
        answer = self._json(
            operation, self._core.create_namespaced_service_account_token, service_account, namespace, body
        )
        token = dig(answer, "status", "token")
        if not isinstance(token, str):
            raise unexpected(ValueError("status.token"), operation)
        return token

    def execute(self, namespace: str, pod: str, container: str, command: Sequence[str]) -> Execution:
        return execute(
            host=self._configuration.host,
            authorization=self._configuration.api_key.get("authorization", ""),
            dialer=self._transport.dialer,
            recorder=self._recorder,
            path=("api", "v1", "namespaces", namespace, "pods", pod, "exec"),
            container=container,
            command=command,
        )

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._recorder.exchanges()

    def _list(self, operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> list[JsonValue]:
        """The items of all pages."""
        found: list[JsonValue] = []
        more: dict[str, str] = {}
        for _ in range(PAGE_LIMIT):
            page = self._json(operation, call, *arguments, limit=PAGE_SIZE, **options, **more)
            items = dig(page, "items")
            if not isinstance(items, list):
                raise unexpected(ValueError("items"), operation)
            found += items
            if not (token := text(page, "metadata", "continue")):
                break
            more = {"_continue": token}
        return found

    def _json(self, operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> JsonValue:
        body = self._bytes(operation, call, *arguments, **options)
        try:
            return strict_json.loads(body.decode())
        except ValueError as error:
            raise unexpected(error, operation) from None

    def _bytes(self, operation: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> bytes:
        """The answer's body. The client raises its own errors, urllib3's and plain ones (a token with a line break)."""
        try:
            answer = call(*arguments, _preload_content=False, _request_timeout=TIMEOUT, **options)
            return bytes(answer.data)
        except (ApiException, urllib3.exceptions.HTTPError, OSError) as error:
            raise from_kubernetes(error, operation) from None
        except ValueError as error:
            raise Refused(code=type(error).__name__, said=str(error), operation=operation) from None


class _RecordingRestClient(RESTClientObject):  # type: ignore[misc]
    """The client's own bottom layer, over shared connections, with every exchange written down."""

    def __init__(self, configuration: Any, pool: urllib3.PoolManager, recorder: Recorder) -> None:
        super().__init__(configuration)
        self.pool_manager = pool
        self._recorder = recorder

    def request(self, method: str, url: str, **options: Any) -> Any:
        """As the client's own; the body of the answer is read before it is handed on."""
        headers_sent: dict[str, str] = options.setdefault("headers", {})
        body_sent = None if options.get("body") is None else json.dumps(options["body"])
        full_url = _with_query(url, options.get("query_params"))
        started = time.perf_counter()
        status, headers, body, error = 0, {}, b"", ""
        try:
            answer = super().request(method, url, **options)
            status, headers, body = answer.status, answer.headers, answer.data
        except ApiException as refused:
            status, headers, body = refused.status or 0, refused.headers or {}, refused.body or b""
            error = "" if status else str(refused.reason)
            raise
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            error = str(broken)
            raise
        finally:
            self._recorder.record(
                callee=CALLEE,
                method=method,
                url=full_url,
                seconds=time.perf_counter() - started,
                request_headers=wire_headers(full_url, headers_sent, body_sent),  # the library has added its own by now
                request_body=body_sent,
                status=status,
                response_headers=headers.items(),
                response_body=MASK if status == 200 and urlsplit(url).path.endswith(LOG) else body,
                error=error,
            )
        return answer


def _review(access: Access) -> JsonValue:
    if access.path:
        asked: dict[str, JsonValue] = {"nonResourceAttributes": {"verb": access.verb, "path": access.path}}
    else:
        names = ("verb", "group", "resource", "subresource", "namespace", "name")
        given = {name: value for name in names if (value := getattr(access, name))}
        asked = {"resourceAttributes": given}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": asked}


def _with_query(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query)}" if query else url


def _nameless(pod: JsonValue) -> JsonValue:
    metadata = dict(pod.get("metadata") or {})
    name = metadata.pop("name", "")
    metadata.pop("uid", None)
    metadata.pop("resourceVersion", None)
    return {**pod, "metadata": {"generateName": f"{name or 'pod'}-", **metadata}}
