"""A Pod's volumes: what the kubelet puts into them (`pkg/volume/projected/projected.go` and its siblings)."""

from __future__ import annotations

import asyncio
import posixpath
import stat
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing

from app.flow.model import JsonObject
from app.world.apiserver.storage.state import ClusterState
from app.world.node.pod_record import PodRecord
from app.world.node.programs.environment import ConfigError, data_of, field_value, resource_field_value
from app.world.node.volumes.atomic_writer import (
    TMPFS,
    AtomicWriter,
    Attributes,
    FileProjection,
    InvalidPath,
    OwnedTree,
    check_place,
)
from app.world.node.volumes.disk import PodDisk, bytes_on_disk
from app.world.node.volumes.scratch import Written
from app.world.node.volumes.token_manager import TokenError, TokenManager

DEFAULT_MODE = 0o644
ON_DISK = 0o777
"""The mode of a volume that is a directory on the node's disk (`perm` in `pkg/volume/emptydir/empty_dir.go`)."""
SOURCES_LIMIT = 100
"""How many sources one projected volume may have: each may cost a token."""
_LACKING = {
    "configmaps": "configmap references non-existent config key",
    "secrets": "references non-existent secret key",
}
"""What the kubelet says of a key that `items` lists and the object does not have (`MakePayload` of
`pkg/volume/configmap/configmap.go` and `pkg/volume/secret/secret.go`)."""


def common_user(pod: JsonObject) -> int | None:
    """The user that all containers run as by `runAsUser`; None where they differ or a container has none.

    Source: `pkg/volume/util/util.go` `FsUserFrom`.
    """
    shared = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    containers = [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]
    users = {(container.get("securityContext") or {}).get("runAsUser", shared) for container in containers}
    return users.pop() if len(users) == 1 else None


