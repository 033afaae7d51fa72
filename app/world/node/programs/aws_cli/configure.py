"""`aws configure list`: the profile, keys and region that the CLI uses, and where each comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.credentials import Credentials

from app.world.node.programs.shared_config import PROFILE_VARIABLES, profile_of

NOT_SET = "<not set>"


def listing(
    environment: Mapping[str, str],
    config_file: str,
    profile: Mapping[str, Any],
    *,
    profile_option: str | None,
    credentials: Credentials | None,
    region: str | None,
    colons: bool,
) -> str:
    """The output of the command. `profile`: its settings in the files; `region`: the one that is used; `colons`:
    whether colons separate the columns."""
    rows: list[tuple[str, str, str, str]] = []
    named = profile_of(environment)
    if profile_option is not None:
        rows.append(("profile", profile_option, "manual", "--profile"))
    elif named is not None:
        rows.append(("profile", named, "env", str(list(PROFILE_VARIABLES))))
    else:
        rows.append(("profile", NOT_SET, "None", "None"))
    if credentials is None:
        rows += [("access_key", NOT_SET, "None", "None"), ("secret_key", NOT_SET, "None", "None")]
    else:
        frozen = credentials.get_frozen_credentials()
        method = str(credentials.method)
        rows += [
            ("access_key", _masked(frozen.access_key), method, ""),
            ("secret_key", _masked(frozen.secret_key), method, ""),
        ]
    rows.append(_region(environment, config_file, profile, region))
    if colons:
        rows.insert(0, ("NAME", "VALUE", "TYPE", "LOCATION"))
        return "".join(f"{name:<10} : {value:<24} : {kind:<16} : {where}\n" for name, value, kind, where in rows)
    rows[:0] = [("Name", "Value", "Type", "Location"), ("----", "-----", "----", "--------")]
    return "".join(f"{name:>10} {value:>24} {kind:>16}    {where}\n" for name, value, kind, where in rows)


def _region(
    environment: Mapping[str, str], config_file: str, profile: Mapping[str, Any], region: str | None
) -> tuple[str, str, str, str]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if environment.get(name):
            return "region", environment[name], "env", "['AWS_REGION', 'AWS_DEFAULT_REGION']"
    if profile.get("region"):
        return "region", str(profile["region"]), "config-file", config_file
    return ("region", region, "imds", "") if region else ("region", NOT_SET, "None", "None")


def _masked(secret: str | None) -> str:
    return "*" * 16 + (secret or "")[-4:]
