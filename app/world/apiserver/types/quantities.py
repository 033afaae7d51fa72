"""Quantities such as `250m` or `64Mi`: their numbers, and the form in which the API server stores them.

Source: k8s.io/apimachinery `pkg/api/resource/quantity.go`, and `SetDefaults_ResourceList` in
`pkg/apis/core/v1/defaults.go`, which rounds the amounts of resources up to thousandths.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

PATTERN = re.compile(r"[+-]?(\d{1,99}(\.\d{0,99})?|\.\d{1,99})([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?", re.ASCII)
_PARTS = re.compile(r"([+-]?)0*+(\d*+)\.?+(\d*+)(.*)", re.ASCII)
_SUFFIXED = re.compile(r"(.*?)([numkMGTPE]|[KMGTPE]i)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {f"{letter}i": power for power, letter in enumerate("KMGTPE", start=1)}
_SCALES = {
    **{suffix: Fraction(10) ** exponent for suffix, exponent in _DECIMAL.items()},
    **{suffix: Fraction(1024**power) for suffix, power in _BINARY.items()},
}
_SUFFIXES = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_NANO, _MILLI = 9, 3
_DIGITS = 18
"""The digits of a number that is not parsed as a big one."""
_LARGEST = 2**63 - 1


def quantity(text: str) -> Fraction:
    """The number that a valid quantity stands for."""
    number, suffix = _SUFFIXED.fullmatch(text).groups()  # type: ignore[union-attr]  # it matches any text
    return Fraction(Decimal(number)) * _SCALES.get(suffix, 1)


def stored(text: str, *, rounded: bool) -> str:
    """The form in which a valid quantity is stored. `rounded`: whether it is an amount of a resource."""
    sign, whole, rest, suffix = _PARTS.fullmatch(text).groups()  # type: ignore[union-attr]  # it matches any text
    exponential = suffix[:1] in ("e", "E") and len(suffix) > 1
    digits, places = (whole or "0") + rest, _MILLI if rounded else _NANO
    shown = ""
    if suffix in _BINARY:
        power = _BINARY[suffix]
        if not rest and len(digits) + 3 * power < 15 and int(digits) % 8:
            return text
        exponent = -places
        mantissa = min(math.ceil(abs(quantity(text)) * 10**places), _LARGEST * 10**places)
        shown = _binary(mantissa // 10**places) if _is_whole(mantissa, places) else ""
    else:
        scale = (int(suffix[1:]) if exponential else _DECIMAL[suffix]) - len(rest)
        is_kept = scale % 3 == 0 and scale >= -places and len(digits) <= _DIGITS
        if text == "0" or (is_kept and not digits.endswith("000") and digits[0] != "0"):
            return text
        exponent = max(scale, -places)
        mantissa = -(-int(digits) // 10 ** (exponent - scale))  # rounded up
    shown = shown or _decimal(mantissa, exponent, exponential=exponential)
    return f"-{shown}" if sign == "-" and mantissa else shown


def _is_whole(mantissa: int, places: int) -> bool:
    """Whether a number is whole and large enough to be written by powers of 1024."""
    return bool(mantissa % 10**places == 0 and mantissa >= 1024 * 10**places)


def _binary(number: int) -> str:
    power = 0
    while number % 1024 == 0:
        number, power = number // 1024, power + 1
    suffix = next((suffix for suffix, each in _BINARY.items() if each == power), "")
    return f"{number}{suffix}"


def _decimal(mantissa: int, exponent: int, *, exponential: bool) -> str:
    if mantissa == 0:
        return "0"
    digits = str(mantissa).rstrip("0")
    exponent += len(str(mantissa)) - len(digits)
    digits, exponent = digits + "0" * (exponent % 3), exponent - exponent % 3
    suffix = None if exponential else _SUFFIXES.get(exponent)
    if suffix is None:
        suffix = f"e{exponent}" if exponent else ""
    return f"{digits}{suffix}"
