"""The simulated shell beside the real `dash`: lines that learners type, generated scripts; and what stops a script."""

import asyncio
import gzip
import os
import string
import sys
import tarfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.world.node.processes import Processes
from app.world.node.programs.program_limits import Programs
from app.world.node.programs.tar import tar
from app.world.node.programs.unix import dates, sorting
from app.world.node.programs.unix.expressions import Expression
from app.world.node.programs.unix.program_table import PROGRAMS
from app.world.node.shell import limits, main
from app.world.node.streams import Streams
from app.world.node.volumes.inodes import User
from tests.examples import examples
from tests.world.shells import WORLD, container, dash, processes, simulated

LINES = (Path(__file__).parent / "shell_lines.txt").read_text().rstrip("\n").split("\n%%\n")
needs_dash = pytest.mark.skipif(not os.path.exists("/bin/dash"), reason="no /bin/dash")


def same(script, directory):
    """Standard output and status are equal; both complain, or neither."""
    real, ours = dash(script, directory), simulated(script)
    assert (ours.stdout, ours.exit_code) == (real.stdout, real.exit_code), f"{script}\n{ours.stderr}\n{real.stderr}"
    assert bool(ours.stderr) == bool(real.stderr), f"{script}\n{ours.stderr}\n{real.stderr}"


# (1) As dash does


@needs_dash
@pytest.mark.parametrize("script", LINES)
def test_a_line_does_what_it_does_in_dash(script, tmp_path):
    same(script, tmp_path)


WORDS = st.sampled_from(
    [
        *("a", "$x", '"$x"', "'q w'", "${y:-d e}", '"${y}z"', "$((x+1))", "$((y*2-1))", "$(echo s u)", '"$(echo  s)"'),
        *("$#", "$?", "${#x}", "${x%?}", "${x#?}", "`echo b`", "\\$x", "${y+set}", '"$@"', "x=1", "*"),
    ]
)
SIMPLE = st.builds(lambda words: " ".join(["echo", *words]), st.lists(WORDS, max_size=4)) | st.sampled_from(
    [
        *("x=1", "x=7", "y=$x", "unset y", "true", "false", "x=$((x+2))", "set -- $x", "shift 0"),
        *('test -n "$y"', "[ 1 = 2 ]", "echo a b | { read z x; echo $x; }"),
    ]
)


def compound(inner):
    lists = st.lists(inner, min_size=1, max_size=3).map("\n".join)
    plain = inner.filter(lambda text: not text.startswith(("!", "f()")))
    return (
        st.builds("{0} && {1}".format, inner, inner)
        | st.builds("{0} || {1}".format, inner, inner)
        | st.builds("{{ {0}\n}} | cat".format, lists)
        | st.builds("( {0} )".format, lists)
        | st.builds("if {0}; then {1}\nelse {2}\nfi".format, inner, lists, lists)
        | st.builds("for i in 1 {0}; do {1}\ndone".format, WORDS, lists)
        | st.builds("case {0} in a*) {1};; *) {2};; esac".format, WORDS, lists, lists)
        | st.builds("f() {{ {0}\n}}; f 1 2".format, lists)
        | st.builds("! {0}".format, plain)
    )


SCRIPTS = st.lists(st.recursive(SIMPLE, compound, max_leaves=6), min_size=1, max_size=4).map("\n".join)


@needs_dash
@settings(max_examples=examples(100))
@given(script=SCRIPTS)
def test_generated_scripts_do_what_they_do_in_dash(tmp_path_factory, script):
    same(script, tmp_path_factory.mktemp("empty"))


# (2) What is not there


def test_a_program_that_is_not_there_says_so():
    done = simulated("kubectl get pods")
    assert done.exit_code == 127
    assert done.stderr == "sh: kubectl: not found\n(kubectl is not in this simulated image)\n"


