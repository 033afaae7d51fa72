"""A password in a container's command line is masked, and what is none is not: words of real command lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.json_access import masked
from app.flow.redaction import MASK, mask_text
from app.flow.redaction.command_lines import mask_words

SECRET = "Tr0ub4dor&3x"


def hidden(*words):
    return mask_words([word.replace("SECRET", "Tr0ub4dor-3x") for word in words])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--password=SECRET"], [f"--password={MASK}"]),
        (["--password", "SECRET", "--verbose"], ["--password", MASK, "--verbose"]),
        (["-Dspring.datasource.password=SECRET"], [f"-Dspring.datasource.password={MASK}"]),
        (["--set", "auth.rootPassword=SECRET"], ["--set", f"auth.rootPassword={MASK}"]),
        (["--requirepass", "x", "--from-literal=token=SECRET"], ["--requirepass", "x", f"--from-literal=token={MASK}"]),
        (["--api-key=SECRET", "--client-secret=SECRET"], [f"--api-key={MASK}", f"--client-secret={MASK}"]),
        (["--bot-token", "SECRET"], ["--bot-token", MASK]),
        (["--s3-secret-access-key=SECRET"], [f"--s3-secret-access-key={MASK}"]),
        (["--aws-secret-access-key", "SECRET"], ["--aws-secret-access-key", MASK]),
        (["sh", "-c", "run -secretAccessKey SECRET"], ["sh", "-c", f"run -secretAccessKey {MASK}"]),
        (["mysql", "-uroot", "-pSECRET", "shop"], ["mysql", "-uroot", f"-p{MASK}", "shop"]),
        (["-h", "db", "-u", "root", "-pSECRET"], ["-h", "db", "-u", "root", f"-p{MASK}"]),
        (
            ["sh", "-c", "mysqldump -h db -pSECRET shop | gzip"],
            ["sh", "-c", f"mysqldump -h db -p{MASK} shop | gzip"],
        ),
        (["sh", "-c", "PGPASSWORD=SECRET psql -h db"], ["sh", "-c", f"PGPASSWORD={MASK} psql -h db"]),
        (["bash", "-c", "export MYSQL_PWD='a SECRET b'; run"], ["bash", "-c", f"export MYSQL_PWD='{MASK}'; run"]),
        (["redis-cli", "-a", "SECRET", "ping"], ["redis-cli", "-a", MASK, "ping"]),
        (["mongosh", "-u", "admin", "-p", "SECRET"], ["mongosh", "-u", "admin", "-p", MASK]),
        (["curl", "-u", "me:SECRET", "https://x"], ["curl", "-u", f"me:{MASK}", "https://x"]),
        (["curl -su me:x https://a?token=SECRET&b=1"], [f"curl -su me:{MASK} https://a?token={MASK}&b=1"]),
        (["--dsn=postgres://app:SECRET@db:5432/shop"], [f"--dsn=postgres://app:{MASK}@db:5432/shop"]),
        (["--redis", "redis://:SECRET@cache:6379"], ["--redis", f"redis://:{MASK}@cache:6379"]),
        # Signs that mean something to a shell are a password's own where no shell reads it.
        (["--password=SECRET&4;3x", "--token=a\"b'c"], [f"--password={MASK}", f"--token={MASK}"]),
        (["--password=SECRET horse"], [f"--password={MASK}"]),
        (["--set", "auth.rootPassword=a&SECRET"], ["--set", f"auth.rootPassword={MASK}"]),
        (["redis-cli", "-a", "a&b|SECRET"], ["redis-cli", "-a", MASK]),
        (["mysql", "-pa&SECRET"], ["mysql", f"-p{MASK}"]),
        (["curl", "-u", "me:a&SECRET", "https://x"], ["curl", "-u", f"me:{MASK}", "https://x"]),
        (["curl", "-H", "X-Api-Key: SECRET", "https://x"], ["curl", "-H", f"X-Api-Key: {MASK}", "https://x"]),
        (["--header=PRIVATE-TOKEN: SECRET"], [f"--header=PRIVATE-TOKEN: {MASK}"]),
        (["sh", "-c", "curl -H 'X-Vault-Token: SECRET' $X"], ["sh", "-c", f"curl -H 'X-Vault-Token: {MASK}' $X"]),
        (["openssl", "rsa", "-passin", "pass:SECRET"], ["openssl", "rsa", "-passin", f"pass:{MASK}"]),
    ],
)
def test_a_secret_is_masked(words, shown):
    assert hidden(*words) == shown
    assert mask_words(shown) == shown


@pytest.mark.parametrize(
    "words",
    [
        ["s3", "ls"],
        ["sts", "assume-role-with-web-identity", "--web-identity-token", "file:///var/run/secrets/x/token"],
        ["sh", "-c", "aws sts get-caller-identity && sleep 3600"],
        ["--token-file=/var/run/secrets/eks.amazonaws.com/serviceaccount/token"],
        ["--service-account-private-key-file=/etc/kubernetes/pki/sa.key", "--token=/run/token"],
        ["--automount-service-account-token=false", "--token-ttl=1h", "--max-tokens=4096"],
        ["--password=$(DB_PASSWORD)", "--secret=${SECRET}", "--password=$DB_PASSWORD", "--password="],
        ["sh", "-c", "mysql -uroot -p$MYSQL_ROOT_PASSWORD -e 'select 1'"],
        ["sh", "-c", "run --password=\"$DB_PASSWORD\" --secret='${SECRET}'"],
        ["psql", "--no-password", "shop"],
        ["curl", "-H", "X-Api-Key: $(API_KEY)", "-H", "Content-Type: application/json", "-H", "X-Tokens: 3"],
        ["--password-file", "/run/secrets/db", "--password", "--verbose"],
        ["nginx", "-p", "/srv", "-p8080"],
        ["ssh", "-p22", "git@example.com"],
        ["docker", "run", "-u", "1000", "-p80:80"],
        ["mkdir", "-p", "/data/secret"],
        ["find", "/", "-user", "root", "-path", "/proc"],
        ["kubectl", "get", "secret", "my-secret", "-o", "jsonpath={.data.token}"],
        ["vault", "kv", "get", "-field=token", "secret/app"],
        ["--issuer=https://oidc.eks.ap-northeast-1.amazonaws.com:443/id/ABC", "--listen=:8443"],
        ["--secret-name=tls", "--bypass=yes", "--compass=north", "PWD=/app"],
        ["git", "clone", "https://example.com/a.git"],
    ],
)
def test_what_is_no_secret_is_shown(words):
    assert mask_words(words) == words


@pytest.mark.parametrize("key", ["args", "command"])
@pytest.mark.parametrize("indent", [None, 2])
def test_it_is_masked_wherever_a_pod_is_written(key, indent):
    """In the Pod itself, in what was applied, and in a text that only holds the JSON."""
    words = ["--password", SECRET, f"--url=amqp://me:{SECRET}@mq/", "日本語", "a\nb", "\ud800"]
    spec = {"containers": [{"name": "app", key: words, "image": "x"}]}
    applied = json.dumps({"spec": spec}, indent=indent)
    pod = {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied}}, "spec": spec}
    wanted = ["--password", MASK, f"--url=amqp://me:{MASK}@mq/", "日本語", "a\nb", "?"]
    found = masked(pod)
    assert found["spec"]["containers"][0][key] == wanted
    inner = json.loads(found["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])
    assert inner["spec"]["containers"][0][key][:5] == wanted[:5]
    text = mask_text(json.dumps(pod, indent=indent))
    assert SECRET not in text
    assert json.loads(text)["spec"]["containers"][0][key][:2] == ["--password", MASK]


@given(st.lists(st.text(alphabet='-=:/@pasword token"\\\n', max_size=20), max_size=5))
def test_the_json_stays_json_and_masking_twice_is_masking_once(words):
    text = json.dumps({"args": words, "quoted": json.dumps({"command": words})})
    once = mask_text(text)
    assert len(json.loads(once)["args"]) == len(words)
    assert mask_text(once) == once
