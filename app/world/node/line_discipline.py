"""A terminal's line discipline in canonical mode (termios(3)): echo, editing of a line, Ctrl-C and Ctrl-D.

`kubectl exec -it` puts the learner's own terminal into raw mode: each key comes as it is pressed, and the terminal of
the container echoes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LINE_LIMIT = 4095
"""Bytes of one line (`N_TTY_BUF_SIZE`)."""
_INTERRUPT, _END, _ERASE, _BACKSPACE, _KILL, _WORD = 0x03, 0x04, 0x7F, 0x08, 0x15, 0x17


@dataclass
class Typed:
    """The result of some keys."""

    echo: bytearray = field(default_factory=bytearray)
    lines: list[bytes] = field(default_factory=list)
    """Finished lines; an empty one is the end of the input."""
    interrupted: bool = False


class LineDiscipline:
    """Collects keys into lines."""

    def __init__(self) -> None:
        self._line = bytearray()

    def type(self, keys: bytes) -> Typed:
        """Takes keys as they were pressed."""
        typed = Typed()
        for key in keys:
            self._press(key, typed)
        return typed

    def _press(self, key: int, typed: Typed) -> None:
        if key in (0x0D, 0x0A):
            typed.echo += b"\r\n"
            self._finish(typed, b"\n")
        elif key == _END:
            self._finish(typed, b"")
        elif key == _INTERRUPT:
            typed.echo += b"^C\r\n"
            typed.interrupted = True
            self._line.clear()
        elif key in (_ERASE, _BACKSPACE):
            self._erase(1, typed)
        elif key == _KILL:
            self._erase(len(self._line), typed)
        elif key == _WORD:
            kept = bytes(self._line).rstrip(b" ").rpartition(b" ")
            self._erase(len(self._line) - len(kept[0] + kept[1]), typed)
        elif len(self._line) < LINE_LIMIT:
            self._line.append(key)
            typed.echo += bytes((0x5E, key ^ 0x40)) if key < 0x20 and key != 0x09 else bytes((key,))

    def _finish(self, typed: Typed, end: bytes) -> None:
        typed.lines.append(bytes(self._line) + end)
        self._line.clear()

    def _erase(self, count: int, typed: Typed) -> None:
        for _ in range(min(count, len(self._line))):
            # A character of UTF-8 is its first byte and the bytes that continue it.
            while len(self._line) > 1 and self._line[-1] & 0xC0 == 0x80:
                self._line.pop()
            self._line.pop()
            typed.echo += b"\b \b"
            if not self._line:
                return