def test_a_background_command_is_refused():
    done = simulated("sleep 9 & echo never")
    assert (done.stdout, done.exit_code) == ("", 2)
    assert "& is not in this simulated shell" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("umask 077", "umask: the mask of new files is always 0022"),
        ("echo a | grep -P '\\d'", "grep: -P is not in"),
        ("echo a | sed 's/a/\\U&/'", "\\U is not in"),
        ("printf 'ab\\n' | sort -k1.2", "only whole fields are keys"),
        ("printf 'ab\\n' | sort -V", "sort: -V is not in"),
        ("seq -f %g 3", "seq: -f is not in"),
        ("find . -exec cat {} +", "find: -exec is not in"),
        ("touch -d @0 f", "touch: -d is not in"),
        ("mv -n a b", "mv: -n is not in"),
        ("mv -y a b", "mv: invalid option -- 'y'"),
        ("ls -F", "ls: -F is not in"),
        ("rm -i f", "rm: -i is not in"),
        ("rm --interactive f", "rm: unrecognized option '--interactive' in"),
    ],
)
def test_what_is_not_simulated_says_so_instead_of_doing_something_else(line, said):
    done = simulated(line)
    assert (done.stdout, done.exit_code != 0) == ("", True)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("image", "program", "has"),
    [
        ("amazon/aws-cli:2.31.0", "bash", True),
        ("amazon/aws-cli:2.31.0", "aws", True),
        ("amazon/aws-cli:2.31.0", "find", False),
        ("busybox", "find", True),
        ("busybox", "sh", True),
        ("busybox", "bash", False),
        ("busybox", "aws", False),
        ("public.ecr.aws/docker/library/alpine:3", "curl", False),
        ("python:3.13", "curl", True),
        ("gcr.io/distroless/static-debian12", "sh", False),
        ("registry.k8s.io/pause:3.10", "cat", False),
    ],
)
def test_which_image_has_which_program(image, program, has):
    assert bool(container(image).program([program])) is has


@pytest.mark.parametrize(
    ("image", "printed"), [("debian", "a\nb\n"), ("busybox", "a\\nb\n"), ("amazon/aws-cli", "a\\nb\n")]
)
def test_echo_is_the_images_own(image, printed):
    assert simulated("echo 'a\\nb'", container(image)).stdout == printed


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("cat < /no", "cannot open /no: No such file"),
        ("cat < /no/x", "cannot open /no/x: No such file"),
        ("echo >> /no/x", "cannot create /no/x: Directory nonexistent"),
        ("exec <> /no/x", "cannot create /no/x: Directory nonexistent"),
        ("> f; echo > f/x", "cannot create f/x: Directory nonexistent"),
        ("echo > /tmp", "cannot create /tmp: Is a directory"),
        ("set -C; > f; > f", "cannot create f: File exists"),
        ("echo >&7", "7: Bad file descriptor"),
    ],
)
def test_a_redirection_that_fails(script, said, tmp_path):
    assert simulated(script).stderr == f"sh: {said}\n"
    assert dash(script, tmp_path).stderr == f"sh: 1: {said}\n"


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("chown 7:8 f; mv f g; stat -c '%a %u %g' g", "640 7 8"),
        ("chown 7:8 f; cp f g; stat -c '%a %u %g' g", "640 0 0"),
        ("chown 7:8 f; cp -p f g; stat -c '%a %u %g' g", "640 7 8"),
        ("chmod 777 f; cp f g; stat -c %a g; cp f h; chmod 600 h; cp f h; stat -c %a h", "755\n600"),
        ("mkdir -m 700 d; chown 7 d; mv d e; stat -c '%a %u' e; cp -r e k; stat -c '%a %u' k", "700 7\n700 0"),
        ("mkdir d; chmod 2775 d; mkdir -m 700 d/e; cp f d; cp -r d/e d/k; stat -c %a d/*", "2700\n640\n2700"),
    ],
)
def test_owners_and_modes_of_files_that_are_moved_and_copied(script, shown):
    assert simulated(f"echo x > f; chmod 640 f; {script}").stdout == f"{shown}\n"


def test_who_is_not_root_writes_where_all_may():
    done = simulated(
        "cd /root; echo x > /tmp/x && cat /tmp/x; echo y > /y; id -u; whoami", container(user=User(uid=1000, gid=1000))
    )
    assert done.stdout == "x\n1000\n"
    assert done.stderr.splitlines() == [
        "sh: cd: can't cd to /root",
        "sh: cannot create /y: Permission denied",
        "whoami: cannot find name for user ID 1000",
    ]


def test_any_option_is_a_programs_own_matter():
    """Each letter for each program but those that need a world or time: with nothing to read, and with a file."""
    names = sorted({*PROGRAMS, "ls", "tar", "test", "printf", "read"} - {"curl", "sleep", "yes"})
    for name in names:
        done = simulated(
            "mkdir empty; echo x > x; cd empty; "
            f"for o in {' '.join(string.ascii_letters)} 1 -; do ({name} -$o; {name} -$o ../x; {name} -$o 1 ../x) "
            "</dev/null >/dev/null 2>&1; done; echo reached"
        )
        assert (done.stdout, done.stderr, done.exit_code) == ("reached\n", "", 0), name


# (3) What stops a script

