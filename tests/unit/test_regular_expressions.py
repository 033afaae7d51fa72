"""No regular expression of the app takes more than linear time: one long text would keep all visitors waiting."""

import ast
import copy
import dataclasses
import importlib
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

import app
from tests.automaton import Automaton
from tests.backtracking import slow

FLAGS = {"compile": 1, "match": 2, "fullmatch": 2, "search": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4}
"""The functions of `re` that the app calls, and where the flags stand among their arguments."""
ANYWHERE = FLAGS.keys() - {"compile", "match", "fullmatch"}
PASSED_ON = {"search", "fullmatch"}
"""What may be done with an expression that goes to other code."""
OURS = "reads what this app, Streamlit or the loader of programs has written"
MESSAGE = "reads an error message: no more than twice 4,096 characters (`log_sentences`, `diagnosis_file`)"
CONFINED = "runs in a process of its own, which is confined and ends after some CPU seconds"
LOOKS_BACK = "looks back at several characters, one of which the repetition does not match"
REVIEWED = {
    "app.console.confinement._LIBRARY": OURS,
    "app.console.filters.lines._TOKEN": CONFINED,
    "app.content.loader._HEADING": OURS,
    "app.flow.doctor.log.error_fixes._DENIED_FILE": MESSAGE,
    "app.flow.doctor.log.error_fixes._NO_CACHE": MESSAGE,
    "app.flow.doctor.log.error_fixes._NO_FILE": MESSAGE,
    "app.flow.lessons.predictions._JWT": LOOKS_BACK,
    "app.flow.lessons.webhook_limits._JWT": LOOKS_BACK,
    "app.flow.missions.mission_file._ACTION": "goes to `matching`, which reads from the beginning to the end",
    "app.flow.missions.mission_file._SERVICE_ACCOUNT": "goes to `matching`, which reads from the beginning to the end",
    "app.flow.redaction._ENVIRONMENT": LOOKS_BACK,
    "app.flow.redaction._JWT": LOOKS_BACK,
    "app.flow.redaction.command_lines._ARRAYS": (
        "gives nothing back from word to word; and words are looked for in an array that was found, where each ends"
    ),
    "app.flow.verdict.connection_errors._NO_TRUST": MESSAGE,
    "app.flow.verdict.connection_errors._NO_WAY": MESSAGE,
    "app.flow.verdict.connection_errors._OTHER_HOST": MESSAGE,
    "app.flow.verdict.connection_errors._PROXY_REFUSES": MESSAGE,
    "app.flow.verdict.connection_errors._REFUSED_AT_ONCE": MESSAGE,
    "app.flow.verdict.error_messages._CODE": MESSAGE,
    "app.flow.verdict.error_messages._DENYING": MESSAGE,
    "app.flow.verdict.error_messages._NO_ONE": MESSAGE,
    "app.flow.verdict.error_messages._NO_REGION": MESSAGE,
    "app.flow.verdict.error_messages._STS": MESSAGE,
    "app.flow.verdict.error_messages._TOKEN_FILE": MESSAGE,
    "app.flow.verdict.log_sentences._SENTENCE": MESSAGE,
    "app.serving.first_paint._TITLE": OURS,
    "app.serving.security_headers._INLINE": OURS,
    "app.ui.figures.diagram._BOX": OURS,
    "app.ui.figures.diagram.svg.named": OURS,
    "app.ui.figures.render_diagrams._TITLE": OURS,
    "app.ui.text.prose": "ends at a pair of stars, and such a pair ends every run of them in which it begins",
    "app.world.node.programs.shared_config._VARIABLE": "reads a path, cut off at `PATH_LIMIT`",
}
"""The expressions that may take more, and why they do not, or why that is no harm."""
MADE = {
    "app.console.filters.arguments._short": CONFINED,
    "app.console.filters.lines.grep": CONFINED,
    "app.flow.doctor.pods.choosing._is_named_after": "ends in one of `_NAMES`, which read an object's name",
    "app.world.aws.parameters.text": "compiles what the constraints give it, which are looked at as they are",
    "app.world.servers.servers.__init__": "Starlette's for a path: a part of it, and what is left",
}
"""The functions that make an expression of what only they know."""


def test_each_takes_linear_time():
    methods, attributes, where, found = defaultdict(set), defaultdict(set), {}, {}
    modules = list(uses())
    for module in modules:
        for expression, names in module.methods.items():
            methods[expression] |= names
        for attribute, names in module.by_attribute.items():
            attributes[attribute] |= names
        where = module.where | where
    for module in modules:
        for expression, attribute in module.attributes.items():
            methods[expression] |= attributes[attribute] if attribute else set()
    for expression, name in where.items():
        called = methods[expression] & FLAGS.keys() or PASSED_ON
        for is_search, to_the_end in {(method in ANYWHERE, method == "fullmatch") for method in called}:
            if texts := slow_texts(expression, is_search=is_search, to_the_end=to_the_end):
                found[name] = found.get(name, set()) | texts
    assert {name: texts for name, texts in found.items() if name not in REVIEWED} == {}
    assert REVIEWED.keys() == found.keys()
    assert set().union(*(module.made for module in modules)) == MADE.keys()
    assert len(where) > 300


def slow_texts(expression, **how):
    flags = expression.flags & ~re.UNICODE if isinstance(expression.pattern, bytes) else expression.flags
    return set(slow(Automaton(expression.pattern, flags, **how)))


FIELD, SELECTOR = r"(.*)\['(.*)'\]", r"[ \t\r\n]*(==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+)"


