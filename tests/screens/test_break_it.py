"""The lab: a fault is asked about before it is caused, shown as it came out, and fixed; a hidden one shows no name."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest

from app.content import LANGUAGES, PAGES, load
from app.flow.model import Step
from app.ui.draw import sts_wording
from app.ui.frame import navigation
from app.ui.lab import symptoms, trial
from app.ui.lab.fault_list import START, step_name
from app.ui.state import own_world, session
from app.ui.text import prose
from app.world import edits
from app.world.aws.entities import NodeKind
from app.world.faults import FAULTS
from app.world.lifecycle import experiments

EN = load("en")
NAMED = "F23"


def buttons(shown):
    return {button.label: button for button in shown.test.button}


def press(shown, label):
    buttons(shown)[EN.message(f"lab.{label}")].click().run()
    assert not shown.test.exception
    return shown


def break_(shown, fault, *, step=None, text=None):
    """Opens a fault and causes it, with a guess where one is given: `text` says whether the right one is chosen."""
    shown.open("break_it", fault=fault)
    if step is None:
        return press(shown, "run_unguessed")
    offered = shown.test.radio(key=f"lab_text_{fault}")
    own = FAULTS[fault].text(shown.world)
    wanted = own if text else next(option for option in offered_texts(shown, fault) if option != own)
    shown.test.radio(key=f"lab_step_{fault}").set_value(step)
    offered.set_value(wanted)
    return press(shown, "run")


def offered_texts(shown, fault):
    return shown.test.session_state["lab_asked"][2]


@pytest.fixture
def broken(screen):
    """A reader whose world has F23, without a guess."""
    return break_(screen(lang="en"), NAMED)


# --- choosing --------------------------------------------------------------------------------------------------------


def test_a_few_faults_from_all_over_the_chain_stand_before_the_whole_list(reader):
    shown = reader("en").open("break_it")
    assert shown.stands_out == ["next"], "there is nothing to do on the page yet"
    before, _, _ = shown.data("lookup")["html"].partition("data-entry")
    assert EN.message("lab.start") in before
    assert re.findall(r'<span class="number">(\w+)</span>', before) == list(START)
    assert len({FAULTS[id_].step for id_ in START}) >= 5
    assert not any(FAULTS[id_].harmless for id_ in START)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_stands_in_the_list_once_under_the_step_of_its_cause(reader, language):
    html = reader(language).open("break_it").html("lookup")
    content = load(language)
    entries = re.findall(r'<li data-entry data-words="([^"]*)" data-pages="(\w+)">', html)
    assert len(entries) == len(FAULTS)
    for fault in FAULTS.values():
        (step,) = [step for words, step in entries if unescape(words).startswith(f"{fault.id} ")]
        assert step == fault.step
        assert f"?lang={language}&amp;fault={fault.id}" in html
        assert content.message(f"faults.{fault.id}.title").split("`")[0] in unescape(re.sub("<[^>]+>", "", html))


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Not authorized to perform sts:AssumeRoleWithWebIdentity", "F21"),
        ("No OpenIDConnect provider found in your account for", "F14"),
        ("Incorrect token audience", "F26"),
        ("could not be validated", "F14"),
        ("no identity-based policy allows", "F46"),
        ("Unable to locate credentials", "F01"),
    ],
)
def test_a_fault_is_found_by_its_error_message_here_and_elsewhere(reader, message, found):
    html = reader("ja").open("break_it").data("lookup")["html"]
    words = dict.fromkeys(re.findall(r'data-words="([^"]*)"', html))
    assert found in {text.split()[0] for text in words if message in unescape(text)}
    assert not re.search(r"\d{12}", " ".join(words)), "a pasted message has the ids of another account"


def test_a_deep_link_asks_before_it_breaks(reader):
    shown = reader("en").open("break_it", fault=NAMED)
    assert shown.world.faults == ()
    assert shown.stands_out == ["lab_run"]
    assert EN.message(f"faults.{NAMED}.title").split("`")[0] in unescape(shown.html("lab_fault"))
    assert {radio.key for radio in shown.test.radio} == {f"lab_step_{NAMED}", f"lab_text_{NAMED}"}
    assert [radio.label for radio in shown.test.radio if set(radio.label) & set("*`")] == []
    assert not {"diagnosis", "lab_seen", "fix", "lab_same"} & shown.keys


def test_what_is_asked_follows_the_kind_of_node(screen, simulation):
    shown = screen(lang="en").open("break_it", fault="F01")
    assert f"assumed-role/{shown.world.node_role_name}" in unescape(str(shown.test.radio(key="lab_text_F01").options))
    simulation.replace_node(shown.world, NodeKind.FARGATE)
    shown.test.run()
    text = FAULTS["F01"].text(shown.world)
    assert "Unable to locate credentials" in text
    assert text in offered_texts(shown, "F01")


@pytest.mark.parametrize(("fault", "code"), [("F20", "ParamValidation"), (NAMED, "AccessDenied")])
def test_the_code_of_each_message_stands_out_and_all_of_the_message_is_there(reader, fault, code):
    shown = reader("en").open("break_it", fault=fault)
    labels = list(shown.test.radio(key=f"lab_text_{fault}").options)
    assert any(f":gray[`An error occurred (`]**`{code}`**:gray[`)" in label for label in labels)
    assert [re.sub(r":gray\[`(.*?)`\]|[*`]", lambda it: it[1] or "", label) for label in labels] == [
        " ".join(text.split()) or EN.message("lab.no_text") for text in offered_texts(shown, fault)
    ]


def test_a_link_names_its_fault_in_any_case(reader):
    shown = reader("en").open("break_it", fault=NAMED.lower())
    assert "lab_fault" in shown.keys
    assert shown.test.query_params["fault"] == NAMED


@pytest.mark.parametrize("asked", ["F99", "", "<b>", "F23\n", "x" * 5000])
def test_an_address_without_a_known_fault_shows_that(screen, asked):
    shown = screen(lang="en").open("break_it", fault=asked)
    assert not shown.test.exception
    assert ("lab_unknown" in shown.keys) == bool(asked)
    assert "lookup" in shown.keys
    assert "<b>" not in shown.html("lab_unknown").replace("<b></b>", "") if asked else True


@pytest.mark.parametrize(("asked", "reason"), [("F12", "no_java"), ("f38", "one_region"), ("F40", "one_partition")])
def test_an_address_with_a_fault_left_out_shows_the_reason(screen, asked, reason):
    html = screen(lang="en").open("break_it", fault=asked).html("lab_unknown")
    assert prose(EN.message(f"faults.left_out.{reason}")) in html
    assert "There is no fault" not in html


def test_the_texts_to_choose_from_are_of_this_world_and_stay_the_same(reader):
    shown = reader("en").open("break_it", fault="F46")
    offered = offered_texts(shown, "F46")
    assert FAULTS["F46"].text(shown.world).split("botocore")[0] in " ".join(offered)
    assert len(set(offered)) == len(offered) == 5
    assert any(shown.world.account_id in text for text in offered)
    shown.test.run()
    assert offered_texts(shown, "F46") == offered


# --- predicting and seeing -------------------------------------------------------------------------------------------


def test_both_questions_have_to_be_answered(screen):
    shown = screen(lang="en").open("break_it", fault=NAMED)
    press(shown, "run")
    assert [warning.value for warning in shown.test.warning] == [EN.message("lab.choose_both")]
    assert shown.world.faults == ()


@pytest.mark.parametrize(
    ("step", "text", "right"),
    [(Step.STS_ASSUME, True, 2), (Step.ACCESS, True, 1), (Step.ACCESS, False, 0)],
)
def test_a_prediction_is_judged_and_counted(screen, step, text, right):
    shown = break_(screen(lang="en"), NAMED, step=step, text=text)
    html = shown.html("lab_guessed")
    assert html.count('<li class="passed">') == right
    assert ("It was: <code>" in html) is not text, "a wrong message is followed by the right one"
    assert EN.message("lab.score", right=right, asked=2, faults=1) in shown.html("lab_score")


@pytest.mark.parametrize(
    ("fault", "step", "said", "check"),
    [
        (NAMED, Step.OIDC_PROVIDER, "guess_passed", "provider.exists"),
        (NAMED, Step.ACCESS, "guess_not_reached", ""),
        ("F01", Step.WEBHOOK, "guess_failed", "webhook.volume"),
        ("F52", Step.SERVICE_ACCOUNT, "really_nowhere", ""),
    ],
)
def test_a_wrong_step_is_answered_with_what_was_found_there_until_the_world_changes(screen, fault, step, said, check):
    shown = break_(screen(lang="en"), fault, step=step, text=True)
    title = EN.checks[check].title if check else ""
    got = f"…/id/{shown.world.issuer.rpartition('/')[2][:5]}" if said == "guess_passed" else ""
    begins = prose(EN.message(f"lab.{said}", check=title, got=got)).removesuffix(".").removesuffix("</code>")
    assert begins in shown.html("lab_guessed")
    press(shown, "revert")
    assert (begins in shown.html("lab_guessed")) == (said == "really_nowhere")
    drawn = [component.proto.id.split("-", 2)[-1] for component in shown.test.get("bidi_component")]
    assert drawn.index("lab_whole") < drawn.index("lab_guessed"), "a long prediction fills the window of a phone"


def test_the_right_message_is_quoted_with_the_times_that_the_world_gave_it(screen):
    shown = break_(screen(lang="en"), "F32", step=Step.TOKEN_MOUNT, text=False)
    (message,) = re.findall(r"Token expired: [^<]*", unescape(shown.html("lab_guessed")))
    assert message in unescape(shown.html("lab_seen"))
    later = EN.message("lab.really_later", what=step_name(Step.STS_ASSUME, EN))
    assert later in shown.html("lab_guessed"), "the reader named the step of the cause"


def test_the_verdict_says_of_an_empty_list_that_nothing_is_in_it(screen):
    shown = break_(screen(lang="en"), "F01")
    assert prose(EN.message("ui.empty_list")) in shown.html("diagnosis")


def test_the_second_prediction_about_a_fault_does_not_count(screen):
    shown = break_(screen(lang="en"), NAMED, step=Step.ACCESS, text=False)
    press(shown, "revert")
    shown.click("lab_leave")
    break_(shown, NAMED, step=Step.STS_ASSUME, text=True)
    assert EN.message("lab.score", right=0, asked=2, faults=1) in shown.html("lab_score")


def test_what_the_world_has_no_room_for_is_reported_with_the_way_to_a_new_world(screen):
    shown = screen(lang="en")
    shown.world.account.roles.clear()
    break_(shown, NAMED)
    assert [error.value.split(":")[0] for error in shown.test.error] == [
        EN.message("lab.cannot", said="").split(":")[0]
    ]
    shown.test.run()
    assert shown.test.error, "to have tried it changed the world, and the page follows that by itself"
    shown.click("lab_renew")
    assert not shown.test.error
    break_(shown, NAMED)
    assert shown.world.faults == (NAMED,)


def test_it_says_that_other_tabs_show_the_fault(broken):
    assert prose(load("en").message("lab.other_tabs")) in broken.html("lab_revert_heading")


def test_without_a_guess_nothing_is_counted(broken):
    assert "lab_score" not in broken.keys
    assert "lab_guessed" not in broken.keys


def test_without_a_guess_the_error_message_comes_before_the_map(broken):
    drawn = [component.proto.id.split("-", 2)[-1] for component in broken.test.get("bidi_component")]
    assert drawn.index("lab_seen") < drawn.index("film")


def test_what_is_seen_is_what_came_back_and_the_sdks_print_it_in_their_ways(broken):
    html = unescape(broken.html("lab_seen"))
    own = FAULTS[NAMED].text(broken.world)
    assert f"aws: [ERROR]: {own}" in html
    assert f"botocore.exceptions.ClientError: {own}" in html
    for form in (
        r"operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: "
        r"([0-9a-f-]+), api error AccessDenied: Not authorized",
        r"WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: Not authorized to perform "
        r"sts:AssumeRoleWithWebIdentity\n\tstatus code: 403, request id: ([0-9a-f-]+)",
    ):
        found = re.search(form, html)
        assert found, html
        assert any(found[1] in exchange.response_body for exchange in broken.world.log.exchanges())


def test_why_go_v2_has_no_form_for_a_skewed_clock_is_reported(screen):
    html = unescape(break_(screen(lang="en"), "F33").html("lab_seen"))
    assert unescape(prose(EN.message("lab.forms_clock"))) in html
    assert EN.message("lab.sdk.go_v2") not in html


def test_the_film_breaks_where_it_broke_and_opens_at_the_whole_map(broken):
    drawn = broken.data("film")
    film = json.loads(drawn["film"])
    assert (film["guilty"], film["shows"]) == (["policy"], "hold_role")
    assert (drawn["part"], drawn["opens"]) == ("", "whole")
    assert film["beats"][-1]["id"] == "whole"


def test_the_faults_with_the_same_text_are_named_with_what_tells_them_apart(broken):
    html = broken.html("lab_same")
    own = FAULTS[NAMED].text(broken.world)
    same = [fault.id for fault in FAULTS.values() if fault.text(broken.world) == own and fault.id != NAMED]
    assert len(same) >= 5
    for fault in same:
        assert f"fault={fault}" in html
        assert unescape(EN.message(f"faults.{fault}.hint3")).split("`")[0] in unescape(html)
    assert "fault=F46" not in html


def test_what_breaks_nothing_says_so_and_shows_who_else_gets_in(screen):
    shown = break_(screen(lang="en"), "F52")
    assert EN.message("lab.nothing_seen") in unescape(shown.html("lab_seen"))
    shown.click("lab_other_try")
    html = shown.html("lab_other_answer")
    assert EN.message("lab.other_allowed") in html
    assert "system:serviceaccount:default:default" in html.replace("<wbr>", "")
    assert "assumed-role/s3-reader/other-" in html.replace("<wbr>", "")


# --- every page ------------------------------------------------------------------------------------------------------


def test_every_page_says_what_is_broken_and_fixes_it(broken):
    for page in PAGES:
        broken.open(page)
        assert not broken.test.exception
        assert ("lab_strip" in broken.keys) == (page != "break_it"), page
    assert NAMED in broken.open("home").html("lab_strip")
    assert f"：<strong>{NAMED}" in broken.open("home", lang="ja").html("lab_strip"), "no space after such a colon"
    broken.click("strip_revert")
    assert broken.world.faults == ()
    assert "lab_strip" not in broken.keys
    assert not broken.test.exception


def test_clock_language_and_reset_work_with_it(broken):
    broken.click("clock_sidebar_20")
    assert not broken.test.exception
    assert broken.world.faults == (NAMED,)
    broken.test.query_params["lang"] = "ja"
    broken.test.run()
    assert load("ja").message("lab.revert") in buttons(broken)
    broken.click("reset")
    assert not broken.test.exception
    assert broken.world.faults == ()
    assert "lookup" in broken.keys


def test_a_fix_passes_and_the_world_can_be_broken_again(broken):
    assert broken.stands_out == ["lab_revert"]
    press(broken, "revert")
    assert broken.world.faults == ()
    assert broken.stands_out == ["lab_leave"]
    assert f"irsa-reports-{broken.world.account_id}" in broken.html("lab_whole")
    assert 'class="outcome passed"' in broken.html("lab_whole")
    press(broken, "again")
    assert broken.world.faults == (NAMED,)


def test_what_was_done_in_a_world_without_time_for_a_walk_is_shown_when_there_is_time(broken):
    for action in ("revert", "again", "revert"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.world.usage.Usage.wait", lambda usage, *, reserve=False: 7.0 * reserve)
            press(broken, action)
        assert any(EN.message("limits.world_busy", seconds=7) in it.value for it in broken.test.get("html"))
        broken.test.run()
        assert "lab_whole" in broken.keys if action == "revert" else "diagnosis" in broken.keys


def test_a_fix_keeps_the_wording_that_was_chosen_meanwhile(broken):
    sts_wording.set_wording(broken.world, "classic")
    press(broken, "revert")
    assert broken.world.account.sts_wording == "classic"


def test_another_fault_takes_the_place_of_the_first(broken):
    break_(broken, "F14")
    assert broken.world.faults == ("F14",)
    press(broken, "revert")
    assert broken.world.faults == ()


# --- hidden ----------------------------------------------------------------------------------------------------------


HIDDEN = "F23"
"""The fault that is drawn where any would do."""
CAN_BE_DRAWN = [fault.id for fault in FAULTS.values() if not fault.harmless]
OF_EACH_STEP = {fault.step: fault.id for fault in FAULTS.values() if not fault.harmless}


@pytest.fixture
def surprise(screen, monkeypatch):
    """Lets a reader be surprised by the fault of that id."""

    def surprise(fault: str):
        drawn = SimpleNamespace(choice=lambda faults: next(it for it in faults if it.id == fault))
        monkeypatch.setattr(trial, "secrets", drawn)
        shown = screen(lang="en").open("break_it")
        press(shown, "surprise")
        return shown

    return surprise


@pytest.fixture
def surprised(surprise):
    return surprise(HIDDEN)


def hidden_fault(shown):
    (fault,) = shown.world.faults
    return FAULTS[fault]


def named(text: str, fault) -> int:
    """How often a text names a fault, by id or by title."""
    plain = re.sub("<[^>]+>", "", unescape(text).replace("<wbr>", ""))
    title = EN.message(f"faults.{fault.id}.title")
    return len(re.findall(rf"\b{fault.id}\b", text)) + plain.count(title) + plain.count(title.replace("`", ""))


@pytest.mark.parametrize("fault", OF_EACH_STEP.values(), ids=OF_EACH_STEP)
def test_the_lab_does_not_name_a_hidden_fault(surprise, fault):
    shown = surprise(fault)
    assert shown.world.faults == (fault,)
    assert shown.stands_out == [], "the button for the answer comes with the answer"
    assert {"lab_evidence", "lab_hints"} <= shown.keys
    assert not {"diagnosis", "fix", "lookup", "lab_same"} & shown.keys
    assert named(shown.sent + shown.everything, FAULTS[fault]) == 0


def test_objects_are_shown_as_kubectl_shows_them(surprised):
    evidence = surprised.html("lab_evidence")
    assert "mutatingwebhookconfiguration" in evidence.lower().replace("<wbr>", "")
    assert "managedFields" not in evidence


def test_no_page_names_a_hidden_fault(surprised, reader):
    """But where it is named to everybody: in the lessons and in the lab's list."""
    fault = hidden_fault(surprised)
    for page in PAGES:
        surprised.open(page)
        assert not surprised.test.exception
        assert "fault" not in surprised.test.query_params
        all_text = surprised.sent + surprised.everything
        if count := named(all_text, fault):
            usual = reader("en").open(page)
            assert count <= named(usual.sent + usual.everything, fault), page
    assert EN.message("lab.strip_hidden") in surprised.open("home").html("lab_strip")


