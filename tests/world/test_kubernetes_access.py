"""Who may do what, in the API server's own words; discovery; the questions about oneself."""

import pytest

from tests.waiting import eventually
from tests.world.kubernetes_world import (
    ACCOUNTS,
    MERGE,
    NAMESPACES,
    PODS,
    RBAC,
    RBAC_GROUP,
    WEBHOOKS,
    Api,
    account,
    grant,
)

pytestmark = pytest.mark.one_world

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
def limited(simulation, world, api):
    """Speaks as ServiceAccount default/my-sa."""
    token = api.post(f"{ACCOUNTS}/my-sa/token", {}).body["status"]["token"]
    limited = Api(simulation, world, token)
    yield limited
    limited.close()


@pytest.fixture
def anonymous(simulation, world):
    anonymous = Api(simulation, world, "")
    yield anonymous
    anonymous.close()


USER = 'User "system:serviceaccount:default:my-sa"'


@pytest.mark.parametrize(
    ("method", "path", "message", "details"),
    [
        (
            "GET",
            f"{ACCOUNTS}/my-sa",
            f'serviceaccounts "my-sa" is forbidden: {USER} cannot get resource "serviceaccounts" in API group "" '
            'in the namespace "default"',
            {"name": "my-sa", "kind": "serviceaccounts"},
        ),
        (
            "POST",
            f"{ACCOUNTS}/my-sa/token",
            f'serviceaccounts "my-sa" is forbidden: {USER} cannot create resource "serviceaccounts/token" in API '
            'group "" in the namespace "default"',
            {"name": "my-sa", "kind": "serviceaccounts"},
        ),
        (
            "GET",
            "/api/v1/pods",
            f'pods is forbidden: {USER} cannot list resource "pods" in API group "" at the cluster scope',
            {"kind": "pods"},
        ),
        (
            "GET",
            WEBHOOKS,
            f"mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: {USER} cannot list resource "
            '"mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope',
            {"group": "admissionregistration.k8s.io", "kind": "mutatingwebhookconfigurations"},
        ),
        (
            "GET",
            f"{NAMESPACES}/default",
            f'namespaces "default" is forbidden: {USER} cannot get resource "namespaces" in API group "" '
            'in the namespace "default"',
            {"name": "default", "kind": "namespaces"},
        ),
        ("GET", "/metrics", f'forbidden: {USER} cannot get path "/metrics"', {}),
    ],
)
def test_the_words_of_a_refusal(limited, method, path, message, details):
    answer = limited.ask(method, path)
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "Forbidden",
        "details": details,
        "code": 403,
    }


def test_nobody_in_particular(anonymous, api):
    """recorded/http/anonymous-403-discovery.http."""
    answer = anonymous.get("/.well-known/openid-configuration")
    assert (answer.status, answer.body["details"]) == (403, {})
    assert answer.body["message"] == (
        'forbidden: User "system:anonymous" cannot get path "/.well-known/openid-configuration"'
    )
    assert anonymous.get("/version").status == 200
    assert anonymous.get("/livez").body == "ok"
    assert anonymous.get("/api").status == 403
    assert anonymous.get(PODS).status == 403
    bindings, name = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "system:service-account-issuer-discovery"
    body = api.get(f"{bindings}/{name}").body
    body["subjects"][0]["name"] = "system:unauthenticated"
    assert api.post(bindings, {"metadata": {"name": "all"}, "roleRef": body["roleRef"], "subjects": body["subjects"]})
    assert [anonymous.get(path).status for path in ("/openid/v1/jwks", "/openid/v1/jwks/", "/api")] == [200, 200, 403]


def test_health(api, anonymous):
    """The texts of a real API server, which has more checks."""
    passed = "[+]ping ok\n{} check passed\n"
    for name in ("healthz", "livez", "readyz"):
        assert [api.get(f"/{name}/ping").body, api.get(f"/{name}?exclude=ping").body] == ["ok"] * 2
        assert anonymous.get(f"/{name}?verbose").body == passed.format(name)
        assert (api.get(f"/{name}/etcd").status, anonymous.get(f"/{name}/ping").status) == (404, 403)
    assert api.get("/readyz?verbose&exclude=ping&exclude=b&exclude=a").body == (
        "[+]ping excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "a","b"\nreadyz check passed\n'
    )


