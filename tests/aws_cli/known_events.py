"""What botocore finds out again for each session, once: half of what a session takes, a third of a command of `aws`.

Imported in both environments, so it names neither's botocore.
"""

from functools import cache
from types import ModuleType


def remember(hooks: ModuleType) -> None:
    """For all sessions to come. `hooks`: botocore's module of that name, or the one inside the AWS CLI.

    The signature of a handler and the newer name of an event are the same in every session.
    """
    hooks.accepts_kwargs = cache(hooks.accepts_kwargs)
    any_session = hooks.EventAliaser(hooks.HierarchicalEmitter())
    newer_name = cache(any_session._alias_event_name)
    hooks.EventAliaser._alias_event_name = lambda self, event_name: newer_name(event_name)
