"""Inputs that would freeze the loop of all worlds: twice the input is twice the work, or it is refused."""

import sys

import pytest

from app.world.apiserver.admission.webhooks import WEBHOOKS_LIMIT
from app.world.apiserver.controllers import endpoints
from app.world.apiserver.endpoints.printers.stored_columns import COLUMNS
from app.world.apiserver.patching.apply import apply
from app.world.apiserver.patching.managed_fields import record_update
from app.world.apiserver.patching.patch import REPEATS_LIMIT, STEPS_LIMIT, json_patch, strategic_merge_patch
from app.world.apiserver.types.codec import NODE_LIMIT
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.pod_validation import CONTAINERS_LIMIT
from app.world.apiserver.types.schema import ITEMS_LIMIT
from app.world.apiserver.types.selectors import REQUIREMENTS_LIMIT
from tests.world.kubernetes_world import APPLY, CONFIGMAPS, JSON_PATCH, MERGE, PODS, WEBHOOKS, configuration, pod

pytestmark = pytest.mark.one_world


class Name(str):
    """A text whose comparisons are calls, so that they are counted."""

    __slots__ = ()

    def __eq__(self, other):
        return str.__eq__(self, other)

    def __hash__(self):
        return str.__hash__(self)


def calls(work, *arguments):
    """How many functions are called meanwhile, the interpreter's own among them."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return count


def names(count, prefix="n"):
    return [Name(f"{prefix}{number}") for number in range(count)]


def environment(count, prefix="n"):
    return {"spec": {"containers": [{"name": "app", "env": [{"name": name} for name in names(count, prefix)]}]}}


def finalizers(count, prefix="n"):
    return {"metadata": {"finalizers": names(count, prefix)}}


def owners(count):
    return {"metadata": {"ownerReferences": [{"uid": name} for name in names(count)]}}


def config(count):
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "x", "finalizers": [f"f/{n}" for n in range(count)]},
        "data": {f"k{n}": "x" for n in range(count)},
    }


def applied(count):
    """A ConfigMap that `me` has applied with many keys and finalizers, and now applies with none."""
    live = apply({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}}, config(count), **_MINE)
    return live, config(0)


_MINE = {"manager": "me", "force": False, "time": "2026-11-24T22:00:00Z"}


def entries(count):
    """An object whose fields belong to many managers, and a change to all of it."""
    managed = [
        {"manager": f"m{n}", "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:data": {f"f:k{n}": {}}}}
        for n in range(count)
    ]
    old = config(count)
    old["metadata"]["managedFields"] = managed
    return old, {**old, "data": dict.fromkeys(old["data"], "y")}


@pytest.mark.parametrize(
    "work",
    [
        lambda n: (strategic_merge_patch, environment(n), environment(n, "m"), "Pod"),
        lambda n: (strategic_merge_patch, environment(n), environment(n), "Pod"),
        lambda n: (strategic_merge_patch, finalizers(n), finalizers(n, "m"), "ConfigMap"),
        lambda n: (
            strategic_merge_patch,
            finalizers(n),
            {"metadata": {"$deleteFromPrimitiveList/finalizers": names(n, "m")}},
            "ConfigMap",
        ),
        lambda n: (
            strategic_merge_patch,
            owners(n),
            {"metadata": {"$setElementOrder/ownerReferences": owners(n)["metadata"]["ownerReferences"][::-1]}},
            "ConfigMap",
        ),
        lambda n: (
            strategic_merge_patch,
            owners(n),
            {
                "metadata": {
                    "ownerReferences": [
                        {"$patch": "delete", **owner} for owner in owners(n)["metadata"]["ownerReferences"]
                    ]
                }
            },
            "ConfigMap",
        ),
        lambda n: (strategic_merge_patch, {}, {"$retainKeys": names(n), **dict.fromkeys(names(n), 1)}, "ConfigMap"),
        lambda n: (lambda live, wanted: apply(live, wanted, **_MINE), *applied(n)),
        lambda n: (lambda old, new: record_update(old, new, manager="me", time=_MINE["time"]), *entries(n)),
    ],
    ids=("env", "same-env", "finalizers", "delete-primitives", "order", "delete", "retain-keys", "unapply", "managers"),
)
def test_twice_the_input_is_twice_the_work(work):
    small, large = (calls(*work(count)) for count in (200, 400))
    assert large < 2.5 * small


def test_the_order_of_elements_is_that_of_the_patch():
    document = {"metadata": {"ownerReferences": [{"uid": uid} for uid in "axbyc"]}}
    order = {"metadata": {"$setElementOrder/ownerReferences": [{"uid": uid} for uid in "cbaa"]}}
    result = strategic_merge_patch(document, order, "ConfigMap")
    assert [owner["uid"] for owner in result["metadata"]["ownerReferences"]] == list("xycba")


def test_an_unapplied_field_takes_nothing_of_others_with_it(api):
    mine = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}, "data": {"a": "1", "b": "2"}}
    yours = {**mine, "data": {"b": "2", "c": "3"}}
    for manager, body in (("me", mine), ("you", yours)):
        assert api.patch(f"{CONFIGMAPS}/two", body, APPLY, fieldManager=manager).status in (200, 201)
    answer = api.patch(f"{CONFIGMAPS}/two", {**mine, "data": {}}, APPLY, fieldManager="me")
    assert answer.body["data"] == {"b": "2", "c": "3"}


@pytest.mark.parametrize("group", ["containers", "initContainers"])
def test_containers_of_a_pod(api, group):
    def body(count):
        extra = [{"name": f"c{number}", "image": "busybox"} for number in range(count - 1)]
        spec = pod()["spec"]
        return {"metadata": {"name": "many"}, "spec": {**spec, group: [*spec.get(group, []), *extra]}}

    answer = api.post(PODS, body(CONTAINERS_LIMIT + 1))
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["message"] == (
        f'Pod "many" is invalid: spec.containers: Too many: {CONTAINERS_LIMIT + 1}: '
        f"must have at most {CONTAINERS_LIMIT} containers of all kinds on this simulated node"
    )
    assert answer.body["details"]["causes"][0]["reason"] == "FieldValueTooMany"
    assert api.post(PODS, body(CONTAINERS_LIMIT), dryRun="All").status == 201


def test_items_of_a_list(api):
    def body(count):
        return pod("many", container={"env": [{"name": f"V{number}"} for number in range(count)]})

    answer = api.post(PODS, body(ITEMS_LIMIT + 1))
    assert (answer.status, answer.body["reason"]) == (422, "Invalid")
    assert answer.body["message"] == (
        f'Pod "many" is invalid: spec.containers[0].env: Too many: {ITEMS_LIMIT + 1}: '
        f"must have at most {ITEMS_LIMIT} items"
    )
    assert api.post(PODS, body(ITEMS_LIMIT), dryRun="All").status == 201


def test_values_of_a_document(api):
    expected = f"Request entity too large: this simulated API server takes at most {NODE_LIMIT} values in a document"

    def data(count, prefix="k"):
        return {"metadata": {"name": "values"}, "data": {f"{prefix}{number}": "" for number in range(count)}}

    # Each key counts once more in `managedFields`.
    for body in (data(NODE_LIMIT), data(NODE_LIMIT // 2)):
        answer = api.post(CONFIGMAPS, body)
        assert (answer.status, answer.body["message"]) == (413, expected)
    assert api.post(CONFIGMAPS, data(NODE_LIMIT // 2 - 20)).status == 201
    for content_type in (MERGE, APPLY):
        more = {"apiVersion": "v1", "kind": "ConfigMap", **data(100, "more")}
        assert api.patch(f"{CONFIGMAPS}/values", more, content_type, fieldManager="x").body["message"] == expected
    assert api.patch(f"{CONFIGMAPS}/values", {"data": None}, MERGE).status == 200


def test_mutating_webhooks_of_a_cluster(api):
    def body(name, count):
        made = configuration(name, failurePolicy="Ignore")
        return {**made, "webhooks": [{**made["webhooks"][0], "name": f"h{n}.example.com"} for n in range(count)]}

    present = sum(len(item["webhooks"]) for item in api.get(WEBHOOKS).body["items"])
    assert api.post(WEBHOOKS, body("full", WEBHOOKS_LIMIT - present)).status == 201
    for answer in (api.post(WEBHOOKS, body("more", 1)), api.put(f"{WEBHOOKS}/full", body("full", WEBHOOKS_LIMIT))):
        assert (answer.status, answer.body["reason"]) == (429, "TooManyRequests")
        expected = f"this simulated cluster holds at most {WEBHOOKS_LIMIT} mutating webhooks"
        assert answer.body["message"] == expected
    assert api.put(f"{WEBHOOKS}/full", body("full", 1)).status == 200


def test_requirements_of_a_selector(api):
    for name, requirement in (("labelSelector", "a!=b"), ("fieldSelector", "metadata.name!=b")):
        assert api.get(CONFIGMAPS, **{name: ",".join([requirement] * REQUIREMENTS_LIMIT)}).status == 200
        answer = api.get(CONFIGMAPS, **{name: ",".join([requirement] * (REQUIREMENTS_LIMIT + 1))})
        assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
        assert f"at most {REQUIREMENTS_LIMIT}" in answer.body["message"]


def test_parts_of_the_paths_of_a_json_patch(api):
    path = "/data" + "/a" * 98
    operations = [{"op": "test", "path": path, "value": 1}] * (STEPS_LIMIT // 99 + 1)
    answer = api.patch(f"{CONFIGMAPS}/kube-root-ca.crt", operations, JSON_PATCH)
    assert (answer.status, answer.body["reason"]) == (413, "RequestEntityTooLarge")
    assert json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1}] * 10) == {"a": 1}


def test_elements_that_come_again_in_a_strategic_patch():
    def patch(count):
        return {"spec": {"containers": [{"name": "app", "env": [{"name": f"m{n}"}]} for n in range(count)]}}

    merged = strategic_merge_patch(environment(1), patch(REPEATS_LIMIT + 1), "Pod")
    assert len(merged["spec"]["containers"][0]["env"]) == REPEATS_LIMIT + 2
    with pytest.raises(ApiError, match="Request entity too large"):
        strategic_merge_patch(environment(1), patch(REPEATS_LIMIT + 2), "Pod")


def test_addresses_that_a_table_does_not_show_are_counted_alone():
    def body(count):
        ports = [{"port": number} for number in range(count)]
        return {"subsets": [{"addresses": [{"ip": "10.0.0.1"}] * count, "ports": ports}]}

    cell = next(column.cell for column in COLUMNS["endpoints"] if column.name == "Endpoints")
    assert cell(body(10), 0) == "10.0.0.1:0,10.0.0.1:0,10.0.0.1:0 + 97 more..."
    assert calls(cell, body(10), 0) == calls(cell, body(100), 0)


def test_ports_of_a_service_are_looked_up_in_its_pods_once(simulation, api, world, monkeypatch):
    looked = []
    monkeypatch.setattr(
        endpoints, "matches_selector", lambda selector, labels: looked.append(labels) or labels.get("app") == "many"
    )

    async def sync(count):
        looked.clear()
        ports = [{"name": f"n{n}", "port": 1, "targetPort": "x", "protocol": "TCP"} for n in range(count)]
        metadata = {"name": f"s{count}", "namespace": "default"}
        world.cluster.put("services", {"metadata": metadata, "spec": {"selector": {"app": "many"}, "ports": ports}})
        await endpoints.sync(world, "default", f"s{count}")
        return len(looked)

    assert simulation.run(sync(1)) == simulation.run(sync(50))
