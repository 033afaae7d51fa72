"""The issuer's public documents, over real TLS, by hand and by the world's own network."""

import hashlib
import json
import shutil
import ssl
import subprocess
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.world.aws.issuer_client import IssuerUnreachable
from app.world.servers.loopback import NetworkError
from app.world.setup.tool_files import issuer_command
from app.world.world import ISSUER_HOST
from tests.examples import examples
from tests.waiting import SECONDS

pytestmark = pytest.mark.one_world


@pytest.fixture
def base(simulation, world):
    return f"{simulation.kubernetes_url}/id/{world.issuer_id}"


def test_discovery_is_that_of_eks_member_by_member(https, base, world):
    answer = https.get(f"{base}/.well-known/openid-configuration")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "max-age=604800"
    assert list(answer.json().items()) == [
        ("issuer", world.issuer),
        ("jwks_uri", f"{world.issuer}/keys"),
        ("authorization_endpoint", "urn:kubernetes:programmatic_authorization"),
        ("response_types_supported", ["id_token"]),
        ("subject_types_supported", ["public"]),
        ("claims_supported", ["sub", "iss"]),
        ("id_token_signing_alg_values_supported", ["RS256"]),
    ]


def test_an_issuer_that_is_not_published_answers_as_a_private_bucket_does(https, base, world):
    world.issuer_published = False
    for path in ("/.well-known/openid-configuration", "/keys"):
        answer = https.get(base + path)
        assert answer.status_code == 403
        assert "<Code>AccessDenied</Code>" in answer.text
    world.issuer_published = True
    assert https.get(f"{base}/keys").status_code == 200


def test_keys_follow_a_rotation(https, base, world):
    [before] = https.get(f"{base}/keys").json()["keys"]
    assert list(before) == ["kty", "kid", "use", "alg", "n", "e"]
    world.keys.rotate()
    after = https.get(f"{base}/keys").json()["keys"]
    assert after[1] == before
    assert after[0]["kid"] == world.keys.current.kid


def test_by_its_own_name_as_curl_connect_to_does(https, base, world):
    answer = https.get(f"{base}/keys", headers={"host": ISSUER_HOST}, extensions={"sni_hostname": ISSUER_HOST})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "", f"x.{ISSUER_HOST}"])
def test_any_other_name_is_refused(https, base, host):
    assert https.get(f"{base}/keys", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("path", ["", "keys/", "key", ".well-known", ".well-known/openid-configuration/x"])
def test_nothing_else_is_there(https, base, path):
    assert https.get(f"{base}/{path}").status_code in (307, 404)


def test_only_get_is_allowed(https, base):
    assert https.post(f"{base}/keys").status_code == 405


def test_tls_names_are_checked(simulation):
    with (
        httpx.Client(trust_env=False) as stranger,
        pytest.raises(httpx.ConnectError, match="certificate verify failed"),
    ):
        stranger.get(simulation.kubernetes_url)


# The world's network


def test_the_network_fetches_what_the_issuer_serves(simulation, world):
    document = simulation.run(world.network.get_json(f"{world.issuer}/keys"))
    assert document == {"keys": [key.jwk() for key in world.keys.published]}


def test_the_thumbprint_is_that_of_the_last_certificate_served(simulation, world):
    thumbprint = simulation.run(world.network.thumbprint(world.issuer))
    context = ssl.create_default_context(cadata=simulation.ca_pem.decode())
    port = int(simulation.kubernetes_url.rpartition(":")[2])
    leaf = sha1(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port))))
    roots = {sha1(der) for der in context.get_ca_certs(binary_form=True)}
    assert len(thumbprint) == 40
    assert thumbprint != leaf
    assert thumbprint not in roots


def sha1(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def test_private_ca(world):
    assert world.network.trusted(world.issuer)
    assert not world.network.trusted("https://issuer.example/x")
    world.network.private_ca = True
    assert not world.network.trusted(world.issuer)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://evil.example/keys", "tls"),
        ("https://169.254.169.254/latest", "tls"),
        (f"https://{ISSUER_HOST}:8443/keys", "refused"),
        (f"https://{ISSUER_HOST}/id/unknown/keys", "answer"),
        (f"https://{ISSUER_HOST}/", "answer"),
        (f"http://{ISSUER_HOST}/", "refused"),
        ("file:///etc/passwd", "refused"),
        ("https://", "refused"),
        ("https://[::1", "refused"),
        ("https://\ud800/", "refused"),
        ("", "refused"),
    ],
)
def test_no_other_place_can_be_reached(simulation, world, url, kind):
    with pytest.raises(IssuerUnreachable) as caught:
        simulation.run(world.network.get_json(url))
    assert caught.value.kind == kind


