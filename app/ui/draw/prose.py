"""The Markdown of the content files as HTML, with links of ours in it.

`[[jwks]]` or `[[jwks|list of keys]]` is a term of the glossary, `[[F21]]` a fault of the lab, `[[thief]]` a page
of the labs, `[[compare]]` one of the reference.
"""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from app.content import LABS, REFERENCE, Content, load
from app.ui.draw.links import page_link
from app.ui.state import address
from app.ui.text import escape, held, inline_code, unheld_after_blocks

_LINK = re.compile(r"\[\[([a-z][a-z0-9_]*|F[0-9]{2}[a-z]?)(?:\|([^\[\]]+))?\]\]")


def markdown(text: str, content: Content) -> str:
    """`text` as HTML. Raw HTML in it is shown, not obeyed. Raises `ContentError` for a link to what has no words."""
    return _rendered(text, content.language, address.query(content.language))


@lru_cache(maxsize=512)
def _rendered(text: str, language: str, _address: str) -> str:
    """The HTML, kept by the address as well, because the links in it repeat parameters of the address."""
    return unheld_after_blocks(_MARKDOWN.render(held(text), {"content": load(language)}))


def _parse_link(state: StateInline, silent: bool) -> bool:
    found = _LINK.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("our_link", "", 0)
        token.meta = {"key": found[1]}
        token.content = found[2] or ""
    state.pos = found.end()
    return True


def _render_link(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, environment: EnvType
) -> str:
    key, words, content = tokens[index].meta["key"], tokens[index].content, environment["content"]
    if key in (*LABS, *REFERENCE):
        return page_link(content, key, escape(_shown(key, content, words)))
    return term(key, content, words) if key[0].islower() else fault(key, content)


def without_links(text: str, content: Content) -> str:
    """`text` with the words that each of our links in it shows."""
    return _LINK.sub(lambda found: _shown(found[1], content, found[2] or ""), text)


def _shown(key: str, content: Content, words: str) -> str:
    """What a link shows: `words` where there are any, else the page's title, the term itself or the fault's id."""
    if words or not key[0].islower():
        return words or key
    return content.lesson(key).title if key in (*LABS, *REFERENCE) else content.message(f"glossary.{key}.term")


def _render_code(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _environment: EnvType
) -> str:
    return inline_code(escape(tokens[index].content))


def term(key: str, content: Content, words: str) -> str:
    """A link to the glossary's entry of `key`, its meaning beside it; `words` instead of the term itself, if any."""
    meaning = content.message(f"glossary.{key}.meaning").replace("`", "")
    label = escape(_shown(key, content, words))
    beside = f' class="term" data-meaning="{escape(meaning)}" aria-description="{escape(meaning)}"'
    return page_link(content, "glossary", label, attributes=beside, term=key)


def fault(id_: str, content: Content) -> str:
    """A link to the lab, where the fault can be injected, with the fault's description beside it."""
    title = escape(content.message(f"faults.{id_}.title").replace("`", ""))
    beside = f' class="term fault" data-meaning="{title}" aria-description="{title}"'
    return page_link(content, "break_it", escape(id_), attributes=beside, fault=id_)


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_MARKDOWN.inline.ruler.before("link", "our_link", _parse_link)
_MARKDOWN.add_render_rule("our_link", _render_link)
_MARKDOWN.add_render_rule("code_inline", _render_code)
