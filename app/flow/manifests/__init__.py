"""IRSA before it is deployed: manifests and trust policies examined as files, by the checks of the doctor."""

from app.flow.manifest_documents import Document, UnreadableDocument
from app.flow.manifests.examination import Examination, Examined, examine

__all__ = ["Document", "Examination", "Examined", "UnreadableDocument", "examine"]
