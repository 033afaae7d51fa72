"""The doctor against the table of cases: every row is made on a real API server, examined, fixed and examined again.

A file `rows_SUBJECT.py` beside this one holds rows in its `ROWS`; what a row may make is in `cluster.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app.flow.port_wrappers.consent import ALL, NOTHING
from tests.live.doctor_cases.case import Case, predicted, verdict
from tests.live.doctor_cases.cluster import Cluster
from tests.live.eks import Eks

MODULES = [
    importlib.import_module(f"{__package__}.{path.stem}") for path in sorted(Path(__file__).parent.glob("rows_*.py"))
]
OF_A_SUBJECT = 1
"""Rows of a file that `make test` makes."""
OF_AWS = ("rows_fixes", "rows_names", "rows_permissions", "rows_trust")
"""Files of which it makes none: what is wrong there is wrong in AWS, which is the simulated one here as well."""
OF_THE_WEBHOOK = "rows_webhook"
"""As many of this one: `test_webhook_causes_live.py` has the webhook, and has what it left out made good, as well."""
_numbers = count(1)


def rows() -> Iterator[object]:
    """Every row, marked `large` where one before it has the same verdict, and from the second of a subject on.

    `tests/world/test_reproduction.py` has the doctor name each check in the simulated world; fixes are done there by
    kubectl and aws in `test_predictions.py`. Here objects of a real API server are read, of each kind in a row.
    """
    seen: set[tuple[str, str]] = set()
    for module in MODULES:
        taken = OF_A_SUBJECT if module.__name__.endswith((*OF_AWS, OF_THE_WEBHOOK)) else 0
        for case in module.ROWS:
            outcome = (case.allowed, case.fix if case.allowed.startswith("works") else "")
            is_large = outcome in seen or taken >= OF_A_SUBJECT
            taken += not is_large
            yield pytest.param(case, id=case.name.replace(" ", "-"), marks=pytest.mark.large if is_large else ())
            seen.add(outcome)


@pytest.fixture
def cluster(controllers: None, here: Eks, tmp_path: Path, aws_on_path: Path) -> Iterator[Cluster]:
    """The row's part of the real cluster, with the real controllers at work."""
    made = Cluster(here, f"case-{next(_numbers)}", tmp_path, aws_on_path)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("case", [*rows()])
def test_the_doctor(cluster: Cluster, case: Case) -> None:
    case.make(cluster)

    # (1) What it finds.
    assert verdict(cluster.examine(NOTHING)) == case.read_only
    found = cluster.examine(ALL)
    assert verdict(found) == case.allowed
    assert (found.fix.id if found.fix else "") == case.fix

    # (2) What comes of its fix.
    if case.after:
        assert found.fix is not None
        assert predicted(found) in ("", case.after)
        for command in found.fix.commands:
            for word, value in case.fill.items():
                command = command.replace(word, value.format(role_arn=cluster.role_arn, namespace=cluster.namespace))
            cluster.paste(command)
        assert verdict(cluster.examine(ALL)) == case.after
