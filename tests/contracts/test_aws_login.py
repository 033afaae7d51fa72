"""AWS as a person's shell has it: profiles, regions, endpoints, and each way in which there are no credentials."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.config import Config

from app import wiring
from app.clients.aws import login as aws_login
from app.clients.aws.account import BotoAws
from app.clients.aws.calls import static_identity
from app.clients.aws.login import AwsLogin
from app.content import load
from app.flow.errors import FlowError, NotPermitted, ServerFailed, Unreachable
from app.flow.port_wrappers.deadline import ANSWER_SECONDS
from app.wiring import Choice
from tests.contracts.scripted import scripted
from tests.contracts.test_aws_client import error
from tests.live.gate import silent

SECRET = "s3cr3t-k3y-of-somebody"
REGION = "ap-northeast-1"


class Shell:
    """Variables and the files under ~/.aws."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._home = home
        self._monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith("_PROXY")]:
            monkeypatch.delenv(name)
        self.set(HOME=str(home), AWS_EC2_METADATA_DISABLED="true")

    def set(self, **variables: str) -> Shell:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        return self

    def keys(self) -> Shell:
        return self.set(AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY=SECRET)

    def file(self, name: str, text: str) -> Shell:
        path = self._home / ".aws" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return self


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def aws(profile: str = "", region: str = REGION) -> BotoAws:
    login = AwsLogin(profile=profile, region=region)
    return BotoAws(region=login.region, endpoint_url=None, identity=login.identity, sdk=login.sdk)


def test_a_profile_says_whose_credentials_and_where(shell: Shell) -> None:
    shell.file("config", "[profile a]\nregion = eu-west-1\n").file(
        "credentials", f"[a]\naws_access_key_id = AKIAOFA\naws_secret_access_key = {SECRET}\n"
    )
    shell.keys()  # a profile that is named goes before the environment
    login = AwsLogin(profile="a")
    assert (login.region, login.identity().access_key) == ("eu-west-1", "AKIAOFA")
    assert SECRET not in repr(login)
    assert wiring.profiles() == ("a",)


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_of_the_environment(shell: Shell, variable: str, tmp_path: Path) -> None:
    """botocore reads the second one alone; every other SDK, and so most people, the first."""
    shell.keys().set(**{variable: "eu-west-2"})
    (tmp_path / "kubeconfig").write_text(
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: c, context: {cluster: c}}]"
    )
    shell.set(KUBECONFIG=str(tmp_path / "kubeconfig"))
    assert wiring.live(Choice(context="c")).aws.region == "eu-west-2"
    assert wiring.live(Choice(context="c", region="eu-west-3")).aws.region == "eu-west-3"


