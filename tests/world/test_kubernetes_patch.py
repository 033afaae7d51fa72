"""Patches and server-side apply, alone and over HTTP."""

import pytest

from app.world.apiserver.patching.patch import json_patch, merge_patch, strategic_merge_patch
from app.world.apiserver.types.errors import ApiError
from tests.world.kubernetes_world import (
    ACCOUNTS,
    APPLY,
    CONFIGMAPS,
    JSON_PATCH,
    MERGE,
    PODS,
    SECRETS,
    STRATEGIC,
    account,
    pod,
)

pytestmark = pytest.mark.one_world


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        # The examples of RFC 7396, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(document, patch, result):
    assert merge_patch(document, patch) == result


def containers(*items):
    return {"spec": {"containers": list(items)}}


A, B, C = ({"name": name, "image": "1"} for name in "abc")


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        (containers(A, B), containers({"name": "b", "image": "2"}), containers(A, {"name": "b", "image": "2"})),
        # Recorded from kube-apiserver 1.20: what is new in the patch comes before what the patch does not mention.
        (containers(A), containers(B), containers(B, A)),
        (containers(A), containers(A, B), containers(A, B)),
        (containers(A, B), containers(C, B), containers(C, A, B)),
        (
            containers(A, B),
            {"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}], "containers": [C]}},
            containers(C, A, B),
        ),
        (
            containers(C, A, B),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            containers(C, B, A),
        ),
        ({"spec": {}}, containers({"image": "1"}), containers({"image": "1"})),
        (containers(A, B), containers({"name": "a", "$patch": "delete"}), containers(B)),
        (containers(A), containers({"$patch": "replace"}, B), containers(B)),
        (containers(A, B), containers({"name": "a", "image": None}), containers({"name": "a"}, B)),
        (
            containers(A, B),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            containers(B, A),
        ),
        (
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
            {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]}},
            {"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}},
        ),
        (
            {"spec": {"nodeSelector": {"a": "1"}}},
            {"spec": {"nodeSelector": {"$patch": "replace", "b": "2"}}},
            {"spec": {"nodeSelector": {"b": "2"}}},
        ),
        (
            {"spec": {"nodeSelector": {"a": "1"}}},
            {"spec": {"nodeSelector": {"$patch": "delete"}}},
            {"spec": {"nodeSelector": {}}},
        ),
        (
            {"metadata": {"finalizers": ["a/b"]}},
            {"metadata": {"finalizers": ["c/d"]}},
            {"metadata": {"finalizers": ["c/d", "a/b"]}},
        ),
        (
            {"metadata": {"finalizers": ["a/b", "c/d"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}},
            {"metadata": {"finalizers": ["c/d"]}},
        ),
        # A list without keys is replaced.
        (
            {"spec": {"tolerations": [{"key": "a"}]}},
            {"spec": {"tolerations": [{"key": "b"}]}},
            {"spec": {"tolerations": [{"key": "b"}]}},
        ),
        (
            containers({"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}),
            containers({"name": "a", "volumeMounts": [{"name": "w", "mountPath": "/x"}]}),
            containers({"name": "a", "volumeMounts": [{"name": "w", "mountPath": "/x"}]}),
        ),
    ],
)
def test_strategic_merge_patch(document, patch, result):
    assert strategic_merge_patch(document, patch, "Pod") == result


@pytest.mark.parametrize(
    "patch",
    [
        [],
        containers({"image": "1"}),
        containers("a"),
        {"spec": {"$patch": "explode"}},
        {"spec": {"$retainKeys": "a"}},
        {"spec": {"$setElementOrder/containers": "a"}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}},
    ],
)
def test_strategic_merge_patches_that_make_no_sense(patch):
    with pytest.raises(ApiError) as refused:
        strategic_merge_patch({**containers(A), "metadata": {"finalizers": ["a/b"]}}, patch, "Pod")
    assert refused.value.code == 400


