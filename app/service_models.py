"""botocore's service models, each read once a process, and its Session for a simulated AWS.

Our own clients and the Pods' programs have the same of both.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import Loader


class ServiceModels(Loader):
    """The models that botocore brings along, and none else. Safe to use from several threads.

    botocore's own loader looks in ~/.aws/models as well, asks each of 400 directories for a file before it opens one,
    and reads a model as often as threads ask for it at the same time.
    """

    def __init__(self) -> None:
        super().__init__(include_default_search_paths=False)
        self._lock = threading.RLock()

    @property
    def search_paths(self) -> list[str]:
        """A new list each time: every boto3 Session appends the folder of boto3's own resources to it."""
        return [self.BUILTIN_DATA_PATH]

    def list_available_services(self, type_name: str) -> list[str]:
        """Those that AWS has, by botocore: each has a directory, whether or not it has a file of that type."""
        with os.scandir(self.BUILTIN_DATA_PATH) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Mapping[str, Any]:
        """As botocore does; a second thread waits for the first. Raises `DataNotFoundError`."""
        with self._lock:
            model: Mapping[str, Any] = super().load_service_model(service_name, type_name, api_version)
            return model


SERVICE_MODELS = ServiceModels()
"""For all sessions."""


def session_alone() -> botocore.session.Session:
    """A Session that knows no profile, no file and no variable: what a learner has set is for their own AWS."""
    session = botocore.session.Session(
        session_vars={
            name: (None, None, None if name.endswith("_file") else default, convert)
            for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
        }
    )
    session.get_component("config_store").set_config_variable("s3", {})  # it has variables of its own
    session.register_component("data_loader", SERVICE_MODELS)
    return session
