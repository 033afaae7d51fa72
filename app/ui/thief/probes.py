"""The thief's requests with a token, and the servers' responses. They are really sent, from outside the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.flow.json_access import get_str
from app.flow.model import Exchange, JsonValue, Subject
from app.flow.names import API_TOKEN, DEFAULT_AUDIENCE, account_of, role_in, subject_claim
from app.flow.ports import Credentials, Ports
from app.flow.redaction import MASK
from app.flow.steps.submission import Submission, read_token, read_with_role
from app.ui.draw.server_answers import Answer, ask, exchanged, listed
from app.world.setup import story

_SESSION = "thief"
"""The name that the thief gives to the sessions: the caller chooses it."""
_SECONDS = 600
"""Seconds for which the tokens are valid with which every ServiceAccount tries."""


@dataclass(frozen=True, kw_only=True)
class Loot:
    """A token of a Pod, for use elsewhere. The token is a secret."""

    token: str = field(repr=False)
    claims: JsonValue
    role_arn: str
    exchange: Exchange | None = None
    """The exchange in which the token was read."""

    @property
    def shown(self) -> str:
        """The token with its signature masked."""
        return f"{self.token.rpartition('.')[0]}.{MASK}"


@dataclass(frozen=True, kw_only=True)
class Used:
    """What the thief got for the token."""

    sts: Answer
    then: tuple[tuple[str, Answer], ...]
    """The requests in the session, where there is one: the key of the text, and the answer."""
    credentials: Credentials | None
    exchanges: tuple[Exchange, ...]
    """The requests and responses, masked."""
    others: tuple[tuple[str, Answer], ...]
    """The requests with the token, and with the Pod's other one, to other servers: the key of the text, and the
    answer."""
    sent: tuple[tuple[str, Exchange], ...] = ()
    """Each attempt by the key of its text, in order, with its exchange."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What still works for the thief after a defence."""

    new: Answer
    """STS's answer to the token, for a new session."""
    running: Answer | None
    """S3's answer in the session that the thief already has; None where there is none."""
    review: Answer
    """The answer of the API server's TokenReview to the token."""
    sent: tuple[tuple[str, Exchange], ...] = ()
    """`new` and `running`, with what was sent for it."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One ServiceAccount's request for the role."""

    subject: str
    """`sub` of its token."""
    made_up: bool
    """Whether it was created for this."""
    answer: Answer


def copy(ports: Ports, subject: Subject) -> Loot | Submission:
    """Reads the token in the Pod, by exec; or returns why that is not possible."""
    read = read_with_role(ports, subject)
    if isinstance(read, Submission):
        return read
    token, claims, arn = read
    exchange = next((it for it in ports.cluster.exchanges() if "command=cat" in it.url), None)
    return Loot(token=token, claims=claims, role_arn=arn, exchange=exchange)


def use(ports: Ports, loot: Loot, subject: Subject, bearer: Answer, sent_to_cluster: Exchange | None = None) -> Used:
    """Sends the token to STS, and uses the session at S3. `bearer` is the API server's answer to the same token,
    `sent_to_cluster` that exchange."""
    sts, role = exchanged(ports, loot.role_arn, _SESSION, loot.token)
    credentials = role.credentials if role else None
    then: list[tuple[str, Answer]] = []
    if credentials:
        identity, _ = ask(lambda: ports.aws.caller_identity(credentials), lambda found: get_str(found, "Arn"))
        then = [("identity", identity), ("s3", listed(ports, credentials))]
    exchanges = ports.aws.exchanges()
    sent = list(zip(("sts", *dict(then)), exchanges, strict=False))
    if sent_to_cluster:
        sent.append(("api_server", sent_to_cluster))
    account = account_of(loot.role_arn)
    roles = {
        name: role_in(account, role)
        for name, role in (("other_role", story.ORDERS_ROLE), ("role_without_sub", story.ORDERS_ROLE_WITHOUT_SUB))
    }
    other_token = read_token(ports, subject, API_TOKEN)
    others = [("api_server", bearer)]
    tried = {name: (arn, loot.token) for name, arn in roles.items()}
    if isinstance(other_token, str):
        tried = {"other_token": (loot.role_arn, other_token), **tried}
    for name, (arn, token) in tried.items():
        others.append((name, _exchange(ports, arn, token)))
        sent += [(name, it) for it in ports.aws.exchanges()[-1:]]
    return Used(
        sts=sts,
        then=tuple(then),
        credentials=credentials,
        exchanges=exchanges,
        others=tuple(others),
        sent=tuple(sent),
    )


def standing(ports: Ports, loot: Loot, credentials: Credentials | None, review: Answer) -> Standing:
    """Sends both requests again: the token to STS, and one to S3 in the session that the thief has."""
    new = _exchange(ports, loot.role_arn, loot.token)
    running = listed(ports, credentials) if credentials else None
    sent = tuple(zip(("new", "running"), ports.aws.exchanges(), strict=False))
    return Standing(new=new, running=running, review=review, sent=sent)


def everybody(ports: Ports, role_arn: str, made_up: Sequence[str]) -> tuple[Attempt, ...]:
    """Every ServiceAccount of the cluster asks for the role, with a token of its own. Raises `FlowError`.

    `made_up` are those that were created for it, as `namespace/name`; they come last.
    """
    names = [
        (get_str(account, "metadata", "namespace"), get_str(account, "metadata", "name"))
        for account in ports.cluster.service_accounts()
    ]
    names.sort(key=lambda name: ("/".join(name) in made_up, name))
    return tuple(_attempt(ports, role_arn, *name, made_up="/".join(name) in made_up) for name in names)


def _attempt(ports: Ports, role_arn: str, namespace: str, name: str, *, made_up: bool) -> Attempt:
    def asked() -> str:
        token = ports.cluster.request_token(namespace, name, DEFAULT_AUDIENCE, _SECONDS)
        return ports.aws.assume_role_with_web_identity(role_arn, _SESSION, token).arn

    subject = Subject(namespace=namespace, service_account=name)
    return Attempt(subject=subject_claim(subject), made_up=made_up, answer=ask(asked, str)[0])


def _exchange(ports: Ports, role_arn: str, token: str) -> Answer:
    return exchanged(ports, role_arn, _SESSION, token)[0]
