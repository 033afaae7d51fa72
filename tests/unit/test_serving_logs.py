"""The log of a server: one line a record, few of the same, nothing that steers a terminal."""

import logging
import subprocess
import sys
import threading
import uuid
from contextlib import suppress

import pytest

from app.flow.redaction import MASK
from app.serving.logs import ALL, LENGTH, OURS, SAME, WINDOW_SECONDS, BoundedRecords, record_error


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class Log:
    """A logger of its own, and what was written."""

    def __init__(self, name=""):
        self.now = 0.0
        self.handler = Lines()
        self.records = BoundedRecords(lambda: self.now)
        self.logger = logging.Logger(name or uuid.uuid4().hex)
        self.logger.addHandler(self.handler)
        self.logger.addFilter(self.records)

    @property
    def lines(self):
        return self.handler.lines


def failed(log, text="it broke"):
    try:
        raise TypeError(text)
    except TypeError:
        log.logger.exception("Exception in ASGI application\n")


def test_a_long_record_is_cut():
    log = Log()
    log.logger.warning("got %s", "x" * 1_000_000)
    assert log.lines == ["got " + "x" * (LENGTH - 5) + "…"]


@pytest.mark.parametrize(
    ("sign", "written"), [("\n", "\\n"), ("\x1b", "\\x1b"), ("\u202e", "\\u202e"), ("\0", "\\x00")]
)
def test_control_characters_are_written_out(sign, written):
    log = Log()
    log.logger.warning("a%sb", sign)
    assert log.lines == [f"a{written}b"]


def test_records_of_several_threads_are_looked_at_one_at_a_time():
    both, met = threading.Barrier(2, timeout=0.05), []

    def clock():
        with suppress(threading.BrokenBarrierError):
            met.append(both.wait())
        return 0.0

    records = BoundedRecords(clock)
    threads = [
        threading.Thread(target=records.filter, args=(logging.makeLogRecord({"msg": text}),)) for text in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []


def test_words_in_any_language_stay():
    log = Log()
    log.logger.warning("混み合っています é")
    assert log.lines == ["混み合っています é"]


def test_an_exception_is_one_line_that_says_what_and_where():
    log = Log()
    failed(log)
    (line,) = log.lines
    assert line.startswith("Exception in ASGI application: TypeError: it broke (")
    assert __file__ in line


def test_our_own_errors_keep_their_traceback(caplog):
    error_id = record_error(TypeError("\x1b[2J eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"), "somewhere")
    log = Log(OURS)
    log.logger.handle(caplog.records[0])
    for text in (*log.lines, caplog.text):  # with and without the limits of a server
        assert f"error {error_id} somewhere\n" in text
        assert text.strip().endswith("\nTypeError: \\x1b[2J eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0." + MASK)


@pytest.mark.parametrize("name", ["", OURS])
def test_the_same_is_written_a_few_times_a_minute_and_then_counted(name):
    log = Log(name)
    for number in range(512 + SAME):
        log.logger.warning("junk %s", number)
    assert len(log.lines) == SAME
    log.now = WINDOW_SECONDS
    log.logger.warning("junk %s", "again")
    log.logger.warning("junk %s", "and again")
    assert log.lines[SAME:] == ["junk again … repeated 512 times before", "junk and again"]


def test_no_more_than_so_many_whatever_they_say():
    log = Log()
    for number in range(10 * ALL):
        log.logger.warning(f"junk {number}")
    assert len(log.lines) <= ALL + 1
    log.now = WINDOW_SECONDS
    log.logger.warning("other")
    assert log.lines[-1] == "other"


def test_a_template_that_does_not_fit_its_arguments_is_written():
    log = Log()
    log.logger.warning("%d", "x")
    assert log.lines == ["%d"]


def test_every_logger_is_bounded_with_the_handlers_that_it_has():
    code = (
        "import logging, sys\n"
        "from app.serving.logs import BoundedRecords, bound\n"
        "handler = logging.StreamHandler(sys.stdout)\n"
        "early = logging.getLogger('early'); early.addHandler(handler); early.propagate = False\n"
        "bound(BoundedRecords())\n"
        "late = logging.getLogger('late.one'); late.addHandler(handler)\n"
        "for log in (early, late): log.warning('a\\nb')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "a\\nb\n" * 2
