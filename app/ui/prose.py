"""The Markdown of the content files as HTML, the glossary's terms as links: `[[jwks]]`, `[[jwks|list of keys]]`."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.content import Content, load
from app.ui import address
from app.ui.text import escape, page_link

_TERM = re.compile(r"\[\[([a-z][a-z0-9_]*)(?:\|([^\]]+))?\]\]")


def markdown(text: str, content: Content) -> str:
    """`text` as HTML. Raw HTML in it is shown, not obeyed. Raises `ContentError` for a term that no glossary has."""
    return _rendered(text, content.language, address.query(content.language))


@lru_cache(maxsize=512)
def _rendered(text: str, language: str, _address: str) -> str:
    """Kept by the address as well, since the links in it carry that on."""
    return str(_MARKDOWN.render(text, {"content": load(language)}))


def _parse_term(state: StateInline, silent: bool) -> bool:
    found = _TERM.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("term", "", 0)
        token.meta = {"key": found[1]}
        token.content = found[2] or ""
    state.pos = found.end()
    return True


def _render_term(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, environment: EnvType
) -> str:
    token, content = tokens[index], environment["content"]
    return term(token.meta["key"], content, token.content)


def term(key: str, content: Content, words: str = "") -> str:
    """A link to the glossary's entry of `key`, its meaning beside it; `words` in place of the term itself."""
    meaning = content.message(f"glossary.{key}.meaning").replace("`", "")
    label = escape(words or content.message(f"glossary.{key}.term"))
    beside = f' class="term" data-meaning="{escape(meaning)}" aria-description="{escape(meaning)}"'
    return page_link(content, "glossary", label, attributes=beside, term=key)


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.inline.ruler.before("link", "term", _parse_term)
_MARKDOWN.add_render_rule("term", _render_term)
