"""What GitHub runs: every action pinned, every permission asked for, every command there is."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.release_notes import NoReleaseError, notes

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = {f"{name}.{job}": value for name, workflow in WORKFLOWS.items() for job, value in workflow["jobs"].items()}
STEPS = [(name, step) for name, job in JOBS.items() for step in job.get("steps", [])]
MAY_WRITE = {
    "release.attest": {"id-token", "attestations", "artifact-metadata"},
    "release.image": {"packages"},
    "release.publish": {"id-token"},
    "release.github": {"contents"},
}
"""All else only reads the code."""


def triggers(name):
    return WORKFLOWS[name][True]  # YAML 1.1 reads `on` as true


def test_the_workflows_are_those_that_contributing_describes():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert {"test", "wheel", "image", "release"} == set(WORKFLOWS)
    assert [name for name in WORKFLOWS if f"`{name}.yml`" not in text] == []


def test_every_action_is_pinned_by_the_hash_of_a_commit_and_says_which_version_that_is():
    pins = {}
    for path in FOLDER.glob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if used := re.search(r"uses: (\S+)(.*)", line):
                if used[1].startswith("$/"):  # this repository, at the commit that runs
                    assert (ROOT / used[1].removeprefix("$/")).exists(), line
                    continue
                action, _, commit = used[1].partition("@")
                assert re.fullmatch(r"[0-9a-f]{40}", commit), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", used[2]), line
                pins.setdefault(action, set()).add((commit, used[2]))
    assert len(pins) >= 5
    assert {action: them for action, them in pins.items() if len(them) > 1} == {}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_do_what_it_needs_and_ends(name):
    job = JOBS[name]
    assert WORKFLOWS[name.partition(".")[0]]["permissions"] == {}
    assert {scope for scope, level in job["permissions"].items() if level == "write"} == MAY_WRITE.get(name, set())
    assert set(job["permissions"].items()) <= {("contents", "read")} | {(it, "write") for it in MAY_WRITE.get(name, ())}
    assert "uses" in job or 0 < job["timeout-minutes"] <= 60


@pytest.mark.parametrize("name", WORKFLOWS)
def test_of_a_branch_only_the_newest_runs_and_a_release_is_never_cut_off(name):
    concurrency = WORKFLOWS[name]["concurrency"]
    assert concurrency == {"group": f"{name}-${{{{ github.ref }}}}", "cancel-in-progress": name != "release"}


def test_no_secret_is_stored_and_nothing_is_published_but_by_a_tag():
    for path in FOLDER.glob("*.yml"):
        assert "secrets." not in path.read_text(encoding="utf-8")
    assert triggers("release") == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    for name in ("test", "wheel", "image"):
        assert set(triggers(name)) <= {"push", "pull_request", "workflow_call"}
        assert triggers(name)["push"] == {"branches": ["main"]}
    outside = re.compile(r"docker push|docker login|uv publish|gh release")
    assert {name for name, step in STEPS if outside.search(step.get("run", ""))} == {
        "release.image",
        "release.publish",
        "release.github",
    }


def test_the_image_is_tested_before_it_is_pushed_and_attested_with_its_own_bill_of_materials():
    runs = [step["run"] for step in JOBS["release.image"]["steps"] if "run" in step]
    assert runs[0] == "make image"
    assert "docker build" not in runs[1]
    bills = {
        "wheel" if "subject-path" in step["with"] else "image": step["with"]["sbom-path"]
        for step in JOBS["release.attest"]["steps"]
        if "sbom-path" in step["with"]
    }
    assert bills == {"wheel": "sbom.cdx.json", "image": "image.cdx.json"}
    (published,) = (step["run"] for step in JOBS["release.github"]["steps"] if "run" in step)
    assert [bill for bill in bills.values() if bill not in published] == []


def test_a_checkout_leaves_no_credentials_behind():
    checkouts = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_commands_of_the_workflows_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)) | {".venv/installed-tools"}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for name, step in STEPS:
        run = step.get("run", "")
        assert set(re.findall(r"\bmake ([\w./-]+)", re.sub(r"apt-get.*", "", run))) <= targets, name
        assert set(re.findall(r"empty/bin/([\w-]+)", run)) <= {*scripts, "python"}, name
        for module in re.findall(r"python -m ((?:tools|app)\.?\w*)", run):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists() or module == "app", name
        for path in re.findall(r"(?<![\w/])(?:\.ci/run|requirements[\w-]*\.txt)", run):
            assert (ROOT / path).exists(), name


def test_what_a_job_downloads_was_uploaded_before_it():
    uploaded = {"wheel": {"dist"}, "release": {"dist", "notes", "image"}, "image": set(), "test": set()}
    for name, step in STEPS:
        if step.get("uses", "").startswith("actions/download-artifact@") and "name" in step["with"]:
            assert step["with"]["name"] in uploaded[name.partition(".")[0]]


def test_zizmor_finds_nothing():
    """Its audits of workflows and of Dependabot's configuration: https://docs.zizmor.sh/audits/"""
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [zizmor, "--offline", "--no-progress", "--quiet", ROOT / ".github"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_dependabot_looks_after_all_that_is_pinned():
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {(it["package-ecosystem"], it["directory"]) for it in found} == {
        ("pip", "/"),
        ("github-actions", "/"),
        ("docker", "/"),
        ("npm", "/tests/browser"),
    }


CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Next.

## [1.2.0] - 2026-11-28

### Added

- This.

## [1.1.0] - 2026-10-01

- Before.
"""


def test_the_notes_of_a_release_are_its_section_of_the_changelog():
    assert notes("v1.2.0", "1.2.0", CHANGELOG) == "### Added\n\n- This.\n"
    assert notes("v1.1.0", "1.1.0", CHANGELOG) == "- Before.\n"


@pytest.mark.parametrize(("tag", "version"), [("v1.2.1", "1.2.0"), ("1.2.0", "1.2.0"), ("v1.3.0", "1.3.0")])
def test_a_tag_without_its_version_or_its_section_is_no_release(tag, version):
    with pytest.raises(NoReleaseError, match=re.escape(f"[{version}]" if tag == f"v{version}" else tag)):
        notes(tag, version, CHANGELOG)
