"""Evidence of steps 1 and 6: what agrees, what differs, and which statement decides."""

import re
from dataclasses import asdict
from html import unescape

from app.content import load
from app.flow.model import Step
from app.flow.permissions import evaluate_permissions
from app.flow.permissions.asked import LIST_BUCKETS
from app.flow.steps.walk import walk
from app.ui.step.evidence import BELOW_CHECKS, VIEWS
from tests.unit.fake_ports import ISSUER, SUBJECT, Fakes

EN = load("en")


def drawn(step, fakes):
    found = walk(fakes.ports(), SUBJECT)
    below = BELOW_CHECKS[step](found, EN) if step in BELOW_CHECKS else ""
    return below + VIEWS[step].evidence(found.report(step), EN)


def places(fakes):
    """The class and the words of each of the three places that name the issuer."""
    below = BELOW_CHECKS[Step.OIDC_PROVIDER](walk(fakes.ports(), SUBJECT), EN)  # beside the rest, which is as long
    html = below.partition('<ol class="addresses">')[2].partition("</ol>")[0]
    return re.findall(r'<li class="(\w*)">(.*?)</li>', html)


def test_three_places_name_the_issuer_letter_by_letter():
    (cluster, inside), (public, _), (iam, record) = places(Fakes())
    assert (cluster, public, iam) == ("", "passed", "passed")
    assert EN.message("issuer.keys.cluster") in unescape(inside)
    assert "without" in record


def test_a_slash_more_is_another_issuer():
    fakes = Fakes()
    fakes.discovery["issuer"] = f"{ISSUER}/"
    status, words = places(fakes)[1]
    assert status == "failed"
    assert "✕" in words
    assert EN.message("issuer.likeness.differs") in unescape(words)


def test_without_a_provider_the_third_place_says_that_nothing_is_there():
    status, words = places(Fakes(providers=[]))[2]
    assert status == "failed"
    assert EN.message("issuer.likeness.missing") in words


def test_a_name_that_kube_apiserver_gave_is_worked_out():
    html = re.sub(r"</?code>", "`", drawn(Step.OIDC_PROVIDER, Fakes()))
    assert EN.message("issuer.named") in html
    assert 'class="stages"' in html


def test_a_name_of_eks_is_looked_up_and_not_worked_out():
    fakes = Fakes()
    fakes.jwks["keys"][0]["kid"] = "45fcc2bf6e85be963978f53fedfefbf55a34cbd2"
    html = drawn(Step.OIDC_PROVIDER, fakes).replace("<wbr>", "")
    assert f"{ISSUER}/keys" in html
    assert EN.message("issuer.named_otherwise", url=f"{ISSUER}/keys").partition("`")[0] in unescape(html)
    assert 'class="stages"' not in html


def test_an_arn_is_read_part_by_part():
    html = drawn(Step.ACCESS, Fakes())
    for part in ("account", "role", "session"):
        assert EN.message(f"access.parts.{part}").replace("'", "&#x27;") in html


def test_an_arn_of_another_kind_is_shown_as_it_came():
    html = drawn(Step.ACCESS, Fakes(identity={"Arn": "arn:aws:iam::111122223333:user/alice"}))
    assert "arn-parts" not in html
    assert "alice" in html


def decided(*statements):
    """The drawing of a decision about the action of the walk."""
    decision = evaluate_permissions(
        [("mine", {"Version": "2012-10-17", "Statement": list(statements)})],
        action=LIST_BUCKETS,
        resource="arn:aws:s3:::*",
        keys={"aws:RequestedRegion": "eu-west-1"},
    )
    report = walk(Fakes().ports(), SUBJECT).report(Step.ACCESS)
    evidence = {
        "permission_decision": {
            "action": LIST_BUCKETS,
            "allowed": decision.allowed,
            "reason": decision.reason,
            "trace": [asdict(entry) for entry in decision.trace],
        }
    }
    return VIEWS[Step.ACCESS].evidence(type(report)(step=report.step, checks=report.checks, evidence=evidence), EN)


def test_each_statement_says_whether_it_applies_and_all_of_them_decide():
    reads = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
    elsewhere = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    }
    html = decided(elsewhere, reads)
    first, second = html.split('<section class="statement">')[1:]
    assert EN.message("access.does_not_apply") in first
    assert "eu-west-1" in first
    assert EN.message("access.applies") in second
    assert re.findall(r'class="hit"><strong><code>(.*?)</code>', second)[0] == "s3:List*"
    assert EN.message("ui.decision_allow") in html


def test_a_deny_overrules_and_nothing_is_no_permission():
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert EN.message("ui.decision_explicit_deny") in decided(allow, allow | {"Effect": "Deny"})
    assert EN.message("ui.decision_implicit_deny") in decided(allow | {"Action": "ec2:*"})
