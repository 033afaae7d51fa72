"""Pods as a real API server stores them: defaults, the ServiceAccount plugin, validation, what may change."""

import copy

import pytest

from tests.world.kubernetes_world import ACCOUNTS, MERGE, PODS, account, causes, pod

pytestmark = pytest.mark.one_world


def dry_run(api, body, **query):
    answer = api.post(PODS, body, dryRun="All", **query)
    assert answer.status == 201, answer.body
    return answer.body


def token_volume(spec):
    return next(volume for volume in spec["volumes"] if volume["name"].startswith("kube-api-access-"))


def test_a_stored_pod_is_the_recorded_one(api):
    """The shape of recorded/http/pod-dryrun-201.http, but for the names and the region."""
    spec = dry_run(
        api,
        {
            "metadata": {"name": "irsa-pod"},
            "spec": {"serviceAccountName": "my-sa", "containers": [{"name": "app", "image": "busybox:latest"}]},
        },
    )
    volume = token_volume(spec["spec"])["name"]
    role = api.get(f"{ACCOUNTS}/my-sa").body["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert spec["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert spec["spec"] == {
        "volumes": [
            {
                "name": "aws-iam-token",
                "projected": {
                    "sources": [
                        {
                            "serviceAccountToken": {
                                "audience": "sts.amazonaws.com",
                                "expirationSeconds": 86400,
                                "path": "token",
                            }
                        }
                    ],
                    "defaultMode": 420,
                },
            },
            {
                "name": volume,
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                        {
                            "downwardAPI": {
                                "items": [
                                    {
                                        "path": "namespace",
                                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                                    }
                                ]
                            }
                        },
                    ],
                    "defaultMode": 420,
                },
            },
        ],
        "containers": [
            {
                "name": "app",
                "image": "busybox:latest",
                "env": [
                    {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
                    {"name": "AWS_DEFAULT_REGION", "value": "ap-northeast-1"},
                    {"name": "AWS_REGION", "value": "ap-northeast-1"},
                    {"name": "AWS_ROLE_ARN", "value": role},
                    {
                        "name": "AWS_WEB_IDENTITY_TOKEN_FILE",
                        "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
                    },
                ],
                "resources": {},
                "volumeMounts": [
                    {
                        "name": volume,
                        "readOnly": True,
                        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                    },
                    {
                        "name": "aws-iam-token",
                        "readOnly": True,
                        "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount",
                    },
                ],
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "imagePullPolicy": "Always",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "my-sa",
        "serviceAccount": "my-sa",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
            {
                "key": "node.kubernetes.io/unreachable",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            },
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    fields = spec["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    owned = ("image", "imagePullPolicy", "name", "resources", "terminationMessagePath", "terminationMessagePolicy")
    assert fields["f:containers"] == {'k:{"name":"app"}': {".": {}, **{f"f:{name}": {} for name in owned}}}
    assert "f:volumes" not in fields, "what admission adds belongs to nobody"


def test_the_service_account_is_defaulted_and_must_exist(api):
    spec = dry_run(api, pod())["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    assert dry_run(api, pod(serviceAccount="my-sa"))["spec"]["serviceAccountName"] == "my-sa"
    refused = api.post(PODS, pod(serviceAccountName="ghost-sa"))
    assert refused.status == 403
    assert refused.body["message"] == (
        'pods "x" is forbidden: error looking up service account default/ghost-sa: serviceaccount "ghost-sa" not found'
    )
    assert refused.body["details"] == {"name": "x", "kind": "pods"}
    assert refused.body["reason"] == "Forbidden"


@pytest.mark.parametrize(
    ("on_account", "on_pod", "mounted"),
    [(None, None, True), (False, None, False), (False, True, True), (True, False, False), (None, False, False)],
)
def test_automount(api, on_account, on_pod, mounted):
    body = account()
    if on_account is not None:
        body["automountServiceAccountToken"] = on_account
    api.post(ACCOUNTS, body)
    spec = {"serviceAccountName": "x"} | ({} if on_pod is None else {"automountServiceAccountToken": on_pod})
    stored = dry_run(api, pod(**spec))["spec"]
    assert bool(stored.get("volumes")) is mounted
    assert bool(stored["containers"][0].get("volumeMounts")) is mounted
    assert stored.get("automountServiceAccountToken") is on_pod


def test_init_containers_get_the_token_and_own_mounts_are_kept(api):
    path = "/var/run/secrets/kubernetes.io/serviceaccount"
    stored = dry_run(
        api,
        pod(
            container={"volumeMounts": [{"name": "own", "mountPath": path}]},
            volumes=[{"name": "own"}],
            initContainers=[{"name": "init", "image": "busybox:1.36"}],
        ),
    )["spec"]
    assert stored["volumes"][0] == {"name": "own", "emptyDir": {}}
    assert stored["initContainers"][0]["volumeMounts"][0]["name"] == token_volume(stored)["name"]
    assert stored["containers"][0]["volumeMounts"] == [{"name": "own", "mountPath": path}]
    volumes = [{"name": f"kube-api-access-{letter}"} for letter in "dbca"]
    stored = dry_run(api, pod(volumes=volumes))["spec"]
    assert [volume["name"][-1] for volume in stored["volumes"]] == ["d", "b", "c", "a"]
    assert stored["containers"][0]["volumeMounts"][0]["name"] == "kube-api-access-d"


def test_image_pull_secrets_come_from_the_account(api):
    api.post(ACCOUNTS, {**account(), "imagePullSecrets": [{"name": "registry"}]})
    assert dry_run(api, pod(serviceAccountName="x"))["spec"]["imagePullSecrets"] == [{"name": "registry"}]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("busybox", "Always"),
        ("busybox:latest", "Always"),
        ("busybox:1.36", "IfNotPresent"),
        ("localhost:5000/busybox", "Always"),
        ("localhost:5000/busybox:1", "IfNotPresent"),
        ("busybox@sha256:0000", "IfNotPresent"),
    ],
)
def test_image_pull_policy(api, image, policy):
    assert dry_run(api, pod(container={"image": image}))["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_what_is_false_or_zero_is_dropped_unless_it_says_something(api):
    container = {"tty": False, "stdin": False, "ports": [{"containerPort": 80, "hostPort": 0}]}
    container["volumeMounts"] = [{"name": "v", "mountPath": "/v", "readOnly": False}]
    container["securityContext"] = {"privileged": False, "runAsUser": 0}
    spec = {"hostNetwork": False, "hostPID": False, "automountServiceAccountToken": False}
    stored = dry_run(api, pod(container=container, volumes=[{"name": "v"}], **spec))["spec"]
    assert stored["automountServiceAccountToken"] is False
    assert not stored.keys() & {"hostNetwork", "hostPID"}
    (shown,) = stored["containers"]
    assert not shown.keys() & {"tty", "stdin"}
    assert shown["securityContext"] == {"privileged": False, "runAsUser": 0}
    assert shown["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]
    assert shown["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_quantities_are_stored_in_their_canonical_form(api):
    """Those of resources are rounded up to thousandths, others are not. tests/live compares more with the real one."""
    resources = {"limits": {"cpu": 0.1, "memory": "1024Mi"}, "requests": {"cpu": "0.0001", "memory": "1.5Ki"}}
    volume = {"name": "v", "emptyDir": {"sizeLimit": "0.0001"}}
    found = dry_run(api, pod(container={"resources": resources}, volumes=[volume]))["spec"]
    assert found["containers"][0]["resources"] == {
        "limits": {"cpu": "100m", "memory": "1Gi"},
        "requests": {"cpu": "1m", "memory": "1536"},
    }
    assert found["volumes"][0]["emptyDir"]["sizeLimit"] == "100u"


def test_a_pod_that_was_stored_with_another_form_of_a_quantity_can_be_updated(simulation, world, api):
    """A kept world may be older than the canonical forms."""
    api.post(PODS, pod(nodeName="another-node", container={"resources": {"limits": {"memory": "1Gi"}}}))

    async def age():
        stored = world.cluster.get("pods", "default", "x")
        stored["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1024Mi"
        world.cluster.put("pods", stored)

    simulation.run(age())
    assert api.patch(f"{PODS}/x", {"metadata": {"labels": {"a": "b"}}}).status == 200


def test_defaults_in_depth(api):
    stored = dry_run(
        api,
        pod(
            container={
                "ports": [{"containerPort": 80}],
                "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
                "readinessProbe": {"httpGet": {"port": 80}},
                "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                "volumeMounts": [{"name": "own", "mountPath": "/own"}],
            },
            volumes=[{"name": "own", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}],
        ),
    )
    (container,) = stored["spec"]["containers"]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert container["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert stored["status"]["qosClass"] == "Guaranteed"
    token = stored["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token == {"path": "t", "expirationSeconds": 3600}
    assert dry_run(api, pod(container={"resources": {"requests": {"cpu": "1"}}}))["status"]["qosClass"] == "Burstable"


def test_tolerations_and_priority(api):
    forever = {"operator": "Exists"}
    stored = dry_run(api, pod(tolerations=[forever], priorityClassName="system-node-critical"))["spec"]
    assert stored["tolerations"] == [forever]
    assert stored["priority"] == 2_000_001_000
    unknown = api.post(PODS, pod(priorityClassName="ghost"))
    assert (unknown.status, unknown.body["message"]) == (
        403,
        'pods "x" is forbidden: no PriorityClass with name ghost was found',
    )
    assert api.post(PODS, pod(priority=7)).status == 403


CONTAINER = "spec.containers[0]"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"containers": []}, "spec.containers", "Required value"),
        (
            {"restartPolicy": "Sometimes"},
            "spec.restartPolicy",
            'Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
        ),
        ({"container": {"image": None}}, f"{CONTAINER}.image", "Required value"),
        ({"container": {"name": None}}, f"{CONTAINER}.name", "Required value"),
        (
            {"container": {"imagePullPolicy": "Maybe"}},
            f"{CONTAINER}.imagePullPolicy",
            'Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
        ),
        (
            {"container": {"volumeMounts": [{"name": "ghost", "mountPath": "/x"}]}},
            f"{CONTAINER}.volumeMounts[0].name",
            'Not found: "ghost"',
        ),
        (
            {
                "volumes": [{"name": "v"}],
                "container": {"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "/y"}]},
            },
            f"{CONTAINER}.volumeMounts.subPath",
            'Invalid value: "/y": must be a relative path',
        ),
        (
            {
                "volumes": [{"name": "v"}],
                "container": {"volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "$(A)/../y"}]},
            },
            f"{CONTAINER}.volumeMounts.subPathExpr",
            "Invalid value: \"$(A)/../y\": must not contain '..'",
        ),
        (
            {
                "volumes": [{"name": "v"}],
                "container": {"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "y", "subPathExpr": "y"}]},
            },
            f"{CONTAINER}.volumeMounts[0].subPathExpr",
            'Invalid value: "y": subPathExpr and subPath are mutually exclusive',
        ),
        (
            {"container": {"env": [{"name": "A=B"}]}},
            f"{CONTAINER}.env[0].name",
            'Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters '
            "other than '='",
        ),
        (
            {"container": {"ports": [{"containerPort": 0}]}},
            f"{CONTAINER}.ports[0].containerPort",
            "Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"container": {"resources": {"requests": {"cpu": "1500m", "memory": "1"}, "limits": {"cpu": 1}}}},
            f"{CONTAINER}.resources.requests",
            'Invalid value: "1500m": must be less than or equal to cpu limit of 1',
        ),
        (
            {"container": {"resources": {"requests": {"memory": -1, "cpu": "1000m"}, "limits": {"cpu": 1}}}},
            f"{CONTAINER}.resources.requests[memory]",
            'Invalid value: "-1": must be greater than or equal to 0',
        ),
        (
            {"nodeName": "n", "schedulingGates": [{"name": "g"}]},
            "spec.nodeName",
            "Forbidden: cannot be set until all schedulingGates have been cleared",
        ),
        (
            {"initContainers": [{"name": "app", "image": "i"}]},
            "spec.initContainers[0].name",
            'Duplicate value: "app"',
        ),
        ({"volumes": [{"name": "v"}, {"name": "v"}]}, "spec.volumes[1].name", 'Duplicate value: "v"'),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]},
            "spec.volumes[0].secret",
            "Forbidden: may not specify more than 1 volume type",
        ),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 512}}]},
            "spec.volumes[0].secret.defaultMode",
            "Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
        ),
        (
            {"securityContext": {"runAsUser": -1}},
            "spec.securityContext.runAsUser",
            "Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ),
    ],
)
def test_rules(api, change, field, message):
    change = copy.deepcopy(change)
    answer = api.post(PODS, pod(container=change.pop("container", None), **change))
    assert answer.status == 422
    assert causes(answer) == [(field, message)]
    assert answer.body["message"] == f'Pod "x" is invalid: {field}: {message}'
    assert answer.body["details"]["name"] == "x"
    assert answer.body["details"]["kind"] == "Pod"


@pytest.mark.parametrize(
    ("token", "field", "message"),
    [
        (
            {"path": "t", "expirationSeconds": 599},
            "expirationSeconds",
            "Invalid value: 599: may not specify a duration less than 10 minutes",
        ),
        (
            {"path": "t", "expirationSeconds": 2**32 + 1},
            "expirationSeconds",
            "Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
        ),
        ({"path": "../t"}, "", "Invalid value: \"../t\": must not contain '..'"),
        ({"path": "..t"}, "", "Invalid value: \"..t\": must not start with '..'"),
        ({"path": "/t"}, "", 'Invalid value: "/t": must be a relative path'),
        ({}, "", "Required value"),
    ],
)
def test_projected_token_rules(api, token, field, message):
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": token}]}}
    answer = api.post(PODS, pod(volumes=[volume]))
    of_source = f"spec.volumes[0].projected.sources[0].serviceAccountToken.{field}"
    assert causes(answer) == [(of_source if field else "spec.volumes[0].projected.path", message)]


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ("spec.nodename", ".fieldPath", 'Invalid value: "spec.nodename": error converting fieldPath: field label not '),
        ("metadata.labels", ".fieldPath", 'Unsupported value: "metadata.labels": supported values: "metadata.name", '),
        ("metadata.labels['a b']", "", 'Invalid value: "a b": name part must consist of'),
        (
            "metadata.name['a']",
            ".fieldPath",
            "Invalid value: \"metadata.name['a']\": error converting fieldPath: field",
        ),
        ("", ".fieldPath", "Required value"),
        ("metadata.labels['a']['b']", "", "Invalid value: \"a']['b\": name part must consist of"),
        (
            "['a']",
            ".fieldPath",
            "Invalid value: \"['a']\": error converting fieldPath: field label not supported",
        ),
        ("metadata.annotations['eks.amazonaws.com/role-arn']", None, None),
    ],
)
def test_the_field_that_a_variable_takes_its_value_from(api, path, field, message):
    variable = {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}
    answer = api.post(PODS, pod(container={"env": [variable]}), dryRun="All")
    if field is None:
        assert answer.status == 201
        return
    [(where, said)] = causes(answer)
    assert where == f"{CONTAINER}.env[0].valueFrom.fieldRef{field}"
    assert said.startswith(message)


