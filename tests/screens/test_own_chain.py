"""The reader's own ServiceAccount and Pod in the simulated mode: chosen, gone, broken; and a diagnosis reproduced."""

import json
from html import unescape

import pytest

from app.content import load
from app.flow.annotations import ROLE_ARN
from app.flow.diagnosis_file.diagnosis_file import save
from app.flow.doctor import examine
from app.flow.lessons.reproduction import Not
from app.flow.model import Subject
from app.ui.state import session
from app.ui.text import prose
from app.wiring import simulated
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws import iam
from app.world.faults import FAULTS, names
from app.world.lifecycle.simulation import Simulation
from app.world.lifecycle.world_operations import delete
from app.world.setup import roles, scenario
from app.world.setup.scenario import ARTICLE
from tests.screens.conftest import plain
from tests.screens.live import reality

EN = load("en")
OWN = Subject(namespace="team-a", service_account="reports", pod="reports-0")


def create_own(shown, *, args=("s3", "ls")):
    """What a reader does with kubectl and aws."""
    world = shown.world

    async def create():
        await operations.create(world, ADMIN, "namespaces", None, {"metadata": {"name": OWN.namespace}})
        trust = json.dumps(roles.trust_policy(world, OWN.namespace, OWN.service_account))
        role = {"RoleName": "reports-role", "AssumeRolePolicyDocument": trust}
        arn = iam.call(world.account, "CreateRole", role)["Role"]["Arn"]
        policy = {"RoleName": "reports-role", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
        iam.call(world.account, "AttachRolePolicy", policy)
        metadata = {"name": OWN.service_account, "annotations": {ROLE_ARN: arn}}
        await operations.create(world, ADMIN, "serviceaccounts", OWN.namespace, {"metadata": metadata})
        pod = scenario.pod(OWN.pod, OWN.service_account)
        pod["spec"]["containers"][0]["args"] = list(args)
        await operations.create(world, ADMIN, "pods", OWN.namespace, pod)
        await world.kubelet.settle(20)

    session.simulation().run(create())
    return shown


def unfold(shown):
    """As a click on the heading does."""
    shown.test.session_state["own_chain"] = True
    shown.test.run()
    return shown


def pick(shown, what, value):
    unfold(shown).test.selectbox(key=f"pick_{what}").set_value(value).run()
    assert not shown.test.exception
    return shown


def walked(shown):
    return shown.test.session_state["walk_view"].walk.subject


def body_stands_at(shown):
    """The place of the page in the main area: a browser keeps what stays in its place."""
    parts = shown.test.main.children
    return next(place for place, part in parts.items() if getattr(part.proto, "id", "").endswith("-body"))


def in_address(shown):
    given = {name: shown.test.query_params.get(name, "") for name in ("namespace", "service_account", "pod")}
    return {name: found if isinstance(found, str) else found[0] for name, found in given.items()}


# (1) Choosing


def test_the_article_is_what_the_pages_are_about_and_the_address_says_nothing_of_it(screen):
    shown = screen(lang="en").open("service_account")
    assert walked(shown) == ARTICLE.subject
    assert in_address(shown) == dict.fromkeys(("namespace", "service_account", "pod"), "")
    assert "own_names" not in shown.keys


def test_what_is_chosen_is_what_the_pages_are_about(screen):
    shown = create_own(screen(lang="en"))
    for page in ("service_account", "doctor", "break_it", "time_machine", "thief"):
        before = body_stands_at(shown.open(page))
        pick(shown, "namespace", OWN.namespace)
        assert walked(shown) == OWN, page  # the annotated one, and its Pod
        assert in_address(shown) == {"namespace": "team-a", "service_account": "reports", "pod": "reports-0"}, page
        assert prose(EN.message("mode.own_names", service_account="team-a/reports")) in shown.html("own_names"), page
        assert body_stands_at(shown) == before, f"{page}: its tabs, folds and console begin anew in a browser"
        assert not shown.test.exception, page
        shown.click("chain_back")
        assert walked(shown) == ARTICLE.subject, page
        assert in_address(shown) == dict.fromkeys(("namespace", "service_account", "pod"), ""), page


def test_the_list_names_the_role_of_each_service_account(screen):
    shown = create_own(screen(lang="en")).open("service_account")
    pick(shown, "namespace", OWN.namespace)
    assert shown.test.selectbox(key="pick_service_account").options == ["default", "reports → reports-role"]


def test_the_lists_are_made_once_they_are_unfolded(screen, monkeypatch):
    asked = []
    choices = Simulation.choices
    monkeypatch.setattr(Simulation, "choices", lambda *given: asked.append(given) or choices(*given))
    shown = screen(lang="en").open("service_account")
    assert not asked
    assert not [box for box in shown.test.selectbox if box.key.startswith("pick_")]
    assert unfold(shown).test.selectbox(key="pick_namespace").value == ARTICLE.subject.namespace
    assert len(asked) == 1


def test_an_address_chooses_and_another_tab_follows(screen):
    shown = create_own(screen(lang="en"))
    shown.open("doctor", namespace="team-a", service_account="reports")
    assert walked(shown) == OWN
    assert "team-a/reports" in plain(shown.html("diagnosis"))
    session.simulation().choose(shown.world, namespace="default")  # by another tab
    shown.test.run()
    assert walked(shown) == ARTICLE.subject


@pytest.mark.parametrize("names", [{"namespace": "a.b"}, {"service_account": "../pods"}, {"pod": "<b>"}])
def test_an_impossible_name_in_the_address_chooses_nothing_and_is_said(screen, names):
    shown = screen(lang="en").open("doctor", **names)
    assert not shown.test.exception
    assert walked(shown) == ARTICLE.subject
    assert "notice_chain" in shown.keys
    shown.test.run()
    assert "notice_chain" not in shown.keys


def test_what_is_gone_is_said_with_the_way_back(screen):
    shown = create_own(screen(lang="en")).open("access")
    pick(shown, "namespace", OWN.namespace)
    session.simulation().run(delete(shown.world, "pods", OWN.namespace, OWN.pod))
    shown.click("run_again")
    assert "reports-0" in plain(shown.html("gone"))
    shown.click("gone_back")
    assert walked(shown) == ARTICLE.subject
    assert "gone" not in shown.keys


# (2) The lab


def test_the_lab_breaks_the_chosen_chain_and_speaks_of_it(screen):
    shown = create_own(screen(lang="en")).open("break_it", fault="F21")
    pick(shown, "namespace", OWN.namespace)
    shown.click("lab_run_unguessed")
    change = EN.message("faults.F21.change", **names(shown.world.chain))
    assert "`reports-role`" in change
    assert prose(change) in shown.html("lab_fault")
    assert "system:serviceaccount:production:reports" in shown.everything
    assert "my-sa" not in shown.html("fix")
    assert shown.test.selectbox(key="pick_service_account").disabled
    assert shown.world.chain.subject == OWN
    shown.click("lab_revert")
    assert "kubectl logs reports-0 -n team-a" in unescape(shown.html("lab_whole"))
    assert not shown.test.selectbox(key="pick_service_account").disabled


@pytest.mark.parametrize("reason", ["own_program", "own_broken", "own_gone"])
def test_the_lab_takes_no_chain_in_which_a_fault_would_not_show_what_it_says(screen, reason):
    args = ("sts", "get-caller-identity") if reason == "own_program" else ("s3", "ls")
    shown = create_own(screen(lang="en"), args=args).open("break_it")
    pick(shown, "namespace", OWN.namespace)
    world = shown.world
    if reason == "own_broken":
        policy = {"RoleName": "reports-role", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
        iam.call(world.account, "DetachRolePolicy", policy)
    if reason == "own_gone":
        session.simulation().run(delete(world, "pods", OWN.namespace, OWN.pod))
    shown.click("run_again")
    said = EN.message(f"lab.{reason}", pod=OWN.pod, service_account=OWN.service_account)
    assert prose(said) in shown.html("lab_own")
    assert "lab_surprise" not in {button.key for button in shown.test.button}
    shown.click("lab_own_back")
    assert "lab_surprise" in {button.key for button in shown.test.button}


def test_why_stays_with_the_story_and_says_so(screen):
    shown = create_own(screen(lang="en")).open("why")
    pick(shown, "namespace", OWN.namespace)
    said = EN.message("why.own_story", before="default/pod-before", after="default/pod-after")
    assert said in [caption.value for caption in shown.test.caption]
    assert "irsa-reports-" in shown.html("log_pod-after")


def test_the_thief_steals_the_chosen_token(screen):
    shown = create_own(screen(lang="en")).open("thief").click("thief_steal")
    pick(shown, "namespace", OWN.namespace)
    assert "thief_loot" not in shown.keys  # it was the article's
    shown.click("thief_steal")
    assert "system:serviceaccount:team-a:reports" in plain(shown.html("thief_loot"))


# (3) A diagnosis reproduced


def saved_diagnosis(simulation, fault, *, key="colleague", change=lambda text: text):
    """The file of a diagnosis of another world, broken by that fault, with names of its own."""
    world = simulation.reset(
        key, seeded=ARTICLE.__class__(**{**vars(ARTICLE), "namespace": "prod", "role": "payments"})
    )
    simulation.inject(world, fault)
    text = save(examine(simulated(simulation, world), world.chain.subject))
    simulation.store.discard(key)
    return change(text)


def opened(shown, text):
    shown.open("doctor").test.file_uploader(key="snapshot").set_value(
        ("x.json", text.encode(), "application/json")
    ).run()
    return shown


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.large), "ja"])
def test_an_opened_diagnosis_is_reproduced_under_its_names(screen, simulation, language):
    shown = opened(screen(lang=language), saved_diagnosis(simulation, "F22"))
    before = shown.world
    assert "prod" in shown.html("reproduce")
    shown.click("do_reproduce")
    assert not shown.test.exception
    assert shown.world is not before
    assert shown.world.seeded.namespace == "prod"
    assert shown.world.faults == ("F21",)
    assert shown.title == load(language).lesson("break_it").title
    copied = prose(load(language).message("mode.copied", service_account="prod/my-sa"))
    assert copied.replace("\u00a0", " ") in shown.html("own_names")
    assert "prod/my-sa" in plain(shown.html("diagnosis"))
    assert "payments" in shown.html("lab_fault")
    shown.click("reset")
    assert shown.world.seeded == ARTICLE
    assert "own_names" not in shown.keys


