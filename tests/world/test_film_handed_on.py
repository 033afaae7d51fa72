"""The film as files to hand on: whole, without a network, without a secret."""

import json
import re
from xml.etree import ElementTree

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import examine
from app.flow.film import film
from app.flow.model import Subject
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_svg import _geometry
from app.ui.map.handed_on import as_page, as_picture
from app.wiring import simulated

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def made(simulation, world):
    simulation.inject(world, "F21")
    found = examine(simulated(simulation, world), SUBJECT)
    heard = (*world.log.setup(), *world.log.exchanges())
    return film(found.walk, chain_state(found.walk, found.checks), heard), found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_has_every_beat_and_asks_for_nothing(made, language):
    drawn = as_picture(*made, load(language))
    assert len(drawn) < 1_000_000
    root = ElementTree.fromstring(drawn)  # noqa: S314 - we wrote it ourselves
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{NAMESPACE}text"))
    for number in "①②③④⑤":
        assert number in words
    assert "production" in words
    text = drawn.decode().replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|<script|url\((?!#)", text) == []
    assert "prefers-reduced-motion" in text


def test_the_page_has_every_language_and_asks_for_nothing(made):
    page = as_page(*made, "ja").decode()
    data = json.loads(re.search(r'<script type="application/json" id="films">(.*?)</script>', page, re.DOTALL)[1])
    assert set(data) == set(LANGUAGES)
    beats = {language: [beat["id"] for beat in data[language]["film"]["beats"]] for language in LANGUAGES}
    assert beats["ja"] == beats["en"]
    assert beats["en"][-2:] == ["claim_sub", "whole"]
    assert "default-src 'none'" in page
    assert re.findall(r'(?:src|href)="|import\(|fetch\(', page) == []


def test_neither_has_a_secret(made, world):
    files = as_page(*made, "en").decode() + as_picture(*made, load("en")).decode()
    assert re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}", files) == []
    for secret in (world.admin_token, world.account.admin.secret_access_key):
        assert secret not in files


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_names_of_the_boxes_fit_into_them(language):
    """In the picture no browser measures them: a Latin letter of this type takes about 16 units."""
    boxes = {box["id"]: box["box"][2] for box in _geometry()["boxes"]}
    for name, wide in boxes.items():
        for line in load(language).message(f"map.boxes.{name}").split("|"):
            assert not line.isascii() or 16 * len(line) <= wide - 28, line
