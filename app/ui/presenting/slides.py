"""A page cut into pieces for a screen that a room looks at: one idea a piece, the walk's real values in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html import unescape

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.lessons import predictions
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import HOLDS, Check, Status, Step, Walk
from app.flow.verdict.link_states import ChainState, chain_state
from app.ui.draw.checks import mark, of_program, outcome
from app.ui.draw.checks import said as in_its_words
from app.ui.draw.prose import markdown
from app.ui.figures.figures import FLOW
from app.ui.step.evidence import VIEWS
from app.ui.story import blast_radius
from app.ui.story.schemes import Scene, Scheme, Taken
from app.ui.text import escape, prose, value

PROOFS: dict[Step, tuple[str, ...]] = {
    Step.OIDC_PROVIDER: ("issuer.discovery", "issuer.cluster_keys", "provider.exists", "provider.audience"),
    Step.SERVICE_ACCOUNT: ("service_account.annotation", "trust.provider", "trust.subject", "trust.decision"),
    Step.WEBHOOK: ("webhook.volume", "webhook.mount", "webhook.environment"),
    Step.TOKEN_MOUNT: ("token.issuer", "token.audience", "token.subject", "token.signature"),
    Step.STS_ASSUME: ("sts.provider", "sts.audience", "sts.signature", "sts.trust"),
    Step.ACCESS: ("access.identity", "access.policy", "access.list_buckets"),
}
"""The checks that carry a step: as many as a room can read at once."""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One idea."""

    name: str
    """Its notes are `speaker.<page>.<name>`, unless `said` has others."""
    title: str
    """Its first line, as plain text."""
    html: str
    lit: str = ""
    """The step that the diagram lights; empty for the whole diagram."""
    figure: str = FLOW.name
    """The name of the figure that stands with it; empty for none."""
    drawing: str = ""
    """That figure as HTML, where it is not the flow."""
    answered: bool = False
    """Whether the room has had the answer to the page's question, so that the figure may show it."""
    said: str = ""
    """What the speaker says in place of the usual notes, where the walk came to something else than they tell."""


Scenes = Mapping[Scheme, Scene]
"""The ways to hand out permissions, as this world has them; empty where they could not be read."""


_FORETOLD = {
    Step.OIDC_PROVIDER: ("url",),
    Step.SERVICE_ACCOUNT: ("sts",),
    Step.WEBHOOK: ("pointers",),
    Step.TOKEN_MOUNT: ("audience",),
    Step.STS_ASSUME: ("fetched", "kept"),
    Step.ACCESS: ("role",),
}
"""What the usual notes to an answer suppose that happened."""


def pieces(page: str, found: Diagnosis, scenes: Scenes, content: Content) -> list[Slide]:
    """The pieces of a page of the story, in their order."""
    if page in list(Step):
        shown = list(_of_step(Step(page), found, content))
        first = next((place for place, piece in enumerate(shown) if piece.name == "answer"), 0)
        return [replace(piece, answered=place >= first) for place, piece in enumerate(shown)]
    return list(_of_home(content) if page == "home" else _of_why(scenes, content))


def _of_step(step: Step, found: Diagnosis, content: Content) -> Iterator[Slide]:
    walk, chain = found.walk, chain_state(found.walk, found.checks)
    status = chain.step(step, walk)
    predicted = list(_predicted(step, walk, content)) if status in HOLDS else []
    yield _section("goal", step, content, lit=step)
    yield from predicted[:1]
    for number in range(1, len(numbered(content.lesson(step).section("what-happens").body)) + 1):
        yield _happens(number, step, content)
    yield from predicted[1:]
    yield from _came_of(step, status, found, chain, content)
    yield _section("recap", step, content, lit=step)


