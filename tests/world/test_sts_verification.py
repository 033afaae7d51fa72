"""AssumeRoleWithWebIdentity: keys, signature, trust policy, duration and session policies; the order of all checks."""

import json

import jwt
import pytest
from botocore.exceptions import ClientError
from jwt.algorithms import RSAAlgorithm

from app.world.aws.entities import PublishedKeys
from app.world.saved.codec import encode
from tests.private_keys import KEY, OTHER_KEY
from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
    EC_KEY,
    ISSUER,
    PROVIDER,
    REGION,
    ROLE,
    SUBJECT,
    aws_fixture,
    aws_server,
    refused,
    trust_policy,
)

GENERIC = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


# (9) Keys


def test_keys_are_kept_for_an_hour_of_the_worlds_time(aws):
    aws.assume()
    assert aws.issuer.fetched == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"]
    aws.assume()
    assert len(aws.issuer.fetched) == 2
    aws.clock.move(3599)
    aws.assume()
    assert len(aws.issuer.fetched) == 2
    aws.clock.move(1)
    aws.assume()
    assert len(aws.issuer.fetched) == 4


def test_a_rotated_key_is_fetched_when_it_is_first_seen(aws):
    aws.assume()
    aws.issuer.publish({"key-2": OTHER_KEY})
    assert aws.assume(aws.token(), RoleSessionName="still-kept")
    assert aws.assume(aws.token(key=OTHER_KEY, kid="key-2"))
    with refused("InvalidIdentityToken", NO_KEY, 400):
        aws.assume(aws.token())


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"issuer": "https://another.example", "jwks_uri": f"{ISSUER}/keys"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": 1},
        {"issuer": ISSUER, "jwks_uri": "http://plain.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "https://nowhere.example/keys"},
    ],
)
def test_a_discovery_document_that_does_not_lead_to_keys(aws, document):
    aws.issuer.documents[f"{ISSUER}/.well-known/openid-configuration"] = document
    aws.issuer.documents["http://plain.example/keys"] = aws.issuer.documents[f"{ISSUER}/keys"]
    with refused("InvalidIdentityToken", NO_KEY, 400):
        aws.assume()


@pytest.mark.parametrize(
    "jwks",
    [
        None,
        [],
        {"keys": None},
        {"keys": [1, {}, {"kid": "key-1"}, {"kid": "key-1", "kty": "RSA", "n": "", "e": 1}]},
        {"keys": [{"kid": "key-1", "kty": "oct", "k": "c2VjcmV0"}, {"kid": ["key-1"], "kty": "EC"}]},
        {"keys": [{**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "key-1", "alg": "none"}]},
    ],
)
def test_keys_that_cannot_be_used(aws, jwks):
    aws.issuer.documents[f"{ISSUER}/keys"] = jwks
    with refused("InvalidIdentityToken", NO_KEY, 400):
        aws.assume()


def test_of_a_key_that_was_published_with_its_private_part_the_public_one_is_used(aws):
    private = {**RSAAlgorithm.to_jwk(KEY, as_dict=True), "kid": "key-1"}
    assert "d" in private
    aws.issuer.documents[f"{ISSUER}/keys"] = {"keys": [private]}
    assert aws.assume()
    (published,) = aws.account(ACCOUNT).published_keys.values()
    assert private["d"] not in json.dumps(encode(PublishedKeys, published))


def test_an_issuer_that_refuses_the_connection(aws):
    aws.issuer.failure = "refused"
    with refused("InvalidIdentityToken", NO_KEY, 400):
        aws.assume()


def test_an_issuer_whose_certificate_does_not_verify(aws):
    aws.issuer.failure = "tls"
    message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    with refused("InvalidIdentityToken", message, 400):
        aws.assume()


def test_an_issuer_that_does_not_answer_is_asked_again_by_the_client(aws):
    aws.issuer.failure = "timeout"
    client = aws.client("sts", retries={"max_attempts": 1})
    with pytest.raises(client.exceptions.IDPCommunicationErrorException, match="reached max retries: 1"):
        client.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="session", WebIdentityToken=aws.token())
    assert len(aws.issuer.fetched) == 2


