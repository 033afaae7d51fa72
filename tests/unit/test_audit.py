"""The audit: the real pip-audit, asking a database that the test plays on loopback."""

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.free_port import free_port
from tools import audit

KNOWN = audit.KNOWN.partition("==")[0]
HASH = f"--hash=sha256:{'0' * 64}"


def vulnerability(name: str) -> dict:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.1"}]}]
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
    return {
        "id": f"GHSA-{name}",
        "aliases": ["CVE-2026-1"],
        "schema_version": "1.6.0",
        "summary": "s",
        "affected": affected,
    }


class Database:
    """OSV's one question: what is known of a version. `against` names the packages with a vulnerability."""

    def __init__(self) -> None:
        self.against = {KNOWN}
        self.asked: list[str] = []
        self.answer: Callable[[str], tuple[int, dict]] = self.what_is_known

    def what_is_known(self, name: str) -> tuple[int, dict]:
        return 200, {"vulns": [vulnerability(name)]} if name in self.against else {}


@pytest.fixture
def database(monkeypatch):
    played = Database()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            played.asked.append(name)
            status, answer = played.answer(name)
            body = json.dumps(answer).encode()
            with contextlib.suppress(ConnectionError):  # who asked may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    played.url = f"http://127.0.0.1:{server.server_port}/v1/query"
    yield played
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path, capsys):
    """Audits two environments, of `first` and `second`, or one of both, and gives the exit status with what was
    printed."""

    def run(
        url: str, first: str = "first==1.0\n", seconds: float = 60, together=(("first.txt",), ("second.txt",))
    ) -> tuple[int, str]:
        (tmp_path / "first.txt").write_text(first)
        (tmp_path / "second.txt").write_text(f"second==2.0 {HASH}\n")
        return audit.audit(tmp_path, together, url, seconds), capsys.readouterr().out

    return run


def test_every_package_of_an_environment_is_asked_for_and_all_is_well(database, run):
    status, printed = run(database.url, f"first==1.0 {HASH}\n", together=(("first.txt", "second.txt"),))
    assert (status, printed) == (0, "audit: 2 packages, 0 known vulnerabilities\n")
    assert database.asked == [KNOWN, "first", "second"]


def test_a_database_that_knows_nothing_is_none(database, run):
    database.against.clear()
    status, printed = run(database.url)
    assert (status, printed[:64]) == (0, "audit: skipped: no vulnerability database could be reached (http")
    assert f"knows nothing against {audit.KNOWN}" in printed
    assert database.asked == [KNOWN]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        *(pytest.param(refused, {}, marks=pytest.mark.large) for refused in (404, 503)),
        (200, {"message": "log in first"}),
    ],
)
def test_what_answers_in_its_place_is_none(database, run, status, answer):
    database.answer = lambda name: (status, answer)
    exit_status, printed = run(database.url)
    assert exit_status == 0
    assert printed.startswith("audit: skipped: no vulnerability database could be reached (")
    assert "packages" not in printed


def test_where_nobody_listens_it_is_skipped_with_the_hosts_error(monkeypatch, run):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    status, printed = run(f"http://127.0.0.1:{free_port()}/v1/query")
    assert status == 0
    assert printed.startswith("audit: skipped: no vulnerability database could be reached (")
    assert "Connection refused" in printed


def test_where_the_answer_takes_too_long_it_is_skipped(database, run):
    silent = threading.Event()
    database.answer = lambda name: (200, {"late": silent.wait()})
    try:
        status, printed = run(database.url, seconds=2)
    finally:
        silent.set()
    assert (status, printed.count("skipped: no vulnerability database could be reached")) == (0, 1)
    assert "did not answer within 2 s" in printed


def test_a_known_vulnerability_fails_even_where_the_database_goes_away_after_it(database, run):
    database.against.add("first")
    database.answer = lambda name: (503, {}) if name == "second" else database.what_is_known(name)
    status, printed = run(database.url)
    assert status == 1
    assert "audit: first 1.0: CVE-2026-1, GHSA-first; fixed in 9.1\n" in printed
    assert "1 packages, 1 known" in printed
    assert "skipped: no vulnerability database could be reached" in printed


def test_a_file_that_pip_audit_refuses_is_not_skipped(database, run):
    with pytest.raises(audit.FailedError, match="first is not pinned") as caught:
        run(database.url, first="first>=1.0\n")
    assert not isinstance(caught.value, audit.NoDatabaseError)


AMONG_THE_CHECKS = {"requirements-build.txt"}
"""Its pins are some of those of the checks (`tests/unit/test_image.py`)."""


def test_every_requirements_file_is_audited():
    files = {path.name for path in audit.ROOT.glob("requirements*.txt")}
    assert {name for names in audit.TOGETHER for name in names} == files - AMONG_THE_CHECKS
