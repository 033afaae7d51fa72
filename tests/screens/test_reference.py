"""The glossary and the misconceptions: whole in both languages, reachable by their address, tied to where they bite."""

import re
from collections import Counter, defaultdict
from html import unescape

import pytest

from app.content import LABS, LANGUAGES, PAGES, REFERENCE, STORY, load
from app.content.missions import offered
from app.flow.build.tasks import TaskId
from app.flow.model import Step
from app.flow.steps.walk import STEPS
from app.flow.verdict.known_messages import KNOWN_MESSAGES
from app.ui.draw.sections import places
from app.ui.reference import search
from app.ui.reference.glossary import GROUPS, TERMS
from app.ui.reference.misconceptions import MISCONCEPTIONS, for_page
from app.world.faults import FAULTS
from tests.content.style import style
from tests.screens.conftest import Screen, plain

CATALOGUE = 26
"""Misconceptions that the sources warn of; others were met on the way."""
TERM = re.compile(r"\[\[([^\]|]*)(?:\|[^\]]+)?\]\]")
CHECKS = {check_id for step in STEPS for check_id in step.CHECKS}
KEYS = [key for terms in GROUPS.values() for key in terms]

both = pytest.mark.parametrize("language", LANGUAGES)


def words_of(messages, table):
    """The ids below a table of the messages that have the words of an entry, in the order of the file."""
    found = [key.removeprefix(f"{table}.").split(".") for key in messages if key.startswith(f"{table}.")]
    return list(dict.fromkeys(parts[0] for parts in found if parts[-1] in ("meaning", "truth")))


# --- misconceptions --------------------------------------------------------------------------------------------------


@both
def test_every_misconception_has_its_words_and_its_place(language):
    assert words_of(load(language).messages, "misconceptions") == list(MISCONCEPTIONS)
    assert len(MISCONCEPTIONS) >= CATALOGUE


def test_to_guess_pays_nothing():
    true = sum(it.verdict == "true" for it in MISCONCEPTIONS.values())
    assert 0.4 <= true / len(MISCONCEPTIONS) <= 0.6


@both
def test_a_statement_is_judged_before_it_is_answered_and_its_buttons_are_named_in_plain_words(language):
    content = load(language)
    html = unescape(for_page(Step.STS_ASSUME, content))
    entries = html.split("<article")[1:]
    assert len(entries) == sum(Step.STS_ASSUME in it.pages for it in MISCONCEPTIONS.values())
    for entry in entries:
        id_ = re.search(r'data-statement="(\w+)" data-holds="(true|false)"', entry)
        assert (id_[2] == "true") == (MISCONCEPTIONS[id_[1]].verdict == "true")
        name = re.search(r'role="group" aria-label="([^"]+)"', entry)[1]
        assert not set("`*") & set(name)
        assert shown(content.message(f"misconceptions.{id_[1]}.claim")) in name
        before, hidden, _ = entry.partition('<div class="truth" hidden>')
        assert shown(content.message(f"misconceptions.{id_[1]}.truth")) not in shown(before)
        assert hidden


@both
def test_what_was_true_once_is_false_today_and_says_until_when(language):
    content = load(language)
    html = unescape(for_page(Step.TOKEN_MOUNT, content)) + unescape(for_page(Step.OIDC_PROVIDER, content))
    once = [id_ for id_, it in MISCONCEPTIONS.items() if it.verdict == "once"]
    assert once
    for id_ in once:
        until = content.message(f"misconceptions.{id_}.until")
        assert re.search(r"20\d\d", until)
        assert f'data-statement="{id_}" data-holds="false"' in html
        assert content.message("myths.verdicts.once", until=until) in html


@pytest.mark.parametrize("id_", MISCONCEPTIONS)
def test_a_misconception_bites_in_a_lesson_and_names_what_exists(id_):
    it = MISCONCEPTIONS[id_]
    assert set(it.pages) <= set(PAGES)
    assert set(it.pages) & set(Step), "no lesson shows it"
    assert set(it.checks) <= CHECKS
    for evidence in it.evidence:
        assert f"evidence.{evidence}.title" in load("ja").messages


@both
def test_all_of_them_are_on_their_page_and_each_in_a_lesson(reader, language):
    html = unescape(reader(language).open("misconceptions").html("lookup"))
    lessons = [unescape(for_page(step, load(language))) for step in Step]
    for id_, it in MISCONCEPTIONS.items():
        assert f'id="{id_}" data-entry data-pages="{" ".join(it.pages)}"' in html
        truth = shown(load(language).message(f"misconceptions.{id_}.truth"))
        assert truth in shown(html)
        assert sum(truth in shown(lesson) for lesson in lessons) == len(set(it.pages) & set(Step))


