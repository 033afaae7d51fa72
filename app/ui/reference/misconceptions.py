"""What people get wrong about IRSA: where each misconception bites, and what on our pages shows what is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.content import PAGES, Content
from app.flow.model import Step
from app.ui.draw.links import page_link
from app.ui.frame import navigation
from app.ui.reference import reference
from app.ui.state.depth import DETAIL, depth
from app.ui.text import escape, prose

_1, _2, _3, _4, _5, _6 = (step.value for step in Step)
_MARKS = {"never": "✕", "once": "↺", "partly": "½"}


@dataclass(frozen=True, kw_only=True)
class Misconception:
    """One of them. Its words are `misconceptions.<id>`: `claim`, `truth`, and how to `see` it."""

    verdict: Literal["never", "once", "partly"] = "never"
    """Whether it never held, once did, or holds in part."""
    pages: tuple[str, ...]
    """The pages on which it bites, the most telling first; it appears in the lesson of each step among them."""
    checks: tuple[str, ...] = ()
    """The checks that show what is so."""
    evidence: tuple[str, ...] = ()
    """The pieces of evidence that do."""
    faults: tuple[str, ...] = ()
    """The faults of the lab that do, once caused."""


MISCONCEPTIONS = {
    "webhook_injects_token": Misconception(pages=(_3, _4), checks=("webhook.volume",), evidence=("admission_review",)),
    "kubelet_sets_variables": Misconception(pages=(_3,), checks=("webhook.environment",), evidence=("environment",)),
    "provider_issues_tokens": Misconception(pages=(_1,), checks=("provider.exists",), evidence=("provider",)),
    "sts_asks_cluster": Misconception(pages=(_5, _1), checks=("sts.key", "sts.signature"), faults=("F42",)),
    "credentials_mounted": Misconception(pages=(_4,), checks=("token.format",), evidence=("files",)),
    "sts_request_signed": Misconception(pages=(_5,), evidence=("request",)),
    "annotation_grants": Misconception(
        pages=(_2,), checks=("service_account.annotation", "trust.decision"), faults=("F21",)
    ),
    "token_lasts_an_hour": Misconception(pages=(_4,), checks=("token.lifetime",), evidence=("token",)),
    "secret_token": Misconception(pages=(_4,), checks=("token.bound_pod",), evidence=("token",)),
    "fs_group_required": Misconception(
        verdict="once", pages=(_4,), checks=("token.file",), evidence=("files",), faults=("F34",)
    ),
    "automount_required": Misconception(pages=(_4,), evidence=("other_token",), faults=("F36",)),
    "thumbprint_breaks": Misconception(
        verdict="once", pages=(_1,), checks=("provider.thumbprint",), evidence=("thumbprint",), faults=("F43",)
    ),
    "not_authorized_means_pod": Misconception(
        pages=(_5, _2), checks=("sts.trust", "trust.decision"), faults=("F18", "F21")
    ),
    "fallback_to_node_role": Misconception(
        verdict="partly", pages=(_5, "why"), checks=("sts.credentials",), faults=("F01", "F21")
    ),
    "blocks_node_role": Misconception(pages=(_6, "why"), evidence=("pod_after",)),
    "conditions_optional": Misconception(
        verdict="partly", pages=(_2,), checks=("trust.scope", "trust.audience", "trust.subject"), faults=("F52",)
    ),
    "equals_takes_patterns": Misconception(
        pages=(_2,), checks=("trust.subject",), evidence=("trust_policy", "trust_decision"), faults=("F23",)
    ),
    "fixing_fixes_running": Misconception(pages=(_3, _2), checks=("pod.injected",), faults=("F04",)),
    "permissions_need_new_credentials": Misconception(
        pages=(_6,), checks=("access.policy",), evidence=("permission_decision",)
    ),
    "session_name_tells_pod": Misconception(pages=(_6, _5), checks=("access.identity",), evidence=("identity",)),
    "provider_is_issuer_url": Misconception(pages=(_5,), evidence=("answer",)),
    "two_variables": Misconception(verdict="partly", pages=(_3,), evidence=("environment",)),
    "webhook_checks_arn": Misconception(pages=(_2, _3), checks=("service_account.role_arn",), faults=("F19", "F20")),
    "webhook_pod_in_kube_system": Misconception(
        verdict="partly", pages=(_3,), checks=("webhook.registered",), evidence=("configuration",)
    ),
    "pod_identity_replaces": Misconception(pages=(_6,), faults=("F51",)),
    "twenty_two_hours": Misconception(pages=(_4,), checks=("token.lifetime", "webhook.volume")),
    "inner_discovery_is_public": Misconception(
        pages=(_1,), checks=("issuer.discovery",), evidence=("discovery", "cluster_discovery")
    ),
    "role_arn_on_pod": Misconception(pages=(_3, _2), checks=("service_account.annotation",)),
    "access_ends_with_token": Misconception(
        pages=(_5,), checks=("sts.expiration", "sts.credentials"), evidence=("answer",)
    ),
    "deleted_pod_voids_token": Misconception(
        verdict="partly", pages=(_4,), checks=("token.bound_pod",), evidence=("token",)
    ),
    "list_bucket_lists_buckets": Misconception(
        pages=(_6,), checks=("access.policy",), evidence=("permission_decision",), faults=("F47",)
    ),
    "credentials_last_a_day": Misconception(pages=(_6, _5), checks=("sts.credentials",), evidence=("answer",)),
}
"""By id, in the order in which they are numbered."""
_NUMBERS = {id_: number for number, id_ in enumerate(MISCONCEPTIONS, 1)}


def for_page(page: str, content: Content, *, deep: bool = True) -> str:
    """What people get wrong about that page's subject, each behind its claim, and the way to all of them.

    A reader who reads the story only, so is not `deep`, also sees how to get to what the entries point at.
    """
    found = "".join(_entry(id_, content) for id_, it in MISCONCEPTIONS.items() if page in it.pages)
    everything = page_link(content, "misconceptions", escape(content.message("myths.all")))
    return f'{"" if deep else _deeper(content)}<div class="myths">{found}<p>{everything}</p></div>'


def misconceptions() -> None:
    """Draws the page on which all of them are listed; `?step=` in the address narrows it down to one page."""
    content = reference.begin("misconceptions")
    entries = "".join(_entry(id_, content, listed=True) for id_ in MISCONCEPTIONS)
    beyond = "" if depth() >= DETAIL else _deeper(content)
    reference.lookup(
        f"{_choices(content)}{reference.counted(content, 'myths', len(MISCONCEPTIONS))}{beyond}"
        f'<div class="myths">{entries}</div>',
        pick=reference.asked("step", [page for page in PAGES if _bites(page)]),
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
    """One claim, which opens what is so. In the list it is numbered and says where it bites."""
    it, words = MISCONCEPTIONS[id_], {key: content.message(f"misconceptions.{id_}.{key}") for key in _PARTS}
    place = f' id="{id_}" data-entry data-pages="{" ".join(it.pages)}"' if listed else ""
    number = f'<span class="number">{_NUMBERS[id_]}</span>' if listed else ""
    where = " · ".join(page_link(content, page, escape(navigation.name(page, content))) for page in it.pages)
    bites = _labelled("where", where, content) if listed else ""
    concerns = " · ".join(
        [
            *(prose(content.check(check_id).title) for check_id in it.checks),
            *(escape(content.message(f"evidence.{name}.title")) for name in it.evidence),
        ]
    )
    broken = " · ".join(_fault(fault, content) for fault in it.faults)
    verdict = escape(content.message(f"myths.verdicts.{it.verdict}"))
    return (
        f'<details class="myth"{place}><summary>{number}<q lang="{content.language}">{prose(words["claim"])}</q>'
        f'<span class="ask">{escape(content.message("myths.ask"))}</span></summary>'
        f'<div class="truth {it.verdict}"><p><strong class="verdict"><span aria-hidden="true">{_MARKS[it.verdict]}'
        f"</span> {verdict}</strong> {prose(words['truth'])}</p>"
        f"{_labelled('see', prose(words['see']), content)}"
        f"{_labelled('concerns', concerns, content) if concerns else ''}"
        f"{_labelled('lab', broken, content) if broken else ''}{bites}</div></details>"
    )


_PARTS = ("claim", "truth", "see")


def _fault(id_: str, content: Content) -> str:
    """The way to the lab, where a fault shows what is so."""
    return page_link(content, "break_it", prose(f"{id_} {content.message(f'faults.{id_}.title')}"), fault=id_)


def _labelled(key: str, html: str, content: Content) -> str:
    return f'<p class="quiet"><span class="label">{escape(content.message(f"myths.{key}"))}</span> {html}</p>'
