"""The container image as docs/hosting.md has it run: no root, a root that cannot be written, no capabilities.

`make image` builds it and runs this. It is the image of that name that is tested, however it was built.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yaml
from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.attack.client import Page, cookies

ENGINE = shutil.which("docker") or shutil.which("podman") or ""
IMAGE = "irsa-explorer"
ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "deploy" / "kubernetes.yaml"
DOCUMENTED = re.compile(rf"^docker run --rm (.+) -p \S+ {IMAGE}$", re.M)


def engine(*words: str, check: bool = True) -> str:
    done = subprocess.run([ENGINE, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout


def missing() -> str:
    if not ENGINE:
        return "neither docker nor podman is on this machine"
    return "" if engine("images", "--quiet", IMAGE, check=False) else "there is no image: make image"


pytestmark = [pytest.mark.large, pytest.mark.skipif(bool(missing()), reason=missing())]


def options_here() -> list[str]:
    """What podman wants, and more of it where root may not raise its own limits or cgroups are of both versions."""
    if not ENGINE.endswith("podman"):
        return []
    limits = ((name, resource.getrlimit(kind)) for name, kind in (("nofile", 7), ("nproc", 6)))
    chosen = [f"--ulimit={name}={soft}:{hard}" for name, (soft, hard) in limits]
    # Podman's own idea of read-only leaves five folders that can be written; docker's and Kubernetes' leave /dev/shm.
    return [*chosen, "--read-only-tmpfs=false", *(["--runtime=runc"] if shutil.which("runc") else [])]


USERS = {"its own user": (10001, 8501, []), "another": (1000, 7860, ["--user=1000:1000", "--env=IRSA_PORT=7860"])}
"""The second is how Hugging Face's Spaces run it."""


@pytest.fixture(scope="module", params=USERS.values(), ids=USERS.keys())
def running(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A container whose pages answer, and its address on this machine."""
    user, port, more = request.param
    (locked,) = DOCUMENTED.findall((ROOT / "docs" / "hosting.md").read_text())
    more = ["--env=IRSA_CONSOLE=1", f"--publish=127.0.0.1::{port}", *options_here(), *more]
    name = engine("run", "--detach", *locked.split(), *more, IMAGE).strip()
    try:
        own_port = int(engine("port", name, f"{port}/tcp").split()[0].rpartition(":")[2])
        address = f"http://127.0.0.1:{own_port}"
        for _ in range(240):
            if answers(address):
                break
            time.sleep(0.25)
        assert answers(address), engine("logs", name, check=False)
        yield SimpleNamespace(name=name, user=user, address=address, port=own_port)
    finally:
        engine("rm", "--force", name)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_stcore/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_it_has_no_rights(running: Any) -> None:
    status = dict(line.split(":\t") for line in engine("exec", running.name, "cat", "/proc/1/status").splitlines())
    assert status["Uid"].split() == [str(running.user)] * 4
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    written = engine("exec", running.name, "sh", "-c", "find / -xdev -writable -not -type l 2>/dev/null; true")
    assert written.split() == ["/tmp"]


def test_the_first_page_is_there(running: Any) -> None:
    async def drawn() -> bool:
        page = await Page(running, "", "lang=ja", cookies=await cookies(running)).open()
        await page.close()
        return bool(page.drawn) and not page.failed

    assert asyncio.run(drawn())


def test_kubectl_has_the_plugin(running: Any) -> None:
    assert "Usage: kubectl irsa doctor" in engine("exec", running.name, "kubectl", "irsa", "doctor", "--help")


def test_the_console_runs_kubectl_and_aws_confined(running: Any) -> None:
    async def typed(*lines: str) -> str:
        kept = await cookies(running)
        page = await Page(running, "", "lang=en", cookies=kept).open()
        socket = f"ws://127.0.0.1:{running.port}/console?lang=en"
        shown = ""
        async with connect(
            socket, origin=Origin(running.address), additional_headers={"Cookie": kept}, proxy=None
        ) as console:
            for number, line in enumerate(lines):
                await console.send(json.dumps({"type": "run", "number": number, "text": line}))
                while (frame := json.loads(await asyncio.wait_for(console.recv(), 60)))["type"] != "ended":
                    shown += frame.get("text", "")
        await page.close()
        return shown

    shown = asyncio.run(typed("kubectl get serviceaccounts", "aws s3 ls", "kubectl get pods"))
    assert "my-sa" in shown
    assert "irsa-reports-" in shown


def test_it_answers_its_health_check_and_the_probes_of_the_manifest(running: Any) -> None:
    check = json.loads(engine("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", IMAGE))
    engine("exec", running.name, *check[1:])
    (pod,) = (
        document["spec"]["template"]["spec"]
        for document in yaml.safe_load_all(MANIFEST.read_text())
        if document["kind"] == "Deployment"
    )
    probes = [pod["containers"][0][f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")]
    said = [httpx.get(f"{running.address}{path}", trust_env=False) for path in probes]
    assert [answer.status_code for answer in said] == [200, 200, 200]
    # Streamlit answers any path with its own page.
    assert [answer.text for answer in said if "<html" in answer.text] == []
