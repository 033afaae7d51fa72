"""Which chain of a world its learner looks at: the one with which the world began, or one that they made themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.flow.doctor.pods.choosing import in_order
from app.flow.json_access import get_str
from app.flow.model import Chain
from app.world.lifecycle import own_chain

if TYPE_CHECKING:
    from app.world.world import World


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What there is to choose from, in the order in which the pages list it."""

    namespaces: tuple[str, ...]
    service_accounts: tuple[str, ...]
    """The ServiceAccounts of the chain's namespace."""
    role_arns: tuple[str, ...]
    """The role that each of them is annotated with, in the same order; empty where there is no annotation."""
    pods: tuple[str, ...]
    """The Pods that run under the chain's ServiceAccount, the newest first."""


async def choices(world: World) -> Choices:
    """What there is beside the chain that the world is about, read on the servers' loop."""
    namespace = world.chain.namespace
    accounts = _names(world, "serviceaccounts", namespace)
    return Choices(
        namespaces=_names(world, "namespaces"),
        service_accounts=accounts,
        role_arns=tuple(own_chain.annotation(world, namespace, name) for name in accounts),
        pods=_pods(world, namespace, world.chain.service_account),
    )


def chosen(world: World, *, namespace: str | None, service_account: str | None, pod: str | None) -> Chain:
    """The chain of that choice. What is None stays, or follows from the rest: the newest Pod of another ServiceAccount.

    Nothing of it has to exist.
    """
    chain, seeded = world.chain, world.seeded
    if namespace is not None and namespace != chain.namespace:
        chain = replace(chain, namespace=namespace, service_account="")
        service_account = service_account or _first_account(world, namespace)
    if service_account is not None and service_account != chain.service_account:
        known = seeded if (chain.namespace, service_account) == (seeded.namespace, seeded.service_account) else None
        role = {"role": known.role, "role_path": known.role_path} if known else {"role": "", "role_path": "/"}
        chain = replace(chain, service_account=service_account, pod=known.pod if known else "", **role)
    if pod is not None:
        chain = replace(chain, pod=pod)
    return followed(world, chain)


async def turn(world: World, *, namespace: str | None, service_account: str | None, pod: str | None) -> None:
    """Turns to the chain of that choice, but not while a fault is in force.

    In a world that began empty the seeded names are no choice: they lead back to what its learner is building.
    """
    if not world.faults:
        world.chain = chosen(world, namespace=namespace, service_account=service_account, pod=pod)
        world.chain_is_chosen = world.start == "finished" or world.chain.subject != world.seeded.subject


async def pin(world: World) -> None:
    """Has the chain stay, under the seeded names as well: what is deleted or annotated from now on builds no other."""
    world.chain_is_chosen = True


def followed(world: World, chain: Chain) -> Chain:
    """The chain with the role that its ServiceAccount is annotated with now, and a Pod where it had none.

    An annotation that refers to no role of the world's account leaves the role as it was.
    """
    if not chain.pod:
        chain = replace(chain, pod=next(iter(_pods(world, chain.namespace, chain.service_account)), ""))
    role = own_chain.annotated_role(world, chain.namespace, chain.service_account)
    return replace(chain, role=role.name, role_path=role.path) if role else chain


def follow(world: World) -> None:
    """Has the world's chain follow its annotation, or the one that its learner is building, where they chose none.

    While a fault is in force it stays the chain that was broken.
    """
    if not world.faults:
        world.chain = followed(world, world.chain) if world.chain_is_chosen else own_chain.built(world)


def is_gone(world: World) -> bool:
    """Whether the ServiceAccount or the Pod that was chosen does not exist. What was seeded is not chosen."""
    chain = world.chain
    if chain.subject == world.seeded.subject or not world.chain_is_chosen:
        return False
    there = world.cluster.find("serviceaccounts", chain.namespace, chain.service_account) is not None
    return not there or (bool(chain.pod) and world.cluster.find("pods", chain.namespace, chain.pod) is None)


def _first_account(world: World, namespace: str) -> str:
    """The seeded ServiceAccount in its namespace; elsewhere an annotated one before others, else `default`."""
    if namespace == world.seeded.namespace:
        return world.seeded.service_account
    names = _names(world, "serviceaccounts", namespace)
    return next((name for name in names if own_chain.annotation(world, namespace, name)), "default")


def _names(world: World, resource: str, namespace: str | None = None) -> tuple[str, ...]:
    return tuple(sorted(get_str(one, "metadata", "name") for one in world.cluster.list(resource, namespace)))


def _pods(world: World, namespace: str, service_account: str) -> tuple[str, ...]:
    """Their names, the newest first."""
    pods = in_order(own_chain.pods_of(world, namespace, service_account))
    return tuple(get_str(pod, "metadata", "name") for pod in pods)