def test_any_fault_but_a_harmless_one_may_be_drawn(surprise, monkeypatch):
    shown = surprise(HIDDEN)
    offered = []
    drawn = SimpleNamespace(choice=lambda faults: offered.append([it.id for it in faults]) or faults[0])
    monkeypatch.setattr(trial, "secrets", drawn)
    shown.click("reset")
    press(shown, "surprise")
    assert offered == [[fault for fault in CAN_BE_DRAWN if fault != HIDDEN]]


def test_the_navigation_does_not_tell_the_step_of_a_hidden_fault(surprised, broken, monkeypatch):
    drawn_with = []
    draw = navigation.choose
    monkeypatch.setattr(navigation, "choose", lambda content, walk: drawn_with.append(walk) or draw(content, walk))
    surprised.test.run()
    broken.test.run()
    assert drawn_with[0] is None
    assert drawn_with[1] is broken.test.session_state["walk_view"].walk


def test_the_evidence_has_no_marks(surprised):
    assert not re.search(r'class="[^"]*\b(failed|passed|mark)\b', surprised.html("lab_evidence"))


def test_hints_open_one_at_a_time(surprised):
    fault = hidden_fault(surprised)
    for number in range(1, 4):
        assert surprised.html("lab_hints").count("<li>") == number - 1
        surprised.click("lab_hint")
    assert surprised.html("lab_hints").count("<li>") == 3
    assert "lab_hint" not in {button.key for button in surprised.test.button}
    first = symptoms.hint(fault, 1, surprised.world, EN)
    assert first.split("`")[0] in unescape(surprised.html("lab_hints"))


