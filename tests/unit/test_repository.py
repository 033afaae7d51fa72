"""What the repository says about itself is true."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from app.commands.main import command_line
from app.content import PAGES, load
from app.flow.model import Step
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(chain(ROOT.glob("*.md"), (ROOT / "docs").glob("*.md")))
MODULES = sorted((ROOT / "app").rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]
PAGE_FILES = sorted((ROOT / "pages").glob("*.py"))
REQUIREMENTS = ("requirements", "requirements-dev", "requirements-build", "requirements-aws", "requirements-release")

IMPORTED_AS = {
    "jwt": "pyjwt",
    "markdown_it": "markdown-it-py",
    "OpenSSL": "pyopenssl",
    "yaml": "pyyaml",
}
"""Packages whose import name is not their own."""


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def pins(name: str) -> dict[str, str]:
    """Each pinned package of a compiled file with its version."""
    text = (ROOT / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, re.M))


def written(name: str) -> list[str]:
    """What we want ourselves: the project's dependencies, or the lines of a hand-written file."""
    if name == "requirements":
        dependencies: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        return dependencies
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return [line for line in lines if not line.startswith(("#", "-"))]


def wanted(name: str) -> set[str]:
    """Its packages."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in written(name))
    return {match[0].lower() for match in found if match}


def anchors(document: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them, and those that it names itself."""
    text = document.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    bare = (
        re.sub(r"[^\w\s-]", "", re.sub(r"\]\([^)]*\)", "", it).lower()).strip().replace(" ", "-") for it in headings
    )
    return {*bare, *re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)}


# --- what the documents promise ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_links_between_files_lead_somewhere(document):
    links = re.findall(
        r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```|`[^`\n]*`", "", document.read_text(), flags=re.M | re.S)
    )
    missing = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_make_targets_and_commands_in_the_documents_exist(document):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)) <= targets

    group = command_line(Settings(), load("en"))
    for line in re.findall(r"python -m app ([^`\n#|]*)", text):
        name, *words = line.split()
        assert name in group.commands, line
        options = {option for parameter in group.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_modules_that_the_documents_name_exist(document):
    text = document.read_text()
    named = {*re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text), *re.findall(r"`(app/[a-z_/]+)`", text)}
    named.discard("app/data")  # of a wheel alone
    assert [
        name for name in sorted(named) if not any((folder / name).exists() for folder in (ROOT, ROOT / "app"))
    ] == []


def test_a_document_in_both_languages_says_the_same_in_both():
    pairs = [(path, path.with_suffix(".ja.md")) for path in DOCUMENTS if path.with_suffix(".ja.md").exists()]
    assert len(pairs) > 3
    for english, japanese in ((one.read_text(), other.read_text()) for one, other in pairs):
        for pattern in (r"\]\(([^)#]+)", r"^#+ ", r"(?:python -m app|irsa-explorer) [a-z]+", r"(?:^|`)make [a-z]+"):
            shared = [
                {
                    re.sub(r"-ja\.(svg|png)$", r"-en.\1", it).replace(".ja.md", ".md")
                    for it in re.findall(pattern, text, re.M)
                }
                for text in (english, japanese)
            ]
            assert shared[0] == shared[1]
        assert english.count("```") == japanese.count("```")


def test_a_japanese_document_says_of_what_it_links_to_that_it_is_in_english():
    """Where there is no Japanese version. The list of all documents says so in a column of its own."""
    documents = [path for path in DOCUMENTS if path.name.endswith(".ja.md")]
    assert len(documents) > 10
    for document in documents:
        for line in document.read_text().splitlines():
            for name in re.findall(r"\]\(((?!http)[^)#]+(?<!\.ja)\.md)", line):
                there = document.parent / name
                is_english_alone = not there.with_suffix(".ja.md").exists()
                assert not is_english_alone or "英語" in line or "| なし |" in line, (document.name, line)


def test_the_command_line_is_documented_whole():
    text = (ROOT / "docs" / "command-line.md").read_text()
    for name in command_line(Settings(), load("en")).commands:
        assert f"`irsa-explorer {name}" in text


def test_no_field_has_a_default_that_python_3_11_refuses():
    """Its dataclasses take no default without a hash; from 3.12 on a mapping proxy has one."""
    written = {
        path: re.findall(r"^    \w+: .* = (?:types\.)?MappingProxyType\(", path.read_text(), re.M) for path in MODULES
    }
    assert {path: lines for path, lines in written.items() if lines} == {}


def test_the_licence_is_apache_2():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


# --- how the code is laid out -----------------------------------------------------------------------------------------


def test_the_pages_are_those_that_have_words():
    assert {path.stem for path in PAGE_FILES} == set(PAGES)


def test_a_module_that_the_content_points_to_exists():
    """The head of a file of words says which module draws them."""
    pointed = {
        (path.relative_to(ROOT).as_posix(), module)
        for path in (ROOT / "assets" / "content").rglob("*.toml")
        for module in re.findall(r"app/[\w/]+\.py", path.read_text(encoding="utf-8"))
    }
    assert pointed
    assert [(path, module) for path, module in sorted(pointed) if not (ROOT / module).exists()] == []


