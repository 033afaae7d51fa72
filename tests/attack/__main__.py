"""`python -m tests.attack`: every attack, and what it costs others, as a table in Markdown.

Each attack has a fresh server. An honest reader turns pages, first alone and then while the attack goes on; a
newcomer opens the first page meanwhile. `--app` attacks another checkout: one script compares two versions.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from tests.attack.attacks import ATTACKS
from tests.attack.client import Page, cookies
from tests.attack.hostile import doctor, endless
from tests.attack.junk import send_junk
from tests.attack.live import CONTEXT, OWNER, STRANGERS, cluster, shown
from tests.attack.reader import Reading, reading
from tests.attack.rounds import Measured, attack
from tests.attack.row import Attack
from tests.attack.server import MEGABYTE, ROOT, Target, serving

SETTLING = 5.0
"""Seconds after an attack before its memory is measured."""
ALONE_AT_LEAST = 8.0
"""Seconds for which the honest reader is measured alone, or a quarter of the attack where that is longer."""
BACK_WITHIN = 1.2
"""Memory is back where it is at most this multiple of what it was."""
_HEADINGS = (
    "attack",
    "one input",
    "inputs",
    "answers",
    "slowest answer, s",
    "reader alone, p50 / p95 ms",
    "during it, p50 / p95 ms",
    "p95 at most doubles",
    "newcomer's first page, s",
    "memory before / peak / after, MB",
    "back within 20 %",
    "log, KB",
    "files, KB",
    "descriptors",
    "wrong",
)


async def newcomer(target: Target) -> str:
    """Seconds until somebody new has their first page."""
    await asyncio.sleep(0.5)  # the attack is under way
    begin = time.perf_counter()
    try:
        page = await Page(target, cookies=await cookies(target)).open()
    except Exception as error:
        return f"{type(error).__name__} after {time.perf_counter() - begin:.1f}"
    taken = time.perf_counter() - begin
    await page.close()
    return f"{taken:.1f}"


async def measure(target: Target, row: Attack, seconds: float) -> list[str]:
    """The cells of an attack's row."""
    first = await Page(target, cookies=await cookies(target)).open()  # loads what a first page loads
    await first.close()
    async with reading(target) as alone:
        await asyncio.sleep(max(seconds / 4, ALONE_AT_LEAST))
    end = time.monotonic() + seconds
    async with reading(target) as during:
        arriving = asyncio.create_task(newcomer(target))
        outcome = await attack(target, row, go_on=lambda number: number < row.most and time.monotonic() < end)
        arrived = await arriving
    await asyncio.sleep(SETTLING)
    return [row.name, row.says, *cells(target, outcome, alone, during, arrived)]


def cells(target: Target, outcome: Measured, alone: Reading, during: Reading, arrived: str) -> list[str]:
    """What was measured, in the order of the headings."""
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(outcome.answers.items()))
    times = during.p95 / alone.p95
    ratio = f"{'yes' if times <= 2 and not during.failures else 'NO'} ({times:.1f})"
    found = [f"{outcome.inputs}", answers, f"{outcome.slowest:.1f}", alone.said, during.said, ratio, arrived]
    if not target.lives:
        return [*found, "", "", "", "", "", "the server has ended"]
    before, after = outcome.before, target.taken()
    wrong = "; ".join(filter(None, [outcome.wrong, *sorted(set(outcome.secrets))]))
    memory = " / ".join(f"{size / MEGABYTE:.0f}" for size in (before.resident, outcome.peak, after.resident))
    return [
        *found,
        memory,
        "yes" if after.resident <= before.resident * BACK_WITHIN else "NO",
        f"{(after.log - before.log) / 1024:.0f}",
        f"{(after.files - before.files) / 1024:.0f}",
        f"{before.descriptors} → {after.descriptors}",
        wrong,
    ]


def attacks(app: Path, rows: Sequence[Attack], seconds: float) -> None:
    """The table of all that is sent to a server."""
    table(_HEADINGS)
    for row in rows:
        with folder() as directory, serving(directory, app=app, extra=row.settings, descriptors=row.descriptors) as it:
            try:
                line(asyncio.run(measure(it, row, seconds)))
            except Exception as error:
                line([row.name, row.says, *[""] * 12, f"not measured: {type(error).__name__}: {error}"[:200]])


def junk(app: Path, count: int) -> None:
    """What came of generated junk."""
    with folder() as directory, serving(directory, app=app) as target:
        before = target.taken()
        target.forget_peak()
        found = asyncio.run(send_junk(target, count))
        after = target.taken()
        table(("inputs of junk", "wrong answers", "visitor served", "memory before / peak / after, MB", "log, KB"))
        memory = " / ".join(f"{size / MEGABYTE:.0f}" for size in (before.resident, target.peak, after.resident))
        served = f"{found.served} of {found.rounds}"
        line([str(count), str(len(found.wrong)), served, memory, f"{(after.log - before.log) / 1024:.0f}"])
        for wrong in found.wrong[:10]:
            click.echo(f"\n- `{wrong}`")


def commands(app: Path) -> None:
    """What `doctor` makes of a kubeconfig without end, and of a hostile cluster."""
    table(("doctor and ...", "exit status", "peak memory, MB", "bytes sent of one answer", "traceback"))
    for name in ("KUBECONFIG=/dev/zero", "a body without end", "a gzip bomb"):
        with folder() as directory:
            sent: list[int] = []
            if name.startswith("KUBECONFIG"):
                ended = doctor(directory, "/dev/zero", app=app)
            else:
                with endless(directory, bomb="bomb" in name) as (kubeconfig, sent):
                    ended = doctor(directory, kubeconfig, app=app)
            broke = "YES" if "Traceback" in ended.output else "no"
            line([name, str(ended.status), f"{ended.peak / MEGABYTE:.0f}", str(max(sent, default=0)), broke])


def live(app: Path) -> None:
    """Who sees the cluster of live mode."""
    table(("live mode, asked for by", "sees the cluster"))
    with folder() as directory, cluster(directory, app=app) as target:
        for request in (OWNER, *STRANGERS):
            seen = CONTEXT.encode() in asyncio.run(shown(target, request))
            line([request.name, "yes" if seen and request is OWNER else "YES" if seen else "no"])


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for one server."""
    with tempfile.TemporaryDirectory(prefix="attacked-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def table(headings: Sequence[str]) -> None:
    """Begins a table."""
    click.echo("")
    line(headings)
    line(["---"] * len(headings))


def line(row: Iterable[str]) -> None:
    """A row of it."""
    click.echo("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")


@click.command()
@click.option("--app", type=click.Path(path_type=Path, exists=True), default=ROOT, help="The checkout to attack.")
@click.option("--seconds", default=60.0, show_default=True, help="How long each attack goes on.")
@click.option("--inputs", default=100_000, show_default=True, help="How much junk is generated.")
@click.option("--only", multiple=True, type=click.Choice([row.name for row in ATTACKS]), help="These attacks alone.")
def main(app: Path, seconds: float, inputs: int, only: tuple[str, ...]) -> None:
    """Attacks the app on loopback and prints what that did, as Markdown."""
    app = app.resolve()
    rows = [row for row in ATTACKS if not only or row.name in only]
    click.echo(f"# What the attacks do\n\nEach for {seconds:g} s, on {time.strftime('%Y-%m-%d %H:%M')}.")
    attacks(app, rows, seconds)
    if only:
        return
    commands(app)
    live(app)
    junk(app, inputs)


if __name__ == "__main__":
    main()
