"""What a page begins and ends with: only a page, whole, and with headers that are true of what is sent."""

import asyncio
import re
import tempfile
from pathlib import Path

import httpx
import streamlit
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from app.serving.first_paint import _NOSCRIPT, FirstPaint
from app.ui.draw.browser_files import browser_files

HEAD = '<title>Ours</title><script async src="/first.js"></script>'
NOSCRIPT = "<p>JavaScript \\1</p>"
STYLE = "<style>.a { color: red }</style>"
BODY = "<body><noscript>\n<p>Streamlit</p></noscript><p>ページ</p></body>"
PAGE = f"<html><head><title>Streamlit</title></head>{BODY}</html>"


async def page(request):
    assert "if-none-match" not in request.headers
    return HTMLResponse(PAGE, headers={"etag": '"1"', "last-modified": "Fri, 27 Nov 2026 00:00:00 GMT"})


async def data(request):
    return JSONResponse({"</body>": request.headers.get("if-none-match")}, headers={"etag": '"2"'})


async def download(request):
    return HTMLResponse(f"{PAGE}<title>a visitor's")


def get(path, accept):
    routes = [Route("/", page), Route("/data", data), Route("/download", download)]
    with tempfile.NamedTemporaryFile() as index:
        Path(index.name).write_text(PAGE, encoding="utf-8")
        app = FirstPaint(Starlette(routes=routes), index=Path(index.name), head=HEAD, noscript=NOSCRIPT, body=STYLE)

    async def asked():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
            return await client.get(path, headers={"accept": accept, "if-none-match": '"1"'})

    return asyncio.run(asked())


def test_the_page_begins_with_our_title_and_script_and_ends_with_the_style_sheet():
    answer = get("/", "text/html")
    body = f"<noscript>{NOSCRIPT}</noscript><p>ページ</p>{STYLE}"
    assert answer.text == f"<html><head>{HEAD}</head><body>{body}</body></html>"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not {"etag", "last-modified"} & set(answer.headers)


def test_streamlits_own_page_has_the_place_for_the_text_without_scripts():
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    assert len(_NOSCRIPT.findall(page.read_bytes())) == 1


def test_what_a_browser_does_not_ask_for_as_a_page_stays_as_it_is():
    answer = get("/data", "application/json")
    assert answer.json() == {"</body>": '"1"'}
    assert answer.headers["etag"] == '"2"'


def test_a_file_that_a_browser_opens_as_a_page_stays_as_it_is():
    assert get("/download", "text/html").text == f"{PAGE}<title>a visitor's"


def test_an_answer_without_a_body_element_stays_as_it_is():
    answer = get("/nothing", "text/html")
    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_nothing_in_the_style_sheet_ends_its_element():
    assert "</style" not in browser_files.frame_style_sheet.lower()


def test_no_rule_of_the_screen_asks_for_what_is_anywhere_in_the_page():
    rules = re.sub(r"/\*.*?\*/", "", browser_files.frame_style_sheet, flags=re.DOTALL)
    screen = rules.partition("@media print")[0]
    found = [line for line in screen.splitlines() if re.search(r"(?<![\w-])(:root|html|body|\.stApp):has\(", line)]
    assert found == [], "a browser would style hundreds of elements again whenever one comes or goes: frame.css"