def test_patches_leave_their_arguments_alone():
    document, patch = containers(A), containers({"name": "a", "image": "2"})
    strategic_merge_patch(document, patch, "Pod")
    merge_patch(document, {"spec": {"containers": []}})
    json_patch(document, [{"op": "remove", "path": "/spec"}])
    assert (document, patch) == (containers(A), containers({"name": "a", "image": "2"}))


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({}, 400),
        ([7], 400),
        ([{"op": "explode", "path": "/a"}], 422),
        ([{"op": "remove", "path": "/ghost"}], 422),
        ([{"op": "test", "path": "/a", "value": 2}], 422),
        ([{"op": "add", "path": "a", "value": 2}], 422),
        ([{"op": "add", "path": 7, "value": 2}], 422),
        ([{"op": "add"}], 422),
        ([{"op": "copy", "path": "/b"}], 422),
        ([{"op": "add", "path": "/b/999999999999", "value": 2}], 422),
        ([{"op": "test", "path": "/a", "value": 1}] * 10_001, 413),
        ([{"op": "copy", "from": "", "path": "/b/-"}] * 40, 413),
    ],
)
def test_json_patches_that_do_not_apply(patch, code):
    with pytest.raises(ApiError) as refused:
        json_patch({"a": 1, "b": ["x" * 1000]}, patch)
    assert refused.value.code == code


def test_the_three_patches_over_http(api):
    api.post(ACCOUNTS, account(labels={"a": "1"}))
    strategic = api.patch(f"{ACCOUNTS}/x", {"secrets": [{"name": "s"}]})
    assert strategic.body["secrets"] == [{"name": "s"}]
    assert api.patch(f"{ACCOUNTS}/x", {"secrets": [{"name": "t"}]}).body["secrets"] == [{"name": "t"}, {"name": "s"}]
    assert api.patch(f"{ACCOUNTS}/x", {"secrets": [{"name": "t"}]}, MERGE).body["secrets"] == [{"name": "t"}]
    operations = [
        {"op": "test", "path": "/metadata/labels/a", "value": "1"},
        {"op": "replace", "path": "/metadata/labels/a", "value": "2"},
        {"op": "add", "path": "/metadata/annotations", "value": {"eks.amazonaws.com/role-arn": "arn"}},
    ]
    patched = api.patch(f"{ACCOUNTS}/x", operations, JSON_PATCH).body["metadata"]
    assert (patched["labels"], patched["annotations"]) == ({"a": "2"}, {"eks.amazonaws.com/role-arn": "arn"})
    failed = api.patch(f"{ACCOUNTS}/x", operations, JSON_PATCH)
    assert (failed.status, failed.body["message"]) == (
        422,
        "the server rejected our request due to an error in our request",
    )


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", MERGE, 400),
        (b"[]", MERGE, 400),
        (b'{"metadata": 7}', MERGE, 422),
        (b'{"metadata": null}', MERGE, 200),
        (b'{"kind": "Pod"}', MERGE, 400),
        (b'{"metadata": {"name": "y"}}', MERGE, 400),
        (b"{}", "application/json", 415),
        (b"{}", "", 415),
        (b'[{"op": "replace", "path": "", "value": 7}]', JSON_PATCH, 400),
        (b'[{"op": "remove", "path": "/metadata/name"}]', JSON_PATCH, 200),
    ],
)
def test_patches_that_make_no_object(api, body, content_type, status):
    api.post(ACCOUNTS, account())
    assert api.patch(f"{ACCOUNTS}/x", body, content_type).status == status
    assert api.patch(f"{ACCOUNTS}/ghost", {}, MERGE).status == 404


