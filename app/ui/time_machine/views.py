"""One moment of the time machine as HTML: the answers, the token's file, what Pods see."""

from __future__ import annotations

from collections.abc import Iterable

from app.content import Content
from app.flow.json_access import get_str
from app.flow.model import Subject
from app.ui.draw.checks import listed, unread
from app.ui.draw.server_answers import Answer, row
from app.ui.state import session
from app.ui.text import breakable, escape, prose, utc, whole_words
from app.ui.time_machine.probes import First, Late, Moment, Ran
from app.world.lifecycle.experiments import DEFAULT
from app.world.setup.scenario import NAMESPACE, POD_BEFORE


def answers(asked: Moment, content: Content, *, expired: bool, gone: bool) -> str:
    """The answers of STS, the API server and S3 at this moment; `expired` says whether the first token has expired,
    `gone` whether its Pod was deleted."""
    found = {"sts": asked.sts, "review": asked.review} | ({"s3": asked.s3} if asked.s3 else {})
    rows = "".join(_row(name, answer, content) for name, answer in found.items())
    disagree = ""
    if asked.sts.taken and not asked.review.taken:
        key = ("expired_gone" if gone else "expired") if expired else "revoked"
        words = prose(content.message(f"time_machine.disagree.{key}"))
        disagree = f'<p role="status"><strong>{words}</strong></p>'
    return (
        f'<h2 class="heading">{escape(content.message("time_machine.now"))}</h2>'
        f'<p class="caption">{prose(content.message("time_machine.now_caption"))}</p>'
        f'<ol class="answers">{rows}</ol>{disagree}'
    )


def _row(name: str, answer: Answer, content: Content) -> str:
    title = content.message(f"time_machine.asked.{name}.title")
    part = "note" if name == "review" else "taken" if answer.taken else "refused"
    return row(title, answer, content, note=content.message(f"time_machine.asked.{name}.{part}"))


def file(asked: Moment, kept: First, content: Content) -> str:
    """The token in the file, and whether it is still the first one."""
    heading = f'<h2 class="heading">{escape(content.message("time_machine.file"))}</h2>'
    if asked.unread:
        words = f'<p class="failed">{prose(content.message("time_machine.no_file"))}</p>'
        return heading + words + unread(asked.unread, session.subject(), content)
    same = get_str(asked.mounted, "jti") == get_str(kept.claims, "jti")
    word = prose(content.message(f"time_machine.{'same_token' if same else 'other_token'}"))
    rows = "".join(
        f"<dt><code>{name}</code></dt><dd><code>{shown}</code></dd>"
        for name, shown in (
            ("jti", breakable(get_str(asked.mounted, "jti"))),
            *((name, f"{asked.mounted.get(name)} · {utc(asked.mounted.get(name) or 0)}") for name in ("iat", "exp")),
        )
    )
    return f"{heading}<p>{word}</p><dl>{rows}</dl>"


def ran(pod: str, done: Ran, content: Content) -> str:
    """The output of a program in the Pod."""
    heading = escape(content.message("time_machine.pod", pod=pod))
    command = f"$ kubectl exec {pod} -- aws s3 ls"
    return (
        f'<h2 class="heading">{heading}</h2><p class="caption">{prose(content.message("time_machine.pod_caption"))}</p>'
        f'<pre class="log"><b>{whole_words(escape(command))}</b>\n{escape(done.printed)}</pre>'
    )


def late(pod: Late, content: Content) -> str:
    """The Pod that may be older than the annotation: the doctor's check, and what it can do."""
    key = "edited" if pod.variables else "older"
    subject = Subject(namespace=NAMESPACE, service_account=DEFAULT, pod=POD_BEFORE)
    trusted = session.subject().service_account
    words = content.message(f"time_machine.late.{key}", service_account=trusted)
    return (
        f'<h2 class="heading">{escape(content.message("time_machine.late.heading", pod=POD_BEFORE))}</h2>'
        f"<p>{prose(words)}</p>"
        f"{listed([pod.age], subject, content)}{ran(POD_BEFORE, pod.ran, content)}"
    )


def not_now(reasons: Iterable[str], pod: str, content: Content) -> str:
    """Why some buttons cannot be pressed at this moment: also for a reader who sees no tooltip."""
    words = (content.message(f"time_machine.{why}", pod=pod) for why in reasons)
    return "".join(f'<p class="caption">{prose(sentence)}</p>' for sentence in words)
