"""The parts of what operators see: the text of metrics, readiness, the lines of the log, and what a stop waits for."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
import yaml
from starlette.responses import PlainTextResponse

from app.content import load
from app.flow.model import Check, Status, Step, StepReport, Subject, Walk
from app.serving.logs import EVENTS, EVENTS_LIMIT, WINDOW_SECONDS, BoundedRecords
from app.serving.operations import control_groups, health, log_events, log_lines, metrics
from app.serving.operations.exposition import Counter, Gauge, Histogram, Sample, wants_openmetrics, write
from app.serving.operations.health import Probes, share, state
from app.serving.operations.metrics import Reason
from app.serving.operations.request_log import RequestLog
from app.serving.operations.stopping import Stopping
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def call(app, path="/", client="192.0.2.9", **headers):
    """The answer of an ASGI application."""

    async def asked():
        transport = httpx.ASGITransport(app=app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://irsa.example") as asking:
            return await asking.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return asyncio.run(asked())


# (1) Metrics


def samples():
    counter, histogram = Counter("asked", "who", known=[("me",)]), Histogram("wait_seconds", (0.1, 1))
    counter.add('a "b"\\\n')
    for seconds in (0.05, 0.1, 0.5, 7):
        histogram.observe(seconds)
    return [counter, histogram, Gauge("rooms", lambda: [Sample(2)])]


TEXT = """\
# HELP asked_total of asked
# TYPE asked_total counter
asked_total{who="me"} 0
asked_total{who="a \\"b\\"\\\\\\n"} 1
# HELP wait_seconds of wait_seconds
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="1.0"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_count 4
wait_seconds_sum 7.65
# HELP rooms of rooms
# TYPE rooms gauge
rooms 2
"""


def test_the_text_is_that_of_both_formats():
    assert write(samples(), "of {}".format, openmetrics=False) == TEXT
    openmetrics = TEXT.replace("P asked_total", "P asked").replace("E asked_total", "E asked") + "# EOF\n"
    assert write(samples(), "of {}".format, openmetrics=True) == openmetrics


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0; q=0.5, text/plain;version=0.0.4;q=0.2, */*;q=0.1", True),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.5", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=x", False),
    ],
)
def test_a_scraper_gets_the_format_that_it_prefers(accept, openmetrics):
    assert wants_openmetrics(accept) is openmetrics
    app = metrics.Metrics(PlainTextResponse("a page"), more=lambda: (), help_of=lambda name: name)
    answer = call(app, "/metrics", accept=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text" if openmetrics else "text/plain")
    assert answer.text.endswith("# EOF\n") is openmetrics
    assert call(app, "/").text == "a page"


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((Status.PASSED, Status.WARNING), "works"),
        ((Status.PASSED, Status.UNKNOWN), "unknown"),
        ((Status.UNKNOWN, Status.FAILED, Status.NOT_REACHED), "broken"),
    ],
)
def test_a_walk_counts_by_its_outcome(monkeypatch, statuses, outcome):
    monkeypatch.setattr(metrics, "WALKS", counter := Counter("walks", "mode", "outcome"))
    steps = zip(Step, statuses, strict=False)
    reports = tuple(StepReport(step=step, checks=(Check(id="it", status=status),)) for step, status in steps)
    metrics.count_walk("live", Walk(subject=Subject(namespace="a", service_account="b", pod=""), reports=reports), 0.1)
    assert [sample.labels for sample in counter.samples()] == [{"mode": "live", "outcome": outcome}]


# (2) Probes


def probes(*checks, stopping=False):
    async def found():
        return checks

    return Probes(PlainTextResponse("a page"), checks=found, stopping=lambda: stopping)


def test_a_check_that_fails_says_what_it_got_and_expected():
    fine, full = share("memory", 89, 100), share("descriptors", 95, 100)
    answer = call(probes(fine, full, state("disk", "room", "room")), "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == [
        {"check": "stopping", "ok": True, "got": "no", "expected": "no"},
        {"check": "memory", "ok": True, "got": "< 90%", "expected": "< 90%"},
        {"check": "descriptors", "ok": False, "got": "95%", "expected": "< 90%"},
        {"check": "disk", "ok": True, "got": "room", "expected": "room"},
    ]
    assert (call(probes(fine), "/readyz").status_code, share("memory", None, None).got) == (200, "no limit")
    assert call(probes(full), "/healthz").status_code == 200


def test_many_who_ask_at_once_have_it_looked_at_once():
    looks = []

    async def look():
        looks.append(1)
        await asyncio.sleep(0)
        return ()

    async def asked():
        app = Probes(PlainTextResponse("a page"), checks=look, stopping=lambda: False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://irsa") as client:
            return await asyncio.gather(*(client.get("/readyz") for _ in range(20)))

    assert {answer.status_code for answer in asyncio.run(asked())} == {200}
    assert len(looks) == 1


def test_a_server_that_is_gone_or_silent_does_not_answer(monkeypatch):
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.05)

    async def asked():
        async def silent(reader, writer):
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = [await health.answers("127.0.0.1", port)]
        server.close()
        await server.wait_closed()
        return [*found, await health.answers("127.0.0.1", port)]

    assert asyncio.run(asked()) == [False, False]


def test_memory_in_use_is_that_of_the_control_group_nearest_to_its_limit_and_the_least_limit_is_all_there_is(tmp_path):
    own = tmp_path / "cgroup"
    own.write_text("0::/pods/mine\n")
    for path, limit, used in (("pods/mine", "1000", "700"), ("pods", "4000", "3900"), ("", "max", "9")):
        (group := tmp_path / "fs" / path).mkdir(parents=True, exist_ok=True)
        (group / "memory.max").write_text(limit)
        (group / "memory.current").write_text(used)
        (group / "memory.stat").write_text("anon 1\ninactive_file 100\n")
    assert control_groups.memory_used_and_limit(tmp_path / "fs", own) == (3800, 4000)
    assert control_groups.memory_limit(tmp_path / "fs", own) == 1000
    assert control_groups.memory_used_and_limit(tmp_path / "none", own) == (None, None)
    assert control_groups.memory_used_and_limit(tmp_path / "fs", tmp_path / "none") == (None, None)
    for path in ("pods/mine", "pods"):
        (tmp_path / "fs" / path / "memory.max").write_text(str(2**61))
    assert control_groups.memory_limit(tmp_path / "fs", own) < 2**60, "no machine has so much"


@pytest.mark.parametrize("contained", [False, True], ids=["a host", "a container"])
def test_memory_is_limited_by_control_groups_of_version_1_too(tmp_path, contained):
    own = tmp_path / "cgroup"
    own.write_text("12:memory:/docker/f00\n4:cpu,cpuacct:/docker/f00\n0::/docker/f00\n")
    (group := tmp_path / "fs/memory" / ("" if contained else "docker/f00")).mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text("1000\n")
    (group / "memory.usage_in_bytes").write_text("950\n")
    (group / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 50\n")
    assert control_groups.memory_used_and_limit(tmp_path / "fs", own) == (900, 1000)
    (group / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert control_groups.memory_used_and_limit(tmp_path / "fs", own) == (None, None)


def test_cores_are_those_of_the_process_and_of_the_strictest_control_group(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 2, 5, 7}, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    own = tmp_path / "cgroup"
    own.write_text("0::/pods/mine\n")
    for path, most in (("pods/mine", "max 100000"), ("pods", "150000 100000"), ("", "900000 100000")):
        (group := tmp_path / "fs" / path).mkdir(parents=True, exist_ok=True)
        (group / "cpu.max").write_text(f"{most}\n")
    assert control_groups.usable_cores(tmp_path / "fs", own) == 1.5
    (tmp_path / "fs/pods/cpu.max").write_text("max 100000\n")
    assert control_groups.usable_cores(tmp_path / "fs", own) == 4
    assert control_groups.usable_cores(tmp_path / "none", own) == 4


@pytest.mark.parametrize("mounted", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize("contained", [False, True], ids=["a host", "a container"])
def test_cores_are_limited_by_control_groups_of_version_1_too(tmp_path, monkeypatch, mounted, contained):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 2, 5, 7}, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    own = tmp_path / "cgroup"
    own.write_text("12:memory:/docker/f00\n4:cpu,cpuacct:/docker/f00\n0::/docker/f00\n")
    (group := tmp_path / "fs" / mounted / ("" if contained else "docker/f00")).mkdir(parents=True)
    (group / "cpu.cfs_period_us").write_text("100000\n")
    (group / "cpu.cfs_quota_us").write_text("150000\n")
    assert control_groups.usable_cores(tmp_path / "fs", own) == 1.5
    (group / "cpu.cfs_quota_us").write_text("-1\n")
    assert control_groups.usable_cores(tmp_path / "fs", own) == 4


# (3) The log


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/token_mount", "/token_mount"),
        ("/launch/OFOy4Wj", "/launch/***"),
        ("/_stcore/health", "/_stcore/health"),
        ("/_stcore/upload_file/short/x", "/_stcore/upload_file/***"),
        ("/static/js/index.Dg6h1x8Kk2.js", "/static/js/***"),
        ("/eyJhbGciOi", "/eyJhbGciOi"),
        ("/eyJhbGciOiJSUzI1NiJ9.eyJpc3Mi.c2ln", "/***"),
        ("/a\nb", "/***"),
        ("/é", "/***"),
    ],
)
def test_no_path_shows_what_may_be_a_secret(path, shown):
    assert log_events.shown_path(path) == shown


def test_no_query_shows_a_value_or_a_name_of_someone_elses():
    assert (
        log_events.shown_query("lang=ja&eyJhbGciOiJSUzI1NiJ9&X-Amz-Signature=abc&a") == "lang=***&***=***&***=***&a=***"
    )


@pytest.mark.parametrize(("client", "number"), [("192.0.2.9", "theirs-1"), ("192.0.2.8", None)])
def test_an_id_is_taken_from_a_proxy_of_ours_alone(client, number):
    app = RequestLog(PlainTextResponse("a page"), trusted_proxies=[ip_network("192.0.2.9/32")])
    found = call(app, client=client, x_request_id="theirs-1").headers["x-request-id"]
    assert found == number if number else re.fullmatch("[0-9a-f]{16}", found)
    assert re.fullmatch("[0-9a-f]{16}", call(app, client="192.0.2.9", x_request_id="a b\x0b").headers["x-request-id"])


def record(name, message, *args, error=None, **extra):
    made = logging.getLogger(name).makeRecord(name, logging.WARNING, "here.py", 1, message, args, error, extra=extra)
    made.created = 1795844597.5
    return made


def test_each_record_is_one_line_without_secrets():
    try:
        raise ValueError("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI")
    except ValueError:
        failed = record("app", "went to %s", "http://127.0.0.1:1/launch/OFOy4WjONaRyUP_V", error=sys.exc_info())
    line = log_lines.Lines("json").format(failed)
    assert "\n" not in line
    said = json.loads(line)
    traceback = said.pop("traceback")
    assert said == {
        "time": "2026-11-28T05:43:17.500Z",
        "level": "warning",
        "event": "log",
        "logger": "app",
        "message": "went to http://127.0.0.1:1/launch/***",
    }
    assert traceback.startswith("Traceback (most recent call last):")
    assert "wJalr" not in traceback
    event = record(EVENTS, "refused", fields={"reason": "upload", "status": 413})
    text = log_lines.Lines("text").format(event)
    assert text == '2026-11-28T05:43:17.500Z warning refused reason="upload" status=413'


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "euc-jp", "cp932"])
def test_a_line_of_json_is_utf_8_whatever_the_stream_writes(encoding):
    line = log_lines.Lines("json").format(record("app", "%s", "/srv/état/世界 …"))
    assert json.loads(line.encode(encoding, "replace").decode("utf-8"))["message"] == "/srv/état/世界 …"


def test_an_error_that_no_caller_gets_is_a_record_as_well():
    code = """
