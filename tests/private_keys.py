"""RSA keys of tests: two to sign with, and those that worlds share. To make one takes half of what a world takes.

So four are made, and the worlds' are of their primes: of each two that are not of one key.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from app.world import keys

EXPONENT = 65537
_MADE = [rsa.generate_private_key(public_exponent=EXPONENT, key_size=keys.KEY_BITS) for _ in range(4)]
KEY, OTHER_KEY = _MADE[:2]


def stock_private_keys() -> Callable[[], Any]:
    """From now on the worlds of this process take theirs from a stock; what made one before.

    It has 24, which is more than any test takes, so that no two keys of a test are the same.
    """
    make = keys._new_private_key
    stock = itertools.cycle(
        [
            _key_of(one, another)
            for ones, others in itertools.combinations(map(_primes, _MADE), 2)
            for one in ones
            for another in others
        ]
    )
    keys._new_private_key = lambda: next(stock)
    return make


def _primes(key: rsa.RSAPrivateKey) -> tuple[int, int]:
    numbers = key.private_numbers()
    return numbers.p, numbers.q


def _key_of(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, public).private_key(unsafe_skip_rsa_key_validation=True)
