"""etcd and a real kube-apiserver on loopback, as controller-runtime's envtest starts them. No nodes: Pods never run."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.free_port import free_port

VARIABLE = "KUBEBUILDER_ASSETS"
CONTROLLER_MANAGER = "kube-controller-manager"
CONTROLLERS = "deployment,replicaset,statefulset,daemonset,job,cronjob,namespace,serviceaccount,garbagecollector"
START_SECONDS = 60.0
ADMIN_TOKEN = "s3cr3t-t0ken-of-the-admin"
STRANGER_TOKEN = "s3cr3t-t0ken-of-a-stranger"
READER_TOKEN = "s3cr3t-t0ken-of-a-reader"
STRANGER, READER = "stranger", "reader"
"""A user without any rights, and one whose rights a test chooses."""


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        return f"{VARIABLE} is not set (a folder with kube-apiserver, etcd and kubectl, such as setup-envtest makes)"
    absent = [name for name in ("etcd", "kube-apiserver", "kubectl") if not os.access(Path(folder, name), os.X_OK)]
    return f"{VARIABLE}={folder} lacks {', '.join(absent)}" if absent else ""


def controllers_missing() -> str:
    """Why no controller manager can be started here; empty where one can."""
    manager = Path(os.environ.get(VARIABLE, ""), CONTROLLER_MANAGER)
    return "" if os.access(manager, os.X_OK) else f"{VARIABLE} lacks {CONTROLLER_MANAGER}"


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """PEM files by which a client of `system:masters` is known."""

    certificate: Path
    key: Path


class ControlPlane:
    """One API server and its store; `stop` ends both, whatever has happened."""

    def __init__(self, directory: Path, *, issuer: str) -> None:
        self._directory = directory
        self._issuer = issuer
        self._ca = trustme.CA(organization_name="Test cluster")
        self.ca_pem = self._ca.cert_pem.bytes()
        self.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        """What signs the ServiceAccounts' tokens."""
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Returns once `/readyz` says so. Raises `RuntimeError` with the server's log."""
        try:
            self._start_etcd()
            self._start_apiserver()
            self._wait()
        except BaseException:
            self.stop()
            raise

    @contextmanager
    def controllers(self, kubeconfig: Path) -> Iterator[None]:
        """The controller manager at work, as the current user of a kubeconfig, until the block ends."""
        manager = self._run(
            CONTROLLER_MANAGER,
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            "--port=0",
            f"--controllers={CONTROLLERS}",
            f"--root-ca-file={self._directory / 'ca.crt'}",
            f"--service-account-private-key-file={self._directory / 'sa.key'}",
            "--leader-elect=false",
            f"--cert-dir={self._directory}",
        )
        try:
            yield
        finally:
            self._processes.remove(manager)
            manager.kill()
            manager.wait()

    def stop(self) -> None:
        """Ends the API server first. It has nothing to save."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()

    def client_certificate(self) -> ClientCertificate:
        """For the user `certificate-admin` of the group `system:masters`."""
        leaf = self._ca.issue_cert(
            "certificate-admin@example.com", common_name="certificate-admin", organization_name="system:masters"
        )
        made = ClientCertificate(certificate=self._directory / "admin.crt", key=self._directory / "admin.key")
        made.certificate.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
        made.key.write_bytes(leaf.private_key_pem.bytes())
        return made

    def _start_etcd(self) -> None:
        self._client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._run(
            "etcd",
            f"--data-dir={self._directory / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={self._client}",
            f"--advertise-client-urls={self._client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        )

    def _start_apiserver(self) -> None:
        leaf = self._ca.issue_cert("127.0.0.1", "localhost")
        files = {
            "ca.crt": self.ca_pem,
            "tls.crt": b"".join(part.bytes() for part in leaf.cert_chain_pems),
            "tls.key": leaf.private_key_pem.bytes(),
            "sa.key": self.signing_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ),
            "sa.pub": self.signing_key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "tokens.csv": (
                f'{ADMIN_TOKEN},admin,admin-uid,"system:masters"\n'
                f"{STRANGER_TOKEN},{STRANGER},stranger-uid\n"
                f"{READER_TOKEN},{READER},reader-uid\n"
            ).encode(),
        }
        paths = {name: self._directory / name for name in files}
        for name, content in files.items():
            paths[name].write_bytes(content)
        self._run(
            "kube-apiserver",
            f"--etcd-servers={self._client}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--tls-cert-file={paths['tls.crt']}",
            f"--tls-private-key-file={paths['tls.key']}",
            f"--client-ca-file={paths['ca.crt']}",
            f"--token-auth-file={paths['tokens.csv']}",
            "--authorization-mode=RBAC",
            "--enable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
            f"--service-account-issuer={self._issuer}",
            f"--service-account-jwks-uri={self.url}/openid/v1/jwks",
            f"--service-account-signing-key-file={paths['sa.key']}",
            f"--service-account-key-file={paths['sa.pub']}",
            "--api-audiences=https://kubernetes.default.svc",
            "--service-account-extend-token-expiration=false",
            # The default since 1.21: else a Pod waits for a Secret that only a controller makes.
            "--feature-gates=BoundServiceAccountTokenVolume=true",
            f"--cert-dir={self._directory}",
        )

    def client_context(self) -> ssl.SSLContext:
        """A client's TLS context that trusts the API server's CA alone."""
        return ssl.create_default_context(cadata=self.ca_pem.decode())

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(Path(os.environ[VARIABLE], name)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
            )
        self._processes.append(process)
        return process

    def _wait(self) -> None:
        pool = urllib3.PoolManager(ssl_context=self.client_context(), retries=False)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and all(process.poll() is None for process in self._processes):
            try:
                answer = pool.request("GET", f"{self.url}/readyz", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
            except urllib3.exceptions.HTTPError:
                answer = None
            if answer is not None and answer.status == 200:
                return
            time.sleep(0.1)
        logs = [f"{path.name}:\n{path.read_text()[-3000:]}" for path in self._directory.glob("*.log")]
        raise RuntimeError("the API server did not start\n" + "\n".join(logs))
