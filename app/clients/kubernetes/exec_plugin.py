"""Credential plugins of a kubeconfig, such as `aws eks get-token`: run with a time limit, their words quoted, masked.

Protocol: client-go credential plugins, `client.authentication.k8s.io/v1` and `v1beta1`. The plugin gets no terminal:
one that wants to ask its user something cannot do so here, and says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from app.clients.kubernetes.kubeconfig import ReadOnlyObject, problem, wrong_shape
from app.clients.sources import TIMEOUT, Program, SourceTooLarge
from app.flow import strict_json
from app.flow.json_access import get_list, get_str, unix_time
from app.flow.model import JsonObject
from app.flow.redaction import MASK, mask_text

REUSE_SECONDS = 60.0
"""How long an answer is used again at most: long enough for a page, short enough that a new login counts soon."""
SAID_LIMIT = 600
"""Characters of the plugin's standard error that are quoted: its end, where the reason is."""
_SECRET_NAMES = ("SECRET", "TOKEN", "PASSWORD", "KEY", "CREDENTIAL")


@dataclass(frozen=True, kw_only=True)
class ExecCredential:
    """What a plugin answers: a bearer token, a client certificate, or both."""

    token: str = field(default="", repr=False)
    certificate_pem: str = ""
    key_pem: str = field(default="", repr=False)


class Plugins:
    """Runs plugins, and keeps each answer for a moment. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held while what follows is read or changed, and never while a plugin runs."""
        self._kept: dict[str, tuple[float, ExecCredential]] = {}
        """By what was asked: until when an answer is used again, and the answer."""
        self._running: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        """By what was asked: held by the thread whose plugin runs for it."""

    def credential(
        self, plugin: ReadOnlyObject, directory: Path, cluster: ReadOnlyObject, environment: Mapping[str, str]
    ) -> ExecCredential:
        """The credential that `plugin` (a user's `exec`) gives; `cluster` is empty where it does not ask for that.

        Raises `Unreachable`.
        """
        asked = json.dumps([plugin, str(directory), cluster, dict(environment)], default=str, sort_keys=True)
        key = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()
        with self._lock:
            running = self._running.setdefault(key, threading.Lock())
        # One at a time: twenty pages that open at once want one answer. Other clusters do not wait: who examines eight
        # at once has the same few seconds for each, and the plugin's time is part of them.
        with running:
            now = time.time()
            with self._lock:
                self._kept = {key: kept for key, kept in self._kept.items() if now < kept[0]}
                kept = self._kept.get(key)
            if kept is None:
                answer = _run(plugin, directory, cluster, environment)
                credential = _credential(answer, _command(plugin))
                # An answer that names no time of its end is not used again.
                expiry = unix_time(answer, "expirationTimestamp") or 0.0
                kept = (min(now + REUSE_SECONDS, expiry - REUSE_SECONDS), credential)
                with self._lock:
                    self._kept[key] = kept
            return kept[1]


def _run(
    plugin: ReadOnlyObject, directory: Path, cluster: ReadOnlyObject, environment: Mapping[str, str]
) -> ReadOnlyObject:
    """The `status` of the plugin's ExecCredential."""
    # (1) The command, and its environment.
    command = _command(plugin)
    arguments = ["" if argument is None else str(argument) for argument in get_list(plugin, "args")]
    variables = (item for item in get_list(plugin, "env") if get_str(item, "name"))
    own = {it["name"]: "" if it.get("value") is None else str(it["value"]) for it in variables}
    spec: JsonObject = {"interactive": False}
    if cluster:
        spec["cluster"] = cluster
    info = {"kind": "ExecCredential", "apiVersion": plugin.get("apiVersion"), "spec": spec}
    given = {**environment, **own, "KUBERNETES_EXEC_INFO": json.dumps(info, default=str)}
    # A path counts against the kubeconfig's folder. A name is looked up in our own PATH, whatever `env` says, as by
    # Go's `exec.Command`.
    found = str(directory / command) if os.sep in command else shutil.which(command, path=environment.get("PATH"))

    # (2) The run: the kubeconfig says of what, as it does for kubectl.
    try:
        if found is None:
            raise FileNotFoundError
        process = Program([found, *arguments], env=given)
    except FileNotFoundError:
        hint = str(plugin.get("installHint") or "").strip()
        raise problem("exec_plugin_missing", hint or f"exec: executable {command} not found", got=command) from None
    except (OSError, ValueError) as error:
        raise problem("exec_plugin_failed", f"{command}: {error}", got=command) from None
    try:
        output, errors = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise problem("exec_plugin_timed_out", got=command, expected=f"{TIMEOUT:.0f}") from None
    except SourceTooLarge as error:
        raise problem("exec_plugin_too_large", got=command, expected=str(error.limit)) from None
    if process.returncode != 0:
        said = _quoted(errors, given) or f"exec: executable {command} failed with exit code {process.returncode}"
        raise problem("exec_plugin_failed", said, got=command, expected=str(process.returncode))

    # (3) Its answer, of which nothing is quoted: it is a secret.
    try:
        answer = strict_json.loads(output.decode())
    except ValueError:
        answer = None
    status = answer.get("status") if isinstance(answer, dict) and answer.get("kind") == "ExecCredential" else None
    if not isinstance(status, dict):
        raise problem("exec_plugin_answer", "exec plugin didn't return a status field", got=command)
    return status


def _credential(status: ReadOnlyObject, command: str) -> ExecCredential:
    token, certificate, key = (
        value if isinstance(value := status.get(name), str) else ""
        for name in ("token", "clientCertificateData", "clientKeyData")
    )
    if not token and not (certificate and key):
        raise problem("exec_plugin_answer", "exec plugin didn't return a token or cert/key pair", got=command)
    return ExecCredential(token=token, certificate_pem=certificate, key_pem=key)


def _command(plugin: ReadOnlyObject) -> str:
    if not (command := get_str(plugin, "command")):
        raise wrong_shape("users[].user.exec", "{command: …}")
    return command


def _quoted(errors: bytes, environment: Mapping[str, str]) -> str:
    """The end of what the plugin wrote, without the values of variables whose names say that they are secret."""
    said = mask_text(errors.decode("utf-8", "replace").strip())
    for name, value in environment.items():
        if len(value) >= 8 and any(word in name.upper() for word in _SECRET_NAMES):
            said = said.replace(value, MASK)
    return said if len(said) <= SAID_LIMIT else f"…{said[-SAID_LIMIT:]}"
