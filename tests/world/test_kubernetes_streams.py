"""What streams: watches, logs that are followed, commands over a websocket."""

import asyncio
import json
import socket
import ssl
import threading
import time
from unittest.mock import Mock

import pytest
from starlette.responses import Response
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.serving.budget import Quota
from app.serving.chunked_bodies import PIECE
from app.serving.operations.open_pages import OPEN_PAGES, room
from app.serving.transport.connections import UNSENT
from app.world.apiserver.endpoints import app as kubernetes_api
from app.world.apiserver.endpoints import logs, remote_command, watch
from app.world.apiserver.endpoints.responses import LimitedStream
from app.world.apiserver.storage import changes
from app.world.apiserver.storage.changes import HISTORY_BYTES
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.resources import RESOURCES
from app.world.metering import payer
from app.world.node import streams
from app.world.node.container_log import Piece
from app.world.servers import unread_answers
from app.world.servers.servers import config, limits, listen
from app.world.servers.unread_answers import UnreadAnswers
from tests.waiting import SECONDS, eventually
from tests.world.kubernetes_world import ACCOUNTS, MERGE, PODS, account, pod

pytestmark = pytest.mark.one_world


class Stream:
    """Reads a watch in the background."""

    def __init__(self, api, path, headers=None, **query):
        self.events, self.lines = [], []
        self._open = threading.Event()
        self._leave = threading.Event()
        self._arguments = (api, path, headers or {}, {"watch": "true", "timeoutSeconds": "300", **query})
        self._thread = threading.Thread(target=self._read)

    def _read(self):
        api, path, headers, query = self._arguments
        with api.client.stream("GET", path, params=query, headers=headers, timeout=SECONDS) as response:
            self._open.set()
            for line in response.iter_lines():
                self.events.append(json.loads(line))
                if self._leave.is_set():
                    return

    def __enter__(self):
        self._thread.start()
        assert self._open.wait(SECONDS)
        return self

    def __exit__(self, *_):
        self._leave.set()
        self._nudge()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def _nudge(self):
        """Makes one more event, so that the reader wakes up."""
        label = str(time.monotonic_ns())
        self._arguments[0].patch(f"{ACCOUNTS}/default", {"metadata": {"labels": {"nudge": label}}}, MERGE)

    def seen(self):
        return [(event["type"], event["object"]["metadata"]["name"]) for event in self.events]


def test_a_watch_tells_what_is_and_what_comes(api, world):
    with Stream(api, ACCOUNTS) as stream:
        eventually(lambda: len(stream.events) == 2)
        assert stream.seen() == [("ADDED", "default"), ("ADDED", "my-sa")]
        api.post(ACCOUNTS, account())
        api.patch(f"{ACCOUNTS}/x", {"metadata": {"labels": {"a": "b"}}}, MERGE)
        api.delete(f"{ACCOUNTS}/x")
        eventually(lambda: len(stream.events) == 5)
        assert stream.seen()[2:] == [("ADDED", "x"), ("MODIFIED", "x"), ("DELETED", "x")]
        versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in stream.events[2:]]
        assert versions == sorted(set(versions))
        assert stream.events[-1]["object"]["kind"] == "ServiceAccount"


def test_a_watch_resumes_from_a_version(api, world):
    version = api.get(ACCOUNTS).body["metadata"]["resourceVersion"]
    api.post(ACCOUNTS, account())
    with Stream(api, ACCOUNTS, resourceVersion=version) as stream:
        eventually(lambda: stream.seen() == [("ADDED", "x")])


def test_a_version_too_old_is_reported_in_the_stream(api, world):
    world.cluster.changes._history.clear()
    answer = api.get(ACCOUNTS, watch="true", resourceVersion="1", timeoutSeconds="5")
    assert answer.status == 200
    assert answer.body["type"] == "ERROR"
    assert (answer.body["object"]["code"], answer.body["object"]["reason"]) == (410, "Expired")
    assert answer.body["object"]["message"].startswith("too old resource version: 1 (")


def test_an_object_enters_and_leaves_a_selector(api):
    with Stream(api, ACCOUNTS, labelSelector="watched=yes") as stream:
        api.post(ACCOUNTS, account())
        api.patch(f"{ACCOUNTS}/x", {"metadata": {"labels": {"watched": "yes"}}}, MERGE)
        api.patch(f"{ACCOUNTS}/x", {"metadata": {"labels": {"watched": "no"}}}, MERGE)
        eventually(lambda: stream.seen() == [("ADDED", "x"), ("DELETED", "x")])
        api.patch(f"{ACCOUNTS}/default", {"metadata": {"labels": {"watched": "yes"}}}, MERGE)


