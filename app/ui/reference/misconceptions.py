"""Statements about IRSA that a reader judges, true or false: where each comes up, and what shows the truth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from app.content import LANGUAGES, PAGES, Content, load
from app.flow.model import Step
from app.ui.draw.links import page_link
from app.ui.frame import navigation
from app.ui.reference import reference
from app.ui.state.depth import DETAIL, depth
from app.ui.text import escape, prose

_1, _2, _3, _4, _5, _6 = (step.value for step in Step)
_MARKS = {"true": "✓", "false": "✕", "once": "↺"}


@dataclass(frozen=True, kw_only=True)
class Misconception:
    """A statement that many get wrong: one that is false and believed, or one that is true and doubted.

    Its words are `misconceptions.<id>`: `claim`, `truth`, how to `see` it, and for what `once` was true `until` when.
    """

    verdict: Literal["true", "false", "once"] = "false"
    """Whether it is true; what `once` was true is false today."""
    pages: tuple[str, ...]
    """The pages on which it matters, the most telling first; it appears in the lesson of each step among them."""
    checks: tuple[str, ...] = ()
    """The checks that show the truth."""
    evidence: tuple[str, ...] = ()
    """The pieces of evidence that show it."""
    faults: tuple[str, ...] = ()
    """The faults of the lab that show it, once injected."""


MISCONCEPTIONS = {
    "webhook_injects_token": Misconception(pages=(_3, _4), checks=("webhook.volume",), evidence=("admission_review",)),
    "variables_before_a_node": Misconception(
        verdict="true", pages=(_3,), checks=("webhook.environment",), evidence=("environment",)
    ),
    "provider_issues_tokens": Misconception(pages=(_1,), checks=("provider.exists",), evidence=("provider",)),
    "private_endpoint_is_enough": Misconception(
        verdict="true", pages=(_5, _1), checks=("sts.key", "sts.signature"), faults=("F42",)
    ),
    "credentials_mounted": Misconception(pages=(_4,), checks=("token.format",), evidence=("files",)),
    "sts_request_unsigned": Misconception(verdict="true", pages=(_5,), evidence=("request",)),
    "annotation_grants": Misconception(
        pages=(_2,), checks=("service_account.annotation", "trust.decision"), faults=("F21",)
    ),
    "token_lasts_an_hour": Misconception(pages=(_4,), checks=("token.lifetime",), evidence=("token",)),
    "no_secret_needed": Misconception(verdict="true", pages=(_4,), checks=("token.bound_pod",), evidence=("token",)),
    "fs_group_required": Misconception(
        verdict="once", pages=(_4,), checks=("token.file",), evidence=("files",), faults=("F34",)
    ),
    "works_without_automount": Misconception(verdict="true", pages=(_4,), evidence=("other_token",), faults=("F36",)),
    "thumbprint_breaks": Misconception(
        verdict="once", pages=(_1,), checks=("provider.thumbprint",), evidence=("thumbprint",), faults=("F43",)
    ),
    "not_authorized_means_pod": Misconception(
        pages=(_5, _2), checks=("sts.trust", "trust.decision"), faults=("F18", "F21")
    ),
    "fallback_to_node_role": Misconception(pages=(_5, "why"), checks=("sts.credentials",), faults=("F01", "F21")),
    "node_role_stays_in_reach": Misconception(verdict="true", pages=(_6, "why"), evidence=("pod_after",)),
    "open_without_sub": Misconception(
        verdict="true", pages=(_2,), checks=("trust.scope", "trust.audience", "trust.subject"), faults=("F52",)
    ),
    "equals_takes_patterns": Misconception(
        pages=(_2,), checks=("trust.subject",), evidence=("trust_policy", "trust_decision"), faults=("F23",)
    ),
    "fixing_fixes_running": Misconception(pages=(_3, _2), checks=("pod.injected",), faults=("F04",)),
    "permissions_apply_at_once": Misconception(
        verdict="true", pages=(_6,), checks=("access.policy",), evidence=("permission_decision",)
    ),
    "session_name_tells_pod": Misconception(pages=(_6, _5), checks=("access.identity",), evidence=("identity",)),
    "provider_is_issuer_url": Misconception(pages=(_5,), evidence=("answer",)),
    "variables_hold_no_secret": Misconception(verdict="true", pages=(_3,), evidence=("environment",)),
    "webhook_takes_any_arn": Misconception(
        verdict="true", pages=(_2, _3), checks=("service_account.role_arn",), faults=("F19", "F20")
    ),
    "webhook_pod_in_kube_system": Misconception(
        pages=(_3,), checks=("webhook.registered",), evidence=("configuration",)
    ),
    "works_on_fargate": Misconception(verdict="true", pages=(_6,), faults=("F51",)),
    "token_replaced_early": Misconception(verdict="true", pages=(_4,), checks=("token.lifetime", "webhook.volume")),
    "two_addresses_of_keys": Misconception(
        verdict="true", pages=(_1,), checks=("issuer.discovery",), evidence=("discovery", "cluster_discovery")
    ),
    "role_arn_on_pod": Misconception(pages=(_3, _2), checks=("service_account.annotation",)),
    "credentials_outlive_token": Misconception(
        verdict="true", pages=(_5,), checks=("sts.expiration", "sts.credentials"), evidence=("answer",)
    ),
    "api_server_rejects_token_of_deleted_pod": Misconception(
        verdict="true", pages=(_4,), checks=("token.bound_pod",), evidence=("token",)
    ),
    "list_bucket_lists_buckets": Misconception(
        pages=(_6,), checks=("access.policy",), evidence=("permission_decision",), faults=("F47",)
    ),
    "credentials_last_a_day": Misconception(pages=(_6, _5), checks=("sts.credentials",), evidence=("answer",)),
    "one_provider_for_all_clusters": Misconception(
        pages=(_1,), checks=("provider.exists",), evidence=("provider",), faults=("F15", "F48")
    ),
    "role_for_two_accounts": Misconception(
        verdict="true", pages=(_2,), checks=("trust.subject",), evidence=("trust_policy",)
    ),
    "audience_is_an_address": Misconception(
        pages=(_3, _4), checks=("webhook.volume",), evidence=("environment", "token"), faults=("F27",)
    ),
    "long_job_needs_long_session": Misconception(pages=(_5, _6), checks=("sts.expiration",), faults=("F50",)),
    "upgrade_keeps_the_trust": Misconception(
        verdict="true", pages=(_1, _2), evidence=("provider",), faults=("F15", "F15b")
    ),
    "provider_signs_people_in": Misconception(pages=(_1,), evidence=("provider",)),
    "role_for_each_container": Misconception(pages=(_3,), evidence=("pod_after", "environment")),
    "same_program_on_a_laptop": Misconception(verdict="true", pages=(_5,), evidence=("request",)),
}
"""By id, in the order in which they are numbered."""
_NUMBERS = {id_: number for number, id_ in enumerate(MISCONCEPTIONS, 1)}


def for_page(page: str, content: Content, *, deep: bool = True) -> str:
    """The statements about that page's subject, each to be judged, and the way to all of them.

    A reader who reads the story only, so is not `deep`, also sees how to get to what the entries point at.
    """
    found = "".join(_entry(id_, content) for id_, it in MISCONCEPTIONS.items() if page in it.pages)
    everything = page_link(content, "misconceptions", escape(content.message("myths.all")))
    return f'{"" if deep else _deeper(content)}<div class="myths">{found}<p>{everything}</p></div>'


def misconceptions() -> None:
    """Draws the page on which all of them are listed; `?step=` in the address narrows it down to one page, and
    `?statement=` leads to one of them."""
    content = reference.begin("misconceptions")
    entries = "".join(_entry(id_, content, listed=True) for id_ in MISCONCEPTIONS)
    beyond = "" if depth() >= DETAIL else _deeper(content)
    find = escape(content.message("myths.find"))
    reference.lookup(
        f'<label class="filter">{find} <input type="search" data-filter autocomplete="off" spellcheck="false"></label>'
        f"{_choices(content)}{reference.counted(content, 'myths', len(MISCONCEPTIONS))}{beyond}{_score(content)}"
        f'<div class="myths">{entries}</div>',
        at=reference.asked("statement", MISCONCEPTIONS, content),
        pick=reference.asked("step", [page for page in PAGES if _bites(page)], content),
    )


def _score(content: Content) -> str:
    """How many were judged right, which the browser counts, and a button to begin again; hidden before the first
    judgement."""
    template = content.message("myths.score", answered="{answered}", right="{right}", total=len(MISCONCEPTIONS))
    again = escape(content.message("myths.again"))
    return (
        f'<p class="score" data-judged="{escape(template)}"><span role="status"></span> '
        f'<button type="button" data-again hidden>{again}</button></p>'
    )


def _deeper(content: Content) -> str:
    """How to get to what the entries point at, for a reader who reads the story only."""
    names = {"see": "myths.see", "label": "depth.label", "detail": "depth.detail"}
    sentence = content.message("myths.deeper", **{name: content.message(key) for name, key in names.items()})
    return f'<p class="caption">{prose(sentence)}</p>'


def _bites(page: str) -> bool:
    return any(page in it.pages for it in MISCONCEPTIONS.values())


def _choices(content: Content) -> str:
    """One button a page; the browser narrows the list down."""
    pages = [("", content.message("myths.every_page"))]
    pages += [(page, navigation.name(page, content)) for page in PAGES if _bites(page)]
    buttons = "".join(
        f'<button type="button" data-pick="{page}" aria-pressed="{str(not page).lower()}">{escape(name)}</button>'
        for page, name in pages
    )
    label = escape(content.message("myths.filter"))
    return f'<div class="picks" role="group" aria-label="{label}">{buttons}</div>'


def _entry(id_: str, content: Content, *, listed: bool = False) -> str:
    """One statement with the two buttons that judge it, and what is true, hidden until then. Numbered in the list."""
    it, words = MISCONCEPTIONS[id_], {key: content.message(f"misconceptions.{id_}.{key}") for key in _PARTS}
    place = _place(id_) if listed else ""
    number = f'<span class="number">{_NUMBERS[id_]}</span>' if listed else ""
    claim = re.sub(r"[`*]", "", words["claim"])
    name = content.message("myths.about" if listed else "myths.about_one", number=_NUMBERS[id_], claim=claim)
    buttons = "".join(
        f'<button type="button" data-judge="{answer}" aria-pressed="false">'
        f"{escape(content.message(f'myths.{word}'))}</button>"
        for answer, word in (("true", "yes"), ("false", "no"))
    )
    return (
        f'<article class="myth" data-statement="{id_}" data-holds="{str(it.verdict == "true").lower()}"{place}>'
        f'<div class="claim">{number}<q lang="{content.language}">{prose(words["claim"])}</q>'
        f'<div class="judge" role="group" aria-label="{escape(name)}">{buttons}</div></div>'
        f'<div aria-live="polite"><div class="truth" hidden>{_truth(id_, words, content, listed=listed)}'
        "</div></div></article>"
    )


_PARTS = ("claim", "truth", "see")


@cache
def _place(id_: str) -> str:
    """The attributes by which the browser finds a statement in the list: its pages, and its words in both languages."""
    said = [load(language).message(f"misconceptions.{id_}.{part}") for language in LANGUAGES for part in _PARTS]
    words = escape(re.sub(r"[`*]", "", " ".join([*said, *MISCONCEPTIONS[id_].faults])))
    return f' id="{id_}" data-entry data-pages="{" ".join(MISCONCEPTIONS[id_].pages)}" data-words="{words}"'


def _truth(id_: str, words: Mapping[str, str], content: Content, *, listed: bool) -> str:
    """How it was judged, what is true, and where that can be seen."""
    it = MISCONCEPTIONS[id_]
    judged = "".join(
        f'<span class="judged {word}" hidden>{escape(content.message(f"myths.{word}"))}</span>'
        for word in ("right", "wrong")
    )
    until = content.message(f"misconceptions.{id_}.until") if it.verdict == "once" else ""
    verdict = escape(content.message(f"myths.verdicts.{it.verdict}", until=until))
    where = "&nbsp;· ".join(page_link(content, page, escape(navigation.name(page, content))) for page in it.pages)
    concerns = "&nbsp;· ".join(
        [
            *(prose(content.check(check_id).title) for check_id in it.checks),
            *(escape(content.message(f"evidence.{name}.title")) for name in it.evidence),
        ]
    )
    broken = "&nbsp;· ".join(_fault(fault, content) for fault in it.faults)
    return (
        f'<p>{judged} <strong class="verdict"><span aria-hidden="true">{_MARKS[it.verdict]}</span> {verdict}</strong>'
        f"</p><p>{prose(words['truth'])}</p>"
        f"{_labelled('see', prose(words['see']), content)}"
        f"{_labelled('concerns', concerns, content) if concerns else ''}"
        f"{_labelled('lab', broken, content) if broken else ''}"
        f"{_labelled('where', where, content) if listed else ''}"
    )


def _fault(id_: str, content: Content) -> str:
    """A link to the lab, where a fault shows the truth."""
    return page_link(content, "break_it", prose(f"{id_} {content.message(f'faults.{id_}.title')}"), fault=id_)


def _labelled(key: str, html: str, content: Content) -> str:
    return f'<p class="quiet"><span class="label">{escape(content.message(f"myths.{key}"))}</span> {html}</p>'
