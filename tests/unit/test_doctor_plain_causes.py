"""The first lines say what is wrong and what to do, also where the usual sentence for the check would not be true."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.annotations import AUDIENCE
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotFound, Refused
from app.flow.model import Status, Step
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.port_wrappers.known_issuer import EksCluster, knowing_issuer
from app.flow.steps.findings import OTHER_ACCOUNT, ROLE_UNKNOWN
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from tests.unit.fake_ports import ACCOUNT, HOST, PROVIDER, ROLE, SUB, SUBJECT, Fakes, trust_policy
from tests.unit.test_application import GENERIC, printed
from tests.unit.test_cli_doctor import NOT_AUTHORIZED
from tests.unit.test_doctor import annotated, bare, healthy
from tests.unit.test_doctor_causes import with_audience

both = pytest.mark.parametrize("language", LANGUAGES)


def read(fakes: Fakes) -> Diagnosis:
    return examine(consented(fakes.ports(), NOTHING), SUBJECT)


@both
@pytest.mark.parametrize("prefix", [f"https://{HOST}", HOST[:-4] + "ABCD"])
def test_a_condition_under_a_key_that_no_token_has_is_no_other_value(language: str, prefix: str) -> None:
    fakes, words = healthy(), load(language)
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{prefix}:sub": SUB})
    wanted = words.message("doctor.causes.condition_key")
    assert verdict_words.cause(read(fakes), words).startswith(wanted)
    fakes.errors["assume_role"] = Refused(code="AccessDenied", server_message=NOT_AUTHORIZED, status=403)
    found = examine(fakes.ports(), SUBJECT)
    assert verdict_words.cause(found, words).startswith(wanted)
    assert verdict_words.meanings(found, words)[0][1] == [wanted]


@both
@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda policy: policy["Statement"].append({**policy["Statement"][0], "Effect": "Deny"}), "deny_matches"),
        (lambda policy: policy["Statement"][0]["Condition"].update(Bool={f"{HOST}:none": "true"}), "other_condition"),
        (
            lambda policy: policy["Statement"][0]["Condition"].update(StringLike={"sts:ExternalId": "x"}),
            "other_condition",
        ),
        (
            lambda policy: policy["Statement"][0]["Condition"].update(Bool={"aws:MultiFactorAuthPresent": "true"}),
            "other_condition",
        ),
    ],
    ids=["a Deny", "another key of the issuer", "an external ID", "MFA"],
)
def test_a_policy_that_refuses_as_a_whole_does_so_for_one_reason(language: str, change: Any, key: str) -> None:
    fakes, words = healthy(), load(language)
    policy = fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    change(policy)
    found = read(fakes)
    assert found.verdict.check is not None
    assert found.verdict.check.id == "trust.decision"
    assert verdict_words.cause(found, words).startswith(words.message(f"doctor.causes.{key}"))


def test_a_policy_that_asks_for_mfa_where_it_can_be_lets_a_pod_in() -> None:
    fakes = healthy()
    policy = fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    policy["Statement"][0]["Condition"]["BoolIfExists"] = {"aws:MultiFactorAuthPresent": "true"}
    assert read(fakes).walk.report(Step.SERVICE_ACCOUNT).check("trust.decision").status is Status.PASSED


@pytest.mark.parametrize("key", [HOST, "sts:ExternalId"], ids=["an issuer without `:sub`", "an external ID"])
def test_a_condition_on_something_else_is_named(key: str) -> None:
    fakes = healthy()
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={key: SUB, f"{HOST}:aud": "sts.amazonaws.com"})
    shown = read(fakes).walk.report(Step.SERVICE_ACCOUNT).check("trust.decision")
    assert (shown.status, shown.where) == (Status.FAILED, f"Role s3-reader AssumeRolePolicyDocument Condition {key}")


@both
def test_a_trust_policy_that_has_ended_is_known_by_the_clock(language: str) -> None:
    """Where it has not ended, nothing is open. A condition on who calls stays open, and is shown beside a refusal."""
    fakes, words = healthy(), load(language)
    policy = fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    conditions = policy["Statement"][0]["Condition"]
    conditions["DateLessThan"] = {"aws:CurrentTime": "2099-01-01T00:00:00Z"}
    conditions["Bool"] = {"aws:SecureTransport": "true"}
    assert read(fakes).walk.report(Step.SERVICE_ACCOUNT).check("trust.decision").status is Status.PASSED

    conditions["DateLessThan"] = {"aws:CurrentTime": "2026-01-01T00:00:00Z"}
    found = read(fakes)
    assert found.verdict.check is not None
    assert found.fix is not None
    assert (found.verdict.check.id, found.verdict.check.reason, found.fix.id, found.fix.change) == (
        *("trust.decision", "of_time", "time_condition", None),
    )
    assert found.verdict.check.expected == "DateLessThan aws:CurrentTime 2026-01-01T00:00:00Z"
    scope = found.walk.report(Step.SERVICE_ACCOUNT).check("trust.scope")
    assert scope.where == "Role s3-reader AssumeRolePolicyDocument"

    del conditions["DateLessThan"]
    policy["Statement"].append({**policy["Statement"][0], "Effect": "Deny"})
    policy["Statement"][1]["Condition"] = {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
    denied = read(fakes)
    assert denied.fix is not None
    assert (denied.verdict.check and denied.verdict.check.got, denied.fix.id) == ("explicit-deny", "remove_deny")

    del policy["Statement"][1]
    conditions["StringLike"] = {"sts:RoleSessionName": "web-*"}
    printed(fakes, NOT_AUTHORIZED)
    shown = words.message("doctor.causes.request_condition", conditions="StringLike sts:RoleSessionName web-*")
    assert shown in verdict_words.cause(examine(consented(fakes.ports(), ALL - {Action.EXCHANGE}), SUBJECT), words)


@both
def test_of_two_causes_the_sentence_is_about_the_one_whose_evidence_follows(language: str) -> None:
    """STS reports the provider that does not know the audience; the verdict begins with the trust policy."""
    fakes, words = healthy(), load(language)
    fakes.service_account["metadata"]["annotations"][AUDIENCE] = "https://sts.amazonaws.com"
    with_audience(fakes, "https://sts.amazonaws.com")
    fakes.errors["assume_role"] = Refused(code="InvalidIdentityToken", server_message=GENERIC, status=400)
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.remaining) == ("trust.audience", ("audience_not_accepted",))
    assert verdict_words.cause(found, words).startswith(words.message("doctor.causes.audience_condition"))


@both
def test_the_sentence_on_what_breaks_later_is_not_beside_the_evidence_of_what_breaks_first(language: str) -> None:
    """The SDK refuses the bare name of the role; the verdict begins with the provider's audiences."""
    fakes, words = healthy(), load(language)
    annotated(fakes, "s3-reader")
    fakes.provider["ClientIDList"] = ["sts.amazon.com"]
    short = "Parameter validation failed:\nInvalid length for parameter RoleArn, value: 9, valid min length: 20"
    fakes.errors["assume_role"] = Refused(code="ParamValidationError", server_message=short)
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.remaining) == ("provider.audience", ("malformed_arn",))
    assert verdict_words.cause(found, words) == verdict_words.evidence(found.verdict.check, words)


