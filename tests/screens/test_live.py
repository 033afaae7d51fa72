"""Live mode on the pages: the switch, the choices, the walk that only reads, what is done on request, what is wrong."""

from __future__ import annotations

import json
import re
import socket
from html import unescape
from itertools import cycle
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from app import wiring
from app.clients.issuer import IssuerTransport
from app.clients.kubernetes.cluster import KubernetesCluster
from app.content import LANGUAGES, PAGES, TALK, load
from app.flow.diagnosis_file import diagnosis_file
from app.flow.diagnosis_file.diagnosis_file import load as load_snapshot
from app.flow.diagnosis_file.diagnosis_file import save
from app.flow.errors import NotPermitted, Unreachable
from app.flow.model import Status, Step
from app.flow.port_wrappers.consent import ALL, Action
from app.flow.verdict.judge import judge
from app.wiring import Choice
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws.iam import actions as iam
from app.world.lifecycle.world_operations import delete
from app.world.setup import scenario
from tests.by_turns import by_turns
from tests.screens.conftest import fetched
from tests.screens.live import asked_as, reality

EN = load("en")


@pytest.fixture
def real(simulation, screen, worlds, tmp_path, monkeypatch):
    return reality(simulation, worlds.take(), tmp_path, monkeypatch)


def walk_view(shown):
    return shown.test.session_state["live"].walk_view


def status(shown, step):
    return walk_view(shown).walk.report(step).status


def options(shown, what):
    return shown.test.selectbox(key=f"pick_{what}").options


def pick(shown, what, value):
    shown.test.selectbox(key=f"pick_{what}").set_value(value).run()
    return shown


def type_in(shown, what, value):
    """What the harness cannot type into a list, by way of the address."""
    shown.test.query_params[what] = value
    shown.test.run()
    return shown


def predicted(shown):
    """This reader has seen every answer about this walk."""
    seen = {step.value: "" for step in Step}
    shown.test.session_state["predictions"] = {"world": walk_view(shown).world, "made": seen}
    shown.test.run()
    return shown


def switch(shown, mode):
    next(group for group in shown.test.segmented_control if group.key == "mode").set_value(mode).run()
    return shown


# (1) The switch


def test_the_switch_keeps_page_language_and_depth(screen, real):
    shown = switch(screen(lang="en").open("service_account", depth="3"), "live")
    assert not shown.test.exception
    assert EN.lesson("service_account").title in shown.title
    assert shown.language == "en"
    assert {name: shown.test.query_params[name] for name in ("mode", "lang", "depth")} == {
        "mode": "live",
        "lang": "en",
        "depth": "3",
    }
    assert real.world.account_id in predicted(shown).html("found_service_account")
    switch(shown, "simulated")
    assert not shown.test.exception
    assert EN.lesson("service_account").title in shown.title
    assert "mode" not in shown.test.query_params
    assert real.world.account_id not in shown.everything


def test_every_page_is_drawn_of_a_walk_that_only_read(screen, real):
    """In the languages by turns: they have the same keys."""
    shown = screen(lang="ja")
    for page, language in zip(PAGES, cycle(LANGUAGES)):
        shown.open(page, mode="live", depth="3", lang=language)
        assert not shown.test.exception, page
    assert walk_view(shown).granted == frozenset()


def test_a_link_leads_to_live_mode(screen, real):
    shown = screen(lang="en", live="oidc_provider")
    assert shown.test.segmented_control(key="mode").value == "live"
    assert status(shown, Step.OIDC_PROVIDER) is Status.PASSED
    assert real.world.issuer.rpartition("/")[2] in predicted(shown).html("found_oidc_provider")


def test_a_step_that_waits_for_the_token_leads_to_where_it_is_read(screen, real):
    shown = predicted(screen(lang="en", live="sts_assume"))
    assert status(shown, Step.STS_ASSUME) is Status.NOT_REACHED
    assert status(shown, Step.WEBHOOK) is Status.UNKNOWN  # nobody asked for the dry run, either, but that is not why
    html = shown.html("outcome_sts_assume")
    assert "token_mount?" in html
    assert "webhook?" not in html


def test_without_a_button_nothing_is_sent_but_reads(screen, real):
    before = len(real.world.log.exchanges())
    shown = screen(lang="en", live="home")
    asked = [exchange for report in walk_view(shown).walk for exchange in report.exchanges]
    assert asked
    assert {exchange.method for exchange in asked if exchange.callee == "kube-apiserver"} <= {"GET"}
    assert not [
        exchange for exchange in real.world.log.exchanges()[before:] if "AdmissionReview" in exchange.request_body
    ]
    assert all(
        "AssumeRoleWithWebIdentity" not in exchange.request_body and exchange.callee != "s3" for exchange in asked
    )


# (2) The choices


def test_what_there_is_to_choose_is_read_from_the_cluster(screen, real):
    shown = screen(lang="en", live="home")
    assert options(shown, "context") == [real.world.cluster_name]
    assert "default" in options(shown, "namespace")
    assert any(option.startswith("my-sa → ") for option in options(shown, "service_account"))
    assert "pod-after" in options(shown, "pod")
    assert walk_view(shown).walk.subject.service_account == "my-sa"
    assert real.world.account_id in shown.html("identity")


def test_live_mode_starts_at_a_service_account_with_a_role_and_pods(screen, real):
    """Wherever it is: the namespace of the context has nothing that is annotated."""
    shown = screen(lang="en", live="home", namespace="default", service_account="my-sa", pod="pod-after")
    cluster = walk_view(shown).walk.subject
    assert (cluster.namespace, cluster.service_account) == ("default", "my-sa")
    real.configure(real.path.read_text().replace("namespace: default", "namespace: shop"))
    started = screen(lang="en", live="home")
    assert walk_view(started).walk.subject.pod == "pod-after"  # shop has roles, and no Pods
    assert "shop" in options(started, "namespace")
    chosen = pick(started, "namespace", "shop")
    assert walk_view(chosen).walk.subject.service_account == "frontend"  # no Pods: the first that is annotated
    assert walk_view(pick(chosen, "namespace", "kube-system")).walk.subject.service_account == "default"


