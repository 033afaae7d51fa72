"""The settings: defaults, every variable, and what cannot be used."""

import dataclasses
import inspect
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.content import LANGUAGES, for_locale, load
from app.flow.redaction import MASK
from app.settings import Settings, SettingsError, comes_from_a_service, ignored, variables
from tools import settings_page, written_pages


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()
    assert Settings().host == "127.0.0.1"
    assert Settings().port == 8501


def test_every_variable_is_read():
    environment = {
        "IRSA_HOST": "192.0.2.1",
        "IRSA_PORT": "9000",
        "IRSA_WORLDS": "7",
        "IRSA_IDLE_SECONDS": "60",
        "IRSA_LIVE": "1",
        "IRSA_CONSOLE": "0",
        "IRSA_ISSUER_ADDRESS": "127.0.0.1:40443",
        "IRSA_ISSUER_CA": "ca.pem",
        "IRSA_MISSIONS_DIR": "/srv/missions",
        "FORWARDED_ALLOW_IPS": "192.0.2.7, 2001:db8::/32",
        "IRSA_LOG": "json",
        "IRSA_METRICS_TOKEN": "secret",
        "IRSA_STOP_SECONDS": "0",
        "LANG": "ja_JP.UTF-8",
    }
    assert Settings.from_environment(environment) == Settings(
        host="192.0.2.1",
        port=9000,
        worlds=7,
        idle_seconds=60,
        live=True,
        console=False,
        issuer_address="127.0.0.1:40443",
        issuer_ca="ca.pem",
        missions="/srv/missions",
        trusted_proxies=(ip_network("192.0.2.7/32"), ip_network("2001:db8::/32")),
        log="json",
        metrics_token="secret",
        stop_seconds=0,
        locale="ja_JP.UTF-8",
    )


def test_the_process_environment_is_read_by_default(monkeypatch):
    monkeypatch.setenv("IRSA_PORT", "8601")
    assert Settings.from_environment().port == 8601


def test_every_variable_is_documented_beside_its_field():
    source = inspect.getsource(Settings)
    for variable in variables():
        for name in variable.names:
            assert f"`{name}`" in source


def test_every_field_is_set_by_a_variable_and_explained_on_the_page():
    assert [variable.field for variable in variables()] == [field.name for field in dataclasses.fields(Settings)]
    for language in LANGUAGES:
        words = load(language)
        explained = {key.split(".")[1] for key in words.messages if key.startswith("settings.")}
        assert explained == {variable.field for variable in variables()}
    for name, written in written_pages.pages("settings_page.file", settings_page.document).items():
        assert (written_pages.DOCS / name).read_text(encoding="utf-8") == written, "python -m tools.settings_page"


def test_a_language_without_documents_of_its_own_leaves_those_of_another_as_they_are(monkeypatch):
    written = written_pages.pages("settings_page.file", settings_page.document)
    monkeypatch.setattr(written_pages, "LANGUAGES", (*LANGUAGES, "xx"))
    unlike = dataclasses.replace(load("en"), messages={**load("en").messages, "settings_page.title": "Another"})
    monkeypatch.setattr(written_pages, "load", lambda language: unlike if language == "xx" else load(language))
    assert written_pages.pages("settings_page.file", settings_page.document) == written


@pytest.mark.parametrize("variable", variables(), ids=lambda it: it.field)
def test_what_a_kind_expects_is_what_it_reads(variable):
    for example in filter(str.isascii, filter(None, variable.kind.expected.split(", "))):
        assert variable.kind.read(example.replace("HOST:PORT", "host:1").replace("HOST", "host")) is not None


