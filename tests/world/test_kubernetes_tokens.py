"""TokenRequest: claims, bounds, bindings, and the tokens' life as credentials for the API server itself."""

import re

import jwt
import pytest

from tests.world.kubernetes_world import ACCOUNTS, PODS, RBAC_GROUP, SECRETS, Api, account, causes, grant, pod

pytestmark = pytest.mark.one_world

TOKEN = f"{ACCOUNTS}/my-sa/token"
GONE = "service account token has been invalidated"


def request(**spec):
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}


def claims_of(answer):
    assert answer.status == 201, answer.body
    return jwt.decode(answer.body["status"]["token"], options={"verify_signature": False})


def uid_of(api, path):
    return api.get(path).body["metadata"]["uid"]


def test_an_unbound_token(api, world):
    before = int(world.clock.now())
    answer = api.post(TOKEN, request(audiences=["sts.amazonaws.com"], expirationSeconds=900))
    claims = claims_of(answer)
    assert list(claims) == ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert before <= claims["iat"] <= world.clock.now()
    assert (claims["nbf"], claims["exp"]) == (claims["iat"], claims["iat"] + 900)
    assert claims["iss"] == world.issuer
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", claims["jti"])
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "my-sa", "uid": uid_of(api, f"{ACCOUNTS}/my-sa")},
    }
    assert claims["sub"] == "system:serviceaccount:default:my-sa"
    header = jwt.get_unverified_header(answer.body["status"]["token"])
    assert header == {"alg": "RS256", "kid": world.keys.current.kid}
    jwt.decode(
        answer.body["status"]["token"],
        world.keys.current.public_key,
        algorithms=["RS256"],
        audience="sts.amazonaws.com",
    )
    assert answer.body["spec"] == {
        "audiences": ["sts.amazonaws.com"],
        "expirationSeconds": 900,
        "boundObjectRef": None,
    }
    assert (answer.body["metadata"]["name"], answer.body["metadata"]["namespace"]) == ("my-sa", "default")


def test_defaults(api, world):
    answer = api.post(TOKEN, {"spec": {}})
    claims = claims_of(answer)
    assert claims["aud"] == [world.api_audience]
    assert claims["exp"] - claims["iat"] == 3600
    assert claims_of(api.post(TOKEN, {}))["aud"] == [world.api_audience]


def test_tokens_differ_and_follow_the_clock(api, world, simulation):
    first = claims_of(api.post(TOKEN, request()))
    simulation.move_clock(world, 5000)
    second = claims_of(api.post(TOKEN, request()))
    assert first["jti"] != second["jti"]
    assert second["iat"] - first["iat"] >= 5000


def test_bound_to_a_pod_and_so_to_its_node(api, world):
    uid = uid_of(api, f"{PODS}/pod-after")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "pod-after", "uid": uid}
    answer = api.post(TOKEN, request(audiences=["a", "b"], boundObjectRef=reference))
    private = claims_of(answer)["kubernetes.io"]
    assert list(private) == ["namespace", "node", "pod", "serviceaccount"]
    assert private["pod"] == {"name": "pod-after", "uid": uid}
    assert private["node"] == {"name": world.node_name, "uid": world.node_uid}
    assert answer.body["spec"]["boundObjectRef"] == reference


def test_bound_to_a_secret_or_the_node(api, world):
    api.post(SECRETS, {"metadata": {"name": "s"}})
    bound = claims_of(api.post(TOKEN, request(boundObjectRef={"kind": "Secret", "apiVersion": "v1", "name": "s"})))
    assert bound["kubernetes.io"]["secret"] == {"name": "s", "uid": uid_of(api, f"{SECRETS}/s")}
    node = {"kind": "Node", "apiVersion": "v1", "name": world.node_name}
    assert claims_of(api.post(TOKEN, request(boundObjectRef=node)))["kubernetes.io"]["node"]["uid"] == world.node_uid
    ghost = api.post(TOKEN, request(boundObjectRef={**node, "name": "ghost"}))
    assert (ghost.status, ghost.body["message"]) == (404, 'nodes "ghost" not found')


