"""Uploads: what is taken, and what is refused before it is read."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.flow.diagnosis_file import diagnosis_file
from app.serving.uploads import BoundedUploads, UploadLimits

LIMITS = UploadLimits(session=1000, address=1500, total=2000, least=100)


class Uploads:
    """What Streamlit does: it keeps whatever comes."""

    def __init__(self):
        self.files = {}
        self.read = []
        app = Starlette(routes=[Route("/_stcore/upload_file/{session}/{file}", self.keep, methods=["PUT", "GET"])])
        self.app = BoundedUploads(app, files=lambda: self.files, trusted=(), limits=LIMITS)

    async def keep(self, request):
        self.read.append(request.path_params["file"])
        session = self.files.setdefault(request.path_params["session"], {})
        session[request.path_params["file"]] = SimpleNamespace(data=await request.body())
        return Response(status_code=204)

    def put(self, session, file, content, address="192.0.2.1", method="PUT", **headers):
        async def asked():
            transport = httpx.ASGITransport(app=self.app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(
                    method, f"/_stcore/upload_file/{session}/{file}", content=content, headers=headers
                )

        return asyncio.run(asked()).status_code


@pytest.fixture
def uploads():
    return Uploads()


def test_a_session_may_not_keep_more_than_its_share(uploads):
    assert [uploads.put("s", f"f{number}", b"x" * 400) for number in range(3)] == [204, 204, 413]
    assert uploads.read == ["f0", "f1"], "what is refused is not read"
    del uploads.files["s"]["f0"]
    assert uploads.put("s", "f3", b"x" * 400) == 204


def test_empty_files_count_as_well(uploads):
    assert [uploads.put("s", f"f{number}", b"") for number in range(11)] == [204] * 10 + [413]


def test_one_address_may_not_take_the_room_of_all(uploads):
    assert [uploads.put(f"s{number}", "f", b"x" * 500) for number in range(4)] == [204, 204, 204, 413]
    assert uploads.put("other", "f", b"x" * 500, address="192.0.2.2") == 204
    assert uploads.put("more", "f", b"x" * 500, address="192.0.2.3") == 413


def test_the_last_file_of_an_address_fits_into_its_share(uploads):
    sizes = (900, 400, 300, 200)
    assert [uploads.put(f"s{size}", "f", b"x" * size) for size in sizes] == [204, 204, 413, 204]


def test_two_addresses_leave_a_third_room(uploads):
    def put(address):
        return [uploads.put(f"{address}{number}", "f", b"x" * 100, address=address) for number in range(20)].count(204)

    assert [put(address) for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3")] == [15, 4, 1]


def test_a_session_that_is_gone_gives_its_room_back(uploads):
    for number in range(3):
        uploads.put(f"s{number}", "f", b"x" * 500)
    uploads.files.clear()
    assert uploads.put("s", "f", b"x" * 500) == 204


def test_a_body_without_a_length_is_refused(uploads):
    async def chunks():
        yield b"x"

    assert uploads.put("s", "f", chunks()) == 411
    assert uploads.put("s", "f", b"x", **{"content-length": "0" * 5000 + "1"}) == 411
    assert uploads.read == []


def test_only_uploads_are_counted(uploads):
    assert uploads.put("s", "f", b"x" * 5000, method="GET") == 204


def test_what_is_under_way_counts(uploads):
    seen = []

    async def slow(scope, receive, send):
        uploads.app._app = uploads.keep_app
        transport = httpx.ASGITransport(app=uploads.app, client=("192.0.2.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            seen.append((await client.put("/_stcore/upload_file/s/second", content=b"x" * 600)).status_code)
        await uploads.keep_app(scope, receive, send)

    uploads.keep_app, uploads.app._app = uploads.app._app, slow
    assert uploads.put("s", "first", b"x" * 600) == 204
    assert seen == [413]


def test_two_files_that_the_doctor_reads_fit_into_a_session():
    assert UploadLimits().session > 2 * diagnosis_file.SIZE_LIMIT
