"""How hypothesis searches: in `make test` as far as minutes allow, in `make test-all` as far as each test wants."""

import os

from hypothesis import HealthCheck, settings

_SHARES = {"quick": 0.1, "test": 0.1, "all": 1.0}
"""By profile (`--hypothesis-profile`): of the examples that a test wants, how many it gets."""
_FEWEST = 10
_PLAIN = {"quick": _FEWEST, "test": 20, "all": 100}
"""By profile: the examples of a test that names no number, as its examples cost next to nothing."""


def load_profiles() -> None:
    """Registers the profiles and loads the one of `make test`; pytest's option loads another one after it.

    No deadline: a shared two-core machine makes any example slow now and then. CI derives its examples from the test's
    own code, so that a red run can be repeated; a developer's machine keeps searching.
    """
    in_ci = {"derandomize": True, "database": None} if os.environ.get("CI") == "true" else {}
    for name, plain in _PLAIN.items():
        settings.register_profile(
            name, max_examples=plain, deadline=None, suppress_health_check=[HealthCheck.too_slow], **in_ci
        )
    settings.load_profile("test")


def examples(wanted: int) -> int:
    """The number for `max_examples` of a test that wants so many, in the profile that is loaded."""
    share = _SHARES[settings.get_current_profile_name()]
    return min(wanted, max(_FEWEST, round(wanted * share)))
