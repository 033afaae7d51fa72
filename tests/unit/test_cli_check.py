"""`python -m app check`: files before they are deployed. What files cannot say is never a pass."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from xml.dom.minidom import parseString

import pytest
import yaml
from click.testing import CliRunner, Result

from app.commands.main import command_line
from app.content import LANGUAGES, load
from app.settings import Settings
from tests.unit.fake_ports import ACCOUNT, HOST, ISSUER, PROVIDER, ROLE, SUB, trust_policy

ACCOUNT_FILE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "my-sa", "namespace": "default", "annotations": {"eks.amazonaws.com/role-arn": ROLE}},
}
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")


def workload(kind: str = "Deployment", account: str | None = "my-sa", **container: Any) -> dict[str, Any]:
    box = {"name": "app", "image": "registry.example/app:1", **container}
    spec = {"containers": [box], **({"serviceAccountName": account} if account else {})}
    metadata = {"name": "web", "namespace": "default"}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    nested = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": nested}


def write(path: Path, *documents: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(yaml.safe_dump(it) for it in documents))
    return str(path)


def run(*words: str, language: str = "en", stdin: str = "") -> Result:
    commands = command_line(Settings(), load(language))
    return CliRunner().invoke(commands, ["check", *words, "--lang", language], input=stdin)


def checks(*words: str) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """The exit status, the checks of each ServiceAccount by id, and the whole document."""
    result = run(*words, "--output", "json")
    assert result.exit_code in (0, 1), result.output + str(result.exception)
    document = json.loads(result.stdout)
    return result.exit_code, [{it["id"]: it for it in one["checks"]} for one in document["examined"]], document


def trusted(tmp_path: Path, policy: Any = None, name: str = "role.json") -> str:
    path = tmp_path / name
    path.write_text(json.dumps(policy if policy is not None else trust_policy()))
    return str(path)


@pytest.mark.parametrize("action", ["*", "sts:AssumeRoleWithWebIdendity", ["sts:AssumeRoleWithWebIdentity", "s3:Get*"]])
def test_an_action_that_iam_stores_in_no_trust_policy_is_wrong(tmp_path: Path, action: Any) -> None:
    files, policy = write(tmp_path / "sa.yaml", ACCOUNT_FILE), trust_policy()
    policy["Statement"][0]["Action"] = action
    status, (found,), document = checks("-f", files, "--trust-policy", trusted(tmp_path, policy))
    assert (status, found["trust.action"]["status"]) == (1, "failed")
    assert "may only specify STS AssumeRole actions" in json.dumps(found["trust.action"])
    fixed = json.loads(re.search(r"--policy-document '(.*?)'", " ".join(document["examined"][0]["fix"]["commands"]))[1])
    assert [it["Action"] for it in fixed["Statement"]] == ["sts:AssumeRoleWithWebIdentity"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_workload_is_examined_with_its_service_account(tmp_path: Path, kind: str) -> None:
    files = write(tmp_path / "all.yaml", ACCOUNT_FILE, workload(kind), {"kind": "Service", "metadata": {"name": "web"}})
    status, (found,), document = checks("-f", files, "--trust-policy", trusted(tmp_path), "--issuer", ISSUER)
    assert status == 0
    assert document["skipped"] == {"Service": 1}
    assert document["examined"][0]["workload"].startswith(f"{kind} {files}:")
    passed = {check_id for check_id, it in found.items() if it["status"] == "passed"}
    assert {"service_account.role_arn", "trust.subject", "trust.decision", "pod.service_account"} <= passed
    assert passed <= {
        *(
            "service_account.annotation",
            "service_account.role_arn",
            "pod.service_account",
            "pod.static_keys",
            "pod.sdk",
        ),
        *(f"trust.{name}" for name in ("provider", "action", "audience", "subject", "decision", "scope")),
    }
    assert {it["reason"] for it in found.values() if it["status"] == "unknown"} == {"offline"}


@pytest.mark.parametrize(("kind", "group"), [("Rollout", "argoproj.io"), ("Service", "serving.knative.dev")])
def test_a_kind_of_others_with_a_pod_template_in_the_usual_place_is_a_workload(
    tmp_path: Path, kind: str, group: str
) -> None:
    deployed = workload(kind, env=[{"name": "AWS_ACCESS_KEY_ID", "value": "AKIAIOSFODNN7EXAMPLE"}])
    files = write(tmp_path / "all.yaml", ACCOUNT_FILE, deployed | {"apiVersion": f"{group}/v1"})
    status, (found,), document = checks("-f", files, "--trust-policy", trusted(tmp_path), "--issuer", ISSUER)
    assert (status, found["pod.static_keys"]["status"], document["skipped"]) == (1, "failed", {})
    commands = document["examined"][0]["fix"]["commands"]
    assert commands == [f"kubectl -n default get {kind.lower()}.{group}/web -o yaml"]


def test_what_only_a_cluster_knows_never_passes_without_its_issuer(tmp_path: Path) -> None:
    files = write(tmp_path / "sa.yaml", ACCOUNT_FILE)
    status, (found,), _ = checks("-f", files, "--trust-policy", trusted(tmp_path))
    assert status == 0
    assert found["trust.subject"]["status"] == "passed"
    for check_id in ("trust.provider", "trust.decision", "issuer.discovery", "service_account.exists", "role.exists"):
        assert (found[check_id]["status"], found[check_id]["reason"]) == ("unknown", "offline"), check_id
    _, (alone,), _ = checks("-f", files)
    assert {it["status"] for check_id, it in alone.items() if check_id.startswith("trust.")} == {"unknown"}


BY_HAND = [
    {"name": "AWS_ROLE_ARN", "value": ROLE},
    {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"},
]


def annotated_pods() -> dict[str, Any]:
    """The annotation where many charts have it, at `podAnnotations`."""
    deployed = workload()
    deployed["spec"]["template"]["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": ROLE}
    return deployed


BROKEN: dict[str, tuple[Any, Any, Any, str, str]] = {
    # by name: (the ServiceAccount's annotations, the workload, the trust policy, the check, the fix)
    "no ARN": ({"eks.amazonaws.com/role-arn": "s3-reader"}, workload(), None, "service_account.role_arn", "find_role"),
    "another key": ({"eks.amazonaws.com/rolearn": ROLE}, workload(), None, "service_account.annotation", "annotate"),
    "another subject": (
        None, workload(), trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}), "trust.subject", "trust",
    ),
    "another audience": (
        None, workload(), trust_policy(StringEquals={f"{HOST}:aud": "sts"}), "trust.audience", "trust",
    ),
    "variables by hand": (
        None, workload(env=[{"name": "AWS_ROLE_ARN", "value": ROLE}]), None, "webhook.environment", "handwritten",
    ),
    "annotated Pods": ({}, annotated_pods(), None, "service_account.annotation", "annotate_account"),
    "variables by hand alone": ({}, workload(env=BY_HAND), None, "service_account.annotation", "annotate"),
    "keys": (
        None, workload(env=[{"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"}]), None, "pod.static_keys", "static_keys",
    ),
    "no ServiceAccount": (None, workload(account=None), None, "pod.service_account", "set_service_account"),
    "an old CLI": (None, workload(image="amazon/aws-cli:1.16.200"), None, "pod.sdk", "newer_sdk"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("issuer", [(), ("--issuer", ISSUER)])
def test_what_the_files_show_to_be_wrong(tmp_path: Path, name: str, issuer: tuple[str, ...]) -> None:
    annotations, deployed, policy, check_id, fix = BROKEN[name]
    account = ACCOUNT_FILE
    if annotations is not None:
        account = {**ACCOUNT_FILE, "metadata": {**ACCOUNT_FILE["metadata"], "annotations": annotations}}
    files = write(tmp_path / "all.yaml", account, deployed)
    status, (found,), document = checks("-f", files, "--trust-policy", trusted(tmp_path, policy), *issuer)
    (one,) = document["examined"]
    assert (status, one["outcome"], one["verdict"]["check"], one["fix"]["id"]) == (1, "broken", check_id, fix)
    assert found[check_id]["status"] == "failed"


def own_token(mount: dict[str, str], user: int | None = None, mode: int = 420) -> dict[str, Any]:
    """A workload that mounts the token itself."""
    own = [BY_HAND[0], {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/own/token"}]
    deployed = workload(env=own, volumeMounts=[{"name": "own", **mount}])
    source = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}
    spec = deployed["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "own", "projected": {"defaultMode": mode, "sources": [source]}}]
    spec["containers"].append({"name": "side", "image": "side:1"})
    if user is not None:
        spec["containers"][0]["securityContext"] = {"runAsUser": user}
    return deployed


def skipping() -> dict[str, Any]:
    deployed = workload()
    deployed["spec"]["template"]["metadata"]["annotations"] = {"eks.amazonaws.com/skip-containers": "side"}
    deployed["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "side:1"})
    return deployed


@pytest.mark.parametrize(
    ("deployed", "check_id", "status"),
    [
        (own_token({"mountPath": "/own/token", "subPath": "token"}), "token.lifetime", "warning"),
        (own_token({"mountPath": "/own"}, 1000, 256), "pod.token_readable", "failed"),
        (skipping(), "pod.skipped", "warning"),
    ],
)
def test_what_the_pods_own_fields_show(tmp_path: Path, deployed: Any, check_id: str, status: str) -> None:
    files = write(tmp_path / "all.yaml", ACCOUNT_FILE, deployed)
    _, (found,), _ = checks("-f", files, "--trust-policy", trusted(tmp_path))
    shown = {it["id"]: it["status"] for it in found.values() if it["status"] in ("warning", "failed")}
    assert shown == {check_id: status}
    if reason := found[check_id]["reason"]:
        assert load("en").message(f"reasons.{reason}") in run("-f", files).stdout


@pytest.mark.parametrize("region", ["eu-west-1", "ap-northeast-1", "eu-wset-1", ""])
@pytest.mark.parametrize("issuer", [(), ("--issuer", ISSUER)], ids=["no issuer", "an issuer"])
def test_a_region_in_the_manifest_is_nothing_that_files_decide(
    tmp_path: Path, region: str, issuer: tuple[str, ...]
) -> None:
    deployed = workload(env=[{"name": "AWS_REGION", "value": region}, {"name": "AWS_DEFAULT_REGION", "value": region}])
    files = write(tmp_path / "all.yaml", ACCOUNT_FILE, deployed)
    status, (found,), _ = checks("-f", files, "--trust-policy", trusted(tmp_path), *issuer)
    assert (status, found["pod.region"]["reason"]) == (0, "offline")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line", ["token-expiration: 86400", "sts-regional-endpoints: true", "role-arn: [a]"])
def test_a_value_without_quotes_is_what_the_api_server_refuses(tmp_path: Path, line: str, language: str) -> None:
    path = tmp_path / "sa.yaml"
    path.write_text(yaml.safe_dump(ACCOUNT_FILE).replace("eks.amazonaws.com/role-arn: ", f"eks.amazonaws.com/{line} #"))
    result = run("-f", str(path), language=language)
    assert (result.exit_code, result.stdout) == (2, "")
    shown = line.replace("[a]", '["a"]')
    assert f"{path}:1: metadata.annotations: eks.amazonaws.com/{shown}" in result.stderr
    assert load(language).message("errors.value_is_no_text.title") in result.stderr


def test_a_block_at_the_end_of_a_document_has_its_line_break_before_the_next_one_too(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    account = yaml.safe_dump({**ACCOUNT_FILE, "metadata": {"name": "my-sa", "namespace": "default"}}, sort_keys=False)
    block = f"  annotations:\n    eks.amazonaws.com/role-arn: |\n      {ROLE}\n"
    path.write_text(f"{account}{block}---\n{yaml.safe_dump(workload())}")
    status, (found,), _ = checks("-f", str(path))
    role_arn = found["service_account.role_arn"]
    assert (status, role_arn["status"], role_arn["got"]) == (1, "failed", f"{ROLE}\n")


def test_keys_that_are_no_texts_are_read_as_kubernetes_reads_them(tmp_path: Path) -> None:
    account = {**ACCOUNT_FILE, "metadata": {**ACCOUNT_FILE["metadata"], "labels": {2: "a", True: "b", None: "c"}}}
    assert run("-f", write(tmp_path / "sa.yaml", account, workload(env=[1.5, {1: 2}, None]))).exit_code == 0


def test_a_label_that_keeps_the_webhook_away(tmp_path: Path) -> None:
    deployed = workload()
    deployed["spec"]["template"]["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"] = "true"
    status, (found,), _ = checks("-f", write(tmp_path / "all.yaml", ACCOUNT_FILE, deployed))
    assert (status, found["webhook.selector"]["status"]) == (1, "failed")


def test_a_folder_is_read_to_its_depth_and_lists_are_taken_apart(tmp_path: Path) -> None:
    write(tmp_path / "app" / "base" / "sa.yml", {"kind": "List", "apiVersion": "v1", "items": [ACCOUNT_FILE]})
    (tmp_path / "app" / "web.json").write_text(json.dumps(workload(), indent="\t"))
    (tmp_path / "app" / "README.md").write_text("not: [a manifest")
    status, (found,), _ = checks("-f", str(tmp_path / "app"))
    assert (status, found["pod.service_account"]["status"]) == (0, "passed")


def test_standard_input_is_read_once() -> None:
    text = yaml.safe_dump_all([ACCOUNT_FILE, workload()])
    assert run("-f", "-", stdin=text).exit_code == 0
    assert run("-f", "-", "-f", "-", stdin=text).exit_code == 2


def test_a_namespace_that_nobody_says_is_asked_for(tmp_path: Path) -> None:
    account = {**ACCOUNT_FILE, "metadata": {k: v for k, v in ACCOUNT_FILE["metadata"].items() if k != "namespace"}}
    files = write(tmp_path / "sa.yaml", account)
    result = run("-f", files)
    assert result.exit_code == 2
    assert f"{files}:1" in result.stderr
    _, (found,), document = checks("-f", files, "-n", "prod", "--trust-policy", trusted(tmp_path))
    assert document["examined"][0]["subject"]["namespace"] == "prod"
    assert found["trust.subject"]["status"] == "failed"


OWN_PROVIDER = PROVIDER.replace(ACCOUNT, "${AWS::AccountId}")
CLOUDFORMATION = f"""\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub s3-${{Kind}}
      AssumeRolePolicyDocument: {{Version: 2012-10-17, Statement: []}}
  Other:
    Type: AWS::S3::Bucket
  Known:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Join ["-", [s3, reader]]
      AssumeRolePolicyDocument: !Sub
        - '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
          "Principal": {{"Federated": "{OWN_PROVIDER}"}},
          "Condition": {{"StringEquals": {{"{HOST}:sub": "${{Sub}}"}}}}}}]}}'
        - Sub: {SUB}-2
