"""What a reader's own kubectl, aws and SDKs need to reach a world: a kubeconfig, a CA and variables, as files; or one
block to paste into a terminal, which needs no file of ours.
"""

from __future__ import annotations

import base64
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from app.own_file import write

if TYPE_CHECKING:
    from app.world.lifecycle.simulation import Simulation
    from app.world.world import World

KUBECONFIG, CA, AWS = "kubeconfig", "ca.pem", "aws.env"
STATE = "state"
"""The folder of the world itself, beside these files."""
HANDS_ON = "hands-on"
"""The key of the world whose files these are: it belongs to the person who started the process, and to no browser."""
Shell = Literal["posix", "fish", "powershell"]
_OTHERS = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
"""The variables by which aws would use other credentials than the world's keys."""


def write_all(directory: Path, simulation: Simulation, world: World) -> None:
    """Writes all that the learner's own tools need, and where the doctor reads the issuer, whose name is in no DNS.

    Raises `OSError`.
    """
    issuer = {
        "IRSA_ISSUER_ADDRESS": urlsplit(simulation.kubernetes_url).netloc,
        "IRSA_ISSUER_CA": shlex.quote(str(directory / CA)),
    }
    written = files(simulation, world)
    written[AWS] += _lines(issuer)
    for name, content in written.items():
        write(directory / name, content)


def files(simulation: Simulation, world: World) -> dict[str, bytes]:
    """What the learner's own tools need, by file name."""
    return {
        CA: simulation.ca_pem,
        KUBECONFIG: kubeconfig(server_of(simulation, world), simulation.ca_pem, world).encode(),
        AWS: _lines(aws_environment(simulation, world)),
    }


def _lines(variables: dict[str, str]) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in variables.items()).encode()


def server_of(simulation: Simulation, world: World) -> str:
    """The URL of the world's API server."""
    return f"{simulation.kubernetes_url}/k8s/{world.path}"


def kubeconfig(server: str, ca_pem: bytes, world: World) -> str:
    """The kubeconfig of the world's administrator, in the order in which `aws eks update-kubeconfig` writes one."""
    return f"""\
apiVersion: v1
kind: Config
clusters:
- name: {world.cluster_name}
  cluster:
    certificate-authority-data: {base64.b64encode(ca_pem).decode()}
    server: {server}
contexts:
- name: {world.cluster_name}
  context:
    cluster: {world.cluster_name}
    namespace: default
    user: kubernetes-admin
current-context: {world.cluster_name}
users:
- name: kubernetes-admin
  user:
    token: "{world.admin_token}"
"""


def aws_environment(simulation: Simulation, world: World) -> dict[str, str]:
    """The variables with which aws and the SDKs reach the world's account as its user `learner`."""
    return {
        "AWS_ENDPOINT_URL": simulation.aws_url,
        "AWS_REGION": world.region,
        "AWS_DEFAULT_REGION": world.region,
        "AWS_ACCESS_KEY_ID": world.account.admin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": world.account.admin.secret_access_key,
    }


def issuer_command(simulation: Simulation, world: World, ca: Path) -> str:
    """A command line that reads the issuer's discovery document by the issuer's own name. `ca`: where the CA is.

    No DNS knows the name, so `--connect-to` leads curl to the port on which this world's issuer listens.
    """
    host, servers = urlsplit(world.issuer).netloc, urlsplit(simulation.kubernetes_url).netloc
    discovery = f"{world.issuer}/.well-known/openid-configuration"
    return shlex.join(["curl", "--cacert", str(ca), "--connect-to", f"{host}:443:{servers}", discovery])


def terminal_block(simulation: Simulation, world: World, shell: Shell) -> str:
    """The lines for that shell. They contain the learner's keys, and write the kubeconfig into a folder of its own."""
    config = kubeconfig(server_of(simulation, world), simulation.ca_pem, world)
    variables = aws_environment(simulation, world)
    match shell:
        case "posix":
            lines = _posix(config, variables)
        case "fish":
            lines = _fish(config, variables)
        case "powershell":
            lines = _powershell(config, variables)
    return "\n".join(lines) + "\n"


def _posix(config: str, variables: dict[str, str]) -> list[str]:
    return [
        'export KUBECONFIG="$(mktemp -d)/kubeconfig"',
        f"printf '%s' '{config}' > \"$KUBECONFIG\"",
        f"unset {' '.join(_OTHERS)}",
        *(f"export {name}='{value}'" for name, value in variables.items()),
    ]


def _fish(config: str, variables: dict[str, str]) -> list[str]:
    return [
        "set -gx KUBECONFIG (mktemp -d)/kubeconfig",
        f"printf '%s' '{config}' > $KUBECONFIG",
        f"set -e {' '.join(_OTHERS)}",
        *(f"set -gx {name} '{value}'" for name, value in variables.items()),
    ]


def _powershell(config: str, variables: dict[str, str]) -> list[str]:
    return [
        "$folder = New-Item -ItemType Directory -Path (Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid()))",
        "$env:KUBECONFIG = Join-Path $folder 'kubeconfig'",
        f"[IO.File]::WriteAllText($env:KUBECONFIG, '{config}')",
        f"Remove-Item {','.join(f'Env:{name}' for name in _OTHERS)} -ErrorAction Ignore",
        *(f"$env:{name} = '{value}'" for name, value in variables.items()),
    ]
