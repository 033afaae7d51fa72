"""What controllers and SDKs write to a Pod's log, and what the doctor makes of it where all that is read is right."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import jmespath
import pytest

from app.content import LANGUAGES, load
from app.flow.annotations import AUDIENCE
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotFound, NotPermitted, Refused
from app.flow.model import Status
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.flow.verdict.error_messages import is_other_matter
from app.flow.verdict.judge import Outcome
from app.flow.verdict.known_messages import KNOWN_MESSAGES
from app.flow.verdict.log_sentences import last_words
from app.report import verdict_words
from tests.private_keys import OTHER_KEY
from tests.unit.fake_ports import (
    ACCOUNT,
    DIRECTORY,
    HOST,
    ISSUER,
    ROLE,
    SECRETS,
    SUB,
    SUBJECT,
    Fakes,
    bare_pod,
    jwk,
    trust_policy,
)
from tests.unit.test_application import running
from tests.unit.test_doctor import add_variable, annotated, answer, container, drop_variable, ended, healthy

ROOT = Path(__file__).resolve().parents[2]
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/1699531699176343806"
NODE = f"arn:aws:sts::{ACCOUNT}:assumed-role/NodeInstanceRole/i-0d65729d6d09d2540"
OTHER_ROLE = "arn:aws:iam::444455556666:role/dns-manager"
ASSUME = "is not authorized to perform: sts:AssumeRole on resource:"
LISTED = "is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows it"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NO_WAY = 'Post "https://sts.ap-northeast-1.amazonaws.com/": '
GO_1 = "WebIdentityErr: failed to retrieve credentials\ncaused by: RequestError: send request failed\ncaused by: "
NO_PROVIDER = "No OpenIDConnect provider found in your account for"
STS_2 = "operation error STS: AssumeRoleWithWebIdentity, "

FIXES = {
    # who wrote it: (the log, the check that is named, the fix)
    "Go 1, in JSON": (
        rf'{{"level":"FATAL","message":"WebIdentityErr: no\ncaused by: AccessDenied: {REFUSED}\n\tstatus code: 403"}}',
        *("pod.application", "try_again"),
    ),
    "JavaScript": (f"AccessDenied: {REFUSED}\n    at send (/app/x.js:838:20)\n", "pod.application", "try_again"),
    "Ruby": (f"x.rb:17:in 'call': {REFUSED} (Aws::STS::Errors::AccessDenied)", "pod.application", "try_again"),
    ".NET": (f"AmazonSecurityTokenServiceException: {REFUSED}\n ---> x", "pod.application", "try_again"),
    "Rust": (f'service error: Error {{ code: "AccessDenied", message: "{REFUSED}" }}', "pod.application", "try_again"),
    "Java 1": (
        f"{REFUSED} (Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied; Request ID: 1)",
        *("pod.application", "try_again"),
    ),
    "JavaScript, at the STS of another partition": (
        f"InvalidIdentityTokenException: {NO_PROVIDER} {ISSUER}\n    at y.js:1:2)",
        *("pod.application", "try_again_elsewhere"),
    ),
    "a token of another issuer": (
        f"An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: {NO_PROVIDER} "
        "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLEA539D4633E53DE1B71EXAMPLE",
        *("pod.application", "try_again_issuer"),
    ),
    "Java 2, with all of its providers": (
        "SdkClientException: Unable to load credentials from any of the providers in the chain X() : [WebIdentityToken"
        f"CredentialsProvider(): {REFUSED} (Service: Sts, Status Code: 403, Request ID: 9f), InstanceProfile(): no]",
        *("pod.application", "try_again"),
    ),
    "Go 1, as the node": (
        f"AccessDenied: User: {NODE} {LISTED}\n\tstatus code: 403, request id: 1\n",
        *("pod.request", "default_chain"),
    ),
    "a role that assumes itself": (
        rf'E11 controller.go:166] "msg"="x" "error"="no role: AccessDenied: User: {SESSION} {ASSUME} {ROLE}'
        r'\n\tstatus code: 403, request id: 9" "key"="a/b"',
        *("pod.application", "assumes_itself"),
    ),
    "a second role, with tags": (
        f"AccessDenied: User: {SESSION} is not authorized to perform: sts:TagSession on resource: {OTHER_ROLE}",
        *("pod.application", "assumes_another"),
    ),
    "a second role": (f"AccessDenied: User: {SESSION} {ASSUME} {OTHER_ROLE}", "pod.application", "assumes_another"),
    "a profile that there is not": ("The config profile (prod) could not be found", "pod.request", "default_chain"),
    "a profile that goes on from one that there is not": (
        'aws: [ERROR]: The source_profile "base" referenced in the profile "app" does not exist.',
        *("pod.request", "default_chain"),
    ),
    "a profile that goes on from keys in the environment": (
        "aws: [ERROR]: Error when retrieving credentials from Environment: No credentials found in credential_source "
        "referenced in profile app",
        *("pod.request", "default_chain"),
    ),
    "boto3, without credentials": ("NoCredentialsError: Unable to locate credentials", "pod.request", "default_chain"),
    "Go 1, without credentials": (
        "failed to create new S3 client: NoCredentialProviders: no valid providers in chain. Deprecated.",
        *("pod.request", "default_chain"),
    ),
    "Go 2, without credentials": (
        "operation error Elastic Load Balancing v2: DescribeLoadBalancers, get identity: get credentials: failed to "
        "refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled",
        *("pod.request", "default_chain"),
    ),
    "PHP, without credentials": (
        "Uncaught Aws\\Exception\\CredentialsException: Error retrieving credentials from the instance profile "
        "metadata service. (cURL error 28: Connection timed out after 1000 milliseconds)",
        *("pod.request", "default_chain"),
    ),
    ".NET, without credentials": (
        "Amazon.Runtime.AmazonServiceException: Unable to get IAM security credentials from EC2 Instance Metadata "
        "Service.",
        *("pod.request", "default_chain"),
    ),
    "Ruby, without credentials": (
        "Aws::Errors::MissingCredentialsError: unable to sign request without credentials set",
        *("pod.request", "default_chain"),
    ),
    "Rust, without credentials": (
        "dispatch failure: other: the credential provider was not enabled: no providers in chain provided credentials",
        *("pod.request", "default_chain"),
    ),
    "Rust, without credentials, before its chain said why": (
        "ConstructionFailure(ConstructionFailure { source: SigningStageError { kind: MissingCredentials } })",
        *("pod.request", "default_chain"),
    ),
    "a program that sends no token": (
        "Fog::AWS::STS::ValidationError (1 validation error detected: Value null at 'webIdentityToken' failed to "
        "satisfy constraint: Member must not be null)",
        *("pod.application", "read_log"),
    ),
    "a session that has ended": (
        "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
        *("pod.application", "renew_session"),
    ),
    "the same in JavaScript": (
        "ExpiredTokenException: The security token included in the request is expired",
        *("pod.application", "renew_session"),
    ),
    "a token that has expired, in JavaScript": (
        "ExpiredTokenException: Token expired: current date/time 2 must be before the expiration date/time 1",
        *("pod.token_used", "read_each_time"),
    ),
    "a role that the program goes on to, or that kube2iam gives it": (
        f"An error occurred (AccessDenied) when calling the ListBuckets operation: User: arn:aws:sts::{ACCOUNT}:"
        f"assumed-role/legacy/10.0.0.7 {LISTED}",
        *("pod.application", "another_identity"),
    ),
    "Go 1, without a way to STS": (f"{GO_1}{NO_WAY}dial tcp 10.0.0.9:443: i/o timeout", "pod.application", "egress"),
    "Go 1, without an address": (f"{GO_1}{NO_WAY}dial tcp: i/o timeout\n", "pod.application", "name_resolution"),
    "Go 2, without an address": (
        f"{STS_2}{NO_WAY}dial tcp: lookup sts.ap-northeast-1.amazonaws.com on 10.100.0.10:53: no such host",
        *("pod.application", "name_resolution"),
    ),
    "Go 2, without a way to STS": (f"{STS_2}{NO_WAY}context deadline exceeded", "pod.application", "egress"),
    "JavaScript, without an address": (
        "Error: getaddrinfo ENOTFOUND sts.ap-northeast-1.amazonaws.com",
        *("pod.application", "name_resolution"),
    ),
    "Java 1, without an address": (
        "Unable to execute HTTP request: sts.ap-northeast-1.amazonaws.com: Name or service not known",
        *("pod.application", "name_resolution"),
    ),
    "Java 2, without an address": (
        "Received an UnknownHostException when attempting to interact with a service. See cause for the exact endpoint",
        *("pod.application", "name_resolution"),
    ),
    "Java, without trust in the certificate": (
        "Unable to execute HTTP request: PKIX path building failed: unable to find valid certification path",
        *("pod.application", "certificate"),
    ),
    "Java 2, without its module": (
        "WARN To use web identity tokens, the 'sts' service module must be on the class path. (x.Utils)",
        *("pod.request", "sts_module"),
    ),
    "Java 1, without its module": (
        "Unable to load credentials from WebIdentityTokenCredentialsProvider: "
        "To use assume role profiles the aws-java-sdk-sts module must be on the class path.",
        *("pod.request", "sts_module"),
    ),
    ".NET, without its module": (
        "System.InvalidOperationException: Assembly AWSSDK.SecurityToken could not be found or loaded. This assembly "
        "must be available at runtime to use Amazon.Runtime.AssumeRoleAWSCredentials.",
        *("pod.request", "sts_module"),
    ),
    "JavaScript, without its module": (
        f"Role Arn '{ROLE}' needs to be assumed with web identity, but no role assumption callback was provided.",
        *("pod.request", "sts_module"),
    ),
    "Java 2, with a provider that gives its reason": (
        "Unable to load credentials from any of the providers in the chain X() : [WebIdentityTokenCredentialsProvider()"
        ": Multiple HTTP implementations were found on the classpath., ContainerCredentialsProvider(): no]",
        *("pod.request", "web_identity_reason"),
    ),
    "Hadoop, with its own providers": (
        "Caused by: org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by "
        "SimpleAWSCredentialsProvider EnvironmentVariableCredentialsProvider : com.amazonaws.SdkClientException: "
        "Unable to load AWS credentials from environment variables (AWS_ACCESS_KEY_ID (or AWS_ACCESS_KEY))",
        *("pod.request", "default_chain"),
    ),
    "Hadoop, refused by STS": (
        "org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by WebIdentityToken"
        f"CredentialsProvider : x.AWSSecurityTokenServiceException: {REFUSED} (Service: AWSSecurityTokenService; "
        "Status Code: 403; Error Code: AccessDenied; Request ID: 1; Proxy: null)",
        *("pod.application", "try_again"),
    ),
    "the agent of Pod Identity": (
        "Error when retrieving credentials from container-role: Error retrieving metadata: Received non 200 response "
        "400 from container metadata: (ExpiredTokenException): The token included in the request is expired",
        *("pod.request", "default_chain"),
    ),
    "Go 1, as the instance": (
        "EC2RoleRequestError: no EC2 instance role found\ncaused by: EC2MetadataError: failed to make a request",
        *("pod.request", "default_chain"),
    ),
    "EC2, with a role that lacks a permission": (
        "operation error EC2: CreateVolume, https response error StatusCode: 403, RequestID: 9, api error "
        f"UnauthorizedOperation: You are not authorized to perform this operation. User: {SESSION} is not authorized "
        "to perform: ec2:CreateVolume on resource: arn:aws:ec2:ap-northeast-1:111122223333:volume/* because no "
        "identity-based policy allows the ec2:CreateVolume action. Encoded authorization failure message: Kj3-x",
        *("pod.application", "permit"),
    ),
    "EC2, with a role that may not be passed on": (
        f"UnauthorizedOperation: You are not authorized to perform this operation. User: {SESSION} is not authorized "
        f"to perform: iam:PassRole on resource: {OTHER_ROLE} because no identity-based policy allows the iam:PassRole "
        "action. Encoded authorization failure message: Kj3-x",
        *("pod.application", "permit_to_pass"),
    ),
    "Go 1, what a service says": (
        'level=error msg="AccessDenied: Cannot call GetSessionToken with session credentials\\n\\tstatus code: 403, '
        'request id: 9" key="a"',
        *("pod.application", "read_log"),
    ),
    "a token that has expired, as STS says it": (
        'UnhandledError(Error { retries: 0, message: "<ErrorResponse xmlns=\\"https://sts.amazonaws.com/doc/\\">\\n'
        "<Code>ExpiredTokenException</Code>\\n<Message>Token expired: current date/time 2 must be before the "
        "expiration date/time 1</Message>\\n</Error>",
        *("pod.token_used", "read_each_time"),
    ),
    "a token of a Secret": (
        "x.rb:3:in `call': Missing a required claim: aud (Aws::STS::Errors::InvalidIdentityToken)",
        *("pod.application", "other_token"),
    ),
    "Fluent Bit, refused by STS": (  # fluent/fluent-bit, src/aws/flb_aws_credentials_sts.c; helm-charts#480
        "[error] [aws_credentials] STS API responded with AccessDenied\n[error] [aws_credentials] STS assume role "
        "request failed\n[ warn] [aws_credentials] No cached credentials are available and a refresh is in progress.\n"
        "[error] [signv4] Provider returned no credentials, service=es\n[error] [aws_client] could not sign request\n",
        *("pod.application", "read_log"),
    ),
    "nginx-s3-gateway, without a region": (  # nginx/nginx-s3-gateway#116
        'js: Could not assume role using web identity: "Missing required AWS_REGION env variable"\n[error] 76#76: *10 '
        'auth request unexpected status: 500, client: 10.2.1.5, server: , request: "GET / HTTP/1.1"',
        *("pod.application", "own_region"),
    ),
    "nginx-s3-gateway, without a reason": (  # nginx/nginx-s3-gateway#132
        "js: Could not assume role using web identity: {}",
        *("pod.application", "read_log"),
    ),
    "DuckDB, without credentials": (  # duckdb/duckdb-httpfs#46, #327
        "HTTP GET error reading 'https://x.s3.amazonaws.com/a.parquet' in region '' (HTTP 403 Forbidden)\n\n"
        "AccessDenied: Access Denied\n\nAuthentication Failure\n* No credentials are provided.\n* See https://duckdb.org/docs/x",
        *("pod.request", "default_chain"),
    ),
    "DuckDB, whose chain is empty": (  # duckdb/duckdb-aws#123
        "Secret Validation Failure: during `create` using the following:\nCredential Chain: 'config'\n",
        *("pod.request", "default_chain"),
    ),
    "Kaniko, without credentials for ECR": (  # GoogleContainerTools/kaniko#2088
        f"POST https://{ACCOUNT}.dkr.ecr.us-east-2.amazonaws.com/v2/a/blobs/uploads/: unexpected status code 401 "
        "Unauthorized: Not Authorized",
        *("pod.request", "default_chain"),
    ),
    "Vector, without credentials": (  # vectordotdev/vector#9291
        'CredentialsError { message: "Couldn\'t find AWS credentials in environment, credentials file, or IAM role." }',
        *("pod.request", "default_chain"),
    ),
    "Velero, with a region of MinIO": (  # velero-io/velero#8320
        f'{GO_1}Post "https://sts.minio.amazonaws.com/": dial tcp: lookup sts.minio.amazonaws.com on 10.100.0.10:53: '
        "no such host",
        *("pod.application", "own_region"),
    ),
    "no provider, as STS says it since 2026": (
        "InvalidIdentityToken: The web identity token provided could not be validated. See the x documentation.",
        *("pod.application", "try_again_elsewhere"),
    ),
    "another token": (
        "<Error>\n<Code>InvalidIdentityToken</Code>\n<Message>Incorrect token audience</Message>\n</Error>",
        *("pod.application", "try_again_token"),
    ),
    "keys that did not come": (
        "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference x",
        *("pod.application", "try_again_keys"),
    ),
    "a certificate that is not ours": (
        "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
        *("pod.application", "try_again_certificate"),
    ),
    "an ARN of its own": ("ValidationError: Request ARN is invalid", "pod.application", "try_again_role"),
    "too long a session, as STS says it": (
        "<Message>The requested DurationSeconds exceeds the MaxSessionDuration set for this role.</Message>",
        *("pod.application", "session_of_role"),
    ),
    "Go 2, with a region of its own": (
        "operation error STS: AssumeRole, failed to resolve service endpoint, endpoint rule error, Invalid "
        "Configuration: Missing Region",
        *("pod.application", "own_region"),
    ),
    "a program that asks the instance for its network": (
        '"error":"failed to introspect vpcID from EC2Metadata, specify --aws-vpc-id instead if EC2Metadata is '
        'unavailable: EC2MetadataError: failed to make EC2Metadata request\\n\\n\\tstatus code: 401, request id: "}',
        *("pod.running", "instance_metadata"),
    ),
    "Go 2, the same": (
        "get mac metadata: operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
        *("pod.running", "instance_metadata"),
    ),
    "Java, without a way to STS": (
        "Unable to execute HTTP request: Connect to sts.ap-northeast-1.amazonaws.com:443 failed: connect timed out",
        *("pod.application", "egress"),
    ),
    "Go 1, without trust in the certificate": (f"{GO_1}{NO_WAY}x509: certificate x", "pod.application", "certificate"),
    "the policy of a VPC endpoint": (
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: User: x is not "
        f"authorized to perform: sts:AssumeRoleWithWebIdentity on resource: {ROLE} "
        "because no VPC endpoint policy allows it",
        *("pod.application", "other_policy"),
    ),
    "JavaScript, without a right to the file": (
        f"Error: EACCES: permission denied, open '{DIRECTORY}/token'\n    at Object.openSync (fs.js:458:3)",
        *("pod.application", "fs_group"),
    ),
    "Java, without a right to the file": (
        f"java.nio.file.AccessDeniedException: {DIRECTORY}/token",
        *("pod.application", "fs_group"),
    ),
    "a shell, without a right to the file": (
        f"cat: can't open '{DIRECTORY}/token': Permission denied",
        *("pod.application", "fs_group"),
    ),
    "Ruby, without a right to the file": (
        f"Permission denied @ rb_sysopen - {DIRECTORY}/token (Errno::EACCES)",
        *("pod.application", "fs_group"),
    ),
    "the AWS CLI, with the home of a user that the image does not know": (
        "\nfatal error: [Errno 13] Permission denied: '/.aws'\n",
        *("pod.application", "writable_home"),
    ),
    "the AWS CLI 2, with a read-only home": (
        "\naws: [ERROR]: [Errno 30] Read-only file system: '/root/.aws'\n",
        *("pod.application", "writable_home"),
    ),
    ".NET, on Windows": (
        "System.ArgumentException: The webIdentityTokenFile must be an absolute path.",
        *("pod.application", "on_windows"),
    ),
    "JavaScript 2, with the error behind the error": (
        '{"message":"Missing credentials in config, if using AWS_CONFIG_FILE","code":"CredentialsError","originalError"'
        f':{{"message":"User: {SESSION} {ASSUME} {ROLE}","code":"AccessDenied"}}}}',
        *("pod.application", "assumes_itself"),
    ),
    "PHP, after the token was renewed": (
        f"Warning: file_get_contents({DIRECTORY}/token): failed to open stream: No such file or directory",
        *("pod.application", "stale_path"),
    ),
    "Rust, without trust in the certificate": (
        "Generic S3 error: Error performing POST https://sts.us-east-1.amazonaws.com/ in 4.67s - HTTP error: x",
        *("pod.application", "read_log"),
    ),
    "PHP, without a right to the file": (
        f"PHP Warning:  file_get_contents({DIRECTORY}/token): failed to open stream: Permission denied in /app/x.php",
        *("pod.application", "fs_group"),
    ),
    "Go 1, with S3 in the place of STS": (
        r'err="WebIdentityErr: x\ncaused by: SerializationError: failed to unmarshal error message\n\tstatus code: 405,'
        r' request id: \ncaused by: UnmarshalError: failed to unmarshal error message\n\t00000000  3c 3f 78 |<?x|"',
        *("pod.application", "other_server"),
    ),
    "Go 2, with S3 in the place of STS": (
        f"get identity: get credentials: {STS_2}https response error StatusCode: 405, RequestID: , api error "
        "MethodNotAllowed: The specified method is not allowed against this resource.",
        *("pod.application", "other_server"),
    ),
    "boto3, with S3 in the place of STS": (
        "ClientError: An error occurred (Unknown) when calling the AssumeRoleWithWebIdentity operation: Unknown",
        *("pod.application", "other_server"),
    ),
    "Go 2, which gave up": (
        '"GRPC error" err="rpc error: code = Internal desc = could not create volume in EC2: operation error EC2: '
        'CreateVolume, get identity: get credentials: request canceled, context canceled"',
        *("pod.application", "gave_up"),
    ),
    "Go 2, with an empty region": (
        f'{STS_2}Post "https://sts..amazonaws.com/": dial tcp: lookup sts..amazonaws.com: no such host',
        *("pod.application", "own_region"),
    ),
    "Java 2, without a region": (
        "software.amazon.awssdk.core.exception.SdkClientException: Unable to load region from any of the providers in "
        "the chain x.DefaultAwsRegionProviderChain@6f1",
        *("pod.application", "own_region"),
    ),
    "Ruby, without a region": (
        "Aws::Errors::MissingRegionError: No region was provided. Configure the `:region` option or export the region",
        *("pod.application", "own_region"),
    ),
    "PHP, without a region": (
        'A "region" configuration value is required for the "s3" service (e.g., "us-west-2").',
        *("pod.application", "own_region"),
    ),
    ".NET, without a region": (
        "Amazon.Runtime.AmazonClientException: No RegionEndpoint or ServiceURL configured",
        *("pod.application", "own_region"),
    ),
    "boto3, with half a key": (
        "PartialCredentialsError: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        *("pod.request", "default_chain"),
    ),
    "Ruby, with a profile that leads nowhere": (
        "Aws::Errors::NoSourceProfileError: Profile default has a role_arn, and source_profile, but the source_profile "
        "does not have credentials.",
        *("pod.request", "default_chain"),
    ),
    "Go 1, with a file that there is not": (
        "WriteToCloudWatch failure, err:  SharedCredsLoad: failed to load shared credentials file\ncaused by: no",
        *("pod.request", "default_chain"),
    ),
    "Go 2, with a profile that there is not": (
        "failed to get shared config profile, prod",
        *("pod.request", "default_chain"),
    ),
    "Go 2, unsigned": (
        "operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: x, api error "
        "MissingAuthenticationTokenException: Missing Authentication Token",
        *("pod.request", "default_chain"),
    ),
    ".NET, without a right to the file": (
        f"System.UnauthorizedAccessException: Access to the path '{DIRECTORY}/token' is denied.",
        *("pod.application", "fs_group"),
    ),
    "an issuer that does not respond": (
        "An error occurred (IDPCommunicationError) when calling the AssumeRoleWithWebIdentity operation: Error x",
        *("pod.application", "try_again_keys"),
    ),
    "no ARN at all": (
        "https response error StatusCode: 400, RequestID: 1, api error ValidationError: 1 validation error detected: "
        "Value 's3-reader' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to "
        "20",
        *("pod.application", "try_again_role"),
    ),
    "a name of its own for the session": (
        "ValidationError: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        *("pod.application", "own_session_name"),
    ),
    "longer than any session": (
        "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: 1 validation error "
        "detected: Value '90000' at 'durationSeconds' failed to satisfy constraint: Member must have value less than "
        "or equal to 43200",
        *("pod.application", "shorter_session"),
    ),
    "too many sessions": (
        "An error occurred (Throttling) when calling the AssumeRoleWithWebIdentity operation: Rate exceeded",
        *("pod.application", "throttled"),
    ),
    "Go 1, cut off": (f"{GO_1}{NO_WAY}EOF", "pod.application", "cut_off"),
    "Go 2, cut off": (
        f"{STS_2}https response error StatusCode: 0, RequestID: , request send failed, {NO_WAY}read tcp 10.0.0.7:3->"
        "52.1.1.1:443: read: connection reset by peer",
        *("pod.application", "cut_off"),
    ),
    "boto3, cut off": (
        "ConnectionClosedError: Connection was closed before we received a valid response from endpoint URL: "
        '"https://sts.ap-northeast-1.amazonaws.com/".',
        *("pod.application", "cut_off"),
    ),
    "JavaScript 2, without an address": (
        "UnknownEndpoint: Inaccessible host: `sts.ap-northeast-1.amazonaws.com' at port `undefined'. This service may "
        "not be available in the `ap-northeast-1' region.\n    at Request.ENOTFOUND_ERROR (/app/x.js:622:46)",
        *("pod.application", "name_resolution"),
    ),
    "Java 1, without an address or a word on it": (
        "SdkClientException: Unable to execute HTTP request: sts.ap-northeast-1.amazonaws.com\n\tat a.b.C(C.java:10)",
        *("pod.application", "name_resolution"),
    ),
    "JavaScript 3, without credentials": (
        "Error: Resolved credential object is not valid\n    at SignatureV4.x (/app/x.js:1:1)",
        *("pod.request", "default_chain"),
    ),
    "C, without credentials": (
        "Caused by:\n  0: initial ListObjectsV2 failed\n  1: Client error\n  2: No signing credentials available, see "
        "CRT debug logs",
        *("pod.request", "default_chain"),
    ),
    "Java 2, at a service that refuses with the status 400": (
        f"x.DynamoDbException: User: {SESSION} is not authorized to perform: dynamodb:GetItem on resource: x because "
        "no identity-based policy allows it (Service: DynamoDb, Status Code: 400, Request ID: 1)",
        *("pod.application", "permit"),
    ),
    "Java 2, with a session that has ended": (
        "The security token included in the request is expired (Service: Ssm, Status Code: 400, Request ID: 1)",
        *("pod.application", "renew_session"),
    ),
    "Terraform, which wraps its lines": (  # hashicorp/terraform-provider-aws#28908
        "│ Error: failed to refresh cached credentials, no EC2 IMDS role found,\n"
        "│ operation error ec2imds: GetMetadata, request canceled, context deadline\n│ exceeded\n╵",
        *("pod.request", "default_chain"),
    ),
    "Terraform, in JSON": (  # cresta/atlantis-drift-detection#294
        r'{"error":"failed to refresh credentials, no EC2 IMDS role found,\noperation error ec2imds: GetMetadata"}',
        *("pod.request", "default_chain"),
    ),
    "Go 2, with keys of its own that are empty": (  # konstructio/kubefirst-api#372
        "failed to refresh cached credentials, static credentials are empty",
        *("pod.request", "default_chain"),
    ),
    "Karpenter, in an account without Spot Instances": (  # terraform-aws-modules/terraform-aws-eks#2565
        '{"error":"creating instance, with fleet error(s), AuthFailure.ServiceLinkedRoleCreationNotPermitted: The '
        'provided credentials do not have permission to create the service-linked role for EC2 Spot Instances."}',
        *("pod.application", "spot_role"),
    ),
    "cert-manager, for an Issuer": (  # cert-manager/cert-manager#4738
        'E0808 1 controller.go:162] "re-queuing" err="error instantiating route53 challenge solver: unable to '
        'construct route53 provider: empty credentials; perhaps you meant to enable ambient credentials?" key="x"',
        *("pod.request", "ambient_credentials"),
    ),
    "boto 2, which knows no web identity": (
        "boto.exception.NoAuthHandlerFound: No handler was ready to authenticate. 1 handlers were checked.",
        *("pod.request", "default_chain"),
    ),
    ".NET 4, without credentials": (
        "Amazon.Runtime.AmazonClientException: Failed to resolve AWS credentials. The credential providers used to "
        "search for credentials returned the following errors:",
        *("pod.request", "default_chain"),
    ),
    "JavaScript 3, without a credential": (
        "Error: Credential is missing\n    at x.js:1:1",
        "pod.request",
        "default_chain",
    ),
    "JavaScript 2, without a region": ("ConfigError: Missing region in config", "pod.application", "own_region"),
    "Hadoop, with an older SDK": (
        "java.lang.ClassNotFoundException: Class com.amazonaws.auth.WebIdentityTokenCredentialsProvider not found",
        *("pod.request", "default_chain"),
    ),
    "a program that does not sign": (  # kiwigrid/helm-charts#152
        '[403] {"Message":"User: anonymous is not authorized to perform: es:ESHttpGet"}',
        *("pod.request", "default_chain"),
    ),
    "object_store, without the metadata": (
        "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1.2s, after 10 retries",
        *("pod.request", "default_chain"),
    ),
    "OpenSearch": (  # fluent/fluent-bit#2714
        f'{{"reason":"no permissions for [indices:data/write/bulk] and User [name={ROLE}, backend_roles=[{ROLE}]]"}}',
        *("pod.application", "opensearch"),
    ),
    "another service than STS": (  # cortexproject/cortex#1950
        r"WebIdentityErr: failed to retrieve credentials\ncaused by: InvalidAction: Could not find operation "
        r"AssumeRoleWithWebIdentity for version 2011-06-15\n\tstatus code: 400, request id: 3",
        *("pod.application", "other_server"),
    ),
    "Go 1, without TLS": (  # oxyno-zeta/s3-proxy#390
        f'{GO_1}Post "http://sts.us-east-1.amazonaws.com/": read tcp 1.2.3.4:5->6.7.8.9:80: connection reset by peer',
        *("pod.application", "cut_off"),
    ),
    "Go 1, refused by a proxy": (f"{GO_1}{NO_WAY}Forbidden", "pod.application", "proxy_refuses"),
    "Go 2, unknown to a proxy": (f"{STS_2}{NO_WAY}Proxy Authentication Required", "pod.application", "proxy_refuses"),
    "Kotlin, refused by a proxy": (  # aws/aws-sdk-kotlin#1180
        "aws.smithy.kotlin.runtime.http.HttpException: java.io.IOException: Unexpected response code for CONNECT: 403",
        *("pod.application", "proxy_refuses"),
    ),
    "PHP, without an address": (
        "cURL error 6: Could not resolve host: sts.eu-west-1.amazonaws.com (see x) for https://sts.eu-west-1.amazonaws.com/",
        *("pod.application", "name_resolution"),
    ),
    "PHP, without a way to STS": (
        "cURL error 28: Connection timed out after 1000 milliseconds (see x) for https://sts.eu-west-1.amazonaws.com/",
        *("pod.application", "look_for_region"),
    ),
    "PHP, without trust in the certificate": (
        "cURL error 60: SSL certificate problem: unable to get local issuer certificate (see x) for https://sts.eu-west-1.amazonaws.com/",
        *("pod.application", "certificate"),
    ),
    "Ruby, without a way to STS": (
        "Failed to open TCP connection to sts.us-east-1.amazonaws.com:443 (execution expired)",
        *("pod.application", "look_for_region"),
    ),
    "Ruby, refused at once": (
        'Failed to open TCP connection to sts.us-east-1.amazonaws.com:443 (Connection refused - connect(2) for "x")',
        *("pod.application", "refused_connection"),
    ),
    ".NET, without an address": (
        "System.Net.Http.HttpRequestException: Name or service not known (sts.eu-west-1.amazonaws.com:443)",
        *("pod.application", "name_resolution"),
    ),
    ".NET, without a way to STS": (
        "System.Net.Http.HttpRequestException: Connection timed out (sts.eu-west-1.amazonaws.com:443)",
        *("pod.application", "look_for_region"),
    ),
    "Java 2 with Netty, without a way to STS": (
        "Unable to execute HTTP request: connection timed out after 2000 ms: sts.eu-west-1.amazonaws.com/52.94.1.1:443",
        *("pod.application", "look_for_region"),
    ),
    "boto3, with a region that cannot be one": (
        'Could not connect to the endpoint URL: "https://sts.us-gov-west1.amazonaws.com/"',
        *("pod.application", "own_region"),
    ),
}


_LACKS = f"AccessDenied: User: {SESSION} is not authorized to perform: s3:PutObject on resource: x"
ALSO = (
    # what is found in a log as well, with the fix of another log above, or of `test_application.py`
    "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent another one)",
    "ParamValidationError: Parameter validation failed:\nInvalid length for parameter RoleArn, value: 9",
    f"WebIdentityErr: unable to read file at {DIRECTORY}/token\ncaused by: open {DIRECTORY}/token: permission denied",
    f"[Errno 2] No such file or directory: '{DIRECTORY}/token'",
    f"open {DIRECTORY}/token: no such file or directory",
    "The provided profile or the current environment is configured to assume role with web identity "
    "but has no role ARN configured.",
    "CredentialsProviderError: Could not load credentials from any providers",
    "Unable to load AWS credentials from any provider in the chain: [EnvironmentVariableCredentialsProvider: no]",
    "botocore.exceptions.NoRegionError: You must specify a region.",
    "MissingRegion: could not find region configuration",
    "Error: Region is missing",
    'Error when retrieving credentials from container-role: x: "http://169.254.170.23/v1/credentials"',
    "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: "
    "The difference between the request time and the current time is too large.",
    "SignatureDoesNotMatch: Signature expired: 2023 is now earlier than x\n\tstatus code: 403, request id: 1",
    f"{STS_2}{NO_WAY}dial tcp: lookup sts.ap-northeast-1.amazonaws.com: i/o timeout",
    'Failed to connect to proxy URL: "http://proxy.example.com:3128"',
    f"{STS_2}{NO_WAY}proxyconnect tcp: dial tcp 10.0.0.1:3128: i/o timeout",
    "SSL validation failed for https://sts.us-east-1.amazonaws.com/ self-signed certificate in certificate chain",
    f"{_LACKS} with an explicit deny in a service control policy",
    f"{_LACKS} because no permissions boundary allows the s3:PutObject action",
    f"{_LACKS} because no resource-based policy allows the s3:PutObject action",
    "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
    "The AWS Access Key Id you provided does not exist in our records.",
)


def refused(log: str, spoil: object = None, *, sends: bool = False) -> Diagnosis:
    """The diagnosis of a Pod whose program has ended with this log; `sends`: STS is asked, and accepts the token."""
    fakes = healthy()
    if callable(spoil):
        spoil(fakes)
    fakes.logs[""], fakes.talk = log, []
    fakes.pod["status"]["containerStatuses"] = [ended(1)]
    return examine(consented(fakes.ports(), ALL if sends else ALL - {Action.EXCHANGE}), SUBJECT)


@pytest.mark.parametrize("name", FIXES)
def test_the_log_leads_to_the_fix(name: str) -> None:
    log, check_id, fix = FIXES[name]
    found = refused(log)
    assert found.verdict.check is not None
    assert found.fix is not None
    assert (found.verdict.outcome, found.verdict.check.id, found.fix.id) == (Outcome.BROKEN, check_id, fix)
    assert found.fix.commands or fix != "default_chain"


@pytest.mark.parametrize(
    ("also", "command"),
    [
        ([], '{"name": "aws-cli", "args": ["s3", "ls"]}'),
        ([f"--s3-secret-access-key={SECRETS[0]}"], "get deployment/web -o yaml"),  # which we saw masked
    ],
)
def test_a_profile_is_removed_from_the_command_line(also: list[str], command: str) -> None:
    def spoil(fakes: Fakes) -> None:
        container(fakes)["args"] = ["s3", "ls", "--profile", "prod", *also]

    found = refused("The config profile (prod) could not be found", spoil)
    assert found.fix is not None
    assert (found.fix.id, command in found.fix.commands[0]) == ("default_chain", True)


def test_what_a_log_has_beside_the_sentence_is_not_kept() -> None:
    said, after = last_words(rf'{{"msg":"{STS_2}failed","user":"jane"}}' + "\n\tat a.b.C(C.java:10)\n\t... 2 more\nup")
    assert (said, after) == (f"{STS_2}failed", "up")
    assert last_words(f'error="{STS_2}failed" user="jane"')[0] == f"{STS_2}failed"
    assert last_words(f"{NO_WAY}x\n{STS_2}{NO_WAY}EOF")[0] == f"{STS_2}{NO_WAY}EOF"


@pytest.mark.parametrize(
    "said",
    [
        "operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
        "No such bucket (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request ID: 1)",
        "The specified bucket does not exist (Aws::S3::Errors::NoSuchBucket)",
        "NoSuchBucket: The specified bucket does not exist\n\tstatus code: 404, request id: 1, host id: x",
        "AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: The specified bucket does not exist",
        "AWS Error NETWORK_CONNECTION during HeadBucket operation: curlCode: 28, Timeout was reached",
        "One or more parameter values were invalid (Service: DynamoDb, Status Code: 400, Request ID: 1)",
        "An error occurred (AuthorizationHeaderMalformed) when calling the ListObjectsV2 operation: The authorization "
        "header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
        "open /var/run/secrets/kubernetes.io/serviceaccount/token: permission denied",
    ],
)
def test_what_is_not_about_credentials_says_nothing_against_irsa(said: str) -> None:
    assert is_other_matter(last_words(said)[0])


def test_the_metadata_service_may_be_asked_for_credentials() -> None:
    said, _ = last_words("no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled")
    assert not is_other_matter(said)


def test_a_program_that_wanted_to_send_the_api_servers_token_to_sts_was_about_credentials() -> None:
    assert not is_other_matter(
        "WebIdentityErr: failed fetching WebIdentity token: open /var/run/secrets/kubernetes.io/serviceaccount/token"
    )


def test_a_refusal_from_before_the_trust_policy_was_corrected_is_not_put_on_the_organization() -> None:
    """A Pod that is restarted seldom still has it in its log, when everything has been right for minutes."""
    found = refused(f"AccessDenied: {REFUSED}")
    assert found.verdict.remaining == ("corrected_since", "other_role", "organization")
    assert found.fix is not None
    assert found.fix.commands[0] == "kubectl -n default rollout restart deployment/web"
    accepted = refused(f"AccessDenied: {REFUSED}", sends=True)
    assert (accepted.verdict.remaining, accepted.fix and accepted.fix.id) == ((), "accepted_by_now")


def test_a_container_that_came_later_has_no_token_to_use() -> None:
    fakes = healthy()
    fakes.pod["spec"]["containers"].append({"name": "proxy", "image": "envoy"})
    fakes.pod["status"]["containerStatuses"] = [ended(0), {**ended(1), "name": "proxy"}]
    fakes.logs["proxy"], fakes.talk = "Unable to locate credentials", []
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.fix and found.fix.id) == ("pod.request", "added_later")


TOO_LONG = "The requested DurationSeconds exceeds the"


WAYS = [
    # (what the program says, the fix)
    (
        "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: "
        f"{TOO_LONG} MaxSessionDuration set for this role.",
        "session_of_role",
    ),
    (
        "An error occurred (ValidationError) when calling the AssumeRole operation: "
        f"{TOO_LONG} 1 hour session limit for roles assumed by role chaining",
        "session_of_chain",
    ),
    (
        "An error occurred (RegionDisabledException) when calling the AssumeRoleWithWebIdentity operation: "
        "STS is not activated in this region for account:111122223333.",
        "activate_region",
    ),
    ('Connect timeout on endpoint URL: "https://sts.amazonaws.com/"', "global_endpoint"),
    (
        f"{STS_2}exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , "
        'request send failed, Post "https://sts.amazonaws.com/": dial tcp 1.2.3.4:443: i/o timeout',
        "global_endpoint",
    ),
    ('Connect timeout on endpoint URL: "https://sts.ap-northeast-1.amazonaws.com/"', "egress"),
    ('Connect timeout on endpoint URL: "https://sts.amazonaws.com.cn/"', "egress"),
    ('Connect timeout on endpoint URL: "https://sts.ap-northeast-1.api.aws/"', "egress"),
    ('Connect timeout on endpoint URL: "https://sts-fips.us-east-1.amazonaws.com/"', "look_for_region"),
    ('Connect timeout on endpoint URL: "https://vpce-1-2.sts.us-east-1.vpce.amazonaws.com/"', "egress"),
    ('Could not connect to the endpoint URL: "https://sts.ap-northeast-1.api.aws/"', "no_connection"),
    (f"{STS_2}{NO_WAY}dial tcp 52.95.1.1:443: connect: connection refused", "refused_connection"),
    (
        "SSL validation failed for https://sts.amazonaws.com/ (\"hostname 'sts.amazonaws.com' doesn't match either "
        "of 'sts.eu-west-1.amazonaws.com', '*.sts.eu-west-1.vpce.amazonaws.com'\",)",
        "global_endpoint",
    ),
    (
        "An error occurred (AuthFailure) when calling the DescribeInstances operation: "
        "AWS was not able to validate the provided access credentials",
        "global_session",
    ),
    (
        "An error occurred (InvalidToken) when calling the ListBuckets operation: "
        "The provided token is malformed or otherwise invalid.",
        "global_session",
    ),
    (
        "InvalidToken: The provided token is malformed or otherwise invalid.",
        "global_session",
    ),
    ("Amazon.SQS.AmazonSQSException: The security token included in the request is invalid.", "global_session"),
]


@pytest.mark.parametrize(("said", "fix"), WAYS)
def test_what_sts_or_the_way_to_it_minds_has_a_fix_of_its_own(said: str, fix: str) -> None:
    fakes = healthy()
    running(fakes, said)
    drop_variable(fakes, "AWS_STS_REGIONAL_ENDPOINTS")
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.fix and found.fix.id) == (Outcome.BROKEN, fix)


def test_where_the_regional_endpoint_is_set_it_is_not_set_again() -> None:
    fakes = healthy()
    running(fakes, 'Connect timeout on endpoint URL: "https://sts.amazonaws.com/"')
    found = examine(fakes.ports(), SUBJECT)
    assert (found.fix and found.fix.id) == "global_in_program"
    drop_variable(fakes, "AWS_DEFAULT_REGION")
    found = examine(fakes.ports(), SUBJECT)
    assert (found.fix and found.fix.id) == "region"


@pytest.mark.parametrize(
    ("host", "variables", "fix_id", "first"),
    [
        ("sts.us-east-1", ["AWS_REGION"], "other_region", "set env deployment/web -c aws-cli AWS_REGION="),
        ("b.s3.us-east-1", ["AWS_DEFAULT_REGION"], "other_region", "deployment/web -c aws-cli AWS_DEFAULT_REGION="),
        ("sts.us-east-1", [], "look_for_region", "get deployment/web -o yaml"),
        ("sts.ap-northeast-1", ["AWS_REGION"], "egress", "aws ec2"),
        ("us-east-1.s3", ["AWS_REGION"], "egress_of_service", "aws ec2"),
    ],
)
def test_an_endpoint_of_the_clusters_region_is_no_way_to_another_region(
    host: str, variables: list[str], fix_id: str, first: str
) -> None:
    fakes = healthy()
    for item in container(fakes)["env"]:
        if item["name"] in variables:
            item["value"] = "us-east-1"
    running(fakes, f'Connect timeout on endpoint URL: "https://{host}.amazonaws.com/"')
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, first in fix.commands[0]) == (fix_id, True)
    *names, last = host.split(".")
    service = f".{last}.{names[-1]}" if "-" in last else f".{last}"
    within = fix_id.startswith("egress")  # a policy of the namespace may keep the Pod from it as well
    assert [it for it in fix.commands if it == "kubectl -n default get networkpolicies"] == [fix.commands[-1]] * within
    look = fix.commands[-1 - within]
    assert "--region ap-northeast-1" in look
    assert f'"{service}"' in look


def test_the_endpoints_of_a_service_with_parts_are_found() -> None:
    """The host is `api.ecr.REGION`, and the endpoint's service `com.amazonaws.REGION.ecr.api`."""
    fakes = healthy()
    running(fakes, 'Connect timeout on endpoint URL: "https://api.ecr.ap-northeast-1.amazonaws.com/"')
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    query = shlex.split(fix.commands[0])[-1]
    names = [f"com.amazonaws.ap-northeast-1.{it}" for it in ("ecr.api", "ecr.dkr", "sts")]
    found = jmespath.search(query, {"VpcEndpoints": [{"ServiceName": it} for it in names]})
    assert [it["ServiceName"] for it in found] == names[:2]


