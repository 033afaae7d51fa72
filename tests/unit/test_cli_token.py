"""`python -m app token`: what it says about a token, with which status it leaves, and what it never prints."""

import base64
import json
import time

import jwt
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.commands.main import command_line
from app.content import load
from app.flow.tokens.inspection import MOST_REPEATED, oddities, renewal, repeated
from app.settings import Settings
from tests.private_keys import KEY

EC = ec.generate_private_key(ec.SECP256R1())
ISSUER = "https://oidc.eks.ap-northeast-1.amazonaws.com/id/EC973221A6C1BC248C79CFD5455EEECC"
MISSING = object()


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch):
    """However long a test takes, a token's life is as long at its end as at its beginning."""
    now = float(int(time.time()))
    monkeypatch.setattr("time.time", lambda: now)


def claims(**changes):
    """The claims of a Pod's token for STS; a change to `MISSING` takes the claim out."""
    now = int(time.time())
    all_of_them = {
        "aud": ["sts.amazonaws.com"],
        "exp": now + 86_000,
        "iat": now - 400,
        "iss": ISSUER,
        "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
        "kubernetes.io": {
            "namespace": "default",
            "pod": {"name": "pod-after", "uid": "5e0bd49b-0000-4000-8000-000000000001"},
            "serviceaccount": {"name": "my-sa", "uid": "14ee3fa4-0000-4000-8000-000000000002"},
        },
        "nbf": now - 400,
        "sub": "system:serviceaccount:default:my-sa",
        **changes,
    }
    return {name: value for name, value in all_of_them.items() if value is not MISSING}


