"""The webhook's instrument: the AdmissionReview, its request beside its response."""

from __future__ import annotations

from app.content import Content
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue, Step
from app.ui.draw import components
from app.ui.draw.cached_parts import for_reader
from app.ui.draw.documents import ITSELF, Notes, Path, document, json_lines
from app.ui.state.depth import WIRE, depth
from app.ui.state.walk_view import WalkView
from app.ui.step.evidence.parts import collapsible, json_document
from app.ui.text import breakable, escape, prose


def admission_review(walk_view: WalkView, content: Content) -> None:
    """Draws the review that the dry run caused, folded unless the reader wants all details."""

    def folded() -> str:
        review = walk_view.walk.report(Step.WEBHOOK).evidence.get("admission_review")
        return collapsible(content, "admission_review", exchanged(review, content), opened=depth() == WIRE)

    key = "instrument_admission_review"
    components.block(for_reader(key, folded, walk_view, content.language, depth()), key=key)


def exchanged(review: JsonValue, content: Content) -> str:
    """Request, response and patch as HTML, or the sentence that the app could not listen."""
    if not review:
        return f'<p class="quiet">{escape(content.message("webhook.review.hidden"))}</p>'
    asked, answered = get(review, "request"), get(review, "response")
    sides = (
        ("admission_request", asked, _asked(asked, content)),
        ("admission_response", answered, _answered(asked, answered, content)),
    )
    columns = "".join(
        f"<section><h3>{escape(content.message(f'ui.{label}'))}</h3>"
        f"{document(content, json_lines(side), notes)}</section>"
        for label, side, notes in sides
    )
    return f'<div class="review">{columns}</div>{_patch(review, content)}'


def _asked(asked: JsonValue, content: Content) -> Notes:
    request: Path = ("request",)
    notes = {
        (*request, "uid"): "asked_uid",
        (*request, "operation"): "operation",
        (*request, "object", ITSELF): "object",
        (*request, "object", "spec", "serviceAccountName"): "account",
    }
    if get(asked, "request", "dryRun") is True:
        notes[*request, "dryRun"] = "dry_run"
    return {path: content.message(f"webhook.review.{key}") for path, key in notes.items()}


def _answered(asked: JsonValue, answered: JsonValue, content: Content) -> Notes:
    response: Path = ("response",)
    same = get_str(asked, "request", "uid") == get_str(answered, "response", "uid")
    notes = {
        (*response, "uid"): "same_uid" if same else "other_uid",
        (*response, "allowed"): "allowed" if get(answered, "response", "allowed") is True else "refused",
        (*response, "patch"): "patch",
        (*response, "patchType"): "patch_type",
    }
    return {path: content.message(f"webhook.review.{key}") for path, key in notes.items()}


def _patch(review: JsonValue, content: Content) -> str:
    """The decoded Base64 of the response: one operation after the other, its value folded."""
    operations = "".join(_operation(operation, content) for operation in get_list(review, "patch"))
    if not operations:
        return f'<p class="quiet">{escape(content.message("webhook.review.no_patch"))}</p>'
    heading = escape(content.message("webhook.review.decoded"))
    return f'<section class="patch"><h3>{heading}</h3><ol>{operations}</ol></section>'


def _operation(operation: JsonValue, content: Content) -> str:
    place = get_str(operation, "path").split("/")
    key = next((name for name in ("volumes", "containers", "initContainers") if name in place[2:3]), "other")
    called = f"{get_str(operation, 'op')} {get_str(operation, 'path')}".strip()
    return (
        f"<li><details><summary><code>{breakable(called)}</code> {prose(content.message(f'webhook.review.{key}'))}"
        f"</summary>{json_document(content, get_object(operation).get('value'))}</details></li>"
    )
