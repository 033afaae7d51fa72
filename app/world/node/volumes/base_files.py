"""The files of a container beside its volumes: what the kubelet and the runtime write, and a few files of its image.

Source: `managedHostsFileContent` in `pkg/kubelet/kubelet_pods.go`, `GetPodDNS` in `pkg/kubelet/network/dns/dns.go`,
`parseDNSOptions` in containerd's `internal/cri/server/sandbox_run_linux.go`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from app.flow.model import JsonObject
from app.world.apiserver.registry.workloads import CLUSTER_DNS
from app.world.node.programs.installed import is_aws_cli

CLUSTER_DOMAIN = "cluster.local"
NODE_DNS = "192.168.0.2"
"""The name server of the node's network, at the network's base address plus two (VPC user guide, "Amazon DNS
server")."""
_NAMESERVERS_LIMIT = 3
_LOOPBACK = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_IPV6 = "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
_OF_NODE = (
    "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
    "::1         localhost6 localhost6.localdomain6\n"
)
_RELEASES = {
    "alpine": ("Alpine Linux", "alpine", "Alpine Linux v{}"),
    "amazonlinux": ("Amazon Linux", "amzn", "Amazon Linux {}"),
    "debian": ("Debian GNU/Linux", "debian", "Debian GNU/Linux {}"),
    "ubuntu": ("Ubuntu", "ubuntu", "Ubuntu {}"),
}
"""By the image's last name: NAME, ID and PRETTY_NAME of its `/etc/os-release`."""
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){0,2}", re.ASCII)
_NOLOGIN = {"alpine": ("/", "/sbin/nologin"), "busybox": ("/home", "/bin/false")}
"""By a part of the image's name, the home and the shell of the user `nobody`."""


def base_files(pod: JsonObject, image: str, *, hostname: str, address: str, node: str) -> dict[str, bytes]:
    """The files by path. `address`: the Pod's; `node`: the name of its node."""
    texts = {
        "/etc/hosts": _hosts(pod, hostname, address),
        "/etc/hostname": f"{hostname}\n",
        "/etc/resolv.conf": _resolver(pod, node.partition(".")[2]),
        **_of_image(image),
    }
    return {path: text.encode() for path, text in texts.items()}


def _hosts(pod: JsonObject, hostname: str, address: str) -> str:
    spec, metadata = pod["spec"], pod["metadata"]
    if spec.get("hostNetwork"):
        text = f"# Kubernetes-managed hosts file (host network).\n{_OF_NODE}"
    else:
        names = hostname
        if spec.get("subdomain"):
            names = f"{hostname}.{spec['subdomain']}.{metadata['namespace']}.svc.{CLUSTER_DOMAIN}\t{hostname}"
        text = f"# Kubernetes-managed hosts file.\n{_LOOPBACK}{_IPV6}{address}\t{names}\n"
    aliases = spec.get("hostAliases") or []
    if aliases:
        text += "\n# Entries added by HostAliases.\n"
        text += "".join("\t".join((alias.get("ip", ""), *alias.get("hostnames", []))) + "\n" for alias in aliases)
    return text


def _resolver(pod: JsonObject, domain: str) -> str:
    """`domain`: that of the node's network."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    in_cluster = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.get("hostNetwork"))
    servers, searches, options = [NODE_DNS], [domain], {}
    if policy == "None":
        servers, searches = [], []
    elif in_cluster:
        service = f"svc.{CLUSTER_DOMAIN}"
        servers, options = [CLUSTER_DNS], {"ndots": "5"}
        searches = [f"{pod['metadata']['namespace']}.{service}", service, CLUSTER_DOMAIN, domain]
    own = spec.get("dnsConfig") or {}
    servers = _once((*servers, *own.get("nameservers", [])))[:_NAMESERVERS_LIMIT]
    searches = _once((*searches, *own.get("searches", [])))
    options |= {each.get("name", ""): each.get("value", "") for each in own.get("options", [])}
    shown = " ".join(f"{name}:{value}" if value else name for name, value in options.items())
    lines = (
        f"search {' '.join(searches)}\n" if searches else "",
        *(f"nameserver {server}\n" for server in servers),
        f"options {shown}\n" if shown else "",
    )
    return "".join(lines)


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _of_image(image: str) -> dict[str, str]:
    """The users that programs know by name, and which system it is, where its name says so."""
    name, _, tag = posixpath.basename(image.partition("@")[0]).partition(":")
    if is_aws_cli(image):
        name, tag = "amazonlinux", "2023"
    home, shell = next((found for part, found in _NOLOGIN.items() if part in name), ("/nonexistent", "/sbin/nologin"))
    root_shell = "/bin/sh" if any(part in name for part in _NOLOGIN) else "/bin/bash"
    found = {
        "/etc/passwd": f"root:x:0:0:root:/root:{root_shell}\nnobody:x:65534:65534:nobody:{home}:{shell}\n",
        "/etc/group": "root:x:0:\nnobody:x:65534:\n",
    }
    version = _NUMBERS.match(tag)
    if name in _RELEASES and version is not None:
        called, kind, pretty = _RELEASES[name]
        text = f'NAME="{called}"\nID={kind}\nVERSION_ID="{version[0]}"\nPRETTY_NAME="{pretty.format(version[0])}"\n'
        found["/etc/os-release"] = text
    return found
