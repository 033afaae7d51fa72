"""The missions as HTML: the list, the goals with what was got, the picture, hints and solution."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from app.console.command_line import LineRefused, parse
from app.content import Content
from app.content.missions import Offered
from app.flow.json_access import get_object
from app.flow.missions.judging import Result
from app.flow.missions.mission import Goal, Names, Passes, Permission, PodLog, filled
from app.flow.missions.picture import Change, Part
from app.flow.names import account_of
from app.ui.draw.code import code
from app.ui.draw.links import page_link
from app.ui.missions.state import PARAM
from app.ui.text import escape, prose

_SIGNS = {Change.STAYS: "=", Change.COMES: "+", Change.WRONG: "!", Change.GOES: "×", Change.ABSENT: "∅"}


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
            f'<span class="name">{escape(it.words_in(content).title)}</span>'
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
    """The mission's title and its task."""
    words = chosen.words_in(content)
    best = content.message("mission_page.best", best=str(chosen.mission.best))
    return (
        f'<section class="task"><h2>{escape(words.title)}</h2><p>{prose(words.task)}</p>'
        f'<p class="label">{escape(best)}</p></section>'
    )


def goals(chosen: Offered, names: Names, content: Content) -> str:
    """The goals before the mission is started: what will be checked."""
    rows = "".join(
        f'<li><span class="sign" aria-hidden="true">○</span><span>{prose(goal_words(goal, names, content))}</span></li>'
        for goal in chosen.mission.goals
    )
    return f'<h4>{escape(content.message("mission_page.goals"))}</h4><ul class="goals">{rows}</ul>'


def judged(results: Sequence[Result], names: Names, content: Content) -> str:
    """Each goal with its state now."""
    rows = "".join(_judged(it, names, content) for it in results)
    return f'<h4>{escape(content.message("mission_page.goals"))}</h4><ul class="goals checked">{rows}</ul>'


def _judged(result: Result, names: Names, content: Content) -> str:
    state, sign = ("reached", "✓") if result.reached else ("not_reached", "○")
    got = ""
    if not result.reached:
        said = content.message("mission_page.instead", got=_got(result, content))
        got = f'<span class="got">{prose(said)}</span>'
        if result.detail and result.got != "check":
            got += f"<code>{escape(result.detail)}</code>"
    unseen = escape(content.message(f"mission_page.{state}"))
    return (
        f'<li class="{state}"><span class="sign" aria-hidden="true">{sign}</span><span class="unseen">{unseen}</span>'
        f"<span>{prose(goal_words(result.goal, names, content))}{got}</span></li>"
    )


def _got(result: Result, content: Content) -> str:
    if result.got == "allowed" and result.role:
        return content.message("mission_page.got.allowed_by", role=result.role)
    if result.got == "check":
        return content.message("mission_page.got.check", title=content.check(result.detail).title)
    return content.message(f"mission_page.got.{result.got}")


def goal_words(goal: Goal, names: Names, content: Content) -> str:
    """A goal as a sentence, with the names of this world filled in."""
    match goal:
        case Permission():
            kind = "can" if goal.wanted else "cannot"
            who = _named(goal, names, content)
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


def _named(goal: Permission, names: Names, content: Content) -> str:
    name = str(filled(goal.who, names))
    if not goal.by:
        return content.message(f"mission_page.who.{_who(goal)}", name=name)
    arn = str(filled(goal.by, names))
    role = arn.rpartition("/")[2] if account_of(arn) == names.account else arn
    return content.message("mission_page.who.service_account_by", name=name, role=role)


def _who(goal: Permission) -> str:
    return "session" if goal.session else "role" if goal.role else "service_account"


def legend(changes: Collection[Change], content: Content) -> str:
    """The meaning of the map's lines, for the kinds of lines that it has."""
    rows = "".join(
        f'<li class="{change}"><b aria-hidden="true">{_SIGNS[change]}</b> '
        f"{escape(content.message(f'mission_page.change.{change}'))}</li>"
        for change in Change
        if change in changes
    )
    return f'<ul class="legend">{rows}</ul>' if rows else ""


def others(found: Sequence[Part], names: Names, content: Content) -> str:
    """The other parts that the goals are about, and how the permissions of each have to change."""
    rows = "".join(_other(it, names, content) for it in found)
    return f'<h4>{escape(content.message("mission_page.others"))}</h4><ul class="others">{rows}</ul>' if rows else ""


def _other(part: Part, names: Names, content: Content) -> str:
    kind = escape(content.message(f"mission_page.kind.{part.kind}"))
    return (
        f'<li class="{part.change}"><b aria-hidden="true">{_SIGNS[part.change]}</b><span><small>{kind}</small> '
        f"{escape(str(filled(part.who, names)))}</span>"
        f"<span>{escape(content.message(f'mission_page.change.{part.change}'))}</span></li>"
    )


def commands(used: int, chosen: Offered, content: Content) -> str:
    """The number of commands that changed something so far, beside the least number."""
    said = content.message("mission_page.used", used=str(used), best=str(chosen.mission.best))
    return f'<p class="label">{escape(said)}</p>'


def hints(chosen: Offered, shown: int, content: Content) -> str:
    """As many hints as the reader has asked for."""
    rows = "".join(f"<li>{prose(text)}</li>" for text in chosen.words_in(content).hints[:shown])
    return f'<ol class="build_hints">{rows}</ol>' if rows else ""


def solution(chosen: Offered, names: Names, content: Content) -> str:
    """The commands with the names of this world, which nothing runs; and where the console refuses them, the reason."""
    lines = "\n".join(str(filled(line, names)) for line in chosen.mission.solution)
    note = f"<p>{prose(content.message('mission_page.solution_note'))}</p>"
    try:
        parse(lines)
    except LineRefused as refused:
        reason = content.message(f"console.refused.{refused.code}", **refused.values)
        note += f"<p>{prose(content.message('mission_page.solution_needs_shell', reason=reason))}</p>"
    return note + code(content, lines)
