"""All that the doctor can say has words, and there are no words for what it cannot say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor.reading import near_names, on_workload
from app.flow.verdict.refusals import CHANGED, CORRECTED, OF_PROGRAM, REFUSALS
from app.report import verdict_words
from tests.content.style import style

ROOT = Path(__file__).resolve().parents[2]

both = pytest.mark.parametrize("language", LANGUAGES)


def below(language: str, table: str) -> set[str]:
    """The keys of one table."""
    prefix = f"doctor.{table}."
    return {key.removeprefix(prefix) for key in load(language).messages if key.startswith(prefix)}


@both
def test_every_refusal_and_every_cause_has_words(language: str) -> None:
    assert below(language, "refusals") == {refusal.id for refusal in REFUSALS}
    assert below(language, "causes") == {
        *(cause.id for refusal in REFUSALS for cause in (*refusal.causes, *OF_PROGRAM.get(refusal.id, ()))),
        CHANGED.id,
        CORRECTED.id,
        verdict_words.NO_PROFILE,
        verdict_words.CONDITION_KEY,
        verdict_words.REQUEST_CONDITION,
        *verdict_words.MORE_EXACTLY.values(),
        *verdict_words.PLAINLY.values(),
        near_names.NO_NAMESPACE,
        on_workload.EVIDENCE,
    }


@both
def test_every_fix_has_a_sentence(language: str) -> None:
    sources = (ROOT / "app/flow/doctor").rglob("*.py")
    made = re.compile(
        r'(?:(?:Fix\(\s*|replace\(fix, )id=|changes\.variables\(\s*names,\s*)"(\w+)"(?: if [^"]+ else "(\w+)")?'
    )
    found = {fix for source in sources for ids in made.findall(source.read_text("utf-8")) for fix in ids if fix}
    assert below(language, "fixes") == found


@both
def test_a_sentence_before_commands_leads_to_them(language: str) -> None:
    """It ends in a colon, but for those after which no command comes."""
    colon = style(language)["colon"]
    without = {
        key for key in below(language, "fixes") if not load(language).message(f"doctor.fixes.{key}").endswith(colon)
    }
    assert without == {"activate_region", "connect", "other_policy", "read_again", "read_answer"}
