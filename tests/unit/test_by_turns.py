"""What `by_turns` leaves to `make test`: every value of every axis, and no combination is lost for `make test-all`."""

from itertools import product

from tests.by_turns import by_turns


def test_every_value_of_every_axis_is_kept_and_every_combination_is_there():
    axes = (("a", "b", "c"), ("x", "y"), (1, 2, 3, 4, 5))
    cases = by_turns(*axes)
    assert sorted(case.values for case in cases) == sorted(product(*axes))
    kept = [case.values for case in cases if not case.marks]
    assert len(kept) == 5
    assert [set(axis) for axis in zip(*kept, strict=True)] == [set(axis) for axis in axes]
    assert all(mark.name == "large" for case in cases for mark in case.marks)
