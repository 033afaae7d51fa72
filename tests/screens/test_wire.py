"""The wire: the order of what is shown, the picture of which party called which, and what the copy buttons hold."""

import re

from app.content import load
from app.flow.model import Exchange
from app.ui.figures.sequence import called, sequence
from app.ui.figures.wire import indented, wire

DRY_RUN = Exchange(
    caller="explorer",
    callee="kube-apiserver",
    method="POST",
    url="https://127.0.0.1:1/k8s/x/api/v1/namespaces/default/pods?dryRun=All",
    status=201,
    started=10.0,
    seconds=0.0042,
)
REVIEW = Exchange(
    caller="kube-apiserver",
    callee="pod-identity-webhook",
    method="POST",
    url="https://h/mutate",
    status=500,
    started=10.1,
)
ASSUME = Exchange(
    caller="explorer",
    callee="sts",
    method="POST",
    url="http://h/",
    request_body="Action=AssumeRole&Version=1",
    status=200,
)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def test_exchanges_are_shown_in_the_order_in_which_they_began():
    html = wire([REVIEW, DRY_RUN], load("en"))
    assert re.findall(r"<b>(\d)</b> ([^<]*)</span>", html.partition('class="exchange"')[2]) == [
        ("1", "IRSA Explorer → API server"),
        ("2", "API server → Pod Identity Webhook"),
    ]


def test_read_out_the_picture_says_which_party_called_which_for_what_and_what_came_back():
    said = words(sequence([DRY_RUN, REVIEW], load("en")))
    assert "IRSA Explorer → API server: 1 POST pods?dryRun=All 201 · 4.2 ms" in said
    assert "API server → Pod Identity Webhook: 2 POST mutate ✕ 500" in said


def test_no_answer_is_shown_as_such():
    silent = Exchange(caller="sts", callee="issuer", method="GET", url="https://h/keys", error="refused")
    html = sequence([silent], load("ja"))
    assert f"✕ {load('ja').message('ui.wire_no_answer')}" in html
    assert 'class="failed"' in html


def test_an_arrow_reaches_from_its_caller_to_its_callee():
    back = Exchange(caller="pod-identity-webhook", callee="explorer", method="GET", url="https://h/", status=200)
    html = sequence([DRY_RUN, REVIEW, back], load("en"))
    assert re.findall(r'class="arrow (\w*)" style="left:([\d.]*)%;width:([\d.]*)%"', html) == [
        ("", "16.6667", "33.3333"),
        ("", "50.0000", "33.3333"),
        ("back", "16.6667", "66.6667"),
    ]


def test_the_words_stand_where_there_is_room():
    html = sequence([DRY_RUN, REVIEW], load("en"))
    assert re.findall(r'class="words (\w*)" style="left:([\d.]*)%;right:([\d.]*)%"', html) == [
        ("", "16.6667", "0.0000"),
        ("from_right", "0.0000", "16.6667"),
    ]


def test_calls_are_named_shortly():
    assert called(ASSUME) == "AssumeRole"
    executed = Exchange(
        caller="a", callee="b", method="GET", url="https://h/pods/p/exec?command=ls&command=-la&stdout=true"
    )
    assert called(executed) == "GET exec ls -la"
    assert called(Exchange(caller="a", callee="b", method="GET", url="http://[::1/")) == "GET"
    assert len(called(Exchange(caller="a", callee="b", method="GET", url=f"http://h/{'word-' * 40}"))) <= 40


def test_address_and_bodies_can_be_copied_as_they_were_recorded():
    copied = re.findall(r'data-copy="([^"]*)"', wire([ASSUME], load("en")))
    assert copied == ["http://h/", "Action=AssumeRole&amp;Version=1"]


def test_xml_without_end_is_not_indented_without_end():
    assert indented("<a>x</a>") == "<a>x</a>"
    assert indented("<a><b>x</b></a>") == "<a>\n  <b>x</b>\n</a>"
    assert len(indented("<a>" * 3000)) < 3000 * 50
