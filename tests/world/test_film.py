"""The film of what really happened: each beat from its exchange, stopped where a break shows."""

import json
from dataclasses import replace

import pytest

from app.content import load
from app.flow.doctor import examine
from app.flow.film import End, Seen, film, imagined
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import Step, Subject
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_json import film_json, path_label, sentence
from app.wiring import simulated

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
WHOLE = (
    "publish register grant annotate create review patch token_request token mount assume claim_iss claim_aud "
    "discovery keys claim_sub credentials call buckets"
).split()


@pytest.fixture
def filmed(simulation, world):
    """The film of the world as it is, with a fault or without one, and what it was made from."""

    def film_under(*fault_ids):
        if fault_ids:
            simulation.inject(world, *fault_ids)
        found = examine(simulated(simulation, world), SUBJECT)
        heard = (*world.log.setup(), *world.log.exchanges())
        return film(found.walk, chain_state(found.walk, found.checks), heard), found, heard

    return film_under


def test_a_healthy_walk_is_a_film_of_nineteen_beats_each_with_its_exchange(filmed):
    made, _, _ = filmed()
    assert [beat.id for beat in made.beats] == WHOLE
    assert all(beat.exchange for beat in made.beats)
    assert (made.guilty, made.shows, made.not_reached) == ((), "", ())
    assert all(beat.claim.matches for beat in made.beats if beat.claim)
    # The token that the Pod sent is the one that the kubelet was given for it.
    sent, given = (dict(made.beat(name).rows) for name in ("assume", "token"))
    assert sent == given
    assert sent["sub"] == "system:serviceaccount:default:my-sa"


@pytest.mark.parametrize(
    ("beat_id", "old", "new"),
    [
        ("publish", '"kid": "', '"kid": "zz'),
        ("token_request", "86400", "3600"),
        ("buckets", "irsa-reports", "other-reports"),
    ],
)
def test_another_exchange_makes_another_beat(filmed, beat_id, old, new):
    made, found, heard = filmed()
    exchange = made.beat(beat_id).exchange
    field = "request_body" if old in exchange.request_body else "response_body"
    text = getattr(exchange, field)
    old = old if old in text else old.replace(": ", ":")
    assert old in text
    changed = replace(exchange, **{field: text.replace(old, new.replace(": ", ":") if old.count(": ") == 0 else new)})

    def swapped(exchanges):
        return tuple(changed if it == exchange else it for it in exchanges)

    reports = tuple(replace(report, exchanges=swapped(report.exchanges)) for report in found.walk)
    walk = replace(found.walk, reports=reports)
    again = film(walk, chain_state(walk, found.checks), swapped(heard))
    content = load("en")
    before, after = (one.beat(beat_id) for one in (made, again))
    assert after != before
    assert (after.values, after.arrivals) != (before.values, before.arrivals)
    if beat_id == "token_request":
        assert sentence(after, content, SUBJECT) != sentence(before, content, SUBJECT)


def test_where_no_one_can_listen_the_acts_of_others_are_unseen_and_what_came_of_them_is_read(filmed):
    _, found, _ = filmed()
    reports = tuple(
        replace(report, exchanges=tuple(it for it in report.exchanges if it.caller == "explorer"))
        for report in found.walk
    )
    walk = replace(found.walk, reports=reports)
    made = film(walk, chain_state(walk, found.checks))
    assert [beat.id for beat in made.beats] == WHOLE
    seen = {beat.id: beat.seen for beat in made.beats}
    assert Seen.HEARD not in seen.values()
    assert {name for name, how in seen.items() if how is Seen.READ} == {
        "publish", "register", "grant", "annotate", "patch", "mount",
    }  # fmt: skip
    assert {name for name, how in seen.items() if how is Seen.UNSEEN} == {
        "review", "token_request", "token", "discovery", "keys",
    }  # fmt: skip
    assert all(beat.exchange is None for beat in made.beats if beat.seen is Seen.UNSEEN)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_wrong_prediction_can_be_played(language):
    content = load(language)
    for step in Step:
        for option in QUESTIONS[step].options:
            beat = imagined(step, option)
            assert beat.end is End.STOPPED
            assert sentence(beat, content, SUBJECT)


