"""The tasks as HTML: the list, and one task with its goals and what eksctl does for it."""

from __future__ import annotations

from collections.abc import Sequence

from app.content import Content
from app.flow.build.eksctl import Eksctl
from app.flow.build.tasks import Goal, Progress, next_task
from app.flow.model import Subject
from app.ui.build.state import PARAM
from app.ui.draw.checks import listed
from app.ui.draw.code import code
from app.ui.draw.links import page_link
from app.ui.text import escape, prose


def title(it: Progress, content: Content) -> str:
    """The title of a task."""
    return content.message(f"build.task_{it.task.id}.title")


def tasks(found: tuple[Progress, ...], shown: Progress, content: Content) -> str:
    """All nine tasks with their state; each is a link."""
    upcoming, rows = next_task(found), []
    for number, it in enumerate(found, start=1):
        state = "done" if it.done else "open"
        here = ' aria-current="step"' if it is shown else ""
        word = content.message(f"build.{state}")
        label = (
            f'<span class="sign" aria-hidden="true">{"✓" if it.done else number}</span>'
            f'<span class="name">{escape(title(it, content))}</span><span class="unseen">{escape(word)}</span>'
        )
        kind = f"{state} next" if it.task.id == upcoming else state
        link = page_link(content, "build", label, attributes=here, **{PARAM: it.task.id})
        rows.append(f'<li class="{kind}">{link}</li>')
    done = content.message("build.progress", done=str(sum(it.done for it in found)), total=str(len(found)))
    return (
        f'<nav class="tasks" aria-label="{escape(content.message("build.tasks"))}">'
        f'<p class="label">{escape(done)}</p><ol>{"".join(rows)}</ol></nav>'
    )


def tasks_not_done(found: Sequence[Progress], content: Content) -> str:
    """Links to the tasks that are not done; empty where all are."""
    links = (
        page_link(content, "build", escape(title(it, content)), **{PARAM: it.task.id}) for it in found if not it.done
    )
    items = "".join(f"<li>{link}</li>" for link in links)
    return items and f"<ul>{items}</ul>"


def task(it: Progress, number: int, total: int, subject: Subject, content: Content) -> str:
    """The task's name, why it is done, its goals, and the check that fails where one does."""
    head = content.message("build.task", number=str(number), total=str(total))
    goals = "".join(_goal(goal, subject, content) for goal in it.goals)
    wrong = ""
    if it.wrong:
        heading = f"<h4>{escape(content.message('build.wrong'))}</h4>"
        wrong = heading + listed([it.wrong], subject, content)
    return (
        f'<section class="task"><p class="label">{escape(head)}</p><h2>{escape(title(it, content))}</h2>'
        f"<p>{prose(content.message(f'build.task_{it.task.id}.why'))}</p>"
        f'<h4>{escape(content.message("build.goals"))}</h4><ul class="goals">{goals}</ul>{wrong}</section>'
    )


def _goal(goal: Goal, subject: Subject, content: Content) -> str:
    if goal.check:
        words = content.check(goal.id).fill(goal.check, subject).title
    else:
        words = content.message(f"build.goal.{goal.id}")
    state, sign = ("reached", "✓") if goal.done else ("not_reached", "○")
    unseen = escape(content.message(f"build.{state}"))
    return (
        f'<li class="{state}" data-goal="{goal.id}"><span class="sign" aria-hidden="true">{sign}</span>'
        f'<span class="unseen">{unseen}</span><span>{prose(words)}</span></li>'
    )


def hints(it: Progress, shown: int, content: Content) -> str:
    """As many hints as the reader has asked for."""
    words = (content.message(f"build.task_{it.task.id}.hint_{number}") for number in range(1, shown + 1))
    rows = "".join(f"<li>{prose(text)}</li>" for text in words)
    return f'<ol class="build_hints">{rows}</ol>' if rows else ""


def eksctl(found: Eksctl | None, content: Content) -> str:
    """The command that the article uses for the task, the calls that it makes, and what Terraform has for the task."""
    if found is None:
        return f'<aside class="eksctl"><p>{prose(content.message("build.eksctl_none"))}</p></aside>'
    calls, terraform = (
        "".join(f"<li><code>{escape(it)}</code></li>" for it in rows) for rows in (found.calls, found.terraform)
    )
    heading = content.message("build.eksctl", first=str(found.numbers[0]), last=str(found.numbers[-1]))
    return (
        f'<aside class="eksctl"><h4>{escape(heading)}</h4>{code(content, found.command)}'
        f'<p class="label">{escape(content.message("build.eksctl_calls"))}</p><ol>{calls}</ol>'
        f'<p class="label">{escape(content.message("build.terraform"))}</p><ul>{terraform}</ul></aside>'
    )
