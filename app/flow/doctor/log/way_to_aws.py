"""What helps a program that has not reached AWS, or not with a time that AWS takes, by its error message."""

from __future__ import annotations

from dataclasses import replace

from app.flow.doctor import changes
from app.flow.doctor.containers.container_fixes import region
from app.flow.doctor.containers.regions import REGIONS
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.names import REGION_HERE, Names
from app.flow.doctor.pod_fixes import fargate
from app.flow.doctor.workload_commands import ALL
from app.flow.json_access import get_list, get_str
from app.flow.model import Step
from app.flow.steps.injection import containers, environment
from app.flow.verdict.connection_errors import (
    blames_certificate,
    blames_proxy,
    by_global_endpoint,
    cut_off,
    gave_up,
    lacks_connection,
    misses_region,
    refused_at_once,
    refused_by_proxy,
    unreached,
    unreached_region,
    unresolved,
)
from app.flow.verdict.error_messages import blames_clock, by_other_server, shows_in
from app.flow.webhook_patch import REGION_VARIABLES, STS_VARIABLE


def way_to_aws(names: Names, said: str) -> Fix | None:
    """The fix for a program none of whose requests has reached AWS, or none with a time that AWS takes; None for
    another error."""
    if blames_clock(said) and names.on_fargate:
        return fargate(names)
    if blames_clock(said):
        return Fix(id="clock", commands=(names.on_node("--", "date", "-u"),))
    if blames_proxy(said):
        return Fix(id="proxy", commands=names.show_workload())
    if refused_by_proxy(said):
        return Fix(id="proxy_refuses", commands=names.show_workload())
    if blames_certificate(said):
        return Fix(id="certificate", commands=names.show_workload())
    if (unresolved(said) or lacks_connection(said)) and misses_region(said) and has_region(names):
        return Fix(id="own_region", commands=names.show_workload())
    if unresolved(said):
        return Fix(id="name_resolution", commands=_name_servers(names))
    if by_global_endpoint(said) and not _is_regional(names):
        return _regional_endpoint(names)
    if by_global_endpoint(said) and shows_in(said) is Step.STS_ASSUME:
        if not has_region(names):  # without a region botocore has no other endpoint
            return region(names)
        return Fix(id="global_in_program", commands=(*names.show_workload(), _endpoints(names, "sts")))
    if by_other_server(said):
        return Fix(id="other_server", commands=names.show_workload())
    boxes = names.kubectl("get", "pod", names.pod, "-o", "jsonpath={.spec.containers[*].name}")
    if cut_off(said):
        return Fix(id="cut_off", commands=(boxes,))
    if refused_at_once(said):
        return Fix(id="refused_connection", commands=(boxes,))
    if service := unreached(said):
        asked, of_sts = unreached_region(said), service in ("sts", "sts-fips")
        look = _endpoints(names, f"{asked}.{service}" if asked else service)
        if lacks_connection(said):
            return Fix(id="no_connection", commands=(*_name_servers(names), boxes, look))
        if asked and names.region not in ("", asked):
            return _other_region(names, asked, look)
        policies = names.kubectl("get", "networkpolicies")
        return Fix(id="egress" if of_sts else "egress_of_service", commands=(look, policies))
    if gave_up(said):
        return Fix(id="gave_up", commands=(_endpoints(names, "sts"),))
    return None


def has_region(names: Names) -> bool:
    """Whether the variables of all containers set a region."""
    return bool(containers(names.documents.get("pod"))) and not get_list(names.documents.get(REGIONS))


def _other_region(names: Names, asked: str, look: str) -> Fix:
    """STS is reached through a VPC endpoint under the name of the endpoint's own region (IAM User Guide, "Create a VPC
    endpoint for AWS STS": "you must use the matching regional endpoint")."""
    words = {
        get_str(box, "name"): [
            f"{name}={names.region}" for name in REGION_VARIABLES if environment(box).get(name) == asked
        ]
        for box in containers(names.documents.get("pod"))
    }
    if words := {box: given for box, given in words.items() if given}:
        fix = changes.variables(names, "other_region", words)
        if fix.commands != names.show_workload():
            return replace(fix, commands=(*fix.commands, look))
    return Fix(id="look_for_region", commands=(*names.show_workload(), look))


def _name_servers(names: Names) -> tuple[str, ...]:
    dns = line("kubectl", "-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns", "-o", "wide")
    return (dns, names.kubectl("get", "pod", names.pod, "-o", "jsonpath={.spec.dnsPolicy}"))


def _endpoints(names: Names, service: str) -> str:
    """Lists the VPC endpoints for a service (`sts`, `REGION.sts`), whose name has another prefix in each partition, and
    may have a part of the service behind it (`ecr.api`, `ecr.dkr`)."""
    query = f'VpcEndpoints[?contains(ServiceName, `".{service}"`)]'
    return line("aws", "ec2", "describe-vpc-endpoints", "--region", names.region or REGION_HERE, "--query", query)


def _is_regional(names: Names) -> bool:
    boxes = containers(names.documents.get("pod"))
    return bool(boxes) and all(environment(box).get(STS_VARIABLE) == "regional" for box in boxes)


def _regional_endpoint(names: Names) -> Fix:
    """Has the SDK use STS's endpoint in its own region, because a VPC endpoint for STS has only that name."""
    return changes.variables(
        names,
        "global_endpoint" if shows_in(names.check.error) is Step.STS_ASSUME else "global_session",
        {ALL: (f"{STS_VARIABLE}=regional",)},
    )
