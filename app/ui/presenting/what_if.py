"""What if: the reader's simulated world really breaks, is walked through for its film, and is put back at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.content import Content
from app.content.languages import LANGUAGES
from app.content.loader import load
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import FlowError
from app.flow.film import Beat, Claim, End, Film, Seen, attempt, film
from app.flow.film.contents import conditions, contents
from app.flow.json_access import get_str
from app.flow.model import Exchange, JsonObject, Status, Subject
from app.flow.names import SUBJECT_PREFIX, subject_claim
from app.flow.steps.submission import Submission
from app.ui.draw.server_answers import Answer
from app.ui.map.film_json import film_json, names_of
from app.ui.marks import MARKS, unspoken
from app.ui.state import session
from app.ui.text import escape, prose
from app.ui.thief import probes
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.faults import CannotBeInjected, names
from app.world.lifecycle import experiments
from app.world.lifecycle.world_operations import set_trust_policy
from app.world.world import World

_FAULTS = {"namespace": "F21", "expired": "F32", "webhook_down": "F05", "typo": "F02"}
"""The choices that are faults of the lab."""
_WIDENED = {
    "no_sub": ("StringEquals", ""),
    "wildcard": ("StringLike", "system:serviceaccount:{namespace}:*"),
}
"""The choices that let others in, each with the operator and the value for `sub` in the trust policy."""
_STOLEN = "stolen"
CHOICES = ("namespace", "no_sub", "wildcard", "expired", _STOLEN, "webhook_down", "typo")
"""What can be broken, in the order of the keys from 1 on."""
_INTRUDER = "attacker"
"""The ServiceAccount that an attacker creates, beside the rightful one, to ask for the role."""
_SETUP = ("publish", "register", "grant", "annotate")
_CARRIED = ("token", "mount")
_COPIED = "copy"


@dataclass(frozen=True, kw_only=True)
class _Broken:
    """The result of a break."""

    film: Film
    found: Diagnosis
    begins: str
    """The id of the beat at which to begin."""
    subject: Subject | None = None
    """The subject that asks instead of the Pod."""
    answers: Sequence[tuple[str, Answer]] = ()
    """The questions beside the film, each as a key or the name of who asked, with its answer."""


def what_if(choice: str, asked: object) -> str:
    """The result of that one of `CHOICES`, in every language, as JSON for the browser: the film, or the reason why
    there is none.

    `asked` goes back to the browser, which knows by it to which of its questions this is the answer.

    The world is as it was before when this returns, whatever happened in between.
    """
    here = session.world()
    if here.usage.wait(reserve=True):
        return _document(asked, lambda content: {"failed": content.message("what_if.busy")})
    simulation = session.simulation()
    try:
        before = simulation.save(here)
        try:
            simulation.revert(here)
            broken = _break(choice, here)
        finally:
            simulation.restore(here, before)
    except (CannotBeInjected, FlowError, ApiError, AwsError, LookupError) as error:  # the world itself may be gone
        said = _said(error)
        return _document(asked, lambda content: {"failed": content.message("what_if.failed", said=said)})
    return _document(asked, lambda content: _shown(choice, broken, content))


def _said(error: Exception) -> str:
    """Why the world did not allow it: the message of the server that refused."""
    if isinstance(error, CannotBeInjected):
        return error.obstacle
    return error.server_message if isinstance(error, FlowError) else str(error)


def _break(choice: str, here: World) -> _Broken:
    if fault := _FAULTS.get(choice):
        session.simulation().inject(here, fault)
        return _walked()
    return _stolen(here) if choice == _STOLEN else _widened(here, *_WIDENED[choice])


def _walked() -> _Broken:
    ports = session.simulated_ports()
    found = examine(ports, session.subject())
    heard = (*ports.server_log.setup(), *ports.server_log.exchanges())
    made = film(found.walk, found.chain, heard)
    lies = next((beat.id for beat in made.beats if beat.check), made.beats[-1].id)
    return _Broken(film=made, found=found, begins=lies)


# (1) Others are let in


def _widened(here: World, operator: str, wanted: str) -> _Broken:
    """Writes that condition into the policy; then every ServiceAccount asks for the role, one of which is made for
    this."""
    owner = _walked()
    intruder = Subject(namespace=here.chain.namespace, service_account=_INTRUDER)
    wanted = wanted.format(namespace=intruder.namespace)
    policy = experiments.wide_trust_policy(here, operator, [wanted] if wanted else [])

    async def work() -> None:
        async with here.changing:
            set_trust_policy(here, policy)
            await experiments.create_service_account(here, intruder.namespace, intruder.service_account)

    session.simulation().run(work())
    ports = session.simulated_ports()
    role = get_str(owner.found.walk.report(owner.film.beat("grant").step).evidence.get("role"), "Arn")
    attempts = probes.everybody(ports, role, [f"{intruder.namespace}/{intruder.service_account}"])
    return _Broken(
        film=_with_stranger(_walked().film, policy, attempts[-1], ports.aws.exchanges()[-1]),
        found=owner.found,
        begins="assume",
        subject=intruder,
        answers=[(attempt.subject, attempt.answer) for attempt in attempts],
    )


def _with_stranger(whole: Film, policy: JsonObject, stranger: probes.Attempt, exchange: Exchange) -> Film:
    """The setup, and then the request of someone else, from the exchange in which STS accepted or refused it."""
    taken = stranger.answer.taken
    held = replace(
        whole.beat("claim_sub"),
        claim=Claim(name="sub", got=stranger.subject, against=conditions(policy).get("sub", "–"), matches=taken),
        rows=(("sub", stranger.subject),),
        exchange=exchange,
        seen=Seen.ASKED,
        end=End.ARRIVED if taken else End.STOPPED,
        words=stranger.answer.server_message,
    )
    came = [_replaced(whole, "assume", exchange), held]
    if taken:
        came.append(_replaced(whole, "credentials", exchange))
    return replace(whole, beats=(*(beat for beat in whole.beats if beat.id in _SETUP), *came))


def _replaced(whole: Film, beat_id: str, exchange: Exchange) -> Beat:
    found = contents(beat_id, exchange)
    return replace(
        whole.beat(beat_id),
        values=found.values,
        rows=found.rows,
        arrivals=found.arrivals,
        exchange=exchange,
        seen=Seen.ASKED,
    )


# (2) The token is taken elsewhere


def _stolen(here: World) -> _Broken:
    """The token is copied and used outside the cluster, before and after its Pod is deleted."""
    whole = _walked()
    ports = session.simulated_ports()
    loot = probes.copy(ports, session.subject())
    if isinstance(loot, Submission):
        raise FlowError(code="unread", server_message=loot.unread)
    used = probes.use(ports, loot, session.subject(), Answer(taken=False))
    session.simulation().run(experiments.delete_pod(here))
    after = probes.standing(ports, loot, used.credentials, Answer(taken=False))
    answers = [("thief.attempts.sts.title", used.sts)]
    answers += [(f"thief.attempts.{name}.title", answer) for name, answer in used.then]
    answers += [("what_if.after_deletion", after.new)]
    came = [(_COPIED, loot.exchange), *used.sent[: 1 + len(used.then)]]
    beats = [beat for beat in whole.film.beats if beat.id in (*_SETUP, *_CARRIED)]
    beats += [attempt(name, exchange) for name, exchange in came if exchange]
    return _Broken(film=replace(whole.film, beats=tuple(beats)), found=whole.found, begins=_COPIED, answers=answers)


# (3) For the browser


def _document(asked: object, of: Callable[[Content], Mapping[str, object]]) -> str:
    return json.dumps({"asked": asked, **{it: of(load(it)) for it in LANGUAGES}}, ensure_ascii=False)


def _shown(choice: str, broken: _Broken, content: Content) -> JsonObject:
    fault = _FAULTS.get(choice)
    change = (
        content.message(f"faults.{fault}.change", **names(session.world().chain))
        if fault
        else content.message(f"what_if.choices.{choice}.change")
    )
    boxes = names_of(broken.found.walk)
    if (stranger := broken.subject) is not None:
        boxes = {**boxes, "service_account": f"{stranger.namespace}/{stranger.service_account}", "pod": ""}
    return {
        "film": json.loads(
            film_json(broken.film, content, broken.found.walk.subject, boxes, ends_whole=bool(broken.film.shows))
        ),
        "begins": broken.begins,
        "change": prose(change),
        "answers": "".join(_rows(broken.answers, broken.found.walk.subject, content)),
    }


def _rows(answers: Iterable[tuple[str, Answer]], owner: Subject, content: Content) -> Iterator[str]:
    """The questions with their answers, in few words for the last row of a room. If anyone but the owner is accepted,
    it is no success."""
    own = subject_claim(owner)
    for asked, answer in answers:
        if asked == own:
            status = answer.status
        else:
            status = Status.WARNING if answer.taken else Status.NOT_REACHED
        name = (
            prose(content.message(asked))
            if asked in content.messages
            else f"<code>{escape(asked.removeprefix(SUBJECT_PREFIX))}</code>"
        )
        word = escape(content.message("answers.taken" if answer.taken else "answers.refused"))
        yield f'<li class="{status}">{unspoken(MARKS[status])} {name} <b class="word">{word}</b></li>'
