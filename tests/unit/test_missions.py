"""Files of missions: what is wrong in one is said with its line; a teacher's folder comes after ours."""

import re
from dataclasses import replace

import pytest

from app.console.command_line import parse
from app.console.plan import plan
from app.console.programs import Program
from app.content import ContentError, load
from app.content.missions import offered
from app.flow.missions.mission import Names, filled
from app.flow.missions.mission_file import MalformedMission, read
from app.flow.missions.steps import CallIam, requests
from app.locations import MISSIONS
from app.ui.missions import views

NAMES = Names(account="1", other_account="2", issuer="https://i", issuer_host="i", node_role="n", cluster="c", now="t")

GOOD = """number: 1
best: 1
hints: 1
start:
  - apply: {apiVersion: v1, kind: Namespace, metadata: {name: payments}}
goals:
  - can:
      service_account: payments/reader
      action: s3:ListAllMyBuckets
solution:
  - kubectl get pods
near_misses:
  - name: one
    steps: []
    fails: [1]
"""
WORDS = """[missions.mine]
title = "Mine"
task = "Do it"
hint_1 = "Look"
learned = "This"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("best: 1", "best: none", '2: mission.best: got "none", expected a number from 1 to 999'),
        ("best: 1", "best: 0", "2: mission.best: got 0, expected a number from 1 to 999"),
        ("best: 1\n", "", "1: mission: got .*, expected best (required)"),
        ("hints: 1", "hint: 1", "3: mission: got hint, expected number, best, hints, start"),
        ("goals:", "goal:", "6: mission: got goal, expected number, best, hints, start"),
        ("apply:", "create:", "5: mission.start[1]: got create, expected apply, delete, role"),
        ("metadata: {name: payments}", "metadata: {}", "5: mission.start[1].apply.metadata: got {}, expected name (re"),
        ("metadata: {name: payments}", "metadata: 3", "5: mission.start[1].apply.metadata: got 3, expected an object"),
        ("name: payments", 'name: "${acount}"', "5: .*name: got .*acount.*, expected names of a world"),
        ("payments/reader", "reader", '8: .*service_account: got "reader", expected NAMESPACE/NAME'),
        ("s3:ListAllMyBuckets", "list", '9: .*action: got "list", expected SERVICE:ACTION'),
        ("service_account:", "session:", '8: .*session: got "payments/reader", expected the name of a session'),
        (
            "goals:",
            "  - role: {name: a, trusts: b}\ngoals:",
            '6: mission.start[2].role.trusts: got "b", expected a list',
        ),
        ("goals:", "  - role: {name: a, trusts: [b]}\ngoals:", '6: .*trusts[1]: got "b", expected NAMESPACE/NAME'),
        (
            "goals:",
            "  - allow: {role: a, statements: [s3]}\ngoals:",
            '6: .*statements[1]: got "s3", expected an object',
        ),
        ("goals:", "  - bucket: {name: a, account: b}\ngoals:", '6: .*account: got "b", expected own or other'),
        (
            "      service_account: payments/reader\n",
            "",
            "8: .*: got .*, expected one of service_account, role, session",
        ),
        ("service_account: payments/reader", "role: a\n      session: b", "8: .*expected one of service_account, role"),
        ("fails: [1]", "fails: [2]", "15: mission.near_misses[1].fails[1]: got 2, expected a number from 1 to 1"),
        ("best: 1", "<<: {best: 0}", "2: mission.best: got 0, expected a number from 1 to 999"),
        ("fails: [1]", "<<: {fails: [1, 2]}", "15: mission.near_misses[1].fails[2]: got 2, expected a number from"),
        ("start:", "3: a\nstart:", "1: mission: got .*, expected an object"),
        ("start:", "start: {a", "yaml: got .*, expected one document"),
        (
            "start:\n  - apply: {apiVersion: v1, kind: Namespace, metadata: {name: payments}}",
            "start: 3",
            "4: mission.start",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, said):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(MalformedMission) as error:
        read(text, "dir/m.yaml", "mine")
    pattern = ".*".join(re.escape(part) for part in said.split(".*"))
    assert re.match(rf"dir/m\.yaml:.*{pattern}", str(error.value)), error.value


@pytest.mark.parametrize("text", ["", "3", "[]", "a: &a [*a]", "number: !!python/object:os.system 1", "- {? [1]: 2}"])
def test_what_is_no_mission_at_all_is_refused(text):
    with pytest.raises(MalformedMission):
        read(text, "m.yaml", "mine")


def test_a_teachers_folder_comes_after_ours(tmp_path):
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "words.toml").write_text(WORDS)
    found = offered(str(tmp_path))
    assert [it.mission.id for it in found[:-1]] == [it.mission.id for it in offered()]
    assert found[-1].words_in(load("ja")).title == "Mine", "in the only language that it has"
    (tmp_path / "en" / "words.toml").write_text(WORDS.replace("hint_1", "hint_2"))
    offered.cache_clear()
    with pytest.raises(ContentError, match=r"missions\.mine\.hint_1: no such text"):
        offered(str(tmp_path))
    (tmp_path / "en" / "words.toml").write_text(WORDS)
    (tmp_path / "mine.yaml").rename(tmp_path / "audience.yaml")
    with pytest.raises(ContentError, match=r"audience"):
        offered(str(tmp_path))


def test_the_readme_names_every_step_and_its_example_can_be_read():
    readme = (MISSIONS / "README.md").read_text()
    [example] = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    found = read(example, "README.md", "example")
    assert len(found.goals) == 2
    for step in ("apply", "delete", "role", "trust", "allow", "iam", "bucket", "session"):
        assert f"| `{step}` |" in readme


def test_a_step_becomes_what_the_query_protocol_sends():
    step = {
        "iam": {
            "call": "CreateOpenIDConnectProvider",
            "account": "other",
            "Url": "${issuer}",
            "ClientIDList": ["a", "b"],
        }
    }
    sent = {"Url": "https://i", "ClientIDList.member.1": "a", "ClientIDList.member.2": "b"}
    assert list(requests(step, NAMES)) == [CallIam(action="CreateOpenIDConnectProvider", parameters=sent, other=True)]


@pytest.mark.parametrize("mission", [it.mission for it in offered()], ids=lambda it: it.id)
def test_the_console_takes_every_solution(mission):
    programs = {name: Program(name=name, path=f"/{name}", version="1", reads=()) for name in ("kubectl", "aws")}
    typed = "\n".join(str(filled(line, NAMES)) for line in mission.solution)
    plans = [plan(line, programs, "irsa") for line in parse(typed)]
    assert [it.parts[0].program.name for it in plans] == [line.split()[0] for line in mission.solution]
    given = [it.given for it in plans if it.given is not None]
    assert len(given) == (mission.id == "move_namespace")
    assert all(text.startswith("apiVersion: v1\n") and text.endswith("]\n") for text in given)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_says_which_solution_the_console_does_not_take_and_why(language):
    content = load(language)
    marks = {"ja": "コンソールは受け付けません", "en": "console on this page refuses it"}
    first, *others = offered()
    of_a_shell = replace(first, mission=replace(first.mission, solution=("aws iam get-role --role-name $(cat name)",)))
    said = [marks[language] in views.solution(it, NAMES, content) for it in (of_a_shell, first, *others)]
    assert said == [True] + [False] * len(offered())