def test_who_may_not_list_all_namespaces_starts_in_the_contexts_own(screen, real):
    def refuse(self, namespace=""):
        if namespace:
            return asked(self, namespace)
        raise NotPermitted(code="Forbidden", server_message="cannot list", status=403)

    asked = KubernetesCluster.service_accounts
    real.monkeypatch.setattr(KubernetesCluster, "service_accounts", refuse)
    shown = screen(lang="en", live="home")
    assert walk_view(shown).walk.subject.service_account == "my-sa"


def test_another_service_account_is_walked(screen, real):
    shown = pick(screen(lang="en", live="service_account"), "service_account", "default")
    assert walk_view(shown).walk.subject.service_account == "default"
    assert status(shown, Step.SERVICE_ACCOUNT) is Status.FAILED
    type_in(shown, "service_account", "no-such-account")
    assert not shown.test.exception
    assert status(shown, Step.SERVICE_ACCOUNT) is Status.FAILED


NO_NAMES = ("../../x", "ａ", "a b", "<b>x", "x" * 300, "%2e%2e", "..", "\0", "\u202e", "-")


@pytest.mark.parametrize(
    ("what", "junk"),
    [("namespace", NO_NAMES[1::3]), ("service_account", NO_NAMES), ("pod", NO_NAMES[::3])],
    ids=["namespace", "service_account", "pod"],
)
def test_whatever_is_typed_stays_a_name(screen, real, what, junk):
    shown = screen(lang="en", live="home")
    for typed in junk:
        type_in(shown, what, typed)
        assert not shown.test.exception, typed
        code = "not_a_namespace_name" if what == "namespace" else "not_a_name"
        assert EN.message(f"errors.{code}.title") in unescape(shown.html("notice_problem"))
        assert "<b>x" not in shown.everything
        assert "namespaces" in {key[0] for key in shown.test.session_state["live"].lists}
    shown.test.query_params[what] = "default"
    shown.test.run()
    assert walk_view(shown) is not None


def address(shown):
    return {name: shown.test.query_params[name] for name in shown.test.query_params}


def test_the_choice_stands_in_the_address_and_leads_back_to_it(screen, real):
    shown = pick(screen(lang="en", live="service_account"), "service_account", "default")
    chosen = {"context": real.world.cluster_name, "namespace": "default", "service_account": "default"}
    assert "pod" not in address(shown)  # the newest one, whichever that is
    assert chosen.items() <= address(shown).items()
    again = screen(lang="en").open("webhook", **address(shown))
    assert walk_view(again).walk.subject == walk_view(shown).walk.subject
    pick(again, "service_account", "my-sa")
    assert walk_view(again).walk.subject.pod == "pod-after"
    pick(again, "pod", "pod-after")
    assert address(again)["pod"] == "pod-after"
    assert not set(address(switch(again, "simulated"))) & {*chosen, "mode"}
    switch(again, "live")
    assert walk_view(again).walk.subject.service_account == "my-sa"


def test_every_link_carries_mode_depth_and_choice(screen, real):
    shown = pick(screen(lang="en", live="home", depth="3"), "pod", "pod-after")
    links = re.findall(
        r'<a [^>]*?href="(\./[^"]*)"', "".join(fetched(json.loads(each)["html"]) for each in drawn(shown))
    )
    assert len(links) > 20
    for link in links:
        carried = dict(parse_qsl(urlsplit(unescape(link)).query))
        assert (carried["mode"], carried["service_account"], carried["pod"]) == ("live", "my-sa", "pod-after"), link
    assert any("depth=3" in link for link in links)
    simulated = screen(lang="en").open("home")
    assert "mode=live" not in simulated.everything


def test_no_link_carries_what_is_too_long_for_a_name(screen, monkeypatch):
    """The glossary had 67 MB with 50,000 letters in its address."""
    monkeypatch.setenv("IRSA_LIVE", "0")
    shown = screen(lang="en").open("glossary", mode="live", context="z" * 513, profile="q" * 512)
    html = "".join(fetched(json.loads(each)["html"]) for each in drawn(shown)) + shown.everything
    assert "profile=" + "q" * 512 in html
    assert "context=" not in html


def stored(real, name, revision="", *, account="my-sa"):
    """Another Pod in the real cluster: by hand, or of this revision of the Deployment `web`."""
    pod = scenario.pod(name, account)
    if revision:
        owner = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": f"web-{revision}",
            "uid": "1",
            "controller": True,
        }
        pod["metadata"].update(ownerReferences=[owner], labels={"pod-template-hash": revision})
    real.simulation.run(operations.create(real.world, ADMIN, "pods", "default", pod))


def deleted(real, name):
    real.simulation.run(delete(real.world, "pods", "default", name))


def test_where_no_pod_was_chosen_the_newest_is_examined_again(screen, real):
    shown = screen(lang="en", live="doctor").click("do_doctor_read_token").click("do_doctor_exchange")
    assert walk_view(shown).walk.subject.pod == "pod-after"
    stored(real, "pod-newer")
    deleted(real, "pod-after")
    shown.click("examine")
    assert not shown.test.exception
    assert walk_view(shown).walk.subject.pod == "pod-newer"
    assert EN.message("doctor.works") in diagnosis(shown)  # what was granted goes along
    deleted(real, "pod-newer")
    stored(real, "pod-newest")
    shown.click("only_read")  # whatever makes the walk again
    assert walk_view(shown).walk.subject.pod == "pod-newest"


def test_a_chosen_pod_that_is_gone_is_reported_and_the_one_in_its_place_is_offered(screen, real):
    stored(real, "web-6f4dfff6cb-bbbbb", "6f4dfff6cb")
    shown = pick(screen(lang="en", live="doctor"), "pod", "web-6f4dfff6cb-bbbbb")
    stored(real, "web-7c9d8bf5d4-ccccc", "7c9d8bf5d4")
    deleted(real, "web-6f4dfff6cb-bbbbb")
    shown.click("examine")
    assert not shown.test.exception
    assert walk_view(shown).walk.subject.pod == "web-6f4dfff6cb-bbbbb"
    gone = EN.message("doctor.gone", pod="web-6f4dfff6cb-bbbbb").replace("`", "")
    assert gone in re.sub("<[^>]+>", "", diagnosis(shown))
    shown.click("successor")
    assert walk_view(shown).walk.subject.pod == address(shown)["pod"] == "web-7c9d8bf5d4-ccccc"
    assert "successor" not in {button.key for button in shown.test.button}
    pick(shown, "pod", "\0newest")
    assert "pod" not in address(shown)