HOSTILE = {
    "a loop": "while :; do :; done",
    "a loop that writes": "while :; do echo x >> f; done",
    "a loop that prints": "yes",
    "a variable that doubles": "x=a; while :; do x=$x$x; done",
    "a substitution without an end": "x=$(yes)",
    "a function that calls itself": "f() { f; }; f",
    "a fork bomb": "f() { f | f; }; f",
    "a script that calls itself": "echo 'sh s' > s; sh s",
    "an evaluation of itself": 'x=\'eval "$x"\'; eval "$x"',
    "nested substitutions": "echo " + "$(" * 100 + ")" * 100,
    "nested arithmetic": "echo $((" + "(" * 500 + "1" + ")" * 500 + "))",
    "nested parentheses": "(" * 500,
    "many fields": "set -- $(seq 9000)",
    "a format for ever": 'x=$(printf "%500s" y); printf "$x%s" $(seq 900)',
    "a big expression": "grep -E '(((a{99}){99}){99}){99}' f",
    "directories": "while mkdir d; do cd d; done; false",
    "lines to sort": "yes | sort",
    "repetitions of nothing": "echo a | grep -E 'a{0}{999}{99}'",
    "keys to sort by": "echo a | sort $(yes '-k1,2' | head -n 3900)",
    "ranges of characters": "x=$(yes '!-\uffff' | head -n 99 | tr -d '\\n'); echo a | tr -d \"$x\"",
    "parameters that double": 'set -- $(seq 999); for i in 1 2 3 4 5 6 7 8; do set -- "$*" "$*"; done',
    "brackets without an end": "x=$(yes [ | head -n 3000 | tr -d '\\n'); case y in $x) ;; esac",
    "paths of one directory": "ls $(yes /tmp | head -n 3900)",
    "a long word in a loop": f"for i in 1 2 3 4 5 6 7 8 9 10; do : {'x' * 60_000}; done",
    "a long format of a date": f"date +{'%N' * 20_000} >/dev/null",
    "clauses of a mode": ": >f; chmod $(yes u+x | head -n 999 | tr '\\n' ,)u+x $(yes f | head -n 999)",
}


@pytest.mark.parametrize("script", HOSTILE.values(), ids=HOSTILE)
def test_a_script_that_takes_too_much_ends(monkeypatch, script):
    monkeypatch.setattr(limits, "STEPS", 20_000)
    done = simulated(script)
    assert done.exit_code != 0
    assert done.stderr
    assert len(done.stdout) <= limits.OUTPUT


MANY = 'x=$(printf "%9999s" | tr " " a); '
HOLDING = {
    "a line that goes on": MANY + 'yes "$x\\\\" | read a',
    "lines to sort": MANY + 'yes "$x" | sort',
    "lines before a match": MANY + 'yes "$x" | grep -B 1000 b',
    "functions": 'x=$(yes "a;" | head -n 9000 | tr -d "\\n"); while :; do i=$((i+1)); eval "f$i() { $x }"; done',
    "a replacement": MANY + """y=$(yes "&" | head -n 9000 | tr -d '\\n'); echo "$x" | sed "s/.*/$y/" """,
    "a path in a format": """p=$(yes ./ | head -n 2000 | tr -d '\\n'); y=$(yes %n | head -n 30000 | tr -d '\\n')
stat -c "$y" $p""",
    "files to encode": MANY.replace('" " a', '" " /')
    + 'printf "%s" "$x$x$x" >f; curl $(yes "--data-urlencode a@f" | head -n 900) x',
    "directories of a path": 'mkdir -p "$(yes a | head -n 30000 | tr "\\n" /)"',
    "a script that is typed": MANY + "(echo 'if :; then'; yes \": $x\") | sh",
}


@pytest.mark.parametrize("script", HOLDING.values(), ids=HOLDING)
def test_what_programs_hold_is_bounded(script):
    tracemalloc.start()
    try:
        assert simulated(script).exit_code != 0
        assert tracemalloc.get_traced_memory()[1] < 4 * limits.HELD
    finally:
        tracemalloc.stop()


WORKING = {
    "lines of many keys": (f"yes 'a b c' | head -n 2000 | sort {'-k1,2 ' * 10}", sorting._Key, "of"),
    "brackets of an expression": (f"echo a | grep '{'[x]' * 900}'", Expression, "_atom"),
    "brackets of a command": (f"echo a | sed 's/{'[x]' * 900}/b/'", Expression, "_atom"),
}


