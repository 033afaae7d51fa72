"""The beats of a moment: what happened while the clock moved, and which answers have changed."""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.film import Beat, events
from app.flow.model import Exchange, JsonValue
from app.ui.time_machine.probes import Moment


def news(
    moved: Sequence[Exchange], heard: Sequence[Exchange], asked: Moment, before: Moment | None, pod: JsonValue
) -> tuple[Beat, ...]:
    """The beats of a moment.

    `moved` was sent while the clock moved, `heard` by Pods and by STS since then; `before` are the answers of the stop
    before this one. A token that the kubelet has renewed is followed into the file, and to STS. A refusal is shown
    once, when the answer changes; then what the Pod's own program does.
    """
    renewed = bool(events(moved, pod))
    refused = {
        callee
        for callee, now, then in (
            ("sts", asked.sts, before.sts if before else None),
            ("s3", asked.s3, before.s3 if before else None),
        )
        if now and then and then.taken and not now.taken
    }
    shown = [*moved, *(it for it in heard if it.caller == "sts")]
    shown += [next(it for it in asked.exchanges if it.callee == callee) for callee in refused]
    if renewed:
        shown += [it for it in asked.exchanges if "command=cat" in it.url]
    wanted = {"s3": ("sts", "s3"), "sts": ("sts",)}
    of_pod = {callee for over in refused for callee in wanted[over]} | ({"sts"} if renewed else set())
    shown += [it for it in heard if it.caller == "pod" and it.callee in of_pod]
    return events(shown, pod)
