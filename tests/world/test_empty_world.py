"""A world that begins empty: what is in it, and whose chain its pages are about while its learner builds one."""

import json

import pytest

from app.flow.model import Chain, Status
from app.flow.steps.walk import walk
from app.wiring import simulated
from app.world.setup.roles import NODE_TRUST, create_role, trust_policy
from app.world.usage import was_acted_in
from tests.world.helpers import aws_client
from tests.world.kubernetes_world import Api


@pytest.fixture
def empty(simulation):
    yield simulation.world("empty", start="empty")
    simulation.store.discard("empty")


def names(world, resource, namespace=None):
    return [(it["metadata"]["namespace"], it["metadata"]["name"]) for it in world.cluster.list(resource, namespace)]


def test_it_has_what_eks_brings_and_nothing_of_irsa(empty):
    accounts = names(empty, "serviceaccounts")
    assert {place for place in accounts if place[1] != "default"} == {
        ("kube-system", name) for name in ("aws-node", "kube-proxy", "coredns")
    }
    pods = empty.cluster.list("pods")
    assert {pod["metadata"]["namespace"] for pod in pods} == {"kube-system"}
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len({pod["metadata"]["name"] for pod in pods}) == 4
    assert list(empty.account.roles) == [empty.node_role_name]
    assert empty.account.oidc_providers == {}
    assert len(empty.account.buckets) == 2
    assert [it["metadata"]["name"] for it in empty.cluster.list("mutatingwebhookconfigurations")] == [
        "pod-identity-webhook"
    ]
    assert empty.log.setup() == ()
    assert not was_acted_in(empty)


def test_the_add_ons_own_their_pods_and_their_controllers_find_nothing_to_do(simulation, empty):
    owners = {
        (kind, it["metadata"]["name"]): it["metadata"]
        for kind in ("daemonsets", "deployments", "replicasets")
        for it in empty.cluster.list(kind, "kube-system")
    }
    assert {name for kind, name in owners if kind != "replicasets"} == {"aws-node", "kube-proxy", "coredns"}
    (replica_set,) = (it for (kind, _), it in owners.items() if kind == "replicasets")
    assert replica_set["ownerReferences"][0]["uid"] == owners["deployments", "coredns"]["uid"]
    uids = [pod["metadata"]["ownerReferences"][0]["uid"] for pod in empty.cluster.list("pods")]
    assert sorted(uids) == sorted(
        (*(owners["daemonsets", name]["uid"] for name in ("aws-node", "kube-proxy")), *2 * [replica_set["uid"]])
    )
    [service] = empty.cluster.list("services", "kube-system")
    [addresses] = empty.cluster.list("endpointslices", "kube-system")
    assert (service["metadata"]["name"], service["spec"]["clusterIP"]) == ("kube-dns", "10.100.0.10")
    assert len(addresses["endpoints"]) == 2, "those of CoreDNS"
    api = Api(simulation, empty)
    found = api.get("/api/v1/namespaces/kube-system/services", labelSelector="kubernetes.io/cluster-service=true")
    assert [it["metadata"]["labels"]["kubernetes.io/name"] for it in found.body["items"]] == ["CoreDNS"], "cluster-info"
    for kind, cells in (("deployments", ["2/2", 2, 2]), ("daemonsets", [1, 1, 1, 1, 1])):
        path = f"/apis/apps/v1/namespaces/kube-system/{kind}"
        rows = api.ask("GET", path, headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).body["rows"]
        assert [row["cells"][1 : len(cells) + 1] for row in rows] == [cells] * len(rows)
    version = empty.cluster.changes.version
    simulation.run(empty.controllers.settle(5))
    assert empty.cluster.changes.version == version
    # A Pod that goes comes back.
    gone = next(it["metadata"]["name"] for it in empty.cluster.list("pods") if "coredns" in it["metadata"]["name"])
    assert api.delete(f"/api/v1/namespaces/kube-system/pods/{gone}", gracePeriodSeconds="0").status == 200
    simulation.run(empty.controllers.settle(5))
    assert len([it for it in empty.cluster.list("pods") if "coredns" in it["metadata"]["name"]]) == 2
    api.close()


