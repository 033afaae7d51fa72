"""Kubernetes' label selectors (apimachinery, metav1.LabelSelector)."""

from __future__ import annotations

from collections.abc import Mapping

from app.flow.json_access import get_list, get_object, get_str, strings
from app.flow.model import JsonValue


def matches(selector: JsonValue, labels: Mapping[str, JsonValue]) -> bool:
    """Whether the labels satisfy all of the selector; an empty or absent one selects everything."""
    wanted = get_object(selector, "matchLabels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(expression, labels) for expression in get_list(selector, "matchExpressions"))


def keys(selector: JsonValue) -> set[str]:
    """The label keys that the selector looks at."""
    expressions = get_list(selector, "matchExpressions")
    return set(get_object(selector, "matchLabels")) | {get_str(expression, "key") for expression in expressions}


def _holds(expression: JsonValue, labels: Mapping[str, JsonValue]) -> bool:
    """One requirement. NotIn holds where the key is absent; an operator that Kubernetes has not got holds never."""
    key, values = get_str(expression, "key"), strings(get_object(expression).get("values"))
    match get_str(expression, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


def edits(selector: JsonValue, labels: Mapping[str, JsonValue]) -> dict[str, str | None]:
    """The labels with which the selector would match: those to set, and with None those to remove.

    Empty where it matches already, or where no labels would do.
    """
    found: dict[str, str | None] = {
        key: value for key, value in get_object(selector, "matchLabels").items() if labels.get(key) != value
    }
    for expression in get_list(selector, "matchExpressions"):
        if _holds(expression, labels):
            continue
        values = strings(get_object(expression).get("values"))
        match get_str(expression, "operator"):
            case "In" if values:
                found[get_str(expression, "key")] = values[0]
            case "Exists":
                found[get_str(expression, "key")] = "true"
            case "NotIn" | "DoesNotExist":
                found[get_str(expression, "key")] = None
    edited = {key: value for key, value in {**labels, **found}.items() if value is not None}
    return found if matches(selector, edited) else {}