@pytest.mark.parametrize(
    ("kind", "key"), [("eksctl", "node_role"), ("launch-template", "node_role"), ("fargate", "nothing")]
)
def test_a_hint_says_what_a_pod_gets_without_irsa_on_this_kind_of_node(surprised, monkeypatch, kind, key):
    monkeypatch.setattr(surprised.world.account.node, "kind", NodeKind(kind))
    first = symptoms.hint(FAULTS["F13"], 1, surprised.world, EN)
    assert EN.message(f"lab.without_irsa.{key}") in first


def test_a_wrong_answer_tells_no_more_and_the_right_one_reveals(surprised):
    fault = hidden_fault(surprised)
    wrong = next(step for step in Step if step != fault.step and any(it.step == step for it in FAULTS.values()))
    for step, cause in ((wrong, next(it for it in FAULTS.values() if it.step == wrong)), (fault.step, fault)):
        surprised.test.selectbox(key="lab_answer_step").set_value(step).run()
        surprised.test.selectbox(key=f"lab_answer_cause_{step}").set_value(cause.id).run()
        surprised.click("lab_answer_give")
        assert not surprised.test.exception
        if cause is not fault:
            assert judged(surprised) == [("failed", "lab.cause_step"), ("failed", "lab.cause")]
            assert "diagnosis" not in surprised.keys
    assert judged(surprised) == [("passed", "lab.cause_step"), ("passed", "lab.cause")]
    assert fault.id in surprised.html("lab_fault")
    assert EN.message("lab.solution") in surprised.html("lab_solution")
    assert surprised.world.faults == (fault.id,)  # shown, not run
    assert EN.message("lab.score", right=0, asked=2, faults=1) in surprised.html("lab_score")


