"""What Streamlit does once a process, and our server spares it: nothing else comes of it."""

import os
import sys

import pytest
from streamlit import delta_generator, env_util, string_util
from streamlit.commands import logo, page_config
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.manifest_scanner import scan_component_manifests
from streamlit.elements.lib import image_utils
from streamlit.elements.lib.layout_utils import LayoutConfig
from streamlit.emojis import ALL_EMOJIS
from streamlit.web.server.starlette import starlette_app

from app import server, wiring
from app.own_folder import PREFIX
from app.ui.draw.browser_files import browser_files
from app.ui.state.runs import streamlit_start

LIKE_A_PAGES = (LayoutConfig(width="stretch"), False, "RGB", "auto", "favicon")


def test_the_server_of_the_pages_spares_them():
    assert server.app
    assert BidiComponentManager.discover_and_register_components is streamlit_start.no_components
    assert page_config.image_to_url is logo.image_to_url is streamlit_start.picture_address
    assert string_util.extract_leading_emoji is streamlit_start.leading_emoji
    assert starlette_app.create_auth_routes("") == []


def test_nobody_reads_the_source_of_what_is_called_to_see_whether_to_warn(monkeypatch):
    monkeypatch.setattr(env_util, "is_repl", None)
    delta_generator._maybe_print_use_warning()


def test_what_draws_the_first_page_is_loaded_before_anyone_asks_for_it(monkeypatch):
    monkeypatch.setattr(wiring, "warm_up", lambda: None)
    monkeypatch.delitem(sys.modules, "app.ui.story.home", raising=False)
    server.warm_up()
    assert "app.ui.story.home" in sys.modules


def test_a_start_clears_what_the_consoles_of_killed_servers_left(tmp_path, monkeypatch):
    (left := tmp_path / f"{PREFIX}abcdefgh").mkdir()
    os.utime(left, (0, 0))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(server, "folders", server.folders.__wrapped__)
    monkeypatch.setattr(wiring, "warm_up", lambda: None)
    server.warm_up()
    assert not left.exists()


def test_no_package_that_is_installed_brings_components():
    assert list(scan_component_manifests()) == []


@pytest.mark.parametrize("picture", [browser_files.icon, browser_files.logo, "https://example.com/logo.png"])
def test_a_pictures_address_is_what_streamlit_makes_of_it(picture):
    assert streamlit_start.picture_address(picture, *LIKE_A_PAGES) == image_utils.image_to_url(picture, *LIKE_A_PAGES)


def test_each_emoji_before_a_label_is_found():
    found = {emoji: streamlit_start.leading_emoji(f"{emoji} 詳しく") for emoji in ALL_EMOJIS}
    assert {emoji for emoji, parts in found.items() if parts != (emoji, "詳しく")} == set()


@pytest.mark.parametrize(
    "label", ["", "詳しく", "Détail", "detail", "詳しく🚨", "① 🚨", "🚨", "ℹ️ 詳しく", ":material/add: a"]
)
def test_a_label_is_read_as_streamlit_reads_it(label):
    assert streamlit_start.leading_emoji(label) == streamlit_start._extract_leading_emoji.__wrapped__(label)
