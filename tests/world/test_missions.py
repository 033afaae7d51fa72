"""Every mission in a world: nothing is done at its start, and each near miss misses what it is said to miss."""

import re
from copy import deepcopy
from dataclasses import replace

import pytest

from app.content.missions import offered
from app.flow.errors import Unreachable
from app.flow.missions.judging import judged
from app.flow.missions.mission import Passes, PodLog
from app.flow.missions.picture import Change, parts
from app.flow.missions.walking import draw
from app.flow.verdict import links
from app.wiring import simulated
from app.world.setup import mission as start
from tests.waiting import eventually

pytestmark = pytest.mark.one_world

MISSIONS = {it.mission.id: it.mission for it in offered()}
_SAID = re.compile("irsa-web-assets|partner-data|[Ee]rror|ERROR")
"""By which the log of a Pod of these missions ends, before it sleeps."""


PARTIES = {party.id for party in links.PARTIES}
COMES, WRONG, GOES = Change.COMES, Change.WRONG, Change.GOES
PICTURES = {
    "only_reader_lists": {"payments/reader": {"role": COMES}, "payments/writer": {}, "default/my-sa": {}},
    "deployment_account": {"payments/reader": {"pod": COMES}, "payments/default": {}},
    "stale_pod": {"payments/reader": {"pod": WRONG}},
    "why_refused": {"payments/reporter": {"pod": WRONG, "policy": WRONG}, "payments/default": {}},
    "safe_policy": {
        "team-a/web": {},
        "team-b/batch": {},
        "team-a/web-test": {"assume": GOES, "call": GOES},
        "team-b/web": {"assume": GOES, "call": GOES},
        "default/default": {"assume": GOES, "call": GOES},
    },
    "audience": {"payments/reader": {"pod": WRONG, "annotation": WRONG}, "payments/default": {}},
    "two_prefixes": {"red/app": {"call": WRONG}, "blue/app": {"call": WRONG}},
    "node_role": {"web/app": {"pod": WRONG, "fallback": GOES}},
    "move_namespace": {
        "legacy/invoices": {},
        "billing/invoices": {"service_account": COMES, "pod": COMES, "policy": WRONG},
        "billing/default": {},
    },
    "replaced_cluster": {"default/my-sa": {"provider": COMES, "policy": WRONG}, "default/default": {}},
    "cross_account": {"payments/reader": {"pod": WRONG, "annotation": WRONG}},
    "revoke_session": {"default/my-sa": {"thief_s3": GOES}},
}
"""What the map says at the start of each mission: of what is missing the parties, else every part."""


def _says(part, change):
    return change in (WRONG, GOES) or (change is COMES and part in PARTIES)


class Attempt:
    """A learner at one mission."""

    def __init__(self, simulation, world, mission):
        self.simulation, self.world, self.mission = simulation, world, mission
        self.sessions = self.do(mission.start)

    def do(self, steps):
        return self.simulation.run(start.carry_out(self.world, steps))

    def results(self):
        """The goals, once every Pod has said what it has to say."""
        ports = simulated(self.simulation, self.world)
        if any(isinstance(goal, PodLog) for goal in self.mission.goals):
            eventually(lambda: self._pods_have_said(ports.cluster))
        return judged(ports, self.mission.goals, start.names(self.world), self.sessions)

    def missed(self):
        """The numbers of the goals that are not reached."""
        return tuple(number for number, it in enumerate(self.results(), 1) if not it.reached)

    def pictures(self):
        """By ServiceAccount: the parties that have to come, what has to be changed, and what has to go."""
        ports, found = simulated(self.simulation, self.world), parts(self.results())
        drawn = {
            it.who: draw(ports, found, it, start.names(self.world)).picture
            for it in found
            if it.kind == "service_account"
        }
        return {
            who: {part: change for part, change in it.changes.items() if _says(part, change)}
            for who, it in drawn.items()
        }

    def _pods_have_said(self, cluster):
        for deployment in self.world.cluster.list("deployments"):
            status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
            if status.get("observedGeneration") != deployment["metadata"]["generation"]:
                return False
            if not status.get("updatedReplicas") == status.get("replicas") == status.get("readyReplicas") == wanted:
                return False
            pods = cluster.pods(deployment["metadata"]["namespace"])
            if len(pods) != wanted:
                return False
            logs = [cluster.pod_log(it["metadata"]["namespace"], it["metadata"]["name"]) for it in pods]
            if not all(_SAID.search(log) for log in logs):
                return False
        return True


@pytest.fixture
def attempt(simulation, world):
    return lambda mission_id: Attempt(simulation, world, MISSIONS[mission_id])


