"""The kubeconfig and what it leads to: read as kubectl does, and each way to be wrong has an error of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import ssl
import stat
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clients.kubernetes import exec_plugin, kubeconfig
from app.clients.kubernetes.connection import Connection, from_kubeconfig, in_cluster, is_in_cluster
from app.clients.kubernetes.exec_plugin import Plugins
from app.content import load
from app.flow.errors import FlowError, Unreachable
from app.flow.port_wrappers.known_issuer import EksCluster
from app.flow.redaction import MASK
from app.world.lifecycle.simulation import Simulation
from tests.waiting import eventually
from tests.world.kubectl import KUBECTL

CA = trustme.CA()
SECRET = "s3cr3t-t0ken"


def document(**changes: Any) -> dict[str, Any]:
    """A kubeconfig with one context; `changes` are those of its user, `cluster` and `top` of the others."""
    cluster, top = changes.pop("cluster", {}), changes.pop("top", {})
    return {
        "current-context": "one",
        "clusters": [{"name": "eks", "cluster": {"server": "https://127.0.0.1:6443", **cluster}}],
        "users": [{"name": "me", "user": changes}],
        "contexts": [{"name": "one", "context": {"cluster": "eks", "user": "me", "namespace": "team-a"}}],
        **top,
    }


def write(path: Path, content: Any) -> dict[str, str]:
    """Writes a file and returns the environment that names it."""
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return {"KUBECONFIG": str(path), "PATH": os.environ["PATH"], "HOME": str(path.parent)}


def connect(environment: dict[str, str], name: str = "") -> Connection:
    return from_kubeconfig(kubeconfig.read(environment), name, Plugins(), environment)


# What is read


ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"


GET_TOKEN = ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "prod"]


@pytest.mark.parametrize(
    ("user", "cluster", "found"),
    [
        ({"exec": {"args": GET_TOKEN}}, "c", ("eu-west-1", "")),
        ({"exec": {"args": GET_TOKEN}}, ARN, ("eu-west-1", "111122223333")),
        ({"exec": {"args": GET_TOKEN}}, f"{ARN}-2", ("eu-west-1", "")),
        ({"exec": {"args": ["eks", "get-token", "--cluster-name=prod", "--region=eu-west-1"]}}, "c", ("eu-west-1", "")),
        ({"exec": {"args": ["token", "-i", "prod"]}}, "c", ("", "")),
        ({"token": SECRET}, ARN, ("eu-west-1", "111122223333")),
        ({"token": SECRET}, "kind-kind", None),
        ({"exec": {"args": [None, "--cluster-name", None]}}, "c", None),
    ],
)
def test_the_name_that_eks_has_for_a_cluster(
    tmp_path: Path, user: Any, cluster: str, found: tuple[str, str] | None
) -> None:
    contexts = [{"name": "one", "context": {"cluster": cluster, "user": "me"}}]
    environment = write(tmp_path / "config", document(**user, top={"contexts": contexts}))
    wanted = None if found is None else EksCluster(name="prod", region=found[0], account=found[1])
    assert kubeconfig.eks_cluster(kubeconfig.read(environment), "") == wanted


def test_contexts_and_where_they_lead(tmp_path: Path) -> None:
    environment = write(tmp_path / "config", document(token=SECRET))
    contexts = kubeconfig.read(environment).contexts
    assert (contexts.current, list(contexts.by_name)) == ("one", ["one"])
    assert contexts.context().namespace == "team-a"
    connection = connect(environment)
    assert (connection.host, connection.token, connection.namespace) == ("https://127.0.0.1:6443", SECRET, "team-a")
    assert SECRET not in repr(connection) + repr(kubeconfig.read(environment))


def test_of_several_files_the_first_counts(tmp_path: Path) -> None:
    """As kubectl merges: entry by entry, and a file that is not there is passed over."""
    second = document(token="other", top={"current-context": "two"})
    second["contexts"].append({"name": "two", "context": {"cluster": "eks", "user": "me"}})
    (tmp_path / "deep").mkdir()
    write(tmp_path / "a", document(token=SECRET))
    write(tmp_path / "deep" / "b", second)
    names = [str(tmp_path / name) for name in ("ghost", "a", "deep/b")]
    contexts = kubeconfig.read({"KUBECONFIG": os.pathsep.join(names)}).contexts
    assert (contexts.current, list(contexts.by_name)) == ("one", ["one", "two"])
    assert contexts.context("two").namespace == "default"
    assert connect({"KUBECONFIG": os.pathsep.join(names)}, "two").token == SECRET


def test_without_the_variable_it_is_the_file_at_home(tmp_path: Path) -> None:
    assert kubeconfig.paths({"HOME": str(tmp_path)}) == (tmp_path / ".kube" / "config",)


def test_paths_count_from_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(CA.cert_pem.bytes())
    (tmp_path / "token").write_text(f"{SECRET}\n")
    environment = write(tmp_path / "config", document(tokenFile="token", cluster={"certificate-authority": "ca.crt"}))
    connection = connect(environment)
    assert connection.token == SECRET
    assert trusted(connection) == 1


@pytest.mark.parametrize(("name", "token"), [("token", SECRET), ("ghost", "old")])
def test_a_token_s_file_takes_precedence_where_it_can_be_read(tmp_path: Path, name: str, token: str) -> None:
    (tmp_path / "token").write_text(SECRET)
    assert connect(write(tmp_path / "config", document(token="old", tokenFile=name))).token == token


def test_over_plain_http_no_login_is_sent(tmp_path: Path) -> None:
    user = {"token": SECRET, "as": "jane"}
    connection = connect(write(tmp_path / "config", document(cluster={"server": "http://127.0.0.1:8001"}, **user)))
    assert (connection.token, connection.impersonation) == ("", (("Impersonate-User", "jane"),))


def test_a_server_that_is_not_to_be_verified_is_asked_without_a_warning(tmp_path: Path, simulation: Simulation) -> None:
    """In these tests a warning is an error."""
    url = simulation.kubernetes_url
    cluster = {"server": url, "insecure-skip-tls-verify": True}
    connection = connect(write(tmp_path / "config", document(cluster=cluster)))
    assert connection.transport.pool.request("GET", url).status == 404


def test_the_user_that_a_kubeconfig_impersonates_is_named_in_headers(tmp_path: Path) -> None:
    more = {"as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": {"team/1%": ["a", "b"]}}
    assert connect(write(tmp_path / "config", document(**{"as": "jane"}, **more))).impersonation == (
        *(("Impersonate-User", "jane"), ("Impersonate-Uid", "7")),
        *(("Impersonate-Group", "dev"), ("Impersonate-Group", "ops")),
        *(("Impersonate-Extra-team%2F1%25", "a"), ("Impersonate-Extra-team%2F1%25", "b")),
    )
    assert connect(write(tmp_path / "config", document(**more))).impersonation == ()


def trusted(connection: Connection) -> int:
    context: ssl.SSLContext = connection.transport.pool.connection_pool_kw["ssl_context"]
    return len(context.get_ca_certs())


def test_a_client_certificate_is_loaded_and_its_key_leaves_no_file(tmp_path: Path, monkeypatch: Any) -> None:
    made: list[Path] = []

    class Watched(tempfile.TemporaryDirectory[str]):
        def __enter__(self) -> str:
            made.append(Path(self.name))
            assert stat.S_IMODE(made[-1].stat().st_mode) == 0o700
            return super().__enter__()

    monkeypatch.setattr(tempfile, "TemporaryDirectory", Watched)
    leaf = CA.issue_cert("me@example.com")
    data = {
        "client-certificate-data": base64.b64encode(leaf.cert_chain_pems[0].bytes()).decode(),
        "client-key-data": base64.encodebytes(leaf.private_key_pem.bytes()).decode(),  # with line breaks
    }
    connection = connect(write(tmp_path / "config", document(**data)))
    assert connection.token == ""
    assert len(made) == 1
    assert not made[0].exists()


def test_without_a_folder_for_its_files_a_client_certificate_cannot_be_used(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "ghost"))
    data = {f"client-{name}-data": base64.b64encode(b"any").decode() for name in ("certificate", "key")}
    with pytest.raises(Unreachable, match="ghost"):
        connect(write(tmp_path / "config", document(**data)))


def test_a_server_may_be_called_otherwise_and_be_behind_a_proxy(tmp_path: Path) -> None:
    cluster = {"tls-server-name": "kubernetes", "proxy-url": "http://proxy.example:3128"}
    transport = connect(write(tmp_path / "config", document(cluster=cluster))).transport
    assert transport.pool.connection_pool_kw["server_hostname"] == "kubernetes"
    assert str(transport.pool.proxy) == "http://proxy.example:3128"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("host", "without", "proxied"),
    [
        ("10.1.2.3:6443", "", True),
        ("10.1.2.3:6443", "10.1.2.3", False),
        ("10.1.2.3:6443", "example.com, 10.1.0.0/16", False),
        ("10.1.2.3:6443", "10.2.0.0/16,10.1.2.3:443,10.1.2", True),
        ("10.1.2.3:6443", "10.1.2.3:6443", False),
        ("[fd00::1]:6443", "fd00::/8", False),
        ("[fd00::1]:6443", "[fd00::1]:6443", False),
        ("127.0.0.1:6443", "", False),  # as of kind
        ("[::1]:6443", "", False),
        ("localhost:6443", "", False),
        ("api.example.com", "example.com", False),
        ("api.example.com", "API.example.com:443", False),
        ("api.example.com", ".example.com", False),
        ("api.example.com", "*.example.com", False),
        ("api.example.com", "*", False),
        ("api.example.com", "ample.com,api.example.com:6443,10.0.0.0/8,:443,", True),
        ("example.com", ".example.com", True),
    ],
)
def test_the_proxy_of_the_environment(tmp_path: Path, host: str, without: str, proxied: bool) -> None:
    """As kubectl decides it, which takes a proxy without its `http://` as well."""
    environment = write(tmp_path / "config", document(cluster={"server": f"https://{host}"}))
    transport = connect(environment | {"HTTPS_PROXY": "127.0.0.1:1", "NO_PROXY": without}).transport
    assert str(getattr(transport.pool, "proxy", None)) == ("http://127.0.0.1:1" if proxied else "None")


def test_the_environment_of_a_pod(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "ca.crt").write_bytes(CA.cert_pem.bytes())
    (tmp_path / "namespace").write_text("team-b")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert is_in_cluster(environment, tmp_path)
    connection = in_cluster(environment, tmp_path)
    assert (connection.host, connection.token, connection.namespace) == ("https://[fd00::1]:443", SECRET, "team-b")
    assert trusted(connection) == 1


# What may be wrong

Broken = Callable[[Path], dict[str, str]]
NO_PEM = base64.b64encode(b"no PEM").decode()
PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "irsa-no-such-program"}
BROKEN: dict[str, tuple[str, Broken]] = {
    "no file": ("kubeconfig_missing", lambda at: {"KUBECONFIG": str(at / "ghost")}),
    "no file at home": ("kubeconfig_missing", lambda at: {"HOME": str(at)}),
    "empty": ("kubeconfig_empty", lambda at: write(at / "c", "")),
    "a comment": ("kubeconfig_empty", lambda at: write(at / "c", "# nothing\n")),
    "separators alone": (
        "kubeconfig_missing",
        lambda at: (
            (at / ".kube").mkdir(),
            write(at / ".kube" / "config", document()) | {"KUBECONFIG": os.pathsep, "HOME": str(at)},
        )[1],
    ),
    "a folder": ("kubeconfig_unreadable", lambda at: {"KUBECONFIG": str(at)}),
    "no UTF-8": ("kubeconfig_not_utf8", lambda at: ((at / "c").write_bytes(b"\xff"), {"KUBECONFIG": f"{at}/c"})[1]),
    "no YAML": ("kubeconfig_broken", lambda at: write(at / "c", f"users: [{{token: {SECRET}")),
    "a sentence": ("kubeconfig_wrong_shape", lambda at: write(at / "c", f"just {SECRET}")),
    "a control character": ("kubeconfig_broken", lambda at: write(at / "c", f"a: {SECRET}\0")),
    "a tag": ("kubeconfig_broken", lambda at: write(at / "c", "!!python/object/apply:os.getcwd []")),
    "deep": ("kubeconfig_broken", lambda at: write(at / "c", "[" * 20000)),
    "contexts that are no list": (
        "kubeconfig_wrong_shape",
        lambda at: write(at / "c", document(top={"contexts": "x"})),
    ),
    "a context without a name": (
        "kubeconfig_wrong_shape",
        lambda at: write(at / "c", document(top={"contexts": [{}]})),
    ),
    "no contexts": ("no_contexts", lambda at: write(at / "c", document(top={"contexts": [], "current-context": ""}))),
    "a current context, and no contexts": (
        "no_contexts",
        lambda at: write(at / "c", document(top={"contexts": None, "current-context": "x"})),
    ),
    "no current context": ("no_current_context", lambda at: write(at / "c", document(top={"current-context": ""}))),
    "another context": ("no_such_context", lambda at: write(at / "c", document(top={"current-context": "x"}))),
    "no cluster": ("context_incomplete", lambda at: write(at / "c", document(top={"clusters": []}))),
    "no user": ("context_incomplete", lambda at: write(at / "c", document(top={"users": []}))),
    "no server": ("server_not_url", lambda at: write(at / "c", document(cluster={"server": ""}))),
    "a server that is no URL": ("server_not_url", lambda at: write(at / "c", document(cluster={"server": "[x"}))),
    "a server with half an address": (
        "server_not_url",
        lambda at: write(at / "c", document(cluster={"server": "https://[::1"})),
    ),
    "no CA file": (
        "cluster_ca_unreadable",
        lambda at: write(at / "c", document(cluster={"certificate-authority": "ghost"})),
    ),
    "CA data that is no PEM": (
        "cluster_ca_unreadable",
        lambda at: write(at / "c", document(cluster={"certificate-authority-data": NO_PEM})),
    ),
    "a CA that is not to be verified with": (
        "cluster_ca_not_verified",
        lambda at: write(
            at / "c",
            document(
                cluster={
                    "certificate-authority-data": base64.b64encode(CA.cert_pem.bytes()).decode(),
                    "insecure-skip-tls-verify": True,
                }
            ),
        ),
    ),
    "CA data that is no base64": (
        "cluster_ca_unreadable",
        lambda at: write(at / "c", document(cluster={"certificate-authority-data": "%"})),
    ),
    "a client certificate that is none": (
        "client_certificate_unreadable",
        lambda at: write(at / "c", document(**{"client-certificate-data": NO_PEM, "client-key-data": NO_PEM})),
    ),
    "no file with a token": ("token_file_unreadable", lambda at: write(at / "c", document(tokenFile="ghost"))),
    "a token with a line break": ("token_line_break", lambda at: write(at / "c", document(token=f"{SECRET}\n"))),
    "a password": ("login_unsupported", lambda at: write(at / "c", document(username="me", password=SECRET))),
    "an auth provider": ("login_unsupported", lambda at: write(at / "c", document(**{"auth-provider": {}}))),
    "a SOCKS proxy": (
        "proxy_unsupported",
        lambda at: write(at / "c", document(cluster={"proxy-url": f"socks5://me:{SECRET}@proxy"})),
    ),
    "no plugin": ("exec_plugin_missing", lambda at: write(at / "c", document(exec=PLUGIN))),
    "a plugin without a command": ("kubeconfig_wrong_shape", lambda at: write(at / "c", document(exec={}))),
    "a current context that is a number": (
        "kubeconfig_wrong_shape",
        lambda at: write(at / "c", document(top={"current-context": 5})),
    ),
}
QUOTED = {
    *("kubeconfig_unreadable", "kubeconfig_broken", "context_incomplete", "no_current_context", "no_such_context"),
    *("cluster_ca_unreadable", "cluster_ca_not_verified", "client_certificate_unreadable", "exec_plugin_missing"),
}
"""Those of which the system, the YAML parser, kubectl or OpenSSL have words of their own. Ours are in the language."""


OF_ANOTHER_FORM = [
    ("clusters: [{name: a, cluster: {server: 5}}]", "clusters[0].cluster.server", '"…"'),
    (
        "clusters: [{name: a}, {name: b, cluster: {insecure-skip-tls-verify: 'true'}}]",
        "clusters[1].cluster.insecure-skip-tls-verify",
        "true, false",
    ),
    ("contexts: [{name: a, context: {namespace: no}}]", "contexts[0].context.namespace", '"…"'),
    ("users: [{name: a, user: {token: 1234}}]", "users[0].user.token", '"…"'),
    ("users: [{name: a, user: {as-groups: x}}]", "users[0].user.as-groups", "[…]"),
    ("users: [{name: a, user: {exec: aws}}]", "users[0].user.exec", "{…}"),
    ("users: [{name: a, user: {exec: {args: [eks, 5]}}}]", "users[0].user.exec.args[1]", '"…"'),
    ("users: [{name: a, user: {exec: {env: [{value: 5}]}}}]", "users[0].user.exec.env[0].value", '"…"'),
    ("current-context: [a]", "current-context", '"…"'),
]


@pytest.mark.parametrize(("text", "place", "expected"), OF_ANOTHER_FORM)
def test_a_value_of_another_form_is_named_and_not_quoted(tmp_path: Path, text: str, place: str, expected: str) -> None:
    with pytest.raises(Unreachable) as raised:
        kubeconfig.read(write(tmp_path / "c", text))
    assert (raised.value.code, raised.value.got) == ("kubeconfig_wrong_shape", f"{tmp_path / 'c'}: {place}")
    assert raised.value.expected == expected


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
@pytest.mark.parametrize("text", [text for text, *_ in OF_ANOTHER_FORM])
def test_kubectl_reads_no_file_with_a_value_of_another_form(tmp_path: Path, text: str) -> None:
    command, environment = [str(KUBECTL), "config", "view"], write(tmp_path / "c", text)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot unmarshal" in done.stderr


@pytest.mark.parametrize("name", BROKEN)
def test_each_has_its_own_code_and_words_and_quotes_no_secret(tmp_path: Path, name: str) -> None:
    code, broken = BROKEN[name]
    with pytest.raises(Unreachable) as raised:
        connect(broken(tmp_path))
    assert raised.value.code == raised.value.words == code
    assert bool(raised.value.server_message) == (code in QUOTED)
    for language in ("en", "ja"):
        words = load(language).error(raised.value.words, **raised.value.values)
        assert words.title != load(language).error("other", said="").title
        assert SECRET not in repr(words) + repr(raised.value)


def test_a_context_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as raised:
        connect(write(tmp_path / "c", document()), "ghost")
    assert (raised.value.got, raised.value.expected) == ("ghost", "one")


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="c:2:5: "):
        kubeconfig.read(write(tmp_path / "c", "a: b\nc: d: e\n"))


@pytest.mark.parametrize("absent", ["token", "ca.crt"])
def test_a_pod_without_its_files(tmp_path: Path, absent: str) -> None:
    for name in {"token", "ca.crt"} - {absent}:
        (tmp_path / name).write_text("")
    with pytest.raises(Unreachable) as raised:
        in_cluster({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}, tmp_path)
    assert raised.value.code == "not_in_cluster"
    assert absent in raised.value.got


def test_outside_a_pod(tmp_path: Path) -> None:
    assert not is_in_cluster({}, tmp_path)
    with pytest.raises(Unreachable) as raised:
        in_cluster({}, tmp_path)
    assert raised.value.code == "not_in_cluster"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = ("clusters", "users", "contexts", "current-context")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), junk=JSON)
def test_junk_is_a_flow_error_or_a_connection(tmp_path: Path, place: str, junk: Any) -> None:
    with contextlib.suppress(FlowError):
        connect(write(tmp_path / "c", json.dumps(document(top={place: junk}))))


KEYS = ("server", "certificate-authority-data", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
EXEC = st.fixed_dictionaries({"command": st.just("false")}, optional={"args": JSON, "env": JSON, "apiVersion": JSON})
USER_KEYS = ("token", "tokenFile", "client-certificate", "client-key-data", "exec", "username")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cluster=st.dictionaries(st.sampled_from(KEYS), JSON), user=st.dictionaries(st.sampled_from(USER_KEYS), JSON | EXEC)
)
def test_junk_in_an_entry_is_a_flow_error_or_a_connection(tmp_path: Path, cluster: Any, user: Any) -> None:
    with contextlib.suppress(FlowError):
        connect(write(tmp_path / "c", json.dumps(document(cluster=cluster, **user))))


# Credential plugins


def plugin(tmp_path: Path, script: str, **more: Any) -> dict[str, str]:
    program = tmp_path / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return write(tmp_path / "config", document(exec={**PLUGIN, "command": "./plugin", **more}))


def answer(**status: Any) -> str:
    return f"echo x >> runs; echo '{json.dumps({'kind': 'ExecCredential', 'status': status})}'"


LATER = "2999-01-01T00:00:00Z"


def test_a_plugin_gives_a_token_and_gets_what_it_needs(tmp_path: Path) -> None:
    script = f'echo "$KUBERNETES_EXEC_INFO [$EMPTY] $OWN [$1] $2" > {tmp_path}/received; {answer(token=SECRET)}'
    own = [{"name": "EMPTY", "value": None}, {"name": "OWN", "value": "mine"}, {"value": "of no name"}]
    more = {"env": own, "args": [None, "second"], "provideClusterInfo": True}
    environment = plugin(tmp_path, script.replace("runs", f"{tmp_path}/runs"), **more)
    assert connect(environment).token == SECRET
    received = (tmp_path / "received").read_text()
    info = json.loads(received.rpartition("} ")[0] + "}")
    assert info["apiVersion"] == PLUGIN["apiVersion"]
    assert info["spec"] == {"interactive": False, "cluster": {"server": "https://127.0.0.1:6443"}}
    assert received.endswith(" [] mine [] second\n")


def test_a_plugin_is_looked_up_in_our_own_path_and_gets_the_one_of_the_kubeconfig(tmp_path: Path) -> None:
    own = [{"name": "PATH", "value": str(tmp_path / "elsewhere")}]
    script = f'[ "$PATH" = {tmp_path}/elsewhere ] && {answer(token=SECRET)}'.replace("runs", f"{tmp_path}/runs")
    environment = plugin(tmp_path, script, command="plugin", env=own)
    assert connect(environment | {"PATH": f"{tmp_path}{os.pathsep}{environment['PATH']}"}).token == SECRET


def test_a_plugin_gets_the_ca_itself_and_what_is_said_to_plugins_alone(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(CA.cert_pem.bytes())
    said = answer(token=SECRET).replace("runs", f"{tmp_path}/runs")
    plugin(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/received; {said}')
    extensions = [
        {"name": "client.authentication.k8s.io/exec", "extension": {"realm": "x"}},
        {"name": "minikube.sigs.k8s.io", "extension": {"version": "1"}},
    ]
    cluster = {"certificate-authority": "ca.crt", "tls-server-name": "kubernetes", "extensions": extensions}
    asks = {**PLUGIN, "command": "./plugin", "provideClusterInfo": True}
    connect(write(tmp_path / "config", document(cluster=cluster, exec=asks)))
    assert json.loads((tmp_path / "received").read_text())["spec"]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "tls-server-name": "kubernetes",
        "certificate-authority-data": base64.b64encode(CA.cert_pem.bytes()).decode(),
        "config": {"realm": "x"},
    }


@pytest.mark.parametrize(
    ("status", "runs"),
    [
        ({"token": SECRET, "expirationTimestamp": LATER}, 1),
        ({"token": SECRET}, 2),
        ({"token": SECRET, "expirationTimestamp": "2000-01-01T00:00:00Z"}, 2),
        ({"token": SECRET, "expirationTimestamp": "soon"}, 2),
    ],
)
def test_an_answer_is_used_again_for_a_moment(tmp_path: Path, status: dict[str, str], runs: int) -> None:
    environment = plugin(tmp_path, answer(**status).replace("runs", f"{tmp_path}/runs"))
    plugins = Plugins()
    for _ in range(2):
        assert from_kubeconfig(kubeconfig.read(environment), "", plugins, environment).token == SECRET
    assert len((tmp_path / "runs").read_text().split()) == runs


def test_plugins_of_several_clusters_run_at_once_and_each_runs_once_for_all_who_ask(tmp_path: Path) -> None:
    environments = []
    for own, other in (("blue", "green"), ("green", "blue")):
        (tmp_path / own).mkdir()
        runs, others_runs = tmp_path / own / "runs", tmp_path / other / "runs"
        given = answer(token=own, expirationTimestamp=LATER).replace("runs", str(runs))
        waits = f"until [ -e {others_runs} ]; do sleep 0.01; done"
        environments.append(plugin(tmp_path / own, f"{given}; {waits}"))
    plugins = Plugins()

    def token(environment: dict[str, str]) -> str:
        return from_kubeconfig(kubeconfig.read(environment), "", plugins, environment).token

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(token, environments * 2)) == ["blue", "green"] * 2
    assert [len((tmp_path / own / "runs").read_text().split()) for own in ("blue", "green")] == [1, 1]


def test_a_plugin_may_give_a_client_certificate(tmp_path: Path) -> None:
    leaf = CA.issue_cert("me@example.com")
    (tmp_path / "answer").write_text(
        json.dumps(
            {
                "kind": "ExecCredential",
                "status": {
                    "clientCertificateData": leaf.cert_chain_pems[0].bytes().decode(),
                    "clientKeyData": leaf.private_key_pem.bytes().decode(),
                },
            }
        )
    )
    assert connect(plugin(tmp_path, f"cat {tmp_path}/answer")).token == ""


def test_a_plugin_that_fails_is_quoted_without_secrets(tmp_path: Path) -> None:
    script = (
        'echo "The SSO session has expired. key=$AWS_SECRET_ACCESS_KEY k8s-aws-v1.aHR0cHM6Ly9z '
        'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl" >&2; exit 255'
    )
    environment = plugin(tmp_path, script) | {"AWS_SECRET_ACCESS_KEY": "s3cr3t-k3y-of-somebody"}
    with pytest.raises(Unreachable) as raised:
        connect(environment)
    error = raised.value
    assert (error.code, error.got, error.expected) == ("exec_plugin_failed", "./plugin", "255")
    assert error.server_message.startswith(f"The SSO session has expired. key={MASK} k8s-aws-v1.{MASK} eyJ")
    assert error.server_message.endswith(f".{MASK}")


def test_of_a_long_complaint_the_end_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as raised:
        connect(plugin(tmp_path, "yes | head -c 5000 >&2; echo reason >&2; exit 1"))
    assert raised.value.server_message.startswith("…")
    assert raised.value.server_message.endswith("reason")
    assert len(raised.value.server_message) == exec_plugin.SAID_LIMIT + 1


def test_a_plugin_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: Any) -> None:
    """Its time is up once its child is there, however long that takes; what is waited for is the limit that it got."""
    limits: list[float] = []

    def select(_: selectors.DefaultSelector, timeout: float) -> None:
        limits.append(timeout)
        eventually(lambda: (tmp_path / "child").exists())
        raise subprocess.TimeoutExpired("plugin", timeout)

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    with pytest.raises(Unreachable) as raised:
        connect(plugin(tmp_path, f"sleep 300 & echo $! > {tmp_path}/pid; mv {tmp_path}/pid {tmp_path}/child; wait"))
    assert raised.value.code == "exec_plugin_timed_out"
    assert [0 < limit <= exec_plugin.TIMEOUT for limit in limits] == [True]
    child = int((tmp_path / "child").read_text())
    eventually(lambda: has_ended(child))


def test_a_plugin_s_time_is_up(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(exec_plugin, "TIMEOUT", 0.1)
    with pytest.raises(Unreachable) as raised:
        connect(plugin(tmp_path, "exec sleep 300"))
    assert raised.value.code == "exec_plugin_timed_out"


def has_ended(process: int) -> bool:
    """Gone, or a zombie that nobody has asked after yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    "output", ["", "no JSON", "[]", "{}", '{"kind": "ExecCredential"}', '{"kind": "ExecCredential", "status": {}}']
)
def test_a_plugin_that_answers_something_else(tmp_path: Path, output: str) -> None:
    with pytest.raises(Unreachable) as raised:
        connect(plugin(tmp_path, f"echo '{output}'"))
    assert raised.value.code == "exec_plugin_answer"


def test_a_plugin_that_cannot_be_run(tmp_path: Path) -> None:
    environment = plugin(tmp_path, "")
    (tmp_path / "plugin").chmod(0o600)
    with pytest.raises(Unreachable) as raised:
        connect(environment)
    assert raised.value.code == "exec_plugin_failed"


def test_the_hint_of_a_plugin_that_is_not_installed_is_quoted(tmp_path: Path) -> None:
    hint = "Install it from example.com"
    with pytest.raises(Unreachable) as raised:
        connect(write(tmp_path / "c", document(exec={**PLUGIN, "installHint": hint})))
    assert (raised.value.server_message, raised.value.got) == (hint, PLUGIN["command"])
