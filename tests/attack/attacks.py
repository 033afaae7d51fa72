"""The attacks: each a row of what is sent, what a right answer is, and what it may cost.

They were found against this app. The inputs are as large as they were then; how many are sent depends on who asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus

from app.ui.left_sessions import OF_AN_ADDRESS
from tests.attack.client import ATTACKER, CUT_OFF, HONEST, TALKS, Answer, Page, ask, cookies, owner, raw, visitor
from tests.attack.server import MEGABYTE, PATIENCE, Target

DEFAULT = "/api/v1/namespaces/default"
MERGE = {"content-type": "application/merge-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}
YAML = {"content-type": "application/yaml"}
REFUSED = frozenset({400, 403, 413, 422, 429})
"""How Kubernetes refuses what is wrong, or too much."""
CLOSED = frozenset({CUT_OFF, 1000, 1002, 1003, 1007, 1008, 1009})
"""How a websocket ends on what it cannot read (RFC 6455, section 7.4)."""


@dataclass(kw_only=True)
class Attacker:
    """One who attacks: from one address, with a world of their own."""

    target: Target
    api: httpx.AsyncClient
    rng: random.Random = field(default_factory=lambda: random.Random(20261127))
    tab: Page | None = None
    kept: list[Any] = field(default_factory=list)
    """What one input leaves behind for the next: open sockets, tabs, a document."""

    async def close(self) -> None:
        """Closes everything."""
        await self.api.aclose()
        for one in [*self.kept, self.tab]:
            if isinstance(one, Page):
                await one.close()
            elif isinstance(one, socket.socket):
                one.close()


def attacker(target: Target) -> Attacker:
    """One with the keys to a world in the attacked process."""
    return Attacker(target=target, api=owner(target.keys("attacker")))


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A row."""

    name: str
    says: str
    """What one input is."""
    send: Callable[[Attacker, int], Awaitable[Answer]]
    """Sends the input of that number."""
    right: frozenset[int]
    """The statuses that are right answers."""
    inputs: int = 3
    """How many are enough to see it."""
    most: int = 2000
    """How many are sent where time alone would allow more."""
    prepare: Callable[[Attacker], Awaitable[object]] | None = None
    wrong: Callable[[Attacker], Awaitable[str]] | None = None
    """What is wrong once all inputs were sent; empty where nothing is."""
    memory: int = 96 * MEGABYTE
    """Bytes by which the process may grow meanwhile."""
    log: int = 64 * 1024
    """Bytes that it may write to its log."""
    files: int = 8 * MEGABYTE
    """Bytes of files that it may have written and still keep."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables of the server."""
    descriptors: int = 0
    """The server's `ulimit -n`; 0 where it is left as it is."""


# --- the world's API server, by its owner -----------------------------------------------------------------------------


def pod(containers: int) -> Callable[[Attacker, int], Awaitable[Answer]]:
    """A Pod that the webhook changes in every container; it is deleted again."""
    bodies = [{"name": f"c{number}", "image": "amazon/aws-cli"} for number in range(containers)]

    async def send(by: Attacker, number: int) -> Answer:
        spec = {"serviceAccountName": "my-sa", "restartPolicy": "Never", "containers": bodies}
        body = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": f"many-{number}"}, "spec": spec}
        answer = await ask(by.api, "POST", f"{DEFAULT}/pods", body)
        await ask(by.api, "DELETE", f"{DEFAULT}/pods/many-{number}")
        return answer

    return send


async def config_map(by: Attacker) -> None:
    """The ConfigMap that is patched."""
    await ask(by.api, "POST", f"{DEFAULT}/configmaps", {"metadata": {"name": "big"}})


async def patch_config_map(by: Attacker, number: int) -> Answer:
    body = {"data": {"text": f"{number:09}" + "x" * 777_000}}
    return await ask(by.api, "PATCH", f"{DEFAULT}/configmaps/big", body, headers=MERGE)


async def delete_config_map(by: Attacker) -> str:
    await ask(by.api, "DELETE", f"{DEFAULT}/configmaps/big")
    return ""


def secrets(letter: str) -> list[dict[str, str]]:
    """Ten thousand elements of a list that is merged by their names."""
    return [{"name": f"{letter}{number}"} for number in range(10_000)]


async def account_of_many_secrets(by: Attacker) -> None:
    body = {"metadata": {"name": "many"}, "secrets": secrets("a")}
    await ask(by.api, "POST", f"{DEFAULT}/serviceaccounts", body)


