"""The products' own words in what a program printed: which sentence says why it failed, and at which step that shows.

Sources: botocore's exceptions (`botocore/exceptions.py`) and the AWS CLI's `aws: [ERROR]: `; the errors of the AWS
SDKs for Go and Java (1 and 2), JavaScript 3, Ruby, .NET, PHP and Rust as users quote them. What AWS itself says, such
as who is not authorized to do what, is the same sentence in all of them.
"""

from __future__ import annotations

import re

from app.flow.errors import CLOCK_REFUSED
from app.flow.model import Step
from app.flow.partitions import ENDPOINT_SUFFIXES

_OF_AWS = f"(?:{'|'.join(map(re.escape, ENDPOINT_SUFFIXES))})"
_SENTENCE = re.compile(
    r"aws: \[ERROR\]: .+"
    r"|An error occurred \(\w+\) when calling the \w+ operation.*"
    r"|Error when retrieving credentials from .+"
    r"|Parameter validation failed:.*"
    r"|Unable to locate credentials.*"
    r"|Unable to load (?:AWS )?credentials from any (?:of the )?providers? in the chain.*"
    r"|(?:CredentialsProviderError: )?Could not load credentials from any providers.*"
    r"|(?:CredentialsError: )?Missing credentials in config.*"
    r"|Error retrieving credentials from the instance profile metadata serv.*"
    r"|Unable to get IAM security credentials from EC2 Instance Metadata Service.*"
    r"|unable to sign request without credentials set.*"
    r"|no providers in chain provided credentials.*"
    r"|You must specify a region\..*"
    r"|Invalid endpoint: .+"
    r"|Provided region_name '.*' doesn't match a supported format\."
    r"|(?:Connect|Read) timeout on endpoint URL: .+"
    r"|Could not connect to the endpoint URL: .+"
    r"|Failed to connect to proxy URL: .+"
    r"|SSL validation failed for https://.+"
    r"|The provided profile or the current environment is configured to assume role with web identity.*"
    r"|Credentials were refreshed, but the refreshed credentials are still expired\."
    r"|WebIdentityErr: .+"
    r"|NoCredentialProviders: .+"
    r"|MissingRegion: .+"
    r"|operation error [\w ]+: \w+, .+"
    r"|no EC2 IMDS role found, .+"
    r"|To use assume role profiles the aws-java-sdk-sts module must be on the class path\."
    r"|\[Errno \d+\] .+: '/var/run/secrets/.+"
    r"|open /var/run/secrets/\S+: .+"
    r"|E(?:ACCES|NOENT): [\w ,]+ '/var/run/secrets/.+"
    r"|java\.nio\.file\.\w+: /var/run/secrets/\S+"
    r"|The config profile \(.+\) could not be found"
    r"|Region is missing"
    r"|Unable to execute HTTP request: Connect to .+"
    rf"|getaddrinfo E\w+ \S+\.{_OF_AWS}\S*"
    r"|Error assuming role from web identity credentials.*"
    r"|(?:InvalidIdentityToken|ExpiredToken)(?:Exception)?: .+"
    r"|\bAccessDenied: Access Denied\b"
    r"|(?:\b\w+: )?(?:User: arn:aws[\w-]*:\S+ is not|Not) authorized to perform:? [\w-]+:\w+.*"
)
"""What a product says in a line, without what the program put before it."""
_WHOLE_LINE = re.compile(
    r"\(Service: [\w ]+(?:, Status Code: \d+, Request ID|; Status Code: \d+; Error Code): |\(Aws::\w+::Errors::\w+\)"
)
"""At the end of what the SDKs for Java and Ruby say: all of its line is its own."""
_IN_QUOTES = re.compile(r'(?<!\\)"(?=[,}\]]|\s+"?\w+"?=)')
"""Where a log writes each of its lines as JSON, or as names and values: the end of the value that has the sentence."""
_LINE_LIMIT = 4096
"""Characters of a line that are looked at."""
_CONTINUED = "Parameter validation failed:"
"""What goes on in the next line."""
_CAUSED_BY = "caused by: "
"""How a line begins in which the SDK for Go, version 1, goes on."""
_BESIDE = re.compile(r"status code: \d+|at .*[A-Za-z]:\d+(?::\d+)?\)?$|\.\.\. \d+ more$")
"""How a line begins that belongs to the sentence before it: the HTTP status, or a place in the program."""
_TOKEN_FILE = re.compile(r"/var/run/secrets/\S*token")
_STS = re.compile(
    rf"WebIdentity|web identity|\bsts\.(?:[a-z0-9.-]*\.)?{_OF_AWS}|\(Service: (?:Sts|AWSSecurityTokenService)\b"
    r"|\bAws::STS::|STS is not activated|parameter RoleArn|InvalidIdentityToken|Token expired: current date/time"
)
_PRINCIPAL = re.compile(r"\bUser: (arn:aws[\w-]*:(?:sts|iam)::\d{12}:\S+) is not authorized")
_MISSING = re.compile(r'is not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"\\]+)| on (the resource))?')
_DENYING = re.compile(r"(?:with an explicit deny in an? |because no )([a-zA-Z -]+? policy|permissions boundary)\b")
_CONTROL_POLICY = re.compile(r" control policy: arn:[\w-]+:organizations::\d{12}:policy/o-\w+/\w+/(p-\w{8,128})\b")
_NO_CREDENTIALS = (
    *("Unable to locate credentials", "NoCredentialProviders", "no EC2 IMDS role found"),
    *("credentials from any provider in the chain", "credentials from any of the providers in the chain"),
    *("Could not load credentials from any providers", "Missing credentials in config"),
    *("credentials from the instance profile metadata", "IAM security credentials from EC2 Instance Metadata"),
    *("unable to sign request without credentials", "no providers in chain provided credentials"),
)
_REFUSED = re.compile(r"\(Service: Sts, Status Code: |Not authorized to perform sts:|InvalidIdentityToken")
_CODE = re.compile(
    r"An error occurred \((?P<botocore>\w+)\) when calling the \w+ operation"
    r"|operation error (?!STS\b)[\w ]+: \w+, .*\bapi error (?P<go>\w+):"
    r"|\(Service: (?!Sts\b)\w+, Status Code: (?P<java>\d+), "
    r"|\(Service: (?!AWSSecurityTokenService\b)[\w ]+; Status Code: \d+; Error Code: (?P<java_1>\w+)"
    r"|\(Aws::(?!STS\b)\w+::Errors::(?P<ruby>\w+)\)"
)
"""The error code by which a service refused a request; of the SDK for Java 2 the HTTP status."""
_OF_INSTANCE = "operation error ec2imds: Get"
"""What the SDK for Go says when it asks the instance's metadata for its region or its network."""
_OF_ACCESS = re.compile(
    r"Access|Auth|Token|Signature|Credential|Forbidden|Expired|OptIn|Unrecognized|TimeTooSkewed|^40[13]$"
)
"""What is in a code that is about who asks, and not about what."""
_NO_ONE = re.compile(r"(?:^|: )(?:Access Denied\.?|Forbidden)(?:$| \((?:Service: |Aws::))")
ROLE_LIMIT = "exceeds the MaxSessionDuration set for this role"
CHAIN_LIMIT = "exceeds the 1 hour session limit for roles assumed by role chaining"
"""How STS refuses a session that is to last too long."""
REGION_OFF = "RegionDisabledException"
_NO_SESSION = "The provided token is malformed or otherwise invalid"
"""What a service says of a session that its region does not know, as one of STS's global endpoint (opt-in regions)."""
_GLOBAL = re.compile(r"(?:https://|Connect to |getaddrinfo E\w+ )sts\.amazonaws\.com\b(?!\.cn)")
_NO_WAY = re.compile(
    rf'endpoint URL: "https://(?P<botocore>[^"/]+)\.{_OF_AWS}'
    rf'|"https://(?P<go>[^"/]+)\.{_OF_AWS}[^"]*": (?:dial tcp|context deadline exceeded|net/http: )'
    rf"|(?:Connect to|getaddrinfo E\w+) (?P<other>\S+)\.{_OF_AWS}"
)
"""What says that AWS was not reached, and the host's name but for its end."""
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d")
_NO_PROXY = re.compile(r"proxy URL: |proxyconnect tcp: ")
_NO_TRUST = re.compile(rf"SSL validation failed for https://\S+\.{_OF_AWS}|{_OF_AWS}\S* .*x509: certificate")
_NO_REGION = re.compile(
    r"You must specify a region|MissingRegion|AWS region is required|Invalid endpoint: https://[\w-]+\.\.amazonaws"
    r"|Provided region_name '.*' doesn't match a supported format|Missing Region$|Region is missing"
)
"""The last but one where the region is an empty text, the last where no region can be called so."""


