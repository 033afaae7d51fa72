"""The survey: who may assume what, which roles let in too many, and the picture of it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands import doctor_text
from app.content import LANGUAGES, load
from app.flow.doctor.survey import Stand, Survey, survey
from app.flow.errors import NotFound, NotPermitted, ServerFailed, Unreachable
from app.flow.verdict.judge import Outcome
from app.report import document, page, picture, survey_words
from tests.unit.fake_ports import ACCOUNT, HOST, ROLE, Fakes, trust_policy

OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
FOREIGN = "arn:aws:iam::444455556666:role/s3-reader"


def account(namespace: str, name: str, role: str = "") -> dict[str, Any]:
    annotations = {"eks.amazonaws.com/role-arn": role} if role else {}
    return {"metadata": {"namespace": namespace, "name": name, "annotations": annotations}}


MINE = account("default", "my-sa", ROLE)


class Cluster:
    """The fake cluster, with several ServiceAccounts."""

    def __init__(self, cluster: Any, accounts: list[Any]) -> None:
        self._cluster = cluster
        self._accounts = accounts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def service_accounts(self, namespace: str = "") -> list[Any]:
        return [it for it in self._accounts if namespace in ("", it["metadata"]["namespace"])]


class Aws:
    """The fake account, with several roles."""

    def __init__(self, aws: Any, roles: dict[str, Any]) -> None:
        self._aws = aws
        self._roles = roles

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def role(self, name: str) -> Any:
        found = self._roles.get(name, NotFound(code="NoSuchEntity", server_message="cannot be found", status=404))
        if isinstance(found, Exception):
            raise found
        return {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "AssumeRolePolicyDocument": found}


def surveyed(*accounts: Any, namespace: str = "", **roles: Any) -> Survey:
    ports = Fakes().ports()
    known = {"s3-reader": trust_policy(), **{name.replace("_", "-"): role for name, role in roles.items()}}
    cluster: Any = Cluster(ports.cluster, list(accounts))
    aws: Any = Aws(ports.aws, known)
    return survey(dataclasses.replace(ports, cluster=cluster, aws=aws), namespace)


def like(pattern: str) -> Any:
    return trust_policy(StringLike={f"{HOST}:sub": pattern})


def test_a_service_account_is_let_in_by_its_role() -> None:
    found = surveyed(MINE, account("default", "default"))
    (tie,) = found.ties
    assert (tie.namespace, tie.service_account, tie.role_arn, tie.stand) == ("default", "my-sa", ROLE, Stand.OWN)
    (role,) = found.roles
    assert (role.arn, role.wide, role.also, role.reason) == (ROLE, False, (), "")
    assert found.outcome is Outcome.WORKS


@pytest.mark.parametrize(
    ("role", "stand"),
    [(ROLE, Stand.REFUSED), (OTHER, Stand.REFUSED), ("s3-reader", Stand.MALFORMED), (FOREIGN, Stand.UNREAD)],
)
def test_what_is_wrong_with_a_tie_is_reported(role: str, stand: Stand) -> None:
    found = surveyed(account("shop", "orders", role))
    assert [tie.stand for tie in found.ties] == [stand]
    assert found.outcome is (Outcome.UNKNOWN if stand is Stand.UNREAD else Outcome.BROKEN)


@pytest.mark.parametrize(
    ("pattern", "cluster", "namespaces", "similar"),
    [
        ("system:serviceaccount:*", True, (), False),
        ("*", True, (), False),
        ("system:serviceaccount:default:*", False, ("default",), False),
        ("system:serviceaccount:default:my-sa*", False, (), True),
        ("system:serviceaccount:*:my-sa", False, (), True),
        ("system:serviceaccount:default:my-sa", False, (), False),
    ],
)
def test_a_role_that_lets_in_too_many_is_found(
    pattern: str, cluster: bool, namespaces: tuple[str, ...], similar: bool
) -> None:
    found = surveyed(MINE, account("shop", "orders"), **{"s3-reader": like(pattern)})
    (role,) = found.roles
    assert (role.cluster, role.namespaces, role.similar) == (cluster, namespaces, similar)
    assert role.wide == (found.outcome is Outcome.BROKEN)


def test_a_role_without_a_sub_condition_lets_in_the_whole_cluster_and_names_who_there_is() -> None:
    policy = trust_policy(StringEquals={f"{HOST}:aud": "sts.amazonaws.com"})
    (role,) = surveyed(
        MINE, account("shop", "orders"), account("kube-system", "default"), **{"s3-reader": policy}
    ).roles
    assert role.cluster
    assert role.also == ("kube-system/default", "shop/orders")


def test_a_subject_in_the_policy_without_an_annotation_is_listed_and_is_no_fault() -> None:
    subjects = ["system:serviceaccount:default:my-sa", "system:serviceaccount:shop:orders"]
    found = surveyed(
        MINE, account("shop", "orders"), **{"s3-reader": trust_policy(StringEquals={f"{HOST}:sub": subjects})}
    )
    assert (found.roles[0].also, found.roles[0].wide, found.outcome) == (("shop/orders",), False, Outcome.WORKS)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotPermitted(code="AccessDenied", server_message="iam:GetRole", status=403), "no_permission"),
        (Unreachable(code="timed_out", server_message=""), "unreachable"),
        (ServerFailed(code="Throttling", server_message="Rate exceeded", status=400), "server_failed"),
    ],
)
def test_a_role_that_cannot_be_read_is_unknown(error: Any, reason: str) -> None:
    found = surveyed(MINE, **{"s3-reader": error})
    assert ([tie.stand for tie in found.ties], found.roles[0].reason) == ([Stand.UNREAD], reason)
    assert found.outcome is Outcome.UNKNOWN


def test_whose_account_it_is_may_stay_unknown_for_as_good_a_reason() -> None:
    ports = Fakes(errors={"caller_identity": ServerFailed(code="Throttling", server_message="Rate exceeded")}).ports()
    cluster: Any = Cluster(ports.cluster, [account("default", "my-sa", OTHER), account("shop", "orders", FOREIGN)])
    aws: Any = Aws(ports.aws, {"s3-reader": trust_policy()})
    found = survey(dataclasses.replace(ports, cluster=cluster, aws=aws))
    assert [role.reason for role in found.roles] == ["server_failed", "server_failed"]


def test_one_namespace_may_be_surveyed_alone() -> None:
    found = surveyed(MINE, account("shop", "orders", OTHER), namespace="shop")
    assert [tie.namespace for tie in found.ties] == ["shop"]


def test_without_annotations_there_is_nothing_to_say() -> None:
    assert surveyed(account("default", "default")).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_it_did_not_look_at(language: str) -> None:
    """A role that is named by nobody may be as wide as it likes."""
    words = load(language)
    for found in (surveyed(MINE, wide=like("*")), surveyed(account("default", "default"), wide=like("*"))):
        assert survey_words.verdict(found, words).endswith(words.message("doctor.survey.named_only"))


def test_no_cluster_no_survey() -> None:
    fakes = Fakes(errors={"cluster_discovery": Unreachable(code="timed_out", server_message="")})
    with pytest.raises(Unreachable):
        survey(fakes.ports())


# --- how it is shown -------------------------------------------------------------------------------------------------


def many() -> Survey:
    return surveyed(
        MINE,
        account("shop", "orders", OTHER),
        account("shop", "broken", "s3-reader"),
        account("shop", "frontend"),
        account('we"ird', "<b>\\N", FOREIGN),
        other=trust_policy(StringEquals={f"{HOST}:aud": "sts.amazonaws.com"}),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_leads_from_each_service_account_to_its_role(language: str) -> None:
    words = load(language)
    source = picture.dot(many(), words)
    assert f'"account default/my-sa" -> "role {ROLE.replace(":", " ")}"' in source
    wide = next(line for line in source.splitlines() if "other" in line and "penwidth=3" in line)
    assert "#b3261e" in wide
    assert words.message("doctor.survey.everybody") in source


@pytest.mark.skipif(shutil.which("dot") is None, reason="no dot on the PATH")
def test_the_picture_can_be_drawn() -> None:
    drawn = picture.svg(picture.dot(many(), load("en")))
    assert drawn.startswith("<svg")
    assert "&lt;b&gt;\\N" in drawn
    assert "<b>" not in drawn


def test_without_a_dot_binary_the_source_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    html = page.of_survey(many(), load("en"))
    assert "<svg" not in html
    assert "digraph survey" in html
    assert load("en").message("doctor.survey.no_dot").split("`")[0] in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_row_for_each_and_marks_the_wide_one(language: str) -> None:
    html = page.of_survey(many(), load(language))
    assert f'<html lang="{language}">' in html
    assert html.count('<th scope="row">') == 4
    (row,) = re.findall(r'<tr class="wide">.*?</tr>', html)
    assert "shop/orders" in row
    names = [load(language).message(f"doctor.survey.{key}") for key in ("role", "trust", "also")]
    assert (
        re.findall(r'<td data-head="(.*?)"', row) == names
    )  # what a phone shows beside each, having no head of the table
    assert "<b>\\N" not in html


def test_the_json_has_the_keys_that_scripts_rely_on() -> None:
    found = json.loads(json.dumps(document.of_survey(many(), load("en"))))
    assert list(found) == ["format", "read_at", "issuer", "outcome", "service_accounts", "roles", "would_allow"]
    assert list(found["service_accounts"][0]) == ["namespace", "service_account", "role_arn", "stand"]
    assert {"arn", "reason", "said", "cluster", "namespaces", "similar", "also"} == set(found["roles"][0])


def shown(found: Survey, output: str) -> str:
    words = load("en")
    match output:
        case "json":
            return "\n".join(document.of_survey(found, words)["would_allow"])
        case "html":
            return unescape(page.of_survey(found, words))
    return "\n".join(doctor_text.of_survey(found, words))


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_the_policy_that_would_show_the_roles_is_there_to_paste(output: str) -> None:
    denied = NotPermitted(code="AccessDenied", server_message="not authorized", status=403)
    assert '"iam:GetRole"' in shown(surveyed(MINE, **{"s3-reader": denied}), output)
    silent = Unreachable(code="timed_out", server_message="")
    assert '"iam:GetRole"' not in shown(surveyed(MINE, **{"s3-reader": silent}), output)


_NAME = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(namespace=_NAME, name=_NAME, role=_NAME | st.just(ROLE))
def test_no_name_breaks_the_picture(namespace: str, name: str, role: str) -> None:
    found = surveyed(account(namespace, name, role))
    assert picture.dot(found, load("en")).startswith("digraph survey {")
