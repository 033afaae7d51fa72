"""What the controllers make of Deployments, ReplicaSets, Jobs, DaemonSets, StatefulSets and Services."""

import asyncio

import pytest

from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.controllers import job, manager, owned, stateful_set
from app.world.apiserver.registry import operations, workloads
from app.world.apiserver.registry.workloads import NODE_PORTS
from app.world.apiserver.request.options import DeleteOptions
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.resources import RESOURCES
from tests.waiting import eventually
from tests.world.kubernetes_world import ACCOUNTS, MERGE, NAMESPACES, PODS, causes

pytestmark = pytest.mark.one_world

APPS = "/apis/apps/v1/namespaces/default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
LABELS = {"app": "web"}


def workload(name="web", *, image="nginx", labels=LABELS, pod=None, **spec):
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}], **(pod or {})}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels}, "template": template, **spec}}


def names(api, path, prefix="web"):
    found = [item["metadata"]["name"] for item in api.get(path).body["items"]]
    return [name for name in found if name.startswith(prefix)]


def finished(api, path, **wanted):
    status = api.get(path).body["status"]
    return all(status.get(field, 0) == number for field, number in wanted.items())


@pytest.fixture
def web(api):
    assert api.post(f"{APPS}/deployments", workload(replicas=2)).status == 201
    eventually(lambda: finished(api, f"{APPS}/deployments/web", availableReplicas=2))
    return f"{APPS}/deployments/web"


def test_a_deployment_makes_a_replica_set_and_that_makes_pods(api, web):
    (replica_set,) = api.get(f"{APPS}/replicasets").body["items"]
    deployment = api.get(web).body
    value = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{value}"
    assert set(value) <= set("bcdfghjklmnpqrstvwxz2456789")
    (owner,) = replica_set["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Deployment", deployment["metadata"]["uid"], True)
    pods = list(api.get(PODS, labelSelector="app=web").body["items"])
    assert len(pods) == 2
    assert all(pod["metadata"]["name"].startswith(f"web-{value}-") for pod in pods)
    assert all(pod["metadata"]["labels"] == {**LABELS, "pod-template-hash": value} for pod in pods)
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert {each["type"]: each["status"] for each in deployment["status"]["conditions"]} == {
        "Available": "True",
        "Progressing": "True",
    }


def test_a_new_template_never_has_fewer_pods_than_it_must(api, world, web):
    available = []
    cancel = world.cluster.changes.watch(
        lambda change: (
            change.resource == "deployments"
            and available.append(change.stored.object["status"].get("availableReplicas", 0))
        )
    )
    containers = [{"name": "c", "image": "nginx:2"}]
    api.patch(web, {"spec": {"template": {"spec": {"containers": containers}}}})
    eventually(lambda: finished(api, web, updatedReplicas=2, availableReplicas=2, replicas=2))
    cancel()
    assert min(available) >= 2, "maxUnavailable is 25 % of 2, which is 0"
    old, new = sorted(api.get(f"{APPS}/replicasets").body["items"], key=lambda item: item["spec"]["replicas"])
    assert [old["spec"]["replicas"], new["spec"]["replicas"]] == [0, 2]
    assert new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    # Back to the first template: its ReplicaSet comes back, as revision 3.
    containers = [{"name": "c", "image": "nginx"}]
    api.patch(web, {"spec": {"template": {"spec": {"containers": containers}}}})
    name = old["metadata"]["name"]
    eventually(lambda: finished(api, f"{APPS}/replicasets/{name}", availableReplicas=2))
    annotations = api.get(f"{APPS}/replicasets/{name}").body["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert len(names(api, f"{APPS}/replicasets")) == 2


def test_recreate_ends_the_old_pods_first(api, world):
    api.post(f"{APPS}/deployments", workload(replicas=1, strategy={"type": "Recreate"}))
    eventually(lambda: finished(api, f"{APPS}/deployments/web", availableReplicas=1))
    most = []
    cancel = world.cluster.changes.watch(
        lambda change: most.append(len(list(world.cluster.scan("pods")))) if change.resource == "pods" else None
    )
    containers = [{"name": "c", "image": "nginx:2"}]
    api.patch(f"{APPS}/deployments/web", {"spec": {"template": {"spec": {"containers": containers}}}})
    eventually(lambda: finished(api, f"{APPS}/deployments/web", updatedReplicas=1, availableReplicas=1))
    cancel()
    assert max(most) == 3, "pod-before, pod-after and one of the two"


@pytest.mark.parametrize(("policy", "left"), [("Background", 0), ("Foreground", 0), ("Orphan", 2)])
def test_what_a_deployment_owns_goes_with_it_unless_orphaned(api, web, policy, left):
    api.delete(web, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy})
    eventually(lambda: api.get(web).status == 404)
    eventually(lambda: len(names(api, PODS)) == left and len(names(api, f"{APPS}/replicasets")) == (left > 0))
    if left:
        (replica_set,) = api.get(f"{APPS}/replicasets").body["items"]
        assert "ownerReferences" not in replica_set["metadata"]
        api.post(f"{APPS}/deployments", workload(replicas=2))
        eventually(lambda: finished(api, web, availableReplicas=2))
        assert len(names(api, f"{APPS}/replicasets")) == 1, "the same template adopts what was left"


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_others_get_their_turn_between_the_objects_that_go_with_their_owner(api, world, simulation, policy):
    owner = api.post(f"{APPS}/replicasets", workload(replicas=0)).body["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": owner["uid"]}
    for number in range(30):
        metadata = {"name": f"of-web-{number}", "ownerReferences": [reference]}
        assert api.post(f"{APPS}/replicasets", workload(replicas=0) | {"metadata": metadata}).status == 201

    async def turns():
        scope = RequestScope(world, ADMIN, RESOURCES["replicasets"], "default")
        await operations.delete_object(scope, "web", DeleteOptions(propagation=policy))
        count = 0
        while len(list(world.cluster.scan("replicasets", "default"))):
            count += 1
            await asyncio.sleep(0)
        return count

    assert simulation.run(turns()) >= 30


