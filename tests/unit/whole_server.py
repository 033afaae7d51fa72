"""The whole application, asked without a server."""

import asyncio

import httpx

from app import server


def ask(path, method="GET", **headers):
    """One request of the whole application, as `serve` gives it to uvicorn."""

    async def asked():
        transport = httpx.ASGITransport(app=server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asked())
