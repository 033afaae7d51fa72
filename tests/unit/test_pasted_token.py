"""Pasted texts: what is around a token, what is wrong with which part, and that no signature gets past the mask."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.flow.tokens.claim_sources import source
from app.flow.tokens.pasted import DOT, LONGEST, masked, read
from app.flow.tokens.signature import LONGEST_JWKS, MOST_KEYS, check_signature
from tests.examples import examples


def b64(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HEADER, CLAIMS = {"alg": "RS256", "kid": "key-1"}, {"iss": "https://issuer.example", "sub": "someone"}
H, P, S = b64(HEADER), b64(CLAIMS), b64(bytes(range(256)))
TOKEN = f"{H}.{P}.{S}"
DEEP = b64(b'{"a":' + b"[" * 120 + b"]" * 120 + b"}")


def unsigned(header: Any) -> str:
    return f"{b64(header)}.{P}."


PROBLEMS = [
    # the text as a whole
    ("", "empty", "", 0, ""),
    (" \n\t ", "empty", "", 0, ""),
    ('""', "empty", "", 0, ""),
    ("x" * (LONGEST + 1), "too_long", "", 0, str(LONGEST + 1)),
    ("é" * (LONGEST // 2 + 1), "too_long", "", 0, str(LONGEST + 2)),
    ('{"status": {"token": "a.b"}}', "is_json", "", 0, "{"),
    ("k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8", "eks_token", "", 0, ""),
    (f"{H}.{P[:20]}…", "shortened", "", 0, "…"),
    (f"{H}.{P[:20]}...", "shortened", "", 0, "..."),
    (H, "no_dot", "", 0, str(len(H))),
    ("AKIAIOSFODNN7EXAMPLE", "no_dot", "", 0, "20"),
    (f"{H}.{P}", "two_parts", "", 0, "2"),
    (f"{P}.{S}", "withheld", "payload", 0, str(len(S))),
    (f"{H}.{P}.{S}.", "parts", "", 0, "4"),
    (f"{b64({'alg': 'dir', 'enc': 'A256GCM'})}.a.b.c.d", "jwe", "", 0, ""),
    (f"{TOKEN}\n{TOKEN}", "parts", "", 0, "5"),
    (f"{DOT}.a.b.c.d", "parts", "", 0, "5"),
    ("/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "path", "", 0, ""),
    ("/token", "path", "", 0, ""),
    (f"{H}.a.b.c.d.e", "parts", "", 0, "6"),
    # the header
    (f".{P}.{S}", "empty_part", "header", 0, ""),
    (f"{H[:-1]}*.{P}.{S}", "character", "header", len(H), "*"),
    (f"あ{H}.{P}.{S}", "character", "header", 1, "あ"),
    (f"{b64(b'x' * 4)}+.{P}.{S}", "base64", "header", 7, "+"),
    (f"{H}==.{P}.{S}", "padding", "header", len(H) + 1, "="),
    (f"{b64(b'abc')}a.{P}.{S}", "length", "header", 0, "5"),
    (f"{b64(b'{' + bytes([0xFF]))}.{P}.{S}", "utf8", "header", 2, "0xff"),
    (f"{H[3:]}.{P}.{S}", "utf8", "header", 0, ""),
    (f"{b64([1])}.{P}.{S}", "object", "header", 0, "array"),
    (f"{b64('x')}.{P}.{S}", "object", "header", 0, "string"),
    (f"{b64(b'null')}.{P}.{S}", "object", "header", 0, "null"),
    (f"{b64(b'true')}.{P}.{S}", "object", "header", 0, "boolean"),
    (f"{b64(b'1.5')}.{P}.{S}", "object", "header", 0, "number"),
    # the payload
    (f"{H}..{S}", "empty_part", "payload", 0, ""),
    (f"{H}.{P[:10]}/{P[11:]}.{S}", "base64", "payload", 11, "/"),
    (f"{H}.{b64(json.dumps(CLAIMS)[:-1].encode())}.{S}", "json_end", "payload", len(json.dumps(CLAIMS)), ""),
    (f"{H}.{b64(b'{')}.{S}", "json_end", "payload", 2, ""),
    (f"{H}.{b64(json.dumps(CLAIMS)[:12].encode())}.{S}", "json_end", "payload", 13, ""),
    (f"{H}.{b64(b'{a: 1}')}.{S}", "json", "payload", 2, "a"),
    (f"{H}.{b64(b'{} {}')}.{S}", "json", "payload", 4, "{"),
    (f"{H}.{b64(b'hello')}.{S}", "json", "payload", 1, "h"),
    (f"{H}.{b64(b'{' + bytes([34, 97, 34, 58]) + b'NaN}')}.{S}", "number", "payload", 0, "NaN"),
    (f"{H}.{DEEP}.{S}", "deep", "payload", 0, ""),
    # the signature
    (f"{H}.{P}.", "no_signature", "signature", 0, ""),
    (f"{H}.{P}.{S}=", "padding", "signature", len(S) + 1, "="),
    (f"{H}.{P}.{S[:9]}+{S[10:]}", "base64", "signature", 10, "+"),
    (f"{H}.{P}.{S[:9]}%{S[10:]}", "other", "signature", 10, ""),
    (f"{H}.{P}.{S[:-1]}", "length", "signature", 0, str(len(S) - 1)),
    (f"{H}.{P}.{S[:40]}", "signature_length", "signature", 0, "30"),
    (f"{b64({'alg': 'ES256'})}.{P}.{S}", "signature_length", "signature", 0, "256"),
]


@pytest.mark.parametrize(("text", "code", "part", "place", "found"), PROBLEMS)
def test_each_malformed_text_is_explained_by_its_part(text, code, part, place, found):
    problems = {problem.code: problem for problem in read(text).problems}
    assert code in problems
    problem = problems[code]
    assert problem.part == part
    assert not place or problem.place == place
    assert not found or problem.found == found


def test_one_broken_part_does_not_hide_the_others():
    made = read(f"{H[:-1]}*.{P}.{S}=")
    assert [(problem.part, problem.code) for problem in made.problems] == [
        ("header", "character"),
        ("signature", "padding"),
    ]
    assert made.claims == CLAIMS
    assert made.header is None


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        (TOKEN, ()),
        (f"\n  {TOKEN}\n", ()),
        (f"Bearer {TOKEN}", ("bearer",)),
        (f"authorization:  bearer {TOKEN}", ("bearer",)),
        (f'"Bearer {TOKEN}"', ("quotes", "bearer")),
        (f"'{TOKEN}'\n", ("quotes",)),
        (f"`{TOKEN}`", ("quotes",)),
        ("\r\n".join(TOKEN[at : at + 64] for at in range(0, len(TOKEN), 64)), ("line_breaks",)),
        (f"{H}. {P} .{S}", ("blanks",)),
        (f"Bearer {TOKEN}\n$ kubectl get pods\nroot@pod:/# ", ("text_after", "bearer")),
        (f"{TOKEN[:99]}\n{TOKEN[99:]}\nNAME  READY\npod   1/1\n", ("text_after", "line_breaks")),
        (f"\ufeff{H}.{P[:5]}\u200b{P[5:]}.{S}", ("invisible",)),
        (base64.b64encode(TOKEN.encode()).decode(), ("base64",)),
    ],
)
def test_what_is_around_a_token_is_removed_and_said(text, removed):
    made = read(text)
    assert (made.removed, made.problems) == (removed, ())
    assert (made.header, made.claims, made.signature) == (HEADER, CLAIMS, len(S))
    assert read(text, was_base64=True).removed == tuple(dict.fromkeys(("base64", *removed)))


@pytest.mark.parametrize("text", [text for text, *_ in PROBLEMS] + [TOKEN, base64.b64encode(TOKEN.encode()).decode()])
def test_no_signature_gets_past_the_reading(text):
    for part in (S[:12], S[-12:]):
        assert part not in repr(read(text))


@given(st.text(alphabet='eyw3AZ09-_.•=+/ \n"?é'))
@settings(max_examples=examples(100))
def test_the_mask_keeps_the_length_leaves_nothing_after_the_second_dot_and_is_the_same_twice(text):
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert masked(hidden) == hidden
    after = hidden.split(".", 2)[2:]
    assert not any(sign.isalnum() for part in after for sign in part)


@given(st.one_of(st.text(), st.binary().map(lambda data: f"{H}.{b64(data)}.{S}")))
@settings(max_examples=examples(100))
def test_any_text_is_read(text):
    made = read(text)
    assert made.is_token or made.problems
    assert made.compact.count(DOT) <= len(text)


def test_an_unsigned_token_is_no_problem_of_its_form():
    assert [problem.code for problem in read(unsigned({"alg": "none"})).problems] == []


# --- the signature ---------------------------------------------------------------------------------------------------


@cache
def key_of(kind: str) -> tuple[Any, dict[str, Any]]:
    """A private key, and its public JWK."""
    if kind == "RSA":
        rsa_key = rsa.generate_private_key(65537, 2048)
        return rsa_key, RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True)
    if kind in ("Ed25519", "Ed448"):
        key: Any = ed25519.Ed25519PrivateKey.generate() if kind == "Ed25519" else ed448.Ed448PrivateKey.generate()
        return key, OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    curve = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}[kind]
    ec_key = ec.generate_private_key(curve)
    return ec_key, ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True)


def jwk(kind: str = "RSA", **more: Any) -> dict[str, Any]:
    return {name: value for name, value in key_of(kind)[1].items() if name != "key_ops"} | more


def signed(algorithm: str = "RS256", kind: str = "RSA", *, kid: str | None = "key-1", **header: Any) -> str:
    named = {"kid": kid, **header} if kid is not None else header
    return PyJWS().encode(json.dumps(CLAIMS).encode(), key_of(kind)[0], algorithm=algorithm, headers=named)


def jwks(*keys: Any) -> str:
    return json.dumps({"keys": keys})


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        *((f"{family}{bits}", "RSA") for family in ("RS", "PS") for bits in (256, 384, 512)),
        *(("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521"), ("EdDSA", "Ed25519"), ("EdDSA", "Ed448")),
    ],
)
def test_each_algorithm_of_a_public_key_is_verified_and_a_changed_token_is_not(algorithm, kind):
    token = signed(algorithm, kind)
    found = check_signature(f"Bearer {token}\n", jwks(jwk(kind, kid="key-1")))
    assert found.code == "verified"
    assert token.rpartition(".")[2] not in repr(found)
    head, _, signature = token.partition(".")
    changed = f"{head}.{b64({**CLAIMS, 'sub': 'another'})}.{signature.partition('.')[2]}"
    assert check_signature(changed, jwks(jwk(kind, kid="key-1"))).code == "wrong"


@pytest.mark.parametrize(
    ("keys", "code", "each"),
    [
        ([jwk(kid="key-2")], "no_key", ["other_kid"]),
        ([jwk(kid="key-2"), jwk(kid="key-1")], "verified", ["other_kid", "verified"]),
        ([jwk("P-256", kid="key-1"), jwk(kid="key-1")], "verified", ["kind", "verified"]),
        ([jwk("P-256", kid="key-1")], "no_key", ["kind"]),
        ([jwk(kid="key-1", use="enc")], "no_key", ["use"]),
        ([jwk(kid="key-1", alg="RS512")], "no_key", ["algorithm"]),
        ([{"kty": "RSA", "kid": "key-1", "e": "AQAB"}], "no_key", ["member"]),
        ([jwk(kid="key-1", n="not base64!")], "no_key", ["member"]),
        ([jwk(kid="key-1", n="A" * 3000)], "no_key", ["member"]),
        ([jwk(kid="key-1", n="AQ")], "no_key", ["unusable"]),
        ([jwk(kid="key-1", n=b64(b"\xc1" * 256))], "wrong", ["wrong"]),
        ([{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}], "no_key", ["kind"]),
        (["text"], "no_key", ["not_object"]),
    ],
)
def test_each_key_says_what_became_of_it(keys, code, each):
    found = check_signature(signed(), jwks(*keys))
    assert (found.code, [key.code for key in found.keys]) == (code, each)
    assert [key.place for key in found.keys] == list(range(1, len(keys) + 1))
    named = [str(key["kid"]) for key in keys if isinstance(key, dict)]
    assert (found.by_kid, found.got, found.expected) == (True, "key-1", ", ".join(named))


@pytest.mark.parametrize("kid", [None, ""])
def test_without_a_kid_every_key_that_fits_is_tried(kid):
    found = check_signature(signed(kid=kid), jwks(jwk("P-256"), jwk(n=b64(b"\xc1" * 256)), jwk(kid="other")))
    assert (found.code, found.by_kid, found.got, found.expected) == ("verified", False, "", "other")
    assert [key.code for key in found.keys] == ["kind", "wrong", "verified"]


def test_a_curve_that_does_not_fit_and_a_private_key_are_said():
    token = signed("ES256", "P-256")
    found = check_signature(token, jwks(jwk("P-384", kid="key-1")))
    assert [(key.code, key.got, key.expected) for key in found.keys] == [("curve", "crv P-384", "crv P-256")]
    private = ECAlgorithm.to_jwk(key_of("P-256")[0], as_dict=True)
    found = check_signature(token, jwks(private | {"kid": "key-1"}))
    assert (found.code, found.keys[0].has_private) == ("verified", True)
    assert found.has_private
    assert private["d"] not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        '{"keys": [{"d": "SECRET"',
        '{"keys": ["-----BEGIN RSA PRIVATE KEY-----SECRET"]}',
        '{"k" : "SECRET"}',
        '[{"dp":"SECRET"}]',
    ],
)
@pytest.mark.parametrize("token", ["", "a.b.c", None])
def test_a_private_key_is_said_also_where_it_is_not_tried_and_is_never_repeated(token, text):
    found = check_signature(signed() if token is None else token, text)
    assert found.has_private
    assert "SECRET" not in repr(found)
    assert not check_signature(signed(), jwks(jwk(kid="d"))).has_private


@pytest.mark.parametrize(
    "text", ['{"d": "SECRET"}', ' \n[{"x5u": "https://a.b.c", "d": "SECRET"}]', '{"a.b": {"d": "SECRET"}}']
)
def test_of_json_in_the_place_of_a_token_nothing_is_kept(text):
    assert "SECRET" not in masked(text)
    assert masked(masked(text)) == masked(text)
    assert read(masked(text)).problems[0].code == "is_json"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "jwks_empty"),
        ("x" * (LONGEST_JWKS + 1), "jwks_too_long"),
        ('{"keys": [', "jwks_json"),
        ('{"keys": [NaN]}', "jwks_json"),
        ("[]", "jwks_object"),
        ("{}", "jwks_keys"),
        ('{"keys": []}', "jwks_keys"),
        ('{"issuer": "https://a", "jwks_uri": "https://a/keys"}', "jwks_keys"),
        (jwks(*({"kty": "RSA"},) * (MOST_KEYS + 1)), "jwks_many"),
    ],
)
def test_a_bad_jwks_is_explained(text, code):
    assert check_signature(signed(), text).code == code


def test_a_jwks_that_is_no_json_is_shown_with_the_place():
    found = check_signature(signed(), '{"keys":\n [x]}')
    assert (found.code, found.got, found.expected) == ("jwks_json", "x", "2:3")


def test_one_key_alone_is_taken_as_it_is():
    assert check_signature(signed(), json.dumps(jwk(kid="key-1"))).code == "verified"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "token"),
        (f"{H}.{P}", "token"),
        ("x" * (LONGEST + 1), "token"),
        (unsigned({"alg": "none"}), "algorithm"),
        (f"{b64({'alg': 'HS256'})}.{P}.{S}", "algorithm"),
        (f"{b64({'alg': ['RS256']})}.{P}.{S}", "algorithm"),
        (f"{b64({'alg': 'RS256', 'crit': ['b64']})}.{P}.{S}", "critical"),
    ],
)
def test_what_no_public_key_can_verify_is_said(token, code):
    assert check_signature(token, jwks(jwk(kid="key-1"))).code == code


@given(st.text(), st.text())
@settings(max_examples=examples(60))
def test_junk_is_never_verified_and_never_raises(token, keys):
    assert check_signature(token, keys).code != "verified"
    assert check_signature(signed(), keys).code != "verified"


def test_a_claim_has_its_source_and_an_unknown_one_has_none():
    assert source("exp") == ("RFC 7519", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1")
    assert (source("kubernetes.io.pod.uid") or ("",))[0] == "Kubernetes"
    assert (source("azp") or ("",))[0] == "OpenID Connect Core 1.0"
    assert source("favourite_colour") is None
    assert source("kubernetes.ioX") is None
