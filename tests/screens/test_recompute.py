"""Recompute it yourself: what a page offers, and that the keys of a world never come near the browser."""

import json
import re
import stat
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.content import load
from app.flow.model import Step
from app.ui.state import session
from app.ui.step.recompute import EXAMPLES, shown
from app.world.setup.tool_files import AWS, CA, KUBECONFIG
from tests.screens.live import asked_as


def page(step: str) -> None:
    from app.content import load
    from app.flow.model import Step
    from app.ui.state import session
    from app.ui.step.recompute import recompute

    recompute(Step(step), session.walk_view(), load("en"))


@pytest.fixture
def opened(simulation, monkeypatch):
    """Opens the part for a step, in a browser on the server's machine."""
    asked_as(monkeypatch, launched=False)
    return lambda step: AppTest.from_function(page, args=(step,), default_timeout=60).run()


def drawn(test: AppTest) -> str:
    """All that the browser is given to draw."""
    components = [json.loads(part.proto.json or part.proto.mixed.json) for part in test.get("bidi_component")]
    return "\n".join([*(part["html"] for part in components), *(part.value for part in test.markdown)])


def programs(test: AppTest) -> list[str]:
    """What the page's buttons copy."""
    return [unescape(text) for text in re.findall(r'data-copy="([^"]*)"', drawn(test))]


@pytest.mark.parametrize("step", Step)
def test_each_step_offers_a_command_and_python(opened, step):
    test = opened(step.value)
    assert not test.exception
    shell, python, another_world = programs(test)
    assert shell.startswith("#")
    assert "import " in python
    assert another_world == "python -m app world --dir world"


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_an_example_is_the_file_with_its_comment_in_the_readers_language(path):
    assert shown(path, load("en")) == path.read_text()
    japanese = shown(path, load("ja"))
    comments = [line for line in japanese.splitlines() if line.startswith("#")]
    assert all(re.search("[ぁ-ん]", line) for line in comments)
    code = path.read_text().splitlines()
    assert japanese.splitlines()[len(comments) :] == [line for line in code if not line.startswith("#")]


def test_the_values_are_those_of_the_readers_own_world(opened):
    test = opened("sts_assume")
    world = session.simulation().world(test.session_state["browser"])
    assert f"{world.account_id}:assumed-role/s3-reader/irsa-explorer" in drawn(test).replace("<wbr>", "")


def test_the_files_are_written_on_request_and_only_for_the_servers_own_account(opened):
    test = opened("access")
    world = session.simulation().world(test.session_state["browser"])
    test.button(key="write_files").click().run()
    commands = next(text for text in programs(test) if "export KUBECONFIG" in text)
    folder = Path(commands.partition("KUBECONFIG=")[2].splitlines()[0]).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {AWS, CA, KUBECONFIG}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert world.account.admin.secret_access_key in (folder / AWS).read_text()
    for secret in (world.account.admin.secret_access_key, world.admin_token):
        assert secret not in drawn(test)
        assert secret not in str(test.session_state._state.filtered_state)


def test_the_issuers_step_shows_how_to_read_the_issuer_by_its_name(opened):
    test = opened("oidc_provider")
    world = session.simulation().world(test.session_state["browser"])
    assert not any("--connect-to" in text for text in programs(test)), "there is no CA file yet"
    test.button(key="write_files").click().run()
    [command] = [text for text in programs(test) if "--connect-to" in text]
    assert f"--cacert {world.directory}" in command
    assert command.strip().endswith(f"{world.issuer}/.well-known/openid-configuration")


def test_the_files_go_with_their_world(opened):
    test = opened("webhook")
    test.button(key="write_files").click().run()
    [commands] = [text for text in programs(test) if "export KUBECONFIG" in text]
    folder = Path(commands.partition("KUBECONFIG=")[2].splitlines()[0]).parent
    assert folder.is_dir()
    session.simulation().reset(test.session_state["browser"])
    assert not folder.exists()
    assert not any("export KUBECONFIG" in text for text in programs(test.run()))


def test_a_browser_on_another_machine_is_not_offered_files_of_this_one(opened, monkeypatch):
    asked_as(monkeypatch, served_on="172.17.0.2")
    assert not opened("webhook").button
