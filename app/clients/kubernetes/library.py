"""What we use of the `kubernetes` client, without what its packages load besides.

`import kubernetes` loads 720 classes of models, 60 of APIs, and its websockets, OAuth and leader election: 1,000
modules, 20 MB and five times the CPU time of what is used here. Answers are taken as bytes (`calls`), so no model is
ever made. Whatever else of the library anyone asks for is loaded then.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

__all__ = [
    "AdmissionregistrationV1Api",
    "ApiClient",
    "ApiException",
    "AppsV1Api",
    "AuthorizationV1Api",
    "BatchV1Api",
    "Configuration",
    "CoreV1Api",
    "OpenidApi",
    "RESTClientObject",
    "VersionApi",
    "WellKnownApi",
]


class _Later(ModuleType):
    """A package whose modules can be imported before its own `__init__` has run. A name that is none has it run."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name != "__version__":  # what looks through all modules finds nothing here
            raise AttributeError(name)
        module = f"{self.__name__}.{name}"
        if importlib.util.find_spec(module) is not None:
            return importlib.import_module(module)
        spec = self.__spec__
        self.__class__ = ModuleType  # type: ignore[assignment]  # from now on it is as any other
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module(self)
        return getattr(self, name)


def _put_off(*packages: str) -> None:
    for name in packages:
        spec = importlib.util.find_spec(name)
        if name in sys.modules or spec is None:
            return
        package = importlib.util.module_from_spec(spec)
        package.__class__ = _Later
        sys.modules[name] = package
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, package)


_put_off("kubernetes", "kubernetes.client", "kubernetes.client.api", "kubernetes.client.models")

from kubernetes.client.api.admissionregistration_v1_api import AdmissionregistrationV1Api  # noqa: E402
from kubernetes.client.api.apps_v1_api import AppsV1Api  # noqa: E402
from kubernetes.client.api.authorization_v1_api import AuthorizationV1Api  # noqa: E402
from kubernetes.client.api.batch_v1_api import BatchV1Api  # noqa: E402
from kubernetes.client.api.core_v1_api import CoreV1Api  # noqa: E402
from kubernetes.client.api.openid_api import OpenidApi  # noqa: E402
from kubernetes.client.api.version_api import VersionApi  # noqa: E402
from kubernetes.client.api.well_known_api import WellKnownApi  # noqa: E402
from kubernetes.client.api_client import ApiClient  # noqa: E402
from kubernetes.client.configuration import Configuration  # noqa: E402
from kubernetes.client.exceptions import ApiException  # noqa: E402
from kubernetes.client.rest import RESTClientObject  # noqa: E402
