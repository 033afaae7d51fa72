"""A trial changes a world that is discarded afterwards, and asks a server or a Pod; the answer decides the outcome.

An outcome has a name if the products' messages identify it. No trial knows beforehand which outcome it will have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.names import API_TOKEN, DEFAULT_AUDIENCE, TOKEN_PATH
from app.flow.ports import Ports
from app.flow.steps.submission import Submission, read_claims, read_token
from app.ui.draw.server_answers import Answer, exchanged, listed
from app.ui.time_machine.probes import PROGRAM, First, first, run
from app.wiring import simulated
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.faults import CannotBeInjected
from app.world.lifecycle.experiments import DEFAULT
from app.world.lifecycle.simulation import Simulation
from app.world.setup.scenario import ARTICLE
from app.world.world import World

_SESSION = "self-check"
_SECONDS = 600
"""Seconds for which the token of another ServiceAccount is valid."""


class NoOutcome(Exception):
    """The trial could not be made; the text is the server's message."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The request and the answer: a product's message exactly, or the claims of a token."""

    command: str
    """The request as a command line."""
    printed: str
    succeeded: bool
    tokens: tuple[str, str] = ("", "")
    """`jti` of the token in the Pod's file, before the change and after it; empty where that was not looked at."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial under way."""

    simulation: Simulation
    world: World
    kept: First = field(repr=False)
    """The Pod's token and a session for it, both from before the change."""

    @property
    def ports(self) -> Ports:
        """New ports of its world."""
        return simulated(self.simulation, self.world)


Change = Callable[[Trial], None]
Ask = Callable[[Trial], Seen]


def conduct(simulation: Simulation, world: World, change: Change, asked: Ask) -> Seen:
    """Makes the change in that world, and asks. Raises `NoOutcome`."""
    kept = first(simulated(simulation, world), ARTICLE.subject)
    if isinstance(kept, Submission):
        raise NoOutcome(kept.unread)
    trial = Trial(simulation=simulation, world=world, kept=kept)
    try:
        change(trial)
        return asked(trial)
    except (FlowError, ApiError, AwsError, CannotBeInjected, LookupError, ValueError) as error:
        raise NoOutcome(str(error)) from error


# (1) Who is asked


def pod(trial: Trial) -> Seen:
    """The Pod's own program, run again in its container."""
    ran = run(trial.ports, ARTICLE.namespace, ARTICLE.pod)
    command = f"kubectl exec {ARTICLE.pod} -- {' '.join(PROGRAM)}"
    return Seen(command=command, printed=ran.printed, succeeded=ran.exit_code == 0)


def sts_with_kept_token(trial: Trial) -> Seen:
    """STS, with a copy of the token from before the change."""
    return _sts(trial, trial.kept.token, "COPY_OF_TOKEN")


def sts_with_api_token(trial: Trial) -> Seen:
    """STS, with the Pod's token for the API server. Raises `NoOutcome` where that cannot be read."""
    token = read_token(trial.ports, ARTICLE.subject, API_TOKEN)
    if isinstance(token, Submission):
        raise NoOutcome(token.unread)
    return _sts(trial, token, f"$(cat {API_TOKEN})")


def sts_as_another(trial: Trial) -> Seen:
    """STS, with a token of the ServiceAccount that every namespace has."""
    token = trial.ports.cluster.request_token(ARTICLE.namespace, DEFAULT, DEFAULT_AUDIENCE, _SECONDS)
    return _sts(trial, token, f"$(kubectl create token {DEFAULT} --audience {DEFAULT_AUDIENCE})")


def s3_in_kept_session(trial: Trial) -> Seen:
    """S3, in the session from before the change. Raises `NoOutcome` where STS has never given one."""
    if trial.kept.credentials is None:
        answer, _ = exchanged(trial.ports, trial.kept.role_arn, _SESSION, trial.kept.token)
        raise NoOutcome(answer.server_message or answer.code)
    answer = listed(trial.ports, trial.kept.credentials)
    seen = _answered("aws s3api list-buckets --query Buckets[].Name --output text", answer)
    return replace(seen, printed=seen.printed.replace(", ", "\t")) if answer.taken else seen


def token_file(trial: Trial) -> Seen:
    """The token in the Pod's file, beside the one from before the change."""
    read = read_claims(trial.ports, ARTICLE.subject)
    if isinstance(read, Submission):
        return Seen(command=_CAT, printed=read.unread, succeeded=False)
    before, now = ((get_str(claims, "jti"), claims) for claims in (trial.kept.claims, read[1]))
    printed = "\n".join(
        f"{name}: jti {jti}, iat {_number(claims, 'iat')}, exp {_number(claims, 'exp')}"
        for name, (jti, claims) in (("before", before), ("now", now))
    )
    return Seen(command=_CAT, printed=printed, succeeded=True, tokens=(before[0], now[0]))


_CAT = f"kubectl exec {ARTICLE.pod} -- cat {TOKEN_PATH}"


def _number(claims: object, name: str) -> str:
    return str(claims.get(name, "")) if isinstance(claims, Mapping) else ""


def _sts(trial: Trial, token: str, shown: str) -> Seen:
    command = (
        f"aws sts assume-role-with-web-identity --role-arn {trial.kept.role_arn} "
        f"--role-session-name {_SESSION} --web-identity-token {shown}"
    )
    return _answered(command, exchanged(trial.ports, trial.kept.role_arn, _SESSION, token)[0])


def _answered(command: str, answer: Answer) -> Seen:
    printed = answer.got if answer.taken else f"{answer.code}: {answer.server_message}"
    return Seen(command=command, printed=printed, succeeded=answer.taken)


# (2) The outcome


def _refused(seen: Seen, *words: str) -> bool:
    return not seen.succeeded and all(word in seen.printed for word in words)


def _as(role: str) -> str:
    return f"assumed-role/{role}/"


def _node(world: World, seen: Seen) -> bool:
    return _refused(seen, "AccessDenied", _as(world.node_role_name))


def _words(*words: str) -> Callable[[World, Seen], bool]:
    return lambda world, seen: _refused(seen, *words)


OUTCOMES: Mapping[str, Callable[[World, Seen], bool]] = {
    "works": lambda world, seen: seen.succeeded and f"irsa-reports-{world.account_id}" in seen.printed,
    "given": lambda world, seen: seen.succeeded and _as(ARTICLE.role) in seen.printed,
    "node": _node,
    "denied": _words("AccessDenied", _as(ARTICLE.role), "s3:ListAllMyBuckets"),
    "not_authorized": _words("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    "invalid_token": _words("InvalidIdentityToken"),
    "expired": _words("ExpiredTokenException"),
    "session_over": _words("ExpiredToken:"),
    "no_credentials": _words("Unable to locate credentials"),
    "same_token": lambda world, seen: bool(seen.tokens[0]) and seen.tokens[0] == seen.tokens[1],
    "new_token": lambda world, seen: bool(seen.tokens[1]) and seen.tokens[0] != seen.tokens[1],
    "no_token": lambda world, seen: _refused(seen, "No such file"),
}
"""How an outcome is recognized: by the products' messages, with the names of that world. At most one fits an answer."""


def outcome(world: World, seen: Seen) -> str:
    """The name of the outcome; empty where it is none of the outcomes that have a name."""
    return next((name for name, fits in OUTCOMES.items() if fits(world, seen)), "")
