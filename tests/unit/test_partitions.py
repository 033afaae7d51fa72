"""China and GovCloud: other ARNs, other regions, and a diagnosis that keeps to them."""

from __future__ import annotations

import json
import shlex
from importlib import resources
from typing import Any

import botocore.session
import jmespath
import pytest

from app.flow.doctor import Diagnosis, examine
from app.flow.model import Check, Status
from app.flow.partitions import ENDPOINT_SUFFIXES, partition_of, region_of
from app.flow.ports import Execution
from app.flow.verdict.connection_errors import blames_surroundings
from tests.unit.fake_ports import ACCOUNT, DIRECTORY, ISSUER, SUBJECT, Fakes, token
from tests.unit.test_application import printed
from tests.unit.test_doctor import ANNOTATION, add_variable, annotated, healthy, posted

PARTITIONS = json.loads(resources.files("botocore").joinpath("data/partitions.json").read_text(encoding="utf-8"))
REGIONS = {
    region: found for found in PARTITIONS["partitions"] for region in found["regions"] if not region.endswith("-global")
}
ALL_BUCKETS = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws-cn:s3:::*"}


def test_the_names_of_endpoints_end_as_in_botocore() -> None:
    names = [
        found["outputs"][kind] for found in PARTITIONS["partitions"] for kind in ("dnsSuffix", "dualStackDnsSuffix")
    ]
    assert list(ENDPOINT_SUFFIXES) == list(dict.fromkeys(names))


@pytest.mark.parametrize("suffix", ENDPOINT_SUFFIXES)
def test_a_host_of_each_partition_is_one_of_aws(suffix: str) -> None:
    said = f'Could not connect to the endpoint URL: "https://sts.eusc-de-east-1.{suffix}/"'
    assert blames_surroundings(said)


def issuer_in(region: str) -> str:
    suffix = REGIONS[region]["outputs"]["dnsSuffix"]
    return f"https://oidc.eks.{region}.{suffix}/id/{ISSUER.rpartition('/')[2]}"


def moved(fakes: Fakes, region: str) -> Fakes:
    """The same cluster and account in another partition."""
    here, there = (found.removeprefix("https://") for found in (ISSUER, issuer_in(region)))
    partition = REGIONS[region]["id"]

    def translated(document: Any) -> Any:
        moved_there = json.dumps(document).replace(here, there).replace("arn:aws:", f"arn:{partition}:")
        return json.loads(moved_there.replace("ap-northeast-1", region))

    for name in ("cluster_discovery", "discovery", "providers", "provider", "service_account", "role", "pod"):
        setattr(fakes, name, translated(getattr(fakes, name)))
    fakes.token = token(iss=issuer_in(region))
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=fakes.token, stderr="", exit_code=0)
    fakes.talk = [posted(fakes.token)]
    return fakes


def examined(fakes: Fakes) -> Diagnosis:
    return examine(fakes.ports(), SUBJECT)


def check(found: Diagnosis, check_id: str) -> Check:
    return next(check for check in found.walk.checks if check.id == check_id)


def command(found: Diagnosis) -> list[str]:
    assert found.fix is not None
    return shlex.split(found.fix.commands[0])


def test_each_region_that_botocore_knows_lies_in_its_partition() -> None:
    assert len(REGIONS) > 30
    found = {region: (region_of(issuer_in(region)), partition_of(issuer_in(region))) for region in REGIONS}
    assert found == {region: (region, REGIONS[region]["id"]) for region in REGIONS}
    by_ipv6 = {
        region: region_of(f"https://oidc-eks.{region}.{REGIONS[region]['outputs']['dualStackDnsSuffix']}/id/1")
        for region in REGIONS
    }
    assert by_ipv6 == {region: region for region in REGIONS}


@pytest.mark.parametrize("issuer", ["", "https://issuer.example.com", "https://oidc.eks.example.com/id/1"])
def test_where_nothing_names_a_partition_it_is_the_commercial_one(issuer: str) -> None:
    assert (region_of(issuer), partition_of(issuer, "", "s3-reader")) == ("", "aws")


def test_an_arn_tells_more_than_the_issuer() -> None:
    assert partition_of("https://issuer.example.com", "s3-reader", "arn:aws-us-gov:iam::1:role/x") == "aws-us-gov"


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_a_bare_name_becomes_the_arn_of_a_role_in_the_partition(region: str) -> None:
    fakes = moved(healthy(), region)
    annotated(fakes, "s3-reader")
    found = examined(fakes)
    partition = REGIONS[region]["id"]
    assert command(found)[-1] == f"{ANNOTATION}=arn:{partition}:iam::{ACCOUNT}:role/s3-reader"
    assert check(found, "service_account.role_arn").expected == f"arn:{partition}:iam::ACCOUNT_ID:role/ROLE_NAME"


def test_a_policy_that_names_the_partitions_buckets_allows_to_list_them() -> None:
    fakes = moved(healthy(), "cn-north-1")
    fakes.policies[:] = [("list", {"Version": "2012-10-17", "Statement": ALL_BUCKETS})]
    assert check(examined(fakes), "access.policy").status is Status.PASSED


def test_a_missing_provider_is_expected_in_the_partition() -> None:
    fakes = moved(healthy(), "cn-north-1")
    fakes.providers = []
    assert check(examined(fakes), "provider.exists").expected.startswith("arn:aws-cn:iam::")


def test_the_way_to_sts_is_found_by_the_names_that_china_has_for_it() -> None:
    fakes = moved(healthy(), "cn-north-1")
    printed(fakes, 'Connect timeout on endpoint URL: "https://sts.cn-north-1.amazonaws.com.cn/"')
    found = command(examined(fakes))
    assert found[:5] == ["aws", "ec2", "describe-vpc-endpoints", "--region", "cn-north-1"]
    names = ["cn.com.amazonaws.cn-north-1.sts", "com.amazonaws.cn-north-1.s3"]
    kept = jmespath.search(found[found.index("--query") + 1], {"VpcEndpoints": [{"ServiceName": it} for it in names]})
    assert kept == [{"ServiceName": names[0]}]


ONE_REGION_EACH = {found["id"]: region for region, found in REGIONS.items()}


@pytest.mark.parametrize("region", ONE_REGION_EACH.values())
def test_sts_goes_back_to_the_endpoint_that_botocore_takes(region: str) -> None:
    fakes = moved(healthy(), region)
    add_variable(fakes, "AWS_ENDPOINT_URL", value="http://minio:9000")
    printed(fakes, 'Could not connect to the endpoint URL: "http://minio:9000/"')
    endpoint = botocore.session.Session().create_client("sts", region_name=region).meta.endpoint_url
    assert command(examined(fakes))[-1] == f"AWS_ENDPOINT_URL_STS={endpoint}"


def test_a_server_that_the_error_does_not_name_is_not_blamed() -> None:
    fakes = healthy()
    add_variable(fakes, "AWS_ENDPOINT_URL", value="http://minio:9000")
    printed(fakes, 'Could not connect to the endpoint URL: "http://minio.example.com/"')
    verdict = examined(fakes).verdict
    assert verdict.check is not None
    assert verdict.check.id == "pod.application"