def test_of_several_conditions_on_one_key_only_the_one_that_is_not_met_is_shown() -> None:
    fakes = healthy()
    key, other = f"{HOST}:sub", "system:serviceaccount:other:*"
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={key: SUB}, StringLike={key: other})
    shown = read(fakes).walk.report(Step.SERVICE_ACCOUNT).check("trust.subject")
    assert (shown.status, shown.got, shown.expected) == (Status.FAILED, other, SUB)


@both
def test_keys_without_a_kid_are_readable_and_cannot_be_found(language: str) -> None:
    fakes, words = healthy(), load(language)
    fakes.jwks = {"keys": [{name: value for name, value in key.items() if name != "kid"} for key in fakes.jwks["keys"]]}
    fakes.errors["assume_role"] = Refused(
        code="InvalidIdentityToken",
        server_message="Couldn't retrieve verification key from your identity provider,  please reference x",
        status=400,
    )
    found = examine(fakes.ports(), SUBJECT)
    assert verdict_words.cause(found, words).startswith(words.message("doctor.causes.keys_without_kid"))
    assert (found.fix and found.fix.id) == "publish_kid"


def test_a_certificate_that_sts_refused_is_registered_whatever_its_ca_is() -> None:
    """As a warning, where STS has not been asked, it may need nothing."""
    fakes = healthy()
    fakes.provider["ThumbprintList"] = [str(number) * 40 for number in range(5)]
    warned = examine(fakes.ports(), SUBJECT)
    assert (warned.verdict.outcome, warned.fix and warned.fix.id) == (Outcome.WORKS, "thumbprint")
    assert warned.fix is not None
    registered = [*fakes.provider["ThumbprintList"][:4], fakes.thumbprint]  # IAM takes five
    assert warned.fix.commands[0].endswith(f" --thumbprint-list {' '.join(registered)}")
    said = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    fakes.errors["assume_role"] = Refused(code="InvalidIdentityToken", server_message=said, status=400)
    refused = examine(fakes.ports(), SUBJECT)
    assert (refused.verdict.outcome, refused.fix and refused.fix.id) == (Outcome.BROKEN, "thumbprint_refused")


