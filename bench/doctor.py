"""How long the doctor takes to start, and how many answers of the API server it waits for in turn, beside kubectl.

The API server is that of a simulated world: each wave of requests waits there until no other one arrives, so that what
is counted does not depend on how fast the machine is.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from app import wiring
from app.clients.issuer import IssuerTransport, PublicIssuer
from app.world.setup import tool_files
from bench.report import figure, title
from tests.world.waves import Waves, counted

RUNS = 5
MORE = 2
"""Round trips that the doctor may need beyond those of `kubectl get pod,sa`."""
DOCTOR = [sys.executable, "-m", "bench.doctor", "doctor", "-n", "default", "-s", "my-sa"]
KUBECTL = ["kubectl", "-n", "default", "get", "pod,sa"]


def main() -> None:
    """Prints the figures."""
    if (kubectl := shutil.which("kubectl")) is None:
        title("Doctor: kubectl is not on the PATH")
        return
    with counted() as (simulation, counting), tempfile.TemporaryDirectory() as home:
        world = simulation.world("bench")
        for name, content in tool_files.files(simulation, world).items():
            Path(home, name).write_bytes(content)
        environment = {
            **{"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": f"{home}/{tool_files.KUBECONFIG}"},
            **tool_files.aws_environment(simulation, world),
            "ISSUER_AT": simulation.kubernetes_url,
            "ISSUER_CA": f"{home}/{tool_files.CA}",
        }
        first, _, _ = _run([kubectl, *KUBECTL[1:]], environment, counting)
        waves, _, whole = _run([kubectl, *KUBECTL[1:]], environment, counting)
        runs = [_run(DOCTOR, environment, counting) for _ in range(RUNS)]
    title("Doctor (read-only, against kubectl get pod,sa of the same objects)")
    figure("kubectl: answers waited for in turn, first call", first, "")
    figure("... and when it knows what the server offers", waves, "")
    figure("doctor: answers waited for in turn", max(run[0] for run in runs), "", target=waves + MORE)
    figure("doctor: start, until its first request arrives", statistics.median(run[1] for run in runs), "s")
    figure("... and the whole command", statistics.median(run[2] for run in runs), "s", note=f"kubectl {whole:.1f}")


def _run(command: list[str], environment: Mapping[str, str], counting: Waves) -> tuple[int, float, float]:
    """Waves of requests; seconds until the first one arrives, and until the command is over."""
    counting.waves.clear()
    counting.first_at = 0.0
    begin = time.monotonic()
    done = subprocess.run(command, env=dict(environment), check=False, capture_output=True, timeout=120)  # noqa: S603
    if not counting.waves:
        raise RuntimeError(f"no request came: status {done.returncode}, {done.stderr.decode(errors='replace')}")
    return len(counting.waves), counting.first_at - begin, time.monotonic() - begin


def _doctor() -> None:
    """The command, for which the world's issuer is where the bench says."""
    from app.commands.main import main as command_line

    address = urlsplit(os.environ["ISSUER_AT"])
    at = (address.hostname or "", address.port or 443)
    issuer = PublicIssuer(IssuerTransport(connect_to=at, ca_pem=Path(os.environ["ISSUER_CA"]).read_bytes()))
    live = wiring.live
    wiring.live = lambda choice, **more: dataclasses.replace(live(choice, **more), issuer=issuer)  # type: ignore[assignment]
    command_line()


if __name__ == "__main__":
    _doctor() if sys.argv[1:] else main()
