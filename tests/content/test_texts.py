"""The texts themselves: whole in both languages, no ids typed in, written as STYLE.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.content import LANGUAGES, PAGES, Content, load
from app.content.page_specs import PAGE_SPECS
from app.flow.model import Check, Status, Step, Subject
from app.flow.steps.standstill import KINDS
from app.flow.steps.walk import STEPS
from app.flow.verdict.check_dependencies import PLACES
from app.ui.reference.misconceptions import MISCONCEPTIONS
from tests.placeholders import placeholders

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ROOT / "assets" / "content"

CHECKS = {*PLACES, *(check_id for step in STEPS for check_id in step.CHECKS)}
EVIDENCE = (
    *("discovery", "jwks", "cluster_discovery", "provider", "thumbprint"),
    *("service_account", "role", "trust_policy", "trust_decision"),
    *("configuration", "pod_after", "admission_review", "environment"),
    *("files", "token", "jwk", "other_token"),
    *("request", "answer"),
    *("identity", "buckets", "policies", "permission_decision"),
)
REASONS = (
    *("earlier_step", "earlier_check", "no_permission", "login", "unreachable", "not_observable"),
    *(
        "not_asked",
        "no_pod",
        "stand_in",
        "clocks_apart",
        "own_clock",
        "other_account",
        "other_matter",
        "out_of_time",
        "no_region",
        "no_configuration",
        "server_failed",
        "answer_too_large",
        "unreadable_answer",
    ),
    *("not_running", "no_program", "no_record", "read_in_part", *KINDS),
)
CLAIMS = (
    *("alg", "kid", "aud", "exp", "iat", "iss", "jti", "nbf", "sub", "other", "kubernetes.io"),
    *(f"kubernetes.io.{part}" for part in ("namespace", "node", "pod", "serviceaccount", "warnafter")),
    *(f"kubernetes.io.{part}.{leaf}" for part in ("node", "pod", "serviceaccount") for leaf in ("name", "uid")),
)

ID_LIKE = re.compile(r"\d{12}|[0-9A-Fa-f]{32}|eyJ[A-Za-z0-9_-]|A(?:KIA|SIA|ROA)[A-Z0-9]{8}")
LONG = 24
"""Characters from which on a piece of code is a command or an error text and not just a name."""
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")

both = pytest.mark.parametrize("language", LANGUAGES)


def every_text(content: Content) -> dict[str, str]:
    """Each message, heading and body of a language, by where it stands."""
    texts = dict(content.messages)
    for page, lesson in content.lessons.items():
        texts[f"{page}.md"] = lesson.title
        for section in lesson.sections.values():
            texts[f"{page}.md#{section.anchor}"] = section.heading
            texts[f"{page}.md#{section.anchor} body"] = section.body
    return texts


def fenced(text: str) -> str:
    """`text` without its inline code."""
    return re.sub(r"`[^`]*`", "", text)


def test_the_languages_have_the_same_files() -> None:
    first, *others = (
        {str(path.relative_to(CONTENT / language)) for path in (CONTENT / language).rglob("*")}
        for language in LANGUAGES
    )
    assert all(files == first for files in others)
    assert first >= {"STYLE.md", "messages.toml", *(f"{page}.md" for page in PAGES)}


def test_the_languages_have_the_same_keys() -> None:
    first, *others = (load(language).messages.keys() for language in LANGUAGES)
    assert [sorted(keys ^ first) for keys in others if keys != first] == []


def test_the_languages_have_the_same_placeholders() -> None:
    first, *others = (
        {key: placeholders(text) for key, text in every_text(load(language)).items()} for language in LANGUAGES
    )
    assert all(found == first for found in others)


def test_the_languages_quote_the_same_names_and_texts_of_the_products() -> None:
    """An error text, a field or a command stands in both languages, or in neither: a slip in one shows here."""
    first, *others = (every_text(load(language)) for language in LANGUAGES)

    def quoted(text: str) -> set[str]:
        codes = re.findall(r"`([^`]*)`", text)
        return {code for code in codes if len(code) > LONG and "<" not in code and not JAPANESE.search(code)}

    for texts in others:
        assert {key: odd for key in first if (odd := quoted(first[key]) ^ quoted(texts[key]))} == {}


@both
@pytest.mark.parametrize("page", PAGES)
def test_each_lesson_has_its_sections_in_order(language: str, page: str) -> None:
    assert list(load(language).lesson(page).sections) == list(PAGE_SPECS[page].anchors)


@both
def test_each_check_has_its_texts_and_there_are_no_others(language: str) -> None:
    assert set(load(language).checks) == CHECKS


@both
@pytest.mark.parametrize("status", Status)
def test_each_check_can_be_filled_whatever_was_found(language: str, status: Status) -> None:
    subject = Subject(namespace="default", service_account="my-sa", pod="pod-after")
    for check_id, text in load(language).checks.items():
        filled = text.fill(Check(id=check_id, status=status, got="{pod}", expected="", where="{"), subject)
        assert not placeholders(filled.title + filled.what + filled.why + filled.fix) - {"pod"}


@both
def test_the_fix_of_a_check_says_what_to_type_or_where_to_look(language: str) -> None:
    """Where there is nothing to type, the fix leads to another step or to the Pod."""
    without = {check_id: text.fix for check_id, text in load(language).checks.items() if "`" not in text.fix}
    assert [check_id for check_id, fix in without.items() if not re.search(r"Pod|EKS|SDK|ステップ|step", fix)] == []


@both
def test_everything_that_a_walk_can_say_has_words(language: str) -> None:
    content = load(language)
    keys = [
        *(f"steps.{step}.{part}" for step in Step for part in ("title", "short")),
        *(f"statuses.{status}" for status in Status),
        *(f"verdict.{status}" for status in Status),
        *(f"reasons.{reason}" for reason in REASONS),
        *(f"evidence.{evidence}.{part}" for evidence in EVIDENCE for part in ("title", "caption")),
        *(f"claims.{claim}" for claim in CLAIMS),
        *(
            f"errors.{code}.{part}"
            for code in (
                "unreachable",
                "not_permitted",
                "not_found",
                "refused",
                "malformed_token",
                "other",
                "not_asked",
                "out_of_time",
            )
            for part in ("title", "got", "expected", "fix")
        ),
    ]
    assert [key for key in keys if key not in content.messages] == []


@both
def test_what_was_got_ends_without_a_full_stop_as_the_value_beside_it_does(language: str) -> None:
    ends = {
        key: text for key, text in load(language).messages.items() if re.search(r"errors\..*\.(got|expected)$", key)
    }
    assert [key for key, text in ends.items() if text.endswith((".", "。"))] == []


@both
def test_every_message_that_the_code_names_exists(language: str) -> None:
    known = load(language).messages
    named = {
        key
        for path in (ROOT / "app").rglob("*.py")
        for key in re.findall(r"""\.message\(\s*["']([a-z0-9_.]+)["']""", path.read_text(encoding="utf-8"))
    }
    assert named, "no module names a message any more: is the pattern still right?"
    assert sorted(key for key in named if key not in known) == []


@both
@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("evidence", r'(?:part|collapsible|_document)\(\s*content,\s*(?:report,\s*)?"(\w+)"|"evidence\.(\w+)\.'),
        ("notes", r'\), "(\w+)"\)|\(annotation, "(\w+)"\)'),
    ],
)
def test_each_heading_of_evidence_and_each_note_is_drawn_somewhere(language: str, kind: str, named: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "app" / "ui").rglob("*.py")]
    drawn = set(re.findall(r'"(\w+)"', (ROOT / "app" / "ui" / "presenting" / "speaker.py").read_text(encoding="utf-8")))
    drawn |= {"".join(names) for text in texts for names in re.findall(named, text)}
    drawn |= {key.split(".")[1] for text in texts for key in re.findall(rf"{kind}\.\w+", text)}
    drawn |= {name for it in MISCONCEPTIONS.values() for name in it.evidence}
    assert {key.split(".")[1] for key in load(language).messages if key.startswith(f"{kind}.")} - drawn == set()


