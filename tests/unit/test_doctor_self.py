"""`doctor-self`: each probe by changing what it looks at, and what is said of it in both languages."""

import errno
import json
import os
import re
import shlex
import socket
import sys
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from app.commands.doctor_self import command, machine, offered, software, trial_run
from app.commands.doctor_self.finding import Finding
from app.commands.failure import CannotRun
from app.commands.listening import listen
from app.commands.main import command_line
from app.commands.rendering import width, wrapped
from app.console import confinement
from app.console.confine import LEAST_ABI, abi
from app.console.programs import Program
from app.console.world_access import WorldAccess
from app.content import LANGUAGES, load
from app.flow.model import Status
from app.settings import Settings
from app.world.lifecycle import disk_room
from app.world.saved.journal import Journal
from app.world.saved.state_directory import StateDirectory

ROOT = Path(__file__).resolve().parents[2]
ON, OFF, CANNOT_START, UNKNOWN = Status.PASSED, Status.WARNING, Status.FAILED, Status.UNKNOWN
SETTINGS = Settings(host="127.0.0.1")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """All findings of this machine, on which no program is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path_factory.mktemp("no-programs")))
        return {it.id: it for it in command.look(SETTINGS, "127.0.0.1", 0, 1, load("en"))}


def test_a_machine_without_programs_lacks_just_what_needs_them(found):
    missing = {"kubectl", "aws", "graphviz"}
    assert {name for name, it in found.items() if it.status is OFF} - {"bytecode", "cpu", "memory"} == missing
    assert found["world"].status is ON
    assert found["port"].got.startswith("127.0.0.1:")
    assert found["confinement"].status is UNKNOWN
    assert found["fonts"].case == "unlisted"
    assert found["clock"].status in (ON, UNKNOWN)


# --- each probe -------------------------------------------------------------------------------------------------------


def test_confinement_is_not_known_where_no_file_can_be_made_to_try_it_with(monkeypatch):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    found = trial_run.confinement()
    assert (found.status, found.case) == (UNKNOWN, "unwritable")
    for language in LANGUAGES:
        assert "/tmp" in found.text("fix", load(language))


def test_a_port_that_is_in_use_is_shown_with_the_process_that_has_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        refused = machine.port("127.0.0.1", number, load("en"))
    assert (refused.status, refused.case) == (CANNOT_START, "in_use")
    if sys.platform == "linux":
        assert f"PID {os.getpid()}" in refused.got


def test_an_address_of_another_machine_is_refused():
    assert machine.port("192.0.2.1", 0, load("en")).case == "refused"


def test_the_port_of_an_ipv6_address_is_shown_as_in_a_url():
    assert machine.port("::1", 0, load("en")).got.startswith("[::1]:"), "also where this machine has no IPv6"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert machine.port("::ffff:127.0.0.1", number, load("en")).got.startswith(f"[::ffff:127.0.0.1]:{number}")


def test_memory_is_the_least_of_the_machine_and_of_its_control_group(monkeypatch):
    files = {"/proc/meminfo": "MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n"}
    monkeypatch.setattr(machine, "_text", lambda path: files.get(str(path), ""))
    monkeypatch.setattr(machine, "memory_used_and_limit", lambda: (400_000_000, 1_000_000_000))
    without_console = replace(SETTINGS, console=False)
    enough = machine.memory(1, without_console, "127.0.0.1")
    assert (enough.status, enough.got, enough.expected) == (ON, "600 MB", "≥ 163 MB")
    assert machine.memory(200, without_console, "127.0.0.1").status is OFF
    assert machine.memory(30, replace(SETTINGS, console=True), "192.0.2.1").expected == "≥ 1,915 MB"
    monkeypatch.setattr(machine, "memory_used_and_limit", lambda: (None, None))
    assert machine.memory(200, without_console, "127.0.0.1").got == "8,192 MB"
    files.clear()
    assert machine.memory(1, SETTINGS, "127.0.0.1").status is UNKNOWN


@pytest.mark.parametrize(
    ("learners", "usable", "status", "case"),
    [
        (100, 1.0, ON, ""),
        (1, 0.5, OFF, ""),
        (101, 1.5, OFF, ""),
        (200, 2.0, UNKNOWN, "processes"),
        (1, None, UNKNOWN, "unreported"),
    ],
)
def test_a_room_needs_a_core_for_each_hundred_learners(monkeypatch, learners, usable, status, case):
    monkeypatch.setattr("app.serving.operations.control_groups.usable_cores", lambda: usable)
    found = machine.cpu(learners)
    assert (found.status, found.case) == (status, case)
    assert found.expected == f"≥ {found.values['processes']}" == f"≥ {1 + (learners > 100)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_proposed_commands_give_a_container_what_that_many_learners_need(monkeypatch, tmp_path, language):
    monkeypatch.setattr("app.serving.operations.control_groups.usable_cores", lambda: 0.5)
    monkeypatch.setattr(machine, "free_bytes", lambda _: 2 << 20)
    for learners, cpus, size in ((1, 1, 256), (300, 3, 256), (10_000, 100, 493)):
        assert f"--cpus {cpus}`" in machine.cpu(learners).text("fix", load(language))
        assert f"--shm-size {size}m`" in machine.disk(tmp_path, learners).text("fix", load(language))
        with monkeypatch.context() as unready:
            unready.setattr(disk_room, "free_bytes", lambda _: 0)
            assert f"--shm-size {size}m`" in machine.disk(tmp_path, learners).text("fix", load(language))


def test_the_nodes_disk_has_room_for_what_learners_mount(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "free_bytes", lambda _: 64 << 20)
    assert machine.disk(tmp_path, 200).status is ON
    assert machine.disk(tmp_path, 2000).status is OFF


@pytest.mark.parametrize(("limited", "least"), [("free_bytes", "LEAST_DISK"), ("free_files", "LEAST_FILES")])
def test_a_disk_with_which_no_reader_is_sent_here_is_named(monkeypatch, tmp_path, limited, least):
    chosen = replace(SETTINGS, state_dir=str(tmp_path / "new"))
    for free, case in ((getattr(disk_room, least), ""), (getattr(disk_room, least) - 1, "unready")):
        monkeypatch.setattr(disk_room, limited, lambda _, free=free: free)
        found = [machine.state(chosen), machine.disk(tmp_path, 1)]
        assert [it.case for it in found] == [case, case]
    assert [it.status for it in found] == [OFF, OFF]
    for it, check in zip(found, ("kept_worlds", "disk"), strict=True):
        assert f"503 (`{check}`)" in it.text("off", load("en"))
    assert machine.state(replace(SETTINGS, world_dir=str(tmp_path / "new"))).status is ON, "no such check is made there"


def test_the_nodes_disk_is_looked_at_before_there_is_a_world(monkeypatch):
    seen = []

    def disk(folder, learners):
        seen.extend(it.name for it in folder.iterdir())
        return Finding(id="disk", status=ON, got="")

    monkeypatch.setattr(trial_run, "disk", disk)
    monkeypatch.setattr(trial_run, "console", lambda _: iter(()))
    assert [it.id for it in trial_run.world()] == ["world", "disk"]
    assert seen == []


@pytest.mark.parametrize(
    ("descriptors", "learners", "status"),
    [(1024, 40, ON), (1024, 50, OFF), (32_768, 200, ON), (74, 1, ON), (73, 1, CANNOT_START)],
)
def test_a_room_behind_one_address_needs_connections(monkeypatch, descriptors, learners, status):
    monkeypatch.setattr("app.serving.descriptors.raise_limit", lambda: None)
    monkeypatch.setattr("app.serving.descriptors.limit", lambda: descriptors)
    assert machine.connections(learners, SETTINGS).status is status
    if status is CANNOT_START:
        (world,) = trial_run.world()
        assert (world.status, "ulimit -n" in world.text("fix", load("en"))) == (CANNOT_START, True)


def test_before_the_certificates_of_a_world_are_valid_nothing_starts(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    (world,) = trial_run.world()
    found = [world, machine.clock()]
    assert [(it.id, it.status) for it in found] == [("world", CANNOT_START), ("clock", CANNOT_START)]
    assert all("Set the clock" in it.text("fix", load("en")) for it in found)


def test_without_a_folder_for_temporary_files_nothing_starts(monkeypatch, tmp_path):
    assert machine.temporary().status is ON
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert machine.temporary().status is CANNOT_START


def test_kept_worlds_can_be_written_and_are_no_other_process_s(monkeypatch, tmp_path):
    kept = tmp_path / "kept"
    assert machine.state(SETTINGS).status is ON
    assert machine.state(replace(SETTINGS, state_dir=str(kept))).status is ON
    assert not kept.exists(), "looking changes nothing"
    state = StateDirectory(kept)
    try:
        held = machine.state(replace(SETTINGS, state_dir=str(kept)))
    finally:
        state.close()
    assert (held.status, held.case) == (CANNOT_START, "held")
    assert f"PID {os.getpid()}" in held.got
    assert machine.state(replace(SETTINGS, state_dir=str(kept))).status is ON
    Journal(kept / "worlds" / f"a--{'0' * 32}").begin({})
    damaged = machine.state(replace(SETTINGS, state_dir=str(kept)))
    assert (damaged.status, damaged.case, f"a--{'0' * 32}: origin" in damaged.got) == (OFF, "aside", True)
    (kept / "worlds" / f"a--{'0' * 32}").rename(kept / "worlds" / f"a--{'0' * 32}.unreadable")
    aside = machine.state(replace(SETTINGS, state_dir=str(kept)))
    assert (aside.status, f"a--{'0' * 32}.unreadable: origin" in aside.got) == (OFF, True)
    assert all(aside.text(part, load(language)) for part in ("off", "fix") for language in LANGUAGES)
    (kept / "servers.json").write_text("{")
    unreadable = machine.state(replace(SETTINGS, state_dir=str(kept)))
    assert (unreadable.status, unreadable.case) == (CANNOT_START, "unreadable")
    assert str(kept / "servers.json") in unreadable.got
    (tmp_path / "file").touch()
    unusable = machine.state(replace(SETTINGS, world_dir=str(tmp_path / "file")))
    assert (unusable.status, unusable.case) == (CANNOT_START, "unusable")
    unusable = machine.state(replace(SETTINGS, state_dir=str(tmp_path)))  # as `/etc`: a folder of other files
    assert (unusable.status, unusable.case) == (CANNOT_START, "unusable")
    assert os.strerror(errno.ENOTEMPTY) in unusable.got

    def closed(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "exists", closed)  # as in a folder that this user may not enter
    unusable = machine.state(replace(SETTINGS, state_dir=str(kept / "worlds")))
    assert (unusable.status, unusable.case) == (CANNOT_START, "unusable")
    assert os.strerror(errno.EACCES) in unusable.got


def test_where_the_disk_takes_no_further_file_the_worlds_that_are_kept_come_back(monkeypatch, tmp_path):
    kept = tmp_path / "kept"
    StateDirectory(kept).close()
    monkeypatch.setattr("tempfile.TemporaryFile", Mock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    assert machine.state(replace(SETTINGS, state_dir=str(kept))).status is ON
    assert machine.state(replace(SETTINGS, state_dir=str(tmp_path / "new"))).case == "unusable"


def test_missions_that_keep_the_app_from_starting_are_named(tmp_path):
    assert machine.missions(SETTINGS).status is ON
    assert machine.missions(replace(SETTINGS, missions=str(ROOT / "assets" / "missions"))).status is CANNOT_START
    missing = machine.missions(replace(SETTINGS, missions=str(tmp_path / "none")))
    assert (missing.status, str(tmp_path / "none") in missing.got) == (CANNOT_START, True)


def test_packages_are_compared_with_the_pins(monkeypatch, tmp_path):
    pins = tmp_path / "requirements.txt"
    monkeypatch.setattr(software, "REQUIREMENTS", pins)
    assert (software.packages().status, "streamlit 1." in software.packages().got) == (ON, True)
    pins.write_text("streamlit==0.0.1 \\\n    --hash=sha256:0\nuvloop==0.0.1 ; sys_platform != 'win32' \\\n")
    other = software.packages()
    assert (other.status, other.case, other.expected) == (OFF, "other", "streamlit 0.0.1")
    pins.write_text("no-such-package==1.0 \\\n")
    assert (software.packages().status, software.packages().case) == (CANNOT_START, "missing")


@pytest.mark.parametrize(
    ("missing", "status", "case"),
    [(["jq"], OFF, "jq"), (["click"], CANNOT_START, "missing"), (["click", "jq"], CANNOT_START, "missing")],
)
def test_without_jq_the_app_starts_and_without_another_package_it_does_not(monkeypatch, missing, status, case):
    installed = [it for it in software.metadata.distributions() if it.name.lower() not in missing]
    monkeypatch.setattr("importlib.metadata.distributions", lambda: iter(installed))
    found = software.packages()
    assert (found.status, found.case) == (status, case)
    if case == "jq":
        assert all("`jq`" in found.text("off", load(language)) for language in LANGUAGES)


def test_jq_is_loaded_by_nothing_but_the_program_that_it_is():
    code = {path: path.read_text() for path in (ROOT / "app").rglob("*.py")}
    assert [it for it, text in code.items() if re.search(r"^(import|from) jq\b", text, re.MULTILINE)] == []
    inside = {it.name for it, text in code.items() if re.search(r"^ +(import|from) jq\b", text, re.MULTILINE)}
    assert inside == {"json_query.py", "process.py"}


def test_the_python_versions_are_those_that_the_package_wants_and_the_workflow_tests():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest, newest = (".".join(map(str, version)) for version in software.TESTED)
    assert wanted == f">={oldest}"
    matrix = re.search(r"python: \[(.+)\]", (ROOT / ".github/workflows/test.yml").read_text())
    assert matrix is not None
    assert [matrix[1].split(", ")[it].strip("\"'") for it in (0, -1)] == [oldest, newest]


def test_a_python_that_no_test_runs_with_is_named(monkeypatch):
    assert software.python().status is ON
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert (software.python().status, software.python().got) == (OFF, "3.99.0")


def test_a_terminal_without_our_characters_is_named(monkeypatch):
    for encoding, status in ("latin-1", OFF), ("euc-jp", OFF), ("utf-8", ON), ("ascii", ON):  # click writes UTF-8 there
        monkeypatch.setattr(sys, "stdout", open(os.devnull, "w", encoding=encoding))
        with sys.stdout:
            assert software.terminal().status is status, encoding


@pytest.mark.parametrize(
    ("listed", "status"), [("Noto Sans CJK JP,Noto Sans CJK JP Bold\n", ON), ("\\377\\n", ON), ("", OFF)]
)
def test_fonts_are_those_of_fontconfig(monkeypatch, tmp_path, listed, status):
    program = tmp_path / "fc-list"
    program.write_text(f"#!/bin/sh\nprintf '{listed}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert software.fonts().status is status


def test_code_that_is_compiled_at_each_start_is_named(monkeypatch, tmp_path):
    module = tmp_path / "settings.py"
    module.touch()
    monkeypatch.setattr(sys.modules["app.settings"], "__file__", str(module))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert machine.bytecode().status is ON
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for writable, variable in ((True, True), (False, False)):
        monkeypatch.setattr("os.access", lambda *_, writable=writable: writable)
        found = machine.bytecode()
        assert found.status is OFF
        for language in LANGUAGES:
            said = [found.text(part, load(language)) for part in ("off", "fix")]
            assert ["PYTHONDONTWRITEBYTECODE" in text for text in said] == [variable, variable]
            assert ("compileall" in said[1]) is not variable


def test_bytecode_that_this_user_may_not_look_for_is_none(monkeypatch):
    """Root has run the app first, with `umask 077`."""

    def stat(path, *named, **options):
        if str(path).endswith(".pyc"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return found(path, *named, **options)

    found = os.stat
    monkeypatch.setattr("os.stat", stat)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert machine.bytecode().status is OFF


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_that_are_printed_run_in_a_shell_whatever_the_paths(monkeypatch, tmp_path, language):
    folder = tmp_path / "it's [1]  #2 日本語"
    pins, module, python = folder / "requirements.txt", folder / "settings.py", str(folder / "bin" / "python")
    folder.mkdir()
    pins.write_text("streamlit==0.0.1 \\\n")
    monkeypatch.setattr(software, "REQUIREMENTS", pins)
    monkeypatch.setattr(sys.modules["app.settings"], "__file__", str(module))
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr("os.access", lambda *_: False)
    lines = command.as_text([software.packages(), machine.bytecode()], load(language))
    commands = [shlex.split(line.split("`")[1], comments=True) for line in lines if "`" in line]
    assert commands == [
        [python, "-m", "pip", "install", "--require-hashes", "-r", str(pins)],
        [python, "-m", "compileall", str(folder)],
    ]


@pytest.mark.skipif(abi() < LEAST_ABI, reason=f"Landlock version {abi()}, needed {LEAST_ABI}")
def test_confinement_is_tried_and_not_only_asked_for(monkeypatch):
    assert trial_run.confinement().status is ON
    with monkeypatch.context() as without:
        without.setattr(confinement, "abi", lambda: 0)
        assert (trial_run.confinement().status, trial_run.confinement().case) == (OFF, ""), "it read the other file"
    monkeypatch.setattr(trial_run, "launched", lambda *_: ["/bin/sh", "-c", "echo refused >&2; exit 126"])
    fails = trial_run.confinement()
    assert (fails.status, fails.case) == (OFF, "fails")
    assert "refused" in fails.got


def test_a_launcher_that_does_not_end_is_a_finding(monkeypatch):
    monkeypatch.setattr(trial_run, "launched", lambda *_: ["sleep", "30"])
    monkeypatch.setattr(trial_run, "_SECONDS", 0.1)
    found = trial_run.confinement()
    assert (found.status, found.case) == (OFF, "fails")


def test_a_program_that_does_not_reach_the_world_is_named(monkeypatch, tmp_path):
    shell = Program(name="kubectl", path="/bin/false", version="1.2", reads=("/bin/false",))
    monkeypatch.setattr("app.console.programs.find", lambda _: {"kubectl": shell})
    monkeypatch.setenv("PATH", "")
    (tmp_path / "files").mkdir()
    access = WorldAccess(directory=tmp_path, kubeconfig=b"", context="", aws={}, ports=())
    kubectl, aws = trial_run.console(access)
    assert (kubectl.status, kubectl.case, kubectl.expected) == (OFF, "fails", trial_run.COMMANDS["kubectl"])
    assert aws.case == "missing"


@pytest.mark.parametrize("script", ["#!/bin/sh\n", "#!/usr/bin/python3\nprint('no version')\n", None])
def test_a_program_that_is_there_and_is_not_used_is_no_missing_one(monkeypatch, tmp_path, script):
    for name in ("kubectl", "aws"):
        (tmp_path / "loop" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "loop" / name).symlink_to(name)  # before Python 3.13 pathlib does not resolve it
        if script:
            (tmp_path / name).write_text(script)
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'loop'}:{tmp_path}")
    for found in trial_run.console(WorldAccess(directory=tmp_path, kubeconfig=b"", context="", aws={}, ports=())):
        assert (found.status, found.case) == (OFF, "unused" if script else "missing")
        assert found.got == (str(tmp_path / found.id) if script else "–")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("printf 'one\\ntwo'; exit 1", "1.2: one"),
        (f"printf {'x' * 500}; exit 1", f"1.2: {'x' * 200}…"),
        ("printf one; exec /bin/sleep 60", "1.2: > 0 s"),
    ],
)
def test_what_a_program_prints_first_is_shown_and_one_that_hangs_is_stopped(monkeypatch, tmp_path, does, said):
    kubectl = Program(name="kubectl", path="/ghost", version="1.2", reads=())
    monkeypatch.setattr("app.console.programs.find", lambda _: {"kubectl": kubectl})
    monkeypatch.setattr("app.console.run.launched", lambda *_: ["/bin/sh", "-c", does])
    monkeypatch.setattr(trial_run, "_SECONDS", 0.4 if "sleep" in does else 20.0)
    (tmp_path / "files").mkdir()
    access = WorldAccess(directory=tmp_path, kubeconfig=b"", context="", aws={}, ports=())
    assert next(trial_run.console(access)).got == said


def test_a_network_namespace_whose_loopback_is_down_is_named(monkeypatch):
    monkeypatch.setattr("socket.create_connection", Mock(side_effect=OSError(errno.ENETUNREACH, "unreachable")))
    (world,) = trial_run.world()
    assert (world.id, world.status) == ("world", CANNOT_START)
    assert "unreachable" in world.got


@pytest.mark.cli
def test_the_real_kubectl_reaches_the_world(monkeypatch):
    monkeypatch.setattr(trial_run, "COMMANDS", {"kubectl": trial_run.COMMANDS["kubectl"]})
    monkeypatch.setattr("app.console.programs.NAMES", ("kubectl",))
    world, _, kubectl = trial_run.world()
    assert (world.status, kubectl.status) == (ON, ON), kubectl


@pytest.mark.parametrize(
    ("settings", "host", "live", "console"),
    [
        (SETTINGS, "127.0.0.1", "", ""),
        (SETTINGS, "192.0.2.1", "live_not_on_loopback", "console_not_local"),
        (replace(SETTINGS, live=False, console=False), "127.0.0.1", "live_switched_off", "console_switched_off"),
        (replace(SETTINGS, frame_ancestors=("https://x.example",)), "127.0.0.1", "live_framed", "console_not_local"),
    ],
)
def test_what_the_settings_keep_from_readers_is_what_the_pages_say(settings, host, live, console):
    shown = [offered.live(settings, host), offered.console(settings, host)]
    assert [it.refused for it in shown] == [live, console]
    for it, code in zip(shown, (live, console), strict=True):
        assert it.text("off", load("en")) == (load("en").message(f"errors.{code}.title") if code else "")


@pytest.mark.parametrize(
    ("host", "resolved", "is_on"),
    [
        ("127.1", "", True),
        ("LOCALHOST", "", True),
        ("vm.example", "127.0.0.1", True),
        ("0.0.0.0", "", False),  # noqa: S104
        ("localhost", "0.0.0.0", False),  # noqa: S104
        ("x" * 64, "", False),  # no name has a label that long
    ],
)
@pytest.mark.parametrize("by", ["--host", "IRSA_HOST"])
def test_live_mode_and_the_console_are_on_where_serve_has_them_on(monkeypatch, by, host, resolved, is_on):
    look_up = socket.getaddrinfo
    if resolved:
        monkeypatch.setattr("socket.getaddrinfo", lambda _, *given, **named: look_up(resolved, *given, **named))
    monkeypatch.setattr(trial_run, "world", lambda _: iter(()))
    arguments = ["doctor-self", "--port", "0", "-o", "json", *(["--host", host] if by == "--host" else [])]
    settings = SETTINGS if by == "--host" else replace(SETTINGS, host=host)
    done = CliRunner().invoke(command_line(settings, load("en")), arguments)
    found = {it["id"]: it["status"] for it in json.loads(done.stdout)["findings"]}
    assert (found["live"], found["console"]) == (("on", "on") if is_on else ("off", "off"))
    with suppress(CannotRun), listen(host, 0, load("en"), option="--port") as listener:
        refusal = replace(SETTINGS, host=listener.getsockname()[0]).live_refusal()
        assert (refusal == "") is is_on, "serve decides otherwise"


# --- what is said -----------------------------------------------------------------------------------------------------


def everything_wrong(words):
    """A finding for each pair of texts in the content."""
    for key in words.messages:
        if match := re.fullmatch(r"doctor_self\.([a-z]+)\.?([a-z_]*)\.fix", key):
            identifier, case = match.groups()
            values = {
                "python": "/venv/bin/python",
                "file": "/irsa/requirements.txt",
                "folder": "/irsa/app",
                "processes": 2,
                "mebibytes": 256,
            }
            yield Finding(id=identifier, case=case, status=OFF, got="x " * 60, expected="y", values=values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_can_be_off_has_words_and_fits_into_80_columns(language):
    words = load(language)
    wrong = [*everything_wrong(words), offered.live(SETTINGS, "192.0.2.1"), offered.console(SETTINGS, "192.0.2.1")]
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in command.as_text(wrong, words)]
    assert [line for line in lines if width(line) > 80 and line.count("`") != 2] == []
    for it in wrong:
        assert it.text("off", words)
        assert it.text("fix", words)


def test_every_case_in_the_code_has_words():
    modules = (ROOT / "app/commands/doctor_self").glob("*.py")
    written = "".join(path.read_text() for path in modules)
    cases = {case for line in re.findall(r"case=.*", written) for case in re.findall(r'"(\w+)"', line)}
    with_words = {it.case for it in everything_wrong(load("en")) if it.case}
    assert cases - {"port_in_use"} == with_words


@pytest.mark.parametrize(
    ("statuses", "status", "outcome"),
    [((ON, UNKNOWN), 0, "all_on"), ((ON, OFF, UNKNOWN), 1, "some_off"), ((OFF, CANNOT_START), 2, "cannot_start")],
)
def test_the_exit_status_is_that_of_the_worst(monkeypatch, statuses, status, outcome):
    given = [Finding(id="python", status=it, got="3") for it in statuses]
    monkeypatch.setattr(command, "look", lambda *_: iter(given))
    group = command_line(Settings(), load("ja"))
    done = CliRunner().invoke(group, ["doctor-self", "--output", "json", "--lang", "en"])
    assert (done.exit_code, json.loads(done.stdout)["outcome"]) == (status, outcome)
    said = CliRunner().invoke(group, ["doctor-self", "--lang", "en"]).stdout
    assert load("en").message(f"doctor_self.{outcome}", off=1, failed=1).partition(":")[0] in said


def test_lines_break_where_a_reader_expects_it():
    assert wrapped("run `a b c` now", 9) == ["run", "`a b c`", "now"]
    assert wrapped("run `a b c`.", 11) == ["run", "`a b c`."]
    assert wrapped("日本語の、文章（長い）です。", 8) == ["日本語", "の、文章", "（長い）", "です。"]
    assert wrapped("", 8) == [""]