def test_a_deleted_pod_is_replaced_and_scale_changes_how_many(api, web):
    first, _second = names(api, PODS)
    api.delete(f"{PODS}/{first}")
    eventually(lambda: len(names(api, PODS)) == 2 and first not in names(api, PODS))
    scale = api.get(f"{web}/scale").body
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 2}, "app=web")
    assert api.patch(f"{web}/scale", {"spec": {"replicas": 1}}, MERGE).body["spec"] == {"replicas": 1}
    eventually(lambda: len(names(api, PODS)) == 1)
    api.patch(web, {"spec": {"paused": True, "replicas": 2}})
    eventually(lambda: len(names(api, PODS)) == 2)
    assert api.put(f"{web}/scale", {**scale, "spec": {"replicas": 3}}).status == 409
    assert api.patch(f"{web}/scale", {"spec": {"replicas": -1}}, MERGE).status == 422


def test_a_replica_set_waits_for_its_service_account(api):
    api.post(f"{APPS}/deployments", workload(replicas=1, pod={"serviceAccountName": "late"}))
    events = lambda: [  # noqa: E731
        each["message"]
        for each in api.get("/api/v1/namespaces/default/events").body["items"]
        if each["reason"] == "FailedCreate"
    ]
    eventually(events)
    (message,) = events()
    (name,) = names(api, f"{APPS}/replicasets")
    assert message == (
        f'Error creating: pods "{name}-" is forbidden: error looking up service account default/late: '
        'serviceaccount "late" not found'
    )
    (condition,) = [
        each
        for each in api.get(f"{APPS}/replicasets/{name}").body["status"]["conditions"]
        if each["type"] == "ReplicaFailure"
    ]
    assert condition["reason"] == "FailedCreate"
    api.post(ACCOUNTS, {"metadata": {"name": "late"}})
    eventually(lambda: finished(api, f"{APPS}/deployments/web", availableReplicas=1))


def test_a_pod_that_cannot_be_made_is_not_tried_again_and_again(api, world, monkeypatch):
    """The webhook mounts the token where the template has its own volume, and the refusal contains a new name each
    time."""
    monkeypatch.setattr(manager, "RETRIES", 0)
    mount = {"name": "own", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}
    pod = {"serviceAccountName": "my-sa", "volumes": [{"name": "own", "emptyDir": {}}]}
    pod["containers"] = [{"name": "c", "image": "nginx", "volumeMounts": [mount]}]
    api.post(f"{APPS}/deployments", workload(replicas=1, pod=pod))
    failures = world.controllers._failures
    eventually(lambda: 2 in failures.values())
    tried = [
        each for each in api.get("/api/v1/namespaces/default/events").body["items"] if each["reason"] == "FailedCreate"
    ]
    assert len(tried) == 2, "once, and once more because the status says so"
    (replica_set,) = api.get(f"{APPS}/replicasets").body["items"]
    (condition,) = replica_set["status"]["conditions"]
    assert f"Error creating: {condition['message']}" in {each["message"] for each in tried}
    assert "must be unique" in condition["message"]
    api.delete(f"{APPS}/deployments/web")
    eventually(lambda: not failures)


