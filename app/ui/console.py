"""The console as a part of a page: a component that opens the websocket itself; or the reason why there is none."""

from __future__ import annotations

import hashlib
import json

from app.content import Content
from app.serving import console_socket
from app.settings import Settings
from app.ui.draw import components
from app.ui.draw.notice import notice
from app.ui.state import connection
from app.ui.text import prose
from app.world.world import World

_MARKED = ("about", "keys", "filters", "files_help")
"""The console's texts that contain code. The page gets them as HTML."""

_component = components.component("console")


def say_refusal(content: Content, *, key: str) -> bool:
    """Says why this reader has no console, and what to do; draws nothing where there is one. Returns whether it said
    something."""
    refused = console_socket.refusal(Settings.from_environment(), connection.facts())
    if refused:
        components.block(notice(refused, content), key=f"{key}_refused")
    return refused is not None


def console(world: World, content: Content, *, key: str = "console") -> None:
    """Draws the console of this browser's world. A command goes on while the reader turns to another page."""
    if say_refusal(content, key=key):
        return
    words = content.messages.below("console.page")
    marked = {name: prose(words[name]) for name in _MARKED}
    # Distinguishes this world from others without its path, which is a secret: it would open the world's files.
    which = hashlib.sha256(world.path.encode()).hexdigest()[:16]
    _component(
        data={
            "words": json.dumps({**words, **marked}, ensure_ascii=False),
            "language": content.language,
            "world": which,
            "path": console_socket.PATH,
        },
        key=key,
    )
