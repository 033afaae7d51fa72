"""A thief tries a token at every server: one beat for each attempt, with the server's response."""

from __future__ import annotations

from dataclasses import dataclass

from app.flow.film.beat import Arrival, Beat, End, Seen
from app.flow.film.contents import Contents, carried_by, contents, element, form, refusal
from app.flow.film.script import EDGES
from app.flow.json_access import get_str
from app.flow.model import Exchange, Step
from app.flow.strict_json import loads_or_none
from app.flow.token import claims_of


@dataclass(frozen=True, kw_only=True)
class _Door:
    step: Step
    edge: str
    carries: str
    reads: tuple[str, ...]
    """The ids of the beats by whose rules the contents of its exchange are read."""


_STS = _Door(step=Step.STS_ASSUME, edge="thief_sts", carries="token", reads=("assume", "credentials"))
_S3 = _Door(step=Step.ACCESS, edge="thief_s3", carries="signed_request", reads=("buckets",))
_DOORS = {
    "copy": _Door(step=Step.TOKEN_MOUNT, edge="copy", carries="token", reads=()),
    "sts": _STS,
    "identity": _Door(step=Step.STS_ASSUME, edge="thief_sts", carries="signed_request", reads=()),
    "s3": _S3,
    "api_server": _Door(step=Step.TOKEN_MOUNT, edge="thief_api_server", carries="token", reads=()),
    "other_token": _STS,
    "other_role": _STS,
    "role_without_sub": _STS,
    "new": _STS,
    "running": _S3,
}
"""By attempt. The last two are repeated after each countermeasure: a new session, and the existing one."""


def attempt(name: str, exchange: Exchange, *, number: int = 1) -> Beat:
    """The beat of one attempt, from its exchange; `number` counts the attempts of that name.

    Its end is `LET_IN` where the server accepted it, `REFUSED` where it did not. Raises `KeyError` for an unknown name.
    """
    door, words = _DOORS[name], refusal(exchange)
    tail, head = EDGES[door.edge]
    found = [contents(beat, exchange) for beat in door.reads] or [Contents()]
    carried = carried_by(claims_of(next(iter(exchange.response_body.split()), ""))) if name == "copy" else found[0]
    return Beat(
        id=name if number == 1 else f"{name}.{number}",
        step=door.step,
        edge=door.edge,
        tail=tail,
        head=head,
        back=False,
        carries=door.carries,
        seen=Seen.ASKED,
        end=End.REFUSED if words else End.LET_IN,
        values={key: value for one in (carried, *found) for key, value in one.values.items()}
        | _answered(name, exchange),
        rows=carried.rows if door.carries == "token" else (),
        arrivals=() if words else _kept(name, exchange),
        exchange=exchange,
        words=words,
    )


def _answered(name: str, exchange: Exchange) -> dict[str, str]:
    """What the thief got from the server, where that accepted the attempt."""
    if name == "identity":
        return {"arn": element(exchange.response_body, "Arn")}
    if name == "api_server":
        return {"user": get_str(loads_or_none(exchange.response_body), "status", "userInfo", "username")}
    return {"asked_role": form(exchange).get("RoleArn", "").rpartition("/")[2]}


def _kept(name: str, exchange: Exchange) -> tuple[Arrival, ...]:
    if name == "copy":
        return (Arrival(id="stolen_token", at="thief", value="token"),)
    key = element(exchange.response_body, "AccessKeyId")
    return (Arrival(id="stolen_credentials", at="thief", value=f"{key[:4]}…{key[-4:]}"),) if key else ()