def test_a_template_may_have_the_label_that_a_deployment_adds(api):
    api.post(f"{APPS}/deployments", workload(replicas=1, labels={**LABELS, "pod-template-hash": "copied"}))
    eventually(lambda: finished(api, f"{APPS}/deployments/web", availableReplicas=1))


def test_there_are_so_many_pods_of_workloads(api, monkeypatch):
    monkeypatch.setattr(owned, "PODS_LIMIT", 3)
    api.post(f"{APPS}/deployments", workload(replicas=100_000))
    eventually(lambda: len(names(api, PODS)) == 3)
    eventually(lambda: "ReplicaFailure" in str(api.get(f"{APPS}/deployments/web").body["status"]))


@pytest.mark.parametrize("kind", ["replicasets", "statefulsets"])
def test_more_than_can_run_holds_nothing_up(api, monkeypatch, kind):
    monkeypatch.setattr(owned, "PODS_LIMIT", 2)
    monkeypatch.setattr(stateful_set, "PODS_LIMIT", 2)
    body = workload("web", replicas=2**31 - 1, podManagementPolicy="Parallel")
    assert api.post(f"{APPS}/{kind}", body).status == 201
    eventually(lambda: len(names(api, PODS)) == 2)
    orphan = {
        "metadata": {"name": "stray", "labels": LABELS},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    api.post(PODS, orphan)
    api.patch(f"{APPS}/{kind}/web", {"spec": {"replicas": 0}})
    eventually(lambda: names(api, PODS) == [])


def test_a_status_by_hand_may_leave_out_what_controllers_write(api, world, web):
    containers = [{"name": "c", "image": "busybox", "command": ["sleep", "100"]}]
    spec = {"ttlSecondsAfterFinished": 1, "template": {"spec": {"restartPolicy": "Never", "containers": containers}}}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": spec})
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    for path, status in (
        (f"/api/v1/nodes/{world.node_name}", {"conditions": [{}], "addresses": [{}]}),
        (f"{JOBS}/web", {"conditions": [{}]}),
        (f"{JOBS}/web", {"conditions": [{"type": "Complete"}]}),
        (web, {"conditions": [{"type": "Available", "status": "True"}]}),
    ):
        assert api.patch(f"{path}/status", {"status": status}, MERGE).status == 200
        assert api.ask("GET", path, headers=table).status == 200
    eventually(lambda: "lastTransitionTime" in api.get(web).body["status"]["conditions"][0])
    assert job.due(api.get(f"{JOBS}/web").body) is None


def test_jobs_run_to_their_end(api):
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["env"]}]}
    }
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": {"template": template, "completions": 2}})
    eventually(lambda: finished(api, f"{JOBS}/web", succeeded=2))
    job = api.get(f"{JOBS}/web").body
    assert [each["type"] for each in job["status"]["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert job["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
    assert len(names(api, PODS)) == 2
    template["spec"]["containers"][0]["command"] = ["cat", "/ghost"]
    api.post(JOBS, {"metadata": {"name": "bad"}, "spec": {"template": template, "backoffLimit": 1}})
    eventually(lambda: finished(api, f"{JOBS}/bad", failed=2))
    (failure,) = [each for each in api.get(f"{JOBS}/bad").body["status"]["conditions"] if each["type"] == "Failed"]
    assert failure["reason"] == "BackoffLimitExceeded"


@pytest.mark.parametrize("place", ["containers", "initContainers"])
@pytest.mark.parametrize(("limit", "restarts"), [(0, 1), (2, 2)])
def test_containers_that_start_again_count_as_failures_of_a_job(api, simulation, world, place, limit, restarts):
    failing, after = ({"name": name, "image": "busybox", "command": ["false"]} for name in ("fails", "after"))
    pod = {"restartPolicy": "OnFailure", "containers": [after]}
    pod[place] = [failing]
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": {"template": {"spec": pod}, "backoffLimit": limit}})

    def begun_again():
        kinds = ("initContainerStatuses", "containerStatuses")
        found = [it for it in api.get(PODS).body["items"] if it["metadata"]["name"].startswith("web")]
        return sum(it["restartCount"] for pod in found for kind in kinds for it in pod["status"].get(kind, []))

    for number in range(restarts):
        eventually(lambda: names(api, PODS) and begun_again() == number)  # noqa: B023 - called at once
        assert "conditions" not in api.get(f"{JOBS}/web").body["status"]
        simulation.move_clock(world, 120)
    eventually(lambda: api.get(f"{JOBS}/web").body["status"].get("conditions"))
    assert api.get(f"{JOBS}/web").body["status"]["conditions"][-1]["reason"] == "BackoffLimitExceeded"


def test_a_suspended_job_has_no_pods_until_it_is_resumed(api, simulation, world):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "1d"]}]}
    spec = {"template": {"spec": pod}, "suspend": True, "activeDeadlineSeconds": 1800}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": spec})
    path = f"{JOBS}/web"

    def pause():
        return [(it["type"], it["status"], it["reason"]) for it in api.get(path).body["status"].get("conditions", [])]

    eventually(lambda: pause() == [("Suspended", "True", "JobSuspended")])
    assert "startTime" not in api.get(path).body["status"]
    api.patch(path, {"spec": {"suspend": False}}, MERGE)
    eventually(lambda: len(names(api, PODS)) == 1)
    eventually(lambda: pause() == [("Suspended", "False", "JobResumed")])
    begun = api.get(path).body["status"]["startTime"]
    api.patch(path, {"spec": {"suspend": True}}, MERGE)
    eventually(lambda: names(api, PODS) == [] and finished(api, path, active=0))
    simulation.move_clock(world, 3600)  # a suspended Job has no deadline
    api.patch(path, {"spec": {"suspend": False}}, MERGE)
    eventually(lambda: len(names(api, PODS)) == 1 and finished(api, path, active=1))
    assert pause() == [("Suspended", "False", "JobResumed")]
    assert api.get(path).body["status"]["startTime"] > begun