def test_they_are_numbered_and_have_three_near_misses_each():
    assert PICTURES.keys() == MISSIONS.keys()
    assert [it.number for it in MISSIONS.values()] == list(range(1, len(MISSIONS) + 1))
    assert all(len(it.near_misses) >= 3 and it.solution for it in MISSIONS.values())


@pytest.mark.parametrize("mission_id", MISSIONS)
def test_near_misses_miss(attempt, simulation, mission_id):
    trying = attempt(mission_id)
    assert trying.missed(), "a mission that is done at its start"
    assert trying.pictures() == PICTURES[mission_id]
    saved = simulation.save(trying.world)
    for near_miss in trying.mission.near_misses:
        trying.do(near_miss.steps)
        assert (near_miss.name, trying.missed()) == (near_miss.name, near_miss.fails)
        simulation.restore(trying.world, saved)


def test_what_may_not_be_done_may_not_be_done_by_any_role(attempt):
    # No annotation points from here to the role: a Pod could name the role itself, in AWS_ROLE_ARN.
    trying = attempt("safe_policy")
    found = trying.results()
    assert [(it.reached, it.role) for it in found[2:]] == [(False, "shared-reports")] * 3
    assert [part.change for part in parts(found)] == [Change.STAYS] * 2 + [Change.GOES] * 3


def _trust(condition):
    return [{"trust": {"role": "shared-reports", "condition": condition}}]


AUD, SUB = "${issuer_host}:aud", "${issuer_host}:sub"
SUBJECTS = ["system:serviceaccount:team-a:web", "system:serviceaccount:team-b:batch"]


def test_what_may_not_be_done_may_not_be_done_with_a_token_for_another_audience(attempt):
    trying = attempt("safe_policy")
    world = start.names(trying.world)
    trying.do(
        [
            {
                "iam": {
                    "call": "AddClientIDToOpenIDConnectProvider",
                    "ClientID": "own-audience",
                    "OpenIDConnectProviderArn": f"arn:aws:iam::{world.account}:oidc-provider/{world.issuer_host}",
                }
            },
            *[
                {
                    "apply": {
                        "apiVersion": "v1",
                        "kind": "ServiceAccount",
                        "metadata": {
                            "name": name,
                            "namespace": space,
                            "annotations": {
                                "eks.amazonaws.com/audience": "own-audience",
                                "eks.amazonaws.com/role-arn": f"arn:aws:iam::{world.account}:role/shared-reports",
                            },
                        },
                    }
                }
                for space, name in (("team-a", "web"), ("team-b", "batch"))
            ],
            *_trust({"StringEquals": {AUD: "own-audience"}}),
        ]
    )
    assert trying.missed() == (3, 4, 5)
    trying.do(_trust({"StringEquals": {AUD: "own-audience", SUB: SUBJECTS}}))
    assert trying.missed() == ()


def test_a_stricter_policy_may_ask_for_the_name_that_sdks_give_their_sessions(attempt):
    trying = attempt("safe_policy")
    named = {"StringLike": {"sts:RoleSessionName": "botocore-session-*"}}
    trying.do(_trust({"StringEquals": {AUD: "sts.amazonaws.com"}, **named}))
    assert trying.missed() == (3, 4, 5)
    trying.do(_trust({"StringEquals": {AUD: "sts.amazonaws.com", SUB: SUBJECTS}, **named}))
    assert trying.missed() == ()


def test_a_pod_that_is_given_keys_is_no_solution(attempt):
    trying = attempt("stale_pod")
    admin = trying.world.account.admin
    keys = {"AWS_ACCESS_KEY_ID": admin.access_key_id, "AWS_SECRET_ACCESS_KEY": admin.secret_access_key}
    report = deepcopy(next(step["apply"] for step in trying.mission.start if "replicas" in str(step)))
    [container] = report["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": name, "value": value} for name, value in keys.items()]
    trying.do([{"apply": report}])
    assert trying.missed() == (2,)


def test_a_goal_of_which_the_servers_say_nothing_is_not_reached(attempt):
    trying = attempt("safe_policy")
    broken = simulated(trying.simulation, trying.world)
    silent = replace(broken, aws=Silent(broken.aws))
    found = judged(silent, trying.mission.goals, start.names(trying.world), {})
    assert not any(it.reached for it in found)
    assert {it.got for it in found} == {"not_answered"}


class Silent:
    """An account that gives no answer about sessions."""

    def __init__(self, aws):
        self._aws = aws

    def __getattr__(self, name):
        if name != "assume_role_with_web_identity":
            return getattr(self._aws, name)
        return _fails


def _fails(*_):
    raise Unreachable(code="timeout", server_message="")


def test_a_chain_that_works_passes(simulation, world):
    goal = Passes(service_account="default/my-sa")
    [found] = judged(simulated(simulation, world), [goal], start.names(world), {})
    assert (found.reached, found.got, found.detail) == (True, "passes", "pod-after")