@pytest.mark.large
def test_a_link_without_a_pod_means_the_newest_one(screen, real):
    """In `make test`, the newest one is examined where none was chosen."""
    shown = pick(screen(lang="en", live="doctor"), "pod", "")
    assert walk_view(shown).walk.subject.pod == ""
    del shown.test.query_params["pod"]
    shown.test.run()
    assert walk_view(shown).walk.subject.pod == "pod-after"


def test_all_pods_of_the_service_account_are_listed_by_one_request(screen, real):
    stored(real, "pod-other")
    asked, pods = [], KubernetesCluster.pods
    real.monkeypatch.setattr(KubernetesCluster, "pods", lambda *words: asked.append(words) or pods(*words))
    shown = screen(lang="en", live="doctor")
    asked.clear()
    shown.click("examine")
    assert len(asked) == 1
    html = unescape(shown.html("pods")).replace("<wbr>", "")
    assert all(name in html for name in ("pod-after", "pod-other", EN.message("doctor.pods.ended", phase="Succeeded")))


def test_without_a_pod_those_that_run_as_default_are_listed(screen, real):
    deleted(real, "pod-after")
    shown = screen(lang="ja", live="doctor")
    html = unescape(shown.html("pods")).replace("<wbr>", "")
    words = load("ja")
    assert words.message("doctor.pods.none") in html
    assert "pod-before" in html
    assert "kubectl set serviceaccount --local -f - my-sa" in html


def drawn(shown):
    found = (part.proto.json or part.proto.mixed.json for part in shown.test.get("bidi_component"))
    return [data for data in found if '"html"' in data]


NOT_THERE = (("context", "no_such_context"), ("profile", "aws_no_such_profile"), ("region", "aws_bad_region"))


@pytest.mark.parametrize(("named", "junk"), by_turns(NOT_THERE, ["<b>x", "\0", "x" * 3000, "../..", "\u202e"]))
def test_an_address_that_names_what_is_not_there_says_so(screen, real, named, junk):
    what, code = named
    shown = screen(lang="en", live="doctor", **{what: junk})
    assert not shown.test.exception
    assert EN.message(f"errors.{code}.title") in unescape(shown.everything)
    assert "<b>x" not in shown.everything


def test_two_sessions_look_at_different_things(screen, real):
    one, other = (screen(lang="en", live="service_account") for _ in range(2))
    pick(one, "service_account", "default")
    other.click("run_again")
    assert walk_view(one).walk.subject.service_account == "default"
    assert walk_view(other).walk.subject.service_account == "my-sa"


# (3) On request


def test_buttons_stand_where_a_check_waits_for_them_and_say_what_is_sent(screen, real):
    shown = screen(lang="en", live="webhook")
    assert "action_text_webhook_dry_run" in shown.keys
    html = unescape(shown.html("action_text_webhook_dry_run"))
    for part in ("does", "needs", "sends"):
        assert EN.message(f"actions.dry_run.{part}").partition("`")[0] in html
    assert '"pods"' in html  # the rule that it takes
    shown.click("do_webhook_dry_run")
    assert not shown.test.exception
    assert walk_view(shown).granted == {Action.DRY_RUN}
    assert walk_view(shown).walk.report(Step.WEBHOOK).evidence["pod_after"]
    assert "action_text_webhook_dry_run" not in shown.keys


def test_one_button_after_the_other_leads_to_the_buckets(screen, real):
    shown = screen(lang="en", live="webhook").click("do_webhook_dry_run")
    shown.open("token_mount").click("do_token_mount_read_token")
    assert status(shown, Step.TOKEN_MOUNT) is Status.PASSED
    shown.open("sts_assume").click("do_sts_assume_exchange")
    assert status(shown, Step.STS_ASSUME) is Status.PASSED
    shown.open("access").click("do_access_s3")
    assert not shown.test.exception
    assert judge(walk_view(shown).walk).status is Status.PASSED
    assert walk_view(shown).granted == ALL - {Action.TOKEN_REQUEST}


def test_what_was_granted_is_for_one_service_account_and_can_be_taken_back(screen, real):
    shown = screen(lang="en", live="webhook").click("do_webhook_dry_run")
    assert EN.message("actions.dry_run.do") in shown.html("granted")
    pick(shown, "service_account", "default")
    assert walk_view(shown).granted == frozenset()
    pick(shown, "service_account", "my-sa")
    assert walk_view(shown).granted == {Action.DRY_RUN}
    shown.click("only_read")
    assert walk_view(shown).granted == frozenset()
    assert "granted" not in shown.keys


def test_one_button_allows_all_that_is_listed_for_the_whole_visit(screen, real):
    shown = screen(lang="en", live="doctor").click("visit_doctor")
    assert not shown.test.exception
    assert EN.message("doctor.works_by_record") in diagnosis(shown)  # the token was read, and not sent
    granted = walk_view(shown).granted
    assert {Action.DRY_RUN, Action.READ_TOKEN} <= granted
    pick(shown, "service_account", "default")
    assert granted <= walk_view(shown).granted
    shown.click("only_read")
    assert walk_view(shown).granted == frozenset()
    shown.click("visit_doctor")
    shown.test.text_input(key="pick_region").set_value("eu-west-1").run()
    assert walk_view(shown).granted == frozenset()  # another identity, or elsewhere


def test_a_token_is_sent_on_request_only(screen, real):
    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    predicted(shown)
    shown.test.segmented_control(key="anatomy_view").set_value("other").run()
    assert "do_other_exchange" in {button.key for button in shown.test.button}
    assert "send_other" not in {button.key for button in shown.test.button}
    shown.click("do_other_exchange")
    shown.test.segmented_control(key="anatomy_view").set_value("other").run()
    assert EN.message("actions.live_sends") in [caption.value for caption in shown.test.caption]
    shown.click("send_other")
    assert "InvalidIdentityToken" in shown.html("anatomy_other_result")


