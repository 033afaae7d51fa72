"""One block to paste, after which a terminal's kubectl and aws reach a world. It needs no file of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from app.world.setup.tool_files import aws_environment, kubeconfig, server_of

if TYPE_CHECKING:
    from app.world.lifecycle.simulation import Simulation
    from app.world.world import World

Shell = Literal["posix", "fish", "powershell"]
_OTHERS = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
"""What would take the place of the world's keys."""


def block(simulation: Simulation, world: World, shell: Shell) -> str:
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