def test_a_name_of_the_file_that_no_object_can_have_makes_no_world(screen, simulation):
    text = saved_diagnosis(
        simulation, "F46", change=lambda text: text.replace('"namespace": "prod"', '"namespace": "a<b>"')
    )
    shown = opened(screen(lang="en"), text)
    assert "do_reproduce" not in {button.key for button in shown.test.button}
    assert prose(EN.message(f"doctor_page.reproduce.not.{Not.NAMES}")) in shown.html("reproduce")


def test_a_diagnosis_in_which_nothing_is_broken_is_not_offered(screen, simulation):
    world = simulation.reset("sound")
    text = save(examine(simulated(simulation, world), world.chain.subject))
    simulation.store.discard("sound")
    assert "reproduce" not in opened(screen(lang="en"), text).keys


def test_live_mode_reproduces_and_leaves_the_cluster_as_it_was(screen, simulation, tmp_path, monkeypatch):
    real = reality(simulation, "real", tmp_path, monkeypatch)
    simulation.inject(real.world, "F20")
    before = [real.world.cluster.list(kind) for kind in ("serviceaccounts", "pods")]
    shown = screen(lang="en", live="doctor", namespace="default", service_account="my-sa")
    assert "service_account.role_arn" in shown.html("diagnosis_checks")
    shown.click("do_reproduce")
    assert not shown.test.exception
    assert shown.title == EN.lesson("break_it").title
    assert "mode" not in shown.test.query_params
    assert shown.world is not real.world
    assert FAULTS[shown.world.faults[0]].id == "F20"
    assert [real.world.cluster.list(kind) for kind in ("serviceaccounts", "pods")] == before
    simulation.store.discard("real")


def test_the_simulated_doctor_offers_no_copy_of_itself(screen, simulation):
    shown = screen(lang="en")
    simulation.inject(shown.world, "F21")
    assert "reproduce" not in shown.open("doctor").keys
