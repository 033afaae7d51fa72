"""The parts of the console that need no program: files, limits, plain text, what Tab knows, and who may have one."""

import asyncio
import errno
import gc
import os
import shutil
import signal
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain

import pytest

from app.console import aws_completion, aws_fence, completion
from app.console.command_line import LineRefused
from app.console.console import Console
from app.console.files import ALL_BYTES, COUNT, FILE_BYTES, Files
from app.console.limits import AT_ONCE, OF_ALL, OF_AN_ADDRESS, OUTPUT, CommandLimits
from app.console.plain_text import PlainText
from app.console.plan import Part, Plan
from app.console.programs import Program
from app.console.run import Run
from app.console.world_access import Folders, WorldAccess
from app.content import LANGUAGES, load
from app.serving import console_socket
from app.serving.request_facts import RequestFacts
from app.settings import Settings


@pytest.fixture
def files(tmp_path):
    (tmp_path / "files").mkdir()
    return Files(tmp_path / "files")


@pytest.fixture
def access(files):
    return WorldAccess(directory=files.folder.parent, kubeconfig=b"", context="irsa", aws={}, ports=())


def code_of(act, *arguments, **named):
    with pytest.raises(LineRefused) as refused:
        act(*arguments, **named)
    return refused.value.code


def test_a_file_is_written_read_appended_and_removed(files):
    files.write("pod.yaml", b"a\n")
    files.write("./pod.yaml", "é".encode(), appends=True)
    assert files.read("pod.yaml") == "a\né"
    assert files.sizes() == {"pod.yaml": 4}
    files.remove("pod.yaml")
    assert code_of(files.read, "pod.yaml") == "no_such_file"


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".x", "/etc/passwd", "a/b", "../x", "a\n", "a\0", "é", "-f", "x" * 65, "~x"]
)
def test_only_plain_names_are_files(files, name):
    for act in (files.read, files.remove):
        assert code_of(act, name) == "outside"
    assert code_of(files.write, name, b"") == "outside"


def test_files_are_bounded_in_number_and_bytes(files):
    assert code_of(files.write, "x", b"x" * (FILE_BYTES + 1)) == "file_too_large"
    for number in range(COUNT):
        files.write(f"f{number}", b"x")
    assert code_of(files.write, "x", b"") == "too_many_files"
    files.write("f0", b"x" * FILE_BYTES)
    assert code_of(files.write, "f0", b"x", appends=True) == "file_too_large"


