"""Names that no object can have are refused before anybody is asked, by the API server's own rules."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.flow.model import Subject
from app.flow.object_names import NotAName, check_name, check_names, check_namespace
from app.world.apiserver.types.names import label_errors, subdomain_errors

NAMES = st.text(st.sampled_from("ab1.-_A/é\n"), min_size=1, max_size=6)


def refused(check, *arguments):
    try:
        check(*arguments)
    except NotAName:
        return True
    return False


@given(NAMES)
@example("a" * 253)
@example("a" * 254)
@example("a..b")
@example("a.-b")
@example("a\n")
def test_a_name_is_refused_where_the_api_server_would(name):
    assert refused(check_name, "Pod", name) == bool(subdomain_errors(name))


@given(NAMES)
@example("a" * 63)
@example("a" * 64)
@example("a.b")
def test_a_namespace_is_refused_where_the_api_server_would(name):
    assert refused(check_namespace, name) == bool(label_errors(name))


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (Subject(namespace="a/b", service_account="", pod=""), ("not_a_namespace_name", "Namespace", "a/b")),
        (Subject(namespace="", service_account="A", pod=""), ("not_a_name", "ServiceAccount", "A")),
        (Subject(namespace="", service_account="a", pod="B"), ("not_a_name", "Pod", "B")),
    ],
)
def test_the_error_says_which_name_it_is(subject, said):
    with pytest.raises(NotAName) as error:
        check_names(subject)
    assert (error.value.words, error.value.operation, error.value.got) == said


def test_what_is_left_out_is_no_wrong_name():
    check_names(Subject(namespace="", service_account="", pod=""))