import threading, warnings
from app.serving.operations.log_lines import write_as
write_as("json")
class Ends:
    def __del__(self): raise ValueError("in a destructor")
def fail(): raise ValueError("in a thread")
Ends()
(thread := threading.Thread(target=fail)).start()
thread.join()
warnings.warn("a warning")
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second, third = map(json.loads, ended.stderr.splitlines())
    assert "in a destructor" in first["traceback"]
    assert "in a thread" in second["traceback"]
    assert "a warning" in third["message"]


def test_events_are_bounded_by_themselves():
    now = 0.0
    records = BoundedRecords(lambda: now)
    assert sum(records.filter(record(EVENTS, "request")) for _ in range(EVENTS_LIMIT + 9)) == EVENTS_LIMIT
    now = WINDOW_SECONDS
    assert records.filter(record(EVENTS, "request"))


# (4) The stop


def test_a_stop_waits_for_what_was_under_way_and_for_no_longer_than_its_time():
    async def stopped():
        stopping, ended = Stopping(), []
        with stopping.under_way("page"), stopping.under_way("command", lambda: ended.append("command")):
            assert stopping.count() == {"page": 1, "command": 1}
            assert stopping.begin() == 2
            with stopping.under_way("page"):
                waiting = asyncio.create_task(stopping.wait(math.inf))
                await asyncio.sleep(0.1)
                assert not waiting.done()
            stopping.end_all()
            assert ended == ["command"]
            await stopping.wait(0.0)  # its time is over
        assert stopping.left() == 0
        with stopping.under_way("page"):  # what an open page has begun since then
            while not stopping.is_over:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert not waiting.done()
        await waiting

    asyncio.run(asyncio.wait_for(stopped(), 60))


