"""Snapshots: what is saved opens as it was, what is no snapshot is refused with its place, and nothing is trusted."""

import copy
import dataclasses
import json

import pytest
from click import unstyle
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands import doctor_text
from app.content import LANGUAGES, load
from app.flow.diagnosis_file import diagnosis_file, strict_shape
from app.flow.diagnosis_file.diagnosis_file import (
    ERROR_LIMIT,
    SIZE_LIMIT,
    TEXT_LIMIT,
    VALUES_LIMIT,
    VERSION,
    DiagnosisFileError,
)
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotPermitted, Unreachable
from app.flow.model import Check, Exchange, Status
from app.flow.redaction import MASK
from app.flow.visible import visible_json
from app.report import page
from app.report.document import of_diagnosis as document_of
from tests.examples import examples
from tests.unit.fake_ports import NOW, SECRETS, SUBJECT, Fakes


def found(fakes: Fakes | None = None) -> Diagnosis:
    return examine((fakes or Fakes(now=float(NOW))).ports(), SUBJECT)


HEALTHY = found()
TEXT = diagnosis_file.save(HEALTHY)


def document() -> dict:
    return json.loads(TEXT)


def refused(content: str | bytes) -> DiagnosisFileError:
    with pytest.raises(DiagnosisFileError) as raised:
        diagnosis_file.load(content)
    error = raised.value
    for language in LANGUAGES:
        words = load(language).error(error.words, **error.values)
        assert words.title != load(language).error("other", **error.values).title
        assert all((words.got, words.expected, words.fix))
    return error


def test_what_is_saved_opens_as_it_was():
    opened = diagnosis_file.load(TEXT)
    assert (opened.subject, opened.verdict, opened.fix) == (HEALTHY.subject, HEALTHY.verdict, HEALTHY.fix)
    assert [(report.step, report.checks, report.evidence, report.exchanges) for report in opened.walk] == [
        (report.step, report.checks, report.evidence, report.exchanges) for report in HEALTHY.walk
    ]
    assert diagnosis_file.save(opened) == TEXT
    assert (
        diagnosis_file.load(TEXT.encode())
        == diagnosis_file.load("\ufeff" + TEXT)
        == diagnosis_file.load(b"\xef\xbb\xbf" + TEXT.encode())
        == opened
    )


@pytest.mark.parametrize(
    "error", [NotPermitted(code="Forbidden", server_message="no"), Unreachable(code="refused", server_message="gone")]
)
@pytest.mark.parametrize(
    "method", ["discovery", "service_account", "role", "pod", "execute", "assume_role", "oidc_providers"]
)
def test_a_broken_world_opens_as_well(method, error):
    saved = found(Fakes(errors={method: error}))
    opened = diagnosis_file.load(diagnosis_file.save(saved))
    assert (opened.verdict, opened.fix, opened.checks) == (saved.verdict, saved.fix, saved.checks)


def test_the_format_says_what_it_is():
    head = {name: value for name, value in document().items() if name != "diagnosis"}
    assert head == {"format": diagnosis_file.FORMAT, "version": VERSION, "redacted": True}
    assert document()["diagnosis"]["read_at"] == HEALTHY.read_at


def test_real_files_have_ample_room():
    """The annotations of a Pod, as long as Kubernetes allows, stand in each document that shows the Pod."""
    assert len(TEXT.encode()) < SIZE_LIMIT / 8
    assert diagnosis_file._count(document()) < VALUES_LIMIT / 8
    fakes = Fakes(now=float(NOW))
    fakes.pod["metadata"]["annotations"] = {"a": "x" * TEXT_LIMIT}
    assert len(diagnosis_file.save(found(fakes)).encode()) > 2 * TEXT_LIMIT


def test_what_is_too_large_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(diagnosis_file.strict_json, "loads", lambda _: pytest.fail("parsed"))
    error = refused(b"[" * (SIZE_LIMIT + 1))
    assert (error.got, error.expected) == ("2,097,152", "2,097,152")


