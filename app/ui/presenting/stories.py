"""The figures of the story on the slides: what two Pods on a node get, as computed for this world."""

from __future__ import annotations

from collections.abc import Mapping

from app.content import Content
from app.flow.errors import FlowError
from app.flow.lessons.decks import Story
from app.ui.story import blast_radius, schemes
from app.ui.story.schemes import Scheme, Taken

_TAKEN = {Story.NODE_ROLE: Scheme.NODE_ROLE, Story.IRSA: Scheme.IRSA}


def figures(content: Content) -> Mapping[Story, str]:
    """The HTML of each figure; none where the world does not have the story's roles."""
    try:
        scenes = {scheme: schemes.current(scheme) for scheme in _TAKEN.values()}
    except FlowError:
        return {}
    return {
        Story.EVERYDAY: blast_radius.everyday(scenes[Scheme.NODE_ROLE], content),
        **{
            story: blast_radius.figure(blast_radius.evaluate(scenes[scheme], Taken.POD_1), content)
            for story, scheme in _TAKEN.items()
        },
    }
