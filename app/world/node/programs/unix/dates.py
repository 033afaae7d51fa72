"""`date`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process

_DATE, _MAIL_DATE = "%a %b %e %H:%M:%S UTC %Y", "%a, %d %b %Y %H:%M:%S %z"
_TIMES = {"date": "", "hours": "%H", "minutes": "%H:%M", "seconds": "%H:%M:%S", "ns": "%H:%M:%S,%N"}
"""The time of day by the name that `-I` takes."""
_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "year": 12}
_RELATIVE = re.compile(
    rf"(.*?)(?:^|\s)([-+]?) ?([0-9]{{1,9}}) ?({'|'.join((*_SECONDS, *_MONTHS))})s?( ago)?", re.DOTALL | re.IGNORECASE
)
_RELATIVES_LIMIT = 10
"""How many durations are added to one moment."""
_DAYS = {"": 0, "now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
_WRITTEN = ("%b %d %Y", "%d %b %Y", "%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S UTC %Y")
_CONVERSION = re.compile(r"%([-_^]?)(:?)([0-9]?)(.)", re.DOTALL)


async def date(process: Process) -> int:
    """The node's time, in UTC as in every image; `+FORMAT`, `-d`, `-I`, `-R`, `--rfc-3339`."""
    process.limits.examine(sum(map(len, process.arguments)), 10)
    long = {"utc": "u", "date": "d", "iso-8601": "I", "rfc-3339": "3", "rfc-email": "R"}
    found, words = options(process, "uR", "d3", long, optional="I")
    moment = datetime.fromtimestamp(process.container.now(), UTC)
    if "d" in found:
        moment = _moment(found["d"], moment)
    form = _DATE
    if words:
        if not words[0].startswith("+"):
            raise UsageProblem(f"cannot set date: Operation not permitted ('{words[0]}')")
        form = words[0][1:]
    elif "R" in found:
        form = _MAIL_DATE
    elif letter := next((letter for letter in "I3" if letter in found), ""):
        form = _iso(found[letter] or "date", "T" if letter == "I" else " ")
    await process.stdout.write(_formatted(form, moment) + "\n")
    return 0


def _iso(name: str, between: str) -> str:
    time = next((_TIMES[each] for each in _TIMES if each.startswith(name)), None)
    if time is None:
        raise UsageProblem(f"invalid argument '{name}' for '--{'iso-8601' if between == 'T' else 'rfc-3339'}'")
    return "%Y-%m-%d" + (f"{between}{time}%:z" if time else "")


def _moment(text: str, now: datetime) -> datetime:
    """The moment that a text names, from `now` on where it is relative. Raises `UsageProblem`."""
    rest, seconds, months = text.strip(), 0, 0
    try:
        for _ in range(_RELATIVES_LIMIT):
            if (found := _RELATIVE.fullmatch(rest)) is None:
                break
            number = int(found[3]) * (-1 if (found[2] == "-") != bool(found[5]) else 1)
            unit = found[4].lower()
            seconds, months = seconds + number * _SECONDS.get(unit, 0), months + number * _MONTHS.get(unit, 0)
            rest = found[1].strip()
        moment = _absolute(rest, now)
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        moment = moment.replace(year=year, month=month + 1, day=1) + timedelta(days=moment.day - 1)
        return moment + timedelta(seconds=seconds)
    except (ValueError, OverflowError, OSError):
        raise UsageProblem(f"invalid date '{text}'") from None


def _absolute(text: str, now: datetime) -> datetime:
    if text.startswith("@"):
        return datetime.fromtimestamp(float(text[1:13]), UTC)
    if text.lower() in _DAYS:
        return now + timedelta(days=_DAYS[text.lower()])
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _formatted(form: str, moment: datetime) -> str:
    values = _values(moment)

    def part(found: re.Match[str]) -> str:
        flag, colon, width, letter = found.groups()
        text = values.get(letter) or (moment.strftime(f"%{letter}") if letter in "YmdHMSyjaAbBpIuwVUWGgCc" else "")
        if not text or (colon and letter != "z") or (width and letter != "N"):
            return found[0]
        if colon:
            return "+00:00"
        if width:
            return text[: int(width)]
        if flag == "-":
            return text.lstrip(" 0") or "0"
        if flag == "_":
            return (text.lstrip("0") or "0").rjust(len(text))
        return text.upper() if flag == "^" else text

    return _CONVERSION.sub(part, form)


def _values(moment: datetime) -> dict[str, str]:
    """What letters of a format stand for, beside those that mean the same to `strftime` everywhere."""
    return {
        **{"s": str(int(moment.timestamp())), "N": f"{moment.microsecond * 1000:09}", "F": f"{moment:%Y-%m-%d}"},
        **{"T": f"{moment:%H:%M:%S}", "X": f"{moment:%H:%M:%S}", "R": f"{moment:%H:%M}", "z": "+0000", "Z": "UTC"},
        **{"D": f"{moment:%m/%d/%y}", "x": f"{moment:%m/%d/%y}", "r": f"{moment:%I:%M:%S %p}", "h": f"{moment:%b}"},
        **{"e": f"{moment.day:2}", "k": f"{moment.hour:2}", "l": f"{(moment.hour + 11) % 12 + 1:2}"},
        **{"P": f"{moment:%p}".lower(), "q": str((moment.month + 2) // 3), "n": "\n", "t": "\t", "%": "%"},
    }
