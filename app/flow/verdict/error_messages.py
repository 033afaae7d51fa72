"""What a product's error message in a log shows of the cause: at which step it appears, who was refused, what
failed."""

from __future__ import annotations

import re

from app.flow.errors import CLOCK_REFUSED
from app.flow.model import Step
from app.flow.names import API_TOKEN
from app.flow.verdict.log_sentences import OF_AWS

_TOKEN_FILE = re.compile(r"/var/run/secrets/\S*token")
_STS = re.compile(
    rf"WebIdentity|web identity|\bsts(?:-fips)?\.(?:[a-z0-9.-]*\.)?{OF_AWS}"
    r"|\(Service: (?:Sts|AWSSecurityTokenService)\b"
    r"|\bAws::STS::|STS is not activated|parameter RoleArn|InvalidIdentityToken|Token expired: current date/time"
    r"|OpenIDConnect provider|verification key from your identity provider|Incorrect token audience|Token too old: "
    r"|Missing a required claim: |Request ARN is invalid|requested DurationSeconds exceeds"
    r"|at '(?:roleArn|roleSessionName|webIdentityToken)' failed to satisfy|IDPCommunicationError"
    r"|aws-java-sdk-sts module|AWSSDK\.SecurityToken|webIdentityTokenFile must be"
    r"|get credentials: (?:failed to refresh cached credentials, )?(?:request canceled, |canceled, )?context "
    r"|STS API responded with|STS assume role request failed|Provider returned no credentials, service="
)
_PRINCIPAL = re.compile(r"\bUser: (arn:aws[\w-]*:(?:sts|iam)::\d{12}:\S+) is not authorized")
_MISSING = re.compile(r'is not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"\\]+)| on (the resource))?')
_DENYING = re.compile(r"(?:with an explicit deny in an? |because no )([a-zA-Z -]+? policy|permissions boundary)\b")
_CONTROL_POLICY = re.compile(r" control policy: arn:[\w-]+:organizations::\d{12}:policy/o-\w+/\w+/(p-\w{8,128})\b")
_HIDING = ("No credentials are provided", "Secret Validation Failure: ", " status code 401")
AMBIENT = "unable to construct route53 provider: empty credentials"
"""What cert-manager says of an Issuer for which it does not use its Pod's own credentials."""
_NO_CREDENTIALS = (
    *("Unable to locate credentials", "NoCredentialProviders", "no EC2 IMDS role found"),
    *("credentials from any provider in the chain", "credentials from any of the providers in the chain"),
    *("Could not load credentials from any providers", "Missing credentials in config"),
    *("credentials from the instance profile metadata", "IAM security credentials from EC2 Instance Metadata"),
    *("unable to sign request without credentials", "no providers in chain provided credentials"),
    "SigningStageError { kind: MissingCredentials }",
    *("No AWS Credentials provided by", "EC2RoleRequestError: "),
    *("retrieving credentials from container-role", "retrieving credentials from custom-process"),
    *("Partial credentials found in", "Unsupported credential_source: ", " has a role_arn, and source_profile, but"),
    *("No credentials found in credential_source", 'The source_profile "'),
    *("SharedCredsLoad: ", "failed to load credentials, ", "MissingAuthenticationToken"),
    *("Resolved credential object is not valid", "No signing credentials available", AMBIENT),
    *(*_HIDING, "find AWS credentials in environment", "static credentials are empty", "Credential is missing"),
    *("Failed to resolve AWS credentials. ", "No handler was ready to authenticate", "User: anonymous is not "),
    *("ClassNotFoundException: ", "169.254.169.254/latest/api/token", "/latest/meta-data/iam/security-credentials"),
)
_NO_PROFILE = re.compile(r"(?:aws: \[ERROR\]: )?(?:The config profile|failed to get shared config profile, )")
_NO_MODULE = re.compile(
    r"module must be on the class path|AWSSDK\.SecurityToken could not be found|no role assumption callback"
)
_REFUSED = re.compile(
    r"\(Service: Sts, Status Code: |Not authorized to perform sts:|InvalidIdentityToken|OpenIDConnect provider"
    r"|verification key from your identity provider|Incorrect token audience|Missing a required claim: "
)
_CODE = re.compile(
    r"An error occurred \((?P<botocore>\w+)\) when calling the \w+ operation"
    r"|operation error (?!STS\b)[\w ]+: \w+, .*\bapi error (?P<go>\w+):"
    r"|\(Service: (?!Sts\b)\w+, Status Code: (?P<java>\d+), "
    r"|\(Service: (?!AWSSecurityTokenService\b)[\w ]+; Status Code: \d+; Error Code: (?P<java_1>\w+)"
    r"|\(Aws::(?!STS\b)\w+::Errors::(?P<ruby>\w+)\)"
    r"|AWS Error (?P<cpp>[A-Z_]+)(?: \(HTTP status \d+\))? during "
    r"|^(?P<go_1>[A-Z][\w.]+): .*?(?:\\n\\t|\s)status code: \d+",
    re.DOTALL,
)
"""Matches the error code of a service's refusal; in a message of the SDK for Java 2, the HTTP status."""
_OF_INSTANCE = ("operation error ec2imds: Get", "EC2Metadata")
"""The messages of the SDKs for Go when a request to the instance's metadata for its region or its network failed."""
_OF_ACCESS = re.compile(
    r"Access|[Aa]uth|Token|Signature|Credential|Forbidden|Expired|OptIn|Unrecognized|TimeTooSkewed|^40[13]$"
    r"|ACCESS|TOKEN|SIGNATURE|CREDENTIAL|SKEWED"
)
"""Matches an error code that is about who asks, and not about what is asked for."""
_WHO = re.compile(
    r"not authorized to perform|security token|provided token|credentials|[Ss]ignature|Authentication Token"
    r"|Access (?:to|[Dd]enied|Key)"
)
"""Finds that in the message itself, where a service with a JSON API refuses with the status 400, as DynamoDB does, and
the SDK for Java 2 shows the status alone."""
_OTHER_REGION = re.compile(r"the region '[\w-]+' is wrong")
"""Finds that a bucket is in another region than the one that the program signed for."""
_NO_ONE = re.compile(
    r"(?:^|: )(?:Access Denied\.?|Forbidden|You are not authorized to perform this operation\."
    r"|Access to the resource \S+ is denied\.|Access to KMS is not allowed"
    r"|The ciphertext refers to a customer master key that does not exist, .*"
    r"|AWS Error ACCESS_DENIED during \w+ operation: No response body\.)"
    r"(?:\)?\"?$|\s+status code: |\\n\\t| Encoded authorization|(?:; request: \w+ .+?)? \((?:Service: |Aws::))"
    r"|\.S3Exception: null \(Service: S3, Status Code: 403\b"
    r"|^(?:HTTP \w+ error \w+ '|\* Credentials are provided, but|error=Invalid credentials)"
    r"|^Error performing .* 403 Forbidden"
)
_ENCODED = re.compile(r"Encoded authorization failure message: ([\w+/=-]+)")
"""Matches EC2's encoded message of who was refused what, which `sts:DecodeAuthorizationMessage` decodes."""
_NO_SUCH_KEY = ("InvalidAccessKeyId", "Access Key Id you provided does not exist in our records")
ROLE_LIMIT = "exceeds the MaxSessionDuration set for this role"
CHAIN_LIMIT = "exceeds the 1 hour session limit for roles assumed by role chaining"
"""A part of STS's message for a session that would last too long."""
REGION_OFF = "RegionDisabledException"
_ENDED = ("ExpiredToken", "security token included in the request is expired", "The provided token has expired")
"""What a service says of a session that has ended; some SDKs leave out its code."""
_ISSUER = re.compile(r"No OpenIDConnect provider found in your account for (https://[\w.:/-]+)")
_NO_REGION = re.compile(
    r"You must specify a region|MissingRegion|AWS region is required|https://[\w-]+\.\.amazonaws"
    r"|Provided region_name '.*' doesn't match a supported format|Missing Region$|Region is missing"
    r"|Unable to (?:load (?:a )?region from any|find a region via)|No region was provided\."
    r"|Missing required AWS_REGION env variable|Missing region in config"
    r"|A \"region\" configuration value is required|No RegionEndpoint or ServiceURL configured"
)
"""Matches a missing region: a host has two dots in a row where the region's text was empty."""
_NOT_OF_STS = re.compile(
    r"SerializationError: failed to unmarshal error message(?!.{0,9}status code: 5)|deserialization failed"
    r"|MethodNotAllowed|MissingAuthenticationToken|Could not find operation AssumeRoleWithWebIdentity"
    r"|An error occurred \((?:404|405|Unknown)\)|StatusCode: (?:404|405),",
    re.DOTALL,
)
"""Matches a response to a request with a token that STS does not give: it has not the form of STS's messages, or says
that such requests are unknown."""


