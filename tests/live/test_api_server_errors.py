"""Each error that a real API server gives, provoked there: what the client makes of it, and what a person reads."""

from __future__ import annotations

import os
import stat
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from app import wiring
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.connection import in_cluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.content import load
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, Unreachable
from app.flow.ports import Access
from app.wiring import Choice
from tests.contracts.scripted import scripted
from tests.live.control_plane import ADMIN_TOKEN, VARIABLE
from tests.live.eks import SUBJECT, Eks, kubeconfig
from tests.live.gate import Gate, silent
from tests.waiting import eventually

POD = {"spec": {"serviceAccountName": "my-sa", "containers": [{"name": "a", "image": "b"}]}}


def refused(call: Callable[[], Any]) -> FlowError:
    """The error of a call; it has words in both languages, which quote no bearer token."""
    with pytest.raises(FlowError) as raised:
        call()
    error = raised.value
    for language in ("en", "ja"):
        words = load(language).error(error.words, **error.values)
        assert words.title != load(language).error("other", said="").title
        assert "s3cr3t" not in repr(words)
    return error


def cluster(context: str) -> Any:
    return wiring.live(Choice(context=context)).cluster


# Who asks


def test_the_issuer_s_documents_are_json(here: Eks) -> None:
    """The client would give the repr of a dict."""
    assert cluster("admin").discovery()["issuer"] == here.world.issuer
    assert cluster("admin").jwks()["keys"][0]["kty"] == "RSA"


@pytest.mark.parametrize(("who", "words"), [("stranger", "not_permitted"), ("nobody", "no_login")])
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/openid/v1/jwks"])
def test_they_are_for_those_alone_who_are_allowed_the_url(here: Eks, who: str, words: str, path: str) -> None:
    port = cluster(who)
    error = refused(port.discovery if "well-known" in path else port.jwks)
    assert (type(error), error.status, error.words) == (NotPermitted, 403, words)
    assert f'cannot get path "{path}"' in error.server_message


def test_a_login_that_has_expired(here: Eks) -> None:
    error = refused(cluster("expired").version)
    assert (type(error), error.status, error.words) == (NotPermitted, 401, "unauthorized")


def test_a_token_for_sts_is_none_for_the_api_server(here: Eks) -> None:
    transport = KubernetesTransport(context=here.control_plane.client_context())
    port = KubernetesCluster(host=here.control_plane.url, token=here.projected_token(), transport=transport)
    assert refused(port.namespaces).words == "unauthorized"


def test_a_client_certificate_is_a_login(here: Eks) -> None:
    assert cluster("certificate").service_account("default", "my-sa")["kind"] == "ServiceAccount"


def test_a_plugin_is_a_login(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "plugin"
    program.write_text(f"""#!/bin/sh\necho '{{"kind":"ExecCredential","status":{{"token":"{ADMIN_TOKEN}"}}}}'\n""")
    program.chmod(stat.S_IRWXU)
    cluster_, users = {"server": here.control_plane.url, "certificate-authority": "ca.crt"}, {"me": {"exec": {}}}
    users["me"]["exec"] = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}
    (tmp_path / "ca.crt").write_bytes(here.control_plane.ca_pem)
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig(cluster_, users)))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert "default" in cluster("me").namespaces()


# What is asked


def test_a_dry_run_under_a_name_that_is_taken(here: Eks) -> None:
    """Asked by hand it is a 409; the port asks for a generated name."""
    body = {**POD, "metadata": {"name": SUBJECT.pod}}
    answer = here.http.post("/api/v1/namespaces/default/pods?dryRun=All", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "AlreadyExists")
    stored = cluster("admin").dry_run_pod("default", body)
    assert stored["metadata"]["name"].startswith(f"{SUBJECT.pod}-")


def test_a_pod_of_an_unknown_service_account_is_forbidden_and_no_matter_of_rights(here: Eks) -> None:
    pod = {"spec": {**POD["spec"], "serviceAccountName": "ghost"}}
    error = refused(lambda: cluster("admin").dry_run_pod("default", pod))
    assert (type(error), error.status, error.code, error.words) == (Refused, 403, "Forbidden", "refused")


