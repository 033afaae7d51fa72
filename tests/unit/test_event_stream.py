"""The events of a world: numbered, bounded, and said to those who listen."""

from sys import getsizeof

import pytest

from app.flow.model import Step
from app.world.events.stream import KEPT, NAME_LIMIT, EventStream
from app.world.events.tool import Tool, is_this_app, tool_of


def asked(stream, name="my-sa", *, changes=False, learners=True, **facts):
    stream.record(
        **{"tool": "kubectl", "verb": "get", "status": 200, **facts}, name=name, changes=changes, learners=learners
    )


def test_events_are_numbered_and_one_resumes_after_any_of_them():
    stream = EventStream()
    assert stream.after(0) == ()
    for number in range(4):
        asked(stream, str(number), changes=number == 1)
    assert [event.number for event in stream.after(2)] == [3, 4]
    assert stream.after(4) == ()
    assert (stream.number, stream.changed) == (4, 2)


def test_the_newest_are_kept_and_a_page_further_behind_reads_again():
    stream = EventStream()
    for number in range(KEPT + 3):
        asked(stream, str(number))
    assert stream.after(2) is None
    assert len(stream.after(3)) == KEPT
    assert stream.after(KEPT + 4) is None, "of a stream that got further than this one"


def test_listeners_hear_of_each_event_and_of_the_end():
    stream, heard = EventStream(), []
    cancel = stream.listen(lambda: heard.append((stream.number, stream.is_closed)))
    asked(stream)
    stream.close()
    cancel()
    asked(stream)
    assert heard == [(1, False), (1, True)]


def test_what_this_app_brings_about_is_no_event_but_what_the_learner_asks_meanwhile_is():
    stream = EventStream()
    with stream.quiet(), stream.quiet():
        asked(stream, "pod", learners=False)
        asked(stream, "mine")
    asked(stream, "later", learners=False)
    assert [event.name for event in stream.after(0)] == ["mine", "later"]


def test_what_a_page_does_to_the_world_has_the_others_follow_and_says_nothing():
    stream = EventStream()
    with stream.quiet():
        stream.turn()
    (event,) = stream.after(0)
    assert (stream.changed, event.changes) == (1, True)
    assert {event.tool, event.command, event.verb, event.kind, event.name} == {""}


def test_what_a_client_claims_is_cut_and_nothing_in_it_steers_a_page():
    stream = EventStream()
    asked(stream, "a\u202eb\x1b" + "x" * 10_000, step=Step.WEBHOOK)
    (event,) = stream.after(0)
    assert event.document["name"].startswith(r"a\u202eb\x1bxxx")
    assert len(event.name) == NAME_LIMIT
    assert event.document["step"] == 3


def test_the_events_of_a_world_take_less_than_a_mebibyte():
    stream, long = EventStream(), "\U0001f600" * 1000
    for _ in range(KEPT + 1):
        asked(stream, long, tool=long, command=long, verb=long, kind=long, namespace=long, run=long)
    events = stream.after(1)
    texts = [text for event in events for text in event.document.values() if isinstance(text, str)]
    assert len(texts) == 7 * KEPT
    assert sum(map(getsizeof, (*events, *texts))) < 1024 * 1024


KUBECTL = "kubectl/v1.32.3 (linux/amd64) kubernetes/32cc146"
AWS_2 = "aws-cli/2.23.6 md/awscrt#1.0.0 ua/2.0 os/linux#6.18 lang/python#3.13.5 md/prompt#off md/command#s3.ls"
AWS_1 = "aws-cli/1.46.3 md/Botocore#1.43.62 ua/2.1 os/linux#6.18 lang/python#3.13.5 botocore/1.43.62"


@pytest.mark.parametrize(
    ("agent", "others", "tool"),
    [
        (KUBECTL, {"kubectl-command": "kubectl annotate", "kubectl-session": "7-f"}, ("kubectl", "annotate", "7-f")),
        (KUBECTL, {"kubectl-command": "kubectl create serviceaccount"}, ("kubectl", "create serviceaccount", "")),
        (KUBECTL, {}, ("kubectl", "", "")),
        (KUBECTL, {"kubectl-command": "kubectl <b>", "kubectl-session": "7-f"}, ("kubectl", "", "")),
        (KUBECTL, {"kubectl-command": "rm -rf"}, ("kubectl", "", "")),
        (AWS_2, {}, ("aws", "s3 ls", "")),
        (AWS_1, {}, ("aws", "", "")),
        ("aws-cli/1.27 Python/3.11 Linux/6 botocore/1.29 command/sts.get-caller-identity", {}, None),
        ("Boto3/1.43.62 md/Botocore#1.43.62 ua/2.1 os/linux#6.18", {}, ("boto3", "", "")),
        ("aws-sdk-js/3.900.0 ua/2.1 os/linux lang/js", {}, ("aws-sdk-js", "", "")),
        ("OpenAPI-Generator/35.0.0/python", {}, ("kubernetes-client", "", "")),
        ("node-fetch", {}, ("node-fetch", "", "")),
        ("x" * 300 + "/1", {}, ("x" * 40, "", "")),
        ("<script>/1", {}, ("", "", "")),
        ("", {}, ("", "", "")),
    ],
)
def test_which_tool_it_was(agent, others, tool):
    expected = tool or ("aws", "sts get-caller-identity", "")
    assert tool_of({"user-agent": agent, **others}) == Tool(name=expected[0], command=expected[1], run=expected[2])


@pytest.mark.parametrize(
    ("agent", "ours"),
    [
        ("irsa-explorer/1.0", True),
        ("irsa-explorer", True),
        ("Boto3/1.43 md/Botocore#1.43 app/irsa-explorer", True),
        ("irsa-explorer-two/1", False),
        ("kubectl/v1.32 app/other", False),
        ("", False),
    ],
)
def test_whether_this_app_asked(agent, ours):
    assert is_this_app({"user-agent": agent}) is ours