def test_a_job_with_less_parallelism_deletes_pods(api):
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "1d"]}]}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": {"template": {"spec": pod}, "parallelism": 3}})
    eventually(lambda: finished(api, f"{JOBS}/web", active=3))
    api.patch(f"{JOBS}/web", {"spec": {"parallelism": 1}}, MERGE)
    eventually(lambda: finished(api, f"{JOBS}/web", active=1) and len(names(api, PODS)) == 1)


def test_a_job_ends_at_its_deadline_and_goes_after_its_time(api, simulation, world):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}
    template["spec"]["containers"][0]["command"] = ["sleep", "infinity"]
    body = {"template": template, "activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 3600}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": body})
    eventually(lambda: api.get(f"{JOBS}/web").body["status"].get("conditions"))
    condition = api.get(f"{JOBS}/web").body["status"]["conditions"][-1]
    assert (condition["type"], condition["reason"]) == ("Failed", "DeadlineExceeded")
    assert condition["message"] == "Job was active longer than specified deadline"
    eventually(lambda: names(api, PODS) == [])
    simulation.move_clock(world, 3500)
    simulation.run(world.controllers.settle(10))
    assert names(api, JOBS) == ["web"]
    simulation.move_clock(world, 200)
    eventually(lambda: names(api, JOBS) == [])


def test_a_deadline_that_comes_while_a_job_is_looked_at_is_noticed(api, world, monkeypatch):
    look, looked = manager._SYNCS["jobs"], []

    async def slow(world, namespace, name):
        await look(world, namespace, name)
        looked.append(name)
        if len(looked) == 2:  # the first one has written when it started
            world.clock.move(3600)

    monkeypatch.setitem(manager._SYNCS, "jobs", slow)
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}
    spec = {"template": template, "parallelism": 0, "completions": 1, "activeDeadlineSeconds": 1800}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": spec})
    eventually(lambda: api.get(f"{JOBS}/web").body["status"].get("conditions"))


