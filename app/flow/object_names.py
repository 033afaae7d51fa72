"""The names that objects of Kubernetes may have: the app sends no request for an impossible name.

Rules: k8s.io/apimachinery `pkg/util/validation` (a namespace is a DNS label, everything else here a subdomain).
"""

from __future__ import annotations

import re

from app.flow.errors import FlowError
from app.flow.json_access import shown
from app.flow.model import Subject

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAMESPACE, _LONGEST_NAMESPACE = re.compile(_LABEL), 63
_NAME, _LONGEST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*"), 253
"""The patterns, and how many characters."""


class NotAName(FlowError):
    """Nothing can be called so. `got` is the name, `operation` the kind of object that was meant."""


def check_names(subject: Subject) -> None:
    """Looks at the names that are given; those that are left out are empty. Raises `NotAName`."""
    check_namespace(subject.namespace)
    check_name("ServiceAccount", subject.service_account)
    check_name("Pod", subject.pod)


def check_namespace(name: str) -> None:
    """Raises `NotAName` unless a namespace may be called so, or the name is empty."""
    if name and (len(name) > _LONGEST_NAMESPACE or not _NAMESPACE.fullmatch(name)):
        raise _refused("not_a_namespace_name", "Namespace", name)


def check_name(kind: str, name: str) -> None:
    """Raises `NotAName` unless an object of that kind may be called so, or the name is empty."""
    if name and (len(name) > _LONGEST_NAME or not _NAME.fullmatch(name)):
        raise _refused("not_a_name", kind, name)


def _refused(code: str, kind: str, name: str) -> NotAName:
    return NotAName(code=code, server_message="", operation=kind, got=shown(name[:_LONGEST_NAME]))
