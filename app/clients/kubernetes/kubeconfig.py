"""The kubeconfig as kubectl reads it: several files merged, contexts by name, nothing global touched.

The kubernetes client's own loader is not used. It writes private keys into temporary files that stay until the process
ends, runs credential plugins without a time limit and with our terminal, may write the file back, reads `KUBECONFIG`
once at import, and answers a file that is not what it expects with whatever exception comes of it.

Format: client-go `tools/clientcmd/api/v1`; merging: "Organizing Cluster Access Using kubeconfig Files".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.clients.sources import SourceTooLarge, read_text
from app.flow import bounded_yaml
from app.flow.errors import Unreachable
from app.flow.json_access import get_list, get_str, strings
from app.flow.port_wrappers.known_issuer import EksCluster

ReadOnlyObject = Mapping[str, Any]
_OPERATION = "read kubeconfig"
_NAMES_CLUSTER = ("--cluster-name", "--cluster-id", "-i")
"""The options by which `aws eks get-token` and `aws-iam-authenticator token` are given the cluster's name."""
_CLUSTER_ARN = re.compile(r"arn:aws[a-z0-9-]*:eks:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):cluster/(?P<name>[\w-]+)")
SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of one file: a thousand clusters and users with certificates of 4 KB."""
VALUE_LIMIT = 50_000
"""Values in one file, aliases expanded: a cluster, its user and its context have some thirty."""
_FORMS: Mapping[str, Mapping[str, Any]] = {
    "context": dict.fromkeys(("cluster", "user", "namespace"), str),
    "cluster": {
        **dict.fromkeys(("server", "tls-server-name", "proxy-url"), str),
        **dict.fromkeys(("certificate-authority", "certificate-authority-data"), str),
        **dict.fromkeys(("insecure-skip-tls-verify", "disable-compression"), bool),
    },
    "user": {
        **dict.fromkeys(("client-certificate", "client-certificate-data", "client-key", "client-key-data"), str),
        **dict.fromkeys(("token", "tokenFile", "username", "password", "as", "as-uid"), str),
        "as-groups": [str],
        "exec": {"command": str, "args": [str], "env": [{"name": str, "value": str}], "apiVersion": str},
    },
}
"""The forms of the values that are read here. kubectl reads no file in which one has another form."""
_WRITTEN = {str: '"…"', bool: "true, false"}


@dataclass(frozen=True, kw_only=True)
class Context:
    """A name for: this user, in this cluster, in this namespace."""

    name: str
    cluster: str
    user: str
    namespace: str
    """Where commands look when they are given no namespace; `default` where the context sets none."""


@dataclass(frozen=True, kw_only=True)
class Contexts:
    """What there is to choose from. It holds no secret."""

    files: tuple[Path, ...]
    """The files that were read."""
    by_name: Mapping[str, Context]
    """In the order of the files."""
    current: str
    """`current-context`; empty where no file names one."""

    def context(self, name: str = "") -> Context:
        """The context of that name, or the current one. Raises `Unreachable`."""
        known, files = ", ".join(self.by_name), os.pathsep.join(map(str, self.files))
        if not known:
            raise problem("no_contexts", got=files)
        if not (wanted := name or self.current):
            raise problem("no_current_context", "current-context is not set", got=files, expected=known)
        if wanted not in self.by_name:
            raise problem("no_such_context", f'context "{wanted}" does not exist', got=wanted, expected=known)
        return self.by_name[wanted]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A cluster or a user, and the folder against which its paths count."""

    values: ReadOnlyObject = field(repr=False)
    directory: Path


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """All files together; of two entries with one name the first counts."""

    contexts: Contexts
    clusters: Mapping[str, Entry] = field(repr=False)
    users: Mapping[str, Entry] = field(repr=False)

    def cluster_of(self, context: Context) -> Entry:
        """The cluster of a context. Raises `Unreachable`."""
        return _entry(self.clusters, "cluster", context.cluster, context)

    def user_of(self, context: Context) -> Entry | None:
        """The user of a context; None where the context names none: then the client sends no login. Raises
        `Unreachable`."""
        return _entry(self.users, "user", context.user, context) if context.user else None


def _entry(entries: Mapping[str, Entry], kind: str, name: str, context: Context) -> Entry:
    if name not in entries:
        said = f'context "{context.name}": {kind} "{name}" does not exist'
        raise problem("context_incomplete", said, got=f"{kind}: {name}", expected=", ".join(entries))
    return entries[name]


def eks_cluster(kubeconfig: Kubeconfig, name: str) -> EksCluster | None:
    """The name that EKS has for the cluster of a context (of the current one where `name` is empty), where it shows.

    By the arguments of the credential plugin (`aws eks get-token`, `aws-iam-authenticator token`), else by the ARN that
    `aws eks update-kubeconfig` gives the cluster's entry as its name. Raises `Unreachable`.
    """
    context = kubeconfig.contexts.context(name)
    user = kubeconfig.user_of(context)
    words = strings(get_list(user.values, "exec", "args")) if user else []
    options = {name: value for name, value in pairwise(words) if name.startswith("-")}
    options |= {name: value for name, equals, value in (word.partition("=") for word in words) if equals}
    arn = _CLUSTER_ARN.fullmatch(context.cluster)
    if found := next((options[name] for name in _NAMES_CLUSTER if name in options), ""):
        account = arn["account"] if arn and arn["name"] == found else ""
        return EksCluster(name=found, region=options.get("--region", ""), account=account)
    return EksCluster(name=arn["name"], region=arn["region"], account=arn["account"]) if arn else None


