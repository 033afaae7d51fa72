"""Objects edited by hand: what makes sense is done as a request would do it, anything else changes nothing."""

import copy
import json
import re
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.content import LANGUAGES, load
from app.flow.redaction import MASK
from app.flow.visible import visible
from app.world import edits
from app.world.edits import EditRefused, account, edited_json
from app.world.faults import FAULTS
from app.world.setup import scenario
from tests.by_turns import by_turns
from tests.examples import examples
from tests.world.helpers import log_of, pod_of
from tests.world.state import state_of

pytestmark = pytest.mark.one_world

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KINDS = pytest.mark.parametrize("kind", edits.KINDS)


@pytest.fixture
def edit(simulation, world):
    """Writes a kind's text, or what a function makes of its document."""
    return lambda kind, change: write(simulation, world, kind, change)


@pytest.fixture
def refused(simulation, world):
    """The refusal of an edit; the world is what it was."""
    return lambda kind, change: refusal(simulation, world, kind, change)


@pytest.fixture(scope="module")
def refused_by_one(simulation):
    """The same, of one world for all who change nothing: each refusal asserts that it is what it was."""
    yield lambda kind, change: refusal(simulation, simulation.world("edits"), kind, change)
    simulation.store.discard("edits")


def write(simulation, world, kind, change):
    if callable(change):
        document = json.loads(edits.editable(world, kind))
        change(document)
        change = json.dumps(document)
    simulation.run(edits.apply(world, kind, change))


def refusal(simulation, world, kind, change):
    before = state_of(world)
    with pytest.raises(EditRefused) as caught:
        write(simulation, world, kind, change)
    assert state_of(world) == before
    error = caught.value
    for language in LANGUAGES:
        words = load(language).error(error.words, **error.values)
        assert words != load(language).error("other", **error.values, said="", operation="")
    return error.code, error.got, error.expected, error.where


# (1) What is shown can be written


@KINDS
def test_what_is_shown_can_be_written_as_it_is(world, edit, kind):
    shown = edits.editable(world, kind)
    before = state_of(world)
    edit(kind, shown)
    assert edits.editable(world, kind) == shown
    if kind not in ("pod", "trust_policy"):  # the Pod is recreated, and IAM keeps the very text of the policy
        assert state_of(world) == before


@KINDS
def test_nothing_of_the_servers_own_is_shown(world, kind):
    text = edits.editable(world, kind)
    own = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "status", "nodeName")
    assert not any(f'"{name}"' in text for name in own)


def test_a_pod_is_shown_as_it_was_written(world):
    assert json.loads(edits.editable(world, "pod")) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": scenario.ARTICLE.pod, "namespace": "default"},
        "spec": {
            "containers": [{"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}],
            "restartPolicy": "Never",
            "serviceAccountName": "my-sa",
        },
    }


# (2) What an edit does


def test_a_trust_policy(world, edit):
    edit("trust_policy", lambda policy: policy["Statement"][0].update(Effect="Deny"))
    assert json.loads(world.account.roles[scenario.ARTICLE.role].trust_policy)["Statement"][0]["Effect"] == "Deny"


def test_the_text_of_a_trust_policy_is_kept_as_it_was_typed(world, edit):
    typed = edits.editable(world, "trust_policy").replace("\n", "\n\n")
    edit("trust_policy", typed)
    assert world.account.roles[scenario.ARTICLE.role].trust_policy == typed


def test_a_role(world, edit):
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

    def change(role):
        role["AttachedPolicies"] = ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]
        role["InlinePolicies"] = {"own": allowed}
        role["MaxSessionDuration"] = 7200

    edit("role", change)
    role = world.account.roles[scenario.ARTICLE.role]
    assert role.attached == ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]
    assert json.loads(role.inline_policies["own"]) == allowed
    assert role.max_session_duration == 7200
    edit("role", lambda role: role.update(InlinePolicies={}, AttachedPolicies=[]))
    assert (role.attached, role.inline_policies) == ([], {})


def test_a_role_is_shown_as_it_was_when_its_policies_were_read(world, monkeypatch):
    policies = world.account.roles[world.chain.role].inline_policies
    policies["one"] = policies["two"] = "{}"
    kept = sorted(policies)

    def meanwhile(text):
        policies[f"of {len(policies)}"] = "{}"
        return json.loads(text)

    monkeypatch.setattr("app.world.edits.account.json", SimpleNamespace(loads=meanwhile))
    assert sorted(account.role(world)["InlinePolicies"]) == kept


