"""Every id that a page shows is one of this reader's world, as the walk brought it."""

import re
from dataclasses import asdict
from html import unescape

import pytest

from app.content import LANGUAGES
from app.flow.model import Step
from app.serving.kept_texts import PREFIX

IDS = re.compile(
    r"""(?x)(?<![\w.]) (?:
      \d{12}                                        # an account
    | [0-9a-f]{32} | [0-9a-f]{40} | [0-9A-F]{32}    # a key, a thumbprint, an issuer
    | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}   # an object
    | A(?:ROA|SIA)[A-Z0-9]{16,}                     # a role, an access key
    ) (?!\w)"""
)


def shown(html: str) -> str:
    """What a reader reads of it: without tags, and without the places where a value may break."""
    html = re.sub(rf"{PREFIX}[0-9a-f]{{32}}", "", html)  # where the browser finds the film: no one reads it
    return unescape(re.sub(r"<[^>]*>", "", html.replace("<wbr>", "").replace("<wbr/>", "")))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", [step.value for step in Step])
def test_every_id_on_the_page_comes_from_the_walk(reader, page, language):
    session = reader(language).open(page)
    walk_view = session.test.session_state["walk_view"]
    walked = repr([asdict(report) for report in walk_view.walk]) + session.world.account_id
    found = set(IDS.findall(shown(session.everything.replace('\\"', '"'))))
    assert found, "a page without a single id: is the pattern still right?"
    assert {one for one in found if one not in walked} == set()
