"""The film of a walk: what really happened, one beat at a time, without any text or place on a screen."""

from app.flow.film.attempts import attempt
from app.flow.film.beat import Arrival, Beat, Claim, End, Film, Seen
from app.flow.film.events import events
from app.flow.film.film import film
from app.flow.film.imagined import imagined, supposing
from app.flow.film.overview import overview

__all__ = [
    "Arrival",
    "Beat",
    "Claim",
    "End",
    "Film",
    "Seen",
    "attempt",
    "events",
    "film",
    "imagined",
    "overview",
    "supposing",
]
