"""The contents of an exchange: the values of a beat's sentence, the text on what travels, and what stays.

Everything is read from the bytes of the exchange. Where an exchange shows only the result of a beat, the values are
read from that result. What cannot be read is left out.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from types import MappingProxyType
from urllib.parse import parse_qs, unquote

from app.flow.annotations import PREFIX
from app.flow.film.beat import Arrival
from app.flow.json_access import get, get_list, get_object, get_str, seconds, shown, strings
from app.flow.matching.nearest import statements
from app.flow.model import Exchange, JsonObject, JsonValue
from app.flow.names import annotated_role_arn, audience_claim, runs_as
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE
from app.flow.strict_json import loads_or_none
from app.flow.token import claims_of
from app.flow.webhook import VOLUME

_KEYS = ("iss", "sub", "aud")


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The contents of one exchange."""

    values: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[tuple[str, str], ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    made: JsonValue = None
    """The object or value that it made and that can be read later. It may have been changed by then."""


def contents(beat_id: str, exchange: Exchange) -> Contents:
    """The contents of an exchange, read by that beat's rules. Never raises: an exchange may be of any server."""
    reader = _READERS.get(beat_id)
    return reader(exchange) if reader else Contents()


def refusal(exchange: Exchange) -> str:
    """The server's error message where it refused; else empty."""
    if exchange.status < 400:
        return exchange.error
    if code := element(exchange.response_body, "Code"):
        return f"{code}: {element(exchange.response_body, 'Message')}"
    return f"{exchange.status} {get_str(loads_or_none(exchange.response_body), 'message')}".strip()


def form(exchange: Exchange) -> Mapping[str, str]:
    """The fields of a request in AWS's query protocol."""
    return _fields(exchange.request_body)


@lru_cache(maxsize=256)
def _fields(body: str) -> Mapping[str, str]:
    """Of one body. A film reads each several times."""
    return MappingProxyType({name: found[0] for name, found in parse_qs(body).items()})


def sent_claims(exchange: Exchange) -> dict[str, JsonValue]:
    """The claims of the token that an AssumeRoleWithWebIdentity sent."""
    return claims_of(form(exchange).get("WebIdentityToken", ""))


def element(xml: str, name: str) -> str:
    """The text of the first element of that name in an answer of AWS; empty where there is none."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return unescape(found[1]) if found else ""


def elements(xml: str, name: str) -> list[str]:
    """The texts of all elements of that name."""
    return [unescape(text) for text in re.findall(rf"<{name}>([^<]*)</{name}>", xml)]


def _list(xml: str, name: str) -> str:
    """What is in the first element of that name."""
    return xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def _public_keys(exchange: Exchange) -> Contents:
    keys = [get_str(key, "kid") for key in get_list(loads_or_none(exchange.response_body), "keys")]
    if not keys:
        return Contents()
    values = {"keys": str(len(keys)), "kid": keys[0], "url": exchange.url}
    return Contents(values=values, arrivals=(Arrival(id="keys", at="issuer", value=f"kid {keys[0][:8]}…"),))


def _provider(exchange: Exchange) -> Contents:
    asked = form(exchange)
    if "Url" in asked:
        url = asked["Url"]
        audiences, thumbprints = (
            [value for name, value in sorted(asked.items()) if name.startswith(f"{of}.member.")]
            for of in ("ClientIDList", "ThumbprintList")
        )
    else:
        url = element(exchange.response_body, "Url")
        audiences, thumbprints = (
            elements(_list(exchange.response_body, of), "member") for of in ("ClientIDList", "ThumbprintList")
        )
    if not url:
        return Contents()
    arrivals = [Arrival(id="provider_url", at="provider", value=url.removeprefix("https://"), claim="iss")]
    if audiences:
        arrivals.append(Arrival(id="provider_audience", at="provider", value=", ".join(audiences), claim="aud"))
    values = {"url": url, **({"audiences": ", ".join(audiences)} if audiences else {})}
    return Contents(values=values, arrivals=tuple(arrivals), made=[audiences, thumbprints])


def _role(exchange: Exchange) -> Contents:
    asked = form(exchange)
    name = asked.get("RoleName", "")
    answered = unquote(element(exchange.response_body, "AssumeRolePolicyDocument"))
    policy = loads_or_none(asked.get("AssumeRolePolicyDocument", "") or answered)
    wanted = conditions(policy)
    arrivals = tuple(
        Arrival(id=f"trust_{claim}", at="role", value=wanted[claim], claim=claim)
        for claim in ("sub", "aud")
        if claim in wanted
    )
    trusted = [(one, arn) for one in _allowing(policy) for arn in strings(get(one, "Principal", "Federated"))]
    # A condition under a key that is not of the provider's issuer compares nothing with the tokens of that issuer.
    only = "sub" in wanted and all("sub" in _asked([one], f"{arn.partition('/')[2]}:") for one, arn in trusted)
    values = {"role": name, **({"sub": wanted["sub"]} if only else {})}
    return Contents(values=values, arrivals=arrivals, made=policy) if policy else Contents()


def conditions(policy: JsonValue) -> dict[str, str]:
    """The conditions on `sub` and `aud` in the statements of a trust policy that allow something: all values, as
    written."""
    return _asked(_allowing(policy))


def _allowing(policy: JsonValue) -> list[JsonValue]:
    return [one for one in statements(policy) if get_str(one, "Effect") == "Allow"]


def _asked(statements: Iterable[JsonValue], prefix: str = "") -> dict[str, str]:
    """The conditions under keys with that prefix."""
    found: dict[str, list[str]] = {}
    for statement in statements:
        for operator, operands in get_object(statement, "Condition").items():
            if re.search("not|null", operator, re.IGNORECASE):  # such an operator says what a claim may not be
                continue
            for key, value in get_object(operands).items():
                claim = key.rpartition(":")[2].lower()
                if claim in ("sub", "aud") and key.lower().startswith(prefix.lower()):
                    found.setdefault(claim, []).extend(strings(value))
    return {claim: ", ".join(values) for claim, values in found.items()}


def _service_account(exchange: Exchange) -> Contents:
    stored = loads_or_none(exchange.request_body or exchange.response_body)
    role = annotated_role_arn(stored)
    name = "/".join(get_str(stored, "metadata", key) for key in ("namespace", "name"))
    if not stored:
        return Contents()
    arrivals = (Arrival(id="annotation", at="service_account", value=role),) if role else ()
    values = {"service_account": name.strip("/"), "role_arn": role or "–"}
    annotations = get_object(stored, "metadata", "annotations")
    read_by_webhook: JsonObject = {key: said for key, said in annotations.items() if key.startswith(f"{PREFIX}/")}
    return Contents(values=values, arrivals=arrivals, made=read_by_webhook)


def _pod(exchange: Exchange) -> Contents:
    """The values of a manifest. The Pod of a dry run does not exist, so the name that it would get is left out."""
    pod = loads_or_none(exchange.request_body)
    stored = None if "dryRun=" in exchange.url else loads_or_none(exchange.response_body)
    name = get_str(pod, "metadata", "name") or get_str(stored, "metadata", "name")
    account = runs_as(pod)
    if not pod:
        return Contents()
    values = {"pod": name, "service_account": account}
    return Contents(values=values, arrivals=(Arrival(id="manifest", at="api_server", value=f"Pod {name}".strip()),))


def _review(exchange: Exchange) -> Contents:
    request = get_object(loads_or_none(exchange.request_body), "request")
    pod = get_object(request, "object")
    account = runs_as(pod)
    return Contents(values={"service_account": account, "operation": get_str(request, "operation")})


def _patch(exchange: Exchange) -> Contents:
    """The values of the webhook's patch; or of the Pod itself, where no more could be read."""
    response = get_object(loads_or_none(exchange.response_body), "response")
    try:
        text = base64.b64decode(get_str(response, "patch")).decode() if response else exchange.response_body
    except ValueError:
        text = ""
    if not response and f'"{VOLUME}"' not in text:  # without the webhook's volume, these values are the manifest's own
        return Contents()
    found = dict(re.findall(r'"name"\s*:\s*"(AWS_\w+)"\s*,\s*"value"\s*:\s*"([^"]*)"', text))
    role, file = found.get(ROLE_VARIABLE, ""), found.get(TOKEN_VARIABLE, "")
    arrivals = [
        Arrival(id=name, at="pod", value=value)
        for name, value in (("role_variable", role), ("file_variable", file))
        if value
    ]
    if f'"{VOLUME}"' in text:
        arrivals.append(Arrival(id="volume", at="pod", value=VOLUME))
    return Contents(values={"role_arn": role or "–", "file": file or "–"}, arrivals=tuple(arrivals))


def _token_request(exchange: Exchange) -> Contents:
    spec = get_object(loads_or_none(exchange.request_body), "spec")
    life = seconds(spec, "expirationSeconds")
    return Contents(
        values={
            "audience": shown(strings(get(spec, "audiences"))),
            "life": _hours(life or 0),
            "pod": get_str(spec, "boundObjectRef", "name") or "–",
        }
    )


def _token(exchange: Exchange) -> Contents:
    return carried_by(claims_of(get_str(loads_or_none(exchange.response_body), "status", "token")))


def _assume(exchange: Exchange) -> Contents:
    carried = carried_by(sent_claims(exchange))
    values = {**carried.values, "role_arn": form(exchange).get("RoleArn", "–")}
    shown_to = (Arrival(id="presented", at="sts", value=carried.values["sub"]),) if carried.rows else ()
    return Contents(values=values, rows=carried.rows, arrivals=shown_to)


def carried_by(claims: Mapping[str, JsonValue]) -> Contents:
    """The text on a token with those claims."""
    begins, expires = seconds(claims, "iat"), seconds(claims, "exp")
    life = _hours(expires - begins) if begins is not None and expires is not None else "–"
    rows = tuple((key, shown(audience_claim(claims)) if key == "aud" else get_str(claims, key)) for key in _KEYS)
    if not claims:
        return Contents()
    return Contents(values={**dict(rows), "life": life}, rows=(*rows, ("exp", f"{life} h")))


def _mount(exchange: Exchange) -> Contents:
    path = parse_qs(exchange.url.partition("?")[2]).get("command", [""])[-1]
    return Contents(values={"file": path}, arrivals=(Arrival(id="token_file", at="pod", value=path),))


def _credentials(exchange: Exchange) -> Contents:
    key, until = (element(exchange.response_body, name) for name in ("AccessKeyId", "Expiration"))
    if not key:
        return Contents()
    values = {"key": key, "until": until, "role": element(exchange.response_body, "Arn").split("/")[-2:][0]}
    return Contents(values=values, arrivals=(Arrival(id="credentials", at="pod", value=f"{key[:4]}…{key[-4:]}"),))


def _node_credentials(exchange: Exchange) -> Contents:
    role = exchange.url.rstrip("/").rpartition("/")[2]
    if "security-credentials" in role:
        role = exchange.response_body.strip()
    return Contents(values={"role": role}, arrivals=(Arrival(id="credentials", at="pod", value=role),))


def _buckets(exchange: Exchange) -> Contents:
    names = elements(_list(exchange.response_body, "Buckets"), "Name")
    values = {"count": str(len(names)), "buckets": ", ".join(names)}
    return Contents(values=values, arrivals=(Arrival(id="buckets", at="pod", value=", ".join(names) or "0"),))


def _hours(life: float) -> str:
    return f"{life / 3600:g}"


_READERS: Mapping[str, Callable[[Exchange], Contents]] = {
    "publish": _public_keys,
    "register": _provider,
    "grant": _role,
    "annotate": _service_account,
    "create": _pod,
    "review": _review,
    "patch": _patch,
    "token_request": _token_request,
    "token": _token,
    "mount": _mount,
    "node_credentials": _node_credentials,
    "assume": _assume,
    "keys": lambda exchange: Contents(values=_public_keys(exchange).values),
    "credentials": _credentials,
    "buckets": _buckets,
}
