"""The layers over the slides that a key shows: the keys, all slides, a number, a what-if, a black screen."""

from __future__ import annotations

from app.content import Content
from app.ui.presenting.what_if import CHOICES
from app.ui.text import escape

KEYS = {
    "forward": ("ArrowRight", "ArrowDown", "PageDown", " "),
    "back": ("ArrowLeft", "ArrowUp", "PageUp"),
    "first": ("Home",),
    "last": ("End",),
    "what_if": ("w",),
    "overview": ("o",),
    "jump": ("g",),
    "blank": ("b", "."),
    "laser": ("d",),
    "full": ("f",),
    "theme": ("t",),
    "language": ("l",),
    "notes": ("s",),
    "keys": ("?",),
    "leave": ("Escape",),
}
"""What each key does, as browsers name keys. Clickers send PageDown, PageUp, a full stop or a `b`."""
_BY_KEYBOARD = ("jump", "keys")
"""Actions without a row in the sheet: digits have to be typed, and the sheet has a button that closes it."""
_CAPS = {"ArrowRight": "→", "ArrowLeft": "←", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc"}
_BOLT = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M9.5 1 3 9h4l-1 6 7-8.5H8.5z"/></svg>'


def frame(content: Content, *, simulated_only: bool) -> str:
    """The screen without a slide, and all layers over it. `simulated_only`: the slides show a real cluster."""

    def word(key: str) -> str:
        return escape(content.message(key))

    def button(act: str, sign: str) -> str:
        name = word(f"present.key.{act}")
        return f'<button type="button" data-act="{act}" aria-label="{name}" title="{name}">{sign}</button>'

    choices = "".join(
        f'<li><button type="button" data-choice="{choice}"><b>{number}</b> '
        f"{word(f'what_if.choices.{choice}.name')}</button></li>"
        for number, choice in enumerate(CHOICES, 1)
    )
    simulated = f'<p class="simulated">{word("what_if.simulated")}</p>' if simulated_only else ""
    return (
        f'<p class="upright">{word("present.upright")}</p><div class="picture"></div>'
        f'<footer><span class="at"></span>{button("overview", "▦")}{button("back", "‹")}{button("forward", "›")}'
        f"{button('what_if', _BOLT)}{button('keys', '?')}</footer>"
        '<progress aria-hidden="true"></progress>'  # .at has the same in numbers
        f'<section class="over overview" aria-label="{word("present.key.overview")}" hidden></section>'
        f'<div class="jump" role="status" hidden><span>{word("present.jump")}</span> <b></b></div>'
        f'<section class="over what_if" aria-label="{word("what_if.heading")}" hidden>'
        f"<h1>{word('what_if.heading')}</h1>"
        f'{simulated}<ol class="choices">{choices}</ol><p class="quiet hint">{word("what_if.hint")}</p>'
        f'<p class="working" role="status" data-lost="{word("what_if.lost")}" data-late="{word("what_if.late")}"'
        f" hidden>{word('what_if.working')}</p>"
        f'<div class="result" hidden><p class="change"></p><div class="map film"></div>'
        f'<div class="says" aria-live="polite"></div><ul class="answers"></ul>'
        f'<p class="quiet apart">{word("what_if.apart")}</p></div></section>'
        f'<p class="refused leave" role="alert" hidden>{word("present.cannot_leave")}</p>'
        f'<p class="refused full" role="alert" hidden>{word("present.refused_full")}</p>'
        f'<p class="refused notes_window" role="alert" hidden>{word("present.refused_notes")}'
        f' <a target="irsa_notes">{word("present.key.notes")}</a></p>'
        f'<div class="laser" hidden></div>{_sheet(content)}'
        f'<div class="blank" role="status" hidden><span class="unseen">{word("present.blanked")}</span></div>'
    )


def _sheet(content: Content) -> str:
    """Every key with its action, which a finger or the mouse can do as well."""
    rows = "".join(
        f"<dt>{' '.join(f'<kbd>{escape(_cap(key, content))}</kbd>' for key in keys)}</dt><dd>{_row(act, content)}</dd>"
        for act, keys in KEYS.items()
    )
    words = {key: escape(content.message(f"present.{key}")) for key in ("keys", "close")}
    return (
        f'<dialog aria-labelledby="keys_heading"><h2 id="keys_heading">{words["keys"]}</h2><dl>{rows}</dl>'
        f'<p><button type="button" data-act="keys">{words["close"]}</button></p></dialog>'
    )


def _row(act: str, content: Content) -> str:
    words = escape(content.message(f"present.key.{act}"))
    return words if act in _BY_KEYBOARD else f'<button type="button" data-act="{act}">{words}</button>'


def _cap(key: str, content: Content) -> str:
    return content.message("present.key.space") if key == " " else _CAPS.get(key, key)
