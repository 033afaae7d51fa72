"""Tokens: decoded, dissected byte by byte, verified against a key set."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.flow.token import ALGORITHMS, MalformedToken, decode, key_id, verify
from app.flow.tokens.token_anatomy import anatomy
from tests.private_keys import KEY, OTHER_KEY

NOW = 1_729_605_300
CLAIMS = {
    "aud": ["sts.amazonaws.com"],
    "exp": 1_729_691_640,
    "iat": 1_729_605_240,
    "iss": "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
    "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
    "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "my-sa", "uid": "14ee3fa4"}},
    "nbf": 1_729_605_240,
    "sub": "system:serviceaccount:default:my-sa",
}
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def encode(data):
    if not isinstance(data, bytes | str):
        data = json.dumps(data, separators=(",", ":"))
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def compact(header, claims, signature=b"x"):
    return f"{encode(header)}.{encode(claims)}.{encode(signature)}"


def token(key=KEY, algorithm="RS256", header=None, **claims):
    """A signed token as Kubernetes writes it; a claim given as `...` is left out."""
    merged = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    head = {"alg": algorithm, "kid": key_id(key.public_key())} | (header or {})
    signing_input = f"{encode(head)}.{encode(merged)}"
    signature = jwt.get_algorithm_by_name(algorithm).sign(signing_input.encode(), key)
    return f"{signing_input}.{encode(signature)}"


def jwk(key=KEY, algorithm="RS256", **changes):
    """The public key as a JWK; a member given as `...` is left out."""
    members = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    members.pop("key_ops", None)
    members = {"kid": key_id(key.public_key()), "use": "sig", "alg": algorithm} | members | changes
    return {name: value for name, value in members.items() if value is not ...}


def jwks(*keys):
    return {"keys": list(keys or [jwk()])}


class TestKeyId:
    def test_it_is_what_kubernetes_derives(self):
        """Recorded from a real API server's key set."""
        modulus = (
            "s9P4553YSG-vO-kzld48GJiVgSjrQ4dFikyBqHvbU1_NpLaPEzlaPJBmwFcKChXAiSygYFkDYVmcvSMTJJzHnb1zqRmkKLpUrtSMzv-I"
            "OS-UFCXzwkiipCRF0eG5zXk-h7w_eoEovmfSxLsQi2xVhk-nc-nyhxiYBDIQE2Fuu_FpgWH3fn4FN3YC5lTfBuwAqe1ZNiom-W-6E5ES"
            "MyvTWXDI5MuAKRjLtYfezBXacZ8vaoUrvff30vvBLJleHWDE9Qqz6xDo461GwNEVd1khNWsLObyBA9BmZQjABNs-9xB76XAdeht2v_1x"
            "RtAIojiewmOlLbyX9yLLq2im0HWEdQ"
        )
        key = jwt.PyJWK({"kty": "RSA", "n": modulus, "e": "AQAB"}).key
        assert key_id(key) == "CfxPgA1bkMCa0V-OLuS6fSEx4wssjBwPdO6rakZs8p0"

    def test_every_kind_of_key_has_one(self):
        ids = {key_id(ec.generate_private_key(curve).public_key()) for curve in CURVES.values()}
        assert {len(kid) for kid in ids} == {43}
        assert len(ids) == 3


