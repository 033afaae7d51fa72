"""A world that is made from a diagnosis is broken in the same place: its doctor names the same check."""

import itertools

import pytest

from app.flow.doctor import examine
from app.flow.lessons.reproduction import BY_CAUSE, FAULTS, Reproduction, reproduction
from app.flow.model import Chain
from app.wiring import simulated
from app.world.faults.service_account import mistyped
from app.world.setup.scenario import ARTICLE
from tests.world.helpers import aws_client

NAMES = {
    "hyphens": Chain(
        namespace="shop", service_account="reports.v2", pod="reports-7d4b9c6f5-x2x4z", role="team=reports@x"
    ),
    "long": Chain(namespace="production", service_account="0", pod="a" * 200, role="r" * 64),
}
"""Names that are harder than the article's: a namespace that exists, digits alone, as long as they may be."""
_numbers = itertools.count()


@pytest.fixture(scope="module", params=NAMES.values(), ids=NAMES)
def made(request, simulation):
    """A world with those names in it."""
    key = f"reproduced-{next(_numbers)}"
    world = simulation.reset(key, seeded=request.param)
    yield world
    simulation.store.discard(key)


def diagnosed(simulation, world):
    return examine(simulated(simulation, world), world.chain.subject)


def test_the_names_are_in_the_world_and_the_chain_works(simulation, made):
    assert made.chain == made.seeded
    assert diagnosed(simulation, made).verdict.status == "passed"
    assert made.cluster.find("pods", "default", "pod-before") is not None


CAUSED = [*FAULTS.items(), *((check, fault) for (check, _), fault in BY_CAUSE.items())]


@pytest.mark.parametrize(
    ("made", "check", "fault"),
    [
        pytest.param(
            *(names, check, fault),
            id=f"{id_}-{check}-{fault}",
            marks=() if place % (3 * len(NAMES)) == 3 * turn else pytest.mark.large,
        )
        for turn, (id_, names) in enumerate(NAMES.items())
        for place, (check, fault) in enumerate(CAUSED)
    ],
    indirect=["made"],
)
def test_the_simulated_doctor_names_the_check_and_would_be_reproduced_by_the_same_fault(simulation, made, check, fault):
    """In `make test` every third one: `test_every_fault` does so for each, under the article's names."""
    simulation.inject(made, fault)
    try:
        found = diagnosed(simulation, made)
    finally:
        simulation.revert(made)
    assert found.verdict.check.id == check
    again = reproduction(found, ARTICLE)
    assert isinstance(again, Reproduction)
    assert (again.fault, again.check) == (fault, check)
    assert (again.chain.namespace, again.chain.service_account) == (made.chain.namespace, made.chain.service_account)


@pytest.mark.parametrize("name", ["s3-reader", "a", "aa", "ab", "aaab", "r" * 64])
def test_a_mistyped_name_is_another_one_that_iam_takes(name):
    assert mistyped(name) != name
    assert 1 <= len(mistyped(name)) <= 64
    assert mistyped("s3-reader") == "s3-raeder"


def test_another_world_has_the_articles_names_again(simulation):
    key = f"reproduced-{next(_numbers)}"
    simulation.reset(key, seeded=NAMES["hyphens"])
    world = simulation.reset(key)
    assert (world.seeded, world.chain) == (ARTICLE, ARTICLE)
    assert "reports" not in str(world.cluster.list("serviceaccounts"))
    assert NAMES["hyphens"].role not in [
        role["RoleName"] for role in aws_client(simulation, world, "iam").list_roles()["Roles"]
    ]
    simulation.store.discard(key)