def test_the_clock_and_the_world_are_left_alone(screen, real):
    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    predicted(shown)
    keys = {button.key for button in shown.test.button}
    assert not {key for key in keys if str(key).startswith("clock_")}
    assert "reset" not in keys
    assert EN.message("mode.no_clock") in [caption.value for caption in shown.test.caption]


def test_why_says_that_it_plays_elsewhere(screen, real):
    shown = screen(lang="en", live="why")
    assert EN.message("mode.story_world") in [caption.value for caption in shown.test.caption]
    assert "log_pod-before" in shown.keys


def test_the_room_may_see_the_cluster(screen, real):
    shown = screen(lang="en")
    for page in TALK:
        shown.open(page, mode="live", present="1")
        assert not shown.test.exception
        assert "projector" in shown.keys
    shown.open("home", present="notes")
    assert not shown.test.exception


# (4) What stands in the way


def broken(shown, code):
    assert not shown.test.exception
    assert walk_view(shown) is None
    assert EN.message("present.start") not in [button.label for button in shown.test.button]  # there is nothing to show
    assert EN.message(f"errors.{code}.title") in unescape(shown.html("notice_problem"))
    shown.click("simulate_problem")
    assert shown.test.segmented_control(key="mode").value == "simulated"
    assert EN.message("present.start") in [button.label for button in shown.test.button]
    assert {"outcome_webhook", "outcome_access"} & shown.keys


def test_no_kubeconfig(screen, real):
    real.path.unlink()
    broken(screen(lang="en").open("webhook", mode="live"), "kubeconfig_missing")


def test_home_is_a_home_without_a_kubeconfig_and_every_page_is_drawn_and_shows_no_path(screen, real):
    real.path.unlink()
    shown = screen(lang="en", live="home")
    drawn = [component.proto.id.split("-", 2)[-1] for component in shown.test.get("bidi_component")]
    assert drawn.index("notice_problem") < drawn.index("paths"), "where it is seen at once"
    assert shown.stands_out == ["begin", "next"], "two ways to the same page"
    words = EN.error("kubeconfig_missing", got="")
    assert not shown.test.exception
    assert {"paths", "film", "passport"} <= shown.keys
    sentence = f"{words.title}. {words.fix}".replace("`", "")
    assert sentence in re.sub("<[^>]+>", "", unescape(shown.html("notice_problem")))
    for page, language in zip(PAGES, cycle(LANGUAGES)):
        assert str(real.path.parent) not in shown.open(page, lang=language).everything, page
        assert not shown.test.exception, page
        assert shown.title, page
    shown.test.query_params["lang"] = "en"
    assert EN.message("mode.to_simulated") in [button.label for button in shown.open("home").test.button]
    shown.click("simulate_problem")
    assert "verdict" in shown.keys


def test_what_was_not_there_is_found_when_asked_again(screen, real):
    kubeconfig = real.path.read_text()
    real.path.unlink()
    shown = screen(lang="en", live="doctor")
    assert "notice_problem" in shown.keys
    assert shown.stands_out == ["again_problem"]
    real.configure(kubeconfig)
    shown.click("again_problem")
    assert walk_view(shown) is not None
    assert "notice_problem" not in shown.keys


def test_a_broken_kubeconfig(screen, real):
    real.configure("clusters: [")
    broken(screen(lang="en").open("webhook", mode="live"), "kubeconfig_broken")


def test_a_context_that_is_not_there(screen, real):
    real.configure(real.path.read_text().replace("current-context: ", "current-context: other-"))
    shown = screen(lang="en", live="webhook")
    assert EN.message("errors.no_such_context.title") in unescape(shown.html("notice_problem"))
    pick(shown, "context", real.world.cluster_name)
    assert status(shown, Step.OIDC_PROVIDER) is Status.PASSED


def test_nobody_at_the_address(screen, real):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        real.move_away(taken.getsockname()[1])
        broken(screen(lang="en").open("webhook", mode="live"), "connection_refused")


