"""What the settings keep from readers on this machine: live mode and the console. The pages' own rules decide."""

from __future__ import annotations

from dataclasses import replace

from app.commands.doctor_self.finding import Finding
from app.flow.errors import FlowError
from app.flow.model import Status
from app.serving import console_socket
from app.serving.request_facts import RequestFacts
from app.settings import Settings


def live(settings: Settings, address: str) -> Finding:
    """Whether the person who starts the app on that address may look at a real cluster."""
    refusal = replace(settings, host=address).live_refusal(address)
    got = " ".join(settings.frame_ancestors) or address
    return _finding("live", FlowError(code=refusal, server_message="", got=got) if refusal else None, got)


def console(settings: Settings, address: str) -> Finding:
    """Whether that person has a console."""
    starter = RequestFacts(served_on=address, forwarded_by="", launched=True, visitor=address)
    return _finding("console", console_socket.refusal(replace(settings, host=address), starter), address)


def _finding(identifier: str, refused: FlowError | None, got: str) -> Finding:
    if refused is None:
        return Finding(id=identifier, status=Status.PASSED, got=got)
    values = {"got": refused.got, "expected": refused.expected}
    return Finding(id=identifier, status=Status.WARNING, got=got, refused=refused.code, values=values)