# Recorded from kube-apiserver 1.20, whose decoder is that of the newer ones; the prefix is in their `patch.go`.
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{bad", "invalid character 'b' looking for beginning of object key string"),
        (b"", "unexpected end of JSON input"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b'{"a":{"b":2]}', "invalid character ']' after object key:value pair"),
    ],
)
def test_a_patch_that_is_no_json_is_refused_in_the_servers_words(api, body, said):
    api.post(ACCOUNTS, account())
    decoding = "error decoding patch: "
    for content_type, before in ((STRATEGIC, ""), (MERGE, decoding), (JSON_PATCH, decoding)):
        answer = api.patch(f"{ACCOUNTS}/x", body, content_type)
        assert (answer.status, answer.body["reason"], answer.body["message"]) == (400, "BadRequest", before + said)


def apply(api, path, body, manager="me", **query):
    return api.patch(path, body, APPLY, fieldManager=manager, **query)


CONFIG = f"{CONFIGMAPS}/c"


def config(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def owners(answer):
    return {entry["manager"]: entry["fieldsV1"] for entry in answer.body["metadata"]["managedFields"]}


def test_patches_that_change_a_type(api):
    path = f"{ACCOUNTS}/my-sa"
    answer = api.patch(path, {"metadata": {"annotations": {"a": 1}}}, MERGE)
    reason = "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string"
    assert answer.status == 422
    assert answer.body["message"].startswith(' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"v1\\",')
    assert answer.body["message"].endswith(f": {reason}")
    [cause] = answer.body["details"].pop("causes")
    assert (cause["reason"], cause["field"]) == ("FieldValueInvalid", "patch")
    assert answer.body["details"] == {}
    assert api.patch(path, [{"op": "replace", "path": "/metadata", "value": "x"}], JSON_PATCH).status == 422
    answer = api.patch(path, [1], MERGE)
    assert answer.body["message"] == (
        "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
    )


def container(**fields):
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **fields}]}}}}


# Recorded from kube-apiserver 1.20.
@pytest.mark.parametrize(
    ("patch", "shown", "why"),
    [
        ({"metadata": {"annotations": {"a": True}}}, "map[annotations:map[a:true]]", "unrecognized type: string"),
        ({"metadata": {"annotations": {"a": 1}}}, "map[annotations:map[a:1]]", "cannot convert int64 to string"),
        ({"metadata": {"annotations": [1, None]}}, "map[annotations:[1 <nil>]]", "cannot restore map from slice"),
        ({"metadata": {"creationTimestamp": 5}}, "5", "json: cannot unmarshal number into Go value of type string"),
        ({"spec": {"replicas": "2"}}, "map[spec:map[replicas:2]]", "unrecognized type: int32"),
        ({"spec": {"replicas": 1.5}}, "map[spec:map[replicas:1.5]]", "cannot convert float64 to int32"),
        ({"spec": {"paused": 1}}, "map[spec:map[paused:1]]", "unrecognized type: bool"),
        ({"spec": {"template": "x"}}, "map[spec:map[template:x]]", "cannot restore struct from: string"),
        (
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": "x"}}}},
            "map[terminationGracePeriodSeconds:x]",
            "unrecognized type: int64",
        ),
        (container(command="x"), "[map[command:x name:app]]", "cannot restore slice from string"),
        (container(resources={"limits": {"cpu": True}}), "map[cpu:true]", "quantities must match the regular"),
        (
            {"spec": {"strategy": {"rollingUpdate": {"maxSurge": True}}}},
            "map[maxSurge:true]",
            "json: cannot unmarshal bool into Go value of type int32",
        ),
    ],
)
def test_strategic_merge_patches_that_change_a_type(api, patch, shown, why):
    deployments, labels = "/apis/apps/v1/namespaces/default/deployments", {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    assert api.post(deployments, {"metadata": {"name": "x"}, "spec": spec}).status == 201
    answer = api.patch(f"{deployments}/x", patch)
    assert answer.status == 422
    given, _, reason = answer.body["message"].removeprefix(' "" is invalid: patch: Invalid value: "').partition('": ')
    assert shown in given
    assert reason.startswith(why)


def test_a_strategic_merge_patch_of_a_secret_is_in_base64(api):
    api.post(SECRETS, {"metadata": {"name": "s"}})
    answer = api.patch(f"{SECRETS}/s", {"data": {"a": "???"}})
    assert answer.body["message"].endswith(": error decoding from json: illegal base64 data at input byte 0")


def test_apply_creates_then_changes_then_removes(api):
    created = apply(api, CONFIG, config(a="1", b="2"))
    assert created.status == 201
    assert owners(created) == {"me": {"f:data": {"f:a": {}, "f:b": {}}}}
    assert created.body["metadata"]["managedFields"][0]["operation"] == "Apply"
    again = apply(api, CONFIG, config(a="1", b="2"))
    assert again.status == 200
    assert again.body["metadata"]["resourceVersion"] == created.body["metadata"]["resourceVersion"]
    changed = apply(api, CONFIG, config(a="3"))
    assert changed.body["data"] == {"a": "3"}
    assert owners(changed) == {"me": {"f:data": {"f:a": {}}}}


def test_apply_conflicts(api):
    apply(api, CONFIG, config(a="1", b="2"))
    refused = apply(api, CONFIG, config(a="other"), "you")
    assert refused.status == 409
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "me": .data.a'
    assert refused.body["reason"] == "Conflict"
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "me"', "field": ".data.a"}
    ]
    assert apply(api, CONFIG, config(a="x", b="y"), "you").body["message"] == (
        'Apply failed with 2 conflicts: conflicts with "me":\n- .data.a\n- .data.b'
    )
    # Wanting the same is no conflict: then both own it, and one may let go of it.
    assert owners(apply(api, CONFIG, config(a="1"), "you")).keys() == {"me", "you"}
    assert apply(api, CONFIG, config(b="2")).body["data"] == {"a": "1", "b": "2"}
    forced = apply(api, CONFIG, config(b="taken"), "you", force="true")
    assert forced.body["data"] == {"b": "taken"}
    assert owners(forced) == {"you": {"f:data": {"f:b": {}}}}