def last_words(log: str) -> tuple[str, str]:
    """The last sentence of a product in a log, and what the program printed after it. Both empty without one."""
    lines = [line[:_LINE_LIMIT].strip() for line in log.splitlines()]
    for place in range(len(lines) - 1, -1, -1):
        found = _SENTENCE.search(lines[place])
        said = found[0] if found else lines[place] if _WHOLE_LINE.search(lines[place]) else ""
        if not said:
            continue
        said, end = _IN_QUOTES.split(said)[0], place + 1
        while end < len(lines) and (lines[end].startswith(_CAUSED_BY) or (_CONTINUED in said and "\n" not in said)):
            said, end = f"{said}\n{lines[end]}", end + 1
        while end < len(lines) and _BESIDE.match(lines[end]):
            end += 1
        return said, "\n".join(lines[end:]).strip()
    return "", ""


def is_other_matter(said: str) -> bool:
    """Whether a service other than STS took the credentials, and refused the request for another reason, such as a
    bucket that is not there; or whether the program asked the instance for something else than credentials. That is
    nothing against IRSA."""
    if said.startswith(_OF_INSTANCE):
        return True
    if CHAIN_LIMIT in said:
        return False
    found = _CODE.search(said)
    code = next(filter(None, found.groups()), "") if found else ""
    return bool(code) and not _STS.search(said) and not _OF_ACCESS.search(code)


