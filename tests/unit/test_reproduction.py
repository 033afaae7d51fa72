"""Which fault reproduces a diagnosis, and what of a diagnosis is used for it."""

from __future__ import annotations

import dataclasses

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.lessons.reproduction import (
    BY_CAUSE,
    FAULTS,
    NOT_REPRODUCED,
    Not,
    Reproduction,
    chain_of,
    reproduction,
)
from app.flow.model import Chain
from app.flow.steps.walk import STEPS
from app.flow.verdict.check_dependencies import PLACES
from app.world.faults import FAULTS as CATALOGUE
from app.world.setup.scenario import ARTICLE, has_place_for
from tests.unit.fake_ports import SUBJECT
from tests.unit.test_doctor import annotated, healthy

ALL = {check for step in STEPS for check in step.CHECKS} | set(PLACES)


def test_every_check_is_mapped_or_listed_as_one_that_cannot_be_reproduced() -> None:
    assert FAULTS.keys() | NOT_REPRODUCED.keys() == ALL
    assert not FAULTS.keys() & NOT_REPRODUCED.keys()
    assert {check for check, _ in BY_CAUSE} <= ALL


def test_every_fault_is_in_the_catalogue() -> None:
    assert {*FAULTS.values(), *BY_CAUSE.values()} <= CATALOGUE.keys()


def test_every_reason_has_its_sentence_and_is_given() -> None:
    given = {*NOT_REPRODUCED.values(), Not.NAMES}
    assert given == set(Not)
    for language in LANGUAGES:
        for reason in Not:
            assert load(language).message(f"doctor_page.reproduce.not.{reason}")


def broken(**subject: str) -> Diagnosis:
    """A ServiceAccount whose annotation is the bare name of a role."""
    fakes = healthy()
    annotated(fakes, "reader")
    found = examine(fakes.ports(), SUBJECT)
    walk = dataclasses.replace(found.walk, subject=dataclasses.replace(found.subject, **subject))
    return dataclasses.replace(found, walk=walk)


def test_a_chain_that_works_is_not_reproduced() -> None:
    assert reproduction(examine(healthy().ports(), SUBJECT), ARTICLE) is None


def test_the_names_are_those_of_the_diagnosis_and_the_articles_where_it_has_none() -> None:
    found = reproduction(broken(namespace="shop-2", service_account="a.b", pod=""), ARTICLE)
    chain = Chain(namespace="shop-2", service_account="a.b", pod=ARTICLE.pod, role=ARTICLE.role)
    assert found == Reproduction(chain=chain, fault="F20", check="service_account.role_arn")


def test_the_role_is_that_of_the_annotation_without_its_path() -> None:
    chain = chain_of(examine(healthy().ports(), SUBJECT), ARTICLE)
    assert chain is not None
    assert chain.role == "s3-reader"
    assert chain.role_path == "/"


@pytest.mark.parametrize(
    "subject",
    [
        {"namespace": "a.b"},
        {"namespace": ""},
        {"namespace": "x" * 64},
        {"service_account": "A"},
        {"service_account": ""},
        {"service_account": "../../pods"},
        {"pod": "<script>"},
        {"pod": "x" * 254},
        {"pod": "a\n"},
    ],
)
def test_a_name_that_no_object_can_have_reproduces_nothing(subject: dict[str, str]) -> None:
    assert reproduction(broken(**subject), ARTICLE) is Not.NAMES


@pytest.mark.parametrize(
    "names",
    [
        {"service_account": "default"},
        {"namespace": "shop", "service_account": "orders"},
        {"pod": "pod-before"},
        {"role": "Shared-Node"},
    ],
)
def test_a_world_has_no_second_place_for_a_name_of_its_own(names: dict[str, str]) -> None:
    assert has_place_for(ARTICLE)
    assert not has_place_for(dataclasses.replace(ARTICLE, **names))