class TestDecode:
    def test_it_gives_what_was_put_in(self):
        decoded = decode(token())
        assert decoded.header == {"alg": "RS256", "kid": key_id(KEY.public_key())}
        assert decoded.claims == CLAIMS
        assert len(decoded.signature) == 256
        assert decoded.signing_input.decode() == token().rpartition(".")[0]

    def test_the_signature_is_not_shown(self):
        assert repr(decode(token()).signature) not in repr(decode(token()))
        assert "signing_input" not in repr(decode(token()))

    def test_a_token_that_nobody_signed_can_be_looked_at(self):
        decoded = decode(compact({"alg": "none"}, {"sub": "x"}, b""))
        assert (decoded.header, decoded.claims, decoded.signature) == ({"alg": "none"}, {"sub": "x"}, b"")

    @pytest.mark.parametrize(
        ("text", "code", "got", "expected"),
        [
            ("", "parts", "1", "3"),
            ("/var/run/secrets/token", "parts", "1", "3"),
            ("a.b", "parts", "2", "3"),
            ("a.b.c.d", "parts", "4", "3"),
            ("a.b.c.d.e", "parts", "5", "3"),
            (f"{encode({})}=.{encode({})}.eA", "encoding", "header", "base64url"),
            (f"{encode({})}.{encode({})}\n.eA", "encoding", "payload", "base64url"),
            (f"{encode({})}.{encode({})}.e+A", "encoding", "signature", "base64url"),
            (f"{encode({})}.{encode({})}.eA ", "encoding", "signature", "base64url"),
            (f"{encode({})}.{encode({})}.é", "encoding", "signature", "base64url"),
            (f"{encode({})}.{encode({})}.\ud800", "encoding", "signature", "base64url"),
            (f"{encode({})}.{encode({})}.A", "encoding", "signature", "base64url"),
            ("..", "json", "header", "JSON"),
            (compact({}, b"\xff\xfe"), "json", "payload", "UTF-8"),
            (compact({}, "{"), "json", "payload", "JSON"),
            (compact({}, '{"exp":NaN}'), "json", "payload", "JSON"),
            (compact({}, '{"exp":-Infinity}'), "json", "payload", "JSON"),
            (compact({}, '{"exp":1e999}'), "json", "payload", "JSON"),
            (compact({}, '{"exp":' + "9" * 5000 + "}"), "json", "payload", "JSON"),
            (compact({}, '{"a":"\\ud800"}'), "json", "payload", "JSON"),
            (compact({}, '{"a":' * 500 + "1" + "}" * 500), "json", "payload", "JSON"),
            (compact("[" * 100_000, {}), "json", "header", "JSON"),
            (compact([], {}), "object", "header", "object"),
            (compact({}, '"text"'), "object", "payload", "object"),
            (compact({}, "null"), "object", "payload", "object"),
        ],
    )
    def test_what_is_no_token(self, text, code, got, expected):
        for read in (decode, anatomy, lambda junk: verify(junk, jwks(), now=NOW)):
            with pytest.raises(MalformedToken) as caught:
                read(text)
            assert (caught.value.code, caught.value.got, caught.value.expected) == (code, got, expected)

    def test_the_error_holds_nothing_of_the_token(self):
        secret = token() + "!"
        with pytest.raises(MalformedToken) as caught:
            decode(secret)
        assert not any(part in str(caught.value) for part in secret.split("."))

    @given(
        st.text()
        | st.text(alphabet="eyJ0._-", max_size=40)
        | st.builds(compact, st.just({"alg": "RS256"}), st.dictionaries(st.text(), st.text()), st.binary())
    )
    def test_junk_is_decoded_or_refused(self, junk):
        try:
            decoded = decode(junk)
        except MalformedToken:
            return
        assert junk.startswith(decoded.signing_input.decode() + ".")


