"""Attacks on the pages by a reader of them: what is typed, sent to a widget, sent in a frame, uploaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.attack.client import ATTACKER, CUT_OFF, TALKS, Answer, Page, ask, cookies, visitor
from tests.attack.row import CLOSED, REFUSED, Attack, Attacker
from tests.attack.server import MEGABYTE


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
    drawing = json.loads(json.loads(shown.json or shown.mixed.json)["drawing"])
    by.kept[:] = by.kept or [(shown.id, drawing["version"])]
    widget, version = by.kept[0]
    text = '{"Version":"2012-10-17","Statement":[' + ",".join(["{}"] * 6500) + "]}"
    edited = {"version": version, "sequence": number + 1, "text": text, "edit": ""}
    return await tab.run({"id": widget, "json_value": json.dumps({"edited": edited})})


async def any_page(by: Attacker) -> None:
    """A tab with many widgets."""
    kept = await cookies(by.target, source=ATTACKER)
    by.tab = await Page(by.target, "break_it", "lang=en&fault=F23", source=ATTACKER, cookies=kept).open()


async def junk_widgets(by: Attacker, number: int) -> Answer:
    """Values of all the wrong kinds for the widgets of the page, which is then left and opened again."""
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
        {"bool_value": True},
    ]
    states = [{"id": widget, **values[(number + at) % len(values)]} for at, widget in enumerate(ids)]
    answer = await tab.run(*states)
    for page in ("webhook", "break_it"):
        answer = await tab.run(page=page) if answer.status == TALKS else answer
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


async def many_presses(by: Attacker, number: int) -> Answer:
    """A hundred frames at once, each with 3,000 buttons that no page has; what was pressed waits for its run."""
    tab = by.tab
    assert tab is not None
    for part in range(100):
        states = [{"id": f"{number}-{part}-{at}", "trigger_value": True} for at in range(3000)]
        answer = await tab.run(*states, wait=False)
        if answer.status != TALKS:
            return answer
    return await tab.alive()


async def text_frame(by: Attacker, number: int) -> Answer:
    return await frame(by, f"hello {number}")


async def many_names(by: Attacker, number: int) -> Answer:
    """One frame that wants half a million addresses for uploads."""
    message = BackMsg()
    message.file_urls_request.file_names.extend([""] * 490_000)
    return await frame(by, message.SerializeToString())


async def many_values(by: Attacker, number: int) -> Answer:
    """A tab with one frame of 0.8 MB, in which one widget has 400,000 files. It stays open."""
    page = Page(by.target, source=ATTACKER)
    await page.connect()
    by.kept.append(page)
    message = BackMsg()
    files = message.rerun_script.widget_states.widgets.add().file_uploader_state_value
    for _ in range(400_000):
        files.uploaded_file_info.add()
    answer = await page.send(message.SerializeToString(), wait=False)
    return await page.alive() if answer.status == TALKS else answer


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


async def victim(by: Attacker) -> None:
    """Somebody else's tab, whose session the attacker knows."""
    by.tab = await Page(by.target, "webhook", cookies=await cookies(by.target)).open()


async def come_as_victim(by: Attacker, number: int) -> Answer:
    """Connects with the victim's session and a browser of their own, or none, and with the header of our server."""
    assert by.tab is not None
    kept = await cookies(by.target, source=ATTACKER) if number % 2 else ""
    page = Page(by.target, "webhook", source=ATTACKER, cookies=kept)
    page.session = by.tab.session
    victims = hashlib.sha256(by.tab.cookies.partition("=")[2].encode()).hexdigest()
    await page.open(headers={"X-IRSA-Browser": victims})
    by.kept.append(page)
    return Answer(status=TALKS if page.session != by.tab.session else 200)


async def victim_lost(by: Attacker) -> str:
    """The victim's tab goes on, and comes back to its own session after its connection has gone."""
    assert by.tab is not None
    before = by.tab.session
    answer = await by.tab.run()
    if answer.status != TALKS or by.tab.session != before:
        return f"the victim's tab is gone: {answer.status}"
    await by.tab.close()
    await by.tab.open()
    return "" if by.tab.session == before else "the victim does not come back to their session"


ON_PAGES = (
    Attack(
        name="session_of_another_browser",
        says="a connection that names the session of another visitor's tab",
        prepare=victim,
        send=come_as_victim,
        right=frozenset({TALKS}),
        wrong=victim_lost,
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
        inputs=9,
    ),
    Attack(
        name="presses_at_once",
        says="100 frames of 40 KB, each of which presses 3,000 buttons",
        prepare=any_page,
        send=many_presses,
        right=CLOSED | {TALKS},
    ),
    Attack(name="text_frames", says="a text frame", send=text_frame, right=CLOSED | {TALKS}, inputs=60),
    Attack(name="junk_frames", says="a frame of 200 random bytes", send=junk_frame, right=CLOSED | {TALKS}, inputs=60),
    Attack(
        name="addresses_for_uploads",
        says="a frame of 1 MB that wants 490,000",
        send=many_names,
        right=CLOSED | {TALKS},
    ),
    Attack(
        name="values_in_a_frame",
        says="a tab with a frame of 0.8 MB and 400,000 values",
        send=many_values,
        right=CLOSED | {TALKS},
        inputs=8,
    ),
    Attack(
        name="uploads",
        says="an upload of 100 MB",
        prepare=tab_for_uploads,
        send=upload,
        right=REFUSED | {CUT_OFF},
        inputs=2,
    ),
)