def test_each_half_of_an_answer_is_right_or_wrong(surprised):
    fault = hidden_fault(surprised)
    other = next(it for it in FAULTS.values() if it.step == fault.step and it.number != fault.number)
    surprised.test.selectbox(key="lab_answer_step").set_value(fault.step).run()
    surprised.test.selectbox(key=f"lab_answer_cause_{fault.step}").set_value(other.id).run()
    surprised.click("lab_answer_give")
    assert judged(surprised) == [("passed", "lab.cause_step"), ("failed", "lab.cause")]


def judged(shown) -> list[tuple[str, str]]:
    """Each half of the last answer: how it ended, and the key of what was asked for."""
    names = {EN.message(key): key for key in ("lab.cause_step", "lab.cause")}
    found = re.findall(r'<li class="(\w+)"><span class="label">([^<]*)<', shown.html("lab_answered"))
    return [(status, names[name]) for status, name in found]


def test_giving_up_shows_the_answer_and_scores_nothing(surprised):
    fault = hidden_fault(surprised)
    surprised.click("lab_give_up")
    assert fault.id in surprised.html("lab_fault")
    assert EN.message("lab.score", right=0, asked=2, faults=1) in surprised.html("lab_score")


def test_the_evidence_holds_nothing_that_was_not_read(surprised):
    assert "compact_start" not in surprised.html("lab_evidence")


