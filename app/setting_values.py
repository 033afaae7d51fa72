"""What the text of an environment variable may be, and the value that it becomes."""

from __future__ import annotations

import ipaddress
import os.path
import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Value = TypeVar("Value", covariant=True)
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_HTTPS_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_MAPPED_BITS = 96
"""Those that an IPv4 address has before it as an IPv6 address (RFC 4291 §2.5.5.2)."""
_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)


class Kind(Protocol[Value]):
    """A kind of value."""

    @property
    def expected(self) -> str:
        """Which values there are, as numbers and examples and not as a sentence; empty where any text will do."""

    def read(self, text: str) -> Value:
        """The value of a text that is not empty. Raises `ValueError`."""


@dataclass(frozen=True)
class Text:
    """Any text."""

    expected: str = ""

    def read(self, text: str) -> str:
        """The text itself."""
        return text


@dataclass(frozen=True)
class FilePath:
    """A path. `~` at its beginning is the home folder, as in a shell: `docker run -e` and systemd do not expand it."""

    expected: str = "/PATH, PATH, ~/PATH"

    def read(self, text: str) -> str:
        """The path, with the home folder in it."""
        path = os.path.expanduser(text)
        if path.startswith("~"):
            raise ValueError(text)
        return path


@dataclass(frozen=True)
class BearerToken:
    """A token as a request's header can have it (RFC 6750 §2.1, `b64token`)."""

    expected: str = "A…Z, a…z, 0…9, -._~+/="

    def read(self, text: str) -> str:
        """The token without blanks around it, such as the line break that the last line of a file left behind."""
        if not _B64TOKEN.fullmatch(token := text.strip()):
            raise ValueError(text)
        return token


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
        """The text without blanks around it."""
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


_PORT = WholeNumber(1, 65535)


@dataclass(frozen=True)
class YesOrNo:
    """1 or 0."""

    expected: str = "0, 1"

    def read(self, text: str) -> bool:
        """Whether it is 1."""
        if text.strip() not in ("0", "1"):
            raise ValueError(text)
        return text.strip() == "1"


@dataclass(frozen=True)
class Networks:
    """Addresses and networks, separated by commas; `*` is every address."""

    expected: str = "10.0.0.7, 10.0.0.0/24, 2001:db8::/64, *"

    def read(self, text: str) -> tuple[Network, ...]:
        """Each as a network, those of IPv4 as such: `::ffff:10.0.0.0/120`, as a socket for both writes it, too."""
        everything = ["0.0.0.0/0", "::/0"]
        names = everything if text.strip() == "*" else [name for part in text.split(",") if (name := part.strip())]
        if not names:
            raise ValueError(text)
        return tuple(_unmapped(ipaddress.ip_network(name)) for name in names)


def _unmapped(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return network if mapped is None else ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


@dataclass(frozen=True)
class Origins:
    """Origins of pages, https only, separated by spaces or commas."""

    expected: str = "https://HOST, https://HOST:PORT"

    def read(self, text: str) -> tuple[str, ...]:
        """Each origin, exactly."""
        found = tuple(text.replace(",", " ").split())
        for origin in map(_HTTPS_ORIGIN.fullmatch, found):
            if origin is None:
                raise ValueError(text)
            _PORT.read(origin["port"] or "443")
        return found


@dataclass(frozen=True)
class HostAndPort:
    """A host and a TCP port, as in a URL: an IPv6 address is in brackets."""

    expected: str = "HOST:PORT"

    def read(self, text: str) -> str:
        """Both, as they are written."""
        host, _, port = text.strip().rpartition(":")
        _PORT.read(port)
        if host.startswith("[") and host.endswith("]"):
            ipaddress.IPv6Address(host[1:-1])
        elif not _HOST_NAME.fullmatch(host):
            raise ValueError(text)
        return text.strip()
