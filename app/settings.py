"""What may be set from outside, and the only place that reads the environment."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LiveRefusal = Literal[
    "",
    "live_other_server",
    "live_switched_off",
    "live_not_on_loopback",
    "live_framed",
    "live_behind_proxy",
    "live_not_launched",
]
"""Why there is no live mode: the key of the reason's words; empty where there is one."""


_HTTPS_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)


class SettingsError(ValueError):
    """A variable holds what cannot be used."""

    def __init__(self, variable: str, got: str, expected: str) -> None:
        super().__init__(f"{variable}={got!r}, expected {expected}")
        self.variable = variable
        self.got = got
        self.expected = expected
        """The range, as numbers and not as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, each with the value that suits a learner's own machine."""

    host: str = "127.0.0.1"
    """`IRSA_HOST`: the address on which the pages are served. Loopback, so that no one else sees them; `0.0.0.0` only
    where something else guards the port, such as a container. The simulated world's own servers stay on loopback."""

    port: int = 8501
    """`IRSA_PORT`: the port of the pages, 0 to 65535; 0 takes a free one."""

    worlds: int = 500
    """`IRSA_WORLDS`: how many simulated worlds are kept at once, at least 1. A learner has one, of about 1 MB; when one
    more is wanted the longest unused is dropped."""

    idle_seconds: int = 3600
    """`IRSA_IDLE_SECONDS`: after how many seconds without use a learner's world is dropped, at least 1."""

    live: bool | None = None
    """`IRSA_LIVE`: whether a real cluster may be looked at. 1: yes, 0: no; unset: where the pages are served on
    loopback, since anyone who sees them sees the cluster with the rights of the server's owner."""

    console: bool | None = None
    """`IRSA_CONSOLE`: whether the pages have a command line that runs kubectl and aws on this machine. 1: for every
    visitor, where the kernel confines the programs (Landlock, Linux 6.7); 0: for no one; unset: where the pages are
    served on loopback, for the person who started them. On loopback it always takes the launch address."""

    trusted_proxies: tuple[Network, ...] = ()
    """`FORWARDED_ALLOW_IPS`, uvicorn's own variable: the addresses and networks of the reverse proxies in front of the
    pages, separated by commas; `*` is every address. A connection from one of them carries many visitors, and their
    `X-Forwarded-For` is believed. Unset: none, not even loopback, which uvicorn would trust."""

    issuer_address: str = ""
    """`IRSA_ISSUER_ADDRESS`: host and port, such as `127.0.0.1:40443`, at which the public issuers of live mode's
    clusters are read, whatever host their URLs name; `python -m app aws` says which. Unset: where their URLs lead."""

    issuer_ca: str = ""
    """`IRSA_ISSUER_CA`: the file with the CA of the certificates there, PEM. Unset: the system's CAs."""

    frame_ancestors: tuple[str, ...] = ()
    """`IRSA_FRAME_ANCESTORS`: the origins, beside our own, whose pages may show ours in a frame, such as
    `https://learn.example`, separated by spaces or commas; exact, and https only. Unset: none. With any, live mode is
    off: a page around ours could lead a reader's clicks."""

    missions: str = ""
    """`IRSA_MISSIONS_DIR`: a folder with a teacher's own missions, which come after ours. Empty: none."""

    state_dir: str = ""
    """`IRSA_STATE_DIR`: a folder in which the pages' worlds are kept, with their keys and tokens, so that they are
    there again after a restart. Unset: they go with the process."""

    world_dir: str = ""
    """`IRSA_WORLD_DIR`, which `serve --dir` sets: the folder of one world that outlives the process, as `world --dir`
    makes it. The pages show it to who opened the launch address; `IRSA_STATE_DIR` does not count then."""

    log: Literal["", "text", "json"] = ""
    """`IRSA_LOG`: `json` writes each record to standard error as one line of JSON, requests, sessions and refusals
    among them; `text` writes the same as text. Unset: warnings and errors alone, which suits a terminal."""

    metrics_token: str = field(default="", repr=False)
    """`IRSA_METRICS_TOKEN`: a bearer token with which `/metrics` is read from elsewhere. Unset: only this machine reads
    it. It is a secret, so nothing shows it."""

    stop_seconds: int = 20
    """`IRSA_STOP_SECONDS`: for how many seconds SIGTERM or Ctrl-C waits for page runs and commands that are under way,
    0 to 3600. Kubernetes kills a Pod 30 seconds after SIGTERM by default, and closing takes up to 5 more."""

    locale: str = ""
    """`LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set, as POSIX orders them, such as `ja_JP.UTF-8`. The
    command line speaks its language when `--lang` is not given. The pages ask the reader's browser instead."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that `environment` (by default this process's) holds. Raises `SettingsError`."""
        found = os.environ if environment is None else environment
        return cls(
            host=found.get("IRSA_HOST") or cls.host,
            port=_whole_number(found, "IRSA_PORT", cls.port, least=0, most=65535),
            worlds=_whole_number(found, "IRSA_WORLDS", cls.worlds, least=1, most=100_000),
            idle_seconds=_whole_number(found, "IRSA_IDLE_SECONDS", cls.idle_seconds, least=1, most=31_536_000),
            live=_yes_or_no(found, "IRSA_LIVE"),
            console=_yes_or_no(found, "IRSA_CONSOLE"),
            trusted_proxies=_networks(found, "FORWARDED_ALLOW_IPS"),
            issuer_address=_host_and_port(found, "IRSA_ISSUER_ADDRESS"),
            issuer_ca=found.get("IRSA_ISSUER_CA", ""),
            frame_ancestors=_origins(found, "IRSA_FRAME_ANCESTORS"),
            missions=found.get("IRSA_MISSIONS_DIR", ""),
            state_dir=found.get("IRSA_STATE_DIR", ""),
            world_dir=found.get("IRSA_WORLD_DIR", ""),
            log=_log(found),
            metrics_token=found.get("IRSA_METRICS_TOKEN", "").strip(),
            stop_seconds=_whole_number(found, "IRSA_STOP_SECONDS", cls.stop_seconds, least=0, most=3600),
            locale=posix_locale(found),
        )

    def live_refusal(self, served_on: str = "") -> LiveRefusal:
        """Why live mode is off, if it is. `served_on`: the address on which a request came in, where it is known."""
        if self.frame_ancestors:
            return "live_framed"
        if self.live is None:
            return "" if is_loopback(served_on or self.host) else "live_not_on_loopback"
        return "" if self.live else "live_switched_off"

    def takes_launch_secret(self) -> bool:
        """Whether anything here is for the person who started the app alone: live mode, the console, their world."""
        is_for_one = is_loopback(self.host) and not self.frame_ancestors
        return bool(self.world_dir) or not self.live_refusal() or (is_for_one and self.console is not False)