def test_a_server_that_hangs_is_asked_once(screen, real):
    shown = screen(lang="en").open("home")
    real.monkeypatch.setattr("app.flow.port_wrappers.deadline.ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        real.move_away(silent.getsockname()[1])
        shown.open("webhook", mode="live")
        assert EN.message("errors.timed_out.title") in unescape(shown.html("notice_problem"))
        assert callers(silent) == 1
        shown.open("access")
        assert callers(silent) == 0
        broken(shown, "timed_out")


def callers(listener: socket.socket) -> int:
    """How many have connected since this was asked last."""
    listener.setblocking(False)
    return sum(1 for _ in iter(lambda: accepted(listener), False))


def accepted(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_cluster_and_aws_may_fail_alike(screen, real):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        real.move_away(port)
        real.monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        shown = screen(lang="en", live="webhook", service_account="my-sa", pod="pod-after")
    assert not shown.test.exception
    title = EN.message("errors.connection_refused.title")
    assert all(title in unescape(shown.html(key)) for key in ("notice_problem", "problem_context", "problem_identity"))


def test_a_login_that_is_not_known(screen, real):
    real.log_in_as("nobody")
    shown = screen(lang="en").open("webhook", mode="live")
    assert not shown.test.exception
    assert EN.message("errors.unauthorized.title") in unescape(shown.html("notice_problem"))
    assert "problem_service_account" not in shown.keys  # once is enough, and no rule helps
    type_in(shown, "service_account", "my-sa")
    broken(shown, "unauthorized")


def test_a_login_that_expires_takes_nothing_away(screen, real):
    shown = screen(lang="en", live="service_account")
    before = walk_view(shown).walk
    assert "silence" not in shown.keys
    real.log_in_as("nobody")
    shown.click("run_again")
    assert walk_view(shown).walk is before
    assert EN.message("errors.unauthorized.title") in unescape(shown.html("notice_problem"))
    assert unescape(shown.html("silence")).count("UTC") == len(Step), "the page says that all of it is old"
    real.log_in_as(real.world.admin_token)
    shown.click("run_again")
    assert walk_view(shown).walk is not before
    assert not {"notice_problem", "silence"} & set(shown.keys)


def test_keys_that_aws_does_not_know_are_no_matter_of_policy(screen, real):
    real.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    shown = screen(lang="en", live="service_account")
    assert EN.message("errors.aws_login_unknown.title") in unescape(shown.html("problem_identity"))
    assert EN.message("reasons.login").partition("`")[0] in unescape(shown.html("found_service_account"))
    assert EN.message("actions.allow_iam") not in unescape(shown.html("found_service_account"))


def test_no_aws_credentials(screen, real):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        real.monkeypatch.delenv(name)
    real.monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    shown = screen(lang="en", live="service_account")
    assert not shown.test.exception
    assert EN.message("errors.aws_no_credentials.title") in unescape(shown.html("problem_identity"))
    assert walk_view(shown).walk.report(Step.SERVICE_ACCOUNT).check("service_account.exists").status is Status.PASSED


def test_what_was_learnt_stays_when_nobody_answers_any_more(screen, real):
    shown = screen(lang="en", live="service_account")
    before = walk_view(shown).walk.report(Step.SERVICE_ACCOUNT)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        real.move_away(taken.getsockname()[1])
        shown.click("run_again")
    assert not shown.test.exception
    assert walk_view(shown).walk.report(Step.SERVICE_ACCOUNT) is before
    silence = unescape(shown.html("silence"))
    assert EN.message("mode.silent") in silence
    assert "UTC" in silence
    real.path.unlink()
    shown.click("run_again")
    assert "Connection refused" not in unescape(shown.html("silence")), "the error of another time"
    assert walk_view(shown).walk.report(Step.SERVICE_ACCOUNT) is before
    assert EN.message("errors.kubeconfig_missing.title") in unescape(shown.html("notice_problem"))


def test_a_server_that_stops_in_the_middle_is_named_and_what_it_said_before_stays(screen, real):
    shown = screen(lang="en").open("home")
    stopped = Unreachable(code="connection_refused", server_message="Connection refused", operation="list webhooks")

    def stop(*_):
        for question in ("mutating_webhooks", "pod", "namespaces", "allowed"):
            real.monkeypatch.setattr(KubernetesCluster, question, stop)
        raise stopped

    real.monkeypatch.setattr(KubernetesCluster, "mutating_webhooks", stop)
    shown.open("doctor", mode="live")
    assert not shown.test.exception
    assert [status(shown, step) for step in (Step.SERVICE_ACCOUNT, Step.WEBHOOK)] == [Status.PASSED, Status.UNKNOWN]
    assert EN.message("errors.connection_refused.title") in unescape(shown.html("notice_problem"))
    assert EN.check("webhook.registered").title in diagnosis(shown)
    for page in ("home", *Step):
        assert not shown.open(page).test.exception


# (5) Where others see the pages


def in_the_sidebar(shown):
    return unescape("".join(element.proto.body for element in shown.test.sidebar.get("html"))).replace("<wbr>", "")


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("IRSA_HOST", "192.0.2.1", "live_not_on_loopback"),
        ("IRSA_LIVE", "0", "live_switched_off"),
        ("IRSA_FRAME_ANCESTORS", "https://learn.example", "live_framed"),
    ],
)
def test_hosted_there_is_no_live_mode_and_that_is_said(screen, real, variable, value, code):
    real.monkeypatch.setenv(variable, value)
    shown = screen(lang="en").open("webhook", mode="live")
    assert not shown.test.exception
    control = shown.test.segmented_control(key="mode")
    assert (control.value, control.disabled) == ("simulated", True)
    assert EN.message(f"errors.{code}.title") in unescape(shown.html("notice_refused"))
    assert real.world.account_id not in shown.everything
    assert "outcome_webhook" in shown.keys


@pytest.mark.parametrize("wanted", ["", "1"])
def test_a_visitor_without_the_launch_address_is_shown_how_to_get_in(screen, real, wanted):
    real.monkeypatch.setenv("IRSA_LIVE", wanted)
    asked_as(real.monkeypatch, launched=False)
    shown = screen(lang="en").open("webhook", mode="live")
    assert shown.test.segmented_control(key="mode").disabled
    assert "--print-address" in unescape(shown.html("notice_refused")).replace("<wbr>", "")
    assert "--print-address" in in_the_sidebar(shown)
    assert real.world.account_id not in shown.everything
    assert "outcome_webhook" in shown.keys


@pytest.mark.parametrize(("wanted", "address"), by_turns(["", "0", "1"], ["", "0.0.0.0"]))  # noqa: S104 - never listened on
def test_under_another_server_there_is_no_live_mode_whatever_is_set(screen, real, wanted, address):
    real.monkeypatch.setenv("IRSA_LIVE", wanted)
    real.monkeypatch.setenv("IRSA_HOST", address)
    real.monkeypatch.setattr("app.serving.request_facts.read", lambda _: None)
    shown = screen(lang="en", live="webhook")
    assert shown.test.segmented_control(key="mode").disabled
    reason = EN.message("errors.live_other_server.title")
    assert reason in unescape(shown.html("notice_refused"))
    assert reason in in_the_sidebar(shown)
    assert real.world.account_id not in shown.everything


@pytest.mark.parametrize(
    ("facts", "named"),
    [({"forwarded_by": "x-forwarded-for"}, "x-forwarded-for"), ({"served_on": "192.0.2.1"}, "192.0.2.1")],
)
def test_where_others_may_come_from_there_is_no_live_mode_even_with_the_secret(screen, real, facts, named):
    asked_as(real.monkeypatch, **facts)
    shown = screen(lang="en", live="webhook")
    assert named in unescape(shown.html("notice_refused")).replace("<wbr>", "")
    assert real.world.account_id not in shown.everything