@pytest.mark.parametrize(
    ("last", "manager", "status"),
    [
        ('{"data":{"a":"1"}}', "kubectl", 200),
        ('{"data":{"a":"1"}}', "me", 409),
        ('{"data":{"a":"0"}}', "kubectl", 409),
        ('{"data":{"a":0}}', "kubectl", 409),
        ("{", "kubectl", 409),
    ],
)
def test_apply_takes_over_what_kubectl_has_applied_as_a_client(api, last, manager, status):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last}
    path, _, name = CONFIG.rpartition("/")
    made = {"metadata": {"name": name, "annotations": annotations}, "data": {"a": "1"}}
    assert api.post(path, made, fieldManager="kubectl-client-side-apply").status == 201
    assert apply(api, CONFIG, config(a="2"), manager).status == status


def test_apply_conflicts_with_an_update(api):
    apply(api, CONFIG, config(a="1"))
    api.patch(CONFIG, {"data": {"a": "2"}}, MERGE, fieldManager="kubectl-patch")
    refused = apply(api, CONFIG, config(a="1"))
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.a'


def test_an_update_takes_fields_over_and_forgets_what_is_gone(api):
    apply(api, CONFIG, config(a="1", b="2"))
    answer = api.patch(CONFIG, {"data": {"a": "2", "b": None}}, MERGE, fieldManager="you")
    assert owners(answer) == {"you": {"f:data": {"f:a": {}}}}


