"""The map's geometry: nothing lies on anything else, and the drawn file is what Graphviz draws now."""

import json
import re
import shutil
from itertools import combinations

import pytest

from app.ui.map.geometry import BOXES, EDGES, HEIGHT, WIDTH, point
from app.ui.map.render_map import FILE, render

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
NEAR = 12
"""Units between the end of a drawn edge and its box."""


def read(text):
    """What a drawn script declares."""
    return json.loads(text.partition("=")[2])


def ends(path):
    """The first and the last point of an SVG path."""
    numbers = [float(number) for number in NUMBER.findall(path)]
    return numbers[:2], numbers[-2:]


def test_no_box_lies_on_another_and_all_are_on_the_map():
    for one, other in combinations(BOXES, 2):
        (x1, y1, w1, h1), (x2, y2, w2, h2) = one.frame, other.frame
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1, (one.id, other.id)
    for box in BOXES:
        x, y, w, h = box.frame
        assert 0 <= x <= x + w <= WIDTH, box.id
        assert 0 <= y <= y + h <= HEIGHT, box.id
        assert all(x < left and left + width < x + w and top + height < y + h for left, top, width, height in box.rows)


def test_every_edge_ends_at_its_boxes():
    for edge, drawn in zip(EDGES, read(FILE.read_text(encoding="utf-8"))["edges"], strict=True):
        for (x, y), port in zip(ends(drawn["path"]), (edge.tail, edge.head), strict=True):
            right, down = point(port)
            assert abs(x - right) + abs(y - down) <= NEAR, edge.id


def test_the_drawn_map_is_up_to_date():
    if not shutil.which("neato"):
        pytest.skip("Graphviz is not installed")
    now, then = read(render()), read(FILE.read_text(encoding="utf-8"))
    for drawn in (now, then):
        for edge in drawn["edges"]:  # another release of Graphviz bends them a little differently
            edge["path"] = [[round(number / NEAR) for number in end] for end in ends(edge["path"])]
    assert now == then
