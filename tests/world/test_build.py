"""The exercise in a world: each task is done by its plan, by other names and in another order, and by nothing less."""

import dataclasses
import json
import re
from urllib.parse import parse_qs, unquote

import pytest

from app.flow.build import plan as plans
from app.flow.build.plan import READ_ONLY, plan
from app.flow.build.role import role_checks
from app.flow.build.tasks import TASKS, TaskId, next_task, progress
from app.flow.doctor import examine
from app.flow.film import film
from app.flow.film.ghosts import ghosts as ghosts_of
from app.flow.model import Status
from app.flow.steps.walk import walk
from app.flow.verdict.judge import Outcome
from app.flow.verdict.link_states import chain_state
from app.flow.verdict.links import LINKS
from app.ui.map.film_view import standing
from app.wiring import learners_cluster, simulated
from app.world.aws.iam import actions as iam
from app.world.lifecycle.experiments import create_service_account
from app.world.setup import building
from app.world.setup.roles import NODE_TRUST, create_role, trust_policy


class Exercise:
    """A learner in a world that began empty."""

    def __init__(self, simulation, world):
        self.simulation, self.world = simulation, world

    def look(self):
        self.simulation.follow(self.world)
        ports, chain = simulated(self.simulation, self.world), self.world.chain
        try:
            log = ports.cluster.pod_log(chain.namespace, chain.pod)
        except Exception:  # there is no such Pod yet
            log = ""
        return progress(building.seen(self.world, ports, walk(ports, chain.subject), log))

    def done(self):
        return [it.task.id for it in self.look() if it.done]

    def do(self, task):
        found = next(it for it in self.look() if it.task.id is task)
        acts = plan(found, building.place(self.world))
        self.sent = self.simulation.run(building.carry_out(self.world, acts))
        for request in [it.in_pod for it in self.sent if it.in_pod]:
            cluster = learners_cluster(self.simulation, self.world)
            assert cluster.execute(request.namespace, request.pod, "", request.command).exit_code == 0
        return acts

    def goals(self, task):
        found = next(it for it in self.look() if it.task.id is task)
        return {goal.id: goal.done for goal in found.goals}


@pytest.fixture
def exercise(simulation):
    yield Exercise(simulation, simulation.world("build", start="empty"))
    simulation.store.discard("build")


@pytest.mark.parametrize(
    ("pattern", "made", "name"), [("*", (), "my-sa"), ("*", ("orders",), "orders"), ("ord-*", (), "my-sa")]
)
def test_a_pattern_for_the_name_leaves_the_namespace_of_the_learner(exercise, pattern, made, name):
    world = exercise.world
    exercise.do(TaskId.PROVIDER)
    for account in made:
        exercise.simulation.run(create_service_account(world, "team-a", account))
    create_role(world, "mine", trust_policy(world, "team-a", pattern))
    wrong = next(it for it in exercise.look() if it.task.id is TaskId.ROLE).wrong
    assert wrong.id == "trust.subject"
    assert (wrong.got, wrong.expected) == (
        f"system:serviceaccount:team-a:{pattern}",
        f"system:serviceaccount:team-a:{name}",
    )
    assert wrong.reason == "literal"


def test_nothing_is_done_in_an_empty_world(exercise):
    assert exercise.done() == []
    assert next_task(exercise.look()) is TaskId.LOOK_AROUND
    assert not any(goal.done for it in exercise.look() for goal in it.goals)


def test_each_plan_does_its_task_and_no_later_one(exercise):
    order = [task.id for task in TASKS]
    for number, task in enumerate(order):
        exercise.do(task)
        assert exercise.done() == order[: number + 1]
    assert next_task(exercise.look()) is None