"""


def test_a_cloudformation_template_is_read_as_far_as_it_is_literal(tmp_path: Path) -> None:
    files = write(tmp_path / "sa.yaml", ACCOUNT_FILE)
    template = tmp_path / "roles.yaml"
    template.write_text(CLOUDFORMATION)
    status, (found,), document = checks("-f", files, "--trust-policy", str(template))
    assert (status, found["trust.subject"]["status"]) == (1, "failed")
    assert document["examined"][0]["trust_policy"] == f"{template}:1 Known"
    template.write_text(CLOUDFORMATION.replace(f"Sub: {SUB}-2", "Sub: !GetAtt Other.Arn"))
    status, (found,), document = checks("-f", files, "--trust-policy", str(template))
    assert (status, found["trust.subject"]["reason"]) == (0, "offline")
    assert document["unread"] == [{"where": f"{template}:1 Known", "what": "Fn::GetAtt"}]
    assert "Fn::GetAtt" in run("-f", files, "--trust-policy", str(template)).stdout


@pytest.mark.parametrize("key", ["values", "planned_values"])
def test_what_terraform_shows_is_read(tmp_path: Path, key: str) -> None:
    files = write(tmp_path / "sa.yaml", ACCOUNT_FILE)
    wrong = json.dumps(trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}))
    role = {
        "address": "aws_iam_role.r",
        "type": "aws_iam_role",
        "values": {"name": "s3-reader", "assume_role_policy": wrong},
    }
    later = {"address": "aws_iam_role.l", "type": "aws_iam_role", "values": {"name": "later"}}
    modules = {"child_modules": [{"resources": [{"type": "aws_s3_bucket"}, later, role]}]}
    shown = trusted(tmp_path, {"format_version": "1.0", key: {"root_module": modules}})
    status, (found,), document = checks("-f", files, "--trust-policy", shown)
    assert (status, found["trust.subject"]["status"]) == (1, "failed")
    assert document["unread"] == [{"where": f"{shown}:1 aws_iam_role.l", "what": "assume_role_policy"}]


def test_of_several_policies_without_a_name_that_in_the_file_of_the_role_counts(tmp_path: Path) -> None:
    files = write(tmp_path / "sa.yaml", ACCOUNT_FILE)
    wrong = trusted(tmp_path, trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}), "another.json")
    right = trusted(tmp_path, None, "s3-reader.json")
    both = ("--trust-policy", wrong, "--trust-policy", right)
    assert checks("-f", files, *both)[0] == 0
    other = trusted(tmp_path, None, "a-third.json")
    _, (found,), _ = checks("-f", files, "--trust-policy", wrong, "--trust-policy", other)
    assert found["trust.subject"]["reason"] == "offline"


def test_a_trust_policy_for_several_clusters_lets_in_by_one(tmp_path: Path) -> None:
    policy = trust_policy()
    other = json.loads(json.dumps(policy["Statement"][0]).replace("EXAMPLED539D4633E53DE1B71EXAMPLE", "OTHER"))
    policy["Statement"].insert(0, {**other, "Condition": {"StringEquals": {f"{HOST}:sub": "x"}}})
    files = write(tmp_path / "sa.yaml", ACCOUNT_FILE)
    assert checks("-f", files, "--trust-policy", trusted(tmp_path, policy))[0] == 0
    nobody = {**policy, "Statement": [{**other, "Principal": {"Service": "ec2.amazonaws.com"}}]}
    assert checks("-f", files, "--trust-policy", trusted(tmp_path, nobody))[0] == 1


BAD = {
    # by name: (text, the line that is named; 0 for none)
    "a tab": ("kind: Pod\nmetadata:\n\tname: x\n", 3),
    "the second document": ("kind: Service\n---\nkind: [\n", 4),
    "a template": ("kind: Pod\nmetadata: {{ .Values.name }}\n", 2),
    "an application's tag": ("kind: !Ref a\n", 1),
    "aliases": ("a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{n}: &{n} [{', '.join(['*' + p] * 10)}]\n" for p, n in ("ab", "bc", "cd", "de", "ef", "fg")), 6),
    "a text": ("just words\n", 1),
    "a list": ("- kind: Pod\n", 1),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, name: str, language: str) -> None:
    text, line = BAD[name]
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    result = run("-f", str(path), language=language)
    assert result.exit_code == 2
    assert f"{path}:{line}" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-f", ""),
        ("-f", "{sa}", "--trust-policy", ""),
        ("-f", "/nowhere.yaml"),
        ("-f", "{empty}"),
        ("-f", "{sa}", "--issuer", "oidc"),
    ],
)
def test_what_cannot_be_run_is_no_verdict(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()
    known = {"empty": str(tmp_path / "empty"), "sa": write(tmp_path / "sa.yaml", ACCOUNT_FILE)}
    assert run(*(word.format(**known) for word in words)).exit_code == 2


def test_files_without_irsa_are_no_pass(tmp_path: Path) -> None:
    plain = {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
    assert run("-f", write(tmp_path / "sa.yaml", plain, workload())).exit_code == 2
    assert run("-f", write(tmp_path / "sa.yaml", ACCOUNT_FILE), "--trust-policy", known_bad(tmp_path)).exit_code == 2


def known_bad(tmp_path: Path) -> str:
    return trusted(tmp_path, {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_says_what_is_wrong_and_where(tmp_path: Path, language: str) -> None:
    files = write(tmp_path / "all.yaml", ACCOUNT_FILE, workload())
    policy = trusted(tmp_path, trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}))
    words, result = load(language), run("-f", files, "--trust-policy", policy, language=language)
    assert words.message("check.wrong", wrong=1, all=1) in result.stdout
    assert words.check("trust.subject").title in result.stdout
    assert f"{files}:1" in result.stdout
    assert f"{SUB}-2" in result.stdout
    assert words.message("doctor.fixes.trust") in result.stdout
    fine = run("-f", files, "--trust-policy", trusted(tmp_path), language=language)
    assert words.message("check.nothing_wrong", all=1) in fine.stdout


# --- for other tools -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_workloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Files, named as from the folder of a repository, in which the trust policy and one of two images are wrong."""
    old = workload(image="amazon/aws-cli:1.16.200")
    write(tmp_path / "my app" / "a:b.yaml", ACCOUNT_FILE, old, {**workload("Pod"), "metadata": {"name": "one"}})
    trusted(tmp_path, trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}))
    monkeypatch.chdir(tmp_path)
    return ("-f", "my app", "--trust-policy", "role.json", "-n", "default")


