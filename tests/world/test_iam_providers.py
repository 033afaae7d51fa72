"""IAM OIDC providers, through boto3."""

import pytest

from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
    ISSUER,
    PROVIDER,
    THUMBPRINT,
    aws_fixture,
    aws_server,
    refused,
)

OTHER = "https://issuer.example/path"
OTHER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example/path"


def test_a_provider_from_creation_to_deletion(aws):
    iam = aws.client("iam")
    aws.issuer.publish({}, OTHER)
    tags = [{"Key": "cluster", "Value": "irsa"}]
    created = iam.create_open_id_connect_provider(
        Url=OTHER, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[THUMBPRINT.upper()], Tags=tags
    )
    assert created["OpenIDConnectProviderArn"] == OTHER_ARN
    assert created["Tags"] == tags
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=OTHER_ARN)
    assert found["Url"] == "issuer.example/path"
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    assert found["ThumbprintList"] == [THUMBPRINT]
    assert found["Tags"] == tags
    listed = [entry["Arn"] for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    assert listed == [PROVIDER, OTHER_ARN]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=OTHER_ARN)
    with refused("NoSuchEntity", f"OpenIDConnect Provider not found for arn {OTHER_ARN}", 404):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=OTHER_ARN)


def test_without_a_thumbprint_iam_takes_the_issuers_own(aws):
    iam = aws.client("iam")
    aws.issuer.publish({}, OTHER)
    iam.create_open_id_connect_provider(Url=OTHER)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=OTHER_ARN)["ThumbprintList"] == [THUMBPRINT]


def test_claims_that_a_provider_would_map_to_condition_keys_are_not_ignored(aws):
    mapped = {"SubjectSourceKey": "sub", "KeyDefinitionList": [{"SourceKey": "jti", "TargetKey": "jti"}]}
    with refused("NotSimulated", status=400):
        aws.client("iam").create_open_id_connect_provider(
            Url=OTHER, ThumbprintList=[THUMBPRINT], ContextProvider=mapped
        )


@pytest.mark.parametrize("failure", ["answer", "refused", "timeout", "tls"])
def test_an_issuer_that_iam_cannot_reach(aws, failure):
    aws.issuer.failure = failure
    with refused("OpenIdIdpCommunicationError", status=400):
        aws.client("iam").create_open_id_connect_provider(Url=OTHER)


def test_an_issuer_that_names_no_keys(aws):
    aws.issuer.documents[f"{OTHER}/.well-known/openid-configuration"] = {"issuer": OTHER}
    with refused("OpenIdIdpCommunicationError", status=400):
        aws.client("iam").create_open_id_connect_provider(Url=OTHER)


def test_eksctl_writes_the_port_and_iam_drops_it(aws):
    aws.call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER)
    url = ISSUER.replace(".com/", ".com:443/")
    arn = aws.client("iam").create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT])
    assert arn["OpenIDConnectProviderArn"] == PROVIDER


def test_the_same_url_twice(aws):
    with refused("EntityAlreadyExists", f"Provider with url {ISSUER} already exists.", 409):
        aws.client("iam").create_open_id_connect_provider(Url=ISSUER, ThumbprintList=[THUMBPRINT])


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example",
        "issuer.example",
        "https://",
        "https://issuer.example:8443",
        "https://issuer.example:port",
        "https://issuer.example?query",
        "https://issuer.example#fragment",
        "https://user@issuer.example",
        "https://[::1]/",
        "https://[issuer",
        "https://例え.jp",
        "https://issuer.example/\n",
    ],
)
def test_urls_that_name_no_issuer(aws, url):
    with refused("ValidationError", "Invalid Open ID Connect Provider URL", 400):
        aws.client("iam").create_open_id_connect_provider(Url=url, ThumbprintList=[THUMBPRINT])


def test_a_trailing_slash_makes_another_provider(aws):
    """Which no token will ever find: the common mistake."""
    aws.client("iam").create_open_id_connect_provider(Url=ISSUER + "/", ThumbprintList=[THUMBPRINT])
    assert len(aws.mine.oidc_providers) == 2


def test_client_ids(aws):
    iam = aws.client("iam")
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, ClientID="other")
    assert aws.mine.oidc_providers[ISSUER.removeprefix("https://")].client_ids == ["sts.amazonaws.com", "other"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, ClientID="sts.amazonaws.com"
        )
    with refused("InvalidIdentityToken"):
        aws.assume()
    with refused("AccessDenied"):  # The provider takes the audience now, the trust policy still does not.
        aws.assume(aws.token(aud=["other"]))


def test_thumbprints(aws):
    iam = aws.client("iam", parameter_validation=False)
    message = (
        "1 validation error detected: Value '[abc]' at 'thumbprintList' failed to satisfy constraint: Member must "
        "satisfy constraint: [Member must have length less than or equal to 40, "
        "Member must have length greater than or equal to 40]"
    )
    update = iam.update_open_id_connect_provider_thumbprint
    with refused("ValidationError", message):
        update(OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["abc"])
    with refused("InvalidInput", status=400):
        update(OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["z" * 40])
    with refused("InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400):
        update(OpenIDConnectProviderArn=PROVIDER, ThumbprintList=[str(n) * 40 for n in range(6)])
    with refused("InvalidInput", status=400):
        update(OpenIDConnectProviderArn=PROVIDER, ThumbprintList=[])
    update(OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["A" * 40, "b" * 40])
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert found["ThumbprintList"] == ["a" * 40, "b" * 40]


def test_limits(aws):
    for number in range(99):
        aws.call("CreateOpenIDConnectProvider", Url=f"https://issuer.example/{number}", ThumbprintList__1=THUMBPRINT)
    with refused("LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100", 409):
        aws.client("iam").create_open_id_connect_provider(Url=OTHER, ThumbprintList=[THUMBPRINT])
    for number in range(99):
        aws.call("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER, ClientID=f"client-{number}")
    with refused("LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", 409):
        aws.client("iam").add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, ClientID="more")


def test_tags(aws):
    iam = aws.client("iam")
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "名前", "Value": "値"}, {"Key": "b", "Value": ""}]
    )
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "B", "Value": "1"}])
    first = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=PROVIDER, MaxItems=1)
    assert (first["Tags"], first["IsTruncated"]) == ([{"Key": "B", "Value": "1"}], True)
    rest = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=PROVIDER, Marker=first["Marker"])
    assert (rest["Tags"], rest["IsTruncated"]) == ([{"Key": "名前", "Value": "値"}], False)
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, TagKeys=["b", "absent"])
    assert aws.mine.oidc_providers[ISSUER.removeprefix("https://")].tags == {"名前": "値"}
    with refused("InvalidInput", status=400):
        iam.tag_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]
        )
    with refused("LimitExceeded", status=409):
        iam.tag_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)]
        )
    unchecked = aws.client("iam", parameter_validation=False)
    message = (
        "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: "
        "Member must not be null"
    )
    with refused("ValidationError", message, 400):
        unchecked.tag_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "a"}])
    with refused("ValidationError", status=400):
        iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, Tags=[{"Key": "a!", "Value": "*"}])
