"""What the text of an environment variable may be, and the value that it becomes."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Value = TypeVar("Value", covariant=True)
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_HTTPS_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)


class Kind(Protocol[Value]):
    """A kind of value."""

    @property
    def expected(self) -> str:
        """Which values there are, as numbers and examples and not as a sentence; empty where any text will do."""

    def read(self, text: str) -> Value:
        """The value of a text that is not empty. Raises `ValueError`."""


@dataclass(frozen=True)
class Text:
    """Any text, such as a path."""

    expected: str = ""

    def read(self, text: str) -> str:
        """The text itself."""
        return text


@dataclass(frozen=True)
class Word(Text):
    """A text without blanks around it, such as a token that a file's last line left one behind."""

    def read(self, text: str) -> str:
        """The text without them."""
        return text.strip()


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        """The words."""
        return ", ".join(self.words)

    def read(self, text: str) -> Any:
        """The word itself, whose type is a `Literal` of them."""
        if (word := text.strip()) not in self.words:
            raise ValueError(text)
        return word


@dataclass(frozen=True)
class Host:
    """An IP address or a host's name (RFC 1123 §2.1)."""

    expected: str = "127.0.0.1, ::1, HOST"

    def read(self, text: str) -> str:
        """The text itself."""
        name = text.strip()
        if not _HOST_NAME.fullmatch(name):
            ipaddress.ip_address(name)
        return name


@dataclass(frozen=True)
class WholeNumber:
    """A number between bounds, both of which are in it."""

    least: int
    most: int

    @property
    def expected(self) -> str:
        """The bounds."""
        return f"{self.least}…{self.most}"

    def read(self, text: str) -> int:
        """Its decimal digits; at most nine of them are looked at."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
            raise ValueError(text)
        if not self.least <= (number := int(digits)) <= self.most:
            raise ValueError(text)
        return number


@dataclass(frozen=True)
class YesOrNo:
    """1 or 0."""

    expected: str = "0, 1"

    def read(self, text: str) -> bool | None:
        """Whether it is 1."""
        if text.strip() not in ("0", "1"):
            raise ValueError(text)
        return text.strip() == "1"


@dataclass(frozen=True)
class Networks:
    """Addresses and networks, separated by commas; `*` is every address."""

    expected: str = "10.0.0.7, 10.0.0.0/24, 2001:db8::/64, *"

    def read(self, text: str) -> tuple[Network, ...]:
        """Each as a network."""
        everything = ["0.0.0.0/0", "::/0"]
        names = everything if text.strip() == "*" else [name for part in text.split(",") if (name := part.strip())]
        return tuple(ipaddress.ip_network(name) for name in names)


@dataclass(frozen=True)
class Origins:
    """Origins of pages, https only, separated by spaces or commas."""

    expected: str = "https://HOST, https://HOST:PORT"

    def read(self, text: str) -> tuple[str, ...]:
        """Each origin, exactly."""
        found = tuple(text.replace(",", " ").split())
        if not all(_HTTPS_ORIGIN.fullmatch(origin) for origin in found):
            raise ValueError(text)
        return found


@dataclass(frozen=True)
class HostAndPort:
    """A host and a TCP port."""

    expected: str = "HOST:PORT"

    def read(self, text: str) -> str:
        """Both, as they are written."""
        host, _, port = text.strip().rpartition(":")
        if not (host and port.isascii() and port.isdecimal() and 0 < int(port[:9]) < 65536):
            raise ValueError(text)
        return text.strip()
