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
_SUFFIXES = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "aws-iso": ("c2s.ic.gov", "api.aws.ic.gov"),
    "aws-iso-b": ("sc2s.sgov.gov", "api.aws.scloud"),
    "aws-iso-e": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "aws-iso-f": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
}
"""How the names of AWS's endpoints end, by partition, those of dual-stack endpoints second (botocore's
`partitions.json`)."""
ENDPOINT_SUFFIXES = tuple(dict.fromkeys(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes))
_ENDS = tuple(f".{suffix}" for suffix in ENDPOINT_SUFFIXES)
_ARN = re.compile(r"arn:(aws[a-z0-9-]*):")
_EKS_ISSUER = re.compile(r"https://oidc[.-]eks\.([a-z]+(?:-[a-z]+)+-[0-9]+)\.")


def region_of(issuer: str) -> str:
    """The region in the name of an EKS issuer (`oidc.eks.REGION.amazonaws.com`, or `oidc-eks.REGION.api.aws` by IPv6);
    empty for any other.

    Source: EKS user guide, "VPC and subnet requirements" (dual-stack endpoints, since August 2024).
    """
    found = _EKS_ISSUER.match(issuer)
    return found[1] if found else ""


def partition_of(issuer: str, *arns: str) -> str:
    """The partition that the first ARN among these names, else that of the issuer's region, such as `aws-cn`."""
    named = next(filter(None, map(_ARN.match, arns)), None)
    return named[1] if named else partition_of_region(region_of(issuer))


def endpoint(service: str, region: str, partition: str) -> str:
    """The URL of a service's endpoint in a region; as a commercial one where the partition is not known."""
    return f"https://{service}.{region}.{_SUFFIXES.get(partition, _SUFFIXES[_COMMERCIAL])[0]}"


def is_endpoint(host: str) -> bool:
    """Whether a host is one of AWS's own endpoints by its name; those of VPC endpoints are."""
    return host.endswith(_ENDS)


def partition_of_region(region: str) -> str:
    """The partition of a region by its name; the commercial one where that tells no other."""
    return _OF_REGIONS.get(region.rpartition("-")[0].rpartition("-")[0], _COMMERCIAL)