@pytest.mark.parametrize(("script", "of", "name"), WORKING.values(), ids=WORKING)
def test_work_is_counted_before_it_is_done_and_not_much_at_once(monkeypatch, script, of, name):
    """`name`: what a program of the script calls often. For each call there is a step."""
    counts, work, spend = [[0, 0]], getattr(of, name), limits.Limits.spend

    def counted(self, steps):
        counts.append([steps, 0])
        spend(self, steps)

    def done(*arguments, **options):
        counts[-1][1] += 1
        return work(*arguments, **options)

    monkeypatch.setattr(limits.Limits, "spend", counted)
    monkeypatch.setattr(of, name, done)
    assert not simulated(script).stderr
    assert sum(calls for _, calls in counts) > 500
    assert [count for count in counts if count[1] > min(count[0], limits.AT_ONCE)] == []


LONG = "mkdir /a; cd /; p=$(yes a/.. | head -n 100 | tr '\\n' /); x=$(printf %150s | tr ' ' a); "
QUOTED = "-e '(a{0,20}){0,12}b' "
LOOKING = ("cat", "ls -d", "readlink -f", "touch", "wc", "rmdir", "stat -c %s", "tar cf -")
AT_LENGTH = {
    **{name: f"{LONG} {name} {'$p ' * 400} >/dev/null 2>&1" for name in LOOKING},
    "test": LONG + f"test -d $p {'-a -d $p ' * 400}",
    "tee": LONG + f": >f; echo x | tee {'f ' * 1000} >/dev/null",
    "grep": LONG + f"echo $x | grep -E {QUOTED * 20}",
    "sed": LONG + "echo $x | sed -E '" + "s/(a{0,20}){0,12}b/c/;" * 20 + "'",
}


@pytest.mark.parametrize(("name", "script"), AT_LENGTH.items(), ids=AT_LENGTH)
def test_others_get_their_turn_while_one_program_is_at_work(name, script):
    """Functions are counted that are called meanwhile, the interpreter's own among them, at their begin and end."""
    longest, count = 0, 0

    def note(frame, event, argument):
        nonlocal count
        count += 1

    async def others():
        nonlocal longest, count
        while True:
            count = 0
            await asyncio.sleep(0)
            longest = max(longest, count)

    async def run():
        waiting = asyncio.create_task(others())
        await processes().run(container(), ["sh", "-c", script, "sh"], None)
        await asyncio.sleep(0)
        waiting.cancel()

    sys.setprofile(note)
    try:
        asyncio.run(run())
    finally:
        sys.setprofile(None)
    # What does not give way itself is ended after so many steps; a comparison is never divided.
    assert 0 < longest < (1_000_000 if name in ("ls -d", "test", "grep", "sed") else 100_000)


