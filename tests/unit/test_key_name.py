"""The way from a key in a JWKS to its `kid`, and that no junk in a JWKS breaks it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from app.flow.token import LONGEST_MEMBER, key_id
from app.flow.tokens.key_name import name_of
from tests.private_keys import KEY
from tests.unit.fake_ports import jwk


def test_each_stage_follows_from_the_one_before() -> None:
    found = name_of(jwk(KEY))
    assert found is not None
    assert (found.kind, found.bits) == ("RSA", 2048)
    assert hashlib.sha256(found.der).hexdigest() == found.digest
    assert base64.urlsafe_b64encode(bytes.fromhex(found.digest)).decode() == f"{found.derived}="
    assert found.derived == found.kid == key_id(KEY.public_key())
    assert len(found.derived) == 43


def test_a_name_of_its_own_is_recognised() -> None:
    found = name_of(jwk(KEY) | {"kid": "mine"})
    assert found is not None
    assert found.kid != found.derived


@pytest.mark.parametrize(("curve", "bits"), [(ec.SECP256R1(), 256), (ec.SECP384R1(), 384), (ec.SECP521R1(), 521)])
def test_keys_on_elliptic_curves_are_named_the_same_way(curve: ec.EllipticCurve, bits: int) -> None:
    key = ec.generate_private_key(curve).public_key()
    found = name_of(ECAlgorithm.to_jwk(key, as_dict=True))
    assert found is not None
    assert (found.kind, found.bits, found.derived) == ("EC", bits, key_id(key))


@pytest.mark.parametrize(
    "change", [{"kty": "oct"}, {"kty": "EC"}, {"n": 7}, {"n": None}, {"e": ["AQAB"]}, {"n": "_" * (LONGEST_MEMBER + 2)}]
)
def test_what_is_no_public_key_that_sts_verifies_with_has_no_name(change: dict[str, Any]) -> None:
    assert name_of(jwk(KEY) | {"n": "_" * LONGEST_MEMBER}) is not None
    assert name_of(jwk(KEY) | change) is None


@given(
    st.dictionaries(
        st.sampled_from(["kty", "n", "e", "crv", "x", "y", "kid"]),
        st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(["RSA", "EC", "oct", "P-256", "AQAB", "AA"]),
    )
)
def test_junk_is_no_key(junk: dict[str, Any]) -> None:
    found = name_of(junk)
    assert found is None or found.der