def reported(output: str, *words: str) -> str:
    result = run(*words, "-o", output)
    assert result.exit_code == 1, result.output + str(result.exception)
    return result.stdout


def test_github_annotates_the_line_of_each_object(two_workloads: tuple[str, ...]) -> None:
    lines = reported("github", *two_workloads).splitlines()
    assert all(re.fullmatch(r"::error file=[^:,]+,line=[0-9]+,title=[^:,]+::.+", line) for line in lines)
    begins = {line.partition("::")[2].partition("::")[0].removeprefix("error ") for line in lines}
    source = (Path("my app") / "a:b.yaml").read_text().splitlines()
    deployment = source.index("---") + 2
    assert begins == {
        *(f"file=role.json,line=1,title=default/my-sa%3A trust.{it}" for it in ("subject", "decision")),
        f"file=my app/a%3Ab.yaml,line={deployment},title=default/my-sa Deployment/web%3A pod.sdk",
    }
    (trust,) = [line for line in lines if "trust.subject" in line]
    assert "%0Aaws iam update-assume-role-policy" in trust


def test_github_says_what_could_not_be_read_and_not_what_no_file_can_say(tmp_path: Path) -> None:
    files, template = write(tmp_path / "sa.yaml", ACCOUNT_FILE), tmp_path / "roles.yaml"
    template.write_text(CLOUDFORMATION.replace(f"Sub: {SUB}-2", "Sub: !GetAtt Other.Arn"))
    result = run("-f", files, "--trust-policy", str(template), "-o", "github")
    (line,) = [line for line in result.stdout.splitlines() if "Fn::GetAtt" in line]
    assert line.startswith(f"::notice file={template},line=1,title=")
    assert "issuer.discovery" not in result.stdout


