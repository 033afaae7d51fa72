"""The instrument of step 4: the token in four views, tokens that STS refuses, the files and their renewal."""

import base64
import pickle
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content import LANGUAGES, load
from app.flow.model import Check, Status, Step, StepReport
from app.flow.names import API_TOKEN, TOKEN_DIRECTORY
from app.flow.steps.submission import Submission, submit_changed
from app.flow.tokens.token_anatomy import anatomy
from app.ui.figures.timeline import Life, life, timeline
from app.ui.state import session
from app.ui.step.instruments.token_files import file_tree
from app.ui.step.instruments.token_pair import token_pair
from app.ui.step.instruments.token_trial import trial
from app.ui.step.instruments.token_views import compact, four_views, places
from app.wiring import simulated
from tests.screens.conftest import plain
from tests.screens.test_evidence import JUNK, SUBJECT, TEXT, reports
from tests.screens.test_text import Balanced
from tests.unit.fake_ports import token as fake_token

HOUR = 3600.0


def ports(shown):
    return simulated(session.simulation(), shown.world)


def raw(shown, path=f"{TOKEN_DIRECTORY}/token"):
    return ports(shown).cluster.execute("default", "pod-after", "aws-cli", ["cat", path]).stdout


# (1) Four views


@pytest.fixture(scope="module")
def parts():
    return anatomy(fake_token())


def test_the_views_show_one_token(parts):
    content, known = load("en"), places(parts)
    header, payload, signature = parts
    shown = plain(compact(parts, known))
    assert shown == f"{header.base64url}.{payload.base64url}.{'•' * (signature.stop - signature.start)}"
    html = four_views(parts, content)
    bytes_ = html.partition('<div class="view bytes"')[2].partition("</section>")[0]
    rows = re.findall(r'<div class="row"><span>(.*?)</span><span class="ascii">(.*?)</span></div>', bytes_)
    assert bytes.fromhex("".join(plain(row) for row, _ in rows)) == (header.json + payload.json).encode()
    assert "".join(plain(row) for _, row in rows) == header.json + payload.json
    json_ = plain(html.partition('<div class="view json"')[2].partition("</section>")[0].partition(">")[2])
    assert json_.startswith(header.json + payload.json)
    Balanced(html.replace("<wbr>", ""))


def test_every_part_is_in_all_four_views(parts):
    html = four_views(parts, load("en"))
    views = re.split(r'class="view ', html)[1:]
    assert len(views) == 4
    for place in places(parts):
        lit = re.compile(rf'data-of="(\d+ )*{place.number}( \d+)*"')
        assert all(lit.search(view) for view in views), place.name


def test_what_is_lit_in_the_compact_token_carries_the_part(parts):
    html = compact(parts, places(parts))
    for place in places(parts):
        if place.field is None:
            continue
        pieces = re.findall(rf'<span data-of="(?:\d+ )*{place.number}(?: \d+)*">([^<]*)</span>', html)
        encoded = "".join(pieces)
        start = (place.field.compact_start - place.part.start) % 4
        padded = "A" * start + encoded
        decoded = base64.urlsafe_b64decode(padded + "A" * (-len(padded) % 4))
        assert place.field.json.encode() in decoded


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_is_explained(reader, language):
    shown = reader(language).open("token_mount")
    html = shown.html("anatomy_views")
    content = load(language)
    assert plain(content.message("claims.other")) not in plain(html)
    for name in ("alg", "aud", "jti", "kubernetes.io", "kubernetes.io.pod.uid", "kubernetes.io.serviceaccount.name"):
        assert content.message(f"claims.{name}").replace("`", "") in plain(html)


# (2) Tokens that STS refuses


def windows(secret: str, size: int = 12) -> list[str]:
    return [secret[at : at + size] for at in range(0, len(secret) - size, 3)]


def sent_to_the_browser(shown) -> bytes:
    return b"".join(node.proto.SerializeToString() for node in shown.test._tree if getattr(node, "proto", None))