KEYS = {"items": [{"key": "a", "path": "t"}]}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (
            [{"secret": {"name": "s", **KEYS}}, {"configMap": {"name": "c", **KEYS}}],
            ['{volume}: Invalid value: "c": conflicting duplicate paths'],
        ),
        (
            [{"configMap": {"items": [{"path": "..t"}]}}],
            [
                "{source}.configMap.name: Required value",
                "{source}.configMap.items[0].key: Required value",
                "{source}.configMap.items[0].path: Invalid value: \"..t\": must not start with '..'",
            ],
        ),
        (
            [{"downwardAPI": {"items": [{"path": "t", "fieldRef": {"fieldPath": "spec.nodeName"}}, {"path": "u"}]}}],
            [
                '{source}.downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: '
                '"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
                "{source}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
            ],
        ),
        (
            [{"secret": {"name": "s"}, "serviceAccountToken": {"path": "t"}}],
            ["{source}: Forbidden: may not specify more than 1 volume type"],
        ),
        ([{}, {"serviceAccountToken": {"path": "t"}}, {"configMap": {"name": "c", **KEYS}}], []),
    ],
)
def test_the_sources_of_a_volume(api, sources, said):
    """As recorded from a real API server."""
    volume = "spec.volumes[0].projected"
    answer = api.post(PODS, pod(volumes=[{"name": "v", "projected": {"sources": sources}}]), dryRun="All")
    said = [text.format(volume=volume, source=f"{volume}.sources[0]") for text in said]
    assert answer.status == (422 if said else 201)
    assert not said or [f"{field}: {message}" for field, message in causes(answer)] == said


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (
            {"resources": {"requests": {"mem": "1Gi"}}},
            [
                'resources.requests[mem]: Invalid value: "mem": must be a standard resource type or fully qualified',
                'resources.requests[mem]: Invalid value: "mem": must be a standard resource for containers',
            ],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
            ["env[0].valueFrom.secretKeyRef.key: Required value"],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x"}}}]},
            [
                'env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "x": supported values: "limits.cpu", '
                '"limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", '
                '"requests.memory"'
            ],
        ),
        (
            {"envFrom": [{"configMapRef": {}}, {}]},
            [
                "envFrom[0].configMapRef.name: Required value",
                'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
            ],
        ),
    ],
)
def test_the_sources_of_variables(api, container, said):
    """As recorded from a real API server."""
    answer = api.post(PODS, pod(container=container))
    assert [f"{field}: {message}" for field, message in causes(answer)] == [f"{CONTAINER}.{text}" for text in said]


