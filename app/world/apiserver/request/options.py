"""The options of a request: `dryRun`, `fieldManager`, `fieldValidation`, `force`, and the body of a DELETE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.model import JsonObject
from app.world.apiserver.types import errors, names
from app.world.apiserver.types.errors import Cause


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a write is to be done."""

    dry_run: bool = False
    """Everything but the write itself."""
    field_manager: str = "unknown"
    """Who will own the fields."""
    field_validation: str = "Warn"
    """What an unknown field leads to: `Ignore`, `Warn` or `Strict`."""
    force: bool = False
    """Whether an apply takes fields from their owners."""
    patched: bool = False
    """A PATCH: a uid in it is part of the change, and not a precondition as in a PUT."""
    applied: bool = False
    """An apply: who owns which fields is settled by it, and not noted once more."""


def parse_options(kind: str, query: Mapping[str, str], user_agent: str, *, apply: bool = False) -> Options:
    """The options in a query string. `kind` is `CreateOptions`, ... Raises `ApiError` 422."""
    causes: list[Cause] = []
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        causes.append(names.unsupported("dryRun", dry_run, ("All",)))
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in ("Ignore", "Strict", "Warn"):
        causes.append(names.unsupported("fieldValidation", validation, ("Ignore", "Strict", "Warn")))
    manager = query.get("fieldManager", "")
    if len(manager.encode()) > 128:
        causes.append(names.too_long("fieldManager", 128))
    if not manager.isprintable():
        causes.append(names.invalid_value("fieldManager", manager, "should only contain printable characters"))
    if apply and not manager:
        causes.append(names.required("fieldManager", "is required for apply patch"))
    if query.get("force") and not apply:
        causes.append(names.forbidden("force", "may not be specified for non-apply patch"))
    if causes:
        raise errors.invalid(kind, "meta.k8s.io", "", causes)
    return Options(
        dry_run=dry_run == "All",
        # Without a field manager, the product's name in the User-Agent serves.
        field_manager=manager or user_agent.partition("/")[0][:128] or "unknown",
        field_validation=validation,
        force=query.get("force", "").lower() in ("1", "t", "true"),
        patched=kind == "PatchOptions",
        applied=apply,
    )


@dataclass(frozen=True, kw_only=True)
class DeleteOptions:
    """What a DELETE asks for."""

    dry_run: bool = False
    uid: str = ""
    """Precondition: the object's uid."""
    resource_version: str = ""
    """Precondition: the object's resource version."""
    propagation: str = "Background"
    """When what belongs to the object goes: `Background`, `Foreground` (before it) or `Orphan` (never)."""


def parse_delete_options(query: Mapping[str, str], body: JsonObject) -> DeleteOptions:
    """The options of a DELETE, of its (typed) body or else its query string. Raises `ApiError` 400, 422."""
    dry_run = body.get("dryRun") or [value for value in (query.get("dryRun"),) if value]
    causes = [names.unsupported("dryRun", value, ("All",)) for value in dry_run if value != "All"]
    if (seconds := query.get("gracePeriodSeconds", "")) and not re.fullmatch("[+-]?[0-9]{1,18}", seconds):
        raise errors.bad_request(f'strconv.ParseInt: parsing "{seconds[:64]}": invalid syntax')
    if body.get("gracePeriodSeconds", 0) < 0:
        value = body["gracePeriodSeconds"]
        causes.append(names.invalid_value("gracePeriodSeconds", value, "must be greater than or equal to 0"))
    policy = body.get("propagationPolicy") or query.get("propagationPolicy") or "Background"
    if policy not in ("Background", "Foreground", "Orphan"):
        known = ("Background", "Foreground", "Orphan")
        causes.append(names.unsupported("propagationPolicy", policy, known))
    if causes:
        raise errors.invalid("DeleteOptions", "meta.k8s.io", "", causes)
    preconditions = body.get("preconditions", {})
    return DeleteOptions(
        dry_run=bool(dry_run),
        uid=preconditions.get("uid", ""),
        resource_version=preconditions.get("resourceVersion", ""),
        propagation=policy,
    )
