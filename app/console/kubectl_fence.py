"""The arguments of kubectl that are refused: whatever leads to another server, another file or another program.

kubectl takes options as pflag reads them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, and
several short ones in one word; `_` in a long name is a `-` (`cliflag.WordSepNormalizeFunc`). `--` ends them, unless it
is the value of the option before it.
https://kubernetes.io/docs/reference/kubectl/generated/kubectl/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.console.command_line import LineRefused
from app.console.files import name_of

_REFUSED = {
    "edit": "needs_editor",
    "proxy": "opens_port",
    "port-forward": "opens_port",
    "plugin": "other_program",
    "kustomize": "kustomization",
}
"""Commands, and the reason."""
_CONFIG = ("view", "current-context", "get-contexts", "get-clusters", "get-users")
"""What `config` may do: the rest writes a file that the next command does not see."""
_OTHER_SERVER = (
    *("server", "kubeconfig", "cluster", "user", "username", "password", "certificate-authority", "tls-server-name"),
    *("client-certificate", "client-key", "insecure-skip-tls-verify", "auth-provider", "exec-command"),
)
_OTHER_FILE = ("kuberc", "cache-dir", "profile", "profile-output", "log-dir", "log-file", "output-directory")
_FILES = ("filename", "patch-file", "from-env-file", "cert", "key", "custom")
"""Options whose value is a file."""
_COMMANDS = ("exec", "run", "debug")
"""After their `--` comes what runs in a container, which is not for us to read."""
_BEFORE = {"namespace", "as", "as-group", "as-uid", "request-timeout", "v", "context", "warnings-as-errors"}
"""Options that may stand before the command."""
_SWITCHES = frozenset("itqAwhR") | {"stdin", "tty", "rm", "quiet", "command", "attach", "all-namespaces", "watch"}
"""Options without a value: a `--` after one of them is no value."""
_SHORT_WITH_VALUE = frozenset("nolLcv")
_LONG_OF = {"f": "filename", "k": "kustomize", "n": "namespace", "o": "output", "s": "server", "p": "patch", "v": "v"}
_FILE_OUTPUTS = ("go-template-file", "templatefile", "jsonpath-file", "custom-columns-file")


@dataclass
class _Words:
    """What kubectl reads of its arguments."""

    positional: list[str] = field(default_factory=list)
    options: list[tuple[str, str | None]] = field(default_factory=list)
    """Long name and value; None where none is written with it."""


def check(arguments: Sequence[str], *, context: str) -> None:
    """Raises `LineRefused` for what kubectl must not do here. `context`: the one of this world's kubeconfig."""
    command, rest = _command(arguments)
    if reason := _REFUSED.get(command):
        raise LineRefused(reason, got=f"kubectl {command}")
    words = _read(command, rest)
    if command == "config" and words.positional[:1] and words.positional[0] not in _CONFIG:
        raise LineRefused("writes_settings", got=f"kubectl config {words.positional[0]}")
    if command == "apply" and "edit-last-applied" in words.positional:
        raise LineRefused("needs_editor", got="kubectl apply edit-last-applied")
    template_is_file = any(name == "output" and value in _FILE_OUTPUTS for name, value in words.options)
    for name, value in words.options:
        _check_option(command, name, value, context, template_is_file=template_is_file)
    if command == "cp":
        for path in words.positional:
            if ":" not in path or path.startswith(("/", ".", "~")):
                name_of(path)


def compares(arguments: Sequence[str]) -> bool:
    """Whether these, which were checked, are `kubectl diff`, which starts the program `diff`."""
    return _command(arguments)[0] == "diff"


def _command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command and all other words. Before the command may stand options whose form leaves no doubt what it is."""
    before: list[str] = []
    words = list(arguments)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        name, has_value, _ = word.lstrip("-").replace("_", "-").partition("=")
        long = name if word.startswith("--") else _LONG_OF.get(name[:1], name)
        if word in ("-h", "--help"):
            before.append(word)
        elif long not in _BEFORE:
            _check_option("", long, None, "", template_is_file=False)
            raise LineRefused("options_first", got=word)
        elif has_value or long == "warnings-as-errors" or (word[1] != "-" and len(word) > 2):
            before.append(word)
        else:
            before += [word, *words[:1]]
            words = words[1:]
    return (words[0], [*before, *words[1:]]) if words else ("", before)


def _read(command: str, arguments: Sequence[str]) -> _Words:
    found = _Words()
    words = list(arguments)
    previous = ""
    while words:
        word = words.pop(0)
        if word == "--":
            if previous.startswith("-") and "=" not in previous and not _is_switch(previous):
                raise LineRefused("ambiguous", got=f"{previous} --")
            if command not in _COMMANDS:
                found.positional += words
            return found
        if word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            name = name.replace("_", "-")
            found.options.append((name, value if has_value else words[0] if words else None))
        elif word.startswith("-") and len(word) > 1:
            _read_short(command, word[1:], words, found)
        else:
            found.positional.append(word)
        previous = word
    return found


def _is_switch(word: str) -> bool:
    return word[2:] in _SWITCHES if word.startswith("--") else set(word[1:]) <= _SWITCHES


def _read_short(command: str, letters: str, following: Sequence[str], found: _Words) -> None:
    for at, letter in enumerate(letters):
        takes_value = (
            letter in _SHORT_WITH_VALUE
            or letter in "ks"
            or (letter == "f" and command != "logs")
            or (letter == "p" and command == "patch")
        )
        if takes_value:
            rest = letters[at + 1 :].removeprefix("=")
            value = rest or (following[0] if following else None)
            found.options.append((_LONG_OF.get(letter, letter), value))
            return


def _check_option(command: str, name: str, value: str | None, context: str, *, template_is_file: bool) -> None:
    given = value or ""
    if name in _OTHER_SERVER or (name == "context" and given != context):
        raise LineRefused("other_server", got=f"--{name}")
    if name in _OTHER_FILE and not (name == "profile" and command == "debug"):
        raise LineRefused("other_file", got=f"--{name}")
    if name == "kustomize":
        raise LineRefused("kustomization", got="-k")
    if name == "edit" and command in ("create", "apply"):
        raise LineRefused("needs_editor", got="--edit")
    if name == "filename":
        for one in given.split(","):
            _check_manifest(one)
    elif name in _FILES:
        name_of(given)
    elif name == "from-file":
        name_of(given.rpartition("=")[2])
    elif name == "output" and given.partition("=")[0] in _FILE_OUTPUTS and "=" in given:
        name_of(given.partition("=")[2])
    elif name == "template" and template_is_file:
        name_of(given)


def _check_manifest(given: str) -> None:
    if "://" in given:
        raise LineRefused("remote_file", got=given)
    if given not in ("-", ".", "./"):
        name_of(given)
