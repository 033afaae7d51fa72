"""What tests of the world share: clients, and what one asks of a world all the time."""

import boto3
import kubernetes
from botocore.config import Config

from app.flow.ports import Execution

_boto3_session = boto3.session.Session()

TOKEN_DIRECTORY = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
TOKEN_FILE = f"{TOKEN_DIRECTORY}/token"
AWS_ERROR = "\naws: [ERROR]: "
"""What the AWS CLI prints before an error's text."""


def aws_failure(code, text):
    """How an `aws` ends that prints no more than that error."""
    return Execution(stdout="", stderr=f"{AWS_ERROR}{text}\n", exit_code=code)


def aws_client(simulation, world, service, **keys):
    """A boto3 client: the learner's own, or one with given keys."""
    own = {
        "aws_access_key_id": world.account.admin.access_key_id,
        "aws_secret_access_key": world.account.admin.secret_access_key,
    }
    return _boto3_session.client(
        service,
        endpoint_url=simulation.aws_url,
        region_name=world.region,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
        **(keys or own),
    )


def kubernetes_client(simulation, world, ca_file):
    """An ApiClient of the learner."""
    ca_file.write_bytes(simulation.ca_pem)
    configuration = kubernetes.client.Configuration(host=f"{simulation.kubernetes_url}/k8s/{world.path}")
    configuration.ssl_ca_cert = str(ca_file)
    configuration.api_key = {"authorization": f"Bearer {world.admin_token}"}
    return kubernetes.client.ApiClient(configuration)


def pod_of(world, name):
    return world.cluster.get("pods", "default", name)


def log_of(world, name):
    pod = pod_of(world, name)
    return world.kubelet.logs(pod, pod["spec"]["containers"][0]["name"]).text


def events_of(world, pod):
    """(reason, message) of a Pod's events."""
    uid = pod["metadata"]["uid"]
    events = world.cluster.list("events", "default")
    return [(e["reason"], e["message"]) for e in events if e["involvedObject"]["uid"] == uid]