async def merge_lists(by: Attacker, number: int) -> Answer:
    body = {"secrets": secrets("b")}
    path = f"{DEFAULT}/serviceaccounts/many?dryRun=All"
    return await ask(by.api, "PATCH", path, body, headers=STRATEGIC)


def finalizers(count: int) -> list[str]:
    """Names as Kubernetes takes them."""
    return [f"e.io/{number}" for number in range(count)]


async def account_of_finalizers(by: Attacker) -> None:
    await ask(by.api, "POST", f"{DEFAULT}/configmaps", {"metadata": {"name": "held", "finalizers": finalizers(20_000)}})


async def create_with_finalizers(by: Attacker, number: int) -> Answer:
    body = {"metadata": {"name": f"held-{number}", "finalizers": finalizers(20_000)}}
    return await ask(by.api, "POST", f"{DEFAULT}/configmaps?dryRun=All", body)


async def delete_from_list(by: Attacker, number: int) -> Answer:
    body = {"metadata": {"$deleteFromPrimitiveList/finalizers": [f"e.io/x{n}" for n in range(20_000)]}}
    return await ask(by.api, "PATCH", f"{DEFAULT}/configmaps/held?dryRun=All", body, headers=STRATEGIC)


async def nested_adds(by: Attacker, number: int) -> Answer:
    body = [{"op": "add", "path": "/data" + "/a" * depth, "value": {}} for depth in range(900)]
    return await ask(by.api, "PATCH", f"{DEFAULT}/serviceaccounts/default?dryRun=All", body, headers=JSON_PATCH)


async def yaml_merge_keys(by: Attacker, number: int) -> Answer:
    keys = ", ".join(f"k{n}: v" for n in range(400))
    many = ", ".join(["*a"] * 8000)
    body = f"kind: ConfigMap\nmetadata: {{name: y{number}}}\nbase: &a {{{keys}}}\ndata:\n  <<: [{many}]\n"
    return await ask(by.api, "POST", f"{DEFAULT}/configmaps?dryRun=All", body.encode(), headers=YAML)


async def long_selector(by: Attacker, number: int) -> Answer:
    return await ask(by.api, "GET", f"{DEFAULT}/pods?labelSelector=" + "+" * 30_000 + "=")


async def large_body(by: Attacker, number: int) -> Answer:
    """By a client that sends all before it reads, as most do."""

    def send() -> Answer:
        server = urlsplit(by.target.keys("attacker").aws_url)
        connection = HTTPConnection(server.hostname or "", server.port, PATIENCE, (ATTACKER, 0))
        try:
            connection.request("POST", "/", b"x" * 8 * MEGABYTE)
            response = connection.getresponse()
            return Answer(status=response.status, body=response.read())
        except OSError as error:
            return Answer(status=CUT_OFF, body=repr(error).encode())
        finally:
            connection.close()

    return await asyncio.to_thread(send)


# --- the pages, as a reader -------------------------------------------------------------------------------------------


async def lab(by: Attacker) -> None:
    """The lab with a fault caused, so that it offers the editor, and the Pod chosen in it."""
    kept = await cookies(by.target, source=ATTACKER)
    by.tab = await Page(by.target, "break_it", "lang=en&fault=F23", source=ATTACKER, cookies=kept).open()
    await by.tab.run({"id": by.tab.widget("button", "lab_run_unguessed"), "trigger_value": True})
    await by.tab.run(_pod_chosen(by.tab))


def _pod_chosen(tab: Page) -> dict[str, str]:
    chosen = next(element.selectbox for element in tab.drawn if element.WhichOneof("type") == "selectbox")
    return {"id": chosen.id, "string_value": chosen.options[-1]}


async def type_pod(by: Attacker, change: Callable[[dict[str, Any]], None]) -> Answer:
    """Types the Pod, changed, into the lab's editor and applies it."""
    tab = by.tab
    assert tab is not None
    await tab.run(_pod_chosen(tab))
    field = next(element.text_area for element in tab.drawn if element.WhichOneof("type") == "text_area")
    document = json.loads(field.default) if field.default else json.loads(by.kept[0])
    if not by.kept:
        by.kept.append(field.default)
    change(document)
    return await tab.run(
        _pod_chosen(tab),
        {"id": field.id, "string_value": json.dumps(document, separators=(",", ":"))},
        {"id": tab.widget("button", "lab_edit"), "trigger_value": True},
    )


async def type_many_containers(by: Attacker, number: int) -> Answer:
    def change(document: dict[str, Any]) -> None:
        first = document["spec"]["containers"][0]
        document["spec"]["containers"] = [first, *({"name": f"c{n}", "image": "b"} for n in range(599))]

    return await type_pod(by, change)