def test_hosted_and_wanted(screen, real):
    real.monkeypatch.setenv("IRSA_HOST", "192.0.2.1")
    real.monkeypatch.setenv("IRSA_LIVE", "1")
    asked_as(real.monkeypatch, served_on="192.0.2.1", forwarded_by="via")
    shown = screen(lang="en", live="webhook")
    assert walk_view(shown) is not None


# (6) The doctor's page


def diagnosis(shown):
    return unescape(shown.html("diagnosis"))


def test_the_doctor_examines_the_simulated_cluster_too(screen):
    shown = screen(lang="en").open("doctor")
    assert not shown.test.exception
    assert EN.message("doctor.works") in diagnosis(shown)


def test_the_report_of_a_diagnosis_is_made_when_someone_asks_for_it(screen, monkeypatch):
    made = []
    monkeypatch.setattr("app.report.page.of_diagnosis", lambda *given: made.append(given))
    downloads = screen(lang="en").open("doctor").test.get("download_button")
    assert {EN.message(f"doctor_page.{name}") for name in ("save", "report")} <= {it.proto.label for it in downloads}
    assert made == []


def test_the_doctor_asks_before_it_switches_to_a_real_cluster(screen, real):
    """Opening the page sends nothing to the reader's cluster, nor does looking at what the button would do."""
    before = len(real.world.log.exchanges())
    shown = screen(lang="en").open("doctor")
    assert EN.message("doctor_page.simulated") in [caption.value for caption in shown.test.caption]
    assert EN.message("doctor_page.to_live_means") in [text.value for text in shown.test.markdown]
    assert shown.test.segmented_control(key="mode").value == "simulated"
    assert "live" not in shown.test.session_state
    assert len(real.world.log.exchanges()) == before
    shown.click("to_live")
    assert not shown.test.exception
    assert shown.test.segmented_control(key="mode").value == "live"
    assert walk_view(shown).granted == frozenset()
    assert "to_live" not in {button.key for button in shown.test.button}


def test_where_there_is_no_live_mode_the_doctor_offers_none(screen, real):
    asked_as(real.monkeypatch, launched=False)
    shown = screen(lang="en").open("doctor")
    assert "to_live" not in {button.key for button in shown.test.button}


def test_the_verdict_leads_to_its_check_which_is_unfolded(screen, real):
    iam.call(real.world.account, "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": provider(real.world)})
    for query in ({}, {"service_account": "default"}):
        shown = screen(lang="en", live="doctor", **query)
        named = walk_view(shown).diagnosis.verdict.check.id
        assert f'data-lead="{named}"' in shown.html("diagnosis")
        (step,) = [
            part
            for part in shown.html("diagnosis_checks").split('<details class="more step')[1:]
            if f'data-check="{named}"' in part
        ]
        assert step.partition(">")[0].endswith(" open")


@pytest.mark.large
def test_the_doctor_says_what_nobody_has_asked_for_and_offers_it(screen, real):
    """In `make test`, its buttons are pressed where no Pod was chosen, and the steps' say what they send."""
    shown = screen(lang="en", live="doctor")
    assert not shown.test.exception
    assert EN.message("actions.read_token.sends").partition("`")[0] in unescape(
        shown.html("action_text_doctor_read_token")
    )
    shown.click("do_doctor_read_token").click("do_doctor_exchange")
    assert EN.message("doctor.works") in diagnosis(shown)


def needs(shown, actions, resource=""):
    shown.test.text_input(key="needed_actions").set_value(actions)
    shown.test.text_input(key="needed_resource").set_value(resource)
    next(it for it in shown.test.button if it.label == EN.message("doctor_page.needs_do")).click().run()
    assert not shown.test.exception
    return shown


TABLE = "arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"


@pytest.mark.parametrize("mode", [pytest.param("simulated", marks=pytest.mark.large), "live"])
def test_what_the_pod_needs_is_judged_as_on_the_command_line(screen, real, mode):
    shown = screen(lang="en").open("doctor", mode=mode)
    title = EN.check("access.policy").title
    needs(shown, "dynamodb:GetItem, dynamodb:Query", TABLE)
    outcome = unescape(shown.html("needs_outcome"))
    assert title in outcome
    assert 'class="outcome failed"' in outcome
    assert title in diagnosis(shown)
    assert f"implicit-deny: dynamodb:GetItem {TABLE}" in diagnosis(shown).replace("<wbr>", "")
    assert TABLE in unescape(shown.html("fix"))
    needs(shown, "")
    assert "needs_outcome" not in shown.keys
    assert title not in diagnosis(shown)


@pytest.mark.parametrize("mode", ["simulated", pytest.param("live", marks=pytest.mark.large)])
def test_what_no_pod_can_need_is_refused_and_nothing_is_lost(screen, real, mode):
    shown = needs(screen(lang="en").open("doctor", mode=mode), "dynamodb:GetItem", TABLE)
    before, asked = diagnosis(shown), len(real.world.log.exchanges())
    for actions, resource, code in (
        ("GetItem", "", "not_an_action"),
        ("dynamodb:*", "", "not_an_action"),
        ("", TABLE, "action_missing"),
        ("dynamodb:GetItem", "orders<b>", "not_an_arn"),
    ):
        needs(shown, actions, resource)
        assert EN.error(code, got="").title in unescape(shown.html("notice_needs")), (actions, resource)
        assert "<b>" not in shown.html("notice_needs")
        assert diagnosis(shown) == before, (actions, resource)
        assert shown.test.text_input(key="needed_actions").value == actions
        assert len(real.world.log.exchanges()) == asked, (actions, resource)
    assert 'class="outcome failed"' in needs(shown, "dynamodb:GetItem", TABLE).html("needs_outcome")


def test_what_the_pod_needs_is_of_its_service_account_and_of_no_page_of_the_story(screen, real):
    shown = needs(screen(lang="en").open("doctor"), "dynamodb:GetItem", TABLE)
    assert session_walk(shown).report(Step.ACCESS).check("access.policy").status is Status.PASSED
    shown = needs(screen(lang="en", live="doctor"), "dynamodb:GetItem", TABLE)
    assert "access.policy" in {it.id for it in walk_view(shown).walk.report(Step.ACCESS).checks}
    needs(shown, "GetItem")
    assert "notice_needs" in shown.keys
    pick(shown, "service_account", "default")
    assert shown.test.session_state["live"].needed == ()
    assert [shown.test.text_input(key=f"needed_{it}").value for it in ("actions", "resource")] == ["", ""]
    assert "notice_needs" not in shown.keys


