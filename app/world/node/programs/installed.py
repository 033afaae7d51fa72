"""Which programs an image has: those of `unix.program_table`, and `aws`. An image's own files are not modelled."""

from __future__ import annotations

from collections.abc import Sequence

AWS = "aws"
DIRECTORIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""The directories in which programs are."""
_WITHOUT = ("distroless", "pause", "scratch", "coredns")
"""Images without any program but their own: no shell either."""
_SMALL = ("busybox", "alpine")
_NOT_IN_SMALL = frozenset(["bash", "dash", "curl"])
_NOT_IN_AWS_CLI = frozenset(["find", "which"])
"""It is built upon Amazon Linux 2023, whose image has no more than it needs (aws/aws-cli, 2.27.51)."""
_SHELLS = {
    **dict.fromkeys(("alpine", "busybox"), "sh"),
    **dict.fromkeys(("amazonlinux", "bash", "debian", "ubuntu"), "bash"),
}
"""By the last part of their names, images whose own command is a shell."""
NAMES = frozenset(
    [
        *("sh", "bash", "dash", "ash", "cat", "head", "tail", "wc", "cut", "tr", "sort", "uniq", "tee", "seq", "rev"),
        *("grep", "egrep", "fgrep", "sed", "curl", "ls", "mkdir", "rmdir", "touch", "rm", "cp", "mv", "chmod", "chown"),
        *("chgrp", "stat", "readlink", "basename", "dirname", "mktemp", "date", "id", "whoami", "hostname", "uname"),
        *("sleep", "env", "echo", "printf", "test", "[", "pwd", "printenv", "tar", "base64", "md5sum", "sha1sum"),
        *("sha256sum", "yes", "tty", "true", "false", "find", "which"),
    ]
)
"""The names of all programs that any image has, except `aws`."""


def is_aws_cli(image: str) -> bool:
    """Whether the image is the AWS CLI's: its repository ends in `aws-cli`, whatever registry, tag or digest."""
    repository = image.partition("@")[0]
    name = repository.rpartition("/")[2]
    return name.partition(":")[0] == "aws-cli"


def is_busybox(image: str) -> bool:
    """Whether its programs are busybox's, and not those of coreutils and bash."""
    return not is_aws_cli(image) and any(family in image for family in _SMALL)


def program_of(image: str, command: Sequence[str]) -> str:
    """The name of a command's program where the image has it, else nothing."""
    directory, _, name = (command[0] if command else "").rpartition("/")
    return name if has_program(image, name) and (not directory or directory in DIRECTORIES) else ""


def has_program(image: str, name: str) -> bool:
    """Whether an image has a program of that name."""
    repository = image.partition("@")[0]
    last = repository.rpartition("/")[2].partition(":")[0]
    if "distroless" in repository or last in _WITHOUT:
        return False
    if name == AWS:
        return is_aws_cli(image)
    left_out = _NOT_IN_AWS_CLI if is_aws_cli(image) else _NOT_IN_SMALL if is_busybox(image) else ()
    return name in NAMES and name not in left_out


def shell_of(image: str) -> str:
    """The shell that is the own command of an image; empty for others."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return _SHELLS.get(name, "")


def path_of(name: str) -> str:
    """Where an image has a program of that name."""
    return f"/usr/local/bin/{name}" if name == AWS else name if "/" in name else f"/usr/bin/{name}"


def echo_reads_escapes(image: str) -> bool:
    """Whether its shell is dash, whose `echo` reads escapes without `-e`."""
    return any(family in image for family in ("debian", "ubuntu"))