def test_a_key_set_is_known_wherever_its_issuer_has_it(filmed):
    """EKS has it at `/keys`; what other tools publish is elsewhere, such as kOps at `/openid/v1/jwks`."""
    _, found, _ = filmed()
    reports = tuple(
        replace(
            report,
            exchanges=tuple(
                replace(it, url=f"{it.url.removesuffix('/keys')}/openid/v1/jwks") if it.url.endswith("/keys") else it
                for it in report.exchanges
                if it.caller == "explorer"
            ),
        )
        for report in found.walk
    )
    walk = replace(found.walk, reports=reports)
    published = film(walk, chain_state(walk, found.checks)).beat("publish")
    assert (published.seen, [it.id for it in published.arrivals]) == (Seen.READ, ["keys"])


@pytest.mark.parametrize(
    ("fault_id", "beat_id", "end"),
    [
        ("F11", "assume", End.NEVER),
        ("F13", "assume", End.NEVER),
        ("F25", "grant", End.ARRIVED),
        ("F28", "mount", End.ARRIVED),
        ("F31", "mount", End.ARRIVED),
        ("F46", "call", End.STOPPED),
    ],
)
def test_the_cause_is_shown_where_it_is_and_not_of_what_went_well(filmed, fault_id, beat_id, end):
    made, found, _ = filmed(fault_id)
    blamed = {beat.id: beat for beat in made.beats if beat.check}
    assert {name: (beat.end, beat.check) for name, beat in blamed.items()} == {beat_id: (end, found.verdict.check)}
    assert made.lies_in is (Step.SERVICE_ACCOUNT if fault_id == "F25" else found.verdict.step)
    assert beat_id == "grant" or blamed[beat_id].step in (made.lies_in, made.shows_in)


@pytest.mark.parametrize(
    ("fault_id", "beat_id", "key"),
    [("F24", "grant", "AssumeRolePolicyDocument"), ("F43", "register", "ThumbprintList")],
)
def test_what_was_changed_since_is_shown_as_it_is_now(filmed, fault_id, beat_id, key):
    beat = filmed(fault_id)[0].beat(beat_id)
    assert beat.seen is Seen.READ
    assert key in beat.exchange.response_body


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    ("fault_id", "beat_id", "wanted"),
    [
        ("F52", "grant", "rule"),
        ("F24", "grant", "rule"),
        ("F52", "claim_sub", "unasked"),
        ("F18", "claim_sub", "rule"),
        ("F25", "claim_sub", "rule"),
        ("F54", "grant", "say"),
    ],
)
def test_no_sentence_says_more_of_a_trust_policy_than_there_is_in_it(filmed, fault_id, beat_id, wanted, language):
    content = load(language)
    said = sentence(filmed(fault_id)[0].beat(beat_id), content, SUBJECT)
    own = "system:serviceaccount:default:my-sa"
    text = content.message(
        f"film.beats.{beat_id}.{wanted}", **({"role": "s3-reader", "sub": own} if wanted == "say" else {})
    )
    assert text in said
    assert "–" not in said


@pytest.mark.parametrize(
    ("fault_id", "verdict", "compared", "aud", "refused"),
    [
        ("F18", "unknown", False, None, ""),  # no role
        ("F25", "unknown", False, None, ""),  # a policy without conditions
        ("F15b", "unknown", False, None, ""),  # conditions on another issuer's claims
        ("F24", "unknown", False, None, ""),  # conditions under keys that no token has
        ("F21", "mismatch", True, "match", ""),
        ("F27b", "match", True, "mismatch", "implicit-deny"),
        ("F53", "match", True, "match", "implicit-deny"),
        ("F54", "match", True, "match", "explicit-deny"),
        ("F52", "match", False, "match", ""),
    ],
)
def test_each_claim_has_the_mark_of_its_own_comparison_whatever_sts_refuses_for(
    filmed, fault_id, verdict, compared, aud, refused
):
    content = load("en")
    made = json.loads(film_json(filmed(fault_id)[0], content, SUBJECT, {}))
    [beat] = [it for it in made["beats"] if it["id"] == "claim_sub"]
    assert (beat["verdict"], bool(beat["against"]), beat["beside"].get("aud")) == (verdict, compared, aud)
    said = {key: content.message(f"film.beats.claim_sub.refused.{key}") for key in ("implicit-deny", "explicit-deny")}
    assert [key for key, text in said.items() if text.replace("`", "") in beat["plain"]] == (
        [refused] if refused else []
    )


