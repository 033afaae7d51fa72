"""Any operation of a service as a command of the CLI, by botocore's model of the service.

Source: the AWS CLI's user guide, "Specify parameter values" and "Shorthand syntax"; botocore's service models.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape

from app.world.node.programs.aws_cli.usage_errors import (
    InvalidValue,
    Parser,
    UsageError,
    invalid_choice,
    not_simulated,
    unknown,
)

SERVICES: Mapping[str, str] = {"sts": "sts", "iam": "iam", "s3api": "s3", "eks": "eks"}
"""The CLI's command for each service, and botocore's name of the service."""
_LEFT_OUT = ("eks get-token", "eks update-kubeconfig")
"""The CLI's own commands among those of services, which are left out here."""
PAGES = ("--max-items", "--page-size", "--starting-token")

Read = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call."""

    service: str
    """botocore's name."""
    method: str
    """The method of botocore's client."""
    title: str
    """botocore's name of the operation."""
    parameters: Mapping[str, Any]
    """The parameters as botocore takes them."""
    pages: Mapping[str, Any]
    """`PaginationConfig`."""
    outfile: str = ""
    """The file that the downloaded content is written to; empty without one."""


def operation(service: str, command: str, words: list[str], model: ServiceModel, read: Read) -> Operation:
    """The call that a command line describes. Raises `UsageError`, and `InvalidValue` for a text that is no number."""
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if command not in names:
        left_out = f"{service} {command}" in _LEFT_OUT or command in ("help", "wait")
        raise not_simulated(f"{service} {command}") if left_out else invalid_choice("operation", command)
    found = model.operation_model(names[command])
    shapes: Mapping[str, Shape] = found.input_shape.members if found.input_shape else {}
    members = {name: shape for name, shape in shapes.items() if f"--{xform_name(name, '-')}" not in PAGES}
    required = found.input_shape.required_members if found.input_shape else []
    # (1) Options, in the model's order.
    parser = Parser()
    for name, shape in members.items():
        _add(parser, name, shape, required=name in required)
    for option in PAGES:
        parser.add_argument(option)
    streamed = found.get_streaming_output()
    if streamed is not None:
        parser.add_argument("outfile")
    given, rest = parser.parse_known_args(words)
    if rest:
        raise unknown(rest)
    # (2) Their values.
    values = vars(given)
    parameters = {}
    for name, shape in members.items():
        value = values.get(_variable(name))
        if value is not None:
            option = f"--{xform_name(name, '-')}"
            parameters[name] = _parameter(option, value, shape, read, found)
    pages = {
        key: _number(value, int) if key != "StartingToken" else value
        for key, option in (("MaxItems", "max_items"), ("PageSize", "page_size"), ("StartingToken", "starting_token"))
        if (value := values.get(option)) is not None
    }
    return Operation(
        service=service,
        method=xform_name(found.name),
        title=found.name,
        parameters=parameters,
        pages=pages,
        outfile=values.get("outfile") or "",
    )


def _variable(name: str) -> str:
    return xform_name(name, "_")


def _add(parser: Parser, name: str, shape: Shape, *, required: bool) -> None:
    option = f"--{xform_name(name, '-')}"
    if shape.type_name == "boolean":
        parser.add_argument(option, action="store_true", default=None, dest=_variable(name))
        parser.add_argument(f"--no-{option[2:]}", action="store_false", default=None, dest=_variable(name))
    elif shape.type_name == "list":
        parser.add_argument(option, nargs="*", required=required, dest=_variable(name))
    else:
        parser.add_argument(option, required=required, dest=_variable(name))


def _parameter(option: str, value: Any, shape: Shape, read: Read, operation: OperationModel) -> Any:
    streamed = operation.get_streaming_input()
    if streamed is not None and shape is streamed:
        try:
            return read(value)
        except OSError as error:
            raise UsageError(f"Error parsing parameter '{option}': Blob values must be a path to a file.") from error
    if isinstance(value, list):
        words = [_content(option, word, read) for word in value]
        if len(words) == 1 and words[0].lstrip()[:1] == "[":
            return _json(option, words[0])
        return [_value(option, word, shape.member) for word in words]  # type: ignore[attr-defined]
    if isinstance(value, bool):
        return value
    if value.startswith("fileb://"):
        try:
            return read(value.removeprefix("fileb://"))
        except OSError as error:
            raise _no_file(option, value, error) from error
    return _value(option, _content(option, value, read), shape)


def _content(option: str, text: str, read: Read) -> str:
    """The text itself, or the whole content of the file that it refers to."""
    if not text.startswith("file://"):
        return text
    try:
        return read(text.removeprefix("file://")).decode("utf-8", "replace")
    except OSError as error:
        raise _no_file(option, text, error) from error


def _no_file(option: str, url: str, error: OSError) -> UsageError:
    return UsageError(f"Error parsing parameter '{option}': Unable to load paramfile {url}: {error}")


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Error parsing parameter '{option}': Invalid JSON: {error}\nJSON received: {text}") from error


def _value(option: str, text: str, shape: Shape) -> Any:
    match shape.type_name:
        case "integer" | "long":
            return _number(text, int)
        case "float" | "double":
            return _number(text, float)
        case "boolean":
            return text.lower() == "true"
        case "blob":
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise UsageError(f'Invalid base64: "{text}"') from error
        case "structure" | "map" | "list":
            return _json(option, text) if text.lstrip()[:1] in ("{", "[") else _shorthand(option, text, shape)
    return text


def _number(text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidValue(str(error)) from error


def _shorthand(option: str, text: str, shape: Shape) -> dict[str, Any]:
    """`Key=a,Value=b`, without nesting. Raises `UsageError`."""
    members: Mapping[str, Shape] = getattr(shape, "members", {})
    found: dict[str, Any] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(
                f"Error parsing parameter '{option}': Expected: '=', received: 'EOF' for input:\n{text}\n"
                + " " * len(text)
                + "^"
            )
        found[name] = _value(option, value, members[name]) if name in members else value
    return found