def test_an_issuer_that_answers_no_json(simulation, world):
    with pytest.raises(IssuerUnreachable):
        simulation.run(world.network.get_json(f"{world.api_url}/healthz"))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(url=st.one_of(st.text(max_size=60), st.text(max_size=40).map(lambda text: f"https://{text}")))
def test_any_url_is_an_answer_or_a_refusal(simulation, world, url):
    with pytest.raises(IssuerUnreachable):
        simulation.run(world.network.get_json(url))
    assert not world.network.trusted(url)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=60), host=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_any_request_is_answered_within_the_protocol(https, simulation, path, host):
    answer = https.get(f"{simulation.kubernetes_url}/id/{quote(path, errors='replace')}", headers={"host": host})
    assert answer.status_code in (307, 400, 404, 421)


# What kube-apiserver is started with


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://127.0.0.1:1/mutate", "dial tcp 127.0.0.1:1: connect: connection refused"),
        ("https://10.0.0.1/mutate", "dial tcp 10.0.0.1:443: connect: connection refused"),
        ("https://hook.default.svc:443/x", "dial tcp: lookup hook.default.svc on 10.100.0.10:53: no such host"),
    ],
)
def test_other_addresses_are_refused_in_gos_words(simulation, world, url, text):
    with pytest.raises(NetworkError) as caught:
        simulation.run(world.network.post_json(url, {}, ca_bundle_pem=b"", timeout=SECONDS))
    assert str(caught.value) == text


def test_a_webhook_of_another_ca(simulation, world):
    from app.world.servers.pki import Pki

    with pytest.raises(NetworkError, match="x509: certificate signed by unknown authority"):
        post(simulation, world, ca_bundle_pem=Pki.new(["x"]).root_ca_pem)


def test_a_webhook_without_a_ca_bundle(simulation, world):
    """Then the API server trusts what its own machine trusts, and the world's root is not among that."""
    with pytest.raises(NetworkError, match="x509: certificate signed by unknown authority"):
        post(simulation, world, ca_bundle_pem=b"")


def test_a_broken_ca_bundle(simulation, world):
    with pytest.raises(NetworkError, match="unable to parse bytes as PEM block"):
        post(simulation, world, ca_bundle_pem=b"junk")


def test_a_late_webhook(simulation, world):
    world.webhook_delay = 5
    with pytest.raises(NetworkError, match="context deadline exceeded"):
        post(simulation, world, timeout=0.1)


def test_a_webhook_that_is_down(simulation, world):
    world.webhook_available = False
    with pytest.raises(NetworkError, match=r"dial tcp 127.0.0.1:\d+: connect: connection refused"):
        post(simulation, world)
    assert world.log.exchanges()[-1].error.endswith("connection refused")
    world.webhook_available = True
    with pytest.raises(NetworkError, match="the server rejected our request for an unknown reason"):
        post(simulation, world)


def test_a_url_that_is_no_webhook(simulation, world):
    with pytest.raises(NetworkError, match="the server could not find the requested resource"):
        post(simulation, world, url=f"{simulation.kubernetes_url}/nope")


def post(simulation, world, *, url=None, ca_bundle_pem=None, timeout=SECONDS):
    bundle = simulation.ca_pem if ca_bundle_pem is None else ca_bundle_pem
    sent = world.network.post_json(url or world.webhook_url, {}, ca_bundle_pem=bundle, timeout=timeout)
    return simulation.run(sent)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on the PATH")
def test_the_command_that_reads_it_by_its_own_name_works_as_pasted(simulation, world, tmp_path):
    ca = tmp_path / "a folder" / "ca.pem"
    ca.parent.mkdir()
    ca.write_bytes(simulation.ca_pem)
    line = issuer_command(simulation, world, ca)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert json.loads(done.stdout)["issuer"] == world.issuer
