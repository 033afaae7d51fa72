"""What Streamlit loads and looks for once a process, though these pages do not need it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from starlette.routing import Route
from streamlit import config, delta_generator, file_util, string_util
from streamlit.commands import logo, page_config
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.elements.lib.image_utils import image_to_url
from streamlit.web.server.starlette import starlette_app

_LETTER_AND_EMOJI = "\N{INFORMATION SOURCE}"
_extract_leading_emoji = lru_cache(maxsize=256)(string_util.extract_leading_emoji)


def install() -> None:
    """Spares a start and its first page 200 ms of CPU time, and the process 20 MB. Streamlit has no option for it.

    - Components of other packages: it reads the metadata of all that is installed. Ours are made by the pages.
    - The warning to use `streamlit run`: whether it is due, Streamlit finds out by reading the source of every function
      that is being called.
    - numpy and Pillow, which it imports before it looks at a picture, also where that is an address already.
    - The pattern of all emojis, which it compiles for the first label of a choice that is not ASCII; and with which it
      looks at each label in every run.

    And its settings are those beside the script alone. It would also take what it finds in the working directory and at
    home, written for another app: a path that moves every page, a theme, a port. And no one signs in here: at the
    addresses for that it would write into the log that the app's secrets are wrong, where the app has none.
    """
    config.get_config_files = files_beside_the_script
    BidiComponentManager.discover_and_register_components = no_components  # type: ignore[method-assign, assignment]
    delta_generator._use_warning_has_been_displayed = True
    page_config.image_to_url = logo.image_to_url = picture_address  # type: ignore[attr-defined]
    string_util.extract_leading_emoji = leading_emoji
    starlette_app.create_auth_routes = no_sign_in  # type: ignore[attr-defined]


def files_beside_the_script(file_name: str) -> list[str]:
    """As Streamlit's `get_config_files` for a user who has none of their own."""
    script = config._main_script_path
    return [file_util.get_main_script_streamlit_file_path(script, file_name)] if script else []


def no_components(_: BidiComponentManager, *, start_file_watching: bool = True) -> None:
    """As Streamlit's `discover_and_register_components` where no package brings components."""


def no_sign_in(base_url: str) -> list[Route]:
    """As Streamlit's `create_auth_routes` for an app in which no one signs in."""
    return []


def picture_address(image: Any, *options: Any, **named: Any) -> str:
    """As Streamlit's `image_to_url`, which returns a data URL unchanged."""
    if isinstance(image, str) and image.startswith("data:"):
        return image
    return image_to_url(image, *options, **named)


def leading_emoji(text: str) -> tuple[str, str]:
    """As Streamlit's `extract_leading_emoji`: the emoji, and what comes after it. But one emoji, none is a letter."""
    if text[:1].isalpha() and text[0] != _LETTER_AND_EMOJI:
        return "", text
    return _extract_leading_emoji(text)
