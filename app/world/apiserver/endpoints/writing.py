"""The verbs that write, as HTTP asks for them: bodies, options and patches, handed to `operations`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from starlette.responses import Response

from app.flow.model import JsonObject, JsonValue
from app.flow.times import timestamp
from app.world.apiserver.endpoints.reading import object_list
from app.world.apiserver.endpoints.responses import compact, json_response
from app.world.apiserver.patching import patch
from app.world.apiserver.patching.apply import apply
from app.world.apiserver.registry import operations
from app.world.apiserver.registry.operations import Change, WriteResult
from app.world.apiserver.registry.preparation import match_name
from app.world.apiserver.request.options import Options, parse_delete_options, parse_options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import codec, errors, names
from app.world.apiserver.types.codec import Malformed
from app.world.apiserver.types.go_text import as_go, json_kind
from app.world.apiserver.types.schema import Decoder, TooManyItems, WrongType
from app.world.apiserver.types.selectors import parse_selectors


class Write:
    """One request that writes."""

    def __init__(
        self,
        scope: RequestScope,
        *,
        raw: bytes,
        content_type: str,
        query: Mapping[str, str],
        user_agent: str,
    ) -> None:
        self._scope = scope
        self._world = scope.world
        self._resource = scope.resource
        self._raw = raw
        self._content_type = content_type
        self._query = query
        self._user_agent = user_agent

    async def create(self) -> Response:
        """POST to a collection. Raises `ApiError`."""
        options = parse_options("CreateOptions", self._query, self._user_agent)
        body = codec.decode_body(self._raw, self._content_type, self._resource.kind)
        return _written(await operations.create_object(self._scope, body, options))

    async def update(self, name: str) -> Response:
        """PUT. Raises `ApiError`."""
        return _written(await self.replace(name, *self.asked(self._resource.kind, patched=False)))

    async def patch(self, name: str) -> Response:
        """PATCH, of any of the four types. Raises `ApiError`."""
        if codec.media_type(self._content_type) == codec.APPLY_PATCH:
            return await self._apply(name)
        return _written(await self.replace(name, *self.asked(self._resource.kind, patched=True)))

    def asked(self, kind: str, *, patched: bool) -> tuple[Change, Options]:
        """The change of an object of a kind that a PUT, or a PATCH other than an apply, asks for, and how it is to be
        done. Raises `ApiError` 400, 415 and 422."""
        if not patched:
            options = parse_options("UpdateOptions", self._query, self._user_agent)
            body = codec.decode_body(self._raw, self._content_type, kind)
            return lambda stored: body, options
        media = codec.media_type(self._content_type)
        if media not in codec.PATCHES or media == codec.APPLY_PATCH:
            raise errors.unsupported_media_type(codec.PATCHES)
        options = parse_options("PatchOptions", self._query, self._user_agent)
        try:
            document = codec.parse_json(self._raw)
        except Malformed as error:
            # Of a strategic merge patch the server passes on what its decoder says (`patch.go` of its endpoints).
            message = str(error) if media == codec.STRATEGIC_PATCH else f"error decoding patch: {error}"
            raise errors.bad_request(message) from None
        return self._change(media, document, kind), options

    async def replace(self, name: str, change: Change, options: Options) -> WriteResult:
        """Replaces the stored object by the result of `change`. Raises `ApiError`."""
        return await operations.update_object(self._scope, name, change, options)

    async def delete(self, name: str) -> Response:
        """DELETE of one object. Raises `ApiError`."""
        options = parse_delete_options(self._query, self._delete_body())
        gone = await operations.delete_object(self._scope, name, options)
        if self._resource.returns_deleted or gone["metadata"].get("finalizers"):
            return json_response(gone)
        details = {"name": name} | ({"group": self._resource.group} if self._resource.group else {})
        details |= {"kind": self._resource.plural, "uid": gone["metadata"]["uid"]}
        return json_response(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        )

    async def delete_collection(self) -> Response:
        """DELETE of all that match the selectors. Raises `ApiError`."""
        options = parse_delete_options(self._query, self._delete_body())
        labels, fields = self._query.get("labelSelector", ""), self._query.get("fieldSelector", "")
        matches = parse_selectors(self._resource, labels, fields)
        found = [
            stored.object["metadata"]
            for stored in self._world.cluster.scan(self._resource.plural, self._scope.namespace)
            if matches(stored.object)
        ]
        texts = []
        for metadata in found:
            await asyncio.sleep(0)  # other worlds come in between
            name = metadata["name"]
            try:
                gone = await operations.delete_object(self._scope, name, options)
            except errors.ApiError as error:
                if error.code != 404:  # another request may have deleted it already
                    raise
            else:
                texts.append(compact(gone))
        return json_response(
            object_list(self._resource, texts, {"resourceVersion": str(self._world.cluster.changes.version)})
        )

    def _change(self, media: str, document: JsonValue, kind: str) -> Change:
        def change(stored: JsonObject) -> JsonObject:
            if media == codec.JSON_PATCH:
                result = patch.json_patch(stored, document)
            elif media == codec.MERGE_PATCH:
                result = patch.merge_patch(stored, document)
            else:
                result = patch.strategic_merge_patch(stored, document, kind)
            if not isinstance(result, dict):
                raise errors.bad_request(f"error decoding patch: {patch.NO_OBJECT.format(json_kind(result))}")
            _check_types(result, kind, strategic=document if media == codec.STRATEGIC_PATCH else None)
            return result

        return change

    async def _apply(self, name: str) -> Response:
        options = parse_options("PatchOptions", self._query, self._user_agent, apply=True)
        wanted = self._wanted(name)
        now = timestamp(self._world.clock.now())

        def change(live: JsonObject) -> JsonObject:
            return apply(live, wanted, manager=options.field_manager, force=options.force, time=now)

        scope, resource = self._scope, self._resource
        if self._world.cluster.find(resource.plural, scope.namespace, name) is None and not scope.subresource:
            nothing = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}}
            try:
                return _written(await operations.create_object(scope, change(nothing), options))
            except errors.ApiError as error:
                # Another request has just created it: then this is an update.
                if error.reason != "AlreadyExists":
                    raise
        return _written(await self.replace(name, change, options))

    def _wanted(self, name: str) -> JsonObject:
        """The configuration to apply, typed. Raises `ApiError` 400."""
        try:
            body = codec.parse_yaml(self._raw)
        except Malformed as error:
            raise errors.bad_request(f"error decoding YAML: {error}") from None
        if not isinstance(body, dict):
            raise errors.bad_request("error decoding YAML: the patch is no object")
        wanted, unknown = codec.decode_typed(body, self._resource)
        metadata = wanted.setdefault("metadata", {})
        if metadata.get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        match_name(metadata, name)
        if unknown:
            resource = self._resource
            kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
            about = f"{self._scope.namespace}/{name}; {kind}"
            sentence = f"failed to create typed patch object ({about}): .{unknown[0]}: field not declared in schema"
            raise errors.bad_request(sentence)
        return wanted

    def _delete_body(self) -> JsonObject:
        if not self._raw:
            return {}
        body = codec.decode_body(self._raw, self._content_type, "DeleteOptions")
        if body.get("kind") not in (None, "", "DeleteOptions"):
            kind = body["kind"]
            raise errors.bad_request(f'no kind "{kind}" is registered for version "{body.get("apiVersion", "")}"')
        try:
            options: JsonObject = Decoder().decode("DeleteOptions", {**body, "kind": None, "apiVersion": None})
        except WrongType as error:
            raise errors.bad_request(str(error)) from None
        return options


def _check_types(patched: JsonObject, kind: str, *, strategic: JsonValue) -> None:
    """Raises `ApiError` 422 where a patch has given a field a value of another type (`patch.go` of the endpoints).

    It shows the patch itself if that is a strategic one, else the patched object.
    """
    try:
        Decoder().decode(kind, patched)
    except TooManyItems:
        return  # said when the object is decoded as a whole
    except WrongType as error:
        why, shown = str(error), json.dumps(patched, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        if strategic is not None:
            why, shown = error.restored, as_go(strategic)
        raise errors.invalid("", "", "", [names.invalid_value("patch", shown, why)]) from None


def _written(outcome: WriteResult) -> Response:
    return json_response(outcome.body, 201 if outcome.created else 200, outcome.warnings)