def test_watches_of_one_namespace_and_as_table(api):
    table = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    with Stream(api, ACCOUNTS, headers=table, fieldSelector="metadata.name=my-sa") as stream:
        eventually(lambda: len(stream.events) == 1)
        assert stream.events[0]["object"]["kind"] == "Table"
        api.post("/api/v1/namespaces/kube-system/serviceaccounts", account("my-sa"))
        api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"labels": {"a": "b"}}}, MERGE)
        eventually(lambda: len(stream.events) == 2)
        assert [event["type"] for event in stream.events] == ["ADDED", "MODIFIED"]
        api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"labels": {"a": "c"}}}, MERGE)
        stream._leave.set()
        api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"labels": {"a": "d"}}}, MERGE)


def test_initial_events_end_with_a_bookmark(api):
    with Stream(api, ACCOUNTS, sendInitialEvents="true", resourceVersionMatch="NotOlderThan") as stream:
        eventually(lambda: len(stream.events) == 3)
        bookmark = stream.events[2]
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_in_time_and_leaves_nobody_behind(api, world):
    before = world.cluster.changes.watchers
    assert api.client.get(ACCOUNTS, params={"watch": "1", "timeoutSeconds": "1"}).status_code == 200
    with api.client.stream("GET", ACCOUNTS, params={"watch": "1"}) as response:
        lines = response.iter_lines()  # dropped, it would close the connection
        next(lines)
        assert world.cluster.changes.watchers == before + 1
    eventually(lambda: world.cluster.changes.watchers == before)


def test_a_list_is_of_a_version_that_may_be(api):
    assert api.get(ACCOUNTS, resourceVersion="0").status == 200
    assert api.get(ACCOUNTS, resourceVersion=f"{'0' * 5000}1").status == 200
    for version, why in (("abc", "invalid syntax"), (str(2**64), "value out of range")):
        answer = api.get(ACCOUNTS, resourceVersion=version)
        assert (answer.status, answer.body["reason"]) == (400, "BadRequest")
        assert answer.body["message"].endswith(f'parsing "{version}": {why}')


def test_watches_are_capped_and_checked(api, monkeypatch):
    for query in (
        {"resourceVersion": "x"},
        {"resourceVersion": "9" * 5000},
        {"timeoutSeconds": "x"},
        {"timeoutSeconds": "9" * 30},
        {"labelSelector": "!!"},
    ):
        assert api.get(ACCOUNTS, watch="true", **query).status == 400, query
    monkeypatch.setattr("app.world.apiserver.endpoints.reading.WATCH_LIMIT", 0)
    assert api.get(ACCOUNTS, watch="true").status == 429


def test_a_slow_watcher_is_let_go(simulation, world, monkeypatch):
    from app.world.apiserver.types.resources import RESOURCES

    monkeypatch.setattr(changes, "HISTORY_LIMIT", 3)

    async def run():
        seen = []
        slow = watch.Watch(
            world, RESOURCES["secrets"], "", lambda _: True, lambda stored: (stored.text,), initial=False
        )
        stream = slow.stream(str(world.cluster.changes.version), 30.0)
        world.cluster.put("secrets", {"metadata": {"name": "s0", "namespace": "default"}})
        seen.append(await anext(stream))
        for number in range(1, 10):
            world.cluster.put("secrets", {"metadata": {"name": f"s{number}", "namespace": "default"}})
        seen += [line async for line in stream]
        return seen

    assert len(simulation.run(run())) == 1


# Logs


def test_logs(api):
    text = api.get(f"{PODS}/pod-after/log")
    assert text.headers["content-type"].startswith("text/plain")
    lines = text.body.splitlines()
    assert len(lines) == 2
    assert api.get(f"{PODS}/pod-after/log", container="aws-cli").body == text.body
    assert api.get(f"{PODS}/pod-after/log", tailLines="1").body.splitlines() == lines[-1:]
    assert api.get(f"{PODS}/pod-after/log", tailLines="0").body == ""
    assert api.get(f"{PODS}/pod-after/log", limitBytes="5").body == text.body[:5]
    assert api.get(f"{PODS}/pod-after/log", follow="true").body == text.body, "a finished Pod's log ends"