def test_what_every_account_may(limited):
    for path in ("/version", "/api", "/apis", "/api/v1", "/openapi/v3", "/.well-known/openid-configuration"):
        assert limited.get(path).status == 200
    assert [limited.get(path).status for path in ("/versions", "/apix")] == [403, 403]
    assert limited.get("/openid/v1/jwks").headers["content-type"] == "application/jwk-set+json"


def test_bound_roles_are_rules(api, limited):
    subject = {"kind": "Group", "apiGroup": RBAC_GROUP, "name": "system:serviceaccounts:default"}
    grant(api, "reads", subject=subject, namespace="default", verbs=["get", "list"], resources=["pods"])
    assert limited.get(PODS).status == 200
    assert limited.get(f"{PODS}/pod-after").status == 200
    assert limited.get(PODS, watch="true").status == 403
    assert limited.get(f"{PODS}/pod-after/log").status == 403
    assert limited.get("/api/v1/namespaces/kube-system/pods").status == 403
    assert limited.get("/api/v1/pods").status == 403
    grant(api, "logs", verbs=["*"], resources=["*/log"], resourceNames=["pod-after"])
    assert limited.get(f"{PODS}/pod-after/log").status == 200
    assert limited.get(f"{PODS}/pod-before/log").status == 403
    grant(api, "one", verbs=["list", "watch"], resources=["serviceaccounts"], resourceNames=["my-sa"])
    asked = [f"metadata.name={name}" for name in ("my-sa", "default", "%my-sa", "\\", "my-sa,metadata.name!=x")]
    answers = [limited.get(ACCOUNTS, fieldSelector=each) for each in asked]
    assert [answer.status for answer in answers] == [200, 403, 403, 403, 200]
    assert answers[1].body["message"].startswith('serviceaccounts "default" is forbidden: ')
    watched = [limited.get(ACCOUNTS, fieldSelector=each, watch="true", resourceVersion="x") for each in asked[:2]]
    assert [answer.status for answer in watched] == [400, 403]


def test_asking_about_oneself(api, limited):
    ask = lambda speaker, **attributes: speaker.post(REVIEW, {"spec": {"resourceAttributes": attributes}}).body  # noqa: E731
    assert ask(api, verb="create", resource="pods", namespace="default")["status"] == {"allowed": True}
    answer = ask(limited, verb="create", resource="pods", namespace="default")
    assert (answer["kind"], answer["status"]) == ("SelfSubjectAccessReview", {"allowed": False})
    path = {"spec": {"nonResourceAttributes": {"path": "/version", "verb": "get"}}}
    assert limited.post(REVIEW, path).body["status"]["allowed"] is True
    rules = limited.post(REVIEW.replace("access", "rules"), {"spec": {"namespace": "default"}}).body["status"]
    assert {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]} in rules[
        "resourceRules"
    ]
    everything = api.post(REVIEW.replace("access", "rules"), {"spec": {"namespace": "default"}}).body["status"]
    assert [rule["nonResourceURLs"] for rule in everything["nonResourceRules"]].count(["*"]) == 1
    assert limited.post(REVIEW.replace("access", "rules"), {"spec": {}}).body["message"] == "no namespace on request"


ALLOWED_BY = "RBAC: allowed by "


