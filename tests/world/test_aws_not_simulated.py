"""Services that this AWS does not have say so: after the signature was checked, in their own protocols, once."""

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.world.aws_world import REGION, AwsWorld, aws_fixture, aws_server, refused

__all__ = ["aws_fixture", "aws_server"]
UNKNOWN = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret", "SessionToken": None}


@pytest.mark.parametrize(
    ("service", "operation", "named", "stranger"),
    [
        pytest.param("dynamodb", "list_tables", "dynamodb ListTables", "UnrecognizedClientException", id="json 1.0"),
        pytest.param("logs", "describe_log_groups", "logs DescribeLogGroups", "UnrecognizedClientException", id="1.1"),
        pytest.param("lambda", "list_functions", "lambda GET /", "UnrecognizedClientException", id="rest-json"),
        pytest.param("sns", "list_topics", "sns ListTopics", "InvalidClientTokenId", id="query"),
        pytest.param("route53", "list_hosted_zones", "route53 GET /", "InvalidClientTokenId", id="rest-xml"),
    ],
)
def test_boto3_reads_the_reason(aws: AwsWorld, service: str, operation: str, named: str, stranger: str) -> None:
    sent = []
    client = aws.client(service)
    client.meta.events.register("before-send", lambda request, **_: sent.append(request.url))
    with pytest.raises(client.exceptions.ClientError, match=f"NotSimulated.*does not have {named}"):
        getattr(client, operation)()
    assert len(sent) == 1, "a client that tries again makes its user wait"
    with refused(stranger):
        getattr(aws.client(service, UNKNOWN), operation)()


@pytest.mark.parametrize(
    ("secret", "status", "code"), [("", 400, "NotSimulated"), ("another", 401, "AuthFailure")], ids=["ours", "forged"]
)
def test_ec2_has_a_shape_of_its_own(aws: AwsWorld, secret: str, status: int, code: str) -> None:
    key = aws.mine.admin
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", aws.url, headers=form, data=b"Action=DescribeInstances&Version=2016-11-15")
    SigV4Auth(Credentials(key.access_key_id, secret or key.secret_access_key), "ec2", REGION).add_auth(request)
    answer = httpx.post(request.url, content=request.data, headers=dict(request.headers.items()))
    assert answer.status_code == status
    assert f"<Response><Errors><Error><Code>{code}</Code><Message>" in answer.text
    assert "</Message></Error></Errors><RequestID>" in answer.text


def test_an_action_that_takes_no_signature(aws: AwsWorld) -> None:
    arn = "arn:aws:iam::111122223333"
    with refused("NotSimulated"):
        aws.client("sts").assume_role_with_saml(
            RoleArn=f"{arn}:role/r", PrincipalArn=f"{arn}:saml-provider/p", SAMLAssertion="YWJjZA=="
        )


def test_what_is_repeated_in_the_reason_is_short(aws: AwsWorld) -> None:
    with pytest.raises(Exception, match="NotSimulated") as caught:
        aws.client("lambda").get_function(FunctionName="f" * 140)
    assert len(str(caught.value)) < 500