def test_what_comes_through_standard_input_has_no_file() -> None:
    text = yaml.safe_dump_all([ACCOUNT_FILE, workload(image="amazon/aws-cli:1.16.200")])
    result = run("-f", "-", "-o", "github", stdin=text)
    assert result.stdout.startswith("::error title=default/my-sa Deployment/web%3A pod.sdk::")
    log = json.loads(run("-f", "-", "-o", "sarif", stdin=text).stdout)
    assert not any("physicalLocation" in it["locations"][0] for it in log["runs"][0]["results"])


def test_junit_has_a_suite_for_the_account_and_for_each_workload(two_workloads: tuple[str, ...]) -> None:
    document = parseString(reported("junit", *two_workloads))  # noqa: S318 (our own)
    suites = {it.getAttribute("name"): it for it in document.getElementsByTagName("testsuite")}
    assert set(suites) == {"default/my-sa", "default/my-sa Deployment/web", "default/my-sa Pod/one"}
    for name, suite in suites.items():
        cases = [it.getAttribute("name") for it in suite.getElementsByTagName("testcase")]
        assert len(set(cases)) == len(cases) == int(suite.getAttribute("tests")), name
        for tag, counted in (("failure", "failures"), ("skipped", "skipped")):
            assert len(suite.getElementsByTagName(tag)) == int(suite.getAttribute(counted)), name
    assert [it.getAttribute("failures") for it in suites.values()] == ["2", "1", "0"]
    failure, _ = suites["default/my-sa"].getElementsByTagName("failure")
    assert failure.firstChild.data.startswith("role.json:1\naws iam update-assume-role-policy")


