"""The story's page: every scheme with every Pod, as the policies of the reader's world have it, and by its address."""

import json
import re
from html import unescape

import pytest

from app.clients.kubernetes.cluster import KubernetesCluster
from app.content import LANGUAGES, load
from app.flow.annotations import ROLE_ARN
from app.ui.figures.story_figure import STORY
from app.ui.story import schemes
from app.ui.story.schemes import Scheme, Taken
from app.ui.text import prose
from app.world.aws.entities import NodeKind
from app.world.aws.iam import actions as iam
from app.world.node.programs import instance_metadata
from app.world.setup import story

CASES = {
    ("node-role", "pod-1"): ({"node_role": "leak"}, "metadata"),
    ("node-role", "pod-2"): ({"node_role": "leak"}, "metadata"),
    ("irsa", "pod-1"): ({"node_role": "held", "pod_1_role": "held", "pod_2_role": "kept"}, ""),
    ("irsa", "pod-2"): ({"node_role": "held", "pod_1_role": "kept", "pod_2_role": "leak"}, "own"),
    ("irsa-no-sub", "pod-1"): ({"node_role": "held", "pod_1_role": "held", "pod_2_role": "leak"}, "other"),
    ("irsa-no-sub", "pod-2"): ({"node_role": "held", "pod_1_role": "kept", "pod_2_role": "leak"}, "own"),
}
every_case = pytest.mark.parametrize(("scheme", "taken"), list(CASES))


@pytest.fixture
def chosen(screen):
    """Opens the page with choices in its address."""

    def open_page(*, lang="en", **params):
        shown = screen(lang=lang)
        for name, value in params.items():
            shown.test.query_params[name] = value
        return shown.open("why")

    return open_page


def states(html):
    """The class of each part of the figure, by its id, as the desk's layout has it."""
    return dict(re.findall(r'<g id="story&#45;lr&#45;([\w&#;]+)" class="(?:edge|node)[^"]* (\w+)"', html))


