"""Every fault of the lab has its words in both languages, is linked where its cause is taught, and no hint tells."""

from __future__ import annotations

import re

import pytest

from app.content import LANGUAGES, PAGES, load
from app.flow.model import Step
from app.ui.draw.prose import markdown
from app.ui.reference.misconceptions import MISCONCEPTIONS, for_page
from app.ui.text import prose
from app.world.faults import FAULTS, LEFT_OUT

PARTS = ("title", "change", "story", "hint1", "hint2", "hint3", "solution")
HINTS = tuple(part for part in PARTS if part.startswith("hint"))
LINK = re.compile(r"\[\[(F\d\d[a-z]?)\]\]")
COMMAND = re.compile(r"`((?:aws|kubectl|eksctl) [^`]*)`")
CHANGES = re.compile(r"\b(?:annotate|delete|create|update|add|put|attach|rollout|associate)\b")
"""What a command that fixes something does; one that reads does not."""

both = pytest.mark.parametrize("language", LANGUAGES)


def words(language: str) -> dict[str, dict[str, str]]:
    """What is said of each fault, by id and part."""
    found: dict[str, dict[str, str]] = {}
    for key, text in load(language).messages.items():
        if key.startswith("faults."):
            id_, _, part = key.removeprefix("faults.").partition(".")
            found.setdefault(id_, {})[part] = text
    return found


def linked(language: str, page: str) -> set[str]:
    """The faults to which what can go wrong on a page leads."""
    return set(LINK.findall(load(language).lesson(page).section("what-can-go-wrong").body))


@both
def test_every_fault_has_all_its_words_and_there_are_no_others(language: str) -> None:
    said = words(language)
    assert set(said.pop("left_out")) == set(LEFT_OUT.values())
    assert {id_: tuple(parts) for id_, parts in said.items()} == dict.fromkeys(FAULTS, PARTS)


@both
def test_no_two_faults_are_called_the_same(language: str) -> None:
    titles = [parts["title"] for id_, parts in words(language).items() if id_ != "left_out"]
    assert len(set(titles)) == len(titles)


@both
def test_hints_look_and_do_not_fix(language: str) -> None:
    found = {}
    for id_ in FAULTS:
        said = words(language)[id_]
        hints = " ".join(said[part] for part in HINTS)
        fixing = [command for command in COMMAND.findall(said["solution"]) if CHANGES.search(command)]
        found[id_] = [command for command in fixing if command in hints]
        found[id_] += [command for command in COMMAND.findall(hints) if CHANGES.search(command)]
    assert found == {id_: [] for id_ in FAULTS}


@both
def test_hints_go_from_vague_to_pointed(language: str) -> None:
    """None says what another has said, and none is the change or the title that it leads to."""
    found = {}
    for id_ in FAULTS:
        said = words(language)[id_]
        hints = [said[part] for part in HINTS]
        repeated = [hint for hint in hints if hints.count(hint) > 1]
        found[id_] = repeated + [hint for hint in hints if said["title"] in hint or said["change"] in hint]
    assert found == {id_: [] for id_ in FAULTS}


@both
@pytest.mark.parametrize("step", Step)
def test_a_lesson_leads_to_the_faults_whose_cause_it_teaches(language: str, step: Step) -> None:
    assert {id_ for id_, fault in FAULTS.items() if fault.step is step} - linked(language, step) == set()


@both
@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_fault(language: str, page: str) -> None:
    bodies = " ".join(section.body for section in load(language).lesson(page).sections.values())
    assert set(LINK.findall(bodies)) - FAULTS.keys() == set()


@pytest.mark.parametrize("step", Step)
def test_both_languages_lead_to_the_same_faults(step: Step) -> None:
    assert linked("ja", step) == linked("en", step)


def test_misconceptions_lead_to_faults() -> None:
    named = {id_ for misconception in MISCONCEPTIONS.values() for id_ in misconception.faults}
    assert named
    assert named - FAULTS.keys() == set()


@both
@pytest.mark.parametrize("id_", [id_ for id_, it in MISCONCEPTIONS.items() if it.faults])
def test_a_misconception_names_the_faults_that_show_it(language: str, id_: str) -> None:
    content, it = load(language), MISCONCEPTIONS[id_]
    drawn = for_page(it.pages[0], content)
    for fault in it.faults:
        assert f"fault={fault}" in drawn
        name = content.message(f"faults.{fault}.title")
        assert f">{prose(f'{fault} {name}')}</a>" in drawn


@both
def test_a_link_says_what_it_leads_to(language: str) -> None:
    content = load(language)
    drawn = markdown("[[F21]]", content)
    assert 'data-page="break_it"' in drawn
    assert f"?lang={language}&amp;fault=F21" in drawn
    assert f'aria-description="{content.message("faults.F21.title")}"' in drawn
    assert ">F21</a>" in drawn
