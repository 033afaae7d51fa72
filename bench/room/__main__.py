"""`python -m bench.room --learners 200 --minutes 30`: a server, and in this process the room that uses it.

The room would measure itself where its own loop is late: how late it wakes is measured too, and a run in which it was
late does not count.
"""

from __future__ import annotations

import asyncio
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import httpx
import psutil

from app.content.page_specs import JOURNEY
from bench.report import figure, machine, title
from bench.room.learner import THINKS, Learner
from bench.room.record import Record, milliseconds, percentile
from tests.attack.client import Page, cookies
from tests.attack.nginx import proxied
from tests.attack.server import Target, serving

TENTHS = 10
TICK_SECONDS = 0.01
LATE_SECONDS = 0.02
"""By how much the room's own loop may be late, 99 times in 100: a tenth of what a page may take."""
WANTED_MS = 200.0
WANTED_GROWTH = 2.0
"""Percent of the memory that a server had in the middle of the run, in its second half."""
ROUNDS_TO_JUDGE = 2.0
"""Of all pages, by each learner, before memory can be judged: in the first one everything is new."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The server at a moment; of several processes all together."""

    seconds: float
    """Since the run began."""
    pss_mb: float
    rss_mb: float
    descriptors: int
    cpu_seconds: Sequence[float]
    """Of each process: a cookie decides at random which one a learner has."""


@click.command()
@click.option("--learners", default=40, show_default=True, help="How many; each has a browser and a world.")
@click.option("--minutes", default=0.5, show_default=True, help="How long they stay.")
@click.option("--arrive", default=1.0, show_default=True, help="Minutes until all have come, at most half of the run.")
@click.option("--seed", default=1, show_default=True, help="Of what they choose, and of how long they think.")
@click.option("--one-address", is_flag=True, help="All come from one address, as from behind one router.")
@click.option("--processes", default=1, show_default=True, help="Of the app; more than one behind `deploy/nginx.conf`.")
@click.option("--json", "as_json", is_flag=True, help="Prints the figures as JSON.")
def main(
    learners: int, minutes: float, arrive: float, seed: int, one_address: bool, processes: int, as_json: bool
) -> None:
    """Prints how long messages took, what went wrong, and what the server held. Status 1: the run does not count."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        servers = [
            stack.enter_context(serving(folder, extra=extra)) for folder, extra in _each(Path(directory), processes)
        ]
        target = servers[0] if processes == 1 else stack.enter_context(proxied(*servers))
        found = asyncio.run(
            measured(target, servers, learners, minutes * 60, min(arrive, minutes / 2) * 60, seed, one_address)
        )
        found["log"] = "".join(it.log[-4000:] for it in servers if "Traceback" in it.log or " error " in it.log)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        show(found)
    if not found["valid"]:
        raise SystemExit(1)


def _each(directory: Path, processes: int) -> Iterator[tuple[Path, dict[str, str]]]:
    """The folder of each process, and its settings: behind the proxy, that it is one."""
    for number in range(processes):
        (directory / str(number)).mkdir()
        yield directory / str(number), {"FORWARDED_ALLOW_IPS": "127.0.0.1"} if processes > 1 else {}


async def measured(
    target: Any,
    servers: Sequence[Target],
    learners: int,
    seconds: float,
    arrive: float,
    seed: int,
    one_address: bool,
) -> dict[str, Any]:
    """The whole run at `target`, which is one of the servers or the proxy in front of them; `arrive`: seconds until all
    have come. An instructor opens a page of each first, so that the libraries are loaded.
    """
    for each in servers:
        instructor = await Page(each, cookies=await cookies(each)).open()
        await instructor.close()
    record, lateness, begin = Record(), list[float](), time.monotonic()
    room = [
        Learner(target, number, seed, "127.0.0.1" if one_address else _address(number), begin + seconds, record)
        for number in range(learners)
    ]
    ticking = asyncio.create_task(tick(lateness))
    sampling = asyncio.create_task(sample(servers, begin, seconds))
    await asyncio.gather(*(it.learn(arrive * number / learners) for number, it in enumerate(room)))
    samples = await sampling
    ticking.cancel()
    took = record.seconds("turn", "button")
    late = percentile(lateness, 0.99)
    return {
        "machine": machine(),
        "server": {
            "command": "python -m app serve",
            "processes": len(servers),
            "settings": "none but the defaults"
            if len(servers) == 1
            else "FORWARDED_ALLOW_IPS, behind deploy/nginx.conf",
            "one_address": one_address,
        },
        "learners": learners,
        "minutes": round(seconds / 60, 2),
        "arrive_minutes": round(arrive / 60, 2),
        "seed": seed,
        "think_seconds": THINKS,
        "valid": late <= LATE_SECONDS,
        "room_late_ms": milliseconds(lateness),
        "messages_a_second": round(len(took) / seconds, 1),
        "all": milliseconds(took),
        "turns": milliseconds(record.seconds("turn")),
        "buttons": milliseconds(record.seconds("button")),
        "fetched": milliseconds(record.seconds("fetch")),
        "pages": {
            page: milliseconds(seconds) for page in JOURNEY if (seconds := record.seconds("turn", "button", page=page))
        },
        "rounds": record.rounds,
        "errors": dict(record.errors.most_common()),
        "refusals": sum(map(refusals, servers), Counter()),
        "tenths": [asdict(it) for it in samples],
    }


async def tick(lateness: list[float]) -> None:
    """Notes how late this process's loop wakes, until it is cancelled."""
    while True:
        wanted = time.perf_counter() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        lateness.append(time.perf_counter() - wanted)


