"""Looking something up, and predicting, by keyboard: lists narrow down as one types, an address leads to its entry."""

import pytest
from playwright.sync_api import expect

from app.content import load
from app.ui.reference.misconceptions import MISCONCEPTIONS
from app.ui.reference.search import KINDS

pytestmark = pytest.mark.browser


def test_the_glossary_narrows_down_whatever_the_width_of_the_letters_and_to_a_subject(visitor):
    page = visitor.turn_to("glossary").wait("[data-entry]").page
    entries = page.locator("[data-entry]:visible")
    everything, count = entries.count(), page.locator(".count").inner_text()
    field = page.get_by_label(load("en").message("glossary.filter")).first
    field.fill("ＪＷＫＳ  key")
    expect(page.locator(".count")).not_to_have_text(count)
    assert 0 < entries.count() < everything
    assert all("jwks" in text.lower() for text in entries.all_inner_texts())
    field.fill("zeppelin")
    expect(page.locator(".none")).to_be_visible()
    expect(entries).to_have_count(0)
    field.fill("")
    page.get_by_role("button", name="AWS", exact=True).click()
    expect(page.locator(".terms h2:visible")).to_have_text(["AWS"])
    of_aws = entries.count()
    field.fill("session")  # what was typed still counts
    expect(page.locator("#sigv4")).to_be_hidden()
    assert 0 < entries.count() < of_aws < everything


def test_a_marked_term_leads_to_its_lit_entry_and_back_to_a_step(visitor):
    shown = visitor.turn_to("webhook").predict()
    term = shown.page.locator("a.term", has_text="JSON patch").first
    term.focus()
    expect(term).to_have_accessible_name("JSON patch")  # its meaning, which unfolds then, is its description
    term.click()
    lit = shown.page.locator(".term-entry.lit")
    expect(lit).to_have_attribute("id", "json_patch")
    expect(lit).to_be_in_viewport()
    lit.get_by_role("link", name="Webhook").click()
    shown.expect_title("The webhook edits the Pod")


def test_the_misconceptions_are_narrowed_down_and_a_statement_is_judged_by_keyboard(reader):
    shown = reader().open("/misconceptions?lang=en&statement=annotation_grants").wait(".picks")
    page = shown.page
    asked = page.locator("#annotation_grants")
    expect(asked).to_have_css("outline-style", "solid")
    expect(page.locator("#webhook_injects_token")).to_have_css("outline-style", "none")
    shown.open("/misconceptions?lang=en&step=access").wait(".picks")
    entries = page.locator("[data-entry]:visible")
    expect(page.get_by_role("button", name="⑥ S3")).to_have_attribute("aria-pressed", "true")
    few = entries.count()
    page.get_by_role("button", name="All", exact=True).focus()
    page.keyboard.press("Enter")
    assert entries.count() > few > 0
    assert few < len(MISCONCEPTIONS)

    search = page.get_by_role("searchbox")
    for words in ("サムプリント https://example.org 123456789012", "what does the thumbprint do, actually?"):
        search.fill(words)  # a word of either language; ids do not count, nor do the other words of a question
        expect(page.locator("#thumbprint_breaks")).to_be_visible()
        expect(page.locator("#annotation_grants")).to_be_hidden()
    search.fill("")

    false, true = page.locator("#webhook_injects_token"), page.locator("#variables_before_a_node")
    expect(page.locator(".truth:visible")).to_have_count(0)
    expect(page.locator(".score button")).to_be_hidden()
    wrong = false.get_by_role("button", name="True", exact=True)
    wrong.focus()
    page.keyboard.press("Enter")
    expect(false.locator(".truth")).to_contain_text("Your answer is incorrect.")
    expect(false.locator(".verdict")).to_have_text("✕ False")
    expect(wrong).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first answer counts
    expect(wrong).to_have_attribute("aria-pressed", "true")
    true.get_by_role("button", name="True", exact=True).click()
    expect(true.locator(".truth")).to_contain_text("Your answer is correct.")
    edge = "truth => getComputedStyle(truth).borderLeftColor"
    red, green = (one.locator(".truth").evaluate(edge) for one in (false, true))
    assert red != green
    score = page.locator(".score [role=status]")
    expect(score).to_have_text(f"You have judged 2 of {len(MISCONCEPTIONS)}, 1 of them correctly.")

    # What was judged is known on the lesson's page and after a reload, and forgotten on request.
    shown.turn_to("webhook").wait(".st-key-predict")
    page.get_by_role("button", name="Skip the guess").click()
    page.locator("summary", has_text="True or false").click()
    expect(page.locator('[data-statement="webhook_injects_token"] .truth')).to_be_visible()
    shown.open("/misconceptions?lang=en").wait(".picks")
    expect(score).to_have_text(f"You have judged 2 of {len(MISCONCEPTIONS)}, 1 of them correctly.")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".truth:visible")).to_have_count(0)
    expect(score).to_be_empty()
    false.get_by_role("button", name="False", exact=True).click()
    assert false.locator(".truth").evaluate(edge) == green, "the answer was right, though the statement is false"


