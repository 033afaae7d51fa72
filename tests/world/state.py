"""All that can be seen of a world, as one JSON value: to compare a world before and after."""

import asyncio
import dataclasses
import io
import pickle
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, MethodType

import jwt

from app.flow.model import JsonValue
from app.world.apiserver.controllers.manager import ControllerManager
from app.world.apiserver.storage.stored import Stored
from app.world.exchange_log import ExchangeLog
from app.world.keys import KeyPool, SigningKey
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.streams import Streams
from app.world.node.volumes.kept_files import read_tree
from app.world.node.wake_up import WakeUp
from app.world.servers.loopback import Loopback
from app.world.usage import Usage
from app.world.world import World

MACHINERY = (
    *(ExchangeLog, Loopback, KeyPool, ContainerRuntime, Streams, ControllerManager, WorldSnapshot, Usage),
    *(asyncio.Lock, asyncio.Task, WakeUp),
)
"""What works on the state and is none."""
NOT_SEEN = {"changes", "_tasks", "_cancel_watch", "_addresses", "_running"}
"""Attributes that go on whatever comes back. Each object's own version is among what is seen."""

COPIED = {
    *("collections deque", "builtins getattr", "pathlib PosixPath"),
    "app.flow.model Chain",
    *("app.flow.ports Execution", "app.flow.webhook WebhookSettings"),
    *("app.world.apiserver.auth.authorization Grant",),
    *(
        f"app.world.aws.entities {name}"
        for name in ("Bucket", "InstanceProfile", "Node", "NodeKind", "OidcProvider", "Policy", "PolicyVersion")
    ),
    *(f"app.world.aws.entities {name}" for name in ("PublishedKeys", "Role", "User")),
    *(
        "app.world.aws.access_keys AccessKey",
        "app.world.aws.eks.cluster Association",
        "app.world.aws.eks.cluster Cluster",
    ),
    *("app.world.node.volumes.atomic_writer AtomicWriter", "app.world.node.volumes.atomic_writer Attributes"),
    *("app.world.node.volumes.atomic_writer OwnedTree", "app.world.node.container Container"),
    *("app.world.node.container_log ContainerLog", "app.world.node.container_log Piece"),
    *("app.world.node.volumes.filesystem FileSystem", "app.world.node.volumes.image Image"),
    "app.world.node.volumes.mounts Mount",
    *("app.world.node.volumes.inodes Inode", "app.world.node.volumes.inodes User"),
    *("app.world.node.pod_status ContainerState", "app.world.node.pod_status PodState"),
    *(
        f"app.world.node.{name}"
        for name in ("pod_record PodRecord", "pod_schedule PodSchedule", "pod_worker PodWorker")
    ),
    "app.world.node.pod_containers PodContainers",
    *("app.world.node.volumes.disk NodeDisk", "app.world.node.volumes.disk PodDisk"),
    *("app.world.node.volumes.volumes PodVolumes", "app.world.node.volumes.scratch Scratch"),
    "app.world.node.volumes.scratch Written",
    *("app.world.node.volumes.token_manager KeptToken", "app.world.node.volumes.token_manager TokenManager"),
}
"""Classes whose instances a world snapshot copies: plain values, or what is owned by one Pod.

Where another one turns up: it belongs here if each world has its own, else into
`app.world.lifecycle.world_snapshot._SHARED`.
"""


def state_of(world: World) -> JsonValue:
    """The objects with uid and version, both accounts, network, clock, keys, Pods with their logs, the node's files.

    Every attribute of every part is read, no matter which code added it.
    """
    files = {
        file.path: [file.mode, file.uid, file.gid, file.modified, file.content.decode("utf-8", "replace")]
        for file in read_tree(world.directory)
    }
    return {"world": _plain(world, set()), "files": files}


def _plain(value: object, seen: set[int]) -> JsonValue:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.decode("utf-8", "replace")
        case Path():
            return str(value)
        case SigningKey():
            return value.kid
        case jwt.PyJWK():
            return value.key_id
        case Stored():
            return _plain(value.object, seen)
        case FunctionType() | MethodType():
            return value.__qualname__
        case Mapping():
            return {str(key): _plain(item, seen) for key, item in value.items()}
        case set() | frozenset():
            return sorted(map(str, value))
        case list() | tuple() | deque():
            return [_plain(item, seen) for item in value]
    name = type(value).__name__
    if isinstance(value, MACHINERY) or id(value) in seen:
        return f"<{name}>"
    if dataclasses.is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    else:
        seen.add(id(value))
        members = {key: item for key, item in vars(value).items() if key not in NOT_SEEN}
    return {"": name} | {key: _plain(item, seen) for key, item in sorted(members.items())}


def classes_in(world_snapshot: WorldSnapshot) -> set[str]:
    """The classes of what a world snapshot copies."""
    found = set()

    class Listing(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> type:
            found.add(f"{module.removesuffix('._local')} {name}")
            return super().find_class(module, name)

        def persistent_load(self, place: int) -> object:
            return world_snapshot.shared[place]

    for text in world_snapshot.state:
        Listing(io.BytesIO(text)).load()
    return found