def test_the_content_and_the_frame_name_no_page_but_in_the_table():
    """So a page is a row of that table, its file, its module, a lesson in each language, and a test."""
    others = set(PAGES) - {"why", *Step}  # those are names of other things, too
    naming = {
        str(path.relative_to(ROOT))
        for folder in ("content", "ui/frame")
        for path in (ROOT / "app" / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in others
    }
    assert naming == {"app/content/page_specs.py"}


@pytest.mark.parametrize("path", PAGE_FILES, ids=names(PAGE_FILES))
def test_a_page_is_a_docstring_and_one_call(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 15
    assert ast.get_docstring(ast.parse(text))


def test_each_module_is_short_and_says_what_it_is():
    texts = dict(zip(names(MODULES), map(Path.read_text, MODULES), strict=True))
    assert len(texts) > 700
    assert {name: lines for name, text in texts.items() if (lines := len(text.splitlines())) > 300} == {}
    assert [name for name, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


def test_no_folder_is_too_large_to_be_looked_over():
    held = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in held.items() if count > 20} == {}


def test_each_package_says_in_a_sentence_what_it_is_for():
    docstrings = [ast.get_docstring(ast.parse(path.read_text())) or "" for path in PACKAGES]
    first = dict(zip(names(PACKAGES), (said.partition("\n\n")[0] for said in docstrings), strict=True))
    sentence = re.compile(r"[^.\n]([^.!?\n]|[.!?](?!\s|$))*\.")
    assert {name: said for name, said in first.items() if not sentence.fullmatch(said)} == {}


@pytest.mark.parametrize("name", ["architecture.md", "architecture.ja.md"])
def test_the_architecture_leads_to_every_room(name):
    rows = re.findall(r"^\|.*", (ROOT / "docs" / name).read_text(), re.M)
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", " ".join(rows)))))
    assert [folder for path in PACKAGES if (folder := path.parent).name not in named] == []


def test_every_folder_with_modules_is_a_package():
    assert {path.parent for path in MODULES} == {path.parent for path in PACKAGES}


def test_only_the_settings_read_the_environment():
    readers = [path for path in MODULES if re.search(r"\bos\.(environ|getenv)\b|\bgetenv\(", path.read_text())]
    assert readers == [ROOT / "app" / "settings.py"]


def test_only_the_module_of_the_mode_asks_which_mode_it_is():
    """The others ask it for what can be done."""
    asking = re.compile(r"\bis_live\b|\bMode\.(?:LIVE|SIMULATED)\b|mode\.KEY\b")
    modules = [path for path in MODULES if path.is_relative_to(ROOT / "app" / "ui") or path.name == "frame.py"]
    assert [path for path in modules if asking.search(path.read_text())] == [ROOT / "app" / "ui" / "state" / "mode.py"]


# --- requirements -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_with_hashes(name):
    text = (ROOT / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.M).strip())
    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^\s;]+( ; [^\\]+)? \\\n", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block
    assert len(blocks) >= len(wanted(name))


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_what_is_wanted_is_what_is_pinned(name):
    pinned = pins(name)
    assert {package.replace("_", "-") for package in wanted(name)} <= set(pinned)
    for package, version in re.findall(r"^([\w.-]+)==(\S+)$", "\n".join(written(name)), re.M):
        assert pinned[package] == version


def test_tools_and_app_share_their_versions():
    app, tools = pins("requirements"), pins("requirements-dev")
    assert {name: (app[name], tools[name]) for name in app.keys() & tools.keys() if app[name] != tools[name]} == {}


def test_what_the_app_imports_is_what_is_required_by_name_and_explained():
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    packages = {IMPORTED_AS.get(name, name) for name in imported - set(sys.stdlib_module_names) - {"app"}}
    stubs = {name for name in packages if name.startswith("mypy_boto3_")}
    assert packages - stubs - wanted("requirements") <= {"botocore"}, "botocore is boto3's own other half"
    assert wanted("requirements") <= packages, "required by name and never imported"
    explained = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in sorted(wanted("requirements")) if f"`{name}`" not in explained] == []


def test_what_comes_from_npm_is_pinned_with_its_integrity_and_for_tests_alone():
    folder = ROOT / "tests" / "browser"
    wanted = json.loads((folder / "package.json").read_text())
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    root = packages.pop("")
    assert "dependencies" not in wanted
    assert root["devDependencies"] == wanted["devDependencies"]
    assert {f"node_modules/{name}" for name in wanted["devDependencies"]} <= set(packages)
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, "an address of a registry"
        assert package["version"] == wanted["devDependencies"].get(name.removeprefix("node_modules/"))


def test_the_threat_model_names_tests_that_exist():
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text("utf-8")]
    assert missing == []


# --- the guard of conftest.py -----------------------------------------------------------------------------------------

SKIPPING = """
import pytest

@pytest.mark.cli
def test_that_lacks_a_client():
    pytest.skip("no such program")

@pytest.mark.browser
def test_that_lacks_the_browser():
    pytest.skip("no such program")

@pytest.mark.live
def test_that_lacks_a_control_plane():
    pytest.skip("no such program")
"""


@pytest.mark.parametrize(("ci", "fail"), [(True, {"client", "browser"}), (False, set())])
def test_ci_skips_nothing_that_it_can_install(tmp_path, ci, fail):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "-W", "ignore", str(tmp_path)]
    environment = {**os.environ, "CI": "true" if ci else "", "PYTHONPATH": str(ROOT)}
    environment.pop("KUBEBUILDER_ASSETS", None)
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = fail if os.geteuid() == 0 else set()
    failed = set(re.findall(r"^FAILED .*_(client|browser|control_plane)\b", done.stdout, re.MULTILINE))
    assert failed == expected, done.stdout
    assert f"{3 - len(expected)} skipped" in done.stdout