@pytest.mark.parametrize("index", [0, 120, -1, *(pytest.param(at, marks=pytest.mark.large) for at in (2, -200))])
def test_no_signature_is_sent_or_kept(screen, index):
    shown = screen(lang="en").open("token_mount")
    secrets = [windows(raw(shown, path).rpartition(".")[2]) for path in (f"{TOKEN_DIRECTORY}/token", API_TOKEN)]
    seen = sent_to_the_browser(shown)
    submission = submit_changed(ports(shown), SUBJECT, index % len(raw(shown)))
    shown.test.session_state["anatomy_sent"] = (shown.test.session_state["walk_view"], {"anatomy_flip": submission})
    shown.test.segmented_control(key="anatomy_view").set_value("flip").run()
    assert "InvalidIdentityToken" in shown.html("anatomy_flip_result")
    seen += sent_to_the_browser(shown)
    shown.test.segmented_control(key="anatomy_view").set_value("other").run()
    shown.click("send_other")
    assert "InvalidIdentityToken" in shown.html("anatomy_other_result")
    seen += sent_to_the_browser(shown)
    walk_view, sent = (shown.test.session_state[key] for key in ("walk_view", "anatomy_sent"))
    kept = pickle.dumps([replace(walk_view, log=str), replace(sent[0], log=str), sent[1]])
    for pieces in secrets:
        assert pieces
        assert not [piece for piece in pieces if piece.encode() in seen or piece.encode() in kept]


def test_the_other_token_is_refused_for_its_audience_in_stss_own_words(screen):
    shown = screen(lang="ja").open("token_mount")
    shown.test.segmented_control(key="anatomy_view").set_value("other").run()
    html = plain(shown.html("token_pair"))
    assert "https://kubernetes.default.svc" in html
    assert "sts.amazonaws.com" in html
    shown.click("send_other")
    result = shown.html("anatomy_other_result")
    assert "The web identity token provided could not be validated." in result
    failed = re.findall(r'<li class="failed">.*?<span class="name">(.*?)</span>', result)
    assert failed == [load("ja").check("sts.audience").title]
    assert plain(load("ja").message("anatomy.because.audience").replace("`", "")) in plain(result)


def test_nothing_is_sent_before_it_is_asked_for(screen):
    shown = screen(lang="en").open("token_mount")
    for view in ("flip", "other"):
        shown.test.segmented_control(key="anatomy_view").set_value(view).run()
    assert "anatomy_sent" not in shown.test.session_state


KEY_ID = "E2i1V4dGyfOiUmajvJVK-GQt4CKZFVx3KLXKVGhSQzk"


@pytest.mark.parametrize(
    ("changed", "cut"),
    [(KEY_ID.replace("3KLX", "sKLX"), False), (KEY_ID.replace("E2i1", "E2i2"), True), (KEY_ID[:-1] + "l", True)],
)
def test_ids_that_look_the_same_when_cut_are_shown_whole(changed, cut):
    key = Check(id="sts.key", status=Status.FAILED, got=changed, expected=KEY_ID)
    answer = Check(id="sts.credentials", status=Status.FAILED, got="InvalidIdentityToken")
    report = StepReport(step=Step.STS_ASSUME, checks=(key, answer))
    shown = re.findall(r"<dd>(.*?)</dd>", trial(Submission(report=report, compact="a"), "a", SUBJECT, load("en")))
    assert [plain(each) for each in shown if "…" not in each] == ([] if cut else [changed, KEY_ID])
    assert len(set(shown)) == 2


def test_after_another_walk_what_was_sent_is_forgotten(screen):
    shown = screen(lang="en").open("token_mount")
    shown.test.segmented_control(key="anatomy_view").set_value("other").run()
    shown.click("send_other").click("run_again")
    assert "InvalidIdentityToken" not in shown.html("anatomy_other_result")


def test_undo_leads_back_to_the_original(screen):
    shown = screen(lang="en").open("token_mount")
    submission = submit_changed(ports(shown), SUBJECT, 5)
    shown.test.session_state["anatomy_sent"] = (shown.test.session_state["walk_view"], {"anatomy_flip": submission})
    shown.test.segmented_control(key="anatomy_view").set_value("flip").run()
    assert 'data-flipped="5"' in shown.html("anatomy_flip")
    shown.click("flip_undo")
    assert "data-flipped" not in shown.html("anatomy_flip")
    assert plain(load("en").message("anatomy.nothing_yet")) in plain(shown.html("anatomy_flip_result"))
    assert shown.test.button(key="flip_undo").disabled


def test_a_token_that_was_replaced_meanwhile_is_reported(screen):
    shown = screen(lang="en").open("token_mount")
    session.simulation().move_clock(shown.world, 20 * HOUR)
    html = trial(submit_changed(ports(shown), SUBJECT, 5), "what the page shows", SUBJECT, load("en"))
    assert load("en").message("anatomy.stale") in plain(html)


def test_a_token_that_cannot_be_read_is_reported_in_the_servers_words():
    html = trial(Submission(unread="pods <b> is forbidden"), "", SUBJECT, load("en"))
    assert "pods &lt;b&gt; is forbidden" in html


