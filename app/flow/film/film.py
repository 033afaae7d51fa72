"""The beats of a walk, each with its exchange, up to the beat at which a break appears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.flow.film.beat import Beat, Claim, End, Film, Seen
from app.flow.film.causes import NOTHING_RUNS, REFUSED_AT, REFUSED_FOR, SHOWS, lies_in
from app.flow.film.contents import Contents, conditions, contents, form, sent_claims
from app.flow.film.script import SCRIPT, Cue, Request, beat_of
from app.flow.json_access import get, get_object, get_str, shown, strings
from app.flow.matching.nearest import met_under
from app.flow.model import Exchange, JsonValue, Status, Step, Walk
from app.flow.names import audience_claim, host_and_path, provider_arn
from app.flow.steps.injection import own_token, token_source
from app.flow.strict_json import loads_or_none
from app.flow.trust import evaluate, web_identity_context
from app.flow.verdict.link_states import ChainState, State

_OF_NODE = {"fallback", "node_credentials"}
_ALWAYS = {"create", "assume", "call"}
"""Beats that have happened wherever they have an exchange."""


def film(walk: Walk, chain: ChainState, heard: Sequence[Exchange] = ()) -> Film:
    """The film of a walk.

    `chain` is the state of the walk's chain (`link_states.chain_state`). `heard` is what was sent while the chain was
    set up and what the servers sent to each other, oldest first. A real cluster lets no one listen, so `heard` is empty
    there, and a beat that no one could see stays in the film as unseen. In a world in which the app can listen, a beat
    without an exchange is left out.
    """
    return _Making(walk, chain, heard).film()


@dataclass(frozen=True)
class _Making:
    walk: Walk
    chain: ChainState
    heard: Sequence[Exchange]

    def film(self) -> Film:
        lies = {lies_in(part): part for part in reversed(self.chain.guilty)}
        stop = self._stop() if self.chain.broken else ""
        beats = []
        for cue in SCRIPT:
            beat = self._beat(cue)
            if cue.id == stop:
                seen = self.chain.verdict.seen
                beat = beat or self._never(cue)
                left = tuple(it for it in beat.arrivals if it.at == "sts")  # what STS refuses has arrived there
                beat = replace(beat, end=End.STOPPED, words=seen.text if seen else self._error(), arrivals=left)
            elif cue.id in lies:
                beat = beat if beat and self._happened(cue, beat) else self._never(cue)
            elif beat is not None and not self._reached(cue):
                beat = None
            if beat is not None:
                beats.append(replace(beat, check=lies[cue.id].check) if cue.id in lies else beat)
            if cue.id == stop:
                break
        verdict = self.chain.verdict
        came_past = {part for beat in beats for part in (beat.tail, beat.edge, beat.head)}
        return Film(
            beats=tuple(beats),
            guilty=tuple(part.id for part in self.chain.guilty),
            shows=stop,
            lies_in=verdict.step if self.chain.broken else None,
            shows_in=next(cue.step for cue in SCRIPT if cue.id == stop) if stop else None,
            not_reached=tuple(
                part.id
                for part in self.chain.parts
                if part.state is State.NOT_REACHED and (stop or part.id not in came_past)
            ),
        )

    # (1) Where it stops

    def _stop(self) -> str:
        """The id of the beat at which the break appears; empty where no program has got an error."""
        verdict, guilty = self.chain.verdict, self.chain.guilty[0]
        if verdict.seen is None:
            return lies_in(guilty) if guilty.check and guilty.check.id in NOTHING_RUNS else ""
        step = verdict.seen.step
        if step is Step.STS_ASSUME:
            checks = {check.id: check.status for check in self.walk.report(step).checks}
            failed = (beat for check, beat in REFUSED_AT.items() if checks.get(check) is Status.FAILED)
            return next(failed, REFUSED_FOR.get(guilty.id, "assume"))
        if step in SHOWS:
            return SHOWS[step]
        beat = lies_in(guilty)
        own = next(cue.step for cue in SCRIPT if cue.id == beat)
        return "create" if step is Step.WEBHOOK and own is not step else beat

    def _error(self) -> str:
        check = self.chain.guilty[0].check
        return check.error if check else ""

    # (2) Whether it happened

    def _reached(self, cue: Cue) -> bool:
        """Whether the Pod's own requests got as far as this beat."""
        if cue.id in _OF_NODE:
            return self._fell_back()
        if not self.chain.broken:
            return True
        if cue.step is Step.STS_ASSUME and (self._fell_back() or self._never_assumed()):
            return False
        if cue.caller == "pod" and self.chain.verdict.seen is None and self._own(cue):
            return True  # the program has got this far with other credentials
        states = {part.id: part.state for part in self.chain.parts}
        return states[cue.state_of] is not State.NOT_REACHED

    def _happened(self, cue: Cue, beat: Beat) -> bool:
        if cue.id == "assume" and self._never_assumed():
            return False
        known = beat.arrivals or beat.rows or (beat.values if cue.id == "grant" else cue.id in _ALWAYS)
        return beat.exchange is not None and bool(known)

    def _fell_back(self) -> bool:
        """Whether the Pod's program asked the node for credentials, and never asked STS."""
        asked = any(it.callee == "instance-metadata" and "security-credentials" in it.url for it in self._of_pod())
        return asked and self._never_assumed()

    def _never_assumed(self) -> bool:
        sent = self._of_pod()
        return bool(sent) and not any("Action=AssumeRoleWithWebIdentity" in it.request_body for it in sent)

    # (3) One beat, and its exchange

    def _beat(self, cue: Cue) -> Beat | None:
        exchange, seen = self._found(cue)
        if exchange is None and (self.heard or cue.id in _OF_NODE):
            return None
        found = contents(cue.id, exchange) if exchange else Contents()
        claim = self._claim(cue.id, exchange) if exchange and cue.carries == "claim" else None
        beat = replace(
            beat_of(cue, exchange, seen),
            values=found.values,
            rows=((claim.name, claim.got),) if claim else found.rows,
            arrivals=found.arrivals,
            claim=claim,
            keys_kept=cue.id == "claim_sub" and bool(self.heard) and not self._of_sts(),
        )
        if (seen is not Seen.READ and cue.id != "patch") or exchange is None or self._happened(cue, beat):
            return beat
        # No result was read: the beat did not happen, or no one let us look.
        looked = self.heard or exchange.succeeded
        return None if looked else beat_of(cue, None, Seen.UNSEEN)

    def _never(self, cue: Cue) -> Beat:
        """A beat that should have happened and did not. Its exchange is the one by which we looked for its result."""
        looked = [it for it in self.walk.report(cue.step).exchanges if it.caller == "explorer"]
        exchange, seen = self._found(cue)
        if exchange is None and (exchange := next(iter(looked[-1:]), self._pod_read())):
            seen = Seen.READ
        if seen is Seen.ASKED:  # the beat is not about this app's own request
            seen = Seen.READ
        return replace(beat_of(cue, exchange, seen), end=End.NEVER)

    def _found(self, cue: Cue) -> tuple[Exchange | None, Seen]:
        read = self._newest(cue.read, self._asked(cue.step))
        own = self._own(cue)
        if own is not None and not self._outdated(cue, own, read):
            return own, Seen.HEARD
        if asked := self._newest(cue.asked, self._asked(cue.step)):
            return asked, Seen.ASKED
        return (read, Seen.READ) if read else (None, Seen.UNSEEN)

    def _own(self, cue: Cue) -> Exchange | None:
        """The newest exchange of the parties themselves that is about this subject."""
        if cue.own is None:
            return None
        if cue.caller == "pod":
            return self._newest(cue.own, self._of_pod())
        if cue.caller == "sts":
            return self._newest(cue.own, self._of_sts())
        if cue.caller == "kubelet":
            return self._newest(cue.own, self._of_kubelet())
        return self._newest(cue.own, (it for it in self.heard if it.caller == cue.caller and self._is_ours(cue, it)))

    def _is_ours(self, cue: Cue, exchange: Exchange) -> bool:
        """Whether the exchange is about the subject of the walk, and not about another one of its kind."""
        if cue.id == "register":
            return host_and_path(form(exchange).get("Url", "")) == host_and_path(self._issuer())
        if cue.id == "grant":
            return form(exchange).get("RoleName") == get_str(self._evidence(Step.SERVICE_ACCOUNT, "role"), "RoleName")
        sent = loads_or_none(exchange.request_body)
        if cue.id == "annotate":
            return get_str(sent, "metadata", "name") == self.walk.subject.service_account
        if cue.id == "create":
            uid = get_str(self._pod(), "metadata", "uid")
            return bool(uid) and get_str(loads_or_none(exchange.response_body), "metadata", "uid") == uid
        return get_str(get_object(sent, "request", "object"), "metadata", "name") == self.walk.subject.pod

    def _outdated(self, cue: Cue, own: Exchange, read: Exchange | None) -> bool:
        """Whether what was read later differs from what the parties sent: someone has changed it, or it was for a Pod
        that is gone."""
        if cue.id == "review":
            return self._outdated(next(it for it in SCRIPT if it.id == "patch"), own, self._pod_read())
        if read is None:
            return cue.id in ("register", "grant", "annotate") and bool(self._asked(cue.step))
        then, now = (contents(cue.id, it) for it in (own, read))
        kept = {it.id: it.value for it in then.arrivals} == {it.id: it.value for it in now.arrivals}
        return not kept or then.made != now.made

    def _claim(self, beat_id: str, exchange: Exchange) -> Claim:
        """One of the three claims, with the value in the account that STS compares it with."""
        claims, issuer = sent_claims(exchange), get_str(sent_claims(exchange), "iss")
        provider = self._evidence(Step.OIDC_PROVIDER, "provider")
        if beat_id == "claim_iss":
            url = host_and_path(get_str(provider, "Url"))
            return Claim(name="iss", got=issuer, against=url or "–", matches=bool(url) and host_and_path(issuer) == url)
        if beat_id == "claim_aud":
            wanted, got = strings(get(provider, "ClientIDList")), audience_claim(claims)
            matches = bool(got) and all(audience in wanted for audience in got)
            return Claim(name="aud", got=shown(got), against=shown(wanted) if wanted else "–", matches=matches)
        policy = self._evidence(Step.SERVICE_ACCOUNT, "trust_policy")
        role = form(exchange).get("RoleArn", "")
        context = web_identity_context(issuer, claims, provider_arn(role, issuer))
        decision, wanted_sub = evaluate(policy, context), conditions(policy).get("sub", "–")
        met = {name: met_under(f"{host_and_path(issuer)}:{name}", policy, context) for name in ("sub", "aud")}
        # A condition under a key that the token does not have compares nothing with this claim.
        asked = met["sub"] is not None or decision.allowed
        matches = decision.allowed or bool(met["sub"] and wanted_sub != "–")
        return Claim(
            name="sub",
            got=get_str(claims, "sub"),
            against=wanted_sub if asked else "–",
            matches=matches,
            refused="" if decision.allowed or not matches else decision.reason,
            beside=(("aud", met["aud"]),) if met["aud"] is not None else (),
        )

    # (4) Where exchanges are

    def _newest(self, request: Request | None, exchanges: Iterable[Exchange]) -> Exchange | None:
        found = [it for it in exchanges if request and request.matches(it)]
        return max(found, key=lambda exchange: exchange.started, default=None)

    def _asked(self, step: Step) -> list[Exchange]:
        """The exchanges of this app in a step, and those between the servers that followed from them."""
        return [it for it in self.walk.report(step).exchanges if it.caller in ("explorer", "kube-apiserver")]

    def _of_pod(self) -> list[Exchange]:
        address = get_str(self._pod(), "status", "podIP")
        return [it for it in self.heard if it.caller == "pod" and it.source == address] if address else []

    def _of_kubelet(self) -> list[Exchange]:
        """The TokenRequests for the volume of the Pod in which the token for STS is."""
        pod = self._pod()
        own, uid = own_token(pod), get_str(pod, "metadata", "uid")
        audience = own.audience if own else get_str(token_source(pod), "audience")
        return [
            it
            for it in (*self.heard, *self.walk.report(Step.TOKEN_MOUNT).exchanges)
            if it.caller == "kubelet" and all(f'"{part}"' in it.request_body for part in (uid, audience))
        ]

    def _of_sts(self) -> list[Exchange]:
        """The requests that STS sent while it answered the film's request."""
        assume = next(cue for cue in SCRIPT if cue.id == "assume")
        request = self._found(assume)[0]
        if request is None:
            return []
        ends = request.started + request.seconds
        return [it for it in self.heard if it.caller == "sts" and request.started <= it.started <= ends]

    def _pod_read(self) -> Exchange | None:
        patch = next(cue for cue in SCRIPT if cue.id == "patch")
        return self._newest(patch.read, self._asked(Step.WEBHOOK))

    def _pod(self) -> JsonValue:
        read = self._pod_read()
        return loads_or_none(read.response_body) if read else None

    def _issuer(self) -> str:
        return get_str(self._evidence(Step.OIDC_PROVIDER, "cluster_discovery"), "issuer")

    def _evidence(self, step: Step, name: str) -> JsonValue:
        return self.walk.report(step).evidence.get(name)