def test_a_dry_run_needs_the_right_to_create_pods(here: Eks) -> None:
    with here.granted({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}):
        eventually(lambda: cluster("reader").allowed(Access(verb="get", resource="pods", namespace="default")))
        assert not cluster("reader").allowed(Access(verb="create", resource="pods", namespace="default"))
        error = refused(lambda: cluster("reader").dry_run_pod("default", POD))
    assert (type(error), error.words, error.operation) == (NotPermitted, "not_permitted", "create pods")


@pytest.mark.parametrize("seconds", [599, 2**32 + 1])
def test_a_life_that_is_too_short_or_too_long(here: Eks, seconds: int) -> None:
    error = refused(lambda: cluster("admin").request_token("default", "my-sa", "sts.amazonaws.com", seconds))
    assert (type(error), error.status, error.code) == (Refused, 422, "Invalid")
    assert "spec.expirationSeconds" in error.server_message


def test_what_is_not_there(here: Eks) -> None:
    error = refused(lambda: cluster("admin").service_account("default", "ghost"))
    assert (type(error), error.status, error.words) == (NotFound, 404, "not_found")


@pytest.mark.parametrize(("verb", "may"), [("get", True), ("create", False)])
def test_exec_over_a_websocket_is_a_get(here: Eks, verb: str, may: bool) -> None:
    """kubectl, which posts, needs `create`. (There is no node: a user who may exec reads that nothing runs.)"""
    wanted = Access(verb=verb, resource="pods", subresource="exec", namespace="default")
    rules = (
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": [verb]},
    )
    with here.granted(*rules):
        eventually(lambda: cluster("reader").allowed(wanted))
        error = refused(lambda: cluster("reader").execute("default", SUBJECT.pod, "aws-cli", ["ls"]))
    assert type(error) is (Refused if may else NotPermitted)
    assert error.status == (400 if may else 403)


