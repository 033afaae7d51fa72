"""The mounted directory as a tree: the links that the kubelet's atomic writer made, and what a renewal did to them.

Rules: kubernetes/kubernetes pkg/volume/util/atomic_writer.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from app.content import Content
from app.flow.json_access import get, get_list, get_str
from app.flow.model import JsonValue, StepReport
from app.ui.text import breakable, escape, prose

Evidence = Mapping[str, JsonValue]
_DATA = "..data"


@dataclass(frozen=True, kw_only=True)
class _Row:
    name: str
    entry: JsonValue
    role: str
    """The key of the text on the purpose of the entry."""
    change: str = ""
    """`kept`, `moved`, `new` or `removed` where the token was renewed."""
    was: str = ""
    """The target of a link before it was moved."""
    depth: int = 1
    leads: bool = False
    """Whether the next row is the target of this link."""


def file_tree(report: StepReport, before: Evidence | None, content: Content) -> str:
    """The directory as it is now; where `before` is another one, also what has been replaced since."""
    rows = [row for row in _rows(report, before) if row.entry is not None]
    if not rows:
        return ""
    drawn = "".join(_row(row, content) for row in rows)
    return f'<ul class="tree">{drawn}</ul>'


def written(evidence: Evidence) -> str:
    """The name of the directory that `..data` leads to; empty where there is none."""
    return get_str(_named(get_list(evidence, "files"), _DATA), "target")


def _rows(report: StepReport, before: Evidence | None) -> list[_Row]:
    files, inside = get_list(report.evidence, "files"), get_list(report.evidence, "data_files")
    path = report.check("token.file").expected
    token, now = posixpath.basename(path) or "token", written(report.evidence)
    old = written(before) if before else ""
    renewed = bool(old) and old != now
    rows = [
        _Row(name=f"{posixpath.dirname(path)}/", entry=_named(files, "."), role="root", depth=0),
        _Row(name=token, entry=_named(files, token), role="token", change="kept" if renewed else "", leads=bool(now)),
        _Row(
            name=_DATA,
            entry=_named(files, _DATA),
            role="data",
            change="moved" if renewed else "",
            was=old if renewed else "",
            leads=_named(files, now) is not None,
        ),
        _Row(name=f"{now}/", entry=_named(files, now), role="written", change="new" if renewed else ""),
        _Row(name=token, entry=_named(inside, token), role="file", change="new" if renewed else "", depth=2),
    ]
    if renewed and before:
        gone = _named(get_list(before, "files"), old)
        rows.append(_Row(name=f"{old}/", entry=gone, role="removed", change="removed"))
    return rows


def _named(entries: list[JsonValue], name: str) -> JsonValue:
    return next((entry for entry in entries if name and get_str(entry, "name") == name), None)


def _row(row: _Row, content: Content) -> str:
    entry = row.entry
    target = get_str(entry, "target")
    arrow = f' <span class="arrow">→ {breakable(target)}</span>' if target else ""
    was = f" <del>→ {breakable(row.was)}</del>" if row.was else ""
    badge = (
        f'<span class="badge">{escape(content.message(f"anatomy.change.{row.change}"))}</span>' if row.change else ""
    )
    size = get(entry, "size")
    bytes_ = escape(content.message("anatomy.bytes", count=size)) if row.role == "file" and size is not None else ""
    owner = f"{get_str(entry, 'owner')}:{get_str(entry, 'group')}"
    return (
        f'<li class="{row.role} {row.change}{" leads" if row.leads else ""}" style="--depth:{row.depth}">'
        f'<div class="name"><code>{breakable(row.name)}{arrow}{was}</code>{badge}'
        f'<code class="mode">{escape(get_str(entry, "mode"))} {escape(owner)}</code></div>'
        f'<div class="about">{prose(content.message(f"anatomy.file.{row.role}"))} {bytes_}</div></li>'
    )