def test_several_causes_are_listed_in_brackets(api):
    answer = api.post(PODS, pod(container={"image": None, "name": None}))
    assert answer.body["message"] == (
        f'Pod "x" is invalid: [{CONTAINER}.name: Required value, {CONTAINER}.image: Required value]'
    )


def test_what_may_change_of_a_pod(api):
    api.post(PODS, pod())
    assert api.patch(f"{PODS}/x", {"metadata": {"labels": {"a": "b"}}}).status == 200
    assert api.patch(f"{PODS}/x", {"spec": {"containers": [{"name": "app", "image": "other"}]}}).status == 200
    assert api.patch(f"{PODS}/x", {"spec": {"activeDeadlineSeconds": 60}}).status == 200
    answer = api.patch(f"{PODS}/x", {"spec": {"serviceAccountName": "my-sa"}})
    assert answer.status == 422
    assert causes(answer)[0][0] == "spec"
    assert causes(answer)[0][1].startswith(
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    )
    # The tolerations that every Pod gets come back, if a patch replaces the list without them.
    added = api.patch(f"{PODS}/x", {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}})
    assert len(added.body["spec"]["tolerations"]) == 3
    for spec, cause in (
        (
            {"tolerations": None},
            ("spec.tolerations", "Forbidden: existing toleration can not be modified except its tolerationSeconds"),
        ),
        (
            {"activeDeadlineSeconds": 61},
            ("spec.activeDeadlineSeconds", "Invalid value: 61: must be less than or equal to previous value"),
        ),
        (
            {"schedulingGates": [{"name": "late"}]},
            ("spec.schedulingGates", "Forbidden: only deletion is allowed, but found new scheduling gate 'late'"),
        ),
        (
            {"activeDeadlineSeconds": None},
            (
                "spec.activeDeadlineSeconds",
                "Invalid value: null: must not update from a positive integer to nil value",
            ),
        ),
    ):
        assert causes(api.patch(f"{PODS}/x", {"spec": spec})) == [cause]


