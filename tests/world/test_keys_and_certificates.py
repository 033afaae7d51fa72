"""Signing keys as Kubernetes names and uses them; the certificates of the world."""

import base64
import json
import re
import ssl
import time

import jwt
import pytest
from cryptography.x509 import load_pem_x509_certificate

from app.world import keys
from app.world.keys import AT_ONCE, KeyPool, KeyRing, SigningKey
from app.world.servers.pki import Pki, client_context


@pytest.fixture(scope="module")
def key():
    return SigningKey()


def test_header_holds_alg_and_kid_and_nothing_else(key):
    header = key.sign({"sub": "x"}).split(".")[0]
    decoded = base64.urlsafe_b64decode(header + "==").decode()
    assert decoded == f'{{"alg":"RS256","kid":"{key.kid}"}}'


def test_kid_has_the_form_that_tokens_of_eks_show(key):
    assert re.fullmatch(r"[0-9a-f]{40}", key.kid)
    assert SigningKey().kid != key.kid


def test_kid_cannot_be_worked_out_from_the_key(key):
    """How EKS makes its names is not published, so nothing here may suggest a rule."""
    again = SigningKey(key.private_key)
    assert again.jwk() | {"kid": key.kid} == key.jwk()
    assert again.kid != key.kid


def test_claims_come_out_in_alphabetical_order_without_blanks(key):
    payload = key.sign({"sub": "x", "aud": ["a"], "exp": 2}).split(".")[1]
    assert base64.urlsafe_b64decode(payload + "==") == b'{"aud":["a"],"exp":2,"sub":"x"}'


def test_jwk_verifies_the_token_and_keeps_the_order_of_eks(key):
    jwk = key.jwk()
    assert list(jwk) == ["kty", "kid", "use", "alg", "n", "e"]
    claims = jwt.decode(key.sign({"sub": "x"}), jwt.PyJWK(jwk).key, algorithms=["RS256"])
    assert claims == {"sub": "x"}


def test_another_key_does_not_verify_it(key):
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(key.sign({"sub": "x"}), SigningKey().public_key, algorithms=["RS256"])


def test_pool_gives_every_key_once():
    pool = KeyPool(size=2)
    pool.start()
    try:
        assert len({pool.take().kid for _ in range(4)}) == 4
    finally:
        pool.stop()


def test_pool_has_the_keys_of_what_is_gone_under_other_names():
    pool = KeyPool(size=2)
    ring = KeyRing(pool)
    ring.rotate()
    gone = {key.kid: key.private_key for key in ring.published}
    ring.give_back()
    ring.give_back()  # for which there is no room
    again = [pool.take() for _ in gone]
    assert {key.private_key for key in again} == {*gone.values()}
    assert gone.keys().isdisjoint(key.kid for key in again)
    assert pool.take().private_key not in gone.values()


def test_pool_makes_few_keys_without_a_pause(monkeypatch):
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 600.0)
    pool = KeyPool()
    pool.start()
    try:
        while pool._keys.qsize() < AT_ONCE:
            time.sleep(0.01)
    finally:
        pool.stop()
    assert pool._keys.qsize() == AT_ONCE


def test_ring_signs_with_the_newest_and_publishes_all():
    ring = KeyRing(KeyPool())
    old = ring.current
    new = ring.rotate()
    assert ring.current is new
    assert ring.published == (new, old)
    ring.retire_old()
    assert ring.published == (new,)


def test_leaf_and_intermediate_lead_to_the_root():
    pki = Pki.new(["127.0.0.1", "issuer.example"])
    server, client = pki.server_context(), client_context(pki.root_ca_pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname="issuer.example")
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    names = {value for _, value in one.getpeercert()["subjectAltName"]}
    assert names == {"127.0.0.1", "issuer.example"}
    assert load_pem_x509_certificate(pki.root_ca_pem).extensions is not None


@pytest.mark.parametrize("bundle", [b"junk", b"\xff\xfe", json.dumps({}).encode()])
def test_a_bundle_without_certificates_is_refused(bundle):
    with pytest.raises(ValueError, match="no certificate"):
        client_context(bundle)


def test_an_empty_bundle_trusts_nobody():
    assert client_context(b"").get_ca_certs() == []
