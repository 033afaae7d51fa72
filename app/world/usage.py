"""What is known of a world's use: whether its learner has acted in it, what is kept beside it, its CPU time.

No part of the world's state: no world snapshot takes it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

from app.flow.build.deeds import Deed
from app.serving.budget import Quota, TokenBucket
from app.world.metering import held_back, pay

if TYPE_CHECKING:
    from app.world.aws.account import Account
    from app.world.aws.entities import Role
    from app.world.world import World

CAPACITY = 10.0
"""CPU seconds that a world may take at once. On the servers a walk takes 0.03, `kubectl get` 0.005, a fault 0.03 and
twenty hours of the time machine 0.2: a reader who does all of it without a pause does not get there."""
RATE = 0.1
"""CPU seconds a second that come back: ten worlds that never rest take one core."""
RESERVE = 1.0
"""CPU seconds that are kept back for the explorer: clients of the learner are refused before they take these, so that
what a page began to walk through does not end in refusals."""
RESERVE_OF_PROGRAMS = 2 * RESERVE
"""CPU seconds that are kept back from programs of Pods: a program that computes without end would otherwise use each
moment that comes back, and its learner could never delete the Pod."""

PACE = 0.2
"""CPU seconds that the learner's clients may take at once, and in each second after that: beyond it answers are held
back, so that the burst above is spread and others get their turn."""
HOLD_SECONDS = 1.0
"""How long a refusal is held back, and the longest that an answer is: a client that does not wait as it is asked to
costs one refusal a second for each of its connections."""


class Usage:
    """The use of one world. The world and its accounts share it."""

    def __init__(self, maker: Quota | None = None, visitor: str | None = None) -> None:
        """`maker`: who pays for the world beside its own budget. `visitor`: the address for which it is made."""
        self.visitor = visitor
        budget = TokenBucket(capacity=CAPACITY, rate=RATE)
        self._maker = maker or Quota()
        self._limits = Quota(budget, *self._maker.buckets)
        self._pace = TokenBucket(capacity=PACE, rate=PACE)
        self.quota = Quota(*self._limits.buckets, self._pace)
        """Pays for all that the world's servers do."""
        self.page_state: dict[str, object] = {}
        """What pages keep for as long as there is this world."""
        self.acted = False
        """Whether the learner sent a request with credentials of their own (the kubeconfig's token, the keys of `aws`),
        moved the clock, caused or fixed a fault. Where it is False, `was_acted_in` looks further."""
        self.touched = False
        """Whether a client has used the world since its store looked last. What Pods and the kubelet do by themselves
        is no use: it would keep a world alive for ever."""
        self.attached = 0
        """Clients of exec and attach that are connected."""
        self.streams = Counter[str]()
        """Watches and followed logs that are being answered, by what they are."""
        self.untouched: Hashable = None
        """What the world looked like when it was complete; None before that."""
        self.deeds: set[Deed] = set()
        """What its learner did that leaves nothing behind (`app.world.events.deeds`)."""
        self._being_made = False
        self.snapshots: list[ref[Any]] = []
        """The world's snapshots that something still refers to, such as the time machine (`world_snapshot.kept`)."""

    @contextmanager
    def being_made(self) -> Iterator[None]:
        """While the world is set up by requests: the maker alone pays, none is refused, and none is the learner's act.

        The learner does not know the world's address yet, so they cannot have acted in between.
        """
        self._being_made = True
        try:
            yield
        finally:
            self._being_made = False
            self.acted = False
            self.deeds.clear()

    def charge(self) -> None:
        """Has the world pay for the task that asks, and for what that sets off."""
        pay(self._maker if self._being_made else self.quota)

    def admit(self, *, reserve: bool = False) -> float:
        """As `charge`, for a request from outside, whose answer may be held back.

        Returns the seconds for which it is to be refused, 0 where it is to be served. `reserve`: whether the explorer's
        reserve is kept back from it.
        """
        self.charge()
        if self._being_made:
            return 0.0
        refused = self.wait(reserve=reserve)
        held_back.set(lambda: HOLD_SECONDS if refused else min(self._pace.wait(), HOLD_SECONDS))
        return refused

    def wait(self, *, reserve: bool = False) -> float:
        """Seconds until the world may go on; 0 where it may now."""
        return self._limits.wait(RESERVE if reserve else 0.0)

    def wait_of_programs(self) -> float:
        """Seconds until the programs of Pods may go on; 0 where they may now."""
        return self._limits.wait(RESERVE_OF_PROGRAMS)


def was_acted_in(world: World) -> bool:
    """Whether a learner would miss this world: anything in it is not as it was made, or something is kept beside it.

    Walks do not count: they ask as the explorer, and what they ask changes nothing. A world that is not complete yet
    counts, since somebody waits for it.
    """
    usage = world.usage
    if not usage.acted:
        usage.acted = bool(usage.page_state) or world.clock.offset != 0.0 or looks(world) != usage.untouched
    return usage.acted


def _unused(account: Account) -> list[Role]:
    """The roles, without when each was used: a walk uses them, too."""
    return [replace(role, last_used=None, last_region="") for role in account.roles.values()]


def looks(world: World) -> Hashable:
    """A value that differs once someone has changed the world, and is the same where they only read."""
    accounts = (world.account, world.other_account)
    keys = tuple(key.kid for key in world.keys.published)
    stored = tuple(
        hash(repr((_unused(account), account.oidc_providers, account.policies, account.clusters)))
        + hash(repr((account.instance_profiles, account.users, [*account.user_access_keys], account.buckets)))
        + hash(repr((account.service_control_policies, account.resource_control_policies)))
        + hash(repr(account.disabled_sts_regions))
        for account in accounts
    )
    return (world.cluster.changes.version, world.faults, keys, stored)