def test_times_end_in_z_and_managed_fields_stay(here: Eks) -> None:
    """The client's own models would turn `Z` into `+00:00`."""
    metadata = cluster("admin").service_account("default", "my-sa")["metadata"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert metadata["managedFields"][0]["fieldsV1"]


# The webhook


def test_a_webhook_that_is_down_and_must_not_fail(here: Eks) -> None:
    name = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook"
    here.request("DELETE", name)
    eventually(lambda: not here.webhook_is_called())
    here.register_webhook(failurePolicy="Fail")
    try:
        here.world.webhook_delay, limit = 3.0, {"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 1}
        here.patch(name, limit)
        eventually(lambda: not mutated(cluster("admin")))
        error = refused(lambda: cluster("admin").dry_run_pod("default", POD))
        assert (type(error), error.status, error.code) == (Refused, 500, "InternalError")
        assert "iam-for-pods.amazonaws.com" in error.server_message
    finally:
        here.world.webhook_delay = 0.0
        here.request("DELETE", name)
        eventually(lambda: not here.webhook_is_called())
        here.register_webhook()


def mutated(port: Any) -> bool:
    try:
        return bool(port.dry_run_pod("default", POD))
    except FlowError:
        return False


# No answer


def elsewhere(here: Eks, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    here.write_kubeconfig(folder / "kubeconfig", **changes)
    monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
    return cluster("admin")


@pytest.mark.parametrize("call", ["version", "execute"])
def test_a_ca_that_did_not_sign(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    (tmp_path / "other.crt").write_bytes(trustme.CA().cert_pem.bytes())
    port = elsewhere(here, tmp_path, monkeypatch, **{"certificate-authority": "other.crt"})
    arguments = ("default", SUBJECT.pod, "aws-cli", ["ls"]) if call == "execute" else ()
    error = refused(lambda: getattr(port, call)(*arguments))
    assert (type(error), error.code, error.status) == (Unreachable, "certificate_untrusted", 0)


def test_the_system_s_cas_do_not_know_a_cluster(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, **{"certificate-authority": ""})
    assert refused(port.version).code == "certificate_untrusted"


def test_a_certificate_for_another_name(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, **{"tls-server-name": "kubernetes.example"})
    assert refused(port.version).code == "certificate_other_name"
    error = refused(lambda: port.execute("default", SUBJECT.pod, "aws-cli", ["ls"]))
    assert error.code == "certificate_other_name"


def test_by_its_own_name_the_server_is_known(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, **{"tls-server-name": "localhost"})
    assert port.version()["major"] == "1"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_user_who_asks_not_to_look_gets_an_answer(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip = {"certificate-authority": "", "insecure-skip-tls-verify": True}
    assert elsewhere(here, tmp_path, monkeypatch, **skip).version()["major"] == "1"


def test_a_port_where_nobody_listens(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, server="https://127.0.0.1:1")
    error = refused(port.version)
    assert (type(error), error.code) == (Unreachable, "connection_refused")


def test_a_name_that_nobody_knows(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, server="https://irsa.invalid:6443")
    assert refused(port.version).code == "unknown_host"


@pytest.mark.parametrize("call", ["version", "execute"])
def test_a_server_that_hangs(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    with silent() as server:
        port = elsewhere(here, tmp_path, monkeypatch, server=f"https://127.0.0.1:{server.port}")
        arguments = ("default", SUBJECT.pod, "aws-cli", ["ls"]) if call == "execute" else ()
        assert refused(lambda: getattr(port, call)(*arguments)).code == "timed_out"
        assert server.connections() == 1


def test_a_proxy_that_is_not_there(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = elsewhere(here, tmp_path, monkeypatch, **{"proxy-url": "http://127.0.0.1:1"})
    assert refused(port.version).code == "proxy_failed"


@pytest.mark.parametrize("call", ["version", "execute"])
def test_a_proxy_is_asked_for_the_way(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    proxy = Gate(here.control_plane.port, proxy=True)
    port = elsewhere(here, tmp_path, monkeypatch, **{"proxy-url": f"http://me:s3cr%40t@127.0.0.1:{proxy.port}"})
    if call == "version":
        assert port.version()["major"] == "1"
    else:
        error = refused(lambda: port.execute("default", SUBJECT.pod, "aws-cli", ["ls"]))
        assert error.status == 400  # the API server's own: the Pod runs nowhere
    proxy.close()
    (asked,) = proxy.asked
    assert asked.startswith(f"CONNECT 127.0.0.1:{here.control_plane.port} HTTP/1.")
    assert b64encode(b"me:s3cr@t").decode() in asked


def test_a_proxy_that_says_no(here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(403, b"no") as server:
        port = elsewhere(here, tmp_path, monkeypatch, **{"proxy-url": f"http://127.0.0.1:{server.port}"})
        error = refused(lambda: port.execute("default", SUBJECT.pod, "aws-cli", ["ls"]))
        assert (error.code, error.server_message) == ("proxy_failed", "HTTP/1.1 403 Status")
        assert refused(port.version).code == "proxy_failed"


def test_in_a_pod_its_own_service_account_is_the_login(here: Eks, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(here.admin.request_token("default", "my-sa", "https://kubernetes.default.svc", 600))
    (tmp_path / "ca.crt").write_bytes(here.control_plane.ca_pem)
    variables = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(here.control_plane.port)}
    connection = in_cluster(variables, tmp_path)
    port = KubernetesCluster(host=connection.host, token=connection.token, transport=connection.transport)
    assert port.discovery()["issuer"] == here.world.issuer  # every ServiceAccount may read it
    assert "system:serviceaccount:default:my-sa" in refused(port.namespaces).server_message


@pytest.mark.parametrize(
    ("content", "code"), [(None, "kubeconfig_missing"), ("", "kubeconfig_empty"), ("a: b: c", "kubeconfig_broken")]
)
def test_a_kubeconfig_that_leads_nowhere(
    here: Eks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "kubeconfig").write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert refused(lambda: cluster("admin")).code == code
    assert refused(wiring.contexts).code == code


def test_kubectl_reads_the_kubeconfig_as_we_do(here: Eks) -> None:
    """One program for each login, the same answers."""
    kubectl = [str(Path(os.environ[VARIABLE], "kubectl")), "auth", "can-i", "list", "pods", "--namespace=default"]
    wanted = Access(verb="list", resource="pods", namespace="default")
    for context in ("admin", "certificate", "stranger"):
        answer = subprocess.run([*kubectl, f"--context={context}"], capture_output=True, text=True, check=False)
        assert answer.stdout.strip() == ("yes" if cluster(context).allowed(wanted) else "no")


def test_nothing_global_is_touched(here: Eks) -> None:
    from kubernetes.client import Configuration

    cluster("admin").version()
    assert Configuration._default is None
    assert os.environ["KUBECONFIG"] == str(here.kubeconfig)
