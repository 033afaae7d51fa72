"""One search over all pages: terms, faults, checks, statements and the sections of lessons. The browser searches, as in
every list that narrows down (`lookup.js`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache

from app.content import LANGUAGES, PAGES, Content, load
from app.content.comparison import comparison
from app.content.template import in_capitals
from app.serving.kept_texts import KEPT_TEXTS, KeptText
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.draw.prose import without_links
from app.ui.frame import navigation
from app.ui.marks import page_title, step_name
from app.ui.reference import reference
from app.ui.reference.glossary import GROUPS
from app.ui.reference.misconceptions import MISCONCEPTIONS
from app.ui.state import address, session
from app.ui.text import escape, prose
from app.world.faults import FAULTS, Fault, texts
from app.world.world import World

KINDS = ("term", "fault", "check", "statement", "page")
"""The groups of what is found, in this order where their best entries have as many of the words."""
_PAGE = "search"
_FIRST = ("goal", "intro")
"""The sections with which a page begins: they are found by the page's own title."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What can be found. A fault is also found by its error message, which depends on the reader's world and is not in
    the index."""

    kind: str
    page: str
    params: Mapping[str, str]
    """Where it is."""
    title: str
    texts: tuple[str, ...]
    """What an excerpt is shown of."""
    more: str
    """What it is found by as well."""


def search() -> None:
    """Draws the page."""
    content = reference.begin(_PAGE)
    kept, total = _index(content.language)
    label, idle = (escape(content.message(f"search.{key}", total=total)) for key in ("field", "idle"))
    count, more = (content.message(f"search.{key}", **{name: f"{{{name}}}"}) for key, name in _COUNTS)
    kinds = {kind: content.message(f"search.kinds.{kind}") for kind in KINDS}
    reference.lookup(
        f'<label class="filter">{label} <input type="search" data-filter autocomplete="off" spellcheck="false"></label>'
        f'<p class="count quiet" role="status" data-count="{escape(count)}" data-idle="{idle}">{idle}</p>'
        f'<div class="none" hidden>{_tips(content)}</div><div data-found></div>',
        index={
            "entries": kept.address if components.is_ours() else _json(content.language),
            "messages": {id_: error_messages(fault, session.world()) for id_, fault in FAULTS.items()},
            "kinds": kinds,
            "more": more,
            "first": PAGES[0],
            "query": address.query(content.language),
        },
    )


_COUNTS = (("count", "shown"), ("more", "count"))


def error_messages(fault: Fault, here: World) -> str:
    """The error message of a fault, in that world and elsewhere, without the names and times that only this world
    has."""
    words = f"{fault.text(here)} {texts.ELSEWHERE.get(fault.text, '')}".split()
    return " ".join("…" if _OWN.search(word) else word for word in words)


_OWN = re.compile(r"\d{6}")
"""What a name or a time has that only one world has."""


def _tips(content: Content) -> str:
    """What to do where nothing was found."""
    ways = "".join(
        f"<li>{page_link(content, page, escape(navigation.name(page, content)))}: "
        f"{prose(content.message(f'search.try.{page}'))}</li>"
        for page in ("doctor", "break_it", "glossary")
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
        words = (word for it in also for word in (it.title, *it.texts, it.more))
        yield replace(own, more=" ".join((own.more, *words)))


def _of(content: Content) -> list[Entry]:
    return [*_terms(content), *_faults(content), *_checks(content), *_statements(content), *_sections(content)]


def _terms(content: Content) -> Iterator[Entry]:
    for key in (key for terms in GROUPS.values() for key in terms):
        term, meaning = (content.message(f"glossary.{key}.{part}") for part in ("term", "meaning"))
        yield _entry(content, "term", "glossary", term, meaning, more=key, term=key)


def _faults(content: Content) -> Iterator[Entry]:
    for id_, fault in FAULTS.items():
        title, story, *rest = (in_capitals(content.messages[f"faults.{id_}.{part}"]) for part in _OF_A_FAULT)
        more = " ".join([*rest, step_name(fault.step, content)])
        yield _entry(content, "fault", "break_it", f"{id_} {title}", story, more=more, fault=id_)


_OF_A_FAULT = ("title", "story", "change", "solution")


def _checks(content: Content) -> Iterator[Entry]:
    for id_, words in content.checks.items():
        shown = map(in_capitals, (words.fix, words.what, words.why))
        yield _entry(content, "check", "doctor", words.title, *shown, more=id_, check=id_)


def _statements(content: Content) -> Iterator[Entry]:
    """What is true is not shown: a reader judges a statement first."""
    for id_, it in MISCONCEPTIONS.items():
        claim, *hidden = (content.message(f"misconceptions.{id_}.{part}") for part in ("claim", "truth", "see"))
        yield _entry(content, "statement", "misconceptions", claim, more=" ".join([*hidden, *it.faults]), statement=id_)


def _sections(content: Content) -> Iterator[Entry]:
    for page in (page for page in PAGES if page != _PAGE):
        name = navigation.name(page, content)
        for section in content.lesson(page).sections.values():
            is_first = section.anchor in _FIRST
            title = page_title(page, content) if is_first else f"{name} › {section.heading}"
            yield _entry(content, "page", page, title, section.body)
    for row, cells in comparison().cells.items():
        question, why = (content.message(f"compare.cells.{row}.{part}") for part in ("question", "why"))
        answers = " ".join(content.message(f"compare.cells.{row}.{scheme}") for scheme in cells)
        yield _entry(
            content, "page", "compare", f"{navigation.name('compare', content)} › {question}", why, more=answers
        )


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
