"""Five schemes side by side: a figure of each, which one fits, eight questions with sources, the ways between them.

An answer is a line; behind it is the whole answer. Forty whole answers are too long to be compared on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.content import Content
from app.content.comparison import Move, Source, comparison
from app.flow.lessons.which_scheme import CredentialScheme
from app.ui.draw import components
from app.ui.draw.code import code
from app.ui.draw.sections import draw_collapsibles, draw_section, fold, section
from app.ui.figures.diagram import svg
from app.ui.figures.scheme_figures import SCHEME_FIGURES
from app.ui.reference import reference, scheme_choice
from app.ui.state.depth import WIRE, depth
from app.ui.text import escape, prose

_PAIR = (CredentialScheme.IRSA, CredentialScheme.POD_IDENTITY)


def compare() -> None:
    """Draws the page; `?show=` in the address narrows the answers down to some of the schemes."""
    content = reference.begin("compare")

    # (1) The five, and the one that fits.
    components.block(_pictures(content), key="pictures_compare")
    draw_section("choose", "compare", content)
    scheme_choice.draw(content)

    # (2) Every question, with the answers for each.
    draw_section("questions", "compare", content)
    reference.lookup(_answers(content), pick=reference.asked("show", [*CredentialScheme, "pair", "before"], content))

    # (3) How to change from one to another; what to keep.
    draw_section("move", "compare", content)
    draw_collapsibles("".join(_move(name, move, content) for name, move in comparison().moves.items()), "compare")
    draw_section("recap", "compare", content)


def name(scheme: str, content: Content) -> str:
    """What the scheme is called."""
    return content.message(f"compare.schemes.{scheme}")


def citations(cited: Iterable[Source]) -> str:
    """Links to the sources, each in a tab of its own."""
    links = "".join(
        f'<li><a href="{escape(source.url)}" target="_blank" rel="noopener noreferrer" lang="en">'
        f"{escape(source.title)}</a></li>"
        for source in cited
    )
    return f'<ul class="citations">{links}</ul>'


def _pictures(content: Content) -> str:
    """The five figures as cards, below the section that says what to look at."""
    cards = "".join(
        f'<li class="scheme-card"><h3>{escape(name(scheme, content))}</h3>'
        f'<figure class="diagram" role="img" '
        f'aria-label="{escape(content.message(f"compare.pictures.{scheme}.alternative"))}">'
        f"{svg(figure.name, content.language, {})}</figure>"
        f"<p>{prose(content.message(f'compare.pictures.{scheme}.caption'))}</p></li>"
        for scheme, figure in SCHEME_FIGURES.items()
    )
    return f'{section("pictures", "compare", content)}<ul class="scheme-cards">{cards}</ul>'


def _answers(content: Content) -> str:
    """The choice of what to show, then a table for each question."""
    shown = [("", "compare.all"), ("pair", "compare.pair"), ("before", "compare.before")]
    picks = [(key, content.message(words)) for key, words in shown]
    picks += [(scheme, name(scheme, content)) for scheme in CredentialScheme]
    buttons = "".join(
        f'<button type="button" data-pick="{key}" aria-pressed="{str(not key).lower()}">{escape(words)}</button>'
        for key, words in picks
    )
    rows = comparison().cells
    total = sum(len(cells) for cells in rows.values())
    tables = "".join(_table(row, content) for row in rows)
    return (
        f'<div class="picks" role="group" aria-label="{escape(content.message("compare.show"))}">{buttons}</div>'
        f'{reference.counted(content, "compare", total)}<div class="facets">{tables}</div>'
    )


def _table(row: str, content: Content) -> str:
    """One question: why it matters, and the answer for each scheme.

    The roles are spelt out: on a phone the style sheet stacks the cells, and a browser then forgets that it is a table.
    """
    question, why = (content.message(f"compare.cells.{row}.{part}") for part in ("question", "why"))
    heads = "".join(
        f'<th scope="col" role="columnheader">{escape(content.message(f"compare.{column}"))}</th>'
        for column in ("scheme", "answer")
    )
    lines = "".join(_line(row, scheme, cited, content) for scheme, cited in comparison().cells[row].items())
    return (
        f'<section data-group class="facet" data-section="{row}"><h3>{escape(question)}</h3>'
        f'<p class="why">{prose(why)}</p>'
        f'<table role="table" aria-label="{escape(question)}">'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{lines}</tbody></table></section>'
    )


def _line(row: str, scheme: str, cited: Iterable[Source], content: Content) -> str:
    """The answer for one scheme; the whole of it and its sources unfold."""
    groups = f"{scheme} {'pair' if scheme in _PAIR else 'before'}"
    words = f"compare.cells.{row}"
    is_open = " open" if depth() == WIRE else ""
    return (
        f'<tr role="row" data-entry data-pages="{groups}">'
        f'<th scope="row" role="rowheader">{escape(name(scheme, content))}</th>'
        f'<td role="cell"><details{is_open}><summary>{prose(content.message(f"{words}.brief.{scheme}"))}</summary>'
        f"<p>{prose(content.message(f'{words}.{scheme}'))}</p>"
        f'<p class="label">{escape(content.message("compare.sources"))}</p>{citations(cited)}</details></td></tr>'
    )


def _move(name_: str, move: Move, content: Content) -> str:
    """The steps of a move behind its title."""
    steps = "".join(
        f"<li><p>{prose(content.message(f'compare.moves.{name_}.{step.id}'))}</p>{code(content, step.commands)}</li>"
        for step in move.steps
    )
    sources = f"<h4>{escape(content.message('compare.sources'))}</h4>{citations(move.sources)}"
    title = content.message(f"compare.moves.{name_}.title")
    return fold(title, f'<ol class="steps">{steps}</ol>{sources}', icon="arrow_forward", anchor=name_)
