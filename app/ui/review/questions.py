"""The questions of the self-check: what is done in a world, who is asked then, and which outcomes a reader may
expect."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app.flow.model import Step
from app.flow.names import SUBJECT_PREFIX
from app.ui.review import trials
from app.ui.review.trials import Ask, Change, Trial
from app.world.aws import iam
from app.world.lifecycle import experiments
from app.world.lifecycle.world_operations import provider_arn, set_trust_policy, trust_policy
from app.world.setup.scenario import ARTICLE
from app.world.world import World

_HOUR = 3600.0
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. Its words are `self_check.questions.<id>`: `ask` and `why`.

    Which option is right is not written down: it is the outcome of the trial.
    """

    read: str
    """The page that explains it."""
    options: tuple[str, ...]
    """Outcomes of a trial; their texts are `self_check.outcomes.<name>`."""
    change: Change
    asked: Ask


def _nothing(trial: Trial) -> None:
    """The world stays as it was made."""


def _fault(fault_id: str) -> Change:
    return lambda trial: trial.simulation.inject(trial.world, fault_id)


def _done(work: Callable[[World], Awaitable[None]]) -> Change:
    async def alone(world: World) -> None:
        async with world.changing:
            await work(world)

    return lambda trial: trial.simulation.run(alone(trial.world))


def _later(hours: float) -> Change:
    return lambda trial: trial.simulation.move_clock(trial.world, hours * _HOUR)


async def _wrong_thumbprint(world: World) -> None:
    parameters = {"OpenIDConnectProviderArn": provider_arn(world), "ThumbprintList.member.1": "0" * 40}
    iam.call(world.account, "UpdateOpenIDConnectProviderThumbprint", parameters)
    world.account.published_keys.clear()  # so that STS checks the certificate again


async def _whole_namespace(world: World) -> None:
    subjects = [f"{SUBJECT_PREFIX}{ARTICLE.namespace}:*"]
    set_trust_policy(world, experiments.wide_trust_policy(world, "StringLike", subjects))


async def _permit_everything(world: World) -> None:
    parameters = {"RoleName": ARTICLE.role, "PolicyName": "everything", "PolicyDocument": json.dumps(_EVERYTHING)}
    iam.call(world.account, "PutRolePolicy", parameters)


async def _trust_again(world: World) -> None:
    set_trust_policy(world, trust_policy(world))


def _both(first: Change, second: Change) -> Change:
    def change(trial: Trial) -> None:
        first(trial)
        second(trial)

    return change


_1, _2, _3, _4, _5, _6 = (step.value for step in Step)

QUESTIONS: Mapping[str, Question] = {
    "no_provider": Question(
        read=_1,
        options=("works", "not_authorized", "node", "invalid_token"),
        change=_fault("F14"),
        asked=trials.pod,
    ),
    "thumbprint": Question(
        read=_1,
        options=("works", "invalid_token", "not_authorized"),
        change=_done(_wrong_thumbprint),
        asked=trials.pod,
    ),
    "equals_star": Question(
        read=_2,
        options=("works", "invalid_token", "not_authorized", "denied"),
        change=_fault("F23"),
        asked=trials.pod,
    ),
    "like_star": Question(
        read=_2,
        options=("not_authorized", "given", "invalid_token"),
        change=_done(_whole_namespace),
        asked=trials.sts_as_another,
    ),
    "more_permissions": Question(
        read=_2,
        options=("not_authorized", "works", "denied"),
        change=_both(_fault("F21"), _done(_permit_everything)),
        asked=trials.pod,
    ),
    "annotate_late": Question(
        read=_3,
        options=("works", "no_credentials", "node", "not_authorized"),
        change=_fault("F04"),
        asked=trials.pod,
    ),
    "fix_trust": Question(
        read=_3,
        options=("works", "not_authorized", "node"),
        change=_both(_fault("F21"), _done(_trust_again)),
        asked=trials.pod,
    ),
    "other_token": Question(
        read=_4,
        options=("given", "invalid_token", "not_authorized", "expired"),
        change=_nothing,
        asked=trials.sts_with_api_token,
    ),
    "renewed": Question(
        read=_4,
        options=("same_token", "no_token", "new_token"),
        change=_later(20),
        asked=trials.token_file,
    ),
    "fallback": Question(
        read=_5,
        options=("node", "not_authorized", "no_credentials"),
        change=_fault("F18"),
        asked=trials.pod,
    ),
    "expired_copy": Question(
        read="time_machine",
        options=("invalid_token", "given", "not_authorized", "expired"),
        change=_later(25),
        asked=trials.sts_with_kept_token,
    ),
    "deleted_pod": Question(
        read="thief",
        options=("not_authorized", "invalid_token", "given"),
        change=_done(experiments.delete_pod),
        asked=trials.sts_with_kept_token,
    ),
    "running_session": Question(
        read="thief",
        options=("session_over", "works", "denied"),
        change=_done(experiments.trust_nobody),
        asked=trials.s3_in_kept_session,
    ),
    "detached": Question(
        read=_6,
        options=("works", "denied", "session_over"),
        change=_done(experiments.detach_policies),
        asked=trials.s3_in_kept_session,
    ),
    "list_bucket": Question(
        read=_6,
        options=("works", "not_authorized", "denied", "node"),
        change=_fault("F47"),
        asked=trials.pod,
    ),
}
"""By id, in the order in which they are asked."""
