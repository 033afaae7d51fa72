"""AssumeRoleWithWebIdentity: the answer, and every check up to the audience, in its order and in STS's words."""

import json

import jwt
import pytest

from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
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
NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


def test_the_answer_has_the_shape_of_real_transcripts(aws):
    answer = aws.assume(RoleSessionName="botocore-session-1731098245")
    role_id = aws.mine.roles["s3-reader"].role_id
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["Provider"] == PROVIDER
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:botocore-session-1731098245",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/botocore-session-1731098245",
    }
    assert "PackedPolicySize" not in answer
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert len(credentials["AccessKeyId"]) == 20
    assert credentials["SessionToken"].startswith("IQoJb3JpZ2luX2Vj")
    assert credentials["Expiration"].timestamp() == aws.clock.now() + 3600
    assert role_id.startswith("AROA")
    assert len(role_id) == 21


def test_the_credentials_are_the_roles(aws):
    credentials = aws.assume()["Credentials"]
    identity = aws.client("sts", credentials).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"
    assert identity["UserId"] == f"{aws.mine.roles['s3-reader'].role_id}:session"
    assert aws.client("s3", credentials).list_buckets()["Buckets"] == []


def test_the_assumed_role_drops_the_path(aws):
    aws.role("deep", trust_policy(), Path="/team/a/")
    answer = aws.assume(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/team/a/deep")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deep/session"


# (1) The region


def test_a_region_in_which_sts_is_off(aws):
    aws.mine.disabled_sts_regions.add(REGION)
    message = (
        f"STS is not activated in this region for account:{ACCOUNT}. "
        "Your account administrator can activate STS in this region using the IAM Console."
    )
    with refused("RegionDisabledException", message, 403):
        aws.assume("not even a token", RoleSessionName="bad session")
    with refused("RegionDisabledException", message, 403):
        aws.client("sts").get_caller_identity()
    assert aws.client("sts", region="us-east-1").get_caller_identity()["Account"] == ACCOUNT


def test_the_trust_policy_sees_the_region_that_was_called(aws):
    policy = trust_policy()
    policy["Statement"][0]["Condition"]["StringNotEquals"] = {"aws:RequestedRegion": REGION}
    aws.role("elsewhere", policy)
    call = {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/elsewhere",
        "RoleSessionName": "me",
        "WebIdentityToken": aws.token(),
    }
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403):
        aws.client("sts").assume_role_with_web_identity(**call)
    other = aws.client("sts", region="us-east-1")
    other.meta.events.register_first(
        "choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4"
    )  # an SDK signs no such request
    assert other.assume_role_with_web_identity(**call)["AssumedRoleUser"]["Arn"].endswith("/elsewhere/me")


# (2) Constraints, (3) the ARN: botocore checks some lengths itself, so its own validation is off


def unchecked(aws):
    return aws.client("sts", parameter_validation=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"RoleSessionName": "bad session!!"},
            "1 validation error detected: Value 'bad session!!' at 'roleSessionName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            {"RoleSessionName": "séance"},
            r"1 validation error detected: Value 'séance' at 'roleSessionName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            {"DurationSeconds": 100},
            "1 validation error detected: Value '100' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 900",
        ),
        (
            {"DurationSeconds": 43201},
            "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 43200",
        ),
        (
            {"RoleArn": "s3-reader", "RoleSessionName": "x"},
            "2 validation errors detected: Value 's3-reader' at 'roleArn' failed to satisfy constraint: "
            "Member must have length greater than or equal to 20; "
            "Value 'x' at 'roleSessionName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 2",
        ),
        ({"RoleArn": "arn:aws:iam::::111122223333:role/s3-reader"}, "Request ARN is invalid"),
        ({"RoleArn": "arn:aws:iam::111122223333:policy/s3-reader"}, "Request ARN is invalid"),
        ({"RoleArn": "arn:aws:iam::111122223333:role/"}, "Request ARN is invalid"),
    ],
)
def test_parameters_are_looked_at_before_the_token(aws, changed, message):
    given = {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": "not a token"} | changed
    with refused("ValidationError", message, 400):
        unchecked(aws).assume_role_with_web_identity(**given)


def test_a_missing_parameter(aws):
    message = (
        "1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: "
        "Member must not be null"
    )
    with refused("ValidationError", message):
        unchecked(aws).assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="session")


# (4) - (6) The token


