"""Attacks on the servers of a world, by its owner."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.attack.client import ATTACKER, CUT_OFF, Answer, ask
from tests.attack.row import CHEAPLY_REFUSED, REFUSED, Attack, Attacker
from tests.attack.server import MEGABYTE, PATIENCE

DEFAULT = "/api/v1/namespaces/default"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MERGE = {"content-type": "application/merge-patch+json"}
STRATEGIC = {"content-type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"content-type": "application/json-patch+json"}
YAML = {"content-type": "application/yaml"}


def pod(containers: int) -> Callable[[Attacker, int], Awaitable[Answer]]:
    """A Pod that the webhook changes in every container; it is deleted again."""
    bodies = [{"name": f"c{number}", "image": "amazon/aws-cli"} for number in range(containers)]

    async def send(by: Attacker, number: int) -> Answer:
        spec = {"serviceAccountName": "my-sa", "restartPolicy": "Never", "containers": bodies}
        body = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": f"many-{number}"}, "spec": spec}
        answer = await ask(by.api, "POST", f"{DEFAULT}/pods", body)
        await ask(by.api, "DELETE", f"{DEFAULT}/pods/many-{number}")
        return answer

    return send


async def config_map(by: Attacker) -> None:
    """The ConfigMap that is patched."""
    await ask(by.api, "POST", f"{DEFAULT}/configmaps", {"metadata": {"name": "big"}})


async def patch_config_map(by: Attacker, number: int) -> Answer:
    body = {"data": {"text": f"{number:09}" + "x" * 777_000}}
    return await ask(by.api, "PATCH", f"{DEFAULT}/configmaps/big", body, headers=MERGE)


async def delete_config_map(by: Attacker) -> str:
    await ask(by.api, "DELETE", f"{DEFAULT}/configmaps/big")
    return ""


def secrets(letter: str) -> list[dict[str, str]]:
    """Ten thousand elements of a list that is merged by their names."""
    return [{"name": f"{letter}{number}"} for number in range(10_000)]


async def account_of_many_secrets(by: Attacker) -> None:
    body = {"metadata": {"name": "many"}, "secrets": secrets("a")}
    await ask(by.api, "POST", f"{DEFAULT}/serviceaccounts", body)


async def merge_lists(by: Attacker, number: int) -> Answer:
    body = {"secrets": secrets("b")}
    path = f"{DEFAULT}/serviceaccounts/many?dryRun=All"
    return await ask(by.api, "PATCH", path, body, headers=STRATEGIC)


def finalizers(count: int) -> list[str]:
    """Names as Kubernetes takes them."""
    return [f"e.io/{number}" for number in range(count)]


async def account_of_finalizers(by: Attacker) -> None:
    await ask(by.api, "POST", f"{DEFAULT}/configmaps", {"metadata": {"name": "held", "finalizers": finalizers(20_000)}})


async def create_with_finalizers(by: Attacker, number: int) -> Answer:
    body = {"metadata": {"name": f"held-{number}", "finalizers": finalizers(20_000)}}
    return await ask(by.api, "POST", f"{DEFAULT}/configmaps?dryRun=All", body)


async def delete_from_list(by: Attacker, number: int) -> Answer:
    body = {"metadata": {"$deleteFromPrimitiveList/finalizers": [f"e.io/x{n}" for n in range(20_000)]}}
    return await ask(by.api, "PATCH", f"{DEFAULT}/configmaps/held?dryRun=All", body, headers=STRATEGIC)


async def nested_adds(by: Attacker, number: int) -> Answer:
    body = [{"op": "add", "path": "/data" + "/a" * depth, "value": {}} for depth in range(900)]
    return await ask(by.api, "PATCH", f"{DEFAULT}/serviceaccounts/default?dryRun=All", body, headers=JSON_PATCH)


async def yaml_merge_keys(by: Attacker, number: int) -> Answer:
    keys = ", ".join(f"k{n}: v" for n in range(400))
    many = ", ".join(["*a"] * 8000)
    body = f"kind: ConfigMap\nmetadata: {{name: y{number}}}\nbase: &a {{{keys}}}\ndata:\n  <<: [{many}]\n"
    return await ask(by.api, "POST", f"{DEFAULT}/configmaps?dryRun=All", body.encode(), headers=YAML)


async def long_selector(by: Attacker, number: int) -> Answer:
    return await ask(by.api, "GET", f"{DEFAULT}/pods?labelSelector=" + "+" * 30_000 + "=")


async def large_objects(by: Attacker) -> None:
    """A list of 1.8 MB."""
    for name in ("one", "two"):
        body = {"metadata": {"name": f"large-{name}"}, "data": {"text": "x" * 900_000}}
        await ask(by.api, "POST", f"{DEFAULT}/configmaps", body)


async def delete_large_objects(by: Attacker) -> str:
    for name in ("one", "two"):
        await ask(by.api, "DELETE", f"{DEFAULT}/configmaps/large-{name}")
    return ""


def unread(query: str) -> Callable[[Attacker, int], Awaitable[Answer]]:
    """A request of that list whose answer is not read beyond its status. Its connection is left open."""

    def request(by: Attacker) -> Answer:
        keys = by.target.keys("attacker")
        where = urlsplit(keys.server)
        plain = socket.create_connection((where.hostname or "", where.port or 0), PATIENCE, (ATTACKER, 0))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        context = ssl.create_default_context(cafile=str(keys.ca))
        opened = context.wrap_socket(plain, server_hostname=where.hostname)
        by.kept.append(opened)
        line = f"GET {where.path}{DEFAULT}/configmaps{query} HTTP/1.1"
        opened.sendall(f"{line}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {keys.token}\r\n\r\n".encode())
        return Answer(status=int(opened.recv(12)[-3:]))

    async def send(by: Attacker, number: int) -> Answer:
        return await asyncio.to_thread(request, by)

    return send


def runs(script: str) -> Callable[[Attacker, int], Awaitable[Answer]]:
    """A Pod whose program is that script."""

    async def send(by: Attacker, number: int) -> Answer:
        container = {"name": "app", "image": "busybox", "command": ["sh", "-c", script]}
        body = {"metadata": {"name": f"runs-{number}"}, "spec": {"containers": [container]}}
        return await ask(by.api, "POST", f"{DEFAULT}/pods", body)

    return send


async def delete_pods(by: Attacker) -> str:
    """Also an API server of the same world answers while the programs run, once the world has CPU time again: kubectl
    asks again, too."""
    for _ in range(20):
        answer = await ask(by.api, "DELETE", f"{DEFAULT}/pods?gracePeriodSeconds=0")
        if answer.status != 429:
            break
        await asyncio.sleep(1)
    return "" if answer.status == 200 else f"the Pods could not be deleted: {answer.status}"


async def large_role(by: Attacker) -> None:
    """A ClusterRole of 0.9 MB."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["x" * 9_000], "verbs": ["get"]}] * 100
    await ask(by.api, "POST", f"{RBAC}/clusterroles", {"metadata": {"name": "large"}, "rules": rules})