@pytest.mark.parametrize(
    ("reference", "status", "message"),
    [
        ({"kind": "Pod", "apiVersion": "v1", "name": "ghost-pod"}, 404, 'pods "ghost-pod" not found'),
        (
            {"kind": "Pod", "apiVersion": "v1", "name": "pod-before"},
            400,
            'cannot bind token for serviceaccount "my-sa" to pod running with different serviceaccount name.',
        ),
        (
            {"kind": "Pod", "apiVersion": "v1", "name": "pod-after", "uid": "other"},
            409,
            'Operation cannot be fulfilled on Pod "pod-after": the UID in the bound object reference (other) does not '
            "match the UID in record. The object might have been deleted and then recreated",
        ),
        (
            {"kind": "Deployment", "apiVersion": "apps/v1", "name": "x"},
            400,
            "cannot bind token to object of type apps/v1, Kind=Deployment",
        ),
        ({}, 400, "cannot bind token to object of type /, Kind="),
    ],
)
def test_bindings_that_are_refused(api, reference, status, message):
    answer = api.post(TOKEN, request(boundObjectRef=reference or {"uid": "x"}))
    assert (answer.status, answer.body["message"]) == (status, message)


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (599, "Invalid value: 599: may not specify a duration less than 10 minutes"),
        (0, "Invalid value: 0: may not specify a duration less than 10 minutes"),
        (-1, "Invalid value: -1: may not specify a duration less than 10 minutes"),
        (2**32 + 1, "Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_expiration_is_bounded(api, seconds, message):
    """recorded/http/tokenrequest-422-short.http."""
    answer = api.post(TOKEN, request(expirationSeconds=seconds))
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: {message}',
        "reason": "Invalid",
        "details": {
            "group": "authentication.k8s.io",
            "kind": "TokenRequest",
            "causes": [{"reason": "FieldValueInvalid", "message": message, "field": "spec.expirationSeconds"}],
        },
        "code": 422,
    }


def test_a_day_is_the_longest(api):
    answer = api.post(TOKEN, request(expirationSeconds=2**32))
    claims = claims_of(answer)
    assert claims["exp"] - claims["iat"] == answer.body["spec"]["expirationSeconds"] == 86400
    assert answer.headers["warning"] == (
        '299 - "requested expiration of 4294967296 seconds shortened to 86400 seconds"'
    )
    assert "warning" not in api.post(TOKEN, request(expirationSeconds=86400)).headers


