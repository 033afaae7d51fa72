"""Tags of roles, users, instance profiles, policies and OIDC providers."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.errors import AwsError
from app.world.aws.iam.constraints import TAG_KEY, TAG_VALUE
from app.world.aws.iam.pages import page
from app.world.aws.parameters import Parameters, member, members, refuse, structures

TAG_LIMIT = 50


def read_tags(parameters: Parameters) -> dict[str, str]:
    """The tags of `Tags.member.N.{Key,Value}`. Raises `ValidationError`, `InvalidInput` or `LimitExceeded`."""
    tags: dict[str, str] = {}
    seen: set[str] = set()
    problems: list[str] = []
    for index, tag in enumerate(structures(parameters, "Tags", ("Key", "Value")), 1):
        for name, constraint in (("Key", TAG_KEY), ("Value", TAG_VALUE)):
            where = f"at 'tags.{index}.member.{member(name)}' failed to satisfy constraint"
            value = tag.get(name)
            if value is None:
                problems.append(f"Value null {where}: Member must not be null")
            else:
                problems += [f"Value '{value}' {where}: {what}" for what in constraint.broken(value)]
        key = tag.get("Key", "")
        if key.lower() in seen:
            raise AwsError(
                400,
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        seen.add(key.lower())
        tags[key] = tag.get("Value", "")
    refuse(problems)
    _limit(tags)
    return tags


def tag(tags: dict[str, str], parameters: Parameters) -> None:
    """Adds or replaces tags; keys are compared without regard to case."""
    new = read_tags(parameters)
    lowered = {key.lower() for key in new}
    merged = {key: value for key, value in tags.items() if key.lower() not in lowered} | new
    _limit(merged)
    tags.clear()
    tags.update(merged)


def untag(tags: dict[str, str], parameters: Parameters) -> None:
    """Removes the tags of `TagKeys`; those that are not there are left out silently, as IAM does."""
    gone = {key.lower() for key in members(parameters, "TagKeys")}
    for key in [key for key in tags if key.lower() in gone]:
        del tags[key]


def list_tags(tags: dict[str, str], parameters: Parameters) -> JsonValue:
    """The answer of the `List…Tags` actions."""
    items, fields = page(parameters, [(key, {"Key": key, "Value": value}) for key, value in tags.items()])
    return {"Tags": items, **fields}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]] | None:
    """Tags as entities carry them in answers; None when there are none."""
    return [{"Key": key, "Value": value} for key, value in tags.items()] or None


def _limit(tags: dict[str, str]) -> None:
    if len(tags) > TAG_LIMIT:
        raise AwsError(409, "LimitExceeded", f"Cannot exceed quota for TagsPerResource: {TAG_LIMIT}")