def is_other_matter(said: str) -> bool:
    """Whether the error is nothing against IRSA.

    That is so where a service other than STS accepted the credentials and refused the request for another reason, such
    as a bucket that does not exist; where the program asked the instance for something else than credentials; and where
    it could not read its token for the API server.
    """
    if asks_instance(said) or (API_TOKEN in said and not _STS.search(said)):
        return True
    if CHAIN_LIMIT in said:
        return False
    found = _CODE.search(said)
    code = next(filter(None, found.groups()), "") if found else ""
    about_caller = _WHO.search(said) if code == "400" else _OF_ACCESS.search(code)
    return bool(code) and not _STS.search(said) and (not about_caller or _OTHER_REGION.search(said) is not None)


def asks_instance(said: str) -> bool:
    """Whether the program asked the instance's metadata for something else than credentials, and got no answer."""
    return said.startswith(_OF_INSTANCE)


def encoded_message(said: str) -> str:
    """The encoded message in which EC2 says who was refused; empty where there is none."""
    found = _ENCODED.search(said)
    return found[1] if found else ""


def names_no_one(said: str) -> bool:
    """Whether a service refused the request and does not say whose request it was.

    S3 does so for a HEAD request, whose response has no body, and across organizations (S3 user guide, "Troubleshoot
    access denied (403 Forbidden) errors"). So do other servers with S3's API, such as MinIO.
    """
    return _NO_ONE.search(said) is not None and not _STS.search(said)