@pytest.mark.parametrize(
    ("spec", "bound", "stretched"),
    [
        ({"expirationSeconds": 3607}, True, True),
        ({"expirationSeconds": 3607}, False, False),
        ({"expirationSeconds": 3608}, True, False),
        ({"expirationSeconds": 3607, "audiences": ["sts.amazonaws.com"]}, True, False),
        ({"expirationSeconds": 86400, "audiences": ["sts.amazonaws.com"]}, True, False),
    ],
)
def test_warnafter_is_for_a_pods_own_api_token_alone(api, spec, bound, stretched):
    if bound:
        spec = {**spec, "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "pod-after"}}
    answer = api.post(TOKEN, request(**spec))
    claims = claims_of(answer)
    if stretched:
        assert claims["exp"] - claims["iat"] == 90 * 86400
        assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + 3607
    else:
        assert claims["exp"] - claims["iat"] == spec["expirationSeconds"]
        assert "warnafter" not in claims["kubernetes.io"]
    assert answer.body["spec"]["expirationSeconds"] == spec["expirationSeconds"]


def test_an_unknown_account_and_a_wrong_body(api):
    """recorded/http/tokenrequest-404-ghost-sa.http."""
    answer = api.post(f"{ACCOUNTS}/ghost-sa/token", request())
    assert (answer.status, answer.body["message"]) == (404, 'serviceaccounts "ghost-sa" not found')
    assert answer.body["details"] == {"name": "ghost-sa", "kind": "serviceaccounts"}
    assert api.post(TOKEN, {**request(), "kind": "Pod"}).status == 400
    for wrong in (
        {"audiences": "sts"},
        {"expirationSeconds": 600.5},
        {"expirationSeconds": 2**63},
        {"boundObjectRef": 7},
    ):
        assert api.post(TOKEN, request(**wrong)).status == 400, wrong
    assert api.post(TOKEN, request(expirationSeconds=600.0)).status == 201


def token_for(api, name="my-sa", **spec):
    return api.post(f"{ACCOUNTS}/{name}/token", request(**spec)).body["status"]["token"]


def who(simulation, world, token):
    api = Api(simulation, world, token)
    answer = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    api.close()
    return answer


def test_a_token_speaks_for_its_account(simulation, world, api):
    uid = uid_of(api, f"{PODS}/pod-after")
    token = token_for(api, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "pod-after"})
    info = who(simulation, world, token).body["status"]["userInfo"]
    assert info["username"] == "system:serviceaccount:default:my-sa"
    assert info["uid"] == uid_of(api, f"{ACCOUNTS}/my-sa")
    assert info["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    ]
    assert info["extra"]["authentication.kubernetes.io/pod-name"] == ["pod-after"]
    assert info["extra"]["authentication.kubernetes.io/pod-uid"] == [uid]
    assert info["extra"]["authentication.kubernetes.io/node-name"] == [world.node_name]
    (credential,) = info["extra"]["authentication.kubernetes.io/credential-id"]
    assert credential == f"JTI={jwt.decode(token, options={'verify_signature': False})['jti']}"


def assert_unknown(answer):
    assert answer.status == 401
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_a_token_for_sts_is_not_for_the_api(simulation, world, api):
    assert_unknown(who(simulation, world, token_for(api, audiences=["sts.amazonaws.com"])))
    both = token_for(api, audiences=["sts.amazonaws.com", world.api_audience])
    assert who(simulation, world, both).status == 201


def test_a_token_dies_with_time_key_account_and_pod(simulation, world, api):
    api.post(ACCOUNTS, account())
    api.post(PODS, pod(serviceAccountName="x"))
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "x"}
    free, of_pod, short = token_for(api, "x"), token_for(api, "x", boundObjectRef=bound), token_for(api)
    assert all(who(simulation, world, token).status == 201 for token in (free, of_pod, short))
    # The Pod goes, and comes again: another one.
    api.delete(f"{PODS}/x")
    assert_unknown(who(simulation, world, of_pod))
    api.post(PODS, pod(serviceAccountName="x"))
    assert_unknown(who(simulation, world, of_pod))
    assert who(simulation, world, free).status == 201
    # The same of the ServiceAccount.
    api.delete(f"{ACCOUNTS}/x")
    api.post(ACCOUNTS, account())
    assert_unknown(who(simulation, world, free))
    # Time.
    simulation.move_clock(world, 3661)
    assert_unknown(who(simulation, world, short))
    early = token_for(api)
    simulation.move_clock(world, -7200)
    assert_unknown(who(simulation, world, early))


def test_a_forged_token_is_unknown(simulation, world, other_world, api):
    token = token_for(api)
    head, body, signature = token.split(".")
    stranger = Api(simulation, other_world)
    foreign = token_for(stranger)
    stranger.close()
    swapped = token_for(api, "default").split(".")[1]
    hs256 = jwt.encode(
        jwt.decode(token, options={"verify_signature": False}),
        "k" * 32,
        algorithm="HS256",
        headers={"kid": world.keys.current.kid},
    )
    none = jwt.encode({"sub": "x"}, None, algorithm="none")
    for forged in (foreign, f"{head}.{swapped}.{signature}", f"{head}.{body}.", hs256, none, "nonsense", "a.b.c"):
        assert_unknown(who(simulation, world, forged))