class PodVolumes:
    """The volumes of one Pod on this node."""

    def __init__(
        self, record: PodRecord, tokens: TokenManager, disk: PodDisk, cluster: ClusterState, now: Callable[[], float]
    ) -> None:
        """`cluster`: has the ConfigMaps and Secrets; `now`: Unix seconds by the node's clock."""
        self._record = record
        self._tokens = tokens
        self._disk = disk
        self._cluster = cluster
        self._now = now
        self._writers: dict[str, AtomicWriter] = {}

    def tree(self, name: str) -> OwnedTree | None:
        """The files of a volume; None where the Pod has no volume of that name."""
        writer = self._writers.get(name)
        return writer.tree if writer else None

    def mentions(self, resource: str, name: str) -> bool:
        """Whether a volume has files of that ConfigMap or Secret (`configmaps`, `secrets`)."""
        kind = resource.removesuffix("s").replace("configmap", "configMap")
        for volume in self._record.pod["spec"].get("volumes") or []:
            for source in (volume, *((volume.get("projected") or {}).get("sources") or [])):
                of_kind = source.get(kind) or {}
                if name in (of_kind.get("name"), of_kind.get("secretName")):
                    return True
        return False

    async def refresh(self) -> tuple[str, ...]:
        """Sets up missing volumes, and renews those that have changed.

        Returns the texts of `FailedMount` events, one for each volume that failed.
        """
        failures: list[str] = []
        for volume in self._record.pod["spec"].get("volumes") or []:
            await asyncio.sleep(0)  # other worlds get their turn in between, as between the sources of one volume
            name = volume["name"]
            try:
                writer = self._writer(volume)
                payload = await self._payload(volume)
                if payload is not None:
                    wanted = _bytes_on_disk(payload)
                    self._disk.node.check(wanted - self._disk.sizes[name])
                    writer.write(payload, group=self._group)
                    self._disk.sizes[name] = wanted
            except (ConfigError, TokenError, InvalidPath, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                failures.append(f'MountVolume.SetUp failed for volume "{name}" : {reason}')
        return tuple(failures)

    @property
    def _group(self) -> int | None:
        group = (self._record.pod["spec"].get("securityContext") or {}).get("fsGroup")
        return group if isinstance(group, int) else None

    @property
    def written_bytes(self) -> int:
        """Bytes that programs have written into the volumes."""
        return sum(writer.tree.scratch.size for writer in self._writers.values())

    @property
    def written(self) -> dict[str, dict[str, Written]]:
        """What programs have written into each volume, by its name."""
        return {name: dict(writer.tree.scratch.entries) for name, writer in self._writers.items()}

    def recall(self, written: Mapping[str, Mapping[str, Written]]) -> None:
        """Restores what programs had written into the volumes."""
        for name, entries in written.items():
            if name in self._writers:
                self._writers[name].tree.scratch.entries = dict(entries)

    def _writer(self, volume: JsonObject) -> AtomicWriter:
        name = volume["name"]
        if name not in self._writers:
            self._disk.node.check(0, volumes=1)
            # The volume's position names its directory: a name is the learner's and need not suit a file system.
            tree = OwnedTree(self._disk.directory / "volumes" / str(len(self._writers)))
            tree.root.mkdir(parents=True, exist_ok=True)
            mode = TMPFS if _is_in_memory(volume) else ON_DISK
            tree.own(tree.root, Attributes(mode=mode))
            if volume.get("emptyDir") is not None and self._group is not None:
                # With setgid, what programs make in the volume belongs to the group as well.
                tree.own(tree.root, Attributes(mode=mode | stat.S_ISGID, gid=self._group))
            self._writers[name] = AtomicWriter(tree, self._now, mode=mode)
            self._disk.sizes[name] = 0
        return self._writers[name]

    async def _payload(self, volume: JsonObject) -> dict[str, FileProjection] | None:
        """The files of a volume; None for kinds that the kubelet leaves empty here (emptyDir, hostPath, ...).

        Raises `OSError` as soon as what was read does not fit on the disk: each file may be the same large text.
        """
        sources, default = _sources(volume)
        if sources is None:
            return None
        payload: dict[str, FileProjection] = {}
        read = -self._disk.sizes[volume["name"]]
        failures: list[str] = []
        for source in sources:
            await asyncio.sleep(0)
            try:
                async with aclosing(self._source(source, default)) as files:
                    async for path, file in files:
                        payload[path] = file
                        read += len(file.data)
                        self._disk.node.check(read)
            except (ConfigError, TokenError) as error:
                failures.append(str(error))
        if failures:
            raise ConfigError(_aggregate(failures))
        return payload

    async def _source(self, source: JsonObject, mode: int) -> AsyncGenerator[tuple[str, FileProjection]]:
        if (wanted := source.get("serviceAccountToken")) is not None:
            yield await self._token(wanted, mode)
            return
        if (wanted := source.get("configMap")) is not None:
            files = self._entries("configmaps", wanted, mode)
        elif (wanted := source.get("secret")) is not None:
            files = self._entries("secrets", wanted, mode)
        else:
            files = self._fields(source.get("downwardAPI") or {}, mode)
        for each in files:
            await asyncio.sleep(0)
            yield each

    def _fields(self, wanted: JsonObject, mode: int) -> Iterator[tuple[str, FileProjection]]:
        for item in wanted.get("items") or []:
            if (reference := item.get("resourceFieldRef")) is not None:
                value = resource_field_value(self._cluster, self._record.pod, None, reference)
            else:
                value = field_value(self._record.pod, (item.get("fieldRef") or {}).get("fieldPath") or "")
            path = _place(item["path"])
            yield path, FileProjection(data=value.encode("utf-8", "replace"), mode=item.get("mode", mode))

    async def _token(self, wanted: JsonObject, mode: int) -> tuple[str, FileProjection]:
        metadata = self._record.pod["metadata"]
        audience = wanted.get("audience")
        spec = {
            "audiences": [audience] if audience else None,
            "expirationSeconds": wanted.get("expirationSeconds", 3600),
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]},
        }
        account = self._record.pod["spec"].get("serviceAccountName") or "default"
        token = await self._tokens.token(metadata["namespace"], account, spec)
        if self._record.closed:
            self._tokens.forget(metadata["uid"])  # else the token would be kept for a Pod that is gone
        user = common_user(self._record.pod)
        # With a user or a group of its own only those may read the token; the group's right comes with `fsGroup`.
        if user is not None or self._group is not None:
            mode = 0o600
        return _place(wanted["path"]), FileProjection(data=token.encode(), mode=mode, user=user)

    def _entries(self, resource: str, wanted: JsonObject, mode: int) -> Iterator[tuple[str, FileProjection]]:
        name = wanted.get("name") or ""
        entries = data_of(self._cluster, resource, self._record.pod["metadata"]["namespace"], name)
        if entries is None:
            if wanted.get("optional"):
                return
            raise ConfigError(f'{resource.removesuffix("s")} "{name}" not found')
        items = wanted.get("items")
        if not items:
            for key, value in entries.items():
                yield key, FileProjection(data=value, mode=mode)
            return
        for item in items:
            if item["key"] not in entries:
                if wanted.get("optional"):
                    continue
                raise ConfigError(f"{_LACKING[resource]}: {item['key']}")
            path = _place(item["path"])
            yield path, FileProjection(data=entries[item["key"]], mode=item.get("mode", mode))


def _sources(volume: JsonObject) -> tuple[list[JsonObject] | None, int]:
    """Where the files of a volume come from, and the mode of those that are given none."""
    if projected := volume.get("projected"):
        sources = projected.get("sources") or []
        if len(sources) > SOURCES_LIMIT:
            raise ConfigError(f"this simulated node takes at most {SOURCES_LIMIT} sources in a volume")
        return sources, projected.get("defaultMode", DEFAULT_MODE)
    for kind in ("configMap", "secret", "downwardAPI"):
        if (source := volume.get(kind)) is not None:
            named = {**source, "name": source.get("name") or source.get("secretName")}
            return [{kind: named}], source.get("defaultMode", DEFAULT_MODE)
    return None, DEFAULT_MODE


def _place(path: str) -> str:
    """A file's path within its volume, without dots. Raises `InvalidPath`."""
    place = posixpath.normpath(path)
    check_place(place)
    return place


def _bytes_on_disk(payload: Mapping[str, FileProjection]) -> int:
    return bytes_on_disk({path: len(file.data) for path, file in payload.items()})


def _is_in_memory(volume: JsonObject) -> bool:
    """Whether the volume is a tmpfs. A ConfigMap's is not (`wrappedVolumeSpec` of each kind in `pkg/volume`)."""
    in_memory = bool(volume.keys() & {"projected", "secret", "downwardAPI"})
    return in_memory or (volume.get("emptyDir") or {}).get("medium") == "Memory"


def _aggregate(failures: list[str]) -> str:
    """The text of several errors as one, each text once (k8s.io/apimachinery `pkg/util/errors`, `NewAggregate`)."""
    texts = list(dict.fromkeys(failures))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
