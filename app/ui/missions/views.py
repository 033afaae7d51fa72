"""The missions as HTML: the list, the goals with what was got, the picture, hints and solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.console.command_line import LineRefused, parse
from app.content import Content
from app.content.missions import Offered
from app.flow.json_access import get_object
from app.flow.missions.judging import Result
from app.flow.missions.mission import Goal, Names, Passes, Permission, PodLog, filled
from app.flow.missions.picture import Change, Edge
from app.ui.draw.code import code
from app.ui.draw.links import page_link
from app.ui.missions.state import PARAM
from app.ui.text import escape, prose

_SIGNS = {Change.STAYS: "=", Change.COMES: "+", Change.GOES: "−", Change.ABSENT: "×"}


def listed(found: Sequence[Offered], done: Mapping[str, int], shown: str, running: str, content: Content) -> str:
    """All missions with their state; each is a link."""
    rows = []
    for number, it in enumerate(found, start=1):
        mission = it.mission
        state = "done" if mission.id in done else "running" if mission.id == running else "open"
        commands = content.message("mission_page.done_with", count=str(done[mission.id])) if mission.id in done else ""
        said = commands or content.message(f"mission_page.{state}")
        here = ' aria-current="step"' if mission.id == shown else ""
        label = (
            f'<span class="sign" aria-hidden="true">{"✓" if state == "done" else number}</span>'
            f'<span class="name">{escape(it.said(content).title)}</span>'
            f'<span class="{"unseen" if state == "open" else "state"}">{escape(said)}</span>'
        )
        kind = f"{state} next" if state == "running" else state
        rows.append(
            f'<li class="{kind}">{page_link(content, "missions", label, attributes=here, **{PARAM: mission.id})}</li>'
        )
    counted = content.message(
        "mission_page.progress", done=str(sum(it.mission.id in done for it in found)), total=str(len(found))
    )
    return (
        f'<nav class="tasks missions" aria-label="{escape(content.message("mission_page.all"))}">'
        f'<p class="label">{escape(counted)}</p><ol>{"".join(rows)}</ol></nav>'
    )


def task(chosen: Offered, content: Content) -> str:
    """What it is called, and what is to be done."""
    words = chosen.said(content)
    best = content.message("mission_page.best", best=str(chosen.mission.best))
    return (
        f'<section class="task"><h2>{escape(words.title)}</h2><p>{prose(words.task)}</p>'
        f'<p class="label">{escape(best)}</p></section>'
    )


def goals(chosen: Offered, names: Names, content: Content) -> str:
    """Before it is started: what will be checked."""
    rows = "".join(
        f'<li><span class="sign" aria-hidden="true">○</span><span>{prose(goal_words(goal, names, content))}</span></li>'
        for goal in chosen.mission.goals
    )
    return f'<h4>{escape(content.message("mission_page.goals"))}</h4><ul class="goals">{rows}</ul>'


def judged(results: Sequence[Result], names: Names, content: Content) -> str:
    """Each goal with what is so now."""
    rows = "".join(_judged(it, names, content) for it in results)
    return f'<h4>{escape(content.message("mission_page.goals"))}</h4><ul class="goals checked">{rows}</ul>'


def _judged(result: Result, names: Names, content: Content) -> str:
    state, sign = ("reached", "✓") if result.reached else ("not_reached", "○")
    got = ""
    if not result.reached:
        got = f'<span class="got">{escape(content.message("ui.got"))}: {prose(_got(result, content))}</span>'
        if result.detail:
            got += f"<code>{escape(result.detail)}</code>"
    unseen = escape(content.message(f"mission_page.{state}"))
    return (
        f'<li class="{state}"><span class="sign" aria-hidden="true">{sign}</span><span class="unseen">{unseen}</span>'
        f"<span>{prose(goal_words(result.goal, names, content))}{got}</span></li>"
    )


def _got(result: Result, content: Content) -> str:
    if result.got == "allowed" and result.role:
        return content.message("mission_page.got.allowed_by", role=result.role)
    return content.message(f"mission_page.got.{result.got}")


def goal_words(goal: Goal, names: Names, content: Content) -> str:
    """A goal as a sentence; names that only this world has are filled in."""
    match goal:
        case Permission():
            kind = "can" if goal.wanted else "cannot"
            who = content.message(f"mission_page.who.{_who(goal)}", name=str(filled(goal.who, names)))
            resource = str(filled(goal.resource, names))
            context = get_object(filled(dict(goal.context), names)).items()
            where = ", ".join((resource, *(f"{key} = {value}" for key, value in context)))
            if resource == "*":
                return content.message(f"mission_page.goal.{kind}", who=who, action=goal.action)
            return content.message(f"mission_page.goal.{kind}_on", who=who, action=goal.action, resource=where)
        case PodLog():
            contains = str(filled(goal.contains, names))
            return content.message("mission_page.goal.pod", name=goal.service_account, text=contains)
        case Passes():
            return content.message("mission_page.goal.passes", name=goal.service_account)


def _who(goal: Permission) -> str:
    return "session" if goal.session else "role" if goal.role else "service_account"


def picture(edges: Sequence[Edge], names: Names, content: Content) -> str:
    """What has to become of each edge: now, and once the goals are reached."""
    rows = "".join(_edge(it, names, content) for it in edges)
    legend = "".join(
        f'<li class="{change}"><b aria-hidden="true">{_SIGNS[change]}</b> '
        f"{escape(content.message(f'mission_page.change.{change}'))}</li>"
        for change in Change
        if any(edge.change is change for edge in edges)
    )
    return (
        f'<figure class="now_then"><figcaption>{escape(content.message("mission_page.picture"))}</figcaption>'
        f'<ul class="edges">{rows}</ul><ul class="legend">{legend}</ul></figure>'
    )


def _edge(edge: Edge, names: Names, content: Content) -> str:
    kind, who, what = _ends(edge.goal, names, content)
    said = escape(content.message(f"mission_page.change.{edge.change}"))
    role = f"<span>{escape(edge.role)}</span>" if edge.role else ""
    return (
        f'<li class="{edge.change}"><span class="box"><small>{escape(kind)}</small>{escape(who)}</span>'
        f'<span class="edge"><b aria-hidden="true">{_SIGNS[edge.change]}</b>{role}'
        f'<span class="unseen">{said}</span></span><span class="box">{escape(what)}</span></li>'
    )


def _ends(goal: Goal, names: Names, content: Content) -> tuple[str, str, str]:
    """What kind of thing an edge begins at, what that is called, and what it leads to."""
    match goal:
        case Permission():
            resource = str(filled(goal.resource, names)).removeprefix("arn:aws:s3:::")
            context = get_object(filled(dict(goal.context), names)).values()
            what = " ".join((goal.action, *(() if resource == "*" else (resource,)), *map(str, context)))
            return content.message(f"mission_page.kind.{_who(goal)}"), str(filled(goal.who, names)), what
        case PodLog():
            return content.message("mission_page.kind.pod"), goal.service_account, str(filled(goal.contains, names))
        case Passes():
            said = content.message("mission_page.six_steps")
            return content.message("mission_page.kind.service_account"), goal.service_account, said


def commands(used: int, chosen: Offered, content: Content) -> str:
    """How many commands changed something so far, beside the least number."""
    said = content.message("mission_page.used", used=str(used), best=str(chosen.mission.best))
    return f'<p class="label">{escape(said)}</p>'


def hints(chosen: Offered, shown: int, content: Content) -> str:
    """As many as the reader has asked for."""
    rows = "".join(f"<li>{prose(text)}</li>" for text in chosen.said(content).hints[:shown])
    return f'<ol class="build_hints">{rows}</ol>' if rows else ""


def solution(chosen: Offered, names: Names, content: Content) -> str:
    """The commands with the names of this world, and why the console does not take them, if so; nothing runs them."""
    lines = "\n".join(str(filled(line, names)) for line in chosen.mission.solution)
    note = f"<p>{prose(content.message('mission_page.solution_note'))}</p>"
    try:
        parse(lines)
    except LineRefused as refused:
        reason = content.message(f"console.refused.{refused.code}", **refused.values)
        note += f"<p>{prose(content.message('mission_page.solution_needs_shell', reason=reason))}</p>"
    return note + code(content, lines)
