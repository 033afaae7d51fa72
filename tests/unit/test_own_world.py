"""Whose pages show the world of `serve --dir`, and that it stays however many others come."""

from types import SimpleNamespace

import pytest

from app.serving.request_facts import RequestFacts
from app.settings import Settings
from app.ui.state import own_world
from app.world.lifecycle.world_store import WorldStore
from app.world.saved import keeping
from app.world.saved.state_directory import StateDirectory
from app.world.setup.tool_files import HANDS_ON


def facts(*, launched=False, encrypted=False):
    known = {"served_on": "127.0.0.1", "forwarded_by": "", "visitor": "127.0.0.1"}
    return RequestFacts(launched=launched, encrypted=encrypted, **known)


@pytest.mark.parametrize(
    ("directory", "request_facts", "expected"),
    [
        ("/some/where", facts(launched=True), HANDS_ON),
        ("/some/where", facts(launched=False), "browser"),
        ("/some/where", None, "browser"),
        ("", facts(launched=True), "browser"),
    ],
    ids=["launched", "not launched", "another server", "no folder"],
)
def test_only_who_opened_the_launch_address_has_it(monkeypatch, directory, request_facts, expected):
    monkeypatch.setenv("IRSA_WORLD_DIR", directory)
    assert own_world.key_of("browser", request_facts) == expected


@pytest.mark.parametrize("encrypted", [True, False])
def test_over_tls_an_id_that_another_name_may_have_set_counts_as_none(monkeypatch, encrypted):
    planted, own = own_world.new_id(), own_world.new_id()
    sent = {own_world.COOKIE: planted, f"__Host-{own_world.COOKIE}": own}
    monkeypatch.setattr(own_world.connection, "cookies", lambda: sent)
    monkeypatch.setattr(own_world.connection, "facts", lambda: facts(encrypted=encrypted))
    assert own_world._find_key() == (own if encrypted else planted)


def test_there_is_a_launch_address_for_it_wherever_the_pages_are_served():
    assert not Settings(host="192.0.2.1", live=False).takes_launch_secret()
    assert Settings(host="192.0.2.1", live=False, world_dir="/some/where").takes_launch_secret()


class World:
    """As much of a world as the store looks at."""

    def __init__(self, number):
        self.path = self.issuer_id = number
        self.account, self.other_account = SimpleNamespace(account_id=number), SimpleNamespace(account_id=f"{number}+")
        self.usage = self
        self.touched = False


def test_it_goes_neither_for_others_nor_with_time():
    now = [0.0]
    store = WorldStore(
        capacity=2, idle_seconds=10, drop=lambda _: None, own=HANDS_ON, acted_in=lambda _: False, now=lambda: now[0]
    )
    store.put(HANDS_ON, World("own"))
    for number in range(5):
        store.put(str(number), World(str(number)))
    assert len(store) == 3
    now[0] = 100.0
    store.expire()
    assert store.get(HANDS_ON) is not None
    assert len(store) == 1


def test_where_worlds_are_kept_is_what_was_handed_on_or_what_is_set(tmp_path):
    assert keeping.take(Settings()) == keeping.Keeping()
    with StateDirectory(tmp_path / "a") as state:
        keeping.hand_on(keeping.Keeping(state=state))
        assert keeping.take(Settings(state_dir=str(tmp_path / "b"))).state is state
    found = keeping.take(Settings(state_dir=str(tmp_path / "b"), world_dir=str(tmp_path / "c")))
    assert (found.state.path, found.tools) == (tmp_path / "c" / "state", tmp_path / "c")
    found.state.close()
