"""The requests to this browser's world as they happen, and a page that follows them without a click."""

from __future__ import annotations

from collections.abc import Mapping

from app.content import Content
from app.ui.draw import components
from app.ui.state import already_read, connection, mode, session

_feed = components.component("feed")


def draw(shown: Mapping[str, str | int]) -> None:
    """Draws the newest requests of the learner's tools, and has the page run again where one has changed the world.

    `shown`: the `data`; without any, nothing is drawn.
    """
    if shown:
        _feed(data=shown, key="feed", on_changed_change=already_read.announce_unasked_run)


def data(content: Content) -> dict[str, str | int]:
    """What `draw` draws. Only our own server has the events: under another one, and with a real cluster, it is
    empty.
    """
    if mode.can().walk_cluster or connection.facts() is None:
        return {}
    events = session.world().log.events
    walked = session.last_walk_view()
    words = {name: content.messages[f"feed.{name}"] for name in ("heading", "step")}
    empty = content.messages["feed.empty"] if mode.is_on_this_machine() else ""  # elsewhere no terminal reaches it
    return {
        "stream": events.name,
        "number": events.number,
        "changed": walked.change if walked else events.changed,
        "language": content.language,
        "empty": empty,
        **words,
    }
