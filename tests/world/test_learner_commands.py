"""What learners type in their first ten minutes, with the real kubectl and aws: each line in turn, in one world."""

import os
import shutil
from pathlib import Path

import pytest

from app.world.setup import tool_files
from tests.aws_cli import AWS, version_2
from tests.world.kubectl import KUBECTL
from tests.world.learner_commands import run, write_files, wrong
from tools import commands_page

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH"),
    pytest.mark.skipif(not AWS.exists(), reason="no .venv-aws/bin/aws: `make setup` installs it"),
]
ROWS = commands_page.rows()
OFTEN = [row for row in ROWS if row.often]


@pytest.fixture
def learner(simulation, world, tmp_path, aws_on_path):
    """The environment of a terminal for a new world, and its folder."""
    write_files(tmp_path)
    for name, content in tool_files.files(simulation, world).items():
        (tmp_path / name).write_bytes(content)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **mine,
        **tool_files.aws_environment(simulation, world),
        "KUBECONFIG": str(tmp_path / tool_files.KUBECONFIG),
        "HOME": str(tmp_path),
        "PATH": f"{aws_on_path}:{os.environ['PATH']}",
        "ACCOUNT": world.account_id,
        "AWS_PAGER": "",
        "EDITOR": "true",
        "KUBECTL_EXTERNAL_DIFF": "diff -u",
    }, tmp_path


@pytest.mark.parametrize(
    "rows", [pytest.param(OFTEN, id="often"), pytest.param(ROWS, id="all", marks=pytest.mark.large)]
)
def test_what_learners_type(world, learner, rows):
    environment, folder = learner
    problems = []
    for row in rows:
        world.usage.quota.take(-1)  # seconds: they type faster here than anyone can
        if row.cli == 1:
            problems += wrong(row, run(row.line, environment, folder))
    assert not problems, "\n".join(problems)


@pytest.mark.large
def test_what_learners_type_with_version_2(learner):
    environment, folder = learner
    program = version_2()
    if program is None:
        pytest.skip("no AWS CLI of version 2")
    path = f"{Path(program).parent}:{environment['PATH']}"
    problems = []
    for row in ROWS:
        if row.cli == 2:
            problems += wrong(row, run(row.line, {**environment, "PATH": path}, folder))
    assert not problems, "\n".join(problems)


def test_at_least_100_come_out_as_with_the_real_product_and_those_in_make_test_have_every_source():
    assert sum(not row.refused for row in ROWS) >= 100
    assert {row.source for row in OFTEN} == {row.source for row in ROWS}
    assert len(OFTEN) * 5 >= len(ROWS)


@pytest.mark.skipif(shutil.which("dash") is None, reason="no dash on the PATH")
def test_dash_does_the_same(tmp_path):
    scripts = [(row, row.line.partition(" -- ")[2]) for row in ROWS if row.source == "dash"]
    assert scripts
    for row, script in scripts:
        done = run(script.replace("sh -c", "dash -c", 1), os.environ, tmp_path)
        assert not list(wrong(row, done))
