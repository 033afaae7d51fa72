"""The cluster and the account for which a fix's commands are, where the reader's shell would use other ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.flow.doctor.fix import Fix

_PROGRAM = re.compile(r"'[^']*'|(?:^|(?<=\| )|(?<=\$\())(kubectl|aws|python -m app doctor)(?= )", re.MULTILINE)
"""Finds a program at the beginning of a command, behind a pipe or in a substitution; also a quoted word, so that a
program's name in it is skipped."""
_QUOTED = re.compile(r"(?<=`)(?!kubectl config )[^`]+(?=`)")
"""Finds what a text has between backticks, and what it has between two such quotations, where no command begins.
Commands on the kubeconfig itself need no context."""


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """The options that the doctor was started with, and that the commands after it need as well."""

    context: str = ""
    profile: str = ""
    region: str = ""
    issuer: str = ""

    def fix(self, found: Fix | None) -> Fix | None:
        """The fix with these options in its commands."""
        if found is None or self == ToolOptions():
            return found
        return replace(found, commands=tuple(map(self.command, found.commands)))

    def command(self, text: str) -> str:
        """The command, with the options of each program in it. An option that the command already has comes later, so
        it takes precedence."""
        words = {program: shlex.join(options) for program, options in self._of_programs.items()}
        return _PROGRAM.sub(lambda found: " ".join(filter(None, (found[0], words.get(found[1] or "", "")))), text)

    def quoted(self, text: str) -> str:
        """The sentences, with the options in the commands that they quote."""
        return _QUOTED.sub(lambda found: self.command(found[0]), text)

    @property
    def _of_programs(self) -> Mapping[str, list[str]]:
        given = {"context": self.context, "profile": self.profile, "region": self.region, "issuer": self.issuer}
        of = {"kubectl": ("context",), "aws": ("profile", "region"), "python -m app doctor": tuple(given)}
        return {
            program: [word for name in names if given[name] for word in (f"--{name}", given[name])]
            for program, names in of.items()
        }
