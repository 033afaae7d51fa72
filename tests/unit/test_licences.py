"""The list of licences is that of what is pinned and installed, and each licence is one that we may ship."""

import re
import tomllib
from email.message import Message
from importlib import metadata

import pytest
from packaging.markers import Marker

from tools import licences
from tools.pins import HAND_WRITTEN, ROOT, Pin, pins

PINS = pins()
A_PIN = Pin("some", "1.0", "", ())


@pytest.fixture
def says(monkeypatch):
    """Lets every installed package say something else of itself."""

    def says(**fields: str | list[str]) -> None:
        message = Message()
        for name, values in fields.items():
            for value in [values] if isinstance(values, str) else values:
                message[name.replace("_", "-")] = value
        monkeypatch.setattr(metadata, "metadata", lambda name: message)

    return says


def test_every_pin_is_read():
    text = (ROOT / "requirements.txt").read_text()
    assert [(pin.name, pin.version) for pin in PINS] == re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", text, re.M)
    assert [pin.where for pin in PINS if pin.name == "numpy"] == [
        "python_full_version < '3.12'",
        "python_full_version >= '3.12'",
    ]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {pin.name for pin in PINS if HAND_WRITTEN in pin.wanted_by} == {re.match(r"[\w.-]+", it)[0] for it in ours}


def test_the_file_is_what_the_installed_packages_say():
    assert (ROOT / "docs" / "licences.md").read_text(encoding="utf-8") == licences.document(PINS), "make licences"


def test_what_is_installed_is_what_is_pinned():
    here = [pin for pin in PINS if not pin.where or Marker(pin.where).evaluate()]
    assert {pin.name: metadata.version(pin.name) for pin in here} == {pin.name: pin.version for pin in here}


def test_every_licence_is_permissive_or_an_exception_with_its_reason():
    assert licences.not_permissive(PINS) == []


def test_no_exception_and_nothing_looked_up_is_left_over():
    assert set(licences.EXCEPTIONS) <= {pin.name for pin in PINS}
    assert set(licences.LOOKED_UP) <= {(pin.name, pin.version) for pin in PINS}


def test_the_expression_comes_before_the_words_and_these_before_the_classifiers(says):
    mit = "License :: OSI Approved :: MIT License"
    says(License_Expression="MIT-0", License="Apache License 2.0", Classifier=mit)
    assert licences.licence(A_PIN) == "MIT-0"
    says(License="Apache License 2.0", Classifier=mit)
    assert licences.licence(A_PIN) == "Apache-2.0"
    says(Classifier=["Topic :: Internet", mit])
    assert licences.licence(A_PIN) == "MIT"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"License": "GPL"},
        {"License": "GPL", "Classifier": "License :: OSI Approved :: MIT License"},
        {"Classifier": "License :: OSI Approved :: BSD License"},
        {"Classifier": ["License :: OSI Approved :: MIT License", "License :: Other/Proprietary License"]},
    ],
)
def test_what_names_no_known_licence_is_refused(says, fields):
    says(**fields)
    with pytest.raises(ValueError, match=r"the licence of some 1\.0"):
        licences.licence(A_PIN)


@pytest.mark.parametrize("expression", ["AGPL-3.0-only", "MIT AND GPL-2.0-only", "(MIT OR LGPL-3.0-only)", "MPL-2.0"])
def test_another_licence_is_reported(says, expression):
    says(License_Expression=expression)
    assert licences.not_permissive([A_PIN]) == [f"some: {expression}"]


def test_an_exception_is_for_one_licence(says):
    says(License_Expression="MPL-2.0")
    certifi = Pin("certifi", "1.0", "", ())
    assert licences.not_permissive([certifi]) == []
    says(License_Expression="MPL-1.1")
    assert licences.not_permissive([certifi]) == ["certifi: MPL-1.1"]
