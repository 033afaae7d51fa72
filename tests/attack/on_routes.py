"""Attacks on the server's own routes: paths out of a folder, queries without measure, another page that reads them."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.attack.client import ATTACKER, TALKS, Answer, Page, cookies, raw
from tests.attack.row import CLOSED, Attack, Attacker

FOLDERS = ("/media", "/component", "/_stcore/bidi-components", "/static", "/app/static", "/_stcore/upload_file")
WAYS = (
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/a/../../../../../etc/passwd",
    "/..\\..\\..\\..\\etc\\passwd",
    "/%2fetc%2fpasswd%00.js",
    "/%252e%252e/%252e%252e/etc/passwd%00",
)
READ_BY_ALL = ("/_stcore/host-config", "/_stcore/health")
PARAMETERS = "&".join(f"p{number}=x" for number in range(100_000))
"""A query of 900 KB."""


async def get(by: Attacker, path: str, headers: Mapping[str, str]) -> Answer:
    """A path as it stands: a client of HTTP would shorten it."""
    sent = {"Host": f"127.0.0.1:{by.target.port}", "Connection": "close", **headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    return await raw(by.target.port, ["\r\n".join(lines).encode()])


async def leave_folder(by: Attacker, number: int) -> Answer:
    folder, way = FOLDERS[number // len(WAYS) % len(FOLDERS)], WAYS[number % len(WAYS)]
    return await get(by, folder + way, {})


async def query(by: Attacker, number: int) -> Answer:
    return await get(by, f"{('/', *READ_BY_ALL)[number % 3]}?{PARAMETERS[:50_000]}", {})


async def longer_query(by: Attacker, number: int) -> Answer:
    return await get(by, f"{('/', *READ_BY_ALL)[number % 3]}?{PARAMETERS}", {})


async def page_with_query(by: Attacker) -> None:
    kept = await cookies(by.target, source=ATTACKER)
    by.tab = await Page(by.target, "home", source=ATTACKER, cookies=kept).open()


async def query_of_a_run(by: Attacker, number: int) -> Answer:
    """As a browser sends the address of a page: about the longest that is heard, and one that is not, by turns."""
    assert by.tab is not None
    if number % 2:
        await by.tab.send(BackMsg(rerun_script={"query_string": PARAMETERS}).SerializeToString(), wait=False)
        answer = await by.tab.alive()
    else:
        by.tab.query = PARAMETERS[:60_000]
        answer = await by.tab.run()
    if answer.status != TALKS:
        await page_with_query(by)
    return answer


async def from_another_page(by: Attacker, number: int) -> Answer:
    origins = ("https://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example", "null", "")
    return await get(by, READ_BY_ALL[number % 2], {"Origin": origins[number // 2 % len(origins)]})


async def under_another_name(by: Attacker, number: int) -> Answer:
    """As by DNS rebinding: the name leads here, and the page is of the same origin."""
    name = f"{('evil.example', '127.0.0.1.evil.example')[number // 2 % 2]}:{by.target.port}"
    own = {"Origin": f"http://{name}"} if number // 4 % 2 else {}
    return await get(by, READ_BY_ALL[number % 2], {"Host": name, **own})


ON_ROUTES = (
    Attack(
        name="paths_out_of_folders",
        says="a path that leads out of the folder of a route",
        send=leave_folder,
        right=frozenset({400, 404, 405}),
        inputs=len(FOLDERS) * len(WAYS),
    ),
    Attack(name="queries", says="a query of 50 KB", send=query, right=frozenset({200})),
    Attack(name="longer_queries", says="a query of 900 KB", send=longer_query, right=frozenset({431})),
    Attack(
        name="queries_of_runs",
        says="a run of a page with a query of 60 KB, or of 900",
        prepare=page_with_query,
        send=query_of_a_run,
        right=CLOSED | {TALKS},
        inputs=4,
    ),
    Attack(
        name="another_page_asks",
        says="host-config or health, asked for by another page",
        send=from_another_page,
        right=frozenset({403}),
        inputs=10,
    ),
    Attack(
        name="another_name",
        says="host-config or health under another name of this machine",
        send=under_another_name,
        right=frozenset({421}),
        inputs=8,
    ),
)