def test_nothing_waits_for_the_deadline_of_a_job_that_is_gone(api, world):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}
    spec = {"template": template, "parallelism": 0, "completions": 1, "activeDeadlineSeconds": 1800}
    api.post(JOBS, {"metadata": {"name": "web"}, "spec": spec})
    timers = world.controllers._timers
    eventually(lambda: ("jobs", "default", "web") in timers)
    api.delete(f"{JOBS}/web", propagationPolicy="Background")
    assert ("jobs", "default", "web") not in timers


def test_a_daemon_set_has_a_pod_on_the_node_and_a_stateful_set_numbers_its_pods(api, world):
    api.post(f"{APPS}/daemonsets", workload("web-d", labels={"app": "d"}))
    api.post(f"{APPS}/statefulsets", workload("web-s", labels={"app": "s"}, replicas=2, serviceName="s"))
    eventually(lambda: finished(api, f"{APPS}/daemonsets/web-d", numberReady=1, desiredNumberScheduled=1))
    eventually(lambda: finished(api, f"{APPS}/statefulsets/web-s", readyReplicas=2))
    assert names(api, PODS, "web-s") == ["web-s-0", "web-s-1"]
    (pod,) = api.get(PODS, labelSelector="app=d").body["items"]
    assert pod["spec"]["nodeName"] == world.node_name


@pytest.mark.parametrize(
    ("plural", "more", "label"),
    [
        ("daemonsets", {}, "controller-revision-hash"),
        ("statefulsets", {"replicas": 1, "serviceName": "s"}, "controller.kubernetes.io/hash"),
    ],
)
def test_each_template_is_a_revision_to_go_back_to(api, plural, more, label):
    """As `kubectl rollout undo` does it: the data of a revision is the patch."""
    path, revisions = f"{APPS}/{plural}/web", f"{APPS}/controllerrevisions"

    def kept():
        return {it["revision"]: it for it in api.get(revisions, labelSelector="app=web").body["items"]}

    def change(image):
        template = {"spec": {"containers": [{"name": "c", "image": image}]}}
        assert api.patch(path, {"spec": {"template": template}}).status == 200

    body = workload("web", revisionHistoryLimit=1, **more)
    assert api.post(f"{APPS}/{plural}", body).status == 201
    eventually(lambda: list(kept()) == [1])
    change("busybox:2")
    eventually(lambda: sorted(kept()) == [1, 2])
    first = kept()[1]
    [owner] = first["metadata"]["ownerReferences"]
    assert (owner["name"], owner["controller"], label in first["metadata"]["labels"]) == ("web", True, True)
    assert "generation" not in first["metadata"]
    assert api.patch(path, first["data"]).body["spec"]["template"] == body_template(first)
    eventually(lambda: sorted(kept()) == [2, 3])
    assert kept()[3]["data"] == first["data"]
    change("busybox:4")
    eventually(lambda: sorted(kept()) == [3, 4])
    refused = api.patch(f"{revisions}/{first['metadata']['name']}", {"data": {"other": 1}}, MERGE)
    assert [field for field, _ in causes(refused)] == ["data"]
    assert api.delete(path).status == 200
    eventually(lambda: not kept())


def body_template(revision):
    """The template that a revision keeps."""
    return {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}


@pytest.mark.parametrize(
    ("kind", "node_ports", "index", "said"),
    [
        ("NodePort", [30080], 0, "Invalid value: 30080: provided port is already allocated"),
        ("LoadBalancer", [30081, 30080], 1, "Invalid value: 30080: provided port is already allocated"),
        *(
            (
                "NodePort",
                [number],
                0,
                f"Invalid value: {number}: provided port is not in the valid range. "
                "The range of valid ports is 30000-32767",
            )
            for number in (80, 32768, -1)
        ),
        ("NodePort", [30081, 30081], 1, "Duplicate value: 30081"),
        ("ClusterIP", [30081], 0, "Forbidden: may not be used when `type` is 'ClusterIP'"),
    ],
)
def test_a_node_port_is_in_its_range_and_of_one_service(api, kind, node_ports, index, said):
    """The messages are those of a real API server."""

    def spec(kind, *numbers):
        ports = [{"name": f"p{place}", "port": 80 + place, "nodePort": number} for place, number in enumerate(numbers)]
        return {"spec": {"type": kind, "ports": ports}}

    assert api.post(SERVICES, {"metadata": {"name": "first"}, **spec("NodePort", 30080)}).status == 201
    assert api.patch(f"{SERVICES}/first", {"metadata": {"labels": {"a": "b"}}}).status == 200
    refused = api.post(SERVICES, {"metadata": {"name": "second"}, **spec(kind, *node_ports)})
    assert causes(refused) == [(f"spec.ports[{index}].nodePort", said)]
    assert api.post(SERVICES, {"metadata": {"name": "second"}, **spec("ClusterIP", None)}).status == 201
    assert api.patch(f"{SERVICES}/second", spec(kind, *node_ports)).status == 422


