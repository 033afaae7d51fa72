"""What can go wrong between us and a server: codes and the server's own words, never sentences of ours."""

from __future__ import annotations


class FlowError(Exception):
    """A server or a client library refused. Adapters raise only subclasses of this, `from` the original."""

    def __init__(self, *, code: str, said: str, status: int = 0, request_id: str = "", operation: str = "") -> None:
        super().__init__(said)
        self.code = code
        """The provider's code (`AccessDenied`, `NotFound`, `Forbidden`) or our own for no answer (`unreachable`)."""
        self.said = said
        """The product's own words, letter by letter."""
        self.status = status
        """The HTTP status; 0 when no answer came."""
        self.request_id = request_id
        """The server's id for the request; empty where it gives none."""
        self.operation = operation
        """What was asked, in the API's words: `AssumeRoleWithWebIdentity`, `create serviceaccounts/token`."""


class NotFound(FlowError):
    """The object is not there."""


class NotPermitted(FlowError):
    """We may not ask (RBAC or IAM), or are not known (401)."""


class Refused(FlowError):
    """The server understood and said no: invalid input, a token it does not trust, a conflict."""


class Unreachable(FlowError):
    """No answer: refused port, time-out, a certificate that is not trusted, a broken configuration."""