def test_sarif_has_the_place_in_the_file(two_workloads: tuple[str, ...]) -> None:
    """SARIF 2.1.0: 3.28 (location), 3.29 (physical location), 3.4.3 (URI), 3.30.5 (first line)."""
    (found,) = json.loads(reported("sarif", *two_workloads))["runs"]
    rules = found["tool"]["driver"]["rules"]
    failed: dict[str, tuple[str, str]] = {}
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert urlsplit(place["artifactLocation"]["uri"]).scheme == ""
        assert place["region"]["startLine"] >= 1
        if result["level"] == "error":
            failed[result["ruleId"]] = (
                place["artifactLocation"]["uri"],
                " ".join(it["fullyQualifiedName"] for it in location["logicalLocations"] if it["kind"] != "object"),
            )
    assert failed == {
        **dict.fromkeys(("trust.subject", "trust.decision"), ("role.json", "default/my-sa")),
        "pod.sdk": ("my%20app/a%3Ab.yaml", "default/my-sa Deployment/web"),
    }


# --- what commands print ---------------------------------------------------------------------------------------------

LISTED = {"Path": "/", "RoleName": "s3-reader", "RoleId": "AROAEXAMPLE", "Arn": ROLE, "MaxSessionDuration": 3600}
OTHER = {**LISTED, "RoleName": "other", "Arn": ROLE.replace("s3-reader", "other")}


