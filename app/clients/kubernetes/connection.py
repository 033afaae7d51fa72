"""From a context, or from inside a Pod, to a connection: address, trust, proxy and login of one API server."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote

import urllib3
from urllib3.exceptions import InsecureRequestWarning

from app.addresses import in_url
from app.clients import proxies
from app.clients.kubernetes.exec_plugin import ExecCredential, Plugins
from app.clients.kubernetes.kubeconfig import Entry, Kubeconfig, problem
from app.clients.kubernetes.transport import KubernetesTransport
from app.clients.sources import FILE_LIMIT, SourceTooLarge, read_text
from app.flow.errors import Unreachable
from app.flow.json_access import get, get_list, get_object, get_str, strings
from app.flow.model import JsonObject

MOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a Pod finds what it needs to talk to its API server."""

_SHOWN_TO_PLUGINS = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")
_OF_HEADER_NAMES = "!#$&'*+^`|"
"""What a header's name may have beside letters, digits and `-._~` (RFC 9110, section 5.6.2), but for the escape `%`."""
_PLUGINS_EXTENSION = "client.authentication.k8s.io/exec"
"""The extension of a cluster whose content a plugin gets as `config`."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The server to ask, and the identity to ask with."""

    host: str
    """The URL of the API server."""
    transport: KubernetesTransport
    token: str = field(repr=False)
    """The bearer token; empty where a client certificate speaks for us, or nothing does."""
    namespace: str
    impersonation: tuple[tuple[str, str], ...] = ()
    """The headers that name the user that the API server is to take us for, where the kubeconfig has `as`."""


def from_kubeconfig(kubeconfig: Kubeconfig, name: str, plugins: Plugins, environment: Mapping[str, str]) -> Connection:
    """The connection of a context (of the current one where `name` is empty). Raises `Unreachable`."""
    # (1) The cluster: where it is.
    context = kubeconfig.contexts.context(name)
    cluster = kubeconfig.cluster_of(context)
    host = get_str(cluster.values, "server")
    parts = proxies.split(host)
    if parts is None or parts.scheme not in ("https", "http"):
        raise problem("server_not_url", got=f"clusters[{context.cluster}].server: {host}", expected="https://HOST:PORT")

    # (2) By what it is known to be the right one.
    trust = _trust(cluster)

    # (3) By what we are known: a certificate, a token, or a plugin that gives either. Over plain HTTP none is sent
    # (client-go, `tools/clientcmd/client_config.go`).
    user = kubeconfig.user_of(context)
    is_secure = parts.scheme == "https"
    credential = _login(user, cluster, plugins, environment) if user and is_secure else ExecCredential()
    if any(sign in credential.token for sign in "\r\n"):
        raise problem("token_line_break", got=f"users[{context.user}]")
    if credential.certificate_pem:
        _present(trust, credential)
    return Connection(
        host=host.rstrip("/"),
        transport=KubernetesTransport(
            context=trust,
            server_name=get_str(cluster.values, "tls-server-name"),
            proxy_url=_proxy(cluster, parts, environment),
        ),
        token=credential.token,
        namespace=context.namespace,
        impersonation=tuple(_impersonation(user)) if user else (),
    )


def is_in_cluster(environment: Mapping[str, str], mount: Path = MOUNT) -> bool:
    """Whether this process runs in a Pod that may talk to its API server."""
    return bool(environment.get("KUBERNETES_SERVICE_HOST")) and (mount / "token").exists()


def in_cluster(environment: Mapping[str, str], mount: Path = MOUNT) -> Connection:
    """The connection that every Pod is given. The kubelet renews the token, so the client reads it again each time.

    Raises `Unreachable`.
    """
    host, port = (environment.get(f"KUBERNETES_SERVICE_{part}", "") for part in ("HOST", "PORT"))
    if not host or not port:
        raise problem("not_in_cluster", got="KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT")
    try:
        token, ca_pem = (read_text(mount / name, encoding="ascii") for name in ("token", "ca.crt"))
        namespace = mount / "namespace"
        namespace_name = read_text(namespace).strip() if namespace.exists() else "default"
    except (OSError, UnicodeDecodeError) as error:
        got = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(mount)
        raise problem("not_in_cluster", got=got) from None
    return Connection(
        host=f"https://{in_url(host)}:{port}",
        transport=KubernetesTransport(context=_context(ca_pem, str(mount / "ca.crt"))),
        token=token.strip(),
        namespace=namespace_name,
    )


def _proxy(cluster: Entry, server: SplitResult, environment: Mapping[str, str]) -> str:
    """The cluster's `proxy-url`, else what `HTTPS_PROXY` and `NO_PROXY` say. Raises `Unreachable`."""
    proxy = get_str(cluster.values, "proxy-url")
    port = server.port or (443 if server.scheme == "https" else 80)
    proxy = proxy or proxies.in_environment(server.scheme, server.hostname or "", port, environment)
    if proxy and not proxies.is_supported(proxy):  # not quoted: it may hold a password
        raise problem("proxy_unsupported", expected="http://HOST:PORT")
    return proxy


