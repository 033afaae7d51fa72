"""What is set aside is not looked through again, and goes once there is much more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import gc, sys, weakref
from app.serving.operations import garbage_collection

class Circle:
    def __init__(self):
        self.itself = self

circle = Circle()
gone = weakref.ref(circle)
kept = garbage_collection.Garbage()
"""


def run(script: str) -> None:
    """In a process of its own, which has loaded little: a look through all that tests have loaded takes seconds."""
    done = subprocess.run([sys.executable, "-c", BEGIN + script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_circles_that_were_set_aside_go_once_there_is_twice_as_much_and_what_no_circle_holds_at_once() -> None:
    run("""
garbage_collection.LEAST = 0
kept.set_aside()
alone = weakref.WeakSet([lonely := garbage_collection.Garbage()])
kept.set_aside()
del circle, lonely
gc.collect()
assert not alone
assert gone() is not None

kept.set_aside()
assert gone() is not None, "there is hardly more than before"
more = [[] for _ in range(sys.getallocatedblocks() + 9_999)]
kept.set_aside()
assert gone() is None
""")


def test_what_is_new_and_garbage_goes_before_the_rest_is_set_aside() -> None:
    run("""
del circle
kept.set_aside()
assert gone() is None
""")


def test_little_is_not_looked_through_again() -> None:
    run("""
kept.set_aside()
del circle
more = [[] for _ in range(sys.getallocatedblocks() + 9_999)]
kept.set_aside()
assert gone() is not None
""")


def test_where_memory_is_short_all_is_looked_through_and_given_back_but_not_again_at_once() -> None:
    run("""
import asyncio
given = []
kept = garbage_collection.Garbage(lambda: True)
kept.set_aside()
del circle
garbage_collection.EVERY_SECONDS = 0.01
give_back, garbage_collection.give_back = garbage_collection.give_back, lambda: given.append(gone())

async def look():
    looking = asyncio.create_task(kept.look_after())
    while not given:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    looking.cancel()

asyncio.run(look())
assert given == [None]
give_back()
""")
