"""The moments of a world: going on, going back, acting in the past, and what is kept of it all."""

import asyncio
import json

import pytest

from app.flow.token import decode
from app.world.apiserver.types.errors import ApiError
from app.world.lifecycle import experiments
from app.world.lifecycle.history import ELSEWHERE, LIMIT, History
from app.world.lifecycle.world_operations import set_trust_policy
from app.world.lifecycle.world_snapshot import bytes_of
from app.world.servers.token_review import token_review, who_am_i
from tests.world.helpers import TOKEN_FILE, pod_of

HOUR = 3600.0


@pytest.fixture
def history(simulation, world):
    return simulation.run(History.begin(world))


@pytest.fixture
def go(simulation, history):
    return lambda place, landmarks=(): simulation.run(history.go(place, landmarks))


@pytest.fixture
def act(simulation, history):
    return lambda name, work: simulation.run(history.act(name, work))


@pytest.fixture
def token(world, execute):
    """The token in the file, now."""
    return lambda: execute(pod_of(world, "pod-after"), "cat", TOKEN_FILE).stdout


def places(history):
    return [(stop.place, stop.act) for stop in history.stops]


def is_there(world, pod):
    return world.cluster.find("pods", "default", pod) is not None


def test_what_the_stops_take_is_bounded_and_what_did_not_change_is_kept_once(
    simulation, world, history, act, monkeypatch
):
    def change(number):
        async def work(world):
            data = {"k": f"{number}" * 100_000}
            world.cluster.put("configmaps", {"metadata": {"name": "x", "namespace": "default"}, "data": data})

        return work

    first = history.current.world_snapshot
    for number in range(4):
        act(f"act-{number}", change(number))
    last = history.current.world_snapshot
    assert {id(file) for file in first.files} & {id(file) for file in last.files}
    assert {id(text) for text in first.state} & {id(text) for text in last.state}
    stops = [stop.world_snapshot for stop in history.stops]
    assert bytes_of(stops) - bytes_of(stops[:1]) < 5 * 200_000
    monkeypatch.setattr("app.world.lifecycle.history.STOPS_BYTES", 300_000)
    act("act-4", change(4))
    acts = [stop.act for stop in history.stops]
    assert (acts[0], acts[-1]) == ("", "act-4")
    assert 2 <= len(acts) < 5
    assert bytes_of(stop.world_snapshot for stop in history.stops) <= 300_000


def test_going_on_passes_the_landmarks_and_keeps_them(world, history, go):
    go(20 * HOUR, [HOUR, 19.2 * HOUR, 24 * HOUR])
    assert places(history) == [(0.0, ""), (HOUR, ""), (19.2 * HOUR, ""), (20 * HOUR, "")]
    assert world.clock.now() - history.start == pytest.approx(20 * HOUR, abs=30)


def test_going_back_brings_the_token_of_then_and_going_on_that_of_later(history, go, token):
    first = token()
    go(20 * HOUR, [19.3 * HOUR])
    renewed = token()
    assert renewed != first
    go(HOUR)
    assert token() == first
    go(19.5 * HOUR)  # between what was kept: what has happened once does not happen again
    assert token() == renewed
    go(20 * HOUR)
    assert token() == renewed


def test_time_stands_still_at_a_stop(simulation, world, history, go):
    go(HOUR)
    before = world.clock.offset
    world.clock.offset += 0.5  # as if the reader had stayed for a while
    assert simulation.run(history.resume()) is False
    assert world.clock.offset <= before, "the stop's time, as far back as the wall clock has gone on"


def test_looking_at_the_past_discards_nothing(simulation, history, go):
    go(3 * HOUR)
    go(HOUR)
    assert simulation.run(history.resume()) is False
    assert [stop.place for stop in history.later] == [3 * HOUR]


def test_acting_in_the_past_discards_what_came_after(world, history, go, act):
    go(3 * HOUR)
    go(HOUR)
    act("delete", experiments.delete_pod)
    assert places(history) == [(0.0, ""), (HOUR, ""), (HOUR, "delete")]
    go(3 * HOUR)
    assert not is_there(world, "pod-after")
    go(0.0)
    assert is_there(world, "pod-after")
    go(HOUR)
    assert not is_there(world, "pod-after")


def test_an_act_can_be_taken_back(simulation, world, history, go, act):
    uid = pod_of(world, "pod-after")["metadata"]["uid"]
    go(HOUR)
    act("delete", experiments.delete_pod)
    go(2 * HOUR)
    go(HOUR)
    simulation.run(history.undo())
    assert places(history) == [(0.0, ""), (HOUR, "")]
    assert pod_of(world, "pod-after")["metadata"]["uid"] == uid
    simulation.run(history.undo())  # where nobody acted there is nothing to take back
    assert places(history) == [(0.0, ""), (HOUR, "")]


def test_an_act_that_is_refused_leaves_the_world_and_its_future_alone(world, history, go, act):
    go(3 * HOUR)
    go(HOUR)

    async def half(world):
        await experiments.delete_pod(world)
        await experiments.delete_pod(world)

    with pytest.raises(ApiError):
        act("twice", half)
    assert is_there(world, "pod-after")
    assert [stop.place for stop in history.later] == [3 * HOUR]