async def sample(servers: Sequence[Target], begin: float, seconds: float) -> list[Sample]:
    """The servers at the beginning, and at the end of each tenth of the run."""
    found = []
    for number in range(TENTHS + 1):
        await asyncio.sleep(begin + number * seconds / TENTHS - time.monotonic())
        found.append(await asyncio.to_thread(_sample, servers, begin))
    return found


def _sample(servers: Sequence[Target], begin: float) -> Sample:
    processes = [psutil.Process(it.process.pid) for it in servers]
    memory = [process.memory_full_info() for process in processes]
    return Sample(
        seconds=round(time.monotonic() - begin, 1),
        pss_mb=round(sum(it.pss for it in memory) / 1e6, 1),
        rss_mb=round(sum(it.rss for it in memory) / 1e6, 1),
        descriptors=sum(process.num_fds() for process in processes),
        cpu_seconds=[round(it.seconds, 2) for it in servers],
    )


def refusals(server: Target) -> Counter[str]:
    """What the server says that it has refused, by reason."""
    lines = httpx.get(f"{server.address}/metrics", trust_env=False).raise_for_status().text.splitlines()
    counted = (line.rpartition(" ") for line in lines if line.startswith("irsa_refusals_total{"))
    return Counter({labels.split('"')[1]: int(float(number)) for labels, _, number in counted if float(number)})


def show(found: Mapping[str, Any]) -> None:
    """The figures as lines."""
    many = found["server"]["processes"]
    served = f", {many} processes" if many > 1 else ""
    who = f"{found['learners']} learners, {found['minutes']:g} minutes, seed {found['seed']}{served}"
    title(f"A room ({who}, on {found['machine']['processor']})")
    for name, key, target in (
        ("a message, until its script has run, p95", "all", WANTED_MS),
        ("... a page that is turned to, p95", "turns", None),
        ("... a button on a page, p95", "buttons", None),
        ("a text that a page names, p95", "fetched", None),
    ):
        figure(name, found[key]["p95"], "ms", target=target, note=_spread(found[key]))
    first, *_, last = found["tenths"]
    span = last["seconds"] - first["seconds"]
    figure("messages a second", found["messages_a_second"], "")
    figure("errors", float(sum(found["errors"].values())), "", target=0, note=_counted(found["errors"]))
    figure(
        "refused, as the server counts", float(sum(found["refusals"].values())), "", note=_counted(found["refusals"])
    )
    figure("CPU of the server, of one core", 100 * (sum(last["cpu_seconds"]) - sum(first["cpu_seconds"])) / span, "%")
    middle = found["tenths"][TENTHS // 2]
    judged = found["rounds"] >= ROUNDS_TO_JUDGE * found["learners"]
    growth = 100 * (last["pss_mb"] / middle["pss_mb"] - 1)
    figure(
        "memory (PSS) in the second half of the run, more by",
        growth,
        "%",
        target=WANTED_GROWTH if judged else None,
        note="" if judged else f"not judged: {found['rounds']} rounds of all pages by all together",
    )
    for it in found["tenths"]:
        busy = " + ".join(f"{seconds:.1f}" for seconds in it["cpu_seconds"])
        words = f"descriptors {it['descriptors']}, RSS {it['rss_mb']:.1f} MB, CPU {busy} s"
        figure(f"  memory after {it['seconds']:.0f} s", it["pss_mb"], "MB", note=words)
    for page, times in sorted(found["pages"].items(), key=lambda each: -each[1]["p95"]):
        figure(f"  {page}, p95", times["p95"], "ms", note=_spread(times))
    figure("the room's own loop late, p99", found["room_late_ms"]["p99"], "ms", target=LATE_SECONDS * 1e3)
    if not found["valid"]:
        click.echo("  The room itself was late: this run does not count.")
    if found["log"]:
        click.echo(found["log"])


def _spread(times: Mapping[str, float]) -> str:
    return f"p50 {times['p50']}, p99 {times['p99']}, longest {times['max']}, of {times['count']}"


def _counted(errors: Mapping[str, int]) -> str:
    return "; ".join(f"{count} x {name}" for name, count in errors.items())


def _address(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


if __name__ == "__main__":
    main()