def names_no_one(said: str) -> bool:
    """Whether a service refused the request and does not say whose it was.

    S3 does so to a HEAD request, which gets no body, and across organizations (S3 user guide, "Troubleshoot access
    denied (403 Forbidden) errors"), and so do servers of others that know S3's API, such as MinIO.
    """
    return _NO_ONE.search(said) is not None and not _STS.search(said)


def knows_no_key(said: str) -> bool:
    """Whether a service does not know the access key.

    S3 says so of one that STS issued, too, where the session token is missing; a server of others says so of any.
    """
    return "InvalidAccessKeyId" in said and not _STS.search(said)


def shows_in(said: str) -> Step:
    """The step at which a refusal shows: at the token's file, at STS, or behind it.

    A client that does not know its region does not know which STS to ask.
    """
    if _TOKEN_FILE.search(said):
        return Step.TOKEN_MOUNT
    return Step.STS_ASSUME if _STS.search(said) or lacks_region(said) else Step.ACCESS


def lies_in(said: str) -> Step:
    """The step in which the cause lies, where nothing but the words tells: mostly that in which they show.

    A request's time is that of the clock of the Pod's node, the one that the kubelet lives by as well.
    """
    return Step.TOKEN_MOUNT if blames_clock(said) else shows_in(said)


def blames_clock(said: str) -> bool:
    """Whether a service refused the time at which the program says that it signed."""
    return any(words in said for words in CLOCK_REFUSED)


def blames_surroundings(said: str) -> bool:
    """Whether the program did not get to AWS, or not at the right time: what is broken is around it."""
    return blames_clock(said) or any(found.search(said) for found in (_NO_WAY, _NO_PROXY, _NO_TRUST))


def unreached(said: str) -> str:
    """The service of AWS that the program did not get to, as its host calls it, such as `sts`; else empty."""
    found = _NO_WAY.search(said)
    names = next(filter(None, found.groups())).split(".") if found else []
    return next((name for name in reversed(names) if not _REGION.fullmatch(name)), "")


def by_global_endpoint(said: str) -> bool:
    """Whether the words may be due to STS's global endpoint: it was not reached, or its session is not known."""
    return _NO_SESSION in said or (unreached(said) == "sts" and _GLOBAL.search(said) is not None)


def blames_proxy(said: str) -> bool:
    """Whether the program did not get to the proxy that it is to go through."""
    return _NO_PROXY.search(said) is not None


def blames_certificate(said: str) -> bool:
    """Whether the program did not trust the certificate that it was shown in AWS's name."""
    return _NO_TRUST.search(said) is not None


def principal_of(said: str) -> str:
    """The ARN of the refused principal, where the sentence contains it."""
    found = _PRINCIPAL.search(said)
    return found[1] if found else ""


def denied_action(said: str) -> tuple[str, str]:
    """The action and the resource that were denied; both empty where the sentence says nothing of that kind.

    The resource is `*` where the sentence has none, since the action knows none; KMS says that there is one, and not
    which ("the resource associated with this ciphertext").
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
    """Whether no place of the credential chain had any, and not because STS refused."""
    return not is_refusal(said) and any(words in said for words in _NO_CREDENTIALS)


def lacks_region(said: str) -> bool:
    """Whether the program did not know its region."""
    return _NO_REGION.search(said) is not None


def is_refusal(said: str) -> bool:
    """Whether STS refused the token, or its bearer."""
    return _REFUSED.search(said) is not None


def lacks_profile(said: str) -> bool:
    """Whether the program was set to a profile that no file has."""
    return said.startswith("The config profile")


def ended_session(said: str) -> bool:
    """Whether a service refused credentials whose session has ended. STS itself says that of a token."""
    return "ExpiredToken" in said and not _STS.search(said)
