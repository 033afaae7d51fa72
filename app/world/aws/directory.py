"""How the endpoint finds an account: what AWS as a whole knows, and nothing more."""

from __future__ import annotations

from typing import Protocol

from app.world.aws.account import Account


class Accounts(Protocol):
    """Accounts by their number, which an access key id contains."""

    def account(self, account_id: str) -> Account | None:
        """The account of those 12 digits."""
        ...


class Directory(Accounts, Protocol):
    """All accounts of this simulated AWS."""

    def account_by_issuer(self, issuer: str) -> Account | None:
        """The account whose world has that issuer. If a role's account does not exist, STS refuses in its wording."""
        ...

    def account_by_path(self, path: str) -> Account | None:
        """The account whose world has that secret path: for instance metadata, which knows no credentials."""
        ...
