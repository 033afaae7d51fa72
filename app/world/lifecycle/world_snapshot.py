"""A world as it was at one moment, to go back to.

Every attribute of a world is state and comes back, unless this module names it: so an attribute that is added to a
world later comes back as well. The parts to which others refer (the world, its accounts, its kubelet, ...) stay the
same objects and get the attributes that they had at that moment; the values of these attributes are copied. Objects of
the classes in `_SHARED` are never copied: they do not change, or they are no state but work on it.

The following is not set back: what is known of the world's use; the exchange log, which is history; the counters of
resource versions and of Pods' addresses, so that none is given out twice and an address in the log is one Pod's; the
wall clock, so that in the restored world time has gone on; and the words in which STS refuses, which the reader
chooses.
"""

from __future__ import annotations

import asyncio
import io
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ref

import jwt

from app.world.apiserver.controllers.manager import ControllerManager
from app.world.apiserver.storage.state import ClusterState
from app.world.apiserver.storage.stored import Key, Stored
from app.world.aws.account import Account
from app.world.aws.entities import StoredObject
from app.world.clock import WorldClock
from app.world.exchange_log import ExchangeLog
from app.world.identity import Identity
from app.world.keys import KeyPool, KeyRing, SigningKey
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.kubelet import Kubelet
from app.world.node.streams import Streams
from app.world.node.volumes.kept_files import KeptFile, read_tree, write_tree
from app.world.node.wake_up import WakeUp
from app.world.servers.loopback import Loopback
from app.world.servers.network import Network
from app.world.usage import Usage

if TYPE_CHECKING:
    from app.world.world import World

SETTLE_SECONDS = 20.0
"""How long to wait for Pods that are being started. `restore` cancels what still runs then; `save` leaves it alone."""

ROUNDS = 3
"""How often it waits for the controllers and then for Pods. A rollout that takes longer goes on from where it was."""

_NO_STATE: Mapping[type, frozenset[str]] = {
    ClusterState: frozenset({"changes", "_objects", "bytes"}),
    Account: frozenset({"sts_wording"}),
    Network: frozenset(),
    Kubelet: frozenset({"_tasks", "_planning", "_cancel_watch", "_addresses"}),
    WorldClock: frozenset(),
    KeyRing: frozenset(),
}
"""The parts of a world beside itself, with the attributes that do not come back. Objects of the cluster come back in
another way (`WorldSnapshot.objects`)."""
_SHARED = (
    *(Stored, StoredObject, SigningKey, jwt.PyJWK, FunctionType),
    *(ExchangeLog, Loopback, KeyPool, ContainerRuntime, Streams, ControllerManager),
    *(asyncio.Lock, asyncio.Task, Usage, WakeUp, Identity),
)


@dataclass(frozen=True, kw_only=True, repr=False)
class WorldSnapshot:
    """What `save` keeps, in memory. It belongs to one world, and may be restored any number of times."""

    world: World
    state: tuple[bytes, ...]
    """The attributes of the world and of its parts, pickled part by part: an object that two parts refer to has to be
    `shared`. It never leaves the process."""
    shared: tuple[Any, ...]
    """What `state` refers to by its index in this tuple: the world, its parts, and the objects that are not copied."""
    parts: tuple[Any, ...]
    """The parts whose attributes `state` contains, in that order."""
    objects: Mapping[str, Mapping[Key, Stored]]
    """The cluster's objects, by resource."""
    files: tuple[KeptFile, ...]
    """The files of the node."""


async def save(world: World, *, like: WorldSnapshot | None = None) -> WorldSnapshot:
    """A snapshot of the world as it is once the Pods that are being started have settled.

    What is the same as in `like`, or else as before the first fault, shares its memory with that.
    """
    await settle(world)
    pickler = _Pickler(world)
    parts, state = pickler.dump_parts()
    like = like or world.before_faults
    same = {text: text for text in like.state} if like else {}
    made = WorldSnapshot(
        world=world,
        state=tuple(same.get(text, text) for text in state),
        shared=tuple(pickler.shared),
        parts=parts,
        objects=world.cluster.snapshot(),
        files=read_tree(world.directory, like.files if like else ()),
    )
    world.usage.snapshots = [ref(each) for each in (*kept(world), made)]
    return made


