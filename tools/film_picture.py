"""Makes the moving pictures of the README from a new world: `python -m tools.film_picture`."""

from pathlib import Path

from app.content import LANGUAGES, load
from app.flow.doctor import examine
from app.flow.film import film
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_downloads import as_picture
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
"""Where they are kept."""


def main() -> None:
    """Writes one picture for each language."""
    with Simulation() as simulation:
        world = simulation.world("film")
        found = examine(simulated(simulation, world), world.chain.subject)
        made = film(found.walk, chain_state(found.walk, found.checks), (*world.log.setup(), *world.log.exchanges()))
        for language in LANGUAGES:
            (IMAGES / f"film-{language}.svg").write_bytes(as_picture(made, found, load(language)))


if __name__ == "__main__":
    main()
