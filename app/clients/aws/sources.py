"""Where botocore looks for credentials: each place is read to a limit, asked once, and asks no person.

botocore itself reads files, programs' outputs and metadata services to their end. Its providers take other readers
through their constructors, but it makes them itself, so they are given ours afterwards (as of botocore 1.44).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher, JSONFileCache

from app.clients.aws.bounds import AWS_POOLS
from app.clients.sources import Program, read_bytes, read_text
from app.flow.errors import NotPermitted

OPERATION = "load AWS credentials"


def bounded_sources(resolver: Any) -> None:
    """Bounds the providers of a Session's credential chain, and those that a `source_profile` will make."""
    for provider in resolver.providers:
        _bound(provider)


def _bound(provider: Any) -> None:
    match provider.METHOD:
        case "assume-role":
            provider._prompter = _no_terminal
            provider._profile_provider_builder = _Builder(provider._profile_provider_builder)
        case "custom-process":
            provider._popen = Program
        case "assume-role-with-web-identity":
            provider._token_loader_cls = _token_file
        case "container-role":
            provider._fetcher = _ContainerFetcher()
            provider._build_headers = partial(_container_headers, provider, provider._build_headers)
        case "iam-role":
            _bounded_session(provider._role_fetcher._session)
        case "ec2-credentials-file":
            provider._parser = partial(_parsed, provider._parser)
        case "boto-config":
            provider._ini_parser = partial(_parsed, provider._ini_parser)
        case "sso":
            tokens = provider._token_provider
            provider._token_cache = _Cache(provider._token_cache)
            tokens._cache = tokens._token_loader._cache = _Cache(tokens._cache)
        case "login":
            provider._token_cache = _Cache(provider._token_cache)


class _Builder:
    """Makes the providers of a `source_profile`, as botocore's own builder does, and bounds them."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[Any]:
        made: list[Any] = self._builder.providers(profile_name, disable_env_vars)
        for provider in made:
            _bound(provider)
        return made


class _ContainerFetcher(ContainerMetadataFetcher):
    """botocore asks three times and waits a second after each: longer than we wait for credentials."""

    RETRY_ATTEMPTS = 1

    def __init__(self) -> None:
        session = _bounded_session(URLLib3Session(timeout=self.TIMEOUT_SECONDS))
        super().__init__(session=session, sleep=lambda _: None)


class _Cache(JSONFileCache):
    """The tokens of `aws sso login` and `aws login`: the same folder as of botocore's own."""

    def __init__(self, cache: Any) -> None:
        super().__init__(cache._working_dir, cache._dumps)
        self._folder = Path(cache._working_dir)

    def __getitem__(self, cache_key: str) -> Any:
        if cache_key in self:
            read_bytes(self._folder / f"{cache_key}.json")
        return super().__getitem__(cache_key)


def _bounded_session(session: Any) -> Any:
    session._pool_classes_by_scheme.update(AWS_POOLS)
    return session


def _container_headers(provider: Any, build: Callable[[], Any]) -> Any:
    path = provider._environ.get(provider.ENV_VAR_AUTH_TOKEN_FILE)
    if path is None:
        return build()
    token = read_text(Path(path))
    provider._validate_auth_token(token)
    return {"Authorization": token}


def named_path(name: str) -> Path:
    """The file that botocore opens for a name: with variables and `~` expanded. That of an unknown user stays as it is,
    where `Path.expanduser` would raise `RuntimeError`."""
    return Path(os.path.expanduser(os.path.expandvars(name)))


def _parsed(parse: Callable[[str], Any], name: str) -> Any:
    """What `parse` makes of a file; one that is not there is its business."""
    path = named_path(name)
    if path.exists():
        read_bytes(path)
    return parse(name)


def _token_file(path: str) -> Callable[[], str]:
    return partial(read_text, Path(path))


def _no_terminal(prompt: str) -> str:
    raise NotPermitted(code="aws_mfa_needed", server_message=prompt.strip(), operation=OPERATION)
