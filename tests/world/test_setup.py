"""How a world is set up: by real requests, which stay apart from the running log and are nobody's acts."""

import asyncio
import contextvars
import dataclasses
import json
import re
from urllib.parse import parse_qs, unquote

import pytest

from app.clients.clock_and_log import EmptyLog
from app.flow.model import Exchange
from app.serving.budget import Quota, TokenBucket
from app.world import exchange_log, metering
from app.world.exchange_log import LOG_BYTES, SETUP_BYTES, SETUP_LIMIT, ExchangeLog
from app.world.setup import scenario
from app.world.setup.developer import Developer, SetupRefused
from app.world.usage import CAPACITY, RESERVE, Usage, was_acted_in


def asked(exchanges, callee="", words="", caller="developer"):
    return [
        it
        for it in exchanges
        if it.caller == caller and callee in ("", it.callee) and (words in it.url or words in it.request_body)
    ]


def an_exchange(number=0, caller="kubelet", body=""):
    url, started = f"https://x/{number}", float(number)
    return Exchange(caller=caller, callee="b", method="GET", url=url, request_body=body, status=200, started=started)


@pytest.fixture
def make(simulation):
    """Makes a world that is gone after the test."""
    yield lambda: simulation.world("set-up")
    simulation.store.discard("set-up")


# What it consists of


def test_the_developer_asks_iam_and_the_api_server_in_the_order_of_the_article(world):
    asks = asked(world.log.setup())
    actions = [parse_qs(it.request_body)["Action"][0] for it in asks if it.callee == "iam"]
    assert actions == ["CreateOpenIDConnectProvider", "CreateRole", "AttachRolePolicy"]
    kinds = [json.loads(it.request_body)["kind"] for it in asks if it.callee == "kube-apiserver"]
    assert kinds == ["ServiceAccount", "Pod", "Pod"]
    assert [it.status for it in asks] == [200, 200, 200, 201, 201, 201]


def test_the_setup_has_what_the_servers_said_because_of_it_after_what_set_it_off(world):
    setup = world.log.setup()
    assert {(it.caller, it.callee) for it in setup if it.caller != "developer"} == {
        ("kube-apiserver", "pod-identity-webhook"),
        ("kubelet", "kube-apiserver"),
        ("pod", "instance-metadata"),
        ("pod", "sts"),
        ("pod", "s3"),
        ("sts", "issuer"),
    }
    [created] = asked(setup, "kube-apiserver", "pod-after")
    [reviewed] = asked(setup, "pod-identity-webhook", "pod-after", caller="kube-apiserver")
    [fetched] = asked(setup, "kube-apiserver", '"sts.amazonaws.com"', caller="kubelet")
    [assumed] = asked(setup, "sts", caller="pod")
    ordered = [setup.index(it) for it in (created, reviewed, fetched, assumed)]
    assert ordered == sorted(ordered)


def test_the_running_log_is_what_it_was_without_the_developer(world):
    assert sorted(world.log.exchanges(), key=lambda it: it.started) == [
        it for it in world.log.setup() if it.caller != "developer"
    ]