class TestAnatomy:
    def test_the_parts_lie_between_the_dots(self):
        text = token()
        header, payload, signature = anatomy(text)
        assert [part.name for part in (header, payload, signature)] == ["header", "payload", "signature"]
        assert text[header.start : header.stop] == header.base64url
        assert text[payload.start : payload.stop] == payload.base64url
        assert (text[header.stop], text[payload.stop], signature.stop) == (".", ".", len(text))
        assert json.loads(payload.json) == CLAIMS

    def test_the_signature_is_masked(self):
        text = token()
        signature = anatomy(text)[2]
        assert signature.base64url == "…masked…"
        assert (signature.json, signature.fields) == ("", ())
        assert text.rpartition(".")[2] not in repr(anatomy(text))

    def test_each_claim_lies_where_it_says(self):
        text = token()
        for part, values in zip(anatomy(text), (decode(text).header, CLAIMS), strict=False):
            assert [field.name for field in part.fields] == list(values)
            document = part.json.encode()
            for field in part.fields:
                assert document[field.start : field.stop].decode() == field.json
                assert json.loads("{" + field.json + "}") == {field.name: values[field.name]}

    def test_white_space_and_other_alphabets_are_counted_in_bytes(self):
        source = ' {\n "名前" : [1, {"a" : "}"}] ,\t"b":"\\"é" ,"":null}\r\n'
        fields = anatomy(compact("{ }", source))[1].fields
        assert [field.name for field in fields] == ["名前", "b", ""]
        assert [source.encode()[field.start : field.stop].decode() for field in fields] == [
            '"名前" : [1, {"a" : "}"}]',
            '"b":"\\"é"',
            '"":null',
        ]
        assert anatomy(compact("{ }", source))[0].fields == ()

    def test_a_name_that_comes_twice_is_shown_twice(self):
        assert [field.json for field in anatomy(compact({}, '{"a":1,"a":2}'))[1].fields] == ['"a":1', '"a":2']

    @given(
        st.dictionaries(
            st.text(),
            st.recursive(
                st.none() | st.integers() | st.text() | st.booleans(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=5,
            ),
        ),
        st.sampled_from([None, 2]),
    )
    def test_the_characters_of_a_claim_carry_its_bytes(self, claims, indent):
        source = json.dumps(claims, ensure_ascii=False, indent=indent)
        text = compact({"alg": "RS256"}, source)
        payload = anatomy(text)[1]
        for field, (name, value) in zip(payload.fields, claims.items(), strict=True):
            assert payload.start <= field.compact_start < field.compact_stop <= payload.stop
            assert json.loads("{" + field.json + "}") == {name: value}
            bits = "".join(
                f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.index(sign):06b}"
                for sign in text[field.compact_start : field.compact_stop]
            )
            offset = field.start * 8 - (field.compact_start - payload.start) * 6
            assert 0 <= offset < 6
            wanted = "".join(f"{byte:08b}" for byte in field.json.encode())
            assert bits[offset : offset + len(wanted)] == wanted
            assert len(bits) - offset - len(wanted) < 6


def passed(verification):
    return [(result.number, result.name, result.passed) for result in verification.results]


def outcome(text, key_set, name, **options):
    """One result of a verification, by name."""
    return verify(text, key_set, **({"now": NOW} | options)).result(name)