NAMES_NO_ONE = (
    "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ListBuckets operation: "
    "Access Denied.",
    "An error occurred (403) when calling the HeadObject operation: Forbidden",
    "operation error S3: PutObject, https response error StatusCode: 403, RequestID: 17, HostID: x, "
    "api error AccessDenied: Access Denied",
    'level=error msg="Error uploading log file" error="rpc error: code = Unknown desc = operation error S3: PutObject, '
    'https response error StatusCode: 403, RequestID: 17, HostID: , api error AccessDenied: Access Denied" '
    'error.file="/go/src/object_store.go:253" logSource="pkg/persistence/object_store.go:252"',  # velero#7543
    'level=error msg="BackupStorageLocation \\"minio\\" is unavailable: rpc error: code = Unknown desc = operation '
    'error S3: ListObjectsV2, api error AccessDenied: Access Denied)" controller=backup-storage-location',
    'level=error error="operation error S3: HeadObject, api error Forbidden: Forbidden"',
    "software.amazon.awssdk.services.s3.model.S3Exception: Access Denied (Service: S3, Status Code: 403, "
    "Request ID: 17)",
    "Access Denied (Aws::S3::Errors::AccessDenied)",
    "AccessDenied: Access Denied\n    at throwDefaultError (/app/node_modules/x.js:1:1)",
    "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    "Forbidden: Forbidden\n\tstatus code: 403, request id: 17, host id: x",
    "An error occurred (AccessDenied) when calling the ReceiveMessage operation: Access to the resource "
    "https://sqs.ap-northeast-1.amazonaws.com/ is denied.",
    "<Code>AccessDenied</Code><Message>Access to the resource https://sqs.ap-northeast-1.amazonaws.com/ is denied."
    "</Message>",
    "operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: 17, api error "
    "AccessDeniedException: Access to KMS is not allowed",
    "OSError: When reading information for key 'a' in bucket 'b': AWS Error ACCESS_DENIED during HeadObject operation: "
    "No response body.",
    "F0306 08:19:04.525174 7 client_manager.go:502] Failed to check if the bucket exists. Error: Access Denied.",
    'level=error msg="module failed" err="sanity check failed: unable to successfully send a request: Access Denied."',
    'level=warn reason="bucket store initial sync: sync block: BaseFetcher: iter bucket: Access Denied"',  # thanos#7157
    'level=info msg="Error (exit code 1): artifact a failed to load: failed to get file: Access Denied."',
    'level=error msg="executor error: failed to save outputs: Access Denied"',  # argoproj/argo-workflows#1112
    "HTTP Error: HTTP GET error on 'https://x.s3.amazonaws.com/small.csv' (HTTP 403)",  # duckdb/duckdb-aws#72
    "Authentication Failure\n* Credentials are provided, but they did not work.",  # duckdb/duckdb-aws#96
    'msg="Healthcheck failed." error=Invalid credentials component_kind="sink" component_type="aws_s3"',  # vector#18591
    "getFileStatus on s3a://b/f: com.amazonaws.services.s3.model.AmazonS3Exception: Forbidden; request: HEAD https://b.s3."
    "amazonaws.com f {} (Service: Amazon S3; Status Code: 403; Error Code: 403 Forbidden; Request ID: 4)",
    "software.amazon.awssdk.services.s3.model.S3Exception: null (Service: S3, Status Code: 403, Request ID: 8):null",
    "Error performing HEAD https://s3.us-east-2.amazonaws.com/b/a in 80ms - Server returned non-2xx status code: 403 "
    "Forbidden: ",
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("said", NAMES_NO_ONE)
def test_a_refusal_that_names_no_one_may_be_that_of_another_server(said: str, language: str) -> None:
    """MinIO says so to all who have no user there, and knows nothing of roles."""
    fakes, words = healthy(), load(language)
    running(fakes, said)
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.reason) == (
        Outcome.UNKNOWN,
        "names_no_one",
    )
    assert verdict_words.verdict(found, words) == words.message("doctor.names_no_one")
    assert found.fix is not None
    assert (found.fix.id, found.prediction) == ("who_denied", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ec2_encodes_says_who_was_refused_only_to_those_who_may_decode_it(language: str) -> None:
    fakes, words = healthy(), load(language)
    said = (
        "UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message"
    )
    running(fakes, f"could not create volume in EC2: {said}: Kj3_x-9\n\tstatus code: 403, request id: 1")
    found = examine(fakes.ports(), SUBJECT)
    assert verdict_words.verdict(found, words) == words.message("doctor.encoded")
    assert words.message("reasons.encoded") in verdict_words.cause(found, words)
    assert found.fix is not None
    assert found.fix.commands[0].startswith("aws sts decode-authorization-message --encoded-message Kj3_x-9 --query")


@pytest.mark.parametrize(
    ("said", "remaining", "fix"),
    [
        ("The web identity token provided could not be validated. See x", "signature", "try_again_elsewhere"),
        (f"No OpenIDConnect provider found in your account for {ISSUER}", "corrected_since", "try_again_elsewhere"),
        ("Incorrect token audience", "corrected_since", "try_again_token"),
        ("Couldn't retrieve verification key from your identity provider,  see x", "corrected_since", "try_again_keys"),
        ("The ID Token provided is not a valid JWT. (You may see x", "not_a_token", "try_again_token"),
    ],
)
def test_what_is_there_is_not_made_again_where_the_token_cannot_be_read(said: str, remaining: str, fix: str) -> None:
    """Nothing can be executed in a container that keeps ending, so the checks of STS have no token. The provider and
    its audience are read without one, and the commands made both once more."""
    stopped = Refused(code="BadRequest", server_message='container "aws-cli" is not running', status=400)
    log = f"An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: {said}"
    found = refused(log, lambda fakes: fakes.errors.update(execute=stopped, request_token=stopped))
    assert (found.verdict.remaining[0], found.fix and found.fix.id) == (remaining, fix)
    assert not {"provider_missing", "audience_not_accepted"} & {*found.verdict.remaining}


def test_the_usual_audience_of_the_provider_rules_no_other_audience_out() -> None:
    def spoil(fakes: Fakes) -> None:
        fakes.errors.update(
            dict.fromkeys(("execute", "request_token"), Refused(code="BadRequest", server_message="no"))
        )
        fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": SUB})
        fakes.service_account["metadata"]["annotations"][AUDIENCE] = "other"
        (volume,) = (it for it in fakes.pod["spec"]["volumes"] if it["name"] == "aws-iam-token")
        volume["projected"]["sources"][0]["serviceAccountToken"]["audience"] = "other"

    found = refused("InvalidIdentityToken: Incorrect token audience", spoil)
    assert found.verdict.remaining[0] == "audience_not_accepted"
    assert (found.fix and found.fix.id) == "default_audience"


@pytest.mark.parametrize(
    "said", [f"AccessDenied: {REFUSED}", f"InvalidIdentityToken: {NO_PROVIDER} {ISSUER}", "Incorrect token audience"]
)
def test_without_a_login_nothing_is_looked_for_in_aws(said: str) -> None:
    """Each of its commands would be refused, as the doctor was."""
    expired = NotPermitted(code="aws_sso_expired", server_message="Token has expired and refresh failed")
    asked = ("oidc_providers", "role", "roles", "caller_identity", "assumptions", "role_policies", "execute")
    found = refused(said, lambda fakes: fakes.errors.update(dict.fromkeys(asked, expired)))
    assert found.fix is not None
    assert (found.fix.id, found.fix.commands) == (
        *("log_in", ("python -m app doctor -n default -s my-sa --pod pod-after",)),
    )


def test_a_key_that_only_the_api_server_lists_is_why_sts_finds_none() -> None:
    log = "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  see x"
    stopped = Refused(code="BadRequest", server_message='container "aws-cli" is not running', status=400)

    def spoil(fakes: Fakes) -> None:
        fakes.errors.update(execute=stopped, request_token=stopped)
        fakes.cluster_jwks["keys"].append(jwk(OTHER_KEY))

    found = refused(log, spoil)
    assert (found.verdict.remaining, found.fix and found.fix.id) == (("unknown_key",), "compare_keys")


def test_into_a_node_of_fargate_no_one_can_look() -> None:
    said = "An error occurred (SignatureDoesNotMatch) when calling the ListBuckets operation: Signature expired: 1 is x"
    for labels, fix_id in (({}, "clock"), ({"eks.amazonaws.com/fargate-profile": "default"}, "fargate")):
        found = refused(said, lambda fakes, more=labels: fakes.pod["metadata"]["labels"].update(more))
        assert (found.fix and found.fix.id) == fix_id

    def spoil(fakes: Fakes) -> None:
        fakes.pod["metadata"]["labels"].update(labels)
        fakes.errors.update(
            dict.fromkeys(("execute", "request_token"), Refused(code="BadRequest", server_message="no"))
        )

    fix = refused("ExpiredTokenException: Token expired: current date/time 2 must be before 1", spoil).fix
    assert fix is not None
    assert (fix.id, fix.commands[-1]) == ("expired_token", "kubectl -n default rollout restart deployment/web")


def test_of_several_containers_the_log_is_that_of_the_one_that_failed() -> None:
    fakes = healthy()
    fakes.pod["spec"]["containers"].append({"name": "sync", "image": "sync"})
    fakes.pod["status"]["containerStatuses"] = [ended(0), {**ended(1), "name": "sync"}]
    fakes.logs["sync"], fakes.talk = "STS assume role request failed", []
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, fix.commands[0]) == ("read_log", "kubectl -n default logs pod-after -c sync")


