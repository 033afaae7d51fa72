"""Asks the OSV database for known vulnerabilities of every package that the requirements pin: `python -m tools.audit`.

pip-audit asks; this says what its silence means. It exits 0 both where a database knows nothing against a package and
where a mirror answers "not found" to all of them. So a version known to be vulnerable is asked for first: who does not
know that one is no database, and the audit is skipped, which is said and is no failure. A finding is one.

OSV is asked and not PyPI, pip-audit's other database: it has PyPI's advisories and GitHub's, and where an index stands
in for PyPI (a mirror, a cache), that index serves files, not advisories.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from tools.pins import ROOT

DATABASE = "https://api.osv.dev/v1/query"
TOGETHER = (("requirements.txt", "requirements-dev.txt"), ("requirements-aws.txt",), ("requirements-release.txt",))
"""The files by the environment that they are installed into: within one, a package has one version."""

KNOWN = "jinja2==2.4.1"
"""The example of OSV's own documentation; known to be vulnerable since 2014 (CVE-2014-1402)."""

PROBE_SECONDS = 8.0
"""For the first question, the start of pip-audit included: where there is no network, the audit takes no longer."""

AUDIT_SECONDS = 300.0
"""For all packages of an environment: about a hundred, each one question."""

CONNECT_SECONDS = 5
NO_ANSWER = ("requests.exceptions.", "Could not connect to")
"""By these pip-audit's error is one of the network. It has no exit status of its own for that."""

Packages = list[dict[str, Any]]
"""pip-audit's JSON, one entry a package: name, version, vulns; or name and skip_reason."""


class FailedError(Exception):
    """pip-audit did not come to an end: why, in its own last words."""


class NoDatabaseError(FailedError):
    """It did not, because no database answered."""


def ask(files: list[Path], database: str, seconds: float) -> Packages:
    """What the database knows of the packages that are pinned in some files, whether they have hashes or not.

    Raises NoDatabaseError where it does not answer within `seconds` in all, FailedError where pip-audit fails.
    """
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--osv-url", database]
    command += ["--disable-pip", "--no-deps", "--timeout", str(CONNECT_SECONDS)]
    command += ["--progress-spinner", "off", "--format", "json"]
    for file in files:
        command += ["--requirement", str(file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise NoDatabaseError(f"{database} did not answer within {seconds:g} s") from None
    if done.stdout:
        packages: Packages = json.loads(done.stdout)["dependencies"]
        return packages
    errors = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
    of_network = [line for line in errors if any(sign in line for sign in NO_ANSWER)]
    if of_network:
        raise NoDatabaseError(of_network[-1])
    raise FailedError(errors[-1])


def probe(database: str, seconds: float) -> None:
    """Raises FailedError where the database does not know what each knows: whatever the reason, it is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known.txt"
        file.write_text(f"{KNOWN}\n", encoding="utf-8")
        packages = ask([file], database, seconds)
    if not any(package.get("vulns") for package in packages):
        raise NoDatabaseError(f"{database} knows nothing against {KNOWN}")


def audit(
    root: Path,
    together: tuple[tuple[str, ...], ...] = TOGETHER,
    database: str = DATABASE,
    seconds: float = PROBE_SECONDS,
) -> int:
    """Prints what is known of the packages pinned in files of `root`, and returns the exit status: 1 for a finding.

    `seconds` bounds the first question. Raises FailedError where pip-audit itself fails at our files.
    """
    try:
        probe(database, seconds)
    except FailedError as error:
        return skipped(error)
    packages: Packages = []
    unanswered = None
    for names in together:
        try:
            packages += ask([root / name for name in names], database, AUDIT_SECONDS)
        except NoDatabaseError as error:
            unanswered = error
            break
    status = report(packages) if packages else 0
    if unanswered:
        skipped(unanswered)
    return status


def skipped(error: FailedError) -> int:
    """Says that nothing is known; that is no failure."""
    click.echo(f"audit: skipped: no vulnerability database could be reached ({error})")
    return 0


def report(packages: Packages) -> int:
    """Prints each finding, and each package that pip-audit left out; 1 where there is a finding."""
    findings = 0
    for package in packages:
        if "skip_reason" in package:
            click.echo(f"audit: not audited: {package['name']}: {package['skip_reason']}")
        for vulnerability in package.get("vulns", ()):
            findings += 1
            names = ", ".join([vulnerability["id"], *vulnerability["aliases"]])
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
            click.echo(f"audit: {package['name']} {package['version']}: {names}; fixed in {fixed}")
    click.echo(f"audit: {len(packages)} packages, {findings} known vulnerabilities")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(audit(ROOT))
