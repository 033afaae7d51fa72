"""Secrets that a test has planted: none of them may be found in anything that leaves the process."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote

from app.world.world import World

MARK = "cAnArY9"
"""In every secret that a test makes up."""
API_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
STS_TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"


def found(secrets: Mapping[str, str], *places: str) -> list[str]:
    """The names of the secrets that are in one of the texts, as they are or in a form that gives them away."""
    assert all(len(secret) > 10 for secret in secrets.values()), secrets.keys()
    drawn = [place.replace("<wbr>", "") for place in places]  # the pages let long values break
    return [name for name, secret in secrets.items() for place in drawn if any(form in place for form in forms(secret))]


def forms(secret: str) -> Iterable[str]:
    """A secret as it is, in JSON, HTML and URLs, and by its first half: a part of it is as bad."""
    yield from {
        secret,
        json.dumps(secret)[1:-1],
        escape(secret),
        quote(secret, safe=""),
        secret[: len(secret) // 2 + 1],
    }
    yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]


def of_world(world: World, tokens: Iterable[str] = ()) -> dict[str, str]:
    """Every secret of a simulated world, and the signatures of these tokens."""
    sessions = list(world.account._sessions.values())
    assert sessions, "nobody has been at STS yet"
    return {
        "the learner's token": world.admin_token,
        "the explorer's token": world.explorer_token,
        "the explorer's secret access key": world.account.explorer.secret_access_key,
        "kubelet's token": world.node_token,
        "the learner's secret access key": world.account.admin.secret_access_key,
        **{f"session {n}: secret access key": it.secret_access_key for n, it in enumerate(sessions)},
        **{f"session {n}: session token": it.session_token for n, it in enumerate(sessions)},
        **{f"token {n}: signature": token.rpartition(".")[2] for n, token in enumerate(tokens)},
    }
