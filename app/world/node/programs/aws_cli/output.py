"""How the AWS CLI prints an answer: `--query`, and `--output` json, text or yaml (`table` is in `table`).

Source: the AWS CLI's user guide, "Set the output format"; its observed output.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import jmespath
import yaml
from jmespath.exceptions import JMESPathError

from app.world.node.programs.aws_cli.bounded_query import BoundedQuery, TooMuch
from app.world.node.programs.aws_cli.table_output import table_text
from app.world.node.programs.aws_cli.usage_errors import UsageError

QUERY_LIMIT = 4_096
"""Characters of a `--query`."""
FORMATS = ("json", "text", "table", "yaml")


def query(expression: str | None) -> Callable[[Any], Any]:
    """The function that `--query` applies to an answer. Raises `UsageError`."""
    if expression is None:
        return lambda answer: answer
    if len(expression) > QUERY_LIMIT:
        raise UsageError("Bad value for --query: too long for this simulated CLI")
    try:
        compiled = jmespath.compile(expression)
    except (JMESPathError, RecursionError) as error:
        raise UsageError(f"Bad value for --query {expression}: {error}") from error

    def search(answer: Any) -> Any:
        try:
            return BoundedQuery().visit(compiled.parsed, answer)
        except RecursionError as error:
            raise UsageError(f"Bad value for --query {expression}: too deep") from error
        except TooMuch as error:
            raise UsageError(f"Bad value for --query {expression}: too much for this simulated CLI") from error

    return search


def plain(answer: Any) -> Any:
    """An answer without botocore's additions, with times and bytes as text."""
    match answer:
        case Mapping():
            return {str(name): plain(value) for name, value in answer.items() if name != "ResponseMetadata"}
        case list() | tuple():
            return [plain(value) for value in answer]
        case datetime():
            return answer.isoformat()
        case bytes():
            return base64.b64encode(answer).decode()
    return answer


def text_of(answer: Any, output: str, title: str) -> str:
    """An answer in one of the formats. Secrets in it are printed, as the CLI does."""
    match output:
        case "text":
            return "".join(_lines(answer, None, None))
        case "table":
            return table_text(title, answer)
        case _ if answer == {}:
            return ""
        case "yaml" if isinstance(answer, (dict, list)):
            return yaml.safe_dump(answer, sort_keys=True, default_flow_style=False, allow_unicode=True, width=10**6)
    return json.dumps(answer, indent=4, ensure_ascii=False) + "\n"


def _lines(value: Any, label: str | None, columns: list[str] | None) -> list[str]:
    """The lines of `--output text`: the scalars of an object on one line, in the order of their names, then its lists
    and objects."""
    if isinstance(value, dict):
        return _object_lines(value, label, columns)
    if not isinstance(value, list):
        return [f"{value}\n"]
    if any(isinstance(element, dict) for element in value):
        objects = [element for element in value if isinstance(element, dict)]
        shared = sorted({name for each in objects for name, inner in each.items() if _is_scalar(inner)})
        return [line for element in value for line in _lines(element, label, shared)]
    scalars = [element for element in value if _is_scalar(element)]
    lines: list[str] = []
    if scalars and label is not None:
        lines = [f"{label.upper()}\t{scalar}\n" for scalar in scalars]
    elif scalars:
        lines = ["\t".join(map(str, scalars)) + "\n"]
    return lines + [line for element in value if not _is_scalar(element) for line in _lines(element, label, None)]


def _object_lines(value: dict[str, Any], label: str | None, columns: list[str] | None) -> list[str]:
    if columns is None:
        columns = sorted(name for name, inner in value.items() if _is_scalar(inner))
    cells = [str(value.get(name, "")) for name in columns]
    first = [label.upper()] if label is not None and cells else []
    lines = ["\t".join(first + cells) + "\n"] if cells else []
    for name in sorted(value.keys() - set(columns)):
        lines += _lines(value[name], name, None)
    return lines


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list))
