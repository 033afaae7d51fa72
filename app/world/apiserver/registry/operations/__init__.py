"""The verbs that write: the one path that HTTP requests and the scenario take, admission and webhooks included.

Each has the order of k8s.io/apiserver `pkg/endpoints/handlers/` and `pkg/registry/generic/registry/store.go`. A dry run
does all of it but the write. The caller has been authorised.
"""

from app.world.apiserver.registry.operations.creation import create, create_object
from app.world.apiserver.registry.operations.deletion import delete_object
from app.world.apiserver.registry.operations.update import Change, update_object
from app.world.apiserver.registry.operations.write import WriteResult

__all__ = ["Change", "WriteResult", "create", "create_object", "delete_object", "update_object"]
