"""The command line as a whole: help in the reader's language, statuses, and settings that cannot be used."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app import __version__, own_commands
from app.commands.failure import CannotRun, unusable_settings
from app.commands.help import command_of
from app.commands.main import EXPLORER, KUBECTL, asked_language, command_line, ignored_key_log
from app.commands.rendering import labelled, marked, print_lines, width
from app.content import load
from app.flow.model import Status
from app.flow.redaction.command_lines import MASK
from app.settings import Settings, WrongValue
from app.starting import on_hang_up, wait_for_signal

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("serve", "world", "walk", "faults", "doctor", "check", "token", "aws", "doctor-self")


def run_process(*arguments, **environment):
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_speaks_the_readers_language(name, language):
    words = load(language)
    group = command_line(Settings(locale=language), words)
    assert set(group.commands) == set(COMMANDS)
    assert group.commands[name].help == words.message(f"cli.help.{name}")
    shown = CliRunner().invoke(group, [name, "--help"], terminal_width=80)
    assert shown.exit_code == 0
    assert [line for line in shown.output.splitlines() if width(line) > 80] == []


def test_without_a_command_the_pages_are_served_and_the_plugin_shows_its_help(monkeypatch):
    served = []
    monkeypatch.setattr("app.commands.serve.run", lambda *given: served.append(given))
    explorer = command_line(Settings(port=0), load("en"))
    assert CliRunner().invoke(explorer, []).exit_code == 0
    assert len(served) == 1
    plugin = CliRunner().invoke(command_line(Settings(), load("en"), KUBECTL), [])
    assert "Usage: " in plugin.output
    assert len(served) == 1


@pytest.mark.parametrize("program", [EXPLORER, KUBECTL])
def test_the_version_is_the_packages(program):
    shown = CliRunner().invoke(command_line(Settings(), load("ja"), program), ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"IRSA Explorer {__version__}\n")


MISUNDERSTOOD = {
    # what is typed: (the error's words, what was got, what was expected)
    "fly": ("no_such_command", "fly", "doctor, doctor-self, faults"),
    "srve": ("no_such_command", "srve", "serve, aws, check"),
    "--fast": ("no_such_option", "--fast", "--host"),
    "--port x": ("bad_value", "x", "0…65535"),
    "doctor --pods x": ("no_such_option", "--pods", "--pod"),
    "doctor --output xml": ("bad_value", "xml", "text, json, html"),
    "doctor --do s3 --do all --do fly": ("bad_value", "fly", "s3, all"),
    "doctor --from /": ("bad_value", "/", "{file}"),
    "serve --missions /none": ("bad_value", "/none", "{folder}"),
    "doctor --save=": ("bad_value", "''", "{file}"),
    "world --dir=": ("bad_value", "''", "{path}"),
    "serve --dir=": ("bad_value", "''", "{path}"),
    "check --filename=": ("bad_value", "''", "{path}"),
    "serve --port=": ("bad_value", "''", "0…65535"),
    "serve --port many": ("bad_value", "many", "0…65535"),
    "serve --port 65536": ("bad_value", "65536", "0…65535"),
    "doctor --pod": ("bad_command_line", "python -m app doctor --pod", "--pod TEXT"),
    "doctor --all-namespaces=yes": (
        "bad_command_line",
        "python -m app doctor --all-namespaces=yes",
        "--all-namespaces",
    ),
    "world": ("bad_command_line", "python -m app world", "--dir PATH"),
    "token": ("bad_command_line", "python -m app token", "FILE|-"),
    "walk far": ("bad_command_line", "python -m app walk far", "python -m app walk [OPTIONS]"),
    "--": ("bad_command_line", "python -m app", "python -m app [OPTIONS] COMMAND"),
}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("typed", MISUNDERSTOOD)
def test_what_cannot_be_understood_is_reported_in_the_readers_language(typed, language):
    code, got, expected = MISUNDERSTOOD[typed]
    words = load(language)
    result = CliRunner().invoke(command_line(Settings(), words), typed.split(), prog_name="python -m app")
    assert (result.exit_code, result.stdout) == (2, "")
    title, first, second, third = result.stderr.splitlines()
    option = next(filter(lambda word: word.startswith("--"), typed.split()), "").partition("=")[0]
    assert title == words.message(f"errors.{code}.title", **({"option": option} if code == "bad_value" else {}))
    assert got in first
    kinds = {name: words.message(f"cli.a_{name}") for name in ("file", "folder", "path")}
    assert expected.format(**kinds) in second
    assert "--help`" in third


def test_a_value_of_the_environment_that_is_refused_is_shown():
    result = CliRunner().invoke(command_line(Settings(missions="/none"), load("en")), ["serve"])
    assert "/none" in result.stderr.splitlines()[1]


def test_a_user_without_a_home_gets_one_that_nobody_can_fill():
    """Streamlit answers no page where there is none."""
    program = (
        "import atexit, pathlib, pwd, sys\n"
        "pwd.getpwuid = {}.__getitem__\n"
        "atexit.register(lambda: print(pathlib.Path.home()))\n"
        "sys.argv = ['irsa-explorer', '--help']\n"
        "from app.commands.main import main\n"
        "main()\n"
    )
    homeless = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=homeless, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "/nonexistent"


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("file", "counts"), [("none/keys", False), ("", False), ("keys", True)])
def test_a_file_for_tls_keys_that_cannot_be_written_does_not_count(monkeypatch, tmp_path, file, counts, language):
    """Python raises `FileNotFoundError` where it makes a TLS context: each page of the simulated world does."""
    words, path = load(language), str(tmp_path / file)
    monkeypatch.setenv("SSLKEYLOGFILE", path)
    said = list(ignored_key_log(words))
    assert said == ([] if counts else [words.message("cli.ignored_key_log", got=path, variable="SSLKEYLOGFILE")])
    assert os.environ.get("SSLKEYLOGFILE") == (path if counts else None)
    ssl.create_default_context()


def test_errors_and_help_speak_the_language_that_is_asked_for():
    refused = run_process("token", "--fast", "--lang=ja", LC_ALL="C")
    assert load("ja").message("errors.no_such_option.title") in refused.stderr
    assert load("ja").message("cli.help.help") in run_process("token", "--lang", "ja", "-h", LC_ALL="C").stdout


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        ("walk --lang ja --lang en", "en"),
        ("walk --lang en --lang ja", "ja"),
        ("walk --lang=ja --lang en", "en"),
        ("walk --lang en --lang xx", "en"),
        ("--lang ja", "ja"),
    ],
)
def test_of_several_languages_the_last_one_counts_as_for_every_option(arguments, language):
    assert asked_language(arguments.split()) == language


@pytest.mark.parametrize(
    ("arguments", "status", "commands"),
    [
        (["--help"], 0, set(COMMANDS)),
        (["serve", "--help"], 0, {"serve", "world"}),
        (["doctor", "-s", "my-sa", "--context", "ghost"], 2, {"doctor"}),
    ],
)
def test_what_asks_nobody_waits_for_no_client_and_no_other_command(tmp_path, arguments, status, commands):
    """They take half a second to load."""
    (tmp_path / "config").write_text("contexts: []\n")
    tells = "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))"
    program = [sys.executable, "-c", f"{tells}; from app.commands.main import main; main()", *arguments]
    environment = {**os.environ, "KUBECONFIG": str(tmp_path / "config")}
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    loaded = set(done.stderr.splitlines())
    assert done.returncode == status
    assert {name for name, module in EXPLORER.commands.items() if module in loaded} == commands
    assert loaded & {"boto3", "botocore", "kubernetes", "streamlit"} == set()


SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
STARTED = {
    "python -m app": "import app.__main__",
    **{name: f"from {where.replace(':', ' import ')} as run; run()" for name, where in SCRIPTS.items()},
}


@pytest.mark.parametrize(
    ("name", "number"),
    [*((name, "SIGINT") for name in STARTED), ("irsa-explorer", "SIGTERM"), ("irsa-explorer", "SIGHUP")],
    ids="-".join,
)
def test_a_signal_while_it_loads_ends_it_quietly(name, number):
    """SIGTERM by a handler: without one the first process of a container gets none."""
    program = (
        "import os, signal, sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n"
        f"            os.kill(os.getpid(), signal.{number})\n"
        "sys.meta_path.insert(0, Interrupted())\n"
    )
    # A shell that ignores SIGINT for what it has in the background hands that on.
    program += f"signal.signal(signal.SIGINT, signal.default_int_handler)\n{STARTED[name]}\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.Signals[number], "", "")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("callback", ["weakref.ref(it, lost)", "weakref.finalize(it, lost)"])
def test_a_signal_in_a_callback_that_drops_what_is_raised_in_it_is_not_lost(callback, number):
    """As importlib's own callbacks do, of which a start has some hundreds."""
    program = (
        "import signal, time, weakref\n"
        "from app.starting import interruptible\n"
        "class It: pass\n"
        f"def lost(*_): signal.raise_signal(signal.{number}); print('not reached')\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with interruptible():\n"
        "    it = It()\n"
        f"    callback = {callback}\n"
        "    del it\n"
        "    for _ in range(500): time.sleep(0.02)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    again = signal.SIGINT if number == "SIGINT" else signal.SIGTERM
    assert (done.returncode, done.stdout, done.stderr) == (128 + again, "", "")


def test_what_nohup_started_goes_on_after_its_terminal_is_closed(monkeypatch):
    handlers, heard = {signal.SIGHUP: signal.SIG_IGN}, []
    monkeypatch.setattr(signal, "getsignal", handlers.get)
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    on_hang_up(lambda *got: heard.append(got))
    assert handlers == {signal.SIGHUP: signal.SIG_IGN}
    handlers[signal.SIGHUP] = signal.SIG_DFL
    on_hang_up(lambda *got: heard.append(got))
    handlers[signal.SIGHUP](signal.SIGHUP, None)
    assert (heard, handlers) == ([(signal.SIGHUP, None)], {signal.SIGHUP: signal.SIG_IGN}), "it comes twice"


def test_a_signal_that_another_thread_gets_ends_the_wait_of_the_main_one():
    stop, late = threading.Event(), []
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    main = threading.get_ident()
    timer = threading.Timer(30.0, lambda: (late.append(True), signal.pthread_kill(main, signal.SIGUSR1)))
    timer.start()
    try:
        threading.Timer(0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)).start()
        wait_for_signal(stop)
    finally:
        timer.cancel()
        signal.signal(signal.SIGUSR1, before)
    assert not late, "only one that interrupts the main thread's wait ended it"


