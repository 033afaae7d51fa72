"""Which cluster and which account the commands of a fix are for, where the reader's shell would take other ones."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.flow.doctor.fix import Fix

_PROGRAM = re.compile(r"'[^']*'|(?:^|(?<=\| )|(?<=\$\())(kubectl|aws|python -m app doctor)(?= )", re.MULTILINE)
"""A program at the beginning of a command, behind a pipe or in a substitution; or a quoted word, which may say so."""
_QUOTED = re.compile(r"(?<=`)(?!kubectl config )[^`]+(?=`)")
"""What a text has between backticks, and between two such, where no command begins. What is asked of the kubeconfig
itself is asked of no context."""


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """What the doctor was given, and the next command has to be given as well."""

    context: str = ""
    profile: str = ""
    region: str = ""
    issuer: str = ""

    def fix(self, found: Fix | None) -> Fix | None:
        """The same with these options."""
        if found is None or self == ToolOptions():
            return found
        return replace(found, commands=tuple(map(self.command, found.commands)))

    def command(self, text: str) -> str:
        """The same command with the options of each program in it; an option that it has itself comes later, and
        counts."""
        words = {program: shlex.join(options) for program, options in self._of_programs.items()}
        return _PROGRAM.sub(lambda found: " ".join(filter(None, (found[0], words.get(found[1] or "", "")))), text)

    def quoted(self, text: str) -> str:
        """The same sentences, with the options in the commands that they quote."""
        return _QUOTED.sub(lambda found: self.command(found[0]), text)

    @property
    def _of_programs(self) -> Mapping[str, list[str]]:
        given = {"context": self.context, "profile": self.profile, "region": self.region, "issuer": self.issuer}
        of = {"kubectl": ("context",), "aws": ("profile", "region"), "python -m app doctor": tuple(given)}
        return {
            program: [word for name in names if given[name] for word in (f"--{name}", given[name])]
            for program, names in of.items()
        }
