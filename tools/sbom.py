"""Writes what runs as a software bill of materials into `sbom.cdx.json`: `python -m tools.sbom`.

CycloneDX 1.6 in JSON, for programs that keep such lists: every pin of `requirements.txt` with its version, licence and
package URL, and what needs it. No network is needed. Where a pin is for some systems or Pythons only, a property says
for which. `python -m tools.sbom --image FOLDER`, which `tools/image.sh` runs, writes what is in the container image
into `image.cdx.json`: the same, and what `tools.image_contents` finds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import click
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from app import __version__
from tools.image_contents import contents
from tools.licences import licence
from tools.pins import HAND_WRITTEN, ROOT, Pin, pins


def bill(all_pins: list[Pin], system: Sequence[Component] = ()) -> Bom:
    """The bill of IRSA Explorer itself, which stands on the pins and, in an image, on its `system`.

    Raises ValueError where a pin's licence is not known.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    itself = Component(
        name=project["name"],
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )
    parts = {pin: component(pin) for pin in all_pins}
    bom = Bom(components=[*parts.values(), *system])
    bom.metadata.component = itself
    bom.register_dependency(itself, [*(part for pin, part in parts.items() if HAND_WRITTEN in pin.wanted_by), *system])
    for pin, part in parts.items():
        bom.register_dependency(part, [other for wanted, other in parts.items() if pin.name in wanted.wanted_by])
    return bom


def component(pin: Pin) -> Component:
    """A pin as an entry of the bill."""
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=f"{pin.name}=={pin.version}",
        licenses=[LicenseFactory().make_from_string(licence(pin))],
        purl=PackageURL("pypi", None, pin.name, pin.version),
        properties=[Property(name="irsa-explorer:environment", value=pin.where)] if pin.where else (),
    )


def document(all_pins: list[Pin], system: Sequence[Component] = ()) -> str:
    """The bill as JSON."""
    return make_outputter(bill(all_pins, system), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


@click.command()
@click.option("--image", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(image: Path | None) -> None:
    """Writes the bill of what runs, or of the image whose files are in that folder."""
    name = "image.cdx.json" if image else "sbom.cdx.json"
    (ROOT / name).write_text(document(pins(), contents(image) if image else ()) + "\n", encoding="utf-8")
    click.echo(name)


if __name__ == "__main__":
    main()