def test_a_wrong_value_cannot_look_like_two():
    wrong = WrongValue(variable="IRSA_HOST", got="x\nIRSA_PORT=y", expected="")
    assert r"IRSA_HOST=x\nIRSA_PORT=y" in unusable_settings([wrong], load("en")).message


def test_an_interruption_says_nothing_of_the_checks():
    group = command_line(Settings(), load("en"))

    @command_of("walk", load("en"))
    def wait():
        raise KeyboardInterrupt

    group.add_command(wait)
    assert CliRunner().invoke(group, ["walk"]).exit_code == 130


@pytest.mark.parametrize("language", ["ja", "en"])
def test_settings_that_cannot_be_used_are_named_all_at_once(language):
    wrong = {"IRSA_PORT": "many", "IRSA_WORLDS": "0", "IRSA_MISSIONS_DIR": f"https://{MASK}@git.example/missions"}
    typed = {name: it.replace(MASK, "bob:hunter2") for name, it in wrong.items()}
    done = run_process("serve", **typed, IRSA_HOTS="::1", LC_ALL=f"{language}_XX.UTF-8")
    assert (done.returncode, done.stdout) == (2, "")
    for said in (*map("=".join, wrong.items()), "0…65535", "1…100000", f"unset {' '.join(wrong)}"):
        assert said in done.stderr
    assert load(language).message("cli.ignored_setting.similar", got="IRSA_HOTS", meant="IRSA_HOST") in done.stderr
    assert load(language).message("errors.bad_setting.title") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("typed", [["--help"], ["--version"], ["serve", "--help"], ["doctor", "-h"]], ids=" ".join)
