"""Every page: where it stands, and what its lesson holds. What others say of pages is derived from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from app.flow.model import Step

SectionName = Literal["story", "steps", "labs", "tools", "review", "reference"]
"""The sections of the navigation, in their order."""


@dataclass(frozen=True, kw_only=True)
class PageSpec:
    """One page: `pages/<name>.py`, and `<name>.md` in each language."""

    name: str
    """What it is called in addresses."""
    section: SectionName
    icon: str = ""
    """A Material symbol. A step has none: its icon shows how it ended."""
    short: str = ""
    """The key of what it is called beside others, where that is not its title."""
    needs_walk: bool = False
    """Whether it cannot be drawn without a walk."""
    in_talk: bool = False
    """Whether an instructor's talk shows it."""
    anchors: tuple[str, ...] = ("goal",)
    """The sections of its lesson, in their order."""


_OF_A_STEP = ("goal", "what-happens", "decides", "why", "what-can-go-wrong", "analogy", "recap")
_IN_ORDER = (
    PageSpec(
        name="home",
        section="story",
        icon=":material/home:",
        short="screens.home",
        in_talk=True,
        anchors=("intro", "story", "analogy"),
    ),
    PageSpec(
        name="why",
        section="story",
        icon=":material/contrast:",
        short="screens.why",
        in_talk=True,
        anchors=("goal", "problem", "node-role", "per-service-account", "without-sub", "limits", "pairing", "recap"),
    ),
    PageSpec(
        name="one_minute",
        section="story",
        icon=":material/timer:",
        short="screens.one_minute",
        needs_walk=True,
        anchors=("goal", "token", "try", "recap"),
    ),
    *(
        PageSpec(
            name=step,
            section="steps",
            short=f"steps.{step}.short",
            needs_walk=True,
            in_talk=True,
            anchors=_OF_A_STEP,
        )
        for step in (step.value for step in Step)
    ),
    PageSpec(name="build", section="labs", icon=":material/construction:"),
    PageSpec(name="break_it", section="labs", icon=":material/science:"),
    PageSpec(name="missions", section="labs", icon=":material/flag:"),
    PageSpec(
        name="time_machine",
        section="labs",
        icon=":material/history:",
        anchors=("goal", "clocks", "revoked", "recap"),
    ),
    PageSpec(
        name="thief",
        section="labs",
        icon=":material/key_off:",
        anchors=("goal", "token", "against", "wide", "limits", "does-not-limit", "recap"),
    ),
    PageSpec(name="doctor", section="tools", icon=":material/stethoscope:"),
    PageSpec(
        name="inspect_token",
        section="tools",
        icon=":material/id_card:",
        short="inspect_token.short",
        anchors=("goal", "recap"),
    ),
    PageSpec(name="one_page", section="review", icon=":material/description:", needs_walk=True),
    PageSpec(name="self_check", section="review", icon=":material/quiz:"),
    PageSpec(name="search", section="reference", icon=":material/search:"),
    PageSpec(
        name="compare",
        section="reference",
        icon=":material/compare_arrows:",
        short="compare.short",
        anchors=("goal", "pictures", "choose", "questions", "move", "recap"),
    ),
    PageSpec(
        name="workshop",
        section="reference",
        icon=":material/groups:",
        anchors=(
            *("goal", "before", "rooms", "part-opening", "part-steps", "part-trust", "part-pod", "part-break"),
            *("part-doctor", "part-close", "after", "tried"),
        ),
    ),
    PageSpec(name="misconceptions", section="reference", icon=":material/psychology_alt:"),
    PageSpec(name="glossary", section="reference", icon=":material/menu_book:"),
)
"""The first is where a reader comes in."""

PAGE_SPECS: Mapping[str, PageSpec] = MappingProxyType({spec.name: spec for spec in _IN_ORDER})
"""By name."""
PAGES = tuple(PAGE_SPECS)
"""Every page; each has a lesson."""
SECTIONS: Mapping[SectionName, tuple[str, ...]] = MappingProxyType(
    {section: tuple(spec.name for spec in _IN_ORDER if spec.section == section) for section in get_args(SectionName)}
)
"""The pages of each section of the navigation."""
STORY = (*SECTIONS["story"], *SECTIONS["steps"])
"""The pages that are read one after the other, in that order."""
TALK = tuple(page for page in STORY if PAGE_SPECS[page].in_talk)
"""The pages that a talk shows, in that order."""
JOURNEY = (*STORY, *SECTIONS["labs"], *SECTIONS["tools"], *SECTIONS["review"])
"""The pages of the story, and those to which a reader goes on from there: each leads to the next."""
LABS = SECTIONS["labs"]
"""The pages in which one tries what happens."""
REFERENCE = SECTIONS["reference"]
"""The pages in which one looks something up."""
EXERCISE = PAGE_SPECS["build"].name
"""The page on which the reader builds what the other pages show."""
CLOCK = PAGE_SPECS["time_machine"].name
"""The page on which a world can be taken back to before something was done to it."""
