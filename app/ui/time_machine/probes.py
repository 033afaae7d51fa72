"""The requests of the time machine at each moment, which are really sent to the servers."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.flow.doctor import examine
from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_str, strings
from app.flow.model import Check, Exchange, JsonValue, Subject
from app.flow.names import annotated_role_arn
from app.flow.ports import Credentials, Ports
from app.flow.steps.submission import Submission, read_claims, read_with_role
from app.ui.draw.server_answers import Answer, exchanged, listed, reviewed
from app.world.lifecycle.experiments import DEFAULT
from app.world.setup.scenario import NAMESPACE, POD_BEFORE

_SESSION = "irsa-explorer-then"
"""The name of the sessions that the first token is exchanged for, now and at every later moment."""
PROGRAM = ("aws", "s3", "ls")
"""What the Pod's own program does (`scenario.pod`)."""


@dataclass(frozen=True, kw_only=True)
class First:
    """The token of the beginning, and its session. The token is a secret."""

    token: str = field(repr=False)
    claims: JsonValue
    role_arn: str
    credentials: Credentials | None
    """The credentials of that session; None where STS refused."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """The output of a program in a Pod, and its exit code; where it could not be run, the API server's message."""

    printed: str
    exit_code: int | None = None


@dataclass(frozen=True, kw_only=True)
class Late:
    """A Pod that may be older than the annotation of its ServiceAccount."""

    age: Check
    variables: bool
    """Whether the Pod has `AWS_ROLE_ARN`."""
    ran: Ran


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All answers at one stop."""

    mounted: JsonValue
    """The claims of the token in the file; None where there is none to read."""
    unread: Submission | None
    """Why there is no such token."""
    sts: Answer
    review: Answer
    s3: Answer | None
    """S3's answer in the session of the beginning; None where there is no such session."""
    pod: Ran
    late: Late | None
    """`pod-before`, once its ServiceAccount names a role."""
    exchanges: tuple[Exchange, ...] = ()
    """The exchanges, except for that Pod's."""


def first(ports: Ports, subject: Subject) -> First | Submission:
    """The token of this moment, and a session for it; or why there is no token."""
    read = read_with_role(ports, subject)
    if isinstance(read, Submission):
        return read
    token, claims, arn = read
    _, role = exchanged(ports, arn, _SESSION, token)
    return First(token=token, claims=claims, role_arn=arn, credentials=role.credentials if role else None)


def moment(ports: Ports, kept: First, review: JsonValue, subject: Subject) -> Moment:
    """The answers of all servers. `review` is the status of a TokenReview for the first token."""
    read = read_claims(ports, subject)
    unread, mounted = (read, None) if isinstance(read, Submission) else (None, read[1])
    sts, _ = exchanged(ports, kept.role_arn, _SESSION, kept.token)
    s3 = listed(ports, kept.credentials) if kept.credentials else None
    pod = run(ports, subject.namespace, subject.pod)
    exchanges = (*ports.cluster.exchanges(), *ports.aws.exchanges())
    return Moment(
        mounted=mounted,
        unread=unread,
        sts=sts,
        review=reviewed(review),
        s3=s3,
        pod=pod,
        late=_late(ports),
        exchanges=exchanges,
    )


def run(ports: Ports, namespace: str, pod: str) -> Ran:
    """What the Pod's own program prints when it is run again in its container."""
    try:
        stored = ports.cluster.pod(namespace, pod)
        container = get_str(next(iter(get_list(stored, "spec", "containers")), None), "name")
        done = ports.cluster.execute(namespace, pod, container, PROGRAM)
    except FlowError as error:
        return Ran(printed=error.server_message)
    return Ran(printed=(done.stdout + done.stderr).strip("\n"), exit_code=done.exit_code)


def _late(ports: Ports) -> Late | None:
    try:
        if not annotated_role_arn(ports.cluster.service_account(NAMESPACE, DEFAULT)):
            return None
        subject = Subject(namespace=NAMESPACE, service_account=DEFAULT, pod=POD_BEFORE)
        found = examine(ports, subject)
        names = [
            name
            for box in get_list(ports.cluster.pod(NAMESPACE, POD_BEFORE), "spec", "containers")
            for entry in get_list(box, "env")
            for name in strings(get(entry, "name"))
        ]
    except FlowError:
        return None
    age = next(check for _, checks in found.steps() for check in checks if check.id == "pod.age")
    return Late(age=age, variables="AWS_ROLE_ARN" in names, ran=run(ports, NAMESPACE, POD_BEFORE))
