"""Token buckets by an injected clock: what is charged, how long one waits, what comes back."""

import pytest

from app.serving.budget import Buckets, PaceBucket, Quota, TokenBucket, has_share


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def test_a_bucket_serves_until_it_is_empty_and_says_how_long_to_wait(clock):
    bucket = TokenBucket(capacity=10, rate=0.5, now=clock)
    bucket.take(9)
    assert bucket.wait() == 0
    bucket.take(3)
    assert bucket.wait() == pytest.approx(4)
    clock.time = 3.9
    assert bucket.wait() > 0
    clock.time = 4.1
    assert bucket.wait() == 0
    clock.time = 1000
    assert bucket.level() == 10


def test_an_exactly_empty_bucket_is_waited_for(clock):
    bucket = TokenBucket(capacity=1, rate=1, now=clock)
    bucket.take(1)
    assert bucket.wait() > 0


def test_no_wait_is_longer_than_the_capacity_takes_to_come_back(clock):
    bucket = TokenBucket(capacity=10, rate=0.1, now=clock)
    for _ in range(100):
        bucket.take(50)
    assert bucket.wait() == pytest.approx(100)


def test_what_is_kept_back_is_refused_earlier(clock):
    bucket = TokenBucket(capacity=10, rate=1, now=clock)
    bucket.take(9.5)
    assert (bucket.wait(), bucket.wait(1.0)) == (0, pytest.approx(0.5))


def test_all_buckets_pay_and_the_emptiest_decides(clock):
    small, large = (TokenBucket(capacity=size, rate=1, now=clock) for size in (1, 100))
    quota = Quota(small, large)
    quota.take(1.5)
    assert (small.level(), large.level()) == (-0.5, 98.5)
    assert quota.wait() == pytest.approx(0.5)


def test_each_name_has_its_own_bucket_and_the_longest_unused_is_forgotten(clock):
    buckets = Buckets(TokenBucket, capacity=1, rate=1, limit=2, now=clock)
    buckets.of("a").take(1)
    buckets.of("b").take(1)
    assert buckets.of("a").level() == 0
    buckets.of("c")
    assert buckets.of("a").level() == 0
    assert buckets.of("b").level() == 1


def test_a_pace_lets_its_user_rest_and_refuses_nothing(clock):
    pace = PaceBucket(capacity=1, rate=0.5, now=clock)
    quota = Quota(TokenBucket(capacity=10, rate=1, now=clock), pace)
    quota.take(1.5)
    assert quota.wait() == 0
    assert pace.rest() == pytest.approx(1)
    clock.time = 1.1
    assert pace.rest() == 0


@pytest.mark.parametrize(
    ("share", "expected"), [(50, [50, 25, 13, 6]), (75, [75, 19, 5, 1]), (100, [100, 0, 0, 0])], ids=str
)
def test_each_who_takes_all_that_they_may_leaves_the_next_ones_a_part(share, expected):
    held = [0, 0, 0, 0]
    for one in range(4):
        while has_share(held[one], sum(held), 100, share):
            held[one] += 1
    assert held == expected