def session_walk(shown):
    return shown.test.session_state["walk_view"].walk


def test_the_doctor_names_the_broken_link_and_the_command(screen, real):
    iam.call(real.world.account, "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": provider(real.world)})
    shown = screen(lang="en", live="doctor")
    assert not shown.test.exception
    assert EN.check("provider.exists").title in diagnosis(shown)
    assert "aws iam create-open-id-connect-provider" in unescape(shown.html("fix"))
    assert real.world.issuer in unescape(shown.html("fix"))


def provider(world):
    return f"arn:aws:iam::{world.account_id}:oidc-provider/{world.issuer.removeprefix('https://')}"


def test_a_saved_diagnosis_opens_without_a_cluster(screen, real):
    shown = screen(lang="en", live="doctor")
    saved = save(walk_view(shown).diagnosis)
    before = diagnosis(shown)
    real.path.unlink()
    other = screen(lang="en", live="doctor")
    other.test.file_uploader(key="snapshot").set_value(("found.json", saved.encode(), "application/json")).run()
    assert not other.test.exception
    assert diagnosis(other) == before
    assert "opened" in other.keys


def test_what_is_no_snapshot_says_so_and_loses_nothing(screen, real):
    shown = screen(lang="en", live="doctor")
    before = diagnosis(shown)
    for junk in (b"", b"{", b"[]", b"\xff\xfe\x00", b'{"format": "<b>x"}', b"null"):
        shown.test.file_uploader(key="snapshot").set_value(None).run()
        assert "notice_snapshot" not in shown.keys
        shown.test.file_uploader(key="snapshot").set_value(("x.json", junk, "application/json")).run()
        assert not shown.test.exception, junk
        assert "notice" in shown.html("notice_snapshot"), junk
        assert "<b>x" not in shown.html("notice_snapshot")
        assert diagnosis(shown) == before, junk


def test_a_file_is_parsed_once_and_let_go_with_its_upload(screen, real, monkeypatch):
    """Every click runs the page; neither the file that was opened nor the one to take along is parsed by each."""
    shown = screen(lang="en", live="doctor")
    saved = save(walk_view(shown).diagnosis).encode()
    parsed = []
    monkeypatch.setattr(diagnosis_file, "load", lambda content: parsed.append(content) or load_snapshot(content))

    def parses(file):
        """How often something is parsed in four runs with that file."""
        del parsed[:]
        shown.test.file_uploader(key="snapshot").set_value(file and ("x.json", file, "application/json")).run()
        for _ in range(3):
            shown.test.run()
        assert not shown.test.exception
        return len(parsed)

    assert parses(saved) == 1
    assert "opened" in shown.keys
    assert parses(b"{}") == 1
    assert "notice_snapshot" in shown.keys
    assert parses(None) == 0
    assert not {"opened", "notice_snapshot"} & shown.keys
    assert "opened_snapshot" not in shown.test.session_state
    assert parses(saved) == 1
    shown.open("home")
    assert "opened_snapshot" not in shown.test.session_state


def test_the_survey_shows_who_may_assume_what(screen, real):
    shown = screen(lang="en", live="doctor").click("do_survey")
    assert "my-sa" in shown.html("survey").replace("<wbr>", "")
    assert 'class="wide"' not in shown.html("survey")
    role = iam.call(real.world.account, "GetRole", {"RoleName": "s3-reader"})["Role"]
    policy = json.loads(unquote(role["AssumeRolePolicyDocument"]))
    for statement in policy["Statement"]:
        statement["Condition"] = {
            operator: {key: wanted for key, wanted in keys.items() if not key.endswith(":sub")}
            for operator, keys in statement["Condition"].items()
        }
    wanted = {"RoleName": "s3-reader", "PolicyDocument": json.dumps(policy)}
    iam.call(real.world.account, "UpdateAssumeRolePolicy", wanted)
    shown.click("do_survey")
    assert not shown.test.exception
    assert 'class="wide"' in shown.html("survey")
    assert EN.message("doctor.survey.everybody") in shown.html("survey")


def test_the_survey_is_filtered_and_sorted_and_saved(screen, real):
    shown = screen(lang="en", live="doctor").click("do_survey")

    def names():
        found = re.findall(r'<th scope="row">(.*?)</th>', shown.html("survey").replace("<wbr>", ""))
        return [re.sub("<[^>]+>", "", name) for name in found]

    assert names() == ["default/my-sa", "shop/frontend", "shop/orders"]
    shown.test.selectbox(key="survey_namespace").set_value("shop").run()
    assert names() == ["shop/frontend", "shop/orders"]
    shown.test.text_input(key="survey_text").set_value("ORDERS").run()
    assert names() == ["shop/orders"]
    shown.test.text_input(key="survey_text").set_value("").run()
    shown.test.selectbox(key="survey_namespace").set_value("").run()
    trust(real, "system:serviceaccount:default:gone")
    shown.click("do_survey")
    assert names()[0] == "default/my-sa"
    assert "gone" in shown.html("survey")
    assert "update-assume-role-policy" in unescape(shown.html("survey"))
    shown.test.selectbox(key="survey_order").set_value("role").run()
    assert names() == ["shop/frontend", "shop/orders", "default/my-sa"]
    shown.test.selectbox(key="survey_status").set_value(Status.FAILED).run()
    assert names() == ["default/my-sa"]
    shown.test.segmented_control(key="lang").set_value("ja").run()
    # A browser would keep the words of the other language, unless it is sent what is chosen.
    choices = [shown.test.selectbox(key=f"survey_{it}") for it in ("namespace", "status", "order")]
    assert [it.value for it in choices] == ["", Status.FAILED, "role"]
    assert [it.proto.set_value for it in choices] == [True] * 3
    pick(shown, "service_account", "default")
    assert names() == ["default/my-sa"], "the survey is one of the whole cluster"
    assert not shown.test.exception


