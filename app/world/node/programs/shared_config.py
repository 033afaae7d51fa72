"""The AWS configuration files of a container, `~/.aws/config` and `~/.aws/credentials`, and the profile that is
used."""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from botocore import configloader, exceptions

from app.world.node.container import Container
from app.world.node.volumes.path_limits import PATH_LIMIT

Profiles = dict[str, dict[str, Any]]
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""The first that is set decides."""
_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
"""Matches a variable in the path of a file, as `os.path.expandvars` does."""


def profile_of(environment: Mapping[str, str]) -> str | None:
    """The profile that the variables name; None where they name none. An empty one is a name too.

    Source: `profile` in `awscli/botocore/configprovider.py` of version 2 of the CLI.
    """
    return next((environment[name] for name in PROFILE_VARIABLES if name in environment), None)


class SharedConfig:
    """botocore's view of these files (`Session.full_config`, `Session.get_scoped_config`), for one run of a program.

    Raises `ProfileNotFound` where the requested profile is in neither file.
    """

    def __init__(self, container: Container, profile: str | None) -> None:
        self._container = container
        environment = container.environment
        self.config_file = environment.get("AWS_CONFIG_FILE", "~/.aws/config")
        self.credentials_file = environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
        self.by_option = profile is not None
        """Whether the program itself names the profile: then the environment's credentials do not count."""
        asked = profile or profile_of(environment)
        self.profile_name = "default" if asked is None else asked
        if asked is not None and asked not in self.full["profiles"]:
            raise exceptions.ProfileNotFound(profile=asked)

    @property
    def profile(self) -> dict[str, Any]:
        """The settings of the profile that is used."""
        return dict(self.full["profiles"].get(self.profile_name, {}))

    @cached_property
    def full(self) -> dict[str, Any]:
        """The configuration file by profile, each with the settings of the credentials file. Raises
        `ConfigParseError`."""
        try:
            loaded = self.load(self.config_file)
        except exceptions.ConfigNotFound:
            loaded = {"profiles": {}}
        profiles: Profiles = loaded["profiles"]
        try:
            for name, added in self.sections(self.credentials_file).items():
                profiles[name] = {**profiles.get(name, {}), **added}
        except exceptions.ConfigNotFound:
            pass
        return loaded

    def load(self, path: str) -> dict[str, Any]:
        """botocore's `load_config`. Raises `ConfigNotFound`, `ConfigParseError`."""
        loaded: dict[str, Any] = configloader.build_profile_map(self.sections(path))
        return loaded

    def sections(self, path: str) -> Profiles:
        """botocore's `raw_config_parse`, for the container's files. Raises `ConfigNotFound`, `ConfigParseError`."""
        environment, end = self._container.environment, PATH_LIMIT + 1  # a longer path is no file's in any case
        path = _VARIABLE.sub(lambda found: environment.get(found[1] or found[2], found[0])[:end], path[:end])
        if path.startswith("~/"):
            path = environment.get("HOME", "") + path[1:]
        try:
            content = self._container.files.read(posixpath.join(self._container.working_directory, path))
        except OSError as error:
            raise exceptions.ConfigNotFound(path=path) from error
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(content.decode())
            return {name: {key: _nested(value) for key, value in parser.items(name)} for name in parser.sections()}
        except (configparser.Error, ValueError) as error:
            raise exceptions.ConfigParseError(path=path, error=error) from None


def _nested(value: str) -> str | dict[str, str]:
    """A value of several indented lines as a section of its own. Raises `ValueError`."""
    if not value.startswith("\n"):
        return value
    pairs = (line.split("=", 1) for line in value.splitlines() if line.strip())
    return {key.strip(): text.strip() for key, text in pairs}
