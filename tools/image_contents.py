"""What is in the container image beside the pins of `requirements.txt`, read from three of its files.

`tools/image.sh` copies them out, so no program of the image runs: the database of dpkg (dpkg-query(1)), os-release(5),
and the `pyvenv.cfg` that says which Python the environment has (PEP 405).
"""

from __future__ import annotations

from pathlib import Path

from cyclonedx.model.component import Component, ComponentType
from packageurl import PackageURL


def contents(folder: Path) -> list[Component]:
    """The distribution, its installed packages and Python, from the files `status`, `os-release` and `pyvenv.cfg`.

    A package of the distribution has no licence here: its database knows none. Raises KeyError where a file is none of
    these.
    """
    system = _pairs(folder / "os-release", "=")
    distribution, version = system["ID"], system["VERSION_ID"]
    python = _pairs(folder / "pyvenv.cfg", " = ")["version"]
    return [
        _component(distribution, version, ComponentType.OPERATING_SYSTEM),
        _component("python", python, ComponentType.PLATFORM, PackageURL("generic", None, "python", python)),
        *(
            _component(
                entry["Package"],
                entry["Version"],
                ComponentType.LIBRARY,
                PackageURL(
                    "deb",
                    distribution,
                    entry["Package"],
                    entry["Version"],
                    {"arch": entry["Architecture"], "distro": f"{distribution}-{version}"},
                ),
            )
            for entry in _installed(folder / "status")
        ),
    ]


def _component(name: str, version: str, kind: ComponentType, url: PackageURL | None = None) -> Component:
    return Component(name=name, version=version, type=kind, purl=url, bom_ref=str(url or f"{name}-{version}"))


def _pairs(path: Path, sign: str) -> dict[str, str]:
    lines = (line.partition(sign) for line in path.read_text(encoding="utf-8").splitlines())
    return {name.strip(): value.strip().strip('"') for name, found, value in lines if found}


def _installed(status: Path) -> list[dict[str, str]]:
    """The paragraphs of the packages that are installed; what was removed leaves its configuration there."""
    paragraphs = status.read_text(encoding="utf-8").split("\n\n")
    entries = (
        dict(line.split(": ", 1) for line in paragraph.splitlines() if not line.startswith(" ") and ": " in line)
        for paragraph in paragraphs
    )
    return [entry for entry in entries if entry.get("Status") == "install ok installed"]
