"""Whether a regular expression may take more than linear time, found out from its automaton without running it.

It may take quadratic time if a text leads from one loop both back to it and on to another one, which the same text
leads back to itself (`a*a*`); and exponential time if it leads back in two ways (`(a|a)*`). A search begins at each
place of the text, which is one more loop over all characters before the expression. Where a loop may end in a match at
any time, no attempt fails, and nothing is tried again. An atomic group gives nothing back to what comes after it.
Source for the analysis of such automata: Berglund, Drewes and van der Merwe, "Analyzing Catastrophic Backtracking
Behavior in Practical Regular Expression Matching" (arXiv 1405.5599).

A lookaround of several characters is no condition here, so that some expressions are found which take linear time.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from tests.automaton import Automaton, Guard, Place

_Ways: TypeAlias = "dict[Place, dict[str, list[tuple[Place, tuple[Guard, ...]]]]]"
_Graph: TypeAlias = "dict[Place, set[Place]]"


def slow(expression: Automaton) -> Iterator[str]:
    """The texts that may take more than linear time where they are repeated, each with why."""
    begin = expression.begin
    inner = {place for place in expression.places if place.is_in_loop and (place is begin or () not in place.ends)}
    graph = {place: {other for other, _ in place.follows} for place in expression.places}
    rings = _rings(inner, graph)
    backwards = _reversed(graph)
    leading = {place: _reached(place, backwards) | {place} for place in rings}
    for first, ring in rings.items():
        if _returns_twice(first, ring):
            yield f"in two ways: {''.join(sorted(first.letters))[:20]!r}"
        after = _reached(first, graph)
        for second in (after & rings.keys()) - ring:
            if first.atomic <= second.atomic:
                why = "begins anywhere" if first is begin else "of one loop and the next"
                middle = _within(after & leading[second] | {first})
                for text in _texts((first, _within(ring)), middle, (second, _within(rings[second]))):
                    if _may_fail(text, first, begin):
                        yield f"{why}: {text!r}"
                        break


def _texts(first: tuple[Place, _Ways], middle: _Ways, second: tuple[Place, _Ways]) -> Iterator[str]:
    """Texts that lead from `first` to itself and to `second`, and from `second` to itself; the shortest ones first."""
    (start, round_one), (goal, round_two) = first, second
    has_guards = _have_guards(middle)
    letters = sorted(start.letters & goal.letters)
    begun = dict.fromkeys((start, start, goal, sign if has_guards else "") for sign in letters)
    waiting, seen = deque((state, "") for state in begun), set(begun)
    while waiting:
        (one, way, two, before), text = waiting.popleft()
        for sign in round_two[two]:
            ones, ways, twos = (
                _led(led[place], before, sign) for led, place in ((round_one, one), (middle, way), (round_two, two))
            )
            for state in itertools.product(ones, ways, twos, [sign if has_guards else ""]):
                if state[:3] == (start, goal, goal):
                    yield text + sign
                elif state not in seen:
                    seen.add(state)
                    waiting.append((state, text + sign))


def _may_fail(text: str, start: Place, begin: Place) -> bool:
    """Whether an attempt may fail after many repetitions of the text: one that goes on from `start` to the last of them
    and may end nowhere in it. A search begins at any character of the first one."""
    signs, beginnings = text * 5, range(len(text) if start is begin else 1)
    return any(_goes_on(signs, start, begin, begun, len(signs) - len(text)) for begun in beginnings)


def _goes_on(signs: str, start: Place, begin: Place, begun: int, last: int) -> bool:
    led = {start}
    for at, sign in enumerate(signs[begun:-1], begun):
        before = signs[at - 1] if at or start is not begin else ""
        led = {
            found
            for one in led
            for found, guards in one.follows
            if found is not begin and sign in found.letters and all(guard(before, sign) for guard in guards)
        }
        ends = (guards for one in led for guards in one.ends)
        if at >= last - 1 and any(all(guard(sign, signs[at + 1]) for guard in guards) for guards in ends):
            return False
    return bool(led)


def _returns_twice(place: Place, ring: set[Place]) -> bool:
    """Whether a text leads from the place back to it in two ways."""
    ways = _within(ring)
    has_guards = _have_guards(ways)
    begun = [(place, place, sign if has_guards else "", False) for sign in sorted(place.letters)]
    seen, waiting = set(begun), list(begun)
    while waiting:
        one, two, before, is_apart = waiting.pop()
        for sign in ways[one]:
            for (at, next_one), (at_two, next_two) in itertools.product(
                enumerate(_led(ways[one], before, sign)), enumerate(_led(ways[two], before, sign))
            ):
                state = (next_one, next_two, sign if has_guards else "", is_apart or (one is two and at != at_two))
                if state[3] and next_one is place and next_two is place:
                    return True
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
    return False


def _within(places: set[Place]) -> _Ways:
    """Where each of the places leads to among them, by the character."""
    found: _Ways = {place: {} for place in places}
    for place in places:
        for other, guards in place.follows:
            for sign in other.letters if other in places else ():
                found[place].setdefault(sign, []).append((other, guards))
    return found


def _have_guards(ways: _Ways) -> bool:
    return any(guards for by_sign in ways.values() for found in by_sign.values() for _, guards in found)


def _led(ways: dict[str, list[tuple[Place, tuple[Guard, ...]]]], before: str, sign: str) -> list[Place]:
    return [found for found, guards in ways.get(sign, ()) if all(guard(before, sign) for guard in guards)]


def _rings(places: set[Place], graph: _Graph) -> dict[Place, set[Place]]:
    """Each place that is in a loop of such places, with those of that loop."""
    inner = {place: graph[place] & places for place in places}
    after = {place: _reached(place, inner) for place in places}
    return {
        place: {other for other in found if place in after[other]} for place, found in after.items() if place in found
    }


def _reversed(graph: _Graph) -> _Graph:
    found: _Graph = {place: set() for place in graph}
    for place, others in graph.items():
        for other in others:
            found[other].add(place)
    return found


def _reached(place: Place, graph: _Graph) -> set[Place]:
    found: set[Place] = set()
    waiting = [place]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found
