"""What helps with a Pod that does not run, and with one in which nothing can be executed."""

from __future__ import annotations

from app.flow.doctor.application import ASKED_INSTANCE
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.log.error_fixes import lacking_permission
from app.flow.doctor.names import Names
from app.flow.doctor.pod_fixes import FETCH, kubelet
from app.flow.json_access import get, get_object, get_str
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE, containers, environment, token_container
from app.flow.steps.standstill import CRASH, CRASH_LOOP, FAILED, IMAGE, INIT, INIT_RUNS, PROGRAM_ENDED, VOLUME

_IMAGE_WITH_AWS = "amazon/aws-cli"
_OF_DRIVER = "rpc error: code = "
"""How an error of a CSI driver begins, which responds by gRPC, in the kubelet's event."""


def running(names: Names) -> Fix:
    """Shows more of it: the log of the program that ended, or else the events. A volume's driver may use the Pod's own
    role, as the Secrets Store CSI driver does."""
    check = names.check
    container, _, state = check.got.partition(": ")
    if check.reason == IMAGE:
        return Fix(id="another_image", commands=names.set_image(f"{container}=IMAGE"))
    if names.documents.get(ASKED_INSTANCE) and check.reason in PROGRAM_ENDED:
        return Fix(id="instance_metadata", commands=names.show_workload())
    if check.reason in (CRASH, FAILED, INIT, INIT_RUNS) and container and state:
        before = ("--previous",) if state.startswith(CRASH_LOOP) else ()
        return Fix(id="container_log", commands=(names.kubectl("logs", names.pod, "-c", container, *before),))
    if FETCH in check.error:
        return kubelet(names)
    if check.reason == VOLUME and (fix := lacking_permission(names, check.error)):
        return fix
    describe = names.kubectl("describe", "pod", names.pod)
    node = get_str(names.documents.get("pod"), "spec", "nodeName")
    if check.reason == VOLUME and _OF_DRIVER in check.error and node:
        beside = line("kubectl", "get", "pods", "--all-namespaces", "--field-selector", f"spec.nodeName={node}")
        return Fix(id="volume_driver", commands=(describe, beside))
    return Fix(id="describe_pod", commands=(describe,))


def connect(names: Names) -> Fix:
    """A server did not respond, so no option of the doctor shows more."""
    return Fix(id="connect")


def own_request(names: Names) -> Fix:
    """STS's answer to the Pod's program is in its log, and minutes later in CloudTrail with the caller's address."""
    logs = (names.kubectl("logs", names.pod, "--all-containers"),) if names.pod else ()
    wanted = "AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity"
    query = f"Events[?Username=='{names.bearer.subject}'].CloudTrailEvent"
    look = line("aws", "cloudtrail", "lookup-events", "--lookup-attributes", wanted, "--query", query, *names.in_region)
    return Fix(id="own_request", commands=(*logs, look))


def look_in(names: Names) -> Fix | None:
    """Adds an ephemeral container to a Pod whose image has no program, which does with the Pod's token what an SDK
    does.

    It sees the other container's files below the root of the first process there, unless all containers of the Pod
    share their processes. Source: Kubernetes, "Debug Running Pods" and "Share Process Namespace between Containers in a
    Pod".
    """
    pod = names.documents.get("pod")
    mounted, shared = token_container(pod), get_object(pod, "spec", "securityContext")
    if mounted is None or get(pod, "spec", "shareProcessNamespace") is True or not mounted[1].startswith("/"):
        return None
    if shared.get("runAsNonRoot") is True and not shared.get("runAsUser"):
        return None  # the kubelet starts no container of this image, whose user is root, and kubectl waits for it
    container, path = mounted
    own = next((environment(box) for box in containers(pod) if get_str(box, "name") == container), {})
    variables = {
        ROLE_VARIABLE: own.get(ROLE_VARIABLE, names.role_arn),
        TOKEN_VARIABLE: f"/proc/1/root{path}",
        "AWS_REGION": own.get("AWS_REGION") or names.region or "REGION",
        "HOME": "/tmp",  # noqa: S108 - in the container: its user may be one whose home the image does not have
    }
    options = ("-it", "--profile=general", f"--image={_IMAGE_WITH_AWS}", f"--target={container}")
    env = (f"--env={name}={value}" for name, value in variables.items())
    program = ("--", "aws", "sts", "get-caller-identity")
    return Fix(id="debug_container", commands=(names.kubectl("debug", names.pod, *options, *env, *program),))