REFUSED = (
    "botocore.errorfactory.InvalidIdentityTokenException: An error occurred (InvalidIdentityToken) when calling the "
    "AssumeRoleWithWebIdentity operation: Incorrect token audience (arn:aws:iam::123456789012:role/my-own)"
)
JUNK = {
    "only signs": "!?.,;:-_/()[]{}<>|`'\"、。・「」",
    "from right to left": "שלום \u202eمرحبا\u202c",
    "emoji": "🦄🦄🏳️‍🌈",
    "10 KB of one word": "x" * 10_000,
    "10 KB of signs": "-_/." * 2_500,
    "markup": "<img src=x onerror=zeppelin()>",
}
"""None of it is in any entry."""


def test_one_search_finds_what_all_pages_have_and_says_so_where_nothing_is_found(visitor):
    page, words = visitor.turn_to("search").wait("[data-idle]").page, load("en").message
    field, count, found = page.get_by_role("searchbox"), page.locator(".count"), page.locator("[data-found]")
    best = found.locator("section").first.locator("a")
    for typed, address in (
        ("audience とは何ですか", "glossary?lang=en&term=aud"),
        (REFUSED, "break_it?lang=en&fault=F26"),
        ("トークンの期限", "doctor?lang=en&check=token.lifetime"),
        ("ノードのロール", "glossary?lang=en&term=node_role"),
        ("Can I use it on Fargate?", "misconceptions?lang=en&statement=works_on_fargate"),
        ("IDPCommunicationError", "doctor?lang=en&check=sts.key"),
        ("クロスアカウント", "missions?lang=en&mission=cross_account"),
        ("kubectl create token", "build?lang=en&task=by_hand"),
        ("migrate from kube2iam", "compare?lang=en&section=proxy_to_irsa"),
        ("irsaってなに", "glossary?lang=en&term=irsa"),
        ("のーどのろーるをつかわせない", "glossary?lang=en&term=node_role"),
        ("鍵はどこに保存されてるの", "build?lang=en&task=buckets"),
    ):
        field.fill("")
        expect(found.locator("a")).to_have_count(0)
        field.fill(typed)
        expect(best.first).to_be_visible()
        assert f"./{address}" in [link.get_attribute("href") for link in best.all()], typed

    # Of two messages of a fault, the one that was pasted is shown.
    field.fill("Unable to locate credentials")
    expect(found.locator("a[href*=fault] ~ p", has_text="Unable to locate credentials").first).to_be_visible()

    # A line of a log leads first to what it quotes, whatever else it has; the more exact message comes before another.
    for line, *quotes in (
        (
            r'{"logger":"targetGroupBinding","error":"WebIdentityErr: failed to retrieve credentials'
            r'\ncaused by: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\n\tstatus code: 403"}',
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        (r"Warning FailedMount MountVolume.SetUp failed for volume \"aws-iam-token\" : no", "MountVolume.SetUp failed"),
        (
            "AccessDenied: User: arn:aws:sts::1:assumed-role/nodes/i-0e5afb93460d609d2 is not\nauthorized to perform: "
            "sts:AssumeRole on resource: x",
            *("assumed-role/…/i-0", "is not authorized to perform: sts:AssumeRole on resource"),
        ),
    ):
        field.fill(line)
        for place, quote in enumerate(quotes):
            expect(best.nth(place)).to_contain_text(quote)
    expect(best.first).to_have_attribute("href", "./doctor?lang=en&check=pod.injected")
    meaning = words("error_messages.node_role")
    expect(found.locator("li").first).to_contain_text(meaning)
    field.fill("max session duration")  # no message, but words that one has: what has them in its title comes first
    expect(best.first).to_have_attribute("href", "./break_it?lang=en&fault=F50")

    # The best of all kinds come first, and then the others by kind: none of them twice.
    field.fill("audience")
    kinds = {words(f"search.kinds.{kind}") for kind in KINDS}
    expect(found.locator("h2").first).to_have_text(words("search.best"))
    assert set(found.locator("section:not(:first-child) h2").all_inner_texts()) <= kinds
    links = [(link.get_attribute("href"), link.inner_text()) for link in found.locator("a").all()]
    assert len(set(links)) == len(links) == int(count.inner_text().split()[0])

    # A typing error is corrected, and only where no entry has the word; it says so.
    for typed, wrong, right, address in (
        ("projectd volume", "projectd", "projected", "term=projected_volume"),
        ("サービスアカウト", "サービスアカウト", "サービスアカウント", "term=service_account"),
    ):
        field.fill(typed)
        expect(count).to_contain_text(words("search.nearest", typed=wrong, nearest=right))
        expect(best.first).to_have_attribute("href", f"./glossary?lang=en&{address}")
    field.fill("projected")
    expect(count).not_to_contain_text("projected")

    # Nothing is nothing: the page says what to try, and survives whatever is pasted.
    for junk in JUNK.values():
        field.fill(junk)
        expect(page.locator(".none")).to_be_visible()
        expect(count).to_have_text(words("search.count", shown=0))
    expect(page.locator(".none a")).to_have_count(3)

    # What was typed into a list goes along to the search, and is there again for who comes back from what was found.
    visitor.turn_to("glossary").wait("[data-entry]")
    page.get_by_role("searchbox").fill("RequestTimeTooSkewed")
    page.locator(".none a").click()
    visitor.expect_title("Search")
    expect(field).to_have_value("RequestTimeTooSkewed")
    best.first.click()
    page.wait_for_url("**/break_it?lang=en&fault=F33")
    page.go_back()
    expect(field).to_have_value("RequestTimeTooSkewed")
    expect(best.first).to_contain_text("F33")

    # A section that is found opens, and has the focus: Enter leads from the field to its link, and on.
    field.fill("migrate from kube2iam")
    expect(best.first).to_contain_text("kube2iam")
    visitor.press("Enter")
    visitor.press("Enter")
    page.wait_for_url("**/compare?lang=en&section=proxy_to_irsa")
    section = page.locator('details[data-section="proxy_to_irsa"]')
    expect(section).to_have_attribute("open", "")
    expect(section.locator("summary")).to_be_focused()
    expect(section.locator("summary")).to_be_in_viewport()


@pytest.mark.large
def test_a_section_after_a_question_comes_to_a_reader_who_skips_it(visitor):
    """In `make test` another page's section opens, and `tests/screens/test_predict.py` says where it is."""
    page = visitor.turn_to("search").wait("[data-idle]").page
    page.get_by_role("searchbox").fill("Why the token looks like this")
    page.locator("[data-found] a").first.click()
    visitor.expect_title("The token is mounted")
    visitor.click("predict_show")
    section = page.locator('details[data-section="why"]')
    expect(section.locator("summary")).to_be_focused()
    expect(section).to_have_attribute("open", "")


@pytest.mark.large
def test_an_answer_stays_open_in_the_other_language_and_another_depth_opens_its_own(reader):
    """In `make test`, `test_walk_in_the_browser` finds open what was unfolded."""
    page = reader().open("/compare?lang=en&depth=2").wait(".facet").page
    answers, opened = page.locator(".facet details"), page.locator(".facet details[open]")
    answers.nth(1).locator("summary").click()
    page.get_by_text("日本語", exact=True).click()
    expect(page.locator(".facet h3").first).to_have_text(load("ja").message("compare.cells.travel.question"))
    expect(opened).to_have_count(1)
    expect(answers.nth(1)).to_have_attribute("open", "")
    for depth, many in ("wire", 40), ("story", 0):
        page.locator(".st-key-depth").get_by_text(load("ja").message(f"depth.{depth}")).click()
        expect(opened).to_have_count(many)


@pytest.mark.large
def test_a_prediction_is_made_by_keyboard_and_kept_over_pages(reader):
    """In `make test`, `test_keyboard` walks so, `test_way_back` finds what was unfolded, and
    `tests/screens/test_predict.py` has the prediction outlive other pages.
    """
    shown = reader().open("/webhook?lang=en").wait(".st-key-predict")
    page = shown.page
    choices = page.locator(".st-key-predict").get_by_role("radio")
    choices.first.focus()
    page.keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Submit")).to_be_focused()
    page.keyboard.press("Enter")
    prediction = page.locator(".prediction")
    expect(prediction).to_have_attribute("open", "")
    expect(prediction.locator("summary")).to_be_focused()
    expect(prediction.locator("summary")).to_contain_text("Your prediction: Temporary credentials")
    shown.click("next")
    shown.expect_title("The token is mounted")
    shown.click("previous")
    expect(prediction.locator("summary")).to_contain_text("Your prediction: Temporary credentials")
    expect(prediction).to_have_attribute("open", "")  # what was unfolded stays so for who comes back