def test_rotated_keys(simulation, world, api):
    token = token_for(api)
    simulation.run(_rotate(world))
    assert who(simulation, world, token).status == 201, "the old key is still published"
    assert jwt.get_unverified_header(token_for(api))["kid"] != jwt.get_unverified_header(token)["kid"]


async def _rotate(world):
    world.keys.rotate()


def test_kubelet_gets_tokens_for_its_own_pods_alone(simulation, world, api):
    node = Api(simulation, world, world.node_token)
    api.post(PODS, pod("elsewhere", serviceAccountName="my-sa", nodeName="another-node"))
    bound = {
        name: {"kind": "Pod", "apiVersion": "v1", "name": name, "uid": uid_of(api, f"{PODS}/{name}")}
        for name in ("pod-after", "elsewhere")
    }
    own, requested = bound["pod-after"], "node requested token"
    unknown = (
        f"not found in pod spec volume, {world.node_user.name} is not authorized to request tokens for this audience"
    )
    for reference, audiences, why in (
        (None, [], f"{requested} not bound to a pod"),
        (own | {"uid": ""}, [], f"{requested} with a pod binding without a uid"),
        (bound["elsewhere"], [], f"{requested} bound to a pod scheduled on a different node"),
        (own, ["a", "b"], "node may only request 0 or 1 audiences"),
        (own, ["vault"], f'audience "vault" {unknown}'),
        (own, [world.api_audience], f'audience "{world.api_audience}" {unknown}'),
    ):
        refused = node.post(TOKEN, request(boundObjectRef=reference, audiences=audiences))
        assert refused.status == 403
        assert refused.body["message"] == f'serviceaccounts "my-sa" is forbidden: {why}'
    grant(
        api,
        "vault",
        namespace="default",
        subject={"kind": "User", "apiGroup": RBAC_GROUP, "name": world.node_user.name},
        verbs=["request-serviceaccounts-token-audience"],
        resources=["vault"],
        resourceNames=["my-sa"],
    )
    for audiences in ([], ["sts.amazonaws.com"], ["vault"]):
        assert node.post(TOKEN, request(boundObjectRef=own, audiences=audiences)).status == 201
    assert node.get(f"{ACCOUNTS}/my-sa").status == 200
    assert node.post(ACCOUNTS, account()).status == 403
    node.close()


def test_a_dry_run_gives_no_token(api):
    assert api.post(TOKEN, request(), dryRun="All").body["status"]["token"] == ""


def test_a_request_with_metadata_is_about_the_account_of_the_url(api):
    assert api.post(TOKEN, {**request(), "metadata": {"name": "my-sa", "namespace": "default"}}).status == 201
    assert causes(api.post(TOKEN, {**request(), "metadata": {"name": "other"}})) == [
        ("metadata.name", 'Invalid value: "other": must match the service account name if specified')
    ]
    answer = api.post(TOKEN, {**request(), "metadata": {"namespace": "other"}})
    assert (answer.status, "does not match the namespace sent" in answer.body["message"]) == (400, True)


def test_a_token_in_a_namespace_that_is_not_there(api):
    answer = api.post(TOKEN.replace("default", "nope"), request())
    assert (answer.status, answer.body["message"]) == (404, 'namespaces "nope" not found')


def test_causes_name_the_field(api):
    assert causes(api.post(TOKEN, request(expirationSeconds=1)))[0][0] == "spec.expirationSeconds"


def reviewed(api, token, *audiences):
    spec = {"token": token} | ({"audiences": list(audiences)} if audiences else {})
    answer = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": spec})
    assert answer.status == 201
    return answer.body["status"]