@pytest.mark.parametrize("word", ["cloudtrail", "証明書", "blue/green", "expiredtoken", "f15b"])
def test_a_statement_is_found_by_a_word_of_its_answer_in_either_language(reader, word):
    html = unescape(reader("en").open("misconceptions").html("lookup")).lower()
    assert "data-filter" in html
    assert word in " ".join(re.findall(r'data-words="([^"]*)"', html))


@both
def test_a_statement_calls_what_is_on_the_screen_by_its_name(language):
    messages = load(language).messages
    see = messages["misconceptions.role_for_two_accounts.see"]
    assert messages["matcher.title"] in see
    assert messages["matcher.buttons.second"] in see
    assert load(language).lesson("one_page").title in messages["misconceptions.same_program_on_a_laptop.see"]


@both
@pytest.mark.parametrize("step", Step)
def test_each_lesson_has_what_people_get_wrong_and_what_can_go_wrong(language, step):
    assert for_page(step, load(language)).count("data-statement=") >= 3
    assert load(language).lesson(step).section("what-can-go-wrong").body


@both
def test_what_is_not_confirmed_says_so(language):
    words = style(language)["not_confirmed"]
    for id_ in ("api_server_rejects_token_of_deleted_pod", "thumbprint_breaks"):
        said = [load(language).messages.get(f"misconceptions.{id_}.{part}", "") for part in ("truth", "until")]
        assert re.search(words, " ".join(said))


@pytest.mark.parametrize(("asked", "picked"), [("webhook", "webhook"), ("why", "why"), ("nothing", ""), ("home", "")])
def test_the_address_narrows_the_misconceptions_down_to_a_page(simulation, asked, picked):
    screen = Screen(lang="en").open("misconceptions")
    screen.test.query_params["step"] = asked
    assert screen.test.run().exception == []
    assert screen.data("lookup")["pick"] == picked


# --- glossary --------------------------------------------------------------------------------------------------------


@both
def test_every_term_has_its_words_and_its_pages(language):
    assert sorted(words_of(load(language).messages, "glossary")) == sorted(KEYS)
    for pages in (pages for terms in GROUPS.values() for pages in terms.values()):
        assert pages == tuple(page for page in STORY if page in pages), "the pages stand in the order of the story"


@both
def test_the_glossary_shows_both_languages_the_readers_first(reader, language):
    html = unescape(reader(language).open("glossary").html("lookup"))
    entries = re.findall(r'<article class="term-entry" id="(\w+)".*?</article>', html)
    assert entries == KEYS
    other = next(one for one in LANGUAGES if one != language)
    for key in KEYS:
        entry = html.partition(f'id="{key}" data-entry')[2].partition("</article>")[0]
        own, foreign = (shown(load(one).message(f"glossary.{key}.meaning")) for one in (language, other))
        assert own in shown(entry).partition(foreign)[0]
        assert foreign in shown(entry)


@pytest.mark.parametrize(("asked", "at"), [("jwks", "jwks"), ("imds", "imds"), ("nothing", ""), ('"><script>', "")])
def test_the_address_leads_to_a_term(simulation, asked, at):
    screen = Screen(lang="ja").open("glossary")
    screen.test.query_params["term"] = asked
    assert screen.test.run().exception == []
    assert screen.data("lookup")["at"] == at


def test_the_words_of_a_step_are_terms_that_matter_there():
    matters = {key: pages for terms in GROUPS.values() for key, pages in terms.items()}
    for step, keys in TERMS.items():
        assert [key for key in keys if step not in matters[key]] == []


@both
def test_every_mark_in_a_text_is_a_term_of_the_glossary_a_fault_or_a_page_that_can_be_linked(language):
    content = load(language)
    marked = {
        (page, key)
        for page, lesson in content.lessons.items()
        for section in lesson.sections.values()
        for key in TERM.findall(section.body)
    }
    assert {page for page, _ in marked} >= {"oidc_provider", "access"}
    assert [where for where in marked if where[1] not in (*KEYS, *FAULTS, *LABS, *REFERENCE)] == []


def test_the_languages_mark_the_same_terms_in_a_section():
    first, *others = (
        Counter(
            (page, anchor, term)
            for page, lesson in load(language).lessons.items()
            for anchor, section in lesson.sections.items()
            for term in TERM.findall(section.body)
        )
        for language in LANGUAGES
    )
    for other in others:
        assert (list(first - other), list(other - first)) == ([], [])


def shown(html):
    """The words of a text or of HTML, without marks and tags, whether its spaces break or not."""
    return re.sub(r"<[^>]*>|[`*]", "", html).replace("\u00a0", " ")


# --- search ----------------------------------------------------------------------------------------------------------