@both
@pytest.mark.parametrize("step", Step)
def test_a_step_is_called_the_same_everywhere(language: str, step: Step) -> None:
    content = load(language)
    assert content.message(f"steps.{step}.title") == content.lesson(step).title


@both
def test_no_id_account_or_token_is_typed_into_a_text(language: str) -> None:
    assert {key: text for key, text in every_text(load(language)).items() if ID_LIKE.search(text)} == {}


@both
def test_lessons_have_no_placeholders(language: str) -> None:
    lessons = {key: text for key, text in every_text(load(language)).items() if ".md" in key}
    assert {key: placeholders(text) for key, text in lessons.items() if placeholders(text)} == {}


@both
def test_headings_and_titles_have_no_full_stop(language: str) -> None:
    content = load(language)
    headings = {
        key: text
        for key, text in every_text(content).items()
        if key.endswith((".title", ".short")) or (".md" in key and not key.endswith(" body"))
    }
    assert {key: text for key, text in headings.items() if text.endswith(("。", "."))} == {}


@both
def test_backticks_and_bold_marks_come_in_pairs(language: str) -> None:
    texts = every_text(load(language))
    assert {key: text for key, text in texts.items() if text.count("`") % 2 or fenced(text).count("**") % 2} == {}


def test_japanese_and_latin_are_set_apart_by_one_space() -> None:
    touching = re.compile(r"[ぁ-んァ-ヶ一-龠][A-Za-z0-9]|[A-Za-z0-9][ぁ-んァ-ヶ一-龠]|[ぁ-んァ-ヶ一-龠]  +[A-Za-z0-9]")
    found = {key: touching.findall(fenced(text)) for key, text in every_text(load("ja")).items()}
    assert {key: hits for key, hits in found.items() if hits} == {}


def test_the_english_holds_no_japanese() -> None:
    texts = every_text(load("en"))
    assert [key for key, text in texts.items() if JAPANESE.search(text)] == []


@pytest.mark.parametrize(
    ("page", "anchor", "words"),
    [
        ("oidc_provider", "why", ("サムプリント", "ルート CA")),
        ("service_account", "what-happens", ("希望", "許可")),
        ("webhook", "what-happens", ("トークンはまだどこにもありません",)),
        ("token_mount", "why", ("24 時間", "最短 10 分")),
        ("sts_assume", "why", ("公開鍵", "24 時間", "1 時間")),
        ("access", "why", ("信頼ポリシー", "権限ポリシー")),
    ],
)
def test_the_lessons_clear_up_what_the_articles_simplify(page: str, anchor: str, words: tuple[str, ...]) -> None:
    body = load("ja").lesson(page).section(anchor).body
    assert [word for word in words if word not in body] == []