def test_a_token_review_knows_a_token_for_sts_by_its_audience(api):
    token = token_for(api, audiences=["sts.amazonaws.com"])
    assert reviewed(api, token, "sts.amazonaws.com", "elsewhere") == {
        "authenticated": True,
        "user": {
            "username": "system:serviceaccount:default:my-sa",
            "uid": uid_of(api, f"{ACCOUNTS}/my-sa"),
            "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
            "extra": {
                "authentication.kubernetes.io/credential-id": [
                    f"JTI={jwt.decode(token, options={'verify_signature': False})['jti']}"
                ]
            },
        },
        "audiences": ["sts.amazonaws.com"],
    }
    assert reviewed(api, token) == {
        "user": {},
        "error": '[invalid bearer token, token audiences ["sts.amazonaws.com"] is invalid for the target audiences '
        '["https://kubernetes.default.svc"]]',
    }


def test_a_token_review_refuses_the_token_of_a_pod_that_is_gone(world, api):
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "pod-after"}
    token = token_for(api, audiences=["sts.amazonaws.com"], boundObjectRef=bound)
    assert reviewed(api, token, "sts.amazonaws.com")["authenticated"] is True
    old = uid_of(api, f"{PODS}/pod-after")
    assert api.delete(f"{PODS}/pod-after").status == 200
    assert reviewed(api, token, "sts.amazonaws.com") == {"user": {}, "error": f"[invalid bearer token, {GONE}]"}
    spec = {"serviceAccountName": "my-sa", "containers": [{"name": "app", "image": "busybox"}]}
    new = api.post(PODS, {"metadata": {"name": "pod-after"}, "spec": spec}).body["metadata"]["uid"]
    other = f"pod UID ({new}) does not match service account pod ref claim ({old})"
    assert reviewed(api, token, "sts.amazonaws.com")["error"] == f"[invalid bearer token, {other}]"
    assert api.delete(f"{ACCOUNTS}/my-sa").status == 200
    missing = '[invalid bearer token, serviceaccounts "my-sa" not found]'
    assert reviewed(api, token, "sts.amazonaws.com")["error"] == missing


@pytest.mark.parametrize(
    ("path", "bound", "why"),
    [
        (f"{PODS}/pod-after", {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "pod-after"}}, GONE),
        (f"{ACCOUNTS}/my-sa", {}, "service account default/my-sa has been deleted"),
    ],
)
def test_what_a_finalizer_keeps_vouches_for_a_token_for_a_minute(world, api, path, bound, why):
    kept = {"metadata": {"finalizers": ["example.com/kept"]}}
    assert api.patch(path, kept).status == 200
    token = token_for(api, audiences=["sts.amazonaws.com"], **bound)
    assert api.delete(path).body["metadata"]["deletionTimestamp"]
    world.clock.move(55)
    assert reviewed(api, token, "sts.amazonaws.com")["authenticated"] is True
    world.clock.move(10)
    assert reviewed(api, token, "sts.amazonaws.com")["error"] == f"[invalid bearer token, {why}]"


@pytest.mark.parametrize("away", [-90_000, 90_000])
def test_a_token_lives_by_the_worlds_clock_and_a_minute_longer(world, api, away):
    world.clock.move(away)
    token = token_for(api, audiences=["sts.amazonaws.com"], expirationSeconds=600)
    for seconds, why in ((0, ""), (655, ""), (665, "has expired"), (-55, ""), (-65, "is not valid yet")):
        world.clock.move(seconds)
        error = f"[invalid bearer token, service account token {why}]"
        assert reviewed(api, token, "sts.amazonaws.com").get("error") == (error if why else None)
        world.clock.move(-seconds)


def test_a_token_review_refuses_what_is_no_token(world, api):
    token = token_for(api, audiences=["sts.amazonaws.com"])
    for junk in ("x", "a.b.c", f"{token[:-8]}AAAAAAAA", world.admin_token + "x"):
        assert reviewed(api, junk, "sts.amazonaws.com") == {"user": {}, "error": "invalid bearer token"}
    assert reviewed(api, world.admin_token)["user"]["username"] == "kubernetes-admin"
    assert api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {}}).status == 400
