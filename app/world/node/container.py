"""One container of a Pod: its image, environment, user and files, and the simplest of its programs.

Which programs an image has is in `programs.installed`, and most of them are in `programs.unix`. Of an image's
own files there are few (`base_files`): a container has those, what is mounted into it, some directories, and what its
programs write.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.node.programs.environment import ConfigError, arguments
from app.world.node.programs.installed import (
    DIRECTORIES,
    echo_reads_escapes,
    is_aws_cli,
    is_busybox,
    program_of,
    shell_of,
)
from app.world.node.programs.unix.listing import ls
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.inodes import User

_WEB_IDENTITY_SINCE = [1, 16, 232]
_METADATA_TOKENS_SINCE = [1, 16, 289]
_COLONS_SINCE = [2, 31, 0]
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,2}", re.ASCII)
_OF_ROOT = re.compile(
    r"(?:(?:docker\.io/)?(?:library/)?(?:busybox|alpine|debian|ubuntu|amazonlinux|nginx|python)"
    r"|(?:docker\.io/)?amazon/aws-cli|public\.ecr\.aws/aws-cli/aws-cli)(?:[:@].*)?"
)
"""Matches an image that is known to have root as its user."""
_STRING_BYTES = 100
"""Bytes that a string takes beside its characters, with its place in a dict."""
OUTPUT_LIMIT = 1024 * 1024
"""Characters after which `cat` reads no further file."""
_PATH = ":".join(DIRECTORIES)


def knows_web_identity(image: str) -> bool:
    """Whether the AWS CLI of an image's tag has a provider for web identities, as all releases since 1.16.232 have.

    A tag that is no version (`latest`, a digest alone) counts as a new release, a shortened one as the newest of its
    kind: `1.16` is the last release of 1.16. Source: EKS user guide, supported SDK versions.
    """
    return _is_since(_WEB_IDENTITY_SINCE, image)


def knows_metadata_tokens(image: str) -> bool:
    """Whether the AWS CLI of an image's tag requests a token of the instance metadata service (IMDSv2), as all releases
    since 1.16.289 do. Source: EC2 user guide, "Use a supported AWS SDK".
    """
    return _is_since(_METADATA_TOKENS_SINCE, image)


def lists_with_colons(image: str) -> bool:
    """Whether the AWS CLI of an image's tag separates the columns of `configure list` by colons, as all releases since
    2.31.0 do. Source: outputs of 2.30 and 2.31 that users have published.
    """
    return _is_since(_COLONS_SINCE, image)


def _is_since(first: list[int], image: str) -> bool:
    version = version_of(image)
    if version is None:
        return True
    numbers = [int(number) for number in version.split(".")]
    return numbers >= first[: len(numbers)]


def version_of(image: str) -> str | None:
    """The version that an image's tag begins with; None where it is none."""
    found = _VERSION.match(image.partition("@")[0].rpartition("/")[2].partition(":")[2])
    return found[0] if found else None


def user_of(pod: JsonObject, container: JsonObject) -> User:
    """The user that the container runs as: the images' default is root; `fsGroup` is a supplementary group."""
    shared = pod["spec"].get("securityContext") or {}
    own = container.get("securityContext") or {}
    groups = [*(shared.get("supplementalGroups") or []), shared.get("fsGroup")]
    return User(
        uid=_number(own.get("runAsUser", shared.get("runAsUser"))),
        gid=_number(own.get("runAsGroup", shared.get("runAsGroup"))),
        groups=frozenset(group for group in groups if isinstance(group, int)),
    )


def check_user(pod: JsonObject, container: JsonObject) -> None:
    """Raises `ConfigError` where a container may not run as root and would.

    Source: kubernetes, pkg/kubelet/kuberuntime, `verifyRunAsNonRoot`. The user of an image that we do not know may be
    another one.
    """
    settings = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    user = settings.get("runAsUser")
    is_root = user == 0 or (user is None and _OF_ROOT.fullmatch(container.get("image") or "") is not None)
    if settings.get("runAsNonRoot") is not True or not is_root:
        return
    reason = "container's runAsUser breaks non-root policy"
    if user is None:
        reason = "container has runAsNonRoot and image will run as root"
    name, namespace, uid = (pod["metadata"][key] for key in ("name", "namespace", "uid"))
    raise ConfigError(f'{reason} (pod: "{name}_{namespace}({uid})", container: {container["name"]})')


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