def test_files_are_bounded_together(files):
    for number in range(ALL_BYTES // FILE_BYTES):
        files.write(f"f{number}", b"x" * FILE_BYTES)
    assert code_of(files.write, "x", b"x") == "files_full"
    files.remove("f0")
    for number in range(3):
        (files.folder / f"g{number}").write_bytes(b"x" * FILE_BYTES)
    assert files.tidy() == ["g1", "g2"]


def test_a_folder_goes_with_its_world():
    class World:
        pass

    folders, world, other = Folders(), World(), World()
    folder, kept = folders.of(world), folders.of(other)
    assert folders.of(world) == folder != kept
    assert folder.stat().st_mode & 0o777 == 0o700
    del world
    gc.collect()
    assert (folder.exists(), kept.exists()) == (False, True)


@pytest.mark.parametrize("is_removed_at_once", [True, False])
def test_a_line_that_outlives_its_world_makes_nothing_and_leaves_nothing(monkeypatch, is_removed_at_once):
    class World:
        pass

    remove, begun, worlds, folders = shutil.rmtree, [], [World()], Folders()
    folder = folders.of(worlds[0])
    seen = [] if is_removed_at_once else [folder.with_name(f"gone-{folder.name}")]

    def missed(path, **named):
        if path in seen:
            seen.remove(path)  # a program writes faster than it is removed
        else:
            remove(path, **named)

    monkeypatch.setattr("app.console.world_access.shutil.rmtree", missed)
    access = WorldAccess(directory=folder, kubeconfig=b"", context="irsa", aws={}, ports=())

    async def found():
        return access

    async def began(reads):
        begun.append(reads)
        worlds.clear()
        gc.collect()

    console = Console(access=found, programs={}, limits=CommandLimits(), browser="b", address="a")
    with pytest.raises(LineRefused, match="no_world"):
        asyncio.run(console.run(1, "cat > a <<E\nx\nE\ncat > b <<E\nx\nE", None, began))
    assert len(begun) == 1
    for use in (lambda: access.files, lambda: access.home().__enter__()):
        assert code_of(use) == "no_world"
    assert list(folder.parent.iterdir()) == []


def test_each_line_asks_for_the_world_again(access):
    worlds, said = [access, access, None], []

    async def found():
        return worlds.pop(0)

    async def show(text):
        said.append(text)

    access.files.write("a", b"")
    console = Console(access=found, programs={}, limits=CommandLimits(), browser="b", address="a")
    with pytest.raises(LineRefused, match="no_world"):
        asyncio.run(console.run(1, "ls\nls", show, None))
    assert said == ["a\n"]


def test_a_file_that_a_program_removes_meanwhile_is_not_there(files, monkeypatch):
    files.write("going", b"x")
    files.write("staying", b"x")
    scandir = os.scandir

    @contextmanager
    def slow(folder):
        with scandir(folder) as entries:
            found = list(entries)
            (files.folder / "going").unlink(missing_ok=True)
            yield found

    monkeypatch.setattr("app.console.files.os.scandir", slow)
    assert files.sizes() == {"staying": 1}


@pytest.mark.parametrize("possible", [1, 2, 3])
def test_a_line_for_which_the_process_has_too_few_descriptors_leaves_none_open(access, tmp_path, monkeypatch, possible):
    made, pipe = [], os.pipe

    def last_of_them():
        if len(made) == possible:
            raise OSError(errno.EMFILE, "too many")
        made.append(pipe())
        return made[-1]

    monkeypatch.setattr("app.console.run.os.pipe", last_of_them)
    filters = Part(program=None, stages=(("cat",),))
    plan = Plan(parts=(filters, filters), reads_input=True, to_file="x")
    with pytest.raises(OSError, match="too many"):
        asyncio.run(Run(plan, access, tmp_path, int)(print))
    assert len(made) == possible
    for end in chain(*made):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)


def test_a_line_that_is_stopped_while_its_processes_are_started_ends(access, tmp_path, monkeypatch):
    monkeypatch.setattr("app.console.run._GRACE", 0.0)
    plan = Plan(parts=(Part(program=None, stages=(("cat",),)),), reads_input=True)

    async def started_and_stopped():
        run, loop = Run(plan, access, tmp_path, int), asyncio.get_running_loop()
        start = run._process

        def slow(*given):
            loop.call_soon_threadsafe(run.stop)
            time.sleep(0.05)
            return start(*given)

        run._process = slow
        async with asyncio.timeout(5):
            return await run(print)

    assert asyncio.run(started_and_stopped())[1] == "stopped"


