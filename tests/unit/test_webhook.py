"""The pod identity webhook's patch, rule by rule, and over Pods of every shape."""

from __future__ import annotations

import copy
import json

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.annotations import is_role_arn, parse_bool, parse_csv_record, parse_expiration, parse_int
from app.flow.webhook import WebhookSettings, mutate, skipped_containers

ROLE = "arn:aws:iam::111122223333:role/s3-reader"
MOUNT_PATH = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
TOKEN_PATH = f"{MOUNT_PATH}/token"
MOUNT = {"name": "aws-iam-token", "readOnly": True, "mountPath": MOUNT_PATH}
EKS = WebhookSettings(region="us-west-2", sts_regional_endpoint=True)
ROLE_VARIABLES = [{"name": "AWS_ROLE_ARN", "value": ROLE}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": TOKEN_PATH}]
REGION_VARIABLES = [{"name": "AWS_DEFAULT_REGION", "value": "us-west-2"}, {"name": "AWS_REGION", "value": "us-west-2"}]
STS_VARIABLE = {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"}


def service_account(**annotations):
    """An annotated ServiceAccount; `_` in a name stands for `-`, and None leaves one out."""
    given = {"role_arn": ROLE} | annotations
    named = {f"eks.amazonaws.com/{name.replace('_', '-')}": value for name, value in given.items() if value is not None}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "my-sa", "annotations": named}}


def pod(*containers, annotations=None, **spec):
    metadata = {"name": "probe"}
    if annotations is not None:
        metadata["annotations"] = {f"eks.amazonaws.com/{name}": value for name, value in annotations.items()}
    return {"metadata": metadata, "spec": {"containers": list(containers or [container()]), **spec}}


def container(name="app", **fields):
    return {"name": name, "image": "amazonlinux", **fields}


def volume(audience="sts.amazonaws.com", expiration=86400):
    token = {"audience": audience, "expirationSeconds": expiration, "path": "token"}
    return {"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": token}]}}


def patch(given, account=None, settings=WebhookSettings()):  # noqa: B008 (frozen)
    return mutate(given, service_account() if account is None else account, settings)


def values(operations):
    """The patch as a mapping from path to value."""
    return {operation["path"]: operation["value"] for operation in operations}


def injected(given, account=None, settings=WebhookSettings(), kind="containers"):  # noqa: B008 (frozen)
    """The first container as the patch writes it."""
    return values(patch(given, account, settings))[f"/spec/{kind}"][0]


def variables(given, account=None, settings=WebhookSettings()):  # noqa: B008 (frozen)
    """The names of the first container's variables, in order."""
    return [variable["name"] for variable in injected(given, account, settings).get("env", [])]


def token(given, account=None, settings=WebhookSettings()):  # noqa: B008 (frozen)
    """The projected token's source."""
    (found,) = values(patch(given, account, settings))["/spec/volumes"]
    return found["projected"]["sources"][0]["serviceAccountToken"]


def test_the_patch_of_a_pod_without_volumes_to_the_letter():
    text = json.dumps(patch(pod()), separators=(",", ":"))
    assert text == (
        '[{"op":"add","path":"/spec/volumes","value":[{"name":"aws-iam-token","projected":{"sources":['
        '{"serviceAccountToken":{"audience":"sts.amazonaws.com","expirationSeconds":86400,"path":"token"}}]}}]},'
        '{"op":"add","path":"/spec/containers","value":[{"name":"app","image":"amazonlinux","env":['
        f'{{"name":"AWS_ROLE_ARN","value":"{ROLE}"}},'
        f'{{"name":"AWS_WEB_IDENTITY_TOKEN_FILE","value":"{TOKEN_PATH}"}}],"resources":{{}},'
        f'"volumeMounts":[{{"name":"aws-iam-token","readOnly":true,"mountPath":"{MOUNT_PATH}"}}]}}]}}]'
    )


