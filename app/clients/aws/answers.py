"""What botocore makes of an answer, as the values that the steps know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.flow import strict_json
from app.flow.model import JsonValue
from app.flow.ports import AssumedRole, Credentials


def plain(value: Any) -> Any:
    """botocore's times as RFC 3339, without its metadata; everything else is a JSON value already."""
    if isinstance(value, str):  # nearly all of an answer
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value


def document(value: Any) -> JsonValue:
    """botocore decodes policy documents; one that it could not read stays a text, and so it does here."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value)
    except ValueError:
        return value


def assumed_role(answer: Mapping[str, Any]) -> AssumedRole:
    issued, user = answer["Credentials"], answer["AssumedRoleUser"]
    return AssumedRole(
        credentials=Credentials(
            access_key_id=issued["AccessKeyId"],
            secret_access_key=issued["SecretAccessKey"],
            session_token=issued["SessionToken"],
            expiration=plain(issued["Expiration"]),
        ),
        subject=answer.get("SubjectFromWebIdentityToken", ""),
        audience=answer.get("Audience", ""),
        provider=answer.get("Provider", ""),
        arn=user["Arn"],
        assumed_role_id=user["AssumedRoleId"],
    )
