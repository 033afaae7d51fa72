"""The documents for readers: what they list is what there is, and both languages list the same."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands import doctor_sources
from app.commands.main import KUBECTL, command_line
from app.content import PAGES, STORY, load
from app.flow.doctor import examine
from app.flow.port_wrappers.consent import NOTHING, consented
from app.settings import Settings
from app.ui.presenting.overlays import KEYS
from tests.unit.fake_ports import SUBJECT
from tests.unit.test_doctor import container, healthy, owner

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FOLDERS = (ROOT, DOCS, ROOT / "assets" / "missions")
JAPANESE = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sorted(folder.glob("*.ja.md"))]
SUFFIX = {"ja": ".ja.md", "en": ".md"}
"""The languages of the documents; the pages may have more, and `checks.md` and its like with them."""
NAMES = {"ArrowRight": "→", "ArrowLeft": "←", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc", " ": "Space"}
"""What keys are called in `docs/present*.md`, where browsers call them otherwise."""


def read(name: str, language: str) -> str:
    """The document of that name, without its suffix, in that language."""
    return (DOCS / f"{name}{SUFFIX[language]}").read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of each row of its tables, without the heads."""
    bodies = re.findall(r"^\|(?:-+\|)+\n((?:^\|.*\n?)+)", text, re.M)
    return [re.split(r"(?<!\\)\|", line)[1:-1] for body in bodies for line in body.splitlines()]


def headings(text: str) -> list[int]:
    """Their levels, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)]


@pytest.mark.parametrize("name", JAPANESE)
def test_both_languages_have_the_same_headings_and_tables_of_the_same_length(name: str) -> None:
    english, japanese = ((ROOT / it).read_text(encoding="utf-8") for it in (name.replace(".ja.md", ".md"), name))
    assert headings(english) == headings(japanese)
    assert len(rows(english)) == len(rows(japanese))


def names(text: str) -> list[set[str]]:
    """What stands in code in each paragraph, item and row, without blocks of commands."""
    bare = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).replace(".ja.md", ".md")
    parts = re.split(r"\n\n+|\n(?=[|-] |\d+\. )", bare.strip())
    return [{" ".join(it.split()) for it in re.findall(r"`([^`]+)`", part)} for part in parts]


@pytest.mark.parametrize("name", JAPANESE)
def test_what_the_english_names_in_code_stands_in_the_same_place_of_the_japanese(name: str) -> None:
    english, japanese = (names((ROOT / it).read_text(encoding="utf-8")) for it in (name.replace(".ja.md", ".md"), name))
    assert len(english) == len(japanese)
    assert [missing for one, other in zip(english, japanese, strict=True) if (missing := one - other)] == []


def test_each_document_but_the_list_of_licences_is_in_japanese_too() -> None:
    english = {
        str(path.relative_to(ROOT)) for folder in FOLDERS for path in folder.glob("*.md") if "." not in path.stem
    }
    assert english - {name.replace(".ja.md", ".md") for name in JAPANESE} == {"docs/licences.md"}


def test_the_changelogs_have_as_many_items_in_each_part() -> None:
    counted = [
        [
            len(re.findall(r"^- ", part, re.M))
            for part in re.split(r"^#", (ROOT / f"CHANGELOG{suffix}").read_text(encoding="utf-8"), flags=re.M)
        ]
        for suffix in SUFFIX.values()
    ]
    assert counted[0] == counted[1]


def test_each_module_that_a_document_starts_is_there() -> None:
    """Those that no test of the document starts, in its sentences, tables and blocks."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md"))}
    named = {(name, it) for name, text in texts.items() for it in re.findall(r"python3? -m ([a-z_.]+)", text)}
    assert {it.partition(".")[0] for _, it in named} >= {"app", "bench", "tools", "tests"}
    assert [(name, it) for name, it in sorted(named) if importlib.util.find_spec(it.rstrip(".")) is None] == []


@pytest.mark.parametrize("language", SUFFIX)
def test_windows_has_the_same_commands_as_the_way_with_pip(language: str) -> None:
    (shown,) = re.findall(r"^```powershell\n(.*?)^```", read("start", language), re.M | re.S)
    way = read("start", language).partition("### pip\n")[2]
    block = re.search(r"^```sh\n(.*?)^```", way, re.M | re.S)
    assert block
    assert shown.replace(".venv\\Scripts\\", ".venv/bin/").replace("py -3.13 ", "python3 ") == block[1]


@pytest.mark.parametrize("language", SUFFIX)
def test_the_index_leads_to_every_document(language: str) -> None:
    linked = set(re.findall(r"\]\(([\w.-]+\.md)\)", read("README", language)))
    written = {path.name for path in DOCS.glob("*.md") if path.stem.partition(".")[2] in ("", "ja")}
    assert linked >= written - {"README.md", "README.ja.md"}


@pytest.mark.parametrize("language", SUFFIX)
def test_the_route_leads_through_the_story_and_names_pages_by_title_and_address(language: str) -> None:
    named = [(it[0].strip(), it[1].strip()) for it in rows(read("learn", language)) if it[1].startswith(" `/")]
    pages = [(load(language).lesson(page).title, f"`/{'' if page == PAGES[0] else page}`") for page in PAGES]
    assert named[: len(STORY)] == pages[: len(STORY)]
    assert set(named) <= set(pages)


@pytest.mark.parametrize("language", SUFFIX)
def test_the_keys_of_a_talk_are_those_that_it_has(language: str) -> None:
    table = read("present", language).split("\n## ")[2]
    assert {key for keys, _ in rows(table) for key in re.findall(r"`([^`]+)`", keys)} == {
        NAMES.get(key, key) for keys in KEYS.values() for key in keys
    }


@pytest.mark.parametrize("language", SUFFIX)
def test_each_alternative_has_a_source(language: str) -> None:
    compared = rows(read("comparison", language))
    assert len(compared) > 10
    assert [cells[0] for cells in compared if "](https://" not in "".join(cells)] == []


def test_each_row_and_paragraph_of_the_threat_model_has_the_same_files_tests_and_figures_in_both() -> None:
    named = [
        [
            sorted(re.findall(r"`(?:app|deploy|tests|tools)/[^`]+`|\d+", part))
            for part in re.split(r"\n(?=[|#\n-])", read("threat-model", language))
        ]
        for language in ("en", "ja")
    ]
    assert named[0] == named[1]


@pytest.mark.parametrize("language", SUFFIX)
def test_the_example_of_a_diagnosis_is_what_the_doctor_prints(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["managedFields"] = [owner("2026-11-24T11:00:00Z")]
    container(fakes)["env"] = []
    for injected in (container(fakes)["volumeMounts"], fakes.pod["spec"]["volumes"]):
        injected.clear()
    found = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    monkeypatch.setattr(doctor_sources, "examined", lambda *_, **__: found)
    blocks = re.findall(r"^```console\n\$ kubectl irsa (.*)\n((?:.*\n)*?)```", read("diagnose", language), re.M)
    for typed, printed in blocks:
        words = [*typed.split(), "--lang", language]
        assert (
            CliRunner().invoke(command_line(Settings(), load("en"), KUBECTL), words).output.strip() == printed.strip()
        )
    assert len(blocks) == 1