def test_a_role_that_the_manifest_gives_a_container_is_no_other_identity() -> None:
    fakes = healthy()
    role = {"name": "AWS_ROLE_ARN", "value": ROLE.replace("s3-reader", "own")}
    env = [role if it["name"] == "AWS_ROLE_ARN" else it for it in container(fakes)["env"]]
    fakes.pod["spec"]["containers"].append({**container(fakes), "name": "sync", "env": env})
    fakes.pod["status"]["containerStatuses"] = [ended(0), {**ended(1), "name": "sync"}]
    who = SESSION.replace("s3-reader", "own")
    fakes.logs["sync"], fakes.talk = (
        f"An error occurred (AccessDenied) when calling the X operation: User: {who} {LISTED}",
        [],
    )
    fix = examine(fakes.ports(), SUBJECT).fix
    assert (fix and fix.id) == "read_log"


def test_the_log_of_an_init_container_is_not_that_of_the_only_other_one() -> None:
    fakes = healthy()
    fakes.pod["spec"]["initContainers"] = [{"name": "setup", "image": "setup"}]
    waits = {"name": "aws-cli", "state": {"waiting": {"reason": "PodInitializing"}}, "lastState": {}}
    fakes.pod["status"].update(
        phase="Pending", containerStatuses=[waits], initContainerStatuses=[{**ended(1), "name": "setup"}]
    )
    fakes.logs["setup"], fakes.talk = "STS assume role request failed", []
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, fix.commands[0]) == ("read_log", "kubectl -n default logs pod-after -c setup")


