"""Tokens that are sent beside the walk, against fake ports: what goes out, and that nothing secret comes back."""

from dataclasses import replace

import pytest

from app.flow.errors import Refused
from app.flow.model import Status
from app.flow.names import API_TOKEN
from app.flow.ports import Execution
from app.flow.redaction import MASK
from app.flow.steps.submission import Submission, read_claims, submit_api_token, submit_changed
from app.flow.tokens.tampering import NotACharacter, place_in
from tests.unit.fake_ports import SUBJECT, FakeAws, Fakes, token


class Listening(FakeAws):
    """Keeps the tokens that STS is sent."""

    def assume_role_with_web_identity(self, role_arn, session_name, token):
        self._fakes.sent = token
        return super().assume_role_with_web_identity(role_arn, session_name, token)


def ports(fakes):
    return replace(fakes.ports(), aws=Listening(fakes))


def first_failed(submission):
    return next(check.id for check in submission.report.checks if check.status is Status.FAILED)


REFUSAL = Refused(code="InvalidIdentityToken", server_message="The token could not be validated.", status=400)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("alg", "sts.key"),
        ("kid", "sts.key"),
        ("aud", "sts.audience"),
        ("iss", "sts.provider"),
        ("sub", "sts.signature"),
    ],
)
def test_what_fails_first_depends_on_what_was_hit(name, check):
    fakes = Fakes(errors={"assume_role": REFUSAL})
    index = place_in(fakes.token, name)
    found = submit_changed(ports(fakes), SUBJECT, index)
    assert found.change.name == name
    assert first_failed(found) == check
    assert found.report.checks[-1].error == REFUSAL.server_message
    assert [at for at in range(len(fakes.token)) if fakes.token[at] != fakes.sent[at]] == [index]


def test_what_is_no_jwt_any_more_is_sent_all_the_same():
    fakes = Fakes(errors={"assume_role": REFUSAL})
    found = submit_changed(ports(fakes), SUBJECT, 0)
    assert not found.change.readable
    assert first_failed(found) == "sts.format"
    assert fakes.sent[1:] == fakes.token[1:]


@pytest.mark.parametrize("index", [0, 1, 2, 40, 200, -1, -100])
def test_no_part_of_the_signature_comes_back(index):
    fakes = Fakes(errors={"assume_role": REFUSAL})
    found = submit_changed(ports(fakes), SUBJECT, index % len(fakes.token))
    signature = fakes.token.rpartition(".")[2]
    written = repr(found)
    assert not [at for at in range(len(signature) - 8) if signature[at : at + 8] in written]


def test_a_dot_is_no_choice():
    fakes = Fakes()
    with pytest.raises(NotACharacter):
        submit_changed(ports(fakes), SUBJECT, fakes.token.index("."))
    assert not hasattr(fakes, "sent")


def test_the_other_token_is_for_somebody_else():
    other = token(aud=["https://kubernetes.default.svc"])
    fakes = Fakes(errors={"assume_role": REFUSAL})
    fakes.files[f"cat {API_TOKEN}"] = Execution(stdout=other, stderr="", exit_code=0)
    found = submit_api_token(ports(fakes), SUBJECT)
    assert fakes.sent == other
    assert first_failed(found) == "sts.audience"
    assert found.compact == f"{other.rpartition('.')[0]}.{MASK}"


def test_a_pod_without_tokens_says_so():
    assert submit_changed(ports(Fakes(errors={"pod": REFUSAL})), SUBJECT, 0).unread == REFUSAL.server_message
    assert submit_changed(ports(Fakes(pod={"spec": {}})), SUBJECT, 0) == Submission()
    assert "No such file" in submit_api_token(ports(Fakes()), SUBJECT).unread


def test_what_is_no_token_is_no_servers_words():
    junk = ports(Fakes(token="junk"))
    for found in submit_changed(junk, SUBJECT, 0), read_claims(junk, SUBJECT):
        assert found.unread == ""
        assert (found.malformed.id, found.malformed.status) == ("token.format", Status.FAILED)
        assert (found.malformed.got, found.malformed.expected) == ("1", "3")