def test_what_the_buttons_sent_has_no_secret_in_the_log(exercise):
    for task in TASKS:
        exercise.do(task.id)
    assert "<SecretAccessKey>" in outputs(exercise)
    text = outputs(exercise) + unquote(json.dumps([dataclasses.asdict(it) for it in exercise.world.log.setup()]))
    assert "AssumeRoleWithWebIdentity" in text
    keys = [exercise.world.account.admin, *exercise.world.account._sessions.values()]
    secrets = [exercise.world.admin_token, *(key.secret_access_key for key in keys)]
    assert not [secret for secret in secrets if secret in text]
    assert set(re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.([\w-]*)", text)) == {""}


def outputs(exercise):
    return " ".join(it.output for it in exercise.sent)


def test_tasks_may_be_done_in_another_order_and_a_plan_repairs_what_is_wrong(exercise):
    # (1) The ServiceAccount before its role, and the Pod before both are right.
    exercise.do(TaskId.SERVICE_ACCOUNT)
    assert exercise.goals(TaskId.SERVICE_ACCOUNT)["role.exists"] is False
    exercise.do(TaskId.POD_AFTER)
    assert exercise.done() == [TaskId.POD_AFTER]
    # (2) A role that trusts someone else.
    create_role(exercise.world, exercise.world.chain.role, NODE_TRUST)
    wrong = next(it for it in exercise.look() if it.task.id is TaskId.ROLE)
    assert wrong.wrong.id == "trust.provider"
    [first, second] = exercise.do(TaskId.ROLE)
    assert first.command.startswith("aws iam update-assume-role-policy")
    assert second.command.startswith("aws iam attach-role-policy")
    exercise.do(TaskId.PROVIDER)
    # (3) The Pod of before has failed; that all is right now does not make it list anything.
    assert exercise.goals(TaskId.BUCKETS) == {
        "sts.credentials": True,
        "access.list_buckets": True,
        "log_lists_buckets": False,
        "log_after": False,
    }
    exercise.do(TaskId.BUCKETS)
    assert set(exercise.done()) >= {TaskId.ISSUER, TaskId.PROVIDER, TaskId.ROLE, TaskId.POD_AFTER, TaskId.BUCKETS}


@pytest.mark.parametrize(
    ("condition", "missing"),
    [
        ({}, {"trust.audience", "trust.subject", "trust.scope"}),
        ({"StringEquals": ("aud",)}, {"trust.subject", "trust.scope"}),
        ({"StringEquals": ("sub",)}, {"trust.audience"}),
        ({"StringEquals": ("aud",), "StringLike": ("any",)}, {"trust.scope"}),
    ],
)
def test_a_role_that_trusts_more_than_one_service_account_is_not_done(exercise, condition, missing):
    world = exercise.world
    exercise.do(TaskId.PROVIDER)
    exercise.do(TaskId.ROLE)
    subject = f"system:serviceaccount:{world.chain.namespace}:{world.chain.service_account}"
    values = {"aud": ("aud", "sts.amazonaws.com"), "sub": ("sub", subject), "any": ("sub", "system:serviceaccount:*")}
    document = json.loads(world.account.roles[world.chain.role].trust_policy)
    host = world.issuer.removeprefix("https://")
    [statement] = document["Statement"]
    statement["Condition"] = {
        operator: {f"{host}:{values[it][0]}": values[it][1] for it in keys} for operator, keys in condition.items()
    }
    asked = {"RoleName": world.chain.role, "PolicyDocument": json.dumps(document)}
    iam.call(world.account, "UpdateAssumeRolePolicy", asked)
    found = next(it for it in exercise.look() if it.task.id is TaskId.ROLE)
    assert {goal.id for goal in found.goals if not goal.done} == missing
    assert found.wrong.id in missing
    assert [it.command.split()[2] for it in exercise.do(TaskId.ROLE)] == ["update-assume-role-policy"]
    assert TaskId.ROLE in exercise.done()


def test_a_role_that_the_walk_has_read_is_not_asked_for_again(exercise):
    def look():
        ports = simulated(exercise.simulation, exercise.world)
        found = walk(ports, exercise.world.chain.subject)
        before = len(ports.aws.exchanges())
        checks = role_checks(ports, found, building.place(exercise.world).role_arn)
        asked = [parse_qs(it.request_body)["Action"][0] for it in ports.aws.exchanges()[before:]]
        return asked, {id_: (it.status, it.got, it.expected) for id_, it in checks.items()}

    exercise.do(TaskId.PROVIDER)
    exercise.do(TaskId.ROLE)
    asked, before = look()
    read = ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies", "GetPolicy", "GetPolicyVersion"]
    assert [action for action in asked if action in read] == read
    exercise.do(TaskId.SERVICE_ACCOUNT)
    asked, after = look()
    assert not {*asked} & {*read}
    assert after == before
    # The next walk sees what has changed.
    policy = {"RoleName": exercise.world.chain.role, "PolicyArn": READ_ONLY}
    iam.call(exercise.world.account, "DetachRolePolicy", policy)
    assert look()[1]["access.policy"][0] is Status.FAILED


def test_a_provider_without_the_audience_says_so(exercise):
    acts = exercise.do(TaskId.PROVIDER)
    assert "create-open-id-connect-provider" in acts[0].command
    [provider] = exercise.world.account.oidc_providers.values()
    provider.client_ids[:] = ["other.example"]
    assert exercise.goals(TaskId.PROVIDER) == {"provider.exists": True, "provider.audience": False}
    assert "add-client-id" in exercise.do(TaskId.PROVIDER)[0].command
    assert TaskId.PROVIDER in exercise.done()


def test_what_does_not_exist_is_a_ghost_until_it_does(exercise):
    parties = {"provider", "service_account", "role", "pod"}

    def ghosts():
        ports = simulated(exercise.simulation, exercise.world)
        found = examine(ports, exercise.world.chain.subject)
        checks = {check.id: check for check in found.walk.checks}
        seen = building.seen(exercise.world, ports, found.walk, "")
        chain, alone = chain_state(found.walk, found.checks), chain_state(found.walk)
        if alone.verdict.outcome is not Outcome.WORKS:  # then the page does not ask the doctor
            assert ghosts_of(alone, checks, seen.role_checks) == ghosts_of(chain, checks, seen.role_checks)
            assert standing(film(found.walk, alone).beats) == standing(film(found.walk, chain).beats)
        return ghosts_of(chain, checks, seen.role_checks)

    assert ghosts() == parties | {link.id for link in LINKS} - {"publish"}
    exercise.do(TaskId.PROVIDER)
    assert {"provider", "trust"}.isdisjoint(ghosts())
    exercise.do(TaskId.ROLE)
    now = ghosts()
    assert parties & now == {"service_account", "pod"}
    assert "policy" not in now, "the role trusts the provider, though nothing points to it"
    assert "annotation" in now
    exercise.do(TaskId.SERVICE_ACCOUNT)
    assert parties & ghosts() == {"pod"}
    assert "annotation" not in ghosts()
    exercise.do(TaskId.POD_AFTER)
    assert ghosts() == set()


def test_a_walk_is_no_deed_and_neither_is_what_pods_do(simulation, world):
    ports = simulated(simulation, world)
    walk(ports, world.chain.subject)
    ports.cluster.pod_log("default", "pod-before")
    assert world.usage.deeds == set()


def test_every_command_is_one_line(exercise):
    for it in exercise.look():
        for act in plan(it, building.place(exercise.world)):
            assert "\n" not in act.command
            assert act.requests or act.command.endswith("> token")  # asked for where it is used
    assert plans.BEFORE == "pod-before"
