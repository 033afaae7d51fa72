"""A real API server takes what `deploy/kubernetes.yaml` asks for, and would create each of its objects."""

import subprocess
from pathlib import Path

import pytest

from tests.world.kubectl import KUBECTL

pytestmark = [pytest.mark.cli, pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH")]
MANIFEST = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes.yaml"


def test_the_deployment_is_taken(here):
    def kubectl(*words: str) -> str:
        done = subprocess.run(["kubectl", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    kubectl("create", "namespace", "irsa-explorer")  # a dry run makes none for what is in it
    taken = kubectl("apply", "--dry-run=server", "--validate=true", "-o=name", "-f", str(MANIFEST))
    assert taken.split() == [
        "namespace/irsa-explorer",
        "deployment.apps/irsa-explorer",
        "service/irsa-explorer",
        "networkpolicy.networking.k8s.io/irsa-explorer",
    ]