def test_what_a_run_said_at_its_end_reaches_its_page_before_the_connections_close():
    async def stopped():
        stopping, heard = Stopping(), []
        with stopping.under_way("page"):
            stopping.begin()
            waiting = asyncio.create_task(stopping.wait(math.inf))
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.1, heard.append, "held back for a moment")
        await waiting
        return heard

    assert asyncio.run(asyncio.wait_for(stopped(), 60))


def test_pages_that_cannot_be_informed_keep_no_server_from_stopping(caplog):
    stopping = Stopping()
    stopping.inform = lambda: {}["of another Streamlit"]
    stopping.begin()
    asyncio.run(stopping.wait(1.0))
    assert "could not be informed" in caplog.text


# (5) What the documents say


@pytest.mark.parametrize(("file", "language"), [("operations.md", "en"), ("operations.ja.md", "ja")])
def test_the_documents_have_every_metric_field_reason_and_check_that_is_served(file, language):
    text = (ROOT / "docs" / file).read_text(encoding="utf-8")
    words = load(language)
    served = [*metrics.REGISTERED, *metrics.of_process()]
    names = {name.removeprefix("metrics.") for name in words.messages if name.startswith("metrics.")}
    assert {metric.name for metric in served} <= names
    for name in names:
        shown = f"{name}_total" if name in COUNTERS else name
        assert f"| `{shown}` | {words.message(f'metrics.{name}')} |" in text
    for reason in Reason.__args__:
        assert f"`{reason}`" in text
    for check in ("stopping", "worlds_server", "disk", "kept_worlds", "connections", "pages", "memory", "descriptors"):
        assert f"| `{check}` |" in text
    for variable in ("IRSA_LOG", "IRSA_METRICS_TOKEN", "IRSA_STOP_SECONDS"):
        assert f"`{variable}`" in text