def serve_on(address: str) -> None:
    """Has all that is asked of the settings from here on know where the pages are served, whatever was set before."""
    os.environ["IRSA_HOST"] = address


def offer_missions(folder: str) -> None:
    """Has the pages offer the missions of that folder beside ours, whatever was set before."""
    os.environ["IRSA_MISSIONS_DIR"] = folder


def show_world_of(directory: str) -> None:
    """Has the pages show the world of that folder to who opened the launch address (`Settings.world_dir`)."""
    os.environ["IRSA_WORLD_DIR"] = directory


def process_environment() -> Mapping[str, str]:
    """The variables of the ecosystem, for those who read them by its rules: `KUBECONFIG`, `HOME`, `HTTPS_PROXY`, what
    Kubernetes tells every Pod, and all of them for the credential plugins that a kubeconfig names."""
    return dict(os.environ)


@dataclass(frozen=True, kw_only=True)
class NearIssuer:
    """Where a simulated AWS beside a real cluster publishes the cluster's issuer."""

    connect_to: tuple[str, int]
    ca_pem: bytes | None
    """None where the file cannot be read: its servers have then ended, or will not be trusted."""


def near_issuer() -> NearIssuer | None:
    """What `IRSA_ISSUER_ADDRESS` and `IRSA_ISSUER_CA` say; None where they say nothing. Raises `SettingsError`."""
    found = Settings.from_environment()
    if not found.issuer_address:
        return None
    host, _, port = found.issuer_address.rpartition(":")
    try:
        ca_pem = Path(found.issuer_ca).read_bytes() if found.issuer_ca else None
    except OSError:
        ca_pem = None
    return NearIssuer(connect_to=(host.strip("[]"), int(port)), ca_pem=ca_pem)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _yes_or_no(environment: Mapping[str, str], variable: str) -> bool | None:
    text = environment.get(variable, "").strip()
    if text not in ("", "0", "1"):
        raise SettingsError(variable, text, "0, 1")
    return None if not text else text == "1"


def _log(environment: Mapping[str, str]) -> Literal["", "text", "json"]:
    match environment.get("IRSA_LOG", "").strip():
        case "" | "text" | "json" as kind:
            return kind
        case other:
            raise SettingsError("IRSA_LOG", other, "text, json")


def _networks(environment: Mapping[str, str], variable: str) -> tuple[Network, ...]:
    text = environment.get(variable, "").strip()
    names = ["0.0.0.0/0", "::/0"] if text == "*" else [name for part in text.split(",") if (name := part.strip())]
    try:
        return tuple(ipaddress.ip_network(name) for name in names)
    except ValueError:
        raise SettingsError(variable, text, "10.0.0.7, 10.0.0.0/24, 2001:db8::/64, *") from None


def _origins(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    text = environment.get(variable, "").strip()
    found = tuple(text.replace(",", " ").split())
    if not all(_HTTPS_ORIGIN.fullmatch(origin) for origin in found):
        raise SettingsError(variable, text, "https://HOST, https://HOST:PORT")
    return found


def _host_and_port(environment: Mapping[str, str], variable: str) -> str:
    text = environment.get(variable, "").strip()
    host, _, port = text.rpartition(":")
    if text and not (host and port.isascii() and port.isdecimal() and 0 < int(port[:9]) < 65536):
        raise SettingsError(variable, text, "HOST:PORT")
    return text


def _whole_number(environment: Mapping[str, str], variable: str, default: int, *, least: int, most: int) -> int:
    text = environment.get(variable, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise SettingsError(variable, text, f"{least}…{most}")
    return int(text)


def posix_locale(environment: Mapping[str, str] | None = None) -> str:
    """The locale of `environment` (by default this process's), whatever else is wrong with it; empty for none."""
    found = os.environ if environment is None else environment
    return next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := found.get(name))), "")