async def type_many_files(by: Attacker, number: int) -> Answer:
    def change(document: dict[str, Any]) -> None:
        document["metadata"]["annotations"] = {"text": f"{number:04}" + "x" * 29_000}
        items = [{"path": f"f{n}", "fieldRef": {"fieldPath": "metadata.annotations"}} for n in range(480)]
        document["spec"]["volumes"] = [{"name": "v", "downwardAPI": {"items": items}}]

    return await type_pod(by, change)


async def matcher(by: Attacker) -> None:
    """The page with the matcher, its question answered."""
    kept = await cookies(by.target, source=ATTACKER)
    by.tab = await Page(by.target, "service_account", source=ATTACKER, cookies=kept).open()
    await by.tab.run({"id": by.tab.widget("button", "predict_show"), "trigger_value": True})


async def type_policy(by: Attacker, number: int) -> Answer:
    """A keystroke in the policy."""
    tab = by.tab
    assert tab is not None
    shown = next(
        element.bidi_component
        for element in tab.drawn
        if element.WhichOneof("type") == "bidi_component" and "-matcher" in element.bidi_component.id
    )
    by.kept[:] = by.kept or [(shown.id, json.loads(shown.json or shown.mixed.json)["version"])]
    widget, version = by.kept[0]
    text = '{"Version":"2012-10-17","Statement":[' + ",".join(["{}"] * 6500) + "]}"
    edited = {"version": version, "sequence": number + 1, "text": text, "edit": ""}
    return await tab.run({"id": widget, "json_value": json.dumps({"edited": edited})})


async def any_page(by: Attacker) -> None:
    """A tab with many widgets."""
    kept = await cookies(by.target, source=ATTACKER)
    by.tab = await Page(by.target, "break_it", "lang=en&fault=F23", source=ATTACKER, cookies=kept).open()


async def junk_widgets(by: Attacker, number: int) -> Answer:
    """Values of all the wrong kinds for the widgets of the page."""
    tab = by.tab
    assert tab is not None
    ids = [getattr(element, element.WhichOneof("type")).id for element in tab.drawn if _has_id(element)]
    values = [
        {"json_value": "[" * 900},
        {"json_value": '{"go":{"a":1}}'},
        {"string_value": "\x00" * 300},
        {"int_value": -(2**62)},
        {"double_value": float("nan")},
        {"bytes_value": b"\xff" * 300},
        {"json_trigger_value": "nonsense"},
        {"string_array_value": {"data": ["x" * 300] * 20}},
    ]
    states = [{"id": widget, **values[(number + at) % len(values)]} for at, widget in enumerate(ids)]
    answer = await tab.run(*states)
    if answer.status != TALKS:
        await any_page(by)
    return answer


def _has_id(element: Any) -> bool:
    kind = element.WhichOneof("type")
    return kind is not None and bool(getattr(getattr(element, kind), "id", ""))


async def frame(by: Attacker, sent: bytes | str) -> Answer:
    """A frame of its own connection, and whether that lives on."""
    page = Page(by.target, source=ATTACKER)
    await page.connect()
    answer = await page.send(sent, wait=False)
    answer = await page.alive() if answer.status == TALKS else answer
    await page.close()
    return answer


async def text_frame(by: Attacker, number: int) -> Answer:
    return await frame(by, f"hello {number}")


async def junk_frame(by: Attacker, number: int) -> Answer:
    return await frame(by, by.rng.randbytes(200))


async def tab_for_uploads(by: Attacker) -> None:
    by.tab = await Page(by.target, "doctor", source=ATTACKER).open()


async def upload(by: Attacker, number: int) -> Answer:
    """As Streamlit's browser half uploads, with the token against forged requests that anybody gets."""
    assert by.tab is not None
    async with visitor(by.target, ATTACKER) as client:
        await client.get("/_stcore/health")
        token = client.cookies.get("_streamlit_xsrf", "").strip('"')
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.json"\r\n\r\n'
        return await ask(
            client,
            "PUT",
            f"/_stcore/upload_file/{by.tab.session}/{number}",
            head + b"x" * (100 * MEGABYTE) + b"\r\n--b--\r\n",
            headers={"content-type": "multipart/form-data; boundary=b", "x-xsrftoken": token},
        )


# --- the connection itself --------------------------------------------------------------------------------------------


async def endless_header(by: Attacker, number: int) -> Answer:
    host = f"127.0.0.1:{by.target.port}"
    part = b"x" * 65536
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Endless: ".encode()
    return await raw(by.target.port, (head, *[part] * 512), patience=10)