def test_a_line_of_a_log_is_put_together_once(monkeypatch):
    """Only a newline ends a line. Where each part is added to what is there, the text is copied once for each part."""
    copied = []
    monkeypatch.setattr(logs, "Piece", lambda time, text: copied.append(len(text)) or Piece(time, text))
    pieces = [Piece(1.0, "a\v\f\r\u2028" * 300), Piece(2.0, "b\nc\n"), Piece(3.0, "d\x85")]
    lines = logs._lines(pieces)
    assert lines == [(1.0, "a\v\f\r\u2028" * 300 + "b\n"), (2.0, "c\n"), (3.0, "d\x85")]
    assert sum(copied) == sum(len(piece.text) for piece in pieces)
    assert logs._Printer(True).print(lines).count("1970-01-01T00:00:0") == 3


@pytest.mark.parametrize(
    ("name", "query", "status", "message"),
    [
        ("ghost", {}, 404, 'pods "ghost" not found'),
        ("pod-after", {"container": "ghost"}, 400, "container ghost is not valid for pod pod-after"),
        ("pod-after", {"tailLines": "x"}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            "pod-after",
            {"tailLines": "-1"},
            422,
            'PodLogOptions "pod-after" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
        ),
        (
            "pod-after",
            {"limitBytes": "0"},
            422,
            'PodLogOptions "pod-after" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
        ),
        (
            "pod-after",
            {"previous": "true"},
            400,
            'previous terminated container "aws-cli" in pod "pod-after" not found',
        ),
    ],
)
def test_logs_that_are_refused(api, name, query, status, message):
    answer = api.get(f"{PODS}/{name}/log", **query)
    assert (answer.status, answer.body["message"]) == (status, message)


def test_several_containers_must_be_distinguished(api, world, simulation):
    second = {"name": "second", "image": "i"}
    body = pod(initContainers=[{"name": "init", "image": "i"}])
    body["spec"]["containers"].append(second)
    api.post(PODS, body)
    assert api.get(f"{PODS}/x/log").body["message"] == (
        "a container name must be specified for pod x, choose one of: [app second] "
        "or one of the init containers: [init]"
    )
    body["spec"]["containers"].pop()
    api.post(PODS, {**body, "metadata": {"name": "one"}})
    simulation.run(world.kubelet.settle(5))
    assert api.get(f"{PODS}/one/log").status == 200, "its only container, whatever init containers it has"


def test_a_container_that_waits_has_no_log_yet(api, world, simulation):
    volume = {"name": "v", "configMap": {"name": "ghost"}}
    api.post(PODS, pod(volumes=[volume]))
    simulation.run(world.kubelet.settle(5))
    answer = api.get(f"{PODS}/x/log")
    assert answer.status == 400
    assert answer.body["message"] == 'container "app" in pod "x" is waiting to start: ContainerCreating'
    status = api.get(f"{PODS}/x").body["status"]
    for state, why in (
        ({"waiting": {"reason": "ErrImagePull"}}, "is waiting to start: image can't be pulled"),
        ({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}, "is terminated"),
    ):
        status["containerStatuses"][0]["state"] = state
        assert api.put(f"{PODS}/x/status", {**api.get(f"{PODS}/x").body, "status": status}).status == 200
        assert api.get(f"{PODS}/x/log").body["message"] == f'container "app" in pod "x" {why}'


def test_a_log_is_followed_until_the_pod_is_gone(api, world, simulation):
    api.post(PODS, pod())
    simulation.run(world.kubelet.settle(10))
    log = world.kubelet.logs(api.get(f"{PODS}/x").body, "app")

    async def write(text):
        log.write(text, 1.0)

    simulation.run(write("one\n"))
    received = []
    with api.client.stream("GET", f"{PODS}/x/log", params={"follow": "true"}) as response:
        chunks = response.iter_text()
        received.append(next(chunks))
        simulation.run(write("two\n"))
        received.append(next(chunks))
        api.delete(f"{PODS}/x")
        received += list(chunks)
    assert "".join(received) == "one\ntwo\n"


def test_so_many_logs_are_followed(api, world, simulation, monkeypatch):
    monkeypatch.setattr(logs, "FOLLOW_LIMIT", 1)
    api.post(PODS, pod())
    simulation.run(world.kubelet.settle(10))
    follow = {"follow": "true"}
    with api.client.stream("GET", f"{PODS}/x/log", params=follow):
        assert api.get(f"{PODS}/x/log").status == 200
        assert api.get(f"{PODS}/x/log", **follow).status == 429
        api.delete(f"{PODS}/x")
    eventually(lambda: not world.usage.streams.total())


