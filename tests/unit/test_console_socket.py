"""The websocket of the console: who gets one, which frames it takes, and that all ends with the page."""

import asyncio
import errno
import json

import pytest

from app.console.files import Files
from app.console.programs import Program
from app.console.world_access import WorldAccess
from app.serving import console_socket, request_facts
from app.serving.console_socket import FRAME_LIMIT, SOCKETS, ConsoleSocket
from app.serving.request_facts import RequestFacts
from app.settings import Settings


class Client:
    """One open websocket, on the application's side of ASGI."""

    def __init__(self, application, **facts):
        known = {"served_on": "127.0.0.1", "forwarded_by": "", "launched": True, "visitor": "127.0.0.1"} | facts
        scope = {"type": "websocket", "path": "/console", "query_string": b"lang=en", "headers": []}
        self.sent, self._inbox = [], asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        recorded = request_facts.recorded(scope, RequestFacts(**known))
        self.task = asyncio.create_task(application(recorded, self._inbox.get, self._keep))

    async def _keep(self, message):
        self.sent.append(message)

    def say(self, **frame):
        self.say_raw(json.dumps(frame))

    def say_raw(self, text):
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self):
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})

    def frames(self, kind):
        texts = [json.loads(message["text"]) for message in self.sent if message["type"] == "websocket.send"]
        return [frame for frame in texts if frame["type"] == kind]

    async def heard(self):
        """Until all that was said has been taken."""
        while not self._inbox.empty():
            await asyncio.sleep(0)

    async def until(self, kind, count=1):
        for _ in range(2000):
            if len(found := self.frames(kind)) >= count:
                return found[-1]
            await asyncio.sleep(0.005)
        raise AssertionError((kind, self.sent))


@pytest.fixture
def access(tmp_path):
    (tmp_path / "files").mkdir()
    return WorldAccess(directory=tmp_path, kubeconfig=b"", context="irsa", aws={}, ports=())


@pytest.fixture
def application(access):
    async def elsewhere(scope, receive, send):
        await send({"type": "elsewhere"})

    async def found(browser):
        return access if browser == "b" else None

    async def programs():
        return {"kubectl": Program(name="kubectl", path="/ghost", version="1.2", reads=())}

    def words(language, key, values):
        return f"{language} `{key}` {sorted(values.items())}"

    return ConsoleSocket(
        elsewhere, settings=Settings(), browser=lambda scope: "b", access=found, programs=programs, words=words
    )


def held(access, gate):
    """Finds the world once the gate is open."""

    async def found(browser):
        await gate.wait()
        return access

    return found


def exercised(act):
    async def all_of_it():
        async with asyncio.timeout(30):
            return await act()

    return asyncio.run(all_of_it())


def test_everything_else_passes(application):
    async def act():
        sent = []

        async def keep(message):
            sent.append(message)

        await application({"type": "http", "path": "/console"}, None, keep)
        return sent

    assert exercised(act) == [{"type": "elsewhere"}]


def test_who_has_no_console_gets_no_socket(application):
    async def act():
        client = Client(application, launched=False)
        await client.task
        return client.sent

    assert exercised(act) == [{"type": "websocket.close", "code": 1000, "reason": ""}]


def test_what_the_server_says_is_in_the_language_that_the_page_has_now(application):
    async def act():
        client = Client(application)
        await client.until("hello")
        client.say(type="language", text="ja")
        await client.until("hello", 2)
        client.leave()
        await client.task
        return [frame["missing"] for frame in client.frames("hello")]

    assert exercised(act) == [[f"{language} console.missing.aws []"] for language in ("en", "ja")]


def test_a_browser_has_so_many_sockets(application):
    async def act():
        clients = [Client(application) for _ in range(SOCKETS)]
        for client in clients:
            await client.until("hello")
        late = Client(application)
        await late.task
        for client in clients:
            client.leave()
            await client.task
        again = Client(application)
        await again.until("hello")
        again.leave()
        await again.task
        return late.sent

    assert exercised(act)[0]["type"] == "websocket.close"


def test_files_and_filters_over_the_wire(application, access):
    async def act():
        client = Client(application)
        hello = await client.until("hello")
        client.say(type="save", name="a.json", text='{"a": "é"}')
        await client.until("files", 2)
        client.say(type="open", name="a.json")
        client.say(type="open", name="../a")
        await client.until("file_refused")
        client.say(type="run", number=1, text="jq -r .a a.json")
        ended = await client.until("ended")
        client.say(type="run", number=2, text="jq 'a")
        refused = await client.until("refused")
        client.say(type="complete", number=3, text="cat a")
        candidates = await client.until("candidates")
        client.say(type="remove", name="a.json")
        await client.until("files", 5)
        client.leave()
        await client.task
        return client, hello, ended, refused, candidates

    client, hello, ended, refused, candidates = exercised(act)
    assert (hello["programs"], hello["missing"]) == ([["kubectl", "1.2"]], ["en console.missing.aws []"])
    assert client.frames("file") == [{"type": "file", "name": "a.json", "text": '{"a": "é"}'}]
    assert "".join(frame["text"] for frame in client.frames("output")) == "é\n"
    assert ended == {"type": "ended", "number": 1, "status": 0, "text": ""}
    assert refused["text"] == "en console.refused.open_quote [('got', \"'\")]"
    assert candidates == {"type": "candidates", "number": 3, "length": 1, "words": [["a.json", ""]]}
    assert client.frames("files")[-1]["files"] == []


