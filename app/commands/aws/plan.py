"""The command's output: the plan with each object and each field, and how to use the AWS once the plan is applied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from app.commands.rendering import heading, labelled, to_paste
from app.content import Content
from app.flow.beside_cluster.objects import opt_in, run_of
from app.flow.beside_cluster.refusals import far_addresses
from app.flow.model import JsonObject
from app.own_commands import program

if TYPE_CHECKING:
    from app.world.beside_cluster.servers import BesideCluster

AWS_ENV, CA = "aws.env", "ca.pem"


def plan(
    registration: JsonObject, namespaces: Sequence[str], earlier: Sequence[str], host: str, words: Content
) -> list[str]:
    """What would be written to the cluster, and what an earlier run left, which is removed first."""
    objects = [registration, *(opt_in(namespace, run_of(registration)) for namespace in namespaces)]
    lines = [heading(words.message("beside.plan", server=host))]
    if earlier:
        lines += ["", words.message("beside.removes"), *(f"  - {text}" for text in earlier)]
    for document, key in zip(objects, ["creates", *["labels"] * len(namespaces)], strict=True):
        text = yaml.safe_dump(document, sort_keys=False, width=2**16)
        lines += ["", words.message(f"beside.{key}"), *(f"  {line}" for line in text.splitlines())]
    return [*lines, "", words.message("beside.pods"), words.message("beside.nothing_else")]


def exposure(address: str, words: Content) -> list[str]:
    """A warning where others than this machine's containers may reach that address."""
    return ["", words.message("beside.exposed", address=address)] if far_addresses([address]) else []


def environment(aws: BesideCluster, folder: Path) -> str:
    """The variables by which `aws`, the SDKs and live mode reach this account, as lines for a shell."""
    values = {
        "AWS_ENDPOINT_URL": aws.aws_url,
        "AWS_REGION": aws.account.region,
        "AWS_DEFAULT_REGION": aws.account.region,
        "AWS_ACCESS_KEY_ID": aws.account.admin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.account.admin.secret_access_key,
        "IRSA_ISSUER_ADDRESS": aws.issuer_address,
        "IRSA_ISSUER_CA": str(folder / CA),
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def instructions(
    aws: BesideCluster, folder: Path, context: str, namespaces: Sequence[str], service_account: str, words: Content
) -> list[str]:
    """What to paste into a terminal beside this one."""
    arn = next(role.arn for role in aws.account.roles.values())
    kubectl, name = f"kubectl --context {shlex.quote(context)}", shlex.quote(service_account)
    namespace = namespaces[0]
    of_account = "\n".join(
        (
            f"{kubectl} create serviceaccount {name} -n {namespace}",
            f"{kubectl} annotate serviceaccount {name} -n {namespace} --overwrite eks.amazonaws.com/role-arn={arn}",
        )
    )
    overrides = f'{{"spec":{{"serviceAccountName":"{service_account}"}}}}'
    run = (
        f"{kubectl} run aws-cli -n {namespace} --image=amazon/aws-cli:latest --restart=Never "
        f"--overrides={shlex.quote(overrides)} -- s3 ls"
    )
    use = f"set -a; . {shlex.quote(str(folder / AWS_ENV))}; set +a"
    doctor = f"{program()} doctor sa/{name} -n {namespace} --context {shlex.quote(context)}"
    return [
        heading(words.message("beside.ready")),
        *labelled(
            {
                words.message("beside.for_pods"): aws.url,
                words.message("beside.for_reader"): aws.aws_url,
                words.message("beside.role"): arn,
            },
            indent=2,
        ),
        "",
        *to_paste(
            [
                (words.message("beside.service_account"), of_account),
                (words.message("beside.pod"), run),
                (words.message("beside.use"), use),
                (words.message("beside.doctor"), doctor),
                (words.message("beside.serve", context=context), f"{program()} serve"),
            ],
            indent=0,
        ),
        "",
        words.message("beside.stop"),
        words.message("beside.undo", command=undo_command(context)),
    ]


def undo_command(context: str) -> str:
    """The command line that removes what is left."""
    return f"{program()} aws --for {shlex.quote(context)} --undo"
