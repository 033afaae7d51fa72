"""What can go wrong between us and a server: codes and the server's own words, never sentences of ours."""

from __future__ import annotations

from collections.abc import Mapping

from app.flow.redaction import mask_text


class FlowError(Exception):
    """A server or a client library refused. Adapters raise only subclasses of this.

    Where the original may hold what was sent, they raise `from None`: a traceback would print it unmasked.
    """

    kind = "other"
    """The key of the words for a refusal of this kind, where its code has none of its own."""

    def __init__(
        self,
        *,
        code: str,
        server_message: str,
        status: int = 0,
        request_id: str = "",
        operation: str = "",
        got: str = "",
        expected: str = "",
    ) -> None:
        self.server_message = mask_text(server_message)
        """The product's error message, exactly; secrets masked."""
        super().__init__(self.server_message)
        self.code = code
        """The provider's code (`AccessDenied`, `NotFound`, `Forbidden`) or our own (`timed_out`), in lower case."""
        self.status = status
        """The HTTP status; 0 when no answer came."""
        self.request_id = request_id
        """The server's id for the request; empty where it gives none."""
        self.operation = operation
        """What was asked, in the API's words: `AssumeRoleWithWebIdentity`, `create serviceaccounts/token`."""
        self.got = got
        """What was found (a path, a name, a URL); empty where the words say it all."""
        self.expected = expected
        """What would have done; empty where the text knows it."""

    @property
    def words(self) -> str:
        """The key of its words: our own code, or what kind of refusal a provider's code is."""
        return self.code if self.code.islower() else self.kind

    @property
    def about_clock(self) -> bool:
        """Whether AWS refuses the time at which we say that we signed."""
        return any(words in f"{self.code} {self.server_message}" for words in CLOCK_REFUSED)

    @property
    def values(self) -> Mapping[str, str]:
        """What fills the placeholders of its words."""
        return {"said": self.server_message, "operation": self.operation, "got": self.got, "expected": self.expected}


ANONYMOUS = "system:anonymous"
"""The user of a request that was sent without a login (Kubernetes documentation, "Anonymous requests")."""
UNKNOWN_LOGIN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes by which AWS does not accept the signer of a request, or the signature."""


CLOCK_REFUSED = ("RequestTimeTooSkewed", "Signature expired", "Signature not yet current", "RequestExpired")
"""What is in the code or the message by which AWS refuses the time of a signature: the signer's clock is off."""


class NotFound(FlowError):
    """The object is not there."""

    kind = "not_found"


class NotPermitted(FlowError):
    """We may not ask (RBAC or IAM), or are not known (401, no credentials)."""

    kind = "not_permitted"

    @property
    def about_login(self) -> bool:
        """Whether the server does not know us (any more), or we have no credentials: no rule helps against that."""
        return self.status == 401 or self.code.islower() or self.code in UNKNOWN_LOGIN or self._is_anonymous

    @property
    def _is_anonymous(self) -> bool:
        """Whether Kubernetes was sent no login. A rule for that user would be a rule for every client."""
        return f'User "{ANONYMOUS}" ' in self.server_message

    @property
    def words(self) -> str:
        """An unknown login needs another fix than a missing permission."""
        if self._is_anonymous:
            return "no_login"
        if self.status == 401:
            return "unauthorized"
        if self.about_clock:
            return "aws_clock_off"
        if self.code == "ExpiredToken":
            return "aws_login_expired"
        return "aws_login_unknown" if self.code in UNKNOWN_LOGIN else super().words


class Refused(FlowError):
    """The server understood and said no: invalid input, a token it does not trust, a conflict."""

    kind = "refused"


class ServerFailed(FlowError):
    """The server answered that it has too much to do, or failed itself. Nothing follows about what was asked for."""

    kind = "server_failed"


class TooLarge(ServerFailed):
    """The answer has more bytes than we read. What was cut off might have said anything, so nothing follows from it."""

    kind = "answer_too_large"


class NotUnderstood(ServerFailed):
    """What came is no answer of this API, so something else may have sent it, such as a proxy. Nothing follows."""

    kind = "unreadable_answer"


class Unreachable(FlowError):
    """No answer: refused port, time-out, a certificate that is not trusted, a broken configuration."""

    kind = "unreachable"
