"""Secrets within documents: what is masked in JSON leaves JSON behind, however deep it is quoted."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.json_access import masked
from app.flow.redaction import MASK, mask_text

TOKEN = f"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.{'s' * 40}"
CANARY = "cAnArY+0123/4567="
NAMES = ["DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "token"]
SECRETS = st.text(alphabet='cAnArY01/+="\\{}[]:, \n', min_size=4, max_size=20).map(lambda text: CANARY + text)


@pytest.mark.parametrize("name", NAMES)
@given(secret=SECRETS)
def test_a_variable_of_an_application_is_its_own_business(name, secret):
    pod = {"spec": {"containers": [{"env": [{"name": name, "value": secret}, {"name": "AWS_REGION", "value": "x"}]}]}}
    document = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(pod)}, **pod}
    found = masked(document)
    assert "cAnArY" not in json.dumps(found)
    (container,) = found["spec"]["containers"]
    assert container["env"] == [{"name": name, "value": MASK}, {"name": "AWS_REGION", "value": "x"}]
    assert json.loads(found["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])["spec"] == found["spec"]


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_ACCESS_KEY_ID",
    ],
)
def test_what_tells_an_sdk_its_way_is_shown(name):
    text = json.dumps({"env": [{"name": name, "value": "shown"}], "quoted": json.dumps({"name": name, "value": "x"})})
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "member",
    [
        *("SecretAccessKey", "SessionToken", "Token", "secretAccessKey", "sessionToken", "token", "password"),
        *("client-key-data", "clientKeyData", "id-token", "refresh-token"),
    ],
)
@given(secret=SECRETS)
def test_a_secret_member_is_masked_plain_and_quoted(member, secret):
    inner = {"before": 1, member: secret, "after": [2]}
    found = masked({"CloudTrailEvent": json.dumps(inner), "inner": inner})
    assert json.loads(found["CloudTrailEvent"]) == found["inner"] == inner | {member: MASK}


@pytest.mark.parametrize(
    "word", ["AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "WebIdentityToken=a.b.", "aws_session_token = "]
)
@given(before=st.text(max_size=5), after=st.lists(st.text(max_size=5), max_size=2))
def test_an_assignment_within_json_leaves_the_json_whole(word, before, after):
    document = {"args": [f"{before} {word}{CANARY}", *after], "more": {word: "x"}}
    found = masked(document)
    assert CANARY not in json.dumps(found)
    assert found["args"][0] == mask_text(f"{before} {word}{MASK}")
    assert found["args"][1:] == masked(after)


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_an_assignment_in_a_shell_is_masked_in_its_quotes(quote):
    assert mask_text(f"export AWS_SECRET_ACCESS_KEY={quote}{CANARY}{quote}") == (
        f"export AWS_SECRET_ACCESS_KEY={quote}{MASK}{quote}"
    )
    assert mask_text(f"aws_secret_access_key = {CANARY}\nregion = x") == f"aws_secret_access_key = {MASK}\nregion = x"


@given(st.text(alphabet='"\\{}[]:, nametokvlue=AWS_SION', max_size=120))
def test_masking_twice_is_masking_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET / HTTP/1.1\r\nAuthorization: Bearer opaque.token\r\nHost: a", f"Authorization: Bearer {MASK}\r\nHost: a"),
        ("x-amz-security-token:IQoJ//x==\nx-id:1", f"x-amz-security-token:{MASK}\nx-id:1"),
        ("Signature=" + "0a" * 32 + ", authorization", f"Signature={MASK}, authorization"),
        ("got Signature=" + "0a" * 32 + ", which is wrong", f"got Signature={MASK}, which is wrong"),
        ('"args": ["-H", "AUTHORIZATION: Bearer opaque"]', f'"AUTHORIZATION: Bearer {MASK}"'),
        ("X-AMZ-SECURITY-TOKEN: IQo", f"X-AMZ-SECURITY-TOKEN: {MASK}"),
        ("X-AWS-EC2-METADATA-TOKEN: IQo COOKIE: a=b", f"X-AWS-EC2-METADATA-TOKEN: {MASK} COOKIE: {MASK}"),
        ('{"headers": {"authorization": "Basic eDp5"}}', f'"authorization": "Basic {MASK}"'),
        ("authorization.k8s.io/v1", "authorization.k8s.io/v1"),
        ('{"authorization": {"mode": 1}, "cookie": true}', '{"authorization": {"mode": 1}, "cookie": true}'),
    ],
)
def test_headers_that_somebody_repeats_are_masked(text, expected):
    assert expected in mask_text(text)


def test_a_patch_in_base64_is_masked_within():
    operation = {"op": "add", "path": "/spec/containers", "value": [{"args": ["--token", TOKEN]}]}
    patch = json.dumps([operation]).encode()
    review = json.dumps({"response": {"patch": base64.b64encode(patch).decode(), "patchType": "JSONPatch"}})
    masked = json.loads(mask_text(review))["response"]["patch"]
    (found,) = json.loads(base64.b64decode(masked))
    assert found["value"][0]["args"] == ["--token", f"{TOKEN.rpartition('.')[0]}.{MASK}"]


def test_a_patch_without_secrets_stays_as_it_is():
    review = json.dumps({"patch": base64.b64encode(b'[{"op":"add"}]').decode()})
    assert mask_text(review) == review


def test_a_patch_that_cannot_be_read_is_not_shown():
    assert mask_text('{"patch": "////"}') == f'{{"patch": "{MASK}"}}'
