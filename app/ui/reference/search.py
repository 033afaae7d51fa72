"""One search over all pages: terms, faults, checks, error messages, statements, missions, tasks, sections of lessons.

The browser searches, as in every list that narrows down (`lookup.js`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache

from app.content import LANGUAGES, PAGES, Content, load
from app.content.comparison import comparison
from app.content.missions import UNREADABLE, offered
from app.content.page_specs import EXERCISE
from app.content.template import in_capitals
from app.flow.build.eksctl import eksctl
from app.flow.build.tasks import TaskId
from app.flow.verdict.known_messages import KNOWN_MESSAGES
from app.flow.verdict.refusals import REFUSALS
from app.serving.kept_texts import KEPT_TEXTS, KeptText
from app.settings import Settings
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.draw.prose import without_links
from app.ui.draw.sections import places
from app.ui.frame import navigation
from app.ui.marks import page_title, step_name
from app.ui.reference import reference
from app.ui.reference.glossary import GROUPS
from app.ui.reference.misconceptions import MISCONCEPTIONS
from app.ui.state import address, session
from app.ui.state.route import SECTION
from app.ui.text import escape, prose
from app.world.faults import FAULTS, Fault, texts
from app.world.setup.scenario import ARTICLE
from app.world.world import World

KINDS = ("term", "fault", "check", "message", "statement", "mission", "task", "page")
"""The groups of what is found, in this order where their best entries have as many of the words."""
_PAGE = "search"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be found. A fault is also found by its error message, which depends on the reader's world and is not in
    the index."""

    kind: str
    page: str
    params: Mapping[str, str]
    """Where it is."""
    title: str
    also: str = ""
    """What counts as its title: its titles in the other languages, and what a term is short for."""
    texts: tuple[str, ...]
    """What an excerpt is shown of."""
    more: str
    """What it is found by as well."""
    quotes: tuple[str, ...] = ()
    """The error messages that it explains: a pasted text that has one of them leads to it first. In them, `…` stands
    for what differs each time."""


def search() -> None:
    """Draws the page."""
    content = reference.begin(_PAGE)
    kept, total = _index(content.language)
    label, idle = (escape(content.message(f"search.{key}", total=total)) for key in ("field", "idle"))
    count, more = (content.message(f"search.{key}", **{name: f"{{{name}}}"}) for key, name in _COUNTS)
    kinds = {kind: content.message(f"search.kinds.{kind}") for kind in KINDS}
    reference.lookup(
        f'<label class="filter">{label} <input type="search" data-filter autocomplete="off" spellcheck="false"></label>'
        f'<p class="count quiet" role="status" data-count="{escape(count)}" data-idle="{idle}"'
        f"{reference.nearest(content)}>{idle}</p>"
        f'<div class="none" hidden>{_tips(content)}</div><div data-found></div>',
        index={
            "entries": kept.address if components.is_ours() else _json(content.language),
            "messages": {id_: error_messages(fault, session.world()) for id_, fault in FAULTS.items()},
            "kinds": kinds,
            "best": content.message("search.best"),
            "more": more,
            "first": PAGES[0],
            "query": address.query(content.language),
        },
    )


_COUNTS = (("count", "shown"), ("more", "count"))


def error_messages(fault: Fault, here: World) -> list[str]:
    """The error message of a fault, in that world and perhaps elsewhere, without the names and times that only this
    world has."""
    found = (fault.text(here), texts.ELSEWHERE.get(fault.text, ""))
    return [" ".join("…" if _OWN.search(word) else word for word in text.split()) for text in found if text]


_OWN = re.compile(r"\d{6}|127\.0\.0\.1:")
"""What a name, a time or an address has that only one world has."""


def _tips(content: Content) -> str:
    """What to do where nothing was found."""
    links = {
        it: page_link(content, it, escape(navigation.name(it, content))) for it in ("doctor", "break_it", "glossary")
    }
    ways = "".join(
        f"<li>{content.message('search.tip', page=link, tip=prose(content.message(f'search.try.{page}')))}</li>"
        for page, link in links.items()
    )
    return (
        f"<p>{escape(content.message('search.none'))} {prose(content.message('search.try.words'))}</p><ul>{ways}</ul>"
    )


@cache
def _index(language: str) -> tuple[KeptText, int]:
    """All entries as JSON that a browser of our own server fetches, and how many they are. Made for the first reader of
    the page in that language."""
    text = _json(language)
    return KEPT_TEXTS.keep(text), len(json.loads(text))


@cache
def _json(language: str) -> str:
    return json.dumps([asdict(entry) for entry in entries(language)], ensure_ascii=False)


def entries(language: str) -> Iterator[Entry]:
    """All that can be found. Each is found by its words in every language."""
    others = [_of(load(other)) for other in LANGUAGES if other != language]
    for own, *also in zip(_of(load(language)), *others, strict=True):
        titles = (title for it in also for title in (it.title, it.also))
        words = (word for it in also for word in (*it.texts, it.more))
        yield replace(own, also=" ".join((own.also, *titles)), more=" ".join((own.more, *words)))


def _of(content: Content) -> list[Entry]:
    return [
        *(*_terms(content), *_faults(content), *_checks(content), *_messages(content), *_statements(content)),
        *(*_missions(content), *_tasks(content), *_sections(content), *_comparison(content)),
    ]


