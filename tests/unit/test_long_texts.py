"""What is looked for in texts of visitors takes as long as the text: meanwhile Python's lock is held, and all wait."""

import time

import pytest

from app.content import load
from app.flow.annotations import parse_csv_record, parse_int
from app.flow.lessons.predictions import _JWT
from app.flow.lessons.webhook_limits import _JWT as _IN_REVIEWS
from app.flow.manifests.trust_documents import _VARIABLE
from app.flow.matching.differences import edits
from app.flow.redaction import _mask
from app.flow.redaction.command_lines import mask_words
from app.flow.verdict.log_sentences import _OWN_VALUES, _SENTENCE, comes_again
from app.flow.visible import visible_ends
from app.ui.draw.code import code
from app.ui.figures.wire import indented
from app.ui.text import held
from app.world.apiserver.types.label_query import parse
from app.world.apiserver.types.quantities import stored
from app.world.apiserver.types.variable_validation import field_reference
from app.world.aws.errors import AwsError
from app.world.aws.s3 import buckets, deletion
from app.world.events.aws import _SCOPE
from app.world.node.line_discipline import LineDiscipline
from app.world.node.programs.unix.sorting import _FIELD
from app.world.node.shell.patterns import bracket

WORDS, AT_LEAST = 1000, 0.0005
"""How often a piece stands in the shorter text; CPU seconds below which a clock says nothing."""
_CONFIGURATION = b"<CreateBucketConfiguration>%s</CreateBucketConfiguration>"
CASES = {
    "a long word of an argument": lambda n: mask_words(["a" * n]),
    "the user of curl": lambda n: mask_words(["curl --user " + "=" * n]),
    "options": lambda n: mask_words(["--" * n, "--password-" * n]),
    "names of secrets before a blank": lambda n: mask_words(["pwd=" * n + " x"]),
    "names of the token's parameter": lambda n: _mask("-WebIdentityToken=" * n),
    "zeros": lambda n: parse_int("0" * n + "x"),
    "quotes": lambda n: parse_csv_record('"' * n + "x"),
    "blanks": lambda n: visible_ends("x" + " " * n + "x"),
    "lines of blanks": lambda n: visible_ends("x" + " \n" * n + "x"),
    "beginnings of a JWT": lambda n: _JWT.search("eyJ" * n),
    "the same, in a review": lambda n: _IN_REVIEWS.search("eyJ" * n),
    "beginnings of a substitution": lambda n: _VARIABLE.sub("", "${" * n),
    "digits in a log": lambda n: _SENTENCE.search("0" * n),
    "a long word in a log": lambda n: _OWN_VALUES.sub("", "a" * n),
    "messages, each a cause of the one before": lambda n: comes_again(
        "caused by: Not authorized to perform sts:AssumeRole\n" * (n // 10)
    ),
    "blanks in a selector": lambda n: parse("a" + " " * n, 1),
    "subscripts of a field": lambda n: list(field_reference("['" * n, "", ())),
    "beginnings of a document": lambda n: code(load("en"), "[" * n),
    "numbers": lambda n: held("1," * n),
    "two names": lambda n: edits("a" * (n // 4) + "b", "b" + "a" * (n // 4), within=2),
    "ends of XML": lambda n: indented("<a" + "</" * n),
    "blanks of a field": lambda n: _FIELD.findall(" " * n),
    "keys of a terminal": lambda n: LineDiscipline().type(b"a\n" * (16 * n)),
    "a bracket": lambda n: bracket([("a", False)] * n),
    "classes without an end": lambda n: bracket([("[", False), (":", False)] * n),
    "blanks in a list of objects": lambda n: _refused(deletion._members, " " * n + "x"),
    "blanks in a bucket's configuration": lambda n: _refused(buckets._constraint, _CONFIGURATION % (b" " * n + b"x")),
}


@pytest.mark.parametrize("work", [pytest.param(work, id=name) for name, work in CASES.items()])
def test_eight_times_the_text_is_eight_times_the_work(work):
    """Sixty-four times it would be where each place of the text is a beginning."""
    assert _seconds(work, 8 * WORDS) < 24 * max(_seconds(work, WORDS), AT_LEAST)


def test_a_word_is_looked_at_once_where_the_scope_of_a_credential_is_looked_for():
    """It has at most so many characters, and each place of the text is a beginning."""
    assert _seconds(lambda n: _SCOPE.search("a" * n), 64 * WORDS) < 24 * AT_LEAST


def test_a_large_exponent_is_no_more_work_than_a_small_one():
    """A few characters stand for a thousand digits."""
    small, large = (lambda n, it=it: [stored(it, rounded=True) for _ in range(n)] for it in (".99e10", ".99e999"))
    assert _seconds(large, WORDS) < 24 * max(_seconds(small, WORDS), AT_LEAST)


def _refused(read, text):
    with pytest.raises(AwsError):
        read(text)


def _seconds(work, count):
    """CPU time of this thread; the least of some, because others take the caches away."""
    found = []
    for _ in range(3):
        begun = time.thread_time()
        work(count)
        found.append(time.thread_time() - begun)
    return min(found)