def test_a_survey_that_is_not_permitted_comes_with_the_rule(screen, real):
    shown = screen(lang="en", live="doctor")
    cluster = wiring.live(Choice()).cluster
    real.log_in_as(cluster.request_token("default", "default", real.world.api_audience, 600))
    shown.click("do_survey")
    assert EN.message("errors.not_permitted.title") in unescape(shown.html("notice_survey"))
    assert 'resources: ["serviceaccounts", "pods"]' in unescape(shown.html("notice_survey"))
    real.log_in_as("nobody")
    shown.click("do_survey")
    assert EN.message("errors.unauthorized.title") in unescape(shown.html("notice_survey"))
    assert "serviceaccounts" not in shown.html("notice_survey").partition("</dl>")[2]


def test_the_survey_is_there_in_the_simulated_cluster_too(screen):
    shown = screen(lang="en").open("doctor").click("do_survey")
    assert not shown.test.exception
    assert "my-sa" in shown.html("survey").replace("<wbr>", "")


def test_a_rule_that_would_allow_it_stands_beside_what_may_not_be_read(screen, real):
    iam.call(real.world.account, "CreateUser", {"UserName": "stranger"})
    key = iam.call(real.world.account, "CreateAccessKey", {"UserName": "stranger"})["AccessKey"]
    real.monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    real.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    shown = screen(lang="en", live="service_account")
    assert not shown.test.exception
    assert "iam:GetRole" in unescape(shown.html("found_service_account"))


def test_keys_that_could_not_be_read_are_not_called_missing(screen, real):
    def unreachable(**_):
        return IssuerTransport(connect_to=("127.0.0.1", 1), ca_pem=b"")

    real.monkeypatch.setattr("app.clients.issuer.IssuerTransport", unreachable)
    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    html = unescape(predicted(shown).html("found_token_mount"))
    assert EN.message("anatomy.verify.key_unread").rpartition("** ")[2] in html
    assert EN.message("anatomy.verify.key_failed").partition("`")[0].rpartition("** ")[2] not in html


# (7) Our evaluation and the answer of STS


def trust(real, subject):
    role = iam.call(real.world.account, "GetRole", {"RoleName": "s3-reader"})["Role"]
    policy = role["AssumeRolePolicyDocument"]
    policy = json.loads(unquote(policy)) if isinstance(policy, str) else policy
    for statement in policy["Statement"]:
        for keys in statement["Condition"].values():
            keys.update({key: subject for key in keys if key.endswith(":sub")})
    iam.call(
        real.world.account,
        "UpdateAssumeRolePolicy",
        {"RoleName": "s3-reader", "PolicyDocument": json.dumps(policy)},
    )


@pytest.mark.parametrize("page", ["sts_assume", pytest.param("doctor", marks=pytest.mark.large)])
def test_where_sts_and_our_evaluation_disagree_both_are_shown(screen, real, page):
    from app.clients.aws.account import BotoAws

    asked, mine = BotoAws.assume_role_with_web_identity, "system:serviceaccount:default:my-sa"

    def while_it_was_another(*arguments):
        """IAM shows a policy at once; STS may still go by the one before."""
        trust(real, "system:serviceaccount:default:other")
        try:
            return asked(*arguments)
        finally:
            trust(real, mine)

    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    shown.open("sts_assume", depth="1")
    real.monkeypatch.setattr(BotoAws, "assume_role_with_web_identity", while_it_was_another)
    predicted(shown.click("do_sts_assume_exchange")).open(page)
    assert not shown.test.exception
    html = unescape(shown.html("diagnosis" if page == "doctor" else "outcome_sts_assume"))
    for words in ("agreement.disagree", "agreement.before", "agreement.after", "agreement.allowed"):
        assert EN.message(f"sts.{words}") in html
    assert EN.message("reasons.sts_refused") in html
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in html


def test_where_they_agree_that_is_said_below_the_checks(screen, real):
    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    shown.open("sts_assume").click("do_sts_assume_exchange")
    predicted(shown)
    assert EN.message("sts.agreement.agree") in shown.html("found_sts_assume")
    assert "notice" not in shown.html("outcome_sts_assume")
    trust(real, "system:serviceaccount:default:other")
    predicted(shown.click("run_again"))
    assert EN.message("sts.agreement.agree") in shown.html("found_sts_assume")
    assert EN.message("sts.agreement.denied") in shown.html("found_sts_assume")


# (8) What else the verdict knows


def test_what_it_looks_like_and_what_else_is_broken(screen, real):
    trust(real, "system:serviceaccount:default:other")
    shown = screen(lang="en", live="token_mount").click("do_token_mount_read_token")
    shown.open("sts_assume").click("do_sts_assume_exchange").open("doctor")
    assert not shown.test.exception
    assert EN.message("doctor_page.seen") in diagnosis(shown)
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in diagnosis(shown)


def test_the_simulated_diagnosis_cannot_be_taken_for_ones_own(screen, real):
    shown = screen(lang="en").open("doctor")
    assert EN.message("doctor_page.simulated") in [caption.value for caption in shown.test.caption]
    shown.click("to_live")
    assert shown.test.segmented_control(key="mode").value == "live"
    assert walk_view(shown) is not None
    assert EN.message("doctor_page.simulated") not in [caption.value for caption in shown.test.caption]


def test_the_operators_way_in_is_the_doctor(screen, real):
    for mode in ("simulated", "live"):
        html = screen(lang="en").open("home", mode=mode).html("paths")
        assert re.search(r'href="\./doctor\?', html)
        assert ("mode=live" in html) is (mode == "live")


def test_what_else_is_broken_stands_below_the_first_link(screen, real):
    trust(real, "system:serviceaccount:default:other")
    iam.call(real.world.account, "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": provider(real.world)})
    shown = screen(lang="en", live="doctor")
    assert EN.check("provider.exists").title in diagnosis(shown).partition(EN.message("doctor_page.later"))[0]
    assert EN.check("trust.subject").title in diagnosis(shown).partition(EN.message("doctor_page.later"))[2]
