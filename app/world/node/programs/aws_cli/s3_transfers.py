"""What `aws s3 cp`, `mv`, `rm`, `sync`, `mb` and `rb` do, between a container's files and buckets.

Of the real ones' output the progress is left out, as under `--no-progress`. Source: the AWS CLI's command reference,
`aws s3`; its observed output.
"""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore import exceptions

from app.flow.ports import Execution
from app.world.node.container import Container
from app.world.node.programs.aws_cli.s3_options import S3Command, bucket_and_key


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A file, or an object."""

    bucket: str = ""
    """Empty for a file."""
    path: str
    """A file's path, or an object's key."""
    size: int = 0
    modified: float = 0.0


@dataclass(kw_only=True)
class _Printed:
    out: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: bool = False


class Missing(Exception):
    """A path that does not exist: the text is the CLI's message, the status 255."""


class S3Transfers:
    """One command. `stdin` is what `cp -` reads."""

    def __init__(self, client: Any, container: Container, command: S3Command, stdin: str) -> None:
        self._client = client
        self._container = container
        self._command = command
        self._stdin = stdin
        self._printed = _Printed()

    def run(self) -> Execution:
        """Runs the command. What botocore raises at the start is not caught."""
        match self._command.name:
            case "mb":
                self._make_bucket()
            case "rb":
                self._remove_bucket()
            case "rm":
                self._remove()
            case "sync":
                self._sync()
            case _:
                self._copy_or_move()
        printed = self._printed
        return Execution(stdout="".join(printed.out), stderr="".join(printed.errors), exit_code=int(printed.failed))

    # (1) Buckets

    def _make_bucket(self) -> None:
        bucket = bucket_and_key(self._command.paths[0])[0]
        region = self._client.meta.region_name
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self._client.create_bucket(Bucket=bucket, **where)
        except exceptions.ClientError as error:
            self._fail(f"make_bucket failed: s3://{bucket} {error}")
        else:
            self._say(f"make_bucket: {bucket}", always=True)

    def _remove_bucket(self) -> None:
        bucket = bucket_and_key(self._command.paths[0])[0]
        try:
            if "force" in self._command:
                for found in list(self._objects(bucket, "")):
                    self._delete(found)
            self._client.delete_bucket(Bucket=bucket)
        except exceptions.ClientError as error:
            self._fail(f"remove_bucket failed: s3://{bucket} {error}")
        else:
            self._say(f"remove_bucket: {bucket}", always=True)

    # (2) Objects and files

    def _remove(self) -> None:
        bucket, key = bucket_and_key(self._command.paths[0])
        recursive = "recursive" in self._command
        found = list(self._objects(bucket, _folder(key))) if recursive else [_Place(bucket=bucket, path=key)]
        for place in found:
            self._try("delete", place, None, partial(self._delete, place, quietly=True))

    def _copy_or_move(self) -> None:
        source, target = self._command.paths
        if "-" in (source, target):
            self._stream(source, target)
            return
        recursive = "recursive" in self._command
        for place, name in self._sources(source, recursive=recursive):
            self._transfer(place, self._target(target, name, into=recursive or self._is_directory(target)))

    def _sync(self) -> None:
        source, target = self._command.paths
        there = {name: place for place, name in self._sources(target, recursive=True, missing=True)}
        here = {name: place for place, name in self._sources(source, recursive=True)}
        for name, place in here.items():
            if name not in there or self._is_newer(place, there[name]):
                self._transfer(place, self._target(target, name, into=True))
        if "delete" in self._command:
            for name, place in there.items():
                if name not in here:
                    self._try("delete", place, None, partial(self._delete, place, quietly=True))

    def _is_newer(self, source: _Place, target: _Place) -> bool:
        if source.size != target.size:
            return True
        if "size-only" in self._command:
            return False
        return target.modified > source.modified if not target.bucket else target.modified < source.modified

    def _sources(self, path: str, *, recursive: bool, missing: bool = False) -> Iterator[tuple[_Place, str]]:
        """The files or objects that a path stands for, each with its name below the path."""
        if path.startswith("s3://"):
            bucket, key = bucket_and_key(path)
            if not recursive:
                yield self._object(bucket, key), posixpath.basename(key)
                return
            prefix = _folder(key)
            for place in list(self._objects(bucket, prefix)):
                if place.path != prefix:
                    yield place, place.path.removeprefix(prefix)
            return
        files = self._container.files
        full = self._full(path)
        try:
            inode = files.stat(full)
        except OSError:
            if missing:
                return
            raise Missing(f"The user-provided path {path} does not exist.") from None
        if not recursive:
            if inode.is_directory:
                raise Missing(f"The user-provided path {path} is a directory: use --recursive.")
            yield _Place(path=full, size=inode.size, modified=inode.modified), posixpath.basename(full)
            return
        for name in self._walk(full, ""):
            inode = files.stat(posixpath.join(full, name))
            yield _Place(path=posixpath.join(full, name), size=inode.size, modified=inode.modified), name

    def _walk(self, directory: str, below: str) -> Iterator[str]:
        files = self._container.files
        for name in files.listdir(posixpath.join(directory, below)):
            inner = posixpath.join(below, name)
            inode = files.stat(posixpath.join(directory, inner))
            if inode.is_directory:
                yield from self._walk(directory, inner)
            else:
                yield inner

    def _target(self, path: str, name: str, *, into: bool) -> _Place:
        if path.startswith("s3://"):
            bucket, key = bucket_and_key(path)
            if into and key and not key.endswith("/"):
                key += "/"
            return _Place(bucket=bucket, path=key + name if not key or key.endswith("/") else key)
        full = self._full(path)
        return _Place(path=posixpath.join(full, name) if into or path.endswith("/") else full)

    def _object(self, bucket: str, key: str) -> _Place:
        try:
            head = self._client.head_object(Bucket=bucket, Key=key)
        except exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "404":
                error.args = (f'{error.args[0].rpartition(":")[0]}: Key "{key}" does not exist',)
            raise
        return _Place(bucket=bucket, path=key, size=head["ContentLength"], modified=head["LastModified"].timestamp())

    def _objects(self, bucket: str, prefix: str) -> Iterator[_Place]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", []):
                modified = found["LastModified"].timestamp()
                yield _Place(bucket=bucket, path=found["Key"], size=found["Size"], modified=modified)

    def _full(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._container.working_directory, path))

    def _is_directory(self, path: str) -> bool:
        try:
            return not path.startswith("s3://") and self._container.files.stat(self._full(path)).is_directory
        except OSError:
            return False

    # (3) One transfer

    def _transfer(self, source: _Place, target: _Place) -> None:
        kind = "copy" if source.bucket and target.bucket else "upload" if target.bucket else "download"
        move = self._command.name == "mv"
        self._try("move" if move else kind, source, target, lambda: self._move(kind, source, target, move=move))

    def _move(self, kind: str, source: _Place, target: _Place, *, move: bool) -> None:
        files = self._container.files
        if kind == "copy":
            origin = {"Bucket": source.bucket, "Key": source.path}
            self._client.copy_object(Bucket=target.bucket, Key=target.path, CopySource=origin)
        elif kind == "upload":
            self._put(target, files.read(source.path), posixpath.basename(source.path))
        else:
            answer = self._client.get_object(Bucket=source.bucket, Key=source.path)
            self._make_directories(posixpath.dirname(target.path))
            files.write(target.path, answer["Body"].read(), modified=answer["LastModified"].timestamp())
        if move:
            self._delete(source, quietly=True)

    def _put(self, target: _Place, content: bytes, name: str) -> None:
        kind = self._command.content_type or mimetypes.guess_type(name)[0]
        more = {"ContentType": kind} if kind else {}
        self._client.put_object(Bucket=target.bucket, Key=target.path, Body=content, **more)

    def _make_directories(self, path: str) -> None:
        try:
            self._container.files.stat(path)
        except FileNotFoundError:
            self._make_directories(posixpath.dirname(path))
            self._container.files.mkdir(path)

    def _delete(self, place: _Place, *, quietly: bool = False) -> None:
        if place.bucket:
            self._client.delete_object(Bucket=place.bucket, Key=place.path)
        else:
            self._container.files.remove(place.path)
        if not quietly:
            self._say(f"delete: {self._shown(place)}")

    def _stream(self, source: str, target: str) -> None:
        """`cp` from standard input, or to standard output."""
        if source == "-":
            bucket, key = bucket_and_key(target)
            self._client.put_object(Bucket=bucket, Key=key, Body=self._stdin.encode("utf-8", "surrogateescape"))
            return
        bucket, key = bucket_and_key(source)
        self._object(bucket, key)
        answer = self._client.get_object(Bucket=bucket, Key=key)
        self._printed.out.append(answer["Body"].read().decode("utf-8", "surrogateescape"))

    def _try(self, kind: str, source: _Place, target: _Place | None, work: Callable[[], object]) -> None:
        what = f"{self._shown(source)} to {self._shown(target)}" if target else self._shown(source)
        if "dryrun" in self._command:
            self._say(f"(dryrun) {kind}: {what}")
            return
        try:
            work()
        except (exceptions.ClientError, OSError) as error:
            self._fail(f"{kind} failed: {what} {error}")
        else:
            self._say(f"{kind}: {what}")

    def _shown(self, place: _Place) -> str:
        if place.bucket:
            return f"s3://{place.bucket}/{place.path}"
        directory, name = posixpath.split(place.path)
        return posixpath.join(posixpath.relpath(directory, self._container.working_directory), name)

    def _say(self, text: str, *, always: bool = False) -> None:
        if always or not {"quiet", "only-show-errors"} & self._command.flags:
            self._printed.out.append(f"{text}\n")

    def _fail(self, text: str) -> None:
        self._printed.failed = True
        if "quiet" not in self._command:
            self._printed.errors.append(f"{text}\n")


def _folder(key: str) -> str:
    """The prefix of all keys below a key: `a` does not stand for `a.csv`."""
    return key if not key or key.endswith("/") else f"{key}/"