def test_no_secret_is_saved_even_where_capturing_missed_it():
    spoilt = dataclasses.replace(
        HEALTHY, evidence={"a": {"SessionToken": SECRETS[1], "x": [f"AWS_SECRET_ACCESS_KEY={SECRETS[0]}"]}}
    )
    text = diagnosis_file.save(spoilt)
    assert not any(secret in text for secret in SECRETS)
    assert diagnosis_file.load(text).evidence == {"a": {"SessionToken": MASK, "x": [f"AWS_SECRET_ACCESS_KEY={MASK}"]}}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=10,
)
CHECKS = st.builds(
    lambda check, texts, status: dataclasses.replace(check, got=texts[0], error=texts[1], status=status),
    st.sampled_from(HEALTHY.checks),
    st.tuples(st.text(), st.text()),
    st.sampled_from(Status),
)


@settings(max_examples=examples(30))
@given(
    evidence=st.dictionaries(st.text(), JSON, max_size=3),
    check=CHECKS,
    exchange=st.builds(Exchange, caller=st.text(), callee=st.text(), method=st.text(), url=st.text(),
        request_headers=st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple), response_body=st.text()),
)  # fmt: skip
def test_whatever_was_read_goes_round(evidence, check, exchange):
    checks = tuple(check if check.id == other.id else other for other in HEALTHY.checks)
    saved = diagnosis_file.save(dataclasses.replace(HEALTHY, evidence=evidence, checks=checks, exchanges=(exchange,)))
    opened = diagnosis_file.load(saved)
    assert diagnosis_file.save(opened) == saved
    assert [(one.id, one.status) for one in opened.checks] == [(one.id, one.status) for one in checks]
    assert opened.verdict.outcome
    if json.dumps(evidence).isprintable() and "\\" not in json.dumps(evidence):
        assert json.loads(json.dumps(opened.evidence)) == evidence


@given(st.text() | st.binary() | JSON.map(json.dumps) | st.text(alphabet='{}[]",:1e-nult \\', max_size=40))
def test_junk_is_refused_in_words(junk):
    assert refused(junk).code in ("snapshot_not_json", "snapshot_not_strict", "snapshot_foreign")


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        ("", "not_json", "1:1"),
        (b"\x89PNG\r\n\x1a\n", "not_json", "byte 1"),
        (TEXT.encode("utf-16"), "not_json", "byte 1"),
        (TEXT[: len(TEXT) // 2], "not_json", None),
        (TEXT + "}", "not_json", None),
        ('{"a": NaN}', "not_strict", ""),
        ("[" * 100_000, "too_deep", ""),
        ("[" * 101 + "]" * 101, "too_deep", ""),
        ('{"format": "\\ud800"}', "not_strict", ""),
        ("9" * 5000, "not_strict", ""),
        ("[]", "foreign", "format"),
        ("null", "foreign", "format"),
        ('{"format": {"a": 1}}', "foreign", "format"),
        ('{"format": "Pod", "version": 1}', "foreign", "format"),
        (" " * (SIZE_LIMIT + 1), "too_large", ""),
        (b" " * (SIZE_LIMIT + 1), "too_large", ""),
        ("[" + "[]," * VALUES_LIMIT + "[]]", "too_many", ""),
    ],
)
def test_a_file_that_is_none_of_ours(content, code, place):
    error = refused(content)
    assert error.code == f"snapshot_{code}"
    assert place is None or error.operation == place
    sentences = load("en").error(error.words, **error.values)
    assert not [part for part in (sentences.got, sentences.expected) if part.endswith((" ", " at")) or "``" in part]


@pytest.mark.parametrize(
    ("version", "code"), [(0, "older"), (VERSION + 1, "newer"), ("1", "shape"), (None, "shape"), (True, "shape")]
)
def test_another_version_is_reported_by_name(version, code):
    error = refused(json.dumps(document() | {"version": version}))
    assert (error.code, error.expected) == (f"snapshot_{code}", f"{VERSION}")
    assert error.got == json.dumps(version)


@pytest.mark.parametrize(
    ("content", "got"), [("9" * 5000, "9" * 59 + "…"), ('["\\ud800"]', "\\ud800"), ("[NaN]", "NaN"), ("1e999", "1e999")]
)
def test_what_json_does_not_have_is_quoted_and_python_is_silent(content, got):
    assert refused(content).got == got


