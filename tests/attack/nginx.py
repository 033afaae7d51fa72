"""The documented reverse proxy, as it is in deploy/nginx.conf: started by us, without any right, on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trustme

from tests.attack.server import ROOT, Target, wait
from tests.free_port import free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
IN_DISGUISE, SEEN_AS = "127.0.0.5", "X-Seen-As"
"""From this source a header says which address nginx sees: loopback has no IPv6 addresses of visitors."""
_AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    set_real_ip_from {disguise[0]};
    real_ip_header {disguise[1]};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclasses.dataclass(frozen=True)
class Proxy:
    """Stands where a server of the app stands: it has an address and a port."""

    port: int
    url: str
    log: Path
    """Of nginx's errors."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def proxied(*targets: Target, tls: bool = False) -> Iterator[Any]:
    """nginx before these servers; as the user `nobody` where the tests run as root.

    With TLS, what the file leaves to the operator is in force.
    """
    port = free_port()
    # Not below pytest's own folder, which is root's alone.
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        site = (ROOT / "deploy" / "nginx.conf").read_text()
        if tls:
            site = _with_tls(site, folder)
        listens, secure = ("443 ssl", " ssl") if tls else ("80", "")
        for ours, theirs in (
            (f"listen {listens};", f"listen 127.0.0.1:{port}{secure};"),
            (f"listen [::]:{listens};", f"listen [::1]:{port}{secure};" if has_ipv6() else ""),
            ("    8501 127.0.0.1:8501;", "\n".join(f"    {each.port} 127.0.0.1:{each.port};" for each in targets)),
            (
                "    server 127.0.0.1:8501 max_fails=0;",
                "\n".join(f"    server 127.0.0.1:{each.port} max_fails=0;" for each in targets),
            ),
        ):
            assert site.count(ours) == 1, ours
            site = site.replace(ours, theirs)
        (folder / "site.conf").write_text(site)
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, disguise=(IN_DISGUISE, SEEN_AS)))
        with unprivileged(folder) as account:
            command = [str(NGINX), "-e", f"{folder}/error.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
            running = subprocess.Popen(command, **account)
        try:
            wait(lambda: _listens(port) or running.poll() is not None)
            assert running.poll() is None, (folder / "error.log").read_text()
            url = targets[0].url.replace(f":{targets[0].port}", f":{port}")
            yield Proxy(port=port, url=url, log=folder / "error.log")
        finally:
            running.terminate()
            running.wait(20)


def _with_tls(site: str, folder: Path) -> str:
    """The file with its lines about TLS in force, a certificate, and nothing on port 80."""
    made = trustme.CA().issue_cert("irsa.example.org")
    made.private_key_pem.write_to_path(folder / "privkey.pem")
    for pem in made.cert_chain_pems:
        pem.write_to_path(folder / "fullchain.pem", append=True)
    site = re.sub(r"^    listen .*\b80;.*\n", "", site, flags=re.MULTILINE)
    site, lines = re.subn(r"^    # (listen|http2|server_name|ssl_)", r"    \1", site, flags=re.MULTILINE)
    assert lines == 7
    return site.replace("/etc/letsencrypt/live/irsa.example.org", str(folder))


def has_ipv6() -> bool:
    """Whether loopback has an address of IPv6."""
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


class unprivileged:
    """What `Popen` needs to run without the rights of root, in a folder that is then that user's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> dict[str, int]:
        if os.geteuid() != 0:
            return {}
        for path in (*self._folder.iterdir(), self._folder):
            os.chown(path, 65534, 65534)
        return {"user": 65534, "group": 65534}

    def __exit__(self, *_: object) -> None:
        """Nothing to undo: its caller removes the folder."""


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