class TestVerify:
    def test_a_good_token(self):
        verification = verify(token(), jwks(), now=NOW, audience="sts.amazonaws.com")
        assert verification.valid
        assert passed(verification) == [
            (1, "algorithm", True),
            (2, "key", True),
            (3, "signature", True),
            (4, "not_before", True),
            (5, "expiration", True),
            (6, "audience", True),
        ]
        assert verification.result("key").got == verification.result("key").expected == key_id(KEY.public_key())

    def test_what_was_not_asked_has_no_result(self):
        with pytest.raises(KeyError):
            verify(token(), jwks(), now=NOW).result("audience")

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_every_algorithm_that_sts_takes(self, algorithm):
        key = ec.generate_private_key(CURVES[algorithm]) if algorithm in CURVES else KEY
        keys = jwks(jwk(key, algorithm))
        assert verify(token(key, algorithm), keys, now=NOW).valid
        assert not verify(token(key, algorithm, header={"alg": "RS256"}), keys, now=NOW).valid or algorithm == "RS256"

    @pytest.mark.parametrize(
        "algorithm", ["none", "nOnE", "", "HS256", "HS512", "PS256", "EdDSA", "rs256", None, 7, []]
    )
    def test_no_other_algorithm(self, algorithm):
        text = compact({"alg": algorithm, "kid": key_id(KEY.public_key())}, CLAIMS, b"")
        verification = verify(text, jwks(), now=NOW)
        assert passed(verification)[:3] == [(1, "algorithm", False), (2, "key", None), (3, "signature", None)]
        assert not verification.valid

    def test_the_public_key_is_no_shared_secret(self):
        """The classic confusion: an HMAC with the public key's text."""
        signing_input = f"{encode({'alg': 'HS256', 'kid': key_id(KEY.public_key())})}.{encode(CLAIMS)}"
        for secret in (jwk()["n"].encode(), json.dumps(jwk()).encode()):
            forged = f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"
            for key in (jwk(), jwk(kty="oct", k=encode(secret), alg="HS256")):
                assert not verify(forged, jwks(key), now=NOW).valid

    def test_a_critical_extension_is_not_understood(self):
        extended = token(header={"crit": ["b64"], "b64": False})
        assert outcome(extended, jwks(), "algorithm").passed is False
        assert (outcome(extended, jwks(), "signature").passed, outcome(extended, jwks(), "signature").got) == (None, "")

    @pytest.mark.parametrize(
        "key_set",
        [
            None,
            [],
            {},
            {"keys": None},
            {"keys": {}},
            {"keys": []},
            {"keys": [None, 7, "x", []]},
            {"keys": [{}]},
            jwks(jwk(kid="other")),
            jwks(jwk(kid=...)),
            jwks(jwk(use="enc")),
            jwks(jwk(alg="RS512")),
            jwks(jwk(kty="EC")),
            jwks(jwk(kty=...)),
            jwks(jwk(n=...)),
            jwks(jwk(n=7)),
            jwks(jwk(n="")),
            jwks(jwk(n="!")),
            jwks(jwk(n="A" * 100_000)),
            jwks(jwk(e="")),
            jwks(jwk(e="AQ")),
            jwks(jwk(e="AQAA")),
            jwks(jwk(crv="P-256")),
        ],
    )
    def test_a_key_set_without_the_key(self, key_set):
        verification = verify(token(), key_set, now=NOW)
        assert passed(verification)[1:3] == [(2, "key", False), (3, "signature", None)]

    @pytest.mark.parametrize("kid", [None, "", 7, ["a"], {"a": 1}])
    def test_the_header_must_name_the_key(self, kid):
        text = token(header={"kid": kid})
        assert outcome(text, jwks(jwk(kid=kid), jwk(kid=...)), "key").passed is (kid == "")

    def test_the_right_key_among_several(self):
        keys = jwks(jwk(OTHER_KEY), {"kid": key_id(KEY.public_key())}, jwk(), jwk(alg=..., use=...))
        verification = verify(token(), keys, now=NOW)
        assert verification.valid
        assert verification.result("key").expected.split(", ").count(key_id(KEY.public_key())) == 3

    def test_a_private_key_in_the_set_is_used_as_a_public_one(self):
        private = jwt.get_algorithm_by_name("RS256").to_jwk(KEY, as_dict=True)
        assert verify(token(), jwks(jwk(d=private["d"], p="junk")), now=NOW).valid

    def test_an_elliptic_key_on_another_curve(self):
        key = ec.generate_private_key(ec.SECP384R1())
        assert outcome(token(key, "ES384", header={"alg": "ES256"}), jwks(jwk(key, "ES384")), "key").passed is False
        point_off_the_curve = jwk(ec.generate_private_key(ec.SECP256R1()), "ES256", x="AAAA", kid="k")
        text = token(ec.generate_private_key(ec.SECP256R1()), "ES256", header={"kid": "k"})
        assert outcome(text, jwks(point_off_the_curve), "key").passed is False

    def test_another_key_s_signature(self):
        text = token(OTHER_KEY, header={"kid": key_id(KEY.public_key())})
        result = outcome(text, jwks(), "signature")
        assert (result.passed, result.got, result.expected) == (False, "false", "true")

    def test_a_changed_claim(self):
        header, _, signature = token().split(".")
        changed = f"{header}.{encode(CLAIMS | {'sub': 'system:serviceaccount:kube-system:admin'})}.{signature}"
        assert outcome(changed, jwks(), "signature").passed is False

    def test_a_changed_header(self):
        _, payload, signature = token().split(".")
        changed = {"kid": key_id(KEY.public_key()), "alg": "RS256"}
        assert outcome(f"{encode(changed)}.{payload}.{signature}", jwks(), "signature").passed is False

    @pytest.mark.parametrize("signature", [b"", b"x", b"\0" * 256, b"\xff" * 256, b"x" * 300])
    def test_no_signature(self, signature):
        text = token().rpartition(".")[0] + "." + encode(signature)
        assert outcome(text, jwks(), "signature").passed is False

    @pytest.mark.parametrize(
        ("claims", "now", "leeway", "begun", "alive"),
        [
            ({}, CLAIMS["nbf"], 0, True, True),
            ({}, CLAIMS["nbf"] - 1, 0, False, True),
            ({}, CLAIMS["nbf"] - 300, 300, True, True),
            ({}, CLAIMS["exp"] - 0.5, 0, True, True),
            ({}, CLAIMS["exp"], 0, True, False),
            ({}, CLAIMS["exp"] + 299, 300, True, True),
            ({}, CLAIMS["exp"] + 300, 300, True, False),
            ({"nbf": ...}, NOW, 0, True, True),
            ({"nbf": None}, NOW, 0, False, True),
            ({"nbf": "1"}, NOW, 0, False, True),
            ({"nbf": 1.5}, NOW, 0, False, True),
            ({"nbf": True}, NOW, 0, False, True),
            ({"exp": ...}, NOW, 0, True, False),
            ({"exp": None}, NOW, 0, True, False),
            ({"exp": "1829691640"}, NOW, 0, True, False),
            ({"exp": 1829691640.0}, NOW, 0, True, False),
            ({"exp": [1829691640]}, NOW, 0, True, False),
            ({"exp": 10**400, "nbf": -(10**400)}, NOW + 0.5, 0, True, True),
        ],
    )
    def test_times(self, claims, now, leeway, begun, alive):
        verification = verify(token(**claims), jwks(), now=now, leeway=leeway)
        assert verification.result("not_before").passed is begun
        assert verification.result("expiration").passed is alive
        assert verification.result("signature").passed is True

    def test_no_leeway_is_given_unasked(self):
        assert outcome(token(), jwks(), "expiration", now=CLAIMS["exp"]).passed is False
        assert outcome(token(), jwks(), "not_before", now=CLAIMS["nbf"] - 1).passed is False

    def test_times_say_what_would_have_passed(self):
        verification = verify(token(), jwks(), now=CLAIMS["exp"] + 10, leeway=5)
        shown = verification.result("expiration")
        assert (shown.got, shown.expected) == (str(CLAIMS["exp"]), f"> {CLAIMS['exp'] + 5}")
        assert verification.result("not_before").expected == f"<= {CLAIMS['exp'] + 15}"

    @pytest.mark.parametrize(
        ("audience", "expected"),
        [
            ("sts.amazonaws.com", True),
            (["a", "sts.amazonaws.com"], True),
            (["STS.amazonaws.com"], False),
            (["sts.amazonaws.com.example"], False),
            ([], False),
            (None, False),
            (..., False),
            ({"sts.amazonaws.com": 1}, False),
            ([["sts.amazonaws.com"]], False),
        ],
    )
    def test_audience(self, audience, expected):
        assert outcome(token(aud=audience), jwks(), "audience", audience="sts.amazonaws.com").passed is expected

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(["RSA", "EC", "sig", "RS256", "P-256"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["keys", "kty", "kid", "n", "e", "alg", "use", "crv", "x", "y"]), inner
                )
            ),
            max_leaves=12,
        )
    )
    def test_a_junk_key_set_verifies_nothing(self, junk):
        for key_set in (junk, {"keys": junk}, {"keys": [junk]}):
            assert not verify(token(), key_set, now=NOW).valid
