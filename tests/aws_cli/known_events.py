"""What botocore finds out again for each session: nine tenths of what a session takes, a third of a command of `aws`.

Imported in both environments, so it names neither's botocore.
"""

from collections.abc import Callable
from inspect import CO_VARKEYWORDS
from types import ModuleType
from typing import Any


def remember(hooks: ModuleType) -> None:
    """For all sessions to come. `hooks`: botocore's module of that name, or the one inside the AWS CLI.

    An event has the same newer name in every session. Whether a handler takes all keywords is a mark of its code.
    """
    looked_at = hooks.accepts_kwargs

    def accepts_kwargs(handler: Callable[..., Any]) -> Any:
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        return code.co_flags & CO_VARKEYWORDS if code else looked_at(handler)

    hooks.accepts_kwargs = accepts_kwargs
    newer_name = hooks.EventAliaser(hooks.HierarchicalEmitter())._alias_event_name
    hooks.EventAliaser._alias_event_name = lambda self, event_name: newer_name(event_name)