def test_streams_count_before_they_begin_and_until_they_end(world):
    async def nothing():
        return
        yield

    async def send(message):
        pass

    first = LimitedStream(world, "watches", 1, nothing(), "text/plain")
    with pytest.raises(ApiError, match="at most 1 watches at a time"):
        LimitedStream(world, "watches", 1, nothing(), "text/plain")
    asyncio.run(first({"type": "http", "asgi": {"spec_version": "2.4"}}, None, send))
    assert not world.usage.streams.total()


# Exec


@pytest.fixture
def execute(simulation, world):
    """Runs a command in a Pod: the subprotocol that was agreed upon, and what came on each channel.

    With `leave_after` the client sends these frames and leaves.
    """

    def execute(
        name="pod-after",
        *,
        subresource="exec",
        subprotocols=("v5.channel.k8s.io",),
        token=None,
        query="command=env&stdout=true&stderr=true",
        leave_after=(),
    ):
        url = f"{simulation.kubernetes_url}/k8s/{world.path}{PODS}/{name}/{subresource}?{query}"

        async def talk():
            channels = {}
            async with connect(
                url.replace("https", "wss", 1),
                ssl=ssl.create_default_context(cadata=simulation.ca_pem.decode()),
                subprotocols=list(subprotocols),
                additional_headers={"Authorization": f"Bearer {token or world.admin_token}"},
                proxy=None,
            ) as socket:
                for frame in leave_after:
                    await socket.send(frame)
                if not leave_after:
                    async for message in socket:
                        channels[message[0]] = channels.get(message[0], b"") + message[1:]
                return socket.subprotocol, channels

        return asyncio.run(talk())

    return execute


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
def test_exec_sends_streams_and_then_how_it_ended(execute, protocol):
    agreed, channels = execute(subprotocols=["unknown", protocol])
    assert agreed == protocol
    assert b"AWS_ROLE_ARN=arn:aws:iam::" in channels[1]
    assert json.loads(channels[3]) == {"metadata": {}, "status": "Success"}
    assert 2 not in channels


def test_exec_failure_and_the_streams_that_were_asked_for(execute):
    _, channels = execute(query="command=cat&command=/ghost&stdout=true&stderr=true&container=aws-cli")
    assert b"/ghost" in channels[2]
    assert json.loads(channels[3]) == {
        "metadata": {},
        "status": "Failure",
        "message": "command terminated with non-zero exit code: exit status 1",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": "1"}]},
    }
    _, channels = execute(query="command=cat&command=/ghost&stdout=true")
    assert channels.keys() == {3}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"name": "ghost"}, 404),
        ({"query": "command=env"}, 400),
        ({"query": "stdout=true"}, 400),
        ({"query": "stdout=true&" + "&".join(["command=x"] * 65)}, 400),
        ({"query": "command=env&stdout=true&container=ghost"}, 400),
        ({"subprotocols": ["v1.unknown"]}, 400),
        ({"token": "nobody"}, 401),
    ],
)
def test_exec_that_is_refused(execute, arguments, status, caplog):
    with pytest.raises(InvalidStatus) as refused:
        execute(**arguments)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["kind"] == "Status"
    assert not caplog.records


