"""The elements of the evidence of several steps: headed parts, folded documents, pairs that must match, traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.content import Content
from app.flow.json_access import get_list, get_object, get_str, shown
from app.flow.model import JsonValue, Status, StepReport
from app.ui.draw.documents import Notes, Path, document, json_lines, yaml_lines
from app.ui.marks import unspoken
from app.ui.text import escape, prose, value


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two values from two places, one of which must match the other."""

    left: str
    left_value: str
    right: str
    right_value: str
    status: Status

    @property
    def sign(self) -> tuple[str, str]:
        """The sign between the two, and the key of its text: `=` only where they are exactly the same."""
        if self.status is Status.PASSED:
            return ("=" if self.left_value == self.right_value else "✓", "ui.matches")
        return ("≠", "ui.does_not_match") if self.status is Status.FAILED else ("?", f"statuses.{self.status}")


def part(content: Content, evidence_id: str, body: str) -> str:
    """A piece of evidence with its heading and caption."""
    return f'<section class="part">{_heading(content, evidence_id)}{body}</section>'


def _heading(content: Content, evidence_id: str) -> str:
    title, caption = (content.message(f"evidence.{evidence_id}.{key}") for key in ("title", "caption"))
    return f'<h3>{escape(title)}</h3><p class="caption">{prose(caption)}</p>'


def collapsible(content: Content, evidence_id: str, body: str, *, opened: bool = False) -> str:
    """A piece of evidence behind its title."""
    title, caption = (content.message(f"evidence.{evidence_id}.{key}") for key in ("title", "caption"))
    return (
        f'<details class="more"{" open" if opened else ""}><summary>{escape(title)}</summary>'
        f'<p class="caption">{prose(caption)}</p>{body}</details>'
    )


def json_document(content: Content, value_: JsonValue, notes: Notes | None = None) -> str:
    """A JSON document with its notes."""
    return document(content, json_lines(value_), notes or {})


def yaml_document(content: Content, value_: JsonValue, notes: Notes | None = None) -> str:
    """A Kubernetes object with its notes; as kubectl shows it, without `managedFields`."""
    metadata = {name: member for name, member in get_object(value_, "metadata").items() if name != "managedFields"}
    return document(content, yaml_lines({**get_object(value_), "metadata": metadata}), notes or {})


def notes(content: Content, *keys: tuple[Path, str]) -> dict[Path, str]:
    """Notes by path, from the keys of their words below `notes`."""
    return {path: content.message(f"notes.{key}") for path, key in keys}


def status_of(report: StepReport, check_id: str) -> Status:
    """How a check ended."""
    return report.check(check_id).status


def pairs(content: Content, left: str, right: str, rows: Iterable[Pair]) -> str:
    """Two columns of values, with a sign between those that match or do not. On a narrow page each box has the name of
    its side."""
    of_left, of_right = (f'<span class="of">{escape(side)} · </span>' for side in (left, right))
    cells = [f'<div class="side">{escape(left)}</div><div></div><div class="side">{escape(right)}</div>']
    for row in rows:
        sign, word = row.sign
        names = of_left + escape(row.left), of_right + escape(row.right)
        cells.append(
            f'<div class="box {row.status}"><small>{names[0]}</small>{value(row.left_value or "–")}</div>'
            f'<div class="sign {row.status}"><span aria-hidden="true">{sign}</span>'
            f'<span class="unseen">{escape(content.message(word))}</span></div>'
            f'<div class="box {row.status}"><small>{names[1]}</small>{value(row.right_value or "–")}</div>'
        )
    return f'<div class="pairs">{"".join(cells)}</div>'


def decision(content: Content, found: Mapping[str, Any]) -> str:
    """How a policy was evaluated: every comparison, and what follows from them."""
    rows = "".join(_comparison(content, entry) for entry in get_list(found, "trace"))
    keys = ("element", "wanted", "got")
    head = "".join(f"<th>{escape(content.message(f'screens.{key}'))}</th>" for key in keys)
    reason = get_str(found, "reason").replace("-", "_")
    sentence = content.messages.get(f"ui.decision_{reason}", "")
    return f'<table class="trace"><tr><th></th>{head}</tr>{rows}</table><p class="caption">{prose(sentence)}</p>'


def _comparison(content: Content, entry: JsonValue) -> str:
    where = [shown(get_object(entry).get(key) or "") for key in ("statement", "element", "operator", "key")]
    name = " · ".join(part_ for part_ in where if part_)
    sides = (  # named on a narrow page, which has no column headings
        f'<span class="of">{escape(content.message(f"screens.{key}"))}</span>'
        f"{value(shown(get_object(entry).get(key) or '–'))}"
        for key in ("wanted", "got")
    )
    return comparison(content, value(name), *sides, matched=get_object(entry).get("matched") is True)


def comparison(content: Content, *cells: str, matched: bool) -> str:
    """A row of a table: whether something matched, and the other cells."""
    sign, word = ("✓", "matches") if matched else ("✕", "does_not_match")
    first = f'{unspoken(sign)}<span class="unseen">{escape(content.message(f"ui.{word}"))}</span>'
    columns = "".join(f"<td>{cell}</td>" for cell in (first, *cells))
    return f'<tr class="{"passed" if matched else "failed"}">{columns}</tr>'


def join(pieces: Sequence[str]) -> str:
    """Pieces of evidence, the missing ones left out; one sentence where there is none at all."""
    return "".join(piece for piece in pieces if piece)