def role(policy: Any, of: dict[str, Any] = LISTED) -> dict[str, Any]:
    return {**of, "AssumeRolePolicyDocument": policy}


WRONG = trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"})
PRINTED = {
    # by name: (what the file has, the place that is named)
    "get-role": ({"Role": role(WRONG)}, "s3-reader"),
    "get-role --query Role": (role(WRONG), "s3-reader"),
    "list-roles": ({"Roles": [role(trust_policy(), OTHER), role(WRONG)]}, "s3-reader"),
    "list-roles --query Roles": ([role(trust_policy(), OTHER), role(WRONG)], "s3-reader"),
    "get-account-authorization-details": ({"RoleDetailList": [role(WRONG)], "Policies": []}, "s3-reader"),
    "a policy as text": ({"Role": role(json.dumps(WRONG))}, "s3-reader"),
    "the API's own answer": ({"Role": role(quote(json.dumps(WRONG)))}, "s3-reader"),
    "a policy quoted": (json.dumps(WRONG), ""),
    "a policy encoded and quoted": (quote(json.dumps(WRONG)), ""),
}


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_aws_cli_prints_of_a_role_is_read(tmp_path: Path, name: str) -> None:
    files, (printed, resource) = write(tmp_path / "sa.yaml", ACCOUNT_FILE), PRINTED[name]
    path = tmp_path / "role.json"
    for text in (json.dumps(printed, indent=4), yaml.safe_dump(printed)):
        path.write_text(text)
        status, (found,), document = checks("-f", files, "--trust-policy", str(path))
        assert (status, found["trust.subject"]["status"]) == (1, "failed")
        assert document["examined"][0]["trust_policy"] == f"{path}:1 {resource}".rstrip()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoded_policy_alone_and_files_of_powershell_are_read(tmp_path: Path, encoding: str) -> None:
    files, path = tmp_path / "sa.yaml", tmp_path / "role.txt"
    files.write_bytes(yaml.safe_dump(ACCOUNT_FILE).replace("\n", "\r\n").encode(encoding))
    path.write_bytes(f"{quote(json.dumps(WRONG))}\r\n".encode(encoding))
    status, (found,), _ = checks("-f", str(files), "--trust-policy", str(path))
    assert (status, found["trust.subject"]["status"]) == (1, "failed")


