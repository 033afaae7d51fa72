"""botocore's credential chain over a container: its providers in its order, over that environment and those files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import credentials as chain
from botocore import exceptions
from botocore.credentials import Credentials
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher

from app.world.node.container import Container, knows_web_identity
from app.world.node.instance_metadata import InstanceMetadata


def load(container: Container, metadata: InstanceMetadata, create_client: Callable[..., Any]) -> Credentials | None:
    """What the chain finds; None where it finds nothing. Whatever botocore raises comes through.

    `create_client(service, config=...)` makes the unsigned client with which a web identity is exchanged.
    """
    environment = container.environment

    def read(path: str) -> str:
        with container.files.open(path) as file:
            return file.read()

    web_identity = (
        [_WebIdentityProvider(environment, read, create_client)] if knows_web_identity(container.image) else []
    )
    providers: list[Any] = [
        chain.EnvProvider(environ=environment),
        *web_identity,
        _ContainerProvider(environment, read),
        chain.InstanceMetadataProvider(iam_role_fetcher=metadata.serve(InstanceMetadataFetcher, environment)),
    ]
    found: Credentials | None = chain.CredentialResolver(providers=providers).load_credentials()
    if isinstance(found, chain.RefreshableCredentials):
        found._time_fetcher = lambda: datetime.fromtimestamp(container.now(), UTC)  # type: ignore[attr-defined]
    return found


class _WebIdentityProvider(chain.AssumeRoleWithWebIdentityProvider):
    """botocore's provider, reading the container's environment and files."""

    def __init__(
        self, environment: Mapping[str, str], read: Callable[[str], str], client_creator: Callable[..., Any]
    ) -> None:
        loader: Any = lambda path: lambda: read(path)  # noqa: E731
        super().__init__(
            load_config=lambda: {"profiles": {}},
            client_creator=client_creator,
            profile_name="default",
            token_loader_cls=loader,
        )
        self._environment = environment

    def _get_env_config(self, key: str) -> str | None:
        variable = "AWS_WEB_IDENTITY_TOKEN_FILE" if key == "web_identity_token_file" else f"AWS_{key.upper()}"
        return self._environment.get(variable)


class _ContainerProvider(chain.ContainerProvider):
    """botocore's provider. No EKS Pod Identity agent runs on this node: nobody answers, whatever the URL."""

    def __init__(self, environment: Mapping[str, str], read: Callable[[str], str]) -> None:
        fetcher: Any = ContainerMetadataFetcher(session=_NobodyThere(), sleep=lambda _: None)
        super().__init__(environ=environment, fetcher=fetcher)
        self._environment = environment
        self._read = read

    def _build_headers(self) -> dict[str, str] | None:
        path = self._environment.get(self.ENV_VAR_AUTH_TOKEN_FILE)
        token = self._read(path) if path is not None else self._environment.get(self.ENV_VAR_AUTH_TOKEN)
        if token is not None and ("\r" in token or "\n" in token):
            raise ValueError("Auth token value is not a legal header value")
        return {"Authorization": token} if token is not None else None


class _NobodyThere:
    def send(self, request: Any) -> Any:
        raise exceptions.ConnectTimeoutError(endpoint_url=request.url)
