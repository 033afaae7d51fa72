"""Masks secrets in texts and headers, at the moment of capture: what is recorded never held them."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "…masked…"
_JWT = re.compile(
    r"((?:(?<![\w-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)\.[A-Za-z0-9_-]+", re.ASCII
)
"""Where a word begins: also after an escaped line break of JSON and after an escaped character of a form."""
_SUBMITTED = re.compile(r"(\bWebIdentityToken=[^&.\s]*\.[^&.\s]*\.)[^&\s]+")
"""What STS is sent is taken for a token by the name of its parameter: one that was damaged need not look like one."""
_EKS = re.compile(r"\bk8s-aws-v1\.[A-Za-z0-9_=-]+")
"""The bearer token for an EKS API server: a presigned GetCallerIdentity, good for anybody who holds it."""
_PRESIGNED = re.compile(r"\b(X-Amz-(?:Signature|Security-Token)=)[^&\s\"'\\]+")
_XML = re.compile(r"<(SecretAccessKey|SessionToken)>[^<]*<")
_JSON = re.compile(r'("(?:SecretAccessKey|SessionToken|Token|client-key-data)"\s*:\s*")[^"]*"')
_ENVIRONMENT = re.compile(r"\b(AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN)=\S+")
_VARIABLE = re.compile(
    r'("name\\?"\s*:\s*\\?"(?:AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN)\\?"\s*,\s*\\?"value\\?"\s*:\s*\\?")[^"\\]*'
)
"""A variable of a container, as the Kubernetes API writes it, also inside an annotation's quoted JSON."""
_SECRET_HEADERS = {"x-amz-security-token", "x-aws-ec2-metadata-token", "cookie", "set-cookie"}


def mask_text(text: str) -> str:
    """`text` with the signature of every JWT, secret access keys and session tokens replaced by `MASK`."""
    # Looking for a word first costs a tenth of the expression, and nearly no text has one.
    if "eyJ" in text:
        text = _JWT.sub(rf"\1.{MASK}", text)
    if "WebIdentityToken=" in text:
        text = _SUBMITTED.sub(rf"\1{MASK}", text)
    if "k8s-aws-v1." in text:
        text = _EKS.sub(f"k8s-aws-v1.{MASK}", text)
    if "X-Amz-S" in text:
        text = _PRESIGNED.sub(rf"\1{MASK}", text)
    if "SecretAccessKey" in text or "Token" in text or "client-key-data" in text:
        text = _XML.sub(rf"<\1>{MASK}<", text)
        text = _JSON.sub(rf'\1{MASK}"', text)
    if "AWS_SE" in text:
        text = _VARIABLE.sub(rf"\1{MASK}", text)
        text = _ENVIRONMENT.sub(rf"\1={MASK}", text)
    return text


def mask_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers with bearer tokens, session tokens, cookies and SigV4 signatures masked."""
    return tuple((name, _mask_header(name, value)) for name, value in headers)


def _mask_header(name: str, value: str) -> str:
    lower = name.lower()
    if lower in _SECRET_HEADERS:
        return MASK
    if lower == "authorization":
        if value.startswith("AWS4-HMAC-SHA256"):
            return re.sub(r"Signature=[0-9a-f]+", f"Signature={MASK}", value)
        return f"{value.partition(' ')[0]} {MASK}"
    return mask_text(value)