@pytest.mark.parametrize(
    ("expression", "how"),
    [
        (FIELD, "fullmatch"),
        (SELECTOR, "search"),
        (r"a*a*", "fullmatch"),
        (r"(?:a|a)*b", "match"),
        (r"(a*)*b", "match"),
        (r"(\w+\.?)*\w+", "fullmatch"),
        (r"# +(.*?) *", "fullmatch"),
        (r"\s+$", "search"),
        (r".*?x", "search"),
        (r"a++b", "search"),
        (r"(?=[^\"]*x)a", "search"),
        (r"eyJ[\w-]+\.x", "search"),
        (r"\S*\d\S*", "search"),
        (r"(?i)KEY=[^ ]+ ", "search"),
        (r"(?<![0-9])\d+ ", "search"),
    ],
)
def test_what_takes_more_is_found(expression, how):
    assert slow_texts(re.compile(expression), is_search=how in ANYWHERE, to_the_end=how == "fullmatch")


@pytest.mark.parametrize(
    ("expression", "how"),
    [
        (r"(?s)(.*?)(!=|==|=)(.*)", "fullmatch"),
        (r"(?<!\S)[^\s\d]*+\d\S*", "search"),
        (r"(?<!a)a+b", "search"),
        (r"^(?>.*?a).*b", "search"),
        (r"^a*b", "search"),
        (r"\b\w+x", "search"),
        (r"(?:a+b)*", "fullmatch"),
        (r"(\w+\.)*\w+", "fullmatch"),
        (r'"[^"]*"', "search"),
        (r"(?:[a-z]{4})*", "fullmatch"),
        (r"[^\n]*\n|[^\n]+", "search"),
    ],
)
def test_what_takes_no_more_is_not(expression, how):
    assert not slow_texts(re.compile(expression), is_search=how in ANYWHERE, to_the_end=how == "fullmatch")


class Uses(ast.NodeVisitor):
    """The expressions of one module, and which methods are called on each. By function, what no one can evaluate."""

    def __init__(self, module):
        self.space = vars(module)
        self.names = {}
        self.methods = defaultdict(set)
        self.by_attribute = defaultdict(set)
        self.where, self.made, self.attributes = {}, set(), {}
        self._function, self._named = module.__name__, {}
        for name, value in self.space.items():
            for found, attribute in patterns_in(value):
                self.where[found] = f"{module.__name__}.{name}"
                self.attributes[found] = attribute
                self.names.setdefault(name, []).append(found)

    def visit_FunctionDef(self, node):
        outside, self._function = self._function, f"{self._function}.{node.name}"
        self.generic_visit(node)
        self._function = outside

    def visit_Assign(self, node):
        self.generic_visit(node)
        found = self._made(node.value)
        if found and node.value.func.attr == "compile" and isinstance(node.targets[0], ast.Name):
            self.names.setdefault(node.targets[0].id, [found])

    def visit_For(self, node):
        if isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Name) and node.iter.id in self.names:
            self.names[node.target.id] = self.names[node.iter.id]
            node.iter = ast.Constant(())
        self.generic_visit(node)

    def visit_Attribute(self, node):
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in self.names:
            self._called(self.names[owner.id], node.attr)
            return
        if isinstance(owner, ast.Attribute):
            self.by_attribute[owner.attr].add(node.attr)
        elif found := self._made(owner):
            self._called([found], node.attr)
        self.generic_visit(node)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in self.names:
            self._called(self.names[node.id], *PASSED_ON)

    def visit_Call(self, node):
        self.generic_visit(node)
        if (found := self._made(node)) and node.func.attr != "compile":
            self._called([found], node.func.attr)

    def _called(self, expressions, *methods):
        for expression in expressions:
            self.methods[expression] |= {*methods}

    def _made(self, node):
        """The expression that a call of `re` makes or looks for."""
        function = getattr(node, "func", None)
        if not (isinstance(function, ast.Attribute) and ast.unparse(function.value) == "re" and function.attr in FLAGS):
            return None
        place = FLAGS[function.attr]
        flags = next((it.value for it in node.keywords if it.arg == "flags"), (node.args[place:] or [None])[0])
        try:
            known = self.space if self._function != self.space["__name__"] else None
            text = self._value(Plain(known).visit(copy.deepcopy(node.args[0])))
            found = re.compile(text, self._value(flags) if flags else 0)
        except NameError:
            if self._function != self.space["__name__"]:  # what a module makes is in it
                self.made.add(self._function)
            return None
        self.where.setdefault(found, self._function)
        return found

    def _value(self, node):
        return eval(compile(ast.fix_missing_locations(ast.Expression(node)), "", "eval"), dict(self.space))  # noqa: S307


class Plain(ast.NodeTransformer):
    """What is escaped, and a name that only the function knows, stand for any letter."""

    def __init__(self, known):
        self._known = known

    def visit_Call(self, node):
        return ast.Constant("x") if ast.unparse(node.func) == "re.escape" else node

    def visit_FormattedValue(self, node):
        self.generic_visit(node)
        unknown = self._known is not None and ast.unparse(node.value).partition(".")[0] not in self._known
        return ast.Constant("x") if isinstance(node.value, ast.Constant) or unknown else node


def patterns_in(value, attribute=""):
    """The expressions in a value of a module, each with the attribute of an object that has it."""
    if isinstance(value, re.Pattern):
        yield value, attribute
    elif isinstance(value, Mapping | tuple | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from patterns_in(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from patterns_in(getattr(value, field.name), field.name)


def uses():
    root = Path(app.__file__).parent
    for path in sorted(root.rglob("*.py")):
        text = path.read_text("utf-8")
        if "import re\n" in text:
            name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
            found = Uses(importlib.import_module(name))
            found.visit(ast.parse(text))
            yield found
