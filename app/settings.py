"""What may be set from outside, and the only place that reads the environment."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from app.addresses import is_loopback
from app.flow.redaction import MASK, mask_text
from app.setting_values import (
    BearerToken,
    FilePath,
    Host,
    HostAndPort,
    Kind,
    Networks,
    OneOf,
    Origins,
    Text,
    WholeNumber,
    YesOrNo,
)
from app.setting_values import Network as Network

Value = TypeVar("Value")
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

PREFIX = "IRSA_"
_VARIABLE = "variable"
_USER = re.compile(r"(//|^)[^/\s@]+@")
"""In a URL, or before a host: the name and the password of its user."""


@dataclass(frozen=True, kw_only=True)
class Variable:
    """How a field of `Settings` is set from outside."""

    field: str
    names: tuple[str, ...]
    """The variables of the environment; the first that is set and not empty counts."""
    kind: Kind[Any]
    default: Any
    is_secret: bool

    def found(self, environment: Mapping[str, str]) -> tuple[str, str]:
        """The variable that counts, and its text; empty texts where none does."""
        for name in self.names:
            if (text := environment.get(name, "")) and not text.isspace():
                return name, text
        return "", ""


@dataclass(frozen=True, kw_only=True)
class WrongValue:
    """A variable that cannot be used."""

    variable: str
    got: str
    """Without what may be a secret, and not longer than a line."""
    expected: str


class SettingsError(ValueError):
    """Variables hold what cannot be used: all of them."""

    def __init__(self, wrong: Sequence[WrongValue], usable: Settings) -> None:
        super().__init__("; ".join(f"{it.variable}={it.got!r}, expected {it.expected}" for it in wrong))
        self.wrong = tuple(wrong)
        self.usable = usable
        """What the others say; the defaults instead of the wrong ones."""


def _set_by(*names: str, kind: Kind[Value], default: Value, is_secret: bool = False) -> Value:
    """A field that those variables set. One that is a secret is neither in error messages nor in the `repr`."""
    about = {"names": names, "kind": kind, "is_secret": is_secret}
    return field(default=default, repr=not is_secret, metadata={_VARIABLE: about})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, each with the value that suits a learner's own machine."""

    host: str = _set_by("IRSA_HOST", kind=Host(), default="127.0.0.1")
    """`IRSA_HOST`: the address on which the pages are served. Loopback, so that no one else sees them; `0.0.0.0` only
    where something else guards the port, such as a container. The simulated world's own servers stay on loopback."""

    port: int = _set_by("IRSA_PORT", kind=WholeNumber(0, 65535), default=8501)
    """`IRSA_PORT`: the port of the pages, 0 to 65535; 0 takes a free one."""

    worlds: int = _set_by("IRSA_WORLDS", kind=WholeNumber(1, 100_000), default=500)
    """`IRSA_WORLDS`: how many simulated worlds are kept at once, at least 1. A learner has one, of about 1 MB; when one
    more is wanted the longest unused is dropped."""

    idle_seconds: int = _set_by("IRSA_IDLE_SECONDS", kind=WholeNumber(1, 31_536_000), default=3600)
    """`IRSA_IDLE_SECONDS`: after how many seconds without use a learner's world is dropped, at least 1."""

    live: bool | None = _set_by("IRSA_LIVE", kind=YesOrNo(), default=None)
    """`IRSA_LIVE`: whether a real cluster may be looked at. 1: yes, 0: no; unset: where the pages are served on
    loopback, since anyone who sees them sees the cluster with the rights of the server's owner."""

    console: bool | None = _set_by("IRSA_CONSOLE", kind=YesOrNo(), default=None)
    """`IRSA_CONSOLE`: whether the pages have a command line that runs kubectl and aws on this machine. 1: for every
    visitor, where the kernel confines the programs (Landlock, Linux 6.7); 0: for no one; unset: where the pages are
    served on loopback, for the person who started them. On loopback it always takes the launch address."""

    trusted_proxies: tuple[Network, ...] = _set_by("FORWARDED_ALLOW_IPS", kind=Networks(), default=())
    """`FORWARDED_ALLOW_IPS`, uvicorn's own variable: the addresses and networks of the reverse proxies in front of the
    pages, separated by commas; `*` is every address. A connection from one of them carries many visitors, and their
    `X-Forwarded-For` is believed. Unset: none, not even loopback, which uvicorn would trust."""

    issuer_address: str = _set_by("IRSA_ISSUER_ADDRESS", kind=HostAndPort(), default="")
    """`IRSA_ISSUER_ADDRESS`: host and port, such as `127.0.0.1:40443`, at which the public issuers of live mode's
    clusters are read, whatever host their URLs name; `python -m app aws` says which. Unset: where their URLs lead."""

    issuer_ca: str = _set_by("IRSA_ISSUER_CA", kind=FilePath(), default="")
    """`IRSA_ISSUER_CA`: the file with the CA of the certificates there, PEM. Unset: the system's CAs."""

    frame_ancestors: tuple[str, ...] = _set_by("IRSA_FRAME_ANCESTORS", kind=Origins(), default=())
    """`IRSA_FRAME_ANCESTORS`: the origins, beside our own, whose pages may show ours in a frame, such as
    `https://learn.example`, separated by spaces or commas; exact, and https only. Unset: none. With any, live mode is
    off: a page around ours could lead a reader's clicks."""

    missions: str = _set_by("IRSA_MISSIONS_DIR", kind=FilePath(), default="")
    """`IRSA_MISSIONS_DIR`: a folder with a teacher's own missions, which come after ours. Empty: none."""

    state_dir: str = _set_by("IRSA_STATE_DIR", kind=FilePath(), default="")
    """`IRSA_STATE_DIR`: a folder in which the pages' worlds are kept, with their keys and tokens, so that they are
    there again after a restart. Unset: they go with the process."""

    world_dir: str = _set_by("IRSA_WORLD_DIR", kind=FilePath(), default="")
    """`IRSA_WORLD_DIR`, which `serve --dir` sets: the folder of one world that outlives the process, as `world --dir`
    makes it. The pages show it to the person who opened the launch address; `IRSA_STATE_DIR` does not count then."""

    log: Literal["", "text", "json"] = _set_by("IRSA_LOG", kind=OneOf(("text", "json")), default="")
    """`IRSA_LOG`: `json` writes each record to standard error as one line of JSON, requests, sessions and refusals
    among them; `text` writes the same as text. Unset: warnings and errors alone, which suits a terminal."""

    metrics_token: str = _set_by("IRSA_METRICS_TOKEN", kind=BearerToken(), default="", is_secret=True)
    """`IRSA_METRICS_TOKEN`: a bearer token with which `/metrics` is read from elsewhere. Unset: only this machine reads
    it. It is a secret, so nothing shows it."""

    stop_seconds: int = _set_by("IRSA_STOP_SECONDS", kind=WholeNumber(0, 3600), default=20)
    """`IRSA_STOP_SECONDS`: for how many seconds SIGTERM or Ctrl-C waits for page runs and commands that are under way,
    0 to 3600. Kubernetes kills a Pod 30 seconds after SIGTERM by default, and closing takes up to 5 more."""

    locale: str = _set_by("LC_ALL", "LC_MESSAGES", "LANG", kind=Text(), default="")
    """`LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set, as POSIX orders them, such as `ja_JP.UTF-8`. The
    command line speaks its language when `--lang` is not given. The pages ask the reader's browser instead."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that `environment` (by default this process's) holds. Raises `SettingsError`."""
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        wrong: list[WrongValue] = []
        for variable in variables():
            name, text = variable.found(given)
            if not name:
                continue
            try:
                values[variable.field] = variable.kind.read(text)
            except ValueError:
                got = MASK if variable.is_secret else shown(text.strip())
                wrong.append(WrongValue(variable=name, got=got, expected=variable.kind.expected))
        if wrong:
            raise SettingsError(wrong, cls(**values))
        return cls(**values)

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
    os.environ["IRSA_MISSIONS_DIR"] = os.path.abspath(folder)  # so that no ~ in it means a home


