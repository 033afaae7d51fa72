"""The port through which IAM and STS reach an OIDC issuer; `app.world.servers.network` is behind it."""

from __future__ import annotations

from typing import Protocol

from app.flow.model import JsonValue


class IssuerUnreachable(Exception):
    """An issuer's document could not be fetched.

    `kind` is `timeout` (no answer in time), `tls` (the handshake failed), or anything else for a
    refused connection, a status other than 200 or a body that is no JSON.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class IssuerClient(Protocol):
    """How STS and IAM reach an OIDC issuer."""

    async def get_json(self, url: str) -> JsonValue:
        """The JSON document at an https URL. Raises `IssuerUnreachable`."""
        ...

    async def thumbprint(self, url: str) -> str:
        """SHA-1 of the last certificate that the URL's host serves, 40 hex digits. Raises `IssuerUnreachable`."""
        ...

    def trusted(self, url: str) -> bool:
        """Whether the chain of the URL's host ends in AWS's library of trusted root CAs."""
        ...