@pytest.mark.parametrize("language", ["ja", "en"])
def test_where_sts_has_the_keys_the_film_says_why_nobody_fetches_them(filmed, recreated, language):
    content = load(language)
    kept = content.message("film.keys_kept")
    fetched, _, _ = filmed()
    assert kept not in sentence(fetched.beat("claim_sub"), content, SUBJECT)
    recreated({})
    again, _, _ = filmed()
    assert {"discovery", "keys"}.isdisjoint(beat.id for beat in again.beats)
    said = [beat.id for beat in again.beats if kept in sentence(beat, content, SUBJECT)]
    assert (said, again.beat("claim_sub").claim.matches) == (["claim_sub"], True)
    assert f"{kept}{content.facts.between_sentences}" in sentence(again.beat("claim_sub"), content, SUBJECT)


def test_what_is_refused_or_cannot_be_read_leaves_nothing_where_it_did_not_arrive(filmed):
    made, _, _ = filmed("F34")
    assert (made.beats[-1].id, made.beats[-1].end, made.beats[-1].arrivals) == ("mount", End.STOPPED, ())


@pytest.fixture
def recreated(simulation, world, core):
    """Creates the Pod again, with a container and a spec of the test's own."""

    def recreate(container, **spec):
        core.delete_namespaced_pod(SUBJECT.pod, SUBJECT.namespace)
        simulation.run(world.kubelet.settle(20))
        container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"], **container}
        usual = {"serviceAccountName": SUBJECT.service_account, "restartPolicy": "Never"}
        body = {"metadata": {"name": SUBJECT.pod}, "spec": {**usual, "containers": [container], **spec}}
        core.create_namespaced_pod(SUBJECT.namespace, body)
        simulation.run(world.kubelet.settle(20))

    return recreate


def test_a_pod_that_brings_its_own_token_has_no_annotation_and_no_patch(world, core, recreated, filmed):
    role = f"arn:aws:iam::{world.account_id}:role/s3-reader"
    account = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": None}}}
    core.patch_namespaced_service_account(SUBJECT.service_account, SUBJECT.namespace, account)
    variables = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/own/token", "AWS_REGION": world.region}
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": 7200, "path": "token"}
    recreated(
        {
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "volumeMounts": [{"name": "own", "mountPath": "/own"}],
        },
        volumes=[{"name": "own", "projected": {"sources": [{"serviceAccountToken": token}]}}],
    )
    made, _, _ = filmed()
    shown = [beat.id for beat in made.beats]
    assert made.shows == ""
    assert {"token_request", "token", "mount", "assume", "claim_sub", "buckets"} <= set(shown)
    assert {"annotate", "patch"}.isdisjoint(shown)
    assert (made.beat("token_request").seen, made.beat("token_request").values["life"]) == (Seen.HEARD, "2")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_program_that_succeeds_with_other_keys_stops_nowhere_and_shows_no_error(world, recreated, filmed, language):
    """The chain is broken where the Pod is given the keys, and no program has anything to say about it."""
    keys = world.account.admin
    secrets = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    recreated({"env": [{"name": name, "value": value} for name, value in secrets.items()]})
    made, found, _ = filmed()
    assert (made.lies_in, made.shows, made.shows_in) == (Step.WEBHOOK, "", None)
    assert [beat.id for beat in made.beats if beat.check == found.verdict.check] == ["patch"]
    assert {beat.end for beat in made.beats} == {End.ARRIVED}
    assert [beat.id for beat in made.beats][-3:] == ["mount", "call", "buckets"]
    assert {"call", "s3"}.isdisjoint(made.not_reached)
    content = load(language)
    assert path_label(made, content) == content.message("film.unseen", lies="③")


def test_where_nothing_runs_the_film_stops_at_the_cause(recreated, filmed):
    recreated({}, nodeSelector={"disk": "none"})
    made, found, _ = filmed()
    assert (made.beats[-1].check, made.beats[-1].end) == (found.verdict.check, End.STOPPED)
    assert made.beats[-1].words == found.verdict.check.error


def test_the_map_names_the_pod_that_was_created_and_none_that_a_dry_run_would_have_made(filmed):
    assert [it.value for it in filmed()[0].beat("create").arrivals] == ["Pod pod-after"]
    asked = filmed("F01")[0].beat("create")
    assert asked.seen is Seen.ASKED
    assert [it.value for it in asked.arrivals] == ["Pod"]