def test_thumbprints_count_only_for_private_cas(aws):
    wrong = "0" * 40
    aws.call("UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=PROVIDER, ThumbprintList__1=wrong)
    aws.assume()
    aws.issuer.is_trusted = False
    message = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    with refused("InvalidIdentityToken", message, 400):
        aws.assume()
    aws.issuer.served_thumbprint = wrong
    aws.assume()


def test_what_sts_keeps_may_be_forgotten_while_it_looks_at_the_certificate(aws, monkeypatch):
    async def thumbprint(url):
        aws.mine.published_keys.clear()
        return "0" * 40

    aws.call("UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=PROVIDER, ThumbprintList__1="0" * 40)
    aws.issuer.is_trusted = False
    monkeypatch.setattr(aws.issuer, "thumbprint", thumbprint)
    aws.assume()


# (10) The signature


def test_another_key_under_the_same_id(aws):
    with refused("InvalidIdentityToken", GENERIC, 400):
        aws.assume(aws.token(key=OTHER_KEY))


def test_claims_that_were_changed_after_signing(aws):
    header, _, signature = aws.token().split(".")
    payload = aws.token(sub="system:serviceaccount:kube-system:admin").split(".")[1]
    with refused("InvalidIdentityToken", GENERIC, 400):
        aws.assume(f"{header}.{payload}.{signature}")


@pytest.mark.filterwarnings("ignore:The HMAC key is")
@pytest.mark.parametrize(("algorithm", "key"), [("none", None), ("HS256", "secret")])
def test_tokens_that_need_no_private_key(aws, algorithm, key):
    with refused("InvalidIdentityToken", GENERIC, 400):
        aws.assume(aws.token(algorithm=algorithm, key=key))


def test_elliptic_curves_are_as_good(aws):
    aws.issuer.publish({"ec": EC_KEY})
    assert aws.assume(aws.token(key=EC_KEY, kid="ec", algorithm="ES256"))


def test_a_token_that_names_no_key(aws):
    with refused("InvalidIdentityToken", NO_KEY):
        aws.assume(jwt.encode(aws.claims(), OTHER_KEY, algorithm="RS256"))


# (11) The role and its trust policy


@pytest.mark.parametrize(
    "trust",
    [
        {"sub": "system:serviceaccount:prod:my-sa"},
        {"sub": "system:serviceaccount:default:My-SA"},
        {"sub": "system:serviceaccount:default:*"},
        {"aud": "sts.amazon.com"},
        {"provider": PROVIDER + "X"},
        {"operator": "StringNotLike"},
    ],
)
def test_a_trust_policy_that_does_not_match(aws, trust):
    aws.mine.roles.clear()
    aws.role("s3-reader", trust_policy(**trust))
    with refused("AccessDenied", NOT_AUTHORIZED, 403):
        aws.assume()


def test_a_pattern_that_matches(aws):
    aws.mine.roles.clear()
    aws.role("s3-reader", trust_policy(sub="system:serviceaccount:default:*", operator="StringLike"))
    assert aws.assume()


def test_a_role_that_is_not_there_is_refused_in_the_same_words(aws):
    aws.role("deep", trust_policy(), Path="/team/")
    for arn in (f"{ROLE}-2", f"arn:aws:iam::{ACCOUNT}:role/deep", f"arn:aws:iam::{ACCOUNT}:role/x/s3-reader"):
        with refused("AccessDenied", NOT_AUTHORIZED, 403):
            aws.assume(RoleArn=arn)


# (12) Duration, (13) session policies


def test_a_session_longer_than_the_role_allows(aws):
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    with refused("ValidationError", message, 400):
        aws.assume(DurationSeconds=3601)
    aws.call("UpdateRole", RoleName="s3-reader", MaxSessionDuration="43200")
    expiration = aws.assume(DurationSeconds=43200)["Credentials"]["Expiration"]
    assert expiration.timestamp() == aws.clock.now() + 43200


def test_a_session_policy_narrows(aws):
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'
    answer = aws.assume(Policy=policy)
    assert answer["PackedPolicySize"] > 0
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session is not authorized to perform: "
        "s3:ListAllMyBuckets because no session policy allows the s3:ListAllMyBuckets action"
    )
    with refused("AccessDenied", message, 403):
        aws.client("s3", answer["Credentials"]).list_buckets()


def test_a_session_policy_adds_nothing(aws):
    arns = [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    credentials = aws.assume(PolicyArns=arns)["Credentials"]
    aws.client("s3", credentials).list_buckets()
    with refused("AccessDenied"):
        aws.client("iam", credentials).list_roles()


def test_a_session_policy_that_denies(aws):
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},'
        '{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
    )
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session is not authorized to perform: "
        "s3:ListAllMyBuckets with an explicit deny in a session policy"
    )
    with refused("AccessDenied", message):
        aws.client("s3", aws.assume(Policy=policy)["Credentials"]).list_buckets()