async def half_request(by: Attacker, number: int) -> Answer:
    """Half a request, of a header or of a body by turns; its connection is left open."""
    opened = socket.create_connection(("127.0.0.1", by.target.port), PATIENCE, (ATTACKER, 0))
    body = "PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
    opened.sendall((body if number % 4 == 3 else "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ").encode())
    opened.setblocking(False)
    by.kept.append(opened)
    return Answer(status=TALKS)


async def are_closed(by: Attacker) -> str:
    """Whether the server has closed what never became a request."""
    loop = asyncio.get_running_loop()

    async def ended(opened: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            while await loop.sock_recv(opened, 65536):
                pass

    waiting = [asyncio.create_task(ended(opened)) for opened in by.kept]
    _, alive = await asyncio.wait(waiting, timeout=45)
    for one in alive:
        one.cancel()
    return f"{len(alive)} of {len(waiting)} half-sent requests are alive after 45 s" if alive else ""


async def visit(by: Attacker, number: int) -> Answer:
    """A visitor who opens a page and stays, as honest as any."""
    source = f"127.0.1.{number % 250 + 1}"
    async with visitor(by.target, source) as client:
        first = await ask(client, "GET", "/", headers={"accept": "text/html"})
        if first.status != 200:
            return first
        kept = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    page = Page(by.target, source=source, cookies=kept)
    try:
        await page.open()
    except InvalidStatus as refused:
        return Answer(status=refused.response.status_code)
    except (InvalidHandshake, OSError, TimeoutError):
        return Answer(status=CUT_OFF)
    by.kept.append(page)
    return Answer(status=500 if page.failed else TALKS, body=page.received)


async def reader_with_a_world(by: Attacker) -> None:
    """An honest reader, and what the page says of their world."""
    kept = await cookies(by.target, source=HONEST)
    by.tab = await Page(by.target, "home", source=HONEST, cookies=kept).open()
    by.kept.append(_world_of(by.tab))


async def open_session(by: Attacker, number: int) -> Answer:
    """A session without cookies: the world that it gets is never used again."""
    page = Page(by.target, "home", source=ATTACKER)
    try:
        await page.open()
    except InvalidStatus as refused:
        return Answer(status=refused.response.status_code)
    except (InvalidHandshake, OSError):
        return Answer(status=CUT_OFF)
    await page.close()
    return Answer(status=TALKS, body=page.received)


async def crowd(by: Attacker) -> None:
    """Fifty readers with a world each, all behind the attacker's address."""
    for _ in range(50):
        kept = await cookies(by.target, source=ATTACKER)
        by.kept.append(await Page(by.target, source=ATTACKER, cookies=kept).open())


async def crowd_turns_pages(by: Attacker, number: int) -> Answer:
    """Each of them turns a page at once, and nobody pauses: the slowest has the answer."""
    page = ("access", "break_it", "doctor", "token_mount")[number % 4]
    answers = await asyncio.gather(*(tab.run(page=page) for tab in by.kept))
    return next((answer for answer in answers if answer.status != TALKS), answers[-1])


async def count_descriptors(by: Attacker) -> None:
    by.kept.append(by.target.taken().descriptors)


async def leave_session(by: Attacker, number: int) -> Answer:
    """A session that is left as soon as it is there."""
    page = Page(by.target, source=ATTACKER)
    try:
        await page.connect()
    except (InvalidHandshake, OSError):
        return Answer(status=CUT_OFF)
    await page.close()
    return Answer(status=TALKS)


async def are_let_go(by: Attacker) -> str:
    """Whether more sessions are kept of the address than one may have, by the three descriptors of each."""
    most = by.kept[0] + 3 * OF_AN_ADDRESS + 20
    for _ in range(100):
        held = by.target.taken().descriptors
        if held <= most:
            return ""
        await asyncio.sleep(0.1)
    return f"{held} descriptors, {by.kept[0]} before"


async def is_another_world(by: Attacker) -> str:
    """Whether the reader lost their world."""
    assert by.tab is not None
    await by.tab.run()
    return "" if _world_of(by.tab) == by.kept[0] else "the honest reader's world was dropped"


def _world_of(tab: Page) -> str:
    """What the sidebar says of the world: its account, which no other world has."""
    shown = next(
        element.bidi_component
        for element in tab.drawn
        if element.WhichOneof("type") == "bidi_component" and element.bidi_component.id.endswith("-world")
    )
    found = re.search(r"\b\d{12}\b", shown.json or shown.mixed.json)
    assert found, "the sidebar shows the account"
    return found[0]


ATTACKS = (
    Attack(
        name="pod_of_600_containers",
        says="POST of a Pod of 600 containers (24 KB)",
        send=pod(600),
        right=REFUSED | {201},
    ),
    Attack(
        name="pod_of_2000_containers",
        says="POST of a Pod of 2,000 containers (80 KB)",
        send=pod(2000),
        right=REFUSED | {201},
        inputs=1,
    ),
    Attack(
        name="typed_pod_of_600_containers",
        says="the same 600 (20 KB), typed into the lab",
        prepare=lab,
        send=type_many_containers,
        right=frozenset({TALKS}),
        inputs=1,
    ),
    Attack(
        name="config_map_patches",
        says="merge patch of a ConfigMap (759 KB)",
        prepare=config_map,
        send=patch_config_map,
        wrong=delete_config_map,
        right=REFUSED | {200},
        inputs=100,
    ),
    Attack(
        name="strategic_patch_of_lists",
        says="strategic patch of 10,000 elements onto 10,000",
        prepare=account_of_many_secrets,
        send=merge_lists,
        right=REFUSED | {200},
        inputs=1,
    ),
    Attack(
        name="yaml_merge_keys",
        says="YAML with 8,000 merge keys `<<` of 400",
        send=yaml_merge_keys,
        right=REFUSED,
        inputs=1,
    ),
    Attack(name="long_label_selector", says="label selector of 30 KB", send=long_selector, right=REFUSED, inputs=1),
    Attack(
        name="finalizers",
        says="POST of an object with 20,000 finalizers",
        send=create_with_finalizers,
        right=REFUSED | {201},
        inputs=1,
    ),
    Attack(
        name="delete_from_primitive_list",
        says="`$deleteFromPrimitiveList` of 20,000 from 20,000",
        prepare=account_of_finalizers,
        send=delete_from_list,
        right=REFUSED | {200, 404},
        inputs=1,
    ),
    Attack(name="nested_json_patch", says="JSON patch of 900 nested adds", send=nested_adds, right=REFUSED),
    Attack(name="large_body", says="a body of 8 MB, sent to AWS", send=large_body, right=frozenset({413}), inputs=5),
    Attack(
        name="matcher_statements",
        says="6,500 empty statements in the matcher (20 KB)",
        prepare=matcher,
        send=type_policy,
        right=frozenset({TALKS}),
    ),
    Attack(
        name="typed_files",
        says="a Pod whose 59 KB make 14 MB of files, typed into the lab",
        prepare=lab,
        send=type_many_files,
        right=frozenset({TALKS}),
        inputs=2,
    ),
    Attack(
        name="junk_in_widgets",
        says="values of wrong kinds for every widget of a page",
        prepare=any_page,
        send=junk_widgets,
        right=CLOSED | {TALKS},
        inputs=16,
    ),
    Attack(name="text_frames", says="a text frame", send=text_frame, right=CLOSED | {TALKS}, inputs=60),
    Attack(name="junk_frames", says="a frame of 200 random bytes", send=junk_frame, right=CLOSED | {TALKS}, inputs=60),
    Attack(
        name="uploads",
        says="an upload of 100 MB",
        prepare=tab_for_uploads,
        send=upload,
        right=REFUSED | {CUT_OFF},
        inputs=2,
    ),
    Attack(
        name="endless_header",
        says="a header of 32 MB without end",
        send=endless_header,
        right=frozenset({CUT_OFF, 400, 431}),
        inputs=2,
    ),
    Attack(
        name="half_sent_requests",
        says="half a request",
        send=half_request,
        wrong=are_closed,
        right=frozenset({TALKS}),
        inputs=200,
        most=1000,
    ),
    Attack(
        name="visitors_and_few_descriptors",
        says="a visitor who stays, at `ulimit -n 120`",
        send=visit,
        right=frozenset({TALKS, 503}),
        inputs=40,
        most=300,
        descriptors=120,
    ),
    Attack(
        name="strangers_evict",
        says="a session without cookies, where 8 worlds are kept",
        prepare=reader_with_a_world,
        send=open_session,
        wrong=is_another_world,
        right=frozenset({TALKS, 429, 503}),
        inputs=12,
        settings={"IRSA_WORLDS": "8"},
    ),
    Attack(
        name="left_sessions",
        says="a session of one address that is left at once",
        prepare=count_descriptors,
        send=leave_session,
        wrong=are_let_go,
        right=frozenset({TALKS, CUT_OFF}),
        inputs=200,
    ),
    Attack(
        name="crowd_at_one_address",
        says="50 sessions of one address turn a page, all at once and without a pause",
        prepare=crowd,
        send=crowd_turns_pages,
        right=frozenset({TALKS}),
        inputs=2,
    ),
)