def test_asking_about_another_user(api, limited):
    grant(api, "reads", namespace="default", verbs=["get"], resources=["pods"])
    grant(
        api, "nodes", subject={"kind": "Group", "apiGroup": RBAC_GROUP, "name": "g"}, verbs=["get"], resources=["nodes"]
    )
    body = {"metadata": {"name": "lost"}, "roleRef": {"apiGroup": RBAC_GROUP, "kind": "Role", "name": "nope"}}
    body["subjects"] = [{"kind": "User", "apiGroup": RBAC_GROUP, "name": "alice"}]
    assert api.post(f"{RBAC}/namespaces/default/rolebindings", body).status == 201

    def ask(resource, **user):
        spec = {**user, "resourceAttributes": {"verb": "get", "resource": resource, "namespace": "default"}}
        found = api.post(REVIEW.replace("self", ""), {"spec": spec})
        assert (found.status, found.body["spec"], found.body["metadata"]) == (201, spec, {"creationTimestamp": None})
        local = REVIEW.replace("v1/self", "v1/namespaces/default/local")
        assert api.post(local, {"spec": spec}).body["status"] == found.body["status"]
        return found.body["status"]

    assert ask("pods", user=MY_SA) == {
        "allowed": True,
        "reason": ALLOWED_BY + 'RoleBinding "reads/default" of Role "reads" to ServiceAccount "my-sa/default"',
    }
    assert ask("nodes", user=MY_SA) == {"allowed": False}
    assert ask("nodes", groups=["g"]) == {
        "allowed": True,
        "reason": ALLOWED_BY + 'ClusterRoleBinding "nodes" of ClusterRole "nodes" to Group "g"',
    }
    assert ask("nodes", user="alice", groups=["system:masters"]) == {"allowed": True}
    assert ask("nodes", user="alice", extra={"a": ["b"]}, uid="u") == {
        "allowed": False,
        "reason": 'RBAC: role.rbac.authorization.k8s.io "nope" not found',
    }
    spec = {"groups": ["system:authenticated"], "nonResourceAttributes": {"path": "/version", "verb": "get"}}
    role = '"system:public-info-viewer"'
    assert api.post(REVIEW.replace("self", ""), {"spec": spec}).body["status"]["reason"] == (
        f'{ALLOWED_BY}ClusterRoleBinding {role} of ClusterRole {role} to Group "system:authenticated"'
    )
    assert limited.post(REVIEW.replace("self", ""), {"spec": spec}).status == 403
    assert api.post(REVIEW.replace("self", "local"), {"spec": spec}).status == 404


READS_PODS = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
GETS_X = {"nonResourceAttributes": {"path": "/x", "verb": "get"}}


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (
            "self",
            {"spec": {}},
            "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes "
            "must be specified",
        ),
        (
            "self",
            {"metadata": {"name": "x"}, "spec": READS_PODS | GETS_X},
            '[spec.nonResourceAttributes: Invalid value: {"path":"/x","verb":"get"}: cannot be specified in '
            'combination with resourceAttributes, metadata: Invalid value: {"name":"x"}: must be empty]',
        ),
        ("", {"spec": READS_PODS}, 'spec.user: Invalid value: "": at least one of user or group must be specified'),
        (
            "local",
            {"spec": {"user": "a", **READS_PODS}},
            'spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace',
        ),
        (
            "local",
            {"metadata": {"name": "x"}, "spec": {"user": "a", **GETS_X}},
            '[metadata: Invalid value: {"name":"x","namespace":"default"}: must be empty except for namespace, '
            'spec.nonResourceAttributes: Invalid value: {"path":"/x","verb":"get"}: disallowed on this kind of '
            "request]",
        ),
    ],
)
def test_reviews_that_are_refused(api, kind, body, message):
    """The message of a real API server has no kind before the group."""
    path = REVIEW.replace("self", kind)
    path = path.replace("v1/", "v1/namespaces/default/") if kind == "local" else path
    answer = api.post(path, body)
    assert (answer.status, answer.body["message"]) == (422, f'.authorization.k8s.io "" is invalid: {message}')


MY_SA = "system:serviceaccount:default:my-sa"
WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def test_acting_as_a_service_account(api):
    headers = {"impersonate-user": MY_SA}
    answer = api.get(f"{ACCOUNTS}/my-sa", headers=headers)
    assert answer.body["message"] == (
        f'serviceaccounts "my-sa" is forbidden: User "{MY_SA}" cannot get resource "serviceaccounts" in API group "" '
        'in the namespace "default"'
    )
    assert api.get("/openid/v1/jwks", headers=headers).status == 200
    assert api.post(WHOAMI, {}, headers=headers).body["status"]["userInfo"] == {
        "username": MY_SA,
        "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
    }


@pytest.mark.parametrize(
    ("headers", "info"),
    [
        ({"user": "alice"}, {"username": "alice"}),
        ({"user": "alice", "group": "a"}, {"username": "alice", "groups": ["a", "system:authenticated"]}),
        (
            {"user": "alice", "uid": "7", "extra-example.com%2fscope": "x"},
            {
                "username": "alice",
                "uid": "7",
                "groups": ["system:authenticated"],
                "extra": {"example.com/scope": ["x"]},
            },
        ),
        ({"user": MY_SA, "group": "a"}, {"username": MY_SA, "groups": ["a", "system:authenticated"]}),
        (
            {"user": "alice", "group": "system:masters"},
            {"username": "alice", "groups": ["system:masters", "system:authenticated"]},
        ),
        ({"user": "system:serviceaccount:a"}, {"username": "system:serviceaccount:a"}),
        ({"user": "system:serviceaccount:a:b:c"}, {"username": "system:serviceaccount:a:b:c"}),
    ],
)
def test_acting_as_somebody(api, headers, info):
    found = api.post(WHOAMI, {}, headers={f"impersonate-{name}": value for name, value in headers.items()})
    assert found.body["status"]["userInfo"] == {"groups": ["system:authenticated"], **info}