def test_a_role_with_another_path_than_the_annotation_s_is_wrong(tmp_path: Path) -> None:
    moved = {"Role": {**role(trust_policy()), "Path": "/apps/", "Arn": ROLE.replace("role/", "role/apps/")}}
    status, (found,), _ = checks(
        "-f", write(tmp_path / "sa.yaml", ACCOUNT_FILE), "--trust-policy", trusted(tmp_path, moved)
    )
    assert (status, found["role.exists"]["status"]) == (1, "failed")


@pytest.mark.parametrize("language", LANGUAGES)
def test_policies_of_other_roles_alone_are_named(tmp_path: Path, language: str) -> None:
    files, path = write(tmp_path / "sa.yaml", ACCOUNT_FILE), trusted(tmp_path, {"Role": role(WRONG, OTHER)})
    result = run("-f", files, "--trust-policy", path, language=language)
    assert result.exit_code == 0
    said = load(language).message("check.of_other_roles", role="s3-reader", names="other")
    assert said in result.stdout


ISSUERS = {
    "describe-cluster": {"cluster": {"name": "c", "identity": {"oidc": {"issuer": ISSUER}}}},
    "describe-cluster --query cluster": {"name": "c", "identity": {"oidc": {"issuer": ISSUER}}},
    "describe-cluster --query cluster.identity": {"oidc": {"issuer": ISSUER}},
    "describe-cluster --query cluster.identity.oidc.issuer": ISSUER,
    "kubectl get --raw /.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
}


