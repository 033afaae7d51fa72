"""A survey as CSV, for a spreadsheet or a script: a line for each problem, and one for each ServiceAccount without any.

The names of the columns are the same in every language; `trust`, `also`, `cause` and `fix` are in the reader's.
"""

from __future__ import annotations

import csv
import io

from app.content import Content
from app.flow.doctor.survey import Survey
from app.flow.visible import visible
from app.report import survey_words

COLUMNS = ("namespace", "service_account", "role_arn", "status", "trust", "also", "cause", "fix", "commands")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet runs (OWASP, "CSV Injection")."""


def of_survey(found: Survey, words: Content) -> str:
    """The text of the file (RFC 4180), the worst first."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for row in survey_words.by_severity(survey_words.rows(found, words)):
        name = row.service_account.partition("/")[2]
        known = (row.namespace, name, row.role_arn, row.status, row.stand, row.also)
        problems = [(one.cause, one.fix, "\n".join(one.commands)) for one in row.advice] or [("", "", "")]
        lines.writerows([_cell(text) for text in (*known, *texts)] for texts in problems)
    return written.getvalue()


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