def test_no_secret_is_in_it(world):
    text = unquote(json.dumps([dataclasses.asdict(it) for it in world.log.setup()]))
    keys = [world.account.admin, *world.account._sessions.values()]
    secrets = [world.admin_token, world.explorer_token, world.node_token, *(key.secret_access_key for key in keys)]
    assert not [secret for secret in secrets if secret in text]
    assert not re.search(r"Signature=[0-9a-f]{64}", text)
    assert set(re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.([\w-]*)", text)) == {""}
    assert f"Credential={world.account.admin.access_key_id}/" in text


# That it is real


def test_another_annotation_leaves_other_exchanges(make, monkeypatch):
    create = Developer.create

    async def annotated_otherwise(self, resource, namespace, body):
        if resource == "serviceaccounts":
            body["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] += "-of-another"
        await create(self, resource, namespace, body)

    monkeypatch.setattr(Developer, "create", annotated_otherwise)
    world = make()
    setup, role = world.log.setup(), f"arn:aws:iam::{world.account_id}:role/{scenario.ARTICLE.role}-of-another"
    [created] = asked(setup, "kube-apiserver", "/serviceaccounts")
    assert role in created.request_body
    assert json.loads(created.response_body)["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == role
    [assumed] = asked(setup, "sts", caller="pod")
    assert parse_qs(assumed.request_body)["RoleArn"] == [role]
    assert (assumed.status, asked(setup, "s3", caller="pod")[1:]) == (403, [])


def test_another_audience_of_the_provider_leaves_other_exchanges(make, monkeypatch):
    iam = Developer.iam

    async def registered_otherwise(self, action, parameters):
        others = {"ClientIDList.member.1": "audience.example"} if "ClientIDList.member.1" in parameters else {}
        await iam(self, action, {**parameters, **others})

    monkeypatch.setattr(Developer, "iam", registered_otherwise)
    setup = make().log.setup()
    [registered] = asked(setup, "iam", "CreateOpenIDConnectProvider")
    assert parse_qs(registered.request_body)["ClientIDList.member.1"] == ["audience.example"]
    [assumed] = asked(setup, "sts", caller="pod")
    assert assumed.status == 400
    assert "InvalidIdentityToken" in assumed.response_body


def test_what_a_server_refuses_is_no_world(simulation, monkeypatch):
    monkeypatch.setattr(scenario, "pod", lambda name, service_account=None: {"metadata": {"name": "not/a/name"}})
    before = len(simulation.store)
    with pytest.raises(SetupRefused, match=r"expected status 201, got 422: Invalid: Pod .*not/a/name"):
        simulation.world("refused")
    assert len(simulation.store) == before


def test_what_iam_refuses_is_said_in_its_code_and_message(simulation):
    world = simulation.world("refused by IAM")
    with pytest.raises(SetupRefused) as refused:
        simulation.run(Developer(world).iam("GetRole", {"RoleName": "nobody's"}))
    assert str(refused.value).startswith("expected status 200, got 400: ValidationError: ")
    assert "<" not in str(refused.value)


def test_only_so_many_worlds_are_made_at_a_time(simulation, monkeypatch):
    running, most = 0, 0

    async def seed(world):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    async def make_all(names):
        make = simulation._maker.get_or_create
        await asyncio.gather(*(make(name, None, start="finished") for name in names))

    monkeypatch.setattr(scenario, "seed", seed)
    monkeypatch.setattr(simulation._maker, "_room", asyncio.Semaphore(2))
    names = [f"together-{number}" for number in range(5)]
    simulation.run(make_all(names))
    assert most == 2
    for name in names:
        simulation.store.discard(name)


@pytest.mark.parametrize(("start", "worlds"), [("empty", 2), ("finished", 1)])
def test_who_asks_for_another_world_than_the_one_that_is_being_made_gets_it(simulation, start, worlds):
    """As where one tab draws a page, and the reader has pressed a button in another one."""

    async def make_both():
        make = simulation._maker.get_or_create
        first = asyncio.create_task(make("twice", None, start="finished"))
        await asyncio.sleep(0)
        return await asyncio.gather(first, make("twice", None, fresh=True, start=start))

    made = simulation.run(make_both())
    assert len(set(made)) == worlds
    assert (made[1].start, simulation.store.get("twice")) == (start, made[1])
    simulation.store.discard("twice")


# That it stays


def test_later_exchanges_do_not_push_it_out(world):
    setup = world.log.setup()
    for number in range(300):
        world.log.record(an_exchange(number, body="x" * LOG_BYTES))
    assert world.log.setup() == setup
    assert len(setup) > 20
    assert not set(setup) & set(world.log.exchanges())


def test_a_snapshot_neither_loses_nor_doubles_it(simulation, world):
    setup, saved = world.log.setup(), simulation.save(world)
    simulation.inject(world, "F21")
    simulation.restore(world, saved)
    assert world.log.setup() == setup


def test_a_reset_world_has_its_own(simulation):
    old = simulation.reset("reset-setup").log.setup()
    world = simulation.reset("reset-setup")
    setup = world.log.setup()
    assert len(setup) == len(old)
    assert all(world.path in it.url for it in setup if it.callee in ("kube-apiserver", "pod-identity-webhook"))
    assert not set(setup) & set(old)
    simulation.store.discard("reset-setup")


def test_it_is_bounded_in_number_and_bytes():
    log = ExchangeLog()
    with log.setting_up():
        for number in range(2 * SETUP_LIMIT):
            log.record(an_exchange(number))
    assert [it.url for it in log.setup()] == [f"https://x/{number}" for number in range(SETUP_LIMIT)]
    log = ExchangeLog()
    with log.setting_up():
        for number in range(5):
            log.record(an_exchange(number, body="x" * (SETUP_BYTES // 3)))
    assert len(log.setup()) == 2
    assert len(log.exchanges()) == 5


def test_what_one_world_keeps_beside_its_running_log_is_small(world):
    beside = [it for it in world.log.setup() if it not in world.log.exchanges()]
    assert sum(map(exchange_log._size, beside)) < 50_000


def test_a_real_cluster_has_none():
    assert EmptyLog().setup() == ()


# Whose act it is, and who pays


def test_a_new_world_is_untouched_and_its_budget_is_whole(world):
    assert not world.usage.acted
    assert not was_acted_in(world)
    # What the Pods' programs took is the world's, as whenever Pods run.
    assert world.usage._limits.wait(CAPACITY - RESERVE) == 0


def test_while_a_world_is_made_its_maker_alone_pays_and_nothing_is_refused():
    maker = TokenBucket(capacity=1.0, rate=1e-9)
    usage = Usage(Quota(maker))
    maker.take(2.0)

    def asked_and_charged():
        """In a context of its own, as each request is served."""
        return usage.admit(reserve=True), metering.payer.get()

    with usage.being_made():
        usage.acted = True
        wait, payer = contextvars.copy_context().run(asked_and_charged)
    assert (wait, payer.buckets) == (0, (maker,))
    assert not usage.acted
    wait, payer = contextvars.copy_context().run(asked_and_charged)
    assert wait > 0
    assert payer is usage.quota
