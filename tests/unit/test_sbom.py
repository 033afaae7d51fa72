"""The bill of materials lists what is pinned, and what needs it."""

import json
import re

import pytest

from tools import sbom
from tools.licences import ids
from tools.pins import ROOT, pins


@pytest.fixture(scope="module")
def bill():
    return json.loads(sbom.document(pins()))


def test_it_is_cyclonedx(bill):
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    itself = bill["metadata"]["component"]
    assert (itself["name"], itself["type"]) == ("irsa-explorer", "application")
    assert itself["licenses"] == [{"license": {"id": "Apache-2.0"}}]


def test_every_pin_is_there_with_version_licence_and_package_url(bill):
    pinned = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)
    parts = {(part["name"], part["version"]): part for part in bill["components"]}
    assert sorted(parts) == sorted(pinned)
    for (name, version), part in parts.items():
        assert part["purl"] == f"pkg:pypi/{name}@{version}"
        (licence,) = part["licenses"]
        assert ids(licence.get("expression") or licence["license"]["id"])


def test_a_pin_for_some_pythons_says_for_which(bill):
    said = {part["bom-ref"]: part.get("properties") for part in bill["components"]}
    numpy = [properties for ref, properties in said.items() if ref.startswith("numpy==")]
    assert [[one["value"] for one in properties] for properties in numpy] == [
        ["python_full_version < '3.12'"],
        ["python_full_version >= '3.12'"],
    ]


def test_every_part_is_needed_by_something(bill):
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    assert set(needs) == {part["bom-ref"] for part in bill["components"]} | {"irsa-explorer"}
    reached: set[str] = set()
    next_ones = ["irsa-explorer"]
    while next_ones:
        ref = next_ones.pop()
        if ref not in reached:
            reached.add(ref)
            next_ones += needs[ref]
    assert reached == set(needs)
