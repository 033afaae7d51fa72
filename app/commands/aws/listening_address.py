"""The address at which the containers of a local cluster reach this machine: the gateway of the network that Docker
made.

kind, k3d and minikube give their contexts names by which they are recognized. Docker Desktop runs them in a virtual
machine, whose gateway is no address of this machine: there the reader names the addresses.
"""

from __future__ import annotations

import ipaddress
import subprocess

from app.commands.failure import CannotRun
from app.content import Content

DOCKER_SECONDS = 10.0
_GATEWAYS = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"


def network_of(context: str) -> str:
    """The Docker network of the context's cluster; empty where the name is not one of these tools'.

    Source: kind's `fixedNetworkName`, k3d's `k3d-CLUSTER`, minikube's network, which has the name of its profile.
    """
    if context.startswith("kind-"):
        return "kind"
    return context if context.startswith("k3d-") or context == "minikube" else ""


def gateway(context: str, words: Content) -> str:
    """The first IPv4 gateway of that network. Raises `CannotRun`."""
    network = network_of(context)
    said = ""
    if network:
        command = ["docker", "network", "inspect", network, "--format", _GATEWAYS]
        try:
            done = subprocess.run(  # noqa: S603 - a fixed question; docker is found on the PATH
                command, capture_output=True, text=True, timeout=DOCKER_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        else:
            said = done.stderr.strip()
            if found := next((it for it in done.stdout.split() if is_address(it) and ":" not in it), ""):
                return found
    raise CannotRun(words, "beside_no_address", got=said or context)


def is_address(text: str) -> bool:
    """Whether this is an IP address. A name cannot be used: S3's clients put the bucket before it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