def test_where_all_node_ports_are_taken_a_service_gets_none(api, monkeypatch):
    monkeypatch.setattr(workloads, "NODE_PORTS", range(30000, 30002))
    ports = [{"name": f"p{number}", "port": number} for number in (80, 81, 82)]
    assert (
        api.post(SERVICES, {"metadata": {"name": "a"}, "spec": {"type": "NodePort", "ports": ports[:2]}}).status == 201
    )
    refused = api.post(SERVICES, {"metadata": {"name": "b"}, "spec": {"type": "NodePort", "ports": ports[2:]}})
    said = "Internal error occurred: failed to allocate a nodePort: range is full"
    assert (refused.status, refused.body["message"]) == (500, said)


def test_a_service_has_an_address_and_its_ready_pods(api, web):
    ports = [{"port": 80, "targetPort": 8080}]
    service = api.post(SERVICES, {"metadata": {"name": "web"}, "spec": {"selector": LABELS, "ports": ports}}).body
    assert service["spec"]["clusterIP"].startswith("10.100.")
    addresses = sorted(pod["status"]["podIP"] for pod in api.get(PODS, labelSelector="app=web").body["items"])

    def endpoints():
        items = [each for each in api.get(SLICES).body["items"] if each["metadata"]["name"].startswith("web-")]
        return sorted(address for each in items for one in each["endpoints"] for address in one["addresses"])

    eventually(lambda: endpoints() == addresses)
    node_ports = []
    for kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec = api.patch(f"{SERVICES}/web", {"spec": {"type": kind}}).body["spec"]
        node_ports.append(spec["ports"][0].get("nodePort"))
    assert node_ports[0] in NODE_PORTS
    assert node_ports[1:] == [node_ports[0], None]
    api.delete(SERVICES)
    eventually(lambda: endpoints() == [])
    (kubernetes,) = api.get(SERVICES).body["items"]
    assert kubernetes["metadata"]["name"] == "kubernetes", "the API server makes its own again"


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (
            f"{APPS}/deployments",
            workload(replicas=-1),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (f"{APPS}/deployments", {"metadata": {"name": "x"}, "spec": {}}, "spec.selector: Required value"),
        (
            f"{APPS}/deployments",
            {**workload(), "spec": {**workload()["spec"], "selector": {"matchLabels": {"a": "b"}}}},
            "`selector` does not match template `labels`",
        ),
        (
            f"{APPS}/deployments",
            {**workload(), "spec": {**workload()["spec"], "selector": {"matchExpressions": [{}]}}},
            'spec.selector.matchExpressions[0].operator: Invalid value: "": not a valid selector operator',
        ),
        (
            f"{APPS}/deployments",
            workload(strategy={"type": "Recreate", "rollingUpdate": {}}),
            "may not be specified when strategy",
        ),
        (
            f"{APPS}/deployments",
            workload(pod={"restartPolicy": "Never"}),
            'Unsupported value: "Never": supported values: "Always"',
        ),
        (JOBS, {"metadata": {"name": "x"}, "spec": {"template": workload()["spec"]["template"]}}, "restartPolicy"),
        (SERVICES, {"metadata": {"name": "x"}, "spec": {"ports": [{"port": 0}]}}, "must be between 1 and 65535"),
        (SERVICES, {"metadata": {"name": "1x"}, "spec": {"ports": [{"port": 1}]}}, "DNS-1035"),
    ],
)
def test_what_is_refused(api, path, body, said):
    answer = api.post(path, body)
    assert answer.status == 422
    assert said in answer.body["message"]


def test_a_namespace_takes_its_workloads_along(api):
    api.post(NAMESPACES, {"metadata": {"name": "team"}})
    api.post("/apis/apps/v1/namespaces/team/deployments", workload(replicas=2))
    eventually(lambda: len(api.get("/api/v1/namespaces/team/pods").body["items"]) == 2)
    api.delete(f"{NAMESPACES}/team")
    assert names(api, "/apis/apps/v1/deployments") == names(api, "/api/v1/pods") == []