def _came_of(step: Step, status: Status, found: Diagnosis, chain: ChainState, content: Content) -> Iterator[Slide]:
    """What came of the step, and the checks that show it.

    Where the Pod's own program went another way than our requests, this is what became of the program.
    """
    walk, report = found.walk, found.walk.report(step)
    own = status is report.status
    if own:
        drawn = outcome(report, walk, content, VIEWS[step].facts(report, content))
        proofs = [report.check(check_id) for check_id in PROOFS[step]]
    else:
        drawn = of_program(step, status, chain.verdict, walk.subject, content)
        proofs = [check for here, check in _guilty(chain) if here is step]
    title = _plain(drawn.partition("<p>")[2].partition("</p>")[0])
    said = "" if status in HOLDS else content.message(f"notes.broken.{status}")
    yield Slide(name="outcome", title=title, html=drawn, lit=step, said=said)
    if proofs:
        heading = content.message("present.evidence")
        rows = "".join(_proof(check, walk, content) for check in proofs)
        html = f'<h2>{escape(heading)}</h2><ol class="proofs">{rows}</ol>'
        said = "" if status in HOLDS else content.message("notes.broken.evidence")
        yield Slide(name="evidence", title=heading, html=html, lit=step, said=said)


def _guilty(chain: ChainState) -> list[tuple[Step, Check]]:
    """The verdict's broken links."""
    verdict = chain.verdict
    first = [(verdict.step, verdict.check)] if verdict.step and verdict.check else []
    return [*first, *verdict.later]


def _predicted(step: Step, walk: Walk, content: Content) -> Iterator[Slide]:
    """The question to the room, and what the walk says to it; nothing where it cannot tell."""
    found = predictions.outcome(step, walk)
    if found is None:
        return
    words = f"predictions.{step}"
    options = {
        name: prose(content.message(f"{words}.options.{name}", **found.values)) for name in QUESTIONS[step].options
    }
    question = content.message(f"{words}.question", **found.values)
    listed = "".join(f"<li>{option}</li>" for option in options.values())
    before = f"<p>{prose(content.message(f'{words}.before'))}</p>" if QUESTIONS[step].explained else ""
    asked = f"<h2>{escape(content.message('predict.heading'))}</h2>{before}<p>{prose(question)}</p>"
    yield Slide(name="predict", title=question, html=f'{asked}<ol class="options">{listed}</ol>', figure="")
    happened = prose(content.message(f"{words}.happened.{found.happened}", **found.values))
    marked = "".join(
        f'<li class="{"passed" if name == found.answer else "before"}">{option}'
        f"{' <span class=mark>✓</span>' if name == found.answer else ''}</li>"
        for name, option in options.items()
    )
    html = f'<h2>{prose(question)}</h2><ol class="options">{marked}</ol><p class="quiet">{happened}</p>'
    said = "" if found.happened in _FORETOLD[step] else content.message("notes.broken.answer")
    yield Slide(name="answer", title=_plain(options[found.answer]), html=html, figure="", said=said)


def _of_home(content: Content) -> Iterator[Slide]:
    yield _section("intro", "home", content, paragraphs=2)
    for number, (step, item) in enumerate(zip(Step, numbered(_body("home", "story", content)), strict=True), 1):
        html = f'<p class="large">{markdown(item, content).removeprefix("<p>").removesuffix("</p>")}</p>'
        yield Slide(name=f"story_{number}", title=_plain(html), html=html, lit=step)
    yield _section("analogy", "home", content, paragraphs=2)


_TAKEN = {
    "node-role": (Scheme.NODE_ROLE, Taken.POD_1),
    "per-service-account": (Scheme.IRSA, Taken.POD_1),
    "without-sub": (Scheme.IRSA_NO_SUB, Taken.POD_1),
    "limits": (Scheme.IRSA, Taken.POD_2),
}
"""Which Pod is taken over, and how permissions are handed out, in what each section tells."""
_SAFE = ("per-service-account",)
"""The sections whose notes tell of data that does not leak; those of the others tell of data that does."""


