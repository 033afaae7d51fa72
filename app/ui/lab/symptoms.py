"""What a user of a broken IRSA sees: the text, as each SDK prints it, and the other faults that look the same."""

from __future__ import annotations

from collections.abc import Sequence

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.model import Chain, Exchange
from app.flow.verdict.judge import Outcome, Seen, Verdict
from app.flow.verdict.refusals import ANSWER, APPLICATION
from app.report import verdict_words
from app.ui.draw.links import page_link
from app.ui.lab import trial
from app.ui.lab.fault_list import step_name, title
from app.ui.lab.sdk_forms import Form, forms, is_answer, plain
from app.ui.text import escape, prose, value
from app.world.faults import Fault, names
from app.world.world import World

_NOT_RUN = ("go_v2", "go_v1")
"""The forms that are computed, and that no program printed here."""


def shows(judged: Verdict, log: str, exchanges: Sequence[Exchange], content: Content) -> str:
    """The message and where it appeared; where there was none, what the Pod's log has instead."""
    seen = judged.seen
    if seen is None:
        sentence = content.message("lab.nothing_seen" if judged.outcome is Outcome.WORKS else "lab.not_seen")
        return f'{_heading(content)}<p>{prose(sentence)}</p><pre class="log">{escape(log)}</pre>'
    where = prose(content.message("lab.seen_at", step=step_name(seen.step, content)))
    printed = _forms(seen.text, exchanges, content) or _quote(seen.text.strip())
    return f'{_heading(content)}<p>{where} <span class="quiet">{value(seen.where)}</span></p>{printed}'


def _forms(seen: str, exchanges: Sequence[Exchange], content: Content) -> str:
    """What the Pod printed, and folded the same error by other SDKs; nothing for a text of Kubernetes' own."""
    found = forms(seen, exchanges)
    if not found:
        return ""
    printed, *others = (
        f"<div><dt>{escape(content.message(f'lab.sdk.{form.sdk}'))} {_badge(form, content)}</dt>"
        f"<dd>{_quote(form.text)}</dd></div>"
        for form in found
    )
    sdks = {form.sdk for form in found}
    if is_answer(seen):
        note = "forms_clock" if "go_v1" in sdks and "go_v2" not in sdks else "forms_note"
    else:
        note = "forms_own" if sdks.intersection(_NOT_RUN) else "no_go"
    return (
        f'<dl class="forms">{printed}</dl>'
        f'<details class="more"><summary>{escape(content.message("lab.other_sdks"))}</summary>'
        f'<dl class="forms">{"".join(others)}</dl>'
        f'<p class="caption">{prose(content.message(f"lab.{note}"))}</p></details>'
    )


def _badge(form: Form, content: Content) -> str:
    return f'<span class="badge">{escape(content.message("lab.not_run"))}</span>' if form.sdk in _NOT_RUN else ""


def hint_of_seen(seen: Seen | None, content: Content) -> str:
    """The message alone, because the reader has to say at which step it appeared."""
    if seen is None:
        return ""
    return f"{_heading(content)}{_quote(plain(seen.text))}"


def compare(fault: Fault, found: Diagnosis, world: World, content: Content) -> str:
    """The faults with exactly the same message, and what distinguishes each from the others."""
    others = trial.same_text(fault, world)
    if not others:
        return ""
    head = "".join(f'<th scope="col">{escape(content.message(f"lab.{key}"))}</th>' for key in ("other", "tells"))
    lead = content.message("lab.same_lead", count=len(others))
    rows = _row(fault, _proof(found, content) or prose(hint(fault, 3, world, content)), content, ours=True)
    rows += "".join(_row(other, prose(hint(other, 3, world, content)), content) for other in others)
    return (
        f'<details class="more same"><summary>{escape(content.message("lab.same", count=len(others)))}</summary>'
        f'<p class="caption">{prose(lead)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _row(fault: Fault, evidence: str, content: Content, *, ours: bool = False) -> str:
    label = f"{escape(fault.id)} {prose(title(fault, content))}"
    name = f"<strong>{label}</strong>" if ours else page_link(content, "break_it", label, **{trial.PARAM: fault.id})
    step = escape(step_name(fault.step, content))
    return f'<tr><th scope="row">{name}<br><span class="quiet">{step}</span></th><td>{evidence}</td></tr>'


def _proof(found: Diagnosis, content: Content) -> str:
    """The check that proves the cause, with what was found; empty where there is nothing but the refusal itself."""
    check = found.verdict.check
    if check is None or check.id in (ANSWER, APPLICATION):
        return ""
    got = f" {value(check.got)}" if check.got not in ("", "[]") else ""
    return f"✕ {prose(verdict_words.title(check, found, content))}{got}"


def hint(fault: Fault, number: int, world: World, content: Content) -> str:
    """A hint, from 1. What a Pod gets without IRSA depends on the node."""
    gets = "node_role" if world.account.pods_reach_node_role else "nothing"
    without_irsa = content.message(f"lab.without_irsa.{gets}")
    return content.message(f"faults.{fault.id}.hint{number}", without_irsa=without_irsa, **names(world.chain))


def kubectl_logs(chain: Chain) -> str:
    """The command that shows the log of the chain's Pod."""
    return f"kubectl logs {chain.pod}" + ("" if chain.namespace == "default" else f" -n {chain.namespace}")


def _quote(text: str) -> str:
    return f'<blockquote class="quoted">{escape(text)}</blockquote>'


def _heading(content: Content) -> str:
    return f'<h2 class="heading">{escape(content.message("lab.seen"))}</h2>'