@pytest.mark.parametrize("name", ISSUERS)
def test_the_issuer_is_read_from_what_a_command_prints(tmp_path: Path, name: str) -> None:
    files, cluster = write(tmp_path / "sa.yaml", ACCOUNT_FILE), tmp_path / "cluster.json"
    for issuer, provider in (
        (ISSUERS[name], "passed"),
        (json.loads(json.dumps(ISSUERS[name]).replace("D539", "0000")), "failed"),
    ):
        cluster.write_text(json.dumps(issuer, indent=4))
        status, (found,), _ = checks("-f", files, "--trust-policy", trusted(tmp_path), "--issuer", str(cluster))
        assert (status, found["trust.provider"]["status"]) == (int(provider == "failed"), provider)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_at_the_wrong_option_is_said_to_be_there(tmp_path: Path, language: str) -> None:
    words, files, path = (
        load(language),
        write(tmp_path / "sa.yaml", ACCOUNT_FILE),
        trusted(tmp_path, {"Role": role(WRONG)}),
    )
    swapped = run("-f", path, "--trust-policy", files, language=language)
    assert (swapped.exit_code, words.message("errors.no_trust_policy_in_file.title") in swapped.stderr) == (2, True)
    assert f"{files}: kind: ServiceAccount" in swapped.stderr
    alone = run("-f", path, language=language)
    assert (alone.exit_code, f"--trust-policy {path}" in alone.stderr) == (2, True)
    both = run("-f", files, "-f", path, language=language)
    assert (both.exit_code, f"`--trust-policy {path}`" in both.stdout) == (0, True)
    none = run("-f", files, "--issuer", path, language=language)
    assert (none.exit_code, words.message("errors.no_issuer_in_file.title") in none.stderr) == (2, True)
    for given in ("oidc.eks.example", "o" * 300):  # the second is too long for a file's name
        nowhere = run("-f", files, "--issuer", given, language=language)
        assert (nowhere.exit_code, words.message("check.issuer_expected") in nowhere.stderr) == (2, True)
    unread = run("-f", "f" * 300, language=language)
    assert (unread.exit_code, "File name too long" in unread.stderr) == (2, True)


def test_what_is_no_policy_shows_no_secret(tmp_path: Path) -> None:
    secrets = tmp_path / "credentials"
    secrets.write_text("aws_secret_access_key = wJalrXUtnFEMIK7MDENG\n")
    result = run("-f", write(tmp_path / "sa.yaml", ACCOUNT_FILE), "--trust-policy", str(secrets))
    assert (result.exit_code, "wJalr" in result.output) == (2, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_fix_in_files_nothing_is_foretold_that_only_a_cluster_shows(tmp_path: Path, language: str) -> None:
    """The webhook has not seen the Pods of the files: that it did not edit them is no next failure."""
    files = write(tmp_path / "a.yaml", ACCOUNT_FILE, workload())
    role = trusted(tmp_path, trust_policy(StringEquals={f"{HOST}:sub": f"{SUB}-2"}))
    words = load(language)
    shown = run("-f", files, "--trust-policy", role, "--issuer", ISSUER, language=language).stdout
    assert words.message("doctor.fixes.trust") in shown
    assert words.message("doctor.prediction.title") not in shown
    assert words.message("check.in_the_files") in shown
    _, _, document = checks("-f", files, "--trust-policy", role, "--issuer", ISSUER)
    assert document["examined"][0]["prediction"] is None
    good = trusted(tmp_path, trust_policy())
    assert words.message("check.in_the_files") not in run("-f", files, "--trust-policy", good, language=language).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workload_under_a_mistyped_service_account_does_not_go_unmentioned(tmp_path: Path, language: str) -> None:
    files = write(tmp_path / "a.yaml", ACCOUNT_FILE, workload(account="my-as"))
    shown = run("-f", files, language=language).stdout
    wanted = load(language).message("check.of_other_accounts", names="Deployment web: default/my-as")
    assert wanted in shown
    assert wanted not in run("-f", write(tmp_path / "b.yaml", ACCOUNT_FILE), language=language).stdout