def test_only_the_container_that_fails_gets_another_home() -> None:
    fix = refused("[Errno 13] Permission denied: '/.aws'").fix
    assert fix is not None
    assert fix.commands == ("kubectl -n default set env deployment/web -c aws-cli HOME=/tmp",)


def test_what_could_not_be_read_leaves_open_what_the_program_sent() -> None:
    def spoil(fakes: Fakes) -> None:
        denied = NotPermitted(code="AccessDenied", server_message="no", status=403)
        fakes.errors.update(dict.fromkeys(("oidc_providers", "role"), denied))

    assert refused("Incorrect token audience", spoil).verdict.remaining == ("audience_not_accepted", "other_token")
    assert refused(f"AccessDenied: {REFUSED}", spoil).verdict.remaining[-1] == "other_role"


def test_the_patch_leaves_out_the_containers_of_other_webhooks() -> None:
    """In the workload they are new ones, and the API server refuses them: `image: Required value`."""

    def spoil(fakes: Fakes) -> None:
        container(fakes)["args"] = ["s3", "ls", "--profile", "prod"]
        fakes.pod["spec"]["containers"].append({"name": "istio-proxy", "image": "istio", "args": ["proxy"]})
        fakes.pod["spec"]["initContainers"] = [{"name": "istio-init", "image": "istio", "args": ["istio-iptables"]}]

    found = refused("The config profile (prod) could not be found", spoil)
    assert found.fix is not None
    patch = json.loads(shlex.split(found.fix.commands[0])[-1])
    assert patch["spec"]["template"]["spec"] == {"containers": [{"name": "aws-cli", "args": ["s3", "ls"]}]}


