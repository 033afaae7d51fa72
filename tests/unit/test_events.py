"""Beats of exchanges alone: what they show, in which order, and whose they are."""

import base64
import json
from dataclasses import replace

import pytest

from app.flow.film import End, Seen, attempt, events
from app.flow.model import Exchange

POD = {"metadata": {"name": "pod-after", "uid": "uid-1"}, "status": {"podIP": "10.0.0.7"}}
CLAIMS = {"iss": "https://issuer", "sub": "system:serviceaccount:default:my-sa", "aud": ["sts.amazonaws.com"]}
ISSUED = (
    "<R><Credentials><AccessKeyId>ASIAEXAMPLEKEY12</AccessKeyId><Expiration>2026-01-01T01:00:00Z</Expiration>"
    "</Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/s3-reader/thief</Arn>"
    "</AssumedRoleUser></R>"
)
REFUSED = "<R><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></R>"


def token(**changed):
    parts = ({"alg": "RS256"}, {**CLAIMS, "iat": 0, "exp": 86400, **changed})
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{'.'.join(coded)}.masked"


def token_request(uid="uid-1", audience="sts.amazonaws.com", status=201, started=1.0):
    spec = {"audiences": [audience], "expirationSeconds": 86400, "boundObjectRef": {"name": "pod-after", "uid": uid}}
    answer = {"status": {"token": token(aud=[audience])}} if status < 400 else {"message": "no such Pod"}
    return Exchange(
        caller="kubelet", callee="kube-apiserver", method="POST", url="https://api/serviceaccounts/my-sa/token",
        request_body=json.dumps({"spec": spec}), status=status, response_body=json.dumps(answer), started=started,
        seconds=0.1,
    )  # fmt: skip


def assume(caller="pod", source="10.0.0.7", status=200, body=ISSUED, started=2.0, **changed):
    role = "arn:aws:iam::111122223333:role/s3-reader"
    sent = f"Action=AssumeRoleWithWebIdentity&RoleArn={role}&WebIdentityToken={token(**changed)}"
    return Exchange(
        caller=caller, callee="sts", method="POST", url="https://sts/", request_body=sent, status=status,
        response_body=body, started=started, seconds=0.5, source=source,
    )  # fmt: skip


def fetched(path, started):
    return Exchange(
        caller="sts", callee="issuer", method="GET", url=f"https://issuer{path}", started=started, status=200
    )


def test_a_renewed_token_is_a_request_and_a_token():
    request, given = events([token_request()], POD)
    assert (request.id, request.tail, request.head) == ("token_request", "kubelet", "api_server")
    assert request.seen is Seen.HEARD
    assert dict(given.rows) == {**CLAIMS, "aud": "sts.amazonaws.com", "exp": "24 h"}


@pytest.mark.parametrize("other", [{"uid": "uid-2"}, {"audience": "https://kubernetes.default.svc"}])
def test_tokens_of_other_pods_and_for_other_audiences_are_no_part_of_it(other):
    assert events([token_request(**other)], POD) == ()


def test_what_another_pod_sends_is_no_part_of_it():
    assert events([assume(source="10.0.0.8")], POD) == ()


def test_what_sts_asks_comes_between_the_request_and_its_answer():
    exchanges = [fetched("/keys", 2.3), assume(), fetched("/.well-known/openid-configuration", 2.1)]
    assert [beat.id for beat in events(exchanges, POD)] == ["assume", "discovery", "keys", "credentials"]


def test_what_sts_asked_for_another_request_is_not_shown():
    assert [beat.id for beat in events([assume(), fetched("/keys", 9.0)], POD)] == ["assume", "credentials"]


def test_what_happens_again_has_an_id_of_its_own():
    beats = events([token_request(started=5.0), token_request(started=1.0)], POD)
    assert [beat.id for beat in beats] == ["token_request", "token", "token_request.2", "token.2"]
    assert [beat.cue for beat in beats] == ["token_request", "token"] * 2


def test_a_refusal_ends_its_own_exchange_and_not_the_film():
    refused, *others = events([assume(status=400, body=REFUSED), token_request(started=9.0)], POD)
    assert (refused.id, refused.end, refused.arrivals) == ("assume", End.REFUSED, ())
    assert refused.words == "ExpiredTokenException: Token expired"
    assert [beat.id for beat in others] == ["token_request", "token"]


def test_no_answer_and_one_of_kubernetes_are_refusals_in_their_own_words():
    (silent,) = events([replace(assume(status=0, body=""), error="connection refused")], POD)
    assert (silent.end, silent.words) == (End.REFUSED, "connection refused")
    (refused,) = events([token_request(status=404)], POD)
    assert (refused.end, refused.words) == (End.REFUSED, "404 no such Pod")


def test_without_a_pod_only_what_the_app_sent_is_left():
    assert [beat.seen for beat in events([token_request(), assume(), assume(caller="explorer")], None)] == [
        Seen.ASKED,
        Seen.ASKED,
    ]


def test_an_attempt_says_what_the_door_said():
    beat = attempt("sts", assume(caller="explorer"))
    assert (beat.end, beat.tail, beat.head, beat.words) == (End.LET_IN, "thief", "sts", "")
    assert beat.values["role"] == "s3-reader"
    assert [arrival.id for arrival in beat.arrivals] == ["stolen_credentials"]
    refused = attempt("new", assume(caller="explorer", status=400, body=REFUSED), number=3)
    assert (refused.id, refused.cue, refused.end) == ("new.3", "new", End.REFUSED)
    assert refused.words == "ExpiredTokenException: Token expired"
    assert refused.arrivals == ()


def test_an_attempt_shows_the_token_that_it_sent():
    beat = attempt("other_token", assume(caller="explorer", aud=["https://kubernetes.default.svc"]))
    assert dict(beat.rows)["aud"] == beat.values["aud"] == "https://kubernetes.default.svc"


def test_the_copy_shows_the_token_that_was_read():
    read = Exchange(caller="explorer", callee="kube-apiserver", method="GET", url="/exec?command=cat", status=101,
                    response_body=f'{token()}\n{{"status": "Success"}}')  # fmt: skip
    beat = attempt("copy", read)
    assert (beat.tail, beat.head, beat.end) == ("pod", "thief", End.LET_IN)
    assert dict(beat.rows)["sub"] == CLAIMS["sub"]


def test_an_unknown_attempt_is_an_error():
    with pytest.raises(KeyError):
        attempt("window", assume())