def test_a_file_for_which_the_disk_has_no_room_says_so(application, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def act():
        client = Client(application)
        monkeypatch.setattr(Files, "write", full)
        client.say(type="save", name="a", text="x")
        saved = await client.until("file_refused")
        client.say(type="run", number=1, text="cat > b <<E\nx\nE")
        written = await client.until("refused")
        client.leave()
        await client.task
        return saved["text"], written["text"]

    assert exercised(act) == ("en console.refused.system [('got', 'No space left on device')]",) * 2


def test_what_runs_ends_with_the_page(application):
    async def act():
        client = Client(application)
        for count in (1, 2):
            client.say(type="run", number=1, text="cat")
            assert (await client.until("started", count))["reads"] is True
        client.say(type="input", number=1, text="one\n", end=False)
        await client.until("output", 2)
        client.leave()
        await client.task
        assert asyncio.all_tasks() == {asyncio.current_task()}, "both have ended"

    exercised(act)


def test_a_page_that_goes_before_its_command_has_begun_leaves_none(application, access, monkeypatch):
    begun = []
    monkeypatch.setattr("app.console.console.Run", lambda *arguments: begun.append(arguments))

    async def act():
        gate = asyncio.Event()
        application._access = held(access, gate)
        client = Client(application)
        await client.until("hello")
        client.say(type="run", number=1, text="cat")
        client.leave()
        await client.heard()
        gate.set()
        await client.task

    exercised(act)
    assert begun == []


def test_a_line_that_is_stopped_before_it_has_begun_runs_no_more(application, access, monkeypatch):
    """Its Ctrl-C may come with it, and while its world is looked for."""
    begun = []
    monkeypatch.setattr("app.console.console.Run", lambda *arguments: begun.append(arguments))

    async def act():
        client, gate = Client(application), asyncio.Event()
        await client.until("files")
        application._access = held(access, gate)
        client.say(type="run", number=1, text="cat\nsort")
        client.say(type="stop", number=1)
        await client.heard()
        gate.set()
        ended = await client.until("ended")
        client.leave()
        await client.task
        return ended["text"]

    assert exercised(act) == "en console.ended.stopped []"
    assert begun == []


def test_a_program_that_cannot_be_started_says_so(application):
    async def act():
        client = Client(application)
        client.say(type="run", number=1, text="kubectl get pods")
        ended = await client.until("ended")
        client.leave()
        await client.task
        return ended, client.frames("output")

    ended, output = exercised(act)
    assert ended["status"] == 126
    assert "/ghost" in output[0]["text"]


@pytest.mark.parametrize(
    "text",
    ["", "[", "[" * 100_000, "1", "null", "{}", '{"type":1}', '{"type":"run"}', '{"type":"run","number":"x","text":""}',
     '{"type":"stop","number":7}', '{"type":"input","number":7,"text":"x"}', '{"type":"save","name":1,"text":""}',
     '{"type":"run","number":1,"text":"\\ud800"}', '{"type":"save","name":"x","text":"\\ud800"}'],
)  # fmt: skip
def test_junk_is_no_frame_and_the_socket_stays(application, text):
    async def act():
        client = Client(application)
        client.say_raw(text)
        client.say(type="complete", number=1, text="ca")
        await client.until("candidates")
        client.leave()
        await client.task

    exercised(act)


def test_an_error_of_ours_is_not_taken_for_a_page_that_left(application, monkeypatch):
    monkeypatch.setattr(console_socket.Console, "stop", lambda *_: {}["missing"])

    async def act():
        client = Client(application)
        client.say(type="stop", number=7)
        with pytest.raises(KeyError, match="missing"):
            await client.task

    exercised(act)


def test_such_an_error_is_in_the_log_and_the_page_goes_on(application, monkeypatch, caplog):
    async def fails(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(console_socket.Console, "complete", fails)

    async def act():
        client = Client(application)
        client.say(type="complete", number=1, text="kubectl g")
        await client.heard()
        client.say(type="open", name="none.yaml")
        refused = await client.until("file_refused")
        client.leave()
        await client.task
        return refused

    assert exercised(act)["name"] == "none.yaml"
    assert "can't start new thread" in caplog.text


def test_a_frame_beyond_the_limit_ends_the_socket(application):
    async def act():
        client = Client(application)
        client.say_raw("x" * (FRAME_LIMIT + 1))
        await client.task
        return client.sent[-1]

    assert exercised(act)["code"] == 1009


def test_frames_that_wait_are_bounded(application, access, monkeypatch):
    monkeypatch.setattr(console_socket, "TASKS", 2)

    async def act():
        client, gate = Client(application), asyncio.Event()
        await client.until("files")
        application._access = held(access, gate)
        for number in range(20):
            client.say(type="complete", number=number, text="ca")
        await client.heard()
        gate.set()
        await client.until("candidates", 2)
        client.leave()
        await client.task
        return len(client.frames("candidates"))

    assert exercised(act) == 2
