"""The contract of the ports, as `tests/contracts` has it, at a real kube-apiserver: the tests that name a place."""

from __future__ import annotations

import inspect

import pytest

from app.flow.errors import Refused
from tests.contracts import test_cloudtrail, test_ports
from tests.contracts.conftest import SUBJECT, Place
from tests.live.control_plane import ADMIN_TOKEN
from tests.live.eks import Eks

NOT_IN_REAL = {
    "test_exec_tells_streams_and_exit_code": "no node: the Pod is stored and never runs, so nothing can run in it",
}
"""What the real API server of the tests cannot do as the simulated one does, each with the reason."""

globals().update(
    (name, it)
    for module in (test_cloudtrail, test_ports)
    for name, it in vars(module).items()
    if name.startswith("test_") and "place" in inspect.signature(it).parameters
)


@pytest.fixture
def place(request: pytest.FixtureRequest, here: Eks) -> Place:
    if reason := NOT_IN_REAL.get(request.function.__name__):
        request.node.add_marker(pytest.mark.xfail(reason=reason, raises=Refused, strict=True))
    return Place(
        ports=here.ports(),
        subject=SUBJECT,
        container="aws-cli",
        account=here.world.account_id,
        role="s3-reader",
        token=here.projected_token,
        aws_url=here.simulation.aws_url,
        secrets=(ADMIN_TOKEN, here.world.account.admin.secret_access_key),
    )