def test_an_earlier_moment_comes_back_with_its_workloads(api, world, simulation, web):
    saved = simulation.save(world)
    pods = names(api, PODS)
    api.delete(web)
    eventually(lambda: names(api, PODS) == [])
    simulation.restore(world, saved)
    assert names(api, PODS) == pods
    simulation.run(world.controllers.settle(10))
    assert names(api, PODS) == pods, "the controllers find all as it should be"
    api.delete(f"{PODS}/{pods[0]}")
    eventually(lambda: len(names(api, PODS)) == 2)


def test_roles_are_granted_by_bindings(api, world, simulation):
    from tests.world.kubernetes_world import Api

    token = api.post(f"{ACCOUNTS}/my-sa/token", {}).body["status"]["token"]
    reader = Api(simulation, world, token)
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    assert reader.get(PODS).status == 403
    rules = [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]
    api.post(f"{rbac}/namespaces/default/roles", {"metadata": {"name": "r"}, "rules": rules})
    binding = {
        "metadata": {"name": "r"},
        "roleRef": {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "ServiceAccount", "name": "my-sa"}],
    }
    assert api.post(f"{rbac}/namespaces/default/rolebindings", binding).status == 201
    assert reader.get(PODS).status == 200
    assert reader.get("/api/v1/namespaces/kube-system/pods").status == 403
    changed = {**binding, "roleRef": {**binding["roleRef"], "name": "other"}}
    assert "cannot change roleRef" in api.put(f"{rbac}/namespaces/default/rolebindings/r", changed).body["message"]
    # A user is no group, and a group no user.
    account, accounts = "system:serviceaccount:default:my-sa", "system:serviceaccounts:default"
    for subject, status in (
        ({"kind": "ServiceAccount", "name": "my-sa", "namespace": "kube-system"}, 403),
        ({"kind": "Group", "name": account}, 403),
        ({"kind": "User", "name": accounts}, 403),
        ({"kind": "User", "name": account}, 200),
        ({"kind": "Group", "name": accounts}, 200),
    ):
        api.delete(f"{rbac}/namespaces/default/rolebindings/r")
        api.post(f"{rbac}/namespaces/default/rolebindings", {**binding, "subjects": [subject]})
        assert reader.get(PODS).status == status, subject
    # Pods of another API group are other objects.
    elsewhere = {"metadata": {"name": "r"}, "rules": [{**rules[0], "apiGroups": ["apps"]}]}
    assert api.put(f"{rbac}/namespaces/default/roles/r", elsewhere).status == 200
    assert reader.get(PODS).status == 403
    # A binding may refer to a role that does not exist, and a refusal says so.
    api.delete(f"{rbac}/namespaces/default/roles/r")
    missing = 'RBAC: role.rbac.authorization.k8s.io "r" not found'
    assert reader.get(PODS).body["message"].endswith(f'in the namespace "default": {missing}')
    assert "RBAC" not in reader.get("/api/v1/namespaces/kube-system/pods").body["message"]
    review = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}}
    asked = reader.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert asked.body["status"] == {"allowed": False, "reason": missing}
    # A path belongs to no namespace, so only a ClusterRoleBinding grants it.
    api.post(
        f"{rbac}/clusterroles", {"metadata": {"name": "p"}, "rules": [{"verbs": ["get"], "nonResourceURLs": ["/m"]}]}
    )
    bound = {
        **binding,
        "metadata": {"name": "p"},
        "roleRef": {**binding["roleRef"], "kind": "ClusterRole", "name": "p"},
    }
    bound["subjects"] = [{"kind": "Group", "name": accounts}]
    for path, status in ((f"{rbac}/namespaces/default/rolebindings", 403), (f"{rbac}/clusterrolebindings", 404)):
        assert api.post(path, bound).status == 201
        assert reader.get("/m").status == status
    api.delete(f"{rbac}/clusterroles/p")
    gone = 'clusterrole.rbac.authorization.k8s.io "p" not found'
    assert reader.get("/m").body["message"].endswith(f'cannot get path "/m": RBAC: {gone}')
    assert reader.get(PODS).body["message"].endswith(f"RBAC: [{gone}, {missing.removeprefix('RBAC: ')}]")
    reader.close()