@pytest.mark.parametrize(
    ("subresource", "why"),
    [("exec", 'container not found ("app")'), ("attach", "container app not found in pod x_default")],
)
def test_what_was_never_started_has_no_process(execute, api, simulation, world, subresource, why):
    api.post(
        PODS, pod(container={"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "a"}}}]})
    )
    simulation.run(world.kubelet.settle(5))
    _, channels = execute("x", subresource=subresource)
    assert json.loads(channels[3])["message"] == f"Internal error occurred: unable to upgrade connection: {why}"


def test_a_pod_without_a_node_has_neither_process_nor_log(execute, api):
    api.post(PODS, pod(nodeSelector={"disk": "none"}))
    for subresource in ("exec", "attach"):
        with pytest.raises(InvalidStatus) as refused:
            execute("x", subresource=subresource)
        message = json.loads(refused.value.response.body)["message"]
        assert (refused.value.response.status_code, message) == (400, "pod x does not have a host assigned")
    assert api.get(f"{PODS}/x/log", follow="true").body == ""


def test_exec_of_a_pod_on_another_node(execute, api):
    api.post(PODS, pod(nodeName="another-node"))
    _, channels = execute("x")
    assert json.loads(channels[3])["reason"] == "InternalError"


def test_exec_without_a_websocket(api):
    for method in ("GET", "POST"):
        answer = api.ask(method, f"{PODS}/pod-after/exec", command="env", stdout="true")
        assert (answer.status, answer.body["message"]) == (400, "Upgrade request required")
    assert api.post(f"{PODS}/ghost/exec", None).status == 404
    # What kubectl shows is the answer to this second attempt, not that to its websocket.
    answer = api.post(f"{PODS}/pod-after/exec", None, command="env", container="zz", stdout="true")
    assert (answer.status, answer.body["message"]) == (400, "container zz is not valid for pod pod-after")


def test_so_many_clients_are_attached(execute, world, monkeypatch):
    monkeypatch.setattr(world.usage, "attached", remote_command.SESSIONS_LIMIT)
    with pytest.raises(InvalidStatus) as refused:
        execute()
    assert refused.value.response.status_code == 429


def test_no_input_is_lost_where_the_process_is_slow(simulation):
    """The client waits instead."""

    async def run():
        process = streams.Streams(stdin=True)
        pieces = [bytes([number]) * streams.INPUT_LIMIT for number in range(3)]

        async def client():
            for piece in pieces:
                await process.room()
                process.feed(piece)
            process.end_input()

        sending = asyncio.ensure_future(client())
        await asyncio.sleep(0)
        waiting = not sending.done()
        read = [await process.read() for _ in pieces]
        await sending
        return waiting, read == pieces, await process.read()

    assert simulation.run(run()) == (True, True, b"")


def test_a_line_without_an_end_comes_in_parts(simulation):
    async def run():
        process = streams.Streams(stdin=True)
        for _ in range(3):
            process.feed(b"x" * streams.LINE_LIMIT)
        return len(await process.read_line()), len(await process.read_line())

    assert simulation.run(run()) == (streams.LINE_LIMIT, streams.LINE_LIMIT)


def test_a_client_may_leave_early(execute, api, world, monkeypatch):
    ended = []

    async def endless(pod, container, command, streams):
        try:
            await asyncio.sleep(SECONDS)
        finally:
            ended.append(command)

    monkeypatch.setattr(world.kubelet, "execute", endless)
    execute(leave_after=(b"\x00input", b"\xff\x00"))
    eventually(lambda: ended == [["env"]])
    assert api.get("/version").status == 200


def test_what_a_watch_may_resume_from_is_bounded_in_bytes(other_world, simulation):
    async def patch_often():
        for number in range(50):
            data = {"k": "x" * 200_000, "n": str(number)}
            body = {"metadata": {"name": "large", "namespace": "default"}, "data": data}
            other_world.cluster.put("configmaps", body)
        other_world.cluster.delete("configmaps", "default", "large")

    simulation.run(patch_often())
    log = other_world.cluster.changes
    kept = list(log._history)
    assert sum(len(change.stored.text) + len(change.previous.text) for change in kept) <= HISTORY_BYTES
    assert 5 <= len(kept) < 50
    with pytest.raises(ApiError, match="too old resource version"):
        log.after(kept[0].version - 2)
    assert log.after(kept[0].version - 1) == kept[0]
    assert log.after(log.version) is None


def test_what_is_no_longer_in_force_is_kept_as_text_alone(world, simulation):
    async def change_and_delete():
        for value in "ab":
            world.cluster.put("configmaps", {"metadata": {"name": "x", "namespace": "default"}, "data": {"k": value}})
        world.cluster.delete("configmaps", "default", "x")

    simulation.run(change_and_delete())
    first, second, gone = list(world.cluster.changes._history)[-3:]
    assert [change.stored._object for change in (first, second, gone)] == [None, None, None]
    assert [change.stored.object["data"]["k"] for change in (first, second, gone)] == ["a", "b", "b"]
    assert second.previous is first.stored


def test_nothing_is_kept_for_a_slow_client_but_what_all_may_resume_from(world, simulation, monkeypatch):
    monkeypatch.setattr(changes, "HISTORY_BYTES", 250_000)
    everything = (lambda body: True, lambda stored: (stored.text,))
    stream = watch.Watch(world, RESOURCES["configmaps"], "", *everything, initial=False)

    async def fall_behind():
        lines = stream.stream("", 60.0)
        first = await anext(lines)
        for number in range(5):
            body = {"metadata": {"name": f"large-{number}", "namespace": "default"}, "data": {"k": "x" * 100_000}}
            world.cluster.put("configmaps", body)
        assert not stream._items
        return first, [line async for line in lines]

    first, others = simulation.run(fall_behind())
    assert first
    assert others == []


def test_watches_of_a_large_object_share_its_text_and_keep_none_that_is_forgotten(world, simulation, monkeypatch):
    monkeypatch.setattr(changes, "HISTORY_LIMIT", 3)

    def change(number):
        body = {"metadata": {"name": "large", "namespace": "default"}, "data": {"k": f"{number}" * 700_000}}
        world.cluster.put("configmaps", body)
        return world.cluster.read("configmaps", "default", "large").text

    async def stop_reading():
        everything = (lambda body: True, lambda stored: (stored.text,))
        stream = watch.Watch(world, RESOURCES["configmaps"], "default", *everything, initial=False)
        lines = stream.stream(str(world.cluster.changes.version), 60.0)
        text = change(0)
        begun = await anext(lines)
        waits = [part.obj is text for part in stream._unsent]
        for number in range(1, 5):
            change(number)
        return begun, waits, list(stream._unsent), [piece async for piece in lines]

    begun, waits, kept, rest = simulation.run(stop_reading())
    assert len(begun) <= PIECE
    assert any(waits), "it waits as it is stored"
    assert kept == rest == []


@pytest.mark.parametrize("include", ["Object", "Metadata", "None"])
def test_the_table_of_a_watch_is_that_of_a_list(api, include):
    accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
    table = api.get(f"{ACCOUNTS}/my-sa", includeObject=include, headers={"accept": accept}).body
    with Stream(api, ACCOUNTS, {"accept": accept}, includeObject=include) as stream:
        eventually(lambda: len(stream.events) == 2)
    for one in (watched := stream.events[1]["object"]), table:
        one["rows"][0]["cells"].pop()  # the age, which may have changed meanwhile
    assert watched["rows"] == table["rows"]


def test_little_of_a_large_answer_waits_for_a_client_that_reads_nothing():
    made = config(Response(b"x" * 5 * PIECE), kubernetes_api.wait, tls=True)
    made.load()
    transport, sizes = Mock(), []

    async def send(message):
        sizes.append(len(message.get("body", b"")))

    async def serve():
        protocol = made.http_protocol_class(config=made, server_state=ServerState(), app_state={})
        protocol.connection_made(transport)
        await made.app({"type": "http", "method": "GET"}, None, send)
        protocol.connection_lost(None)

    asyncio.run(serve())
    assert sizes == [0] + [PIECE] * 5
    transport.set_write_buffer_limits.assert_called_once_with(PIECE)


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the system has no such option")
def test_the_kernel_takes_little_for_a_client_that_reads_nothing():
    with listen(0) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT


def test_large_answers_of_a_world_wait_for_its_clients_up_to_a_limit_and_another_world_is_served(monkeypatch):
    monkeypatch.setattr(unread_answers, "UNREAD_LIMIT", 5 * PIECE)
    mine, other = Quota(), Quota()
    read, sizes = asyncio.Event(), {"one": 3 * PIECE, "too large alone": 9 * PIECE, "small": PIECE}

    async def app(scope, receive, send):
        payer.set(scope["payer"])
        await Response(b"x" * sizes[scope["size"]])(scope, receive, send)

    bounded, answers, refusals = UnreadAnswers(app, kubernetes_api.wait), [], []

    async def ask(size, payer=mine):
        async def send(message):
            if message["type"] == "http.response.start":
                answers.append((size, payer is mine, message["status"]))
                refusals.extend([dict(message["headers"])[b"retry-after"]] if message["status"] == 429 else ())
            elif answers[-1][-1] == 429:
                refusals.append(json.loads(message["body"])["reason"])
            else:
                await read.wait()

        await bounded({"type": "http", "method": "GET", "payer": payer, "size": size}, None, send)

    async def ask_all():
        async with asyncio.TaskGroup() as tasks:
            for asked in (("one",), ("one",), ("too large alone",), ("small",), ("one", other)):
                tasks.create_task(ask(*asked))
            await asyncio.sleep(0)
            read.set()
        await ask("too large alone")

    asyncio.run(ask_all())
    assert answers == [
        ("one", True, 200),
        ("one", True, 429),
        ("too large alone", True, 429),
        ("small", True, 200),
        ("one", False, 200),
        ("too large alone", True, 200),
    ]
    assert refusals == [b"1", "TooManyRequests"] * 2


def test_where_memory_is_short_the_worlds_servers_take_fewer_connections_than_descriptors(monkeypatch):
    monkeypatch.setattr(OPEN_PAGES, "limit", room(2 << 30))
    assert limits(1_000_000).connections * 270_000 < 400_000_000
    assert limits(1024).connections == 170
