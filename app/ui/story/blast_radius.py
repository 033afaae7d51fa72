"""How much a compromised Pod gives away, as HTML: the figure with the ways that were taken, the verdict, every attempt,
and the evaluation behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from app.content import Content
from app.flow.lessons.blast_radius import Attempt, BlastRadius, Pod, Way, blast_radius
from app.flow.model import Status
from app.flow.permissions import PermissionDecision
from app.flow.policy.policy import Match
from app.ui.draw.checks import framed
from app.ui.figures.diagram import svg
from app.ui.figures.story_figure import STORY
from app.ui.marks import MARKS, unspoken
from app.ui.step.evidence.parts import decision
from app.ui.story.schemes import Scene, Taken
from app.ui.text import breakable, escape, prose, value


class State(StrEnum):
    """The result for one role; also the class of its box and of the arrow to it."""

    LEAK = "leak"
    """The attacker gets the role, and the role opens the data."""
    HELD = "held"
    """The attacker gets the role, which does not open the data."""
    KEPT = "kept"
    """The attacker does not get the role."""
    ABSENT = "absent"
    """The scheme has no such role."""


_STATUSES = {
    State.LEAK: Status.FAILED,
    State.HELD: Status.WARNING,
    State.KEPT: Status.PASSED,
    State.ABSENT: Status.NOT_REACHED,
}
"""The status whose sign stands beside the result for a role."""
_LONGEST = 24
"""How many characters of a role's name stand beside an attempt."""
_BOXES = ("pod_1_role", "node_role", "pod_2_role")
_PART = re.compile(
    r'<g id="story&#45;(?:lr|tb)&#45;(?P<id>\w+)(?:&#45;(?P<words>\w+))?" '
    r'class="(?:edge arrow|node words|node (?P<box>box))[^"]*(?=")'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedScheme:
    """A scheme with the compromised Pod, evaluated."""

    scene: Scene
    taken: Taken
    found: BlastRadius

    def attempt(self, box: str) -> Attempt | None:
        """The attempt on the role in that box; None where the scheme has no such role."""
        role = self.scene.boxes.get(box)
        return next((attempt for attempt in self.found.attempts if attempt.role is role), None)

    def state(self, box: str) -> State:
        """The result for the role in that box."""
        attempt = self.attempt(box)
        if attempt is None:
            return State.ABSENT
        if not attempt.obtained:
            return State.KEPT
        return State.LEAK if attempt.opens else State.HELD


def evaluate(scene: Scene, taken: Taken) -> EvaluatedScheme:
    """Evaluates what the attacker in that Pod gets in that scheme."""
    return EvaluatedScheme(scene=scene, taken=taken, found=blast_radius(scene.setting, scene.pods[taken]))


def result(outcome: EvaluatedScheme, content: Content) -> str:
    """The figure, the verdict and the attempts."""
    attempts = "".join(_row(outcome, box, content) for box in _BOXES)
    heading = escape(content.message("why.tries"))
    return (
        f"{figure(outcome, content)}{verdict(outcome, content)}"
        f'<h3 class="tries">{heading}</h3><ol class="attempts">{attempts}</ol>'
    )


def figure(outcome: EvaluatedScheme, content: Content) -> str:
    """The figure with the results lit; its text alternative says the same."""
    return _drawn(outcome.scene, dict(_shown(outcome)), alternative(outcome, content), content)


def everyday(scene: Scene, content: Content) -> str:
    """The figure before there is an attacker: how each Pod gets credentials, and which role opens the data."""
    shown = {"attacker": ("gone", ""), "aurora_taken": ("gone", ""), "aurora_safe": ("unjudged", "")}
    sentences = []
    for taken in Taken:
        outcome = evaluate(scene, taken)
        states = {box: outcome.state(box) for box in _BOXES}
        shown |= dict(_daily(outcome))
        shown |= {f"permits_{box}": ("idle", "permits") for box in _BOXES if states[box] is State.LEAK}
        shown |= {box: (state, "") for box, state in states.items() if state is State.ABSENT}
        ways = [_sentence(outcome, box, content) for box in _BOXES if outcome.attempt(box) is not None]
        sentences.append(f"{content.message(f'why.pods.{taken}')}: {content.facts.sentences(*ways)}")
    return _drawn(scene, shown, content.facts.sentences(*sentences).replace("**", ""), content)


def _drawn(scene: Scene, shown: Mapping[str, tuple[str, str]], spoken: str, content: Content) -> str:
    def classed(part: re.Match[str]) -> str:
        state, words = shown.get(part["id"], ("" if part["box"] else "gone", ""))
        return f"{part[0]} {state if part['words'] in (None, words) else 'gone'}"

    names = {box: role.name for box, role in scene.boxes.items()}
    names |= {taken.replace("-", "_"): f"{pod.namespace}/{pod.service_account}" for taken, pod in scene.pods.items()}
    drawn = _PART.sub(classed, svg(STORY.name, content.language, names))
    return f'<figure class="diagram story" role="img" aria-label="{escape(spoken)}">{drawn}</figure>'


def _shown(outcome: EvaluatedScheme) -> Iterator[tuple[str, tuple[str, str]]]:
    """The parts of the figure that are more than a quiet box: their class, and for an arrow its text."""
    number = outcome.taken[-1]
    yield f"attack_{number}", (State.LEAK, "attack")
    yield f"pod_{number}", (State.LEAK, "")
    # (1) What the attacker tries, and what each role allows.
    for box in _BOXES:
        attempt, state = outcome.attempt(box), outcome.state(box)
        yield box, (state, "")
        if attempt is not None:
            yield _arrow(number, box), (state, attempt.way)
            if attempt.opens:
                yield f"permits_{box}", (state if state is State.LEAK else "idle", "permits")
    # (2) What the other Pod uses all day.
    other = next(taken for taken in Taken if taken is not outcome.taken)
    yield from _daily(evaluate(outcome.scene, other))
    # (3) The data.
    leaks = bool(outcome.found.leaks)
    yield "aurora_taken", (State.LEAK if leaks else "gone", "")
    yield "aurora_safe", ("gone" if leaks else State.KEPT, "")


def _daily(outcome: EvaluatedScheme) -> Iterator[tuple[str, tuple[str, str]]]:
    """The ways that a Pod uses all day."""
    for box in _BOXES:
        attempt = outcome.attempt(box)
        if (
            attempt is not None
            and attempt.obtained
            and (attempt.own or (attempt.way is Way.METADATA and attempt.opens))
        ):
            yield _arrow(outcome.taken[-1], box), ("idle", attempt.way)


def _arrow(pod: str, box: str) -> str:
    return f"metadata_{pod}" if box == "node_role" else f"assume_{pod}_{box[4]}"


def alternative(outcome: EvaluatedScheme, content: Content) -> str:
    """The figure in words: the verdict, then every attempt."""
    sentences = [content.message(f"why.verdict.{'leaks' if outcome.found.leaks else 'safe'}")]
    sentences += [f"{_label(box, content)}: {_sentence(outcome, box, content)}" for box in _BOXES]
    return content.facts.sentences(*sentences).replace("**", "")


def _label(box: str, content: Content) -> str:
    return content.message(f"why.roles.{box}")


def verdict(outcome: EvaluatedScheme, content: Content) -> str:
    """Whether the data leaks, and through which roles."""
    leaks, pod = outcome.found.leaks, content.message(f"why.pods.{outcome.taken}")
    if leaks:
        boxes = {role.arn: box for box, role in outcome.scene.boxes.items()}
        through = [boxes[leak.attempt.role.arn] for leak in leaks]
        sentences = [
            content.message(f"why.verdict.{_kind(outcome, box)}", pod=pod, role=_label(box, content)) for box in through
        ]
    else:
        count = sum(attempt.obtained for attempt in outcome.found.attempts)
        sentences = [content.message("why.verdict.held" if count else "why.verdict.nothing", pod=pod, count=count)]
    status = Status.FAILED if leaks else Status.PASSED
    summary = content.message("why.verdict.leaks" if leaks else "why.verdict.safe")
    return framed(status, "".join(f"<p>{prose(sentence)}</p>" for sentence in (summary, *sentences)), content)


def _kind(outcome: EvaluatedScheme, box: str) -> str:
    """The key of the text on the data that leaks through that box. Only Pod 2 is meant to use the data."""
    if box == "node_role":
        return "metadata"
    if not _is_own(outcome, box):
        return "other"
    return "own" if outcome.taken is Taken.POD_2 else "too_much"


def _is_own(outcome: EvaluatedScheme, box: str) -> bool:
    """Whether the role in that box was made for the compromised Pod, whichever role the annotation of its
    ServiceAccount names."""
    return box == f"{outcome.taken.replace('-', '_')}_role"


def _row(outcome: EvaluatedScheme, box: str, content: Content) -> str:
    attempt, state = outcome.attempt(box), outcome.state(box)
    name = f"<code>{escape(_short(attempt.role.name))}</code>" if attempt else ""
    return (
        f'<li class="{state}"><span class="state">{unspoken(MARKS[_STATUSES[state]])} '
        f"{escape(content.message(f'why.states.{state}'))}</span>"
        f'<span class="who"><strong>{escape(_label(box, content))}</strong> {name}</span>'
        f'<span class="what">{prose(_sentence(outcome, box, content))}</span></li>'
    )


def _short(name: str) -> str:
    """A role's name on one line; the evaluation has the whole name."""
    return name if len(name) <= _LONGEST else f"{name[:12]}…{name[-8:]}"


def _sentence(outcome: EvaluatedScheme, box: str, content: Content) -> str:
    """The result of the attempt on the role in that box, and what the role allows."""
    attempt = outcome.attempt(box)
    if attempt is None:
        return content.message("why.attempts.absent")
    way = str(attempt.way)
    if attempt.way is Way.TRUSTED:
        way = "trusted_own" if _is_own(outcome, box) else "trusted_other"
    first = content.message(f"why.attempts.{way}")
    if not attempt.obtained:
        return first
    opens = content.message("why.attempts.opens" if attempt.opens else "why.attempts.opens_nothing")
    return content.message("why.attempts.both", way=first, opens=opens)


def computed(outcome: EvaluatedScheme, content: Content, *, opened: bool) -> str:
    """The evaluation of every policy, behind its title."""
    (data,) = outcome.scene.setting.data
    is_open = " open" if opened else ""
    roles = "".join(
        _evaluation(outcome.found.pod, attempt, _label(box, content), content)
        for box in _BOXES
        if (attempt := outcome.attempt(box)) is not None
    )
    return (
        f'<details class="more computed"{is_open}><summary>{escape(content.message("why.computed.title"))}</summary>'
        f"<p>{prose(content.message('why.computed.question'))}</p>"
        f"<p>{value(data.action)} · {value(data.resource)}</p>"
        f"<p>{prose(content.message('why.computed.given'))}</p>{roles}</details>"
    )


def _evaluation(pod: Pod, attempt: Attempt, label: str, content: Content) -> str:
    question = prose(content.message("why.computed.trust", subject=f"`{pod.subject}`"))
    if attempt.trust is not None:
        trusted = decision(content, asdict(attempt.trust))
    else:
        key = "why.computed.nobody" if attempt.way is Way.METADATA else f"why.attempts.{attempt.way}"
        trusted = _caption(content.message(key))
    permissions = "".join(_permissions(found, content) for _, found in attempt.permissions)
    return (
        f"<h3>{escape(label)} <code>{breakable(attempt.role.name)}</code></h3>"
        f"<h4>{question}</h4>{trusted}"
        f"<h4>{prose(content.message('why.computed.permissions'))}</h4>{permissions}"
    )


def _permissions(found: PermissionDecision, content: Content) -> str:
    """The statements about the action, in full, and the number of the others."""
    if not found.trace:
        return _caption(content.message("why.computed.no_permissions"))
    statements: dict[tuple[str, str | int], list[Match]] = {}
    for match in found.trace:
        statements.setdefault((match.policy, match.statement), []).append(match)
    about = [matches for matches in statements.values() if _is_about(matches)]
    trace = [asdict(match) for matches in about for match in matches]
    others = len(statements) - len(about)
    sentence = content.message(f"ui.decision_{found.reason.replace('-', '_')}")
    shown = decision(content, {"trace": trace, "reason": found.reason}) if trace else _caption(sentence)
    return shown + (_caption(content.message("why.computed.others", count=others)) if others else "")


def _caption(sentence: str) -> str:
    return f'<p class="caption">{prose(sentence)}</p>'


def _is_about(matches: Iterable[Match]) -> bool:
    """Whether a statement names the action, or cannot be read."""
    return any((match.matched and match.element in ("Action", "NotAction")) or match.error for match in matches)