class ContainerNotFound(Exception):
    """The Pod has no such container on this node, or it has not been started."""

    def __init__(self, name: str) -> None:
        super().__init__(f'container not found ("{name}")')


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that has been created."""

    name: str
    image: str
    environment: dict[str, str]
    """The variables that `env` prints, in that order."""
    files: FileSystem
    working_directory: str
    command: tuple[str, ...]
    """The container's own process."""
    network: Literal["pod", "host"]
    """The Pod's own network, or the node's, which is one hop nearer to the metadata service."""
    address: str
    """The Pod's IP."""
    now: Callable[[], float]
    """The node's clock, in Unix seconds."""

    @property
    def size(self) -> int:
        """About how many bytes of memory the strings of its process take."""
        texts = (*self.environment, *self.environment.values(), *self.command)
        return sum(map(len, texts)) + _STRING_BYTES * len(texts) + self.files.size

    @property
    def _busybox(self) -> bool:
        return is_busybox(self.image)

    @property
    def echo_escapes(self) -> bool:
        """Whether the `echo` of its shell reads escapes."""
        return echo_reads_escapes(self.image)

    def program(self, command: list[str] | tuple[str, ...]) -> str:
        """The name of the command's program; empty where the image does not have it."""
        return program_of(self.image, command)

    def run(self, command: list[str], spend: Callable[[int], None] = lambda _: None) -> Execution:
        """Runs `cat` or `ls`, which count their steps with `spend`. For a program that the image does not have: 127 and
        the runtime's error message."""
        arguments = command[1:]
        match self.program(command):
            case "cat":
                return self._cat(arguments, spend)
            case "ls":
                directory, now = self.working_directory, self.now()
                return ls(arguments, self.files, directory=directory, now=now, busybox=self._busybox, spend=spend)
            case _:
                return _not_found(command[0] if command else "")

    def _cat(self, arguments: list[str], spend: Callable[[int], None]) -> Execution:
        output, errors = "", ""
        for path in [argument for argument in arguments if argument not in ("--", "-")]:
            if len(output) > OUTPUT_LIMIT:
                break
            spend(1 + len(path) // 8)
            try:
                content = self.files.read(posixpath.join(self.working_directory, path))
                output += content.decode("utf-8", "replace")
            except OSError as error:
                if self._busybox:
                    is_directory = isinstance(error, IsADirectoryError)
                    errors += "cat: read error" if is_directory else f"cat: can't open '{path}'"
                else:
                    errors += f"cat: {path}"
                errors += f": {error.strerror}\n"
        return Execution(stdout=output, stderr=errors, exit_code=1 if errors else 0)


def _not_found(name: str) -> Execution:
    text = (
        "OCI runtime exec failed: exec failed: unable to start container process: "
        f'exec: "{name}": executable file not found in $PATH\n'
    )
    return Execution(stdout="", stderr=text, exit_code=127)


def environment_of(pod: JsonObject, variables: dict[str, str], user: User) -> dict[str, str]:
    """The environment of a process: the image's PATH, the host's name, the kubelet's variables, HOME.

    The container runtime takes HOME from the user's line in the image's `/etc/passwd`. Most users have none there, and
    so the home `/` (runc, `GetExecUser`).
    """
    home = {} if "HOME" in variables else {"HOME": "/" if user.uid else "/root"}
    return {"PATH": _PATH, "HOSTNAME": hostname_of(pod), **variables} | home


def hostname_of(pod: JsonObject) -> str:
    """The Pod's `hostname` or its name, in at most 63 characters; the node's name where the Pod has the node's network.

    Source: `truncatePodHostnameIfNeeded` in `pkg/kubelet/kubelet_pods.go`; containerd, which has the node's own name
    where the kubelet gives none.
    """
    if pod["spec"].get("hostNetwork"):
        return str(pod["spec"]["nodeName"])
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63].rstrip("-.")


def command_of(container: JsonObject, variables: dict[str, str]) -> tuple[str, ...]:
    """The container's process: `command` replaces the image's entrypoint, `args` its arguments. Raises `ConfigError`.

    An image whose own command is a shell gets that only where it has an input. Without one, such a container is
    taken for a server.
    """
    entrypoint = ["/usr/local/bin/aws"] if is_aws_cli(container.get("image") or "") else []
    words = [*(container.get("command") or entrypoint), *(container.get("args") or [])]
    if not words and container.get("stdin") and (shell := shell_of(container.get("image") or "")):
        words = [shell]
    return arguments(words, variables)
