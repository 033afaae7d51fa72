"""Masks secrets in texts and headers, at the moment of capture: what is recorded never held them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from app.flow.redaction.command_lines import MASK as MASK
from app.flow.redaction.command_lines import QUOTES, SPACE, mask_arrays

_JWT = re.compile(
    r"(eyJ(?:(?<![\w-]eyJ)|(?<=\\[nrt]eyJ)|(?<=%[0-9A-Fa-f]{2}eyJ))[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)\.[A-Za-z0-9_-]+",
    re.ASCII,
)
"""Where a word begins: also after an escaped line break of JSON and after an escaped character of a form. The letters
come first, and what is before them after that: `re` then looks for the letters, and not for the rest at each place.
So it is below: `WORD=(?<!\\wWORD=)` is `\\bWORD=` at a tenth of the cost."""
_SUBMITTED = re.compile(
    r"(WebIdentityToken=(?<!\wWebIdentityToken=))"
    r"(?:([^&.\s\"\\]*+\.[^&.\s\"\\]*+\.)[^&\s\"\\]++|[^&\s\"\\]*+)"
)
"""What STS is sent is taken for a token by the name of its parameter: one that was damaged need not look like one. The
rest of the word is taken along also where it is no token: with many such names in it, trying them one by one took
quadratic time."""
_EKS = re.compile(r"k8s-aws-v1\.(?:(?<!\wk8s-aws-v1\.)|(?<=\\[nrt]k8s-aws-v1\.))[A-Za-z0-9_=-]+")
"""The bearer token for an EKS API server: a presigned GetCallerIdentity, which every holder can use."""
_PRESIGNED = re.compile(r"(X-Amz-(?<!\wX-Amz-)(?:Signature|Security-Token)=)[^&\s\"'\\]+")
_QUOTE = r"\\*+[\"']"
_XML = re.compile(r"<(SecretAccessKey|SessionToken)>[^<]*<")
_ENVIRONMENT = re.compile(
    r"((?:AWS_(?:(?<!\wAWS_)|(?<=\\[nrt]AWS_))"
    r"(?:SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CONTAINER_AUTHORIZATION_TOKEN|BEARER_TOKEN_\w+)"
    r"|aws_(?:(?<!\waws_)|(?<=\\[nrt]aws_))(?:secret_access_key|session_token|security_token))"
    rf"(?:{_QUOTE}{SPACE}(?:=>|[:=]){SPACE}b?{_QUOTE}|[ \t]*(?:=>|=)[ \t]*(?:\\*'|\\+\"|\"(?=[\w/+]))?"
    r"|[ \t]*:[ \t]*(?:\\*'|\\+\"|\"(?=[\w/+]))?(?=[^\s\"'\\]{16})))[^\s\"'\\]+"
)
"""As `env` prints it, as ~/.aws/credentials says it, and in the dumps of languages. A quote that ends a text of JSON is
not swallowed, nor what a shell says of a variable (`AWS_SESSION_TOKEN: unbound variable`)."""

_HEADER = re.compile(
    r"([AaCcXx](?:(?<![^\W_].)|(?<=\\[nrt].))(?P<pair>(?<=\([\"'].)|(?<=\(b[\"'].))?"
    r"(?i:(?<=a)uthorization|(?<=c)ookie|(?<=x)[-_](?:amz[-_]security|aws[-_]ec2[-_]metadata)[-_]token)"
    rf"(?P<quote>{_QUOTE}\]?+{SPACE})?(?(quote)|\]?+[ \t]*+)(?:=>|:|(?P<assigned>=)|(?(pair),|(?!)))"
    rf"(?(quote){SPACE}|[ \t]*+)(?:\[{SPACE}(?:\]string\{{)?+|string\(\d++\) )?+"
    rf"(?(quote)b?{_QUOTE}|(?:b?{_QUOTE}(?=[\w/+]))?+)(?i:(?:Bearer|Basic|Token|ApiKey|Negotiate|NTLM) ++)?+)"
    rf"(?!AWS4-HMAC-SHA256|eyJ|{MASK})(?(assigned)[^\s\"'\\<>&,]++|[^\s\"'\\<>]++)(?:(?<=;) [^\s\"'\\<>]++)*+"
)
"""A header within a text: a proxy may repeat the request, S3 repeats what it was to sign, and a program may dump its
headers (Python, Ruby, JavaScript, PHP, Go, Java), or the variables of CGI that have them (RFC 3875)."""
_SIGNED = re.compile(r"(Signature=(?<!\wSignature=))[0-9a-f]{64}\b")

_UNSENDABLE = re.compile(r"((?:Invalid|in) header value:? )b?(?:'(?:[^'\\]|\\.)*+'?|\"(?:[^\"\\]|\\.)*+\"?)")
"""What Python's `http.client` and requests say of a header with a line break in it: they quote its value, and not its
name. The end may have been cut off."""

_MASKED = rf"(?:k8s-aws-v1|eyJ[\w-]++\.[\w-]++)\.{MASK}"
_MEMBERS = (
    "SecretAccessKey|SessionToken|Token|secretAccessKey|sessionToken|token|password"
    "|client-key-data|clientKeyData|id-token|refresh-token"
)
_JSON = tuple(
    re.compile(rf"({q}(?:{_MEMBERS}){q}{SPACE}(?::|=>){SPACE}b?{q})(?!{_MASKED}{q}){text}(?={q})")
    for q, text in (*QUOTES, ("'", r"(?:[^'\\]|\\.)*+"))
)
"""Members of AWS's answers, of CloudTrail's records, of a TokenRequest and of a kubeconfig; also as Python and Ruby
print them."""
_FIELD = tuple(
    re.compile(rf"({end}(?<=[Ss]{rest})(?<![\w\"'][Ss]{rest})[ \t]*[:=][ \t]*['\"]?)(?!…)[^\s'\",{{}}\\<]+")
    for end, rest in (("AccessKey", "ecretAccessKey"), ("Token", "essionToken"))
)
"""As Go and JavaScript print the credentials of their SDKs."""
_HARMLESS = r"AWS_(?!SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CONTAINER_AUTHORIZATION_TOKEN{q}|BEARER_TOKEN)\w++"
_VARIABLE = tuple(
    re.compile(
        rf"({q}name{q}{SPACE}:{SPACE}{q}(?!{_HARMLESS.format(q=q)}{q}){text}{q}"
        rf"{SPACE},{SPACE}{q}value{q}{SPACE}:{SPACE}{q}){text}(?={q})"
    )
    for q, text in QUOTES
)
"""A variable of a container, as the Kubernetes API writes it, also inside an annotation's quoted JSON.