def test_links_are_not_followed_and_do_not_stay(files, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (files.folder / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(files.folder / "pipe")
    (files.folder / "folder").mkdir()
    (files.folder / "large").write_bytes(b"x" * (FILE_BYTES + 1))
    (files.folder / ".hidden").write_text("x")
    files.write("kept", b"x")
    assert code_of(files.read, "link") == "no_such_file"
    assert files.tidy() == [".hidden", "folder", "large", "link", "pipe"]
    assert list(files.sizes()) == ["kept"]
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_folder_is_no_file_and_leaves_no_descriptor_open(files):
    (files.folder / "folder").mkdir()
    os.mkfifo(files.folder / "pipe")
    before = os.listdir("/dev/fd")
    assert {code_of(files.read, name) for name in ("folder", "pipe") * 3} == {"no_such_file"}
    assert os.listdir("/dev/fd") == before


def test_two_commands_of_a_visitor_run_at_once_and_print_a_megabyte_together():
    limits = CommandLimits()
    with limits.running("b", "a") as first, limits.running("b", "a") as second:
        with pytest.raises(LineRefused) as refused, limits.running("b", "a"):
            pass
        assert (refused.value.code, refused.value.values) == ("two_at_once", {"expected": str(AT_ONCE)})
        assert first(OUTPUT - 10) == OUTPUT - 10
        assert second(100) == 10
        assert first(1) == 0
    with limits.running("b", "a") as again:
        assert again(5) == 5


def test_no_address_takes_all_places_and_the_places_are_bounded():
    limits = CommandLimits()
    held = [limits.running(f"b{number}", "a") for number in range(OF_AN_ADDRESS)]
    held += [limits.running(f"c{number}", f"a{number}") for number in range(OF_ALL - OF_AN_ADDRESS)]
    for one in held[:OF_AN_ADDRESS]:
        one.__enter__()
    with pytest.raises(LineRefused, match="all_busy"), limits.running("new", "a"):
        pass
    for one in held[OF_AN_ADDRESS:]:
        one.__enter__()
    with pytest.raises(LineRefused, match="all_busy"), limits.running("new", "elsewhere"):
        pass
    for one in held:
        one.__exit__(None, None, None)
    with limits.running("new", "a"):
        pass


def test_two_addresses_leave_a_third_a_place():
    limits = CommandLimits()
    with ExitStack() as held:
        for address in ("a", "b"):
            with suppress(LineRefused):
                for number in range(OF_ALL):
                    held.enter_context(limits.running(f"{address}{number}", address))
        held.enter_context(limits.running("c", "c"))


def test_a_visitor_who_took_too_much_of_the_processor_rests():
    limits = CommandLimits()
    limits.charge("b", "a", 61)
    with pytest.raises(LineRefused, match="rests"), limits.running("b", "a"):
        pass
    with limits.running("other", "a"):
        pass


def test_what_was_pasted_goes_on_only_while_there_is_cpu_time_left(access):
    begun = []

    class Dear(CommandLimits):
        def charge(self, browser, address, cpu_seconds):
            super().charge(browser, address, 40)

    async def found():
        return access

    async def began(reads):
        begun.append(reads)

    console = Console(access=found, programs={}, limits=Dear(), browser="b", address="a")
    with pytest.raises(LineRefused, match="rests"):
        asyncio.run(console.run(1, "jq -n 1 > x\n" * 5, None, began))
    assert len(begun) == 2, "60 CPU seconds are for one of 40 and the beginning of another"


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGKILL])
@pytest.mark.parametrize("line", ["kubectl version", "kubectl version | cat"])
def test_a_line_of_which_any_part_was_ended_for_its_cpu_time_is_the_last(access, monkeypatch, number, line):
    """The kernel sends SIGKILL where, as in `confine`, both limits are the same (setrlimit(2))."""
    begun = []

    async def found():
        return access

    async def began(reads):
        begun.append(reads)

    async def show(text):
        pass

    monkeypatch.setattr("app.console.run.launched", lambda program, *_: ["/bin/sh", "-c", f"kill -{number} $$"])
    kubectl = Program(name="kubectl", path="/ghost", version="1", reads=())
    console = Console(access=found, programs={"kubectl": kubectl}, limits=CommandLimits(), browser="b", address="a")
    ended = asyncio.run(console.run(1, f"{line}\n" * 3, show, began))
    assert (ended.why, len(begun)) == ("cpu", 1)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://x\x1b\\y", "red xy"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("é👍\t".encode(), "é👍\t"),
        (b"\xff\x07\x08", "�\\x07\\x08"),
        ("\u202eabc".encode(), "\\u202eabc"),
        (b"<b>&amp;", "<b>&amp;"),
        (b"\x1b", "\\x1b"),
        (b"\x1b[" + b"1" * 500, "\\x1b[" + "1" * 500),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_output_is_plain_text_however_it_comes(content, text, step):
    plain = PlainText()
    pieces = [plain.add(content[at : at + step]) for at in range(0, len(content), step)]
    assert "".join([*pieces, plain.add(b"", final=True)]) == text