def test_another_tab_of_the_browser_keeps_the_secret(surprised, screen, monkeypatch):
    other = screen(lang="en")
    monkeypatch.setattr(own_world, "key", lambda: surprised.test.session_state["browser"])
    other.open("home")
    assert EN.message("lab.strip_hidden") in other.html("lab_strip")
    assert "diagnosis" not in other.open("break_it").keys
    assert "lab_hidden" in other.keys


@pytest.mark.parametrize(
    ("fault", "signs"),
    [
        ("F10", {Step.WEBHOOK: "failed", Step.ACCESS: "failed"}),
        ("F41", {Step.STS_ASSUME: "failed", Step.ACCESS: "not_reached"}),
        ("F36", {}),
    ],
)
def test_the_line_breaks_where_the_pod_does_though_a_walk_with_our_own_calls_passes(screen, fault, signs):
    shown = break_(screen(lang="en"), fault)
    found = re.findall(r'<li class="\w+ (\w+)"', shown.html("journey"))
    assert dict(zip(Step, found, strict=True)) == {step: signs.get(step, "passed") for step in Step}


def test_one_other_fault_with_the_same_text_is_counted_in_grammatical_words(screen):
    html = break_(screen(lang="en"), "F46").html("lab_same")
    assert html.count("<tr>") == 3  # the head, the fault itself and one other
    assert not re.search(r"\b1 (more )?\w+s\b", re.sub("<[^>]+>", " ", html))


