"""Secrets are masked whatever they are wrapped in, and nothing else is."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow import redaction
from app.flow.redaction import MASK, mask_headers, mask_text

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HEADER = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"a"}').rstrip(b"=").decode()
PAYLOAD = base64.urlsafe_b64encode(b'{"sub":"system:serviceaccount:default:my-sa"}').rstrip(b"=").decode()
SIGNATURE = "L23CwgmqCAnEw26JqZEFBhtGkoxnWsfsYIdkMQ3NsHFGP-0j6qNWVWgV6xahKN6ChGe5ZBt-_r0wv"
TOKEN = f"{HEADER}.{PAYLOAD}.{SIGNATURE}"
SHOWN = f"{HEADER}.{PAYLOAD}.{MASK}"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "Action=AssumeRoleWithWebIdentity&WebIdentityToken={}&RoleSessionName=x",
        '{{"status": {{"token": "{}"}}}}',
        "<WebIdentityToken>{}</WebIdentityToken>",
        "token: {}\n",
        "{} and {}",
    ],
)
def test_of_a_token_all_but_the_signature_is_shown(around):
    assert mask_text(around.format(TOKEN, TOKEN)) == around.format(SHOWN, SHOWN)


@given(st.text(alphabet=BASE64URL, min_size=1, max_size=60))
def test_no_signature_passes(signature):
    assert mask_text(f"x={HEADER}.{PAYLOAD}.{signature}&y=1") == f"x={SHOWN}&y=1"


@pytest.mark.parametrize("damaged", [f"f{TOKEN[1:]}", f"eyI{TOKEN[3:]}", f"{TOKEN}.x", f"..{SIGNATURE}"])
def test_what_sts_is_sent_is_masked_by_the_name_of_its_parameter(damaged):
    masked = mask_text(f"Action=AssumeRoleWithWebIdentity&WebIdentityToken={damaged}&Version=2011-06-15")
    assert SIGNATURE not in masked
    assert masked.endswith(f".{MASK}&Version=2011-06-15")
    assert mask_text("WebIdentityToken=/var/run/token&x=1") == "WebIdentityToken=/var/run/token&x=1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x=WebIdentityToken=WebIdentityToken=a.b.c d", f"x=WebIdentityToken=WebIdentityToken=a.b.{MASK} d"),
        ("WebIdentityToken=a.b WebIdentityToken=a.b.c", f"WebIdentityToken=a.b WebIdentityToken=a.b.{MASK}"),
        ("NoWebIdentityToken=a.b.c,WebIdentityToken=a.b.", "NoWebIdentityToken=a.b.c,WebIdentityToken=a.b."),
        ("NoWebIdentityToken=a.b.c,WebIdentityToken=d..e", f"NoWebIdentityToken=a.b.c,WebIdentityToken=d..{MASK}"),
    ],
)
def test_of_a_word_with_many_such_names_the_first_decides(text, expected):
    assert mask_text(text) == expected


def test_credentials_in_xml():
    text = (
        "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s/e+c=</SecretAccessKey><SessionToken>\nIQo\n</SessionToken>"
    )
    assert mask_text(text) == (
        f"<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>{MASK}</SecretAccessKey><SessionToken>{MASK}</SessionToken>"
    )


@pytest.mark.parametrize("indent", [None, 2])
def test_credentials_in_json(indent):
    secrets = {"SecretAccessKey": "s/e+c", "SessionToken": "IQo", "Token": "IQo", "client-key-data": "LS0t"}
    text = json.dumps({"AccessKeyId": "ASIAEXAMPLE", **secrets, "Expiration": "2026"}, indent=indent)
    masked = dict.fromkeys(secrets, MASK)
    assert json.loads(mask_text(text)) == {"AccessKeyId": "ASIAEXAMPLE", **masked, "Expiration": "2026"}


def test_credentials_in_the_environment():
    text = "AWS_ACCESS_KEY_ID=ASIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=s/e+c\nAWS_SESSION_TOKEN=IQo==\nAWS_REGION=eu-west-1\n"
    assert mask_text(text) == (
        f"AWS_ACCESS_KEY_ID=ASIAEXAMPLE\nAWS_SECRET_ACCESS_KEY={MASK}\nAWS_SESSION_TOKEN={MASK}\nAWS_REGION=eu-west-1\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {TOKEN}", f"Bearer {MASK}"),
        ("authorization", "Basic dXNlcjpwYXNz", f"Basic {MASK}"),
        ("Proxy-Authorization", "Basic dXNlcjpwYXNz", f"Basic {MASK}"),
        ("Authorization", TOKEN, MASK),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=ASIA/20261124/s3/aws4_request, SignedHeaders=host, Signature=0123abcd",
            f"AWS4-HMAC-SHA256 Credential=ASIA/20261124/s3/aws4_request, SignedHeaders=host, Signature={MASK}",
        ),
        ("X-Amz-Security-Token", "IQo", MASK),
        ("x-aws-ec2-metadata-token", "AQ", MASK),
        ("X-Amz-Server-Side-Encryption-Customer-Key", "a2V5", MASK),
        ("Cookie", "session=1", MASK),
        ("Set-Cookie", "session=1; HttpOnly", MASK),
        ("X-Forwarded-Token", TOKEN, SHOWN),
        ("Content-Type", "application/json", "application/json"),
        ("X-Amz-Date", "20261124T225006Z", "20261124T225006Z"),
    ],
)
def test_headers(name, value, shown):
    assert mask_headers([("Host", "example"), (name, value)]) == (("Host", "example"), (name, shown))


DOCUMENTS = [
    {"args": ["--password=hunter2"]},
    {"command": ["mysql", "-phunter2"]},
    {"name": "DB_PASSWORD", "value": "hunter2"},
    {"password": "hunter2"},
    {"client-key-data": "hunter2"},
    {"clientKeyData": "hunter2"},
    {"secretAccessKey": "hunter2"},
]


@pytest.mark.parametrize(
    "text",
    [
        "x-aws-ec2-metadata-token: hunter2",
        "x-amz-security-token: hunter2",
        "authorization: hunter2",
        "set-cookie: hunter2",
        "<SecretAccessKey>hunter2</SecretAccessKey>",
        "<SessionToken>hunter2</SessionToken>",
        "AWS_SECURITY_TOKEN=hunter2",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=hunter2",
        "AWS_BEARER_TOKEN_BEDROCK=hunter2",
        "aws_secret_access_key = hunter2",
        *map(json.dumps, DOCUMENTS),
        *(json.dumps(json.dumps(document)) for document in DOCUMENTS),
    ],
)
def test_a_secret_is_masked_where_it_is_the_only_one(text):
    masked = mask_text(text)
    assert "hunter2" not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    "dump",
    [
        "{'Authorization': 'Bearer $'}",
        "headers={'User-Agent': b'x', 'X-Amz-Security-Token': b'$'}>",
        "[(b'host', b'x'), (b'authorization', b'Bearer $')]",
        "{'AccessKeyId': 'ASIA', 'SecretAccessKey': '$', 'SessionToken': '$'}",
        "environ({'AWS_SECRET_ACCESS_KEY': '$', 'HOME': '/root'})",
        '{"AWS_SESSION_TOKEN": "$"}',
        '{"authorization"=>"Bearer $", "x-amz-security-token"=>["$"]}',
        "{ authorization: 'Basic $', secretAccessKey: '$', sessionToken: '$' }",
        'array(1) {\n  ["HTTP_AUTHORIZATION"]=>\n  string(20) "Bearer $"\n}',
        "    [Authorization] => Bearer $",
        "map[Authorization:[Bearer $] Host:[x]]",
        'http.Header{"Authorization":[]string{"Bearer $"}}',
        '{"multiValueHeaders": {"Authorization": [\n  "Bearer $"]}}',
        "{AccessKeyID:ASIA SecretAccessKey:$ SessionToken:$ Source:x}",
        "{Authorization=[Bearer $], Host=[x]}",
        "HTTP_AUTHORIZATION=Bearer $",
        "HTTP_X_AWS_EC2_METADATA_TOKEN=$",
        "HTTP_COOKIE=session=$; csrf=$",
        'level=debug authorization="Bearer $" method=GET',
        "> Authorization: token $",
        "< Set-Cookie: id=$; HttpOnly; sig=$",
        "* [HTTP/2] [1] [authorization: Bearer $]",
        "AWS_SECRET_ACCESS_KEY: $",
        r"_header: 'GET / HTTP/1.1\r\nAuthorization: Bearer $\r\n'",
        r'"<<EOF\naws_secret_access_key = $\naws_session_token = $\nEOF"',
        r"Invalid header value b'Bearer $\n'",
        r"An HTTP Client raised an unhandled exception: Invalid header value b'$\n'",
        r"""Invalid header value b"it's $\n\"$""",
        r"return character(s) in header value: '$\n'",
        r"'HOME=/root\nAWS_SESSION_TOKEN=$\tk8s-aws-v1.$'",
    ],
)
def test_what_a_program_dumps_is_masked(dump):
    masked = mask_text(dump.replace("$", SIGNATURE))
    assert SIGNATURE not in masked
    assert MASK in masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "sh: AWS_SESSION_TOKEN: unbound variable",
        "Access-Control-Allow-Headers: Authorization, X-Amz-Security-Token, Content-Type",
        '{"AllowedHeaders": ["Authorization", "Content-Type"]}',
        "kube-apiserver --authorization-mode=Node,RBAC",
        "SignedHeaders=host;x-amz-date;x-amz-security-token, x",
        '{"said": "no header Authorization: ", "token_type": "Bearer"}',
        "'sessionToken' is not set",
    ],
)
def test_a_name_without_its_value_is_left_alone(text):
    assert mask_text(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="eyJ=<\"'"), max_size=80))
