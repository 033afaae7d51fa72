"""What the products' words say of the step at which a failure shows, and of the one in which its cause lies."""

import pytest

from app.flow.model import Step
from app.flow.product_words import lies_in, shows_in

SKEWED = (
    "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: "
    "The difference between the request time and the current time is too large."
)


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("[Errno 13] Permission denied: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'", Step.TOKEN_MOUNT),
        ("Invalid length for parameter RoleArn, value: 9, valid min length: 20", Step.STS_ASSUME),
        ('Connect timeout on endpoint URL: "https://sts.eu-west-1.amazonaws.com/"', Step.STS_ASSUME),
        ('Connect timeout on endpoint URL: "https://s3.eu-west-1.amazonaws.com/"', Step.ACCESS),
        (SKEWED, Step.ACCESS),
    ],
)
def test_where_it_shows(said, step):
    assert shows_in(said) is step


def test_a_request_of_another_time_is_told_by_the_clock_of_the_node():
    assert lies_in(SKEWED) is Step.TOKEN_MOUNT
    assert (
        lies_in("An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied") is Step.ACCESS
    )