def test_beside_faults_with_the_same_text_a_refusal_is_no_evidence(screen):
    html = unescape(re.sub("<[^>]+>", "", break_(screen(lang="en"), "F44").html("lab_same")))
    assert EN.message("faults.F44.hint3") in html
    assert "✕" not in html


# --- by hand ---------------------------------------------------------------------------------------------------------


def field(shown, kind="trust_policy"):
    """The field of one kind of object."""
    shown.test.selectbox(key="lab_kind").set_value(kind).run()
    return next(area for area in shown.test.text_area if area.key.startswith(f"lab_document_{kind}_"))


def apply(shown, text, kind="trust_policy"):
    field(shown, kind).set_value(text)
    return press(shown, "apply")


def stored(shown) -> str:
    return shown.world.account.roles["s3-reader"].trust_policy


def test_an_edit_that_opens_the_role_to_others_is_no_clean_fix(broken):
    typed = field(broken).value.replace("StringEquals", "StringLike")
    apply(broken, typed)
    too_wide = EN.check("trust.scope").title
    assert EN.message("lab.whole_by_hand") in broken.html("lab_whole")
    assert too_wide in broken.html("lab_whole")
    assert too_wide in broken.html("lab_fixed")


def test_an_edit_that_fixes_is_seen_to_pass_and_can_be_undone(broken):
    before = stored(broken)
    apply(broken, field(broken).value.replace("default:*", "default:my-sa"))
    assert EN.message("lab.whole_by_hand") in broken.html("lab_whole")
    assert f"irsa-reports-{broken.world.account_id}" in broken.html("lab_whole")
    assert broken.world.faults == (NAMED,)
    broken.click("lab_undo")
    assert stored(broken) == before
    assert "diagnosis" in broken.keys
    assert "lab_undo" not in {button.key for button in broken.test.button}


def test_an_edit_of_a_world_that_has_just_gone_is_made_in_no_other_one(broken, simulation, monkeypatch):
    key, save = broken.test.session_state["browser"], session.save

    def saved_and_gone():
        saved = save()
        simulation.store.remember(key, "evicted")  # as where others need the room
        simulation.store.discard(key)
        return saved

    typed = field(broken).value.replace("default:*", "default:my-sa").replace("StringLike", "StringEquals")
    monkeypatch.setattr(session, "save", saved_and_gone)
    apply(broken, typed)
    assert EN.message("limits.lost_evicted") in broken.html("lost")
    assert broken.world.account_id in stored(broken), "what was typed names the account of the one before"


@pytest.mark.parametrize(
    "fault", ["F05b", "F46", *(pytest.param(fault, marks=pytest.mark.large) for fault in ("F01", "F10", "F14", "F52"))]
)
def test_an_object_put_back_as_it_was_fixes_its_fault(screen, fault):
    shown = screen(lang="en")
    kind = FAULTS[fault].changes
    before = edits.editable(shown.world, kind)
    break_(shown, fault)
    apply(shown, before, kind)
    assert EN.message("lab.whole_by_hand") in shown.html("lab_whole")


@pytest.mark.parametrize(
    "wanted",
    [
        # The fix changes the object that the fault did, another one, or one that is not among these.
        {"F14": "oidc_provider", "F18b": "service_account", "F48": "service_account"},
        pytest.param(
            {
                **{"F01": "service_account", "F44": edits.KINDS[0]},
                **{"F49": "role", "F50": "role"},
                **{"F18": "service_account"},
            },
            marks=pytest.mark.large,
        ),
    ],
    ids=["one of each", "more"],
)
def test_the_object_that_the_fix_changes_comes_first(screen, wanted):
    shown = screen(lang="en")
    assert {fault: break_(shown, fault).test.selectbox(key="lab_kind").value for fault in wanted} == wanted