def test_session_policies_that_cannot_be_read(aws):
    with refused("MalformedPolicyDocument", status=400):
        aws.assume(Policy="{}")
    with refused("MalformedPolicyDocument", status=400):
        aws.assume(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/NoSuchPolicy"}])
    with refused("ValidationError", status=400):
        aws.assume(PolicyArns=[{"arn": f"arn:aws:iam::aws:policy/Policy{n}"} for n in range(11)])


def test_session_policies_that_are_too_large(aws):
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
    arns = [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/{'p' * 120}{number}"} for number in range(10)]
    for given in arns:
        name = given["arn"].rpartition("/")[2]
        aws.call("CreatePolicy", PolicyName=name, PolicyDocument=policy)
    assert aws.assume(PolicyArns=arns)["PackedPolicySize"] == 76
    long = policy.replace('"s3:*"', '["s3:' + "x" * 900 + '"]')
    message = "Packed size of session policies consumes 124% of allotted space."
    with refused("PackedPolicyTooLarge", message, 400):
        aws.assume(Policy=long, PolicyArns=arns)


# (1) - (13) The order


def test_of_all_that_is_wrong_the_first_in_the_order_is_reported(aws):
    aws.mine.sts_wording = "classic"
    aws.mine.disabled_sts_regions.add(REGION)
    aws.call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER)
    aws.mine.roles["s3-reader"].trust_policy = json.dumps(trust_policy(sub="another"))
    given = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:policy/x", "RoleSessionName": "bad session", "Policy": "{}"}
    given |= {"DurationSeconds": 3601}
    now = int(aws.clock.now())
    claims = {"sub": None, "aud": ["one", "two"], "exp": now - 900}
    signed = {"key": OTHER_KEY, "kid": "key-2"}

    def register():
        aws.call("CreateOpenIDConnectProvider", Url=ISSUER, ClientIDList__1="sts.amazonaws.com")

    def trust():
        aws.mine.roles["s3-reader"].trust_policy = json.dumps(trust_policy())

    in_order = [
        ("RegionDisabledException", "STS is not activated", lambda: aws.mine.disabled_sts_regions.clear()),
        ("ValidationError", "at 'roleSessionName'", lambda: given.update(RoleSessionName="session")),
        ("ValidationError", "Request ARN is invalid", lambda: given.update(RoleArn=ROLE)),
        ("InvalidIdentityToken", "is not a valid JWT", lambda: given.pop("WebIdentityToken")),
        ("InvalidIdentityToken", "Missing a required claim: sub", lambda: claims.update(sub=SUBJECT)),
        ("InvalidIdentityToken", "more than one audience", lambda: claims.update(aud="other")),
        ("ExpiredTokenException", "Token expired", lambda: claims.update(exp=now + 900)),
        ("InvalidIdentityToken", "No OpenIDConnect provider found", register),
        ("InvalidIdentityToken", "Incorrect token audience", lambda: claims.update(aud="sts.amazonaws.com")),
        ("InvalidIdentityToken", NO_KEY, lambda: signed.update(kid="key-1")),
        ("InvalidIdentityToken", GENERIC, lambda: signed.update(key=KEY)),
        ("AccessDenied", NOT_AUTHORIZED, trust),
        ("ValidationError", "exceeds the MaxSessionDuration", lambda: given.pop("DurationSeconds")),
        ("MalformedPolicyDocument", "", lambda: given.pop("Policy")),
    ]
    given["WebIdentityToken"] = "not a token"
    for code, words, correct in in_order:
        with pytest.raises(ClientError) as caught:
            aws.assume(aws.token(**signed, **claims), **given)
        error = caught.value.response["Error"]
        assert (error["Code"], words in error["Message"]) == (code, True), error
        correct()
    assert aws.assume(aws.token(**signed, **claims), **given)
