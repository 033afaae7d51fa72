"""What a fix leads to, in sentences, the same ones wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.doctor.prediction.prediction import Prediction
from app.flow.model import Check
from app.flow.verdict.judge import Outcome
from app.report.verdict_words import title


@dataclass(frozen=True, kw_only=True)
class PredictionWords:
    """What a fix leads to, as it is shown."""

    prediction: Prediction
    sentences: list[str]
    sentence: str
    """The same in one."""
    unknown: list[str]
    """What is not known before it runs."""

    @property
    def next(self) -> Check | None:
        """The next broken link; None where none is predicted."""
        return self.prediction.check if self.prediction.outcome is Outcome.BROKEN else None


def prediction(found: Diagnosis, words: Content) -> PredictionWords | None:
    """What the fix leads to; None where no prediction is made."""
    foretold = found.prediction
    if foretold is None:
        return None
    broken, sentences = foretold.outcome is Outcome.BROKEN, []
    if not broken:
        sentences.append(words.message(f"doctor.prediction.{foretold.outcome}"))
    if foretold.refused:
        sentences.append(words.message("doctor.prediction.refused", object=foretold.refused))
    elif foretold.check is not None and foretold.step is not None:
        values = {
            "check": title(foretold.check, found, words),
            "step": words.message(f"steps.{foretold.step}.short"),
        }
        sentences.append(words.message(f"doctor.prediction.{'next' if broken else 'warning'}", **values))
    if foretold.outcome is Outcome.SHOULD_WORK and foretold.holds:
        steps = " → ".join(words.message(f"steps.{step}.short") for step in foretold.holds)
        sentences.append(words.message("doctor.prediction.holds", steps=steps))
    if foretold.accepted:
        sentences.append(words.message("doctor.prediction.accepted", objects=", ".join(foretold.accepted)))
    unknown = [words.message(f"doctor.prediction.{name}") for name in foretold.open]
    for check in foretold.unknown:
        unknown.append(words.message("doctor.prediction.check", check=title(check, found, words)))
    return PredictionWords(
        prediction=foretold, sentences=sentences, sentence=words.facts.sentences(*sentences), unknown=unknown
    )
