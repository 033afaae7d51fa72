"""Reads the commands of a script. Source: POSIX.1-2017, Shell Command Language, 2.10."""

from __future__ import annotations

import re

from app.world.node.shell.reader import COMMAND_SIZE, NAME, Incomplete, SyntaxProblem
from app.world.node.shell.syntax import (
    AndOr,
    Block,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Literal,
    Loop,
    Pipeline,
    Redirected,
    Redirection,
    Simple,
    Word,
)
from app.world.node.shell.tokens import Tokens

_REDIRECTION = re.compile(r"([0-9]?)(<<-|<<|<&|<>|>>|>&|>\||<|>)")
_RESERVED = frozenset(
    ["!", "{", "}", "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "for", "case", "esac", "in"]
)
_ENDS = ("then", "elif", "else", "fi", "do", "done", "esac", "}")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=", re.ASCII)


class Parser(Tokens):
    """Reads commands, one line after the other."""

    def line(self) -> Block | None:
        """The commands up to the end of the line; None at the end of the script.

        Raises `Incomplete` where they go on after the end of the text, `SyntaxProblem`.
        """
        self.size = 0
        self.blanks(newlines=True)
        if not self.peek():
            return None
        block = self._line()
        if self.peek() == "\n":
            self.newline()
        elif self.peek():
            raise self.unexpected()
        if self.documents:
            raise Incomplete("Syntax error: here-document without an end")
        return block

    def block(self, ends: tuple[str, ...], *, may_be_empty: bool = False) -> Block:
        """Commands up to one of the reserved words or characters `ends`, which is not read."""
        self.deeper()
        commands: list[AndOr] = []
        while True:
            self.blanks(newlines=True)
            if not self.peek() or self.at(ends):
                break
            commands += self._line()
            if self.at(ends):
                break
            if self.peek() not in ("\n", ""):
                raise self.unexpected()
        self.shallower()
        if not self.peek():
            raise Incomplete(f'Syntax error: end of file unexpected (expecting "{ends[0]}")')
        if not commands and not may_be_empty:
            raise self.unexpected()
        return tuple(commands)

    def _line(self) -> Block:
        commands = [self._and_or()]
        while True:
            self.blanks()
            if self.peek() == "&" and self.peek(2) != "&&":
                raise SyntaxProblem("& is not in this simulated shell: it runs one command after the other")
            if self.peek() != ";" or self.peek(2) == ";;":
                return tuple(commands)
            self.position += 1
            self.blanks()
            if not self.peek() or self.peek() in "\n)" or self.peek(2) == ";;" or self.at(_ENDS):
                return tuple(commands)
            commands.append(self._and_or())

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while True:
            self.blanks()
            operator = self.peek(2)
            if operator not in ("&&", "||"):
                return AndOr(first, tuple(rest))
            self.position += 2
            self.blanks(newlines=True)
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Pipeline:
        self.blanks()
        negated = False
        while self.take("!"):
            negated = not negated
            self.blanks()
        commands = [self._command()]
        while True:
            self.blanks()
            if self.peek() != "|" or self.peek(2) == "||":
                return Pipeline(tuple(commands), negated)
            self.position += 1
            self.blanks(newlines=True)
            commands.append(self._command())

    def _command(self) -> Command:
        if not self.peek():
            raise Incomplete("Syntax error: end of file unexpected")
        self.deeper()
        self.size += COMMAND_SIZE
        try:
            command = self._compound()
            if command is None:
                return self._simple()
            redirections = []
            while (redirection := self._redirection()) is not None:
                redirections.append(redirection)
            return Redirected(command, tuple(redirections)) if redirections else command
        finally:
            self.shallower()

    def _compound(self) -> Command | None:
        if self.peek() == "(":
            self.position += 1
            body = self.block((")",))
            self.expect(")")
            return Group(body, subshell=True)
        if self.take("{"):
            body = self.block(("}",))
            self.expect("}")
            return Group(body, subshell=False)
        if self.take("if"):
            return self._if()
        for word in ("while", "until"):
            if self.take(word):
                condition = self.block(("do",))
                return Loop(word == "until", condition, self._do())
        if self.take("for"):
            return self._for()
        if self.take("case"):
            return self._case()
        found = NAME.match(self.text, self.position)
        if found and (parentheses := re.compile(r"[ \t]*\([ \t]*\)").match(self.text, found.end())):
            self.position = parentheses.end()
            self.blanks(newlines=True)
            before = self.size
            command = self._command()
            return Function(found[0], command, self.size - before)
        return None

    def _if(self) -> If:
        branches = []
        otherwise: Block = ()
        while True:
            condition = self.block(("then",))
            self.expect("then")
            branches.append((condition, self.block(("fi", "elif", "else"))))
            if self.take("elif"):
                continue
            if self.take("else"):
                otherwise = self.block(("fi",))
            self.expect("fi")
            return If(tuple(branches), otherwise)

    def _do(self) -> Block:
        self.expect("do")
        body = self.block(("done",))
        self.expect("done")
        return body

    def _for(self) -> For:
        self.blanks()
        found = NAME.match(self.text, self.position)
        if found is None:
            raise SyntaxProblem("Syntax error: Bad for loop variable") if self.peek() else Incomplete("for")
        self.position = found.end()
        self.blanks(newlines=True)
        words: list[Word] | None = None
        if self.take("in"):
            words = []
            self.blanks()
            while word := self.word():
                words.append(word)
                self.blanks()
        if self.peek() == ";":
            self.position += 1
        self.blanks(newlines=True)
        return For(found[0], None if words is None else tuple(words), self._do())

    def _case(self) -> Case:
        self.blanks()
        word = self.word()
        self.blanks(newlines=True)
        self.expect("in")
        items: list[tuple[tuple[Word, ...], Block]] = []
        while True:
            self.blanks(newlines=True)
            if self.take("esac"):
                return Case(word, tuple(items))
            if self.peek() == "(":
                self.position += 1
            patterns = []
            while True:
                self.blanks()
                patterns.append(self.word())
                self.blanks()
                if self.peek() != "|":
                    break
                self.position += 1
            self.expect(")")
            items.append((tuple(patterns), self.block((";;", "esac"), may_be_empty=True)))
            if self.peek(2) == ";;":
                self.position += 2

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            self.blanks()
            if (redirection := self._redirection()) is not None:
                redirections.append(redirection)
                continue
            start = self.position
            word = self.word()
            if not word and self.position == start:
                break
            first = word[0] if word else Literal("", quoted=True)
            if (
                not words
                and isinstance(first, Literal)
                and not first.quoted
                and (named := _ASSIGNMENT.match(first.text))
            ):
                rest = (Literal(first.text[named.end() :]),) if first.text[named.end() :] else ()
                assignments.append((named[1], (*rest, *word[1:])))
            elif word:
                if (
                    not words
                    and not assignments
                    and isinstance(first, Literal)
                    and word == (first,)
                    and first.text in _RESERVED
                    and not first.quoted
                ):
                    raise SyntaxProblem(f'Syntax error: "{first.text}" unexpected')
                words.append(word)
        if not assignments and not words and not redirections:
            raise self.unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self) -> Redirection | None:
        self.blanks()
        found = _REDIRECTION.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        operator = found[2]
        redirection = Redirection(int(found[1] or ("0" if operator[0] == "<" else "1")), operator)
        self.blanks()
        start = self.position
        word = self.word()
        if not word:
            raise self.unexpected()
        if operator in ("<<", "<<-"):
            raw = self.text[start : self.position]
            delimiter = "".join(part.text for part in word if isinstance(part, Literal))
            redirection.operator = "<<"
            self.documents.append((redirection, delimiter, operator == "<<-", any(mark in raw for mark in "\\'\"")))
        else:
            redirection.word = word
        return redirection
