"""EKS through boto3: the cluster, associations of Pod Identity, tags, and tokens of `aws eks get-token`."""

import base64
import datetime
import json

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.world.aws import iam
from app.world.aws.eks import eks_token
from app.world.setup.roles import POD_IDENTITY_TRUST, create_role
from tests.world.aws_world import refused

pytestmark = pytest.mark.one_world
CLUSTER = "irsa"


@pytest.fixture
def eks(aws):
    return aws("eks")


@pytest.fixture
def of_pods(world):
    """The ARN of a role for Pod Identity."""
    create_role(world, "of-pods", POD_IDENTITY_TRUST)
    return world.account.roles["of-pods"].arn


# The cluster


def test_a_cluster_shows_what_a_client_needs(world, eks):
    assert eks.list_clusters()["clusters"] == [CLUSTER]
    found = eks.describe_cluster(name=CLUSTER)["cluster"]
    assert found["identity"]["oidc"]["issuer"] == world.issuer
    assert found["endpoint"] == world.api_url
    assert base64.b64decode(found["certificateAuthority"]["data"]) == world.root_ca_pem
    assert (found["status"], found["version"]) == ("ACTIVE", "1.33")
    assert found["createdAt"].timestamp() == pytest.approx(world.clock.now(), abs=3600)


@pytest.mark.parametrize(
    ("operation", "asked", "code", "message"),
    [
        ("describe_cluster", {"name": "nope"}, "ResourceNotFoundException", "No cluster found for name: nope."),
        (
            "describe_addon",
            {"clusterName": CLUSTER, "addonName": "eks-pod-identity-agent"},
            "ResourceNotFoundException",
            "No addon: eks-pod-identity-agent found in cluster: irsa",
        ),
        ("list_nodegroups", {"clusterName": CLUSTER}, "NotSimulated", None),
    ],
)
def test_what_is_not_there(eks, operation, asked, code, message):
    with refused(code, message):
        getattr(eks, operation)(**asked)


def test_clusters_are_in_one_region(world, simulation):
    key = world.account.admin
    elsewhere = boto3.client(
        "eks", endpoint_url=simulation.aws_url, region_name="us-east-1",
        aws_access_key_id=key.access_key_id, aws_secret_access_key=key.secret_access_key,
    )  # fmt: skip
    assert elsewhere.list_clusters()["clusters"] == []


def test_a_caller_needs_the_permission(world, aws):
    iam.call(world.account, "CreateUser", {"UserName": "dev"})
    made = iam.call(world.account, "CreateAccessKey", {"UserName": "dev"})["AccessKey"]
    dev = aws("eks", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
    with refused("AccessDeniedException", status=403):
        dev.describe_cluster(name=CLUSTER)


def test_tags_of_a_cluster(world, eks):
    arn = world.eks_cluster.arn
    eks.tag_resource(resourceArn=arn, tags={"alpha.eksctl.io/cluster-oidc-enabled": "true", "team": "payments"})
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"alpha.eksctl.io/cluster-oidc-enabled": "true"}
    assert eks.describe_cluster(name=CLUSTER)["cluster"]["tags"] == {"alpha.eksctl.io/cluster-oidc-enabled": "true"}


# Pod Identity


def test_an_association_from_its_creation_to_its_end(world, eks, of_pods):
    asked = {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "my-sa", "roleArn": of_pods}
    made = eks.create_pod_identity_association(**asked, tags={"team": "a"})["association"]
    assert world.eks_cluster.is_associated("default", "my-sa"), "the webhook asks this"
    with refused("ResourceInUseException", f"Association already exists: {made['associationId']}", 409):
        eks.create_pod_identity_association(**asked)
    one = {"clusterName": CLUSTER, "associationId": made["associationId"]}
    assert eks.describe_pod_identity_association(**one)["association"]["roleArn"] == of_pods
    (listed,) = eks.list_pod_identity_associations(clusterName=CLUSTER, namespace="default")["associations"]
    assert listed["associationArn"].endswith(f":podidentityassociation/irsa/{made['associationId']}")
    assert "roleArn" not in listed
    assert eks.list_pod_identity_associations(clusterName=CLUSTER, namespace="other")["associations"] == []
    create_role(world, "of-others", POD_IDENTITY_TRUST)
    other = world.account.roles["of-others"].arn
    assert eks.update_pod_identity_association(**one, roleArn=other)["association"]["roleArn"] == other
    changed = eks.update_pod_identity_association(**one, targetRoleArn=of_pods, disableSessionTags=True)["association"]
    assert (changed["roleArn"], changed["targetRoleArn"], changed["disableSessionTags"]) == (other, of_pods, True)
    with refused("NotSimulated", status=400):
        eks.update_pod_identity_association(**one, policy="{}")
    eks.delete_pod_identity_association(**one)
    assert not world.eks_cluster.is_associated("default", "my-sa")
    with refused("ResourceNotFoundException", status=404):
        eks.describe_pod_identity_association(**one)


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("nobody", "Role provided in the request does not exist."),
        ("s3-reader", "Trust policy of the role provided is invalid"),
    ],
)
def test_an_association_needs_a_role_that_trusts_pod_identity(world, eks, role, message):
    arn = f"arn:aws:iam::{world.account_id}:role/{role}"
    with refused("InvalidParameterException", message, 400):
        eks.create_pod_identity_association(
            clusterName=CLUSTER, namespace="default", serviceAccount="my-sa", roleArn=arn
        )


