"""Values from outside as HTML: nothing slips through unescaped, nothing is lost, nothing breaks inside a word."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content import load
from app.flow.doctor import examine
from app.flow.visible import visible
from app.report import page as report
from app.report import verdict_words
from app.ui.doctor import diagnosis
from app.ui.draw.prose import markdown
from app.ui.text import breakable, distinguishing_part, marked, prose, readable, shorten, utc, value, without_folders
from tests.screens.conftest import plain
from tests.unit.fake_ports import ROLE, SUBJECT, Fakes

ROOT = Path(__file__).resolve().parents[2]
ISSUER = "https://oidc.eks.ap-northeast-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"


def test_a_blank_at_the_end_of_a_value_is_visible_in_a_check_and_in_the_verdict() -> None:
    fakes = Fakes()
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = f"{ROLE} "
    found = examine(fakes.ports(), SUBJECT)
    for html in (diagnosis.verdict(found, load("en")), diagnosis.all_checks(found, load("en"))):
        assert f"{ROLE}\\x20" in plain(html)


def test_what_there_is_to_say_beside_the_verdict_is_not_a_part_of_its_heading() -> None:
    fakes, words = Fakes(), load("en")
    assert 'class="also"' not in diagnosis.verdict(examine(fakes.ports(), SUBJECT), words)
    fakes.pod["metadata"]["deletionTimestamp"] = "2026-11-25T10:00:00Z"
    found = examine(fakes.ports(), SUBJECT)
    html = diagnosis.verdict(found, words)
    for shown in (html, report.of_diagnosis(found, words)):
        assert '<span class="also"> The Pod <code>' in shown
    assert plain(f"<p>{prose(verdict_words.verdict(found, words))}</p>") in plain(html)


def test_what_no_pod_shows_keeps_no_step_from_being_passed() -> None:
    found = examine(Fakes().ports(), SUBJECT)
    html = diagnosis.all_checks(found, load("en"))
    steps = re.findall(r'<details class="more step (\w+)".*?<span class="quiet">(.*?)</span>', html)
    assert steps[-1] == ("passed", "3/3, and 2 that cannot be seen from outside")


class Balanced(HTMLParser):
    """Fails where a tag closes that was not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@given(st.text())
def test_whatever_comes_is_shown_whole_and_never_as_markup(text):
    assert plain(breakable(text)) == visible(text)
    for html in (value(text), marked(text), prose(text)):
        Balanced(html)
        assert set(re.findall(r"<(\w+)", html)) <= {"code", "wbr", "details", "summary", "span", "strong"}


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (ISSUER, "https://oidc.eks.ap-northeast-1.amazonaws.com/id/0A1B2C…E8F9"),
        ("CfxPgA1bkMCa0V-OLuS6fSEx4wssjBwPdO6rakZs8p0", "CfxPgA…s8p0"),
        ("9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "9e99a4…7280"),
        ("sOYFeoyAHzOExyxDUcplyd8mqn-LQYHkzCIIS4QZXbA", "sOYFeo…ZXbA"),
        ("arn:aws:iam::111122223333:role/s3-reader", None),
        ("eksctl-irsa-nodegroup-ng-1-NodeInstanceRole-5QqBtK7IdSNK", None),
        ("AssumeRoleWithWebIdentity", None),
        ("system:serviceaccount:default:my-sa", None),
        ("5e0bd49b-f9dc-4e46-b635-e9ed5d9c1bc9", None),
        ("assumed-role/s3-reader/botocore-session-1795559699", None),
        ("ip-192-168-11-158.ap-northeast-1.compute.internal", None),
        ("", None),
    ],
)
def test_ids_are_shortened_and_names_are_not(text, short):
    assert shorten(text) == (short or text)
    if short:
        assert plain(value(text)) == short + text  # the short form, and the whole behind one click
    else:
        assert plain(value(text)) == text


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("arn:aws:iam::111122223333:role/s3-reader", "…/s3-reader"),
        (f"arn:aws:iam::111122223333:oidc-provider/{ISSUER.removeprefix('https://')}", "…/id/0A1B2C…E8F9"),
        (ISSUER, "…/id/0A1B2C…E8F9"),
        (f"{ISSUER}/keys", "…/0A1B2C…E8F9/keys"),
        ("/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "…/token"),
        ("AWS_ROLE_ARN=arn:aws:iam::111122223333:role/s3-reader, A=/a/b", "AWS_ROLE_ARN=…/s3-reader, …"),
        ("A=arn:aws:iam::111122223333:role/s3-reader, A=/a/b", "A=…/s3-reader, A=/a/b"),
        ("iat 1795566919, exp 1795653319", "iat 11-25 00:35 UTC, …"),
        ("1795653319", "11-26 00:35 UTC"),
        ("iss, sub, aud, iat, exp", "iss, sub, aud, iat, exp"),
        ("https://kubernetes.default.svc", "https://kubernetes.default.svc"),
        ("arn:aws:s3:::irsa-logs", "arn:aws:s3:::irsa-logs"),
        ("system:serviceaccount:default:my-sa", "…:default:my-sa"),
        ("sts.amazonaws.com", "sts.amazonaws.com"),
        ("a/b", "a/b"),
        ("{}", ""),
        ("[]", ""),
        ("", ""),
    ],
)
def test_the_end_tells_one_value_from_another(text, end):
    assert distinguishing_part(text) == end


@given(st.text(alphabet="arn:/htps,= {}a1…"))
def test_any_value_has_an_end(text):
    assert isinstance(distinguishing_part(text), str)


