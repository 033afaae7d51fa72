"""The partitions of AWS: worlds apart, each with ARNs and regions of its own."""

from __future__ import annotations

import re

_COMMERCIAL = "aws"
_OF_REGIONS = {
    "cn": "aws-cn",
    "eusc-de": "aws-eusc",
    "us-gov": "aws-us-gov",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "eu-isoe": "aws-iso-e",
    "us-isof": "aws-iso-f",
}
"""By how the names of a partition's regions begin. All other regions are commercial ones."""
ENDPOINT_SUFFIXES = (
    *("amazonaws.com", "api.aws"),
    *("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    *("amazonaws.eu", "api.amazonwebservices.eu"),
    *("c2s.ic.gov", "api.aws.ic.gov"),
    *("sc2s.sgov.gov", "api.aws.scloud"),
    *("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    *("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
)
"""How the names of AWS's endpoints end, by partition, those of dual-stack endpoints second (botocore's
`partitions.json`)."""
_ENDS = tuple(f".{suffix}" for suffix in ENDPOINT_SUFFIXES)
_ARN = re.compile(r"arn:(aws[a-z0-9-]*):")
_EKS_ISSUER = re.compile(r"https://oidc\.eks\.([a-z]+(?:-[a-z]+)+-[0-9]+)\.")


def region_of(issuer: str) -> str:
    """The region in the name of an EKS issuer (`oidc.eks.REGION.amazonaws.com`); empty for any other."""
    found = _EKS_ISSUER.match(issuer)
    return found[1] if found else ""


def partition_of(issuer: str, *arns: str) -> str:
    """The partition that the first ARN among these names, else that of the issuer's region, such as `aws-cn`."""
    named = next(filter(None, map(_ARN.match, arns)), None)
    return named[1] if named else partition_of_region(region_of(issuer))


def is_endpoint(host: str) -> bool:
    """Whether a host is one of AWS's own endpoints by its name; those of VPC endpoints are."""
    return host.endswith(_ENDS)


def partition_of_region(region: str) -> str:
    """The partition of a region by its name; the commercial one where that tells no other."""
    return _OF_REGIONS.get(region.rpartition("-")[0].rpartition("-")[0], _COMMERCIAL)