# (3) Files and time


def test_the_tree_shows_the_links_and_where_they_lead(screen):
    shown = screen(lang="en").open("token_mount")
    rows = [plain(row) for row in re.findall(r"<li .*?</li>", shown.html("file_tree"))]
    assert len(rows) == 5
    assert rows[0].startswith(f"{TOKEN_DIRECTORY}/drwxrwxrwt root:root")
    assert rows[1].startswith("token → ..data/tokenlrwxrwxrwx")
    written = re.match(r"\.\.data → (\.\.2\d{3}_\S+?)lrwxrwxrwx", rows[2])
    assert written
    assert rows[3].startswith(f"{written[1]}/drwxr-xr-x")
    assert rows[4].startswith("token-rw-r--r-- root:root")


def directory(shown) -> str:
    return re.search(r'class="data.*?→ (?:<wbr>)?(\.\.2.*?)</span>', shown.html("file_tree"))[1]


def test_a_renewal_replaces_the_directory_and_moves_one_link(screen):
    shown = screen(lang="en").open("token_mount")
    first = directory(shown)
    assert "badge" not in shown.html("file_tree")
    for _ in range(2):
        old = directory(shown)
        shown.click("clock_page_20")
        html = shown.html("file_tree")
        assert [kind for kind in ("kept", "moved", "new", "removed") if f" {kind}" in html] == [
            "kept", "moved", "new", "removed",
        ]  # fmt: skip
        assert f"<del>→ {old}</del>" in html
        assert directory(shown) not in (old, first)
    shown.click("clock_page_1")
    assert "badge" not in shown.html("file_tree")


def test_a_jump_past_the_expiration_is_reported(screen):
    shown = screen(lang="en").open("token_mount")
    shown.click("clock_page_72")
    html = plain(shown.html("timeline_line"))
    assert load("en").message("anatomy.old_expired", expires="·").partition("·")[0] in html
    assert load("en").message("anatomy.life_before") in html
    assert load("en").message("anatomy.expired") not in html


EN = load("en")
NOW = 1_795_600_000.0
LIFE = Life(begins=NOW, expires=NOW + 24 * HOUR, id="a")


def test_the_due_mark_stands_at_four_fifths():
    assert 'class="due" style="left:80.00%"' in timeline(LIFE, None, NOW, EN)


@pytest.mark.parametrize(
    ("now", "key"), [(LIFE.expires + 1, "anatomy.expired"), (LIFE.begins - 60, "anatomy.not_yet"), (NOW + 9, None)]
)
def test_a_token_outside_its_life_is_reported(now, key):
    html = plain(timeline(LIFE, None, now, EN))
    assert [said for said in ("anatomy.expired", "anatomy.not_yet") if EN.message(said) in html] == [key] * bool(key)


def test_the_token_before_is_good_until_it_expires():
    old = Life(begins=NOW - 20 * HOUR, expires=NOW + 4 * HOUR, id="b")
    assert "Replacing a token does not revoke it" in timeline(LIFE, old, NOW, EN)
    assert "Replacing a token does not revoke it" not in timeline(LIFE, old, NOW + 5 * HOUR, EN)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False), JUNK)
def test_any_life_is_drawn_or_left_out(begins, expires, junk):
    found = life({"iat": begins, "exp": expires, "jti": junk})
    if found:
        html = timeline(found, LIFE, NOW, EN)
        assert "<script" not in html
        Balanced(re.sub("<wbr>", "", html))
    assert life(junk) is None or isinstance(life(junk), Life)


# (4) Whatever servers say


FILES = st.fixed_dictionaries(
    {"name": TEXT | st.sampled_from([".", "..data", "token"])}, optional={"target": TEXT, "mode": TEXT, "size": JUNK}
)


@given(files=JUNK | st.lists(FILES), inside=JUNK, before=JUNK, path=TEXT, data=st.data())
def test_any_evidence_is_drawn_without_a_fall_and_without_foreign_markup(files, inside, before, path, data):
    check = Check(id="token.file", status=Status.PASSED, expected=path)
    report = StepReport(step=Step.TOKEN_MOUNT, checks=(check,), evidence={"files": files, "data_files": inside})
    answer = data.draw(reports(Step.STS_ASSUME))
    html = (
        file_tree(report, {"files": before}, EN)
        + token_pair(files, before, EN)
        + trial(Submission(report=answer, compact=path), path, SUBJECT, EN)
    )
    assert "<script" not in html
    assert "<img" not in html
    Balanced(re.sub("<br>|<wbr>", "", html))