def wrong_in(environment):
    """The only variable that cannot be used."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environment)
    (wrong,) = caught.value.wrong
    return wrong


def test_all_that_is_wrong_is_reported_at_once():
    environment = {"IRSA_PORT": "many", "IRSA_WORLDS": "0", "IRSA_LIVE": "maybe", "IRSA_HOST": "a b", "LANG": "ja"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environment)
    assert {it.variable: (it.got, it.expected) for it in caught.value.wrong} == {
        "IRSA_HOST": ("a b", "127.0.0.1, ::1, HOST"),
        "IRSA_PORT": ("many", "0…65535"),
        "IRSA_WORLDS": ("0", "1…100000"),
        "IRSA_LIVE": ("maybe", "0, 1"),
    }


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://user:hunter2@proxy.example", "hunter2"),
        ("user:hunter2@proxy.example:80", "hunter2"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENG", "wJalrXUtnFEMIK7MDENG"),
    ],
)
def test_a_secret_in_a_wrong_variable_is_not_repeated(text, secret):
    assert secret not in wrong_in({"IRSA_ISSUER_ADDRESS": text}).got


@pytest.mark.parametrize("variable", ["IRSA_STATE_DIR", "IRSA_MISSIONS_DIR", "IRSA_WORLD_DIR", "IRSA_ISSUER_CA"])
def test_a_path_may_begin_at_the_home_folder(variable, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    (name,) = (it.field for it in variables() if variable in it.names)
    for written, path in (("~/worlds", "/home/me/worlds"), ("~", "/home/me"), ("a/~", "a/~"), ("/a b", "/a b")):
        assert getattr(Settings.from_environment({variable: written}), name) == path
    assert wrong_in({variable: "~nobody-is-called-so/worlds"}).expected == "/PATH, PATH, ~/PATH"


def test_a_variable_that_is_a_secret_is_not_repeated_at_all(monkeypatch):
    hidden = [dataclasses.replace(it, is_secret=True) for it in variables()]
    monkeypatch.setattr("app.settings.variables", lambda: hidden)
    assert wrong_in({"IRSA_PORT": "hunter2"}).got == MASK


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("IRSA_PROT", "IRSA_PORT"),
        ("irsa_port", "IRSA_PORT"),
        ("IRSA_STATEDIR", "IRSA_STATE_DIR"),
        ("IRSA_ROLE_ARN", ""),
        ("IRSA_FOO", ""),
        ("IRSA_", ""),
    ],
)
def test_what_looks_like_a_setting_and_is_none_is_named(name, meant):
    assert list(ignored({name: "1", "IRSA_WORLDS": "1", "PATH": "/"})) == [(name, meant)]


def test_what_kubernetes_tells_pods_of_services_is_no_mistake():
    linked = {
        "IRSA_EXPLORER_SERVICE_HOST": "10.0.0.1",
        "IRSA_EXPLORER_SERVICE_PORT": "80",
        "IRSA_EXPLORER_PORT": "tcp://10.0.0.1:80",
        "IRSA_EXPLORER_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert list(ignored(linked)) == []
    assert comes_from_a_service("IRSA_PORT", {"IRSA_SERVICE_HOST": "10.0.0.1", "IRSA_PORT": "tcp://10.0.0.1:80"})
    assert not comes_from_a_service("IRSA_PORT", {"IRSA_PORT": "tcp://10.0.0.1:80"})


def test_every_address_may_be_a_proxy():
    everything = Settings.from_environment({"FORWARDED_ALLOW_IPS": "*"}).trusted_proxies
    assert everything == (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    ("value", "network"), [("::ffff:10.0.0.7", "10.0.0.7/32"), ("::ffff:10.0.0.0/120", "10.0.0.0/24")]
)
def test_an_ipv4_address_as_ipv6_writes_it_is_that_of_the_proxy(value, network):
    (proxy,) = Settings.from_environment({"FORWARDED_ALLOW_IPS": value}).trusted_proxies
    assert proxy == ip_network(network)


@pytest.mark.parametrize("value", ["localhost", ",,", "10.0.0.1/8", "10.0.0.1 10.0.0.2", "1.2.3", "*, 10.0.0.1"])
def test_what_is_no_address_of_a_proxy_is_refused_by_name(value):
    with pytest.raises(SettingsError, match="FORWARDED_ALLOW_IPS"):
        Settings.from_environment({"FORWARDED_ALLOW_IPS": value})


NO_ISSUER = ["127.0.0.1", ":40443", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:65536", "h\nx:1", "a b:1"]


@pytest.mark.parametrize("value", [*NO_ISSUER, "https://h:1", "user@h:1", "h/p:1", "::1:1", "[::1:1", "[h]:1"])
def test_what_is_no_address_of_an_issuer_is_refused_by_name(value):
    with pytest.raises(SettingsError, match="IRSA_ISSUER_ADDRESS"):
        Settings.from_environment({"IRSA_ISSUER_ADDRESS": value})


@pytest.mark.parametrize("value", ["localhost:1", "[2001:db8::1]:443", " 127.0.0.1:40443\n"])
def test_an_address_of_an_issuer_is_a_name_or_an_address(value):
    assert Settings.from_environment({"IRSA_ISSUER_ADDRESS": value}).issuer_address == value.strip()


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX: y", "a b", "日本語", "a\tb", "=", "\x7f"])
def test_a_token_that_no_header_can_have_is_refused_and_not_repeated(value):
    wrong = wrong_in({"IRSA_METRICS_TOKEN": value})
    assert (wrong.variable, wrong.got) == ("IRSA_METRICS_TOKEN", MASK)


def test_a_token_may_come_from_a_file_that_ends_with_a_line_break():
    assert Settings.from_environment({"IRSA_METRICS_TOKEN": "Zm9v-._~+/==\n"}).metrics_token == "Zm9v-._~+/=="


@pytest.mark.parametrize("value", ["https://a.example:0", "https://a.example:65536", "https://a.example, http://b"])
def test_what_is_no_origin_of_a_page_around_ours_is_refused_by_name(value):
    assert wrong_in({"IRSA_FRAME_ANCESTORS": value}).variable == "IRSA_FRAME_ANCESTORS"


@pytest.mark.parametrize("variable", ["IRSA_PORT", "IRSA_WORLDS", "IRSA_IDLE_SECONDS"])
@pytest.mark.parametrize("value", ["-1", "x", "1.5", "９", "9" * 5000, "0x10", "1e3"])
def test_what_is_not_a_number_in_range_is_refused_by_name(variable, value):
    wrong = wrong_in({variable: value})
    assert wrong.variable == variable
    assert wrong.got.rstrip("…") in value
    assert len(wrong.got) <= 61
    assert "…" in wrong.expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IRSA_PORT", "65536"),
        ("IRSA_WORLDS", "0"),
        ("IRSA_IDLE_SECONDS", "0"),
        ("IRSA_STOP_SECONDS", "3601"),
        ("IRSA_LOG", "JSON"),
    ],
)
def test_the_bounds_hold(variable, value):
    with pytest.raises(SettingsError):
        Settings.from_environment({variable: value})


@pytest.mark.parametrize(
    ("environment", "locale", "language"),
    [
        ({}, "", "en"),
        ({"LANG": "C.UTF-8"}, "C.UTF-8", "en"),
        ({"LANG": "ja"}, "ja", "ja"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja_JP.UTF-8", "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "C", "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja_JP.UTF-8", "ja"),
    ],
)
def test_the_language_follows_the_locale_as_posix_orders_it(environment, locale, language):
    assert Settings.from_environment(environment).locale == locale
    assert for_locale(locale) == language


@given(
    st.dictionaries(st.sampled_from(["IRSA_HOST", "IRSA_PORT", "IRSA_WORLDS", "IRSA_IDLE_SECONDS", "LANG"]), st.text())
)
def test_junk_is_either_used_or_refused_by_name(environment):
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        assert {it.variable for it in error.wrong} <= set(environment)  # noqa: PT017 - junk may also be fine
        return
    assert 0 <= settings.port <= 65535
    assert settings.worlds >= 1
    assert for_locale(settings.locale) in LANGUAGES


def test_no_one_who_prints_the_settings_sees_the_token():
    assert "secret" not in repr(Settings(metrics_token="secret"))


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("live", "host", "refusal"),
    [
        ("", "127.0.0.1", ""),
        ("", "::1", ""),
        ("", "localhost", ""),
        ("", "10.0.0.1", "live_not_on_loopback"),
        ("", "192.0.2.1", "live_not_on_loopback"),
        ("", "example.com", "live_not_on_loopback"),
        ("1", "10.0.0.1", ""),
        ("0", "127.0.0.1", "live_switched_off"),
        ("0", "10.0.0.1", "live_switched_off"),
    ],
)
def test_a_real_cluster_is_shown_on_loopback_only_unless_somebody_says_so(live, host, refusal):
    assert Settings.from_environment({"IRSA_LIVE": live, "IRSA_HOST": host}).live_refusal() == refusal
    assert Settings.from_environment({"IRSA_LIVE": live}).live_refusal(host) == refusal


@pytest.mark.parametrize(
    ("environment", "takes"),
    [
        ({}, True),
        ({"IRSA_LIVE": "0"}, True),
        ({"IRSA_LIVE": "0", "IRSA_CONSOLE": "0"}, False),
        ({"IRSA_CONSOLE": "0"}, True),
        ({"IRSA_HOST": "192.0.2.1"}, False),
        ({"IRSA_HOST": "192.0.2.1", "IRSA_CONSOLE": "1"}, False),
        ({"IRSA_FRAME_ANCESTORS": "https://x.example"}, False),
    ],
)
def test_launch_addresses_are_for_live_mode_and_for_the_console(environment, takes):
    assert Settings.from_environment(environment).takes_launch_secret() is takes


@pytest.mark.parametrize("text", ["yes", "true", "2", "-1"])
def test_live_is_0_or_1(text):
    wrong = wrong_in({"IRSA_LIVE": text})
    assert (wrong.variable, wrong.expected) == ("IRSA_LIVE", "0, 1")