def test_help_and_version_need_no_settings(typed):
    done = run_process(*typed, IRSA_PORT="many")
    assert (done.returncode, done.stdout, done.stderr) == (0, run_process(*typed).stdout, "")


def test_settings_that_cannot_be_used_are_json_where_a_program_waits_for_it():
    done = run_process("doctor", "-o", "json", IRSA_PORT="tcp://10.0.0.1:80", IRSA_SERVICE_HOST="10.0.0.1", LC_ALL="C")
    document = json.loads(done.stdout)
    (setting,) = document["settings"]
    assert setting == {
        "variable": "IRSA_PORT",
        "got": "tcp://10.0.0.1:80",
        "expected": "0…65535",
        "where": "environment",
    }
    assert document["to_paste"][0]["text"] == "enableServiceLinks: false"


def test_a_variable_that_is_no_setting_is_named_on_standard_error_alone():
    done = run_process("token", "/no/such/file", "-o", "json", IRSA_PROT="9000", LC_ALL="C")
    assert json.loads(done.stdout)["id"] == "file_unreadable"
    assert load("en").message("cli.ignored_setting.similar", got="IRSA_PROT", meant="IRSA_PORT") in done.stderr


def test_a_terminal_without_our_characters_still_gets_the_answer():
    done = run_process("token", "/no/such/file", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "/no/such/file" in done.stderr


def test_labels_line_up_by_the_columns_that_they_take():
    first, second = labelled({"実際の値": "a", "got": "b"}, indent=2)
    plain = [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in (first, second)]
    assert width(plain[0].partition("a")[0]) == width(plain[1].partition("b")[0])


def test_a_value_of_several_lines_stays_in_its_column():
    lines = labelled({"got": "one\ntwo", "empty": ""}, indent=4)
    assert len(lines) == 2
    assert lines[1].endswith("two")
    assert lines[1].startswith(" " * (4 + len("empty") + 2))


def test_every_status_has_a_mark_of_its_own():
    marks = {marked(status, "x") for status in Status}
    assert len(marks) == len(Status)


@pytest.mark.parametrize(
    ("started", "examines", "lists"),
    [
        ("python -m app", "python -m app", "python -m app"),
        ("irsa-explorer", "irsa-explorer", "irsa-explorer"),
        ("kubectl irsa", "kubectl irsa", "irsa-explorer"),
    ],
)
def test_a_command_to_paste_begins_as_this_one_did(started, examines, lists, monkeypatch):
    monkeypatch.setattr(own_commands, "_started", [started])
    text = "python -m app doctor -n a\n  `helm template . | python -m app check -f -`\n  Got  python -m app doctor\n"
    text += '{"fix": "python -m app faults"}\n    python -m app walk --fault F21'

    @click.command()
    def shown():
        print_lines([text])
        raise CannotRun(load("en"), "no_manifests", [("", "python -m app token x")], got="python -m app check")

    result = CliRunner().invoke(shown, [])
    assert result.stdout.splitlines() == [
        f"{examines} doctor -n a",
        f"  `helm template . | {examines} check -f -`",
        "  Got  python -m app doctor",
        f'{{"fix": "{lists} faults"}}',
        f"    {lists} walk --fault F21",
    ]
    assert f"`{examines} check -f manifests/" in result.stderr
    assert f"    {examines} token x" in result.stderr
    assert "python -m app check\n" in result.stderr


@pytest.mark.parametrize(
    ("found", "runs", "named"),
    [
        ("", ".venv/bin/python", ".venv/bin/python -m app"),
        ("/usr/bin", ".venv/bin/python", ".venv/bin/python -m app"),
        (".venv/bin", ".venv/bin/python", "python -m app"),
        ("", "my env/python", "'my env/python' -m app"),
        ("", "../elsewhere/python", "python -m app"),
    ],
)
def test_a_module_is_run_by_a_python_that_the_shell_finds(found, runs, named, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_commands, "_started", [""])
    monkeypatch.setattr(sys, "executable", os.path.normpath(tmp_path / runs))
    which = os.path.join(tmp_path, found, "python") if found else None
    monkeypatch.setattr("shutil.which", lambda name: which)
    own_commands.start_as("python -m app")
    for command in ("doctor", "--help"):
        assert own_commands.as_started(f"Run `python -m app {command}`.") == f"Run `{named} {command}`."


def test_a_module_is_run_from_a_folder_that_was_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(own_commands, "_started", [""])
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    own_commands.start_as("python -m app")
    assert own_commands.program() == "python -m app"