@pytest.mark.parametrize("sends", [True, False])
def test_a_program_that_ended_by_it_leaves_it_open_as_well(*, sends: bool) -> None:
    """Sending the token to STS would not show who was refused, so it is not what to do next."""
    said = "You are not authorized to perform this operation. Encoded authorization failure message: Kj3_x-9"
    found = refused(f"x.rb:1: {said} (Aws::EC2::Errors::UnauthorizedOperation)", sends=sends)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.reason) == (Outcome.UNKNOWN, "encoded")
    assert (found.fix and found.fix.id) == "decode"


def test_a_token_without_a_claim_is_another_one_though_sts_accepts_ours() -> None:
    found = refused("Missing a required claim: aud (Aws::STS::Errors::InvalidIdentityToken)", sends=True)
    assert (found.verdict.outcome, found.fix and found.fix.id) == (Outcome.BROKEN, "other_token")


def test_why_the_provider_for_web_identity_failed_is_shown_first() -> None:
    """The rest of the chain would fill the line."""
    others = ("SystemPropertyCredentialsProvider(): no", "ContainerCredentialsProvider(): no")
    reason = "WebIdentityTokenCredentialsProvider(): why"
    found = refused(
        f"Unable to load credentials from any of the providers in the chain [{others[0]}, {reason}, {others[1]}]"
    )
    assert found.verdict.check is not None
    assert found.verdict.check.got == reason