def test_what_takes_two_changes_is_led_from_one_object_to_the_other(screen):
    shown = screen(lang="en")
    right = {kind: edits.editable(shown.world, kind) for kind in ("oidc_provider", "trust_policy")}
    break_(shown, "F15")
    for kind in right:
        assert shown.test.selectbox(key="lab_kind").value == kind
        (area,) = shown.test.text_area
        area.set_value(right[kind])
        press(shown, "apply")
    assert EN.message("lab.whole_by_hand") in shown.html("lab_whole")
    assert shown.test.selectbox(key="lab_kind").value == "trust_policy"


def test_another_object_that_was_chosen_stays_chosen_as_long_as_the_verdict_is_the_same(broken):
    broken.test.selectbox(key="lab_kind").set_value("pod").run()
    broken.test.run()
    assert broken.test.selectbox(key="lab_kind").value == "pod"
    press(broken, "revert")
    press(broken, "again")
    assert broken.test.selectbox(key="lab_kind").value == "trust_policy"


def test_a_pod_that_does_not_start_after_a_change_is_not_called_whole(screen):
    shown = break_(screen(lang="en"), "F35")
    own = json.loads(field(shown, "service_account").value)
    own["metadata"]["annotations"] = {}
    apply(shown, json.dumps(own), "service_account")
    html = unescape(shown.html("lab_seen"))
    assert EN.message("lab.nothing_seen") not in html
    assert unescape(prose(EN.message("lab.not_seen"))) in html
    assert "is waiting to start: ContainerCreating" in html


def test_the_strip_says_where_the_pod_alone_fails_and_where_the_reader_has_fixed_it(screen, broken):
    assert EN.message("lab.strip_walk") not in broken.open("home").html("lab_strip")
    broken.open("break_it")
    apply(broken, field(broken).value.replace("default:*", "default:my-sa"))
    assert EN.message("lab.strip_whole") in broken.open("home").html("lab_strip")
    assert NAMED not in broken.html("lab_strip")
    assert EN.message("lab.strip_walk") in break_(screen(lang="en"), "F10").open("home").html("lab_strip")


def test_a_change_that_does_not_fix_is_reported_beside_the_field(broken):
    assert "lab_still" not in broken.keys
    apply(broken, field(broken).value.replace("default:*", "default:other"))
    assert EN.message("lab.still") in broken.html("lab_still")
    apply(broken, "{")
    assert "lab_still" not in broken.keys
    apply(broken, field(broken).value.replace("default:other", "default:my-sa"))
    assert "lab_still" not in broken.keys


@pytest.mark.parametrize("fault", ["F05", "F44"])
def test_what_lies_outside_the_objects_is_reported(screen, fault):
    captions = [caption.value for caption in break_(screen(lang="en"), fault).test.caption]
    assert EN.message("lab.outside") in captions


def test_a_hidden_fault_can_be_fixed_without_its_name(screen, monkeypatch):
    monkeypatch.setattr(trial, "secrets", SimpleNamespace(choice=lambda faults: FAULTS["F21"]))
    shown = press(screen(lang="en").open("break_it"), "surprise")
    assert "lab_hidden" in shown.keys
    own = field(shown).value
    apply(shown, own.replace(re.search(r"system:serviceaccount:([\w-]+):", own)[1] + ":my-sa", "default:my-sa"))
    assert EN.message("lab.whole_hidden") in shown.html("lab_fixed")
    assert EN.message("lab.score", right=2, asked=2, faults=1) in shown.html("lab_score")
    shown.click("lab_tell")
    assert "F21" in shown.html("lab_fault")
    shown.click("lab_undo")
    assert "diagnosis" in shown.keys


@pytest.fixture
def another_tab(screen):
    """Opens the lab in another tab of a reader's browser, as a reload does."""

    def open_(shown):
        tab = screen(lang="en")
        tab.test.session_state["browser"] = shown.test.session_state["browser"]
        return tab.open("break_it", fault=NAMED)

    return open_


def test_a_reload_keeps_what_was_predicted_and_fixed_by_hand(screen, another_tab):
    shown = break_(screen(lang="en"), NAMED, step=Step.STS_ASSUME, text=True)
    before = stored(shown)
    apply(shown, field(shown).value.replace("default:*", "default:my-sa"))
    again = another_tab(shown)
    assert EN.message("lab.whole_by_hand") in again.html("lab_whole")
    assert again.html("lab_guessed") == shown.html("lab_guessed")
    assert again.html("lab_score") == shown.html("lab_score")
    again.click("lab_undo")
    assert stored(again) == before
    assert "diagnosis" in again.keys


