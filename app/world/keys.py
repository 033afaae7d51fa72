"""The keys with which a cluster signs its ServiceAccount tokens, and a pool that makes them ahead of need."""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.flow.token import base64url

KEY_BITS = 2048
"""What EKS uses, and what `RS256` needs at least."""
AT_ONCE = 2
"""Keys that are made without a pause."""
PAUSE_SECONDS = 0.2
"""Between two keys when so many are ready. At a start, sixteen in a row take a core for the second in which the first
page is made."""

KEYS_THREAD = "signing-keys"
"""The name of the thread that makes keys. It computes without the interpreter's lock."""


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def _new_private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


class SigningKey:
    """One RSA key: signs as kube-apiserver does (`pkg/serviceaccount/jwt.go`), and has a name as on EKS."""

    def __init__(self, private_key: rsa.RSAPrivateKey | None = None, *, kid: str | None = None) -> None:
        self.private_key = private_key or _new_private_key()
        self.public_key = self.private_key.public_key()
        self.kid = kid or secrets.token_hex(20)
        """40 lower-case hexadecimal digits, as on EKS. AWS does not publish how it makes them; ours are random."""

    @cached_property
    def private_pem(self) -> str:
        """The private key, PKCS #8."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def jwk(self) -> dict[str, str]:
        """The public half as a JWK, members in the order of the EKS issuer."""
        numbers = self.public_key.public_numbers()
        return {
            "kty": "RSA",
            "kid": self.kid,
            "use": "sig",
            "alg": "RS256",
            "n": base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": base64url(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")),
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT. The header holds `alg` and `kid` and no `typ`; the claims come out in alphabetical order."""
        header = _json({"alg": "RS256", "kid": self.kid})
        signed = f"{base64url(header)}.{base64url(_json(claims))}"
        signature = self.private_key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"


class KeyPool:
    """Signing keys made ahead by a thread, so that a new world need not wait 50 to 100 ms for one.

    Those of worlds that are gone come back, under other names: to make an RSA key takes as long as all else that a new
    world takes, and a room makes two worlds a second. No two worlds that are served have the same key.
    """

    def __init__(self, size: int = 16) -> None:
        self._keys: queue.Queue[SigningKey] = queue.Queue(maxsize=size)
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._fill, name=KEYS_THREAD, daemon=True)

    def start(self) -> None:
        """Starts to make keys in the background."""
        self._wanted.set()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread once its current key is made. A pool that was never started needs no stop."""
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def take(self) -> SigningKey:
        """A key that no one else has. Makes one at once where none is ready."""
        try:
            return self._keys.get_nowait()
        except queue.Empty:
            return SigningKey()
        finally:
            self._wanted.set()

    def give_back(self, key: SigningKey) -> None:
        """Takes the key of a world that is gone, where there is room for it. Nothing is under its old name any more."""
        self._put(SigningKey(key.private_key))

    def _put(self, key: SigningKey) -> None:
        with contextlib.suppress(queue.Full):
            self._keys.put_nowait(key)

    def _fill(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            while not self._stopping.is_set() and not self._keys.full():
                if self._keys.qsize() >= AT_ONCE and self._stopping.wait(PAUSE_SECONDS):
                    break
                if not self._keys.full():
                    self._put(SigningKey())
            if self._stopping.is_set():
                return


class KeyRing:
    """The keys of one cluster: one that signs, and all that are published (EKS keeps old ones until they expire)."""

    def __init__(self, pool: KeyPool) -> None:
        self._pool = pool
        self.published: tuple[SigningKey, ...] = (pool.take(),)
        """What the JWKS holds, newest first."""

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self.published[0]

    def rotate(self) -> SigningKey:
        """A new key signs from now on; the old ones stay published."""
        self.published = (self._pool.take(), *self.published)
        return self.current

    def give_back(self) -> None:
        """The cluster is gone: others may have its keys."""
        for key in self.published:
            self._pool.give_back(key)

    def retire_old(self) -> None:
        """Publishes the current key alone: tokens signed with older ones can no longer be verified."""
        self.published = self.published[:1]