@pytest.mark.parametrize(
    "before", ["An error occurred (InvalidAccessKeyId) when calling the ListBuckets operation", "x"]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_of_sts_that_a_server_does_not_know_may_have_gone_elsewhere(before: str, language: str) -> None:
    """So MinIO refuses a session of AWS, and minio-go quotes the message alone (argoproj/argo-workflows#6041)."""
    fakes, words = healthy(), load(language)
    running(fakes, f"{before}: The Access Key Id you provided does not exist in our records.")
    found = examine(fakes.ports(), SUBJECT)
    assert verdict_words.verdict(found, words) == words.message("doctor.unknown_key")
    assert (found.fix and found.fix.id) == "who_denied"
    add_variable(fakes, "AWS_ACCESS_KEY_ID")
    assert examine(fakes.ports(), SUBJECT).verdict.outcome is Outcome.BROKEN


def test_the_documents_lead_from_these_errors_to_a_check() -> None:
    """Each error message that they list is one that the doctor finds in a log."""
    for language, end in (("en", ".md"), ("ja", ".ja.md")):
        words, page = load(language), (ROOT / f"docs/diagnose{end}").read_text("utf-8")
        assert {known.check for known in KNOWN_MESSAGES.values()} <= set(words.checks)
        assert re.findall(r"^\| `.+\]\(checks.+$", page, re.M) == [
            f"| {', '.join(f'`{text}`' for text in known.texts)} | {words.message(f'error_messages.{id_}')} "
            f"| [`{known.check}`](checks{end}#{known.check}) |"
            for id_, known in KNOWN_MESSAGES.items()
        ]
    logs = (*NAMES_NO_ONE, *(log for log, *_ in FIXES.values()), *(said for said, _ in WAYS), *ALSO)
    found = [last_words(log)[0] for log in logs]
    listed = [text for known in KNOWN_MESSAGES.values() if known.in_log for text in known.texts]
    patterns = {text: re.escape(text).replace("…", r"\S*") for text in listed}
    assert [text for text, it in patterns.items() if not any(re.search(it, said) for said in found)] == []


def test_a_refusal_that_names_no_one_leaves_what_is_seen_to_be_broken() -> None:
    fakes = healthy()
    running(fakes, NAMES_NO_ONE[0])
    fakes.policies, fakes.errors["list_buckets"] = [], Refused(code="AccessDenied", server_message="no", status=403)
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.BROKEN, "access.policy")