def words(shown):
    """What is computed, as a reader reads it."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", shown.html("blast_radius"))).split())


def message(key, **values):
    return load("en").message(key, **values)


def choose(shown, key, value):
    shown.test.segmented_control(key=key).set_value(value).run()
    return shown


@every_case
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scheme_with_every_pod_by_its_address(reader, language, scheme, taken):
    shown, content = reader(language).open("why"), load(language)
    choose(choose(shown, "scheme", scheme), "taken", taken)
    assert not shown.test.exception
    expected, kind = CASES[scheme, taken]
    html = shown.html("blast_radius")
    parts = states(html)
    for box in ("node_role", "pod_1_role", "pod_2_role"):
        assert parts[box] == expected.get(box, "absent")
    assert [parts["aurora_taken"], parts["aurora_safe"]] == (["leak", "gone"] if kind else ["gone", "kept"])
    shown_verdict, other = ("leaks", "safe") if kind else ("safe", "leaks")
    verdict = unescape(html.partition('role="status"')[2].partition("</div></div>")[0])
    assert content.message(f"why.verdict.{shown_verdict}") in verdict
    assert content.message(f"why.verdict.{other}") not in verdict
    if kind:
        role = content.message(f"why.roles.{next(box for box, state in expected.items() if state == 'leak')}")
        pod = content.message(f"why.pods.{taken}")
        assert content.message(f"why.verdict.{kind}", pod=pod, role=role) in re.sub("<.*?>", "", verdict)


@every_case
def test_the_lit_path_leads_from_the_attacker_over_the_pod_and_a_role_to_the_data(reader, scheme, taken):
    shown = choose(choose(reader("en").open("why"), "scheme", scheme), "taken", taken)
    expected, kind = CASES[scheme, taken]
    lit = {part for part, state in states(shown.html("blast_radius")).items() if state == "leak"}
    number = taken[-1]
    path = {f"attack_{number}", f"pod_{number}"}
    for box, state in expected.items():
        if state == "leak":
            arrow = f"metadata_{number}" if box == "node_role" else f"assume_{number}_{box[4]}"
            path |= {box, arrow, f"permits_{box}", "aurora_taken"}
    assert {part for part in lit if "&#45;" not in part} == path
    assert bool(kind) is ("aurora_taken" in path)


def test_an_arrow_shows_one_of_its_words(reader):
    shown = choose(choose(reader("en").open("why"), "scheme", "irsa"), "taken", "pod-1")
    parts = states(shown.html("blast_radius"))
    words = {key: parts[f"assume_1_2&#45;{key}"] for key in ("trusted", "refused", "no_token")}
    assert words == {"trusted": "gone", "refused": "kept", "no_token": "gone"}


@every_case
def test_the_text_alternative_says_the_outcome(reader, scheme, taken):
    shown, content = choose(choose(reader("ja").open("why"), "scheme", scheme), "taken", taken), load("ja")
    label = unescape(re.search(r'role="img" aria-label="([^"]*)"', shown.html("blast_radius"))[1])
    assert label.startswith(content.message(f"why.verdict.{'leaks' if CASES[scheme, taken][1] else 'safe'}"))
    for box in ("node_role", "pod_1_role", "pod_2_role"):
        assert content.message(f"why.roles.{box}") in label


def test_an_address_makes_the_choices(chosen):
    shown = chosen(scheme="irsa-no-sub", taken="pod-2")
    assert shown.test.segmented_control(key="scheme").value == Scheme.IRSA_NO_SUB
    assert shown.test.segmented_control(key="taken").value == Taken.POD_2
    assert states(shown.html("blast_radius"))["pod_2_role"] == "leak"


def test_choices_stand_in_the_address(chosen):
    shown = choose(choose(chosen(), "scheme", "irsa"), "taken", "pod-2")
    assert {key: shown.test.query_params[key] for key in ("scheme", "taken")} in (
        {"scheme": "irsa", "taken": "pod-2"},
        {"scheme": ["irsa"], "taken": ["pod-2"]},
    )


@pytest.mark.parametrize("junk", ["", "IRSA", "node-role ", "<script>", "𝕊" * 500, "pod-1"])
def test_junk_in_the_address_is_the_first_choice(chosen, junk):
    shown = chosen(scheme=junk, taken=f"{junk}x")
    assert not shown.test.exception
    assert shown.test.segmented_control(key="scheme").value == Scheme.NODE_ROLE
    assert shown.test.segmented_control(key="taken").value == Taken.POD_1


def test_the_evaluation_shows_the_comparison_that_refused(reader):
    shown = choose(choose(reader("en").open("why"), "scheme", "irsa"), "taken", "pod-1")
    html = re.sub("<wbr>|</?span[^>]*>", "", shown.html("computed"))
    refused = [row for row in re.findall(r"<tr class=.*?</tr>", html) if row.startswith('<tr class="failed"')]
    assert any(
        "system:serviceaccount:shop:orders" in row and "system:serviceaccount:shop:frontend" in row for row in refused
    )
    assert "rds-db:connect" in html
    assert load("en").message("why.computed.no_permissions") in html


def test_statements_about_other_actions_are_counted(reader):
    shown = choose(choose(reader("en").open("why"), "scheme", "node-role"), "taken", "pod-1")
    html = shown.html("computed").replace("<wbr>", "")
    # Each of the three managed policies of a node has one statement at least; the inline one is shown.
    assert int(re.search(r"Statements about other actions, which do not apply: (\d+)", html)[1]) >= 3
    assert "ecr:" not in html
    assert html.count("rds-db:connect") >= 2


def test_what_is_computed_follows_the_policies_of_the_world(chosen):
    shown = chosen(scheme="irsa", taken="pod-1")
    world = shown.world
    iam.call(
        world.account,
        "PutRolePolicy",
        {
            "RoleName": story.FRONTEND_ROLE,
            "PolicyName": "too-much",
            "PolicyDocument": json.dumps(story.connect_policy(world)),
        },
    )
    parts = states(shown.click("run_again").html("blast_radius"))
    assert (parts["pod_1_role"], parts["assume_1_1"], parts["aurora_taken"]) == ("leak", "leak", "leak")
    assert message("why.verdict.too_much", pod="Pod 1", role="Pod 1's role") in words(shown)


def test_a_role_that_a_pod_was_never_meant_for_is_another_pods_even_where_the_annotation_names_it(chosen):
    shown = chosen(scheme="irsa", taken="pod-1")
    world = shown.world
    orders = world.account.roles[story.ORDERS_ROLE]
    orders.trust_policy = orders.trust_policy.replace("StringEquals", "StringLike").replace(
        f"{story.NAMESPACE}:{story.ORDERS}", f"{story.NAMESPACE}:*"
    )
    account = world.cluster.get("serviceaccounts", story.NAMESPACE, story.FRONTEND)
    account["metadata"]["annotations"][ROLE_ARN] = orders.arn
    world.cluster.put("serviceaccounts", account)
    text = words(shown.click("run_again"))
    assert message("why.verdict.other", pod="Pod 1", role="Pod 2's role") in text
    # Pod 1's role stands before Pod 2's.
    assert text.index(message("why.attempts.trusted_own")) < text.index(message("why.attempts.trusted_other"))


def test_without_its_annotation_a_pod_has_no_token_to_show(chosen):
    shown = chosen(scheme="irsa-no-sub", taken="pod-1")
    account = shown.world.cluster.get("serviceaccounts", story.NAMESPACE, story.FRONTEND)
    del account["metadata"]["annotations"][ROLE_ARN]
    shown.world.cluster.put("serviceaccounts", account)
    parts = states(shown.click("run_again").html("blast_radius"))
    assert (parts["pod_2_role"], parts["assume_1_2&#45;no_token"]) == ("kept", "kept")


def test_another_kind_of_node_changes_what_a_pod_without_irsa_gets(chosen, monkeypatch):
    """The figure, the log and the sentence under it come from the world's new node; a new world has the first kind."""
    monkeypatch.setattr(instance_metadata, "METADATA_SECONDS", 0.2)
    shown = chosen(scheme="node-role", taken="pod-1")
    assert shown.test.selectbox(key="node_kind").value == NodeKind.EKSCTL
    assert states(shown.html("blast_radius"))["metadata_1&#45;metadata"] == "leak"
    assert prose(load("en").message("why.without_irsa.node_role")) in shown.html("log_pod-before")

    shown.test.selectbox(key="node_kind").set_value(NodeKind.KARPENTER).run()
    assert not shown.test.exception
    assert shown.world.account.node.kind is NodeKind.KARPENTER
    parts = states(shown.html("blast_radius"))
    assert (parts["node_role"], parts["metadata_1&#45;unreached"], parts["aurora_safe"]) == ("kept", "kept", "kept")
    assert message("why.verdict.nothing", pod="Pod 1") in words(shown)
    log = unescape(shown.html("log_pod-before"))
    assert "Unable to locate credentials" in log
    assert "AccessDenied" not in log
    assert "irsa-reports-" in shown.html("log_pod-after")

    assert shown.click("reset").test.selectbox(key="node_kind").value == NodeKind.EKSCTL
    assert shown.world.account.node.kind is NodeKind.EKSCTL