def test_what_a_real_webhook_made_of_a_pod():
    """Recorded from the real webhook with region us-west-2 and regional STS endpoints on."""
    api_access = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-lmb6s"}
    before = pod(
        {
            "command": ["sleep", "3600"],
            "image": "busybox:latest",
            "imagePullPolicy": "Always",
            "name": "app",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": [api_access | {"readOnly": True}],
        },
        volumes=[{"name": "kube-api-access-lmb6s", "projected": {"defaultMode": 420, "sources": []}}],
        serviceAccountName="my-sa",
    )
    role = "arn:aws:iam::111122223333:role/my-role"
    after = jsonpatch.apply_patch(before, patch(before, service_account(role_arn=role), EKS))
    assert after["spec"]["containers"] == [
        {
            "command": ["sleep", "3600"],
            "env": [
                {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
                {"name": "AWS_DEFAULT_REGION", "value": "us-west-2"},
                {"name": "AWS_REGION", "value": "us-west-2"},
                {"name": "AWS_ROLE_ARN", "value": role},
                {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": TOKEN_PATH},
            ],
            "image": "busybox:latest",
            "imagePullPolicy": "Always",
            "name": "app",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": [api_access | {"readOnly": True}, MOUNT],
        }
    ]
    assert [found["name"] for found in after["spec"]["volumes"]] == ["aws-iam-token", "kube-api-access-lmb6s"]
    assert after["spec"]["volumes"][0] == volume()


class TestWhetherToMutate:
    @pytest.mark.parametrize(
        "account",
        [
            None,
            {},
            {"metadata": None},
            {"metadata": {"annotations": None}},
            service_account(role_arn=None),
            service_account(role_arn=""),
            service_account(role_arn=None, audience="x", sts_regional_endpoints="true"),
            {"metadata": {"annotations": {"iam.amazonaws.com/role": ROLE, "eks.amazonaws.com/rolearn": ROLE}}},
            {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": 7}}},
            {"metadata": {"annotations": [ROLE]}},
            {"metadata": "x"},
            "my-sa",
        ],
    )
    def test_no_role_is_named(self, account):
        assert mutate(pod(), account, EKS) == []

    def test_a_role_on_the_pod_is_not_looked_at(self):
        given = pod(annotations={"role-arn": ROLE, "audience": "x", "sts-regional-endpoints": "true"})
        assert mutate(given, service_account(role_arn=None), WebhookSettings()) == []
        assert token(given)["audience"] == "sts.amazonaws.com"
        assert "AWS_STS_REGIONAL_ENDPOINTS" not in variables(given)

    @pytest.mark.parametrize("arn", ["s3-reader", "arn:aws:iam::::role/x", "arn:aws:iam::111122223333:policy/x", " "])
    def test_an_arn_that_is_none_is_injected_all_the_same(self, arn):
        assert not is_role_arn(arn)
        assert injected(pod(), service_account(role_arn=arn))["env"][0] == {"name": "AWS_ROLE_ARN", "value": arn}

    @pytest.mark.parametrize(
        "junk",
        [
            None,
            [],
            "pod",
            7,
            {"spec": []},
            {"metadata": 7},
            {"metadata": {"annotations": {"a": 1}}},
            pod(7),
            pod({"name": 7}),
            pod(container(env={})),
            pod(container(env=[{"name": "A", "value": 1}])),
            pod(container(volumeMounts=[7])),
            pod(container(ports=[{"containerPort": "80"}])),
            pod(container(ports=[{"containerPort": 80.5}])),
            pod(container(ports=[{"containerPort": True}])),
            pod(container(ports=[{"containerPort": 2**63}])),
            pod(container(ports=[{"containerPort": -(2**63) - 1}])),
            pod(container(stdin="yes")),
            pod(container(resources={"limits": {"cpu": True}})),
            pod(container(resources={"limits": {"cpu": []}})),
            pod(container(resources={"limits": []})),
            pod(volumes={}),
            pod(volumes=[7]),
            pod(volumes=[{"name": []}]),
            pod(nodeSelector=[]),
            pod(nodeSelector={"kubernetes.io/os": 7}),
            {"spec": {"containers": {}}},
            {"spec": {"initContainers": "x"}},
        ],
    )
    def test_what_go_cannot_decode_as_a_pod_gets_no_patch(self, junk):
        assert patch(junk) == []

    @pytest.mark.parametrize(
        "given", [{}, {"spec": None}, {"spec": {}}, {"metadata": None, "spec": {"containers": None}}]
    )
    def test_a_pod_without_containers_still_gets_the_volume(self, given):
        assert values(patch(given)) == {"/spec/volumes": [volume()], "/spec/containers": []}


class TestVariables:
    @pytest.mark.parametrize(
        ("settings", "names"),
        [
            (WebhookSettings(), ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]),
            (WebhookSettings(region="us-west-2"), [*[v["name"] for v in REGION_VARIABLES + ROLE_VARIABLES]]),
            (EKS, [v["name"] for v in [STS_VARIABLE, *REGION_VARIABLES, *ROLE_VARIABLES]]),
        ],
    )
    def test_their_order(self, settings, names):
        assert variables(pod(), settings=settings) == names

    def test_they_come_after_the_container_s_own(self):
        own = [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
        assert injected(pod(container(env=own)), settings=EKS)["env"] == [
            *own,
            STS_VARIABLE,
            *REGION_VARIABLES,
            *ROLE_VARIABLES,
        ]

    @pytest.mark.parametrize("name", ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"])
    def test_one_of_the_role_s_keeps_both_out(self, name):
        given = pod(container(env=[{"name": name, "value": "mine"}]))
        result = injected(given, settings=EKS)
        assert result["env"] == [{"name": name, "value": "mine"}, STS_VARIABLE, *REGION_VARIABLES]
        assert result["volumeMounts"] == [MOUNT]

    @pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    def test_one_of_the_region_s_keeps_both_out(self, name):
        given = pod(container(env=[{"name": name, "value": "mine"}]))
        assert injected(given, settings=EKS)["env"] == [{"name": name, "value": "mine"}, STS_VARIABLE, *ROLE_VARIABLES]

    def test_sts_endpoints_are_left_as_they_are(self):
        given = pod(container(env=[{"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "legacy"}]))
        assert variables(given, settings=EKS).count("AWS_STS_REGIONAL_ENDPOINTS") == 1
        assert injected(given, settings=EKS)["env"][0]["value"] == "legacy"

    @pytest.mark.parametrize("role", ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"])
    @pytest.mark.parametrize("region", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    @pytest.mark.parametrize("settings", [EKS, WebhookSettings()])
    def test_one_of_each_kind_ends_it_early_without_the_mount_though_with_the_volume(self, role, region, settings):
        env = [{"name": name, "value": "mine"} for name in (role, "AWS_STS_REGIONAL_ENDPOINTS", region)]
        given = pod(container(env=env))
        assert values(patch(given, settings=settings)) == {
            "/spec/volumes": [volume()],
            "/spec/containers": [container(env=env, resources={})],
        }

    @pytest.mark.parametrize("missing", [STS_VARIABLE, REGION_VARIABLES[1], ROLE_VARIABLES[1]])
    def test_without_one_of_each_kind_it_does_not_end_early(self, missing):
        mine = [variable for variable in (STS_VARIABLE, REGION_VARIABLES[1], ROLE_VARIABLES[1]) if variable != missing]
        result = injected(pod(container(env=mine)), settings=EKS)
        assert missing in result["env"]
        assert result["volumeMounts"] == [MOUNT]

    def test_env_from_is_not_looked_at(self):
        given = pod(container(envFrom=[{"prefix": "AWS_ROLE_ARN", "secretRef": {"name": "aws"}}]))
        assert variables(given) == ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]

    @pytest.mark.parametrize("label", ["kubernetes.io/os", "beta.kubernetes.io/os"])
    def test_windows_gets_a_windows_path_and_a_unix_mount(self, label):
        result = injected(pod(nodeSelector={label: "windows"}))
        path = r"C:\var\run\secrets\eks.amazonaws.com\serviceaccount\token"
        assert result["env"][1] == {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": path}
        assert result["volumeMounts"] == [MOUNT]

    @pytest.mark.parametrize(
        "spec",
        [
            {"nodeSelector": {"kubernetes.io/os": "linux"}},
            {"nodeSelector": {"kubernetes.io/os": "Windows"}},
            {"nodeSelector": {"os": "windows"}},
            {"nodeSelector": None},
            {"os": {"name": "windows"}},
            {"affinity": {"nodeAffinity": {"kubernetes.io/os": "windows"}}},
        ],
    )
    def test_nothing_else_means_windows(self, spec):
        assert injected(pod(**spec))["env"][1]["value"] == TOKEN_PATH

    @pytest.mark.parametrize(
        ("mount_path", "path"), [("/tokens", "/tokens/token"), ("/tokens/", "/tokens/token"), ("/a/../b", "/b/token")]
    )
    def test_the_mount_path_is_a_setting(self, mount_path, path):
        result = injected(pod(), settings=WebhookSettings(mount_path=mount_path))
        assert result["env"][1]["value"] == path
        assert result["volumeMounts"][0]["mountPath"] == mount_path


class TestRegionalEndpoints:
    @pytest.mark.parametrize("value", ["1", "t", "T", "TRUE", "true", "True"])
    def test_true_adds_the_variable(self, value):
        account = service_account(sts_regional_endpoints=value)
        assert injected(pod(), account)["env"][0] == STS_VARIABLE

    @pytest.mark.parametrize("value", ["0", "f", "F", "FALSE", "false", "False"])
    def test_false_leaves_it_out(self, value):
        account = service_account(sts_regional_endpoints=value)
        assert "AWS_STS_REGIONAL_ENDPOINTS" not in variables(pod(), account, EKS)

    @pytest.mark.parametrize("value", ["", "yes", "tRUE", " true", "true\n", "2", "regional"])
    def test_anything_else_is_ignored(self, value):
        account = service_account(sts_regional_endpoints=value)
        assert parse_bool(value) is None
        assert "AWS_STS_REGIONAL_ENDPOINTS" in variables(pod(), account, EKS)
        assert "AWS_STS_REGIONAL_ENDPOINTS" not in variables(pod(), account)


class TestToken:
    def test_the_audience_is_the_annotation_s_or_the_flag_s(self):
        assert token(pod())["audience"] == "sts.amazonaws.com"
        assert token(pod(), settings=WebhookSettings(audience="flag"))["audience"] == "flag"
        assert token(pod(), service_account(audience="mine"), WebhookSettings(audience="flag"))["audience"] == "mine"

    def test_an_empty_audience_is_left_out(self):
        assert token(pod(), service_account(audience="")) == {"expirationSeconds": 86400, "path": "token"}

    @pytest.mark.parametrize(
        ("on_pod", "on_account", "flag", "seconds"),
        [
            (None, None, 86400, 86400),
            (None, None, 7200, 7200),
            (None, None, 60, 600),
            (None, "3600", 86400, 3600),
            ("1200", "3600", 86400, 1200),
            ("1200", None, 86400, 1200),
            ("soon", "3600", 86400, 3600),
            ("soon", "later", 7200, 7200),
            ("", "", 7200, 7200),
            (None, "599", 86400, 600),
            (None, "600", 86400, 600),
            ("0", "3600", 86400, 600),
            ("-5", "3600", 86400, 600),
            ("+900", None, 86400, 900),
            ("0900", None, 86400, 900),
            (None, "1e3", 86400, 86400),
            (None, "3600s", 86400, 86400),
            (None, " 3600", 86400, 86400),
            (None, "3_600", 86400, 86400),
            (None, "3600.0", 86400, 86400),
            (None, "٣٦٠٠", 86400, 86400),
            (None, "100000000", 86400, 100000000),
            (None, "9223372036854775807", 86400, 9223372036854775807),
            (None, "9223372036854775808", 86400, 86400),
            (None, "-9223372036854775808", 86400, 600),
            (None, "-9223372036854775809", 86400, 86400),
            (None, "9" * 5000, 86400, 86400),
            (None, "0" * 5000 + "700", 86400, 700),
        ],
    )
    def test_how_long_it_lives(self, on_pod, on_account, flag, seconds):
        given = pod(annotations=None if on_pod is None else {"token-expiration": on_pod})
        account = service_account(token_expiration=on_account)
        assert token(given, account, WebhookSettings(token_expiration=flag))["expirationSeconds"] == seconds


class TestVolume:
    def test_it_becomes_the_first(self):
        given = pod(volumes=[{"name": "data", "emptyDir": {}}])
        assert patch(given)[0] == {"op": "add", "path": "/spec/volumes/0", "value": volume()}
        assert jsonpatch.apply_patch(given, patch(given))["spec"]["volumes"] == [volume(), *given["spec"]["volumes"]]

    @pytest.mark.parametrize(("volumes", "path"), [(None, "/spec/volumes"), ([], "/spec/volumes/0")])
    def test_null_is_no_list_and_an_empty_one_is(self, volumes, path):
        assert patch(pod(volumes=volumes))[0]["path"] == path

    @pytest.mark.parametrize("own", [{"hostPath": {"path": "/x"}}, {"emptyDir": {}}, volume("vault")])
    def test_one_of_that_name_is_kept_and_mounted(self, own):
        given = pod(volumes=[{"name": "data"}, own | {"name": "aws-iam-token"}])
        assert [operation["path"] for operation in patch(given)] == ["/spec/containers"]
        assert injected(given)["volumeMounts"] == [MOUNT]
        assert injected(given)["env"] == ROLE_VARIABLES

    def test_a_mount_of_that_name_is_kept_wherever_it_is(self):
        own = {"name": "aws-iam-token", "mountPath": "/elsewhere"}
        result = injected(pod(container(volumeMounts=[own])))
        assert result["volumeMounts"] == [own]
        assert result["env"] == ROLE_VARIABLES

    def test_a_mount_on_that_path_of_another_name_does_not_count(self):
        own = MOUNT | {"name": "mine"}
        assert injected(pod(container(volumeMounts=[own])))["volumeMounts"] == [own, MOUNT]


class TestContainers:
    def test_all_are_mutated_and_ephemeral_ones_are_not(self):
        given = pod(
            container("app"),
            container("sidecar"),
            initContainers=[container("init"), container("proxy", restartPolicy="Always")],
            ephemeralContainers=[container("debug")],
        )
        operations = patch(given)
        assert [operation["path"] for operation in operations] == [
            "/spec/volumes",
            "/spec/containers",
            "/spec/initContainers",
        ]
        written = values(operations)
        for kind, names in (("containers", ["app", "sidecar"]), ("initContainers", ["init", "proxy"])):
            assert [found["name"] for found in written[f"/spec/{kind}"]] == names
            assert all(found["env"] == ROLE_VARIABLES for found in written[f"/spec/{kind}"])
        assert written["/spec/initContainers"][1]["restartPolicy"] == "Always"

    @pytest.mark.parametrize("none", [None, []])
    def test_no_init_containers_no_operation(self, none):
        assert [operation["path"] for operation in patch(pod(initContainers=none))] == [
            "/spec/volumes",
            "/spec/containers",
        ]

    def test_skipped_ones_stay_and_the_volume_still_comes(self):
        given = pod(
            container("app"),
            container("b"),
            initContainers=[container("init")],
            annotations={"skip-containers": "app,init"},
        )
        written = values(patch(given))
        assert written["/spec/containers"][0] == container("app", resources={})
        assert written["/spec/containers"][1]["env"] == ROLE_VARIABLES
        assert written["/spec/initContainers"] == [container("init", resources={})]
        everybody = pod(annotations={"skip-containers": "app"})
        assert values(patch(everybody)) == {
            "/spec/volumes": [volume()],
            "/spec/containers": [container(resources={})],
        }

    @pytest.mark.parametrize(("value", "skipped"), [("b, app", {"b", " app"}), ('"app', set()), ("", set())])
    def test_what_cannot_be_read_skips_nobody(self, value, skipped):
        given = pod(container("app"), annotations={"skip-containers": value})
        assert skipped_containers(given["metadata"]["annotations"]) == skipped
        assert variables(given) == ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]

    def test_no_annotation_skips_nobody(self):
        assert skipped_containers({}) == frozenset()
        assert skipped_containers({"eks.amazonaws.com/skip-containers": 7}) == frozenset()

    def test_go_writes_what_its_types_hold(self):
        """Empty values go, required ones come, pointers keep their zero, unknown fields are lost."""
        given = container(
            args=[],
            workingDir="",
            unknown=1,
            env=[{"name": "A", "value": ""}, {"value": "b"}, None],
            ports=[{"name": "http"}],
            stdinOnce=None,
            resources={
                "limits": {"cpu": 1, "memory": "1Gi", "gpu": 0.5, "none": None},
                "requests": {},
                "claims": [{"name": "gpu"}],
            },
            volumeMounts=[{"name": "aws-iam-token", "path": "/x", "readOnly": False}],
            readinessProbe={"grpc": {"port": 5000}, "periodSeconds": 0},
            livenessProbe={"httpGet": {"port": "http", "path": "/", "httpHeaders": [{"name": "H"}]}},
            startupProbe={"tcpSocket": {}, "terminationGracePeriodSeconds": 0},
            securityContext={"runAsUser": 0, "privileged": False, "capabilities": {"add": ["NET_ADMIN"], "drop": []}},
            lifecycle={"preStop": {"sleep": {"seconds": 5}}},
            stdin=False,
            tty=True,
        )
        assert injected(pod(given)) == container(
            env=[{"name": "A"}, {"name": "", "value": "b"}, {"name": ""}, *ROLE_VARIABLES],
            ports=[{"name": "http", "containerPort": 0}],
            resources={"limits": {"cpu": "1", "memory": "1Gi", "gpu": "0.5", "none": "0"}, "claims": [{"name": "gpu"}]},
            volumeMounts=[{"name": "aws-iam-token", "mountPath": ""}],
            readinessProbe={"grpc": {"port": 5000, "service": None}},
            livenessProbe={"httpGet": {"port": "http", "path": "/", "httpHeaders": [{"name": "H", "value": ""}]}},
            startupProbe={"tcpSocket": {"port": 0}, "terminationGracePeriodSeconds": 0},
            securityContext={"runAsUser": 0, "privileged": False, "capabilities": {"add": ["NET_ADMIN"]}},
            lifecycle={"preStop": {"sleep": {"seconds": 5}}},
            tty=True,
        )

    def test_a_resource_field_s_divisor_is_always_written(self):
        reference = {"resourceFieldRef": {"resource": "limits.cpu"}}
        given = pod(container(env=[{"name": "A", "valueFrom": reference}]))
        assert injected(given)["env"][0]["valueFrom"] == {
            "resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}
        }

    def test_fields_are_written_in_the_order_of_go_s_type(self):
        given = {
            "volumeMounts": [],
            "tty": True,
            "image": "i",
            "command": ["c"],
            "name": "app",
            "imagePullPolicy": "Never",
        }
        assert list(injected(pod(given))) == [
            "name", "image", "command", "env", "resources", "volumeMounts", "imagePullPolicy", "tty",
        ]  # fmt: skip


class TestReadingAnnotations:
    @pytest.mark.parametrize(
        ("text", "record"),
        [
            ("a", ("a",)),
            ("a,b", ("a", "b")),
            ("a, b", ("a", " b")),
            (" a ,b ", (" a ", "b ")),
            ("a,", ("a", "")),
            (",", ("", "")),
            ("", None),
            ("\n", None),
            ("\r\n\r\n", None),
            ("\r", None),
            (" ", (" ",)),
            ("\n\na\nb", ("a",)),
            ("a\r\n", ("a",)),
            ("a\r", ("a",)),
            ("a\rb", ("a\rb",)),
            ('"a"', ("a",)),
            ('"a,b",c', ("a,b", "c")),
            ('"a""b"', ('a"b',)),
            ('""', ("",)),
            ('"",x', ("", "x")),
            ('"a\r\nb"\nc', ("a\nb",)),
            ('"a"\r', ("a",)),
            ('"a', None),
            ('"a""', None),
            ('"a"b', None),
            ('"a" ,b', None),
            ('a"b', None),
            (' "a"', None),
            ('a,b"', None),
            ("a;b", ("a;b",)),
            ("#a", ("#a",)),
        ],
    )
    def test_csv(self, text, record):
        assert parse_csv_record(text) == record

    @given(st.text(alphabet='ab," \r\n', max_size=14))
    def test_csv_as_go_reads_it(self, text):
        assert parse_csv_record(text) == go_csv(text)

    @given(st.lists(st.text(alphabet='ab," ', max_size=4), min_size=1, max_size=4))
    def test_csv_reads_back_what_is_quoted(self, names):
        quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
        assert parse_csv_record(quoted) == tuple(names)

    @given(st.integers(-(2**70), 2**70))
    def test_int(self, value):
        assert parse_int(str(value)) == (value if -(2**63) <= value < 2**63 else None)

    @given(st.text(alphabet="0123456789+-_. x", max_size=8))
    def test_int_takes_a_sign_and_digits_alone(self, text):
        digits = text[1:] if text[:1] in ("+", "-") else text
        assert (parse_int(text) is not None) == (digits.isdigit() and digits.isascii())

    @given(st.text())
    def test_an_expiration_is_never_under_the_minimum(self, text):
        assert parse_expiration(text, 600) >= 600

    @pytest.mark.parametrize(
        "arn",
        [
            ROLE,
            "arn:aws-cn:iam::111122223333:role/x",
            "arn:aws-us-gov:iam::111122223333:role/team/a.b_c+d=e,f@g-h",
        ],
    )
    def test_a_role_arn(self, arn):
        assert is_role_arn(arn)

    @pytest.mark.parametrize(
        "arn",
        [
            "",
            "s3-reader",
            f"{ROLE} ",
            f"{ROLE}\n",
            f"x{ROLE}",
            "arn:aws:iam::1111:role/x",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/ü",
            "arn:aws:sts::111122223333:role/x",
            "arn:gcp:iam::111122223333:role/x",
        ],
    )
    def test_no_role_arn(self, arn):
        assert not is_role_arn(arn)


def go_csv(text):
    """Go's `csv.Reader.Read`, line by line as readRecord does it; None where it returns an error."""
    lines = split_lines(text)

    def read_line():
        if not lines:
            return None
        line = lines.pop(0)
        if not line.endswith("\n") and line.endswith("\r"):
            line = line[:-1]
        return line[:-2] + "\n" if line.endswith("\r\n") else line

    line = read_line()
    while line is not None and line in ("", "\n"):
        line = read_line()
    if line is None:
        return None
    fields = []
    while True:
        if not line.startswith('"'):
            field, comma, rest = line.partition(",")
            field = field if comma else field.removesuffix("\n")
            if '"' in field:
                return None
            fields.append(field)
            if not comma:
                return tuple(fields)
            line = rest
            continue
        line, field = line[1:], ""
        while True:
            before, quote, rest = line.partition('"')
            field += before
            if not quote:
                line = read_line()
                if line is None:
                    return None
                continue
            line = rest
            if line.startswith('"'):
                field, line = field + '"', line[1:]
            elif line.startswith(","):
                fields.append(field)
                line = line[1:]
                break
            elif line in ("", "\n"):
                return (*fields, field)
            else:
                return None


def split_lines(text):
    """Lines by line feed alone, each with its own."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


NAMES = st.sampled_from(["app", "b", "AWS_ROLE_ARN", "AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS", "aws-iam-token"])
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "env": st.lists(
                st.fixed_dictionaries({"name": NAMES}, optional={"value": st.text(max_size=3)}), max_size=3
            ),
            "volumeMounts": st.lists(st.fixed_dictionaries({"name": NAMES, "mountPath": st.just("/x")}), max_size=2),
            "image": st.text(max_size=3),
        },
    ),
    max_size=3,
)
PODS = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "annotations": st.dictionaries(
                    st.sampled_from(["eks.amazonaws.com/skip-containers", "eks.amazonaws.com/token-expiration"]),
                    st.text(alphabet='ab0159,"', max_size=5),
                )
            },
        ),
        "spec": st.fixed_dictionaries(
            {"containers": CONTAINERS},
            optional={
                "initContainers": CONTAINERS,
                "volumes": st.none() | st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=2),
                "nodeSelector": st.dictionaries(st.sampled_from(["kubernetes.io/os", "a"]), st.just("windows")),
            },
        ),
    }
)
SETTINGS = st.sampled_from([EKS, WebhookSettings(), WebhookSettings(region="eu-west-1")])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "metadata", "containers", "name", "env", "volumes", "a"]), inner)
    ),
    max_leaves=10,
)


@given(PODS, SETTINGS)
def test_the_patch_applies_and_changes_nothing_else(given, settings):
    before = copy.deepcopy(given)
    operations = patch(given, settings=settings)
    assert given == before
    after = jsonpatch.apply_patch(given, operations)
    assert given == before
    spec = {"containers", "initContainers", "volumes"}
    assert after["metadata"] == before["metadata"]
    assert {k: v for k, v in after["spec"].items() if k not in spec} == {
        k: v for k, v in before["spec"].items() if k not in spec
    }
    for kind in ("containers", "initContainers"):
        for old, new in zip(before["spec"].get(kind) or [], after["spec"].get(kind) or [], strict=True):
            assert new["name"] == old["name"]
            names = [variable["name"] for variable in old.get("env", [])]
            assert [variable["name"] for variable in new.get("env", [])][: len(names)] == names
    assert [v for v in after["spec"]["volumes"] or [] if v["name"] == "aws-iam-token"]


@given(PODS, SETTINGS)
def test_a_second_pass_changes_nothing(given, settings):
    once = jsonpatch.apply_patch(given, patch(given, settings=settings))
    again = patch(once, settings=settings)
    assert [operation["path"] for operation in again if operation["path"].startswith("/spec/volumes")] == []
    assert jsonpatch.apply_patch(once, again) == once


@given(JSON, JSON | st.just(service_account()), SETTINGS)
def test_junk_is_never_an_error(given, account, settings):
    assert isinstance(mutate(given, account, settings), list)