def _changed(path: str, value: object) -> str:
    changed = document()
    *parents, last = path.split("/")
    place = changed
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is ...:
        del place[int(last) if isinstance(place, list) else last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return json.dumps(changed)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("diagnosis", ..., "diagnosis"),
        ("diagnosis", [], "diagnosis"),
        ("diagnosis/walk", ..., "diagnosis.walk"),
        ("diagnosis/extra", 1, "diagnosis.extra"),
        ("diagnosis/read_at", "now", "diagnosis.read_at"),
        ("diagnosis/read_at", -1, "diagnosis.read_at"),
        ("diagnosis/read_at", 1e300, "diagnosis.read_at"),
        ("diagnosis/walk/subject/namespace", None, "diagnosis.walk.subject.namespace"),
        ("diagnosis/walk/reports/0", ..., "diagnosis.walk.reports"),
        ("diagnosis/walk/reports/0/step", "access", "diagnosis.walk.reports"),
        ("diagnosis/walk/reports/0/step", "__class__", "diagnosis.walk.reports[0].step"),
        ("diagnosis/walk/reports/1/evidence", [], "diagnosis.walk.reports[1].evidence"),
        ("diagnosis/walk/reports/2/checks/0/id", "sts.trust", "diagnosis.walk.reports[2].checks"),
        ("diagnosis/walk/reports/2/checks/0", ..., "diagnosis.walk.reports[2].checks"),
        ("diagnosis/walk/reports/2/checks/0/status", "fine", "diagnosis.walk.reports[2].checks[0].status"),
        ("diagnosis/walk/reports/2/checks/0/status", [], "diagnosis.walk.reports[2].checks[0].status"),
        ("diagnosis/walk/reports/2/checks/0/got", 5, "diagnosis.walk.reports[2].checks[0].got"),
        ("diagnosis/walk/reports/2/checks/0/reason", "{x}", "diagnosis.walk.reports[2].checks[0].reason"),
        ("diagnosis/walk/reports/0/exchanges/0/status", "200", "diagnosis.walk.reports[0].exchanges[0].status"),
        ("diagnosis/walk/reports/0/exchanges/0/request_headers", [["a"]],
         "diagnosis.walk.reports[0].exchanges[0].request_headers[0]"),
        ("diagnosis/checks/0/id", "nothing", "diagnosis.checks"),
        ("diagnosis/checks/1/<b>", 1, "diagnosis.checks[1].<b>"),
    ],
)  # fmt: skip
def test_what_is_out_of_shape_is_refused_with_its_place(path, value, place):
    error = refused(_changed(path, value))
    assert (error.code, error.operation) == ("snapshot_shape", place)
    assert error.got
    assert error.expected


def test_a_refusal_says_little_of_an_enormous_or_steering_value():
    error = refused(_changed("diagnosis/read_at", "\x1b[31m\u202e" + "x" * 10_000))
    assert len(error.got) < 100
    assert error.got.startswith('"\\x1b[31m\\u202exxx')


def test_what_steers_a_reader_is_written_out_and_the_enormous_is_cut():
    opened = diagnosis_file.load(
        _changed("diagnosis/evidence", {"\u202ea": ["\x1b[2J\u202efdp.exe\n\tok", "x" * (TEXT_LIMIT + 1)]})
    )
    words, long = opened.evidence["\\u202ea"]
    assert words == "\\x1b[2J\\u202efdp.exe\n\tok"
    assert (len(long), long[-1]) == (TEXT_LIMIT, "…")


def test_an_error_message_is_cut_to_what_the_verdict_looks_through():
    opened = diagnosis_file.load(_changed("diagnosis/checks/0/error", "cURL error 7: " * 10_000))
    assert len(opened.checks[0].error) == ERROR_LIMIT


def test_what_could_not_be_opened_is_not_saved():
    enormous = dataclasses.replace(HEALTHY, evidence={"a": ["x" * TEXT_LIMIT] * 40})
    with pytest.raises(DiagnosisFileError) as raised:
        diagnosis_file.save(enormous)
    assert raised.value.code == "snapshot_too_large"


