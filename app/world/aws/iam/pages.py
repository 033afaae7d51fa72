"""Pagination of IAM's lists: `MaxItems` and the opaque `Marker`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from app.flow.model import JsonValue
from app.world.aws.errors import validation_error
from app.world.aws.parameters import Parameters, number

Item = TypeVar("Item")


def page(parameters: Parameters, items: Sequence[tuple[str, Item]]) -> tuple[list[Item], dict[str, JsonValue]]:
    """One page of (key, item), in the order of the keys, and the fields `IsTruncated` and `Marker`.

    The marker contains the last key that was given out, so a page stays right while entities come and go.
    """
    ordered = sorted(items, key=lambda pair: pair[0])
    if "Marker" in parameters:
        after = _read_marker(parameters["Marker"])
        ordered = [pair for pair in ordered if pair[0] > after]
    size = number(parameters, "MaxItems", 100)
    given = ordered[:size]
    fields: dict[str, JsonValue] = {"IsTruncated": len(ordered) > size}
    if len(ordered) > size:
        fields["Marker"] = base64.urlsafe_b64encode(given[-1][0].encode()).decode()
    return [item for _, item in given], fields


def _read_marker(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise validation_error(f"Invalid Marker: {marker}") from error
