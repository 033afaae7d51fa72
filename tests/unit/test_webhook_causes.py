"""Why a Pod was not edited, as far as reading tells, and with a dry run: one verdict and one fix for each cause."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content import LANGUAGES, load
from app.flow.annotations import ROLE_ARN
from app.flow.doctor import Diagnosis, changes, examine
from app.flow.errors import NotFound, NotPermitted, Refused, Unreachable
from app.flow.model import Status
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.ports import Execution
from app.flow.steps import selectors
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from tests.unit.fake_ports import ACCOUNT, DIRECTORY, ROLE, SESSION, SUBJECT, Fakes, bare_pod
from tests.unit.test_application import NODE, denied
from tests.unit.test_doctor import ended, healthy, owner
from tests.unit.test_steps import ALL_VARIABLES, with_variables

SKIP = "eks.amazonaws.com/skip-containers"
NAME = "kubernetes.io/metadata.name"
FORBIDDEN = NotPermitted(code="Forbidden", server_message="no", status=403)
CALLED = 'Internal error occurred: failed calling webhook "iam-for-pods.amazonaws.com": Post "https://127.0.0.1/mutate"'
LACKING = 'Unable to locate credentials. You can configure credentials by running "aws configure".'
RESTART = "kubectl -n default rollout restart deployment/web"

Spoil = Callable[[Fakes], Any]


REGION = {"AWS_DEFAULT_REGION": "ap-northeast-1", "AWS_REGION": "ap-northeast-1"}


def unedited() -> Fakes:
    """A Pod of a Deployment, an hour newer than the annotation, and without anything of the webhook."""
    fakes = healthy()
    fakes.pod["metadata"]["creationTimestamp"] = "2026-11-24T11:00:00Z"
    fakes.pod["spec"] = bare_pod()["spec"]
    return fakes


def read(fakes: Fakes, *actions: Action) -> Diagnosis:
    return examine(consented(fakes.ports(), frozenset(actions) or NOTHING), SUBJECT)


def outcome(found: Diagnosis) -> tuple[str, str]:
    assert found.verdict.outcome is Outcome.BROKEN
    assert found.verdict.check is not None
    assert found.fix is not None
    return found.verdict.check.id, found.fix.id


def webhook(fakes: Fakes, **changed: Any) -> None:
    fakes.webhooks[0]["webhooks"][0].update(changed)


def by_hand(fakes: Fakes, variables: dict[str, str]) -> None:
    fakes.pod["spec"] = fakes.mutated(with_variables(variables))["spec"]


def skip(fakes: Fakes, names: str) -> None:
    fakes.pod["metadata"]["annotations"] = {SKIP: names}


def at_service(fakes: Fakes, **gone: Any) -> None:
    webhook(fakes, clientConfig={"service": {"namespace": "default", "name": "pod-identity-webhook"}})
    for name, value in gone.items():
        setattr(fakes, name, value)


def missing(fakes: Fakes, method: str) -> None:
    at_service(fakes)
    fakes.errors[method] = NotFound(code="NotFound", server_message=f"{method} not found", status=404)


def namespace_of(fakes: Fakes, **expression: Any) -> None:
    webhook(fakes, namespaceSelector={"matchExpressions": [expression]})


def self_managed(fakes: Fakes) -> None:
    issuer = "https://issuer.example.com"
    fakes.cluster_discovery["issuer"] = fakes.discovery["issuer"] = issuer
    fakes.errors.update(oidc_providers=FORBIDDEN, role=FORBIDDEN)


READ: dict[str, tuple[Spoil, str, str, str]] = {
    # the cause: (how it comes about, the verdict, the fix, a part of its commands)
    "the annotation names the container": (
        lambda f: skip(f, "aws-cli"),
        *("pod.skipped", "unskip", f'"annotations": {{"{SKIP}": null}}'),
    ),
    "AWS_ROLE_ARN by hand": (
        lambda f: by_hand(f, {"AWS_ROLE_ARN": ROLE}),
        *("pod.handwritten", "handwritten", "set env deployment/web AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-"),
    ),
    "AWS_WEB_IDENTITY_TOKEN_FILE by hand": (
        lambda f: by_hand(f, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}),
        *("pod.handwritten", "handwritten", "set env deployment/web AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-"),
    ),
    "all variables by hand": (
        lambda f: by_hand(f, ALL_VARIABLES),
        *("pod.handwritten", "handwritten", "set env deployment/web AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-"),
    ),
    "the namespace lacks a label": (
        lambda f: webhook(f, namespaceSelector={"matchLabels": {"irsa": "on"}}),
        *("webhook.selector", "namespace_labels", f"label namespace default --overwrite irsa=on {RESTART}"),
    ),
    "the namespace has another value": (
        lambda f: (
            f.namespace["metadata"]["labels"].update(irsa="off"),
            namespace_of(f, key="irsa", operator="In", values=["on", "yes"]),
        ),
        *("webhook.selector", "namespace_labels", f"label namespace default --overwrite irsa=on {RESTART}"),
    ),
    "the namespace lacks any value": (
        lambda f: namespace_of(f, key="irsa", operator="Exists"),
        *("webhook.selector", "namespace_labels", f"label namespace default --overwrite irsa=true {RESTART}"),
    ),
    "the namespace is excluded by a label": (
        lambda f: (
            f.namespace["metadata"]["labels"].update(irsa="off"),
            namespace_of(f, key="irsa", operator="DoesNotExist"),
        ),
        *("webhook.selector", "namespace_labels", f"label namespace default --overwrite irsa- {RESTART}"),
    ),
    "the namespace is excluded by its name": (
        lambda f: namespace_of(f, key=NAME, operator="NotIn", values=["kube-system", "default"]),
        *("webhook.selector", "namespace_name", '"value": ["kube-system"]}] ' + RESTART),
    ),
    "the only namespace that is excluded by its name": (
        lambda f: namespace_of(f, key=NAME, operator="NotIn", values=["default"]),
        *("webhook.selector", "namespace_name", '"remove", "path": "/webhooks/0/namespaceSelector/matchExpressions/0"'),
    ),
    "the namespace is not among those named": (
        lambda f: namespace_of(f, key=NAME, operator="In", values=["prod"]),
        *("webhook.selector", "namespace_name", 'matchExpressions/0/values/-", "value": "default"}] ' + RESTART),
    ),
    "a namespace without its name for a label, as before Kubernetes 1.21": (
        lambda f: (
            f.namespace["metadata"].pop("labels"),
            namespace_of(f, key=NAME, operator="In", values=["default"]),
        ),
        *("webhook.selector", "namespace_labels", f"--overwrite {NAME}=default {RESTART}"),
    ),
    "the Pod lacks a label": (
        lambda f: webhook(f, objectSelector={"matchLabels": {"irsa": "on"}}),
        *("webhook.selector", "pod_labels", '{"spec": {"template": {"metadata": {"labels": {"irsa": "on"}}}}}'),
    ),
    "two labels that exclude each other": (
        lambda f: webhook(
            f,
            objectSelector={
                "matchLabels": {"irsa": "on"},
                "matchExpressions": [{"key": "irsa", "operator": "DoesNotExist"}],
            },
        ),
        *("webhook.selector", "webhook", "get mutatingwebhookconfigurations pod-identity-webhook -o yaml"),
    ),
    "the Service is not there": (
        lambda f: (missing(f, "service"), missing(f, "endpoints")),
        *("webhook.reachable", "webhook_service", "kubectl -n default get services"),
    ),
    "the Service has no Endpoints": (
        lambda f: missing(f, "endpoints"),
        *("webhook.reachable", "webhook_pods", "describe pods -l app=pod-identity-webhook"),
    ),
    "no Pod of the Service is ready": (
        lambda f: at_service(f, endpoints={"subsets": [{"notReadyAddresses": [{"ip": "10.0.0.9"}]}]}),
        *("webhook.reachable", "webhook_pods", "describe pods -l app=pod-identity-webhook"),
    ),
    "the webhook is not registered, on EKS": (
        lambda f: f.webhooks.clear(),
        *("webhook.registered", "register_webhook", "aws eks describe-cluster --name CLUSTER --region ap-northeast-1"),
    ),
    "the webhook is registered for something else": (
        lambda f: f.webhooks[0]["webhooks"][0].update(rules=[{"operations": ["UPDATE"], "resources": ["pods"]}]),
        *(
            "webhook.registered",
            "webhook_rules",
            "patch mutatingwebhookconfigurations pod-identity-webhook --type=json",
        ),
    ),
    "the webhook is not registered, elsewhere": (
        lambda f: (f.webhooks.clear(), self_managed(f)),
        *("webhook.registered", "install_webhook", "cluster-up IMAGE=public.ecr.aws/eks/"),
    ),
    "the webhook is not registered, who knows where": (
        lambda f: (f.webhooks.clear(), f.errors.update(cluster_discovery=FORBIDDEN, role=FORBIDDEN)),
        *("webhook.registered", "registration_missing", "kubectl get mutatingwebhookconfigurations"),
    ),
    "the Pod is older than the annotation": (
        lambda f: f.pod["metadata"].update(creationTimestamp="2026-11-24T09:00:00Z"),
        *("pod.age", "recreate", RESTART),
    ),
    "nothing that can be read": (lambda f: None, "pod.injected", "ask_webhook", "--dry-run=server -f - -o jsonpath="),
    "nothing that can be read, the Pod of unknown age": (
        lambda f: f.service_account["metadata"].update(managedFields=[owner("2026-11-24T10:00:00Z", "other")]),
        *("pod.injected", "ask_webhook", RESTART),
    ),
    "a newer Pod has another role": (
        lambda f: by_hand(
            f, REGION | {"AWS_ROLE_ARN": f"{ROLE}-2", "AWS_WEB_IDENTITY_TOKEN_FILE": f"{DIRECTORY}/token"}
        ),
        *("pod.injected", "other_role", f"AWS_WEB_IDENTITY_TOKEN_FILE- {RESTART}"),
    ),
    "a manifest sets another role": (
        lambda f: by_hand(f, {"AWS_ROLE_ARN": f"{ROLE}-2", "AWS_WEB_IDENTITY_TOKEN_FILE": f"{DIRECTORY}/token"}),
        *("pod.handwritten", "handwritten", "AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-"),
    ),
}


@pytest.mark.parametrize("cause", READ)
def test_reading_alone_names_the_cause_and_its_fix(cause: str) -> None:
    spoil, check_id, fix_id, part = READ[cause]
    fakes = unedited()
    spoil(fakes)
    found = read(fakes)
    assert outcome(found) == (check_id, fix_id)
    assert found.fix is not None
    assert part in " ".join(" ".join(shlex.split(command)) for command in found.fix.commands)


@pytest.mark.parametrize("cause", ["the annotation names the container", "AWS_ROLE_ARN by hand"])
def test_a_manifest_is_fixed_first_though_its_pod_is_old(cause: str) -> None:
    spoil, check_id, fix_id, _ = READ[cause]
    fakes = unedited()
    spoil(fakes)
    fakes.pod["metadata"]["creationTimestamp"] = "2026-11-24T09:00:00Z"
    assert outcome(read(fakes)) == (check_id, fix_id)


def refuse(fakes: Fakes, said: str) -> None:
    fakes.errors["dry_run_pod"] = Refused(code="InternalError", server_message=said, status=500)


X509 = f"{CALLED}: x509: certificate signed by unknown authority"
DRY: dict[str, tuple[Spoil, str, str, str]] = {
    "a certificate that is not trusted, on EKS": (
        lambda f: refuse(f, X509),
        *("webhook.reachable", "ca_on_eks", "--query cluster.certificateAuthority.data"),
    ),
    "a certificate that is not trusted, elsewhere": (
        lambda f: (refuse(f, X509), self_managed(f)),
        *("webhook.reachable", "ca_bundle", "base64 < CA_FILE"),
    ),
    "a certificate that is not trusted, of cert-manager": (
        lambda f: (
            refuse(f, X509),
            f.webhooks[0]["metadata"].update(annotations={"cert-manager.io/inject-ca-from": "default/webhook"}),
        ),
        *("webhook.reachable", "ca_of_cert_manager", "-n default describe certificates.cert-manager.io webhook"),
    ),
    "nothing listens": (
        lambda f: refuse(f, f"{CALLED}: dial tcp 127.0.0.1:443: connect: connection refused"),
        *("webhook.reachable", "webhook_silent_on_eks", "webhook_fail_open_count.*iam-for-pods.amazonaws.com"),
    ),
    "another webhook fails": (
        lambda f: refuse(f, CALLED.replace("iam-for-pods.amazonaws.com", "istio.io")),
        *("webhook.dry_run", "other_webhook_fails", "WEBHOOKS:.webhooks[*].name | grep -F istio.io"),
    ),
    "another webhook fails, at a Service": (
        lambda f: refuse(
            f,
            'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: '
            'Post "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service '
            '"kyverno-svc"',
        ),
        *("webhook.dry_run", "other_webhook_fails", "kubectl -n kyverno get endpoints,pods"),
    ),
    "a policy refuses the Pod": (
        lambda f: refuse(f, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"'),
        *("webhook.dry_run", "refused_pod", "create --dry-run=server -f - -o yaml"),
    ),
    "a failed call that is ignored, on EKS": (
        lambda f: setattr(f, "webhook_up", False),
        *("webhook.volume", "webhook_silent_on_eks", "/aws/eks/CLUSTER/cluster"),
    ),
    "a failed call that is ignored, at a Service": (
        lambda f: (setattr(f, "webhook_up", False), at_service(f)),
        *("webhook.volume", "webhook_logs", "kubectl -n default logs --tail=50 -l app=pod-identity-webhook"),
    ),
    "a webhook that is silent": (
        lambda f: f.errors.update(dry_run_pod=Unreachable(code="timed_out", server_message="")),
        *("pod.injected", "webhook_silent_on_eks", "webhook_fail_open_count"),
    ),
    "a webhook that works by now": (lambda f: None, "pod.injected", "recreate", RESTART),
}


@pytest.mark.parametrize("cause", DRY)
def test_a_dry_run_says_more(cause: str) -> None:
    spoil, check_id, fix_id, part = DRY[cause]
    fakes = unedited()
    spoil(fakes)
    found = read(fakes, Action.DRY_RUN)
    assert outcome(found) == (check_id, fix_id)
    assert found.fix is not None
    assert part in " ".join(" ".join(shlex.split(command)) for command in found.fix.commands)


def test_a_dry_run_that_comes_back_unedited_leaves_open_whether_the_webhook_was_reached() -> None:
    fakes = unedited()
    fakes.webhook_up = False
    (check,) = [it for it in read(fakes, Action.DRY_RUN).checks if it.id == "webhook.reachable"]
    assert (check.status, check.reason) == (Status.UNKNOWN, "not_observable")


def test_the_service_of_the_webhook_is_read_only_where_it_has_one() -> None:
    fakes = healthy()
    fakes.errors = dict.fromkeys(("namespace", "service", "endpoints"), FORBIDDEN)
    found = read(fakes, *ALL)
    assert found.verdict.status is Status.PASSED
    at_service(fakes)
    (check,) = [it for it in read(fakes).checks if it.id == "webhook.reachable"]
    assert (check.status, check.reason) == (Status.UNKNOWN, "no_permission")
    assert read(fakes, *ALL).verdict.status is Status.PASSED, "the dry run shows that it answers"


def test_a_webhook_that_is_left_over_beside_that_of_eks_breaks_nothing() -> None:
    fakes = healthy()
    (of_eks,) = copy.deepcopy(fakes.webhooks)
    of_eks["webhooks"][0]["clientConfig"] = {"url": "https://127.0.0.1:23443/mutate"}
    at_service(fakes)
    missing(fakes, "service")
    missing(fakes, "endpoints")
    assert outcome(read(fakes)) == ("webhook.reachable", "webhook_service")
    fakes.webhooks.append(of_eks)
    assert read(fakes).verdict.outcome is Outcome.SHOULD_WORK


def test_a_service_by_another_name_in_dns_has_no_endpoints() -> None:
    fakes = healthy()
    at_service(fakes, service={"spec": {"type": "ExternalName"}}, endpoints={})
    (check,) = [it for it in read(fakes).checks if it.id == "webhook.reachable"]
    assert (check.status, check.reason) == (Status.UNKNOWN, "not_asked")


def test_a_container_that_is_left_out_on_purpose_is_worth_a_warning() -> None:
    fakes = healthy()
    fakes.pod["spec"]["containers"].append({"name": "proxy", "image": "envoy"})
    skip(fakes, "proxy")
    found = read(fakes, *ALL)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, Status.WARNING)
    assert found.verdict.check is not None
    assert found.verdict.check.id == "pod.skipped"


@pytest.mark.parametrize(
    ("failing", "said", "check_id"),
    [
        ("proxy", LACKING, "pod.skipped"),
        ("proxy", denied(NODE), "pod.skipped"),
        ("proxy", denied(SESSION.replace(ACCOUNT, "444455556666")), "pod.skipped"),
        ("aws-cli", LACKING, "pod.request"),
        ("aws-cli", denied(NODE), "pod.request"),
        ("aws-cli", denied(f"arn:aws:sts::{ACCOUNT}:assumed-role/second/s"), "pod.application"),
        ("aws-cli", denied(SESSION.replace(ACCOUNT, "444455556666")), "pod.application"),
    ],
)
def test_a_container_that_is_left_out_is_the_cause_of_its_own_error_alone(
    failing: str, said: str, check_id: str
) -> None:
    fakes = healthy()
    fakes.pod["spec"]["containers"].append({"name": "proxy", "image": "envoy"})
    skip(fakes, "proxy")
    codes = {"aws-cli": 0, "proxy": 0, failing: 1}
    fakes.pod["status"]["containerStatuses"] = [{**ended(code), "name": name} for name, code in codes.items()]
    fakes.logs[failing] = said
    fakes.talk = []
    found = read(fakes, *ALL)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.BROKEN, check_id)


def test_an_empty_token_file_is_no_missing_one() -> None:
    fakes = healthy()
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout="", stderr="", exit_code=0)
    found = read(fakes, *ALL)
    assert outcome(found) == ("token.contents", "empty_token")
    assert found.fix is not None
    assert found.fix.commands == (f"kubectl -n default exec pod-after -c aws-cli -- ls -la {DIRECTORY}", RESTART)


def test_an_empty_file_of_the_manifests_own_is_left_to_the_webhook() -> None:
    fakes = healthy()
    by_hand(fakes, {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/mine/token"})
    fakes.files["cat /mine/token"] = Execution(stdout="", stderr="", exit_code=0)
    assert outcome(read(fakes, *ALL)) == ("token.contents", "handwritten")


@pytest.mark.parametrize(
    ("file", "check_id"),
    [
        ("/run/secrets/kubernetes.io/serviceaccount/token", "pod.token_used"),
        (f"{DIRECTORY.replace('account', 'acount')}/token", "pod.handwritten"),
    ],
    ids=["of the API server's token", "with a typing error"],
)
def test_a_file_of_the_manifests_own_is_compared_with_what_is_mounted(file: str, check_id: str) -> None:
    fakes = healthy()
    by_hand(fakes, {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": file})
    found = read(fakes)
    assert outcome(found) == (check_id, "handwritten")
    assert found.fix is not None
    assert found.fix.commands == (
        "kubectl -n default set env deployment/web AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-",
    )


def test_a_file_of_the_manifests_own_that_is_not_there_is_left_to_the_webhook() -> None:
    fakes = healthy()
    by_hand(fakes, {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/mine/token"})
    assert outcome(read(fakes, *ALL)) == ("token.file", "handwritten")


# --- What the Pod becomes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [{}, {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}])
@pytest.mark.parametrize("actions", [NOTHING, frozenset({Action.DRY_RUN})])
def test_the_diff_shows_what_the_webhook_adds(metadata: dict[str, Any], actions: frozenset[Action]) -> None:
    fakes = unedited()
    fakes.pod["metadata"] = {"name": "pod-after", "namespace": "default", "labels": {"app": "demo"}, **metadata}
    fakes.pod["metadata"]["creationTimestamp"] = "2026-11-24T09:00:00Z"
    found = read(fakes, *actions)
    assert outcome(found) == ("pod.age", "recreate")
    assert found.fix is not None
    assert found.fix.change is not None
    stored = fakes.mutated(fakes.pod)
    stored["spec"]["volumes"][0]["projected"]["defaultMode"] = 420  # by the API server
    assert found.fix.change.after == changes._relevant(stored)
    patch = jsonpatch.make_patch(found.fix.change.before, found.fix.change.after)
    assert {operation["op"] for operation in patch} == {"add"}


def test_the_diff_of_a_fixed_manifest_ends_with_what_the_webhook_adds() -> None:
    fakes = unedited()
    fakes.pod["metadata"].pop("ownerReferences", None)
    by_hand(fakes, {"AWS_ROLE_ARN": ROLE})
    found = read(fakes)
    assert found.fix is not None
    assert found.fix.change is not None
    (box,) = found.fix.change.after["spec"]["containers"]
    assert [item["name"] for item in box["env"]][-2:] == ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]
    assert box["volumeMounts"][-1] == {"name": "aws-iam-token", "readOnly": True, "mountPath": DIRECTORY}


KEYS, VALUES = st.sampled_from("abc"), st.sampled_from("xyz")
EXPRESSIONS = st.fixed_dictionaries(
    {
        "key": KEYS,
        "operator": st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist", "Gt")),
        "values": st.lists(VALUES, max_size=2),
    }
)


@given(
    selector=st.fixed_dictionaries(
        {"matchLabels": st.dictionaries(KEYS, VALUES), "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
    ),
    labels=st.dictionaries(KEYS, VALUES),
)
def test_with_the_edits_of_labels_the_selector_matches(selector: dict[str, Any], labels: dict[str, str]) -> None:
    wanted = selectors.edits(selector, labels)
    edited = {key: value for key, value in {**labels, **wanted}.items() if value is not None}
    if selectors.matches(selector, labels):
        assert wanted == {}
    elif wanted:
        assert selectors.matches(selector, edited)
        assert json.dumps(wanted)


# --- A Pod that was edited before ------------------------------------------------------------------------------------


def running() -> Fakes:
    """A Pod that runs and has all that the webhook adds."""
    fakes = healthy()
    fakes.pod["status"] = {
        **{"podIP": "10.0.0.7", "phase": "Running"},
        "containerStatuses": [{"name": "aws-cli", "state": {"running": {"startedAt": "2026-11-24T10:00:00Z"}}}],
    }
    fakes.pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    return fakes


BREAKS_LATER: dict[str, tuple[Spoil, str]] = {
    "no registration": (lambda f: (f.webhooks.clear(), setattr(f, "webhook_up", False)), "webhook.registered"),
    "another selector": (
        lambda f: (
            webhook(f, namespaceSelector={"matchLabels": {"irsa": "on"}}),
            setattr(f, "webhook_up", False),
        ),
        "webhook.selector",
    ),
    "nothing behind the Service": (
        lambda f: (at_service(f, endpoints={"subsets": []}), setattr(f, "webhook_up", False)),
        "webhook.reachable",
    ),
}


@pytest.mark.parametrize("name", BREAKS_LATER)
def test_a_pod_that_was_edited_before_works_until_the_next_one(name: str) -> None:
    spoil, check_id = BREAKS_LATER[name]
    fakes = running()
    spoil(fakes)
    reading, everything = read(fakes), examine(fakes.ports(), SUBJECT)
    for found, expected in ((reading, Outcome.SHOULD_WORK), (everything, Outcome.WORKS)):
        judged = found.verdict
        assert judged.outcome is expected
        warned = judged.warning[1] if judged.warning else judged.check
        assert warned is not None
        assert (warned.id, warned.status, warned.reason) == (check_id, Status.WARNING, "next_pod")
        assert found.fix is not None
        assert found.prediction is None
        for language in LANGUAGES:
            content = load(language)
            said = verdict_words.verdict(found, content)
            assert verdict_words.title(warned, found, content) in said
            assert said == content.message(
                f"doctor.{expected}_until_the_next_pod",
                check=verdict_words.title(warned, found, content),
                step=content.message("steps.webhook.short"),
            )
            assert verdict_words.mark(found) is Status.WARNING
            assert verdict_words.fix_heading(found) == "fix"
        assert found.fix.then == "works_as_it_is"
        assert not any(RESTART in command for command in found.fix.commands)


def test_an_annotation_that_was_removed_is_written_back_before_the_next_pod_needs_it() -> None:
    fakes = running()
    fakes.service_account["metadata"].pop("annotations")
    found = examine(fakes.ports(), SUBJECT)
    warned, fix = found.verdict.check, found.fix
    assert warned is not None
    assert fix is not None
    assert (found.verdict.outcome, warned.id, warned.reason) == (
        Outcome.WORKS,
        "service_account.annotation",
        "next_pod",
    )
    assert (fix.id, fix.then) == ("annotate_again", "works_as_it_is")
    assert fix.commands == (f"kubectl -n default annotate serviceaccount my-sa eks.amazonaws.com/role-arn={ROLE}",)


def test_an_association_that_is_newer_than_the_pod_shows_in_the_dry_run() -> None:
    """Its webhook was called a silent one, although it had edited the Pod of the dry run."""
    fakes = unedited()
    fakes.associated = True
    found = examine(fakes.ports(), SUBJECT)
    assert outcome(found) == ("pod.pod_identity", "pod_identity_of_next_pod")
    assert found.verdict.later == ()

    fakes = running()
    fakes.associated = True
    found = examine(fakes.ports(), SUBJECT)
    check, fix = found.verdict.check, found.fix
    assert check is not None
    assert fix is not None
    assert (found.verdict.outcome, check.id, check.reason) == (Outcome.WORKS, "pod.pod_identity", "next_pod")
    assert (fix.id, fix.then) == ("pod_identity_of_next_pod", "works_as_it_is")


@pytest.mark.parametrize("actions", [(), tuple(Action)])
def test_a_pod_from_before_the_annotation_was_removed_works_until_the_next_one(actions: tuple[Action, ...]) -> None:
    """As when GitOps takes back what was annotated by hand."""
    fakes = running()
    fakes.service_account["metadata"].pop("annotations")
    found = read(fakes, *actions)
    assert found.verdict.outcome is (Outcome.WORKS if actions else Outcome.SHOULD_WORK)
    _, check = found.verdict.warning or (None, found.verdict.check)
    assert check is not None
    assert (check.id, check.status, check.reason) == ("service_account.annotation", Status.WARNING, "next_pod")
    assert found.fix is not None
    assert found.fix.commands == (f"kubectl -n default annotate serviceaccount my-sa {ROLE_ARN}={ROLE}",)
    assert found.fix.then == "works_as_it_is"


def test_the_role_that_a_pod_has_from_a_removed_annotation_is_examined() -> None:
    fakes = running()
    fakes.service_account["metadata"].pop("annotations")
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] = "sts:AssumeRole"
    found = read(fakes)
    assert outcome(found) == ("trust.action", "trust")
    assert found.fix is not None
    assert "--role-name s3-reader" in found.fix.commands[0]


@pytest.mark.parametrize("phase", ["Failed", "Running"])
def test_a_pod_that_has_ended_or_was_not_edited_does_not_work_until_then(phase: str) -> None:
    fakes = running()
    fakes.webhooks.clear()
    fakes.webhook_up = False
    fakes.pod["status"]["phase"] = phase
    if phase == "Running":
        fakes.pod["spec"] = bare_pod()["spec"]
    assert outcome(read(fakes))[0] == "webhook.registered"


def by_association(*spoils: Spoil) -> Fakes:
    """A Pod that has its role from an association, and a ServiceAccount without an annotation."""
    fakes = unedited()
    fakes.associated = True
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod = fakes.mutated(fakes.pod)
    for spoil in spoils:
        spoil(fakes)
    return fakes


@pytest.mark.parametrize("annotations", [{}, {ROLE_ARN: ""}], ids=["none", "without a value"])
@pytest.mark.parametrize("actions", [(), ALL])
def test_a_pod_with_pod_identity_needs_neither_annotation_nor_provider(
    annotations: dict[str, str], actions: tuple[Action, ...]
) -> None:
    fakes = by_association(lambda f: f.service_account["metadata"].update(annotations=annotations))
    fakes.providers.clear()
    found = read(fakes, *actions)
    assert (outcome(found), found.verdict.later) == (("pod.pod_identity", "pod_identity"), ())
    for check_id in ("service_account.annotation", "provider.exists"):
        check = next(it for it in found.walk.checks if it.id == check_id)
        assert (check.status, check.reason) == (Status.FAILED, "by_pod_identity")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.pod["spec"].update(volumes=[]),
        lambda f: f.pod["spec"].update(bare_pod()["spec"]),
        lambda f: f.pod["spec"].update(serviceAccountName="other"),
    ],
    ids=["by variables without a token", "by its label alone", "of another ServiceAccount"],
)
def test_without_pod_identitys_token_the_annotation_is_missing(spoil: Spoil) -> None:
    fakes = by_association(spoil)
    fakes.providers.clear()
    found = read(fakes)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.reason) == ("provider.exists", "")
    assert "service_account.annotation" in [check.id for _, check in found.verdict.later]