NO_PROVIDERS = "E11 x.go:54] failed: NoCredentialProviders: no valid providers in chain"
DENIED = f"AccessDenied: User: {SESSION} is not authorized to perform: route53:ListHostedZones because no x allows it"
LOST = f"{STS_2}{NO_WAY}dial tcp 10.0.0.9:443: i/o timeout"
CONTROLLERS = {
    # what a program that still runs has printed: (the log, the check that is named, or None where it says nothing)
    "a sentence in two lines": (f"{NO_PROVIDERS}. Deprecated.\n\tFor verbose messaging see x\n", "pod.request"),
    "a chain in many lines": (
        f'"GRPC error" err=<\n\trpc error: {NO_PROVIDERS}\n\tcaused by: EnvAccessKeyNotFound: no.\n\tSharedCredsLoad: '
        "no, .\n\tCredentialsEndpointError: no.\n >\n",
        "pod.request",
    ),
    "other lines between its attempts": (
        f"11 list\n11 {DENIED}\n16 list\n16 wait\n16 {DENIED}\n16 {DENIED}\n21 list\n21 wait\n",
        "pod.application",
    ),
    "more lines than between its attempts": (f"{DENIED}\n1 list\n{DENIED}\n2 list\n3 list\n", None),
    "another sentence before": (f"{NO_PROVIDERS}\n1 list\n{DENIED}\n2 list\n", None),
    "a line of a logger that indents": (f"{DENIED}\n INFO list\n", None),
    "words that any program may have": ("sign in of user bob: Access Denied.\n", None),
    "an error on the way, and nothing but new attempts": (
        f"{LOST}\n1 retry in 5s\n{LOST}\n2 retry\n",
        "pod.application",
    ),
    **{
        f"{name} lasts": (f"1 wrote 3 objects\n{said}\n3 wrote 3 objects\n{said}\n5 sync\n", "pod.application")
        for name, said in {
            "a certificate that is not trusted": "SSL validation failed for https://sts.eu-west-1.amazonaws.com/ [SSL]",
            "a wrong clock": "operation error S3: GetObject, api error RequestTimeTooSkewed: The difference between "
            "the request time and the current time is too large.",
        }.items()
    },
}


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_controller_that_tries_again_says_it_again(name: str) -> None:
    log, check_id = CONTROLLERS[name]
    fakes = healthy()
    running(fakes, log)
    verdict = examine(fakes.ports(), SUBJECT).verdict
    assert (verdict.outcome is Outcome.BROKEN, verdict.check and verdict.check.id) == (
        (True, check_id) if check_id else (False, None)
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("said", "fix"), [(LOST, "egress"), (f"{STS_2}api error Throttling: Rate exceeded", "throttled")]
)
def test_an_error_that_may_pass_convicts_no_program_that_goes_on(said: str, fix: str, language: str) -> None:
    """It comes again now and then, and the requests in between may have been answered."""
    fakes, words = healthy(), load(language)
    running(fakes, f"1 sync\n2 wrote 3 objects\n{said}\n3 sync\n4 wrote 3 objects\n{said}\n5 sync\n")
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.reason) == (
        *(Outcome.UNKNOWN, "comes_and_goes"),
    )
    assert verdict_words.verdict(found, words).startswith(words.message("doctor.comes_and_goes"))
    assert (found.fix and found.fix.id) == fix