def test_what_is_changed_elsewhere_is_an_act_too(simulation, world, history, go, aws):
    go(3 * HOUR)
    go(HOUR)
    aws("iam").detach_role_policy(RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert simulation.run(history.resume()) is True
    assert places(history) == [(0.0, ""), (HOUR, ""), (pytest.approx(HOUR, abs=30), ELSEWHERE)]
    assert simulation.run(history.resume()) is False


def test_a_clock_that_is_moved_elsewhere_is_where_one_is(simulation, world, history):
    simulation.move_clock(world, 5 * HOUR)
    assert simulation.run(history.resume()) is True
    assert history.current.place == pytest.approx(5 * HOUR, abs=30)


def test_stops_are_bounded_and_the_first_is_never_dropped(history, go):
    for hour in range(1, LIMIT + 6):
        go(hour * HOUR, [2 * HOUR])
    assert len(history.stops) == LIMIT
    assert history.stops[0].place == 0.0
    assert 2 * HOUR in {stop.place for stop in history.stops}
    assert history.current.place == (LIMIT + 5) * HOUR


def test_the_readers_wording_stays_when_time_goes_back(world, history, go):
    go(HOUR)
    world.account.sts_wording = "classic"
    go(0.0)
    assert world.account.sts_wording == "classic"


# What the experiments do


def assume(aws, world, token, role="s3-reader"):
    arn = f"arn:aws:iam::{world.account_id}:role/{role}"
    sts = aws("sts")
    return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="then", WebIdentityToken=token)


def buckets(aws, session):
    keys = session["Credentials"]
    s3 = aws(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    return s3.list_buckets()["Buckets"]


def test_sts_takes_the_token_of_a_deleted_pod_and_the_api_server_does_not(simulation, world, aws, token, act):
    kept = token()
    assert simulation.run(token_review(world, kept, "sts.amazonaws.com"))["authenticated"] is True
    act("delete", experiments.delete_pod)
    assert buckets(aws, assume(aws, world, kept))
    assert simulation.run(token_review(world, kept, "sts.amazonaws.com")) == {
        "user": {},
        "error": "[invalid bearer token, service account token has been invalidated]",
    }


def test_a_token_for_sts_does_not_let_its_bearer_into_the_api_server(simulation, world, token):
    assert simulation.run(who_am_i(world, token()))["code"] == 401
    assert simulation.run(who_am_i(world, world.admin_token))["status"]["userInfo"]["username"] == "kubernetes-admin"


def test_an_annotation_leaves_the_running_pod_alone(world, act):
    act("annotate", experiments.annotate)
    [box] = pod_of(world, "pod-before")["spec"]["containers"]
    assert "AWS_ROLE_ARN" not in {entry["name"] for entry in box.get("env", [])}
    act("recreate", experiments.recreate_pod_before)
    [box] = pod_of(world, "pod-before")["spec"]["containers"]
    assert "AWS_ROLE_ARN" in {entry["name"] for entry in box["env"]}


@pytest.mark.parametrize(
    ("work", "new", "running"),
    [
        (experiments.rotate_keys, "", ""),
        (experiments.retire_keys, "InvalidIdentityToken", ""),
        (experiments.delete_service_account, "", ""),
        (experiments.trust_nobody, "AccessDenied", ""),
        (experiments.detach_policies, "", "AccessDenied"),
        (experiments.revoke_sessions, "", "AccessDenied"),
        (experiments.trust_nobody_and_revoke, "AccessDenied", "AccessDenied"),
    ],
)
def test_what_stops_new_sessions_and_what_stops_the_running_one(simulation, world, aws, token, work, new, running):
    kept = token()
    session = assume(aws, world, kept)
    simulation.run(work(world))

    def refused(asked):
        try:
            asked()
        except aws("sts").exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    assert refused(lambda: assume(aws, world, kept)) == new
    assert refused(lambda: buckets(aws, session)) == running


def test_a_revocation_spares_the_sessions_that_begin_after_it(simulation, world, aws, token):
    kept = token()
    simulation.run(experiments.revoke_sessions(world))
    simulation.move_clock(world, 5)
    assert buckets(aws, assume(aws, world, kept))


def test_a_wildcard_lets_in_anyone_who_may_create_a_service_account(simulation, world, aws, api):
    wide = experiments.wide_trust_policy(world, "StringLike", ["system:serviceaccount:*:my-sa"])
    assert json.dumps(wide).count("my-sa") == 1

    async def attack():
        set_trust_policy(world, wide)
        await experiments.create_service_account(world, "sandbox", "my-sa")
        await experiments.create_service_account(world, "sandbox", "my-sa")  # there already: no error

    simulation.run(attack())
    url = "/api/v1/namespaces/sandbox/serviceaccounts/my-sa/token"
    made = api.post(url, {"spec": {"audiences": ["sts.amazonaws.com"]}}).body["status"]["token"]
    assert decode(made).claims["sub"] == "system:serviceaccount:sandbox:my-sa"
    assert buckets(aws, assume(aws, world, made))


def test_undo_takes_back_what_happens_while_it_waits_and_no_more(simulation, history, act):
    async def nothing(_):
        await asyncio.sleep(0.01)

    async def both_at_once():
        await asyncio.gather(history.act("second", nothing), history.undo())

    act("first", nothing)
    simulation.run(both_at_once())
    assert [stop.act for stop in history.stops] == ["", "first"]
