"""botocore's models are read once, from botocore alone, and are those that botocore itself would find."""

import threading

import boto3
import botocore.session
import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, DEFAULT_S3_CONFIG_VARS
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader

from app.clients.aws import sdk
from app.clients.aws.login import AwsLogin
from app.service_models import SERVICE_MODELS, ServiceModels, session_alone
from app.world.aws.iam.constraints import CONSTRAINTS, POLICY_CONSTRAINTS
from app.world.aws.parameters import Choice, Number
from app.world.aws.sts import parameters as sts
from app.world.node.programs.aws_clients import AwsClients


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


def test_the_services_are_those_that_botocore_finds():
    assert SERVICE_MODELS.list_available_services("service-2") == Loader().list_available_services("service-2")


@pytest.mark.parametrize(
    ("service", "constraints"),
    [("sts", sts.CONSTRAINTS), ("sts", sts.USER_SESSION), ("iam", CONSTRAINTS), ("iam", POLICY_CONSTRAINTS)],
)
def test_the_simulated_services_limit_parameters_as_the_model_does(service, constraints):
    model = SERVICE_MODELS.load_service_model(service, "service-2")
    inputs = [model["shapes"][it["input"]["shape"]]["members"] for it in model["operations"].values() if "input" in it]
    for name, limits in constraints.items():
        shapes = [model["shapes"][members[name]["shape"]] for members in inputs if name in members]
        if isinstance(limits, Choice):
            assert list(limits.values) in [shape.get("enum") for shape in shapes]
            continue
        here = (limits.minimum, limits.maximum)
        assert here in [(shape.get("min", 0), shape.get("max")) for shape in shapes], name
        if not isinstance(limits, Number) and limits.pattern:
            assert limits.pattern in [shape.get("pattern") for shape in shapes], name


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_the_model_is_the_one_that_botocore_finds(service):
    assert SERVICE_MODELS.load_service_model(service, "service-2") == Loader().load_service_model(service, "service-2")


def test_what_there_is_not_is_refused_as_botocore_refuses_it():
    with pytest.raises(UnknownServiceError):
        SERVICE_MODELS.load_service_model("nothing", "service-2")
    with pytest.raises(DataNotFoundError):
        SERVICE_MODELS.load_service_model("sts", "nothing-1")


def test_our_clients_the_pods_programs_and_every_login_read_the_same():
    sessions = (sdk.session_alone()._session, AwsLogin()._session(), AwsClients("http://127.0.0.1:1")._session)
    assert [it.get_component("data_loader") for it in sessions] == [SERVICE_MODELS] * 3


def test_no_variable_of_botocore_reaches_a_simulated_aws(monkeypatch):
    """One that cannot be used, such as a misspelt `AWS_STS_REGIONAL_ENDPOINTS`, kept botocore from making a client."""
    variables = [*BOTOCORE_DEFAUT_SESSION_VARIABLES.values(), *DEFAULT_S3_CONFIG_VARS.values()]
    before = session_alone()
    for name in (name for _, names, _, _ in variables for name in ([names] if isinstance(names, str) else names or ())):
        monkeypatch.setenv(name, "1")
    after = session_alone()
    for name in (*BOTOCORE_DEFAUT_SESSION_VARIABLES, "s3"):
        assert after.get_component("config_store").get_config_variable(name) == before.get_config_variable(name), name


def test_a_session_of_boto3_leaves_no_path_behind():
    models = ServiceModels()
    for _ in range(2):
        session = botocore.session.Session()
        session.register_component("data_loader", models)
        boto3.Session(botocore_session=session)
    assert models.search_paths == [Loader.BUILTIN_DATA_PATH]


def test_threads_that_ask_at_the_same_time_read_a_model_once(monkeypatch):
    opened = []

    def load_file(self, path):
        opened.append(path)
        threading.Event().wait(0.05)  # the other thread comes as far meanwhile
        return {} if path.endswith("service-2") else None

    monkeypatch.setattr(JSONFileLoader, "load_file", load_file)
    models = ServiceModels()
    threads = [threading.Thread(target=models.load_service_model, args=("sts", "service-2")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([path for path in opened if path.endswith("service-2")]) == 1
