"""The simulated API server answers in the shapes of the real one: the same fields, and each difference with its reason.

The real one here is Kubernetes 1.20; the simulated one is a current version.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from app.flow import token as tokens
from app.flow.errors import FlowError
from app.flow.ports import Access, Cluster
from app.wiring import simulated
from tests.live.eks import SUBJECT, Eks
from tests.waiting import eventually

NAMESPACE, ACCOUNT, POD = SUBJECT.namespace, SUBJECT.service_account, SUBJECT.pod
NEW_POD = {"spec": {"serviceAccountName": ACCOUNT, "containers": [{"name": "a", "image": "b"}]}}


def last_body(cluster: Cluster) -> Any:
    return json.loads(cluster.exchanges()[-1].response_body)


def body_of(ask: Callable[[Cluster], Any]) -> Callable[[Cluster], Any]:
    """The answer's body as it came, where the port hands out a part of it."""

    def asked(cluster: Cluster) -> Any:
        with contextlib.suppress(FlowError):
            ask(cluster)
        return last_body(cluster)

    return asked


ASKED: Mapping[str, Callable[[Cluster], Any]] = {
    "version": lambda c: c.version(),
    "discovery": lambda c: c.discovery(),
    "jwks": lambda c: c.jwks(),
    "ServiceAccount": lambda c: c.service_account(NAMESPACE, ACCOUNT),
    "Pod": lambda c: c.pod(NAMESPACE, POD),
    "dry run": lambda c: c.dry_run_pod(NAMESPACE, NEW_POD),
    "webhooks": lambda c: {"items": c.mutating_webhooks()},
    "access review": body_of(lambda c: c.allowed(Access(verb="get", resource="pods", namespace=NAMESPACE))),
    "token request": body_of(lambda c: c.request_token(NAMESPACE, ACCOUNT, "sts.amazonaws.com", 600)),
    "claims": lambda c: tokens.decode(c.request_token(NAMESPACE, ACCOUNT, "sts.amazonaws.com", 600)).claims,
    "token header": lambda c: tokens.decode(c.request_token(NAMESPACE, ACCOUNT, "sts.amazonaws.com", 600)).header,
    "namespaces": body_of(lambda c: c.namespaces()),
    "Status 404": body_of(lambda c: c.pod(NAMESPACE, "ghost")),
    "Status 422": body_of(lambda c: c.request_token(NAMESPACE, ACCOUNT, "a", 599)),
}
MANAGED = "1.20 notes who wrote each field even in an answer that it does not store"
DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "version": {
        "simulated only: emulation": "newer than 1.20",
        "simulated only: minCompatibility": "newer than 1.20",
    },
    "Pod": {
        "simulated only: status.": "no kubelet: nobody reports how the Pod fares",
        "simulated only: spec.nodeName": "no scheduler: the Pod is bound to no node",
    },
    "access review": {"real only: metadata.managedFields": MANAGED},
    "token request": {
        "real only: metadata.managedFields": MANAGED,
        "simulated only: metadata.name": "1.20 does not repeat the ServiceAccount's name",
        "simulated only: metadata.namespace": "1.20 does not repeat the ServiceAccount's namespace",
    },
    "claims": {"simulated only: jti": "newer than 1.20"},
    "namespaces": {"simulated only: items[].metadata.labels": "the label of a namespace's name is new in 1.21"},
}
"""By what was asked: the fields that one of the two alone has (or what they begin with), and why."""


def paths(document: Any, at: str = "") -> Iterator[str]:
    """Every field, lists as `[]`; what managers own is not looked into, nor free maps."""
    if isinstance(document, dict):
        for key, value in document.items():
            where = f"{at}.{key}" if at else key
            yield where
            if key not in ("fieldsV1", "annotations", "labels"):
                yield from paths(value, where)
    elif isinstance(document, list):
        for item in document:
            yield from paths(item, f"{at}[]")


AMOUNTS = (
    *("0.1", "1000m", "1.5", "1000", "123456", "0.5Gi", "1024Mi", "1023Ki", "1.1Ki", "1e3", "12e2", "1e4", "0.0", "1n"),
    *("9999999999999999999", "100Ei", "1.5m", "1000000k", "+5", "00.50"),
)


def test_both_store_quantities_in_the_same_form(here: Eks) -> None:
    boxes = [
        {"name": f"c{number}", "image": "b", "resources": {"limits": {"memory": amount}}}
        for number, amount in enumerate(AMOUNTS)
    ]
    pod = {"spec": {"serviceAccountName": ACCOUNT, "containers": boxes}}
    world = here.simulation.world("shapes")
    real, ours = (
        [box["resources"]["limits"]["memory"] for box in cluster.dry_run_pod(NAMESPACE, pod)["spec"]["containers"]]
        for cluster in (here.ports().cluster, simulated(here.simulation, world).cluster)
    )
    assert ours == real
    assert real[:2] == ["100m", "1"]


@pytest.mark.parametrize("name", ASKED)
def test_both_answer_in_the_same_shape(here: Eks, name: str) -> None:
    ask, known = ASKED[name], DIFFERENCES.get(name, {})
    eventually(lambda: "deletionTimestamp" not in here.http.get("/api/v1/namespaces").text)  # those of other tests
    world = here.simulation.world("shapes")
    real, ours = set(paths(ask(here.ports().cluster))), set(paths(ask(simulated(here.simulation, world).cluster)))
    differing = {f"real only: {path}" for path in real - ours} | {f"simulated only: {path}" for path in ours - real}
    assert sorted(each for each in differing if not each.startswith(tuple(known))) == []
    assert [prefix for prefix in known if not any(each.startswith(prefix) for each in differing)] == []
