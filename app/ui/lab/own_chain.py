"""Why the lab cannot break the reader's own chain: a fault on top of others would not show what its text says."""

from __future__ import annotations

import json

from app.content import Content
from app.flow.json_access import get, get_list
from app.flow.model import JsonValue
from app.flow.verdict.judge import Outcome
from app.ui.draw import components
from app.ui.draw.checks import warned
from app.ui.draw.code import code
from app.ui.frame import not_there, world_controls
from app.ui.state import session
from app.ui.text import prose
from app.world.setup.scenario import pod as article_pod
from app.world.world import World


def hindered(content: Content) -> bool:
    """Whether the lab cannot break the chosen chain. Then draws the reason, and the way back.

    It can always break the chain that the world was made with, and one that it has broken already; but not one that the
    reader built in a world that began empty.
    """
    world = session.world()
    if world.faults or (world.start == "finished" and world.chain.subject == world.seeded.subject):
        return False
    reason = _reason(world)
    if not reason:
        return False
    chain = world.chain
    words = content.message(f"lab.{reason}", pod=chain.pod, service_account=chain.service_account)
    manifest = ""
    if reason == "own_program":
        kind = {"apiVersion": "v1", "kind": "Pod", **article_pod("my-pod", chain.service_account)}
        kind["metadata"]["namespace"] = chain.namespace
        manifest = code(content, f"kubectl apply -f - <<'EOF'\n{json.dumps(kind)}\nEOF")
    seeded = world.start == "finished"
    stays = f"<p>{prose(content.message('lab.own_stays'))}</p>" if seeded else ""
    components.block(warned(f"<p>{prose(words)}</p>{manifest}{stays}", content), key="lab_own")
    if seeded:
        world_controls.back(content, key="lab_own_back")
    else:
        not_there.finished_world(content)
    return True


def _reason(world: World) -> str:
    """The key of the reason; empty where the lab can break the chain."""
    walk_view = session.simulated_walk_view()
    stored = world.cluster.find("pods", world.chain.namespace, world.chain.pod)
    if walk_view.gone or stored is None:
        return "own_gone"
    if not _lists_buckets(stored.copy()):
        return "own_program"
    works = session.diagnosis(walk_view).verdict.outcome is Outcome.WORKS
    return "" if works else "own_broken"


def _lists_buckets(pod: JsonValue) -> bool:
    """Whether the first container runs the same program as the article's Pod."""
    first = next(iter(get_list(pod, "spec", "containers")), None)
    image = str(get(first, "image")).partition("@")[0].partition(":")[0]
    return image.endswith("amazon/aws-cli") and not get_list(first, "command") and get_list(first, "args") == _ARGS


_ARGS = ["s3", "ls"]
