"""Nothing in a world steers the reader's browser or terminal: neither a page nor a copied text has it raw."""

import json
import ssl
from collections.abc import Iterator

import httpx
import pytest
from click import unstyle
from google.protobuf.message import Message

from app.commands import doctor_text
from app.content import PAGES, load
from app.flow.annotations import AUDIENCE, ROLE_ARN
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor.survey import survey
from app.flow.visible import visible
from app.report import page
from app.wiring import simulated
from app.world import edits
from app.world.aws.iam import actions as iam
from app.world.setup import scenario

STEERING = "\x1b]0;x\x07\u202e"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def plant(simulation, world) -> None:
    """Steers by annotations of two ServiceAccounts, the audience of the token, and the role's two policies."""
    cluster = httpx.Client(
        base_url=f"{world.api_url}/api/v1/namespaces/{scenario.NAMESPACE}/serviceaccounts",
        headers={"Authorization": f"Bearer {world.admin_token}"},
        verify=ssl.create_default_context(cadata=simulation.ca_pem.decode()),
    )
    with cluster:
        notes = {"note": f"{FAMILY} {STEERING}", AUDIENCE: f"sts{STEERING}"}
        patched = cluster.patch(
            f"/{scenario.ARTICLE.service_account}",
            content=json.dumps({"metadata": {"annotations": notes}}),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        other = {"name": "other", "annotations": {ROLE_ARN: f"arn:{STEERING}"}}
        made = cluster.post("", json={"apiVersion": "v1", "kind": "ServiceAccount", "metadata": other})
        assert (patched.status_code, made.status_code) == (200, 201)
    role = {"RoleName": scenario.ARTICLE.role}
    trust = json.loads(world.account.roles[scenario.ARTICLE.role].trust_policy)
    trust["Statement"][0]["Condition"] = {"StringEquals": {"x:sub": f"system:{STEERING}"}}
    iam.call(world.account, "UpdateAssumeRolePolicy", role | {"PolicyDocument": json.dumps(trust)})
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::a{STEERING}"}
    inline = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.call(world.account, "PutRolePolicy", role | {"PolicyName": "p", "PolicyDocument": inline})
    simulation.run(edits.recreate_pod(world))


def texts(message: Message) -> Iterator[str]:
    """Every text in a message to the browser; of a component's JSON those that its script is handed."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else [value]:
            if isinstance(item, Message):
                yield from texts(item)
            elif isinstance(item, str):
                yield from within(json.loads(item)) if field.name == "json" else [item]


def within(document) -> Iterator[str]:
    if isinstance(document, dict | list):
        for part in [*document, *document.values()] if isinstance(document, dict) else document:
            yield from within(part)
    elif isinstance(document, str):
        yield document


def sent(shown) -> list[str]:
    protos = [getattr(node, "proto", None) for node in shown.test._tree]
    return [text for proto in protos if proto is not None for text in texts(proto)]


def raw(drawn: str) -> set[str]:
    return {sign for sign in STEERING if ord(sign) < 32 or ord(sign) > 126} & set(drawn)


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_what_a_world_holds_steers_nobody(screen, simulation, language):
    shown, words = screen(lang=language), load(language)
    plant(simulation, shown.world)
    shown.click("run_again")

    # (1) The pages.
    found = {}
    for name in PAGES:
        shown.open(name, depth="3")
        assert not shown.test.exception
        found[name] = [text for text in sent(shown) if raw(text)]
    shown.open("doctor").click("do_survey")
    found["survey"] = [text for text in sent(shown) if raw(text)]
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert visible(STEERING) in "".join(sent(shown.open("token_mount"))).replace("<wbr>", "")
    assert FAMILY in "".join(sent(shown.open("service_account")))

    # (2) What is taken along.
    diagnosis = shown.test.session_state["diagnosis_of_walk"][1]
    everybody = survey(simulated(simulation, shown.world))
    for text in (
        page.of_diagnosis(diagnosis, words),
        page.of_survey(everybody, words),
        diagnosis_file.save(diagnosis),
        unstyle("\n".join([*doctor_text.of_diagnosis(diagnosis, words), *doctor_text.of_survey(everybody, words)])),
    ):
        assert not raw(text) - {"\n"}