def _terms(content: Content) -> Iterator[Entry]:
    for key in (key for terms in GROUPS.values() for key in terms):
        term, meaning = (content.message(f"glossary.{key}.{part}") for part in ("term", "meaning"))
        named = _BEGINNING.match(_plain(meaning, content))
        entry = _entry(content, "term", "glossary", term, meaning, more=key, term=key)
        yield replace(entry, also=named[0] if named else "")


_BEGINNING = re.compile(r"[^:。、.,;（]+")
"""A meaning begins with what an abbreviation is short for, or with what the term is."""


def _faults(content: Content) -> Iterator[Entry]:
    for id_, fault in FAULTS.items():
        title, story, *rest = (in_capitals(content.messages[f"faults.{id_}.{part}"]) for part in _OF_A_FAULT)
        more = " ".join([*rest, step_name(fault.step, content)])
        yield _entry(content, "fault", "break_it", f"{id_} {title}", story, more=more, fault=id_)


_OF_A_FAULT = ("title", "story", "change", "solution")


def _checks(content: Content) -> Iterator[Entry]:
    """Each is also found by the error messages of STS of which it may be the cause."""
    for id_, words in content.checks.items():
        shown = map(in_capitals, (words.fix, words.what, words.why))
        said = (f"{it.code} {it.words}" for it in REFUSALS if any(id_ in cause.checks for cause in it.causes))
        yield _entry(content, "check", "doctor", words.title, *shown, more=" ".join((id_, *said)), check=id_)


def _messages(content: Content) -> Iterator[Entry]:
    """The error messages that people look for. Each leads to the check to begin with."""
    for id_, known in KNOWN_MESSAGES.items():
        meaning = content.message(f"error_messages.{id_}")
        entry = _entry(content, "message", "doctor", ", ".join(known.texts), meaning, check=known.check)
        yield replace(entry, quotes=known.texts)


def _statements(content: Content) -> Iterator[Entry]:
    """What is true is not shown: a reader judges a statement first."""
    for id_, it in MISCONCEPTIONS.items():
        claim, *hidden = (content.message(f"misconceptions.{id_}.{part}") for part in ("claim", "truth", "see"))
        yield _entry(content, "statement", "misconceptions", claim, more=" ".join([*hidden, *it.faults]), statement=id_)


def _missions(content: Content) -> Iterator[Entry]:
    """Those that the page offers. What fulfils a mission is not shown."""
    try:
        found = offered(Settings.from_environment().missions)
    except UNREADABLE:  # the page of the missions says which file it is
        found = offered()
    for it in found:
        words = it.words_in(content)
        hidden = " ".join((*words.hints, words.learned, it.mission.id))
        yield _entry(content, "mission", "missions", words.title, words.task, more=hidden, mission=it.mission.id)


def _tasks(content: Content) -> Iterator[Entry]:
    for id_ in TaskId:
        title, why, *hints = (content.message(f"build.task_{id_}.{part}") for part in _OF_A_TASK)
        beside = eksctl(id_, ARTICLE, "CLUSTER")
        others = (
            (beside.command, *beside.calls, content.message("build.terraform"), *beside.terraform) if beside else ()
        )
        yield _entry(content, "task", EXERCISE, title, why, more=" ".join((*hints, id_, *others)), task=id_)


_OF_A_TASK = ("title", "why", *(f"hint_{number}" for number in (1, 2, 3)))


def _sections(content: Content) -> Iterator[Entry]:
    for page in (page for page in PAGES if page != _PAGE):
        for section in content.lesson(page).sections.values():
            if section.anchor in places(page):
                yield _section(content, page, section.anchor, section.heading, section.body)
            else:
                yield _entry(content, "page", page, page_title(page, content), section.body)


def _comparison(content: Content) -> Iterator[Entry]:
    """Its questions, and the ways from one scheme to another, each below a section of the lesson."""
    questions, ways = (content.lesson("compare").section(anchor).heading for anchor in ("questions", "move"))
    for row, cells in comparison().cells.items():
        question, why = (content.message(f"compare.cells.{row}.{part}") for part in ("question", "why"))
        answers = (content.message(f"compare.cells.{row}.{scheme}") for scheme in cells)
        yield _section(content, "compare", row, question, why, more=" ".join((questions, *answers)))
    for name, move in comparison().moves.items():
        parts = ("title", *(step.id for step in move.steps))
        title, *steps = (content.message(f"compare.moves.{name}.{part}") for part in parts)
        yield _section(content, "compare", name, title, *steps, more=ways)


def _section(content: Content, page: str, anchor: str, heading: str, *shown: str, more: str = "") -> Entry:
    title = f"{navigation.name(page, content)} › {heading}"
    return _entry(content, "page", page, title, *shown, more=more, **{SECTION: anchor})


def _entry(content: Content, kind: str, page: str, title: str, *shown: str, more: str = "", **params: str) -> Entry:
    return Entry(
        kind=kind,
        page=page,
        params=params,
        title=_plain(title, content),
        texts=tuple(_plain(text, content) for text in shown),
        more=_plain(more, content),
    )


_MARKUP = re.compile(r"`|\*\*|^(?:#+|-|\d+\.) ", re.M)


def _plain(text: str, content: Content) -> str:
    """A text of ours without its Markdown, on one line."""
    return " ".join(_MARKUP.sub("", without_links(text, content)).split())
