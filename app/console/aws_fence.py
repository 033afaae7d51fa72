"""The arguments of aws that are refused: whatever leads to another server, another file or another program.

aws reads its options with argparse, which takes any unambiguous beginning of a name: `--endpoint` is `--endpoint-url`.
A value `file://NAME` or `fileb://NAME` stands for the content of a file, in version 1 `https://…` for that of a page.
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.console.command_line import LineRefused
from app.console.files import name_of

_REFUSED_OPTIONS = {
    "--endpoint-url": "other_server",
    "--ca-bundle": "other_file",
    "--profile": "no_profiles",
    "--cli-auto-prompt": "needs_terminal",
    "--kubeconfig": "other_file",
}
"""By name; the reason. Their beginnings count as well."""
_FILE_OPTIONS = ("--body", "--template-file", "--output-template-file", "--zip-file", "--outfile", "--content")
_READING = ("list", "list-profiles", "get")
"""What `configure` may do."""
_REFUSED_SERVICES = {"help": "needs_pager", "sso": "needs_browser", "login": "needs_browser"}
_WRITES_KUBECONFIG = ["eks", "update-kubeconfig"]
"""The operation that may write settings: into the HOME of its own command, which the next one does not have."""
_HAS_URL = ("iam", "create-open-id-connect-provider")
"""The operation whose `--url` is an address that aws does not fetch."""
_FILE_VALUE = re.compile(r"file(b?)://", re.IGNORECASE)
_WITH_VALUE = ("--region", "--output", "--query", "--color")
_SWITCHES = ("--debug", "--version", "--no-paginate", "--no-sign-request", "--no-cli-pager", "--no-cli-auto-prompt")
"""Options that may stand before the operation, with and without a value."""
_NO_FILE = ("--path", "--path-prefix", "--key", "--prefix", "--query")
"""Options whose value may begin with a slash and is no file."""


def check(arguments: Sequence[str], *, is_complete: bool = True) -> None:
    """Raises `LineRefused` for what aws must not do here; `is_complete`: no more words follow."""
    for word in arguments:
        _check_option(word)
    found = positional(arguments)
    service, operation = (*found, "", "")[:2]
    if reason := _REFUSED_SERVICES.get(service):
        raise LineRefused(reason, got=" ".join(("aws", *found[:2])))
    if "help" in (operation, *found[2:3]):
        raise LineRefused("needs_pager", got="aws help")
    if service == "configure" and operation not in _READING and (operation or is_complete):
        raise LineRefused("writes_settings", got=f"aws configure {operation}".strip())
    if operation == "wizard":
        raise LineRefused("needs_terminal", got=f"aws {service} wizard")
    previous = ""
    for word in arguments:
        _check_value(previous, word, takes_url=(service, operation) == _HAS_URL)
        previous = word
    for path in found[2:]:
        if service in ("s3", "s3api") and not path.startswith("s3://") and path not in ("-", "."):
            name_of(path)


def writes_kubeconfig(arguments: Sequence[str]) -> bool:
    """Whether these, which were checked, write a context into the kubeconfig of their own HOME."""
    return positional(arguments)[:2] == _WRITES_KUBECONFIG


def _check_option(word: str) -> None:
    name = word.partition("=")[0].lower()
    if not name.startswith("--") or name == "--":
        return
    for refused, reason in _REFUSED_OPTIONS.items():
        if refused.startswith(name):
            raise LineRefused(reason, got=name)


def positional(arguments: Sequence[str]) -> list[str]:
    """The service, the operation, and what follows them before the first option: it may take any number of values.

    Raises `LineRefused` for an option before them that may have a value.
    """
    found: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            found.append(word)
        elif len(found) >= 2:
            break
        elif word in _WITH_VALUE:
            words = words[1:]
        elif word not in _SWITCHES and word.partition("=")[0] not in _WITH_VALUE:
            raise LineRefused("options_first", got=word)
    return found


def _check_value(option: str, word: str, *, takes_url: bool) -> None:
    value = word
    if word.startswith("--"):
        option, has_value, value = word.partition("=")
        if not has_value:
            return
    if found := _FILE_VALUE.search(value):
        if found.start() != 0 or not value.startswith(("file://", "fileb://")):
            raise LineRefused("outside", got=value)
        name_of(value[found.end() :])
    elif value.lower().startswith(("http://", "https://")) and not (takes_url and option == "--url"):
        raise LineRefused("remote_file", got=value)
    elif option in _FILE_OPTIONS or ".." in value.split("/") or (value[:1] in ("/", "~") and option not in _NO_FILE):
        name_of(value)
