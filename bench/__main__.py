"""`python -m bench`: each measurement in a process of its own, so that none profits from another's warm imports."""

import subprocess
import sys

for name in (
    "walk",
    "start",
    "memory",
    "page_change",
    "throughput",
    "first_load",
    "step_change",
    "following",
    "map",
    "doctor",
    "room",
):
    subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)  # noqa: S603 - our own modules
