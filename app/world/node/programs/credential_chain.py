"""botocore's credential chain for a container: its providers in its order, with the container's environment and
files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import credentials as chain
from botocore import exceptions
from botocore.credentials import Credentials
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher

from app.world.node.container import Container, knows_metadata_tokens, knows_web_identity
from app.world.node.programs.aws_cli.usage_errors import InvalidValue
from app.world.node.programs.instance_metadata import InstanceMetadata
from app.world.node.programs.shared_config import SharedConfig


def load(
    container: Container, config: SharedConfig, metadata: InstanceMetadata, create_client: Callable[..., Any]
) -> Credentials | None:
    """The credentials that the chain finds; None where it finds none. What botocore raises is not caught.

    `create_client` makes a client of STS as `Session.create_client` does. Left out of botocore's chain are the
    providers that ask a person or start a program (SSO, login, process) and those of boto's first version.
    """
    environment = container.environment
    env: Any = chain.EnvProvider(environ=environment)
    agent = _ContainerProvider(environment, _reader(container))
    fetcher = InstanceMetadataFetcher if knows_metadata_tokens(container.image) else _Version1Fetcher
    instance = chain.InstanceMetadataProvider(iam_role_fetcher=metadata.serve(fetcher, environment))
    builder: Any = _ProfileProviders(container, config, create_client)
    assume_role = chain.AssumeRoleProvider(
        load_config=lambda: config.full,
        client_creator=create_client,
        cache={},
        profile_name=config.profile_name,
        prompter=_no_terminal,
        credential_sourcer=chain.CanonicalNameCredentialSourcer([env, agent, instance]),
        profile_provider_builder=builder,
    )
    providers: list[Any] = [
        *([] if config.by_option else [env]),
        assume_role,
        *builder.providers(config.profile_name, disable_env_vars=config.by_option),
        agent,
        instance,
    ]
    found: Credentials | None = chain.CredentialResolver(providers=providers).load_credentials()
    if isinstance(found, chain.RefreshableCredentials):
        found._time_fetcher = lambda: datetime.fromtimestamp(container.now(), UTC)  # type: ignore[attr-defined]
    return found


def _reader(container: Container) -> Callable[[str], str]:
    def read(path: str) -> str:
        with container.files.open(path) as file:
            return file.read()

    return read


def _no_terminal(prompt: str) -> str:
    raise EOFError("EOF when reading a line")


class _ProfileProviders:
    """The providers of one profile, as botocore's `ProfileProviderBuilder` makes them."""

    def __init__(self, container: Container, config: SharedConfig, create_client: Callable[..., Any]) -> None:
        self._container = container
        self._config = config
        self._create_client = create_client

    def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[Any]:
        """In botocore's order."""
        config = self._config
        found: list[Any] = [
            chain.SharedCredentialProvider(config.credentials_file, profile_name, ini_parser=config.sections),
            chain.ConfigProvider(config.config_file, profile_name, config_parser=config.load),
        ]
        if knows_web_identity(self._container.image):
            web_identity = _WebIdentityProvider(
                self._container, config, self._create_client, profile_name, disable_env_vars
            )
            found.insert(0, web_identity)
        return found


class _WebIdentityProvider(chain.AssumeRoleWithWebIdentityProvider):
    """botocore's provider, reading the container's environment and files."""

    def __init__(
        self,
        container: Container,
        config: SharedConfig,
        create_client: Callable[..., Any],
        profile_name: str,
        disable_env_vars: bool,
    ) -> None:
        read = _reader(container)
        loader: Any = lambda path: lambda: read(path)  # noqa: E731
        super().__init__(
            load_config=lambda: config.full,
            client_creator=create_client,
            profile_name=profile_name,
            token_loader_cls=loader,
        )
        self._environment: Mapping[str, str] = {} if disable_env_vars else container.environment

    def _get_env_config(self, key: str) -> str | None:
        variable = "AWS_WEB_IDENTITY_TOKEN_FILE" if key == "web_identity_token_file" else f"AWS_{key.upper()}"
        return self._environment.get(variable)


class _Version1Fetcher(InstanceMetadataFetcher):
    """As botocore was before IMDSv2: it asks without a token."""

    def _fetch_metadata_token(self) -> None:
        return None


class _ContainerProvider(chain.ContainerProvider):
    """botocore's provider. No EKS Pod Identity agent runs on this node: nothing answers, whatever the URL."""

    def __init__(self, environment: Mapping[str, str], read: Callable[[str], str]) -> None:
        fetcher: Any = ContainerMetadataFetcher(session=_NobodyThere(), sleep=lambda _: None)
        super().__init__(environ=environment, fetcher=fetcher)
        self._environment = environment
        self._read = read

    def _build_headers(self) -> dict[str, str] | None:
        path = self._environment.get(self.ENV_VAR_AUTH_TOKEN_FILE)
        token = self._read(path) if path is not None else self._environment.get(self.ENV_VAR_AUTH_TOKEN)
        if token is not None and ("\r" in token or "\n" in token):
            raise InvalidValue("Auth token value is not a legal header value")
        return {"Authorization": token} if token is not None else None


class _NobodyThere:
    def send(self, request: Any) -> Any:
        raise exceptions.ConnectTimeoutError(endpoint_url=request.url)
