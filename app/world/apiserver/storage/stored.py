"""An object as it is stored."""

from __future__ import annotations

import json

from app.flow.model import JsonObject, JsonValue

Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-wide object is empty."""


def key_of(body: JsonObject) -> Key:
    """The key of an object that is stored."""
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


class Stored:
    """One object, as JSON text and, for as long as it is in force, as what the text says.

    What has been replaced lives on in histories. There the text has to do, which takes a tenth of the memory.
    """

    __slots__ = ("_object", "text", "values")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._object: JsonObject | None = json.loads(text)
        self.values = _count(self._object)
        """How many values the object holds, keys apart: what it takes in memory goes by them."""

    @property
    def object(self) -> JsonObject:
        """For looking at: it must not be changed."""
        found = self._object  # another thread may have it retired
        return self.copy() if found is None else found

    def copy(self) -> JsonObject:
        """A fresh copy of the object."""
        copied: JsonObject = json.loads(self.text)
        return copied

    def retire(self) -> None:
        """The object is no longer in force."""
        self._object = None

    def reinstate(self) -> None:
        """The object is in force again."""
        self._object = self.object


def _count(value: JsonValue) -> int:
    """How many values there are in what `json.loads` has made: the types alone say what has values inside."""
    count, found = 0, [value]
    for item in found:  # which grows meanwhile
        if type(item) is dict:
            count += len(item)
            found += item.values()
        elif type(item) is list:
            count += len(item)
            found += item
    return count
