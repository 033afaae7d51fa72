"""What the doctor examines: kubectl's ways to name an object, manifests, and the way from a workload to its Pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import wiring
from app.commands.examining.asking import Everybody, Wanted, Workload, asked
from app.commands.failure import CannotRun
from app.commands.main import command_line
from app.content import LANGUAGES, load
from app.flow.doctor import examine
from app.flow.errors import NotFound, NotPermitted
from app.flow.model import Subject
from app.flow.targets.kinds import KINDS, target_of
from app.flow.targets.resolving import subject_of, with_workload
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from app.settings import Settings
from tests.unit.fake_ports import Fakes, token
from tests.unit.test_doctor import healthy

NOTHING: dict[str, Any] = {
    "target": (),
    "filename": None,
    "namespace": "",
    "service_account": "",
    "pod": "",
    "everybody": False,
}


def meant(*target: str, **options: Any) -> Wanted:
    return asked(load("en"), **{**NOTHING, "target": target, **options})


def refused(*target: str, **options: Any) -> str:
    with pytest.raises(CannotRun) as failure:
        meant(*target, **options)
    return str(failure.value.document["id"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("deploy/web", "deployment/web"),
        ("deployment web", "deployment/web"),
        ("Deployments/web", "deployment/web"),
        ("deployments.apps/web", "deployment/web"),
        ("deployments.v1.apps web", "deployment/web"),
        ("sts/db", "statefulset/db"),
        ("ds/agent", "daemonset/agent"),
        ("rs/web-7d4b9c", "replicaset/web-7d4b9c"),
        ("job/once", "job/once"),
        ("jobs.batch/once", "job/once"),
        ("cj/nightly", "cronjob/nightly"),
        ("cronjob nightly", "cronjob/nightly"),
        ("po/web-0", "pod/web-0"),
        ("sa/orders.v2", "serviceaccount/orders.v2"),
    ],
)
def test_an_object_is_named_as_for_kubectl(words: str, expected: str) -> None:
    assert str(target_of(words.split())) == expected


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("web", "kind_missing"),
        ("svc/web", "no_such_kind"),
        ("svc web", "no_such_kind"),
        ("deployments.batch/web", "no_such_kind"),
        ("deploy/", "name_missing"),
        ("deploy", "name_missing"),
        ("sa/", "name_missing"),
        ("deploy/web deploy/api", "several_targets"),
        ("deploy web api", "several_targets"),
        ("pod/web/x", "not_a_name"),
        ("pod/Web", "not_a_name"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_names_no_object_has_a_message_of_its_own(words: str, code: str, language: str) -> None:
    content = load(language)
    result = CliRunner().invoke(command_line(Settings(), content), ["doctor", *words.split(), "--lang", language])
    assert result.exit_code == 2
    assert content.message(f"errors.{code}.title") in result.stderr
    assert code == "not_a_name" or f"{KINDS[2].short}/" in result.stderr


def test_a_pod_and_a_service_account_need_no_workload() -> None:
    assert meant("pod/web-0", namespace="shop") == Subject(namespace="shop", service_account="", pod="web-0")
    assert meant("pod/web-0", service_account="orders") == Subject(namespace="", service_account="orders", pod="web-0")
    assert meant("sa", "orders") == Subject(namespace="", service_account="orders")
    assert meant("sa", namespace="shop") == Everybody(namespace="shop")
    assert meant(everybody=True) == Everybody(everywhere=True)


DEPLOYMENT = """\
# comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
"""
SERVICE = "kind: Service\nmetadata: {name: web}\n"
ACCOUNT = "kind: ServiceAccount\nmetadata: {name: orders}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "web.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        DEPLOYMENT,
        f"---\n{SERVICE}---\n{DEPLOYMENT}---\n",
        json.dumps({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}),
        json.dumps(
            {"kind": "List", "items": [{"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}]}
        ),
    ],
)
def test_a_manifest_names_the_object_and_its_namespace(tmp_path: Path, text: str) -> None:
    found = meant(filename=written(tmp_path, text))
    assert found == Workload(namespace="shop", target=target_of(["deploy/web"]))


def test_of_several_objects_one_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, f"{DEPLOYMENT}---\n{ACCOUNT}")
    with pytest.raises(CannotRun) as failure:
        meant(filename=path)
    assert failure.value.document["id"] == "several_objects"
    assert "deployment/web, serviceaccount/orders" in failure.value.document["got"]
    assert meant("sa/orders", filename=path) == Subject(namespace="", service_account="orders")
    assert refused("sa/other", filename=path) == "object_not_in_manifest"


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (SERVICE, {}, "nothing_in_manifest"),
        ("", {}, "nothing_in_manifest"),
        ("just words", {}, "nothing_in_manifest"),
        (DEPLOYMENT, {"namespace": "other"}, "namespace_differs"),
        ("kind: Pod\nmetadata: {name: 'A b'}\n", {}, "not_a_name"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(
    tmp_path: Path, text: str, options: dict[str, Any], code: str
) -> None:
    assert refused(filename=written(tmp_path, text), **options) == code


def test_bad_yaml_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = written(tmp_path, f"{SERVICE}---\n{DEPLOYMENT}  labels: [a\n")
    with pytest.raises(CannotRun) as failure:
        meant(filename=path)
    document = failure.value.document
    assert document["id"] == "bad_yaml"
    assert document["got"].startswith(f"{path}, line 1")
    line = int(document["got"].partition("line ")[2].partition(":")[0])
    assert line in (10, 11)


@pytest.mark.parametrize("content", [None, b"\xff\xfa"])
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert refused(filename=path) == "manifest_unreadable"


# --- from the workload to the Pod ------------------------------------------------------------------------------------


def found_for(fakes: Fakes, target: str) -> Subject:
    return subject_of(fakes.ports(), target_of([target]), "default")


def test_a_workload_leads_to_its_service_account_and_its_youngest_pod() -> None:
    assert found_for(Fakes(), "deploy/web") == Subject(namespace="default", service_account="my-sa", pod="pod-after")


def test_a_pod_of_another_workload_is_not_taken() -> None:
    fakes = Fakes()
    fakes.workload["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    assert found_for(fakes, "deploy/web").pod == ""


@pytest.mark.parametrize("replicas", [0, 3, None])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workload_without_a_pod_says_why_and_that_nothing_is_confirmed(replicas: int | None, language: str) -> None:
    fakes, words = Fakes(), load(language)
    fakes.workload["spec"] |= {} if replicas is None else {"replicas": replicas}
    fakes.pod["spec"]["serviceAccountName"] = "other"
    subject, target = found_for(fakes, "deploy/web"), target_of(["deploy/web"])
    found = with_workload(fakes.ports(), examine(fakes.ports(), subject), target)
    why = "scaled_to_zero" if replicas == 0 else "no_pod_yet"
    assert verdict_words.verdict(found, words).endswith(words.message(f"doctor.{why}", workload="deployment/web"))
    # That STS takes a token of the ServiceAccount is no proof for the Pods that were asked about.
    assert (examine(fakes.ports(), subject).verdict.outcome, found.verdict.outcome) == (Outcome.WORKS, Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("spec", "conditions", "why"),
    [
        ({}, [{"type": "Complete", "status": "True"}], "ended"),
        ({"suspend": True}, [{"type": "Failed", "status": "True"}], "ended"),
        ({}, [{"type": "FailureTarget", "status": "True"}, {"type": "Complete", "status": "False"}], "no_pod_yet"),
        ({"suspend": True}, [{"type": "Suspended", "status": "True"}], "suspended"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_job_without_a_pod_says_whether_it_will_have_one(
    spec: dict[str, Any], conditions: list[Any], why: str, language: str
) -> None:
    fakes, words = Fakes(), load(language)
    fakes.workload["spec"] |= spec
    fakes.workload["status"] = {"conditions": conditions}
    fakes.pod["spec"]["serviceAccountName"] = "other"
    subject, target = found_for(fakes, "job/export"), target_of(["job/export"])
    found = with_workload(fakes.ports(), examine(fakes.ports(), subject), target)
    assert verdict_words.verdict(found, words).endswith(words.message(f"doctor.{why}", workload="job/export"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workload_whose_pods_the_api_server_refuses_says_why(language: str) -> None:
    fakes, words = Fakes(), load(language)
    denied = 'admission webhook "validate.kyverno.svc-fail" denied the request: '
    message = f"{denied}\n\nrequire-labels:\n  check-team: the label `team` is required, got {token()}\n"
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    fakes.workload["status"] = {"conditions": [{"type": "Progressing", "status": "True"}, refused]}
    fakes.pod["spec"]["serviceAccountName"] = "other"
    subject, target = found_for(fakes, "deploy/web"), target_of(["deploy/web"])
    found = with_workload(fakes.ports(), examine(fakes.ports(), subject), target)
    sentence = verdict_words.verdict(found, words)
    said = f"{denied}require-labels: check-team: the label 'team' is required, got "
    assert words.message("doctor.not_created", said=f"{said}`").partition("``")[0] in sentence
    assert token().rpartition(".")[2] not in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_paused_workload_whose_pods_are_of_a_template_before_says_so(language: str) -> None:
    fakes, words = Fakes(), load(language)
    fakes.workload["spec"] |= {"replicas": 1, "paused": True}
    fakes.pod["spec"]["serviceAccountName"] = "other"
    subject, target = found_for(fakes, "deploy/web"), target_of(["deploy/web"])
    found = with_workload(fakes.ports(), examine(fakes.ports(), subject), target)
    assert "`kubectl -n default rollout resume deployment/web`" in verdict_words.verdict(found, words)


def test_a_template_without_a_service_account_runs_as_default() -> None:
    fakes = Fakes()
    del fakes.workload["spec"]["template"]["spec"]["serviceAccountName"]
    assert found_for(fakes, "sts/web").service_account == "default"


@pytest.mark.parametrize(("owner", "pod"), [("nightly-29012345", "pod-after"), ("nightly-x-29012345", "")])
def test_a_cron_jobs_pod_belongs_to_one_of_its_jobs(owner: str, pod: str) -> None:
    fakes = Fakes()
    template = fakes.workload["spec"]["template"]
    fakes.workload = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}}
    fakes.pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": owner, "controller": True}]
    assert found_for(fakes, "cj/nightly") == Subject(namespace="default", service_account="my-sa", pod=pod)


def test_where_the_pods_may_not_be_listed_the_service_account_is_examined() -> None:
    fakes = Fakes(errors={"pods": NotPermitted(code="Forbidden", server_message="no", status=403)})
    assert found_for(fakes, "deploy/web") == Subject(namespace="default", service_account="my-sa", pod="")


def doctor(monkeypatch: pytest.MonkeyPatch, fakes: Fakes, *words: str) -> Result:
    monkeypatch.setattr(wiring, "live", lambda *_, **__: fakes.ports())
    monkeypatch.setattr(wiring, "default_namespace", lambda _: "default")
    return CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", *words])


def test_the_command_examines_the_workloads_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor(monkeypatch, healthy(), "deploy/web", "-o", "json")
    assert json.loads(result.stdout)["subject"] == {
        "namespace": "default",
        "service_account": "my-sa",
        "pod": "pod-after",
    }
    assert result.exit_code == 3


ABSENT = NotFound(code="NotFound", server_message='deployments.apps "web" not found', status=404)


@pytest.mark.parametrize(
    ("error", "namespaces", "said"),
    [
        (ABSENT, ["shop"], "get deployments"),
        (ABSENT, ["shopp"], "There is no such namespace"),
        (NotPermitted(code="Forbidden", server_message="no", status=403), ["shop"], 'resources: ["deployments"]'),
    ],
)
def test_a_workload_that_cannot_be_read_ends_in_words(
    monkeypatch: pytest.MonkeyPatch, error: Any, namespaces: list[str], said: str
) -> None:
    fakes = healthy()
    fakes.errors["workload"] = error
    fakes.namespaces = namespaces
    result = doctor(monkeypatch, fakes, "deploy/web", "-n", "shop")
    assert result.exit_code == 2
    assert said in result.stderr
