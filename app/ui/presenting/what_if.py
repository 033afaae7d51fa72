"""What if: a new world like the reader's is made for it, really breaks, is walked through for its film, and is dropped.

Nothing happens to the reader's own world, so that what is done there meanwhile, in a terminal or in another tab, stays.
"""

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
from app.flow.model import Chain, Exchange, JsonObject, Status, Subject
from app.flow.names import SUBJECT_PREFIX, subject_claim
from app.flow.ports import Ports
from app.flow.steps.submission import Submission
from app.ui.draw.server_answers import Answer
from app.ui.draw.sts_wording import set_wording
from app.ui.map.film_json import film_json, names_of
from app.ui.marks import MARKS, unspoken
from app.ui.state import session
from app.ui.text import escape, prose
from app.ui.thief import probes
from app.wiring import simulated
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.faults import CannotBeInjected, names
from app.world.lifecycle import experiments
from app.world.lifecycle.world_operations import set_trust_policy
from app.world.lifecycle.world_store import NoRoom
from app.world.setup.scenario import ARTICLE, has_place_for
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
    """
    here = session.world()
    chain = _names_of(here.chain)
    try:
        with session.another_world(chain) as trial:
            _make_like(here, trial)
            broken = _break(choice, trial)
    except (NoRoom, OSError):
        return _document(asked, lambda content: {"failed": content.message("what_if.busy")})
    except (CannotBeInjected, FlowError, ApiError, AwsError, LookupError) as error:  # that world may be gone
        said = _said(error)
        return _document(asked, lambda content: {"failed": content.message("what_if.failed", said=said)})
    return _document(asked, lambda content: _shown(choice, broken, chain, content))


def _names_of(chain: Chain) -> Chain:
    """The names of the reader's chain, where a world can be made with them."""
    named = replace(chain, pod=chain.pod or ARTICLE.pod, role=chain.role or ARTICLE.role, role_path=ARTICLE.role_path)
    return named if has_place_for(named) else ARTICLE


def _make_like(here: World, trial: World) -> None:
    """The new world gets a node like that of the reader's, and STS refuses in the same words."""
    set_wording(trial, here.account.sts_wording)
    if here.account.node is not None and trial.account.node is not None:
        kind = here.account.node.kind
        if kind is not trial.account.node.kind:
            session.simulation().replace_node(trial, kind)


def _said(error: Exception) -> str:
    """Why the world did not allow it: the message of the server that refused."""
    if isinstance(error, CannotBeInjected):
        return error.obstacle
    return error.server_message if isinstance(error, FlowError) else str(error)


def _break(choice: str, trial: World) -> _Broken:
    if fault := _FAULTS.get(choice):
        session.simulation().inject(trial, fault)
        return _walked(trial)
    return _stolen(trial) if choice == _STOLEN else _widened(trial, *_WIDENED[choice])


def _ports(trial: World) -> Ports:
    return simulated(session.simulation(), trial)


def _walked(trial: World) -> _Broken:
    ports = _ports(trial)
    found = examine(ports, trial.chain.subject)
    heard = (*ports.server_log.setup(), *ports.server_log.exchanges())
    made = film(found.walk, found.chain, heard)
    lies = next((beat.id for beat in made.beats if beat.check), made.beats[-1].id)
    return _Broken(film=made, found=found, begins=lies)


# (1) Others are let in


def _widened(trial: World, operator: str, wanted: str) -> _Broken:
    """Writes that condition into the policy; then every ServiceAccount asks for the role, one of which is made for
    this."""
    owner = _walked(trial)
    intruder = Subject(namespace=trial.chain.namespace, service_account=_INTRUDER)
    wanted = wanted.format(namespace=intruder.namespace)
    policy = experiments.wide_trust_policy(trial, operator, [wanted] if wanted else [])

    async def work() -> None:
        set_trust_policy(trial, policy)
        await experiments.create_service_account(trial, intruder.namespace, intruder.service_account)

    session.simulation().run(work())
    ports = _ports(trial)
    role = get_str(owner.found.walk.report(owner.film.beat("grant").step).evidence.get("role"), "Arn")
    attempts = probes.everybody(ports, role, [f"{intruder.namespace}/{intruder.service_account}"])
    return _Broken(
        film=_with_stranger(_walked(trial).film, policy, attempts[-1], ports.aws.exchanges()[-1]),
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
        came.append(replace(_replaced(whole, "credentials", exchange), end=End.LET_IN))
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


def _stolen(trial: World) -> _Broken:
    """The token is copied and used outside the cluster, before and after its Pod is deleted."""
    whole = _walked(trial)
    ports = _ports(trial)
    loot = probes.copy(ports, trial.chain.subject)
    if isinstance(loot, Submission):
        raise FlowError(code="unread", server_message=loot.unread)
    used = probes.use(ports, loot, trial.chain.subject, Answer(taken=False))
    session.simulation().run(experiments.delete_pod(trial))
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


def _shown(choice: str, broken: _Broken, chain: Chain, content: Content) -> JsonObject:
    fault = _FAULTS.get(choice)
    change = (
        content.message(f"faults.{fault}.change", **names(chain))
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
