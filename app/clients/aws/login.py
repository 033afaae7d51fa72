"""AWS as `AWS_PROFILE`, the files under ~/.aws and the environment say: whose credentials, which region, by which way.

botocore decides what those refer to. We make sure that nothing hangs and that it asks no person: botocore itself knows
no time limit for a `credential_process`, asks for an MFA code on the terminal, and repeats requests with long waits
(`app.clients.aws.sources`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import ConstantProvider
from botocore.credentials import Credentials as Identity
from botocore.exceptions import BotoCoreError, ClientError

from app.clients.aws.sdk import LIMITS, CallersCredentials, Sdk, bounded
from app.clients.aws.sources import OPERATION, bounded_sources, named_path
from app.clients.errors import from_aws, unexpected
from app.clients.sources import SourceTooLarge, read_bytes
from app.flow.errors import FlowError, NotPermitted, ServerFailed, Unreachable
from app.service_models import SERVICE_MODELS

TIMEOUT = 3.0
"""Seconds until credentials must be there: less than a question may take, so that the error says what is missing."""


class AwsLogin:
    """One profile (or the environment), in one region. Each reads the files again: a new login counts at once."""

    def __init__(self, *, profile: str = "", region: str = "", user_agent: str = "", attempts: int = 1) -> None:
        """Empty: what the environment and the profile say. (botocore itself does not know `AWS_REGION`.)

        `attempts`: how often a throttled request is sent at most.
        """
        self._profile = profile
        self._region = region
        self._lock = threading.Lock()
        self._found: Identity | FlowError | None = None
        self._limits = LIMITS.merge(Config(user_agent_extra=user_agent or None))
        self.sdk = Sdk(self._client_session, self._limits, attempts=attempts)
        """Clients that go where the profile says (endpoints, proxies, CAs), signed with the caller's identity."""

    @property
    def region(self) -> str:
        """The region; empty where nothing names one, or nothing can be read."""
        try:
            return self._session().get_config_variable("region") or ""
        except (BotoCoreError, FlowError, OSError, ValueError):
            return self._region

    def identity(self) -> Identity:
        """The credentials, looked for once. Raises `FlowError`, each time the same."""
        with self._lock:
            if self._found is None:
                self._found = _within(TIMEOUT, self._find)
        if isinstance(self._found, FlowError):
            raise self._found
        return self._found

    def _find(self) -> Identity:
        session = self._session()
        session.set_default_client_config(self._limits)  # for those that ask STS or SSO for credentials
        bounded_sources(session.get_component("credential_provider"))
        found = session.get_credentials()
        if found is None:
            raise NotPermitted(
                code="aws_no_credentials", server_message="Unable to locate credentials", operation=OPERATION
            )
        frozen = found.get_frozen_credentials()
        return Identity(str(frozen.access_key), str(frozen.secret_key), frozen.token)

    def _session(self) -> botocore.session.Session:
        session = botocore.session.Session(profile=self._profile or None)
        session.register_component("data_loader", SERVICE_MODELS)
        if self._region:
            session.set_config_variable("region", self._region)
        _check_files(session)
        _without_empty_region(session)
        return bounded(session)

    def _client_session(self) -> boto3.Session:
        session = self._session()
        session.register_component("credential_provider", CallersCredentials())
        return boto3.Session(botocore_session=session)


def profiles() -> tuple[str, ...]:
    """The profiles of `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`; none where those are unreadable."""
    try:
        session = botocore.session.Session()
        _check_files(session)
        return tuple(session.available_profiles)
    except (BotoCoreError, FlowError, OSError, ValueError):
        return ()


def _without_empty_region(session: botocore.session.Session) -> None:
    """Has an empty `AWS_DEFAULT_REGION` count as none: botocore would make a host of it (`sts..amazonaws.com`)."""
    if session.get_config_variable("region") == "":
        in_profile = session.get_scoped_config().get("region") or None
        session.get_component("config_store").set_config_provider("region", ConstantProvider(in_profile))


def _check_files(session: botocore.session.Session) -> None:
    """botocore reads them line by line, and a line may never end. Raises `NotPermitted`."""
    for name in ("config_file", "credentials_file"):
        path = named_path(session.get_config_variable(name))
        if path.exists() and not path.is_fifo():  # botocore passes over a pipe
            try:
                read_bytes(path)
            except OSError as error:
                raise _unusable(error) from None


def _about_login(error: FlowError) -> FlowError:
    """A refusal of credentials says nothing about the later call: it concerns our login alone, whatever its code."""
    if isinstance(error, Unreachable | ServerFailed) or (isinstance(error, NotPermitted) and error.about_login):
        return error
    return NotPermitted(code="aws_credentials_failed", server_message=error.server_message, operation=OPERATION)


def _unusable(error: OSError) -> NotPermitted:
    """A program or a file that cannot be used, or gives more than we read."""
    got, said = str(error.filename or ""), error.strerror or type(error).__name__
    if isinstance(error, SourceTooLarge):
        expected = str(error.limit)
        return NotPermitted(
            code="aws_source_too_large", server_message=said, operation=OPERATION, got=got, expected=expected
        )
    return NotPermitted(code="aws_source_unusable", server_message=f"{got}: {said}", operation=OPERATION, got=got)


def _within(seconds: float, find: Callable[[], Identity]) -> Identity | FlowError:
    """What `find` returns, or why there is nothing; in a thread that is left behind where it takes too long."""
    outcome: list[Identity | FlowError] = []

    def run() -> None:
        try:
            outcome.append(find())
        except FlowError as error:
            outcome.append(error)
        except (ClientError, BotoCoreError, OSError) as error:
            # A program or a file has a name; what the network did has none.
            if isinstance(error, OSError) and error.filename is not None:
                outcome.append(_unusable(error))
            else:
                outcome.append(_about_login(from_aws(error, OPERATION)))
        except Exception as error:  # a plugin, or a cached file that is none
            outcome.append(_about_login(unexpected(error, OPERATION)))

    thread = threading.Thread(target=run, name="aws-credentials", daemon=True)
    thread.start()
    thread.join(seconds)
    if outcome:
        return outcome[0]
    return Unreachable(
        code="aws_credentials_timed_out", server_message="", operation=OPERATION, expected=f"{seconds:.0f}"
    )
