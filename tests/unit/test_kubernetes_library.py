"""The kubernetes client is loaded as far as it is used, and is whole for anyone who uses more of it."""

import subprocess
import sys

import pytest

LOADED = "sum(name.startswith('kubernetes.client.models.') for name in sys.modules)"
APIS = "sum(name.startswith('kubernetes.client.api.') for name in sys.modules)"
PROGRAM = f"""
import sys
import app.clients.kubernetes.cluster
print({LOADED}, {APIS})
import kubernetes
assert kubernetes.client.V1Pod(metadata=kubernetes.client.models.V1ObjectMeta(name="web")).metadata.name == "web"
assert kubernetes.client.api.StorageV1Api and kubernetes.client.EventsV1Api
assert kubernetes.client.CoreV1Api is app.clients.kubernetes.library.CoreV1Api
assert kubernetes.config.load_kube_config and kubernetes.stream.stream and kubernetes.__version__ == "35.0.0"
assert not hasattr(kubernetes, "nothing")
print({LOADED}, {APIS})
"""


@pytest.mark.parametrize("first", ["", "import kubernetes"])
def test_no_model_is_loaded_before_someone_asks_for_one(first: str) -> None:
    command = [sys.executable, "-c", first + PROGRAM]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    models, apis, all_models, all_apis = map(int, printed)
    assert all_models > 500
    assert all_apis > 50
    if not first:
        assert (models, apis) == (0, 8)
