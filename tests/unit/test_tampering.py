"""One character changed: whatever it is, the token is no longer the one that was signed."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.token import MalformedToken, decode, verify
from app.flow.tokens.tampering import NotACharacter, flip, place_in
from app.flow.tokens.token_anatomy import anatomy
from tests.private_keys import KEY
from tests.unit.fake_ports import NOW, jwk, token
from tests.unit.test_token import compact

TOKEN = token()
JWKS = {"keys": [jwk(KEY)]}
DOTS = [index for index, character in enumerate(TOKEN) if character == "."]
CHARACTERS = [index for index in range(len(TOKEN)) if index not in DOTS]


def decoded(part: str, text: str) -> bytes:
    """The bytes of a part, read bit by bit, as a check on what the code does with them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    encoded = text.split(".")[("header", "payload", "signature").index(part)]
    bits = "".join(f"{alphabet.index(character):06b}" for character in encoded)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))


def test_the_token_itself_is_valid():
    assert verify(TOKEN, JWKS, now=NOW).valid


def test_every_character_changes_one_byte_and_the_token_is_refused():
    for index in CHARACTERS:
        changed, change = flip(TOKEN, index)
        differing = [at for at in range(len(TOKEN)) if TOKEN[at] != changed[at]]
        assert differing == [index]
        before, after = decoded(change.part, TOKEN), decoded(change.part, changed)
        assert [at for at in range(len(before)) if before[at] != after[at]] == [change.byte]
        if change.part != "signature" and not change.name:
            text = before.decode()
            assert (change.before_it, change.after_it) == (text[: change.byte][-16:], text[change.byte + 1 :][:16])
        try:
            assert not verify(changed, JWKS, now=NOW).valid
            assert change.readable
        except MalformedToken:
            assert not change.readable


@given(st.sampled_from(CHARACTERS))
def test_it_says_what_was_hit(index):
    changed, change = flip(TOKEN, index)
    if change.part == "signature":
        return
    before, after = decoded(change.part, TOKEN), decoded(change.part, changed)
    assert (change.byte_before, change.byte_after) == (before[change.byte], after[change.byte])
    assert (change.character_before, change.character_after) == (TOKEN[index], changed[index])
    whole = change.before_it + chr(before[change.byte]) + change.after_it
    assert whole in before.decode()
    if change.name:
        part = anatomy(TOKEN)[("header", "payload").index(change.part)]
        named = {field.name: field for field in every(part.fields)}
        assert named[change.name].json == whole


def every(fields):
    for field in fields:
        yield field
        yield from every(field.fields)


def test_of_the_signature_nothing_is_said():
    signature = TOKEN.rpartition(".")[2]
    for index in (CHARACTERS[-1], CHARACTERS[-300]):
        _, change = flip(TOKEN, index)
        assert change.part == "signature"
        assert (change.character_before, change.character_after, change.before_it, change.after_it) == ("",) * 4
        assert (change.byte_before, change.byte_after) == (None, None)
        assert signature[:4] not in repr(change)


@pytest.mark.parametrize("index", [*DOTS, -1, len(TOKEN), 10**9])
def test_a_dot_and_a_place_outside_are_refused(index):
    with pytest.raises(NotACharacter):
        flip(TOKEN, index)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "e30.e30", "!.e30.AA"])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(MalformedToken):
        flip(text, 0)


@pytest.mark.parametrize("size", range(1, 9))
def test_bits_that_decode_to_nothing_are_left_alone(size):
    encoded = base64.urlsafe_b64encode(b"x" * size).rstrip(b"=").decode()
    text = f"e30.e30.{encoded}"
    changed, _ = flip(text, len(text) - 1)
    assert decode(changed).signature != decode(text).signature


@pytest.mark.parametrize("name", ["alg", "kid", "aud", "exp", "iss", "sub"])
def test_a_place_in_a_member_leaves_it_readable(name):
    index = place_in(TOKEN, name)
    assert index is not None
    _, change = flip(TOKEN, index)
    assert (change.name, change.readable) == (name, True)


def test_there_is_no_place_in_what_is_not_there():
    assert place_in(TOKEN, "azp") is None


NESTED = st.recursive(
    st.integers() | st.text(max_size=6),
    lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), NESTED, max_size=5))
def test_nested_ranges_reproduce_the_json(claims):
    text = compact({}, json.dumps(claims, ensure_ascii=False, separators=(", ", ": ")))
    payload = anatomy(text)[1]
    data = payload.json.encode()
    for field in every(payload.fields):
        assert data[field.start : field.stop].decode() == field.json
        assert payload.start <= field.compact_start < field.compact_stop <= payload.stop
        for inner in field.fields:
            assert field.start < inner.start < inner.stop < field.stop
            assert inner.name.startswith(f"{field.name}.")


def test_members_of_kubernetes_io_have_ranges_of_their_own():
    found = {field.name: field.json for field in every(anatomy(TOKEN)[1].fields)}
    assert found["kubernetes.io.pod.name"] == '"name":"pod-after"'
    assert found["kubernetes.io.serviceaccount"] == '"serviceaccount":{"name":"my-sa","uid":"14ee3fa4"}'
