"""“Which one for me?”: every combination of answers, given or not, has an answer whose reasons were given."""

from itertools import product

import pytest

from app.flow.lessons.which_scheme import ANSWERS, CredentialScheme, Question, advise

IRSA, POD_IDENTITY = CredentialScheme.IRSA, CredentialScheme.POD_IDENTITY
COMBINATIONS = [
    {question: answer for question, answer in zip(Question, chosen, strict=True) if answer}
    for chosen in product(*((None, *ANSWERS[question]) for question in Question))
]
PREVENTS = {(Question.PLATFORM, "elsewhere"), (Question.NODES, "others"), (Question.SDK, "old")}


def test_every_combination_has_an_answer_and_its_reasons_were_given():
    assert len(COMBINATIONS) == 3 ** len(Question)
    for answers in COMBINATIONS:
        advice, given = advise(answers), set(answers.items())
        assert advice.scheme in (IRSA, POD_IDENTITY)
        assert {*advice.reasons, *advice.costs} <= given
        assert not set(advice.reasons) & set(advice.costs)
        assert not set(advice.undecided) & set(answers)
        assert (advice.scheme is IRSA) is bool(given & PREVENTS)


def test_whatever_is_left_open_does_not_change_a_settled_answer():
    for answers in COMBINATIONS:
        advice = advise(answers)
        left = [question for question in Question if question not in answers]
        outcomes = {
            advise({**answers, **dict(zip(left, chosen, strict=True))}).scheme
            for chosen in product(*(ANSWERS[question] for question in left))
        }
        assert outcomes == ({IRSA, POD_IDENTITY} if advice.undecided else {advice.scheme}), answers


def test_irsa_says_what_one_does_without():
    advice = advise({Question.NODES: "others", Question.CLUSTERS: "many", Question.TAGS: "yes"})
    assert advice.scheme is IRSA
    assert advice.reasons == ((Question.NODES, "others"),)
    assert advice.costs == ((Question.CLUSTERS, "many"), (Question.TAGS, "yes"))


def test_what_makes_no_difference_is_no_reason():
    assert advise({Question.CLUSTERS: "few", Question.TAGS: "no"}).reasons == ()


def test_an_answer_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"nodes: got 'moon', expected one of linux_ec2, others"):
        advise({Question.NODES: "moon"})