def problem(code: str, said: str = "", *, got: str = "", expected: str = "") -> Unreachable:
    """What is wrong with a kubeconfig or with what it names."""
    return Unreachable(code=code, server_message=said, operation=_OPERATION, got=got, expected=expected)


def wrong_shape(place: str, expected: str) -> Unreachable:
    """Something else stands at a place than kubectl would have written. It is not quoted: it may be a secret."""
    return problem("kubeconfig_wrong_shape", got=place, expected=expected)


def paths(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The files of `KUBECONFIG`, else `~/.kube/config`. The `~` of a user who is unknown stays as it is.

    A variable of separators alone names no file, and is not empty (client-go, `tools/clientcmd/loader.go`).
    """
    named = environment.get("KUBECONFIG", "")
    if not named:
        return (_home(environment) / ".kube" / "config",)
    return tuple(Path(os.path.expanduser(part)) for part in named.split(os.pathsep) if part)


def read(environment: Mapping[str, str]) -> Kubeconfig:
    """Reads and merges. Raises `Unreachable` with a code for each way in which there may be nothing to read."""
    # (1) The files that exist: kubectl skips the others as well.
    wanted = paths(environment)
    names = os.pathsep.join(map(str, wanted)) or f"KUBECONFIG={environment['KUBECONFIG']}"
    documents = [(path, document) for path in wanted if (document := _document(path)) is not None]
    if not documents:
        raise problem("kubeconfig_missing", got=names)
    if not any(document for _, document in documents):
        raise problem("kubeconfig_empty", got=names)

    # (2) Of two with one name the first counts.
    current, contexts = "", dict[str, Context]()
    clusters, users = dict[str, Entry](), dict[str, Entry]()
    for path, document in documents:
        current = current or get_str(document, "current-context")
        _check_form(document.get("current-context"), str, f"{path}: current-context")
        for name, values in _named(path, document, "contexts", "context"):
            contexts.setdefault(name, _context(name, values))
        for name, values in _named(path, document, "clusters", "cluster"):
            clusters.setdefault(name, Entry(values=values, directory=path.parent))
        for name, values in _named(path, document, "users", "user"):
            users.setdefault(name, Entry(values=values, directory=path.parent))
    files = tuple(path for path, _ in documents)
    known = Contexts(files=files, by_name=contexts, current=current)
    return Kubeconfig(contexts=known, clusters=clusters, users=users)


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())


def _document(path: Path) -> ReadOnlyObject | None:
    """What one file holds; None where there is none. Nothing of a broken file is quoted: it may be a secret."""
    try:
        text = read_text(path, limit=SIZE_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except SourceTooLarge:
        raise problem("source_too_large", got=str(path), expected=str(SIZE_LIMIT)) from None
    except OSError as error:
        raise problem("kubeconfig_unreadable", f"{path}: {error.strerror}", got=str(path)) from None
    except ValueError:
        raise problem("kubeconfig_not_utf8", got=str(path)) from None
    try:
        document = bounded_yaml.load(text, limit=VALUE_LIMIT)
    except bounded_yaml.BrokenYaml as error:
        at = f"{path}:{error.line}:{error.column}" if error.line else str(path)
        raise problem("kubeconfig_broken", f"{at}: {error.problem}", got=str(path)) from None
    if document is not None and not isinstance(document, Mapping):
        raise wrong_shape(f"{path}", "clusters: […], contexts: […], users: […]")
    return document or {}


def _named(path: Path, document: ReadOnlyObject, plural: str, kind: str) -> Iterator[tuple[str, ReadOnlyObject]]:
    """The entries of one list. Raises `Unreachable` where it is none, or an entry of it has no name."""
    entries = document.get(plural) or []
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise wrong_shape(f"{path}: {plural}", "[…]")
    for number, entry in enumerate(entries):
        values = entry.get(kind) or {} if isinstance(entry, Mapping) else None
        if not isinstance(values, Mapping) or not (name := get_str(entry, "name")):
            raise wrong_shape(f"{path}: {plural}[{number}]", f"{{name: …, {kind}: {{…}}}}")
        _check_form(values, _FORMS[kind], f"{path}: {plural}[{number}].{kind}")
        yield name, values


def _check_form(value: Any, form: Any, place: str) -> None:
    """Raises `Unreachable` where a value is not of that form: a type, a list of one form, or an object whose members
    have forms. What is absent or null has every form."""
    if value is None:
        return
    if isinstance(form, Mapping):
        if not isinstance(value, Mapping):
            raise wrong_shape(place, "{…}")
        for name, inner in form.items():
            _check_form(value.get(name), inner, f"{place}.{name}")
    elif isinstance(form, list):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise wrong_shape(place, "[…]")
        for number, item in enumerate(value):
            _check_form(item, form[0], f"{place}[{number}]")
    elif not isinstance(value, form):
        raise wrong_shape(place, _WRITTEN[form])


def _context(name: str, values: ReadOnlyObject) -> Context:
    return Context(
        name=name,
        cluster=get_str(values, "cluster"),
        user=get_str(values, "user"),
        namespace=get_str(values, "namespace") or "default",
    )
