"""Evidence from servers that lie: whatever shape it has, it is drawn or left out, and it is never markup."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.content import load
from app.flow.model import Check, Exchange, Status, Step, StepReport, Subject, Walk
from app.flow.steps.walk import STEPS
from app.ui.draw.checks import checks, outcome
from app.ui.figures.wire import wire
from app.ui.step.evidence import VIEWS
from app.ui.step.evidence.parts import Pair, decision
from app.ui.text import escape
from tests.examples import examples
from tests.screens.test_text import Balanced

CHECKS = {step: module.CHECKS for step, module in zip(Step, STEPS, strict=True)}
NAMES = {
    Step.OIDC_PROVIDER: ("discovery", "jwks", "cluster_discovery", "provider", "thumbprint"),
    Step.SERVICE_ACCOUNT: ("service_account", "role", "trust_policy", "trust_decision"),
    Step.WEBHOOK: ("configuration", "pod_before", "pod_after", "admission_review", "environment"),
    Step.TOKEN_MOUNT: ("files", "token", "jwk", "other_token", "verification"),
    Step.STS_ASSUME: ("request", "answer", "claims"),
    Step.ACCESS: ("identity", "buckets", "policies", "permission_decision"),
}
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
KEYS = st.sampled_from(
    "issuer jwks_uri keys kid Url ClientIDList metadata name namespace annotations spec containers env volumes "
    "volumeMounts projected sources trace matched wanted got statement claims parts compact header fields Statement "
    "key signature algorithm passed expected "
    "document request response patch Arn Credentials AssumedRoleUser exp iat kubernetes.io".split()
)
TEXT = st.text(max_size=12) | st.just("<script>alert(1)</script>") | st.just("'\"><img src=x>")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXT, inner, max_size=5),
    max_leaves=20,
)


@st.composite
def reports(draw, step):
    found = tuple(
        Check(
            id=check_id,
            status=draw(st.sampled_from(Status)),
            got=draw(TEXT),
            expected=draw(TEXT),
            where=draw(TEXT),
            reason=draw(st.sampled_from(["", "earlier_step", "no_permission"])),
            error=draw(TEXT),
        )
        for check_id in CHECKS[step]
    )
    evidence = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[step], JUNK)))
    exchanges = draw(
        st.lists(
            st.builds(
                Exchange,
                caller=TEXT,
                callee=TEXT,
                method=TEXT,
                url=TEXT,
                request_headers=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
                request_body=TEXT | st.sampled_from(["[" * 5000, "<a><b>", "a=b&c=%zz", "{", "null"]),
                status=st.integers(0, 599),
                response_body=TEXT,
                error=TEXT,
            ),
            max_size=2,
        )
    )
    return StepReport(step=step, checks=found, evidence=evidence, exchanges=tuple(exchanges))


@pytest.mark.parametrize("step", list(Step))
@settings(max_examples=examples(100))
@given(data=st.data())
def test_any_report_is_drawn_without_a_fall_and_without_foreign_markup(step, data):
    report, content = data.draw(reports(step)), load("en")
    html = "".join(
        [
            VIEWS[step].evidence(report, content),
            checks(report, SUBJECT, content),
            outcome(report, Walk(subject=SUBJECT, reports=(report,)), content, VIEWS[step].facts(report, content)),
            wire(report.exchanges, content),
        ]
    )
    assert "<script" not in html
    assert "<img" not in html
    Balanced(re.sub(r"<br>|<wbr>", "", html))


def test_what_follows_the_first_sentence_of_an_outcome_stands_beside_it_as_the_language_has_it():
    found = Check(id="access.list_buckets", status=Status.UNKNOWN, reason="answer_too_large")
    report, content = StepReport(step=Step.ACCESS, checks=(found,), evidence={}, exchanges=()), load("ja")
    html = outcome(report, Walk(subject=SUBJECT, reports=(report,)), content, []).replace("\u00a0", " ")
    assert f"。{content.message('reasons.answer_too_large')}" in html


def pair(left: str, right: str, status: Status = Status.PASSED) -> Pair:
    return Pair(left="iss", left_value=left, right="Url", right_value=right, status=status)


def test_only_what_is_the_same_letter_by_letter_is_called_equal():
    assert pair("a", "a").sign[0] == "="
    assert pair("https://a/id/B", "a/id/B").sign[0] == "✓"
    assert pair("a", "b", Status.FAILED).sign[0] == "≠"
    assert pair("a", "b", Status.UNKNOWN).sign[0] == "?"


@pytest.mark.parametrize("step", [Step.SERVICE_ACCOUNT, Step.STS_ASSUME])
def test_the_trust_policy_stands_open_once_where_the_matcher_shows_it(screen, step):
    shown, title = screen(lang="en").open(step), escape(load("en").message("evidence.trust_policy.title"))
    assert "Principal" in shown.data(f"matcher_{'to_come' if step is Step.SERVICE_ACCOUNT else 'mounted'}")["drawing"]
    assert f"<h3>{title}</h3>" not in shown.html(f"found_{step}")


def test_the_trust_policy_stands_open_where_there_is_nothing_to_match_it_with():
    title = escape(load("en").message("evidence.trust_policy.title"))
    evidence = {"trust_policy": {"Version": "2012-10-17", "Statement": []}}
    report = StepReport(step=Step.SERVICE_ACCOUNT, checks=(), evidence=evidence, exchanges=())
    assert f"<h3>{title}</h3>" in VIEWS[Step.SERVICE_ACCOUNT].evidence(report, load("en"))


def test_a_comparison_of_a_policy_says_which_value_is_which_where_columns_have_no_room():
    html = decision(load("en"), {"trace": [{"element": "Action", "wanted": "sts:A", "got": "sts:B"}]})
    assert re.findall(r'<span class="of">(.*?)</span>.*?sts:(.)', html) == [("Expected", "A"), ("Got", "B")]
