"""A survey as a Graphviz picture: the DOT source anywhere, the drawing where there is a `dot` binary."""

from __future__ import annotations

import subprocess
from itertools import groupby

import graphviz

from app.content import Content
from app.flow.doctor.survey import RoleFound, Stand, Survey, Tie
from app.flow.names import role_of
from app.flow.visible import visible
from app.report.survey_words import subjects

_RED, _GREEN, _GREY, _INK = "#b3261e", "#2e7d32", "#6b7280", "#1f2937"
_EDGES = {
    Stand.OWN: {"color": _GREEN, "penwidth": "1.5"},
    Stand.REFUSED: {"color": _RED, "style": "dotted", "penwidth": "1.5", "arrowhead": "tee"},
    Stand.MISSING: {"color": _RED, "style": "dotted", "penwidth": "1.5", "arrowhead": "tee"},
    Stand.DEPENDS: {"color": _GREY, "style": "dotted", "arrowhead": "odot"},
    Stand.AUDIENCE: {"color": _GREY, "style": "dotted", "arrowhead": "odot"},
    Stand.UNREAD: {"color": _GREY, "style": "dotted", "arrowhead": "odot"},
}
_WIDE = {"color": _RED, "penwidth": "3"}
_ALSO = {"color": _RED, "style": "dashed", "penwidth": "1.5"}


def dot(found: Survey, words: Content) -> str:
    """The DOT source: ServiceAccounts by namespace on the left, roles on the right."""
    graph = graphviz.Digraph("survey")
    graph.attr("graph", rankdir="LR", fontname="sans-serif", fontsize="11", ranksep="1.2", bgcolor="transparent")
    graph.attr("node", shape="box", style="rounded,filled", fillcolor="white", color=_INK, fontname="sans-serif")
    graph.attr("node", fontsize="11")
    graph.attr("edge", fontname="sans-serif", fontsize="10", color=_INK)

    # (1) The ServiceAccounts, those that are let in without being annotated among them.
    stale = {
        (tie.namespace, tie.service_account): f"! {words.message('doctor.survey.stale_pods', count=len(tie.stale))}"
        for tie in found.ties
        if tie.stale
    }
    drawn = sorted({(tie.namespace, tie.service_account) for tie in found.ties} | set(_also(found)))
    for namespace, accounts in groupby(drawn, key=lambda account: account[0]):
        with graph.subgraph(name=_id("cluster", namespace)) as box:
            box.attr(label=_label(namespace), color=_GREY, style="rounded")
            for _, name in accounts:
                lines = [name, *([stale[namespace, name]] if (namespace, name) in stale else [])]
                style = {"color": _RED, "fontcolor": _RED} if (namespace, name) in stale else {}
                label = "\n".join(_label(line) for line in lines)
                box.node(_id("account", f"{namespace}/{name}"), label=label, **style)

    # (2) The roles; one that lets in too many says which subjects.
    for role in found.roles:
        _draw_role(graph, role, words)

    # (3) Which annotation points to which role, and who is let in besides.
    for tie in found.ties:
        _draw_tie(graph, tie, words)
    for role in found.roles:
        for account in _listed(role):
            graph.edge(_id("account", account), _id("role", role.arn), **_ALSO)
    return str(graph.source)


def svg(source: str) -> str:
    """The drawing as an SVG element; empty where there is no `dot`, or it fails."""
    try:
        drawn = graphviz.Source(source).pipe(format="svg", encoding="utf-8", quiet=True)
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError, OSError):
        return ""
    return str(drawn[max(drawn.find("<svg"), 0) :])


def _draw_role(graph: graphviz.Digraph, role: RoleFound, words: Content) -> None:
    _, account, name = role_of(role.arn) or ("", "", role.arn)
    lines = [name, account]
    if role.wide:
        lines.append(f"! {words.message('doctor.survey.wide', subjects=subjects(role, words))}")
    if role.absent:
        lines.append(f"! {words.message('doctor.survey.not_there', names=', '.join(role.absent))}")
    if role.reason:
        lines.append(f"? {words.message('doctor.survey.unread')}")
    style = {"color": _RED, "penwidth": "3", "fontcolor": _RED} if role.wide else {}
    graph.node(_id("role", role.arn), label="\n".join(_label(line) for line in lines), **style)
    if role.cluster:
        everybody = _id("everybody", role.arn)
        label = _label(words.message("doctor.survey.everybody"))
        graph.node(everybody, label=label, shape="oval", color=_RED, fontcolor=_RED)
        graph.edge(everybody, _id("role", role.arn), **_WIDE)
    for namespace in role.namespaces:
        around = _id("namespace", f"{namespace} {role.arn}")
        label = _label(words.message("doctor.survey.namespace", namespace=namespace))
        graph.node(around, label=label, shape="oval", color=_RED, fontcolor=_RED)
        graph.edge(around, _id("role", role.arn), **_WIDE)


def _draw_tie(graph: graphviz.Digraph, tie: Tie, words: Content) -> None:
    account = _id("account", f"{tie.namespace}/{tie.service_account}")
    if tie.stand in (Stand.MALFORMED, Stand.MISTYPED):
        nowhere = _id("nowhere", account)
        label = f"{_label(tie.role_arn)}\n{_label(words.message(f'doctor.survey.{tie.stand}'))}"
        graph.node(nowhere, label=label, style="dashed", color=_RED, fontcolor=_RED)
        graph.edge(account, nowhere, **_EDGES[Stand.REFUSED])
        return
    graph.edge(
        account, _id("role", tie.role_arn), label=words.message(f"doctor.survey.{tie.stand}"), **_EDGES[tie.stand]
    )


def _listed(role: RoleFound) -> tuple[str, ...]:
    """Who is let in besides, and is not already covered by a namespace or by everybody."""
    return tuple(account for account in role.also if not role.cluster and account.split("/")[0] not in role.namespaces)


def _also(found: Survey) -> set[tuple[str, str]]:
    pairs = {account for role in found.roles for account in _listed(role)}
    return {(account.partition("/")[0], account.partition("/")[2]) for account in pairs}


def _id(kind: str, name: str) -> str:
    """A node's name. A colon in it would be read as a port, a backslash as an escape."""
    return visible(f"{kind} {name}", keep="").replace(":", " ").replace("\\", " ")


def _label(text: str) -> str:
    """A line of a label."""
    return str(graphviz.escape(visible(text, keep="")))