def candidates(text):
    found = completion.asked(text)
    names = completion.by_name(found, ["kubectl"], ["pod.yaml", "trust.json"]) if found else []
    return None if names is None else [one.text for one in names]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ku", ["kubectl"]),
        ("kubectl get pods | gr", ["grep"]),
        ("kubectl apply -f ", ["pod.yaml", "trust.json"]),
        ("kubectl apply -f p", ["pod.yaml"]),
        ("kubectl get sa > t", ["trust.json"]),
        ("aws iam create-role --assume-role-policy-document file://t", ["file://trust.json"]),
        ("cat ", ["pod.yaml", "trust.json"]),
        ("aws s3 l", None),
        ("kubectl get 'po", []),
        ("kubectl get $", []),
        ("a" * 40_000 + " ", []),
        ("kubectl get \0", []),
        ("aws \ud800", []),
        ("kubectl get po", None),
    ],
)
def test_tab_knows_programs_filters_and_files(text, names):
    assert candidates(text) == names


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A database as version 2 of aws brings it, with a few of its rows."""
    path = tmp_path_factory.mktemp("aws") / "ac.index"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE command_table (command TEXT, full_name TEXT, parent TEXT)")
        made.execute("CREATE TABLE param_table (argname TEXT, command TEXT, parent TEXT, positional_arg TEXT)")
        rows = [("aws", None, ""), ("acm", "AWS Certificate Manager", "aws"), ("iam", "AWS IAM", "aws")]
        rows += [(name, None, "aws") for name in ("s3", "s3api", "sts", "configure")]
        rows += [("create-role", None, "aws.iam"), ("get-role", None, "aws.iam")]
        rows += [(f"operation-{number}", None, "aws.ec2") for number in range(2 * completion.CANDIDATES)]
        rows += [("list", None, "aws.configure"), ("set", None, "aws.configure")]
        made.executemany("INSERT INTO command_table VALUES (?, ?, ?)", rows)
        options = [(name, "create-role", "aws.iam", "0") for name in ("role-name", "path", "tags")]
        options += [(name, "aws", "", "0") for name in ("region", "endpoint-url", "profile")]
        options.append(("paths", "ls", "aws.s3", "1"))
        made.executemany("INSERT INTO param_table VALUES (?, ?, ?, ?)", options)
    return str(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aws ", ["configure", "iam", "s3", "s3api", "sts"]),
        ("aws s", ["s3", "s3api", "sts"]),
        ("aws --region x iam ", ["create-role", "get-role"]),
        ("aws iam cr", ["create-role"]),
        ("aws iam create-role --r", ["--role-name", "--region"]),
        ("aws iam create-role --role-name x --ro", []),
        ("aws iam create-role --role-name ", []),
        ("aws iam create-role --endp", []),
        ("aws s3 ls --pa", []),
        ("aws configure ", ["list"]),
        ("aws --unknown x ", []),
    ],
)
def test_tab_knows_what_aws_lists_of_itself_and_the_console_allows(index, text, words):
    assert [one.text for one in aws_completion.candidates(index, completion.asked(text))] == words


def test_tab_looks_at_the_words_of_a_line_once_and_stops_at_what_it_offers(index, monkeypatch):
    seen, look = [], aws_fence._check_option
    monkeypatch.setattr(aws_fence, "_check_option", lambda word: seen.append(word) or look(word))
    asked = completion.asked(f"aws {'--debug ' * 400}ec2 ")
    assert len(aws_completion.candidates(index, asked)) == completion.CANDIDATES
    assert len(seen) <= len(asked.words) + 3 * completion.CANDIDATES


def test_tab_on_aws_takes_a_place_and_is_paid_for_and_is_looked_up_once_at_a_time(access, index, monkeypatch):
    charged, looks, look = [], [], aws_completion.candidates
    monkeypatch.setattr(aws_completion, "candidates", lambda *asked: looks.append(asked) or look(*asked))

    class Counted(CommandLimits):
        def charge(self, browser, address, cpu_seconds):
            charged.append(cpu_seconds)

    async def at_once():
        return await asyncio.gather(*(console.complete("aws ia") for _ in range(3)))

    async def found():
        return access

    aws = Program(name="aws", path="/ghost", version="2", reads=(), index=index)
    console = Console(access=found, programs={"aws": aws}, limits=Counted(), browser="b", address="a")
    assert sorted(len(words) for _, words in asyncio.run(at_once())) == [0, 0, 1]
    assert (len(looks), len(charged)) == (1, 1)
    assert charged[0] > 0
    with ExitStack() as held:
        for _ in range(AT_ONCE):
            held.enter_context(console.limits.running("b", "a"))
        with pytest.raises(LineRefused, match="two_at_once"):
            asyncio.run(console.complete("aws ia"))
    assert len(looks) == 1


def test_tab_adds_nothing_where_aws_has_no_database_or_another(tmp_path):
    asked = completion.asked("aws ia")
    (tmp_path / "ac.index").write_bytes(b"something else")
    for index in ("", str(tmp_path / "ghost"), str(tmp_path / "ac.index")):
        assert aws_completion.candidates(index, asked) == []


def test_what_kubectl_says_to_tab():
    assert completion.answer("pods\tA Pod\npodtemplates\n:4\nCompletion ended\n", ["f"], "po") == [
        completion.Candidate(text="pods", detail="A Pod"),
        completion.Candidate(text="podtemplates"),
    ]
    assert [one.text for one in completion.answer(":0\n", ["f", "g"], "f")] == ["f"]
    assert completion.answer(":4\n", ["f"], "f") == completion.answer("x\n:1\n", ["f"], "") == []
    assert completion.answer("error: no server", ["f"], "") == []


def facts(**changes):
    return RequestFacts(
        **{"served_on": "127.0.0.1", "forwarded_by": "", "launched": True, "visitor": "127.0.0.1"} | changes
    )


PROXY = {"forwarded_by": "x-forwarded-for", "launched": False}
STRANGER = {"served_on": "192.0.2.1", "launched": False}


@pytest.mark.parametrize(
    ("settings", "who", "abi", "code"),
    [
        ({}, {}, 7, None),
        ({}, {}, 0, None),  # one's own programs on one's own machine
        ({"console": True}, {}, 7, None),
        ({}, {"launched": False}, 7, "console_not_launched"),
        ({"console": True}, {"launched": False}, 7, "console_not_launched"),
        ({"console": False}, {}, 7, "console_switched_off"),
        ({"host": "192.0.2.1"}, {}, 7, "console_not_local"),
        ({}, {"served_on": "192.0.2.1"}, 7, "console_not_local"),
        ({}, PROXY, 7, "console_not_local"),
        ({"frame_ancestors": ("https://x.example",)}, {}, 7, "console_not_local"),
        ({"host": "192.0.2.1", "console": True}, STRANGER, 4, None),
        ({"host": "192.0.2.1", "console": True}, STRANGER, 3, "console_not_confined"),
        ({"host": "192.0.2.1", "console": True}, STRANGER, 0, "console_not_confined"),
        ({"console": True}, PROXY, 7, None),
        ({"console": True}, PROXY, 0, "console_not_confined"),
    ],
)
def test_who_has_a_console(monkeypatch, settings, who, abi, code):
    monkeypatch.setattr(console_socket, "abi", lambda: abi)
    found = console_socket.refusal(Settings(**settings), facts(**who))
    assert (found.code if found else None) == code


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_did_not_start_the_app_learns_which_port_to_name(language):
    found = console_socket.refusal(Settings(), facts(launched=False, port=8611))
    assert found is not None
    words = load(language).error(found.code, **found.values)
    assert "8611" in words.got
    assert "`python -m app serve --print-address --port 8611`" in words.fix


def test_another_server_than_ours_has_none():
    assert console_socket.refusal(Settings(console=True), None).code == "console_other_server"