def test_apply_merges_lists_by_key(api):
    body = {"apiVersion": "v1", "kind": "Pod", **pod(serviceAccountName="my-sa")}
    created = apply(api, f"{PODS}/x", body)
    assert created.status == 201
    fields = owners(created)["me"]
    assert fields["f:spec"]["f:containers"] == {
        'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}, "f:command": {}}
    }
    labelled = {**body, "metadata": {"name": "x", "labels": {"a": "b"}}}
    assert apply(api, f"{PODS}/x", labelled).body["metadata"]["labels"] == {"a": "b"}
    assert len(api.get(f"{PODS}/x").body["spec"]["volumes"]) == 2, "what the webhook added stays"
    other = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"containers": [{"name": "app", "image": "other"}]},
    }
    assert apply(api, f"{PODS}/x", other, "you").body["message"] == (
        'Apply failed with 1 conflict: conflict with "me": .spec.containers[name="app"].image'
    )
    assert apply(api, f"{PODS}/x", other, "you", force="true").body["spec"]["containers"][0]["image"] == "other"


def test_apply_removes_list_elements_and_finalizers(api):
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "finalizers": ["a/b"]}}
    full = {**body, "secrets": [{"name": "s"}, {"name": "t"}]}
    created = apply(api, f"{ACCOUNTS}/x", full)
    assert owners(created)["me"]["f:metadata"] == {"f:finalizers": {'v:"a/b"': {}}}
    api.patch(f"{ACCOUNTS}/x", {"secrets": [{"name": "u"}]}, fieldManager="you")
    fewer = apply(api, f"{ACCOUNTS}/x", {**body, "metadata": {"name": "x"}, "secrets": [{"name": "t"}]})
    assert fewer.body["secrets"] == [{"name": "u"}, {"name": "t"}]
    assert "finalizers" not in fewer.body["metadata"]


@pytest.mark.parametrize(
    ("body", "query", "status", "text"),
    [
        (config(a="1"), {}, 422, "fieldManager: Required value: is required for apply patch"),
        (config(a="1"), {"fieldManager": "x" * 129}, 422, "fieldManager: Too long: may not be more than 128 bytes"),
        ({**config(), "colour": "red"}, {"fieldManager": "me"}, 400, ".colour: field not declared in schema"),
        ({"kind": "Pod", "apiVersion": "v1"}, {"fieldManager": "me"}, 400, "cannot be handled as a ConfigMap"),
        (b"a: [", {"fieldManager": "me"}, 400, "error decoding YAML"),
        (b"- a", {"fieldManager": "me"}, 400, "error decoding YAML"),
        ({**config(), "metadata": {"name": "d"}}, {"fieldManager": "me"}, 400, "does not match the name on the URL"),
        (
            {**config(), "metadata": {"managedFields": [{"manager": "me"}]}},
            {"fieldManager": "me"},
            400,
            "metadata.managedFields must be nil",
        ),
    ],
)
def test_applies_that_are_refused(api, body, query, status, text):
    answer = api.patch(CONFIG, body, APPLY, **query)
    assert answer.status == status
    assert text in answer.body["message"]


@pytest.mark.parametrize(
    ("containers", "text"),
    [
        ([{"image": "i"}], 'omits key field "name"'),
        ([{"name": "a"}, {"name": "a"}], 'duplicate entries for key {"name":"a"}'),
    ],
)
def test_apply_needs_keys(api, containers, text):
    body = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}}
    answer = apply(api, f"{PODS}/x", body)
    assert (answer.status, text in answer.body["message"]) == (400, True)


def test_apply_in_yaml_and_dry(api):
    yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {when: 2001-01-01}\n"
    assert apply(api, CONFIG, yaml, dryRun="All").body["data"] == {"when": "2001-01-01"}
    assert api.get(CONFIG).status == 404


def test_managed_fields_may_be_written_but_junk_owns_nothing(api):
    api.post(CONFIGMAPS, config(a="1"))
    junk = [
        {
            "manager": "m",
            "operation": "Update",
            "fieldsV1": {"k:[": {"f:x": {}}, "f:data": {"f:a": {}, "v:?": 7}, "x": 1},
        }
    ]
    answer = api.patch(CONFIG, {"metadata": {"managedFields": junk}}, MERGE)
    assert answer.status == 200
    assert owners(answer)["m"] == {"f:data": {"f:a": {}}}
