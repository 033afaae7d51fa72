"""YAML whose cost is known before it is built: nodes are counted as they would be once every alias is expanded.

A few kilobytes of aliases or merge keys (`<<`) can stand for gigabytes. The parser's events tell how much each anchor
holds, so such a document is refused before anything of it is constructed. Kubernetes bounds aliases in the same place
(sigs.k8s.io/yaml, `goyaml.v2/decode.go`: "document contains excessive aliasing").
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

DEPTH_LIMIT = 100
"""Levels of nesting, aliases expanded; no Kubernetes object has as many as 30."""
ALIASED_LIMIT = 1024 * 1024
"""Characters that aliases may add: as much as the largest document without them may hold."""
TAG_DIRECTIVES_LIMIT = 100
"""Times that a text may say `%TAG`: libyaml compares each of these directives with all before it."""


class BrokenYaml(ValueError):
    """The text is no YAML document, or one that costs too much. None of its values is quoted."""

    def __init__(self, problem: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"yaml: line {line}: {problem}" if line else f"yaml: {problem}")
        self.problem = problem
        self.line = line
        """From 1; 0 where no place can be named."""
        self.column = column
        """From 1; 0 where no place can be named."""


def load(text: str, *, limit: int, own_tags: bool = False) -> Any:
    """The one document in `text`; None where it is empty. Dates stay strings, as in Kubernetes.

    `limit` is the number of values (keys among them, aliases expanded) that the document may hold; 10,000 take about
    50 ms. Values that JSON has not (NaN, keys that are no strings) may occur. `own_tags`: whether an application's tags
    are taken, each value with one as an object of one member, `!TAG`; else they are refused. Raises `BrokenYaml`.
    """
    try:
        _check_size(text, limit)
        return yaml.load(text, _TagLoader if own_tags else _Loader)  # noqa: S506 (subclasses of CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _broken(error.problem or error.context or "not a document", error.problem_mark) from None
    except yaml.reader.ReaderError as error:
        raise BrokenYaml(error.reason) from None
    except BrokenYaml:
        raise
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BrokenYaml(type(error).__name__) from None


class _Size:
    """What a node holds, itself included, aliases expanded."""

    def __init__(self, *, values: int = 1, characters: int = 0, depth: int = 1) -> None:
        self.values, self.characters, self.depth = values, characters, depth

    def add(self, inner: _Size) -> None:
        self.values += inner.values
        self.characters += inner.characters
        self.depth = max(self.depth, inner.depth + 1)


def _check_size(text: str, limit: int) -> None:
    """Raises `BrokenYaml` where the document holds more than `limit` values, or aliases add too much."""
    if text.count("%TAG") > TAG_DIRECTIVES_LIMIT:
        raise BrokenYaml("too many %TAG directives")
    anchors: dict[str, _Size | None] = {}  # None while what it names is not complete
    parents: list[tuple[_Size, str | None]] = [(_Size(values=0, depth=0), None)]
    values = aliased = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            parents.append((_Size(), event.anchor))
            if event.anchor is not None:
                anchors[event.anchor] = None
            values += 1
            size, anchor = _Size(values=0, depth=0), None
        elif isinstance(event, yaml.CollectionEndEvent):
            size, anchor = parents.pop()
        elif isinstance(event, yaml.ScalarEvent):
            size, anchor = _Size(characters=len(event.value)), event.anchor
            values += 1
        elif isinstance(event, yaml.AliasEvent) and event.anchor in anchors:
            known = anchors[event.anchor]
            if known is None:
                raise _broken(f"anchor '{event.anchor}' value contains itself", event.start_mark)
            size, anchor = known, None
            values += size.values
            aliased += size.characters
        else:
            continue  # where a stream or document begins and ends; an alias of nothing is for the composer to refuse
        if anchor is not None:
            anchors[anchor] = size
        parents[-1][0].add(size)
        if len(parents) - 1 + size.depth > DEPTH_LIMIT:
            raise _broken("exceeded max depth", event.start_mark)
        if values > limit or aliased > ALIASED_LIMIT:
            problem = "document contains excessive aliasing" if aliased else "document holds too many values"
            raise _broken(problem, event.start_mark)


def _broken(problem: str, mark: Any) -> BrokenYaml:
    return BrokenYaml(problem, line=mark.line + 1, column=mark.column + 1) if mark else BrokenYaml(problem)


_TAG = "tag:yaml.org,2002:"
_DIGITS = 70
"""Characters of an integer that may have 64 bits: `-0b`, and the bits. Python takes quadratic time for longer ones."""
_INTEGER = re.compile(
    r"\A[-+]?(?:0[bB]_*[01][01_]*+|0[oO]_*[0-7][0-7_]*+|0[xX]_*[0-9a-fA-F][0-9a-fA-F_]*+|0[0-7_]*+|[1-9][0-9_]*+)\Z"
)
_FLOAT = re.compile(
    r"\A[-+]?(?:(?:\.[0-9][0-9_]*+|[0-9][0-9_]*+(?:\.[0-9_]*+)?)(?:[eE][-+]?[0-9]++)?|\.(?:inf|Inf|INF))\Z"
    r"|\A\.(?:nan|NaN|NAN)\Z"
)
_BOOLEAN = re.compile(r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)\Z")


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 as Kubernetes reads it (sigs.k8s.io/yaml, `goyaml.v2/resolve.go`): no dates, no numbers of base 60; `y`
    and `n` are booleans, `09`, `0o17` and `1e3` numbers. An integer of more than 64 bits is a float, in another base
    than ten a text."""

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        text = self.construct_scalar(node)
        plain = text.replace("_", "")
        if _INTEGER.match(text) and len(plain) <= _DIGITS:
            digits = plain.lstrip("+-")
            value = int(plain, 8 if digits.startswith("0") and digits.isdecimal() else 0)
            if -(2**63) <= value < 2**64:
                return value
        if not _FLOAT.match(text):
            return text
        number = self.construct_yaml_float(node)
        return text if math.isinf(number) and text[-1].isdecimal() else number

    def construct_text(self, node: yaml.ScalarNode) -> Any:
        return self.construct_scalar(node)

    def construct_truth(self, node: yaml.ScalarNode) -> Any:
        text = self.construct_scalar(node)
        if not _BOOLEAN.match(text):
            raise ValueError(text)
        return text.lower() in ("y", "yes", "true", "on")

    def construct_binary_text(self, node: yaml.ScalarNode) -> str:
        return bytes(super().construct_yaml_binary(node)).decode("utf-8", "replace")

    def construct_unknown(self, node: yaml.Node) -> Any:
        problem = f"could not determine a constructor for the tag '{node.tag}'"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, expression)
        for tag, expression in resolvers
        if tag.removeprefix(_TAG) not in ("timestamp", "int", "float", "bool")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}bool", _BOOLEAN, list("yYnNtTfFoO"))
_Loader.add_implicit_resolver(f"{_TAG}int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+.0123456789"))
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}bool", _Loader.construct_truth)
_Loader.add_constructor(f"{_TAG}binary", _Loader.construct_binary_text)
for _name in ("timestamp", "merge", "value"):  # of a scalar: a date, `<<` and `=`
    _Loader.add_constructor(f"{_TAG}{_name}", _Loader.construct_text)
for _name in ("set", "omap", "pairs"):  # of these Python makes what JSON has not
    _Loader.add_constructor(f"{_TAG}{_name}", _Loader.construct_unknown)


class _TagLoader(_Loader):
    """The same, with the tags of an application as objects of one member."""

    def construct_tagged(self, suffix: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return {f"!{suffix}": self.construct_scalar(node)}
        if isinstance(node, yaml.SequenceNode):
            return {f"!{suffix}": self.construct_sequence(node, deep=True)}
        if isinstance(node, yaml.MappingNode):
            return {f"!{suffix}": self.construct_mapping(node, deep=True)}
        raise BrokenYaml(f"tag !{suffix}")


_TagLoader.add_multi_constructor("!", _TagLoader.construct_tagged)
