"""A question has one name, whether a client got no answer to it or the walk's patience was over."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from app.clients.aws.account import BotoAws
from app.clients.aws.calls import static_identity
from app.clients.issuer import IssuerTransport, PublicIssuer
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.flow.api_operations import AWS, CLUSTER, ISSUER
from app.flow.errors import Unreachable
from app.flow.port_wrappers.deadline import with_deadline
from app.flow.ports import Access, Aws, Cluster, Credentials, Issuer
from app.flow.targets.kinds import WORKLOADS
from tests.unit.fake_ports import Fakes

NOBODY = "127.0.0.1:1"
"""Where no server listens: privileged, and refused at once."""
CLIENTS: dict[str, Callable[[], Any]] = {
    "cluster": lambda: KubernetesCluster(host=f"https://{NOBODY}", token="", transport=KubernetesTransport()),
    "aws": lambda: BotoAws(
        region="us-east-1", endpoint_url=f"http://{NOBODY}", identity=static_identity("AKIAEXAMPLE", "s3cr3t")
    ),
    "issuer": lambda: PublicIssuer(IssuerTransport()),
}
VALUES = {
    "Access": Access(verb="get", resource="pods"),
    "Sequence[str]": ["true"],
    "Credentials": Credentials(access_key_id="ASIAEXAMPLE", secret_access_key="s", session_token="t", expiration=""),
    "JsonValue": {},
    "int": 600,
    "Kind": WORKLOADS[0],
    "ConditionKeys": {},
}
"""By the type of the parameter; all others are given a text that is a URL and long enough for an ARN."""
QUESTIONS = [
    *(("cluster", Cluster, method) for method in CLUSTER),
    *(("aws", Aws, method) for method in AWS),
    *(("issuer", Issuer, method) for method in ISSUER),
]


@pytest.mark.parametrize(("field", "port", "method"), QUESTIONS)
def test_a_question_has_one_name_for_every_caller(field: str, port: type, method: str) -> None:
    wanted = list(inspect.signature(getattr(port, method)).parameters.values())[1:]
    needed = [it for it in wanted if it.default is it.empty]
    arguments = [VALUES.get(it.annotation, f"https://{NOBODY}/a-text-that-is-long-enough") for it in needed]

    def silent(put: Callable[[], Any], limit: float) -> Any:
        raise TimeoutError

    patience = getattr(with_deadline(Fakes().ports(), run=silent), field)
    names = set()
    for asked in (CLIENTS[field](), patience):
        with pytest.raises(Unreachable) as silence:
            getattr(asked, method)(*arguments)
        names.add(silence.value.operation)
    assert len(names) == 1, names