def show_world_of(directory: str) -> None:
    """Has the pages show the world of that folder to the person who opened the launch address."""
    os.environ["IRSA_WORLD_DIR"] = directory


def find_a_home() -> None:
    """Where the user has no home, not even in the list of users, has libraries look for their files where none can be.

    Streamlit wants to know a home before it answers with any page.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/nonexistent"


def unset(variable: str) -> None:
    """Has the libraries of this process not know of that variable."""
    os.environ.pop(variable, None)


def process_environment() -> Mapping[str, str]:
    """The variables of the ecosystem, for those who read them by its rules: `KUBECONFIG`, `HOME`, `HTTPS_PROXY`, what
    Kubernetes tells every Pod, and all of them for the credential plugins that a kubeconfig names."""
    return dict(os.environ)


@dataclass(frozen=True, kw_only=True)
class NearIssuer:
    """Where a simulated AWS beside a real cluster publishes the cluster's issuer."""

    connect_to: tuple[str, int]
    ca_file: str
    """The file with the CA of the certificates there; empty for the system's CAs."""


def near_issuer() -> NearIssuer | None:
    """What `IRSA_ISSUER_ADDRESS` and `IRSA_ISSUER_CA` say; None where they say nothing. Raises `SettingsError`."""
    found = Settings.from_environment()
    if not found.issuer_address:
        return None
    host, _, port = found.issuer_address.rpartition(":")
    return NearIssuer(connect_to=(host.strip("[]"), int(port)), ca_file=found.issuer_ca)