def holes(size):
    """An archive of one file of so many bytes, none of which is in it (the old GNU format for sparse files)."""
    header = bytearray(tarfile.TarInfo("holes").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"%011o\0%011o\0" % (size, 0)  # the data: none, at the end
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


class Archive:
    def __init__(self, *pieces):
        self.pieces = [*pieces, b""]

    async def read(self):
        return self.pieces.pop(0)


@pytest.mark.parametrize(
    ("archive", "said"),
    [(holes(4_000_000), "too large"), (gzip.compress(holes(10)), "tar: ")],
    ids=("a file with holes", "packed"),
)
def test_an_archive_is_not_unpacked_to_more_than_it_holds(archive, said):
    where = container()
    done = asyncio.run(tar(["xf", "-"], where.files, "/work", Archive(archive)))
    assert done.exit_code == 2
    assert said in done.stderr
    assert where.files.listdir("/work") == []


def test_an_archive_with_a_small_hole_is_unpacked():
    where = container()
    asyncio.run(tar(["xf", "-"], where.files, "/work", Archive(holes(10))))
    assert where.files.read("/work/holes") == bytes(10)


def test_the_paths_that_a_pattern_matches_are_bounded():
    assert "too many words" in simulated("echo " + "/.*" * 20).stderr, "each `.*` matches `.` and `..`"


def test_what_is_typed_is_not_read_again_without_end(monkeypatch):
    monkeypatch.setattr(limits, "STEPS", 20_000)
    read, parser = [], main.Parser
    monkeypatch.setattr(main, "Parser", lambda text: read.append(len(text)) or parser(text))
    assert simulated("(echo 'if :; then'; yes 'a;a;a') | sh").exit_code != 0
    assert 0 < sum(read) < 10 * limits.STEPS


def test_of_a_here_document_that_is_typed_each_line_is_read_once():
    lines = [
        "cat <<-'END' | wc -l",
        *["\t" + "if a;" * 8] * 500,
        "\tEND",
        "cat <<END",
        "\tEND",
        "END",
        "eval 'if'; echo no",
    ]
    done = simulated("cat <<'ALL' | sh\n" + "\n".join(lines) + "\nALL\n")
    assert done.stdout.split() == ["500", "END"]
    assert "end of file unexpected" in done.stderr


def test_lines_that_are_not_printed_are_not_held(monkeypatch):
    monkeypatch.setattr(limits, "HELD", 100_000)
    assert simulated(f"yes {'a' * 99} | head -n 2000 | grep -c b").stdout == "0\n"


def test_the_programs_of_a_node_share_its_memory(monkeypatch):
    monkeypatch.setattr(limits, "HELD", 500_000)
    node = processes()

    async def run():
        few, many = "seq 3000 | sort >/dev/null", "(seq 3000; sleep 9) | sort | (seq 3000; sleep 9) | sort"
        ended = [await node.run(container(), ["sh", "-c", script], None) for script in (few, few, few, many)]
        return [done.exit_code for done in ended]

    assert asyncio.run(run()) == [0, 0, 0, 137], "each gives back what it had"
    assert node.memory.held == 0


def test_the_programs_of_a_visitor_compute_one_in_each_pass_of_the_loop():
    threads = Programs()
    passes = 0

    async def ended(visitor, script):
        await Processes(WORLD, None, threads.room(visitor)).run(container(), ["sh", "-c", script], None)
        return passes

    async def run():
        def next_pass():
            nonlocal passes
            passes += 1
            asyncio.get_running_loop().call_soon(next_pass)

        next_pass()
        loop = "for i in $(seq 2000); do :; done"
        many = [asyncio.ensure_future(ended("192.0.2.1", loop)) for _ in range(20)]
        alone = await asyncio.ensure_future(ended("192.0.2.2", loop))
        return alone, min(await asyncio.gather(*many))

    alone, first = asyncio.run(run())
    assert first > 10 * alone, "another visitor's waits for its own alone"


def test_a_reader_that_waits_for_a_line_does_not_miss_it():
    """It looks whether there is one, and then waits: nothing may come in between."""
    assert simulated('x=$(printf "%9999s"); echo "$x" | grep -c " "').stdout == "1\n"


def test_an_expression_is_searched_once_for_the_end_of_its_last_class():
    class Text(str):
        searched = 0

        def rfind(self, *arguments):
            Text.searched += 1
            return super().rfind(*arguments)

    Expression(Text("[x]" * 300), extended=False)
    assert Text.searched == 1


def test_a_long_format_of_a_date_looks_at_the_moment_once():
    class Moment(datetime):
        formatted = 0

        def __format__(self, form):
            Moment.formatted += 1
            return super().__format__(form)

    assert dates._formatted("%N%F" * 300, Moment(2026, 1, 2, tzinfo=UTC)) == "0000000002026-01-02" * 300
    assert Moment.formatted < 20


def test_an_expression_takes_as_long_as_its_text():
    done = simulated(
        "x=$(printf '%300s' | tr ' ' a); echo $x | grep -cE '(a+)+(a|aa)*(a*)*b'; echo $x | sed 's/a*a*b/-/'"
    )
    assert done.stdout == "0\n" + "a" * 300 + "\n"


def test_what_a_container_writes_is_bounded():
    done = simulated('x=$(printf "%5000s"); for i in $(seq 20); do echo "$x" > f$i || break; done; ls | wc -l')
    assert int(done.stdout) < 15
    assert "No space left on device" in done.stderr


# (4) A terminal


def terminal(*typed):
    """What an interactive shell prints for what is typed, each text once the shell waits for it; and its status."""

    async def run():
        streams = Streams(stdin=True, tty=True)
        shell = asyncio.ensure_future(processes().run(container(), ["sh"], streams))
        printed = []

        async def collect():
            async for _, data in streams.output():
                printed.append(data)

        collecting = asyncio.ensure_future(collect())
        for text in typed:
            while not streams.resting:
                await asyncio.sleep(0.001)
            streams.feed(text.encode())
            await asyncio.sleep(0)
        done = await asyncio.wait_for(shell, 30)
        streams.finish()
        await collecting
        return b"".join(printed).decode(), done.exit_code

    return asyncio.run(run())


def test_a_shell_at_a_terminal_prompts_and_goes_on_after_an_error():
    printed, status = terminal("echo hi\r", "nope\r", "if true\r", "then echo yes; fi\r", "exit 3\r")
    assert printed == (
        "# echo hi\r\nhi\r\n# nope\r\nsh: nope: not found\r\n(nope is not in this simulated image)\r\n"
        "# if true\r\n> then echo yes; fi\r\nyes\r\n# exit 3\r\n"
    )
    assert status == 3


def test_ctrl_c_ends_the_command_and_not_the_shell():
    printed, status = terminal("sleep 1000\r", "\x03", "echo $?\r", "\x04")
    assert "130\r\n" in printed
    assert status == 0