def _trust(cluster: Entry) -> ssl.SSLContext:
    """The TLS context: the cluster's CA alone, or the system's where it names none. Raises `Unreachable`.

    A CA that is not to be verified with is refused, in client-go's words (`transport/transport.go`, `TLSConfigFor`).
    """
    ca = _pem(cluster, "certificate-authority", "cluster_ca_unreadable")
    if cluster.values.get("insecure-skip-tls-verify") is True:
        if ca:
            said = "specifying a root certificates file with the insecure flag is not allowed"
            raise problem("cluster_ca_not_verified", said)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)  # one for each request, where kubectl has none
        return context
    return _context(ca, "certificate-authority")


def _context(ca_pem: str, where: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca_pem or None)
    except (ssl.SSLError, ValueError) as error:
        raise problem("cluster_ca_unreadable", f"{where}: {error}", got=where) from None
    # Python 3.13 asks of a CA what clusters' own CAs often lack (the authority key identifier), and Go does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _login(user: Entry, cluster: Entry, plugins: Plugins, environment: Mapping[str, str]) -> ExecCredential:
    """In the order of client-go: certificate and token as they stand, else the plugin."""
    certificate = _pem(user, "client-certificate", "client_certificate_unreadable")
    key = _pem(user, "client-key", "client_certificate_unreadable")
    token = _token(user)
    if token or (certificate and key):
        return ExecCredential(token=token, certificate_pem=certificate, key_pem=key)
    plugin = user.values.get("exec")
    if isinstance(plugin, Mapping):
        cluster_info = _for_plugins(cluster) if plugin.get("provideClusterInfo") else {}
        return plugins.credential(plugin, user.directory, cluster_info, environment)
    for kind in ("auth-provider", "username"):
        if kind in user.values:
            raise problem("login_unsupported", got=kind)
    return ExecCredential()


def _impersonation(user: Entry) -> Iterator[tuple[str, str]]:
    """`as` and what goes with it; without `as` that counts for nothing.

    Source: client-go, `tools/clientcmd/client_config.go` and `transport/round_trippers.go`.
    """
    if not (name := get_str(user.values, "as")):
        return
    yield "Impersonate-User", name
    if uid := get_str(user.values, "as-uid"):
        yield "Impersonate-Uid", uid
    for group in strings(get(user.values, "as-groups")):
        yield "Impersonate-Group", group
    for key, values in get_object(user.values, "as-user-extra").items():
        for value in strings(values):
            yield f"Impersonate-Extra-{quote(key, safe=_OF_HEADER_NAMES)}", value


def _for_plugins(cluster: Entry) -> JsonObject:
    """The cluster as a plugin gets it: its CA in the text, and what the kubeconfig says to plugins alone.

    Source: client-go, `rest/exec.go` and `tools/clientcmd/client_config.go`.
    """
    info = {key: cluster.values[key] for key in _SHOWN_TO_PLUGINS if key in cluster.values}
    if ca := _pem(cluster, "certificate-authority", "cluster_ca_unreadable"):
        info["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    for extension in get_list(cluster.values, "extensions"):
        if get_str(extension, "name") == _PLUGINS_EXTENSION:
            info["config"] = get(extension, "extension")
    return info


def _token(user: Entry) -> str:
    """The token of `tokenFile` where that can be read, else `token` (client-go, `transport/round_trippers.go`)."""
    token = get_str(user.values, "token")
    try:
        return _token_file(user) or token
    except Unreachable:
        if not token:
            raise
        return token


def _token_file(user: Entry) -> str:
    name = get_str(user.values, "tokenFile")
    if not name:
        return ""
    path = user.directory / name
    try:
        return read_text(path, encoding="ascii").strip()
    except SourceTooLarge:
        raise problem("source_too_large", got=str(path), expected=str(FILE_LIMIT)) from None
    except (OSError, UnicodeDecodeError) as error:
        got = f"{path}: {error.strerror}" if isinstance(error, OSError) else str(path)
        raise problem("token_file_unreadable", got=got) from None


def _pem(entry: Entry, key: str, code: str) -> str:
    """PEM of `key-data` (base64), else of the file that `key` names; empty where neither is there."""
    data, name = get_str(entry.values, f"{key}-data"), get_str(entry.values, key)
    try:
        if data:
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        return read_text(entry.directory / name, encoding="ascii") if name else ""
    except SourceTooLarge as error:
        raise problem("source_too_large", got=str(error.filename), expected=str(FILE_LIMIT)) from None
    except OSError as error:
        raise problem(code, f"{key}: {error.filename}: {error.strerror}") from None
    except ValueError:  # not quoted: it may be a key
        raise problem(code, f"{key}-data" if data else f"{key}: {name}") from None


def _present(context: ssl.SSLContext, credential: ExecCredential) -> None:
    """OpenSSL takes a client's certificate from files only: they live for as long as it reads them."""
    try:
        with tempfile.TemporaryDirectory(prefix="irsa-explorer-") as folder:  # 0700
            certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
            certificate.write_text(credential.certificate_pem, "utf-8")
            key.write_text(credential.key_pem, "utf-8")
            # A password, so that OpenSSL fails at an encrypted key and does not ask for one on our terminal.
            context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # SSLError is an OSError; so is that no folder can be written
        said = f"client-certificate: {error}"
        raise problem("client_certificate_unreadable", said, got="client-certificate, client-key") from None