@pytest.mark.parametrize("user", ["system:anonymous", "system:masters"])
def test_acting_as_nobody_in_particular(api, user):
    answer = api.get(PODS, headers={"impersonate-user": user})
    assert (answer.status, f'User "{user}"' in answer.body["message"]) == (403, True)
    for header in ("group", "uid", "extra-scope"):
        assert api.get(PODS, headers={f"impersonate-{header}": "system:masters"}).status == 400
    unauthenticated = {"impersonate-user": "alice", "impersonate-group": "system:unauthenticated"}
    assert [api.get(path, headers=unauthenticated).status for path in ("/version", "/api")] == [200, 403]


def test_acting_as_somebody_must_be_allowed(api, limited):
    answer = limited.get("/version", headers={"impersonate-user": "alice"})
    assert answer.body["message"] == (
        f'users "alice" is forbidden: {USER} cannot impersonate resource "users" in API group "" at the cluster scope'
    )
    assert limited.get("/version", headers={"impersonate-user": MY_SA}).body["message"] == (
        f'serviceaccounts "my-sa" is forbidden: {USER} cannot impersonate resource "serviceaccounts" in API group "" '
        'in the namespace "default"'
    )
    grant(api, "acts", verbs=["impersonate"], resources=["users"], resourceNames=["alice"])
    assert limited.get("/version", headers={"impersonate-user": "alice"}).status == 200
    masters = {"impersonate-user": "alice", "impersonate-group": "system:masters"}
    assert limited.get("/version", headers=masters).body["message"].startswith('groups "system:masters" is forbidden')


def test_a_world_knows_its_own_tokens_alone(simulation, world, other_world):
    stranger = Api(simulation, world, other_world.admin_token)
    assert stranger.get(PODS).status == 401
    stranger.client.base_url = f"{simulation.kubernetes_url}/k8s/{'0' * 32}"
    assert stranger.get(PODS).status == 404
    stranger.close()


def test_the_authorization_header(api):
    for header, status in (
        ("bearer " + api.world.admin_token, 200),
        ("Bearer   " + api.world.admin_token, 200),
        ("Basic YTpi", 403),
        ("Bearer", 403),
        ("Bearer x", 401),
        ("Bearer é", 401),
    ):
        assert api.get(PODS, headers={"authorization": header.encode()}).status == status, header


def test_the_host_is_checked(api):
    assert api.get("/version", headers={"host": "rebound.example.com"}).status == 400
    assert api.get("/version", headers={"host": "localhost:1"}).status == 200


def test_openid_documents(api, world):
    answer = api.get("/.well-known/openid-configuration")
    assert list(answer.body) == [
        "issuer",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ]
    assert answer.body["issuer"] == world.issuer
    assert answer.body["jwks_uri"].endswith(".ap-northeast-1.compute.internal:443/openid/v1/jwks")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    (key,) = api.get("/openid/v1/jwks").body["keys"]
    assert list(key) == ["use", "kty", "kid", "alg", "n", "e"]
    assert key["kid"] == world.keys.current.kid


def test_version_and_discovery(api):
    version = api.get("/version").body
    assert version["gitVersion"] == "v1.33.5-eks-irsa-explorer"
    assert version["platform"] == "linux/amd64"
    resources = {item["name"]: item for item in api.get("/api/v1").body["resources"]}
    assert resources["serviceaccounts/token"] == {
        "name": "serviceaccounts/token",
        "singularName": "",
        "namespaced": True,
        "group": "authentication.k8s.io",
        "version": "v1",
        "kind": "TokenRequest",
        "verbs": ["create"],
    }
    assert resources["pods"]["shortNames"] == ["po"]
    groups = [group["name"] for group in api.get("/apis").body["groups"]]
    served = ("admissionregistration", "authentication", "authorization", "coordination", "discovery")
    served += ("networking", "rbac.authorization")
    assert groups == sorted(["apps", "autoscaling", "batch", *(f"{name}.k8s.io" for name in served)])
    assert api.get("/apis/authentication.k8s.io").body["kind"] == "APIGroup"
    assert api.get("/apis/ghost").status == api.get("/apis/ghost/v1").status == api.get("/api/v9").status == 404