@cache
def variables() -> tuple[Variable, ...]:
    """What sets each field, in the order of the fields."""
    return tuple(Variable(field=it.name, default=it.default, **it.metadata[_VARIABLE]) for it in fields(Settings))


def ignored(environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Variables of `environment` (by default this process's) that look like ours and are none, each with the one that
    may have been meant; that is empty where none is similar.

    Those by which Kubernetes tells every Pod of the Services in its namespace are left out.
    """
    given = os.environ if environment is None else environment
    known = [name for variable in variables() for name in variable.names]
    services = tuple(
        f"{name.removesuffix('_SERVICE_HOST')}_{part}"
        for name in given
        if name.endswith("_SERVICE_HOST")
        for part in ("SERVICE_", "PORT")
    )
    ends = [name.removeprefix(PREFIX) for name in known if name.startswith(PREFIX)]
    for name in sorted(given):
        if name.upper().startswith(PREFIX) and name not in known and not name.startswith(services):
            like = difflib.get_close_matches(name.upper().removeprefix(PREFIX), ends, 1, 0.7)
            yield name, f"{PREFIX}{like[0]}" if like else ""


def comes_from_a_service(variable: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether Kubernetes sets that variable, for a Service whose name makes it look like ours: one called `irsa` gives
    each Pod an `IRSA_PORT` (kubernetes.io, Service, "Environment variables")."""
    given = os.environ if environment is None else environment
    return f"{variable.removesuffix('_PORT')}_SERVICE_HOST" in given and given.get(variable, "").startswith("tcp://")


def shown(text: str, most: int = 60) -> str:
    """What an error message may repeat of a text: its first characters, without secrets."""
    masked = _USER.sub(rf"\g<1>{MASK}@", mask_text(text))
    return masked if len(masked) <= most else f"{masked[:most]}…"


def posix_locale() -> str:
    """The locale of this process, whatever else is wrong with its variables; empty for none."""
    return next(it.found(os.environ)[1] for it in variables() if it.field == "locale")