def test_a_walk_of_it_is_honest(simulation, empty):
    checks = {
        check.id: check.status
        for report in walk(simulated(simulation, empty), empty.chain.subject)
        for check in report.checks
    }
    passed = {check for check, status in checks.items() if status is Status.PASSED}
    assert passed == {
        *("issuer.discovery", "issuer.jwks", "issuer.cluster_keys"),
        *("webhook.registered", "webhook.selector"),
    }
    failed = {check for check, status in checks.items() if status is Status.FAILED}
    assert failed == {"provider.exists", "service_account.exists", "webhook.dry_run", "pod.exists"}


def test_a_finished_world_is_the_articles_without_add_ons(world):
    assert {place[0] for place in names(world, "pods")} == {"default"}
    assert {place for place in names(world, "serviceaccounts") if place[0] == "kube-system"} == {
        ("kube-system", "default")
    }


def test_its_chain_is_the_one_that_is_being_built_whatever_it_is_called(simulation, empty):
    seeded = empty.seeded
    simulation.follow(empty)
    assert empty.chain == seeded

    # (1) A role alone: the ServiceAccount is the one that it trusts.
    iam = aws_client(simulation, empty, "iam")
    trust = json.dumps(trust_policy(empty, "shop", "reader"))
    iam.create_role(RoleName="shop-reader", AssumeRolePolicyDocument=trust)
    assert not simulation.follow(empty)
    assert empty.chain == Chain(namespace="shop", service_account="reader", pod=seeded.pod, role="shop-reader")

    # (2) One that is annotated comes first, with its Pod.
    role = f"arn:aws:iam::{empty.account_id}:role/shop-reader"
    metadata = {"name": "other", "namespace": "default", "annotations": {"eks.amazonaws.com/role-arn": role}}
    empty.cluster.put("serviceaccounts", {"metadata": metadata})
    assert not simulation.follow(empty)
    assert empty.chain == Chain(namespace="default", service_account="other", pod=seeded.pod, role="shop-reader")

    # (3) A choice of the learner stays.
    simulation.choose(empty, namespace="kube-system", service_account="coredns")
    simulation.follow(empty)
    assert empty.chain.subject.service_account == "coredns"


def test_a_pinned_chain_stays_whatever_happens_to_its_parts_until_another_is_chosen(simulation, empty):
    create_role(empty, "shop-reader", trust_policy(empty, "shop", "reader"))
    simulation.follow(empty)
    simulation.pin_chain(empty)
    pinned = empty.chain
    assert pinned.subject.service_account == "reader"
    role = f"arn:aws:iam::{empty.account_id}:role/shop-reader"
    metadata = {"name": "other", "namespace": "default", "annotations": {"eks.amazonaws.com/role-arn": role}}
    empty.cluster.put("serviceaccounts", {"metadata": metadata})
    simulation.follow(empty)
    assert empty.chain == pinned
    simulation.choose(empty, namespace=empty.seeded.namespace, service_account=empty.seeded.service_account)
    simulation.follow(empty)  # the seeded names lead back to what is being built
    assert empty.chain.service_account == "other"


def test_a_role_that_trusts_the_clusters_provider_comes_before_newer_ones(simulation, empty):
    create_role(empty, "mine", trust_policy(empty, "default", "my-sa"))
    create_role(empty, "later", NODE_TRUST)
    simulation.follow(empty)
    assert empty.chain.role == "mine"


def test_reset_takes_the_start_that_it_is_given(simulation):
    assert simulation.reset("start", start="empty").account.oidc_providers == {}
    assert simulation.reset("start").account.oidc_providers != {}
    simulation.store.discard("start")
