"""The missions that the page offers: ours, and those in a teacher's folder, with their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, ROOT
from app.content.messages import read_messages
from app.content.model import Content
from app.flow.missions.mission import Mission
from app.flow.missions.mission_file import MalformedMission, read
from app.locations import MISSIONS

FILES_LIMIT = 100
"""Missions of one folder."""
FILE_BYTES = 64 * 1024
"""The most that the file of one mission may have."""
UNREADABLE = (MalformedMission, ContentError)
"""What `offered` raises: each says what is wrong, in which file."""


@dataclass(frozen=True, kw_only=True)
class MissionWords:
    """What a mission says to its reader."""

    title: str
    task: str
    hints: tuple[str, ...]
    learned: str
    """What it teaches, for a reader who has done it."""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A mission with its words by language. A teacher's has at least one."""

    mission: Mission
    words: Mapping[str, MissionWords]

    def words_in(self, content: Content) -> MissionWords:
        """Its words in the reader's language; where it has none, in another."""
        return self.words.get(content.language) or next(iter(self.words.values()))


@cache
def offered(folder: str = "") -> tuple[Offered, ...]:
    """Ours in their order, then those of a teacher's folder, read once a process.

    Raises one of `UNREADABLE`.
    """
    ours = _in_folder(MISSIONS, ROOT)
    theirs = _in_folder(Path(folder), Path(folder)) if folder else ()
    names = {it.mission.id for it in ours}
    if twice := [it.mission.id for it in theirs if it.mission.id in names]:
        raise ContentError(folder, twice[0], "a mission of this app has this name; rename the file")
    return (*ours, *theirs)


def _in_folder(folder: Path, words: Path) -> tuple[Offered, ...]:
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ContentError(str(folder), "*.yaml", "no missions here")
    if len(files) > FILES_LIMIT:
        raise ContentError(str(folder), "*.yaml", f"got {len(files)} files, expected at most {FILES_LIMIT}")
    messages = {language: read_messages(words / language) for language in LANGUAGES if (words / language).is_dir()}
    found = [Offered(mission=mission, words=_words(mission, messages, words)) for mission in _read(files)]
    return tuple(sorted(found, key=lambda it: (it.mission.number, it.mission.id)))


def _read(files: list[Path]) -> Iterator[Mission]:
    for path in files:
        try:
            data = path.read_bytes()
            if len(data) > FILE_BYTES:
                expected = f"at most {FILE_BYTES} bytes"
                raise MalformedMission(str(path), 1, "file", got=f"{len(data)} bytes", expected=expected)
            yield read(data.decode(), str(path), path.stem)
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(str(path), "file", str(error)) from error


def _words(mission: Mission, messages: Mapping[str, Mapping[str, str]], folder: Path) -> Mapping[str, MissionWords]:
    prefix = f"missions.{mission.id}."
    found = {}
    for language, texts in messages.items():
        if not any(key.startswith(prefix) for key in texts):
            continue
        wanted = ("title", "task", "learned", *(f"hint_{number}" for number in range(1, mission.hints + 1)))
        if missing := [f"{prefix}{key}" for key in wanted if f"{prefix}{key}" not in texts]:
            raise ContentError(str(folder / language), missing[0], f"no such text; {mission.id}.yaml needs it")
        found[language] = MissionWords(
            title=texts[f"{prefix}title"],
            task=texts[f"{prefix}task"],
            hints=tuple(texts[f"{prefix}hint_{number}"] for number in range(1, mission.hints + 1)),
            learned=texts[f"{prefix}learned"],
        )
    if not found:
        raise ContentError(str(folder), f"{prefix}title", f"no words in {' or '.join(LANGUAGES)}")
    return found
