"""Options on a program's command line, as getopt reads them."""

from __future__ import annotations

import re

from app.world.node.shell.process import Process

_NUMBER = re.compile(r"-[0-9]+")
_LETTERS = {
    **{"base64": "diw", "basename": "asz", "cat": "AETbenstuv", "chgrp": "HLPRcfhv", "chmod": "HLPRcfhv"},
    **{"chown": "HLPRcfhv", "cp": "HLPRSTZabdfilnprstuvx", "cut": "bcdfnsz", "date": "IRdfrsu", "dirname": "z"},
    **{"egrep": "ABCDEFGHILPRTUVZabcdefhilmnoqrsvwxyz", "fgrep": "ABCDEFGHILPRTUVZabcdefhilmnoqrsvwxyz"},
    **{"grep": "ABCDEFGHILPRTUVZabcdefhilmnoqrsvwxyz", "head": "cnqvz", "hostname": "AFIVabdfisy", "id": "GZagnruz"},
    **{"md5sum": "bctwz", "mkdir": "Zmpv", "mktemp": "dpqtu", "mv": "STZbfintuv", "readlink": "efmnqsvz"},
    **{"rm": "IRdfirv", "rmdir": "pv", "sed": "Eefilnrsuz", "sha1sum": "bctwz", "sha256sum": "bctwz"},
    **{"seq": "fsw"},
    **{"sort": "CMRSTVbcdfghikmnorstuz", "stat": "Lcft", "tail": "Fcfnqsvz", "tee": "aip", "touch": "acdfhmrt"},
    **{"tr": "Ccdst", "uname": "aimnoprsv", "uniq": "Dcdfisuwz", "wc": "Lclmw"},
}
"""The options that each program of coreutils, grep, sed and hostname takes."""


class UsageProblem(Exception):
    """The program does not take these arguments. The text follows its name."""


def options(
    process: Process,
    letters: str,
    with_value: str = "",
    long: dict[str, str] | None = None,
    *,
    number: str = "",
    optional: str = "",
    repeated: str = "",
    come_first: bool = False,
) -> tuple[dict[str, str], list[str]]:
    """The options, each with its value (empty where it has none), and the other arguments. Raises `UsageProblem`.

    `long` maps long names to letters. `number`: the letter for which `-5` stands. `optional`: letters whose value may
    follow at once. `repeated`: letters whose values count together, a line each; of others the last one counts.
    `come_first`: what follows another argument is none.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    words = process.arguments[1:]
    while words:
        word, words = words[0], words[1:]
        if word == "--":
            return found, others + words
        if number and _NUMBER.fullmatch(word):
            found[number] = word[1:]
        elif word.startswith("--"):
            name, given, value = word[2:].partition("=")
            letter = (long or {}).get(name)
            if letter is None:
                raise UsageProblem(f"unrecognized option '{word}' in this simulated image")
            if letter in with_value and not given:
                if not words:
                    raise UsageProblem(f"option '{word}' requires an argument")
                value, words = words[0], words[1:]
            found[letter] = _with(found.get(letter), value, together=letter in repeated)
        elif word.startswith("-") and word != "-":
            rest = word[1:]
            while rest:
                letter, rest = rest[0], rest[1:]
                if letter in with_value:
                    if not rest and not words:
                        raise UsageProblem(f"option requires an argument -- '{letter}'")
                    value, words = (rest, words) if rest else (words[0], words[1:])
                    found[letter] = _with(found.get(letter), value, together=letter in repeated)
                    rest = ""
                elif letter in optional:
                    found[letter], rest = rest, ""
                elif letter in letters:
                    found[letter] = ""
                elif letter in _LETTERS.get(process.name, ""):
                    raise UsageProblem(f"-{letter} is not in this simulated image")
                else:
                    raise UsageProblem(f"invalid option -- '{letter}'")
        elif come_first:
            return found, [word, *words]
        else:
            others.append(word)
    return found, others


def _with(before: str | None, value: str, *, together: bool) -> str:
    return f"{before}\n{value}" if together and before is not None else value


def count(text: str, what: str) -> int:
    """A number of an option, as it is or in thousands, such as `2K`. Raises `UsageProblem`."""
    found = re.fullmatch(r"([0-9]{1,9})([kKM]?)", text)
    if found is None:
        raise UsageProblem(f"invalid number of {what}: '{text}'")
    return int(found[1]) * {"": 1, "M": 1024**2}.get(found[2], 1024)