def test_a_node_is_not_changed_under_a_fault(chosen, simulation):
    shown = chosen()
    simulation.inject(shown.world, "F01")
    assert shown.test.run().selectbox(key="node_kind").disabled


def test_a_world_without_the_roles_says_so_in_iams_words(chosen):
    shown = chosen()
    iam.call(shown.world.account, "DeleteRole", {"RoleName": story.FRONTEND_ROLE})
    assert states(shown.click("run_again").html("blast_radius"))["node_role"] == "leak", "this scheme has no such role"
    html = unescape(choose(shown, "scheme", Scheme.IRSA).html("blast_radius"))
    assert not shown.test.exception
    assert load("en").message("why.unreadable") in html
    assert story.FRONTEND_ROLE in html
    assert states(choose(shown, "scheme", Scheme.NODE_ROLE).html("blast_radius"))["node_role"] == "leak"


def test_iam_is_asked_for_the_roles_of_the_scheme_that_is_shown_once_a_walk(chosen, monkeypatch):
    asked, read = [], schemes._role
    monkeypatch.setattr(schemes, "_role", lambda ports, name: asked.append(name) or read(ports, name))
    shown = chosen()
    assert asked == [story.SHARED_NODE_ROLE]
    choose(choose(shown, "scheme", Scheme.IRSA), "scheme", Scheme.NODE_ROLE)
    irsa = [shown.world.node_role_name, story.FRONTEND_ROLE, story.ORDERS_ROLE]
    assert asked == [story.SHARED_NODE_ROLE, *irsa]
    shown.click("run_again")
    assert asked == [story.SHARED_NODE_ROLE, *irsa, story.SHARED_NODE_ROLE]


def test_every_choice_has_an_arrow_for_what_it_may_come_to():
    edges = {edge.id for edge in STORY.edges}
    for taken in Taken:
        assert {
            f"attack_{taken[-1]}",
            f"metadata_{taken[-1]}",
            f"assume_{taken[-1]}_1",
            f"assume_{taken[-1]}_2",
        } <= edges


def test_the_log_of_a_pod_is_read_by_the_first_page_that_shows_it(screen, monkeypatch):
    asked, read = [], KubernetesCluster.pod_log
    monkeypatch.setattr(
        KubernetesCluster,
        "pod_log",
        lambda cluster, namespace, name: asked.append(name) or read(cluster, namespace, name),
    )
    shown = screen(lang="en").open("one_minute").open("access")
    assert asked == []
    for _ in range(2):
        assert "Unable to locate credentials" not in shown.open("why").html("log_pod-after")
        assert asked == ["pod-before", "pod-after"]
