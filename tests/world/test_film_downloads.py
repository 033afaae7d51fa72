"""The film as files to hand on: whole, without a network, without a secret."""

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import examine
from app.flow.film import film
from app.flow.model import Subject
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_downloads import as_page, as_picture
from app.ui.map.film_svg import _geometry, _wrapped
from app.ui.map.picture_ways import points
from app.wiring import simulated
from tests.by_turns import by_turns

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


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_of_the_picture_has_room_below_the_map(made, language):
    root = ElementTree.fromstring(as_picture(*made, load(language)))  # noqa: S314 - we wrote it ourselves
    said = [text for text in root.iter(f"{NAMESPACE}text") if text.get("class", "").startswith("say")]
    below = float(root.get("viewBox").split()[3]) - max(float(text.get("y")) for text in said)
    assert 30 < below < 60


@pytest.mark.parametrize("width", range(300, 1700, 100))
def test_a_line_of_the_picture_ends_at_a_word(width):
    text = "誰でも読めます（ここでは 1 個）。秘密鍵は公開されません。「保存してよいですか」 Kubernetes の Pod は、"
    lines = _wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for end, start in pairwise(lines):
        assert end[-2:] not in ("秘密", "公開"), lines
        assert start[0] not in "、。）」のは", lines
        assert not end.endswith(("（", "「", "1")), lines


@pytest.mark.parametrize(("fault_id", "language"), by_turns(["", "F04", "F47"], LANGUAGES))
def test_no_chip_covers_a_name(simulation, world, language, fault_id):
    """At none of the places through which it goes on its arrow."""
    if fault_id:
        simulation.inject(world, fault_id)
    found = examine(simulated(simulation, world), SUBJECT)
    made = film(found.walk, found.chain, (*world.log.setup(), *world.log.exchanges()))
    root = ElementTree.fromstring(as_picture(made, found, load(language)))  # noqa: S314 - we wrote it ourselves
    rules = "".join(root.itertext())
    groups = [group for group in root.iter(f"{NAMESPACE}g") if "chip" in group.get("class", "")]
    assert len(groups) > 5
    covered = []
    for group in groups:
        ident = re.search(r"\bgo\d+", group.get("class"))[0]
        path = re.search(rf'\.{ident}{{offset-path:path\("([^"]*)"\)', rules)[1]
        shares = [
            int(it) / 100 for it in re.findall(r"offset-distance:(\d+)%", rules.split(f"@keyframes {ident}{{")[1])
        ]
        shape = {key: float(value) for key, value in group.find(f"{NAMESPACE}rect").attrib.items()}
        for x, y in points(path, tuple(sorted(shares[:2]))):
            left, top = x + shape["x"], y + shape["y"]
            covered += [
                ("".join(group.itertext()), name)
                for name, (at, base, wide) in names_in(root).items()
                if left < at + wide
                and at < left + shape["width"]
                and top < base + 6
                and base - 26 < top + shape["height"]
            ]
    assert set(covered) == set()


def names_in(root):
    """Where each name is: its left end, its base line and its width, about."""
    return {
        text.text: (float(text.get("x")), float(text.get("y")), 15 * sum(1 + (sign > "\u2e80") for sign in text.text))
        for text in root.iter(f"{NAMESPACE}text")
        if text.get("class", "").startswith("name")
    }


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