def test_an_association_takes_the_right_to_pass_its_role_to_eks(world, aws, of_pods):
    reader = world.account.open_session(world.account.roles["s3-reader"], "session", 3600)
    named = {"aws_access_key_id": reader.access_key_id, "aws_session_token": reader.session_token}
    eks = aws("eks", **named, aws_secret_access_key=reader.secret_access_key)

    def create(service):
        condition = {"Condition": {"StringEquals": {"iam:PassedToService": service}}}
        statements = [
            {"Effect": "Allow", "Action": "eks:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": of_pods, **condition},
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.call(world.account, "PutRolePolicy", {"RoleName": "s3-reader", "PolicyName": "p", "PolicyDocument": policy})
        return eks.create_pod_identity_association(
            clusterName=CLUSTER, namespace="default", serviceAccount="my-sa", roleArn=of_pods
        )

    with refused("AccessDeniedException", status=403):
        create("ec2.amazonaws.com")
    assert create("pods.eks.amazonaws.com")["association"]["roleArn"] == of_pods


# Tokens


def token(world, key=None, *, cluster=CLUSTER, url="https://sts.ap-northeast-1.amazonaws.com/", **signed):
    """A token as `aws eks get-token` makes it."""
    key = key or world.account.admin
    action = signed.get("action", "GetCallerIdentity")
    headers = {"x-k8s-aws-id": cluster} if cluster else {}
    request = AWSRequest("GET", f"{url}?Action={action}&Version=2011-06-15", headers=headers)
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token or None)
    signer = SigV4QueryAuth(credentials, signed.get("service", "sts"), world.region, expires=signed.get("expires", 60))
    signer.add_auth(request)
    return eks_token.PREFIX + base64.urlsafe_b64encode(request.url.encode()).decode().rstrip("=")


def who_am_i(api, bearer):
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    return api.post(path, review, headers={"authorization": f"Bearer {bearer}"})


@pytest.mark.parametrize("host", ["sts", "AWS_ENDPOINT_URL"])
def test_the_clusters_creator_is_its_administrator(world, simulation, api, host):
    urls = {"sts": "https://sts.ap-northeast-1.amazonaws.com/", "AWS_ENDPOINT_URL": f"{simulation.aws_url}/"}
    answer = who_am_i(api, token(world, url=urls[host]))
    assert answer.status == 201, answer.body
    user = answer.body["status"]["userInfo"]
    assert user["groups"] == ["system:masters", "system:authenticated"]
    assert user["uid"] == f"aws-iam-authenticator:{world.account_id}:{world.account.admin.user_id}"
    assert user["extra"]["arn"] == [world.account.admin.arn]


def test_the_node_is_a_node(world, api):
    session = world.account.open_session(world.account.roles[world.node_role_name], world.instance_id, 3600)
    user = who_am_i(api, token(world, session)).body["status"]["userInfo"]
    assert user["username"] == f"system:node:{world.node_name}"
    assert "system:nodes" in user["groups"]
    assert user["extra"]["canonicalArn"] == [world.account.roles[world.node_role_name].arn]


def of_another_user(world):
    iam.call(world.account, "CreateUser", {"UserName": "dev"})
    return token(world, world.account.add_user_key(world.account.users["dev"]))


def of_a_role(world):
    return token(world, world.account.open_session(world.account.roles["s3-reader"], "s", 3600))


def tampered(world):
    url = base64.urlsafe_b64decode(token(world).removeprefix(eks_token.PREFIX) + "==").decode()
    return (
        eks_token.PREFIX
        + base64.urlsafe_b64encode(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61").encode()).decode()
    )


def old(world):
    with pytest.MonkeyPatch.context() as patch:
        before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=16)
        patch.setattr("botocore.auth.get_current_datetime", lambda: before)
        return token(world)


@pytest.mark.parametrize(
    "make",
    [
        of_another_user,
        of_a_role,
        tampered,
        old,
        pytest.param(lambda world: token(world, world.other_account.admin), id="another account"),
        pytest.param(lambda world: token(world, cluster="other"), id="another cluster"),
        pytest.param(lambda world: token(world, cluster=""), id="no cluster"),
        pytest.param(lambda world: token(world, action="GetSessionToken"), id="another action"),
        pytest.param(lambda world: token(world, service="s3"), id="another service"),
        pytest.param(lambda world: token(world, expires=901), id="too long"),
        pytest.param(lambda world: token(world, url="https://sts.example.com/"), id="another host"),
        pytest.param(lambda world: token(world, url="http://sts.amazonaws.com/"), id="http"),
        pytest.param(lambda world: token(world, url="https://sts.amazonaws.com/x"), id="a path"),
        pytest.param(lambda world: token(world) + "A" * 4096, id="too large"),
        pytest.param(lambda world: eks_token.PREFIX, id="empty"),
        pytest.param(lambda world: eks_token.PREFIX + "%", id="no base64"),
        pytest.param(lambda world: eks_token.PREFIX + "aHR0cHM6Ly9b", id="no URL"),
    ],
)
def test_no_one_else_gets_in(world, api, make):
    answer = who_am_i(api, make(world))
    assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


def test_the_learner_of_another_world_does_not_get_in(world, other_world, api):
    answer = who_am_i(api, token(world, other_world.account.admin))
    assert answer.status == 401


def test_kubectl_get_raw_finds_the_world_by_the_token(world, simulation, api):
    elsewhere = f"{simulation.kubernetes_url}/openid/v1/jwks"
    mine = api.post("/api/v1/namespaces/default/serviceaccounts/my-sa/token", {"spec": {}}).body["status"]["token"]
    for bearer in (token(world), mine):
        answer = api.client.get(elsewhere, headers={"authorization": f"Bearer {bearer}"})
        assert answer.json()["keys"][0]["kid"] == world.keys.current.kid
    signed, _, signature = mine.rpartition(".")
    forged = f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    for bearer, status in ((forged, 401), ("a.b.c", 404)):
        assert api.client.get(elsewhere, headers={"authorization": f"Bearer {bearer}"}).status_code == status
