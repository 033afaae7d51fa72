"""What sets a container's region, and what has its SDK use the token instead of other credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.flow.doctor import changes
from app.flow.doctor.application import FAILED_IN
from app.flow.doctor.containers.container_checks import OPTIONAL_KEYS, main_container
from app.flow.doctor.containers.regions import REGIONS
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import REGION_HERE, Names
from app.flow.doctor.reading.variables import KEY_VARIABLES
from app.flow.json_access import get_list, get_str
from app.flow.model import JsonObject, Status

_USERS = (
    "POD:.metadata.name"
    ",CONFIGMAPS:.spec.containers[*].envFrom[*].configMapRef.name"
    ",SECRETS:.spec.containers[*].envFrom[*].secretRef.name"
)
"""The columns by which one sees who else takes its variables from a ConfigMap or a Secret."""


def region(names: Names) -> Fix:
    """Sets what a container lacks; a region of its own that it has may be meant."""
    words: dict[str, list[str]] = {}
    for it in get_list(names.documents.get(REGIONS)):
        value = get_str(it, "value") or REGION_HERE
        words.setdefault(get_str(it, "container"), []).append(f"{get_str(it, 'variable')}={value}")
    return changes.variables(names, "region", words)


def static_keys(names: Names) -> Fix:
    """Changes the container that fails: the main one for its keys, the one whose program names a profile that there is
    not. Keys of another one may be meant."""
    if names.check.reason == OPTIONAL_KEYS:
        sources = (get_str(it, "source") for it in get_list(names.documents.get(OPTIONAL_KEYS)))
        secrets = sorted({source.rpartition(" ")[2].partition("/")[0] for source in sources})
        return Fix(id="optional_keys", commands=(names.kubectl("get", "secret", *secrets, "--ignore-not-found"),))
    named = [it for it in get_list(names.documents.get("other_credentials")) if get_str(it, "variable")]
    others = [it for it in named if get_str(it, "container")]
    keys, meant = any(it["variable"] in KEY_VARIABLES for it in others), names.check.status is Status.WARNING
    if keys and meant:
        return Fix(id="keys_apart", commands=names.show_workload())
    box = main_container(names.documents.get("pod")) if keys else names.documents.get(FAILED_IN)
    concerned = [it for it in others if it["container"] == box and not meant] or others
    boxes = dict.fromkeys(it["container"] for it in concerned)
    words = {box: _words([it for it in concerned if it["container"] == box]) for box in boxes}
    words = {box: given for box, given in words.items() if given}
    if meant:
        return changes.variables(names, "profile", words)
    fix, emptied = changes.variables(names, "static_keys", words), any(it[-1].endswith("=") for it in words.values())
    if not emptied or fix.commands == names.show_workload():
        return fix
    users = names.kubectl("get", "pods", "-o", f"custom-columns={_USERS}")
    return replace(fix, id="empty_keys", commands=(*fix.commands, users))


def _words(found: Sequence[JsonObject]) -> list[str]:
    """What a container's own list sets is taken out of it; keys from elsewhere are set to nothing in that list.

    `env` takes precedence over `envFrom` (Kubernetes' `Container.envFrom`), and an empty access key is none to an SDK
    (botocore's `EnvProvider`). An empty profile would be one that there is not.
    """
    emptied = sorted({it["variable"] for it in found if it["variable"] in KEY_VARIABLES and not _ends_in_env(it)})
    removed = sorted({it["variable"] for it in found if _is_in_env(it)} - {*emptied})
    return [*(f"{name}-" for name in removed), *(f"{name}=" for name in emptied)]


def _is_in_env(found: JsonObject) -> bool:
    return get_str(found, "source").partition(" ")[0] == "env"


def _ends_in_env(found: JsonObject) -> bool:
    """Whether nothing else would set the variable once it is out of the list."""
    return _is_in_env(found) and not found.get("beneath")