def test_other_text_is_left_alone(text):
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "word",
    [
        "WebIdentityToken=a.b.secret",
        "k8s-aws-v1.secret",
        "X-Amz-Signature=secret",
        f"Signature={'0' * 64}",
        "AWS_SESSION_TOKEN=secret",
        "aws_session_token = secret",
    ],
)
def test_a_word_is_looked_for_where_words_begin(word):
    signed = "Authorization: AWS4-HMAC-SHA256 "  # without a header nobody looks for a signature
    assert all(MASK in mask_text(f"{signed}{before}{word}") for before in ("", " ", "&", '"'))
    assert mask_text(f"{signed}x{word}") == f"{signed}x{word}"


@given(st.text() | st.text(alphabet='eyJ.<>"= SecrtAKyonTk', max_size=80))
def test_masking_twice_is_masking_once(text):
    assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('"token": "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1h_-"', f'"token": "k8s-aws-v1.{MASK}"'),
        (
            "https://sts.example/?X-Amz-Expires=60&X-Amz-Security-Token=IQoJb3JpZ2lu%2F&X-Amz-Signature=0a1b&x=1",
            f"https://sts.example/?X-Amz-Expires=60&X-Amz-Security-Token={MASK}&X-Amz-Signature={MASK}&x=1",
        ),
    ],
)
def test_a_login_to_eks_is_masked(text, masked):
    """The bearer token of `aws eks get-token` is a presigned URL: good for anybody who holds it."""
    assert mask_text(text) == masked


def test_only_texts_without_a_secret_are_remembered_and_not_too_many(monkeypatch):
    remembered = set()
    monkeypatch.setattr(redaction, "_UNCHANGED", remembered)
    for text in ("harmless", TOKEN, f"AWS_SECRET_ACCESS_KEY={SIGNATURE}") * 2:
        assert SIGNATURE not in mask_text(text)
    assert remembered == {hash("harmless")}
    for number in range(redaction.UNCHANGED_TEXTS):
        assert mask_text(str(number)) == str(number)
    assert len(remembered) <= redaction.UNCHANGED_TEXTS