def test_what_is_saved_is_measured_and_not_read_back(monkeypatch):
    monkeypatch.setattr(diagnosis_file, "read", None)
    text = diagnosis_file.save(HEALTHY)
    monkeypatch.undo()
    assert diagnosis_file.load(text).walk == HEALTHY.walk


@settings(max_examples=examples(60))
@given(st.data())
def test_evidence_of_any_shape_has_a_verdict_and_a_fix(data):
    """Nobody vouches for the documents in a file: whatever they are, what is drawn from them does not fail."""
    changed = copy.deepcopy(BROKEN)
    for report in changed["diagnosis"]["walk"]["reports"]:
        for name in report["evidence"]:
            if data.draw(st.booleans()):
                report["evidence"][name] = data.draw(JSON)
    opened = diagnosis_file.load(json.dumps(changed))
    assert opened.verdict.check is not None
    assert opened.fix is None or opened.fix.id


SECOND = "arn:aws:iam::444455556666:role/other"
CHAINED = {"permission_decision": {"denied": [{"action": "sts:AssumeRole", "resource": SECOND}]}}


@pytest.mark.parametrize(
    ("spoil", "fix", "incomplete"),
    [
        (lambda f: f.policies.clear(), "assumes_another", {**CHAINED, "service_account": {}, "role": {}}),
        (lambda f: f.policies.clear(), "no_second_role", {**CHAINED, "next_role": {"Arn": SECOND}}),
        (lambda f: f.webhooks.clear(), "register_webhook", {"webhook_not_called": {"place": 0}}),
        (
            lambda f: f.pod["spec"]["containers"][0]["env"].append({"name": "AWS_ACCESS_KEY_ID", "value": "x"}),
            "static_keys",
            {"other_credentials": [{"variable": "AWS_ACCESS_KEY_ID", "source": "env"}, {"source": "env"}, {}]},
        ),
        (
            lambda f: f.pod["spec"]["containers"][0]["env"].append({"name": "AWS_REGION", "value": "moon"}),
            *("region", {"regions": []}),
        ),
    ],
)
def test_evidence_that_lacks_a_part_has_a_fix(spoil, fix, incomplete):
    fakes = Fakes(now=float(NOW))
    spoil(fakes)
    changed = json.loads(diagnosis_file.save(found(fakes)))
    changed["diagnosis"]["evidence"] |= incomplete
    opened = diagnosis_file.load(json.dumps(changed))
    assert opened.fix is not None
    assert opened.fix.id == fix


def _broken() -> dict:
    fakes = Fakes()
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = {"StringEquals": {"x:sub": "y"}}
    return json.loads(diagnosis_file.save(found(fakes)))


BROKEN = _broken()


def test_the_reasons_are_those_that_have_words():
    reasons = {key.removeprefix("reasons.") for key in load("en").messages if key.startswith("reasons.")}
    assert reasons == diagnosis_file.REASONS


def test_a_check_that_nobody_made_cannot_be_smuggled_in():
    changed = document()
    changed["diagnosis"]["checks"].append(dataclasses.asdict(Check(id="pod.age", status=Status.PASSED)))
    assert refused(json.dumps(changed)).operation == "diagnosis.checks"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_file_is_drawn_as_text(language):
    """Every text of the file is an attack; what is drawn of it holds neither markup nor control characters of it."""
    attack = '<script>alert(1)</script><img src=x onerror="x">\x1b]0;x\x07{got}{0}`\u202e'

    def spoilt(value, name=""):
        if isinstance(value, dict):
            return {key: spoilt(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [spoilt(item, name) for item in value]
        kept = name in ("step", "id", "status", "reason") or not isinstance(value, str)
        return value if kept else attack

    changed = copy.deepcopy(BROKEN)
    changed["diagnosis"] = spoilt(changed["diagnosis"])
    words = load(language)
    as_read = strict_shape.read(Diagnosis, changed["diagnosis"])  # as a cluster would have it, not a file
    for found_so in (diagnosis_file.load(json.dumps(changed)), as_read):
        html = page.of_diagnosis(found_so, words)
        assert "alert(1)" in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        printed = unstyle("\n".join(doctor_text.of_diagnosis(found_so, words)))
        for text in (html, printed, visible_json(json.dumps(document_of(found_so, words), ensure_ascii=False))):
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