def test_openapi_says_that_the_server_validates(api):
    paths = api.get("/openapi/v3").body["paths"]
    assert paths["api/v1"]["serverRelativeURL"].startswith(f"/k8s/{api.world.path}/openapi/v3/api/v1")
    document = api.get("/openapi/v3/api/v1").body
    post = document["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]
    assert "fieldValidation" in [parameter["name"] for parameter in post["parameters"]]
    assert api.get("/openapi/v3/apis/ghost/v1").status == 404


def test_answers_carry_an_id_and_are_not_cached(api):
    first, second = api.get("/version"), api.post(ACCOUNTS, account(), dryRun="All")
    assert first.headers["audit-id"] != second.headers["audit-id"]
    assert first.headers["cache-control"] == "no-cache, private"


def test_the_rules_of_a_role_count_once_however_often_it_is_bound(api, limited):
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["deletecollection"]}]
    api.post(f"{rbac}/clusterroles", {"metadata": {"name": "twice"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "twice"}
    subjects = [{"kind": "ServiceAccount", "name": "my-sa", "namespace": "default"}] * 3
    for name in ("one", "other"):
        body = {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects}
        assert api.post(f"{rbac}/clusterrolebindings", body).status == 201
        for namespace in ("default", "kube-system"):
            assert api.post(f"{rbac}/namespaces/{namespace}/rolebindings", body).status == 201
    rules_review = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    found = limited.post(rules_review, {"spec": {"namespace": "default"}}).body["status"]["resourceRules"]
    # Once for the whole cluster, and once for the namespace.
    assert [rule["verbs"] for rule in found].count(["deletecollection"]) == 2


def test_aggregated_roles_follow_what_they_select(api, limited):
    path = f"{RBAC}/clusterroles"
    rules = lambda name: api.get(f"{path}/{name}").body["rules"]  # noqa: E731
    before = [rules(name) for name in ("admin", "edit", "view")]
    subjects = [{"kind": "ServiceAccount", "name": "my-sa", "namespace": "default"}]
    api.post(
        f"{RBAC}/clusterrolebindings",
        {"metadata": {"name": "views"}, "subjects": subjects, **refers("ClusterRole", "view")},
    )
    assert limited.get("/api/v1/nodes").status == 403
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    nodes = {"verbs": ["list"], "apiGroups": [""], "resources": ["nodes"]}
    api.post(path, {"metadata": {"name": "nodes", "labels": labels}, "rules": [nodes, nodes]})
    eventually(lambda: rules("admin").count(nodes) == 1)
    assert limited.get("/api/v1/nodes").status == 200
    api.delete(f"{path}/nodes")
    eventually(lambda: [rules(name) for name in ("admin", "edit", "view")] == before)
    assert limited.get("/api/v1/nodes").status == 403


@pytest.mark.parametrize(
    ("selectors", "message"),
    [
        ([], ": Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"),
        (
            [{"matchExpressions": [{"key": "a", "operator": "Foo"}]}],
            "[0]: Invalid value: null: invalid label selector.]",
        ),
    ],
)
def test_aggregation_rules_that_are_refused(api, selectors, message):
    body = {"metadata": {"name": "all"}, "aggregationRule": {"clusterRoleSelectors": selectors}}
    answer = api.post(f"{RBAC}/clusterroles", body)
    assert (answer.status, answer.body["message"].endswith(f"aggregationRule.clusterRoleSelectors{message}")) == (
        422,
        True,
    )


HOLDER = f'user "{MY_SA}" (groups=["system:serviceaccounts" "system:serviceaccounts:default" "system:authenticated"])'
LACKING = f"{HOLDER} is attempting to grant RBAC permissions not currently held:\n"
READS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}


def refers(kind, name):
    return {"roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}}


@pytest.mark.parametrize(
    ("plural", "body", "message"),
    [
        ("roles", {"rules": [READS]}, None),
        ("roles", {"rules": [{**READS, "resourceNames": ["a", "b"]}]}, None),
        ("roles", {"rules": [{**READS, "resources": ["pods/log"], "verbs": ["watch"]}]}, None),
        (
            "roles",
            {"rules": [{**READS, "resources": ["secrets", "pods"], "verbs": ["get", "delete"]}]},
            'roles.rbac.authorization.k8s.io "new" is forbidden: '
            + LACKING
            + '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
            '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
        ),
        (
            "roles",
            {"rules": [{**READS, "resources": ["pods/exec"], "resourceNames": ["a", "b"]}]},
            '{APIGroups:[""], Resources:["pods/exec"], ResourceNames:["a"], Verbs:["get" "list"]}\n'
            '{APIGroups:[""], Resources:["pods/exec"], ResourceNames:["b"], Verbs:["get" "list"]}',
        ),
        ("clusterroles", {"rules": [READS]}, '\n{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'),
        ("clusterroles", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/api/v1"]}]}, None),
        (
            "clusterroles",
            {"rules": [{"verbs": ["get", "post"], "nonResourceURLs": ["/healthz", "/metrics"]}]},
            '\n{NonResourceURLs:["/healthz"], Verbs:["post"]}\n{NonResourceURLs:["/metrics"], Verbs:["get"]}\n'
            '{NonResourceURLs:["/metrics"], Verbs:["post"]}',
        ),
        ("clusterroles", {"rules": [{name: ["*"] * 200 for name in ("verbs", "apiGroups", "resources")}]}, "that many"),
        (
            "clusterroles",
            {"aggregationRule": {"clusterRoleSelectors": [{}]}},
            'clusterroles.rbac.authorization.k8s.io "new" is forbidden: must have cluster-admin privileges to use the '
            "aggregationRule",
        ),
        ("rolebindings", refers("Role", "pods"), None),
        ("rolebindings", refers("ClusterRole", "view"), "attempting to grant RBAC permissions"),
        ("rolebindings", refers("ClusterRole", "edit"), None),
        ("rolebindings", refers("Role", "nope"), 'role.rbac.authorization.k8s.io "nope" not found'),
        (
            "clusterrolebindings",
            refers("ClusterRole", "pods"),
            'clusterrole.rbac.authorization.k8s.io "pods" not found',
        ),
        ("clusterrolebindings", refers("ClusterRole", "logs"), None),
        ("clusterrolebindings", {}, 'roleRef.kind: Unsupported value: "": supported values: "ClusterRole"'),
    ],
)
def test_nobody_grants_what_they_do_not_have(api, limited, plural, body, message):
    grant(api, "writes", apiGroups=[RBAC_GROUP], verbs=["create"], resources=["*"])
    grant(api, "pods", namespace="default", verbs=["get", "list"], resources=["pods"])
    grant(api, "logs", verbs=["*"], resources=["*/log"])
    grant(api, "binds", apiGroups=[RBAC_GROUP], verbs=["bind"], resources=["clusterroles"], resourceNames=["edit"])
    path = RBAC if plural.startswith("cluster") else f"{RBAC}/namespaces/default"
    answer = limited.post(f"{path}/{plural}", {"metadata": {"name": "new"}, **body}, dryRun="All")
    assert (answer.status == 201) == (message is None)
    assert message is None or message in answer.body["message"]


def test_a_role_is_changed_by_those_alone_who_have_what_it_grants_or_may_escalate_it(api, limited):
    grant(api, "writes", apiGroups=[RBAC_GROUP], verbs=["patch"], resources=["roles"])
    grant(api, "escalates", apiGroups=[RBAC_GROUP], verbs=["escalate"], resources=["roles"], resourceNames=["free"])
    for name in ("free", "other"):
        role = {"metadata": {"name": name}, "rules": [READS]}
        assert api.post(f"{RBAC}/namespaces/default/roles", role).status == 201
    change = lambda name, **metadata: limited.ask(  # noqa: E731
        "PATCH", f"{RBAC}/namespaces/default/roles/{name}", {"metadata": metadata}, content_type=MERGE
    )
    assert change("other", labels={"a": "b"}).body["message"].endswith('Resources:["pods"], Verbs:["get" "list"]}')
    assert change("free", labels={"a": "b"}).status == 200
    assert change("other", ownerReferences=[], finalizers=["a.example/b"]).status == 200
    assert change("other", finalizers=None).status == 200