@pytest.mark.parametrize("name", ["DuckDB, without credentials", "Kaniko, without credentials for ECR"])
def test_a_program_that_hides_why_it_has_no_credentials_has_no_cause_of_its_own(name: str) -> None:
    def spoil(fakes: Fakes) -> None:
        fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={"x:sub": "y"})

    found = refused(FIXES[name][0], spoil)
    assert (found.verdict.check and found.verdict.check.id, found.verdict.later) == ("trust.subject", ())


def test_an_answer_of_another_server_convicts_the_endpoint() -> None:
    log, *_ = FIXES["Go 2, with S3 in the place of STS"]
    found = refused(log, lambda fakes: add_variable(fakes, "AWS_ENDPOINT_URL", value="https://s3.example.com"))
    assert (found.verdict.check and found.verdict.check.id, found.fix and found.fix.id) == ("pod.request", "endpoint")
    assert found.fix is not None
    changed = "-c aws-cli AWS_ENDPOINT_URL_STS=https://sts.ap-northeast-1.amazonaws.com"
    assert found.fix.commands == (f"kubectl -n default set env deployment/web {changed}",)


OPTIONAL = {"valueFrom": {"secretKeyRef": {"name": "cilium-aws", "key": "k", "optional": True}}}


def test_a_key_that_may_not_be_there_is_no_cause_unless_a_user_was_refused() -> None:
    """The EBS CSI driver and Cilium have such keys in their manifests."""

    def spoil(fakes: Fakes) -> None:
        add_variable(fakes, "AWS_ACCESS_KEY_ID", **OPTIONAL)
        drop_variable(fakes, "AWS_DEFAULT_REGION")
        add_variable(fakes, "AWS_DEFAULT_REGION", **OPTIONAL)

    missing = refused(f"{STS_2}failed to resolve service endpoint, Invalid Configuration: Missing Region", spoil)
    assert (missing.verdict.check and missing.verdict.check.id, missing.fix and missing.fix.id) == (
        *("pod.region", "region"),
    )
    user = refused(f"AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/ci {LISTED}", spoil)
    assert (user.verdict.check and user.verdict.check.id, user.fix and user.fix.id) == (
        *("pod.static_keys", "static_keys"),
    )


def test_the_fix_for_a_key_that_may_not_be_there_looks_for_its_secret() -> None:
    fakes = healthy()
    add_variable(fakes, "AWS_ACCESS_KEY_ID", **OPTIONAL)
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert (fix.id, fix.commands) == (
        "optional_keys",
        ("kubectl -n default get secret cilium-aws --ignore-not-found",),
    )
    answer(fakes, "env", stdout="HOME=/\n")
    verdict = examine(fakes.ports(), SUBJECT).verdict
    assert (verdict.outcome, verdict.check) == (Outcome.WORKS, None)


def test_a_region_that_java_misses_is_set_and_not_its_provider_corrected() -> None:
    said = "WebIdentityTokenCredentialsProvider: Unable to find a region via the region provider chain. Must provide x"
    found = refused(
        f"Unable to load AWS credentials from any provider in the chain: [{said}, x.ProfileCredentialsProvider@1: no]",
        lambda fakes: drop_variable(fakes, "AWS_REGION"),
    )
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.later, found.fix and found.fix.id) == ("pod.region", (), "region")


def test_while_the_trust_policy_refuses_it_stays_the_cause() -> None:
    def spoil(fakes: Fakes) -> None:
        fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={"x:sub": "y"})

    found = refused(f"AccessDenied: {REFUSED}", spoil)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.remaining) == ("trust.subject", ("subject_condition",))


def test_a_second_role_takes_a_permission_and_a_trust_policy() -> None:
    log = f"AccessDenied: User: {SESSION} {ASSUME} {OTHER_ROLE}"
    fix = refused(log).fix
    assert fix is not None
    assert [command.split()[2] for command in fix.commands] == ["put-role-policy", "get-role"]
    assert fix.commands[-1].endswith(
        "get-role --role-name dns-manager --query Role.AssumeRolePolicyDocument --profile PROFILE"
    )
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    fix = refused(log, lambda fakes: setattr(fakes, "policies", [("Admin", allowed)])).fix
    assert fix is not None
    assert fix.commands[0] == "kubectl -n default rollout restart deployment/web"
    assert [command.split()[2] for command in fix.commands[1:]] == ["get-role"]


def test_a_second_role_here_is_looked_at_here_also_where_the_first_is_elsewhere() -> None:
    def elsewhere(fakes: Fakes) -> None:
        annotated(fakes, OTHER_ROLE)
        fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]
        fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="no", status=404)
        fakes.more_roles["s3-reader"] = NotPermitted(code="AccessDenied", server_message="no", status=403)

    session = "arn:aws:sts::444455556666:assumed-role/dns-manager/x"
    fix = refused(f"AccessDenied: User: {session} {ASSUME} {ROLE}", elsewhere).fix
    assert fix is not None
    put, look = fix.commands[:2]
    assert put.endswith(" --profile PROFILE")
    assert look == "aws iam get-role --role-name s3-reader --query Role.AssumeRolePolicyDocument"


def test_a_key_that_kms_does_not_name_is_not_every_key() -> None:
    said = "on the resource associated with this ciphertext because the resource does not exist in this Region, no x"
    found = refused(f"AccessDeniedException: User: {SESSION} is not authorized to perform: kms:Decrypt {said}")
    assert found.fix is not None
    assert found.fix.id == "permit"
    assert '"Action": "kms:Decrypt", "Resource": "RESOURCE_ARN"' in found.fix.commands[0]


def test_go_needs_the_variable_for_the_region_that_botocore_ignores() -> None:
    log = f"{STS_2}failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region"
    found = refused(log, lambda fakes: drop_variable(fakes, "AWS_REGION"))
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.fix and found.fix.id) == ("pod.region", "region")


def test_a_profile_that_there_is_not_is_removed_where_it_stops_the_program() -> None:
    """Beside it a container has keys of its own, which may be meant, and a profile that another one needs."""
    env = [{"name": name, "value": "x"} for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")]

    def spoil(fakes: Fakes) -> None:
        add_variable(fakes, "AWS_PROFILE", value="gone")
        fakes.pod["spec"]["containers"].append({"name": "sync", "image": "sync", "env": env})

    found = refused("The config profile (gone) could not be found", spoil)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.status) == ("pod.static_keys", Status.FAILED)
    assert found.fix is not None
    assert found.fix.commands == ("kubectl -n default set env deployment/web -c aws-cli AWS_PROFILE-",)


@pytest.mark.parametrize("prefix", ["", "aws: [ERROR]: "])
@pytest.mark.parametrize("profile", ["prod", ""])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_profile_that_there_is_not_is_no_static_key(language: str, profile: str, prefix: str) -> None:
    log, words = f"{prefix}The config profile ({profile}) could not be found", load(language)
    found = refused(log, lambda fakes: add_variable(fakes, "AWS_PROFILE", value=profile))
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.later) == ("pod.static_keys", ())
    assert found.fix is not None
    assert found.fix.commands == ("kubectl -n default set env deployment/web -c aws-cli AWS_PROFILE-",)
    assert verdict_words.cause(found, words).startswith(words.message("doctor.causes.no_profile"))
