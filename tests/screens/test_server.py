"""The ASGI application: the browser's id, and Streamlit's settings from any working directory."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse

from app.server import BrowserId, KnownPages, used_address
from app.serving import request_facts
from app.serving.request_facts import RequestFacts
from app.ui.state import operator_view, own_world
from app.world.lifecycle import disk_room

ROOT = Path(__file__).resolve().parents[2]


async def page(scope, receive, send):
    kind = PlainTextResponse if scope["path"] == "/text" else HTMLResponse
    await kind("hello")(scope, receive, send)


@pytest.fixture
def ask():
    async def asked(path: str, cookie: str, encrypted: bool) -> httpx.Response:
        facts = RequestFacts(served_on="", forwarded_by="", launched=False, visitor="", encrypted=encrypted)

        async def server(scope, receive, send):
            await BrowserId(page)(request_facts.recorded(scope, facts), receive, send)

        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers={"cookie": cookie} if cookie else {})

    return lambda path="/", cookie="", encrypted=False: asyncio.run(asked(path, cookie, encrypted))


def test_a_new_browser_gets_an_id_that_no_script_reads(ask):
    header = ask().headers["set-cookie"]
    found = re.fullmatch(
        rf"{own_world.COOKIE}=([0-9a-f]{{40}}); Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax", header
    )
    assert found
    assert found[1] not in ask().headers["set-cookie"]


def test_over_tls_no_other_name_of_the_domain_gives_a_browser_its_id(ask):
    planted = f"{own_world.COOKIE}={own_world.new_id()}"
    given = ask(cookie=planted, encrypted=True).headers["set-cookie"]
    assert given.startswith(f"__Host-{own_world.COOKIE}=")
    assert given.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert "set-cookie" not in ask(cookie=f"{given.partition(';')[0]}; {planted}", encrypted=True).headers


def test_a_known_browser_keeps_its_id(ask):
    assert "set-cookie" not in ask(cookie=f"other=1; {own_world.COOKIE}={own_world.new_id()}").headers


@pytest.mark.parametrize("junk", ["", "x", "A" * 32, "0" * 31, "0" * 33, "../../etc/passwd", '"', "=;=;", "é"])
def test_a_made_up_id_is_replaced(ask, junk):
    assert "set-cookie" in ask(cookie=f"{own_world.COOKIE}={junk}".encode()).headers


def test_only_pages_carry_an_id(ask):
    assert "set-cookie" not in ask("/text").headers


@pytest.mark.parametrize(
    ("path", "accept", "to"),
    [
        ("/nonsense?lang=ja", "text/html,*/*", "/?lang=ja&page=nonsense"),
        ("/home", "text/html", "/"),
        ("/webhook/more", "text/html", "/?page=webhook%2Fmore"),
        ("//evil/x", "text/html", "/?page=evil%2Fx"),
        (f"/{'x' * 500}", "text/html", f"/?page={'x' * 80}"),
        ("/webhook?lang=en", "text/html", None),
        ("/", "text/html", None),
        ("/_stcore/health", "text/html", None),
        ("/static/js/index.js", "text/html", None),
        ("/nonsense", "*/*", None),
    ],
)
def test_an_unknown_page_leads_to_the_first_one(path, accept, to):
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=KnownPages(page))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(f"http://127.0.0.1{path}", headers={"accept": accept})

    answer = asyncio.run(asked())
    assert answer.headers.get("location") == to
    assert answer.status_code == (307 if to else 200)


def test_streamlit_finds_its_settings_from_anywhere(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import app.server; from streamlit import config; "
        "names = ['theme.light.primaryColor', 'runner.postScriptGC', 'browser.gatherUsageStats', 'server.headless', "
        "'global.maxCachedMessageAge']; "
        "sys.stdout.write(repr([config.get_option(name) for name in names]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "['#0f766e', False, False, True, 100]"


def test_settings_for_another_streamlit_app_change_nothing_here(tmp_path):
    """At home a path that would move every page, and in the working directory a file that is no TOML at all."""
    files = {"home": '[server]\nbaseUrlPath = "x"\n[theme]\nbase = "dark"\n', "folder": "[[["}
    for folder, text in files.items():
        (tmp_path / folder / ".streamlit").mkdir(parents=True)
        (tmp_path / folder / ".streamlit" / "config.toml").write_text(text)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import app.server; from streamlit import config; "
        "names = ['server.baseUrlPath', 'theme.base', 'server.headless']; "
        "sys.stdout.write(repr([config.get_option(name) for name in names]))"
    )
    home = {**os.environ, "HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path / "folder", env=home, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("['', None, True]", "")


def test_a_used_launch_address_says_how_to_get_another_one_and_leads_to_the_pages():
    shown = used_address(8611).body.decode()
    assert shown.count("serve --print-address --port 8611") == 2
    assert re.findall(r'href="([^"]+)"', shown) == ["/?lang=ja", "/?lang=en"]


def test_a_server_is_unready_where_no_world_could_be_kept(simulation, tmp_path, monkeypatch):
    def found():
        return {it.check: it.ok for it in asyncio.run(operator_view.checks()) if it.check in ("disk", "kept_worlds")}

    assert found() == {"disk": True}
    monkeypatch.setattr(simulation, "kept_in", tmp_path)
    assert found() == {"disk": True, "kept_worlds": True}
    monkeypatch.setattr(disk_room, "free_bytes", lambda path: disk_room.LEAST_DISK - (path == tmp_path))
    assert found() == {"disk": True, "kept_worlds": False}
    monkeypatch.undo()
    monkeypatch.setattr(simulation, "kept_in", tmp_path)
    monkeypatch.setattr(disk_room, "free_files", lambda path: disk_room.LEAST_FILES - (path == tmp_path))
    assert found() == {"disk": True, "kept_worlds": False}
    tmp_path.rmdir()
    monkeypatch.undo()
    monkeypatch.setattr(simulation, "kept_in", tmp_path)
    assert found() == {"disk": True, "kept_worlds": False}
