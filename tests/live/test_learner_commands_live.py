"""The lines of the table of what learners type whose outcome was recorded here: a real API server still shows it."""

import os
import subprocess

import pytest

from tests.world.kubectl import KUBECTL
from tests.world.learner_commands import run, write_files, wrong
from tools import commands_page

pytestmark = [pytest.mark.cli, pytest.mark.large, pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH")]
MADE = (
    "pod/keep,pod/box,pod/typo,pod/crash,pod/from-file,job/hello,deploy/web,hpa/web,svc/web,svc/keep,cm/app,secret/key"
)


@pytest.fixture
def learner(controllers, here, tmp_path):
    """The environment of a terminal, and its folder; what was made is gone afterwards."""
    write_files(tmp_path)
    environment = {**os.environ, "ACCOUNT": here.world.account_id, "EDITOR": "true", "KUBECTL_EXTERNAL_DIFF": "diff -u"}
    yield environment, tmp_path
    left = ["kubectl", "delete", "--ignore-not-found", "--now", *MADE.split(",")]
    subprocess.run(left, env=environment, check=True, capture_output=True, timeout=60)


def test_a_real_api_server_shows_what_the_table_says(learner):
    environment, folder = learner
    problems = []
    for row in commands_page.rows():
        if row.source == "api_server":
            problems += wrong(row, run(row.line, environment, folder))
    assert not problems, "\n".join(problems)