COUNTERS = ("irsa_requests", "irsa_refusals", "irsa_walks", "process_cpu_seconds")


@pytest.mark.parametrize("file", ["operations.md", "operations.ja.md"])
def test_the_example_for_kubernetes_is_what_the_server_does(file):
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / file).read_text(encoding="utf-8"), re.DOTALL)
    scrape = yaml.safe_load(block)
    objects = yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8"))
    by_kind = {one["kind"]: one for one in objects}
    deployment, service = by_kind["Deployment"], by_kind["Service"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness")} == {health.LIVE}
    assert container["readinessProbe"]["httpGet"]["path"] == health.READY
    given = {one["name"]: one.get("value", "") for one in container["env"]}
    settings = Settings.from_environment(given)
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] == before + settings.stop_seconds + 10
    assert settings.log == "json"
    assert "IRSA_METRICS_TOKEN" in given
    assert scrape["scrape_configs"][0]["authorization"]["type"] == "Bearer"
    assert "metrics_path" not in scrape["scrape_configs"][0], "Prometheus's own default"
    assert metrics.PATH == "/metrics"
    name, space = service["metadata"]["name"], service["metadata"]["namespace"]
    (port,) = service["spec"]["ports"]
    assert scrape["scrape_configs"][0]["static_configs"] == [{"targets": [f"{name}.{space}.svc:{port['port']}"]}]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    secret = next(it for it in container["env"] if it["name"] == "IRSA_METRICS_TOKEN")["valueFrom"]["secretKeyRef"]
    made = (ROOT / "docs" / file).read_text(encoding="utf-8")
    assert f"kubectl -n {space} create secret generic {secret['name']} --from-literal={secret['key']}=" in made
