"""`/healthz`, `/livez` and `/readyz`, with `?verbose` and `?exclude=` (k8s.io/apiserver `pkg/server/healthz`).

Of the checks of a real API server there is `ping` alone: the others are about etcd, informers and hooks, which this
server does not have.
"""

from __future__ import annotations

from starlette.datastructures import QueryParams

_PATHS = ("/healthz", "/livez", "/readyz")
_CHECK = "ping"


def health(path: str, query: QueryParams) -> str | None:
    """The text at a path, such as `/readyz` or `/readyz/ping`; None where the path is of no check."""
    if path.endswith(f"/{_CHECK}") and path.removesuffix(f"/{_CHECK}") in _PATHS:
        return "ok"
    if path not in _PATHS:
        return None
    if "verbose" not in query:
        return "ok"
    excluded = {*query.getlist("exclude")}
    lines = [f"[+]{_CHECK} {'excluded: ' if _CHECK in excluded else ''}ok"]
    if unknown := sorted(excluded - {_CHECK}):
        names = ",".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    return "\n".join([*lines, f"{path.removeprefix('/')} check passed", ""])