What an application reads from a variable is its own business: only a variable that an AWS SDK reads is shown.
"""
_PATCH = re.compile(r"(\"patch\"\s*+:\s*+\")([A-Za-z0-9+/=]++)(?=\")")
"""In an AdmissionReview's answer: a JSON patch in Base64, which may replace whole containers."""
_SECRET_HEADERS = {
    *("x-amz-security-token", "x-aws-ec2-metadata-token", "cookie", "set-cookie"),
    *("x-amz-server-side-encryption-customer-key", "x-amz-copy-source-server-side-encryption-customer-key"),
}

_UNCHANGED: set[int] = set()
"""The hashes of texts without a secret: most of what a walk masks is what the walk before it masked. Python's hash has
64 bits and a key of the process (PEP 456), so that no text with a secret will have one of these.
"""
UNCHANGED_TEXTS = 16_384
"""How many are remembered: of a hundred worlds, 160 each. They take 1.5 MB."""


def mask_text(text: str) -> str:
    """`text` with the signature of every JWT, secret access keys and session tokens replaced by `MASK`."""
    if hash(text) in _UNCHANGED:
        return text
    masked = _mask(text)
    if masked == text:
        if len(_UNCHANGED) >= UNCHANGED_TEXTS:
            _UNCHANGED.clear()
        _UNCHANGED.add(hash(text))
    return masked


def _mask(text: str) -> str:
    # Looking for a word first costs a tenth of the expression, and nearly no text has one. A walk masks some 600 texts,
    # most of them short, so the words are looked for one by one: a generator over them would cost four times as much.
    if "eyJ" in text:
        text = _JWT.sub(rf"\1.{MASK}", text)
    if "WebIdentityToken=" in text:
        text = _SUBMITTED.sub(lambda found: f"{found[1]}{found[2]}{MASK}" if found[2] else found[0], text)
    if "k8s-aws-v1." in text:
        text = _EKS.sub(f"k8s-aws-v1.{MASK}", text)
    if "X-Amz-S" in text:
        text = _PRESIGNED.sub(rf"\1{MASK}", text)
    lower = text.casefold()  # of a header's name any case will do
    if (
        "authorization" in lower
        or "cookie" in lower
        or "amz-security" in lower
        or "amz_security" in lower
        or "ec2-metadata" in lower
        or "ec2_metadata" in lower
    ):
        text = _HEADER.sub(rf"\1{MASK}", text)
    if "header value" in text:
        text = _UNSENDABLE.sub(rf"\1{MASK}", text)
    if "Signature=" in text:
        text = _SIGNED.sub(rf"\1{MASK}", text)
    if "AccessKey" in text or "oken" in text or "password" in text or "key-data" in text or "KeyData" in text:
        text = _XML.sub(rf"<\1>{MASK}<", text)
        for expression in (*_JSON, *_FIELD):
            text = expression.sub(rf"\1{MASK}", text)
    if '"value' in text:
        for expression in _VARIABLE:
            text = expression.sub(rf"\1{MASK}", text)
    if "AWS_SE" in text or "AWS_CONTAINER_AUTH" in text or "AWS_BEARER" in text or "aws_se" in text:
        text = _ENVIRONMENT.sub(rf"\1{MASK}", text)
    if 'args"' in text or 'command"' in text or 'args\\"' in text or 'command\\"' in text:
        text = mask_arrays(text)
    if '"patch"' in text:
        text = _PATCH.sub(lambda found: found[1] + _mask_base64(found[2]), text)
    return text


def _mask_base64(encoded: str) -> str:
    try:
        content = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return MASK
    masked = mask_text(content)
    return encoded if masked == content else base64.b64encode(masked.encode()).decode()


def mask_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers with bearer tokens, session tokens, keys of SSE-C, cookies and SigV4 signatures masked."""
    return tuple((name, _mask_header(name, value)) for name, value in headers)


def _mask_header(name: str, value: str) -> str:
    lower = name.lower()
    if lower in _SECRET_HEADERS:
        return MASK
    if lower in ("authorization", "proxy-authorization"):
        if value.startswith("AWS4-HMAC-SHA256"):
            return re.sub(r"Signature=[0-9a-f]+", f"Signature={MASK}", value)
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {MASK}" if space else MASK  # without a scheme, as SDKs send a container's token
    return mask_text(value)