@both
def test_a_line_break_at_the_end_of_the_annotation_is_visible(language: str) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = f"{ROLE}\n"
    assert f"{ROLE}\\n" in verdict_words.cause(read(fakes), load(language))


@both
def test_a_role_in_another_account_leads_to_the_credentials_that_show_it(language: str) -> None:
    fakes, words = healthy(), load(language)
    elsewhere = ROLE.replace("111122223333", "999988887777")
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = elsewhere
    fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="cannot be found", status=404)
    shown = read(fakes).walk.report(Step.SERVICE_ACCOUNT).check("role.exists")
    assert (shown.status, shown.reason) == (Status.UNKNOWN, OTHER_ACCOUNT)
    assert "--profile" in verdict_words.evidence(shown, words)


@pytest.mark.parametrize("providers", [[], [PROVIDER[:-4] + "ABCD"]], ids=["none", "of another cluster"])
def test_in_another_account_than_the_role_s_no_provider_is_missed(providers: list[str]) -> None:
    """The AWS credentials of a reader with several accounts are easily those of the wrong one."""
    fakes = healthy()
    elsewhere = ROLE.replace("111122223333", "999988887777")
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = elsewhere
    fakes.pod = json.loads(json.dumps(fakes.pod).replace(ROLE, elsewhere))
    fakes.providers = providers
    fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="cannot be found", status=404)
    found = read(fakes)
    assert found.verdict.outcome is Outcome.UNKNOWN
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.reason) == ("provider.exists", OTHER_ACCOUNT)
    assert found.fix is None
    assert found.walk.report(Step.SERVICE_ACCOUNT).check("role.exists").reason == OTHER_ACCOUNT
    assert examine(fakes.ports(), SUBJECT).verdict.outcome is Outcome.WORKS, "STS issued credentials"


@both
@pytest.mark.parametrize("of_cluster", ["", "444455556666"], ids=["unknown", "known"])
def test_while_nothing_points_to_a_role_the_provider_is_not_created_in_any_account(
    language: str, of_cluster: str
) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"], fakes.providers = {}, []
    fakes.cluster_account = of_cluster
    bare(fakes)
    found = read(fakes)
    provider = found.walk.report(Step.OIDC_PROVIDER).check("provider.exists")
    assert (provider.status, provider.reason) == (Status.UNKNOWN, ROLE_UNKNOWN)
    assert provider.where.endswith(ACCOUNT)
    assert provider.expected == PROVIDER.replace(ACCOUNT, of_cluster or "ACCOUNT_ID")
    assert (found.verdict.check and found.verdict.check.id) == "service_account.annotation"
    assert found.fix is not None
    assert found.fix.id == "find_role_there"
    assert "list-roles" in found.fix.commands[0]
    assert found.fix.commands[0].endswith(" --profile PROFILE")
    assert "create-open-id-connect-provider" not in "".join(found.fix.commands)
    sentence = verdict_words.verdict(found, load(language))
    assert ACCOUNT in sentence
    assert of_cluster in sentence


def test_a_role_of_ours_that_lets_the_service_account_in_is_proposed_without_a_provider() -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"], fakes.providers, fakes.cluster_account = {}, [], ""
    fakes.roles = [fakes.role]
    bare(fakes)
    assert (fix := read(fakes).fix) is not None
    assert (fix.id, f"role-arn={ROLE}" in fix.commands[0]) == ("found_role", True)


def test_eks_says_the_account_of_its_cluster_where_the_kubeconfig_does_not() -> None:
    fakes, endpoint = healthy(), "https://a.gr7.eks.amazonaws.com"
    fakes.eks["arn"] = f"arn:aws:eks:ap-northeast-1:{ACCOUNT}:cluster/prod"

    def account(eks: EksCluster | None, at: str = endpoint) -> str:
        return knowing_issuer(fakes.ports(), given="", eks=eks, endpoint=at).cluster_account()

    named = EksCluster(name="prod", region="")
    assert (account(named), account(replace(named, account="444455556666"))) == (ACCOUNT, "444455556666")
    assert (account(None), account(named, "https://b.gr7.eks.amazonaws.com")) == ("", "")
    fakes.errors["cluster"] = NotFound(code="ResourceNotFoundException", server_message="", status=404)
    assert account(named) == ""


def test_in_the_role_s_own_account_a_provider_that_is_not_there_is_missed() -> None:
    fakes = healthy()
    fakes.providers = []
    for wanted in (ROLE, "arn:aws:iam::1:user/x"):
        fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = wanted
        assert read(fakes).walk.report(Step.OIDC_PROVIDER).check("provider.exists").status is Status.FAILED
