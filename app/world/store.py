"""The worlds that are kept: by their learner's key and by what requests know of them."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from app.world.aws.account import Account
from app.world.world import World


class WorldStore:
    """At most `capacity` worlds. Those idle longer than `idle_seconds` go; the longest unused, when one too many comes.

    Safe to use from several threads. `drop` is called for every world that goes, outside the lock.
    """

    def __init__(
        self,
        *,
        capacity: int,
        idle_seconds: float,
        drop: Callable[[World], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capacity = capacity
        self._idle_seconds = idle_seconds
        self._drop = drop
        self._now = now
        self._lock = threading.Lock()
        self._worlds: OrderedDict[str, tuple[World, float]] = OrderedDict()
        """By key: the world and when it was last used, the longest unused first."""
        self._keys: dict[str, str] = {}
        """From path, issuer and account to the learner's key."""

    def __len__(self) -> int:
        return len(self._worlds)

    def get(self, key: str) -> World | None:
        """The world of a learner's key. Counts as use."""
        with self._lock:
            return self._use(key)

    def put(self, key: str, world: World) -> None:
        """Keeps a world under a key, in place of the one that was there."""
        dropped = []
        with self._lock:
            if key in self._worlds:
                dropped.append(self._remove(key))
            while len(self._worlds) >= self._capacity:
                dropped.append(self._remove(next(iter(self._worlds))))
            self._worlds[key] = (world, self._now())
            for name in _names(world):
                self._keys[name] = key
        for old in dropped:
            self._drop(old)

    def expire(self) -> int:
        """Drops what has been idle too long; returns how many."""
        with self._lock:
            limit = self._now() - self._idle_seconds
            idle = [key for key, (_, used) in self._worlds.items() if used <= limit]
            dropped = [self._remove(key) for key in idle]
        for world in dropped:
            self._drop(world)
        return len(dropped)

    def discard(self, key: str) -> None:
        """Drops the world of a key, if there is one."""
        with self._lock:
            dropped = [self._remove(key)] if key in self._worlds else []
        for world in dropped:
            self._drop(world)

    def clear(self) -> None:
        """Drops all."""
        with self._lock:
            dropped = [self._remove(key) for key in list(self._worlds)]
        for world in dropped:
            self._drop(world)

    def by_path(self, path: str) -> World | None:
        """The world of a URL's secret prefix. Counts as use."""
        return self._find("path:" + path)

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

    def free_account_id(self) -> str:
        """An even account number that no world has, nor the one after it: a world has two accounts."""
        while True:
            number = str(10**11 + 2 * secrets.randbelow(45 * 10**10))
            if "account:" + number not in self._keys:
                return number

    def _find(self, name: str) -> World | None:
        with self._lock:
            key = self._keys.get(name)
            return self._use(key) if key is not None else None

    def _use(self, key: str) -> World | None:
        if key not in self._worlds:
            return None
        world, _ = self._worlds[key]
        self._worlds[key] = (world, self._now())
        self._worlds.move_to_end(key)
        return world

    def _remove(self, key: str) -> World:
        world, _ = self._worlds.pop(key)
        for name in _names(world):
            del self._keys[name]
        return world


def _names(world: World) -> tuple[str, ...]:
    accounts = (f"account:{account.account_id}" for account in (world.account, world.other_account))
    return f"path:{world.path}", f"issuer:{world.issuer_id}", *accounts
