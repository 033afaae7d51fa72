"""The image's description: what it is built on and of, how it runs, and the list of what is in it.

`make check` has hadolint look at the Dockerfile, and `tests/image` runs the image itself.
"""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import wsgiref.simple_server

import pytest
import yaml

from app.settings import Settings
from tools import sbom
from tools.image_contents import contents
from tools.pins import ROOT, pins

DOCKERFILE = (ROOT / "Dockerfile").read_text()
STATUS = """\
Package: awscli
Status: install ok installed
Architecture: all
Version: 2.23.6-1
Depends: groff-base,
 python3
Description: Unified command line interface
 Version: no field
 .
 More.

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Source: gcc-14
Version: 14.2.0-19
"""


def test_its_base_is_pinned_by_version_and_digest():
    """On a line that begins with FROM: Dependabot finds an image nowhere else."""
    (stage,) = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE, re.M)
    (base,) = re.findall(rf"^FROM (\S+) AS {stage}$", DOCKERFILE, re.M)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", base)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)) == {base, "${BASE}"}


def test_what_pip_installs_is_pinned_with_hashes_or_made_here():
    installs = re.findall(r"pip (?:--python \S+ )?(?:install|wheel) (.*?)(?: \\)?$", DOCKERFILE, re.M)
    assert len(installs) == 4
    assert [line for line in installs if "--require-hashes" not in line and "--no-index" not in line] == []


def test_its_user_is_a_number_that_is_not_root():
    (user,) = re.findall(r"^USER (.*)$", DOCKERFILE, re.M)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert DOCKERFILE.index(f"USER {user}") < DOCKERFILE.index("\nCMD ")


@pytest.mark.parametrize(("status", "is_healthy"), [(200, True), (503, False)])
def test_its_health_check_asks_the_server_and_no_proxy(status, is_healthy):
    command = json.loads(re.search(r"^HEALTHCHECK.*\n +CMD (.+)$", DOCKERFILE, re.M)[1])

    def answer(_, start):
        start(f"{status} x", [])
        return [b""]

    with wsgiref.simple_server.make_server("127.0.0.1", 0, answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        variables = {"IRSA_PORT": str(server.server_port), "http_proxy": "http://127.0.0.1:1"}
        done = subprocess.run([sys.executable, *command[1:]], env=variables, capture_output=True, timeout=60)
    assert (done.returncode == 0, done.stderr) == (is_healthy, b"")
    assert f"os.environ.get('IRSA_PORT', '').strip() or {Settings().port}" in command[-1]


def test_the_build_sees_all_that_the_wheel_is_made_of():
    seen = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    made_of = {*build["targets"]["sdist"]["include"], *build["targets"]["wheel"]["force-include"]}
    wanted = {re.sub(r"^(docs/\w+)(\.ja)?\.md$", r"\1*.md", path.strip("/")) for path in made_of}
    assert seen == wanted | {"pyproject.toml", "requirements.txt", "requirements-build.txt"}


def test_the_build_s_pins_are_those_of_the_checks():
    pinned = {
        name: dict(re.findall(r"^(\S+)==(\S+)", (ROOT / name).read_text(), re.M))
        for name in ("requirements-build.txt", "requirements-dev.txt")
    }
    assert pinned["requirements-build.txt"].items() <= pinned["requirements-dev.txt"].items()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "os-release").write_text('NAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n\n# none\n')
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/local/bin\nversion = 3.13.14\n")
    return tmp_path


def test_its_bill_has_the_pins_python_and_the_distributions_packages(folder):
    bill = json.loads(sbom.document(pins(), contents(folder)))
    found = {part["purl"] for part in bill["components"] if "purl" in part}
    assert found - {part["purl"] for part in json.loads(sbom.document(pins()))["components"]} == {
        "pkg:generic/python@3.13.14",
        "pkg:deb/debian/awscli@2.23.6-1?arch=all&distro=debian-13",
        "pkg:deb/debian/libgcc-s1@14.2.0-19?arch=amd64&distro=debian-13",
    }
    system = [part for part in bill["components"] if part["type"] == "operating-system"]
    assert [(part["name"], part["version"]) for part in system] == [("debian", "13")]
    (itself,) = (entry["dependsOn"] for entry in bill["dependencies"] if entry["ref"] == "irsa-explorer")
    assert "debian-13" in itself


def test_the_script_that_builds_it_refuses_what_it_does_not_know():
    done = subprocess.run(["tools/image.sh", "--localbase"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert re.search(r"Unknown option: --localbase|Neither docker nor podman", done.stderr)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="another user needs root")
def test_the_script_that_builds_it_says_before_the_build_that_the_list_cannot_be_written(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "ENGINE": "echo"}
    with open(ROOT / "tools" / "image.sh") as script:
        done = subprocess.run(
            ["sh"], stdin=script, cwd="/", env=environment, user=65534, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "image.cdx.json" in done.stderr


# --- deploy/kubernetes.yaml -------------------------------------------------------------------------------------------


@pytest.fixture
def pod():
    documents = yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text())
    (deployment,) = (document for document in documents if document["kind"] == "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    return deployment["spec"]["template"]["spec"]


def test_the_pod_keeps_to_the_restricted_standard(pod):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, and what is beyond it."""
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in DOCKERFILE


def test_the_pod_has_limits_probes_and_time_to_end(pod):
    (container,) = pod["containers"]
    assert container["resources"].keys() == {"requests", "limits"}
    ports = {port["name"] for port in container["ports"]}
    for probe, path in {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}.items():
        assert container[probe]["httpGet"]["path"] == path
        assert container[probe]["httpGet"]["port"] in ports
    assert pod["terminationGracePeriodSeconds"] >= 30
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume["emptyDir"] for volume in pod["volumes"]}
    assert mounts.keys() == {"/tmp", "/dev/shm"}
    assert all(volumes[name]["sizeLimit"] for name in mounts.values())


# --- docs/hosting.md --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["hosting.md", "hosting.ja.md"])
def test_the_page_says_how_the_image_is_locked_down_and_which_port_it_has(page):
    text = (ROOT / "docs" / page).read_text()
    (run,) = re.findall(r"^docker run .*$", text, re.M)
    assert "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges" in run
    (front,) = re.findall(r"```yaml\n---\n(.*?)---\n", text, re.S)
    assert yaml.safe_load(front)["sdk"] == "docker"
    assert f"EXPOSE {yaml.safe_load(front)['app_port']}\n" in DOCKERFILE


def test_both_pages_say_the_same():
    english, japanese = ((ROOT / "docs" / page).read_text() for page in ("hosting.md", "hosting.ja.md"))
    for pattern in (
        r"https?://[^)`\s]+",
        r"^#+ ",
        r"^\|",
        r"^docker .*$",
        r"\b\d+(?:\.\d+)? [MG]B",
    ):
        found = [sorted(re.findall(pattern, text, re.M)) for text in (english, japanese)]
        assert found[0] == found[1], pattern
    paths = [sorted(it for it in re.findall(r"`[^`\n]+`", text) if "/" in it) for text in (english, japanese)]
    assert paths[0] == paths[1]