def test_status_is_a_path_of_its_own(api):
    api.post(PODS, {**pod(nodeName="another-node"), "status": {"phase": "Running"}})
    assert api.get(f"{PODS}/x").body["status"]["phase"] == "Pending"
    api.patch(f"{PODS}/x", {"status": {"phase": "Running"}}, MERGE)
    assert api.get(f"{PODS}/x/status").body["status"]["phase"] == "Pending"
    answer = api.patch(
        f"{PODS}/x/status",
        {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "b"}}},
        MERGE,
        fieldManager="me",
    )
    assert answer.body["status"]["phase"] == "Running"
    assert "labels" not in answer.body["metadata"]
    entry = next(entry for entry in answer.body["metadata"]["managedFields"] if entry["manager"] == "me")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:phase": {}}})


def test_a_node_has_a_status_as_discovery_says(api, world):
    node = f"/api/v1/nodes/{world.node_name}"
    assert api.get(f"{node}/status").body == api.get(node).body
    answer = api.patch(f"{node}/status", {"status": {"phase": "Running"}, "spec": {"unschedulable": True}}, MERGE)
    assert (answer.status, answer.body["status"]["phase"]) == (200, "Running")
    assert "unschedulable" not in answer.body["spec"]


def test_kubelet_runs_what_is_created_and_not_what_is_dry_run(api, world, simulation):
    dry_run(api, pod("dry"))
    api.post(PODS, pod("wet"))
    simulation.run(world.kubelet.settle(20))
    assert api.get(f"{PODS}/wet").body["status"]["phase"] == "Running"
    assert not [event for event in world.cluster.list("events") if event["involvedObject"]["name"] == "dry"]