def test_an_empty_region_counts_as_none(shell: Shell) -> None:
    """botocore would send requests to `https://sts..amazonaws.com`."""
    shell.keys().set(AWS_DEFAULT_REGION="", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    with pytest.raises(Unreachable) as raised:
        aws(region="").caller_identity()
    assert raised.value.code == "aws_no_region"
    shell.file("config", "[default]\nregion = eu-west-1\n")
    assert AwsLogin().region == "eu-west-1"


def test_calls_are_signed_by_the_profile_and_go_to_its_endpoint(shell: Shell) -> None:
    with scripted(403, error("AccessDenied", "no")) as server:
        shell.file("config", f"[profile a]\nendpoint_url = http://127.0.0.1:{server.port}\n").file(
            "credentials", f"[a]\naws_access_key_id = AKIAOFA\naws_secret_access_key = {SECRET}\n"
        )
        port = aws("a")
        with pytest.raises(NotPermitted):
            port.role("r")
    assert "Credential=AKIAOFA/" in server.headers()["authorization"]
    assert SECRET not in repr(port.exchanges())


def test_the_exchange_for_credentials_needs_none(shell: Shell) -> None:
    with scripted(403, error("AccessDenied", "no")) as server:
        shell.set(AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{server.port}")
        port = aws()
        with pytest.raises(NotPermitted) as raised:
            port.assume_role_with_web_identity("arn:aws:iam::111122223333:role/r", "session", "a.b.c")
    assert raised.value.code == "AccessDenied"
    assert "authorization" not in server.headers()


SSO = "[profile a]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n"
SSO += "[sso-session s]\nsso_start_url = https://s.example\nsso_region = eu-west-1\n"
OLD_SSO = "[profile a]\nsso_start_url = https://s.example\nsso_region = eu-west-1\n"
OLD_SSO += "sso_account_id = 111122223333\nsso_role_name = r\n"
MFA = "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = b\n"
MFA += "mfa_serial = arn:aws:iam::111122223333:mfa/me\n"
MFA += f"[profile b]\naws_access_key_id = A\naws_secret_access_key = {SECRET}\n"
PROCESS = "[profile a]\ncredential_process = sh -c '{}'\n"

BROKEN: dict[str, tuple[str, Callable[[Shell], object], str, str]] = {
    # what is the matter: (code, what is in the shell, profile, region)
    "nothing": ("aws_no_credentials", lambda s: s, "", REGION),
    "half a key": ("aws_credentials_incomplete", lambda s: s.set(AWS_ACCESS_KEY_ID="AKIAEXAMPLE"), "", REGION),
    "no such profile": ("aws_no_such_profile", lambda s: s.keys(), "ghost", REGION),
    "no such profile in the environment": (
        "aws_no_such_profile",
        lambda s: s.keys().set(AWS_PROFILE="ghost"),
        "",
        REGION,
    ),
    "a file that is none": ("aws_config_broken", lambda s: s.keys().file("config", "junk"), "", REGION),
    "SSO without a login": ("aws_sso_expired", lambda s: s.file("config", SSO), "a", REGION),
    "SSO of the old kind": ("aws_sso_expired", lambda s: s.file("config", OLD_SSO), "a", REGION),
    "MFA": ("aws_mfa_needed", lambda s: s.file("config", MFA), "a", REGION),
    "a process that fails": (
        "aws_credentials_failed",
        lambda s: s.file("config", PROCESS.format("exit 1")),
        "a",
        REGION,
    ),
    "a role without its source": (
        "aws_config_broken",
        lambda s: s.file("config", "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = b\n"),
        "a",
        REGION,
    ),
    "no region, where AWS' own global endpoints do not stand in": (
        "aws_no_region",
        lambda s: s.keys().set(AWS_ENDPOINT_URL="http://127.0.0.1:1"),
        "",
        "",
    ),
    "a region that is none": ("aws_bad_region", lambda s: s.keys(), "", "to/kyo"),
    "an endpoint that is none": (
        "aws_config_broken",
        lambda s: s.keys().set(AWS_ENDPOINT_URL="nonsense"),
        "",
        REGION,
    ),
    "a variable that has another value than it may have": (
        "aws_config_broken",
        lambda s: s.keys().set(AWS_STS_REGIONAL_ENDPOINTS="nonsense"),
        "",
        REGION,
    ),
    "an endpoint that this region has not": (
        "aws_config_broken",
        lambda s: s.keys().set(AWS_USE_DUALSTACK_ENDPOINT="true", AWS_USE_FIPS_ENDPOINT="true"),
        "",
        "us-isof-south-1",
    ),
    "a session token with a line break": (
        "aws_config_broken",
        lambda s: s.keys().set(AWS_SESSION_TOKEN=f"{SECRET}\n", AWS_ENDPOINT_URL="http://127.0.0.1:1"),
        "",
        REGION,
    ),
    "nobody there": (
        "connection_refused",
        lambda s: s.keys().set(AWS_ENDPOINT_URL="http://127.0.0.1:1"),
        "",
        REGION,
    ),
    "a proxy that is not there": (
        "proxy_failed",
        lambda s: s.keys().set(HTTPS_PROXY="http://127.0.0.1:1"),
        "",
        REGION,
    ),
    "a name that nobody knows": (
        "unknown_host",
        lambda s: s.keys().set(AWS_ENDPOINT_URL="http://irsa.invalid"),
        "",
        REGION,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_has_its_own_code_and_words(shell: Shell, name: str) -> None:
    code, prepare, profile, region = BROKEN[name]
    prepare(shell)
    port = aws(profile, region)
    with pytest.raises(FlowError) as raised:
        port.caller_identity()
    assert raised.value.words == code
    for language in ("en", "ja"):
        words = load(language).error(raised.value.words, **raised.value.values)
        assert words.title != load(language).error("other", said="").title
        assert SECRET not in repr(words) + repr(raised.value) + repr(port.exchanges())


UNUSABLE = {
    # what is the matter: (what the file is to the profile, its mode; None for no file, what the system says)
    "no program": ("credential_process = {path}", None, "No such file or directory"),
    "no program by that name": ("credential_process = {name} --json", None, "No such file or directory"),
    "a program that may not be run": ("credential_process = {path}", 0o600, "Permission denied"),
    "a program that is none": ("credential_process = {path}", 0o700, "Exec format error"),
    "no token": (
        "role_arn = arn:aws:iam::111122223333:role/r\nweb_identity_token_file = {path}",
        None,
        "No such file or directory",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_program_or_file_that_is_not_there_is_no_silence_of_a_server(shell: Shell, tmp_path: Path, name: str) -> None:
    setting, mode, said = UNUSABLE[name]
    path = tmp_path / "irsa-no-such-source"
    if mode is not None:
        path.write_bytes(b"\x00\x01 neither a script nor a binary")
        path.chmod(mode)
    shell.file("config", "[profile a]\n" + setting.format(path=path, name=path.name))
    with pytest.raises(NotPermitted) as raised:
        aws("a").caller_identity()
    error = raised.value
    assert error.got in (str(path), path.name)
    expected = ("aws_source_unusable", True, f"{error.got}: {said}")  # a check shows this alone
    assert (error.words, error.about_login, error.server_message) == expected
    for language in ("en", "ja"):
        assert error.server_message in str(load(language).error(error.words, **error.values).got)


def test_for_which_device_a_code_is_wanted_is_reported(shell: Shell) -> None:
    shell.file("config", MFA)
    with pytest.raises(FlowError, match="Enter MFA code for arn:aws:iam::111122223333:mfa/me"):
        aws("a", REGION).caller_identity()


@pytest.mark.parametrize(("code", "words"), [("ExpiredToken", "aws_login_expired"), ("AccessDenied", "not_permitted")])
def test_an_expired_login_is_distinguished_from_one_that_is_not_allowed(shell: Shell, code: str, words: str) -> None:
    with scripted(403, error(code, "no")) as server:
        port = BotoAws(
            region=REGION,
            endpoint_url=f"http://127.0.0.1:{server.port}",
            identity=static_identity("AKIAEXAMPLE", SECRET),
        )
        with pytest.raises(NotPermitted) as raised:
            port.oidc_providers()
    assert (raised.value.code, raised.value.words) == (code, words)


ROLE = "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = b\n"
ROLE += f"[profile b]\naws_access_key_id = A\naws_secret_access_key = {SECRET}\n"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "aws_credentials_failed"),
        (400, "ValidationError", "aws_credentials_failed"),
        (404, "NoSuchEntity", "aws_credentials_failed"),
        (403, "ExpiredToken", "aws_login_expired"),
        (403, "SignatureDoesNotMatch", "aws_login_unknown"),
    ],
)
def test_who_is_refused_credentials_has_no_login(shell: Shell, status: int, code: str, words: str) -> None:
    with scripted(status, error(code, "no")) as server:
        shell.file("config", ROLE).set(AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{server.port}")
        with pytest.raises(NotPermitted) as raised:
            aws("a").role("r")
    assert (raised.value.words, raised.value.about_login, raised.value.server_message) == (words, True, "no")


def test_an_sts_that_fails_leaves_the_login_open(shell: Shell) -> None:
    with scripted(400, error("Throttling", "Rate exceeded")) as server:
        shell.file("config", ROLE).set(AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{server.port}")
        with pytest.raises(ServerFailed, match="Rate exceeded"):
            aws("a").role("r")


def test_credentials_that_do_not_come_are_not_waited_for(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program ends only when this test lets it: waited for, it would hold it up until its own limit."""
    monkeypatch.setattr(aws_login, "TIMEOUT", 0.5)
    end = tmp_path / "end"
    shell.file("config", PROCESS.format(f"until test -e {end}; do sleep 0.1; done"))
    try:
        with pytest.raises(Unreachable) as raised:
            aws("a").caller_identity()
    finally:
        end.touch()
    assert (raised.value.code, raised.value.expected) == ("aws_credentials_timed_out", "0")


def test_credentials_are_looked_for_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell without credentials gets the error at each question, and waits for it at the first."""
    runs: list[float] = []

    def looked_for(seconds: float, find: Callable[[], object]) -> FlowError:
        runs.append(seconds)
        return Unreachable(code="aws_credentials_timed_out", server_message="")

    monkeypatch.setattr(aws_login, "_within", looked_for)
    account = aws("a")
    for ask in (account.caller_identity, account.oidc_providers):
        with pytest.raises(Unreachable):
            ask()
    assert runs == [aws_login.TIMEOUT]


def test_who_waits_for_credentials_learns_so_before_the_question_s_time_is_up() -> None:
    assert aws_login.TIMEOUT < ANSWER_SECONDS


def test_a_service_that_hangs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_login, "LIMITS", aws_login.LIMITS.merge(Config(connect_timeout=60, read_timeout=0.3)))
    with silent() as server:
        shell.keys().set(AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.port}")
        account = aws()
        with pytest.raises(Unreachable) as raised:
            account.role("r")
        assert server.connections() == 1
    assert raised.value.code == "timed_out"
    assert len(account.exchanges()) == 1


def test_nothing_is_waited_for_longer_than_ten_seconds_or_asked_twice() -> None:
    limits = aws_login.LIMITS
    assert limits.connect_timeout + limits.read_timeout <= 10  # type: ignore[attr-defined]
    assert limits.retries == {"total_max_attempts": 1, "mode": "standard"}  # type: ignore[attr-defined]