async def bind_and_list_rules(by: Attacker, number: int) -> Answer:
    """Binds it once more to the one who asks, and asks for all that this one may do."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "large"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}
    bindings = [
        {"metadata": {"name": f"again-{number}-{n}"}, "roleRef": role, "subjects": [subject]} for n in range(20)
    ]
    await asyncio.gather(*(ask(by.api, "POST", f"{RBAC}/clusterrolebindings", body) for body in bindings))
    review = {"spec": {"namespace": "default"}}
    return await ask(by.api, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)


async def delete_role(by: Attacker) -> str:
    await ask(by.api, "DELETE", f"{RBAC}/clusterroles/large")
    return ""


async def large_body(by: Attacker, number: int) -> Answer:
    """By a client that sends all before it reads, as most do."""

    def send() -> Answer:
        server = urlsplit(by.target.keys("attacker").aws_url)
        connection = HTTPConnection(server.hostname or "", server.port, PATIENCE, (ATTACKER, 0))
        try:
            connection.request("POST", "/", b"x" * 8 * MEGABYTE)
            response = connection.getresponse()
            return Answer(status=response.status, body=response.read())
        except OSError as error:
            return Answer(status=CUT_OFF, body=repr(error).encode())
        finally:
            connection.close()

    return await asyncio.to_thread(send)


ON_WORLD = (
    Attack(
        name="pod_of_600_containers",
        says="POST of a Pod of 600 containers (24 KB)",
        send=pod(600),
        inputs=12,
        right=CHEAPLY_REFUSED | {201},
    ),
    Attack(
        name="pod_of_2000_containers",
        says="POST of a Pod of 2,000 containers (80 KB)",
        send=pod(2000),
        right=CHEAPLY_REFUSED | {201},
        inputs=12,
    ),
    Attack(
        name="config_map_patches",
        says="merge patch of a ConfigMap (759 KB)",
        prepare=config_map,
        send=patch_config_map,
        wrong=delete_config_map,
        right=REFUSED | {200},
        inputs=100,
    ),
    Attack(
        name="strategic_patch_of_lists",
        says="strategic patch of 10,000 elements onto 10,000",
        prepare=account_of_many_secrets,
        send=merge_lists,
        right=CHEAPLY_REFUSED | {200},
        inputs=12,
    ),
    Attack(
        name="yaml_merge_keys",
        says="YAML with 8,000 merge keys `<<` of 400",
        send=yaml_merge_keys,
        right=CHEAPLY_REFUSED,
        inputs=12,
    ),
    Attack(
        name="long_label_selector", says="label selector of 30 KB", send=long_selector, right=CHEAPLY_REFUSED, inputs=12
    ),
    Attack(
        name="finalizers",
        says="POST of an object with 20,000 finalizers",
        send=create_with_finalizers,
        right=CHEAPLY_REFUSED | {201},
        inputs=12,
    ),
    Attack(
        name="delete_from_primitive_list",
        says="`$deleteFromPrimitiveList` of 20,000 from 20,000",
        prepare=account_of_finalizers,
        send=delete_from_list,
        right=CHEAPLY_REFUSED | {200, 404},
        inputs=12,
    ),
    Attack(
        name="nested_json_patch",
        says="JSON patch of 900 nested adds",
        send=nested_adds,
        inputs=12,
        right=CHEAPLY_REFUSED,
    ),
    Attack(
        name="unread_lists",
        says="a list of 1.8 MB, of which nothing is read",
        prepare=large_objects,
        send=unread(""),
        wrong=delete_large_objects,
        right=frozenset({200, 429}),
        inputs=40,
        most=1000,
        memory=40 * MEGABYTE,
    ),
    Attack(
        name="unread_watches",
        says="a watch of 1.8 MB, of which nothing is read",
        prepare=large_objects,
        send=unread("?watch=true"),
        wrong=delete_large_objects,
        right=frozenset({200, 429}),
        inputs=40,
        most=1000,
        memory=40 * MEGABYTE,
    ),
    Attack(
        name="programs_that_hold",
        says="a Pod whose program doubles a text without end",
        send=runs("x=a; while :; do x=$x$x; done"),
        wrong=delete_pods,
        right=REFUSED | {201},
        inputs=20,
        memory=40 * MEGABYTE,
    ),
    Attack(
        name="programs_that_compute",
        says="a Pod whose program computes without end",
        send=runs("while :; do :; done"),
        wrong=delete_pods,
        right=REFUSED | {201},
        inputs=20,
        memory=40 * MEGABYTE,
    ),
    Attack(
        name="rules_of_one_role",
        says="a role of 0.9 MB, bound 20 times more, and a list of all rules",
        prepare=large_role,
        send=bind_and_list_rules,
        wrong=delete_role,
        right=REFUSED | {201},
        inputs=4,
        most=100,
        memory=60 * MEGABYTE,
    ),
    Attack(name="large_body", says="a body of 8 MB, sent to AWS", send=large_body, right=frozenset({413}), inputs=5),
)