def _of_why(scenes: Scenes, content: Content) -> Iterator[Slide]:
    yield _section("goal", "why", content, figure="")
    yield _section("problem", "why", content, figure="")
    for anchor, (scheme, taken) in _TAKEN.items():
        heading = content.lesson("why").section(anchor).heading
        html = f"<h2>{escape(heading)}</h2>"
        if scheme in scenes:
            computed = blast_radius.evaluate(scenes[scheme], taken)
            drawing = blast_radius.figure(computed, content)
            html += blast_radius.verdict(computed, content) + _leads("why", anchor, content)
            foretold = bool(computed.found.leaks) is (anchor not in _SAFE)
            said = "" if foretold else content.message("notes.broken.answer")
            yield Slide(name=anchor, title=heading, html=html, figure=anchor, drawing=drawing, said=said)
        else:
            html += f"<p>{prose(content.message('why.unreadable'))}</p>"
            said = content.message("notes.broken.unknown")
            yield Slide(name=anchor, title=heading, html=html, figure="", said=said)
    yield _section("pairing", "why", content, paragraphs=2, more=_leads("why", "pairing", content), figure="")
    yield _section("recap", "why", content, figure="")


def _body(page: str, anchor: str, content: Content) -> str:
    return content.lesson(page).section(anchor).body


def _section(
    anchor: str,
    page: str,
    content: Content,
    *,
    paragraphs: int = 0,
    more: str = "",
    lit: str = "",
    figure: str = FLOW.name,
) -> Slide:
    """A section, or as many of its paragraphs from the first as a room can read at once, with `more` HTML below."""
    section = content.lesson(page).section(anchor)
    blocks = section.body.split("\n\n")
    excerpt = "\n\n".join(blocks[: paragraphs or len(blocks)])
    html = f"<h2>{escape(section.heading)}</h2>{markdown(excerpt, content)}{more}"
    return Slide(name=anchor, title=section.heading, html=html, lit=lit, figure=figure)


def _happens(number: int, step: Step, content: Content) -> Slide:
    """The item of that number in full, below those before it, of which only the first sentence stays."""
    section = content.lesson(step).section("what-happens")
    items = [_led(item) for item in numbered(section.body)[:number]]
    before = "".join(f'<li class="before">{_inline(lead, content)}</li>' for lead, _ in items[:-1])
    lead, rest = items[-1]
    html = (
        f'<h2>{escape(section.heading)}</h2><ol class="happens">{before}'
        f"<li><strong>{_inline(lead, content)}</strong>{markdown(rest, content)}</li></ol>"
    )
    return Slide(name=f"happens_{number}", title=_plain(_inline(lead, content)), html=html, lit=step)


def _leads(page: str, anchor: str, content: Content) -> str:
    """The first sentences of a section's bullets; empty where it has none."""
    leads = re.findall(r"^- \*\*(.+?)\*\*", _body(page, anchor, content), re.MULTILINE)
    items = "".join(f"<li>{_inline(lead, content)}</li>" for lead in leads)
    return f"<ul>{items}</ul>" if items else ""


def numbered(body: str) -> list[str]:
    """The items of the first numbered list of a Markdown text, each without its number and indent."""
    items: list[str] = []
    for line in body.splitlines():
        found = re.match(r"\d+\.\s+(.*)", line)
        if found:
            items.append(found[1])
        elif items and (not line.strip() or line.startswith("   ")):
            items[-1] += f"\n{line.removeprefix('   ')}"
        elif items:
            break
    return [item.strip() for item in items]


def _led(item: str) -> tuple[str, str]:
    """An item's first sentence, which is strong, and the rest."""
    found = re.fullmatch(r"\*\*(.+?)\*\*\s*(.*)", item, re.DOTALL)
    return (found[1], found[2]) if found else (item, "")


def _inline(text: str, content: Content) -> str:
    return markdown(text, content).strip().removeprefix("<p>").removesuffix("</p>")


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def _proof(check: Check, walk: Walk, content: Content) -> str:
    """A check with what was found; where it did not pass, with what would have passed and the product's own words."""
    words = content.check(check.id).fill(check, walk.subject)
    found = value(check.got) if check.got else escape(content.message(f"statuses.{check.status}"))
    beside = ""
    if check.status in (Status.FAILED, Status.WARNING):
        wanted = escape(content.message("ui.expected"))
        beside = f'<p class="quiet">{wanted} {value(check.expected)}</p>' if check.expected else ""
        beside += in_its_words(check.error, content) if check.error else ""
    return (
        f'<li class="{check.status}">{mark(check.status, content)}<div><p>{prose(words.title)}</p>'
        f"<p>{found}</p>{beside}</div></li>"
    )
