"""The worlds that are kept, by their learner's key and by the names that requests contain."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.serving.budget import Buckets, TokenBucket, has_share
from app.world.aws.account import Account
from app.world.usage import was_acted_in
from app.world.world import World

NEW_AT_ONCE = 400
"""Worlds that visitors of one address may make at once: a room of 300 behind one router, and some who press reset."""
NEW_PER_SECOND = 1.0
"""How many they may make after that."""
GONE_LIMIT = 10_000
"""For how many keys the store remembers why their world went. The oldest are forgotten first."""

Loss = Literal["evicted", "idle", "unreadable"]
"""Why a world went: another needed the room, it was unused for too long, or it could not be read after a restart."""


class NoRoom(Exception):
    """No further world can be made for this visitor now."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no world can be made for another {seconds:.0f} seconds")
        self.seconds = seconds
        """Until there may be room."""


class WorldGone(LookupError):
    """A world that is not kept any more: it was reset, in another tab perhaps, or idle for too long."""


@dataclass
class _Kept:
    world: World
    used: float
    """When it was last used."""
    visitor: str | None
    """The address for which it was made, where it is known."""


class WorldStore:
    """At most `capacity` worlds, of which one address has at most three quarters, and less beside others (`has_share`).

    Asking for a world by its key is use, and so are the requests of clients (`Usage.touched`). Worlds that were idle
    for longer than `idle_seconds` go. Where a new world finds no room, another one goes:

    1. A world in which no one has acted. If the address has its share already, one of its own; else one of the address
       that has the most worlds. Of these, the one that was not used for the longest time.
    2. If someone has acted in all of them, the world of the address itself that was not used for the longest time. No
       other address ever loses such a world.

    Safe to use from several threads. `drop` is called for every world that goes, outside the lock.
    """

    def __init__(
        self,
        *,
        capacity: int,
        idle_seconds: float,
        drop: Callable[[World], None],
        own: str = "",
        acted_in: Callable[[World], bool] = was_acted_in,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`own`: the key of a world that never goes for another one. `acted_in` is called in the thread that puts a
        world."""
        self._own = own
        self._capacity = capacity
        self._share = capacity - capacity // 4
        self._idle_seconds = idle_seconds
        self._drop = drop
        self._acted_in = acted_in
        self._now = now
        self._new = Buckets(TokenBucket, capacity=NEW_AT_ONCE, rate=NEW_PER_SECOND, now=now)
        self._lock = threading.Lock()
        self._worlds: OrderedDict[str, _Kept] = OrderedDict()
        """By key, the longest unused first."""
        self._keys: dict[str, str] = {}
        """The learner's key, by the path, the issuer and the accounts of their world (`_names`)."""
        self._gone: OrderedDict[str, Loss] = OrderedDict()

    def __len__(self) -> int:
        return len(self._worlds)

    @property
    def capacity(self) -> int:
        """How many worlds are kept at once."""
        return self._capacity

    def get(self, key: str) -> World | None:
        """The world of a learner's key. Counts as use."""
        with self._lock:
            return self._use(key)

    def put(self, key: str, world: World, visitor: str | None = None) -> None:
        """Keeps a world under a key, instead of the one that was there. `visitor`: the address it is made for.

        It is None where this process itself asks, or the server does not know addresses. Then there is no limit to how
        fast worlds are made. Raises `NoRoom`, and has changed nothing, where the address makes too many worlds, or
        where someone has acted in all worlds of others and it has none itself that could go.
        """
        new = self._new.of(visitor) if visitor is not None else None
        if new is not None and (wait := new.wait()):
            raise NoRoom(wait)
        with self._lock:
            going = key if key in self._worlds else self._to_evict(visitor)
            dropped = [self._remove(going)] if going is not None else []
            if going not in (None, key):
                self.remember(going, "evicted")
            self._worlds[key] = _Kept(world, self._now(), visitor)
            for name in _names(world):
                self._keys[name] = key
        if new is not None:
            new.take(1)
        for old in dropped:
            self._drop(old)

    def _to_evict(self, visitor: str | None) -> str | None:
        """The key of the world that makes room for another one; None where there is room. Raises `NoRoom`."""
        self._note_use()
        worlds = {key: kept for key, kept in self._worlds.items() if key != self._own}
        own = [key for key, kept in worlds.items() if kept.visitor == visitor]
        is_full, has_its_share = len(worlds) >= self._capacity, len(own) >= self._share
        if not is_full and visitor is not None:
            has_its_share = not has_share(len(own), len(worlds), self._capacity, self._share)
        if not is_full and not has_its_share:
            return None
        spare = self._untouched(own if has_its_share else self._by_address(worlds))
        if spare is not None:
            return spare
        if own:
            return own[0]
        longest_unused = next(iter(worlds.values()))
        raise NoRoom(max(longest_unused.used + self._idle_seconds - self._now(), 1.0))

    def _by_address(self, worlds: Mapping[str, _Kept]) -> list[str]:
        """All keys: those of the address with the most worlds first, the longest unused of each first."""
        counts = Counter(kept.visitor for kept in worlds.values())
        return sorted(worlds, key=lambda key: -counts[worlds[key].visitor])

    def _untouched(self, keys: Iterable[str]) -> str | None:
        return next((key for key in keys if not self._acted_in(self._worlds[key].world)), None)

    def why_gone(self, key: str) -> Loss | None:
        """Why the world of a key went. Returned once; None where it did not go, or the store has forgotten it."""
        with self._lock:
            return self._gone.pop(key, None)

    def remember(self, key: str, loss: Loss) -> None:
        """Notes why the world of a key went, for `why_gone`."""
        self._gone[key] = loss
        if len(self._gone) > GONE_LIMIT:
            self._gone.popitem(last=False)

    def expire(self, sooner: float = math.inf) -> int:
        """Drops what has been idle too long; returns how many. `sooner`: seconds, where less than usual is too long."""
        with self._lock:
            self._note_use()
            limit = self._now() - min(self._idle_seconds, sooner)
            idle = [key for key, kept in self._worlds.items() if kept.used <= limit and key != self._own]
            dropped = [self._remove(key) for key in idle]
            for key in idle:
                self.remember(key, "idle")
        for world in dropped:
            self._drop(world)
        return len(dropped)

    def discard(self, key: str) -> None:
        """Drops the world of a key, if there is one."""
        with self._lock:
            dropped = [self._remove(key)] if key in self._worlds else []
        for world in dropped:
            self._drop(world)

    def all(self) -> dict[str, World]:
        """All worlds by key, but the one that never goes."""
        with self._lock:
            return {key: kept.world for key, kept in self._worlds.items() if key != self._own}

    def evict(self, key: str, world: World) -> None:
        """Drops this world of a key because others need its room. Does nothing where the key has another one by now, as
        after a reset, or none."""
        with self._lock:
            kept = self._worlds.get(key)
            if kept is None or kept.world is not world:
                return
            self._remove(key)
            self.remember(key, "evicted")
        self._drop(world)

    def clear(self) -> None:
        """Drops all."""
        with self._lock:
            dropped = [self._remove(key) for key in list(self._worlds)]
        for world in dropped:
            self._drop(world)

    def by_path(self, path: str) -> World | None:
        """The world of a URL's secret prefix."""
        return self._find("path:" + path)

    def by_token_name(self, name: str) -> World | None:
        """The world that a token of its API server names: by its path, one of its accounts, or its issuer."""
        return self._find("path:" + name) or self._find("account:" + name) or self.by_issuer(name)

    def by_issuer(self, issuer_id: str) -> World | None:
        """The world of an issuer."""
        return self._find("issuer:" + issuer_id)

    def account(self, account_id: str) -> Account | None:
        """An AWS account by its number (`aws.directory.Directory`)."""
        world = self._find("account:" + account_id)
        if world is None:
            return None
        return world.account if account_id == world.account_id else world.other_account

    def account_by_issuer(self, issuer: str) -> Account | None:
        """The AWS account of an issuer's world (`aws.directory.Directory`)."""
        world = self.by_issuer(issuer.rpartition("/")[2])
        return world.account if world is not None and world.issuer == issuer else None

    def account_by_path(self, path: str) -> Account | None:
        """The AWS account of a world's path (`aws.directory.Directory`)."""
        world = self.by_path(path)
        return world.account if world else None

    def check_kept(self, world: World) -> None:
        """Raises `WorldGone` unless this very world is kept."""
        if self.by_path(world.path) is not world:
            raise WorldGone("this world is no longer kept: it was reset, or idle for too long")

    def free_account_id(self) -> str:
        """An even account number that no world has, nor the one after it: a world has two accounts."""
        while True:
            number = str(10**11 + 2 * secrets.randbelow(45 * 10**10))
            if "account:" + number not in self._keys:
                return number

    def _find(self, name: str) -> World | None:
        with self._lock:
            key = self._keys.get(name)
            return self._worlds[key].world if key is not None else None

    def _note_use(self) -> None:
        """Counts the requests of clients since the last call as use."""
        for key in [key for key, kept in self._worlds.items() if kept.world.usage.touched]:
            self._worlds[key].world.usage.touched = False
            self._use(key)

    def _use(self, key: str) -> World | None:
        if key not in self._worlds:
            return None
        kept = self._worlds[key]
        kept.used = self._now()
        self._worlds.move_to_end(key)
        return kept.world

    def _remove(self, key: str) -> World:
        world = self._worlds.pop(key).world
        for name in _names(world):
            del self._keys[name]
        return world


def _names(world: World) -> tuple[str, ...]:
    accounts = (f"account:{account.account_id}" for account in (world.account, world.other_account))
    return f"path:{world.path}", f"issuer:{world.issuer_id}", *accounts