def kept(world: World) -> list[WorldSnapshot]:
    """The snapshots of the world that something still refers to."""
    return [snapshot for each in world.usage.snapshots if (snapshot := each()) is not None]


async def settle(world: World) -> None:
    """Waits until the Pods that are being started have settled."""
    for _ in range(ROUNDS):  # what Pods do makes work for the controllers, and the other way round
        await world.controllers.settle(SETTLE_SECONDS)
        await world.kubelet.settle(SETTLE_SECONDS)


def bytes_of(world_snapshots: Iterable[WorldSnapshot]) -> int:
    """About how many bytes of memory these take together; what they share counts once."""
    sizes: dict[int, int] = {}
    pending = list(world_snapshots)
    while pending:
        world_snapshot = pending.pop()
        if id(world_snapshot) in sizes:
            continue
        sizes[id(world_snapshot)] = _ENTRY_BYTES * (
            len(world_snapshot.shared) + sum(map(len, world_snapshot.objects.values()))
        )
        sizes |= {id(text): len(text) for text in world_snapshot.state}
        sizes |= {id(file): len(file.content) + _FILE_BYTES for file in world_snapshot.files}
        sizes |= {id(stored): len(stored.text) for kept in world_snapshot.objects.values() for stored in kept.values()}
        sizes |= {id(item): item.size for item in world_snapshot.shared if isinstance(item, StoredObject)}
        pending += [item for item in world_snapshot.shared if isinstance(item, WorldSnapshot)]
    return sum(sizes.values())


_ENTRY_BYTES = 100
"""What one entry takes in a dict."""
_FILE_BYTES = 400
"""What a kept file takes beside its content."""


async def restore(world: World, world_snapshot: WorldSnapshot) -> None:
    """Makes the world what it was. Raises `ValueError` for a snapshot of another world.

    No Pod is run again: a Pod that is gone by now comes back with its uid, its files and its logs; a newer one goes.
    """
    if world_snapshot.world is not world:
        raise ValueError("the world snapshot is another world's")
    await world.controllers.settle(SETTLE_SECONDS)
    await world.kubelet.retire(SETTLE_SECONDS)
    # No `await` from here on: no other task sees half of it.
    states = [_Unpickler(world_snapshot, text).load() for text in world_snapshot.state]
    write_tree(world.directory, world_snapshot.files)
    with world.controllers.looking_away(), world.kubelet.looking_away():
        world.cluster.restore(world_snapshot.objects)
        for part, state in zip(world_snapshot.parts, states, strict=True):
            vars(part).update(state)
            for name in vars(part).keys() - state.keys() - _no_state(part):
                delattr(part, name)


def _no_state(part: Any) -> frozenset[str]:
    return _NO_STATE.get(type(part), frozenset())


class _Pickler(pickle.Pickler):
    """Copies all that a world refers to. What is shared, the parts among it, is not copied but referred to."""

    def __init__(self, world: World) -> None:
        self._buffer = io.BytesIO()
        super().__init__(self._buffer, pickle.HIGHEST_PROTOCOL)
        self.shared: list[Any] = []
        self._places: dict[int, int] = {}
        self._parts: list[Any] = [world]

    def dump_parts(self) -> tuple[tuple[Any, ...], list[bytes]]:
        """The world and each part that its attributes lead to, and the attributes of each of them, pickled."""
        state = []
        for part in self._parts:  # grows meanwhile
            self._buffer.seek(0)
            self._buffer.truncate()
            self.clear_memo()
            self.dump({name: value for name, value in vars(part).items() if name not in _no_state(part)})
            state.append(self._buffer.getvalue())
        return tuple(self._parts), state

    def persistent_id(self, value: Any) -> int | None:
        is_part = type(value) in _NO_STATE or value is self._parts[0]
        if not is_part and not isinstance(value, (*_SHARED, WorldSnapshot)):
            return None
        if id(value) not in self._places:
            self._places[id(value)] = len(self.shared)
            self.shared.append(value)
            if is_part and value is not self._parts[0]:
                self._parts.append(value)
        return self._places[id(value)]


class _Unpickler(pickle.Unpickler):
    def __init__(self, world_snapshot: WorldSnapshot, text: bytes) -> None:
        super().__init__(io.BytesIO(text))
        self._shared = world_snapshot.shared

    def persistent_load(self, place: int) -> Any:
        return self._shared[place]