def test_long_values_break_after_separators_only():
    assert breakable("alpha/beta::gamma-d.e_f") == "alpha/<wbr>beta::<wbr>gamma-<wbr>d.e_f"
    field = breakable("Condition.StringEquals.oidc.eks.eu-north-1.amazonaws.com")
    assert field == "Condition.<wbr>StringEquals.<wbr>oidc.<wbr>eks.<wbr>eu-<wbr>north-<wbr>1.amazonaws.com"
    assert breakable("s3:ListAllMyBuckets") == "s3:ListAllMyBuckets", "what is short stays whole"
    assert breakable("word") == "word"
    assert breakable(":sub --role-arn /var/run") == ":sub --role-<wbr>arn /var/<wbr>run", "not after what begins a word"
    assert prose("`:sub --role-arn`") == '<code>:sub <span class="untorn">--role-arn</span></code>', "nor in a sentence"
    line = '<code>serve <span class="untorn">--host</span> 0.0.0.0</code>'
    assert markdown("`serve --host 0.0.0.0`", load("en")) == f"<p>{line}</p>\n", "nor in a lesson"


def test_a_few_characters_of_code_stay_on_one_line():
    assert prose("`aws s3 ls` を") == '<code class="whole">aws s3 ls</code>\u00a0を'
    assert prose("`> FILE` writes") == '<code class="whole">&gt; FILE</code> writes'


def test_a_number_stays_beside_what_it_counts_and_a_particle_beside_its_noun():
    for draw in prose, lambda text: markdown(text, load("ja")):
        assert "2025\u00a0年 7\u00a0月から" in draw("2025 年 7 月から")
        assert "20\u00a0% in 19\u00a0h 7\u00a0min" in draw("20 % in 19 h 7 min")
        assert "Kubernetes 1.28\u00a0から" in draw("Kubernetes 1.28 から")
        assert "EC2 インスタンス" in draw("EC2 インスタンス"), "a name counts nothing"
        assert "<strong>Pod</strong>\u00a0が <code>sub</code>\u00a0を" in draw("**Pod** が `sub` を")
        assert "</span></code> を" in draw("`--role-arn` を"), "where the line breaks anyway no space begins the next"
        assert "6597c</code> で、" in draw("`0eb37c0e777aaa7b7611b2e37cd283643506597c` で、"), "nor does the comma"
    assert ">JWKS</a>\u00a0を" in markdown("[[jwks|JWKS]] を", load("ja"))


def test_what_no_line_has_room_for_is_torn_after_a_separator_and_is_no_block():
    """A block as wide as the line would send the comma behind it to the next one."""
    assert prose("`arn:aws:iam::111122223333:role/s3-reader`") == (
        '<code>arn:aws:<wbr>iam::<wbr>111122223333:<wbr>role/<wbr><span class="untorn">s3-reader</span></code>'
    )
    path = '<span class="untorn">/.well-known/</span><wbr><span class="untorn">openid-configuration</span>'
    assert prose("`/.well-known/openid-configuration`") == f"<code>{path}</code>", "not after what begins it"
    assert prose("`serviceaccounts/token`") == '<code><span class="untorn">serviceaccounts/<wbr>token</span></code>'
    assert prose("`s3:List`") == "<code>s3:List</code>"
    for draw in prose, lambda text: markdown(text, load("en")):
        assert "<code>serviceaccounts/<wbr>token</code>, too" in draw("`serviceaccounts/token`, too")


@pytest.mark.parametrize(
    "text", ["`--role-arn`, too", "一覧（`--role-arn`）で", "`delete --role-arn`、", "（`--role-arn of`"]
)
def test_a_block_beside_a_bracket_or_a_comma_is_none_but_a_whole_word(text):
    """The browser breaks the line on either side of a block, before a comma as well."""
    for draw in prose, lambda text: markdown(text, load("ja")):
        assert '<span class="unbroken">--role-arn</span>' in draw(text)


def test_unix_seconds_become_times_and_other_numbers_do_not():
    assert readable("1795566919") == "2026-11-25 00:35:19 UTC"
    assert readable("iat 1795566919, exp 1795653319").endswith("exp 2026-11-26 00:35:19 UTC")
    for untouched in ("111122223333", "arn:1795566919", "session-1795566919", "3"):
        assert readable(untouched) == untouched
    assert utc(1e300) == "–"


def test_prose_marks_code_and_strong_words_only():
    assert prose("a `b/c` **d** <i>") == "a <code>b/c</code> <strong>d</strong> &lt;i&gt;"


def test_strong_words_may_hold_a_star_and_stand_beside_others():
    assert prose("**Everybody (*)**") == "<strong>Everybody (*)</strong>"
    assert prose("**all: *** or **one** (*)") == "<strong>all: *</strong> or <strong>one</strong> (*)"


@pytest.mark.parametrize(("module", "most"), [("app.report.escaping", 5), ("app.ui.text", 7)])
def test_who_escapes_a_text_loads_next_to_nothing(module, most):
    """The packages on the way, and what writes out invisible characters: no words, no model, no Streamlit."""
    script = (
        f"import sys, {module}; print(*(name for name in sys.modules if name.split('.')[0] in ('app', 'streamlit')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(loaded.stdout.split()) <= most, loaded.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No such file: /home/me/work/acme.yaml", "No such file: …/acme.yaml"),
        ("/root/.kube/config:/opt/other", "…/config:…/other"),
        ("`/usr/local/bin/aws`: not found", "`…/aws`: not found"),
        ("/config: [0]", "…/config: [0]"),
        ("https://127.0.0.1:6443/api/v1", "https://127.0.0.1:6443/api/v1"),
        ("~/.kube/config, default/my-sa, 1/2", "~/.kube/config, default/my-sa, 1/2"),
        ("/var/run/secrets/eks.amazonaws.com/token", "/var/run/secrets/eks.amazonaws.com/token"),
    ],
)
def test_a_path_is_shown_without_its_folders(text, shown):
    assert without_folders(text) == shown
