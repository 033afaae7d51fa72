"""A cluster's issuer in what a command prints: `aws eks describe-cluster`, with `--query` or without, and
`kubectl get --raw /.well-known/openid-configuration`.
"""

from __future__ import annotations

from app.flow.json_access import get
from app.flow.manifest_documents import UnreadableDocument, documents, shape_of

_PLACES = (
    ("cluster", "identity", "oidc", "issuer"),
    ("identity", "oidc", "issuer"),
    ("oidc", "issuer"),
    ("issuer",),
    (),
)


class NoIssuer(UnreadableDocument):
    """A file without any. `problem` is what it has instead."""


def issuer_in(text: str, path: str) -> str:
    """The issuer in the text of a file. Raises `UnreadableDocument`, and `NoIssuer` where there is none."""
    read = list(documents(text, path))
    for document in read:
        for place in _PLACES:
            found = get(document.value, *place)
            if isinstance(found, str) and found.startswith("https://"):
                return found
    raise NoIssuer(path, 0, ", ".join(dict.fromkeys(shape_of(it.value) for it in read)) or "–")