@pytest.mark.large
def test_a_tab_that_is_open_already_sees_what_another_one_changed_by_hand(broken, another_tab):
    """In `make test`, another tab is opened after the change, and `test_following` has one that is open follow."""
    other = another_tab(broken)
    assert "lab_whole" not in other.keys
    apply(broken, field(broken).value.replace("default:*", "default:my-sa"))
    other.test.run()
    assert EN.message("lab.whole_by_hand") in other.html("lab_whole")
    other.click("lab_reset")
    broken.test.run()
    assert "diagnosis" in broken.keys
    assert not {"lab_whole", "lab_still"} & broken.keys


def test_reset_takes_all_edits_back_and_fix_it_even_the_fault(broken, simulation):
    before = stored(broken)
    for name in ("one", "two"):
        apply(broken, re.sub(r"default:[\w*]+\"", f'default:{name}"', field(broken).value))
        assert "diagnosis" in broken.keys
    broken.click("lab_reset")
    assert stored(broken) == before
    apply(broken, field(broken).value.replace("default:*", "default:three"))
    broken.click("lab_revert")
    assert "default:my-sa" in stored(broken)
    assert broken.world.faults == ()


JUNK = {
    "not_json": lambda own: own.replace("{", "{,", 1),
    "cut_short": lambda own: own.rstrip()[:-1],
    "too_large": lambda own: own.replace("}", " " * 500_000 + "}", 1),
    "control_character": lambda own: own.replace("arn:aws:iam", "arn:aws:\\u0007iam", 1),
    "empty": lambda own: " ",
    "no_object": lambda own: "[]",
    "refused_by_iam": lambda own: own.replace("2012-10-17", "2013-01-01"),
}


def test_junk_is_reported_beside_the_field_and_changes_nothing(broken):
    before, walked = stored(broken), broken.test.session_state["walk_view"]
    own = field(broken).value
    for code, spoil in JUNK.items():
        typed = spoil(own)
        apply(broken, typed)
        assert EN.message(f"errors.edit_{code}.title").split("`")[0] in unescape(broken.html("lab_refused")), code
        assert 'role="alert"' in broken.html("lab_refused")
        assert stored(broken) == before, code
        assert broken.test.session_state["walk_view"] is walked, code
        assert field(broken).value == typed, code
        assert "lab_undo" not in {button.key for button in broken.test.button}, code


def test_every_kind_of_object_can_be_edited_and_says_what_is_junk(broken):
    for kind in ("role", "oidc_provider", "service_account", "webhook", "pod"):
        own = field(broken, kind).value
        assert json.loads(own), kind
        apply(broken, own[:-2], kind)
        assert EN.message("errors.edit_cut_short.title") in broken.html("lab_refused"), kind


def test_what_is_not_changed_is_reported(broken):
    press(broken, "apply")
    assert [info.value for info in broken.test.info] == [EN.message("lab.unchanged")]


def test_a_pod_older_than_the_annotation_is_fixed_by_a_new_one(screen):
    shown = break_(screen(lang="en"), "F04")
    shown.click("lab_recreate")
    assert not shown.test.exception
    assert EN.message("lab.whole_by_hand") in shown.html("lab_whole")


def test_why_a_pod_cannot_be_recreated_stays_until_the_next_change(broken):
    session.simulation().run(experiments.delete_service_account(broken.world))
    broken.click("lab_recreate")
    for _ in range(2):
        assert 'role="alert"' in broken.html("lab_refused")
        broken.test.run()


# --- two readers -----------------------------------------------------------------------------------------------------


def test_two_readers_do_not_disturb_each_other(broken, screen):
    other = screen(lang="en").open("sts_assume")
    assert other.world.faults == ()
    assert "lab_strip" not in other.keys
    press(other.open("break_it"), "surprise")
    assert broken.world.faults == (NAMED,)
    broken.test.run()
    assert "diagnosis" in broken.keys


def test_a_dropped_world_takes_its_fault_along(broken, simulation):
    simulation.store.discard(broken.test.session_state["browser"])
    broken.test.run()
    assert not broken.test.exception
    assert broken.world.faults == ()
    assert "diagnosis" not in broken.keys


def test_the_question_about_another_fault_says_what_is_broken_now(broken):
    broken.open("break_it", fault="F14")
    assert NAMED in broken.html("lab_strip")
    assert "lab_run" in {button.key for button in broken.test.button}


def test_a_fault_for_which_the_world_lacks_something_is_reported(screen, simulation):
    shown = screen(lang="en").open("break_it", fault="F26")
    shown.world.account.oidc_providers.clear()
    press(shown, "run_unguessed")
    (error,) = shown.test.error
    assert "OpenIDConnect Provider not found" in error.value
    assert shown.world.faults == ()
    shown.open("break_it", fault="F21")
    assert not shown.test.error, "that was about another one"