@both
def test_all_that_can_be_found_is_in_plain_words_and_leads_to_where_it_is(language):
    found, by_kind = list(search.entries(language)), defaultdict(list)
    for entry in found:
        by_kind[entry.kind].append(entry)
        shown = " ".join((entry.title, *entry.texts))
        assert not re.search(r"`|\*\*|\[\[|\{[a-z_]+\}", shown), shown
    at = {"term": KEYS, "fault": list(FAULTS), "check": list(load(language).checks), "statement": list(MISCONCEPTIONS)}
    at |= {"mission": [it.mission.id for it in offered()], "task": list(TaskId)}
    for kind, ids in at.items():
        assert [entry.params for entry in by_kind[kind]] == [{kind: id_} for id_ in ids]
    known = [({"check": it.check}, it.texts) for it in KNOWN_MESSAGES.values()]
    assert [(entry.params, entry.quotes) for entry in by_kind["message"]] == known
    pages = {page: ["", *places(page)] for page in PAGES if page != "search"}
    assert sorted((it.page, it.params.get("section", "")) for it in by_kind["page"]) == sorted(
        (page, section) for page, sections in pages.items() for section in sections
    )
    assert tuple(by_kind) == search.KINDS
    webhook = " ".join(text for entry in by_kind["page"] if entry.page == "webhook" for text in entry.texts)
    assert load(language).message("glossary.api_server.term") in webhook
    assert "api_server" not in webhook, "a link is shown by its words"
    assert not any(entry.texts for entry in by_kind["statement"]), "a reader judges a statement first"
    for one in LANGUAGES:  # each is found in either language
        for id_, entry in zip(MISCONCEPTIONS, by_kind["statement"], strict=True):
            truth = load(one).message(f"misconceptions.{id_}.truth")
            assert " ".join(re.sub(r"`|\*\*", "", truth).split()) in entry.more


def test_the_list_of_all_that_can_be_found_is_made_once_and_only_for_who_searches(reader):
    search._json.cache_clear()
    search._index.cache_clear()
    shown = reader("en").open("glossary")
    assert search._json.cache_info().misses == 0
    for _ in range(2):
        index = shown.open("search").data("lookup")["index"]
    assert search._json.cache_info().misses == 1
    assert "Incorrect token audience" in index["messages"]["F26"]


@both
def test_the_address_leads_to_a_statement_and_explains_a_check(screen, language):
    shown, check = screen(lang=language), load(language).check("pod.siblings")
    shown.open("misconceptions", statement="annotation_grants")
    assert shown.data("lookup")["at"] == "annotation_grants"
    html = plain(shown.open("doctor", check="pod.siblings").html("explained"))
    assert plain(check.title) in html
    assert plain(check.fix.split("`")[0]) in html
    assert "explained" not in screen(lang=language).open("doctor").keys


# --- addresses -------------------------------------------------------------------------------------------------------


@both
def test_what_the_address_asks_for_of_every_page_and_there_is_not_is_said_once(screen, language):
    words, shown = load(language).error("not_in_the_address", got="", expected=""), screen(locale=language)
    asked = {"lang": ("xx", "en"), "depth": ("4", "3"), "mode": ("liv", "live")}
    shown.open("webhook", **{name: value for name, (value, _) in asked.items()})
    for name, (value, known) in asked.items():
        html = shown.html(f"unknown_{name}")
        assert words.title in html
        assert f"{name}={value}" in plain(html)
        assert f"<code>{known}</code>" in html
    assert not {"depth", "mode"} & set(shown.test.query_params)
    assert shown.test.query_params["lang"] in (language, [language])
    assert not {f"unknown_{name}" for name in asked} & shown.open("webhook").keys


@pytest.mark.parametrize(
    ("page", "name", "known"),
    [
        ("missions", "mission", "why_refused"),
        ("build", "task", "issuer"),
        ("glossary", "term", "jwks"),
        ("misconceptions", "step", "webhook"),
        ("misconceptions", "statement", "webhook_injects_token"),
        ("doctor", "check", "issuer.discovery"),
        ("compare", "show", "irsa"),
        ("compare", "section", "pictures"),
        ("compare", "platform", "eks"),
        ("why", "scheme", "irsa"),
        ("why", "taken", "pod-1"),
    ],
)
def test_an_address_that_asks_for_what_is_not_there_gets_that_said(screen, page, name, known):
    words = load("en").error("not_in_the_address", got=f"{name}=99", expected="")
    shown = screen(lang="en")
    if page == "build":
        shown.click("begin_empty")
    shown.open(page, **{name: "99"})
    html = re.sub(r"<wbr>|</?span[^>]*>", "", shown.html(f"unknown_{name}"))
    assert words.title in html
    assert f"{name}=99" in html
    assert f"<code>{known}</code>" in html
    assert f"unknown_{name}" not in shown.open(page, **{name: known}).keys


def test_where_a_page_knows_no_value_at_all_nothing_is_expected(screen):
    html = screen(lang="en").open("glossary", section="99").html("unknown_section")
    assert "section=99" in re.sub(r"<wbr>", "", html)
    assert "<dd></dd>" not in html