def test_a_provider(world, edit):
    edit("oidc_provider", lambda provider: provider.update(ClientIDList=["a", "b"], ThumbprintList=["0" * 40]))
    provider = next(iter(world.account.oidc_providers.values()))
    assert (provider.client_ids, provider.thumbprints) == (["a", "b"], ["0" * 40])


def test_a_service_account_keeps_what_is_not_shown(world, edit):
    before = world.cluster.get("serviceaccounts", "default", "my-sa")
    edit("service_account", lambda account: account["metadata"].pop("annotations"))
    after = world.cluster.get("serviceaccounts", "default", "my-sa")
    assert "annotations" not in after["metadata"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_a_pod_is_recreated_and_has_run(world, edit):
    before = pod_of(world, scenario.ARTICLE.pod)
    edit("pod", lambda pod: pod["spec"]["containers"][0].update(args=["sts", "get-caller-identity"]))
    after = pod_of(world, scenario.ARTICLE.pod)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["phase"] == "Succeeded"
    assert f"assumed-role/{scenario.ARTICLE.role}" in log_of(world, scenario.ARTICLE.pod)


def test_a_webhook_matters_once_the_pod_is_recreated(simulation, world, edit):
    edit("webhook", lambda webhook: webhook.update(webhooks=[]))
    assert "AWS_ROLE_ARN" in json.dumps(pod_of(world, scenario.ARTICLE.pod))
    simulation.run(edits.recreate_pod(world))
    assert "AWS_ROLE_ARN" not in json.dumps(pod_of(world, scenario.ARTICLE.pod))


NOT_BY_HAND = {"F18b"}
"""The role's path cannot be changed: the object as it was before does not say so."""


OF_EACH_KIND = {fault.changes: fault.id for fault in reversed(FAULTS.values())}
"""By the kind of what a fault changes: the first such fault."""


@pytest.mark.parametrize(
    "fault", [pytest.param(it, marks=() if it in OF_EACH_KIND.values() else pytest.mark.large) for it in FAULTS]
)
def test_a_fault_can_be_fixed_by_hand(simulation, world, edit, fault):
    good = {kind: edits.editable(world, kind) for kind in edits.KINDS}
    simulation.inject(world, fault)
    # What is shown of the broken world can be written as it is, unless the Pod may not be created any more.
    for kind in edits.KINDS:
        if (shown := edits.editable(world, kind)) and (fault, kind) != ("F35b", "pod"):
            edit(kind, shown)
            assert edits.editable(world, kind) == shown
    for kind, text in good.items():
        edit(kind, text)
        assert edits.editable(world, kind) == text
    if FAULTS[fault].changes in edits.KINDS and fault not in NOT_BY_HAND:
        assert pod_of(world, scenario.ARTICLE.pod)["status"]["phase"] == "Succeeded"


@KINDS
def test_what_is_gone_can_be_created(simulation, world, edit, kind):
    shown = edits.editable(world, kind)
    role = world.account.roles[scenario.ARTICLE.role]
    simulation.run(_remove(world, kind))
    assert edits.editable(world, kind) == ""
    if kind == "role":
        with pytest.raises(EditRefused, match="no_role"):
            edit(kind, shown)
        return
    edit(kind, shown)
    assert edits.editable(world, kind) == shown
    assert kind != "trust_policy" or world.account.roles[scenario.ARTICLE.role].role_id != role.role_id


async def _remove(world, kind):
    match kind:
        case "trust_policy" | "role":
            del world.account.roles[scenario.ARTICLE.role]
        case "oidc_provider":
            world.account.oidc_providers.clear()
        case "service_account":
            world.cluster.delete("serviceaccounts", "default", "my-sa")
        case "pod":
            world.cluster.delete("pods", "default", scenario.ARTICLE.pod)
        case "webhook":
            world.cluster.delete("mutatingwebhookconfigurations", None, "pod-identity-webhook")


# (3) Secrets


def _with_secret(pod):
    key = {"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET}
    pod["spec"]["containers"][0]["env"] = [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"}, key]


def test_a_secret_is_masked_and_survives_the_edit(world, edit):
    edit("pod", _with_secret)
    shown = edits.editable(world, "pod")
    assert SECRET not in shown
    assert MASK in shown

    def rearranged(pod):
        pod["spec"]["containers"][0]["env"].reverse()
        pod["spec"]["containers"][0]["args"].append("--debug")

    edit("pod", rearranged)
    variables = pod_of(world, scenario.ARTICLE.pod)["spec"]["containers"][0]["env"]
    assert {"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET} in variables


def test_a_mask_elsewhere_is_refused(edit, refused):
    edit("pod", _with_secret)

    def moved(pod):
        pod["spec"]["containers"][0]["env"][1]["name"] = "OTHER"

    code, _, _, where = refused("pod", moved)
    assert (code, where) == ("masked", "spec.containers.aws-cli.env.OTHER.value")


# (4) What is refused


NO_DOCUMENTS = [
    ("", ("empty", "", "", "")),
    ("  \n", ("empty", "", "", "")),
    ('{\n  "a": 1,\n  b: 2\n}', ("not_json", "b", "", "3:3")),
    ("{'a': 1}", ("not_json", "'", "", "1:2")),
    ('{"a": 1} {', ("not_json", "{", "", "1:10")),
    ('{"a": [1, 2', ("cut_short", "", "", "1:12")),
    ("[]", ("no_object", "array", "object", "")),
    ("null", ("no_object", "null", "object", "")),
    ('"text"', ("no_object", "string", "object", "")),
    ('{"a": 1, "a": 2}', ("twice", "a", "", "a")),
    ('{"a": NaN}', ("number", "NaN", "", "")),
    ('{"a": 1e999}', ("number", "inf", "", "a")),
    ("x" * 1024 * 1024, ("too_large", "1048576", "65536", "")),
    ("é" * 32769, ("too_large", "65538", "65536", "")),
    ('{"a": "\\u0000"}', ("control_character", "\\x00", "", "a")),
    ('{"a": ["\\u009b"]}', ("control_character", "\\x9b", "", "a[0]")),
    ('{"a": {"\\u0007": 1}}', ("control_character", "\\x07", "", "a")),
    ('{"a": "\\ud800"}', ("control_character", "\\ud800", "", "a")),
    ('{"a": "arn:aws:iam::1:role/x\\n"}', ("control_character", "\\n", "", "a")),
]


@pytest.mark.parametrize(("kind", "case"), by_turns(edits.KINDS, NO_DOCUMENTS), ids=lambda value: repr(value)[:24])
def test_what_is_no_document_of_ours(refused_by_one, kind, case):
    text, said = case
    assert refused_by_one(kind, text) == said


@KINDS
@pytest.mark.parametrize("depth", [31, 20000])
def test_no_bottomless_pit(refused_by_one, kind, depth):
    assert refused_by_one(kind, '{"a":' + "[" * depth + "]" * depth + "}")[0] == "too_deep"


def test_a_long_name_is_not_repeated_with_each_member():
    """A text of 64 KB took 129 MB."""
    text = json.dumps({"a" * 30_000: {str(number): 1 for number in range(2000)}})
    tracemalloc.start()
    try:
        edited_json.read(text)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@KINDS
def test_a_number_without_end(refused_by_one, kind):
    limit = str(sys.get_int_max_str_digits())
    assert refused_by_one(kind, '{"a": ' + "9" * 5000 + "}") == ("long_number", "", limit, "")


def test_members_that_are_missing_unknown_or_of_a_wrong_type(refused_by_one):
    assert refused_by_one("role", lambda role: role.pop("RoleName")) == ("missing_member", "", "RoleName", "RoleName")
    code, got, expected, where = refused_by_one("role", lambda role: role.update(Arn="x"))
    assert (code, got, where) == ("unknown_member", "Arn", "Arn")
    assert "AttachedPolicies" in expected
    wrong = [
        (lambda role: role.update(AttachedPolicies="x"), ("string", "array", "AttachedPolicies")),
        (lambda role: role.update(AttachedPolicies=[1]), ("number", "string", "AttachedPolicies[0]")),
        (lambda role: role.update(MaxSessionDuration=True), ("boolean", "number", "MaxSessionDuration")),
        (lambda role: role.update(InlinePolicies={"a": "{}"}), ("string", "object", "InlinePolicies.a")),
    ]
    for change, details in wrong:
        assert refused_by_one("role", change) == ("wrong_type", *details)
    code, got, _, where = refused_by_one("pod", lambda pod: pod["spec"].update(serviceAcountName="my-sa"))
    assert (code, got, where) == ("unknown_field", "serviceAcountName", "spec.serviceAcountName")
    code, _, _, where = refused_by_one("service_account", lambda account: account["metadata"].update(uid="x"))
    assert (code, where) == ("unknown_member", "metadata.uid")
    code, got, _, _ = refused_by_one("pod", lambda pod: pod["spec"].update(containers="x"))
    assert code == "refused_by_api_server"
    assert "cannot unmarshal string into Go struct field" in got


@pytest.mark.parametrize(
    ("kind", "change", "where"),
    [
        ("role", lambda role: role.update(RoleName="other"), "RoleName"),
        ("oidc_provider", lambda provider: provider.update(Url="https://example.com"), "Url"),
        ("pod", lambda pod: pod["metadata"].update(name="other"), "metadata.name"),
        ("pod", lambda pod: pod["metadata"].update(namespace="kube-system"), "metadata.namespace"),
        ("service_account", lambda account: account["metadata"].update(name="other"), "metadata.name"),
        ("webhook", lambda webhook: webhook["metadata"].update(name="other"), "metadata.name"),
    ],
)
def test_a_name_stays(refused_by_one, kind, change, where):
    code, _, _, at = refused_by_one(kind, change)
    assert (code, at) == ("other_name", where)


def test_the_products_refuse_in_their_own_words(refused_by_one):
    code, got, _, _ = refused_by_one("trust_policy", lambda policy: policy.update(Statement=[]))
    assert (code, got.partition(":")[0]) == ("refused_by_iam", "MalformedPolicyDocument")
    code, got, _, _ = refused_by_one("trust_policy", lambda policy: policy.update(Id="x" * 2048))
    assert (code, got) == ("refused_by_iam", "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048")
    code, _, _, where = refused_by_one("pod", lambda pod: pod["spec"]["containers"][0].update(name="No Name"))
    assert (code, where) == ("refused_by_api_server", "spec.containers[0].name")


def test_an_edit_of_several_steps_is_all_or_nothing(refused_by_one):
    def change(role):
        role["AttachedPolicies"] = ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]
        role["InlinePolicies"] = {"bad": {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}}

    assert refused_by_one("role", change)[0] == "refused_by_iam"
    audiences = [f"audience-{number}" for number in range(101)]
    assert (
        refused_by_one("oidc_provider", lambda provider: provider.update(ClientIDList=audiences))[0] == "refused_by_iam"
    )


def test_a_pod_that_the_webhook_forbids_stays(world, edit, refused):
    def closed(webhook):
        webhook["webhooks"][0]["failurePolicy"] = "Fail"
        webhook["webhooks"][0]["clientConfig"]["url"] = "https://127.0.0.1:1/mutate"

    edit("webhook", closed)
    assert refused("pod", lambda pod: None)[0] == "refused_by_api_server"


def test_a_pod_that_is_gone_cannot_be_recreated(simulation, world):
    world.cluster.delete("pods", "default", scenario.ARTICLE.pod)
    before = state_of(world)
    with pytest.raises(EditRefused, match="refused_by_api_server"):
        simulation.run(edits.recreate_pod(world))
    assert state_of(world) == before


def test_whatever_goes_wrong_nothing_has_changed(simulation, world, edit, monkeypatch):
    monkeypatch.setattr("app.world.aws.iam.role_policies.limits.ATTACHED_POLICIES", None)
    before = state_of(world)
    with pytest.raises(TypeError):
        edit("role", lambda role: role.update(AttachedPolicies=["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]))
    assert state_of(world) == before


# (5) Junk

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def damaged(draw, document):
    """The document with one of its values, somewhere, replaced, removed, or given company."""
    document = copy.deepcopy(document)
    holder, key = None, None
    value = document
    while isinstance(value, (dict, list)) and value and (holder is None or draw(st.booleans())):
        holder = value
        key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value = holder[key]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            holder[key] = draw(json_values)
        case "remove":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[draw(st.text(max_size=8))] = draw(json_values)
        case "add":
            holder.append(draw(json_values))
    return json.dumps(document)


@KINDS
@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=set(Phase) - {Phase.shrink, Phase.explain},  # hundreds of edits more, to shorten what is short already
)
@given(data=st.data())
def test_junk_is_refused_and_changes_nothing(simulation, world, kind, data):
    document = json.loads(edits.editable(world, kind))
    text = data.draw(st.text(max_size=200) | json_values.map(json.dumps) | damaged(document))
    saved, before = simulation.save(world), state_of(world)
    refusal = None
    try:
        simulation.run(edits.apply(world, kind, text))
    except EditRefused as error:
        refusal = error
    if refusal is None:
        assert edits.editable(world, kind)
        simulation.restore(world, saved)
        return
    assert state_of(world) == before
    assert all(visible(value, keep="") == value for value in refusal.values.values())
    assert load("ja").error(refusal.words, **refusal.values).title


# (6) Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_code_has_its_words(language):
    sources = Path(edits.__file__).parent.glob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'EditRefused\(\s*"(\w+)"', text)) | {"not_json", "cut_short"}
    messages = load(language).messages
    found = {key.split(".")[1].removeprefix("edit_") for key in messages if key.startswith("errors.edit_")}
    assert found == codes