def compact(header, payload, signature=b"s" * 256):
    """A token in compact form, signed by nobody."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(payload, key=KEY, algorithm="RS256", headers=None):
    return jwt.encode(payload, key, algorithm=algorithm, headers={"typ": None, "kid": "a-key", **(headers or {})})


def run(*arguments, given="", language="en"):
    group = command_line(Settings(locale=language), load(language))
    return CliRunner().invoke(group, ["token", *arguments], input=given)


def found(token):
    result = run("-", "--output", "json", given=token)
    assert result.exit_code in {0, 1}, result.output
    return result.exit_code, json.loads(result.stdout)


def test_a_good_token_is_explained_claim_by_claim():
    token = signed(claims())
    result = run("-", given=f"\n {token}\n")
    assert result.exit_code == 0, result.output
    content = load("en")
    for name in ("alg", "kid", "aud", "exp", "iat", "iss", "jti", "nbf", "sub", "kubernetes.io.pod.name"):
        assert name in result.stdout
        assert content.claim(name) in result.stdout
    assert ISSUER in result.stdout
    assert content.message("cli.token.nothing_odd") in result.stdout
    assert "1 d" not in result.stdout.partition(content.message("cli.token.lifetime"))[0]


@pytest.mark.parametrize("output", ["text", "json"])
def test_the_signature_is_never_printed(output):
    token = signed(claims())
    result = run("-", "--output", output, given=token)
    assert token.rpartition(".")[2][:20] not in result.output


def test_the_lifetime_is_shown_in_words():
    result = run("-", given=signed(claims(iat=int(time.time()) - 10, exp=int(time.time()) + 7_205)))
    assert "2 h" in result.stdout
    expired = run("-", given=signed(claims(iat=1_729_605_240, nbf=1_729_605_240, exp=1_729_691_640)))
    assert "2024-10-23T13:54:00Z" in expired.stdout
    assert "1 d" in expired.stdout
    assert "2024-10-23T09:06:00Z" in expired.stdout, "kubelet renews at 80 % of a life"
    of_program = run("-", given=signed(claims(**{"kubernetes.io": {"namespace": "default"}})))
    assert "The kubelet renews" not in of_program.stdout


@pytest.mark.parametrize(
    ("exp", "warns", "requested", "at"),
    [
        (86_400, None, 86_400, 69_120),
        (600, None, 600, 480),
        (365 * 86_400, 3_607, 3_607, 2_886),  # the API server's own token, which it extends
        (2 * 86_400, None, 2 * 86_400, 86_400),  # a day at the latest
        (-5, None, None, None),
    ],
)
def test_the_kubelet_counts_from_the_lifetime_that_it_requested(exp, warns, requested, at):
    bound = {"pod": {"name": "web", "uid": "1"}, **({"warnafter": 1_000 + warns} if warns else {})}
    found = renewal({"iat": 1_000, "exp": 1_000 + exp, "kubernetes.io": bound})
    assert (found and found.requested, found and found.at) == (requested, at and 1_000 + at)
    del bound["pod"]
    assert renewal({"iat": 1_000, "exp": 1_000 + exp, "kubernetes.io": bound}) is None


def test_the_language_follows_the_option_and_the_locale():
    token = signed(claims())
    assert load("ja").claim("sub") in run("-", "--lang", "ja", given=token).stdout
    assert load("ja").claim("sub") in run("-", given=token, language="ja").stdout
    assert load("en").claim("sub") in run("-", "--lang", "en", given=token, language="ja").stdout


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"aud": ["https://kubernetes.default.svc"]}, "audience", "warning"),
        ({"aud": "vault"}, "audience", "warning"),
        ({"aud": ["sts.amazonaws.com", "vault"]}, "many_audiences", "failed"),
        ({"aud": []}, "no_audience", "failed"),
        ({"aud": MISSING}, "no_audience", "failed"),
        ({"aud": {"a": 1}}, "no_audience", "failed"),
        ({"iss": MISSING}, "missing_claim", "failed"),
        ({"sub": MISSING}, "missing_claim", "failed"),
        ({"iat": MISSING}, "missing_claim", "failed"),
        ({"exp": MISSING}, "missing_claim", "failed"),
        ({"iss": "http://issuer.example"}, "issuer", "failed"),
        ({"iss": "https://issuer.example:8443/id"}, "issuer", "failed"),
        ({"iss": "https://issuer.example/id#part"}, "issuer", "failed"),
        ({"iss": "https://[broken"}, "issuer", "failed"),
        ({"iss": 7}, "issuer", "failed"),
        ({"sub": "alice"}, "subject", "warning"),
        ({"sub": "system:serviceaccount:other:my-sa"}, "subject_mismatch", "failed"),
        ({"exp": 1_000_000_000, "iat": 999_999_000, "nbf": 999_999_000}, "expired", "failed"),
        ({"nbf": 4_000_000_000, "exp": 4_000_000_600}, "not_yet", "failed"),
        ({"exp": "tomorrow"}, "times", "failed"),
        ({"iat": 1.5}, "times", "failed"),
        ({"exp": 10**40}, "times", "failed"),
        ({"exp": True}, "times", "failed"),
        ({"iat": 4_000_000_000, "exp": 3_999_999_999}, "order", "failed"),
        ({"exp": int(time.time()) + 90 * 86_400}, "long_lived", "warning"),
        ({"kubernetes.io": {"namespace": "default"}}, "not_bound", "warning"),
        ({"kubernetes.io": MISSING}, "not_kubernetes", "warning"),
        ({"sub": "system:serviceaccount:店:my-sa", "kubernetes.io": MISSING}, "subject", "warning"),
        ({"sub": "system:serviceaccount:my-sa", "kubernetes.io": MISSING}, "subject", "warning"),
        ({"sub": "system:serviceaccount:a:b:c", "kubernetes.io": MISSING}, "subject", "warning"),
    ],
)
def test_each_oddity_is_found_and_decides_the_status(changes, code, status):
    exit_code, document = found(compact({"alg": "RS256", "kid": "k"}, claims(**changes)))
    by_code = {oddity["code"]: oddity["status"] for oddity in document["oddities"]}
    assert by_code.get(code) == status
    assert exit_code == (1 if "failed" in by_code.values() else 0)
    name = next(oddity["name"] for oddity in document["oddities"] if oddity["code"] == code)
    assert name in changes


@pytest.mark.parametrize(("ago", "serious"), [(0, False), (299, False), (300, True)])
def test_an_expired_token_is_refused_after_the_grace_period(ago, serious):
    now = 1_800_000_000
    times = {"iat": now - 9_000, "nbf": now - 9_000, "exp": now - ago}
    (oddity,) = oddities({"alg": "RS256", "kid": "k"}, claims(**times), now)
    assert (oddity.code, oddity.serious) == ("expired", serious)


@pytest.mark.parametrize("name", ["iat", "nbf"])
@pytest.mark.parametrize(("early", "serious"), [(1, False), (300, False), (301, True)])
def test_a_token_of_the_future_is_refused_before_the_grace_period(name, early, serious):
    now = 1_800_000_000
    times = {"iat": now, "nbf": now, "exp": now + 9_000} | {name: now + early}
    (oddity,) = oddities({"alg": "RS256", "kid": "k"}, claims(**times), now)
    assert (oddity.code, oddity.name, oddity.serious) == ("not_yet", name, serious)


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": MISSING},
        {"aud": ["vault", "sts.amazonaws.com"], "azp": "sts.amazonaws.com"},
        {"kubernetes.io": {"namespace": "default", "serviceaccount": {}, "pod": {}}},
        {"kubernetes.io": {"namespace": "default", "serviceaccount": "my-sa", "pod": {}}},
        {"kubernetes.io": {"serviceaccount": {"name": "my-sa"}, "pod": {}}},
        {"kubernetes.io": MISSING, "kubernetes.io/serviceaccount/namespace": "default"},
    ],
)
def test_what_a_token_may_leave_out_is_not_unusual(changes):
    assert oddities({"alg": "RS256", "kid": "k"}, claims(**changes), time.time()) == ()


def test_a_name_that_is_there_twice_is_shown_with_all_its_values():
    header, payload, signature = signed(claims()).split(".")
    twice = json.dumps(claims()).replace('{"aud"', '{"sub": "system:serviceaccount:default:admin", "aud"', 1)
    payload = base64.urlsafe_b64encode(twice.encode()).rstrip(b"=").decode()
    exit_code, document = found(f"{header}.{payload}.{signature}")
    assert [(it["code"], it["status"], it["name"], it["got"]) for it in document["oddities"]] == [
        ("repeated", "warning", "sub", '"system:serviceaccount:default:admin", "system:serviceaccount:default:my-sa"')
    ]
    assert (exit_code, document["claims"]["sub"]) == (0, "system:serviceaccount:default:my-sa")


def test_names_that_are_there_twice_are_counted_once_and_listed_to_a_limit():
    text = "{" + ",".join(f'"{number % 4000}":1' for number in range(8000)) + "}"
    payload = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    assert [it.name for it in repeated(f"e30.{payload}.")] == [str(number) for number in range(MOST_REPEATED)]


@pytest.mark.parametrize(
    ("signature", "code", "got"), [(b"", "no_signature", ""), (b"s" * 240, "signature_length", "240")]
)
def test_a_token_without_its_whole_signature_is_none_that_sts_accepts(signature, code, got):
    exit_code, document = found(compact({"alg": "RS256", "kid": "k"}, claims(), signature))
    (oddity,) = document["oddities"]
    assert (exit_code, oddity["code"], oddity["status"], oddity["got"]) == (1, code, "failed", got)


@pytest.mark.parametrize(
    ("header", "code", "exit_status"),
    [
        ({"alg": "none", "kid": "k"}, "unsigned", 1),
        ({"alg": "None", "kid": "k"}, "unsigned", 1),
        ({"alg": "HS256", "kid": "k"}, "unsigned", 1),
        ({"kid": "k"}, "unsigned", 1),
        ({"alg": 7, "kid": "k"}, "unsigned", 1),
        ({"alg": "PS256", "kid": "k"}, "algorithm_refused", 1),
        ({"alg": "RS256"}, "no_key_id", 0),
        ({"alg": "RS256", "kid": ""}, "no_key_id", 0),
    ],
)
def test_a_header_that_stands_out(header, code, exit_status):
    exit_code, document = found(compact(header, claims()))
    assert code in {oddity["code"] for oddity in document["oddities"]}
    assert exit_code == exit_status


def test_another_algorithm_that_sts_takes_is_only_a_warning():
    exit_code, document = found(signed(claims(), EC, "ES256"))
    assert exit_code == 0
    assert [oddity["code"] for oddity in document["oddities"]] == ["algorithm"]


def test_json_holds_header_claims_and_meanings():
    payload = claims()
    _, document = found(signed(payload))
    assert document["claims"] == payload
    assert document["header"] == {"alg": "RS256", "kid": "a-key"}
    assert document["oddities"] == []
    assert document["lifetime"]["seconds"] == 86_400
    assert document["lifetime"]["seconds_left"] == 86_000
    names = {(field["part"], field["name"]) for field in document["fields"]}
    assert {("header", "kid"), ("payload", "sub"), ("payload", "kubernetes.io.serviceaccount.uid")} <= names


def test_a_token_from_a_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(signed(claims()))
    assert run(str(path)).exit_code == 0


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("given", ["", " \r\n"])
def test_nothing_at_all_is_called_so(given, language):
    """As where the command before the pipe has failed."""
    result = run("-", given=given, language=language)
    assert (result.exit_code, load(language).message("cli.token.empty") in result.stderr) == (2, True)


@pytest.mark.parametrize("token", ["hello", "a.b", "a.b.c", "....", "eyJhbGciOiJSUzI1NiJ9..", "\0", "ｅｙＪ.x.y"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_is_no_token_is_refused_with_got_expected_and_what_to_do(token, language):
    result = run("-", given=token, language=language)
    assert result.exit_code == 2
    content = load(language)
    assert result.stderr.startswith(content.message("errors.malformed_token.title"))
    for label in ("ui.expected", "ui.fix"):
        assert content.message(label) in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("a.b", "Parts: 2"),
        ("!.e30.", "the Header contains characters"),
        ("e30.e3.", "the Payload is not JSON,"),
        ("e30.W10.", "the Payload is not a JSON object"),
        ("e30.e30.!", "the Signature contains characters"),
    ],
)
def test_the_part_that_is_wrong_is_named(token, words):
    assert words in run("-", given=token).stderr


@pytest.mark.parametrize("file", ["/no/such/file", "/", "a\0b", "x" * 5000])
def test_a_file_that_cannot_be_read(file):
    result = run(file)
    assert result.exit_code == 2
    assert load("en").message("errors.file_unreadable.title") in result.stderr
    assert "\0" not in result.stderr


def test_a_file_that_is_far_too_large(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"a" * 70_000)
    result = run(str(path))
    assert result.exit_code == 2
    assert load("en").message("errors.file_too_large.title") in result.stderr


def test_nothing_in_a_token_steers_the_terminal():
    hostile = {"\x1b[2J": "\x1b]0;title\x07", "sub": "a\u202eb\nexpired: no", "\u2028": 1}
    result = run("-", given=compact({"alg": "RS256", "kid": "\x1b[31m"}, claims(**hostile)))
    assert result.exit_code in {0, 1}
    for character in ("\x1b", "\x07", "\u202e", "\u2028"):
        assert character not in result.stdout
    assert "\\x1b[2J" in result.stdout


def test_nothing_in_its_json_steers_the_terminal_either():
    hostile = claims(sub="\x1b]0;x\x07\u202e\x9b\U000e0041", aud="\U0001f468\u200d\U0001f469")
    result = run("-", "--output", "json", given=compact({"alg": "RS256"}, hostile))
    assert not {"\x1b", "\x07", "\u202e", "\x9b", "\U000e0041"} & set(result.stdout)
    assert json.loads(result.stdout)["claims"] == hostile
    assert hostile["aud"] in result.stdout


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["alg", "kid", "aud", "azp", "iss", "sub", "exp", "iat", "nbf", "kubernetes.io"])
documents = st.dictionaries(names | st.text(), json_values, max_size=8)


@given(documents, documents, st.sampled_from(["text", "json"]))
def test_any_header_and_claims_are_explained(header, payload, output):
    result = run("-", "--output", output, given=compact(header, payload))
    assert result.exit_code in {0, 1, 2}, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output


@given(st.binary(max_size=300))
def test_any_bytes_are_a_token_or_refused(data):
    result = run("-", given=data)
    assert result.exit_code in {0, 1, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output


@given(documents, documents, st.floats(0, 4e9))
def test_every_oddity_has_words_in_both_languages(header, payload, now):
    for oddity in oddities(header, payload, now):
        for language in ("ja", "en"):
            assert load(language).message(f"cli.oddities.{oddity.code}")
