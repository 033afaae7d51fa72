"""Which tool sent a request: from its `User-Agent`, and from the headers by which kubectl says more.

Sources: KEP-859 "kubectl headers" (`Kubectl-Command`, `Kubectl-Session`); AWS SDKs and Tools, the user agent of version
2 (`md/command#s3.ls`), as `aws` 2.23 sends it. `aws` 1.46 does not name its command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.names import APPLICATION_ID

_NAMES = {
    "aws-cli": "aws",
    "Boto3": "boto3",
    "Botocore": "botocore",
    "OpenAPI-Generator": "kubernetes-client",
}
"""What people call the product that a client names first, where that is something else."""
_PRODUCT = re.compile(r"[A-Za-z0-9][\w.+-]{0,39}")
_AWS_COMMAND = re.compile(r"(?:^|\s)(?:md/command#|command/)([\w.-]{1,60})")
_WORDS = re.compile(r"[a-z0-9][a-z0-9-]{0,30}(?: [a-z0-9][a-z0-9-]{0,30}){0,4}")
_RUN = re.compile(r"[0-9A-Za-z-]{1,36}")


@dataclass(frozen=True, kw_only=True)
class Tool:
    """Who asks, in the words of a terminal."""

    name: str
    """Empty where the client does not say."""
    command: str = ""
    run: str = ""


def tool_of(headers: Mapping[str, str]) -> Tool:
    """The tool; what it says of itself is cut and cleaned, since any client may claim anything. Names in lower case."""
    agent = headers.get("user-agent", "")
    found = _PRODUCT.match(agent)
    product = found[0] if found else ""
    name = _NAMES.get(product, product)
    if name == "aws" and (command := _AWS_COMMAND.search(agent)):
        return Tool(name=name, command=command[1].replace(".", " "))
    program, _, rest = headers.get("kubectl-command", "").partition(" ")
    if program != "kubectl" or not _WORDS.fullmatch(rest):
        return Tool(name=name)
    run = headers.get("kubectl-session", "")
    return Tool(name=program, command=rest, run=run if _RUN.fullmatch(run) else "")


def is_this_app(headers: Mapping[str, str]) -> bool:
    """Whether this app sent the request: all its clients say so in their user agent."""
    agent = headers.get("user-agent", "")
    return _product(agent) == APPLICATION_ID or f"app/{APPLICATION_ID}" in agent.split()


def is_developer(headers: Mapping[str, str]) -> bool:
    """Whether this app sent the request for the learner (`app.world.setup.developer`)."""
    return _product(headers.get("user-agent", "")) == APPLICATION_ID


def _product(agent: str) -> str:
    return agent.partition("/")[0]