@pytest.mark.parametrize(
    "token", ["/var/run/secrets/token", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.W10.x", "....", "x" * 20000]
)
def test_what_is_no_jwt(aws, token):
    with refused("InvalidIdentityToken", NOT_A_JWT, 400):
        aws.assume(token)


def test_a_truncated_token(aws):
    with refused("InvalidIdentityToken", NOT_A_JWT, 400):
        aws.assume(aws.token().rpartition(".")[0])


def test_a_bad_token_is_reported_even_for_an_unknown_account(aws):
    with refused("InvalidIdentityToken", NOT_A_JWT):
        aws.assume("no token", RoleArn="arn:aws:iam::000000000000:role/any-role")


@pytest.mark.parametrize("claim", ["aud", "sub", "iat", "exp", "iss"])
def test_required_claims(aws, claim):
    with refused("InvalidIdentityToken", f"Missing a required claim: {claim}", 400):
        aws.assume(aws.token(**{claim: None}))


@pytest.mark.parametrize(
    "claims", [{"exp": "soon"}, {"exp": 1.5}, {"iat": True}, {"sub": ["a"]}, {"aud": [1]}, {"azp": {}}]
)
def test_claims_of_another_type(aws, claims):
    """PyJWT refuses to sign some of these, so the token is put together by hand."""
    header, _, signature = aws.token().split(".")
    payload = jwt.utils.base64url_encode(jwt.api_jwt.json.dumps(aws.claims(**claims)).encode()).decode()
    with refused("InvalidIdentityToken", NOT_A_JWT):
        aws.assume(f"{header}.{payload}.{signature}")


def test_an_empty_list_of_audiences(aws):
    with refused("InvalidIdentityToken", "Missing a required claim: aud"):
        aws.assume(aws.token(aud=[]))
    with refused("InvalidIdentityToken", "Missing a required claim: aud"):  # before any claim's type
        aws.assume(aws.token(aud=[], sub=5))


def test_a_trust_policy_may_ask_for_the_roles_own_tags(aws):
    policy = trust_policy()
    policy["Statement"][0]["Condition"]["StringEquals"]["aws:ResourceTag/team"] = "a"
    aws.call("UpdateAssumeRolePolicy", RoleName="s3-reader", PolicyDocument=json.dumps(policy))
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        aws.assume()
    aws.call("TagRole", **{"RoleName": "s3-reader", "Tags.member.1.Key": "team", "Tags.member.1.Value": "a"})
    aws.assume()


def test_several_audiences_need_an_authorized_party(aws):
    message = "Token audience contains more than one audience while authorized party is not present"
    audiences = ["sts.amazonaws.com", "another"]
    with refused("InvalidIdentityToken", message, 400):
        aws.assume(aws.token(aud=audiences))
    assert aws.assume(aws.token(aud=audiences, azp="sts.amazonaws.com"))["Audience"] == "sts.amazonaws.com"


def test_an_expired_token_and_its_five_minutes(aws):
    now = int(aws.clock.now())
    assert aws.assume(aws.token(exp=now - 299))["Audience"] == "sts.amazonaws.com"
    message = f"Token expired: current date/time {now} must be before the expiration date/time {now - 300}"
    with refused("ExpiredTokenException", message, 400):
        aws.assume(aws.token(exp=now - 300))


def test_expiry_is_of_the_worlds_time(aws):
    token = aws.token()
    aws.clock.move(86400 + 301)
    with refused("ExpiredTokenException", status=400):
        aws.assume(token)


def test_a_token_of_last_week(aws):
    now = int(aws.clock.now())
    with refused("ExpiredTokenException", "Token too old: 441398", 400):
        aws.assume(aws.token(iat=now - 441398, exp=now + 1000))
    oldest = 24 * 3600 + 300
    assert aws.assume(aws.token(iat=now - oldest, exp=now + 1000))
    with refused("ExpiredTokenException", f"Token too old: {oldest + 1}", 400):
        aws.assume(aws.token(iat=now - oldest - 1, exp=now + 1000))


def test_a_token_of_tomorrow(aws):
    now = int(aws.clock.now())
    for claim in ("nbf", "iat"):
        assert aws.assume(aws.token(**{claim: now + 300}, exp=now + 4000))
        with refused("InvalidIdentityToken", GENERIC):
            aws.assume(aws.token(**{claim: now + 301}, exp=now + 4000))


# (7) The provider, (8) the audience, in both wordings


@pytest.mark.parametrize(
    ("wording", "message"),
    [("current", GENERIC), ("classic", f"No OpenIDConnect provider found in your account for {ISSUER}")],
)
def test_no_provider(aws, wording, message):
    aws.mine.sts_wording = wording
    aws.call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER)
    with refused("InvalidIdentityToken", message, 400):
        aws.assume()


@pytest.mark.parametrize("wording", ["current", "classic"])
def test_an_account_that_does_not_exist_is_reported_in_the_issuers_words(aws, wording):
    aws.mine.sts_wording = wording
    message = {"current": GENERIC, "classic": f"No OpenIDConnect provider found in your account for {ISSUER}"}
    with refused("InvalidIdentityToken", message[wording], 400):
        aws.assume(RoleArn="arn:aws:iam::999999999999:role/s3-reader")


def test_the_provider_is_looked_up_in_the_roles_account(aws):
    with refused("InvalidIdentityToken", GENERIC):
        aws.assume(RoleArn=f"arn:aws:iam::{aws.other.account_id}:role/s3-reader")
    with refused("InvalidIdentityToken", GENERIC):
        aws.assume(RoleArn="arn:aws:iam::999999999999:role/s3-reader")


@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.lower(), ISSUER.replace("https", "http"), ISSUER.removeprefix("https://"), "issuer"]
)
def test_an_issuer_that_differs(aws, issuer):
    with refused("InvalidIdentityToken", GENERIC):
        aws.assume(aws.token(iss=issuer))


@pytest.mark.parametrize(("wording", "message"), [("current", GENERIC), ("classic", "Incorrect token audience")])
def test_an_audience_that_the_provider_does_not_list(aws, wording, message):
    aws.mine.sts_wording = wording
    with refused("InvalidIdentityToken", message, 400):
        aws.assume(aws.token(aud=["https://kubernetes.default.svc"]))