def knows_no_key(said: str) -> bool:
    """Whether a service does not know the access key.

    S3 says so as well of a key that STS issued, where the session token is missing; another server with S3's API says
    so of any key.
    """
    return any(words in said for words in _NO_SUCH_KEY) and not _STS.search(said)


def shows_in(said: str) -> Step:
    """The step at which a refusal appears: at the token's file, at STS, or after it.

    A client that does not know its region does not know which STS to ask.
    """
    if _TOKEN_FILE.search(said):
        return Step.TOKEN_MOUNT
    return Step.STS_ASSUME if _STS.search(said) or lacks_region(said) else Step.ACCESS


def lies_in(said: str) -> Step:
    """The step in which the cause lies, where only the message shows it: mostly the step at which the refusal appears.

    The time of a request is that of the clock of the Pod's node, which the kubelet uses as well.
    """
    return Step.TOKEN_MOUNT if blames_clock(said) else shows_in(said)


def blames_clock(said: str) -> bool:
    """Whether a service refused the time of the program's signature."""
    return any(words in said for words in CLOCK_REFUSED)


def principal_of(said: str) -> str:
    """The ARN of the refused principal, where the sentence contains it."""
    found = _PRINCIPAL.search(said)
    return found[1] if found else ""


def denied_action(said: str) -> tuple[str, str]:
    """The action and the resource that were denied; both empty where the sentence says nothing of that kind.

    The resource is `*` where the sentence names none, because the action has none. KMS only says that there is one
    ("the resource associated with this ciphertext").
    """
    found = _MISSING.search(said)
    return (found[1], found[2] or found[3] or "*") if found else ("", "")


def denying_policy(said: str) -> str:
    """Which kind of policy denied it, by a Deny or because none of the kind allows it; empty where none is named.

    Source: IAM user guide, "Troubleshoot access denied error messages".
    """
    found = _DENYING.search(said)
    return found[1] if found else ""


def control_policy(said: str) -> str:
    """The id of the organization's policy that denied it; empty where none is named.

    Source: AWS Security Blog, "Enhanced access denied error messages with policy ARNs", January 2026.
    """
    found = _CONTROL_POLICY.search(said)
    return found[1] if found else ""


def lacks_credentials(said: str) -> bool:
    """Whether no provider of the credential chain had credentials, for another reason than a refusal by STS."""
    return not (is_refusal(said) or by_other_server(said)) and any(words in said for words in _NO_CREDENTIALS)


def hides_reason(said: str) -> bool:
    """Whether the program found no credentials and would say the same if STS had refused the token: DuckDB, whose SDK
    for C++ goes on without them, and ECR's credential helper, as in Kaniko."""
    return any(words in said for words in _HIDING)


def lacks_module(said: str) -> bool:
    """Whether the SDK would use the token, but its own module for STS is missing."""
    return _NO_MODULE.search(said) is not None


def lacks_region(said: str) -> bool:
    """Whether the program did not know its region."""
    return _NO_REGION.search(said) is not None


def by_other_server(said: str) -> bool:
    """Whether another server than STS, such as one of S3 or a proxy, responded to the request with the token."""
    return "WebIdentity" in said and _NOT_OF_STS.search(said) is not None


def by_opensearch(said: str) -> bool:
    """Whether OpenSearch knows who asked, and refused by permissions of its own (fine-grained access control)."""
    return "and User [name=arn:" in said


def is_throttled(said: str) -> bool:
    """Whether STS refused because of too many requests."""
    return "WebIdentity" in said and ("Throttling" in said or "Rate exceeded" in said)


def asks_too_long(said: str) -> bool:
    """Whether the session would have lasted longer than any may."""
    return "at 'durationSeconds' failed to satisfy" in said and "less than or equal to" in said


def is_refusal(said: str) -> bool:
    """Whether STS refused the token, or its bearer."""
    return _REFUSED.search(said) is not None


def lacks_claim(said: str) -> bool:
    """Whether STS reports a missing claim in the token. The kubelet's tokens have all claims."""
    return "Missing a required claim: " in said


def named_issuer(said: str) -> str:
    """The issuer of the token that STS refused, where STS's message contains it; else empty."""
    found = _ISSUER.search(said)
    return found[1].rstrip(".") if found else ""


def lacks_profile(said: str) -> bool:
    """Whether the program was set to a profile that no file has."""
    return _NO_PROFILE.match(said) is not None


def ended_session(said: str) -> bool:
    """Whether a service refused credentials whose session has ended. In a message of STS the same code is about a
    token."""
    return any(it in said for it in _ENDED) and not _STS.search(said)


def expired_token(said: str) -> bool:
    """Whether STS refused a token because it is too old."""
    return _STS.search(said) is not None and any(
        it in said for it in ("ExpiredToken", "Token expired", "Token too old")
    )
